"""A clone that begins while the profile is verified: it becomes the clone, or nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import hostile_repositories as hostile
import pytest
from hostile_repositories import FILE
from paths import ROOT
from test_repository import children_of, kill_all, nothing, script, until

from ccsetup.core.errors import Problem
from ccsetup.core.model import Route
from ccsetup.git import process as running
from ccsetup.git.helper import messages
from ccsetup.git.repository import Git

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="git's helper is a shell script here")]


class Place:
    """A server with one repository, a home, and the folder to clone into."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.target, self.home = folder, folder / "work/clone", folder / "home"
        self.home.mkdir()
        (folder / "work").mkdir()
        hostile.bare(folder / "server.git", [(FILE, "f", b"file\n")])
        self.route = Route("file", f"file://{folder}/server.git")

    def git(self, **more: str) -> Git:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1", **more}
        return Git(env, self.home)

    def branch(self, name: str) -> None:
        subprocess.run(["git", "-C", self.folder / "server.git", "branch", name, "main"], check=True)

    def left(self) -> list[str]:
        """Return what lies in the work folder and in the state folder."""
        state = [path.name for path in (self.home / ".local").rglob("*") if path.is_file()]
        return sorted([path.name for path in self.target.parent.iterdir()] + state)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield Place(tmp_path)


def state(clone: Path) -> dict[str, bytes]:
    """Return a clone's files without what differs each time."""
    found = {str(path.relative_to(clone)): path.read_bytes() for path in clone.rglob("*") if path.is_file()}
    return {name: text for name, text in found.items() if "/logs/" not in f"/{name}" and name != ".git/index"}


@pytest.mark.parametrize("branch", ["", "main", "dev", "v1"])
def test_an_early_clone_is_the_clone_that_a_later_one_would_be(place: Place, branch: str) -> None:
    place.branch("dev")
    subprocess.run(["git", "-C", place.folder / "server.git", "tag", "v1", "main"], check=True)
    git = place.git()
    with git.early(place.route, place.target, branch) as early:
        early.begin()
        assert early.has_begun
        assert list(git.arrived(early, "main", nothing)) == ["main", "dev"]
        made = git.clone(place.route, place.target, branch, nothing, "main", early)
    assert made.commit and made.problem is None and not made.notes
    assert place.left() == ["clone"]
    other = place.folder / "work/later"
    assert place.git().clone(place.route, other, branch, nothing, "main") == made
    assert state(place.target) == state(other)
    assert git.do(place.target, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["a\x85b", "a\u2028b", "a\xa0b", "ä/HEAD", "HEAD-1"])
def test_a_branch_is_named_as_the_server_names_it(place: Place, name: str) -> None:
    place.branch(name)
    git = place.git()
    with git.early(place.route, place.target, "") as early:
        early.begin()
        assert list(git.arrived(early, "main", nothing)) == ["main", name]


def test_a_clone_that_is_not_wanted_leaves_nothing(place: Place) -> None:
    with place.git().early(place.route, place.target, "") as early:
        early.begin()
        early.heads(nothing)
        assert place.left() != []
    assert place.left() == []


def test_gits_guess_of_the_default_branch_is_not_taken_for_the_servers(place: Place) -> None:
    git = place.git()
    with git.early(place.route, place.target, "") as early:
        early.begin()
        assert list(git.arrived(early, "", nothing)) == []
        assert list(git.arrived(early, "trunk", nothing)) == []


def test_another_branch_than_the_early_one_is_cloned_anew(place: Place) -> None:
    place.branch("dev")
    git = place.git()
    with git.early(place.route, place.target, "") as early:
        early.begin()
        git.clone(place.route, place.target, "dev", nothing, "main", early)
    assert git.facts(place.target)[0] == "dev"
    assert place.left() == ["clone"]


def test_an_early_clone_that_fails_leaves_the_error_to_the_later_one(place: Place) -> None:
    git, gone = place.git(), place.route._replace(url=f"file://{place.folder}/gone.git")
    with pytest.raises(Problem) as problem, git.early(gone, place.target, "") as early:
        early.begin()
        assert list(git.arrived(early, "main", nothing)) == []
        git.clone(gone, place.target, "", nothing, "main", early)
    assert "gone.git" in problem.value.what
    assert place.left() == []


@pytest.mark.parametrize("there", ["a folder", "a file", "a broken link", "an interrupted clone"])
def test_nothing_begins_where_something_is(place: Place, there: str) -> None:
    if there == "a folder":
        place.target.mkdir()
    elif there == "a file":
        place.target.write_text("mine")
    elif there == "a broken link":
        place.target.symlink_to("nowhere")
    else:
        interrupted(place)
    before = place.left()
    with place.git().early(place.route, place.target, "") as early:
        early.begin()
        assert not early.has_begun
        assert not early.heads(nothing).commits
    assert place.left() == before


def test_what_appears_meanwhile_stays_as_it_is(place: Place) -> None:
    git = place.git()
    with pytest.raises(Problem, match="Another program created"), git.early(place.route, place.target, "") as early:
        early.begin()
        early.heads(nothing)
        place.target.mkdir()
        (place.target / "mine").write_text("mine")
        git.clone(place.route, place.target, "", nothing, "main", early)
    assert (place.target / "mine").read_text() == "mine"
    assert place.left() == ["clone"]


def slow(place: Place) -> dict[str, str]:
    """Return an environment in which git's helper never answers."""
    body = f"#!/bin/sh\ntouch {place.folder}/started\ntrap '' TERM\nsleep 60 &\nwait\nsleep 60\n"
    folder = script(place.folder / "slow/git-remote-codecommit", body).parent
    return {"PATH": f"{folder}:{os.environ['PATH']}", "TAG": str(place.folder)}


HANGS = Route("git-remote-codecommit", "codecommit::us-east-2://dev@R")


def test_a_refusal_ends_git_at_once(place: Place) -> None:
    refused = Problem("The credentials belong to another account.")
    with pytest.raises(Problem) as problem, place.git(**slow(place)).early(HANGS, place.target, "") as early:
        early.begin()
        until(place.folder / "started")
        raise refused
    assert problem.value is refused
    assert children_of(f"TAG={place.folder}") == []
    assert place.left() == []


def test_a_server_that_says_nothing_is_not_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHECK_S", 1.0)
    git = place.git(**slow(place))
    with (
        pytest.raises(Problem, match="didn't get a response within 1 seconds") as problem,
        git.early(HANGS, place.target, "") as early,
    ):
        early.begin()
        git.arrived(early, "main", nothing)
    assert problem.value.code == "net.unreachable"
    assert children_of(f"TAG={place.folder}") == []
    assert place.left() == []


BEGIN = """
import sys, time
from pathlib import Path
from ccsetup.core.model import Route
from ccsetup.git.repository import Git
import os
git = Git(dict(os.environ), Path(os.environ["HOME"]))
with git.early(Route("git-remote-codecommit", sys.argv[2]), Path(sys.argv[1]), "") as early:
    early.begin()
    time.sleep(60)
"""


def begun(place: Place) -> subprocess.Popen[bytes]:
    """Start a run that begins a clone and waits."""
    env = {"HOME": str(place.home), "GIT_CONFIG_NOSYSTEM": "1", "PYTHONPATH": str(ROOT), **slow(place)}
    argv = [sys.executable, "-c", BEGIN, place.target, HANGS.url]
    child = subprocess.Popen(argv, env=env, stderr=subprocess.PIPE)
    until(place.folder / "started")
    return child


def interrupted(place: Place) -> None:
    """Leave what a run leaves that is killed after it has begun a clone."""
    child = begun(place)
    child.kill()
    child.communicate()
    kill_all(f"TAG={place.folder}")


def test_ctrl_c_while_the_profile_is_verified_leaves_nothing(place: Place) -> None:
    child = begun(place)
    assert len(place.left()) == 2
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=20)
    assert b"KeyboardInterrupt" in errors
    assert place.left() == []
    assert children_of(f"TAG={place.folder}") == []


def test_a_run_killed_after_the_clone_has_begun_is_cleaned_up_by_the_next(place: Place) -> None:
    interrupted(place)
    assert len(place.left()) == 2
    git = place.git()
    assert git.unfinished(place.target)
    with git.early(place.route, place.target, "") as early:
        early.begin()
        made = git.clone(place.route, place.target, "", nothing, "main", early)
    assert made.problem is None
    assert place.left() == ["clone"]


def test_a_clone_by_another_route_is_dropped(place: Place) -> None:
    hostile.bare(place.folder / "other.git", [(FILE, "f", b"another file\n")])
    other, git = Route("file", f"file://{place.folder}/other.git"), place.git()
    with git.early(place.route, place.target, "") as early:
        early.begin()
        early.heads(nothing)
        git.clone(other, place.target, "", nothing, "main", early)
    assert (place.target / "f").read_text() == "another file\n"
    assert git.origin(place.target) == other.url
    assert place.left() == ["clone"]


def test_a_folder_that_turns_into_a_broken_link_meanwhile_leaves_nothing(place: Place) -> None:
    git = place.git()
    with pytest.raises(Problem), git.early(place.route, place.target, "") as early:
        early.begin()
        early.heads(nothing)
        place.target.symlink_to("nowhere")
        git.clone(place.route, place.target, "", nothing, "main", early)
    assert place.left() == ["clone"]
    assert place.target.is_symlink()


# ------------------------------------------------------------------ started before there are credentials


def held(place: Place, package: str = "ccsetup") -> dict[str, str]:
    """Return an environment in which git's helper waits for credentials, as ours does, and then refuses."""
    wait = "from ccsetup.git.helper.messages import wait_at_gate\nwait_at_gate()\n"
    body = (
        f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\nsys.path.insert(0, {str(ROOT)!r})\n"
        f"Path({str(place.folder / 'started')!r}).touch()\n"
        f"{wait if package == 'ccsetup' else f'from {package} import main'}\n"
        f"Path({str(place.folder / 'went on')!r}).touch()\nsys.exit(1)\n"
    )
    folder = script(place.folder / "held/git-remote-codecommit", body).parent
    return {"PATH": f"{folder}:{os.environ['PATH']}", "TAG": str(place.folder)}


def test_git_starts_before_there_are_credentials_and_goes_on_when_there_are(place: Place) -> None:
    git = place.git(**held(place))
    with git.early(HANGS, place.target, "") as early:
        early.prepare()
        until(place.folder / "started")
        time.sleep(0.2)
        assert not (place.folder / "went on").exists()
        early.begin()
        until(place.folder / "went on")
        assert early.heads(nothing).names == ()
    assert place.left() == []


@pytest.mark.parametrize("package", ["git_remote_codecommit", "somebody"])
def test_another_helper_is_not_started_before_there_are_credentials(place: Place, package: str) -> None:
    git = place.git(**held(place, package))
    with git.early(HANGS, place.target, "") as early:
        early.prepare()
        assert not early.has_begun
        assert place.left() == []
        early.begin()
        until(place.folder / "started")


@pytest.mark.parametrize("name", ["file", "ssh", "git-credentials"])
def test_git_by_another_way_is_not_started_before_there_are_credentials(place: Place, name: str) -> None:
    with place.git(**held(place)).early(Route(name, place.route.url), place.target, "") as early:
        early.prepare()
        assert not early.has_begun


def test_credentials_that_never_come_leave_nothing(place: Place) -> None:
    git = place.git(**held(place))
    with pytest.raises(Problem, match="expired"), git.early(HANGS, place.target, "") as early:
        early.prepare()
        until(place.folder / "started")
        raise Problem("The credentials have expired.")
    assert not (place.folder / "went on").exists()
    assert children_of(f"TAG={place.folder}") == []
    assert place.left() == []


def test_a_run_killed_before_there_are_credentials_leaves_no_git_that_waits_for_ever(place: Place) -> None:
    env = {"HOME": str(place.home), "GIT_CONFIG_NOSYSTEM": "1", "PYTHONPATH": str(ROOT), **held(place)}
    argv = [sys.executable, "-c", BEGIN.replace("early.begin", "early.prepare"), place.target, HANGS.url]
    child = subprocess.Popen(argv, env=env, stderr=subprocess.PIPE)
    until(place.folder / "started")
    child.kill()
    child.communicate()
    until(place.folder / "went on")


@pytest.mark.parametrize("said", ["", "x", "0", "2:", "-1:1", "987:1", "0:1", "9" * 30 + ":1"])
def test_a_variable_that_is_not_from_ccsetup_holds_nothing(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCSETUP_GATE", said)
    messages.wait_at_gate()
    assert "CCSETUP_GATE" not in os.environ


def test_another_pipe_with_the_same_number_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    there, ours = os.pipe()
    monkeypatch.setenv("CCSETUP_GATE", f"{there}:{os.fstat(there).st_ino + 1}")
    messages.wait_at_gate()
    os.write(ours, b"x")
    assert os.read(there, 1) == b"x"
    os.close(there)
    os.close(ours)
