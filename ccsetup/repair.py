"""Remedies applied: lines replaced where no two remedies meet, line ends kept, every line's origin known, and proven.

Nothing is written here: what comes of it are the facts as they would be, for every check to look at again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from ccsetup import git_config, ini
from ccsetup.facts import Clone, Facts
from ccsetup.findings import Change, Finding, Remedy
from ccsetup.git_config import Url
from ccsetup.ini import LINE
from ccsetup.model import FileName

FILES: tuple[FileName, ...] = ("config", "credentials")

_END = re.compile(r"(?:\r\n|\r|\n)?\Z")


class Text(NamedTuple):
    """One file's text in the making, and for each of its lines the line it was at first (0: it is new)."""

    text: str
    origins: tuple[int, ...]


def begun(text: str) -> Text:
    """Return a text of which nothing has been repaired yet."""
    return Text(text, tuple(range(1, len(LINE.findall(text)) + 1)))


def origin(text: Text, line: int) -> int:
    """Return the line that a line was at first, 0 for a new one."""
    return text.origins[line - 1] if 0 < line <= len(text.origins) else 0


def apart(remedies: Iterable[Remedy]) -> list[Remedy]:
    """Return the remedies that can be applied together: each that touches no line or setting of one before it."""
    taken: dict[FileName, list[tuple[int, int]]] = {file: [] for file in FILES}
    whole, keys = set[FileName](), set[str]()
    found = []
    for remedy in remedies:
        files = {change.file for change in remedy.changes} | {*remedy.texts}
        meets = any(_meets(it, taken[it.file]) for it in remedy.changes)
        settings = {*remedy.git, *(key for key, _ in remedy.replaced)}
        if meets or files & whole or any(taken[file] for file in remedy.texts) or settings & keys:
            continue
        whole |= {*remedy.texts}
        keys |= settings
        for change in remedy.changes:
            taken[change.file].append((change.first, max(change.first, change.last)))
        found.append(remedy)
    return found


def _meets(change: Change, taken: Sequence[tuple[int, int]]) -> bool:
    return any(first <= max(change.first, change.last) and change.first <= last for first, last in taken)


def changed(text: Text, changes: Sequence[Change]) -> Text:
    """Return a text with these changes of it made, none of which meets another."""
    lines, origins = LINE.findall(text.text), [*text.origins]
    for change in sorted(changes, key=lambda it: (it.first, it.last), reverse=True):
        at, end = change.first - 1, change.last
        old, before = lines[at:end], origins[at:end]
        if not old and at >= len(lines) and lines and not _end(lines[-1]):
            lines[-1] += _usual(lines, at)
            old = [""]  # the text ends as it did, without a line end
        lines[at:end] = _ended(change.lines, old, _usual(lines, at))
        origins[at:end] = [before[min(n, len(before) - 1)] if before else 0 for n in range(len(change.lines))]
    return Text("".join(lines), tuple(origins))


def _ended(new: Sequence[str], old: Sequence[str], usual: str) -> list[str]:
    """Return lines with the ends that those had in whose place they are."""
    ends = [_end(line) for line in old[: len(new)]]
    if ends and len(new) > len(ends):  # the last one's stays the last
        ends = [*ends[:-1], *[ends[-1] or usual] * (len(new) - len(ends)), ends[-1]]
    ends += [usual] * (len(new) - len(ends))
    if old and len(new) < len(old) and new and not _end(old[-1]):
        ends[-1] = ""
    return [line + end for line, end in zip(new, ends, strict=True)]


def _end(line: str) -> str:
    found = _END.search(line)
    return found[0] if found else ""


def _usual(lines: Sequence[str], at: int) -> str:
    """Return how lines end around one."""
    near = [*reversed(lines[max(at - 3, 0) : at]), *lines[at : at + 3], *lines[:1]]
    return next((end for end in map(_end, near) if end), "\n")


Key = tuple[str, str, str, int]


@dataclass(frozen=True)
class Repair:
    """What has been repaired so far, in thought: the facts as they would be, and what leads there."""

    facts: Facts
    texts: Mapping[FileName, Text]
    modes: Mapping[Path, int] = field(default_factory=dict)
    removed: tuple[Path, ...] = ()

    def key(self, finding: Finding) -> Key:
        """Return what a finding is known by, however lines have moved: code, profile, file, first line."""
        line = next(
            (origin(text, finding.line) for file, text in self.texts.items() if finding.path == self.facts.path(file)),
            finding.line,
        )
        return finding.code, finding.profile, str(finding.path or ""), line

    def plus(self, remedies: Sequence[Remedy]) -> Repair:
        """Return this with more remedies applied, which do not meet."""
        texts = dict(self.texts)
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
    """Return the beginning: nothing repaired."""
    there = {"config": facts.texts.config, "credentials": facts.texts.credentials}
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
    """Return the facts as they would be."""
    there = facts.texts
    for file, text in texts.items():
        there = there._replace(config=text.text) if file == "config" else there._replace(credentials=text.text)
    return replace(
        facts,
        texts=there,
        modes={path: mode for path, mode in {**facts.modes, **modes}.items() if path not in removed},
        found={path: None if path in removed else text for path, text in facts.found.items()},
        clone=facts.clone and with_settings(facts.clone, remedies),
    )


def with_settings(clone: Clone, remedies: Sequence[Remedy]) -> Clone:
    """Return a clone with its settings as remedies, which do not meet, have them."""
    for remedy in remedies:
        own, settings = (git_config.with_values(it, remedy.replaced) for it in (clone.own, clone.settings))
        keys = {key.lower() for key in remedy.git}  # in which git lists them
        new = tuple((key.lower(), each) for key, value in remedy.git.items() for each in git_config.spelled(key, value))
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


def resettled(before: Clone | None, after: Clone | None) -> dict[str, git_config.SettingChange]:
    """Return what is to change in the settings of the clone's own, by their keys."""
    if before is None or after is None:
        return {}
    keys = dict.fromkeys(key for key, _ in (*before.own, *after.own))
    both = {key: [tuple(git_config.values(it.own, key)) for it in (before, after)] for key in keys}
    return {key: git_config.SettingChange(old, new) for key, (old, new) in both.items() if old != new}


def harm(before: Repair, after: Repair, remedies: Sequence[Remedy]) -> str:
    """Say which section would read otherwise though no remedy touches it; "" when none does."""
    for file, text in after.texts.items():
        old, new = before.facts.document(file), after.facts.document(file)
        if file not in before.texts or text == before.texts[file] or any(file in remedy.texts for remedy in remedies):
            continue
        changes = [it for remedy in remedies for it in remedy.changes if it.file == file]
        touched = _touched(old, [(it.first, it.last) for it in changes]) | _touched(new, _where_now(changes))
        was, now = _others(old, touched), _others(new, touched)
        if was != now:
            return next(iter(was.keys() ^ now.keys()), "") or next(key for key in was if was[key] != now[key])
        if new.fault and not old.fault:
            return new.fault.says
    return ""


def _where_now(changes: Sequence[Change]) -> list[tuple[int, int]]:
    """Return the lines that the changes put there, as they are numbered afterwards."""
    found, moved = [], 0
    for change in sorted(changes, key=lambda it: (it.first, it.last)):
        first = change.first + moved
        found.append((first, first + len(change.lines) - 1))
        moved += len(change.lines) - (change.last - change.first + 1)
    return found


def _touched(document: ini.Document, spans: Sequence[tuple[int, int]]) -> set[tuple[str, str]]:
    """Return the sections that these lines, and those beside them where some were put in, belong to."""
    stanzas = document.stanzas
    found = set()
    for first, last in spans:
        for at, stanza in enumerate(stanzas):
            end = stanzas[at + 1].line - 1 if at + 1 < len(stanzas) else max(last, stanza.line)
            if stanza.line <= max(first, last) and min(first, last) <= end:
                found.add((stanza.type, stanza.name))
    return found


def _others(document: ini.Document, touched: set[tuple[str, str]]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for stanza in document.stanzas:
        if (stanza.type, stanza.name) not in touched:
            found.setdefault(f"{stanza.type} {stanza.name}", []).append(stanza.values)
    return found
