"""Checks tokens of identity providers, so that no other text is ever sent to AWS as a token."""

from __future__ import annotations

MOST = 20_000  # characters; the limit of STS
_LEAST = 4

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from typing import Any


def fault(text: str, *, opaque: bool = False) -> str:
    """Return why a text isn't a token, for example "it has several lines", or "" if it may be one.

    `opaque`: tokens don't have to be JWTs, like those of Amazon and Facebook. Surrounding whitespace is ignored.
    """
    token = text.strip()
    if "-----BEGIN" in token:
        return "it is a key or certificate (PEM)"
    if len(token.splitlines()) > 1:
        return "it has several lines"
    if len(token) > MOST:
        return f"it is longer than the {MOST:,} characters that AWS accepts"
    if not token.isascii() or not token.isprintable() or " " in token:
        return "it contains spaces or characters that aren't allowed in tokens"
    if len(token) < _LEAST:
        return "it is too short" if token else "it is empty"
    if claims(token) is not None:
        return ""
    if not opaque:
        return "it isn't a JWT, which has three parts separated by dots (eyJh….eyJp….SflK…)"
    return "it starts with a bracket or a quotation mark" if token[0] in "{[<\"'" else ""


def claims(token: str) -> dict[str, Any] | None:
    """Return the claims of a JWT, unverified, None if the text isn't one."""
    parts = token.strip().split(".")
    if len(parts) != 3 or not parts[2]:
        return None
    header, told = _decoded(parts[0]), _decoded(parts[1])
    return told if header is not None else None


def _decoded(part: str) -> dict[str, Any] | None:
    """Return the JSON object in one part of a JWT, None if there isn't one."""
    import json
    from binascii import a2b_base64

    try:
        found = json.loads(a2b_base64(part.translate({45: 43, 95: 47}) + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
