"""Whether there is a terminal to ask in, where Windows calls more than a console one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from ccsetup.access.paste.echo import echo
from ccsetup.core import executables
from ccsetup.core.errors import Missing
from ccsetup.core.model import Asked
from ccsetup.ui import tty
from ccsetup.ui.prompt import Prompt


class Stream(io.StringIO):
    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set whether stdin and stderr are terminals (None: closed), and which descriptors are consoles on Windows."""

    def have(stdin: bool | None, stderr: bool | None, consoles: tuple[int, ...] | None = None) -> None:
        for name, it in (("stdin", stdin), ("stderr", stderr)):
            monkeypatch.setattr(sys, name, it if it is None else Stream(it))
        monkeypatch.setattr(executables, "WINDOWS", consoles is not None)
        monkeypatch.setattr(tty, "_is_console", lambda descriptor: descriptor in (consoles or ()))

    return have


@pytest.mark.parametrize(
    ("stdin", "stderr", "consoles", "asks"),
    [
        (True, True, None, True),
        (False, True, None, False),
        (True, False, None, False),
        (None, True, None, False),  # closed, as for a service
        (True, None, None, False),
        (True, True, (0, 1, 2), True),
        (True, True, (), False),  # NUL
        (True, True, (0, 2), False),  # stdout goes to a file, where prompt_toolkit can't draw
        (False, False, (0, 1, 2), False),  # the window of Git Bash
    ],
)
def test_it_asks_only_where_it_can_draw_and_read(
    stdin: bool | None, stderr: bool | None, consoles: tuple[int, ...] | None, asks: bool, streams: Callable[..., None]
) -> None:
    streams(stdin, stderr, consoles)
    assert tty.can_ask() is asks


@pytest.mark.skipif(os.name != "nt", reason="only Windows has NUL")
def test_neither_nul_nor_a_pipe_is_a_console() -> None:
    asks = (
        "import sys; from ccsetup.ui.tty import _is_console as c; print(sys.stdin.isatty(), [c(n) for n in range(3)])"
    )
    words = [sys.executable, "-c", asks]
    for stdin in (subprocess.DEVNULL, subprocess.PIPE):
        done = subprocess.run(words, stdin=stdin, capture_output=True, text=True, check=True)
        assert done.stdout.split("[")[1].strip() == "False, False, False]"
        assert stdin == subprocess.PIPE or done.stdout.startswith("True")  # Windows calls NUL a terminal


def test_a_window_without_a_console_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoConsoleScreenBufferError(Exception):
        pass

    def refuse(stdout: object) -> None:
        raise NoConsoleScreenBufferError

    monkeypatch.setattr("prompt_toolkit.output.create_output", refuse)
    monkeypatch.setattr(executables, "WINDOWS", True)
    for env, says in (({"MSYSTEM": "MINGW64"}, "winpty ccsetup"), ({}, "Windows Terminal")):
        with pytest.raises(Missing) as refused:
            Prompt(env, echo).ask(Asked("region", "Region", "text"))
        assert refused.value.what == "This window isn't a console." and says in refused.value.next
        assert refused.value.exit_code == 2
