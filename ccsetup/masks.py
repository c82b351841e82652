"""What a person may see of a setting or a line: every secret in it masked, however it got there."""

from __future__ import annotations

import re

from ccsetup.inert import MASK
from ccsetup.model import Secret, Value
from ccsetup.patterns import later

__all__ = ["MASK", "is_secret", "line", "value"]

_LONG = 4096  # what is longer nobody reads, and some patterns take time that grows with its square
_WORD = r"[\w.-]*(?:secret|token|passw|pwd|api[_-]?key|private[_-]?key)[\w.-]*"
_NAMED = later(rf"({_WORD})(\s*[=:]\s*)(?=\S).*", re.IGNORECASE | re.DOTALL)
_ARGUMENT = later(rf"(-{_WORD}\s+)(\"[^\"]*\"|'[^']*'|(?!--)\S+)", re.IGNORECASE)
_USER = later(r"((?:^|\s)(?:-u|--user|Bearer|Basic)[\s=]+)\S+")
_USERINFO = later(r"(://[^/\s:@]*:)\S+@")
_KEY_ID = later(r"\b(A[KS]IA)[A-Z0-9]{4,}([A-Z0-9]{4})\b")
_TOKEN = later(r"\beyJ[\w.=-]{20,}")
_KEY = later(r"(?<![^\s\"'=,])(?=[^\s]*[0-9])(?=[^\s]*[A-Z])(?=[^\s]*[a-z])[A-Za-z0-9/+]{40,}={0,2}(?![^\s\"',;])")
_SECRET = later(_WORD, re.IGNORECASE)


def is_secret(key: str) -> bool:
    """Say whether a setting of this name holds a secret; the path of a file that holds one does not."""
    return bool(_SECRET.fullmatch(key)) and not key.lower().endswith(("_file", "-file"))


def value(key: str, text: Value) -> str:
    """Return a setting's value as it may be shown; an access key id keeps its ends."""
    if isinstance(text, Secret) or is_secret(key):
        return MASK
    if key == "aws_access_key_id":
        return _KEY_ID.sub(r"\1…\2", text) if _KEY_ID.fullmatch(text) else MASK
    return line(text)


def line(text: str) -> str:
    """Return any text, of a setting, comment or program's arguments, without what looks like a secret in it."""
    if len(text) > _LONG:
        text = f"{text[:_LONG].rpartition(' ')[0]} {MASK}"  # cut between words: half a secret has no mark of one
    text = _NAMED.sub(lambda it: it[0] if not is_secret(it[1]) else f"{it[1]}{it[2]}{MASK}", text)
    text = _ARGUMENT.sub(lambda it: it[0] if not is_secret(it[1].strip()) else f"{it[1]}{MASK}", text)
    text = _USERINFO.sub(rf"\1{MASK}@", _USER.sub(rf"\1{MASK}", text))
    return _KEY.sub(MASK, _TOKEN.sub(MASK, _KEY_ID.sub(r"\1…\2", text)))
