"""Edits to disk: locked, compared, proven, backed up, replaced at once, and checked afterwards.

A file that is a symbolic link has its target replaced. One that has other names (hard links) is written in place, so
that they stay names of one file; where a run was killed in the middle of that, the backup tells, and the next one to
read puts back the old bytes (`Files.read`).

Other programs truncate these files and then write, without a lock, so a moment after replacing both names are looked
at again: the file, which another program may have overwritten with what it had read before, and the old file, into
which another program may still have written. Either way the change is taken back as far as it is still there and
Problem(code="file.changed") says so, for the caller to plan again on the text that is there now.
"""

from __future__ import annotations

import glob
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from ccsetup.awsfiles import disk, edit_proof
from ccsetup.awsfiles import edit as editing
from ccsetup.awsfiles.disk import encoded
from ccsetup.core.errors import Problem
from ccsetup.core.made_folders import make_folder, remove_folders
from ccsetup.core.model import Edit, Plan

LOCK_S = 30  # how long to wait for another ccsetup
SETTLE_S = 0.015  # how long another program may take from reading a small file to writing it,
SETTLE_S_PER_BYTE = 5e-9  # and how much longer for a large one

Judge = Callable[[Path], Mapping[str, Any]]


class Draft:
    """One edit on its way to the disk: the file that is there, and private ones beside it."""

    def __init__(self, edit: Edit, plan: Plan | None, mode: int | None) -> None:
        self.edit = edit
        self.target = Path(os.path.realpath(edit.path))
        self.before = encoded(edit.before)
        self.after = encoded(edit.after)
        self.mode: int | None = None  # of the file that is there
        self._mode = mode  # for the new one; None keeps it
        self._plan, self._sections = plan, plan.of(edit) if plan else ()
        self._new: Path | None = None  # holds the text to come
        self._old: Path | None = None  # another name of the file that is there, or a copy
        self._in_place = self._begun = False

    def prepare(self, judge: Judge | None) -> None:
        """Write the new text beside the file, and prove it."""
        self._compare()
        if self.before is None and os.path.lexists(self.target):
            what = f"{self.edit.path} is a device or a pipe, so there is nothing to write to."
            raise Problem(what, next="Name an ordinary file.", code="file.unreadable")
        if self.before is not None:
            status = self.target.stat()
            self.mode = stat.S_IMODE(status.st_mode)
            self._in_place = status.st_nlink > 1 and self.after is not None
            self._old = self._second_name()
        if self.after is not None:
            self._new = disk.draft(self.target, self.after)
            if self._plan:
                edit_proof.prove(self.edit, self._plan, judge and partial(self._judged, judge))
            if self.before is not None:
                _give(self._new, status)
            modes = (self._mode, self.edit.mode, self.mode, 0o600)
            self._new.chmod(next(mode for mode in modes if mode is not None))

    def _compare(self) -> None:
        if disk.contents(self.edit.path) != self.before:
            raise self._changed()

    def _changed(self) -> Problem:
        what = f"Another program has changed {self.edit.path} in the meantime, so nothing was written to it."
        return Problem(what, next="Run the same command again.", code="file.changed")

    def _second_name(self) -> Path:
        """Give the file a second name, by which it can be put back and watched; else a copy serves."""
        name = disk.draft_name(self.target)
        try:
            if self._in_place:
                raise OSError
            os.link(self.target, name)
        except OSError:
            name = disk.draft(self.target, self.before or b"")
            name.chmod(stat.S_IMODE(self.target.stat().st_mode))
        return name

    def _judged(self, judge: Judge, text: str) -> Mapping[str, Any]:
        """Ask the judge about the very file that is to come, or about a file with a part of it."""
        if text == self.edit.after and self._new:
            return judge(self._new)
        part = disk.draft(self.target, encoded(text) or b"")
        try:
            return judge(part)
        finally:
            disk.discard(part)

    def replace(self) -> None:
        """Put the new text, or nothing, in the file's place, if that is still what the edit was made for."""
        self._compare()
        if self._in_place:
            self._overwrite(self.after, self._new)
        elif self._new is None:
            # Proof: the plan says that there is no such file, and it holds what the plan was made on; a backup has it.
            self.target.unlink()
        else:
            self._new.replace(self.target)
        disk.sync(self.target.parent)

    def _overwrite(self, data: bytes | None, like: Path | None) -> None:
        """Write the file in place, so that its other names show it too, with the permissions of another one."""
        self._begun = True
        disk.overwrite(self.target, data or b"")
        if like is not None and stat.S_IMODE(like.stat().st_mode) != stat.S_IMODE(self.target.stat().st_mode):
            self.target.chmod(stat.S_IMODE(like.stat().st_mode))

    def look_again(self) -> None:
        """Raise Problem when another program, at work meanwhile, has undone the change or lost its own."""
        there = disk.contents(self.target)
        if there != self.after and not self._holds(disk.steady(self.target)):
            raise self._changed()
        if there == self.after and self._old and disk.contents(self._old) != self.before:
            raise self._changed()

    def _holds(self, there: bytes | None) -> bool:
        text = (there or b"").decode("utf-8", "surrogateescape")
        return bool(self._sections) and all(editing.holds(text, section) for section in self._sections)

    def restore(self) -> None:
        """Put the old file back in its place, unless somebody else's is there."""
        there = disk.contents(self.target)
        if self._begun and there != self.before:
            if there == self.after or disk.is_torn(there or b"", self.before or b"", self.after or b""):
                self._overwrite(self.before, self._old)
            return
        if there != self.after:
            return
        if self._old is not None:
            self._old.replace(self.target)
        elif self.after is not None:
            # Proof: there was no such file, and it holds what this change has written.
            self.target.unlink()
        disk.sync(self.target.parent)


def _tidy(target: Path) -> None:
    """Remove the private files beside a file, those of a run that was killed too: this is under its lock."""
    with suppress(OSError):
        for path in [*disk.drafts(target)]:
            disk.discard(path)


def _give(path: Path, like: os.stat_result) -> None:
    """Give a file the owner and group of another, as far as the system lets us."""
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(path, -1, like.st_gid)
            os.chown(path, like.st_uid, -1)


class Exchange:
    """Replaces files, all or none of them, each under its own lock; `others` are locked with them."""

    def __init__(self, others: Sequence[Path], state: Path, judge: Judge | None) -> None:
        self._others, self._state, self._judge = others, state, judge

    def run(
        self,
        edits: Sequence[Edit],
        plan: Plan | None,
        modes: Mapping[str, int | None],
        made: list[Path],
        keep: Callable[[Sequence[Draft]], Path | None],
    ) -> Path | None:
        """Prepare the edits, keep a backup, then replace every file or none.

        What the plan does not name is proven to stay; without one the edits put back what was there.
        """
        with ExitStack() as unmaking, disk.explained(edits[0].path, "write"), ExitStack() as always:
            unmaking.callback(remove_folders, made)
            drafts = [Draft(edit, plan, modes.get(str(edit.path))) for edit in edits]
            for draft in drafts:
                make_folder(draft.target.parent, made)
            for target in sorted(
                {Path(os.path.realpath(path)) for path in (*self._others, *(it.path for it in edits))}
            ):
                always.enter_context(self._locked(target, made))
                always.callback(_tidy, target)
                _tidy(target)
            for draft in drafts:
                draft.prepare(self._judge)
            with ExitStack() as failing:
                backup = keep(drafts)
                failing.callback(disk.discard, backup)
                for draft in drafts:
                    failing.callback(draft.restore)
                    draft.replace()
                time.sleep(SETTLE_S + SETTLE_S_PER_BYTE * max(len(draft.after or b"") for draft in drafts))
                for draft in drafts:
                    draft.look_again()
                failing.pop_all()
            unmaking.pop_all()
        return backup

    def tidy(self, paths: Iterable[Path]) -> None:
        """Remove what a run that was killed has left beside these files."""
        for target in {Path(os.path.realpath(path)) for path in paths}:
            if next(target.parent.glob(f".{glob.escape(target.name)}{disk.MARK}*"), None):
                with self._locked(target, []):
                    _tidy(target)

    def finish(self, path: Path, there: bytes, wanted: bytes) -> None:
        """Make a file, which a killed run left half written, what is wanted, if it is as it was found."""
        target = Path(os.path.realpath(path))
        with self._locked(target, []), disk.explained(path, "write"):
            if disk.contents(target) == there:
                disk.overwrite(target, wanted)

    @contextmanager
    def _locked(self, target: Path, made: list[Path]) -> Iterator[None]:
        """Keep every other ccsetup of this user away from a file."""
        from filelock import FileLock, Timeout

        name = sha256(os.fsencode(target)).hexdigest()[:32]
        lock = FileLock(str(self._lock_folder(made) / f"{name}.lock"), timeout=LOCK_S, mode=0o600)
        try:
            lock.acquire(poll_interval=0.01)
        except Timeout:
            what = f"Another ccsetup has been writing to {target} for {LOCK_S} seconds."
            raise Problem(what, next="End it, then run the same command again.", code="file.changed") from None
        try:
            yield
        finally:
            with suppress(OSError):  # what is written is written, and the lock goes with the process
                lock.release()

    def _lock_folder(self, made: list[Path]) -> Path:
        """Return a folder that nobody else can write to, outside the home unless somebody made that impossible."""
        with suppress(OSError):
            owner = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
            folder = Path(tempfile.gettempdir(), f"ccsetup{owner}")
            make_folder(folder, [])
            kind = folder.lstat()
            if not owner or (stat.S_ISDIR(kind.st_mode) and kind.st_uid == os.getuid() and not kind.st_mode & 0o077):
                return folder
        make_folder(self._state / "locks", made)
        return self._state / "locks"
