"""Sets up a team file: shows what it would do, asks what is missing, then reviews, writes, verifies and clones."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ccsetup import access
from ccsetup.access.questions import profile_name
from ccsetup.access.source_profile import source_name
from ccsetup.awsfiles import plan, removals
from ccsetup.core.context import AwsTexts, Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import MACHINE, Answers, Asked, Choice, Corrected, Edit, Plan, Section, Target, Told, Value
from ccsetup.core.question import Question
from ccsetup.core.result import Outcome, Report
from ccsetup.git.transport import Way
from ccsetup.team import profiles, rules, ways
from ccsetup.team import rules as team_rules
from ccsetup.team.contents import Entry, Place, Team
from ccsetup.wizard import (
    after_clone,
    apply,
    checkout,
    flow,
    installation_offer,
    next_step,
    review,
    team_memory,
    team_offer,
    team_takeover,
)
from ccsetup.wizard.clone_request import Wish, way
from ccsetup.wizard.engine import Trail, Walk
from ccsetup.wizard.options import Options, looking, refuse_unused
from ccsetup.wizard.review import CHANGE, RETRY, change_an_answer, decide
from ccsetup.wizard.team_clones import Got, Wanted, clone_all, folder_of
from ccsetup.wizard.team_offer import SHOWN, Received, chosen_of, needed_for, places_of, reached
from ccsetup.wizard.verify import Claim, route
from ccsetup.wizard.welcome import greet

if TYPE_CHECKING:
    from ccsetup.core.context import Git

Taken = Callable[[], Mapping[str, str]]  # the profiles of other accesses, with their labels
Asking = Callable[[Question], Question]
Clones = Mapping[str, Sequence[Wanted]]  # by the name of the access
OF_CLONES = ("repo", "branch", "directory", "no_clone", "via", "helper")  # flags about repositories

_LONGEST = 64  # characters of a session name


@dataclass
class Job:
    """One access of the file: its questions, the repositories to clone with it, and what it would write."""

    entry: Entry
    places: list[Place]
    walk: Walk
    trail: Trail
    change: Plan = field(default_factory=lambda: Plan("", ""))

    @property
    def answers(self) -> Answers:
        """The current answers."""
        return self.trail.answers


def run(context: Context, found: Received, options: Options, named: str = "") -> Report:
    """Set up what the file describes, and clone. The report contains every Problem."""
    clones = {key: options.given[key] for key in OF_CLONES if key in options.given}
    wished = places = places_of(found, clones)
    if context.prompt is not None:
        greet(context, looking(context, options))
        if not options.yes and not options.dry_run:
            installation_offer.offer(context)
    chosen = chosen_of(context, found, places, options, named)
    places = reached(context, found, chosen, places)
    entries = needed_for(found, chosen, places)
    team_offer.show(context, found, entries, places)
    jobs = _walked(context, options, entries, places, chosen, found.team)
    report = _carried_through(context, found, options, jobs, clones)
    left = [place for place in wished if place.name not in {it.name for it in places}]
    missed = [{"name": place.name, "access": [*place.accesses]} for place in left]
    return Report({**report.document, "team": {**report.document["team"], "not_reached": missed}}, report.exit_code)


def set_up(context: Context, found: Received, options: Options, team: Team, moved: Collection[str]) -> Report:
    """Set up every access of a file, and each repository with the access that it names.

    `team` is the whole file, `moved` the sso-sessions whose start URL may change.
    """
    entries = needed_for(found, None, [Place("", access=entry.name) for entry in found.team.entries])
    jobs = _walked(context, options, entries, found.team.repositories, None, team, moved)
    return _carried_through(context, found, options, jobs, {})


def _carried_through(
    context: Context, found: Received, options: Options, jobs: Sequence[Job], clones: Mapping[str, Value]
) -> Report:
    """Review until the user confirms, then apply."""
    git = checkout.finding_git(context) if any(job.places for job in jobs) else context.git
    while True:
        wanted = _planned(context, options, jobs, clones)
        if options.yes or context.prompt is None:
            for job in jobs:
                team_takeover.refuse(context, job.change, job.entry.name)
        unfold = _review(context, jobs, wanted, fold=not options.yes and not options.dry_run)
        if options.dry_run:
            return _report(found, [apply.reported(job.answers, job.change) for job in jobs], [])
        writes = any(job.change.edits for job in jobs)
        if options.yes or decide(context, "Write these changes?" if writes else "Go ahead?", unfold=unfold):
            return _carried_out(context, found, options, jobs, wanted, git)
        _change(context, jobs)


# What is left to ask


def _walked(
    context: Context,
    options: Options,
    entries: Sequence[Entry],
    places: Sequence[Place],
    chosen: Entry | None,
    team: Team,
    moved: Collection[str] = (),
) -> list[Job]:
    """Ask what the file and the flags don't answer, one access at a time."""
    jobs: list[Job] = []
    planned: list[Section] = []
    main_one = chosen or entries[-1]  # the one that flags and a paste refer to
    shared_out = _shared_out(options, entries, main_one)
    names, starts = profiles.names(team.entries), ways.starts(team)
    for entry in entries:
        own = [it for it in places if it.access == entry.name]
        mine, given = entry is main_one, shared_out[entry.name]
        pasted = {k: v for k, v in options.pasted.items() if mine and k not in OF_CLONES}
        look = looking(context, Options({"kind": entry.kind, "no_clone": "yes", **given}, dry_run=options.dry_run))
        here, others = {*look.profiles}, [it for it in entries if it is not entry and profiles.differ(it, entry)]
        _with(look, planned)
        look.sessions = {name: there for name, there in look.sessions.items() if name not in moved}
        team_offer.let_run(context, entry, look, options.yes)
        taken = partial(_taken, others, jobs)
        beside = [job for job in jobs if starts[job.entry.name] == starts[entry.name]]
        known: Mapping[str, Asking] = {
            "profile": partial(_called, entry=entry, usual=names[entry.name], here=here, taken=taken),
            "source_profile": partial(_started_as, beside=beside),
            "role_session_name": partial(_as_person, entry=entry, jobs=jobs, usual=partial(_person, context)),
        }
        walk = Walk(
            partial(_flow, known),
            look,
            given=look.given,
            brought={"--paste": pasted, "--team": _brought(entry, own)},
            prompt=context.prompt,
            say=context.screen.note,
            defaults=options.yes,
        )
        job = Job(entry, own, walk, walk.run())
        refuse_unused(given, job.answers, entry.kind)
        planned += access.sections_of(job.answers, look)
        jobs.append(job)
    return jobs


def _shared_out(options: Options, entries: Sequence[Entry], main_one: Entry) -> dict[str, dict[str, Value]]:
    """Return the flags for each access. Flags that the main one's kind never asks for go to its sources."""
    flags = {key: value for key, value in options.given.items() if key not in (*OF_CLONES, "kind")}
    asked = {it.name: {question.key for question in access.asked_by(access.of(it.kind))} for it in entries}
    own = asked[main_one.name] | (flags.keys() - {key for keys in asked.values() for key in keys})
    return {
        it.name: {key: value for key, value in flags.items() if (key in own) == (it is main_one)
                  and (it is main_one or key in asked[it.name])}
        for it in entries
    }  # fmt: skip


def _flow(known: Mapping[str, Asking], answers: Answers) -> tuple[Question, ...]:
    """Return the questions. The profile name isn't asked for, since it can be changed at the review."""
    own = known if answers.text("kind") != "existing" else {}
    return tuple(own[q.key](q) if q.key in own else q for q in flow.questions(answers))


def _started_as(question: Question, beside: Sequence[Job]) -> Question:
    """Return the question for the source profile. Accesses with the same start have the same one, asked once."""

    def known(answers: Answers, look: Look) -> str | None:
        said = (source_name(job.answers) or job.answers.text(question.key) for job in beside)
        return next(filter(None, said), None) or (question.known(answers, look) if question.known else None)

    return question._replace(known=known)


def _as_person(question: Question, entry: Entry, jobs: Sequence[Job], usual: Callable[[], str]) -> Question:
    """Return the question for a role's session name, so that CloudTrail names the person. It is asked once."""
    if entry.kind != "role":
        return question

    def known(answers: Answers, look: Look) -> str | None:
        if answers.text("source_profile").startswith(MACHINE):
            return ""  # the session of a computer
        said = (it.answers.text(question.key) for it in jobs if question.key not in it.entry.answers)
        there = look.profiles.get(profiles.told(entry), {}).get(question.key, "")
        return there or next(filter(None, said), None)

    return question._replace(known=known, default=lambda answers, look: usual())


def _person(context: Context) -> str:
    """Return the email address that git uses for commits as a session name, "" if there is none."""
    told = context.env.get("GIT_AUTHOR_EMAIL", "")
    with suppress(Problem):  # git is missing, or can't read its settings
        told = told or dict(context.git.machine_settings()).get("user.email", "")
    name = re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", told)[:_LONGEST]
    return name if len(name) > 1 else ""


def _taken(others: Sequence[Entry], jobs: Sequence[Job]) -> Mapping[str, str]:
    """Return the profiles of the other accesses of this join, each with the label of its access."""
    walked = {job.entry.name: job.answers.text("profile") for job in jobs}
    return {walked.get(it.name) or profiles.told(it): it.label for it in others}


def _as_said(name: str, answers: Answers) -> str:
    return name


def _called(question: Question, entry: Entry, usual: str, here: Collection[str], taken: Taken) -> Question:
    """Return the question for the profile name, answered by the file, or else by a name that no other access has.

    `usual` is the name that the file leads to, `here` are the profiles on this computer before the join.
    """
    kind = access.of(entry.kind)

    def name(answers: Answers, look: Look) -> str | None:
        first = rules.filled(entry.answers.get("profile", ""), answers)
        default = question.default(answers, look) if question.default and not first else None
        if default in here and default not in taken():
            return default  # an earlier join has set it up
        wanted = first or usual or profiles.plain(kind.suggest(answers)) or "codecommit"
        for short in (wanted, *profiles.longer(wanted, answers)):
            as_named = profile_name(kind._replace(suggest=partial(_as_said, short))).default
            found = short if first else as_named(answers, look) if as_named else None
            if found and found not in taken():
                return found
        return next(it for n in range(2, 999) if (it := f"{wanted}-{n}") not in (*taken(), *look.profiles))

    def settle(value: Value, answers: Answers, look: Look) -> Value | Corrected | Told | None:
        if other := taken().get(str(value)):
            raise BadAnswer(
                f"{value} is the profile for another access of the team file ({other}). Choose another name, for"
                f" example, {value}-2."
            )
        return question.settle(value, answers, look) if question.settle else None

    return question._replace(known=name, settle=settle)


def _brought(entry: Entry, places: Sequence[Place]) -> Mapping[str, Value]:
    """Return the answers in a file, including those that it gives by leaving a setting out."""
    silent: dict[str, Value] = dict.fromkeys(team_rules.unsaid(access.of(entry.kind)), "")
    told = {key: value for key, value in entry.answers.items() if key not in OF_CLONES}
    if rules.is_pattern(told.get("profile", "")):
        del told["profile"]
    region = next((place.region for place in places if place.region), "")
    of_one = {"repo": places[0].repo} if entry.kind == "federation" and places else {}
    return {**silent, **({"region": region} if region else {}), **of_one, **told}


def _with(look: Look, sections: Sequence[Section]) -> None:
    """Add what an earlier access of the same file would write to the lookups."""
    who = look.who("", "", sections)
    look.profiles = {name: {k: str(v) for k, v in there.items()} for name, there in (who.profiles or {}).items()}
    look.sessions = {name: {k: str(v) for k, v in there.items()} for name, there in (who.sessions or {}).items()}


# The plan


def _planned(
    context: Context, options: Options, jobs: Sequence[Job], clones: Mapping[str, Value]
) -> dict[str, list[Wanted]]:
    """Plan each access on top of the ones before it. Returns the clones of each, by the name of the access."""
    wanted: dict[str, list[Wanted]] = {}
    texts = context.files.read()
    for job in jobs:
        job.change = review.planned(context, job.answers, job.walk.look, not options.yes, texts)
        texts = _after(texts, job.change)
        claim, ways = _claim(job), dict[tuple[str, str], Way]()
        wanted[job.entry.name] = [_wanted(context, job, claim, place, clones, options, ways) for place in job.places]
    return wanted


def _after(texts: AwsTexts, change: Plan) -> AwsTexts:
    """Return the texts of both files as they will be once a plan is written."""
    for edit in change.edits:
        if edit.path == texts.config_path:
            texts = texts._replace(config=edit.after)
        if edit.path == texts.credentials_path:
            texts = texts._replace(credentials=edit.after)
    return texts


def _claim(job: Job) -> Claim:
    """Return the claim to verify for an access itself."""
    claim = review.claimed(job.answers, job.walk.look)
    return replace(claim, target=Target(region=claim.region))


def _wanted(
    context: Context,
    job: Job,
    claim: Claim,
    place: Place,
    clones: Mapping[str, Value],
    options: Options,
    ways: dict[tuple[str, str], Way],
) -> Wanted:
    """Return one repository to clone. `ways` caches the transport for each combination of settings."""
    region = str(options.given.get("region", "")) or place.region or claim.region
    branch = team_rules.branch(str(clones["branch"])) if "branch" in clones else place.branch
    via, helper = (
        str(clones.get(key, "")) or told or job.entry.answers.get(key, "")
        for key, told in (("via", place.via), ("helper", place.helper))
    )
    target = Target(place.repo, region, "", str(branch), str(clones.get("directory", "")))
    if (via, helper) not in ways:
        look = job.walk.look
        ways[via, helper] = Way(
            *way(context, look, Wish(place.repo, target, via=via, helper=helper, yes=True), claim.profile),
            fips=claim.way.fips,
            dualstack=claim.way.dualstack,
        )
        look.given = job.walk.given
    return Wanted(
        place,
        replace(claim, region=region, target=target, branch=str(branch), way=ways[via, helper]),
        fixed=bool(place.region) or "region" in options.given,
    )


def _review(
    context: Context, jobs: Sequence[Job], wanted: Mapping[str, Sequence[Wanted]], fold: bool = True
) -> review.Unfold:
    """Show what will be checked, every clone, and the differences of all accesses.

    Returns a function that shows all differences, None if nothing is hidden.
    """
    edits = _whole(jobs)
    diffs = [plan.diff(edit, context.home) for edit in edits]
    rows = [("write", review.written([job.change for job in jobs]))] if edits else []
    for job in jobs:
        claim = _claim(job)
        account = f" in account {claim.expected.account_id}" if claim.expected.account_id else ""
        start = f"sign-in {claim.start.session or claim.start.url} · " if claim.start else ""
        rows.append(("check", f"{claim.profile}: {start}identity{account}"))
        for one in wanted[job.entry.name][:SHOWN]:
            rows.append(
                ("fetch" if _is_there(context, one) else "clone", f"{route(context, one.claim).url} {one.folder}")
            )
        if len(wanted[job.entry.name]) > SHOWN:
            rows.append(("clone", f"and {len(wanted[job.entry.name]) - SHOWN} more"))
    decided = {name for job in jobs for name in job.change.decided}
    rows += removals.rows(edits, decided)
    hidden = context.screen.review([diff for diff in diffs if diff], rows, fold)
    return (lambda: _review(context, jobs, wanted, fold=False)) if hidden else None


def _whole(jobs: Sequence[Job]) -> list[Edit]:
    """Return what all accesses change, one edit for each file."""
    found: dict[Path, Edit] = {}
    for edit in (edit for job in jobs for edit in job.change.edits):
        first = found.get(edit.path, edit)
        found[edit.path] = edit._replace(before=first.before)
    return list(found.values())


def _is_there(context: Context, one: Wanted) -> bool:
    try:
        return context.files.occupied(folder_of(context, one))
    except Problem:  # reported when this one is cloned
        return False


def _change(context: Context, jobs: Sequence[Job]) -> None:
    """Let the user change an answer. If there are several accesses, ask which one."""
    assert context.prompt is not None  # noqa: S101 — this was chosen at a prompt
    picked: object = jobs[0].entry.name
    if len(jobs) > 1:
        choices = tuple(Choice(job.entry.name, job.entry.label, job.answers.text("profile")) for job in jobs)
        picked = context.prompt.ask(
            Asked("which", "Which access do you want to change?", "choose", choices=choices, default=str(picked))
        )
    for job in jobs:
        if job.entry.name == picked:
            job.trail = change_an_answer(context, job.walk, job.trail, settled=OF_CLONES)


# Apply


def _carried_out(
    context: Context, found: Received, options: Options, jobs: Sequence[Job], wanted: Clones, git: Git
) -> Report:
    """Write and verify each access, then clone. If an access fails, only its own repositories are skipped.

    No clone is made before all profiles are written, so git uses them as it will from then on.
    """
    outcomes: list[Outcome] = []
    try:
        for job in jobs:
            outcomes.append(_proven(context, options, job))
        works = [(one, it) for job, it in zip(jobs, outcomes, strict=True) for one in wanted[job.entry.name]]
        got = clone_all(context, git, works)
    finally:  # one undo for all of them, even after Ctrl-C
        backups = context.files.join([path for it in outcomes for path in it.backups])
    outcomes = [replace(it, backups=backups if number == 0 else ()) for number, it in enumerate(outcomes)]
    if any(not it.problems for it in outcomes):
        clones = {it.place.name: it.outcome.cloned.directory for it in got if it.outcome.cloned}
        team_memory.remember(context, found, clones)
    for it in got:
        if it.outcome.cloned:
            after_clone.see_to_name(context, git, it.outcome.cloned.directory, it.outcome, None)
            break
    _tell_next(context, jobs, outcomes, got)
    if found.team.note:
        context.screen.say(f" Note   {found.team.note}")
    return _report(found, outcomes, got)


def _proven(context: Context, options: Options, job: Job) -> Outcome:
    """Write and verify one access, again each time the user changes an answer."""
    while True:
        job.change = review.planned(context, job.answers, job.walk.look, not options.yes)
        outcome, verdict = apply.carry_out(context, job.answers, job.change, _claim(job), None, options)
        job.walk.look.forget()
        if verdict.what not in (CHANGE, RETRY):
            return outcome
        job.trail = change_an_answer(context, job.walk, job.trail, verdict.about, OF_CLONES)
        job.change = review.planned(context, job.answers, job.walk.look, not options.yes)
        unfold = _review(context, [job], {job.entry.name: []})
        if not decide(context, unfold=unfold):
            job.trail = change_an_answer(context, job.walk, job.trail, settled=OF_CLONES)


def _tell_next(context: Context, jobs: Sequence[Job], outcomes: Sequence[Outcome], got: Sequence[Got]) -> None:
    cloned = [it.outcome.cloned for it in got if it.outcome.cloned]
    if len(cloned) == 1:
        next_step.tell_ready(context, cloned[0].directory, cloned[0].route.name)
    elif cloned:
        needs = next(filter(None, (installation_offer.before_git(context, it.route.name) for it in cloned)), "")
        works = f"git pull and git push work as usual in all {len(cloned)} clones."
        context.screen.say(f" Ready. {needs or works}")
    told: set[object] = set()
    for job, outcome in zip(jobs, outcomes, strict=True):
        claim = _claim(job)
        if not outcome.problems and (claim.start or claim.profile) not in told:
            there = {key: value for section in job.change.sections for key, value in section.settings.items()}
            next_step.tell_end(context, claim, there)
            told.add(claim.start or claim.profile)


def _report(found: Received, outcomes: Sequence[Outcome], got: Sequence[Got]) -> Report:
    """Return the JSON document of setup for the last access and the first clone, with the team's part."""
    problems = dict.fromkeys(problem for it in (*outcomes, *(one.outcome for one in got)) for problem in it.problems)
    whole = next((one.outcome for one in got if one.outcome.cloned), None)
    last = outcomes[-1]
    outcome = replace(
        last,
        edits=[edit for it in outcomes for edit in it.edits],
        backups=[path for it in outcomes for path in it.backups],
        repository=whole.repository if whole else None,
        cloned=whole.cloned if whole else None,
        problems=tuple(problems),
    )
    team = {"name": found.team.name, "from": found.source.partition("?")[0], "note": found.team.note or None,
            "repositories": [it.document() for it in got], "not_reached": []}  # fmt: skip
    return Report({**outcome.document(), "team": team}, outcome.report().exit_code)
