"""How this installation of ccsetup gets one of its extras: with pipx, uv or pip."""

from __future__ import annotations

import os.path
import sys

from ccsetup.core.quoting import quote

# An extra's name in pyproject.toml → the package that it adds, and the command that needs it.
EXTRAS = {"demo": ("trustme", "ccsetup demo"), "login": ("'botocore[crt]'", "ccsetup")}


def how_to_add(extra: str, prefix: str = sys.prefix, python: str = sys.executable) -> str:
    """Return the command that adds an extra to the environment that ccsetup is installed in."""
    package, command = EXTRAS[extra]
    if os.path.exists(os.path.join(prefix, "pipx_metadata.json")):  # noqa: PTH110, PTH118 — pathlib is slow to import
        return f"pipx inject ccsetup {package}"
    if os.path.exists(os.path.join(prefix, "uv-receipt.toml")):  # noqa: PTH110, PTH118
        return f"uv tool install --with {package} ccsetup"
    parts = prefix.replace("\\", "/").split("/")
    if "uv" in parts and any(part.startswith(("archive-v", "environments-v")) for part in parts):
        return f"uvx --with {package} {command}"
    return f"{quote(python)} -m pip install 'ccsetup[{extra}]'"
