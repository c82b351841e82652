"""The profile names of a team file's accesses: which two clash, and the names that none of them has to share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from ccsetup import access
from ccsetup.core.model import Answers, Value
from ccsetup.team import rules
from ccsetup.team.contents import Entry

_OF_CLONES = ("via", "helper")  # not written to a profile


def told(entry: Entry) -> str:
    """Return the profile name that the file gives to an access, "" if it is derived or depends on answers."""
    name = entry.answers.get("profile", "")
    return "" if rules.is_pattern(name) else name


def differ(one: Entry, other: Entry) -> bool:
    """Return whether two accesses can't share a profile, because they would write different settings to it."""
    written = [{k: v for k, v in it.answers.items() if k not in _OF_CLONES} for it in (one, other)]
    return one.kind != other.kind or (one.kind != "existing" and written[0] != written[1])


def names(entries: Sequence[Entry]) -> Mapping[str, str]:
    """Return a profile name by access, "" if it depends on a person's answers.

    Equal derived names get the account, then the region, so that everyone in the team has the same names.
    """
    found = {it.name: told(it) or _derived(it) for it in entries}
    for length in range(1, 3):
        count = Counter(found.values())
        for entry in entries:
            if _derived(entry) and count[found[entry.name]] > 1:
                found[entry.name] = [*longer(_derived(entry), entry.answers)][length - 1]
    return found


def longer(name: str, answers: Mapping[str, Value]) -> Iterator[str]:
    """Yield longer forms of a derived name: with the account, and then with the region too."""
    if name:
        for more in (rules.account(answers), str(answers.get("region", ""))):
            name = f"{name}-{more}" if more and more not in name else name
            yield name


def _derived(entry: Entry) -> str:
    """Return the name that an access's settings lead to, "" if the file doesn't give all of them."""
    needed = ("sso_start_url", "sso_account_id", "sso_role_name") if entry.kind == "sso" else ("role_arn",)
    if "profile" in entry.answers or not all(entry.answers.get(key) for key in needed):
        return ""
    return plain(access.of(entry.kind).suggest(Answers(entry.answers)))


def plain(text: str) -> str:
    """Return a text with only the characters that a profile name can have."""
    return re.sub(r"[^A-Za-z0-9_.+=,-]+", "-", text)


def faults(entries: Sequence[Entry]) -> Iterator[tuple[Entry, str, str]]:
    """Yield each access that contradicts another one: the access, its key, and what is wrong."""
    for one, other in combinations(entries, 2):
        name = told(other)
        if name and name == told(one) and differ(one, other):
            says = f"[[{one.name}]] has the same profile with other settings. Use another name, for example, {name}-2."
            yield other, "profile", says
        yield from _sessions(one, other)
    yield from _chains(entries)


def _sessions(one: Entry, other: Entry) -> Iterator[tuple[Entry, str, str]]:
    session = other.answers.get("sso_session", "")
    if not session or one.answers.get("sso_session") != session or "yes" in (_legacy(one), _legacy(other)):
        return
    for key, what in (("sso_start_url", "start URL"), ("sso_region", "region")):
        if one.answers.get(key) and other.answers.get(key) and one.answers[key] != other.answers[key]:
            says = f"[[{one.name}]] uses this sso-session with another {what}. Use a name like {session}-2."
            yield other, "sso_session", says
            return


def _legacy(entry: Entry) -> str:
    return entry.answers.get("legacy", "")


def _chains(entries: Sequence[Entry]) -> Iterator[tuple[Entry, str, str]]:
    """Yield an access whose chain of source profiles leads back to it."""
    by_profile = {told(it): it for it in entries if told(it)}
    for entry in entries:
        seen: list[str] = []
        at: Entry | None = entry
        while at and at.name not in seen:
            seen.append(at.name)
            at = by_profile.get(at.answers.get("source_profile", ""))
        if at is entry and entry.name == min(seen):
            says = "The chain of source profiles leads back to this access. Name a profile that has credentials."
            yield entry, "source_profile", says
