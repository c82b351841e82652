"""Sets variables in each shell's syntax, quoted so that no part of a value is interpreted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import NamedTuple

from ccsetup.core import executables
from ccsetup.core.errors import Problem


class Shell(NamedTuple):
    """The syntax of one shell: set a variable, unset one, a comment, and how to evaluate the output of ccsetup."""

    assign: Callable[[str, str], str]
    remove: Callable[[str], str]
    remark: Callable[[str], str]
    use: str


def _posix(name: str, value: str) -> str:
    quoted = value.replace("'", "'\\''")
    return f"export {name}='{quoted}'"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _powershell(name: str, value: str) -> str:
    quoted = "".join(char * 2 if char in "'‘’‚‛" else char for char in value)  # PowerShell treats all of them as quotes
    return f"$Env:{name} = '{quoted}'"


def _cmd(name: str, value: str) -> str:
    if any(char in '"%!\r\n' for char in value):
        raise Problem(
            f"{name} contains a character that has a special meaning in cmd.", next="Use PowerShell: --shell powershell"
        )
    return f'set "{name}={value}"'


def _hash(text: str) -> str:
    return f"# {text}"


_POSIX = Shell(_posix, lambda name: f"unset {name}", _hash, 'eval "$(ccsetup env {})"')
SHELLS: Mapping[str, Shell] = {
    "bash": _POSIX,
    "zsh": _POSIX,
    "fish": Shell(_fish, lambda name: f"set -e {name}", _hash, "ccsetup env {} | source"),
    "powershell": Shell(
        _powershell,
        lambda name: f"Remove-Item Env:{name} -ErrorAction SilentlyContinue",
        _hash,
        "ccsetup env {} | Out-String | Invoke-Expression",
    ),
    "cmd": Shell(
        _cmd,
        lambda name: f'set "{name}="',
        lambda text: f"rem {text}",
        "for /f \"delims=\" %i in ('ccsetup env {}') do @%i",
    ),
}
_CALLED = {"pwsh": "powershell", "powershell": "powershell", "cmd": "cmd", "fish": "fish", "zsh": "zsh", "bash": "bash"}


def add_to_path(folder: str, shell: str) -> str:
    """Return the command that puts an absolute folder at the start of a shell's PATH."""
    lines = {"fish": 'fish_add_path "{}"', "powershell": '$Env:Path = "{};$Env:Path"', "cmd": 'set "PATH={};%PATH%"'}
    return lines.get(shell, 'export PATH="{}:$PATH"').format(folder)


def guess(env: Mapping[str, str], parent: str, platform: str = sys.platform) -> str:
    """Return the most likely current shell, from the name of the parent process, or else from variables."""
    names = (parent.strip(), PurePath(env.get("SHELL", "")).name)
    for name in (name.lower().removeprefix("-").removesuffix(".exe") for name in names):
        if name in _CALLED:
            return _CALLED[name]
    if env.get("COMSPEC") and not env.get("SHELL"):  # PowerShell adds a user folder to the system's value
        return "powershell" if env.get("PSModulePath", "").count(";") > 1 else "cmd"
    return "zsh" if platform == "darwin" else "bash"


def setting(name: str, value: str, env: Mapping[str, str]) -> str:
    """Return the command that sets a variable in the current shell, to be typed there or put in its startup file."""
    shell = guess(env, "")
    if shell in ("powershell", "cmd"):
        return SHELLS[shell].assign(name, value)
    import shlex

    return f"export {name}={shlex.quote(value)}"


def other_window(env: Mapping[str, str]) -> str:
    """Return how to get a console on Windows, else "". Programs find none in the window of Git Bash (mintty)."""
    if not executables.WINDOWS:
        return ""
    if not env.get("MSYSTEM"):
        return "Run ccsetup in Windows Terminal, and don't redirect its input or output."
    return "The window of Git Bash isn't a console. Use Windows Terminal, or put winpty in front: winpty ccsetup"


def lasting(name: str, value: str, env: Mapping[str, str]) -> str:
    """Return the command that sets a variable for new terminals too, as far as the shell has one."""
    shell = guess(env, "")
    return f"setx {name} {value}" if shell in ("powershell", "cmd") else SHELLS[shell].assign(name, value)
