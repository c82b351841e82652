"""The disk, one careful step at a time: bytes, private drafts, folders, and what the system says when it refuses."""

from __future__ import annotations

import errno
import math
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ccsetup.errors import Problem

MARK = ".ccsetup-"  # in the name of every draft

_TOKEN_BYTES = 16
_FRESH_S = 0.02  # a file changed this recently may still be in somebody's hands,
_CUT_SHORT_S = 0.5  # and one that is empty or ends within a line even longer

_SAYS = {
    errno.ENOSPC: ("the disk is full", "Free some space", "internal"),
    errno.EDQUOT: ("your disk quota is used up", "Free some space", "internal"),
    errno.EFBIG: ("a file of that size is not allowed here", "Raise the limit (ulimit -f)", "internal"),
    errno.EROFS: ("it lies on a read-only file system", "Make that writable", "file.unreadable"),
    errno.EACCES: ("permission was denied", "Make it yours (chown, chmod u+rw)", "file.unreadable"),
    errno.EPERM: ("permission was denied", "Make it yours (chown, chmod u+rw)", "file.unreadable"),
    errno.EISDIR: ("it is a folder", "Move that folder away", "file.unreadable"),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "Move that file away", "file.unreadable"),
    errno.ELOOP: ("its symbolic links run in a circle", "Mend the link", "file.unreadable"),
    errno.EBUSY: ("it is mounted on its own", "Mount its folder instead", "file.unreadable"),
}


@contextmanager
def explained(path: Path, doing: str) -> Iterator[None]:
    """Turn the system's refusals into one sentence, such as "Cannot write /x: the disk is full."."""
    try:
        yield
    except OSError as error:
        at = error.filename if isinstance(error.filename, str) and MARK not in error.filename else path
        other = (error.strerror or type(error).__name__).lower(), "Mend that", "internal"
        why, advice, code = _SAYS.get(error.errno or 0, other)
        what = f"Cannot {doing} {at}: {why}."
        raise Problem(what, next=f"{advice}, then run the same command again.", code=code) from None


def contents(path: Path) -> bytes | None:
    """Return a file's bytes; None when there is none. A pipe or device is none either, as for botocore."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise Problem(
                f"{path} is a symbolic link to {path.readlink()}, which is not there.",
                next=f"Make that file, or remove the link: rm {path}",
                code="file.unreadable",
            ) from None
        return None
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return path.read_bytes() if stat.S_ISREG(kind) else None


def steady(path: Path) -> bytes | None:
    """Return a file's bytes once nobody seems to be writing it: other programs truncate first and write then."""
    for _ in range(60):
        data = contents(path)
        if data is None or _age_s(path) >= (_FRESH_S if data.endswith((b"\n", b"\r")) else _CUT_SHORT_S):
            break
        time.sleep(0.01)
    return data


def _age_s(path: Path) -> float:
    """Return how long ago a file was changed; without end when that lies in the future or there is none."""
    try:
        age = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return math.inf
    return age if age >= 0 else math.inf


def draft(target: Path, data: bytes) -> Path:
    """Write the bytes, down to the disk, to a new private file beside the target; leave none when that fails."""
    path = draft_name(target)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with ExitStack() as failing:
        failing.callback(discard, path)
        write(fd, data)
        failing.pop_all()
    return path


def draft_name(target: Path) -> Path:
    """Return a name beside a file that nobody else has, and nobody can guess."""
    return target.with_name(f".{target.name}{MARK}{os.urandom(_TOKEN_BYTES).hex()}")


def drafts(target: Path) -> Iterator[Path]:
    """Yield the drafts beside a file: plain files of ours under names that only `draft_name` gives."""
    token = re.compile(re.escape(f".{target.name}{MARK}") + f"[0-9a-f]{{{2 * _TOKEN_BYTES}}}")
    for path in target.parent.iterdir():
        if token.fullmatch(path.name):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and (os.name != "posix" or status.st_uid == os.geteuid()):
                yield path


def write(fd: int, data: bytes) -> None:
    """Write all of the bytes down to the disk, readable by their owner only, and close."""
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(fd, 0o600)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def discard(path: Path | None) -> None:
    """Remove a draft or a backup, if it is still there."""
    if path is not None:
        with suppress(OSError):
            # Proof: callers give what they have made in this run, what `drafts` yields, and files of the undo folder.
            path.unlink()


def sync(folder: Path) -> None:
    """Bring a folder's names down to the disk, where the system lets a program do that."""
    if os.name == "posix":
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def encoded(text: str | None) -> bytes | None:
    """Return a text's bytes; what could not be decoded is what it was."""
    return None if text is None else text.encode("utf-8", "surrogateescape")
