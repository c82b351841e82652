"""Finds OIDC tokens and SAML responses in a cleaned text."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple
from urllib.parse import unquote

from ccsetup.access.paste.formats import unwrapped
from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later

_SIGNED = later(r"(?<![\w.+/-])(?:eyJ[\w.-]{20,}|(?:PHNhbW|PD94bW|PFJlc3|PG5z)[\w+/=%-]{40,})", re.ASCII)


class Signed(NamedTuple):
    """The complete tokens and SAML responses of a text, whether any were split, and the remaining text."""

    tokens: tuple[str, ...]
    saml: tuple[str, ...]
    joined: bool
    rest: str

    def __repr__(self) -> str:
        return f"Signed({len(self.tokens)} tokens, {len(self.saml)} SAML responses)"


def signed(text: str) -> Signed:
    """Find the tokens and SAML responses. An ID token comes before the other tokens that it was sent with."""
    tokens, saml, left, at, joined = list[str](), list[str](), list[str](), 0, False
    for found in _SIGNED.finditer(text):
        if found.start() < at:
            continue
        word, end = unwrapped(text, found.start(), found.end())
        word = word.rstrip(".")
        kind = tokens if _is_token(word) else saml
        whole = word if kind is tokens else _response(word)
        left.append(text[at : found.start()] if whole else text[at:end])
        at = end
        if whole and whole not in kind:
            first = "id" in text[max(found.start() - 14, 0) : found.start()].lower()
            kind.insert(0 if first else len(kind), whole)
            joined = joined or end > found.end()
    return Signed(tuple(tokens), tuple(saml), joined, "".join([*left, text[at:]]))


def _is_token(word: str) -> bool:
    if not word.startswith("eyJ"):
        return False
    try:
        validate.token(word)
    except BadAnswer:
        return False
    return True


def _response(word: str) -> str:
    """Return the base64 of a SAML response with its padding, "" if it isn't one."""
    text = (unquote(word) if "%" in word else word).rstrip("=")
    try:
        xml = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return ""
    said = re.match(rb"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:[\w.-]{1,40}:)?Response\b", xml)
    return text + "=" * (-len(text) % 4) if said and b"SAML" in xml[:4000] else ""
