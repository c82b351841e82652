"""Anything pasted → what it holds: the three values of an access key, in every shape that people are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone

from ccsetup import parse
from ccsetup.errors import BadAnswer
from ccsetup.model import Corrected, Keys, Secret
from ccsetup.patterns import later

_KEY_LINE = later(
    r"""(?i)(?:\$env:)?\b(aws_)?(access_?key_?id|secret_?access_?key|session_?token|security_?token)"""
    r"""["']?\s*[=:\s,]\s*["']?([A-Za-z0-9/+=_.-]+)"""
)


_END = later(
    r"""(?i)(?:expiration|expires_at|token_expires|credential_expiration)["']?\s*[=:,]\s*["']?"""
    r"""([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[zZ]|[+-][0-9]{2}:[0-9]{2})?)"""
)


def keys(text: str) -> Keys:
    """Find the three values in `export` lines, an INI block, or JSON. Raises BadAnswer; never repeats the text."""
    found: dict[str, str] = {}
    for match in _KEY_LINE.finditer(text.translate(parse.WORD_PROCESSOR)):
        name = match[2].lower().replace("_", "")
        found["sessiontoken" if name == "securitytoken" else name] = match[3]
    if "accesskeyid" not in found or "secretaccesskey" not in found:
        raise BadAnswer(
            "No access key was found there; paste lines such as AWS_ACCESS_KEY_ID=…, AWS_SECRET_ACCESS_KEY=… and, for"
            " temporary keys, AWS_SESSION_TOKEN=…."
        )
    checked = _checked(found["accesskeyid"], found["secretaccesskey"], found.get("sessiontoken", ""))
    return checked._replace(expires_at=_end(text))


def _end(text: str) -> datetime | None:
    found = _END.search(text)
    try:
        at = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", found[1].replace(" ", "T"))) if found else None
    except ValueError:
        return None
    if at is None:
        return None
    return at.astimezone(timezone.utc) if at.tzinfo else at.replace(tzinfo=timezone.utc)


def keys_from_env(env: Mapping[str, str]) -> Keys:
    """Read the three values from the standard environment variables. Raises BadAnswer naming the one that lacks."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if not env.get(name):
            raise BadAnswer(f"{name} is not set; --keys env needs it, --keys - reads a paste instead.")
    token_text = env.get("AWS_SESSION_TOKEN") or env.get("AWS_SECURITY_TOKEN", "")
    checked = _checked(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], token_text)
    ends = env.get("AWS_CREDENTIAL_EXPIRATION", "")
    return checked._replace(expires_at=_end(f"expiration={ends}"))


def _checked(key_id: str, secret: str, token_text: str) -> Keys:
    checked_id = parse.access_key_id(key_id)
    checked_id = checked_id.value if isinstance(checked_id, Corrected) else checked_id
    if checked_id.startswith("ASIA") and not token_text:
        raise BadAnswer("A key that begins with ASIA is temporary and needs its session token: AWS_SESSION_TOKEN=….")
    if checked_id.startswith("AKIA") and token_text:
        raise BadAnswer(
            "A key that begins with AKIA is long-term and has no session token; copy all three values anew."
        )
    return Keys(
        checked_id,
        Secret(parse.secret_access_key(secret)),
        Secret(parse.session_token(token_text)) if token_text else None,
    )
