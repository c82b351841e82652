"""Files that aren't in the form of an AWS file at all: JSON, Rich Text Format and web pages, saved under its name."""

from __future__ import annotations

import re
from typing import NamedTuple

from ccsetup.core.lazy_regex import later


class Format(NamedTuple):
    """What a file is, in words, and its plain text if that can be had, else ""."""

    name: str
    plain: str = ""


_RTF = later(r"\\u(-?\d{1,6}) ?\??|\\'([0-9a-f]{2})|\\([a-z]{1,32})(-?\d{1,10})? ?|\\([^a-z])|([{}])|[\r\n]+")
_BREAKS = {"par": "\n", "line": "\n", "tab": "\t", "emdash": "\u2014", "endash": "\u2013",
           "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d"}  # fmt: skip
_UNSEEN = later(r"\{\\(?:\*|fonttbl|colortbl|stylesheet|info|pict)(?:[^{}]|\{[^{}]*\})*\}")
_LONGEST = 1_000_000


def of(text: str) -> Format | None:
    """Return what a whole text is if it isn't an AWS file, None if it may be one."""
    start = text[:400].lstrip("\ufeff \t\r\n")
    if start[:1] not in ("{", "[", "<") or len(text) > _LONGEST:
        return None
    if start.startswith("{\\rtf"):
        return Format("Rich Text Format", _from_rtf(text))
    if re.match(r"(?i)<(?:!doctype\s+html|html|head|body)\b", start):
        return Format("a web page (HTML)")
    if start.startswith("{") or re.match(r"\[\s*[{\[\"]", start):
        import json

        try:
            json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError):
            return Format("JSON") if re.match(r"[{\[]\s*[{\"]", start) and re.search(r"[}\]]\s*\Z", text) else None
        return Format("JSON")
    return None


def _from_rtf(text: str) -> str:
    """Return the plain text of a simple document in Rich Text Format."""
    bare = _UNSEEN.sub("", text)

    def read(found: re.Match[str]) -> str:
        number, byte, word, _, symbol, _ = found.groups()
        if number:
            return chr(int(number) % 0x10000)
        if byte:
            return bytes([int(byte, 16)]).decode("cp1252", "replace")
        if word:
            return _BREAKS.get(word, "")
        return "\n" if symbol in ("\n", "\r") else symbol if symbol and symbol in "\\{}" else ""

    lines = _RTF.sub(read, bare.replace("\\\r\n", "\\\n")).strip("\0 ").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"
