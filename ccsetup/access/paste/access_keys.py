"""The access keys in a message, each once, collected from its blocks and from values outside of any block."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ccsetup.access.paste.formats import KEYS, Block
from ccsetup.core import clock
from ccsetup.core.model import Secret, Value

_ID, _SECRET, _TOKEN = KEYS


class Held(NamedTuple):
    """One access key, possibly incomplete. `name` is the profile that it belongs to, if any."""

    key_id: str = ""
    secret: str = ""
    token: str = ""
    ends: datetime | None = None
    name: str = ""

    def __repr__(self) -> str:
        return f"Held({self.masked})"

    @property
    def temporary(self) -> bool:
        """Whether the key is temporary."""
        return self.key_id.startswith("ASIA") or bool(self.token and not self.key_id.startswith("AKIA"))

    @property
    def stray(self) -> bool:
        """Whether there is a session token with a long-term key, which has none."""
        return bool(self.token) and self.key_id.startswith("AKIA")

    @property
    def masked(self) -> str:
        """The access key ID, shortened for display."""
        return f"{self.key_id[:4]}…{self.key_id[-4:]}"

    def answers(self) -> dict[str, Value]:
        """Return its answers by question key."""
        told: dict[str, Value] = {"access_key_id": self.key_id, "secret_access_key": Secret(self.secret)}
        if self.temporary:
            told["session_token"] = Secret(self.token)
            told["expires_at"] = clock.written(self.ends)
        return {key: value for key, value in told.items() if value}


def held(blocks: Sequence[Block], bare: Sequence[Mapping[str, str]], last: bool = False) -> list[Held]:
    """Return the keys in order. With `last`, only the last complete key outside of any block counts."""
    loose = [*(block.settings for block in blocks if not block.name), *bare]
    free = _one_each([keys for settings in loose if (keys := _held(settings, ""))])
    lone = [settings for settings in loose if _ID not in settings and _SECRET in settings]
    if len(lone) == len(free) == 1 and not free[0].secret:  # the secret has a label, but the ID before it has none
        free = [keys for keys in [_held({_ID: free[0].key_id, **lone[0]}, "")] if keys]
    whole = [keys for keys in free if keys.secret]
    named = [keys for block in blocks if block.name and (keys := _held(block.settings, block.name))]
    return _one_each([*named, *(whole[-1:] if last and whole else free)])


def _held(settings: Mapping[str, str], name: str) -> Held | None:
    """Return the key in a block. If the ID and the secret are in each other's place, they are swapped."""
    key_id, secret = settings.get(_ID, ""), settings.get(_SECRET, "")
    if re.fullmatch(r"(?:AKIA|ASIA)[A-Z0-9]{12,}", secret) and len(key_id) == 40:
        key_id, secret = secret, key_id
    if not re.fullmatch(r"(?!AROA|AIDA|AGPA|ANPA|AIPA)[A-Z0-9]{16,128}", key_id):
        return None
    secret = secret if re.fullmatch(r"[A-Za-z0-9/+=]{16,128}", secret) else ""
    token = settings.get(_TOKEN, "")
    token = token if re.fullmatch(r"[A-Za-z0-9/+=_.-]{16,}", token) else ""
    return Held(key_id, secret, token, clock.read(settings.get("expires_at", "")), name)


def _one_each(found: Sequence[Held]) -> list[Held]:
    """Merge the values that several places give for the same key."""
    by_id: dict[tuple[str, str], Held] = {}
    for keys in found:
        old = by_id.get((keys.key_id, keys.secret), keys)
        by_id[keys.key_id, keys.secret] = keys._replace(
            token=keys.token or old.token, ends=keys.ends or old.ends, name=old.name or keys.name
        )
    whole = {key_id for key_id, secret in by_id if secret}
    return [keys for keys in by_id.values() if keys.secret or keys.key_id not in whole]
