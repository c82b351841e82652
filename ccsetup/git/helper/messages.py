"""What git's helpers say: one sentence on stderr, with the command that mends it."""

import os
import sys

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+=,-")


class Refused(Exception):
    """Git's request cannot be served; the one sentence that says why and what to run."""


def told(refused: Refused) -> int:
    """Say on stderr why git is not served; return the exit code."""
    print("".join(c if c.isprintable() else " " for c in str(refused)), file=sys.stderr)
    return 1


def default_profile() -> str:
    """Return the profile of a request that names none, as boto3 chooses it."""
    return os.environ.get("AWS_DEFAULT_PROFILE", os.environ.get("AWS_PROFILE", "default"))


def again(name: str) -> str:
    """Return the command that renews what a profile lives on."""
    return f"Run: ccsetup login {quoted(name)}"


def anew(name: str) -> str:
    """Return the command that sets a profile up, or up again."""
    return f"Run: ccsetup setup --profile {quoted(name)}"


def quoted(name: str) -> str:
    """Return a name as a shell takes it."""
    if name and _PLAIN.issuperset(name):
        return name
    escaped = name.replace("'", "'\\''")
    return f"'{escaped}'"
