"""The prompts: through a pipe with the real questionary, and on a pseudo-terminal as a person sees them."""

import getpass
import io
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from asked import (
    BACKSPACE,
    CTRL_C,
    CTRL_D,
    CTRL_U,
    DOWN,
    END,
    ENTER,
    ESC,
    HOME,
    LEFT,
    PAGE_DOWN,
    PAGE_UP,
    ROOT,
    UP,
    Terminal,
    pasted,
)
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from ccsetup.access.paste.echo import echo
from ccsetup.core.errors import BadAnswer, Cancelled, Missing
from ccsetup.core.model import BACK, Asked, Choice, Corrected, Secret, Unmatched
from ccsetup.ui.prompt import Prompt
from ccsetup.ui.question_view import Dots
from ccsetup.ui.screen import Screen
from ccsetup.ui.tty import Tty


def twelve(text):
    if not text.isdigit() or len(text) != 12:
        raise BadAnswer("An account ID has 12 digits, such as 123456789012.")
    return text


def answer(asked, *keys, **more):
    """Return what the real prompt answers when these keys are pressed."""
    with create_pipe_input() as keyboard:
        keyboard.send_text("".join(keys))
        return Prompt({}, echo, input=keyboard, output=DummyOutput(), **more).ask(asked)


KINDS = (Choice("sso", "Single sign-on", "a start URL"), Choice("role", "A role", "a role ARN"), Choice("mfa", "MFA"))
MANY = (*(Choice(f"id-{i}", f"repo-{i}", "a hint") for i in range(4999)), Choice("shared", "MySharedDemoRepo"))
TEXT = Asked("account", "Which account?", "text", parse=twelve)
KIND = Asked("kind", "What were you given?", "choose", choices=KINDS)
REPO = Asked("repo", "Which repository?", "choose", choices=MANY)
EVERY = [
    Asked("x", "Text?", "text"),
    Asked("x", "Text?", "text", default="there already"),
    Asked("x", "Secret?", "secret"),
    Asked("x", "Path?", "path", default="/tmp/"),
    Asked("x", "Kind?", "choose", choices=KINDS),
    Asked("x", "Free?", "choose", choices=KINDS, free=True),
    Asked("x", "Sure?", "confirm"),
]
EACH = pytest.mark.parametrize("asked", EVERY, ids=lambda asked: f"{asked.ask}{asked.default}")


class TestAnswers:
    def test_a_typed_text(self):
        assert answer(TEXT, "111122223333", ENTER) == "111122223333"

    def test_a_default_is_offered_to_be_taken_or_edited(self):
        asked = Asked("region", "Where?", "text", default="us-east-1")
        assert answer(asked, ENTER) == "us-east-1"
        assert answer(asked, BACKSPACE, "2", ENTER) == "us-east-2"

    def test_a_rejected_text_stays_to_be_mended(self):
        assert answer(TEXT, "11112222333", ENTER, "3", ENTER) == "111122223333"

    def test_an_empty_text_is_refused_unless_optional(self):
        assert answer(Asked("x", "X?", "text"), ENTER, "v", ENTER) == "v"
        assert answer(Asked("x", "X?", "text", optional=True), ENTER) == ""

    @pytest.mark.parametrize("asked", [KIND, REPO], ids=lambda asked: asked.key)
    def test_enter_on_a_list_in_which_nothing_matches_shows_the_whole_list(self, asked):
        assert answer(asked, "zzz zzz", ENTER, ENTER) == asked.choices[0].value
        assert answer(asked, "zzz", ENTER, DOWN, ENTER) == asked.choices[1].value

    def test_enter_takes_what_a_text_that_matches_nothing_could_mean(self):
        offered = Unmatched("Not known here.", (Choice("search", "Look in all regions"),))
        asked = KIND._replace(unmatched=lambda text: offered)
        assert answer(asked, "zzz", DOWN, ENTER) == "search"
        assert answer(asked, "zzz", ENTER, ENTER) == "sso"

    def test_a_corrected_text_is_taken_and_said(self):
        said = []
        asked = Asked("region", "Where?", "text", parse=lambda text: Corrected(text[:-1], f"{text} is a zone."))
        assert answer(asked, "us-east-1a", ENTER, note=said.append) == "us-east-1"
        assert said == ["us-east-1a is a zone."]

    @pytest.mark.parametrize(("widget", "at"), [("text", 41.0), ("choose", 41.0), ("confirm", 42.0)])
    def test_the_screen_learns_when_enter_was_pressed(self, monkeypatch, widget, at):
        monkeypatch.setattr("ccsetup.ui.question_view.monotonic", lambda: 41.0)  # before it waits for more of a paste
        monkeypatch.setattr("ccsetup.ui.prompt.time", SimpleNamespace(monotonic=lambda: 42.0))
        screen, entered = Screen({}), []
        screen.entered = entered.append
        with create_pipe_input() as keyboard:
            prompt = Prompt({}, echo, lambda: _later(keyboard, ENTER), screen=screen, input=keyboard,
                            output=DummyOutput())  # fmt: skip
            prompt.ask(Asked("it", "It?", widget, default="yes", choices=(Choice("yes", "Yes"), Choice("no", "No"))))
        assert entered == [at]

    def test_a_secret(self):
        assert answer(Asked("key", "Key?", "secret"), "hunter2", ENTER) == Secret("hunter2")

    def test_a_path_is_completed(self, tmp_path):
        (tmp_path / "token.jwt").write_text("x")
        asked = Asked("token", "Where?", "path", default=f"{tmp_path}/")
        with create_pipe_input() as keyboard:
            keyboard.send_text("\ttok\t")  # the first one takes the offered folder
            prompt = Prompt(
                {}, echo, on_first_draw=lambda: _later(keyboard, ENTER, ENTER), input=keyboard, output=DummyOutput()
            )
            assert prompt.ask(asked) == f"{tmp_path}/token.jwt"

    @pytest.mark.parametrize(("keys", "value"), [("", "yes"), ("n", "no"), ("N", "no"), ("ny", "yes")])
    def test_yes_and_no(self, keys, value):
        assert answer(Asked("ok", "Write?", "confirm"), keys, ENTER) == value

    def test_no_can_be_the_default(self):
        assert answer(Asked("ok", "Write?", "confirm", default="no"), ENTER) == "no"

    @pytest.mark.parametrize(
        ("keys", "value"),
        [
            ((), "sso"),
            ((DOWN,), "role"),
            ((DOWN, DOWN, DOWN), "sso"),
            ((UP,), "mfa"),
            ((END,), "mfa"),
            ((END, HOME), "sso"),
            (("ARN",), "role"),
            (("zzz", ENTER, CTRL_U), "sso"),
        ],
    )
    def test_a_choice(self, keys, value):
        assert answer(KIND, *keys, ENTER) == value

    def test_a_choice_begins_at_the_default(self):
        assert answer(Asked("kind", "What?", "choose", choices=KINDS, default="mfa"), ENTER) == "mfa"

    def test_a_refused_choice_can_be_changed(self):
        def parse(value):
            if value == "sso":
                raise BadAnswer("Not that one.")
            return value

        assert answer(Asked("kind", "What?", "choose", choices=KINDS, parse=parse), ENTER, DOWN, ENTER) == "role"

    @pytest.mark.parametrize("typed", ["sharedemo", "demo SHARED", "MySharedDemoRepo", "myshareddemorepo"])
    def test_one_of_five_thousand(self, typed):
        assert answer(REPO, typed, ENTER) == "shared"

    def test_pages_of_five_thousand(self):
        assert answer(REPO, PAGE_DOWN, PAGE_DOWN, PAGE_UP, DOWN, ENTER) == "id-11"

    def test_a_free_list_takes_what_matches_no_entry(self):
        assert answer(Asked("session", "Which?", "choose", choices=KINDS, free=True), "corp", ENTER) == "corp"

    def test_a_pasted_text_of_several_lines_is_one_answer(self):
        paste = "[profile dev]\r\nrole_arn = arn:aws:iam::111122223333:role/Dev\r\n" * 200
        value = answer(Asked("paste", "What?", "text"), pasted(paste), ENTER)
        assert value == paste.replace("\r\n", "\n").strip()

    def test_a_paste_with_a_final_line_break_does_not_press_enter(self):
        assert answer(TEXT, pasted("11112222333\n"), "3", ENTER) == "111122223333"

    def test_a_paste_into_a_free_list_is_the_answer(self):
        asked = Asked("kind", "What?", "choose", choices=KINDS, free=True)
        assert answer(asked, pasted("export A=1\nexport B=2\n"), ENTER) == "export A=1\nexport B=2"

    def test_invisible_letters_of_a_paste_are_dropped(self):
        assert answer(TEXT, pasted("1111\u200b2222\u202e3333\ufeff"), ENTER) == "111122223333"


def _later(keyboard, *keys):
    def press():
        for key in keys:
            time.sleep(0.3)
            keyboard.send_text(key)

    threading.Thread(target=press, daemon=True).start()


class TestLeaving:
    @pytest.mark.slow
    @EACH
    def test_esc_is_back_everywhere(self, asked):
        assert answer(asked, ESC) is BACK
        if asked.widget != "choose":  # there, it clears the filter first
            assert answer(asked, "abc", ESC) is BACK

    def test_esc_is_back_after_a_rejected_text(self):
        assert answer(TEXT, "12", ENTER, ESC) is BACK

    @EACH
    def test_esc_leads_nowhere_from_the_first_question(self, asked):
        typed = "v" if asked.widget in ("text", "secret") else ""
        value = answer(asked._replace(can_go_back=False), ESC, ESC, LEFT, typed, ENTER)
        assert value is not BACK

    @EACH
    def test_left_on_an_empty_line_is_back(self, asked):
        assert answer(asked, LEFT) is BACK

    def test_left_within_a_text_moves_the_cursor(self):
        assert answer(TEXT, "1111222233", LEFT, LEFT, "33", ENTER) == "111122223333"

    @EACH
    @pytest.mark.parametrize("key", [CTRL_C, "abc" + CTRL_C, CTRL_D])
    def test_ctrl_c_and_the_end_of_input_cancel(self, asked, key):
        with pytest.raises(Cancelled):
            answer(asked, key)


def test_the_first_draw_is_told_once():
    drawn = []
    with create_pipe_input() as keyboard:
        keyboard.send_text("111122223333" + ENTER + ENTER)
        prompt = Prompt({}, echo, lambda: drawn.append(1), input=keyboard, output=DummyOutput())
        prompt.ask(TEXT)
        prompt.ask(KIND)
    assert drawn == [1]


LONG = (
    'Asked("arn", "Which role shall be assumed to reach the repository of the other account?", "text", parse=twelve,'
    ' help="The administrator of the other account knows it; its name is at the end.",'
    ' notice="AWS refused to list the roles of 111122223333 (AccessDenied); type it, such as 123456789012.")'
)


class TestOnATerminal:
    def test_a_list_of_kinds_is_calm_and_leaves_one_line(self, tmp_path):
        choices = (
            'Choice("sso", "Single sign-on", "a start URL"), Choice("role", "A role in another account", "an ARN")'
        )
        terminal = Terminal(
            tmp_path, f'Asked("kind", "What were you given?", "choose", help="type or choose", choices=({choices}))'
        )
        terminal.until("esc back")
        assert terminal.lines() == [
            "? What were you given?  type or choose",
            "  ❯ Single sign-on               a start URL",
            "    A role in another account    an ARN",
            "    ↑↓ choose · enter accept · esc back · ctrl-c quit",
        ]
        assert terminal.press(DOWN, ENTER).answers() == ["'role'"]
        assert terminal.lines() == ["? What were you given?  A role in another account"]

    @pytest.mark.slow
    @pytest.mark.parametrize("columns", [50, 100])
    def test_a_list_of_five_thousand_fits_and_filters(self, tmp_path, columns):
        terminal = Terminal(tmp_path, 'Asked("repo", "Which repository?", "choose", choices=many)', columns)
        terminal.until("1 of 5,000 · ")
        assert len(terminal.lines()) == 16
        assert all(line.startswith(("  ❯ repo-", "    repo-", "▼   repo-")) for line in terminal.lines()[1:-1])
        terminal.press("sharedemo").until("1 of 1")
        hint = ["the", "one"] if columns == 100 else []  # hints that don't fit are left out in the whole list
        assert terminal.lines()[1].split() == ["❯", "MySharedDemoRepo", *hint]
        terminal.press(CTRL_U, END).until("❯ 日")
        kanji = next(line for line in terminal.screen.display if "❯ 日" in line)
        assert kanji.rstrip().endswith("…")
        assert not any("\n" in line for line in terminal.lines()) and len(terminal.lines()) == 16
        assert terminal.press(ENTER).answers() == ["'kanji'"]
        assert len(terminal.lines()) == (2 if columns == 50 else 1)

    @pytest.mark.slow
    @pytest.mark.parametrize("rows", [8, 12])
    def test_a_short_terminal_shows_fewer_entries(self, tmp_path, rows):
        terminal = Terminal(tmp_path, 'Asked("repo", "Which repository?", "choose", choices=many)', 80, rows)
        terminal.until("esc")
        assert terminal.lines()[0].startswith("? Which repository?") and len(terminal.lines()) < rows
        assert terminal.press(PAGE_DOWN, DOWN, ENTER).answers() == ["'id-11'"]

    @pytest.mark.slow
    def test_on_fifty_columns_sentences_break_between_words(self, tmp_path):
        terminal = Terminal(tmp_path, LONG, 50).until("esc back")
        assert terminal.lines() == [
            "! AWS refused to list the roles of 111122223333",
            "(AccessDenied); type it, such as 123456789012.",
            "? Which role shall be assumed to reach the",
            "  repository of the other account?",
            "  The administrator of the other account knows",
            "  it; its name is at the end.",
            "  enter accept · esc back · ctrl-c quit",
        ]
        terminal.press("12", ENTER).until("✗")
        assert terminal.lines()[3:] == [
            "  repository of the other account?",
            "  12",
            "  ✗ An account ID has 12 digits, such as",
            "  123456789012.",
            "  enter accept · esc back · ctrl-c quit",
        ]
        assert terminal.press("1" * 10).until("11").press(ENTER).answers() == ["'121111111111'"]
        assert terminal.lines() == ["? Which role shall be assumed to reach the repos…", "  121111111111"]

    @pytest.mark.slow
    def test_a_refusal_follows_what_is_typed_until_it_is_right(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("account", "Which account?", "text", help="Ask.", parse=twelve)').until(
            "Ask."
        )
        terminal.press("1").until("account?  1")
        assert "✗" not in "".join(terminal.lines())
        terminal.press(ENTER).until("✗ An account ID")
        terminal.press("1" * 11).until("1" * 12)
        footer = "  enter accept · esc back · ctrl-c quit"
        assert terminal.lines() == ["? Which account?  111111111111", "  Ask.", footer]
        assert terminal.press(ENTER).answers() == ["'111111111111'"]

    @pytest.mark.slow
    def test_going_back_leaves_nothing_behind(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("repo", "Which repository?", "choose", choices=many)')
        terminal.until("1 of 5,000").press("repo-1").until("esc clear").press(ESC).until("esc back").press(ESC)
        assert terminal.answers() == ["'BACK'"]
        assert terminal.lines() == []

    @pytest.mark.slow
    def test_a_secret_is_never_on_the_screen(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("key", "Secret access key", "secret", default="old-hunter")').until("back")
        assert terminal.press(CTRL_U, "hunter2-hunter2", ENTER).answers() == ["'hunter2-hunter2'"]
        assert terminal.lines() == ["? Secret access key  ••••••••"]
        assert b"hunter" not in terminal.raw

    def test_a_key_in_a_paste_is_never_on_the_screen(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("kind", "What?", "choose", choices=many[:3], free=True)').until("back")
        key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        terminal.press(pasted(f"export AWS_SECRET_ACCESS_KEY={key}\nexport AWS_REGION=us-east-1\n"))
        terminal.until("use the 2 lines you pasted")
        assert terminal.press(ENTER).answers() == [
            repr(f"export AWS_SECRET_ACCESS_KEY={key}\nexport AWS_REGION=us-east-1")
        ]
        assert terminal.lines() == ["? What?  2 lines"]
        assert key[:12].encode() not in terminal.raw and key[-12:].encode() not in terminal.raw

    @pytest.mark.slow
    def test_hostile_texts_do_not_act(self, tmp_path):
        ask = 'Asked("x", "Q" + evil, "choose", help=evil, notice=evil, choices=(Choice(evil, evil, evil),), free=True)'
        terminal = Terminal(tmp_path, f'{ask}, Asked("x", "Z" + evil, "text", default=evil, help=evil)')
        terminal.until("esc back")
        tame = "red [bold]x[/] <b>y</b> second abc"
        assert terminal.lines() == [
            f"! {tame}",
            f"? Q{tame}  {tame}",
            f"  ❯ {tame}    {tame}",
            "    ↑↓ choose · enter accept · esc back · ctrl-c quit",
        ]
        terminal.press(ENTER).until("? Z")
        terminal.press(ENTER).answers()
        assert terminal.lines() == [f"? Q{tame}  {tame}", f"? Z{tame}  {tame}"]
        for sequence in (b"\x1b]0;", b"\x1b[2J", "\u202e".encode(), "\u200b".encode(), b"\xc2\x9b"):
            assert sequence not in terminal.raw

    def test_without_colour_there_is_none(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("repo", "Which?", "choose", choices=many[:3])', NO_COLOR="1").until("back")
        terminal.press(ENTER).answers()
        colours = [c for row in terminal.screen.buffer.values() for c in row.values() if c.fg != "default"]
        assert colours == [] and b"[38" not in terminal.raw and b"[36m" not in terminal.raw

    def test_a_signal_cancels_like_the_key(self, tmp_path):
        terminal = Terminal(tmp_path, 'Asked("repo", "Which?", "choose", choices=many)').until("esc")
        terminal.child.kill(signal.SIGINT)
        assert terminal.answers() == ["CANCELLED"]

    def test_an_ascii_terminal_gets_letters_it_has(self, tmp_path):
        terminal = Terminal(
            tmp_path, 'Asked("repo", "Which \\u2026?", "choose", choices=many[:2])', LANG="C", PYTHONIOENCODING="ascii",
            PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LC_ALL="C",
        )  # fmt: skip
        terminal.until("esc back")
        assert terminal.lines()[:2] == [
            "? Which ...?",
            "  > repo-0    a hint that is rather long and says much",
        ]
        assert terminal.press(ENTER).answers() == ["'id-0'"]


class TestOnADumbTerminal:
    @pytest.mark.slow
    def test_the_transcript_is_plain_lines(self, tmp_path):
        asked = (
            'Asked("kind", "What were you given?", "choose", help="Paste it.", choices=many[:2], can_go_back=False),'
            'Asked("account", "Which account?", "text", parse=twelve),'
            'Asked("key", "Key?", "secret"), Asked("ok", "Write?", "confirm")'
        )
        terminal = Terminal(tmp_path, asked, TERM="dumb").until("(number or text)")
        terminal.press("2\n").until("account?").press("12\n").until("! An").press("111122223333\n").until("? Key?")
        terminal.until("  (b: back)", 2).press("hunter2\n").until("(y or n").press("b\n")
        assert terminal.answers() == ["'id-1'", "'111122223333'", "'hunter2'", "'BACK'"]
        assert terminal.lines() == [
            "? What were you given?",
            "  Paste it.",
            "  1) repo-0  - a hint that is rather long and says much",
            "  2) repo-1  - a hint that is rather long and says much",
            "  (number or text) 2",
            "? Which account?",
            "  (b: back) 12",
            "! An account ID has 12 digits, such as 123456789012.",
            "  (b: back) 111122223333",
            "? Key?",
            "  (b: back)",
            "? Write?",
            "  (y or n, b: back) [yes] b",
        ]
        assert b"\x1b" not in terminal.raw

    @pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
    def test_ctrl_c_and_the_end_of_input_cancel(self, tmp_path, key):
        terminal = Terminal(tmp_path, 'Asked("x", "X?", "text")', TERM="dumb").until("(b: back)").press(key)
        assert terminal.answers() == ["CANCELLED"]
        assert terminal.raw.rstrip(b" ^CD").endswith(b"\n")  # what is said next is on a line of its own

    @pytest.mark.parametrize("widget", ["text", "secret"])
    def test_ctrl_c_that_does_not_interrupt_the_reading_still_cancels(self, tmp_path, widget):
        """The signal can arrive just before the read blocks, or in another thread: neither wakes the read up."""
        elsewhere = "signal.pthread_kill(threading.get_ident(), signal.SIGINT)"
        begin = f"import signal, threading; threading.Timer(0.5, lambda: {elsewhere}).start()"
        terminal = Terminal(tmp_path, f'(exec({begin!r}, globals()), Asked("x", "X?", "{widget}"))[1]', TERM="dumb")
        assert terminal.until("(b: back)").answers() == ["CANCELLED"]


def test_where_typing_cannot_be_hidden_nothing_is_typed(monkeypatch):
    monkeypatch.setattr(Tty, "hush", lambda self: False)
    monkeypatch.setattr(getpass, "getpass", getpass.fallback_getpass)
    monkeypatch.setattr(sys, "stdin", io.StringIO("hunter2\n"))
    with pytest.raises(Missing, match="can't hide"):
        Prompt({"TERM": "dumb"}, echo).ask(Asked("key", "Key?", "secret"))
    assert sys.stdin.read() == "hunter2\n"


def test_importing_the_prompt_loads_no_library():
    code = "import ccsetup.ui.prompt, sys; print({'questionary', 'prompt_toolkit', 'asyncio'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).strip() == "set()"


def test_at_the_first_prompt_nothing_of_the_sdk_and_no_rich_is_loaded(tmp_path):
    loaded = "str({'botocore', 'boto3', 'urllib3', 'rich'} & set(sys.modules))"
    terminal = Terminal(tmp_path, f'Asked("x", "X?", "text", parse=lambda text: {loaded})').until("esc")
    assert terminal.press("v", ENTER).answers() == ["'set()'"]


def test_a_line_of_a_whole_log_is_told_by_its_length():
    line = SimpleNamespace(fragments=[("", "x" * 100_000 + "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY1 end")])
    drawn = Dots(echo).apply_transformation(line)
    assert "".join(part for _, part in drawn.fragments) == "100,045 characters"
    assert drawn.source_to_display(99_990) == len("100,045 characters")
