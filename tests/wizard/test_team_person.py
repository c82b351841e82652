"""CloudTrail names the person: roles of a team file get a session name, asked once, by default git's email address."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from script import Script
from test_team_doctor import Kept, visit
from test_team_setup import BASE, ROLE, Aws, Git, clones, file, home, run, sso

from ccsetup.core.context import Context
from ccsetup.core.errors import Problem
from ccsetup.core.model import Identity, Who
from ccsetup.git.config import Pairs

ENTRY = f"  [[default]]\n{ROLE}  source_profile = base\n  mfa_serial =\n"
OTHER = ENTRY.replace("[[default]]", "[[other]]").replace("111122223333", "444455556666").replace("= code", "= other")
PLACES = "  [[first]]\n  [[second]]\n  access = other\n"


@dataclass
class Accounts(Aws):
    """Answers for the account of the profile."""

    config: Path = Path()

    def identity(self, who: Who) -> Identity:
        account = "444455556666" if who.profile == "other" else "111122223333"
        return Identity(account, f"arn:aws:sts::{account}:assumed-role/Developer/x")


def machine(tmp_path: Path, config: str = "", **settings: str) -> Context:
    around = home(tmp_path, config, BASE)
    git = Kept(settings={"user.name": "Maria", **{key.replace("_", "."): value for key, value in settings.items()}})
    return replace(around, git=git, aws=Accounts())


def names(around: Context) -> list[str]:
    return re.findall("role_session_name = (.*)", (around.home / ".aws" / "config").read_text())


def test_the_email_of_git_is_the_default_and_it_is_asked_once(tmp_path: Path) -> None:
    around = machine(tmp_path, user_email="m@acme.example")
    script = Script(("role_session_name", "maria"), ("review", "go"))
    assert run(around, file(ENTRY + OTHER, PLACES), script).exit_code == 0
    assert (script.asked[0].default, script.asked[0].ask) == ("m@acme.example", "Session name (shown in CloudTrail)")
    assert (names(around), len(clones(around))) == (["maria", "maria"], 2)


def test_yes_takes_the_default_for_all_of_them(tmp_path: Path) -> None:
    around = machine(tmp_path, user_email="m@acme.example")
    assert run(around, file(ENTRY + OTHER, PLACES), None, "--yes").exit_code == 0
    assert names(around) == ["m@acme.example"] * 2


@pytest.mark.parametrize(("email", "name"), [
    ("maria+work@acme.example", "maria+work@acme.example"),
    ("märia@acme.example", "m-ria@acme.example"),
    ("m aria@acme.example", "m-aria@acme.example"),
    ("m" * 80 + "@acme.example", "m" * 64),
    ("x", None),
    ("", None),
])  # fmt: skip
def test_what_git_has_is_made_a_name_that_aws_accepts(email: str, name: str | None, tmp_path: Path) -> None:
    around = machine(tmp_path, user_email=email)
    assert run(around, file(ENTRY), None, "--yes").exit_code == 0
    assert names(around) == ([name] if name else [])


def test_the_author_of_this_shell_comes_before_git_and_git_may_be_missing(tmp_path: Path) -> None:
    class Broken(Git):
        def machine_settings(self) -> Pairs:
            raise Problem("git can't read its settings.")

    around = machine(tmp_path, user_email="m@acme.example")
    around = replace(around, env={**around.env, "GIT_AUTHOR_EMAIL": "shell@acme.example"})
    assert run(around, file(ENTRY), None, "--yes", "--dry-run").exit_code == 0
    assert run(replace(around, git=Broken()), file(ENTRY), None, "--yes").exit_code == 0
    assert names(around) == ["shell@acme.example"]
    (tmp_path / "b").mkdir()
    bare = replace(machine(tmp_path / "b"), git=Broken())
    assert run(bare, file(ENTRY), None, "--yes").exit_code == 0
    assert names(bare) == []


def test_an_answer_of_the_file_or_a_flag_is_taken_as_it_is(tmp_path: Path) -> None:
    around = machine(tmp_path, user_email="m@acme.example")
    fixed = f"{ENTRY}  role_session_name = build\n"
    assert run(around, file(fixed + OTHER, PLACES), None, "--yes").exit_code == 0
    assert names(around) == ["build", "m@acme.example"]  # a fixed name is no person's, so it isn't taken over
    (tmp_path / "b").mkdir()
    around = machine(tmp_path / "b", user_email="m@acme.example")
    assert run(around, file(ENTRY + OTHER, PLACES), None, "--yes", "--role-session-name", "mg").exit_code == 0
    assert names(around) == ["mg", "mg"]


def test_the_name_of_an_earlier_join_is_kept_without_a_question(tmp_path: Path) -> None:
    around = machine(tmp_path, user_email="m@acme.example")
    assert run(around, file(ENTRY, ""), None, "--yes", "--role-session-name", "mg").exit_code == 0
    assert run(around, file(ENTRY, ""), Script(("review", "go"))).exit_code == 0
    assert names(around) == ["mg"]
    report = visit(around, file(ENTRY, ""))
    assert (report.exit_code, report.document["findings"]) == (0, [])


def test_single_sign_on_and_a_computers_role_are_not_asked(tmp_path: Path) -> None:
    around = machine(tmp_path, user_email="m@acme.example")
    assert run(around, file(sso()), Script(("review", "go"))).exit_code == 0
    of_machine = ENTRY.replace("source_profile = base", "credential_source = EcsContainer")
    assert run(around, file(of_machine, ""), None, "--yes").exit_code == 0
    assert names(around) == []
