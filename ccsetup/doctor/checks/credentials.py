"""Stored access keys: incomplete, split or swapped pairs, extra or missing session tokens, expired credentials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ccsetup.awsfiles.settings import meant
from ccsetup.core import clock, placeholder, stored_keys
from ccsetup.core.command_line import quote
from ccsetup.core.model import FileName
from ccsetup.core.placeholder import is_key_placeholder
from ccsetup.doctor.checks.shadowed import ALONE, ID, SECRET, TOKENS, Kind, kinds
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Change, Finding, Remedy
from ccsetup.doctor.locate import Place, added, finding, in_file, place, places, removed, respelled, silenced

Settings = Mapping[str, str]

_STATIC = (ID, SECRET, *TOKENS)
_REFUSED = "AWS rejects these credentials (InvalidClientTokenId)."
_ENDS = clock.RECORDED


def keys(facts: Facts) -> Iterator[Finding]:
    """Find every problem with stored access keys, profile by profile."""
    in_config = facts.may_set("config", *_STATIC)
    for name, there in _stored(facts):
        is_odd = name in facts.unusual
        if is_odd and (found := [*placeholders(facts, name)]):
            yield from found
            continue
        if is_odd:
            yield from partial(facts, name, there)
        if in_config:
            yield from split(facts, name, there)
        if is_odd:
            yield from token(facts, name, there)
            yield from swapped(facts, name, there)
        yield from expired(facts, name, there)


def _stored(facts: Facts) -> Iterator[tuple[str, Settings]]:
    """Yield the profiles that have stored access keys, or part of a pair, that no other kind of access overrides."""
    for name, there in facts.intended.items():
        if ID in there or SECRET in there or TOKENS[0] in there:
            if ALONE.isdisjoint(there):
                yield name, there
                continue
            found = kinds(facts, name, there)
            first = found[0] if found else None
            if first is None or first.keys[0] == ID or _is_source(facts, name, there, first):
                yield name, there


def _is_source(facts: Facts, name: str, there: Settings, first: Kind) -> bool:
    return "role_arn" in first.keys and (there.get("source_profile") == name or name in facts.assumed_with)


def _files(facts: Facts, name: str, key: str) -> list[Place]:
    """Return where a setting has a value, in the credentials file and in config."""
    files: tuple[FileName, FileName] = ("credentials", "config")
    found = (in_file(facts, file, key, name) for file in files)
    return [it for it in found if it and it.value.strip()]


def placeholders(facts: Facts, name: str) -> Iterator[Finding]:
    """Find placeholders that nobody has replaced with an access key."""
    there = facts.intended[name]
    is_plain = there is facts.profiles[name]  # each value is on its own line
    if is_plain and not any(is_key_placeholder(meant(there[key])) for key in _STATIC if key in there):
        return
    at = [where for key in _STATIC if key in there and (where := place(facts, name, key))]
    found = [where for where in at if is_key_placeholder(meant(where.value))]
    if not found:
        return
    parts = " and ".join(it.setting.key for it in found)
    texts = [text for it in found if (text := placeholder.shown(meant(it.value)))]
    named = f" ({', '.join(texts)})" if texts else ""
    many = "is a placeholder" if len(found) == 1 else "are placeholders"
    yield finding(
        facts,
        name,
        found[0],
        "keys.placeholder",
        "stops",
        f"{name}: {parts} {many}{named}, not an access key.",
        because="AWS tools don't replace variables or references in these files, and AWS rejects the text as it is.",
        do=f"ccsetup login {quote(name)}",
    )


def partial(facts: Facts, name: str, there: Settings) -> Iterator[Finding]:
    """Find an access key that is only half there."""
    has_id, has_secret = bool(there.get(ID, "").strip()), bool(there.get(SECRET, "").strip())
    twice = has_id and has_secret and stored_keys.is_doubled(meant(there[ID]), meant(there[SECRET]))
    if has_id and has_secret and not twice:
        return
    missing, other = (SECRET, ID) if has_id else (ID, SECRET)
    where = next((it for key in (SECRET if twice else other, *_STATIC) if (it := place(facts, name, key))), None)
    if where is None:
        return
    says = f"{name} has no {missing}. An access key has two parts, and both must be set."
    if twice:
        says = f"{name}: aws_secret_access_key is set to an access key ID. The secret access key is the longer value."
    yield finding(
        facts,
        name,
        where,
        "keys.partial",
        "stops",
        says,
        because="AWS tools fail with PartialCredentialsError, or use this computer's role if it has one.",
        fix="ask",
        do=f"ccsetup login {quote(name)}",
        remedies=(
            Remedy("Comment out the incomplete access key", changes=silenced(facts, places(facts, name, _STATIC))),
        ),
    )


def split(facts: Facts, name: str, there: Settings) -> Iterator[Finding]:
    """Find a pair, or its session token, that is split between the two files."""
    written = facts.stanzas.get(("config", "profile", name))
    if (
        written is None
        or ("credentials", "profile", name) not in facts.stanzas
        or not written.values.keys() & {*_STATIC}
    ):
        return
    apart = {key: _files(facts, name, key) for key in _STATIC}
    if not (apart[ID] and apart[SECRET]):
        return
    torn = _torn({key: where for key, where in apart.items() if where})
    needed = {ID, SECRET} & {it.setting.key for it in torn} or not meant(apart[ID][0].value).startswith("AKIA")
    if torn and needed:
        stored = [it for where in apart.values() for it in where if it.file == "credentials"]
        home = max(stored, key=lambda it: it.line)
        keys, are = " and ".join(it.setting.key for it in torn), "is" if len(torn) == 1 else "are"
        yield finding(
            facts,
            name,
            torn[0],
            "keys.split",
            "stops",
            f"The credentials for {name} are split between two files: {keys} {are} only in the config file.",
            because="SDKs read an access key from a single file, so they fail with PartialCredentialsError.",
            fix="auto",
            remedies=(Remedy("Put all of them in the credentials file", "", _together(home, torn)),),
        )


def _in(all_of: list[Place], file: FileName) -> bool:
    return any(it.file == file for it in all_of)


def _torn(apart: Mapping[str, list[Place]]) -> list[Place]:
    """Return what is only in config, if part of the same credentials is only in the credentials file."""
    if not any(not _in(where, "config") for where in apart.values()):
        return []
    return [where[0] for where in apart.values() if not _in(where, "credentials") and where[0].own]


def _together(home: Place, torn: list[Place]) -> tuple[Change, ...]:
    values = {it.setting.key: it.value.translate({ord("\n"): "", 0: ""}) for it in torn}  # drop newlines and NULs
    return (*added(home, values), *removed(torn))


def token(facts: Facts, name: str, there: Settings) -> Iterator[Finding]:
    """Find temporary credentials without a session token, long-term ones with one, or two tokens that differ."""
    key_id = meant(there.get(ID, ""))
    tokens = [key for key in TOKENS if there.get(key, "").strip()]
    if not tokens and not key_id.startswith("ASIA"):
        return
    where = place(facts, name, ID)
    if where is None or not meant(there.get(SECRET, "")):
        return
    if stored_keys.lacks_token(key_id, bool(tokens)):
        says = f"{name} has temporary credentials (ASIA…) but no aws_session_token."
        do = f"ccsetup login {quote(name)}"
        yield finding(facts, name, where, "keys.session-token", "stops", says, because=_REFUSED, fix="ask", do=do)
    elif stored_keys.has_foreign_token(key_id, bool(tokens)):
        yield _too_many(facts, name, where, tokens[0])
    elif len(tokens) > 1 and there[TOKENS[0]] != there[TOKENS[1]]:
        says = f"{name} has two different session tokens. botocore uses aws_security_token, the older setting."
        where = place(facts, name, TOKENS[1])
        remedy = Remedy("Keep aws_session_token", changes=removed(places(facts, name, TOKENS[1:])))
        because = "Other SDKs use aws_session_token, so some tools send a token that AWS rejects."
        yield finding(
            facts,
            name,
            where,
            "keys.session-token",
            "hinders",
            says,
            because=because,
            fix="ask",
            remedies=(remedy,),
        )


def _too_many(facts: Facts, name: str, key_id: Place, key: str) -> Finding:
    token = place(facts, name, key)
    sent = token is not None and token.file == key_id.file  # botocore ignores a token in the other file
    return finding(
        facts,
        name,
        token,
        "keys.session-token",
        "stops" if sent else "hinders",
        f"{name} has long-term credentials (AKIA…) and a session token that doesn't belong to them.",
        because=_REFUSED
        if sent
        else "botocore reads a token only from the file with the access key; other SDKs may send this token.",
        fix="ask",
        do=f"ccsetup login {quote(name)}",
        remedies=(
            Remedy("Remove the session token", "keep the access key", removed(places(facts, name, (*TOKENS, *_ENDS)))),
        ),
    )


def swapped(facts: Facts, name: str, there: Settings) -> Iterator[Finding]:
    """Find an access key ID and a secret access key that are swapped."""
    key_id, secret = meant(there.get(ID, "")), meant(there.get(SECRET, ""))
    if not stored_keys.is_swapped(key_id, secret):
        return
    one, other = place(facts, name, ID), place(facts, name, SECRET)
    if one and other:
        changes = (*respelled(one, other.value), *respelled(other, one.value))
        yield finding(
            facts,
            name,
            one,
            "keys.swapped",
            "stops",
            f"{name}: the access key ID and the secret access key are swapped.",
            because=f"{_REFUSED} The secret access key is sent as the ID and may end up in logs.",
            fix="auto",
            remedies=(Remedy("Swap the two values", changes=changes),),
        )


def expired(facts: Facts, name: str, there: Settings) -> Iterator[Finding]:
    """Find credentials whose recorded expiration has passed."""
    if not any(there.get(key) for key in TOKENS) or not any(key in there for key in _ENDS):
        return
    ends = clock.read(clock.recorded(there))
    if ends and ends <= facts.now:
        told = (place(facts, name, key) for key in _ENDS if clock.read(there.get(key, "")))
        where = next(filter(None, told), None) or place(facts, name, ID)
        yield finding(
            facts,
            name,
            where,
            "keys.expired",
            "stops",
            f"The credentials for {name} expired at {ends:%Y-%m-%d %H:%M} UTC.",
            because="AWS rejects expired credentials (ExpiredToken), and git reports a 403 error.",
            do=f"ccsetup login {quote(name)}",
        )


CHECKS = (keys,)
