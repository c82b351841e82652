"""What STS gives temporary keys for: a code, an OIDC token, a SAML assertion, long-term keys and a narrower policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timezone
from typing import Any

from ccsetup.core import web_token
from ccsetup.core.model import Keys, Secret, Who
from ccsetup.core.sdk_files import no_token
from ccsetup.policy import Federated, of_assertion, of_token
from ccsetup.sdk import bounds, explained, problem_in, session_of, told


def by_web_identity(role_arn: str, token: Secret, name: str, duration_s: int, provider: str, region: str) -> Keys:
    """Exchange a token for a role's temporary keys (AssumeRoleWithWebIdentity, unsigned)."""
    if why := web_token.fault(token.reveal(), opaque=bool(provider)):
        raise problem_in(no_token("That is not a token", why))
    asked = {"RoleArn": role_arn, "RoleSessionName": name, "DurationSeconds": duration_s}
    asked |= {"WebIdentityToken": token.reveal(), **({"ProviderId": provider} if provider else {})}
    whom = None if provider else of_token(token.reveal())
    return _unsigned(region, role_arn, whom, lambda sts: sts.assume_role_with_web_identity(**asked))


def by_saml(role_arn: str, provider_arn: str, assertion: Secret, duration_s: int, region: str) -> Keys:
    """Exchange a SAML assertion for a role's temporary keys (AssumeRoleWithSAML, unsigned)."""
    asked = {"RoleArn": role_arn, "PrincipalArn": provider_arn, "DurationSeconds": duration_s}
    whom = of_assertion(provider_arn)
    return _unsigned(
        region, role_arn, whom, lambda sts: sts.assume_role_with_saml(**asked, SAMLAssertion=assertion.reveal())
    )


def with_code(sts: Any, serial: str, code: str, duration_s: int) -> Keys:
    """Exchange the caller's long-term keys and an MFA code for temporary keys (GetSessionToken)."""
    return keys_in(sts.get_session_token(SerialNumber=serial, TokenCode=code, DurationSeconds=duration_s))


def federated(sts: Any, name: str, policy: str, duration_s: int) -> Keys:
    """Exchange the caller's long-term keys for narrower temporary ones (GetFederationToken)."""
    return keys_in(sts.get_federation_token(Name=name, Policy=policy, DurationSeconds=duration_s))


def keys_in(answer: Mapping[str, Any]) -> Keys:
    """Return the keys of an STS answer."""
    found = answer["Credentials"]
    secret, token = Secret(found["SecretAccessKey"]), Secret(found["SessionToken"])
    return Keys(found["AccessKeyId"], secret, token, found["Expiration"].astimezone(timezone.utc))


def _unsigned(region: str, role_arn: str, whom: Federated | None, ask: Callable[[Any], Mapping[str, Any]]) -> Keys:
    session = told(lambda: session_of("", region), Who("", region))

    def exchange() -> Keys:
        return keys_in(ask(session.create_client("sts", config=bounds(unsigned=True))))

    return explained(exchange, Who("", region), role_arn, federated=whom)
