"""One git at a time: run with the person's environment, asked nothing, followed step by step, and ended with us."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ccsetup.complaints import problem_of
from ccsetup.errors import Problem
from ccsetup.patterns import later

CHECK_S = 60  # what only asks the other side is over by then

Progress = Callable[[str, float | None], None]

# Git's phases of a clone, each with its part of the whole; English, since git is run with LC_ALL=C.
_PHASES = {
    "Counting objects": (0.0, 0.05),
    "Compressing objects": (0.05, 0.1),
    "Receiving objects": (0.1, 0.85),
    "Resolving deltas": (0.85, 0.95),
    "Updating files": (0.95, 1.0),
}
_STEP = later(r"(?:remote: )?([A-Z][a-z]+ [a-z]+): +(\d+)% \(\d+/\d+\)(?:, ([\d.]+) ([KMGT]?i?B|bytes))?")
_STEPS = later(r"(?:remote: )?([A-Z][a-z]+ [a-z]+: +\d+|Total \d+ )")

# Variables that tie git to one repository (git rev-parse --local-env-vars): a hook that runs us has them.
_TIED = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_INTERNAL_SUPER_PREFIX",
)  # fmt: skip
# Nobody is asked anything: no terminal, no window; and git speaks the language that is read here.
_SILENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "GCM_INTERACTIVE": "never", "LC_ALL": "C"}


class Done(NamedTuple):
    """What became of one git: its exit code, what it printed, the lines of its errors, and what it printed as bytes."""

    code: int
    out: str
    errors: tuple[str, ...]
    raw: bytes = b""


class Runner:
    """Runs git with the environment that it would have in the person's shell."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self.home, self.path = home, env.get("PATH", os.defpath)
        self.env = {k: v for k, v in env.items() if k not in _TIED} | {"HOME": env.get("HOME", str(home))} | _SILENT

    def checked(
        self,
        directory: Path,
        url: str,
        *words: str,
        timeout_s: float | None = CHECK_S,
        progress: Progress | None = None,
    ) -> Done:
        """Run git in a clone. Raises Problem in words where git refuses; `url` is whom it speaks to."""
        done = self.within(directory, *words, timeout_s=timeout_s, progress=progress)
        if done.code:
            raise problem_of(done.errors, url, "git.failed")
        return done

    def within(
        self, directory: Path, *words: str, timeout_s: float | None = CHECK_S, progress: Progress | None = None
    ) -> Done:
        """Run git in a clone: in this directory's own repository, never in one that merely lies around it."""
        ceiling = {"GIT_CEILING_DIRECTORIES": str(directory.resolve().parent)}
        return self.run(["-C", str(directory.resolve()), *words], timeout_s, progress, ceiling)

    def run(
        self,
        words: Sequence[str],
        timeout_s: float | None = CHECK_S,
        progress: Progress | None = None,
        more: Mapping[str, str] | None = None,
        *,
        cwd: Path | None = None,
    ) -> Done:
        """Run git in a process group of its own, which ends when we stop waiting for it. Raises Problem."""
        git = shutil.which("git", path=self.path)
        if not git:
            get_it = "Install it: https://git-scm.com/downloads"
            raise Problem("There is no git on the PATH.", next=get_it, code="git.missing")
        out = subprocess.DEVNULL if progress else subprocess.PIPE
        try:
            process = _begun([git, *words], {**self.env, **(more or {})}, out, cwd)
        except OSError as error:  # a script without its interpreter, a program for another machine
            what = f"{git} cannot be run: {(error.strerror or type(error).__name__).lower()}."
            raise Problem(what, next="Install git anew, or take it off the PATH.", code="git.missing") from None
        try:
            return _follow(process, progress) if progress else _wait(process, timeout_s)
        except subprocess.TimeoutExpired:
            raise Problem(
                f"git had no answer within {timeout_s:.0f} seconds.",
                next="Look at the network and the proxy, then try again.",
                code="net.unreachable",
            ) from None
        finally:
            _end(process)


def _begun(words: Sequence[str], env: Mapping[str, str], out: int, cwd: Path | None) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, which reads nothing and whose errors are read here."""
    return subprocess.Popen(
        words, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, start_new_session=True, cwd=cwd
    )


def _wait(process: subprocess.Popen[bytes], timeout_s: float | None) -> Done:
    out, errors = process.communicate(timeout=timeout_s)
    return Done(process.returncode, _text(out), tuple(re.split(r"[\r\n]+", _text(errors))), out)


def _follow(process: subprocess.Popen[bytes], progress: Progress) -> Done:
    """Read git's errors as they come: steps go to `progress`, other lines are kept (the last 50)."""
    kept: list[str] = []
    for line in _lines(process):
        step = _STEP.match(line)
        if step and step[1] in _PHASES:
            progress(*_told(step))
        elif not _STEPS.match(line):
            kept = [*kept[-49:], line]
    return Done(process.wait(), "", tuple(kept))


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield git's lines: a step is written over the one before, so it ends with a carriage return."""
    assert process.stderr is not None  # noqa: S101  (it is a pipe)
    rest = b""
    while piece := os.read(process.stderr.fileno(), 65536):
        *whole, rest = re.split(rb"[\r\n]+", rest + piece)
        yield from map(_text, whole)
    yield _text(rest)


def _told(step: re.Match[str]) -> tuple[str, float]:
    """Return a step in words, such as "Receiving objects 45% 8.1 MiB", and its share of the whole clone."""
    low, high = _PHASES[step[1]]
    size = f" {float(step[3]):.3g} {step[4]}" if step[3] else ""
    return f"{step[1]} {step[2]}%{size}", low + (high - low) * int(step[2]) / 100


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave no git behind: its whole group is asked to go, and half a second later made to."""
    if process.poll() is None:
        _kill(process, signal.SIGTERM)
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            pass
        _kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()


def _kill(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Send a signal to a whole group; the last one is waited for, so that nobody writes after it."""
    if os.name == "nt":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False, capture_output=True)
        return
    try:
        os.killpg(process.pid, how)
        for _ in range(20 if how != signal.SIGTERM else 0):
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(0.02)
    except (ProcessLookupError, PermissionError):  # nobody is left (macOS says it the second way)
        pass
