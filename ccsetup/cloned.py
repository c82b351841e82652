"""A clone: made by git in private, then in its place; its files, its hook, its branches, and the way that it goes."""

from __future__ import annotations

import shlex
from pathlib import Path

from ccsetup.branches import Heads
from ccsetup.clone_record import Records
from ccsetup.complaints import problem_of, said
from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.model import CloneResult, Route
from ccsetup.private_clone import KEPT, Site, privately
from ccsetup.running import Done, Progress, Runner

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
