"""Reads and writes `~/.aws/sso/cache`, the sign-in cache that all AWS SDKs share, in AWS CLI v2's format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ccsetup.core import clock, lean_hash, sdk_files
from ccsetup.core.context import Start
from ccsetup.core.model import Secret


@dataclass(frozen=True)
class Registration:
    """A client registered with Identity Center. Without grants it works for the device code only."""

    client_id: str
    secret: Secret
    expires_at: datetime
    scopes: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Token:
    """An access token, its origin ("" if unknown), and what renews it. `fresh`: the user just signed in for it."""

    access: Secret
    expires_at: datetime
    start_url: str = ""
    region: str = ""
    refresh: Secret | None = None
    registration: Registration | None = None
    fresh: bool = False

    def serves(self, start: Start) -> bool:
        """Say whether it belongs to this portal: two portals may use the same session name."""
        url = self.start_url.rstrip("#/")
        return url in ("", start.url.rstrip("#/")) and self.region in ("", start.region)


def token_name(start: Start) -> str:
    """Return the name of a token's file, from its session or, in the legacy form, from its start URL."""
    return lean_hash.sha1(start.session or start.url) + ".json"


def registration_name(start: Start) -> str:
    """Return the name of a registration's file, which is the same as in the AWS CLI."""
    told = {
        "tool": "botocore",
        "startUrl": start.url,
        "region": start.region,
        "scopes": _scopes(start),
        "session_name": start.session or None,
    }
    return lean_hash.sha1(json.dumps(told, sort_keys=True)) + ".json"


def token_text(token: Token) -> str:
    """Return the text of a token's file."""
    fields = {
        "startUrl": token.start_url,
        "region": token.region,
        "accessToken": token.access.reveal(),
        "expiresAt": clock.written(token.expires_at),
    }
    if token.registration:
        fields["clientId"] = token.registration.client_id
        fields["clientSecret"] = token.registration.secret.reveal()
        fields["registrationExpiresAt"] = clock.written(token.registration.expires_at)
    if token.refresh:
        fields["refreshToken"] = token.refresh.reveal()
    return json.dumps(fields)


def registration_text(registration: Registration) -> str:
    """Return the text of a registration's file."""
    fields: dict[str, Any] = {
        "clientId": registration.client_id,
        "clientSecret": registration.secret.reveal(),
        "expiresAt": clock.written(registration.expires_at),
    }
    if registration.scopes:
        fields["scopes"] = registration.scopes
    if registration.grants:
        fields["grantTypes"] = registration.grants
    return json.dumps(fields)


def token_in(text: str) -> Token | None:
    """Read a token's file; None if it is damaged."""
    fields = sdk_files.saved_sign_in(text)
    ends = clock.read(fields["expiresAt"]) if fields else None
    if not fields or not ends:
        return None
    client, secret = _word(fields, "clientId"), _word(fields, "clientSecret")
    known_until, refresh = clock.read(fields.get("registrationExpiresAt")), _word(fields, "refreshToken")
    return Token(
        Secret(fields["accessToken"]),
        ends,
        _word(fields, "startUrl"),
        _word(fields, "region"),
        Secret(refresh) if refresh else None,
        Registration(client, Secret(secret), known_until) if client and secret and known_until else None,
    )


def registration_in(text: str) -> Registration | None:
    """Read a registration's file; None if it is damaged."""
    fields = _fields(text)
    client, secret, ends = _word(fields, "clientId"), _word(fields, "clientSecret"), clock.read(fields.get("expiresAt"))
    if not client or not secret or not ends:
        return None
    return Registration(client, Secret(secret), ends, _words(fields, "scopes"), _words(fields, "grantTypes"))


def _scopes(start: Start) -> list[str] | None:
    return list(start.scopes) or None if start.session else None


def _fields(text: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _word(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _words(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = fields.get(name)
    return tuple(v for v in values if isinstance(v, str)) if isinstance(values, list) else ()
