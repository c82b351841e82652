"""An open folder. Its entries are reached through the open descriptor, so that no link can lead anywhere else.

Windows has no descriptors for folders. There, the path is used and links are refused.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

BY_DESCRIPTOR = os.name == "posix"
_REPARSE = 0x400  # FILE_ATTRIBUTE_REPARSE_POINT: Windows' links and junctions


class Identity(NamedTuple):
    """Identifies a folder on this computer regardless of its name."""

    device: int
    inode: int


def is_within(path: str, folder: Path) -> bool:
    """Return whether a path is in a folder, whatever links, `..`, case or Unicode form it is spelled with."""
    found = Path(os.path.realpath(path))
    return found.is_relative_to(folder) or any(_is_same(place, folder) for place in (found, *found.parents))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


class Folder:
    """An open folder. Use it as a context manager, or close it."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path = path
        self.descriptor = descriptor  # None on Windows

    @classmethod
    def open(cls, path: Path) -> Folder:
        """Open a folder. Links in its path are followed. Raises OSError."""
        return cls(path, os.open(path, os.O_RDONLY | os.O_DIRECTORY) if BY_DESCRIPTOR else None)

    def close(self) -> None:
        """Close the folder."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def identity(self) -> Identity:
        """Return its device and inode."""
        status = os.stat(self.path if self.descriptor is None else self.descriptor)  # noqa: PTH116
        return Identity(status.st_dev, status.st_ino)

    def is_at(self, path: Path) -> bool:
        """Return whether the path still leads to this folder."""
        try:
            status = path.stat()
        except OSError:
            return False
        return self.identity == (status.st_dev, status.st_ino)

    def names(self) -> list[str]:
        """Return the names of its entries."""
        return os.listdir(self.path if self.descriptor is None else self.descriptor)  # noqa: PTH208

    def status(self, name: str) -> os.stat_result:
        """Return the status of an entry itself; links aren't followed. Raises OSError."""
        return os.stat(self.at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def has(self, name: str) -> bool:
        """Return whether an entry with this name exists, including a broken link."""
        try:
            self.status(name)
        except FileNotFoundError:
            return False
        return True

    def has_folder(self, name: str) -> bool:
        """Return whether the entry with this name is a folder. A link to a folder doesn't count."""
        try:
            status = self.status(name)
        except FileNotFoundError:
            return False
        return stat.S_ISDIR(status.st_mode) and not getattr(status, "st_file_attributes", 0) & _REPARSE

    def folder(self, name: str) -> Folder:
        """Open a folder in this folder. Raises OSError, also for a link."""
        path = self.path / name
        if self.descriptor is None:
            if not self.has_folder(name):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            return Folder(path, None)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        return Folder(path, os.open(name, flags, dir_fd=self.descriptor))

    def make(self, name: str) -> None:
        """Create a folder in this folder, for its owner only. Raises OSError, also if the name is taken."""
        os.mkdir(self.at(name), 0o700, dir_fd=self.descriptor)

    def move(self, name: str, goal: Folder, new_name: str) -> None:
        """Move an entry into another folder on the same device. Never replaces anything: raises FileExistsError."""
        rename = _exclusive_rename() if self.descriptor is not None else None
        if rename and rename(self.descriptor, os.fsencode(name), goal.descriptor, os.fsencode(new_name)):
            return
        if goal.has(new_name):  # without that call there is a small race; on Windows there is none
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(goal.path / new_name))
        os.rename(self.at(name), goal.at(new_name), src_dir_fd=self.descriptor, dst_dir_fd=goal.descriptor)

    def at(self, name: str) -> str:
        """Return an entry as system calls expect it together with `descriptor`."""
        return name if self.descriptor is not None else str(self.path / name)


@cache
def _exclusive_rename() -> Callable[[int | None, bytes, int | None, bytes], bool] | None:
    """Return the system's rename that never replaces anything and returns whether it succeeded, None if there is none.

    Any error other than "it exists" is left to the ordinary rename, which reports it.
    """
    import ctypes

    name, flag = {"linux": ("renameat2", 1), "darwin": ("renameatx_np", 4)}.get(sys.platform, ("", 0))
    try:
        call = getattr(ctypes.CDLL(None, use_errno=True), name)
    except (OSError, AttributeError, TypeError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)

    def rename(at: int | None, name: bytes, goal: int | None, new_name: bytes) -> bool:
        if call(at, name, goal, new_name, flag) == 0:
            return True
        if ctypes.get_errno() in (errno.EEXIST, errno.ENOTEMPTY):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fsdecode(new_name))
        return False

    return rename
