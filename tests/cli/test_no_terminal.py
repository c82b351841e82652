"""Programs and agents: without a terminal on stdin, no command asks anything, not even on the terminal behind it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import published
import pytest
from conftest import CleanEnv
from terminal import Terminal, program

from ccsetup.cli.parser import COMMANDS

CONFIG = """\
[profile people]
region = us-east-2

[profile dev]
role_arn = arn:aws:iam::111122223333:role/Developer
source_profile = people
mfa_serial = arn:aws:iam::888888888888:mfa/maria
region = us-east-2

[profile staff]
sso_session = acme
sso_account_id = 111122223333
sso_role_name = Developer

[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
region = us-east-1

[profile broken]
role_arn = arn:aws:iam:::111122223333:role/Developer
source_profile = people
"""
CREDENTIALS = (
    "[people]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
)
RUNS = {
    "setup": ["setup"],
    "setup a kind": ["setup", "role"],
    "setup with an MFA code": ["setup", "role", "--profile", "dev"],
    "setup with keys": ["setup", "keys", "--profile", "new"],
    "clone": ["clone", "MySharedDemoRepo", "--profile", "dev"],
    "login": ["login", "dev"],
    "logout": ["logout"],
    "status": ["status", "--check", "dev"],
    "env": ["env", "dev"],
    "undo": ["undo"],
    "remove": ["remove", "people"],
    "doctor": ["doctor", "dev", "broken", "--fix"],
    "share": ["share", "MySharedDemoRepo"],
    "team": ["team", "export", "staff"],
    "completion": ["completion", "bash"],
    "schema": ["schema"],
    "demo": ["demo", "--kind", "nothing"],
}


def test_every_command_is_run_here() -> None:
    assert {words[0] for words in RUNS.values()} == {*COMMANDS}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_asked_without_a_terminal_on_stdin(name: str, clean_env: CleanEnv, tmp_path: Path) -> None:
    home = tmp_path / "home"
    gone = "http://127.0.0.1:9"  # nothing answers there
    env = clean_env(home, path=[Path(sys.executable).parent], AWS_ENDPOINT_URL=gone, AWS_MAX_ATTEMPTS="1")
    del env["GIT_TERMINAL_PROMPT"]
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(CONFIG)
    (home / ".aws" / "credentials").write_text(CREDENTIALS)
    command = 'ccsetup=$1; shift; "$ccsetup" "$@" --json </dev/null >out 2>err; exit $?'
    terminal = Terminal(["sh", "-c", command, "sh", program(), *RUNS[name]], env, tmp_path)
    code = terminal.exit_code()
    said = (tmp_path / "err").read_text()
    assert terminal.raw == b"", terminal.text()  # getpass and ssh would ask on the controlling terminal
    assert "Traceback" not in said
    document = json.loads((tmp_path / "out").read_text())
    published.check(published.command_of(RUNS[name]), document)
    if document.get("problems"):
        assert code in (1, 2, 3)
        assert all(it["code"] != "internal" for it in document["problems"]), document
    if code == 2:  # it says what to add
        assert "--" in said or "KIND" in said, said
