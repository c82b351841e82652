"""The repositories of a new team file: the named ones or the clones here, each with the accesses that reach it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Target
from ccsetup.core.text import inert
from ccsetup.git import address
from ccsetup.git.address import Address
from ccsetup.git.transport import HELPER
from ccsetup.team import rules, ways
from ccsetup.team.contents import Entry, Place, Team
from ccsetup.team.file import MOST
from ccsetup.wizard import checkout
from ccsetup.wizard.find_repository import look_around
from ccsetup.wizard.verify import Kept


@dataclass(frozen=True)
class Spot:
    """One repository in one region, and the accesses that reach it, in the order of the file."""

    place: Place
    region: str
    accesses: tuple[str, ...] = ()


class Places:
    """Collects the repositories. With several accesses, AWS is asked which of them reaches which repository."""

    def __init__(self, context: Context, look: Look, entries: Sequence[Entry]) -> None:
        self._context, self._look, self._entries = context, look, entries
        self._by_profile = {it.answers["profile"]: it.name for it in entries if it.answers.get("profile")}
        self._spots: list[Spot] = []
        self._told: set[str] = set()

    def name(self, asked: Address) -> None:
        """Add a repository by its address."""
        place = Place(asked.repository, branch=asked.branch)
        for spot in self._found(place, asked.region) or [Spot(place, asked.region)]:
            self._add(spot)

    def read_clones(self) -> None:
        """Add the clone that this folder is in, or else the clones in the folders below it."""
        here = self._context.cwd
        for folder in (here, *here.parents):
            if self._context.files.mode(folder / ".git") is not None:
                self._clone(folder, folder.name, alone=True)
                return
        below = [*here.glob("*/.git"), *here.glob("*/*/.git")]
        for folder in sorted(path.parent for path in below)[: MOST["repositories"]]:
            self._clone(folder, folder.relative_to(here).as_posix(), alone=False)

    def places(self, team: Team) -> list[Place]:
        """Return the repositories, with region and access where they differ from what everyone has."""
        one_start = len({*ways.starts(team).values()}) == 1
        return [self._settled(it, one_start) for it in self._spots]

    def _settled(self, spot: Spot, one_start: bool) -> Place:
        usual, all_ = self._entries[0].name, {it.name for it in self._entries}
        names = spot.accesses
        if one_start:
            names = () if usual in names else names[:1]
        elif {*names} == all_:
            names = ()
        regions = {it.answers.get("region", "") for it in self._entries if it.name in (names or (usual,))}
        region = spot.region if regions != {spot.region} else ""
        return spot.place._replace(access=", ".join(names), region=region)

    def _clone(self, folder: Path, path: str, alone: bool) -> None:
        """Add a clone, unless it isn't on CodeCommit or none of the exported profiles is for it."""
        try:
            there = address.parse(self._context.git.origin(folder), self._context.env.get("CODE_COMMIT_ENDPOINT", ""))
        except (BadAnswer, Problem):
            return
        try:
            directory = rules.directory(path) if path != there.repository else ""
        except BadAnswer as refused:
            self._context.screen.note(f"Omitted the clone {inert(path)}. {refused.what}")
            return
        profile, _, via = checkout.goes(self._context, folder)
        place = Place(there.repository, directory, branch="", via=via if via == HELPER else "")
        own = self._by_profile.get(profile, "")
        spots = [Spot(place, there.region, (own,))] if own else []
        if len(self._entries) > 1:
            found = self._found(place, there.region)
            spots = [it for it in found if own in it.accesses] or spots or found
        if not spots and alone:
            spots = [Spot(place, there.region)]
        if not spots:
            self._context.screen.note(
                f"Omitted the clone ./{inert(path)}: it uses the profile {profile or 'of another tool'}."
                + (f" To include it, add {quote(profile)} to the profiles that you export." if profile else "")
            )
        for spot in spots[:1]:
            self._add(spot)

    def _found(self, place: Place, region: str) -> list[Spot]:
        """Return where the repository is, with the accesses that reach it. Nothing if there is only one access."""
        if len(self._entries) < 2:
            return []
        asked = look_around(
            self._context, self._look, list(self._by_profile), Target(place.name, region), Kept(self._context), True
        )
        groups: dict[tuple[str, str], list[str]] = {}
        for it in asked.places(Target(place.name, region)):
            groups.setdefault((it.account_id, it.region), []).append(self._by_profile[it.profile])
        for name, why in asked.later.items():
            if name not in self._told:
                self._told.add(name)
                self._context.screen.note(f"Couldn't check what {name} reaches: {why}")
        if not groups:
            self._context.screen.note(f"AWS confirmed for none of these profiles that it can read {place.name}.")
        order = [it.name for it in self._entries]
        spots = [
            Spot(place, there, tuple(sorted(dict.fromkeys(names), key=order.index)))
            for (_, there), names in groups.items()
        ]
        return sorted(spots, key=lambda it: order.index(it.accesses[0]))

    def _add(self, spot: Spot) -> None:
        """Add a repository. A second one with the same name gets a section name of its own."""
        place, taken = spot.place, {it.place.name for it in self._spots}
        if place.name in taken:
            if any(it.place.repo == place.name and it.region == spot.region and it.accesses == spot.accesses
                   for it in self._spots):  # fmt: skip
                return
            names = (f"{place.name}-{more}" for more in (spot.region, *spot.accesses, *map(str, range(2, 999))) if more)
            place = place._replace(name=next(it for it in names if it not in taken), repository=place.repo)
        self._spots.append(Spot(place, spot.region, spot.accesses))
