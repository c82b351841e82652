"""Signs out: ends sign-ins at IAM Identity Center, and removes the sessions that AWS tools cached for profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccsetup.aws.sso.token_cache import token_in, token_name
from ccsetup.awsfiles import cached_sessions
from ccsetup.core.context import Context, Start, start_of
from ccsetup.core.errors import Problem
from ccsetup.core.model import Edit
from ccsetup.core.profile_chain import chain
from ccsetup.core.profile_kind import source_of
from ccsetup.core.result import briefly_told

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
    found: dict[str, SignOut] = {}
    for name in names:
        start, session = _start(profiles, sessions, name), _aws_login(profiles, name)
        key = start.session or start.url if start else session or name
        if key in found:
            continue
        if start:
            sharing = [it for it in profiles if _start(profiles, sessions, it) == start]
            token = _token(context, start)
        else:
            sharing = [it for it in profiles if session and _aws_login(profiles, it) == session] or [name]
            token = [cached_sessions.of_aws_login(session)] if session else []
        cached = (path for it in sharing for path in sessions_of(profiles, sessions, it))
        paths = [context.home / ".aws" / path for path in dict.fromkeys([*token, *cached])]
        files = tuple(path for path in paths if is_cached(context, path))
        shown = start.session or start.url if start else session and "aws login"
        found[key] = SignOut(shown, tuple(sharing), files, start)
    return [it for it in found.values() if it.files]


def sessions_of(profiles: Profiles, sessions: Profiles, name: str) -> Iterator[str]:
    """Yield the cache files, below ~/.aws, of the role sessions of a profile and its source profiles."""
    for there in chain(profiles, name):
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


def _start(profiles: Profiles, sessions: Profiles, name: str) -> Start | None:
    """Return where the sign-in of a profile starts, directly or through its source profiles."""
    for there in chain(profiles, name):
        if source_of(there) == "sso" or "sso_account_id" in there:
            start = start_of(there, sessions)
            return start if start.url or start.session else None
    return None


def _aws_login(profiles: Profiles, name: str) -> str:
    return next((there["login_session"] for there in chain(profiles, name) if there.get("login_session")), "")


def _token(context: Context, start: Start) -> Sequence[str]:
    """Return the file of a sign-in's token, nothing if the file belongs to another start URL."""
    path = f"sso/cache/{token_name(start)}"
    text = context.files.seen(context.home / ".aws" / path)
    token = token_in(text or "")
    return [path] if token is None or token.serves(start) else []
