"""STS: the caller's identity, and temporary credentials in exchange for credentials, codes and tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ccsetup.sandbox import policy_engine, saml, signatures
from ccsetup.sandbox.http import Refusal
from ccsetup.sandbox.resources import Caller, Keys, Policy, Role, new_key_id
from ccsetup.sandbox.state import State
from ccsetup.sandbox.sts_rules import RULES, validate

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
UNSIGNED = frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
_SOCIAL = frozenset({"www.amazon.com", "graph.facebook.com"})
_BUILT_IN = frozenset({"accounts.google.com", "cognito-identity.amazonaws.com"})
_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/(?:[\x21-\x7e]+/)?[\w+=,.@-]{1,64}")


@dataclass(frozen=True)
class Call:
    """One call: the state, the caller (None: unsigned), and the form's fields."""

    state: State
    caller: Caller | None
    given: Mapping[str, str]

    @property
    def who(self) -> Caller:
        """Return the caller of a signed call."""
        if self.caller is None:
            raise Refusal("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
        return self.caller

    def seconds(self, default: int) -> int:
        """Return DurationSeconds."""
        return int(self.given.get("DurationSeconds") or default)


def answer(call: Call, operation: str) -> dict[str, Any]:
    """Answer one operation. Raises Refusal."""
    if operation not in OPERATIONS:
        raise Refusal("InvalidAction", f"Could not find operation {operation} for version 2011-06-15", 400)
    validate(call.given, RULES[operation])
    return OPERATIONS[operation](call)


def get_caller_identity(call: Call) -> dict[str, Any]:
    """Return the caller's identity. It needs no permission."""
    return {"Arn": call.who.arn, "UserId": call.who.user_id, "Account": call.who.account_id}


def get_access_key_info(call: Call) -> dict[str, Any]:
    """Return the account of an access key ID."""
    call.state.demand(call.who, "sts:GetAccessKeyInfo", "*", "AccessDenied", 403)
    keys = call.state.keys.get(call.given["AccessKeyId"])
    if keys is None:
        raise Refusal("ValidationError", f"Invalid access key id: {call.given['AccessKeyId']}", 400)
    return {"Account": keys.caller.account_id}


def assume_role(call: Call) -> dict[str, Any]:
    """Issue a role's credentials. Both the caller's policies and the role's trust policy must allow it."""
    caller, arn = call.who, call.given["RoleArn"]
    if not _ROLE.fullmatch(arn):
        raise Refusal("ValidationError", f"{arn} is invalid", 400)
    role = call.state.roles.get(arn)
    mfa = _mfa(call)
    context = {"sts__ExternalId": call.given.get("ExternalId"), "aws__MultiFactorAuthPresent": mfa,
               "sts__RoleSessionName": call.given["RoleSessionName"]}  # fmt: skip
    direct = role is not None and _trusts(call, role, context)
    decision = call.state.may(caller, "sts:AssumeRole", arn, **context)
    named = direct in (caller.arn, caller.identity) and role is not None and role.account_id == caller.account_id
    refused = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    if not decision.allowed and not (named and "explicit deny" not in decision.why):
        raise Refusal("AccessDenied", f"{refused} {decision.why}", 403)
    if role is None or not direct:
        raise Refusal("AccessDenied", refused, 403)
    _check_duration(call, role, chained=caller.kind != "user")
    keys = call.state.role_keys(
        role, call.given["RoleSessionName"], call.seconds(3600), mfa or None, _narrowed(call.given)
    )
    return _role_answer(keys)


def assume_role_with_web_identity(call: Call) -> dict[str, Any]:
    """Exchange an identity provider's token for a role's credentials. The call isn't signed."""
    arn, provider_id = call.given["RoleArn"], call.given.get("ProviderId", "")
    if not _ROLE.fullmatch(arn):
        raise Refusal("ValidationError", "Request ARN is invalid", 400)
    role = call.state.roles.get(arn)
    issuer, principal, claims = _identified(call, arn, provider_id)
    audience = str(claims.get("azp") or _first(claims.get("aud", "")))
    context = {f"{issuer}:{name}".lower(): value for name, value in claims.items()}
    context[f"{issuer}:aud".lower()] = audience
    if role is None or not policy_engine.trusted(role.trust, "sts:AssumeRoleWithWebIdentity", [principal], context):
        raise Refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
    _check_duration(call, role, chained=False)
    keys = call.state.role_keys(role, call.given["RoleSessionName"], call.seconds(3600), None, _narrowed(call.given))
    told = {"SubjectFromWebIdentityToken": claims.get("sub"), "Audience": audience, "Provider": principal}
    return {**_role_answer(keys), **told}


def assume_role_with_saml(call: Call) -> dict[str, Any]:
    """Exchange an identity provider's assertion for a role's credentials. The call isn't signed."""
    arn, provider = call.given["RoleArn"], call.given["PrincipalArn"]
    if not _ROLE.fullmatch(arn):
        raise Refusal("ValidationError", "Request ARN is invalid", 400)
    said = saml.check(call.given["SAMLAssertion"], call.state.now())
    if provider not in call.state.saml_providers:
        raise Refusal("InvalidIdentityToken", "Specified provider doesn't exist", 400)
    role, context = call.state.roles.get(arn), {"saml:aud": said.audience, "saml:sub": said.subject}
    trusts = role is not None and policy_engine.trusted(role.trust, "sts:AssumeRoleWithSAML", [provider], context)
    if role is None or not trusts or not saml.offers(said, arn, provider):
        raise Refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403)
    _check_duration(call, role, chained=False)
    left_s = (said.session_ends - call.state.now()).total_seconds() if said.session_ends else 43200
    lasts_s = min(call.seconds(3600), int(left_s))
    keys = call.state.role_keys(role, said.session_name, lasts_s, None, _narrowed(call.given))
    told = {"Subject": said.subject, "SubjectType": "persistent", "Issuer": said.issuer, "Audience": said.audience}
    return {**_role_answer(keys), **told}


def get_session_token(call: Call) -> dict[str, Any]:
    """Exchange a user's long-term credentials, with or without an MFA code, for temporary ones."""
    caller = call.who
    if caller.kind != "user":
        raise Refusal("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    mfa = _mfa(call)
    session = Caller(
        "session", caller.account_id, caller.arn, caller.user_id, caller.identity, bool(mfa), None, caller.name
    )
    keys = call.state.keep(new_key_id("ASIA", caller.account_id), session, call.seconds(43200))
    return {"Credentials": _credentials(keys)}


def get_federation_token(call: Call) -> dict[str, Any]:
    """Exchange a user's long-term credentials for restricted ones. Without a policy, they have no permissions."""
    caller, name = call.who, call.given["Name"]
    if caller.kind != "user":
        raise Refusal("AccessDenied", "Cannot call GetFederationToken with session credentials", 403)
    arn = f"arn:{call.state.partition}:sts::{caller.account_id}:federated-user/{name}"
    call.state.demand(caller, "sts:GetFederationToken", arn, "AccessDenied", 403)
    user_id = f"{caller.account_id}:{name}"
    narrowed = _narrowed(call.given) or ()
    federated = Caller("federated", caller.account_id, arn, user_id, caller.identity, None, narrowed, name)
    keys = call.state.keep(new_key_id("ASIA", caller.account_id), federated, call.seconds(43200))
    return {
        "Credentials": _credentials(keys),
        "FederatedUser": {"FederatedUserId": user_id, "Arn": arn},
        "PackedPolicySize": _packed(call.given),
    }


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "GetCallerIdentity": get_caller_identity,
    "GetAccessKeyInfo": get_access_key_info,
    "AssumeRole": assume_role,
    "AssumeRoleWithWebIdentity": assume_role_with_web_identity,
    "AssumeRoleWithSAML": assume_role_with_saml,
    "GetSessionToken": get_session_token,
    "GetFederationToken": get_federation_token,
}


def _mfa(call: Call) -> bool | None:
    """Check the MFA code of a call. Without one, return the MFA state of the caller's session."""
    serial, code = call.given.get("SerialNumber"), call.given.get("TokenCode")
    if not serial and not code:
        return call.who.mfa
    if not serial or not code:
        text = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        raise Refusal("AccessDenied", text, 403)
    device = call.state.devices.get(serial)
    if device is None or device.user != call.who.identity or call.who.kind != "user":
        text = (
            "MultiFactorAuthentication failed, unable to validate MFA code.  "
            "Please verify your MFA serial number is valid and associated with this user."
        )
        raise Refusal("AccessDenied", text, 403)
    if not call.state.accept_mfa_code(serial, code):
        text = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        raise Refusal("AccessDenied", text, 403)
    return True


def _trusts(call: Call, role: Role, context: Mapping[str, Any]) -> str:
    caller = call.who
    root = f"arn:{call.state.partition}:iam::{caller.account_id}:root"
    names = [caller.arn, caller.identity, root, caller.account_id]
    return policy_engine.trusted(role.trust, "sts:AssumeRole", names, call.state.context(caller, **context))


def _check_duration(call: Call, role: Role, chained: bool) -> None:
    asked = call.seconds(0)
    if chained and asked > 3600:
        text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        raise Refusal("ValidationError", text, 400)
    if asked > role.max_session_s:
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise Refusal("ValidationError", text, 400)


def _identified(call: Call, role_arn: str, provider_id: str) -> tuple[str, str, Mapping[str, Any]]:
    """Return the issuer's name, its principal in trust policies, and the token's claims, all checked."""
    token = call.given["WebIdentityToken"]
    if provider_id:
        if provider_id not in _SOCIAL:
            raise Refusal("InvalidParameterValue", f"Invalid ProviderId: {provider_id}", 400)
        known = call.state.access_tokens.get(token)
        if known is None or known[0] != provider_id:
            raise Refusal("InvalidIdentityToken", "The web identity token that was passed could not be validated.", 400)
        return provider_id, provider_id, known[1]
    try:
        claims = signatures.read_claims(token)
    except signatures.NotAToken:
        text = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        raise Refusal("InvalidIdentityToken", text, 400) from None
    issuer = str(claims.get("iss", ""))
    host = issuer.split("://", 1)[-1]
    principal, audiences = _provider(call.state, role_arn.split(":")[4], issuer, host)
    _check_claims(call.state, token, claims, audiences)
    return host, principal, claims


def _provider(state: State, account_id: str, issuer: str, host: str) -> tuple[str, tuple[str, ...]]:
    if host in _BUILT_IN:
        return host, ()
    provider = state.providers.get(f"arn:{state.partition}:iam::{account_id}:oidc-provider/{host}")
    if provider is None or provider.issuer != issuer:
        raise Refusal("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}", 400)
    return provider.arn, provider.audiences


def _check_claims(state: State, token: str, claims: Mapping[str, Any], audiences: tuple[str, ...]) -> None:
    try:
        signatures.check_jwt(token)
    except signatures.NotAToken:
        text = (
            "Couldn't retrieve verification key from your identity provider,  "
            "please reference AssumeRoleWithWebIdentity documentation for requirements"
        )
        raise Refusal("InvalidIdentityToken", text, 400) from None
    for needed in ("sub", "aud", "exp", "iat"):
        if needed not in claims:
            raise Refusal("InvalidIdentityToken", f"Missing a required claim: {needed}", 400)
    now, ends = int(state.now().timestamp()), int(claims["exp"])
    if now >= ends:
        text = f"Token expired: current date/time {now} must be before the expiration date/time{ends}"
        raise Refusal("ExpiredTokenException", text, 400)
    offered = [claims["aud"]] if isinstance(claims["aud"], str) else list(claims["aud"])
    if audiences and not set(offered) & set(audiences):
        raise Refusal("InvalidIdentityToken", "Incorrect token audience", 400)


def _narrowed(given: Mapping[str, str]) -> tuple[Policy, ...] | None:
    if "Policy" not in given:
        return None
    try:
        document = json.loads(given["Policy"])
    except ValueError:
        document = None
    if not isinstance(document, dict) or "Statement" not in document:
        raise Refusal("MalformedPolicyDocument", "The policy is not in the valid JSON format.", 400)
    return (document,)


def _packed(given: Mapping[str, str]) -> int | None:
    return max(1, len(given["Policy"]) * 100 // 2048) if "Policy" in given else None


def _role_answer(keys: Keys) -> dict[str, Any]:
    user = {"AssumedRoleId": keys.caller.user_id, "Arn": keys.caller.arn}
    return {"Credentials": _credentials(keys), "AssumedRoleUser": user}


def _credentials(keys: Keys) -> dict[str, Any]:
    return {
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
        "Expiration": keys.expires,
    }


def _first(value: Any) -> str:
    return value if isinstance(value, str) else str(value[0]) if value else ""
