"""Several accesses in one join: each has a profile of its own, and every clone is asked again at the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from script import Script
from test_team_setup import BASE, Aws, Git, Report, clones, file, home, run, shown, sso

from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Cancelled, Problem
from ccsetup.core.model import Identity, Who
from ccsetup.team.file import Refused

OTHER = "444455556666"
PLACES = "  [[MySharedDemoRepo]]\n  [[reports]]\n  access = other\n"
OWN = "111122223333"


def unnamed(entry: str) -> str:
    return "".join(line for line in entry.splitlines(keepends=True) if "profile =" not in line)


def away(entry: str) -> str:
    return entry.replace(OWN, OTHER)


def config(around: Context) -> str:
    return (around.home / ".aws" / "config").read_text()


def used(around: Context) -> list[str]:
    return [call.split()[1].partition("//")[2] for call in clones(around)]


@pytest.mark.parametrize("flags", [("--yes",), ("--yes", "--dry-run")])
def test_two_accesses_with_one_profile_are_refused_before_anything_is_written(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    around = home(tmp_path)
    with pytest.raises(Refused, match="has the same profile"):
        run(around, file(sso() + away(sso("other")), PLACES), None, *flags)
    assert (clones(around), (around.home / ".aws" / "config").exists()) == ([], False)


def plain(around: Context) -> Context:
    """Let AWS answer for whatever account is asked for."""

    class Any(Aws):
        def identity(self, who: Who) -> Identity:
            there = (around.home / ".aws" / "config").read_text().partition(f"[profile {who.profile}]")[2]
            account = OTHER if OTHER in there.partition("[")[0] else OWN
            return Identity(account, f"arn:aws:sts::{account}:assumed-role/Developer/maria")

    return replace(around, aws=Any())


def test_derived_names_get_the_account_and_each_clone_has_its_own(tmp_path: Path) -> None:
    around = plain(home(tmp_path))
    assert run(around, file(unnamed(sso()) + unnamed(away(sso("other"))), PLACES), None, "--yes").exit_code == 0
    assert used(around) == [f"acme-developer-{OWN}@MySharedDemoRepo", f"acme-developer-{OTHER}@reports"]
    assert config(around).count("[profile ") == 2


def test_who_gets_one_of_them_alone_has_the_same_name_as_the_others(tmp_path: Path) -> None:
    around = plain(home(tmp_path))
    text = file(unnamed(sso()) + unnamed(away(sso("other"))), "  [[reports]]\n")
    assert run(around, text, None, "--yes", "--access", "other").exit_code == 0
    assert used(around) == [f"acme-developer-{OTHER}@reports"]


def test_a_profile_of_an_earlier_join_is_kept(tmp_path: Path) -> None:
    around = plain(home(tmp_path))
    assert run(around, file(unnamed(sso())), None, "--yes", "--no-clone").exit_code == 0
    assert "[profile acme-developer]" in config(around)
    assert run(around, file(unnamed(sso()) + unnamed(away(sso("other"))), PLACES), None, "--yes").exit_code == 0, shown(
        around
    )
    assert "[profile acme-developer]" in config(around)
    assert f"[profile acme-developer-{OTHER}]" in config(around)
    assert f"[profile acme-developer-{OWN}]" not in config(around)


def test_a_pattern_that_answers_fill_in_equally_gets_the_account(tmp_path: Path) -> None:
    around = plain(home(tmp_path))
    one = sso().replace("profile = acme-dev", "profile = team-{session}").replace("  sso_session = acme\n", "")
    other = away(one).replace("[[default]]", "[[other]]")
    assert run(around, file(one + other, PLACES), None, "--yes").exit_code == 0
    assert used(around) == ["team-acme@MySharedDemoRepo", f"team-acme-{OTHER}@reports"]


def test_a_flag_does_not_take_the_name_of_another_access(tmp_path: Path) -> None:
    around = plain(home(tmp_path))
    text = file(sso() + away(sso("other", profile="acme-other")), PLACES)
    with pytest.raises(BadAnswer, match=r"acme-other is the profile for another access of the team file \(other way\)"):
        run(around, text, None, "--yes", "--profile", "acme-other")
    assert not (around.home / ".aws" / "config").exists()


def test_nor_does_an_answer_at_the_review_which_is_asked_again(tmp_path: Path) -> None:
    around = plain(home(tmp_path))
    script = Script(
        ("review", "change"), ("which", "default"), ("change", "profile"), ("profile", "acme-other"), ("profile", "mine"),
        ("review", "go"),
    )  # fmt: skip
    assert run(around, file(sso() + away(sso("other", profile="acme-other")), PLACES), script).exit_code == 0
    assert "acme-other is the profile for another access" in script.asked[4].notice
    assert used(around) == ["mine@MySharedDemoRepo", "acme-other@reports"]


class Torn(Git):
    """Clones everything, and then gets through from the clone in one folder no more."""

    def do(self, directory: Path, *words: str) -> str:
        if words[0] == "ls-remote" and directory.name == "second":
            raise Problem("CodeCommit has no repository second.", code="access.repository")
        return super().do(directory, *words)


def asked_again(tmp_path: Path, git: Git, *flags: str) -> tuple[Report, Context]:
    around = replace(home(tmp_path), git=git)
    places = "  [[first]]\n  [[second]]\n  [[third]]\n"
    return run(around, file(sso(), places), None, "--yes", *flags), around


def test_a_clone_that_git_cannot_use_at_the_end_is_no_success(tmp_path: Path) -> None:
    report, around = asked_again(tmp_path, Torn())
    assert report.exit_code == 1
    assert [it["ok"] for it in report.document["team"]["repositories"]] == [True, False, True]
    (problem,) = report.document["problems"]
    assert problem["code"] == "access.repository"
    assert problem["what"].startswith("second: the clone is there, but git can't use it.")
    assert "second: the clone is there" in shown(around)


def test_every_clone_is_asked_once_and_none_that_was_not_made(tmp_path: Path) -> None:
    git = Git()
    report, _ = asked_again(tmp_path, git)
    assert report.exit_code == 0
    assert git.calls.count("ls-remote --quiet -- origin HEAD") == 3
    git = Git()
    (tmp_path / "b").mkdir()
    asked_again(tmp_path / "b", git, "--no-clone")
    assert not [call for call in git.calls if call.startswith("ls-remote --quiet")]


def test_a_source_and_its_role_keep_their_names(tmp_path: Path) -> None:
    around = plain(home(tmp_path, credentials=BASE))
    role = f"  [[default]]\n  kind = role\n  role_arn = arn:aws:iam::{OWN}:role/Developer\n  mfa_serial =\n"
    text = file(f"{role}  source_profile = acme-dev\n  region = us-east-2\n{sso('first')}")
    assert run(around, text, None, "--yes").exit_code == 0
    assert used(around) == ["Developer@MySharedDemoRepo"]


def test_ctrl_c_during_the_last_check_says_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(self: object, seconds: float) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("ccsetup.wizard.team_clones.Crew.finish", stopped)
    with pytest.raises(Cancelled, match="The profiles and the clones were kept"):
        asked_again(tmp_path, Git())


def test_no_answer_in_time_is_neither_a_success_nor_a_fault_of_the_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccsetup.wizard.team_clones.Crew.finish", lambda self, seconds: False)
    report, around = asked_again(tmp_path, Git())
    assert report.exit_code == 0
    assert "git didn't answer in time for first, second, third" in shown(around)
