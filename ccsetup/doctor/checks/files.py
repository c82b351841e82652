"""The AWS files as a whole: faults that make tools reject them, pasted characters, and permissions."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ccsetup.awsfiles import characters as spelling
from ccsetup.awsfiles import file_format, ini
from ccsetup.awsfiles.ini import Setting
from ccsetup.awsfiles.misreadings import Oddity
from ccsetup.awsfiles.settings import DECIDING, FREE, STRICT
from ccsetup.core import shells
from ccsetup.core.code_page import misread
from ccsetup.core.command_line import deletion, in_turn, quote, renaming, with_input
from ccsetup.core.model import FileName
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Change, Finding, Remedy, Severity

FILES: tuple[FileName, ...] = ("config", "credentials")
REFUSED = (
    "Until you fix this, AWS tools reject the whole file and all its profiles. They report “Unable to parse config "
    "file” without a line number."
)
_SDKS = {
    "file.stray-line": "Other SDKs also reject the file, or skip the line without a warning.",
}


def _there(facts: Facts) -> Iterator[tuple[FileName, str]]:
    """Yield the existing files, as they are on disk."""
    for file in FILES:
        text = facts.texts.config if file == "config" else facts.texts.credentials
        if text is not None:
            yield file, text


def _once(facts: Facts) -> Iterator[tuple[FileName, str]]:
    """Yield the existing files; only once if both are the same file."""
    there = [*_there(facts)]
    yield from there[:1] if facts.texts.shared else there


def encoding(facts: Facts) -> Iterator[Finding]:
    """Find byte order marks, UTF-16, bytes that aren't UTF-8, and NULs."""
    for file, text in _once(facts):
        if text.isascii() and "\0" not in text:
            continue
        name, plain = spelling.encoding(text), spelling.decoded(text)
        if name:
            mark, line = name == "utf-8", spelling.first_wide_line(text) if name == spelling.MIXED else 1
            says = (
                "The file starts with a byte order mark." if mark else f"The file uses {name[:6].upper()}, not UTF-8."
            )
            if name == spelling.MIXED:
                says = "The file changes its encoding: this line is UTF-16, and other lines are UTF-8."
            saved = "save files like this." if name != spelling.MIXED else "and >> save and append text like this."
            why = f"{REFUSED} Windows editors and the > operator in PowerShell {saved}" + (
                " Other SDKs ignore the byte order mark." if mark else ""
            )
            remedy = Remedy("Save the file as plain UTF-8", texts={file: plain})
            yield Finding("file.encoding", "stops", says, why, path=facts.path(file), line=line, fix="auto",
                          remedies=(remedy,), refuses=True)  # fmt: skip
        fault = ini.read(plain, file).fault
        if fault and fault.code == "file.encoding":
            ways = [("Read the file as Windows-1252 (Western European)", spelling.from_windows(plain))]
            if "\0" in plain:
                ways = [("Remove the NUL characters", plain.replace("\0", ""))]
            remedies = tuple(Remedy(label, texts={file: text}) for label, text in ways)
            says = fault.says[0].upper() + fault.says[1:]
            yield Finding("file.encoding", "stops", says, REFUSED, path=facts.path(file), line=fault.line, fix="ask",
                          remedies=remedies, refuses=True)  # fmt: skip


def code_page(facts: Facts) -> Iterator[Finding]:
    """Find letters that botocore reads differently, because it reads the files in this computer's code page."""
    for file, text in _once(facts):
        if spelling.encoding(text) or ini.read(text, file).fault:
            continue
        if odd := misread(text, facts.code_page):
            page, says = facts.code_page, f"The letter “{odd.letter}” is saved as UTF-8."
            because = f"The AWS CLI and boto3 read this file as {page}, so they read “{odd.read}” instead."
            if not odd.read:
                because = f"The AWS CLI and boto3 read this file as {page}, where it isn't a letter. {REFUSED}"
            utf_8 = shells.lasting("PYTHONUTF8", "1", facts.env)
            do = f"Use only the letters a to z, or make Python read UTF-8, also for AWS tools: {utf_8}"
            named = [it.name for it in facts.meant(file).stanzas if (it.type, it.line) == ("profile", odd.line)]
            severity: Severity = "stops" if named or not odd.read else "hinders"
            yield Finding("file.encoding", severity, says, because, profile="".join(named), path=facts.path(file),
                          line=odd.line, do=do, refuses=not odd.read)  # fmt: skip


def formats(facts: Facts) -> Iterator[Finding]:
    """Find files that are JSON, Rich Text Format or a web page, and files under another name than AWS tools read."""
    for file, text in _once(facts):
        if found := file_format.of(text):
            path = facts.path(file)
            says = f"The file is {found.name}, not a list of [sections] with `key = value` lines."
            plain = found.plain if found.plain and ini.read(found.plain, file).fault is None else ""
            remedies = (Remedy("Save it as plain text", texts={file: plain}),) if plain else ()
            aside = path.with_name(path.name + (".html" if "HTML" in found.name else ".json"))
            again = with_input("ccsetup setup --paste -", str(aside)) if found.name == "JSON" else "ccsetup setup"
            do = "" if remedies else f"{renaming(path, aside.name)}\n{again}"
            yield Finding("file.format", "stops", says, REFUSED, path=path, line=1, fix="auto" if remedies else "tell",
                          do=do, remedies=remedies, refuses=True)  # fmt: skip
    for path, seen in facts.found.items():
        for file in FILES if seen and "[" in seen else ():
            right = facts.path(file)
            there = facts.texts.config if file == "config" else facts.texts.credentials
            if there is None and right not in facts.unreadable and path in misnamed(right):
                yield Finding("file.name", "stops", f"There is no file {right.name}, but {path.name}.",
                              f"AWS tools read only {right.name}, without an extension.", path=path,
                              do=renaming(path, right.name))  # fmt: skip


def misnamed(path: Path) -> list[Path]:
    """Return the names under which editors save the file that belongs at a path."""
    return [path.with_name(path.name + end) for end in (".txt", ".ini", ".conf", ".cfg", ".rtf", ".txt.txt")]


def strays(facts: Facts) -> Iterator[Finding]:
    """Find lines that aren't settings, that continue a value by mistake, or that come before the first section."""
    for file in FILES:
        for odd in facts.reading(file).oddities:
            if odd.code in ("file.stray-line", "file.characters"):
                yield told(facts, file, odd)


def told(facts: Facts, file: FileName, odd: Oddity) -> Finding:
    """Return the finding for an oddity in a file."""
    remedies = tuple(Remedy(way.label, changes=(Change(file, odd.first, odd.last, way.lines),)) for way in odd.ways)
    header = ini.logical(odd.header, file)
    because = f"{REFUSED} {_SDKS.get(odd.code, '')}".strip() if odd.refused else _QUIET.get(odd.code, "")
    return Finding(
        odd.code,
        odd.severity,
        odd.says,
        because,
        profile=header[1] if header[0] == "profile" else "",
        path=facts.path(file),
        line=odd.line,
        fix="auto" if odd.sure else "ask",
        remedies=remedies,
        refuses=odd.refused,
    )


_QUIET = {
    "file.stray-line": "AWS tools use the broken value as is, and AWS rejects the credentials later.",
    "file.characters": "AWS tools don't replace these characters, so they don't recognize the profile or setting.",
    "section.indented-key": "Every SDK reads the indented line as part of the setting above it, without a warning.",
}


def characters(facts: Facts) -> Iterator[Finding]:
    """Find smart quotes, no-break spaces and long dashes in values that AWS doesn't allow them in."""
    for file, text in _there(facts):
        if text.isascii():
            continue
        lines = facts.lines(file)
        for stanza in facts.meant(file).stanzas:
            for setting in stanza.settings if not stanza.text.isascii() else ():
                if setting.key in STRICT | FREE and (changes := _respelled(file, setting, lines)):
                    yield Finding(
                        "file.characters",
                        "stops" if setting.key in DECIDING | FREE else "hinders",
                        f"{setting.key} contains {_named(lines, setting)} from a word processor or web page.",
                        _QUIET["file.characters"],
                        profile=stanza.name if stanza.type == "profile" else "",
                        path=facts.path(file),
                        line=changes[0].first,
                        fix="auto",
                        remedies=(Remedy("Use plain characters", changes=changes),),
                    )


def _respelled(file: FileName, setting: Setting, lines: Sequence[str]) -> tuple[Change, ...]:
    spell = spelling.plain_command if setting.key in FREE else spelling.plain
    changes = []
    for n in setting.lines:
        line = lines[n - 1]
        if not line.isascii() and (new := spell(line).rstrip()) != line.rstrip(" \t") and setting.key not in _WORDS:
            indent = line[: len(line) - len(line.lstrip())]
            changes.append(Change(file, n, n, (indent + new.lstrip(),)))
    return tuple(changes)


_WORDS = frozenset({"web_identity_token_file", "ca_bundle", "cli_pager", "sdk_ua_app_id"})  # take any character
_LETTERS = (
    ("\u2018\u2019\u201c\u201d\u201e\u201a", "smart quotes"),
    ("\u2010\u2011\u2012\u2013\u2014\u2212", "dashes"),
    ("\u00a0\u202f\u2007", "no-break spaces"),
)


def _named(lines: Sequence[str], setting: Setting) -> str:
    text = "".join(lines[n - 1] for n in setting.lines)
    found = [name for chars, name in _LETTERS if any(char in text for char in chars)]
    return " and ".join(found) or "invisible characters"


def unreadable(facts: Facts) -> Iterator[Finding]:
    """Find files that exist but can't be read."""
    variables = {
        facts.texts.config_path: "AWS_CONFIG_FILE",
        facts.texts.credentials_path: "AWS_SHARED_CREDENTIALS_FILE",
    }
    for path, why in facts.unreadable.items():
        if path not in variables:
            continue
        if os.path.expandvars(facts.env.get(variables[path], "unset")):  # an empty variable is env.overrides
            yield Finding(
                "file.unreadable",
                "stops",
                why,
                "AWS tools act as if the file didn't exist and report “The config profile could not be found”.",
                path=path,
                do=_way_in(facts, path, why),
            )


def _way_in(facts: Facts, path: Path, why: str) -> str:
    name = quote(str(path))
    if re.search(r"(?:is|'s) a folder", why):
        return renaming(path, f"{path.name}.folder")
    if "link" in why:
        return deletion(str(path))
    if re.search(r": it(?: is|'s) ", why):
        return "Replace this file, or set AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE to a regular file."
    if "another program has it open" in why:
        return "Close the file in the other program."
    if facts.windows:
        return f"Give yourself permission to read it, in an administrator's terminal: takeown /f {name}"
    return in_turn(f"sudo chown $(id -un) {name}", f"chmod 600 {name}")


def permissions(facts: Facts) -> Iterator[Finding]:
    """Find files with secrets that other users can read."""
    if facts.windows:
        return
    for path, mode in facts.modes.items():
        if mode & 0o077 and _secret(facts, path):
            yield Finding(
                "file.permissions",
                "hinders",
                f"Other users of this computer can read the file {path.name}, which contains access keys or tokens.",
                "AWS tools let only the owner read a new file (0600), but don't check the permissions later.",
                path=path,
                fix="auto",
                do=f"chmod 600 {quote(str(path))}",
                remedies=(Remedy("Make the file readable only by you", modes={path: 0o600}),),
            )


def _secret(facts: Facts, path: Path) -> bool:
    if path == facts.texts.config_path:
        return "aws_secret_access_key" in (facts.texts.config or "").lower()
    cached = path.suffix == ".json" and path.parent.name == "cache" and facts.found.get(path) is not None
    return cached or (path == facts.texts.credentials_path and facts.texts.credentials is not None)


def refused(facts: Facts) -> Iterator[Finding]:
    """Find anything else that botocore rejects a file for."""
    for file, text in _once(facts):
        fault, meant = ini.read(text, file).fault, facts.meant(file).fault
        known = facts.reading(file).oddities or spelling.encoding(text) or file_format.of(text)
        if fault and not known and not meant:
            yield Finding(fault.code, "stops", fault.says, REFUSED, path=facts.path(file), line=fault.line,
                          refuses=True)  # fmt: skip


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    encoding, code_page, formats, strays, characters, unreadable, permissions, refused,
)  # fmt: skip
