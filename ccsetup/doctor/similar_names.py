"""Names that others may be typos of, looked for in a time that doesn't grow with the square of the file."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ccsetup.core.text import nearest

_MANY = 2000  # more names than this aren't searched for similar ones
_COMPARED = 50_000  # comparisons of names in one run; later findings offer no similar ones


class SimilarNames:
    """Finds similar names for the findings of one check, until it has compared too many."""

    def __init__(self) -> None:
        self._left = _COMPARED
        self._found: dict[str, list[str]] = {}  # many profiles may have the same typo

    def to(self, text: str, names: Iterable[str]) -> list[str]:
        """Return the names that a text may be a typo of, the most similar first. The names must always be the same."""
        if text not in self._found:
            some = [*islice(names, _MANY)] if text and self._left > 0 else []
            self._left -= len(some)
            self._found[text] = nearest(text, some) if self._left >= 0 else []
        return self._found[text]
