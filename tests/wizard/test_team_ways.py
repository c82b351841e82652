"""A file for several kinds of people and accounts: one choice at most, and each person gets what that reaches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import CleanEnv
from script import FakeSignIn, Script
from terminal import Terminal, program
from test_team_setup import BASE, Aws, clones, env_of, home, run, shown

from ccsetup.cli import parser
from ccsetup.cli.commands import setup
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Missing, Problem
from ccsetup.core.model import Identity, Who
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, MARIA, PEOPLE, START_URL, role_arn

FILE = f"""\
version = 2
name = Acme platform
[access]
  [[staff]]
  label = Employees
  kind = sso
  sso_session = acme
  sso_start_url = {START_URL}
  sso_region = us-east-1
  sso_account_id = {CODE}
  sso_role_name = Developer
  region = us-east-2
  [[staff-people]]
  kind = sso
  sso_session = acme
  sso_start_url = {START_URL}
  sso_region = us-east-1
  sso_account_id = {PEOPLE}
  sso_role_name = Developer
  region = us-east-2
  [[contractor]]
  label = Contractors
  kind = role
  role_arn = {role_arn("CodeCommitAccess")}
  mfa_serial =
  region = us-east-2
  profile = contract
[repositories]
  [[MySharedDemoRepo]]
  access = staff, contractor
  [[people-tools]]
  access = staff-people
  [[handbook]]
  region = eu-central-1
  access = staff, contractor
  [[demo-east]]
  repository = MyDemoRepo
  region = us-east-1
  access = staff
"""


class Accounts(Aws):
    """Answers for the account of the profile."""

    def __init__(self, config: Path) -> None:
        super().__init__()
        self.config = config

    def identity(self, who: Who) -> Identity:
        there = self.config.read_text().partition(f"[profile {who.profile}]")[2].partition("[")[0]
        account = PEOPLE if PEOPLE in there else CODE
        role = "CodeCommitAccess" if "role_arn" in there else "Developer"
        return Identity(account, f"arn:aws:sts::{account}:assumed-role/{role}/maria")


def machine(tmp_path: Path) -> Context:
    around = home(tmp_path, credentials=BASE)
    return replace(around, aws=Accounts(around.home / ".aws" / "config"))


def cloned(around: Context) -> list[str]:
    return sorted(" ".join(call.split()[1:3]) for call in clones(around))


STAFF = [
    f"codecommit::us-east-2://acme-developer-{CODE}@MySharedDemoRepo MySharedDemoRepo",
    f"codecommit::eu-central-1://acme-developer-{CODE}@handbook handbook",
    f"codecommit::us-east-1://acme-developer-{CODE}@MyDemoRepo demo-east",
    f"codecommit::us-east-2://acme-developer-{PEOPLE}@people-tools people-tools",
]
CONTRACTOR = [
    "codecommit::us-east-2://contract@MySharedDemoRepo MySharedDemoRepo",
    "codecommit::eu-central-1://contract@handbook handbook",
]


def test_staff_choose_their_way_in_once_and_get_both_accounts(tmp_path: Path) -> None:
    around = machine(tmp_path)
    script = Script(("access", "staff"), ("review", "go"))
    assert run(around, FILE, script).exit_code == 0
    assert [choice.label for choice in script.asked[0].choices] == ["Employees", "Contractors"]
    assert cloned(around) == sorted(STAFF)


def test_a_contractor_gets_what_contractors_reach_and_is_told_of_the_rest(tmp_path: Path) -> None:
    around = machine(tmp_path)
    report = run(around, FILE, None, "--yes", "--access", "contractor", "--source-profile", "base")
    assert report.exit_code == 0
    assert report.document["team"]["not_reached"] == [
        {"name": "people-tools", "access": ["staff-people"]},
        {"name": "demo-east", "access": ["staff"]},
    ]
    assert cloned(around) == sorted(CONTRACTOR)
    assert "sso" not in (around.home / ".aws" / "config").read_text()
    assert "Your access doesn't reach people-tools, demo-east." in shown(around)


def test_the_kind_is_a_choice_too(tmp_path: Path) -> None:
    around = machine(tmp_path)
    path = around.home.parent / "team.ini"
    path.write_text(FILE)
    words = ["setup", "role", "--team", str(path), "--yes", "--source-profile", "base"]
    assert setup.main(parser.parsed(words), lambda: around).exit_code == 0
    assert cloned(around) == sorted(CONTRACTOR)


def test_without_a_person_the_choice_has_to_be_given(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="--access") as missing:
        run(machine(tmp_path), FILE, None, "--yes")
    assert missing.value.next.startswith("Available: staff (Employees), contractor (Contractors).")


def test_one_repository_chooses_the_way_in_that_reaches_it(tmp_path: Path) -> None:
    around = machine(tmp_path)
    assert run(around, FILE, None, "--yes", "--repo", "people-tools").exit_code == 0
    assert cloned(around) == [STAFF[3]]
    with pytest.raises(
        BadAnswer, match=r"The access contractor \(Contractors\) doesn't reach people-tools."
    ) as refused:
        run(around, FILE, None, "--yes", "--access", "contractor", "--repo", "people-tools")
    assert "--access staff-people" in refused.value.next


@pytest.mark.parametrize("named", ["demo-east", "MyDemoRepo"])
def test_a_repository_is_found_by_its_section_and_by_its_name(named: str, tmp_path: Path) -> None:
    around = machine(tmp_path)
    assert run(around, FILE, None, "--yes", "--repo", named).exit_code == 0
    assert cloned(around) == [STAFF[2]]


def test_no_clone_sets_up_the_way_in_alone(tmp_path: Path) -> None:
    around = machine(tmp_path)
    script = Script(("access", "staff"), ("review", "go"))
    assert run(around, FILE, script, "--no-clone").exit_code == 0
    assert [choice.value for choice in script.asked[0].choices] == ["staff", "contractor"]
    assert (around.home / ".aws" / "config").read_text().count("[profile ") == 1


def test_a_hostile_access_list_gives_no_one_what_they_did_not_choose(tmp_path: Path) -> None:
    """A repository that names accesses of both kinds is cloned with the chosen one, never with a person's own keys."""
    text = FILE.replace("access = staff-people", "access = contractor, staff-people")
    around = machine(tmp_path)
    assert run(around, text, None, "--yes", "--access", "staff").exit_code == 0
    assert cloned(around) == sorted(STAFF)
    assert "base" not in (around.home / ".aws" / "config").read_text()


def test_two_roles_of_one_start_have_one_source_which_is_asked_once(tmp_path: Path) -> None:
    around = machine(tmp_path)
    second = FILE[FILE.index("  [[contractor]]") : FILE.index("[repositories]")].replace("[[contractor]]", "[[more]]")
    second = second.replace("profile = contract", "profile = more").replace(CODE, PEOPLE)
    text = FILE.replace("[repositories]", f"{second}[repositories]").replace("= staff-people", "= staff-people, more")
    script = Script(
        ("access", "contractor"), ("source_profile", "base"), ("role_session_name", "carlos"), ("review", "go")
    )
    assert run(around, text, script).exit_code == 0
    config = (around.home / ".aws" / "config").read_text()
    assert (config.count("source_profile = base"), config.count("role_session_name = carlos")) == (2, 2)
    assert "codecommit::us-east-2://more@people-tools people-tools" in cloned(around)


DEFAULT = FILE.replace("[[staff]]", "[[default]]").replace("= staff,", "= default,").replace("= staff\n", "= default\n")


def test_yes_takes_the_access_called_default_and_the_only_one(tmp_path: Path) -> None:
    around = machine(tmp_path)
    assert run(around, DEFAULT, None, "--yes", "--dry-run").document["kind"] == "sso"
    only = FILE[: FILE.index("  [[contractor]]")] + "[repositories]\n  [[people-tools]]\n"
    assert run(around, only.replace("[[staff]]", "[[one]]"), None, "--yes", "--access", "one").exit_code == 0
    alone = FILE.replace(", contractor", "").replace(FILE[FILE.index("  [[contractor]]") : FILE.index("[repos")], "")
    assert run(around, alone, None, "--yes", "--dry-run").document["kind"] == "sso"


@pytest.mark.parametrize(("more", "without", "flag"), [
    (BASE.replace("[base]", "[second]"), "", "--source-profile"),
    ("", f"  role_arn = {role_arn('CodeCommitAccess')}\n", "--role-arn"),
])  # fmt: skip
def test_yes_guesses_no_role_and_none_of_several_source_profiles(
    more: str, without: str, flag: str, tmp_path: Path
) -> None:
    around = machine(tmp_path)
    (around.home / ".aws" / "credentials").write_text(BASE + more)
    with pytest.raises(Missing, match=flag):
        run(around, FILE.replace(without, "") if without else FILE, None, "--yes", "--access", "contractor")
    assert not (around.home / ".aws" / "config").exists()


@pytest.mark.parametrize("more", ["", BASE.replace("[base]", "[default]")])
def test_yes_takes_the_only_source_profile_or_the_one_called_default(more: str, tmp_path: Path) -> None:
    around = machine(tmp_path)
    (around.home / ".aws" / "credentials").write_text(BASE + more)
    assert run(around, FILE, None, "--yes", "--access", "contractor").exit_code == 0
    source = "default" if more else "base"
    assert f"source_profile = {source}\n" in (around.home / ".aws" / "config").read_text()


@pytest.mark.parametrize(("line", "flag"), [
    (f"  sso_account_id = {CODE}\n", "--sso-account-id"), ("  sso_role_name = Developer\n", "--sso-role-name"),
])  # fmt: skip
def test_yes_guesses_no_account_and_no_permission_set(line: str, flag: str, tmp_path: Path) -> None:
    with pytest.raises(Missing, match=flag):
        run(
            replace(machine(tmp_path), signin=FakeSignIn(there=Problem("no"))),
            FILE.replace(line, ""),
            None,
            "--yes",
            "--access",
            "staff",
        )


@pytest.mark.slow
def test_at_a_terminal_it_is_one_choice_and_one_yes(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> None:
    env, work = env_of(sandbox, clean_env, tmp_path / "home"), tmp_path / "work"
    work.mkdir()
    keys = sandbox.state.user_keys(MARIA)
    (tmp_path / "home" / ".aws").mkdir()
    (tmp_path / "home" / ".aws" / "credentials").write_text(
        f"[maria]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    )
    (tmp_path / "team.ini").write_text(FILE)
    terminal = Terminal([program(), "--team", str(tmp_path / "team.ini")], env, work)
    terminal.wait("Which access do you want to use?", "Employees", "Contractors")
    terminal.answer("Which access do you want to use?", "Contractors")
    terminal.answer("Which profile should assume the role?")
    terminal.answer("Session name (shown in CloudTrail)", "maria.garcia")
    terminal.answer("Write these changes?", "")
    assert terminal.exit_code() == 0, terminal.text()
    assert {it.name for it in work.iterdir()} == {"MySharedDemoRepo", "handbook"}
    assert "Your access doesn't reach people-tools, demo-east" in terminal.text()
    assert f"arn:aws:sts::{CODE}:assumed-role/CodeCommitAccess/maria.garcia" in terminal.flat()
