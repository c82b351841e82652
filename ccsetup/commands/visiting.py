"""Facts → findings → a report; with --fix one plan, one review, one write, and the checks once more."""

from __future__ import annotations

import gc
from argparse import Namespace
from collections.abc import Sequence

from ccsetup.commands import curing, diagnosis, telling
from ccsetup.commands.diagnosis import Diagnosis
from ccsetup.core.context import World
from ccsetup.findings import Finding


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
    change = cure.planned()
    if not change.edits:
        if not options.dry_run:
            world.files.tidy()
        return
    curing.review(world, change, cure.promised())
    if options.dry_run:
        return
    if not options.yes:
        curing.agreed(world)
    curing.write(world, change)
    after = diagnosis.offline(diagnosis.begun(world, options.profiles, options.modernize))
    after = after if options.offline else diagnosis.asking(world, after)
    case.seen, case.gone = after, cure.proven(after)
    curing.tell(world, change, case.gone)
