"""Facts → findings → a report; with --fix one plan, one review, one write, and the checks once more."""

from __future__ import annotations

import gc
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from ccsetup.commands import curing, diagnosis, reporting, telling
from ccsetup.commands.diagnosis import Diagnosis
from ccsetup.commands.outcome import told
from ccsetup.commands.report import Report
from ccsetup.errors import Cancelled, Problem
from ccsetup.findings import Finding
from ccsetup.world import World

ABOUT = "Find what is wrong with profiles, files, environment, git and this clone; --fix repairs it."
USAGE = "[PROFILE …] [--fix] [--offline] [--team FILE|URL]"
EXAMPLE = "ccsetup doctor --fix"

STOPPED = 3


def flags(parser: ArgumentParser) -> None:
    """Add doctor's own flags."""
    parser.add_argument("profiles", nargs="*", metavar="PROFILE", help="look at these alone; all when absent")
    parser.add_argument("--fix", action="store_true", help="repair what can be repaired, after one review")
    parser.add_argument("--offline", action="store_true", help="ask nobody: files, environment and git alone")
    parser.add_argument("--modernize", action="store_true", help="with --fix: also give legacy sign-ins an sso-session")
    parser.add_argument("--team", metavar="FILE|URL", help="compare with a team file; --fix brings the difference in")
    parser.add_argument("--report", metavar="FILE", help="also write it to a file, without secrets, fit to be sent")
    parser.add_argument("--short-ids", action="store_true", help="with --report: of account ids the last four digits")


def main(options: Namespace, world_of: Callable[[], World]) -> Report:
    """Look, tell, and repair what is wanted; what it says of itself is one document, however it ends."""
    if options.team:
        from ccsetup.commands import teamwork

        return teamwork.main(options, world_of)
    world, case = world_of(), Case()
    try:
        visit(world, options, case)
        if options.report:
            reporting.write(world, Path(options.report), case.seen, case.gone, options.short_ids)
    except (Problem, KeyboardInterrupt) as ended:
        problem = ended if isinstance(ended, Problem) else Cancelled()
        world.screen.problem(problem)
        return Report({**case.document(), "ok": False, "problems": [told(problem)]}, problem.exit_code)
    finally:
        gc.enable()
    return Report(case.document(), STOPPED if case.seen and case.seen.is_stopped else 0)


class Case:
    """What is known so far of one visit to the doctor: the last look, and what was repaired before it."""

    def __init__(self) -> None:
        self.seen: Diagnosis | None = None
        self.gone: Sequence[Finding] = ()

    def document(self) -> dict[str, object]:
        """Return the JSON document."""
        if self.seen is None:
            return {"ok": False, "findings": [], "profiles": [], "problems": []}
        return telling.document(self.seen, self.gone)


def visit(world: World, options: Namespace, case: Case) -> None:
    """Look, and repair where that is wanted; tell what was found or is left. Raises Problem; `case` holds the rest."""
    gc.disable()  # what is read and found here stays to the end
    case.seen = diagnosis.offline(diagnosis.begun(world, options.profiles, options.modernize))
    if options.fix or not options.offline:
        gc.enable()
    if options.fix:
        _repaired(world, options, case, case.seen)
    elif not options.offline:
        case.seen = diagnosis.asking(world, case.seen)
    rows = telling.rows(case.seen.findings, world.home, world.screen.room())
    world.screen.painted([*rows, *telling.ending(case.seen, world.screen.room(), options.fix)])


def _repaired(world: World, options: Namespace, case: Case, before: Diagnosis) -> None:
    """Repair what can be: in thought, then after a yes in one write, and believe it when the checks pass."""
    cure = curing.Cure(world, before, person=bool(world.prompt and not options.yes))
    cure.mend()
    if not options.offline:
        cure.ask_aws()
    case.seen = cure.before
    change = curing.planned(world, before.facts, cure.repair)
    if not change.edits:
        return
    curing.review(world, change, cure.promised())
    if options.dry_run:
        return
    if not options.yes:
        curing.agreed(world)
    curing.write(world, change)
    after = diagnosis.offline(diagnosis.begun(world, options.profiles, options.modernize))
    after = after if options.offline else diagnosis.asking(world, after)
    case.seen, case.gone = after, cure.gone(after.findings)
    curing.tell(world, change, case.gone)
