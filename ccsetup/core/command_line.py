"""Commands for the shell that you type in: how it quotes words and joins commands, and what it calls what it does.

Commands that git runs itself are quoted for sh, which git brings on Windows too: they use shlex.
"""

from __future__ import annotations

import os
import re
from pathlib import PurePath

from ccsetup.core import executables

_CLIPBOARDS = {"powershell": "Get-Clipboard", "cmd": "powershell -c Get-Clipboard"}
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=:./-\\")


def quote(word: str) -> str:
    """Return a word quoted for the shell, so that no part of it is interpreted."""
    shell = _of_windows()
    if not shell:
        import shlex

        return shlex.quote(word)
    return word if word and _PLAIN.issuperset(word) else _powershell(word) if shell == "powershell" else _cmd(word)


def joined(*words: str) -> str:
    """Return a command with these words, each quoted for the shell."""
    if _of_windows() != "powershell":
        return " ".join(map(quote, words))
    if any(not word or '"' in word for word in words):  # Windows PowerShell would lose them on the way to the program
        return f"cmd /c {_powershell(' '.join(it if it and _PLAIN.issuperset(it) else _cmd(it) for it in words))}"
    quoted = " ".join(map(quote, words))
    return f"& {quoted}" if quoted[:1] in ("'", '"') else quoted


def in_turn(*commands: str) -> str:
    """Return commands on one line, each of which runs only if those before it succeeded."""
    first, *others = commands
    if _of_windows() != "powershell":
        return " && ".join(commands)
    return f"{first}; if ($?) {{ {in_turn(*others)} }}" if others else first  # Windows PowerShell 5 has no &&


def with_input(typed: str, path: str) -> str:
    """Return a command that reads a file as its standard input."""
    return f"Get-Content {quote(path)} | {typed}" if _of_windows() == "powershell" else f"{typed} < {quote(path)}"


def with_clipboard(typed: str) -> str:
    """Return a command that reads the clipboard as its standard input."""
    return f"{_CLIPBOARDS.get(_of_windows(), 'pbpaste')} | {typed}"


def change_to(folder: str) -> str:
    """Return the command that changes the current folder, also to one on another drive."""
    absolute_in_cmd = _of_windows() == "cmd" and executables.is_absolute(folder, windows=True)
    return joined("cd", "/d", folder) if absolute_in_cmd else joined("cd", folder)


def deletion(path: str) -> str:
    """Return the command that deletes a file or a link."""
    return f"{'del' if _of_windows() else 'rm'} {quote(path)}"


def renaming(path: PurePath, name: str) -> str:
    """Return the command that gives a file another name in its folder."""
    return (
        f"ren {quote(str(path))} {quote(name)}" if _of_windows() else joined("mv", str(path), str(path.with_name(name)))
    )


def variables(start: str) -> str:
    """Return the command that lists the variables whose names start like this."""
    return {"powershell": f"Get-ChildItem Env:{start}*", "cmd": f"set {start}"}.get(
        _of_windows(), f"env | grep {start}"
    )


def _of_windows() -> str:
    """Return "powershell" or "cmd" if the shell is one of Windows' own, else ""."""
    if not executables.WINDOWS:
        return ""
    from ccsetup.core import shells

    shell = shells.guess(os.environ, "")
    return shell if shell in ("powershell", "cmd") else ""


def _powershell(word: str) -> str:
    if any(char in word for char in '"$`“”„'):
        return "'" + "".join(char * 2 if char in "'‘’‚‛" else char for char in word) + "'"
    return f'"{word}"'


def _cmd(word: str) -> str:
    """Return a word in double quotes. Programs read two of them as one, and backslashes before one as half as many.

    cmd replaces %NAME% inside quotes too, so each % goes outside: no variable has a quote in its name.
    """
    said = {'"': '""', "%": '"%"', "": ""}
    return '"' + re.sub(r'(\\*)(["%]|$)', lambda found: found[1] * 2 + said[found[2]], word) + '"'


def windows_words(command: str) -> list[str]:
    """Return the words of a command as programs on Windows get them. Raises ValueError if a quote isn't closed.

    A backslash is special only before a quote: two of them are one backslash, and one makes the quote an ordinary one.
    """
    words, word, slashes, inside = list[str](), None, 0, False
    for char in command:
        if char == "\\":
            slashes += 1
            continue
        kept, slashes = (slashes // 2 if char == '"' else slashes), (slashes % 2 if char == '"' else 0)
        if kept:
            word = (word or "") + "\\" * kept
        if char == '"' and not slashes:
            inside, word = not inside, word or ""
        elif char in " \t" and not inside:
            words += [] if word is None else [word]
            word = None
        else:
            word = (word or "") + char
        slashes = 0
    if inside:
        raise ValueError("No closing quotation")
    if slashes:
        word = (word or "") + "\\" * slashes
    return words if word is None else [*words, word]
