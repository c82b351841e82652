"""Completes the last word of a command line. PowerShell's completion script asks for it; other shells have their own.

The script passes the words in the environment, because Windows PowerShell changes quotes in arguments and characters
on stdin. The answer has only ASCII characters, because PowerShell may expect any encoding.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

WORDS = "CCSETUP_WORDS"  # the command line's words up to the cursor, one per line

_QUOTES = "'‘’‚‛"  # PowerShell treats all of them as single quotes


class Word(NamedTuple):
    """One way to complete the word, and a short description."""

    text: str
    about: str


def answer() -> int:
    """Print the ways to complete the last of the words, one per line: as PowerShell code, as text, and described."""
    words = os.environ.get(WORDS, "").split("\n")[1:]
    for word in completed(words):
        if '"' not in word.text:  # Windows PowerShell can't pass it to a program
            parts = (_quoted(word.text), word.text, word.about or word.text)
            sys.stdout.write("\t".join(map(_escaped, parts)) + "\n")
    return 0


def completed(words: Sequence[str]) -> Iterator[Word]:
    """Yield the ways to complete the last word. Yields nothing where a file or free text is expected."""
    from ccsetup.cli import parser as parsers
    from ccsetup.cli.commands import completion

    *before, last = words or [""]
    last = last.lstrip("\"'")
    named = bool(before) and before[0] in parsers.COMMANDS
    if not before:
        yield from _fitting((Word(name, parsers.story(name).ABOUT) for name in parsers.COMMANDS), last)
    parser = parsers.parser_of(before[0] if named else "setup")
    flag, equals, value = last.partition("=")
    waiting, free = _place(parser, before[named:])
    known = parser._option_string_actions
    if waiting:
        yield from _fitting(_words(waiting, completion.offered(waiting)), last)
    elif equals and flag in known:
        for word in _fitting(_values(known[flag], completion.offered(known[flag])), value):
            yield Word(f"{flag}={word.text}", word.about)
    elif last.startswith("-"):
        flags = ((name, action) for name, action in known.items() if name.startswith("--"))
        yield from _fitting((Word(name, _help(action)) for name, action in flags), last)
    elif free and (named or before):
        yield from _fitting(_words(free, completion.offered(free)), last)


def _place(
    parser: argparse.ArgumentParser, before: Sequence[str]
) -> tuple[argparse.Action | None, argparse.Action | None]:
    """Return the flag that waits for its value, if any, and the argument that a word without a flag would be."""
    waiting: argparse.Action | None = None
    free = [action for action in parser._actions if not action.option_strings]
    for word in before:
        if waiting:
            waiting = None if waiting.nargs != "?" or not word.startswith("-") else _takes_value(parser, word)
        elif word.startswith("-"):
            waiting = _takes_value(parser, word)
        elif free and free[0].nargs not in ("*", "+"):
            free.pop(0)
    return waiting, free[0] if free else None


def _takes_value(parser: argparse.ArgumentParser, word: str) -> argparse.Action | None:
    action = parser._option_string_actions.get(word)
    return action if action and action.nargs != 0 else None


def _values(action: argparse.Action, values: Sequence[str]) -> Iterator[Word]:
    return (Word(value, _help(action)) for value in values)


def _words(action: argparse.Action, values: Sequence[str]) -> Iterator[Word]:
    """Yield values that are words of their own. One that starts with a hyphen would be read as a flag."""
    return _values(action, [value for value in values if not value.startswith("-")])


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


def _fitting(words: Iterator[Word], begins: str) -> Iterator[Word]:
    return (word for word in words if word.text.casefold().startswith(begins.casefold()))


def _quoted(text: str) -> str:
    """Return a word as PowerShell code, in single quotes if it has a character that PowerShell may interpret."""
    if text.isascii() and text.removeprefix("--").replace("-", "").replace("_", "").isalnum():
        return text
    return "'" + "".join(char * 2 if char in _QUOTES else char for char in text) + "'"


def _escaped(text: str) -> str:
    r"""Return a text for .NET's Regex.Unescape: all but plain characters are \uXXXX, in UTF-16."""
    units: Any = memoryview(text.encode("utf-16-le", "replace")).cast("H")
    return "".join(chr(it) if it < 128 and (chr(it).isalnum() or chr(it) in " -_'") else f"\\u{it:04x}" for it in units)
