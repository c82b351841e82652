"""Reads a team file line by line, and rewrites each line so that ConfigObj reads it as intended.

ConfigObj reads `https://acme.awsapps.com/start#/` as a URL with a comment, takes minutes for some malicious lines, and
doesn't report the line number of a value. So every line is read here first. The text passed on is quoted where needed
and keeps its line number.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.text import inert

LONGEST = 4096  # characters of a line; AWS allows policies of 2,048

Path = tuple[str, ...]  # the sections, and the key in them ("": the section itself)

_HEADER = later(r"(\[+)([^\[\]]*)(\]+)\s*(?:#.*)?")
_SETTING = later(r"([\"']?)([A-Za-z0-9_.-]+)\1\s*=\s*(.*)")
_KEY = later(r"([A-Za-z0-9_.-]+)\s*=")  # for lines with an invalid value
_COMMENT = later(r"\s#")
_REMARK = later(r"\s#(?!\S)")  # in prose, where #platform is a word
_TEXTS = ("name", "note", "label")
_REST = later(r"\s*(?:#.*)?")
_UNSEEN = str.maketrans(
    {"\t": " ", "\u00a0": " ", "\u202f": " ", "\u2007": " ", "\ufeff": "", "\u200b": "", "\u200c": "", "\u200d": "",
     "\u2060": ""}
)  # fmt: skip


class Fault(NamedTuple):
    """An error in a team file: the line (0: no specific line), the path in the file, and a sentence."""

    line: int
    path: Path
    says: str

    def __str__(self) -> str:
        at = ", ".join(part for part in (f"line {self.line}" if self.line else "", spelled_path(self.path)) if part)
        return f"{at}: {self.says}" if at else self.says


class Lines(NamedTuple):
    """A file's lines for ConfigObj, the line of each section and value, and the errors."""

    plain: list[str]
    places: dict[Path, int]
    paths: dict[int, Path]
    faults: list[Fault]

    def stands(self, path: Path, number: int) -> None:
        """Record what is on a line. If a name occurs twice, the first one counts."""
        self.places.setdefault(path, number)
        self.paths[number] = path


def spelled_path(path: Path) -> str:
    """Return a path as it looks in the file: `[access] [[default]] sso_region`."""
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
    """Read one line; return the section that the next line is in. Raises BadAnswer."""
    if len(line) > LONGEST:
        raise BadAnswer(f"The line is {len(line):,} characters long. The maximum is {LONGEST:,}.")
    if not line.isprintable():
        raise BadAnswer(f"“{_shown(line)}” contains an invisible character. Retype the line.")
    if not line or line[0] in "#;":
        found.plain.append("")
        return at
    if header := _HEADER.fullmatch(line):
        depth, name = len(header[1]), header[2].strip().strip("\"'").strip()
        if depth != len(header[3]) or not name or len(name) > 100 or any(char in name for char in "#\"'"):
            raise BadAnswer(f"“{_shown(line)}” isn't a section. It should look like [access] or [[default]].")
        found.plain.append(f'{"[" * depth}"{name}"{"]" * depth}')
        at = (*at[: depth - 1], *("",) * (depth - 1 - len(at)), name)
        found.stands((*at, ""), number)
        return at
    setting = _SETTING.fullmatch(line)
    if not setting:
        raise BadAnswer(
            f"“{_shown(line)}” is neither a [section] nor a setting. A setting should look like name = Acme platform."
        )
    found.stands((*at, setting[2]), number)
    found.plain.append(f"{setting[2]} = {spelled(value(setting[3], setting[2] in _TEXTS), always=True)}")
    return at


def value(text: str, prose: bool = False) -> str:
    """Return a value without its quotes and without a comment after a space. A `#` within a word is kept.

    In prose, a `#` starts a comment only if it has a space on both sides.
    """
    if text[:3] in ('"""', "'''"):
        raise BadAnswer("A value must be on one line, for example, name = Acme platform.")
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        while end > 0 and not _REST.fullmatch(text, end + 1):
            end = text.find(text[0], end + 1)
        if end < 0:
            raise BadAnswer(f'“{_shown(text)}” has no closing quote. It should look like name = "Acme".')
        return text[1:end].strip()
    comment = (_REMARK if prose else _COMMENT).search(" " + text)
    return text[: comment.start()].rstrip() if comment else text


def spelled(text: str, always: bool = False) -> str:
    """Return a value as written in the file, quoted if needed or `always`. Raises BadAnswer if that's impossible."""
    if not always and not any(char in text for char in "#,;\"'") and "  " not in text:
        return text
    for quote in "\"'":
        if quote not in text:
            return quote + text + quote
    raise BadAnswer(
        "A value can contain single or double quotes, but not both, for example,"
        ' note = "Don\'t wait, ask in #platform."'
    )


def _shown(line: str) -> str:
    text = inert(line)
    return text if len(text) <= 40 else text[:39] + "…"
