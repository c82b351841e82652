"""AWS's sentences are read, the policy is the smallest, and the message says who, what, on what, why and where."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.aws.access_request import (
    Denial,
    by,
    denied,
    explain,
    least,
    letter,
    of_assertion,
    of_git,
    of_git_and_api,
    of_token,
    remedies,
)
from ccsetup.aws.denials import BOUNDARY, ENDPOINT, IDENTITY, RCP, RESOURCE, SCP, SESSION, TRUST
from ccsetup.core.errors import Problem

USER = "arn:aws:iam::888888888888:user/people/maria"
ROLE = "arn:aws:sts::111122223333:assumed-role/Access/maria"
SET = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_0123456789abcdef/maria@example.com"
FEDERATED = "arn:aws:sts::888888888888:federated-user/maria"
REPOSITORY = "arn:aws:codecommit:us-east-2:111122223333:MyDemoRepo"
SHARED = "arn:aws:iam::111122223333:role/team/Shared"
KEY = "arn:aws:kms:us-east-2:111122223333:key/1234abcd"
SCP_ARN = "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd"
GET = "codecommit:GetRepository"


def sentence(end: str = "", who: str = ROLE, action: str = GET, resource: str = REPOSITORY) -> str:
    on = f" on resource: {resource}" if resource else ""
    return f"User: {who} is not authorized to perform: {action}{on}{' ' + end if end else ''}"


def read(*words: str, **more: str) -> Denial:
    found = denied(*words, **more)
    assert found
    return found


# AWS's sentences

ENDS = {
    f"because no identity-based policy allows the {GET} action": (IDENTITY, False, ""),
    f"because no session policy allows the {GET} action": (SESSION, False, ""),
    f"because no permissions boundary allows the {GET} action": (BOUNDARY, False, ""),
    f"because no service control policy allows the {GET} action": (SCP, False, ""),
    f"because no VPC endpoint policy allows the {GET} action": (ENDPOINT, False, ""),
    f"because no resource-based policy allows the {GET} action": (RESOURCE, False, ""),
    "because no role trust policy allows the sts:AssumeRole action": (TRUST, False, ""),
    "because the resource does not exist in this Region, no resource-based policies allow access": ("", False, ""),
    "with an explicit deny in an identity-based policy": (IDENTITY, True, ""),
    "with an explicit deny in a session policy": (SESSION, True, ""),
    "with an explicit deny in a permissions boundary": (BOUNDARY, True, ""),
    "with an explicit deny in a service control policy": (SCP, True, ""),
    "with an explicit deny in a resource control policy": (RCP, True, ""),
    "with\nan explicit deny in a VPC endpoint policy": (ENDPOINT, True, ""),
    "with an explicit deny in the role trust policy": (TRUST, True, ""),
    "with an explicit deny in a resource-based policy": (RESOURCE, True, ""),
    f"with an explicit deny in a service control policy: {SCP_ARN}": (SCP, True, SCP_ARN),
    f"with an explicit deny in a service control policy, with policy ARN:\n{SCP_ARN}": (SCP, True, SCP_ARN),
    "with an explicit deny": ("", True, ""),
    "with an explicit deny in a moon policy": ("", True, ""),
    "": ("", False, ""),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_side_that_said_no_is_read_from_awss_words(end: str) -> None:
    for text in (sentence(end), f"An error occurred (AccessDenied): {sentence(end)}\n"):
        found = read(text)
        assert (found.side, found.explicit, found.policy) == ENDS[end]
        assert (found.identity, found.action, found.resource) == (ROLE, GET, REPOSITORY)


def test_older_and_stranger_forms_are_read_as_far_as_they_go() -> None:
    assert read(sentence(resource="")) == Denial(ROLE, GET, "")
    assert read(sentence(resource=f'"{REPOSITORY}"')).resource == REPOSITORY
    assert read(f"<Message>{sentence()}</Message>").resource == REPOSITORY
    assert read(sentence() + ".").resource == REPOSITORY
    about = sentence("because no identity-based policy allows it", USER, "iam:ListMFADevices", "user maria")
    assert read(about).resource == USER
    assert read(about.replace("user maria", "user anna")).resource == "arn:aws:iam::888888888888:user/anna"
    assert read(sentence("", USER, "iam:ListMFADevices", "")).resource == USER
    web = read("Not authorized to perform sts:AssumeRoleWithWebIdentity", resource=SHARED)
    assert web == Denial("", "sts:AssumeRoleWithWebIdentity", SHARED)
    encoded = read(f"You are not authorized. Encoded authorization failure message: {'Ab-_9' * 90}", action=GET)
    assert encoded.encoded == "Ab-_9" * 90
    assert encoded.encoded in letter(encoded)
    assert read("Access Denied", action=GET, identity=ROLE, resource=REPOSITORY) == Denial(ROLE, GET, REPOSITORY)


@pytest.mark.parametrize(
    "text",
    [
        "MultiFactorAuthentication failed with invalid MFA one time pass code.",
        "Cannot call GetSessionToken with session credentials",
        "Roles may not be assumed by root accounts.",
    ],
)
def test_what_no_policy_could_change_is_no_denial(text: str) -> None:
    assert denied(text, action="sts:AssumeRole", identity=USER) is None


def test_what_nobody_told_is_left_out_and_not_made_up() -> None:
    assert denied("Access Denied") is None
    bare = read("Access Denied", action=GET)
    assert least(bare) == {}
    assert "Who:" not in letter(bare)
    assert "Resource:" not in letter(bare)
    pattern = sentence(resource="arn:aws:codecommit:us-east-2:111122223333:My*")
    assert read(pattern, resource=REPOSITORY).resource == REPOSITORY  # nobody is asked to allow a pattern


def test_the_account_comes_from_the_identity_as_soon_as_that_is_known() -> None:
    anywhere = REPOSITORY.replace("111122223333", "*")
    assert read(sentence(resource=""), resource=anywhere).resource == REPOSITORY
    later = read("Access Denied", action=GET, resource=anywhere)
    assert later.resource == anywhere
    assert by(later, ROLE).resource == REPOSITORY


@given(st.text(max_size=300), st.sampled_from(list(ENDS)))
def test_no_text_makes_it_raise_or_gets_into_the_message_with_its_controls(noise: str, end: str) -> None:
    for text in (noise, sentence(noise), sentence(end + noise), noise + sentence(end), sentence(resource=noise)):
        found = denied(text, action=GET, resource=noise)
        if found:
            assert all(line.isprintable() for line in letter(found).split("\n"))
            json.dumps(least(found))


# The policy


def only(document: Any) -> dict[str, Any]:
    assert document["Version"] == "2012-10-17"
    (statement,) = document["Statement"]
    return dict(statement)


def test_the_policy_allows_one_action_on_one_resource() -> None:
    assert only(least(read(sentence()))) == {"Effect": "Allow", "Action": GET, "Resource": REPOSITORY}


def test_what_knows_no_resource_gets_a_star_in_a_statement_of_its_own() -> None:
    listing = read(sentence(action="codecommit:ListRepositories", resource=REPOSITORY))
    assert only(least(listing))["Resource"] == "*"
    assert "Resource: *\n" in letter(listing)


def test_git_needs_gitpull_and_to_push_gitpush_too() -> None:
    pull, push = (of_git(ROLE, "aws", "us-east-2", "111122223333", "MyDemoRepo", push) for push in (False, True))
    assert only(least(pull)) == {"Effect": "Allow", "Action": "codecommit:GitPull", "Resource": REPOSITORY}
    assert only(least(push))["Action"] == ["codecommit:GitPull", "codecommit:GitPush"]
    assert "add codecommit:GitPush to the actions" in letter(pull)
    assert "add codecommit:GitPush" not in letter(push)
    china = of_git("arn:aws-cn:iam::888888888888:user/m", "aws-cn", "cn-north-1", "", "R", False)
    assert only(least(china))["Resource"] == "arn:aws-cn:codecommit:cn-north-1:888888888888:R"


def test_a_key_is_opened_by_its_name_or_through_codecommit_alone() -> None:
    named = only(least(read(sentence(action="kms:Decrypt", resource=KEY))))
    assert named["Resource"] == KEY
    assert "kms:Decrypt" in named["Action"]
    assert "Condition" not in named
    some = only(least(Denial(ROLE, "kms:Decrypt", KEY.replace("1234abcd", "*"))))
    assert some["Condition"] == {"StringEquals": {"kms:ViaService": "codecommit.us-east-2.amazonaws.com"}}
    china = only(least(Denial("", "kms:Decrypt", "arn:aws-cn:kms:cn-north-1:1:key/*")))
    assert china["Condition"]["StringEquals"]["kms:ViaService"] == "codecommit.cn-north-1.amazonaws.com.cn"
    asked = read(sentence("because no resource-based policy allows the kms:Decrypt action", SET, "kms:Decrypt", KEY))
    own = only(least(asked))
    assert own["Resource"] == "*"
    assert own["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert "Add this statement to the key policy:" in letter(asked)


WHOM: dict[str, tuple[str, object]] = {
    USER: (USER, None),
    FEDERATED: (FEDERATED, None),
    "arn:aws:iam::888888888888:root": ("arn:aws:iam::888888888888:root", None),
    ROLE: (
        "arn:aws:iam::111122223333:root",
        ["arn:aws:iam::111122223333:role/Access", "arn:aws:iam::111122223333:role/*/Access"],
    ),
    SET: (
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Developer_????????????????",
    ),
}


@pytest.mark.parametrize("who", WHOM)
def test_a_trust_policy_names_the_identity_in_a_form_that_lasts(who: str) -> None:
    principal, patterns = WHOM[who]
    end = "because no role trust policy allows the sts:AssumeRole action"
    statement = only(least(read(sentence(end, who, "sts:AssumeRole", SHARED))))
    assert statement["Principal"] == {"AWS": principal}
    assert statement["Action"] == "sts:AssumeRole"
    assert "Resource" not in statement
    assert statement.get("Condition") == (patterns and {"ArnLike": {"aws:PrincipalArn": patterns}})


def test_assuming_a_role_takes_two_sides_and_each_is_told_its_own() -> None:
    silent = read(sentence("", USER, "sts:AssumeRole", SHARED))
    assert ["Principal" in only(remedy.document) for remedy in remedies(silent)] == [True, False]
    text = letter(silent)
    assert "In account 111122223333, add this statement to the trust policy of the role Shared:" in text
    assert "If it's also missing, in account 888888888888, add this statement to the policies of the user maria" in text
    assert "external ID or MFA, let me know" in text
    end = "because no identity-based policy allows the sts:AssumeRole action"
    told = remedies(read(sentence(end, USER, "sts:AssumeRole", SHARED)))
    assert only(told[0].document) == {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": SHARED}
    assert len(told) == 2


def jwt(claims: object) -> str:
    return "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".sig"


def test_a_token_is_trusted_by_its_issuer_audience_and_subject() -> None:
    whom = of_token(jwt({"iss": "https://oidc.example.com/id/A1", "aud": ["sts.amazonaws.com"], "sub": "repo:acme/x"}))
    denial = read("Not authorized to perform sts:AssumeRoleWithWebIdentity", resource=SHARED)._replace(federated=whom)
    assert only(least(denial)) == {
        "Effect": "Allow",
        "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/A1"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                "oidc.example.com/id/A1:aud": "sts.amazonaws.com",
                "oidc.example.com/id/A1:sub": "repo:acme/x",
            }
        },
    }
    assert "Who: oidc.example.com/id/A1, aud sts.amazonaws.com, sub repo:acme/x\n" in letter(denial)
    google = of_token(jwt({"iss": "https://accounts.google.com", "aud": "a", "azp": "b", "sub": "1"}))
    built_in = only(least(denial._replace(federated=google)))
    assert built_in["Principal"] == {"Federated": "accounts.google.com"}
    assert built_in["Condition"]["StringEquals"]["accounts.google.com:aud"] == "b"


@pytest.mark.parametrize(
    "token", ["", "a.b.c", "Atza|x", jwt([]), jwt({"iss": "https://x"}), jwt({"iss": 1, "aud": 2})]
)
def test_a_token_that_does_not_say_who_it_is_brings_no_policy(token: str) -> None:
    assert of_token(token) is None
    denial = read("Not authorized to perform sts:AssumeRoleWithWebIdentity", resource=SHARED)
    assert least(denial) == {}
    assert "the trust policy of the role Shared most likely doesn't allow me to assume it." in letter(denial)


def test_an_assertion_is_trusted_by_its_provider_and_the_partitions_sign_in_page() -> None:
    for partition, page in {"aws": "signin.aws.amazon.com", "aws-cn": "signin.amazonaws.cn"}.items():
        provider = f"arn:{partition}:iam::111122223333:saml-provider/AcmeId"
        denial = Denial("", "sts:AssumeRoleWithSAML", SHARED, federated=of_assertion(provider))
        statement = only(least(denial))
        assert statement["Principal"] == {"Federated": provider}
        assert statement["Condition"] == {"StringEquals": {"SAML:aud": f"https://{page}/saml"}}
        assert "sts:TagSession" in letter(denial)


def test_no_policy_is_offered_against_an_explicit_deny() -> None:
    denial = read(sentence(f"with an explicit deny in a service control policy: {SCP_ARN}"))
    assert (least(denial), remedies(denial)) == ({}, ())
    assert f"Why: a service control policy explicitly denies the action: {SCP_ARN}\n" in letter(denial)
    problem = explain(Problem("No."), denial)
    assert (problem.policy, bool(problem.letter)) == (None, True)


def test_a_vpc_endpoints_policy_names_a_principal_as_it_must() -> None:
    for who, patterns in ((USER, USER), (SET, WHOM[SET][1])):
        statement = only(least(read(sentence(f"because no VPC endpoint policy allows the {GET} action", who))))
        assert statement["Principal"] == "*"
        assert statement["Condition"] == {"ArnLike": {"aws:PrincipalArn": patterns}}
        assert statement["Resource"] == REPOSITORY


# The message

HOMES = {
    (
        USER,
        IDENTITY,
    ): "In account 888888888888, add this statement to the policies of the user maria or one of its groups:",
    (ROLE, IDENTITY): "In account 111122223333, add this statement to the policies of the role Access:",
    (SET, IDENTITY): "In IAM Identity Center, add this statement to the permission set Developer:",
    (
        SET,
        BOUNDARY,
    ): "In account 111122223333, add this statement to the permissions boundary of the permission set Developer:",
    (
        FEDERATED,
        SESSION,
    ): "In account 888888888888, add this statement to the session policy used to create these credentials:",
    (ROLE, SCP): "In AWS Organizations, add this statement to the service control policies for account 111122223333:",
    (ROLE, RCP): "In AWS Organizations, add this statement to the resource control policies:",
    (ROLE, ENDPOINT): "Add this statement to the policy of the VPC endpoint that the request goes through:",
    (ROLE, RESOURCE): "Add this statement to the resource policy:",
    ("", ""): "Add this statement to the policies of my user or role:",
}


@pytest.mark.parametrize(("who", "side"), HOMES, ids=[" ".join(key) for key in HOMES])
def test_the_message_says_on_whose_side_the_policy_is_missing(who: str, side: str) -> None:
    assert HOMES[who, side] in letter(Denial(who, GET, REPOSITORY, side)).split("\n")


def test_the_whole_message_reads_like_this() -> None:
    end = f"because no identity-based policy allows the {GET} action"
    assert (
        letter(read(sentence(end, SET)))
        == f"""\
I need the following AWS access:

Who: {SET}
Action: {GET}
Resource: {REPOSITORY}
Why: no identity-based policy for the permission set Developer allows the action.

In IAM Identity Center, add this statement to the permission set Developer:
{{
  "Version": "2012-10-17",
  "Statement": [
    {{
      "Effect": "Allow",
      "Action": "{GET}",
      "Resource": "{REPOSITORY}"
    }}
  ]
}}"""
    )


# git and the API

FORBIDDEN = Problem("403", why="fatal: unable to access: The requested URL returned error: 403.", code="access.git")


def told(git: Problem, refused: Problem | None) -> Problem:
    return of_git_and_api(git, refused, ROLE, "us-east-2", "MyDemoRepo")


def test_one_message_asks_for_what_git_and_the_api_lack() -> None:
    refused = explain(Problem("Denied.", code="access.repository"), read(sentence()))
    both = told(FORBIDDEN, refused)
    assert both is refused
    assert only(both.policy)["Action"] == ["codecommit:GitPull", GET]
    alone = told(FORBIDDEN, None)
    assert only(alone.policy)["Action"] == "codecommit:GitPull"
    assert (alone.code, alone.why) == ("access.git", FORBIDDEN.why)
    assert alone.next.endswith("If MyDemoRepo isn't in account 111122223333, use a profile for the correct account.")


def test_what_git_says_for_other_reasons_asks_nobody_for_anything() -> None:
    offline, missing = Problem("git could not reach CodeCommit."), Problem("There is no repository.")
    assert told(offline, None) is offline
    assert told(offline, missing) is missing
    assert told(FORBIDDEN, missing) is missing
    stopped = explain(Problem("Denied."), read(sentence("with an explicit deny in a permissions boundary")))
    assert told(FORBIDDEN, stopped).policy is None
    assert not offline.letter
    assert not missing.letter


def test_a_closed_keys_message_learns_who_asks() -> None:
    key = KEY.replace("111122223333", "*").replace("1234abcd", "*")
    closed = explain(Problem("Closed."), Denial("", "kms:Decrypt", key, repository="MyDemoRepo"))
    assert told(FORBIDDEN, closed) is closed
    assert f"Who: {ROLE}\n" in closed.letter
    assert only(closed.policy)["Resource"] == "arn:aws:kms:us-east-2:111122223333:key/*"
    assert (
        "Resource: the KMS key that encrypts MyDemoRepo in us-east-2 (AWS doesn't specify the key)\n" in closed.letter
    )
