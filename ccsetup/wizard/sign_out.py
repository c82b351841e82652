"""Signs out: ends sign-ins at IAM Identity Center, and removes the sessions that AWS tools cached for profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from ccsetup.aws.sso.token_cache import token_in, token_name
from ccsetup.awsfiles import cached_sessions
from ccsetup.core.context import Context, Start, start_of
from ccsetup.core.errors import Problem
from ccsetup.core.model import Edit
from ccsetup.core.profile_chain import chain, first
from ccsetup.core.profile_kind import source_of
from ccsetup.core.result import briefly_told

T = TypeVar("T")
Profiles = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class SignOut:
    """A sign-in to end: its name for display, the profiles that use it, its cache files, and where it starts.

    `start` is None for a sign-in of `aws login`, and for role sessions that belong to no sign-in.
    """

    name: str
    profiles: tuple[str, ...]
    files: tuple[Path, ...]
    start: Start | None = None


@dataclass(frozen=True)
class SignedOut:
    """The result. `ended`: the sign-in was ended at Identity Center (None: it has no sign-in there, or no answer)."""

    asked: SignOut
    ended: bool | None = None
    problem: Problem | None = None

    def document(self) -> dict[str, Any]:
        """Return the result as JSON."""
        return {
            "ok": self.problem is None,
            "sign_in": self.asked.name or None,
            "profiles": list(self.asked.profiles),
            "ended": self.ended,
            "removed": [str(path) for path in self.asked.files],
            "problems": [briefly_told(self.problem)] if self.problem else [],
        }


def planned(context: Context, profiles: Profiles, sessions: Profiles, names: Iterable[str]) -> list[SignOut]:
    """Return what to end for these profiles: each sign-in once, then the role sessions of profiles without one.

    Profiles that share a sign-in are signed out together, so their role sessions are included.
    """
    starts = first(profiles, profiles, lambda name: _start(profiles[name], sessions))
    logins = first(profiles, profiles, lambda name: profiles[name].get("login_session") or None)
    by_start, by_login = _by(starts, profiles), _by(logins, profiles)
    wanted: dict[str, tuple[SignOut, Sequence[str]]] = {}
    for name in names:
        start, session = starts.get(name), logins.get(name) or ""
        if start and (start.url or start.session):
            key = shown = start.session or start.url
            sharing = by_start[start]
        else:
            start, key, shown = None, session or name, session and "aws login"
            sharing = by_login[session] if session else [name]
        if key not in wanted:
            token = _token(context, start) if start else [cached_sessions.of_aws_login(session)] if session else []
            wanted[key] = SignOut(shown, tuple(sharing), (), start), token
    all_of = [name for it, _ in wanted.values() for name in it.profiles]
    with_sessions = _with_sessions(context, profiles, sessions, all_of)
    found = []
    for it, token in wanted.values():
        paths = dict.fromkeys([*token, *sessions_of(with_sessions, sessions, *it.profiles)])
        files = (context.home / ".aws" / path for path in paths)
        found.append(replace(it, files=tuple(path for path in files if is_cached(context, path))))
    return [it for it in found if it.files]


def _by(told: Mapping[str, T | None], names: Iterable[str]) -> dict[T, list[str]]:
    """Return the names by what is told about them, leaving out those about which nothing is."""
    found: dict[T, list[str]] = {}
    for name in names:
        if (it := told[name]) is not None:
            found.setdefault(it, []).append(name)
    return found


def _with_sessions(context: Context, profiles: Profiles, sessions: Profiles, names: Iterable[str]) -> Profiles:
    """Return profiles with chains that leave out source profiles without a cached role session."""

    def named(name: str) -> str | None:
        paths = cached_sessions.of_profile(profiles[name], sessions)
        return name if any(context.files.seen(context.home / ".aws" / path) for path in paths) else None

    nearest = first(profiles, names, named)
    return {
        name: {**there, "source_profile": nearest.get(there["source_profile"]) or ""}
        if "source_profile" in there
        else there
        for name, there in profiles.items()
        if name in nearest
    }


def sessions_of(profiles: Profiles, sessions: Profiles, *names: str) -> Iterator[str]:
    """Yield the cache files, below ~/.aws, of the role sessions of profiles and their source profiles."""
    for there in chain(profiles, *names):
        yield from cached_sessions.of_profile(there, sessions)


def is_cached(context: Context, path: Path) -> bool:
    """Return whether a path below ~/.aws is a cached sign-in or session. Say so if it is another file, which stays."""
    text = context.files.seen(path)
    if text and not cached_sessions.is_session(text):
        context.screen.note(f"{path} isn't a cached session, so it isn't removed.")
    return cached_sessions.is_session(text or "")


def end(context: Context, asked: SignOut) -> SignedOut:
    """End one sign-in and remove its cache files, also if Identity Center doesn't answer."""
    ended, problem = None, None
    if asked.start:
        try:
            ended = context.signin.end(asked.start)
        except Problem as refused:
            problem = refused
            problem.next = "The sign-in was removed from this computer. At AWS it lasts until it expires."
    for path in asked.files:
        forget(context, path)
    return SignedOut(asked, ended, problem)


def forget(context: Context, path: Path) -> None:
    """Remove one cache file."""
    context.files.store(Edit(path, context.files.seen(path), None))


def _start(there: Mapping[str, str], sessions: Profiles) -> Start | None:
    """Return where the sign-in of a profile with these settings starts, None if it uses no single sign-on."""
    return start_of(there, sessions) if source_of(there) == "sso" or "sso_account_id" in there else None


def _token(context: Context, start: Start) -> Sequence[str]:
    """Return the file of a sign-in's token, nothing if the file belongs to another start URL."""
    path = f"sso/cache/{token_name(start)}"
    text = context.files.seen(context.home / ".aws" / path)
    token = token_in(text or "")
    return [path] if token is None or token.serves(start) else []
