"""Texts from disk, and the door through which everything is written to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ccsetup.awsfiles import disk
from ccsetup.awsfiles.disk import encoded
from ccsetup.core.context import AwsTexts, Change
from ccsetup.core.errors import Problem
from ccsetup.core.made_folders import make_folder, remove_folders
from ccsetup.core.model import Edit, Plan, Receipt
from ccsetup.core.plain_file import SMALL
from ccsetup.core.state_folder import state_folder

if TYPE_CHECKING:
    from ccsetup.awsfiles.transaction import Draft, Exchange, Judge


class Files:
    """The disk. `judge` parses a file as botocore does (header → key → value); None leaves that to configparser.

    `state` is where backups are kept, `…/ccsetup`; None is the platform's place for a program's state. `command` is
    what the list of changes will say made them.
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
        self._cache_folders: list[Path] = []  # those that were made

    @property
    def backups(self) -> Path:
        """The folder they are kept in."""
        return self._state / "undo"

    def read(self) -> AwsTexts:
        """Read both AWS files. Raises Problem when one is there and cannot be read."""
        settings, secrets = self._paths()
        text = self._read(settings)
        return AwsTexts(settings, text, secrets, text if settings == secrets else self._read(secrets))

    def glimpse(self) -> tuple[AwsTexts, Mapping[Path, str]]:
        """Read both AWS files as far as that goes, and say of each one that cannot be read why."""
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
        """Return a file's text once nobody is writing it, and nothing is left half written."""
        with disk.explained(path, "read"):
            data = disk.steady(path)
            if data is not None and disk.is_linked(path):
                data = self._put_back_whole(path, data)
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def _put_back_whole(self, path: Path, data: bytes) -> bytes:
        """Return the bytes of a file that is written in place; put back the old ones where a run was killed in that."""
        from ccsetup.awsfiles import backups

        edits = (edit for change in backups.changes(self.backups)[:1] for edit in change.edits if edit.path == path)
        for edit in edits:
            before, after = encoded(edit.before), encoded(edit.after)
            if before and after and (disk.is_torn(data, before, after) or disk.is_torn(data, after, before)):
                self._exchange().finish(path, data, before)
                return before
        return data

    def seen(self, path: Path) -> str | None:
        """Return a small file's text, bytes that are no UTF-8 as surrogate escapes; None: not there. Raises Problem."""
        with disk.explained(path, "read"):
            data = disk.contents(path, SMALL)
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def mode(self, path: Path) -> int | None:
        """Return the permission bits of a file or folder; None where there is none, or none that can be seen."""
        try:
            return path.stat().st_mode & 0o7777
        except OSError:
            return None

    def listed(self, folder: Path) -> Sequence[Path]:
        """Return what lies in a folder, sorted; nothing where there is none, or none that can be seen."""
        try:
            return sorted(folder.iterdir())
        except OSError:
            return ()

    def _paths(self) -> tuple[Path, Path]:
        """Return where both files are, twice the same path where they are one file."""
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
            what = f"{variable} is set, but to nothing, so AWS tools find no {name} file."
            raise Problem(what, next=f"unset {variable}", code="env.overrides")
        return self._expanded(named)

    def _expanded(self, named: str) -> Path:
        first, *rest = Path(named).parts or (".",)
        if first == "~":
            return self._home.joinpath(*rest)
        return Path(os.path.expanduser(named)).absolute()  # noqa: PTH111 (Path's own raises for an unknown ~user)

    def apply(self, plan: Plan) -> Receipt:
        """Write the plan's edits as one transaction, with a backup. Raises Problem(code="file.changed") untouched."""
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
        """Raise Problem where a plan makes someone else of a profile that it does not name."""
        from ccsetup.awsfiles import edit_proof

        if any(edit.file for edit in plan.edits) and (names := edit_proof.others(plan, lambda: self.glimpse()[0])):
            raise edit_proof.decided(names)

    def put_back(self, receipt: Receipt) -> None:
        """Make every file of the receipt what it was, byte for byte, and remove its backup and made folders."""
        edits = receipt.plan.edits
        self.take_back(Change(receipt.at, "", receipt.plan.profile, edits, receipt.backups, receipt.made), edits)

    def tidy(self) -> None:
        """Remove what a run that was killed has left beside both files."""
        paths = self._paths()
        with disk.explained(paths[0], "write"):
            self._exchange().tidy(paths)

    def changes(self) -> Sequence[Change]:
        """Return the changes that can be undone, the latest first."""
        from ccsetup.awsfiles import backups

        with disk.explained(self.backups, "read"):
            return backups.changes(self.backups)

    def now(self, edit: Edit) -> str | None:
        """Return the text that is in an edit's file now; None when there is no file."""
        return self._read(edit.path)

    def take_back(self, change: Change, edits: Sequence[Edit]) -> None:
        """Undo these edits of a change (the others are undone already), and forget it. Raises Problem untouched."""
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
        """Write a private cache file (0600, folder 0700), atomically.

        Where `after` is None it is removed, unless another program has written to it since.
        """
        with disk.explained(edit.path, "write"):
            target, after = Path(os.path.realpath(edit.path)), encoded(edit.after)
            if after is None:
                if disk.contents(target) == encoded(edit.before):
                    # Proof: it holds what this program wrote to it.
                    target.unlink(missing_ok=True)
                remove_folders(self._cache_folders)
            else:
                make_folder(target.parent, self._cache_folders)
                disk.draft(target, after).replace(target)

    def text(self, path: Path) -> str:
        """Read a small text file the person named. Raises Problem when it is not there or cannot be read."""
        path = self._expanded(str(path))
        with disk.explained(path, "read"):
            data = disk.contents(path, SMALL)
        if data is None:
            raise Problem(f"There is no file {path}.", next="Name one that is there.", code="input.invalid")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Problem(f"{path} is not a text file in UTF-8.", code="input.invalid") from None

    def occupied(self, path: Path) -> bool:
        """Say whether something other than an empty folder is at that path."""
        with disk.explained(path, "read"):
            try:
                return any(path.iterdir())
            except FileNotFoundError:
                return path.is_symlink()
            except NotADirectoryError:
                return True
