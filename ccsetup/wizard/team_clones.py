"""Clones the repositories of a team file, several at a time. Each has its own lines; a failure stops no other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsetup.core.concurrency import Crew
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Elsewhere, Problem
from ccsetup.core.result import Outcome, told
from ccsetup.git.early_clone import EarlyClone
from ccsetup.team.contents import Place
from ccsetup.wizard import after_clone, checkout
from ccsetup.wizard.team_offer import inside
from ccsetup.wizard.verify import Claim, route, seen

if TYPE_CHECKING:
    from ccsetup.core.context import Git


_AT_ONCE = 8  # clones that git is asked in at the same time


@dataclass(frozen=True)
class Wanted:
    """One repository to clone: its entry in the file, and the claim to verify for it.

    `fixed`: the file gives a region for this repository, so no other region is searched.
    """

    place: Place
    claim: Claim
    fixed: bool

    @property
    def folder(self) -> str:
        """The folder, as given by the flag or the file."""
        return self.claim.target.directory or self.place.folder


def folder_of(context: Context, one: Wanted) -> Path:
    """Return the absolute folder. Only a flag may name one outside the current folder. Raises Problem."""
    if one.claim.target.directory:
        return checkout.folder_of(context, one.claim.target)
    return inside(context, one.place)


@dataclass(frozen=True)
class Got:
    """The result for one repository. The outcome contains the clone or the Problems."""

    place: Place
    outcome: Outcome

    def document(self) -> Mapping[str, Any]:
        """Return its part of the JSON document."""
        there, cloned = self.outcome.repository, self.outcome.cloned
        return {
            "name": self.place.name,
            "ok": not self.outcome.problems,
            "profile": self.outcome.profile,
            "region": there.region if there else self.outcome.region,
            "default_branch": (there.default_branch if there else "") or None,
            "directory": str(cloned.directory) if cloned else None,
            "url": cloned.route.url if cloned else None,
            "via": cloned.route.name if cloned else None,
            "commit": (cloned.commit if cloned else "") or None,
            "problems": [told(problem) for problem in self.outcome.problems],
        }


Work = tuple[Wanted, Outcome]  # a repository to clone, and the outcome of the profile to clone it with


def clone_all(context: Context, git: Git, works: Sequence[Work]) -> list[Got]:
    """Clone or update each repository, a few at a time. Returns the results in the same order.

    What is said about each is shown in that order, too. If a profile has failed, its repositories are skipped. Raises
    Cancelled, which tells what is done and how to resume.
    """
    found = {
        number: Got(one.place, replace(before, repository=None))
        for number, (one, before) in enumerate(works)
        if before.problems
    }
    left = {number: work for number, work in enumerate(works) if number not in found}
    try:
        _clone_side_by_side(context, git, left, found)
    except (KeyboardInterrupt, Cancelled):
        there = sum(1 for it in found.values() if it.outcome.cloned)
        raise Cancelled(
            f"Canceled. The profile works and was kept. {there} of {len(left)} repositories were cloned.",
            next="To continue, run the same command again.",
        ) from None
    return [found[number] for number in range(len(works))]


def _clone_side_by_side(context: Context, git: Git, left: Mapping[int, Work], found: dict[int, Got]) -> None:
    """Clone these repositories, and add the results to `found`. Nobody is asked for anything meanwhile."""
    if not left:
        return
    if len(left) == 1:
        ((number, (one, before)),) = left.items()
        with context.screen.busy(one.place.name):
            found[number] = Got(one.place, _cloned(context, git, one, before))
        return
    names = [one.place.name for one, _ in left.values()]
    crew = Crew(_AT_ONCE, math.inf)
    with context.screen.side_by_side(f"Cloning {len(left)} repositories", names) as lanes:

        def clone(at: int, number: int) -> None:
            one, before = left[number]
            with lanes.lane(at) as screen:
                own = replace(context, screen=screen, prompt=None)
                found[number] = Got(one.place, _cloned(own, git, one, before))

        for at, number in enumerate(left):
            crew.add(partial(clone, at, number))
        try:
            crew.finish(math.inf)
        except BaseException:
            crew.stop()
            raise


def _cloned(context: Context, git: Git, one: Wanted, before: Outcome) -> Outcome:
    """Clone one repository. If that fails, the outcome contains the Problem, which has already been shown."""
    outcome = replace(before, problems=(), region=one.claim.region)
    try:
        folder = folder_of(context, one)
        one = _where_it_is(context, one, folder)
        checkout.is_this_clone(context, folder, one.claim.target)
        with git.early(route(context, one.claim), folder, one.claim.branch) as early:
            early.begin()  # the profile is verified
            claim, outcome = _seen(context, git, one, outcome, early)
            cloned = checkout.clone(context, git, claim, folder, None, outcome.default_branch, early)
        outcome = outcome.with_clone(cloned)
        refused = after_clone.submodules(context, git, claim, folder) if one.place.submodules == "yes" else []
        return replace(outcome, problems=(*outcome.problems, *refused))
    except Cancelled as stopped:  # says what is left of this clone
        context.screen.note(f"{one.place.name}: {stopped.what}")
        raise
    except Problem as refused_one:
        refused_one.what = f"{one.place.name}: {refused_one.what}"
        context.screen.problem(refused_one)
        return outcome.refused(refused_one)


def _where_it_is(context: Context, one: Wanted, folder: Path) -> Wanted:
    """Return the request with the region of an existing clone, unless the file gives a region for this repository."""
    region = checkout.goes(context, folder)[1]
    return one if one.fixed or not region else replace(one, claim=_in(one.claim, region))


def _in(claim: Claim, region: str) -> Claim:
    return replace(claim, region=region, target=claim.target._replace(region=region))


def _seen(context: Context, git: Git, one: Wanted, outcome: Outcome, early: EarlyClone) -> tuple[Claim, Outcome]:
    """Check that the repository is in its region or, if that was a default, in the only other region that has it."""
    try:
        return one.claim, seen(context, one.claim, git, outcome, early)
    except Elsewhere as refused:
        if one.fixed or len(refused.found) != 1:
            raise
        context.screen.note(f"{refused.what} Using {refused.found[0]}.")
        claim = _in(one.claim, refused.found[0])
        return claim, seen(context, claim, git, replace(outcome, region=claim.region))
