"""SSO-OIDC: registers clients, and issues and renews tokens after a person has approved in a browser."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ccsetup.sandbox.http import Refusal, Request, Response, json_answer
from ccsetup.sandbox.identity_center import SCOPE, Center, Client, SignIn, Token
from ccsetup.sandbox.state import State

PATHS = {
    "/client/register": "RegisterClient",
    "/device_authorization": "StartDeviceAuthorization",
    "/token": "CreateToken",
}
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = ("authorization_code", "refresh_token", DEVICE_GRANT)
_SCOPES = (SCOPE, "openid", "aws", "codewhisperer:completions", "codewhisperer:analysis")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(:\d+)?/.*")
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_CODES = {
    "InvalidRequestException": "invalid_request",
    "InvalidClientException": "invalid_client",
    "InvalidGrantException": "invalid_grant",
    "UnauthorizedClientException": "unauthorized_client",
    "UnsupportedGrantTypeException": "unsupported_grant_type",
    "InvalidScopeException": "invalid_scope",
    "AuthorizationPendingException": "authorization_pending",
    "SlowDownException": "slow_down",
    "AccessDeniedException": "access_denied",
    "ExpiredTokenException": "expired_token",
    "InvalidRedirectUriException": "invalid_redirect_uri",
    "InvalidClientMetadataException": "invalid_client_metadata",
}


@dataclass(frozen=True)
class Call:
    """One call: the state, the JSON body, the region it was sent to (None: any), and this service's address."""

    state: State
    given: dict[str, Any]
    region: str | None
    base: str

    @property
    def center(self) -> Center:
        """Return the state of Identity Center."""
        return self.state.center

    def text(self, name: str) -> str:
        """Return a required text. Raises Refusal."""
        value = self.given.get(name)
        if not isinstance(value, str) or not value:
            raise Refusal("InvalidRequestException", f"{name} is required")
        return value


def answer(state: State, request: Request, operation: str, region: str | None, base: str) -> Response:
    """Answer one operation. Raises Refusal."""
    with state.lock:
        return json_answer(OPERATIONS[operation](Call(state, request.document, region, base)))


def refusal(refused: Refusal) -> Response:
    """Render an error as this service does: an OAuth error, and the exception's name in a header."""
    error = _CODES.get(refused.code, refused.code)
    document = {"error": error, **({"error_description": refused.text} if refused.text else {})}
    rendered = json_answer(document, status=refused.status)
    kind = f"{refused.code}:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/"
    return Response(rendered.status, rendered.body, {**rendered.headers, "x-amzn-ErrorType": kind})


def register_client(call: Call) -> dict[str, Any]:
    """Register a public client. An authorization_code client gives its loopback redirect and the start URL."""
    name = call.text("clientName")
    if call.text("clientType") != "public":
        raise Refusal("InvalidClientMetadataException", "Invalid client type")
    grants = tuple(call.given.get("grantTypes") or (DEVICE_GRANT, "refresh_token"))
    redirects = tuple(call.given.get("redirectUris") or ())
    scopes = tuple(call.given.get("scopes") or ())
    if not set(grants) <= set(GRANTS):
        raise Refusal("UnsupportedGrantTypeException", "Unsupported grant type")
    if not set(scopes) <= set(_SCOPES):
        raise Refusal("InvalidScopeException", "Invalid scope provided")
    issuer = call.given.get("issuerUrl") or ""
    if "authorization_code" in grants:
        if not redirects or not all(_LOOPBACK.fullmatch(uri) for uri in redirects):
            raise Refusal("InvalidRedirectUriException", "Invalid redirect URI provided")
        if call.center.instance(str(issuer), call.region) is None:
            raise Refusal("InvalidRequestException")
    now = call.state.now()
    ends = now + timedelta(seconds=call.center.client_s)
    client_id, secret = secrets.token_urlsafe(20), "eyJraWQ." + secrets.token_urlsafe(150)
    client = Client(client_id, secret, name, ends, grants, redirects, scopes, str(issuer))
    call.center.clients[client_id] = client
    return {
        "clientId": client_id,
        "clientSecret": secret,
        "clientIdIssuedAt": int(now.timestamp()),
        "clientSecretExpiresAt": int(ends.timestamp()),
    }


def start_device_authorization(call: Call) -> dict[str, Any]:
    """Start a sign-in for a device without a browser."""
    client = _client(call)
    if DEVICE_GRANT not in client.grants:
        raise Refusal("UnauthorizedClientException", "Client is not authorized for this grant")
    instance = call.center.instance(call.text("startUrl"), call.region if call.center.checks_region else None)
    if instance is None:
        raise Refusal("InvalidRequestException")
    half = ["".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(2)]
    user_code, code = "-".join(half), secrets.token_urlsafe(64)
    ends = call.state.now() + timedelta(seconds=call.center.device_s)
    call.center.sign_ins[code] = SignIn(code, user_code, client.id, instance.start_url, ends, client.scopes)
    page = f"{call.base}/device"
    return {
        "deviceCode": code,
        "userCode": user_code,
        "verificationUri": page,
        "verificationUriComplete": f"{page}?user_code={user_code}",
        "expiresIn": call.center.device_s,
        "interval": call.center.interval_s,
    }


def create_token(call: Call) -> dict[str, Any]:
    """Issue tokens for an approved sign-in or a refresh token."""
    client = _client(call)
    grant = call.text("grantType")
    if grant not in GRANTS:
        raise Refusal("UnsupportedGrantTypeException", "Unsupported grant type")
    if grant not in client.grants:
        raise Refusal("UnauthorizedClientException", "Client is not authorized for this grant")
    return _BY_GRANT[grant](call, client)


def _by_code(call: Call, client: Client) -> dict[str, Any]:
    """Exchange an authorization code. The verifier's hash must match the challenge sent with the browser."""
    sign_in = call.center.sign_ins.get(call.text("code"))
    refused = Refusal("InvalidGrantException", "Invalid authorization code provided")
    if sign_in is None or sign_in.client_id != client.id or sign_in.status != "approved" or sign_in.user_code:
        raise refused
    call.center.change(sign_in, status="used")
    if sign_in.expires <= call.state.now():
        raise refused
    if call.text("redirectUri") != sign_in.redirect:
        raise Refusal("InvalidGrantException", "Invalid redirect URI provided")
    digest = hashlib.sha256(call.text("codeVerifier").encode()).digest()
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != sign_in.challenge:
        raise Refusal("InvalidGrantException", "Invalid code verifier provided")
    return _issued(call, client, sign_in)


def _by_device(call: Call, client: Client) -> dict[str, Any]:
    """Exchange a device code after the person has approved. Before that, tell the client to wait."""
    sign_in, now = call.center.sign_ins.get(call.text("deviceCode")), call.state.now()
    if sign_in is None or sign_in.client_id != client.id or sign_in.status == "used":
        raise Refusal("InvalidGrantException", "Invalid device code provided")
    if sign_in.expires <= now:
        raise Refusal("ExpiredTokenException", "Expired device code provided")
    if sign_in.status == "denied":
        raise Refusal("AccessDeniedException", "The user denied the request")
    if call.center.instance(sign_in.start_url, call.region) is None:
        raise Refusal("InvalidGrantException", "Invalid grant provided")
    if sign_in.status == "approved":
        call.center.change(sign_in, status="used")
        return _issued(call, client, sign_in)
    hasty = sign_in.polled is not None and (now - sign_in.polled).total_seconds() < call.center.interval_s * 0.8
    answered = "approved" if call.center.auto_approve else "pending"  # as if the person approved right after this poll
    call.center.change(sign_in, polled=now, polls=sign_in.polls + 1, status=answered)
    if hasty:
        raise Refusal("SlowDownException", "Slow down")
    raise Refusal("AuthorizationPendingException", "Authorization is still pending")


def _by_refresh(call: Call, client: Client) -> dict[str, Any]:
    """Renew an access token while the session lasts."""
    token = call.center.tokens.get(call.text("refreshToken"))
    if token is None or token.kind != "refresh" or token.client_id != client.id or token.expires <= call.state.now():
        raise Refusal("InvalidGrantException", "Invalid refresh token provided")
    return _tokens(call, token)


_BY_GRANT = {"authorization_code": _by_code, DEVICE_GRANT: _by_device, "refresh_token": _by_refresh}
OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "RegisterClient": register_client,
    "StartDeviceAuthorization": start_device_authorization,
    "CreateToken": create_token,
}


def _client(call: Call) -> Client:
    client = call.center.clients.get(call.text("clientId"))
    if client is None or client.secret != call.text("clientSecret"):
        raise Refusal("InvalidClientException", "Invalid client provided", 401)
    if client.expires <= call.state.now():
        raise Refusal("InvalidClientException", "Client registration has expired", 401)
    return client


def _issued(call: Call, client: Client, sign_in: SignIn) -> dict[str, Any]:
    """Start a session. Without scopes (the legacy form) there is one long-lived access token and no refresh token."""
    length = call.center.instances[sign_in.start_url].session_s
    ends = call.state.now() + timedelta(seconds=length)
    if SCOPE in sign_in.scopes and "refresh_token" in client.grants:
        return _tokens(call, call.center.new_token("refresh", sign_in, ends, length))
    access = call.center.new_token("access", sign_in, ends, length)
    return {"accessToken": access.value, "tokenType": "Bearer", "expiresIn": length}


def _tokens(call: Call, refresh: Token) -> dict[str, Any]:
    access = call.center.new_token("access", refresh, refresh.session_ends, call.center.token_s)
    left = round((access.expires - call.state.now()).total_seconds())
    told = {"accessToken": access.value, "tokenType": "Bearer", "expiresIn": left}
    return {**told, "refreshToken": refresh.value}
