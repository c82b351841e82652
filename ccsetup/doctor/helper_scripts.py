"""Why a helper of git's that is there can't run: its interpreter, or the package that it starts, is gone.

It reads the helper's script and the library folder of its Python. Nothing is run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from ccsetup.core.context import Context
from ccsetup.core.errors import Problem
from ccsetup.git.helper_owner import package

_SHEBANG = re.compile(r"#!\s*(?P<interpreter>\S+)(?:\s+(?P<name>[^\s-]\S*))?")


def fault(context: Context, path: Path) -> str:
    """Return why a script can't run, "" if it probably can, or if it isn't a script."""
    try:
        text = context.files.seen(path) or ""
    except Problem:  # it can't be read as a small text file, so it is a program
        return ""
    found = _SHEBANG.match(text)
    if not found:
        return ""
    interpreter = Path(found["interpreter"])
    if interpreter.name == "env":
        name = found["name"] or ""
        gone = bool(name) and not context.git.command(name)
        return f"its interpreter, {name}, isn't on the PATH" if gone else ""
    if context.files.mode(interpreter) is None:
        return f"its interpreter, {interpreter}, doesn't exist"
    starts = package(text)
    return _without_package(context, interpreter, starts) if starts else ""


class Shared(NamedTuple):
    """Two packages in one environment that both install git-remote-codecommit: whose it is, and their Python."""

    owner: str
    python: str


def shared(context: Context, path: Path) -> Shared | None:
    """Return the owner of git-remote-codecommit if both packages with that command are in its environment."""
    try:
        text = context.files.seen(path) or ""
    except Problem:
        return None
    found, starts = _SHEBANG.match(text), package(text)
    if not found or starts in ("", "awscli"):
        return None
    folders = context.files.listed(Path(found["interpreter"]).parent.parent / "lib")
    inside = (it / kind for it in folders for kind in ("site-packages", "dist-packages"))
    names = {it.name.partition("-")[0] for there in inside for it in context.files.listed(there) if "-" in it.name}
    both = {"ccsetup", "git_remote_codecommit"} <= names
    return Shared(starts.replace("_", "-"), found["interpreter"]) if both else None


def _without_package(context: Context, interpreter: Path, package: str) -> str:
    """Return that a package is missing in the virtual environment of an interpreter. Other Pythons aren't checked."""
    environment = interpreter.parent.parent
    if context.files.mode(environment / "pyvenv.cfg") is None:
        return ""
    libraries = [it / "site-packages" for it in context.files.listed(environment / "lib")]
    names = [path.name.lower() for library in libraries for path in context.files.listed(library)]
    if not names or any(package in name.replace("-", "_") for name in names):
        return ""
    return f"the Python package {package} is missing in {environment}"
