"""Generates the man page from the commands' parsers: `python -m ccsetup.cli.manpage > ccsetup/ccsetup.1`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from ccsetup import __version__
from ccsetup.cli import main
from ccsetup.cli import parser as parsers
from ccsetup.cli.parser import ANYWHERE

FILES = (
    ("~/.aws/config, ~/.aws/credentials", "your profiles; only the lines that you approve are changed"),
    (
        "~/.aws/sso/cache, ~/.aws/cli/cache, ~/.aws/boto/cache",
        "sign-ins and role sessions, shared with AWS tools",
    ),
    (
        "~/.local/state/ccsetup/undo",
        "backups for ccsetup undo: the last 20 changes, for up to 30 days. macOS: ~/Library/Application"
        " Support/ccsetup/undo. Windows: %LOCALAPPDATA%\\ccsetup\\undo. ccsetup undo --list names the folder",
    ),
)


def page() -> str:
    """Return the man page in roff format."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH CCSETUP 1 "" "ccsetup {__version__}" "User Commands"'
    yield from (".SH NAME", r"ccsetup \- set up AWS CodeCommit access and clone repositories")
    yield from (".SH SYNOPSIS", ".B ccsetup", "[COMMAND] [flags]")
    yield from (
        ".SH DESCRIPTION",
        "Without a command, ccsetup asks what access you have, writes the matching AWS profile,",
    )
    yield "tests the profile with STS and CodeCommit, and clones the repository. Every question has a flag."
    yield ".SH COMMANDS"
    for name in parsers.COMMANDS:
        yield from _command(name)
    yield ".SH FLAGS FOR EVERY COMMAND"
    yield from _arguments(parsers.parser_of("undo"), anywhere=True)
    yield ".SH EXIT STATUS"
    for each in main.HELP.split("Exit codes")[1].replace("\n", " · ").split(" · "):
        code, _, means = each.strip().partition(" ")
        yield from (".TP", f".B {code}", _plain(means)) if code else ()
    yield ".SH FILES"
    for path, about in FILES:
        yield from (".TP", f".I {_plain(path)}", _plain(about))


def _command(name: str) -> Iterator[str]:
    story = parsers.story(name)
    yield from (f".SS ccsetup {name} {_plain(story.USAGE)}", _plain(story.ABOUT))
    yield from _arguments(parsers.parser_of(name), anywhere=False)
    yield from (".PP", "Example:", ".PP", ".nf", f".RS\n{_plain(story.EXAMPLE)}\n.RE", ".fi")


def _arguments(parser: argparse.ArgumentParser, anywhere: bool) -> Iterator[str]:
    for group in parser._action_groups:
        if (group.title == ANYWHERE) is anywhere:
            for action in group._group_actions:
                if action.dest != "help":
                    names = ", ".join(action.option_strings) or str(action.metavar or action.dest)
                    takes = f" {action.metavar or action.dest}" if action.option_strings and action.nargs != 0 else ""
                    yield from (".TP", f".B {_plain(names + takes)}", _plain((action.help or "").replace("%%", "%")))


def _plain(text: str) -> str:
    """Escape a text so that roff prints it unchanged."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    text = "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in text)
    return "\n".join(rf"\&{line}" if line.startswith(".") else line for line in text.split("\n"))


if __name__ == "__main__":
    sys.stdout.write(page())
