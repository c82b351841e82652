"""What a credential_process prints: whether botocore can read it, what its errors mean, and their messages."""

from __future__ import annotations

from ccsetup.core.errors import Problem
from ccsetup.core.sdk_errors import Cause

FORM = "2026-11-28T18:00:00Z"
UNREADABLE = (
    "printed an Expiration that AWS tools can't read. "
    f'It must be a date and time with a time zone, for example, "{FORM}".'
)
MEND = "Change the program to print this format, or ask its author to do so."
RENEW = "Sign in again with the credential_process program."


MISSING = Cause("no program", "process.missing")
BABBLE = Cause("no JSON", "process.failed")
_UNREADABLE_TIME = Cause("unreadable expiration", "process.failed")
OVER = Cause("printed and over", "keys.expired")


def cause_of(error: BaseException) -> Cause | None:
    """Return what is wrong with a program, by what botocore raised while running it; None for botocore's own errors."""
    if "BotoCoreError" in (cls.__name__ for cls in type(error).__mro__):
        return None
    if isinstance(error, FileNotFoundError):
        return MISSING
    if isinstance(error, (AttributeError, UnicodeDecodeError, RecursionError)) or _is_of_json(error):
        return BABBLE
    if isinstance(error, (TypeError, ValueError, OverflowError)):
        return _UNREADABLE_TIME
    is_over = isinstance(error, RuntimeError) and "expired" in str(error)  # it ran twice, and both times they had
    return OVER if is_over else None


def _is_of_json(error: BaseException) -> bool:
    return type(error).__name__ == "JSONDecodeError"


def unreadable(profile: str) -> str:
    """Return the message for a profile with a program that prints an unreadable Expiration."""
    return f"The credential_process of {profile} {UNREADABLE}"


def over(profile: str) -> str:
    """Return the message for a profile with a program that prints expired credentials."""
    return f"The credential_process of {profile} printed expired credentials."


def unasked(names: str) -> str:
    """Return the message for profiles that weren't tried, since a program would have to run."""
    return f"Not tried: {names}. ccsetup runs a credential_process only for profiles that you specify."


def not_run(name: str, next: str) -> Problem:
    """Return the Problem for a profile with a program that wasn't run, since the user didn't choose the profile."""
    return Problem(
        f"{name} gets its credentials from a program that wasn't run.",
        why="ccsetup runs a credential_process only for profiles that you specify or choose.",
        next=f"Specify the profile: {next}",
        code="process.not-run",
    )
