"""Shows one question: questionary's prompts, or for lists an input line of prompt_toolkit, in our own layout.

A notice is above; help, entries or an error below. The key bindings are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from ccsetup.core.echo import Echo, summary
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import BACK, Asked, Choice
from ccsetup.core.redact import shown
from ccsetup.core.text import MASK, cells, cut, cut_words, inert, padded, spell, wrap
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

ROWS = 14  # how many entries of a list are on screen at once
MOVES = {"up": -1, "c-p": -1, "down": 1, "c-n": 1, "pageup": -10, "pagedown": 10, "home": -(10**9), "end": 10**9}
TAKES = ("c-i", "right", "end", "c-e", "c-f", "c-h")  # the keys that take an offered answer into the line
DELETES = ("c-h",)
HINT = 24  # hints aren't cut to fewer columns than this
AT_ONCE_S = 0.02  # what follows Enter sooner is the rest of a paste
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
        self.ask, self.help, self.default = shown(asked.ask), shown(asked.help), inert(asked.default)
        self.pick = (
            Pick(asked.choices, echo, asked.default, asked.free, asked.reads, asked.unmatched)
            if asked.widget == "choose"
            else None
        )
        self.refused = ""
        self.explained = False  # the key `?` was pressed
        self.entered_at = 0.0  # when Enter was pressed last, on time.monotonic's clock; 0.0: never in a line of ours
        self._offered = (self.pick.offered if self.pick else self.default) if asked.widget != "confirm" else ""
        self.app: Application[Any]

    def application(self, input: Any) -> Application[Any]:
        """Return the prompt with our layout and keys."""
        from prompt_toolkit.styles import Style

        widget, typed = self.asked.widget, inert(self.asked.typed)
        common: dict[str, Any] = {
            "message": self._message(),
            "style": Style(STYLE),
            "input": input,
            "output": self.output,
            "color_depth": self.depth,
            "enable_suspend": True,
        }
        line = {**common, "wrap_lines": False, "input_processors": [Dots(self.echo, self._hides)]}
        line["placeholder"] = self._beside
        if self.pick:
            self.pick.narrow(self.asked.typed)
            return self._framed(self._filter_line(self.asked.typed, line))
        import questionary

        if widget == "confirm":
            made = questionary.confirm(default=self.default.lower() not in ("no", "n"), auto_enter=False, **common)
        elif widget == "path":
            made = questionary.path(default=typed, complete_while_typing=False, reserve_space_for_menu=6, **line)
        else:
            made = questionary.text(default=typed, **line)
        return self._framed(made.application)

    def _hides(self, text: str) -> bool:
        """Return whether a typed text is shown as dots only."""
        return self.asked.widget == "secret" and not (self.asked.shows and self.asked.shows(text))

    def _filter_line(self, typed: str, line: dict[str, Any]) -> Application[Any]:
        """Return the input line above a list. The first prompt is a list, so it doesn't have to import questionary."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.document import Document
        from prompt_toolkit.lexers import SimpleLexer

        message = [("class:qmark", "?"), ("class:question", f" {line['message']} ")]
        more = {**line, "message": message, "lexer": SimpleLexer("class:answer")}
        session: PromptSession[Any] = PromptSession(**more)
        session.default_buffer.reset(Document(_in_one_line(typed)))
        return session.app

    def grow(self, choices: Sequence[Choice]) -> None:
        """Add entries to the list. The typed text and the cursor stay."""
        if self.pick:
            self.asked = self.asked._replace(choices=(*self.asked.choices, *choices))
            self.pick.grow(choices)

    def leave(self, shown: str) -> list[str]:
        """Write the line that remains of an answered question, or two lines if it is too long. Returns the lines."""
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
        return "".join(self._spelled(text) for _, text in line).split("\n")

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
        """Return what is dim in the empty line: the offered answer, or the help of a list."""
        if self._offered and not self.pick:
            offered = MASK if self._hides(self._offered) else self.echo(self._offered, mask="")
            return [("class:help", self._spelled(offered))]
        return [("class:help", self._spelled(self.help if self._is_beside() else ""))]

    def _is_beside(self) -> bool:
        return bool(self.pick) and not self.explained and cells(self.ask) + cells(self.help) + 4 <= self._columns

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
        notice = shown(self.asked.notice)
        return self._block("class:notice", f"! {notice}", 0) if notice else []

    def _below(self) -> Fragments:
        if self.app.current_buffer.complete_state:
            return []
        told = self._told()
        return [*told, *self._list(len(told)), *self._footer(len(told))]

    def _told(self) -> Fragments:
        """Return the lines between the answer and the list: why it was refused, the explanation, or the help."""
        if self.refused:
            return self._block("class:refused", f"✗ {self.refused}")
        if self.explained:
            return self._block("", shown(self.asked.about))
        return [] if self._is_beside() else self._block("class:help", self.help)

    def _footer(self, taken: int) -> Fragments:
        """Return the keys in one line, with as many words as fit: first those marked +, left out first those with -."""
        typed, pick = bool(self.app.current_buffer.text), self.pick
        long = pick is not None and len(self.asked.choices) > self._rows(taken)
        clears = self.explained or (pick is not None and typed)
        offers = bool(self._offered) and not typed
        keys = [
            ("↑↓", "choose", "") if pick else None,
            ("y/n", "", "") if self.asked.widget == "confirm" else None,
            ("enter", "accept", ""),
            ("type", "to filter", "-") if long and not typed else None,
            ("tab", "edit", "-") if offers else ("tab", "complete", "-") if self.asked.widget == "path" else None,
            ("esc", "clear" if clears else "back", "+") if clears or self.asked.can_go_back else None,
            ("?", "help", "+") if self.asked.about and not typed else None,
            ("ctrl-c", "quit", "+"),
        ]
        told = [key for key in keys if key]
        counter = [pick.counter()] if pick and long else []
        indent = 4 if pick else 2
        lines = (
            [f"{name} {does}".strip() for name, does, _ in told],
            [f"{name} {does}" if how else name for name, does, how in told],
            [f"{name} {does}" if how == "+" else name for name, does, how in told if how != "-"],
            [name for name, _, how in told if how != "-"],
        )
        fitting = (" · ".join([*counter, *line]) for line in lines)
        line = next((line for line in fitting if cells(line) + indent <= self._columns), " · ".join(lines[-1]))
        return [("class:help", "\n" + " " * indent + self._spelled(cut(line, self._columns - indent)))]

    def _rows(self, taken: int) -> int:
        """Return how many entries fit on the screen beside these lines, the question and the footer."""
        above = len(self._above()) + len(wrap(self.ask, self._columns - 2))
        room = self.output.get_size().rows - above - max(taken, 1) - 3
        return max(1 if self.explained else 3, min(ROWS, room))

    def _block(self, style: str, text: str, indent: int = 2) -> Fragments:
        lines = wrap(text, self._columns - indent) if text else []
        return [(style, "\n" + " " * indent + self._spelled(line)) for line in lines]

    def _list(self, taken: int) -> Fragments:
        """Return the entries that fit under this many lines."""
        if not self.pick:
            return []
        shown = self.pick.window(self._rows(taken))
        room = self._columns - 4
        label, hint = self.pick.widest
        columns = (label, min(label, max(room // 2, 28)))  # if the longest leaves no room for hints, it stands out
        column = next((it for it in columns if room - it - 4 >= min(hint, HINT)), 0)  # 0: no hints
        lines = self._block("class:notice", self.pick.said, 4)
        lines += [part for row in shown for part in self._row(*row, room, column)]
        current = self.pick.current()
        if (
            self.asked.reads and self.pick.typed and current and cells(current.label) > room
        ):  # the full description of the paste
            lines += self._block("class:help", current.label, 4)
        return lines

    def _row(self, entry: Entry, chosen: bool, mark: str, room: int, column: int) -> Fragments:
        label = cut(entry.label, room)
        wide = max(column, cells(label))
        left = room - wide - 4 if column else 0
        hint = cut_words(entry.hint, left) if left >= min(cells(entry.hint), HINT) else ""
        text = padded(label, wide + 4) if hint else label
        style = "class:chosen" if chosen else ""
        parts = [("class:help", f"\n{mark or ' '} "), (style, "❯ " if chosen else "  "), (style, text)]
        parts += [("class:help", hint)]
        return [(style, self._spelled(part)) for style, part in parts]

    def _changed(self, buffer: Buffer) -> None:
        self.explained = False
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
            self.refused = shown(" ".join(filter(None, (bad.what, bad.next))))
            return None
        self.refused = ""
        return answer

    def _keys(self) -> KeyBindings:
        """Return our keys: Esc, and Left on an empty line, go back; Enter accepts; a paste stays in its line.

        In an empty line, `?` explains the question, and Tab and other keys take the offered answer to edit it.
        """
        from prompt_toolkit.filters import Condition
        from prompt_toolkit.key_binding import KeyBindings

        keys = KeyBindings()
        can_go_back = Condition(lambda: self.asked.can_go_back)
        empty = Condition(lambda: not self.app.current_buffer.text)
        offers = empty & Condition(lambda: bool(self._offered))
        keys.add("escape", eager=True)(self._escape)
        keys.add("left", filter=can_go_back & empty)(_back)
        if self.asked.about:
            keys.add("?", filter=empty, eager=True)(self._explain)
        if self.asked.widget != "confirm":
            keys.add("enter", eager=True)(self._enter)
            keys.add("<bracketed-paste>")(_paste)
            for key in TAKES if not self.pick else {"c-i", "right"}:
                keys.add(key, filter=offers, eager=True)(self._edit)
            if not self.pick:
                keys.add("c-u", filter=offers)(self._decline)
        if self.pick:
            for key, by in MOVES.items():
                keys.add(key, eager=True)(partial(self._move, by))
        return keys

    def _escape(self, event: KeyPressEvent) -> None:
        """Hide the explanation, clear the filter, or go back.

        Nothing happens if other keys came together with Esc: then it is Alt with a letter or an unknown sequence.
        """
        if event.key_processor.empty_queue():
            return
        if self.explained:
            self.explained = False
        elif self.pick and event.current_buffer.text:
            event.current_buffer.reset()
            event.current_buffer.on_text_changed.fire()
        elif self.asked.can_go_back:
            _back(event)

    def _explain(self, event: KeyPressEvent) -> None:
        """Show or hide the explanation, unless the key begins a paste that the terminal doesn't mark as one."""
        if event.key_processor.input_queue:
            event.current_buffer.insert_text(event.data)
        else:
            self.explained = not self.explained

    def _edit(self, event: KeyPressEvent) -> None:
        """Take the offered answer into the line, without its last letter if the key deletes."""
        taken, self._offered = self._offered, ""
        if self.pick:
            self.pick.decline()
        event.current_buffer.insert_text(taken[:-1] if event.key_sequence[0].key in DELETES else taken)

    def _decline(self, event: KeyPressEvent) -> None:
        """Drop the offered answer, so that an empty line is an empty answer."""
        self._offered = ""

    def _enter(self, event: KeyPressEvent) -> None:
        buffer, self.entered_at = event.current_buffer, monotonic()
        completing, buffer.complete_state = buffer.complete_state, None
        if completing and completing.current_completion:
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
            answer = None if self.pick else self._settle(_typed(buffer) if buffer.text else self._offered)
        if answer:
            event.app.exit(result=answer)
        elif self.refused and (self.asked.widget == "secret" or self.echo.secrets(_typed(buffer))):
            self._empty(buffer)

    def _goes_on(self, event: KeyPressEvent) -> bool:
        """Return whether Enter ends a line of a paste: some terminals send a paste as if you typed it.

        The rest of it would answer the next questions. Where a paste is expected, its rest may arrive a bit later.
        Nobody types so fast that the next answer comes right behind Enter.
        """
        takes_lines = self.asked.widget == "secret" or self.asked.reads is not None
        if takes_lines and event.current_buffer.text:
            return bool(event.key_processor.input_queue or more())
        if not (takes_lines or self.asked.widget == "choose") and not event.current_buffer.text:
            return False
        return on_terminal() and bool(event.key_processor.input_queue or more(AT_ONCE_S))

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

    `hides` says which texts are dots from their first letter on.
    """

    def __init__(self, echo: Echo, hides: Callable[[str], bool] = lambda text: False) -> None:
        self._echo, self._hides = echo, hides
        self._last = "", ""  # prompt_toolkit asks several times for each drawing

    def apply_transformation(self, line: TransformationInput) -> Transformation:
        """Return the line as it is shown: each letter in its place, or the number of lines with the cursor after it."""
        from prompt_toolkit.formatted_text import fragment_list_to_text
        from prompt_toolkit.layout.processors import Transformation

        text = fragment_list_to_text(line.fragments)
        if much := summary(text.replace(BREAK, "\n")):
            return Transformation([("class:answer", much)], lambda _: len(much), lambda _: len(text))
        if text != self._last[0]:
            self._last = text, "*" * len(text) if self._hides(text) else self._echo(text, mask="")
        shown = self._last[1]
        return Transformation(line.fragments if shown == text else [("class:answer", shown)])
