"""A team file's lines: read one by one, each put into the one spelling that ConfigObj reads as it is meant, and back.

ConfigObj takes `https://acme.awsapps.com/start#/` for an address with a comment, needs minutes for some lines that are
made to take long, and does not tell the line of a value. So every line is read here first; what it goes on with is
quoted where it has to be, and stands on the same line.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.text import inert

LONGEST = 4096  # characters of a line; AWS takes policies of 2,048

Path = tuple[str, ...]  # the sections, and the key within them ("": the section itself)

_HEADER = later(r"(\[+)([^\[\]]*)(\]+)\s*(?:#.*)?")
_SETTING = later(r"([\"']?)([A-Za-z0-9_.-]+)\1\s*=\s*(.*)")
_KEY = later(r"([A-Za-z0-9_.-]+)\s*=")  # of a line whose value is no value
_COMMENT = later(r"\s#")
_REMARK = later(r"\s#(?!\S)")  # in a text for people, where #platform is a word
_TEXTS = ("name", "note", "label")
_REST = later(r"\s*(?:#.*)?")
_UNSEEN = str.maketrans(
    {"\t": " ", "\u00a0": " ", "\u202f": " ", "\u2007": " ", "\ufeff": "", "\u200b": "", "\u200c": "", "\u200d": "",
     "\u2060": ""}
)  # fmt: skip


class Fault(NamedTuple):
    """What is wrong with a team file: the line (0: no line of its own), the path in the file, and a sentence."""

    line: int
    path: Path
    says: str

    def __str__(self) -> str:
        at = ", ".join(part for part in (f"line {self.line}" if self.line else "", spelled_path(self.path)) if part)
        return f"{at}: {self.says}" if at else self.says


class Lines(NamedTuple):
    """A file's lines as ConfigObj may have them, where each section and value stands, and what no line can be."""

    plain: list[str]
    places: dict[Path, int]
    paths: dict[int, Path]
    faults: list[Fault]

    def stands(self, path: Path, number: int) -> None:
        """Note what stands on a line; of two of a name the first counts."""
        self.places.setdefault(path, number)
        self.paths[number] = path


def spelled_path(path: Path) -> str:
    """Return a path as the file shows it: `[access] [[default]] sso_region`."""
    heads = [f"{'[' * depth}{name}{']' * depth}" for depth, name in enumerate(path[:-1], 1)]
    return " ".join([*heads, *filter(None, path[-1:])])


def lines_of(text: str) -> Lines:
    """Read a text line by line."""
    found = Lines([], {}, {}, [])
    at: Path = ()
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        line = raw.translate(_UNSEEN).strip()
        try:
            at = _line(line, number, at, found)
        except BadAnswer as wrong:
            found.plain.append("")
            if key := _KEY.match(line):
                found.stands((*at, key[1]), number)
            found.faults.append(Fault(number, (*at, key[1] if key else ""), wrong.what))
    return found


def _line(line: str, number: int, at: Path, found: Lines) -> Path:
    """Take one line; return the section that the next one is in. Raises BadAnswer."""
    if len(line) > LONGEST:
        raise BadAnswer(f"The line has {len(line):,} characters, and {LONGEST:,} are the most.")
    if not line.isprintable():
        raise BadAnswer(f"“{_shown(line)}” holds a character that cannot be seen; type the line anew.")
    if not line or line[0] in "#;":
        found.plain.append("")
        return at
    if header := _HEADER.fullmatch(line):
        depth, name = len(header[1]), header[2].strip().strip("\"'").strip()
        if depth != len(header[3]) or not name or len(name) > 100 or any(char in name for char in "#\"'"):
            raise BadAnswer(f"“{_shown(line)}” is no section; one is such as [access] or [[default]].")
        found.plain.append(f'{"[" * depth}"{name}"{"]" * depth}')
        at = (*at[: depth - 1], *("",) * (depth - 1 - len(at)), name)
        found.stands((*at, ""), number)
        return at
    setting = _SETTING.fullmatch(line)
    if not setting:
        raise BadAnswer(f"“{_shown(line)}” is neither a [section] nor a setting, such as name = Acme platform.")
    found.stands((*at, setting[2]), number)
    found.plain.append(f"{setting[2]} = {spelled(value(setting[3], setting[2] in _TEXTS), always=True)}")
    return at


def value(text: str, prose: bool = False) -> str:
    """Return what a value's spelling means: quotes off, a comment after a blank off, `#` within a word kept.

    In prose a `#` begins a comment where a blank is on both its sides.
    """
    if text[:3] in ('"""', "'''"):
        raise BadAnswer("A value stands on one line, such as name = Acme platform.")
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        while end > 0 and not _REST.fullmatch(text, end + 1):
            end = text.find(text[0], end + 1)
        if end < 0:
            raise BadAnswer(f'“{_shown(text)}” begins with a quote that does not end, such as name = "Acme".')
        return text[1:end].strip()
    comment = (_REMARK if prose else _COMMENT).search(" " + text)
    return text[: comment.start()].rstrip() if comment else text


def spelled(text: str, always: bool = False) -> str:
    """Return a value's spelling, quoted where it has to be (or `always`). Raises BadAnswer for one that has none."""
    if not always and not any(char in text for char in "#,;\"'") and "  " not in text:
        return text
    for quote in "\"'":
        if quote not in text:
            return quote + text + quote
    raise BadAnswer('A value has one kind of quotes in it, such as note = "Don\'t wait, ask in #platform."')


def _shown(line: str) -> str:
    text = inert(line)
    return text if len(text) <= 40 else text[:39] + "…"
