"""Finds the account IDs that one with missing or extra digits may stand for."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ccsetup.core.text import without_some

_LENGTH = 12
_COMPARED = 200_000  # comparisons in one run; later findings offer no account IDs with several digits more


class SimilarAccounts:
    """The known account IDs. Those with one digit more or less are looked up, not compared one after another."""

    def __init__(self, known: Collection[str]) -> None:
        self._known, self._sorted = frozenset(known), sorted(known)
        self._left = _COMPARED

    def like(self, digits: str) -> list[str]:
        """Return the account IDs that differ only in digits that are missing on one side, in order."""
        if len(digits) == _LENGTH + 1:
            return sorted(self._known.intersection(_one_less(digits)))
        if len(digits) == _LENGTH:
            return [digits] if digits in self._known else []
        if len(digits) == _LENGTH - 1:
            return sorted(self._known.intersection(_one_more(digits)))
        self._left -= len(self._sorted)
        return [it for it in self._sorted if without_some(it, digits)] if self._left >= 0 else []


def _one_less(digits: str) -> Iterator[str]:
    return (digits[:n] + digits[n + 1 :] for n in range(len(digits)))


def _one_more(digits: str) -> Iterator[str]:
    return (digits[:n] + more + digits[n:] for n in range(len(digits) + 1) for more in "0123456789")
