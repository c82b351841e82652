"""Every profile: what it is, who it is, until when, in one pass over the files; asked of AWS with --check alone."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ccsetup import ini, roster
from ccsetup.commands import standings
from ccsetup.commands.report import Report
from ccsetup.standing import Standing
from ccsetup.world import Answer, AwsTexts, World

ABOUT = "Every profile: kind of access, account, role, region, how long it still works."
USAGE = "[--check]"
EXAMPLE = "ccsetup status --check"
NOTHING: Mapping[str, object] = {"profiles": []}


def flags(parser: ArgumentParser) -> None:
    """Add status's own flag."""
    parser.add_argument("--check", action="store_true", help="ask AWS who each profile is; nobody is asked to sign in")


def main(options: Namespace, world_of: Callable[[], World]) -> Report:
    """Show how every profile stands."""
    world = world_of()
    texts = world.files.read()
    found, problems = standings.all_of(world, texts)
    for problem in problems:
        world.screen.problem(problem)
    if options.check and not problems:
        _check(world, texts, found)
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


def _check(world: World, texts: AwsTexts, found: Sequence[Standing]) -> None:
    """Ask AWS who the profiles are, all at once; those that somebody would have to sign in for are left out."""
    from ccsetup.commands import asking

    config, credentials = ini.both(texts)
    profiles, sessions = ini.profiles(config, credentials), ini.sessions(config)
    waiting = [it for it in found if it.usable is not False]
    whos = [asking.who_of(profiles, sessions, it.name, world.env) for it in waiting]
    with world.screen.busy(f"Asking AWS about {len(waiting)} profiles"):
        answers = asking.asked(world, whos)
    for it, answer in zip(waiting, answers, strict=True):
        _compare(it, answer)


def _compare(it: Standing, answer: Answer) -> None:
    """Note what AWS says of a profile."""
    who = answer.identity
    if who is None:
        it.usable, it.ends, it.why = False, "", answer.refused.what if answer.refused else ""
        return
    wrong = it.account_id and it.account_id != who.account_id
    it.usable = not wrong
    if wrong:
        it.ends, it.why = "", f"account {who.account_id} answers, not {it.account_id}"
    it.account_id = who.account_id
    it.role = it.role or who.arn.rpartition(":")[2].partition("/")[2].partition("/")[0]
