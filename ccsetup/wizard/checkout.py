"""From a proven profile to a clone on disk: where it goes, whether it may, and the clone itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ccsetup.core.context import Context, Prompt
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Answers, Asked, Route, Target
from ccsetup.core.result import Cloned
from ccsetup.git import address
from ccsetup.git.transport import HELPER, REMOTE, USUAL, Way
from ccsetup.wizard.verify import Claim, route

if TYPE_CHECKING:
    from ccsetup.core.context import Git


def folder_of(context: Context, target: Target) -> Path:
    """Return the absolute folder that a repository is cloned into when nothing but its address is known."""
    return (context.cwd / Path(target.directory or target.name).expanduser()).absolute()


def folder(context: Context, answers: Answers) -> Path | None:
    """Return the absolute folder to clone into, None when no clone is wanted."""
    name = answers.text("directory")
    return (context.cwd / Path(name).expanduser()).absolute() if name else None


def is_this_clone(context: Context, directory: Path, target: Target) -> bool:
    """Say whether the folder is a clone of the target already. Raises Problem when something else is there."""
    if not context.files.occupied(directory):
        return False
    origin = context.git.origin(directory)
    if not origin and context.git.unfinished(directory):
        return False
    try:
        there = address.parse(origin, context.env.get("CODE_COMMIT_ENDPOINT", "")) if origin else None
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


def finding_git(context: Context, way: Way = USUAL) -> Git:
    """Return a git that finds the way's helper: as the person's does, else with ccsetup's beside it, which is said."""
    if not context.git.version():
        raise Problem(
            "There is no git on this machine.", next="Install git, then run ccsetup again.", code="git.missing"
        )
    if way.via != REMOTE or context.git.helper():
        return context.git
    own = context.git.own_helper()
    if not own:
        raise Problem(
            "git will not find git-remote-codecommit.",
            next="Install ccsetup as a command: pipx install ccsetup",
            code="git.helper-path",
        )
    line = f'export PATH="{Path(own).parent}:$PATH"'
    context.screen.note(
        "git does not find git-remote-codecommit yet. Add this line to your shell's start file, and run it:"
    )
    context.screen.say(f"   {line}")
    return context.git.with_path(Path(own).parent)


def clone(
    context: Context, git: Git, claim: Claim, directory: Path, person: Prompt | None, default: str = ""
) -> Cloned:
    """Clone, or bring the clone that is there up to date, with its progress on screen. Raises Problem.

    `default` is the repository's default branch as CodeCommit has it. A kept clone's problem has been told.
    """
    target, by = claim.target, route(context, claim)
    begun = git.unfinished(directory)
    if is_this_clone(context, directory, target) and not begun:
        return _fetched(context, git, by, directory, target, person, default)
    if begun:
        context.screen.note("A clone was stopped half-way here; it is finished now.")
    with context.screen.busy(f"Cloning {target.name}") as progress:
        result = git.clone(by, directory, claim.branch, progress, default)
    for note in result.notes:
        context.screen.note(note)
    if result.problem:
        context.screen.problem(result.problem)
    elif result.commit:
        context.screen.done("cloned", shown(context, directory), _facts(git, directory))
    else:
        context.screen.done("cloned", f"{shown(context, directory)} (empty repository)")
    return Cloned(directory, by, result.commit, result.problem)


def _fetched(
    context: Context, git: Git, route: Route, directory: Path, target: Target, person: Prompt | None, default: str
) -> Cloned:
    """Fetch a clone that is there; one that goes another way is moved to this one where the person says so."""
    origin = git.origin(directory)
    if origin != route.url and _move(context, git, route, directory, origin, person):
        git.repoint(directory, route)
        context.screen.done("moved", shown(context, directory), f"goes by {route.url} now")
        origin = route.url
    with context.screen.busy(f"Fetching {target.name}"):
        result = git.fetch(directory, None, default)
    context.screen.done("fetched", shown(context, directory), "was this clone already")
    if result.problem:
        context.screen.problem(result.problem)
    via = route.name if origin == route.url else _via(origin)
    return Cloned(directory, route._replace(name=via, url=origin or route.url), result.commit, result.problem)


def _move(context: Context, git: Git, route: Route, directory: Path, origin: str, person: Prompt | None) -> bool:
    if person is None:
        context.screen.note(f"It goes on using {origin}; for this profile: git remote set-url origin {route.url}")
        return False
    context.screen.say(f" {shown(context, directory)} goes by {origin}.")
    asked = Asked("move", f"Let it go by {route.url} from now on?", "confirm", default="yes")
    return person.ask(asked) == "yes"


def _via(origin: str) -> str:
    return REMOTE if origin.startswith("codecommit:") else HELPER


def goes(context: Context, directory: Path) -> tuple[str, str, str]:
    """Return the profile, the region and the way of a clone that is there; "" for what it does not tell."""
    origin = context.git.origin(directory)
    try:
        there = address.parse(origin, context.env.get("CODE_COMMIT_ENDPOINT", ""))
    except BadAnswer:
        return "", "", ""
    if there.form == "codecommit":
        return there.profile, there.region, REMOTE
    helpers = context.git.setting(directory, "credential.helper")
    named = re.search(r"--profile ('[^']*'|\S+)", helpers)
    return named[1].strip("'") if named else "", there.region, HELPER if named else ""


def shown(context: Context, directory: Path) -> str:
    """Return a folder as a person would type it here."""
    if context.cwd in directory.parents:
        return f"./{directory.relative_to(context.cwd).as_posix()}"
    return str(directory)


def _facts(git: Git, directory: Path) -> str:
    branch, commits, size = git.facts(directory)
    return f"branch {branch}, {commits:,} commit{'s' if commits != 1 else ''}, {size}"
