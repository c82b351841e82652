"""Joins the lines of a text that mail, chats or terminals wrapped.

Whether a line break was in the text or comes from wrapping shows in its width: a program that wraps at words breaks a
line only where the next word no longer fits, and a terminal breaks it exactly at its width.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ccsetup.access.paste.formats import starts_with_label
from ccsetup.core.lazy_regex import later

_NARROWEST = 20  # the narrowest width that a text is wrapped at, in characters
_HYPHEN = later(r"[\w/]-$")
_TO_HYPHEN = later(r"(?:[^-]|-(?![A-Za-z]))*-?")  # as far as a program that wraps at hyphens keeps a word together
_ENDS = later(r"[,;.!?)\]}\"'|]$|^-{1,2}[a-z-]+$")  # a word that is certainly whole
_BEGINS = later(r"https?://|arn:|codecommit:|ssh://|A[KS]IA|eyJ|-{1,2}[a-z]|[{}|+\"'<]", re.IGNORECASE)
_OPENS = later(
    r"\[|(?:export|set|setenv|git|aws) |\$env:|[A-Za-z_]{3,40} ?=(?!=|$)|[a-z_]{3,40} =$"
    r"|[^\W\d_a-z][\w ]{2,30}(?:: |\uff1a)|[$|+] |-{3}"
)
_SENTENCE = later(r"[A-Z][a-z]+ \w")

Glue = Callable[[str, str, int], "str | None"]  # what joins a line and the next at a width, None for a real break


class Way(NamedTuple):
    """One way to read a text, and how many line breaks were removed.

    `certain`: there are so many of them that the text was wrapped in this way. `split`: some were within words.
    """

    text: str
    joined: int = 0
    certain: bool = False
    split: bool = False


def ways(text: str) -> Iterator[Way]:
    """Yield the ways to read a text, each once: as it is, wrapped at words, and broken at a fixed width."""
    lines = text.split("\n")
    widths = [len(line.rstrip()) for line in lines]
    widest = max(widths)
    several = max((width for line, width in zip(lines, widths, strict=True) if " " in line.strip()), default=0)
    yield Way(text)
    if widest < _NARROWEST:
        return
    exact = widths.count(widest) > 1
    width = widest if exact else several or widest
    at_words = _joined(lines, _between_words if exact else _between_whole_words, width)
    fixed = _joined(lines, _anywhere, widest)
    fixed = fixed if fixed.certain else _joined(lines, _anywhere_inside, widest)
    if at_words.text == fixed.text:
        at_words = max(at_words, fixed, key=lambda way: way.certain)
    yield from (way for way in (at_words, fixed) if way.joined and (way is at_words or way.text != at_words.text))


def _joined(lines: Sequence[str], glue: Glue, width: int) -> Way:
    """Return the lines as one text without the breaks at a width."""
    parts, joined, split, shown, refuted = [lines[0]], 0, False, 0, 0
    for before, after in itertools.pairwise(lines):
        inside = bool(before.strip() and after.strip())
        between = glue(before, after, width) if inside else None
        if between is None:
            parts += ["\n", after]
            refuted += inside and glue in _AT_WORDS
            continue
        parts[-1] = parts[-1].rstrip()
        parts += [between, after.lstrip()]
        joined, split = joined + 1, split or not between
        if glue in _AT_WORDS:
            shown += 1
        elif _opens(after) or _BEGINS.match(after):
            refuted += 2 * (not between)  # two values of the same length, one below the other
        else:
            shown += len(before) >= width
    return Way("".join(parts), joined, shown > 1 and shown >= refuted, split)


def _between_whole_words(before: str, after: str, width: int) -> str | None:
    """Return what joins two lines of a text that was wrapped at words, none of which is longer than a line."""
    if _opens(after):
        return None
    line, word = before.rstrip(), after.split(None, 1)[0]
    if _HYPHEN.search(line) and after[:1].isalnum():
        found = _TO_HYPHEN.match(word)
        return "" if found and len(line) + len(found[0]) > width else None
    return " " if len(line) + 1 + len(word) > width else None


def _between_words(before: str, after: str, width: int) -> str | None:
    """Return what joins two lines of a text that was wrapped at words, and within words that are longer than a line."""
    between = _between_whole_words(before, after, width)
    last, word = before.split()[-1], after.split(None, 1)[0]
    if between != " " or len(before.rstrip()) != width or len(last + word) <= width:
        return between
    whole = _ENDS.search(last) or _BEGINS.match(word) or _SENTENCE.match(after)
    return " " if whole or last[-1].isascii() != word[0].isascii() else ""


_AT_WORDS = (_between_whole_words, _between_words)


def _anywhere(before: str, after: str, width: int) -> str | None:
    """Return what joins two lines of a text that a terminal broke."""
    if starts_with_label(after):
        return None
    if len(before) >= width > len(before.rstrip()) or len(before.rstrip()) == width - 1:
        return " "
    if len(before) < width:
        return None
    return " " if after[:1].isspace() or before[-1].isascii() != after[0].isascii() else ""


def _anywhere_inside(before: str, after: str, width: int) -> str | None:
    """Return what joins two lines of a text that a terminal may have broken."""
    return None if _opens(after) else _anywhere(before, after, width)


def _opens(line: str) -> bool:
    """Return whether a line seems to begin something new."""
    return bool(_OPENS.match(line)) or starts_with_label(line)
