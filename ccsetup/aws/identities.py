"""Who many profiles are, asked of STS all at once; one that is slow, hangs or is broken holds back no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccsetup.aws import bulk_keys
from ccsetup.aws.credentials import Resolver
from ccsetup.aws.pooled_clients import Clients, Pool, ahead_s
from ccsetup.aws.sdk import told
from ccsetup.core.context import Answer
from ccsetup.core.errors import Problem
from ccsetup.core.model import Identity, Keys, Value, Who

_TRIES = 3
_OF_SOURCE = ("access.identity", "keys.expired")  # a role is refused so for the keys that it was asked with


def identities(resolver: Resolver, pool: Pool, whos: Sequence[Who], deadline_s: float) -> Sequence[Answer]:
    """Ask STS who each of these is, 16 at a time; nobody is asked anything. Who has no answer in time is told so."""
    asking = _Asking(Clients(pool, _TRIES))
    late = bulk_keys.each(asking.clients, resolver, whos, deadline_s, asking.ask, asking.refuse)
    found = dict(asking.found)  # those that still wait for an answer go on without us
    return [found.get(who.profile) or Answer(who.profile, refused=late(who), at=who.profile) for who in whos]


class _Asking:
    """One round of questions, its answers by profile."""

    def __init__(self, clients: Clients) -> None:
        self.clients, self.found = clients, dict[str, Answer]()

    def refuse(self, who: Who, refused: Problem, at: str) -> None:
        """Note why a profile has no keys to ask with; `at` is where its way to them ended."""
        where: Value = at
        if refused.code in _OF_SOURCE:
            where = (who.profiles or {}).get(at, {}).get("source_profile", at)
        self.found[who.profile] = Answer(who.profile, refused=refused, at=str(where), ahead_s=ahead_s())

    def ask(self, who: Who, keys: Keys) -> None:
        """Ask who it is that has these keys."""
        try:
            identity = told(lambda: _identity(self.clients.acting("sts", who, keys).get_caller_identity()), who)
            answer = Answer(who.profile, identity)
        except Problem as refused:
            answer = Answer(who.profile, refused=refused, at=who.profile)
        self.found[who.profile] = answer._replace(ahead_s=ahead_s())


def _identity(answer: Any) -> Identity:
    return Identity(answer["Account"], answer["Arn"], answer["UserId"])
