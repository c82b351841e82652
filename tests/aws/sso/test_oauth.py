from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ccsetup.aws.sso.callback_page import Callback, Listener
from ccsetup.aws.sso.client import Refused, is_sign_in_page
from ccsetup.aws.sso.oauth import Grants, Person, in_words
from ccsetup.aws.sso.token_cache import Registration
from ccsetup.core.context import Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Secret

START = Start("https://acme.awsapps.com/start", "us-east-1", "acme")
PAGE = "https://acme.awsapps.com/start/#/device?user_code=ABCD-EFGH"


class Desk:
    """sso-oidc as a script: each call takes the operation's next answer, an error's code or a Problem."""

    endpoint = ""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.at = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
        self.pauses: list[float] = []
        self.shown: list[tuple[str, str]] = []
        self.visited: list[str] = []

    def ask(self, service: str, start: Start, work: Callable[[Any], Any]) -> Any:
        assert (service, start.region) == ("sso-oidc", START.region)
        return work(self)

    def base(self, start: Start) -> str:
        return f"https://oidc.{start.region}.amazonaws.com"

    def behind(self, url: str) -> str:
        return url

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def answer(**given: Any) -> Any:
            self.asked.append((operation, given))
            answers = self.answers[operation]
            found = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(found, str):
                raise Refused(found)
            if isinstance(found, Problem):
                raise found
            return found

        return answer

    def now(self) -> datetime:
        return self.at

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += timedelta(seconds=seconds)

    @contextmanager
    def visit(self, page: str, lasts_s: float) -> Iterator[None]:
        self.visited.append(page)
        yield

    def grants(self, known: Registration | None = None) -> Grants:
        person = Person(lambda text, page: self.shown.append((text, page)), self.visit, 600, self.pause)
        return Grants(self, person, self.now, lambda start: known)


REGISTERED = {"clientId": "client", "clientSecret": "hush", "clientSecretExpiresAt": 1_800_000_000}
DEVICE = {
    "deviceCode": "device", "userCode": "ABCD-EFGH", "verificationUri": "https://device.sso.us-east-1.amazonaws.com/",
    "verificationUriComplete": PAGE, "expiresIn": 600, "interval": 1,
}  # fmt: skip
GRANTED = {"accessToken": "access", "expiresIn": 3600, "refreshToken": "refresh"}
WAIT, SLOW = "AuthorizationPendingException", "SlowDownException"
DOWN = Problem("Couldn't reach oidc.us-east-1.amazonaws.com.", code="net.unreachable")


def desk(*tokens: Any, device: Any = None, registered: Any = REGISTERED) -> Desk:
    return Desk(
        register_client=[registered],
        start_device_authorization=[device or DEVICE],
        create_token=list(tokens),
    )


def test_a_device_is_polled_at_its_pace_and_slower_when_told_so() -> None:
    context = desk(WAIT, SLOW, WAIT, GRANTED)
    token = context.grants().by_code(START)
    assert context.pauses == [1, 1, 6, 6]
    assert token.access == Secret("access")
    assert token.expires_at == context.at + timedelta(hours=1)
    assert context.shown == [("Open this page and confirm the code ABCD-EFGH:", PAGE)]
    assert context.visited == [PAGE]


def test_without_an_interval_a_device_is_polled_every_five_seconds() -> None:
    context = desk(WAIT, GRANTED, device={k: v for k, v in DEVICE.items() if k != "interval"})
    context.grants().by_code(START)
    assert context.pauses == [5, 5]


def test_a_code_that_nobody_confirms_ends() -> None:
    context = desk(WAIT, device={**DEVICE, "expiresIn": 30})
    with pytest.raises(Refused, match="ExpiredTokenException"):
        context.grants().by_code(START)
    assert sum(context.pauses) == 30


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredTokenException", "InvalidGrantException"])
def test_a_refused_code_is_not_asked_for_again(code: str) -> None:
    context = desk(WAIT, code)
    with pytest.raises(Refused, match=code):
        context.grants().by_code(START)
    assert len(context.pauses) == 2


def test_a_network_that_comes_back_within_a_minute_loses_no_sign_in() -> None:
    context = desk(WAIT, *[DOWN] * 50, WAIT, GRANTED)
    assert context.grants().by_code(START).access == Secret("access")


def test_a_network_that_stays_away_is_reported_after_a_minute() -> None:
    context = desk(WAIT, DOWN)
    with pytest.raises(Problem) as caught:
        context.grants().by_code(START)
    assert caught.value is DOWN
    assert 60 < sum(context.pauses) < 64


def test_a_registration_that_is_no_longer_known_is_made_anew() -> None:
    stale = Registration("stale", Secret("old"), datetime(2026, 12, 31, tzinfo=timezone.utc), START.scopes)
    context = desk(GRANTED)
    context.answers["start_device_authorization"] = ["InvalidClientException", DEVICE]
    token = context.grants(stale).by_code(START)
    assert [operation for operation, _ in context.asked] == [
        "start_device_authorization", "register_client", "start_device_authorization", "create_token",
    ]  # fmt: skip
    assert token.registration and token.registration.client_id == "client"


@pytest.mark.parametrize(
    ("grants", "days", "used"),
    [((), 1, True), (("authorization_code", "refresh_token"), 1, False), ((), 0.01, False)],
)
def test_a_registration_serves_again_for_its_own_grant_and_not_in_its_last_minutes(
    grants: tuple[str, ...], days: float, used: bool
) -> None:
    context = desk(GRANTED)
    known = Registration("known", Secret("old"), context.at + timedelta(days=days), START.scopes, grants)
    token = context.grants(known).by_code(START)
    assert token.registration and (token.registration.client_id == "known") is used


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/device", "http://acme.awsapps.com/start", "https://acme.awsapps.com.evil.example/",
        "https://bucket.s3.amazonaws.com/device", "javascript:alert(1)", "https://acme.awsapps.com@evil.example/",
        "https://evil.example\\@acme.awsapps.com/", "https://acme.awsapps.com:8443/start", "http://127.0.0.1/device",
    ],
)  # fmt: skip
def test_nobody_is_sent_to_a_page_that_is_not_awss(page: str) -> None:
    context = desk(GRANTED, device={**DEVICE, "verificationUri": page, "verificationUriComplete": page})
    with pytest.raises(Problem) as caught:
        context.grants().by_code(START)
    assert caught.value.code == "sso.url"
    assert (context.shown, context.visited, context.pauses) == ([], [], [])


class Answered(Listener):
    """A listener whose browser has come back before anybody waits."""

    def __init__(self, back: Callback | None) -> None:
        super().__init__("the-state")
        self.back = back

    def wait(self, at_most_s: float, stop: Callable[[], bool]) -> Callback | None:
        assert at_most_s == 600
        return self.back


def test_the_browser_gets_a_challenge_and_the_service_its_verifier() -> None:
    context = desk(GRANTED)
    listener = Answered(Callback(Secret("the-code")))
    context.grants().by_browser(START, listener)
    ((_, page),) = context.shown
    query = {k: v[0] for k, v in parse_qs(urlsplit(page).query).items()}
    (_, registered), (_, created) = context.asked
    digest = hashlib.sha256(created["codeVerifier"].encode()).digest()
    assert page.startswith("https://oidc.us-east-1.amazonaws.com/authorize?response_type=code&client_id=client&")
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert query["code_challenge_method"] == "S256"
    assert query["scopes"] == "sso:account:access"
    assert (query["redirect_uri"], query["state"]) == (listener.redirect_uri, "the-state")
    assert re.fullmatch(r"[A-Za-z0-9_.~-]{43,128}", created["codeVerifier"])
    assert created["codeVerifier"] not in page
    assert (created["grantType"], created["code"]) == ("authorization_code", "the-code")
    assert created["redirectUri"] == listener.redirect_uri
    assert registered == {
        "clientName": "ccsetup-acme",
        "clientType": "public",
        "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": ["http://127.0.0.1/oauth/callback"],
        "issuerUrl": START.url,
        "scopes": ["sso:account:access"],
    }


def test_each_sign_in_has_its_own_verifier() -> None:
    context = desk(GRANTED)
    grants = context.grants()
    for _ in range(2):
        grants.by_browser(START, Answered(Callback(Secret("the-code"))))
    first, second = (given["codeVerifier"] for operation, given in context.asked if operation == "create_token")
    assert first != second


def test_a_browser_that_never_comes_back_and_one_that_was_declined_are_told_apart() -> None:
    with pytest.raises(Problem, match="wasn't completed within 10 minutes"):
        desk(GRANTED).grants().by_browser(START, Answered(None))
    with pytest.raises(Refused, match="AccessDeniedException"):
        desk(GRANTED).grants().by_browser(START, Answered(Callback(Secret(""), "access_denied")))


def test_a_refresh_token_goes_on_unless_a_new_one_comes() -> None:
    known = Registration("client", Secret("hush"), datetime(2027, 1, 1, tzinfo=timezone.utc))
    kept = desk({"accessToken": "access", "expiresIn": 3600}).grants().renew(START, known, Secret("old"))
    new = desk(GRANTED).grants().renew(START, known, Secret("old"))
    assert (kept.refresh, new.refresh) == (Secret("old"), Secret("refresh"))


@pytest.mark.parametrize(
    "host", ["acme.awsapps.com", "device.sso.us-gov-west-1.amazonaws.com", "x.eusc-de-east-1.portal.amazonaws.eu"]
)
def test_a_sign_in_page_is_https_on_one_of_awss_hosts(host: str) -> None:
    assert is_sign_in_page(f"https://{host}/start")
    assert is_sign_in_page(f"https://{host}:443/start")
    for page in (
        f"http://{host}/start", f"https://{host}:8443/start", f"https://{host}./start", f"https://{host}.evil.example/",
        f"https://evil.example@{host}/start", f"https://{host}@evil.example/start", f"https://evil.example\\@{host}/",
        f"https://{host}%2eevil.example/", f"https://evil.example/{host}", f"javascript://{host}/%0aalert(1)",
        f"https://{host}\r/start", f"https://{host}\n.evil.example/", f" https://{host}/start", f"//{host}/start",
    ):  # fmt: skip
        assert not is_sign_in_page(page), page


@pytest.mark.parametrize(
    "host", ["oidc.s3.amazonaws.com", "git-codecommit.us-east-2.amazonaws.com", "us-east-1.console.aws.amazon.com", ""]
)
def test_nobody_is_sent_to_sign_in_on_any_other_host(host: str) -> None:
    assert not is_sign_in_page(f"https://{host}/start")


def test_loopback_is_a_sign_in_page_only_where_the_environment_names_it() -> None:
    assert is_sign_in_page("http://127.0.0.1:4000/device", "http://127.0.0.1:5000")
    assert not is_sign_in_page("http://127.0.0.1:4000/device", "https://oidc.us-east-1.amazonaws.com")
    assert not is_sign_in_page("http://localhost:4000/device", "http://127.0.0.1:5000")
    assert not is_sign_in_page("ftp://127.0.0.1:4000/device", "http://127.0.0.1:5000")
    assert not is_sign_in_page("http://192.168.0.1/device", "http://192.168.0.1")
    assert not is_sign_in_page("http://[::1/device", "http://127.0.0.1:5000")


@pytest.mark.parametrize(
    ("code", "finding", "words"),
    [
        ("InvalidRequestException", "sso.url", "Identity Center in us-east-1 doesn't recognize the start URL https://"),
        ("InvalidGrantException", "sso.signed-out", "didn't accept the sign-in"),
        ("InvalidScopeException", "sso.url", "sso:account:access"),
        ("AccessDeniedException", "sso.signed-out", "denied"),
        ("ExpiredTokenException", "sso.signed-out", "expired"),
        ("SomethingNewException", "sso.signed-out", "rejected"),
    ],
)
def test_every_refusal_is_one_sentence_with_a_next_step(code: str, finding: str, words: str) -> None:
    problem = in_words(START, code)
    assert problem.code == finding
    assert words in problem.what
    assert problem.next.endswith((".", "start"))
