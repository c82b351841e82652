import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from ccsetup.core.text import (
    _SPELLED,
    cells,
    cut,
    cut_words,
    did_you_mean,
    inert,
    nearest,
    same_but_for_a_slip,
    spell,
    veil,
    wrap,
)

ANYTHING = st.text(st.characters(codec=None, categories=None), max_size=60)
PIECES = ["\x1b", "[", "]", "0;", "31m", "\x07", "\x9b", "\n", "\r", "\u202e", "\u200b", "a ", "é", "漢", "\udc80"]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
PRINTABLE = st.text(st.characters(categories=("L", "M", "N", "P", "S", "Zs")), max_size=80).map(inert)


@given(ANYTHING | HOSTILE)
def test_nothing_that_could_act_on_a_terminal_is_left(text):
    shown = inert(text)
    assert shown.isprintable()
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
    assert inert(shown) == shown


@given(PRINTABLE)
def test_ordinary_text_stays_as_it_is(text):
    assert inert(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;cm0gLXJm", "52;c;cm0gLXJm"),
        ("\x1bP+q544e\x1b\\x", "x"),
        ("\x9b2Jclear", "clear"),
        ("one\r\n  two\tthree", "one two three"),
        ("back\b\b\bfront\x00", "backfront"),
        ("abc\u202edcb\u2066x", "abcdcbx"),
        ("zero\u200bwidth\u200d\ufeff", "zerowidth"),
        ("a\xa0b c", "a b c"),
        ("/home/\udcff/x", "/home/�/x"),
        ("[bold]markup[/bold] <b>html</b>", "[bold]markup[/bold] <b>html</b>"),
    ],
)
def test_what_a_hostile_text_looks_like(text, shown):
    assert inert(text) == shown


@given(PRINTABLE, st.integers(0, 60))
def test_a_cut_text_fits_and_says_that_it_was_cut(text, room):
    short = cut(text, room)
    assert cells(short) <= room
    assert short == text or short == "" or (short.endswith("…") and text.startswith(short[:-1]))


@given(PRINTABLE, st.integers(2, 60))
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(text, room):
    lines = wrap(text, room, split=True)
    assert all(cells(line) <= room or len(line.strip()) <= 1 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_long_word_stays_whole_so_that_it_can_be_copied():
    address = "https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH"
    assert wrap(f"Open {address} now", 20) == ["Open", address, "now"]


def test_indented_text_keeps_its_indent():
    assert wrap('    "Effect": "Allow",', 40) == ['    "Effect": "Allow",']


def test_widths_are_those_of_prompt_toolkit_for_every_letter_of_the_common_blocks():
    blocks = [(0x20, 0x530), (0x1100, 0x1200), (0x2000, 0x3400), (0x4E00, 0x4F00), (0xAC00, 0xAD00), (0x1F300, 0x1F700)]
    letters = [chr(c) for low, high in blocks for c in range(low, high) if chr(c).isprintable()] + [*"🚀漢é", *_SPELLED]
    assert [c for c in letters if cells(c) != get_cwidth(c)] == []


@given(ANYTHING, st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8", None, "no-such-encoding"]))
def test_a_spelled_text_can_always_be_written(text, encoding):
    spell(text, encoding).encode("ascii" if encoding == "no-such-encoding" else encoding or "utf-8")


def test_an_ascii_terminal_reads_words_for_signs():
    assert spell("✓ wrote … ❯ ••", "ascii") == "ok wrote ... > **"
    assert spell("✓ é", "utf-8") == "✓ é"


SECRETS = [
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "IQoJb3JpZ2luX2VjEHYaCXVzLWVhc3QtMSJHMEUCIQ" * 4 + "==",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJtYXJpYSJ9.c2lnbmF0dXJl-_",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_keys_and_tokens_in_a_paste_are_veiled(secret):
    paste = f"export AWS_SECRET_ACCESS_KEY={secret} AWS_REGION=us-east-1"
    assert secret[:8] not in veil(paste) and len(veil(paste)) == len(paste)
    assert veil(paste).endswith(" AWS_REGION=us-east-1")
    assert "••••" in veil(paste, "••••") and len(veil(paste, "••••")) < len(paste)


@pytest.mark.parametrize(
    "text",
    [
        "https://d-9067a1b2c3.awsapps.com/start",
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_0123456789abcdef/maria",
        "codecommit::us-east-2://acme-dev@MySharedDemoRepository-2024",
        "/home/maria/.aws/sso/cache/d033e22ae348aeb5660fc2140aec35850c4da997.json",
    ],
)
def test_what_is_no_secret_is_shown(text):
    assert veil(text) == text


def test_similar_names_are_found_whatever_their_case_and_the_most_similar_comes_first():
    assert nearest("acme-dve", ["other", "ACME-dev2", "Acme-Dev"]) == ["Acme-Dev", "ACME-dev2"]
    assert nearest("x1", ["x2", "x3", "x4", "x5"], cutoff=0.5, most=2) == ["x5", "x4"]
    assert nearest("nothing", ["dev"]) == nearest("", ["dev", ""]) == []


def test_names_that_differ_only_in_case_leave_no_doubt():
    assert nearest("Dev", ["dev2", "dev", "DEV"]) == ["dev", "DEV"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("acme-dve", "acme-dev", True), ("Dev", "dev", True), ("dev", "prod", False), ("dev", "dev-2", False)],
)
def test_only_a_typo_is_replaced_without_asking(one, other, same):
    assert same_but_for_a_slip(one, other) is same


def test_a_suggestion_is_a_question_with_at_most_three_names():
    assert did_you_mean("dev", ["prod"]) == ""
    assert did_you_mean("dve", ["dev"]) == 'Did you mean "dev"?'
    assert did_you_mean("dev1", ["dev2", "dev3", "dev4", "dev5"]) == 'Did you mean "dev5", "dev4" or "dev3"?'


@pytest.mark.parametrize(("room", "shown"), [
    (40, "an access key and a six-digit code"), (34, "an access key and a six-digit code"),
    (33, "an access key and a six-digit…"), (30, "an access key and a six-digit…"), (29, "an access key and a…"),
    (2, "a…"), (1, "…"), (0, ""),
])  # fmt: skip
def test_a_text_is_cut_between_words(room: int, shown: str) -> None:
    found = cut_words("an access key and a six-digit code", room)
    assert found == shown
    assert cells(found) <= room
