"""A start URL alone is enough: its region comes from its host, from sign-ins here, from its page, or from the regions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ccsetup.aws.sso import start_page
from ccsetup.aws.sso.signin import SignIn
from ccsetup.aws.sso.token_cache import token_name
from ccsetup.core import limits
from ccsetup.core.context import Start
from ccsetup.core.errors import Problem
from ccsetup.sandbox import Sandbox, demo_data

URL = demo_data.START_URL


class Here:
    """A computer that reaches AWS's hosts in a sandbox, and what its user is told."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox, self.home = sandbox, home
        self.center = sandbox.state.center
        self.notes: list[str] = []

    def signin(self, **env: str) -> SignIn:
        told = {**self.sandbox.proxy_environment(), "BROWSER": "x", **env}
        now = lambda: datetime.now(timezone.utc)  # noqa: E731
        return SignIn(told, self.home, now, show=lambda text, url: None, note=self.notes.append, patience_s=0.2)

    def asked(self, service: str) -> list[str]:
        return [entry.action for entry in self.sandbox.log if entry.service == service]

    def save(self, region: str, url: str = URL, lasts_s: int = 3600) -> None:
        """Put a token into the cache, as the AWS CLI or an IDE would have left it."""
        path = self.home / ".aws" / "sso" / "cache" / token_name(Start(url, region, f"somebody-{region}"))
        path.parent.mkdir(parents=True, exist_ok=True)
        ends = (datetime.now(timezone.utc) + timedelta(seconds=lasts_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
        path.write_text(json.dumps({"startUrl": url, "region": region, "accessToken": "x", "expiresAt": ends}))


@pytest.fixture
def here(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    for name, value in sandbox.proxy_environment().items():
        monkeypatch.setenv(name, value)
    yield Here(sandbox, tmp_path / "home")


def test_the_start_page_names_the_region_in_one_request(here: Here) -> None:
    signin = here.signin()
    assert signin.resolve(URL) == "us-east-1"
    assert signin.resolve(URL) == "us-east-1"
    assert here.asked("portal") == ["GET"]
    assert here.asked("sso-oidc") == []
    assert here.notes[0] == f"The Identity Center of {URL} is in us-east-1, according to its start page."


def test_a_host_that_tells_its_region_is_not_asked(here: Here) -> None:
    assert here.signin().resolve("https://ssoins-1.portal.eu-west-1.app.aws") == "eu-west-1"
    assert here.signin().resolve("https://start.us-gov-home.awsapps.com/directory/x") == "us-gov-west-1"
    assert here.sandbox.log == []


def test_a_sign_in_that_is_here_already_comes_first(here: Here) -> None:
    here.save("eu-west-3", lasts_s=-9999)
    here.save("eu-west-1", URL + "/")
    here.save("eu-west-2", "https://other.awsapps.com/start")
    assert here.signin().resolve(URL) == "eu-west-1"
    assert here.sandbox.log == []


def test_if_the_page_does_not_tell_all_regions_of_the_partition_are_asked_at_once(here: Here) -> None:
    here.center.silent = True
    assert here.signin().resolve(URL) == "us-east-1"
    asked = {entry.region for entry in here.sandbox.log if entry.action == "StartDeviceAuthorization"}
    assert {"us-east-1", "eu-central-1", "ap-southeast-4", "mx-central-1"} <= asked
    assert not any(region.startswith(("cn-", "us-gov-")) for region in asked)
    assert here.notes == [f"The Identity Center of {URL} is in us-east-1, the only region that recognizes it."]


def test_a_region_that_cannot_be_found_is_unknown(here: Here) -> None:
    here.center.silent = True
    assert here.signin().resolve("https://nobody.awsapps.com/start") is None
    assert here.notes == []


def test_regions_that_all_accept_the_url_tell_nothing(here: Here) -> None:
    here.center.silent, here.center.checks_region = True, False
    assert here.signin().resolve(URL) is None


def test_without_a_network_the_region_is_unknown_soon(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    began = time.monotonic()
    assert here.signin().resolve(URL) is None
    assert time.monotonic() - began < limits.START_PAGE_S + limits.SSO_SEARCH_S + 2


def test_where_one_address_stands_for_all_regions_nothing_is_asked(here: Here) -> None:
    assert here.signin(**here.sandbox.environment()).resolve(URL) is None
    assert here.sandbox.log == []


@pytest.mark.parametrize(
    ("partition", "region"), [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-eusc", "eusc-de-east-1")]
)
def test_the_region_is_found_in_every_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partition: str, region: str
) -> None:
    with Sandbox.start(tmp_path / "there", state=demo_data.example(partition=partition)) as sandbox:
        for name, value in sandbox.proxy_environment().items():
            monkeypatch.setenv(name, value)
        here = Here(sandbox, tmp_path / "home")
        url = demo_data.PLACES[partition].start_url
        assert here.signin().resolve(url) == region
        here.center.silent = True
        assert here.signin().resolve(url) == region
        assert {it.region for it in sandbox.log if it.service == "sso-oidc"} <= {"cn-north-1", "cn-northwest-1"}


# The wrong region


@pytest.mark.parametrize("silent", [False, True])
def test_a_sign_in_in_the_wrong_region_names_the_right_one(here: Here, silent: bool) -> None:
    here.center.silent = silent
    with pytest.raises(Problem) as caught:
        here.signin().token(Start(URL, "eu-west-1", "acme"))
    assert caught.value.code == "sso.url"
    assert caught.value.what == f"The start URL {URL} belongs to the Identity Center in us-east-1, not in eu-west-1."
    assert caught.value.next == "Use that region: --sso-region us-east-1"


def test_a_wrong_region_that_only_the_sign_in_refuses_is_named_too(here: Here) -> None:
    """AWS may accept a start URL of another region until the code is confirmed."""
    here.center.checks_region, here.center.auto_approve = False, True
    signin = here.signin(SSH_TTY="x", BROWSER="")
    with pytest.raises(Problem) as caught:
        signin.token(Start(URL, "eu-west-1", "acme"))
    assert (caught.value.code, caught.value.next) == ("sso.url", "Use that region: --sso-region us-east-1")


def test_an_unknown_start_url_is_told_as_one(here: Here) -> None:
    with pytest.raises(Problem) as caught:
        here.signin().token(Start("https://nobody.awsapps.com/start", "eu-west-1", "acme"))
    assert (caught.value.code, "doesn't recognize the start URL" in caught.value.what) == ("sso.url", True)


# What a page may say, and where it may lead

PAGES: dict[str, tuple[str, str]] = {
    "as AWS writes it": ('<html><head><meta name="region" content="us-west-2"/></head>', "us-west-2"),
    "in another order": ("<META content='eu-west-1' data-x=1 NAME='region'>", "eu-west-1"),
    "a new region": ('<meta name="region" content="us-south-1">', "us-south-1"),
    "not a region": ('<meta name="region" content="s3">', ""),
    "of another partition": ('<meta name="region" content="cn-north-1">', ""),
    "two regions": ('<meta name="region" content="us-east-1"><meta name="region" content="eu-west-1">', ""),
    "the same twice": ('<meta name="region" content="us-east-1"><meta name="region" content="us-east-1">', "us-east-1"),
    "a script": ('<script>var x = "<meta name=region>us-east-1"</script>', ""),
    "a country": ('<meta name="region" content="Jakarta">', ""),
    "nothing": ("", ""),
    "a trick": ('<meta name="region" content="us-east-1.evil.example">', ""),
}


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_says_is_a_region_or_nothing(name: str) -> None:
    text, region = PAGES[name]
    assert start_page.region_in(text.encode(), "aws") == region


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"<meta " * 40000, b'<meta name="region" content="' * 9000])
def test_a_damaged_or_hostile_page_says_nothing_and_takes_no_time(content: bytes) -> None:
    began = time.monotonic()
    assert start_page.region_in(content, "aws") == ""
    assert time.monotonic() - began < 1


Answer = tuple[int, Mapping[str, str], bytes]
TOLD = b'<meta name="region" content="eu-west-1">'


@pytest.mark.parametrize(
    ("location", "region", "opened"),
    [
        ("https://acme.awsapps.com/start/", "eu-west-1", 2),
        ("/start/", "eu-west-1", 2),
        ("https://ssoins-1.portal.us-west-2.app.aws/", "us-west-2", 1),
        ("https://eu-north-1.signin.aws/platform/login", "eu-west-1", 2),
        ("https://evil.example/start", "", 1),
        ("http://acme.awsapps.com/start/", "", 1),
        ("https://acme.awsapps.com@evil.example/", "", 1),
        ("https://acme.awsapps.com:8443/start", "", 1),
        ("https://oidc.s3.amazonaws.com/", "", 1),
        ("https://ssoins-1.portal.cn-north-1.app.amazonwebservices.com.cn/", "", 1),
        ("https://[x", "", 1),
        ("", "", 1),
    ],
)
def test_redirects_are_followed_to_awss_hosts_only(
    monkeypatch: pytest.MonkeyPatch, location: str, region: str, opened: int
) -> None:
    answers: list[Answer] = [(302, {"Location": location}, b""), (200, {}, TOLD)]
    asked: list[str] = []
    monkeypatch.setattr(start_page, "_got", _answering(answers, asked))
    assert start_page.region(URL, None) == region
    assert len(asked) == opened


def test_redirects_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(start_page, "_got", _answering([(302, {"Location": URL}, b"")] * 99, asked))
    assert start_page.region(URL, None) == ""
    assert len(asked) == 1 + start_page.REDIRECTS


@pytest.mark.parametrize("answer", [(404, {}, TOLD), (500, {}, TOLD), (200, {"Content-Encoding": "gzip"}, TOLD)])
def test_any_other_answer_says_nothing(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setattr(start_page, "_got", _answering([answer], []))
    assert start_page.region(URL, None) == ""


def _answering(answers: list[Answer], asked: list[str]) -> Callable[..., Answer]:
    left = iter(answers)

    def got(url: str, bundle: str | None) -> Answer:
        asked.append(url)
        return next(left)

    return got


def test_no_cookies_are_sent_and_only_the_beginning_is_read(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that sets a cookie and redirects to itself is asked again without it."""
    from ccsetup.sandbox import start_pages
    from ccsetup.sandbox.http import Response

    seen: list[dict[str, str]] = []

    def answer(state: Any, request: Any, place: Any) -> Response:
        seen.append(dict(request.headers))
        if len(seen) == 1:
            return Response(302, b"", {"Location": URL + "/", "Set-Cookie": "a=b"})
        return Response(200, b" " * start_page.MOST + TOLD)

    monkeypatch.setattr(start_pages, "answer", answer)
    assert start_page.region(URL, str(here.sandbox.certificate)) == ""
    assert len(seen) == 2
    assert not any({"cookie", "authorization"} & set(headers) for headers in seen)
