"""The terminal that a person types on: whether it shows what is typed, and what was typed before a question stood."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

TYPE_CHECKING = False  # as typing has it, without the time that importing typing takes
if TYPE_CHECKING:
    from typing import Any

QUIET_S = 0.1  # the pieces of a paste follow each other sooner
LONGEST_S = 2.0  # the most time that the rest of a paste is waited for
LOCAL = 3  # where termios has the flags for echo and line editing


class Tty:
    """stdin, where it is a terminal of POSIX. Windows shows only what is read, and has nothing to change."""

    def __init__(self) -> None:
        self._found: list[Any] | None = None  # its settings before we changed them

    def hush(self) -> bool:
        """Show nothing of what is typed until the program ends: between two questions it may be an early paste.

        False where that is not to be had, as on Windows.
        """
        there = _settings()
        if there and self._found is None:
            import atexit

            self._found = there
            atexit.register(_set, there)
            _set(_without(there, "ECHO"))
        return there is not None

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show what is typed, as far as the terminal did before."""
        there = _settings()
        if not (there and self._found):
            yield
            return
        _set(self._found)
        try:
            yield
        finally:
            _set(there)

    def drain(self, wait_s: float = 0.0) -> None:
        """Drop what was typed until now, and what of a paste is still coming; `wait_s` is for the first of it."""
        there = _settings()
        if there is None:
            _drain_windows()
            return
        import termios
        from select import select

        end = time.monotonic() + LONGEST_S
        _set(_without(there, "ICANON"))  # a line without its end counts, too
        try:
            while select([sys.stdin], [], [], wait_s)[0] and time.monotonic() < end:
                termios.tcflush(sys.stdin, termios.TCIFLUSH)
                wait_s = QUIET_S
        finally:
            _set(there)


def more(wait_s: float = QUIET_S) -> bool:
    """Say whether a further line is there, or comes within this time."""
    from select import select

    return _settings() is not None and bool(select([sys.stdin], [], [], wait_s)[0])


def _settings() -> list[Any] | None:
    """Return the terminal's settings, None where there is none to be set."""
    try:
        import termios
    except ImportError:
        return None
    return termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None


def _set(settings: list[Any]) -> None:
    import termios

    termios.tcsetattr(sys.stdin, termios.TCSANOW, settings)


def _without(settings: list[Any], flag: str) -> list[Any]:
    import termios

    return [*settings[:LOCAL], settings[LOCAL] & ~getattr(termios, flag), *settings[LOCAL + 1 :]]


def _drain_windows() -> None:
    try:
        import msvcrt
    except ImportError:
        return
    while msvcrt.kbhit():  # type: ignore[attr-defined]
        msvcrt.getwch()  # type: ignore[attr-defined]
