"""Going back redraws in place: what was answered and said since is gone from the screen, and nothing else is."""

from __future__ import annotations

import time

import pytest
from asked import CTRL_C, ENTER, ESC, Terminal

BEGIN = """
import os, sys
sys.path.insert(0, {root!r})
from ccsetup.access.paste.echo import echo
from ccsetup.core.errors import Cancelled
from ccsetup.core.model import *
from ccsetup.ui.prompt import Prompt
from ccsetup.ui.screen import Screen
screen = Screen(os.environ)
prompt = Prompt(os.environ, echo, screen=screen)
names, notes = {asked}
screen.say(" Above")
with open({out!r}, "w", encoding="utf-8") as out:
    at, again = 0, ""
    try:
        while at < len(names):
            answer = prompt.ask(Asked(names[at], names[at] + "?", "text", notice=again))
            again = ""
            if answer is BACK:
                at = max(at - 1, 0)
                continue
            if names[at] in notes:
                screen.note(notes[names[at]])
            if answer == "refuse":
                again = "Refused."
                continue
            at += 1
    except Cancelled:
        print("CANCELLED", file=out, flush=True)
    screen.say(" Below")
"""


def session(tmp_path, names=("One", "Two", "Three"), notes=(), columns=60, rows=20, **env):
    """Return a child that asks one text after the other, with a note after each."""
    return Terminal(tmp_path, f"{list(names)!r}, {dict(notes)!r}", columns, rows, BEGIN, **env)


def without(screen, text):
    """Wait until a text is gone from the screen and nothing more is drawn."""
    end = time.monotonic() + 10
    while text in "\n".join(screen.lines()) and time.monotonic() < end:
        screen._read(0.05)
    screen._read(0.05)
    assert text not in "\n".join(screen.lines())
    return screen


NOTES = {"One": "First noted.", "Two": "A note that is long enough to be wrapped over two lines of this screen, I say."}


def test_the_answer_and_its_notes_are_gone(tmp_path):
    screen = session(tmp_path, notes=NOTES.items()).until("One?").press("1", ENTER).until("Two?").press("2", ENTER)
    before = screen.until("Three?").lines()
    assert before[:2] == [" Above", "? One?  1"] and "? Two?  2" in before
    without(screen.press(ESC), "? Two?  2").until("? Two?")
    assert screen.lines()[:4] == [" Above", "? One?  1", " · First noted.", "? Two?"] and len(screen.lines()) == 5
    without(screen.press(ESC), "? One?  1").until("? One?")
    assert screen.lines()[:2] == [" Above", "? One?"] and len(screen.lines()) == 3
    screen.press("x", ENTER).until("Two?").press("y", ENTER).until("Three?").press(CTRL_C).answers()
    assert screen.lines() == [" Above", "? One?  x", " · First noted.", "? Two?  y", *before[4:-2], " Below"]


def test_a_refused_answer_is_replaced(tmp_path):
    screen = session(tmp_path).until("One?").press("refuse", ENTER).until("! Refused.")
    assert screen.lines()[:3] == [" Above", "! Refused.", "? One?"]
    screen.press("1", ENTER).until("Two?")
    assert screen.lines()[:3] == [" Above", "? One?  1", "? Two?"]
    screen.press(CTRL_C).answers()


@pytest.mark.slow
@pytest.mark.parametrize("rows", [4, 6, 8])
def test_what_has_scrolled_away_is_left_alone(tmp_path, rows):
    names = [f"N{n}" for n in range(12)]
    screen = session(tmp_path, names, rows=rows)
    for name in names[:-1]:
        screen.until(f"{name}?").press("v", ENTER)
    screen.until("N11?")
    for n in range(10, -1, -1):
        without(screen.press(ESC), f"? N{n}?  v").until(f"? N{n}?")
    assert [line for line in screen.lines() if line.startswith("?")][-1] == "? N0?"
    screen.press(CTRL_C).answers()


@pytest.mark.slow
def test_a_long_answer_takes_its_second_line_with_it(tmp_path):
    screen = session(tmp_path).until("One?").press("v" * 70, ENTER).until("Two?")
    assert len([line for line in screen.lines() if "vvv" in line]) == 1
    without(screen.press(ESC), "vvv").until("? One?")
    assert screen.lines()[0] == " Above" and len(screen.lines()) == 3
    screen.press(CTRL_C).answers()


def test_on_a_dumb_terminal_nothing_is_redrawn(tmp_path):
    screen = session(tmp_path, TERM="dumb").until("One?").press("1\n").until("Two?").press("b\n").until("? One?")
    screen.press(CTRL_C).answers()
    assert b"\x1b[" not in screen.raw
