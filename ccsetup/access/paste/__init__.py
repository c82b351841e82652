"""Anything pasted → what it holds: the ways in that a message offers, or the three values of an access key."""

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


class Reading(NamedTuple):
    """One way to read a message.

    `kind` names a kind of access, "" where only a repository, a region or a profile was found. `answers` are by
    question key, each as its question takes it. `found` names what was recognised and `said` what was mended, both
    without secrets; `label` and `hint` offer this reading beside others.
    """

    kind: str
    answers: Mapping[str, Value]
    found: tuple[str, ...]
    said: tuple[str, ...]
    label: str
    hint: str


def readings(text: str, questions: Questions, now: datetime | None = None) -> tuple[Reading, ...]:
    """Return the ways to read a message: none when nothing is known in it, several when it is ambiguous.

    Takes any text, in linear time. `questions` gives those of a kind by key, which every answer has to pass (of "",
    those that every kind shares). `now` only tells keys that have ended from those that have not.
    """
    from ccsetup.access.paste import interpret

    return tuple(Reading(*one) for one in interpret.of(text, questions, now))


def secrets(text: str) -> tuple[str, ...]:
    """Return the secrets in a text. Pass them to masks.hide to take them out of what is shown."""
    from ccsetup.access.paste import secret_values

    return secret_values.secrets(text)


def keys(text: str) -> Keys:
    """Find the three values in `export` lines, an INI block, JSON or CSV. Raises BadAnswer; never repeats the text."""
    from ccsetup.access.paste import access_keys, interpret

    seen = interpret.seen(text)
    found = access_keys.held(seen.blocks, seen.mentions.keys, last=True)
    whole = [one for one in found if one.secret]
    if not whole:
        raise BadAnswer(
            "No access key was found there; paste lines such as AWS_ACCESS_KEY_ID=…, AWS_SECRET_ACCESS_KEY=… and, for"
            " temporary keys, AWS_SESSION_TOKEN=…."
        )
    return _of(whole[-1])


def _of(one: Held) -> Keys:
    return _checked(one.key_id, one.secret, one.token)._replace(expires_at=one.ends)


def keys_from_env(env: Mapping[str, str]) -> Keys:
    """Read the three values from the standard environment variables. Raises BadAnswer naming the one that lacks."""

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if not env.get(name):
            raise BadAnswer(f"{name} is not set; --keys env needs it, --keys - reads a paste instead.")
    token_text = env.get("AWS_SESSION_TOKEN") or env.get("AWS_SECURITY_TOKEN", "")
    checked = _checked(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], token_text)
    return checked._replace(expires_at=clock.read(env.get("AWS_CREDENTIAL_EXPIRATION", "")))


def _checked(key_id: str, secret: str, token_text: str) -> Keys:
    checked_id = validate.access_key_id(key_id)
    checked_id = checked_id.value if isinstance(checked_id, Corrected) else checked_id
    if checked_id.startswith("ASIA") and not token_text:
        raise BadAnswer("A key that begins with ASIA is temporary and needs its session token: AWS_SESSION_TOKEN=….")
    if checked_id.startswith("AKIA") and token_text:
        raise BadAnswer(
            "A key that begins with AKIA is long-term and has no session token; copy all three values anew."
        )
    return Keys(
        checked_id,
        Secret(validate.secret_access_key(secret)),
        Secret(validate.session_token(token_text)) if token_text else None,
    )
