"""From an answer to a list is one call to AWS: what it needs is fetched while an earlier question is open."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha1
from pathlib import Path

import pytest
from conftest import CleanEnv
from script import LEAVE, Script, context
from terminal import Terminal, program

from ccsetup.aws.client import Aws
from ccsetup.aws.sso.signin import SignIn
from ccsetup.cli.commands import setup
from ccsetup.core.concurrency import Early
from ccsetup.core.errors import Cancelled
from ccsetup.core.model import Asked, Back, Secret
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, MARIA, REGION, SSO_REGION, START_URL, role_arn
from ccsetup.wizard.options import Options

SESSION = f"[sso-session acme]\nsso_start_url = {START_URL}\nsso_region = {SSO_REGION}\n"
SIGNED_IN = f"{SESSION}sso_registration_scopes = sso:account:access\n"
SOURCE = ("source_profile", "base")


class Slow(Script):
    """Takes so long for every answer that what runs in the background is done, and notes the calls until a question.

    What runs in the background begins once a question is open, or once its result is waited for, which counts as a call
    that the user waits for: so the calls are the same whichever thread is faster.
    """

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *steps: tuple[str, object]) -> None:
        super().__init__(*steps)
        self.log, self.at, self.calls = sandbox.state.log, 0, dict[str, list[str]]()
        self.open, run, result = threading.Event(), Early._run, Early.result

        def wait(early: Early[object]) -> None:
            self.open.wait(30)
            run(early)

        def awaited(early: Early[object], otherwise: Callable[[], object]) -> object:
            self.open.set()
            return result(early, otherwise)

        monkeypatch.setattr(Early, "_run", wait)
        monkeypatch.setattr(Early, "result", awaited)

    def ask(self, asked: Asked) -> str | Secret | Back:
        self.calls[asked.key] = [entry.action for entry in self.log[self.at :]]
        self.open.set()
        while early := [thread for thread in threading.enumerate() if thread.name == "early"]:
            early[0].join(30)  # which may have begun another
        self.open.clear()
        self.at = len(self.log)
        return super().ask(asked)


def home(folder: Path, sandbox: Sandbox, config: str) -> Path:
    """Write a home with a saved sign-in, Maria's keys, and these settings."""
    aws = folder / "home" / ".aws"
    cached = aws / "sso" / "cache" / f"{sha1(b'acme').hexdigest()}.json"
    cached.parent.mkdir(parents=True)
    token = sandbox.state.center.sign_in(START_URL)
    ends = token.expires.strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"accessToken": token.value, "expiresAt": ends, "startUrl": START_URL, "region": SSO_REGION}
    cached.write_text(json.dumps(told))
    keys = sandbox.state.user_keys(MARIA)
    (aws / "credentials").write_text(
        f"[base]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    )
    (aws / "config").write_text(config)
    return folder / "home"


def asked(
    sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch, config: str, kind: str, *steps: tuple[str, object]
) -> Mapping[str, list[str]]:
    """Answer a wizard's questions up to the list of repositories; return the calls between each and the one before."""
    there = home(folder, sandbox, config)
    env = {**sandbox.environment(), "HOME": str(there), "AWS_CONFIG_FILE": str(there / ".aws" / "config"),
           "AWS_SHARED_CREDENTIALS_FILE": str(there / ".aws" / "credentials"), "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    script = Slow(sandbox, monkeypatch, *steps, ("repo", LEAVE))
    around = context(folder, script, env=env)
    signin = SignIn(os.environ, there, around.now, show=lambda text, url: None, note=lambda text: None)
    around = replace(around, signin=signin, aws=Aws(there, signin.keys))
    with pytest.raises(Cancelled):
        setup.run(around, Options({"kind": kind}))
    script.done()
    return script.calls


def test_after_sign_on_the_credentials_come_while_the_region_is_chosen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = asked(
        sandbox, tmp_path, monkeypatch, SIGNED_IN, "sso",
        ("sso_start_url", START_URL), ("sso_account_id", CODE), ("sso_role_name", "Developer"), ("region", REGION),
        ("profile", "mine"),
    )  # fmt: skip
    assert (calls["sso_account_id"], calls["sso_role_name"]) == (["ListAccounts"], ["ListAccountRoles"])
    assert (calls["region"], calls["profile"]) == ([], [])
    assert calls["repo"] == ["ListRepositories"]  # for the name that was typed; the credentials serve any


def test_the_repositories_come_while_the_name_is_confirmed(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = asked(
        sandbox, tmp_path, monkeypatch, SIGNED_IN, "sso",
        ("sso_start_url", START_URL), ("sso_account_id", CODE), ("sso_role_name", "Developer"), ("region", REGION),
        ("profile", "acme-developer"),
    )  # fmt: skip
    assert calls["repo"] == []


def test_those_of_the_other_regions_come_as_early_if_the_region_has_none(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = asked(
        sandbox, tmp_path, monkeypatch, SIGNED_IN, "sso",
        ("sso_start_url", START_URL), ("sso_account_id", CODE), ("sso_role_name", "Developer"),
        ("region", "ap-south-1"), ("profile", "acme-developer"),
    )  # fmt: skip
    assert calls["repo"] == []


def test_a_role_is_assumed_while_the_region_is_chosen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = asked(
        sandbox, tmp_path, monkeypatch, "", "role",
        ("role_arn", role_arn("CodeCommitAccess")), SOURCE, ("external_id", ""), ("mfa_serial", ""),
        ("region", REGION), ("profile", "mine"),
    )  # fmt: skip
    assert calls["mfa_serial"] == ["ListMFADevices"]
    assert calls["repo"] == ["ListRepositories"]
    assert [entry.action for entry in sandbox.state.log].count("AssumeRole") == 1


def test_a_code_is_used_once_and_its_session_lists_the_repositories(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial = sandbox.state.device("maria").serial
    calls = asked(
        sandbox, tmp_path, monkeypatch, "", "role",
        ("role_arn", role_arn("CodeCommitMfa")), SOURCE, ("external_id", ""), ("mfa_serial", serial),
        ("mfa_code", sandbox.state.mfa_code(serial)), ("region", REGION), ("profile", "mine"),
    )  # fmt: skip
    assert calls["repo"] == ["ListRepositories"]
    assert [entry.action for entry in sandbox.state.log].count("AssumeRole") == 1


def test_no_program_runs_for_a_list_before_it_is_asked_for(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    config = f"[profile theirs]\ncredential_process = touch {ran}\n"
    seen = []

    def ask(self: Slow, asked: Asked) -> str | Secret | Back:
        seen.append((asked.key, ran.exists()))
        return real(self, asked)

    real = Slow.ask
    monkeypatch.setattr(Slow, "ask", ask)
    asked(
        sandbox, tmp_path, monkeypatch, config, "role",
        ("role_arn", role_arn("CodeCommitAccess")), ("source_profile", "theirs"), ("external_id", ""),
        ("region", REGION), ("profile", "mine"),
    )  # fmt: skip
    assert ("profile", False) in seen


@pytest.mark.slow
def test_a_spinner_shows_while_a_list_is_on_its_way(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> None:
    env, work = clean_env(home(tmp_path, sandbox, SIGNED_IN), sandbox.environment()), tmp_path / "work"
    work.mkdir()
    terminal = Terminal([program(), "setup", "sso"], env, work, columns=50, rows=20)
    for question, busy in (
        ("Start URL", "Looking up your accounts"), ("Which account?", "Looking up your roles"),
    ):  # fmt: skip
        terminal.ask(question)
        sandbox.state.delay_s = 2
        terminal.answer(question, CODE if question == "Which account?" else "")
        terminal.wait(busy)
        sandbox.state.delay_s = 0
    terminal.ask("Which role?")
    terminal.close()
