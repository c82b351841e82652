"""The doctor with a team file: shows the differences and, with --fix, applies them after a review like `setup`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Edit, Plan
from ccsetup.core.regions import wants_fips
from ccsetup.core.result import Report
from ccsetup.core.text import inert
from ccsetup.doctor import diagnose, fix, render, repair
from ccsetup.doctor.diagnose import Diagnosis
from ccsetup.doctor.findings import Finding, Remedy
from ccsetup.doctor.gather import clone_at
from ccsetup.git.address import codecommit_url, https_url, parse
from ccsetup.team import compare
from ccsetup.team.compare import Difference, Standing
from ccsetup.team.contents import Place
from ccsetup.wizard import apply, checkout, team_setup
from ccsetup.wizard.options import Options
from ccsetup.wizard.team_memory import Joined, absolute, recalled
from ccsetup.wizard.team_offer import Received, inside, received

STOPPED = 3


def run(context: Context, team: str, options: fix.RepairOptions) -> Report:
    """Compare this computer with a team file, report, and fix what was requested.

    `team` is a path or URL, "" for the file that was set up here. The clones are where they were made.
    """
    joined = recalled(context, team)
    source = team or (joined.source if joined else "")
    found = received(context, source)
    do = f"ccsetup doctor --team{f' {quote(team)}' if team else ''} --fix"
    extra: list[Finding] = []
    if joined and joined.folder.is_dir():
        if joined.folder != context.cwd.absolute() or not team:
            context.screen.note(f"Comparing with {source}, set up in {joined.folder}.")
        extra = [*_left(context, found, joined)]
        found, context = found._replace(source=absolute(context, source)), replace(context, cwd=joined.folder)
    elif joined:
        context.screen.note(f"Comparing this folder with {source}, because {joined.folder} is gone.")
    seen, differs = _compared(context, found, do, extra)
    gone: list[Finding] = []
    refused: Report | None = None
    undecided = {
        it.entry.name for it in differs if it.finding.fix == "ask" and options.yes
    }  # the user can't confirm their identity
    wanted = [it for it in differs if it.finding.fix != "tell" and it.entry.name not in undecided]
    if options.fix and wanted:
        refused = _mended(context, found, wanted, seen, options)
        if not options.dry_run:
            before = _findings(differs)
            seen, differs = _compared(context, found, do, extra)
            left = {(it.finding.code, it.finding.says) for it in differs}
            gone = [it for it in before if (it.code, it.says) not in left]
    rows = render.rows(seen.findings, context.home, context.screen.room())
    as_it_is = f"This computer matches the team file for {found.team.name}."
    head = [(("bold", render.summary(seen)),), ()] if seen.findings else [(("bold", inert(as_it_is)),)]
    context.screen.painted([*head, *rows])
    problems = refused.document["problems"] if refused else []
    document = {**render.document(seen, gone), "problems": problems}
    if problems:
        return Report({**document, "ok": False}, refused.exit_code if refused else 1)
    return Report(document, STOPPED if seen.is_stopped else 0)


def _left(context: Context, found: Received, joined: Joined) -> Iterator[Finding]:
    """Yield a finding for each clone whose repository is no longer in the team file."""
    named = {place.name for place in found.team.repositories}
    folders = {joined.folder / place.folder for place in found.team.repositories}
    for name, folder in joined.clones.items():
        if name not in named and folder not in folders and _is_clone(context, folder):
            says = f"{name} is no longer in the team file. Its clone is still in {checkout.shown(context, folder)}."
            do = "Keep the clone if you need it. Otherwise push your work and delete the folder."
            yield Finding("team.left", "note", says, do=do)


def _is_clone(context: Context, folder: Path) -> bool:
    try:
        return context.files.occupied(folder) and bool(clone_at(context, folder).remote)
    except Problem:
        return False


def _compared(
    context: Context, found: Received, do: str, left: Sequence[Finding]
) -> tuple[Diagnosis, list[Difference]]:
    """Compare this computer with the file. Errors that keep tools from reading the AWS files are included."""
    facts = diagnose.begun(context, ())
    clones = {place.name: _standing(context, place) for place in found.team.repositories}
    differs = compare.differences(found.team, facts, clones, do)
    named = {it.answers.get("profile", "") for it in found.team.entries} & facts.profiles.keys()
    about = sorted(named | {it.finding.profile for it in differs} - {""})
    others = [it for it in diagnose.looked(facts) if it.code.startswith("file.") and it.severity == "stops"]
    return Diagnosis(facts, [*_findings(differs), *left, *others], about), differs


def _findings(differs: Sequence[Difference]) -> list[Finding]:
    """Return each finding once. One about missing repositories covers several differences."""
    found: list[Finding] = []
    for it in differs:
        found += [it.finding] if it.finding not in found else []
    return found


def _standing(context: Context, place: Place) -> Standing:
    try:
        folder = inside(context, place)
        if not context.files.occupied(folder):
            return Standing()
        there = parse(clone_at(context, folder).remote, context.env.get("CODE_COMMIT_ENDPOINT", ""))
    except (BadAnswer, Problem):
        return Standing(occupied=True)
    return Standing(True, there.repository == place.repo, there.profile, there.region)


def _mended(
    context: Context, found: Received, wanted: Sequence[Difference], seen: Diagnosis, options: fix.RepairOptions
) -> Report:
    """Set up what differs, with the wizard's review and verification, then correct the remotes of clones."""
    entries = list({it.entry.name: it.entry for it in wanted if it.finding.code != "team.remote"}.values())
    places = [it.place for it in wanted if it.place and it.finding.code == "team.repository"]
    report = Report({"problems": []})
    if entries:
        team = found.team._replace(entries=tuple(entries), repositories=tuple(places), note="")
        switches = Options({}, yes=options.yes, dry_run=options.dry_run)
        report = team_setup.set_up(
            context,
            found._replace(team=team),
            switches,
            team=found.team,
            moved=compare.moved(wanted, seen.facts),
        )
    edits = [_led(context, it) for it in wanted if it.place and it.finding.code == "team.remote"]
    if edits and not report.document["problems"]:
        fix.review(context, Plan("", "", edits=tuple(edits)), [it.finding for it in wanted if it.place])
        if not options.dry_run:
            if not options.yes:
                fix.agreed(context)
            written = apply.write(context, Plan("", "", edits=tuple(edits))).backups
            context.files.join([*map(Path, report.document.get("backups", ())), *written])
    return report


def _led(context: Context, it: Difference) -> Edit:
    """Return the edit to a clone's settings that sets its remote as in the file."""
    assert it.place is not None  # noqa: S101 — only called for clones
    folder = inside(context, it.place)
    clone = clone_at(context, folder)
    there = parse(clone.remote, context.env.get("CODE_COMMIT_ENDPOINT", ""))
    region = it.place.region or there.region
    if there.form == "codecommit":
        url = codecommit_url(it.place.repo, region, it.entry.answers.get("profile", ""))
    else:
        fips = there.fips or wants_fips(context.env, {})
        url = https_url(region, it.place.repo, context.env.get("CODE_COMMIT_ENDPOINT", ""), fips=fips)
    if not (moved := clone.moved(url)):
        what = f"The remote URL of {folder} isn't set in the clone's own configuration, so it wasn't changed."
        raise Problem(
            what,
            next=f"To find where it is set: git config --show-origin --get-all {quote(clone.url.key)}",
            code="git.remote",
        )
    after = repair.with_settings(clone, [Remedy("", replaced=moved)])
    return context.git.resettled(folder, repair.resettled(clone, after))
