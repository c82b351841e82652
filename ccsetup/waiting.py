"""Waits that can be left: work in threads that a deadline and Ctrl-C leave behind."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
_GLANCE_S = 0.05

# Set where nobody shall be asked for anything, such as while many profiles are tried at once: no sign-in opens there.
alone: ContextVar[bool] = ContextVar("alone", default=False)


def within(seconds: float, *works: Callable[[], T]) -> list[T]:
    """Do all works at once and return what they return. Raises what one of them raised, or TimeoutError.

    Each has a thread that nobody has to wait for, so that Ctrl-C is answered even while a name is looked up. They take
    the signal as any thread does, since a program that one of them starts would inherit its deafness; what Python makes
    of it happens here, which is why this looks up so often.
    """
    done: dict[int, T] = {}
    wrong: list[BaseException] = []

    def run(place: int, work: Callable[[], T]) -> None:
        try:
            done[place] = work()
        except BaseException as error:  # noqa: BLE001 — it is raised again where it is waited for
            wrong.append(error)

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        while thread.is_alive() and time.monotonic() < end:
            thread.join(_GLANCE_S)
    if wrong:
        raise wrong[0]
    if len(done) < len(works):
        raise TimeoutError(f"there was no answer within {seconds:g} seconds")
    return [done[place] for place in range(len(works))]


@contextmanager
def signals_stay_here() -> Iterator[None]:
    """Keep Ctrl-C from threads begun in here: one that took it would leave the main thread asleep in its call."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
