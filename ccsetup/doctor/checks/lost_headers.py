"""Headers that were deleted: the settings of a profile at the end of an sso-session's section."""

from __future__ import annotations

from collections.abc import Iterator

from ccsetup.awsfiles import edit
from ccsetup.core.model import Section
from ccsetup.doctor.checks.git import of_codecommit
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Change, Finding, Remedy

_OF_PROFILES = ("sso_session", "sso_account_id", "sso_role_name")  # never settings of an sso-session


def of_profile(facts: Facts) -> Iterator[Finding]:
    """Find the settings of the one profile that is named here but doesn't exist, below those of an sso-session."""
    name = _missing(facts)
    for (file, kind, session), stanza in facts.stanzas.items() if name else ():
        lines = [setting.lines[0] for setting in stanza.settings if setting.key in _OF_PROFILES]
        if file == "config" and kind == "sso-session" and len(lines) > 1:
            header = f"[{edit.heading(Section(file, 'profile', name, {}))}]"
            yield Finding(
                "file.stray-line",
                "stops",
                f"The header {header} is missing above this line, so it is read as part of the sso-session {session}.",
                f"AWS tools report “The config profile ({name}) could not be found”.",
                path=facts.path(file),
                line=min(lines),
                fix="auto",
                remedies=(Remedy(f"Add {header}", changes=(Change(file, min(lines), min(lines) - 1, (header,)),)),),
            )


def _missing(facts: Facts) -> str:
    """Return the only profile that the command line, the environment or the clone names and that doesn't exist."""
    remote = of_codecommit(facts)
    named = {*facts.asked, facts.env.get("AWS_PROFILE", ""), remote.profile if remote else ""} - {"", "default"}
    gone = [it for it in named if it not in facts.profiles]
    return gone[0] if len(gone) == 1 else ""


CHECKS = (of_profile,)
