"""`ccsetup env`: prints a profile's credentials as shell commands. Only this command prints secrets."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

from ccsetup.core import missing_profile, profile_partition
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Keys, Who
from ccsetup.core.result import Report
from ccsetup.core.shells import SHELLS, Shell, guess
from ccsetup.doctor import verdict
from ccsetup.wizard.options import Options, looking

ABOUT = "Print a profile's temporary credentials as shell commands."
USAGE = "PROFILE [--shell SHELL]"
EXAMPLE = 'eval "$(ccsetup env acme-dev)"'
NOTHING: Mapping[str, object] = {"profile": None}


def flags(parser: ArgumentParser) -> None:
    """Add env's flags."""
    parser.add_argument("profile", metavar="PROFILE", help="profile name, for example, acme-dev")
    parser.add_argument("--shell", choices=[*SHELLS], help="shell to print commands for (default: your current shell)")
    parser.add_argument("--long-term", action="store_true", help="print the credentials even if they are long-term")


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Print the credentials. With --json, print them as a credential_process does."""
    context = context_of()
    look = looking(context, Options({}))
    if options.profile not in look.profiles:
        set_up = f"Set up the profile: ccsetup setup --profile {quote(options.profile)}"
        raise missing_profile.problem(options.profile, look.profiles, context.env, context.home, set_up)
    region = look.profiles[options.profile].get("region", "")
    keys = _keys(context, options, look)
    name = options.shell or guess(context.env, _parent(context))
    context.screen.output("\n".join(_lines(SHELLS[name], options.profile, region, keys)), secret=True)
    if context.screen.room() is not None:
        context.screen.note(f"To use the credentials: {SHELLS[name].use.format(options.profile)}")
    return Report(_document(options.profile, keys), secret=True)


def _keys(context: Context, options: Namespace, look: Look) -> Keys:
    """Return the profile's credentials. Raises Problem if they have expired, or if they are long-term."""
    there = look.profiles[options.profile]
    _no_circle(options.profile, there.get("credential_process", ""))
    with context.screen.busy("Fetching credentials"):
        region = there.get("region") or profile_partition.region_of(look.profiles, look.sessions, options.profile)
        keys = context.aws.keys(Who(options.profile, region, chosen=True))
    if keys.session_token is None and not options.long_term:
        raise Problem(
            f"{options.profile} has long-term credentials, which work until someone deletes them.",
            why="Every program that you start from this shell could read these credentials.",
            next=f"Use a role or an MFA profile instead, or run: ccsetup env {quote(options.profile)} --long-term",
            code="input.invalid",
        )
    if keys.expires_at and keys.expires_at <= context.now():
        raise Problem(
            f"The credentials for {options.profile} expired at {keys.expires_at:%Y-%m-%d %H:%M} UTC.",
            next=f"Run: ccsetup login {quote(options.profile)}",
            code="keys.expired",
        )
    verdict.refuse(context, options.profile, there)
    parts = (
        keys.access_key_id,
        keys.secret_access_key.reveal(),
        keys.session_token.reveal() if keys.session_token else "",
    )
    if not all(part.isprintable() for part in parts):
        raise Problem(
            f"The credentials for {options.profile} contain a line break or a control character.", code="keys.partial"
        )
    return keys


def _no_circle(name: str, process: str) -> None:
    words = process.split()
    if any(word.endswith("ccsetup") for word in words) and "env" in words and name in words:
        raise Problem(
            f"{name} gets its credentials from ccsetup env {quote(name)}, which creates an endless loop.",
            next=f"Use another profile in the credential_process of {name}.",
            code="source.loop",
        )


def _parent(context: Context) -> str:
    """Return the name of the program that started this one, "" if unknown."""
    try:
        return context.files.text(Path(f"/proc/{os.getppid()}/comm"))
    except Problem:
        return ""


def _lines(shell: Shell, profile: str, region: str, keys: Keys) -> list[str]:
    ends = f"{keys.expires_at:%Y-%m-%dT%H:%M:%SZ}" if keys.expires_at else ""
    wanted = {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key.reveal(),
        "AWS_SESSION_TOKEN": keys.session_token.reveal() if keys.session_token else "",
        "AWS_SECURITY_TOKEN": "",  # an old name, which still takes precedence in SDKs
        "AWS_CREDENTIAL_EXPIRATION": ends,
        "AWS_REGION": region,  # without one, the region of another profile must not stay
        "AWS_DEFAULT_REGION": region,
    }
    lines = [shell.assign(k, v) if v else shell.remove(k) for k, v in wanted.items()]
    until = f"until {ends}" if ends else "which don't expire" if keys.session_token is None else "expiry unknown"
    return [shell.remark(f"{profile if profile.isprintable() else 'the credentials'}, {until}"), *lines]


def _document(profile: str, keys: Keys) -> dict[str, object]:
    """Return the JSON document that a credential_process prints."""
    token = {"SessionToken": keys.session_token.reveal()} if keys.session_token else {}
    ends = {"Expiration": f"{keys.expires_at:%Y-%m-%dT%H:%M:%SZ}"} if keys.expires_at else {}
    held = {"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key.reveal()}
    return {"Version": 1, "profile": profile, **held, **token, **ends}
