"""Lists all profiles with their state and expiry, and the profile of the current clone, for `status` and `login`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ccsetup.awsfiles import profile_status
from ccsetup.awsfiles.profile_status import Standing
from ccsetup.core import clock
from ccsetup.core.context import AwsTexts, Context
from ccsetup.core.errors import ENDED, Problem
from ccsetup.doctor import verdict
from ccsetup.doctor.findings import Finding
from ccsetup.git import clone_profile
from ccsetup.wizard import current_clone
from ccsetup.wizard.options import settings


def stamp(context: Context) -> str:
    """Return the current time in the format of standings, for example 2026-01-31T18:04:00Z."""
    return clock.written(context.now())


def all_of(context: Context, texts: AwsTexts) -> tuple[list[Standing], list[Problem]]:
    """Return the state of every profile, and what keeps botocore from reading the files."""
    config, credentials, cached = texts.config or "", texts.credentials or "", _cached(context)
    try:
        if texts.shared:
            raise profile_status.Unsure
        return profile_status.in_plain_texts(config, credentials, cached, stamp(context)), []
    except profile_status.Unsure:
        there = settings(texts)
        found = profile_status.standings(there.profiles.items(), there.sessions, cached, stamp(context))
        _take_over(found, verdict.stopping(context))
        return found, [*there.faults]


def _take_over(found: Sequence[Standing], findings: Mapping[str, Finding]) -> None:
    """Note what the doctor finds to stop a profile: it has the last word."""
    for it in found:
        if finding := findings.get(it.name):
            it.code = finding.code
            if it.usable is not False or finding.code not in ENDED:
                it.usable, it.ends, it.why = False, "", finding.code


def _cached(context: Context) -> Callable[[str], str]:
    def text(path: str) -> str:
        try:
            return context.files.text(context.home / ".aws" / path)
        except Problem:
            return ""

    return text


def of_this_clone(context: Context) -> str:
    """Return the profile of the clone in the current folder, "" if there is no clone or it names no profile."""
    folder = current_clone.top(context) or context.cwd
    try:
        origin = context.git.origin(folder)
        return clone_profile.named_by(origin, context.git.setting(folder, "credential.helper")) if origin else ""
    except Problem:  # git can't read its settings; the doctor reports that
        return ""
