"""Decides which finding an error from the AWS SDK or a service's answer is, for every command and for git's helpers.

It doesn't import the SDK: errors are identified by their class names, and answers by the services' error codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ccsetup.core import profile_chain, service_error


class Cause(NamedTuple):
    """What an error means: a name, by which each program looks up its own words, and the code of a finding."""

    name: str
    code: str


# Faults of credentials: they are those of the profile that has the credentials, which may be a source profile.
_OF_CREDENTIALS = (
    *("ended", "signed out", "unknown keys", "wrong secret"),
    *("SSOTokenLoadError", "SSOError", "damaged sign-in"),
)
WITHOUT_SOURCE = ("source.missing", "source.empty")


def at_fault(cause: Cause, profiles: Mapping[str, Mapping[str, object]], name: str) -> str:
    """Return the profile that an error of profile `name` is about: itself, or the source profile with the fault."""
    is_of_source = cause.name in _OF_CREDENTIALS or cause.code in (*WITHOUT_SOURCE, "keys.partial")
    return profile_chain.holder(profiles, name) if is_of_source else name


BUSY = Cause("busy", "net.unreachable")
_STRANGER = Cause("stranger", "net.proxy")
_SIGNED_OUT = Cause("signed out", "sso.expired")
_DENIED = ("AccessDenied", "Unauthorized", "UnauthorizedOperation")
_OF_SIGN_IN = ("GetRoleCredentials", "ListAccountRoles", "ListAccounts")


def cause_of(error: BaseException) -> Cause:
    """Return the cause of an error that the SDK raised. Some errors differ only in their text."""
    if (answer := answer_of(error)) is not None:
        return _of_answer(answer, str(getattr(error, "operation_name", "")))
    names = [cls.__name__ for cls in type(error).__mro__]
    name = next((name for name in names if name in SDK), "")
    found = SDK[name] if name else Cause("other", "access.identity")
    inner = getattr(error, "kwargs", {}).get("error", "")  # ConfigParseError doesn't quote the parser's
    for which, pattern, finer in BY_WORDS:
        if any(name in which for name in names) and (re.search(pattern, str(error)) or re.search(pattern, str(inner))):
            return finer if isinstance(finer, Cause) else found._replace(code=finer)
    return found


def cause_of_aws_cli(said: str) -> Cause:
    """Return the cause of what the AWS CLI says if it can't get the credentials that `aws login` saved."""
    return SDK[next((name for pattern, name in _OF_AWS_CLI if re.search(pattern, said)), "LoginError")]


def answer_of(error: BaseException) -> Mapping[str, object] | None:
    """Return the answer in an error, None if there was none. A page that isn't AWS's has an empty error in it."""
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return None
    return response if isinstance(response.get("Error"), Mapping) else {**response, "Error": {}}


def parts_of(answer: Mapping[str, object]) -> tuple[str, str, int]:
    """Return an answer's error code, its message and its HTTP status (0 if unknown)."""
    error, status = answer["Error"], answer.get("ResponseMetadata")
    assert isinstance(error, Mapping)  # noqa: S101
    http = int(status.get("HTTPStatusCode") or 0) if isinstance(status, Mapping) else 0
    return str(error.get("Code") or ""), str(error.get("Message") or ""), http


def _of_answer(answer: Mapping[str, object], operation: str) -> Cause:
    code, message, http = parts_of(answer)
    is_of_token = operation == "AssumeRoleWithWebIdentity" and code.startswith("ExpiredToken")
    name = "ExpiredIdentityToken" if is_of_token else code.removesuffix("Exception")
    if name in _DENIED:
        return _denied(operation, message)
    if operation == "GetRoleCredentials" and name in ("Forbidden", "ResourceNotFound", "InvalidRequest"):
        return Cause("no such role", "access.assume")
    if operation == "AssumeRoleWithSAML" and name in SAML:
        return SAML[name]
    if service_error.is_of_clock(code, message):
        return Cause("clock", "net.clock")
    if name in SERVICE:
        finer = next((code for pattern, code in _OF_VALUES if re.search(pattern, message)), "")
        return SERVICE[name]._replace(code=finer) if finer and name == "ValidationError" else SERVICE[name]
    if service_error.is_busy(code, http):
        return BUSY
    if service_error.is_strangers(code, http):
        return _STRANGER
    return Cause("refused", "access.identity")


def _denied(operation: str, message: str) -> Cause:
    if operation in _OF_SIGN_IN:
        return _SIGNED_OUT
    if "MultiFactorAuthentication failed" in message:
        return Cause("wrong MFA code", "access.assume")
    if "session credentials" in message:
        return Cause("no federation" if operation == "GetFederationToken" else "no second session", "access.identity")
    if operation.startswith("AssumeRole"):
        return Cause("role denied", "access.assume")
    if operation == "GetSessionToken":
        return Cause("no session", "access.identity")
    return Cause("denied", "access.repository")


def _named(code: str, *names: str) -> dict[str, Cause]:
    """Return causes that have names of their own and one code."""
    return {name: Cause(name, code) for name in names}


_ENDED = Cause("ended", "keys.expired")
_UNKNOWN = Cause("unknown keys", "access.identity")
_NO_ENDPOINT = Cause("no endpoint", "region.invalid")
_NO_SOURCE = Cause("no credential source", "source.credential-source")
_UNREACHABLE = Cause("unreachable", "net.unreachable")
_DAMAGED = Cause("damaged sign-in", "sso.cache-corrupt")
_ASSERTION_REFUSED = Cause("assertion refused", "access.assume")

SAML = {
    "ExpiredToken": Cause("assertion expired", "keys.expired"),
    **dict.fromkeys(("InvalidIdentityToken", "IDPRejectedClaim"), _ASSERTION_REFUSED),
}
SERVICE = {
    **_named("input.invalid", "MalformedPolicyDocument", "PackedPolicyTooLarge"),
    "ExpiredToken": _ENDED,
    **dict.fromkeys(
        (
            "InvalidClientTokenId",
            "UnrecognizedClient",
            "MissingAuthenticationToken",
            "IncompleteSignature",
        ),
        _UNKNOWN,
    ),
    **dict.fromkeys(("SignatureDoesNotMatch", "InvalidSignature"), Cause("wrong secret", "access.identity")),
    **_named("access.repository", "InvalidRepositoryName", "RepositoryDoesNotExist"),
    **_named(
        "access.kms",
        "EncryptionKeyAccessDenied",
        "EncryptionKeyDisabled",
        "EncryptionKeyNotFound",
        "EncryptionKeyUnavailable",
    ),
    **_named("oidc.token-expired", "ExpiredIdentityToken", "InvalidIdentityToken", "IDPRejectedClaim"),
    **_named("net.unreachable", "IDPCommunicationError"),
    **_named("access.region", "RegionDisabled"),
    **_named("role.arn", "ValidationError"),
}
SDK = {
    **_named("profile.missing", "ProfileNotFound"),
    **_named("file.stray-line", "ConfigParseError"),
    **_named("keys.partial", "PartialCredentialsError"),
    **_named("source.none", "NoCredentialsError", "InvalidConfigError", "MissingDependencyException"),
    **dict.fromkeys(("UnauthorizedSSOTokenError", "TokenRetrievalError"), _SIGNED_OUT),
    **_named("sso.signed-out", "SSOTokenLoadError", "SSOError"),
    **_named("keys.expired", "LoginError", "LoginRefreshRequired", "LoginTokenLoadError"),
    **_named("access.identity", "LoginInsufficientPermissions"),
    **_named("source.loop", "InfiniteLoopConfigError"),
    **_named("source.credential-source", "UnknownCredentialError"),
    "MetadataRetrievalError": _NO_SOURCE,
    **_named("process.failed", "CredentialRetrievalError"),
    **_named("region.missing", "NoRegionError"),
    **_named("region.invalid", "InvalidRegionError"),
    **dict.fromkeys(("BaseEndpointResolverError", "EndpointProviderError"), _NO_ENDPOINT),
    **_named("net.tls", "SSLError"),
    **_named("net.proxy", "ProxyConnectionError"),
    "ResponseParserError": _STRANGER,
    **dict.fromkeys(("LookupError", "AttributeError", "TypeError", "RecursionError", "UnicodeDecodeError"), _STRANGER),
    **dict.fromkeys(("HTTPClientError", "ConnectionError", "TimeoutError"), _UNREACHABLE),
    **_named("oidc.token-missing", "FileNotFoundError"),
    **_named("file.unreadable", "OSError"),
    **_named("role.arn", "ParamValidationError"),
}

# Which value of AssumeRole was rejected: by STS, or by the SDK before it asked.
_OF_VALUES = (
    (r"(?:at '|parameter )[rR]oleSessionName", "role.session-name"),
    (r"(?:at '|parameter |requested |^)[dD]urationSeconds", "role.duration"),
    (r"(?:at '|parameter )(?:[sS]erialNumber|[eE]xternalId|accountId|roleName)", "value.invalid"),
)

# Errors that differ only in their text: class names, pattern, and another code or another cause.
_OF_CONFIG = ("PartialCredentialsError", "InvalidConfigError", "CredentialRetrievalError")
BY_WORDS: tuple[tuple[tuple[str, ...], str, str | Cause], ...] = (
    (("ConfigParseError",), r"[Oo]ption .* already exists", "file.duplicate-key"),
    (("ConfigParseError",), r"[Ss]ection .* already exists", "file.duplicate-section"),
    (("ConfigParseError",), r"codec can't decode", "file.encoding"),
    (_OF_CONFIG, r"source_profile or credential_source", "source.none"),
    (_OF_CONFIG, r"contains both source_profile", "source.both"),
    (_OF_CONFIG, r"source_profile .* does not exist", "source.missing"),
    (_OF_CONFIG, r"source profile .* must have credentials", "source.empty"),
    (_OF_CONFIG, r"credential.source", _NO_SOURCE),
    (_OF_CONFIG, r"sso.session.* does not exist", "sso.session-missing"),
    (_OF_CONFIG, r"missing (?:the following|required) configuration", "sso.incomplete"),
    (_OF_CONFIG, r"is inconsistent between", "sso.conflict"),
    (_OF_CONFIG, r"no role ARN", "oidc.role"),
    *((("ParamValidationError",), *each) for each in _OF_VALUES),
    (("PartialCredentialsError",), r"found in env,", "env.partial"),
    (("RuntimeError",), r"AWS_ERROR_INVALID_ARGUMENT", Cause("empty key", "keys.partial")),  # awscrt couldn't sign
    (("LookupError",), r"^'[0-9a-f]{40}'$", _DAMAGED),  # the name of a saved sign-in's file
    (("TypeError", "ValueError"), r"Parser must be a string|offset-naive|Unknown string format", _DAMAGED),
    (("HTTPClientError",), r"Invalid header value", Cause("line break in keys", "file.characters")),
    (("HTTPClientError",), r"Failed to parse", Cause("invalid proxy", "net.proxy")),
    (
        ("SSLError",),
        r"No such file|Is a directory|Permission denied|PEM lib|NO_CERTIFICATE",
        Cause("no certificates", "net.tls"),
    ),
    (
        ("BotoCoreError",),
        r"(?i)invalid defaults mode|configur\w+ value|options? \S+ is invalid",
        Cause("invalid setting", "access.identity"),
    ),
)

# What the AWS CLI says if it can't get the credentials of a sign-in, and the error of the SDK that this is.
_OF_AWS_CLI = (
    (r"session has expired", "LoginRefreshRequired"),
    (r"due to insufficient permissions", "LoginInsufficientPermissions"),
    (r"Error loading login session token", "LoginTokenLoadError"),
    (r"SSL validation failed", "SSLError"),
    (r"Failed to connect to proxy URL", "ProxyConnectionError"),
    (r"Could not connect to the endpoint|timeout on endpoint|Connection was closed", "ConnectionError"),
)
