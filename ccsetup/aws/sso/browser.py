"""The user's browser: whether this computer has one, and opening a page in it."""

from __future__ import annotations

import os
import re
import shlex
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ccsetup.core import executables
from ccsetup.core.command_line import windows_words
from ccsetup.core.text import inert

# Where an editor's window is on another computer: variables that tell it. They come before BROWSER, which it sets.
_REMOTE = {
    "CODESPACES": "this is a GitHub codespace",
    "GITPOD_WORKSPACE_ID": "this is a Gitpod workspace",
    "REMOTE_CONTAINERS": "this is a remote VS Code window",
    "VSCODE_IPC_HOOK_CLI": "this is a remote VS Code window",
}


def why_none(
    env: Mapping[str, str],
    platform: str = sys.platform,
    exists: Callable[[str], bool] = lambda path: Path(path).exists(),
    which: Callable[[str], str] = lambda name: executables.path_of(name, os.environ),
) -> str:
    """Return why no browser on this computer can finish a sign-in; "" if one can.

    If BROWSER is set, one can, except where an editor sets it to open pages on another computer.
    """
    if remote := next((why for name, why in _REMOTE.items() if env.get(name)), ""):
        return remote
    if env.get("BROWSER"):
        return ""
    if any(env.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        return "this is an SSH session"
    if env.get("AWS_EXECUTION_ENV") == "CloudShell":
        return "this is CloudShell"
    if any(env.get(name) for name in ("CONTAINER", "container", "CODESPACES", "KUBERNETES_SERVICE_HOST")):
        return "this is a container"
    if exists("/.dockerenv") or exists("/run/.containerenv"):
        return "this is a container"
    if env.get("WSL_DISTRO_NAME") or env.get("WSL_INTEROP"):
        return "" if which("wslview") else "this is WSL without wslview"
    if platform.startswith(("linux", "freebsd")) and not (env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")):
        return "there's no display"
    return ""


def opens_elsewhere(env: Mapping[str, str]) -> bool:
    """Return whether an editor opens pages on the computer in front of the user, but can't return to this one."""
    return bool(env.get("BROWSER")) and any(env.get(name) for name in _REMOTE)


def name_of(env: Mapping[str, str]) -> str:
    """Return the name of the program in BROWSER, else "your browser"."""
    program = next((command[0] for command in _named(env)), "")
    return inert(re.split(r"[/\\]", program)[-1])[:40] if program else "your browser"


def open_page(url: str, env: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Open a page in the user's browser (BROWSER, if set); return whether one was found."""
    try:
        named = list(_named(env))
        opener = executables.path_of("open", env) if platform == "darwin" else ""
        if not named and opener:
            return _opened([opener], url)
        if not named:
            return webbrowser.get("windows-default").open(url) if executables.WINDOWS else webbrowser.open(url)
        return any(_opened(command, url) for command in named)
    except (webbrowser.Error, OSError):
        return False


def _named(env: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the commands in BROWSER whose programs there are, each with its program's absolute path.

    Python's own library would also look for them in the current folder. On Windows, it would not find a program whose
    path has spaces and no quotes, and a batch file would run what comes after an & in the page's address.
    """
    windows = executables.WINDOWS
    for text in env.get("BROWSER", "").split(";" if windows else ":"):
        try:
            whole = executables.path_of(text, env, windows=windows)
            words = [text] if whole else windows_words(text) if windows else shlex.split(text)
        except ValueError:  # a missing closing quote
            continue
        for count in range(len(words), 0, -1) if windows else (1,):
            program = executables.path_of(" ".join(words[:count]), env, windows=windows)
            if program and not (windows and program.lower().endswith((".bat", ".cmd"))):
                yield [program, *words[count:]]
                break


def _opened(command: list[str], url: str) -> bool:
    behind = command[-1] == "&"
    words = command[:-1] if behind else command
    words = words if any("%s" in word for word in words) else [*words, "%s"]
    kind = webbrowser.BackgroundBrowser if behind else webbrowser.GenericBrowser
    return kind(words).open(url)


@contextmanager
def visited(page: str, opens: Callable[[str], bool], note: Callable[[str], None]) -> Iterator[None]:
    """Open a page in the background while the block runs: some browsers return only when they are closed."""
    over = threading.Event()

    def visit() -> None:
        if not opens(page) and not over.is_set():
            note("Couldn't open a browser. Open the URL above yourself.")

    threading.Thread(target=visit, daemon=True).start()
    try:
        yield
    finally:
        over.set()
