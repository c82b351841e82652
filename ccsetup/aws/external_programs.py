"""Runs a credential_process unattended: without a terminal or input, with a time limit, leaving no process behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ccsetup.aws import errors as sdk_errors
from ccsetup.core import aws_login, clock, executables, limits, process_tree
from ccsetup.core.concurrency import within
from ccsetup.core.context import Ran
from ccsetup.core.errors import Problem
from ccsetup.core.model import Keys, Secret, Who


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


def unattended(words: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start the AWS CLI so that it can't prompt and ends within a time limit. Raises FileNotFoundError."""
    return Programs(limits.AWS_CLI_KEYS_S).start(words, **options)


class Programs:
    """Starts programs as botocore's own Popen would, and kills those still running when nothing waits for them."""

    def __init__(self, time_s: float = limits.PROGRAM_S) -> None:
        self._time_s = time_s
        self._lock, self._running, self._over = threading.Lock(), set[_Program](), False

    def start(self, words: list[str], **options: Any) -> _Program:
        """Start a program. Raises FileNotFoundError as Popen does."""
        with self._lock:
            if self._over:
                raise _late(words)
            program = _Program(self, words, stdin=subprocess.DEVNULL, start_new_session=True, **options)
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
        env = executables.with_sure_path(options.pop("env", os.environ))
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
        process_tree.end(self)


def _late(words: list[str]) -> Problem:
    return Problem(
        f"The credential_process {words[0]} didn't finish in time.",
        why="The program might be waiting for input, but git and the AWS SDKs can't provide any.",
        next="Run the program yourself to see what it asks for.",
        code="process.failed",
    )


class AwsCli:
    """Runs the `aws` command found on PATH."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = executables.with_sure_path(env)

    @staticmethod
    def needed() -> bool:
        """Say whether only the AWS CLI can read the sessions of `aws login` (botocore[crt] isn't installed)."""
        from botocore import credentials

        return not getattr(credentials, "EC", None)  # what its own provider goes by

    def is_there(self) -> bool:
        """Say whether the AWS CLI is installed."""
        return bool(self._program())

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

    def login(self, profile: str, region: str, *, remote: bool) -> tuple[str, str]:
        """Have the user sign in with `aws login`, and return the login_session and the text of the saved sign-in.

        Its output goes to stderr. It writes to a private folder instead of the user's files. Raises Problem.
        """
        words = aws_login.sign_in(profile, region, remote)
        with tempfile.TemporaryDirectory(prefix="ccsetup-") as folder:
            own = Path(folder)
            places = {
                "AWS_CONFIG_FILE": own / "config",
                "AWS_SHARED_CREDENTIALS_FILE": own / "credentials",
                "AWS_LOGIN_CACHE_DIRECTORY": own / "cache",
            }
            (own / "config").write_text(f"{_header(profile)}\nregion = {region}\n", encoding="utf-8")
            env = {**self._env, **{name: str(path) for name, path in places.items()}}
            done = subprocess.run([self._program(), *words], stdout=2, env=env, check=False)
            found = [path.read_text(encoding="utf-8") for path in sorted((own / "cache").glob("*.json"))]
            said = re.search(r"^login_session *= *(\S+)$", (own / "config").read_text(encoding="utf-8"), re.MULTILINE)
        if done.returncode or not said or len(found) != 1:
            raise Problem(
                f"aws login failed for {profile}.",
                next=f"Check the output above, then try again: {aws_login.renew(profile)}",
                code="keys.expired",
            )
        return said[1], found[0]

    def keys(self, who: Who, start: Callable[..., Any]) -> Keys:
        """Return the credentials that the AWS CLI exports for a profile of `aws login`. Raises Problem.

        `start` starts it, like Popen. It must not wait for input.
        """
        program, command = self._program(), aws_login.export(who.profile)
        if not program:
            raise aws_login.unreadable(who.profile, None)
        try:
            running = start([program, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self._alone())
            out, said = running.communicate()
            if running.returncode:
                raise self._refused(who, said.decode("utf-8", "replace"))
            return _exported(json.loads(out))
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            pass
        except Problem as refused:
            if refused.code != "process.failed":  # it took too long
                raise
        raise Problem(
            f"The AWS CLI didn't print credentials for {who.profile}.",
            next=f"To see why: {aws_login.shown(command)}",
            code="process.failed",
        )

    def _refused(self, who: Who, said: str) -> Problem:
        """Return why the AWS CLI exported nothing: it is too old, or what it says."""
        version = self.version()
        if aws_login.is_too_old(version) or "Invalid choice" in said:
            return aws_login.unreadable(who.profile, version)
        return sdk_errors.of_aws_cli(said, who)

    def _alone(self) -> Mapping[str, str]:
        """Return an environment where an AWS CLI without `aws login` can't use this computer's role instead."""
        others = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
        kept = {name: value for name, value in self._env.items() if name not in others}
        return {**kept, "AWS_EC2_METADATA_DISABLED": "true"}

    def _program(self) -> str:
        return executables.path_of("aws", self._env)


def _header(profile: str) -> str:
    return "[default]" if profile == "default" else f"[profile {profile}]"


def _exported(told: Mapping[str, Any]) -> Keys:
    """Return credentials in the form that a credential_process prints. Raises TypeError or LookupError for others."""
    key_id, secret, token = told["AccessKeyId"], told["SecretAccessKey"], told.get("SessionToken") or ""
    if not (key_id and secret and all(isinstance(it, str) for it in (key_id, secret, token))):
        raise TypeError
    return Keys(key_id, Secret(secret), Secret(token) if token else None, clock.read(told.get("Expiration")))
