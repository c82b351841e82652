"""The script by which a shell completes ccsetup: made from the commands' own parsers, whenever it is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from ccsetup import completing
from ccsetup.commands.report import Report
from ccsetup.completing import DIRECTORY, FILE, PROFILE, Command
from ccsetup.core import regions
from ccsetup.transport import AWS_CLI, HELPER, OURS, REMOTE
from ccsetup.world import World

ABOUT = "Print the script by which bash, zsh or fish complete commands, flags and profiles."
USAGE = "bash|zsh|fish"
EXAMPLE = "source <(ccsetup completion bash)"
NOTHING: Mapping[str, object] = {"shell": None, "script": None}

_TAKEN = {
    "profile": PROFILE,
    "developer": PROFILE,
    "profiles": PROFILE,
    "names": PROFILE,
    "source_profile": PROFILE,
    "output": "json text table yaml",
    "via": f"{REMOTE} {HELPER}",
    "helper": f"{OURS} {AWS_CLI}",
    "keys": "- env",
    "paste": "-",
    "directory": DIRECTORY,
    "out": DIRECTORY,
    "saml_assertion": FILE,
    "web_identity_token_file": FILE,
    "policy": FILE,
    "team": FILE,
}
_FLAGS = {"--credential-source": "Ec2InstanceMetadata EcsContainer Environment"}


def flags(parser: argparse.ArgumentParser) -> None:
    """Add which shell."""
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help="whose script to print")


def main(options: argparse.Namespace, world_of: Callable[[], World]) -> Report:
    """Print the script."""
    text = completing.script(options.shell, commands())
    world_of().screen.output(text.rstrip("\n"))
    return Report({"ok": True, "shell": options.shell, "script": text})


def commands() -> dict[str, Command]:
    """Return every command with what its parser takes."""
    from ccsetup import arguments

    return {name: _command(arguments.story(name).ABOUT, arguments.parser_of(name)) for name in arguments.COMMANDS}


def _command(about: str, parser: argparse.ArgumentParser) -> Command:
    flags: dict[str, str | None] = {}
    places: list[str | None] = []
    for action in parser._actions:
        if action.option_strings:
            flag = max(action.option_strings, key=len)
            flags[flag] = "" if action.nargs == 0 else _FLAGS.get(flag) or _taken(action)
        else:
            places.append(_taken(action))
    return Command(about, flags, places)


def _taken(action: argparse.Action) -> str | None:
    """Return what an argument takes: one of its choices, a profile, a folder, a file; None when that is anybody's."""
    from ccsetup import access

    if action.choices:
        return " ".join(map(str, action.choices))
    everywhere = " ".join(regions.REGIONS)
    known = {"kind": " ".join(kind.name for kind in access.KINDS), "region": everywhere, "sso_region": everywhere}
    return known.get(action.dest) or _TAKEN.get(action.dest)
