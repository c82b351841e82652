"""A secret access key that is in the wrong place, for example, after answers that slipped by one: nothing shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ccsetup.cli import main
from ccsetup.git.helper import remote

LOST = "hF3kQ9zLmT7vXa2RpB8nYc5WdG1sJe6UoK4iHtNx"
KEYS = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
ROLE = "role_arn = arn:aws:iam::111122223333:role/CodeCommitAccess\nsource_profile = default\n"
SIGN_IN = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
SSO = "sso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\n"
HOMES = {
    "region": f"[profile dev]\n{ROLE}region = {LOST}\n",
    "duration": f"[profile dev]\n{ROLE}duration_seconds = {LOST}\nregion = us-east-1\n",
    "session name": f"[profile dev]\n{ROLE}role_session_name = {LOST}=\n",
    "source profile": f"[profile dev]\nrole_arn = x\nsource_profile = {LOST}\nregion = us-east-1\n",
    "credential source": f"[profile dev]\n{ROLE.partition('source')[0]}credential_source = {LOST}\n",
    "token file": f"[profile dev]\n{ROLE.partition('source')[0]}web_identity_token_file = {LOST}\n",
    "role": f"[profile dev]\n{ROLE.replace('CodeCommitAccess', LOST)}region = us-east-1\n",
    "ARN": f"[profile dev]\nrole_arn = {LOST}\nsource_profile = default\n",
    "MFA device": f"[profile dev]\n{ROLE}mfa_serial = {LOST}\nregion = us-east-1\n",
    "account": f"[profile dev]\n{SSO.replace('111122223333', LOST)}{SIGN_IN}",
    "permission set": f"[profile dev]\n{SSO.replace('Developer', LOST)}{SIGN_IN}",
    "start URL": f"[profile dev]\n{SSO}{SIGN_IN.replace('https://acme.awsapps.com/start', LOST)}",
    "sign-in's region": f"[profile dev]\n{SSO}{SIGN_IN.replace('us-east-1', LOST)}",
    "session": f"[profile dev]\n{SSO.replace('acme', LOST)}region = us-east-1\n",
    "unknown setting": f"[profile dev]\n{ROLE}reigon = {LOST}\nregion = us-east-1a\n",
    "twice": f"[profile dev]\n{ROLE}region = {LOST}\nregion = us-east-1\n",
    "line of its own": f"[profile dev]\n{ROLE}region = us-east-1a\n{LOST}\n",
    "comment": f"[profile dev]\n#{LOST}\n{ROLE}region = us-east-1a\n# (AKIA, {LOST}).\n",
    "name": f"[profile {LOST}]\n{ROLE}region = us-east-1a\n[profile dev]\n{ROLE}",
    "program": f"[profile dev]\ncredential_process = {LOST}\n",
    "endpoint": f"[profile dev]\n{ROLE}endpoint_url = {LOST}\nregion = us-east-1\n",
}
COMMANDS = [
    "status", "status dev", "status --short", "doctor --offline", "doctor dev --offline",
    "doctor --offline --report report.md", "doctor --fix --offline --dry-run", "doctor --fix --offline --yes",
    "undo --list", "undo --yes --dry-run", "env dev", "login dev", "logout dev", "clone R --profile dev", "team export dev",
    "setup role --role-arn arn:aws:iam::111122223333:role/R --source-profile dev --profile new --region us-east-1 "
    "--no-clone --dry-run", "remove dev --yes --dry-run", "remove dev --yes",
]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in (("HOME", str(tmp_path)), ("USERPROFILE", str(tmp_path)), ("AWS_PROFILE", "dev")):
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(main, "_end_like_ctrl_c", lambda: None)
    (tmp_path / ".aws").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


@pytest.mark.parametrize("place", HOMES)
def test_no_command_shows_a_secret_that_is_in_the_wrong_place(
    home: Path, place: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".aws" / "credentials").write_text(KEYS)
    for words in COMMANDS:
        for form in ([], ["--json"]):
            (home / ".aws" / "config").write_text(HOMES[place])
            main.run([*words.split(), *form, "--no-input"] if form or words != "status" else ["status"])
            told = "".join(capfd.readouterr())
            assert LOST not in told, (words, told)
    assert LOST not in (home / "work" / "report.md").read_text()
    monkeypatch.setattr("sys.argv", ["git-remote-codecommit", "origin", "codecommit://dev@R"])
    remote.main()
    assert LOST not in "".join(capfd.readouterr())


def test_those_who_ask_for_credentials_get_them(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (home / ".aws" / "credentials").write_text(KEYS)
    for form in ([], ["--json"]):
        found: Any = main.run(["env", "default", "--long-term", *form])
        assert not found
        assert "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" in capfd.readouterr().out
