"""Section headers: how botocore reads them, and what odd ones were intended to be."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from itertools import starmap
from typing import NamedTuple

from ccsetup.awsfiles import fast_read, ini
from ccsetup.awsfiles.characters import plain
from ccsetup.awsfiles.section_lines import beginnings, distinct_lines, key_of
from ccsetup.awsfiles.settings import (
    BRACKETLESS,
    KNOWN,
    NESTED,
    NOT_PROFILES,
    OUTPUTS,
    SESSION,
    SEVERAL,
    right,
)
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName, Section
from ccsetup.core.text import LOOSE, STRICT, nearest

TYPES = {"profile": "profile", "sso-session": "sso-session", "services": "services"}

_TYPED = later(r"(?i)(profiles?|sso[-_ ]?sessions?|services?)(\s*[:=]\s*|\s+)(\S.*)")
_GLUED = later(r"(?i)(profile|sso[-_]session)[-_./]?(?=[^s\s]|s[^\s])(\S+)")
_AT_END = later(
    r"(?P<value>[^\[]*[^\s\[])(?P<rest>(?P<blank>\s*)\[(?P<header>[^\[\]=]+)(?P<close>\]?)(?P<after>(?<=\]).*)?)",
    re.DOTALL,
)
_NAME = later(r"[\w.@+-]+")
_WORDS = later(r"(\S+)\s+(\S.*)")
_NAMES = later(r"(?:\"[^\"]*\"|'[^']*'|\S)+")
_INNER = later(r"\[*\s*([^\[\]]*?)\s*\]+(\s*[#;].*)?")
_KIND = r"(?:profiles?|sso[-_ ]?session|services)\s+(?:[^\s\[\](){}<>=:]+|\"[^\"]+\"|'[^']+')"
_ORDINARY_NAME = r"[\w.@+/-]+"
_SPELLED = rf"""(?:{_ORDINARY_NAME}|"{_ORDINARY_NAME}"|'{_ORDINARY_NAME}')"""
_ORDINARY = {
    "config": rf"\[(?:default|(?:profile|sso-session|services) {_SPELLED})\]",
    "credentials": rf"\[(?:default|(?!(?i:default|profile)){_ORDINARY_NAME})\]",
}
_IS_ORDINARY = {file: later(form) for file, form in _ORDINARY.items()}
_ARE_ORDINARY = {file: later(rf"(?:{form}[ \t]*\n)*") for file, form in _ORDINARY.items()}
_SPLIT = later(r"(?i)^(profile|sso-session|services)\s*\]\s*\[?\s*(?=[\w\"'])")
_HALF = later(
    rf"(?i)\[+\s*({_KIND}|[\w.@+-]+)\s*[)}}>]?\s*(?:[#;].*)?|[({{<]?\s*({_KIND}|[\w.@+-]+)\s*\]+\s*(?:[#;].*)?"
)
_OTHER = later(rf"(?i)[({{<]\s*({_KIND})\s*[)}}>]\s*(?:[#;].*)?")
_BARE = later(rf"(?i)({_KIND}|default)\s*:?|[({{<]\s*([\w.@+-]+)\s*[)}}>]")


class Heading(NamedTuple):
    """What a header was intended to be: the code of the error, the header without brackets, and the comment after it.

    If the code is "", the header is correct.
    """

    code: str
    header: str
    remark: str = ""


def meant(header: str, file: FileName, keys: Collection[str], names: Collection[str] = ()) -> Heading:
    """Return what a header between brackets was intended to be, from its text and the keys below it.

    `names` are profiles that something in the two files, the environment or a clone refers to.
    """
    if file == "config" and ini.logical(header, file)[0] and header.isascii() and "]" not in header:
        return Heading("", header)
    if header == ini.DEFAULTS or (file == "credentials" and _is_plain_name(header)) or several(header, file, names):
        return Heading("", header)
    straight = _SPLIT.sub(r"\1 ", plain(header))
    inner = _INNER.fullmatch(straight + "]")
    bare, remark = (inner[1], (inner[2] or "").strip()) if inner else (straight.strip(), "")
    if "]" in header and not _bracketed(header):
        cut, _, rest = header.partition("]")
        if rest.lstrip()[:1] in ("#", ";"):
            inside = meant(cut, file, keys, names)
            return Heading(inside.code or "value.inline-comment", inside.header, rest.strip() + "]")
    found = _in_credentials(bare) if file == "credentials" else _in_config(bare, keys, names)
    if found is None:
        return Heading("", header)
    if not header.isascii() and straight != header:
        return Heading("file.characters", found.header, remark)
    if found.header == header:
        return Heading("", header)
    return Heading(found.code or "section.prefix", found.header, remark)


def several(header: str, file: FileName, names: Collection[str]) -> list[str]:
    """Return the headers that one with several names can stand for; empty if it can only have one name.

    `names` are as in `meant`: if one of them is a word of a header without quotes, that word may be the name.
    """
    found = _TYPED.fullmatch(plain(header).strip()) if file == "config" else None
    if found is None or " " not in found[3].strip() or _type(found[1]) == "services":
        return []
    try:
        words = _NAMES.findall(found[3])
        parts = [shlex.split(it)[0] for it in words]
    except (ValueError, IndexError):
        return []
    whole = " ".join(parts)
    quoted = any(it[0] in "\"'" for it in words)
    if (
        len(parts) < 2
        or any(it[0] in "#;" for it in words)
        or whole in names
        or not (quoted or any(it in names for it in parts))
    ):
        return []
    from ccsetup.awsfiles.edit import heading

    kind = _type(found[1])
    return [heading(Section("config", kind, it, {})) for it in (*dict.fromkeys(parts), whole)]  # type: ignore[arg-type]


def is_ordinary(line: str, file: FileName) -> bool:
    """Return whether a line is an ordinary header."""
    return bool(_IS_ORDINARY[file].fullmatch(line))


def are_ordinary(text: str, file: FileName) -> bool:
    """Return whether every line of a text is a header, a known setting, a comment or blank, like nearly all texts.

    A block of s3 whose settings are all known is ordinary, too.
    """
    if not text.isascii() or max(map(text.count, "[]")) > f"\n{text}".count("\n["):
        return False
    if not all(map(_is_ordinary_beginning, beginnings(text))):
        return False
    lines = distinct_lines(text)
    if any("\r" in line or (line.count("=") > 1 and SEVERAL.search(line)) for line in lines):
        return False
    if not _ARE_ORDINARY[file].fullmatch("".join(f"{line}\n" for line in lines if line[:1] == "[")):
        return False
    try:
        sections = [*fast_read.sections(text, fast_read.EARLIER[file == "credentials"])]
    except fast_read.Unsure:
        return False
    if "\n " not in text and "s3" not in text and "[services" not in text:
        return True
    if not all(starmap(_has_ordinary_values, sections)):
        return False
    indented = sum(len([*filter(None, there["s3"].split("\n"))]) for _, there in sections if "s3" in there)
    return text.count("\n ") == indented  # so all indented lines are in blocks of s3, and none is a comment


def _has_ordinary_values(header: str, there: Mapping[str, str]) -> bool:
    """Return whether s3 is a block, if it is there. In services, each empty value lacks its block."""
    return there.get("s3", "\n")[:1] == "\n" and (not header.startswith("services") or all(there.values()))


def _is_ordinary_beginning(text: str) -> bool:
    """Return whether the part of a line up to its equals sign is a known key, one in a block of s3, or a comment."""
    if text.strip()[:1] in ("", "#", ";"):
        return True
    key = text[:-1].rstrip()
    is_known = key.lstrip(" ") in NESTED if key[:1] == " " else key in KNOWN or key == "s3"
    return is_known and text[-1] == "="


class Unbracketed(NamedTuple):
    """The header in a line with a missing bracket, and whether the line can't be anything else."""

    header: str
    sure: bool


def unbracketed(line: str, file: FileName) -> Unbracketed | None:
    """Return the header in a line with a missing or wrong bracket, or None."""
    if found := _HALF.fullmatch(line) or _OTHER.fullmatch(line):
        return Unbracketed(next(filter(None, found.groups())).strip(), True)
    found = _BARE.fullmatch(line)
    if found and (file == "config" or found[2] or found[1].lower() == "default"):
        return Unbracketed(next(filter(None, found.groups())).strip(), False)
    return None


def _is_plain_name(header: str) -> bool:
    return header.isidentifier() and header.isascii() and (header == "default" or header.lower() != "default")


def _bracketed(header: str) -> bool:
    return header.startswith("[")


def _in_config(bare: str, keys: Collection[str], names: Collection[str]) -> Heading | None:
    """Return what a header of the config file means, None if it belongs to another program."""
    if bare.lower() == "default":
        return Heading("section.prefix", "default")
    if (found := _TYPED.fullmatch(bare)) or (found := _GLUED.fullmatch(bare)):
        name = found[found.lastindex or 2]
        type = _type(found[1])
        if inner := _TYPED.fullmatch(name):  # [profile sso-session acme], [profile profile dev]
            type, name = _type(inner[1]), inner[3]
        if ini.logical(f"{type} {name}", "config")[0]:
            return Heading("section.prefix", f"{type} {name}")
        return _quoted(type, name, bare)
    if words := _WORDS.fullmatch(bare):
        near = _near_type(words[1].lower(), any(key in KNOWN for key in keys))
        if near and ini.logical(f"{near} {words[2]}", "config")[0]:
            return Heading("section.prefix", f"{near} {words[2]}")
        if near:
            return _quoted(near, words[2], bare)._replace(code="section.prefix")
    if bare.lower() in TYPES or not bare:
        return None
    if bare.lower() in NOT_PROFILES and bare not in names and not _provide(keys):
        return None  # another tool's section, which may have a region, too
    known = sum(key in KNOWN for key in keys)
    if not known and bare not in names:
        return None
    if keys and known * 2 < len(keys):
        return None
    type = "sso-session" if keys and SESSION.issuperset(keys) and "sso_start_url" in keys else "profile"
    return _quoted(type, bare, bare)._replace(code="section.prefix")


def _provide(keys: Collection[str]) -> bool:
    """Return whether settings with these keys provide credentials; a role needs something to assume it with."""
    return not _SUFFICIENT.isdisjoint(keys) or ("role_arn" in keys and not _SOURCES.isdisjoint(keys))


_SUFFICIENT = frozenset(["aws_access_key_id", "sso_session", "sso_account_id", "credential_process", "login_session"])
_SOURCES = frozenset(["source_profile", "credential_source", "web_identity_token_file"])


def _near_type(word: str, certain: bool) -> str:
    """Return the section type that a word was intended to be. `certain` means that AWS settings follow."""
    if word in ("sso", "session", "sso-ses"):
        return "sso-session" if certain else ""
    near = nearest(word, TYPES, 1, LOOSE if certain else STRICT)
    return near[0] if near else ""


def _quoted(type: str, name: str, bare: str) -> Heading:
    name = name.strip()
    if name[:1] in "\"'" or name[-1:] in "\"'":
        name = name.strip("\"'")
    code = "section.quoting" if bare.startswith(f"{type} ") else "section.prefix"
    kind = "sso-session" if type == "sso-session" else "profile"
    if type == "services":
        return Heading(code, f'services "{name}"')
    from ccsetup.awsfiles.edit import heading

    return Heading(code, heading(Section("config", kind, name, {})))  # type: ignore[arg-type]


def _type(word: str) -> str:
    word = word.lower()
    return "profile" if word.startswith("profile") else "sso-session" if word.startswith("sso") else "services"


def _in_credentials(bare: str) -> Heading | None:
    """Return what a header of the credentials file means, None if it is correct."""
    name = bare
    code = "section.prefix"
    if found := _TYPED.fullmatch(bare):
        if _type(found[1]) != "profile":
            return None
        name = found[3].strip()
    if name[:1] in ("'", '"') or name[-1:] in ("'", '"'):
        code = code if name != bare else "section.quoting"
        name = name.strip("\"'")
    if name.lower() == "default":
        name = "default"
    return Heading(code, name) if name else None


class Glued(NamedTuple):
    """A setting with a header at its end: the line without it, the header, its own lines, and whether it is certain."""

    before: str
    header: str
    lines: tuple[str, ...]
    sure: bool


def glued(key: str, value: str, line: str, below: Collection[str], twice: bool, file: FileName) -> Glued | None:
    """Return the header after a lost line break, None if the bracket can belong to the value.

    `below` are the keys that follow. `twice` means that the section already has one of them, so that it must end here.
    """
    found = _AT_END.fullmatch(value)
    if found is None or found["rest"] not in line or not right(key, found["value"]):
        return None
    header, after = found["header"].strip(), (found["after"] or "").strip()
    typed = bool(ini.logical(header, "config")[0]) or header in NOT_PROFILES
    if not found["close"] and (not typed or header == "default" or after):
        return None
    sets = key_of(after) in KNOWN
    if after and after[0] not in "#;" and not sets:
        return None
    known = sets or not KNOWN.isdisjoint(below)
    bracketless = key in BRACKETLESS | NESTED and (key != "output" or found["value"] in OUTPUTS)
    if not typed:
        if (
            not _NAME.fullmatch(header)
            or (found["blank"] and not twice)
            or not (twice or (bracketless and (known or not below)))
        ):
            return None
        if file == "config" and not known:
            return None
    own = (f"[{header}]", after) if sets else (f"[{header}] {after}".strip(),)
    return Glued(line[: line.rindex(found["rest"])].rstrip(), header, own, bracketless and not header.isdecimal())
