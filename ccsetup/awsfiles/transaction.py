"""Writes edits to disk: locks, compares, proves, backs up, replaces atomically, and checks the result.

If a file is a symbolic link, its target is replaced. A file with hard links is written in place, so that they all stay
names of one file. If a run is killed during that, the backup shows it, and the next run that reads the file restores
the old bytes (`Files.read`).

Other programs truncate these files and then write, without a lock. So a moment after the replacement both files are
checked again: the new file, which another program may have overwritten with what it had read before, and the old file,
to which another program may still have written. In either case, the change is undone as far as it is still there, and
Problem(code="file.changed") is raised, so that the caller can plan again with the current text.
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
from ccsetup.core import code_page, executables, plain_file
from ccsetup.core.errors import Problem
from ccsetup.core.made_folders import make_folder, remove_folders
from ccsetup.core.model import Edit, Plan

LOCK_S = 30  # seconds to wait for another ccsetup
SETTLE_S = 0.015  # how long another program may take between reading and writing a small file,
SETTLE_S_PER_BYTE = 5e-9  # and how much longer for a large file

Judge = Callable[[Path], Mapping[str, Any]]


class Draft:
    """One edit in progress: the existing file, and private files next to it."""

    def __init__(self, edit: Edit, plan: Plan | None, mode: int | None) -> None:
        self.edit = edit
        self.target = Path(os.path.realpath(edit.path))
        self.before = encoded(edit.before)
        self.after = encoded(edit.after)
        self.mode: int | None = None  # the existing file's
        self._mode = mode  # the new file's; None keeps it
        self._plan, self._sections = plan, plan.of(edit) if plan else ()
        self._new: Path | None = None  # contains the new text
        self._old: Path | None = None  # another name of the existing file, or a copy
        self._in_place = self._begun = False

    def prepare(self, judge: Judge | None) -> None:
        """Write the new text to a file next to the target, and prove it."""
        self._compare()
        if self.before is None and os.path.lexists(self.target):
            what = f"{self.edit.path} is a device or a pipe, so ccsetup can't write to it."
            raise Problem(what, next="Use a regular file.", code="file.unreadable")
        if self.before is not None:
            status = self.target.stat()
            self.mode = stat.S_IMODE(status.st_mode)
            self._in_place = status.st_nlink > 1 and self.after is not None
            self._old = self._second_name()
        if self.after is not None:
            self._new = disk.draft(self.target, self.after)
            if self._plan:
                # In another encoding than UTF-8, botocore reads other letters. Its parser is then given the text.
                plain = self.after.isascii() or not code_page.of_system()
                edit_proof.prove(self.edit, self._plan, partial(self._judged, judge) if judge and plain else None)
            if self.before is not None:
                _give(self._new, status)
            modes = (self._mode, self.edit.mode, self.mode, 0o600)
            self._new.chmod(next(mode for mode in modes if mode is not None))

    def _compare(self) -> None:
        if disk.contents(self.edit.path) != self.before:
            raise self._changed()

    def _changed(self) -> Problem:
        what = f"Another program changed {self.edit.path} in the meantime, so ccsetup didn't write to it."
        return Problem(what, next="Run the same command again.", code="file.changed")

    def _second_name(self) -> Path:
        """Give the file a second name, so that it can be restored and checked. If that isn't possible, copy it.

        On Windows it is always copied: if another program has the file open, none of its names can be removed.
        """
        name = disk.draft_name(self.target)
        try:
            if self._in_place or executables.WINDOWS:
                raise OSError
            os.link(self.target, name)
        except OSError:
            name = disk.draft(self.target, self.before or b"")
            name.chmod(stat.S_IMODE(self.target.stat().st_mode))
        return name

    def _judged(self, judge: Judge, text: str) -> Mapping[str, Any]:
        """Have the judge parse the new file itself, or a file with a part of it."""
        if text == self.edit.after and self._new:
            return judge(self._new)
        part = disk.draft(self.target, encoded(text) or b"")
        try:
            return judge(part)
        finally:
            disk.discard(part)

    def replace(self) -> None:
        """Replace or remove the file, if it is still what the edit was made for."""
        self._compare()
        if self._in_place:
            self._overwrite(self.after, self._new)
        elif self._new is None:
            # Proof: the plan removes the file, it still contains what the plan was made for, and a backup has it.
            disk.patiently(self.target.unlink, self.target)
        else:
            disk.replace(self._new, self.target)
        disk.sync(self.target.parent)

    def _overwrite(self, data: bytes | None, like: Path | None) -> None:
        """Write the file in place, so that its hard links have the new text too, with another file's permissions."""
        self._begun = True
        disk.overwrite(self.target, data or b"")
        if like is not None and stat.S_IMODE(like.stat().st_mode) != stat.S_IMODE(self.target.stat().st_mode):
            self.target.chmod(stat.S_IMODE(like.stat().st_mode))

    def look_again(self) -> None:
        """Raise Problem if another program that wrote meanwhile has undone the change or lost its own."""
        there = disk.contents(self.target)
        if there != self.after and not self._holds(disk.steady(self.target)):
            raise self._changed()
        if there == self.after and self._old and disk.contents(self._old) != self.before:
            raise self._changed()

    def _holds(self, there: bytes | None) -> bool:
        text = (there or b"").decode("utf-8", "surrogateescape")
        return bool(self._sections) and all(editing.holds(text, section) for section in self._sections)

    def restore(self) -> None:
        """Restore the old file, unless another program has written a new one."""
        there = disk.contents(self.target)
        if self._begun and there != self.before:
            if there == self.after or disk.is_torn(there or b"", self.before or b"", self.after or b""):
                self._overwrite(self.before, self._old)
            return
        if there != self.after:
            return
        if self._old is not None:
            disk.replace(self._old, self.target)
        elif self.after is not None:
            # Proof: the file didn't exist before, and it contains what this change has written.
            disk.patiently(self.target.unlink, self.target)
        disk.sync(self.target.parent)


def _tidy(target: Path) -> None:
    """Remove the private files next to a file, including those of a killed run. The lock must be held."""
    with suppress(OSError):
        for path in [*disk.drafts(target)]:
            disk.discard(path)


def _give(path: Path, like: os.stat_result) -> None:
    """Give a file the owner and group of another file, as far as the system allows it."""
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(path, -1, like.st_gid)
            os.chown(path, like.st_uid, -1)


class Exchange:
    """Replaces all of the files or none, each with its own lock. `others` are locked too."""

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
        """Prepare the edits, write a backup, then replace all files or none.

        Everything that the plan doesn't name is proven to stay. Without a plan, the edits restore earlier contents.
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

    def tidy(self, paths: Iterable[Path], wait_s: float | None = None) -> None:
        """Remove what a killed run left next to these files. Raises Problem if another run has a file locked."""
        for target in {Path(os.path.realpath(path)) for path in paths}:
            if next(target.parent.glob(f".{glob.escape(target.name)}{plain_file.MARK}*"), None):
                with self._locked(target, [], wait_s):
                    _tidy(target)

    def finish(self, path: Path, there: bytes, wanted: bytes) -> None:
        """Write the wanted bytes to a file that a killed run left incomplete, if it hasn't changed since then."""
        target = Path(os.path.realpath(path))
        with self._locked(target, []), disk.explained(path, "write"):
            if disk.contents(target) == there:
                disk.overwrite(target, wanted)

    @contextmanager
    def _locked(self, target: Path, made: list[Path], wait_s: float | None = None) -> Iterator[None]:
        """Lock a file against this user's other ccsetup processes."""
        from filelock import FileLock, Timeout

        wait_s = LOCK_S if wait_s is None else wait_s
        name = sha256(os.fsencode(target)).hexdigest()[:32]
        lock = FileLock(str(self._lock_folder(made) / f"{name}.lock"), timeout=wait_s, mode=0o600)
        try:
            lock.acquire(poll_interval=0.01)
        except Timeout:
            what = f"Another ccsetup process has been writing to {target} for {wait_s:.0f} seconds."
            raise Problem(
                what, next="Stop the other process, then run the same command again.", code="file.changed"
            ) from None
        try:
            yield
        finally:
            with suppress(OSError):  # the file is written already, and the lock ends with the process
                lock.release()

    def _lock_folder(self, made: list[Path]) -> Path:
        """Return a folder that only this user can write to. It is outside the home folder if possible."""
        with suppress(OSError):
            owner = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
            folder = Path(tempfile.gettempdir(), f"ccsetup{owner}")
            make_folder(folder, [])
            kind = folder.lstat()
            if not owner or (stat.S_ISDIR(kind.st_mode) and kind.st_uid == os.getuid() and not kind.st_mode & 0o077):
                return folder
        make_folder(self._state / "locks", made)
        return self._state / "locks"
