"""Answers → what will be written, what shall turn out true, and the screen that shows both before anything is done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ccsetup import access
from ccsetup.access.paste.echo import echo
from ccsetup.access.questions import target
from ccsetup.awsfiles import edit_proof, plan, removals
from ccsetup.core.context import Context, Start, start_of
from ccsetup.core.errors import Cancelled, Elsewhere, Missing, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Asked, Back, Choice, Plan, Secret, Who
from ccsetup.git import address
from ccsetup.git.transport import way_of
from ccsetup.wizard import checkout, flow
from ccsetup.wizard.engine import Trail, Walk
from ccsetup.wizard.options import Options
from ccsetup.wizard.verify import Claim, route


def planned(context: Context, answers: Answers, look: Look, asks: bool = True) -> Plan:
    """Return what complete answers would write.

    Raises Problem where that makes someone else of other profiles, too, and nobody `asks` whether that is right.
    """
    sections, texts = access.sections_of(answers, look), context.files.read()
    change = plan.make(answers.text("profile"), target(answers).region, sections, texts, access.OWN_KEYS)
    if (others := edit_proof.others(change, lambda: texts)) and not asks:
        raise edit_proof.decided(others)
    return change._replace(decided=frozenset(others))


def claimed(answers: Answers, look: Look) -> Claim:
    """Return what shall turn out true once the answers are written."""
    profile, at = answers.text("profile"), target(answers)
    who = look.who(profile, at.region, access.sections_of(answers, look))
    way = way_of(answers, look.env.get("CODE_COMMIT_ENDPOINT", ""))
    expected, branch, alone = access.expected(answers), answers.text("branch"), answers.text("kind") != "machine"
    return Claim(profile, at.region, sign_in(who, profile), expected, at, branch, way, alone, chosen=True)


def sign_in(who: Who, name: str) -> Start | None:
    """Return the sign-in a profile rests on, directly or through its source profiles; None when it rests on none."""
    for _ in who.profiles or ():
        there = (who.profiles or {}).get(name, {})
        if "source_profile" in there and "role_arn" in there:
            name = str(there["source_profile"])
            continue
        if "sso_account_id" not in there:
            return None
        return start_of(there, who.sessions or {})
    return None


def directory(context: Context, answers: Answers, claim: Claim) -> Path | None:
    """Return the folder to clone into, None when no clone is wanted. Raises Problem when something else is there."""
    folder = checkout.folder(context, answers)
    if folder:
        checkout.is_this_clone(context, folder, claim.target)
    return folder


def review(context: Context, change: Plan, claim: Claim, folder: Path | None) -> None:
    """Show the differences, the checks that will run, and the clone."""
    rows = []
    checks = ["identity" + (f" in account {claim.expected.account_id}" if claim.expected.account_id else "")]
    if claim.start:
        checks.insert(0, f"sign-in {claim.start.session or claim.start.url}")
    if claim.target.name:
        checks += [f"{claim.target.name} in {claim.region}", "git ls-remote"]
    rows.append(("check", " · ".join(checks)))
    if folder:
        what = "fetch" if checkout.is_this_clone(context, folder, claim.target) else "clone"
        rows.append((what, f"git {what} {route(context, claim).url} {checkout.shown(context, folder)}"))
    rows += removals.rows(change.edits, change.decided)
    context.screen.review([plan.diff(edit, context.home) for edit in change.edits], rows)


GO, CHANGE, KEEP, PUT_BACK, RETRY = "go", "change", "keep", "back", "retry"


def decide(context: Context, ask: str = "Write this?") -> bool:
    """Ask at the review: True to go ahead, False to change an answer. Raises Cancelled; Missing with nobody there."""
    if context.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to write this, or --dry-run to only look at it.")
    choices = (
        Choice(GO, "Yes, go ahead"),
        Choice(CHANGE, "Change an answer"),
        Choice("cancel", "Cancel", "nothing is written"),
    )
    asked = Asked("review", ask, "choose", choices=choices, default=GO)
    answer = context.prompt.ask(asked)
    if answer == "cancel":
        raise Cancelled
    return answer == GO


@dataclass(frozen=True)
class Verdict:
    """What becomes of a profile: kept, put back, or put back and tried again with an answer changed or in a region."""

    what: str = KEEP
    region: str = ""
    about: str = ""  # the key of the answer to change, where it is known


# A refusal's code → the answers it speaks against, the likeliest first.
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
    """Return the keys of the answers that a refusal speaks against, the one that it names itself first."""
    keys = dict.fromkeys((refused.about, *_SUSPECTS.get(refused.code, ())))
    return [key for key in keys if key in answers]


def after_failure(context: Context, refused: Problem, written: bool, options: Options, answers: Answers) -> Verdict:
    """Decide what becomes of a profile that failed a check; with nobody to ask it is put back.

    A repository found in another region is taken where the region was only a default, else offered.
    """
    elsewhere = refused.found if isinstance(refused, Elsewhere) else ()
    if context.prompt is None or options.yes:
        if len(elsewhere) == 1 and "region" not in options.given and not address_tells(options):
            context.screen.note(f"{refused.what} Taking {elsewhere[0]}.")
            return Verdict(RETRY, elsewhere[0])
        context.screen.problem(refused)
        return Verdict(KEEP if options.keep_on_failure else PUT_BACK)
    context.screen.problem(refused)
    back = "Put everything back" if written else "Leave it"
    choices = [Choice(f"{RETRY} {region}", f"Take {region}") for region in elsewhere]
    titles = {q.key: q.title or q.ask for q in flow.questions(answers)}
    named = suspects(refused, answers)
    choices += [Choice(f"{CHANGE} {key}", f"Change: {titles[key]}", _shown(answers[key])) for key in named]
    choices += [Choice(CHANGE, f"Change {'another' if named else 'an'} answer", "and try again")]
    choices += [Choice(PUT_BACK, back)]
    choices += [Choice(KEEP, "Keep the profile all the same")] if written else []
    answer = context.prompt.ask(
        Asked("failed", "What now?", "choose", choices=tuple(choices), default=choices[0].value)
    )
    what, _, told = (CHANGE if isinstance(answer, Back) else str(answer)).partition(" ")
    return Verdict(what, about=told) if what == CHANGE else Verdict(what, told)


def address_tells(options: Options) -> bool:
    """Say whether the address that was given names a region itself."""
    repo = options.given.get("repo")
    return bool(repo and address.parse(str(repo)).region)


def change_an_answer(
    context: Context, walk: Walk, trail: Trail, about: str = "", settled: Collection[str] = ()
) -> Trail:
    """Let the person pick an answer (`about`: it is picked) and give another; what was made from it is asked again.

    What is settled elsewhere is not offered.
    """
    assert context.prompt is not None  # noqa: S101 — only a person can have chosen this
    if about:
        return walk.run(trail, again=about)
    titles = {q.key: q.title or q.ask for q in walk.flow(trail.answers)}
    asked_first = sorted(trail.answers.minus(*settled), key=lambda key: key not in trail.asked)
    choices = tuple(Choice(key, titles[key], _shown(trail.answers[key])) for key in asked_first)
    last = next((key for key in reversed(list(trail.answers)) if key in trail.asked), "")
    picked = context.prompt.ask(Asked("change", "Which answer?", "choose", choices=choices, default=last))
    return trail if isinstance(picked, Back) else walk.run(trail, again=str(picked))


def _shown(value: str | Secret) -> str:
    return echo.brief(str(value)) or "–"
