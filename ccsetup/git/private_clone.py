"""Clones into a private folder next to the target, and moves the clone into place when it is complete.

Only that private folder may be removed. A folder that users can see is never emptied, and nothing in it is replaced. If
the clone goes into an existing empty folder, its entries are moved up one by one, `.git` last.
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

KEPT = "Canceled. ccsetup kept the clone because it was already complete."


class Site(NamedTuple):
    """Where git clones: a folder with an unguessable name, and the clone's path in it."""

    folder: Path
    name: str

    @property
    def repository(self) -> Path:
        """The clone itself."""
        return self.folder / self.name


Fill = Callable[[Site], Done]


class Aim(NamedTuple):
    """The target of a clone: an existing folder, and the folders to create below it, the clone's own folder last.

    Without parts, the clone goes into `base` itself.
    """

    base: Path
    parts: tuple[str, ...]

    @property
    def target(self) -> Path:
        """The clone's folder."""
        return self.base.joinpath(*self.parts)


def aim(directory: Path) -> Aim:
    """Return the target of a clone to this directory. Symbolic links are followed. Raises Problem."""
    try:
        if directory.is_symlink() and not directory.exists():
            raise _in_the_way(directory, "is a broken symbolic link")
        target = directory.resolve()
        base = next(place for place in (target, *target.parents) if place.exists())
        if not base.is_dir():
            raise _in_the_way(base, "already exists and isn't a folder")
    except (OSError, RuntimeError) as error:  # a part isn't readable, or links form a loop
        raise _unusable(directory, error) from error
    return Aim(base, target.relative_to(base).parts)


class PrivateClone:
    """A private folder that contains a folder with an unguessable name, which contains a clone; and their record.

    When git fails, it removes what it created, by the path that it was given. If the private folder was replaced by a
    link meanwhile, that path doesn't exist behind the link.
    """

    def __init__(self, folder: PrivateFolder, record: Record, place: Aim) -> None:
        self._folder, self._record, self._place = folder, record, place
        self._parts = place.parts or ("clone",)
        self.visible = record.whole and not place.parts  # whether entries may already be in the target

    @classmethod
    def begin(cls, records: Records, place: Aim, source: str) -> PrivateClone:
        """Create the private folder and record it. Raises Problem."""
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
            raise with_left(_unusable(place.target, error), work.discard()) from error
        return work

    @classmethod
    def again(cls, record: Record) -> PrivateClone | None:
        """Return what an interrupted run left. If there is nothing, remove the record and return None."""
        folder = record.private_folder()
        if not folder:
            record.forget()
            return None
        base = folder.path.parent
        return cls(folder, record, Aim(base, record.target.relative_to(base).parts))

    @classmethod
    def whole(cls, records: Records, target: Path, source: str) -> PrivateClone | None:
        """Return the complete clone that an interrupted run left, and remove incomplete ones. Raises Problem.

        A clone of something else is kept if parts of it may already be in the target, because they belong together.
        """
        for record in records.left(target):
            if not record:
                raise Problem(
                    f"Another ccsetup process is cloning into {target}.",
                    next="Wait for that process to finish, or stop it. Then run the same command again.",
                    code="git.failed",
                )
            work = cls.again(record)
            if work and record.whole and record.target == target:
                if record.source == source:
                    return work
                if work.visible:
                    work.keep()
                    raise _in_the_way(target, f"contains part of an interrupted clone of {record.source}")
            left = work.discard() if work else ""
            if left:
                raise Problem(f"A clone into {target} was interrupted. {left}", code="git.failed")
        return None

    @property
    def site(self) -> Site:
        """Where git clones."""
        return Site(self._folder.path / self._record.inside, "/".join(self._parts))

    def discard(self) -> str:
        """Remove the private folder with its contents. Return "", or a sentence about what is left."""
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
        """Move the clone to its place. Raises Problem, without replacing anything, if something else is there."""
        self._record.note(whole=True)
        around = self._folder.parent
        if not around.is_at(self._place.base):
            raise _in_the_way(self._place.base, "was moved or replaced during the clone")
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
        """Remove the lock of the index, which git leaves behind if it is killed."""
        with ExitStack() as opened:
            at = inside
            for name in (*self._parts, ".git"):
                if not at.has_folder(name):
                    return
                at = opened.enter_context(at.folder(name))
            if at.has("index.lock"):
                at.move("index.lock", own, fresh_name())

    def _move_over(self, source: Folder, goal: Folder, depth: int = 0) -> None:
        """Move the outermost missing folder, with the clone in it."""
        name = self._parts[depth]
        if not source.has_folder(name):
            return  # an interrupted run got this far
        try:
            source.move(name, goal, name)
        except FileExistsError:
            if depth == len(self._parts) - 1 or not goal.has_folder(name):
                raise _appeared(goal.path / name) from None
            with source.folder(name) as inner, goal.folder(name) as made_meanwhile:
                self._move_over(inner, made_meanwhile, depth + 1)

    def _move_up(self, source: Folder, goal: Folder) -> None:
        """Move each entry of the clone into the folder that contains the private one, `.git` last."""
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


def privately(
    records: Records, directory: Path, source: str, fill: Fill, begun: PrivateClone | None = None
) -> tuple[Done | None, str]:
    """Have `fill` clone into a private folder, and move the clone to its place. Return git's result and what is left.

    `begun` is the private folder in which git has cloned already.

    The result is None if an earlier run was interrupted during the move, which is then completed. After an error or
    Ctrl-C everything is as before, except that entries already moved to the target stay; the next run adds the rest.
    """
    done, work = None, begun
    if work is None:
        place = aim(directory)
        work = PrivateClone.whole(records, place.target, source)
        if work is None:
            if not place.parts and any(place.base.iterdir()):
                raise _in_the_way(directory, "already exists and isn't empty")
            work = begun = PrivateClone.begin(records, place, source)
    if begun:
        try:
            done = fill(work.site)
        except BaseException as error:  # noqa: BLE001 — it is raised again
            raise with_left(error, work.discard()) from None
    try:
        with uninterrupted():
            left = _placed(work)
    except KeyboardInterrupt:
        raise Cancelled(KEPT) from None
    return done, left


def tidy(records: Records, directory: Path) -> None:
    """Remove the private folders of finished clones, at `directory` and for the submodules in it."""
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
            raise with_left(refused, work.discard()) from None
        work.keep()
        refused.next = f"{refused.next} The files cloned so far were kept, and the next run gets the rest."
        raise
    return work.discard()


def _in_the_way(path: Path, what: str) -> Problem:
    return Problem(
        f"{path} {what}.",
        why="No existing files were changed.",
        next="Choose another folder, or move the existing one somewhere else.",
        code="git.failed",
    )


def _appeared(path: Path) -> Problem:
    return Problem(
        f"Another program created {path} during the clone.",
        why="ccsetup left that file or folder as is.",
        next="Move that file or folder somewhere else, then run the same command again.",
        code="git.failed",
    )


def _unusable(directory: Path, error: Exception) -> Problem:
    why = error.strerror if isinstance(error, OSError) else str(error)
    named = error.filename if isinstance(error, OSError) and isinstance(error.filename, str) else ""
    at = named if Path(named).is_absolute() else directory
    return Problem(f"Couldn't use {at}: {why}.", next="Choose a folder that you can write to.", code="git.failed")


def with_left(error: BaseException, left: str) -> BaseException:
    """Add what is left of the private folder to an error, and return the error."""
    if left and isinstance(error, KeyboardInterrupt):
        return Cancelled(f"Canceled. {left}")
    if left and isinstance(error, Problem):
        error.why = f"{error.why} {left}".strip()
    return error
