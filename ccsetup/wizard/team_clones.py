"""Clones several repositories of a team file, one after another. Each has its own line; a failure stops no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsetup.core.concurrency import Crew
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Elsewhere, Problem
from ccsetup.core.result import Outcome, told
from ccsetup.team.contents import Place
from ccsetup.wizard import after_clone, checkout
from ccsetup.wizard.team_offer import inside
from ccsetup.wizard.verify import Claim, seen

if TYPE_CHECKING:
    from ccsetup.core.context import Git


_AT_ONCE = 8  # clones that git is asked in at the same time
_CHECK_S = 120.0  # for all of them together


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


def clone_all(context: Context, git: Git, wanted: Sequence[Wanted], before: Outcome) -> list[Got]:
    """Clone or update each repository. Raises Cancelled, which tells what is done and how to resume."""
    found: list[Got] = []
    for number, one in enumerate(wanted, 1):
        shown = f" ({number} of {len(wanted)})" if len(wanted) > 1 else ""
        try:
            with context.screen.busy(f"{one.place.name}{shown}"):
                found.append(Got(one.place, _cloned(context, git, one, before)))
        except (KeyboardInterrupt, Cancelled):
            there = sum(1 for it in found if it.outcome.cloned)
            raise Cancelled(
                f"Canceled. The profile works and was kept. {there} of {len(wanted)} repositories were cloned.",
                next="To continue, run the same command again.",
            ) from None
    return found


def _cloned(context: Context, git: Git, one: Wanted, before: Outcome) -> Outcome:
    """Clone one repository. If that fails, the outcome contains the Problem, which has already been shown."""
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


def asked_again(context: Context, git: Git, got: Sequence[Got]) -> list[Got]:
    """Ask git in every clone, as a later pull does, once all profiles are written. What fails is shown and reported."""
    answers: dict[int, Problem | None] = {}
    wanted = {number: it.outcome.cloned.directory for number, it in enumerate(got) if it.outcome.cloned}

    def ask(number: int, folder: Path) -> None:
        try:
            git.do(folder, "ls-remote", "--quiet", "--", git.remote(folder), "HEAD")
            answers[number] = None
        except Problem as problem:
            answers[number] = problem

    crew = Crew(_AT_ONCE)
    for number, folder in wanted.items():
        crew.add(partial(ask, number, folder))
    try:
        with context.screen.busy("Checking all clones with git"):
            crew.finish(_CHECK_S)
    except KeyboardInterrupt:
        raise Cancelled(
            "Canceled. The profiles and the clones were kept, but not all clones were checked again.",
            next="To check them, run the same command again.",
        ) from None
    late = [got[number].place.name for number in wanted if number not in answers]
    if late:
        context.screen.note(f"git didn't answer in time for {', '.join(late)}, so that wasn't checked again.")
    return [_told_again(context, it, answers.get(number)) for number, it in enumerate(got)]


def _told_again(context: Context, one: Got, problem: Problem | None) -> Got:
    if not problem:
        return one
    problem.what = f"{one.place.name}: the clone is there, but git can't use it. {problem.what}"
    context.screen.problem(problem)
    return replace(one, outcome=one.outcome.refused(problem))


def _where_it_is(context: Context, one: Wanted, folder: Path) -> Wanted:
    """Return the request with the region of an existing clone, unless the file gives a region for this repository."""
    region = checkout.goes(context, folder)[1]
    return one if one.fixed or not region else replace(one, claim=_in(one.claim, region))


def _in(claim: Claim, region: str) -> Claim:
    return replace(claim, region=region, target=claim.target._replace(region=region))


def _seen(context: Context, git: Git, one: Wanted, outcome: Outcome) -> tuple[Claim, Outcome]:
    """Check that the repository is in its region or, if that was a default, in the only other region that has it."""
    try:
        return one.claim, seen(context, one.claim, git, outcome)
    except Elsewhere as refused:
        if one.fixed or len(refused.found) != 1:
            raise
        context.screen.note(f"{refused.what} Using {refused.found[0]}.")
        claim = _in(one.claim, refused.found[0])
        return claim, seen(context, claim, git, replace(outcome, region=claim.region))
