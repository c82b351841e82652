"""Shows output on stderr: checklist, review, problems, progress. Without a terminal, it writes plain lines.

stdout is reserved for the JSON document of --json. rich is imported only for progress; everything else is plain text
with a few colors, so that the first line appears at once.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import zip_longest
from threading import Lock, RLock, Timer
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

from ccsetup.core import redact
from ccsetup.core.concurrency import signals_stay_here
from ccsetup.core.errors import Problem
from ccsetup.core.text import cells, cut, inert, padded, spell, wrap, wrap_step
from ccsetup.ui import appearance

if TYPE_CHECKING:
    from rich.progress import Progress

Update = Callable[[str, float | None], None]

UNCODED = ("input.missing", "input.invalid", "cancelled", "git.failed", "internal")  # the doctor has none of these
NO_BREAK = "\N{NO-BREAK SPACE}"
LABEL = 9  # the width of the first word in a checklist
PROSE = 100  # the maximum width of sentences
MOMENT_S = 0.3  # shorter tasks show no spinner
LEAST_S = 0.1  # nor do these, if they begin some time after Enter
LONG = 500  # a document with a longer list isn't indented, since nobody reads it and indenting takes time
BESIDE = 11  # lines of a review's question, with its choices and the empty lines
HEADER = 3  # lines of a difference that name the file; alone they aren't shown
LIST = 17  # lines of the list below the heading
WHILE_S = 1.0  # and, without a terminal, no line
EVERY_S = 10.0  # the least time between two such lines

BOLD, DIM, RED, GREEN, CYAN = "1", "2", "31", "32", "36"
PAINTS = {"bold": BOLD, "dim": DIM, "red": RED, "green": GREEN, "yellow": "33", "cyan": CYAN}
LINKING = ("VTE_VERSION", "WT_SESSION", "KITTY_WINDOW_ID", "KONSOLE_VERSION", "WEZTERM_PANE", "ITERM_SESSION_ID")


class Screen:
    """Writes to two streams (default: sys.stderr and sys.stdout), which may be terminals, pipes or closed."""

    def __init__(
        self,
        env: Mapping[str, str],
        json: bool = False,
        stderr: TextIO | None = None,
        stdout: TextIO | None = None,
    ) -> None:
        self._env, self._due = env, json
        self._err, self._out = stderr or sys.stderr, stdout or sys.stdout
        self.live = _is_terminal(self._err) and not appearance.is_plain(env)
        self._colours = appearance.has_colors(env, _is_terminal(self._err))
        self._busy: Busy | None = None
        self._entered_at = -math.inf
        self._shown: list[str] = []  # every line since the start
        self._found = 0, 0  # where in it the heading's findings begin and end
        self.lock, self._loading = RLock(), Lock()

    def heading(self, text: str, facts: Sequence[tuple[str, bool | None]] = ()) -> None:
        """Show the wizard's first lines: what ccsetup does, and what it found (good, not good, or neither)."""
        self._write("", f" {self._in(BOLD, 'ccsetup')}  {redact.shown(text)}", "")
        begin = self.mark()
        self._write(*self._found_here(facts))
        self._found = begin, self.mark()
        self._write(*([""] if facts else []))

    def amend(self, facts: Sequence[tuple[str, bool | None]]) -> None:
        """Redraw in place what `heading` found. Does nothing if there is no room for it above a list."""
        begin, end = self._found
        found, rest = self._found_here(facts), self._shown[end:]
        if self.live and self._height([*found, *rest]) + LIST <= self._lines():
            self.rewind(begin)
            self._write(*found, *rest)
            self._found = begin, begin + len(found)

    def mark(self) -> int:
        """Return the place on the screen that the next line is written to, for `rewind`."""
        return len(self._shown)

    def wrote(self, *lines: str) -> None:
        """Take note of lines that something else wrote to the screen."""
        self._shown += lines

    def rewind(self, mark: int) -> None:
        """Remove from the screen what was written since a mark, as far as it hasn't scrolled away."""
        self.cut(mark, self.mark())

    def cut(self, begin: int, end: int) -> None:
        """Remove the lines between two marks from the screen. What follows moves up, unless it fills the screen."""
        rest, room = self._shown[end:], self._lines() - 1
        rows = self._height(self._shown[begin:])
        if not self.live or rows < 1 or room < 1 or self._height(rest) >= room:
            return
        with self.lock, self._busy.hidden() if self._busy else nullcontext():
            del self._shown[begin:end]
            self.put(f"\r\x1b[{min(rows, room)}A\x1b[J" + "".join(f"{line}\n" for line in rest))

    def _height(self, lines: Sequence[str]) -> int:
        """Return how many rows these lines take, since the terminal itself wraps some of them."""
        columns = self._columns(self._err)
        return sum(max(-(-cells(inert(line)) // columns), 1) for line in lines)

    def _found_here(self, facts: Sequence[tuple[str, bool | None]]) -> list[str]:
        marks = {True: " ✓", False: " ✗", None: ""}
        found = "   ".join(f"{redact.shown(fact)}{marks[good]}".replace(" ", NO_BREAK) for fact, good in facts)
        rows = [row.replace(NO_BREAK, " ") for row in self._rows([("This computer", found)])] if facts else []
        return [row.replace("✓", self._in(GREEN, "✓")).replace("✗", self._in(RED, "✗")) for row in rows]

    def say(self, text: str) -> None:
        """Write a plain line. On a narrow terminal it is wrapped with its indentation; a command has its own line."""
        line = redact.shown(text)
        indent = " " * (len(line) - len(line.lstrip(" ")))
        lines = wrap_step(line.lstrip(" "), self._room() - len(indent), split=False)
        self._write(*(f"{indent}{it}" if it else "" for it in lines))

    def note(self, text: str) -> None:
        """Write a dimmed line."""
        first, *rest = wrap_step(redact.shown(text), self._room(PROSE) - 3)
        self._write(*(self._in(DIM, line) for line in (f" · {first}", *(f"   {more}" for more in rest))))

    def done(self, what: str, detail: str = "", aside: str = "") -> None:
        """Write a checklist line with a tick."""
        self._tick(self._in(GREEN, "✓"), what, detail, aside)

    def failed(self, what: str, detail: str = "") -> None:
        """Write a checklist line with a cross."""
        self._tick(self._in(RED, "✗"), what, detail, "")

    def review(self, diffs: Sequence[str], rows: Sequence[tuple[str, str]], fold: bool = False) -> int:
        """Show what will be done, and below it what will be written.

        With `fold`, a difference that doesn't fit on the screen is cut. Returns how many of its lines are hidden.
        """
        told = self._rows(
            [
                (redact.shown(label), _whole(redact.shown(text)) if " · " in text else redact.shown(text))
                for label, text in rows
            ]
        )
        lines: list[str] = []
        for diff in diffs:
            lines += [*(shown for line in diff.splitlines() for shown in self._diff_line(line)), ""]
        room = self._lines() - len(told) - BESIDE
        room = room if room > HEADER else 0
        hidden = len(lines) - room if fold and self.live and len(lines) > room + 1 else 0
        if hidden:
            more = "more lines" if room else "lines of changes"
            lines = [*lines[:room], self._in(DIM, f" … {hidden} {more}"), ""]
        self._write("", *(row.replace(NO_BREAK, " ") for row in told), *([""] if told else []), *lines)
        return hidden

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write dimmed lines in two columns, for example what was recognized in a message."""
        width = max((cells(redact.shown(label)) for label, _ in rows), default=0) + 2
        for label, text in rows:
            first, *more = wrap(redact.shown(text), self._room() - width - 3, split=True)
            lines = [f" · {padded(redact.shown(label), width)}{first}", *(" " * (width + 3) + line for line in more)]
            self._write(*(self._in(DIM, line) for line in lines))

    def problem(self, problem: Problem) -> None:
        """Show what went wrong, why, and what to do next. A message to an administrator includes the reason."""
        room = self._room(PROSE) - 3
        what, *more = wrap(redact.shown(problem.what), room)
        lines = [f" {self._in(RED, '✗')} {self._in(BOLD, what)}", *(f"   {self._in(BOLD, line)}" for line in more)]
        if problem.code not in UNCODED:
            fits = cells((more or [what])[-1]) + 3 + len(problem.code) + 3 <= self._room(PROSE)
            code = self._in(DIM, problem.code)
            lines = [*lines[:-1], f"{lines[-1]}   {code}"] if fits else [*lines, f"   {code}"]
        why = "" if problem.letter else redact.shown(problem.why)
        lines += [f"   {line}" for line in wrap(why, room, split=True) if line]
        step, *steps = problem.next.splitlines() or [""]
        for line in wrap_step(f"Next: {redact.shown(step)}", room) if step else ():
            lines.append(f"   {line}")
        for line in steps:
            lines += [f"   {part}" for part in wrap_step(redact.shown(line), room)]
        self._write(*lines, *self._block("Send this to your administrator", problem.letter))

    def quote(self, title: str, text: str) -> None:
        """Show a message that someone wrote, between two lines."""
        room = self._room(PROSE) - 2
        lines = [f" {line}" for part in text.split("\n") for line in wrap(redact.shown(part), room, split=True)]
        width = min(room, PROSE)
        above = f" ── {cut(title, room - 8)} ".ljust(width, "─")
        self._write("", self._in(DIM, above), *lines, self._in(DIM, f" {'─' * (width - 1)}"))

    def _block(self, title: str, text: str) -> Iterator[str]:
        """Set a text apart so that it can be copied: nothing is next to its lines, and JSON isn't wrapped."""
        if not text:
            return
        width = min(self._room(PROSE), PROSE)
        yield from ("", self._in(DIM, f" ── {title} ".ljust(width - 1, "─")), "")
        for line in text.split("\n"):
            whole = line.startswith((" ", "{", "}"))
            yield from [redact.shown(line)] if whole else wrap(redact.shown(line), self._room())
        yield from ("", self._in(DIM, f" {'─' * (width - 2)}"), "")

    def link(self, text: str, url: str) -> None:
        """Show an address to open, unbroken on its own line, and clickable if the terminal supports it."""
        address = "".join(char for char in inert(url) if char.isascii() and char != " ")
        shown = self._in(CYAN, address)
        if self.live and self._links():
            shown = f"\x1b]8;;{address}\x1b\\{shown}\x1b]8;;\x1b\\"
        self._write(*(f" {line}" for line in wrap(redact.shown(text), self._room() - 1)), f"   {shown}")

    def room(self) -> int | None:
        """Return the width of the terminal that `output` writes to, None if it isn't a terminal."""
        return self._columns(self._out) if _is_terminal(self._out) else None

    def output(self, text: str, secret: bool = False) -> None:
        """Print the result of the command on stdout, one or more lines. Does nothing with --json.

        `secret`: it was asked for credentials, which are masked otherwise.
        """
        if not self._due:
            safe = inert if secret else redact.shown
            self._out.write("\n".join(spell(safe(line), self._out.encoding) for line in text.split("\n")) + "\n")

    def painted(self, rows: Sequence[Sequence[tuple[str, str]]]) -> None:
        """Print lines like `output`, each as parts of (color, text). The color is a key of PAINTS, or ""."""
        if not self._due:
            bright = appearance.has_colors(self._env, _is_terminal(self._out))
            for row in rows:
                parts = [
                    (PAINTS.get(colour, ""), spell(redact.shown(text), self._out.encoding)) for colour, text in row
                ]
                self._out.write("".join(_in(paint, text) if bright else text for paint, text in parts) + "\n")
            self._out.flush()

    def document(self, value: Mapping[str, Any], secret: bool = False) -> None:
        """Print the JSON document of --json on stdout, only the first one. Does nothing without --json.

        `secret`: it was asked for credentials, which are masked otherwise.
        """
        if self._due:
            self._due = False
            import json as json_

            long = any(isinstance(part, list) and len(part) > LONG for part in value.values())
            value = value if secret else _masked(value)
            _put(self._out, json_.dumps({**value}, indent=None if long else 2, default=str) + "\n")

    @contextmanager
    def busy(self, text: str, lasts_s: float | None = None) -> Iterator[Update]:
        """Show that something takes a while. Inside another one, it changes the text of that one meanwhile.

        With `lasts_s`, it counts down the seconds until the wait ends.
        """
        outer = self._busy
        busy = self._busy = outer or Busy(self, text)
        before = busy.text, busy.ends_at
        try:
            busy.ends_at = None if lasts_s is None else time.monotonic() + lasts_s
            busy.update(text, None)
            yield busy.update
        finally:
            self._busy = outer
            if outer:
                outer.ends_at = before[1]
                outer.update(before[0], None)
            else:
                busy.close()

    def entered(self, at: float) -> None:
        """Take note of when the user pressed Enter, on time.monotonic's clock."""
        self._entered_at = at

    def moment(self) -> float:
        """Return after how many seconds a task that begins now shows that it takes a while.

        What begins within a moment of Enter counts from then, since that is when the user began to wait.
        """
        if not self.live:
            return WHILE_S
        since = monotonic() - self._entered_at
        return max(MOMENT_S - since, LEAST_S) if since < MOMENT_S else MOMENT_S

    @contextmanager
    def counting(self, text: str) -> Iterator[Callable[[int, int], None]]:
        """Show that a search takes a while. Yields a function that takes how many regions are done, and of how many."""
        with self.busy(text) as update:
            yield lambda done, all_: update(f"{text}: {done} of {all_} regions", done / all_) if all_ > 1 else None

    @contextmanager
    def side_by_side(self, text: str, names: Sequence[str]) -> Iterator[Lanes]:
        """Show that several things happen at the same time. What is said about each is written in their order."""
        with self.busy(text):
            assert self._busy  # noqa: S101 — begun by the line before
            lanes = Lanes(self, self._busy, names)
            try:
                yield lanes
            finally:
                lanes.write_all()

    def _tick(self, mark: str, what: str, detail: str, aside: str) -> None:
        indent = LABEL + 4
        head = f" {mark} {padded(redact.shown(what), LABEL)} "
        lines = wrap(redact.shown(detail), self._room() - indent, split=True)
        quiet = redact.shown(aside)
        if quiet and lines[-1] and cells(lines[-1]) + cells(quiet) + 5 + indent <= self._room():
            lines[-1] += f"     {self._in(DIM, quiet)}"
        elif quiet:
            lines += [self._in(DIM, line) for line in wrap(quiet, self._room() - indent, split=True)]
        self._write((head + lines[0]).rstrip(), *(" " * indent + line for line in lines[1:]))

    def _rows(self, rows: Sequence[tuple[str, str]]) -> list[str]:
        column = max((cells(label) for label, _ in rows), default=0) + 3
        lines = []
        for label, text in rows:
            first, *rest = wrap(text, self._room() - column - 1, split=True)
            lines += [f" {self._in(BOLD, label)}{' ' * (column - cells(label))}{first}"]
            lines += [" " * (column + 1) + more for more in rest]
        return lines

    def _diff_line(self, line: str) -> Iterator[str]:
        colour = DIM if line.startswith(("---", "+++", "@@")) else {"+": GREEN, "-": RED}.get(line[:1], "")
        first, *rest = wrap(redact.shown(line.expandtabs(4)), self._room() - 5, self._room() - 1, split=True)
        yield f" {self._in(colour, first)}"
        for more in rest:
            yield f"     {self._in(colour, more)}"

    def _in(self, colour: str, text: str) -> str:
        return _in(colour, text) if self._colours else text

    def _room(self, most: int = 10**6) -> int:
        return min(self._columns(self._err), most) if _is_terminal(self._err) else 10**6

    def _lines(self) -> int:
        try:
            return os.get_terminal_size(self._err.fileno()).lines
        except (OSError, ValueError):
            return 0

    def _columns(self, stream: TextIO) -> int:
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):
            columns = 80
        return max(columns or 80, 20)

    def _links(self) -> bool:
        named = self._env.get("TERM_PROGRAM", "") in ("vscode", "WezTerm", "iTerm.app", "ghostty", "Hyper", "tmux")
        return named or any(name in self._env for name in LINKING)

    def _write(self, *lines: str) -> None:
        self._shown += lines
        with self.lock, self._busy.hidden() if self._busy else nullcontext():
            self.put("".join(f"{line}\n" for line in lines))

    def progress(self) -> Progress:
        """Return rich's progress line: a spinner and a text, and a bar if the share is known."""
        with self._loading:  # a second thread that imports it meanwhile could see half of it
            return self._made_progress()

    def _made_progress(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task
        from rich.table import Column
        from rich.text import Text

        class Bar(BarColumn):
            def render(self, task: Task) -> Any:
                return Text() if task.total is None else super().render(task)

        class Dots(SpinnerColumn):
            def render(self, task: Task) -> Any:
                return Text() if task.id else super().render(task)

        class Label(ProgressColumn):
            def render(self, task: Task) -> Any:
                left = _left(task.fields.get("ends_at")), "dim"
                return Text.assemble(task.description, left, no_wrap=True, overflow="ellipsis")

        no_color = not self._colours
        console = Console(file=self._err, force_terminal=True, no_color=no_color, highlight=False, emoji=False)
        dots = self.spelled("⠋") == "⠋"
        return Progress(
            Dots("dots" if dots else "line", style="cyan"),
            Label(table_column=Column(no_wrap=True)),
            Bar(bar_width=24, complete_style="cyan", finished_style="cyan"),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def warm(self) -> None:
        """Import what shows progress, so that it appears at once."""
        if self.live:
            self.progress()

    def spelled(self, text: str) -> str:
        """Return the text in characters that stderr can show."""
        return spell(text, getattr(self._err, "encoding", None))

    def put(self, text: str) -> None:
        """Write to stderr unchanged."""
        _put(self._err, text)


class Busy:
    """Shown while something takes long: a spinner and possibly a bar on a terminal, otherwise a line now and then."""

    def __init__(self, screen: Screen, text: str) -> None:
        self._screen, self.text, self._share = screen, redact.shown(text), -1.0
        self.ends_at: float | None = None  # when the wait ends, on time.monotonic's clock
        self._rows: list[str | None] = []  # below the text; None is free for the next one
        self._progress: Progress | None = None
        self._closed = False
        self._line, self._line_at = "", 0.0  # the last line without a terminal, and when it was written
        self._timer = Timer(screen.moment(), self._begin)
        self._timer.daemon = True
        with signals_stay_here():
            self._timer.start()

    def update(self, text: str, share: float | None) -> None:
        """Change the text ("" keeps it) and the share of the whole (None: unknown)."""
        with self._screen.lock:
            self.text, self._share = redact.shown(text) or self.text, -1.0 if share is None else share
            self._refresh()

    def begin_row(self, text: str) -> int:
        """Show a row below the text, in the place of one that has ended, if any. Return its number."""
        with self._screen.lock:
            number = self._rows.index(None) if None in self._rows else len(self._rows)
            self._rows[number : number + 1] = [redact.shown(text)]
            self._refresh()
            return number

    def change_row(self, number: int, text: str | None) -> None:
        """Change the text of a row; None removes it."""
        with self._screen.lock:
            self._rows[number] = None if text is None else redact.shown(text)
            self._refresh()

    def close(self) -> None:
        """Remove it from the screen."""
        with self._screen.lock:
            self._closed = True
            self._timer.cancel()
            if self._progress:
                self._progress.stop()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Make room for lines that stay."""
        if self._progress:
            self._progress.stop()
        yield
        if self._progress:
            with signals_stay_here():
                self._progress.start()

    def _begin(self) -> None:
        progress = self._screen.progress() if self._screen.live else None
        with self._screen.lock:
            if self._closed:
                return
            if progress is None:
                self._tell()
                return
            self._progress = progress
            progress.add_task("", total=None)
            self._refresh()
            progress.start()

    def _refresh(self) -> None:
        if self._progress:
            task, *rows = self._progress.tasks
            task.total = None if self._share < 0 else 1
            task.fields["ends_at"] = self.ends_at
            self._progress.update(task.id, description=self._screen.spelled(self.text), completed=max(self._share, 0))
            for text, row in zip_longest(self._rows, rows):
                number = row.id if row else self._progress.add_task("", total=None)
                self._progress.update(number, description=self._screen.spelled(text or ""), visible=text is not None)
        elif self._line and monotonic() - self._line_at >= EVERY_S:
            self._tell()

    def _tell(self) -> None:
        """Write the progress as a line, if it has changed."""
        line = f" {self.text} …" if self._share < 0 else f" {self.text} … {self._share:.0%}"
        if line != self._line:
            self._line, self._line_at = line, monotonic()
            self._screen.put(f"{line}\n")


class Lane(Screen):
    """The screen of one of several things that happen at the same time. Its lines are held back."""

    def __init__(self, of: Screen, name: str, show: Callable[[str], None]) -> None:
        super().__init__(of._env, stderr=of._err, stdout=of._out)
        self.held: list[str] = []
        self._name, self._show, self._text = name, show, ""

    def _write(self, *lines: str) -> None:
        self.held += lines

    @contextmanager
    def busy(self, text: str, lasts_s: float | None = None) -> Iterator[Update]:
        """Show on its row what it is busy with."""
        before = self._text
        self._update(text, None)
        try:
            yield self._update
        finally:
            self._update(before, None)

    def _update(self, text: str, share: float | None) -> None:
        self._text = text or self._text
        self._show(f"{self._name}  {self._text.removesuffix(f' {self._name.rstrip()}')}")  # the name is there already


class Lanes:
    """One screen for each of several things that happen at the same time, in threads."""

    def __init__(self, screen: Screen, busy: Busy, names: Sequence[str]) -> None:
        self._screen, self._busy, self._text = screen, busy, busy.text
        width = max(map(cells, names), default=0)
        self._names = [padded(name, width) for name in names]
        self._lanes: dict[int, Lane] = {}
        self._done: set[int] = set()
        self._written = 0

    @contextmanager
    def lane(self, number: int) -> Iterator[Lane]:
        """Yield the screen of one thing while it happens. Its lines are written once those before it are done."""
        row = self._busy.begin_row(self._names[number])
        lane = self._lanes[number] = Lane(self._screen, self._names[number], partial(self._busy.change_row, row))
        try:
            yield lane
        finally:
            self._busy.change_row(row, None)
        with self._screen.lock:
            self._done.add(number)
            self._busy.update(f"{self._text}: {len(self._done)} of {len(self._names)} done", None)
            while self._written in self._done:
                self._write(self._written)
                self._written += 1

    def write_all(self) -> None:
        """Write what is still held back."""
        with self._screen.lock:
            for number in sorted(self._lanes):
                self._write(number)

    def _write(self, number: int) -> None:
        held, self._lanes[number].held = self._lanes[number].held, []
        if held:
            self._screen._write(*held)


def _left(ends_at: float | None) -> str:
    """Return how long a wait still lasts, for example " · 9:42 left", "" if that is unknown."""
    seconds = 0 if ends_at is None else max(round(ends_at - time.monotonic()), 0)
    return "" if ends_at is None else f" · {seconds // 60}:{seconds % 60:02d} left"


def _in(colour: str, text: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and text else text


def _masked(value: Any) -> Any:
    """Return a JSON value without secret access keys."""
    if isinstance(value, str):
        return redact.without_keys(value)
    if isinstance(value, Mapping):
        return {key: _masked(part) for key, part in value.items()}
    return [*map(_masked, value)] if isinstance(value, (list, tuple)) else value


def _whole(text: str) -> str:
    """Return a row of steps with no-break spaces in its short steps, so that it is wrapped between two of them."""
    return " · ".join(step.replace(" ", NO_BREAK) if cells(step) <= 36 else step for step in text.split(" · "))


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


def _put(stream: TextIO | None, text: str) -> None:
    try:
        if stream is not None:
            stream.write(spell(text, stream.encoding))
            stream.flush()
    except BrokenPipeError:  # the reader is gone: discard what Python still has buffered
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]
    except ValueError:  # it is closed
        return
