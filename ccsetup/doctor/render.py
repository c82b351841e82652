"""Findings as lines for a person and as JSON: by profile, the worst first, each with its place and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccsetup.core.program_keys import unasked
from ccsetup.core.text import cells, inert, padded, wrap
from ccsetup.doctor.diagnose import Diagnosis, kinds
from ccsetup.doctor.findings import Finding

MARKS = {"stops": ("red", "✗"), "hinders": ("yellow", "!"), "note": ("dim", "·")}
WIDE = 100
MANY = 5  # findings of one sort that are told one by one
NAMED = 12  # profiles that a folded finding names
LISTED = 8  # profiles that answered and are told one by one
FIX = "ccsetup doctor --fix"

Row = Sequence[tuple[str, str]]


def rows(findings: Sequence[Finding], home: Path, room: int | None) -> Iterator[Row]:
    """Yield the lines that tell findings, none longer than `room` columns where that can be."""
    width = min(room or WIDE, WIDE)
    folds, groups = folded(findings)
    for name, group in groups.items():
        yield (("bold", inert(name) or "This machine"),)
        for finding in group:
            yield from _finding(finding, home, width)
        yield ()
    for fold in folds:
        yield from _fold(fold, home, width)
        yield ()


def folded(findings: Sequence[Finding]) -> tuple[list[list[Finding]], dict[str, list[Finding]]]:
    """Return the findings of which there are many of one sort, and the others by profile."""
    sorts: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        sorts.setdefault((finding.code, finding.severity), []).append(finding)
    folds = [sort for sort in sorts.values() if len(sort) > MANY]
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if len(sorts[finding.code, finding.severity]) <= MANY:
            groups.setdefault(finding.profile, []).append(finding)
    return folds, groups


def _finding(finding: Finding, home: Path, width: int) -> Iterator[Row]:
    colour, mark = MARKS[finding.severity]
    yield from _hung((colour, f" {mark} "), "", finding.says, width)
    mended = {"auto": "--fix repairs it", "ask": "--fix asks"}.get(finding.fix if mendable(finding) else "", "")
    yield from _hung(("", "   "), "dim", " · ".join(filter(None, (place(finding, home), finding.code, mended))), width)
    if finding.severity != "note":
        yield from _hung(("", "   "), "", finding.because, width)
    for number, step in enumerate(finding.do.splitlines()):
        yield from _hung(("cyan", "     " if number else "   → "), "", step, width)
    if len(finding.also) > 1 or (finding.also and finding.profile):
        yield from _hung(("", "   "), "dim", f"so too {_names(finding.also)}", width)
    if finding.letter:
        yield ()
        yield from _hung(("", "   "), "dim", "Send this to your administrator:", width)
        yield from ((("", line),) for line in ("", *finding.letter.splitlines(), ""))


def _fold(fold: Sequence[Finding], home: Path, width: int) -> Iterator[Row]:
    """Yield one sort of finding that there are many of: the first of it, then where the others are."""
    first = fold[0]
    whose = len({it.profile for it in fold})
    yield (("bold", f"{whose} profiles" if whose > 1 else inert(first.profile) or "This machine"),)
    yield from _finding(first._replace(also=(), letter=""), home, width)
    where = [f"{it.profile} (line {it.line})" if it.line else it.profile for it in fold[1:]]
    yield from _hung(("", "   "), "dim", f"so too {_names(where)}", width)


def _names(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join([*names[:NAMED], *([f"and {more:,} more"] if more > 0 else [])])


def _hung(head: tuple[str, str], colour: str, text: str, width: int) -> Iterator[Row]:
    """Yield a text's lines, each of them as far in as the first one's head."""
    if text:
        indent = cells(head[1])
        first, *more = wrap(inert(text), width - indent, split=True)
        yield (head, (colour, first))
        yield from ((("", " " * indent), (colour, line)) for line in more)


def place(finding: Finding, home: Path) -> str:
    """Return where a finding is, such as "~/.aws/config, line 12"; "" where it is in no file."""
    return shown(finding.path, home) + (f", line {finding.line}" if finding.path and finding.line else "")


def shown(path: Path | None, home: Path) -> str:
    """Return a path as a person knows it."""
    if path is None:
        return ""
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def mendable(finding: Finding) -> bool:
    """Say whether --fix can repair a finding, by itself or with an answer."""
    return finding.fix != "tell" and bool(finding.remedies or (finding.wanted and finding.fix == "ask"))


# The end of it


def ending(there: Diagnosis, room: int | None, fix: bool = False) -> Iterator[Row]:
    """Yield the last lines: who answered, what was found in all, and what to do next."""
    width = min(room or WIDE, WIDE)
    yield from _answered(there, width)
    if names := [name for name in there.names if name in there.unasked]:
        yield from _hung(("dim", " · "), "", unasked(_names(names)), width)
        yield from _hung(("cyan", "   → "), "", f"ccsetup doctor {shlex.quote(names[0])}", width)
        yield ()
    yield from _hung(("", ""), "bold", summary(there), width)
    if not fix and (said := _repairs(there.findings)):
        again = " ".join([FIX, *there.facts.asked])
        yield from _hung(("bold", " Next   "), "", f"{again}   {said}", width)


def _answered(there: Diagnosis, width: int) -> Iterator[Row]:
    """Yield who answered, where those are few."""
    identities = there.identities or {}
    wide = max((cells(name) for name in identities), default=0)
    if 0 < len(identities) <= LISTED and wide <= width // 3:
        for name, identity in identities.items():
            yield from _hung(("green", f" ✓ {padded(inert(name), wide)}  "), "", identity.arn, width)
        yield ()


def summary(there: Diagnosis) -> str:
    """Say in one line what was looked at, and how much was found."""
    counts = [
        f"{count} {words[count != 1]}"
        for severity, words in (("stops", ("stops a profile", "stop a profile")), ("hinders", ("hinders", "hinder")),
                                ("note", ("is to know", "are to know")))
        if (count := sum(finding.severity == severity for finding in there.findings))
    ]  # fmt: skip
    what = _looked_at(there)
    told = f"Nothing is wrong with {what}." if not there.findings else f"{', '.join(counts)}; looked at {what}."
    asked = bool(there.identities or there.unanswered)
    answered = f"AWS answered for {len(there.identities or {})} of {len(there.names)} profiles." if asked else ""
    return f"{told} {answered}".rstrip()


def _looked_at(there: Diagnosis) -> str:
    facts, count = there.facts, len(there.names)
    named = " and ".join(facts.asked[:3]) if 0 < len(facts.asked) < 4 else ""
    parts = [named or f"{count or 'no'} profile{'' if count == 1 else 's'}"]
    parts += [f"git {facts.git_version}"] if facts.git_version else []
    parts += [f"the clone {facts.clone.folder.name}"] if facts.clone else []
    return ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + parts[-1]


def _repairs(findings: Iterable[Finding]) -> str:
    """Say how much --fix can do; "" when nothing."""
    able = [it.fix for it in findings if mendable(it)]
    auto, ask = able.count("auto"), able.count("ask")
    return " and ".join([f"repairs {auto}"] * bool(auto) + [f"asks about {ask}"] * bool(ask))


# JSON


def document(there: Diagnosis, gone: Sequence[Finding] = ()) -> dict[str, Any]:
    """Return the JSON document: what was repaired, what was found, and every profile that was looked at."""
    kind, identities = kinds(there), there.identities or {}
    profiles = [
        {
            "name": name,
            "kind": kind.get(name) or None,
            "account_id": identities[name].account_id if name in identities else None,
            "arn": identities[name].arn if name in identities else None,
            "ok": there.is_ok(name),
        }
        for name in there.names
    ]
    found = [*(entry(it, fixed=True) for it in gone), *(entry(it, fixed=False) for it in there.findings)]
    ok = not there.is_stopped and not there.is_unanswered
    return {"ok": ok, "findings": found, "profiles": profiles, "problems": []}


def entry(finding: Finding, fixed: bool) -> Mapping[str, Any]:
    """Return a finding for JSON."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "profile": finding.profile or None,
        "path": str(finding.path) if finding.path else None,
        "line": finding.line or None,
        "says": finding.says,
        "because": finding.because or None,
        "fix": finding.fix,
        "do": finding.do or (FIX if mendable(finding) else None),
        "fixed": fixed,
    }
