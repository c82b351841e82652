"""The examples people have read in AWS's documents and elsewhere: each, corrected where it is wrong, ends in a clone."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import AwsTools, CleanEnv
from terminal import program

from ccsetup.sandbox import Sandbox, policy_engine
from ccsetup.sandbox.demo_data import ISSUER, PEOPLE
from ccsetup.sandbox.resources import Keys

pytestmark = pytest.mark.slow

DEMO = "111111111111"  # the account in the documents' first examples
CODE = "111122223333"  # AccountA of the walkthrough
TEAM = "123456789012"
FULL = policy_engine.allow("codecommit:*")


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, its JSON document, what a person read."""

    code: int
    said: dict[str, Any]
    shown: str


@dataclass(frozen=True)
class Reader:
    """Somebody with a document: a home, a work folder, and the AWS that the document's examples mean."""

    sandbox: Sandbox
    env: Mapping[str, str]
    home: Path
    work: Path

    def setup(self, *words: str, paste: str = "", **more: str) -> Done:
        argv = [program(), "setup", *words, "--yes", "--no-input", "--json"]
        env = {**self.env, **more}
        done = subprocess.run(argv, env=env, cwd=self.work, input=paste, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        return Done(done.returncode, json.loads(done.stdout), done.stderr)

    def keys(self, profile: str, keys: Keys) -> None:
        """Put keys into the credentials file, as the documents tell their reader to."""
        path = self.home / ".aws" / "credentials"
        token = f"aws_session_token = {keys.session_token}\n" if keys.session_token else ""
        text = f"[{profile}]\naws_access_key_id = {keys.access_key_id}\n"
        before = path.read_text() if path.exists() else ""
        path.write_text(f"{before}{text}aws_secret_access_key = {keys.secret_access_key}\n{token}")

    def config(self) -> str:
        return (self.home / ".aws" / "config").read_text()


@pytest.fixture
def reader(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Reader:
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    (home / ".aws").mkdir(parents=True)
    state = sandbox.state
    state.add_account(DEMO, "Demo")
    state.add_repository(DEMO, "us-east-1", "MyDemoRepo", commits=2)
    state.add_role(DEMO, "CodeCommitAccess", policy_engine.trust(PEOPLE), FULL)
    state.set_policies(state.user("maria").arn, policy_engine.allow("*"))
    env = clean_env(home, sandbox.environment(), path=[Path(sys.executable).parent])
    return Reader(sandbox, env, home, work)


def cloned(done: Done, account: str, name: str, *corrections: str) -> Path:
    """Check that a run ended in a clone of that account's repository, and said what it corrected; return the clone."""
    assert done.code == 0, done.shown
    assert done.said["identity"]["account_id"] == account
    assert done.said["repository"]["name"] == name
    shown = " ".join(done.shown.split())
    for correction in corrections:
        assert correction in shown, done.shown
    clone = Path(done.said["clone"]["directory"])
    assert (clone / ".git").is_dir()
    assert len(done.said["clone"]["commit"]) == 40
    return clone


def test_the_role_with_three_colons_and_maria_garcia(reader: Reader) -> None:
    """aws configure set role_arn arn:aws:iam:::111111111111:role/CodeCommitAccess --profile CodeAccess"""
    reader.keys("default", reader.sandbox.state.user_keys("maria"))
    (reader.home / ".aws" / "config").write_text("[default]\nregion = us-east-1\noutput = json\n")
    done = reader.setup(
        "role", "--role-arn", "arn:aws:iam:::111111111111:role/CodeCommitAccess", "--source-profile", "default",
        "--role-session-name", "Maria Garcia", "--repo", "codecommit://CodeAccess@MyDemoRepo",
    )  # fmt: skip
    cloned(
        done,
        DEMO,
        "MyDemoRepo",
        "Using arn:aws:iam::111111111111:role/CodeCommitAccess (an ARN has two colons before the account ID).",
        "Using Maria-Garcia (AWS doesn't allow spaces).",
    )
    assert done.said["profile"] == "CodeAccess"  # the name in the document's address
    assert done.said["identity"]["arn"].endswith(":assumed-role/CodeCommitAccess/Maria-Garcia")
    assert "role_arn = arn:aws:iam::111111111111:role/CodeCommitAccess" in reader.config()


@pytest.mark.parametrize("named", ["~/my-credentials/my-token-file", "$HOME/my-credentials/my-token-file"])
def test_the_web_identity_with_a_token_file_below_a_tilde(reader: Reader, named: str) -> None:
    """[CodeCommitWebIdentity] web_identity_token_file=~/my-credentials/my-token-file, in the credentials file"""
    state = reader.sandbox.state
    provider = state.add_provider(DEMO, ISSUER, "sts.amazonaws.com")
    state.add_role(DEMO, "CodeCommitAccess", policy_engine.trust_oidc(provider.arn, aud="sts.amazonaws.com"), FULL)
    (reader.home / "my-credentials").mkdir()
    token = reader.home / "my-credentials" / "my-token-file"
    token.write_text(state.web_identity_token())
    done = reader.setup(
        "oidc", "--role-arn", "arn:aws:iam:::111111111111:role/CodeCommitAccess", "--web-identity-token-file", named,
        "--role-session-name", "Maria Garcia", "--profile", "CodeCommitWebIdentity", "--region", "us-east-1",
        "--repo", "MyDemoRepo",
    )  # fmt: skip
    cloned(
        done,
        DEMO,
        "MyDemoRepo",
        "two colons before the account",
        "Using Maria-Garcia",
        f"Using the absolute path {token}",
    )
    assert f"web_identity_token_file = {token}\n" in reader.config()
    assert "[profile CodeCommitWebIdentity]" in reader.config()


@pytest.mark.parametrize("session", [False, True], ids=["as the article writes it", "as it is written today"])
def test_the_articles_single_sign_on_profile(reader: Reader, aws_tools: AwsTools, session: bool) -> None:
    """[profile dev-team-profile] sso_start_url = https://example-sso.awsapps.com/start, sso_region = us-west-2 …"""
    state = reader.sandbox.state
    state.add_account(TEAM, "Team")
    state.add_repository(TEAM, "us-east-1", "ProjectAlpha")
    state.center.add_instance("https://example-sso.awsapps.com/start", "us-west-2", "dev")
    state.center.assign("https://example-sso.awsapps.com/start", TEAM, "Developer", FULL)
    state.center.auto_approve, state.center.interval_s = True, 1
    done = reader.setup(
        "sso", *([] if session else ["--legacy"]), "--sso-start-url", "https://example-sso.awsapps.com/start",
        "--sso-region", "us-west-2", "--sso-account-id", TEAM, "--sso-role-name", "Developer", "--output", "json",
        "--region", "us-east-1", "--repo", "codecommit://dev-team-profile@ProjectAlpha",
        "--directory", "local-project-alpha", "--device-code",
    )  # fmt: skip
    clone = cloned(done, TEAM, "ProjectAlpha")
    assert (clone.name, done.said["profile"]) == ("local-project-alpha", "dev-team-profile")
    lines = [
        "sso_account_id = 123456789012", "sso_role_name = Developer", "region = us-east-1", "output = json",
    ]  # fmt: skip
    own = ["sso_session = example-sso"]
    if not session:
        own = ["sso_start_url = https://example-sso.awsapps.com/start", "sso_region = us-west-2"]
        assert "sso-session" not in reader.config()
    assert reader.config().endswith("\n".join(["[profile dev-team-profile]", *own, *lines, ""]))
    cached = [path for path in (reader.home / ".aws" / "sso" / "cache").iterdir() if "accessToken" in path.read_text()]
    key = "example-sso" if session else "https://example-sso.awsapps.com/start"
    assert [path.stem for path in cached] == [hashlib.sha1(key.encode()).hexdigest()]
    asked = [str(aws_tools.aws), "sts", "get-caller-identity", "--profile", "dev-team-profile"]
    seen = subprocess.run(asked, env=dict(reader.env), capture_output=True, text=True, check=False)
    assert json.loads(seen.stdout)["Account"] == TEAM, seen.stderr


def test_temporary_keys_in_one_line_of_the_credentials_file(reader: Reader) -> None:
    """[CodeCommitProfileName] aws_access_key_id=… aws_secret_access_key=… aws_session_token=…, all in one line"""
    three = reader.sandbox.state.temporary_keys(f"arn:aws:iam::{CODE}:role/CodeCommitAccess")
    line = (
        f"[CodeCommitProfileName] aws_access_key_id={three.access_key_id} "
        f"aws_secret_access_key={three.secret_access_key} aws_session_token={three.session_token}\n"
    )
    done = reader.setup(
        "keys", "--keys", "-", "--profile", "CodeCommitProfileName", "--region", "us-east-2",
        "--repo", "MySharedDemoRepo", paste=line,
    )  # fmt: skip
    cloned(done, CODE, "MySharedDemoRepo")


@pytest.mark.long
@pytest.mark.parametrize("word", ["export", "set"])
def test_temporary_keys_as_variables(reader: Reader, word: str) -> None:
    """export AWS_ACCESS_KEY_ID=… export AWS_SECRET_ACCESS_KEY=… export AWS_SESSION_TOKEN=…, and set … for Windows"""
    three = reader.sandbox.state.temporary_keys(f"arn:aws:iam::{CODE}:role/CodeCommitAccess")
    values = {
        "AWS_ACCESS_KEY_ID": three.access_key_id,
        "AWS_SECRET_ACCESS_KEY": three.secret_access_key,
        "AWS_SESSION_TOKEN": three.session_token,
    }
    to = ("--profile", "default", "--region", "us-east-2", "--repo", "MySharedDemoRepo")
    text = " ".join(f"{word} {name}={value}" for name, value in values.items())
    cloned(reader.setup("keys", "--keys", "-", *to, paste=text), CODE, "MySharedDemoRepo")
    cloned(reader.setup("keys", "--keys", "env", *to, "--directory", "other", **values), CODE, "MySharedDemoRepo")


@pytest.mark.long
def test_temporary_keys_that_are_in_the_credentials_file_already(reader: Reader) -> None:
    reader.keys(
        "CodeCommitProfileName", reader.sandbox.state.temporary_keys(f"arn:aws:iam::{CODE}:role/CodeCommitAccess")
    )
    done = reader.setup(
        "existing", "--profile", "CodeCommitProfileName", "--region", "us-east-2", "--repo", "MySharedDemoRepo"
    )
    cloned(done, CODE, "MySharedDemoRepo")


@pytest.mark.long
def test_saml(reader: Reader) -> None:
    """For SAML, call the AWS CLI assume-role-with-saml command or the AWS STS AssumeRoleWithSAML API."""
    state = reader.sandbox.state
    provider = state.add_saml_provider(DEMO, "CompanyId")
    state.add_role(DEMO, "CodeCommitAccess", policy_engine.trust_saml(provider), FULL)
    pair = f"{provider},arn:aws:iam::{DEMO}:role/CodeCommitAccess"
    (reader.home / "response.txt").write_text(f"SAMLResponse={state.saml_assertion(pair)}\n")
    to = ("--region", "us-east-1", "--repo", "MyDemoRepo", "--profile", "CodeAccess")
    done = reader.setup("saml", "--saml-assertion", "~/response.txt", *to)
    cloned(
        done, DEMO, "MyDemoRepo", f"Using arn:aws:iam::{DEMO}:role/CodeCommitAccess, the only role in the assertion."
    )
    again = reader.setup("saml", "--saml-assertion", "-", *to, "--directory", "b", paste=state.saml_assertion(pair))
    cloned(again, DEMO, "MyDemoRepo")


@pytest.mark.long
def test_federation(reader: Reader) -> None:
    """For federation, call the AWS CLI get-federation-token command: narrowed to the one repository."""
    state = reader.sandbox.state
    state.add_user(DEMO, "federation", policy_engine.allow("sts:GetFederationToken"), FULL)
    reader.keys("default", state.add_user_keys("federation"))
    words = ("federation", "--source-profile", "default", "--federated-name", "Maria Garcia", "--region", "us-east-1")
    done = reader.setup(*words, "--repo", "MyDemoRepo", "--profile", "CodeAccess")
    clone = cloned(done, DEMO, "MyDemoRepo", "Using Maria-Garcia")
    assert done.said["identity"]["arn"] == f"arn:aws:sts::{DEMO}:federated-user/Maria-Garcia"
    state.add_repository(DEMO, "us-east-1", "Other")
    other = reader.setup("existing", "--profile", "CodeAccess", "--repo", "codecommit::us-east-1://Other")
    assert (other.code, other.said["problems"][0]["code"]) == (1, "access.repository")
    who = ["-c", "user.name=Maria", "-c", "user.email=maria@acme.example"]
    for git in (("commit", "-q", "--allow-empty", "-m", "x"), ("push", "-q")):
        subprocess.run(["git", *who, *git], cwd=clone, env=dict(reader.env), check=True)


@pytest.mark.long
def test_mfa(reader: Reader) -> None:
    """For MFA, call the AWS CLI get-session-token command."""
    state = reader.sandbox.state
    reader.keys("default", state.user_keys("maria"))
    device = state.device("maria").serial
    words = ("mfa", "--source-profile", "default", "--mfa-code", state.mfa_code(device), "--region", "us-east-2")
    done = reader.setup(*words, "--repo", "people-tools", "--profile", "CodeAccess", "--mfa-serial", device)
    cloned(done, PEOPLE, "people-tools")


@pytest.mark.long
@pytest.mark.parametrize("provider", ["www.amazon.com", "graph.facebook.com"])
def test_login_with_amazon_or_facebook(reader: Reader, provider: str) -> None:
    """For Login with Amazon … call the AWS CLI assume-role-with-web-identity command: the SDKs cannot, keys are stored."""
    state = reader.sandbox.state
    state.add_role(DEMO, "CodeCommitAccess", policy_engine.trust_oidc(provider, app_id="acme"), FULL)
    (reader.work / "token").write_text(state.access_token(provider, "maria", app_id="acme"))
    done = reader.setup(
        "oidc", "--role-arn", f"arn:aws:iam::{DEMO}:role/CodeCommitAccess", "--web-identity-token-file", "token",
        "--provider-id", provider, "--profile", "CodeAccess", "--region", "us-east-1", "--repo", "MyDemoRepo",
    )  # fmt: skip
    cloned(done, DEMO, "MyDemoRepo")
    assert f"ccsetup_provider_id = {provider}" in reader.config()


@pytest.mark.long
@pytest.mark.parametrize(
    ("issuer", "provider"), [("https://cognito-identity.amazonaws.com", "cognito-identity.amazonaws.com"), ("https://accounts.google.com", "accounts.google.com")]
)  # fmt: skip
def test_cognito_and_google_give_oidc_tokens_and_need_no_provider_id(
    reader: Reader, issuer: str, provider: str
) -> None:
    state = reader.sandbox.state
    state.add_role(DEMO, "CodeCommitAccess", policy_engine.trust_oidc(provider, aud="pool"), FULL)
    (reader.work / "token").write_text(state.web_identity_token(issuer, "pool", "maria"))
    done = reader.setup(
        "oidc", "--role-arn", f"arn:aws:iam::{DEMO}:role/CodeCommitAccess", "--web-identity-token-file", "token",
        "--provider-id", provider, "--profile", "CodeAccess", "--region", "us-east-1", "--repo", "MyDemoRepo",
    )  # fmt: skip
    cloned(done, DEMO, "MyDemoRepo", f"Tokens from {provider} are OIDC tokens, which don't need a provider ID.")
    assert "web_identity_token_file = " in reader.config()


def test_the_walkthrough_of_account_a_and_account_b(reader: Reader) -> None:
    """MySharedDemoRepo in US East (Ohio) in AccountA 111122223333, a user with keys in AccountB 888888888888"""
    reader.keys("default", reader.sandbox.state.user_keys("maria"))
    done = reader.setup(
        "role", "--role-arn", f"arn:aws:iam::{CODE}:role/CodeCommitAccess", "--source-profile", "default",
        "--region", "US East (Ohio)", "--repo", "MySharedDemoRepo", "--profile", "MyCrossAccountAccessProfile",
    )  # fmt: skip
    cloned(done, CODE, "MySharedDemoRepo", "Using us-east-2 (Ohio)")


@pytest.mark.long
def test_an_ec2_instance_with_a_profile(reader: Reader) -> None:
    """You can configure and use git-remote-codecommit on Amazon EC2 instances."""
    state = reader.sandbox.state
    state.attach(state.add_role(DEMO, "Instance", policy_engine.trust_service("ec2.amazonaws.com"), FULL).arn)
    state.machine_region = "us-east-1"
    done = reader.setup("machine", "--repo", "MyDemoRepo", **reader.sandbox.machine_environment())
    cloned(done, DEMO, "MyDemoRepo")
    assert reader.config() == "[profile machine]\nregion = us-east-1\n"
