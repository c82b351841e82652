"""Says whether to use colors, and whether to ask in plain lines, from the environment and the terminal."""

from __future__ import annotations

import os
from collections.abc import Mapping

_NO = ("", "0", "false", "no")


def is_plain(env: Mapping[str, str]) -> bool:
    """Return whether to write plain lines only: the terminal can't move its cursor, or a screen reader reads them.

    The flag --accessible sets the variable ACCESSIBLE, which other tools read too.
    """
    return env.get("TERM", "").lower() in ("dumb", "unknown") or _is_on(env, "ACCESSIBLE")


def has_colors(env: Mapping[str, str], is_terminal: bool) -> bool:
    """Return whether to use colors on a stream: as the variables say, or else on a terminal that isn't plain."""
    wanted = wants_colors(env)
    if wanted is not None:
        return wanted
    return is_terminal and not is_plain(env) and (os.name != "nt" or "WT_SESSION" in env)


def wants_colors(env: Mapping[str, str]) -> bool | None:
    """Return whether variables turn colors on, in a pipe too, or off. Returns None if they don't.

    In this order: NO_COLOR turns them off, FORCE_COLOR on (off if it is 0), CLICOLOR_FORCE on, and CLICOLOR=0 off.
    """
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR"):
        return _is_on(env, "FORCE_COLOR")
    if _is_on(env, "CLICOLOR_FORCE"):
        return True
    return False if env.get("CLICOLOR") == "0" else None


def _is_on(env: Mapping[str, str], name: str) -> bool:
    return env.get(name, "").lower() not in _NO
