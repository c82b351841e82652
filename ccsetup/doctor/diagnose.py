"""What the doctor found: offline by the checks, online by asking; limited to whom it was asked about."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ccsetup.awsfiles import ini, profile_status
from ccsetup.core.context import Context
from ccsetup.core.errors import UNANSWERED, BadAnswer
from ccsetup.core.model import Identity
from ccsetup.doctor import checks
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.gather import gathered


@dataclass(frozen=True)
class Diagnosis:
    """What was looked at, what the checks and what AWS said of it, and who answered (None: nobody was asked).

    `names` are the profiles that were looked at. `unanswered` are those that nobody answered for, `unasked` those that
    nobody was asked about, since a program gives them their keys.
    """

    facts: Facts
    offline: Sequence[Finding]
    names: Sequence[str]
    online: Sequence[Finding] = ()
    identities: Mapping[str, Identity] | None = None
    unanswered: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()

    @cached_property
    def findings(self) -> Sequence[Finding]:
        """All that was found, the worst first."""
        return checks.worst_first([*self.offline, *self.online])

    @cached_property
    def stopped(self) -> set[str]:
        """The profiles that something stops."""
        return stopped(self.findings)

    @property
    def is_stopped(self) -> bool:
        """Say whether anything stops a profile, or git."""
        return any(it.severity == "stops" for it in self.findings)

    @property
    def is_unanswered(self) -> bool:
        """Say whether AWS or git did not answer about something."""
        return bool(self.unanswered) or any(it.code in UNANSWERED for it in self.online)

    def is_ok(self, name: str) -> bool | None:
        """Say whether nothing stops a profile; None where that is not known, since nobody answered or was asked."""
        if name in self.stopped:
            return False
        return None if name in self.unanswered or name in self.unasked else True


def looked(facts: Facts) -> list[Finding]:
    """Return what the checks find that concerns the profiles asked for, without asking anybody."""
    found = checks.offline(facts)
    return [it for it in found if concerns(facts, it)] if facts.asked else found


def concerns(facts: Facts, finding: Finding) -> bool:
    """Say whether a finding is about the machine as a whole, or about a profile that was asked for.

    A fault that keeps AWS's tools from reading a file concerns every profile, whichever section it is in.
    """
    if not finding.profile or {finding.profile, *finding.also} & {*facts.asked}:
        return True
    files = (facts.config, facts.credentials)
    faulty = [facts.path(document.file) for document in files if document.fault]
    return finding.path in faulty and finding.code.startswith("file.") and finding.severity == "stops"


def offline(facts: Facts) -> Diagnosis:
    """Return what can be said without asking AWS."""
    return Diagnosis(facts, looked(facts), facts.asked or [*facts.profiles])


def asking(context: Context, there: Diagnosis, by_git: bool = True) -> Diagnosis:
    """Return a diagnosis with what AWS answers for those whom nothing stops already; `by_git`: and what git does.

    Nobody is asked while the SDK refuses the files themselves: it would say so again for every profile.
    """
    if any(document.fault for document in ini.both(there.facts.texts)):
        return there
    halted = stopped(it for it in there.offline if not it.code.startswith("git."))
    names = [name for name in there.names if name not in halted]
    if not names and not there.facts.clone:
        return there
    from ccsetup.doctor.online import online

    told = online(context, there.facts, names, by_git)
    return replace(
        there,
        online=told.findings,
        identities=told.identities,
        unanswered=told.unanswered,
        unasked=told.unasked,
    )


def stopped(findings: Iterable[Finding]) -> set[str]:
    """Return the profiles that these findings stop."""
    return {name for it in findings if it.severity == "stops" for name in (it.profile, *it.also)}


def begun(context: Context, asked: Sequence[str], modernize: bool = False) -> Facts:
    """Return the facts. Raises BadAnswer where there is no profile of a name that was asked for."""
    facts = gathered(context, [*dict.fromkeys(asked)], modernize)
    unknown = [name for name in facts.asked if name not in facts.profiles]
    if unknown and not facts.unreadable.keys() & {facts.path("config"), facts.path("credentials")}:
        near = difflib.get_close_matches(unknown[0], facts.profiles, 3, 0.5)
        there = f" Meant is {' or '.join(near)}?" if near else ""
        raise BadAnswer(f"There is no profile {unknown[0]} here.{there}", next="See them all: ccsetup status")
    return facts


def kinds(there: Diagnosis) -> Mapping[str, str]:
    """Return the kind of access that each profile looked at is, "" for none."""
    wanted = {name: there.facts.profiles.get(name, {}) for name in there.names}
    return {it.name: it.kind for it in profile_status.standings(wanted.items(), {}, lambda _: "", "")}
