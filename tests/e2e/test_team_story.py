"""Three people, three accounts, five repositories, two kinds: from `share` to everybody's push, with one team file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import CleanEnv
from terminal import Terminal, program

from ccsetup.sandbox import Sandbox, policy_engine
from ccsetup.sandbox.demo_data import CODE, PEOPLE, REGION, SSO_REGION, START_URL
from ccsetup.team import file as team_file
from ccsetup.team.contents import Entry, Place, Team

pytestmark = pytest.mark.slow

DATA = "444455556666"
GROUP = "contractors"
FIVE = {"MySharedDemoRepo", "payments-api", "payments-eu", "reports", "people-tools"}


class Home:
    """One person's computer: a home of its own, and the folder for the clones."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str]) -> None:
        self.name, self.folder, self.env, self.work = name, folder, env, folder / "work"
        self.work.mkdir()
        (folder / ".aws").mkdir()
        (folder / ".gitconfig").write_text(f"[user]\nname = {name.title()}\nemail = {name}@acme.example\n")

    def keys(self, sandbox: Sandbox, *profiles: str) -> None:
        told = ((name, sandbox.state.user_keys(name)) for name in profiles)
        (self.folder / ".aws" / "credentials").write_text("".join(
            f"[{name}]\naws_access_key_id = {it.access_key_id}\naws_secret_access_key = {it.secret_access_key}\n"
            for name, it in told
        ))  # fmt: skip

    def run(self, *words: str, cwd: Path | None = None, code: int = 0) -> Any:
        """Run ccsetup with --json without a terminal; return its document."""
        command = [program(), *words, "--json"]
        done = subprocess.run(
            command, env=self.env, cwd=cwd or self.work, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def push(self, clone: str) -> str:
        """Commit and push in a clone; return what git said if that was refused."""
        folder = self.work / clone
        commit = ["git", "commit", "-q", "--allow-empty", "-m", f"From {self.name}"]
        subprocess.run(commit, env=self.env, cwd=folder, check=True)
        done = subprocess.run(
            ["git", "push", "-q"], env=self.env, cwd=folder, capture_output=True, text=True, check=False
        )
        return "" if done.returncode == 0 else done.stderr

    def pull(self, clone: str) -> str:
        """Pull in a clone; return the subjects of its commits."""
        for words in (["pull", "-q", "--rebase"], ["log", "--format=%s"]):
            done = subprocess.run(
                ["git", *words], env=self.env, cwd=self.work / clone, capture_output=True, text=True, check=True
            )
        return done.stdout

    @property
    def config(self) -> str:
        return (self.folder / ".aws" / "config").read_text()


@pytest.fixture
def home(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Callable[[str], Home]:
    state = sandbox.state
    state.center.auto_approve, state.center.interval_s = True, 1
    state.add_account(DATA, "Acme Data", "data@acme.example.com")
    state.add_repository(DATA, REGION, "reports", commits=2)
    state.add_repository(DATA, "eu-west-1", "payments-api", commits=4)
    state.center.assign(START_URL, DATA, "Developer", policy_engine.allow("codecommit:*"))
    for account, name in ((CODE, "admin-code"), (DATA, "admin-data"), (PEOPLE, "admin-people")):
        state.add_user(account, name, policy_engine.allow("iam:*", "codecommit:*", "kms:*"))
        state.add_user_keys(name)
    state.add_user(PEOPLE, "carlos", policy_engine.allow("iam:ListMFADevices", "iam:GetUser"))
    state.add_group(PEOPLE, GROUP, "carlos")
    state.add_user_keys("carlos")

    def made(name: str) -> Home:
        folder = tmp_path / name
        return Home(name, folder, clean_env(folder, sandbox.environment(), path=[Path(sys.executable).parent]))

    return made


def shared(lead: Home, account: str, repo: str, admin: str) -> Entry:
    """Let both administrators share a repository with contractors; return the access of the team file they send."""
    words = ["share", repo, "--from-account", account, "--to-account", PEOPLE, "--region", REGION, "--group", GROUP]
    words += ["--role-name", f"Contractors-{repo}", "--external-id", "acme-7f3b", "--yes"]
    lead.run(*words)
    for profile in (admin, "admin-people"):
        lead.run(*words, "--apply", "--profile", profile)
    sent = team_file.read((lead.work / f"share-{repo}" / "team.ini").read_text()).team
    assert sent.by_access is False  # what share writes needs no newer ccsetup
    return sent.entries[0]


def staff(name: str, account: str) -> Entry:
    told = {"sso_session": "acme", "sso_start_url": START_URL, "sso_region": SSO_REGION, "sso_account_id": account,
            "sso_role_name": "Developer", "region": REGION}  # fmt: skip
    return Entry(name, "Employees" if account == CODE else f"Employees, account {account}", "sso", told)


def written(lead: Home, path: Path) -> None:
    """Write the lead's file: both shares' roles and three accounts behind one sign-in, five repositories."""
    roles = [shared(lead, CODE, "MySharedDemoRepo", "admin-code"), shared(lead, DATA, "reports", "admin-data")]
    contractors = [
        it._replace(name=name, label=label) for it, name, label in
        zip(roles, ("contractor", "contractor-data"), ("Contractors", "Contractors, data"), strict=True)
    ]  # fmt: skip
    places = (
        Place("MySharedDemoRepo", access="staff, contractor"),
        Place("payments-api", access="staff"),
        Place("payments-eu", repository="payments-api", region="eu-west-1", access="staff-data"),
        Place("reports", access="staff-data, contractor-data"),
        Place("people-tools", access="staff-people"),
    )
    entries = (staff("staff", CODE), staff("staff-data", DATA), staff("staff-people", PEOPLE), *contractors)
    path.write_text(team_file.text(Team("Acme platform", entries, places, "Ask in #platform.")))
    assert lead.run("team", "check", str(path))["ok"] is True


def at_the_terminal(maria: Home, path: Path) -> None:
    """Maria chooses her way in, says yes once, and signs in in the browser."""
    browser = maria.folder / "browser.py"
    browser.write_text(
        "import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=20).read()"
    )
    env = {**maria.env, "BROWSER": f"{sys.executable} {browser} %s"}
    terminal = Terminal([program(), "--team", str(path)], env, maria.work)
    terminal.answer("Which access do you want to use?")
    terminal.answer("Write these changes?")
    assert terminal.exit_code() == 0, terminal.text()
    asked = [line for line in terminal.lines() if line.startswith("?")]
    assert len(asked) == 2, asked
    assert "git pull and git push work as usual in all 5 clones" in terminal.flat()


@pytest.mark.long
def test_from_share_to_everybodys_push(sandbox: Sandbox, home: Callable[[str], Home], tmp_path: Path) -> None:
    path = tmp_path / "acme.ini"
    lead, maria, omar, carlos = (home(name) for name in ("lead", "maria", "omar", "carlos"))
    lead.keys(sandbox, "admin-code", "admin-data", "admin-people")
    carlos.keys(sandbox, "carlos")
    written(lead, path)

    at_the_terminal(maria, path)
    assert {it.name for it in maria.work.iterdir()} == FIVE
    assert maria.config.count("[profile acme-developer-") == 3
    assert {it: maria.push(it) for it in FIVE} == dict.fromkeys(FIVE, "")

    told = omar.run("setup", "--team", str(path), "--access", "staff", "--yes", "--device-code", "--no-input")
    assert [it["ok"] for it in told["team"]["repositories"]] == [True] * 5
    assert {it: omar.push(it) for it in FIVE} == dict.fromkeys(FIVE, "")

    told = carlos.run("setup", "--team", str(path), "--access", "contractor", "--source-profile", "carlos", "--yes")
    assert {it.name for it in carlos.work.iterdir()} == {"MySharedDemoRepo", "reports"}
    assert {it: carlos.push(it) for it in ("MySharedDemoRepo", "reports")} == {"MySharedDemoRepo": "", "reports": ""}
    assert carlos.config.count("role_session_name = carlos@acme.example") == 2
    assert carlos.config.count("external_id = acme-7f3b") == 2
    assert "sso" not in carlos.config

    who = {it.who.partition(":assumed-role/")[2] for it in sandbox.state.log if it.action == "GitPush"}
    assert {"Contractors-MySharedDemoRepo/carlos@acme.example", "Contractors-reports/carlos@acme.example"} <= who

    # each got what the others pushed, and nothing went into the other repository of the same name
    assert {"From maria", "From omar", "From carlos"} <= {*maria.pull("reports").splitlines()}
    assert {"From maria", "From omar"} <= {*maria.pull("payments-eu").splitlines()}
    assert maria.pull("payments-eu") != maria.pull("payments-api")

    # later: a repository leaves the file, one joins; the doctor is run from anywhere, and one undo takes a join back
    sandbox.state.add_repository(CODE, REGION, "handbook-2", commits=1)
    parts = path.read_text().partition("  [[people-tools]]")
    path.write_text(f"{parts[0]}  [[handbook-2]]\n  access = staff\n")
    seen = maria.run("doctor", "--team", cwd=maria.folder)
    assert [(it["code"], it["severity"]) for it in seen["findings"]] == [
        ("team.repository", "hinders"),
        ("team.left", "note"),
    ]
    maria.run("doctor", "--team", "--fix", "--yes", cwd=maria.folder)
    assert maria.push("handbook-2") == ""
    assert carlos.run("doctor", "--team", cwd=carlos.folder)["findings"] == []
    assert carlos.run("undo", "--yes")["undone"] is not None
    assert not (carlos.folder / ".aws" / "config").exists()

    # in the end, the administrators take back what they shared, and Carlos can't push any more
    for account, repo, admin in ((CODE, "MySharedDemoRepo", "admin-code"), (DATA, "reports", "admin-data")):
        for profile in (admin, "admin-people"):
            words = ["share", repo, "--from-account", account, "--to-account", PEOPLE, "--region", REGION]
            lead.run(
                *words,
                "--role-name",
                f"Contractors-{repo}",
                "--group",
                GROUP,
                "--remove",
                "--yes",
                "--profile",
                profile,
            )
    assert not [arn for arn in (*sandbox.state.roles, *sandbox.state.managed) if "Contractors-" in arn]
    carlos.run("setup", "--team", str(path), "--access", "contractor", "--source-profile", "carlos", "--yes", code=1)
