"""Follows source_profile from profile to profile, to where a profile's credentials come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from ccsetup.core.profile_kind import source_of

T = TypeVar("T")
U = TypeVar("U")


def chain(profiles: Mapping[str, Mapping[str, T]], *names: str) -> list[Mapping[str, T]]:
    """Return each profile's settings, followed by those of its source profiles, each once."""
    found: dict[str, Mapping[str, T]] = {}
    for name in names:
        while name in profiles and name not in found:
            found[name] = profiles[name]
            name = _source(found[name])
    return list(found.values())


def _source(there: Mapping[str, object]) -> str:
    """Return the name of the profile that a role is assumed with, "" if there is none."""
    return str(there.get("source_profile", "")) if "role_arn" in there else ""


def first(
    profiles: Mapping[str, Mapping[str, U]],
    names: Iterable[str],
    tell: Callable[[str], T | None],
    following: Callable[[Mapping[str, U]], str] = _source,
) -> dict[str, T | None]:
    """Return what `tell` says about the first profile of a chain about which it says something, None if there is none.

    The answers are those for all profiles in the chains of these names. Each profile is asked about only once, since
    thousands of them may share a source or form one long chain. `following` names the next profile of a chain.
    """
    found: dict[str, T | None] = {}
    for at in names:
        way: dict[str, None] = {}
        while at in profiles and at not in found:
            way[at] = None
            found[at] = tell(at)
            at = following(profiles[at])
        for _ in range(1 + (at in way)):  # in a loop, what comes after the last profile is known after the first time
            told = found.get(at)
            for it in reversed(way):
                told = found[it] = told if found[it] is None else found[it]
    return found


def holder(profiles: Mapping[str, Mapping[str, object]], name: str) -> str:
    """Return the profile whose own credentials a profile starts from: the end of its source profiles.

    It may be a source profile that doesn't exist. If the source profiles form a loop, it is a profile in the loop.
    """
    return holders(profiles, [name])[name]


def holders(profiles: Mapping[str, Mapping[str, object]], names: Iterable[str]) -> dict[str, str]:
    """Return the holder of each of these profiles' credentials (see `holder`). Each source is followed only once."""
    found: dict[str, str] = {}
    ends: dict[str, str] = {}  # the holder of each profile that is used as a source
    for name in names:
        starts_at = _next(profiles, name)
        if starts_at is None or _next(profiles, name, as_source=True) == starts_at:
            starts_at = name
        found[name] = _end(profiles, starts_at, ends)
    return found


def _next(profiles: Mapping[str, Mapping[str, object]], name: str, as_source: bool = False) -> str | None:
    """Return the profile that a role starts from; None if the profile has its own credentials or doesn't exist."""
    there = profiles.get(name, {})
    is_role = source_of(there, as_source=as_source) == "role" and "source_profile" in there
    return str(there["source_profile"]) if is_role else None


def _end(profiles: Mapping[str, Mapping[str, object]], name: str, ends: dict[str, str]) -> str:
    """Return the holder of the credentials of a source profile, and note it for all profiles on the way there."""
    way: dict[str, None] = {}
    at = name
    while at not in ends and at not in way and (source := _next(profiles, at, as_source=True)) is not None:
        way[at] = None
        at = source
    loop = [*way][[*way].index(at) :] if at in way else []
    ends.update(dict.fromkeys(way, ends.get(at, at)))
    ends.update((it, it) for it in loop)  # each profile in a loop comes back to itself
    return ends.get(name, at)


def sources(profiles: Mapping[str, Mapping[str, object]]) -> set[str]:
    """Return every profile that a role is assumed with, whether it exists or not."""
    roles = (there for there in profiles.values() if "role_arn" in there)
    return {str(there["source_profile"]) for there in roles if there.get("source_profile")}


def program_of(profiles: Mapping[str, Mapping[str, object]], name: str) -> str:
    """Return the profile, this one or a source profile, with a program that prints credentials, "" if none has one.

    SDKs use it before access keys in the config file and after those in the credentials file.
    """
    seen: list[str] = []
    while name in profiles and name not in seen:
        kind = source_of(profiles[name], as_source=bool(seen))
        if kind != "role":
            return name if "credential_process" in profiles[name] and kind in ("process", "keys") else ""
        seen.append(name)
        name = str(profiles[name].get("source_profile", ""))
    return ""


def names_program(profiles: Mapping[str, Mapping[str, object]], name: str) -> bool:
    """Return whether a profile or a source profile names a program for credentials, whatever else it has."""
    return any("credential_process" in there for there in chain(profiles, name))


def runs_program(profiles: Mapping[str, Mapping[str, object]], name: str) -> bool:
    """Return whether ccsetup may have to run a program to get a profile's credentials. Stored access keys need none."""
    return any("credential_process" in there and source_of(there) != "keys" for there in chain(profiles, name))
