"""`ccsetup setup`: asks, plans, reviews, writes, tests and clones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ccsetup import access
from ccsetup.core import shells
from ccsetup.core.context import Context
from ccsetup.core.errors import Missing, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Value
from ccsetup.core.result import Outcome, Report
from ccsetup.wizard import current_clone, flow, installation_offer, repair_offer, stored_answers
from ccsetup.wizard.current_clone import CurrentClone
from ccsetup.wizard.engine import STORED, Walk
from ccsetup.wizard.options import Options, looking, refuse_unused
from ccsetup.wizard.saved_sign_ins import sign_ins_kept
from ccsetup.wizard.welcome import greet

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

ABOUT = "Set up access and clone a repository. You're prompted for anything that you don't pass as a flag."
USAGE = "[KIND] [--team FILE|URL] [flags]"
EXAMPLE = "ccsetup setup role --role-arn arn:aws:iam::111122223333:role/CodeCommitAccess --source-profile default"


def flags(parser: ArgumentParser) -> None:
    """Add the flags of all questions."""
    from ccsetup.cli import question_flags

    question_flags.flags(parser)


def explain(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Add what the help shows for these words: a kind's own flags, or an overview of the kinds."""
    from ccsetup.cli import question_flags

    question_flags.explain(parser, words)


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Run setup with the flags that were given."""
    context = context_of()
    if options.bare:
        return _asked(context)
    from ccsetup.cli import question_flags

    given = question_flags.given(options).options(context)
    if not options.team:
        return run(context, given).report()
    from ccsetup.wizard import team_offer, team_setup

    return team_setup.run(context, team_offer.received(context, options.team), given, options.access or "")


def _asked(context: Context) -> Report:
    """Ask everything. Raises Missing if there is no terminal."""
    if context.prompt is None:
        raise Missing(
            "Not running in a terminal.",
            next="".join(f"{line}\n" for line in [shells.other_window(context.env)] if line)
            + f"Pass all answers as flags: {EXAMPLE} --repo MySharedDemoRepo --yes\n"
            + "Or pass the message that you were sent: ccsetup setup --paste - --yes < message.txt",
        )
    return run(context, Options(given={})).report()


def run(context: Context, options: Options) -> Outcome:
    """Set up access and clone. The outcome contains a Problem if a check failed."""
    look = _looking(context, options)
    here = around = current_clone.of(context)
    if here and context.prompt is not None and not options.yes and not _names_place(options):
        chosen = current_clone.ACCESS if "profile" in options.given else current_clone.ask(context, here)
        if chosen == current_clone.REPAIR:
            repair_offer.repair(context, options.dry_run, offline=False)
            return Outcome(profile=here.profile)
        here = here if chosen == current_clone.ACCESS else None
    asks = context.prompt is not None and not options.yes and options.given.keys() <= {"kind", "profile"}
    options, stored = _completed(context, options, look, here)
    kind = str(options.given.get("kind", ""))
    if kind and kind != flow.FIND:
        refuse_unused(options.given, {"kind", *(question.key for question in access.asked_by(access.of(kind)))}, kind)
    elif not kind and context.prompt is None:
        names = ", ".join(each.name for each in access.KINDS)
        raise Missing("Missing: KIND.", next=f"KIND must be one of: {names}. Use a command like ccsetup setup sso")
    look.place_for = around.place_for if around else None
    look.given = look.told = options.given
    if context.prompt is not None:
        greet(context, look)
        if not options.yes and not options.dry_run and "no_clone" not in options.given:
            installation_offer.offer(context)
    walk = Walk(
        flow.questions,
        look,
        given=options.given,
        brought={STORED: {} if asks else stored, "--paste": options.pasted},
        suggested=stored if asks else {},
        prompt=context.prompt,
        say=context.screen.note,
        show=context.screen.table,
        defaults=options.yes,
    )
    with sign_ins_kept(context, look, options.dry_run):
        return _answered(context, options, look, walk)


def _answered(context: Context, options: Options, look: Look, walk: Walk) -> Outcome:
    """Ask the questions, and do what the answers say until it works or the user stops."""
    trail = walk.run()
    if trail.answers.text("kind") == flow.FIX:
        repair_offer.repair(context, options.dry_run)
        return run(context, options)
    if trail.answers.text("kind") == flow.FIND:
        return _found(context, options, trail.answers, look)
    from ccsetup.wizard import apply, review
    from ccsetup.wizard.review import CHANGE, RETRY, change_an_answer, decide

    while True:
        answers = trail.answers
        refuse_unused(options.given, answers, answers.text("kind"))
        change = review.planned(context, answers, look, not options.yes)
        claim = review.claimed(answers, look)
        directory = review.directory(context, answers, claim)
        unfold = review.review(context, change, claim, directory, fold=not options.yes and not options.dry_run)
        if options.dry_run:
            return apply.reported(answers, change)
        ask = "Write these changes?" if change.edits else f"{'Clone' if directory else 'Check'} it now?"
        if not options.yes and not decide(context, ask, unfold=unfold):
            trail = change_an_answer(context, walk, trail)
            continue
        outcome, verdict = apply.carry_out(context, answers, change, claim, directory, options)
        look.forget()
        if verdict.what == RETRY:
            trail = trail.mended("region", verdict.region).mended("repo", claim.target.name)
        elif verdict.what == CHANGE:
            trail = change_an_answer(context, walk, trail, verdict.about)
        else:
            return outcome


def _names_place(options: Options) -> bool:
    """Return whether it was given what to clone and where to, or that nothing is to be cloned."""
    return any(key in options.given for key in ("repo", "no_clone", "directory")) or "repo" in options.pasted


def _completed(
    context: Context, options: Options, look: Look, here: CurrentClone | None
) -> tuple[Options, Mapping[str, Value]]:
    """Return the options, completed by the current clone, and the settings of an existing profile as answers."""
    given = dict(options.given)
    if here and not _names_place(options):
        context.screen.note(f"Setting up access for this clone of {here.address.repository}.")
        given |= {"repo": here.url, "directory": str(here.folder)}
    name, kind = str(given.get("profile", "")), str(given.get("kind", ""))
    stored = stored_answers.of_profile(look, name, kind) if name else {}
    if stored:
        given["kind"] = stored["kind"]
        alone = context.prompt is None or options.yes
        given |= {"no_clone": "yes"} if alone and not here and not _names_place(options) else {}
        context.screen.note(f"Starting with the settings of {name}.")
    return options._replace(given=given), {key: value for key, value in stored.items() if key != "kind"}


def _looking(context: Context, options: Options) -> Look:
    """Read the files. If no AWS tool can read them, offer to repair them first."""
    try:
        return looking(context, options)
    except Problem as refused:
        if options.yes:
            raise
        repair_offer.offer(context, refused, options.dry_run)
        return looking(context, options)


def _found(context: Context, options: Options, answers: Answers, look: Look) -> Outcome:
    """Clone with any profile that can read the repository, as `ccsetup clone` does."""
    from ccsetup.wizard.clone import reach
    from ccsetup.wizard.clone_request import CloneOptions, wish_of

    given = Answers(options.given)
    asked = CloneOptions(
        answers.text("repo"),
        profile=given.text("profile"),
        region=given.text("region"),
        branch=given.text("branch"),
        directory=given.text("directory"),
        via=given.text("via"),
        helper=given.text("helper"),
        yes=options.yes,
        dry_run=options.dry_run,
    )
    wish = wish_of(asked, context, look)
    return reach(context, look, wish) or run(context, Options(wish.given()))
