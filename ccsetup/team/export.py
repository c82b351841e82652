"""Profiles → the entries of a team file: what is one person's or one machine's is left out, and said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from ccsetup import access
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import MACHINE, Corrected
from ccsetup.core.text import near
from ccsetup.team import rules
from ccsetup.team.file import Entry

Settings = Mapping[str, Mapping[str, str]]

_PERSONAL = {
    "mfa_serial": "the device is each person's own",
    "role_session_name": "it names one person",
    "federated_name": "it names one person",
}
_AS_EVERYWHERE = {"sso_registration_scopes": ("", "sso:account:access")}


def entries(
    names: Sequence[str], profiles: Settings, sessions: Settings, home: PurePath
) -> tuple[list[Entry], list[str]]:
    """Return an entry for each profile, the first one as `default`, and what was left out, in sentences.

    Raises Problem for a profile that is not here, or whose keys no team file can lead to.
    """
    found: list[Entry] = []
    said: list[str] = []
    for name in dict.fromkeys(names):
        if name not in profiles:
            hint = near(name, list(profiles)) or "See which there are: ccsetup status"
            raise Problem(f"There is no profile {name} on this machine.", next=hint, code="profile.missing")
        there = {**sessions.get(profiles[name].get("sso_session", ""), {}), **profiles[name]}
        found.append(_entry(name, there, names, home, said, "default" if not found else _named(name, found)))
    return found, said


def _named(name: str, taken: Sequence[Entry]) -> str:
    """Return an entry's name that is free, after the profile's."""
    plain = (re.sub(r"[^A-Za-z0-9_.+@-]+", "-", name).strip("-_.+@") or "other")[:34]
    names = {entry.name for entry in taken}
    return next(it for it in (plain, *(f"{plain}-{n}" for n in range(2, 999))) if it not in names)


def _entry(
    name: str, there: Mapping[str, str], names: Sequence[str], home: PurePath, said: list[str], called: str
) -> Entry:
    kind = access.owner(there)
    if kind is None:
        raise Problem(
            f"{name} gets its keys from a program or another sign-in, which no team file can name.",
            next="Name a profile of another kind; see: ccsetup status",
            code="input.invalid",
        )
    places = rules.keys(kind)
    answers: dict[str, str] = {}
    for question, value in kind.again(name, there).items():
        if question == "kind" or value in _AS_EVERYWHERE.get(question, ()):
            continue
        key, place = next(((k, it) for k, it in places.items() if it.question.key == question), ("", None))
        why = _left_out(question, value, names, home) if place else "no team file holds it"
        checked: str | Corrected = value
        if place and not why and not value.startswith(MACHINE):
            try:
                checked = rules.answer(place, key, value)
            except BadAnswer as refused:
                why = refused.what
        if why:
            said.append(f"{name}: {question} is left out: {why}")
        else:
            answers[question] = checked.value if isinstance(checked, Corrected) else checked
    return Entry(called, f"{kind.label}, {name}" if called != "default" else kind.label, kind.name, answers)


def _left_out(question: str, value: str, names: Sequence[str], home: PurePath) -> str:
    """Say why an answer is not for everybody, "" where it is."""
    if not value:
        return ""
    if question in _PERSONAL:
        return f"{_PERSONAL[question]}; it is asked."
    if question == "source_profile" and value == MACHINE:
        return "there is none here; it is asked."
    if question == "source_profile" and not value.startswith(MACHINE) and value not in names:
        return "which profile a role starts from is each person's own; it is asked. Export that profile too to keep it."
    if question == "web_identity_token_file" and PurePath(value).is_relative_to(home):
        return "it is a path in your home; it is asked."
    return ""
