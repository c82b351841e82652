"""IAM Identity Center: gets a token from the cache or by signing in, and lists accounts and roles."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ccsetup.aws.sso.assignments import instead_of
from ccsetup.aws.sso.client import IdentityCenter, Refused
from ccsetup.aws.sso.oauth import CodeInstead, Grants, Person, elsewhere, in_words, signed_out
from ccsetup.aws.sso.token_cache import (
    Registration,
    Token,
    registration_in,
    registration_name,
    registration_text,
    token_in,
    token_name,
    token_text,
)
from ccsetup.core import clock, limits, plain_file, regions
from ccsetup.core.concurrency import alone, within
from ccsetup.core.context import Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Choice, Edit, Expected, Keys, Secret
from ccsetup.core.validate import region_of

T = TypeVar("T")
_RENEW = timedelta(minutes=15)  # SDKs renew a token this long before it expires
_SPARE = timedelta(minutes=1)  # a token with less time left isn't used
_SAVED = 500  # the most files of the sign-in cache that are read to find a region
_MAYBE_ELSEWHERE = ("InvalidRequestException", "InvalidGrantException", "ExpiredTokenException")  # the wrong region
_PAGES = {"PageSize": limits.SSO_PAGE_SIZE}


def _silently(text: str, lasts_s: float | None = None) -> AbstractContextManager[object]:
    return nullcontext()


class SignIn:
    """A user's sign-ins to IAM Identity Center. Reads the token cache; `pending` returns what to write to it.

    `show` takes a text and a URL to open, `note` a line of text, `busy` a text shown while waiting, and
    for how many seconds at most. `open_browser`
    takes a URL and returns whether a browser opened (None: the user's own browser). `no_browser` shows the URL and
    opens nothing. `watch` yields a function that returns the key that the user pressed, "" if none; without it, nobody
    can press one. A network fault is one Problem within a minute; Ctrl-C ends every wait at once.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        home: Path,
        now: Callable[[], datetime],
        *,
        show: Callable[[str, str], None],
        note: Callable[[str], None],
        busy: Callable[..., AbstractContextManager[object]] = _silently,
        open_browser: Callable[[str], bool] | None = None,
        device_code: bool = False,
        no_browser: bool = False,
        patience_s: float = limits.SIGN_IN_S,
        pause: Callable[[float], None] = time.sleep,
        watch: Callable[[], AbstractContextManager[Callable[[], str]]] | None = None,
    ) -> None:
        self._env, self._now, self._note, self._busy = env, now, note, busy
        self._cache = home / ".aws" / "sso" / "cache"
        self._device_code, self._no_browser, self._open_browser = device_code, no_browser, open_browser
        self._center = IdentityCenter(env, home)
        self._watch = watch
        person = Person(show, self._visit, patience_s, pause, self._invite, self._second)
        self._grants = Grants(self._center, person, now, self._registration)
        self._lock = threading.RLock()
        self._tokens: dict[tuple[str, str, str], Token] = {}
        self._refused: set[Secret] = set()
        self._left: dict[Path, str] = {}
        self._regions: dict[str, tuple[str, str]] = {}

    def warm(self) -> None:
        """Load what its clients are made from. Asks nobody."""
        self._center.warm()

    def token(self, start: Start) -> Secret:
        """Return an access token: from this run, the shared cache, a refresh, or a sign-in in the browser."""
        return self._held(start).access

    def anew(self, start: Start) -> None:
        """Renew the sign-in even if it is still valid: by a refresh if that extends it, else by a new sign-in."""
        with self._lock:
            held = self._cached(start)
            token = self._renewed(start, held) if held and held.refresh else None
            if not token or (held and token.expires_at <= held.expires_at):
                token = self._signed_in(start)
            if held:
                self._refused.add(held.access)
            self._tokens[_place(start)] = token

    def until(self, start: Start) -> datetime | None:
        """Return when the current token expires; None if there is none."""
        with self._lock:
            token = self._tokens.get(_place(start)) or self._cached(start)
        return token.expires_at if token and token.expires_at > self._now() else None

    def end(self, start: Start) -> bool:
        """End a saved sign-in at Identity Center. Return False if there is none that is still valid.

        Raises Problem if Identity Center doesn't answer. The saved token isn't removed.
        """
        token = self._cached(start)
        if not token or token.expires_at <= self._now():
            return False
        access = token.access.reveal()
        with suppress(Refused):  # it has ended already
            there = start._replace(region=token.region or start.region)
            self._center.ask("sso", there, lambda sso: sso.logout(accessToken=access))
        return True

    def resolve(self, url: str) -> str | None:
        """Return the region of a start URL and tell the user where it comes from; None if unknown.

        It comes from the host, a sign-in on this computer, the redirect of a custom URL, or as in `search`.
        """
        if told := region_of(url):
            return told
        region, why = self._signed_in_before(url), "according to a sign-in on this computer"
        if not region:
            region, why = region_of(self._center.behind(url)) or "", "according to its redirect"
        if not region:
            region, why = self._found(url)
        if region:
            self._note(f"The Identity Center of {url} is in {region}, {why}.")
        return region or None

    def search(self, start: Start) -> str:
        """Return the region of a start URL that was refused in another one, "" if unknown.

        It comes from the start page, or else from asking all regions at once; exactly one must recognize the URL.
        """
        region = self._found(start.url)[0]
        return region if region != start.region else ""

    def _found(self, url: str) -> tuple[str, str]:
        """Return the region of a start URL, and where it comes from. It is looked for once."""
        with self._lock:
            if url not in self._regions:
                with self._busy("Looking for the region of the start URL"):
                    named = self._named_by_page(url)
                    only = "" if named else self._only_one(url)
                by = "according to its start page" if named else "the only region that recognizes it"
                self._regions[url] = named or only, by
            return self._regions[url]

    def _named_by_page(self, url: str) -> str:
        from ccsetup.aws.sso import start_page

        try:
            return start_page.of(self._center, url)
        except (Problem, Refused):  # the regions may answer all the same
            return ""

    def _only_one(self, url: str) -> str:
        """Ask all regions of the partition at once. Return the one that recognizes a start URL, "" if not just one."""
        found: list[str] = []

        def look(region: str) -> None:
            if self._grants.knows(Start(url, region, "")):
                found.append(region)

        with suppress(TimeoutError):
            within(limits.SSO_SEARCH_S, *(partial(look, region) for region in self._center.regions(url)))
        return found[0] if len(found) == 1 else ""

    def _signed_in_before(self, url: str) -> str:
        """Return the region of the latest sign-in with a start URL that any program has left on this computer."""
        found = []
        for path in sorted(self._cache.glob("*.json"))[:_SAVED]:
            with suppress(Problem):
                token = token_in(_text_at(path) or "")
                if token and token.start_url.rstrip("#/") == url.rstrip("#/") and regions.is_region(token.region):
                    found.append((token.expires_at, token.region))
        return max(found)[1] if found else ""

    def accounts(self, start: Start) -> Sequence[Choice]:
        """List the accounts by name: the value is the account ID, the label its name, the hint its email address."""

        def ask(sso: Any, token: str) -> list[Choice]:
            pages = sso.get_paginator("list_accounts").paginate(accessToken=token, PaginationConfig=_PAGES)
            found = [account for page in pages for account in page["accountList"]]
            return [
                Choice(a["accountId"], a.get("accountName") or a["accountId"], a.get("emailAddress", "")) for a in found
            ]

        return _by_name(self._portal(start, ask, "Your sign-in isn't allowed to list accounts."))

    def roles(self, start: Start, account_id: str) -> Sequence[Choice]:
        """List the permission sets of one account by name."""

        def ask(sso: Any, token: str) -> list[Choice]:
            asked = {"accessToken": token, "accountId": account_id, "PaginationConfig": _PAGES}
            pages = sso.get_paginator("list_account_roles").paginate(**asked)
            return [Choice(role["roleName"], role["roleName"]) for page in pages for role in page["roleList"]]

        return _by_name(self._portal(start, ask, f"Your sign-in has no roles in account {account_id}."))

    def keys(self, start: Start, account_id: str, role: str) -> Keys:
        """Return a role's temporary credentials."""

        def ask(sso: Any, token: str) -> Keys:
            found = sso.get_role_credentials(accessToken=token, accountId=account_id, roleName=role)["roleCredentials"]
            ends = clock.since_1970(found["expiration"] / 1000)
            return Keys(found["accessKeyId"], Secret(found["secretAccessKey"]), Secret(found["sessionToken"]), ends)

        try:
            return self._portal(start, ask, f"Your sign-in doesn't have the role {role} in account {account_id}.")
        except Problem as refused:
            if refused.code == "access.assume":
                refused.why = instead_of(self, start, Expected(account_id, role))
            raise

    def pending(self) -> Sequence[Edit]:
        """Return the cache files to write for this run's sign-ins; nothing has been written yet."""
        with self._lock:
            edits = [Edit(path, _text_at(path), text) for path, text in self._left.items()]
            return tuple(edit for edit in edits if edit.before != edit.after and not self._outdated(edit))

    def _outdated(self, edit: Edit) -> bool:
        """Say whether another program has renewed the token in the meantime."""
        ours, theirs = token_in(edit.after or ""), token_in(edit.before or "")
        if not ours or not theirs or (ours.start_url, ours.region) != (theirs.start_url, theirs.region):
            return False
        return theirs.expires_at > ours.expires_at and theirs.access not in self._refused

    def _portal(self, start: Start, ask: Callable[[Any, str], T], denied: str) -> T:
        """Ask the portal. If it refuses a token that looked valid, have the user sign in once."""
        token = self._held(start)
        for last in (token.fresh, True):

            def work(sso: Any, access: str = token.access.reveal()) -> T:
                return ask(sso, access)

            try:
                return self._center.ask("sso", start, work)
            except Refused as refused:
                if refused.code != "UnauthorizedException":
                    next = "Choose another account or role, or ask your administrator for access."
                    raise Problem(denied, code="access.assume", next=next) from None
            if last:
                break
            token = self._instead_of(token, start)
        raise signed_out("Identity Center rejected the new sign-in.")

    def _held(self, start: Start) -> Token:
        with self._lock:
            token = self._tokens.get(_place(start)) or self._cached(start)
            if token and token.expires_at - self._now() <= _RENEW:
                token = self._renewed(start, token)
            if not token:
                token = self._signed_in(start)
            self._tokens[_place(start)] = token
            return token

    def _instead_of(self, refused: Token, start: Start) -> Token:
        """Return a token other than the refused one; another thread may already have signed in again."""
        with self._lock:
            self._refused.add(refused.access)
            if self._tokens[_place(start)].access == refused.access:
                self._tokens[_place(start)] = self._signed_in(start)
            return self._tokens[_place(start)]

    def _cached(self, start: Start) -> Token | None:
        token = token_in(_text_at(self._cache / token_name(start)) or "")
        return token if token and token.serves(start) and token.access not in self._refused else None

    def _registration(self, start: Start) -> Registration | None:
        return registration_in(_text_at(self._cache / registration_name(start)) or "")

    def _renewed(self, start: Start, token: Token) -> Token | None:
        """Use the refresh token, else keep the current token for its remaining time; None if that's too short."""
        left = replace(token, refresh=None) if token.expires_at - self._now() > _SPARE else None
        known = token.registration
        if not token.refresh or not known or known.expires_at <= self._now():
            return left
        try:
            return self._keep(start, self._grants.renew(start, known, token.refresh))
        except Refused:
            return left
        except Problem:
            if not left:
                raise
            return left

    def _signed_in(self, start: Start) -> Token:
        """Have the user sign in: in the browser or, if that isn't possible, with a code, and say why."""
        from ccsetup.aws.sso.callback_page import Listener

        if alone.get():
            raise signed_out("The sign-in has expired.")
        path = self._cache / token_name(start)
        if not token_in(_text_at(path) or "{}") and path.exists():
            self._note(f"The saved sign-in {path} is damaged and will be replaced.")
        why, listener = self._why_code(start), None
        if not why:
            try:
                listener = Listener(secrets.token_urlsafe(32))
            except OSError:
                why = "127.0.0.1 has no free port"
        try:
            if listener:
                try:
                    return self._keep(start, replace(self._grants.by_browser(start, listener), fresh=True))
                except CodeInstead:
                    why = "you pressed c"
            self._note(f"Signing in with a code because {why}.")
            return self._keep(start, replace(self._grants.by_code(start), fresh=True))
        except Refused as refused:
            problem = in_words(start, refused.code)
            if refused.code in _MAYBE_ELSEWHERE and (region := self.search(start)):
                problem = elsewhere(start, region)
        raise problem

    def _why_code(self, start: Start) -> str:
        from ccsetup.aws.sso.browser import why_none

        if self._device_code:
            return "you passed --device-code"
        if not start.session:
            return "a profile without an sso-session requires one"
        return why_none(self._env)

    @contextmanager
    def _visit(self, page: str, lasts_s: float) -> Iterator[None]:
        from ccsetup.aws.sso.browser import open_page, opens_elsewhere, visited, why_none

        alone = self._no_browser or (why_none(self._env) and not opens_elsewhere(self._env))
        opened = nullcontext() if alone else visited(page, self._open_browser or open_page, self._note)
        with self._busy("Waiting for you to sign in", lasts_s), opened:
            yield

    def _invite(self) -> str:
        from ccsetup.aws.sso.browser import name_of

        if self._no_browser:
            return "Open this page in a browser on this computer and sign in:"
        return f"Opening this page in {name_of(self._env)}. Sign in there:"

    @contextmanager
    def _second(self) -> Iterator[Callable[[], bool]]:
        """Tell how to get a code instead of the browser, and watch for the user's wish."""
        if self._watch is None:
            self._note("To sign in with a code instead, stop this with Ctrl-C and add --device-code.")
            yield lambda: False
            return
        self._note("Press c to sign in with a code instead.")
        with self._watch() as pressed:
            yield lambda: pressed().lower() == "c"

    def _keep(self, start: Start, token: Token) -> Token:
        """Remember the cache files to write for a new token."""
        if token.fresh and token.registration:
            self._left[self._cache / registration_name(start)] = registration_text(token.registration)
        self._left[self._cache / token_name(start)] = token_text(token)
        return token


def _place(start: Start) -> tuple[str, str, str]:
    return start.url, start.region, start.session


def _by_name(choices: Iterable[Choice]) -> tuple[Choice, ...]:
    return tuple(sorted(choices, key=lambda choice: (choice.label.casefold(), choice.value)))


def _text_at(path: Path) -> str | None:
    try:
        return plain_file.content(str(path), plain_file.SMALL).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Problem(
            f"The saved sign-in {path} can't be read: {error.strerror}.",
            next="Delete the file, then sign in again.",
            code="sso.cache-corrupt",
        ) from None
