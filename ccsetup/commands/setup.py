"""ask → plan → review → write → prove → clone: the way from what somebody was given to a working clone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ccsetup import access, config, plan
from ccsetup.commands import cloning
from ccsetup.commands.carrying import carry_out, reported
from ccsetup.commands.deciding import CHANGE, RETRY, Options, change_an_answer, decide
from ccsetup.commands.outcome import Outcome
from ccsetup.commands.proof import Claim, route
from ccsetup.errors import BadAnswer, Problem
from ccsetup.model import Answers, Plan, Value, Who
from ccsetup.questions import target
from ccsetup.talk import Walk
from ccsetup.world import Look, Start, World, start_of


def run(world: World, options: Options) -> Outcome:
    """Set up access and clone; the outcome holds a Problem when a check failed."""
    look = looking(world, options)
    if world.prompt is not None:
        _greet(world, look)
    walk = Walk(
        access.flow, look, given=options.given, prompt=world.prompt, say=world.screen.note, defaults=options.yes
    )
    trail = walk.run()
    while True:
        answers = trail.answers
        _refuse_unused(options.given, answers)
        change = planned(world, answers, look)
        claim = claimed(answers, look)
        directory = _directory(world, answers, claim)
        _review(world, change, claim, directory)
        if options.dry_run:
            return reported(answers, change)
        if not options.yes and not decide(world):
            trail = change_an_answer(world, walk, trail)
            continue
        outcome, verdict = carry_out(world, answers, change, claim, directory, options)
        look.forget()
        if verdict.what == RETRY:
            trail = trail.mended("region", verdict.region).mended("repo", claim.target.name)
        elif verdict.what == CHANGE:
            trail = change_an_answer(world, walk, trail)
        else:
            return outcome


def _greet(world: World, look: Look) -> None:
    """Say what this is and what was found on this machine."""
    version, count = world.git.version(), len(look.profiles)
    there = f"{count or 'no'} AWS profile{'' if count == 1 else 's'}"
    facts = [
        (f"git {version}".strip(), bool(version)),
        ("git-remote-codecommit", bool(world.git.helper())),
        (there, True),
    ]
    world.screen.heading("AWS CodeCommit access, set up and cloned", facts)


def looking(world: World, options: Options) -> Look:
    """Read the files and return the questions' view of the machine. Raises Problem where botocore could not read."""
    texts = world.files.read()
    settings = config.read(texts.config or "", "config")
    secrets = config.read(texts.credentials or "", "credentials")
    for path, document in ((texts.config_path, settings), (texts.credentials_path, secrets)):
        if document.fault:
            raise Problem(
                f"{path}, line {document.fault.line}: {document.fault.says}",
                why="While that stands no AWS tool can read any profile. Nothing was written.",
                next="Mend that line, then run ccsetup again.",
                code=document.fault.code,
            )
    return Look(
        world,
        profiles=config.profiles(settings, secrets),
        sessions=config.sessions(settings),
        sections=access.sections_of,
        given=options.given,
        dry=options.dry_run,
    )


def planned(world: World, answers: Answers, look: Look) -> Plan:
    """Return what complete answers would write."""
    sections = access.sections_of(answers, look)
    return plan.make(answers.text("profile"), target(answers).region, sections, world.files.read(), access.OWN_KEYS)


def claimed(answers: Answers, look: Look) -> Claim:
    """Return what shall turn out true once the answers are written."""
    profile, at = answers.text("profile"), target(answers)
    who = look.who(profile, at.region, access.sections_of(answers, look))
    return Claim(profile, at.region, _sign_in(who, profile), access.expected(answers), at)


def _sign_in(who: Who, name: str) -> Start | None:
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


def _directory(world: World, answers: Answers, claim: Claim) -> Path | None:
    directory = cloning.folder(world, answers)
    if directory:
        cloning.is_this_clone(world, directory, claim.target)
    return directory


def _refuse_unused(given: Mapping[str, Value], answers: Answers) -> None:
    unused = [key for key in given if key not in answers]
    if unused:
        flags = {question.key: question.flag_name for question in access.flags()}
        names = ", ".join(flags.get(key) or "--" + key.replace("_", "-") for key in unused)
        raise BadAnswer(f"{names} does not go with the rest: {answers.text('kind')} does not ask for it here.")


def _review(world: World, change: Plan, claim: Claim, directory: Path | None) -> None:
    rows = []
    checks = ["identity" + (f" in account {claim.expected.account_id}" if claim.expected.account_id else "")]
    if claim.start:
        checks.insert(0, f"sign-in {claim.start.session or claim.start.url}")
    if claim.target.name:
        checks += [f"{claim.target.name} in {claim.region}", "git ls-remote"]
    rows.append(("check", " · ".join(checks)))
    if directory:
        rows.append(("clone", f"git clone {route(claim).url} {cloning.shown(world, directory)}"))
    world.screen.review([plan.diff(edit, world.home) for edit in change.edits], rows)
