"""Waits that can be left: work in threads that a deadline and Ctrl-C leave behind."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
_GLANCE_S = 0.05
_TURN_S = 0.25  # what a look around may take at the most where nothing but waiting is done
_OWN_S = 0.002  # of our own work, for each thing that a crew gets done
_MOST = 256  # threads of one crew, however many of them hang

# Set where nobody shall be asked for anything, such as while many profiles are tried at once: no sign-in opens there.
alone: ContextVar[bool] = ContextVar("alone", default=False)


class _Waited:
    """How long has been waited. A process that was stopped, or had no turn, has not: a look around takes its time."""

    def __init__(self) -> None:
        self._last, self._seconds = time.monotonic(), 0.0

    def seconds(self) -> float:
        """Return the seconds so far; to be asked at every look around."""
        now = time.monotonic()
        self._seconds += min(now - self._last, _TURN_S)
        self._last = now
        return self._seconds


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
    waited = _Waited()
    for thread in threads:
        while thread.is_alive() and waited.seconds() < seconds:
            thread.join(min(_GLANCE_S, seconds))
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


class Crew:
    """Does works a few at a time, each in a thread that nobody has to wait for; a work may add further ones.

    One that takes longer than `patience_s` gives its place up, so that those that hang do not hold back the others.
    Nobody is asked for anything meanwhile.
    """

    def __init__(self, most: int, patience_s: float = 1.5) -> None:
        self._most, self._patience_s = most, patience_s
        self._changed = threading.Condition()
        self._left: deque[Callable[[], object]] = deque()
        self._busy: dict[threading.Thread, float] = {}  # and since when
        self._done = 0
        self._wrong: list[BaseException] = []

    def add(self, work: Callable[[], object]) -> None:
        """Have one more work done."""
        with self._changed:
            self._left.append(work)
            self._changed.notify()

    def finish(self, seconds: float) -> bool:
        """Wait until all is done; False when time ran out first, and what was not begun then never is.

        The time is for waiting: what each work costs us is added to it as that is done.
        """
        waited = _Waited()
        try:
            while (left := seconds + self._done * _OWN_S - waited.seconds()) > 0:
                with self._changed:
                    if self._wrong:
                        raise self._wrong[0]
                    if not self._left and not self._busy:
                        return True
                    self._hire(time.monotonic())
                    self._changed.wait(min(_GLANCE_S, left))
        finally:
            with self._changed:
                self._left.clear()
        return False

    def _hire(self, now: float) -> None:
        places = self._most - sum(1 for since in self._busy.values() if now - since < self._patience_s)
        for _ in range(min(len(self._left), places, _MOST - len(self._busy))):
            thread = threading.Thread(target=self._work, daemon=True)
            self._busy[thread] = now
            thread.start()

    def _work(self) -> None:
        alone.set(True)
        own = threading.current_thread()
        while work := self._next(own):
            try:
                work()
            except BaseException as error:  # noqa: BLE001 — it is raised again where it is waited for
                self._wrong.append(error)
            self._done += 1  # one that is lost when two threads count at once is no loss

    def _next(self, own: threading.Thread) -> Callable[[], object] | None:
        """Return what a thread does next; None: it goes, since nothing is left or another one has its place."""
        with self._changed:
            now = time.monotonic()
            if self._left and now - self._busy[own] < self._patience_s:
                self._busy[own] = now
                return self._left.popleft()
            del self._busy[own]
            self._changed.notify()
            return None


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off until a few steps that belong together are done; raises KeyboardInterrupt then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
