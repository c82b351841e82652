"""Every profile: what it is, who it is, until when, in one pass over the files; asked of AWS with --check alone."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from ccsetup import roster
from ccsetup.commands import standings
from ccsetup.commands.report import Report
from ccsetup.errors import Problem
from ccsetup.model import Identity, Who
from ccsetup.standing import Standing
from ccsetup.waiting import within
from ccsetup.world import World

ABOUT = "Every profile: kind of access, account, role, region, how long it still works."
USAGE = "[--check]"
EXAMPLE = "ccsetup status --check"

AT_ONCE = 16  # profiles asked at the same time
PATIENCE_S = 600.0  # for all of them


def flags(parser: ArgumentParser) -> None:
    """Add status's own flag."""
    parser.add_argument("--check", action="store_true", help="ask AWS who each profile is; nobody is asked to sign in")


def main(options: Namespace, world_of: Callable[[], World]) -> Report:
    """Show how every profile stands."""
    world = world_of()
    found, problems = standings.all_of(world, world.files.read())
    for problem in problems:
        world.screen.problem(problem)
    if options.check and not problems:
        _check(world, found)
    here = standings.of_this_clone(world)
    if found:
        world.screen.output("\n".join(roster.rows(found, standings.stamp(world), here, world.screen.room())))
    else:
        world.screen.say(" There are no AWS profiles on this machine. Set one up: ccsetup")
    if said := roster.advice(found):
        world.screen.note(said)
    document = {
        "ok": not problems,
        "profiles": [_entry(it) for it in found],
        "problems": [{"code": p.code, "what": p.what, "why": p.why or None, "next": p.next or None} for p in problems],
    }
    return Report(document, 1 if problems else 0)


def _entry(it: Standing) -> dict[str, Any]:
    return {
        "name": it.name,
        "kind": it.kind or None,
        "region": it.region or None,
        "account_id": it.account_id or None,
        "role": it.role or None,
        "expires_at": it.ends or None,
        "usable": it.usable,
        "why": it.why or None,
    }


def _check(world: World, found: Sequence[Standing]) -> None:
    """Ask AWS who the profiles are, several at once; those that somebody would have to sign in for are left out."""
    waiting = deque(it for it in found if it.usable is not False)

    def work() -> None:
        while waiting:
            try:
                it = waiting.popleft()
            except IndexError:
                return
            _compare(it, _asked(world, it))

    with world.screen.busy(f"Asking AWS about {len(waiting)} profiles"):
        world.aws.warm()
        within(PATIENCE_S, *[work] * min(AT_ONCE, len(waiting)))


def _asked(world: World, it: Standing) -> Identity | Problem:
    try:
        return world.aws.identity(Who(it.name, it.region or "us-east-1"))
    except Problem as refused:
        return refused


def _compare(it: Standing, answer: Identity | Problem) -> None:
    """Note what AWS says of a profile."""
    if isinstance(answer, Problem):
        it.usable, it.ends, it.why = False, "", answer.what
        return
    wrong = it.account_id and it.account_id != answer.account_id
    it.usable = not wrong
    if wrong:
        it.ends, it.why = "", f"account {answer.account_id} answers, not {it.account_id}"
    it.account_id = answer.account_id
    it.role = it.role or answer.arn.rpartition(":")[2].partition("/")[2].partition("/")[0]
