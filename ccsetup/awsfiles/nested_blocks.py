"""Nested blocks: the indented settings below `s3 =` or, in a services section, below a service such as `codecommit =`.

Without a nested setting, `s3 =` is an empty text, and botocore then fails for every client (AttributeError). So lines
are never moved into or out of a block alone: each correction is for the whole block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ccsetup.awsfiles.misreadings import Oddity, Way
from ccsetup.awsfiles.section_lines import MOST, SETTING, deeper, depth, says_nothing
from ccsetup.awsfiles.settings import BLOCKS, NESTED, STRICT
from ccsetup.core.lazy_regex import later

CODE = "file.nested-block"
_DATE = later(r"\d{4}-\d\d-\d\d")
_INDENT = "    "


class _Line(NamedTuple):
    """A setting on one line: its line number, key and value."""

    number: int
    key: str
    value: str


def flattened(lines: Sequence[str], at: int, key: str, header: str) -> Oddity | None:
    """Return the oddity of a block whose lines aren't indented, or that is empty. It begins on line `at`."""
    services = header.startswith("services ")
    if not services and key not in BLOCKS:
        return None
    below = _below(lines, at)
    if below is None:
        return None
    if services:
        mine = below[: next((n for n, it in enumerate(below) if not it.value), len(below))]
        return _indented(lines, at, key, mine, sure=True) if mine else _empty(lines, at, key)
    mine = [it for it in below if _is_of(key, it)]
    both = _of_both(key, below)
    if both:
        whole = _indented(lines, at, key, sorted([*mine, *both]), sure=False)
        rest = _indented(lines, at, key, mine, sure=False) if mine else _empty(lines, at, key)
        way = _reaching(lines, rest, whole.last)
        if mine:
            way = way._replace(label=f"Indent them, but not {' and '.join(it.key for it in both)}")
        return whole._replace(ways=(*whole.ways, way))
    return _indented(lines, at, key, mine, sure=True) if mine else _empty(lines, at, key)


def _below(lines: Sequence[str], at: int) -> list[_Line] | None:
    """Return the settings below a line, up to the next section; None if the first one is indented, as it should be."""
    found: list[_Line] = []
    deep = depth(lines[at - 1])
    for number, line in enumerate(lines[at : at + MOST], at + 1):
        if says_nothing(line):
            continue
        parts = SETTING.fullmatch(line.strip())
        if depth(line) > deep:
            if not found:
                return None
            continue
        if line.strip()[:1] == "[" or parts is None or not parts[1]:
            break
        found.append(_Line(number, parts[1].lower(), parts[3]))
    return found


def _is_of(key: str, it: _Line) -> bool:
    """Return whether a setting can only be part of this block."""
    return bool(_DATE.fullmatch(it.value)) if key == "api_versions" else it.key in NESTED - STRICT


def _of_both(key: str, below: Sequence[_Line]) -> list[_Line]:
    """Return the settings right below `s3 =` that the profile could have as well."""
    found = []
    for it in below:
        if key != "s3" or it.key not in NESTED:
            break
        found += [it] if it.key in STRICT else []
    return found


def _indented(lines: Sequence[str], at: int, key: str, mine: Sequence[_Line], sure: bool) -> Oddity:
    """Return the oddity of a block whose lines aren't indented. Lines between them move behind the block."""
    last, indent = mine[-1].number, lines[at - 1][: depth(lines[at - 1])] + _INDENT
    numbers = {it.number for it in mine}
    nested = [indent + lines[n - 1].strip() for n in sorted(numbers)]
    rest = [lines[n - 1] for n in range(at + 1, last + 1) if n not in numbers]
    if rest and all(says_nothing(line) for line in rest):  # then the order stays
        nested = [indent + lines[n - 1].strip() if n in numbers else lines[n - 1] for n in range(at + 1, last + 1)]
        rest = []
    way = Way(f"Indent the lines below {key}", (lines[at - 1], *nested, *rest))
    says = f"{mine[0].key} isn't indented, so it isn't part of {key} on line {at}, which is read as an empty text."
    return Oddity(CODE, mine[0].number, at, last, says, (way,), sure, key=key, reads=way.lines)


def _empty(lines: Sequence[str], at: int, key: str) -> Oddity:
    way = Way("Turn the line into a comment", (_silent(lines[at - 1]),))
    says = f"{key} has no indented settings below it, so it is read as an empty text."
    return Oddity(CODE, at, at, at, says, (way,), True, key=key, reads=way.lines)


def silenced(lines: Sequence[str], at: int, deep: int) -> tuple[str, ...]:
    """Return a block's first line and the lines below it as comments."""
    last = max((number for number, _ in deeper(lines, at, deep)), default=at)
    return tuple(line if says_nothing(line) else _silent(line) for line in lines[at - 1 : last])


def _silent(line: str) -> str:
    return f"{line[: depth(line)]}# {line.strip()}"


def _reaching(lines: Sequence[str], odd: Oddity, last: int) -> Way:
    """Return the correction of an oddity with all lines up to `last`."""
    return odd.ways[0]._replace(lines=(*odd.ways[0].lines, *lines[odd.last : last]))


def misplaced(lines: Sequence[str], first: int, mine: Sequence[int], last: int, key: str, name: str) -> Oddity:
    """Return the oddity of the profile's settings on lines `mine` in the block of lines `first` to `last`.

    They move above the block. If nothing stays in it, its first line becomes a comment. `name` is the first setting.
    """
    indent = lines[first - 1][: depth(lines[first - 1])]
    moved = [indent + lines[n - 1].strip() for n in mine]
    rest = [lines[n - 1] for n in range(first + 1, last + 1) if n not in mine]
    if all(says_nothing(line) for line in rest):
        way = Way("Remove the indentation", (_silent(lines[first - 1]), *rest, *moved))
    else:
        way = Way(f"Move the line above {key}", (*moved, lines[first - 1], *rest))
    says = f"{name} is indented, so it is read as part of {key} above it."
    return Oddity("section.indented-key", mine[0], first, last, says, (way,), True, key=name, reads=way.lines)


def hanging(lines: Sequence[str], at: int, key: str, first: int, deep: int) -> Oddity | None:
    """Return the oddity of settings of `s3`, from line `at` on, that are indented below another setting.

    `key` is that setting, on line `first`. It stands in the middle of the block, and moves above it.
    """
    above = first - 1
    while above and (says_nothing(lines[above - 1]) or depth(lines[above - 1]) > deep):
        above -= 1
    parts = SETTING.fullmatch(lines[above - 1].strip()) if above else None
    if parts is None or parts[1].lower() not in BLOCKS or parts[3]:
        return None
    below = [
        n for n in range(at, min(len(lines), at + MOST) + 1) if says_nothing(lines[n - 1]) or depth(lines[n - 1]) > deep
    ]
    last = at
    for n in below:
        if n != last and n != last + 1:
            break
        last = n
    while says_nothing(lines[last - 1]):
        last -= 1
    middle = tuple(lines[above - 1 : first - 1])
    way = Way(f"Move {key} above {parts[1]}", (lines[first - 1], *middle, *lines[first:last]))
    hung = f"{_key(lines[at - 1])} is indented below {key}"
    says = f"{hung}, so it is read as part of it and not of {parts[1]} on line {above}."
    return Oddity("section.indented-key", at, above, last, says, (way,), True, key=key, reads=way.lines)


def _key(line: str) -> str:
    parts = SETTING.fullmatch(line.strip())
    return parts[1] if parts else line.strip()
