"""Writes, verifies and clones; if a check fails, everything is undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ccsetup.awsfiles import plan
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.model import Answers, Plan, Receipt
from ccsetup.core.result import Outcome
from ccsetup.wizard import after_clone, checkout, next_step
from ccsetup.wizard.after_clone import Person
from ccsetup.wizard.options import Options
from ccsetup.wizard.review import KEEP, PUT_BACK, Verdict, after_failure
from ccsetup.wizard.verify import Claim, Kept, prove

if TYPE_CHECKING:
    from ccsetup.core.context import Git


def carry_out(
    context: Context, answers: Answers, change: Plan, claim: Claim, directory: Path | None, options: Options
) -> tuple[Outcome, Verdict]:
    """Write, verify, clone. Changes that fail verification are undone, unless the user or an option keeps them."""
    git = checkout.finding_git(context, claim.way) if claim.target.name else context.git
    receipt = write(context, change)
    outcome, kept = replace(reported(answers, receipt.plan), backups=receipt.backups), Kept(context)
    verdict = Verdict(PUT_BACK)
    try:
        _tell_written(context, receipt)
        outcome, verdict = _proven(context, answers, claim, kept, git, outcome, options)
    except (KeyboardInterrupt, Cancelled):
        if change.edits:  # "Nothing was written" would contradict the line above it that shows what was
            raise Cancelled("Canceled.") from None
        raise
    finally:  # in any case, including Ctrl-C and unexpected errors
        if verdict.what != KEEP:
            put_back(context, receipt, kept)
    if outcome.problems and verdict.what == KEEP:
        context.screen.note(f"The profile {claim.profile} was kept. To try again: ccsetup login {quote(claim.profile)}")
        return outcome, verdict
    if outcome.problems:
        return replace(outcome, edits=(), backups=()), verdict
    named = None if context.prompt is None or options.yes else Person(*map(answers.text, ("git_name", "git_email")))
    return _cloned(context, git, claim, change, directory, named, outcome), verdict


def _proven(
    context: Context, answers: Answers, claim: Claim, kept: Kept, git: Git, outcome: Outcome, options: Options
) -> tuple[Outcome, Verdict]:
    """Verify the claim. If that fails, the user or the options decide what to do."""
    try:
        return prove(context, claim, kept, git, outcome), Verdict(KEEP)
    except Cancelled:
        raise
    except Problem as refused:
        told = outcome.refused(refused)
        return told, after_failure(context, refused, bool(outcome.edits), options, answers)


def _cloned(
    context: Context,
    git: Git,
    claim: Claim,
    change: Plan,
    directory: Path | None,
    named: Person | None,
    outcome: Outcome,
) -> Outcome:
    """Clone with the verified profile, which is kept even if the clone fails."""
    there = {k: v for section in change.sections for k, v in section.settings.items()}
    if not directory:
        context.screen.say(f" Ready. git and AWS tools can use the profile {claim.profile}.")
        next_step.tell_end(context, claim, there)
        return outcome
    try:
        prompt = context.prompt if named else None
        cloned = checkout.clone(context, git, claim, directory, prompt, outcome.default_branch)
        outcome = after_clone.settle(context, git, claim, outcome.with_clone(cloned), named)
    except Problem as refused:
        context.screen.problem(refused)
        return outcome.refused(refused)
    except KeyboardInterrupt:
        raise Cancelled(
            f"Canceled. The profile {claim.profile} works and was kept, but nothing was cloned.",
            next=claim.to_go_on,
        ) from None
    if not cloned.problem:
        next_step.tell(context, directory, claim, there)
    return outcome


def write(context: Context, change: Plan) -> Receipt:
    """Write the plan. If another program wrote the files meanwhile, plan again, unless it changed our sections."""
    for _ in range(20):
        try:
            return context.files.apply(change)
        except Problem as problem:
            if problem.code != "file.changed":
                raise
            change = plan.again(change, context.files.read())
    raise Problem("Another program keeps changing the AWS files.", next="Try again in a minute.", code="file.changed")


def put_back(context: Context, receipt: Receipt, kept: Kept) -> None:
    """Undo what was written. Later changes by other programs to the same files are kept."""
    kept.put_back()
    if not receipt.plan.edits:
        return
    for _ in range(20):
        try:
            context.files.put_back(receipt)
            context.screen.note("All files were restored.")
            return
        except Problem as problem:
            if problem.code != "file.changed":
                raise
            receipt = receipt._replace(plan=plan.around(receipt.plan, context.files.read()))
    raise Problem("Another program keeps changing the AWS files.", next="Try again in a minute.", code="file.changed")


def reported(answers: Answers, change: Plan) -> Outcome:
    """Return the outcome of a plan before anything was verified."""
    return Outcome(answers.text("kind"), change.profile, change.region, edits=plan.summary(change))


def _tell_written(context: Context, receipt: Receipt) -> None:
    sections: dict[str, list[str]] = {}
    for item in plan.summary(receipt.plan):
        sections.setdefault(str(item["path"]), []).append(f"[{item['section']}]")
    for number, (path, names) in enumerate(sections.items()):
        inside = Path(path).is_relative_to(context.home)
        shown = f"~/{Path(path).relative_to(context.home).as_posix()}" if inside else path
        context.screen.done("wrote", f"{shown}  {', '.join(reversed(names))}", "" if number else "undo: ccsetup undo")
