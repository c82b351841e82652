"""`ccsetup schema`: prints the JSON Schema of a command's --json document."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping

from ccsetup.core.context import Context
from ccsetup.core.result import Report

ABOUT = "Print the JSON Schema of a command's --json document, or of all commands."
USAGE = "[COMMAND]"
EXAMPLE = "ccsetup schema doctor"
NOTHING: Mapping[str, object] = {}


def flags(parser: ArgumentParser) -> None:
    """Add the command argument."""
    from ccsetup.cli.parser import COMMANDS

    parser.add_argument(
        "of", nargs="?", choices=COMMANDS, metavar="COMMAND", help="command to describe the document of (default: all)"
    )


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Print the schema, with and without --json."""
    from ccsetup.cli import schemas

    schema = schemas.of(options.of or "")
    context_of().screen.output(json.dumps(schema, indent=2))
    return Report(schema)
