"""Single keys that you press while the program waits for something else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def pressed() -> Iterator[Callable[[], str]]:
    """Yield a function that returns the next key that was pressed since then, "" if none. It never waits.

    Meanwhile keys aren't shown and need no Enter. Ctrl-C still interrupts. What was typed before is dropped.
    """
    try:
        import termios
    except ImportError:
        yield _on_windows()
        return
    from select import select

    there = sys.stdin.fileno()
    before = termios.tcgetattr(there)
    changed = [*before[:3], before[3] & ~(termios.ICANON | termios.ECHO), *before[4:]]
    termios.tcsetattr(there, termios.TCSAFLUSH, changed)
    try:
        yield lambda: os.read(there, 1).decode("ascii", "ignore") if select([there], [], [], 0)[0] else ""
    finally:
        termios.tcsetattr(there, termios.TCSADRAIN, before)


def _on_windows() -> Callable[[], str]:
    import msvcrt

    def key() -> str:
        return msvcrt.getwch() if msvcrt.kbhit() else ""  # type: ignore[attr-defined]

    while key():
        pass
    return key
