"""A clone's submodules: which there are, and one of them fetched from an address of our choosing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from ccsetup import cloned
from ccsetup.model import Route, Submodule
from ccsetup.running import Progress, Runner

_ALLOW = "protocol.codecommit.allow"  # in submodules git allows only the protocols it knows


def missing(runner: Runner, directory: Path) -> Sequence[Submodule]:
    """Return the submodules that are not checked out; those that are belong to whoever works in them."""
    if not (directory / ".gitmodules").is_file():
        return ()
    words = ("config", "-z", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.(path|url)$")
    told: dict[str, dict[str, str]] = {}
    for entry in filter(None, runner.within(directory, *words).out.split("\0")):
        key, _, value = entry.partition("\n")
        name, _, what = key.removeprefix("submodule.").rpartition(".")
        told.setdefault(name, {})[what] = value
    listed = [Submodule(name, there["path"], there.get("url", "")) for name, there in told.items() if "path" in there]
    return [
        each for each in listed if not (directory / each.path / ".git").exists() and _is_there(runner, directory, each)
    ]


def _is_there(runner: Runner, directory: Path, submodule: Submodule) -> bool:
    """Say whether the commit that is checked out has this submodule: .gitmodules may speak of others too."""
    staged = runner.within(directory, "ls-files", "--stage", "--", f":(literal){submodule.path}").out
    return staged.startswith("160000 ")


def fetch(runner: Runner, directory: Path, submodule: Submodule, route: Route, progress: Progress) -> None:
    """Clone one submodule this way and keep the way in its own settings. Raises Problem in words."""
    _remove_begun(runner, directory, submodule)
    runner.checked(directory, route.url, "submodule", "--quiet", "init", "--", submodule.path)
    runner.checked(directory, route.url, "config", "--local", f"submodule.{submodule.name}.url", route.url)
    runner.checked(directory, route.url, "config", "--local", _ALLOW, "always")
    words = ("submodule", "update", "--progress", "--", submodule.path)
    options = ("-c", f"{_ALLOW}=always", *cloned.options(route))
    runner.checked(directory, route.url, *options, *words, timeout_s=None, progress=progress)
    inside = directory / submodule.path
    cloned.settle(runner, route, inside)
    runner.checked(inside, route.url, "config", "--local", _ALLOW, "always")


def _remove_begun(runner: Runner, directory: Path, submodule: Submodule) -> None:
    """Remove what a submodule's clone left that was stopped before anything was in it; git would stumble over it."""
    told = runner.within(directory, "rev-parse", "--git-path", f"modules/{submodule.name}").out.strip()
    begun = directory / told
    if told and begun.is_dir() and not runner.run(["--git-dir", str(begun), "for-each-ref", "--count=1"]).out:
        shutil.rmtree(begun, ignore_errors=True)
