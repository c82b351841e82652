"""Shows one question: questionary's prompts, or for lists an input line of prompt_toolkit, in our own layout.

A notice is above; help, entries or an error below. The key bindings are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ccsetup.core.echo import Echo, summary
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import BACK, Asked, Choice
from ccsetup.core.text import cells, cut, inert, padded, spell, wrap
from ccsetup.ui.bindings import unused
from ccsetup.ui.filter_list import ALL, Entry, Pick
from ccsetup.ui.plain_prompt import Answered, accepted
from ccsetup.ui.tty import more, on_terminal

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.formatted_text import StyleAndTextTuples as Fragments
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.key_binding.key_processor import KeyPressEvent
    from prompt_toolkit.layout import ConditionalContainer
    from prompt_toolkit.layout.processors import Transformation, TransformationInput
    from prompt_toolkit.output import ColorDepth, Output

ROWS = 12  # how many entries of a list are on screen at once
MOVES = {"up": -1, "c-p": -1, "down": 1, "c-n": 1, "pageup": -10, "pagedown": 10, "home": -(10**9), "end": 10**9}
HINT = 24  # a hint isn't cut to fewer columns than this
BREAK = "⏎"  # stands for the line breaks of a paste in the buffer's single line
STYLE = [
    ("qmark", "fg:ansicyan"),
    ("question", "bold"),
    ("answer", "fg:ansicyan nobold"),
    ("help", "fg:#888888"),
    ("instruction", "fg:#888888"),
    ("notice", "fg:ansiyellow"),
    ("refused", "fg:ansired"),
    ("chosen", "fg:ansicyan"),
    ("nbsp", "nounderline fg:#888888"),
    ("completion-menu", "bg:default fg:#888888"),
    ("completion-menu.completion.current", "noreverse bg:default fg:ansicyan"),
]


class Sheet:
    """One question on the screen: what is above and below its line, its keys, and the typed text."""

    def __init__(self, asked: Asked, output: Output, depth: ColorDepth | None, echo: Echo) -> None:
        self.asked, self.output, self.depth, self.echo = asked, output, depth, echo
        self.ask, self.help, self.default = inert(asked.ask), inert(asked.help), inert(asked.default)
        self.pick = (
            Pick(asked.choices, echo, asked.default, asked.free, asked.reads, asked.unmatched)
            if asked.widget == "choose"
            else None
        )
        self.refused = ""
        self.app: Application[Any]

    def application(self, input: Any) -> Application[Any]:
        """Return the prompt with our layout and keys."""
        from prompt_toolkit.styles import Style

        widget, default = self.asked.widget, self.default
        common: dict[str, Any] = {
            "message": self._message(),
            "style": Style(STYLE),
            "input": input,
            "output": self.output,
            "color_depth": self.depth,
            "enable_suspend": True,
        }
        line = {**common, "wrap_lines": False, "input_processors": [Dots(self.echo, hidden=widget == "secret")]}
        if self.pick:
            return self._framed(self._filter_line(self.pick.typed, line))
        import questionary

        if widget == "confirm":
            made = questionary.confirm(default=default.lower() not in ("no", "n"), auto_enter=False, **common)
        elif widget == "secret":
            made = questionary.password(default=default, **line)
        elif widget == "path":
            made = questionary.path(default=default, complete_while_typing=False, reserve_space_for_menu=6, **line)
        else:
            made = questionary.text(default=default, **line)
        return self._framed(made.application)

    def _filter_line(self, typed: str, line: dict[str, Any]) -> Application[Any]:
        """Return the input line above a list. The first prompt is a list, so it doesn't have to import questionary."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.document import Document
        from prompt_toolkit.lexers import SimpleLexer

        message = [("class:qmark", "?"), ("class:question", f" {line['message']} ")]
        more = {**line, "message": message, "placeholder": self._beside, "lexer": SimpleLexer("class:answer")}
        session: PromptSession[Any] = PromptSession(**more)
        session.default_buffer.reset(Document(_in_one_line(typed)))
        return session.app

    def grow(self, choices: Sequence[Choice]) -> None:
        """Add entries to the list. The typed text and the cursor stay."""
        if self.pick:
            self.asked = self.asked._replace(choices=(*self.asked.choices, *choices))
            self.pick.grow(choices)

    def leave(self, shown: str) -> None:
        """Write the line that remains of an answered question, or two lines if it is too long."""
        from prompt_toolkit import print_formatted_text
        from prompt_toolkit.formatted_text import FormattedText
        from prompt_toolkit.styles import Style

        room = self._columns - cells(self.ask) - 4
        apart, room = ("  ", room) if room >= min(cells(shown), 40) else ("\n  ", self._columns - 2)
        line = [("class:qmark", "? "), ("class:question", cut(self.ask, self._columns - 2))]
        line += [("", apart), ("class:answer", cut(shown, room))]
        print_formatted_text(
            FormattedText([(style, self._spelled(text)) for style, text in line]),
            style=Style(STYLE),
            output=self.output,
            color_depth=self.depth,
            include_default_pygments_style=False,
        )

    @property
    def _columns(self) -> int:
        return max(self.output.get_size().columns - 1, 20)

    def _spelled(self, text: str) -> str:
        return spell(text, self.output.encoding())

    def _message(self) -> str:
        lines = wrap(self.ask, self._columns - 2)
        crowded = self.asked.widget != "confirm" and cells(lines[-1]) > max(self._columns - 24, 16)
        return self._spelled("\n  ".join(lines) + ("\n " if crowded else " "))

    def _beside(self) -> Fragments:
        return [("class:help", self._spelled(self.help if self._is_beside() else ""))]

    def _is_beside(self) -> bool:
        return cells(self.ask) + cells(self.help) + 4 <= self._columns

    def _framed(self, app: Application[Any]) -> Application[Any]:
        from prompt_toolkit.filters import to_filter
        from prompt_toolkit.key_binding import merge_key_bindings
        from prompt_toolkit.layout import HSplit, Layout

        self.app, line = app, app.layout.current_window
        line.dont_extend_height = to_filter(True)
        if app.layout.current_buffer:
            app.layout.current_buffer.on_text_changed += self._changed
        parts = [_lines(self._above), app.layout.container, _lines(self._below)]
        app.layout = Layout(HSplit(parts), line)
        theirs = [app.key_bindings] if app.key_bindings else []
        app.key_bindings = merge_key_bindings([*theirs, unused(self.asked.widget), self._keys()])
        app.erase_when_done = True
        return app

    def _above(self) -> Fragments:
        notice = inert(self.asked.notice)
        return self._block("class:notice", f"! {notice}", 0) if notice else []

    def _below(self) -> Fragments:
        back = "esc:\N{NO-BREAK SPACE}back" if self.asked.can_go_back else ""
        if self.app.current_buffer.complete_state:
            return []
        if self.refused:
            return [*self._block("class:refused", f"✗ {self.refused}"), *self._list(back)]
        if self.pick:
            return [*([] if self._is_beside() else self._block("class:help", self.help)), *self._list(back)]
        return self._block("class:help", "   ".join(filter(None, (self.help, back))))

    def _block(self, style: str, text: str, indent: int = 2) -> Fragments:
        lines = wrap(text, self._columns - indent) if text else []
        return [(style, "\n" + " " * indent + self._spelled(line)) for line in lines]

    def _list(self, back: str) -> Fragments:
        if not self.pick:
            return []
        rows = max(3, min(ROWS, self.output.get_size().rows - 6))
        shown = self.pick.window(rows)
        room = self._columns - 4
        column = min(self.pick.widest, max(room * 2 // 5, 28))
        lines = self._block("class:notice", self.pick.said, 4)
        lines += [part for entry, chosen in shown for part in self._row(entry, chosen, room, column)]
        current = self.pick.current()
        if (
            self.asked.reads and self.pick.typed and current and cells(current.label) > room
        ):  # the full description of the paste
            lines += self._block("class:help", current.label, 4)
        long = len(self.asked.choices) > rows
        counter = self.pick.counter() if long else ""
        hint = "type to filter" if long and not self.pick.typed else ""
        return [*lines, *self._block("class:help", "   ".join(filter(None, (counter, hint, back))), 4)]

    def _row(self, entry: Entry, chosen: bool, room: int, column: int) -> Fragments:
        label = cut(entry.label, room)
        left = room - max(column, cells(label)) - 4
        hint = cut(entry.hint, left) if left >= min(cells(entry.hint), HINT) else ""
        text = padded(label, column + 4) + ("" if column >= cells(label) else "    ") if hint else label
        style = "class:chosen" if chosen else ""
        parts = [(style, "\n  ❯ " if chosen else "\n    "), (style, text), ("class:help", hint)]
        return [(style, self._spelled(part)) for style, part in parts]

    def _changed(self, buffer: Buffer) -> None:
        if self.pick:
            self.pick.narrow(_typed(buffer))
            self.refused = ""
        elif self.refused:
            self._settle(_typed(buffer))

    def _settle(self, typed: str, label: str = "") -> Answered | None:
        """Return the answer, or show the error below the line and return None."""
        try:
            answer = accepted(self.asked, typed, self.echo, label)
        except BadAnswer as bad:
            self.refused = inert(" ".join(filter(None, (bad.what, bad.next))))
            return None
        self.refused = ""
        return answer

    def _keys(self) -> KeyBindings:
        """Return our keys: Esc, and Left on an empty line, go back; Enter accepts; a paste stays in its line."""
        from prompt_toolkit.filters import Condition
        from prompt_toolkit.key_binding import KeyBindings

        keys = KeyBindings()
        can_go_back = Condition(lambda: self.asked.can_go_back)
        empty = Condition(lambda: not self.app.current_buffer.text)
        keys.add("escape", eager=True)(self._escape)
        keys.add("left", filter=can_go_back & empty)(_back)
        if self.asked.widget != "confirm":
            keys.add("enter", eager=True)(self._enter)
            keys.add("<bracketed-paste>")(_paste)
        if self.pick:
            for key, by in MOVES.items():
                keys.add(key, eager=True)(partial(self._move, by))
        return keys

    def _escape(self, event: KeyPressEvent) -> None:
        """Go back, unless other keys came together with Esc: then it is Alt with a letter or an unknown sequence."""
        if not event.key_processor.empty_queue() and self.asked.can_go_back:
            _back(event)

    def _enter(self, event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state:
            buffer.complete_state = None
            return
        if self._goes_on(event):
            buffer.insert_text(BREAK if buffer.text else "")
            return
        entry = self.pick.current() if self.pick else None
        if entry and entry.choice is ALL:
            self.refused = ""
            self._empty(buffer)
            return
        if entry:
            answer = self._settle(entry.choice.value, entry.label if entry.own else "")
        else:
            answer = None if self.pick else self._settle(_typed(buffer))
        if answer:
            event.app.exit(result=answer)
        elif self.refused and (self.asked.widget == "secret" or self.echo.secrets(_typed(buffer))):
            self._empty(buffer)

    def _goes_on(self, event: KeyPressEvent) -> bool:
        """Return whether Enter ends a line of a paste: some terminals send a paste as if you typed it.

        The rest of it would answer the next questions. Where a paste is expected, its rest may arrive a bit later. A
        text that comes right behind the answer of a text question is the next answer, typed ahead.
        """
        takes_lines = self.asked.widget == "secret" or self.asked.reads is not None
        if takes_lines and event.current_buffer.text:
            return bool(event.key_processor.input_queue or more())
        is_list = takes_lines or self.asked.widget == "choose"
        return is_list and on_terminal() and bool(event.key_processor.input_queue or more(0.0))

    def _empty(self, buffer: Buffer) -> None:
        """Drop a refused text that contains a secret, since you can't see it to correct it. The error stays."""
        refused = self.refused
        buffer.reset()
        buffer.on_text_changed.fire()
        self.refused = refused

    def _move(self, by: int, event: KeyPressEvent) -> None:
        if self.pick:
            self.pick.move(by)
            self.refused = ""


def _back(event: KeyPressEvent) -> None:
    event.app.exit(result=BACK)


def _paste(event: KeyPressEvent) -> None:
    event.current_buffer.insert_text(_in_one_line(event.data))


def _in_one_line(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    return BREAK.join(map(inert, lines))


def _typed(buffer: Buffer) -> str:
    return buffer.text.replace(BREAK, "\n").strip()


def _lines(text: Callable[[], Fragments]) -> ConditionalContainer:
    """Return a window that is as high as its text and hidden without text."""
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.layout import ConditionalContainer, FormattedTextControl, Window

    def lines() -> Fragments:
        first, *rest = text()
        return [(first[0], first[1].lstrip("\n")), *rest]

    window = Window(FormattedTextControl(lines), dont_extend_height=True, wrap_lines=True)
    return ConditionalContainer(window, Condition(lambda: bool(text())))


class Dots:
    """Shows what you type or paste with dots for the secrets in it, or only the number of lines.

    `hidden` says that the text is already dots.
    """

    def __init__(self, echo: Echo, hidden: bool = False) -> None:
        self._echo, self._hidden = echo, hidden
        self._last = "", ""  # prompt_toolkit asks several times for each drawing

    def apply_transformation(self, line: TransformationInput) -> Transformation:
        """Return the line as it is shown: each letter in its place, or the number of lines with the cursor after it."""
        from prompt_toolkit.formatted_text import fragment_list_to_text
        from prompt_toolkit.layout.processors import Transformation

        text = fragment_list_to_text(line.fragments)
        if much := summary(text.replace(BREAK, "\n")):
            return Transformation([("class:answer", much)], lambda _: len(much), lambda _: len(text))
        if text != self._last[0]:
            self._last = text, text if self._hidden else self._echo(text, mask="")
        shown = self._last[1]
        return Transformation(line.fragments if shown == text else [("class:answer", shown)])
