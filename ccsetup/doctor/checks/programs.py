"""Reports programs that the current clone's configuration names. Only git starts them, when the person uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ccsetup.core.command_line import quote
from ccsetup.core.folder import is_within
from ccsetup.core.lazy_regex import later
from ccsetup.doctor.facts import Clone, Facts
from ccsetup.doctor.findings import Finding, Severity
from ccsetup.git.config import is_address

# What git starts by itself, as soon as it reads the clone or contacts its server.
_BY_ITSELF = later(
    r"core\.(sshcommand|gitproxy|fsmonitor|askpass|alternaterefscommand)|remote\..*\.(uploadpack|receivepack|vcs)|"
    r"credential\.(.*\.)?helper|url\..*\.(pushinsteadof|insteadof)|remote\..*\.(pushurl|url)",
    re.DOTALL,
)
# What git starts when the person views, edits, compares, merges or signs something.
_AT_WORK = later(
    r"core\.(pager|editor)|sequence\.editor|pager\..*|interactive\.difffilter|diff\.external|alias\..*|"
    r"diff\..*\.(command|textconv)|merge\..*\.driver|filter\..*\.(clean|smudge|process)|submodule\..*\.update|"
    r"(difftool|mergetool|guitool|browser|man|trailer)\..*\.(cmd|command)|tar\..*\.command|"
    r"gpg\.(.*\.)?program|gpg\.ssh\.defaultkeycommand|sendemail\.(.*\.)?(sendmail|to|cc|header)cmd|imap\.tunnel|"
    r"lfs\.(customtransfer\..*\.path|extension\..*\.(clean|smudge))",
    re.DOTALL,
)
_SWITCH = later(r"|true|false|yes|no|on|off|\d+", re.IGNORECASE)
_BY_SHELL = ("alias.", "submodule.")  # their values are programs only after a !

# What ordinary clones have: command words without shell characters, and well-known programs.
_WORDS = r"( ([\w@%+=:,./\\~-]+|'[\w@%+=:,./\\~ -]*'|\"?\$@\"?))*"
_PLACE = r"([\"']?(?P<place>(/|[A-Za-z]:[/\\])([\w@%+=:,./~-]|\\.| )*[/\\]))?"
_ORDINARY = (
    ("core.sshcommand", later(r"ssh( -i \S+| -p \d+| -o IdentitiesOnly=yes| -[46aqvx])*")),
    ("core.fsmonitor", later(r"\.git/hooks/[\w-]+")),
    ("filter.", later(rf"{_PLACE}\"?(git[ -]lfs|git-crypt|git-annex|nbstripout)(\.(?i:exe))?\"?{_WORDS}")),
    ("diff.", later(rf"{_PLACE}\"?(git-crypt|nbstripout|git-nbdiffdriver)(\.(?i:exe))?\"?{_WORDS}")),
    ("merge.", later(rf"{_PLACE}\"?(git-annex|git-nbmergedriver)(\.(?i:exe))?\"?{_WORDS}")),
    ("credential.", later(rf"[a-z][\w-]*{_WORDS}")),  # git-credential-NAME on the person's own PATH
    ("credential.", later(rf"!?{_PLACE}git-credential-[\w-]+(\.(?i:exe))?[\"']?{_WORDS}")),
    ("credential.", later(rf"!{_PLACE}(aws|gh|glab)(\.(?i:exe))?[\"']?{_WORDS}")),
    ("credential.", later(rf"!f\(\) {{ test \"\$1\" != get \|\| aws{_WORDS}; }}; f")),
)


def named(facts: Facts) -> Iterator[Finding]:
    """Find settings that come with the clone and name a program, except those that ordinary clones have."""
    clone = facts.clone
    told: set[str] = set()
    for it in clone.brought if clone else ():
        severity = _severity(it.key, it.value)
        if clone is None or not severity or it.key in told or is_ordinary(clone, it.key, it.value):
            continue
        told.add(it.key)
        yield Finding(
            "git.program",
            severity,
            f"This clone's configuration specifies a program in {it.key}.",
            "ccsetup doesn't run the program. git may run it when you fetch, push, or check the status in this clone.",
            path=Path(it.file) if it.file else clone.file,
            do=f"Check the program before you use git in this clone: git config --get-all {quote(it.key)}",
        )


def _severity(key: str, value: str) -> Severity | None:
    """Return the severity of a setting's program; None if the setting doesn't name one."""
    if _BY_ITSELF.fullmatch(key):
        if is_address(key):
            return "hinders" if value.startswith("ext::") else None
        if key.startswith("url."):
            return "hinders" if key.startswith("url.ext::") else None
        return None if _SWITCH.fullmatch(value) else "hinders"
    if not _AT_WORK.fullmatch(key) or _SWITCH.fullmatch(value):
        return None
    return "note" if value.startswith("!") or not key.startswith(_BY_SHELL) else None


def is_ordinary(clone: Clone, key: str, value: str) -> bool:
    """Return whether a setting's program is a usual one for that setting and is stored outside this clone."""
    found = (pattern.fullmatch(value) for start, pattern in _ORDINARY if key.startswith(start))
    return any(each and not _is_inside(clone, each.groupdict().get("place") or "") for each in found)


def _is_inside(clone: Clone, place: str) -> bool:
    """Return whether a program is stored in the clone, and so comes with it."""
    return bool(place) and is_within(place.replace("\\ ", " "), clone.folder)


CHECKS = (named,)
