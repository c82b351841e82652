"""A message says the same however a mail, a chat or a terminal breaks, quotes or indents its lines."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from conftest import and_more
from messages import MARIA, MESSAGES, PASSING, SECRET, TOKEN, Answers

from ccsetup.access import paste
from ccsetup.core.model import Secret
from ccsetup.wizard.flow import readings


def read(text: str) -> list[tuple[str, Answers]]:
    """Return the readings of a text as the table of messages has them."""
    return [
        (it.kind, {key: value.reveal() if isinstance(value, Secret) else value for key, value in it.answers.items()})
        for it in readings(text)
    ]


def lines(break_line: Callable[[str], list[str]]) -> Callable[[str], str]:
    """Return what breaks each line of a text."""
    return lambda text: "\n".join("\n".join(break_line(line) or [""]) for line in text.split("\n"))


def prefixed(prefix: str) -> Callable[[str], str]:
    """Return what puts the same before each line of a text."""
    return lambda text: textwrap.indent(text, prefix, lambda line: True)


def at_words(width: int) -> Callable[[str], str]:
    """Return what breaks lines between words, as mail programs do."""
    return lines(lambda line: textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False))


def at_hyphens(width: int) -> Callable[[str], str]:
    """Return what breaks lines between words, after hyphens, and within words that are longer than a line."""
    return lines(lambda line: textwrap.wrap(line, width))


def anywhere(width: int) -> Callable[[str], str]:
    """Return what breaks lines as a terminal does."""
    return lines(lambda line: [line[i : i + width] for i in range(0, len(line), width)])


def as_paragraphs(width: int) -> Callable[[str], str]:
    """Return what makes a paragraph of each block of lines."""
    return lambda text: "\n\n".join(textwrap.fill(it, width) for it in text.split("\n\n"))


WRAPPINGS = {"words": at_words, "hyphens": at_hyphens, "anywhere": anywhere, "paragraphs": as_paragraphs}


@pytest.mark.slow
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_the_message_of_the_readme_is_read_at_every_width(wrapping: str) -> None:
    expected = read(MARIA)
    assert [width for width in range(30, 121) if read(WRAPPINGS[wrapping](width)(MARIA)) != expected] == []


CHANGES: dict[str, Callable[[str], str]] = {
    "indented": prefixed("    "),
    "tabs": prefixed("\t"),
    "quoted": prefixed("> "),
    "quoted twice": prefixed(">> "),
    "quoted without blanks": prefixed(">"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "trailing blanks": lambda text: text.replace("\n", "   \n") + "  ",
    "trailing no-break spaces": lambda text: text.replace("\n", "\u00a0\n"),
}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_every_message_is_read_the_same_indented_quoted_or_with_other_line_ends(change: str) -> None:
    assert [name for name, text, expected in MESSAGES if read(CHANGES[change](text)) != expected] == []


BULLETS = {"hyphens": "- ", "stars": "* ", "dots": "• ", "indented": "  - "}
WITH_CONTINUED_LINES = {  # a bullet before each of their lines makes several points of one value
    "the same message as a terminal wraps it", "the documents' profile", "the documents' web identity profile",
}  # fmt: skip


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("bullet", BULLETS)
def test_every_message_is_read_the_same_as_a_list(bullet: str) -> None:
    of_list = prefixed(BULLETS[bullet])
    others = {name for name, text, expected in MESSAGES if read(of_list(text)) != expected}
    assert others <= WITH_CONTINUED_LINES


# What stands in broken lines already, or whose lines mean something: with other breaks it says something else.
OF_LINES = {
    "a token broken by mail", "a quoted token broken by a terminal", "a broken token", "a SAML response in lines",
    "a transcript's last output", "a screenshot's text, with the start URL broken", "a UTF-16 file read as bytes",
    "the same message as a terminal wraps it", "a program", "gimme-aws-creds as json", "two different keys",
}  # fmt: skip
MESSAGES_IN_PROSE = [it for it in MESSAGES if it[0] not in OF_LINES and "\n" not in it[1].strip()]


@pytest.mark.slow
@pytest.mark.parametrize("width", and_more({str(w): w for w in (40, 60, 72, 76, 80, 90, 100)}, "40", "72", "80"))
def test_messages_of_one_line_are_read_the_same_when_they_are_wrapped_at_words(width: int) -> None:
    wrapped = at_words(width)
    assert [name for name, text, expected in MESSAGES_IN_PROSE if read(wrapped(text)) != expected] == []


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_nearly_every_message_is_read_the_same_however_it_is_wrapped(wrapping: str) -> None:
    """A break exactly behind a whole value, or between two values, can't be told from one that was meant."""
    cases = [(it, w) for it in MESSAGES if it[0] not in OF_LINES for w in (40, 60, 72, 80, 100)]
    lost = [
        (name, width) for (name, text, expected), width in cases if read(WRAPPINGS[wrapping](width)(text)) != expected
    ]
    assert len(lost) * 100 <= len(cases) * LOST[wrapping], lost


LOST = {"words": 1, "hyphens": 5, "anywhere": 8, "paragraphs": 10}  # percent


@pytest.mark.parametrize("width", [24, 30, 37, 52, 60, 72, 80])
def test_the_three_values_are_whole_however_a_terminal_breaks_them(width: int) -> None:
    text = (
        f"export AWS_ACCESS_KEY_ID={PASSING}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\nexport AWS_SESSION_TOKEN={TOKEN}\n"
    )
    found = paste.keys(anywhere(width)(text))
    assert found.session_token
    values = found.access_key_id, found.secret_access_key.reveal(), found.session_token.reveal()
    assert values == (PASSING, SECRET, TOKEN)
