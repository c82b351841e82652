"""Which access reaches which repository of a team file, and which ways in a person can choose from.

In a file with version 1, a repository's access is set up for everyone. In one with version 2, each person chooses one
way in and gets what it reaches: the repositories that name it or no access, and those of accesses with the same start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccsetup.core.model import MACHINE
from ccsetup.team import profiles
from ccsetup.team.contents import Entry, Place, Team

Start = tuple[str, ...]


def started(team: Team) -> frozenset[str]:
    """Return the profiles that other accesses start from."""
    return frozenset(it.answers.get("source_profile", "") for it in team.entries) - {""}


def offered(team: Team) -> list[Entry]:
    """Return the ways in to choose from, without accesses that only others need. Empty if there is no choice."""
    sources = started(team)
    named = {name for place in team.repositories for name in place.accesses}
    alone = [it for it in team.entries if it.answers.get("profile") not in sources]
    if not team.by_access:
        return [it for it in alone if it.name not in named]
    begins, found = starts(team), dict[Start, Entry]()
    for entry in alone:
        found.setdefault(begins[entry.name] if entry.name in named else ("access", entry.name), entry)
    return list(found.values())


def starts(team: Team) -> Mapping[str, Start]:
    """Return what each access starts from: a start URL, an existing profile, or a person's credentials of some kind."""
    by_profile = {profiles.told(it): it for it in team.entries if profiles.told(it)}
    return {entry.name: _start(entry, by_profile) for entry in team.entries}


def _start(entry: Entry, by_profile: Mapping[str, Entry]) -> Start:
    seen: list[str] = []
    while (source := by_profile.get(entry.answers.get("source_profile", ""))) and source.name not in seen:
        seen.append(source.name)
        entry = source
    told = entry.answers
    if entry.kind == "sso":
        return "sso", told.get("sso_start_url", "")
    if entry.kind == "existing":
        return "profile", told.get("profile", "")
    source_profile = told.get("source_profile", "")
    return ("profile", source_profile) if source_profile.removeprefix(MACHINE) else (entry.kind,)


def reached(team: Team, chosen: Entry | None, places: Sequence[Place]) -> Mapping[str, str]:
    """Return the access by repository, for the repositories that a chosen way in reaches. None: each names its own."""
    found: dict[str, str] = {}
    begins = starts(team) if team.by_access else {}
    for place in places:
        if chosen and (not place.accesses or chosen.name in place.accesses):
            found[place.name] = chosen.name
            continue
        same = (it for it in place.accesses if chosen and begins[it] == begins[chosen.name])
        own = next(same, "") if team.by_access else next(iter(place.accesses), "")
        found |= {place.name: own} if own else {}
    return found
