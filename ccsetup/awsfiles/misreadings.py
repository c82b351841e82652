"""Places in an AWS file that aren't read as they were intended, as values: where, why, and how to correct them."""

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
    """One correction of an odd place: its label, and the lines that replace the existing ones."""

    label: str
    lines: tuple[str, ...]


class Oddity(NamedTuple):
    """A place in a file that isn't read as it was intended: its code and line, and the lines it spans.

    `ways` are its possible corrections, the most likely first. With `sure`, there is only one. `refused` means that
    botocore rejects the file because of it. `key` is the setting that it is about, "" for a header.
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
    reads: tuple[str, ...] = ()  # the lines that the intended text has instead, the same number
    header: str = ""  # the intended section that it is in, or is
    taken: bool = False  # a section with that header already exists
    severity: Literal["stops", "hinders", "note"] = "stops"


class Reading(NamedTuple):
    """A text as it was intended, and the oddities that were corrected in it."""

    text: str
    oddities: tuple[Oddity, ...] = ()


def conflict(lines: Sequence[str], at: int) -> Oddity | None:
    """Return the oddity of an unresolved merge conflict. The version that isn't kept becomes comments."""
    marks = [n for n in range(at, len(lines) + 1) if _CONFLICT.fullmatch(lines[n - 1].strip())]
    ends = [n for n in marks if lines[n - 1].strip().startswith(">>>>>>>")]
    middle = [n for n in marks if lines[n - 1].strip().startswith("=======") and ends and n < ends[0]]
    if not ends or len(middle) != 1:
        return None
    last, cut = ends[0], middle[0]
    base = next((n for n in marks if lines[n - 1].strip().startswith("|||||||") and n < cut), cut)
    ours, theirs = tuple(lines[at : base - 1]), tuple(lines[cut : last - 1])
    says = f"This is an unresolved merge conflict with two versions of the same lines, up to line {last}."
    ways = (
        Way("Keep the first version", (*ours, *_silent(theirs))),
        Way("Keep the second version", (*_silent(ours), *theirs)),
    )
    return Oddity("file.stray-line", at, at, last, says, ways, refused=True, reads=("", *ours))


def _silent(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"# {line.strip()}" if line.strip() else line for line in lines)


def comment(lines: Sequence[str], at: int) -> Way:
    """Return the correction that makes a line a comment."""
    return Way("Comment out the line", (f"# {lines[at - 1].strip()}",))


def commented(lines: Sequence[str], at: int, says: str) -> Oddity:
    """Return the oddity of a line because of which botocore rejects the file, and which can only become a comment."""
    way = comment(lines, at)
    return Oddity("file.stray-line", at, at, at, says, (way,), refused=True, reads=way.lines)


def leftover(lines: Sequence[str], at: int) -> Oddity | None:
    """Return the oddity of a line that was copied along with a file, but was never part of it."""
    bare = lines[at - 1].strip()
    says = next((says for form, says in _LEFT_OVER if form.fullmatch(bare)), "")
    return commented(lines, at, says)._replace(sure=True) if says else None


_LEFT_OVER = (
    (later(r"(?:`{3,}|~{3,})\s*[\w.+-]*"), "This line is a code fence from a web page or chat, not a setting."),
    (later(r"['\"]?(?:EOF|EOT|EOL|_EOF_|END_OF_FILE|'@|\"@)['\"]?;?"),
     "This line is the end of a here-document, a part of the shell command that the file was copied with."),
    (later(r"[$#>%]?\s*(?:sudo\s+)?(?:cat|tee)\s[^=]*<<-?\s*['\"\\]?\w+['\"]?[^=]*"),
     "This line is the shell command that the file was copied with, not a setting."),
)  # fmt: skip


def before_any(lines: Sequence[str], at: int, file: FileName) -> Oddity:
    """Return one oddity for all settings before the first section."""
    last = at
    while last < len(lines) and _is_plain(lines[last], file):
        last += 1
    whole = lines[at - 1 : last]
    quiet = Way("Turn the lines into comments", tuple(f"# {line}" if line.strip() else line for line in whole))
    top = Way("Add [default] above the settings", ("[default]", *whole))
    alone = not any(line.strip() == "[default]" for line in lines)
    settings = all(SETTING.fullmatch(line) and line[:1] not in "=:" for line in whole if line.strip())
    ways = (top, quiet) if alone and settings else (quiet,)
    says = "This setting is before the first [section]." if settings else "This line isn't a setting or a [section]."
    return Oddity("file.stray-line", at, at, last, says, ways, refused=True, reads=quiet.lines)


def _is_plain(line: str, file: FileName) -> bool:
    if any(form.fullmatch(line.strip()) for form, _ in _LEFT_OVER):
        return False
    return not says_nothing(line) and line.strip()[:1] != "[" and not headers.unbracketed(plain(line.strip()), file)


def behind(lines: Sequence[str], at: int, header: str, rest: str) -> Oddity:
    """Return the oddity of text after a header, which isn't read."""
    line, below = lines[at - 1], {*keys_below(lines, at)}
    indent, key = line[: depth(line)], key_of(rest)
    those = several(rest) or [rest]
    keys = {it.partition("=")[0].strip().lower() for it in those} if len(those) > 1 else set[str]()
    if key in KNOWN - below and not keys & below:
        way = Way(f"Put {key} on its own line", (f"{indent}[{header}]", *(indent + it for it in those)))
        says = f"{key} is on the same line as the header [{header}], so AWS tools ignore it."
        return Oddity("file.stray-line", at, at, at, says, (way,), True, reads=(line,))
    way = Way("Comment out the text", (f"{indent}[{header}] # {rest}",))
    says = f"The text after the header [{header}] is ignored."
    return Oddity("file.stray-line", at, at, at, says, (way,), reads=(line,), severity="note")
