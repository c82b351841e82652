"""Plans of what to write, as values: created from sections and texts, reversed, and shown with secrets masked."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from ccsetup.awsfiles import edit as editing
from ccsetup.awsfiles import edit_proof, lenient
from ccsetup.awsfiles.line_matcher import LineMatcher
from ccsetup.core import redact
from ccsetup.core.context import AwsTexts
from ccsetup.core.errors import Problem
from ccsetup.core.model import Edit, FileName, Plan, Section, Value
from ccsetup.core.text import inert

CONTEXT = editing.AROUND

Place = tuple[FileName, Literal["profile", "sso-session"], str]


def make(
    profile: str, region: str, sections: Sequence[Section], texts: AwsTexts, clear: frozenset[str] = frozenset()
) -> Plan:
    """Return the plan that writes the sections, and removes settings of the profile that would override them.

    `clear` contains the keys of all kinds of access. If the sections write to the profile, those of the keys that they
    don't set are removed from it in both files. A key set in config is also removed from credentials, because botocore
    prefers the value there. In other profiles, only the keys that their sections name change.
    """
    wanted: dict[Place, dict[str, Value | None]] = {}
    for section in sections:
        file = (
            "config" if texts.shared and section.name == "default" else section.file
        )  # [default] is the same in both files
        wanted.setdefault((file, section.type, section.name), {}).update(section.settings)
    for _, type, name in [*wanted]:
        if type == "profile":
            _supersede(name, wanted, texts, clear if name == profile else frozenset())
    made = tuple(Section(*place, settings) for place, settings in wanted.items())
    return Plan(profile, region, made, _edits(made, texts), shared=texts.shared)


def removal(profile: str, places: Sequence[Place], texts: AwsTexts) -> Plan:
    """Return the plan that removes these sections, with their settings and comments, where they exist."""
    made, edits = list[Section](), list[Edit]()
    for file in dict.fromkeys(_holder(texts, place[0]) for place in places):
        before = after = _text(texts, file) or ""
        for section in (Section(*place, {}) for place in places if _holder(texts, place[0]) == file):
            made.append(section._replace(settings=dict.fromkeys(_values(after, section)), gone=True))
            after = editing.cut(after, section)
        if after != before:
            ours = [section for section in made if _holder(texts, section.file) == file]
            edit_proof.check(before, after, ours, texts.shared)
            edits.append(Edit(_path(texts, file), before, after, file))
    return Plan(profile, "", tuple(made), tuple(edits), shared=texts.shared)


def _supersede(name: str, wanted: dict[Place, dict[str, Value | None]], texts: AwsTexts, clear: frozenset[str]) -> None:
    """Add the removal of settings that would override a profile's wanted settings."""
    shadowed = {key for key, it in wanted.get(("config", "profile", name), {}).items() if it is not None}
    gone: dict[FileName, frozenset[str]] = {"config": clear, "credentials": clear | shadowed}
    for file, keys in gone.items():
        if file == "credentials" and texts.shared and name == "default":
            continue
        place: Place = (file, "profile", name)
        settings = wanted.get(place, {})
        there = _values(_text(texts, file), Section(*place, {}))
        removed: dict[str, Value | None] = {key: None for key in there if key in keys and key not in settings}
        if removed:
            wanted[place] = {**settings, **removed}


def _text(texts: AwsTexts, file: FileName) -> str | None:
    return texts.config if file == "config" else texts.credentials


def _values(text: str | None, section: Section) -> dict[str, str]:
    found = editing.read(text or "", section.file).find(section.type, section.name)
    return found[-1].values if found else {}


def _path(texts: AwsTexts, file: FileName) -> Path:
    return texts.config_path if file == "config" else texts.credentials_path


def _edits(sections: Sequence[Section], texts: AwsTexts) -> tuple[Edit, ...]:
    made = []
    for file in dict.fromkeys(_holder(texts, section.file) for section in sections):
        before = after = _text(texts, file)
        ours = [section for section in sections if _holder(texts, section.file) == file]
        for section in ours:
            after = editing.put(after, section)
            if section.file == "credentials" and all(value is None for value in section.settings.values()):
                after = editing.drop(after, section)
        if (after or "") != (before or ""):
            edit_proof.check(before, after, ours, texts.shared)
            made.append(Edit(_path(texts, file), before, after, file))
    return tuple(made)


def _holder(texts: AwsTexts, file: FileName) -> FileName:
    """Return which file an edit belongs to: config if both are one file."""
    return "config" if texts.shared else file


def again(plan: Plan, texts: AwsTexts) -> Plan:
    """Return the plan for the current texts, which another program has changed.

    Raises Problem(code="file.changed") if it has changed one of the plan's sections in another way.
    """
    for before, section in ((edit.before, section) for edit in plan.edits for section in plan.of(edit)):
        text = _text(texts, section.file)
        if not editing.holds(text or "", section) and _values(before, section) != _values(text, section):
            raise Problem(
                f"Another program has changed [{editing.heading(section)}] in {_path(texts, section.file)}.",
                why="The other program's change wasn't overwritten.",
                next="Check the section, then run the same command again.",
                code="file.changed",
            )
    return plan._replace(edits=_edits(plan.sections, texts))


def around(plan: Plan, texts: AwsTexts) -> Plan:
    """Return the written plan for files that another program has changed since.

    Its edits lead from the texts as they would be without the plan to the current texts, so that undoing them reverses
    only what the plan set.
    """
    edits = []
    for edit in plan.edits:
        now = _text(texts, edit.file or "config")
        without = edit.before if now == edit.after else _without(edit, now, plan.of(edit))
        edits.append(edit._replace(before=without, after=now))
    return plan._replace(edits=tuple(edits))


def _without(edit: Edit, now: str | None, sections: Sequence[Section]) -> str | None:
    text = now
    for section in sections if text is not None else ():
        old = _values(edit.before, section)
        text = editing.put(text, section._replace(settings={key: old.get(key) for key in section.settings}))
        if not editing.read(edit.before or "", section.file).find(section.type, section.name):
            text = editing.drop(text, section)
    return None if edit.before is None and not (text or "").strip() else text


def undo(plan: Plan) -> Plan:
    """Return the plan that restores every file."""
    edits = (edit._replace(before=edit.after, after=edit.before) for edit in reversed(plan.edits))
    return plan._replace(sections=(), edits=tuple(edits))


def summary(plan: Plan) -> list[dict[str, Any]]:
    """Return what the plan changes, by section, for JSON, with secrets masked."""
    found = []
    for edit in plan.edits:
        for section in plan.of(edit):
            there = _values(edit.before, section)
            entry = {
                "path": str(edit.path),
                "section": editing.heading(section),
                "set": {
                    key: redact.value(key, value)
                    for key, value in section.settings.items()
                    if value is not None and there.get(key) != editing.revealed(value)
                },
                "remove": [key for key, value in section.settings.items() if value is None and key in there],
            }
            if entry["set"] or entry["remove"]:
                found.append(entry)
    return found


def diff(edit: Edit, home: Path) -> str:
    """Return a unified diff of one file with secrets masked, "" if no line differs."""
    plain = edit.file is None and edit.path.parts[-2:] == (".ssh", "config")  # it has no secrets, and is no INI file
    before, *texts = edit_proof.parts(edit)
    old, new = (_Side(text, edit.file, plain) for text in texts)
    most = min(len(old.lines), len(new.lines))
    head = next((n for n in range(most) if old.lines[n] != new.lines[n]), most)
    tail = next((n for n in range(most - head) if old.lines[-1 - n] != new.lines[-1 - n]), most - head)
    first, last = max(head - CONTEXT, 0), max(tail - CONTEXT, 0)
    matcher = LineMatcher(old.lines[first : len(old.lines) - last], new.lines[first : len(new.lines) - last])
    shown = [line for group in matcher.get_grouped_opcodes(CONTEXT) for line in _hunk(group, first, before, old, new)]
    name = f"~/{edit.path.relative_to(home).as_posix()}" if edit.path.is_relative_to(home) else str(edit.path)
    names = [
        f"{mark} {'/dev/null' if text is None else name}" for mark, text in (("---", edit.before), ("+++", edit.after))
    ]
    return "\n".join([*names, *shown]) if shown else ""


def _hunk(
    group: Sequence[tuple[str, int, int, int, int]], first: int, before: int, old: _Side, new: _Side
) -> Iterator[str]:
    """Yield one hunk's lines. `first` is the line in both texts where numbering starts, `before` the lines before."""
    (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
    yield f"@@ -{_span(before + first + i1, i2 - i1)} +{_span(before + first + j1, j2 - j1)} @@"
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            both = zip(range(i1, i2), range(j1, j2), strict=True)
            yield from (" " + _alike(old.shown(first + i), new.shown(first + j)) for i, j in both)
        else:
            yield from ("-" + old.shown(first + n) for n in range(i1, i2))
            yield from ("+" + new.shown(first + n) for n in range(j1, j2))


def _alike(old: str, new: str) -> str:
    """Return how to show a line that is the same on both sides. It is hidden if it is secret on one side."""
    return old if old == new else redact.MASK


def _span(start: int, length: int) -> str:
    return f"{start + 1 if length else start},{length}"


class _Side:
    """One text of a diff, by lines, with secrets masked.

    The lines of an AWS file are shown as they were intended: a section below a token, which SDKs read as the token's
    second line, is shown as a section.
    """

    def __init__(self, text: str, file: FileName | None, plain: bool = False) -> None:
        self._plain = plain
        self.lines = [line.rstrip("\r\n") for line in editing.LINE.findall(text)]
        told = lenient.read(text, file, shared=file == "config").text if file else text
        self._stanzas = editing.read(told, "config").stanzas

    def shown(self, index: int) -> str:
        """Return a line with secrets masked."""
        line, number = self.lines[index], index + 1
        if self._plain:
            return inert(redact.line(line))
        at = bisect_right(self._stanzas, number, key=lambda stanza: stanza.line) - 1
        for key, _, numbers in self._stanzas[at].settings if at >= 0 else ():
            if numbers[0] <= number <= numbers[-1]:
                return inert(_setting(line, key, number == numbers[0]))
        stray = line.strip() and line.lstrip()[0] not in "#;["
        return redact.MASK if stray else inert(redact.line(line))


def _setting(line: str, key: str, first: bool) -> str:
    """Return one line of a setting, or a continuation of it, with a secret value masked."""
    found = re.match(r"[^=:]*[=:]\s*", line) if first else None
    before, value = (line[: found.end()], line[found.end() :]) if found else ("", line)
    return before + (redact.value(key, value) if value.strip() else value)
