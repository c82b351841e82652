"""Records the README's session: `python tests/recording.py` writes examples/session.cast and examples/session.svg.

The real program runs on a pseudo-terminal against the sandbox, typed at a person's pace; the recording is an asciinema
cast, and the picture is drawn from it alone.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any

import pyte
from paths import ROOT

CAST, PICTURE = ROOT / "examples" / "session.cast", ROOT / "examples" / "session.svg"
COLUMNS, ROWS = 100, 30
STILL_S, LAST_S = 0.12, 6.0  # what changes sooner is one picture; how long the last one stays
WIDE, HIGH, EDGE = 8.4, 18, 14  # of a letter, a line, the margin, in pixels

Event = tuple[float, str]
PAPER, INK, RIM, FAINT = "#15181e", "#d8dee6", "#4b5462", "#7d8796"
PASTE = re.compile(r"\x1b\[200~(.*)\x1b\[201~", re.DOTALL)
COLOURS = {
    "default": INK, "black": "#4b5462", "red": "#f07178", "green": "#8fcf7d", "brown": "#e6c07b", "blue": "#74a8f0",
    "magenta": "#c792ea", "cyan": "#62c8d2", "white": INK, "brightblack": "#7d8796",
}  # fmt: skip


def events(cast: str) -> list[Event]:
    """Return what a recording shows, and when, in seconds."""
    return [(at, text) for at, kind, text in map(json.loads, cast.splitlines()[1:]) if kind == "o"]


def pasted(cast: str) -> str:
    """Return the message that is pasted in a recording."""
    typed = "".join(text for _, kind, text in map(json.loads, cast.splitlines()[1:]) if kind == "i")
    found = PASTE.search(typed)
    assert found, "nothing is pasted"
    return found[1]


def screens(cast: str) -> Iterator[tuple[float, pyte.HistoryScreen]]:
    """Yield the screen each time it has come to rest; it is one object, which goes on changing."""
    screen = pyte.HistoryScreen(COLUMNS, ROWS, history=2000)
    stream = pyte.Stream(screen)
    told = events(cast)
    for (at, text), (following, _) in zip(told, [*told[1:], (told[-1][0] + LAST_S, "")], strict=True):
        stream.feed(text)
        if following - at > STILL_S:
            yield at, screen


def _line(cells: Sequence[Any]) -> str:
    """Draw one line of a screen: runs of letters of one look."""
    runs: list[tuple[int, str, str]] = []
    for at, cell in enumerate(cells):
        look = f' fill="{COLOURS.get(cell.fg, f"#{cell.fg}")}"' if cell.fg not in ("default", "white") else ""
        look += ' font-weight="bold"' if cell.bold else ""
        if runs and runs[-1][2] == look:
            runs[-1] = (runs[-1][0], runs[-1][1] + cell.data, look)
        else:
            runs.append((at, cell.data, look))
    return "".join(
        f'<tspan x="{at * WIDE:.1f}" textLength="{len(text.rstrip()) * WIDE:.1f}"{look}>'
        f"{escape(text.rstrip(), quote=False)}</tspan>"
        for at, text, look in runs
        if text.strip()
    )


def _frame(y: int, high: int, wide: int) -> str:
    """Draw a window, with a border that is seen on a dark page."""
    return f'<rect x=".5" y="{y}.5" width="{wide - 1}" height="{high - 1}" rx="8" fill="{PAPER}" stroke="{RIM}"/>'


def picture(cast: str) -> str:
    """Return the recording as an animated SVG: its screens side by side, shown one after the other."""
    lines: dict[str, str] = {}
    frames: list[tuple[float, str]] = []
    for at, screen in screens(cast):
        drawn = ""
        for row in range(ROWS):
            if line := _line([screen.buffer[row][column] for column in range(COLUMNS)]):
                name = lines.setdefault(line, f"l{len(lines)}")
                drawn += f'<use href="#{name}" y="{row * HIGH}"/>'
        if not frames or drawn != frames[-1][1]:
            frames.append((at, drawn))
    message = [*wrap(" ".join(pasted(cast).split()), COLUMNS - 4, break_on_hyphens=False)]
    top = (len(message) + 2) * HIGH + EDGE
    wide, high = round(COLUMNS * WIDE) + 2 * EDGE, ROWS * HIGH + 2 * EDGE
    total, last = frames[-1][0] + LAST_S, -(len(frames) - 1) * wide
    keys = "".join(f"{at / total:.3%}{{transform:translateX({-n * wide}px)}}" for n, (at, _) in enumerate(frames))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {top + high}" font-size="14"'
            f' font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" fill="{INK}">',
            f"<style>text{{white-space:pre}}@keyframes k{{0%{{transform:none}}{keys}"
            f"to{{transform:translateX({last}px)}}}}"
            f"#film{{animation:k {total:.1f}s step-end infinite}}"
            f"@media (prefers-reduced-motion:reduce){{#film{{animation:none;transform:translateX({last}px)}}}}</style>",
            _frame(0, top - EDGE // 2, wide),
            f'<text x="{EDGE}" y="{EDGE + 10}" fill="{FAINT}">A colleague wrote to Maria, who pastes it:</text>',
            *(
                f'<text x="{EDGE}" y="{EDGE + 10 + HIGH * n}">{escape(line, quote=False)}</text>'
                for n, line in enumerate(message, 1)
            ),
            _frame(top, high, wide),
            "<defs>",
            *(f'<text id="{name}" y="14" xml:space="preserve">{line}</text>' for line, name in lines.items()),
            "</defs>",
            f'<svg y="{top}" width="{wide}" height="{high}"><g id="film">',
            *(f'<g transform="translate({n * wide + EDGE} {EDGE})">{it}</g>' for n, (_, it) in enumerate(frames)),
            "</g></svg></svg>\n",
        ]
    )


def recorded(pieces: Sequence[tuple[float, bytes]], pastes: Sequence[tuple[float, str]] = ()) -> str:
    """Return an asciinema cast (version 2) of what a terminal showed, and of what was pasted into it."""
    text = b"".join(piece for _, piece in pieces).decode()
    head = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "ccsetup: from a colleague's message to a clone"}
    done, began = 0, pieces[0][0]
    told: list[tuple[float, str, str]] = [(round(at - began, 3), "i", paste) for at, paste in pastes]
    for at, piece in pieces:
        part = text[done : done + len(piece.decode(errors="ignore"))]
        done += len(part)
        told.append((round(at - began, 3), "o", part))
    lines = [json.dumps(event, ensure_ascii=False) for event in sorted(told, key=lambda it: it[0])]
    return "\n".join([json.dumps(head), *lines]) + "\n"


def _publicly(pieces: Sequence[tuple[float, bytes]]) -> list[tuple[float, bytes]]:
    """Give the sign-in page the address that it has at AWS."""
    page = rb"https?://127\.0\.0\.1:\d+/(\w+/)*(device)?"
    return [(at, re.sub(page, b"https://device.sso.us-east-1.amazonaws.com/", piece)) for at, piece in pieces]


def _record() -> str:
    from conftest import stripped
    from messages import MARIA
    from terminal import ENTER, Terminal, program

    from ccsetup.sandbox import Sandbox

    with tempfile.TemporaryDirectory() as folder, Sandbox.start(Path(folder) / "aws") as sandbox:
        sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 2
        work = Path(folder) / "home"
        work.mkdir()
        env = {**stripped(os.environ), **sandbox.environment(), "HOME": str(work), "SSH_CONNECTION": "1",
               "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC",
               "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip
        terminal = Terminal([program()], env, work, COLUMNS, ROWS)
        terminal.pieces = [(time.monotonic(), b"$ ccsetup\r\n")]
        steps = [("What were you given?", f"\x1b[200~{MARIA}\x1b[201~"), ("What were you given?", ""),
                 ("Your name", "Maria Garcia"), ("Your email", "maria@acme.example"),
                 ("Write these changes?", "")]  # fmt: skip
        pastes: list[tuple[float, str]] = []
        for question, typed in steps:
            terminal.ask(question)
            _pause(terminal, 2.5 if question == "Write these changes?" else 1.2)
            if typed.startswith("\x1b"):
                pastes.append((time.monotonic(), typed))
            for key in [typed] if typed.startswith("\x1b") else typed:
                terminal.press(key)
                _pause(terminal, 0.07)
            if not typed.startswith("\x1b"):
                terminal.press(ENTER)
        if terminal.exit_code() != 0:
            raise SystemExit(terminal.text())
        return recorded(_publicly(terminal.pieces), pastes)


def _pause(terminal: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        terminal.read(0.02)


if __name__ == "__main__":
    CAST.write_text(_record(), encoding="utf-8")
    PICTURE.write_text(picture(CAST.read_text(encoding="utf-8")), encoding="utf-8")
