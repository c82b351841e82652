"""Finds the secrets in typed or pasted text: recognized keys and tokens, and labeled values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ccsetup.access.paste.cleanup import mend
from ccsetup.access.paste.interpret import recognised, ways
from ccsetup.core import redact
from ccsetup.core.lazy_regex import later
from ccsetup.core.text import keylike

_MOST = 20_000  # the longest text that is searched, in characters; longer text is never shown
_SHORTEST = 16  # the shortest key, in characters
_MARK = later(r"[:=：]")
_LABEL = later(
    r"(?:passw|passphrase|\bpwd|kennwort|mot de passe|contrase|senha|parola|пароль|密码|密碼|パスワード|비밀번호"
    r"|secret|secr[eè]t|segret|geheim|секрет|秘密|シークレット|시크릿|token|jeton|токен|令牌|トークン|토큰"
    r"|(?:access|api|private|zugriffs)[ _-]?(?:key|schlüssel)|clé|clave|chiave|chave|ключ|密钥|密鑰|キー)"
    r"(?![^\n:=：]{0,40}(?:file|path|datei|fichier))[^\n:=：]{0,40}[:=：]"
    r"(?![ \t\"'`*]*(?:A[KS]IA|arn:|https?://|[~.]{1,2}/))([^\n]*)",
    re.IGNORECASE,
)
_PASSWORD = later(
    r"(?:passwor[dt]|passphrase|\bpwd) (?:(?:is|ist|=>?|/) ?[\"'`*]{0,2}(\S{4,})|(?=\S*[0-9!$%&+/])(\S{6,}))"
    r"|-at-[0-9]{12}[ ,;:|/]{1,3}(\S{16,})",  # Git credentials
    re.IGNORECASE,
)
_NEXT_LINE = later(r"\n{1,2}([A-Za-z0-9+/_.-]{8,}={0,2})[^\w\n]*(?=\n|$)")
_BARE = later(r"^[^\w\n]*(?=\S*[0-9+/])(?=\S*[A-Z])(?=\S*[a-z])([A-Za-z0-9+/_.-]{16,}={0,2})[^\w\n]*$", re.MULTILINE)


def secrets(text: str) -> tuple[str, ...]:
    """Return each secret as it is in the text, or joined if it is split over several lines."""
    if len(text) < _SHORTEST and not _MARK.search(text) and not _PASSWORD.search(text):
        return ()  # keeps typing in a list fast
    text = text[:_MOST]
    found = [value for line in text.split("\n") for value in redact.named(line)]
    found += [*keylike(text), *_labelled(text), *(it for seen, _ in ways(text) for it in recognised(seen))]
    if "\n" in text:
        found += _in_lines(mend(text).text)
    return tuple(dict.fromkeys(value for value in found if value.strip()))


def _labelled(text: str) -> Iterator[str]:
    """Yield what follows a label like "password:" in one of several languages."""
    passwords = list(_PASSWORD.finditer(text))
    for found in passwords:
        yield (found[1] or found[2] or found[3]).rstrip(".,;\"'`*")
    for found in _LABEL.finditer(text):
        if not any(it.start() <= found.start() and found.start(1) <= it.end() + 1 for it in passwords):
            yield found[1].strip(" \t\"'`*")


def _in_lines(text: str) -> Iterator[str]:
    """Yield single words on lines of their own, below a label or similar to a key, and the lines that continue them.

    Single-line texts are skipped, since such a word may be a name.
    """
    for found in (*_LABEL.finditer(text), *_BARE.finditer(text)):
        yield found[1]
        at = found.end()
        while piece := _NEXT_LINE.match(text, at):
            yield piece[1]
            at = piece.end()
