"""Questions asked by a child on a pseudo-terminal: the keys that are pressed, the screen they leave, the answers."""

from __future__ import annotations

import os
import sys
import time

import pexpect
import pyte
from paths import ROOT

ENTER, ESC, UP, DOWN, LEFT, HOME, END = "\r", "\x1b", "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[H", "\x1b[F"
PAGE_UP, PAGE_DOWN, CTRL_C, CTRL_D, CTRL_U, BACKSPACE = "\x1b[5~", "\x1b[6~", "\x03", "\x04", "\x15", "\x7f"


def pasted(text):
    return f"\x1b[200~{text}\x1b[201~"


CHILD = """
import os, sys, time
sys.path.insert(0, {root!r})
from ccsetup.access.paste.echo import echo
from ccsetup.core.errors import BadAnswer, Cancelled
from ccsetup.core.model import *
from ccsetup.ui.prompt import Prompt
def twelve(text):
    if not text.isdigit() or len(text) != 12:
        raise BadAnswer("An account ID has 12 digits, such as 123456789012.")
    return text
many = tuple(Choice(f"id-{{i}}", f"repo-{{i}}", "a hint that is rather long and says much") for i in range(4998))
many += (Choice("MySharedDemoRepo", "MySharedDemoRepo", "the one"),)
many += (Choice("kanji", "日本語のとても長い名" * 6, "漢字" * 40),)
evil = "\\x1b[31mred\\x1b]0;owned\\x07 [bold]x[/] <b>y</b>\\nsecond\\x9b2J \\u202eabc\\u200b"
prompt = Prompt(os.environ, echo)
with open({out!r}, "w", encoding="utf-8") as out:
    try:
        for asked in [{asked}]:
            if isinstance(asked, float):  # seconds in which something is loading
                print("loading", file=sys.stderr, flush=True)
                time.sleep(asked)
                continue
            answer = prompt.ask(asked)
            shown = "BACK" if answer is BACK else answer.reveal() if isinstance(answer, Secret) else answer
            print(repr(shown), file=out, flush=True)
    except Cancelled:
        print("CANCELLED", file=out, flush=True)
"""


class Terminal:
    """A child that asks, on a pseudo-terminal, and a screen that shows what it drew."""

    def __init__(self, tmp_path, asked, columns=100, rows=24, child=CHILD, **env):
        self.out = tmp_path / "answers"
        code = child.format(root=str(ROOT), out=str(self.out), asked=asked)
        script = tmp_path / "child.py"
        script.write_text(code, encoding="utf-8")
        clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "TERM": "xterm-256color", **env}
        self.child = pexpect.spawn(sys.executable, [str(script)], env=clean, dimensions=(rows, columns), timeout=10)
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""

    def until(self, text, seconds=10.0):
        """Read until `text` is on the screen and nothing more is being drawn."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read(0.05)
            if text in "\n".join(self.lines()):
                self._read(0.05)
                return self
        raise AssertionError(f"{text!r} is not on the screen:\n" + "\n".join(self.lines()))

    def press(self, *keys):
        for key in keys:
            self.child.send(key)
        return self

    def bytes(self, text, delay_s):
        """Send a text byte by byte, as over a slow line."""
        for byte in text.encode():
            os.write(self.child.child_fd, bytes([byte]))
            time.sleep(delay_s)
        return self

    def answers(self):
        """Return what the child was answered, once it is gone."""
        self.child.expect(pexpect.EOF)
        self._feed(self.child.before)
        self.child.close()
        assert self.child.exitstatus == 0
        return self.out.read_text(encoding="utf-8").splitlines()

    def lines(self):
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def _read(self, seconds):
        try:
            while True:
                self._feed(self.child.read_nonblocking(65536, seconds))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return

    def _feed(self, raw):
        self.raw += raw
        self.stream.feed(raw)
