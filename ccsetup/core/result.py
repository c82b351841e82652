"""The result of a command, as the single JSON document of --json."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ccsetup.core.errors import Problem
from ccsetup.core.model import Identity, Repository, Route


@dataclass(frozen=True)
class Cloned:
    """A clone on disk: its path, its transport, the commit at its HEAD ("" for an empty repository).

    `problem` tells why it can't be used yet, None if it can.
    """

    directory: Path
    route: Route
    commit: str
    problem: Problem | None = None


@dataclass(frozen=True)
class Outcome:
    """Everything that `setup` and `clone` report. What didn't happen is None or empty."""

    kind: str = ""
    profile: str = ""
    region: str = ""
    edits: Sequence[Mapping[str, Any]] = ()
    backups: Sequence[Path] = ()
    identity: Identity | None = None
    repository: Repository | None = None
    cloned: Cloned | None = None
    problems: tuple[Problem, ...] = ()
    urls: Mapping[str, str] | None = None

    @property
    def default_branch(self) -> str:
        """The repository's default branch, "" if unknown."""
        return self.repository.default_branch if self.repository else ""

    def with_clone(self, cloned: Cloned) -> Outcome:
        """Return this outcome with a clone and the clone's problem, if any."""
        return replace(self, cloned=cloned, problems=(*self.problems, *filter(None, [cloned.problem])))

    def refused(self, problem: Problem) -> Outcome:
        """Return this outcome with a problem. Earlier changes have been undone or are reported by the other values."""
        return replace(self, problems=(*self.problems, problem))

    def report(self) -> Report:
        """Return the exit code."""
        return Report(self.document(), self.problems[-1].exit_code if self.problems else 0)

    def document(self) -> dict[str, Any]:
        """Return the JSON document as described in PRODUCT.md. Missing parts are null."""
        identity, repository, cloned = self.identity, self.repository, self.cloned
        return {
            "ok": not self.problems,
            "kind": self.kind or None,
            "profile": self.profile or None,
            "region": self.region or None,
            "edits": list(self.edits),
            "backups": [str(path) for path in self.backups],
            "identity": identity and {"account_id": identity.account_id, "arn": identity.arn},
            "repository": repository
            and {
                "name": repository.name,
                "region": repository.region,
                "default_branch": repository.default_branch or None,
            },
            "clone": cloned
            and {
                "directory": str(cloned.directory),
                "url": cloned.route.url,
                "via": cloned.route.name,
                "commit": cloned.commit or None,
            },
            "problems": [told(problem) for problem in self.problems],
            **({"urls": dict(self.urls)} if self.urls else {}),
        }


def told(problem: Problem) -> dict[str, Any]:
    """Return a problem for JSON documents. `policy` and `message` are for an administrator who can grant access."""
    return {**briefly_told(problem), "policy": problem.policy, "message": problem.letter or None}


def briefly_told(problem: Problem) -> dict[str, Any]:
    """Return a problem for JSON documents of many profiles, without what an administrator would need."""
    return {"code": problem.code, "what": problem.what, "why": problem.why or None, "next": problem.next or None}


class LaterDocument(Mapping[str, Any]):
    """A JSON document that is made only if it is read, since it may be about thousands of profiles."""

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Mapping[str, Any]:
        return self._make()

    def __getitem__(self, key: str) -> Any:
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


class Report(NamedTuple):
    """What a command reports at its end. Problems have already been shown.

    `secret`: the document holds the credentials that were asked for.
    """

    document: Mapping[str, Any]
    exit_code: int = 0
    secret: bool = False
