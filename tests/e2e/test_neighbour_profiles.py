"""Profiles that granted, aws-sso-cli, aws-vault and saml2aws wrote keep working: every command and git use them."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import CleanEnv
from neighbours import BY_PROGRAM
from terminal import program

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, REGION, role_arn
from ccsetup.sandbox.state import utc_now

REPOSITORY = "MySharedDemoRepo"
SAML = "[saml]\naws_access_key_id        = {}\naws_secret_access_key    = {}\naws_session_token        = {}\n" + (
    "aws_security_token       = {}\nx_principal_arn          = arn:aws:sts::111122223333:assumed-role/Developer/maria\n"
    "x_security_token_expires = {}\n"
)


class Home:
    """A computer where one of the tools is installed, and prints credentials without asking."""

    def __init__(self, sandbox: Sandbox, clean_env: CleanEnv, folder: Path) -> None:
        self.sandbox, self.folder, self.work = sandbox, folder, folder / "work"
        self.aws = folder / "home" / ".aws"
        self.env = clean_env(folder / "home", sandbox.environment(), path=[folder / "bin", Path(sys.executable).parent])
        for each in (self.work, self.aws, folder / "bin"):
            each.mkdir()
        self.keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"), "maria")

    def tool(self, name: str) -> None:
        """Install a tool."""
        parts = (self.keys.access_key_id, self.keys.secret_access_key, self.keys.session_token)
        printed = dict(zip(("AccessKeyId", "SecretAccessKey", "SessionToken"), parts, strict=True))
        ends = f"{utc_now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
        path = self.folder / "bin" / name
        path.write_text(
            f"#!/bin/sh\nprintf %s {shlex.quote(json.dumps({'Version': 1, **printed, 'Expiration': ends}))}\n"
        )
        path.chmod(0o755)

    def run(self, *words: str) -> dict[str, Any]:
        """Run ccsetup without a terminal, and return its JSON document."""
        argv = [program(), *words, "--json", "--no-input"]
        done = subprocess.run(argv, env=self.env, cwd=self.work, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def works(self, name: str, *via: str) -> None:
        """Check that a profile works with every command and with git."""
        before = {path.name: path.read_text() for path in self.aws.iterdir() if path.is_file()}
        found = self.run("doctor", name)
        assert [it for it in found["findings"] if it["profile"] and it["severity"] != "note"] == []
        [asked] = found["profiles"]
        assert (asked["ok"], asked["account_id"]) == (True, CODE)
        assert self.run("status", name, "--check")["profiles"][0]["usable"] is True
        assert self.run("env", name)["profile"] == name
        cloned = self.run("clone", REPOSITORY, "--profile", name, "--region", REGION, *via)
        assert cloned["problems"] == []
        clone = self.work / REPOSITORY
        pulled = subprocess.run(["git", "pull"], env=self.env, cwd=clone, capture_output=True, text=True, check=False)
        assert pulled.returncode == 0, pulled.stderr
        assert {path.name: path.read_text() for path in self.aws.iterdir() if path.is_file()} == before


@pytest.fixture
def home(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Home:
    return Home(sandbox, clean_env, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("via", ["", "credential-helper"])
@pytest.mark.parametrize("tool", BY_PROGRAM)
def test_a_profile_with_a_tools_program_works(home: Home, tool: str, via: str) -> None:
    name, section = BY_PROGRAM[tool]
    home.tool(tool.partition(" ")[0])
    (home.aws / "config").write_text(section.replace("credential_process", f"region = {REGION}\ncredential_process"))
    home.works(name, *(["--via", via] if via else []))


@pytest.mark.long
def test_a_profile_of_saml2aws_works_until_the_time_that_it_notes(home: Home) -> None:
    ends = (utc_now() + timedelta(hours=1)).astimezone().isoformat(timespec="seconds")
    keys = home.keys
    parts = (keys.access_key_id, keys.secret_access_key, keys.session_token, keys.session_token)
    (home.aws / "credentials").write_text(SAML.format(*parts, ends))
    (home.aws / "config").write_text(f"[profile saml]\nregion = {REGION}\n")
    home.works("saml")
    (home.aws / "credentials").write_text(SAML.format(*parts, "2026-01-31T19:04:05+01:00"))
    [entry] = home.run("status")["profiles"]
    assert (entry["usable"], entry["expires_at"]) == (False, "2026-01-31T18:04:05Z")


@pytest.mark.long
def test_a_profile_of_aws_vault_with_its_own_settings_has_no_findings(home: Home) -> None:
    home.tool("aws-vault")
    (home.aws / "config").write_text(
        f"[profile root]\nregion = {REGION}\nmfa_process = pass otp aws\n"
        f"[profile dev]\nregion = {REGION}\ninclude_profile = root\ncredential_process = aws-vault export --format=json dev\n"
    )
    home.works("dev")
