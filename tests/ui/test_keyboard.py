"""What a terminal sends beside letters: on a pseudo-terminal with real bytes, and split in every way."""

import pytest
from asked import CTRL_C, ENTER, ESC, Terminal, pasted
from conftest import and_more
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.ui.keyboard import KEYS, PATIENCE_S, Keyboard, escape_s

ST = "\x1b\\"
WITHOUT_MEANING = {
    "Alt and a letter": "\x1bb\x1bf\x1bd\x1by\x1bn\x1bB",
    "Alt and a sign": "\x1b!\x1b.\x1b,\x1b<",
    "Alt and Enter": "\x1b\r\x1b\n",
    "Alt and Backspace": "\x1b\x7f\x1b\x08",
    "Alt and an accent": "\x1bé\x1bß",
    "Alt and an arrow": "\x1b\x1b[A\x1b[1;3C\x1b\x1bOD\x1b[1;9D",
    "Shift or Ctrl and an arrow": "\x1b[1;2A\x1b[1;5D\x1b[1;6C\x1b[a\x1bOd\x1bO5A",
    "function keys": "\x1bOP\x1bOQ\x1b[15~\x1b[24~\x1b[1;2P\x1b[[A\x1b[[E\x1b[23$\x1b[3^\x1b[8@",
    "Insert": "\x1b[2~\x1b[2;5~",
    "focus": "\x1b[I\x1b[O",
    "mouse, X10": "\x1b[M !!\x1b[M#%&",
    "mouse, SGR": "\x1b[<0;12;5M\x1b[<0;12;5m\x1b[<64;1;1M",
    "mouse, urxvt": "\x1b[96;14;13M",
    "CSI u": "\x1b[97;3u\x1b[13;2u\x1b[27;5;27~",
    "modifyOtherKeys": "\x1b[27;5;13~\x1b[27;6;114~",
    "device attributes": "\x1b[?62;1;4c\x1b[>0;276;0c\x1b[=0c",
    "the cursor's place": "\x1b[12;40R\x1b[0n\x1b[?1;2R",
    "modes": "\x1b[?2026;2$y\x1b[4;1$y\x1b[?1u",
    "colours": f"\x1b]11;rgb:ffff/ffff/ffff{ST}\x1b]10;rgb:0/0/0\x07\x1b]4;1;rgb:cd/0/0{ST}",
    "version": f"\x1bP>|xterm(370){ST}\x1bP1$r0m{ST}\x1bP1+r544e=787465726d{ST}",
    "graphics": f"\x1b_Gi=31;OK{ST}",
    "the end of a paste": "\x1b[201~",
    "the size": "\x1b[8;24;80t\x1b[4;480;640t",
}
ALL = "".join(WITHOUT_MEANING.values())


class Parser:
    """Stands for prompt_toolkit's: keeps what it is fed."""

    def __init__(self):
        self.text = ""

    def feed(self, data):
        self.text += data

    def flush(self):
        pass


def understood(*pieces, gaps=0.0):
    """Return what is handed on of these pieces, each read `gaps` seconds after the one before."""
    parser, now = Parser(), [0.0]
    keys = Keyboard(parser, lambda: now[0])
    for piece in pieces:
        keys.feed(piece)
        now[0] += gaps
    return parser.text


EACH = pytest.mark.parametrize("sent", WITHOUT_MEANING.values(), ids=WITHOUT_MEANING)


@EACH
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_what_has_no_meaning_is_not_handed_on_however_it_is_split(sent, size):
    text = f"ab{sent}cd"
    assert understood(*(text[i : i + size] for i in range(0, len(text), size))) == "abcd"


@given(
    st.lists(
        st.sampled_from([*WITHOUT_MEANING.values(), *sorted(KEYS), pasted("a\x1b[31m\nb\r"), "text", "é漢", "\r"]),
        max_size=12,
    ),
    st.lists(st.integers(1, 7), min_size=1, max_size=9),
)
def test_the_pieces_in_which_it_is_read_make_no_difference(parts, sizes):
    text, pieces, at = "".join(parts), [], 0
    while at < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[at : at + size])
        at += size
    assert understood(*pieces) == understood(text)
    assert understood(text) == "".join(part for part in parts if part not in WITHOUT_MEANING.values())


@given(st.text(alphabet="\x1b[]OPM_Gabc019;<>?~$ \r\x07\\\x03é", max_size=30))
def test_anything_at_all_leaves_no_half_sequence_behind(sent):
    handed_on = understood(*sent)
    for known in sorted([*KEYS, "\x03"], key=len, reverse=True):
        handed_on = handed_on.replace(known, "")
    assert ESC not in handed_on


def test_keys_of_a_question_are_handed_on():
    assert understood(*"".join(sorted(KEYS))) == "".join(sorted(KEYS))


def test_esc_is_a_key_when_nothing_follows_it():
    parser = Parser()
    keys = Keyboard(parser)
    keys.feed(ESC)
    assert parser.text == ""
    keys.flush()
    assert parser.text == ESC


def test_a_sequence_on_a_slow_line_is_no_esc():
    parser, now = Parser(), [0.0]
    keys = Keyboard(parser, lambda: now[0])
    for byte in "\x1b[1;3":
        keys.feed(byte)
        now[0] += 0.5
        if byte != ESC:
            keys.flush()
    keys.feed("C")
    assert parser.text == ""


def test_the_beginning_of_a_sequence_that_never_ends_takes_no_later_key():
    assert understood("\x1b[1;", "abc", gaps=PATIENCE_S * 2) == "abc"
    assert understood("\x1b]", "1", gaps=PATIENCE_S * 2) == "1"


def test_a_paste_on_a_slow_line_is_one_paste():
    assert understood("\x1b[200~", *"a\rb\r\x1b[201~", gaps=PATIENCE_S * 2) == pasted("a\rb\r")


def test_ctrl_c_leaves_even_in_a_paste_that_has_lost_its_end_and_behind_esc():
    assert understood("\x1b[200~export A=1\r", CTRL_C) == CTRL_C
    assert understood(ESC + CTRL_C) == CTRL_C


def test_a_paste_right_behind_esc_is_a_paste():
    assert understood(ESC, pasted("a\rb\r")) == pasted("a\rb\r")


def test_bytes_that_are_no_letter_are_dropped():
    assert understood("a\udcff\x80b\x9b?1;2cd") == "abd"


TEXT, SECRET = 'Asked("x", "Which?", "text")', 'Asked("x", "Which?", "secret")'
PATH = 'Asked("x", "Which?", "path")'
LIST, SURE = 'Asked("x", "Which?", "choose", choices=many[:3])', 'Asked("x", "Which?", "confirm", default="no")'
FIRST = 'Asked("first", "First?", "text")'
WIDGETS = pytest.mark.parametrize(
    ("asked", "before", "after", "answer"),
    [
        (TEXT, "abc", "d", "abcd"),
        (SECRET, "abc", "d", "abcd"),
        (PATH, "abc", "d", "abcd"),
        (LIST, "repo-", "2", "id-2"),
        (SURE, "", "", "no"),
    ],
    ids=["text", "secret", "path", "list", "confirm"],
)


@pytest.mark.slow
@WIDGETS
@pytest.mark.parametrize(
    "delay_s", and_more({"at once": 0.0, "byte by byte": 0.01, "slowly": 0.15}, "at once", "slowly")
)
def test_sequences_are_ignored_in_every_question(tmp_path, asked, before, after, answer, delay_s):
    slow = {"ESCDELAY": "2000"} if delay_s else {}  # a test machine may well take a moment between two bytes
    terminal = Terminal(tmp_path, f"{FIRST}, {asked}", **slow).until("esc")
    terminal.press("v", ENTER).until("Which?").press(before).until("***" if asked == SECRET else before)
    terminal._read(0.2)
    shown = terminal.lines()
    terminal.bytes(ALL if delay_s < 0.1 else "\x1bf\x1b[1;3C\x1b[I", delay_s)
    terminal._read(0.5)
    assert terminal.lines() == shown
    terminal.press(after + ENTER)
    assert terminal.answers() == ["'v'", repr(answer)]


@pytest.mark.parametrize(
    ("told", "seconds"), [("25", 0.025), ("", 0.1), ("soon", 0.1), ("-1", 0.1), ("9" * 30, 5.0), ("\u0663", 0.1)]
)
def test_how_long_esc_waits_can_be_told(told, seconds):
    assert escape_s({"ESCDELAY": told}) == seconds


@pytest.mark.slow
@WIDGETS
def test_esc_alone_goes_back_from_every_question(tmp_path, asked, before, after, answer):
    terminal = Terminal(tmp_path, asked).until("Which?").press(before, ESC)
    if asked == LIST:
        terminal.until("esc back").press(ESC)  # the first one cleared the filter
    assert terminal.answers() == ["'BACK'"]


HISTORY = "\x12\x13\x18\x05\x19\x1f\x0f\x14\x11\x16\x07\x1c\x1d\x1e\x00\x0c"  # search, editor, yank, undo, quote …


@pytest.mark.slow
@pytest.mark.parametrize(
    "key", and_more({f"ctrl-{chr(ord(key) | 64)}": key for key in HISTORY}, "ctrl-R", "ctrl-Y", "ctrl-_")
)
def test_a_key_for_history_search_editor_yank_or_undo_does_nothing(tmp_path, key):
    terminal = Terminal(tmp_path, f"{SECRET}, {TEXT}").until("esc")
    terminal.press("hunter2-one", key)
    terminal._read(0.2)
    assert terminal.lines() == ["? Which?  ***********", "  enter accept · esc back · ctrl-c quit"]
    terminal.press("\x15", "hunter2-two", ENTER).until("? Which?  ••••••••").until("esc back")
    terminal.press("v", key)
    terminal._read(0.2)
    terminal.press("w", ENTER)
    assert terminal.answers() == ["'hunter2-two'", "'vw'"]
    assert b"hunter2" not in terminal.raw


@pytest.mark.slow
def test_up_down_and_pages_do_nothing_in_a_text(tmp_path):
    terminal = Terminal(tmp_path, f"{TEXT}, {TEXT}").until("esc").press("one", ENTER).until("Which?  one")
    terminal.until("esc").press("two", *("\x1b[A", "\x1b[B", "\x1b[5~", "\x1b[6~", "\x10", "\x0e"), ENTER)
    assert terminal.answers() == ["'one'", "'two'"]
