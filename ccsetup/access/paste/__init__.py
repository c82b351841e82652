"""Reads pasted text: the kinds of access that a message describes, or the three values of an access key.

It returns answers and never looks anything up. Asking which reading is right belongs to `wizard`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ccsetup.core import clock, validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected, Keys, Secret, Value

if TYPE_CHECKING:
    from ccsetup.access.paste.access_keys import Held
    from ccsetup.access.paste.interpret import Questions


class SeveralUsers(BadAnswer):
    """A text has access keys of several users, and only a person knows whose are wanted."""


class Reading(NamedTuple):
    """One way to read a message.

    `kind` names a kind of access, "" if only a repository, a region or a profile was found. `answers` are by question
    key, each in the form that its question accepts. `found` names what was recognized and `said` what was corrected,
    both without secrets. `label` and `hint` describe this reading in a list of several.
    """

    kind: str
    answers: Mapping[str, Value]
    found: tuple[str, ...]
    said: tuple[str, ...]
    label: str
    hint: str


def readings(text: str, questions: Questions, now: datetime | None = None) -> tuple[Reading, ...]:
    """Return the ways to read a message: none if nothing in it is recognized, several if it is ambiguous.

    Accepts any text, in linear time. `questions` returns the questions of a kind by key, or for "" those that all
    kinds share; every answer must be valid for them. `now` tells expired credentials from valid ones.
    """
    from ccsetup.access.paste import interpret

    return tuple(Reading(*one) for one in interpret.of(text, questions, now))


def secrets(text: str) -> tuple[str, ...]:
    """Return the secrets in a text. Pass them to masks.hide to take them out of what is shown."""
    from ccsetup.access.paste import secret_values

    return secret_values.secrets(text)


def use_of_others(text: str, repository: str = "") -> str:
    """Say what works with credentials that no profile can have, for example Git credentials; "" if there are none."""
    from ccsetup.access.paste import other_credentials
    from ccsetup.git import address

    return other_credentials.use_of(text, address.parse(repository) if repository else None)


def git_login(text: str) -> tuple[str, Secret] | None:
    """Return the user name and the password of the Git credentials in a text, None if it doesn't have both."""
    from ccsetup.access.paste import other_credentials

    return other_credentials.git_login(text)


def keys(text: str) -> Keys:
    """Find the three values in `export` lines, an INI block, JSON or CSV. Raises BadAnswer without quoting the text."""
    from ccsetup.access.paste import access_keys, interpret

    whole: list[Held] = []
    for seen, certain in interpret.ways(text):
        if len(users := [*dict.fromkeys(seen.owners.values())]) > 1:
            named = ", ".join(users[:9])
            says = f"Your input has access keys of {len(users)} users: {named}."
            raise SeveralUsers(f"{says} Paste only those of one user.")
        found = [one for one in access_keys.held(seen.blocks, seen.mentions.keys, last=True) if one.secret]
        whole = found if found and (certain or not whole) else whole
    if not whole:
        raise BadAnswer(
            "No access key was found in your input. Paste lines like AWS_ACCESS_KEY_ID=…,"
            " AWS_SECRET_ACCESS_KEY=…, and, for temporary credentials, AWS_SESSION_TOKEN=…."
        )
    return _of(whole[-1])


def _of(one: Held) -> Keys:
    return _checked(one.key_id, one.secret, one.token)._replace(expires_at=one.ends)


def keys_from_env(env: Mapping[str, str]) -> Keys:
    """Read the three values from the standard environment variables. Raises BadAnswer that names a missing one."""

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if not env.get(name):
            raise BadAnswer(f"{name} isn't set, but --keys env requires it. To read from stdin instead, use --keys -.")
    token_text = env.get("AWS_SESSION_TOKEN") or env.get("AWS_SECURITY_TOKEN", "")
    checked = _checked(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], token_text)
    return checked._replace(expires_at=clock.read(env.get("AWS_CREDENTIAL_EXPIRATION", "")))


def _checked(key_id: str, secret: str, token_text: str) -> Keys:
    checked_id = validate.access_key_id(key_id)
    checked_id = checked_id.value if isinstance(checked_id, Corrected) else checked_id
    if checked_id.startswith("ASIA") and not token_text:
        raise BadAnswer(
            "An access key ID that starts with ASIA is temporary and needs a session token (AWS_SESSION_TOKEN=…)."
        )
    if checked_id.startswith("AKIA") and token_text:
        raise BadAnswer(
            "An access key ID that starts with AKIA is long-term and has no session token. Copy all the values again."
        )
    return Keys(
        checked_id,
        Secret(validate.secret_access_key(secret)),
        Secret(validate.session_token(token_text)) if token_text else None,
    )
