"""This clone's remote: its spelling, its profile and region, and transports that don't use a profile."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ccsetup.core import regions, validate
from ccsetup.core.command_line import joined, quote
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import Corrected
from ccsetup.core.text import STRICT, letters_swapped, nearest
from ccsetup.doctor.checks import iam_users
from ccsetup.doctor.checks.git import called, effective, is_codecommit, keepers, of_codecommit, signing, usable
from ccsetup.doctor.facts import Clone, Facts
from ccsetup.doctor.findings import FIX, OFFERED, Finding, Remedy, Severity, Wanted
from ccsetup.git import address, clone_profile, config, transport
from ccsetup.git.address import Address

_PORT = later(r":\d+(?=/)")  # which was for http
_PASSWORD = later(r"//[^/@]*:[^/]*@")
_USER = later(r"(https://)([^/@]*)@")
_LOOSE = later(r"codecommit:*(?P<region>[^/:@]*):*/+(?:(?P<profile>[^@/]+)@)?(?P<name>[^@/]+?)(?:\.git)?/?")
_STRANGER = later(r"(?:https?|ssh)://(?:[^/@]*@)?(?P<host>[^/:@]*git-codecommit[^/:@]*)", re.IGNORECASE)


def remote(facts: Facts) -> Iterator[Finding]:
    """Check every URL of this clone's remote: spelling, profile, region, and transports that don't use a profile."""
    if facts.clone is None:
        return
    yield from _of_address(facts, facts.clone)
    others = [it.used for it in facts.clone.urls if it.used != facts.clone.remote and is_codecommit(it.used, facts.env)]
    for used in dict.fromkeys(others):
        clone = replace(facts.clone, remote=used)
        yield from _of_address(replace(facts, clone=clone), clone)


def _of_address(facts: Facts, clone: Clone) -> Iterator[Finding]:
    here = of_codecommit(facts)
    if here is None:
        if is_codecommit(clone.remote, facts.env):
            yield _unread(facts, clone)
        elif stranger := _STRANGER.match(clone.remote):
            says = f"{_called(facts)} uses {stranger['host']}, which isn't a CodeCommit host."
            yield _remote(
                facts, "hinders", says, "ccsetup doesn't sign requests to other hosts, so git asks for a password.", []
            )
        return
    region = _right_region(here.region)
    if here.form == "codecommit":
        yield from _of_codecommit(facts, clone, here, region)
    elif here.region != region or here.said or clone.remote.lower().startswith("http:"):
        host = here.host if here.region == region and not here.fips else ""
        right = (
            address.https_url(region, here.repository, host, fips=_wants_fips(facts, clone, here))
            if here.form == "https"
            else address.ssh_url(region, here.repository)
        )
        says, because = (
            f"{_called(facts)} should be {right}.",
            "git reports “could not resolve host” or can't find the repository.",
        )
        bare = right.replace(port[0], "", 1) if (port := _PORT.search(right)) else right
        ways = [moved(clone, it) for it in dict.fromkeys([bare, right])]
        if len(ways) > 1:
            says = f"{_called(facts)} should begin with https://."
        yield _remote(facts, "stops", says, because, ways, sure=True)
    elif (user := _USER.match(clone.remote)) and signing(clone):
        right = _USER.sub(r"\1", clone.remote, count=1)
        named = user[2].partition(":")[0]
        says = f"{_called(facts)} includes the username {named}, but the credential helper uses another one."
        because = "git combines the username in the URL with the helper's password, so AWS always returns a 403 error."
        yield _remote(facts, "stops", says, because, [moved(clone, right)], sure=True)
    else:
        yield from _without_address(facts, clone, here)


def _wants_fips(facts: Facts, clone: Clone, here: Address) -> bool:
    """Return whether the address of a clone, or its profile, is for FIPS endpoints."""
    named = clone_profile.named_by("", signing(clone))
    return here.fips or regions.wants_fips(facts.env, facts.profiles.get(named, {}))


def _unread(facts: Facts, clone: Clone) -> Finding:
    """Return the finding for a remote that isn't a valid URL: its only possible meaning, or the possible regions."""
    found = _LOOSE.fullmatch(clone.remote)
    region = _right_region(found["region"]) if found else ""
    right = ""
    try:
        if found:
            right = address.codecommit_url(address.repository_name(found["name"]), region, found["profile"] or "")
    except BadAnswer:
        pass
    if found and right and region and not regions.is_region(region):
        named = Address(found["name"], region, found["profile"] or "")
        return _regions(facts, named, f"{_called(facts)} uses the region {region}, which doesn't exist.")
    remedies = [moved(clone, right, "Change to")] if right else []
    says = "git-remote-codecommit can't read this clone's remote URL."
    return _remote(facts, "stops", says, "git fails with ValueError or uses the wrong repository.", remedies, sure=True)


def _right_region(region: str) -> str:
    """Return the region that a misspelled one stands for, or the same text if it has no other meaning."""
    try:
        found = validate.region(region)
    except BadAnswer:
        return region
    return found.value if isinstance(found, Corrected) else found


def moved(clone: Clone, right: str, how: str = "Switch to") -> Remedy:
    """Return the remedy that changes a clone's remote URL, or only the command if its own settings lack the URL."""
    replaced = clone.moved(right)
    return Remedy(f"{how} {right}", replaced=replaced, command="" if replaced else _elsewhere(clone, right))


def _elsewhere(clone: Clone, right: str) -> str:
    """Return the command that changes a URL that another file holds, or that a rule rewrites; "" if none is certain."""
    url = clone.url
    if (url.key, url.written) not in {(it.key, it.value) for it in clone.listed} or _PASSWORD.search(url.written):
        return ""
    rewritten = any(right.startswith(it.value) for it in clone.listed if it.key.endswith("insteadof"))
    if url.written != url.used:  # this clone's remote can go past the rule, which others may use
        push = "--push " if url.push else ""
        return "" if rewritten else f"git remote set-url {push}{quote(url.remote)} {quote(right)}"
    file = quote(str(clone.place(url.key, url.written)))
    old = quote(config.pattern(url.written))
    return f"git config --file {file} --replace-all {quote(url.key)} {quote(right)} {old}"


def by_hand(clone: Clone, remedies: Sequence[Remedy]) -> str:
    """Return the command that does what the first remedy does, or else one that shows where the settings are."""
    for (key, old), new in (it for remedy in remedies for it in remedy.replaced.items()):
        this = quote(config.pattern(old))
        if not config.is_address(key):
            return f"git config --replace-all {quote(key)} {quote(new)} {this}"
        push = "--push " if key.endswith(".pushurl") else ""
        among_others = "" if config.values(clone.own, key)[0] == old else f" {this}"
        if among_others and _PASSWORD.search(old):
            break
        return f"git remote set-url {push}{quote(clone.url.remote)} {quote(new)}{among_others}"
    if command := next((it.command for it in remedies if it.command), ""):
        return command
    return joined("git", "config", "--show-origin", "--get-regexp", r"^(remote|url|credential)\.")


def _remote(
    facts: Facts, severity: Severity, says: str, because: str, remedies: Sequence[Remedy], sure: bool = False,
    profile: str = "", wanted: Wanted | None = None,
) -> Finding:  # fmt: skip
    assert facts.clone is not None  # noqa: S101 — the finding is about its remote
    ways = tuple(it for it in remedies if it.replaced)
    auto = sure and len(ways) == 1
    wanted = wanted if not auto and facts.clone.moved("another") else None
    clone = facts.clone
    if rule := clone.rule:
        because = f"The rule {rule.key} rewrites {clone.url.written} to {clone.remote}. {because}"
    path = Path(rule.file) if rule and rule.file else clone.place(clone.url.key, clone.url.written)
    return Finding(
        "git.remote",
        severity,
        says,
        because,
        profile,
        path,
        fix="auto" if auto else "ask" if ways or wanted else "tell",
        do=by_hand(clone, remedies) if remedies else "",
        remedies=ways,
        wanted=wanted,
    )


def _called(facts: Facts) -> str:
    return facts.clone.called if facts.clone else ""


def _moved(facts: Facts, here: Address, profile: str, region: str) -> Remedy:
    assert facts.clone is not None  # noqa: S101 — its remote changes
    return moved(facts.clone, address.codecommit_url(here.repository, region, profile))


def _of_codecommit(facts: Facts, clone: Clone, here: Address, region: str) -> Iterator[Finding]:
    """Check a URL for git-remote-codecommit."""
    name = here.profile
    if not address.takes_profile(name):
        return  # see profile.name
    right = address.codecommit_url(here.repository, region, name)
    if name and name not in facts.profiles:
        yield _no_such_profile(facts, here, region)
    elif clone.remote.rstrip("/") != right:
        remedies = [moved(clone, right, "Change to")]
        says = f"{_called(facts)} should be {right}."
        yield _remote(facts, "stops", says, "fatal: transport … not supported.", remedies, True, name)
    elif unknown := validate.unknown_region(region):
        yield _regions(facts, here, f"{_called(facts)} may have the wrong region. {unknown}", "hinders")
    elif not region:
        yield from _no_region(facts, here)
    elif not name:
        yield from _nobody(facts, here)


def _no_such_profile(facts: Facts, here: Address, region: str) -> Finding:
    named = here.profile
    names = usable(facts)
    like = _like(named, names)
    offered = like or [*dict.fromkeys([*nearest(named, names), *names])]
    remedies = [_moved(facts, here, it, region) for it in offered[:OFFERED]]
    wanted = Wanted(
        "Profile for this clone", lambda text: _known(facts, text), lambda it: _moved(facts, here, it, region)
    )
    says = f"{_called(facts)} uses the profile {named}, which doesn't exist."
    return _remote(
        facts, "stops", says, "git-remote-codecommit crashes with ProfileNotFound.", remedies, bool(like), named, wanted
    )


def _like(named: str, names: Sequence[str]) -> list[str]:
    """Return the only name that another one can be a typo of; empty if there is none or more than one."""
    found = nearest(named, names, 2, STRICT) or [it for it in names if letters_swapped(named, it)]
    return found if len(found) == 1 else []


def _known(facts: Facts, text: str) -> str:
    value = validate.tidy(text)
    if value not in facts.profiles or not address.takes_profile(value):
        raise BadAnswer(f'"{value}" can\'t be used as a profile name in a URL. Use a simple name like default.')
    return value


def _regions(facts: Facts, here: Address, says: str, severity: Severity = "stops") -> Finding:
    own = facts.profiles.get(here.profile or "default", {}).get("region", "")
    used = [there.get("region", "") for there in facts.profiles.values()]
    near = regions.like(here.region)[:2] if here.region else []
    names = [it for it in dict.fromkeys([own, *near, *used]) if it in regions.REGIONS]
    remedies = [_moved(facts, here, here.profile, it) for it in names[:OFFERED]]
    wanted = Wanted(
        "Which region is the repository in?", validate.region, lambda it: _moved(facts, here, here.profile, it)
    )
    because = "git reports “You must specify a region” or “could not resolve host”."
    return _remote(facts, severity, says, because, remedies, False, here.profile, wanted)


def _no_region(facts: Facts, here: Address) -> Iterator[Finding]:
    """Check a URL without a region: git uses the region of the environment, else that of the profile."""
    own = facts.profiles.get(here.profile or "default", {}).get("region", "")
    shell = facts.env.get("AWS_DEFAULT_REGION", "")
    if not own and not shell:
        yield _regions(facts, here, "Neither this clone's remote URL nor the profile specifies a region.")
    elif own and shell and own != shell:
        says = f"The remote URL has no region, so AWS_DEFAULT_REGION ({shell}) overrides the profile's region ({own})."
        yield _regions(facts, here, says, "hinders")


def _nobody(facts: Facts, here: Address) -> Iterator[Finding]:
    """Check a URL without a profile: git uses the one of the environment, else [default]."""
    named = facts.env.get("AWS_DEFAULT_PROFILE", facts.env.get("AWS_PROFILE", ""))
    if named or "default" in facts.profiles or facts.env.get("AWS_ACCESS_KEY_ID") or not usable(facts):
        return
    remedies = [_moved(facts, here, it, here.region) for it in usable(facts)[:OFFERED]]
    says = f"{_called(facts)} doesn't specify a profile, and there's no [default] profile."
    yield _remote(facts, "hinders", says, "git fails with NoCredentialsError or uses this computer's role.", remedies)


def _without_address(facts: Facts, clone: Clone, here: Address) -> Iterator[Finding]:
    """Check an HTTPS or SSH remote. Its URL names no profile, but its credential helper may."""
    region = here.region
    remedies = [_moved(facts, here, it, region) for it in usable(facts)[:OFFERED]] if not here.host else []
    if unknown := validate.unknown_region(region):  # a custom host (CODE_COMMIT_ENDPOINT) has none
        yield _remote(
            facts,
            "hinders",
            f"{_called(facts)} may have the wrong region. {unknown}",
            "git may report “could not resolve host”.",
            [],
        )
    if here.form == "ssh" and facts.ssh.is_known:
        yield from iam_users.by_ssh(facts, clone, here)
        return
    if here.form == "ssh":
        says = "This clone uses SSH, which requires an IAM user's SSH key and doesn't use a profile."
        yield _remote(facts, "note", says, "CodeCommit accepts only SSH keys that belong to IAM users.", remedies)
        return
    command = signing(clone)
    if not command and (user := iam_users.git_user(clone)):
        yield from iam_users.by_git_credentials(facts, clone, user)
        return
    named = clone_profile.named_by("", command)
    if named.startswith("-") or re.search(r"--region\s+(?:credential-helper|--)", command):
        yield _helper_of_a_script(facts, clone, command)
    elif named and named not in facts.profiles:
        yield _helper_of_nobody(facts, clone, command, named)
    elif not command and not effective(clone) and here.host:
        yield _without_helper(facts, clone, here)
    elif not command and not effective(clone) and remedies:
        says = "This clone uses HTTPS without a credential helper, so git asks for a password."
        yield _remote(
            facts,
            "hinders",
            says,
            "git reports “could not read Username”, or a 403 error unless you enter Git credentials.",
            remedies,
        )
    elif not command and (keeping := keepers(clone)):
        says = f"This clone uses only {called(keeping[0])}, which works only with the Git credentials of an IAM user."
        because = "A signed password that the helper stores expires after 15 minutes. Then git fails with a 403 error."
        yield _remote(facts, "note", says, because, remedies)._replace(code="git.inherited-helper")


def _without_helper(facts: Facts, clone: Clone, here: Address) -> Finding:
    """Return the finding for a remote on a host of its own, which only a credential helper can sign for."""
    path = facts.helpers.get(transport.OWN_HELPER, "")
    names = usable(facts) if path and clone.editable else []

    def remedy(name: str) -> Remedy:
        region = here.region or facts.profiles[name].get("region", "")
        helper = transport.own_helper(path, name, region, here.host)
        return Remedy(
            f"Use the credential helper with the profile {name}",
            git={"credential.helper": ("", helper), "credential.useHttpPath": "true"},
        )

    remedies = tuple(remedy(it) for it in names[:OFFERED] if here.region or facts.profiles[it].get("region"))
    says = f"{_called(facts)} uses HTTPS without a credential helper, so git asks for a password."
    because = "git reports “could not read Username”, or a 403 error unless you enter Git credentials."
    found = _remote(facts, "hinders", says, because, [])
    return found._replace(fix="ask" if remedies else "tell", remedies=remedies, wanted=None, do=FIX if remedies else "")


def _helper_of_nobody(facts: Facts, clone: Clone, command: str, named: str) -> Finding:
    names = [*facts.profiles]
    like = _like(named, names)

    def remedy(name: str) -> Remedy:
        new = re.sub(rf"(--profile[ =])(['\"]?){re.escape(named)}\2", lambda it: it[1] + shlex.quote(name), command)
        return Remedy(f"Use the profile {name}", replaced=clone.helped(command, new))

    says = f"This clone's credential helper uses the profile {named}, which doesn't exist."
    remedies = [remedy(it) for it in (like or usable(facts))[:OFFERED]]
    return _remote(
        facts, "stops", says, "git fails with a 403 error or asks for a password.", remedies, bool(like), named
    )


def _helper_of_a_script(facts: Facts, clone: Clone, command: str) -> Finding:
    """Return the finding for a helper that a script wrote with a variable that wasn't set."""
    bare = re.sub(r"\s--(?:profile|region)(?=\s+(?:--|credential-helper))|\s--region \S+", "", command)
    region = address.parse(clone.remote, facts.env.get("CODE_COMMIT_ENDPOINT", "")).region

    def remedy(name: str) -> Remedy:
        words = f"--profile {shlex.quote(name)}{f' --region {region}' if region else ''}"
        new = re.sub(r"\s+(?=credential-helper)", f" {words} ", bare, count=1)
        return Remedy(f"Use the profile {name}", replaced=clone.helped(command, new))

    named = clone_profile.named_by("", bare)
    bare = re.sub(rf"\s--profile[ =]['\"]?{re.escape(named)}['\"]?", "", bare) if named else bare
    names = [named] if named in facts.profiles else usable(facts)
    says = "This clone's credential helper has a --profile or --region flag without a value."
    because = "A variable was probably empty. The AWS CLI uses the next word as the value, so git asks for a password."
    return _remote(facts, "stops", says, because, [remedy(it) for it in names[:OFFERED]], len(names) == 1, named)


CHECKS = (remote,)
