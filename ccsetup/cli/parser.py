"""Parses the command line: the commands, the flags that each command's file adds, and the flags they all have."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

from ccsetup.core.errors import BadAnswer

COMMANDS = (
    "setup", "clone", "login", "logout", "status", "env", "undo", "remove", "doctor", "share", "team", "completion",
    "schema", "demo",
)  # fmt: skip
ANYWHERE = "flags for every command"  # the title of their group
_UNSAID = {"kind": None, "device_code": False, "no_browser": False}  # what the context needs from every command


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            (file or sys.stderr).write(message)  # argparse would ignore that the disk is full

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: "):
            raise BadAnswer(self._unknown(message.partition(": ")[2].split()), next=f"Run: {self.prog} --help")
        hint = (
            " If a value starts with a hyphen, use an equals sign, for example, --repo=--mirror."
            if "expected one" in message
            else ""
        )
        raise BadAnswer(f"{message[0].upper()}{message[1:].rstrip('.')}.{hint}", next=f"Run: {self.prog} --help")

    def _unknown(self, words: list[str]) -> str:
        """Say which flag doesn't exist, and which one is like it; or which argument there is no place for."""
        from ccsetup.core.text import did_you_mean

        flag = next((word.partition("=")[0] for word in words if word.startswith("-")), "")
        if not flag:
            return f"Unexpected argument: {words[0]}."
        return f"Unknown flag {flag}. {did_you_mean(flag, self._option_string_actions, 1)}".rstrip()

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            from ccsetup.core.text import did_you_mean

            known = [str(each) for each in action.choices]
            said = f'"{value}" isn\'t one of: {", ".join(known)}. {did_you_mean(str(value), known, 1)}'.rstrip()
            raise BadAnswer(said, next=f"Run: {self.prog} --help")


class _Lines(argparse.HelpFormatter):
    """Breaks lines only at spaces, so that us-east-2 and --no-clone stay whole. Doesn't break examples and lists."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        from textwrap import wrap

        return wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines: list[str] = []
        for line in text.splitlines():
            whole = line.startswith(("Example: ", "  "))
            lines += [line] if whole else self._split_lines(line, width - len(indent)) or [""]
        return "\n".join((indent + line).rstrip() for line in lines)


def story(name: str) -> ModuleType:
    """Return a command's module, which has ABOUT, USAGE, EXAMPLE, flags(parser) and main(options, context_of)."""
    return import_module(f"ccsetup.cli.commands.{name}")


def parsed(words: list[str]) -> argparse.Namespace:
    """Parse the command line. The default command is `setup`. Raises BadAnswer; --help prints the help and exits 0."""
    command = words[0] if words and words[0] in COMMANDS else ""
    if not command and words and not words[0].startswith("-"):
        raise _unknown_command(words[0])
    rest = words[1:] if command else words
    flags = rest[: rest.index("--")] if "--" in rest else rest
    parser = parser_of(command or "setup", about=flags if {"-h", "--help"} & {*flags} else None)
    # DIR may follow a flag, for example: clone REPO --profile P DIR. With --, argparse can't parse that.
    options = parser.parse_args(rest) if "--" in rest else parser.parse_intermixed_args(rest)
    options.command = command or "setup"
    options.bare = not words
    for name in set(_UNSAID) - set(vars(options)):
        setattr(options, name, _UNSAID[name])
    return options


def _unknown_command(word: str) -> BadAnswer:
    """Return the error for a command that doesn't exist, which may be a kind of access."""
    from ccsetup import access
    from ccsetup.core.text import did_you_mean

    is_kind = any(kind.name == word for kind in access.KINDS)
    hint = "" if is_kind else did_you_mean(word, COMMANDS, 1)
    return BadAnswer(
        f'Unknown command "{word}". {hint}'.rstrip(),
        next=f"Run: ccsetup setup {word}" if is_kind else "Run: ccsetup --help",
    )


def parser_of(command: str, about: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Return one command's parser. `about` are its words if only its help is wanted, which may depend on them."""
    module = story(command)
    parser = _Parser(f"ccsetup {command}", usage=f"ccsetup {command} {module.USAGE}", allow_abbrev=False)
    parser.formatter_class = _Lines
    parser.description = module.ABOUT
    parser.epilog = f"Example: {module.EXAMPLE}"
    if about is not None and hasattr(module, "explain"):
        module.explain(parser, about)
    else:
        module.flags(parser)
    group = parser.add_argument_group(ANYWHERE)
    group.add_argument("--yes", "-y", action="store_true", help="accept the defaults and skip the review")
    group.add_argument("--no-input", action="store_true", help="never ask; fail if an answer is missing")
    group.add_argument("--dry-run", action="store_true", help="preview the changes without writing them")
    group.add_argument("--json", action="store_true", help="print a single JSON document to stdout")
    group.add_argument("--accessible", action="store_true", help="ask in plain numbered lines, for screen readers")
    group.add_argument("--debug", action="store_true", help="show a traceback for unexpected errors")
    return parser
