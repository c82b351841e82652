"""Findings repaired: what is safe at once, what has two readings by asking; checked again, reviewed, written as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ccsetup import checks, config, plan, repair
from ccsetup.errors import Cancelled, Missing, Problem
from ccsetup.facts import Facts
from ccsetup.model import Asked, Back, Choice, Edit, Finding, Plan, Receipt, Remedy
from ccsetup.repair import Key, Repair
from ccsetup.world import World

GO, LEAVE = "go", "leave"
ROUNDS = 40


@dataclass(frozen=True)
class Cure:
    """What a run repaired: the findings that are gone, and those that are there afterwards."""

    gone: tuple[Finding, ...]
    left: tuple[Finding, ...]
    receipt: Receipt | None = None


class Ward:
    """One run's repairs: what may be repaired, what was answered, what was found not to help."""

    def __init__(self, world: World, facts: Facts, ask: bool) -> None:
        self._world, self._ask = world, ask
        self._passed: set[Key] = set()  # asked about, or without effect
        self.repair = repair.of(facts)

    def mend(self) -> None:
        """Repair until nothing changes: all that is safe, then one question, then what is safe again."""
        self._safe()
        while self._ask and (finding := self._next()):
            self._passed.add(self.repair.key(finding))
            if remedy := _answered(self._world, finding):
                self._take([(finding, remedy)])
                self._safe()

    def _safe(self) -> None:
        for _ in range(ROUNDS):
            found = [it for it in checks.offline(self.repair.facts) if it.fix == "auto" and it.remedies]
            found.sort(key=lambda it: not it.code.startswith("file."))  # lines first, then what they say
            wanted = [(it, it.remedies[0]) for it in found if self.repair.key(it) not in self._passed]
            if not wanted or not self._take(wanted):
                return

    def _next(self) -> Finding | None:
        for finding in checks.offline(self.repair.facts):
            open_ = finding.fix == "ask" and (finding.remedies or finding.wanted)
            if open_ and self.repair.key(finding) not in self._passed:
                return finding
        return None

    def _take(self, wanted: Sequence[tuple[Finding, Remedy]]) -> bool:
        """Apply what can be applied together and harms nothing; say whether anything changed."""
        apart = repair.apart(remedy for _, remedy in wanted)
        after = self.repair.plus(apart)
        if not repair.harm(self.repair, after, apart):
            changed = after.facts != self.repair.facts
            if not changed:
                self._passed.update(self.repair.key(finding) for finding, _ in wanted)
            self.repair = after
            return changed
        if len(wanted) == 1:
            self._passed.add(self.repair.key(wanted[0][0]))
            return False
        return self._take(wanted[:1]) or self._take(wanted[1:])


def _answered(world: World, finding: Finding) -> Remedy | None:
    """Ask a person how to mend a finding; None to leave it."""
    assert world.prompt is not None  # noqa: S101 — only a person is asked
    if finding.remedies:
        choices = [Choice(str(n), it.label, it.hint) for n, it in enumerate(finding.remedies)]
        choices.append(Choice(LEAVE, "Leave it as it is"))
        asked = Asked(finding.code, finding.says, "choose", finding.because, tuple(choices), choices[0].value)
        answer = world.prompt.ask(asked)
        return finding.remedies[int(str(answer))] if str(answer).isdecimal() else None
    assert finding.wanted is not None  # noqa: S101
    asked = Asked(finding.code, finding.wanted.ask, "text", finding.says, parse=finding.wanted.parse, optional=True)
    answer = world.prompt.ask(asked)
    return None if isinstance(answer, Back) or not str(answer) else finding.wanted.remedy(str(answer))


def mended(world: World, facts: Facts, ask: bool) -> Repair:
    """Return what can be repaired, in thought."""
    ward = Ward(world, facts, ask)
    ward.mend()
    return ward.repair


def told_apart(before: Repair, after: Repair) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that are gone afterwards, and those that are there."""
    left = checks.offline(after.facts)
    there = Counter(after.key(finding) for finding in left)
    gone = []
    for finding in checks.offline(before.facts):
        key = before.key(finding)
        if there[key]:
            there[key] -= 1
        else:
            gone.append(finding)
    return gone, left


def planned(world: World, before: Facts, after: Repair) -> Plan:
    """Return the plan that writes a repair. Raises Problem where AWS's parser would refuse what comes of it."""
    edits: list[Edit] = []
    for file, text in after.texts.items():
        old = getattr(before.texts, file)
        mode = after.modes.get(before.path(file))
        if text.text != old or mode is not None:
            if after.facts.document(file).fault is None:
                config.parse(text.text)
            edits.append(Edit(before.path(file), old, text.text, file, mode))
    edits += [
        Edit(path, before.found.get(path), before.found.get(path), mode=mode)
        for path, mode in after.modes.items()
        if path not in [edit.path for edit in edits] and path not in after.removed
    ]
    edits += [Edit(path, before.found.get(path), None) for path in after.removed if before.found.get(path) is not None]
    if after.git and before.clone:
        edits.append(world.git.resettled(before.clone.folder, after.git))
    return Plan("", "", edits=tuple(edits))


def review(world: World, change: Plan, gone: Sequence[Finding]) -> None:
    """Show what would be written, and what would be repaired by it."""
    diffs = [text for edit in change.edits if (text := plan.diff(edit, world.home))]
    rows = [("repairs", finding.says) for finding in gone]
    world.screen.review(diffs, rows)


def agreed(world: World) -> None:
    """Ask for a yes. Raises Cancelled; Missing with nobody there."""
    if world.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to repair this, or --dry-run to only look at it.")
    choices = (Choice(GO, "Yes, repair it"), Choice("cancel", "Cancel", "everything stays as it is"))
    if world.prompt.ask(Asked("repair", "Write this?", "choose", choices=choices, default=GO)) != GO:
        raise Cancelled("Cancelled. Nothing was written.")


def write(world: World, change: Plan) -> Receipt:
    """Write the plan. Raises Problem(code="file.changed") where another program wrote meanwhile."""
    try:
        return world.files.apply(change)
    except Problem as problem:
        if problem.code == "file.changed":
            problem.next = "Run ccsetup doctor --fix again."
        raise
