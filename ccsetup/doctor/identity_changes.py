"""Repairs that would change a profile's identity: a person always decides on them."""

from __future__ import annotations

from collections.abc import Sequence

from ccsetup.awsfiles.profile_identity import others
from ccsetup.doctor import repair
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding, Remedy
from ccsetup.doctor.repair import Repair

_TELLING = ("aws_", "role_arn", "sso_", "login_session", "credential_process", "[")  # what determines it


def cautious(facts: Facts, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings; those whose repair would change a profile's identity become findings to ask about."""
    sure = [it for it in findings if it.fix == "auto" and it.remedies]
    begun = repair.of(facts).plus([it.remedies[0] for it in sure if it.remedies[0].texts])  # encodings first
    sure = [it for it in sure if not it.remedies[0].texts and _tells(facts, it.remedies[0])]
    asked = {id(it) for it in _deciding(begun, sure)}
    return [it._replace(fix="ask") if id(it) in asked else it for it in findings]


def _tells(facts: Facts, remedy: Remedy) -> bool:
    """Return whether a repair could affect a profile's identity at all."""
    return any(
        mark in line.lower()
        for change in remedy.changes
        for line in (*change.lines, *facts.lines(change.file)[max(change.first - 1, 0) : change.last])
        for mark in _TELLING
    )


def _deciding(begun: Repair, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings whose repair changes a profile's identity, alone or combined with another repair."""
    together = repair.apart([it.remedies[0] for it in findings], begun.facts.texts.shared)
    if not together or not others(begun.facts.texts, begun.plus(together).facts.texts, begun.facts.named):
        return []
    if len(findings) == 1:
        return [*findings]
    half = len(findings) // 2
    found = [*_deciding(begun, findings[:half]), *_deciding(begun, findings[half:])]
    return found or [*findings]
