"""Runs git with the user's environment and without prompts, reports its progress, and ends it when ccsetup ends.

A repository's own configuration can name programs, and any folder may contain a repository. So there are three ways to
run git: `ask` reads a repository with commands that start no programs, `outside` runs outside repositories, and
`within` uses the repository's configuration, for the user's own clone, fetch or push.
"""

from __future__ import annotations

import atexit
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ccsetup.core import executables, process_tree
from ccsetup.core.concurrency import GLANCE_S, ended_by_ctrl_c, interrupted
from ccsetup.core.errors import Problem
from ccsetup.core.lazy_regex import later
from ccsetup.git.errors import GET_APPLES, WORD, problem_of
from ccsetup.git.helper.messages import CODES, GATE

CHECK_S = 60  # enough for a command that only asks the server
INSTALL_S = 900.0
ASK_S = 5  # enough for one that only reads the disk; pipes or devices included by the settings may never end
MOST = 4 << 20  # bytes of output that reading git's settings may produce

Progress = Callable[[str, float | None], None]
CAN_HOLD = os.name == "posix"  # elsewhere, programs don't get files from the program that starts them

# The phases of git clone, each with its share of the total. They are in English because git runs with LC_ALL=C.
_PHASES = {
    "Counting objects": (0.0, 0.05),
    "Compressing objects": (0.05, 0.1),
    "Receiving objects": (0.1, 0.85),
    "Resolving deltas": (0.85, 0.95),
    "Updating files": (0.95, 1.0),
}
_STEP = later(r"(?:remote: )?([A-Z][a-z]+ [a-z]+): +(\d+)% \(\d+/\d+\)(?:, ([\d.]+) ([KMGT]?i?B|bytes))?")
_STEPS = later(r"(?:remote: )?([A-Z][a-z]+ [a-z]+: +\d+|Total \d+ )")

# Variables that tie git to one repository (git rev-parse --local-env-vars). They are set if a hook runs ccsetup.
_TIED = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_CONFIG",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_REPLACE_REF_BASE",
)  # fmt: skip
# git must not prompt in a terminal or a window, and must print the language that is parsed here.
_SILENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "GCM_INTERACTIVE": "never", "LC_ALL": "C"}
_CODED = {CODES: WORD}  # our helpers then print the code of what they refuse


class Done(NamedTuple):
    """The result of one git command: exit code, output, lines of stderr, and output as bytes."""

    code: int
    out: str
    errors: tuple[str, ...]
    raw: bytes = b""


NO_PROGRAMS = ("protocol.ext.allow", "never")  # the setting that git gets outside repositories
# Commands that read a repository without starting programs that its configuration names. Tests check each of them.
_HARMLESS = (("config",), ("rev-parse",), ("ls-remote", "--get-url"), ("remote", "get-url"))
_UNHEARD = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}
# What git needs from the environment if nothing is cloned: these of its own variables, and all others except those that
# name programs that it doesn't need.
_NEEDED = ("GIT_CONFIG_", "GIT_EXEC_PATH", "GIT_SSL_", "GIT_HTTP_", "GIT_ALLOW_PROTOCOL", "GIT_PROTOCOL", "GIT_SSH",
           "GIT_TERMINAL_PROMPT", "GIT_ASKPASS")  # fmt: skip
_USELESS = ("PAGER", "EDITOR", "VISUAL", "BROWSER")


class Runner:
    """Runs git by its absolute path, with the environment that it has in the user's shell."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        sure = executables.with_sure_path(env)
        self.home, self.path = home, sure["PATH"]
        self.env = {k: v for k, v in sure.items() if k not in _TIED}
        if not executables.WINDOWS:  # there, git finds its home folder in other variables, for example, HOMEDRIVE
            self.env.setdefault("HOME", str(home))
        self.env |= _SILENT | _CODED
        if not executables.is_absolute(self.env.get("GIT_EXEC_PATH", self.path)):
            self.env.pop("GIT_EXEC_PATH", None)  # git would load its own parts from the current folder

    @cached_property
    def program(self) -> str:
        """The absolute path of git. Raises Problem if it isn't on the PATH."""
        if found := executables.path_of("git", self.env):
            return found
        raise Problem("git isn't on the PATH.", next=how_to_get_git(), code="git.missing")

    def checked(
        self,
        directory: Path,
        url: str,
        *words: str,
        timeout_s: float | None = CHECK_S,
        progress: Progress | None = None,
    ) -> Done:
        """Run git in a clone. Raises Problem if git fails. `url` is the address that it connects to."""
        done = self.within(directory, *words, timeout_s=timeout_s, progress=progress)
        if done.code:
            raise problem_of(done.errors, url, "git.failed")
        return done

    def within(
        self, directory: Path, *words: str, timeout_s: float | None = CHECK_S, progress: Progress | None = None
    ) -> Done:
        """Run git in a clone: in this directory's own repository, never in one of a folder above it.

        The repository's configuration is in effect and may name programs, so use this only for the user's own clones.
        """
        return self.run([*_inside(directory), *words], timeout_s, progress, _apart(directory))

    def ask(self, directory: Path, *words: str) -> Done:
        """Read a repository with a command that starts no programs, even if the repository's configuration names some.

        Raises Problem if it takes too long, for example because the settings include a pipe, or prints more than MOST.
        """
        if not any(words[: len(each)] == each for each in _HARMLESS):
            raise ValueError(f"git {words[0]} isn't known to be safe in a foreign repository")
        env = {**self.env, **_apart(directory), **_UNHEARD}
        try:
            return self._run([*_inside(directory), *words], env, ASK_S, most=MOST)
        except (subprocess.TimeoutExpired, _TooMuch):
            raise Problem(
                f"git couldn't finish reading the settings for {directory}.",
                why="The settings are too long, or include a file that never ends (a pipe or a device).",
                next=f"Check {directory / '.git' / 'config'}",
                code="git.failed",
            ) from None

    def outside(self, *words: str, more: Mapping[str, str] | None = None) -> Done:
        """Run git outside repositories: in an empty private folder, with only the environment that it needs.

        The settings in effect are the user's, the system's and those in the environment. Raises Problem.
        """
        env = {key: value for key, value in self.env.items() if _is_needed(key)}
        if "GIT_ALLOW_PROTOCOL" in env:  # if it is set, the setting below has no effect
            env["GIT_ALLOW_PROTOCOL"] = ":".join(it for it in env["GIT_ALLOW_PROTOCOL"].split(":") if it != "ext")
        with _empty_folder() as folder:
            words = ("-C", str(folder), "-c", "=".join(NO_PROGRAMS), *words)
            return _in_time(
                CHECK_S, lambda: self._run(words, {**env, **_apart(folder), **(more or {})}, CHECK_S, cwd=folder)
            )

    def fed(self, text: str, *words: str) -> Done:
        """Run git outside repositories with a text on its stdin. Raises Problem."""
        env = {key: value for key, value in self.env.items() if _is_needed(key)}
        with _empty_folder() as folder:
            run = [self.program, "-C", str(folder), *words]
            try:
                done = subprocess.run(
                    run,
                    input=text.encode(),
                    env={**env, **_apart(folder)},
                    cwd=folder,
                    capture_output=True,
                    timeout=CHECK_S,
                    start_new_session=True,
                    check=False,
                )
            except OSError as error:
                what = f"Couldn't run {self.program}: {(error.strerror or type(error).__name__).lower()}."
                raise Problem(what, next="Reinstall git, or remove it from the PATH.", code="git.missing") from None
            except subprocess.TimeoutExpired:
                what = f"git {' '.join(words)} didn't finish within {CHECK_S} seconds."
                raise Problem(what, code="git.failed") from None
        return Done(done.returncode, _text(done.stdout), tuple(_text(done.stderr).splitlines()), done.stdout)

    def run(
        self,
        words: Sequence[str],
        timeout_s: float | None = CHECK_S,
        progress: Progress | None = None,
        more: Mapping[str, str] | None = None,
        *,
        cwd: Path | None = None,
    ) -> Done:
        """Run git with the user's environment. Raises Problem."""
        return _in_time(timeout_s, lambda: self._run(words, {**self.env, **(more or {})}, timeout_s, progress, cwd))

    def _run(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        timeout_s: float | None,
        progress: Progress | None = None,
        cwd: Path | None = None,
        most: int | None = None,
    ) -> Done:
        """Run git in its own process group, which is ended when this function stops waiting for it.

        Raises Problem if it can't be started, TimeoutExpired, or _TooMuch if it prints more than `most` bytes.
        """
        interrupted()
        process = self._process(words, env, subprocess.DEVNULL if progress else subprocess.PIPE, cwd)
        try:
            with ended_by_ctrl_c(lambda: _stop(process)):
                return _follow(process, progress) if progress else _wait(process, timeout_s, most)
        finally:
            _end(process)

    def start(self, words: Sequence[str], more: Mapping[str, str], cwd: Path, *, held: bool = False) -> Child:
        """Start git with the user's environment, without waiting for it. Raises Problem.

        If it is held, our helpers wait for `Child.go` before they look for credentials. It can be held if CAN_HOLD.
        """
        env = {**self.env, **more}
        if not held:
            return Child(self._process(words, env, subprocess.DEVNULL, cwd))
        gate, ours = os.pipe()  # it opens when our end is closed, even if this program is killed
        try:
            named = f"{gate}:{os.fstat(gate).st_ino}"
            process = self._process(words, {**env, GATE: named}, subprocess.DEVNULL, cwd, gate)
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(gate)
        return Child(process, ours)

    def _process(
        self, words: Sequence[str], env: Mapping[str, str], out: int, cwd: Path | None, *kept: int
    ) -> subprocess.Popen[bytes]:
        try:
            return _begun([self.program, *words], env, out, cwd, *kept)
        except OSError as error:  # a script without its interpreter, or a program for another platform
            what = f"Couldn't run {self.program}: {(error.strerror or type(error).__name__).lower()}."
            raise Problem(what, next="Reinstall git, or remove it from the PATH.", code="git.missing") from None


def how_to_get_git(platform: str = sys.platform) -> str:
    """Return what to do on this system if git is missing."""
    return GET_APPLES if platform == "darwin" else "Install it: https://git-scm.com/downloads"


class Child:
    """A git command that runs while this program does something else. `end` it, or wait until it is `done`.

    `gate` is our end of the pipe that holds it, None if nothing does.
    """

    def __init__(self, process: subprocess.Popen[bytes], gate: int | None = None) -> None:
        self._process, self._result, self._gate = process, Done(1, "", ()), gate
        self._told: tuple[str, float] | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError, ValueError):  # `end` closes the pipe if something that has left git's group holds it
            self._result = _follow(self._process, self._tell)

    def _tell(self, text: str, share: float | None) -> None:
        self._told = (text, share or 0.0)

    def go(self) -> None:
        """Let our helpers go on, if they are held."""
        gate, self._gate = self._gate, None
        if gate is not None:
            os.close(gate)

    def done(self, progress: Progress) -> Done:
        """Wait for git, showing its progress, and return its result. Raises Problem if the server says nothing."""
        shown, end = None, time.monotonic() + CHECK_S
        while self._reader.is_alive():
            interrupted()
            self._reader.join(GLANCE_S)
            if self._told and self._told != shown:
                shown = self._told
                progress(*shown)
            if shown is None and time.monotonic() > end:
                raise _unanswered(CHECK_S)
        return self._result

    def end(self) -> None:
        """End git and everything that it started, if it still runs."""
        _stop(self._process)
        self.go()
        self._reader.join(0.5)  # it reads until the pipe is closed on the other side
        _close(self._process)


class _TooMuch(Exception):
    """git printed more than expected."""


def _inside(directory: Path) -> list[str]:
    return ["-C", str(directory.resolve())]


def _apart(directory: Path) -> Mapping[str, str]:
    """Return the variables that keep git from using a repository in a folder above this one."""
    return {"GIT_CEILING_DIRECTORIES": str(directory.resolve().parent)}


def _is_needed(variable: str) -> bool:
    return variable.startswith(_NEEDED) if variable.startswith("GIT_") else variable not in _USELESS


@contextmanager
def _empty_folder() -> Iterator[Path]:
    """Create an empty folder that only this user can write to, and remove it afterwards. Raises Problem."""
    try:
        made = tempfile.TemporaryDirectory(prefix="ccsetup-")
    except OSError as error:
        what = f"Couldn't create a temporary folder: {error.strerror or error}."
        next_ = "Free up disk space, or set TMPDIR to another folder."
        raise Problem(what, next=next_, code="git.failed") from None
    with made as folder:
        yield Path(folder).resolve()


def _in_time(timeout_s: float | None, work: Callable[[], Done]) -> Done:
    """Return git's result. Raises Problem if there is none in time."""
    try:
        return work()
    except subprocess.TimeoutExpired:
        raise _unanswered(timeout_s) from None


def _unanswered(timeout_s: float | None) -> Problem:
    return Problem(
        f"git didn't get a response within {timeout_s:.0f} seconds.",
        next="Check your network connection and proxy, then try again.",
        code="net.unreachable",
    )


def installed(command: Sequence[str], env: Mapping[str, str], home: Path) -> str:
    """Run an installer in the home folder. Return "", or the last line that it printed if it failed."""
    try:
        process = _begun(command, executables.with_sure_path(env), subprocess.PIPE, home)
    except OSError as error:
        return f"{(error.strerror or type(error).__name__)}: {command[0]}"
    try:
        done = _wait(process, INSTALL_S, None)
    except subprocess.TimeoutExpired:
        return f"It didn't finish within {INSTALL_S:.0f} seconds."
    finally:
        _end(process)
    said = [line.strip() for line in (*done.out.splitlines(), *done.errors) if line.strip()]
    return "" if not done.code else next(reversed(said), f"It ended with exit code {done.code}.")


_running: set[subprocess.Popen[bytes]] = set()  # ended at exit if threads are left running


def _begun(
    words: Sequence[str], env: Mapping[str, str], out: int, cwd: Path | None, *kept: int
) -> subprocess.Popen[bytes]:
    """Start a process in its own group, with no input and with its stderr in a pipe. It gets the files `kept`."""
    process = subprocess.Popen(
        words,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=kept,
    )
    _running.add(process)
    return process


@atexit.register
def _end_all() -> None:
    """End the processes of threads that still run at exit."""
    for process in [*_running]:
        process_tree.end(process)


def _wait(process: subprocess.Popen[bytes], timeout_s: float | None, most: int | None) -> Done:
    out, errors = process.communicate(timeout=timeout_s) if most is None else _read(process, timeout_s or ASK_S, most)
    return Done(process.returncode, _text(out), tuple(re.split(r"[\r\n]+", _text(errors))), out)


def _read(process: subprocess.Popen[bytes], timeout_s: float, most: int) -> tuple[bytes, bytes]:
    """Return a process's stdout and stderr. Raises _TooMuch or TimeoutExpired."""
    pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe]
    printed = [bytearray() for _ in pipes]

    def read(number: int) -> None:
        while piece := os.read(pipes[number].fileno(), 65536):
            printed[number].extend(piece)
            if len(printed[number]) > most:
                process.kill()
                return

    readers = [threading.Thread(target=read, args=(number,), daemon=True) for number in range(len(pipes))]
    for reader in readers:
        reader.start()
    end = time.monotonic() + timeout_s
    for reader in readers:
        reader.join(max(0.0, end - time.monotonic()))
        if reader.is_alive():
            raise subprocess.TimeoutExpired(process.args, timeout_s)
    process.wait()
    if any(len(it) > most for it in printed):
        raise _TooMuch
    return bytes(printed[0]), bytes(printed[1])


def _follow(process: subprocess.Popen[bytes], progress: Progress) -> Done:
    """Read git's stderr as it arrives. Report steps to `progress` and keep the last 50 other lines."""
    kept: list[str] = []
    for line in _lines(process):
        step = _STEP.match(line)
        if step and step[1] in _PHASES:
            progress(*_told(step))
        elif not _STEPS.match(line):
            kept = [*kept[-49:], line]
    return Done(process.wait(), "", tuple(kept))


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield git's lines. A progress step ends with a carriage return, because git overwrites it with the next one."""
    assert process.stderr is not None  # noqa: S101  (it is a pipe)
    rest = b""
    while piece := os.read(process.stderr.fileno(), 65536):
        *whole, rest = re.split(rb"[\r\n]+", rest + piece)
        yield from map(_text, whole)
    yield _text(rest)


def _told(step: re.Match[str]) -> tuple[str, float]:
    """Return a step's text, for example "Receiving objects 45% 8.1 MiB", and its share of the whole clone."""
    low, high = _PHASES[step[1]]
    size = f" {float(step[3]):.3g} {step[4]}" if step[3] else ""
    return f"{step[1]} {step[2]}%{size}", low + (high - low) * int(step[2]) / 100


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git if it still runs, and close its pipes."""
    _stop(process)
    _close(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End git's whole process group: ask it to end, and kill it after half a second."""
    if process.poll() is None:
        process_tree.end(process, signal.SIGTERM)
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            pass
        process_tree.end(process)
        process.wait()
    _running.discard(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()
