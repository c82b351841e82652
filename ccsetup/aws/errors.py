"""Turns errors from AWS and its SDK into Problems: a code of the doctor's, what happened, and what to do.

It doesn't import the SDK: errors are identified by their class names and the services' error codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from shlex import quote

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
    """Return the Problem for an SDK error raised while acting on `resource` as `who` or as `federated`."""
    if isinstance(error, Problem):
        return error
    response = getattr(error, "response", None)
    if isinstance(response, Mapping) and isinstance(response.get("Error"), Mapping):
        return _of_service(response, getattr(error, "operation_name", ""), who, resource, federated)
    code, what, next = _row(error)
    if next == _TRY and who.region and who.region not in REGIONS:
        next = _TRY_REGION
    return _problem((code, what, next), who, says=says(error))


def of_aws_cli(said: str, who: Who) -> Problem:
    """Return the Problem for what the AWS CLI said when it had no credentials for a profile that `aws login` made.

    Its text is botocore's, whose errors it reports.
    """
    row = next((_OF_SDK[name] for pattern, name in _OF_AWS_CLI if re.search(pattern, said)), _OF_SDK["LoginError"])
    return _problem(row, who, says=_sentence(_hushed(said), 400) or "the AWS CLI failed.")


def too_busy(who: Who, operation: str, code: str) -> Problem:
    """Return the Problem for a service that is too busy to answer."""
    return _problem(_BUSY, who, operation=operation, code=code)


def says(error: BaseException) -> str:
    """Return an error's own text on one line: without secrets, shortened, and ending with a period."""
    return _sentence(_hushed(str(error)), 400) or f"{type(error).__name__}."


def _row(error: BaseException) -> Row:
    """Return an SDK error's code, what happened and what to do. Some errors differ only in their text."""
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
        what = inert(f"No repository {resource} in {who.region} is visible to {_name(who)}.")
        return NoRepository(what, why=why, next="Check its name (it's case-sensitive), the region and the account.")
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
    """Return the Problem for a denial. Its text goes to an administrator, so nothing in it is masked."""
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
    """Return the Problem for a KMS key that denies access to a repository; CodeCommit doesn't say which key it is."""
    denial = of_key(message, who.region, resource)
    return explain(_problem(_OF_SERVICE["EncryptionKeyAccessDenied"], who, why, resource=resource), denial)


def _problem(row: Row, who: Who, why: str = "", **more: str) -> Problem:
    """Return a row of the tables as a Problem about a profile, or about "this profile" if there is none."""
    code, what, next = row
    words = {"profile": _name(who), "region": who.region, **more}
    if row in (_ENDED, _SIGNED_OUT) and who.profiles and program_of(who.profiles, who.profile):
        next = RENEW
    if not who.profile:
        next = next.replace(" --profile {profile}", "").replace("login {profile}", "login")
    typed = {**words, "profile": quote(words["profile"])}  # a command is pasted into a shell
    return Problem(inert(what.format(**words)), why=why, next=inert(next.format(**typed)), code=code)


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
_AWS_LOGIN = "Sign in again: aws login --profile {profile}"
_AGAIN = "Try again in a minute. If it still fails, send the lines above to your administrator."
_TRY = "Check your network connection, then try again."
_TRY_REGION = (
    "Check the region: ccsetup doesn't know whether CodeCommit is in {region}. Then check your network connection."
)

_TELL = "Send the lines above to your administrator."
_OF_SIGN_IN = ("GetRoleCredentials", "ListAccountRoles", "ListAccounts")

_DENIED = ("access.repository", "AWS denied {operation}.", _TELL)
_DENIED_ON = ("access.repository", "AWS denied {operation} on {resource}.", _TELL)
_SIGNED_OUT = ("sso.expired", "The sign-in for {profile} has expired.", _SIGN_IN)
_NO_CODE = (
    "access.assume",
    "AWS rejected the MFA code.",
    "Each code works only once and expires after 30 seconds. Wait for the next one and enter it.",
)
_NO_SESSION = (
    "access.identity",
    "AWS doesn't issue an MFA session for these credentials.",
    "Use the long-term credentials (access key ID starting with AKIA) of an IAM user.",
)
_NO_FEDERATION = (
    "access.identity",
    "AWS doesn't issue a federation token for these credentials.",
    "Use the long-term credentials (access key ID starting with AKIA) of an IAM user.",
)
_NO_ROLE = (
    "access.assume",
    "AWS didn't allow these credentials to assume {resource}.",
    "Check the role ARN, the external ID and MFA.",
)
_OTHER = ("access.identity", "The AWS SDK couldn't use {profile}: {says}", _SET_UP)
_NO_SUCH_ROLE = (
    "access.assume",
    "Your sign-in doesn't have access to the role in {profile}.",
    "Check the account and the role, or ask your administrator for access.",
)
_BUSY = ("net.unreachable", "AWS didn't answer {operation} after several tries: {code}.", "Try again in a minute.")
_STRANGER = (
    "net.proxy",
    "Something other than AWS answered the request.",
    "Check HTTPS_PROXY, or sign in to your network.",
)
_CLOCK = (
    "net.clock",
    "This computer's clock is wrong, according to AWS.",
    "Set the clock to within five minutes of the correct time, then try again.",
)
_ENDED = ("keys.expired", "The credentials of {profile} have expired.", "Renew them: ccsetup login {profile}")
_UNKNOWN = (
    "access.identity",
    "AWS doesn't recognize the credentials of {profile}.",
    "Check that the access key ID, secret access key and session token are complete and belong together.",
)
_NO_KEY = (
    "file.characters",
    "The credentials of {profile} contain a line break or another invalid character.",
    "Set them again: ccsetup setup keys --profile {profile}",
)
_NO_SOURCE = (
    "source.credential-source",
    "The credential_source of {profile} provides no credentials on this computer: {says}",
    "Environment needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. The other sources work only on an EC2 instance or"
    " in a container.",
)
_NO_CERTIFICATES = (
    "net.tls",
    "The certificate file in AWS_CA_BUNDLE or ca_bundle can't be read: {says}",
    "Correct its path: echo $AWS_CA_BUNDLE",
)
_NO_PROXY = (
    "net.proxy",
    "A proxy address is invalid: {says}",
    "Correct HTTP_PROXY and HTTPS_PROXY: env | grep -i proxy",
)
_NO_SETTING = (
    "access.identity",
    "The AWS SDK rejected a setting: {says}",
    "Correct it in ~/.aws/config or in the environment: env | grep AWS_",
)
_DAMAGED = ("sso.cache-corrupt", "The saved sign-in for {profile} is damaged.", _SIGN_IN)
_ASSERTION_REFUSED = (
    "access.assume",
    "AWS rejected the SAML assertion.",
    "Use the complete SAMLResponse of a sign-in to AWS, or ask your identity provider's administrator.",
)
_OF_SAML = {
    "ExpiredToken": (
        "keys.expired",
        "The SAML assertion has expired.",
        "Sign in to your identity provider again and use the new assertion within five minutes.",
    ),
    "InvalidIdentityToken": _ASSERTION_REFUSED,
    "IDPRejectedClaim": _ASSERTION_REFUSED,
}
_OF_SERVICE = {
    "MalformedPolicyDocument": (
        "input.invalid",
        "AWS rejected the policy.",
        "Check that it's a valid IAM policy, or omit --policy to allow only this repository.",
    ),
    "PackedPolicyTooLarge": (
        "input.invalid",
        "The policy is too large for AWS.",
        "List fewer actions and resources, or omit --policy to allow only this repository.",
    ),
    "ExpiredToken": _ENDED,
    "InvalidClientTokenId": _UNKNOWN,
    "UnrecognizedClient": _UNKNOWN,
    "SignatureDoesNotMatch": _UNKNOWN,
    "InvalidSignature": _UNKNOWN,
    "MissingAuthenticationToken": _UNKNOWN,
    "IncompleteSignature": _UNKNOWN,
    "InvalidRepositoryName": (
        "access.repository",
        "{resource} isn't a valid repository name.",
        "Check the name. For example: MyDemoRepo.",
    ),
    "EncryptionKeyAccessDenied": (
        "access.kms",
        "{profile} isn't allowed to use the KMS key that encrypts {resource}.",
        "Ask your administrator for kms:Decrypt on the repository's key.",
    ),
    "EncryptionKeyDisabled": (
        "access.kms",
        "The KMS key that encrypts {resource} is disabled.",
        "Tell its administrator.",
    ),
    "EncryptionKeyNotFound": (
        "access.kms",
        "The KMS key that encrypts {resource} doesn't exist.",
        "Tell its administrator.",
    ),
    "EncryptionKeyUnavailable": (
        "access.kms",
        "The KMS key that encrypts {resource} isn't available right now.",
        "Try again in a minute.",
    ),
    "ExpiredIdentityToken": (
        "oidc.token-expired",
        "The OIDC token has expired.",
        "Get a new token, then try again.",
    ),
    "InvalidIdentityToken": (
        "oidc.token-expired",
        "AWS rejected the OIDC token.",
        "Check that its issuer and audience match the role's trust policy, and that the token is new.",
    ),
    "IDPRejectedClaim": (
        "oidc.token-expired",
        "The identity provider rejected the OIDC token.",
        "Get a new token, then try again.",
    ),
    "IDPCommunicationError": (
        "net.unreachable",
        "AWS couldn't reach the identity provider.",
        "Try again in a minute.",
    ),
    "RegionDisabled": ("access.region", "STS is disabled in {region} for that account.", "Use another region."),
    "ValidationError": (
        "role.arn",
        "AWS rejected a value in the request.",
        "Check the role ARN, the names and the durations.",
    ),
}

_OF_SDK = {
    "ProfileNotFound": (
        "profile.missing",
        'No profile "{profile}".',
        "Set it up: ccsetup setup --profile {profile}",
    ),
    "ConfigParseError": (
        "file.stray-line",
        "The AWS config file can't be read: {says}",
        "Find and repair the line: ccsetup doctor --fix",
    ),
    "PartialCredentialsError": ("keys.partial", "Profile {profile} is incomplete: {says}", _SET_UP),
    "NoCredentialsError": ("source.none", "Profile {profile} has no credentials.", _SET_UP),
    "UnauthorizedSSOTokenError": _SIGNED_OUT,
    "SSOTokenLoadError": ("sso.signed-out", "{profile} isn't signed in.", _SIGN_IN),
    "TokenRetrievalError": _SIGNED_OUT,
    "SSOError": ("sso.signed-out", "Couldn't sign in to {profile}: {says}", _SIGN_IN),
    "LoginError": ("keys.expired", "{profile} isn't signed in: {says}", _AWS_LOGIN),
    "LoginRefreshRequired": ("keys.expired", "The sign-in for {profile} has expired.", _AWS_LOGIN),
    "LoginTokenLoadError": ("keys.expired", "{profile} isn't signed in.", _AWS_LOGIN),
    "InfiniteLoopConfigError": ("source.loop", "The source profiles of {profile} form a loop: {says}", _SET_UP),
    "InvalidConfigError": ("source.none", "Profile {profile} is incomplete: {says}", _SET_UP),
    "UnknownCredentialError": (
        "source.credential-source",
        "The credential_source of {profile} doesn't exist: {says}",
        "Use one of: Environment, Ec2InstanceMetadata, EcsContainer.",
    ),
    "MetadataRetrievalError": _NO_SOURCE,
    "CredentialRetrievalError": (
        "process.failed",
        "Couldn't get the credentials of {profile}: {says}",
        "Run its credential_process yourself and check its output.",
    ),
    "MissingDependencyException": (
        "source.none",
        "{profile} needs another package: {says}",
        "Sign in another way, or install it next to ccsetup and git-remote-codecommit: pip install 'botocore[crt]'",
    ),
    "NoRegionError": ("region.missing", "{profile} has no region.", "Pass one: --region us-east-2"),
    "InvalidRegionError": ("region.invalid", "{region} isn't a region.", "Check the region. For example: us-east-2."),
    "BaseEndpointResolverError": (
        "region.invalid",
        "The service isn't available in {region}: {says}",
        "Use another region.",
    ),
    "EndpointProviderError": (
        "region.invalid",
        "The service isn't available in {region}: {says}",
        "Use another region.",
    ),
    "SSLError": (
        "net.tls",
        "The TLS certificate of AWS isn't trusted: {says}",
        "Behind a company proxy, set AWS_CA_BUNDLE to its certificate file.",
    ),
    "ProxyConnectionError": ("net.proxy", "The proxy didn't answer: {says}", "Check HTTPS_PROXY and NO_PROXY."),
    "ResponseParserError": _STRANGER,
    **dict.fromkeys(("LookupError", "AttributeError", "TypeError", "RecursionError", "UnicodeDecodeError"), _STRANGER),
    "HTTPClientError": ("net.unreachable", "Couldn't reach AWS: {says}", _TRY),
    "ConnectionError": ("net.unreachable", "Couldn't reach AWS: {says}", _TRY),
    "TimeoutError": ("net.unreachable", "Couldn't reach AWS: {says}", _TRY),
    "FileNotFoundError": ("oidc.token-missing", "A file that {profile} uses doesn't exist: {says}", "Check its path."),
    "OSError": ("file.unreadable", "A file that {profile} uses can't be read: {says}", "Check its permissions."),
    "ParamValidationError": (
        "role.arn",
        "The AWS SDK rejected a value in {profile}: {says}",
        "Check the role ARN, the names and the durations.",
    ),
}

# What the AWS CLI says if it can't get the credentials of a sign-in, and the error of the SDK that this is.
_OF_AWS_CLI = (
    (r"session has expired or credentials have changed", "LoginRefreshRequired"),
    (r"Error loading login session token", "LoginTokenLoadError"),
    (r"SSL validation failed", "SSLError"),
    (r"Failed to connect to proxy URL", "ProxyConnectionError"),
    (r"Could not connect to the endpoint|timeout on endpoint|Connection was closed", "ConnectionError"),
)

# Errors that differ only in their text: class names, pattern, and another code or another row.
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
    (("LookupError",), r"^'[0-9a-f]{40}'$", _DAMAGED),  # the name of a saved sign-in's file
    (("TypeError", "ValueError"), r"Parser must be a string|offset-naive|Unknown string format", _DAMAGED),
    (("HTTPClientError",), r"Invalid header value", _NO_KEY),
    (("HTTPClientError",), r"Failed to parse", _NO_PROXY),
    (("SSLError",), r"No such file|Is a directory|Permission denied|PEM lib|NO_CERTIFICATE", _NO_CERTIFICATES),
    (("BotoCoreError",), r"(?i)invalid defaults mode|configur\w+ value|options? \S+ is invalid", _NO_SETTING),
)
