"""Turns answers into a plan and the claims to verify, and shows both for review before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ccsetup import access
from ccsetup.access.paste.echo import echo
from ccsetup.access.questions import target
from ccsetup.awsfiles import edit_proof, plan, removals
from ccsetup.core import regions
from ccsetup.core.context import AwsTexts, Context, sign_in_of, signs_for
from ccsetup.core.errors import Cancelled, Elsewhere, Missing, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import NEW, Answers, Asked, Back, Choice, Plan, Secret
from ccsetup.git import address
from ccsetup.git.transport import way_of
from ccsetup.wizard import checkout, flow
from ccsetup.wizard.engine import Trail, Walk, here
from ccsetup.wizard.options import Options
from ccsetup.wizard.verify import Claim, route

Unfold = Callable[[], object] | None


def planned(context: Context, answers: Answers, look: Look, asks: bool = True, texts: AwsTexts | None = None) -> Plan:
    """Return what complete answers would write to the AWS files, or to `texts`, which another plan leads to.

    Raises Problem if that also changes the identity of other profiles and the user can't be asked (`asks`).
    """
    sections, texts = access.sections_of(answers, look), texts or context.files.read()
    change = plan.make(answers.text("profile"), target(answers).region, sections, texts, access.OWN_KEYS)
    if (others := edit_proof.others(change, lambda: texts)) and not asks:
        raise edit_proof.decided(others)
    return change._replace(decided=frozenset(others))


def claimed(answers: Answers, look: Look) -> Claim:
    """Return the claims that must hold once the answers are written."""
    profile, at = answers.text("profile"), target(answers)
    who = look.who(profile, at.region, access.sections_of(answers, look))
    there = (who.profiles or {}).get(profile, {})
    fips, dualstack = regions.wants_fips(look.env, there), regions.wants_dualstack(look.env, there)
    way = way_of(answers, look.env.get("CODE_COMMIT_ENDPOINT", ""), fips=fips, dualstack=dualstack)
    expected, branch, alone = access.expected(answers), answers.text("branch"), answers.text("kind") != "machine"
    claim = Claim(profile, at.region, sign_in_of(who, profile), expected, at, branch, way, alone, chosen=True)
    return replace(claim, signs_for=signs_for(who, profile))


def directory(context: Context, answers: Answers, claim: Claim) -> Path | None:
    """Return the folder to clone into, None for no clone. Raises Problem if the folder contains something else."""
    folder = checkout.folder(context, answers)
    if folder:
        checkout.is_this_clone(context, folder, claim.target)
    return folder


def review(context: Context, change: Plan, claim: Claim, folder: Path | None, fold: bool = True) -> Unfold:
    """Show the number of changes, the checks that will run, and the clone; below them the changes to the files.

    Returns a function that shows all changes, None if nothing is hidden.
    """
    rows = [("write", written([change]))] if change.edits else []
    checks = ["identity" + (f" in account {claim.expected.account_id}" if claim.expected.account_id else "")]
    if claim.start:
        checks.insert(0, f"sign-in {claim.start.session or claim.start.url}")
    if claim.target.name:
        checks += [f"{claim.target.name} in {claim.region}", "git ls-remote"]
    rows.append(("check", " · ".join(checks)))
    if folder:
        what = "fetch" if checkout.is_this_clone(context, folder, claim.target) else "clone"
        rows.append((what, f"{checkout.shown(context, folder)} from {route(context, claim).url}"))
    rows += removals.rows(change.edits, change.decided)
    hidden = context.screen.review([plan.diff(edit, context.home) for edit in change.edits], rows, fold)
    return (lambda: review(context, change, claim, folder, fold=False)) if hidden else None


def written(changes: Sequence[Plan]) -> str:
    """Return in a few words what is written, for example "1 profile, 1 file"."""
    sections = {str(it["section"]) for change in changes for it in plan.summary(change)}
    profiles = len({it.removeprefix("profile ") for it in sections if not it.startswith("sso-session ")})
    files = len({edit.path for change in changes for edit in change.edits})
    return ", ".join(f"{count} {what}{'s' * (count != 1)}" for count, what in ((profiles, "profile"), (files, "file")))


GO, CHANGE, KEEP, PUT_BACK, RETRY, ALL = "go", "change", "keep", "back", "retry", "all"


def decide(
    context: Context, ask: str = "Write these changes?", more: Choice | None = None, unfold: Unfold = None
) -> bool | str:
    """Ask for confirmation: True to go ahead, False to change an answer, or the value of the choice `more`.

    `unfold` shows the changes that are hidden, if there are some. Raises Cancelled; Missing without a prompt.
    """
    if context.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to write the changes, or --dry-run to preview them.")
    choices = (
        Choice(GO, "Yes, go ahead"),
        *([Choice(ALL, "Show all changes")] if unfold else []),
        Choice(CHANGE, "Change an answer"),
        *([more] if more else []),
        Choice("cancel", "Cancel", "nothing is written"),
    )
    asked = Asked("review", ask, "choose", choices=choices, default=GO)
    answer = context.prompt.ask(asked)
    if answer == ALL and unfold:
        unfold()
        return decide(context, ask, more)
    if answer == "cancel":
        raise Cancelled
    return str(answer) if more and answer == more.value else answer == GO


@dataclass(frozen=True)
class Verdict:
    """What to do with a profile: keep it, undo it, or undo it and try again with another answer or region."""

    what: str = KEEP
    region: str = ""
    about: str = ""  # the key of the answer to change, if known


# The code of a refusal and the answers that may be wrong, the likeliest first.
_SUSPECTS = {
    "access.assume": ("role_arn", "external_id", "source_profile", "mfa_serial"),
    "role.arn": ("role_arn",),
    "access.identity": ("access_key_id",),
    "access.account": ("sso_account_id", "role_arn", "repo"),
    "access.repository": ("repo", "region"),
    "access.region": ("region", "repo"),
    "sso.url": ("sso_start_url", "sso_region"),
    "git.protocol": ("via",),
    "git.helper-path": ("via",),
}


def suspects(refused: Problem, answers: Answers) -> list[str]:
    """Return the keys of the answers that may be wrong after a refusal, first the one that it names."""
    keys = dict.fromkeys((refused.about, *_SUSPECTS.get(refused.code, ())))
    return [key for key in keys if key in answers]


def after_failure(context: Context, refused: Problem, written: bool, options: Options, answers: Answers) -> Verdict:
    """Decide what to do with a profile that failed a check. Without a prompt it is undone.

    If the repository is in another region, that region is used if ours was only a default, otherwise offered.
    """
    elsewhere = refused.found if isinstance(refused, Elsewhere) else ()
    if context.prompt is None or options.yes:
        if len(elsewhere) == 1 and "region" not in options.given and not address_tells(options):
            context.screen.note(f"{refused.what} Using {elsewhere[0]}.")
            return Verdict(RETRY, elsewhere[0])
        context.screen.problem(refused)
        return Verdict(KEEP if options.keep_on_failure else PUT_BACK)
    advice, refused.next = refused.next, here(refused.next)  # what the menu below offers needs no flag
    context.screen.problem(refused)
    refused.next = advice
    back = "Undo and quit" if written else "Quit"
    choices = [Choice(f"{RETRY} {region}", f"Use {region}") for region in elsewhere]
    titles = {q.key: q.title or q.ask for q in flow.questions(answers)}
    named = suspects(refused, answers)
    choices += [Choice(f"{CHANGE} {key}", f"Change: {titles[key]}", _shown(answers[key])) for key in named]
    choices += [Choice(CHANGE, f"Change {'another' if named else 'an'} answer", "then try again")]
    choices += [Choice(PUT_BACK, back)]
    choices += [Choice(KEEP, "Keep the profile anyway")] if written else []
    default = KEEP if written and refused.is_unanswered else choices[0].value  # no answer is no fault of the profile
    answer = context.prompt.ask(
        Asked("failed", "What do you want to do?", "choose", choices=tuple(choices), default=default)
    )
    what, _, told = (CHANGE if isinstance(answer, Back) else str(answer)).partition(" ")
    return Verdict(what, about=told) if what == CHANGE else Verdict(what, told)


def address_tells(options: Options) -> bool:
    """Return whether the given address contains a region."""
    repo = options.given.get("repo")
    return bool(repo and address.parse(str(repo)).region)


def change_an_answer(
    context: Context, walk: Walk, trail: Trail, about: str = "", settled: Collection[str] = ()
) -> Trail:
    """Let the user pick an answer (unless `about` names it) and change it. Answers that depend on it are asked again.

    Answers that are settled elsewhere are not offered.
    """
    assert context.prompt is not None  # noqa: S101 — this was chosen at a prompt
    if about:
        return walk.run(trail, again=about)
    titles = {q.key: q.title or q.ask for q in walk.flow(trail.answers)}
    asked_first = sorted(trail.answers.minus(*settled), key=lambda key: key not in trail.asked)
    choices = tuple(Choice(key, titles[key], _shown(trail.answers[key])) for key in asked_first)
    last = next((key for key in reversed(list(trail.answers)) if key in trail.asked), "")
    picked = context.prompt.ask(Asked("change", "Which answer?", "choose", choices=choices, default=last))
    return trail if isinstance(picked, Back) else walk.run(trail, again=str(picked))


def _shown(value: str | Secret) -> str:
    return "a new one" if value == NEW else echo.brief(str(value)) or "–"
