"""Gets temporary credentials from STS: with an MFA code, an OIDC token, a SAML assertion, or a restricting policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ccsetup.aws.access_request import Federated, of_assertion, of_token
from ccsetup.aws.sdk import bounds, explained, problem_in, session_of, told
from ccsetup.core import clock, plain_file, session_caches, web_token
from ccsetup.core.model import Edit, Keys, Secret, Who
from ccsetup.core.sdk_files import no_token


def by_web_identity(role_arn: str, token: Secret, name: str, duration_s: int, provider: str, region: str) -> Keys:
    """Exchange a token for a role's temporary credentials (AssumeRoleWithWebIdentity, unsigned)."""
    if why := web_token.fault(token.reveal(), opaque=bool(provider)):
        raise problem_in(no_token("That's not a token", why))
    asked = {"RoleArn": role_arn, "RoleSessionName": name, "DurationSeconds": duration_s}
    asked |= {"WebIdentityToken": token.reveal(), **({"ProviderId": provider} if provider else {})}
    whom = None if provider else of_token(token.reveal())
    return _unsigned(region, role_arn, whom, lambda sts: sts.assume_role_with_web_identity(**asked))


def by_saml(role_arn: str, provider_arn: str, assertion: Secret, duration_s: int, region: str) -> Keys:
    """Exchange a SAML assertion for a role's temporary credentials (AssumeRoleWithSAML, unsigned)."""
    asked = {"RoleArn": role_arn, "PrincipalArn": provider_arn, "DurationSeconds": duration_s}
    whom = of_assertion(provider_arn)
    return _unsigned(
        region, role_arn, whom, lambda sts: sts.assume_role_with_saml(**asked, SAMLAssertion=assertion.reveal())
    )


def with_code(sts: Any, serial: str, code: str, duration_s: int) -> Keys:
    """Exchange the caller's long-term credentials and an MFA code for temporary credentials (GetSessionToken)."""
    return keys_in(sts.get_session_token(SerialNumber=serial, TokenCode=code, DurationSeconds=duration_s))


def federated(sts: Any, name: str, policy: str, duration_s: int) -> Keys:
    """Exchange the caller's long-term credentials for temporary ones limited by a policy (GetFederationToken)."""
    return keys_in(sts.get_federation_token(Name=name, Policy=policy, DurationSeconds=duration_s))


def keys_in(answer: Mapping[str, Any]) -> Keys:
    """Return the credentials in an STS answer."""
    found = answer["Credentials"]
    secret, token = Secret(found["SecretAccessKey"]), Secret(found["SessionToken"])
    return Keys(found["AccessKeyId"], secret, token, found["Expiration"].astimezone(timezone.utc))


def _unsigned(region: str, role_arn: str, whom: Federated | None, ask: Callable[[Any], Mapping[str, Any]]) -> Keys:
    session = told(lambda: session_of("", region), Who("", region))

    def exchange() -> Keys:
        return keys_in(ask(session.create_client("sts", config=bounds(unsigned=True))))

    return explained(exchange, Who("", region), role_arn, federated=whom)


_FIELDS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")


class SessionCache:
    """The caches of git-remote-codecommit and of the AWS CLI. They are written only on request.

    botocore can use it like its JSONFileCache: same keys, same JSON. New entries stay in memory until the caller
    writes `pending()`, which is to both folders, so that one MFA code serves both programs. Entries on disk are
    visible only `with_kept`, because they can hide a failing source.
    """

    def __init__(self, folders: Sequence[Path], held: dict[str, Any] | None = None, kept: bool = False) -> None:
        self._folders, self._held, self._kept = folders, {} if held is None else held, kept

    @classmethod
    def of(cls, home: Path) -> SessionCache:
        """Return the caches below a home folder."""
        return cls([home / ".aws" / folder for folder in session_caches.FOLDERS])

    def with_kept(self) -> SessionCache:
        """Return this cache including the entries on disk."""
        return SessionCache(self._folders, self._held, kept=True)

    def __contains__(self, key: str) -> bool:
        return self._found(key) is not None

    def __getitem__(self, key: str) -> Any:
        found = self._found(key)
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key: str, value: Any) -> None:
        self._held[key] = value

    def pending(self) -> Sequence[Edit]:
        """Return the cache files to write for the sessions of this run."""
        paths = [(key, path) for key in self._held for path in self._paths(key)]
        return [Edit(path, _text(path), _dumped(self._held[key])) for key, path in paths]

    def _found(self, key: str) -> Any:
        if key in self._held or not self._kept:
            return self._held.get(key)
        found = [session for path in self._paths(key) if (session := _session_in(path))]
        return max(found, key=lambda session: clock.utc(session["Credentials"]["Expiration"]), default=None)

    def _paths(self, key: str) -> list[Path]:
        return [folder / f"{key}.json" for folder in self._folders]


def _session_in(path: Path) -> Any:
    try:
        found = json.loads(plain_file.content(str(path), plain_file.SMALL))
        return found if all(isinstance(found["Credentials"][name], str) for name in _FIELDS) else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _text(path: Path) -> str | None:
    try:
        return plain_file.content(str(path), plain_file.SMALL).decode("utf-8", "surrogateescape")
    except OSError:
        return None


def _dumped(value: Any) -> str:
    return json.dumps(value, default=lambda v: v.strftime("%Y-%m-%dT%H:%M:%S%Z") if isinstance(v, datetime) else v)
