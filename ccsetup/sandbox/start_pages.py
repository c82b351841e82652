"""The pages of start URLs, as AWS's hosts serve them to everyone: each names the region of its Identity Center."""

from __future__ import annotations

from html import escape

from ccsetup.sandbox.hosts import Place
from ccsetup.sandbox.http import Request, Response
from ccsetup.sandbox.state import Entry, State


def answer(state: State, request: Request, place: Place) -> Response:
    """Answer a request for a start URL. An unknown one is not found."""
    url = f"https://{place.host}{request.where.rstrip('/')}"
    with state.lock:
        moved, instance = state.center.moved.get(url), state.center.instance(url)
    outcome = "moved" if moved else "ok" if instance else "NotFound"
    state.note(Entry("portal", request.method, instance.region if instance else "", "", outcome))
    if moved:
        return Response(302, b"", {"Location": moved})
    if instance is None:
        return Response(404, b"<!doctype html><title>Not found</title>", {"Content-Type": "text/html"})
    told = "" if state.center.silent else f'<meta name="region" content="{escape(instance.region)}"/>'
    text = f'<!doctype html><html lang="en"><head><meta charset="utf-8"/>{told}<title>Sign in</title></head></html>'
    return Response(200, text.encode(), {"Content-Type": "text/html; charset=utf-8", "Set-Cookie": "seen=1; Secure"})
