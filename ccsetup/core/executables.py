"""Finds programs on the PATH and nowhere else, so that the current folder can't supply one.

Python's `shutil.which` and Windows' CreateProcess look in the current folder first, and a PATH may have relative
entries. Every program that ccsetup starts is looked up here, once, and started by its absolute path.

Imports little, and only from the standard library, since git's helpers use it too.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False  # like typing.TYPE_CHECKING
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

WINDOWS = os.name == "nt"
_EXTENSIONS = ".COM;.EXE;.BAT;.CMD"  # Windows' default if PATHEXT isn't set


def path_of(
    name: str,
    env: Mapping[str, str],
    *,
    windows: bool = WINDOWS,
    is_program: Callable[[str], bool] | None = None,
) -> str:
    """Return the absolute path of a program on this environment's PATH, "" if it isn't there.

    A name that contains a folder must be an absolute path. `windows` selects Windows' rules, including PATHEXT.
    """
    runs = is_program or (_is_file if windows else _runs)
    if not name or "\0" in name:
        return ""
    if _has_folder(name, windows):
        places = [""] if is_absolute(name, windows) else []
    else:
        places = [f"{folder}{_slash(folder, windows)}" for folder in folders(env.get("PATH"), windows)]
    endings = _endings(name, env) if windows else ("",)
    return next((found for place in places for ending in endings if runs(found := place + name + ending)), "")


def sure(words: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """Return a command with its program's absolute path. Raises FileNotFoundError like starting it would."""
    found = path_of(words[0], env) if words else ""
    if not found:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), words[0] if words else "")
    return [found, *words[1:]]


def start_by(popen: Callable[..., Any], chain: Any) -> None:
    """Make botocore's credential providers start every credential_process with `popen`, also for source profiles."""
    builder = chain.get_provider("assume-role")._profile_provider_builder
    make = builder._create_process_provider

    def provider(profile_name: str) -> Any:
        made = make(profile_name)
        made._popen = popen
        return made

    builder._create_process_provider = provider
    chain.get_provider("custom-process")._popen = popen


def with_sure_path(env: Mapping[str, str], *, windows: bool = WINDOWS) -> dict[str, str]:
    """Return an environment in which programs don't find other programs in the current folder."""
    sure = {**env, "PATH": (";" if windows else ":").join(folders(env.get("PATH"), windows))}
    return {**sure, "NoDefaultCurrentDirectoryInExePath": "1"} if windows else sure


def folders(path: str | None, windows: bool = WINDOWS) -> list[str]:
    """Return the absolute folders of a PATH (None: no PATH), which don't depend on the current folder."""
    if path is None:
        path = os.defpath
    entries = path.split(";" if windows else ":")
    if windows:
        entries = [entry.strip().strip('"') for entry in entries]
    return [entry for entry in entries if is_absolute(entry, windows)]


def is_absolute(path: str, windows: bool = WINDOWS) -> bool:
    """Return whether a path doesn't depend on the current folder. On Windows it needs a drive or a server."""
    if not windows:
        return path.startswith("/")
    plain = path.replace("/", "\\")
    return (plain[:1].isalpha() and plain[1:3] == ":\\") or (plain.startswith("\\\\") and plain[2:3] not in ("", "\\"))


def _has_folder(name: str, windows: bool) -> bool:
    return any(sign in name for sign in ("/\\:" if windows else "/"))


def _slash(folder: str, windows: bool) -> str:
    return "" if folder.endswith(("/", "\\") if windows else "/") else "\\" if windows else "/"


def _endings(name: str, env: Mapping[str, str]) -> list[str]:
    """Return the extensions that Windows appends to a name, none if it already has one of a program."""
    known = [it for it in (env.get("PATHEXT") or _EXTENSIONS).split(";") if it]
    return ["", *known] if name.lower().endswith(tuple(it.lower() for it in known)) else known


def _runs(path: str) -> bool:
    return _is_file(path) and os.access(path, os.X_OK)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False
