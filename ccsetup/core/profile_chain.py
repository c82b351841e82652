"""Follows source_profile from profile to profile, to where a profile's credentials come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from ccsetup.core.profile_kind import source_of

T = TypeVar("T")


def chain(profiles: Mapping[str, Mapping[str, T]], name: str) -> list[Mapping[str, T]]:
    """Return a profile's settings, then those of its source profiles, each once."""
    found: dict[str, Mapping[str, T]] = {}
    while name in profiles and name not in found:
        found[name] = profiles[name]
        name = str(found[name].get("source_profile", "")) if "role_arn" in found[name] else ""
    return list(found.values())


def holder(profiles: Mapping[str, Mapping[str, object]], name: str) -> str:
    """Return the profile whose own credentials a profile starts from: the end of its source profiles.

    It may be a source profile that doesn't exist. If the source profiles form a loop, it is a profile in the loop.
    """
    seen: list[str] = []
    while name in profiles and name not in seen:
        seen.append(name)
        if source_of(profiles[name], as_source=len(seen) > 1) != "role" or "source_profile" not in profiles[name]:
            return name
        name = str(profiles[name]["source_profile"])
    return name


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
