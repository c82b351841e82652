"""write → prove → clone, and everything put back where a check fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ccsetup import plan
from ccsetup.commands import cloning
from ccsetup.commands.deciding import KEEP, Verdict, after_failure
from ccsetup.commands.options import Options
from ccsetup.commands.outcome import Outcome
from ccsetup.commands.proof import Claim, Kept, prove, route
from ccsetup.errors import Problem
from ccsetup.model import Answers, Plan, Receipt
from ccsetup.world import World


def carry_out(
    world: World, answers: Answers, change: Plan, claim: Claim, directory: Path | None, options: Options
) -> tuple[Outcome, Verdict]:
    """Write, prove, clone. A check that fails puts every file back, unless the person (or an option) keeps them."""
    git = cloning.finding_git(world) if claim.target.name else world.git
    receipt = write(world, change) if change.edits else Receipt(change, world.now())
    _tell_written(world, receipt)
    outcome, kept = replace(reported(answers, receipt.plan), backups=receipt.backups), Kept(world)
    try:
        outcome = prove(world, claim, kept, git, outcome)
    except Problem as refused:
        verdict = after_failure(world, refused, bool(change.edits), options)
        if verdict.what == KEEP:
            return outcome.refused(refused), verdict
        _put_back(world, receipt, kept)
        return replace(outcome, edits=(), backups=()).refused(refused), verdict
    except KeyboardInterrupt:
        _put_back(world, receipt, kept)
        raise
    if not directory:
        return outcome, Verdict()
    try:
        cloned = cloning.clone(world, git, route(claim), directory, answers, claim.target)
    except Problem as refused:
        world.screen.problem(refused)
        return outcome.refused(refused), Verdict()
    _tell_next(world, cloned.directory, claim)
    return replace(outcome, cloned=cloned), Verdict()


def write(world: World, change: Plan) -> Receipt:
    """Write the plan; where another program wrote in between, plan again on its text while ours is untouched."""
    for _ in range(20):
        try:
            return world.files.apply(change)
        except Problem as problem:
            if problem.code != "file.changed":
                raise
            change = plan.again(change, world.files.read())
    raise Problem("Another program keeps writing to the AWS files.", next="Try again in a minute.", code="file.changed")


def _put_back(world: World, receipt: Receipt, kept: Kept) -> None:
    kept.put_back()
    if receipt.plan.edits:
        world.files.put_back(receipt)
        world.screen.note("Every file is as it was.")


def reported(answers: Answers, change: Plan) -> Outcome:
    """Return the outcome of a plan before anything was tried."""
    return Outcome(answers.text("kind"), change.profile, change.region, edits=plan.summary(change))


def _tell_written(world: World, receipt: Receipt) -> None:
    sections: dict[str, list[str]] = {}
    for item in plan.summary(receipt.plan):
        sections.setdefault(str(item["path"]), []).append(f"[{item['section']}]")
    for path, names in sections.items():
        inside = Path(path).is_relative_to(world.home)
        shown = f"~/{Path(path).relative_to(world.home).as_posix()}" if inside else path
        world.screen.done("wrote", f"{shown}  {', '.join(reversed(names))}")


def _tell_next(world: World, directory: Path, claim: Claim) -> None:
    go = "" if directory == world.cwd else f"cd {cloning.shown(world, directory).removeprefix('./')} · "
    renew = f" · when the sign-in ends: ccsetup setup existing --profile {claim.profile}" if claim.start else ""
    world.screen.say(f" Next   {go}git pull and git push work as usual{renew}")
