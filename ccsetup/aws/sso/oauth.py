"""How Identity Center grants a token: in the browser with PKCE, with a device code, or for a refresh token."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ccsetup.aws.sso.client import IdentityCenter, Refused, is_sign_in_page
from ccsetup.aws.sso.token_cache import Registration, Token, registration_name
from ccsetup.core import limits
from ccsetup.core.context import Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Secret
from ccsetup.core.sso_session import SCOPE

if TYPE_CHECKING:
    from ccsetup.aws.sso.callback_page import Listener

_BROWSER = ("authorization_code", "refresh_token")
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_SCOPES = (SCOPE,)
_ERRORS = {"access_denied": "AccessDeniedException", "invalid_scope": "InvalidScopeException"}  # RFC 6749, 4.1.2.1
_AHEAD = timedelta(minutes=15)  # a registration that expires sooner is replaced, as the AWS CLI does


@dataclass(frozen=True)
class Person:
    """How to reach the user: show a text and a URL, keep the page open while waiting, and for how many seconds.

    `invite` returns the text above the page that opens in a browser. `second` yields a function that returns whether
    the user wants a code instead.
    `visit` takes the page and how many seconds the user has for it.
    """

    show: Callable[[str, str], None]
    visit: Callable[[str, float], AbstractContextManager[None]]
    patience_s: float
    pause: Callable[[float], None]
    invite: Callable[[], str] = lambda: "Open this page in a browser on this computer and sign in:"
    second: Callable[[], AbstractContextManager[Callable[[], bool]]] = lambda: nullcontext(lambda: False)


@dataclass(frozen=True)
class _Device:
    """One device authorization: the page to open, the code it shows, the code to poll with, how often and how long."""

    page: str
    user_code: str
    code: Secret
    interval_s: float
    lasts_s: float


@dataclass
class Grants:
    """The three grants. `known` finds an earlier registration, made by this program or by the AWS CLI."""

    center: IdentityCenter
    person: Person
    now: Callable[[], datetime]
    known: Callable[[Start], Registration | None]
    _made: dict[tuple[str, tuple[str, ...]], Registration] = field(default_factory=dict)

    def renew(self, start: Start, registration: Registration, refresh: Secret) -> Token:
        """Exchange a refresh token, which stays valid unless a new one is returned (RFC 6749, section 6)."""
        given = {"grantType": "refresh_token", "refreshToken": refresh.reveal()}
        return self._created(start, registration, given, refresh)

    def by_browser(self, start: Start, listener: Listener) -> Token:
        """Use the authorization code with PKCE (RFC 7636): the browser is redirected to a local listener.

        Raises CodeInstead if the user wants a code.
        """
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        with listener:
            registration = self._registered(start, _BROWSER)
            query = {
                "response_type": "code",
                "client_id": registration.client_id,
                "redirect_uri": listener.redirect_uri,
                "state": listener.state,
                "code_challenge_method": "S256",
                "scopes": " ".join(start.scopes or _SCOPES),
                "code_challenge": challenge,
            }
            page = f"{self.center.base(start)}/authorize?{urlencode(query, quote_via=quote)}"
            self.person.show(self.person.invite(), self._checked(page))
            wanted = False
            with self.person.second() as wants_code, self.person.visit(page, self.person.patience_s):

                def stop() -> bool:
                    nonlocal wanted
                    wanted = wants_code()
                    return wanted

                back = listener.wait(self.person.patience_s, stop)
        if wanted and back is None:
            raise CodeInstead
        if back is None:
            raise signed_out(f"The sign-in wasn't completed within {self.person.patience_s / 60:.0f} minutes.")
        if back.error:
            raise Refused(_ERRORS.get(back.error, back.error))
        given = {"grantType": "authorization_code", "code": back.code.reveal()}
        given |= {"redirectUri": listener.redirect_uri, "codeVerifier": verifier}
        return self._created(start, registration, given)

    def by_code(self, start: Start) -> Token:
        """Use the device code (RFC 8628): the user confirms a code on any device while this polls for the result."""
        registration = self._registered(start, ())
        try:
            device = self._device(start, registration)
        except Refused as refused:
            if refused.code not in ("InvalidClientException", "UnauthorizedClientException"):
                raise
            registration = self._registered(start, (), anew=True)
            device = self._device(start, registration)
        self.person.show(f"Open this page and confirm the code {device.user_code}:", self._checked(device.page))
        with self.person.visit(device.page, device.lasts_s):
            return self._polled(start, registration, device)

    def knows(self, start: Start) -> bool:
        """Return whether Identity Center in the start's region knows its URL. Nobody is asked to sign in."""
        try:
            self._device(start, self._registered(start, ()))
        except (Refused, Problem):
            return False
        return True

    def _device(self, start: Start, registration: Registration) -> _Device:
        def ask(oidc: Any) -> _Device:
            found = oidc.start_device_authorization(
                clientId=registration.client_id,
                clientSecret=registration.secret.reveal(),
                startUrl=self.center.behind(start.url),
            )
            page = found.get("verificationUriComplete") or found["verificationUri"]
            code = Secret(found["deviceCode"])
            return _Device(page, found["userCode"], code, found.get("interval") or limits.POLL_S, found["expiresIn"])

        return self.center.ask("sso-oidc", start, ask)

    def _polled(self, start: Start, registration: Registration, device: _Device) -> Token:
        given = {"grantType": _DEVICE, "deviceCode": device.code.reveal()}
        wait_s, well = device.interval_s, self.now()
        end = well + timedelta(seconds=device.lasts_s)
        while self.now() < end:
            self.person.pause(wait_s)
            try:
                return self._created(start, registration, given)
            except Refused as refused:
                if refused.code not in ("AuthorizationPendingException", "SlowDownException"):
                    raise
                wait_s += limits.POLL_SLOWER_S if refused.code == "SlowDownException" else 0
                well = self.now()
            except Problem:  # the network may come back while the user is still signing in
                if (self.now() - well).total_seconds() > limits.POLL_OFFLINE_S:
                    raise
        raise Refused("ExpiredTokenException")

    def _registered(self, start: Start, grants: tuple[str, ...], anew: bool = False) -> Registration:
        key = registration_name(start), grants
        held = None if anew else self._made.get(key) or self.known(start)
        if held and ("authorization_code" in held.grants) == bool(grants) and held.expires_at - self.now() > _AHEAD:
            return held
        # A registration for the browser names the portal and the redirect; one for the device code names neither.
        scopes = start.scopes if start.session else ()
        told: dict[str, Any] = {"clientName": f"ccsetup-{start.session}".rstrip("-"), "clientType": "public"}
        if grants:
            scopes = scopes or _SCOPES
            from ccsetup.aws.sso.callback_page import REDIRECT  # brings a web server

            told |= {"grantTypes": list(grants), "redirectUris": [REDIRECT], "issuerUrl": self.center.behind(start.url)}
        if scopes:
            told["scopes"] = list(scopes)

        def ask(oidc: Any) -> Registration:
            found = oidc.register_client(**told)
            ends = datetime.fromtimestamp(found["clientSecretExpiresAt"], timezone.utc)
            return Registration(found["clientId"], Secret(found["clientSecret"]), ends, scopes, grants)

        made = self._made[key] = self.center.ask("sso-oidc", start, ask)
        return made

    def _created(
        self, start: Start, registration: Registration, given: Mapping[str, str], refresh: Secret | None = None
    ) -> Token:
        def ask(oidc: Any) -> Token:
            found = oidc.create_token(
                clientId=registration.client_id, clientSecret=registration.secret.reveal(), **given
            )
            ends = self.now() + timedelta(seconds=found["expiresIn"])
            renews = Secret(found["refreshToken"]) if found.get("refreshToken") else refresh
            return Token(Secret(found["accessToken"]), ends, start.url, start.region, renews, registration)

        return self.center.ask("sso-oidc", start, ask)

    def _checked(self, page: str) -> str:
        """Return the page if the user may be sent there. Raises Problem otherwise."""
        if not is_sign_in_page(page, self.center.endpoint):
            raise Problem(
                "Sign-in stopped because the page isn't on an AWS host.",
                why="The URL of a sign-in page must start with https and use an AWS host like acme.awsapps.com.",
                next="Ask your administrator for the start URL and its region, and check AWS_ENDPOINT_URL_SSO_OIDC.",
                code="sso.url",
            )
        return page


class CodeInstead(Exception):
    """The user wants to sign in with a code instead of the browser."""


def signed_out(what: str) -> Problem:
    """Return a Problem that says why there is no sign-in and what to do."""
    return Problem(what, next="Try signing in again.", code="sso.signed-out")


def elsewhere(start: Start, region: str) -> Problem:
    """Return the Problem for a start URL of another region."""
    return Problem(
        f"The start URL {start.url} belongs to the Identity Center in {region}, not in {start.region}.",
        next=f"Use that region: --sso-region {region}",
        code="sso.url",
    )


def in_words(start: Start, code: str) -> Problem:
    """Return the Problem for Identity Center's refusal of a sign-in."""
    if code == "InvalidRequestException":
        return Problem(
            f"Identity Center in {start.region} doesn't recognize the start URL {start.url}.",
            why="The region or the URL is wrong. A start URL works only in the region of its Identity Center.",
            next="Ask your administrator for both, for example, https://acme.awsapps.com/start and us-east-1.",
            code="sso.url",
        )
    if code == "InvalidScopeException":
        return Problem(
            f"The sso-session {start.session} requests scopes that Identity Center doesn't grant:"
            f" {' '.join(start.scopes)}.",
            next=f"Set sso_registration_scopes = {SCOPE} in that sso-session.",
            code="sso.url",
        )
    if code == "InvalidGrantException":
        problem = signed_out("IAM Identity Center didn't accept the sign-in: it was used already, or has expired.")
        problem.why = f"This also happens if {start.region} isn't the region of {start.url}."
        return problem
    named = f" ({code})" if re.fullmatch(r"[A-Za-z_]{1,60}", code) else ""
    return signed_out({
        "AccessDeniedException": "The sign-in was denied in the browser.",
        "ExpiredTokenException": "The code expired before it was confirmed.",
    }.get(code, f"IAM Identity Center rejected the sign-in{named}."))  # fmt: skip
