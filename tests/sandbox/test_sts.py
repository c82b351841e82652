"""The sandbox's STS and IAM: who may become whom, and AWS's words for those who may not."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any

import pytest
from sandbox_world import as_keys, client, marias_keys, refusal

from ccsetup.sandbox import Sandbox, policy_engine, signatures
from ccsetup.sandbox.demo_data import CODE, EXTERNAL_ID, MARIA, NOBODY, PEOPLE, role_arn
from ccsetup.sandbox.resources import Keys, new_key_id

# Identity


def test_everybody_may_ask_who_they_are(sandbox: Sandbox) -> None:
    nobody = sandbox.state.user_keys(NOBODY)
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
    sandbox.state.set_policies(MARIA, policy_engine.allow("iam:*"))
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
        MARIA, policy_engine.allow("sts:AssumeRole"), policy_engine.deny("sts:*", on=role_arn("CodeCommitMfa"))
    )
    assert refused_role(sandbox, "Stranger")[1].endswith(role_arn("Stranger"))  # the other account does not trust her
    assert "with an explicit deny in an identity-based policy" in refused_role(sandbox, "CodeCommitMfa")[1]
    sandbox.state.set_policies(MARIA, policy_engine.allow("sts:*"), boundary=policy_engine.allow("codecommit:*"))
    assert "no permissions boundary allows" in refused_role(sandbox, "CodeCommitAccess")[1]


def test_a_role_may_trust_a_user_or_another_role_by_name(sandbox: Sandbox) -> None:
    state = sandbox.state
    state.add_role(CODE, "CodeCommitNamed", policy_engine.trust(MARIA))
    assert assume(sandbox, "CodeCommitNamed")
    state.add_role(PEOPLE, "Inner", policy_engine.trust(NOBODY))  # in one account, being named is enough
    nobody = state.user_keys(NOBODY)
    sts = client(sandbox, "sts", nobody)
    inner = as_keys(sts.assume_role(RoleArn=role_arn("Inner", PEOPLE), RoleSessionName="nn"), nobody)
    state.add_role(CODE, "Second", policy_engine.trust(role_arn("Inner", PEOPLE)))
    assert refused_role(sandbox, "Second", inner)[0] == "AccessDenied"
    state.set_policies(role_arn("Inner", PEOPLE), policy_engine.allow("sts:AssumeRole"))
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
    assert {at: signatures.totp(seed, at // 30) for at in vectors} == vectors


def test_a_session_with_mfa_carries_it_on(sandbox: Sandbox) -> None:
    assert refused_role(sandbox, "CodeCommitMfa", sandbox.state.temporary_keys(MARIA))[0] == "AccessDenied"
    assert assume(sandbox, "CodeCommitMfa", sandbox.state.temporary_keys(MARIA, mfa=True))


def test_durations_have_their_limits(sandbox: Sandbox) -> None:
    too_long = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    found = refused_role(sandbox, "CodeCommitExternal", ExternalId=EXTERNAL_ID, DurationSeconds=7200)
    assert found == ("ValidationError", too_long, 400)
    sandbox.state.set_policies(role_arn("CodeCommitPullPush"), policy_engine.allow("sts:AssumeRole"))
    sandbox.state.add_role(CODE, "Next", policy_engine.trust(CODE), max_session_s=43200)
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
    narrow = json.dumps(policy_engine.allow("codecommit:GetRepository"))
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
    sandbox.state.set_policies(MARIA, policy_engine.allow("codecommit:*", "sts:GetFederationToken"))
    keys = marias_keys(sandbox)
    sts = client(sandbox, "sts", keys)
    narrow = json.dumps(policy_engine.allow("codecommit:GetRepository", "kms:*"))
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
    head, _, signature = good.split(".")
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
