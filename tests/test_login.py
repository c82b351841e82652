"""Login: each kind renewed as it is, nothing but credentials and their end changed; judged by the sandbox."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import CleanEnv
from terminal import program

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.example import BROKER, CODE, MARIA, PEOPLE, REGION, SAML_PROVIDER, START_URL, role_arn

Run = Callable[..., dict[str, Any]]
CHANGING = re.compile(
    r"^(aws_access_key_id|aws_secret_access_key|aws_session_token|ccsetup_expires_at)\b.*$", re.MULTILINE
)


@pytest.fixture
def run(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Run:
    """Run ccsetup against the sandbox; return its document."""
    sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 1
    env = clean_env(tmp_path / "home", sandbox.environment())

    def ccsetup(*words: str, stdin: str = "", code: int = 0) -> dict[str, Any]:
        asked = [program(), *words, "--json"]
        done = subprocess.run(asked, env=env, cwd=tmp_path, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr + done.stdout
        document = json.loads(done.stdout)
        assert isinstance(document, dict)
        return {**document, "stderr": done.stderr}

    return ccsetup


def pasted(keys: Any) -> str:
    token = f"AWS_SESSION_TOKEN={keys.session_token}\n" if keys.session_token else ""
    return f"AWS_ACCESS_KEY_ID={keys.access_key_id}\nAWS_SECRET_ACCESS_KEY={keys.secret_access_key}\n{token}"


def texts(home: Path) -> dict[str, tuple[int, str]]:
    return {path.name: (path.stat().st_mode, path.read_text()) for path in (home / ".aws").glob("c*") if path.is_file()}


def without_keys(there: dict[str, tuple[int, str]]) -> dict[str, str]:
    return {name: CHANGING.sub("", text) for name, (_, text) in there.items()}


class Kind(NamedTuple):
    """How a kind is set up and renewed: its flags, what is piped in, what renewing takes, who answers."""

    flags: tuple[str, ...]
    renewing: tuple[str, ...] = ()
    stdin: Callable[[], str] = str
    account: str = CODE
    stored: bool = True


def kinds(sandbox: Sandbox, home: Path) -> dict[str, Kind]:
    state = sandbox.state
    serial = state.device("maria").serial
    access, saml = role_arn("CodeCommitAccess"), role_arn("CodeCommitSaml")
    sso = ("--sso-start-url", START_URL, "--sso-region", "us-east-1", "--sso-account-id", CODE, "--sso-role-name")
    federated = ("--source-profile", "broker", "--federated-name", "maria", "--repo", "MySharedDemoRepo")
    return {
        "sso": Kind((*sso, "Developer", "--device-code"), ("--device-code",), stored=False),
        "role": Kind(("--role-arn", access, "--source-profile", "maria"), stored=False),
        "mfa": Kind(("--source-profile", "maria", "--mfa-serial", serial), account=PEOPLE),
        "keys": Kind(("--keys", "-"), ("--keys", "-"), lambda: pasted(state.temporary_keys(access, "maria"))),
        "saml": Kind(
            ("--saml-assertion", "-", "--role-arn", saml),
            ("--saml-assertion", "-"),
            lambda: state.saml_assertion(f"{saml},{SAML_PROVIDER}"),
        ),
        "federation": Kind(federated),
        "oidc": Kind(
            ("--role-arn", role_arn("CodeCommitOidc"), "--web-identity-token-file", str(home / "token")), stored=False
        ),
    }


def test_every_kind_is_set_up_renewed_and_undone_again(sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    state, home = sandbox.state, tmp_path / "home"
    shared = ("--region", REGION, "--no-clone", "--yes")
    for name, arn in (("maria", MARIA), ("broker", BROKER)):
        run("setup", "keys", "--keys", "-", "--profile", name, *shared, stdin=pasted(state.user_keys(arn)))
    (home / "token").write_text(state.web_identity_token())
    seen = [texts(home)]
    for name, kind in kinds(sandbox, home).items():
        code = ("--mfa-code", state.mfa_code(state.device("maria").serial)) if name == "mfa" else ()
        document = run("setup", name, "--profile", f"my-{name}", *kind.flags, *code, *shared, stdin=kind.stdin())
        assert document["identity"]["account_id"] == kind.account
        seen.append(texts(home))
    stands = {it["name"]: it for it in run("status", "--check")["profiles"]}
    assert {name: stands[f"my-{name}"]["kind"] for name in kinds(sandbox, home)} == {n: n for n in kinds(sandbox, home)}
    assert all(it["usable"] for it in stands.values()), stands
    for name, kind in kinds(sandbox, home).items():
        was = texts(home)
        code = ("--mfa-code", state.mfa_code(state.device("maria").serial)) if name == "mfa" else ()
        document = run("login", f"my-{name}", *kind.renewing, *code, stdin=kind.stdin())
        found = document["ok"], document["kind"], document["identity"]["account_id"]
        assert found == (True, name, kind.account)
        assert without_keys(texts(home)) == without_keys(was)
        assert (texts(home) != was) == kind.stored == bool(document["backups"]), name
        assert document["expires_at"] or name in ("role", "keys")
        seen += [texts(home)] if kind.stored else []
    for was in reversed(seen[:-1]):
        assert run("undo", "--yes")["undone"]
        assert texts(home) == was
    for _ in range(2):
        run("undo", "--yes")
    assert texts(home) == {}
    assert run("undo", "--yes")["undone"] is None
