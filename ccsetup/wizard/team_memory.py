"""The team files that were set up on this computer: where each came from, and where its clones are.

It is one private JSON file in the state folder, latest first. A team file is untrusted, so only its address, the name
of the team and the clones that this program made are kept, and nothing is trusted more because it is in there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Edit
from ccsetup.core.state_folder import state_folder
from ccsetup.wizard.team_offer import Received

MOST = 50


class Joined(NamedTuple):
    """A team file that was set up: its absolute path or URL, its team, the folder, and the clones by name."""

    source: str
    team: str
    folder: Path
    clones: Mapping[str, Path]


def absolute(context: Context, source: str) -> str:
    """Return a team file's URL, or its absolute path."""
    return source if "://" in source else str((context.cwd / Path(source).expanduser()).resolve())


def all_joined(context: Context) -> list[Joined]:
    """Return the team files that were set up, latest first. Records that can't be read are left out."""
    try:
        records = json.loads(context.files.seen(_path(context)) or "[]")
    except (Problem, ValueError, RecursionError):
        return []
    found = (_joined(it) for it in (records if isinstance(records, list) else []))
    return [it for it in found if it]


def _joined(record: Any) -> Joined | None:
    try:
        clones = {str(name): Path(path) for name, path in record["clones"].items()}
        return Joined(str(record["source"]), str(record["team"]), Path(record["folder"]), clones)
    except (LookupError, TypeError, AttributeError):
        return None


def remember(context: Context, found: Received, clones: Mapping[str, Path]) -> None:
    """Add a team file and the clones made with it in this folder. That it can't be written is no reason to fail."""
    source, folder = absolute(context, found.source), context.cwd.absolute()
    before = all_joined(context)
    same = next((it for it in before if (it.source, it.folder) == (source, folder)), None)
    kept = {name: path for name, path in (same.clones if same else {}).items() if path.is_dir()}
    joined = [Joined(source, found.team.name, folder, {**kept, **clones}), *(it for it in before if it is not same)]
    records = [
        {**it._asdict(), "folder": str(it.folder), "clones": {name: str(path) for name, path in it.clones.items()}}
        for it in joined[:MOST]
    ]
    try:
        context.files.store(Edit(_path(context), None, json.dumps(records, indent=1) + "\n"))
    except Problem as refused:
        context.screen.note(f"ccsetup doctor --team will need the team file's address. {refused.what}")


def recalled(context: Context, source: str) -> Joined | None:
    """Return what is remembered about a team file, or without one, about the team file of this folder or computer.

    If it was set up in several folders, the current one counts, otherwise the latest. Raises BadAnswer.
    """
    joined = all_joined(context)
    if source:
        joined = [it for it in joined if it.source == absolute(context, source)]
    elif not joined:
        raise BadAnswer(
            "No team file was set up on this computer.", next="Specify one, for example: ccsetup doctor --team acme.ini"
        )
    here = [it for it in joined if it.folder in (context.cwd.absolute(), *context.cwd.absolute().parents)]
    joined = here or joined
    if len({it.source for it in joined}) > 1 and not source:
        listed = "; ".join(f"{it.team}: {it.source}" for it in joined)
        raise BadAnswer(
            f"Several team files were set up on this computer. {listed}.",
            next="Specify one of them, for example: ccsetup doctor --team acme.ini",
        )
    return next(iter(joined), None)


def _path(context: Context) -> Path:
    return state_folder(context.env, context.home) / "teams.json"
