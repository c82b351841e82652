"""Looks for one repository with many profiles in many regions at once, and creates repositories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ccsetup.aws import bulk_keys
from ccsetup.aws.bulk_keys import late
from ccsetup.aws.credentials import Resolver
from ccsetup.aws.errors import problem_of
from ccsetup.aws.pooled_clients import Clients, Pool, endpoint_of
from ccsetup.aws.sdk import refusals
from ccsetup.core import limits
from ccsetup.core.arn import Arn
from ccsetup.core.concurrency import Counter, Crew
from ccsetup.core.context import Sighting
from ccsetup.core.errors import Problem
from ccsetup.core.model import Keys, Repository, Who

Found = dict[tuple[str, str], Sighting]
Counted = Callable[[int, int], None]


def sightings(
    resolver: Resolver, pool: Pool, places: Sequence[Who], name: str, counted: Counted | None = None
) -> Sequence[Sighting]:
    """Look for a repository with each profile in each given region, 16 at a time. Never prompts.

    `counted` is told how many regions are done, and of how many.

    Within a minute, each place has an answer, a refusal, or a Problem that says there was no answer.
    """
    clients = Clients(pool, limits.SEARCH_TRIES)
    keys = _keys(clients, resolver, places)
    asked = [who for who in places if isinstance(keys[who.profile], Keys)]
    found: Found = {}
    for who in places:
        refused = keys[who.profile]
        if isinstance(refused, Problem):
            found[who.profile, who.region] = Sighting(who.profile, who.region, refused=refused)
    counter = Counter((who.region for who in asked), counted)
    crew = Crew(limits.AT_ONCE, limits.READ_S)
    for run in _runs(asked):
        crew.add(_asking(clients, run, keys, name, found, counter))
    crew.finish(limits.CALL_S)
    heard = dict(found)
    return [
        heard.get((who.profile, who.region)) or Sighting(who.profile, who.region, refused=late(who)) for who in places
    ]


def names(codecommit: Any) -> list[str]:
    """List the names of a region's repositories with a CodeCommit client, sorted."""
    pages = codecommit.get_paginator("list_repositories").paginate()
    return sorted((r["repositoryName"] for page in pages for r in page["repositories"]), key=str.lower)


def create_repository(codecommit: Any, name: str, description: str) -> Repository:
    """Create a repository with a CodeCommit client, and return its details."""
    about = {"repositoryDescription": description} if description else {}
    return repository_in(codecommit.create_repository(repositoryName=name, **about)["repositoryMetadata"])


def repository_in(found: Mapping[str, Any], region: str = "") -> Repository:
    """Return the repository in a CodeCommit answer."""
    arn = Arn.parse(found.get("Arn", ""))
    return Repository(
        name=found["repositoryName"],
        region=arn.region if arn else region,
        account_id=found.get("accountId", ""),
        default_branch=found.get("defaultBranch", ""),
        partition=arn.partition if arn else "aws",
    )


def _keys(clients: Clients, resolver: Resolver, places: Sequence[Who]) -> dict[str, Keys | Problem]:
    """Return each profile's credentials, or the reason why there are none without prompting."""
    first = {who.profile: who for who in reversed(places)}
    found: dict[str, Keys | Problem] = {name: keys for name, who in first.items() if (keys := resolver.kept(who))}
    missing = [who for name, who in first.items() if name not in found]

    def use(who: Who, keys: Keys) -> None:
        found[who.profile] = keys
        resolver.keep(who, keys)

    def refuse(who: Who, refused: Problem, at: str) -> None:
        found[who.profile] = refused

    unheard = bulk_keys.each(clients, resolver, missing, limits.CALL_S, use, refuse)
    there = dict(found)
    return {name: there.get(name) or unheard(who) for name, who in first.items()}


def _runs(asked: Sequence[Who]) -> list[Sequence[Who]]:
    """Split the requests into runs of one region each: first one run per region, then the next ones; singles last."""
    by_client: dict[tuple[str, ...], list[Who]] = {}
    for who in asked:
        by_client.setdefault((who.region, *endpoint_of(who)), []).append(who)
    longest = max(map(len, by_client.values()), default=0)
    many, last = limits.SEARCH_RUN, -limits.AT_ONCE
    runs = [whos[at : at + many] for at in range(0, longest, many) for whos in by_client.values() if whos[at:]]
    return [*runs[:last], *([who] for run in runs[last:] for who in run)]


def _asking(
    clients: Clients,
    run: Sequence[Who],
    keys: Mapping[str, Keys | Problem],
    name: str,
    found: Found,
    counter: Counter,
) -> Callable[[], None]:
    def ask() -> None:
        for who in run:
            held = keys[who.profile]
            assert isinstance(held, Keys)  # noqa: S101
            found[who.profile, who.region] = _sighting(clients, who, held, name)
            counter.done(who.region)

    return ask


def _sighting(clients: Clients, who: Who, keys: Keys, name: str) -> Sighting:
    try:
        answer = clients.acting("codecommit", who, keys).get_repository(repositoryName=name)["repositoryMetadata"]
        return Sighting(who.profile, who.region, repository_in(answer, who.region))
    except refusals() as error:
        return Sighting(who.profile, who.region, refused=problem_of(error, who, name))
