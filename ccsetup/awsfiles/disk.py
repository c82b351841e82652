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
from typing import AnyStr

from ccsetup.core import plain_file
from ccsetup.core.errors import Problem
from ccsetup.core.plain_file import AWS_FILE, NotPlain

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
    except NotPlain as error:
        what = f"Cannot {doing} {path}: {error.strerror}."
        raise Problem(what, next="Name an ordinary file instead.", code="file.unreadable") from None
    except OSError as error:
        at = error.filename if isinstance(error.filename, str) and MARK not in error.filename else path
        other = (error.strerror or type(error).__name__).lower(), "Mend that", "internal"
        why, advice, code = _SAYS.get(error.errno or 0, other)
        what = f"Cannot {doing} {at}: {why}."
        raise Problem(what, next=f"{advice}, then run the same command again.", code=code) from None


def contents(path: Path, most: int = AWS_FILE) -> bytes | None:
    """Return a file's bytes, None when there is none. Raises NotPlain for a pipe, a device, and more than `most`.

    The null device holds nothing: people name it where they want no file.
    """
    try:
        return plain_file.content(str(path), most)
    except NotPlain:
        if path.samefile(os.devnull):
            return None
        raise
    except FileNotFoundError:
        if path.is_symlink():
            raise Problem(
                f"{path} is a symbolic link to {path.readlink()}, which is not there.",
                next=f"Make that file, or remove the link: rm {path}",
                code="file.unreadable",
            ) from None
        return None


def is_same(one: Path, other: Path) -> bool:
    """Say whether two paths lead to one file, by links or otherwise, or would if it were there."""
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def is_linked(path: Path) -> bool:
    """Say whether a file has other names, so that replacing it would leave them with the old one."""
    return path.stat().st_nlink > 1


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
        put(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


def overwrite(path: Path, data: bytes) -> None:
    """Write the bytes into a file that is there, down to the disk, and cut off what is left of the old ones."""
    fd = os.open(path, os.O_WRONLY)
    try:
        put(fd, data)
        os.ftruncate(fd, len(data))
        os.fsync(fd)
    finally:
        os.close(fd)


def is_torn(data: bytes, before: bytes, after: bytes) -> bool:
    """Say whether a file is one that `overwrite` was stopped in: some of the new bytes, then the old ones."""
    written = alike(data, after)
    return data not in (before, after) and data[written:] == before[written:]


def alike(one: AnyStr, other: AnyStr) -> int:
    """Return how long the beginning is that two texts have in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def put(fd: int, data: bytes) -> None:
    """Write all of the bytes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


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
