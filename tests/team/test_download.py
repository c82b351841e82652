"""What is fetched comes over https, is small, and is there in time; every other answer is one sentence."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from conftest import stripped
from script import context

from ccsetup.core.errors import Problem
from ccsetup.team import file
from ccsetup.team.download import Web, host_of
from ccsetup.wizard.team_offer import received

FILE = b"version = 1\nname = Acme\n[access]\n[[default]]\nkind = sso\n"
Answer = Callable[[ssl.SSLSocket, int], None]


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _redirect(to: str) -> Answer:
    return lambda peer, port: peer.sendall(answer("302 Found", Location=to.format(port=port)))


def _slow(peer: ssl.SSLSocket, port: int) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(1000):
        peer.sendall(b"X")
        time.sleep(0.02)


def _endless(peer: ssl.SSLSocket, port: int) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        peer.sendall(b"version = 1\n" * 1000)


def _chain(peer: ssl.SSLSocket, port: int) -> None:
    peer.sendall(answer("301 Moved", Location=f"https://localhost:{port}/file?again"))


ANSWERS: dict[str, Answer] = {
    "/file": lambda peer, port: peer.sendall(answer("200 OK", FILE)),
    "/moved": _redirect("/file"),
    "/loop": _chain,
    "/down": _redirect("http://localhost:{port}/file"),
    "/disk": _redirect("file:///etc/passwd"),
    "/nowhere": _redirect("https://user@localhost:{port}/file"),
    "/absent": lambda peer, port: peer.sendall(answer("404 Not Found", b"no")),
    "/login": lambda peer, port: peer.sendall(answer("200 OK", b"<!doctype html><title>Sign in</title>")),
    "/bomb": lambda peer, port: peer.sendall(
        answer("200 OK", gzip.compress(b"#" * 10_000_000), Content_Encoding="gzip")
    ),
    "/large": lambda peer, port: peer.sendall(answer("200 OK", b"#" * 10_000_000)),
    "/endless": _endless,
    "/slow": _slow,
    "/silent": lambda peer, port: time.sleep(20),
    "/garbage": lambda peer, port: peer.sendall(b"\0\1\2\r\n\r\n"),
    "/short": lambda peer, port: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nversion = 1"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A server with a certificate of its own, that answers as it likes; its port, and the authority's file."""
    authority = trustme.CA()
    bundle = tmp_path_factory.mktemp("web") / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve(raw: socket.socket) -> None:
        try:
            with context.wrap_socket(raw, server_side=True) as peer:
                path = peer.recv(4096).split()[1].decode().partition("?")[0]
                ANSWERS["/loop" if b"again" in path.encode() else path](peer, port)
        except (OSError, IndexError):
            pass

    def accept() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(raw,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield port, bundle
    listener.close()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in set(os.environ) - set(stripped(os.environ)):
        monkeypatch.delenv(name)


def fetched(server: tuple[int, Path], path: str, **env: str) -> file.Team:
    port, bundle = server
    web = Web({"AWS_CA_BUNDLE": str(bundle), **env}, at_most_s=0.6)
    return file.read(file.decoded(web.fetch(f"https://localhost:{port}{path}", file.MOST_BYTES).content)).team


@pytest.mark.parametrize("path", ["/file", "/moved"])
def test_a_team_file_comes_over_https(server: tuple[int, Path], path: str) -> None:
    assert fetched(server, path).name == "Acme"


REFUSED = [
    ("/down", "which isn't an https URL"),
    ("/disk", "which isn't an https URL"),
    ("/nowhere", "which isn't an https URL"),
    ("/absent", "responded with 404 Not Found"),
    ("/login", "a web page"),
    ("/bomb", "compressed"),
    ("/large", "256 KiB"),
    ("/endless", "256 KiB"),
    ("/slow", "didn't respond within 0.6 seconds"),
    ("/silent", "didn't respond within 0.6 seconds"),
    ("/garbage", "Couldn't reach "),
    ("/short", "closed the connection before the download was complete"),
]


@pytest.mark.parametrize(("path", "says"), REFUSED, ids=[path for path, _ in REFUSED])
def test_a_server_that_answers_otherwise_is_a_sentence_in_time(server: tuple[int, Path], path: str, says: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Problem) as refused:
        fetched(server, path)
    assert says in refused.value.what
    assert refused.value.next
    assert time.monotonic() - begun < 8


def test_redirects_that_run_in_a_circle_end(server: tuple[int, Path]) -> None:
    ANSWERS["/circle"] = _redirect("/circle")
    with pytest.raises(Problem, match="redirects more than 5 times"):
        fetched(server, "/circle")


def test_a_certificate_that_nobody_vouches_for_is_refused(server: tuple[int, Path]) -> None:
    with pytest.raises(Problem) as refused:
        Web({}, at_most_s=5).fetch(f"https://localhost:{server[0]}/file", 1000)
    assert refused.value.code == "net.tls"
    with pytest.raises(Problem, match="can't be read"):
        Web({"AWS_CA_BUNDLE": "/nowhere.pem"}).fetch(f"https://localhost:{server[0]}/file", 1000)


@pytest.mark.parametrize("url", [
    "http://acme.example/team.ini", "HTTP://acme.example/", "ftp://acme.example/", "file:///etc/passwd", "https://",
    "https://acme.example@evil.example/t", "https://user:pw@evil.example/", "https://аcme.example/", "https://a b/",
    "https://acme.example/\x1b[2J", "https://acme.example:99999/", "https://[::1", "data://x",
])  # fmt: skip
def test_an_address_that_is_no_plain_https_is_refused_before_anybody_is_asked(url: str, tmp_path: Path) -> None:
    there = context(tmp_path)
    with pytest.raises(Problem) as refused:
        Web({}).fetch(url, 10)
    assert "https" in refused.value.what
    with pytest.raises(Problem):
        received(there, url)
    assert list((tmp_path / "home").iterdir()) == []


def test_a_file_from_the_web_is_shown_with_the_hosts_it_came_from(server: tuple[int, Path], tmp_path: Path) -> None:
    port, bundle = server
    ANSWERS["/other"] = _redirect("https://127.0.0.1:{port}/file")
    there = replace(context(tmp_path), web=Web({"AWS_CA_BUNDLE": str(bundle)}, at_most_s=5))
    assert received(there, f"https://localhost:{port}/file?X-Amz-Signature=abc").origin == f"localhost:{port}"
    assert received(there, f"https://localhost:{port}/other").origin == f"127.0.0.1:{port} via localhost:{port}"


def test_the_host_is_told_with_its_port() -> None:
    assert (host_of("https://acme.example/t"), host_of("https://acme.example:8443/t")) == (
        "acme.example",
        "acme.example:8443",
    )


def test_a_proxy_that_is_not_there_is_a_sentence(server: tuple[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(Problem, match="Couldn't reach "):
        fetched(server, "/file")
    monkeypatch.setenv("no_proxy", "localhost")
    assert fetched(server, "/file").name == "Acme"
