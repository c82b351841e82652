"""Records about clones in progress, so that the next run can finish or remove what an interrupted run left.

There is one file per clone in the state folder, where only ccsetup writes. It has lines of JSON, each added as soon as
it is true: `folder`, `target` and `source` before the private folder is created, `device`, `inode` and `inside` after
that, and `whole` when git is done. The file is locked while its ccsetup runs. If a folder doesn't match its record, it
is left alone.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ccsetup.core.folder import Identity
from ccsetup.core.made_folders import make_folder, remove_folders
from ccsetup.core.private_folder import PrivateFolder

_MOST_BYTES = 1 << 16
_LOCKED_BYTE = 1 << 30  # Windows locks bytes; locking one after the text leaves the text readable
_one_at_a_time = threading.RLock()  # for clones in other threads: no record is seen half made, no folder goes meanwhile


class Record:
    """The record of one clone, open and locked. If the file can't be written, it is kept only during this run."""

    def __init__(self, path: Path | None, descriptor: int | None, told: Mapping[str, Any]) -> None:
        self._path, self._descriptor, self._told = path, descriptor, dict(told)

    def note(self, **more: object) -> None:
        """Add facts to the record."""
        import json  # imported here and below so that the first prompt doesn't wait for it

        self._told |= more
        if self._descriptor is not None:
            with suppress(OSError):
                os.write(self._descriptor, json.dumps(more).encode("ascii") + b"\n")

    @property
    def whole(self) -> bool:
        """Whether git had finished and the clone was being moved into place."""
        return bool(self._told.get("whole"))

    @property
    def target(self) -> Path:
        """The clone's final folder."""
        return Path(self._told["target"])

    @property
    def source(self) -> str:
        """What is cloned: an address, and for a submodule also its commit."""
        return str(self._told.get("source", ""))

    @property
    def inside(self) -> str:
        """The name of the folder inside the private folder in which git clones."""
        return str(self._told.get("inside", ""))

    def private_folder(self) -> PrivateFolder | None:
        """Return the private folder, if it is still where it was created."""
        path, device, inode = (self._told.get(key) for key in ("folder", "device", "inode"))
        if not isinstance(path, str) or not isinstance(device, int) or not isinstance(inode, int):
            return None
        return PrivateFolder.found(Path(path), Identity(device, inode))

    def close(self) -> None:
        """Close the record. The next run will find it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def forget(self) -> None:
        """Remove the record, because nothing is left that it describes."""
        self.close()
        if self._path:
            begun = self._told.get("folder") if "device" not in self._told else None
            unused = [Path(begun)] if begun else []  # a private folder that was created a moment ago, if at all
            with _one_at_a_time:
                with suppress(OSError):
                    # Proof: a record, created by `Records.begin` in ccsetup's own state folder.
                    self._path.unlink()
                remove_folders([*map(Path, self._told.get("made", ())), self._path.parent, *unused])


class Records:
    """The records in the state folder."""

    def __init__(self, state: Path) -> None:
        self._folder, self._made = state / "clones", list[Path]()

    def begin(self, folder: Path, target: Path, source: str) -> Record:
        """Record that a private folder is about to be created for a clone at `target`."""
        told: dict[str, Any] = {"folder": str(folder), "target": str(target), "source": source}
        path = self._folder / f"{folder.name.lstrip('.')}.json"
        with _one_at_a_time:
            made: list[Path] = []
            try:
                make_folder(self._folder, made)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            except OSError:  # the home folder isn't writable
                remove_folders(made)
                return Record(None, None, told)
            _lock(descriptor)
            self._made += [each for each in made if each not in self._made]  # the last clone to end removes them
            record = Record(path, descriptor, {})
            record.note(**told, made=[str(each) for each in self._made])
        return record

    def speak_of(self, target: Path) -> bool:
        """Return whether an interrupted run left the private folder of a clone at `target`."""
        for _, told in self._all():
            if told.get("target") == str(target) and (there := Record(None, None, told).private_folder()):
                there.close()
                return True
        return False

    def left(self, top: Path) -> Iterator[Record | None]:
        """Yield the records of interrupted clones at and below `top`, and None for a clone in progress."""
        for path, told in self._all():
            target = Path(str(told.get("target", "")))
            if told and top != target and top not in target.parents:
                continue
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
            except OSError:
                continue
            if not _lock(descriptor):
                os.close(descriptor)
                yield None
            elif told:
                yield Record(path, descriptor, told)
            else:  # its run was interrupted before it recorded anything
                Record(path, descriptor, told).forget()

    def _all(self) -> list[tuple[Path, Mapping[str, Any]]]:
        with _one_at_a_time, suppress(OSError):
            return [(path, _read(path)) for path in sorted(self._folder.glob("*.json"))]
        return []  # this user may not read the folder, so no run of theirs has left anything in it


def _read(path: Path) -> Mapping[str, Any]:
    """Return the facts in a record. A truncated last line is ignored."""
    import json

    told: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        with path.open("rb") as file:
            lines = file.read(_MOST_BYTES).splitlines()
        for line in lines:
            added = json.loads(line)
            told |= added if isinstance(added, dict) else {}
    return told


def _lock(descriptor: int) -> bool:
    """Lock a record until this program ends. Return False if another program has locked it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # the file system doesn't support locks
        return sys.platform != "win32" and not isinstance(error, BlockingIOError)
    return True
