"""The backups that undo needs: one JSON file per change, private, the last 20 and at most 30 days.

Each holds `at`, `profile`, `made` (the folders that had to be made) and `files`: per path the text `before` (null when
there was no file), its `mode`, and the `sha256` of what was written (null when the file was removed). Undecodable bytes
are surrogate escapes. One that is cut short belongs to a change that never happened.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ccsetup import disk
from ccsetup.model import Edit

KEEP = 20
DAYS = 30

_STAMP = "%Y%m%dT%H%M%S.%fZ"


def keep(folder: Path, at: datetime, profile: str, edits: Sequence[tuple[Edit, int | None]], made: list[Path]) -> Path:
    """Write down the edits (each with its file's mode) so that they can be undone; return the new backup.

    Folders that have to be made are added to `made`.
    """
    disk.make_folder(folder, made)
    if os.name == "posix":
        folder.chmod(0o700)
    record = {
        "at": at.isoformat(),
        "profile": profile,
        "made": [str(path) for path in made],
        "files": [_entry(edit, mode) for edit, mode in edits],
    }
    path = folder / _next_name(folder, at)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with ExitStack() as failing:
        failing.callback(disk.discard, path)
        disk.write(fd, json.dumps(record).encode("ascii"))
        disk.sync(folder)
        failing.pop_all()
    return path


def _entry(edit: Edit, mode: int | None) -> dict[str, Any]:
    after = None if edit.after is None else edit.after.encode("utf-8", "surrogateescape")
    digest = None if after is None else hashlib.sha256(after).hexdigest()
    return {"path": str(edit.path), "before": edit.before, "mode": mode, "sha256": digest}


def _next_name(folder: Path, at: datetime) -> str:
    """Return a name that sorts after all others, even when the clock was set back, and that no other process takes."""
    stamp, number = at.strftime(_STAMP), 0
    if there := names(folder):
        last, count, *_ = there[-1].stem.split("-")
        if last >= stamp:
            stamp, number = last, int(count) + 1
    return f"{stamp}-{number:04}-{os.getpid()}.json"


def names(folder: Path) -> list[Path]:
    """Return the backups there are, the oldest first."""
    return sorted(folder.glob("*Z-[0-9]*-[0-9]*.json")) if folder.is_dir() else []


def modes(paths: Sequence[Path]) -> Mapping[str, int | None]:
    """Return the modes the files had, by path, as far as the backups still tell."""
    found: dict[str, int | None] = {}
    for path in paths:
        with suppress(OSError, ValueError):
            record = json.loads(path.read_text(encoding="ascii"))
            found.update({entry["path"]: entry["mode"] for entry in record["files"]})
    return found


def prune(folder: Path, now: datetime) -> None:
    """Remove what is older than 30 days, and all but the last 20, as far as the system lets us."""
    oldest = (now - timedelta(days=DAYS)).strftime(_STAMP)
    with suppress(OSError):
        there = names(folder)
        for path in [*there[:-KEEP], *(path for path in there[-KEEP:] if path.name < oldest)]:
            disk.discard(path)
