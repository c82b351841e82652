"""Turns profiles into entries of a team file. Personal and machine-specific answers are left out and reported."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from pathlib import PurePath

from ccsetup import access
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import MACHINE, Corrected
from ccsetup.team import rules
from ccsetup.team.contents import Entry

Settings = Mapping[str, Mapping[str, str]]

_PERSONAL = {
    "mfa_serial": "everyone has their own device",
    "role_session_name": "it identifies one person",
    "federated_name": "it identifies one person",
}
_AS_EVERYWHERE = {"sso_registration_scopes": ("", "sso:account:access")}


def entries(
    names: Sequence[str], profiles: Settings, sessions: Settings, home: PurePath
) -> tuple[list[Entry], list[str]]:
    """Return an entry for each profile, the first one as `default`, and sentences about what was left out.

    Raises Problem for a profile whose credentials can't be described in a team file.
    """
    found: dict[str, Entry] = {}
    said: list[str] = []
    exported = dict.fromkeys(names)
    for name in exported:
        there = {**sessions.get(profiles[name].get("sso_session", ""), {}), **profiles[name]}
        called = "default" if not found else _named(name, found)
        found[called] = _entry(name, there, exported, home, said, called)
    return [*found.values()], said


def _named(name: str, taken: Collection[str]) -> str:
    """Return an unused entry name, based on the profile's name."""
    plain = (re.sub(r"[^A-Za-z0-9_.+@-]+", "-", name).strip("-_.+@") or "other")[:34]
    return next(it for it in chain([plain], (f"{plain}-{n}" for n in range(2, 999))) if it not in taken)


def _entry(
    name: str, there: Mapping[str, str], names: Collection[str], home: PurePath, said: list[str], called: str
) -> Entry:
    kind = access.owner(there)
    if kind is None:
        raise Problem(
            f"{name} gets its credentials from a program or another sign-in, which can't be in a team file.",
            next="Use a profile of another kind. To list your profiles: ccsetup status",
            code="input.invalid",
        )
    places = rules.keys(kind)
    answers: dict[str, str] = {}
    for question, value in kind.again(name, there).items():
        if question == "kind" or value in _AS_EVERYWHERE.get(question, ()):
            continue
        key, place = next(((k, it) for k, it in places.items() if it.question.key == question), ("", None))
        why = _left_out(question, value, names, home) if place else "this setting can't be in a team file"
        checked: str | Corrected = value
        if place and not why and not value.startswith(MACHINE):
            try:
                checked = rules.answer(place, key, value)
            except BadAnswer as refused:
                why = refused.what
        if why:
            said.append(f"Omitted {question} from {name}: {why}")
        else:
            answers[question] = checked.value if isinstance(checked, Corrected) else checked
    return Entry(called, f"{kind.label}, {name}" if called != "default" else kind.label, kind.name, answers)


def _left_out(question: str, value: str, names: Collection[str], home: PurePath) -> str:
    """Return why an answer doesn't suit everyone; "" if it does."""
    if not value:
        return ""
    if question in _PERSONAL:
        return f"{_PERSONAL[question]}. Each developer is asked for one."
    if question == "source_profile" and value == MACHINE:
        return "the profile doesn't have one. Each developer is asked for one."
    if question == "source_profile" and not value.startswith(MACHINE) and value not in names:
        return "everyone has their own. Each developer is asked for one. To include this profile, export it too."
    if question == "web_identity_token_file" and PurePath(value).is_relative_to(home):
        return "it's a path in your home folder. Each developer is asked for one."
    return ""
