"""Turns a message into its readings: each kind of access with its repository, validated and described in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ccsetup.access.paste.access_keys import held
from ccsetup.access.paste.cleanup import Mended, mended
from ccsetup.access.paste.formats import KEYS, blocks, is_placeholder
from ccsetup.access.paste.key_owners import owners
from ccsetup.access.paste.mentions import Mentions, Place, commands, looks_secret, mentions, only_a_name, signed_in
from ccsetup.access.paste.offers import MOST, Offer, Seen, offers, region
from ccsetup.access.paste.tokens import signed
from ccsetup.core import clock, validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import MACHINE, NEW, Answers, Corrected, Secret, Value
from ccsetup.core.question import Question
from ccsetup.core.redact import hide
from ccsetup.git import address

Questions = Callable[[str], Mapping[str, Question]]  # those of a kind by key; for "", those that all kinds share
Raw = tuple[str, Answers, tuple[str, ...], tuple[str, ...], str, str]
_SHOWN = {
    "sso_start_url": "the start URL {}",
    "sso_region": "its region {}",
    "sso_account_id": "account {}",
    "sso_role_name": "the permission set {}",
    "account_id": "account {}",
    "login_session": "the console sign-in {}",
    "role_arn": "the role {}",
    "external_id": "an external ID",
    "mfa_serial": "the MFA device {}",
    "web_identity_token": "an OIDC token",
    "web_identity_token_file": "the token file {}",
    "saml_assertion": "a SAML assertion",
    "federated_name": "the federated user name {}",
    "access_key_id": "",
    "region": "the region {}",
    "profile": "the profile name {}",
    "branch": "the branch {}",
    "directory": "the folder {}",
}
_TYPES = {
    "keys": "Just the access keys",
    "sso": "Single sign-on",
    "console": "A sign-in to the AWS console",
    "mfa": "The access keys with an MFA code",
}
_INSIDE = r"(?:\./)?[A-Za-z0-9_][\w.+-]{0,100}(?:/[A-Za-z0-9_][\w.+-]{0,100}){0,8}/?"
_LONGEST = 20_000  # how much of a text is searched for what tools say, in characters
_NAMES = ("profile", "sso_session", "sso_role_name", "source_profile", "branch", "directory")
_FILES = ("web_identity_token_file", "saml_assertion")
_PATH = later(r"[/~.]|[A-Za-z]:|\\\\")  # how a path begins that can't be anything else
_LONGEST_NAME = 64  # of a file's name, in characters: what is longer may be what is in the file
# If the line break after a value was lost, the text that is shown would include the secret after it.
_GLUED = later(r"(?:secret|token|key|response|_id)[a-z_]{0,20}=|eyJ[\w-]{10,}\.|PHNhbW|PD94bW", re.IGNORECASE)


class Checked(NamedTuple):
    """Answers that their questions accept, and notes about corrections."""

    answers: dict[str, Value]
    said: tuple[str, ...]


def ways(text: str) -> Iterator[tuple[Seen, bool]]:
    """Yield everything that is recognized in a message, for each way to read it, and whether this way is certain."""
    yield from ((_seen(way, text), way.certain) for way in mended(text))


def _seen(mended: Mended, text: str) -> Seen:
    about = signed(mended.text)
    places, rest = commands(about.rest)
    found, rest = blocks(rest)
    passing = mentions(rest)
    passing.places = [*places, *passing.places]
    passing.signed_in = signed_in(text[:_LONGEST])
    said = mended.said
    if (
        mended.split
        or about.joined
        or any(block.joined for block in found)
        or any("joined" in keys for keys in passing.keys)
    ):
        said = (*said, "Joined a long value that was split across several lines.")
    return Seen(found, passing, about, mended.transcript, said, owners(text))


def of(text: str, questions: Questions, now: datetime | None = None) -> Iterator[Raw]:
    """Yield the readings of a message, each as the fields of a Reading."""
    best, most = list[Raw](), tuple[int, ...]()
    for way in mended(text):
        found = list(_readings(way.text, _seen(way, text), questions, now))
        if (told := _told(found, way)) > most:
            best, most = found, told
    yield from best


def _told(readings: Sequence[Raw], way: Mended) -> tuple[int, ...]:
    """Return how much this way to read a message recognizes, and how likely it is, as something to compare."""
    answers = {
        (key, value.reveal() if isinstance(value, Secret) else str(value))
        for reading in readings
        for key, value in reading[1].items()
    }
    length = sum(len(value) for _, value in answers)
    most = max((len(reading[1]) for reading in readings), default=0)
    guessed = way.split and not way.certain
    return (
        len({key for key, _ in answers}),
        most,
        way.certain,
        way.joined if way.certain else 0,
        0 if guessed else length,
        0 if guessed else way.joined,
    )


def _readings(text: str, all_seen: Seen, questions: Questions, now: datetime | None) -> Iterator[Raw]:
    """Yield the readings of what was recognized in a message."""
    ways = offers(all_seen)
    if not ways and not _shared(all_seen):
        named = only_a_name(text[:200])
        all_seen.mentions.places += [named] if named else []
    found = [one for way in ways or [Offer("", {})] for one in _placed(way, all_seen, len(ways) < 2)]
    read = [(one, _checked(one, place, all_seen, questions)) for one, place in found[:MOST]]
    kept = [(one, checked, _found(one.kind, checked.answers, all_seen)) for one, checked in read]
    kept = [(one, checked, words) for one, checked, words in kept if words]
    hidden = tuple(recognised(all_seen))
    labels, general = [_label(one, checked.answers) for one, checked, _ in kept], _left_out(all_seen)
    apart = [
        f"{label}: {_apart(one, checked.answers, all_seen.owners)}" if labels.count(label) > 1 else label
        for (one, checked, _), label in zip(kept, labels, strict=True)
    ]
    for i, (one, checked, words) in enumerate(kept):
        label = apart[i] + (f", number {apart[: i + 1].count(apart[i])}" if apart.count(apart[i]) > 1 else "")
        said = (*all_seen.said, *checked.said, *general)
        yield (
            one.kind,
            Answers(checked.answers),
            tuple(hide(word, hidden) for word in words),
            tuple(hide(sentence, hidden) for sentence in said),
            hide(label, hidden),
            hide(_hint(checked.answers, now), hidden),
        )


def recognised(all_seen: Seen) -> Iterator[str]:
    """Yield the secret values that were recognized in a message."""
    yield from (*all_seen.signed.tokens, *all_seen.signed.saml)
    for settings in (*(block.settings for block in all_seen.blocks), *all_seen.mentions.keys):
        yield from (settings[key] for key in KEYS[1:] if key in settings)


def _shared(all_seen: Seen) -> bool:
    return bool(all_seen.mentions.places or all_seen.mentions.users or region(all_seen, Offer("", {})))


def _placed(way: Offer, all_seen: Seen, alone: bool) -> list[tuple[Offer, Place | None]]:
    """Return a kind of access with its repository, or with each of several repositories if it is the only kind."""
    places = _places(all_seen.mentions)
    own = [place for place in places if way.profile and place.named.profile == way.profile]
    places = own or places
    if len(places) > 1 and not alone:
        return [(way, None)]
    return [(way, place) for place in places] or [(way, None)]


def _places(found: Mentions) -> list[Place]:
    """Return each repository once, with its most complete address."""
    best: dict[tuple[str, str], Place] = {}
    regions: dict[str, str] = {}
    for place in found.places:
        if place.named.region:
            regions.setdefault(place.named.repository, place.named.region)
    for place in found.places:
        name = place.named.repository
        key = name, place.named.region or regions.get(name, "")
        if key not in best or _tells(place) > _tells(best[key]):
            best[key] = place
    return list(best.values())


def _tells(place: Place) -> tuple[bool, ...]:
    named = place.named
    return bool(named.region), bool(named.account_id), bool(place.directory), bool(named.profile), bool(place.branch)


def _checked(way: Offer, place: Place | None, all_seen: Seen, questions: Questions) -> Checked:
    """Return the answers of a kind and the shared ones that the questions accept."""
    raw, said = dict(way.answers), []
    where = region(all_seen, way)
    if place:
        raw |= _at(place, way)
        said = [place.named.said] if place.named.said else []
        if place.directory and "directory" not in raw:
            said.append(
                f"Ignored the folder {place.directory}. Pasted text can specify only folders inside the current folder."
            )
        if where and place.named.region and _region(where) != place.named.region:
            said.append(f"Using {place.named.region}, the region in the repository URL, instead of {where}.")
        where = "" if place.named.region else where
    raw |= {"region": where} if where else {}
    raw |= _name(way, place, all_seen)
    answers: dict[str, Value] = {}
    for key, value in raw.items():
        taken, words = _taken(questions, way.kind, key, value, raw)
        if taken:
            answers[key] = taken
            said += [words] if words else []
    return Checked(_whole(answers), tuple(said))


def _region(text: str) -> str:
    try:
        taken = validate.region(text)
    except BadAnswer:
        return text
    return taken.value if isinstance(taken, Corrected) else taken


def _at(place: Place, way: Offer) -> dict[str, Value]:
    """Return the answers in a repository's address, without the name of a different profile."""
    named, told = place.named, place.text
    if named.form == "codecommit" and named.profile and way.profile and named.profile != way.profile:
        told = address.codecommit_url(named.repository, named.region)
    found = {"repo": told, "branch": place.branch}
    if re.fullmatch(_INSIDE, place.directory, re.ASCII) and ".." not in place.directory:
        found["directory"] = place.directory
    return {key: value for key, value in found.items() if value}


def _name(way: Offer, place: Place | None, all_seen: Seen) -> dict[str, Value]:
    """Return the profile's name: from its section, else from the address, else from the message."""
    if "profile" in way.answers:
        return {}
    spoken = all_seen.mentions.profiles
    name = way.profile or (place.named.profile if place else "") or (spoken[0] if len(set(spoken)) == 1 else "")
    return {"profile": name} if name and name != "default" and not is_placeholder(name) else {}


def _taken(questions: Questions, kind: str, key: str, value: Value, raw: Mapping[str, Value]) -> tuple[Value, str]:
    """Return an answer in the form that its question accepts ("" if it is refused), and a note about it."""
    if isinstance(value, Secret):
        return value, ""
    own = key.rpartition(".")[2]
    is_name = own in _NAMES and value[:1] != MACHINE
    if _GLUED.search(value) or (is_name and looks_secret(value)) or (own in _FILES and _may_be_its_contents(value)):
        return "", ""
    if key.startswith("source."):
        inner = str(raw.get("source.kind", ""))
        return (value, "") if key == "source.kind" else _taken(questions, inner, key[len("source.") :], value, raw)
    question = questions(kind).get(key)
    if question is None:
        return "", ""
    try:
        parsed = question.parse(value)
        if isinstance(parsed, Corrected):
            question.parse(parsed.value)  # a corrected value must be valid by itself
            return parsed.value, parsed.said
    except BadAnswer:
        return "", ""
    return parsed, ""


def _may_be_its_contents(value: str) -> bool:
    """Return whether the name of a file may be a token or a response instead, which must not be shown."""
    return not _PATH.match(value) and (looks_secret(value) or len(value) > _LONGEST_NAME)


def _whole(answers: dict[str, Value]) -> dict[str, Value]:
    """Return the answers without a new source profile that has lost its credentials."""
    if answers.get("source_profile") == NEW and not any(
        key.startswith("source.") and key not in ("source.kind", "source.profile", "source.region") for key in answers
    ):
        return {key: value for key, value in answers.items() if not key.startswith("source")}
    return answers


def _left_out(all_seen: Seen) -> tuple[str, ...]:
    """Return notes about what was recognized but not used."""
    said = {
        "Ignored credential_process. Pasted text can't specify a program to run.": any(
            "credential_process" in block.settings for block in all_seen.blocks
        ),
        "Ignored a session token. Long-term access keys (AKIA…) don't have one.": any(
            one.stray for one in held(all_seen.blocks, all_seen.mentions.keys)
        ),
        "Ignored placeholders for access keys.": any(block.hollow for block in all_seen.blocks),
    }
    return tuple(sentence for sentence, is_so in said.items() if is_so)


def _found(kind: str, answers: Mapping[str, Value], all_seen: Seen) -> tuple[str, ...]:
    """Describe what was recognized, without secrets."""
    owner = all_seen.owners.get(str(answers.get("access_key_id")), "")
    words = [word for key, value in answers.items() if (word := _word(kind, key, value))]
    words = [f"{word} of {owner}" if owner and "credentials" in word else word for word in words]
    if kind == "keys" and "access_key_id" not in answers:
        words = ["an access key with missing values", *words]
    if kind == "console" and "login_session" not in answers:
        words = ["a sign-in to the AWS console", *words]
    if not kind and not words and all_seen.mentions.users:
        words = [f"the user {all_seen.mentions.users[0]}"]
    return tuple(words)


def _word(kind: str, key: str, value: Value) -> str:
    text = str(value)
    if key.startswith("source."):
        return "" if key in ("source.kind", "source.profile", "source.region") else _word(kind, key[7:], value)
    if key == "access_key_id":
        lasts = "temporary credentials" if text.startswith("ASIA") else "long-term credentials"
        return f"{lasts} {_masked(text)}"
    if key == "repo":
        named = address.parse(text)
        return f"the repository {named.repository}" + (f" in {named.region}" if named.region else "")
    if key == "profile" and kind == "existing":
        return f"the profile {text}"
    if key == "saml_assertion" and not isinstance(value, Secret):
        return f"the assertion in {text}"
    if key == "source_profile":
        return "" if text == NEW else f"the source profile {text.lstrip(MACHINE)}"
    return _SHOWN.get(key, "").format(text)


def _masked(key_id: str) -> str:
    return f"{key_id[:4]}…{key_id[-4:]}"


def _label(way: Offer, answers: Mapping[str, Value]) -> str:
    nested = str(answers.get("source.kind", ""))
    if way.kind == "role":
        before = {"keys": ", assumed with these access keys", "sso": ", assumed after single sign-on"}.get(nested, "")
        return f"The role{before}"
    if way.kind == "":
        return "The repository" if "repo" in answers else "Other values"
    if way.kind == "existing":
        return f"The profile {answers['profile']}"
    labels = {"oidc": "The role, with its OIDC token", "saml": "The SAML sign-in", "federation": "A federation token"}
    return _TYPES.get(way.kind) or labels[way.kind]


def _apart(way: Offer, answers: Mapping[str, Value], owners: Mapping[str, str]) -> str:
    """Return what distinguishes a reading from others of the same kind."""
    name = str(answers.get("profile", "")) if way.profile else ""
    arn = str(answers.get("role_arn", ""))
    key_id = str(answers.get("access_key_id") or answers.get("source.access_key_id") or "")
    account = " ".join(str(answers[key]) for key in ("sso_account_id", "sso_role_name") if key in answers)
    repo = str(answers.get("repo", ""))
    near = [
        owners.get(key_id, ""),
        name,
        key_id and _masked(key_id),
        arn,
        account,
        str(answers.get("sso_start_url", "")),
        repo,
    ]
    return ", ".join(dict.fromkeys(filter(None, near)))


def _hint(answers: Mapping[str, Value], now: datetime | None) -> str:
    arn, role = str(answers.get("role_arn", "")), str(answers.get("sso_role_name", ""))
    if arn:
        return arn
    if "sso_start_url" in answers or role:
        where = [str(answers[key]) for key in ("sso_account_id", "sso_role_name") if key in answers]
        return ", ".join([str(answers.get("sso_start_url", "")), *where]).strip(", ")
    if "access_key_id" in answers:
        ends = clock.read(str(answers.get("expires_at", "")))
        over = "expired" if ends and now and ends <= now else "valid until"
        return _masked(str(answers["access_key_id"])) + (f", {over} {ends:%Y-%m-%d %H:%M} UTC" if ends else "")
    return str(answers.get("mfa_serial") or answers.get("repo") or answers.get("profile") or "")
