"""What stops a profile, as the doctor says it: every command that a profile failed in asks here for the code and words.

Nobody is asked and nothing is started: only the AWS files, and what they point to, are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from ccsetup.core.context import Context
from ccsetup.core.errors import ENDED, UNANSWERED, Problem
from ccsetup.doctor import checks, gather
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding

# What the doctor adds nothing to: an answer of nobody, of a person, or of AWS about something else than the profile.
_KEPT = UNANSWERED | ENDED
_OF_PROFILES = (
    "access.",
    "file.",
    "keys.",
    "kind.",
    "oidc.",
    "process.",
    "profile.",
    "region.",
    "role.",
    "source.",
    "sso.",
)


def stopping(context: Context) -> Mapping[str, Finding]:
    """Return by profile the worst finding that stops it, its own or that of a profile that it rests on."""
    texts, unreadable = context.files.glimpse()
    facts = Facts(
        texts,
        context.env,
        context.home,
        context.cwd,
        context.now(),
        unreadable=unreadable,
        windows=os.name == "nt",
    )
    return by_profile(checks.offline(gather.with_files(context, facts)))


def by_profile(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Return by profile the first of these findings that stops it."""
    found: dict[str, Finding] = {}
    for it in findings:
        if it.severity == "stops" and it.profile:
            for name in (it.profile, *it.also):
                found.setdefault(name, it)
    return found


def explained(context: Context, refused: Problem) -> Problem:
    """Return why a profile was refused: what the doctor finds in the files where there is something, else the Problem.

    A fault in the files explains what AWS or its SDK said of it; their own words stay as the reason.
    """
    if not refused.profile or refused.code in _KEPT or not refused.code.startswith(_OF_PROFILES):
        return refused
    try:
        finding = stopping(context).get(refused.profile)
    except Problem:
        return refused
    if finding is None or finding.code == refused.code:
        return refused
    told = Problem(finding.says, why=finding.because or refused.what, next=_next(finding, refused), code=finding.code)
    told.profile, told.exit_code = refused.profile, refused.exit_code
    return told


def _next(finding: Finding, refused: Problem) -> str:
    from shlex import quote

    if finding.fix in ("auto", "ask") and (finding.remedies or finding.wanted):
        return f"Have it repaired: ccsetup doctor {quote(refused.profile)} --fix"
    return finding.do or f"See: ccsetup doctor {quote(refused.profile)}"
