"""Of what a team file offers, what is wanted: which repositories, which way in, and what has to be set up for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccsetup.commands import receiving
from ccsetup.commands.options import Options
from ccsetup.commands.receiving import Received
from ccsetup.core.context import World
from ccsetup.core.errors import BadAnswer, Missing
from ccsetup.core.model import Asked, Choice, Value
from ccsetup.team import rules
from ccsetup.team.file import Entry, Place


def places_of(found: Received, clones: Mapping[str, Value]) -> list[Place]:
    """Return the repositories that are wanted: the file's, or the one that a flag names."""
    places = list(found.team.repositories)
    if clones.get("no_clone") == "yes":
        return []
    if "repo" in clones:
        name = rules.repository(str(clones["repo"]))
        places = [place for place in places if place.name == name] or [Place(name)]
    if len(places) != 1 and (flags := [f"--{key}" for key in ("branch", "directory") if key in clones]):
        raise BadAnswer(f"{' and '.join(flags)} goes with one repository.", next="Name it: --repo MySharedDemoRepo")
    return places


def chosen_of(world: World, found: Received, places: Sequence[Place], options: Options, named: str) -> Entry | None:
    """Return the access for the repositories that name none; None where each names its own."""
    entries, kind = found.team.entries, str(options.given.get("kind", ""))
    if places and all(place.access for place in places) and not named and not kind:
        return None
    fitting = [it for it in entries if (not named or it.name == named) and (not kind or it.kind == kind)]
    if not fitting:
        offered = ", ".join(f"{it.name} ({it.kind})" for it in entries)
        raise BadAnswer(
            f"The team file offers no such access; it offers {offered}.", next="Such as: --access " + entries[0].name
        )
    first = {it.answers.get("source_profile", "") for it in entries} - {""}  # what others start from
    named_by = {place.access for place in places}
    alone = [it for it in fitting if it.name not in named_by and it.answers.get("profile") not in first]
    fitting = alone or fitting
    if len(fitting) == 1:
        return fitting[0]
    if world.prompt is None or options.yes:
        if fitting[0].name == "default":
            return fitting[0]
        ways = ", ".join(f"{it.name} ({it.label})" for it in fitting)
        raise Missing("Missing: --access.", next=f"One of {ways}, such as: --access {fitting[0].name}")
    choices = tuple(Choice(it.name, it.label, receiving.described(it)) for it in fitting)
    answer = world.prompt.ask(Asked("access", "How do you get in?", "choose", choices=choices, default=fitting[0].name))
    return next((it for it in fitting if it.name == answer), fitting[0])


def needed_for(found: Received, chosen: Entry | None, places: Sequence[Place]) -> list[Entry]:
    """Return the accesses in the order in which they have to be set up: what another starts from comes first."""
    by_name = {entry.name: entry for entry in found.team.entries}
    by_profile = {it.answers["profile"]: it for it in found.team.entries if it.answers.get("profile")}
    wanted = [*([chosen] if chosen else []), *(by_name[place.access] for place in places if place.access)]
    found_: list[Entry] = []

    def add(entry: Entry, seen: tuple[str, ...]) -> None:
        source = by_profile.get(entry.answers.get("source_profile", ""))
        if source and source.name not in seen:
            add(source, (*seen, entry.name))
        if entry not in found_:
            found_.append(entry)

    for entry in wanted:
        add(entry, (entry.name,))
    return found_
