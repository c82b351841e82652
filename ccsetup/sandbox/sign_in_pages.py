"""The pages in the person's browser that approve a sign-in, for a browser and for a device."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from html import escape
from urllib.parse import urlencode, urlsplit

from ccsetup.sandbox.http import Request, Response
from ccsetup.sandbox.identity_center import SignIn
from ccsetup.sandbox.state import State

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;background:#f4f5f7;color:#16191f;margin:0;display:grid;"
    "place-items:center;min-height:100vh}main{background:#fff;padding:2.5rem 3rem;border-radius:12px;"
    "box-shadow:0 1px 8px #0002;max-width:30rem}h1{font-size:1.3rem;margin:0 0 .6rem}code{font-size:1.5rem;"
    "letter-spacing:.12em}button,input{font:inherit;padding:.5rem 1.2rem;border-radius:8px;border:1px solid #888;"
    "margin-right:.6rem}button.yes{background:#0b63c5;border-color:#0b63c5;color:#fff}small{color:#5f6b7a}"
)


def answer(state: State, request: Request, where: str, base: str, region: str | None) -> Response:
    """Answer a request from the person's browser. Anything else is not found."""
    pages = {
        ("GET", "/authorize"): _authorize,
        ("POST", "/authorize"): _authorized,
        ("GET", "/device"): _device,
        ("POST", "/device"): _device_settled,
    }
    handler = pages.get((request.method, where))
    if handler is None:
        return page(404, "Not found", "<p>This page doesn't exist in the sandbox.</p>")
    with state.lock:
        return handler(state, request, base, region)


def _authorize(state: State, request: Request, base: str, region: str | None) -> Response:
    """Ask the person to approve a client's sign-in in the browser."""
    given, center = request.arguments, state.center
    client = center.clients.get(given.get("client_id", ""))
    redirect = given.get("redirect_uri", "")
    if client is None or client.expires <= state.now() or not _registered(redirect, client.redirects):
        return page(400, "Invalid request", "<p>This client or its redirect address isn't registered.</p>")
    instance = center.instance(client.start_url, region)
    wanted = {"response_type": "code", "code_challenge_method": "S256"}
    wrong = [name for name, value in wanted.items() if given.get(name) != value]
    if instance is None or wrong or not re.fullmatch(r"[\w-]{43}", given.get("code_challenge", "")):
        return page(400, "Invalid request", f"<p>{escape(', '.join(wrong) or 'code_challenge')} isn't valid.</p>")
    scopes = given.get("scopes") or given.get("scope") or ""
    ends = state.now() + timedelta(seconds=center.code_s)
    sign_in = SignIn(
        secrets.token_urlsafe(48), "", client.id, instance.start_url, ends, tuple(re.split(r"[ ,]", scopes)),
        redirect, given["code_challenge"], given.get("state", ""),
    )  # fmt: skip
    if not set(sign_in.scopes) <= set(client.scopes):
        return _redirect(sign_in, {"error": "invalid_scope"})
    center.sign_ins[sign_in.code] = sign_in
    if center.auto_approve:
        return _settled(state, sign_in, True)
    text = (
        f"<p><b>{escape(client.name)}</b> would like to use your access to AWS accounts, as "
        f"<b>{escape(instance.person)}</b>.</p><p><small>{escape(instance.start_url)}</small></p>"
    )
    return page(200, "Allow access?", text + buttons(f"{base}/authorize", "request", sign_in.code))


def _authorized(state: State, request: Request, base: str, region: str | None) -> Response:
    sign_in = state.center.sign_ins.get(request.form.get("request", ""))
    if sign_in is None or sign_in.user_code or sign_in.status != "pending":
        return page(400, "Invalid request", "<p>This request is unknown or was already answered.</p>")
    return _settled(state, sign_in, request.form.get("answer") == "approve")


def _settled(state: State, sign_in: SignIn, approved: bool) -> Response:
    state.center.change(sign_in, status="approved" if approved else "denied")
    if approved:
        return _redirect(sign_in, {"code": sign_in.code})
    return _redirect(sign_in, {"error": "access_denied", "error_description": "User denied the request"})


def _redirect(sign_in: SignIn, fields: dict[str, str]) -> Response:
    query = urlencode({**fields, **({"state": sign_in.state} if sign_in.state else {})})
    return Response(302, b"", {"Location": f"{sign_in.redirect}?{query}"})


def _device(state: State, request: Request, base: str, region: str | None) -> Response:
    """Ask the person to compare the code with the one on the device, and to approve it."""
    code = request.arguments.get("user_code", "")
    if not code:
        form = '<form><input name="user_code" autofocus> <button>Next</button></form>'
        return page(200, "Authorize a device", f"<p>Enter the code that your device shows.</p>{form}")
    try:
        sign_in = state.center.by_user_code(code)
    except KeyError:
        return page(400, "Invalid code", "<p>No device is waiting for this code.</p>")
    if sign_in.expires <= state.now() or sign_in.status == "used":
        return page(400, "Invalid code", "<p>This code has expired or was already used.</p>")
    if state.center.auto_approve:
        state.center.approve(sign_in.user_code)
        return page(200, "Request approved", "<p>You can close this window.</p>")
    client = state.center.clients[sign_in.client_id]
    text = (
        f"<p>Does your device show this code?</p><p><code>{escape(sign_in.user_code)}</code></p>"
        f"<p><b>{escape(client.name)}</b> would like to use your access to AWS accounts.</p>"
    )
    return page(200, "Authorize a device", text + buttons(f"{base}/device", "user_code", sign_in.user_code))


def _device_settled(state: State, request: Request, base: str, region: str | None) -> Response:
    approved = request.form.get("answer") == "approve"
    try:
        (state.center.approve if approved else state.center.deny)(request.form.get("user_code", ""))
    except KeyError:
        return page(400, "Invalid code", "<p>No device is waiting for this code.</p>")
    return page(200, "Request approved" if approved else "Request denied", "<p>You can close this window.</p>")


def _registered(redirect: str, registered: tuple[str, ...]) -> bool:
    """Return whether a redirect address is registered. On loopback, any port is allowed (RFC 8252)."""
    asked = urlsplit(redirect)
    return any(
        (asked.scheme, asked.hostname, asked.path) == (known.scheme, known.hostname, known.path)
        for known in map(urlsplit, registered)
    )


def buttons(action: str, name: str, value: str) -> str:
    """Return a form with two buttons, which answer a request."""
    return (
        f'<form method="post" action="{escape(action)}"><input type="hidden" name="{name}" value="{escape(value)}">'
        '<button class="yes" name="answer" value="approve">Approve</button>'
        '<button name="answer" value="deny">Deny</button></form>'
    )


def page(status: int, title: str, body: str) -> Response:
    """Return a page of the simulated AWS."""
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<main><h1>{escape(title)}</h1>{body}<p><small>A sandbox: nothing here reaches AWS.</small></p></main>"
    )
    headers = {"Content-Type": "text/html; charset=utf-8", "X-Frame-Options": "DENY", "Cache-Control": "no-store"}
    return Response(status, text.encode(), headers)
