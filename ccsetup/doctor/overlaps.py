"""Findings on one line that one repair serves: only the finding with that repair is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from ccsetup.doctor import repair
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding

_GENERAL = ("value.inline-comment", "value.quoted", "file.")  # how a value is written, whatever it is for
_WORST = ("stops", "hinders", "note")

Look = Callable[[Facts], Iterable[Finding]]
Line = tuple[str, int]


def merged(facts: Facts, findings: Sequence[Finding], look: Look) -> list[Finding]:
    """Return the findings without those that the repair of another one on the same line serves too.

    `look` returns the findings in other facts. The finding that is kept has the worst severity of them, and says what
    they say.
    """
    groups = _groups(facts, findings)
    dropped = {id(it) for group in groups if any(map(_is_typed_anew, group)) for it in group if _asks_how_written(it)}
    kept: dict[int, Finding] = {}
    for turn in range(max(map(len, groups), default=0)):
        waiting = [it for it in groups if turn < len(it) and id(it[turn]) not in dropped and _keeps_line(it[turn])]
        profiles = {(str(it[0].path), it[0].line): {each.profile for each in it} for it in waiting}
        left = _left(facts, [it[turn] for it in waiting], profiles, look)
        for group in waiting:
            first, others = group[turn], [it for it in group if id(it) not in dropped and id(it) not in kept]
            after = left.get(id(first))
            if after is None or first.code in after or not after <= {it.code for it in others}:
                continue
            gone = [it for it in others if it is not first and it.code not in after]
            dropped.update(map(id, gone))
            if gone:
                kept[id(first)] = _with(first, gone)
    return [kept.get(id(it), it) for it in findings if id(it) not in dropped]


def _groups(facts: Facts, findings: Sequence[Finding]) -> list[list[Finding]]:
    """Return the findings that share a line of an AWS file: sure repairs first, of how it is written before others."""
    found: dict[Line, list[Finding]] = defaultdict(list)
    files = {facts.path("config"), facts.path("credentials")}
    for it in findings:
        if it.line and it.path in files and not any(way.texts for way in it.remedies):  # those are about the whole file
            found[str(it.path), it.line].append(it)
    shared = [it for it in found.values() if len(it) > 1]
    return [sorted(it, key=lambda each: (each.fix != "auto", not each.code.startswith(_GENERAL))) for it in shared]


def _is_typed_anew(finding: Finding) -> bool:
    """Return whether a person types the whole value again."""
    return finding.wanted is not None and not finding.remedies


def _asks_how_written(finding: Finding) -> bool:
    """Return whether a finding asks about a comment or quotes in a value."""
    return finding.code.startswith("value.") and finding.code in _GENERAL and finding.fix == "ask"


def _left(
    facts: Facts, findings: Sequence[Finding], profiles: Mapping[Line, set[str]], look: Look
) -> dict[int, set[str]]:
    """Return for each finding the codes that are left on its line after its first and after its last remedy.

    `profiles` are those that the findings on each line are about.
    """
    begun = repair.of(facts)
    found: dict[int, set[str]] = {}
    for at in (0, -1):
        ways = {id(it.remedies[at]): it for it in findings if it.remedies}
        taken = repair.apart([it.remedies[at] for it in ways.values()], facts.texts.shared)
        those = {*map(id, taken)}
        mine = [it for key, it in ways.items() if key in those]
        if not mine or (at and all(len(it.remedies) == 1 for it in mine)):
            continue
        after = begun.plus(taken)
        there: dict[Line, set[tuple[str, str]]] = defaultdict(set)
        for each in look(after.facts):
            code, profile, path, line = after.key(each)
            there[path, line].add((profile, code))
        for it in mine:
            about = profiles[str(it.path), it.line]  # a line that is split may be the header of another profile, too
            left = {code for profile, code in there[str(it.path), it.line] if profile in about}
            found.setdefault(id(it), set()).update(left)
    return found


def _keeps_line(finding: Finding) -> bool:
    """Return whether every repair of a finding is sure, or keeps its line as a setting, which others may be about."""
    if finding.fix == "auto":
        return True
    changes = [it for way in finding.remedies for it in way.changes if it.first <= finding.line <= it.last]
    return bool(changes) and all(any(line.strip()[:1] not in ("", "#", ";") for line in it.lines) for it in changes)


def _with(first: Finding, others: Sequence[Finding]) -> Finding:
    """Return a finding that stands for others, too."""
    says = [it.says for it in others if it.code.startswith(_GENERAL) and not first.code.startswith("file.")]
    return first._replace(
        severity=min((first.severity, *(it.severity for it in others)), key=_WORST.index),
        because=" ".join(dict.fromkeys([*says, first.because])).strip(),
        also=tuple(dict.fromkeys([*first.also, *(name for it in others for name in it.also)])),
        refuses=first.refuses or any(it.refuses for it in others),
    )
