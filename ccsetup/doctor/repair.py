"""Applies remedies to texts: keeps line endings, tracks every line's original number, and checks for side effects.

Nothing is written here. The result is the facts as they would be after the repair, for every check to look at again.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from ccsetup.awsfiles import edit_proof, ini
from ccsetup.awsfiles.ini import LINE, Setting, Stanza
from ccsetup.awsfiles.settings import WHO
from ccsetup.core.model import FileName, Touched
from ccsetup.doctor.facts import Clone, Facts
from ccsetup.doctor.findings import Change, Finding, Remedy
from ccsetup.git import config
from ccsetup.git.config import Url

FILES: tuple[FileName, ...] = ("config", "credentials")

_END = re.compile(r"(?:\r\n|\r|\n)?\Z")


class Text(NamedTuple):
    """One file's text so far, and for each of its lines the original line number (0: a new line)."""

    text: str
    origins: tuple[int, ...]


def begun(text: str) -> Text:
    """Return a text without any repairs yet."""
    return Text(text, tuple(range(1, len(LINE.findall(text)) + 1)))


def origin(text: Text, line: int) -> int:
    """Return the original number of a line, 0 for a new one."""
    return text.origins[line - 1] if 0 < line <= len(text.origins) else 0


def apart(remedies: Iterable[Remedy], shared: bool = False) -> list[Remedy]:
    """Return the remedies that can be applied together: those that don't touch a line or setting of an earlier one.

    `shared`: one file serves as both config and credentials.
    """
    taken: dict[FileName, set[int]] = {file: set() for file in FILES}
    whole, keys = set[FileName](), set[str]()
    found = []
    for remedy in remedies:
        remedy = _of_one_file(remedy) if shared else remedy
        files = {change.file for change in remedy.changes} | {*remedy.texts}
        meets = any(not taken[it.file].isdisjoint(_lines(it)) for it in remedy.changes)
        settings = {*remedy.git, *(key for key, _ in remedy.replaced)}
        if meets or files & whole or any(taken[file] for file in remedy.texts) or settings & keys:
            continue
        whole |= {*remedy.texts}
        keys |= settings
        for change in remedy.changes:
            taken[change.file].update(_lines(change))
        found.append(remedy)
    return found


def _of_one_file(remedy: Remedy) -> Remedy:
    """Return a remedy for one file that serves as both, with each change only once."""
    changes = dict.fromkeys(change._replace(file="config") for change in remedy.changes)
    texts: dict[FileName, str] = {}
    for text in remedy.texts.values():
        texts["config"] = text
    return remedy._replace(changes=tuple(changes), texts=texts)


def _lines(change: Change) -> range:
    return range(change.first, max(change.first, change.last) + 1)


def changed(text: Text, changes: Sequence[Change]) -> Text:
    """Return a text with these changes applied. The changes must not overlap."""
    lines, origins = LINE.findall(text.text), [*text.origins]
    for change in sorted(changes, key=lambda it: (it.first, it.last), reverse=True):
        at, end = change.first - 1, change.last
        old, before = lines[at:end], origins[at:end]
        if not old and at >= len(lines) and lines and not _end(lines[-1]):
            lines[-1] += _usual(lines, at)
            old = [""]  # the text still ends without a line ending
        lines[at:end] = _ended(change.lines, old, _usual(lines, at))
        origins[at:end] = [before[min(n, len(before) - 1)] if before else 0 for n in range(len(change.lines))]
    return Text("".join(lines), tuple(origins))


def _ended(new: Sequence[str], old: Sequence[str], usual: str) -> list[str]:
    """Return the new lines with the line endings of the old lines they replace."""
    ends = [_end(line) for line in old[: len(new)]]
    if ends and len(new) > len(ends):  # the last line keeps its ending
        ends = [*ends[:-1], *[ends[-1] or usual] * (len(new) - len(ends)), ends[-1]]
    ends += [usual] * (len(new) - len(ends))
    if old and len(new) < len(old) and new and not _end(old[-1]):
        ends[-1] = ""
    return [line + end for line, end in zip(new, ends, strict=True)]


def _end(line: str) -> str:
    found = _END.search(line)
    return found[0] if found else ""


def _usual(lines: Sequence[str], at: int) -> str:
    """Return the line ending that is used around a line."""
    near = [*reversed(lines[max(at - 3, 0) : at]), *lines[at : at + 3], *lines[:1]]
    return next((end for end in map(_end, near) if end), "\n")


Key = tuple[str, str, str, int]


@dataclass(frozen=True)
class Repair:
    """What has been repaired so far, unwritten: the facts as they would be, and the changes that lead to them."""

    facts: Facts
    texts: Mapping[FileName, Text]
    modes: Mapping[Path, int] = field(default_factory=dict)
    removed: tuple[Path, ...] = ()

    def key(self, finding: Finding) -> Key:
        """Return a finding's key, which is stable when lines move: code, profile, file, original line."""
        line = next(
            (origin(text, finding.line) for file, text in self.texts.items() if finding.path == self.facts.path(file)),
            finding.line,
        )
        return finding.code, finding.profile, str(finding.path or ""), line

    def traced(self, touched: Sequence[Touched]) -> tuple[Touched, ...]:
        """Return what is touched, with original line numbers."""
        return tuple(
            it._replace(lines=frozenset(origin(self.texts[it.file], line) for line in it.lines) - {0}) for it in touched
        )

    def plus(self, remedies: Sequence[Remedy]) -> Repair:
        """Return this repair with more remedies applied. They must not overlap."""
        texts = dict(self.texts)
        if self.facts.texts.shared:
            remedies = [_of_one_file(remedy) for remedy in remedies]
        for file in FILES:
            whole = [remedy.texts[file] for remedy in remedies if file in remedy.texts]
            if whole:
                texts[file] = _recoded(texts.get(file), whole[0])
            elif changes := [it for remedy in remedies for it in remedy.changes if it.file == file]:
                texts[file] = changed(texts.get(file) or begun(""), changes)
        modes = {path: mode for remedy in remedies for path, mode in remedy.modes.items()}
        removed = tuple(path for remedy in remedies for path in remedy.remove)
        return Repair(
            _supposing(self.facts, texts, remedies, modes, removed),
            texts,
            {**self.modes, **modes},
            (*self.removed, *removed),
        )


def of(facts: Facts) -> Repair:
    """Return the initial repair, with nothing changed yet."""
    there = {"config": facts.texts.config, "credentials": None if facts.texts.shared else facts.texts.credentials}
    return Repair(facts, {file: begun(text) for file in FILES if (text := there[file]) is not None})


def _recoded(before: Text | None, text: str) -> Text:
    after = begun(text)
    same = before and len(before.origins) == len(after.origins)
    return Text(text, before.origins) if before and same else after


def _supposing(
    facts: Facts,
    texts: Mapping[FileName, Text],
    remedies: Sequence[Remedy],
    modes: Mapping[Path, int],
    removed: Sequence[Path],
) -> Facts:
    """Return the facts as they would be after these changes."""
    there = facts.texts
    for file, text in texts.items():
        there = there._replace(config=text.text) if file == "config" else there
        there = there._replace(credentials=text.text) if file == "credentials" or there.shared else there
    return replace(
        facts,
        texts=there,
        modes={path: mode for path, mode in {**facts.modes, **modes}.items() if path not in removed},
        found={path: None if path in removed else text for path, text in facts.found.items()},
        clone=facts.clone and with_settings(facts.clone, remedies),
    )


def with_settings(clone: Clone, remedies: Sequence[Remedy]) -> Clone:
    """Return a clone with its settings changed by these remedies. They must not overlap."""
    for remedy in remedies:
        own, settings = (config.with_values(it, remedy.replaced) for it in (clone.own, clone.settings))
        keys = {key.lower() for key in remedy.git}  # as git lists them
        new = tuple((key.lower(), each) for key, value in remedy.git.items() for each in config.spelled(key, value))
        kept = Counter(settings) - Counter(pair for pair in own if pair[0].lower() in keys)
        clone = replace(
            clone,
            remote=_readdressed(clone.url, remedy).used,
            settings=(*(pair for pair in settings if kept[pair]), *new),
            own=(*(pair for pair in own if pair[0].lower() not in keys), *new),
            urls=tuple(_readdressed(it, remedy) for it in clone.urls),
        )
    return clone


def _readdressed(url: Url, remedy: Remedy) -> Url:
    value = remedy.replaced.get((url.key, url.written))
    return url._replace(written=value, used=value) if value is not None else url


def resettled(before: Clone | None, after: Clone | None) -> dict[str, config.SettingChange]:
    """Return the changes to the clone's own settings, by key."""
    if before is None or after is None:
        return {}
    keys = dict.fromkeys(key for key, _ in (*before.own, *after.own))
    both = {key: [tuple(config.values(it.own, key)) for it in (before, after)] for key in keys}
    return {key: config.SettingChange(old, new) for key, (old, new) in both.items() if old != new}


def harm(before: Repair, after: Repair, remedies: Sequence[Remedy]) -> str:
    """Return which section would change although no remedy touches it; "" if none."""
    touched = {it.file: it for it in touching(before, after, remedies)}
    shared, named = before.facts.texts.shared, before.facts.named
    for file, text in after.texts.items():
        whole = any(file in remedy.texts for remedy in remedies)
        if file in before.texts and text != before.texts[file] and not whole:
            says = edit_proof.differs(before.texts[file].text, text.text, touched[file], shared, named)
            if says:
                return says
    return ""


def touching(before: Repair, after: Repair, remedies: Sequence[Remedy]) -> tuple[Touched, ...]:
    """Return what these remedies, which lead from `before` to `after`, touch in each file they change."""
    found, shared = [], before.facts.texts.shared
    for file, text in before.texts.items():
        if text == after.texts[file]:
            continue
        changes = [it for remedy in remedies for it in remedy.changes if shared or it.file == file]
        whole = any(remedy.texts for remedy in remedies if shared or file in remedy.texts)
        spans, now = [(it.first, it.last) for it in changes], _where_now(changes)
        if whole:
            spans = now = [(1, len(LINE.findall(text.text)))]
        sections: set[tuple[str, str]] = set()
        for role in FILES if shared else (file,):
            for there, lines in ((before.facts, spans), (after.facts, now)):
                sections |= _touched(there.meant(role), lines) | _touched(there.as_is(role), lines)
        lines_ = frozenset(n for first, last in spans for n in range(first, last + 1))
        found.append(Touched(file, lines_, frozenset(sections)))
    return tuple(found)


def _where_now(changes: Sequence[Change]) -> list[tuple[int, int]]:
    """Return the lines that the changes produce, as numbered afterwards."""
    found, moved = [], 0
    for change in sorted(changes, key=lambda it: (it.first, it.last)):
        first = change.first + moved
        found.append((first, first + len(change.lines) - 1))
        moved += len(change.lines) - (change.last - change.first + 1)
    return found


def _touched(document: ini.Document, spans: Sequence[tuple[int, int]]) -> set[tuple[str, str]]:
    """Return the sections that these lines belong to; for inserted lines, also those of the adjacent lines."""
    stanzas = document.stanzas
    found = set()
    for first, last in spans:
        low, high = min(first, last), max(first, last)
        begin = max(bisect_right(stanzas, low, key=lambda it: it.line) - 1, 0)
        end = bisect_right(stanzas, high, key=lambda it: it.line)
        found |= {(it.type, it.name) for it in stanzas[begin:end] if it.line <= high}
    return found


def conflicts(live: Stanza, dead: Stanza) -> list[str]:
    """Return the keys for which two sections have different values."""
    values = live.values
    return [key for key, value in dead.values.items() if values.get(key, value) != value]


def remedies(file: FileName, live: Stanza, dead: Stanza, lines: Sequence[str]) -> tuple[Remedy, ...]:
    """Return the ways to merge two sections: only one if their values agree."""
    odds = conflicts(live, dead)
    if not odds:
        whole = merged(file, live, dead, lines, "Merge the two sections", dead_wins=False)
        one, other = (
            Remedy(f"Keep only the section on line {kept.line}", "comment out the other one", silenced(file, it, lines))
            for kept, it in ((dead, live), (live, dead))
        )
        return (whole, one, other) if _name_two(live, dead) else (whole,)
    keys = ", ".join(odds)
    return (
        merged(file, live, dead, lines, f"Merge the sections, with {keys} from line {dead.line}", dead_wins=True),
        merged(file, live, dead, lines, f"Merge the sections, with {keys} from line {live.line}", dead_wins=False),
    )


def _name_two(live: Stanza, dead: Stanza) -> bool:
    """Return whether two sections determine the profile's identity with different settings."""
    ours, theirs = WHO & live.values.keys(), WHO & dead.values.keys()
    return not (ours <= theirs or theirs <= ours)


def merged(file: FileName, live: Stanza, dead: Stanza, lines: Sequence[str], label: str, *, dead_wins: bool) -> Remedy:
    """Return the remedy that keeps `live` and moves into it the settings that only `dead` has, or that win there."""
    there = {setting.key: setting for setting in live.settings}
    indent = _indent(lines[live.settings[0].lines[0] - 1]) if live.settings else ""
    changes = [Change(file, dead.line, dead.line, (_comment(lines[dead.line - 1]),))]
    moved: list[str] = []
    for setting in dead.settings:
        rival = there.get(setting.key)
        if rival and (rival.value == setting.value or not dead_wins):
            changes += commented(file, setting.lines, lines)
            continue
        if rival:
            changes += commented(file, rival.lines, lines)
        moved += _shifted(setting, lines, indent)
        changes += [Change(file, n, n, ()) for n in setting.lines]
    after = live.settings[-1].lines[-1] if live.settings else live.line
    if moved:
        changes.append(Change(file, after + 1, after, tuple(moved)))
    return Remedy(label, "comment out the replaced lines", _tidied(changes))


def silenced(file: FileName, stanza: Stanza, lines: Sequence[str]) -> tuple[Change, ...]:
    """Return the changes that comment out a section, its header and its settings."""
    numbers = [stanza.line, *(n for setting in stanza.settings for n in setting.lines)]
    return tuple(commented(file, numbers, lines))


def commented(file: FileName, numbers: Iterable[int], lines: Sequence[str]) -> list[Change]:
    """Return the changes that comment lines out."""
    return [Change(file, n, n, (_comment(lines[n - 1]),)) for n in numbers if lines[n - 1].strip()]


def _comment(line: str) -> str:
    return f"# {line.strip()}"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _shifted(setting: Setting, lines: Sequence[str], indent: str) -> list[str]:
    """Return a setting's lines at the given indentation, with continuation lines indented further."""
    first, *more = (lines[n - 1] for n in setting.lines)
    return [indent + first.strip(), *(f"{indent}    {line.strip()}" if line.strip() else line for line in more)]


def _tidied(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes, sorted by line."""
    return tuple(sorted(changes, key=lambda it: (it.first, it.last)))
