"""`ccsetup status`: lists every profile from the AWS files. It asks AWS only with --check."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ccsetup.awsfiles.profile_status import Standing
from ccsetup.cli import status_table
from ccsetup.core import missing_profile
from ccsetup.core.context import Answer, AwsTexts, Context
from ccsetup.core.errors import ENDED, BadAnswer, Problem
from ccsetup.core.profile_chain import runs_program
from ccsetup.core.result import Report, briefly_told
from ccsetup.wizard import profile_list
from ccsetup.wizard.options import settings

ABOUT = "List profiles with their kind of access, account, role, region, and expiration."
USAGE = "[PROFILE …] [--check] [--short]"
EXAMPLE = "ccsetup status --check"
NOTHING: Mapping[str, object] = {"profiles": []}

_NOT_ASKED = "not checked, because it runs a program; add the profile name to check it"


def flags(parser: ArgumentParser) -> None:
    """Add status's flags."""
    parser.add_argument("profiles", nargs="*", metavar="PROFILE", help="show only these profiles (default: all)")
    parser.add_argument(
        "--check",
        action="store_true",
        help="check each profile with AWS, without signing in; a credential_process runs only for PROFILE",
    )
    parser.add_argument(
        "--short",
        action="store_true",
        help="one line for a shell prompt: this clone's profile (default: AWS_PROFILE), and until when it works",
    )


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Show the status of the profiles."""
    if options.short and (options.check or options.profiles):
        raise BadAnswer("--short shows only the profile of this clone, without asking AWS. Use it alone.")
    context = context_of()
    if options.short:
        return _short(context)
    texts = context.files.read()
    found, problems = profile_list.all_of(context, texts)
    for problem in problems:
        context.screen.problem(problem)
    wanted = _named(context, options.profiles, found) or found
    asked = options.check and not problems
    unanswered = _check(context, texts, wanted, options.profiles) if asked else []
    here = profile_list.of_this_clone(context)
    if wanted:
        context.screen.say(f" {status_table.headline(wanted, asked)}")
        context.screen.output(
            "\n".join(status_table.rows(wanted, profile_list.stamp(context), here, context.screen.room()))
        )
    else:
        context.screen.say(" There are no AWS profiles on this computer. To set one up: ccsetup")
    for silent in unanswered:
        context.screen.problem(silent)
    for line in missing_profile.notes([it.name for it in found], context.env, context.home):
        context.screen.note(line)
    if not problems and (said := status_table.advice(wanted)):  # a file with an error is repaired first
        context.screen.note(said)
    document = {
        "ok": not problems,
        "profiles": [_entry(it) for it in wanted],
        "problems": [briefly_told(problem) for problem in problems],
    }
    return Report(document, 1 if problems else 0)


def _short(context: Context) -> Report:
    """Print one line about the profile of this clone or AWS_PROFILE, and nothing on stderr."""
    name = profile_list.of_this_clone(context) or context.env.get("AWS_PROFILE", "")
    found, problems = profile_list.all_of(context, context.files.read()) if name else ([], [])
    it = next((it for it in found if it.name == name), None)
    if name and it is None:
        it = Standing(name, "", {})
        it.usable, it.code = False, problems[0].code if problems else "profile.missing"
        it.why = it.code
    if it:
        context.screen.output(status_table.short(it, profile_list.stamp(context)))
    told = [briefly_told(problem) for problem in problems]
    return Report({"ok": not problems, "profiles": [_entry(it)] if it else [], "problems": told}, 1 if problems else 0)


def _named(context: Context, names: Sequence[str], found: Sequence[Standing]) -> list[Standing]:
    """Return the named profiles in that order. Raises Problem if one doesn't exist."""
    by_name = {it.name: it for it in found}
    for name in names:
        if name not in by_name:
            raise missing_profile.problem(name, by_name, context.env, context.home, "List all profiles: ccsetup status")
    return [by_name[name] for name in dict.fromkeys(names)]


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
        "code": it.code or None,
    }


def _check(context: Context, texts: AwsTexts, found: Sequence[Standing], named: Sequence[str]) -> list[Problem]:
    """Ask AWS who all profiles are at the same time. Return why it didn't answer for some, one Problem of each code.

    Skips profiles that need a sign-in, and profiles that run a program unless they are named.
    """
    from ccsetup.doctor import online

    profiles, sessions, _ = settings(texts)
    waiting = []
    for it in found:
        if it.name not in named and runs_program(profiles, it.name):
            it.usable, it.why = None, _NOT_ASKED
        elif it.usable is not False:
            waiting.append(it)
    whos = [online.who_of(profiles, sessions, it.name, context.env)._replace(chosen=it.name in named) for it in waiting]
    with context.screen.busy(f"Checking {len(waiting)} profile{'s' * (len(waiting) != 1)} with AWS"):
        answers = online.asked(context, whos)
    for it, answer in zip(waiting, answers, strict=True):
        _compare(it, answer, runs_program(profiles, it.name))
    silent = [it.refused for it in answers if it.refused and it.refused.is_unanswered]
    return [*{it.code: it for it in reversed(silent)}.values()][::-1]


def _compare(it: Standing, answer: Answer, runs: bool) -> None:
    """Store what AWS answered for a profile. Without an answer, store that it isn't known whether it works.

    `runs`: a program provides its credentials, which ccsetup can't renew.
    """
    who, refused = answer.identity, answer.refused
    if who is None:
        it.usable, it.why, it.code = False, refused.what if refused else "", refused.code if refused else ""
        if refused and refused.is_unanswered:
            it.usable = None
        else:
            it.ends, it.is_over = "", bool(refused and refused.code in ENDED and not runs)
        return
    wrong = it.account_id and it.account_id != who.account_id
    it.usable = not wrong
    if wrong:
        it.ends, it.why = "", f"signs in to account {who.account_id}, not {it.account_id}"
    it.account_id = who.account_id
    it.role = it.role or who.arn.rpartition(":")[2].partition("/")[2].partition("/")[0]
