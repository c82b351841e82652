"""Two sections of one name made one: nothing is deleted, what loses becomes a comment, what is alone moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ccsetup.awsfiles.ini import Setting, Stanza
from ccsetup.awsfiles.settings import WHO
from ccsetup.core.model import FileName
from ccsetup.findings import Change, Remedy


def conflicts(live: Stanza, dead: Stanza) -> list[str]:
    """Return the keys to which two sections give different values."""
    values = live.values
    return [key for key, value in dead.values.items() if values.get(key, value) != value]


def remedies(file: FileName, live: Stanza, dead: Stanza, lines: Sequence[str]) -> tuple[Remedy, ...]:
    """Return the ways to make one section of two: a single one where they agree."""
    odds = conflicts(live, dead)
    if not odds:
        whole = merged(file, live, dead, lines, "Merge the two", dead_wins=False)
        one, other = (
            Remedy(f"Keep line {kept.line}'s alone", "the other becomes a comment", silenced(file, it, lines))
            for kept, it in ((dead, live), (live, dead))
        )
        return (whole, one, other) if _name_two(live, dead) else (whole,)
    keys = ", ".join(odds)
    return (
        merged(file, live, dead, lines, f"Merge them, with {keys} of line {dead.line}", dead_wins=True),
        merged(file, live, dead, lines, f"Merge them, with {keys} of line {live.line}", dead_wins=False),
    )


def _name_two(live: Stanza, dead: Stanza) -> bool:
    """Say whether each of two sections says in its own way who the profile is."""
    ours, theirs = WHO & live.values.keys(), WHO & dead.values.keys()
    return not (ours <= theirs or theirs <= ours)


def merged(file: FileName, live: Stanza, dead: Stanza, lines: Sequence[str], label: str, *, dead_wins: bool) -> Remedy:
    """Return the remedy that keeps `live`, and moves into it what only `dead` has, or what wins over it there."""
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
    return Remedy(label, "what loses becomes a comment", _tidied(changes))


def silenced(file: FileName, stanza: Stanza, lines: Sequence[str]) -> tuple[Change, ...]:
    """Return the changes that make a section a comment, its header and its settings."""
    numbers = [stanza.line, *(n for setting in stanza.settings for n in setting.lines)]
    return tuple(commented(file, numbers, lines))


def commented(file: FileName, numbers: Iterable[int], lines: Sequence[str]) -> list[Change]:
    """Return the changes that make lines comments."""
    return [Change(file, n, n, (_comment(lines[n - 1]),)) for n in numbers if lines[n - 1].strip()]


def _comment(line: str) -> str:
    return f"# {line.strip()}"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _shifted(setting: Setting, lines: Sequence[str], indent: str) -> list[str]:
    """Return a setting's lines as deep as those it comes to stand among, what continues it deeper."""
    first, *more = (lines[n - 1] for n in setting.lines)
    return [indent + first.strip(), *(f"{indent}    {line.strip()}" if line.strip() else line for line in more)]


def _tidied(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes in order; one that follows another at the same line is joined to it."""
    return tuple(sorted(changes, key=lambda it: (it.first, it.last)))
