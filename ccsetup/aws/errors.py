"""Turns errors from AWS and its SDK into Problems: a code of the doctor's, what happened, and what to do.

`core.sdk_errors` decides what an error means; the words are here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from ccsetup.aws.access_request import explain
from ccsetup.aws.denials import of_call, of_key
from ccsetup.core import asked_role, detours, redact, sdk_errors
from ccsetup.core.command_line import quote, variables
from ccsetup.core.denial import Federated
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.installation import how_to_add
from ccsetup.core.model import Who
from ccsetup.core.profile_chain import program_of
from ccsetup.core.profile_kind import is_temporary
from ccsetup.core.program_keys import RENEW
from ccsetup.core.regions import REGIONS
from ccsetup.core.sdk_errors import Cause
from ccsetup.core.text import MASK, did_you_mean, inert, same_but_for_a_slip, veil

Words = tuple[str, str]  # what happened, what to do


def problem_of(error: BaseException, who: Who, resource: str = "", federated: Federated | None = None) -> Problem:
    """Return the Problem for an SDK error raised while acting on `resource` as `who` or as `federated`."""
    if isinstance(error, Problem):
        return error
    cause = sdk_errors.cause_of(error)
    if (answer := sdk_errors.answer_of(error)) is not None:
        return _of_service(cause, answer, getattr(error, "operation_name", ""), who, resource, federated)
    what, next = _WORDS[cause.name]
    if next == _TRY and who.region and who.region not in REGIONS:
        next = _TRY_REGION
    return _problem(cause, who, words=(what, next), says=says(error))


def of_aws_cli(said: str, who: Who) -> Problem:
    """Return the Problem for what the AWS CLI said when it had no credentials for a profile that `aws login` made.

    Its text is botocore's, whose errors it reports.
    """
    cause = sdk_errors.cause_of_aws_cli(said)
    return _problem(cause, who, says=_sentence(_hushed(said), 400) or "the AWS CLI failed.")


def too_busy(who: Who, operation: str, code: str) -> Problem:
    """Return the Problem for a service that is too busy to answer."""
    return _problem(sdk_errors.BUSY, who, operation=operation, code=code)


def says(error: BaseException) -> str:
    """Return an error's own text on one line: without secrets, shortened, and ending with a period."""
    return _sentence(_hushed(str(error)), 400) or f"{type(error).__name__}."


def _of_service(
    cause: Cause,
    answer: Mapping[str, object],
    operation: str,
    who: Who,
    resource: str,
    federated: Federated | None,
) -> Problem:
    code, message, http = sdk_errors.parts_of(answer)
    if cause.name in _DENIED:
        return _denied(cause, operation, message, who, resource, federated)
    why = _sentence(_hushed(message))
    role = asked_role.named(operation, message, who.profiles or {}, who.profile) or (
        resource if operation.startswith("AssumeRole") and resource.startswith("arn:") else ""
    )
    if role and cause.name in _OF_A_ROLE:
        return _problem(cause, who, why, words=(_OF_A_ROLE[cause.name], _WORDS[cause.name][1]), resource=role)
    if cause.name == "RepositoryDoesNotExist":
        what = inert(f"No repository {resource} in {who.region} is visible to {_name(who)}.")
        return NoRepository(
            what, why=why, next="Check the repository name (case-sensitive), the region, and the account."
        )
    if cause.name == "EncryptionKeyAccessDenied":
        return _no_key(cause, who, why, message, resource)
    return _problem(cause, who, why, operation=operation, resource=resource, code=code or str(http))


def _denied(
    cause: Cause, operation: str, message: str, who: Who, resource: str, federated: Federated | None
) -> Problem:
    """Return the Problem for a denial. Its text goes to an administrator, so nothing in it is masked."""
    why = _sentence(inert(message))
    if cause.name not in ("denied", "role denied", "no session"):
        return _problem(cause, who, why)
    if cause.name == "role denied":
        resource = resource or asked_role.named(operation, message, who.profiles or {}, who.profile)
    denial = of_call(operation, message, who.region, resource)
    words = _DENIED_ON if cause.name == "denied" and resource else _WORDS[cause.name]
    if cause.name == "role denied":
        resource = (denial.resource if denial else "") or resource or "the role"
    if denial and federated:
        denial = denial._replace(federated=federated)
    return explain(_problem(cause, who, why, words=words, operation=operation, resource=resource), denial)


def _no_key(cause: Cause, who: Who, why: str, message: str, resource: str) -> Problem:
    """Return the Problem for a KMS key that denies access to a repository; CodeCommit doesn't say which key it is."""
    denial = of_key(message, who.region, resource)
    return explain(_problem(cause, who, why, resource=resource), denial)


def _of_surroundings(next: str) -> str:
    """Return what to do about a proxy or certificates, which depends on the variables that are set."""
    if next == _PROXY:
        return detours.around_proxy(os.environ)
    if next == _CERTIFICATES:
        command = detours.without(detours.certificates(os.environ), os.environ)
        return f"Try again without it: {command}" if command else "To find the setting: ccsetup doctor"
    if next == _SETTING:
        return f"Check the setting in ~/.aws/config or in the environment: {variables('AWS_')}"
    return f"Install the package: {how_to_add('login')}" if next == _PACKAGE else next


def _problem(cause: Cause, who: Who, why: str = "", *, words: Words | None = None, **more: str) -> Problem:
    """Return a cause in words as a Problem about a profile, or about "this profile" if there is none."""
    what, next = words or _WORDS[cause.name]
    profiles, asked = who.profiles or {}, who.profile
    who = who._replace(profile=sdk_errors.at_fault(cause, profiles, who.profile))
    if cause.code in sdk_errors.WITHOUT_SOURCE and who.profile != asked:
        what, next = _without_source(profiles, who.profile, asked)
    if cause.name == "PartialCredentialsError":
        next = {"keys.partial": _ENTER, "env.partial": _unset_keys()}.get(cause.code, next)
    named = {"profile": _name(who), "region": who.region, **more}
    if cause.name == "unknown keys" and is_temporary(profiles.get(who.profile, {})):
        next = _COPY_AGAIN
    if cause.name in ("ended", "signed out", "unknown keys", "wrong secret") and program_of(profiles, who.profile):
        next = RENEW
    if not who.profile:
        next = next.replace(" --profile {profile}", "").replace("login {profile}", "login")
    next = _of_surroundings(next)
    typed = {**named, "profile": quote(named["profile"])}  # a command is pasted into a shell
    return Problem(inert(what.format(**named)), why=why, next=inert(next.format(**typed)), code=cause.code)


def _without_source(profiles: Mapping[str, Mapping[str, object]], source: str, name: str) -> Words:
    """Return the words for a profile whose source profile has no credentials, or doesn't exist."""
    if source not in profiles and any(same_but_for_a_slip(source, it) for it in profiles):
        hint = did_you_mean(source, profiles)
        return f'No profile "{_plain(source)}" to assume the role of {_plain(name)} with. {_plain(hint)}', _REPAIR
    return f"{{profile}}, the source profile of {_plain(name)}, has no credentials.", _ENTER


def _unset_keys() -> str:
    names = [name for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN") if name in os.environ]
    return f"Unset the incomplete credentials: {detours.without(names, os.environ)}"


def _plain(text: str) -> str:
    """Return a text that str.format leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def _name(who: Who) -> str:
    return who.profile or "this profile"


def _hushed(text: str) -> str:
    """Return an error's text without secrets. What the SDK says about a token is no secret."""
    return veil(redact.line(_ABOUT_TOKEN.sub("", inert(text).strip())), MASK)


def _sentence(text: str, most: int = 600) -> str:
    text = re.sub(r"\s+", " ", text).strip().rstrip(":").rstrip()
    text = text if len(text) < most else text[: most - 1] + "…"
    return text if not text or text.endswith((".", "…")) else text + "."


_ABOUT_TOKEN = re.compile(r"^(?:aws: )?(?:\[ERROR\]: )?(?:Error loading (?:login session|SSO) token: )?", re.IGNORECASE)
_SETTING = "the setting"
_PROXY = "the proxy"  # what to do about it depends on the environment
_CERTIFICATES = "the certificates"
_PACKAGE = "the package"
_REPAIR = "Repair the profile: ccsetup doctor --fix"
_ENTER = "Enter its access key: ccsetup login {profile}"
_COPY_AGAIN = "Copy the temporary credentials again, all three parts, and enter them: ccsetup login {profile}"
_SET_UP = "Set up the profile: ccsetup setup --profile {profile}"
_SIGN_IN = "Sign in again: ccsetup login {profile}"
_AGAIN = "Try again in a minute. If the error persists, send the output above to your administrator."
_TRY = "Check your network connection, then try again."
_TRY_REGION = (
    "Check the region: ccsetup doesn't know whether CodeCommit is in {region}. Then check your network connection."
)

_TELL = "Send the output above to your administrator."
_LONG_TERM = "Use an IAM user's long-term credentials (with an access key ID that starts with AKIA)."

_DENIED_ON = ("AWS denied {operation} on {resource}.", _TELL)
_DENIED = {
    "denied": ("AWS denied {operation}.", _TELL),
    "role denied": (
        "AWS didn't allow these credentials to assume {resource}.",
        "Check the role ARN, external ID, and MFA device.",
    ),
    "wrong MFA code": (
        "AWS rejected the MFA code.",
        "Each code works only once and expires after 30 seconds. Wait for the next code, then enter it.",
    ),
    "no federation": ("These credentials can't be used to get a federation token.", _LONG_TERM),
    **dict.fromkeys(
        ("no session", "no second session"),
        ("These credentials can't be used to get an MFA session.", _LONG_TERM),
    ),
}

_OF_A_ROLE = {  # a cause's name → what happened, where it is known which role was asked for
    "no such role": "Your sign-in doesn't have {resource}.",
    "InvalidIdentityToken": "AWS rejected the OIDC token for {resource}.",
    "IDPRejectedClaim": "The identity provider rejected the OIDC token for {resource}.",
    "assertion refused": "AWS rejected the SAML assertion for {resource}.",
    "ValidationError": "AWS rejected a value in the request for {resource}.",
}

# A cause's name → what happened, what to do.
_WORDS: dict[str, Words] = {
    **_DENIED,
    "signed out": ("The sign-in for {profile} has expired.", _SIGN_IN),
    "no such role": (
        "Your sign-in doesn't have access to the role in {profile}.",
        "Ask your administrator for access, or choose another account or role: ccsetup setup --profile {profile}",
    ),
    "other": ("The AWS SDK couldn't use {profile}: {says}", _REPAIR),
    "refused": ("AWS rejected {operation}: {code}.", _AGAIN),
    "busy": ("AWS was too busy for {operation} after several attempts: {code}.", "Try again in a minute."),
    "stranger": (
        "Something other than AWS responded to the request.",
        _PROXY,
    ),
    "clock": (
        "According to AWS, this computer's clock is wrong.",
        "Set the clock to within five minutes of the correct time, then try again.",
    ),
    "assertion expired": (
        "The SAML assertion has expired.",
        "Sign in to your identity provider again and use the new assertion within five minutes.",
    ),
    "assertion refused": (
        "AWS rejected the SAML assertion.",
        "Use the complete SAMLResponse from an AWS sign-in, or contact your identity provider's administrator.",
    ),
    "MalformedPolicyDocument": (
        "AWS rejected the policy.",
        "Check that it's a valid IAM policy, or omit --policy to allow only this repository.",
    ),
    "PackedPolicyTooLarge": (
        "The policy is too large for AWS.",
        "List fewer actions and resources, or omit --policy to allow only this repository.",
    ),
    "ended": ("The credentials for {profile} have expired.", "Renew the credentials: ccsetup login {profile}"),
    "unknown keys": (
        "AWS doesn't recognize the credentials for {profile}.",
        "If the access key was replaced, or isn't complete, enter the new one. If you don't have one, ask your "
        "administrator for a new access key. To enter it: ccsetup login {profile}",
    ),
    "wrong secret": (
        "The secret access key of {profile} doesn't match its access key ID.",
        "Enter both again: ccsetup login {profile}",
    ),
    "InvalidRepositoryName": ("{resource} isn't a valid repository name.", "Use a name like MyDemoRepo."),
    "EncryptionKeyAccessDenied": (
        "{profile} isn't allowed to use the KMS key that encrypts {resource}.",
        "Ask your administrator for the kms:Decrypt permission on the key.",
    ),
    "EncryptionKeyDisabled": (
        "The KMS key that encrypts {resource} is disabled.",
        "Contact the administrator of the KMS key.",
    ),
    "EncryptionKeyNotFound": (
        "The KMS key that encrypts {resource} doesn't exist.",
        "Contact the administrator of the KMS key.",
    ),
    "EncryptionKeyUnavailable": (
        "The KMS key that encrypts {resource} isn't available right now.",
        "Try again in a minute.",
    ),
    "ExpiredIdentityToken": ("The OIDC token has expired.", "Get a new token, then try again."),
    "InvalidIdentityToken": (
        "AWS rejected the OIDC token.",
        "Get a new token, and check that its issuer and audience match the role's trust policy.",
    ),
    "IDPRejectedClaim": ("The identity provider rejected the OIDC token.", "Get a new token, then try again."),
    "IDPCommunicationError": ("AWS couldn't reach the identity provider.", "Try again in a minute."),
    "RegionDisabled": ("STS is disabled in {region} for this account.", "Use another region."),
    "ValidationError": ("AWS rejected a value in the request.", "Check the role ARN, session name, and duration."),
    "ProfileNotFound": ('No profile "{profile}".', _SET_UP),
    "ConfigParseError": (
        "The AWS config file can't be read: {says}",
        "To find and repair the line: ccsetup doctor --fix",
    ),
    "PartialCredentialsError": ("Profile {profile} is incomplete: {says}", _REPAIR),
    "NoCredentialsError": ("Profile {profile} has no credentials.", _SET_UP),
    "SSOTokenLoadError": ("{profile} isn't signed in.", _SIGN_IN),
    "SSOError": ("Couldn't sign in to {profile}: {says}", _SIGN_IN),
    "LoginError": ("{profile} isn't signed in: {says}", _SIGN_IN),
    "LoginInsufficientPermissions": (
        "The console user or role of {profile} isn't allowed to sign in for command line tools.",
        "Ask your administrator to attach the AWS managed policy SignInLocalDevelopmentAccess.",
    ),
    "LoginRefreshRequired": ("The sign-in for {profile} has expired.", _SIGN_IN),
    "LoginTokenLoadError": ("{profile} isn't signed in.", _SIGN_IN),
    "InfiniteLoopConfigError": ("The source profiles of {profile} form a loop: {says}", _REPAIR),
    "InvalidConfigError": ("Profile {profile} is incomplete: {says}", _REPAIR),
    "UnknownCredentialError": (
        "{profile} has an unknown credential_source: {says}",
        _REPAIR,
    ),
    "no credential source": (
        "The credential_source in {profile} isn't available on this computer: {says}",
        "Environment requires AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Other sources work only on an EC2 instance"
        " or in a container.",
    ),
    "CredentialRetrievalError": (
        "Couldn't get credentials for {profile}: {says}",
        "Run the credential_process command yourself and check its output.",
    ),
    "MissingDependencyException": (
        "{profile} requires another package: {says}",
        _PACKAGE,
    ),
    "NoRegionError": ("{profile} has no region.", "Pass a region: --region us-east-2"),
    "InvalidRegionError": ("{region} isn't a region.", "Use a region like us-east-2."),
    "no endpoint": ("The service isn't available in {region}: {says}", "Use another region."),
    "SSLError": (
        "The AWS TLS certificate isn't trusted: {says}",
        "If you're behind a company proxy, set AWS_CA_BUNDLE to the proxy's certificate file.",
    ),
    "ProxyConnectionError": ("The proxy isn't responding: {says}", _PROXY),
    "unreachable": ("Couldn't reach AWS: {says}", _TRY),
    "FileNotFoundError": ("A file that {profile} uses doesn't exist: {says}", "Check the file's path."),
    "OSError": ("A file that {profile} uses can't be read: {says}", "Check the file's permissions."),
    "ParamValidationError": (
        "The AWS SDK rejected a value in {profile}: {says}",
        "Check the role ARN, session name, and duration.",
    ),
    "damaged sign-in": ("The saved sign-in for {profile} is damaged.", _SIGN_IN),
    "line break in keys": (
        "The credentials for {profile} contain a line break or another invalid character.",
        "Enter the credentials again: ccsetup login {profile}",
    ),
    "empty key": ("{profile} has an incomplete access key.", _ENTER),
    "invalid proxy": ("A proxy address is invalid: {says}", _PROXY),
    "no certificates": (
        "The certificate file in AWS_CA_BUNDLE or ca_bundle can't be read: {says}",
        _CERTIFICATES,
    ),
    "invalid setting": (
        "The AWS SDK rejected a setting: {says}",
        _SETTING,
    ),
}
