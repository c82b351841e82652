"""The git command: finds helpers, reaches repositories, and clones with progress. Its errors become Problems."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from ccsetup.core import executables, installation, plain_file, shells
from ccsetup.core.concurrency import within
from ccsetup.core.errors import Problem
from ccsetup.core.model import CloneResult, Edit, Route, Submodule
from ccsetup.core.state_folder import state_folder
from ccsetup.git import (
    branches,
    clone,
    clone_settings,
    credential_store,
    helper_owner,
    lfs,
    ownership,
    private_clone,
    process,
    submodule_hook,
)
from ccsetup.git import clone as cloning
from ccsetup.git.clone_record import Records
from ccsetup.git.config import GitConfig, Pairs, SettingChange
from ccsetup.git.credential_store import Login
from ccsetup.git.early_clone import EarlyClone
from ccsetup.git.errors import name_of, not_git, problem_of, quoted
from ccsetup.git.process import CHECK_S, Progress, Runner
from ccsetup.git.transport import OWN_HELPER, REMOTE

_NO_SETTINGS = {
    **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_DIR"), os.devnull),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "0",
}


class Git:
    """The git command, with the environment that it has in the user's shell."""

    def __init__(self, env: Mapping[str, str], home: Path, *, for_now: bool = False) -> None:
        self._runner, self._for_now = Runner(env, home), for_now
        self._records = Records(state_folder(env, home))
        self._heads: dict[str, branches.Heads] = {}  # the branches of each address that was asked

    def with_path(self, directory: Path) -> Git:
        """Return a Git that looks for commands in another directory first."""
        env = {**self._runner.env, "PATH": f"{directory}{os.pathsep}{self._runner.path}"}
        return Git(env, self._runner.home, for_now=self._for_now)

    def for_now(self) -> Git:
        """Return a Git for clones that don't outlive this run: what it finds now is what it finds later."""
        return Git(self._runner.env, self._runner.home, for_now=True)

    def with_login(self, login: Login) -> Git:
        """Return a Git that signs in with this user name and password, without storing them."""
        return Git(credential_store.only(self._runner.env, login), self._runner.home)

    def login(self, host: str, user: str = "") -> Login | None:
        """Return an IAM user's Git credentials from the credential store, None if it has none. Raises Problem."""
        return credential_store.found(self._runner, host, user)

    def keep_login(self, host: str, login: Login) -> None:
        """Have git store credentials in the user's credential store. Raises Problem."""
        credential_store.keep(self._runner, host, login)

    def version(self) -> str:
        """Return git's version, for example "2.39.5", "" if there is no git. It works with a broken .gitconfig too."""
        try:
            done = self._runner.outside("--version")
            done = done if not done.code else self._runner.outside("--version", more=_NO_SETTINGS)
        except Problem:
            return ""
        found = re.search(r"\d+(\.\d+)+", done.out)
        return found[0] if found and not done.code else ""

    def missing(self) -> Problem:
        """Return why there is no version: git isn't there, or it can't run."""
        try:
            done = self._runner.outside("--version", more=_NO_SETTINGS)
        except Problem as refused:
            return refused
        return problem_of(done.errors, "", "git.missing")

    def helper(self) -> str:
        """Return the path of the git-remote-codecommit that git will find, "" if there is none."""
        return self.command(REMOTE)

    @staticmethod
    def own_helper() -> str:
        """Return the path of the git-remote-codecommit that was installed with this program, "" if there is none."""
        return _beside(REMOTE)

    def command(self, name: str) -> str:
        """Return the absolute path of a command that git finds now, "" if there is none.

        Symbolic links aren't followed: the link on the PATH survives an upgrade, its target may not.
        """
        return self._found(name, self._runner.path)

    def later(self, name: str) -> str:
        """Return the absolute path of a command that git will also find in the person's next shell, "" if none."""
        return self._found(name, self._runner.path if self._for_now else installation.later(self._runner.env))

    def lasting(self, name: str) -> str:
        """Return the absolute path of a command that stays where it is, also if the PATH doesn't lead to it."""
        if found := self.later(name):
            return found
        if not installation.is_temporary():
            return _beside(name)
        kept = installation.to_keep(self._runner.env, str(self._runner.home))
        return executables.path_of(name, {**self._runner.env, "PATH": kept[1]}) if kept else ""

    def install(self, command: Sequence[str]) -> str:
        """Run a program that installs ccsetup for this user. Return "", or the last thing that it said if it failed."""
        return process.installed(command, self._runner.env, self._runner.home)

    def _found(self, name: str, path: str) -> str:
        return executables.path_of(name, {**self._runner.env, "PATH": os.pathsep.join([*self._parts, path])})

    @cached_property
    def _parts(self) -> list[str]:
        """A list with the folder of git's own commands, empty if there is no git."""
        try:
            return [self._runner.outside("--exec-path").out.strip()]
        except Problem:
            return []

    def reachable(self, route: Route) -> Sequence[str]:
        """Run `git ls-remote` outside repositories. Return the branches, the default one first.

        Raises Problem.
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

    def is_tag(self, route: Route, name: str) -> bool:
        """Return whether the server has a tag with this name. Raises Problem."""
        ref = f"refs/tags/{name}"
        done = self._runner.outside(*cloning.options(route), "ls-remote", "--", route.url, ref)
        if done.code:
            raise problem_of(done.errors, route.url, "access.git")
        return any(line.endswith(f"\t{ref}") for line in done.out.splitlines())

    def default(self, route: Route) -> str:
        """Return the branch that the server's HEAD named when it was last asked, "" if none."""
        return self._heads.get(route.url, branches.Heads({})).head

    def _speaks_git(self, route: Route) -> None:
        """Check that a server without branches is a git server. Raises Problem.

        git takes an empty answer, or a web page in one line, for a repository without branches in the "dumb" protocol.
        A real git server sends packets, which git reports if it is asked to.
        """
        words = [*cloning.options(route), "ls-remote", "--", route.url]
        done = self._runner.run(words, more={"GIT_TRACE_PACKET": "1"})
        if not any(re.search(r" packet: .*< \S", line) for line in done.errors):
            raise not_git(name_of(route.url))

    def early(self, route: Route, directory: Path, branch: str) -> EarlyClone:
        """Return a clone that can begin while the profile is verified. `branch` may be a tag."""
        can_wait = process.CAN_HOLD and self._is_ours(route)
        return cloning.early(self._runner, self._records, route, directory, branch, can_wait)

    def _is_ours(self, route: Route) -> bool:
        """Return whether the helper that git will start for a route is one of ours."""
        if route.name != REMOTE:
            return OWN_HELPER in route.settings.get("credential.helper", "")
        try:
            script = plain_file.content(self.helper(), plain_file.SMALL).decode()
        except (OSError, UnicodeDecodeError):
            return False
        return helper_owner.package(script) == "ccsetup"

    def arrived(self, early: EarlyClone, default: str, progress: Progress) -> Sequence[str]:
        """Wait for an early clone, and return the server's branches, the default one first.

        Returns none if the clone failed, or may not be on CodeCommit's default branch: git guesses which branch HEAD
        is if the server doesn't say it. Raises Problem.
        """
        found = early.heads(progress)
        if not default or found.head != default:
            return ()
        self._heads[early.route.url] = found
        return found.names

    def clone(
        self,
        route: Route,
        directory: Path,
        branch: str,
        progress: Progress,
        default: str = "",
        early: EarlyClone | None = None,
    ) -> CloneResult:
        """Clone, or finish an interrupted clone. `branch` may be a tag. `default` is CodeCommit's default branch.

        `early` is a clone that may have begun already.

        After an error or Ctrl-C, it removes only the private folder that it created. Raises Problem, also if the
        directory isn't empty.
        """
        self._may(route.url)
        if route.url not in self._heads:
            self.reachable(route)
        there = self._heads[route.url]
        if branch and branch not in there.commits and self.is_tag(route, branch):
            chosen = branch
        else:
            chosen = branches.chosen(branch, default, there, name_of(route.url))
        return cloning.make(self._runner, self._records, route, directory, chosen, progress, early)

    def unfinished(self, directory: Path) -> bool:
        """Return whether an earlier clone to `directory`, which doesn't exist yet, was interrupted."""
        if os.path.lexists(directory / ".git"):
            return False
        return self._records.speak_of(private_clone.aim(directory).target)

    def repoint(self, directory: Path, route: Route) -> None:
        """Switch a clone to another route: its address and its own settings. Raises Problem."""
        cloning.settle(self._runner, route, directory)

    def do(self, directory: Path, *words: str) -> str:
        """Run git in a clone and return its output. Raises Problem."""
        return self._runner.checked(directory, self.origin(directory), *words).out

    def config(self, directory: Path) -> GitConfig:
        """Return git's settings in a clone. Raises Problem if it isn't a clone, or if git can't read them."""
        return clone_settings.read(self._runner, directory)

    def machine_settings(self) -> Pairs:
        """Return git's settings outside a clone. Raises Problem if git can't read them."""
        return clone_settings.machine(self._runner)

    def resettled(self, directory: Path, changes: Mapping[str, SettingChange]) -> Edit:
        """Return the edit that changes only these settings of a clone. Raises Problem."""
        return clone_settings.edited(self._runner, directory, changes)

    def origin(self, directory: Path) -> str:
        """Return the address that the clone at `directory` fetches from, "" if it isn't a clone."""
        if not directory.is_dir():
            return ""
        return clone_settings.address(self._runner, directory)

    def lfs_files(self, directory: Path) -> Sequence[str]:
        """Return the paths of the files in a clone that Git LFS keeps."""
        return lfs.files(self._runner, directory)

    def has_lfs(self, directory: Path) -> bool:
        """Return whether git uses git-lfs when it checks out files."""
        return lfs.is_installed(self._runner, directory)

    def point_lfs(self, directory: Path, https: str, helper: Mapping[str, str]) -> None:
        """Have Git LFS ask an https address with a credential helper, unless the repository names another place."""
        if not lfs.server(self._runner, directory):
            lfs.use(self._runner, directory, lfs.settings(https, helper))

    def pull_lfs(self, directory: Path, count: int) -> Problem | None:
        """Download the files that Git LFS keeps. Return why they aren't here, if it can't."""
        if self._runner.env.get("GIT_LFS_SKIP_SMUDGE", "").lower() in ("1", "true", "yes", "on", "t"):
            return None
        return lfs.pull(self._runner, directory, count, name_of(self.origin(directory)))

    def commits(self, url: str) -> Sequence[str]:
        """Return the commits of the branches of an address that was asked."""
        return [*self._heads.get(url, branches.Heads({})).commits.values()]

    def has_commit(self, directory: Path, commit: str) -> bool:
        """Return whether a clone has this commit."""
        return not self._runner.ask(directory, "rev-parse", "-q", "--verify", f"{commit}^{{commit}}").code

    def has_branch(self, directory: Path, name: str) -> bool:
        """Return whether a clone has a local branch with this name."""
        return not self._runner.ask(directory, "rev-parse", "-q", "--verify", f"refs/heads/{name}").code

    def branches_at(self, directory: Path, remote: str) -> tuple[str, str]:
        """Return the branch that is checked out, and the stored default branch of a remote; "" for none."""
        told = []
        for ref, start in (("HEAD", "refs/heads/"), (f"refs/remotes/{remote}/HEAD", f"refs/remotes/{remote}/")):
            named = self._runner.ask(directory, "rev-parse", "-q", "--verify", "--symbolic-full-name", ref).out.strip()
            told.append(named.removeprefix(start) if named.startswith(start) else "")
        return told[0], told[1]

    def foreign(self, directory: Path) -> Problem | None:
        """Return why git refuses a repository that belongs to another user, None if it doesn't."""
        return ownership.refusal(self._runner.ask(directory, "rev-parse", "--git-dir").errors)

    def remote(self, directory: Path) -> str:
        """Return the name of the remote that a clone fetches from, "" if it isn't a clone."""
        return clone_settings.remote(self._runner, directory)

    def setting(self, directory: Path, key: str, own: bool = True) -> str:
        """Return the last value of a setting in effect in a clone, "" if there is none."""
        return self._runner.ask(directory, "config", *(["--local"] if own else []), "--get", key).out.rstrip("\n")

    def fetch(self, directory: Path, progress: Progress | None = None, default: str = "") -> CloneResult:
        """Fetch in an existing clone, and check out its files if it has none yet.

        `default` is as in `clone`. Nothing is pruned. Raises Problem.
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
                f"The server lists no branches for {name_of(url)}, but this clone has the branch {known.names[0]}.",
                why="No branches were fetched or removed.",
                next=f"See what the server lists: git ls-remote {quoted(url)}",
                code="access.git",
            )
        branch = branches.chosen("", default, known, name_of(url)) if begun else ""
        problem = cloning.completed(self._runner, directory, branch)
        return CloneResult(self._commit(directory), problem)

    def submodules(self, directory: Path) -> Sequence[Submodule]:
        """Return a clone's submodules that aren't checked out."""
        private_clone.tidy(self._records, directory)
        return clone.missing(self._runner, directory)

    def waiting_submodules(self, directory: Path) -> tuple[str, ...]:
        """Return the submodules that git alone can't clone later. Starts no programs."""
        return submodule_hook.waiting(self._runner, directory)

    def keep_submodules(self, directory: Path) -> str:
        """Have git itself fetch a clone's submodules on CodeCommit later. Return "", or why that isn't possible."""
        return clone.keep_submodules(self._runner, directory, self.version)

    def fetch_submodule(self, directory: Path, submodule: Submodule, route: Route, progress: Progress) -> CloneResult:
        """Clone and check out one submodule with this route. Raises Problem."""
        self._may(route.url)
        return clone.fetch(self._runner, self._records, directory, submodule, route, progress)

    def facts(self, directory: Path) -> tuple[str, int, str]:
        """Return a clone's branch, its number of commits and its size, for example "8.1 MiB"."""
        asked = (("symbolic-ref", "--short", "-q", "HEAD"), ("rev-list", "--count", "HEAD"), ("count-objects", "-v"))
        done = within(CHECK_S, *(partial(self._runner.within, directory, *words) for words in asked))
        branch, commits, counted = (it.out.strip() for it in done)
        sizes = re.findall(r"^size(?:-pack)?: (\d+)$", counted, re.MULTILINE)
        return branch, int(commits or 0), _size(sum(map(int, sizes)))

    def _may(self, url: str) -> None:
        """Refuse a protocol that GIT_ALLOW_PROTOCOL doesn't allow. git's own error doesn't name the variable."""
        allowed = self._runner.env.get("GIT_ALLOW_PROTOCOL")
        scheme = re.match(r"\w+", url)
        if allowed is None or not scheme or "://" not in url:
            return
        needed = ["codecommit", "https"] if scheme[0] == "codecommit" else [scheme[0]]
        missing = [name for name in needed if name not in allowed.split(":")]
        if missing:
            protocols = [*filter(None, allowed.split(":")), *missing]
            raise Problem(
                f"GIT_ALLOW_PROTOCOL doesn't allow {' and '.join(missing)}.",
                next=f"Run: {shells.setting('GIT_ALLOW_PROTOCOL', ':'.join(protocols), self._runner.env)}",
                code="git.protocol",
            )

    def _commit(self, directory: Path) -> str:
        return cloning.head(self._runner, directory)


def _beside(name: str) -> str:
    """Return the path of a command that was installed with this program, "" if there is none."""
    import sysconfig

    places = [str(Path(sys.argv[0]).parent), str(Path(sys.executable).parent), sysconfig.get_path("scripts")]
    return executables.path_of(name, {**os.environ, "PATH": os.pathsep.join(places)})


def _size(kib: int) -> str:
    return f"{kib} KiB" if kib < 1024 else f"{kib / 1024:.1f} MiB" if kib < 1024**2 else f"{kib / 1024**2:.1f} GiB"
