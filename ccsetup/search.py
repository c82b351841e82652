"""One repository looked for with many profiles in many regions at once; and a repository made."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ccsetup import __version__
from ccsetup.errors import Problem
from ccsetup.model import Keys, Repository, Who
from ccsetup.pool import Pool
from ccsetup.refusals import problem_of
from ccsetup.resolve import Resolver
from ccsetup.sdk import FAULT_S, bounds, refusals, session_of
from ccsetup.waiting import alone, within
from ccsetup.world import Sighting

AT_ONCE = 16
_RUN = 10  # questions to one region that one thread asks in a row, over one connection
_OF_CLIENT = ("endpoint_url", "services", "use_fips_endpoint", "use_dualstack_endpoint", "ca_bundle")

Found = dict[tuple[str, str], Sighting]


def sightings(resolver: Resolver, places: Sequence[Who], name: str) -> Sequence[Sighting]:
    """Look for a repository with each profile in each region named, 16 at a time; nobody is asked anything.

    Within a minute each place has its answer, its refusal, or the word that it had none.
    """
    keys = _keys(resolver, places)
    asked = [who for who in places if isinstance(keys[who.profile], Keys)]
    found: Found = {}
    for who in places:
        refused = keys[who.profile]
        if isinstance(refused, Problem):
            found[who.profile, who.region] = Sighting(who.profile, who.region, refused=refused)
    clients = Clients()
    _at_once([_asking(clients, run, keys, name, found) for run in _runs(asked)])
    return [found.get((who.profile, who.region)) or _unheard(who) for who in places]


def create_repository(codecommit: Any, name: str, description: str) -> Repository:
    """Create a repository with a CodeCommit client; return its facts."""
    about = {"repositoryDescription": description} if description else {}
    return repository_in(codecommit.create_repository(repositoryName=name, **about)["repositoryMetadata"])


def repository_in(found: Mapping[str, Any], region: str = "") -> Repository:
    """Return the repository of one of CodeCommit's answers."""
    arn = found.get("Arn", "").split(":")
    whole = len(arn) > 5
    return Repository(
        name=found["repositoryName"],
        region=arn[3] if whole else region,
        account_id=found.get("accountId", ""),
        default_branch=found.get("defaultBranch", ""),
        partition=arn[1] if whole else "aws",
    )


def _keys(resolver: Resolver, places: Sequence[Who]) -> dict[str, Keys | Problem]:
    """Return each profile's keys, or why there are none to be had without a person."""
    found: dict[str, Keys | Problem] = {}
    first = {who.profile: who for who in reversed(places)}

    def fetch(who: Who) -> None:
        try:
            found[who.profile] = resolver.keys(who)
        except Problem as problem:
            found[who.profile] = problem

    _at_once([lambda who=who: fetch(who) for who in first.values()])  # type: ignore[misc]
    return {name: found.get(name) or _late(who) for name, who in first.items()}


def _settings_of_client(who: Who) -> tuple[str, ...]:
    there = (who.profiles or {}).get(who.profile, {})
    return tuple(str(there.get(key, "")) for key in _OF_CLIENT)


class Clients:
    """One client for each region (and each endpoint of one's own), made when first wanted; it signs for anybody."""

    def __init__(self) -> None:
        self._lock, self._pool = threading.Lock(), Pool(AT_ONCE)
        self._sessions: dict[tuple[str, ...], Any] = {}
        self._made: dict[tuple[str, ...], Any] = {}

    def of(self, who: Who) -> Any:
        """Return the client to ask for `who`."""
        own = _settings_of_client(who)
        key = (who.region, *own)
        with self._lock:
            if own not in self._sessions:
                self._sessions[own] = session_of(who.profile if any(own) else "", who.region)
            if key not in self._made:
                self._made[key] = self._make(self._sessions[own], who.region)
            return self._made[key]

    def _make(self, session: Any, region: str) -> Any:
        from botocore.config import Config

        keys = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}  # each request brings its own
        # Made anew for each request, the SDK's own description of itself takes a quarter of the time.
        config = bounds(tries=1).merge(Config(user_agent=f"ccsetup/{__version__}", parameter_validation=False))
        client = session.create_client("codecommit", region, config=config, **keys)
        client.meta.events.register("before-call.codecommit", _bring_keys)
        self._pool.serve(client, session)
        return client


_own = threading.local()


def _bring_keys(params: dict[str, Any], **_: Any) -> None:
    """Have the request signed with the keys of whoever this thread asks for."""
    params["context"].setdefault("signing", {})["request_credentials"] = _own.credentials


def _runs(asked: Sequence[Who]) -> list[Sequence[Who]]:
    """Cut what is to be asked into runs of one region: each region's first before any second, singles last."""
    by_client: dict[tuple[str, ...], list[Who]] = {}
    for who in asked:
        by_client.setdefault((who.region, *_settings_of_client(who)), []).append(who)
    longest = max(map(len, by_client.values()), default=0)
    runs = [whos[at : at + _RUN] for at in range(0, longest, _RUN) for whos in by_client.values() if whos[at:]]
    return [*runs[:-AT_ONCE], *([who] for run in runs[-AT_ONCE:] for who in run)]


def _asking(
    clients: Clients, run: Sequence[Who], keys: Mapping[str, Keys | Problem], name: str, found: Found
) -> Callable[[], None]:
    def ask() -> None:
        for who in run:
            held = keys[who.profile]
            assert isinstance(held, Keys)  # noqa: S101
            found[who.profile, who.region] = _sighting(clients, who, held, name)

    return ask


def _sighting(clients: Clients, who: Who, keys: Keys, name: str) -> Sighting:
    from botocore.credentials import Credentials

    token = keys.session_token.reveal() if keys.session_token else None
    _own.credentials = Credentials(keys.access_key_id, keys.secret_access_key.reveal(), token)
    try:
        answer = clients.of(who).get_repository(repositoryName=name)["repositoryMetadata"]
        return Sighting(who.profile, who.region, repository_in(answer, who.region))
    except refusals() as error:
        return Sighting(who.profile, who.region, refused=problem_of(error, who, name))


def _at_once(works: Iterable[Callable[[], None]]) -> None:
    """Do all works, 16 at a time; those that are not done within the minute stay undone."""
    left = deque(works)

    def work() -> None:
        alone.set(True)
        while left:
            with suppress(IndexError):  # another thread was quicker
                left.popleft()()

    with suppress(TimeoutError):
        try:
            within(FAULT_S, *([work] * min(AT_ONCE, len(left))))
        finally:
            left.clear()


def _unheard(who: Who) -> Sighting:
    return Sighting(who.profile, who.region, refused=_late(who))


def _late(who: Who) -> Problem:
    return Problem(f"AWS did not answer {who.profile} in time.", next="Try again.", code="net.unreachable")
