"""A profile's name as a pattern, such as acme-{account}-{role}: what it may name, and the name that answers make of it.

A team file has one where people choose their account or role themselves, so that profiles are called alike everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ccsetup import access, teamrules
from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Access, Value
from ccsetup.core.text import inert

_FROM = {
    "account": ("sso_account_id", "role_arn"),
    "role": ("sso_role_name", "role_arn"),
    "session": ("sso_session",),
}  # the questions that answer a placeholder, the first one that a kind asks
_SAMPLE = "Developer"
_PLACE = re.compile(r"\{([^{}]*)\}")
_MOST = 128  # letters of a profile's name, as parse has it


def is_pattern(text: str) -> bool:
    """Say whether a profile's name has places to fill."""
    return "{" in text or "}" in text


def pattern(kind: Access, text: str) -> str:
    """Check a pattern for a kind's profiles. Raises BadAnswer with what may stand there."""
    asked = {question.key for question in access.asked_by(kind)}
    offered = [place for place, keys in _FROM.items() if asked & {*keys}]
    for place in _PLACE.findall(text):
        if place not in offered:
            there = " ".join(f"{{{it}}}" for it in offered)
            such = f"there is {there}" if there else "leave it out"
            raise BadAnswer(f"A profile name of kind {kind.name} has no place {{{inert(place)}}}; {such}.")
    sample = _PLACE.sub(_SAMPLE, teamrules.plain(text))
    if is_pattern(sample):
        raise BadAnswer("A place in a profile name stands in a pair of braces, such as acme-{account}.")
    if validate.profile(sample) != sample or len(text) > _MOST:
        raise BadAnswer("A profile name has letters, digits or _.+=,- and no blanks, such as acme-{account}.")
    return text


def filled(text: str, answers: Mapping[str, Value]) -> str:
    """Return the name that a pattern comes to, a right one always; "" as long as an answer to it is not there."""
    told = {place: _told(place, answers) for place in _PLACE.findall(text)}
    if not all(told.values()):
        return ""
    name = _PLACE.sub(lambda found: re.sub(r"[^A-Za-z0-9_.+=,-]", "-", told[found[1]]), text)
    return name.lstrip("-")[:_MOST]


def _told(place: str, answers: Mapping[str, Value]) -> str:
    key = next((key for key in _FROM[place] if answers.get(key)), "")
    value = str(answers[key]) if key else ""
    if key != "role_arn":
        return value
    return validate.arn_account(value) if place == "account" else value.rpartition("/")[2]
