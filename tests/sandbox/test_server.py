"""The sandbox checks signatures, evaluates policies and answers for CodeCommit as AWS does; and it keeps to itself."""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from paths import ROOT
from sandbox_world import Browser, client, marias_keys, refusal

from ccsetup.sandbox import Sandbox, demo_data, policy_engine, sigv4
from ccsetup.sandbox.demo_data import CODE, MARIA, PEOPLE, REGION, role_arn
from ccsetup.sandbox.http import Request

INVALID = "The security token included in the request is invalid"


# Signatures


def test_a_signature_is_the_one_of_awss_published_example() -> None:
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": "iam.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
    }
    request = Request("GET", "/", "Action=ListUsers&Version=2010-05-08", headers)
    canonical = sigv4.canonical_request(request, headers)
    assert hashlib.sha256(canonical.encode()).hexdigest() == (
        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    )
    key = sigv4.signing_key(secret, "20150830", "us-east-1", "iam")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    signed = sigv4.signature(secret, "20150830T123600Z", "us-east-1", "iam", canonical)
    assert signed == "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"


def test_a_wrong_secret_is_refused_as_each_service_refuses_it(sandbox: Sandbox) -> None:
    wrong = dataclasses.replace(marias_keys(sandbox), secret_access_key="x" * 40)
    code, text, status = refusal(client(sandbox, "sts", wrong).get_caller_identity)
    assert (code, text, status) == ("SignatureDoesNotMatch", sigv4.MISMATCH, 403)
    code, text, status = refusal(client(sandbox, "codecommit", wrong).list_repositories)
    assert (code, text, status) == ("InvalidSignatureException", sigv4.MISMATCH, 400)


def test_an_unknown_key_is_refused_as_each_service_refuses_it(sandbox: Sandbox) -> None:
    known = marias_keys(sandbox)
    unknown = dataclasses.replace(known, access_key_id="AKIAIOSFODNN7EXAMPLE")
    assert refusal(client(sandbox, "sts", unknown).get_caller_identity) == ("InvalidClientTokenId", INVALID + ".", 403)
    found = refusal(client(sandbox, "codecommit", unknown).list_repositories)
    assert found == ("UnrecognizedClientException", INVALID + ".", 400)
    sandbox.state.remove_keys(known.access_key_id)
    assert refusal(client(sandbox, "iam", known).get_user)[0] == "InvalidClientTokenId"


@pytest.mark.parametrize("token", ["", "another"])
def test_temporary_keys_need_their_own_session_token(sandbox: Sandbox, token: str) -> None:
    keys = dataclasses.replace(sandbox.state.temporary_keys(role_arn("CodeCommitAccess")), session_token=token)
    assert refusal(client(sandbox, "sts", keys).get_caller_identity) == ("InvalidClientTokenId", INVALID, 403)
    assert refusal(client(sandbox, "codecommit", keys).list_repositories)[0] == "UnrecognizedClientException"


def test_long_term_keys_with_a_session_token_are_refused(sandbox: Sandbox) -> None:
    keys = dataclasses.replace(marias_keys(sandbox), session_token="left over")
    assert refusal(client(sandbox, "sts", keys).get_caller_identity)[0] == "InvalidClientTokenId"


def test_expired_keys_are_refused_as_each_service_refuses_them(sandbox: Sandbox) -> None:
    keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    assert client(sandbox, "sts", keys).get_caller_identity()["Account"] == CODE
    sandbox.state.expire(keys)
    text = "The security token included in the request is expired"
    assert refusal(client(sandbox, "sts", keys).get_caller_identity) == ("ExpiredToken", text, 403)
    assert refusal(client(sandbox, "codecommit", keys).list_repositories) == ("ExpiredTokenException", text, 400)


@pytest.mark.parametrize(
    ("minutes", "begin", "end"),
    [(-20, "Signature not yet current:", "+ 15 min.)"), (20, "Signature expired:", "- 15 min.)")],
)
def test_a_skewed_clock_is_named_with_both_times(sandbox: Sandbox, minutes: int, begin: str, end: str) -> None:
    sandbox.state.now = lambda: datetime.now(timezone.utc) + timedelta(minutes=minutes)
    code, text, status = refusal(client(sandbox, "sts", marias_keys(sandbox)).get_caller_identity)
    assert (code, status, text.startswith(begin), text.endswith(end)) == ("SignatureDoesNotMatch", 403, True, True)
    code, text, _ = refusal(client(sandbox, "codecommit", marias_keys(sandbox)).list_repositories)
    assert (code, text.startswith(begin), " 5 min.)" in text) == ("InvalidSignatureException", True, True)


def test_a_signed_body_cannot_be_changed(sandbox: Sandbox) -> None:
    sts = client(sandbox, "sts", marias_keys(sandbox))

    def changed(request: Any, **_: Any) -> None:
        request.body = request.body.replace("GetCallerIdentity", "GetSessionToken")
        request.headers["Content-Length"] = str(len(request.body))

    sts.meta.events.register("before-send", changed)
    assert refusal(sts.get_caller_identity)[0] == "SignatureDoesNotMatch"


def test_an_unsigned_call_is_refused(sandbox: Sandbox) -> None:
    from botocore import UNSIGNED

    sts = client(sandbox, "sts", signature_version=UNSIGNED)
    text = "Request is missing Authentication Token"
    assert refusal(sts.get_caller_identity) == ("MissingAuthenticationToken", text, 403)


# CodeCommit


@pytest.fixture
def code_commit(sandbox: Sandbox) -> Any:
    return client(sandbox, "codecommit", sandbox.state.temporary_keys(role_arn("CodeCommitAccess")))


def test_repositories_live_in_an_account_and_a_region(sandbox: Sandbox, code_commit: Any) -> None:
    names = [r["repositoryName"] for r in code_commit.list_repositories()["repositories"]]
    assert names == sorted(["--mirror", "MySharedDemoRepo", "empty", "locked", "payments-api", "payments-web"])
    keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    east = client(sandbox, "codecommit", keys, "us-east-1")
    assert [r["repositoryName"] for r in east.list_repositories()["repositories"]] == ["MyDemoRepo"]
    assert client(sandbox, "codecommit", keys, "eu-west-3").list_repositories()["repositories"] == []
    found = refusal(east.get_repository, repositoryName="MySharedDemoRepo")
    assert found == ("RepositoryDoesNotExistException", "MySharedDemoRepo does not exist", 400)


def test_a_repositorys_facts_are_complete(code_commit: Any) -> None:
    facts = code_commit.get_repository(repositoryName="MySharedDemoRepo")["repositoryMetadata"]
    host = "git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo"
    assert facts["Arn"] == f"arn:aws:codecommit:{REGION}:{CODE}:MySharedDemoRepo"
    assert (facts["cloneUrlHttp"], facts["cloneUrlSsh"]) == (f"https://{host}", f"ssh://{host}")
    assert (facts["accountId"], facts["defaultBranch"], len(facts["repositoryId"])) == (CODE, "main", 36)
    assert "defaultBranch" not in code_commit.get_repository(repositoryName="empty")["repositoryMetadata"]
    assert code_commit.get_repository(repositoryName="payments-web")["repositoryMetadata"]["defaultBranch"] == "trunk"


def test_several_repositories_are_read_at_once(code_commit: Any) -> None:
    answer = code_commit.batch_get_repositories(repositoryNames=["MySharedDemoRepo", "nope", "locked"])
    assert [r["repositoryName"] for r in answer["repositories"]] == ["MySharedDemoRepo"]
    assert answer["repositoriesNotFound"] == ["nope"]
    assert [e["errorCode"] for e in answer["errors"]] == ["EncryptionKeyAccessDeniedException"]
    found = refusal(code_commit.batch_get_repositories, repositoryNames=["x"] * 101)
    assert found[0] == "MaximumRepositoryNamesExceededException"


def test_long_lists_come_in_pages_and_in_the_order_asked_for(sandbox: Sandbox, code_commit: Any) -> None:
    for number in range(2500):
        sandbox.state.add_repository(CODE, "eu-west-1", f"repo-{number:04d}", branches=("main",))
    keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    pages = list(client(sandbox, "codecommit", keys, "eu-west-1").get_paginator("list_repositories").paginate())
    names = [r["repositoryName"] for page in pages for r in page["repositories"]]
    assert (len(pages), len(names), names == sorted(names)) == (3, 2500, True)
    back = code_commit.list_repositories(sortBy="repositoryName", order="descending")["repositories"]
    assert back[0]["repositoryName"] == "payments-web"
    assert refusal(code_commit.list_repositories, nextToken="x")[0] == "InvalidContinuationTokenException"


def test_branches_are_those_git_has(code_commit: Any) -> None:
    assert code_commit.list_branches(repositoryName="MySharedDemoRepo")["branches"] == ["develop", "main"]
    branch = code_commit.get_branch(repositoryName="MySharedDemoRepo", branchName="main")["branch"]
    assert len(branch["commitId"]) == 40
    found = refusal(code_commit.get_branch, repositoryName="MySharedDemoRepo", branchName="nope")
    assert found[0] == "BranchDoesNotExistException"
    assert code_commit.list_branches(repositoryName="empty")["branches"] == []


def test_a_repository_is_created_once(code_commit: Any) -> None:
    made = code_commit.create_repository(repositoryName="new", repositoryDescription="fresh")["repositoryMetadata"]
    assert (made["repositoryDescription"], made["Arn"].rsplit(":", 1)[1]) == ("fresh", "new")
    assert code_commit.get_repository(repositoryName="new")
    found = refusal(code_commit.create_repository, repositoryName="new")
    assert found == ("RepositoryNameExistsException", "Repository named new already exists", 400)


@pytest.mark.parametrize("name", ["a b", "x/y", "ends.git", "../up", "ä", "x" * 101])
def test_a_name_that_cannot_be_is_refused(code_commit: Any, name: str) -> None:
    code_commit.meta.config.parameter_validation = False
    assert refusal(code_commit.get_repository, repositoryName=name)[0] == "InvalidRepositoryNameException"
    assert refusal(code_commit.create_repository, repositoryName=name)[0] == "InvalidRepositoryNameException"


def test_what_a_role_may_not_do_is_named_with_action_and_resource(sandbox: Sandbox) -> None:
    keys = sandbox.state.temporary_keys(role_arn("CodeCommitPullPush"), "maria")
    limited = client(sandbox, "codecommit", keys)
    who = f"User: arn:aws:sts::{CODE}:assumed-role/CodeCommitPullPush/maria is not authorized to perform: "
    assert refusal(limited.get_repository, repositoryName="MySharedDemoRepo") == (
        "AccessDeniedException",
        f"{who}codecommit:GetRepository on resource: arn:aws:codecommit:{REGION}:{CODE}:MySharedDemoRepo "
        "because no identity-based policy allows the codecommit:GetRepository action",
        400,
    )
    assert refusal(limited.list_repositories)[1].startswith(f"{who}codecommit:ListRepositories on resource: ")


def test_a_locked_repository_needs_its_key(sandbox: Sandbox, code_commit: Any) -> None:
    assert refusal(code_commit.get_repository, repositoryName="locked")[0] == "EncryptionKeyAccessDeniedException"
    sandbox.state.set_policies(role_arn("CodeCommitAccess"), policy_engine.allow("codecommit:*", "kms:*"))
    assert code_commit.get_repository(repositoryName="locked")


def test_a_refusal_can_be_asked_for(sandbox: Sandbox, code_commit: Any) -> None:
    sandbox.state.refuse("GetRepository", "ThrottlingException", "Rate exceeded", times=2)
    for _ in range(2):
        assert refusal(code_commit.get_repository, repositoryName="empty")[:2] == (
            "ThrottlingException",
            "Rate exceeded",
        )
    assert code_commit.get_repository(repositoryName="empty")


# Policies


def test_policies_are_read_as_iam_reads_them() -> None:
    state = demo_data.example()
    caller = state.user_keys(MARIA).caller

    def may(action: str, resource: str, *documents: Any, **context: Any) -> bool:
        state.set_policies(MARIA, *documents)
        return state.may(caller, action, resource, **context).allowed

    assert may("codecommit:GitPull", "arn:x:a", policy_engine.allow("CodeCommit:Git*", on="arn:x:?"))
    assert not may("codecommit:GitPull", "arn:x:a", policy_engine.allow("codecommit:Git*", on="arn:x:??"))
    assert not may("codecommit:GitPull", "a", policy_engine.allow("*"), policy_engine.deny("codecommit:gitpull"))
    other = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "secret"}}
    assert may("sts:X", "open", other) and not may("sts:X", "secret", other) and not may("iam:X", "open", other)
    own = policy_engine.allow("iam:*", on="arn:aws:iam::*:user/${aws:username}")
    assert may("iam:GetUser", f"arn:aws:iam::{PEOPLE}:user/maria", own)
    assert not may("iam:GetUser", f"arn:aws:iam::{PEOPLE}:user/other", own)
    unless = policy_engine.deny("*", when={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})
    assert not may("sts:X", "a", policy_engine.allow("*"), unless)  # long-term keys: the key is absent
    for when, expected in (
        ({"StringEquals": {"sts:ExternalId": ["a", "b"]}}, True),
        ({"StringNotEquals": {"sts:ExternalId": "b"}}, False),
        ({"StringLike": {"sts:ExternalId": "?"}}, True),
        ({"Null": {"sts:ExternalId": "true"}}, False),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"StringEqualsNobodyKnows": {"sts:ExternalId": "b"}}, False),
    ):
        assert may("sts:X", "a", policy_engine.allow("*", when=when), sts__ExternalId="b") is expected, when


# The server


def test_it_listens_on_loopback_only(sandbox: Sandbox) -> None:
    for address in (urllib.parse.urlsplit(sandbox.url).port, int(sandbox.git_host.rsplit(":", 1)[1])):
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.2", address or 0), timeout=2)


def test_stopping_ends_every_thread_and_connection(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    sandbox = Sandbox.start(tmp_path / "sandbox")
    port = urllib.parse.urlsplit(sandbox.url).port
    idle = http.client.HTTPConnection("127.0.0.1", port or 0)
    idle.request("GET", "/device")
    assert idle.getresponse().read()
    begun = time.monotonic()
    sandbox.stop()
    sandbox.stop()
    assert time.monotonic() - begun < 2
    assert set(threading.enumerate()) <= before
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port or 0), timeout=2)


def test_it_writes_below_its_folder_only(tmp_path: Path) -> None:
    state = demo_data.example()
    for name in ("..", ".", "...", "-rf", "a.b"):
        state.add_repository(CODE, REGION, name, commits=1)
    with Sandbox.start(tmp_path / "sandbox", state=state) as sandbox:
        keys = state.temporary_keys(role_arn("CodeCommitAccess"))
        names = [r["repositoryName"] for r in client(sandbox, "codecommit", keys).list_repositories()["repositories"]]
        for name in names:
            if name != "locked":
                client(sandbox, "codecommit", keys).list_branches(repositoryName=name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sandbox"]
    assert sorted(p.name for p in (tmp_path / "sandbox").iterdir()) == ["ca.pem", "repositories"]
    made = {p.name for p in (tmp_path / "sandbox/repositories" / CODE / REGION).iterdir()}
    assert made == {f"{name}.git" for name in names if name != "locked"}


def test_every_call_is_logged_with_who_and_how_it_ended(sandbox: Sandbox) -> None:
    sts = client(sandbox, "sts", marias_keys(sandbox))
    sts.get_caller_identity()
    refusal(sts.assume_role, RoleArn=role_arn("Stranger"), RoleSessionName="maria")
    lines = [(e.service, e.action, e.region, e.who, e.outcome) for e in sandbox.log]
    assert lines == [
        ("sts", "GetCallerIdentity", REGION, MARIA, "ok"),
        ("sts", "AssumeRole", REGION, MARIA, "AccessDenied"),
    ]


def test_it_answers_over_tls_too(sandbox: Sandbox) -> None:
    env = sandbox.environment(tls=True)
    assert env["AWS_ENDPOINT_URL_STS"].startswith("https://")
    keys = marias_keys(sandbox)
    sts = botocore.session.Session().create_client(
        "sts", REGION, endpoint_url=env["AWS_ENDPOINT_URL_STS"], verify=env["AWS_CA_BUNDLE"],
        aws_access_key_id=keys.access_key_id, aws_secret_access_key=keys.secret_access_key,
    )  # fmt: skip
    assert sts.get_caller_identity()["Arn"] == MARIA


def test_what_nobody_serves_is_not_found(sandbox: Sandbox) -> None:
    assert Browser().open(f"{sandbox.url}/nothing").status == 404
    keys = marias_keys(sandbox)
    sts = client(sandbox, "sts", keys)
    assert refusal(sts.decode_authorization_message, EncodedMessage="x")[0] == "InvalidAction"
    found = refusal(client(sandbox, "codecommit", keys).delete_repository, repositoryName="x")
    assert found[0] == "UnknownOperationException"


def test_it_serves_on_its_own_until_interrupted(tmp_path: Path) -> None:
    import signal

    child = subprocess.Popen(
        [sys.executable, "-m", "ccsetup.sandbox", "--folder", str(tmp_path / "s")],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None
    lines = []
    for line in child.stdout:
        lines.append(line)
        if line.startswith("# sign-in"):
            break
    url = next(line for line in lines if line.startswith("export AWS_ENDPOINT_URL_STS=")).split("=", 1)[1].strip()
    assert Browser().open(f"{url}/device").status == 200
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=10)[0] == "# stopped\n"
    assert child.returncode == 0
