"""Filters what a terminal sends: passes on text, pastes and the keys that a question uses, and ignores the rest.

Terminals also report focus, mouse movements, colors and their version, and send Alt-F as Esc followed by f.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ccsetup.core.lazy_regex import later

if TYPE_CHECKING:
    from prompt_toolkit.input import Input

ESC, CTRL_C = "\x1b", "\x03"
PASTE, PASTE_END = "\x1b[200~", "\x1b[201~"
KEYS = frozenset(
    {f"{ESC}{lead}{letter}" for lead in "[O" for letter in "ABCDHF"}  # arrows, Home, End
    | {f"{ESC}[{number}~" for number in (1, 3, 4, 5, 6, 7, 8)}  # Home, Delete, End, Page Up, Page Down
    | {f"{ESC}[Z"}  # Shift-Tab
)
# How a key is sent if a program left an extended keyboard mode on: CSI code ; modifiers : event u, or CSI 27 ; … ~.
NUMBERED = later(r"\x1b\[(?:27;([0-9]+);([0-9]+)~|([0-9]+)(?:;([0-9]+)(?::([0-9]+))?)?u)")
LOCKS = 64 | 128  # Caps Lock and Num Lock, in the modifiers
SHIFT, CTRL = 1, 4
ESCAPE_S = 0.1  # Esc counts as a key of its own if nothing follows it for this long
PATIENCE_S = 1.0  # an unfinished sequence is dropped after this long

# What follows Esc and each of these letters: the complete sequence, and an unfinished one. CSI has exceptions for the
# Linux console, X10 mouse reports and rxvt. O is SS3; ], P and _ are OSC, DCS and APC, which end in BEL or ST.
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
_NO_TEXT = later("[\x80-\x9f\ud800-\udfff]")  # 8-bit control characters, and bytes that are not UTF-8


class Keyboard:
    """Sits in front of prompt_toolkit's parser and passes on only what a question uses.

    Esc counts as a key if nothing follows it before prompt_toolkit calls `flush`.
    """

    def __init__(self, parser: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._parser, self._clock = parser, clock
        self._held, self._at = "", 0.0  # an unfinished sequence or paste, and when its last part arrived

    def feed(self, data: str) -> None:
        """Take what was read; a sequence may be split over several calls.

        Everything belongs to a paste until its end mark arrives. If the mark was lost, Ctrl-C still cancels.
        """
        is_pasting = self._held.startswith(PASTE)
        now = self._clock()
        if data == CTRL_C or (now - self._at > PATIENCE_S and not is_pasting):
            self._held = ""
        text, self._held, self._at = self._held + data, "", now
        for piece in self._pieces(text if is_pasting else text.replace("\x9b", f"{ESC}[")):
            self._parser.feed(piece)
            if piece == ESC:
                self._parser.flush()  # nothing follows it

    def flush(self) -> None:
        """Pass on Esc if nothing followed it."""
        if self._held and not self._held.strip(ESC):
            self._held = ""
            self._parser.feed(ESC)
        self._parser.flush()

    def forget(self) -> None:
        """Drop an unfinished sequence that was typed before this question."""
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
            elif piece.endswith(CTRL_C):  # Ctrl-C cancels even right after Esc
                yield CTRL_C
            elif key := _numbered(piece):
                yield key

    def _size(self, text: str) -> int:
        """Return the length of the text, key, paste or sequence at the start; 0 if it is unfinished."""
        if not text.startswith(ESC):
            return text.find(ESC) if ESC in text else len(text)
        if text.startswith(PASTE):
            return text.find(PASTE_END) + len(PASTE_END) if PASTE_END in text else 0
        at = len(text) - len(text.lstrip(ESC))
        lead = text[at : at + 1]
        if text.startswith(PASTE, at - 1):
            return at - 1  # Esc, then a paste
        if lead in _WHOLE:
            if found := _WHOLE[lead].match(text, at + 1):
                return found.end()
            if _SO_FAR[lead].fullmatch(text, at + 1):
                return 0
        return at + 1 if lead else 0  # Alt with a key, or Esc so far


def _numbered(sequence: str) -> str:
    """Return the character of a key that is sent as a number, "" for other keys and modifiers, and for a release."""
    found = NUMBERED.fullmatch(sequence)
    if not found:
        return ""
    code, modifiers = int(found[2] or found[3]), (int(found[1] or found[4] or 1) - 1) & ~LOCKS
    if found[5] == "3" or code > 0x10FFFF:
        return ""
    if modifiers == SHIFT and chr(code).islower():
        return chr(code).upper()
    if not modifiers:
        return chr(code) if chr(code).isprintable() or code in (8, 9, 13, 27, 127) else ""
    return chr(code & 31) if modifiers == CTRL and chr(code).isascii() and chr(code).isalpha() else ""


def escape_s(env: Mapping[str, str]) -> float:
    """Return how long to wait after Esc, in seconds. ESCDELAY sets it in milliseconds, for slow connections."""
    told = env.get("ESCDELAY", "")
    return min(int(told), 5000) / 1000 if told.isascii() and told.isdigit() else ESCAPE_S


def attach(input: Input) -> Keyboard:
    """Put a Keyboard in front of an input's parser and return it. Input on Windows has no parser and stays as it is."""
    parser = getattr(input, "vt100_parser", None)
    if isinstance(parser, Keyboard):
        return parser
    made = Keyboard(parser)
    if parser:
        input.vt100_parser = made  # type: ignore[attr-defined]
    return made
