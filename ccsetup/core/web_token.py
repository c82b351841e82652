"""What a token of an identity provider looks like, so that no other text is ever sent to AWS in the place of one."""

from __future__ import annotations

MOST = 20_000  # characters; STS takes no more
_LEAST = 4

TYPE_CHECKING = False  # as typing has it, without the time that importing typing takes
if TYPE_CHECKING:
    from typing import Any


def fault(text: str, *, opaque: bool = False) -> str:
    """Say why a text is no token, for example "it has several lines"; "" when it may be one.

    `opaque`: the provider's tokens need not be JWTs, as those of Amazon and Facebook. Blanks around it don't count.
    """
    token = text.strip()
    if "-----BEGIN" in token:
        return "it is a key or a certificate (PEM)"
    if len(token.splitlines()) > 1:
        return "it has several lines"
    if len(token) > MOST:
        return f"it is longer than the {MOST:,} characters that AWS takes"
    if not token.isascii() or not token.isprintable() or " " in token:
        return "it has blanks or characters that no token has"
    if len(token) < _LEAST:
        return "it is too short" if token else "it is empty"
    if claims(token) is not None:
        return ""
    if not opaque:
        return "it is no JWT: one is three parts with dots between, eyJh….eyJp….SflK…"
    return "it is no single word" if token[0] in "{[<\"'" else ""


def claims(token: str) -> dict[str, Any] | None:
    """Return what a JWT says of itself, unverified; None when the text is none."""
    parts = token.strip().split(".")
    if len(parts) != 3 or not parts[2]:
        return None
    header, told = _decoded(parts[0]), _decoded(parts[1])
    return told if header is not None else None


def _decoded(part: str) -> dict[str, Any] | None:
    """Return the JSON object in one part of a JWT, None when there is none."""
    import json
    from binascii import a2b_base64

    try:
        found = json.loads(a2b_base64(part.translate({45: 43, 95: 47}) + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
