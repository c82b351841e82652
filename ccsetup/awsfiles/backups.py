"""The backups that undo needs: one JSON file per change, private, the last 20 and at most 30 days.

Each holds `at`, the `command` and `profile` it was made by and for, `made` (the folders that had to be made) and
`files`: per path which of AWS's files it is, the text `before` (null when there was no file), its `mode`, and what was
written as `after` (null when the file was removed): how many characters of the old text it begins with, what is new,
and how many it ends with; `given` is the mode it got, where it got one. Undecodable bytes are surrogate escapes. One
that is cut short belongs to a change that never happened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ccsetup.awsfiles import disk
from ccsetup.core import plain_file
from ccsetup.core.context import Change
from ccsetup.core.made_folders import make_folder
from ccsetup.core.model import Edit

KEEP = 20
DAYS = 30
_MOST = 8 * plain_file.AWS_FILE  # bytes of one backup, which holds both files as they were
UNDOING = ".undoing"  # behind the name of a backup of which the files are being put back

_STAMP = "%Y%m%dT%H%M%S.%fZ"


def keep(folder: Path, change: Change, modes: Sequence[int | None], made: list[Path]) -> Path:
    """Write a change down, with the modes its files had, so that it can be undone; return the new backup.

    Folders that have to be made are added to `made`, which is what the backup will say was made.
    """
    make_folder(folder, made)
    if os.name == "posix":
        folder.chmod(0o700)
    record = {
        "at": change.at.isoformat(),
        "command": change.command,
        "profile": change.profile,
        "made": [str(path) for path in made],
        "files": [_entry(edit, mode) for edit, mode in zip(change.edits, modes, strict=True)],
    }
    path = folder / _next_name(folder, change.at)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with ExitStack() as failing:
        failing.callback(disk.discard, path)
        disk.write(fd, json.dumps(record).encode("ascii"))
        disk.sync(folder)
        failing.pop_all()
    return path


def _entry(edit: Edit, mode: int | None) -> dict[str, Any]:
    after = None if edit.after is None else _splice(edit.before or "", edit.after)
    entry = {"path": str(edit.path), "file": edit.file, "before": edit.before, "mode": mode, "after": after}
    return entry if edit.mode is None else {**entry, "given": edit.mode}


def _splice(before: str, after: str) -> tuple[int, str, int]:
    """Return how many characters two texts begin with alike, what follows in the second, and how many end it alike."""
    head = disk.alike(before, after)
    tail = disk.alike(before[head:][::-1], after[head:][::-1])
    return head, after[head : len(after) - tail], tail


def changes(folder: Path) -> list[Change]:
    """Return the changes whose backups are there and whole, the latest first."""
    found = (_read(path) for path in reversed(names(folder)))
    return [change for change in found if change]


def _read(path: Path) -> Change | None:
    try:
        record = json.loads(plain_file.content(str(path), _MOST))
        edits = tuple(_edit(entry) for entry in record["files"])
        at, made = datetime.fromisoformat(record["at"]), tuple(Path(name) for name in record["made"])
        return Change(at, record["command"], record["profile"], edits, (path,), made, path.suffix == UNDOING)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _edit(entry: Mapping[str, Any]) -> Edit:
    before, after = entry["before"], entry["after"]
    if after is not None:
        head, new, tail = after
        old = before or ""
        after = old[:head] + new + old[len(old) - tail :]
    return Edit(Path(entry["path"]), before, after, entry["file"], entry.get("given"))


def _next_name(folder: Path, at: datetime) -> str:
    """Return a name that sorts after all others, even when the clock was set back, and that no other process takes."""
    stamp, number = at.strftime(_STAMP), 0
    if there := names(folder):
        last, count, *_ = there[-1].stem.split("-")
        if last >= stamp:
            stamp, number = last, int(count) + 1
    return f"{stamp}-{number:04}-{os.getpid()}.json"


def names(folder: Path) -> list[Path]:
    """Return the backups there are, the oldest first, one of a change that is being undone included."""
    return sorted(folder.glob("*Z-[0-9]*-[0-9]*.json*")) if folder.is_dir() else []


def begun(paths: Sequence[Path]) -> list[Path]:
    """Mark backups as those of a change that is being undone, so that a run that is killed is gone on with."""
    return [path if path.suffix == UNDOING else path.rename(f"{path}{UNDOING}") for path in paths]


def unbegun(paths: Sequence[Path]) -> None:
    """Take that mark away: nothing was undone."""
    for path in paths:
        with suppress(OSError):
            path.rename(path.with_suffix(""))


def modes(paths: Sequence[Path]) -> Mapping[str, int | None]:
    """Return the modes the files had, by path, as far as the backups still tell."""
    found: dict[str, int | None] = {}
    for path in paths:
        with suppress(OSError, ValueError):
            record = json.loads(plain_file.content(str(path), _MOST))
            found.update({entry["path"]: entry["mode"] for entry in record["files"]})
    return found


def prune(folder: Path, now: datetime) -> None:
    """Remove what is older than 30 days, and all but the last 20, as far as the system lets us."""
    oldest = (now - timedelta(days=DAYS)).strftime(_STAMP)
    with suppress(OSError):
        there = names(folder)
        for path in [*there[:-KEEP], *(path for path in there[-KEEP:] if path.name < oldest)]:
            disk.discard(path)
