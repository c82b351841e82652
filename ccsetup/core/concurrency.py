"""Runs work in threads so that a deadline or Ctrl-C can end the wait without waiting for the work."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter as ByGroup
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")
GLANCE_S = 0.05  # how often a wait looks for Ctrl-C and for news
_TURN_S = 0.25  # the longest time that one step of waiting counts for
_OWN_S = 0.002  # our own time for each finished piece of work of a crew
_MOST = 256  # the most threads of one crew, even if some of them hang

# Set while the user must not be asked for anything, e.g. when many profiles are tried at once. No sign-in opens then.
alone: ContextVar[bool] = ContextVar("alone", default=False)


class Stop:
    """Passes Ctrl-C, which only the main thread gets, to the threads of a crew and to the programs they wait for."""

    def __init__(self) -> None:
        self._lock, self._is_set = threading.Lock(), False
        self._ends: dict[object, threading.Thread] = {}  # what ends each program

    def set(self) -> None:
        """Interrupt the threads, and end their programs, all at once."""
        with self._lock:
            self._is_set = True
            for thread in self._ends.values():
                thread.start()

    def check(self) -> None:
        """Raise KeyboardInterrupt once it is set."""
        if self._is_set:
            raise KeyboardInterrupt

    @contextmanager
    def ending(self, end: Callable[[], object]) -> Iterator[None]:
        """Have `end` called if it is set meanwhile, and wait for that. Raises KeyboardInterrupt if it is set."""
        thread, key = threading.Thread(target=end, daemon=True), object()
        with self._lock:
            self.check()
            self._ends[key] = thread
        try:
            yield
        finally:
            with self._lock:
                del self._ends[key]
            if thread.ident is not None:
                thread.join()
        self.check()


_stop: ContextVar[Stop | None] = ContextVar("stop", default=None)  # of the crew that this thread belongs to


def interrupted() -> None:
    """Raise KeyboardInterrupt in a thread whose crew was stopped."""
    if stop := _stop.get():
        stop.check()


@contextmanager
def ended_by_ctrl_c(end: Callable[[], object]) -> Iterator[None]:
    """Have `end` called if Ctrl-C comes while a thread of a crew waits in here; then raise KeyboardInterrupt.

    In the main thread, Ctrl-C itself ends the wait.
    """
    stop = _stop.get()
    with stop.ending(end) if stop else nullcontext():
        yield


class _Waited:
    """Measures how long we have waited. Time in which the process was stopped or not scheduled hardly counts."""

    def __init__(self) -> None:
        self._last, self._seconds = time.monotonic(), 0.0

    def seconds(self) -> float:
        """Return the seconds so far. Call it at every step of waiting."""
        now = time.monotonic()
        self._seconds += min(now - self._last, _TURN_S)
        self._last = now
        return self._seconds


def within(seconds: float, *works: Callable[[], T]) -> list[T]:
    """Run all functions at once and return their results. Raises what one of them raised, or TimeoutError.

    Each runs in a daemon thread, so that Ctrl-C works even during a DNS lookup. The threads don't block the signal,
    since programs that they start would inherit the block. Python handles it in the main thread, which is why this
    one wakes up so often.
    """
    done: dict[int, T] = {}
    wrong: list[BaseException] = []

    def run(place: int, work: Callable[[], T]) -> None:
        try:
            done[place] = work()
        except BaseException as error:  # noqa: BLE001 — raised again in the waiting thread
            wrong.append(error)

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    waited = _Waited()
    for thread in threads:
        while thread.is_alive() and waited.seconds() < seconds:
            interrupted()
            thread.join(min(GLANCE_S, seconds))
    if wrong:
        raise wrong[0]
    if len(done) < len(works):
        raise TimeoutError(f"there was no response within {seconds:g} seconds")
    return [done[place] for place in range(len(works))]


class Early(Generic[T]):
    """Runs a function in the background, for a result that will probably be needed. The user isn't asked meanwhile."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work, self._found = work, list[T]()
        self.refused: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="early", daemon=True)
        with signals_stay_here():
            self._thread.start()

    def _run(self) -> None:
        alone.set(True)
        try:
            self._found.append(self._work())
        except Exception as error:  # noqa: BLE001 — whoever needs the result runs it again, and is told why
            self.refused = error

    @property
    def is_there(self) -> bool:
        """Whether the result can be had at once."""
        return bool(self._found)

    def result(self, otherwise: Callable[[], T]) -> T:
        """Wait for the result. If there is none, return that of `otherwise`."""
        while self._thread.is_alive():
            self._thread.join(GLANCE_S)
        return self._found[0] if self._found else otherwise()


class Counter:
    """Counts the groups whose work is done, for example regions, in several threads.

    `counted` is told each time how many are done, and of how many.
    """

    def __init__(self, groups: Iterable[object], counted: Callable[[int, int], None] | None) -> None:
        self._left, self._counted, self._lock = ByGroup(groups), counted, threading.Lock()
        self._all = len(self._left)

    def done(self, group: object) -> None:
        """Count one piece of work of a group."""
        with self._lock:
            self._left[group] -= 1
            if not self._left[group] and self._counted:
                self._counted(sum(1 for left in self._left.values() if not left), self._all)


@contextmanager
def signals_stay_here() -> Iterator[None]:
    """Block Ctrl-C in threads that start in here. If one of them got it, the main thread wouldn't wake up."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Crew:
    """Runs functions a few at a time, each in a daemon thread. A function may add further ones.

    One that takes longer than `patience_s` seconds stops counting, so that another one can start. The user isn't asked
    for anything meanwhile.
    """

    def __init__(self, most: int, patience_s: float = 1.5) -> None:
        self._most, self._patience_s, self._stop = most, patience_s, Stop()
        self._changed = threading.Condition()
        self._left: deque[Callable[[], object]] = deque()
        self._busy: dict[threading.Thread, float] = {}  # with their start times
        self._done = 0
        self._wrong: list[BaseException] = []

    def add(self, work: Callable[[], object]) -> None:
        """Add a function to run."""
        with self._changed:
            self._left.append(work)
            self._changed.notify()

    def finish(self, seconds: float) -> bool:
        """Wait until everything is done. Returns False on a timeout; what hasn't started by then never will.

        Only waiting counts: our own time for each function is added to the timeout when it finishes.
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
                    self._changed.wait(min(GLANCE_S, left))
        finally:
            with self._changed:
                self._left.clear()
        return False

    def stop(self) -> None:
        """Interrupt what runs, as Ctrl-C does, and wait until it has tidied up. What hasn't started never will."""
        with self._changed:
            self._left.clear()
        self._stop.set()
        with self._changed:
            while self._busy:
                self._changed.wait(GLANCE_S)

    def _hire(self, now: float) -> None:
        places = self._most - sum(1 for since in self._busy.values() if now - since < self._patience_s)
        for _ in range(min(len(self._left), places, _MOST - len(self._busy))):
            thread = threading.Thread(target=self._work, daemon=True)
            self._busy[thread] = now
            thread.start()

    def _work(self) -> None:
        alone.set(True)
        _stop.set(self._stop)
        own = threading.current_thread()
        while work := self._next(own):
            try:
                work()
            except BaseException as error:  # noqa: BLE001 — raised again in the waiting thread
                self._wrong.append(error)
            self._done += 1  # losing a count when two threads add at once doesn't matter

    def _next(self, own: threading.Thread) -> Callable[[], object] | None:
        """Return the next function of a thread, None if it should end: nothing is left, or it was replaced."""
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
    """Delay Ctrl-C until a few related steps are done. Raises KeyboardInterrupt then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
