"""Finds settings in the AWS files, and builds the line changes that edit, rename, add or remove them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ccsetup.awsfiles import ini
from ccsetup.awsfiles.ini import Setting, Stanza
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName
from ccsetup.doctor import repair
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Change, Finding

_SPELLED = later(r"([^=:]*[=:]\s*)(.*?)(\s*)", re.DOTALL)


class Place(NamedTuple):
    """A setting with its file and section. `own` is False if it comes from [DEFAULT]."""

    path: Path
    file: FileName
    stanza: Stanza
    setting: Setting
    own: bool = True

    @property
    def line(self) -> int:
        """The setting's first line in the file, from 1."""
        return self.setting.lines[0]

    @property
    def value(self) -> str:
        """The value, exactly as in the file."""
        return self.setting.value


def in_file(facts: Facts, file: FileName, key: str, name: str, type: str = "profile") -> Place | None:
    """Return where a section of one file last sets a key; None if it doesn't."""
    found = facts.stanzas.get((file, type, name))
    for stanza in (found, *facts.inherited[file]) if found else ():
        for setting in reversed(stanza.settings) if key in stanza.text.lower() else ():
            if setting.key == key:
                return Place(facts.path(file), file, stanza, setting, stanza is found)
    return None


def place(facts: Facts, name: str, key: str) -> Place | None:
    """Return where the value of a profile's key comes from: the credentials file takes precedence over config."""
    return in_file(facts, "credentials", key, name) or in_file(facts, "config", key, name)


def places(facts: Facts, name: str, keys: Iterable[str]) -> list[Place]:
    """Return every place in a profile's own sections, in either file, that sets one of these keys."""
    files: tuple[FileName, FileName] = ("config", "credentials")
    found = (in_file(facts, file, key, name) for file in files for key in keys)
    return [it for it in found if it and it.own]


def respelled(where: Place, value: str) -> tuple[Change, ...]:
    """Return the changes that give a setting another value and keep the rest of its line.

    Continuation lines stay indented, so that they remain part of the value.
    """
    line, (value, *more) = _line(where, where.line), value.split("\n")
    parts = _SPELLED.fullmatch(line)
    blank = " " if parts and parts[1][-2:] in (" =", " :") else ""  # the value was empty
    indent = line[: len(line) - len(line.lstrip())] + "    "
    lines = (f"{parts[1]}{blank}{value}{parts[3]}" if parts else value, *(indent + it for it in more))
    return (Change(where.file, where.line, where.line, lines), *_gone(where.file, where.setting.lines[1:]))


def renamed(where: Place, key: str, value: str) -> tuple[Change, ...]:
    """Return the changes that rename a setting and set its value; indentation and equals sign stay as they are."""
    parts = _SPELLED.fullmatch(_line(where, where.line))
    spelled = parts[1] if parts else f"{where.setting.key} = "
    found = re.match(r"(\s*)(.*?)(\s*[=:]\s*)$", spelled)
    line = f"{found[1]}{key}{found[3]}{value}" if found else f"{key} = {value}"
    return (Change(where.file, where.line, where.line, (line,)), *_gone(where.file, where.setting.lines[1:]))


def removed(all_of: Iterable[Place]) -> tuple[Change, ...]:
    """Return the changes that delete settings with their continuation lines; comments in between stay."""
    return tuple(change for it in all_of for change in _gone(it.file, it.setting.lines))


def silenced(facts: Facts, all_of: Iterable[Place]) -> tuple[Change, ...]:
    """Return the changes that comment settings out, so that no secret is lost."""
    found = (repair.commented(it.file, it.setting.lines, facts.lines(it.file)) for it in all_of)
    return tuple(dict.fromkeys(change for changes in found for change in changes))


def added(beside: Place, settings: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the change that inserts settings below another one, in the same format."""
    found = re.match(r"(\s*)[^=:]*?(\s*[=:]\s*)", _line(beside, beside.line))
    indent, equals = (found[1], found[2]) if found else ("", " = ")
    after = beside.setting.lines[-1] + 1
    lines = tuple(f"{indent}{key}{equals}{value}" for key, value in settings.items())
    return (Change(beside.file, after, after - 1, lines),)


def headed(stanza: Stanza, file: FileName, settings: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the change that inserts settings directly below a section's header."""
    lines = tuple(f"{key} = {value}" for key, value in settings.items())
    return (Change(file, stanza.line + 1, stanza.line, lines),)


def _line(where: Place, number: int) -> str:
    lines = ini.LINE.findall(where.stanza.text)
    return str(lines[number - where.stanza.line]).rstrip("\r\n")


def _gone(file: FileName, lines: Iterable[int]) -> Iterator[Change]:
    """Yield changes that delete lines, one change for each run of adjacent lines."""
    first = last = 0
    for line in lines:
        if last and line == last + 1:
            last = line
            continue
        if last:
            yield Change(file, first, last, ())
        first = last = line
    if last:
        yield Change(file, first, last, ())


def finding(
    facts: Facts, profile: str, where: Place | None, code: str, severity: str, says: str, **more: object
) -> Finding:
    """Return a finding about a profile, at a place or else its section; errors also affect dependent profiles."""
    if where:
        path, line = where.path, where.line
    else:
        path, line = section(facts, profile)
    found = {"also": facts.resting_on(profile) if severity == "stops" else (), "path": path, "line": line, **more}
    do = {"do": " ".join(str(more["do"]).split("\n"))} if "do" in more else {}
    return Finding(code, severity, " ".join(says.split("\n")), profile=profile, **{**found, **do})  # type: ignore[arg-type]


def section(facts: Facts, name: str, type: str = "profile") -> tuple[Path, int]:
    """Return the file and the line where a section begins; line 0 if there is no such section."""
    if stanza := facts.stanzas.get(("config", type, name)):
        return facts.texts.config_path, stanza.line
    if stanza := facts.stanzas.get(("credentials", type, name)):
        return facts.texts.credentials_path, stanza.line
    return facts.texts.config_path, 0
