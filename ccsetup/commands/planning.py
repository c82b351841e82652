"""Answers → what will be written, what shall turn out true, and the screen that shows both before anything is done."""

from __future__ import annotations

from pathlib import Path

from ccsetup import access
from ccsetup.access.questions import target
from ccsetup.awsfiles import edit_proof, plan, removals
from ccsetup.commands.proof import Claim, route
from ccsetup.core.context import Start, World, start_of
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Plan, Who
from ccsetup.git import checkout
from ccsetup.git.transport import way_of


def planned(world: World, answers: Answers, look: Look, asks: bool = True) -> Plan:
    """Return what complete answers would write.

    Raises Problem where that makes someone else of other profiles, too, and nobody `asks` whether that is right.
    """
    sections, texts = access.sections_of(answers, look), world.files.read()
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


def directory(world: World, answers: Answers, claim: Claim) -> Path | None:
    """Return the folder to clone into, None when no clone is wanted. Raises Problem when something else is there."""
    folder = checkout.folder(world, answers)
    if folder:
        checkout.is_this_clone(world, folder, claim.target)
    return folder


def review(world: World, change: Plan, claim: Claim, folder: Path | None) -> None:
    """Show the differences, the checks that will run, and the clone."""
    rows = []
    checks = ["identity" + (f" in account {claim.expected.account_id}" if claim.expected.account_id else "")]
    if claim.start:
        checks.insert(0, f"sign-in {claim.start.session or claim.start.url}")
    if claim.target.name:
        checks += [f"{claim.target.name} in {claim.region}", "git ls-remote"]
    rows.append(("check", " · ".join(checks)))
    if folder:
        what = "fetch" if checkout.is_this_clone(world, folder, claim.target) else "clone"
        rows.append((what, f"git {what} {route(world, claim).url} {checkout.shown(world, folder)}"))
    rows += removals.rows(change.edits, change.decided)
    world.screen.review([plan.diff(edit, world.home) for edit in change.edits], rows)
