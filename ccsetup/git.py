"""The git command: what it finds, whom it reaches, a clone with its progress; what it refuses is put into words."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ccsetup.complaints import problem_of
from ccsetup.errors import Problem
from ccsetup.model import Route
from ccsetup.patterns import later

HELPER = "git-remote-codecommit"
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


class _Done(NamedTuple):
    """What became of one git: its exit code, what it printed, and the lines of its errors."""

    code: int
    out: str
    errors: tuple[str, ...]


class Git:
    """The git command, with the environment that it would have in the person's shell."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self._home = home
        self._path = env.get("PATH", os.defpath)
        self._env = {k: v for k, v in env.items() if k not in _TIED} | {"HOME": env.get("HOME", str(home))} | _SILENT

    def with_path(self, directory: Path) -> Git:
        """Return a git that looks for commands in one more directory, first."""
        return Git({**self._env, "PATH": f"{directory}{os.pathsep}{self._path}"}, self._home)

    def version(self) -> str:
        """Return git's version such as "2.39.5"; "" when there is no git."""
        try:
            found = re.search(r"\d+(\.\d+)+", self._run(["--version"]).out)
        except Problem:
            return ""
        return found[0] if found else ""

    def helper(self) -> str:
        """Return the path of the git-remote-codecommit that git will find; "" when it will find none."""
        try:
            own = self._run(["--exec-path"]).out.strip()
        except Problem:
            return ""
        return shutil.which(HELPER, path=f"{own}{os.pathsep}{self._path}") or ""

    @staticmethod
    def own_helper() -> str:
        """Return the path of the git-remote-codecommit that was installed with this program; "" when there is none."""
        import sysconfig

        places = (Path(sys.argv[0]).parent, Path(sys.executable).parent, sysconfig.get_path("scripts"))
        return next((found for place in places if (found := shutil.which(HELPER, path=str(place)))), "")

    def reachable(self, route: Route) -> Sequence[str]:
        """Ask `git ls-remote`; return the branches, the default one first. Raises Problem in words."""
        self._may(route.url)
        wanted = ("HEAD", "refs/heads/*")
        done = self._run([*_settings(route), "ls-remote", "--symref", "--", route.url, *wanted])
        if done.code:
            raise problem_of(done.errors, route.url, "access.git")
        default = re.findall(r"^ref: refs/heads/(\S+)\tHEAD$", done.out, re.MULTILINE)
        heads = re.findall(r"^[0-9a-f]+\trefs/heads/(\S+)$", done.out, re.MULTILINE)
        return tuple(dict.fromkeys([*(name for name in default if name in heads), *heads]))

    def clone(self, route: Route, directory: Path, branch: str, progress: Progress) -> str:
        """Clone; return the commit checked out, "" for an empty repository.

        Stopped or refused, it removes what it made and nothing else. Raises Problem, also for a directory that holds
        something.
        """
        self._may(route.url)
        made = _make_room(directory)
        settled = False
        try:
            done = self._run(_clone_command(route, directory, branch), timeout_s=None, progress=progress)
            settled = not done.code or any("not an empty directory" in line for line in done.errors)
            if done.code:
                raise problem_of(done.errors, route.url, "git.failed")
        finally:
            if not settled:
                _clear(directory, made)
        return self._commit(directory)

    def do(self, directory: Path, *words: str) -> str:
        """Run git in a clone; return what it printed. Raises Problem in words."""
        done = self._in(directory, *words)
        if done.code:
            raise problem_of(done.errors, self.origin(directory), "git.failed")
        return done.out

    def origin(self, directory: Path) -> str:
        """Return the address of the clone at `directory`; "" when it is none."""
        if not directory.is_dir():
            return ""
        urls = dict(
            line.split(" ", 1)
            for line in self._in(directory, "config", "--local", "--get-regexp", r"^remote\..*\.url$").out.splitlines()
        )
        return urls.get("remote.origin.url") or next(iter(urls.values()), "")

    def fetch(self, directory: Path, progress: Progress | None = None) -> str:
        """Fetch an existing clone, and finish one that was stopped half-way; return the commit checked out."""
        url = self.origin(directory)
        self._may(url)
        begun = not self._commit(directory) and [entry.name for entry in directory.iterdir()] == [".git"]
        if begun and not self._in(directory, "config", "--local", "remote.origin.fetch").out:
            self._in(directory, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
        done = self._in(directory, "fetch", *(["--progress"] if progress else []), timeout_s=None, progress=progress)
        if done.code:
            raise problem_of(done.errors, url, "git.failed")
        if begun:
            self._check_out(directory)
        return self._commit(directory)

    def facts(self, directory: Path) -> tuple[str, int, str]:
        """Return a clone's branch, its number of commits and its size such as "8.1 MiB"."""
        branch = self._in(directory, "symbolic-ref", "--short", "-q", "HEAD").out.strip()
        commits = self._in(directory, "rev-list", "--count", "HEAD").out.strip()
        sizes = re.findall(r"^size(?:-pack)?: (\d+)$", self._in(directory, "count-objects", "-v").out, re.MULTILINE)
        return branch, int(commits or 0), _size(sum(map(int, sizes)))

    def _may(self, url: str) -> None:
        """Refuse a protocol that GIT_ALLOW_PROTOCOL leaves out: git itself would not name the variable."""
        allowed = self._env.get("GIT_ALLOW_PROTOCOL")
        scheme = re.match(r"\w+", url)
        if allowed is None or not scheme or "://" not in url:
            return
        needed = ["codecommit", "https"] if scheme[0] == "codecommit" else [scheme[0]]
        missing = [name for name in needed if name not in allowed.split(":")]
        if missing:
            raise Problem(
                f"GIT_ALLOW_PROTOCOL does not let git use {' and '.join(missing)}.",
                next=f"Run: export GIT_ALLOW_PROTOCOL={':'.join([*filter(None, allowed.split(':')), *missing])}",
                code="git.protocol",
            )

    def _commit(self, directory: Path) -> str:
        return self._in(directory, "rev-parse", "--verify", "-q", "HEAD").out.strip()

    def _check_out(self, directory: Path) -> None:
        self._in(directory, "remote", "set-head", "origin", "--auto")
        default = self._in(directory, "symbolic-ref", "--short", "-q", "refs/remotes/origin/HEAD").out.strip()
        if default:
            self._in(directory, "checkout", "-q", default.partition("/")[2], "--", timeout_s=None)

    def _in(
        self, directory: Path, *words: str, timeout_s: float | None = CHECK_S, progress: Progress | None = None
    ) -> _Done:
        """Run git in a clone: in this directory's own repository, never in one that merely lies around it."""
        ceiling = {"GIT_CEILING_DIRECTORIES": str(directory.resolve().parent)}
        return self._run(["-C", str(directory.resolve()), *words], timeout_s, progress, ceiling)

    def _run(
        self,
        words: Sequence[str],
        timeout_s: float | None = CHECK_S,
        progress: Progress | None = None,
        more: Mapping[str, str] | None = None,
    ) -> _Done:
        """Run git in a process group of its own, which ends when we stop waiting for it. Raises Problem."""
        git = shutil.which("git", path=self._path)
        if not git:
            get_it = "Install it: https://git-scm.com/downloads"
            raise Problem("There is no git on the PATH.", next=get_it, code="git.missing")
        process = subprocess.Popen(
            [git, *words],
            env={**self._env, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if progress else subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
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


def _settings(route: Route) -> list[str]:
    """Return a route's settings as git's options; before its own credential helper, the machine's are switched off."""
    options: list[str] = []
    for key, value in route.settings.items():
        if key.startswith("credential.") and key.endswith("helper"):
            options += ["-c", f"{key}="]
        options += ["-c", f"{key}={value}"]
    return options


def _clone_command(route: Route, directory: Path, branch: str) -> list[str]:
    at = [f"--branch={branch}"] if branch else []
    return ["clone", "--progress", *at, *_settings(route), "--", route.url, str(directory.absolute())]


def _wait(process: subprocess.Popen[bytes], timeout_s: float | None) -> _Done:
    out, errors = process.communicate(timeout=timeout_s)
    return _Done(process.returncode, _text(out), tuple(re.split(r"[\r\n]+", _text(errors))))


def _follow(process: subprocess.Popen[bytes], progress: Progress) -> _Done:
    """Read git's errors as they come: steps go to `progress`, other lines are kept (the last 50)."""
    kept: list[str] = []
    for line in _lines(process):
        step = _STEP.match(line)
        if step and step[1] in _PHASES:
            progress(*_told(step))
        elif not _STEPS.match(line):
            kept = [*kept[-49:], line]
    return _Done(process.wait(), "", tuple(kept))


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


def _make_room(directory: Path) -> tuple[Path, ...]:
    """Make the directory and what it lies in; return what had to be made, outermost first. Raises Problem."""
    missing = [place for place in (directory, *directory.parents) if not place.exists()]
    try:
        if directory.exists() and any(directory.iterdir()):
            raise Problem(
                f"{directory} is there already and is not empty.",
                next="Choose another directory with --directory, or move that one away.",
                code="git.failed",
            )
        for place in reversed(missing):
            place.mkdir()
    except OSError as error:
        raise Problem(
            f"{error.filename or directory} cannot be used: {error.strerror}.",
            next="Choose a directory of your own with --directory.",
            code="git.failed",
        ) from error
    return tuple(reversed(missing))


def _clear(directory: Path, made: Sequence[Path]) -> None:
    """Remove what a clone put into its directory, and the directories that were made for it."""
    for entry in directory.iterdir() if directory.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    for place in reversed(made):
        try:
            place.rmdir()
        except OSError:  # someone else has put something there
            return


def _size(kib: int) -> str:
    return f"{kib} KiB" if kib < 1024 else f"{kib / 1024:.1f} MiB" if kib < 1024**2 else f"{kib / 1024**2:.1f} GiB"
