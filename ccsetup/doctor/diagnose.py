"""The doctor's diagnosis: what the checks found offline, and what AWS and git answered, for the profiles asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ccsetup.awsfiles import ini
from ccsetup.core.context import Context
from ccsetup.core.errors import UNANSWERED
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName, Identity
from ccsetup.core.profile_chain import chain
from ccsetup.core.profile_kind import kind_of
from ccsetup.doctor import causes, checks
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.gather import gathered

_LOOKED_UP = 6  # start URLs whose region is looked up, which takes seconds
_FILES: tuple[FileName, ...] = ("config", "credentials")
_HEADER = later(r"\[(?:profile\s+)?[\"']?([^\[\]\"']+)[\"']?\]")


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

    @cached_property
    def _is_refused(self) -> bool:
        return any(it.refuses for it in self.offline)

    def is_ok(self, name: str) -> bool | None:
        """Return whether a profile has no error; None if unknown, because AWS wasn't asked or didn't answer."""
        if name in self.stopped or self._is_refused:
            return False
        return None if name in self.unanswered or name in self.unasked else True


def looked(facts: Facts) -> list[Finding]:
    """Return the offline findings that concern the profiles asked for. Sends no requests."""
    found = checks.offline(facts)
    if not facts.asked:
        return found
    lost = {name for it in found for name in _lost_in(facts, it)}
    kept = (it for it in found if concerns(facts, it) or _lost_in(facts, it))
    return [it for it in kept if it.code != "profile.missing" or it.profile not in lost]


def _lost_in(facts: Facts, finding: Finding) -> set[str]:
    """Return the profiles that were asked for and don't exist, but whose header is within the finding's line."""
    file = next((it for it in _FILES if facts.path(it) == finding.path), None)
    lines = facts.lines(file) if file else ()
    if not 0 < finding.line <= len(lines):
        return set()
    headers = _HEADER.findall(lines[finding.line - 1])
    return {name for name in facts.asked if name not in facts.profiles and name in headers}


def concerns(facts: Facts, finding: Finding) -> bool:
    """Return whether a finding is about the computer as a whole, a profile asked for, or what stops its source.

    A fault that keeps AWS tools from reading a file concerns every profile, no matter which section it is in.
    """
    about = {finding.profile, *finding.also}
    if not finding.profile or finding.refuses or about & {*facts.asked}:
        return True
    stops = finding.severity == "stops"  # anything less is only about the source profile by itself
    return stops and any(source in about for name in facts.asked for source in _sources(facts, name))


def _sources(facts: Facts, name: str) -> list[str]:
    """Return the names of a profile's source profiles, whether they exist or not."""
    return [source for there in chain(facts.profiles, name) if (source := there.get("source_profile", ""))]


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
    """Return the facts about this computer, or about the profiles that were asked for."""
    return gathered(context, [*dict.fromkeys(asked)], modernize)


def placed(context: Context, facts: Facts) -> Facts:
    """Return the facts with the region of each start URL that lacks it, as far as it can be looked up."""
    from ccsetup.doctor.checks import sso

    wanted = [url for url in sso.without_region(facts) if url not in facts.sign_in_regions]
    found = {url: context.signin.resolve(url) or "" for url in wanted[:_LOOKED_UP]}
    return replace(facts, sign_in_regions={**facts.sign_in_regions, **found}) if found else facts


def kinds(there: Diagnosis) -> Mapping[str, str]:
    """Return each checked profile's kind of access, "" if it has none."""
    return {name: kind_of(there.facts.profiles.get(name, {})) for name in there.names}
