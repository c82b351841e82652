"""Facts → findings → a report; with --fix one plan, one review, one write, and the checks once more."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import Any

from ccsetup import checks, repair
from ccsetup.commands import curing, telling
from ccsetup.commands.gathering import gathered
from ccsetup.commands.report import Report
from ccsetup.facts import Facts
from ccsetup.model import Finding
from ccsetup.world import World

ABOUT = "Find what is wrong with profiles, files, environment, git and this clone; --fix repairs it."
USAGE = "[PROFILE …] [--fix]"
EXAMPLE = "ccsetup doctor --fix"

STOPPED = 3


def flags(parser: ArgumentParser) -> None:
    """Add doctor's own flags."""
    parser.add_argument("profiles", nargs="*", metavar="PROFILE", help="look at these alone; all when absent")
    parser.add_argument("--fix", action="store_true", help="repair what can be repaired, after one review")
    parser.add_argument("--offline", action="store_true", help="ask nobody: files, environment and git alone")
    parser.add_argument("--modernize", action="store_true", help="with --fix: also give legacy sign-ins an sso-session")


def main(options: Namespace, world_of: Callable[[], World]) -> Report:
    """Look, tell, and repair what is wanted."""
    world = world_of()
    facts = gathered(world, options.profiles, options.modernize)
    findings = checks.offline(facts)
    if not options.fix:
        _tell(world, findings)
        return _report(facts, findings, [])
    return _fixed(world, facts, options)


def _fixed(world: World, facts: Facts, options: Namespace) -> Report:
    """Repair, review, write, and tell what is left."""
    before = repair.of(facts)
    after = curing.mended(world, facts, ask=bool(world.prompt and not options.yes))
    gone, left = curing.told_apart(before, after)
    change = curing.planned(world, facts, after)
    if change.edits:
        curing.review(world, change, gone)
        if options.dry_run:
            return _report(facts, checks.offline(facts), [])
        if not options.yes:
            curing.agreed(world)
        curing.write(world, change)
        for finding in gone:
            world.screen.done("repaired", finding.says, finding.code)
    _tell(world, left)
    return _report(after.facts, left, gone)


def _tell(world: World, findings: Sequence[Finding]) -> None:
    lines = [*telling.rows(findings, world.home, world.screen.room()), telling.summary(findings)]
    world.screen.output("\n".join(lines))


def _report(facts: Facts, left: Sequence[Finding], gone: Sequence[Finding]) -> Report:
    stopped = any(finding.severity == "stops" for finding in left)
    found = [telling.entry(it, fixed=True) for it in gone] + [telling.entry(it, fixed=False) for it in left]
    document: dict[str, Any] = {"ok": not stopped, "findings": found, "profiles": [], "problems": []}
    return Report(document, STOPPED if stopped else 0)
