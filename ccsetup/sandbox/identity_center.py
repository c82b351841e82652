"""The state of IAM Identity Center: instances, permission sets, clients, pending sign-ins and sessions."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ccsetup.sandbox.resources import Policy, Role

SCOPE = "sso:account:access"


@dataclass(frozen=True)
class Instance:
    """An Identity Center instance: its start URL, its region, the person at the browser, and the session duration."""

    start_url: str
    region: str
    person: str
    session_s: int = 8 * 3600


@dataclass(frozen=True)
class Assignment:
    """A permission set that the person has in one account, and the role that Identity Center created for it."""

    start_url: str
    account_id: str
    name: str
    role_arn: str


@dataclass(frozen=True)
class Client:
    """A registered client."""

    id: str
    secret: str
    name: str
    expires: datetime
    grants: tuple[str, ...]
    redirects: tuple[str, ...]
    scopes: tuple[str, ...]
    start_url: str


@dataclass(frozen=True)
class SignIn:
    """A sign-in in progress: from a device (device and user code) or a browser (authorization code).

    status: "pending", "approved", "denied" or "used".
    """

    code: str
    user_code: str
    client_id: str
    start_url: str
    expires: datetime
    scopes: tuple[str, ...] = ()
    redirect: str = ""
    challenge: str = ""
    state: str = ""
    status: str = "pending"
    polled: datetime | None = None
    polls: int = 0


@dataclass(frozen=True)
class Token:
    """An access or refresh token and its session."""

    value: str
    kind: str
    client_id: str
    start_url: str
    scopes: tuple[str, ...]
    expires: datetime
    session_ends: datetime


class Center:
    """All Identity Center instances of the sandbox. `auto_approve` answers for the person at the browser.

    interval_s: seconds between two polls of a device. device_s, code_s, token_s, client_s: lifetimes of a device code,
    an authorization code, an access token and a registration, in seconds. checks_region: StartDeviceAuthorization
    rejects a start URL of another region; otherwise only the sign-in fails. silent: start pages don't tell the region.
    moved: start URLs that redirect, and their targets.
    """

    def __init__(
        self, lock: AbstractContextManager[Any], now: Callable[[], datetime], add_role: Callable[..., Role]
    ) -> None:
        self._lock, self._now, self._add_role = lock, now, add_role
        self.auto_approve = False
        self.interval_s = 1
        self.device_s = 600
        self.code_s = 300
        self.token_s = 3600
        self.client_s = 90 * 24 * 3600
        self.checks_region, self.silent = True, False
        self.moved: dict[str, str] = {}
        self.instances: dict[str, Instance] = {}
        self.assignments: list[Assignment] = []
        self.clients: dict[str, Client] = {}
        self.sign_ins: dict[str, SignIn] = {}
        self.tokens: dict[str, Token] = {}

    def add_instance(self, start_url: str, region: str, person: str, session_s: int = 8 * 3600) -> Instance:
        """Add an Identity Center instance with its start URL, for example https://acme.awsapps.com/start."""
        with self._lock:
            self.instances[start_url] = Instance(start_url, region, person, session_s)
            return self.instances[start_url]

    def assign(self, start_url: str, account_id: str, name: str, *policies: Policy) -> Role:
        """Give the instance's person a permission set in an account. Return the role for it there."""
        with self._lock:
            region = self.instances[start_url].region
            mark = hashlib.sha256(f"{start_url}/{name}".encode()).hexdigest()[:16]
            path = f"/aws-reserved/sso.amazonaws.com/{'' if region == 'us-east-1' else region + '/'}"
            trust: Policy = {"Version": "2012-10-17", "Statement": []}
            full = f"AWSReservedSSO_{name}_{mark}"
            role = self._add_role(account_id, full, trust, *policies, max_session_s=12 * 3600, path=path)
            self.assignments.append(Assignment(start_url, account_id, name, role.arn))
            return role

    def instance(self, start_url: str, region: str | None = None) -> Instance | None:
        """Return the instance of a start URL with any ending (/, #/), None if it is unknown in that region."""
        with self._lock:
            found = self.instances.get(start_url.rstrip("#/"))
            return found if found and region in (None, found.region) else None

    def approve(self, user_code: str) -> None:
        """Approve a device's sign-in as the person would in the browser. Raises KeyError."""
        self._settle(user_code, "approved")

    def deny(self, user_code: str) -> None:
        """Deny a device's sign-in. Raises KeyError."""
        self._settle(user_code, "denied")

    def by_user_code(self, user_code: str) -> SignIn:
        """Return the device sign-in that shows this code. Raises KeyError."""
        wanted = user_code.strip().upper()
        with self._lock:
            for sign_in in self.sign_ins.values():
                if sign_in.user_code and sign_in.user_code == wanted:
                    return sign_in
            raise KeyError(user_code)

    def change(self, sign_in: SignIn, **fields: object) -> SignIn:
        """Replace fields of a sign-in in progress."""
        with self._lock:
            changed = replace(sign_in, **fields)  # type: ignore[arg-type]
            self.sign_ins[sign_in.code] = changed
            return changed

    def new_token(self, kind: str, like: SignIn | Token, session_ends: datetime, lasts_s: float) -> Token:
        """Issue a token. It doesn't outlive its session."""
        prefix = "aoaAAAAA" if kind == "access" else "aorAAAAA"
        value = prefix + secrets.token_urlsafe(96)
        expires = min(self._now() + timedelta(seconds=lasts_s), session_ends)
        token = Token(value, kind, like.client_id, like.start_url, like.scopes, expires, session_ends)
        with self._lock:
            self.tokens[value] = token
        return token

    def sign_in(self, start_url: str = "") -> Token:
        """Return an access token without a sign-in, as if one had just happened."""
        with self._lock:
            start_url = start_url or next(iter(self.instances))
            ends = self._now() + timedelta(seconds=self.instances[start_url].session_s)
            shape = Token("", "access", "", start_url, (SCOPE,), ends, ends)
            return self.new_token("access", shape, ends, self.token_s)

    def expire(self, what: str) -> None:
        """Expire an access or refresh token, a device code, a user code or a client's registration now."""
        past = self._now() - timedelta(seconds=1)
        with self._lock:
            if what in self.tokens:
                self.tokens[what] = replace(self.tokens[what], expires=past)
            elif what in self.clients:
                self.clients[what] = replace(self.clients[what], expires=past)
            else:
                found = self.sign_ins.get(what) or self.by_user_code(what)
                self.change(found, expires=past)

    def end_sessions(self) -> None:
        """End every session. Access and refresh tokens are rejected from now on."""
        with self._lock:
            for token in list(self.tokens.values()):
                self.expire(token.value)

    def _settle(self, user_code: str, status: str) -> None:
        with self._lock:
            self.change(self.by_user_code(user_code), status=status)
