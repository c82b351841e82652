"""The context of a line in an AWS file: the keys above and below it, and the lines after it that are indented more.

Line numbers count from 1. At most `MOST` lines are read, so that very long files don't take forever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from ccsetup.awsfiles.characters import plain
from ccsetup.core.lazy_regex import later


@lru_cache(maxsize=4)
def distinct_lines(text: str) -> frozenset[str]:
    """Return the lines of a text without their endings, each once: thousands of profiles share most of them."""
    return frozenset(text.replace("\r\n", "\n").split("\n"))


@lru_cache(maxsize=4)
def beginnings(text: str) -> frozenset[str]:
    """Return what the lines of a text begin with, up to the first equals sign, each once and without headers."""
    parts = (line.partition("=") for line in distinct_lines(text) if line[:1] != "[")
    return frozenset(key + sign for key, sign, _ in parts)


SETTING = later(r"([^=:]*?)\s*([=:])\s*(.*)")
LIKE_HEADER = later(r"\[[^\[\]=]+\]\s*(?:[#;].*)?")
MOST = 1000


def depth(line: str) -> int:
    """Return how many spaces a line starts with."""
    return len(line) - len(line.lstrip())


def says_nothing(line: str) -> bool:
    """Return whether a line is blank or a comment."""
    return line.strip()[:1] in ("", "#", ";")


def key_of(line: str) -> str:
    """Return a line's key in lower case, "" if it isn't a setting."""
    parts = SETTING.fullmatch(plain(line.strip()))
    return parts[1].lower() if parts else ""


def keys_below(lines: Sequence[str], at: int) -> list[str]:
    """Return the keys below a header, up to the next header."""
    keys = []
    for line in lines[at : at + MOST]:
        if line.strip()[:1] == "[" and LIKE_HEADER.fullmatch(line.strip()):
            break
        keys += [key] if not says_nothing(line) and (key := key_of(line)) else []
    return keys


def keys_above(lines: Sequence[str], at: int) -> set[str]:
    """Return the keys of a line's section up to and including that line."""
    found = set()
    for line in reversed(lines[max(at - MOST, 0) : at]):
        if line[:1] == "[":
            break
        found |= {key_of(line)} if not says_nothing(line) else set()
    return found - {""}


def keys_around(lines: Sequence[str], at: int, deep: int) -> set[str]:
    """Return the keys of a line's section, without those that are indented more than `deep`."""
    first = last = at - 1
    while first > at - MOST and first and not LIKE_HEADER.fullmatch(lines[first].strip()) and lines[first][:1] != "[":
        first -= 1
    while last < min(len(lines), at + MOST) and lines[last][:1] != "[":
        last += 1
    return {key_of(line) for line in lines[first:last] if depth(line) <= deep} - {""}


def deeper(lines: Sequence[str], at: int, deep: int) -> Iterator[tuple[int, str]]:
    """Yield the lines after a line that are indented more than `deep`, with their numbers, up to one that isn't."""
    for number, line in enumerate(lines[at : at + MOST], at + 1):
        if not says_nothing(line):
            if depth(line) <= deep:
                return
            yield number, line


def after_block(lines: Sequence[str], at: int, deep: int) -> tuple[int, int | None]:
    """Return the last line of the block after an indented header, and the last line of the settings that follow it.

    As SDKs read the file, those settings belong to the section above. The second value is None if no settings follow,
    or if there is no block, so that only the header is indented.
    """
    last = max((number for number, _ in deeper(lines, at, deep)), default=at)
    if last == at:
        return last, None
    end = last
    while end < len(lines) and lines[end].lstrip()[:1] != "[":
        end += 1
    return last, max((n for n in range(last + 1, end + 1) if not says_nothing(lines[n - 1])), default=None)
