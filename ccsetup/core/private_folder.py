"""Private folders of this program: the only module that removes a folder with its contents.

A private folder is identified by its device and inode, never by its name. It is looked up in its parent folder, which
stays open, and emptied through open folders, so that links in its place or inside it are never followed.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ccsetup.core.folder import Folder, Identity

PREFIX = ".ccsetup-"
_TRIES, _PAUSE_S = 10, 0.1


def fresh_name(prefix: str = PREFIX) -> str:
    """Return a name that can't be guessed."""
    return prefix + os.urandom(8).hex()


class PrivateFolder:
    """A folder that this program created for its own use. Only its owner can read it."""

    def __init__(self, parent: Folder, name: str, identity: Identity) -> None:
        self._parent, self._name, self.identity = parent, name, identity

    @classmethod
    def make(cls, parent: Path, name: str) -> PrivateFolder:
        """Create one in an existing folder. Raises OSError."""
        where = Folder.open(parent)
        try:
            where.make(name)
            with where.folder(name) as own:
                return cls(where, name, own.identity)
        except BaseException:
            where.close()
            raise

    @classmethod
    def found(cls, path: Path, identity: Identity) -> PrivateFolder | None:
        """Return the one that an earlier run created and recorded, None if it is gone or was replaced."""
        try:
            where = Folder.open(path.parent)
        except OSError:
            return None
        there = cls(where, path.name, identity)
        if there.is_there():
            return there
        where.close()
        return None

    @property
    def path(self) -> Path:
        """The path at which it was created."""
        return self._parent.path / self._name

    @property
    def parent(self) -> Folder:
        """Its parent folder, open."""
        return self._parent

    def open(self) -> Folder:
        """Open it. Raises OSError, also if another folder or a link has replaced it."""
        own = self._parent.folder(self._name)
        if own.identity == self.identity:
            return own
        own.close()
        raise FileNotFoundError(2, "another folder replaced it", str(self.path))

    def is_there(self) -> bool:
        """Return whether the same folder is still at its original path."""
        try:
            self.open().close()
        except OSError:
            return False
        return True

    def remove(self) -> str:
        """Remove it with its contents. Returns "", or a sentence about what is left and why.

        If something else has replaced it, nothing is removed.
        """
        why = ""
        for _ in range(_TRIES):  # a killed git may still be writing, and Windows closes files late
            try:
                if not self._parent.has(self._name):
                    return ""
                if not self.is_there():
                    return f"{self.path} was moved or replaced, so it wasn't removed."
                self._remove()
            except OSError as error:
                why = error.strerror or str(error)
                time.sleep(_PAUSE_S)
        return f"Couldn't remove {self.path} ({why}). Remove it yourself."

    def _remove(self) -> None:
        with self.open() as own:
            _empty(own)
        # Proof: by its identity it was the folder that `make` made, an instant ago; and it goes only when empty.
        os.rmdir(self._parent.at(self._name), dir_fd=self._parent.descriptor)

    def close(self) -> None:
        """Close its parent folder."""
        self._parent.close()


def _empty(top: Folder) -> None:
    """Remove the contents of a private folder, one level at a time: deeper entries are moved up first.

    So no tree is too deep, and two open folders are enough. Raises OSError, also for mounts in it.
    """
    while names := top.names():
        for name in names:
            if not top.has_folder(name):
                _unlink(top, name)
                continue
            with top.folder(name) as inner:
                if inner.identity.device != top.identity.device:
                    raise OSError(errno.EXDEV, "something is mounted in the folder")
                for each in inner.names():
                    if inner.has_folder(each):
                        _permitted(partial(inner.move, each, top, fresh_name()), inner, each)
                    else:
                        _unlink(inner, each)
            # Proof: it lies in the private folder, was reached through it, and goes only when empty.
            _permitted(partial(os.rmdir, top.at(name), dir_fd=top.descriptor), top, name)


def _unlink(folder: Folder, name: str) -> None:
    # Proof: `folder` was reached through the open private folder; a link goes, what it leads to stays.
    _permitted(partial(os.unlink, folder.at(name), dir_fd=folder.descriptor), folder, name)


def _permitted(change: Callable[[], None], folder: Folder, name: str) -> None:
    """Change an entry of a private folder. If the entry (on Windows) or its folder is read-only, make it writable."""
    try:
        change()
    except PermissionError:
        if folder.descriptor is None:
            (folder.path / name).chmod(stat.S_IWRITE)
        else:
            os.fchmod(folder.descriptor, 0o700)
        change()
