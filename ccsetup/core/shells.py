"""Variables as each shell sets them: whatever the value holds, the shell takes it as it is, and nothing of it acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import NamedTuple

from ccsetup.core.errors import Problem


class Shell(NamedTuple):
    """How one shell is spoken to: a variable set, one taken away, a remark, and how it takes up what is printed."""

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
    quoted = "".join(char * 2 if char in "'‘’‚‛" else char for char in value)  # all of them are quotes to it
    return f"$Env:{name} = '{quoted}'"


def _cmd(name: str, value: str) -> str:
    if any(char in '"%!\r\n' for char in value):
        raise Problem(f"{name} holds a character that cmd would act on.", next="Use PowerShell: --shell powershell")
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


def guess(env: Mapping[str, str], parent: str) -> str:
    """Return the shell one is most likely in: by the name of the program that started this one, else by variables."""
    names = (parent.strip(), PurePath(env.get("SHELL", "")).name)
    for name in (name.lower().removeprefix("-").removesuffix(".exe") for name in names):
        if name in _CALLED:
            return _CALLED[name]
    if env.get("COMSPEC") and not env.get("SHELL"):  # PowerShell adds a person's own folder to what the system has
        return "powershell" if env.get("PSModulePath", "").count(";") > 1 else "cmd"
    return "bash"
