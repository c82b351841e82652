"""Reads AWS's INI dialect as botocore does, even if the text is broken.

The dialect is that of `configparser.RawConfigParser()`, which `botocore.configloader` uses: each section and key occurs
once (keys in any case), `=` or `:`, `#` and `;` comments only on their own lines, continuation by deeper indentation,
blank lines within values, `\\n`, `\\r\\n` and `\\r` as line endings, and `[DEFAULT]` inherited by every section.

Most files are plain (headers, `key = value`, nested blocks, comments and blank lines). `fast_read` detects that; then
sections are read line by line only when they are needed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple, overload

from ccsetup.awsfiles import fast_read
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName

if TYPE_CHECKING:
    from ccsetup.core.context import AwsTexts

DEFAULTS = "DEFAULT"  # the section in configparser that all others inherit

LINE = later(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HEADER = later(r"\[(.+)\]")
_OPTION = later(r"([^=:]*)[=:](.*)", re.DOTALL)
_SIMPLE = later(r"(profile|sso-session|services)[ \t]+(?:([^\s\"'\\]+)|\"([^\"'\\]+)\"|'([^\"'\\]+)')[ \t]*")
_UNREADABLE = later("[\0\ud800-\udfff]")


class Fault(NamedTuple):
    """The first reason why botocore can't read a file: its line (from 1), the finding's code, and one sentence.

    A NUL character counts too, although botocore would read it, because the file is damaged then.
    """

    line: int
    code: str
    says: str


class Setting(NamedTuple):
    """One key as it is read: in lower case, with its value's lines joined by newlines, and its line numbers."""

    key: str
    value: str
    lines: tuple[int, ...]  # the line numbers of the key and its continuation lines, from 1, without comments


class _Stanza(NamedTuple):
    header: str
    type: str
    name: str
    line: int
    start: int  # offset of its header's line, in characters
    text: str


class Stanza(_Stanza):
    """One section of a file, from its header to the next one.

    `type` and `name` are what botocore understands, for example ("profile", "dev"). For other sections than
    profiles, sso-sessions and services, they are ("", header).
    """

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """The settings in order. A key that occurs twice is listed twice."""
        plain = _plain_settings(self.text, self.line)
        return plain if plain is not None else _walk(self.text, self.line)[0][0].settings()

    @cached_property
    def values(self) -> dict[str, str]:
        """The settings by key. A nested block is the text that botocore reads it from, which starts with a newline."""
        return {setting.key: setting.value for setting in self.settings}


@dataclass(frozen=True)
class Document:
    """One AWS file. With a fault, botocore rejects the whole file; this document still contains what could be read.

    If both are one file (`shared`), each section belongs to one of them: to the config file if that understands it.
    """

    file: FileName
    text: str
    headers: Sequence[str]
    fault: Fault | None = None
    walked: Sequence[int] | None = None  # offset of each header's line; None: each bracket in column 0
    shared: bool = False
    known: Sequence[Mapping[str, str]] = field(default=(), compare=False, repr=False)  # each section's settings

    @cached_property
    def starts(self) -> Sequence[int]:
        """The offset of each header's line, in characters."""
        if self.walked is not None:
            return self.walked
        ends = accumulate(len(part) + 2 for part in ("\n" + self.text).split("\n["))
        return [end - 2 for end in ends][: len(self.headers)]

    @cached_property
    def ours(self) -> Sequence[int]:
        """The positions among the headers of those that belong to this document."""
        every = range(len(self.headers))
        return [at for at in every if self._is_ours(self.headers[at])] if self.shared else every

    @cached_property
    def sections(self) -> Sequence[tuple[str, str]]:
        """The type and the name of each section, in order."""
        return [logical(self.headers[at], self.file) for at in self.ours]

    def values(self, at: int) -> Mapping[str, str]:
        """Return the settings of a section by its position."""
        return self.known[self.ours[at]] if self.known else self.stanzas[at].values

    @cached_property
    def last(self) -> Mapping[tuple[str, str], int]:
        """The positions of the sections by type and name. As in botocore, the last one of a name counts."""
        return dict(zip(self.sections, range(len(self.sections)), strict=True))

    @cached_property
    def stanzas(self) -> Sequence[Stanza]:
        """All sections in order. Each is made when it is first needed."""
        return _Stanzas(self)

    def _is_ours(self, header: str) -> bool:
        return header == DEFAULTS or bool(logical(header, "config")[0]) == (self.file == "config")

    @cached_property
    def named(self) -> dict[tuple[str, str], list[Stanza]]:
        """All sections by type and name, in order."""
        found: dict[tuple[str, str], list[Stanza]] = {}
        for stanza in self.stanzas:
            found.setdefault((stanza.type, stanza.name), []).append(stanza)
        return found

    def settings_with(self, fits: Callable[[str], bool]) -> Iterator[tuple[Stanza, Setting]]:
        """Yield the settings whose values fit, with their sections. Only those sections are read line by line."""
        for at in range(len(self.ours)):
            if not self.known or any(map(fits, self.values(at).values())):
                stanza = self.stanzas[at]
                yield from ((stanza, it) for it in stanza.settings if fits(it.value))

    def find(self, type: str, name: str) -> list[Stanza]:
        """Return the sections that botocore reads as this one: none, one, or several, which shouldn't be written to."""
        if self.shared:
            return self.named.get((type, name), [])
        spelled = _bare("\n".join(self.headers)).split("\n")
        bare = _bare(name)
        maybe = [n for n in range(len(self.headers)) if bare in spelled[n]]
        found = [n for n in maybe if logical(self.headers[n], self.file) == (type, name)]
        return [self._stanza(n) for n in found]

    def _stanza(self, index: int) -> Stanza:
        """Return one section without reading the others, which is possible for a long plain text."""
        if self.walked is not None or "stanzas" in self.__dict__:  # this isn't a shared file
            return self.stanzas[index]
        header = self.headers[index]
        start = self.text.find(f"\n[{header}]") + 1
        end = self.text.find("\n[", start) + 1 or len(self.text)
        line = 1 + count_lines(self.text[:start])
        return Stanza(header, *logical(header, self.file), line, start, self.text[start:end])


class _Stanzas(Sequence[Stanza]):
    """The sections of a document. Nearly all questions about thousands of sections are about a few of them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._starts = [*document.starts, len(document.text)]
        self._made: dict[int, Stanza] = {}

    @cached_property
    def _lines(self) -> Sequence[int]:
        """The number of each header's line."""
        text, starts = self._document.text, self._starts
        parts = (text[start:end] for start, end in pairwise([0, *starts]))
        return [*accumulate(map(count_lines, parts), initial=1)][1:]

    @cached_property
    def _all(self) -> Sequence[Stanza]:
        return [self[at] for at in range(len(self))]

    def __len__(self) -> int:
        return len(self._document.ours)

    def __iter__(self) -> Iterator[Stanza]:
        return iter(self._all)

    @overload
    def __getitem__(self, at: int) -> Stanza: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Stanza]: ...

    def __getitem__(self, at: int | slice) -> Stanza | Sequence[Stanza]:
        if isinstance(at, slice):
            return [self[it] for it in range(*at.indices(len(self)))]
        try:
            return self._made[at]
        except KeyError:
            at = range(len(self))[at]
            return self._made.setdefault(at, self._stanza(at))

    def _stanza(self, at: int) -> Stanza:
        document, header = self._document, self._document.ours[at]
        start, end = self._starts[header : header + 2]
        made = Stanza(
            document.headers[header], *document.sections[at], self._lines[header], start, document.text[start:end]
        )
        if document.known:
            vars(made)["values"] = document.known[header]  # so that the text isn't read for them again
        return made


def _bare(text: str) -> str:
    """Return a text without what a name may be spelled with differently."""
    return text.replace("\\", "").replace('"', "").replace("'", "")


def logical(header: str, file: FileName) -> tuple[str, str]:
    """Return the type and name that botocore reads from a header, ("", header) for other headers."""
    if header == DEFAULTS:
        return "", header
    if file == "credentials" or header == "default":
        return "profile", header
    name = header[8:]
    if header[:8] == "profile " and name.isascii() and name.replace("-", "_").isidentifier():
        return "profile", name  # like most of thousands of headers
    if simple := _SIMPLE.fullmatch(header):
        return simple[1], simple[2] or simple[3] or simple[4]
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


def read(text: str, file: FileName, shared: bool = False) -> Document:
    """Read one file's text, even if it is broken: its sections in order, and the first fault."""
    return _read(text, file, shared)


@lru_cache(maxsize=16)  # questions, plan and proof read the same few texts
def _read(text: str, file: FileName, shared: bool) -> Document:
    if shared:
        return replace(read(text, file), shared=True)
    faults: list[Fault] = []
    try:
        sections = [*fast_read.sections(text, fast_read.EARLIER[file == "credentials"])]
        document = Document(file, text, [header for header, _ in sections], known=[it for _, it in sections])
    except fast_read.Unsure:
        found, faults = _walk(text)
        document = Document(file, text, [it.header for it in found], walked=[it.start for it in found])
        faults += [fault for it in found for fault in it.faults()]
    if len({*document.headers}) < len(document.headers):
        faults += _duplicate_sections(document)
    fault = _encoding_fault(text) or min(faults, default=None)
    return replace(document, fault=fault) if fault else document


def both(texts: AwsTexts) -> tuple[Document, Document]:
    """Read the config and the credentials file."""
    config, credentials = texts.config or "", texts.credentials or ""
    return read(config, "config", texts.shared), read(credentials, "credentials", texts.shared)


def _plain_settings(text: str, first: int) -> tuple[Setting, ...] | None:
    """Return the settings of a section if each is one line in column 0, otherwise None."""
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
    """A section being read: its offset, and for each option the key, the texts of its lines and their numbers."""

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
        """Return the faults of keys that occur twice, and of nested blocks that botocore can't read."""
        seen: dict[str, int] = {}
        faults: list[Fault] = []
        for key, value, lines in self.settings():
            if key in seen:
                says = f"{key} is set twice in [{self.header}], first on line {seen[key]}."
                faults.append(Fault(lines[0], "file.duplicate-key", says))
            seen.setdefault(key, lines[0])
            if value.startswith("\n"):
                bad = (n for n, text in zip(lines, value.split("\n"), strict=True) if not _nests(text))
                says = f"this line in the indented block under {key} isn't in the form `name = value`."
                faults += [Fault(line, "file.nested-block", says) for line in bad]
        return faults


def _nests(text: str) -> bool:
    return all("=" in line or not line.strip() for line in text.splitlines())


def _walk(text: str, first: int = 1) -> tuple[list[_Open], list[Fault]]:
    """Read any text line by line as configparser does. Return its sections and the stray lines."""
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
            strays.append(Fault(number, "file.stray-line", "this setting is before the first [section]."))
        elif (parts := _OPTION.match(line)) is None:
            strays.append(Fault(number, "file.stray-line", "this line is neither `key = value` nor a [section]."))
        elif not parts[1]:
            strays.append(Fault(number, "file.stray-line", f"`{line[0]}` doesn't have a key before it."))
            option = None
        else:
            option = (parts[1].rstrip().lower(), [parts[2].lstrip()], [number])
            found[-1].options.append(option)
    return found, strays


def _duplicate_sections(document: Document) -> list[Fault]:
    """Return the faults of sections that occur twice, or of keys in the one section that may be repeated."""
    seen: dict[str, int] = {}
    faults = []
    for stanza in document.stanzas:
        names = [stanza.header] if stanza.header != DEFAULTS else [f"{DEFAULTS}] {key}" for key in stanza.values]
        for name in names:
            if name in seen:
                code = "file.duplicate-section" if name == stanza.header else "file.duplicate-key"
                faults.append(Fault(stanza.line, code, f"[{name}] appears twice, first on line {seen[name]}."))
            seen.setdefault(name, stanza.line)
    return faults


def _encoding_fault(text: str) -> Fault | None:
    if text.startswith("\ufeff"):
        return Fault(1, "file.encoding", "the file starts with a byte order mark, which botocore reads as a setting.")
    odd = None if text.isascii() and "\0" not in text else _UNREADABLE.search(text)
    if odd is None:
        return None
    if text.startswith(("\udcff\udcfe", "\udcfe\udcff", "[\0", "\0[", "#\0", "\0#")):
        return Fault(1, "file.encoding", "the file is UTF-16, not UTF-8.")
    says = "this line contains a NUL character." if odd[0] == "\0" else "this line contains a byte that isn't UTF-8."
    return Fault(1 + count_lines(text[: odd.start()]), "file.encoding", says)


def count_lines(text: str) -> int:
    """Return the number of line endings in the text."""
    ends = text.count("\n")
    return ends + text.count("\r") - text.count("\r\n") if "\r" in text else ends


def profiles(config: Document, credentials: Document) -> dict[str, dict[str, str]]:
    """Return every profile's settings as in botocore's Session.full_config, with credentials overriding config.

    Nested blocks stay text. If there are `[default]` and `[profile default]`, only the later one counts.
    """
    found = _values(config, "profile")
    for name, values in _values(credentials, "profile").items():
        found.setdefault(name, {}).update(values)
    return found


def sessions(config: Document) -> dict[str, dict[str, str]]:
    """Return every sso-session's settings as in botocore's Session.full_config."""
    return _values(config, "sso-session")


def _values(document: Document, type: str) -> dict[str, dict[str, str]]:
    inherited = defaults(document)
    mine = ((at, name) for at, (its_type, name) in enumerate(document.sections) if its_type == type)
    return {name: {**inherited, **document.values(at)} for at, name in mine}


def defaults(document: Document) -> dict[str, str]:
    """Return the settings in `[DEFAULT]`, which every section inherits."""
    stanzas = document.named.get(("", DEFAULTS), []) if DEFAULTS in document.headers else []
    return {key: value for stanza in stanzas for key, value in stanza.values.items()}
