"""Both files as a whole: what makes every tool refuse them, what a document left in them, who else can read them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ccsetup.awsfiles import characters as spelling
from ccsetup.awsfiles import ini
from ccsetup.awsfiles.ini import Setting, Stanza
from ccsetup.awsfiles.misreadings import Oddity
from ccsetup.awsfiles.settings import DECIDING, FREE, STRICT
from ccsetup.core.model import FileName
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Change, Finding, Remedy

FILES: tuple[FileName, ...] = ("config", "credentials")
REFUSED = (
    "Until then AWS's tools refuse the whole file, every profile in it: “Unable to parse config file”, no line named."
)
_SDKS = {
    "file.stray-line": "Other SDKs refuse it too, or skip the line silently.",
}


def _there(facts: Facts) -> Iterator[tuple[FileName, str]]:
    """Yield the files that are there, as they are on disk."""
    for file in FILES:
        text = facts.texts.config if file == "config" else facts.texts.credentials
        if text is not None:
            yield file, text


def _once(facts: Facts) -> Iterator[tuple[FileName, str]]:
    """Yield the files that are there, one that serves as both only once."""
    there = [*_there(facts)]
    yield from there[:1] if facts.texts.shared else there


def encoding(facts: Facts) -> Iterator[Finding]:
    """A byte order mark, UTF-16, bytes that are no UTF-8, a NUL."""
    for file, text in _once(facts):
        if text.isascii() and "\0" not in text:
            continue
        name, plain = spelling.encoding(text), spelling.decoded(text)
        if name:
            mark = name == "utf-8"
            says = (
                "The file begins with a byte order mark." if mark else f"The file is in {name[:6].upper()}, not UTF-8."
            )
            why = f"{REFUSED} Windows editors and PowerShell's > write it so." + (
                " Other SDKs skip the mark." if mark else ""
            )
            remedy = Remedy("Save it as plain UTF-8", texts={file: plain})
            yield Finding("file.encoding", "stops", says, why, path=facts.path(file), line=1, fix="auto",
                          remedies=(remedy,))  # fmt: skip
        fault = ini.read(plain, file).fault
        if fault and fault.code == "file.encoding":
            ways = [("Read it as Western Windows wrote it", spelling.from_windows(plain))]
            if "\0" in plain:
                ways = [("Leave the NULs out", plain.replace("\0", ""))]
            remedies = tuple(Remedy(label, texts={file: text}) for label, text in ways)
            yield Finding("file.encoding", "stops", fault.says[0].upper() + fault.says[1:], REFUSED,
                          path=facts.path(file), line=fault.line, fix="ask", remedies=remedies)  # fmt: skip


def strays(facts: Facts) -> Iterator[Finding]:
    """Lines that are nothing, that go on with a value, or that stand before the first section."""
    for file in FILES:
        for odd in facts.reading(file).oddities:
            if odd.code in ("file.stray-line", "file.characters"):
                yield told(facts, file, odd)


def told(facts: Facts, file: FileName, odd: Oddity) -> Finding:
    """Return the finding that an oddity of a file is."""
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
    )


_QUIET = {
    "file.stray-line": "AWS's tools take the value broken as it is, and refuse the keys later.",
    "file.characters": "AWS's tools do not take one for the other: the profile, or the setting, is not found.",
    "section.indented-key": "Every SDK reads it so, and none says a word: the setting above holds both lines.",
}


def nested_blocks(facts: Facts) -> Iterator[Finding]:
    """An indented block with a line in it that is no `name = value`."""
    for file in FILES:
        if "=\n" not in (text := facts.document(file).text).replace(" ", "").replace("\r", "") and ":\n" not in text:
            continue
        for stanza in facts.document(file).stanzas:
            for setting in stanza.settings:
                yield from _block(facts, file, stanza, setting) if setting.value.startswith("\n") else ()


def _block(facts: Facts, file: FileName, stanza: Stanza, setting: Setting) -> Iterator[Finding]:
    for number, text in zip(setting.lines, setting.value.split("\n"), strict=False):
        bare = text.strip()
        if not bare or ("=" in bare and bare[0] != "="):
            continue
        refused = "=" not in bare
        yield Finding(
            "file.nested-block",
            "stops" if refused else "note",
            f"This line of the indented block under {setting.key} is not `name = value`.",
            REFUSED if refused else "AWS's Python tools read a setting without a name; other SDKs refuse the file.",
            profile=stanza.name if stanza.type == "profile" else "",
            path=facts.path(file),
            line=number,
            do=f"Write it as name = value, or move it to the left margin, in {facts.path(file)}, line {number}.",
        )


def characters(facts: Facts) -> Iterator[Finding]:
    """Smart quotes, no-break spaces and long dashes in values where AWS allows no such letter."""
    for file, text in _there(facts):
        if text.isascii():
            continue
        lines = facts.lines(file)
        for stanza in facts.document(file).stanzas:
            for setting in stanza.settings if not stanza.text.isascii() else ():
                if setting.key in STRICT | FREE and (changes := _respelled(file, setting, lines)):
                    yield Finding(
                        "file.characters",
                        "stops" if setting.key in DECIDING | FREE else "hinders",
                        f"{setting.key} holds {_named(lines, setting)} of a word processor or a web page.",
                        _QUIET["file.characters"],
                        profile=stanza.name if stanza.type == "profile" else "",
                        path=facts.path(file),
                        line=changes[0].first,
                        fix="auto",
                        remedies=(Remedy("Write it in plain letters", changes=changes),),
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


_WORDS = frozenset({"web_identity_token_file", "ca_bundle", "cli_pager", "sdk_ua_app_id"})  # any letter may be meant
_LETTERS = (
    ("\u2018\u2019\u201c\u201d\u201e\u201a", "smart quotes"),
    ("\u2010\u2011\u2012\u2013\u2014\u2212", "dashes"),
    ("\u00a0\u202f\u2007", "no-break spaces"),
)


def _named(lines: Sequence[str], setting: Setting) -> str:
    text = "".join(lines[n - 1] for n in setting.lines)
    found = [name for chars, name in _LETTERS if any(char in text for char in chars)]
    return " and ".join(found) or "invisible letters"


def unreadable(facts: Facts) -> Iterator[Finding]:
    """A file that is there and cannot be read."""
    ours = (facts.texts.config_path, facts.texts.credentials_path)
    for path, why in facts.unreadable.items():
        if path in ours and "is set, but to nothing" not in why:
            yield Finding(
                "file.unreadable",
                "stops",
                why,
                "AWS's tools go on as if it were not there: “The config profile could not be found”.",
                path=path,
                do=_way_in(path, why),
            )


def _way_in(path: Path, why: str) -> str:
    name = shlex.quote(str(path))
    if "is a folder" in why:
        return f"mv {name} {shlex.quote(f'{path}.folder')}"
    if "link" in why:
        return f"rm {name}"
    if ": it is " in why:
        return "Put an ordinary file there, or name one in AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE"
    return f"sudo chown $(id -un) {name} && chmod 600 {name}"


def permissions(facts: Facts) -> Iterator[Finding]:
    """Files with secrets that others can read."""
    if facts.windows:
        return
    for path, mode in facts.modes.items():
        if mode & 0o077 and _secret(facts, path):
            yield Finding(
                "file.permissions",
                "hinders",
                f"Others on this machine can read {path.name}, which holds keys or tokens.",
                "AWS's tools make it readable by its owner alone (0600), and never look again.",
                path=path,
                fix="auto",
                do=f"chmod 600 {shlex.quote(str(path))}",
                remedies=(Remedy("Make it readable by you alone", modes={path: 0o600}),),
            )


def _secret(facts: Facts, path: Path) -> bool:
    if path == facts.texts.config_path:
        return "aws_secret_access_key" in (facts.texts.config or "").lower()
    cached = path.suffix == ".json" and path.parent.name == "cache" and facts.found.get(path) is not None
    return cached or (path == facts.texts.credentials_path and facts.texts.credentials is not None)


def refused(facts: Facts) -> Iterator[Finding]:
    """Whatever else botocore would refuse a file for."""
    for file, text in _once(facts):
        fault, meant = ini.read(text, file).fault, facts.document(file).fault
        known = facts.reading(file).oddities or spelling.encoding(text)
        if fault and not known and not meant:
            yield Finding(fault.code, "stops", fault.says, REFUSED, path=facts.path(file), line=fault.line)


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    encoding, strays, nested_blocks, characters, unreadable, permissions, refused,
)  # fmt: skip
