"""Folders that this program makes for itself: the only place where a folder is removed with what is in it.

A private folder is known by the device and inode it had when it was made, never by its name. It is looked for in the
folder it was made in, which stays open, and emptied through open folders: a link in its place, or in it, leads nowhere.
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
    """Return a name that nobody can guess."""
    return prefix + os.urandom(8).hex()


class PrivateFolder:
    """A folder that this program made, for its own use, readable by its owner only."""

    def __init__(self, parent: Folder, name: str, identity: Identity) -> None:
        self._parent, self._name, self.identity = parent, name, identity

    @classmethod
    def make(cls, parent: Path, name: str) -> PrivateFolder:
        """Make it new in a folder that is there. Raises OSError."""
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
        """Return the one that an earlier run made and wrote down; None when another thing, or nothing, is there."""
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
        """Where it was made."""
        return self._parent.path / self._name

    @property
    def parent(self) -> Folder:
        """The folder that it was made in, open."""
        return self._parent

    def open(self) -> Folder:
        """Open it. Raises OSError, also where another folder or a link has taken its place."""
        own = self._parent.folder(self._name)
        if own.identity == self.identity:
            return own
        own.close()
        raise FileNotFoundError(2, "another folder has taken its place", str(self.path))

    def is_there(self) -> bool:
        """Say whether it is still where it was made, and is still the same folder."""
        try:
            self.open().close()
        except OSError:
            return False
        return True

    def remove(self) -> str:
        """Remove it with everything in it; return "", or a sentence that says what is left and why.

        Where another thing has taken its place, nothing is removed.
        """
        why = ""
        for _ in range(_TRIES):  # a git that was killed may still be writing, and Windows lets go of files late
            try:
                if not self._parent.has(self._name):
                    return ""
                if not self.is_there():
                    return f"{self.path} has been moved away or replaced, and was left alone."
                self._remove()
            except OSError as error:
                why = error.strerror or str(error)
                time.sleep(_PAUSE_S)
        return f"{self.path} could not be removed ({why}). Remove it yourself."

    def _remove(self) -> None:
        with self.open() as own:
            _empty(own)
        # Proof: by its identity it was the folder that `make` made, an instant ago; and it goes only when empty.
        os.rmdir(self._parent.at(self._name), dir_fd=self._parent.descriptor)

    def close(self) -> None:
        """Let go of the folder it was made in."""
        self._parent.close()


def _empty(top: Folder) -> None:
    """Remove all that is in a private folder, one level at a time: what lies deeper is moved up to it first.

    So no tree is too deep, and two open folders are enough. Raises OSError, also for what is mounted in it.
    """
    while names := top.names():
        for name in names:
            if not top.has_folder(name):
                _unlink(top, name)
                continue
            with top.folder(name) as inner:
                if inner.identity.device != top.identity.device:
                    raise OSError(errno.EXDEV, "something is mounted in it")
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
    """Change what is in a private folder; where an entry (Windows) or its folder is read-only, make it writable."""
    try:
        change()
    except PermissionError:
        if folder.descriptor is None:
            (folder.path / name).chmod(stat.S_IWRITE)
        else:
            os.fchmod(folder.descriptor, 0o700)
        change()
