"""Texts made fit for a terminal: inert, spelled in its alphabet, measured, cut and wrapped by cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

# These are compiled when a text first needs them, which the first prompt does not wait for.
_BREAK = r"[ \t]*[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]\s*"
_SEQUENCE = (
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC: titles, links, the clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c]*(?:\x1b\\|\x9c)"  # DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erasing
    r"|\x1b[ -/]*[0-~]"
)
_KEYLIKE = r"eyJ[\w.=-]{20,}|[A-Za-z0-9+/=]{36,}"
_SPELLED = {
    "✓": "ok", "✗": "x", "❯": ">", "…": "...", "•": "*", "·": "-", "–": "-", "—": "-", "─": "-", "→": "->", "←": "<-",
    "↑": "up", "↓": "down", "⏎": "/", "‘": "'", "’": "'", "“": '"', "”": '"',
    "\N{NO-BREAK SPACE}": " ",
}  # fmt: skip

MASK = "••••••••"


def inert(text: str) -> str:
    """Return a text from outside as one line that cannot act: no escape sequences, controls, breaks or bidi marks."""
    if text.isprintable():
        return text
    return "".join(map(_shown, re.sub(_BREAK, " ", re.sub(_SEQUENCE, "", text))))


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf") else "\N{REPLACEMENT CHARACTER}"


def spell(text: str, encoding: str | None) -> str:
    """Return the text in letters the encoding has: `✓` becomes `ok` on a terminal that only knows ASCII."""
    try:
        text.encode(encoding or "utf-8")
        return text
    except (UnicodeEncodeError, LookupError):
        return "".join(_spelled(char, encoding or "ascii") for char in text)


def _spelled(char: str, encoding: str) -> str:
    try:
        char.encode(encoding)
        return char
    except UnicodeEncodeError:
        return _SPELLED.get(char, "?")
    except LookupError:
        return char if char.isascii() else _SPELLED.get(char, "?")


def veil(text: str, mask: str = "") -> str:
    """Hide what looks like a key or token in a text that is echoed: by `mask`, or letter by letter without one."""
    if len(text) < 23:
        return text
    return re.sub(_KEYLIKE, lambda found: (mask or "•" * len(found[0])) if _random(found[0]) else found[0], text)


def keylike(text: str) -> list[str]:
    """Return the parts of a text that look like a key or token."""
    return [run for run in re.findall(_KEYLIKE, text) if _random(run)]


def _random(run: str) -> bool:
    return any(map(str.isupper, run)) and any(map(str.islower, run)) and any(map(str.isdigit, run))


def cells(text: str) -> int:
    """Say how many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


@lru_cache(4096)
def _cells(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, room: int) -> str:
    """Return as much of a text as fits into `room` columns, with … where something is missing."""
    if cells(text) <= room:
        return text
    return _head(text, room - 1) + "…" if room > 0 else ""


def _head(text: str, room: int) -> str:
    taken = 0
    for index, char in enumerate(text):
        taken += _cells(char)
        if taken > room:
            return text[:index]
    return text


def padded(text: str, room: int) -> str:
    """Return a text followed by blanks up to `room` columns."""
    return text + " " * (room - cells(text))


def wrap(text: str, room: int, first: int | None = None, *, split: bool = False) -> list[str]:
    """Return the lines of a text that fit into `room` columns, the first into `first`.

    A word that is longer stays whole, so that it can be copied, and is left to the terminal; or it is `split`.
    """
    lines, limit = [""], room if first is None else first
    for gap, word in re.findall(r"( *)([^ ]+)", text):
        if lines[-1] and cells(lines[-1] + gap + word) > limit:
            lines, limit, gap = [*lines, ""], room, ""
        lines[-1] += gap + word
        while split and cells(lines[-1]) > limit and (head := _head(lines[-1], limit)):
            lines, limit = [*lines[:-1], head, lines[-1][len(head) :]], room
    return lines


def close(name: str, names: Sequence[str]) -> list[str]:
    """Return the names like this one, the nearest first."""
    import difflib

    return difflib.get_close_matches(name, names, n=3, cutoff=0.5)


def near(name: str, names: Sequence[str]) -> str:
    """Return words that suggest names like this one, "" when there are none."""
    *others, last = close(name, names) or [""]
    return f"There are {', '.join(others)} and {last}." if others else f"There is {last}." if last else ""
