"""A clone in the making: a private folder beside its place, git's own clone in it, and one move when it is whole.

What may be removed is that private folder alone. A folder that a person can see is never cleared, and nothing in it is
replaced: where the clone goes into an empty folder that is there, its entries are moved up one by one, `.git` last.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from ccsetup.core.concurrency import uninterrupted
from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.folder import Folder
from ccsetup.core.private_folder import PrivateFolder, fresh_name
from ccsetup.git.clone_record import Record, Records
from ccsetup.git.process import Done

KEPT = "Cancelled. The clone is in its place and is kept."


class Site(NamedTuple):
    """Where git makes a clone: a folder that nobody can guess, and the clone's path in it."""

    folder: Path
    name: str

    @property
    def repository(self) -> Path:
        """The clone itself."""
        return self.folder / self.name


Fill = Callable[[Site], Done]


class Aim(NamedTuple):
    """Where a clone goes: a folder that is there, and what has to be made below it, the clone's own folder last.

    Without parts the clone goes into `base` itself.
    """

    base: Path
    parts: tuple[str, ...]

    @property
    def target(self) -> Path:
        """The clone's own folder."""
        return self.base.joinpath(*self.parts)


def aim(directory: Path) -> Aim:
    """Return where a clone to this directory goes; links that lead there are followed. Raises Problem."""
    try:
        if directory.is_symlink() and not directory.exists():
            raise _in_the_way(directory, "is a link that leads nowhere")
        target = directory.resolve()
        base = next(place for place in (target, *target.parents) if place.exists())
        if not base.is_dir():
            raise _in_the_way(base, "is there already and is not a folder")
    except (OSError, RuntimeError) as error:  # a part that may not be read, or links in a circle
        raise _unusable(directory, error) from error
    return Aim(base, target.relative_to(base).parts)


class PrivateClone:
    """A private folder, a folder in it that nobody can guess, in that a clone; and the record of them.

    git removes what it made when it fails, by the path that it was told. Were the private folder swapped for a link
    meanwhile, nothing of that path would be where the link leads.
    """

    def __init__(self, folder: PrivateFolder, record: Record, place: Aim) -> None:
        self._folder, self._record, self._place = folder, record, place
        self._parts = place.parts or ("clone",)
        self.visible = record.whole and not place.parts  # whether entries may lie in the target already

    @classmethod
    def begin(cls, records: Records, place: Aim, source: str) -> PrivateClone:
        """Make the private folder, and write it down. Raises Problem."""
        name = fresh_name()
        record = records.begin(place.base / name, place.target, source)
        try:
            folder = PrivateFolder.make(place.base, name)
        except OSError as error:
            record.forget()
            raise _unusable(place.target, error) from error
        record.note(device=folder.identity.device, inode=folder.identity.inode, inside=fresh_name(""))
        work = cls(folder, record, place)
        try:
            with folder.open() as own:
                own.make(record.inside)
        except OSError as error:
            raise _with_left(_unusable(place.target, error), work.discard()) from error
        return work

    @classmethod
    def again(cls, record: Record) -> PrivateClone | None:
        """Return what a stopped run left; None, and the record is gone, where nothing of it is there."""
        folder = record.private_folder()
        if not folder:
            record.forget()
            return None
        base = folder.path.parent
        return cls(folder, record, Aim(base, record.target.relative_to(base).parts))

    @classmethod
    def whole(cls, records: Records, target: Path, source: str) -> PrivateClone | None:
        """Return what a stopped run left whole; what else it left is removed. Raises Problem.

        A clone of something else stays where parts of it may be visible: they belong together.
        """
        for record in records.left(target):
            if not record:
                raise Problem(
                    f"Another ccsetup is cloning into {target} right now.",
                    next="Wait until it is done, or stop it; then run the same command again.",
                    code="git.failed",
                )
            work = cls.again(record)
            if work and record.whole and record.target == target:
                if record.source == source:
                    return work
                if work.visible:
                    work.keep()
                    raise _in_the_way(target, f"holds a part of {record.source}, whose clone was stopped")
            left = work.discard() if work else ""
            if left:
                raise Problem(f"A clone to {target} was stopped. {left}", code="git.failed")
        return None

    @property
    def site(self) -> Site:
        """Where git makes the clone."""
        return Site(self._folder.path / self._record.inside, "/".join(self._parts))

    def discard(self) -> str:
        """Remove the private folder with what is in it; return "", or a sentence that says what is left."""
        left = self._folder.remove()
        self._folder.close()
        if left:
            self._record.close()
        else:
            self._record.forget()
        return left

    def keep(self) -> None:
        """Leave everything for the next run."""
        self._folder.close()
        self._record.close()

    def into_place(self) -> None:
        """Move the clone to its place. Raises Problem, with nothing replaced, where something else is there."""
        self._record.note(whole=True)
        around = self._folder.parent
        if not around.is_at(self._place.base):
            raise _in_the_way(self._place.base, "has been moved away or replaced meanwhile")
        try:
            with self._folder.open() as own, own.folder(self._record.inside) as inside:
                self._unlock(own, inside)
                if self._place.parts:
                    self._move_over(inside, around)
                else:
                    self._move_up(inside, around)
        except OSError as error:
            raise _unusable(self._place.target, error) from error

    def _unlock(self, own: Folder, inside: Folder) -> None:
        """Take the index's lock out of the clone: git is over, and where it was killed it has left that."""
        with ExitStack() as opened:
            at = inside
            for name in (*self._parts, ".git"):
                if not at.has_folder(name):
                    return
                at = opened.enter_context(at.folder(name))
            if at.has("index.lock"):
                at.move("index.lock", own, fresh_name())

    def _move_over(self, source: Folder, goal: Folder, depth: int = 0) -> None:
        """Move the outermost folder that is missing, and the clone with it."""
        name = self._parts[depth]
        if not source.has_folder(name):
            return  # a run that was stopped came as far as this
        try:
            source.move(name, goal, name)
        except FileExistsError:
            if depth == len(self._parts) - 1 or not goal.has_folder(name):
                raise _appeared(goal.path / name) from None
            with source.folder(name) as inner, goal.folder(name) as made_meanwhile:
                self._move_over(inner, made_meanwhile, depth + 1)

    def _move_up(self, source: Folder, goal: Folder) -> None:
        """Move each entry of the clone into the folder around the private one, `.git` last."""
        if not source.has_folder(self._parts[0]):
            return
        with source.folder(self._parts[0]) as clone:
            names = sorted(clone.names(), key=lambda name: (name == ".git", name))
            taken = [name for name in names if goal.has(name)]
            if taken:
                raise _appeared(goal.path / taken[0])
            for name in names:
                try:
                    clone.move(name, goal, name)
                except FileExistsError:
                    raise _appeared(goal.path / name) from None
                self.visible = True


def privately(records: Records, directory: Path, source: str, fill: Fill) -> tuple[Done | None, str]:
    """Have `fill` make a clone in a private folder, and move it to its place; return its git, and what is left.

    Without a git: only the move was missing when an earlier run was stopped, and is made up for. Refused or cancelled,
    all is as before, but for entries that lie in the target already: those stay, and the next run adds the rest.
    """
    place, done = aim(directory), None
    work = PrivateClone.whole(records, place.target, source)
    if work is None:
        if not place.parts and any(place.base.iterdir()):
            raise _in_the_way(directory, "is there already and is not empty")
        work = PrivateClone.begin(records, place, source)
        try:
            done = fill(work.site)
        except BaseException as error:  # noqa: BLE001 — it is raised again
            raise _with_left(error, work.discard()) from None
    try:
        with uninterrupted():
            left = _placed(work)
    except KeyboardInterrupt:
        raise Cancelled(KEPT) from None
    return done, left


def tidy(records: Records, directory: Path) -> None:
    """Remove what is left of the making of clones that are in their places: at `directory`, and in it as submodules."""
    for record in records.left(directory.resolve()):
        if record and (record.target / ".git").exists() and (work := PrivateClone.again(record)):
            work.discard()
        elif record:
            record.close()


def _placed(work: PrivateClone) -> str:
    try:
        work.into_place()
    except Problem as refused:
        if not work.visible:
            raise _with_left(refused, work.discard()) from None
        work.keep()
        refused.next = f"{refused.next} What is there of the clone is kept, and the next run adds the rest."
        raise
    return work.discard()


def _in_the_way(path: Path, what: str) -> Problem:
    return Problem(
        f"{path} {what}.",
        why="Nothing in it was touched.",
        next="Choose another directory, or move that one away.",
        code="git.failed",
    )


def _appeared(path: Path) -> Problem:
    return Problem(
        f"{path} has appeared while the clone was made.",
        why="It was left as it is.",
        next="Move it away, then run the same command again.",
        code="git.failed",
    )


def _unusable(directory: Path, error: Exception) -> Problem:
    why = error.strerror if isinstance(error, OSError) else str(error)
    named = error.filename if isinstance(error, OSError) and isinstance(error.filename, str) else ""
    at = named if Path(named).is_absolute() else directory
    return Problem(f"{at} cannot be used: {why}.", next="Choose a directory of your own.", code="git.failed")


def _with_left(error: BaseException, left: str) -> BaseException:
    """Return an error that says, too, what of the private folder is left."""
    if left and isinstance(error, KeyboardInterrupt):
        return Cancelled(f"Cancelled. {left}")
    if left and isinstance(error, Problem):
        error.why = f"{error.why} {left}".strip()
    return error
