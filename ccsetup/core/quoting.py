"""Quotes words for the shell that you type in, and splits commands as this system does.

Commands that git runs itself are quoted for sh, which git brings on Windows too: they use shlex.
"""

from __future__ import annotations

import os

from ccsetup.core import executables

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=:./-\\")


def quote(word: str) -> str:
    """Return a word quoted for the shell, so that no part of it is interpreted."""
    if executables.WINDOWS:
        from ccsetup.core import shells

        shell = shells.guess(os.environ, "")
        if shell in ("powershell", "cmd"):
            return _for_windows(word, shell)
    import shlex

    return shlex.quote(word)


def _for_windows(word: str, shell: str) -> str:
    """Return a word quoted for one of Windows' shells: in double quotes if both take them alike."""
    if word and _PLAIN.issuperset(word):
        return word
    if shell == "powershell" and any(char in word for char in '"$`“”„'):
        return "'" + "".join(char * 2 if char in "'‘’‚‛" else char for char in word) + "'"
    return '"' + word.replace('"', '""') + '"'  # cmd stays inside the quotes, and programs read one quote


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
