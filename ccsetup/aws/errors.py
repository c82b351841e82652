"""What AWS and its SDK say no with → Problems: which code of the findings table, in which words, and what to do.

Pure: errors are told apart by the names of their classes and by the codes services answer, never by importing the SDK.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ccsetup.aws.access_request import explain
from ccsetup.aws.denials import of_call, of_key
from ccsetup.core import redact, service_error
from ccsetup.core.denial import Federated
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.model import Who
from ccsetup.core.profile_chain import program_of
from ccsetup.core.program_keys import RENEW
from ccsetup.core.regions import REGIONS
from ccsetup.core.text import MASK, inert, veil

Row = tuple[str, str, str]  # a finding's code, what happened, what to do


def problem_of(error: BaseException, who: Who, resource: str = "", federated: Federated | None = None) -> Problem:
    """Return the Problem for an SDK's error, seen while acting as `who`, or as `federated`, on `resource`."""
    if isinstance(error, Problem):
        return error
    response = getattr(error, "response", None)
    if isinstance(response, Mapping) and isinstance(response.get("Error"), Mapping):
        return _of_service(response, getattr(error, "operation_name", ""), who, resource, federated)
    code, what, next = _row(error)
    if next == _TRY and who.region and who.region not in REGIONS:
        next = _TRY_REGION
    return _problem((code, what, next), who, says=says(error))


def too_busy(who: Who, operation: str, code: str) -> Problem:
    """Return the Problem of a service that is too busy to answer."""
    return _problem(_BUSY, who, operation=operation, code=code)


def says(error: BaseException) -> str:
    """Return an error's own words on one line, without secrets, cut to a readable length and ended with a stop."""
    return _sentence(_hushed(str(error)), 400) or f"{type(error).__name__}."


def _row(error: BaseException) -> Row:
    """Return what an SDK's error is called, what happened and what to do; some are told apart by their words only."""
    names = [cls.__name__ for cls in type(error).__mro__]
    row = next((_OF_SDK[name] for name in names if name in _OF_SDK), _OTHER)
    for which, pattern, finer in _BY_WORDS:
        if any(name in which for name in names) and re.search(pattern, str(error)):
            return (finer, *row[1:]) if isinstance(finer, str) else finer
    return row


def _of_service(
    response: Mapping[str, object], operation: str, who: Who, resource: str, federated: Federated | None
) -> Problem:
    error, status = response["Error"], response.get("ResponseMetadata")
    assert isinstance(error, Mapping)  # noqa: S101
    code, message = str(error.get("Code") or ""), str(error.get("Message") or "")
    http = int(status.get("HTTPStatusCode") or 0) if isinstance(status, Mapping) else 0
    name = "ExpiredIdentityToken" if _is_of_token(code, operation) else code.removesuffix("Exception")
    if name in ("AccessDenied", "Unauthorized", "UnauthorizedOperation"):
        if operation in _OF_SIGN_IN:
            return _problem(_SIGNED_OUT, who, _sentence(_hushed(message)))
        return _denied(operation, message, who, resource, federated)
    why = _sentence(_hushed(message))
    if operation == "GetRoleCredentials" and name in ("Forbidden", "ResourceNotFound", "InvalidRequest"):
        return _problem(_NO_SUCH_ROLE, who, why)
    if name == "RepositoryDoesNotExist":
        what = inert(f"There is no repository {resource} in {who.region} that {_name(who)} can see.")
        return NoRepository(what, why=why, next="Check its name (capitals matter), the region and the account.")
    if name == "EncryptionKeyAccessDenied":
        return _no_key(who, why, message, resource)
    if operation == "AssumeRoleWithSAML" and name in _OF_SAML:
        return _problem(_OF_SAML[name], who, why)
    if service_error.is_of_clock(code, message):
        return _problem(_CLOCK, who, why)
    if name in _OF_SERVICE:
        return _problem(_OF_SERVICE[name], who, why, resource=resource)
    if service_error.is_busy(code, http):
        return _problem(_BUSY, who, why, operation=operation, code=code or str(http))
    if service_error.is_strangers(code, http):
        return _problem(_STRANGER, who, why)
    return _problem(
        ("access.identity", "AWS refused {operation}: {code}.", _AGAIN), who, why, operation=operation, code=code
    )


def _is_of_token(code: str, operation: str) -> bool:
    return operation == "AssumeRoleWithWebIdentity" and code.startswith("ExpiredToken")


def _denied(operation: str, message: str, who: Who, resource: str, federated: Federated | None) -> Problem:
    """Return the Problem of a denial; its words go to an administrator, so nothing in them is masked."""
    why = _sentence(inert(message))
    if "MultiFactorAuthentication failed" in why:
        return _problem(_NO_CODE, who, why)
    if "session credentials" in why:
        return _problem(_NO_FEDERATION if operation == "GetFederationToken" else _NO_SESSION, who, why)
    denial = of_call(operation, message, who.region, resource)
    row = _DENIED_ON if resource else _DENIED
    if operation.startswith("AssumeRole"):
        row, resource = _NO_ROLE, (denial.resource if denial else "") or "the role"
    elif operation == "GetSessionToken":
        row = _NO_SESSION
    if denial and federated:
        denial = denial._replace(federated=federated)
    return explain(_problem(row, who, why, operation=operation, resource=resource), denial)


def _no_key(who: Who, why: str, message: str, resource: str) -> Problem:
    """Return the Problem of a repository whose KMS key is closed; CodeCommit does not say which key that is."""
    denial = of_key(message, who.region, resource)
    return explain(_problem(_OF_SERVICE["EncryptionKeyAccessDenied"], who, why, resource=resource), denial)


def _problem(row: Row, who: Who, why: str = "", **more: str) -> Problem:
    """Return a row of the tables as a Problem about a profile; a caller without one is spoken of in general."""
    code, what, next = row
    words = {"profile": _name(who), "region": who.region, **more}
    if row in (_ENDED, _SIGNED_OUT) and who.profiles and program_of(who.profiles, who.profile):
        next = RENEW
    if not who.profile:
        next = next.replace(" --profile {profile}", "").replace("login {profile}", "login")
    return Problem(inert(what.format(**words)), why=why, next=inert(next.format(**words)), code=code)


def _name(who: Who) -> str:
    return who.profile or "this profile"


def _hushed(text: str) -> str:
    return veil(redact.line(inert(text)), MASK)


def _sentence(text: str, most: int = 600) -> str:
    text = re.sub(r"\s+", " ", text).strip().rstrip(":").rstrip()
    text = text if len(text) < most else text[: most - 1] + "…"
    return text if not text or text.endswith((".", "…")) else text + "."


_SET_UP = "Set it up again: ccsetup setup --profile {profile}"
_SIGN_IN = "Sign in again: ccsetup login {profile}"
_AGAIN = "Try again in a minute; if it stays, send your administrator the lines above."
_TRY = "Check the network, then try again."
_TRY_REGION = "Check the region: ccsetup doesn't know whether CodeCommit is in {region}. Then check the network."

_TELL = "Send the lines above to your administrator."
_OF_SIGN_IN = ("GetRoleCredentials", "ListAccountRoles", "ListAccounts")

_DENIED = ("access.repository", "AWS denied {operation}.", _TELL)
_DENIED_ON = ("access.repository", "AWS denied {operation} on {resource}.", _TELL)
_SIGNED_OUT = ("sso.expired", "The sign-in of {profile} has ended.", _SIGN_IN)
_NO_CODE = (
    "access.assume",
    "AWS refused the MFA code.",
    "Each code works once and for half a minute; wait for the next one and give that.",
)
_NO_SESSION = (
    "access.identity",
    "AWS gives no MFA session to these keys.",
    "They must be the long-term keys (AKIA…) of an IAM user.",
)
_NO_FEDERATION = (
    "access.identity",
    "AWS gives no federation token to these keys.",
    "They must be the long-term keys (AKIA…) of an IAM user.",
)
_NO_ROLE = (
    "access.assume",
    "AWS did not let these credentials assume {resource}.",
    "Check the role ARN, the external ID and MFA.",
)
_OTHER = ("access.identity", "The AWS SDK could not use {profile}: {says}", _SET_UP)
_NO_SUCH_ROLE = (
    "access.assume",
    "This sign-in does not have the role that {profile} names.",
    "Check the account and the role, or ask your administrator for it.",
)
_BUSY = ("net.unreachable", "AWS did not answer {operation} after several tries: {code}.", "Try again in a minute.")
_STRANGER = (
    "net.proxy",
    "Something between here and AWS answered in its place.",
    "Check HTTPS_PROXY, or sign in to the network you are in.",
)
_CLOCK = (
    "net.clock",
    "AWS says the time on this machine is wrong.",
    "Set the clock (it may differ by at most five minutes), then try again.",
)
_ENDED = ("keys.expired", "The credentials of {profile} have ended.", "Renew them: ccsetup login {profile}")
_UNKNOWN = (
    "access.identity",
    "AWS does not know the credentials of {profile}.",
    "Check that the access key, its secret and its session token were copied whole and belong together.",
)
_NO_KEY = (
    "file.characters",
    "The keys of {profile} hold a line break, or something else that no key has.",
    "Set them anew: ccsetup setup keys --profile {profile}",
)
_NO_SOURCE = (
    "source.credential-source",
    "The credential_source of {profile} gives no credentials here: {says}",
    "Environment needs AWS_ACCESS_KEY_ID and its secret; the others an EC2 instance or a container.",
)
_NO_CERTIFICATES = (
    "net.tls",
    "The file of certificates that AWS_CA_BUNDLE or ca_bundle names cannot be read: {says}",
    "Correct its path: echo $AWS_CA_BUNDLE",
)
_NO_PROXY = (
    "net.proxy",
    "A proxy's address is none: {says}",
    "Correct HTTP_PROXY and HTTPS_PROXY: env | grep -i proxy",
)
_NO_SETTING = (
    "access.identity",
    "The AWS SDK does not take a setting: {says}",
    "Correct it in ~/.aws/config, or among the variables: env | grep AWS_",
)
_DAMAGED = ("sso.cache-corrupt", "The saved sign-in of {profile} is damaged.", _SIGN_IN)
_ASSERTION_REFUSED = (
    "access.assume",
    "AWS did not accept the SAML assertion.",
    "Give the whole SAMLResponse of a sign-in made for AWS; else ask the identity provider's administrator.",
)
_OF_SAML = {
    "ExpiredToken": (
        "keys.expired",
        "The SAML assertion has ended.",
        "Sign in at the identity provider again and give the new one within five minutes.",
    ),
    "InvalidIdentityToken": _ASSERTION_REFUSED,
    "IDPRejectedClaim": _ASSERTION_REFUSED,
}
_OF_SERVICE = {
    "MalformedPolicyDocument": (
        "input.invalid",
        "AWS did not accept the policy.",
        "Check it against what IAM takes, or leave --policy out for the repository alone.",
    ),
    "PackedPolicyTooLarge": (
        "input.invalid",
        "The policy is too large for AWS.",
        "Name fewer actions and resources, or leave --policy out for the repository alone.",
    ),
    "ExpiredToken": _ENDED,
    "InvalidClientTokenId": _UNKNOWN,
    "UnrecognizedClient": _UNKNOWN,
    "SignatureDoesNotMatch": _UNKNOWN,
    "InvalidSignature": _UNKNOWN,
    "MissingAuthenticationToken": _UNKNOWN,
    "IncompleteSignature": _UNKNOWN,
    "InvalidRepositoryName": ("access.repository", "{resource} is no repository name.", "A name is like MyDemoRepo."),
    "EncryptionKeyAccessDenied": (
        "access.kms",
        "The key that encrypts {resource} may not be used by {profile}.",
        "Ask for kms:Decrypt on the repository's key.",
    ),
    "EncryptionKeyDisabled": (
        "access.kms",
        "The key that encrypts {resource} is switched off.",
        "Tell its administrator.",
    ),
    "EncryptionKeyNotFound": ("access.kms", "The key that encrypts {resource} is gone.", "Tell its administrator."),
    "EncryptionKeyUnavailable": (
        "access.kms",
        "The key that encrypts {resource} cannot be used now.",
        "Try again soon.",
    ),
    "ExpiredIdentityToken": (
        "oidc.token-expired",
        "The OIDC token has ended.",
        "Have a new one written, then try again.",
    ),
    "InvalidIdentityToken": (
        "oidc.token-expired",
        "AWS did not accept the OIDC token.",
        "Check its issuer and audience against the role's trust policy, and that it is a fresh one.",
    ),
    "IDPRejectedClaim": (
        "oidc.token-expired",
        "The token's provider rejected it.",
        "Have a new one written, then try again.",
    ),
    "IDPCommunicationError": ("net.unreachable", "AWS could not reach the token's provider.", "Try again in a minute."),
    "RegionDisabled": ("access.region", "STS is switched off in {region} for that account.", "Use another region."),
    "ValidationError": ("role.arn", "AWS did not accept a value.", "Check the role ARN, the names and the durations."),
}

_OF_SDK = {
    "ProfileNotFound": (
        "profile.missing",
        "There is no profile {profile}.",
        "Set it up: ccsetup setup --profile {profile}",
    ),
    "ConfigParseError": (
        "file.stray-line",
        "The AWS config file cannot be read: {says}",
        "Have its line found and repaired: ccsetup doctor --fix",
    ),
    "PartialCredentialsError": ("keys.partial", "The profile {profile} is incomplete: {says}", _SET_UP),
    "NoCredentialsError": ("source.none", "The profile {profile} has no credentials.", _SET_UP),
    "UnauthorizedSSOTokenError": _SIGNED_OUT,
    "SSOTokenLoadError": ("sso.signed-out", "{profile} is not signed in.", _SIGN_IN),
    "TokenRetrievalError": _SIGNED_OUT,
    "SSOError": ("sso.signed-out", "{profile} could not be signed in: {says}", _SIGN_IN),
    "LoginError": (
        "keys.expired",
        "{profile} is not signed in: {says}",
        "Sign in again: aws login --profile {profile}",
    ),
    "InfiniteLoopConfigError": ("source.loop", "The source profiles of {profile} form a circle: {says}", _SET_UP),
    "InvalidConfigError": ("source.none", "The profile {profile} is incomplete: {says}", _SET_UP),
    "UnknownCredentialError": (
        "source.credential-source",
        "{profile} names a credential_source that there is not: {says}",
        "It is Environment, Ec2InstanceMetadata or EcsContainer.",
    ),
    "MetadataRetrievalError": _NO_SOURCE,
    "CredentialRetrievalError": (
        "process.failed",
        "The credentials of {profile} could not be fetched: {says}",
        "Run its credential_process by hand and look at what it says.",
    ),
    "MissingDependencyException": (
        "source.none",
        "{profile} needs a further package: {says}",
        "Sign in another way, or install it beside ccsetup and git-remote-codecommit: pip install 'botocore[crt]'",
    ),
    "NoRegionError": ("region.missing", "No region is known for {profile}.", "Give one: --region us-east-2"),
    "InvalidRegionError": ("region.invalid", "{region} is no region.", "A region is such as us-east-2."),
    "BaseEndpointResolverError": ("region.invalid", "{region} has no such service: {says}", "Use another region."),
    "EndpointProviderError": ("region.invalid", "{region} has no such service: {says}", "Use another region."),
    "SSLError": (
        "net.tls",
        "The certificate of AWS's address was not accepted: {says}",
        "Behind a company proxy, set AWS_CA_BUNDLE to its certificate file.",
    ),
    "ProxyConnectionError": ("net.proxy", "The proxy did not answer: {says}", "Check HTTPS_PROXY and NO_PROXY."),
    "ResponseParserError": _STRANGER,
    **dict.fromkeys(("LookupError", "AttributeError", "TypeError", "RecursionError", "UnicodeDecodeError"), _STRANGER),
    "HTTPClientError": ("net.unreachable", "AWS could not be reached: {says}", _TRY),
    "ConnectionError": ("net.unreachable", "AWS could not be reached: {says}", _TRY),
    "TimeoutError": ("net.unreachable", "AWS could not be reached: {says}", _TRY),
    "FileNotFoundError": ("oidc.token-missing", "A file that {profile} names is not there: {says}", "Check its path."),
    "OSError": ("file.unreadable", "A file that {profile} names cannot be read: {says}", "Check its permissions."),
    "ParamValidationError": (
        "role.arn",
        "The SDK did not accept a value of {profile}: {says}",
        "Check the role ARN, the names and the durations.",
    ),
}

# What only the words tell apart: of which classes → another code, or another row.
_OF_CONFIG = ("PartialCredentialsError", "InvalidConfigError", "CredentialRetrievalError")
_BY_WORDS: tuple[tuple[tuple[str, ...], str, str | Row], ...] = (
    (_OF_CONFIG, r"source_profile or credential_source", "source.none"),
    (_OF_CONFIG, r"contains both source_profile", "source.both"),
    (_OF_CONFIG, r"source_profile .* does not exist", "source.missing"),
    (_OF_CONFIG, r"source profile .* must have credentials", "source.empty"),
    (_OF_CONFIG, r"credential.source", _NO_SOURCE),
    (_OF_CONFIG, r"sso.session.* does not exist", "sso.session-missing"),
    (_OF_CONFIG, r"missing (?:the following|required) configuration", "sso.incomplete"),
    (_OF_CONFIG, r"is inconsistent between", "sso.conflict"),
    (_OF_CONFIG, r"no role ARN", "oidc.role"),
    (("LookupError",), r"^'[0-9a-f]{40}'$", _DAMAGED),  # the name of a sign-in's file
    (("TypeError", "ValueError"), r"Parser must be a string|offset-naive|Unknown string format", _DAMAGED),
    (("HTTPClientError",), r"Invalid header value", _NO_KEY),
    (("HTTPClientError",), r"Failed to parse", _NO_PROXY),
    (("SSLError",), r"No such file|Is a directory|Permission denied|PEM lib|NO_CERTIFICATE", _NO_CERTIFICATES),
    (("BotoCoreError",), r"(?i)invalid defaults mode|configur\w+ value|options? \S+ is invalid", _NO_SETTING),
)
