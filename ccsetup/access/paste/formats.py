"""The formats that values are pasted in: splits a cleaned text into blocks of AWS settings and the remaining text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from ccsetup.core import placeholder, validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.regions import REGION

SECTIONS = ("profile", "sso-session")
KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
OF_ENVIRONMENT = "AWS_ROLE_ARN"  # with a role_arn: it came from the variable that tools set along with access keys
WIDEST = 260  # the longest width at which lines are wrapped, in characters

Type = Literal["profile", "sso-session", "command", ""]

_NAMES = {
    "aws_access_key_id": "access[ _-]?key(?:[ _-]?id)?|zugriffsschlüssel(?:[ -]id)?|id de clé d'accès",
    "aws_secret_access_key": "secret(?:[ _-]?(?:access[ _-]?)?key)?|geheimer zugriffsschlüssel|clé d'accès secrète",
    "aws_session_token": "(?:session|security)[ _-]?token|sitzungs-?token|jeton de session|(?<=[\"'])token(?=[\"'])",
    "expires_at": "(?:credentials?_|(?:sso_)?session_(?:token_)?|security_token_)?expir(?:ation|es(?:[ _-]?at)?)",
    "role_arn": "role[ _-]?arn",
    "source_profile": "source[ _-]?profile",
    "credential_source": "credential[ _-]?source",
    "credential_process": "credential[ _-]process",
    "external_id": "extern(?:al|e)[ _-]?id",
    "mfa_serial": "mfa[ _-]?serial(?:[ _-]?number)?|mfa[ _-]?device(?:[ _-]?arn)?|serial[ _-]number",
    "role_session_name": "role[ _-]?session[ _-]?name",
    "duration_seconds": "duration[ _-]?seconds",
    "web_identity_token_file": "web[ _-]?identity[ _-]?token(?:[_-]?file| file(?!:))?|token[ _-]file",
    "saml_assertion": "saml[ _-]assertion",
    "provider_id": "provider[ _-]?id",
    "federated_name": "federated[ _-]name",
    "sso_start_url": "(?:sso[ _-]?)?start[ _-]?url|(?:access )?portal url",
    "sso_region": "sso[ _-]?region",
    "sso_account_id": "sso[ _-]?account(?:[ _-]?id)?",
    "sso_role_name": "sso[ _-]?role(?:[ _-]?name)?",
    "sso_session": "sso[ _-]?session(?:[ _-]?name)?",
    "region": "region(?:[ _-]?name)?",
    "profile": "profile(?:[ _-]name)?",
}
_LABEL = later(
    r"(?<![A-Za-z0-9_/.@?&+])(?P<lead>--|-D|\$env[:.]|set(?: -{1,2}[a-z]{1,9}){1,2} |setenv )?"
    r"(?:(?:aws|granted|x|cli|default|client|ccsetup)[ _.-]?){0,3}(?:"
    + "|".join(f"(?P<{name}>{words})" for name, words in _NAMES.items())
    + r")(?![A-Za-z0-9_]|:+aws)",
    re.IGNORECASE | re.ASCII,
)
_SEP = later(
    r"""["'`*)\]]{0,3}(?: ?\[[^\]\n]{0,60}\]| ?\([a-z]{1,20}\))? ?"""
    r"""(?:(?P<mark>=>|[=:|>])|(?:is|be)\b:?|(?<=["']),(?= ?["'])|(?P<gap>(?=[ \n"'`])))"""
    r"""[ |*]{0,3}\n{0,2}(?P<quote>["'`<*]{0,2})""",
    re.IGNORECASE,
)
_WORD = later(r"[^\s\"'`,;|<>()]+")
_PHRASE = later(r"[^\n\"'`|,;<>=]{1,64}?(?=[\"'`|,;<>\n]| [\w.]{1,40} ?=|$)")
_SENTENCE = later(r"(?:(?!\. )[^\n\"'`|,;<>=]){1,64}?(?=[\"'`|,;<>\n]| [\w.]{1,40} ?=|\. | SSO |$)")
_SHAPES = {  # values that are more or less than one word
    "role_session_name": _PHRASE,
    "sso_session": _SENTENCE,
    "region": _PHRASE,
    "credential_process": later(r"[^\n]+"),
    "expires_at": later(
        r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{5,20} ?(?:Z|[+-][0-9]{2}:?[0-9]{2})?(?: ?UTC)?|[0-9]{10,13}"
    ),
}
_OF_WORDS = ("region", "role_session_name", "sso_session")  # may have several words, but only after a mark
_STRICT = {  # what a value must look like if only a space or a line break separates it from its label
    "aws_access_key_id": r"[A-Z0-9]{16,128}",
    "aws_secret_access_key": r"[A-Za-z0-9/+]{40}",
    "aws_session_token": r"(?=\D*\d)[A-Za-z0-9/+=_-]{40,}",
    "role_arn": r"arn:.+",
    "mfa_serial": r"arn:.+",
    "sso_start_url": r"https://.+",
    "region": f"{REGION}[a-z]?",
    "sso_region": REGION,
    "expires_at": r"20[0-9]{2}-.+",
    "external_id": r"(?=.*[0-9_-])[\w+=,.@:/-]{3,}",
    "web_identity_token_file": r"[~/].+",
}
_HEADER = later(r"\[ ?(?:(profile|sso[-_]session|services|plugins|preview)\b)? ?([^\]\[\n]{0,128})\]", re.IGNORECASE)
_SECRET_NEXT = later(rf"[\s,;|/]{{1,3}}(?:(?:and|und|et) )?{_STRICT['aws_secret_access_key']}(?![A-Za-z0-9/+=])")
_HEADER_WITHIN = later(r"(?<=\S) (?=\[[^\]\[\n]{1,128}\] ?[a-z_]{3,40} ?=)")
_SETTING = later(r"[A-Za-z_][\w.-]{0,80} ?[=:]|[;#]|$")
_COMMAND_WITHIN = later(r"(?<=[^\n])(?=\baws (?:--\S{1,40} \S{1,80} ){0,2}configure set )")
_SET = later(
    r"\baws (?:--\S{1,40} \S{1,80} ){0,2}configure set (?:profile\.([\w+,@-]+)\.)?([a-z_]+) "
    r"(\"[^\"]*\"|'[^']*'|[^\s;&]+)"
)
_STS = later(r"\baws (?:\S{1,80} ){0,6}?sts (assume-role[a-z-]*|get-session-token|get-federation-token)\b")
_OF = later(r"--profile[ =][\"']?([^\s\"';&]+)")
_FLAGS = (("--profile", "--source-profile"), ("--name ", "--federated-name "))
_PLAIN_WORD = later(r"[A-Za-z0-9+/=_.-]+[\"',`]{0,2}")
_NO_PIECE = later(r"[A-Za-z]{1,12}[.,]?$|(?:AKIA|ASIA)[A-Z0-9]{12,}$|eyJ|PHNhbW|PD94bW|PFJlc3")


_CHECKS: dict[str, Callable[[str], object]] = {
    "role_arn": validate.role_arn,
    "sso_start_url": validate.sso_start_url,
    "mfa_serial": validate.mfa_serial,
}


class Block(NamedTuple):
    """Settings that belong together: a section, one command, or those outside of both (no name, no type).

    `hollow`: it has placeholders instead of access keys. `joined`: a value was split over several lines.
    """

    type: Type = ""
    name: str = ""
    settings: Mapping[str, str] = {}
    hollow: bool = False
    joined: bool = False

    def __repr__(self) -> str:
        return f"Block({self.type!r}, {self.name!r}, {sorted(self.settings)})"  # the values may be secret


def blocks(text: str) -> tuple[list[Block], str]:
    """Return the blocks of a text in order, and the text without the settings."""
    found: dict[tuple[str, ...], Block] = {}
    rest: list[str] = []
    for segment, part in _segments(_HEADER_WITHIN.sub("\n", _COMMAND_WITHIN.sub("\n", text))):
        settings, about, left = _settings(part)
        rest.append(left)
        _add(found, segment._replace(hollow=about.hollow, joined=about.joined), settings)
    return list(found.values()), "\n".join(rest)


def is_placeholder(value: str, key: bool = False) -> bool:
    """Return whether a value is a placeholder, for example <your-key> or, for an access key, TheAccessKeyID."""
    return placeholder.is_key_placeholder(value) if key else placeholder.is_placeholder(value)


def is_something_else(key: str, value: str) -> bool:
    """Return whether a value doesn't fit its label, for example a start URL that is labeled as a role ARN."""
    if key not in _CHECKS:
        return False
    try:
        _CHECKS[key](value)
    except BadAnswer:
        return True
    return key == "role_arn" and "AWSReservedSSO_" in value  # only IAM Identity Center can assume such a role


def starts_with_label(line: str) -> bool:
    """Return whether a line starts with the label of a value, for example aws_session_token =."""
    found = _LABEL.match(line)
    return found is not None and line[found.end() :].lstrip(" \"'")[:1] in ("=", ":")


def unwrapped(text: str, start: int, end: int) -> tuple[str, int]:
    """Return the word at a position, including parts of it that were wrapped to the next lines, and its end.

    Wrapped lines all have the same width, except for the last. A greeting below a token is not included.
    """
    word, width = [text[start:end]], end - (text.rfind("\n", max(start - WIDEST, 0), start) + 1)
    while 40 <= width <= WIDEST and text[end : end + 1] == "\n" and not word[-1].endswith("="):
        line = _PLAIN_WORD.match(text, end + 1)
        if not line or text[line.end() : line.end() + 1] not in ("", "\n") or len(line[0]) > width + 3:
            break
        piece = line[0].rstrip("\"',`")
        if _NO_PIECE.match(piece):
            break
        word.append(piece)
        end = line.end()
        if len(line[0]) < width * 2 // 3:
            break
    return "".join(word), end


def _segments(text: str) -> Iterator[tuple[Block, str]]:
    """Split a text into sections, commands and what is between them."""
    block, lines = Block(), list[str]()
    for line in text.split("\n"):
        header = _HEADER.match(line)
        if header and _opens(header, line):
            yield block, "\n".join(lines)
            block, lines = _headed(header), [line[header.end() :]]
        elif found := _SET.search(line):
            yield block, "\n".join(lines)
            yield _set(found, line)
            block, lines = Block(), []
        elif verb := _STS.search(line):
            yield block, "\n".join(lines)
            for ours, theirs in _FLAGS:
                line = line.replace(ours, theirs)
            yield Block("command", verb[1]), line
            block, lines = Block(), []
        elif block.type and not _SETTING.match(line) and not _wraps(lines, line):
            yield block, "\n".join(lines)
            block, lines = Block(), [line]
        else:
            lines.append(line)
    yield block, "\n".join(lines)


def _opens(header: re.Match[str], line: str) -> bool:
    after = line[header.end() :].strip()
    return not after or after.startswith(("#", ";")) or bool(re.match(r"[a-z_]{3,40} ?=", after, re.IGNORECASE))


def _wraps(lines: list[str], line: str) -> bool:
    return bool(lines) and len(lines[-1]) >= 40 and bool(_PLAIN_WORD.fullmatch(line))


def _headed(header: re.Match[str]) -> Block:
    kind, name = (header[1] or "").lower().replace("_", "-"), header[2].strip().strip("\"'").strip()
    if kind in ("services", "plugins", "preview"):
        return Block("command", kind)
    return Block("sso-session" if kind == "sso-session" else "profile", name)


def _set(found: re.Match[str], line: str) -> tuple[Block, str]:
    """Return `aws configure set KEY VALUE --profile NAME` as a line of that profile."""
    named = _OF.search(line)
    name = found[1] or (named[1] if named else "default")
    return Block("profile", name), f"{found[2]} = {found[3]}"


def _settings(text: str) -> tuple[list[tuple[str, str]], Block, str]:
    """Return the labelled values of a text in order, whether one was split, and the rest of the text."""
    found: list[tuple[str, str]] = []
    hollow, joined, left, at = False, False, list[str](), 0
    for label in _LABEL.finditer(text):
        key = label.lastgroup or ""
        sep = _SEP.match(text, label.end()) if label.start() >= at else None
        value, end, broken = _value(text, key, sep, label["lead"]) if sep else ("", 0, False)
        if not value or (key == KEYS[0] and _SECRET_NEXT.match(text, end)):
            continue  # an ID and a secret after one label stay together in the text
        if not is_placeholder(value) and is_something_else(key, value):
            continue  # what the label doesn't fit may still be recognized without it
        left += [text[at : label.start()], " "]
        at, joined = end, joined or broken
        if is_placeholder(value, key in KEYS):
            hollow = hollow or key in KEYS
        else:
            found.append((key, value))
            found += [(OF_ENVIRONMENT, label[0])] if label[0] == "AWS_ROLE_ARN" else []
    return found, Block(hollow=hollow, joined=joined), "".join([*left, text[at:]])


def _value(text: str, key: str, sep: re.Match[str], lead: str | None) -> tuple[str, int, bool]:
    """Return the value after a label ("" if none fits), where it ends, and whether it was split."""
    found, quote = None, sep["quote"][-1:]
    if quote in ('"', "'", "`"):
        found = re.compile(rf"[^{quote}\n]{{1,20000}}(?={quote})").match(text, sep.end())
    shape = (
        _SHAPES.get(key, _WORD) if sep["mark"] or key not in ("region", "role_session_name", "sso_session") else _WORD
    )
    found = found or shape.match(text, sep.end())
    if not found or ("\n" in sep[0] and key not in _STRICT):
        return "", 0, False
    value, end, broken = found[0].rstrip(" ,;"), found.end(), False
    value = value.rstrip(".!") or value
    if key in KEYS[1:]:
        joined, joined_end = unwrapped(text, found.start(), end)
        if joined_end > end and (key == KEYS[2] or len(joined) == 40 > len(value)):
            value, end, broken = joined, joined_end, True
    bare = "\n" in sep[0] or not (sep["mark"] or lead)
    if bare and key == "region":  # the words before it tell whether it belongs to the sign-in or to the repository
        return "", 0, False
    if bare and not re.fullmatch(_STRICT.get(key, "(?!)"), value):
        return "", 0, False
    return value.replace("\\/", "/").removeprefix("file://"), end, broken


def _add(found: dict[tuple[str, ...], Block], block: Block, settings: list[tuple[str, str]]) -> None:
    """Add settings to their section. A second access key outside of any section begins another block."""
    place = (block.type, block.name) if block.type in SECTIONS else (str(len(found)),)
    before = found.get(place, block)
    there = dict(before.settings)
    for key, value in settings:
        if not block.type and key in KEYS and there.get(key, value) != value:
            found[place] = block._replace(settings=there)
            there, place, before = {}, (str(len(found)),), block
        there[key] = value
    either = before.hollow or block.hollow, before.joined or block.joined
    if there or block.hollow:
        found[place] = block._replace(settings=there, hollow=either[0], joined=either[1])
