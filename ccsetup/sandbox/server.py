"""The sandbox server: two ports on 127.0.0.1, one for the APIs and the sign-in pages, and one with TLS for git."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ccsetup.sandbox import demo_data, git_http, hosts, instance_metadata
from ccsetup.sandbox.http import Refusal, Request, Response
from ccsetup.sandbox.repositories import Repositories
from ccsetup.sandbox.router import Desk
from ccsetup.sandbox.state import Entry, State

if TYPE_CHECKING:
    from trustme import CA

HOST = "127.0.0.1"


class Sandbox:
    """A simulated AWS on this computer. It writes only to `folder`, and its whole state is in `state`.

    with Sandbox.start(folder) as sandbox:
        run(..., env={**clean, **sandbox.environment()})
    """

    def __init__(self, folder: Path, state: State) -> None:
        self.folder = folder
        self.state = state
        self._disk = Repositories(folder.resolve() / "repositories")
        self._backend = git_http.Backend(self._disk)
        self._servers: list[_Server] = []
        self._threads: list[threading.Thread] = []

    @classmethod
    def start(cls, folder: Path, *, state: State | None = None, now: Callable[[], datetime] | None = None) -> Sandbox:
        """Start serving from threads of this process. `now` replaces the state's clock."""
        state = state or demo_data.example()
        if now is not None:
            state.now = now
        folder.mkdir(parents=True, exist_ok=True)
        sandbox = cls(folder, state)
        sandbox._serve()
        return sandbox

    @property
    def log(self) -> list[Entry]:
        """Return the log of all requests so far."""
        return list(self.state.log)

    @property
    def url(self) -> str:
        """Return the address of the APIs and the sign-in pages."""
        return f"http://{HOST}:{self._servers[0].server_port}"

    @property
    def git_host(self) -> str:
        """Return the host and port of git over HTTPS."""
        return f"{HOST}:{self._servers[1].server_port}"

    @property
    def certificate(self) -> Path:
        """Return the path of the CA certificate for the git port."""
        return self.folder / "ca.pem"

    def environment(self, *, sso_region: str = "", tls: bool = False) -> dict[str, str]:
        """Return the environment variables that point AWS tools here.

        sso_region: act only as that region's Identity Center, so that a start URL of another region is rejected.
        tls: use HTTPS for the APIs too (with AWS_CA_BUNDLE).
        """
        url = f"https://{self.git_host}" if tls else self.url
        center = f"{url}/at/{sso_region}" if sso_region else url
        apis = {f"AWS_ENDPOINT_URL_{name}": url for name in ("STS", "IAM", "CODECOMMIT", "KMS")}
        sign_in = {f"AWS_ENDPOINT_URL_{name}": center for name in ("SSO", "SSO_OIDC", "SIGNIN")}
        own = {"CODE_COMMIT_ENDPOINT": self.git_host, "GIT_SSL_CAINFO": str(self.certificate)}
        return {**apis, **sign_in, **own, **({"AWS_CA_BUNDLE": str(self.certificate)} if tls else {})}

    def proxy_environment(self) -> dict[str, str]:
        """Return the environment variables that send AWS tools and git here through a proxy for AWS's real hosts.

        Each region and service then has its own host, as in AWS. Hosts that AWS doesn't have don't answer.
        """
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), self.url)
        trusted = dict.fromkeys(("AWS_CA_BUNDLE", "GIT_SSL_CAINFO"), str(self.certificate))
        return {**proxies, "NO_PROXY": HOST, "no_proxy": HOST, **trusted}

    def machine_environment(self, *, container: bool = False) -> dict[str, str]:
        """Return the variables that make this computer look like an EC2 instance or container with `state.machine`."""
        if not container:
            return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url, "AWS_EC2_METADATA_DISABLED": "false"}
        where = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.url}{instance_metadata.CONTAINER}"}
        return {**where, "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.state.container_token}

    def stop(self) -> None:
        """Stop serving: close every connection and wait for the threads. Calling it twice is fine."""
        for server in self._servers:
            server.shutdown()
            server.hang_up()
        self._backend.stop()
        for server in self._servers:
            server.server_close()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _serve(self) -> None:
        certificates = _Certificates(self.certificate)
        context = certificates.of(HOST, "localhost")
        desk = Desk(self.state, self._disk)
        for tls in (None, context):
            server = _Server((HOST, 0), _Handler)
            server.desk, server.backend, server.tls, server.certificates = desk, self._backend, tls, certificates
            self._servers.append(server)
        desk.url = self.url
        for server in self._servers:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            self._threads.append(thread)


class _Certificates:
    """Issues certificates for this computer and, in the proxy, for AWS's hosts. Writes its CA's to a file."""

    def __init__(self, path: Path) -> None:
        import trustme

        self._authority: CA = trustme.CA()
        self._authority.cert_pem.write_to_path(str(path))
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def of(self, *names: str) -> ssl.SSLContext:
        """Return the TLS settings of a server with these names."""
        with self._lock:
            if names not in self._contexts:
                context = self._contexts[names] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._authority.issue_cert(*names).configure_cert(context)
            return self._contexts[names]


class _Server(ThreadingHTTPServer):
    """Keeps track of its connections, so that stop() can close them."""

    daemon_threads = False
    request_queue_size = 256  # with the default of 5, many simultaneous clients wait for a second
    block_on_close = True
    desk: Desk
    backend: git_http.Backend
    tls: ssl.SSLContext | None
    certificates: _Certificates

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
        return connection, address

    def replace(self, connection: socket.socket, by: socket.socket) -> None:
        """Keep track of a connection that took over another one."""
        with self._lock:
            self._open.discard(connection)
            self._open.add(by)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close every open connection, so that the threads that read from them end."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore disconnected clients. Show other errors, which are bugs in the sandbox."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Reads Requests from one connection, and writes Responses to it."""

    protocol_version = "HTTP/1.1"
    server_version = "ccsetup-sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    server: _Server
    place: hosts.Place | None = None  # the AWS host that the client reached through the proxy

    def setup(self) -> None:
        super().setup()
        if self.server.tls is not None:
            self.request.do_handshake()

    def version_string(self) -> str:
        """Return the Server header."""
        return self.server_version

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing; state.log has every call."""

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_HEAD = do_GET

    def do_CONNECT(self) -> None:
        """Act as a proxy for AWS's hosts: answer for the one that the client wants to reach, under its name."""
        host, _, port = self.path.rpartition(":")
        place = hosts.of(host) if port == "443" and self.place is None else None
        self.server.desk.reached(host, place)
        if place is None:
            self._send(Response(502))
            self.close_connection = True
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.wfile.flush()
        plain = self.connection
        tls = self.server.certificates.of(host).wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.server.replace(plain, tls)
        tls.do_handshake()
        self.request = tls
        super().setup()  # reads and writes through TLS from here on
        self.place, self.close_connection = place, False

    def finish(self) -> None:
        super().finish()
        if self.place is not None:
            with contextlib.suppress(OSError):
                self.server.shutdown_request(self.connection)

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        if path.startswith(git_http.PREFIX):
            self._git(Request(self.command, path, query, headers, place=self.place))
        else:
            body = b"".join(self._body())
            self._send(self.server.desk.answer(Request(self.command, path, query, headers, body, self.place)))

    def _git(self, request: Request) -> None:
        desk = self.server.desk
        try:
            visit = desk.admit_git(request)
        except Refusal as refusal:
            for _ in self._body():
                pass
            challenge = {"WWW-Authenticate": 'Basic realm="AWS CodeCommit"'} if refusal.status == 401 else {}
            self._send(Response(refusal.status, b"", challenge))
            return
        self.server.backend.serve(visit, request, self._body(), self._begin, self._chunk)
        self._chunk(b"")

    def _body(self) -> Iterator[bytes]:
        """Yield the request's body, with a length or in chunks."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            while size := self._chunk_size():
                yield from self._read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
        else:
            yield from self._read(int(self.headers.get("Content-Length") or 0))

    def _chunk_size(self) -> int:
        line = self.rfile.readline().split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,15}", line):
            raise ConnectionResetError("the client went away, or does not speak HTTP")
        return int(line, 16)

    def _read(self, left: int) -> Iterator[bytes]:
        while left > 0:
            data = self.rfile.read(min(left, 65536))
            if not data:
                raise ConnectionResetError("the client went away")
            left -= len(data)
            yield data

    def _send(self, response: Response) -> None:
        self._head(response.status, {**response.headers, "Content-Length": str(len(response.body))}, response.body)

    def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        self._head(status, {**headers, "Transfer-Encoding": "chunked"})

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _head(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Write head and body at once, because two small packets would be delayed."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self._headers_buffer.append(b"\r\n" + (b"" if self.command == "HEAD" else body))  # type: ignore[attr-defined]
        self.flush_headers()
