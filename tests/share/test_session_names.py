"""share --require-session-name: CloudTrail names the person, because the role accepts no other session names."""

from __future__ import annotations

# ruff: noqa: F811
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from test_share import GROUP, REPO, SHARE, A, B, Office, office, push  # noqa: F401

pytestmark = pytest.mark.slow

WORDS = [*SHARE, "--role-name", "Named", "--group", GROUP]
NAMED = f"arn:aws:iam::{A}:role/Named"
ACME = ["--require-session-name", "*@acme.example"]


def shared(office: Office, *more: str) -> None:
    assert office.run(*WORDS, *more, "--yes")[0] == 0
    for admin in ("admin-a", "admin-b"):
        code, _, shown = office.run(*WORDS, *more, "--apply", "--yes", "--profile", admin)
        assert code == 0, shown


def condition(office: Office) -> object:
    return office.state.roles[NAMED].trust["Statement"][0].get("Condition")


def test_who_pushed_is_in_the_log_and_nameless_sessions_are_refused(office: Office) -> None:
    Path.home().joinpath(".gitconfig").write_text("[user]\nname = Maria\nemail = maria@acme.example\n")
    shared(office, *ACME)
    assert condition(office) == {"StringLike": {"sts:RoleSessionName": "*@acme.example"}}
    words = ["setup", "role", "--role-arn", NAMED, "--source-profile", "developer", "--region", "us-east-2", "--yes"]
    code, told, shown = office.run(*words, "--profile", "nameless", "--repo", REPO, "--no-clone")
    assert (code, told["problems"][0]["code"]) == (1, "access.assume"), shown
    code, _, shown = office.run(*words, "--profile", "other", "--role-session-name", "maria@evil.example", "--no-clone")
    assert code == 1, shown

    team = ["setup", "--team", f"share-{REPO}/team.ini", "--source-profile", "developer", "--yes"]
    code, told, shown = office.run(*team)
    assert code == 0, shown
    assert push(office.folder / REPO) == 0
    pushes = {it.who for it in office.sandbox.log if it.action == "GitPush"} - {
        ""
    }  # git asks without credentials first
    assert pushes == {f"arn:aws:sts::{A}:assumed-role/Named/maria@acme.example"}


@pytest.mark.long
@pytest.mark.parametrize("profile", ["admin-a", "admin-b", "developer"])
def test_the_check_meets_the_condition_or_names_the_flag(office: Office, profile: str) -> None:
    shared(office, *ACME)
    code, told, shown = office.run(*WORDS, *ACME, "--check", "--profile", profile)
    assert code == 0, shown
    (office.folder / f"share-{REPO}" / "account-a-trust.json").unlink()
    code, told, shown = office.run(*WORDS, "--check", "--profile", profile)
    if profile == "admin-a":
        (problem,) = told["problems"]
        assert "requires a session name like *@acme.example" in problem["what"]
        assert "--require-session-name '*@acme.example'" in problem["next"] and problem["policy"] is None


@pytest.mark.long
def test_the_flag_alone_accepts_every_email_address_and_stays_when_it_is_not_said(office: Office) -> None:
    shared(office, "--require-session-name")
    assert condition(office) == {"StringLike": {"sts:RoleSessionName": "*@*"}}
    code, told, _ = office.run(*WORDS, "--apply", "--yes", "--profile", "admin-a")
    assert (code, told["steps"]) == (0, []) and "--role-session-name NAME@DOMAIN" in told["developer"]
    code, _, shown = office.run(*WORDS, *ACME, "--apply", "--yes", "--profile", "admin-a")
    assert code == 0 and f"now requires a session name like *@acme.example (for account {B})" in " ".join(shown.split())
    code, told, shown = office.run(*WORDS, "--require-session-name", "--apply", "--yes", "--profile", "admin-a")
    assert code == 1 and "no longer requires a session name like *@acme.example" in " ".join(shown.split())
    assert condition(office) == {"StringLike": {"sts:RoleSessionName": "*@acme.example"}}


@pytest.mark.long
def test_a_session_name_that_depends_on_the_caller_stays_and_is_said_to_be_unknown(office: Office) -> None:
    shared(office)
    role = office.state.roles[NAMED]
    own = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    office.state.roles[NAMED] = replace(role, trust={"Statement": [{**role.trust["Statement"][0], "Condition": own}]})
    code, told, _ = office.run(*WORDS, "--apply", "--yes", "--profile", "admin-a")
    assert (code, told["steps"], condition(office)) == (0, [], own)
    code, told, _ = office.run(*WORDS, "--check", "--profile", "admin-a")
    assert code == 0 and [it["holds"] for it in told["links"] if it["link"] == "trust"] == [None]


def test_the_folder_carries_it_for_every_tool(office: Office) -> None:
    code, _, shown = office.run(*WORDS, *ACME, "--terraform", "--yes", "--out", "o")
    assert code == 0, shown
    texts = {path.name: path.read_text() for path in (office.folder / "o").rglob("*") if path.is_file()}
    for name in ("account-a-trust.json", "account-a.template.json"):
        assert '"sts:RoleSessionName": "*@acme.example"' in texts[name]
    assert any(
        '"sts:RoleSessionName" = "*@acme.example"' in path.read_text() for path in office.folder.rglob("main.tf")
    )
    assert "--require-session-name '*@acme.example'" in texts["README.md"] and "CloudTrail" in texts["README.md"]
    assert "Session names must look like *@acme.example." in texts["team.ini"]
    assert json.loads(texts["account-a-trust.json"])
    subprocess.run(["bash", "-n"], input=texts["apply.sh"], text=True, check=True)


@pytest.mark.parametrize(("words", "says"), [
    (["--require-session-name", REPO], "put --require-session-name last"),
    (["--require-session-name", "maria@acme.example"], "pattern like *@acme.example"),
    (["--require-session-name", "*@acme example"], "pattern like *@acme.example"),
    (["--trust", f"saml:arn:aws:iam::{A}:saml-provider/X", "--require-session-name"], "--require-session-name"),
])  # fmt: skip
def test_what_is_no_pattern_gets_a_right_example(office: Office, words: list[str], says: str) -> None:
    given = [it for it in WORDS if "saml" not in str(words) or it not in ("--to-account", B, "--group", GROUP)]
    code, told, _ = office.run(*given, *words, "--yes")
    (problem,) = told["problems"]
    assert code == 2 and says in f"{problem['what']} {problem['next']}"
    assert list(office.folder.iterdir()) == []
