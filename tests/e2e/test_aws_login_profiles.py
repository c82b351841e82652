"""A profile made by `aws login` works with every command, or fails with the same code and next step in each of them.

The AWS CLI is a script that answers as version 2 does. botocore's own way is tested with a forged sign-in.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import botocore.credentials
import pytest
from aws_ways import Place, assumed, role, settle
from terminal import Terminal, program

from ccsetup.cli import main
from ccsetup.core.errors import Problem
from ccsetup.core.model import Who
from ccsetup.sandbox import Sandbox, policy_engine
from ccsetup.sandbox.demo_data import CODE, REGION, role_arn

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, dict[str, Any]]]
SESSION = f"arn:aws:sts::{CODE}:assumed-role/CodeCommitAccess/maria"
REPOSITORY = "MySharedDemoRepo"
LOGIN = "ccsetup login dev"
SIGN_IN = f"aws login --profile dev --region {REGION} --remote"
CLONE = ("clone", REPOSITORY, "--region", REGION, "--profile")
COMMANDS = (("doctor",), ("login",), ("env",), CLONE)

EXPIRED_SINCE = "aws: [ERROR]: Your session has expired. Please reauthenticate using 'aws login'."  # since 2.33
EXPIRED = "Your session has expired or credentials have changed. Please reauthenticate using 'aws login'."
ABSENT = (
    "Error loading login session token: Unable to load a existing login session for session "
    f"{SESSION}. Please reauthenticate with 'aws login'."
)
UNREACHED = 'Could not connect to the endpoint URL: "https://us-east-2.signin.aws.amazon.com/v1/token"'


@pytest.fixture(autouse=True)
def without_crt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make botocore behave as without the package awscrt, whether or not it is installed."""
    monkeypatch.setattr(botocore.credentials, "EC", None)


@pytest.fixture
def place(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A home with two profiles: dev, made by `aws login`, and last, a role that dev assumes."""
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    found = [it for it in os.environ["PATH"].split(os.pathsep) if not (Path(it) / "aws").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), *found]))
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "awscrt.py").write_text("raise ImportError\n")  # for git's helpers and other children
    paths = [str(tmp_path / "lib"), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    sandbox.state.set_policies(
        role_arn("CodeCommitAccess"), policy_engine.allow("codecommit:*"), policy_engine.allow("sts:AssumeRole")
    )
    sandbox.state.add_role(CODE, "Last", policy_engine.trust(CODE), policy_engine.allow("codecommit:*"))
    made = Place(sandbox, tmp_path / "home")
    region = f"region = {REGION}\n"
    last = "".join(f"{key} = {value}\n" for key, value in role("Last", "dev").items())
    made.files(f"[profile dev]\nlogin_session = {SESSION}\n{region}[profile last]\n{last}{region}")
    return made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setattr(main, "_end_like_ctrl_c", lambda: None)

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        code = main.run([*words, "--json", "--no-input"])
        return code, json.loads(capsys.readouterr().out)

    yield run


def aws(folder: Path, body: str, version: str = "2.32.8", who: str = SESSION) -> Path:
    """Write an AWS CLI that runs `body` for export-credentials, and notes how it was called. `who` signs in."""
    path = folder / "aws"
    folder.mkdir(exist_ok=True)
    path.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/calls\n'
        f'case "$1" in --version) echo "aws-cli/{version} Python/3.13.9"; exit;;\n'
        f'login) echo "Opening your browser"; touch {folder}/signed-in\n'
        f"echo login_session = {who} >> $AWS_CONFIG_FILE\n"
        'mkdir $AWS_LOGIN_CACHE_DIRECTORY; echo "{}" > $AWS_LOGIN_CACHE_DIRECTORY/0a1b.json; exit;; esac\n'
        f"{body}\n"
    )
    path.chmod(0o755)
    return path


def printed(place: Place) -> str:
    """Return the body of an AWS CLI that is signed in."""
    keys = place.state.temporary_keys(role_arn("CodeCommitAccess"), "maria")
    assert keys.expires is not None
    told = {
        "Version": 1,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
        "Expiration": keys.expires.isoformat(),
    }
    return f"printf %s {shlex.quote(json.dumps(told))}"


def says(text: str, code: int = 255) -> str:
    """Return the body of an AWS CLI that fails with this message."""
    return f"printf '\\n%s\\n' {shlex.quote(text)} >&2; exit {code}"


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "bin" / "calls").read_text().splitlines()


def sign_in(home: Path, ends: datetime) -> None:
    """Save a sign-in as `aws login` does."""
    place = home / ".aws" / "login" / "cache"
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{hashlib.sha256(SESSION.encode()).hexdigest()}.json"
    file.touch(0o600)
    file.write_text(
        json.dumps(
            {
                "accessToken": {"expiresAt": f"{ends:%Y-%m-%dT%H:%M:%SZ}", "accountId": CODE},
                "refreshToken": "r",
                "clientId": "arn:aws:signin:::devtools/same-device",
                "dpopKey": "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n",
            }
        )
    )


def problems(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a command reports as wrong with the profile."""
    if "findings" in document:
        found = [it for it in document["findings"] if it["severity"] != "note" and not it["code"].startswith("git.")]
        return [{**it, "what": it["says"], "next": it["do"]} for it in found]
    return list(document["problems"])


@pytest.mark.parametrize("profile", ["dev", "last"])
def test_with_the_aws_cli_it_works_with_every_command(place: Place, run: Run, tmp_path: Path, profile: str) -> None:
    aws(tmp_path / "bin", printed(place))
    sign_in(place.home, datetime.now(timezone.utc) + timedelta(minutes=12))
    code, document = run("doctor", profile)
    assert (code, problems(document)) == (0, [])
    code, document = run("env", profile)
    assert code == 0, document
    [entry] = run("status", profile, "--check")[1]["profiles"]
    assert (entry["usable"], entry["account_id"]) == (True, CODE)
    code, document = run(*CLONE, profile)
    assert code == 0, document
    assert (tmp_path / "work" / REPOSITORY / ".git").is_dir()
    assert set(calls(tmp_path)) == {"configure export-credentials --profile dev --format process"}


def test_the_role_is_assumed_with_what_the_aws_cli_prints(place: Place, tmp_path: Path) -> None:
    aws(tmp_path / "bin", printed(place))
    assert place.aws().identity(Who("last", REGION)).arn.startswith(assumed("Last"))
    keys = place.aws().keys(Who("dev", REGION))
    assert keys.session_token
    assert keys.expires_at is not None


@pytest.mark.parametrize("profile", ["dev", "last"])
@pytest.mark.parametrize(
    ("said", "what"),
    [
        (EXPIRED, "The sign-in for dev has expired."),
        (EXPIRED_SINCE, "The sign-in for dev has expired."),
        (ABSENT, "dev isn't signed in."),
    ],
)
def test_an_ended_sign_in_has_one_code_and_names_what_renews_it(
    place: Place, run: Run, tmp_path: Path, said: str, what: str, profile: str
) -> None:
    aws(tmp_path / "bin", says(said))
    for words in COMMANDS:
        code, document = run(*words, profile)
        assert code != 0, words
        [problem] = problems(document)
        assert problem["code"] == "keys.expired", (words, problem)
        assert problem["what"] == what or words == ("login",), (words, problem)
        assert problem["next"].endswith(LOGIN), (words, problem)
    [entry] = run("status", profile, "--check")[1]["profiles"]
    assert entry["usable"] is False


@pytest.mark.parametrize(
    ("body", "version", "says_"),
    [
        (None, "", "The AWS CLI isn't installed"),
        (
            says("aws: error: argument subcommand: Invalid choice, valid choices are:", 2),
            "1.45.11",
            "1.45.11 is too old",
        ),
        (says("Unable to retrieve credentials: no credentials found"), "2.31.9", "2.31.9 is too old"),
    ],
)
@pytest.mark.parametrize("profile", ["dev", "last"])
def test_without_an_aws_cli_that_can_read_it_every_command_names_what_to_install(
    place: Place, run: Run, tmp_path: Path, body: str | None, version: str, says_: str, profile: str
) -> None:
    if body:
        aws(tmp_path / "bin", body, version)
    for words in COMMANDS:
        if words == ("login",):
            continue  # it names the command for signing in
        code, document = run(*words, profile)
        assert code != 0, words
        [problem] = problems(document)
        assert problem["code"] == "source.none", (words, problem)
        assert says_ in problem["what"], (words, problem)
        assert "AWS CLI 2.32 or later" in problem["next"]
        assert problem["next"].endswith(LOGIN)


def test_an_aws_cli_that_reaches_nothing_is_neither_yes_nor_no(place: Place, run: Run, tmp_path: Path) -> None:
    aws(tmp_path / "bin", says(UNREACHED))
    sign_in(place.home, datetime.now(timezone.utc) + timedelta(minutes=12))
    for words in (("doctor",), ("env",), CLONE):
        [problem] = problems(run(*words, "dev")[1])
        assert problem["code"] == "net.unreachable", (words, problem)
    [entry] = run("status", "dev", "--check")[1]["profiles"]
    assert entry["usable"] is None


@pytest.mark.parametrize("body", ["echo rubbish", "echo '[1]'", "echo '{}'", "true", """echo '{"AccessKeyId": 1}'"""])
def test_an_aws_cli_that_prints_something_else_is_one_sentence(
    place: Place, run: Run, tmp_path: Path, body: str
) -> None:
    aws(tmp_path / "bin", body)
    [problem] = run("env", "dev")[1]["problems"]
    assert problem["what"] == "The AWS CLI didn't print credentials for dev."
    assert problem["next"] == "To see why: aws configure export-credentials --profile dev --format process"


def test_an_aws_cli_in_the_current_folder_is_never_run(
    place: Place, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws(tmp_path / "work", printed(place))
    monkeypatch.setenv("PATH", os.pathsep.join([".", "", os.environ["PATH"]]))
    [problem] = run("env", "dev")[1]["problems"]
    assert "The AWS CLI isn't installed" in problem["what"]
    assert not (tmp_path / "work" / "calls").exists()


def test_the_aws_cli_gets_no_terminal_and_no_role_of_this_computer(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/role")
    aws(tmp_path / "bin", f"cat > {tmp_path}/stdin; env > {tmp_path}/env; {printed(place)}")
    place.aws().keys(Who("dev", REGION))
    assert (tmp_path / "stdin").read_bytes() == b""
    variables = (tmp_path / "env").read_text().splitlines()
    assert "AWS_EC2_METADATA_DISABLED=true" in variables
    assert not [it for it in variables if it.startswith("AWS_CONTAINER_")]


def test_a_program_beside_the_sign_in_runs_only_if_the_profile_was_chosen(place: Place, tmp_path: Path) -> None:
    config = place.home / ".aws" / "config"
    config.write_text(config.read_text().replace("login_session", "credential_process = /bin/keys\nlogin_session"))
    aws(tmp_path / "bin", printed(place))
    with pytest.raises(Problem) as caught:
        place.aws().keys(Who("dev", REGION))
    assert caught.value.code == "process.not-run"
    assert place.aws().keys(Who("dev", REGION, chosen=True)).session_token


@pytest.mark.parametrize("profile", ["dev", "last"])
def test_botocore_comes_first_if_it_can_read_the_sign_in(
    place: Place, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    monkeypatch.setattr(botocore.credentials, "EC", object())  # only renewing a sign-in uses it
    aws(tmp_path / "bin", "touch ran; exit 1")
    now = datetime.now(timezone.utc)
    keys = place.state.temporary_keys(role_arn("CodeCommitAccess"), "maria")
    sign_in(place.home, now + timedelta(hours=1))
    [file] = (place.home / ".aws" / "login" / "cache").iterdir()
    token = json.loads(file.read_text())
    token["accessToken"] |= {
        "accessKeyId": keys.access_key_id,
        "secretAccessKey": keys.secret_access_key,
        "sessionToken": keys.session_token,
    }
    file.write_text(json.dumps(token))
    code, document = run("doctor", profile)
    assert (code, problems(document)) == (0, [])
    assert run("env", profile)[0] == 0
    assert not (tmp_path / "bin" / "calls").exists()
    file.unlink()
    for words in (("doctor",), ("env",)):
        [problem] = problems(run(*words, profile)[1])
        assert (problem["code"], problem["next"]) == ("keys.expired", f"Sign in again: {LOGIN}")


def test_status_shows_what_the_saved_sign_in_says(place: Place, run: Run) -> None:
    now = datetime.now(timezone.utc)

    def shown() -> tuple[Any, ...]:
        dev, last = run("status")[1]["profiles"]
        assert (dev["expires_at"], dev["usable"]) == (last["expires_at"], last["usable"])
        return dev["kind"], dev["expires_at"], dev["usable"]

    assert shown() == ("console", None, False)
    ends = now + timedelta(minutes=12)
    sign_in(place.home, ends)
    assert shown() == ("console", f"{ends:%Y-%m-%dT%H:%M:%SZ}", True)
    sign_in(place.home, now - timedelta(hours=1))
    assert shown() == ("console", None, None)


def test_login_runs_aws_login_in_the_terminal_and_proves_the_profile(place: Place, tmp_path: Path) -> None:
    aws(tmp_path / "bin", f"test -e {tmp_path}/bin/signed-in || {{ {says(EXPIRED)}; }}\n{printed(place)}")
    for profile in ("dev", "last"):
        (tmp_path / "bin" / "calls").unlink(missing_ok=True)
        terminal = Terminal([program(), "login", profile], dict(os.environ), tmp_path / "work")
        assert terminal.exit_code() == 0, terminal.text()
        shown = terminal.flat()
        assert f"Running: {SIGN_IN}" in shown
        assert "Opening your browser" in shown
        assert re.search(rf"identity.*arn:aws:sts::{CODE}:assumed-role", shown), shown
        assert SIGN_IN.removeprefix("aws ") in calls(tmp_path)


def test_login_with_an_aws_cli_without_aws_login_says_so(place: Place, tmp_path: Path) -> None:
    aws(tmp_path / "bin", "exit 252", version="2.31.9")
    terminal = Terminal([program(), "login", "dev"], dict(os.environ), tmp_path / "work")
    assert terminal.exit_code() == 1
    assert "Install AWS CLI 2.32 or later" in terminal.flat()
    assert f"Then run: {LOGIN}" in terminal.flat()
    assert "login --profile dev" not in calls(tmp_path)
