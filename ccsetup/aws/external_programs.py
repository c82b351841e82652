"""Runs a credential_process unattended: without a terminal or input, with a time limit, leaving no process behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from shlex import quote
from typing import Any

from ccsetup.core import executables, limits
from ccsetup.core.concurrency import within
from ccsetup.core.context import Ran
from ccsetup.core.errors import Problem


def ran(commands: Sequence[Sequence[str]], time_s: float = limits.PROGRAM_S) -> Sequence[Ran]:
    """Run programs, all at once, and return the result of each."""
    programs = Programs(time_s)
    try:
        return within(time_s + limits.PROGRAM_END_S, *(partial(_ran, programs, [*words]) for words in commands))
    finally:
        programs.stop()


def _ran(programs: Programs, words: list[str]) -> Ran:
    try:
        program = programs.start(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, errors = program.communicate()
    except Problem:
        return Ran(None)
    except (OSError, ValueError) as error:
        return Ran(127, "", str(error))
    return Ran(program.returncode, out.decode("utf-8", "replace"), errors.decode("utf-8", "replace"))


def popen(words: Sequence[str], **pipes: Any) -> subprocess.Popen[bytes]:
    """Start a credential_process as botocore's own Popen would, by its absolute path. Raises FileNotFoundError."""
    env = executables.with_sure_path(os.environ)
    return subprocess.Popen(executables.sure(words, env), env=env, **pipes)


class Programs:
    """Starts programs as botocore's own Popen would, and kills those still running when nothing waits for them."""

    def __init__(self, time_s: float = limits.PROGRAM_S) -> None:
        self._time_s = time_s
        self._lock, self._running, self._over = threading.Lock(), set[_Program](), False

    def start(self, words: list[str], **pipes: Any) -> _Program:
        """Start a program. Raises FileNotFoundError as Popen does."""
        with self._lock:
            if self._over:
                raise _late(words)
            program = _Program(self, words, stdin=subprocess.DEVNULL, start_new_session=True, **pipes)
            self._running.add(program)
            return program

    def done(self, program: _Program) -> None:
        """Forget a program that has ended."""
        with self._lock:
            self._running.discard(program)

    def stop(self) -> None:
        """Kill what is still running. Nothing can be started afterwards."""
        with self._lock:
            self._over = True
            for program in self._running:
                program.end()


class _Program(subprocess.Popen[bytes]):
    """One program, in its own process group."""

    def __init__(self, programs: Programs, words: list[str], **options: Any) -> None:
        self._programs, self._words = programs, words
        env = executables.with_sure_path(os.environ)
        super().__init__(executables.sure(words, env), env=env, **options)

    def communicate(self, input: bytes | None = None, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Return its standard output and standard error. Raises Problem if it takes too long."""
        try:
            return super().communicate(input, timeout or self._programs._time_s)
        except subprocess.TimeoutExpired:
            self.end()
            raise _late(self._words) from None
        finally:
            self._programs.done(self)

    def end(self) -> None:
        """Kill it and everything it started."""
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, signal.SIGKILL)
            else:
                self.kill()


def _late(words: list[str]) -> Problem:
    return Problem(
        f"The credential_process {words[0]} took too long.",
        why="It may be waiting for input, which git and the AWS SDKs can't give it either.",
        next="Run it yourself to see what it asks for.",
        code="process.failed",
    )


class AwsCli:
    """Runs the `aws` command found on PATH."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = executables.with_sure_path(env)

    def needed(self) -> bool:
        """Say whether only the AWS CLI can read the sessions of `aws login` (botocore[crt] isn't installed)."""
        return find_spec("awscrt") is None

    def version(self) -> tuple[int, ...]:
        """Return the AWS CLI's version, e.g. (2, 32, 1); empty if it isn't installed or doesn't answer."""
        program = self._program()
        try:
            words = [program, "--version"] if program else []
            told = subprocess.run(
                words, capture_output=True, text=True, timeout=limits.AWS_CLI_S, env=self._env, check=False
            )
        except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
            return ()
        found = re.search(r"aws-cli/([0-9]+)\.([0-9]+)\.([0-9]+)", told.stdout + told.stderr)
        return tuple(map(int, found.groups())) if found else ()

    def login(self, profile: str) -> None:
        """Have the user sign in with `aws login`; its output goes to stderr. Raises Problem."""
        program = self._program()
        if not program:
            raise Problem(
                "The AWS CLI isn't installed, and this sign-in needs it.",
                next="Install AWS CLI 2.32 or later.",
                code="process.missing",
            )
        done = subprocess.run([program, "login", "--profile", profile], stdout=2, env=self._env, check=False)
        if done.returncode:
            raise Problem(
                f"aws login failed for {profile}.",
                next=f"Check its output above, then try again: aws login --profile {quote(profile)}",
                code="keys.expired",
            )

    def _program(self) -> str:
        return executables.path_of("aws", self._env)
