"""Who many profiles are, asked of STS all at once; one that is slow, hangs or is broken holds back no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ccsetup.chains import Chains, Link
from ccsetup.clients import AT_ONCE, Clients, ahead_s
from ccsetup.errors import Problem
from ccsetup.model import Identity, Keys, Value, Who
from ccsetup.pool import Pool
from ccsetup.programs import Programs
from ccsetup.resolve import Resolver
from ccsetup.sdk import told
from ccsetup.waiting import Crew
from ccsetup.world import Answer

_TRIES = 3
_OF_SOURCE = ("access.identity", "keys.expired")  # a role is refused so for the keys that it was asked with


def identities(resolver: Resolver, pool: Pool, whos: Sequence[Who], deadline_s: float) -> Sequence[Answer]:
    """Ask STS who each of these is, 16 at a time; nobody is asked anything. Who has no answer in time is told so."""
    asking = _Asking(Clients(pool, _TRIES), resolver)
    found = asking.all_of(whos, deadline_s)
    return [found.get(who.profile) or Answer(who.profile, refused=_late(who), at=who.profile) for who in whos]


class _Asking:
    """One round of questions, its answers by profile."""

    def __init__(self, clients: Clients, resolver: Resolver) -> None:
        self._clients, self._programs, self._crew = clients, Programs(), Crew(AT_ONCE)
        self._chains = Chains(clients, resolver, self._programs)
        self._found: dict[str, Answer] = {}

    def all_of(self, whos: Sequence[Who], deadline_s: float) -> dict[str, Answer]:
        for who in whos:
            try:
                self._chains.add(who)
            except Problem as refused:
                self._found[who.profile] = Answer(who.profile, refused=refused, at=who.profile)
        for link in self._chains.first:
            self._crew.add(partial(self._follow, link, None))
        try:
            self._crew.finish(deadline_s)
        finally:
            self._programs.stop()
        return dict(self._found)

    def _follow(self, link: Link, before: Keys | None) -> None:
        """Make a link's keys; then all that rests on it goes on with them, or is refused with it."""
        try:
            keys = link.get(before)
        except Problem as refused:
            self._refuse(link, refused)
            return
        works = [partial(self._ask, who, keys) for who in link.whos]
        works += [partial(self._follow, further, keys) for further in link.then]
        for work in works[1:]:
            self._crew.add(work)
        works[0]()  # a link is there for somebody

    def _refuse(self, link: Link, refused: Problem) -> None:
        ahead = ahead_s()
        for who in _resting_on(link):
            at: Value = link.profile
            if refused.code in _OF_SOURCE:
                at = (who.profiles or {}).get(link.profile, {}).get("source_profile", at)
            self._found[who.profile] = Answer(who.profile, refused=refused, at=str(at), ahead_s=ahead)

    def _ask(self, who: Who, keys: Keys) -> None:
        try:
            identity = told(lambda: _identity(self._clients.acting("sts", who, keys).get_caller_identity()), who)
            answer = Answer(who.profile, identity)
        except Problem as refused:
            answer = Answer(who.profile, refused=refused, at=who.profile)
        self._found[who.profile] = answer._replace(ahead_s=ahead_s())


def _identity(answer: Any) -> Identity:
    return Identity(answer["Account"], answer["Arn"], answer["UserId"])


def _resting_on(link: Link) -> Iterator[Who]:
    yield from link.whos
    for further in link.then:
        yield from _resting_on(further)


def _late(who: Who) -> Problem:
    return Problem(f"AWS did not answer {who.profile} in time.", next="Try again.", code="net.unreachable")
