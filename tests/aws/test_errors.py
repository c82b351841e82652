"""What AWS and its SDK say no with: each class and each code, the real ones, leads to its finding in a whole sentence."""

from __future__ import annotations

import builtins
import json
from configparser import DuplicateOptionError, DuplicateSectionError
from functools import cache
from string import Formatter
from typing import Any

import botocore.exceptions
import botocore.parsers
import botocore.session
import pytest
from botocore.exceptions import ClientError, LoginTokenLoadError
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.aws.errors import problem_of, says
from ccsetup.core import sdk_errors
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.model import Who

WHO, NOBODY = Who("dev", "us-east-2"), Who("", "us-east-2")
TOKEN = "IQoJb3JpZ2luX2VjE+/" + "Ab3" * 80
MARIA = "arn:aws:iam::888888888888:user/maria"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

# Class → code. The words an SDK's error is made with are given where they decide.
OF_SDK: list[tuple[str, str, dict[str, Any]]] = [
    ("ProfileNotFound", "profile.missing", {}),
    ("ConfigParseError", "file.stray-line", {"path": "/home/maria/.aws/config"}),
    ("ConfigParseError", "file.duplicate-section", {"error": DuplicateSectionError("profile a", "config", 3)}),
    ("ConfigParseError", "file.duplicate-key", {"error": DuplicateOptionError("profile a", "region", "config", 3)}),
    ("ConfigParseError", "file.encoding", {"error": "'utf-8' codec can't decode byte 0xff in position 3"}),
    ("PartialCredentialsError", "keys.partial", {"provider": "shared", "cred_var": "aws_secret_access_key"}),
    ("PartialCredentialsError", "env.partial", {"provider": "env", "cred_var": "AWS_SECRET_ACCESS_KEY"}),
    ("PartialCredentialsError", "source.none", {"cred_var": "source_profile or credential_source"}),
    ("NoCredentialsError", "source.none", {}),
    ("SSOError", "sso.signed-out", {}),
    ("UnauthorizedSSOTokenError", "sso.expired", {}),
    ("SSOTokenLoadError", "sso.signed-out", {}),
    ("TokenRetrievalError", "sso.expired", {}),
    ("LoginError", "keys.expired", {}),
    ("LoginInsufficientPermissions", "access.identity", {}),
    ("LoginRefreshRequired", "keys.expired", {}),
    ("LoginTokenLoadError", "keys.expired", {}),
    ("InfiniteLoopConfigError", "source.loop", {}),
    ("InvalidConfigError", "source.none", {"error_msg": "odd"}),
    ("UnknownCredentialError", "source.credential-source", {"name": "Moon"}),
    ("MetadataRetrievalError", "source.credential-source", {}),
    ("CredentialRetrievalError", "process.failed", {"provider": "custom-process", "error_msg": "vault is locked"}),
    ("MissingDependencyException", "source.none", {}),
    ("NoRegionError", "region.missing", {}),
    ("InvalidRegionError", "region.invalid", {}),
    ("BaseEndpointResolverError", "region.invalid", {}),
    ("EndpointVariantError", "region.invalid", {}),
    ("UnknownEndpointError", "region.invalid", {}),
    ("EndpointProviderError", "region.invalid", {}),
    ("EndpointResolutionError", "region.invalid", {}),
    ("SSLError", "net.tls", {}),
    ("SSLError", "net.tls", {"error": FileNotFoundError(2, "No such file or directory")}),
    ("HTTPClientError", "net.proxy", {"error": ValueError("Failed to parse: '::::' is not a valid host or port")}),
    ("InvalidDefaultsMode", "access.identity", {"mode": "bogus"}),
    ("InvalidConfigError", "access.identity", {"error_msg": "The configured value 'x' for 'y' is invalid."}),
    ("ProxyConnectionError", "net.proxy", {"proxy_url": "http://maria:Passw0rd@proxy:3128"}),
    ("ResponseParserError", "net.proxy", {}),
    ("HTTPClientError", "net.unreachable", {}),
    ("HTTPClientError", "file.characters", {"error": ValueError(f"Invalid header value b'{TOKEN}'")}),
    ("ConnectionClosedError", "net.unreachable", {}),
    ("ReadTimeoutError", "net.unreachable", {}),
    ("ConnectionError", "net.unreachable", {}),
    ("EndpointConnectionError", "net.unreachable", {}),
    ("ConnectTimeoutError", "net.unreachable", {}),
    ("ParamValidationError", "role.session-name", {"report": "Invalid length for parameter RoleSessionName, value: 1"}),
    ("ParamValidationError", "role.duration", {"report": "Invalid range for parameter DurationSeconds, value: 1"}),
    ("ParamValidationError", "role.arn", {"report": "Invalid length for parameter\nRoleArn, value: 1"}),
    ("KeyError", "net.proxy", {"": "Account"}),
    ("KeyError", "sso.cache-corrupt", {"": "293abb6b76d7791c0732cc517d38c4b5c734b87f"}),
    ("IndexError", "net.proxy", {"": "list index out of range"}),
    ("AttributeError", "net.proxy", {"": "'list' object has no attribute 'get'"}),
    ("TypeError", "net.proxy", {"": "argument of type 'int' is not iterable"}),
    ("TypeError", "sso.cache-corrupt", {"": "can't subtract offset-naive and offset-aware datetimes"}),
    ("RuntimeError", "keys.partial", {"": "34 (AWS_ERROR_INVALID_ARGUMENT): An invalid argument was passed."}),
    ("RuntimeError", "access.identity", {"": "Credentials were refreshed, but they are still expired."}),
    ("RecursionError", "net.proxy", {"": "maximum recursion depth exceeded"}),
    ("ValueError", "access.identity", {"": "Invalid endpoint: x"}),
    ("TimeoutError", "net.unreachable", {"": "there was no answer within 55 seconds"}),
    ("FileNotFoundError", "oidc.token-missing", {"": "/no/such"}),
    ("PermissionError", "file.unreadable", {"": "/var/lib/token"}),
    ("ConnectionResetError", "net.unreachable", {"": "reset by peer"}),
    ("ChecksumError", "access.identity", {}),
    ("BotoCoreError", "access.identity", {}),
]


def made(name: str, words: dict[str, Any]) -> Exception:
    """Make the real error of that name, with these words and "…" for the rest of its sentence."""
    home = next((room for room in (botocore.exceptions, botocore.parsers) if hasattr(room, name)), builtins)
    cls: type[Exception] = getattr(home, name)
    if not issubclass(cls, botocore.exceptions.BotoCoreError):
        return cls(*words.values())
    needed = [name for _, name, _, _ in Formatter().parse(cls.fmt) if name]
    return cls(**{**dict.fromkeys(needed, "…"), **words})


def checked(problem: Problem) -> Problem:
    """Return a Problem whose texts are whole: one line each, what and why ended with a stop, no secret, no blank name."""
    for text in (problem.what, problem.why, problem.next):
        assert text == "" or text.isprintable()
        assert TOKEN[:40] not in text
        assert SECRET not in text
        assert not any(hole in text for hole in ("{profile}", "{says}", "  ", " .", "None"))
    assert problem.what.endswith((".", "…"))
    assert problem.why == "" or problem.why.endswith((".", "…"))
    assert problem.code
    assert problem.next
    return problem


@pytest.mark.parametrize(("name", "code", "words"), OF_SDK, ids=[f"{name}-{code}" for name, code, _ in OF_SDK])
def test_an_error_of_the_sdk_becomes_its_finding(name: str, code: str, words: dict[str, Any]) -> None:
    error = made(name, words)
    problem = checked(problem_of(error, WHO))
    assert problem.code == code
    general = checked(problem_of(error, NOBODY))
    assert (general.code, "--profile" in general.next) == (code, False)


def test_every_class_that_is_known_by_name_is_tried_above() -> None:
    tried = {cls.__name__ for name, _, words in OF_SDK for cls in type(made(name, words)).__mro__}
    assert set(sdk_errors.SDK) <= tried | {"UnicodeDecodeError"}
    assert {name for names, _, _ in sdk_errors.BY_WORDS for name in names} <= tried


def test_bytes_that_are_no_text_are_an_answer_of_somebody_else() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        b"\xff".decode()
    assert checked(problem_of(caught.value, WHO)).code == "net.proxy"


def service_error(code: str, message: str = "", operation: str = "GetCallerIdentity", status: int = 400) -> ClientError:
    told: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, operation)


# Code → finding; the operation, text and status where they decide.
OF_SERVICE: list[tuple[str, str, dict[str, Any]]] = [
    ("AccessDenied", "access.identity", {"operation": "GetSessionToken"}),
    ("AccessDenied", "access.identity", {"message": "Cannot call GetSessionToken with session credentials"}),
    ("AccessDenied", "access.assume", {"operation": "AssumeRole"}),
    ("AccessDenied", "access.assume", {"operation": "AssumeRoleWithWebIdentity"}),
    (
        "AccessDenied",
        "access.assume",
        {"message": "MultiFactorAuthentication failed with invalid MFA one time pass code. "},
    ),
    ("AccessDeniedException", "access.repository", {"operation": "GetRepository"}),
    ("UnauthorizedOperation", "access.repository", {"operation": "GetRepository"}),
    ("UnauthorizedException", "sso.expired", {"operation": "GetRoleCredentials"}),
    ("ForbiddenException", "access.assume", {"operation": "GetRoleCredentials", "status": 403}),
    ("ResourceNotFoundException", "access.assume", {"operation": "GetRoleCredentials"}),
    ("InvalidRequestException", "access.assume", {"operation": "GetRoleCredentials"}),
    ("RepositoryDoesNotExistException", "access.repository", {"operation": "GetRepository"}),
    ("ExpiredToken", "keys.expired", {"message": "The security token included in the request is expired"}),
    ("ExpiredTokenException", "keys.expired", {}),
    ("ExpiredTokenException", "oidc.token-expired", {"operation": "AssumeRoleWithWebIdentity"}),
    ("RequestExpired", "net.clock", {}),
    ("InvalidClientTokenId", "access.identity", {}),
    ("UnrecognizedClientException", "access.identity", {}),
    ("SignatureDoesNotMatch", "access.identity", {"message": f"… 'x-amz-security-token:{TOKEN}\n\nhost' …"}),
    ("SignatureDoesNotMatch", "net.clock", {"message": "Signature expired: 20261121T… is now earlier than 20261121T…"}),
    ("SignatureDoesNotMatch", "net.clock", {"message": "Signature not yet current: 20261121T… is still later than …"}),
    ("InvalidSignatureException", "access.identity", {}),
    ("InvalidSignatureException", "net.clock", {"message": "Signature expired: …"}),
    ("MissingAuthenticationToken", "access.identity", {}),
    ("IncompleteSignature", "access.identity", {"message": f"Credential must have 5 elements, got '{SECRET}/2026/x'"}),
    ("InvalidRepositoryNameException", "access.repository", {}),
    ("EncryptionKeyAccessDeniedException", "access.kms", {}),
    ("EncryptionKeyDisabledException", "access.kms", {}),
    ("EncryptionKeyNotFoundException", "access.kms", {}),
    ("EncryptionKeyUnavailableException", "access.kms", {}),
    ("InvalidIdentityToken", "oidc.token-expired", {"operation": "AssumeRoleWithWebIdentity"}),
    ("IDPRejectedClaim", "oidc.token-expired", {"operation": "AssumeRoleWithWebIdentity", "status": 403}),
    ("IDPCommunicationError", "net.unreachable", {"operation": "AssumeRoleWithWebIdentity"}),
    ("RegionDisabledException", "access.region", {"status": 403}),
    ("ExpiredTokenException", "keys.expired", {"operation": "AssumeRoleWithSAML"}),
    ("InvalidIdentityToken", "access.assume", {"operation": "AssumeRoleWithSAML"}),
    ("IDPRejectedClaim", "access.assume", {"operation": "AssumeRoleWithSAML", "status": 403}),
    (
        "AccessDenied",
        "access.identity",
        {"operation": "GetFederationToken", "message": "Cannot call GetFederationToken with session credentials"},
    ),
    ("MalformedPolicyDocument", "input.invalid", {"operation": "GetFederationToken"}),
    ("PackedPolicyTooLarge", "input.invalid", {"operation": "GetFederationToken"}),
    ("ValidationError", "role.arn", {"message": "1 validation error detected: Value 'x' at 'roleArn' failed"}),
    ("Throttling", "net.unreachable", {}),
    ("ThrottlingException", "net.unreachable", {}),
    ("TooManyRequestsException", "net.unreachable", {"status": 429}),
    ("SlowDown", "net.unreachable", {"status": 503}),
    ("InternalFailure", "net.unreachable", {"status": 500}),
    ("ServiceUnavailable", "net.unreachable", {"status": 503}),
    ("503", "net.unreachable", {"status": 503}),
    ("", "net.unreachable", {"status": 502}),
    ("403", "net.proxy", {"status": 403, "message": "<html>"}),
    ("302", "net.proxy", {"status": 302}),
    ("", "net.proxy", {"status": 407}),
    ("NoSuchThing", "access.identity", {}),
    ("NoSuchThing", "access.identity", {"status": 0}),
]


@pytest.mark.parametrize(("said", "code", "how"), OF_SERVICE, ids=[f"{s}-{c}" for s, c, _ in OF_SERVICE])
def test_a_code_of_a_service_becomes_its_finding(said: str, code: str, how: dict[str, Any]) -> None:
    about_one = said.startswith(("Repository", "InvalidRepository", "EncryptionKey"))
    for resource in ("MyDemoRepo",) if about_one else ("MyDemoRepo", ""):
        for who in (WHO, NOBODY):
            assert checked(problem_of(service_error(said, **how), who, resource)).code == code


def test_every_code_that_is_known_is_tried_above() -> None:
    tried = {said.removesuffix("Exception") for said, _, _ in OF_SERVICE} | {"ExpiredIdentityToken"}
    assert set(sdk_errors.SERVICE) <= tried


COMMON = {  # what the services' common errors are called; these are in no model
    "IncompleteSignature", "InvalidClientTokenId", "MissingAuthenticationToken", "RequestExpired", "ValidationError",
    "UnrecognizedClient", "SignatureDoesNotMatch", "InvalidSignature", "ExpiredToken",
}  # fmt: skip


@cache
def modelled() -> set[str]:
    """Return the error codes of the services' own models."""
    found = set()
    for service in ("sts", "codecommit", "iam", "sso"):
        model = botocore.session.Session().get_service_model(service)
        for shape in model.error_shapes:
            found |= {shape.name.removesuffix("Exception"), str(shape.metadata.get("error", {}).get("code", ""))}
    return {name.removesuffix("Exception") for name in found}


def test_the_codes_are_those_of_awss_own_models() -> None:
    assert set(sdk_errors.SERVICE) - COMMON - {"ExpiredIdentityToken"} <= modelled()
    assert "RepositoryDoesNotExist" in modelled()


def test_a_denial_keeps_awss_words_whole_for_the_administrator() -> None:
    said = (
        "User: arn:aws:sts::111122223333:assumed-role/CrossAccountRepositoryContributor/Maria1 is not authorized to "
        "perform: codecommit:GetRepository on resource: arn:aws:codecommit:us-east-2:111122223333:R because no "
        "identity-based policy allows the codecommit:GetRepository action"
    )
    problem = problem_of(service_error("AccessDeniedException", said, "GetRepository"), WHO, "R")
    assert (problem.what, problem.why) == ("AWS denied GetRepository on R.", said + ".")


ANSWERED = {
    "GetRepository": ("codecommit:GetRepository", "arn:aws:codecommit:us-east-2:888888888888:R"),
    "ListBranches": ("codecommit:ListBranches", "arn:aws:codecommit:us-east-2:888888888888:R"),
    "CreateRepository": ("codecommit:CreateRepository", "arn:aws:codecommit:us-east-2:888888888888:R"),
    "ListRepositories": ("codecommit:ListRepositories", "*"),
    "ListMFADevices": ("iam:ListMFADevices", MARIA),
    "GetFederationToken": ("sts:GetFederationToken", "*"),
    "GetSessionToken": ("sts:GetSessionToken", "*"),
}


@pytest.mark.parametrize("operation", ANSWERED)
def test_a_denial_brings_policy_and_message_even_where_awss_sentence_is_short(operation: str) -> None:
    action, resource = ANSWERED[operation]
    said = f"User: {MARIA} is not authorized to perform: {action}"
    asked = "R" if action.startswith("codecommit:") else ""
    for words in (said, f"{said} on resource: {resource} because no identity-based policy allows the {action} action"):
        problem = checked(problem_of(service_error("AccessDeniedException", words, operation), WHO, asked))
        assert problem.policy == {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}],
        }
        assert f"Who: {MARIA}\nAction: {action}\nResource: {resource}\n" in problem.letter
        assert problem.next.startswith("Send the message to your administrator")


@pytest.mark.parametrize("action", ["iam:AttachUserPolicy", "sts:AssumeRole", "s3:GetObject", "codecommit:Get*"])
def test_nobody_is_asked_to_allow_what_the_call_was_not(action: str) -> None:
    said = f"User: {MARIA} is not authorized to perform: {action} on resource: arn:aws:iam::888888888888:user/x"
    problem = checked(problem_of(service_error("AccessDeniedException", said, "GetRepository"), WHO, "R"))
    assert action not in problem.letter + json.dumps(problem.policy)
    assert "Resource: arn:aws:iam" not in problem.letter


def test_a_key_that_is_closed_brings_a_policy_too() -> None:
    problem = problem_of(service_error("EncryptionKeyAccessDeniedException", "", "GetRepository"), WHO, "R")
    assert problem.policy
    assert problem.policy["Statement"][0]["Resource"] == "arn:aws:kms:us-east-2:*:key/*"
    assert "the KMS key that encrypts R in us-east-2" in problem.letter


def test_no_secret_gets_into_the_message() -> None:
    for words in (
        f"{SECRET} User: {MARIA} is not authorized to perform: codecommit:GetRepository token={TOKEN}",
        TOKEN,
    ):
        problem = problem_of(service_error("AccessDenied", words, "GetRepository"), WHO, "R")
        assert problem.letter
        assert SECRET not in problem.letter
        assert TOKEN[:40] not in problem.letter


@pytest.mark.parametrize(
    "said", ["MultiFactorAuthentication failed", "Cannot call GetSessionToken with session credentials"]
)
def test_what_no_administrator_can_change_is_no_message_to_one(said: str) -> None:
    problem = problem_of(service_error("AccessDenied", said, "GetSessionToken"), WHO)
    assert (problem.letter, problem.policy) == ("", None)


def test_a_role_that_only_awss_words_name_is_named() -> None:
    said = "User: arn:aws:iam::888888888888:user/maria is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/team/Access"  # fmt: skip
    problem = problem_of(service_error("AccessDenied", said, "AssumeRole", 403), WHO)
    assert problem.what == "AWS didn't allow these credentials to assume arn:aws:iam::111122223333:role/team/Access."
    assert problem_of(service_error("AccessDenied", "", "AssumeRole"), WHO).what.endswith("assume the role.")


ROLE, HUB = "arn:aws:iam::111122223333:role/team/Access", "arn:aws:iam::999999999999:role/Hub"
PROFILES = {
    "token": {"role_arn": ROLE, "web_identity_token_file": "/run/token"},
    "role": {"role_arn": ROLE, "source_profile": "base"},
    "base": {"aws_access_key_id": "AKIA", "aws_secret_access_key": "x"},
    "signed": {"sso_session": "acme", "sso_account_id": "111122223333", "sso_role_name": "Developer"},
    "by token": {"role_arn": HUB, "source_profile": "token"},
    "by sign-in": {"role_arn": HUB, "source_profile": "signed"},
    "by role": {"role_arn": HUB, "source_profile": "role"},
}
SHORT = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
LONG = f"User: {MARIA} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
OF_CHAIN = f"User: arn:aws:sts::111122223333:assumed-role/Access/x is not authorized to perform: sts:AssumeRole on resource: {HUB}"
DEVELOPER = "the role Developer in account 111122223333"
ASKED = [
    ("token", "AssumeRoleWithWebIdentity", "AccessDenied", SHORT, ROLE),
    ("by token", "AssumeRoleWithWebIdentity", "AccessDenied", SHORT, ROLE),
    ("token", "AssumeRoleWithWebIdentity", "InvalidIdentityToken", "No OpenIDConnect provider found in your account", ROLE),
    ("by token", "AssumeRoleWithWebIdentity", "IDPRejectedClaim", "no", ROLE),
    ("signed", "GetRoleCredentials", "ForbiddenException", "No access", DEVELOPER),
    ("by sign-in", "GetRoleCredentials", "ForbiddenException", "No access", DEVELOPER),
    ("signed", "GetRoleCredentials", "ResourceNotFoundException", "", DEVELOPER),
    ("role", "AssumeRole", "AccessDenied", "Access denied", ROLE),
    ("role", "AssumeRole", "AccessDenied", LONG, ROLE),
    ("by role", "AssumeRole", "AccessDenied", LONG, ROLE),
    ("by role", "AssumeRole", "AccessDenied", OF_CHAIN, HUB),
    ("role", "AssumeRole", "ValidationError", "1 validation error detected: Value at 'durationSeconds'", ROLE),
]  # fmt: skip


@pytest.mark.parametrize(("name", "operation", "code", "said", "role"), ASKED)
def test_a_refusal_names_the_role_and_the_account_that_were_asked_for(
    name: str, operation: str, code: str, said: str, role: str
) -> None:
    who = Who(name, "us-east-2", PROFILES, {})
    problem = problem_of(service_error(code, said, operation, 403), who)
    assert role in problem.what


def test_a_role_of_several_that_nothing_names_is_not_guessed() -> None:
    who = Who("by role", "us-east-2", PROFILES, {})
    assert problem_of(service_error("AccessDenied", "", "AssumeRole"), who).what.endswith("assume the role.")
    of_saml = problem_of(service_error("InvalidIdentityToken", "", "AssumeRoleWithSAML"), Who("", "us-east-2"), ROLE)
    assert of_saml.what == f"AWS rejected the SAML assertion for {ROLE}."


def test_no_repository_is_a_refusal_of_its_own() -> None:
    problem = problem_of(service_error("RepositoryDoesNotExistException", "R does not exist"), WHO, "R")
    assert isinstance(problem, NoRepository)
    assert (problem.what, problem.why) == (
        "No repository R in us-east-2 is visible to dev.",
        "R does not exist.",
    )


def test_a_problem_stays_what_it_is() -> None:
    problem = Problem("Already told.", code="x")
    assert problem_of(problem, WHO) is problem


def test_an_error_that_nobody_foresaw_is_still_a_sentence() -> None:
    class Odd(Exception): ...

    assert checked(problem_of(Odd("went\nwrong"), WHO)).what == "The AWS SDK couldn't use dev: went wrong."
    assert problem_of(Odd(), NOBODY).what.startswith("The AWS SDK couldn't use this profile")
    for response in ({}, {"Error": None}, {"Error": "x"}, {"Error": {}}, {"Error": {"Code": None}}, "text"):
        odd = Odd("odd")
        odd.response = response  # type: ignore[attr-defined]
        checked(problem_of(odd, WHO))


@pytest.mark.parametrize(
    "text",
    [
        f"token={SECRET}",
        f"export AWS_SECRET_ACCESS_KEY='{SECRET}'",
        json.dumps({"SessionToken": TOKEN}),
        f"Credential={SECRET}/20261121/us-east-2",
        f"x-amz-security-token:{TOKEN}\nhost:sts",
        f"\x1b]8;;https://evil\x07{SECRET}\x1b]8;;\x07",
        f"{TOKEN}\\n{TOKEN}",
    ],
)
def test_what_looks_like_a_secret_is_not_repeated(text: str) -> None:
    for error in (
        made("CredentialRetrievalError", {"provider": "custom-process", "error_msg": text}),
        ValueError(text),
    ):
        checked(problem_of(error, WHO))
    checked(problem_of(service_error("NoSuchThing", text), WHO))
    checked(problem_of(service_error("InvalidClientTokenId", text), WHO))


@given(st.text(max_size=700), st.text(max_size=40), st.text(max_size=40))
def test_any_text_of_any_origin_becomes_one_inert_line(message: str, code: str, resource: str) -> None:
    who = Who("dev\x1b[31m", "us-east-2")
    for error in (service_error(code, message, "GetRepository"), ValueError(message)):
        problem = problem_of(error, who, resource)
        for line in (problem.what, problem.why, problem.next):
            assert line == "" or line.isprintable()
        assert problem.what.endswith((".", "…"))


def test_long_texts_are_cut() -> None:
    assert len(says(ValueError("word " * 500))) == 400
    assert len(problem_of(service_error("AccessDenied", "word " * 500), WHO).why) == 600


def test_keys_of_a_program_that_have_ended_lead_to_the_program() -> None:
    who = Who("dev", "us-east-2", {"dev": {"credential_process": "/opt/keys"}})
    answer = {
        "Error": {"Code": "ExpiredToken", "Message": "It is expired"},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    }
    problem = problem_of(ClientError(answer, "GetCallerIdentity"), who)
    assert (problem.code, problem.next) == ("keys.expired", "Sign in again with the credential_process program.")


def test_what_the_sdk_says_about_a_token_is_not_masked() -> None:
    said = says(LoginTokenLoadError(error_msg="the file is empty"))
    assert said == "the file is empty."
    secret = "IQoJb3JpZ2luX2VjEJf9wEaCXVzLWVhc3QtMSJHMEUCIQDhbTRmQ5sYkz2oQ0vR5kZxq8m1u"
    assert secret not in says(LoginTokenLoadError(error_msg=f"token: {secret}"))
