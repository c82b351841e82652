"""Low-level access to the disk: bytes, private drafts, folders, and messages for the system's errors."""

from __future__ import annotations

import errno
import math
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import AnyStr, TypeVar

from ccsetup.core import executables, plain_file
from ccsetup.core.command_line import deletion
from ccsetup.core.errors import Problem
from ccsetup.core.plain_file import AWS_FILE, MARK, NotPlain

_TOKEN_BYTES = 16
_FRESH_S = 0.02  # another program may still be writing a file that changed this recently,
_CUT_SHORT_S = 0.5  # and even longer if the file is empty or ends within a line

HELD_S = 1.0  # how long to wait for another program to close a file on Windows
_PAUSE_S = 0.05
_ABANDONED_S = 60  # drafts exist for milliseconds

T = TypeVar("T")

_SAYS = {
    errno.ENOSPC: ("the disk is full", "Free some space", "internal"),
    errno.EDQUOT: ("your disk quota is used up", "Free some space", "internal"),
    errno.EFBIG: ("a file this large isn't allowed here", "Raise the limit (ulimit -f)", "internal"),
    errno.EROFS: ("the file system is read-only", "Make the file system writable", "file.unreadable"),
    errno.EACCES: ("permission was denied", "Change the owner or permissions (chown, chmod u+rw)", "file.unreadable"),
    errno.EPERM: ("permission was denied", "Change the owner or permissions (chown, chmod u+rw)", "file.unreadable"),
    errno.EISDIR: ("it is a folder", "Move the folder somewhere else", "file.unreadable"),
    errno.ENOTDIR: ("part of the path is a file, not a folder", "Move that file somewhere else", "file.unreadable"),
    errno.ELOOP: ("its symbolic links form a loop", "Correct the link", "file.unreadable"),
    errno.ENAMETOOLONG: ("the path is too long", "Use a shorter path", "file.unreadable"),
    errno.EBUSY: (
        "it is mounted as a single file",
        "Mount the folder that contains the file instead",
        "file.unreadable",
    ),
}

_DENIED_ON_WINDOWS = "Remove the file's read-only attribute, or give yourself permission in Properties, Security"


class Held(OSError):
    """Another program has a file open. On Windows, the file can't be replaced or removed until it is closed."""


def patiently(change: Callable[[], T], path: Path) -> T:
    """Read or change a file. On Windows, wait about a second if another program has it open, then raise Held."""
    end, tried = time.monotonic() + HELD_S, False
    while True:
        try:
            return change()
        except PermissionError:
            held = is_held(path)
            if held and time.monotonic() > end:
                raise Held(errno.EACCES, "another program has it open", str(path)) from None
            if not held and (tried or not executables.WINDOWS):
                raise
            tried = not held  # it may have been closed a moment ago
        time.sleep(_PAUSE_S)


def is_held(path: Path) -> bool:
    """Return whether another program has a file open in a way that keeps it from being replaced. Never on POSIX."""
    if sys.platform != "win32":
        return False
    import ctypes

    delete, all_shared, existing, sharing_violations = 0x10000, 7, 3, (32, 33)
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateFileW.restype = ctypes.c_void_p
    handle = kernel.CreateFileW(str(path), delete, all_shared, None, existing, 0, None)
    if handle == ctypes.c_void_p(-1).value:
        return ctypes.get_last_error() in sharing_violations
    kernel.CloseHandle(ctypes.c_void_p(handle))
    return False


@contextmanager
def explained(path: Path, doing: str) -> Iterator[None]:
    """Turn an OSError into a Problem with one sentence, for example "Can't write /x: the disk is full."."""
    try:
        yield
    except NotPlain as error:
        what = f"Can't {doing} {path}: {error.strerror}."
        raise Problem(what, next="Use a regular file instead.", code="file.unreadable") from None
    except Held as error:
        what = f"Can't {doing} {error.filename}: {error.strerror}."
        next_ = "Close the file in the other program, then run the same command again."
        raise Problem(what, next=next_, code="file.unreadable") from None
    except OSError as error:
        at = error.filename if isinstance(error.filename, str) and MARK not in error.filename else path
        other = (error.strerror or type(error).__name__).lower(), "Correct the problem", "internal"
        why, advice, code = _SAYS.get(error.errno or 0, other)
        if executables.WINDOWS and error.errno in (errno.EACCES, errno.EPERM):
            advice = _DENIED_ON_WINDOWS
        what = f"Can't {doing} {at}: {why}."
        raise Problem(what, next=f"{advice}, then run the same command again.", code=code) from None


def contents(path: Path, most: int = AWS_FILE) -> bytes | None:
    """Return a file's bytes, None if it doesn't exist. Raises NotPlain for a pipe, a device, or more than `most` bytes.

    The null device counts as no file, because people use its name for that.
    """
    try:
        return patiently(lambda: plain_file.content(str(path), most), path)
    except NotPlain:
        if path.samefile(os.devnull):
            return None
        raise
    except FileNotFoundError:
        if path.is_symlink():
            raise Problem(
                f"{path} is a symbolic link to {path.readlink()}, which doesn't exist.",
                next=f"Create that file, or remove the link: {deletion(str(path))}",
                code="file.unreadable",
            ) from None
        return None


def is_same(one: Path, other: Path) -> bool:
    """Return whether two paths are the same file, by links or otherwise, or would be if it existed."""
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def is_linked(path: Path) -> bool:
    """Return whether a file has hard links. Replacing it would leave them with the old contents."""
    return path.stat().st_nlink > 1


def steady(path: Path) -> bytes | None:
    """Return a file's bytes once no program seems to be writing it. Other programs truncate a file, then write it."""
    for _ in range(60):
        data = contents(path)
        if data is None or _age_s(path) >= (_FRESH_S if data.endswith((b"\n", b"\r")) else _CUT_SHORT_S):
            break
        time.sleep(0.01)
    return data


def _age_s(path: Path) -> float:
    """Return how long ago a file was changed, infinity if that is in the future or there is no file."""
    try:
        age = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return math.inf
    return age if age >= 0 else math.inf


def draft(target: Path, data: bytes) -> Path:
    """Write the bytes to a new private file next to the target and sync it. If that fails, leave no file."""
    path = draft_name(target)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with ExitStack() as failing:
        failing.callback(discard, path)
        write(fd, data)
        failing.pop_all()
    return path


def draft_name(target: Path) -> Path:
    """Return an unused, unguessable name next to a file."""
    return target.with_name(f".{target.name}{MARK}{os.urandom(_TOKEN_BYTES).hex()}")


def drafts(target: Path) -> Iterator[Path]:
    """Yield the drafts next to a file: this user's regular files with names that only `draft_name` creates."""
    token = re.compile(re.escape(f".{target.name}{MARK}") + f"[0-9a-f]{{{2 * _TOKEN_BYTES}}}")
    for path in target.parent.iterdir():
        if token.fullmatch(path.name):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and (os.name != "posix" or status.st_uid == os.geteuid()):
                yield path


def is_abandoned(draft: Path) -> bool:
    """Return whether a draft that needs no lock is too old to be in use."""
    return _age_s(draft) > _ABANDONED_S


def write(fd: int, data: bytes) -> None:
    """Write and sync all bytes, make the file readable by its owner only, and close it."""
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(fd, 0o600)
        put(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


def overwrite(path: Path, data: bytes) -> None:
    """Overwrite an existing file with the bytes, truncate it, and sync it."""
    fd = patiently(lambda: os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0)), path)
    try:
        put(fd, data)
        os.ftruncate(fd, len(data))
        os.fsync(fd)
    finally:
        os.close(fd)


def is_torn(data: bytes, before: bytes, after: bytes) -> bool:
    """Return whether `overwrite` was interrupted in a file: it has some of the new bytes, then the old ones."""
    written = alike(data, after)
    return data not in (before, after) and data[written:] == before[written:]


def alike(one: AnyStr, other: AnyStr) -> int:
    """Return the length of the common prefix of two texts."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def put(fd: int, data: bytes) -> None:
    """Write all bytes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def discard(path: Path | None) -> None:
    """Remove a draft or a backup, if it still exists."""
    if path is not None:
        with suppress(OSError):
            if executables.WINDOWS:
                path.chmod(stat.S_IWRITE)  # a read-only file can't be removed there
            patiently(partial(_unlink, path), path)


def _unlink(path: Path) -> None:
    # Proof: callers pass files that they created in this run, what `drafts` yields, and undo's backups.
    path.unlink()


def replace(draft: Path, target: Path) -> None:
    """Give a draft the target's name. If that fails, the target stays as it is, and the error names it."""
    try:
        patiently(lambda: draft.replace(target), target)
    except Held:
        raise
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(target)) from None


def sync(folder: Path) -> None:
    """Sync a folder's entries to the disk, if the system supports it."""
    if os.name == "posix":
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def encoded(text: str | None) -> bytes | None:
    """Return a text's bytes. Bytes that couldn't be decoded are restored."""
    return None if text is None else text.encode("utf-8", "surrogateescape")
