"""The terminal you type on: whether it shows what you type, and what you typed before a question was on screen."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ccsetup.core import executables

TYPE_CHECKING = False  # as typing has it, without the time that importing typing takes
if TYPE_CHECKING:
    from typing import Any

QUIET_S = 0.1  # the lines of a paste arrive faster than this
LONGEST_S = 2.0  # how long to wait for the end of a paste
GLANCE_S = 0.2  # how often Python gets the chance to handle a Ctrl-C while it waits for a line
LOCAL = 3  # the index of the flags for echo and line editing in termios' list


class Tty:
    """Controls stdin if it is a POSIX terminal; on Windows, which shows only what is read, it changes nothing."""

    def __init__(self) -> None:
        self._found: list[Any] | None = None  # the settings before we changed them

    def hush(self) -> bool:
        """Hide what you type until the program ends, since it may be a secret that you paste before its question.

        Returns whether the terminal can hide it.
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
        """Show what you type, if the terminal did so before `hush`."""
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
        """Drop what you typed so far, and the rest of a paste that is still arriving. Waits `wait_s` for its start."""
        there = _settings()
        if there is None:
            _drain_windows()
            return
        import termios
        from select import select

        end = time.monotonic() + LONGEST_S
        _set(_without(there, "ICANON"))  # so that an unfinished line counts too
        try:
            while select([sys.stdin], [], [], wait_s)[0] and time.monotonic() < end:
                termios.tcflush(sys.stdin, termios.TCIFLUSH)
                wait_s = QUIET_S
        finally:
            _set(there)


def can_ask() -> bool:
    """Return whether there is a terminal to ask in: stdin and stderr, and on Windows one console for these and stdout.

    Windows calls NUL a terminal too, and prompt_toolkit draws on the console that stdout is.
    """
    if not all(stream and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        return False
    return not executables.WINDOWS or all(map(_is_console, range(3)))


def on_terminal() -> bool:
    """Return whether stdin is a POSIX terminal."""
    return _settings() is not None


def more(wait_s: float = QUIET_S) -> bool:
    """Return whether more input is there or arrives within this time."""
    from select import select

    return _settings() is not None and bool(select([sys.stdin], [], [], wait_s)[0])


def enter_within(seconds: float) -> bool:
    """Wait this long, and return whether you pressed Enter meanwhile. Needs a POSIX terminal."""
    end, pressed = time.monotonic() + seconds, False
    while (left := end - time.monotonic()) > 0:
        if _settings() is not None and more(left):
            pressed = bool(sys.stdin.readline()) or pressed
        else:
            time.sleep(max(end - time.monotonic(), 0))
    return pressed


def wait_for_input() -> None:
    """Wait until a POSIX terminal has a line. Ctrl-C just before a blocking read wouldn't end it, but it ends this."""
    from select import select

    while _settings() is not None and not select([sys.stdin], [], [], GLANCE_S)[0]:
        pass


def _settings() -> list[Any] | None:
    """Return the terminal's settings; None if stdin is not a terminal that has any."""
    try:
        import termios
    except ImportError:
        return None
    return termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None


def _is_console(descriptor: int) -> bool:
    import ctypes
    import msvcrt

    try:
        handle = msvcrt.get_osfhandle(descriptor)  # type: ignore[attr-defined]
    except OSError:
        return False
    kernel32 = ctypes.windll.kernel32  # type: ignore[attr-defined]
    return bool(kernel32.GetConsoleMode(ctypes.c_void_p(handle), ctypes.byref(ctypes.c_ulong())))


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
