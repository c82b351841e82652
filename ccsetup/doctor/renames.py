"""Names that changed on the server after a clone was made: of its repository, and of the branch that it follows."""

from __future__ import annotations

from collections.abc import Sequence

from ccsetup.core.command_line import in_turn, joined
from ccsetup.core.context import Context, Sighting
from ccsetup.core.errors import Problem
from ccsetup.core.model import Repository, Route, Who
from ccsetup.core.text import nearest
from ccsetup.doctor.facts import Clone
from ccsetup.doctor.findings import Finding
from ccsetup.git import config

_TRIED = 10  # repositories that git is asked about
_USUAL = ("master", "main", "trunk", "develop", "mainline")  # default branches, if the clone doesn't store its own


def renamed(context: Context, clone: Clone, who: Who, route: Route, name: str) -> Sequence[Sighting]:
    """Return the repository with this clone's commits, or else the one with the nearest name."""
    try:
        with context.screen.busy(f"Looking for another name of {name}"):
            names = [it for it in context.aws.repositories(who) if it != name]
            near = nearest(name, names)
            tried = dict.fromkeys([*near, *names])
            found = next((it for it in [*tried][:_TRIED] if _has_commits(context, clone, route, name, it)), "")
    except Problem:
        return ()
    return [Sighting(who.profile, who.region, Repository(it, who.region)) for it in ([found] if found else near[:1])]


def _has_commits(context: Context, clone: Clone, route: Route, name: str, other: str) -> bool:
    """Return whether a repository has a branch whose commit is in the clone."""
    url = f"{route.url.rstrip('/').removesuffix(name)}{other}"
    try:
        context.git.reachable(route._replace(url=url))
    except Problem:
        return False
    return any(context.git.has_commit(clone.folder, commit) for commit in context.git.commits(url))


def followed(context: Context, clone: Clone, repository: str, names: Sequence[str], default: str) -> list[Finding]:
    """Return the finding for a checked out branch that follows one that the server doesn't have any more."""
    if not names or not any(key.startswith("branch.") and key.endswith(".merge") for key, _ in clone.settings):
        return []
    branch, was_default = context.git.branches_at(clone.folder, clone.url.remote)
    remote = next(iter(config.values(clone.settings, f"branch.{branch}.remote")[-1:]), "")
    merge = next(iter(config.values(clone.settings, f"branch.{branch}.merge")[-1:]), "")
    gone = merge.removeprefix("refs/heads/")
    if not gone or remote != clone.url.remote or gone in names:
        return []
    new = default if default in names else names[0]
    says = f"The branch {gone} of {repository} doesn't exist any more."
    because = "git pull fails with “no such ref was fetched”."
    fetch, switch = joined("git", "fetch", remote), joined("git", "switch", new)
    if gone != (was_default or gone) or (not was_default and gone not in _USUAL):
        return [Finding("git.branch", "note", says, because, path=clone.file, do=in_turn(fetch, switch))]
    says = f"The default branch of {repository} is now {new}, and {gone} doesn't exist any more."
    set_head = joined("git", "remote", "set-head", remote, new)
    if context.git.has_branch(clone.folder, new):
        do = in_turn(fetch, set_head, switch)
    else:
        upstream = joined("git", "branch", "-u", f"{remote}/{new}", new)
        do = in_turn(joined("git", "branch", "-m", branch, new), fetch, upstream, set_head)
    return [Finding("git.branch", "stops", says, because, path=clone.file, do=do)]
