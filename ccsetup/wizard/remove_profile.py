"""Removes a profile: its settings, what only this profile used, and its cached sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ccsetup.awsfiles import plan
from ccsetup.awsfiles.plan import Place
from ccsetup.core.context import AwsTexts, Context
from ccsetup.core.errors import Problem
from ccsetup.core.model import Plan
from ccsetup.git import clone_profile
from ccsetup.wizard import sign_out
from ccsetup.wizard.options import Settings

_MOST_FOLDERS = 2000  # folders that are looked at for clones
_DEEP = 3  # levels below the home folder


class Removal(NamedTuple):
    """What removing a profile changes, and what it leaves.

    `session` is the sso-session that only this profile used, "" for none. `sessions` are the cache files of its role
    sessions. `users` are the profiles that use it as their source, `source` its own source profile that nothing else
    uses. `clones` are folders whose remote or credential helper names it.
    """

    plan: Plan
    session: str
    sessions: tuple[Path, ...]
    users: tuple[str, ...]
    source: str
    clones: tuple[Path, ...]


def planned(context: Context, texts: AwsTexts, there: Settings, name: str) -> Removal:
    """Return the removal of a profile. Raises Problem if a section can't be removed without changing another one."""
    own, others = there.profiles[name], {key: it for key, it in there.profiles.items() if key != name}
    session = own.get("sso_session", "")
    session = session if session in there.sessions and not _uses(others, "sso_session", session) else ""
    places: list[Place] = [("config", "profile", name), ("credentials", "profile", name)]
    if session:
        places.append(("config", "sso-session", session))
    source = own.get("source_profile", "")
    source = source if source in others and not _uses(others, "source_profile", source) else ""
    return Removal(
        plan.removal(name, places, texts),
        session,
        tuple(_cached(context, there, name)),
        tuple(_uses(others, "source_profile", name)),
        source,
        tuple(clones(context, name)),
    )


def carry_out(context: Context, removal: Removal) -> None:
    """Write the files without the profile, and remove its cached sessions. `ccsetup undo` restores the files."""
    context.files.apply(removal.plan)
    for path in removal.sessions:
        sign_out.forget(context, path)


def _uses(profiles: Mapping[str, Mapping[str, str]], key: str, value: str) -> list[str]:
    return [name for name, there in profiles.items() if there.get(key) == value]


def _cached(context: Context, there: Settings, name: str) -> Iterator[Path]:
    """Yield the cache files of the profile's role sessions that no other profile uses."""
    profiles = there.profiles
    others = {*sign_out.sessions_of(profiles, there.sessions, *(it for it in profiles if it != name))}
    for path in dict.fromkeys(sign_out.sessions_of({name: profiles[name]}, there.sessions, name)):
        if path not in others and sign_out.is_cached(context, context.home / ".aws" / path):
            yield context.home / ".aws" / path


def clones(context: Context, name: str) -> Iterator[Path]:
    """Yield the clones here and below the home folder whose own git settings name a profile.

    Only a limited number of folders is looked at, and git doesn't run in them.
    """
    for folder in _folders(context):
        with suppress(Problem):  # a file that can't be read
            if clone_profile.profile_of(context.files.seen(folder / ".git" / "config") or "") == name:
                yield folder


def _folders(context: Context) -> Sequence[Path]:
    """Return the current folder, its parents, and folders below the home folder, each once, nearest first."""
    found = dict.fromkeys((context.cwd, *context.cwd.parents))
    level = [context.home, context.cwd]
    for _ in range(_DEEP):
        below = [it for folder in level for it in context.files.listed(folder) if it.name[:1] != "." and _is_own(it)]
        level = below[: max(_MOST_FOLDERS - len(found), 0)]
        found |= dict.fromkeys(level)
    return list(found)


def _is_own(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
