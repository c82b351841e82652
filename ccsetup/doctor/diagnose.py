"""The doctor's diagnosis: what the checks found offline, and what AWS and git answered, for the profiles asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ccsetup.awsfiles import ini, profile_status
from ccsetup.core.context import Context
from ccsetup.core.errors import UNANSWERED, BadAnswer
from ccsetup.core.model import Identity
from ccsetup.core.text import did_you_mean
from ccsetup.doctor import causes, checks
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.gather import gathered


@dataclass(frozen=True)
class Diagnosis:
    """What was checked, what the checks and AWS said about it, and each profile's identity (None: AWS wasn't asked).

    `names` are the profiles that were checked. `unanswered` are those that AWS didn't answer for. `unasked` are those
    that AWS wasn't asked about, because a program supplies their credentials.
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
        """All findings, worst first."""
        return checks.worst_first([*self.offline, *self.online])

    @cached_property
    def shown(self) -> Sequence[Finding]:
        """The findings to show: what blocks work first, and nothing that follows from another finding."""
        return causes.urgent_first(self.facts, causes.arranged(self.facts, self.findings))

    @cached_property
    def stopped(self) -> set[str]:
        """The profiles that have an error."""
        return stopped(self.findings)

    @property
    def is_stopped(self) -> bool:
        """Return whether a profile, or git, has an error."""
        return any(it.severity == "stops" for it in self.findings)

    @property
    def is_unanswered(self) -> bool:
        """Return whether AWS or git left a question unanswered."""
        return bool(self.unanswered) or any(it.code in UNANSWERED for it in self.online)

    def is_ok(self, name: str) -> bool | None:
        """Return whether a profile has no error; None if unknown, because AWS wasn't asked or didn't answer."""
        if name in self.stopped or any(it.refuses for it in self.offline):
            return False
        return None if name in self.unanswered or name in self.unasked else True


def looked(facts: Facts) -> list[Finding]:
    """Return the offline findings that concern the profiles asked for. Sends no requests."""
    found = checks.offline(facts)
    return [it for it in found if concerns(facts, it)] if facts.asked else found


def concerns(facts: Facts, finding: Finding) -> bool:
    """Return whether a finding is about the computer as a whole, or about a profile that was asked for.

    A fault that keeps AWS tools from reading a file concerns every profile, no matter which section it is in.
    """
    return not finding.profile or finding.refuses or bool({finding.profile, *finding.also} & {*facts.asked})


def offline(facts: Facts) -> Diagnosis:
    """Return the diagnosis that is possible without asking AWS."""
    return Diagnosis(facts, looked(facts), facts.asked or [*facts.profiles])


def asking(context: Context, there: Diagnosis, by_git: bool = True) -> Diagnosis:
    """Return a diagnosis with AWS's answers for the profiles that have no error yet, and with git's if `by_git`.

    Nothing is asked while the SDK rejects the files themselves: it would report the same fault for every profile.
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
    """Return the profiles that have an error among these findings."""
    return {name for it in findings if it.severity == "stops" for name in (it.profile, *it.also)}


def begun(context: Context, asked: Sequence[str], modernize: bool = False) -> Facts:
    """Return the facts. Raises BadAnswer if a profile that was asked for doesn't exist."""
    facts = gathered(context, [*dict.fromkeys(asked)], modernize)
    unknown = [name for name in facts.asked if name not in facts.profiles]
    if unknown and not facts.unreadable.keys() & {facts.path("config"), facts.path("credentials")}:
        said = f'No profile "{unknown[0]}". {did_you_mean(unknown[0], facts.profiles)}'.rstrip()
        raise BadAnswer(said, next="List all profiles: ccsetup status")
    return facts


def kinds(there: Diagnosis) -> Mapping[str, str]:
    """Return each checked profile's kind of access, "" if it has none."""
    wanted = {name: there.facts.profiles.get(name, {}) for name in there.names}
    return {it.name: it.kind for it in profile_status.standings(wanted.items(), {}, lambda _: "", "")}
