"""Each repository of a team file by itself: where it is cloned, from which region, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from script import FakeAws, FakeGit, Shown, context

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
    return team_clones.clone_all(around, around.git, each, Outcome(profile="dev"))


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
        def clone(self, route: Route, directory: Path, branch: str, progress: Any, default: str = "") -> CloneResult:
            if directory.name == "One":
                raise Problem("The disk is full.", code="git.failed")
            return super().clone(route, directory, branch, progress, default)

    around = context(tmp_path, aws=Aws(), git=Git())
    one, two = cloned(around, wanted("One"), wanted("Two"))
    assert [problem.what for problem in one.outcome.problems] == ["One: The disk is full."]
    assert "problem git.failed One: The disk is full." in said(around)
    assert (two.outcome.problems, (around.cwd / "Two").is_dir()) == ((), True)


def test_ctrl_c_says_how_many_are_there(tmp_path: Path) -> None:
    class Git(FakeGit):
        def clone(self, route: Route, directory: Path, branch: str, progress: Any, default: str = "") -> CloneResult:
            if directory.name == "Two":
                raise KeyboardInterrupt
            return super().clone(route, directory, branch, progress, default)

    around = context(tmp_path, aws=Aws(), git=Git())
    with pytest.raises(Cancelled, match="1 of 3 repositories were cloned"):
        cloned(around, wanted("One"), wanted("Two"), wanted("Three"))
