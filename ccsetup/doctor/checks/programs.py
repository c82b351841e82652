"""Programs that the configuration of the clone one stands in names: told here, started by git alone, for the person."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from ccsetup.core.lazy_regex import later
from ccsetup.doctor.facts import Clone, Facts
from ccsetup.doctor.findings import Finding, Severity
from ccsetup.git.config import is_address

# What git starts by itself, as soon as it looks at the clone or speaks to its server.
_BY_ITSELF = later(
    r"core\.(sshcommand|gitproxy|fsmonitor|askpass|alternaterefscommand)|remote\..*\.(uploadpack|receivepack|vcs)|"
    r"credential\.(.*\.)?helper|url\..*\.(pushinsteadof|insteadof)|remote\..*\.(pushurl|url)",
    re.DOTALL,
)
# What it starts where somebody reads, writes, compares, merges or signs.
_AT_WORK = later(
    r"core\.(pager|editor)|sequence\.editor|pager\..*|interactive\.difffilter|diff\.external|alias\..*|"
    r"diff\..*\.(command|textconv)|merge\..*\.driver|filter\..*\.(clean|smudge|process)|submodule\..*\.update|"
    r"(difftool|mergetool|guitool|browser|man|trailer)\..*\.(cmd|command)|tar\..*\.command|"
    r"gpg\.(.*\.)?program|gpg\.ssh\.defaultkeycommand|sendemail\.(.*\.)?(sendmail|to|cc|header)cmd|imap\.tunnel|"
    r"lfs\.(customtransfer\..*\.path|extension\..*\.(clean|smudge))",
    re.DOTALL,
)
_SWITCH = later(r"|true|false|yes|no|on|off|\d+", re.IGNORECASE)
_BY_SHELL = ("alias.", "submodule.")  # whose values are programs behind a ! alone

# What ordinary clones have: words of a command without a shell's signs, and programs that are known.
_WORDS = r"( ([\w@%+=:,./\\~-]+|'[\w@%+=:,./\\~ -]*'|\"?\$@\"?))*"
_PLACE = r"([\"']?(?P<place>(/|[A-Za-z]:[/\\])([\w@%+=:,./~-]|\\.| )*[/\\]))?"
_ORDINARY = (
    ("core.sshcommand", later(r"ssh( -i \S+| -p \d+| -o IdentitiesOnly=yes| -[46aqvx])*")),
    ("core.fsmonitor", later(r"\.git/hooks/[\w-]+")),
    ("filter.", later(rf"{_PLACE}\"?(git[ -]lfs|git-crypt|git-annex|nbstripout)(\.exe)?\"?{_WORDS}")),
    ("diff.", later(rf"{_PLACE}\"?(git-crypt|nbstripout|git-nbdiffdriver)(\.exe)?\"?{_WORDS}")),
    ("merge.", later(rf"{_PLACE}\"?(git-annex|git-nbmergedriver)(\.exe)?\"?{_WORDS}")),
    ("credential.", later(rf"[a-z][\w-]*{_WORDS}")),  # git-credential-NAME of the person's own PATH
    ("credential.", later(rf"!?{_PLACE}git-credential-[\w-]+(\.exe)?[\"']?{_WORDS}")),
    ("credential.", later(rf"!{_PLACE}(aws|gh|glab)(\.exe)?[\"']?{_WORDS}")),
    ("credential.", later(rf"!f\(\) {{ test \"\$1\" != get \|\| aws{_WORDS}; }}; f")),
)


def named(facts: Facts) -> Iterator[Finding]:
    """Yield the settings that come with the clone and name a program; what ordinary clones have is none of them."""
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
            f"This clone's configuration names a program: {it.key}.",
            "ccsetup doesn't start it. git starts it when you fetch, push or look at the status here.",
            path=Path(it.file) if it.file else clone.folder / ".git" / "config",
            do=f"Look at it before you use git here: git config --get-all {shlex.quote(it.key)}",
        )


def _severity(key: str, value: str) -> Severity | None:
    """Say how much a setting's program matters; None where it names none."""
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
    """Say whether a setting's program is one that ordinary clones have there, and lies outside this one."""
    found = (pattern.fullmatch(value) for start, pattern in _ORDINARY if key.startswith(start))
    return any(each and not _is_inside(clone, each.groupdict().get("place") or "") for each in found)


def _is_inside(clone: Clone, place: str) -> bool:
    """Say whether a program lies in the clone, and so comes with it."""
    return bool(place) and Path(place.replace("\\ ", " ")).is_relative_to(clone.folder)


CHECKS = (named,)
