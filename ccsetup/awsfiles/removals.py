"""Lists what an edit removes from a file, for the review: by section, with secrets masked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ccsetup.awsfiles import edit_proof, ini, lenient
from ccsetup.awsfiles.characters import decoded
from ccsetup.awsfiles.ini import LINE, Setting
from ccsetup.awsfiles.line_matcher import LineMatcher
from ccsetup.core import redact
from ccsetup.core.model import Edit

ID = "aws_access_key_id"
_NAMED = 6  # how many settings of a section are named


class Removal(NamedTuple):
    """Lines of one section that an edit removes or comments out: its header, their number, and their contents."""

    header: str
    lines: int
    says: tuple[str, ...]
    commented: bool = False

    def __str__(self) -> str:
        more = len(self.says) - _NAMED
        names = ", ".join([*self.says[:_NAMED], *([f"and {more} more"] if more > 0 else [])])
        where = f"in [{self.header}]" if self.header else "before the first section"
        return f"{self.lines} line{'s' * (self.lines > 1)} {where}{f': {names}' if names else ''}"


class _Line(NamedTuple):
    """One line as it was intended: its text, its section's header, its key ("" if none), and its text for display."""

    text: str
    header: str
    key: str
    says: str


def of(edit: Edit) -> list[Removal]:
    """Return what an edit of an AWS file removes, in order. Moved or changed settings don't count as removed."""
    if edit.file is None or not edit.before:
        return []
    _, before, after = edit_proof.parts(edit)
    old, new = _lines(edit, before), _lines(edit, after)
    head = next(
        (n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )
    most = min(len(old), len(new)) - head
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    gone, come = [], []
    matcher = LineMatcher(old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    for _, i1, i2, j1, j2 in (it for it in matcher.get_opcodes() if it[0] != "equal"):
        gone += old[head + i1 : head + i2]
        come += new[head + j1 : head + j2]
    return [*_grouped(gone, come)]


def _lines(edit: Edit, text: str) -> list[_Line]:
    """Return a text's lines, each with its intended section and key."""
    shared = edit.file == "config"  # a header of the other file is recognized too
    reading = lenient.read(text, edit.file or "config", shared=shared)
    lines = [line.strip() for line in LINE.findall(decoded(text))]
    sections, said = [""] * len(lines), [("", "")] * len(lines)
    for stanza in ini.read(reading.text, edit.file or "config").stanzas:
        end = stanza.line - 1 + len(LINE.findall(stanza.text))
        for n in range(stanza.line - 1, min(end, len(lines))):
            sections[n] = stanza.header
        for setting in stanza.settings:
            for n in setting.lines:
                said[n - 1] = setting.key, _said(setting)
    for odd in reading.oddities:  # for example the continuation of a token
        for n in range(odd.first - 1, odd.last) if odd.key else ():
            said[n] = said[n] if said[n][0] else (odd.key, odd.key)
    return [_Line(text, header, *says) for text, header, says in zip(lines, sections, said, strict=True)]


def _said(setting: Setting) -> str:
    return f"{ID} {redact.value(ID, setting.value)}" if setting.key == ID else setting.key


def _grouped(gone: Sequence[_Line], come: Sequence[_Line]) -> Iterator[Removal]:
    """Yield the removed lines by section, with those that became comments separately."""
    left = Counter(it.text for it in come if it.text)
    again = {(it.header, it.key or it.text[:1]) for it in come if it.key or it.text[:1] == "["}  # settings and headers
    found: dict[tuple[str, bool], list[_Line]] = {}
    for line in gone:
        if not line.text:
            continue
        if left[line.text]:
            left[line.text] -= 1
        elif left[f"# {line.text}"]:
            left[f"# {line.text}"] -= 1
            found.setdefault((line.header, True), []).append(line)
        elif (line.header, line.key or line.text[:1]) not in again:
            found.setdefault((line.header, False), []).append(line)
    for (header, commented), lines in found.items():
        says = dict.fromkeys(it.says or _other(it.text) for it in lines)
        yield Removal(header, len(lines), tuple(filter(None, says)), commented)


def _other(text: str) -> str:
    return "its header" if text[:1] == "[" else "a comment" if text[:1] in ("#", ";") else "a stray line"


def long_term(edit: Edit) -> list[str]:
    """Return the long-term access keys that are no longer in the file, masked, each with its section."""
    return [it for _, it in _lost(edit)]


def _lost(edit: Edit) -> list[tuple[str, str]]:
    """Return what `long_term` does, each with what happens to it."""
    if edit.file is None or "AKIA" not in (edit.before or ""):
        return []
    stanzas = ini.read(edit.before or "", "config").stanzas
    keys = {value: it.header for it in stanzas if (value := it.values.get(ID, "")).startswith("AKIA")}
    gone = {it: header for it, header in keys.items() if it not in (edit.after or "")}
    kept = {it.header for it in ini.read(edit.after or "", "config").stanzas if ID in it.values} if gone else set()
    label = {True: "replaces", False: "deletes"}
    return [(label[header in kept], f"{redact.value(ID, it)} in [{header}]") for it, header in gone.items()]


def rows(edits: Sequence[Edit], decided: Collection[str] = (), undo: bool = False) -> list[tuple[str, str]]:
    """Return the review's lines about removals, each with its label. After an `undo`, they can't be restored.

    `decided` are profiles that also change their identity.
    """
    gone = [it for edit in edits for it in of(edit)]
    found = [("removes", str(it)) for it in gone if not it.commented]
    found += [("comments out", str(it)) for it in gone if it.commented]
    keys = [it for edit in edits for it in _lost(edit)] if not undo else []
    found += [("changes", f"the identity of {', '.join(sorted(decided))}")] if decided else []
    return found + [(label, f"the long-term access key {it} (to restore it: ccsetup undo)") for label, it in keys]
