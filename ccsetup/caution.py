"""Repairs by which a profile would be someone else: a person decides them, whatever else speaks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ccsetup import profile_identity, repair
from ccsetup.facts import Facts
from ccsetup.findings import Finding, Remedy
from ccsetup.ini import Document
from ccsetup.keys import meant
from ccsetup.profile_identity import Identity
from ccsetup.repair import Repair

Who = Callable[[Document, Document, str], frozenset[Identity]]

_TELLING = ("aws_", "role_arn", "sso_", "login_session", "credential_process", "[")  # what tells who a profile is


def cautious(facts: Facts, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings; those whose repair would make a profile someone else are to be asked about."""
    begun = repair.of(facts)
    sure = [it for it in findings if it.fix == "auto" and it.remedies]
    recoded = {file for it in sure for file in it.remedies[0].texts}  # there lines are mended afterwards
    sure = [
        it for it in sure if _tells(facts, it.remedies[0]) and not recoded & {c.file for c in it.remedies[0].changes}
    ]
    asked = {id(it) for it in _deciding(begun, sure)}
    return [it._replace(fix="ask") if id(it) in asked else it for it in findings]


def _tells(facts: Facts, remedy: Remedy) -> bool:
    """Say whether a repair can have to do with who a profile is at all."""
    return any(
        mark in line.lower()
        for change in remedy.changes
        for line in (*change.lines, *facts.lines(change.file)[max(change.first - 1, 0) : change.last])
        for mark in _TELLING
    )


def _deciding(begun: Repair, findings: Sequence[Finding]) -> list[Finding]:
    """Return those of the findings whose repair makes someone else of a profile, by itself or with another one."""
    together = repair.apart([it.remedies[0] for it in findings], begun.facts.texts.shared)
    if not together or not others(begun.facts, begun.plus(together).facts):
        return []
    if len(findings) == 1:
        return [*findings]
    half = len(findings) // 2
    found = [*_deciding(begun, findings[:half]), *_deciding(begun, findings[half:])]
    return found or [*findings]


def others(before: Facts, after: Facts) -> list[str]:
    """Return the profiles that would be someone else, as SDKs read them or as they were meant.

    One that was nobody may become anybody. A file that SDKs refuse makes nobody of all.
    """
    if before.texts == after.texts:
        return []
    found = dict.fromkeys(_differing(before.as_meant, after.as_meant, profile_identity.as_meant))
    was, now = ([there.as_read(file) for file in repair.FILES] for there in (before, after))
    if not any(document.fault for document in (*was, *now)):
        found |= dict.fromkeys(_differing(was, now, profile_identity.as_read))
    return [*found]


def _differing(before: Sequence[Document], after: Sequence[Document], who: Who) -> Iterator[str]:
    """Yield the profiles that are someone else in the second pair of files, somebody in the first.

    One of which the header is written otherwise is there under another name.
    """
    types = [
        {name for one, other in zip(before, after, strict=True) for name in _changed(one, other, type)}
        for type in ("profile", "sso-session")
    ]
    names = types[0] | {it for document in before for it in _signing_in(document, types[1])}
    there = {name for document in after for type, name in document.named if type == "profile"}
    anybody = {it for name in names for it in who(after[0], after[1], name)}
    for name in sorted(names):
        was, now = (who(one, other, name) for one, other in (before, after))
        if was and now != was and not (name not in there and was <= anybody):
            yield name


def _changed(before: Document, after: Document, type: str) -> Iterator[str]:
    """Yield the names of the sections of a type that are not in both files with the same text."""
    was, now = before.named, after.named
    for key in was.keys() | now.keys():
        if key[0] == type and [it.text for it in was.get(key, ())] != [it.text for it in now.get(key, ())]:
            yield key[1]


def _signing_in(document: Document, sessions: set[str]) -> Iterator[str]:
    if sessions:
        yield from (it.name for it in document.stanzas if meant(it.values.get("sso_session", "")) in sessions)
