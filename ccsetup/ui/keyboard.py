"""What a terminal sends: keys that have a meaning in a question, pastes, and much that has none and is ignored.

A terminal also reports focus, mouse, colours and its version, and sends Alt with a letter as Esc and the letter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ccsetup.patterns import later

if TYPE_CHECKING:
    from prompt_toolkit.input import Input

ESC, CTRL_C = "\x1b", "\x03"
PASTE, PASTE_END = "\x1b[200~", "\x1b[201~"
KEYS = frozenset(
    {f"{ESC}{lead}{letter}" for lead in "[O" for letter in "ABCDHF"}  # arrows, Home, End
    | {f"{ESC}[{number}~" for number in (1, 3, 4, 5, 6, 7, 8)}  # Home, Delete, End, Page Up, Page Down
    | {f"{ESC}[Z"}  # Shift-Tab
)
ESCAPE_S = 0.1  # Esc alone waits this long, lest it be the beginning of a sequence
PATIENCE_S = 1.0  # the rest of a sequence comes sooner, or never

# What follows Esc and a letter, whole or so far: CSI by its rule, with the exceptions of Linux's console, of mice and
# of rxvt; SS3; OSC, DCS and APC, which are texts with an end.
_WHOLE = {
    "[": later(r"\[[A-Z]|M[^\x00-\x1f]{3}|[0-9]{1,2}\$|(?![\[M])[0-?]*[ -/]*[@-~]"),
    "O": later(r"[0-9;]*[A-Za-z]"),
    "]": later(r"[0-9]+;[^\x00-\x1f]*(?:\x07|\x1b\\)"),
    "P": later(r"[0-9>!=][^\x00-\x1f]*\x1b\\"),
    "_": later(r"G[^\x00-\x1f]*\x1b\\"),
}
_SO_FAR = {
    "[": later(r"\[?|M[^\x00-\x1f]{0,2}|[0-?]*[ -/]*"),
    "O": later(r"[0-9;]*"),
    "]": later(r"(?:[0-9]+(?:;[^\x00-\x1f]*\x1b?)?)?"),
    "P": later(r"(?:[0-9>!=][^\x00-\x1f]*\x1b?)?"),
    "_": later(r"(?:G[^\x00-\x1f]*\x1b?)?"),
}
_NO_TEXT = later("[\x80-\x9f\ud800-\udfff]")  # controls of 8 bits, and bytes that are no letter


class Keyboard:
    """Stands before prompt_toolkit's parser of what a terminal sends, and hands on only what has a meaning.

    Esc counts as a key when nothing followed it until `flush`, which prompt_toolkit calls after its own time.
    """

    def __init__(self, parser: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._parser, self._clock = parser, clock
        self._held, self._at = "", 0.0  # the beginning of a sequence or paste, and when it came

    def feed(self, data: str) -> None:
        """Take what was read, however the sequences are split.

        All belongs to a paste until its end comes; where that was lost, Ctrl-C still leaves.
        """
        is_pasting = self._held.startswith(PASTE)
        now = self._clock()
        if data == CTRL_C or (now - self._at > PATIENCE_S and not is_pasting):
            self._held = ""
        text, self._held, self._at = self._held + data, "", now
        for piece in self._pieces(text if is_pasting else text.replace("\x9b", f"{ESC}[")):
            self._parser.feed(piece)

    def flush(self) -> None:
        """Take what is held for the key Esc where nothing followed it."""
        if self._held and not self._held.strip(ESC):
            self._held = ""
            self._parser.feed(ESC)
        self._parser.flush()

    def forget(self) -> None:
        """Drop what is held: it was typed for another question."""
        self._held = ""

    def _pieces(self, text: str) -> Iterator[str]:
        while text:
            size = self._size(text)
            if not size:
                self._held = text
                return
            piece, text = text[:size], text[size:]
            if not piece.startswith(ESC):
                yield _NO_TEXT.sub("", piece)
            elif piece in KEYS or piece.startswith(PASTE):
                yield piece
            elif piece.endswith(CTRL_C):  # who leaves may have pressed Esc just before
                yield CTRL_C

    def _size(self, text: str) -> int:
        """Return how long the text, key, paste or sequence is that comes first; 0 while its end is still to come."""
        if not text.startswith(ESC):
            return text.find(ESC) if ESC in text else len(text)
        if text.startswith(PASTE):
            return text.find(PASTE_END) + len(PASTE_END) if PASTE_END in text else 0
        at = len(text) - len(text.lstrip(ESC))
        lead = text[at : at + 1]
        if lead in _WHOLE:
            if found := _WHOLE[lead].match(text, at + 1):
                return found.end()
            if _SO_FAR[lead].fullmatch(text, at + 1):
                return 0
        return at + 1 if lead else 0  # Alt and a key, or Esc alone


def escape_s(env: Mapping[str, str]) -> float:
    """Return how long Esc waits for what may follow it: as ESCDELAY says in milliseconds, which slow lines need."""
    told = env.get("ESCDELAY", "")
    return min(int(told), 5000) / 1000 if told.isascii() and told.isdigit() else ESCAPE_S


def attach(input: Input) -> Keyboard:
    """Put a Keyboard before an input's parser, and return it; Windows' input has none, it knows its keys by number."""
    parser = getattr(input, "vt100_parser", None)
    if isinstance(parser, Keyboard):
        return parser
    made = Keyboard(parser)
    if parser:
        input.vt100_parser = made  # type: ignore[attr-defined]
    return made
