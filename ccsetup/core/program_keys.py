"""The Expiration that a credential_process prints: whether botocore can read it, and what is said where it can't."""

from __future__ import annotations

from ccsetup.core.errors import Problem

FORM = "2026-11-28T18:00:00Z"
UNREADABLE = f'printed an Expiration that AWS tools cannot read: it needs a date and a time zone, as in "{FORM}".'
MEND = "Have the program print it so, or ask whoever wrote it."
RENEW = "Sign in again with the program that it is."


def is_readable(expiration: object) -> bool:
    """Say whether botocore can read an Expiration; None means that there is none, which it takes as well."""
    from dateutil.parser import parse  # type: ignore[import-untyped]  # as botocore does

    try:
        return expiration is None or parse(expiration).tzinfo is not None
    except (TypeError, ValueError, OverflowError):
        return False


def unreadable(profile: str) -> str:
    """Return the sentence for a profile whose program prints an Expiration that isn't readable."""
    return f"The credential_process of {profile} {UNREADABLE}"


def over(profile: str) -> str:
    """Return the sentence for a profile whose program prints keys that have ended."""
    return f"The keys that the credential_process of {profile} prints have ended."


def unasked(names: str) -> str:
    """Say that these profiles were not asked, since a program would have to run for it."""
    return f"not asked: {names}. Their keys come from a program, which runs only for profiles you name."


def not_run(name: str, next: str) -> Problem:
    """Return the Problem of a profile whose program was not started, since nobody chose the profile."""
    return Problem(
        f"{name} gets its keys from a program, which was not started.",
        why="It runs only for profiles that you name or choose.",
        next=f"Name it: {next}",
        code="process.not-run",
    )
