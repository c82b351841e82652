"""Faults of the network: each ends in one Problem with its code, in time, without a secret; Ctrl-C passes at once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aws_ways import settle
from conftest import CleanEnv
from paths import ROOT

from ccsetup.aws import sdk
from ccsetup.aws.client import Aws
from ccsetup.core import limits
from ccsetup.core.errors import Problem
from ccsetup.core.model import Secret, Who
from ccsetup.sandbox.demo_data import REGION, role_arn

SECRET, TOKEN = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjE+/" + "Ab3" * 80
KEYS = {"aws_access_key_id": "ASIAIOSFODNN7EXAMPLE", "aws_secret_access_key": Secret(SECRET), "aws_session_token": Secret(TOKEN)}  # fmt: skip
WHO = Who("dev", REGION, {"dev": KEYS})

Answer = Callable[[socket.socket, bytes], None]


class Canned:
    """A server on loopback that does one thing to everybody; `seen` has what was asked. Nothing of it outlives it."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answer, self._tls = answer, tls
        self._open: list[socket.socket] = []
        self.seen: list[bytes] = []
        self.over = threading.Event()
        self._plug = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._plug.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._plug.shutdown(socket.SHUT_RDWR)
        for connection in [self._plug, *self._open]:
            connection.close()

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                connection = self._plug.accept()[0]
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            while (asked := _request(connection)) and not self.over.is_set():
                self.seen.append(asked)
                self._answer(connection, asked)


def _request(connection: socket.socket) -> bytes:
    """Read one request, its body too."""
    asked = b""
    while b"\r\n\r\n" not in asked:
        more = connection.recv(65536)
        if not more:
            return b""
        asked += more
    head, _, body = asked.partition(b"\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < lengths[0]:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def says(status: int, body: str | bytes = b"", cut: int = 0, **headers: str) -> Answer:
    """Answer with one page; `cut` bytes short of what its length promises."""

    def answer(connection: socket.socket, asked: bytes) -> None:
        text = body.encode() if isinstance(body, str) else body
        told = {"Content-Length": str(len(text) + cut), **{k.replace("_", "-"): v for k, v in headers.items()}}
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in told.items())
        connection.sendall(head.encode() + b"\r\n" + text)
        if cut:
            connection.shutdown(socket.SHUT_RDWR)

    return answer


def hang(connection: socket.socket, asked: bytes) -> None:
    """Say nothing until the other side is gone."""
    connection.recv(1)


def trickle(connection: socket.socket, asked: bytes) -> None:
    """Say a little every moment, and never come to the end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def reset(connection: socket.socket, asked: bytes) -> None:
    """Break the connection off, not politely."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def echo(connection: socket.socket, asked: bytes) -> None:
    """Refuse as AWS refuses a wrong signature: with the whole request, the session token in it."""
    told = asked.decode().replace("\r\n", "\n")
    why = f"The request signature we calculated does not match. The Canonical String should have been '{told}'"
    if b"x-amz-json" in asked:
        says(400, json.dumps({"__type": "InvalidSignatureException", "message": why}))(connection, asked)
    else:
        body = f"<E><Error><Code>SignatureDoesNotMatch</Code><Message><![CDATA[{why}]]></Message></Error></E>"
        says(403, body)(connection, asked)


def error(status: int, code: str, text: str = "Try later") -> Answer:
    """Refuse in the words of the query protocol and of JSON at once."""

    def answer(connection: socket.socket, asked: bytes) -> None:
        is_json = b"x-amz-json" in asked
        body = f'{{"__type":"{code}","message":"{text}"}}' if is_json else f"<E><Error><Code>{code}</Code><Message>{text}</Message></Error></E>"  # fmt: skip
        says(status, body)(connection, asked)

    return answer


PAGE = "<!DOCTYPE html><html><head><title>Guest Wi-Fi<br></head><body>Please sign in</body></html>"
FAULTS: dict[str, tuple[Answer, str]] = {
    "hangs": (hang, "net.unreachable"),
    "trickles": (trickle, "net.unreachable"),
    "breaks off": (reset, "net.unreachable"),
    "answers 500": (says(500), "net.unreachable"),
    "answers 503 as AWS does": (says(503, "<html><body><b>Service Unavailable</b></body></html>"), "net.unreachable"),
    "is throttling": (error(400, "ThrottlingException"), "net.unreachable"),
    "is too busy": (error(429, "TooManyRequestsException"), "net.unreachable"),
    "has a bad day": (error(500, "InternalFailure"), "net.unreachable"),
    "answers a page": (says(200, PAGE, Content_Type="text/html"), "net.proxy"),
    "answers a clean page": (says(200, "<html><body/></html>"), "net.proxy"),
    "answers nothing": (says(200), "net.proxy"),
    "answers null": (says(200, "null"), "net.proxy"),
    "answers a list": (says(200, "[1]"), "net.proxy"),
    "answers a number": (says(200, "5"), "net.proxy"),
    "answers half": (says(200, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aw"), "net.proxy"),
    "answers half of JSON": (says(200, '{"repositoryMetadata": {"repositoryNa'), "net.proxy"),
    "answers depths": (says(200, "[" * 100_000), "net.proxy"),
    "answers no text": (says(200, b"\xff\xfe\x00\xc3\x28"), "net.proxy"),
    "stops in the middle": (says(200, "<Get", cut=50), "net.proxy"),
    "answers false gzip": (says(200, "no gzip", Content_Encoding="gzip"), "net.proxy"),
    "forbids with a page": (says(403, PAGE), "net.proxy"),
    "forbids with a clean page": (says(403, "<html>Blocked</html>"), "net.proxy"),
    "wants a name, on a clean page": (says(401, "<html><body/></html>"), "net.proxy"),
    "rejects with a clean page": (says(400, "<html/>"), "net.proxy"),
    "is out of order, on a clean page": (says(502, "<html/>"), "net.unreachable"),
    "sends elsewhere": (says(302, PAGE, Location="http://127.0.0.1:1/login"), "net.proxy"),
    "wants a proxy password": (says(407, PAGE), "net.proxy"),
    "does not speak HTTP": (lambda connection, asked: connection.sendall(b"220 mail ready\r\n\r\n"), "net.unreachable"),
    "echoes secrets": (echo, "access.identity"),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home; nobody pauses between tries, and what hangs is waited for a second at most (`patient` for more)."""
    settle(monkeypatch, tmp_path / "home")
    waits(monkeypatch, read=0.15, connect=0.5, fault=1.0, look_round=0.4)
    monkeypatch.setattr("botocore.endpoint.time", type("Time", (), {"sleep": lambda seconds: None}))
    return tmp_path / "home"


def waits(monkeypatch: pytest.MonkeyPatch, read: float, connect: float, fault: float, look_round: float) -> None:
    """Set how long, in seconds, an answer, a connection, a call and a look around the regions may take."""
    for name, seconds in (("READ_S", read), ("CONNECT_S", connect), ("CALL_S", fault)):
        monkeypatch.setattr(limits, name, seconds)
    monkeypatch.setattr(limits, "OTHER_REGIONS_S", look_round)


def patient(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """Wait longer for what does answer: the machine may have other things to do."""
    if answer not in (hang, trickle):
        waits(monkeypatch, read=10, connect=10, fault=20, look_round=10)


@contextmanager
def canned(monkeypatch: pytest.MonkeyPatch, answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Canned]:
    server = Canned(answer, tls)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    yield server
    server.close()


def calls(home: Path) -> dict[str, Callable[[], object]]:
    """Every way to reach AWS: two protocols, pages, an exchange, a role on the way, the files."""
    aws = Aws(home, lambda *_: pytest.fail("no sign-in"))
    by_role = {"dev": {"role_arn": role_arn("CodeCommitAccess"), "source_profile": "people"}, "people": KEYS}
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9." + "Ab3" * 20
    return {
        "identity": lambda: aws.identity(WHO),
        "repository": lambda: aws.repository(WHO, "MyDemoRepo"),
        "repositories": lambda: aws.repositories(WHO),
        "mfa_devices": lambda: aws.mfa_devices(WHO),
        "session_token": lambda: aws.session_token(WHO, "arn:aws:iam::888888888888:mfa/maria", "123456", 900),
        "web_identity": lambda: aws.web_identity(role_arn("X"), Secret(token), "maria", 900, "", REGION),
        "a planned role": lambda: aws.identity(Who("dev", REGION, by_role)),
        "a role from the files": lambda: aws.identity(Who("dev", REGION)),
    }


def on_disk(home: Path) -> None:
    """Write the role of `calls` to the files."""
    (home / ".aws").mkdir()
    (home / ".aws/config").write_text(f"[profile dev]\nrole_arn = {role_arn('Access')}\nsource_profile = people\n")
    lines = [f"{name} = {value.reveal() if isinstance(value, Secret) else value}\n" for name, value in KEYS.items()]
    (home / ".aws/credentials").write_text("[people]\n" + "".join(lines))


def one_problem(work: Callable[[], object]) -> Problem:
    """Return the Problem a call ends in, having looked all over it for secrets."""
    begun = time.monotonic()
    with pytest.raises(Problem) as caught:
        work()
    assert time.monotonic() - begun < 15  # whatever the machine has to do besides
    problem = caught.value
    shown = [problem.what, problem.why, problem.next, str(problem), repr(problem), *traceback.format_exception(problem)]
    for text in shown:
        assert SECRET not in text
        assert TOKEN[:40] not in text
    assert (problem.__cause__, problem.__context__) == (None, None)
    for line in (problem.what, problem.why, problem.next):
        assert line == "" or (line.isprintable() and "\n" not in line)
    assert problem.what.endswith((".", "…"))
    return problem


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_server_that(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, code = FAULTS[name]
    patient(monkeypatch, answer)
    on_disk(home)
    slow = {"identity", "web_identity", "a role from the files"} if answer in (hang, trickle) else calls(home)
    with canned(monkeypatch, answer) as server:
        for call, work in calls(home).items():
            if call not in slow:
                continue
            problem = one_problem(work)
            cut = name == "stops in the middle"  # which older SDKs take for the network's fault
            assert problem.code == code or (cut and problem.code == "net.unreachable"), (call, problem.what)
        assert server.seen


@pytest.mark.parametrize("name", FAULTS)
def test_a_look_round_is_not_stopped_by_a_region_that(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits(monkeypatch, read=10, connect=10, fault=20, look_round=10 if FAULTS[name][0] not in (hang, trickle) else 0.4)
    begun = time.monotonic()
    with canned(monkeypatch, FAULTS[name][0]) as server:
        aws = Aws(home, lambda *_: pytest.fail("no sign-in"))
        assert aws.regions_with(WHO, "MyDemoRepo", ["us-east-1", "us-east-2", "eu-west-1"]) == []
        assert time.monotonic() - begun < 15
        assert server.seen


def test_a_closed_port_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        for work in list(calls(home).values())[:-1]:
            problem = one_problem(work)
            assert (problem.code, problem.next) == ("net.unreachable", "Check your network connection, then try again.")


def test_a_certificate_that_nobody_vouches_for_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with canned(monkeypatch, hang, context) as server:
        for work in list(calls(home).values())[:2]:
            problem = one_problem(work)
            assert (problem.code, "AWS_CA_BUNDLE" in problem.next) == ("net.tls", True)
        assert server.seen == []
        monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such.pem")
        assert one_problem(calls(home)["identity"]).code in ("net.tls", "file.unreadable", "oidc.token-missing")


@pytest.mark.parametrize("answer", [says(403), says(407, PAGE), says(502)], ids=["403", "407", "502"])
def test_a_proxy_that_refuses_is_told(answer: Answer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Canned(answer)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//maria:proxy-Passw0rd@"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://sts.us-east-2.amazonaws.com")
    for work in list(calls(home).values())[:2]:
        problem = one_problem(work)
        assert problem.code == "net.proxy"
        assert "proxy-Passw0rd" not in problem.what + problem.why
    assert proxy.seen
    assert all(asked.startswith(b"CONNECT sts.us-east-2.amazonaws.com:443") for asked in proxy.seen)
    proxy.close()


def test_a_call_is_tried_three_times_and_may_take_a_minute_at_most() -> None:
    from botocore.retries.standard import ExponentialBackoff

    config = sdk.bounds()
    tries = config.retries["total_max_attempts"]
    assert config.retries["mode"] == "standard"
    assert 2 <= tries <= 3
    pauses = sum(ExponentialBackoff._MAX_BACKOFF if tries > 3 else 2**number for number in range(tries - 1))
    assert tries * (config.connect_timeout + config.read_timeout) + pauses <= limits.CALL_S < 60
    assert limits.OTHER_REGIONS_S < 60


@pytest.mark.slow
def test_clients_on_the_way_to_credentials_are_bounded_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALL_S", 50.0)  # the SDK gives up by itself, three times
    on_disk(home)
    with canned(monkeypatch, hang) as server:
        for name in ("a planned role", "a role from the files", "web_identity", "identity"):
            server.seen.clear()
            assert one_problem(calls(home)[name]).code == "net.unreachable"
            assert len(server.seen) == 3, name


CHILD = """
import sys
from pathlib import Path
from ccsetup.aws.client import Aws
from ccsetup.core.model import Who
aws = Aws(Path.home(), None)
who = Who("people", "us-east-2")
aws.warm()
print("asking", flush=True)
try:
    aws.identity(who) if sys.argv[1] == "identity" else aws.regions_with(who, "R", ["us-east-1"] * 28)
except KeyboardInterrupt:
    print("left", flush=True)
    sys.exit(130)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal there")
@pytest.mark.parametrize("call", ["identity", "regions"])
def test_ctrl_c_passes_while_a_call_hangs(
    call: str, home: Path, monkeypatch: pytest.MonkeyPatch, clean_env: CleanEnv
) -> None:
    on_disk(home)
    with canned(monkeypatch, hang) as server:
        env = clean_env(home, AWS_ENDPOINT_URL=server.url)
        words = [sys.executable, "-c", CHILD, call]
        child = subprocess.Popen(words, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 20
        while len(server.seen) < (1 if call == "identity" else 28) and time.monotonic() < end:
            time.sleep(0.02)
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
        assert time.monotonic() - begun < 3  # the call itself would hang for longer
    assert (out, err, child.returncode) == ("asking\nleft\n", "", 130)


def test_what_is_a_fault_of_ours_is_no_refusal(home: Path) -> None:
    def broken() -> Any:
        raise AssertionError("ours")

    with pytest.raises(AssertionError, match="ours"):
        sdk.explained(broken, WHO)
