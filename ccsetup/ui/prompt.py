"""Asks the user one question at a time, with questionary, or with plain lines on a dumb terminal. Esc goes back.

Everything is drawn on stderr, so that stdout stays free for --json.
"""

from __future__ import annotations

import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ccsetup.core import shells
from ccsetup.core.command_line import with_clipboard
from ccsetup.core.concurrency import signals_stay_here
from ccsetup.core.echo import Echo
from ccsetup.core.errors import Cancelled, Missing
from ccsetup.core.model import BACK, Asked, Back, Later, Secret, Widget
from ccsetup.core.text import spell
from ccsetup.ui import appearance, keyboard
from ccsetup.ui.plain_prompt import Answered, accepted, conversation
from ccsetup.ui.question_view import AT_ONCE_S, Sheet
from ccsetup.ui.tty import QUIET_S, Tty, more, wait_for_input

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.output import Output

    from ccsetup.ui.screen import Screen

STALE_S = 0.3  # after this long, something was loading, and what you typed meanwhile doesn't answer a question


class Prompt:
    """Asks on a terminal. stdin and stderr must both be terminals.

    `on_first_draw` is called once, when the first question is on screen. `note` receives messages about corrected
    answers. `screen` is what the rest of the program writes to: going back redraws there.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        echo: Echo,
        on_first_draw: Callable[[], None] | None = None,
        note: Callable[[str], None] | None = None,
        *,
        screen: Screen | None = None,
        input: Any = None,
        output: Any = None,
    ) -> None:
        self._env, self._echo, self._note, self._on_first_draw = env, echo, note, on_first_draw
        self._page = Page(screen) if screen else None
        self._input, self._output = input, output
        self._tty = Tty()
        self._answered_at = 0.0
        self._before: Widget | None = None  # what was answered last; None if the user went back

    def ask(self, asked: Asked) -> str | Secret | Back:
        """Return the parsed answer, or BACK. Raises Cancelled on Ctrl-C and at the end of input."""
        dumb = appearance.is_plain(self._env)
        try:
            answer = self._converse(asked) if dumb else self._ask(asked)
        except (KeyboardInterrupt, EOFError):
            if dumb:
                self._say("")  # the next output starts on a new line
            raise Cancelled from None
        self._answered_at, self._before = time.monotonic(), None if isinstance(answer, Back) else asked.widget
        if isinstance(answer, Back):
            return BACK
        if answer.said and self._note:
            self._note(answer.said)
        return answer.value

    def _converse(self, asked: Asked) -> Answered | Back:
        """Ask in plain lines."""
        if asked.later:
            asked = asked._replace(choices=(*asked.choices, *asked.later().choices), later=None)
        self._tty.hush()
        if self._is_fresh(asked):
            self._drain()
        read = self._lines if asked.reads or asked.widget == "secret" else self._read
        if asked.widget in ("text", "path") and not asked.reads:
            read = self._whole
        return conversation(asked, self._say, read, self._echo)

    def _ask(self, asked: Asked) -> Answered | Back:
        from prompt_toolkit.input.typeahead import clear_typeahead
        from prompt_toolkit.output import ColorDepth

        if self._page:
            self._page.turn(asked)
        depth = ColorDepth.DEPTH_1_BIT if appearance.wants_colors(self._env) is False else None
        sheet = Sheet(asked, self._terminal(), depth, self._echo)
        app = sheet.application(self._input)
        keys = keyboard.attach(app.input)
        app.ttimeoutlen = keyboard.escape_s(self._env)
        app.after_render += self._drawn
        if asked.later:
            app.after_render += Beside(sheet, asked.later).begin
        if self._input is None:
            self._tty.hush()
            if self._is_fresh(asked):
                self._drain()
                keys.forget()
                clear_typeahead(app.input)
        answer = self._run(app)
        if self._page:
            self._page.answered(sheet.entered_at or time.monotonic())
        if isinstance(answer, bool):
            answer = accepted(asked, "yes" if answer else "no", self._echo)
        lines = sheet.leave(answer.shown) if isinstance(answer, Answered) else []
        if self._page:
            self._page.left(lines)
        return answer  # type: ignore[no-any-return]

    def _is_fresh(self, asked: Asked) -> bool:
        """Return whether to drop what you typed before this question was on screen.

        You can only choose or confirm what you have seen, unless you come back to it. You may type the next text
        ahead, but not while something is loading. After a hidden answer it may be the rest of a pasted secret.
        """
        is_late = time.monotonic() - self._answered_at > STALE_S
        is_new = self._before is not None and asked.widget in ("choose", "confirm")
        return is_late or is_new or self._before == "secret"

    def _drain(self) -> None:
        self._tty.drain(QUIET_S if self._before == "secret" else 0.0)

    def _run(self, app: Application[Any]) -> Any:
        from asyncio import CancelledError

        try:
            return app.run()
        except CancelledError:  # Ctrl-C just before the prompt took over the keys
            raise KeyboardInterrupt from None

    def _say(self, text: str) -> None:
        print(spell(text, sys.stderr.encoding), file=sys.stderr)

    def _read(self, before: str, hidden: bool = False) -> str:
        """Read a line that the terminal shows while you type it."""
        self._show(before)
        with self._tty.showing():
            return _line()

    def _whole(self, before: str, hidden: bool = False) -> str:
        """Read a line that the terminal shows, and the other lines of its paste, if it is one."""
        typed = self._read(before)
        while more(AT_ONCE_S):
            typed += _line()
        return typed

    def _lines(self, before: str, hidden: bool) -> str:
        """Read a line that may hold a secret, and the other lines of its paste; then show what is not secret."""
        self._show(before)
        typed = _line() if self._tty.hush() or not hidden else _hidden()
        while more():
            typed += _line()
        self._say("" if hidden else self._echo.brief(typed.strip()))
        return typed

    def _show(self, before: str) -> None:
        print(spell(before, sys.stderr.encoding), end="", file=sys.stderr, flush=True)
        self._drawn()

    def _drawn(self, _: object = None) -> None:
        first, self._on_first_draw = self._on_first_draw, None
        if first:
            first()

    def _terminal(self) -> Output:
        from prompt_toolkit.output import create_output

        if self._output is None:
            sys.stderr.flush()
            try:
                self._output = create_output(stdout=sys.stderr)
            except Exception as error:
                if type(error).__name__ != "NoConsoleScreenBufferError":  # only there on Windows
                    raise
                raise Missing("This window isn't a console.", next=shells.other_window(self._env)) from None
            self._output.enable_cpr = False  # asking for the cursor position would delay leaving until the reply
        return self._output  # type: ignore[no-any-return]


def _line() -> str:
    """Read a line. Raises EOFError at the end of input."""
    wait_for_input()
    typed = sys.stdin.readline()
    if not typed:
        raise EOFError
    return typed


def _hidden() -> str:
    """Read a hidden line on a terminal that only getpass can hide it on. Raises Missing if it can't."""
    from getpass import GetPassWarning, getpass

    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            return getpass("", stream=sys.stderr) + "\n"
        except GetPassWarning:
            raise Missing(
                "This terminal can't hide your input.",
                next=f"Use another terminal, or pipe the values in: {with_clipboard('ccsetup setup keys --keys -')}",
            ) from None


class Page:
    """The questions on the screen, so that one that is asked again, or that you go back to, is redrawn in place."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._asked: list[tuple[str, str, int, int]] = []  # key, text, and between which marks its answer is
        self._is_back = False

    def turn(self, asked: Asked) -> None:
        """Make room for a question.

        If you went back to it, all that was written since is removed. If it was refused or is asked again, its old
        answer is.
        """
        self._asked = [it for it in self._asked if it[3] <= self._screen.mark()]
        keys = [it[0] if self._is_back else it[:2] for it in self._asked]
        key = asked.key if self._is_back else (asked.key, asked.ask)
        if key in keys:
            at = len(keys) - 1 - keys[::-1].index(key)
            begin, end = self._asked[at][2:]
            if self._is_back or (at == len(keys) - 1 and asked.notice):
                self._screen.rewind(begin)
                del self._asked[at:]
            else:
                self._cut(at, begin, end)
        self._begin, self._now = self._screen.mark(), asked

    def _cut(self, at: int, begin: int, end: int) -> None:
        before = self._screen.mark()
        self._screen.cut(begin, end)
        gone = before - self._screen.mark()
        after = ((key, ask, b - gone, e - gone) for key, ask, b, e in self._asked[at + 1 :])
        self._asked = [*self._asked[:at], *after]

    def answered(self, at: float) -> None:
        """Take note of when the user answered, so that the next spinner counts from then."""
        self._screen.entered(at)

    def left(self, lines: Sequence[str]) -> None:
        """Take note of the lines that remain of the question, none if you went back from it."""
        self._is_back = not lines
        if lines:
            self._screen.wrote(*lines)
            self._asked.append((self._now.key, self._now.ask, self._begin, self._screen.mark()))


class Beside:
    """Runs a lookup while a question is on screen, and shows its result there."""

    def __init__(self, sheet: Sheet, look: Callable[[], Later]) -> None:
        self._sheet, self._look, self._begun = sheet, look, False

    def begin(self, app: Application[Any]) -> None:
        """Start once, when the question has been drawn."""
        if self._begun or app.loop is None:
            return
        self._begun = True
        with signals_stay_here():
            threading.Thread(target=self._work, args=(app.loop, app), daemon=True).start()

    def _work(self, loop: Any, app: Application[Any]) -> None:
        found = self._look()
        if found.choices or found.redraw:
            with suppress(RuntimeError):  # the question has been answered meanwhile
                loop.call_soon_threadsafe(self._show, app, found)

    def _show(self, app: Application[Any], found: Later) -> None:
        """Draw the new heading and entries. prompt_toolkit's run_in_terminal would echo a paste meanwhile."""
        if not app.is_running or app.is_done:
            return
        if found.redraw:
            app.renderer.erase()
            found.redraw()
        self._sheet.grow(found.choices)
        app.invalidate()
