"""Duplicate settings and sections: the ones not kept are commented out. A person decides on a profile's identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from sys import maxsize

from ccsetup.awsfiles.ini import Setting, Stanza
from ccsetup.awsfiles.settings import OUTPUTS, PAIR, WHO, right
from ccsetup.core import redact
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName
from ccsetup.core.profile_kind import CREDENTIAL_SOURCES
from ccsetup.doctor import repair
from ccsetup.doctor.checks.files import FILES, REFUSED
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding, Remedy

ID, SECRET, *_ = PAIR
_SILENT_HEADER = later(r"[#;].*\[(?:(?:profile|sso-session)[ \t]+)?[\w.@+-]+\]")  # may have begun a section
_SDKS = "Other SDKs use the later setting."
_SECTIONS = "Other SDKs merge the two sections and use the later values."


def keys(facts: Facts) -> Iterator[Finding]:
    """Find settings that appear twice, in upper or lower case."""
    for file in FILES:
        odd = [it for it in facts.reading(file).oddities if it.code == "file.stray-line"]
        unclear = [it.line for it in odd if not it.sure]
        headers = [it.line for it in odd if it.sure and any(line.lstrip()[:1] == "[" for line in it.ways[0].lines)]
        document = facts.meant(file)
        for stanza in document.stanzas if document.walked is not None else ():  # a simple text has no duplicates
            settings = stanza.settings
            if len({setting.key for setting in settings}) < len(settings):
                yield from _of_section(facts, file, stanza, headers, unclear)


def _of_section(
    facts: Facts, file: FileName, stanza: Stanza, headers: Sequence[int], unclear: Sequence[int]
) -> Iterator[Finding]:
    """Yield the duplicates in a section, except those that a lost header will separate."""
    lines = facts.lines(file)[stanza.line : stanza.line + stanza.text.count("\n")]
    unclear = [
        *unclear,
        *(n for n, line in enumerate(lines, stanza.line + 1) if _SILENT_HEADER.fullmatch(line.strip())),
    ]
    if pairs := _pairs(stanza, headers):
        yield _two_pairs(facts, file, stanza, pairs)
    seen: dict[str, Setting] = {}
    for setting in stanza.settings:
        before = seen.get(setting.key)
        seen[setting.key] = setting
        if before is None or _between(headers, before, setting) or (pairs and setting.key in PAIR):
            continue
        if _first_wins(facts, before, setting):
            seen[setting.key] = before
        yield _twice(
            facts, file, stanza, before, setting, asks=_between(unclear, before, setting) or setting.lines[0] in unclear
        )


def _between(lines: Sequence[int], one: Setting, other: Setting) -> bool:
    return any(one.lines[0] <= line < other.lines[0] for line in lines)


def _pairs(stanza: Stanza, headers: Sequence[int]) -> dict[str, set[Setting]]:
    """Return the access key IDs in a section, each with its settings; empty if there are fewer than two.

    Settings between two IDs belong to the first of them. A single secret access key belongs to both.
    """
    there = [it for it in stanza.settings if it.key in PAIR]
    ids = [it for it in there if it.key == ID and right(ID, it.value)]
    if any(_between(headers, one, other) for one, other in pairwise(ids)):
        return {}
    found: dict[str, set[Setting]] = {}
    for n, one in enumerate(ids):
        first, last = one.lines[0] if n else 0, ids[n + 1].lines[0] if n + 1 < len(ids) else maxsize
        kept = {it for it in there if first <= it.lines[0] < last and (it.key != ID or it is one)}
        secrets = [it for it in there if it.key == SECRET]
        found[right(ID, one.value)] = kept | {*secrets} if len(secrets) == 1 else kept
    return found if len(found) > 1 else {}


def _two_pairs(facts: Facts, file: FileName, stanza: Stanza, pairs: dict[str, set[Setting]]) -> Finding:
    """Return the finding for two access keys in one section."""
    ids = [it for it in stanza.settings if it.key == ID]
    remedies = []
    for name, kept in reversed(pairs.items()):
        numbers = [n for it in stanza.settings if it.key in PAIR and it not in kept for n in it.lines]
        line = next(it.lines[0] for it in kept if it.key == ID)
        changes = tuple(repair.commented(file, numbers, facts.lines(file)))
        label = f"Keep {redact.value(ID, name)} from line {line}"
        remedies.append(Remedy(label, "comment out the other access key", changes))
    found = _finding(facts, file, stanza, ids[1], f"{ID} is set to two different access key IDs in [{stanza.header}].")
    return found._replace(fix="ask", remedies=tuple(remedies))


def _twice(facts: Facts, file: FileName, stanza: Stanza, before: Setting, setting: Setting, asks: bool) -> Finding:
    """Return the finding that a key is set twice; `asks`: one of the lines, or one in between, isn't clear."""
    says = f"{setting.key} is set twice in [{stanza.header}], first on line {before.lines[0]}."
    second, first = (tuple(repair.commented(file, it.lines, facts.lines(file))) for it in (setting, before))
    ways = (
        Remedy("Keep the later setting", "comment out the earlier one", first),
        Remedy("Keep the earlier setting", "comment out the later one", second),
    )
    found = _finding(facts, file, stanza, setting, says)
    values = [right(setting.key, it.value) for it in (before, setting)]
    if _first_wins(facts, before, setting):
        ways = ways[::-1]
    valid = {bool(_validity(facts, setting.key, it.value)) for it in (before, setting)}
    if asks or (setting.key in WHO and len(valid) == 1 and all(values) and values[0] != values[1]):
        return found._replace(fix="ask", remedies=ways)
    return found._replace(fix="auto", remedies=ways[:1])


def _first_wins(facts: Facts, before: Setting, setting: Setting) -> bool:
    """Return whether the first of two values is the valid one. If both are equally valid, the later one wins."""
    return _validity(facts, setting.key, before.value) > _validity(facts, setting.key, setting.value)


def _validity(facts: Facts, key: str, value: str) -> int:
    """Return 2 for a valid value, 1 for one to correct (us-east-1a), and 0 for one that AWS tools can't use."""
    meant = right(key, value)
    if not meant or not _is_usable(facts, key, meant):
        return 0
    return 2 if meant == value else 1


def _is_usable(facts: Facts, key: str, value: str) -> bool:
    """Return whether a value of the right form also names something that exists, or is one of those allowed."""
    if key == "source_profile":
        return value in facts.profiles
    if key == "sso_session":
        return value in facts.sessions
    if key == "duration_seconds":
        return value.isascii() and value.isdecimal() and 900 <= int(value[:6]) <= 43200
    return value in _ALLOWED[key] if key in _ALLOWED else True


_ALLOWED = {"output": OUTPUTS, "credential_source": frozenset(CREDENTIAL_SOURCES)}


def _finding(facts: Facts, file: FileName, stanza: Stanza, setting: Setting, says: str) -> Finding:
    name = stanza.name if stanza.type == "profile" else ""
    because = f"{REFUSED} {_SDKS}"
    return Finding("file.duplicate-key", "stops", says, because, name, facts.path(file), setting.lines[0], refuses=True)


def sections(facts: Facts) -> Iterator[Finding]:
    """Find sections that appear twice, with the same header or with headers that tools treat as the same."""
    for file in FILES:
        seen: dict[tuple[str, str], Stanza] = {}
        document = facts.meant(file)
        for stanza in document.stanzas if len(document.last) < len(document.sections) else ():
            key = stanza.type, stanza.name
            first = seen.setdefault(key, stanza)
            same = first.header == stanza.header
            if first is stanza or (not stanza.type and not same) or (stanza.name == "default" and not same):
                continue
            says = f"[{stanza.header}] appears twice, first on line {first.line}."
            if not same:
                says = f"[{stanza.header}] is the same section as [{first.header}] on line {first.line}."
            silent = "AWS tools use only the later section, without a warning. Other SDKs merge the two sections."
            ways = _only_valid(facts, first, stanza, repair.remedies(file, first, stanza, facts.lines(file)))
            yield Finding(
                "file.duplicate-section",
                "stops" if same else "hinders",
                says,
                f"{REFUSED} {_SECTIONS}" if same else silent,
                profile=stanza.name if stanza.type == "profile" else "",
                path=facts.path(file),
                line=stanza.line,
                fix="auto" if len(ways) == 1 else "ask",
                remedies=ways,
                refuses=same,
            )


def _only_valid(facts: Facts, first: Stanza, last: Stanza, ways: tuple[Remedy, ...]) -> tuple[Remedy, ...]:
    """Return the one way to merge two sections if only the values of one of them are valid, else all ways."""
    odds = repair.conflicts(first, last)
    if not odds:
        return ways
    valid = [{key: _validity(facts, key, it.values[key]) for key in odds} for it in (first, last)]
    if all(valid[1][key] and not valid[0][key] for key in odds):
        return ways[:1]
    return ways[1:] if all(valid[0][key] and not valid[1][key] for key in odds) else ways


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (sections, keys)
