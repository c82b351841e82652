"""The two ways git connects to CodeCommit: git-remote-codecommit, or HTTPS with a credential helper for one clone."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from ccsetup.core import installation, regions, shells, validate
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.installation import REMOTE as REMOTE
from ccsetup.core.installation import how_to_install
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Route, Target, Value
from ccsetup.core.question import Question
from ccsetup.git import address, clone_profile

HELPER = "credential-helper"
GIT_CREDENTIALS, SSH = "git-credentials", "ssh"  # an IAM user's own ways, which need no profile


OURS, AWS_CLI = "ccsetup", "aws"


OWN_HELPER = "git-credential-ccsetup"


class Way(NamedTuple):
    """How git connects: the transport, which credential helper, and the host if the address has another one.

    `fips` and `dualstack`: the environment or the profile wants such endpoints. git-remote-codecommit finds out itself.
    `user` is the user name of Git credentials, or the SSH key ID if it is in the address.
    """

    via: str = REMOTE
    helper: str = OURS
    host: str = ""
    fips: bool = False
    dualstack: bool = False
    user: str = ""

    def lacks(self, region: str) -> str:
        """Return which wanted kinds of host git doesn't have in a region, as a sentence, "" if none."""
        if self.host and self.via != SSH:
            return ""
        return regions.git_lacks(region, fips=self.fips, dualstack=self.dualstack, ssh=self.via == SSH)


USUAL = Way()


def way_of(answers: Answers, endpoint: str = "", *, fips: bool = False, dualstack: bool = False) -> Way:
    """Return the way that the answers describe. `endpoint` is CODE_COMMIT_ENDPOINT."""
    repo = answers.text("repo")
    host = address.parse(repo, endpoint).host if repo else ""
    return Way(answers.text("via") or REMOTE, answers.text("helper") or OURS, host, fips, dualstack)


def route(context: Context, way: Way, profile: str, target: Target) -> Route:
    """Return how git connects to a repository with a profile. Raises Problem if the helper isn't installed."""
    if way.via == REMOTE:
        url = address.codecommit_url(target.name, target.region, profile)
        return Route(REMOTE, url, why="the URL format in the AWS documentation; it includes the region and profile")
    if way.via == SSH:
        url = address.ssh_url(target.region, target.name)
        url = url.replace("//", f"//{way.user}@", 1) if way.user else url
        return Route(SSH, url, why="an SSH key of an IAM user")
    host = context.env.get("CODE_COMMIT_ENDPOINT") or way.host
    url = address.https_url(target.region, target.name, host, fips=way.fips)
    if way.via == GIT_CREDENTIALS:
        user = {f"credential.{url.partition('/v1/')[0]}.username": way.user}
        return Route(GIT_CREDENTIALS, url, user, why="the Git credentials of an IAM user")
    settings = helper_settings(context, way, profile, target.region, host)
    return Route(HELPER, url, settings, why="HTTPS; the credential helper is set for this clone only")


def helper_settings(context: Context, way: Way, profile: str, region: str, host: str) -> Mapping[str, str]:
    """Return the clone's settings for the helper. Raises Problem if it isn't installed."""
    return {"credential.helper": _command(context, way, profile, region, host), "credential.useHttpPath": "true"}


def _command(context: Context, way: Way, profile: str, region: str, host: str) -> str:
    if way.helper == AWS_CLI:
        if not context.git.lasting("aws"):
            raise Problem(
                "The AWS CLI isn't on the PATH, so git can't run the AWS CLI helper.",
                next="Install the AWS CLI, or omit --helper aws to use the ccsetup helper.",
                code="git.helper-path",
            )
        return aws_helper(profile, region, host)
    path = context.git.lasting(OWN_HELPER)  # a path that stays the same after an upgrade
    if not path:
        how = how_to_install(context.env, command=OWN_HELPER)
        raise Problem(
            f"The {OWN_HELPER} command isn't installed.",
            next=f"Install it: {how}\nOr use the AWS CLI helper: --helper aws",
            code="git.helper-path",
        )
    return own_helper(path, profile, region, host)


def is_awss(host: str) -> bool:
    """Return whether a helper can tell from a host name that it is AWS's, and its region ("": the region's default)."""
    return not host or bool(regions.git_region(host))


def own_helper(path: str, profile: str, region: str, host: str) -> str:
    """Return the command of ccsetup's helper with its path. It has no `!` (shell), so that it works in GUIs."""
    there = "" if is_awss(host) else f" --region {region}"
    return f"{_word(path)} --profile {shlex.quote(profile)}{there}"


def aws_helper(profile: str, region: str, host: str) -> str:
    """Return the command of the AWS CLI's helper. It signs for hosts that aren't AWS's only with a flag."""
    name = shlex.quote(profile)
    if not is_awss(host):
        get = f"aws --region {region} codecommit credential-helper --profile {name} get --ignore-host-check"
        return f'!f() {{ test "$1" != get || {get}; }}; f'
    return f"!aws codecommit credential-helper --profile {name} $@"


def moved_helper(command: str, path: str) -> str:
    """Return a helper's command with its program at another path, "" if the program can't be recognized."""
    if not path or "\n" in path:
        return ""
    name = re.sub(r"(?i)\.exe$", "", re.split(r"[/\\]", path)[-1])
    found = re.search(rf"(?:^|[/\\\s\"'!]){re.escape(name)}(?:\.(?i:exe))?[\"']?(?P<rest>\s.*)?$", command)
    if not found:
        return ""
    new = f"{'!' if command.startswith('!') else ''}{_word(path)}{found['rest'] or ''}"
    return new if clone_profile.named_by("", new) == clone_profile.named_by("", command) else ""


def _word(path: str) -> str:
    """Quote a path for the shell that git runs helpers with. It must look like an absolute path."""
    plain = path if path.startswith("/") else path.replace("\\", "/")  # git for Windows accepts both
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", plain, flags=re.ASCII)


def _host(answers: Answers, look: Look) -> str:
    """Return the host in the address if git wouldn't use it anyway, "" if CODE_COMMIT_ENDPOINT is set."""
    if look.env.get("CODE_COMMIT_ENDPOINT", ""):
        return ""
    there = address.parse(answers.text("repo"))
    fips = regions.wants_fips(look.env, look.profiles.get(answers.text("profile"), {}))
    return "" if there.host == regions.git_host(there.region, fips=fips) else there.host


def _host_set(host: str, look: Look) -> str:
    """Return the command that makes git-remote-codecommit use this host."""
    return shells.setting("CODE_COMMIT_ENDPOINT", host, look.env)


def _misread(answers: Answers) -> bool:
    return not address.takes_profile(answers.text("profile"))


def _because(answers: Answers, look: Look) -> str:
    """Return why git-remote-codecommit wouldn't work, "" if it would."""
    if _misread(answers):
        return f"git-remote-codecommit can't use the profile name {answers.text('profile')}"
    if host := _host(answers, look):
        return f"the address has a custom host, {host}"
    if look.later_command(REMOTE):
        return ""
    found = look.git_command(REMOTE)
    when = installation.passing_command(found, look.env)
    return f"git finds {REMOTE} {when}" if when else f"git can't find {REMOTE}"


def _helper(look: Look) -> str:
    """Return the credential helper that git can use from now on, "" if there is none."""
    there = ((OURS, OWN_HELPER), (AWS_CLI, AWS_CLI))
    return next((helper for helper, command in there if look.lasting_command(command)), "")


def _known(answers: Answers, look: Look) -> str | None:
    if _misread(answers):
        return HELPER
    is_possible = not _host(answers, look) and (look.git_command(REMOTE) or installation.is_temporary())
    return None if _because(answers, look) and (_helper(look) or not is_possible) else REMOTE


def _choices(answers: Answers, look: Look) -> list[Choice]:
    why = _because(answers, look)
    host = _host(answers, look)
    there = "the URL format in the AWS documentation"
    if why:
        there = "works only until then" if look.git_command(REMOTE) else "needs a line in your shell startup file"
    remote = Choice(REMOTE, REMOTE, f"needs: {_host_set(host, look)}" if host else there)
    helper = Choice(HELPER, "HTTPS with a credential helper", f"because {why}" if why else "set for this clone only")
    return [helper] if _misread(answers) else [helper, remote] if why else [remote, helper]


def _settle(value: Value, answers: Answers, look: Look) -> str | Corrected | None:
    if value == REMOTE and _misread(answers):
        raise BadAnswer(f"{_because(answers, look)}. Use --via {HELPER}.")
    host = _host(answers, look)
    if value == REMOTE and host:
        told = f"git will use the region default. To use the host in the address: {_host_set(host, look)}"
        return Corrected(REMOTE, told)
    why = _because(answers, look) if value == HELPER and "via" not in look.given else ""
    return Corrected(HELPER, f"Using {HELPER}: {why}.") if why else None


def _named(text: str, names: tuple[str, ...], what: str) -> str:
    value = validate.tidy(text).lower()
    if value not in names:
        raise BadAnswer(f"{what} must be one of: {', '.join(names)}.")
    return value


VIA = Question(
    "via",
    "How should git connect?",
    widget="choose",
    help=f"{REMOTE} or {HELPER}, for this clone only.",
    about=(
        "git connects to CodeCommit through git-remote-codecommit, or over HTTPS with a credential helper. Both can"
        " pull and push, but some tools only know HTTPS addresses, for example, graphical git clients."
    ),
    choices=_choices,
    known=_known,
    default=lambda answers, look: HELPER,
    parse=lambda text: _named(text, (REMOTE, HELPER), "--via"),
    settle=_settle,
    when=lambda answers: bool(answers.text("repo")),
    title="Transport",
)


WHOSE = Question(
    "helper",
    "Which credential helper?",
    widget="choose",
    help="ccsetup (fast) or aws (the AWS CLI helper).",
    about=(
        "A credential helper creates a password from your AWS credentials each time git connects. For example, the"
        " ccsetup helper does this without the AWS CLI."
    ),
    choices=lambda answers, look: [Choice(OURS, "the ccsetup helper"), Choice(AWS_CLI, "the AWS CLI helper")],
    known=lambda answers, look: _helper(look) or OURS,
    parse=lambda text: _named(text, (OURS, AWS_CLI), "--helper"),
    when=lambda answers: answers.text("via") == HELPER,
    title="Credential helper",
)
