"""What AWS and its SDK say no with → Problems: which code of the findings table, in which words, and what to do.

Pure: errors are told apart by the names of their classes and by the codes services answer, never by importing the SDK.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ccsetup.errors import NoRepository, Problem
from ccsetup.model import Who

_SIGN_IN = "Sign in again: ccsetup setup"


def problem_of(error: BaseException, who: Who, resource: str = "") -> Problem:
    """Return the Problem for an SDK's error, seen while acting as `who` on `resource`."""
    if isinstance(error, Problem):
        return error
    response = getattr(error, "response", None)
    if isinstance(response, Mapping) and "Error" in response:
        return _of_service(response, getattr(error, "operation_name", ""), who, resource)
    for name in (cls.__name__ for cls in type(error).__mro__):
        if name in _OF_SDK:
            code, what, next = _OF_SDK[name]
            return Problem(
                what.format(profile=who.profile, says=says(error)), next=next.format(profile=who.profile), code=code
            )
    return Problem(f"The AWS SDK could not use the profile {who.profile}: {says(error)}", code="access.identity")


def says(error: BaseException) -> str:
    """Return an error's own words on one line, cut to a readable length and ended with a stop."""
    text = re.sub(r"\s+", " ", str(error)).strip()
    text = text if len(text) < 400 else text[:399] + "…"
    return text if text.endswith((".", "…")) else text + "."


def _of_service(response: Mapping[str, object], operation: str, who: Who, resource: str) -> Problem:
    error = response["Error"]
    assert isinstance(error, Mapping)  # noqa: S101
    code, message = str(error.get("Code", "")), str(error.get("Message", ""))
    name = code.removesuffix("Exception")
    if name in ("AccessDenied", "Unauthorized", "UnauthorizedOperation"):
        return _denied(operation, message, who, resource)
    if operation == "GetRoleCredentials" and name in ("Forbidden", "ResourceNotFound", "InvalidRequest"):
        return Problem(
            f"This sign-in does not have the role that {who.profile} names.",
            why=_sentence(message),
            next="Check the account and the role, or ask your administrator for it.",
            code="access.assume",
        )
    if name == "RepositoryDoesNotExist":
        return NoRepository(
            f"There is no repository {resource} in {who.region} that {who.profile} can see.",
            why=_sentence(message),
            next="Check its name (capitals matter), the region and the account.",
        )
    if name in _OF_SERVICE:
        finding, what, next = _OF_SERVICE[name]
        if finding == "access.identity" and re.search(r"(?i)not yet current|expired|skew|RequestTime", message):
            finding, what, next = _CLOCK
        return Problem(
            what.format(profile=who.profile, region=who.region, resource=resource),
            why=_sentence(message),
            next=next.format(profile=who.profile, region=who.region, resource=resource),
            code=finding,
        )
    status = response.get("ResponseMetadata", {})
    http = status.get("HTTPStatusCode", 0) if isinstance(status, Mapping) else 0
    if int(http or 0) >= 500 or "Throttl" in code or code in ("TooManyRequestsException", "SlowDown"):
        return Problem(
            f"AWS did not answer {operation} after several tries: {code}.",
            why=_sentence(message),
            next="Try again in a minute.",
            code="net.unreachable",
        )
    return Problem(f"AWS refused {operation}: {code}.", why=_sentence(message), code="access.identity")


def _sentence(message: str) -> str:
    text = re.sub(r"\s+", " ", message).strip()
    return text if len(text) < 600 else text[:599] + "…"


def _denied(operation: str, message: str, who: Who, resource: str) -> Problem:
    if "MultiFactorAuthentication failed" in message:
        return Problem(
            "AWS refused the MFA code.",
            why=_sentence(message),
            next="Each code works once and for half a minute; wait for the next one and give that.",
            code="access.assume",
        )
    if operation == "GetSessionToken" or "session credentials" in message:
        return Problem(
            "AWS gives no MFA session to these keys.",
            why=_sentence(message),
            next="They must be the long-term keys (AKIA…) of an IAM user.",
            code="access.identity",
        )
    if operation.startswith("AssumeRole"):
        role = resource or _role_in(message) or "the role"
        return Problem(
            f"AWS did not let these credentials assume {role}.",
            why=_sentence(message),
            next="Check the role ARN, the external ID and MFA; else send the line above to the role's administrator.",
            code="access.assume",
        )
    what = f"AWS denied {operation}" + (f" on {resource}." if resource else ".")
    return Problem(
        what,
        why=_sentence(message),
        next="Send the line above to the administrator; it names who, what and on which resource.",
        code="access.repository",
    )


def _role_in(message: str) -> str:
    found = re.search(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+", message)
    return found[0].rstrip(".,") if found else ""


_CLOCK = (
    "net.clock",
    "AWS says the time on this machine is wrong.",
    "Set the clock (it may differ by at most five minutes), then try again.",
)
_ENDED = ("keys.expired", "The credentials of {profile} have ended.", "Get new ones: ccsetup setup --profile {profile}")
_UNKNOWN = (
    "access.identity",
    "AWS does not know the credentials of {profile}.",
    "Check that the access key, its secret and its session token were copied whole and belong together.",
)
_OF_SERVICE = {
    "ExpiredToken": _ENDED,
    "RequestExpired": _CLOCK,
    "InvalidClientTokenId": _UNKNOWN,
    "UnrecognizedClient": _UNKNOWN,
    "InvalidAccessKeyId": _UNKNOWN,
    "SignatureDoesNotMatch": _UNKNOWN,
    "InvalidSignature": _UNKNOWN,
    "MissingAuthenticationToken": _UNKNOWN,
    "IncompleteSignature": _UNKNOWN,
    "InvalidToken": _UNKNOWN,
    "InvalidRepositoryName": (
        "access.repository",
        "{resource} is no repository name.",
        "A name is such as MyDemoRepo.",
    ),
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
    "ValidationError": (
        "role.arn",
        "AWS did not accept a value of {profile}.",
        "Check the role ARN and the durations.",
    ),
    "InvalidAuthorizationMessage": _UNKNOWN,
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
        "Mend the line that is named.",
    ),
    "PartialCredentialsError": (
        "keys.partial",
        "The keys of {profile} are incomplete: {says}",
        "Set them anew: ccsetup setup keys --profile {profile}",
    ),
    "NoCredentialsError": (
        "source.none",
        "The profile {profile} has no credentials.",
        _SIGN_IN + " --profile {profile}",
    ),
    "UnauthorizedSSOTokenError": (
        "sso.expired",
        "The sign-in of {profile} has ended.",
        _SIGN_IN + " --profile {profile}",
    ),
    "SSOTokenLoadError": ("sso.signed-out", "{profile} is not signed in.", _SIGN_IN + " --profile {profile}"),
    "TokenRetrievalError": ("sso.expired", "The sign-in of {profile} has ended.", _SIGN_IN + " --profile {profile}"),
    "SSOError": ("sso.signed-out", "{profile} could not be signed in: {says}", _SIGN_IN + " --profile {profile}"),
    "InfiniteLoopConfigError": ("source.loop", "The source profiles of {profile} form a circle: {says}", ""),
    "InvalidConfigError": ("source.none", "The profile {profile} is incomplete: {says}", ""),
    "CredentialRetrievalError": ("process.failed", "The credentials of {profile} could not be fetched: {says}", ""),
    "MissingDependencyException": ("source.none", "{profile} needs a further package: {says}", ""),
    "SSLError": (
        "net.tls",
        "The certificate of AWS's address was not accepted: {says}",
        "Behind a company proxy, set AWS_CA_BUNDLE to its certificate file.",
    ),
    "ProxyConnectionError": ("net.proxy", "The proxy did not answer: {says}", "Check HTTPS_PROXY and NO_PROXY."),
    "InvalidProxiesConfigError": ("net.proxy", "The proxy is set wrongly: {says}", "Check HTTPS_PROXY and NO_PROXY."),
    "ResponseParserError": (
        "net.proxy",
        "Something between here and AWS answered in its place.",
        "Check HTTPS_PROXY, or sign in to the network you are in.",
    ),
    "HTTPClientError": ("net.unreachable", "AWS could not be reached: {says}", "Check the network, then try again."),
    "ConnectionError": ("net.unreachable", "AWS could not be reached: {says}", "Check the network, then try again."),
    "FileNotFoundError": ("oidc.token-missing", "A file that {profile} names is not there: {says}", "Check its path."),
    "OSError": ("file.unreadable", "A file that {profile} names cannot be read: {says}", "Check its permissions."),
    "ParamValidationError": ("role.arn", "The SDK did not accept a value of {profile}: {says}", ""),
    "ValueError": ("region.invalid", "The SDK did not accept a value of {profile}: {says}", ""),
}
