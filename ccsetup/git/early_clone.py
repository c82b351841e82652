"""A clone that git begins while the profile is still being verified: the same clone, in the same private folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ccsetup.core.errors import Problem
from ccsetup.core.model import Route
from ccsetup.git.branches import Heads
from ccsetup.git.clone_record import Records
from ccsetup.git.private_clone import PrivateClone, Site, aim, with_left
from ccsetup.git.process import Child, Done, Progress

if TYPE_CHECKING:
    from typing_extensions import Self

_NOTHING = Heads({})


class EarlyClone:
    """A clone to `directory` that runs from `begin` on. Unless it is taken, nothing of it is left at the end.

    It is only for a directory that doesn't exist. `branch` is the branch or tag to check out, "" for the server's HEAD.
    `can_wait`: git's helper is ours, so git can start before there are credentials, and go on when it may `begin`.
    """

    def __init__(
        self,
        records: Records,
        route: Route,
        directory: Path,
        branch: str,
        can_wait: bool,
        start: Callable[[Site, bool], Child],
        look: Callable[[Path], Heads],
    ) -> None:
        self.route, self.directory = route, directory
        self._records, self._branch, self._can_wait = records, branch, can_wait
        self._start, self._look = start, look
        self._work: PrivateClone | None = None
        self._child: Child | None = None
        self._heads: Heads | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        left = self.drop()
        if error and left:
            raise with_left(error, left) from None

    @property
    def has_begun(self) -> bool:
        """Whether there is a private folder that belongs to this clone."""
        return self._work is not None

    def prepare(self) -> None:
        """Start git now if its helper can wait for `begin`."""
        if self._can_wait:
            self._run(held=True)

    def begin(self) -> None:
        """Clone: there are credentials. Where that isn't possible, do nothing: the later clone says why it can't be."""
        if self._child:
            self._child.go()
        self._run(held=False)

    def _run(self, held: bool) -> None:
        if self._work or os.path.lexists(self.directory):
            return
        with suppress(Problem):
            place = aim(self.directory)
            if self._records.speak_of(place.target):
                return
            self._work = PrivateClone.begin(self._records, place, self.route.url)
            self._child = self._start(self._work.site, held)

    def heads(self, progress: Progress) -> Heads:
        """Wait for git, and return the server's branches; none if the clone failed. Raises Problem."""
        if not self._work or not self._child:
            return _NOTHING
        if self._heads is None:
            done = self._child.done(progress)
            self._heads = _NOTHING if done.code else self._look(self._work.site.repository)
        return self._heads

    def taken(self, route: Route, branch: str, progress: Progress) -> tuple[PrivateClone, Done] | None:
        """Return the clone and git's result if this branch or tag came by this route. Otherwise drop it."""
        head = self.heads(progress).head if route == self.route else ""
        work, child = self._work, self._child
        if work and child and head and branch == (self._branch or head):
            self._work = None
            return work, child.done(progress)
        self.drop()
        return None

    def drop(self) -> str:
        """End git and remove the private folder. Return "", or a sentence about what is left."""
        if self._child:
            self._child.end()
        work, self._work, self._child = self._work, None, None
        return work.discard() if work else ""
