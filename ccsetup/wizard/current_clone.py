"""The clone that the current folder is in: setup and clone work on it, and put no other clone into it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Asked, Choice
from ccsetup.git import address, clone_profile
from ccsetup.git.address import Address

REPAIR, ACCESS, OTHER = "repair", "access", "other"


class CurrentClone(NamedTuple):
    """A clone of a CodeCommit repository: its top folder, its remote URL, and the profile that it uses, if any."""

    folder: Path
    url: str
    address: Address
    profile: str

    def is_of(self, name: str) -> bool:
        """Return whether this is a clone of the repository with that name."""
        return self.address.repository == name

    def place_for(self, name: str) -> Path:
        """Return the folder for a repository: this clone's, or one beside it."""
        return self.folder if self.is_of(name) else self.folder.parent / name


def top(context: Context) -> Path | None:
    """Return the top folder of the repository that the current folder is in, None if there is none."""
    folders = (context.cwd, *context.cwd.parents)
    return next((it for it in folders if context.files.mode(it / ".git") is not None), None)


def of(context: Context) -> CurrentClone | None:
    """Return the clone that the current folder is in, None if there is none, or it isn't on CodeCommit."""
    folder = top(context)
    if folder is None:
        return None
    try:
        url = context.git.origin(folder)
        found = address.parse(url, context.env.get("CODE_COMMIT_ENDPOINT", "")) if url else None
        if found is None or found.form not in ("codecommit", "https", "ssh"):
            return None
        helper = context.git.setting(folder, "credential.helper")
    except (BadAnswer, Problem):  # git can't read its settings; the doctor reports that
        return None
    return CurrentClone(folder, url, found, found.profile or clone_profile.named_by(url, helper))


def ask(context: Context, here: CurrentClone) -> str:
    """Ask what to do in this clone: REPAIR it, set up ACCESS for it, or something OTHER."""
    assert context.prompt is not None  # noqa: S101 — only a person is asked
    name = here.address.repository
    choices = (
        Choice(REPAIR, "Repair this clone", "the same as ccsetup doctor --fix"),
        Choice(ACCESS, "Set up access for this clone", "write a profile, and use it here"),
        Choice(OTHER, "Set up something else"),
    )
    asked = f"You're in a clone of {name}. What do you want to do?"
    answer = context.prompt.ask(Asked("here", asked, "choose", choices=choices, default=REPAIR, can_go_back=False))
    return str(answer)
