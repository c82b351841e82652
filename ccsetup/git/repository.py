"""The git command: what it finds, whom it reaches, a clone with its progress; what it refuses is put into words."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from ccsetup.core import executables
from ccsetup.core.errors import Problem
from ccsetup.core.model import CloneResult, Edit, Route, Submodule
from ccsetup.core.state_folder import state_folder
from ccsetup.git import branches, clone, clone_settings, private_clone
from ccsetup.git import clone as cloning
from ccsetup.git.clone_record import Records
from ccsetup.git.config import GitConfig, Pairs, SettingChange
from ccsetup.git.errors import name_of, not_git, problem_of, quoted
from ccsetup.git.process import Progress, Runner

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
        self._records = Records(state_folder(env, home))
        self._heads: dict[str, branches.Heads] = {}  # the branches behind each address that was asked

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
        done = self._runner.outside(*cloning.options(route), "ls-remote", "--symref", "--", route.url, *wanted)
        if done.code:
            raise problem_of(done.errors, route.url, "access.git")
        found = branches.heads(done.out)
        if not found.commits:
            self._speaks_git(route)
        self._heads[route.url] = found
        return found.names

    def default(self, route: Route) -> str:
        """Return the branch that the server's HEAD named when it was asked last; "" when it named none."""
        return self._heads.get(route.url, branches.Heads({})).head

    def _speaks_git(self, route: Route) -> None:
        """Make sure that a server without branches answered as git does. Raises Problem.

        To git an empty answer, or a web page in one line, is a repository without branches, in the "dumb" protocol.
        A server that speaks git sends packets; git tells of them where it is asked to.
        """
        words = [*cloning.options(route), "ls-remote", "--", route.url]
        done = self._runner.run(words, more={"GIT_TRACE_PACKET": "1"})
        if not any(re.search(r" packet: .*< \S", line) for line in done.errors):
            raise not_git(name_of(route.url))

    def clone(self, route: Route, directory: Path, branch: str, progress: Progress, default: str = "") -> CloneResult:
        """Clone, or finish a clone that was stopped. `default` is the default branch as CodeCommit's API has it.

        Refused or cancelled, it removes the private folder that it made and nothing else. Raises Problem, also for a
        directory that holds something.
        """
        self._may(route.url)
        if route.url not in self._heads:
            self.reachable(route)
        chosen = branches.chosen(branch, default, self._heads[route.url], name_of(route.url))
        return cloning.make(self._runner, self._records, route, directory, chosen, progress)

    def unfinished(self, directory: Path) -> bool:
        """Say whether ccsetup was stopped while it made a clone at `directory`, which is not there yet."""
        if os.path.lexists(directory / ".git"):
            return False
        return self._records.speak_of(private_clone.aim(directory).target)

    def repoint(self, directory: Path, route: Route) -> None:
        """Make a clone go another way from now on: its address, and its own settings. Raises Problem."""
        cloning.settle(self._runner, route, directory)

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
        return clone_settings.address(self._runner, directory)

    def setting(self, directory: Path, key: str, own: bool = True) -> str:
        """Return a setting of a clone's own (or of whatever holds there), its last value; "" when there is none."""
        return self._runner.ask(directory, "config", *(["--local"] if own else []), "--get", key).out.rstrip("\n")

    def fetch(self, directory: Path, progress: Progress | None = None, default: str = "") -> CloneResult:
        """Fetch an existing clone, and check out the files of one that has none yet.

        `default` is as in `clone`. Nothing that the clone has is pruned. Raises Problem in words.
        """
        url = self.origin(directory)
        self._may(url)
        private_clone.tidy(self._records, directory)
        begun = not self._commit(directory) and [entry.name for entry in directory.iterdir()] == [".git"]
        if begun and not self._runner.within(directory, "config", "--local", "remote.origin.fetch").out:
            self._runner.within(directory, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
        words = ("fetch", "--no-prune", *(["--progress"] if progress else []))
        self._runner.checked(directory, url, *words, timeout_s=None, progress=progress)
        if begun:
            self._runner.within(directory, "remote", "set-head", "origin", "--auto")
        known = cloning.fetched(self._runner, directory)
        if known.commits and self._runner.within(directory, "rev-parse", "-q", "--verify", "FETCH_HEAD").code:
            raise Problem(
                f"The server shows no branch of {name_of(url)}, but this clone knows {known.names[0]} from it.",
                why="Nothing was fetched, and nothing was taken away.",
                next=f"Ask git itself: git ls-remote {quoted(url)}",
                code="access.git",
            )
        branch = branches.chosen("", default, known, name_of(url)) if begun else ""
        problem = cloning.completed(self._runner, directory, branch)
        return CloneResult(self._commit(directory), problem)

    def submodules(self, directory: Path) -> Sequence[Submodule]:
        """Return a clone's submodules that are not checked out."""
        private_clone.tidy(self._records, directory)
        return clone.missing(self._runner, directory)

    def fetch_submodule(self, directory: Path, submodule: Submodule, route: Route, progress: Progress) -> CloneResult:
        """Clone and check out one submodule by this route. Raises Problem in words."""
        self._may(route.url)
        return clone.fetch(self._runner, self._records, directory, submodule, route, progress)

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
        return cloning.head(self._runner, directory)


def _beside(name: str) -> str:
    """Return the path of a command that was installed with this program; "" when there is none."""
    import sysconfig

    places = [str(Path(sys.argv[0]).parent), str(Path(sys.executable).parent), sysconfig.get_path("scripts")]
    return executables.path_of(name, {**os.environ, "PATH": os.pathsep.join(places)})


def _size(kib: int) -> str:
    return f"{kib} KiB" if kib < 1024 else f"{kib / 1024:.1f} MiB" if kib < 1024**2 else f"{kib / 1024**2:.1f} GiB"
