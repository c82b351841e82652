"""Makes clones in a private folder and moves them into place. Handles their files, hook, branches and transport."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ccsetup.core.command_line import quote
from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.model import CloneResult, Route, Submodule
from ccsetup.git import clone as cloning
from ccsetup.git import clone_settings, lfs, ownership, submodule_hook, submodule_names
from ccsetup.git.branches import Heads
from ccsetup.git.clone_record import Records
from ccsetup.git.config import pattern
from ccsetup.git.early_clone import EarlyClone
from ccsetup.git.errors import problem_of, said
from ccsetup.git.private_clone import KEPT, Site, privately
from ccsetup.git.process import Child, Done, Progress, Runner

# Until a clone is in its place, no hook runs in it and nothing stores its path.
UNSEEN = (
    "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=keep",
    "-c", "gc.auto=0", "-c", "maintenance.auto=false",
)  # fmt: skip
# The format is that of CodeCommit's empty repositories; others report their own.
_ENV = {"GIT_DEFAULT_HASH": "sha1", **lfs.NOT_NOW}


def make(
    runner: Runner,
    records: Records,
    route: Route,
    directory: Path,
    branch: str,
    progress: Progress,
    early: EarlyClone | None = None,
) -> CloneResult:
    """Clone and check out this branch ("" for an empty repository), or finish an interrupted clone.

    `early` is a clone that has begun already.

    Raises Problem and leaves nothing behind. A clone with an incomplete checkout is kept, and the result has a problem.
    """

    def fill(site: Site) -> Done:
        done = begun[1] if begun else clone(runner, route, site, *_of(branch), progress=progress)
        is_there = (site.repository / ".git").is_dir()
        ours = ("-c", f"safe.directory={site.repository}")  # even where every file seems to belong to another user
        found.append(head(runner, site.repository, *ours) if is_there else "")
        if not is_there or ((done.code or branch) and not found[-1]):
            raise problem_of(done.errors, route.url, "git.failed")
        return done

    found = [""]
    begun = early.taken(route, branch, progress) if early else None
    done, left = privately(records, directory, route.url, fill, begun[0] if begun else None)
    if refused := ownership.refusal(runner.ask(directory, "rev-parse", "--git-dir").errors):  # a share, or WSL's /mnt/c
        return CloneResult(found[-1], refused, tuple(filter(None, (warnings(done), left))))
    if branch and not runner.within(directory, "symbolic-ref", "-q", "refs/remotes/origin/HEAD").out:
        runner.within(directory, "remote", "set-head", "origin", branch)
    problem = finish(runner, directory, done, found[-1])
    return CloneResult(head(runner, directory), problem, tuple(filter(None, (warnings(done), left))))


def clone(runner: Runner, route: Route, site: Site, *more: str, progress: Progress) -> Done:
    """Run git clone with this route, and store the route's settings and credential helper in the clone."""
    return runner.run(_words(route, site, *more), None, progress, _ENV, cwd=site.folder)


def early(runner: Runner, records: Records, route: Route, directory: Path, branch: str, can_wait: bool) -> EarlyClone:
    """Return a clone that can begin before it is known which branches there are."""

    def start(site: Site, held: bool) -> Child:
        return runner.start(_words(route, site, *_of(branch)), _ENV, site.folder, held=held)

    return EarlyClone(records, route, directory, branch, can_wait, start, lambda made: fetched(runner, made))


def _words(route: Route, site: Site, *more: str) -> list[str]:
    words = [*UNSEEN, "clone", "--progress", "--origin=origin", "--no-recurse-submodules", *more, *options(route)]
    return [*words, "--", route.url, site.name]


def _of(branch: str) -> list[str]:
    return [f"--branch={branch}"] if branch else []


def finish(runner: Runner, directory: Path, done: Done | None, commit: str = "") -> Problem | None:
    """Run the post-checkout hook of a clone that is in its place, as git would have. Return the problem, if any.

    `done` is the result of the checkout, None if an earlier run did it. `commit` is the one at HEAD, "" if unknown.
    """
    if done and done.code:
        return _not_checked_out(directory, done)
    if not done and (problem := completed(runner, directory)):
        return problem
    commit = commit or head(runner, directory)
    if not commit:
        return None
    words = ("hook", "run", "--ignore-missing", "post-checkout", "--", "0" * len(commit), commit, "1")
    try:
        hook = runner.within(directory, *words, timeout_s=None)
        if hook.code and hook.errors[0].startswith("git: 'hook' is not a git command"):  # before 2.36
            hook = runner.within(directory, "checkout", "-q", timeout_s=None)
    except KeyboardInterrupt:
        raise Cancelled(KEPT) from None
    if not hook.code:
        return None
    return Problem(
        f"The clone in {directory} is complete, but the post-checkout hook failed.",
        why=said(hook.errors),
        next=f"Fix the problem, then run the hook again: git -C {quote(str(directory))} checkout",
        code="git.checkout",
    )


def completed(runner: Runner, directory: Path, branch: str = "") -> Problem | None:
    """Check out `branch` or HEAD in a clone that has no files yet. Return the problem, if any.

    Files that are already in the clone's folder stay as they are.
    """
    if branch:
        return _checked_out(runner, directory, "-B", branch, "--track", f"origin/{branch}")
    if head(runner, directory) and not _is_checked_out(runner, directory):
        return _checked_out(runner, directory)
    return None


def _checked_out(runner: Runner, directory: Path, *words: str) -> Problem | None:
    done = runner.within(directory, "checkout", "-q", *words, timeout_s=None)
    return _not_checked_out(directory, done) if done.code else None


def _not_checked_out(directory: Path, done: Done) -> Problem:
    return Problem(
        f"The clone in {directory} is complete, but git couldn't check out all of its files.",
        why=said(done.errors),
        next=f"Fix the problem, then run: git -C {quote(str(directory))} checkout -f",
        code="git.checkout",
    )


def head(runner: Runner, directory: Path, *options: str) -> str:
    """Return the commit at a clone's HEAD, "" if there is none."""
    return runner.within(directory, *options, "rev-parse", "--verify", "-q", "HEAD").out.strip()


def _is_checked_out(runner: Runner, directory: Path) -> bool:
    """Return whether a clone's files are checked out: the index is written last. A bare clone has no files."""
    told = runner.within(directory, "rev-parse", "--is-inside-work-tree", "--git-path", "index").out.splitlines()
    return told[:1] != ["true"] or (directory / told[1]).exists()


def warnings(done: Done | None) -> str:
    """Return git's warnings with the lines that follow, for example about names that differ only in case."""
    lines = list(done.errors) if done and not done.code else []
    while lines and (not lines[0].startswith("warning: ") or "an empty repository" in lines[0]):
        lines.pop(0)
    return said(lines)


def fetched(runner: Runner, directory: Path) -> Heads:
    """Return the branches that a clone has fetched, and the branch of the server's HEAD, if the clone stores it."""
    form = "--format=%(objectname) %(refname:lstrip=3) %(symref:lstrip=3)"
    told = runner.within(directory, "for-each-ref", form, "refs/remotes/origin").out.split("\n")
    there = {name: (commit, head) for commit, name, head in (line.split(" ") for line in told if line)}
    _, head = there.pop("HEAD", ("", ""))
    return Heads({name: commit for name, (commit, _) in there.items()}, head)


def options(route: Route) -> list[str]:
    """Return a route's settings as options for git. They turn off other credential helpers before adding its own."""
    found: list[str] = []
    for key, value in route.settings.items():
        if key.startswith("credential.") and key.endswith("helper"):
            found += ["-c", f"{key}="]
        found += ["-c", f"{key}={value}"]
    return found


def settle(runner: Runner, route: Route, directory: Path) -> None:
    """Switch a clone to this route: its address and its credential helper."""

    def config(*words: str) -> None:
        runner.checked(directory, route.url, "config", "--local", *words)

    name = clone_settings.remote(runner, directory) or "origin"
    there = runner.within(directory, "config", "--local", "--get-all", f"remote.{name}.url").out.splitlines()
    config("--replace-all", f"remote.{name}.url", route.url, *map(pattern, there[:1]))  # others may be for pushes
    if not runner.within(directory, "config", "--local", f"remote.{name}.fetch").out:
        config(f"remote.{name}.fetch", f"+refs/heads/*:refs/remotes/{name}/*")
    for key, value in route.settings.items():
        runner.within(directory, "config", "--local", "--unset-all", key)
        if key == "credential.helper":  # the empty value comes first: it turns off other helpers
            config("--add", key, "")
        config("--add", key, value)


_ALLOW = "protocol.codecommit.allow"  # in submodules, git allows only the protocols it knows


def missing(runner: Runner, directory: Path) -> Sequence[Submodule]:
    """Return the submodules that aren't checked out. Those that are checked out are left alone.

    The submodules come from the index, which has their commits. `.gitmodules` may name others too.
    """
    blob = runner.within(directory, "rev-parse", "-q", "--verify", ":.gitmodules").out.strip()
    if not blob:
        return ()
    words = ("config", "-z", f"--blob={blob}", "--get-regexp", r"^submodule\..*\.(path|url)$")
    told: dict[str, dict[str, str]] = {}
    for entry in _entries(runner.within(directory, *words)):
        key, _, value = entry.partition("\n")
        name, _, what = key.removeprefix("submodule.").rpartition(".")
        told.setdefault(name, {})[what] = value
    commits = _commits(runner, directory)
    return [
        Submodule(name, path, there.get("url", ""), commits[path], submodule_names.fault(name, path))
        for name, there in told.items()
        if (path := there.get("path", "")) in commits
        if submodule_names.fault(name, path) or not _is_there(runner, directory / path)
    ]


def _commits(runner: Runner, directory: Path) -> dict[str, str]:
    """Return the commit of each submodule in the index by its path."""
    listed = _entries(runner.within(directory, "ls-files", "--stage", "-z", timeout_s=None))
    entries = [entry.partition("\t") for entry in listed if entry.startswith("160000 ")]
    return {path: told.split()[1] for told, _, path in entries}


def _entries(done: Done) -> list[str]:
    """Return the entries of git's output with -z. Bytes that aren't UTF-8 are preserved."""
    return [entry for entry in done.raw.decode("utf-8", "surrogateescape").split("\0") if entry]


def _is_there(runner: Runner, directory: Path) -> bool:
    """Return whether a submodule is checked out. A `git submodule update` that failed leaves one without commits."""
    return (directory / ".git").exists() and bool(head(runner, directory))


def fetch(
    runner: Runner, records: Records, directory: Path, submodule: Submodule, route: Route, progress: Progress
) -> CloneResult:
    """Clone one submodule with this route and store the route in its settings. Raises Problem."""
    target = _target(directory, submodule)
    told = runner.checked(directory, "", "rev-parse", "--git-path", f"modules/{submodule.name}").out.strip()
    if (directory / told).exists():  # the submodule was here before
        return CloneResult(_updated(runner, directory, submodule, route, progress))

    def fill(site: Site) -> Done:
        repository = site.repository
        done = cloning.clone(runner, route, site, "--no-checkout", f"--config={_ALLOW}=always", progress=progress)
        if done.code:
            raise problem_of(done.errors, route.url, "git.failed")
        if runner.within(repository, "cat-file", "-e", f"{submodule.commit}^{{commit}}").code:
            runner.checked(repository, route.url, "fetch", "-q", "origin", submodule.commit, timeout_s=None)
        done = runner.within(
            repository, *cloning.UNSEEN, "checkout", "--detach", submodule.commit, timeout_s=None, progress=progress
        )
        _register(runner, directory, submodule, route)
        _keep_address(runner, repository, submodule, route)
        return done

    ended, left = privately(records, target, f"{route.url} {submodule.commit}", fill)
    runner.within(directory, "submodule", "absorbgitdirs", "--", submodule.path)  # otherwise its .git stays where it is
    problem = cloning.finish(runner, target, ended)
    return CloneResult(cloning.head(runner, target), problem, tuple(filter(None, (left,))))


def _target(directory: Path, submodule: Submodule) -> Path:
    """Return the submodule's folder. Raises Problem if git wouldn't allow it there."""
    if submodule.fault:
        raise Problem(submodule.fault, why="git also rejects submodules like this one.", code="git.failed")
    top = directory.resolve()
    target = top / submodule.path
    if target.resolve() != target:
        raise Problem(
            f"The submodule path {submodule.path} goes through a symbolic link.",
            why="git also rejects paths like this one.",
            code="git.failed",
        )
    return target


def _register(runner: Runner, directory: Path, submodule: Submodule, route: Route) -> None:
    """Register a submodule and its address in the surrounding clone."""
    runner.checked(directory, route.url, "submodule", "--quiet", "init", "--", submodule.path)
    runner.checked(directory, route.url, "config", "--local", f"submodule.{submodule.name}.url", route.url)
    runner.checked(directory, route.url, "config", "--local", _ALLOW, "always")


def _updated(runner: Runner, directory: Path, submodule: Submodule, route: Route, progress: Progress) -> str:
    """Have git restore a submodule from the repository that it kept. Return the commit."""
    _register(runner, directory, submodule, route)
    words = ("submodule", "update", "--progress", "--", submodule.path)
    options = ("-c", f"{_ALLOW}=always", *cloning.options(route))
    runner.checked(directory, route.url, *options, *words, timeout_s=None, progress=progress)
    inside = directory / submodule.path
    cloning.settle(runner, route, inside)
    runner.checked(inside, route.url, "config", "--local", _ALLOW, "always")
    _keep_address(runner, inside, submodule, route)
    return cloning.head(runner, inside)


def _keep_address(runner: Runner, repository: Path, submodule: Submodule, route: Route) -> None:
    """Have a submodule use its route even after `git submodule sync`, which writes the address in .gitmodules to it."""
    key = f"url.{route.url}.insteadOf"
    plain = re.sub(r"(?<=://)[^@/]*@", "", route.url)  # git resolves a relative address without the profile
    for url in dict.fromkeys((submodule.url, plain)):
        if ":" in url and not route.url.startswith(url):
            runner.within(repository, "config", "--local", "--fixed-value", "--unset-all", key, url)
            runner.checked(repository, route.url, "config", "--local", "--add", key, url)


def keep_submodules(runner: Runner, directory: Path, version: Callable[[], str]) -> str:
    """Have git fetch submodules on CodeCommit that come later, too. Return "", or why that isn't possible."""
    modules = runner.within(directory, "cat-file", "blob", ":.gitmodules").out
    if not submodule_hook.may_need(modules):
        return ""
    return submodule_hook.install(runner, directory, tuple(int(part) for part in version().split(".")))
