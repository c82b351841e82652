"""AWS's INI dialect, read from text as botocore reads it, however broken the text is.

The dialect is that of `configparser.RawConfigParser()`, with which `botocore.configloader` reads: sections and keys
once each (keys in any case), `=` or `:`, `#` and `;` comments on lines of their own only, continuation by deeper
indentation, blank lines within values, `\\n`, `\\r\\n` and `\\r` as line ends, `[DEFAULT]` inherited by every section.

Most files are plain (headers, `key = value`, comments and blanks, all in column 0). One regular expression can tell,
and then only a section that somebody asks for is looked at line by line.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName

if TYPE_CHECKING:
    from ccsetup.core.context import AwsTexts

DEFAULTS = "DEFAULT"  # configparser's section that all others inherit

LINE = later(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HEADER = later(r"\[(.+)\]")
_OPTION = later(r"([^=:]*)[=:](.*)", re.DOTALL)
_PLAIN = later(r"\n(\[[^\]\r\n]+\](?=[ \t]*(?:\r?\n|\Z))|[a-z0-9_.-]+(?=[ \t]*[=:])|(?=[ \t]*(?:[#;]|\r?\n|\r?\Z)))")
_SIMPLE = later(r"(profile|sso-session|services)[ \t]+([^\s\"'\\]+)[ \t]*")
_UNREADABLE = later("[\0\ud800-\udfff]")


class Fault(NamedTuple):
    """The first thing that makes botocore refuse a file: its line (from 1), the finding's code, one sentence.

    A NUL is one too, though botocore would read it, for then the file is not what its owner wrote.
    """

    line: int
    code: str
    says: str


class Setting(NamedTuple):
    """One key as it reads: lowercased, its value's lines joined by newlines, and the lines it stands on."""

    key: str
    value: str
    lines: tuple[int, ...]  # its own and its continuations', from 1, without the comments between them


@dataclass(frozen=True)
class Stanza:
    """One section as it stands in a file, from its header to the next.

    `type` and `name` are what botocore understands, such as ("profile", "dev"); ("", header) when the section names
    no profile, sso-session or services block.
    """

    header: str
    type: str
    name: str
    line: int
    start: int  # where its header's line begins, in characters
    text: str

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Its settings in order; a key that is there twice is listed twice."""
        plain = _plain_settings(self.text, self.line)
        return plain if plain is not None else _walk(self.text, self.line)[0][0].settings()

    @cached_property
    def values(self) -> dict[str, str]:
        """Its settings by key; a nested block is the text botocore reads it from, which begins with a newline."""
        return {setting.key: setting.value for setting in self.settings}


@dataclass(frozen=True)
class Document:
    """One AWS file, read. With a fault botocore refuses all of it; what could be read is there all the same.

    Where both are one file (`shared`) each section is of one of them: of the config file where that understands it.
    """

    file: FileName
    text: str
    headers: Sequence[str]
    fault: Fault | None = None
    walked: Sequence[int] | None = None  # where each header's line begins; None: at each column-0 bracket
    shared: bool = False

    @cached_property
    def starts(self) -> Sequence[int]:
        """Where each header's line begins, in characters."""
        if self.walked is not None:
            return self.walked
        ends = accumulate(len(part) + 2 for part in ("\n" + self.text).split("\n["))
        return [end - 2 for end in ends][: len(self.headers)]

    @cached_property
    def stanzas(self) -> tuple[Stanza, ...]:
        """Every section in order."""
        made, line, at = [], 1, 0
        for index, (header, start) in enumerate(zip(self.headers, self.starts, strict=True), 1):
            end = self.starts[index] if index < len(self.starts) else len(self.text)
            line, at = line + count_lines(self.text[at:start]), start
            made.append(Stanza(header, *logical(header, self.file), line, start, self.text[start:end]))
        return tuple(it for it in made if not self.shared or self._is_ours(it.header))

    def _is_ours(self, header: str) -> bool:
        return header == DEFAULTS or bool(logical(header, "config")[0]) == (self.file == "config")

    @cached_property
    def named(self) -> dict[tuple[str, str], list[Stanza]]:
        """Every section by type and name, in order."""
        found: dict[tuple[str, str], list[Stanza]] = {}
        for stanza in self.stanzas:
            found.setdefault((stanza.type, stanza.name), []).append(stanza)
        return found

    def find(self, type: str, name: str) -> list[Stanza]:
        """Return the sections botocore takes for this one; none, one, or more than anyone should write to."""
        if self.shared:
            return self.named.get((type, name), [])
        odd = any(mark in "\n".join(self.headers) for mark in "\\\"'")  # then a name may be spelled otherwise
        maybe = [n for n, header in enumerate(self.headers) if odd or name in header]
        found = [n for n in maybe if logical(self.headers[n], self.file) == (type, name)]
        return [self._stanza(n) for n in found]

    def _stanza(self, index: int) -> Stanza:
        """Return one section without looking at the others, which a long plain text allows."""
        if self.walked is not None or "stanzas" in self.__dict__:
            return self.stanzas[index]
        header = self.headers[index]
        start = self.text.find(f"\n[{header}]") + 1
        end = self.text.find("\n[", start) + 1 or len(self.text)
        line = 1 + count_lines(self.text[:start])
        return Stanza(header, *logical(header, self.file), line, start, self.text[start:end])


def logical(header: str, file: FileName) -> tuple[str, str]:
    """Return the type and name that botocore understands by a header, ("", header) when none of ours."""
    if header == DEFAULTS:
        return "", header
    if file == "credentials" or header == "default":
        return "profile", header
    if simple := _SIMPLE.fullmatch(header):
        return simple[1], simple[2]
    for type in ("profile", "sso-session", "services"):
        if header.startswith(type):
            try:
                words = shlex.split(header)
            except ValueError:
                break
            if len(words) == 2:
                return type, words[1]
            break
    return "", header


@lru_cache(maxsize=16)  # questions, plan and proof ask about the same few texts
def read(text: str, file: FileName, shared: bool = False) -> Document:
    """Read one file's text, however broken: sections in order, and the first fault."""
    if shared:
        return replace(read(text, file), shared=True)
    headers, walked, faults = _plain_headers(text), None, list[Fault]()
    if headers is None:
        found, faults = _walk(text)
        headers, walked = [it.header for it in found], [it.start for it in found]
        faults += [fault for it in found for fault in it.faults()]
    document = Document(file, text, headers, walked=walked)
    if len(set(headers)) < len(headers):
        faults += _duplicate_sections(document)
    fault = _encoding_fault(text) or min(faults, default=None)
    return replace(document, fault=fault) if fault else document


def both(texts: AwsTexts) -> tuple[Document, Document]:
    """Read the config and the credentials file."""
    config, credentials = texts.config or "", texts.credentials or ""
    return read(config, "config", texts.shared), read(credentials, "credentials", texts.shared)


def _plain_headers(text: str) -> list[str] | None:
    """Return a plain text's headers, the only thing in it that could be there twice; None when it is not plain."""
    if "\r" in text and "\r" in text.replace("\r\n", ""):
        return None
    tokens = _PLAIN.findall("\n" + text)
    if len(tokens) != text.count("\n") + 1:
        return None
    preamble, *sections = "\n".join(["", *tokens]).split("\n[")
    headers, shapes = [], {preamble}
    for section in sections:
        header, _, shape = section.partition("]")
        headers.append(header)
        shapes.add(shape)
    keys = [shape.split() for shape in shapes]
    plain = not preamble.strip() and all(len(set(names)) == len(names) for names in keys)
    return headers if plain else None


def _plain_settings(text: str, first: int) -> tuple[Setting, ...] | None:
    """Return the settings of a section in which each is one line in column 0; None when that is not so."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            return None
    found = []
    for number, line in enumerate(text.split("\n")[1:], first + 1):
        key, sign, value = line.partition("=")
        key = key.rstrip()
        if sign and key.isascii() and key.isidentifier() and key.islower():
            found.append(Setting(key, value.strip(), (number,)))
        elif line.strip() and line.strip()[0] not in "#;":
            return None
    return tuple(found)


class _Open:
    """A section being read: where it begins, and for each option the key, its lines' texts and their numbers."""

    def __init__(self, header: str, start: int) -> None:
        self.header = header
        self.start = start
        self.options: list[tuple[str, list[str], list[int]]] = []

    def settings(self) -> tuple[Setting, ...]:
        made = []
        for key, texts, numbers in self.options:
            value = "\n".join(texts).rstrip()
            made.append(Setting(key, value, tuple(numbers[: value.count("\n") + 1])))
        return tuple(made)

    def faults(self) -> list[Fault]:
        """Keys that are there twice, and nested blocks botocore cannot read."""
        seen: dict[str, int] = {}
        faults: list[Fault] = []
        for key, value, lines in self.settings():
            if key in seen:
                says = f"{key} is set twice in [{self.header}], first on line {seen[key]}."
                faults.append(Fault(lines[0], "file.duplicate-key", says))
            seen.setdefault(key, lines[0])
            if value.startswith("\n"):
                bad = (n for n, text in zip(lines, value.split("\n"), strict=True) if not _nests(text))
                says = f"this line of the indented block under {key} is not `name = value`."
                faults += [Fault(line, "file.nested-block", says) for line in bad]
        return faults


def _nests(text: str) -> bool:
    return all("=" in line or not line.strip() for line in text.splitlines())


def _walk(text: str, first: int = 1) -> tuple[list[_Open], list[Fault]]:
    """Read any text line by line as configparser does; return its sections and the lines that are nothing."""
    found: list[_Open] = []
    strays: list[Fault] = []
    option: tuple[str, list[str], list[int]] | None = None
    indent = at = 0
    for number, raw in enumerate(LINE.findall(text), first):
        start, at = at, at + len(raw)
        line = raw.strip()
        if not line or line[0] in "#;":
            if option and not line:
                option[1].append("")
                option[2].append(number)
            continue
        depth = 0 if line[0] == raw[0] else len(raw) - len(raw.lstrip())
        if option and depth > indent:
            option[1].append(line)
            option[2].append(number)
            continue
        indent = depth
        if line[0] == "[" and (header := _HEADER.match(line)):
            found.append(_Open(header[1], start))
            option = None
        elif not found:
            strays.append(Fault(number, "file.stray-line", "a setting stands before the first [section]."))
        elif (parts := _OPTION.match(line)) is None:
            strays.append(Fault(number, "file.stray-line", "this line is neither `key = value` nor a [section]."))
        elif not parts[1]:
            strays.append(Fault(number, "file.stray-line", f"`{line[0]}` has no key before it."))
            option = None
        else:
            option = (parts[1].rstrip().lower(), [parts[2].lstrip()], [number])
            found[-1].options.append(option)
    return found, strays


def _duplicate_sections(document: Document) -> list[Fault]:
    """Sections, or keys of the one section that may be repeated, that are there twice."""
    seen: dict[str, int] = {}
    faults = []
    for stanza in document.stanzas:
        names = [stanza.header] if stanza.header != DEFAULTS else [f"{DEFAULTS}] {key}" for key in stanza.values]
        for name in names:
            if name in seen:
                code = "file.duplicate-section" if name == stanza.header else "file.duplicate-key"
                faults.append(Fault(stanza.line, code, f"[{name}] is there twice, first on line {seen[name]}."))
            seen.setdefault(name, stanza.line)
    return faults


def _encoding_fault(text: str) -> Fault | None:
    if text.startswith("\ufeff"):
        return Fault(1, "file.encoding", "the file begins with a byte order mark, which botocore takes for a setting.")
    odd = None if text.isascii() and "\0" not in text else _UNREADABLE.search(text)
    if odd is None:
        return None
    if text.startswith(("\udcff\udcfe", "\udcfe\udcff", "[\0", "\0[", "#\0", "\0#")):
        return Fault(1, "file.encoding", "the file is in UTF-16, not in UTF-8.")
    says = "this line holds a NUL." if odd[0] == "\0" else "this line holds a byte that is not UTF-8."
    return Fault(1 + count_lines(text[: odd.start()]), "file.encoding", says)


def count_lines(text: str) -> int:
    """Return how many line ends the text has."""
    ends = text.count("\n")
    return ends + text.count("\r") - text.count("\r\n") if "\r" in text else ends


def profiles(config: Document, credentials: Document) -> dict[str, dict[str, str]]:
    """Return every profile's settings as botocore's Session.full_config has them, credentials over config.

    Nested blocks stay the text they are read from. `[default]` and `[profile default]`: the later counts, whole.
    """
    found = _values(config, "profile")
    for name, values in _values(credentials, "profile").items():
        found.setdefault(name, {}).update(values)
    return found


def sessions(config: Document) -> dict[str, dict[str, str]]:
    """Return every sso-session's settings as botocore's Session.full_config has them."""
    return _values(config, "sso-session")


def _values(document: Document, type: str) -> dict[str, dict[str, str]]:
    inherited = defaults(document)
    return {it.name: {**inherited, **it.values} for it in document.stanzas if it.type == type}


def defaults(document: Document) -> dict[str, str]:
    """Return what `[DEFAULT]` gives to every section."""
    stanzas = document.named.get(("", DEFAULTS), []) if DEFAULTS in document.headers else []
    return {key: value for stanza in stanzas for key, value in stanza.values.items()}
