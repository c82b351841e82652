"""Edits the AWS files as text: sets keys in a section, leaves every other byte unchanged, and proves it.

Reading is done by `ini`. The proof uses one fact: a line that starts with `[…]` in column 0 is always a header, and a
header resets the parser. So a file reads as the union of its parts between such lines, and an edit of a long file is
proven by the parts around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ccsetup.awsfiles.ini import (
    DEFAULTS,
    LINE,
    Document,
    Fault,
    Setting,
    Stanza,
    count_lines,
    defaults,
    logical,
    profiles,
    read,
    sessions,
)
from ccsetup.core.errors import Problem
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName, Secret, Section, Value

__all__ = [
    "LINE",
    "Document",
    "Fault",
    "Setting",
    "Stanza",
    "cut",
    "drop",
    "heading",
    "profiles",
    "prove",
    "put",
    "read",
    "refusal",
    "sessions",
]

Parsed = Mapping[str, Mapping[str, Any]]  # header → key → value, as botocore.configloader.raw_config_parse returns it

WHOLE = 32_768  # characters; longer texts are proven by the parts around an edit
AROUND = 3  # unchanged lines around an edit that its diff shows

_SPELLED = later(r"([^=:]*[=:])([^\S\r\n]*)(.*?)([^\S\r\n]*[\r\n]*)\Z", re.DOTALL)
_CUT = later(r"\n\[[^\r\n]+\]")
_CONTROL = later("[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_KEY = later(r"[a-z0-9_][a-z0-9_.-]*")


def heading(section: Section) -> str:
    """Return a section's header without brackets. The name is quoted if necessary."""
    if section.file == "credentials" or (section.type, section.name) == ("profile", "default"):
        return section.name
    spellings = [f"{section.type} {quote}{section.name}{quote}" for quote in ("", '"', "'")]
    ours = (section.type, section.name)
    return next((header for header in spellings if logical(header, section.file) == ours), spellings[0])


def _new_heading(section: Section) -> str:
    header, name = heading(section), section.name
    if not name or name != name.strip() or {*"[]"} & {*name} or logical(header, section.file) != (section.type, name):
        raise Problem(f"{name!r} isn't a valid name in an AWS file. Use a name like acme-dev.", code="input.invalid")
    return header


def put(text: str | None, section: Section) -> str:
    """Set and remove the section's keys in a file's text. Create the section if it doesn't exist.

    Raises Problem, with the line, if botocore can't read the file, if the section exists twice, or if the result can't
    be proven to be exactly what was asked for.
    """
    before = text or ""
    wanted = _checked(section)
    document = read(before, section.file)
    if document.fault:
        raise refusal(document)
    stanza = _only(document, section)
    if stanza is None:
        if wanted and all(value is None for value in wanted.values()):
            return before
        header = _new_heading(section)
        rendered = _pen(header, wanted, _line_end(before))
        stanza = Stanza(header, section.type, section.name, 1, len(before), rendered)
        after = before + _gap(before) + _splice(stanza, wanted, _line_end(before))
    else:
        end = _line_end(before[: before.find("\n", stanza.start) + 1 or None])
        rest = before[stanza.start + len(stanza.text) :]
        after = before[: stanza.start] + _splice(stanza, wanted, end) + rest
    prove(before, after, [section])
    return after


def drop(text: str, section: Section) -> str:
    """Remove the section if it has no settings and no comments left. Otherwise return the text unchanged.

    A comment directly above the next header, after a blank line, belongs to the next section.
    """
    stanza = _only(read(text, section.file), section)
    if stanza is None or stanza.settings:
        return text
    own, others = _own_lines(text, stanza)
    if any(line.strip() for line in own):
        return text
    return _without(text, stanza, others, section)


def cut(text: str, section: Section) -> str:
    """Remove the section with all its settings and comments. Return the text unchanged if there is no such section.

    A comment directly above the next header, after a blank line, belongs to the next section. Raises Problem as `put`.
    """
    document = read(text, section.file)
    if document.fault:
        raise refusal(document)
    found = _only(document, section)
    if found is None:
        return text
    whole = section._replace(settings=dict.fromkeys(found.values), gone=True)
    return _without(text, found, _own_lines(text, found)[1], whole)


def _own_lines(text: str, stanza: Stanza) -> tuple[list[str], list[str]]:
    """Return the lines below a section's header that belong to it, and those that belong to the next section."""
    _, *lines = LINE.findall(stanza.text)
    own = len(lines)
    while own and stanza.start + len(stanza.text) < len(text) and lines[own - 1].strip()[:1] in ("#", ";"):
        own -= 1
    if not own or lines[own - 1].strip():
        own = len(lines)
    return lines[:own], lines[own:]


def _without(text: str, stanza: Stanza, kept: Sequence[str], section: Section) -> str:
    after = text[: stanza.start] + "".join(kept) + text[stanza.start + len(stanza.text) :]
    prove(text, after, [section])
    return after


def holds(text: str, section: Section) -> bool:
    """Return whether the section has the wanted settings, and none of those that it removes."""
    stanzas = read(text, section.file).find(section.type, section.name)
    values = stanzas[-1].values if stanzas else {}
    return all(values.get(key) == value for key, value in _checked(section).items())


def refusal(document: Document) -> Problem:
    """Return the Problem that names the line because of which botocore can't read the file."""
    line, code, says = document.fault or Fault(1, "internal", "it has no errors.")
    return Problem(
        f"Line {line} of the AWS {document.file} file: {says}",
        why="AWS tools can't read the file because of this line. Nothing was written.",
        next="Repair the file: ccsetup doctor --fix",
        code=code,
    )


def _checked(section: Section) -> dict[str, str | None]:
    """Return the settings as texts. Raises Problem if one couldn't be read back."""
    settings = {key: None if it is None else revealed(it) for key, it in section.settings.items()}
    if _CONTROL.search(section.name):
        raise Problem(f"The name {section.name!r} contains a line break or control character.", code="input.invalid")
    for key, value in settings.items():
        if value is not None and not _KEY.fullmatch(key):
            raise Problem(f"{key!r} isn't a valid setting name. Use a name like role_arn.", code="input.invalid")
        if value is not None and (_CONTROL.search(value) or value != value.strip()):
            says = f"The value of {key} contains a line break or control character, or starts or ends with a space."
            raise Problem(says, next="Paste the value again on one line.", code="input.invalid")
    return settings


def revealed(value: Value) -> str:
    """Return the text to write to the file."""
    return value.reveal() if isinstance(value, Secret) else value


def _only(document: Document, section: Section) -> Stanza | None:
    """Return the section to write to, None if there is none yet. Raises Problem if there are two."""
    stanzas = document.find(section.type, section.name)
    if len(stanzas) > 1:
        first, *_, last = stanzas
        raise Problem(
            f"Line {last.line} of the AWS {document.file} file: [{last.header}] is for the same {section.type} as "
            f"[{first.header}] on line {first.line}.",
            why="Some programs use the first section and others use the second, so neither was changed.",
            next="Merge the two sections, then run the same command again.",
            code="section.default-twice" if section.name == "default" else "file.duplicate-section",
        )
    return stanzas[0] if stanzas else None


def _line_end(text: str) -> str:
    """Return the line ending of the text's last complete line, a newline if there is none."""
    ends = re.findall(r"\r\n|\r|\n", text[-4096:])
    return ends[-1] if ends else "\n"


def _gap(text: str) -> str:
    """Return the separator between the text and a new section: a missing line ending, and a blank line."""
    lines = LINE.findall(text[-4096:])
    missing = bool(lines) and not lines[-1].endswith(("\r", "\n"))
    blank = not lines or not lines[-1].strip()
    return _line_end(text) * (missing + (not blank))


def _pen(header: str, settings: Mapping[str, str | None], end: str) -> str:
    """Render a new section. Values that ConfigObj quotes are corrected afterwards, like any setting that differs."""
    from configobj import ConfigObj

    pen = ConfigObj(list_values=False, interpolation=False, write_empty_values=True)
    pen[header] = {key: value for key, value in settings.items() if value is not None}
    return "".join(line + end for line in pen.write())


def _splice(stanza: Stanza, wanted: Mapping[str, str | None], end: str) -> str:
    """Return the section's text with the wanted settings. All other lines stay. `end` is the ending of new lines."""
    lines = LINE.findall(stanza.text)
    last = stanza.settings[-1].lines if stanza.settings else (stanza.line,)
    model, anchor = lines[last[0] - stanza.line], last[-1] - stanza.line
    new = {key: value for key, value in wanted.items() if value is not None}
    for key, value, numbers in stanza.settings:
        new.pop(key, None)
        if key in wanted and wanted[key] != value:
            first, *more = (number - stanza.line for number in numbers)
            lines[first] = "" if wanted[key] is None else _respelled(lines[first], wanted[key] or "")
            for index in more:
                lines[index] = ""
    if new:
        _insert(lines, anchor, model, [*new.items()], end)
    return "".join(lines)


def _respelled(line: str, value: str) -> str:
    """Return a setting's line with another value. Key, delimiter, spaces and line ending stay."""
    key, blank, end = _SPELLED.sub(r"\1\0\2\0\4", line, count=1).split("\0")
    if value and not blank and key[-2:-1].isspace():
        blank = " "
    return key + blank + value + end


def _insert(lines: list[str], anchor: int, model: str, settings: list[tuple[str, str]], end: str) -> None:
    """Add settings below a line, with the indentation and delimiter of the model line, which may be the header."""
    indent = model[: len(model) - len(model.lstrip())]
    delimiter = "=" if re.match(r"\s*[^\s=:\[]+=\S", model) else " = "
    added = [f"{indent}{key}{delimiter}{value}" for key, value in settings]
    if lines[anchor] and not lines[anchor].endswith(("\r", "\n")):
        lines[anchor] += end + end.join(added)
    else:
        lines[anchor] += "".join(line + end for line in added)


def prove(
    before: str | None,
    after: str | None,
    sections: Sequence[Section],
    judge: Callable[[str], Parsed] | None = None,
) -> None:
    """Raise Problem unless the two texts differ in exactly what the sections, all in this file, ask for.

    `judge` parses a text as botocore does. Without it, configparser is used, which is botocore's parser. Long texts are
    compared by the parts around the differences.
    """
    judge = judge or parse
    _, old, new = window(before or "", after or "")
    says = _differs(judge(old), judge(new), sections, _inherited(before or "", sections[0].file))
    if not says and _others(old, new, sections) != _others(new, old, sections):
        says = "another line would change"
    if says:
        first = sections[0]
        stanzas = read(before or "", first.file).find(first.type, first.name)
        line = stanzas[0].line if stanzas else count_lines(before or "") + 1
        raise Problem(
            f"Line {line} of the AWS {first.file} file: {says} if ccsetup changed [{heading(first)}].",
            why="Because of indentation, changing one setting would also change another. Nothing was written.",
            next=f"Remove the indentation around line {line}, or make the change by hand.",
            code="section.indented-key",
        )


def parse(text: str) -> dict[str, dict[str, str]]:
    """Parse a text with configparser as botocore does. Raises Problem if it can't be parsed."""
    import configparser
    import io

    parser = configparser.RawConfigParser()
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.Error as error:
        kind = type(error).__name__  # its message quotes lines, which may contain secrets
        raise Problem("AWS tools couldn't read the file after this change.", why=kind, code="file.stray-line") from None
    return {header: dict(parser.items(header)) for header in parser.sections()}


def window(before: str, after: str) -> tuple[int, str, str]:
    """Return the offset of the differences between two long texts, and the whole parts around them in both.

    The parts have at least AROUND lines before and after the differences, where there are so many.
    """
    a, b = len(before), len(after)
    if max(a, b) <= WHOLE:
        return 0, before, after
    most = min(a, b)
    head = _longest(most, lambda low, high: before[low:high] == after[low:high])
    tail = _longest(most - head, lambda low, high: before[a - high : a - low] == after[b - high : b - low])
    start = _previous_cut(before, _previous_cut(before, head))
    while start and before.count("\n", start, head) <= AROUND:
        start = _previous_cut(before, start)
    end = _next_cut(before, _next_cut(before, a - tail))
    while end < a and before.count("\n", a - tail, end) <= AROUND:
        end = _next_cut(before, end)
    old, new = before[start:end], after[start : end + b - a]
    added = set(read(new, "config").headers) - set(read(old, "config").headers)
    if any(f"[{header}]" in before[:start] or f"[{header}]" in before[end:] for header in added):
        return 0, before, after
    return start, old, new


def _longest(most: int, same: Callable[[int, int], bool]) -> int:
    """Return the greatest n up to `most` with everything below n the same. `same(low, high)` compares one range."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if same(low, middle) else (low, middle - 1)
    return low


def _previous_cut(text: str, at: int) -> int:
    """Return the offset of the last header in column 0 before `at`, 0 if there is none."""
    while (at := text.rfind("\n[", 0, max(at - 1, 0))) >= 0 and not _CUT.match(text, at):
        pass
    return at + 1


def _next_cut(text: str, at: int) -> int:
    """Return the offset of the first header in column 0 after `at`, the text's length if there is none."""
    while (at := text.find("\n[", at)) >= 0 and not _CUT.match(text, at):
        at += 1
    return at + 1 or len(text)


def _differs(old: Parsed, new: Parsed, sections: Sequence[Section], inherited: Mapping[str, str]) -> str:
    """Return what differs between two parsed files except what the sections ask for, "" if nothing does."""
    wanted = {section[:3]: _checked(section) for section in sections}
    missing = {key for key, settings in wanted.items() if any(value is not None for value in settings.values())}
    for header in {**old, **new}:
        keys = ((file, *logical(header, file)) for file in ("config", "credentials"))
        key, got = next((key for key in keys if key in wanted), None), new.get(header, {})
        if key is None:
            if old.get(header) != new.get(header):
                return f"[{header}] would change"
            continue
        missing.discard(key)
        base = old.get(header) or {name: got[name] for name in inherited if name in got}
        expected = {name: value for name, value in {**base, **wanted[key]}.items() if value is not None}
        if got != expected:
            names = sorted(name for name in {*got, *expected} if got.get(name) != expected.get(name))
            by = f", because [{DEFAULTS}] sets it for every section," if {*names} & {*inherited} else ""
            return f"{names[0]} in [{header}] wouldn't have the intended value{by}"
    return f"[{' '.join(min(missing)[1:])}] would be missing" if missing else ""


def _inherited(text: str, file: FileName) -> dict[str, str]:
    return defaults(read(text, file)) if f"[{DEFAULTS}]" in text else {}


def _others(text: str, other: str, sections: Sequence[Section]) -> list[str]:
    """Return the lines that are neither blank nor the sections' own. They must be the same before and after.

    The comments of a section that is removed are its own.
    """
    headers = set(read(other, sections[0].file).headers)
    ours: set[int] = set()
    for section in sections:
        for stanza in read(text, section.file).find(section.type, section.name):
            ours.update(n for key, _, lines in stanza.settings if key in section.settings for n in lines)
            if stanza.header not in headers:
                own = len(_own_lines(text, stanza)[0]) if section.gone else 0
                ours.update(range(stanza.line, stanza.line + own + 1))
    lines = [line for number, line in enumerate(LINE.findall(text), 1) if number not in ours and line.strip()]
    return [*lines[:-1], *(line.rstrip("\r\n") for line in lines[-1:])]
