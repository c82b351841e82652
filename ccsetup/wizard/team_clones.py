"""Several repositories of a team file, one after the other: each has its line, and none holds back the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Elsewhere, Problem
from ccsetup.core.result import Outcome, told
from ccsetup.team.file import Place
from ccsetup.wizard import after_clone, checkout
from ccsetup.wizard.team_offer import inside
from ccsetup.wizard.verify import Claim, seen

if TYPE_CHECKING:
    from ccsetup.core.context import Git


@dataclass(frozen=True)
class Wanted:
    """One repository to be cloned: what the file says of it, and the claim that has to hold for it.

    `fixed` says that its region was told for it alone, so that no other one is looked in.
    """

    place: Place
    claim: Claim
    fixed: bool

    @property
    def folder(self) -> str:
        """The folder, as the flag or the file names it."""
        return self.claim.target.directory or self.place.folder


def folder_of(context: Context, one: Wanted) -> Path:
    """Return the absolute folder; only a flag may lead out of the one that one is in. Raises Problem."""
    if one.claim.target.directory:
        return checkout.folder_of(context, one.claim.target)
    return inside(context, one.place)


@dataclass(frozen=True)
class Got:
    """What became of one: its outcome holds the clone, or the Problems."""

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


def clone_all(context: Context, git: Git, wanted: Sequence[Wanted], before: Outcome) -> list[Got]:
    """Clone each, or bring it up to date. Raises Cancelled, which says what is there and how to go on."""
    found: list[Got] = []
    for number, one in enumerate(wanted, 1):
        shown = f" ({number} of {len(wanted)})" if len(wanted) > 1 else ""
        try:
            with context.screen.busy(f"{one.place.name}{shown}"):
                found.append(Got(one.place, _cloned(context, git, one, before)))
        except (KeyboardInterrupt, Cancelled):
            there = sum(1 for it in found if it.outcome.cloned)
            raise Cancelled(
                f"Cancelled. The access works and is kept; {there} of {len(wanted)} repositories are there.",
                next="Run the same command again: it goes on from there.",
            ) from None
    return found


def _cloned(context: Context, git: Git, one: Wanted, before: Outcome) -> Outcome:
    """Clone one; the outcome holds a Problem where it was refused, and that has been told."""
    outcome = replace(before, problems=(), region=one.claim.region)
    try:
        folder = folder_of(context, one)
        one = _where_it_is(context, one, folder)
        checkout.is_this_clone(context, folder, one.claim.target)
        claim, outcome = _seen(context, git, one, outcome)
        cloned = checkout.clone(context, git, claim, folder, None, outcome.default_branch)
        outcome = outcome.with_clone(cloned)
        refused = after_clone.submodules(context, git, claim, folder) if one.place.submodules == "yes" else []
        return replace(outcome, problems=(*outcome.problems, *refused))
    except Cancelled:
        raise
    except Problem as refused_one:
        refused_one.what = f"{one.place.name}: {refused_one.what}"
        context.screen.problem(refused_one)
        return outcome.refused(refused_one)


def _where_it_is(context: Context, one: Wanted, folder: Path) -> Wanted:
    """Return what is wanted in the region that an earlier run has cloned it from, where none was told for it alone."""
    region = checkout.goes(context, folder)[1]
    return one if one.fixed or not region else replace(one, claim=_in(one.claim, region))


def _in(claim: Claim, region: str) -> Claim:
    return replace(claim, region=region, target=claim.target._replace(region=region))


def _seen(context: Context, git: Git, one: Wanted, outcome: Outcome) -> tuple[Claim, Outcome]:
    """See a repository where it should be; where its region was a default only, in the one other region that has it."""
    try:
        return one.claim, seen(context, one.claim, git, outcome)
    except Elsewhere as refused:
        if one.fixed or len(refused.found) != 1:
            raise
        context.screen.note(f"{refused.what} Taking {refused.found[0]}.")
        claim = _in(one.claim, refused.found[0])
        return claim, seen(context, claim, git, replace(outcome, region=claim.region))
