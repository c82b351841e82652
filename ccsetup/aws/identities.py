"""Asks STS for the identities of many profiles at once. A slow or broken profile doesn't delay the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccsetup.aws import bulk_keys
from ccsetup.aws.credentials import Resolver
from ccsetup.aws.pooled_clients import Clients, Pool, ahead_s
from ccsetup.aws.sdk import told
from ccsetup.core import limits
from ccsetup.core.context import Answer
from ccsetup.core.errors import Problem
from ccsetup.core.model import Identity, Keys, Value, Who

_OF_SOURCE = ("access.identity", "keys.expired")  # on a role, these mean that the source's credentials were refused


def identities(resolver: Resolver, pool: Pool, whos: Sequence[Who], deadline_s: float) -> Sequence[Answer]:
    """Ask STS who each of these is, 16 at a time. Never prompts. Those without an answer in time get a Problem."""
    asking = _Asking(Clients(pool, limits.TRIES))
    late = bulk_keys.each(asking.clients, resolver, whos, deadline_s, asking.ask, asking.refuse)
    found = dict(asking.found)  # threads that still wait for an answer may continue to write to asking.found
    return [found.get(who.profile) or Answer(who.profile, refused=late(who), at=who.profile) for who in whos]


class _Asking:
    """One round of requests, with the answers by profile."""

    def __init__(self, clients: Clients) -> None:
        self.clients, self.found = clients, dict[str, Answer]()

    def refuse(self, who: Who, refused: Problem, at: str) -> None:
        """Note why a profile has no credentials; `at` is the profile in its chain that failed."""
        where: Value = at
        if refused.code in _OF_SOURCE:
            where = (who.profiles or {}).get(at, {}).get("source_profile", at)
        self.found[who.profile] = Answer(who.profile, refused=refused, at=str(where), ahead_s=ahead_s())

    def ask(self, who: Who, keys: Keys) -> None:
        """Ask STS which identity these credentials have."""
        try:
            identity = told(lambda: _identity(self.clients.acting("sts", who, keys).get_caller_identity()), who)
            answer = Answer(who.profile, identity)
        except Problem as refused:
            answer = Answer(who.profile, refused=refused, at=who.profile)
        self.found[who.profile] = answer._replace(ahead_s=ahead_s())


def _identity(answer: Any) -> Identity:
    return Identity(answer["Account"], answer["Arn"], answer["UserId"])
