"""The backups for undo: one private JSON file per change, the last 20 for up to 30 days.

Each contains `at`, the `command` and the `profile` of the change, `made` (the folders that it created), `joins` (the
names of the backups that it was made of) and `files`. For
each path, `files` tells which AWS file it is, the text `before` (null if there was no file), its `mode`, and `after`
(null if the file was removed): how many characters of the old text it starts with, what is new, and how many it ends
with. `given` is the new mode, if it was set. Undecodable bytes are surrogate escapes. A truncated backup belongs to a
change that didn't happen.
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
_MOST = 8 * plain_file.AWS_FILE  # bytes of one backup, which contains both files
UNDOING = ".undoing"  # suffix of a backup while its files are being restored

_STAMP = "%Y%m%dT%H%M%S.%fZ"


def keep(
    folder: Path, change: Change, modes: Sequence[int | None], made: list[Path], joins: Sequence[Path] = ()
) -> Path:
    """Store a change, with the modes of its files, so that it can be undone. Return the new backup.

    Folders that must be created are added to `made`, which is stored in the backup. The backups that it `joins` don't
    count from now on, even if a killed run leaves them.
    """
    make_folder(folder, made)
    if os.name == "posix":
        folder.chmod(0o700)
    record = {
        "at": change.at.isoformat(),
        "command": change.command,
        "profile": change.profile,
        "made": [str(path) for path in made],
        **({"joins": [path.name for path in joins]} if joins else {}),
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


def join(folder: Path, paths: Sequence[Path]) -> Path | None:
    """Replace the backups of successive changes, oldest first, by one that undoes all of them. Return it.

    None, and nothing is changed, if one of them can't be read or another program wrote to a file in between.
    """
    made = [_read(path) for path in paths]
    found = [change for change in made if change]
    if len(found) < max(2, len(paths)):
        return None
    edits: dict[Path, Edit] = {}
    for edit in (edit for change in found for edit in change.edits):
        first = edits.get(edit.path)
        if first and first.after != edit.before:
            return None
        mode = edit.mode if edit.mode is not None else first.mode if first else None
        edits[edit.path] = edit._replace(before=first.before if first else edit.before, mode=mode)
    before = modes(paths[::-1])
    profiles = ", ".join(dict.fromkeys(change.profile for change in found if change.profile))
    folders = [*dict.fromkeys(path for change in found for path in change.made)]
    whole = Change(found[-1].at, found[0].command, profiles, tuple(edits.values()))
    joined = keep(folder, whole, [before.get(str(path)) for path in edits], folders, paths)
    for path in reversed(paths):
        disk.discard(path)
    return joined


def _entry(edit: Edit, mode: int | None) -> dict[str, Any]:
    after = None if edit.after is None else _splice(edit.before or "", edit.after)
    entry = {"path": str(edit.path), "file": edit.file, "before": edit.before, "mode": mode, "after": after}
    return entry if edit.mode is None else {**entry, "given": edit.mode}


def _splice(before: str, after: str) -> tuple[int, str, int]:
    """Return the length of the common prefix, the new part of the second text, and the length of the common suffix."""
    head = disk.alike(before, after)
    tail = disk.alike(before[head:][::-1], after[head:][::-1])
    return head, after[head : len(after) - tail], tail


def changes(folder: Path) -> list[Change]:
    """Return the changes with complete backups, latest first. Backups that were joined belong to the joined change."""
    there = names(folder)
    joined: set[Path] = set()
    found = []
    for path in reversed(there):
        change = _read(path)
        if change is None or path in joined:
            continue
        names_of_parts = _joins(path)
        parts = [one for one in there if one.name.removesuffix(UNDOING) in names_of_parts]
        joined.update(parts)
        found.append(change._replace(backups=(*reversed(parts), path)))  # the one that tells is removed last
    return found


def _joins(path: Path) -> Sequence[str]:
    """Return the names of the backups that a backup was made of."""
    try:
        return [str(name) for name in json.loads(plain_file.content(str(path), _MOST)).get("joins", ())]
    except (OSError, ValueError, TypeError, AttributeError):
        return []


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
    """Return an unused name that sorts after all others, even if the clock was set back."""
    stamp, number = at.strftime(_STAMP), 0
    if there := names(folder):
        last, count, *_ = there[-1].stem.split("-")
        if last >= stamp:
            stamp, number = last, int(count) + 1
    return f"{stamp}-{number:04}-{os.getpid()}.json"


def names(folder: Path) -> list[Path]:
    """Return all backups, oldest first, including one of a change that is being undone."""
    return sorted(folder.glob("*Z-[0-9]*-[0-9]*.json*")) if folder.is_dir() else []


def begun(paths: Sequence[Path]) -> list[Path]:
    """Mark backups of a change that is being undone, so that an interrupted undo is resumed."""
    return [path if path.suffix == UNDOING else path.rename(f"{path}{UNDOING}") for path in paths]


def unbegun(paths: Sequence[Path]) -> None:
    """Remove the mark, because nothing was undone."""
    for path in paths:
        with suppress(OSError):
            path.rename(path.with_suffix(""))


def modes(paths: Sequence[Path]) -> Mapping[str, int | None]:
    """Return the earlier modes of the files by path, as far as the backups have them."""
    found: dict[str, int | None] = {}
    for path in paths:
        with suppress(OSError, ValueError):
            record = json.loads(plain_file.content(str(path), _MOST))
            found.update({entry["path"]: entry["mode"] for entry in record["files"]})
    return found


def prune(folder: Path, now: datetime) -> None:
    """Remove backups older than 30 days, and all but the last 20, as far as the system allows it."""
    oldest = (now - timedelta(days=DAYS)).strftime(_STAMP)
    with suppress(OSError):
        there = names(folder)
        for path in [*there[:-KEEP], *(path for path in there[-KEEP:] if path.name < oldest)]:
            disk.discard(path)
