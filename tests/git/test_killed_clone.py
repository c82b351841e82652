"""A clone, and a submodule's, killed before each single step that this program takes: the next run finishes it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import hostile_repositories as hostile
import pytest
from disk_states import firsts, state
from hostile_repositories import FILE, MODULE, TREE
from often import some

from ccsetup.core import folder
from ccsetup.core.errors import Problem
from ccsetup.core.model import Route
from ccsetup.git import clone_record
from ccsetup.git import process as running
from ccsetup.git.repository import Git

pytestmark = pytest.mark.slow

POSIX = pytest.mark.skipif(os.name != "posix", reason="processes are killed by a signal")

STEPS = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.chmod", "subprocess.Popen"}
OPENS = os.O_WRONLY | os.O_RDWR | getattr(os, "O_DIRECTORY", 0)


class Steps:
    """Counts what this process does to the disk, looks at it before each step, and kills it before one."""

    def __init__(self, stop: int, look: Callable[[], object] = lambda: None) -> None:
        self.count, self.stop, self.look, self.looks = 0, stop, look, False
        self.wrap(folder.Folder, "move")
        self.wrap(clone_record.Record, "note")
        sys.addaudithook(self.audit)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in STEPS or (event == "open" and isinstance(arguments[2], int) and arguments[2] & OPENS):
            self.step()

    def step(self) -> None:
        if self.looks:
            return
        self.count += 1
        if self.count == self.stop:
            os.kill(os.getpid(), signal.SIGKILL)
        self.looks = True
        self.look()
        self.looks = False

    def wrap(self, kind: type, name: str) -> None:
        """Count what no audit event tells of: before it, and after it."""
        real = getattr(kind, name)

        def call(*given: Any, **more: Any) -> None:
            self.step()
            real(*given, **more)
            self.step()

        setattr(kind, name, call)


def nothing(text: str, share: float | None) -> None:
    """Take a step and do nothing with it."""


class Killed:
    """Runs that are killed, one step later each time, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sub = hostile.bare(
            folder / "sub.git", [(FILE, "inside", b"inside\n"), (TREE, "deep", [(FILE, "f", b"f\n")])]
        )
        modules = hostile.gitmodules({"lib": ("lib", "../sub")})
        tree = [(FILE, f"f{n}", b"file\n") for n in range(3)] + [(TREE, "src", [(FILE, "main", b"main\n")])]
        hostile.bare(folder / "evil.git", [*tree, (FILE, ".gitmodules", modules), (MODULE, "lib", self.sub)])
        self.route, self.stop = Route("file", f"file://{folder}/evil.git"), 0
        (folder / "home").mkdir()
        (folder / "home/.gitconfig").write_text("[user]\n\tname = M\n\temail = m@example.com\n")

    def run(self, target: Path, stop: int = 0) -> int:
        """Clone with all submodules in a child that is killed before a step; return how many it took, 0 when killed."""
        return len(self.steps(target, stop, lambda: None))

    def states(self, target: Path) -> list[str]:
        """Clone with all submodules; return what the disk was like before each step, and in the end."""

        def look() -> str:
            assert not running._running, "what runs on when this process is killed"
            return self.state(target)

        return [*self.steps(target, 0, look), self.state(target)]

    def state(self, target: Path) -> str:
        """Return what the disk is like where a clone writes."""
        return state(self.place(target), self.folder / "home")

    def place(self, target: Path) -> Path:
        """Return the folder that a clone lies in, with the folders that it makes on the way there."""
        return self.folder / target.relative_to(self.folder).parts[0]

    def steps(self, target: Path, stop: int, look: Callable[[], object]) -> list[Any]:
        """Clone in a child that is killed before a step; return what it saw before each one, nothing when killed."""
        told = self.folder / "told"
        if child := os.fork():
            status = os.waitpid(child, 0)[1]
            assert status in (0, signal.SIGKILL), (stop, told.read_text())
            return [] if status else json.loads(told.read_text())
        try:
            seen: list[object] = []
            steps = Steps(stop, lambda: seen.append(look()))
            self.clone(target)
            steps.stop, steps.looks = 0, True
            told.write_text(json.dumps(seen))
            os._exit(0)
        except BaseException as error:  # noqa: BLE001
            told.write_text(repr(error))
            os._exit(1)

    def clone(self, target: Path) -> None:
        git = self.git()
        if git.origin(target) == self.route.url:
            git.fetch(target)
        else:
            git.clone(self.route, target, "", nothing)
        for submodule in git.submodules(target):
            git.fetch_submodule(target, submodule, Route("file", f"file://{self.folder}/sub.git"), nothing)

    def git(self) -> Git:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "GIT_CONFIG_NOSYSTEM": "1"}
        return Git(env, self.folder / "home")

    def whole(self, target: Path, besides: tuple[Path, ...] = ()) -> None:
        """Make sure that the clone is all there, that git finds it clean, and that nothing else is left."""
        git = self.git()
        assert git.origin(target) == f"file://{self.folder}/evil.git"
        assert git.do(target, "status", "--porcelain", "--branch").strip() == "## main...origin/main"
        assert (target / "lib/deep/f").read_text() == "f\n"
        assert git.do(target, "submodule", "status").startswith(f" {self.sub} lib")
        assert sorted(path.name for path in target.iterdir()) == sorted(
            [".git", ".gitmodules", "f0", "f1", "f2", "lib", "src"]
        )
        assert {*self.folder.rglob(".ccsetup-*")} <= {*besides}
        assert not [path for path in (self.folder / "home/.local").rglob("*") if path.is_file()]


@POSIX
@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("there", ["new", "empty"])
def test_a_clone_killed_before_any_step_is_finished_by_the_next_run(tmp_path: Path, there: str, part: int) -> None:
    assert killed_at(tmp_path, there, lambda states: firsts(states)[part::2]) > 60


@pytest.mark.long
@POSIX
@pytest.mark.parametrize("there", ["new, with its parents", "a link to an empty one"])
def test_a_clone_of_another_place_killed_before_a_step_is_finished_too(tmp_path: Path, there: str) -> None:
    assert killed_at(tmp_path, there, lambda states: same_state(states, range(1, len(states) + 1, 5))) > 60


def same_state(states: Sequence[str], stops: Iterable[int]) -> list[int]:
    """Return the first steps of the states that these steps have."""
    return sorted({states.index(states[stop - 1]) + 1 for stop in stops})


def killed_at(folder: Path, there: str, chosen: Callable[[Sequence[str]], list[int]]) -> int:
    """Kill a clone before the steps that are chosen, and run it again; return how many steps there are.

    Of steps that the same disk lies before, one is enough: see disk_states.
    """
    killed, whole = Killed(folder), set[str]()
    states = killed.states(laid(folder, there))
    stops = chosen(states)
    assert len(stops) > 15
    for stop in some(stops, 3):
        target = laid(folder, there)
        ended = killed.run(target, stop)
        assert bool(ended) == (stop == len(states))
        assert killed.state(target) == states[stop - 1], stop
        if not ended:
            killed.run(target)
        if (made := killed.state(target)) not in whole:
            killed.whole(target)
            whole.add(made)
    return len(states)


def laid(folder: Path, there: str) -> Path:
    """Make the place of a clone as new, and return where that goes."""
    place = folder / "place"
    for old in (place, folder / "home/.local"):
        shutil.rmtree(old, ignore_errors=True)
    place.mkdir()
    target = place / ("a/b/clone" if there == "new, with its parents" else "clone")
    if there == "empty":
        target.mkdir()
    if there == "a link to an empty one":
        (place / "real").mkdir()
        target.symlink_to(place / "real")
    return target


@pytest.mark.long
@POSIX
def test_a_run_killed_while_it_tidies_up_is_tidied_up_by_the_next(tmp_path: Path) -> None:
    killed, target = Killed(tmp_path), tmp_path / "clone"
    for stop in range(20, 60, 6):
        assert not killed.run(target, 24)
        if not killed.run(target, stop):
            killed.run(target)
        killed.whole(target)
        subprocess.run(["rm", "-rf", target], check=True)


@pytest.mark.long
@POSIX
def test_a_clone_killed_while_its_entries_were_moved_up_goes_on_around_what_somebody_added(tmp_path: Path) -> None:
    killed, target = Killed(tmp_path), tmp_path / "clone"
    target.mkdir()
    stop, there = 0, set[str]()
    while not {"f0", "f1"} <= there or "src" in there:
        stop += 1
        assert stop < 100
        subprocess.run(["rm", "-rf", target, tmp_path / "home/.local"], check=True)
        target.mkdir()
        assert not killed.run(target, stop)
        there = {path.name for path in target.iterdir()}
    assert ".git" not in there
    (target / "f0").write_text("changed")
    (target / "mine").write_text("mine")
    (target / "src").write_text("mine, too")
    git = killed.git()
    assert git.unfinished(target)
    with pytest.raises(Problem, match=r"Another program created .*src during") as problem:
        git.clone(killed.route, target, "", nothing)
    assert "the next run gets the rest" in problem.value.next
    assert (target / "src").read_text() == "mine, too"
    (target / "src").unlink()
    assert git.clone(killed.route, target, "", nothing).problem is None
    assert git.do(target, "status", "--porcelain").splitlines() == [" M f0", "?? mine"]
    assert (target / "src/main").is_file()
    assert not list(target.glob(".ccsetup-*"))


@POSIX
@pytest.mark.parametrize("there", [False, True], ids=["new directory", "empty directory"])
def test_what_was_stopped_is_not_taken_for_the_clone_of_another_repository(tmp_path: Path, there: bool) -> None:
    killed, target, stop, began = Killed(tmp_path), tmp_path / "place/clone", 0, False
    target.parent.mkdir()
    while not began:
        stop += 1
        subprocess.run(["rm", "-rf", *target.parent.iterdir(), tmp_path / "home/.local"], check=True)
        if there:
            target.mkdir()
        assert not killed.run(target, stop)
        began = (
            (target / "f0").exists() if there else any('"whole"' in p.read_text() for p in tmp_path.rglob("clones/*"))
        )
    other = Route("file", f"file://{tmp_path}/sub.git")
    if not there:
        killed.git().clone(other, target, "", nothing)
        assert (target / "inside").is_file()
        assert list(target.parent.iterdir()) == [target]
        return
    with pytest.raises(Problem, match=r"contains part of an interrupted clone of file://.*evil\.git"):
        killed.git().clone(other, target, "", nothing)
    killed.run(target)
    killed.whole(target)


@pytest.mark.long
@POSIX
@pytest.mark.parametrize("swap", ["a link", "another folder", "a file", "nothing"])
def test_what_has_taken_a_stopped_clones_place_is_not_taken_for_it(tmp_path: Path, swap: str) -> None:
    killed, target, dear = Killed(tmp_path), tmp_path / "place/clone", tmp_path / "dear"
    target.parent.mkdir()
    dear.mkdir()
    (dear / "mine").write_text("mine")
    while not list(target.parent.iterdir()):
        subprocess.run(["rm", "-rf", tmp_path / "home/.local"], check=True)
        killed.stop += 1
        assert not killed.run(target, killed.stop)
    [private] = target.parent.iterdir()
    private.rename(tmp_path / "moved")
    if swap == "a link":
        private.symlink_to(dear)
    elif swap == "another folder":
        dear.rename(private)
        dear = private
    elif swap == "a file":
        private.write_text("mine")
    killed.run(target)
    killed.whole(target, besides=(private,))
    assert (dear / "mine").read_text() == "mine"
    assert swap != "a file" or private.read_text() == "mine"
    assert (tmp_path / "moved").is_dir()


@POSIX
def test_a_folder_that_only_looks_like_a_stopped_clones_is_left_alone(tmp_path: Path) -> None:
    killed, place = Killed(tmp_path), tmp_path / "unpacked"
    looks = place / ".ccsetup-0123456789abcdef/0123456789abcdef/clone"
    (looks / ".git/hooks").mkdir(parents=True)
    (looks / ".git/hooks/post-checkout").write_text("#!/bin/sh\ntouch ~/ran\n")
    (looks / ".git/hooks/post-checkout").chmod(0o755)
    (place / "ccsetup/clones").mkdir(parents=True)
    git = killed.git()
    for target in (place, place / "new"):
        assert not git.unfinished(target)
    with pytest.raises(Problem, match="already exists and isn't empty"):
        git.clone(killed.route, place, "", nothing)
    assert git.clone(killed.route, place / "new", "", nothing).commit
    assert (looks / ".git/hooks/post-checkout").is_file()
    assert not (tmp_path / "home/ran").exists()


def test_where_nothing_can_be_written_down_a_clone_is_made_all_the_same(tmp_path: Path) -> None:
    killed = Killed(tmp_path)
    (tmp_path / "home/.local").write_text("not a folder")
    assert killed.git().clone(killed.route, tmp_path / "clone", "", nothing).commit
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clone", "evil.git", "home", "sub.git"]
