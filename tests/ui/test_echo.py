"""What is shown of a text that holds secrets: in its field, in the list below, in a refusal, and once it is answered."""

import re
import time
from types import SimpleNamespace

import pytest
from asked import CTRL_C, ENTER, Terminal, pasted
from conftest import CleanEnv, and_more
from hypothesis import given
from hypothesis import strategies as st
from script import tree
from terminal import Terminal as Person
from terminal import program

from ccsetup.access.paste import secrets
from ccsetup.access.paste.echo import echo
from ccsetup.cli import main
from ccsetup.core import redact
from ccsetup.core.echo import summary
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Asked, Choice
from ccsetup.ui.filter_list import Pick
from ccsetup.ui.plain_prompt import accepted
from ccsetup.ui.question_view import BREAK, Dots
from ccsetup.wizard import flow

ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzR4vQm8tKw"
TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDx" + "b9Kc0Qe7Zt+" * 20
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2V4YW1wbGUuY29tIn0.c2lnbmF0dXJl-_c2lnbmF0dXJl-_1"


def broken(secret, *places):
    return [secret[a:b] for a, b in zip((0, *places), (*places, len(secret)), strict=True)]


HALVES, THIRDS = broken(SECRET, 20), broken(SECRET, 13, 27)
PASTES = {
    "two lines": f"aws_access_key_id = {ID}\naws_secret_access_key = " + "\n".join(HALVES),
    "three lines": f"aws_access_key_id = {ID}\naws_secret_access_key = " + "\n".join(THIRDS),
    "quoted": f"> aws_access_key_id = {ID}\n> aws_secret_access_key = " + "\n> ".join(HALVES),
    "quoted twice": "> > aws_secret_access_key =\n> > " + "\n> > ".join(THIRDS),
    "blank lines": "Secret access key:\n\n" + "\n\n".join(HALVES) + "\n\nBye",
    "indented": "aws_secret_access_key =\n    " + "\n    ".join(THIRDS),
    "carriage returns": f"key {ID}\r\nsecret:\r\n" + "\r\n".join(HALVES),
    "JSON": f'{{"AccessKeyId": "{ID}",\n "SecretAccessKey": "' + "\n".join(HALVES) + '"}',
    "no label": f"{ID}\n" + "\n".join(HALVES),
    "Spanish": f"ID de clave: {ID}\nClave de acceso secreta: " + "\n".join(HALVES),
    "German": f"Zugriffsschlüssel-ID: {ID}\nGeheimer Zugriffsschlüssel: " + "\n".join(HALVES),
    "Japanese": f"アクセスキーID: {ID}\nシークレットアクセスキー：" + "\n".join(HALVES),
    "Klingon": f"ngoq {ID}\npegh ngoq -> " + "\n".join(HALVES),
    "a token in lines": "AWS_SESSION_TOKEN=" + "\n".join(broken(TOKEN, 76, 152, 228)),
    "a JWT in lines": "\n".join(broken(JWT, 30, 60)),
    "a password": "https://git-codecommit.us-east-2.amazonaws.com\nuser: maria-at-111122223333\nPasswort: hunter2hunter2",
}
ONE_LINE = {
    "export": f"export AWS_ACCESS_KEY_ID={ID} AWS_SECRET_ACCESS_KEY={SECRET}",
    "broken by a blank": "aws_secret_access_key = " + " ".join(HALVES),
    "CSV": f"{ID},{SECRET}",
    "French": f"Clé d'accès secrète : {' '.join(HALVES)}",
    "Russian": f"пароль: {SECRET[:12]}",
    "in an address": f"https://maria:{SECRET[:12]}@git-codecommit.us-east-2.amazonaws.com/v1/repos/X",
    "an argument": f"login --password {SECRET[:12]}",
    "a header": f"Authorization: Bearer {SECRET[:20]}",
    "JWT": f"token {JWT}",
    "session token": f"AWS_SESSION_TOKEN={TOKEN}",
    "password": "password: hunter2hunter2",
}
EVERY = {**PASTES, **ONE_LINE}
EACH = pytest.mark.parametrize("text", EVERY.values(), ids=EVERY)
KNOWN = {name: text for name, text in EVERY.items() if name != "Klingon"}  # a word of which nobody knows what it is
LABELLED = pytest.mark.parametrize("text", KNOWN.values(), ids=KNOWN)
HIDDEN = re.compile(
    "|".join(re.escape(s[i : i + 8]) for s in (SECRET, TOKEN, JWT, "hunter2h") for i in range(len(s) - 7))
)


def shows_nothing(shown):
    assert not HIDDEN.search(shown), shown
    return True


def field(text):
    line = SimpleNamespace(fragments=[("", BREAK.join(text.split("\n")))])
    return "".join(part for _, part in Dots(echo).apply_transformation(line).fragments)


def quoting(text):
    """Refuse a text by sentences that repeat it, as a whole, in part and joined."""
    lines = "".join(text.split("\n"))
    raise BadAnswer(f"{text} is no ARN; {lines[:57]}… neither.", next=f"Not {text[-30:]!r}.")


@EACH
def test_a_field_shows_no_secret_in_it(text):
    shows_nothing(field(text))


@EACH
def test_the_entry_that_takes_a_typed_text_shows_no_secret_in_it(text):
    pick = Pick((Choice("a", "A"),), echo, free=True)
    pick.narrow(text)
    assert all(shows_nothing(entry.label) for entry in pick.shown)


@EACH
def test_the_line_of_an_answer_shows_no_secret_in_it(text):
    shows_nothing(accepted(Asked("x", "X?", "text"), text, echo).shown)


@EACH
def test_what_is_recognised_is_told_without_the_secret(text):
    for reading in flow.readings(text):
        shows_nothing(" ".join((*reading.found, *reading.said, reading.label, reading.hint)))


@LABELLED
def test_a_refusal_that_repeats_what_was_typed_shows_no_secret_in_it(text):
    with pytest.raises(BadAnswer) as refused:
        accepted(Asked("x", "X?", "text", parse=quoting), text, echo)
    shows_nothing(refused.value.what + refused.value.next)


@pytest.mark.parametrize(
    "text",
    [
        "MySharedDemoRepo2Test", "arn:aws:iam::111122223333:role/CodeCommitAccess", "https://acme.awsapps.com/start",
        "codecommit::us-east-2://dev@MySharedDemoRepo", "/home/maria/token.jwt", "web_identity_token_file = ~/token.jwt",
        f"access key ID: {ID}", "maria.garcia@acme.example", "Sign in at https://acme.awsapps.com/start, role Developer",
        "token file: ~/token.jwt", "secrets-service", "Zugriffsschlüssel-ID: " + ID,
    ],
)  # fmt: skip
def test_what_is_no_secret_is_shown(text):
    assert field(text) == text
    assert echo(text) == text


def test_a_masked_letter_keeps_its_place_and_a_masked_word_does_not_tell_its_length():
    assert field(f"a secret_key: {SECRET} b")[:14] == "a secret_key: "
    assert len(field(ONE_LINE["CSV"])) == len(ONE_LINE["CSV"])
    assert echo(ONE_LINE["CSV"]) == f"{ID},••••••••"


def test_text_of_several_lines_is_told_by_their_number():
    assert field("a\nb\nc") == "3 lines"
    assert summary("x" * 2001) == "2,001 characters" and summary("x" * 2000) == ""


@LABELLED
def test_a_traceback_shows_no_secret_in_what_was_raised(text, capsys):
    try:
        raise ValueError(text)
    except ValueError:
        main._trace()
    shown = capsys.readouterr().err
    assert "Traceback" in shown and "raise ValueError(text)" in shown
    shows_nothing(shown)


SHAPES = st.tuples(
    st.text("ABCDEFGHabcdefgh0123456789/+", min_size=40, max_size=40),
    st.lists(st.integers(1, 39), max_size=3, unique=True).map(sorted),
    st.sampled_from(["\n", "\n\n", "\n> ", "\n  > > ", "\n\n    ", "\r\n", " "]),
    st.sampled_from(
        ["aws_secret_access_key = ", "SecretAccessKey: ", "Clave secreta: ", "密码：", "", "> secret:\n> "]
    ),
    st.sampled_from(["", f"[dev]\naws_access_key_id = {ID}\n", "Hello,\n\n"]),
    st.sampled_from(["", "\n", "\n\nCheers, Maria\n"]),
)


@given(SHAPES)
def test_a_labelled_secret_shows_nowhere_however_it_is_broken(shape):
    secret, places, gap, label, before, after = shape
    text = before + label + gap.join(broken(secret, *places)) + after
    if gap == " " and places and not label:
        return  # words of a sentence, for all that anybody knows
    pick = Pick((), echo, free=True)
    pick.narrow(text)
    shown = [field(text.replace("\r\n", "\n")), accepted(Asked("x", "X?", "text"), text, echo).shown]
    shown += [entry.label for entry in pick.shown]
    for reading in flow.readings(text):
        shown += [*reading.found, *reading.said, reading.label, reading.hint]
    pieces = {secret[i : i + 8] for i in range(33)}
    assert not any(piece in line for line in shown for piece in pieces)


@given(st.text("abAB01/+=.-_:> \n\"'|#é密", max_size=200))
def test_any_text_is_shown_in_one_line_of_its_own_length(text):
    assert len(echo(text.replace("\n", " "), mask="")) == len(text)
    assert redact.hide(text, ()) == text


@pytest.mark.slow
def test_a_log_is_searched_for_secrets_at_once():
    for text in (
        "password: x\n" * 80_000,
        "\n" * 100_000,
        "token=" * 50_000,
        "> a1B" * 50_000,
        "A1b/" * 100_000,
        "###\n" * 50_000,
    ):
        before = time.perf_counter()
        secrets(text)
        assert time.perf_counter() - before < 3, text[:20]


WHERE = {
    "a list": 'Asked("x", "Which?", "choose", choices=many[:3])',
    "a free list": 'Asked("x", "Which?", "choose", choices=many[:3], free=True, parse=twelve)',
    "a text": 'Asked("x", "Which?", "text", parse=twelve)',
    "a path": 'Asked("x", "Which?", "path", parse=twelve)',
    "a secret": 'Asked("x", "Which?", "secret", parse=twelve)',
    "a confirm": 'Asked("x", "Which?", "confirm")',
}


@pytest.mark.slow
@pytest.mark.parametrize("asked", and_more(WHERE, "a text", "a secret", "a free list"))
def test_a_paste_in_any_question_and_its_refusal_leave_nothing_on_the_screen(tmp_path, asked):
    terminal = Terminal(tmp_path, f"{asked}, {asked}").until("Which?")
    for text in ("\n".join(EVERY.values()), *ONE_LINE.values(), PASTES["Klingon"], PASTES["quoted"]):
        terminal.press(pasted(text))
        terminal._read(0.1)
        if "confirm" not in asked:
            terminal.press(ENTER, "\x15")
            terminal._read(0.1)
    shows_nothing(terminal.raw.decode())
    terminal.press(CTRL_C)
    assert terminal.answers() == ["CANCELLED"]


@pytest.mark.slow
def test_a_refused_secret_does_not_stay_in_the_field_and_the_refusal_does(tmp_path):
    terminal = Terminal(tmp_path, WHERE["a secret"]).until("back").press("hunter2", ENTER).until("✗ An account ID")
    assert terminal.lines()[0] == "? Which?"
    assert terminal.press("111122223333", ENTER).answers() == ["'111122223333'"]


@pytest.mark.slow
def test_a_refused_text_with_a_secret_in_it_does_not_stay_and_another_does(tmp_path):
    terminal = Terminal(tmp_path, WHERE["a text"]).until("back").press(pasted(ONE_LINE["export"]), ENTER)
    terminal.until("✗ An account ID")
    assert terminal.lines()[0] == "? Which?"
    terminal.press("11112222333", ENTER).until("Which?  11112222333")
    assert terminal.press("3", ENTER).answers() == ["'111122223333'"]


@pytest.mark.slow
@pytest.mark.parametrize("text", [PASTES["two lines"], PASTES["Spanish"], PASTES["no label"], ONE_LINE["export"]])
@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_the_first_question_shows_what_was_recognised_and_no_secret(clean_env: CleanEnv, tmp_path, text, term):
    home = tmp_path / "home"
    terminal = Person([program()], clean_env(home, TERM=term), tmp_path)
    terminal.wait("What were you given?")
    terminal.press(pasted(text) if term != "dumb" else text)
    terminal.read(0.3)
    terminal.press(ENTER)
    for _ in range(8):
        terminal.read(0.1)
    shows_nothing(terminal.raw.decode())
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130
    assert tree(home) == {}
