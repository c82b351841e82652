"""From a proven profile to a clone on disk: where it goes, whether it may, and the clone itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ccsetup.core.context import Prompt, World
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Answers, Asked, Route, Target
from ccsetup.core.result import Cloned
from ccsetup.git import address
from ccsetup.git.transport import HELPER, REMOTE, USUAL, Way
from ccsetup.wizard.verify import Claim, route

if TYPE_CHECKING:
    from ccsetup.core.context import Git


def folder_of(world: World, target: Target) -> Path:
    """Return the absolute folder that a repository is cloned into when nothing but its address is known."""
    return (world.cwd / Path(target.directory or target.name).expanduser()).absolute()


def folder(world: World, answers: Answers) -> Path | None:
    """Return the absolute folder to clone into, None when no clone is wanted."""
    name = answers.text("directory")
    return (world.cwd / Path(name).expanduser()).absolute() if name else None


def is_this_clone(world: World, directory: Path, target: Target) -> bool:
    """Say whether the folder is a clone of the target already. Raises Problem when something else is there."""
    if not world.files.occupied(directory):
        return False
    origin = world.git.origin(directory)
    if not origin and world.git.unfinished(directory):
        return False
    try:
        there = address.parse(origin, world.env.get("CODE_COMMIT_ENDPOINT", "")) if origin else None
    except BadAnswer:
        there = None
    if there and there.repository == target.name and (not target.region or there.region in ("", target.region)):
        return True
    raise Problem(
        f"{directory} is there and is not a clone of {target.name}.",
        why=f"It is a clone of {origin}." if origin else "Nothing in it was touched.",
        next=f"Name another folder, such as {directory.name}-2.",
        code="git.failed",
    )


def finding_git(world: World, way: Way = USUAL) -> Git:
    """Return a git that finds the way's helper: as the person's does, else with ccsetup's beside it, which is said."""
    if not world.git.version():
        raise Problem(
            "There is no git on this machine.", next="Install git, then run ccsetup again.", code="git.missing"
        )
    if way.via != REMOTE or world.git.helper():
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


def clone(world: World, git: Git, claim: Claim, directory: Path, person: Prompt | None, default: str = "") -> Cloned:
    """Clone, or bring the clone that is there up to date, with its progress on screen. Raises Problem.

    `default` is the repository's default branch as CodeCommit has it. A kept clone's problem has been told.
    """
    target, by = claim.target, route(world, claim)
    begun = git.unfinished(directory)
    if is_this_clone(world, directory, target) and not begun:
        return _fetched(world, git, by, directory, target, person, default)
    if begun:
        world.screen.note("A clone was stopped half-way here; it is finished now.")
    with world.screen.busy(f"Cloning {target.name}") as progress:
        result = git.clone(by, directory, claim.branch, progress, default)
    for note in result.notes:
        world.screen.note(note)
    if result.problem:
        world.screen.problem(result.problem)
    elif result.commit:
        world.screen.done("cloned", shown(world, directory), _facts(git, directory))
    else:
        world.screen.done("cloned", f"{shown(world, directory)} (empty repository)")
    return Cloned(directory, by, result.commit, result.problem)


def _fetched(
    world: World, git: Git, route: Route, directory: Path, target: Target, person: Prompt | None, default: str
) -> Cloned:
    """Fetch a clone that is there; one that goes another way is moved to this one where the person says so."""
    origin = git.origin(directory)
    if origin != route.url and _move(world, git, route, directory, origin, person):
        git.repoint(directory, route)
        world.screen.done("moved", shown(world, directory), f"goes by {route.url} now")
        origin = route.url
    with world.screen.busy(f"Fetching {target.name}"):
        result = git.fetch(directory, None, default)
    world.screen.done("fetched", shown(world, directory), "was this clone already")
    if result.problem:
        world.screen.problem(result.problem)
    via = route.name if origin == route.url else _via(origin)
    return Cloned(directory, route._replace(name=via, url=origin or route.url), result.commit, result.problem)


def _move(world: World, git: Git, route: Route, directory: Path, origin: str, person: Prompt | None) -> bool:
    if person is None:
        world.screen.note(f"It goes on using {origin}; for this profile: git remote set-url origin {route.url}")
        return False
    world.screen.say(f" {shown(world, directory)} goes by {origin}.")
    asked = Asked("move", f"Let it go by {route.url} from now on?", "confirm", default="yes")
    return person.ask(asked) == "yes"


def _via(origin: str) -> str:
    return REMOTE if origin.startswith("codecommit:") else HELPER


def goes(world: World, directory: Path) -> tuple[str, str, str]:
    """Return the profile, the region and the way of a clone that is there; "" for what it does not tell."""
    origin = world.git.origin(directory)
    try:
        there = address.parse(origin, world.env.get("CODE_COMMIT_ENDPOINT", ""))
    except BadAnswer:
        return "", "", ""
    if there.form == "codecommit":
        return there.profile, there.region, REMOTE
    helpers = world.git.setting(directory, "credential.helper")
    named = re.search(r"--profile ('[^']*'|\S+)", helpers)
    return named[1].strip("'") if named else "", there.region, HELPER if named else ""


def shown(world: World, directory: Path) -> str:
    """Return a folder as a person would type it here."""
    if world.cwd in directory.parents:
        return f"./{directory.relative_to(world.cwd).as_posix()}"
    return str(directory)


def _facts(git: Git, directory: Path) -> str:
    branch, commits, size = git.facts(directory)
    return f"branch {branch}, {commits:,} commit{'s' if commits != 1 else ''}, {size}"
