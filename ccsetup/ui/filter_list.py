"""A list with a filter: the typed text, the matching entries, and the position of the cursor."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple
from unicodedata import normalize

from ccsetup.core.echo import Echo, summary
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import Choice, Unmatched
from ccsetup.core.redact import shown
from ccsetup.core.text import cells, folded, inert

ALL = Choice("", "Show the whole list", "press Enter")  # not an answer: clears the filter
_LONGEST = 64  # the longest text that is searched for; a paste is longer


class Entry(NamedTuple):
    """One line of the list: its choice, and its inert label and hint."""

    choice: Choice
    label: str
    hint: str
    low: str
    everything: str
    own: bool = True


def entries(choices: Sequence[Choice]) -> list[Entry]:
    """Prepare choices for search and display."""
    return [_entry(choice) for choice in choices]


def _entry(choice: Choice) -> Entry:
    label, hint = shown(choice.label), shown(choice.hint)
    low = folded(label)
    return Entry(choice, label, hint, low, folded(f"{low} {choice.value} {hint}"))


def matching(there: Sequence[Entry], typed: str) -> tuple[list[Entry], bool]:
    """Return the entries that contain every typed word, best first, and True; else those with its letters in order.

    Best is an equal label, then the beginning of one, then any part of one, then hint or value. Ties keep their order.
    """
    text = folded(inert(typed)).strip()
    words = text.split()
    if not words:
        return list(there), True
    found = there
    for word in words:
        found = [entry for entry in found if word in entry.everything]
    if found:
        return sorted(found, key=lambda entry: _rank(entry.low, text, words)), True
    return _fuzzy(there, text), False


def _rank(label: str, text: str, words: Sequence[str]) -> int:
    if label == text:
        return 0
    if label.startswith(text):
        return 1
    return 2 if words[0] in label and words[-1] in label else 3


def _fuzzy(there: Sequence[Entry], text: str) -> list[Entry]:
    letters = [letter for letter in text if letter.isalnum()]
    if not 0 < len(letters) <= _LONGEST:
        return []
    rest = "".join(f"[^{re.escape(letter)}]*{re.escape(letter)}" for letter in letters[1:])
    pattern = later(re.escape(letters[0]) + rest)
    found = [(m.end() - m.start(), i, entry) for i, entry in enumerate(there) if (m := pattern.search(entry.low))]
    return [entry for _, _, entry in sorted(found, key=lambda hit: hit[:2])]


def _widest(there: Sequence[Entry]) -> tuple[int, int]:
    hinted = [entry for entry in there if entry.hint]
    return max((cells(it.label) for it in hinted), default=0), max((cells(it.hint) for it in hinted), default=0)


class Pick:
    """The state of one list.

    `free` adds the typed text as an entry, `use "…"`, or the default if it is no entry; `reads` adds an entry that
    describes the typed text, if it is recognized. If nothing matches, `said` tells why, and the entries are ALL and
    what `unmatched` suggests.
    """

    def __init__(
        self,
        choices: Sequence[Choice],
        echo: Echo,
        default: str = "",
        free: bool = False,
        reads: Callable[[str], str] | None = None,
        unmatched: Callable[[str], Unmatched] | None = None,
    ) -> None:
        self._there = entries(choices)
        self._free, self._reads, self._echo, self._unmatched = free, reads, echo, unmatched
        self._said = ""
        self._due: str | None = None
        self._widest = _widest(self._there)
        self._start = next((i for i, choice in enumerate(choices) if default and choice.value == default), -1)
        self.offered = default if free and self._start < 0 else ""  # a default that is no entry of the list
        self.typed = ""
        self._shown: list[Entry] = []
        self.at = self._top = 0
        self.narrow("")

    def decline(self) -> None:
        """Drop the default that is no entry of the list."""
        self.offered, self._due = "", self.typed

    def grow(self, choices: Sequence[Choice]) -> None:
        """Add entries at the end. The cursor stays on its entry."""
        current = self.current()
        self._there += entries(choices)
        self._widest = _widest(self._there)
        self._due = self.typed
        self.at = self.shown.index(current) if current in self.shown else 0

    def narrow(self, typed: str) -> None:
        """Show what matches, with the cursor on the best match, or on its first position if nothing is typed."""
        self.typed = self._due = typed
        text = typed.strip()
        self.at = max(self._start, 0) if not text else 0
        self._top = 0

    @property
    def shown(self) -> list[Entry]:
        """Return what matches. Computed when needed, since a paste may arrive letter by letter."""
        if self._due is not None:
            self._shown, exact = matching(self._there, self._due)
            text, self._due, self._said = self._due.strip(), None, ""
            self._add(text, exact)
            if self.offered and not text:
                self._shown.insert(0, self._use(self.offered))
            if text and not self._shown:
                self._suggest(text)
        return self._shown

    @property
    def widest(self) -> tuple[int, int]:
        """Return the width of the longest label that has a hint beside it, and that of the longest hint."""
        return _widest(self._shown) if self.said else self._widest

    @property
    def said(self) -> str:
        """Return why nothing matches, "" if something does."""
        return self._said if self.shown else ""

    def _suggest(self, text: str) -> None:
        """Offer what to do if nothing matches."""
        found = self._unmatched(text) if self._unmatched else Unmatched("")
        self._said = found.said or f'Nothing matches "{self._echo.brief(text)}".'
        self._shown = [entry._replace(own=entry.choice is not ALL) for entry in entries([ALL, *found.choices])]

    def _add(self, text: str, exact: bool) -> None:
        same = {normalize("NFC", it) for entry in self._shown for it in (entry.choice.value, entry.choice.label)}
        if not text or normalize("NFC", text) in same:
            return
        words = self._reads(text) if self._reads else ""
        if words:
            entry = Entry(Choice(text, words), inert(words), "press Enter to use it", "", "", own=False)
            self._shown.insert(0, entry)
        elif self._free:
            self._shown.insert(len(self._shown) if exact else 0, self._use(text))

    def _use(self, text: str) -> Entry:
        much = summary(text)
        said = f"use the {much} you pasted" if much else f'use "{self._echo(text)}"'
        return Entry(Choice(text, said), said, "", "", "", own=False)

    def move(self, by: int) -> None:
        """Move the cursor. A single step wraps around at either end; a longer one stops there."""
        last = len(self.shown) - 1
        target = self.at + by
        self.at = target % (last + 1) if abs(by) == 1 and last >= 0 else max(0, min(target, last))

    def current(self) -> Entry | None:
        """Return the entry under the cursor."""
        return self.shown[self.at] if self.shown else None

    def window(self, rows: int) -> list[tuple[Entry, bool, str]]:
        """Return the entries that fit into `rows` lines, each with whether the cursor is on it, and ▲ or ▼ if the
        list goes on above or below it."""
        self._top = max(min(self._top, self.at, len(self.shown) - rows), self.at - rows + 1, 0)
        end = self._top + rows
        marks = {self._top: "▲"} if self._top else {}
        marks |= {end - 1: "▼"} if end < len(self.shown) else {}
        return [(e, i == self.at, marks.get(i, "")) for i, e in enumerate(self.shown[self._top : end], self._top)]

    def counter(self) -> str:
        """Return the place of the cursor among the entries that match, for example "3 of 29"."""
        if self.said:
            return f"0 of {len(self._there):,}"
        return f"{self.at + 1 if self.shown else 0:,} of {len(self.shown):,}"
