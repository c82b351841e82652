"""The AWS CLI as a stand-in script plays it: its version, what it hands over, and a sign-in through it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CleanEnv
from terminal import program

from ccsetup.aws.external_programs import AwsCli
from ccsetup.core.errors import Problem
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, REGION, role_arn

STAND_IN = """#!{python}
import json, sys
words = sys.argv[1:]
if words == ["--version"]:
    print("aws-cli/{version} Python/3.13.9 Linux/6.1 exe/x86_64")
elif words[:1] == ["login"]:
    import os, pathlib
    print("Attempting to open your default browser")
    if {login}:
        sys.exit({login})
    with open(os.environ["AWS_CONFIG_FILE"], "a") as config:
        config.write("login_session = arn:aws:iam::111122223333:user/maria\\n")
    cache = pathlib.Path(os.environ["AWS_LOGIN_CACHE_DIRECTORY"])
    cache.mkdir()
    (cache / "0a1b.json").write_text("{{}}")
elif words == ["configure", "export-credentials", "--profile", "{profile}", "--format", "process"]:
    print(json.dumps({keys}))
else:
    sys.exit(252)
"""


def stand_in(
    folder: Path, version: str = "2.32.8", login: int = 0, profile: str = "console", keys: object = None
) -> Path:
    """Write an `aws` that answers as AWS CLI v2 documents it."""
    folder.mkdir(exist_ok=True)
    path = folder / "aws"
    told = repr(keys or {})
    path.write_text(STAND_IN.format(python=sys.executable, version=version, login=login, profile=profile, keys=told))
    path.chmod(0o755)
    return folder


@pytest.mark.parametrize(("said", "found"), [("2.32.8", (2, 32, 8)), ("1.45.1", (1, 45, 1)), ("unknown", ())])
def test_the_version_is_asked_of_the_program(tmp_path: Path, said: str, found: tuple[int, ...]) -> None:
    assert AwsCli({"PATH": str(stand_in(tmp_path / "bin", said))}).version() == found


def test_a_program_that_is_not_there_or_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert AwsCli({"PATH": str(tmp_path)}).version() == ()
    (tmp_path / "aws").write_text("not a program")
    (tmp_path / "aws").chmod(0o755)
    assert AwsCli({"PATH": str(tmp_path)}).version() == ()


def test_signing_in_keeps_stdout_clean_and_tells_a_failure(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    env = {"PATH": str(stand_in(tmp_path / "bin"))}
    found = AwsCli(env).login("console", REGION, remote=False)
    assert found == ("arn:aws:iam::111122223333:user/maria", "{}")
    seen = capfd.readouterr()
    assert (seen.out, "default browser" in seen.err) == ("", True)
    stand_in(tmp_path / "bin", login=1)
    with pytest.raises(Problem) as caught:
        AwsCli(env).login("console", REGION, remote=False)
    assert (caught.value.code, "ccsetup login console" in caught.value.next) == ("keys.expired", True)


@pytest.fixture
def console(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> dict[str, str]:
    """A home with a profile of `aws login`."""
    home = tmp_path / "home"
    env = clean_env(home, sandbox.environment(), path=[Path(sys.executable).parent])
    (home / ".aws").mkdir()
    login = f"login_session = arn:aws:iam::{CODE}:user/maria\nregion = {REGION}\n"
    (home / ".aws" / "config").write_text(f"[profile console]\n{login}")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "awscrt.py").write_text("raise ImportError\n")
    env["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "lib"), env.get("PYTHONPATH", "")])
    return env


def setup(env: dict[str, str], folder: Path, *words: str) -> tuple[int, dict[str, object], str]:
    argv = [program(), "setup", "existing", "--profile", "console", *words, "--yes", "--no-input", "--json"]
    done = subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.slow
def test_an_existing_profile_of_aws_login_is_used_as_it_is(
    console: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"), "maria")
    assert keys.expires is not None
    told = {
        "Version": 1,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
        "Expiration": keys.expires.isoformat(),
    }
    bin = stand_in(tmp_path / "bin", keys=told)
    console["PATH"] = f"{bin}{os.pathsep}{console['PATH']}"
    before = (Path(console["HOME"]) / ".aws" / "config").read_text()
    code, said, shown = setup(console, tmp_path, "--repo", "MySharedDemoRepo")
    assert code == 0, shown
    assert (said["profile"], said["region"], said["edits"]) == ("console", REGION, [])
    assert (Path(console["HOME"]) / ".aws" / "config").read_text() == before
    assert (tmp_path / "MySharedDemoRepo" / ".git").is_dir()


@pytest.mark.parametrize(
    ("version", "says"), [("2.31.9", "AWS CLI 2.31.9 is too old"), ("", "The AWS CLI isn't installed")]
)
def test_without_a_cli_that_knows_aws_login_one_sentence_names_what_to_install(
    console: dict[str, str], tmp_path: Path, version: str, says: str
) -> None:
    folders = [f for f in console["PATH"].split(os.pathsep) if not (Path(f) / "aws").exists()]
    first = [str(stand_in(tmp_path / "bin", version, profile="none"))] if version else []
    console["PATH"] = os.pathsep.join([*first, *folders])
    code, said, shown = setup(console, tmp_path, "--repo", "MySharedDemoRepo")
    assert code == 1
    problem = said["problems"][0]  # type: ignore[index]
    assert says in problem["what"], shown
    assert "ccsetup[login]" in problem["next"]


def test_an_aws_of_the_folder_one_stands_in_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "aws").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho aws-cli/2.40.0\n")
    (tmp_path / "aws").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for path in (".", "", ":.", "../" + tmp_path.name):
        assert AwsCli({"PATH": path}).version() == ()
    assert not (tmp_path / "ran").exists()
    assert AwsCli({"PATH": str(tmp_path)}).version() == (2, 40, 0)
