"""A team file that was pasted: each of its ways in is one way to read it."""

from __future__ import annotations

from ccsetup import team, teamnames
from ccsetup.access.paste import Reading
from ccsetup.core.model import Answers
from ccsetup.team import Entry, Refused, Team


def readings(text: str) -> tuple[Reading, ...]:
    """Return the ways to read a pasted team file; none where the text is no such file."""
    try:
        found = team.read(text).team
    except Refused:
        return ()
    named = {place.access for place in found.repositories}
    entries = [entry for entry in found.entries if entry.name not in named] or found.entries
    return tuple(_reading(found, entry) for entry in entries)


def _reading(found: Team, entry: Entry) -> Reading:
    place = next((it for it in found.repositories if it.access in ("", entry.name)), None)
    first = {"repo": place.name, "branch": place.branch, "directory": place.directory} if place else {}
    region = {"region": place.region} if place and place.region else {}
    told = {**entry.answers, **{key: value for key, value in first.items() if value}, **region}
    if teamnames.is_pattern(told.get("profile", "")):
        del told["profile"]
    more = len(found.repositories) - 1
    said = (f"It names {more + 1} repositories; all are cloned by: ccsetup --team FILE",) if more > 0 else ()
    return Reading(
        entry.kind, Answers(told), (f"the team file of {found.name}", entry.label), said, entry.label, entry.kind
    )
