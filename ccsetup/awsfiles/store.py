"""Reads files from disk, and performs all writes to the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ccsetup.awsfiles import disk
from ccsetup.awsfiles.disk import encoded
from ccsetup.core import detours
from ccsetup.core.context import AwsTexts, Change
from ccsetup.core.errors import Problem
from ccsetup.core.made_folders import make_folder, remove_folders
from ccsetup.core.model import Edit, Plan, Receipt
from ccsetup.core.plain_file import SMALL
from ccsetup.core.state_folder import state_folder

if TYPE_CHECKING:
    from ccsetup.awsfiles.transaction import Draft, Exchange, Judge


class Files:
    """The disk. `judge` parses a file as botocore does (header → key → value). If it is None, configparser is used.

    `state` is the folder for backups, `…/ccsetup`. None means the platform's default. `command` is stored with each
    change for the list of changes.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        home: Path,
        now: Callable[[], datetime],
        judge: Judge | None = None,
        state: Path | None = None,
        command: str = "",
    ) -> None:
        self._env = env
        self._home = home
        self._now = now
        self._judge = judge
        self._state = state or state_folder(env, home)
        self._command = command
        self._cleared: set[Path] = set()
        self._cache_folders: list[Path] = []  # the folders that were created

    @property
    def backups(self) -> Path:
        """The folder of the backups."""
        return self._state / "undo"

    def read(self) -> AwsTexts:
        """Read both AWS files. Raises Problem if one exists and can't be read."""
        settings, secrets = self._paths()
        text = self._read(settings)
        return AwsTexts(settings, text, secrets, text if settings == secrets else self._read(secrets))

    def glimpse(self) -> tuple[AwsTexts, Mapping[Path, str]]:
        """Read both AWS files as far as possible. Also return why, for each one that can't be read."""
        found: list[tuple[Path, str | None]] = []
        why: dict[Path, str] = {}
        for variable, name in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
            path, text = self._home / ".aws" / name, None
            try:
                path = self._path(variable, name)
                text = self._read(path)
            except Problem as problem:
                why[path] = problem.what
            found.append((path, text))
        if disk.is_same(found[0][0], found[1][0]):
            found = [min(found, key=lambda it: it[0].is_symlink())] * 2
        return AwsTexts(*found[0], *found[1]), why

    def _read(self, path: Path) -> str | None:
        """Return a file's text once no program is writing it, after restoring it if a run was killed while writing."""
        self._clear(path)
        with disk.explained(path, "read"):
            data = disk.steady(path)
            if data is not None and disk.is_linked(path):
                data = self._put_back_whole(path, data)
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def _clear(self, path: Path) -> None:
        """Remove the drafts that a killed run left next to a file, once, unless another run is writing right now."""
        if path not in self._cleared:
            self._cleared.add(path)
            with suppress(Problem, OSError):
                if next(disk.drafts(Path(os.path.realpath(path))), None):
                    self._exchange().tidy([path], wait_s=0)

    def _put_back_whole(self, path: Path, data: bytes) -> bytes:
        """Return the bytes of a file that is written in place. If a run was killed meanwhile, restore the old ones."""
        from ccsetup.awsfiles import backups

        edits = (edit for change in backups.changes(self.backups)[:1] for edit in change.edits if edit.path == path)
        for edit in edits:
            before, after = encoded(edit.before), encoded(edit.after)
            if before and after and (disk.is_torn(data, before, after) or disk.is_torn(data, after, before)):
                self._exchange().finish(path, data, before)
                return before
        return data

    def seen(self, path: Path) -> str | None:
        """Return a small file's text (invalid UTF-8 as surrogate escapes), None if it doesn't exist. Raises Problem."""
        with disk.explained(path, "read"):
            data = disk.contents(path, SMALL)
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def mode(self, path: Path) -> int | None:
        """Return the permission bits of a file or folder, None if it doesn't exist or isn't visible."""
        try:
            return path.stat().st_mode & 0o7777
        except OSError:
            return None

    def listed(self, folder: Path) -> Sequence[Path]:
        """Return the sorted contents of a folder, nothing if it doesn't exist or isn't visible."""
        try:
            return sorted(folder.iterdir())
        except OSError:
            return ()

    def _paths(self) -> tuple[Path, Path]:
        """Return the paths of both files, the same path twice if they are one file."""
        both = self._path("AWS_CONFIG_FILE", "config"), self._path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        if not disk.is_same(*both):
            return both
        one = min(both, key=Path.is_symlink)
        return one, one

    def _path(self, variable: str, name: str) -> Path:
        if variable not in self._env:
            return self._home / ".aws" / name
        named = os.path.expandvars(self._env[variable])
        if not named:
            what = f"{variable} is set but empty, so AWS tools can't find the {name} file."
            raise Problem(what, next=detours.without([variable], self._env), code="env.overrides")
        return self._expanded(named)

    def _expanded(self, named: str) -> Path:
        first, *rest = Path(named).parts or (".",)
        if first == "~":
            return self._home.joinpath(*rest)
        return Path(os.path.expanduser(named)).absolute()  # noqa: PTH111 (Path.expanduser raises for an unknown ~user)

    def apply(self, plan: Plan) -> Receipt:
        """Write the plan's edits as one transaction, with a backup.

        Raises Problem(code="file.changed") and changes nothing if a file has changed.
        """
        from ccsetup.awsfiles import backups

        at, made = self._now(), list[Path]()
        edits = [edit for edit in plan.edits if edit.before != edit.after or edit.mode is not None]
        if not edits:
            self.tidy()
            return Receipt(plan, at)

        def keep(drafts: Sequence[Draft]) -> Path:
            self._refuse_others(plan)
            change = Change(at, self._command, plan.profile, tuple(draft.edit for draft in drafts))
            return backups.keep(self.backups, change, [draft.mode for draft in drafts], made)

        backup = self._exchange().run(edits, plan, {}, made, keep)
        backups.prune(self.backups, at)
        return Receipt(plan, at, (backup,) if backup else (), tuple(made))

    def _refuse_others(self, plan: Plan) -> None:
        """Raise Problem if a plan changes the identity of a profile that it doesn't name."""
        from ccsetup.awsfiles import edit_proof

        if any(edit.file for edit in plan.edits) and (names := edit_proof.others(plan, lambda: self.glimpse()[0])):
            raise edit_proof.decided(names)

    def put_back(self, receipt: Receipt) -> None:
        """Restore every file of the receipt byte for byte, and remove its backup and the folders it created."""
        edits = receipt.plan.edits
        self.take_back(Change(receipt.at, "", receipt.plan.profile, edits, receipt.backups, receipt.made), edits)

    def join(self, made: Sequence[Path]) -> Sequence[Path]:
        """Let the backups of successive changes, oldest first, become one, so that one undo undoes all of them.

        Returns the backups that there are then.
        """
        from ccsetup.awsfiles import backups

        with disk.explained(self.backups, "write"):
            joined = backups.join(self.backups, made)
        return (joined,) if joined else made

    def tidy(self) -> None:
        """Remove what a killed run left next to both files."""
        paths = self._paths()
        with disk.explained(paths[0], "write"):
            self._exchange().tidy(paths)

    def changes(self) -> Sequence[Change]:
        """Return the changes that can be undone, latest first."""
        from ccsetup.awsfiles import backups

        with disk.explained(self.backups, "read"):
            return backups.changes(self.backups)

    def now(self, edit: Edit) -> str | None:
        """Return the current text of an edit's file, None if there is no file."""
        return self._read(edit.path)

    def take_back(self, change: Change, edits: Sequence[Edit]) -> None:
        """Undo these edits of a change (the others are undone already) and delete its backup.

        Raises Problem and changes nothing if a file has changed.
        """
        from ccsetup.awsfiles import backups
        from ccsetup.awsfiles.plan import undo

        back = undo(Plan(change.profile, "", edits=tuple(edits))).edits
        there = [path for path in change.backups if path.exists()]
        if wanted := [edit for edit in back if edit.before != edit.after or edit.mode is not None]:
            with disk.explained(self.backups, "write"):
                there = backups.begun(there)
            with ExitStack() as failing:
                failing.callback(backups.unbegun, [] if change.undoing else there)
                self._exchange().run(wanted, None, backups.modes(there), [], lambda _: None)
                failing.pop_all()
        self._exchange().tidy(edit.path for edit in change.edits)
        remove_folders([*change.made])
        for backup in there:
            disk.discard(backup)
        remove_folders([*change.made])

    def _exchange(self) -> Exchange:
        from ccsetup.awsfiles.transaction import Exchange

        return Exchange(self._paths(), self._state, self._judge)

    def store(self, edit: Edit) -> None:
        """Write a private cache file (0600, folder 0700) atomically.

        If `after` is None, remove it, unless another program has written to it since.
        """
        with disk.explained(edit.path, "write"):
            target, after = Path(os.path.realpath(edit.path)), encoded(edit.after)
            if after is None:
                if disk.contents(target) == encoded(edit.before):
                    # Proof: it contains what this program wrote to it, or a cached session that you asked to remove.
                    disk.patiently(partial(target.unlink, missing_ok=True), target)
                remove_folders(self._cache_folders)
            else:
                make_folder(target.parent, self._cache_folders)
                for stale in disk.drafts(target):
                    if disk.is_abandoned(stale):
                        disk.discard(stale)
                draft = disk.draft(target, after)
                with ExitStack() as failing:
                    failing.callback(disk.discard, draft)
                    disk.replace(draft, target)
                    failing.pop_all()

    def text(self, path: Path) -> str:
        """Read a small text file that the user named. Raises Problem if it doesn't exist or can't be read."""
        path = self._expanded(str(path))
        with disk.explained(path, "read"):
            data = disk.contents(path, SMALL)
        if data is None:
            why = "is empty" if path.exists() else "doesn't exist"  # for example, /dev/null
            raise Problem(f"The file {path} {why}.", next="Check the path.", code="input.invalid")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Problem(f"{path} isn't a UTF-8 text file.", code="input.invalid") from None

    def occupied(self, path: Path) -> bool:
        """Return whether there is something other than an empty folder at that path."""
        with disk.explained(path, "read"):
            try:
                return any(path.iterdir())
            except FileNotFoundError:
                return path.is_symlink()
            except NotADirectoryError:
                return True
