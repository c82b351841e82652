"""Several accesses in one join: each has a profile of its own, and none is cloned with before all are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from script import Script
from test_team_setup import BASE, Aws, Git, clones, file, home, run, shown, sso

from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import CloneResult, Identity, Route, Who
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
    return sorted(call.split()[1].partition("//")[2] for call in clones(around))


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
    assert used(around) == [f"team-acme-{OTHER}@reports", "team-acme@MySharedDemoRepo"]


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
    assert used(around) == ["acme-other@reports", "mine@MySharedDemoRepo"]


def test_no_clone_is_made_before_all_profiles_are_written(tmp_path: Path) -> None:
    seen = []

    class Late(Git):
        def clone(
            self, route: Route, directory: Path, branch: str, progress: Any, default: str = "", early: Any = None
        ) -> CloneResult:
            seen.append((around.home / ".aws" / "config").read_text().count("[profile "))
            return super().clone(route, directory, branch, progress, default, early)

    around = replace(plain(home(tmp_path)), git=Late())
    assert run(around, file(sso() + away(sso("other", profile="acme-other")), PLACES), None, "--yes").exit_code == 0
    assert seen == [2, 2]


def test_a_source_and_its_role_keep_their_names(tmp_path: Path) -> None:
    around = plain(home(tmp_path, credentials=BASE))
    role = f"  [[default]]\n  kind = role\n  role_arn = arn:aws:iam::{OWN}:role/Developer\n  mfa_serial =\n"
    text = file(f"{role}  source_profile = acme-dev\n  region = us-east-2\n{sso('first')}")
    assert run(around, text, None, "--yes").exit_code == 0
    assert used(around) == ["Developer@MySharedDemoRepo"]
