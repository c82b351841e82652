"""Asks a person one question at a time: questionary behind this door, Esc is back, plain lines on a dumb terminal.

Everything is drawn on stderr, so that stdout stays free for --json; sheet.py draws it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ccsetup.errors import Cancelled
from ccsetup.inert import MASK, inert, spell, veil
from ccsetup.model import BACK, Asked, Back, Later, Secret
from ccsetup.plain import Answered, accepted, conversation
from ccsetup.sheet import Sheet
from ccsetup.waiting import signals_stay_here

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.output import Output

STALE_S = 5.0  # what is typed while no question stands for longer than this is no answer to the next one
PASTE_S = 0.1  # the lines of a paste follow each other sooner


class Prompt:
    """world.Prompt on a terminal; stdin and stderr must be one.

    `on_first_draw` is called once, when the first question is on screen. `note` is told what is to be said about a
    corrected answer.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        on_first_draw: Callable[[], None] | None = None,
        note: Callable[[str], None] | None = None,
        *,
        input: Any = None,
        output: Any = None,
    ) -> None:
        self._env, self._note, self._on_first_draw = env, note, on_first_draw
        self._input, self._output = input, output
        self._asked_last: float | None = None

    def ask(self, asked: Asked) -> str | Secret | Back:
        """Return the parsed answer, or BACK. Raises Cancelled on Ctrl-C and at the end of input."""
        dumb = self._env.get("TERM", "").lower() in ("dumb", "unknown")
        if dumb and asked.later:
            asked = asked._replace(choices=(*asked.choices, *asked.later().choices), later=None)
        try:
            read = self._lines if asked.reads else self._read
            answer = conversation(asked, self._say, read) if dumb else self._ask(asked)
        except (KeyboardInterrupt, EOFError):
            if dumb:
                self._say("")  # what is said next begins on a line of its own
            raise Cancelled from None
        if isinstance(answer, Back):
            return BACK
        if answer.said and self._note:
            self._note(answer.said)
        return answer.value

    def _ask(self, asked: Asked) -> Answered | Back:
        from prompt_toolkit.output import ColorDepth

        sheet = Sheet(asked, self._terminal(), ColorDepth.DEPTH_1_BIT if self._env.get("NO_COLOR") else None)
        app = sheet.application(self._input)
        app.after_render += self._drawn
        if asked.later:
            app.after_render += Beside(sheet, asked.later).begin
        self._quiet()
        answer = self._run(app)
        self._asked_last = time.monotonic()
        if isinstance(answer, bool):
            answer = accepted(asked, "yes" if answer else "no")
        if isinstance(answer, Answered):
            sheet.leave(answer.shown)
        return answer  # type: ignore[no-any-return]

    def _run(self, app: Application[Any]) -> Any:
        from asyncio import CancelledError

        try:
            return app.run()
        except CancelledError:  # Ctrl-C in the moment before the prompt took the keys over
            raise KeyboardInterrupt from None

    def _quiet(self) -> None:
        """Keep what is typed between two questions off the screen: it may be a secret that somebody pastes early."""
        if self._input is not None or not sys.stdin.isatty():
            return
        try:
            import termios
        except ImportError:  # Windows echoes only what is read
            return
        there = termios.tcgetattr(sys.stdin)
        if self._asked_last is None and there[3] & termios.ECHO:
            import atexit

            atexit.register(termios.tcsetattr, sys.stdin, termios.TCSANOW, list(there))
            there[3] &= ~termios.ECHO
            termios.tcsetattr(sys.stdin, termios.TCSANOW, there)
        elif self._asked_last is not None and time.monotonic() - self._asked_last > STALE_S:
            termios.tcflush(sys.stdin, termios.TCIFLUSH)

    def _say(self, text: str) -> None:
        print(spell(text, sys.stderr.encoding), file=sys.stderr)

    def _read(self, before: str, hidden: bool) -> str:
        from getpass import getpass

        print(spell(before, sys.stderr.encoding), end="", file=sys.stderr, flush=True)
        self._drawn()
        typed = getpass("", stream=sys.stderr) + "\n" if hidden else sys.stdin.readline()
        if not typed:
            raise EOFError
        return typed

    def _lines(self, before: str, hidden: bool) -> str:
        """Read a line and, where it is the first of a paste, those that came with it; show it once it is known."""
        with unechoed():
            typed = self._with_more(self._read(before, hidden))
        self._say(f"{len(typed.splitlines())} lines" if "\n" in typed.strip() else veil(inert(typed.strip()), MASK))
        return typed

    def _with_more(self, typed: str) -> str:
        from select import select

        while set(" ={[") & set(typed.strip()) and os.name != "nt" and select([sys.stdin], [], [], PASTE_S)[0]:
            more = sys.stdin.readline()
            if not more:
                break
            typed += more
        return typed

    def _drawn(self, _: object = None) -> None:
        first, self._on_first_draw = self._on_first_draw, None
        if first:
            first()

    def _terminal(self) -> Output:
        from prompt_toolkit.output import create_output

        if self._output is None:
            sys.stderr.flush()
            self._output = create_output(stdout=sys.stderr)
            self._output.enable_cpr = False  # asking where the cursor is would make leaving wait for the reply
        return self._output  # type: ignore[no-any-return]


@contextmanager
def unechoed() -> Iterator[None]:
    """Keep the terminal from showing what is typed: it may be a secret, and nobody knows before it is there."""
    try:
        import termios
    except ImportError:  # Windows echoes only what is read
        yield
        return
    if not sys.stdin.isatty():
        yield
        return
    there = termios.tcgetattr(sys.stdin)
    quiet = [*there[:3], there[3] & ~termios.ECHO, *there[4:]]
    termios.tcsetattr(sys.stdin, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, there)


class Beside:
    """Looks for something while a question is on screen, and shows there what came of it."""

    def __init__(self, sheet: Sheet, look: Callable[[], Later]) -> None:
        self._sheet, self._look, self._begun = sheet, look, False

    def begin(self, app: Application[Any]) -> None:
        """Begin once, when the question has been drawn."""
        if self._begun or app.loop is None:
            return
        self._begun = True
        with signals_stay_here():
            threading.Thread(target=self._work, args=(app.loop, app), daemon=True).start()

    def _work(self, loop: Any, app: Application[Any]) -> None:
        found = self._look()
        if found.choices or found.redraw:
            with suppress(RuntimeError):  # the question has been answered meanwhile
                loop.call_soon_threadsafe(lambda: app.create_background_task(self._show(app, found)))

    async def _show(self, app: Application[Any], found: Later) -> None:
        from prompt_toolkit.application import run_in_terminal

        if not app.is_running or app.is_done:
            return
        if found.redraw:
            await run_in_terminal(found.redraw)
        self._sheet.grow(found.choices)
        app.invalidate()
