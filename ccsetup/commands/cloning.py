"""From a proven profile to a clone on disk: where it goes, whether it may, and the clone itself."""

from __future__ import annotations

from pathlib import Path

from ccsetup import address
from ccsetup.commands.outcome import Cloned
from ccsetup.errors import BadAnswer, Problem
from ccsetup.model import Answers, Route
from ccsetup.questions import Target
from ccsetup.world import Git, World


def folder(world: World, answers: Answers) -> Path | None:
    """Return the absolute folder to clone into, None when no clone is wanted."""
    name = answers.text("directory")
    return (world.cwd / Path(name).expanduser()).absolute() if name else None


def is_this_clone(world: World, directory: Path, target: Target) -> bool:
    """Say whether the folder is a clone of the target already. Raises Problem when something else is there."""
    if not world.files.occupied(directory):
        return False
    origin = world.git.origin(directory)
    try:
        there = address.parse(origin) if origin else None
    except BadAnswer:
        there = None
    if there and there.repository == target.name and there.region in ("", target.region):
        return True
    raise Problem(
        f"{directory} is there and is not a clone of {target.name}.",
        why=f"It is a clone of {origin}." if origin else "Nothing in it was touched.",
        next=f"Name another folder: --directory {directory.name}-2",
        code="git.failed",
    )


def finding_git(world: World) -> Git:
    """Return a git that finds a helper: as the person's does, else with ccsetup's own beside it, which is said."""
    if not world.git.version():
        raise Problem(
            "There is no git on this machine.", next="Install git, then run ccsetup again.", code="git.missing"
        )
    if world.git.helper():
        return world.git
    own = world.git.own_helper()
    if not own:
        raise Problem(
            "git will not find git-remote-codecommit.",
            next="Install ccsetup as a command: pipx install ccsetup",
            code="git.helper-path",
        )
    line = f'export PATH="{Path(own).parent}:$PATH"'
    world.screen.note(
        "git does not find git-remote-codecommit yet. Add this line to your shell's start file, and run it:"
    )
    world.screen.say(f"   {line}")
    return world.git.with_path(Path(own).parent)


def clone(world: World, git: Git, route: Route, directory: Path, answers: Answers, target: Target) -> Cloned:
    """Clone, or bring the clone that is there up to date, with its progress on screen."""
    if is_this_clone(world, directory, target):
        with world.screen.busy(f"Fetching {target.name}"):
            commit = git.fetch(directory)
        world.screen.done("fetched", shown(world, directory), "was this clone already")
        origin = git.origin(directory)
        if origin != route.url:
            world.screen.note(f"It goes on using {origin}; for this profile: git remote set-url origin {route.url}")
        return Cloned(directory, route._replace(url=origin or route.url), commit)
    with world.screen.busy(f"Cloning {target.name}") as progress:
        commit = git.clone(route, directory, answers.text("branch"), progress)
    world.screen.done("cloned", shown(world, directory), _facts(git, directory) if commit else "empty as yet")
    return Cloned(directory, route, commit)


def shown(world: World, directory: Path) -> str:
    """Return a folder as a person would type it here."""
    if directory.parent == world.cwd:
        return f"./{directory.name}"
    return str(directory)


def _facts(git: Git, directory: Path) -> str:
    branch, commits, size = git.facts(directory)
    return f"branch {branch}, {commits:,} commit{'s' if commits != 1 else ''}, {size}"
