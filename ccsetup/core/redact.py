"""Masks every secret in settings and lines before they are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ccsetup.core.lazy_regex import later
from ccsetup.core.model import Secret, Value
from ccsetup.core.placeholder import SECRET_LENGTH
from ccsetup.core.text import MASK, inert

__all__ = ["MASK", "hide", "is_secret", "line", "named", "shown", "value", "without_keys"]

_LONG = 4096  # longer text isn't read by anyone, and some patterns take quadratic time
_DOT = "•"
_PIECE = 8  # a text and a secret don't share this many consecutive characters by chance
_PARTS = 17  # words, other capitals, numbers and signs: a secret access key has more, names and paths have fewer
_NAMES = r"(?=[\w.-]*(?:secret|token|passw|pwd|api[_-]?key|private[_-]?key))"  # the next word names a secret
_WORD = rf"(?<![\w.-])(?:secret[ _-]access[ _-]key|{_NAMES}[\w.-]+)"
_NAMED = later(rf"(({_WORD})[\"']?\s*[=:]\s*)(?=\S).*", re.IGNORECASE | re.DOTALL)
_ARGUMENT = later(rf"(?<![\w.-])(-{_NAMES}[\w.-]+\s+)(\"[^\"]*\"|'[^']*'|(?!--)\S+)", re.IGNORECASE)
_USER = later(r"((?:^|\s)(?:-u|--user|Bearer|Basic)[\s=]+)\S+")
_USERINFO = later(r"(://[^/\s:@]*:)(\S+)@")
_KEY_ID = later(r"\b(A[KS]IA)[A-Z0-9]{4,}([A-Z0-9]{4})\b")
_TOKEN = later(r"\beyJ[\w.=-]{20,}")
_KEY = later(r"(?<![^\s\"'=,])(?=[^\s]*[0-9])(?=[^\s]*[A-Z])(?=[^\s]*[a-z])[A-Za-z0-9/+]{40,}={0,2}(?![^\s\"',;])")
_SLASHES = 4  # more are in a path
_SHAPE = later(rf"(?<![A-Za-z0-9+])[A-Za-z0-9/+]{{{SECRET_LENGTH}}}(?![A-Za-z0-9+])")
_PART = later(r"[A-Z]?[a-z]+|[A-Z]|[0-9]+|[/+]")
_MIXED = later(r"(?=.*[0-9])(?=.*[A-Z]).*[a-z]")
_SECRET = later(_WORD, re.IGNORECASE)


def is_secret(key: str) -> bool:
    """Return whether a setting with this name contains a secret. The path of a file with a secret isn't one."""
    return bool(_SECRET.fullmatch(key)) and not key.lower().endswith(("_file", "-file"))


def value(key: str, text: Value) -> str:
    """Return a setting's value for display. An access key ID keeps its first and last characters."""
    if isinstance(text, Secret) or is_secret(key):
        return MASK
    if key == "aws_access_key_id":
        return _KEY_ID.sub(r"\1…\2", text) if _KEY_ID.fullmatch(text) else MASK
    return line(text)


def line(text: str) -> str:
    """Return a text (of a setting, a comment or a program's arguments) without what looks like a secret."""
    if len(text) > _LONG:
        text = f"{text[:_LONG].rpartition(' ')[0]} {MASK}"  # cut between words, since half a secret isn't recognized
    return _KEY_ID.sub(r"\1…\2", _covered(text, lambda _: MASK))


def shown(text: str) -> str:
    """Return a text for the screen: it can't act on the terminal, and a secret access key is masked wherever it is."""
    return without_keys(inert(text))


def without_keys(text: str) -> str:
    """Return a text in which what has the shape of a secret access key is masked, whatever it is said to be.

    So a key that was put into the wrong setting isn't shown, while paths, long names and commit IDs are.
    """
    if len(text) < SECRET_LENGTH:
        return text
    return _SHAPE.sub(lambda it: MASK if _is_random(it[0]) else it[0], text)


def _is_random(text: str) -> bool:
    is_mixed = bool(_MIXED.match(text)) and text.count("/") <= _SLASHES
    return is_mixed and len(_PART.findall(text)) >= _PARTS


def named(text: str) -> list[str]:
    """Return the parts of a line that look secret by their labels or by their shape."""
    found: list[str] = []

    def noted(secret: str) -> str:
        found.append(secret)
        return secret

    _covered(text[:_LONG], noted)
    return [secret for secret in dict.fromkeys(found) if secret]


def hide(text: str, secrets: Iterable[str], mask: str = MASK) -> str:
    """Return a text without these secrets and without pieces of them, which occur if a secret is split or cut off.

    With "" as the mask, each letter of a secret becomes a dot, so that the other letters keep their positions.
    """
    letters = list(text)
    for secret in secrets:
        for start, end in _pieces(text, secret):
            letters[start:end] = _DOT * (end - start)
    shown = "".join(letters)
    return re.sub(f"{_DOT}+", mask, shown) if mask and shown != text else shown


def _pieces(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each secret, or piece of one, in a text."""
    at = text.find(secret)
    while at >= 0 and secret:
        yield at, at + len(secret)
        at = text.find(secret, at + len(secret))
    for word in secret.split():
        parts = {word[i : i + _PIECE] for i in range(len(word) - _PIECE + 1)}
        yield from ((i, i + _PIECE) for i in range(len(text) - _PIECE + 1) if parts and text[i : i + _PIECE] in parts)


def _covered(text: str, cover: Callable[[str], str]) -> str:
    """Replace each part of a text that looks secret by `cover(part)`. Access key IDs are kept."""

    def behind(it: re.Match[str]) -> str:
        return it[1] + cover(it[0][len(it[1]) :])

    text = _NAMED.sub(lambda it: behind(it) if is_secret(it[2]) else it[0], text)
    text = _ARGUMENT.sub(lambda it: behind(it) if is_secret(it[1].strip()) else it[0], text)
    text = _USERINFO.sub(lambda it: f"{it[1]}{cover(it[2])}@", _USER.sub(behind, text))
    text = _SHAPE.sub(lambda it: cover(it[0]) if _is_random(it[0]) else it[0], text)
    return _KEY.sub(lambda it: cover(it[0]), _TOKEN.sub(lambda it: cover(it[0]), text))
