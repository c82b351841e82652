"""How ccsetup is installed: for how long, where git finds its commands later, and how to install it or an extra.

A person's next shell has neither the folder of `uvx` on its PATH nor that of an environment that was activated in this
one. Everything that has to know what git finds there asks this module. It only looks at paths and never runs anything.
"""

from __future__ import annotations

import os
import os.path
import sys

from ccsetup.core import executables
from ccsetup.core.command_line import in_turn, joined

TYPE_CHECKING = False  # like typing.TYPE_CHECKING
if TYPE_CHECKING:
    from collections.abc import Mapping

# An extra's name in pyproject.toml → the package that it adds, and the command that needs it.
EXTRAS = {"demo": ("trustme", "ccsetup demo"), "login": ("botocore[crt]", "ccsetup")}
PIPX, UV, UVX, PIPX_RUN, PIP = "pipx", "uv tool", "uvx", "pipx run", "pip"
REMOTE = "git-remote-codecommit"
_CACHED = ("archive-v", "environments-v", "builds-v")  # the folders in uv's cache that hold environments


def kind(prefix: str = sys.prefix) -> str:
    """Return what made the environment with this prefix: one of the five names above."""
    if _there(prefix, "pipx_metadata.json"):
        return PIPX if os.path.basename(os.path.dirname(prefix)) == "venvs" else PIPX_RUN  # noqa: PTH119, PTH120
    if _there(prefix, "uv-receipt.toml"):
        return UV
    return UVX if _is_in_uvs_cache(prefix) else PIP


def is_temporary(prefix: str = sys.prefix) -> bool:
    """Return whether an environment is in the cache of uv or pipx, which removes it sooner or later."""
    return kind(prefix) in (UVX, PIPX_RUN)


def passing(folder: str, env: Mapping[str, str]) -> str:
    """Return why a folder of the PATH isn't on it in the person's next shell, "" if it is."""
    prefix = os.path.dirname(folder)  # noqa: PTH120
    if is_temporary(prefix):
        return f"only while {kind(prefix)} runs ccsetup"
    active = next((it for it in _active(env) if _place(it) == _place(prefix)), "")
    return f"only while the environment {active} is active" if active else ""


def is_temporary_command(path: str) -> bool:
    """Return whether a command at this absolute path is in the cache of uv or pipx."""
    return is_temporary(os.path.dirname(os.path.dirname(path)))  # noqa: PTH120


def passing_command(path: str, env: Mapping[str, str]) -> str:
    """Return why a command at this path isn't on the person's next PATH, "" if it is, or if there is no command."""
    return passing(os.path.dirname(path), env) if path else ""  # noqa: PTH120


def later(env: Mapping[str, str]) -> str:
    """Return the PATH that the person's next shell has, as far as this one's tells."""
    found = executables.folders(env.get("PATH"))
    return os.pathsep.join(folder for folder in found if not passing(folder.rstrip("/\\"), env))


def to_keep(env: Mapping[str, str], home: str) -> tuple[list[str], str] | None:
    """Return the command that installs what runs now so that it stays, and the folder that its commands will be in.

    None if ccsetup doesn't run in a cache, or if the program that runs it can't be found.
    """
    made_by = kind()
    if made_by == UVX:
        uv = env.get("UV", "")
        uv = uv if executables.is_absolute(uv) else executables.path_of("uv", env)
        own = env.get("XDG_DATA_HOME", "")
        beside = os.path.join(os.path.dirname(own), "bin") if executables.is_absolute(own) else ""  # noqa: PTH118, PTH120
        folders = (env.get("UV_TOOL_BIN_DIR", ""), env.get("XDG_BIN_HOME", ""), beside)
        return ([uv, "tool", "install", requirement()], _first(folders, home)) if uv else None
    if made_by == PIPX_RUN and (pipx := executables.path_of("pipx", env)):
        return [pipx, "install", requirement()], _first((env.get("PIPX_BIN_DIR", ""),), home)
    return None


def shown(command: list[str]) -> str:
    """Return such a command as a person types it."""
    program = os.path.basename(command[0])  # noqa: PTH119
    return joined(program[:-4] if program.lower().endswith(".exe") else program, *command[1:])


def how_to_install(env: Mapping[str, str], *, again: bool = False, command: str = REMOTE) -> str:
    """Return the command that installs ccsetup so that it stays; `again`: although it is installed already.

    A zip file is made to have the one command that is missing.
    """
    if not executables.WINDOWS and (archive := _zipapp()):
        return _linked(archive, command, env, again)
    if kind() in (UV, UVX) or (executables.path_of("uv", env) and not executables.path_of("pipx", env)):
        return joined("uv", "tool", "install", *(["--force"] if again else []), requirement())
    return joined("pipx", "install", *(["--force"] if again else []), requirement())


def how_to_add(extra: str, prefix: str = sys.prefix, python: str = sys.executable) -> str:
    """Return the command that adds an extra to the environment that ccsetup is installed in."""
    package, command = EXTRAS[extra]
    made_by = kind(prefix)
    if made_by == PIPX:
        return joined("pipx", "inject", "ccsetup", package)
    if made_by == UV:
        return joined("uv", "tool", "install", "--with", package, "ccsetup")
    if made_by == UVX:
        return f"{joined('uvx', '--with', package)} {command}"
    if made_by == PIPX_RUN:
        return f"{joined('pipx', 'run', '--spec', f'ccsetup[{extra}]')} {command}"
    return joined(python, "-m", "pip", "install", f"ccsetup[{extra}]")


def requirement() -> str:
    """Return what to install to get this ccsetup: its name, or the file or address that it was installed from."""
    import json
    from importlib import metadata, util

    extras = "[login]" if util.find_spec("awscrt") else ""
    try:
        told = json.loads(metadata.distribution("ccsetup").read_text("direct_url.json") or "{}")
        url, vcs = str(told.get("url", "")), told.get("vcs_info", {})
    except (metadata.PackageNotFoundError, ValueError, AttributeError):
        url, vcs = "", {}
    if not url:
        return f"ccsetup{extras}"
    address = f"{vcs['vcs']}+{url}@{vcs.get('commit_id', '')}".rstrip("@") if vcs.get("vcs") else url
    return f"ccsetup{extras} @ {address}"


def _linked(archive: str, command: str, env: Mapping[str, str], again: bool) -> str:
    """Return the commands that give a zip file another name in a folder for a person's own programs, on their PATH."""
    from ccsetup.core import shells

    own = os.path.join(env.get("HOME", "") or os.path.expanduser("~"), ".local", "bin")  # noqa: PTH111, PTH118
    is_in_the_way = again and executables.path_of(command, env) == os.path.join(own, command)  # noqa: PTH118
    link = joined("ln", "-sf" if is_in_the_way else "-s", archive)
    commands = ["mkdir -p ~/.local/bin", f"{link} ~/.local/bin/{command}"]
    if _place(own) not in map(_place, executables.folders(env.get("PATH"))):
        commands.append(shells.add_to_path(own, shells.guess(env, "")))
    return in_turn(*commands)


def _zipapp() -> str:
    """Return the absolute path of the zip file that Python runs, "" if it runs installed files."""
    main = getattr(sys.modules.get("__main__"), "__loader__", None)
    archive = str(getattr(main, "archive", ""))
    return os.path.abspath(archive) if archive and not archive.lower().endswith(".exe") else ""  # noqa: PTH100


def _active(env: Mapping[str, str]) -> list[str]:
    """Return the environments that were activated in this shell. conda's base is active in every shell."""
    conda = [env.get("CONDA_PREFIX", "")] if env.get("CONDA_DEFAULT_ENV", "base") != "base" else []
    below = [env[name] for name in env if name.startswith("CONDA_PREFIX_")]  # those that it was activated over
    conda += [prefix for prefix in below if not _there(prefix, "condabin")]
    return [it.rstrip("/\\") for it in (env.get("VIRTUAL_ENV", ""), *conda) if it]


def _place(folder: str) -> str:
    """Return a folder's path in the one spelling that all its others have in common."""
    return os.path.normcase(os.path.realpath(folder))


def _is_in_uvs_cache(prefix: str) -> bool:
    parts = prefix.replace("\\", "/").split("/")
    found = [at for at, part in enumerate(parts) if at and part.startswith(_CACHED)]
    return any("uv" in parts[:at] or _there("/".join(parts[:at]), "CACHEDIR.TAG") for at in found)


def _first(folders: tuple[str, ...], home: str) -> str:
    """Return the first absolute folder, or else the usual one for a person's own programs."""
    named = (it for it in folders if executables.is_absolute(it))
    return next(named, os.path.join(home, ".local", "bin"))  # noqa: PTH118


def _there(folder: str, name: str) -> bool:
    return os.path.exists(os.path.join(folder, name))  # noqa: PTH110, PTH118 — pathlib is slow to import
