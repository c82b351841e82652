"""Reads every form of a CodeCommit repository's address, and writes the forms that git, AWS and policies use."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Literal, NamedTuple

from ccsetup.core import regions
from ccsetup.core.arn import ACCOUNT, PARTITION
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.regions import REGION

Form = Literal["name", "codecommit", "https", "ssh", "arn", "console"]

_EXAMPLE = "codecommit::us-east-2://MySharedDemoRepo"
_REGION = f"{REGION}[a-z]?"  # or one of its Availability Zones
_PORT = r"(?::[0-9]{1,5})?"
_REST = r"(?P<name>[^/?#\s]+?)/?(?:[?#].*|/info/refs.*)?"
_CODECOMMIT = later(
    rf"(?:codecommit:{{1,3}}(?P<region>{_REGION})|(?P<bare>{_REGION})|codecommit)://"
    r"(?:(?P<profile>[^@/?#\x00-\x1f]*)@)?(?P<name>[^/?#\s]*)/?",
    re.IGNORECASE | re.ASCII,
)
_GIT = later(
    rf"(?:(?P<scheme>https?|ssh)://)?(?:[^/\s]*@)?(?P<host>[a-z0-9.-]+)(?P<port>{_PORT})[/:]/?v1/repos/{_REST}",
    re.IGNORECASE | re.ASCII,
)
_REGION_PLACE = later(r"(?:codecommit:{1,3}|\w+://(?:[^/@]*@)?git-codecommit(?:-fips)?\.)([a-z0-9-]+)", re.IGNORECASE)
_OTHER_HOST = later(rf"https://(?:[^/\s]*@)?(?P<host>[^/\s@]+)/v1/repos/{_REST}", re.IGNORECASE | re.ASCII)
_CONSOLE = later(
    r"https://(?P<host>(?:(?P<account>[0-9]{12})-)?[a-z0-9.-]+)(?P<path>/\S*)",
    re.IGNORECASE | re.ASCII,
)
_CONSOLE_NAME = later(r"/codesuite/codecommit/repositories/([^/?#]+)|/codecommit/home[^#]*#/repository/([^/?#]+)")
_CONSOLE_REGION = later(rf"[?&]region=({_REGION})(?![\w-])", re.ASCII)
_ARN = later(rf"arn:(?P<partition>{PARTITION}):codecommit:(?P<region>[^:]*):(?P<account>[^:]*):(?P<name>[^:/\s]+)")
_NAME = later(r"[A-Za-z0-9._-]{1,100}")
_PROFILE = later(r"[A-Za-z0-9_.+=,-]+")  # the names that AWS's git-remote-codecommit reads correctly

_PACKAGE = later(r"(?:pip3? install )?(?:-e )?(?:[\w.\[\],-]+ ?@ ?)?git(?:::|(?P<plus>\+))", re.IGNORECASE)
_REMOTE = later(rf"codecommit:{{1,3}}|{_REGION}://|(?:https?|ssh)://[^/\s]+/v1/repos/", re.IGNORECASE | re.ASCII)
_AT_BRANCH = later(
    r"(?P<before>(?:[\w:+-]+)://(?:[^@]*/v1/repos/[^@]+|[^@/]+@[^@/]+|[^@/]+@[^@/]+/v1/repos/[^@]+))@(?P<branch>.+)"
)

_COMMAND = later(r"(?:[$>%#]\s+)?(?:\w+=\S+\s+)*(?:git|ccsetup)\s(?P<words>.*\bclone\s.*)", re.DOTALL)
_TAKES_A_VALUE = later(
    r"-[boucj]|--(branch|origin|upload-pack|config|depth|reference|reference-if-able|template|separate-git-dir|"
    r"shallow-since|shallow-exclude|filter|jobs|server-option|bundle-uri|profile|region|via|helper)"
)
_BLANKS = " \t\r\n\v\f\u00a0\u202f\u2007\u200b\u200c\u200d\u2060\ufeff"
_QUOTES = "\"'`<>\u2018\u2019\u201c\u201d\u00ab\u00bb"
_PLAIN = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xA0: " "}
_DASHES = later(r"(?<!\S)-*[\u2013\u2014][\u2013\u2014-]*(?=(\w\s)?)")


def is_of(origin: str, name: str, region: str, endpoint: str = "") -> bool:
    """Return whether a clone's address is that of this repository. `endpoint` is CODE_COMMIT_ENDPOINT."""
    try:
        there = parse(origin, endpoint) if origin else None
    except BadAnswer:
        return False
    return bool(there and there.repository == name and (not region or there.region in ("", region)))


class Address(NamedTuple):
    """One repository. Whatever its address doesn't contain is empty.

    `host`, with its port, is set if it isn't the region's default host (FIPS, VPC endpoint, CODE_COMMIT_ENDPOINT).
    `directory` and `branch` come from a whole `git clone` command or a console URL. `said` is a message about a
    correction that was made while reading the address.
    """

    repository: str
    region: str = ""
    profile: str = ""
    account_id: str = ""
    partition: str = "aws"
    host: str = ""
    form: Form = "name"
    directory: str = ""
    branch: str = ""
    said: str = ""

    @property
    def fips(self) -> bool:
        """Whether the address uses a FIPS endpoint."""
        return "git-codecommit-fips." in self.host


def parse(text: str, endpoint: str = "") -> Address:
    """Read a repository's name, clone address, ARN, console URL or a whole `git clone` command.

    `endpoint` is CODE_COMMIT_ENDPOINT, the only host besides AWS's that an HTTPS address may have. Raises BadAnswer.
    """
    text = text.strip(_BLANKS)
    while len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text[1:-1].strip(_BLANKS)
    command = _COMMAND.fullmatch(text)
    return _command(command["words"], endpoint) if command else _address(text, endpoint)


def codecommit_url(repository: str, region: str, profile: str = "") -> str:
    """Return the address for git-remote-codecommit, for example codecommit::us-east-2://dev@MyRepo.

    Raises BadAnswer for a profile name that git-remote-codecommit would misread.
    """
    if not takes_profile(profile):
        raise BadAnswer(
            f"git-remote-codecommit can't use the profile name {_shown(profile)}.",
            why="git-remote-codecommit misreads /, #, ?, @, and spaces in a URL.",
            next="Rename or copy the profile. Use only letters, digits, and _.+=,- in its name, for example, acme-dev.",
        )
    return f"codecommit{'::' + region if region else ''}://{profile + '@' if profile else ''}{repository}"


def takes_profile(profile: str) -> bool:
    """Return whether git-remote-codecommit reads an address with this profile name correctly."""
    return not profile or bool(_PROFILE.fullmatch(profile))


def https_url(region: str, repository: str, host: str = "", *, fips: bool = False) -> str:
    """Return the HTTPS address. `host` (with port) is set if it isn't the region's default or FIPS host."""
    return f"https://{host or regions.git_host(region, fips=fips)}/v1/repos/{repository}"


def ssh_url(region: str, repository: str) -> str:
    """Return the SSH address, without an SSH key ID."""
    return f"ssh://{regions.git_host(region)}/v1/repos/{repository}"


def console_url(region: str, repository: str) -> str:
    """Return the address of the repository's page in the AWS console."""
    host = regions.console_host(region)
    return f"https://{host}/codesuite/codecommit/repositories/{repository}/browse?region={region}"


def arn(region: str, account_id: str, repository: str) -> str:
    """Return the repository's ARN for policies."""
    return regions.arn("codecommit", region, account_id, repository)


def repository_name(text: str) -> str:
    """Check a repository's name: 1 to 100 of [A-Za-z0-9._-], not ending in .git, and not `.` or `..`."""
    if not _NAME.fullmatch(text) or text in (".", "..") or text.endswith(".git"):
        raise BadAnswer(
            "A repository name must be 1 to 100 characters long and can contain letters, digits, dots, hyphens, and "
            "underscores. It can't end in .git. Use a name like MySharedDemoRepo."
        )
    return text


def _address(text: str, endpoint: str) -> Address:
    text = text.strip(_BLANKS + _QUOTES)
    alone, branch, said = _as_remote(text)
    if alone == text:
        return _plain_address(text, endpoint)
    named = _plain_address(alone, endpoint)
    return named._replace(branch=branch or named.branch, said=" ".join(filter(None, (said, named.said))))


def _as_remote(text: str) -> tuple[str, str, str]:
    """Return an address in the form of a package manager or of Terraform as git takes it, its branch, and a message.

    These forms are `git::ADDRESS//FOLDER?ref=BRANCH` and `NAME @ git+ADDRESS@BRANCH#egg=NAME`. Others are unchanged.
    """
    package = _PACKAGE.match(text)
    bare = text[package.end() :] if package else text
    if not _REMOTE.match(bare):
        return text, "", ""
    bare, _, fragment = bare.partition("#")
    bare, _, query = bare.partition("?")
    wanted = [value for key, _, value in (it.partition("=") for it in query.split("&")) if key == "ref"]
    if fragment and not re.search(r"[=:]", fragment):
        wanted.append(fragment)
    if package and package["plus"] and (found := _AT_BRANCH.fullmatch(bare)):
        bare = found["before"]
        wanted.insert(0, found["branch"])
    start, at, rest = bare.partition("://")
    rest, _, folder = rest.partition("//")
    said = (
        f"Ignoring the folder {folder.strip('/')}, because git clones whole repositories." if folder.strip("/") else ""
    )
    return f"{start}{at}{rest}", next(iter(wanted), ""), said


def _plain_address(text: str, endpoint: str) -> Address:
    if not text:
        raise BadAnswer(f"Enter a repository name or address, for example, MySharedDemoRepo or {_EXAMPLE}.")
    if text.lower().startswith("arn:"):
        return _arn(text)
    if (found := _GIT.fullmatch(text)) and (named := _git(found)):
        return named
    if found := _CODECOMMIT.fullmatch(text):
        named = _found("codecommit", found["name"], found["region"] or found["bare"] or "")
        return named._replace(profile=found["profile"] or "")
    if (found := _CONSOLE.fullmatch(text)) and (at := regions.locate(found["host"], "console")):
        return _console(found, at[1])
    if (found := _OTHER_HOST.fullmatch(text)) and found["host"].lower() == endpoint.lower():
        return _found("https", found["name"], "")._replace(host=endpoint)
    if (wrong := _REGION_PLACE.match(text)) and (near := regions.like(wrong[1])) and not regions.is_region(wrong[1]):
        raise BadAnswer(f"{wrong[1]} isn't a region. Did you mean {near[0]}? The address should look like {_EXAMPLE}.")
    if re.search(r"[:/@]", text):
        raise BadAnswer(f"{_shown(text)} isn't a CodeCommit address. It should look like {_EXAMPLE}.")
    return _found("name", text, "")


def _git(found: re.Match[str]) -> Address | None:
    """Return the repository of an address on a CodeCommit host, None for other hosts."""
    form: Form = "ssh" if (found["scheme"] or "").lower() == "ssh" or _is_scp(found) else "https"
    labels = found["host"].lower().split(".")
    zone = next((label for label in labels if label[-1:].isalpha() and regions.is_region(label[:-1])), "")
    host = ".".join(zone[:-1] if label == zone else label for label in labels) + _port(found)
    region = regions.git_region(host)
    if not region:
        return None
    named = _found(form, found["name"], zone or region)
    usual = form == "ssh" or host == regions.git_host(region)
    return named if usual else named._replace(host=host)


def _port(found: re.Match[str]) -> str:
    """Return the port in an address, "" for the usual one. HTTP's isn't one for HTTPS, which CodeCommit requires."""
    usual = 80 if (found["scheme"] or "").lower() == "http" else 443
    return "" if found["port"] == "" or int(found["port"][1:]) == usual else found["port"]


def _is_scp(found: re.Match[str]) -> bool:
    return not found["scheme"] and found.string[found.end("port")] == ":"


def _console(found: re.Match[str], region_of_host: str) -> Address:
    page = _CONSOLE_NAME.search(found["path"])
    if not page:
        raise BadAnswer(
            f"That's not a repository page. Copy the URL of the repository page in the console, or enter {_EXAMPLE}."
        )
    region = _CONSOLE_REGION.search(found["path"])
    named = _found("console", page[1] or page[2], region[1] if region else region_of_host)
    branch = re.search(r"/browse/refs/heads/([^?#]+?)(?:/--/|/?[?#]|/?$)", found["path"])
    return named._replace(account_id=found["account"] or "", branch=branch[1] if branch else "")


def _arn(text: str) -> Address:
    found = _ARN.fullmatch(text)
    example = "arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo"
    if not found or not re.fullmatch(_REGION, found["region"]) or not re.fullmatch(ACCOUNT, found["account"]):
        raise BadAnswer(f"That's not a repository ARN. It should look like {example}.")
    named = _found("arn", found["name"], found["region"])
    if found["partition"] != named.partition:
        right = arn(named.region, found["account"], "…")
        raise BadAnswer(f"{named.region} is in the {named.partition} partition. The ARN should look like {right}")
    return named._replace(account_id=found["account"])


def _found(form: Form, name: str, region: str) -> Address:
    """Check the parts of an address. Drop `.git` after the name and an Availability Zone's letter after the region."""
    region = region.lower()
    right_name = name[:-4] if name.lower().endswith(".git") else name
    right_region = region.rstrip("abcdefghijklmnopqrstuvwxyz")
    said = [
        f"Using {right} instead of {given}."
        for right, given in ((right_name, name), (right_region, region))
        if right != given
    ]
    return Address(
        repository_name(right_name),
        right_region,
        partition=regions.partition_of(right_region),
        form=form,
        said=" ".join(said),
    )


def _command(words: str, endpoint: str) -> Address:
    """Read `git clone [options] ADDRESS [DIR]`, even if a document or chat changed its dashes and quotes."""
    plain = _DASHES.sub(lambda found: "-" if found[1] else "--", words.translate(_PLAIN))
    alone = re.split(r"[\n;|&]", re.sub(r"\\\r?\n", " ", plain), maxsplit=1)[0]
    try:
        tokens = iter(shlex.split(alone))
    except ValueError:  # an unclosed quote
        tokens = iter(alone.split())
    next((word for word in tokens if word == "clone"), "")
    branch, places = _options(tokens)
    if not places:
        raise BadAnswer(f"The command doesn't specify a repository. It should look like this: git clone {_EXAMPLE}")
    named = _address(places[0], endpoint)
    return named._replace(directory=places[1] if len(places) > 1 else "", branch=branch or named.branch)


def _options(words: Iterator[str]) -> tuple[str, list[str]]:
    branch, places = "", list[str]()
    for word in words:
        if word == "--":
            places += words
        elif word in ("-b", "--branch"):
            branch = next(words, "")
        elif word.startswith("--branch="):
            branch = word.removeprefix("--branch=")
        elif _TAKES_A_VALUE.fullmatch(word):
            next(words, "")
        elif not word.startswith("-"):
            places.append(word)
    return branch, places


def _shown(text: str) -> str:
    """Return a rejected text for an error message: printable, short, and without a possible password."""
    text = re.sub(r"//[^/\s]*@", "//…@", "".join(c for c in text if c.isprintable()))
    return text if len(text) <= 60 else text[:57] + "…"
