"""What a team file contains, as values: the accesses, the repositories, and the team."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ccsetup.team import rules


class Entry(NamedTuple):
    """One way to get access: its name in the file, its label, its kind, and the answers by question key."""

    name: str
    label: str
    kind: str
    answers: Mapping[str, str]


class Place(NamedTuple):
    """One repository; empty fields aren't set. `access` names an entry, or several separated by commas.

    `repository` is its name in CodeCommit, if that isn't the name in the file.
    """

    name: str
    directory: str = ""
    branch: str = ""
    region: str = ""
    via: str = ""
    helper: str = ""
    access: str = ""
    submodules: str = "yes"
    repository: str = ""

    @property
    def accesses(self) -> tuple[str, ...]:
        """The entries that `access` names."""
        return tuple(rules.listed(self.access))

    @property
    def repo(self) -> str:
        """The name in CodeCommit."""
        return self.repository or self.name

    @property
    def folder(self) -> str:
        """The folder to clone into."""
        return self.directory or self.name


class Team(NamedTuple):
    """A team file's contents: the entries in order, with the one called default first."""

    name: str
    entries: tuple[Entry, ...]
    repositories: tuple[Place, ...] = ()
    note: str = ""
    version: str = "1"

    @property
    def by_access(self) -> bool:
        """Whether each person gets only the repositories that their way in reaches."""
        return self.version != "1"
