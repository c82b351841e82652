"""The profiles that ccsetup writes, read by the AWS SDK for JavaScript: each is there whom botocore says it is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import boto3
import pytest
from aws_ways import settle
from filelock import FileLock
from test_login import Kind, Run, kinds, pasted, run

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import BROKER, CODE, MARIA, REGION, START_URL, role_arn

pytestmark = pytest.mark.slow

__all__ = ["run"]
PACKAGES = ("@aws-sdk/credential-providers@3", "@aws-sdk/client-sts@3")
ASK = """
const { fromNodeProviderChain } = require("@aws-sdk/credential-providers");
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
async function who(profile) {
  try {
    const client = new STSClient({ profile, credentials: fromNodeProviderChain({ profile }) });
    return (await client.send(new GetCallerIdentityCommand({}))).Arn;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}
(async () => {
  const found = {};
  for (const profile of process.argv.slice(2)) found[profile] = await who(profile);
  console.log(JSON.stringify(found));
})();
"""


@pytest.fixture(scope="session")
def node_sdk(pytestconfig: pytest.Config) -> Path:
    """The folder below which node finds the SDK, installed once into the tests' cache; skips where there is no npm."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not here")
    folder = Path(pytestconfig.cache.mkdir("node-sdk"))
    with FileLock(str(folder) + ".lock"):
        if not (folder / "done").exists():
            install = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--silent", *PACKAGES]
            done = subprocess.run(install, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"npm could not install the SDK: {done.stderr.strip()[-300:]}")
            (folder / "done").touch()
    (folder / "ask.js").write_text(ASK)
    return folder


def more_kinds() -> dict[str, tuple[str, Kind]]:
    """Return further profiles by name, each with its kind: what starts from a sign-in, and what older tools need."""
    sso = ("--sso-start-url", START_URL, "--sso-region", "us-east-1", "--sso-account-id", CODE)
    legacy = (*sso, "--sso-role-name", "ReadOnly", "--legacy", "--device-code")
    outside = ("--role-arn", role_arn("CodeCommitExternal"), "--external-id", "acme-2024", "--source-profile", "maria")
    named = ("--role-session-name", "maria", "--duration-seconds", "3600")
    return {"my-legacy": ("sso", Kind(legacy)), "my-outside": ("role", Kind((*outside, *named)))}


@pytest.mark.long
def test_the_sdk_for_javascript_sees_whom_botocore_sees(
    sandbox: Sandbox, run: Run, node_sdk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, home = sandbox.state, tmp_path / "home"
    shared = ("--region", REGION, "--no-clone", "--yes")
    for name, arn in (("maria", MARIA), ("broker", BROKER)):
        run("setup", "keys", "--keys", "-", "--profile", name, *shared, stdin=pasted(state.user_keys(arn)))
    (home / "token").write_text(state.web_identity_token())
    wanted = {f"my-{name}": (name, kind) for name, kind in kinds(sandbox, home).items()} | more_kinds()
    for profile, (name, kind) in wanted.items():
        code = ("--mfa-code", state.mfa_code(state.device("maria").serial)) if name == "mfa" else ()
        run("setup", name, "--profile", profile, *kind.flags, *code, *shared, stdin=kind.stdin())

    settle(monkeypatch, home, sandbox.environment())
    names = ["maria", "broker", *wanted]
    asked = ["node", str(node_sdk / "ask.js"), *names]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    theirs = json.loads(done.stdout or "{}")
    ours = {name: boto3.Session(profile_name=name).client("sts").get_caller_identity()["Arn"] for name in names}
    assert {it: _without_session(arn) for it, arn in theirs.items()} == {
        it: _without_session(arn) for it, arn in ours.items()
    }, done.stderr
    assert theirs["my-outside"].endswith("/maria")


def _without_session(arn: str) -> str:
    """Return an ARN without the name that each SDK gives to its own session of a role."""
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn
