"""Compares two texts by lines, in time that grows with their length even if a change touches every section."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from difflib import Match, SequenceMatcher
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import TypeVar

Line = TypeVar("Line")


class LineMatcher(SequenceMatcher[Line]):
    """A SequenceMatcher that finds the same parts, but looks for them only once.

    SequenceMatcher takes the longest part that is the same in both texts, then looks through everything on either side
    of it again. This one finds all such parts first, and takes one after the other, as far as they still fit.
    """

    def __init__(self, old: Sequence[Line], new: Sequence[Line], autojunk: bool = True) -> None:
        super().__init__(None, old, new, autojunk)
        self._old, self._new = old, new
        self._blocks: list[Match] | None = None

    def get_matching_blocks(self) -> list[Match]:
        """Return the parts that are the same in both, in order, with adjacent ones as one, and an empty one at last."""
        if self._blocks is None:
            end = Match(len(self._old), len(self._new), 0)
            self._blocks = [*_joined(self._taken(end)), end]
        return self._blocks

    def _taken(self, end: Match) -> Iterator[Match]:
        """Yield the parts that SequenceMatcher takes: the longest first, the first one of several."""
        taken = [Match(0, 0, 0), end]
        waiting = [(-size, i, j) for i, j, size in self._runs()]
        heapify(waiting)
        while waiting:
            size, i, j = heappop(waiting)
            at = bisect_right(taken, (i, len(self._new), 0), hi=len(taken) - 1)
            whole = Match(i, j, -size)
            if (part := _within(whole, taken[at - 1], taken[at])) == whole:
                taken.insert(at, self._extended(part, taken[at - 1], taken[at]))
                continue
            while at < len(taken) and taken[at - 1].a < i - size:
                part = _within(whole, taken[at - 1], taken[at])
                if part.size > 0:
                    heappush(waiting, (-part.size, part.a, part.b))
                at += 1
        for before, after in pairwise(taken):
            yield before
            yield self._extended(Match(before.a + before.size, before.b + before.size, 0), before, after)

    def _runs(self) -> Iterator[Match]:
        """Yield all parts that are the same and can't be made longer. Lines that occur too often don't count."""
        places: Mapping[Line, Sequence[int]] = self.b2j  # type: ignore[attr-defined]
        sizes: dict[int, int] = {}  # of those that end at the line above, by their last line in the new text
        for i, line in enumerate(self._old):
            longer = {j: sizes.pop(j - 1, 0) + 1 for j in places.get(line, ())}
            yield from (Match(i - size, j - size + 1, size) for j, size in sizes.items())
            sizes = longer
        yield from (Match(len(self._old) - size, j - size + 1, size) for j, size in sizes.items())

    def _extended(self, it: Match, before: Match, after: Match) -> Match:
        """Return a part with the lines around it that are the same, too, up to the parts before and after it."""
        i, j, size = it
        old, new = self._old, self._new
        while i > before.a + before.size and j > before.b + before.size and old[i - 1] == new[j - 1]:
            i, j, size = i - 1, j - 1, size + 1
        while i + size < after.a and j + size < after.b and old[i + size] == new[j + size]:
            size += 1
        return Match(i, j, size)


def _within(it: Match, before: Match, after: Match) -> Match:
    """Return what of a part is between two others. Its size is 0 or less if there is nothing."""
    skipped = max(0, before.a + before.size - it.a, before.b + before.size - it.b)
    size = min(it.size, after.a - it.a, after.b - it.b) - skipped
    return Match(it.a + skipped, it.b + skipped, size)


def _joined(parts: Iterator[Match]) -> Iterator[Match]:
    """Yield the parts that aren't empty, with adjacent ones as one."""
    last = Match(0, 0, 0)
    for it in parts:
        if (last.a + last.size, last.b + last.size) == it[:2]:
            last = last._replace(size=last.size + it.size)
        elif it.size:
            if last.size:
                yield last
            last = it
    if last.size:
        yield last
