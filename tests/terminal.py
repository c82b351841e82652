"""A person at a real terminal: a child on a pseudo-terminal, its screen kept by pyte, keys pressed when it waits."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect
import pyte
import pytest

ESC, UP, DOWN, ENTER, CTRL_C = "\x1b", "\x1b[A", "\x1b[B", "\r", "\x03"


class Terminal:
    """Runs a program; `wait` for what it shows, `press` keys, `exit_code` when it is over."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, columns: int = 100, rows: int = 45
    ) -> None:
        if os.name == "nt":
            pytest.skip("Windows has no pseudo-terminal that pexpect can use")
        self.child = pexpect.spawn(
            argv[0],
            list(argv[1:]),
            env={"TERM": "xterm-256color", **env},
            cwd=str(cwd),
            dimensions=(rows, columns),
            timeout=30,
            use_poll=os.name == "posix",  # select fails for the numbers of files that a long run reaches
        )
        self.child.delaybeforesend = None
        self.screen = pyte.HistoryScreen(columns, rows, history=2000)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pieces: list[tuple[float, bytes]] = []  # what was shown, and when
        self.plain = env.get("TERM") == "dumb"
        self.shown: list[str] | None = None  # lines() of what was fed: pyte takes long over it

    def read(self, seconds: float = 0.02) -> bool:
        """Take in what the program has written; False when it is over."""
        try:
            piece = self.child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += piece
        self.pieces.append((time.monotonic(), piece))
        self.stream.feed(piece)
        self.shown = None
        if b"\x1b[6n" in piece:  # it asks where the cursor is, as prompt_toolkit does
            self.child.send(f"\x1b[{self.screen.cursor.y + 1};{self.screen.cursor.x + 1}R")
        return True

    def lines(self) -> list[str]:
        """Return everything shown so far that is still there, scrolled lines included."""
        if self.shown is None:
            screen = self.screen
            self.shown = [
                _text(line) for line in (*screen.history.top, *(screen.buffer[y] for y in range(screen.lines)))
            ]
        return self.shown

    def text(self) -> str:
        """Return the lines as one text."""
        return "\n".join(self.lines()).rstrip()

    def flat(self) -> str:
        """Return the shown text with runs of blanks folded, so that wrapped lines can be compared."""
        return " ".join(self.text().split())

    def wait(self, *texts: str, seconds: float = 30) -> None:
        """Read until every text is on screen (wrapped or not)."""
        until = time.monotonic() + seconds
        while not all(text in self.flat() for text in texts):
            alive = self.read()
            if (not alive and not all(text in self.flat() for text in texts)) or time.monotonic() > until:
                raise AssertionError(f"never shown: {[t for t in texts if t not in self.flat()]}\n{self.text()}")

    def ask(self, question: str) -> None:
        """Wait until the question is the last one on screen, and takes keys: the cursor is behind it, not below."""
        import termios

        until = time.monotonic() + 30
        while True:
            asked = [line for line in self.lines() if line.startswith("?")]
            shown = bool(asked) and " ".join(asked[-1].split()).startswith(f"? {question}"[: self.screen.columns])
            raw = not termios.tcgetattr(self.child.child_fd)[3] & termios.ICANON
            if shown and (self.plain or (raw and self.screen.cursor.x > 0)):
                return
            if not self.read() or time.monotonic() > until:
                raise AssertionError(f"never asked: {question}\n{self.text()}")

    def press(self, *keys: str) -> None:
        """Press keys, or type texts; a lone Esc is given the moment that tells it from an arrow."""
        for key in keys:
            self.child.send(key)
            if key == ESC:
                self.read(0.3)

    def answer(self, question: str, *keys: str) -> None:
        """Wait for a question, type, press Enter."""
        self.ask(question)
        self.read(0.05)
        self.press(*keys, ENTER)

    def exit_code(self, seconds: float = 60) -> int:
        """Wait until the program is over; return its exit code."""
        until = time.monotonic() + seconds
        while self.read(0.1):
            if time.monotonic() > until:
                raise AssertionError(f"still running\n{self.text()}")
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else 128 + (self.child.signalstatus or 0))

    def close(self) -> None:
        """End the program, whatever it does."""
        self.child.close(force=True)


def _text(line: Mapping[int, pyte.screens.Char]) -> str:
    """Return a line of pyte's, which holds the cells that were written to; behind a wide character is an empty one."""
    return "".join(line[x].data for x in range(max(line, default=-1) + 1)).rstrip()


def program(name: str = "ccsetup") -> str:
    """Return the path of an installed command beside the Python that runs the tests."""
    import sys

    return str(Path(sys.executable).parent / (name + (".exe" if os.name == "nt" else "")))
