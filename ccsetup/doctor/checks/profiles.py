"""Sections and their names: headers that tools skip or confuse, unusable names, and missing profiles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ccsetup.awsfiles import edit, headers, ini
from ccsetup.awsfiles.characters import plain
from ccsetup.awsfiles.misreadings import Oddity
from ccsetup.core import missing_profile
from ccsetup.core.command_line import quote
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName, Section
from ccsetup.core.text import nearest
from ccsetup.doctor import repair
from ccsetup.doctor.checks import environment
from ccsetup.doctor.checks.files import FILES, told
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Change, Finding, Remedy

_SAFE = later(r"[A-Za-z0-9_.+=,-]+")
_UNKNOWN = "AWS tools skip a section with this header. They report “The config profile could not be found”."
VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_PLACES = {
    "section.prefix": _UNKNOWN,
    "section.quoting": f"{_UNKNOWN} Other SDKs don't allow spaces in the name.",
}


def sections(facts: Facts) -> Iterator[Finding]:
    """Find headers that AWS tools skip (missing word, typo, spaces, quotes) and settings hidden by indentation."""
    for file in FILES:
        for odd in facts.reading(file).oddities:
            if odd.code in ("section.prefix", "section.quoting", "section.indented-key", "value.inline-comment"):
                found = told(facts, file, odd)._replace(because=_PLACES.get(odd.code, _SWALLOWED))
                yield _beside(facts, file, odd, found) if odd.taken else found


_SWALLOWED = "SDKs read the line like this without a warning."


def _beside(facts: Facts, file: FileName, odd: Oddity, found: Finding) -> Finding:
    """Return the finding for a header whose corrected form already exists, with the ways to merge the two sections."""
    document, type = facts.meant(file), ini.logical(odd.header, file)
    live = next((it for it in document.stanzas if (it.type, it.name) == type), None)
    dead = next((it for it in document.stanzas if it.line == odd.line), None)
    if live is None or dead is None:
        return found._replace(fix="tell", remedies=())
    ways = repair.remedies(file, live, dead, facts.lines(file))
    if len(ways) > 1:
        changes = repair.silenced(file, dead, facts.lines(file))
        ways = (Remedy(f"Keep only the section on line {live.line}", "the one AWS tools use", changes), *ways)
    says = f"{found.says} The section [{live.header}] already exists on line {live.line}."
    return found._replace(says=says, fix="auto" if len(ways) == 1 else "ask", severity="hinders", remedies=ways)


def default_twice(facts: Facts) -> Iterator[Finding]:
    """Find [default] and [profile default] in the same file."""
    sections = enumerate(facts.config.sections)
    stanzas = [facts.config.stanzas[at] for at, it in sections if it == ("profile", "default")]
    headers = {it.header for it in stanzas}
    if len(headers) < 2:
        return
    lines = facts.lines("config")
    last = stanzas[-1]
    first = next(it for it in stanzas if it.header != last.header)
    later_, earlier = (repair.silenced("config", it, lines) for it in (first, last))
    ways = [
        Remedy(f"Keep the [{last.header}] that starts on line {last.line}", "the one AWS tools use now", later_),
        Remedy(f"Keep the [{first.header}] that starts on line {first.line}", "comment out the other section", earlier),
    ]
    if not repair.conflicts(first, last):
        ways.append(repair.merged("config", first, last, lines, "Merge the two sections", dead_wins=False))
    yield Finding(
        "section.default-twice",
        "hinders",
        f"[{last.header}] and [{first.header}] on line {first.line} are both the default profile.",
        "AWS tools use only the later section, without a warning. Other SDKs use [profile default].",
        profile="default",
        path=facts.path("config"),
        line=last.line,
        fix="ask",
        remedies=tuple(ways),
    )


def respelled(facts: Facts) -> Iterator[Finding]:
    """Find headers like [profiles dev], which only AWS's Python tools treat as [profile dev]."""
    usual = tuple(f"{it} " for it in headers.TYPES)
    if all(it == "default" or it.startswith(usual) for it in facts.config.headers):
        return
    for stanza in facts.config.stanzas:
        word = stanza.header.split()[0] if stanza.type and stanza.header.split() else "default"
        if word not in (*headers.TYPES, "default"):
            right = stanza.header.replace(word, stanza.type, 1)
            yield Finding(
                "section.prefix",
                "note",
                f"[{stanza.header}] should be [{right}].",
                "The AWS CLI and boto3 accept both headers; other SDKs skip the section.",
                profile=stanza.name if stanza.type == "profile" else "",
                path=facts.path("config"),
                line=stanza.line,
                fix="ask",
                remedies=(
                    Remedy(f"Change to [{right}]", "", (Change("config", stanza.line, stanza.line, (f"[{right}]",)),)),
                ),
            )


def names(facts: Facts) -> Iterator[Finding]:
    """Find names that AWS's git-remote-codecommit or other SDKs misread."""
    for name in facts.profiles if not _SAFE.fullmatch("".join(facts.profiles)) or "" in facts.profiles else ():
        if not _SAFE.fullmatch(name):
            yield _name(facts, name)


def _name(facts: Facts, name: str) -> Finding:
    file: FileName = "config" if ("config", "profile", name) in facts.stanzas else "credentials"
    alias = _alias(facts, name)
    why = "The AWS git-remote-codecommit misreads `codecommit://{}@…` and uses the wrong repository and credentials."
    others = " Other SDKs skip a section with this name." if re.search(r"[^A-Za-z0-9_./%@:+-]", name) else ""
    return Finding(
        "profile.name",
        "note",
        f"The profile name {name} can't be used in a git URL.",
        why.format(name) + others,
        profile=name,
        path=facts.path(file),
        line=facts.stanzas[file, "profile", name].line,
        fix="ask",
        do="Clone over HTTPS instead: ccsetup clone REPOSITORY --via credential-helper",
        remedies=(Remedy(f"Add a profile named {alias}", "with the same settings", _copied(facts, name, alias)),)
        if alias
        else (),
    )


def _alias(facts: Facts, name: str) -> str:
    likely = re.sub(r"[^A-Za-z0-9_.+=,-]+", "-", plain(name)).strip("-")
    return likely if likely and likely not in facts.profiles else ""


def _copied(facts: Facts, name: str, alias: str) -> tuple[Change, ...]:
    changes = []
    for file in FILES:
        if stanza := facts.stanzas.get((file, "profile", name)):
            lines = facts.lines(file)
            header = edit.heading(Section(file, "profile", alias, {}))
            body = [lines[n - 1] for setting in stanza.settings for n in setting.lines]
            gap = ("",) if lines and lines[-1].strip() else ()
            changes.append(Change(file, len(lines) + 1, len(lines), (*gap, f"[{header}]", *body)))
    return tuple(changes)


def missing(facts: Facts) -> Iterator[Finding]:
    """Find profiles that the environment or the command line names but that don't exist. For clones, see remotes.py."""
    hidden = facts.unreadable.keys() & {facts.path("config"), facts.path("credentials")}
    named = {it for variable in VARIABLES if not _stand_in(it := facts.env.get(variable, ""))}
    for name in facts.asked:
        if name not in facts.profiles and name not in named and not hidden:
            yield _missing(facts, name)
    for variable in VARIABLES:
        name = facts.env.get(variable, "")
        if name and name not in facts.profiles and not _stand_in(name):
            yield _missing(facts, name, variable)


def _stand_in(name: str) -> bool:
    """Return whether a name needs no section: AWS tools accept `default` even if it doesn't exist."""
    return name == "default"


def _missing(facts: Facts, name: str, variable: str = "") -> Finding:
    usual = {it: facts.found.get(environment.usual(facts, it)) or "" for it in missing_profile.FILES}
    found = missing_profile.told(name, facts.profiles, facts.env, usual, variable, facts.shell)
    near = next(iter(nearest(name, facts.profiles, 1)), "")
    otherwise = f"ccsetup doctor {quote(near)}" if near else f"ccsetup setup --profile {quote(name)}"
    return Finding(
        "profile.missing",
        "stops",
        f"{found.what} {found.hint}".rstrip(),
        f"AWS tools report “The config profile ({name}) could not be found”.",
        profile=name,
        do=found.command or otherwise,
    )


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (sections, default_twice, respelled, names, missing)
