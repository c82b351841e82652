"""The two ways git gets to CodeCommit: git-remote-codecommit, and https with a credential helper of this one clone."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from ccsetup.core import regions, validate
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Route, Target, Value
from ccsetup.core.question import Question
from ccsetup.git import address, clone_profile

REMOTE, HELPER = "git-remote-codecommit", "credential-helper"


OURS, AWS_CLI = "ccsetup", "aws"


OWN_HELPER = "git-credential-ccsetup"


class Way(NamedTuple):
    """Which of the two, whose credential helper, and the host where the address names one of its own."""

    via: str = REMOTE
    helper: str = OURS
    host: str = ""


USUAL = Way()


def way_of(answers: Answers, endpoint: str = "") -> Way:
    """Return the way that the answers name; `endpoint` is CODE_COMMIT_ENDPOINT."""
    repo = answers.text("repo")
    host = address.parse(repo, endpoint).host if repo else ""
    return Way(answers.text("via") or REMOTE, answers.text("helper") or OURS, host)


def route(context: Context, way: Way, profile: str, target: Target) -> Route:
    """Return how git gets to a repository as a profile. Raises Problem where the helper is not installed."""
    if way.via == REMOTE:
        url = address.codecommit_url(target.name, target.region, profile)
        return Route(REMOTE, url, why="the address AWS's documents teach; it carries region and profile")
    host = context.env.get("CODE_COMMIT_ENDPOINT") or way.host
    url = address.https_url(target.region, target.name, host)
    settings = helper_settings(context, way, profile, target.region, host)
    return Route(HELPER, url, settings, why="plain https; the helper that signs is a setting of this clone alone")


def helper_settings(context: Context, way: Way, profile: str, region: str, host: str) -> Mapping[str, str]:
    """Return what the clone's own configuration says of the helper. Raises Problem where it is not installed."""
    return {"credential.helper": _command(context, way, profile, region, host), "credential.useHttpPath": "true"}


def _command(context: Context, way: Way, profile: str, region: str, host: str) -> str:
    if way.helper == AWS_CLI:
        if not context.git.command("aws", beside=False):
            raise Problem(
                "The AWS CLI is not on the PATH, so that git could not run its helper.",
                next="Leave --helper aws out to use ccsetup's own, or install the AWS CLI.",
                code="git.helper-path",
            )
        return aws_helper(profile, region, host)
    path = context.git.command(OWN_HELPER)  # one that an upgrade leaves where it is
    if not path:
        raise Problem(
            f"{OWN_HELPER} is not installed as a command.",
            next="Install ccsetup as one: pipx install ccsetup. Or use the AWS CLI's: --helper aws",
            code="git.helper-path",
        )
    return own_helper(path, profile, region, host)


def is_awss(host: str) -> bool:
    """Say whether a host's own name tells a helper that it is AWS's, and which region's ("": the region's own)."""
    return not host or bool(regions.git_region(host))


def own_helper(path: str, profile: str, region: str, host: str) -> str:
    """Return the call of ccsetup's helper by its path; no shell's `!`, for GUIs."""
    there = "" if is_awss(host) else f" --region {region}"
    return f"{_word(path)} --profile {shlex.quote(profile)}{there}"


def aws_helper(profile: str, region: str, host: str) -> str:
    """Return the call of the AWS CLI's helper; it signs for hosts that are not AWS's only when told to."""
    name = shlex.quote(profile)
    if not is_awss(host):
        get = f"aws --region {region} codecommit credential-helper --profile {name} get --ignore-host-check"
        return f'!f() {{ test "$1" != get || {get}; }}; f'
    return f"!aws codecommit credential-helper --profile {name} $@"


def moved_helper(command: str, path: str) -> str:
    """Return a helper's call with its program at another path and all else as it is; "" where that cannot be told."""
    if not path or "\n" in path:
        return ""
    name = re.split(r"[/\\]", path)[-1].removesuffix(".exe")
    found = re.search(rf"(?:^|[/\\\s\"'!]){re.escape(name)}(?:\.exe)?[\"']?(?P<rest>\s.*)?$", command)
    if not found:
        return ""
    new = f"{'!' if command.startswith('!') else ''}{_word(path)}{found['rest'] or ''}"
    return new if clone_profile.named_by("", new) == clone_profile.named_by("", command) else ""


def _word(path: str) -> str:
    """Return a path as one word of the shell that git runs helpers with; it has to begin as an absolute path does."""
    plain = path if path.startswith("/") else path.replace("\\", "/")  # git for Windows takes both
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", plain, flags=re.ASCII)


def _host(answers: Answers, look: Look) -> str:
    """Return the host that the pasted address names beside the region's own, "" where the environment's is taken."""
    endpoint = look.env.get("CODE_COMMIT_ENDPOINT", "")
    return "" if endpoint else address.parse(answers.text("repo"), endpoint).host


def _misread(answers: Answers) -> bool:
    return not address.takes_profile(answers.text("profile"))


def _because(answers: Answers, look: Look) -> str:
    """Say why git-remote-codecommit would not do; "" where it does."""
    if _misread(answers):
        return f"git-remote-codecommit cannot take the profile name {answers.text('profile')}"
    if host := _host(answers, look):
        return f"the address names a host of its own, {host}"
    return "" if look.git_command(REMOTE) else f"git does not find {REMOTE}"


def _known(answers: Answers, look: Look) -> str | None:
    return HELPER if _misread(answers) else None if _because(answers, look) else REMOTE


def _choices(answers: Answers, look: Look) -> list[Choice]:
    why = _because(answers, look)
    host = _host(answers, look)
    there = "needs a line in your shell's start file" if why else "the address AWS's documents teach"
    remote = Choice(REMOTE, REMOTE, f"needs: export CODE_COMMIT_ENDPOINT={host}" if host else there)
    helper = Choice(HELPER, "https and a credential helper", f"since {why}" if why else "a setting of this clone alone")
    return [helper] if _misread(answers) else [helper, remote] if why else [remote, helper]


def _settle(value: Value, answers: Answers, look: Look) -> str | Corrected | None:
    if value == REMOTE and _misread(answers):
        raise BadAnswer(f"{_because(answers, look)}; it needs --via {HELPER}.")
    host = _host(answers, look)
    if value == REMOTE and host:
        told = f"git goes to the region's ordinary host; for this one: export CODE_COMMIT_ENDPOINT={host}"
        return Corrected(REMOTE, told)
    why = _because(answers, look) if value == HELPER and "via" not in look.given else ""
    return Corrected(HELPER, f"Took {HELPER}: {why}.") if why else None


def _named(text: str, names: tuple[str, ...], what: str) -> str:
    value = validate.tidy(text).lower()
    if value not in names:
        raise BadAnswer(f"{what} is {' or '.join(names)}, such as {names[0]}.")
    return value


VIA = Question(
    "via",
    "How shall git get there?",
    widget="choose",
    help=f"{REMOTE} or {HELPER}; both for this clone alone.",
    choices=_choices,
    known=_known,
    default=lambda answers, look: HELPER,
    parse=lambda text: _named(text, (REMOTE, HELPER), "The way"),
    settle=_settle,
    when=lambda answers: bool(answers.text("repo")),
    title="Way",
)


WHOSE = Question(
    "helper",
    "Whose credential helper?",
    widget="choose",
    help="ccsetup (fast) or aws (the AWS CLI's).",
    choices=lambda answers, look: [Choice(OURS, "ccsetup's own"), Choice(AWS_CLI, "the AWS CLI's")],
    known=lambda answers, look: OURS,
    parse=lambda text: _named(text, (OURS, AWS_CLI), "The credential helper"),
    when=lambda answers: answers.text("via") == HELPER,
    title="Credential helper",
)
