"""After a clone: its submodules with the same access, and a name for commits in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from script import LEAVE, FakeGit, Script, Shown, context

from ccsetup.access import questions
from ccsetup.core import validate
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Cancelled, Problem
from ccsetup.core.model import CloneResult, Expected, Identity, Route, Submodule, Target
from ccsetup.core.result import Cloned, Outcome
from ccsetup.git.transport import HELPER, Way
from ccsetup.wizard import after_clone
from ccsetup.wizard.verify import Claim

CLAIM = Claim("dev", "us-east-2", None, Expected(), Target("Demo", "us-east-2"))
URL = "https://git-codecommit.{}.amazonaws.com/v1/repos/{}"


@dataclass
class Git(FakeGit):
    """A git whose clones have submodules, by folder, and that fetches them with these results."""

    inside: Mapping[str, Sequence[Submodule]] = field(default_factory=dict)
    results: Mapping[str, CloneResult | Problem | type[BaseException]] = field(default_factory=dict)

    def submodules(self, directory: Path) -> Sequence[Submodule]:
        return self.inside.get(directory.name, ())

    def fetch_submodule(self, directory: Path, submodule: Submodule, route: Route, progress: Any) -> CloneResult:
        self.calls.append(f"{submodule.path} {route.url}")
        result = self.results.get(submodule.path, CloneResult("1" * 40))
        if isinstance(result, CloneResult):
            return result
        raise result


def sub(name: str, url: str, fault: str = "") -> Submodule:
    return Submodule(name, name, url, "1" * 40, fault)


def fetched(
    tmp_path: Path, git: Git, claim: Claim = CLAIM, env: dict[str, str] | None = None
) -> tuple[list[Problem], str]:
    around = context(tmp_path, git=git, env=env)
    problems = after_clone.submodules(around, git, claim, tmp_path / "Demo")  # type: ignore[arg-type]
    return problems, said(around)


def said(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


@pytest.mark.parametrize(
    ("url", "route"),
    [
        ("../Lib", "codecommit::us-east-2://dev@Lib"),
        ("../Lib/", "codecommit::us-east-2://dev@Lib"),
        ("codecommit::eu-west-1://maria@Lib", "codecommit::eu-west-1://dev@Lib"),
        ("codecommit://Lib", "codecommit::us-east-2://dev@Lib"),
        (URL.format("eu-west-1", "Lib"), "codecommit::eu-west-1://dev@Lib"),
        ("ssh://git-codecommit.eu-west-1.amazonaws.com/v1/repos/Lib", "codecommit::eu-west-1://dev@Lib"),
    ],
)
def test_submodules_on_codecommit_are_fetched_with_the_clones_profile(url: str, route: str, tmp_path: Path) -> None:
    git = Git(inside={"Demo": (sub("lib", url),)})
    problems, text = fetched(tmp_path, git)
    assert (problems, git.calls) == ([], [f"lib {route}"])
    region = route.partition("::")[2].partition(":")[0]
    assert f"done submodule lib Lib in {region}" in text


@pytest.mark.parametrize(
    "url", ["https://github.com/acme/lib.git", "git@github.com:acme/lib", "../../other/lib", "Lib", "/srv/lib"]
)
def test_submodules_elsewhere_are_skipped_and_the_command_is_shown(url: str, tmp_path: Path) -> None:
    git = Git(inside={"Demo": (sub("my lib", url),)})
    problems, text = fetched(tmp_path, git)
    assert (problems, git.calls) == ([], [])
    assert "To fetch it: git submodule update --init -- 'my lib'" in text


def test_submodules_of_submodules_are_fetched_in_their_region(tmp_path: Path) -> None:
    inside = {
        "Demo": (sub("lib", "codecommit::eu-west-1://Lib"),),
        "lib": (sub("deep", "../Deep"), sub("far", "https://github.com/acme/far")),
    }
    git = Git(inside=inside)
    problems, text = fetched(tmp_path, git)
    assert problems == []
    assert git.calls == ["lib codecommit::eu-west-1://dev@Lib", "deep codecommit::eu-west-1://dev@Deep"]
    assert "done submodule lib/deep Deep in eu-west-1" in text
    assert "git -C lib submodule update --init -- far" in text


def test_submodules_that_contain_themselves_end(tmp_path: Path) -> None:
    git = Git(inside={"Demo": (sub("Demo", "../Demo"),)})
    assert fetched(tmp_path, git)[0] == []
    assert len(git.calls) == 10


def test_the_addresss_own_host_is_for_its_region_only(tmp_path: Path) -> None:
    inside = {"Demo": (sub("a", "../A"), sub("b", "codecommit::eu-west-1://B"))}
    git = Git(inside=inside)
    claim = Claim("dev", "us-east-2", None, Expected(), CLAIM.target, way=Way(HELPER, host="code.internal.example"))
    fetched(tmp_path, git, claim)
    assert git.calls == ["a https://code.internal.example/v1/repos/A", f"b {URL.format('eu-west-1', 'B')}"]


def test_one_that_is_refused_is_told_and_the_others_are_fetched(tmp_path: Path) -> None:
    inside = {
        "Demo": (
            sub("bad", "../Bad", "its path leaves the clone"),
            sub("no", "../No"),
            sub("half", "../Half"),
            sub("yes", "../Yes"),
        )
    }
    half = Problem("It couldn't be checked out.", code="git.failed")
    results = {
        "no": Problem("You aren't allowed.", code="access.repository"),
        "half": CloneResult("", half, ("git warns.",)),
    }
    git = Git(inside=inside, results=results)
    problems, text = fetched(tmp_path, git)
    assert [problem.what for problem in problems] == [
        "Couldn't fetch the submodule bad. its path leaves the clone",
        "Couldn't fetch the submodule no. You aren't allowed.",
        "It couldn't be checked out.",
    ]
    assert [call.split()[0] for call in git.calls] == ["no", "half", "yes"]
    assert "note git warns." in text
    assert "done submodule half" not in text
    assert "done submodule yes" in text


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_ctrl_c_keeps_the_clone_and_says_how_to_go_on(stop: type[BaseException], tmp_path: Path) -> None:
    git = Git(inside={"Demo": (sub("lib", "../Lib"),)}, results={"lib": stop})
    around = context(tmp_path, git=git)
    outcome = Outcome(cloned=Cloned(tmp_path / "Demo", Route("", ""), ""))
    with pytest.raises(Cancelled, match="The clone was kept") as left:
        after_clone.settle(around, git, CLAIM, outcome, None)  # type: ignore[arg-type]
    assert left.value.next == CLAIM.to_go_on


def test_what_was_refused_is_added_to_what_there_was(tmp_path: Path) -> None:
    git = Git(inside={"Demo": (sub("bad", "../Bad", "bad"),)})
    around, first = context(tmp_path, git=git), Problem("First.", code="x")
    outcome = Outcome(cloned=Cloned(tmp_path / "Demo", Route("", ""), ""), problems=(first,))
    found = after_clone.settle(around, git, CLAIM, outcome, None)  # type: ignore[arg-type]
    assert [it.what for it in found.problems] == ["First.", "Couldn't fetch the submodule bad. bad"]


# ------------------------------------------------------------------ the name for commits


MARIA = Outcome(
    identity=Identity("111122223333", "arn:aws:sts::111122223333:assumed-role/Dev/maria.garcia@acme.example")
)


def named(
    tmp_path: Path, *steps: tuple[str, object], person: bool = True, outcome: Outcome = MARIA, **more: Any
) -> tuple[list[str], Script, str]:
    git, script = FakeGit(settings=more.pop("settings", {})), Script(*steps)
    around = context(tmp_path, git=git, env=more.pop("env", None))
    given = after_clone.ask_person(around, git, outcome, script) if person else None  # type: ignore[arg-type]
    after_clone.see_to_name(around, git, tmp_path, outcome, given)  # type: ignore[arg-type]
    script.done()
    return git.calls, script, said(around)


def test_name_and_email_are_asked_for_with_what_the_role_tells(tmp_path: Path) -> None:
    calls, script, _ = named(tmp_path, ("git_name", "Maria  Garcia "), ("git_email", " m@acme.example "))
    assert calls == ["config --local user.name Maria Garcia", "config --local user.email m@acme.example"]
    assert [asked.default for asked in script.asked] == ["Maria Garcia", "maria.garcia@acme.example"]


@pytest.mark.parametrize(
    ("settings", "env", "asked"),
    [
        ({"user.name": "M", "user.email": "m@x.example"}, {}, []),
        ({}, {"GIT_AUTHOR_NAME": "M", "GIT_AUTHOR_EMAIL": "m@x.example"}, []),
        ({"user.name": "M"}, {"GIT_AUTHOR_EMAIL": "m@x.example"}, []),
        ({"user.name": "M"}, {}, ["user.email"]),
        ({}, {"GIT_AUTHOR_EMAIL": "m@x.example"}, ["user.name"]),
    ],
)
def test_only_what_git_does_not_know_is_asked(
    settings: dict[str, str], env: dict[str, str], asked: list[str], tmp_path: Path
) -> None:
    steps = [(key.replace("user.", "git_"), "maria@x.example") for key in asked]
    calls, _, _ = named(tmp_path, *steps, settings=settings, env=env)
    assert calls == [f"config --local {key} maria@x.example" for key in asked]
    assert ("git needs a name" in named(tmp_path, person=False, settings=settings, env=env)[2]) == bool(asked)


def test_nobody_there_to_ask_is_told_the_commands(tmp_path: Path) -> None:
    text = named(tmp_path, person=False)[2]
    assert "git config user.name 'Maria Garcia' && git config user.email maria.garcia@acme.example" in text
    text = named(tmp_path, person=False, outcome=Outcome())[2]
    assert "git config user.name 'Maria Garcia' && git config user.email maria@example.com" in text


def test_an_empty_answer_leaves_it_and_asks_no_more(tmp_path: Path) -> None:
    assert named(tmp_path, ("git_name", ""))[0] == []
    with pytest.raises(Cancelled):
        named(tmp_path, ("git_name", LEAVE))


@pytest.mark.parametrize(
    ("session", "name", "email"),
    [
        ("maria.garcia@acme.example", "Maria Garcia", "maria.garcia@acme.example"),
        ("maria", "Maria", ""),
        ("maria_del-carmen", "Maria Del Carmen", ""),
        ("maria@acme", "Maria", ""),
        ("i-0123456789abcdef0", "", ""),
        ("m.garcia", "", ""),
        ("session", "", ""),
        ("ccsetup", "", ""),
        ("", "", ""),
    ],
)
def test_a_session_may_tell_a_persons_name_and_address(session: str, name: str, email: str) -> None:
    assert questions.person_in(f"arn:aws:sts::111122223333:assumed-role/Dev/{session}") == (name, email)
    assert questions.person_in("arn:aws:iam::111122223333:root") == ("", "")


@pytest.mark.parametrize("text", ["-x", "a<b", "a>b"])
def test_what_git_would_misread_is_no_name(text: str) -> None:
    with pytest.raises(BadAnswer, match="Maria Garcia"):
        validate.person(text)


@pytest.mark.parametrize(
    ("text", "good"), [("m@x", True), ("", True), ("m", False), ("-m@x", False), ("m@@x", False), ("a b@x", False)]
)
def test_an_email_address_has_one_at(text: str, good: bool) -> None:
    if good:
        assert validate.email(f" {text} ") == text
    else:
        with pytest.raises(BadAnswer, match="email"):
            validate.email(text)
