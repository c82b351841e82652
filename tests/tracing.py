"""Which programs a process starts, and those that it starts start: as strace sees it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not here")


def strace(trace: Path) -> list[str]:
    """Return the words before a command that write down every program it starts.

    Where strace can, it has the kernel stop at these calls alone: the trace is the same, in a third of the time.
    """
    return ["strace", "-f", *_filtered(), "-qq", "-s", "9999", "-e", "trace=execve,execveat", "-o", str(trace)]


@cache
def _filtered() -> list[str]:
    option = "--seccomp-bpf"
    told = subprocess.run(["strace", "--help"], capture_output=True, text=True, check=False).stdout
    return [option] if option in told else []


class Started(NamedTuple):
    """A program that was started: its path, and its arguments as strace writes them."""

    program: str
    arguments: str


def traced(
    command: Sequence[str], env: Mapping[str, str], cwd: Path, trace: Path, timeout_s: float = 300
) -> tuple[subprocess.CompletedProcess[str], list[Started]]:
    """Run a command; return what became of it, and every program that was started, its own one first."""
    done = subprocess.run(
        [*strace(trace), *command], env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="replace", timeout=timeout_s, check=False,
    )  # fmt: skip
    return done, started(trace)


def started(trace: Path) -> list[Started]:
    """Return the programs that a trace has, in the order in which they were started."""
    text = trace.read_text(errors="replace")
    found, begun = [], dict[str, str]()
    for line in text.splitlines():
        number, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[number] = call.removesuffix("<unfinished ...>")
            continue
        if resumed := re.match(r"<\.\.\. execve(?:at)? resumed>(.*)", call):
            call = begun.pop(number, "") + resumed[1]
        if one := re.match(r'execve(?:at)?\((?:\w+, )?"((?:[^"\\]|\\.)*)", (\[.*?\])(?:, .*)?\) = 0$', call):
            found.append(Started(one[1], one[2]))
    return found
