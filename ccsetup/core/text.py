"""Prepares texts for a terminal: makes them inert, fits them to its encoding, measures, cuts and wraps by cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# These are compiled at their first use, so that the first prompt appears sooner.
_BREAK = r"[ \t]*[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]\s*"
_SEQUENCE = (
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC: titles, links, the clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c]*(?:\x1b\\|\x9c)"  # DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colors, cursor, erasing
    r"|\x1b[ -/]*[0-~]"
)
_KEYLIKE = r"eyJ[\w.=-]{20,}|[A-Za-z0-9+/=]{36,}"
_SPELLED = {
    "✓": "ok", "✗": "x", "❯": ">", "…": "...", "•": "*", "·": "-", "–": "-", "—": "-", "─": "-", "→": "->", "←": "<-",
    "↑": "up", "↓": "down", "▲": "^", "▼": "v", "⏎": "/", "‘": "'", "’": "'", "“": '"', "”": '"',
    "\N{NO-BREAK SPACE}": " ",
}  # fmt: skip

# A command at the end of a text: the whole text, or what follows a colon.
_COMMAND = (
    r"(?:^|(?<=: ))(?:ccsetup|git|aws|unset|export|set|pipx|pip|chmod|chown|sudo|rm|mv|cd|pbpaste|w32tm|fish_add_path|"
    r"\$Env:\w+|Remove-Item|env|icacls|cmd|ren|del|&|Get-\w+|powershell)(?= |$).*$"
)

MASK = "••••••••"

# How similar a name must be, from 0 to 1.
LOOSE = 0.6  # to be suggested
STRICT = 0.8  # to be used without asking
ONE_LETTER = 0.91  # to be taken for a wrong setting: other tools have settings of their own, such as aws_account_id


def inert(text: str) -> str:
    """Return an untrusted text as one inert line, without escape sequences, controls, line breaks or bidi marks."""
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
    """Return the text with characters that the encoding has: `✓` becomes `ok` on an ASCII terminal."""
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


def spelled_out(error: UnicodeError) -> tuple[str, int]:
    """Handle an encoding error of a stream (see `codecs.register_error`): use the characters that it has."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_SPELLED.get(char, "?") for char in error.object[error.start : error.end]), error.end


def veil(text: str, mask: str = "") -> str:
    """Hide what looks like a key or token in a text that is echoed: with `mask`, or letter by letter without one."""
    if len(text) < 23:
        return text
    return re.sub(_KEYLIKE, lambda found: (mask or "•" * len(found[0])) if _random(found[0]) else found[0], text)


def keylike(text: str) -> list[str]:
    """Return the parts of a text that look like a key or token."""
    return [run for run in re.findall(_KEYLIKE, text) if _random(run)]


def _random(run: str) -> bool:
    return any(map(str.isupper, run)) and any(map(str.islower, run)) and any(map(str.isdigit, run))


def cells(text: str) -> int:
    """Return how many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


@lru_cache(4096)
def _cells(char: str) -> int:
    if char < "\u0300" or char in _SPELLED:  # Latin letters and the signs of our own texts need no import
        return 1
    from wcwidth import wcwidth

    return max(wcwidth(char), 0)


def cut(text: str, room: int) -> str:
    """Return a text cut to `room` columns, with … in place of what is missing."""
    if cells(text) <= room:
        return text
    return _head(text, room - 1) + "…" if room > 0 else ""


def cut_words(text: str, room: int) -> str:
    """Return a text cut like `cut`, but between two words if there are several in the room."""
    if cells(text) <= room:
        return text
    whole = _head(text, room - 1)
    if text[len(whole) : len(whole) + 1] not in ("", " "):
        whole = whole.rpartition(" ")[0] or whole
    return whole.rstrip() + "…" if room > 0 else ""


def _head(text: str, room: int) -> str:
    taken = 0
    for index, char in enumerate(text):
        taken += _cells(char)
        if taken > room:
            return text[:index]
    return text


def _begin(text: str, room: int) -> str:
    """Return the beginning of a long word that fits, up to a slash or colon if one is in its second half."""
    head = _head(text, room)
    end = max(head.rfind("/"), head.rfind(":")) + 1
    return head[:end] if end > len(head) / 2 else head


def padded(text: str, room: int) -> str:
    """Return a text padded with spaces to `room` columns."""
    return text + " " * (room - cells(text))


def wrap(text: str, room: int, first: int | None = None, *, split: bool = False) -> list[str]:
    """Wrap a text to `room` columns, its first line to `first`.

    A longer word stays whole, so that it can be copied, and the terminal wraps it; with `split` it is split.
    """
    lines, limit = [""], room if first is None else first
    for gap, word in re.findall(r"( *)([^ ]+)", text):
        if lines[-1] and cells(lines[-1] + gap + word) > limit:
            lines, limit, gap = [*lines, ""], room, ""
        lines[-1] += gap + word
        while split and cells(lines[-1]) > limit and (head := _begin(lines[-1], limit)):
            lines, limit = [*lines[:-1], head, lines[-1][len(head) :]], room
    return lines


def wrap_step(text: str, room: int, *, split: bool = True) -> list[str]:
    """Wrap what to do next to `room` columns. A command stays on one line, so that it can be copied."""
    found = re.search(_COMMAND, text)
    if not found or cells(text) <= room:
        return wrap(text, room, split=split) if not found else [text]
    before = text[: found.start()].rstrip()
    return [*(wrap(before, room) if before else []), text[found.start() :]]


def folded(text: str) -> str:
    """Return a text for comparison: upper and lower case, Unicode form and full-width letters don't count."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def nearest(word: str, known: Iterable[str], most: int = 3, cutoff: float = LOOSE) -> list[str]:
    """Return the known names that are similar to a word, the most similar first, compared as `folded`.

    If some differ from the word in nothing but that, or in the order of their parts, only these.
    """
    plain = folded(word)
    by_plain: dict[str, list[str]] = {}
    for name in dict.fromkeys(known) if word else ():
        by_plain.setdefault(folded(name), []).append(name)
    if same := by_plain.get(plain):
        return same[:most]
    parts = sorted(re.split(r"[-_./\s]+", plain))
    if len(parts) > 1 and (same := [it for it in by_plain if sorted(re.split(r"[-_./\s]+", it)) == parts]):
        return [name for it in same for name in by_plain[it]][:most]
    from difflib import get_close_matches

    return [name for found in get_close_matches(plain, by_plain, most, cutoff) for name in by_plain[found]][:most]


def same_but_for_a_slip(one: str, other: str) -> bool:
    """Return whether one name can only be a typo of the other, so that it can be replaced without asking."""
    return bool(nearest(one, [other], 1, STRICT)) or letters_swapped(one, other)


def letters_swapped(one: str, other: str) -> bool:
    """Return whether two names of at least four letters differ only in two neighbouring letters that are exchanged."""
    if len(one) != len(other) or len(one) < 4 or one == other:
        return False
    first = next(n for n in range(len(one)) if one[n] != other[n])
    pair = one[first : first + 2]
    return pair.isalpha() and one[:first] + pair[::-1] + one[first + 2 :] == other


def did_you_mean(word: str, known: Iterable[str], most: int = 3) -> str:
    """Return a question that suggests similar names, "" if there are none."""
    *others, last = [f'"{name}"' for name in nearest(word, known, most)] or [""]
    return f"Did you mean {', '.join(others)} or {last}?" if others else f"Did you mean {last}?" if last else ""


def without_some(whole: str, part: str) -> bool:
    """Return whether `part` is `whole` with some digits missing, in the same order."""
    rest = iter(whole)
    return all(digit in rest for digit in part)
