from __future__ import annotations

import http.server
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import trustme

from ccsetup.aws.sso import client as center
from ccsetup.aws.sso.client import IdentityCenter, Refused, bounded, is_sign_in_page
from ccsetup.core import limits
from ccsetup.core.context import Start
from ccsetup.core.errors import Problem
from ccsetup.core.regions import service_host
from ccsetup.sandbox import Sandbox

SECRET = "aoaAAAAA-planted-secret"


def at(region: str, **settings: str) -> Start:
    """Return a sign-in in a region."""
    return Start("https://acme.awsapps.com/start", region, "acme", **settings)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def nobodys_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("AWS_") or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@contextmanager
def serving(status: int, body: bytes = b"", tls: ssl.SSLContext | None = None, **headers: str) -> Iterator[Any]:
    """A server on loopback that has one answer for everything, and counts."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.seen.append((self.command, self.path, dict(self.headers)))
            self.send_response(405 if self.command == "HEAD" and server.no_head else status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_GET = do_POST = do_HEAD = answer

        def log_message(self, *args: object) -> None: ...

    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.no_head = [], False
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def accounts(tmp_path: Path, url: str, **env: str) -> object:
    reached = IdentityCenter({"AWS_ENDPOINT_URL_SSO": url, **env}, tmp_path)
    return reached.ask("sso", at("us-east-1"), lambda sso: sso.list_accounts(accessToken=SECRET)["accountList"])


def problem_of(work: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as caught:
        work()
    hung_on = (caught.value.__cause__, caught.value.__context__)
    assert hung_on == (None, None)
    assert SECRET not in repr((caught.value, caught.value.why, caught.value.next))
    return caught.value


PORTAL_PAGE = b"<html><title>Welcome to the hotel</title>Caf\xe9</html>"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, PORTAL_PAGE, "net.proxy"),
        (200, b"<html>plain</html>", "net.proxy"),
        (200, b"[1, 2]", "net.proxy"),
        (200, b"null", "net.proxy"),
        (200, b"{}", "net.proxy"),
        (403, PORTAL_PAGE, "net.proxy"),
        (403, b"<html>Access denied by policy</html>", "net.proxy"),
        (407, b"", "net.proxy"),
        (404, b"", "net.proxy"),
    ],
)
def test_something_else_that_answers_in_awss_place_is_recognised(
    tmp_path: Path, status: int, body: bytes, code: str
) -> None:
    with serving(status, body) as server:
        problem = problem_of(lambda: accounts(tmp_path, server.url))
    assert problem.code == code
    assert problem.what == f"Something other than 127.0.0.1:{server.server_port} responded to the request."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "error"), [(503, ""), (500, "InternalServerException"), (429, "TooManyRequestsException")]
)
def test_a_service_that_is_too_busy_is_asked_three_times_and_then_reported(
    tmp_path: Path, status: int, error: str
) -> None:
    with serving(status, b"{}", **{"x-amzn-ErrorType": error}) as server:
        problem = problem_of(lambda: accounts(tmp_path, server.url))
        assert len(server.seen) == 3
    assert (problem.code, problem.next) == ("net.unreachable", "Try again in a minute.")


def test_a_refusal_carries_awss_code_and_no_text(tmp_path: Path) -> None:
    with (
        serving(
            401, b'{"message": "token aoaAAAAA-planted-secret"}', **{"x-amzn-ErrorType": "UnauthorizedException"}
        ) as server,
        pytest.raises(Refused) as caught,
    ):
        accounts(tmp_path, server.url)
    assert (caught.value.code, caught.value.args) == ("UnauthorizedException", ("UnauthorizedException",))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_port_where_nothing_answers_is_unreachable(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        problem = problem_of(lambda: accounts(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert problem.code == "net.unreachable"


def test_a_connection_that_is_cut_is_unreachable(tmp_path: Path) -> None:
    def cut(plug: socket.socket) -> None:
        while True:
            try:
                plug.accept()[0].close()
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as plug:
        threading.Thread(target=cut, args=(plug,), daemon=True).start()
        problem = problem_of(lambda: accounts(tmp_path, f"http://127.0.0.1:{plug.getsockname()[1]}"))
        plug.shutdown(socket.SHUT_RDWR)
    assert problem.code == "net.unreachable"


def test_a_service_that_hangs_is_given_up_after_its_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SSO_CALL_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as plug:
        began = time.monotonic()
        problem = problem_of(lambda: accounts(tmp_path, f"http://127.0.0.1:{plug.getsockname()[1]}"))
    assert problem.code == "net.unreachable"
    assert time.monotonic() - began < 15


def test_no_call_lasts_longer_than_a_minute() -> None:
    assert limits.SSO_CALL_S == 60
    reached = IdentityCenter({}, Path("/nowhere"))
    config = reached._client("sso-oidc", at("us-east-1")).meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) <= 75
    with pytest.raises(Problem, match=r"example didn't respond within 0\.2 seconds"):
        bounded(lambda: time.sleep(5), "example", 0.2)


def test_a_certificate_of_somebody_else_is_refused_and_one_that_is_trusted_is_not(tmp_path: Path) -> None:
    with Sandbox.start(tmp_path / "sandbox") as sandbox:
        token = sandbox.state.center.sign_in().value
        env = sandbox.environment(tls=True)
        other = tmp_path / "other.pem"
        trustme.CA().cert_pem.write_to_path(str(other))
        problem = problem_of(lambda: accounts(tmp_path, env["AWS_ENDPOINT_URL_SSO"], AWS_CA_BUNDLE=str(other)))
        assert problem.code == "net.tls"
        assert "AWS_CA_BUNDLE" in problem.next
        for told in ({"AWS_CA_BUNDLE": env["AWS_CA_BUNDLE"]}, {"AWS_CONFIG_FILE": str(tmp_path / "config")}):
            (tmp_path / "config").write_text(f"[default]\nca_bundle = {env['AWS_CA_BUNDLE']}\n")
            reached = IdentityCenter({**{k: v for k, v in env.items() if k != "AWS_CA_BUNDLE"}, **told}, tmp_path)
            assert reached.ask("sso", at("us-east-1"), lambda sso: sso.list_accounts(accessToken=token))["accountList"]


def test_a_certificate_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    problem = problem_of(lambda: accounts(tmp_path, "https://127.0.0.1:1", AWS_CA_BUNDLE="/no/such.pem"))
    assert (problem.code, "/no/such.pem" in problem.what) == ("net.tls", True)


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "ca_bundle"])
def test_nobody_signs_in_without_certificates(name: str, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nca_bundle =\n" if name == "ca_bundle" else "")
    env = {"AWS_CONFIG_FILE": str(config), **({} if name == "ca_bundle" else {name: ""})}
    problem = problem_of(lambda: accounts(tmp_path, "https://127.0.0.1:1", **env))
    assert (problem.code, f"{name} is empty" in problem.what) == ("net.tls", True)


def test_a_proxy_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    problem = problem_of(lambda: accounts(tmp_path, "https://portal.sso.us-east-1.amazonaws.com"))
    assert problem.code == "net.proxy"


def test_a_broken_config_file_or_profile_does_not_keep_anybody_from_signing_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("region = us-east-1\n[a\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with serving(200, b'{"accountList": []}') as server:
        assert accounts(tmp_path, server.url, AWS_CONFIG_FILE=str(tmp_path / "config")) == []
        ((_, _, headers),) = server.seen
        assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("env", "endpoint"),
    [
        ({}, ""),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SSO_OIDC": "http://127.0.0.1:2"}, "http://127.0.0.1:2"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, ""),
    ],
)  # fmt: skip
def test_the_environments_endpoints_are_taken_as_every_sdk_takes_them(env: dict[str, str], endpoint: str) -> None:
    reached = IdentityCenter(env, Path("/nowhere"))
    assert reached.endpoint == endpoint
    assert reached.base(at("us-east-1")) == (endpoint or "https://oidc.us-east-1.amazonaws.com")


@pytest.mark.slow
@pytest.mark.parametrize("dualstack", ["false", "true"])
@pytest.mark.parametrize("fips", ["false", "true"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-2", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"])
def test_people_sign_in_where_the_sdk_would_ask_for_the_token(
    region: str, fips: str, dualstack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", fips)
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", dualstack)
    client = botocore.session.Session().create_client("sso-oidc", region_name=region)
    resolved = client._resolve_endpoint_ruleset(client.meta.service_model.operation_model("CreateToken"), {}, {})[0]
    page = IdentityCenter(dict(os.environ), Path("/nowhere")).base(at(region))
    assert page == resolved
    monkeypatch.delenv("AWS_USE_FIPS_ENDPOINT")
    monkeypatch.delenv("AWS_USE_DUALSTACK_ENDPOINT")
    by_profile = at(region, fips=fips, dualstack=dualstack)
    assert IdentityCenter({}, Path("/nowhere")).base(by_profile) == resolved
    wins = {"AWS_USE_FIPS_ENDPOINT": "false", "AWS_USE_DUALSTACK_ENDPOINT": "false"}
    assert IdentityCenter(wins, Path("/nowhere")).base(by_profile) == f"https://{service_host('oidc', region)}"
    assert is_sign_in_page(f"{page}/authorize?x=1")


@pytest.mark.parametrize("region", ["us east 1", "s3", "s3-us-west-2", "evil.example/", "us-east-1.evil", ""])
def test_a_region_that_is_none_is_told_and_nobodys_bucket_asked(region: str) -> None:
    """oidc.s3.amazonaws.com is the bucket `oidc` of whoever was first: a refresh token must not go there."""
    reached = IdentityCenter({}, Path("/nowhere"))
    for ask in (
        lambda: reached.base(at(region)),
        lambda: reached.ask("sso", at(region), lambda client: client.list_accounts()),
    ):
        with pytest.raises(Problem, match="Couldn't find a sign-in service for") as caught:
            ask()
        assert caught.value.code == "region.invalid"


def redirecting(monkeypatch: pytest.MonkeyPatch, location: str) -> tuple[IdentityCenter, list[str]]:
    asked: list[str] = []

    def found(url: str, bundle: str | None) -> str:
        asked.append(url)
        return location

    monkeypatch.setattr(center, "_location", found)
    return IdentityCenter({}, Path("/nowhere")), asked


CUSTOM = "https://sso.acme.example/go"


@pytest.mark.parametrize(
    ("location", "behind"),
    [
        ("https://ssoins-1.portal.eu-west-1.app.aws/?x=1#/", "https://ssoins-1.portal.eu-west-1.app.aws"),
        ("https://acme.awsapps.com/start/", "https://acme.awsapps.com/start"),
        ("https://evil.example/start", CUSTOM),
        ("http://acme.awsapps.com/start", CUSTOM),
        ("https://acme.awsapps.com@evil.example/start", CUSTOM),
        ("https://x.eusc-de-east-1.portal.amazonaws.eu/", "https://x.eusc-de-east-1.portal.amazonaws.eu"),
        ("https://x.portal.s3.app.aws/", CUSTOM),
        ("https://oidc.s3.amazonaws.com/start", CUSTOM),
        ("https://us-east-1.console.aws.amazon.com/", CUSTOM),
        ("https://oidc.us-east-1.amazonaws.com/authorize", CUSTOM),
        ("https://acme.awsapps.com:8443/start", CUSTOM),
        ("https://acme.awsapps.com./start", CUSTOM),
        ("/start", CUSTOM),
        ("https://[x/", CUSTOM),
        ("", CUSTOM),
    ],
)
def test_a_custom_start_url_is_followed_to_aws_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, location: str, behind: str
) -> None:
    reached, asked = redirecting(monkeypatch, location)
    assert reached.behind(CUSTOM) == behind
    assert reached.behind(CUSTOM) == behind
    assert asked == [CUSTOM]


@pytest.mark.parametrize(
    "url",
    ["https://acme.awsapps.com/start", "http://sso.acme.example/go", "https://127.0.0.1/go", "https://localhost/go",
     "https://[::1]/go", "https://169.254.169.254/latest", "https://intranet/go", "https://db.internal/go",
     "https://[x"],
)  # fmt: skip
def test_awss_own_addresses_and_those_of_this_network_are_not_asked(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    reached, asked = redirecting(monkeypatch, "https://acme.awsapps.com/start")
    assert reached.behind(url) == url
    assert asked == []


def test_nothing_leaves_this_machine_when_the_sign_in_is_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _, asked = redirecting(monkeypatch, "https://acme.awsapps.com/start")
    reached = IdentityCenter({"AWS_ENDPOINT_URL_SSO_OIDC": "http://127.0.0.1:1"}, Path("/nowhere"))
    assert reached.behind(CUSTOM) == CUSTOM
    assert asked == []


def test_a_custom_start_url_that_does_not_answer_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    reached, _ = redirecting(monkeypatch, "")
    monkeypatch.setattr(limits, "REDIRECT_S", 0.2)
    monkeypatch.setattr(center, "_location", lambda url, bundle: time.sleep(5))
    began = time.monotonic()
    assert reached.behind(CUSTOM) == CUSTOM
    assert time.monotonic() - began < 4


def test_a_redirect_is_read_over_tls_without_being_followed(tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with serving(302, tls=context, Location="https://acme.awsapps.com/start") as server:
        assert center._location(f"{server.url}/go", str(tmp_path / "ca.pem")) == "https://acme.awsapps.com/start"
        server.no_head = True
        assert center._location(f"{server.url}/go", str(tmp_path / "ca.pem")) == "https://acme.awsapps.com/start"
        assert [(method, path) for method, path, _ in server.seen] == [("HEAD", "/go"), ("HEAD", "/go"), ("GET", "/go")]
        assert not any("Authorization" in headers or "Cookie" in headers for _, _, headers in server.seen)
    with serving(200, tls=context) as server:
        assert center._location(f"{server.url}/go", str(tmp_path / "ca.pem")) == ""
