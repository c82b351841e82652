"""The git command: what it finds, whom it reaches, a clone with its progress; what it refuses is put into words."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from ccsetup import clone_settings, cloned, executables, modules
from ccsetup.complaints import problem_of
from ccsetup.errors import Problem
from ccsetup.git_config import GitConfig, Pairs, SettingChange
from ccsetup.model import Edit, Route, Submodule
from ccsetup.running import Progress, Runner

HELPER = "git-remote-codecommit"
_NO_SETTINGS = {
    **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_DIR"), os.devnull),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "0",
}


class Git:
    """The git command, with the environment that it would have in the person's shell."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self._runner = Runner(env, home)
        self._heads: dict[str, str] = {}  # the default branch behind each address that was asked

    def with_path(self, directory: Path) -> Git:
        """Return a git that looks for commands in one more directory, first."""
        return Git({**self._runner.env, "PATH": f"{directory}{os.pathsep}{self._runner.path}"}, self._runner.home)

    def version(self) -> str:
        """Return git's version such as "2.39.5"; "" when there is no git. A broken .gitconfig keeps nobody from it."""
        try:
            done = self._runner.outside("--version")
            done = done if not done.code else self._runner.outside("--version", more=_NO_SETTINGS)
        except Problem:
            return ""
        found = re.search(r"\d+(\.\d+)+", done.out)
        return found[0] if found else ""

    def helper(self) -> str:
        """Return the path of the git-remote-codecommit that git will find; "" when it will find none."""
        return self.command(HELPER, beside=False)

    @staticmethod
    def own_helper() -> str:
        """Return the path of the git-remote-codecommit that was installed with this program; "" when there is none."""
        return _beside(HELPER)

    def command(self, name: str, beside: bool = True) -> str:
        """Return the absolute path of a command as git will find it, or (`beside`) beside this program; "" if none.

        Links are not followed: the one on the PATH outlives an upgrade, what it leads to may not.
        """
        places = {**self._runner.env, "PATH": os.pathsep.join([*self._parts, self._runner.path])}
        return executables.path_of(name, places) or (_beside(name) if beside else "")

    @cached_property
    def _parts(self) -> list[str]:
        """Where git's own parts are, in a list; empty where there is no git."""
        try:
            return [self._runner.outside("--exec-path").out.strip()]
        except Problem:
            return []

    def reachable(self, route: Route) -> Sequence[str]:
        """Ask `git ls-remote`, outside every repository; return the branches, the default one first.

        Raises Problem in words.
        """
        self._may(route.url)
        wanted = ("HEAD", "refs/heads/*")
        done = self._runner.outside(*cloned.options(route), "ls-remote", "--symref", "--", route.url, *wanted)
        if done.code:
            raise problem_of(done.errors, route.url, "access.git")
        default = re.findall(r"^ref: refs/heads/(\S+)\tHEAD$", done.out, re.MULTILINE)
        heads = re.findall(r"^[0-9a-f]+\trefs/heads/(\S+)$", done.out, re.MULTILINE)
        self._heads[route.url] = next((name for name in default if name in heads), "")
        return tuple(dict.fromkeys([*(name for name in default if name in heads), *heads]))

    def clone(self, route: Route, directory: Path, branch: str, progress: Progress) -> str:
        """Clone, or finish a clone that was stopped; return the commit checked out, "" for an empty repository.

        Stopped or refused, it removes what it made and nothing else. Raises Problem, also for a directory that holds
        something.
        """
        self._may(route.url)
        cloned.make(self._runner, route, directory, branch, self._heads.get(route.url, ""), progress)
        return self._commit(directory)

    def unfinished(self, directory: Path) -> bool:
        """Say whether a clone at `directory` was stopped before it was whole, and nobody has worked in it since."""
        stage = cloned.mark(directory).stage
        return bool(stage) and not (stage == cloned.FETCH and self._commit(directory))

    def repoint(self, directory: Path, route: Route) -> None:
        """Make a clone go another way from now on: its address, and its own settings. Raises Problem."""
        cloned.settle(self._runner, route, directory)

    def do(self, directory: Path, *words: str) -> str:
        """Run git in a clone; return what it printed. Raises Problem in words."""
        return self._runner.checked(directory, self.origin(directory), *words).out

    def config(self, directory: Path) -> GitConfig:
        """Return git's settings in a clone. Raises Problem where there is none, or git cannot read them."""
        return clone_settings.read(self._runner, directory)

    def machine_settings(self) -> Pairs:
        """Return git's settings where there is no clone. Raises Problem where git cannot read them."""
        return clone_settings.machine(self._runner)

    def resettled(self, directory: Path, changes: Mapping[str, SettingChange]) -> Edit:
        """Return the edit of a clone's own settings that changes these and no others. Raises Problem."""
        return clone_settings.edited(self._runner, directory, changes)

    def origin(self, directory: Path) -> str:
        """Return the address that the clone at `directory` fetches from; "" when it is none."""
        if not directory.is_dir():
            return ""
        return clone_settings.address(self._runner, directory) or cloned.mark(directory).url

    def setting(self, directory: Path, key: str, own: bool = True) -> str:
        """Return a setting of a clone's own (or of whatever holds there), its last value; "" when there is none."""
        return self._runner.ask(directory, "config", *(["--local"] if own else []), "--get", key).out.rstrip("\n")

    def fetch(self, directory: Path, progress: Progress | None = None) -> str:
        """Fetch an existing clone, and finish one that was stopped half-way; return the commit checked out."""
        url = self.origin(directory)
        self._may(url)
        begun = not self._commit(directory) and [entry.name for entry in directory.iterdir()] == [".git"]
        if begun and not self._runner.within(directory, "config", "--local", "remote.origin.fetch").out:
            self._runner.within(directory, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
        words = ("fetch", *(["--progress"] if progress else []))
        self._runner.checked(directory, url, *words, timeout_s=None, progress=progress)
        if begun:
            cloned.check_out(self._runner, directory)
        return self._commit(directory)

    def submodules(self, directory: Path) -> Sequence[Submodule]:
        """Return a clone's submodules that are not checked out."""
        return modules.missing(self._runner, directory)

    def fetch_submodule(self, directory: Path, submodule: Submodule, route: Route, progress: Progress) -> None:
        """Clone and check out one submodule by this route. Raises Problem in words."""
        self._may(route.url)
        modules.fetch(self._runner, directory, submodule, route, progress)

    def facts(self, directory: Path) -> tuple[str, int, str]:
        """Return a clone's branch, its number of commits and its size such as "8.1 MiB"."""
        branch = self._runner.within(directory, "symbolic-ref", "--short", "-q", "HEAD").out.strip()
        commits = self._runner.within(directory, "rev-list", "--count", "HEAD").out.strip()
        counted = self._runner.within(directory, "count-objects", "-v").out
        sizes = re.findall(r"^size(?:-pack)?: (\d+)$", counted, re.MULTILINE)
        return branch, int(commits or 0), _size(sum(map(int, sizes)))

    def _may(self, url: str) -> None:
        """Refuse a protocol that GIT_ALLOW_PROTOCOL leaves out: git itself would not name the variable."""
        allowed = self._runner.env.get("GIT_ALLOW_PROTOCOL")
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
        return self._runner.ask(directory, "rev-parse", "--verify", "-q", "HEAD").out.strip()


def _beside(name: str) -> str:
    """Return the path of a command that was installed with this program; "" when there is none."""
    import sysconfig

    places = [str(Path(sys.argv[0]).parent), str(Path(sys.executable).parent), sysconfig.get_path("scripts")]
    return executables.path_of(name, {**os.environ, "PATH": os.pathsep.join(places)})


def _size(kib: int) -> str:
    return f"{kib} KiB" if kib < 1024 else f"{kib / 1024:.1f} MiB" if kib < 1024**2 else f"{kib / 1024**2:.1f} GiB"
