"""The keys of many profiles at once: each exchange is made once for all that rest on it, none holds back another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from ccsetup.aws.credential_chains import Chains, Link
from ccsetup.aws.credentials import Resolver
from ccsetup.aws.external_programs import Programs
from ccsetup.aws.pooled_clients import AT_ONCE, Clients
from ccsetup.core.concurrency import Crew
from ccsetup.core.errors import Problem
from ccsetup.core.model import Keys, Who

Use = Callable[[Who, Keys], None]
Refuse = Callable[[Who, Problem, str], None]  # and the profile where the way to the keys ended


def each(
    clients: Clients, resolver: Resolver, whos: Sequence[Who], seconds: float, use: Use, refuse: Refuse
) -> Callable[[Who], Problem]:
    """Make every profile's keys, 16 at a time, and hand them to `use`, or the reason why there are none to `refuse`.

    Nobody is asked anything. Returns what tells, of one for whom neither was called before the time was over, whether
    nobody answered or nobody was asked.
    """
    one = _Round(clients, resolver, use, refuse)
    one.run(whos, seconds)
    return one.late


def late(who: Who) -> Problem:
    """Return the Problem of a profile that nobody answered for in time."""
    return Problem(f"AWS did not answer {who.profile} in time.", next="Try again.", code="net.unreachable")


class _Round:
    def __init__(self, clients: Clients, resolver: Resolver, use: Use, refuse: Refuse) -> None:
        self._use, self._refuse, self._crew, self._programs = use, refuse, Crew(AT_ONCE), Programs()
        self._begun: set[str] = set()
        self._chains = Chains(clients, resolver, self._programs)

    def run(self, whos: Iterable[Who], seconds: float) -> None:
        for who in whos:
            try:
                self._chains.add(who)
            except Problem as refused:
                self._refuse(who, refused, who.profile)
        for link in self._chains.first:
            self._crew.add(partial(self._follow, link, None))
        try:
            self._crew.finish(seconds)
        finally:
            self._programs.stop()

    def _follow(self, link: Link, before: Keys | None) -> None:
        """Make a link's keys; then all that rests on it goes on with them, or is refused with it."""
        self._begun.update(who.profile for who in link.whos)
        try:
            keys = link.get(before)
        except Problem as refused:
            for who in _resting_on(link):
                self._refuse(who, refused, link.profile)
            return
        works = [partial(self._use, who, keys) for who in link.whos]
        works += [partial(self._follow, further, keys) for further in link.then]
        for work in works[1:]:
            self._crew.add(work)
        works[0]()  # a link is there for somebody

    def late(self, who: Who) -> Problem:
        if who.profile in self._begun:
            return late(who)
        return Problem(
            f"{who.profile} was not asked about: the time was over before its turn came.",
            next="Name the profiles that matter.",
            code="net.unreachable",
        )


def _resting_on(link: Link) -> Iterator[Who]:
    """Yield whose keys a link's are, or are made from; as deep as chains may be."""
    waiting = [link]
    while waiting:
        link = waiting.pop()
        yield from link.whos
        waiting += reversed(link.then)
