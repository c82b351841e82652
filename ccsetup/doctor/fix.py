"""Repairs findings: safe ones directly, ambiguous ones after asking. All are reviewed, written together, rechecked."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from ccsetup.awsfiles import edit as editing
from ccsetup.awsfiles import plan, profile_identity, removals
from ccsetup.core import clock
from ccsetup.core.context import Context
from ccsetup.core.errors import ENDED, UNANSWERED, Cancelled, Missing, Problem
from ccsetup.core.missing_profile import has_section
from ccsetup.core.model import Asked, Choice, Edit, Plan, Receipt, Touched
from ccsetup.doctor import causes, client_proof, diagnose, render, repair
from ccsetup.doctor.diagnose import Diagnosis, looked
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import FIX, Finding, Remedy
from ccsetup.doctor.repair import Key, Repair

GO, OTHER, LEAVE, LEAVE_ALL = "go", "other", "leave", "leave all"
ROUNDS = 40
_RECENT = timedelta(days=1)  # how long after a change an error may come from it
TOLD = 12  # repairs listed one by one


class RepairOptions(NamedTuple):
    """What to check, and what to do about it. Without `profiles`, all are checked; `fix` asks unless `yes`."""

    profiles: Sequence[str] = ()
    fix: bool = False
    offline: bool = False
    modernize: bool = False
    yes: bool = False
    dry_run: bool = False


class Declined(Cancelled):
    """The person reviewed the repair and declined it."""


class Cure:
    """The repairs of one run: what was found before them, and what has been repaired so far, still unwritten."""

    def __init__(self, context: Context, before: Diagnosis, person: bool) -> None:
        self._context, self._person = context, person
        self._passed: set[Key] = set()  # already asked about, or without effect
        self._chosen: set[Key] = set()  # online findings whose repair a person chose
        self._touched: tuple[Touched, ...] = ()
        self._decided: set[str] = set()  # profiles whose identity changes, as a person decided
        self.before, self.repair = before, repair.of(before.facts)

    def mend(self) -> None:
        """Repair until nothing changes: all safe repairs, then one question, then all safe repairs again."""
        self._safe()
        while finding := self._next(looked(self.repair.facts)):
            self._ask(finding)
            self._safe()

    def ask_aws(self) -> None:
        """Ask AWS with the repaired profiles, and offer the repairs that follow from its answers."""
        facts = self.repair.facts
        unchanged = facts == self.before.facts  # git reads the files on disk, which aren't repaired yet
        seen = diagnose.asking(self._context, diagnose.offline(facts), by_git=unchanged)
        here = [it._replace(line=self.repair.key(it)[3]) for it in seen.online]
        was = self.before
        self.before = replace(seen, facts=was.facts, offline=was.offline, names=was.names, online=here)
        while finding := self._next(seen.online):
            if self._ask(finding):
                self._chosen.add(self.repair.key(finding))

    def promised(self) -> list[Finding]:
        """Return the findings that the repair should resolve, as far as is known before it is written."""
        return self.gone([*looked(self.repair.facts), *(it for it in self.before.online if not self._is_chosen(it))])

    def proven(self, after: Diagnosis) -> list[Finding]:
        """Return the findings that are gone after writing; none of git's if its settings aren't as planned."""
        wanted, there = self.repair.facts.clone, after.facts.clone
        as_wanted = wanted == there or (wanted and there and sorted(wanted.own) == sorted(there.own))
        return [it for it in self.gone(after.findings) if as_wanted or not it.code.startswith("git.")]

    def gone(self, left: Sequence[Finding]) -> list[Finding]:
        """Return the earlier findings that were repaired, which means that they aren't among those left."""
        there, gone = Counter(self.repair.key(finding) for finding in left), []
        shared = {(finding.code, name) for finding in left for name in finding.also}
        for finding in self.before.findings:
            key = _known_by(finding)
            if there[key]:
                there[key] -= 1
            elif finding.fix == "tell" and (finding.code, finding.profile) in shared:
                continue  # now reported once, for all profiles that share it
            elif finding not in self.before.online or self._is_chosen(finding):
                gone.append(finding)
        return gone

    def _is_chosen(self, finding: Finding) -> bool:
        return _known_by(finding) in self._chosen

    def _safe(self) -> None:
        for _ in range(ROUNDS):
            found = [it for it in looked(self.repair.facts) if it.fix == "auto" and it.remedies]
            found.sort(key=lambda it: not it.code.startswith("file."))  # first the lines, then the values in them
            wanted = [(it, it.remedies[0]) for it in found if self.repair.key(it) not in self._passed]
            if not wanted or not self._take(wanted):
                return

    def _next(self, findings: Sequence[Finding]) -> Finding | None:
        """Return the next finding to ask the person about; None if there is none, or no person."""
        open_ = (it for it in findings if it.fix == "ask" and render.mendable(it))
        return next((it for it in open_ if self._person and self.repair.key(it) not in self._passed), None)

    def _ask(self, finding: Finding) -> bool:
        """Ask the person how to repair a finding. Return whether it was repaired."""
        self._passed.add(self.repair.key(finding))
        remedy = self._answered(finding)
        if remedy is None:
            return False
        if taken := self._take([(finding, remedy)], decided=True):
            return taken
        self._context.screen.note("That repair would change the meaning of other sections, so nothing was changed.")
        return False

    def _answered(self, finding: Finding) -> Remedy | None:
        """Return the remedy that the person chooses; None to leave the finding as it is."""
        if not finding.remedies:
            return self._typed(finding)
        choices = [Choice(str(n), it.label, it.hint) for n, it in enumerate(finding.remedies)]
        choices += [Choice(OTHER, "Something else …")] if finding.wanted else []
        choices += [Choice(LEAVE, "Leave as is"), Choice(LEAVE_ALL, "Leave this and everything else as is")]
        place = render.place(finding, self._context.home)
        why = ": ".join(filter(None, (place, finding.because)))
        answer = self._put(Asked(finding.code, finding.says, "choose", why, tuple(choices), choices[0].value))
        self._person &= answer != LEAVE_ALL
        return (
            self._typed(finding) if answer == OTHER else finding.remedies[int(answer)] if answer.isdecimal() else None
        )

    def _typed(self, finding: Finding) -> Remedy | None:
        wanted = finding.wanted
        if wanted is None:
            return None
        place = render.place(finding, self._context.home)
        why = f"{place}: {finding.says} Leave empty to skip this repair.".removeprefix(": ")
        parse = lambda text: wanted.parse(text) if text.strip() else ""  # noqa: E731
        answer = self._put(Asked(finding.code, wanted.ask, "text", why, parse=parse, optional=True))
        return wanted.remedy(answer) if answer else None

    def _put(self, asked: Asked) -> str:
        """Ask the person a question. Return "" if they press Esc."""
        assert self._context.prompt is not None  # noqa: S101 — only a person is asked
        answer = self._context.prompt.ask(asked)
        return answer if isinstance(answer, str) else ""

    def _take(self, wanted: Sequence[tuple[Finding, Remedy]], decided: bool = False) -> bool:
        """Apply the remedies that can be combined and that harm nothing. Return whether anything changed.

        A remedy that changes a profile's identity is only applied if a person `decided` on it.
        """
        apart = repair.apart((remedy for _, remedy in wanted), self.repair.facts.texts.shared)
        after = self.repair.plus(apart)
        others = profile_identity.others(self.repair.facts.texts, after.facts.texts, self.repair.facts.named)
        harm = repair.harm(self.repair, after, apart) or client_proof.broken(self.repair.facts, after.facts)
        if not harm and (decided or not others):
            changed = after.facts != self.repair.facts
            if not changed:
                self._passed.update(self.repair.key(finding) for finding, _ in wanted)
            self._touched += self.repair.traced(repair.touching(self.repair, after, apart))
            self._decided.update(others)
            self.repair = after
            return changed
        if len(wanted) == 1:
            self._passed.add(self.repair.key(wanted[0][0]))
            return False
        return self._take(wanted[:1], decided) or self._take(wanted[1:], decided)

    def planned(self) -> Plan:
        """Return the plan that writes the repair. Raises Problem if AWS's parser would reject the result."""
        edits = _edits(self._context, self.before.facts, self.repair)
        files = dict.fromkeys(it.file for it in self._touched)
        touched = tuple(
            Touched(
                file,
                frozenset(n for it in self._touched if it.file == file for n in it.lines),
                frozenset(name for it in self._touched if it.file == file for name in it.sections),
            )
            for file in files
        )
        shared = self.before.facts.texts.shared
        return Plan("", "", (), edits, touched, frozenset(self._decided), shared)


def _known_by(finding: Finding) -> Key:
    """Return the key of an earlier finding; its line is the original line."""
    return finding.code, finding.profile, str(finding.path or ""), finding.line


def _edits(context: Context, before: Facts, after: Repair) -> tuple[Edit, ...]:
    edits: list[Edit] = []
    for file, text in after.texts.items():
        old = getattr(before.texts, file)
        mode = after.modes.get(before.path(file))
        if text.text != old or mode is not None:
            if after.facts.as_is(file).fault is None:
                editing.parse(text.text)
            edits.append(Edit(before.path(file), old, text.text, file, mode))
    edits += [
        Edit(path, before.found.get(path), before.found.get(path), mode=mode)
        for path, mode in after.modes.items()
        if path not in [edit.path for edit in edits] and path not in after.removed
    ]
    edits += [Edit(path, before.found.get(path), None) for path in after.removed if before.found.get(path) is not None]
    if before.clone and (wanted := repair.resettled(before.clone, after.facts.clone)):
        edits.append(context.git.resettled(before.clone.folder, wanted))
    return tuple(edits)


def review(context: Context, change: Plan, gone: Sequence[Finding]) -> None:
    """Show what would be written and what that would repair."""
    diffs = [text for edit in change.edits if (text := plan.diff(edit, context.home))]
    modes = [(edit.path, edit.mode) for edit in change.edits if edit.mode is not None]
    rows = [("mode", f"{render.shown(path, context.home)}   {mode:04o}") for path, mode in modes]
    rows += removals.rows(change.edits, change.decided)
    rows += [("repairs" if not n else "", f"{what}   {code}") for n, (what, code) in enumerate(_in_short(gone))]
    context.screen.review(diffs, rows)


def agreed(context: Context) -> None:
    """Ask for confirmation. Raises Cancelled if declined, Missing if there is no one to ask."""
    if context.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to make the repairs, or --dry-run to preview them.")
    choices = (Choice(GO, "Yes, make the repairs"), Choice("cancel", "Cancel", "change nothing"))
    if context.prompt.ask(Asked("repair", "Write these changes?", "choose", choices=choices, default=GO)) != GO:
        raise Declined


def write(context: Context, change: Plan) -> Receipt:
    """Write the plan. Raises Problem(code="file.changed") if another program changed a file meanwhile."""
    try:
        return context.files.apply(change)
    except Problem as problem:
        if problem.code == "file.changed":
            problem.next = f"Try again: {FIX}"
        raise


def tell(context: Context, change: Plan, gone: Sequence[Finding], left: Sequence[Finding]) -> None:
    """Report what was written, what that repaired, and what is still wrong with the same profiles, after the check."""
    paths = ", ".join(render.shown(edit.path, context.home) for edit in change.edits)
    context.screen.done("wrote", paths, "undo: ccsetup undo")
    for what, code in _in_short(gone):
        context.screen.done("repaired", what, code)
    for line in _still(gone, left):
        context.screen.note(line)
    context.screen.say("")


def _still(gone: Sequence[Finding], left: Sequence[Finding]) -> Iterator[str]:
    """Yield for each repaired profile, and each refused file, which errors and warnings remain."""
    names = dict.fromkeys(it.profile for it in gone if it.profile)
    those = [it for it in left if it.severity != "note" and (it.profile in names or it.refuses)]
    for name in [*dict.fromkeys(it.profile for it in those)][:TOLD]:
        codes = ", ".join(dict.fromkeys(it.code for it in those if it.profile == name))
        yield f"{name or 'This computer'} still has: {codes}."


def _in_short(gone: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield each repair as a sentence and its code. If there are many, yield one per code."""
    count = Counter(finding.code for finding in gone)
    for finding in {it.code: it for it in reversed(gone)}.values() if len(gone) > TOLD else gone:
        more = count[finding.code] - 1 if len(gone) > TOLD else 0
        yield finding.says + (f" And {more:,} more." if more else ""), finding.code


class Case:
    """The state of one doctor run: the latest diagnosis, and what was repaired before it."""

    def __init__(self) -> None:
        self.seen: Diagnosis | None = None
        self.gone: Sequence[Finding] = ()

    def document(self) -> dict[str, object]:
        """Return the JSON document."""
        if self.seen is None:
            return {"ok": False, "findings": [], "profiles": [], "problems": []}
        return render.document(self.seen, self.gone)


def visit(context: Context, options: RepairOptions, case: Case) -> None:
    """Check, repair if asked to, and show the findings that are left. Raises Problem; `case` holds the rest."""
    gc.disable()  # what is read and found here is needed until the end
    facts = diagnose.begun(context, options.profiles, options.modernize)
    case.seen = diagnose.offline(facts if options.offline else diagnose.placed(context, facts))
    if options.fix or not options.offline:
        gc.enable()
    if options.fix and not causes.is_elsewhere(case.seen.facts, case.seen.findings):
        _repaired(context, options, case, case.seen)
    elif not options.offline:
        case.seen = diagnose.asking(context, case.seen)
    room = context.screen.room()
    rows = render.rows(case.seen.shown, context.home, room)
    context.screen.painted(
        [*render.opening(case.seen, room), *rows, *render.ending(case.seen, room, options.fix, options.yes)]
    )
    _name_undo(context, case.seen)


def _name_undo(context: Context, seen: Diagnosis) -> None:
    """Name `ccsetup undo` if a profile has an error since ccsetup changed it lately, and the change can be undone.

    Not for errors that no change to a file causes, nor where nothing would be left of the profile.
    """
    latest = None
    with suppress(Problem):  # the backups can't be read
        latest = next((it for it in context.files.changes() if not it.undoing), None) if seen.is_stopped else None
    if latest is None or context.now() - latest.at > _RECENT:
        return
    blamed = diagnose.stopped(it for it in seen.findings if it.code not in ENDED | UNANSWERED)
    if latest.profile not in blamed or not any(has_section(it.before or "", latest.profile) for it in latest.edits):
        return
    if any(context.files.now(edit) == edit.after != edit.before for edit in latest.edits):
        at = clock.local(latest.at, context.now())
        did = f"{latest.command or 'ccsetup'} changed {latest.profile} at {at}"
        context.screen.note(f"{did}. If that caused the error, undo it: ccsetup undo")


def _repaired(context: Context, options: RepairOptions, case: Case, before: Diagnosis) -> None:
    """Plan the repairs, write them all at once after a yes, and count them as done only if the checks then pass."""
    cure = Cure(context, before, person=bool(context.prompt and not options.yes))
    cure.mend()
    if not options.offline:
        cure.ask_aws()
    case.seen = cure.before
    change = cure.planned()
    if not change.edits:
        if not options.dry_run:
            context.files.tidy()
        return
    review(context, change, cure.promised())
    if options.dry_run:
        return
    if not options.yes:
        agreed(context)
    write(context, change)
    after = diagnose.offline(diagnose.begun(context, options.profiles, options.modernize))
    after = after if options.offline else diagnose.asking(context, after)
    case.seen, case.gone = after, cure.proven(after)
    tell(context, change, case.gone, after.findings)
    if worse := [name for name in after.names if name in after.stopped - before.stopped]:
        context.screen.note(f"{' and '.join(worse)} had no error before. To undo the repair: ccsetup undo")
