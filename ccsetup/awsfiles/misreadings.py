"""Places of an AWS file that do not read as they were meant, as values: where, why, and the ways to write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from ccsetup.awsfiles import headers
from ccsetup.awsfiles.characters import plain
from ccsetup.awsfiles.section_lines import SETTING, depth, key_of, keys_below, says_nothing
from ccsetup.awsfiles.settings import KNOWN, several
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName

_CONFLICT = later(r"(<{7}|={7}|>{7}|\|{7})(?: .*)?")


class Way(NamedTuple):
    """One way to write an odd place: what it is called, and the lines that come in place of those that are there."""

    label: str
    lines: tuple[str, ...]


class Oddity(NamedTuple):
    """A place of a file that does not read as it was meant: its code and line, and the lines it spans.

    `ways` are its readings, the likeliest first; a single one with `sure` is the only one. `refused` says that botocore
    refuses the file for it; `key` is the setting that it is about, "" for a header.
    """

    code: str
    line: int
    first: int
    last: int
    says: str
    ways: tuple[Way, ...] = ()
    sure: bool = False
    refused: bool = False
    key: str = ""
    reads: tuple[str, ...] = ()  # the lines, as many as are there, that the meant text has in their place
    header: str = ""  # the section it is in, or is, as it was meant
    taken: bool = False  # there is a section of that header already
    severity: Literal["stops", "hinders", "note"] = "stops"


class Reading(NamedTuple):
    """A text as it was meant, and what had to be taken otherwise for it."""

    text: str
    oddities: tuple[Oddity, ...] = ()


def conflict(lines: Sequence[str], at: int) -> Oddity | None:
    """Return a merge that nobody finished: two versions of some lines, between git's marks. The other one stays."""
    marks = [n for n in range(at, len(lines) + 1) if _CONFLICT.fullmatch(lines[n - 1].strip())]
    ends = [n for n in marks if lines[n - 1].strip().startswith(">>>>>>>")]
    middle = [n for n in marks if lines[n - 1].strip().startswith("=======") and ends and n < ends[0]]
    if not ends or len(middle) != 1:
        return None
    last, cut = ends[0], middle[0]
    base = next((n for n in marks if lines[n - 1].strip().startswith("|||||||") and n < cut), cut)
    ours, theirs = tuple(lines[at : base - 1]), tuple(lines[cut : last - 1])
    says = f"A merge was not finished here: two versions of the same lines, up to line {last}."
    ways = (
        Way("Keep the upper version", (*ours, *_silent(theirs))),
        Way("Keep the lower version", (*_silent(ours), *theirs)),
    )
    return Oddity("file.stray-line", at, at, last, says, ways, refused=True, reads=("", *ours))


def _silent(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"# {line.strip()}" if line.strip() else line for line in lines)


def comment(lines: Sequence[str], at: int) -> Way:
    """Return the way that makes a line a comment."""
    return Way("Make it a comment", (f"# {lines[at - 1].strip()}",))


def commented(lines: Sequence[str], at: int, says: str) -> Oddity:
    """Return the oddity of a line for which botocore refuses the file, and which can be a comment at most."""
    way = comment(lines, at)
    return Oddity("file.stray-line", at, at, at, says, (way,), refused=True, reads=way.lines)


def before_any(lines: Sequence[str], at: int, file: FileName) -> Oddity:
    """Return the settings that stand before the first section, all at once."""
    last = at
    while last < len(lines) and _is_plain(lines[last], file):
        last += 1
    whole = lines[at - 1 : last]
    quiet = Way("Make it a comment", tuple(f"# {line}" if line.strip() else line for line in whole))
    top = Way("Put [default] above it", ("[default]", *whole))
    alone = not any(line.strip() == "[default]" for line in lines)
    settings = all(SETTING.fullmatch(line) and line[:1] not in "=:" for line in whole if line.strip())
    ways = (top, quiet) if alone and settings else (quiet,)
    says = "A setting stands before the first [section]." if settings else "This line is no setting and no [section]."
    return Oddity("file.stray-line", at, at, last, says, ways, refused=True, reads=quiet.lines)


def _is_plain(line: str, file: FileName) -> bool:
    return not says_nothing(line) and line.strip()[:1] != "[" and not headers.unbracketed(plain(line.strip()), file)


def behind(lines: Sequence[str], at: int, header: str, rest: str) -> Oddity:
    """Return the oddity of what stands behind a header, where nothing is read."""
    line, below = lines[at - 1], {*keys_below(lines, at)}
    indent, key = line[: depth(line)], key_of(rest)
    those = several(rest) or [rest]
    keys = {it.partition("=")[0].strip().lower() for it in those} if len(those) > 1 else set[str]()
    if key in KNOWN - below and not keys & below:
        way = Way("Give it a line of its own", (f"{indent}[{header}]", *(indent + it for it in those)))
        says = f"{key} stands behind the header [{header}], where no tool reads it."
        return Oddity("file.stray-line", at, at, at, says, (way,), True, reads=(line,))
    way = Way("Make it a remark", (f"{indent}[{header}] # {rest}",))
    says = f"What stands behind the header [{header}] is not read."
    return Oddity("file.stray-line", at, at, at, says, (way,), reads=(line,), severity="note")
