"""The keys of a question as they are shown and as they work: the footer, `?`, Esc, an offered answer, going back."""

from __future__ import annotations

import threading
from unittest.mock import patch

import pytest
from asked import BACKSPACE, CTRL_C, CTRL_U, DOWN, END, ENTER, ESC, LEFT, Terminal, pasted
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.key_binding.key_processor import KeyProcessor
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import DummyOutput

from ccsetup.access.paste.echo import echo
from ccsetup.core.errors import BadAnswer, Cancelled
from ccsetup.core.model import BACK, Asked, Choice, Secret
from ccsetup.ui.prompt import Prompt

DIM = "878787"  # as a terminal with 256 colors shows #888888
RIGHT, TAB = "\x1b[C", "\t"
REGIONS = tuple(Choice(name, name) for name in ("us-east-1", "us-east-2", "eu-west-1"))
OFFERED = Asked("name", "Profile name", "text", default="acme-dev")
ABOUT = "A profile is a named set of settings. For example, acme-dev."


def answer(asked, *keys):
    """Return what the real prompt answers when these keys are pressed."""
    esc_worked, handle = threading.Event(), KeyProcessor._call_handler

    def handled(self, handler, key_sequence):
        handle(self, handler, key_sequence)
        if key_sequence[-1].key == Keys.Escape:
            esc_worked.set()

    with create_pipe_input() as keyboard, patch.object(KeyProcessor, "_call_handler", handled):

        def press():
            for key in keys:
                esc_worked.clear()
                keyboard.send_text(key)
                assert key != ESC or esc_worked.wait(30)  # else it would be Alt with the next key

        pressing = threading.Thread(target=press)
        prompt = Prompt({}, echo, on_first_draw=pressing.start, input=keyboard, output=DummyOutput())
        try:
            return prompt.ask(asked)
        finally:
            pressing.join()


class TestAnOfferedAnswer:
    def test_enter_takes_it(self):
        assert answer(OFFERED, ENTER) == "acme-dev"

    def test_typing_replaces_it(self):
        assert answer(OFFERED, "work", ENTER) == "work"

    def test_a_paste_replaces_it(self):
        assert answer(OFFERED, pasted("work"), ENTER) == "work"

    @pytest.mark.parametrize("key", [TAB, RIGHT, END, "\x05", "\x06"], ids=["tab", "right", "end", "ctrl-e", "ctrl-f"])
    def test_a_key_takes_it_into_the_line(self, key):
        assert answer(OFFERED, key, "-2", ENTER) == "acme-dev-2"

    def test_backspace_begins_to_edit_it(self):
        assert answer(OFFERED, BACKSPACE, BACKSPACE, BACKSPACE, "prod", ENTER) == "acme-prod"

    def test_what_is_typed_and_deleted_leaves_the_offer(self):
        assert answer(OFFERED, "x", BACKSPACE, ENTER) == "acme-dev"

    @pytest.mark.parametrize("keys", [CTRL_U, TAB + CTRL_U], ids=["at once", "while editing"])
    def test_ctrl_u_refuses_it(self, keys):
        assert answer(OFFERED._replace(optional=True), keys, ENTER) == ""

    def test_it_is_parsed_like_a_typed_answer(self):
        def parse(text):
            if text == "bad":
                raise BadAnswer("Not that one.")
            return text

        assert answer(Asked("x", "X?", "text", default="bad", parse=parse), ENTER, "good", ENTER) == "good"

    def test_a_hidden_one_is_taken_whole(self):
        asked = Asked("key", "Key?", "secret", default="old-hunter")
        assert answer(asked, ENTER) == Secret("old-hunter")
        assert answer(asked, "hunter2", ENTER) == Secret("hunter2")

    def test_a_path(self):
        asked = Asked("folder", "Folder?", "path", default="/tmp/one")
        assert answer(asked, ENTER) == "/tmp/one"
        assert answer(asked, "two", ENTER) == "two"
        assert answer(asked, TAB, "/three", ENTER) == "/tmp/one/three"

    def test_one_that_is_no_entry_of_a_free_list(self):
        asked = Asked("region", "Region?", "choose", choices=REGIONS, default="xx-new-1", free=True)
        assert answer(asked, ENTER) == "xx-new-1"
        assert answer(asked, "eu", ENTER) == "eu-west-1"
        assert answer(asked, TAB, BACKSPACE, "2", ENTER) == "xx-new-2"
        assert answer(asked, DOWN, ENTER) == "us-east-1"

    def test_left_goes_back_from_it(self):
        assert answer(OFFERED, LEFT) is BACK

    def test_a_text_that_stays_in_the_line_is_edited(self):
        assert answer(Asked("x", "X?", "text", default="d", typed="12"), "3", ENTER) == "123"
        assert answer(Asked("x", "X?", "text", default="d", typed="12"), CTRL_U, ENTER) == "d"
        asked = Asked("x", "X?", "choose", choices=REGIONS, typed="eu", free=True)
        assert answer(asked, "-west-1", ENTER) == "eu-west-1"

    def test_it_is_dim_and_what_is_typed_is_not(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("x", "Name?", "text", default="acme-dev")').until("acme-dev")
        assert terminal.screen.buffer[0][9].data == "a" and terminal.screen.buffer[0][9].fg == DIM
        terminal.press(TAB, "x").until("acme-devx")
        assert terminal.screen.buffer[0][9].fg != DIM
        terminal.press(CTRL_U, "work", ENTER)
        assert terminal.answers() == ["'work'"]

    def test_a_hidden_one_is_shown_as_dots(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("key", "Key?", "secret", default="old-hunter")').until("esc back")
        assert terminal.lines()[0] == "? Key?  ••••••••"
        terminal.press(TAB)
        terminal._read(0.2)
        terminal.press(ENTER)
        assert terminal.answers() == ["'old-hunter'"] and b"hunter" not in terminal.raw


class TestEsc:
    def test_it_clears_a_filter_first(self):
        asked = Asked("region", "Region?", "choose", choices=REGIONS)
        assert answer(asked, "eu", ESC, ENTER) == "us-east-1"

    def test_it_clears_a_filter_where_there_is_no_way_back(self):
        asked = Asked("region", "Region?", "choose", choices=REGIONS, can_go_back=False)
        assert answer(asked, "zzz", ESC, ENTER) == "us-east-1"

    @pytest.mark.slow
    def test_a_second_one_goes_back(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("x", "Which?", "choose", choices=many)').until("esc back")
        terminal.press("repo-12").until("esc clear").press(ESC).until("1 of 5,000").until("esc back")
        assert terminal.press(ESC).answers() == ["'BACK'"]

    def test_it_leaves_a_text_with_its_answer(self):
        assert answer(Asked("x", "X?", "text"), "abc", ESC) is BACK


class TestTheExplanation:
    ASKED = f'Asked("x", "Profile name", "text", help="A short help.", about="{ABOUT}")'
    LIST = f'Asked("x", "Which profile?", "choose", help="A short help.", choices=many, about="{ABOUT}")'

    @pytest.mark.slow
    @pytest.mark.parametrize("asked", [ASKED, LIST], ids=["text", "list"])
    def test_a_question_mark_shows_and_hides_it(self, tmp_path, asked):
        terminal = Terminal(tmp_path, asked).until("? help")
        assert ABOUT not in " ".join(terminal.lines())
        terminal.press("?").until(ABOUT)
        assert "A short help." not in " ".join(terminal.lines())
        terminal.press("?").until("A short help.")
        assert ABOUT not in " ".join(terminal.lines())
        terminal.press("?").until(ABOUT).press(ESC).until("A short help.").press(CTRL_C)
        assert terminal.answers() == ["CANCELLED"]

    @pytest.mark.slow
    @pytest.mark.parametrize("rows", [8, 20])
    @pytest.mark.parametrize("columns", [50, 80])
    def test_it_fits_on_the_screen_with_its_question(self, tmp_path, rows, columns):
        about = ABOUT + " It is written to the file config in the folder .aws, where other tools find it, too."
        terminal = Terminal(tmp_path, self.LIST.replace(ABOUT, about), columns, rows).until("esc")
        terminal.press("?").until("other tools")
        assert terminal.lines()[0].startswith("? Which profile?") and len(terminal.lines()) < rows
        assert any("❯" in line for line in terminal.lines())
        assert "? " in terminal.lines()[-1] and "ctrl-c" in terminal.lines()[-1]
        terminal.press(CTRL_C)

    def test_a_question_mark_in_a_text_is_a_letter(self):
        assert answer(Asked("x", "X?", "text", about=ABOUT), "a?", ENTER) == "a?"

    def test_a_question_mark_that_begins_a_paste_is_a_letter(self):
        assert answer(Asked("x", "X?", "text", about=ABOUT), "?abc", ENTER) == "?abc"
        assert answer(Asked("x", "X?", "text", about=ABOUT), pasted("?abc"), ENTER) == "?abc"

    def test_without_an_explanation_it_is_a_letter(self):
        assert answer(Asked("x", "X?", "text"), "?", ENTER) == "?"

    def test_in_plain_lines(self, tmp_path):
        terminal = Terminal(tmp_path, self.ASKED, TERM="dumb").until("(?: help, b: back)")
        terminal.press("?\n").until(ABOUT).press("dev\n")
        assert terminal.answers() == ["'dev'"]


class TestTheFooter:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("asked", "columns", "last"),
        [
            ('"choose", choices=many[:3]', 80, "↑↓ choose · enter accept · esc back · ctrl-c quit"),
            ('"choose", choices=many[:3], about="A."', 50, "↑↓ · enter · esc back · ? help · ctrl-c quit"),
            ('"choose", choices=many, about="A."', 50, "1 of 5,000 · ↑↓ · enter · esc · ? · ctrl-c"),
            (
                '"choose", choices=many, about="A."',
                80,
                "1 of 5,000 · ↑↓ · enter · type to filter · esc back · ? help · ctrl-c quit",
            ),
            ('"text", about="A."', 80, "enter accept · esc back · ? help · ctrl-c quit"),
            ('"text", default="x"', 80, "enter accept · tab edit · esc back · ctrl-c quit"),
            ('"path"', 80, "enter accept · tab complete · esc back · ctrl-c quit"),
            ('"secret", can_go_back=False', 80, "enter accept · ctrl-c quit"),
            ('"confirm"', 80, "y/n · enter accept · esc back · ctrl-c quit"),
        ],
    )
    def test_it_names_the_keys_in_one_line(self, tmp_path, asked, columns, last):
        terminal = Terminal(tmp_path, f'Asked("x", "Which?", {asked})', columns).until("ctrl-c")
        assert terminal.lines()[-1].strip() == last
        terminal.press(CTRL_C).answers()

    @pytest.mark.slow
    def test_a_long_list_shows_where_it_goes_on(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("x", "Which?", "choose", choices=many)').until("1 of 5,000")
        above, below = [line for line in terminal.lines() if line.startswith("▲")], terminal.lines()[-2]
        assert above == [] and below.startswith("▼   repo-13")
        terminal.press("\x1b[6~", "\x1b[6~").until("21 of 5,000")
        assert terminal.lines()[1].startswith("▲   repo-") and terminal.lines()[-2].startswith("▼ ❯ repo-20")
        terminal.press(END).until("5,000 of 5,000")
        assert not any("▼" in line for line in terminal.lines())
        terminal.press("repo-12 99").until("1 of 1").press(CTRL_C).answers()

    @pytest.mark.parametrize(("columns", "hints"), [(50, 0), (80, 3), (100, 3)])
    def test_hints_stand_in_one_column_or_not_at_all(self, tmp_path, columns, hints):
        labels = ("Single sign-on (IAM Identity Center)", "A role in another account", "Keys")
        listed = ", ".join(f'Choice("{it}", "{it}", "~ three values to copy and paste")' for it in labels)
        asked = f'Asked("x", "Which?", "choose", choices=({listed}, Choice("p", "Paste a message or anything else …")))'
        terminal = Terminal(tmp_path, asked, columns).until("ctrl-c")
        places = [line.index("~") for line in terminal.lines() if "~" in line]
        assert len(places) == hints and len(set(places)) <= 1, terminal.lines()
        terminal.press(CTRL_C).answers()

    def test_the_mouse_stays_the_terminals(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("x", "Which?", "choose", choices=many)').until("esc").press(CTRL_C)
        terminal.answers()
        assert not any(f"\x1b[?{mode}h".encode() in terminal.raw for mode in (9, 1000, 1002, 1003, 1006, 1015))


# What each key does in a text, by prompt_toolkit's own names; all others do nothing.
EMACS = {
    Keys.ControlA: ("ab\0X", "Xab"),
    Keys.ControlB: ("ab\0X", "aXb"),
    Keys.ControlE: ("ab\x01\0X", "abX"),
    Keys.ControlF: ("ab\x01\0X", "aXb"),
    Keys.ControlH: ("ab\0X", "aX"),
    Keys.ControlK: ("ab\x01\0X", "X"),
    Keys.ControlU: ("ab\0X", "X"),
    Keys.ControlW: ("ab cd\0X", "ab X"),
    Keys.Home: ("ab\0X", "Xab"),
    Keys.End: ("ab\x01\0X", "abX"),
    Keys.Left: ("ab\0X", "aXb"),
    Keys.Right: ("ab\x01\0X", "aXb"),
    Keys.Delete: ("ab\x01\0X", "Xb"),
}
SENT = {key: [sent for sent, its in ANSI_SEQUENCES.items() if its is key] for key in EMACS}
LEFT_ALONE = ("\x1b[1;", "\x1b[27;", "\x1bO1")  # with a modifier


@pytest.mark.parametrize(
    ("key", "sent"), [(key, sent) for key, all_ in SENT.items() for sent in all_ if not sent.startswith("\x1b[27;")]
)
def test_a_key_of_the_emacs_set_edits_a_line(key, sent):
    typed, result = EMACS[key]
    assert answer(Asked("x", "X?", "text"), typed.replace("\0", sent), ENTER) == result


@pytest.mark.parametrize("typed", ["ab", ""])
def test_focus_events_are_no_keys(typed):
    assert answer(OFFERED, "\x1b[I", typed, "\x1b[O\x1b[I", ENTER) == (typed or "acme-dev")


# Terminals in which a program left an extended keyboard mode on send keys as numbers.
NUMBERED = {
    "enter": ("ab\x1b[13u", "ab"),
    "enter, modes": ("ab\x1b[13;1u", "ab"),
    "enter, caps lock": ("ab\x1b[13;65u", "ab"),
    "enter, modifyOtherKeys": ("ab\x1b[27;1;13~", "ab"),
    "a letter": (f"\x1b[97u\x1b[98;1u{ENTER}", "ab"),
    "backspace": (f"abc\x1b[127u{ENTER}", "ab"),
    "tab": (f"\x1b[9u-2{ENTER}", "acme-dev-2"),
    "ctrl-u": (f"xyz\x1b[117;5uab{ENTER}", "ab"),
    "ctrl-u, modifyOtherKeys": (f"xyz\x1b[27;5;117~ab{ENTER}", "ab"),
    "ctrl-a": (f"b\x1b[97;5ua{ENTER}", "ab"),
    "released": (f"ab\x1b[99;5:3u\x1b[13;1:3u{ENTER}", "ab"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("keys", "result"), NUMBERED.values(), ids=NUMBERED)
def test_a_key_that_is_sent_as_a_number_is_that_key(tmp_path, keys, result):
    terminal = Terminal(tmp_path, 'Asked("x", "Name?", "text", default="acme-dev")').until("esc").press(keys)
    assert terminal.answers() == [repr(result)]


@pytest.mark.parametrize("keys", ["\x1b[99;5u", "ab\x1b[27;5;99~"])
def test_ctrl_c_that_is_sent_as_a_number_cancels(tmp_path, keys):
    terminal = Terminal(tmp_path, 'Asked("x", "Name?", "text")').until("esc").press(keys)
    assert terminal.answers() == ["CANCELLED"]


def test_esc_that_is_sent_as_a_number_goes_back(tmp_path):
    terminal = Terminal(tmp_path, 'Asked("x", "Name?", "text")').until("esc").press("\x1b[27u")
    assert terminal.answers() == ["'BACK'"]


def test_ctrl_c_still_cancels_with_an_explanation_open():
    with pytest.raises(Cancelled):
        answer(Asked("x", "X?", "text", about=ABOUT), "?", CTRL_C)


def test_a_path_is_seen_while_it_is_typed_at_a_hidden_question_and_the_secret_is_not(tmp_path):
    asked = 'Asked("x", "Assertion", "secret", shows=lambda text: text.startswith("~"), default="~/offered.txt")'
    terminal = Terminal(tmp_path, asked).until("Assertion  ~/offered.txt")
    terminal.press("PHNhbW").until("? Assertion  ******").press(CTRL_U)
    terminal.press("~/saml.txt").until("? Assertion  ~/saml.txt").press(ENTER)
    assert terminal.answers() == ["'~/saml.txt'"]
    assert terminal.lines() == ["? Assertion  ~/saml.txt"]
    assert b"PHN" not in terminal.raw


def test_enter_accepts_a_whole_path_although_others_begin_like_it(tmp_path):
    for name in ("token", "token.old"):
        (tmp_path / name).write_text("")
    asked = Asked("file", "Which file?", "path")
    assert answer(asked, f"{tmp_path}/token", TAB, ENTER) == f"{tmp_path}/token"
