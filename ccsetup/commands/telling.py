"""Findings as lines for a person and as JSON: by profile, the worst first, each with its place and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccsetup.inert import inert, wrap
from ccsetup.model import Finding

MARKS = {"stops": "✗", "hinders": "!", "note": "·"}
WIDE = 100


def rows(findings: Sequence[Finding], home: Path, room: int | None) -> Iterator[str]:
    """Yield the report's lines, none longer than `room` columns where that can be."""
    width = min(room or WIDE, WIDE)
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.profile, []).append(finding)
    for name, group in groups.items():
        yield inert(name) or "This machine"
        for finding in group:
            yield from _finding(finding, home, width)
        yield ""


def _finding(finding: Finding, home: Path, width: int) -> Iterator[str]:
    place = shown(finding.path, home) + (f", line {finding.line}" if finding.line else "")
    yield from _hung(f" {MARKS[finding.severity]} ", finding.says, width)
    yield from _hung("   ", " · ".join(filter(None, (place, finding.code))), width)
    if finding.severity != "note":
        yield from _hung("   ", finding.because, width)
    if finding.do:
        yield from _hung("   → ", finding.do, width)


def _hung(head: str, text: str, width: int) -> Iterator[str]:
    if text:
        first, *more = wrap(inert(text), width - len(head))
        yield head + first
        yield from (" " * len(head) + line for line in more)


def shown(path: Path | None, home: Path) -> str:
    """Return a path as a person knows it."""
    if path is None:
        return ""
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def summary(findings: Sequence[Finding]) -> str:
    """Say in one line how many findings there are, and what --fix can do about them."""
    if not findings:
        return "Nothing is wrong."
    counts = [
        f"{count} {word}"
        for severity, word in (("stops", "stop a profile"), ("hinders", "hinder"), ("note", "to know"))
        if (count := sum(finding.severity == severity for finding in findings))
    ]
    return f"{', '.join(counts)}."


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
        "do": finding.do or None,
        "fixed": fixed,
    }
