"""Logout: the sign-in ends at the service and here, with the sessions that came from it; nothing else goes."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import CleanEnv
from sandbox_world import marias_keys
from terminal import program

from ccsetup.awsfiles.cached_sessions import of_profile
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, REGION, START_URL, role_arn

Run = Callable[..., dict[str, Any]]
SSO = (
    "--sso-start-url", START_URL, "--sso-region", "us-east-1", "--sso-account-id", CODE, "--device-code",
    "--region", REGION, "--no-clone", "--yes", "--sso-session", "acme",
)  # fmt: skip
ROLE = role_arn("CodeCommitAccess")


@pytest.fixture
def run(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Run:
    """Run ccsetup against the sandbox; return its document."""
    sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 1
    env = clean_env(tmp_path / "home", sandbox.environment())

    def ccsetup(*words: str, stdin: str = "", code: int = 0, **more: str) -> dict[str, Any]:
        asked = [program(), *words, "--json"]
        done = subprocess.run(
            asked, env={**env, **more}, cwd=tmp_path, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr + done.stdout
        document = json.loads(done.stdout)
        assert isinstance(document, dict)
        return {**document, "stderr": done.stderr}

    return ccsetup


def caches(home: Path) -> set[str]:
    """Return the names of the cached tokens and sessions, without client registrations."""
    found = [path for folder in ("sso", "cli", "boto", "login") for path in (home / ".aws" / folder).rglob("*.json")]
    return {
        it.relative_to(home / ".aws").as_posix()
        for it in found
        if "accessToken" in it.read_text() or "AccessKeyId" in it.read_text()
    }


def cached_by_git(run: Run, tmp_path: Path, sandbox: Sandbox, profile: str) -> None:
    """Have the credential helper fetch and cache the profile's credentials, as git does."""
    asked = f"protocol=https\nhost=git-codecommit.{REGION}.amazonaws.com\npath=v1/repos/MySharedDemoRepo\n\n"
    helper = Path(program()).with_name("git-credential-ccsetup")
    env = {"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin", **sandbox.environment()}
    done = subprocess.run(
        [helper, "--profile", profile, "get"], env=env, input=asked, capture_output=True, text=True, check=False
    )
    assert "password=" in done.stdout, done.stderr


@pytest.mark.slow
def test_a_sign_in_ends_at_the_service_and_here_for_all_its_profiles(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    run("setup", "sso", *SSO, "--sso-role-name", "Developer", "--profile", "dev")
    run("setup", "sso", *SSO, "--sso-role-name", "ReadOnly", "--profile", "reader")
    cached_by_git(run, tmp_path, sandbox, "dev")
    before, files = caches(home), {it: (home / ".aws" / it).read_bytes() for it in ("config",)}
    assert len(before) == 2
    previewed = run("logout", "dev", "--dry-run")
    assert caches(home) == before and sandbox.state.center.tokens
    done = run("logout", "dev")
    assert done["sign_ins"][0]["sign_in"] == "acme"
    assert done["sign_ins"][0]["profiles"] == ["dev", "reader"] == previewed["sign_ins"][0]["profiles"]
    assert done["sign_ins"][0]["ended"] is True
    assert not [it for it in sandbox.state.center.tokens.values() if it.kind == "access"]
    assert caches(home) == set()
    assert files == {it: (home / ".aws" / it).read_bytes() for it in files}
    assert {it["usable"] for it in run("status")["profiles"]} == {False}
    assert run("logout", "dev")["sign_ins"] == []
    assert run("login", "dev", "--device-code")["ok"]


def test_another_file_under_the_name_of_a_cache_stays(run: Run, tmp_path: Path) -> None:
    aws = tmp_path / "home" / ".aws"
    aws.mkdir(exist_ok=True)
    (aws / "config").write_text(
        f"[profile dev]\nsso_session = acme\nsso_account_id = {CODE}\nsso_role_name = Developer\n"
        f"[sso-session acme]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
        f"[profile prod]\nrole_arn = {ROLE}\nsource_profile = dev\n"
    )
    diary = tmp_path / "home" / "diary.json"
    diary.write_text('{"today": "my only copy"}')
    names = [f"sso/cache/{hashlib.sha1(b'acme').hexdigest()}.json", *of_profile({"role_arn": ROLE}, {})]
    for name in names:
        (aws / name).parent.mkdir(parents=True, exist_ok=True)
        (aws / name).symlink_to(diary)
    for words in (("logout", "dev"), ("logout", "--all"), ("remove", "prod", "--yes")):
        told = run(*words)
        assert "isn't a cached session, so it isn't removed" in told["stderr"]
        assert [it.get("removed", []) for it in told.get("sign_ins", [])] == [] and told.get("caches", []) == []
        assert diary.read_text() == '{"today": "my only copy"}'


@pytest.mark.long
@pytest.mark.slow
def test_a_damaged_sign_in_goes_too(run: Run, tmp_path: Path) -> None:
    run("setup", "sso", *SSO, "--sso-role-name", "Developer", "--profile", "dev")
    (name,) = caches(tmp_path / "home")
    token = tmp_path / "home" / ".aws" / name
    token.write_text(token.read_text()[:-5])
    assert run("logout", "dev")["sign_ins"][0]["removed"] == [str(token)]
    assert not token.exists()


@pytest.mark.long
@pytest.mark.slow
def test_what_cannot_be_ended_at_the_service_is_said_and_goes_from_here(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    run("setup", "sso", *SSO, "--sso-role-name", "Developer", "--profile", "dev")
    done = run("logout", "dev", code=1, AWS_ENDPOINT_URL_SSO="http://127.0.0.1:9")
    assert done["sign_ins"][0]["ended"] is None
    assert done["sign_ins"][0]["problems"][0]["code"] == "net.unreachable"
    assert "lasts until it expires" in done["stderr"]
    assert caches(tmp_path / "home") == set()


@pytest.mark.slow
def test_role_sessions_go_and_stored_keys_stay(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    keys = marias_keys(sandbox)
    pasted = f"AWS_ACCESS_KEY_ID={keys.access_key_id}\nAWS_SECRET_ACCESS_KEY={keys.secret_access_key}\n"
    more = ("--region", REGION, "--no-clone", "--yes")
    run("setup", "keys", "--keys", "-", "--profile", "maria", *more, stdin=pasted)
    run("setup", "role", "--role-arn", ROLE, "--source-profile", "maria", "--profile", "prod", *more)
    cached_by_git(run, tmp_path, sandbox, "prod")
    assert len(caches(tmp_path / "home")) == 2  # one for the SDKs and one for the AWS CLI
    done = run("logout", "--all")
    assert [it["profiles"] for it in done["sign_ins"]] == [["prod"]]
    assert done["sign_ins"][0]["ended"] is None
    assert caches(tmp_path / "home") == set()
    assert "ccsetup remove maria" in done["stderr"]
    assert keys.secret_access_key in (tmp_path / "home" / ".aws" / "credentials").read_text()


@pytest.mark.slow
def test_a_sign_in_of_aws_login_goes_with_its_file(run: Run, tmp_path: Path) -> None:
    from ccsetup.awsfiles.cached_sessions import of_aws_login

    home, session = tmp_path / "home", "arn:aws:iam::111122223333:user/maria"
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / "config").write_text(
        f"[profile web]\nlogin_session = {session}\n[profile other]\nregion = us-east-2\n"
    )
    cached = home / ".aws" / of_aws_login(session)
    cached.parent.mkdir(parents=True)
    cached.write_text('{"accessToken": {"accessKeyId": "ASIAIOSFODNN7EXAMPLE"}}')
    (cached.parent / "other.json").write_text("{}")
    assert run("logout", "other")["sign_ins"] == []
    assert run("logout", "web")["sign_ins"][0]["removed"] == [str(cached)]
    assert [it.name for it in cached.parent.iterdir()] == ["other.json"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("logout",), 2, "ccsetup logout dev, or use --all"),
        (("logout", "dve"), 1, "dev"),
        (("logout", "dev", "--all"), 2, "--all"),
    ],
)
def test_wrong_use_is_one_sentence(run: Run, tmp_path: Path, words: tuple[str, ...], code: int, says: str) -> None:
    (tmp_path / "home" / ".aws").mkdir(exist_ok=True)
    (tmp_path / "home" / ".aws" / "config").write_text("[profile dev]\nregion = us-east-2\n")
    assert says in run(*words, code=code)["stderr"]


@pytest.mark.slow
def test_a_token_of_another_start_url_under_the_same_session_name_stays(run: Run, tmp_path: Path) -> None:
    from ccsetup.aws.sso.token_cache import token_name
    from ccsetup.core.context import Start

    home = tmp_path / "home"
    (home / ".aws" / "sso" / "cache").mkdir(parents=True)
    start = Start(START_URL, "us-east-1", "acme")
    (home / ".aws" / "config").write_text(
        f"[profile dev]\nsso_session = acme\nsso_account_id = {CODE}\nsso_role_name = Developer\n"
        f"[sso-session acme]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
    )
    text = json.dumps({
        "startUrl": "https://other.awsapps.com/start", "region": "eu-west-1", "accessToken": "a", "expiresAt": "2099-01-01T00:00:00Z",
    })  # fmt: skip
    (home / ".aws" / "sso" / "cache" / token_name(start)).write_text(text)
    assert run("logout", "dev")["sign_ins"] == []
    assert caches(home) == {f"sso/cache/{token_name(start)}"}
