"""A server's branches, and the branch that a clone checks out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ccsetup.core.command_line import quote
from ccsetup.core.errors import Problem
from ccsetup.git.errors import without_proxy

_SHOWN = 10


class Heads(NamedTuple):
    """A server's branches with their commits, the branch that HEAD names ("" if none), and the commit of HEAD."""

    commits: Mapping[str, str]
    head: str = ""
    at: str = ""

    @property
    def names(self) -> Sequence[str]:
        """The branches, with the one that HEAD names first."""
        return tuple(dict.fromkeys([*filter(None, [self.head]), *self.commits]))


def heads(told: str) -> Heads:
    """Read the output of `git ls-remote --symref`."""
    commits = {name: commit for commit, name in re.findall(r"^([0-9a-f]+)\trefs/heads/(\S+)$", told, re.MULTILINE)}
    named = re.search(r"^ref: refs/heads/(\S+)\tHEAD$", told, re.MULTILINE)
    at = re.search(r"^([0-9a-f]+)\tHEAD$", told, re.MULTILINE)
    return Heads(commits, named[1] if named and named[1] in commits else "", at[1] if at else "")


def chosen(asked: str, default: str, there: Heads, name: str) -> str:
    """Return the branch to check out, "" for an empty repository. Raises Problem if the branch can't be determined.

    `asked` is the user's choice, and `default` is the default branch according to CodeCommit. Either may be "".
    """
    if asked:
        if asked not in there.commits:
            raise _none_named(asked, there, name)
        return asked
    agree(default, there.names, name)
    if default and there.head and default != there.head:
        raise _contradiction(default, f"git reports {there.head} as the HEAD branch", name, there)
    if default and default not in there.commits:
        raise _contradiction(default, "git doesn't list a branch with that name", name, there)
    at_head = [branch for branch, commit in there.commits.items() if commit == there.at]
    certain = default or there.head or _alone(there.names) or _alone(at_head)
    if there.commits and not certain:
        raise Problem(
            f"{name} doesn't have a default branch.",
            why=f"The repository HEAD doesn't point to a branch. Available branches: {_shown(there.names)}.",
            next=f"Choose a branch, for example: --branch {quote(there.names[0])}",
            code="git.failed",
        )
    return certain


def agree(default: str, names: Sequence[str], name: str) -> None:
    """Raise Problem if CodeCommit reports a default branch and git shows no branches."""
    if default and not names:
        raise Problem(
            f"CodeCommit says that the default branch of {name} is {default}, but git doesn't list any branches.",
            why="The CodeCommit API and the git endpoint contradict each other, so one response isn't from AWS.",
            next=without_proxy(),
            code="access.git",
        )


def _contradiction(default: str, but: str, name: str, there: Heads) -> Problem:
    return Problem(
        f"CodeCommit says that the default branch of {name} is {default}, but {but}.",
        why=f"Available branches: {_shown(there.names)}.",
        next=f"Choose a branch, for example: --branch {quote(there.names[0])}",
        code="access.git",
    )


def _none_named(asked: str, there: Heads, name: str) -> Problem:
    next_ = (
        f"Available branches: {_shown(there.names)}." if there.commits else "The repository is empty. Omit --branch."
    )
    return Problem(f"{name} doesn't have a branch named {asked}.", next=next_, code="git.failed")


def _alone(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ""


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
