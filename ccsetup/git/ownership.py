"""What git says of a repository whose folder belongs to another user, which it refuses to read (sudo, Docker, WSL)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ccsetup.core.command_line import quote
from ccsetup.core.errors import Problem

CODE = "git.settings"
_SAYS = re.compile(r"^fatal: (?:detected dubious ownership in repository at|unsafe repository \() ?'(?P<place>.+?)'")
_COMMAND = re.compile(r"\s*(?P<command>git config --global --add safe\.directory \S.*)")


def refusal(errors: Sequence[str]) -> Problem | None:
    """Return the Problem for git's lines, None if they say nothing about the owner of a repository."""
    place = next((found["place"] for line in errors if (found := _SAYS.match(line))), "")
    if not place:
        return None
    trust = f"git config --global --add safe.directory {quote(place)}"
    trust = next((found["command"] for line in errors if (found := _COMMAND.fullmatch(line))), trust)
    if _is_roots(place):
        why = "root owns the folder, for example because of sudo or a container."
        return _problem(place, why, f'Run: sudo chown -R "$(id -un)" {quote(place)}')
    why = (
        "git reports “detected dubious ownership”. Its settings could run programs as you, so first make sure that you "
    )
    return _problem(place, f"{why}trust the folder.", f"Run: {trust}")


def _is_roots(place: str) -> bool:
    """Return whether root owns a folder and this user isn't root."""
    try:
        return os.name != "nt" and os.getuid() != 0 and Path(place).stat().st_uid == 0
    except OSError:
        return False


def _problem(place: str, why: str, command: str) -> Problem:
    return Problem(
        f"git refuses to use {place}, because another user owns the folder.", why=why, next=command, code=CODE
    )
