"""A clone in the making: begun with a mark, fetched, checked out; what was stopped half-way is finished or taken away.

The mark lies in `.git` before the network is asked, and goes when all is there. Whoever finds it knows that ccsetup was
stopped, how far it had come, and which folders it had made.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ccsetup.complaints import problem_of
from ccsetup.errors import Problem
from ccsetup.model import Route
from ccsetup.running import Progress, Runner

MARK = "ccsetup-cloning"
FETCH, CHECK_OUT = "fetch", "checkout"
_LOCKS = ("index.lock", "HEAD.lock", "config.lock", "packed-refs.lock")
_QUIETLY = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "fetch.unpackLimit=1")  # as git clone has it


class Mark(NamedTuple):
    """How far a clone had come: the stage, the branch to check out, its address, the folders that were made for it."""

    stage: str = ""
    branch: str = ""
    url: str = ""
    made: tuple[Path, ...] = ()


class _InTheWay(Problem):
    """A file lies where one of the repository's would be written."""


def mark(directory: Path) -> Mark:
    """Return the mark of a clone that was stopped; its stage is "" where there is none."""
    git = directory / ".git"
    try:
        stage, branch, url, *made = (git / MARK).read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    except FileNotFoundError:
        bare = git.is_dir() and not git.is_symlink() and not any(git.iterdir())
        return Mark(FETCH) if bare else Mark()
    except (OSError, ValueError):
        return Mark(FETCH) if (git / MARK).is_file() else Mark()
    return Mark(stage, branch, url, tuple(Path(place) for place in made if place))


def make(runner: Runner, route: Route, directory: Path, branch: str, default: str, progress: Progress) -> None:
    """Clone; `default` is the default branch, where it is known. Refused or stopped, what was made goes again.

    A clone that was stopped while its files were written keeps them, and its mark, until it is whole.
    """
    before = mark(directory)
    if before.stage == CHECK_OUT:
        settle(runner, route, directory)
        _go_on(runner, directory, before.branch)
        _unmark(directory)
        return
    made = before.made if before.stage else _make_room(directory)
    shutil.rmtree(directory / ".git", ignore_errors=True)
    branch_now, whole = "", False
    try:
        _begin(runner, route, directory, Mark(FETCH, branch, route.url, made))
        words = ("fetch", "--progress", "--tags", "--no-recurse-submodules", "origin")
        runner.checked(directory, route.url, *_QUIETLY, *words, timeout_s=None, progress=progress)
        branch_now = _branch(runner, route, directory, branch, default)
        _write(directory, Mark(CHECK_OUT, branch_now, route.url, made))
        _check_out(runner, directory, branch_now, progress)
        whole = True
    except _InTheWay:
        branch_now = ""  # git has written none of its files
        raise
    finally:
        if not whole:
            _clear(runner, directory, made, branch_now)
    _unmark(directory)


def check_out(runner: Runner, directory: Path) -> None:
    """Check out the default branch of a clone that has been fetched but not checked out."""
    branch = _branch(runner, Route("", ""), directory, "", "")
    if branch:
        _check_out(runner, directory, branch, None)


def _begin(runner: Runner, route: Route, directory: Path, begun: Mark) -> None:
    try:
        (directory / ".git").mkdir()
        _write(directory, begun)
    except OSError as error:
        raise _unusable(directory, error) from error
    runner.checked(directory, route.url, "init", "-q")
    settle(runner, route, directory)


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


def _branch(runner: Runner, route: Route, directory: Path, branch: str, default: str) -> str:
    """Return the branch to check out, "" for an empty repository, and note the default one as git clone does."""
    refs = runner.within(directory, "for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes/origin").out.split()
    if branch and branch not in refs:
        gone = f"fatal: Remote branch {branch} not found in upstream origin"
        raise problem_of([gone], route.url, "git.failed")
    if default in refs:
        runner.within(directory, "remote", "set-head", "origin", default)
    elif refs:
        runner.within(directory, "remote", "set-head", "origin", "--auto")
    head = runner.within(directory, "symbolic-ref", "--short", "-q", "refs/remotes/origin/HEAD").out.strip()
    return branch or head.partition("/")[2]


def _check_out(runner: Runner, directory: Path, branch: str, progress: Progress | None) -> None:
    if branch:
        words = ("checkout", *(["--progress"] if progress else ["-q"]), "-B", branch, "--track", f"origin/{branch}")
        done = runner.within(directory, *words, timeout_s=None, progress=progress)
        if any("would be overwritten" in line for line in done.errors):
            raise _InTheWay(
                f"Somebody has put a file into {directory} meanwhile.", code="git.failed", next="Try again."
            )
        if done.code:
            raise problem_of(done.errors, "", "git.failed")
        return
    unborn = runner.within(directory, "symbolic-ref", "--short", "-q", "HEAD").out.strip()
    _track(runner, directory, unborn)


def _track(runner: Runner, directory: Path, branch: str) -> None:
    runner.within(directory, "config", f"branch.{branch}.remote", "origin")
    runner.within(directory, "config", f"branch.{branch}.merge", f"refs/heads/{branch}")


def _go_on(runner: Runner, directory: Path, branch: str) -> None:
    """Write the files that are missing. What somebody changed or added meanwhile stays as it is."""
    _unlock(directory)
    if not branch:
        _check_out(runner, directory, branch, None)
        return
    ref = f"refs/heads/{branch}"
    runner.checked(directory, "", "symbolic-ref", "HEAD", ref)
    if runner.within(directory, "rev-parse", "-q", "--verify", ref).code:
        runner.checked(directory, "", "update-ref", ref, f"refs/remotes/origin/{branch}")
    _track(runner, directory, branch)
    runner.checked(directory, "", "reset", "-q", timeout_s=None)
    for name in _names(runner, directory, "M"):
        if _is_cut_short(runner, directory, name):
            (directory / name).unlink()
    done = runner.within(directory, "checkout-index", "--all", "--quiet", "--index", timeout_s=None)
    if _names(runner, directory, "D"):
        raise problem_of(done.errors, "", "git.failed")


def _names(runner: Runner, directory: Path, how: str) -> list[str]:
    found = runner.within(directory, "diff-files", "--name-only", "-z", f"--diff-filter={how}", timeout_s=None)
    return [name for name in found.raw.decode("utf-8", "surrogateescape").split("\0") if name]


def _is_cut_short(runner: Runner, directory: Path, name: str) -> bool:
    """Say whether a file holds only the beginning of what it should: git was stopped while it wrote it."""
    path = directory / name
    if path.is_symlink() or not path.is_file():
        return False
    whole = runner.within(directory, "cat-file", "--filters", f"HEAD:{name}", timeout_s=None)
    return not whole.code and len(whole.raw) > path.stat().st_size and whole.raw.startswith(path.read_bytes())


def _unlock(directory: Path) -> None:
    """Take away the locks of a git that was killed; one that may still be at work is given two seconds."""
    end = time.monotonic() + 2
    for lock in [directory / ".git" / name for name in _LOCKS]:
        while lock.exists() and time.monotonic() < end:
            time.sleep(0.05)
        lock.unlink(missing_ok=True)


def _write(directory: Path, found: Mark) -> None:
    places = [str(place.absolute()) for place in found.made]
    text = "\n".join([found.stage, found.branch, found.url, *places])
    (directory / ".git" / MARK).write_text(text, encoding="utf-8", errors="surrogateescape")


def _unmark(directory: Path) -> None:
    (directory / ".git" / MARK).unlink(missing_ok=True)


def _make_room(directory: Path) -> tuple[Path, ...]:
    """Make the directory and what it lies in; return what had to be made, outermost first. Raises Problem."""
    missing = [place for place in (directory, *directory.parents) if not place.exists()]
    try:
        if directory.exists() and any(directory.iterdir()):
            raise Problem(
                f"{directory} is there already and is not empty.",
                next="Choose another directory, or move that one away.",
                code="git.failed",
            )
        for place in reversed(missing):
            place.mkdir()
    except OSError as error:
        raise _unusable(directory, error) from error
    return tuple(reversed(missing))


def _unusable(directory: Path, error: OSError) -> Problem:
    return Problem(
        f"{error.filename or directory} cannot be used: {error.strerror}.",
        next="Choose a directory of your own.",
        code="git.failed",
    )


def _clear(runner: Runner, directory: Path, made: Sequence[Path], branch: str) -> None:
    """Remove what a clone put into its directory, and the directories that were made for it; nothing else."""
    if branch:
        names = runner.within(directory, "ls-tree", "-r", "-t", "-z", "--name-only", f"origin/{branch}").raw
        paths = [directory / name for name in names.decode("utf-8", "surrogateescape").split("\0") if name]
        _remove(paths)
    shutil.rmtree(directory / ".git", ignore_errors=True)
    for place in reversed(made):
        with contextlib.suppress(OSError):  # someone else has put something there
            place.rmdir()


def _remove(paths: Sequence[Path]) -> None:
    """Remove files, and the folders that are empty then, the innermost first."""
    for path in reversed(paths):
        with contextlib.suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
