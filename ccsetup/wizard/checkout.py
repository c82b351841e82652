"""Clones with a verified profile: where the clone goes, whether it can go there, and the clone itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ccsetup.access import questions
from ccsetup.core import installation, shells
from ccsetup.core.command_line import joined, quote
from ccsetup.core.context import Context, Prompt
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Answers, Asked, Route, Target
from ccsetup.core.result import Cloned
from ccsetup.git import address
from ccsetup.git.early_clone import EarlyClone
from ccsetup.git.transport import HELPER, REMOTE, USUAL, Way
from ccsetup.wizard import current_clone
from ccsetup.wizard.verify import Claim, route

if TYPE_CHECKING:
    from ccsetup.core.context import Git


def folder_of(context: Context, target: Target) -> Path:
    """Return the absolute folder that a repository is cloned into if only its address is known.

    In a clone, it is that clone, or a folder beside it.
    """
    if not target.directory and (here := current_clone.of(context)):
        if not here.is_of(target.name):
            context.screen.note(
                f"You're in a clone of {here.address.repository}, so {target.name} is cloned beside it."
            )
        return here.place_for(target.name)
    return (context.cwd / Path(target.directory or target.name).expanduser()).absolute()


def folder(context: Context, answers: Answers) -> Path | None:
    """Return the absolute folder to clone into, None for no clone."""
    name = answers.text("directory")
    return (context.cwd / Path(name).expanduser()).absolute() if name else None


def is_this_clone(context: Context, directory: Path, target: Target, flags: Sequence[str] = ()) -> bool:
    """Return whether the folder is already a clone of the target. Raises Problem if it contains something else.

    `flags` are those of `ccsetup clone` to use for another folder, apart from the region and the branch.
    """
    if not context.files.occupied(directory):
        return False
    origin = context.git.origin(directory)
    if not origin and context.git.unfinished(directory):
        return False
    if not origin and (refused := context.git.foreign(directory)):
        raise refused
    if address.is_of(origin, target.name, target.region, context.env.get("CODE_COMMIT_ENDPOINT", "")):
        return True
    of_target = (("--region", target.region), ("--branch", target.branch))
    more = [word for flag, value in of_target if value for word in (flag, value)]
    command = joined("ccsetup", "clone", target.name, free(context, directory), *flags, *more)
    raise Problem(
        questions.taken(str(directory), target),
        why=f"The folder is a clone of {origin}." if origin else "The folder wasn't changed.",
        next=f"Clone into another folder: {command}",
        code="git.failed",
    )


def free(context: Context, directory: Path) -> str:
    """Return the name of a folder beside this one that nothing is in, as the user would type it."""
    names = (directory.with_name(f"{directory.name}-{number}") for number in range(2, 100))
    return shown(context, next(it for it in names if not context.files.occupied(it)))


def finding_git(context: Context, way: Way = USUAL) -> Git:
    """Return a git that finds its helper. If only ccsetup's own helper is available, show how to add it to the PATH."""
    if not context.git.version():
        raise context.git.missing()
    if way.via != REMOTE or context.git.helper():
        return context.git
    own = context.git.own_helper()
    if not own:
        raise Problem(
            "git can't find git-remote-codecommit.",
            next=f"Install ccsetup so that it is on your PATH: {installation.how_to_install(context.env)}",
            code="git.helper-path",
        )
    if not installation.is_temporary():  # if it is, what to do is said at the end
        context.screen.note(
            "git can't find git-remote-codecommit. Run this command now, and also add it to your shell's startup file:"
        )
        context.screen.say(f"   {shells.add_to_path(str(Path(own).parent), shells.guess(context.env, ''))}")
    return context.git.with_path(Path(own).parent)


def clone(
    context: Context,
    git: Git,
    claim: Claim,
    directory: Path,
    person: Prompt | None,
    default: str = "",
    early: EarlyClone | None = None,
) -> Cloned:
    """Clone, or update an existing clone, and show the progress. Raises Problem.

    `default` is the repository's default branch in CodeCommit, and `early` a clone that may have begun already. The
    problem of a kept clone has already been shown.
    """
    target, by = claim.target, route(context, claim)
    begun = not (early and early.has_begun) and git.unfinished(directory)
    if is_this_clone(context, directory, target) and not begun:
        return _fetched(context, git, by, directory, target, person, default)
    if begun:
        context.screen.note("Found an incomplete clone in this folder. Resuming it.")
    with context.screen.busy(f"Cloning {target.name}") as progress:
        result = git.clone(by, directory, claim.branch, progress, default, *([early] if early else []))
        facts = _facts(git, directory, claim.branch) if result.commit and not result.problem else ("", "")
    for note in result.notes:
        context.screen.note(note)
    if result.problem:
        context.screen.problem(result.problem)
    elif result.commit:
        branch, told = facts
        context.screen.done("cloned", shown(context, directory), told)
        if not branch:
            context.screen.note(
                f"{claim.branch} is a tag, so no branch is checked out. To start one from it, run in the clone: "
                f"git switch -c {quote(f'from-{claim.branch}')}"
            )
    else:
        context.screen.done("cloned", f"{shown(context, directory)} (empty repository)")
    return Cloned(directory, by, result.commit, result.problem)


def _fetched(
    context: Context, git: Git, route: Route, directory: Path, target: Target, person: Prompt | None, default: str
) -> Cloned:
    """Fetch an existing clone. If its remote differs from this route, offer to change it."""
    origin = git.origin(directory)
    if origin != route.url and _move(context, route, directory, origin, person):
        git.repoint(directory, route)
        context.screen.done("moved", shown(context, directory), f"the remote URL is now {route.url}")
        origin = route.url
    with context.screen.busy(f"Fetching {target.name}"):
        result = git.fetch(directory, None, default)
    context.screen.done("fetched", shown(context, directory), "already cloned")
    if result.problem:
        context.screen.problem(result.problem)
    via = route.name if origin == route.url else _via(origin)
    return Cloned(directory, route._replace(name=via, url=origin or route.url), result.commit, result.problem)


def _move(context: Context, route: Route, directory: Path, origin: str, person: Prompt | None) -> bool:
    if person is None:
        move = joined("git", "-C", str(directory), "remote", "set-url", context.git.remote(directory), route.url)
        context.screen.note(f"The remote URL is still {origin}. To change it: {move}")
        return False
    context.screen.say(f" The remote URL of {shown(context, directory)} is {origin}.")
    asked = Asked("move", f"Change the remote URL to {route.url}?", "confirm", default="yes")
    return person.ask(asked) == "yes"


def _via(origin: str) -> str:
    return REMOTE if origin.startswith("codecommit:") else HELPER


def goes(context: Context, directory: Path) -> tuple[str, str, str]:
    """Return the profile, region and transport of an existing clone, "" for those that are unknown."""
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
    """Return a folder as you would type it in the current folder."""
    if context.cwd in directory.parents:
        return f"./{directory.relative_to(context.cwd).as_posix()}"
    return str(directory)


def _facts(git: Git, directory: Path, wanted: str) -> tuple[str, str]:
    """Return the branch that is checked out, "" for a tag, and a clone's facts in words."""
    branch, commits, size = git.facts(directory)
    at = f"branch {branch}" if branch else f"tag {wanted}"
    return branch, f"{at}, {commits:,} commit{'s' if commits != 1 else ''}, {size}"
