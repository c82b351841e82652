"""Where a program is: on the PATH and nowhere else, so that no folder one merely stands in can supply it.

Python's `shutil.which` and Windows' CreateProcess look in the current folder first, and a PATH may have entries that
mean the current folder. Every program that ccsetup starts is looked up here, once, and started by its absolute path.

Standard library only and little of it: git's helpers look here too.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

WINDOWS = os.name == "nt"
_EXTENSIONS = ".COM;.EXE;.BAT;.CMD"  # what Windows starts where PATHEXT does not say


def path_of(
    name: str,
    env: Mapping[str, str],
    *,
    windows: bool = WINDOWS,
    is_program: Callable[[str], bool] | None = None,
) -> str:
    """Return the absolute path of a program that this environment's PATH leads to; "" where it leads to none.

    A name with a folder in it has to be an absolute path. `windows` says whose rules hold, PATHEXT included.
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
    """Return a command with its program's absolute path. Raises FileNotFoundError, as starting it would."""
    found = path_of(words[0], env) if words else ""
    if not found:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), words[0] if words else "")
    return [found, *words[1:]]


def start_by(popen: Callable[..., Any], chain: Any) -> None:
    """Have botocore's credential providers start a credential_process by `popen`, of source profiles too."""
    builder = chain.get_provider("assume-role")._profile_provider_builder
    make = builder._create_process_provider

    def provider(profile_name: str) -> Any:
        made = make(profile_name)
        made._popen = popen
        return made

    builder._create_process_provider = provider
    chain.get_provider("custom-process")._popen = popen


def with_sure_path(env: Mapping[str, str], *, windows: bool = WINDOWS) -> dict[str, str]:
    """Return an environment whose programs find no further ones in the folder one stands in."""
    sure = {**env, "PATH": (";" if windows else ":").join(folders(env.get("PATH"), windows))}
    return {**sure, "NoDefaultCurrentDirectoryInExePath": "1"} if windows else sure


def folders(path: str | None, windows: bool = WINDOWS) -> list[str]:
    """Return the folders of a PATH (None: there is none) that are the same wherever one stands."""
    if path is None:
        path = os.defpath
    entries = path.split(";" if windows else ":")
    if windows:
        entries = [entry.strip().strip('"') for entry in entries]
    return [entry for entry in entries if is_absolute(entry, windows)]


def is_absolute(path: str, windows: bool = WINDOWS) -> bool:
    """Say whether a path means the same file wherever one stands: on Windows with its drive or its server."""
    if not windows:
        return path.startswith("/")
    plain = path.replace("/", "\\")
    return (plain[:1].isalpha() and plain[1:3] == ":\\") or (plain.startswith("\\\\") and plain[2:3] not in ("", "\\"))


def _has_folder(name: str, windows: bool) -> bool:
    return any(sign in name for sign in ("/\\:" if windows else "/"))


def _slash(folder: str, windows: bool) -> str:
    return "" if folder.endswith(("/", "\\") if windows else "/") else "\\" if windows else "/"


def _endings(name: str, env: Mapping[str, str]) -> list[str]:
    """Return what Windows appends to a name: nothing where it ends as a program does already."""
    known = [it for it in (env.get("PATHEXT") or _EXTENSIONS).split(";") if it]
    return ["", *known] if name.lower().endswith(tuple(it.lower() for it in known)) else known


def _runs(path: str) -> bool:
    return _is_file(path) and os.access(path, os.X_OK)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False
