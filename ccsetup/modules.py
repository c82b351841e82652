"""A clone's submodules: which there are, and one of them fetched from an address of our choosing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ccsetup import cloned, submodule_names
from ccsetup.clone_record import Records
from ccsetup.complaints import problem_of
from ccsetup.core.errors import Problem
from ccsetup.core.model import CloneResult, Route, Submodule
from ccsetup.private_clone import Site, privately
from ccsetup.running import Done, Progress, Runner

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
        done = cloned.clone(runner, route, site, "--no-checkout", f"--config={_ALLOW}=always", progress=progress)
        if done.code:
            raise problem_of(done.errors, route.url, "git.failed")
        if runner.within(repository, "cat-file", "-e", f"{submodule.commit}^{{commit}}").code:
            runner.checked(repository, route.url, "fetch", "-q", "origin", submodule.commit, timeout_s=None)
        done = runner.within(
            repository, *cloned.UNSEEN, "checkout", "--detach", submodule.commit, timeout_s=None, progress=progress
        )
        _register(runner, directory, submodule, route)
        return done

    ended, left = privately(records, target, f"{route.url} {submodule.commit}", fill)
    runner.within(directory, "submodule", "absorbgitdirs", "--", submodule.path)  # else its .git stays where it is
    problem = cloned.finish(runner, target, ended)
    return CloneResult(cloned.head(runner, target), problem, tuple(filter(None, (left,))))


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
    options = ("-c", f"{_ALLOW}=always", *cloned.options(route))
    runner.checked(directory, route.url, *options, *words, timeout_s=None, progress=progress)
    inside = directory / submodule.path
    cloned.settle(runner, route, inside)
    runner.checked(inside, route.url, "config", "--local", _ALLOW, "always")
    return cloned.head(runner, inside)
