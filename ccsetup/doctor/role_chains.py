"""Follows role profiles to their first credentials, as botocore does. Each profile is looked at once for all chains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ccsetup.awsfiles.settings import meant
from ccsetup.core.profile_kind import CREDENTIAL_SOURCES, STATIC, has_own_credentials, source_of

Settings = Mapping[str, str]


class Broken(NamedTuple):
    """Why there are no credentials to assume a role with: the finding's code, and the profile that causes it."""

    code: str
    at: str


class _End(NamedTuple):
    """Where a chain ends: what breaks it, its last role, and the profile with the credentials ("" for none)."""

    why: Broken | None
    at: str
    holder: str = ""


class RoleChains:
    """The chains of all role profiles."""

    def __init__(self, profiles: Mapping[str, Settings]) -> None:
        self._profiles = profiles
        self._ends: dict[str, _End] = {}

    def broken(self, name: str) -> Broken | None:
        """Return what breaks a role profile's chain, None if it leads to credentials."""
        end = self._end(name)
        if end.holder == name and (end.at != name or not STATIC & self._profiles[name].keys()):
            return Broken("source.loop", end.at)  # botocore doesn't return to the first profile, even if it has keys
        return end.why

    def serves(self, source: str, name: str) -> bool:
        """Return whether a profile can be the source of a role profile whose own chain is broken."""
        if source_of(self._profiles[source], as_source=True) != "role":
            return True
        return self.broken(source) is None and self._end(source).holder != name

    def continues(self, there: Settings, name: str) -> bool:
        """Return whether a broken role profile has credentials if it has these settings instead."""
        found = self._next(name, there)
        if isinstance(found, str):
            return found != name and self.serves(found, name)
        return found.why is None and (found.holder != name or bool(STATIC & there.keys()))

    def _end(self, name: str) -> _End:
        """Return the end of a chain, and note it for all profiles on the way there."""
        way: dict[str, None] = {}
        found: str | _End = name
        while isinstance(found, str) and found not in self._ends and found not in way:
            way[found] = None
            found = self._next(found, self._profiles[found])
        if not isinstance(found, str):
            self._ends.update(dict.fromkeys(way, found))
        elif found in self._ends:
            self._ends.update(dict.fromkeys(way, self._ends[found]))
        else:
            last = next(reversed(way))
            self._ends.update((it, _End(Broken("source.loop", last), last)) for it in way)
        return self._ends[name]

    def _next(self, at: str, there: Settings) -> str | _End:
        """Return the role profile that a role is assumed with, or the end of the chain."""
        source, machine = there.get("source_profile"), there.get("credential_source")
        if source is not None and machine is not None:
            return _End(Broken("source.both", at), at)
        if machine is not None:
            known = meant(machine) in CREDENTIAL_SOURCES
            return _End(None if known else Broken("source.credential-source", at), at)
        if source is None:
            return _End(Broken("source.none", at), at)
        source = source if source in self._profiles else meant(source)
        if source not in self._profiles:
            return _End(Broken("source.missing", at), at)
        first = self._profiles[source]
        if source_of(first, as_source=True) == "role":
            return source
        return _End(None if has_own_credentials(first) else Broken("source.empty", at), at, source)
