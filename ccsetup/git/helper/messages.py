"""The error messages of git's helpers: one line on stderr, with the command that fixes the problem.

If ccsetup itself runs git, it sets CODES to a secret word, and a line with this word and the code of a finding comes
before the message. Servers don't know the word, so nothing that git prints for them looks like such a line.
It sets GATE to the numbers of an open file and of its inode if it starts git before there are credentials: a pipe that
ends when they are in the cache.
"""

import os
import sys

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, but importing typing takes longer than a call
if TYPE_CHECKING:
    from collections.abc import Callable

CODES = "CCSETUP_CODES"
GATE = "CCSETUP_GATE"
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+=,-")


class Refused(Exception):
    """Git's request can't be answered. The message says why and what to run, and `code` is that of a finding."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


def told(refused: Refused) -> int:
    """Print the error to stderr and return the exit code."""
    word = os.environ.get(CODES)
    from ccsetup.core.redact import without_keys  # imports what takes longer than most of git's calls

    line = without_keys("".join(c if c.isprintable() else " " for c in str(refused)))
    print(f"{word} {refused.code}\n{line}" if word else line, file=sys.stderr)
    return 1


def answered(serve: "Callable[[list[str]], int]") -> int:
    """Answer git's request with `serve`, which takes the command's arguments, and return the exit code."""
    try:
        return serve(sys.argv[1:])
    except Refused as refused:
        return told(refused)
    except KeyboardInterrupt:
        return 130


def ended(code: int) -> int:
    """Exit with this code, at once if the SDK was needed. Otherwise return it."""
    if "botocore" in sys.modules:
        from ccsetup.core.program_exit import leave

        leave(code)
    return code


def is_held() -> bool:
    """Return whether ccsetup started git before there were credentials."""
    return _gate() >= 0


def wait_at_gate() -> None:
    """If ccsetup started git before there were credentials, wait until it has them."""
    gate = _gate()
    os.environ.pop(GATE, None)
    if gate >= 0:
        try:
            while os.read(gate, 1):
                pass
            os.close(gate)
        except OSError:
            pass


def _gate() -> int:
    """Return the number of the pipe to wait at, -1 if there is none."""
    number, _, inode = os.environ.get(GATE, "").partition(":")
    try:
        gate, is_ours = int(number), os.fstat(int(number)).st_ino == int(inode)
    except (OSError, ValueError, OverflowError):  # the file is closed, or the variable isn't from ccsetup
        return -1
    return gate if gate > 2 and is_ours else -1  # if git or another program closed it, another file has its number


def after_refusal(url: str = "") -> None:
    """Print what to run after a request that was signed here failed. ccsetup explains failures of its own git itself.

    Outside a clone, `url` is what git was asked for.
    """
    if CODES in os.environ:
        return
    command = "ccsetup doctor" if not url or is_in_clone() else f"ccsetup clone {quoted(url)}"
    print(f"If CodeCommit refused this, run: {command}", file=sys.stderr)


def default_profile() -> str:
    """Return the profile that boto3 uses if none is given."""
    return os.environ.get("AWS_DEFAULT_PROFILE", os.environ.get("AWS_PROFILE", "default"))


def again(name: str) -> str:
    """Return the command that renews a profile's credentials."""
    return f"Run: ccsetup login {quoted(name)}"


def anew(name: str) -> str:
    """Return the command that sets up a profile for which there is nothing to repair."""
    return f"Run: ccsetup setup --profile {quoted(name)}"


REPAIR = "Run: ccsetup doctor --fix"
LOOK = "Run: ccsetup doctor"  # where a repair of the files doesn't help


def elsewhere() -> bool:
    """Return whether variables replace the usual AWS files."""
    return any(os.environ.get(name) for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"))


def is_in_clone() -> bool:
    """Return whether the current folder is in a clone, so that `ccsetup doctor --fix` can repair it."""
    from pathlib import Path

    here = Path.cwd()
    return any((folder / ".git").exists() for folder in (here, *here.parents))


def quoted(name: str) -> str:
    """Return a name quoted for a shell."""
    if name and _PLAIN.issuperset(name):
        return name
    if os.name == "nt":
        from ccsetup.core.command_line import quote

        return quote(name)
    escaped = name.replace("'", "'\\''")
    return f"'{escaped}'"
