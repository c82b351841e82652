"""Every example is run as it stands, and writes exactly what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CleanEnv
from paths import ROOT
from sandbox_world import browser_in, marias_keys

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import BROKER, MARIA, PEOPLE, SAML_PROVIDER, role_arn

pytestmark = pytest.mark.slow

EXAMPLES = sorted((ROOT / "examples").glob("*.md"))
BEFORE = "[profile maria-code]\nrole_arn = arn:aws:iam::111122223333:role/CodeCommitAccess\nsource_profile = maria\n"


def blocks(text: str, after: str) -> str:
    found = re.search(rf"^{re.escape(after)}$\n+```\w*\n(.*?)```$", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def same(shown: str, written: str) -> bool:
    """Say whether what was written is what the example shows; … stands for what differs each time."""
    pattern = "".join(r"\S+" if part == "…" else re.escape(part) for part in re.split("(…)", shown.strip()))
    return re.fullmatch(pattern, written.strip()) is not None


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_works_and_writes_what_it_says(
    path: Path, sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path
) -> None:
    text, home, work = path.read_text(), tmp_path / "home", tmp_path / "work"
    env = clean_env(home, sandbox.environment(), path=[Path(sys.executable).parent])
    (home / ".aws").mkdir()
    work.mkdir()
    people = {"maria": marias_keys(sandbox), "broker": sandbox.state.user_keys(BROKER)}
    own = "".join(
        f"[{name}]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
        for name, keys in people.items()
    )
    (home / ".aws" / "config").write_text(BEFORE)
    (home / ".aws" / "credentials").write_text(own)
    (home / "token.jwt").write_text(sandbox.state.web_identity_token())
    (home / "response.txt").write_text(sandbox.state.saml_assertion(f"{role_arn('CodeCommitSaml')},{SAML_PROVIDER}"))
    if path.stem.startswith("machine"):
        sandbox.state.attach(role_arn("BuildMachine", PEOPLE))
        env.update(sandbox.machine_environment())
    if path.stem == "console":
        pytest.importorskip("awscrt", reason="botocore[crt] isn't installed")
        env["BROWSER"] = str(browser_in(tmp_path))
        env["PATH"] = os.pathsep.join(it for it in env["PATH"].split(os.pathsep) if not (Path(it) / "aws").exists())
    sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 1
    three = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    paste = (
        f"export AWS_ACCESS_KEY_ID={three.access_key_id} AWS_SECRET_ACCESS_KEY={three.secret_access_key}"
        f" AWS_SESSION_TOKEN={three.session_token}"
    )
    command = re.search(r"^\$ (ccsetup .*)$", text, re.MULTILINE)
    assert command
    line = command[1].replace("123456", sandbox.state.mfa_code(sandbox.state.device(MARIA).serial))
    words = [word.replace("~/", f"{home}/") for word in shlex.split(line)]
    done = subprocess.run(words, env=env, cwd=work, input=paste, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, before in (("config", BEFORE), ("credentials", own)):
        shown = blocks(text, f"`~/.aws/{name}`").replace("HOME", str(home))
        written = (home / ".aws" / name).read_text()
        assert written.startswith(before)
        assert same(shown, written.removeprefix(before)), written
    assert len(list(work.iterdir())) == 1
