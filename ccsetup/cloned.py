"""A clone in the making: a private folder beside its place, git's own clone in it, and one move when it is whole.

What may be removed is that private folder alone. A folder that a person can see is never cleared, and nothing in it is
replaced: where the clone goes into an empty folder that is there, its entries are moved up one by one, `.git` last.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ccsetup.branches import Heads
from ccsetup.clone_record import Record, Records
from ccsetup.complaints import problem_of, said
from ccsetup.core.folder import Folder
from ccsetup.core.private_folder import PrivateFolder, fresh_name
from ccsetup.errors import Cancelled, Problem
from ccsetup.model import CloneResult, Route
from ccsetup.running import Done, Progress, Runner
from ccsetup.waiting import uninterrupted

# While a clone is not yet in its place, no hook runs in it and nothing remembers where it is.
UNSEEN = (
    "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=keep",
    "-c", "gc.auto=0", "-c", "maintenance.auto=false",
)  # fmt: skip
_KEPT = "Cancelled. The clone is in its place and is kept."

_HASH = {"GIT_DEFAULT_HASH": "sha1"}  # what an empty repository of CodeCommit has; others say what they have


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


class _Work:
    """A private folder, a folder in it that nobody can guess, in that a clone; and the record of them.

    git removes what it made when it fails, by the path that it was told. Were the private folder swapped for a link
    meanwhile, nothing of that path would be where the link leads.
    """

    def __init__(self, folder: PrivateFolder, record: Record, place: Aim) -> None:
        self._folder, self._record, self._place = folder, record, place
        self._parts = place.parts or ("clone",)
        self.visible = record.whole and not place.parts  # whether entries may lie in the target already

    @classmethod
    def begin(cls, records: Records, place: Aim) -> _Work:
        """Make the private folder, and write it down. Raises Problem."""
        name = fresh_name()
        record = records.begin(place.base / name, place.target)
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
    def again(cls, record: Record) -> _Work | None:
        """Return what a stopped run left; None, and the record is gone, where nothing of it is there."""
        folder = record.private_folder()
        if not folder:
            record.forget()
            return None
        base = folder.path.parent
        return cls(folder, record, Aim(base, record.target.relative_to(base).parts))

    @classmethod
    def whole(cls, records: Records, target: Path) -> _Work | None:
        """Return what a stopped run left whole; what it left unfinished is removed. Raises Problem."""
        for record in records.left(target):
            if not record:
                raise Problem(
                    f"Another ccsetup is cloning into {target} right now.",
                    next="Wait until it is done, or stop it; then run the same command again.",
                    code="git.failed",
                )
            work = cls.again(record)
            if work and record.whole and record.target == target:
                return work
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
        self._record.close() if left else self._record.forget()
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
                if self._place.parts:
                    self._move_over(inside, around)
                else:
                    self._move_up(inside, around)
        except OSError as error:
            raise _unusable(self._place.target, error) from error

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


def privately(records: Records, directory: Path, fill: Fill) -> tuple[Done | None, str]:
    """Have `fill` make a clone in a private folder, and move it to its place; return its git, and what is left.

    Without a git: only the move was missing when an earlier run was stopped, and is made up for. Refused or cancelled,
    all is as before, but for entries that lie in the target already: those stay, and the next run adds the rest.
    """
    place, done = aim(directory), None
    work = _Work.whole(records, place.target)
    if work is None:
        if not place.parts and any(place.base.iterdir()):
            raise _in_the_way(directory, "is there already and is not empty")
        work = _Work.begin(records, place)
        try:
            done = fill(work.site)
        except BaseException as error:  # noqa: BLE001 — it is raised again
            raise _with_left(error, work.discard()) from None
    try:
        with uninterrupted():
            left = _placed(work)
    except KeyboardInterrupt:
        raise Cancelled(_KEPT) from None
    return done, left


def tidy(records: Records, directory: Path) -> None:
    """Remove what is left of the making of clones that are in their places: at `directory`, and in it as submodules."""
    for record in records.left(directory.resolve()):
        if record and (record.target / ".git").exists() and (work := _Work.again(record)):
            work.discard()
        elif record:
            record.close()


def _placed(work: _Work) -> str:
    try:
        work.into_place()
    except Problem as refused:
        if not work.visible:
            raise _with_left(refused, work.discard()) from None
        work.keep()
        refused.next = f"{refused.next} What is there of the clone is kept, and the next run adds the rest."
        raise
    return work.discard()


def make(
    runner: Runner, records: Records, route: Route, directory: Path, branch: str, progress: Progress
) -> CloneResult:
    """Clone with this branch checked out ("" for an empty repository), or finish what a stopped run left.

    Raises Problem, with nothing left of it. A clone whose files could not all be checked out is kept, and the result
    says so.
    """

    def fill(site: Site) -> Done:
        done = clone(runner, route, site, *([f"--branch={branch}"] if branch else []), progress=progress)
        is_there = (site.repository / ".git").is_dir()
        if not is_there or ((done.code or branch) and not head(runner, site.repository)):
            raise problem_of(done.errors, route.url, "git.failed")
        return done

    done, left = privately(records, directory, fill)
    if branch and not runner.within(directory, "symbolic-ref", "-q", "refs/remotes/origin/HEAD").out:
        runner.within(directory, "remote", "set-head", "origin", branch)
    problem = finish(runner, directory, done)
    return CloneResult(head(runner, directory), problem, tuple(filter(None, (warnings(done), left))))


def clone(runner: Runner, route: Route, site: Site, *more: str, progress: Progress) -> Done:
    """Run git's own clone by this route; its settings, and its credential helper, become the clone's own."""
    words = [*UNSEEN, "clone", "--progress", "--origin=origin", "--no-recurse-submodules", *more, *options(route)]
    return runner.run([*words, "--", route.url, site.name], None, progress, _HASH, cwd=site.folder)


def finish(runner: Runner, directory: Path, done: Done | None) -> Problem | None:
    """Run the post-checkout hook of a clone that is in its place, as git would have; return what went wrong.

    `done` is the git that checked out, None where that was an earlier run's.
    """
    if done and done.code:
        return _not_checked_out(directory, done)
    if not done and (problem := completed(runner, directory)):
        return problem
    commit = head(runner, directory)
    if not commit:
        return None
    words: tuple[str, ...] = ("hook", "run", "--ignore-missing", "post-checkout", "--", "0" * len(commit), commit, "1")
    if "hook" not in runner.run(["--list-cmds=builtins"]).out.split():  # git before 2.36
        words = ("checkout", "-q")
    try:
        hook = runner.within(directory, *words, timeout_s=None)
    except KeyboardInterrupt:
        raise Cancelled(_KEPT) from None
    if not hook.code:
        return None
    return Problem(
        f"The clone in {directory} is complete, but git's post-checkout hook failed.",
        why=said(hook.errors),
        next=f"Fix that, then run the hook again: git -C {shlex.quote(str(directory))} checkout",
        code="git.checkout",
    )


def completed(runner: Runner, directory: Path, branch: str = "") -> Problem | None:
    """Check out the files of a clone that has none yet: those of `branch`, or of its HEAD; return what went wrong.

    What lies in the clone's folder stays as it is.
    """
    if branch:
        return _checked_out(runner, directory, "-B", branch, "--track", f"origin/{branch}")
    if head(runner, directory) and not _is_checked_out(runner, directory):
        return _checked_out(runner, directory)
    return None


def _checked_out(runner: Runner, directory: Path, *words: str) -> Problem | None:
    done = runner.within(directory, "checkout", "-q", *words, timeout_s=None)
    return _not_checked_out(directory, done) if done.code else None


def _not_checked_out(directory: Path, done: Done) -> Problem:
    return Problem(
        f"The clone in {directory} is complete, but its files could not all be checked out.",
        why=said(done.errors),
        next=f"Fix that, then finish with: git -C {shlex.quote(str(directory))} checkout -f",
        code="git.checkout",
    )


def head(runner: Runner, directory: Path) -> str:
    """Return the commit at a clone's HEAD, "" where there is none."""
    return runner.within(directory, "rev-parse", "--verify", "-q", "HEAD").out.strip()


def _is_checked_out(runner: Runner, directory: Path) -> bool:
    """Say whether a clone has its files: the index is written when all of them are. A bare one needs none."""
    told = runner.within(directory, "rev-parse", "--is-inside-work-tree", "--git-path", "index").out.splitlines()
    return told[:1] != ["true"] or (directory / told[1]).exists()


def warnings(done: Done | None) -> str:
    """Return what git warned of, with the lines that follow: names that differ in capitals alone, for example."""
    lines = list(done.errors) if done and not done.code else []
    while lines and (not lines[0].startswith("warning: ") or "an empty repository" in lines[0]):
        lines.pop(0)
    return said(lines)


def fetched(runner: Runner, directory: Path) -> Heads:
    """Return the branches that a clone has fetched, and which one its server's HEAD named, where that was kept."""
    form = "--format=%(objectname) %(refname:lstrip=3)"
    told = runner.within(directory, "for-each-ref", form, "refs/remotes/origin").out.splitlines()
    commits = {name: commit for commit, _, name in (line.partition(" ") for line in told) if name != "HEAD"}
    head = runner.within(directory, "symbolic-ref", "-q", "refs/remotes/origin/HEAD").out.strip()
    return Heads(commits, head.removeprefix("refs/remotes/origin/"))


def options(route: Route) -> list[str]:
    """Return a route's settings as git's options; before its own credential helper, the machine's are switched off."""
    found: list[str] = []
    for key, value in route.settings.items():
        if key.startswith("credential.") and key.endswith("helper"):
            found += ["-c", f"{key}="]
        found += ["-c", f"{key}={value}"]
    return found


def settle(runner: Runner, route: Route, directory: Path) -> None:
    """Make a clone go this way from now on: its address, and its own credential helper."""

    def config(*words: str) -> None:
        runner.checked(directory, route.url, "config", "--local", *words)

    config("remote.origin.url", route.url)
    if not runner.within(directory, "config", "--local", "remote.origin.fetch").out:
        config("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    for key, value in route.settings.items():
        runner.within(directory, "config", "--local", "--unset-all", key)
        if key == "credential.helper":  # the empty one first: the machine's own are not asked
            config("--add", key, "")
        config("--add", key, value)


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
