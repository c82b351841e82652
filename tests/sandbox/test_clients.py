"""Clients nobody here wrote work against the sandbox: AWS's git-remote-codecommit, the AWS CLI; moto beside it."""

from __future__ import annotations

import dataclasses
import gzip
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import AwsTools, CleanEnv
from sandbox_world import client, marias_keys, refusal

from ccsetup.sandbox import Sandbox, policy_engine
from ccsetup.sandbox.demo_data import CODE, PEOPLE, REGION, SSO_REGION, START_URL, role_arn
from ccsetup.sandbox.resources import Keys

pytestmark = pytest.mark.slow

WHO = ("-c", "user.name=Maria Garcia", "-c", "user.email=maria@example.com")


@dataclasses.dataclass
class Desk:
    """A developer's machine: a home with AWS's files, and AWS's own tools first on PATH."""

    home: Path
    env: dict[str, str]
    tools: AwsTools

    def profile(self, name: str, keys: Keys | None = None, **settings: str) -> None:
        """Write a profile: its keys into credentials, its settings into config."""
        aws = self.home / ".aws"
        aws.mkdir(exist_ok=True)
        if keys is not None:
            token = f"aws_session_token = {keys.session_token}\n" if keys.session_token else ""
            with (aws / "credentials").open("a") as file:
                file.write(
                    f"[{name}]\naws_access_key_id = {keys.access_key_id}\n"
                    f"aws_secret_access_key = {keys.secret_access_key}\n{token}"
                )
        with (aws / "config").open("a") as file:
            file.write(f"[profile {name}]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items()))

    def run(self, *command: str | Path, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command as this developer would."""
        return subprocess.run(
            command,
            cwd=cwd or self.home,
            env={**self.env, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git, which must succeed; return what it printed."""
        done = self.run("git", *WHO, *arguments, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox, clean_env: CleanEnv, aws_tools: AwsTools) -> Desk:
    home = tmp_path / "home"
    env = clean_env(home, sandbox.environment(), path=[aws_tools.folder])
    made = Desk(home, env, aws_tools)
    made.profile("maria", marias_keys(sandbox), region=REGION)
    made.profile("acme", role_arn=role_arn("CodeCommitAccess"), source_profile="maria", region=REGION)
    return made


# git through AWS's git-remote-codecommit


def test_a_clone_pulls_and_pushes(desk: Desk, sandbox: Sandbox) -> None:
    desk.git("clone", "codecommit::us-east-2://acme@MySharedDemoRepo")
    desk.git("clone", "--quiet", "codecommit::us-east-2://acme@MySharedDemoRepo", "other")
    first, other = desk.home / "MySharedDemoRepo", desk.home / "other"
    assert (first / "README.md").read_text().startswith("# MySharedDemoRepo")
    assert "origin/develop" in desk.git("branch", "-r", cwd=first)
    (first / "new.txt").write_text("new\n")
    desk.git("add", ".", cwd=first)
    desk.git("commit", "--quiet", "-m", "A change", cwd=first)
    desk.git("push", "--quiet", cwd=first)
    desk.git("pull", "--quiet", cwd=other)
    assert (other / "new.txt").read_text() == "new\n"
    keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    branch = client(sandbox, "codecommit", keys).get_branch(repositoryName="MySharedDemoRepo", branchName="main")
    assert branch["branch"]["commitId"] == desk.git("rev-parse", "HEAD", cwd=other).strip()
    assert {(e.action, e.outcome) for e in sandbox.log if e.service == "git"} >= {("GitPull", "ok"), ("GitPush", "ok")}


@pytest.mark.long
def test_a_large_push_arrives_whole(desk: Desk) -> None:
    desk.git("clone", "--quiet", "codecommit::us-east-2://acme@MySharedDemoRepo", "large")
    folder = desk.home / "large"
    (folder / "large.bin").write_bytes(os.urandom(8_000_000))  # above git's buffer: sent in chunks
    desk.git("add", ".", cwd=folder)
    desk.git("commit", "--quiet", "-m", "Large", cwd=folder)
    desk.git("push", "--quiet", "origin", "HEAD:refs/heads/large", cwd=folder)
    desk.git("clone", "--quiet", "-b", "large", "codecommit::us-east-2://acme@MySharedDemoRepo", "again")
    assert (desk.home / "again/large.bin").read_bytes() == (folder / "large.bin").read_bytes()


@pytest.mark.long
def test_an_empty_repository_takes_its_first_push(desk: Desk, sandbox: Sandbox) -> None:
    done = desk.run("git", "clone", "codecommit::us-east-2://acme@empty")
    assert (done.returncode, "empty repository" in done.stderr) == (0, True)
    folder = desk.home / "empty"
    (folder / "first.txt").write_text("first\n")
    desk.git("add", ".", cwd=folder)
    desk.git("commit", "--quiet", "-m", "First", cwd=folder)
    desk.git("push", "--quiet", "origin", "HEAD:refs/heads/trunk", cwd=folder)
    keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    facts = client(sandbox, "codecommit", keys).get_repository(repositoryName="empty")
    assert facts["repositoryMetadata"]["defaultBranch"] == "trunk"
    desk.git("clone", "--quiet", "codecommit::us-east-2://acme@empty", "again")
    assert (desk.home / "again/first.txt").is_file()


def test_a_repository_may_be_named_like_an_option(desk: Desk) -> None:
    desk.git("clone", "--quiet", "--", "codecommit::us-east-2://acme@--mirror", "mirror")
    assert (desk.home / "mirror/README.md").is_file()


def refused(desk: Desk, address: str) -> str:
    done = desk.run("git", "clone", "--quiet", address, "refused")
    assert done.returncode == 128 and not (desk.home / "refused").exists()
    return done.stderr


@pytest.mark.long
def test_git_is_refused_as_codecommit_refuses(desk: Desk, sandbox: Sandbox) -> None:
    forbidden = "The requested URL returned error: 403"
    assert "not found" in refused(desk, "codecommit::us-east-2://acme@nope")
    assert "not found" in refused(desk, "codecommit::us-east-1://acme@MySharedDemoRepo")  # it lives in another region
    assert forbidden in refused(desk, "codecommit::us-east-2://acme@locked")  # its key
    assert forbidden in refused(desk, "codecommit::us-east-2://maria@MySharedDemoRepo")  # no permission
    keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    desk.profile("wrong", dataclasses.replace(keys, secret_access_key="x" * 40), region=REGION)
    desk.profile("tokenless", dataclasses.replace(keys, session_token=""), region=REGION)
    desk.profile("late", keys, region=REGION)
    assert forbidden in refused(desk, "codecommit::us-east-2://wrong@MySharedDemoRepo")
    assert forbidden in refused(desk, "codecommit::us-east-2://tokenless@MySharedDemoRepo")
    sandbox.state.expire(keys)
    assert forbidden in refused(desk, "codecommit::us-east-2://late@MySharedDemoRepo")
    assert [e.outcome for e in sandbox.log if e.service == "git" and e.who and e.outcome != "ok"] == [
        "RepositoryDoesNotExist",
        "RepositoryDoesNotExist",
        "EncryptionKeyAccessDenied",
        "AccessDenied",
        "SignatureDoesNotMatch",
        "InvalidClientTokenId",
        "ExpiredToken",
    ]


def test_pulling_and_pushing_are_two_permissions(desk: Desk, sandbox: Sandbox) -> None:
    desk.profile("reader", sandbox.state.temporary_keys(role_arn("CodeCommitReadOnly")), region=REGION)
    desk.git("clone", "--quiet", "codecommit::us-east-2://reader@MySharedDemoRepo", "read")
    folder = desk.home / "read"
    desk.git("commit", "--quiet", "--allow-empty", "-m", "Mine", cwd=folder)
    done = desk.run("git", "push", cwd=folder)
    assert (done.returncode, "error: 403" in done.stderr) == (128, True)


def test_a_git_password_that_is_old_is_refused(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.state.now = lambda: datetime.now(timezone.utc) + timedelta(minutes=16)
    desk.profile("static", sandbox.state.temporary_keys(role_arn("CodeCommitAccess")), region=REGION)
    assert "403" in refused(desk, "codecommit::us-east-2://static@MySharedDemoRepo")
    assert sandbox.log[-1].outcome == "SignatureDoesNotMatch"


def authorization(sandbox: Sandbox, name: str) -> str:
    """Return the header git would send for a repository, signed by botocore."""
    import base64

    import botocore.auth
    import botocore.awsrequest
    from botocore.credentials import Credentials

    keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    path = f"/v1/repos/{name}"
    request = botocore.awsrequest.AWSRequest(method="GIT", url=f"https://{sandbox.git_host}{path}")
    stamp = request.context["timestamp"] = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S")
    signer = botocore.auth.SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key), "codecommit", REGION)
    text = signer.string_to_sign(request, f"GIT\n{path}\n\nhost:{sandbox.git_host}\n\nhost\n")
    user = f"{keys.access_key_id}%{keys.session_token}:{stamp}Z{signer.signature(text, request)}"
    return "Basic " + base64.b64encode(user.encode()).decode()


def test_a_compressed_request_body_is_understood(sandbox: Sandbox) -> None:
    context = ssl.create_default_context(cafile=str(sandbox.certificate))
    host, port = sandbox.git_host.split(":")
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)
    headers = {
        "Authorization": authorization(sandbox, "MySharedDemoRepo"),
        "Content-Type": "application/x-git-upload-pack-request",
        "Content-Encoding": "gzip",
        "Git-Protocol": "version=2",
    }
    body = gzip.compress(b"0014command=ls-refs\n0001" + b"0016ref-prefix refs/h\n0000")
    connection.request("POST", "/v1/repos/MySharedDemoRepo/git-upload-pack", body, headers)
    assert b"refs/heads/develop" in connection.getresponse().read()
    connection.request("POST", "/v1/repos/MySharedDemoRepo/git-upload-pack", body, headers)  # the connection lives on
    assert connection.getresponse().status == 200
    connection.close()


def test_a_push_that_breaks_off_harms_nothing(sandbox: Sandbox) -> None:
    context = ssl.create_default_context(cafile=str(sandbox.certificate))
    host, port = sandbox.git_host.split(":")
    before = threading.active_count()
    with context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host) as broken:
        broken.sendall(
            f"POST /v1/repos/MySharedDemoRepo/git-receive-pack HTTP/1.1\r\nHost: {sandbox.git_host}\r\n"
            f"Authorization: {authorization(sandbox, 'MySharedDemoRepo')}\r\nTransfer-Encoding: chunked\r\n"
            "Content-Type: application/x-git-receive-pack-request\r\n\r\nffff\r\n00b0".encode()
        )
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() == before
    keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    listed = client(sandbox, "codecommit", keys).list_branches(repositoryName="MySharedDemoRepo")
    assert listed["branches"] == ["develop", "main"]


# The AWS CLI


def test_the_aws_cli_says_who_and_what(desk: Desk) -> None:
    aws = desk.tools.aws
    told = json.loads(desk.run(aws, "--profile", "acme", "sts", "get-caller-identity").stdout)
    assert told["Arn"].startswith(f"arn:aws:sts::{CODE}:assumed-role/CodeCommitAccess/")
    listed = json.loads(desk.run(aws, "--profile", "acme", "codecommit", "list-repositories").stdout)
    assert "MySharedDemoRepo" in [r["repositoryName"] for r in listed["repositories"]]
    done = desk.run(aws, "--profile", "maria", "codecommit", "list-repositories")
    assert "An error occurred (AccessDeniedException) when calling the ListRepositories operation" in done.stderr
    assert desk.run(aws, "--profile", "maria", "iam", "list-mfa-devices").stdout.count(f"{PEOPLE}:mfa/maria") == 1


@pytest.mark.long
def test_the_aws_clis_credential_helper_clones_and_pushes(desk: Desk, sandbox: Sandbox) -> None:
    helper = f"!{desk.tools.aws} --profile acme codecommit credential-helper --ignore-host-check $@"
    settings = ("-c", "credential.helper=", "-c", f"credential.helper={helper}", "-c", "credential.useHttpPath=true")
    desk.git("clone", "--quiet", *settings, f"https://{sandbox.git_host}/v1/repos/MySharedDemoRepo", "helped")
    folder = desk.home / "helped"
    desk.git("commit", "--quiet", "--allow-empty", "-m", "Mine", cwd=folder)
    desk.git("push", "--quiet", cwd=folder)
    wrong = desk.run("git", "clone", *settings, f"https://{sandbox.git_host}/v1/repos/nope")
    assert "not found" in wrong.stderr


def test_git_without_credentials_is_asked_for_them(desk: Desk, sandbox: Sandbox) -> None:
    done = desk.run("git", "clone", f"https://{sandbox.git_host}/v1/repos/MySharedDemoRepo")
    assert "could not read Username" in done.stderr


def test_the_aws_cli_takes_a_sign_in_through_sso_profiles(desk: Desk, sandbox: Sandbox) -> None:
    import hashlib

    token = sandbox.state.center.sign_in()
    cache = desk.home / ".aws/sso/cache"
    cache.mkdir(parents=True)
    document = {"accessToken": token.value, "expiresAt": token.expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    (cache / f"{hashlib.sha1(START_URL.encode()).hexdigest()}.json").write_text(json.dumps(document))
    settings = {"sso_start_url": START_URL, "sso_region": SSO_REGION, "sso_account_id": CODE, "region": REGION}
    desk.profile("dev", sso_role_name="Developer", **settings)
    desk.profile("admin", sso_role_name="Admin", **settings)
    desk.git("clone", "--quiet", "codecommit::us-east-2://dev@MySharedDemoRepo", "signed-in")
    done = desk.run(desk.tools.aws, "--profile", "admin", "sts", "get-caller-identity")
    assert "(ForbiddenException) when calling the GetRoleCredentials operation: No access" in done.stderr
    sandbox.state.center.end_sessions()
    done = desk.run(desk.tools.aws, "--profile", "dev", "sts", "get-caller-identity")
    assert "Session token not found or invalid" in done.stderr or "expired" in done.stderr


# moto, beside the sandbox


FORMS = (
    (r"(AKIA|ASIA)[A-Z0-9]{12,16}", "a key id"),  # moto answers GetSessionToken with the documents' example keys
    (r"AIDA[A-Z0-9]{17}|[a-z0-9]{20}", "a user id"),  # moto's have no prefix
    (r"ARO[A-Z0-9]{10,18}:[\w+=,.@-]+", "a role session's id"),
    (r"\d{12}:[\w+=,.@-]+", "a federated user's id"),
    (r"\d{12}", "an account id"),
    (r"arn:aws:iam::\d{12}:user/[\w+=,.@-]+", "a user's ARN"),
    (r"arn:aws:iam::\d{12}:mfa/[\w+=,.@-]+", "a device's ARN"),
    (r"arn:aws:sts::\d{12}:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+", "a role session's ARN"),
    (r"arn:aws:sts::\d{12}:federated-user/[\w+=,.@-]+", "a federated user's ARN"),
    (r"arn:aws:codecommit:[a-z0-9-]+:\d{12}:[\w.-]+", "a repository's ARN"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID"),
    (r"(https|ssh)://git-codecommit\.[a-z0-9-]+\.amazonaws\.com/v1/repos/[\w.-]+", "a clone address"),
    (r"[A-Za-z0-9/+]{40,41}", "a secret"),
    (r"[A-Za-z0-9/+=]{200,}", "a session token"),
)
# What only one of the two says. moto tells PackedPolicySize always (AWS with a policy only) and a user's tags when
# there are none; it leaves out a repository's key and what a web identity token said.
ONLY_MOTO = {"PackedPolicySize", "Tags"}
ONLY_SANDBOX = {"kmsKeyId", "Audience", "Provider", "SubjectFromWebIdentityToken"}


def shape(value: Any, name: str = "") -> Any:
    """Replace every text by what form it has, so that two answers can be compared."""
    if isinstance(value, dict):
        left = {k: v for k, v in value.items() if k not in ONLY_MOTO | ONLY_SANDBOX | {"ResponseMetadata"}}
        return {k: shape(v, k) for k, v in sorted(left.items())}
    if isinstance(value, list):
        return [shape(v, name) for v in value]
    if isinstance(value, str):
        return next((form for pattern, form in FORMS if re.fullmatch(pattern, value)), value)
    return type(value).__name__


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = pytest.importorskip("moto.server", reason="moto is not installed").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def both(moto_url: str, sandbox: Sandbox) -> dict[str, tuple[str, Keys]]:
    """The same user, device and role in moto and in the sandbox: where, and the user's keys."""
    state = sandbox.state
    name = "maria" + os.urandom(3).hex()
    user = state.add_user(PEOPLE, name, policy_engine.allow("*"))
    state.add_role(PEOPLE, f"{name}-role", policy_engine.trust(PEOPLE), policy_engine.allow("*"))
    state.add_mfa_device(user.arn)
    ours = state.add_user_keys(user.arn)
    root = dataclasses.replace(ours, access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="x" * 40)
    iam = client(moto_url, "iam", root)
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    iam.create_role(RoleName=f"{name}-role", AssumeRolePolicyDocument=json.dumps(policy_engine.trust("123456789012")))
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    theirs = dataclasses.replace(ours, access_key_id=made["AccessKeyId"], secret_access_key=made["SecretAccessKey"])
    return {"moto": (moto_url, theirs), "sandbox": (sandbox.url, ours)}


def calls(name: str, account: str, key_id: str, token: str) -> list[tuple[str, str, dict[str, Any]]]:
    """List the calls that both are asked."""
    role = f"arn:aws:iam::{account}:role/{name}-role"
    session = {"RoleArn": role_arn("CodeCommitOidc"), "RoleSessionName": "session"}
    return [
        ("sts", "get_caller_identity", {}),
        ("sts", "assume_role", {"RoleArn": role, "RoleSessionName": "session"}),
        ("sts", "get_session_token", {}),
        ("sts", "assume_role_with_web_identity", {**session, "WebIdentityToken": token}),
        ("sts", "get_federation_token", {"Name": "contractor", "Policy": json.dumps(policy_engine.allow("*"))}),
        ("sts", "get_access_key_info", {"AccessKeyId": key_id}),
        ("iam", "get_user", {}),
        ("iam", "get_user", {"UserName": name}),
        ("iam", "list_mfa_devices", {"UserName": name}),
        ("codecommit", "create_repository", {"repositoryName": f"{name}-repo", "repositoryDescription": "both"}),
        ("codecommit", "get_repository", {"repositoryName": f"{name}-repo"}),
    ]


def test_moto_and_the_sandbox_answer_alike(both: dict[str, tuple[str, Keys]], sandbox: Sandbox) -> None:
    name = both["sandbox"][1].caller.name
    answers: dict[str, list[Any]] = {}
    for which, account in (("moto", "123456789012"), ("sandbox", PEOPLE)):
        url, keys = both[which]
        answers[which] = [
            (operation, shape(getattr(client(url, service, keys), operation)(**given)))
            for service, operation, given in calls(
                name, account, keys.access_key_id, sandbox.state.web_identity_token()
            )
        ]
    assert answers["sandbox"] == answers["moto"]


def test_moto_and_the_sandbox_refuse_alike(both: dict[str, tuple[str, Keys]]) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("iam", "get_user", {"UserName": "somebody-else"}),
        ("iam", "list_mfa_devices", {"UserName": "somebody-else"}),
        ("codecommit", "get_repository", {"repositoryName": "nope"}),
        ("codecommit", "get_repository", {"repositoryName": "a b"}),
        ("codecommit", "create_repository", {"repositoryName": "twice"}),
    ]
    told: dict[str, list[tuple[str, str, int]]] = {}
    for which, (url, keys) in both.items():
        client(url, "codecommit", keys).create_repository(repositoryName="twice")
        told[which] = [
            refusal(getattr(client(url, s, keys, parameter_validation=False), o), **given) for s, o, given in asked
        ]
    assert told["sandbox"] == told["moto"]
