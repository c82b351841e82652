"""The AWS Sign-In service: the page that approves a sign-in with console credentials, and the tokens it issues.

`aws login` and SDKs use it. Every request for a token carries a proof of a key (DPoP, RFC 9449), which is checked.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from ccsetup.sandbox import signatures
from ccsetup.sandbox.console_sessions import Session, Visit
from ccsetup.sandbox.http import Refusal, Request, Response, json_answer
from ccsetup.sandbox.resources import Keys
from ccsetup.sandbox.sign_in_pages import buttons, page
from ccsetup.sandbox.state import State

PATHS = ("/v1/authorize", "/v1/sessions/confirmation")
TOKEN_PATH = "/v1/token"  # noqa: S105 — not a password
SAME_DEVICE, CROSS_DEVICE = (f"arn:aws:signin:::devtools/{name}-device" for name in ("same", "cross"))
PERMISSION = "signin:CreateOAuth2Token"
KEYS_S, SESSION_S, CODE_S = 15 * 60, 12 * 3600, 300
_LOOPBACK = re.compile(r"http://127\.0\.0\.1:\d+/oauth/callback")
_CLOCK_S = 300  # how far a proof's time may be off
_STATUS = {"TooManyRequestsError": 429, "InternalServerException": 500}


def answer_page(state: State, request: Request, where: str, base: str) -> Response:
    """Answer the person's browser."""
    with state.lock:
        if where == PATHS[1]:
            return _confirmed(state, request)
        return _approved(state, request) if request.method == "POST" else _asked(state, request, base)


def answer_token(state: State, request: Request, base: str) -> Response:
    """Issue temporary credentials for an authorization code or a refresh token. Raises Refusal."""
    with state.lock:
        given = request.document
        key = _key_in_proof(state, request.headers.get("dpop", ""), f"{base}{TOKEN_PATH}")
        grant = given.get("grantType")
        if grant == "authorization_code":
            return _by_code(state, given, key)
        if grant == "refresh_token":
            return _by_refresh(state, given, key)
        raise Refusal("ValidationException", "unsupported_grant_type")


def refusal(refused: Refusal) -> Response:
    """Render an error as this service does: the reason in `error`, and the exception's name in a header."""
    status = _STATUS.get(refused.code, refused.status)
    answer = json_answer({"error": refused.text, "message": refused.text}, status=status)
    return Response(answer.status, answer.body, {**answer.headers, "x-amzn-ErrorType": refused.code})


def _asked(state: State, request: Request, base: str) -> Response:
    given = request.arguments
    client, redirect = given.get("client_id", ""), given.get("redirect_uri", "")
    back = _LOOPBACK.fullmatch(redirect) if client == SAME_DEVICE else redirect == f"{base}{PATHS[1]}"
    wanted = {"response_type": "code", "code_challenge_method": "SHA-256", "scope": "openid"}
    wrong = [name for name, value in wanted.items() if given.get(name) != value]
    if client not in (SAME_DEVICE, CROSS_DEVICE) or not back or wrong or not given.get("state"):
        return page(400, "Invalid request", f"<p>{escape(', '.join(wrong) or 'redirect_uri')} isn't valid.</p>")
    if not re.fullmatch(r"[\w-]{43}", given.get("code_challenge", "")):
        return page(400, "Invalid request", "<p>code_challenge isn't valid.</p>")
    ends = state.now() + timedelta(seconds=CODE_S)
    visit = Visit(
        secrets.token_urlsafe(32), client, redirect, given["code_challenge"], given["state"], ends, state.console.person
    )
    state.console.visits[visit.code] = visit
    if state.center.auto_approve:
        return _settled(state, visit, True)
    text = f"<p>Command line tools would like to sign in as <b>{escape(visit.who)}</b>.</p>"
    return page(200, "Continue with this session?", text + buttons(f"{base}{PATHS[0]}", "request", visit.code))


def _approved(state: State, request: Request) -> Response:
    visit = state.console.visits.get(request.form.get("request", ""))
    if visit is None or visit.status != "pending":
        return page(400, "Invalid request", "<p>This request is unknown or was already answered.</p>")
    return _settled(state, visit, request.form.get("answer") == "approve")


def _settled(state: State, visit: Visit, approved: bool) -> Response:
    state.console.visits[visit.code] = replace(visit, status="approved" if approved else "denied")
    said = {"code": visit.code} if approved else {"error": "access_denied"}
    return Response(302, b"", {"Location": f"{visit.redirect}?{urlencode({**said, 'state': visit.state})}"})


def _confirmed(state: State, request: Request) -> Response:
    """Show the code to enter on the other computer."""
    visit = state.console.visits.get(request.arguments.get("code", ""))
    if visit is None or visit.state != request.arguments.get("state"):
        return page(200, "Not signed in", "<p>The sign-in wasn't approved.</p>")
    text = f"<p>Enter this authorization code in your terminal:</p><p><small>{escape(visit.pasted)}</small></p>"
    return page(200, "Authorization code", text)


def _by_code(state: State, given: dict[str, Any], key: str) -> Response:
    visit = state.console.visits.get(str(given.get("code")))
    if visit is None or visit.status != "approved" or visit.client_id != given.get("clientId"):
        raise Refusal("ValidationException", "invalid_grant")
    state.console.visits[visit.code] = replace(visit, status="used")
    if visit.ends <= state.now():
        raise Refusal("AccessDeniedException", "AUTHCODE_EXPIRED")
    digest = hashlib.sha256(str(given.get("codeVerifier")).encode()).digest()
    if _base64url(digest) != visit.challenge or given.get("redirectUri") not in (visit.redirect, None):
        raise Refusal("ValidationException", "invalid_grant")
    session = Session(visit.who, visit.client_id, key, state.now() + timedelta(seconds=SESSION_S))
    at = int(state.now().timestamp())
    claims = {"iss": "https://signin.aws.amazon.com", "aud": visit.client_id, "sub": visit.who, "iat": at}
    told = {"idToken": signatures.write_jwt({**claims, "exp": at + KEYS_S}, "sandbox")}
    return _issued(state, session, told)


def _by_refresh(state: State, given: dict[str, Any], key: str) -> Response:
    session = state.console.sessions.pop(str(given.get("refreshToken")), None)  # each works once
    if session is None or session.ends <= state.now():
        raise Refusal("AccessDeniedException", "TOKEN_EXPIRED")
    if session.client_id != given.get("clientId") or session.key != key:
        raise Refusal("ValidationException", "invalid_grant")
    return _issued(state, session, {})


def _issued(state: State, session: Session, told: dict[str, Any]) -> Response:
    try:
        keys = _keys(state, session.who)
    except KeyError:  # the user or role was deleted
        raise Refusal("AccessDeniedException", "USER_CREDENTIALS_CHANGED") from None
    resource = f"arn:aws:signin:*:{keys.caller.account_id}:oauth2/public-client/localhost"
    if not state.may(keys.caller, PERMISSION, resource).allowed:
        raise Refusal("AccessDeniedException", "INSUFFICIENT_PERMISSIONS")
    refresh = secrets.token_urlsafe(64)
    state.console.sessions[refresh] = session
    access = {
        "accessKeyId": keys.access_key_id,
        "secretAccessKey": keys.secret_access_key,
        "sessionToken": keys.session_token,
    }
    issued = {"accessToken": access, "tokenType": "aws_sigv4", "expiresIn": KEYS_S, "refreshToken": refresh}
    return json_answer({**issued, **told})


def _keys(state: State, who: str) -> Keys:
    """Return new temporary credentials of a user (its ARN) or a role session (its ARN). Raises KeyError."""
    account, _, rest = who.partition("arn:aws:sts::")[2].partition(":assumed-role/")
    role, _, session = rest.partition("/")
    identity = f"arn:aws:iam::{account}:role/{role}" if role else who
    return state.temporary_keys(identity, session, KEYS_S)


def _key_in_proof(state: State, proof: str, url: str) -> str:
    """Return the thumbprint of the key that a proof was signed with. Raises Refusal if the proof isn't valid."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    refused = Refusal("ValidationException", "invalid_request")
    try:
        head, body, signature = proof.split(".")
        header, claims, signed = json.loads(_bytes(head)), json.loads(_bytes(body)), _bytes(signature)
        jwk = header["jwk"]
        x, y = (int.from_bytes(_bytes(jwk[axis]), "big") for axis in "xy")
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        halves = (int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:], "big"))
        public.verify(encode_dss_signature(*halves), f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
        late_s = abs(state.now().timestamp() - claims["iat"])
    except (ValueError, LookupError, TypeError, InvalidSignature):
        raise refused from None
    wanted = ("dpop+jwt", "ES256", "POST", url)
    if (header.get("typ"), header.get("alg"), claims.get("htm"), claims.get("htu")) != wanted or late_s > _CLOCK_S:
        raise refused
    if claims.get("jti") in state.console.proofs:
        raise refused
    state.console.proofs.add(claims.get("jti"))
    return hashlib.sha256(json.dumps(jwk, sort_keys=True).encode()).hexdigest()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
