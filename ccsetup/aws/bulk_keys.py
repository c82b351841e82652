"""Gets the credentials of many profiles at once; each exchange is made once for all profiles that depend on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from ccsetup.aws.credential_chains import Chains, Link
from ccsetup.aws.credentials import Resolver
from ccsetup.aws.external_programs import Programs
from ccsetup.aws.pooled_clients import Clients
from ccsetup.core import limits
from ccsetup.core.concurrency import Crew
from ccsetup.core.errors import Problem
from ccsetup.core.model import Keys, Who

Use = Callable[[Who, Keys], None]
Refuse = Callable[[Who, Problem, str], None]  # the text is the profile whose credentials failed


def each(
    clients: Clients, resolver: Resolver, whos: Sequence[Who], seconds: float, use: Use, refuse: Refuse
) -> Callable[[Who], Problem]:
    """Get every profile's credentials, 16 at a time; call `use` with them, or `refuse` with the reason for failure.

    Never prompts. Returns a function that gives the Problem of a profile for which neither was called in time:
    either AWS didn't answer, or it wasn't asked.
    """
    one = _Round(clients, resolver, use, refuse)
    one.run(whos, seconds)
    return one.late


def late(who: Who) -> Problem:
    """Return the Problem of a profile that AWS didn't answer in time."""
    return Problem(f"AWS didn't respond in time for {who.profile}.", next="Try again.", code="net.unreachable")


class _Round:
    def __init__(self, clients: Clients, resolver: Resolver, use: Use, refuse: Refuse) -> None:
        self._use, self._refuse, self._crew, self._programs = use, refuse, Crew(limits.AT_ONCE), Programs()
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
        """Get a link's credentials, then continue with everything that depends on it, or refuse all of it."""
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
        works[0]()  # a link always has at least one user

    def late(self, who: Who) -> Problem:
        if who.profile in self._begun:
            return late(who)
        return Problem(
            f"{who.profile} wasn't checked because time ran out.",
            next="Specify only the profiles you need.",
            code="net.unreachable",
        )


def _resting_on(link: Link) -> Iterator[Who]:
    """Yield everyone who depends on a link, directly or through other links, at any depth."""
    waiting = [link]
    while waiting:
        link = waiting.pop()
        yield from link.whos
        waiting += reversed(link.then)
