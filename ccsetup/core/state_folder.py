"""The folder for a program's state on this platform."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def state_folder(env: Mapping[str, str], home: Path) -> Path:
    """Return ccsetup's state folder: `$XDG_STATE_HOME/ccsetup`, or the platform's equivalent."""
    named = Path(env.get("XDG_STATE_HOME", ""))
    if named.is_absolute():
        return named / "ccsetup"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "ccsetup"
    if sys.platform == "win32":
        return Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local") / "ccsetup"
    return home / ".local" / "state" / "ccsetup"
