"""What is written down about a clone while it is made, so that the next run can tell what a stopped one has left.

One file per clone lies in the state folder, where nobody else writes: lines of JSON, each added as soon as it is true.
`folder`, `target` and `source` come before the private folder is made, `device`, `inode` and `inside` after it, `whole`
when git is done. The file is locked as long as its ccsetup lives. What is not as the record says is left alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ccsetup.core.folder import Identity
from ccsetup.core.made_folders import make_folder, remove_folders
from ccsetup.core.private_folder import PrivateFolder

_MOST_BYTES = 1 << 16
_LOCKED_BYTE = 1 << 30  # Windows locks bytes; one beyond the text leaves that readable


class Record:
    """The record of one clone, open and locked; where nothing could be written down, it remembers for this run only."""

    def __init__(self, path: Path | None, descriptor: int | None, told: Mapping[str, Any]) -> None:
        self._path, self._descriptor, self._told = path, descriptor, dict(told)

    def note(self, **more: object) -> None:
        """Add facts to it."""
        import json  # here and below: the first prompt does not wait for it

        self._told |= more
        if self._descriptor is not None:
            with suppress(OSError):
                os.write(self._descriptor, json.dumps(more).encode("ascii") + b"\n")

    @property
    def whole(self) -> bool:
        """Say whether git was done, and what it made was on its way to its place."""
        return bool(self._told.get("whole"))

    @property
    def target(self) -> Path:
        """The clone's own folder, once it is there."""
        return Path(self._told["target"])

    @property
    def source(self) -> str:
        """What is cloned: an address, for a submodule with its commit."""
        return str(self._told.get("source", ""))

    @property
    def inside(self) -> str:
        """The name of the folder in the private folder that the clone is made in."""
        return str(self._told.get("inside", ""))

    def private_folder(self) -> PrivateFolder | None:
        """Return the private folder, if the one that was made is still where it was made."""
        path, device, inode = (self._told.get(key) for key in ("folder", "device", "inode"))
        if not isinstance(path, str) or not isinstance(device, int) or not isinstance(inode, int):
            return None
        return PrivateFolder.found(Path(path), Identity(device, inode))

    def close(self) -> None:
        """Let go of it: the next run will find it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def forget(self) -> None:
        """Remove it: nothing is left that it speaks of."""
        self.close()
        if self._path:
            with suppress(OSError):
                # Proof: a record, made by `Records.begin` in ccsetup's own state folder.
                self._path.unlink()
            begun = self._told.get("folder") if "device" not in self._told else None
            unused = [Path(begun)] if begun else []  # a private folder that was made a moment ago, if at all
            remove_folders([*map(Path, self._told.get("made", ())), self._path.parent, *unused])


class Records:
    """The records there are, below the state folder."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "clones"

    def begin(self, folder: Path, target: Path, source: str) -> Record:
        """Write down that a private folder is about to be made for a clone at `target`."""
        told: dict[str, Any] = {"folder": str(folder), "target": str(target), "source": source}
        made: list[Path] = []
        path = self._folder / f"{folder.name.lstrip('.')}.json"
        try:
            make_folder(self._folder, made)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError:  # a home that nothing can be written to
            remove_folders(made)
            return Record(None, None, told)
        _lock(descriptor)
        record = Record(path, descriptor, {})
        record.note(**told, made=[str(each) for each in made])
        return record

    def speak_of(self, target: Path) -> bool:
        """Say whether a stopped run left the private folder of a clone that goes to `target`."""
        for _, told in self._all():
            if told.get("target") == str(target) and (there := Record(None, None, told).private_folder()):
                there.close()
                return True
        return False

    def left(self, top: Path) -> Iterator[Record | None]:
        """Yield the records of stopped clones to `top` and to folders below it; None for one that is being made."""
        for path, told in list(self._all()):
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
            else:  # its run was stopped before it said anything
                Record(path, descriptor, told).forget()

    def _all(self) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        for path in sorted(self._folder.glob("*.json")):
            yield path, _read(path)


def _read(path: Path) -> Mapping[str, Any]:
    """Return what a record says; a last line that is cut short says nothing."""
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
    """Lock a record for as long as this program lives; say whether nobody else has."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # a file system that knows no locks has nobody to wait for
        return sys.platform != "win32" and not isinstance(error, BlockingIOError)
    return True
