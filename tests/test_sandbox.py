"""The sandbox answers boto3 as AWS would: every operation, and every refusal with AWS's code, status and text."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import http.client
import json
import secrets
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
from sandbox_world import Browser, as_keys, client, marias_keys, refusal

from ccsetup.sandbox import Sandbox, State, policy, sigv4, tokens
from ccsetup.sandbox.example import (
    CODE,
    EXTERNAL_ID,
    ISSUER,
    MARIA,
    NOBODY,
    PEOPLE,
    REGION,
    SSO_REGION,
    START_URL,
    role_arn,
)
from ccsetup.sandbox.wire import Request
from ccsetup.sandbox.world import Keys, new_key_id

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


# Identity


def test_everybody_may_ask_who_they_are(sandbox: Sandbox) -> None:
    nobody = next(k for k in sandbox.state.keys.values() if k.caller.arn == NOBODY)
    told = client(sandbox, "sts", nobody).get_caller_identity()
    assert (told["Arn"], told["Account"], told["UserId"][:4]) == (NOBODY, PEOPLE, "AIDA")
    role = client(sandbox, "sts", sandbox.state.temporary_keys(role_arn("CodeCommitAccess"), "maria"))
    assert role.get_caller_identity()["Arn"] == f"arn:aws:sts::{CODE}:assumed-role/CodeCommitAccess/maria"
    assert role.get_caller_identity()["UserId"].startswith("AROA")


def test_an_access_key_id_tells_its_account(sandbox: Sandbox) -> None:
    keys = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    sts = client(sandbox, "sts", marias_keys(sandbox))
    assert sts.get_access_key_info(AccessKeyId=keys.access_key_id)["Account"] == CODE
    for account in ("000000000001", "999999999999", CODE):
        key_id = new_key_id("AKIA", account)
        number = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
        assert f"{(number & 0x7FFFFFFFFF80) >> 7:012d}" == account  # how others read the account out of a key id


def test_a_user_sees_herself_and_her_devices(sandbox: Sandbox) -> None:
    iam = client(sandbox, "iam", marias_keys(sandbox))
    assert iam.get_user()["User"]["Arn"] == MARIA
    sandbox.state.add_mfa_device(MARIA, "maria-phone")
    listed = [d["SerialNumber"] for d in iam.list_mfa_devices()["MFADevices"]]
    assert listed == [f"arn:aws:iam::{PEOPLE}:mfa/maria", f"arn:aws:iam::{PEOPLE}:mfa/maria-phone"]
    pages = iam.get_paginator("list_mfa_devices").paginate(PaginationConfig={"PageSize": 1})
    assert [d["SerialNumber"] for page in pages for d in page["MFADevices"]] == listed


def test_iam_refuses_in_its_own_words(sandbox: Sandbox) -> None:
    keys = marias_keys(sandbox)
    sandbox.state.deny(MARIA, "iam:ListMFADevices")
    code, text, status = refusal(client(sandbox, "iam", keys).list_mfa_devices)
    assert (code, status) == ("AccessDenied", 403)
    assert text == (
        f"User: {MARIA} is not authorized to perform: iam:ListMFADevices on resource: user maria "
        "with an explicit deny in an identity-based policy"
    )
    _, text, _ = refusal(client(sandbox, "iam", keys).get_user, UserName="other")
    assert text.endswith("on resource: user other because no identity-based policy allows the iam:GetUser action")
    role = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    assert refusal(client(sandbox, "iam", role).list_mfa_devices)[0] == "ValidationError"
    session = sandbox.state.temporary_keys(MARIA)
    assert refusal(client(sandbox, "iam", session).get_user)[0] == "InvalidClientTokenId"
    sandbox.state.set_policies(MARIA, policy.allow("iam:*"))
    assert refusal(client(sandbox, "iam", keys).get_user, UserName="other") == (
        "NoSuchEntity",
        "The user with name other cannot be found.",
        404,
    )


# AssumeRole


def assume(sandbox: Sandbox, role: str, keys: Keys | None = None, **more: Any) -> Any:
    sts = client(sandbox, "sts", keys or marias_keys(sandbox))
    return sts.assume_role(RoleArn=role_arn(role), RoleSessionName="maria", **more)


def refused_role(sandbox: Sandbox, role: str, keys: Keys | None = None, **more: Any) -> tuple[str, str, int]:
    return refusal(lambda **given: assume(sandbox, role, keys, **given), **more)


def test_a_role_in_another_account_is_assumed(sandbox: Sandbox) -> None:
    answer = assume(sandbox, "CodeCommitAccess", DurationSeconds=7200)
    keys = as_keys(answer, marias_keys(sandbox))
    assert keys.access_key_id.startswith("ASIA") and len(keys.access_key_id) == 20 and len(keys.secret_access_key) == 40
    left = (answer["Credentials"]["Expiration"] - datetime.now(timezone.utc)).total_seconds()
    assert 7190 < left <= 7200
    arn = f"arn:aws:sts::{CODE}:assumed-role/CodeCommitAccess/maria"
    assert answer["AssumedRoleUser"]["Arn"] == arn == client(sandbox, "sts", keys).get_caller_identity()["Arn"]


@pytest.mark.parametrize(
    ("role", "why"),
    [
        ("Stranger", " because no identity-based policy allows the sts:AssumeRole action"),
        ("CodeCommitNowhere", ""),
        ("CodeCommitExternal", ""),
        ("CodeCommitMfa", ""),
    ],
)
def test_a_role_that_may_not_be_assumed_is_refused(sandbox: Sandbox, role: str, why: str) -> None:
    text = f"User: {MARIA} is not authorized to perform: sts:AssumeRole on resource: {role_arn(role)}{why}"
    assert refused_role(sandbox, role) == ("AccessDenied", text, 403)


def test_both_accounts_must_agree(sandbox: Sandbox) -> None:
    sandbox.state.set_policies(
        MARIA, policy.allow("sts:AssumeRole"), policy.deny("sts:*", on=role_arn("CodeCommitMfa"))
    )
    assert refused_role(sandbox, "Stranger")[1].endswith(role_arn("Stranger"))  # the other account does not trust her
    assert "with an explicit deny in an identity-based policy" in refused_role(sandbox, "CodeCommitMfa")[1]
    sandbox.state.set_policies(MARIA, policy.allow("sts:*"), boundary=policy.allow("codecommit:*"))
    assert "no permissions boundary allows" in refused_role(sandbox, "CodeCommitAccess")[1]


def test_a_role_may_trust_a_user_or_another_role_by_name(sandbox: Sandbox) -> None:
    state = sandbox.state
    state.add_role(CODE, "CodeCommitNamed", policy.trust(MARIA))
    assert assume(sandbox, "CodeCommitNamed")
    state.add_role(PEOPLE, "Inner", policy.trust(NOBODY))  # in one account, being named is enough
    nobody = next(k for k in state.keys.values() if k.caller.arn == NOBODY)
    sts = client(sandbox, "sts", nobody)
    inner = as_keys(sts.assume_role(RoleArn=role_arn("Inner", PEOPLE), RoleSessionName="nn"), nobody)
    state.add_role(CODE, "Second", policy.trust(role_arn("Inner", PEOPLE)))
    assert refused_role(sandbox, "Second", inner)[0] == "AccessDenied"
    state.set_policies(role_arn("Inner", PEOPLE), policy.allow("sts:AssumeRole"))
    assert assume(sandbox, "Second", inner)


def test_an_external_id_must_be_the_agreed_one(sandbox: Sandbox) -> None:
    assert assume(sandbox, "CodeCommitExternal", ExternalId=EXTERNAL_ID)
    assert refused_role(sandbox, "CodeCommitExternal", ExternalId="acme-2023")[0] == "AccessDenied"


def test_an_mfa_code_is_good_once(sandbox: Sandbox) -> None:
    serial = sandbox.state.device(MARIA).serial
    code = sandbox.state.mfa_code(serial)
    keys = as_keys(assume(sandbox, "CodeCommitMfa", SerialNumber=serial, TokenCode=code), marias_keys(sandbox))
    assert client(sandbox, "codecommit", keys).get_repository(repositoryName="MySharedDemoRepo")
    said = ("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ", 403)
    assert refused_role(sandbox, "CodeCommitMfa", SerialNumber=serial, TokenCode=code) == said
    wrong = sandbox.state.wrong_mfa_code(serial)
    assert refused_role(sandbox, "CodeCommitMfa", SerialNumber=serial, TokenCode=wrong) == said
    assert assume(sandbox, "CodeCommitMfa", SerialNumber=serial, TokenCode=sandbox.state.mfa_code(serial))


def test_an_mfa_device_must_be_ones_own(sandbox: Sandbox) -> None:
    other = sandbox.state.add_mfa_device(NOBODY)
    code, text, status = refused_role(
        sandbox, "CodeCommitMfa", SerialNumber=other.serial, TokenCode=sandbox.state.mfa_code(other.serial)
    )
    assert (code, status) == ("AccessDenied", 403)
    assert text == (
        "MultiFactorAuthentication failed, unable to validate MFA code.  "
        "Please verify your MFA serial number is valid and associated with this user."
    )
    half = refused_role(sandbox, "CodeCommitMfa", SerialNumber=other.serial)
    assert half[1].startswith("MultiFactorAuthentication failed, must provide both")


def test_codes_are_those_of_rfc_6238() -> None:
    seed = base64.b32encode(b"12345678901234567890").decode()
    vectors = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 20000000000: "353130"}
    assert {at: tokens.totp(seed, at // 30) for at in vectors} == vectors


def test_a_session_with_mfa_carries_it_on(sandbox: Sandbox) -> None:
    assert refused_role(sandbox, "CodeCommitMfa", sandbox.state.temporary_keys(MARIA))[0] == "AccessDenied"
    assert assume(sandbox, "CodeCommitMfa", sandbox.state.temporary_keys(MARIA, mfa=True))


def test_durations_have_their_limits(sandbox: Sandbox) -> None:
    too_long = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    found = refused_role(sandbox, "CodeCommitExternal", ExternalId=EXTERNAL_ID, DurationSeconds=7200)
    assert found == ("ValidationError", too_long, 400)
    sandbox.state.set_policies(role_arn("CodeCommitPullPush"), policy.allow("sts:AssumeRole"))
    sandbox.state.add_role(CODE, "Next", policy.trust(CODE), max_session_s=43200)
    first = as_keys(assume(sandbox, "CodeCommitPullPush"), marias_keys(sandbox))
    chained = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    assert refused_role(sandbox, "Next", first, DurationSeconds=3601) == ("ValidationError", chained, 400)
    assert assume(sandbox, "Next", first, DurationSeconds=3600)
    assert refused_role(sandbox, "CodeCommitAccess", DurationSeconds=43201)[1] == (
        "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: "
        "Member must have value less than or equal to 43200"
    )


def test_values_sts_does_not_allow_are_named(sandbox: Sandbox) -> None:
    sts = client(sandbox, "sts", marias_keys(sandbox))
    arn = role_arn("CodeCommitAccess")
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="Maria Garcia") == (
        "ValidationError",
        "1 validation error detected: Value 'Maria Garcia' at 'roleSessionName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        400,
    )
    colons = "arn:aws:iam:::111122223333:role/CodeCommitAccess"
    assert refusal(sts.assume_role, RoleArn=colons, RoleSessionName="maria")[:2] == (
        "ValidationError",
        f"{colons} is invalid",
    )
    text = refusal(sts.get_session_token, SerialNumber="arn:aws:iam::1:mfa/x", TokenCode="12345a")[1]
    assert text.startswith("1 validation error detected: Value '12345a' at 'tokenCode' failed to satisfy constraint")


def test_a_session_policy_narrows_a_role(sandbox: Sandbox) -> None:
    narrow = json.dumps(policy.allow("codecommit:GetRepository"))
    keys = as_keys(assume(sandbox, "CodeCommitAccess", Policy=narrow), marias_keys(sandbox))
    code_commit = client(sandbox, "codecommit", keys)
    assert code_commit.get_repository(repositoryName="MySharedDemoRepo")
    text = refusal(code_commit.list_repositories)[1]
    assert text.endswith("because no session policy allows the codecommit:ListRepositories action")
    assert refused_role(sandbox, "CodeCommitAccess", Policy="{")[0] == "MalformedPolicyDocument"


# GetSessionToken, GetFederationToken


def test_session_tokens_are_for_long_term_keys_only(sandbox: Sandbox) -> None:
    keys, serial = marias_keys(sandbox), sandbox.state.device(MARIA).serial
    sts = client(sandbox, "sts", keys)
    code = sandbox.state.mfa_code(serial)
    answer = sts.get_session_token(SerialNumber=serial, TokenCode=code, DurationSeconds=900)
    session = as_keys(answer, keys)
    assert client(sandbox, "sts", session).get_caller_identity()["Arn"] == MARIA
    assert client(sandbox, "codecommit", session).get_repository(repositoryName="people-tools")
    assert refusal(client(sandbox, "sts", session).get_session_token) == (
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
        403,
    )
    assert refusal(sts.get_session_token, SerialNumber=serial, TokenCode=code)[0] == "AccessDenied"
    assert refusal(sts.get_session_token, DurationSeconds=129601)[0] == "ValidationError"
    without = as_keys(sts.get_session_token(), keys)
    assert refusal(client(sandbox, "codecommit", without).list_repositories)[0] == "AccessDeniedException"


def test_a_federated_user_may_do_what_the_policy_says_and_the_user_may(sandbox: Sandbox) -> None:
    sandbox.state.set_policies(MARIA, policy.allow("codecommit:*", "sts:GetFederationToken"))
    keys = marias_keys(sandbox)
    sts = client(sandbox, "sts", keys)
    narrow = json.dumps(policy.allow("codecommit:GetRepository", "kms:*"))
    answer = sts.get_federation_token(Name="contractor", Policy=narrow)
    federated = as_keys(answer, keys)
    assert answer["FederatedUser"]["Arn"] == f"arn:aws:sts::{PEOPLE}:federated-user/contractor"
    code_commit = client(sandbox, "codecommit", federated)
    assert code_commit.get_repository(repositoryName="people-tools")
    assert refusal(code_commit.list_repositories)[0] == "AccessDeniedException"
    bare = as_keys(sts.get_federation_token(Name="contractor"), keys)
    found = refusal(client(sandbox, "codecommit", bare).get_repository, repositoryName="people-tools")
    assert "no session policy allows" in found[1]
    said = "Cannot call GetFederationToken with session credentials"
    assert refusal(client(sandbox, "sts", federated).get_federation_token, Name="again")[1] == said
    sandbox.state.deny(MARIA, "sts:GetFederationToken")
    assert refusal(sts.get_federation_token, Name="contractor")[0] == "AccessDenied"


# AssumeRoleWithWebIdentity


def web_identity(sandbox: Sandbox, token: str, role: str = "CodeCommitOidc", **more: Any) -> Any:
    given = {"RoleArn": role_arn(role), "RoleSessionName": "ci", "WebIdentityToken": token, **more}
    return client(sandbox, "sts").assume_role_with_web_identity(**given)


def test_an_oidc_token_is_exchanged_for_a_role(sandbox: Sandbox) -> None:
    answer = web_identity(sandbox, sandbox.state.web_identity_token())
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{CODE}:assumed-role/CodeCommitOidc/ci"
    assert answer["Provider"] == f"arn:aws:iam::{CODE}:oidc-provider/token.actions.example.com"
    assert (answer["Audience"], answer["SubjectFromWebIdentityToken"][:10]) == ("sts.amazonaws.com", "repo:acme/")
    keys = as_keys(answer, marias_keys(sandbox))
    assert client(sandbox, "codecommit", keys).get_repository(repositoryName="MySharedDemoRepo")


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ({"lasts_s": -60}, "ExpiredTokenException", "Token expired: current date/time "),
        ({"audience": "somebody.else"}, "InvalidIdentityToken", "Incorrect token audience"),
        ({"forged": True}, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider"),
        (
            {"issuer": "https://other.example.com"},
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://other.example.com",
        ),
        ({"subject": "repo:other/x"}, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
    ],
)
def test_a_wrong_oidc_token_is_refused(sandbox: Sandbox, given: dict[str, Any], code: str, text: str) -> None:
    token = sandbox.state.web_identity_token(**given)
    found = refusal(lambda: web_identity(sandbox, token))
    assert (found[0], found[1][: len(text)], found[2]) == (code, text, 403 if code == "AccessDenied" else 400)


def test_what_is_no_oidc_token_is_refused(sandbox: Sandbox) -> None:
    text = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
    for token in ("gho_abcdefgh", "a.b.c", "e30.e30.e30"):
        assert refusal(lambda token=token: web_identity(sandbox, token)) == ("InvalidIdentityToken", text, 400)
    good = sandbox.state.web_identity_token()
    head, claims, signature = good.split(".")
    other = sandbox.state.web_identity_token(subject="repo:acme/admin").split(".")[1]
    assert refusal(lambda: web_identity(sandbox, f"{head}.{other}.{signature}"))[0] == "InvalidIdentityToken"
    assert refusal(lambda: web_identity(sandbox, good, "CodeCommitAccess"))[0] == "AccessDenied"
    assert refusal(lambda: web_identity(sandbox, good, "CodeCommitNowhere"))[0] == "AccessDenied"


def test_a_provider_without_jwts_is_named_by_its_id(sandbox: Sandbox) -> None:
    app = {"app_id": "amzn1.application.acme"}
    token = sandbox.state.access_token("www.amazon.com", "amzn1.account.MARIA", **app)
    answer = web_identity(sandbox, token, "CodeCommitAmazon", ProviderId="www.amazon.com")
    assert (answer["Provider"], answer["SubjectFromWebIdentityToken"]) == ("www.amazon.com", "amzn1.account.MARIA")
    for given in ({"ProviderId": "graph.facebook.com"}, {}):
        found = refusal(lambda given=given: web_identity(sandbox, token, "CodeCommitAmazon", **given))
        assert found[0] == "InvalidIdentityToken"
    stranger = sandbox.state.access_token("www.amazon.com", "amzn1.account.X", app_id="another")
    found = refusal(lambda: web_identity(sandbox, stranger, "CodeCommitAmazon", ProviderId="www.amazon.com"))
    assert found[0] == "AccessDenied"


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
    assert [r["repositoryName"] for r in back][0] == "payments-web"
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
    sandbox.state.set_policies(role_arn("CodeCommitAccess"), policy.allow("codecommit:*", "kms:*"))
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
    state = State.example()
    caller = marias_keys_of(state).caller

    def may(action: str, resource: str, *documents: Any, **context: Any) -> bool:
        state.set_policies(MARIA, *documents)
        return state.may(caller, action, resource, **context).allowed

    assert may("codecommit:GitPull", "arn:x:a", policy.allow("CodeCommit:Git*", on="arn:x:?"))
    assert not may("codecommit:GitPull", "arn:x:a", policy.allow("codecommit:Git*", on="arn:x:??"))
    assert not may("codecommit:GitPull", "a", policy.allow("*"), policy.deny("codecommit:gitpull"))
    other = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "secret"}}
    assert may("sts:X", "open", other) and not may("sts:X", "secret", other) and not may("iam:X", "open", other)
    own = policy.allow("iam:*", on="arn:aws:iam::*:user/${aws:username}")
    assert may("iam:GetUser", f"arn:aws:iam::{PEOPLE}:user/maria", own)
    assert not may("iam:GetUser", f"arn:aws:iam::{PEOPLE}:user/other", own)
    unless = policy.deny("*", when={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})
    assert not may("sts:X", "a", policy.allow("*"), unless)  # long-term keys: the key is absent
    for when, expected in (
        ({"StringEquals": {"sts:ExternalId": ["a", "b"]}}, True),
        ({"StringNotEquals": {"sts:ExternalId": "b"}}, False),
        ({"StringLike": {"sts:ExternalId": "?"}}, True),
        ({"Null": {"sts:ExternalId": "true"}}, False),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"StringEqualsNobodyKnows": {"sts:ExternalId": "b"}}, False),
    ):
        assert may("sts:X", "a", policy.allow("*", when=when), sts__ExternalId="b") is expected, when


def marias_keys_of(state: State) -> Keys:
    return next(k for k in state.keys.values() if k.caller.arn == MARIA)


# Identity Center


@dataclasses.dataclass
class SignIn:
    """A client of Identity Center, as a command-line tool is one."""

    sandbox: Sandbox
    where: str
    verifier: str = dataclasses.field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def oidc(self) -> Any:
        return client(self.where, "sso-oidc", region=SSO_REGION)

    def register(self, *grants: str, **more: Any) -> dict[str, Any]:
        return self.oidc.register_client(
            clientName="botocore-client-test",
            clientType="public",
            scopes=["sso:account:access"],
            **({"grantTypes": list(grants), "redirectUris": ["http://127.0.0.1/oauth/callback"]} if grants else {}),
            **({"issuerUrl": START_URL} if grants else {}),
            **more,
        )

    def page(self, registered: dict[str, Any], **more: str) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": registered["clientId"],
            "redirect_uri": "http://127.0.0.1:41234/oauth/callback",
            "state": "s t&ate",
            "code_challenge_method": "S256",
            "scopes": "sso:account:access",
            "code_challenge": challenge,
            **more,
        }
        return f"{self.where}/authorize?{urllib.parse.urlencode(query)}"

    def exchange(self, registered: dict[str, Any], code: str, **more: Any) -> dict[str, Any]:
        return self.oidc.create_token(
            **{
                "grantType": "authorization_code",
                **credentials(registered),
                "code": code,
                "redirectUri": "http://127.0.0.1:41234/oauth/callback",
                "codeVerifier": self.verifier,
                **more,
            }
        )


def credentials(registered: dict[str, Any]) -> dict[str, str]:
    return {"clientId": registered["clientId"], "clientSecret": registered["clientSecret"]}


def queried(url: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


@pytest.fixture
def person(sandbox: Sandbox) -> SignIn:
    return SignIn(sandbox, sandbox.url)


PKCE = ("authorization_code", "refresh_token")


def test_a_person_signs_in_with_the_browser(sandbox: Sandbox, person: SignIn) -> None:
    registered, browser = person.register(*PKCE), Browser()
    page = browser.open(person.page(registered))
    assert page.status == 200 and "botocore-client-test" in page.text and "Approve" in page.text
    browser.press(page, "approve")
    told = queried(browser.sent_to)
    assert browser.sent_to.startswith("http://127.0.0.1:41234/oauth/callback?") and told["state"] == "s t&ate"
    tokens_ = person.exchange(registered, told["code"])
    assert (tokens_["tokenType"], tokens_["expiresIn"]) == ("Bearer", 3600)
    portal = client(sandbox, "sso")
    accounts = portal.list_accounts(accessToken=tokens_["accessToken"])["accountList"]
    assert [(a["accountId"], a["accountName"]) for a in accounts] == [(CODE, "Acme Code"), (PEOPLE, "Acme People")]
    roles = portal.list_account_roles(accessToken=tokens_["accessToken"], accountId=CODE)["roleList"]
    assert [r["roleName"] for r in roles] == ["Developer", "ReadOnly"]
    got = portal.get_role_credentials(accessToken=tokens_["accessToken"], accountId=CODE, roleName="Developer")
    told_keys = got["roleCredentials"]
    assert told_keys["expiration"] > time.time() * 1000
    keys = Keys(
        told_keys["accessKeyId"],
        told_keys["secretAccessKey"],
        told_keys["sessionToken"],
        None,
        marias_keys(sandbox).caller,
    )
    arn = client(sandbox, "sts", keys).get_caller_identity()["Arn"]
    assert arn.startswith(f"arn:aws:sts::{CODE}:assumed-role/AWSReservedSSO_Developer_") and arn.endswith("/maria")
    assert refusal(lambda: person.exchange(registered, told["code"]))[0] == "InvalidGrantException"  # once only


def test_a_person_says_no_in_the_browser(person: SignIn) -> None:
    registered, browser = person.register(*PKCE), Browser()
    browser.press(browser.open(person.page(registered)), "deny")
    assert queried(browser.sent_to)["error"] == "access_denied"
    assert queried(browser.sent_to)["state"] == "s t&ate"


def test_a_sign_in_can_be_approved_at_once(sandbox: Sandbox, person: SignIn) -> None:
    sandbox.state.center.auto_approve = True
    registered, browser = person.register(*PKCE), Browser()
    browser.open(person.page(registered))
    assert person.exchange(registered, queried(browser.sent_to)["code"])["refreshToken"]


def test_a_code_is_worth_nothing_without_its_verifier_redirect_and_client(sandbox: Sandbox, person: SignIn) -> None:
    sandbox.state.center.auto_approve = True
    registered, other = person.register(*PKCE), person.register(*PKCE)
    for wrong in (
        {"codeVerifier": "x" * 43},
        {"redirectUri": "http://127.0.0.1:9/oauth/callback"},
        credentials(other),
        {"code": "nonsense"},
    ):
        browser = Browser()
        browser.open(person.page(registered))
        given = {"code": queried(browser.sent_to)["code"], **wrong}
        found = refusal(lambda given=given: person.exchange(registered, **given))
        assert (found[0], found[2]) == ("InvalidGrantException", 400), wrong
    browser.open(person.page(registered))
    code = queried(browser.sent_to)["code"]
    sandbox.state.expire(code)
    assert refusal(lambda: person.exchange(registered, code))[0] == "InvalidGrantException"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "x"},
        {"redirect_uri": "http://evil.example.com/oauth/callback"},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"code_challenge": "short"},
    ],
)
def test_a_wrong_authorization_request_is_shown_not_redirected(person: SignIn, wrong: dict[str, str]) -> None:
    browser = Browser()
    page = browser.open(person.page(person.register(*PKCE), **wrong))
    assert (page.status, browser.sent_to) == (400, "")


def test_a_page_shows_names_inert(sandbox: Sandbox, person: SignIn) -> None:
    registered = person.oidc.register_client(
        clientName="<script>x</script>", clientType="public", grantTypes=list(PKCE),
        redirectUris=["http://127.0.0.1/oauth/callback"], issuerUrl=START_URL, scopes=["sso:account:access"],
    )  # fmt: skip
    assert "<script>" not in Browser().open(person.page(registered)).text


def device(person: SignIn, registered: dict[str, Any], start_url: str = START_URL) -> dict[str, Any]:
    return person.oidc.start_device_authorization(**credentials(registered), startUrl=start_url)


def poll(person: SignIn, registered: dict[str, Any], started: dict[str, Any]) -> Any:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return person.oidc.create_token(grantType=grant, deviceCode=started["deviceCode"], **credentials(registered))


def test_a_person_signs_in_with_a_device_code(sandbox: Sandbox, person: SignIn) -> None:
    moment = datetime.now(timezone.utc)
    sandbox.state.now = lambda: moment
    registered = person.register()
    started = device(person, registered)
    assert started["verificationUriComplete"] == f"{sandbox.url}/device?user_code={started['userCode']}"
    assert refusal(lambda: poll(person, registered, started))[0] == "AuthorizationPendingException"
    assert refusal(lambda: poll(person, registered, started))[0] == "SlowDownException"
    browser = Browser()
    page = browser.open(started["verificationUriComplete"])
    assert started["userCode"] in page.text
    assert "approved" in browser.press(page, "approve").text
    moment += timedelta(seconds=started["interval"])
    answer = poll(person, registered, started)
    assert answer["accessToken"] and answer["refreshToken"]
    assert refusal(lambda: poll(person, registered, started))[0] == "InvalidGrantException"
    assert Browser().open(started["verificationUriComplete"]).status == 400


def test_a_device_that_is_denied_or_too_late_is_told_so(sandbox: Sandbox, person: SignIn) -> None:
    registered = person.register()
    started = device(person, registered)
    sandbox.state.center.deny(started["userCode"])
    assert refusal(lambda: poll(person, registered, started))[0] == "AccessDeniedException"
    late = device(person, registered)
    sandbox.state.expire(late["userCode"])
    assert refusal(lambda: poll(person, registered, late))[0] == "ExpiredTokenException"


def test_a_sign_in_is_bound_to_its_start_url_and_region(sandbox: Sandbox, person: SignIn) -> None:
    registered = person.register()
    assert (
        refusal(lambda: device(person, registered, "https://other.awsapps.com/start"))[0] == "InvalidRequestException"
    )
    for ending in ("", "/", "/#/", "#/"):
        assert device(person, registered, START_URL + ending)["userCode"]
    elsewhere = SignIn(sandbox, sandbox.environment(sso_region="eu-west-1")["AWS_ENDPOINT_URL_SSO_OIDC"])
    here = SignIn(sandbox, sandbox.environment(sso_region=SSO_REGION)["AWS_ENDPOINT_URL_SSO_OIDC"])
    assert refusal(lambda: device(elsewhere, elsewhere.register())) == ("InvalidRequestException", "", 400)
    assert refusal(lambda: elsewhere.register(*PKCE))[0] == "InvalidRequestException"
    assert device(here, here.register())["verificationUri"] == f"{sandbox.url}/at/{SSO_REGION}/device"
    token = sandbox.state.center.sign_in().value
    assert client(here.where, "sso").list_accounts(accessToken=token)["accountList"]
    assert refusal(client(elsewhere.where, "sso").list_accounts, accessToken=token)[0] == "UnauthorizedException"


def test_a_registration_is_checked(sandbox: Sandbox, person: SignIn) -> None:
    for wrong, code in (
        ({"scopes": ["everything"]}, "InvalidScopeException"),
        ({"clientType": "confidential"}, "InvalidClientMetadataException"),
        ({"grantTypes": ["password"]}, "UnsupportedGrantTypeException"),
        ({"redirectUris": ["https://evil.example.com/x"]}, "InvalidRedirectUriException"),
    ):
        given = {
            "clientName": "test", "clientType": "public", "scopes": ["sso:account:access"], "grantTypes": list(PKCE),
            "redirectUris": ["http://127.0.0.1/oauth/callback"], "issuerUrl": START_URL, **wrong,
        }  # fmt: skip
        assert refusal(person.oidc.register_client, **given)[0] == code
    registered = person.register()
    assert refusal(lambda: device(person, {**registered, "clientSecret": "x"}))[::2] == ("InvalidClientException", 401)
    pkce = person.register(*PKCE)
    assert refusal(lambda: device(person, pkce))[0] == "UnauthorizedClientException"
    sandbox.state.expire(registered["clientId"])
    assert refusal(lambda: device(person, registered))[0] == "InvalidClientException"


def test_an_access_token_is_renewed_while_the_session_lasts(sandbox: Sandbox, person: SignIn) -> None:
    registered = person.register()
    started = device(person, registered)
    sandbox.state.center.approve(started["userCode"])
    first = poll(person, registered, started)
    sandbox.state.expire(first["accessToken"])
    portal = client(sandbox, "sso")
    found = refusal(portal.list_accounts, accessToken=first["accessToken"])
    assert found == ("UnauthorizedException", "Session token not found or invalid", 401)
    renew = {"grantType": "refresh_token", "refreshToken": first["refreshToken"], **credentials(registered)}
    second = person.oidc.create_token(**renew)
    assert portal.list_accounts(accessToken=second["accessToken"])["accountList"]
    portal.logout(accessToken=second["accessToken"])
    assert refusal(portal.list_accounts, accessToken=second["accessToken"])[0] == "UnauthorizedException"
    assert refusal(person.oidc.create_token, **renew)[0] == "InvalidGrantException"


def test_without_scopes_a_session_is_one_long_token(sandbox: Sandbox, person: SignIn) -> None:
    registered = person.oidc.register_client(clientName="legacy", clientType="public")
    started = device(person, registered)
    sandbox.state.center.approve(started["userCode"])
    answer = poll(person, registered, started)
    assert (answer["expiresIn"], answer.get("refreshToken")) == (8 * 3600, None)
    assert client(sandbox, "sso").list_accounts(accessToken=answer["accessToken"])["accountList"]


def test_a_role_one_does_not_have_is_forbidden(sandbox: Sandbox) -> None:
    portal, token = client(sandbox, "sso"), sandbox.state.center.sign_in().value
    for call, given in (
        (portal.get_role_credentials, {"accountId": CODE, "roleName": "Admin"}),
        (portal.get_role_credentials, {"accountId": "999999999999", "roleName": "Developer"}),
        (portal.list_account_roles, {"accountId": "999999999999"}),
    ):
        assert refusal(call, accessToken=token, **given) == ("ForbiddenException", "No access", 403)


def test_accounts_come_in_pages(sandbox: Sandbox) -> None:
    for number in range(250):
        sandbox.state.add_account(f"7000000{number:05d}", f"Team {number}")
        sandbox.state.center.assign(START_URL, f"7000000{number:05d}", "Developer")
    portal, token = client(sandbox, "sso"), sandbox.state.center.sign_in().value
    pages = list(portal.get_paginator("list_accounts").paginate(accessToken=token))
    assert (len(pages), sum(len(page["accountList"]) for page in pages)) == (3, 252)


def test_botocores_own_providers_use_and_renew_the_token(
    sandbox: Sandbox, person: SignIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = person.register()
    started = device(person, registered)
    sandbox.state.center.approve(started["userCode"])
    first = poll(person, registered, started)
    home = tmp_path / "home"
    cache = home / ".aws/sso/cache"
    cache.mkdir(parents=True)
    soon = datetime.now(timezone.utc) + timedelta(minutes=5)  # botocore renews within the last 15 minutes
    document = {
        "startUrl": START_URL, "region": SSO_REGION, "accessToken": first["accessToken"],
        "expiresAt": soon.strftime("%Y-%m-%dT%H:%M:%SZ"), "refreshToken": first["refreshToken"], **credentials(registered),
        "registrationExpiresAt": "2199-01-01T00:00:00Z",
    }  # fmt: skip
    file = cache / (hashlib.sha1(b"acme").hexdigest() + ".json")
    file.write_text(json.dumps(document))
    (home / ".aws/config").write_text(
        f"[sso-session acme]\nsso_start_url = {START_URL}\nsso_region = {SSO_REGION}\n"
        "sso_registration_scopes = sso:account:access\n"
        f"[profile dev]\nsso_session = acme\nsso_account_id = {CODE}\nsso_role_name = Developer\nregion = {REGION}\n"
    )
    script = "import boto3; print(boto3.Session(profile_name='dev').client('sts').get_caller_identity()['Arn'])"
    env = {"HOME": str(home), "USERPROFILE": str(home), "PATH": "", **sandbox.environment()}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert "AWSReservedSSO_Developer" in done.stdout, done.stderr
    assert json.loads(file.read_text())["accessToken"] != first["accessToken"]
    assert [e.action for e in sandbox.log if e.outcome == "ok"][-3:] == [
        "CreateToken",
        "GetRoleCredentials",
        "GetCallerIdentity",
    ]


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
    state = State.example()
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
    sts = client(env["AWS_ENDPOINT_URL_STS"], "sts", marias_keys(sandbox), proxies_config={})
    assert env["AWS_ENDPOINT_URL_STS"].startswith("https://")
    sts = botocore.session.Session().create_client(
        "sts", REGION, endpoint_url=env["AWS_ENDPOINT_URL_STS"], verify=env["AWS_CA_BUNDLE"],
        aws_access_key_id=marias_keys(sandbox).access_key_id, aws_secret_access_key=marias_keys(sandbox).secret_access_key,
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
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent,
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
