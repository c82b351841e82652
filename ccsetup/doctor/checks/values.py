"""Values that include a comment or quotes by mistake, and lines that only AWS's Python tools can read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from ccsetup.awsfiles.ini import Setting, Stanza
from ccsetup.awsfiles.settings import BARE, DECIDING, FREE, KNOWN, NESTED, STRICT
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName
from ccsetup.core.text import ONE_LETTER, nearest
from ccsetup.doctor.checks.files import FILES
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Change, Finding, Remedy, Severity

ID, SECRET = "aws_access_key_id", "aws_secret_access_key"
_MARKS = (" #", " ;", "\t#", "\t;", "=#", "=;", '"', "'")
_COMMENT = later(r"(?:^|(?<![ \t])[ \t]+)[#;].*$")


def values(facts: Facts) -> Iterator[Finding]:
    """Find comments and quotes that became part of a value: AWS files have neither inline comments nor quotes."""
    for file in FILES:
        text = facts.meant(file).text
        if not any(mark[-1] in text and mark in text for mark in _MARKS):
            continue
        for stanza, setting in facts.meant(file).settings_with(_has_mark):
            yield from _value(facts, file, stanza, setting)


def _has_mark(value: str) -> bool:
    return "#" in value or ";" in value or '"' in value or "'" in value


def commas(facts: Facts) -> Iterator[Finding]:
    """Find commas and semicolons at the end of a value, as in JSON or source code."""
    for file in FILES:
        text = facts.meant(file).text
        for stanza in facts.meant(file).stanzas if "," in text or ";" in text else ():
            for setting in stanza.settings if "," in stanza.text or ";" in stanza.text else ():
                mark = setting.value[-1:]
                if mark in (",", ";") and setting.key in BARE and setting.value not in facts.profiles:
                    number = setting.lines[-1]
                    found = _quoted(facts, file, stanza, setting.key, number, setting.value)
                    says = f"The {mark} at the end of {setting.key} is read as part of the value."
                    change = Change(file, number, number, (facts.lines(file)[number - 1].rstrip(",; \t"),))
                    because = f"SDKs don't remove a {mark} at the end of a value."
                    remedy = Remedy(f"Remove the {mark}", "", (change,))
                    yield found._replace(says=says, because=because, remedies=(remedy,))


def _value(facts: Facts, file: FileName, stanza: Stanza, setting: Setting) -> Iterator[Finding]:
    texts = setting.value.split("\n")
    for number, text in zip(setting.lines, texts, strict=False):
        nested = setting.value.startswith("\n")
        key = text.partition("=")[0].strip().lower() if nested else setting.key
        value = text.partition("=")[2].strip() if nested else text
        if comment := behind(key, value):
            yield _commented(facts, file, stanza, key, number, value, comment)
        bare = value[: len(value) - len(comment)].strip()
        if (key in STRICT or (nested and key in NESTED)) and _is_quoted(bare):
            yield _quoted(facts, file, stanza, key, number, bare)


def behind(key: str, value: str) -> str:
    """Return the comment after a value, with the spaces before it; "" if a # or ; belongs to the value."""
    found = _COMMENT.search(value)
    if found is None:
        return ""
    before = value[: found.start()]
    open_quote = before.count('"') % 2 or (key in FREE and before.count("'") % 2)
    return "" if open_quote else value[found.start() :]


def _is_quoted(value: str) -> bool:
    marks = "\"'`"
    return len(value) > 1 and (value[0] in marks or value[-1] in marks)


def _commented(
    facts: Facts, file: FileName, stanza: Stanza, key: str, number: int, value: str, comment: str
) -> Finding:
    line = facts.lines(file)[number - 1].rstrip()
    indent = line[: len(line) - len(line.lstrip())]
    kept = line[: len(line) - len(comment)].rstrip() if line.endswith(comment) else line
    rest = value[: -len(comment)].strip()
    sure = (key in STRICT or key in NESTED) and kept != line and bool(rest)
    sure &= key != "external_id" or " " not in rest  # then the mark may be part of a value that isn't valid either way
    change = Change(file, number, number, (indent + comment.strip(), kept))
    return Finding(
        "value.inline-comment",
        _severity(key) if sure else "note",
        f"The comment after {key} is read as part of the value.",
        "The AWS CLI and boto3 don't support comments after a value; other SDKs remove such comments.",
        profile=stanza.name if stanza.type == "profile" else "",
        path=facts.path(file),
        line=number,
        fix="auto" if sure else "ask",
        remedies=(Remedy("Move the comment to its own line", changes=(change,)),) if kept != line else (),
    )


def _quoted(facts: Facts, file: FileName, stanza: Stanza, key: str, number: int, value: str) -> Finding:
    line = facts.lines(file)[number - 1]
    at = line.rfind(value)
    bare = value.strip("\"'`").strip()
    new = f"{line[:at]}{bare}{line[at + len(value) :]}" if at >= 0 else line
    return Finding(
        "value.quoted",
        _severity(key),
        f"The quotes in {key} are read as part of the value.",
        "SDKs don't remove quotes from this setting.",
        profile=stanza.name if stanza.type == "profile" else "",
        path=facts.path(file),
        line=number,
        fix="auto",
        remedies=(Remedy("Remove the quotes", changes=(Change(file, number, number, (new,)),)),),
    )


def _severity(key: str) -> Severity:
    return "stops" if key in DECIDING else "hinders"


_FOREIGN = later(r"(?m)^[ \t]*(?:[^#;\[\s=:][^=:\r\n]*:|[^#;\[\s=:]+[ \t]+[^\s=:][^=:\r\n]*=)")


def dialect(facts: Facts) -> Iterator[Finding]:
    """Find what AWS's Python tools read and other SDKs don't: colons instead of equals signs, spaces in names."""
    for file in FILES:
        text = facts.meant(file).text
        if text.count("\r") == text.count("\r\n") and not _FOREIGN.search("\n".join(facts.beginnings(file))):
            continue
        lines = facts.lines(file)
        for stanza in facts.meant(file).stanzas:
            for setting in stanza.settings if stanza.type else ():
                line = lines[setting.lines[0] - 1]
                sign = next((char for char in line if char in "=:"), "=")
                if sign == ":" or " " in setting.key:
                    yield _foreign(facts, file, stanza, setting, line)


def _foreign(facts: Facts, file: FileName, stanza: Stanza, setting: Setting, line: str) -> Finding:
    blank = " " in setting.key
    key, _, value = line.partition(":")
    says = (
        f"The setting `{setting.key}` has a space in its name." if blank else f"{setting.key} has a colon instead of =."
    )
    why = "The AWS CLI and boto3 keep the name with the space; other SDKs skip the setting."
    spelled = f"{key.rstrip()} = {value.strip()}"
    return Finding(
        "file.stray-line",
        "note",
        says,
        why if blank else "The AWS CLI and boto3 accept a colon; other SDKs reject the file: “Expected an '=' sign”.",
        profile=stanza.name if stanza.type == "profile" else "",
        path=facts.path(file),
        line=setting.lines[0],
        fix="tell" if blank else "ask",
        remedies=() if blank else (
            Remedy("Use = instead", changes=(Change(file, setting.lines[0], setting.lines[0], (spelled,)),)),
        ),
    )  # fmt: skip


def misspelt(facts: Facts) -> Iterator[Finding]:
    """Find unknown settings whose names are close to a known one."""
    for file in FILES:
        if not any(map(_may_be_misspelt, facts.beginnings(file))):
            continue
        for stanza in facts.meant(file).stanzas:
            for setting in stanza.settings if stanza.type else ():
                if setting.key not in KNOWN and (key := _near_key(setting.key)) and key not in stanza.values:
                    yield _misspelt(facts, file, stanza, setting, key)


def _may_be_misspelt(beginning: str) -> bool:
    key = beginning.rstrip("=").strip().lower()
    return key[:1] not in ("", "#", ";") and key not in KNOWN and (":" in key or bool(_near_key(key)))


@lru_cache(maxsize=4096)
def _near_key(key: str) -> str:
    """Return the known setting that a name is a typo of, "" if there is none."""
    bare = re.sub(r"[^a-z0-9]+", "_", key).strip("_")
    bare = _OTHER_NAMES.get(bare, bare)
    return next(iter(nearest(bare, KNOWN, 1, ONE_LETTER)), "")


_OTHER_NAMES = {
    "aws_access_key": ID, "access_key_id": ID, "aws_key_id": ID, "aws_secret_key": SECRET, "secret_access_key": SECRET,
    "aws_access_key_secret": SECRET, "aws_secret_access_key_id": SECRET, "aws_secret_access": SECRET,
    "session_token": "aws_session_token", "aws_region": "region", "default_region": "region",
    "sso_url": "sso_start_url", "start_url": "sso_start_url", "sso_account": "sso_account_id",
    "sso_role": "sso_role_name", "rolearn": "role_arn", "source_profil": "source_profile", "regoin": "region",
    "reigon": "region", "regin": "region", "rgion": "region", "regions": "region", "ouput": "output",
}  # fmt: skip


def _misspelt(facts: Facts, file: FileName, stanza: Stanza, setting: Setting, key: str) -> Finding:
    number = setting.lines[0]
    line = facts.lines(file)[number - 1]
    at = re.search(r"[=:]", line)
    indent = line[: len(line) - len(line.lstrip())]
    gap = " " if at and line[at.start() - 1 : at.start()].isspace() else ""
    spelled = f"{indent}{key}{gap}{line[at.start() :] if at else ''}"
    return Finding(
        "file.stray-line",
        "hinders",
        f"Unknown setting {setting.key}. Did you mean {key}?",
        "AWS tools ignore unknown settings without a warning.",
        profile=stanza.name if stanza.type == "profile" else "",
        path=facts.path(file),
        line=number,
        fix="ask",
        remedies=(Remedy(f"Change to {key}", changes=(Change(file, number, number, (spelled,)),)),),
    )


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (values, commas, dialect, misspelt)
