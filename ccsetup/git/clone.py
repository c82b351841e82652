"""A clone: made by git in private, then in its place; its files, its hook, its branches, and the way that it goes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.model import CloneResult, Route, Submodule
from ccsetup.git import clone as cloning
from ccsetup.git import submodule_names
from ccsetup.git.branches import Heads
from ccsetup.git.clone_record import Records
from ccsetup.git.errors import problem_of, said
from ccsetup.git.private_clone import KEPT, Site, privately
from ccsetup.git.process import Done, Progress, Runner

# While a clone is not yet in its place, no hook runs in it and nothing remembers where it is.
UNSEEN = (
    "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=keep",
    "-c", "gc.auto=0", "-c", "maintenance.auto=false",
)  # fmt: skip
_HASH = {"GIT_DEFAULT_HASH": "sha1"}  # what an empty repository of CodeCommit has; others say what they have


def make(
    runner: Runner, records: Records, route: Route, directory: Path, branch: str, progress: Progress
) -> CloneResult:
    """Clone with this branch checked out ("" for an empty repository), or finish what a stopped run left.

    Raises Problem, with nothing left of it. A clone whose files could not all be checked out is kept, and the result
    says so.
    """

    def fill(site: Site) -> Done:
        done = clone(runner, route, site, *([f"--branch={branch}"] if branch else []), progress=progress)
        is_there = (site.repository / ".git").is_dir()
        if not is_there or ((done.code or branch) and not head(runner, site.repository)):
            raise problem_of(done.errors, route.url, "git.failed")
        return done

    done, left = privately(records, directory, route.url, fill)
    if branch and not runner.within(directory, "symbolic-ref", "-q", "refs/remotes/origin/HEAD").out:
        runner.within(directory, "remote", "set-head", "origin", branch)
    problem = finish(runner, directory, done)
    return CloneResult(head(runner, directory), problem, tuple(filter(None, (warnings(done), left))))


def clone(runner: Runner, route: Route, site: Site, *more: str, progress: Progress) -> Done:
    """Run git's own clone by this route; its settings, and its credential helper, become the clone's own."""
    words = [*UNSEEN, "clone", "--progress", "--origin=origin", "--no-recurse-submodules", *more, *options(route)]
    return runner.run([*words, "--", route.url, site.name], None, progress, _HASH, cwd=site.folder)


def finish(runner: Runner, directory: Path, done: Done | None) -> Problem | None:
    """Run the post-checkout hook of a clone that is in its place, as git would have; return what went wrong.

    `done` is the git that checked out, None where that was an earlier run's.
    """
    if done and done.code:
        return _not_checked_out(directory, done)
    if not done and (problem := completed(runner, directory)):
        return problem
    commit = head(runner, directory)
    if not commit:
        return None
    words: tuple[str, ...] = ("hook", "run", "--ignore-missing", "post-checkout", "--", "0" * len(commit), commit, "1")
    if "hook" not in runner.run(["--list-cmds=builtins"]).out.split():  # git before 2.36
        words = ("checkout", "-q")
    try:
        hook = runner.within(directory, *words, timeout_s=None)
    except KeyboardInterrupt:
        raise Cancelled(KEPT) from None
    if not hook.code:
        return None
    return Problem(
        f"The clone in {directory} is complete, but git's post-checkout hook failed.",
        why=said(hook.errors),
        next=f"Fix that, then run the hook again: git -C {shlex.quote(str(directory))} checkout",
        code="git.checkout",
    )


def completed(runner: Runner, directory: Path, branch: str = "") -> Problem | None:
    """Check out the files of a clone that has none yet: those of `branch`, or of its HEAD; return what went wrong.

    What lies in the clone's folder stays as it is.
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
        f"The clone in {directory} is complete, but its files could not all be checked out.",
        why=said(done.errors),
        next=f"Fix that, then finish with: git -C {shlex.quote(str(directory))} checkout -f",
        code="git.checkout",
    )


def head(runner: Runner, directory: Path) -> str:
    """Return the commit at a clone's HEAD, "" where there is none."""
    return runner.within(directory, "rev-parse", "--verify", "-q", "HEAD").out.strip()


def _is_checked_out(runner: Runner, directory: Path) -> bool:
    """Say whether a clone has its files: the index is written when all of them are. A bare one needs none."""
    told = runner.within(directory, "rev-parse", "--is-inside-work-tree", "--git-path", "index").out.splitlines()
    return told[:1] != ["true"] or (directory / told[1]).exists()


def warnings(done: Done | None) -> str:
    """Return what git warned of, with the lines that follow: names that differ in capitals alone, for example."""
    lines = list(done.errors) if done and not done.code else []
    while lines and (not lines[0].startswith("warning: ") or "an empty repository" in lines[0]):
        lines.pop(0)
    return said(lines)


def fetched(runner: Runner, directory: Path) -> Heads:
    """Return the branches that a clone has fetched, and which one its server's HEAD named, where that was kept."""
    form = "--format=%(objectname) %(refname:lstrip=3)"
    told = runner.within(directory, "for-each-ref", form, "refs/remotes/origin").out.splitlines()
    commits = {name: commit for commit, _, name in (line.partition(" ") for line in told) if name != "HEAD"}
    head = runner.within(directory, "symbolic-ref", "-q", "refs/remotes/origin/HEAD").out.strip()
    return Heads(commits, head.removeprefix("refs/remotes/origin/"))


def options(route: Route) -> list[str]:
    """Return a route's settings as git's options; before its own credential helper, the machine's are switched off."""
    found: list[str] = []
    for key, value in route.settings.items():
        if key.startswith("credential.") and key.endswith("helper"):
            found += ["-c", f"{key}="]
        found += ["-c", f"{key}={value}"]
    return found


def settle(runner: Runner, route: Route, directory: Path) -> None:
    """Make a clone go this way from now on: its address, and its own credential helper."""

    def config(*words: str) -> None:
        runner.checked(directory, route.url, "config", "--local", *words)

    config("remote.origin.url", route.url)
    if not runner.within(directory, "config", "--local", "remote.origin.fetch").out:
        config("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    for key, value in route.settings.items():
        runner.within(directory, "config", "--local", "--unset-all", key)
        if key == "credential.helper":  # the empty one first: the machine's own are not asked
            config("--add", key, "")
        config("--add", key, value)


_ALLOW = "protocol.codecommit.allow"  # in submodules git allows only the protocols it knows


def missing(runner: Runner, directory: Path) -> Sequence[Submodule]:
    """Return the submodules that are not checked out; those that are belong to whoever works in them.

    They are those of the index, which holds their commits: `.gitmodules` may speak of others too.
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
        if submodule_names.fault(name, path) or not _is_there(directory / path)
    ]


def _commits(runner: Runner, directory: Path) -> dict[str, str]:
    """Return the commit of each submodule in the index, by its path."""
    listed = _entries(runner.within(directory, "ls-files", "--stage", "-z", timeout_s=None))
    entries = [entry.partition("\t") for entry in listed if entry.startswith("160000 ")]
    return {path: told.split()[1] for told, _, path in entries}


def _entries(done: Done) -> list[str]:
    """Return the entries of what git printed with -z; bytes that are no UTF-8 stay what they are."""
    return [entry for entry in done.raw.decode("utf-8", "surrogateescape").split("\0") if entry]


def _is_there(directory: Path) -> bool:
    return (directory / ".git").exists()


def fetch(
    runner: Runner, records: Records, directory: Path, submodule: Submodule, route: Route, progress: Progress
) -> CloneResult:
    """Clone one submodule this way and keep the way in its own settings. Raises Problem in words."""
    target = _target(directory, submodule)
    told = runner.checked(directory, "", "rev-parse", "--git-path", f"modules/{submodule.name}").out.strip()
    if (directory / told).exists():  # of a submodule that was here before
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
        return done

    ended, left = privately(records, target, f"{route.url} {submodule.commit}", fill)
    runner.within(directory, "submodule", "absorbgitdirs", "--", submodule.path)  # else its .git stays where it is
    problem = cloning.finish(runner, target, ended)
    return CloneResult(cloning.head(runner, target), problem, tuple(filter(None, (left,))))


def _target(directory: Path, submodule: Submodule) -> Path:
    """Return the submodule's folder. Raises Problem where git would not let it be there."""
    if submodule.fault:
        raise Problem(submodule.fault, why="git refuses such submodules, too.", code="git.failed")
    top = directory.resolve()
    target = top / submodule.path
    if target.resolve() != target:
        raise Problem(f"{submodule.path} leads through a link.", why="git refuses that, too.", code="git.failed")
    return target


def _register(runner: Runner, directory: Path, submodule: Submodule, route: Route) -> None:
    """Tell the clone around a submodule that it is wanted, and by which address."""
    runner.checked(directory, route.url, "submodule", "--quiet", "init", "--", submodule.path)
    runner.checked(directory, route.url, "config", "--local", f"submodule.{submodule.name}.url", route.url)
    runner.checked(directory, route.url, "config", "--local", _ALLOW, "always")


def _updated(runner: Runner, directory: Path, submodule: Submodule, route: Route, progress: Progress) -> str:
    """Have git itself bring back a submodule whose repository it has kept; return the commit."""
    _register(runner, directory, submodule, route)
    words = ("submodule", "update", "--progress", "--", submodule.path)
    options = ("-c", f"{_ALLOW}=always", *cloning.options(route))
    runner.checked(directory, route.url, *options, *words, timeout_s=None, progress=progress)
    inside = directory / submodule.path
    cloning.settle(runner, route, inside)
    runner.checked(inside, route.url, "config", "--local", _ALLOW, "always")
    return cloning.head(runner, inside)
