"""Shows findings as text and as JSON: by profile, worst first, each with its place and next step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccsetup.core import redact
from ccsetup.core.command_line import quote
from ccsetup.core.program_keys import unasked
from ccsetup.core.text import cells, padded, wrap, wrap_step
from ccsetup.doctor.diagnose import Diagnosis, kinds
from ccsetup.doctor.findings import FIX, Finding

MARKS = {"stops": ("red", "✗"), "hinders": ("yellow", "!"), "note": ("dim", "·")}
WIDE = 100
MANY = 5  # findings of one kind that are shown one by one
_COUNTED = {"stops": ("error", "errors"), "hinders": ("warning", "warnings"), "note": ("note", "notes")}
NAMED = 12  # profiles named in a combined finding
LISTED = 8  # identities that are shown one by one

Row = Sequence[tuple[str, str]]


def rows(findings: Sequence[Finding], home: Path, room: int | None) -> Iterator[Row]:
    """Yield the lines that show findings, at most `room` columns wide where possible."""
    width = min(room or WIDE, WIDE)
    for group in grouped(findings):
        if len(group) > MANY and len({it.code for it in group}) == 1:
            yield from _fold(group, home, width)
        else:
            yield (("bold", redact.shown(group[0].profile) or "This computer"),)
            for finding in group:
                yield from _finding(finding, home, width)
        yield ()


def grouped(findings: Sequence[Finding]) -> Iterable[Sequence[Finding]]:
    """Return findings in groups to show together: many of a kind, else those of a profile. Their order stays.

    No warning is in a group of errors, so that none comes before another profile's error.
    """
    count = Counter((it.code, it.severity) for it in findings)
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for it in findings:
        key = (it.severity, it.code) if count[it.code, it.severity] > MANY else (it.severity, "", it.profile)
        groups.setdefault(key, []).append(it)
    return groups.values()


def _finding(finding: Finding, home: Path, width: int) -> Iterator[Row]:
    colour, mark = MARKS[finding.severity]
    *lines, last = _hung((colour, f" {mark} "), "", finding.says, width)
    fits = cells("".join(text for _, text in last)) + 3 + len(finding.code) <= width
    code = ("dim", finding.code)
    yield from [*lines, (*last, ("", "   "), code)] if fits else [*lines, last, (("", "   "), code)]
    mended = {"auto": "--fix repairs it", "ask": "--fix asks you how"}.get(finding.fix if mendable(finding) else "", "")
    yield from _hung(("", "   "), "dim", " · ".join(filter(None, (place(finding, home), mended))), width)
    if finding.severity != "note":
        yield from _hung(("", "   "), "", finding.because, width)
    for number, step in enumerate(finding.do.splitlines()):
        head, (first, *more) = "     " if number else "   → ", wrap_step(redact.shown(step), width - 5)
        yield (("cyan", head), ("", first))
        yield from ((("", "     "), ("", line)) for line in more)
    if len(finding.also) > 1 or (finding.also and finding.profile):
        yield from _hung(("", "   "), "dim", f"also affects {_names(finding.also)}", width)
    if finding.letter:
        yield ()
        yield from _hung(("", "   "), "dim", "Send this to your administrator:", width)
        yield from ((("", line),) for line in ("", *finding.letter.splitlines(), ""))


def _fold(fold: Sequence[Finding], home: Path, width: int) -> Iterator[Row]:
    """Yield one kind of finding with many occurrences: the first one, then the places of the others."""
    first = fold[0]
    whose = len({it.profile for it in fold})
    yield (("bold", f"{whose} profiles" if whose > 1 else redact.shown(first.profile) or "This computer"),)
    yield from _finding(first._replace(also=(), letter=""), home, width)
    where = [f"{it.profile} (line {it.line})" if it.line else it.profile for it in fold[1:]]
    yield from _hung(("", "   "), "dim", f"also affects {_names(where)}", width)


def _names(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join([*names[:NAMED], *([f"and {more:,} more"] if more > 0 else [])])


def _hung(head: tuple[str, str], colour: str, text: str, width: int) -> Iterator[Row]:
    """Yield a text's lines with a hanging indent: each as far in as the text after `head`."""
    if text:
        indent = cells(head[1])
        first, *more = wrap(redact.shown(text), width - indent, split=True)
        yield (head, (colour, first))
        yield from ((("", " " * indent), (colour, line)) for line in more)


def place(finding: Finding, home: Path) -> str:
    """Return where a finding is, e.g. "~/.aws/config, line 12"; "" if it isn't in a file."""
    return shown(finding.path, home) + (f", line {finding.line}" if finding.path and finding.line else "")


def shown(path: Path | None, home: Path) -> str:
    """Return a path as shown to a person, with ~ for the home folder."""
    if path is None:
        return ""
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def mendable(finding: Finding) -> bool:
    """Return whether --fix can repair a finding, with or without asking."""
    return finding.fix != "tell" and bool(finding.remedies or (finding.wanted and finding.fix == "ask"))


# The first and the last lines


def opening(there: Diagnosis, room: int | None) -> Iterator[Row]:
    """Yield the first lines: the totals, and the profiles that AWS confirmed."""
    width = min(room or WIDE, WIDE)
    yield from _hung(("", ""), "bold", summary(there), width)
    yield from _answered(there, width)
    if there.shown:
        yield ()


def ending(there: Diagnosis, room: int | None, fix: bool = False, yes: bool = False) -> Iterator[Row]:
    """Yield the last lines: the profiles that weren't tried, and what to do next.

    `fix`: all that needs no person has been repaired already. `yes`: no person was asked.
    """
    width = min(room or WIDE, WIDE)
    if names := [name for name in there.names if name in there.unasked]:
        yield from _hung(("dim", " · "), "", unasked(_names(names)), width)
        yield from _hung(("cyan", "   → "), "", f"ccsetup doctor {quote(names[0])}", width)
        yield ()
    able = [it for it in there.shown if not fix or it.fix == "ask"]
    if said := _repairs(able):
        again = " ".join([FIX, *there.facts.asked])
        yield from _hung(("bold", " Next   "), "", f"{again}   {said}{', without --yes' * yes}", width)


def _answered(there: Diagnosis, width: int) -> Iterator[Row]:
    """Yield the identities, if they are few."""
    identities = there.identities or {}
    wide = max((cells(name) for name in identities), default=0)
    if 0 < len(identities) <= LISTED and wide <= width // 3:
        for name, identity in identities.items():
            yield from _hung(("green", f" ✓ {padded(redact.shown(name), wide)}  "), "", identity.arn, width)


def summary(there: Diagnosis) -> str:
    """Return one line with the number of findings and what was checked."""
    counts = [
        f"{count} {words[count != 1]}"
        for severity, words in _COUNTED.items()
        if (count := sum(finding.severity == severity for finding in there.shown))
    ]
    told = f"{', '.join(counts) or 'No problems found'}. Checked {_looked_at(there)}."
    all_of, well = len(there.names), sum(there.is_ok(name) is True for name in there.names)
    many = "profile" if all_of == 1 else "profiles"
    if there.identities or there.unanswered:
        return f"{told} AWS confirmed {len(there.identities or {})} of {all_of} {many}."
    return (
        f"{told} {well} of {all_of} {many} {'has' if well == 1 else 'have'} no error."
        if there.is_stopped and well
        else told
    )


def _looked_at(there: Diagnosis) -> str:
    facts, count = there.facts, len(there.names)
    several = f"{count or 'no'} profile{'' if count == 1 else 's'}"
    parts = [*facts.asked] if 0 < len(facts.asked) < 4 else [several]
    parts += [f"git {facts.git_version}"] if facts.git_version else []
    parts += [f"the clone {facts.clone.folder.name}"] if facts.clone else []
    *others, last = parts
    return f"{', '.join(others)}{',' * (len(others) > 1)} and {last}" if others else last


def _repairs(findings: Iterable[Finding]) -> str:
    """Return how many findings --fix repairs and asks about; "" if none."""
    able = [it.fix for it in findings if mendable(it)]
    auto, ask = able.count("auto"), able.count("ask")
    return " and ".join([f"repairs {auto}"] * bool(auto) + [f"asks about {ask}"] * bool(ask))


# JSON


def document(there: Diagnosis, gone: Sequence[Finding] = ()) -> dict[str, Any]:
    """Return the JSON document: what was repaired, what was found, and every profile that was checked."""
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
    found = [*(entry(it, fixed=True) for it in gone), *(entry(it, fixed=False) for it in there.shown)]
    ok = not there.is_stopped and not there.is_unanswered
    return {"ok": ok, "findings": found, "profiles": profiles, "problems": []}


def entry(finding: Finding, fixed: bool) -> Mapping[str, Any]:
    """Return a finding as a JSON object."""
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
