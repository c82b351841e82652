"""Places of an AWS file that do not read as they were meant, as values: where, why, and the ways to write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ccsetup.findings import Severity
from ccsetup.patterns import later

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
    severity: Severity = "stops"


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
        Way("Keep the upper version", (*ours, *_commented(theirs))),
        Way("Keep the lower version", (*_commented(ours), *theirs)),
    )
    return Oddity("file.stray-line", at, at, last, says, ways, refused=True, reads=("", *ours))


def _commented(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"# {line.strip()}" if line.strip() else line for line in lines)
