"""Each repository of a team file by itself: where it is cloned, from which region, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier, Event, Lock
from typing import Any

import pytest
from script import FakeAws, FakeGit, Shown, context

from ccsetup.core.concurrency import alone, ended_by_ctrl_c
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Elsewhere, NoRepository, Problem
from ccsetup.core.model import CloneResult, Expected, Repository, Route, Target, Who
from ccsetup.core.result import Cloned, Outcome
from ccsetup.team.contents import Place
from ccsetup.wizard import team_clones
from ccsetup.wizard.team_clones import Got, Wanted
from ccsetup.wizard.verify import Claim

ACCOUNT = "111122223333"
ROUTE = Route("git-remote-codecommit", "codecommit::us-east-2://dev@Demo")


@dataclass
class Aws(FakeAws):
    """Has the repository in one region only."""

    region: str = "us-east-2"

    def repository(self, who: Who, name: str) -> Repository:
        if who.region != self.region:
            raise NoRepository(f"There is no {name} in {who.region}.")
        return Repository(name, who.region, ACCOUNT, "main")


def wanted(name: str = "Demo", fixed: bool = False, **target: str) -> Wanted:
    at = Target(name, "us-east-2", **target)
    return Wanted(Place(name), Claim("dev", "us-east-2", None, Expected(), at), fixed)


def cloned(around: Context, *each: Wanted) -> list[Got]:
    return team_clones.clone_all(around, around.git, [(one, Outcome(profile="dev")) for one in each])


def said(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


def test_what_is_told_of_a_repository_is_null_where_it_is_not_known() -> None:
    assert Got(Place("Demo"), Outcome(profile="dev", region="us-east-2")).document() == {
        "name": "Demo", "ok": True, "profile": "dev", "region": "us-east-2", "default_branch": None,
        "directory": None, "url": None, "via": None, "commit": None, "problems": [],
    }  # fmt: skip
    there = Repository("Demo", "eu-west-1", ACCOUNT, "main")
    whole = Outcome(profile="dev", region="us-east-2", repository=there, cloned=Cloned(Path("/Demo"), ROUTE, "0" * 40))
    assert Got(Place("Demo"), whole).document() == {
        "name": "Demo", "ok": True, "profile": "dev", "region": "eu-west-1", "default_branch": "main",
        "directory": str(Path("/Demo")), "url": ROUTE.url, "via": ROUTE.name, "commit": "0" * 40, "problems": [],
    }  # fmt: skip
    empty = replace(whole, repository=there._replace(default_branch=""), cloned=Cloned(Path("/Demo"), ROUTE, ""))
    document = Got(Place("Demo"), empty.refused(Problem("No.", code="git.failed"))).document()
    assert (document["default_branch"], document["commit"], document["ok"]) == (None, None, False)
    assert document["problems"][0]["what"] == "No."


def test_each_repository_goes_into_its_folder_or_the_one_of_the_flag(tmp_path: Path) -> None:
    around = context(tmp_path, aws=Aws())
    each = cloned(around, wanted("One"), wanted("Two", directory="other"))
    assert [got.outcome.cloned and got.outcome.cloned.directory for got in each] == [
        around.cwd / "One", around.cwd / "other",
    ]  # fmt: skip
    assert [wanted("One").folder, wanted("Two", directory="other").folder] == ["One", "other"]
    assert all(got.document()["default_branch"] == "main" for got in each)


@pytest.mark.parametrize(
    ("fixed", "elsewhere", "region"),
    [(False, ("eu-west-1",), "eu-west-1"), (True, ("eu-west-1",), None), (False, ("eu-west-1", "us-west-2"), None)],
)
def test_the_only_other_region_is_used_unless_the_file_names_one(
    fixed: bool, elsewhere: tuple[str, ...], region: str | None, tmp_path: Path
) -> None:
    around = context(tmp_path, aws=Aws(region="eu-west-1", elsewhere=elsewhere))
    (got,) = cloned(around, wanted(fixed=fixed))
    assert got.document()["ok"] == bool(region)
    assert ("Using eu-west-1." in said(around)) == bool(region)
    if region:
        assert (got.outcome.region, got.document()["region"]) == (region, region)
        assert got.outcome.cloned is not None
        assert got.outcome.cloned.route.url == "codecommit::eu-west-1://dev@Demo"
    else:
        (problem,) = got.outcome.problems
        assert isinstance(problem, Elsewhere)
        assert problem.what.startswith("Demo: Demo is in ")


def test_a_clone_that_is_there_already_keeps_its_region_unless_the_file_names_one(tmp_path: Path) -> None:
    for fixed, region in ((False, "eu-west-1"), (True, "us-east-2")):
        git = FakeGit(origins={"Demo": "codecommit::eu-west-1://dev@Demo"})
        around = context(tmp_path, aws=Aws(region=region), git=git)
        (around.cwd / "Demo").mkdir(exist_ok=True)
        found = team_clones._where_it_is(around, wanted(fixed=fixed), around.cwd / "Demo")
        assert (found.claim.region, found.claim.target.region) == (region, region)


def test_one_that_fails_is_named_and_the_next_is_cloned(tmp_path: Path) -> None:
    class Git(FakeGit):
        def clone(
            self, route: Route, directory: Path, branch: str, progress: Any, default: str = "", early: Any = None
        ) -> CloneResult:
            if directory.name == "One":
                raise Problem("The disk is full.", code="git.failed")
            return super().clone(route, directory, branch, progress, default, early)

    around = context(tmp_path, aws=Aws(), git=Git())
    one, two = cloned(around, wanted("One"), wanted("Two"))
    assert [problem.what for problem in one.outcome.problems] == ["One: The disk is full."]
    assert "problem git.failed One: The disk is full." in said(around)
    assert (two.outcome.problems, (around.cwd / "Two").is_dir()) == ((), True)


class Full(FakeGit):
    """Lets no clone go on before as many run as can at the same time, the last ones apart, and counts them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.lock, self.at_once, self.most = Lock(), 0, 0
        self.full, self.left = Barrier(8), count // 8 * 8

    def clone(
        self, route: Route, directory: Path, branch: str, progress: Any, default: str = "", early: Any = None
    ) -> CloneResult:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            self.left -= 1
            waits = self.left >= 0
        if waits:
            self.full.wait(30)
        with self.lock:
            self.at_once -= 1
        return super().clone(route, directory, branch, progress, default, early)


def test_eight_are_cloned_at_a_time_and_never_more(tmp_path: Path) -> None:
    names = [f"part-{number}" for number in range(20)]
    git = Full(len(names))
    around = context(tmp_path, aws=Aws(), git=git)
    each = cloned(around, *map(wanted, names))
    assert git.most == 8
    assert [got.place.name for got in each if got.outcome.cloned] == names


def test_what_is_said_and_told_keeps_the_order_of_the_file(tmp_path: Path) -> None:
    """Each one is cloned only once the next one is: the last is done first."""
    names = [f"part-{number}" for number in range(8)]
    done = {name: Event() for name in names}

    class Backwards(FakeGit):
        def clone(
            self, route: Route, directory: Path, branch: str, progress: Any, default: str = "", early: Any = None
        ) -> CloneResult:
            later = names[names.index(directory.name) + 1 :]
            assert not later or done[later[0]].wait(30)
            result = super().clone(route, directory, branch, progress, default, early)
            done[directory.name].set()
            return result

    around = context(tmp_path, aws=Aws(), git=Backwards())
    each = cloned(around, *map(wanted, names))
    assert [call.split()[2] for call in around.git.calls if call.startswith("clone")] == names[::-1]  # type: ignore[attr-defined]
    assert [got.place.name for got in each] == names
    told = [line.split()[2].removeprefix("./") for line in said(around).splitlines() if line.startswith("done cloned")]
    assert told == names


def test_nothing_is_asked_while_several_are_cloned(tmp_path: Path) -> None:
    seen = []

    class Asking(Aws):
        def repository(self, who: Who, name: str) -> Repository:
            seen.append(alone.get())
            return super().repository(who, name)

    around = context(tmp_path, aws=Asking())
    cloned(around, wanted("One"), wanted("Two"))
    assert seen == [True, True]


def test_the_repositories_of_a_profile_that_failed_are_skipped(tmp_path: Path) -> None:
    around = context(tmp_path, aws=Aws())
    refused = Outcome(profile="other").refused(Problem("No.", code="access.identity"))
    works = [(wanted("One"), refused), (wanted("Two"), Outcome(profile="dev")), (wanted("Three"), refused)]
    each = team_clones.clone_all(around, around.git, works)
    assert [(got.place.name, got.document()["ok"]) for got in each] == [("One", False), ("Two", True), ("Three", False)]
    assert [path.name for path in around.cwd.iterdir()] == ["Two"]


def test_ctrl_c_ends_what_runs_and_says_how_many_are_there(tmp_path: Path) -> None:
    first = Event()

    class Git(FakeGit):
        def clone(
            self, route: Route, directory: Path, branch: str, progress: Any, default: str = "", early: Any = None
        ) -> CloneResult:
            if directory.name == "Two":
                assert first.wait(30)
                raise KeyboardInterrupt
            if directory.name == "Three":
                git = Event()
                with ended_by_ctrl_c(git.set):
                    assert git.wait(30)
            result = super().clone(route, directory, branch, progress, default, early)
            first.set()
            return result

    around = context(tmp_path, aws=Aws(), git=Git())
    with pytest.raises(Cancelled, match="1 of 3 repositories were cloned"):
        cloned(around, wanted("One"), wanted("Two"), wanted("Three"))
    assert [path.name for path in around.cwd.iterdir()] == ["One"]


def test_ctrl_c_says_what_is_left_of_a_clone(tmp_path: Path) -> None:
    class Git(FakeGit):
        def clone(
            self, route: Route, directory: Path, branch: str, progress: Any, default: str = "", early: Any = None
        ) -> CloneResult:
            raise Cancelled("Canceled. Couldn't remove /work/.ccsetup-1 (busy). Remove it yourself.")

    around = context(tmp_path, aws=Aws(), git=Git())
    with pytest.raises(Cancelled, match="0 of 2 repositories were cloned"):
        cloned(around, wanted("One"), wanted("Two"))
    assert "One: Canceled. Couldn't remove /work/.ccsetup-1 (busy). Remove it yourself." in said(around)
