"""AWS console credentials from the sign-in to git push, by botocore[crt], and everything that may go wrong on the way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import CleanEnv
from sandbox_world import browser_in
from terminal import ENTER, Terminal, program

from ccsetup.sandbox import Sandbox, policy_engine
from ccsetup.sandbox.demo_data import CARLA, CODE, PEOPLE, REGION, role_arn
from ccsetup.sandbox.state import utc_now

pytestmark = pytest.mark.slow

pytest.importorskip("awscrt", reason="botocore[crt] isn't installed")

SETUP = ("setup", "console", "--region", REGION, "--profile", "dev", "--repo", "MySharedDemoRepo", "--yes")


class Home:
    """Carla's computer: no AWS CLI, and a browser that opens the page at once."""

    def __init__(self, sandbox: Sandbox, clean_env: CleanEnv, folder: Path) -> None:
        self.state, self.home, self.work = sandbox.state, folder / "home", folder / "work"
        self.work.mkdir()
        browser = browser_in(folder)
        self.env = clean_env(self.home, sandbox.environment(), path=[Path(sys.executable).parent], BROWSER=str(browser))
        self.env["PATH"] = os.pathsep.join(
            it for it in self.env["PATH"].split(os.pathsep) if not (Path(it) / "aws").exists()
        )
        sandbox.state.center.auto_approve = True

    def run(self, *words: str, code: int = 0, **env: str) -> dict[str, Any]:
        """Run ccsetup without a terminal, and return its JSON document."""
        argv = [program(), *words, "--json", "--no-input"]
        done = subprocess.run(argv, env={**self.env, **env}, cwd=self.work, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def findings(self, code: int = 0) -> list[dict[str, Any]]:
        """Return what doctor finds about the profile; AWS's git helper may be anything on this computer."""
        found = self.run("doctor", "dev", code=code)["findings"]
        return [it for it in found if it["profile"]]

    def problem(self, *words: str, **env: str) -> dict[str, Any]:
        """Run ccsetup where it fails, and return the only problem."""
        [found] = self.run(*words, code=1, **env)["problems"]
        return dict(found)

    def git(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run git in the clone."""
        who = ("-c", "user.name=Carla", "-c", "user.email=carla@acme.example")
        at = self.work / "MySharedDemoRepo"
        return subprocess.run(["git", *who, *words], env=self.env, cwd=at, capture_output=True, text=True, check=False)

    @property
    def saved(self) -> Path:
        """The file of the saved sign-in."""
        [path] = (self.home / ".aws" / "login" / "cache").iterdir()
        return path

    def age(self, *, over: bool = False) -> None:
        """Let the temporary credentials expire, and with `over` the whole sign-in."""
        token = json.loads(self.saved.read_text())
        token["accessToken"]["expiresAt"] = f"{utc_now() - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
        self.saved.write_text(json.dumps(token))
        self.state.expire(token["accessToken"]["accessKeyId"])
        if over:
            self.state.console.sessions.clear()

    def config(self) -> str:
        """The text of the config file."""
        path = self.home / ".aws" / "config"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def carla(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Home:
    return Home(sandbox, clean_env, tmp_path)


def test_by_flags_it_signs_in_writes_proves_and_clones(carla: Home) -> None:
    done = carla.run(*SETUP)
    assert carla.config() == f"[profile dev]\nlogin_session = {CARLA}\nregion = {REGION}\n"
    assert (done["kind"], done["identity"]["arn"]) == ("console", CARLA)
    token = json.loads(carla.saved.read_text())
    assert {*token} == {"accessToken", "tokenType", "clientId", "refreshToken", "idToken", "dpopKey"}
    assert token["accessToken"]["accountId"] == CODE
    assert all(len(line) <= 64 for line in token["dpopKey"].splitlines())
    assert carla.saved.stat().st_mode & 0o077 == 0
    [entry] = carla.run("status")["profiles"]
    assert (entry["kind"], entry["usable"]) == ("console", True)
    assert entry["expires_at"] > f"{utc_now() + timedelta(hours=11):%Y-%m-%dT%H:%M:%SZ}"
    assert carla.findings() == []


@pytest.mark.parametrize("via", ["git-remote-codecommit", "credential-helper"])
def test_git_pulls_and_pushes_and_renews_what_expired(carla: Home, via: str) -> None:
    carla.run(*SETUP, "--via", via)
    assert carla.git("commit", "--allow-empty", "-m", "One").returncode == 0
    assert carla.git("push").returncode == 0
    renewed = len([it for it in carla.state.log if it.service == "signin"])
    assert renewed == 1  # the credentials of the sign-in still last
    carla.age()
    pulled = carla.git("pull")
    assert pulled.returncode == 0, pulled.stderr
    assert [it.outcome for it in carla.state.log if it.service == "signin"] == ["ok", "ok"]
    carla.age(over=True)
    failed = carla.git("pull")
    assert failed.returncode != 0
    assert "The sign-in for dev has expired. Run: ccsetup login dev" in failed.stderr


@pytest.mark.long
def test_login_signs_in_again_and_only_as_the_same_user(carla: Home) -> None:
    carla.run(*SETUP)
    carla.age(over=True)
    [finding] = carla.findings(code=3)
    assert (finding["code"], finding["do"]) == ("keys.expired", "Sign in again: ccsetup login dev")
    before, written = carla.saved.read_text(), carla.config()
    carla.state.console.person = f"arn:aws:iam::{PEOPLE}:user/maria"
    carla.state.set_policies(f"arn:aws:iam::{PEOPLE}:user/maria", policy_engine.allow("signin:*"))
    refused = carla.problem("login", "dev")
    assert refused["code"] == "access.account"
    assert refused["what"].startswith(f"You signed in as arn:aws:iam::{PEOPLE}:user/maria, not as {CARLA}")
    assert (carla.saved.read_text(), carla.config()) == (before, written)
    carla.state.console.person = CARLA
    assert carla.run("login", "dev")["kind"] == "console"
    assert carla.config() == written
    assert carla.findings() == []


def test_a_role_starts_from_it_also_in_git(carla: Home) -> None:
    carla.state.set_policies(CARLA, policy_engine.allow("sts:AssumeRole"), policy_engine.allow("signin:*"))
    carla.state.add_role(CODE, "Last", policy_engine.trust(CODE), policy_engine.allow("codecommit:*"))
    carla.run("setup", "console", "--region", REGION, "--profile", "dev", "--no-clone", "--yes")
    role = ("setup", "role", "--role-arn", role_arn("Last"), "--source-profile", "dev", "--profile", "last")
    done = carla.run(*role, "--region", REGION, "--repo", "MySharedDemoRepo", "--yes")
    assert "assumed-role/Last/" in done["identity"]["arn"]
    carla.age()
    for path in (carla.home / ".aws" / "boto" / "cache").glob("*.json"):
        path.unlink()
    pulled = carla.git("pull")
    assert pulled.returncode == 0, pulled.stderr


@pytest.mark.long
def test_it_is_set_up_as_the_source_of_a_new_role_in_one_go(carla: Home) -> None:
    carla.state.set_policies(CARLA, policy_engine.allow("sts:AssumeRole"), policy_engine.allow("signin:*"))
    carla.state.add_role(CODE, "Last", policy_engine.trust(CODE), policy_engine.allow("codecommit:*"))
    words = ("setup", "role", "--role-arn", role_arn("Last"), "--external-id", "", "--role-session-name", "carla")
    more = ("--profile", "last", "--region", REGION, "--repo", "MySharedDemoRepo")
    terminal = Terminal([program(), *words, *more], carla.env, carla.work)
    terminal.answer("Which profile should assume the role?")
    terminal.answer("How does the source profile sign in?", "console")
    terminal.answer("Name for the source profile")
    for question in ("Your name for commits", "Write these changes?"):
        terminal.answer(question)
    assert terminal.exit_code() == 0, terminal.text()
    assert "assumed-role/Last/carla" in terminal.flat()
    assert f"[profile base]\nlogin_session = {CARLA}\nregion = {REGION}\n" in carla.config()
    assert "source_profile = base" in carla.config()
    assert carla.git("pull").returncode == 0
    terminal.close()


@pytest.mark.parametrize(
    ("change", "code", "what"),
    [
        (lambda it: it.state.refuse("CreateOAuth2Token", "AccessDeniedException", "AUTHCODE_EXPIRED"), "keys.expired",
         "The authorization code expired before it was used."),
        (lambda it: it.state.set_policies(CARLA, policy_engine.allow("codecommit:*")), "access.identity",
         "Your console user or role isn't allowed to sign in for command line tools."),
        (lambda it: it.state.refuse("CreateOAuth2Token", "ValidationException", "invalid_grant"), "keys.expired",
         "AWS rejected the sign-in."),
    ],
)  # fmt: skip
def test_a_refused_sign_in_is_told_and_nothing_is_written(
    carla: Home, change: Callable[[Home], None], code: str, what: str
) -> None:
    change(carla)
    found = carla.problem(*SETUP)
    assert (found["code"], found["what"]) == (code, what)
    assert found["next"]
    assert carla.config() == ""
    assert not (carla.home / ".aws" / "login").exists()


def test_another_account_than_the_one_that_was_named_is_refused(carla: Home) -> None:
    found = carla.problem(*SETUP, "--account-id", PEOPLE)
    assert (found["code"], found["what"]) == ("access.account", f"You signed in as {CARLA}, not as account {PEOPLE}.")
    assert carla.config() == ""
    assert carla.run(*SETUP, "--account-id", CODE)["ok"]


def test_without_anything_that_can_sign_in_it_names_what_to_install(carla: Home, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "awscrt.py").write_text("raise ImportError\n")
    found = carla.problem(*SETUP, PYTHONPATH=os.pathsep.join([str(tmp_path / "lib"), os.environ.get("PYTHONPATH", "")]))
    assert found["code"] == "source.none"
    assert "The AWS CLI isn't installed." in found["what"]
    assert re.search(r"AWS CLI 2\.32 or later, or run \S+ -m pip install 'ccsetup\[login\]'", found["next"])
    assert carla.config() == ""


def test_without_a_browser_and_a_terminal_it_says_so(carla: Home) -> None:
    found = carla.problem(*SETUP, "--device-code")
    assert "requires a terminal here, because you passed --device-code" in found["what"]
    assert found["next"] == "Run in a terminal: ccsetup login dev"


@pytest.mark.long
def test_the_folder_of_the_sign_ins_is_the_one_of_the_aws_tools(carla: Home, tmp_path: Path) -> None:
    carla.env["AWS_LOGIN_CACHE_DIRECTORY"] = str(tmp_path / "cache")
    carla.run(*SETUP)
    assert len([*(tmp_path / "cache").iterdir()]) == 1
    assert not (carla.home / ".aws" / "login").exists()
    [entry] = carla.run("status")["profiles"]
    assert entry["usable"] is True
    assert carla.git("pull").returncode == 0
    [ended] = carla.run("logout", "dev")["sign_ins"]
    assert ended["removed"] == [str(path) for path in (tmp_path / "cache").iterdir()] or not [
        *(tmp_path / "cache").iterdir()
    ]


def test_in_a_terminal_without_a_browser_the_code_of_the_page_is_entered(carla: Home) -> None:
    carla.state.center.auto_approve = False
    del carla.env["BROWSER"]
    carla.env["SSH_CONNECTION"] = "198.51.100.1 1 198.51.100.2 22"
    argv = [program(), "setup", "console", "--region", REGION, "--profile", "dev", "--no-clone"]
    terminal = Terminal(argv, carla.env, carla.work)
    terminal.wait("Signing in with a code because this is an SSH session.", "Authorization code")
    page = re.search(r"http://127\.0\.0\.1:\d+/v1/authorize\S+", terminal.flat())
    assert page
    terminal.press("rubbish", ENTER)
    terminal.wait("not the code. Copy the whole authorization code")
    import urllib.parse
    import urllib.request

    address = "".join(re.findall(r"http://127\.0\.0\.1:\d+/v1/authorize[^ ]*", terminal.flat())[-1])
    shown = "".join(line.strip() for line in terminal.text().splitlines())
    whole = re.search(re.escape(address.split("?")[0]) + r"\?response_type=\S+?code_challenge=[\w-]{43}", shown)
    assert whole, shown
    urllib.request.urlopen(whole[0]).read()
    [visit] = carla.state.console.visits.values()
    form = urllib.parse.urlencode({"request": visit.code, "answer": "approve"}).encode()
    with urllib.request.urlopen(address.split("?")[0], form) as answer:
        assert visit.pasted in answer.read().decode()
    terminal.press(visit.pasted, ENTER)
    terminal.answer("Write these changes?", ENTER)
    assert terminal.exit_code() == 0, terminal.text()
    assert f"identity {CARLA}" in terminal.flat()
    assert visit.pasted not in terminal.flat()


def test_in_a_terminal_with_a_browser_a_denied_sign_in_can_be_tried_again(carla: Home) -> None:
    carla.state.center.auto_approve = False
    terminal = Terminal([program(), "setup", "console", "--region", REGION, "--profile", "dev"], carla.env, carla.work)
    terminal.wait("Open this page in a browser on this computer")
    import time
    import urllib.error
    import urllib.parse
    import urllib.request

    end = time.monotonic() + 20
    while not carla.state.console.visits and time.monotonic() < end:
        terminal.read(0.1)
    [visit] = carla.state.console.visits.values()
    form = urllib.parse.urlencode({"request": visit.code, "answer": "deny"}).encode()
    with urllib.request.urlopen(carla.env["AWS_ENDPOINT_URL_SIGNIN"] + "/v1/authorize", form) as answer:
        assert "The sign-in wasn't completed." in answer.read().decode().replace("&#x27;", "'")
    assert terminal.exit_code() == 1, terminal.text()
    assert "The sign-in was denied in the browser." in terminal.flat()
    assert carla.config() == ""
