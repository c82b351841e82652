"""The doctor's checks, one family per file in this folder: facts in, findings out.

Each file holds `CHECKS`, functions from Facts to findings. Adding a check touches one file and its test. A
check reads nothing, asks nobody and changes nothing: facts are gathered by `gather`, repairs are applied by `repair`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ccsetup.doctor.checks import (
    clones,
    credentials,
    duplicates,
    environment,
    files,
    git,
    identifiers,
    lost_headers,
    nested_settings,
    partitions,
    processes,
    profiles,
    programs,
    regions,
    remotes,
    role_sources,
    roles,
    shadowed,
    sso,
    tokens,
    values,
)
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.identity_changes import cautious
from ccsetup.doctor.overlaps import merged

Check = Callable[[Facts], Iterable[Finding]]
FAMILIES = (
    clones,
    credentials,
    duplicates,
    environment,
    files,
    lost_headers,
    nested_settings,
    git,
    shadowed,
    partitions,
    processes,
    profiles,
    programs,
    regions,
    remotes,
    roles,
    identifiers,
    sso,
    role_sources,
    tokens,
    values,
)
CHECKS: tuple[Check, ...] = tuple(check for family in FAMILIES for check in family.CHECKS)
WORST = {"stops": 0, "hinders": 1, "note": 2}


def offline(facts: Facts) -> list[Finding]:
    """Return the findings of every check, one for each repair, worst first, then in file order."""
    return worst_first(cautious(facts, merged(facts, _all(facts), _all)))


def _all(facts: Facts) -> list[Finding]:
    return [finding for check in CHECKS for finding in check(facts)]


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in the order in which they are shown."""
    return sorted(findings, key=lambda f: (WORST[f.severity], f.profile, str(f.path or ""), f.line))
