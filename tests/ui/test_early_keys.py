"""Keys that are typed before their question is on screen: those for a choice or while something loads are dropped."""

import threading
import time

import pytest
from asked import CTRL_C, DOWN, ENTER, ESC, Terminal
from conftest import CleanEnv
from script import tree
from terminal import Terminal as Person
from terminal import program

pytestmark = pytest.mark.slow

NAME, KEY = 'Asked("name", "Name?", "text")', 'Asked("key", "Key?", "secret")'
LIST, SURE = 'Asked("x", "Which?", "choose", choices=many[:3])', 'Asked("x", "Which?", "confirm")'
FREE = 'Asked("b", "Branch?", "choose", choices=many[:3], free=True)'
TEXT, HIDDEN = 'Asked("x", "Which?", "text", optional=True)', 'Asked("x", "Which?", "secret", optional=True)'
EVERY = pytest.mark.parametrize("asked", [LIST, SURE, TEXT, HIDDEN], ids=["list", "confirm", "text", "secret"])
KINDS = pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
LINE = {"xterm-256color": "\r", "dumb": "\n"}


def still_asked(terminal, seconds=0.5):
    """Say whether the question stays on screen with nothing answered."""
    terminal._read(seconds)
    return terminal.child.isalive() and len(terminal.out.read_text().splitlines()) == 1


@EVERY
@KINDS
def test_keys_that_are_typed_while_something_loads_answer_nothing(tmp_path, asked, term):
    terminal = Terminal(tmp_path, f"{NAME}, 1.0, {asked}", TERM=term).until("Name?")
    terminal.press("maria", LINE[term]).until("loading")
    terminal.press(LINE[term] * 3, "y" + LINE[term], "half a line").until("Which?")
    assert still_asked(terminal)
    assert b"half a line" not in terminal.raw
    terminal.press(CTRL_C)
    assert terminal.answers() == ["'maria'", "CANCELLED"]


@pytest.mark.parametrize("asked", [LIST, SURE], ids=["list", "confirm"])
@KINDS
def test_enter_pressed_several_times_makes_no_choice_on_the_next_screen(tmp_path, asked, term):
    terminal = Terminal(tmp_path, f"{NAME}, {asked}", TERM=term).until("Name?")
    terminal.press("maria" + LINE[term] * 4).until("Which?")
    assert still_asked(terminal)
    terminal.press(CTRL_C)
    assert terminal.answers() == ["'maria'", "CANCELLED"]


@pytest.mark.parametrize("asked", [LIST, SURE], ids=["list", "confirm"])
@KINDS
def test_keys_from_before_the_first_question_make_no_choice(tmp_path, asked, term):
    terminal = Terminal(tmp_path, f"0.3, {asked}", TERM=term)
    terminal.press(LINE[term], LINE[term]).until("Which?")
    terminal._read(0.5)
    assert terminal.out.read_text() == ""
    terminal.press(CTRL_C)
    assert terminal.answers() == ["CANCELLED"]


def test_a_choice_that_was_seen_is_made_after_the_early_keys_are_gone(tmp_path):
    terminal = Terminal(tmp_path, f"{NAME}, 0.5, {LIST}").until("Name?").press("maria", ENTER).until("loading")
    assert terminal.press(ENTER, ENTER).until("Which?").press(DOWN, ENTER).answers() == ["'maria'", "'id-1'"]


def test_esc_that_was_pressed_while_something_loads_does_not_go_back(tmp_path):
    terminal = Terminal(tmp_path, f"{NAME}, 0.5, {TEXT}").until("Name?").press("maria", ENTER).until("loading")
    terminal.press(ESC, "\x1b[").until("Which?")
    assert still_asked(terminal)
    assert terminal.press("A", ENTER).answers() == ["'maria'", "'A'"]


@KINDS
def test_the_next_text_may_be_typed_ahead(tmp_path, term):
    terminal = Terminal(tmp_path, f"{NAME}, {NAME}", TERM=term).until("Name?")
    terminal.press(f"one{LINE[term]}")
    time.sleep(0.1)
    assert terminal.press(f"two{LINE[term]}").answers() == ["'one'", "'two'"]


@pytest.mark.parametrize("asked", [NAME, NAME.replace('"text"', '"path"')], ids=["text", "path"])
@KINDS
def test_a_paste_without_marks_answers_one_text_and_not_the_next_question(tmp_path, term, asked):
    terminal = Terminal(tmp_path, f"{asked}, {NAME}", TERM=term).until("Name?")
    terminal.press(f"one{LINE[term]}two{LINE[term]}{LINE[term]}")
    time.sleep(0.3)
    assert terminal.press(f"maria{LINE[term]}").answers() == ["'one\\ntwo'", "'maria'"]


def test_a_paste_that_is_no_answer_is_refused_whole(tmp_path):
    asked = 'Asked("a", "Account?", "text", parse=twelve)'
    terminal = Terminal(tmp_path, f"{asked}, {NAME}", TERM="linux").until("Account?")
    terminal.press("111122223333\rDeveloper\r").until("An account ID has 12 digits")
    assert terminal.lines()[0] == "? Account?  2 lines"
    assert terminal.press("\x15111122223333\r").until("Name?").press("maria\r").answers() == [
        "'111122223333'",
        "'maria'",
    ]


@pytest.mark.parametrize("before", ["", "\r", "\r\r"], ids=["at once", "after a blank line", "after two"])
def test_a_paste_without_marks_answers_one_list_and_not_the_next_question(tmp_path, before):
    terminal = Terminal(tmp_path, f"{FREE}, {NAME}", TERM="linux").until("Branch?")
    terminal.press(f"{before}feature\rmain\rother").until("3 lines")
    terminal.press("\r").until("Name?")
    terminal.press("maria\r")
    assert terminal.answers() == ["'feature\\nmain\\nother'", "'maria'"]


@KINDS
def test_a_paste_that_comes_while_a_choice_is_drawn_is_dropped_to_its_end(tmp_path, term):
    terminal = Terminal(tmp_path, f"{NAME}, 0.5, {LIST}", TERM=term).until("Name?")
    terminal.press("maria", LINE[term]).until("loading")
    pasting = threading.Thread(target=lambda: [(terminal.child.send(f"line{LINE[term]}")) for _ in range(16)])
    pasting.start()  # a line every 50 ms, until the question would long be there
    terminal.until("Which?")
    pasting.join()
    assert still_asked(terminal)
    terminal.press(CTRL_C)
    assert terminal.answers() == ["'maria'", "CANCELLED"]


@pytest.mark.parametrize("delay_s", [0.0, 0.03], ids=["at once", "line by line"])
@KINDS
def test_a_secret_pasted_in_two_lines_is_one_answer_and_never_shown(tmp_path, term, delay_s):
    terminal = Terminal(tmp_path, f"{KEY}, {NAME}", TERM=term).until("Key?").until("back")
    for line in ("wJalrXUtnFEMI/K7", "MDENGbPxRfiCYEX", "AMPLEKEY"):
        terminal.child.delaybeforesend = None
        terminal.press(line + LINE[term])
        time.sleep(delay_s)
    terminal.until("Name?")
    terminal._read(0.3)
    terminal.press("maria" + LINE[term])
    assert terminal.answers() == [repr("wJalrXUtnFEMI/K7\nMDENGbPxRfiCYEX\nAMPLEKEY"), "'maria'"]
    for piece in (b"wJalr", b"MDENG", b"AMPLE"):
        assert piece not in terminal.raw


def test_the_rest_of_a_secret_that_comes_late_does_not_answer_the_next_question(tmp_path):
    terminal = Terminal(tmp_path, f"{KEY}, {NAME}").until("Key?").until("back")
    terminal.child.delaybeforesend = None
    terminal.press("wJalrXUtnFEMI" + ENTER)
    time.sleep(0.17)  # later than a line of a paste, before the next question is drawn
    terminal.press("K7MDENG" + ENTER)
    terminal.until("Name?")
    terminal._read(0.4)
    terminal.press("maria" + ENTER)
    assert terminal.answers()[1:] == ["'maria'"]
    assert b"K7MDENG" not in terminal.raw


@KINDS
def test_the_review_is_not_accepted_by_keys_from_before_it(clean_env: CleanEnv, tmp_path, term):
    home = tmp_path / "home"
    env = clean_env(home, TERM=term, AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="k" * 40)
    words = ("setup", "keys", "--keys", "env", "--profile", "dev", "--region", "us-east-2", "--no-clone")
    before = tree(home)
    terminal = Person([program(), *words], env, tmp_path)
    for _ in range(4):
        terminal.press(LINE[term])
        terminal.read(0.05)
    terminal.wait("Write these changes?")
    for _ in range(10):
        terminal.read(0.1)
    assert tree(home) == before
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130
    assert tree(home) == before
