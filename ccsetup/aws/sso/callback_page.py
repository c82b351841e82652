"""The local listener that the browser is redirected to after a sign-in, and the page that it shows."""

from __future__ import annotations

import hmac
import html
import socketserver
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from ccsetup.core import limits
from ccsetup.core.model import Secret


@dataclass(frozen=True)
class Callback:
    """What the sign-in page returned: a code, or the name of an error."""

    code: Secret
    error: str = ""


class Listener:
    """Waits on 127.0.0.1 for the one request with the right `state`. Binds when created, listens inside `with`.

    Everything else gets an answer and is ignored: other paths and methods, a missing or wrong state, invalid requests.
    Each connection has its own thread and ten seconds, so a silent one doesn't block others.
    Raises OSError if no port is available.
    """

    def __init__(self, state: str) -> None:
        self.state = state
        self._server = _Server(self._take)
        self._callback: Callback | None = None
        self._first = threading.Lock()
        self._answered = threading.Event()

    @property
    def redirect_uri(self) -> str:
        """The URL that the browser is redirected to."""
        return REDIRECT.replace("127.0.0.1", f"127.0.0.1:{self._server.server_port}")

    def __enter__(self) -> Listener:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, at_most_s: float, stop: Callable[[], bool] = lambda: False) -> Callback | None:
        """Return the callback; None if none came in time or `stop` says so. Ctrl-C takes effect within 0.1 seconds."""
        end = time.monotonic() + at_most_s
        while not self._answered.wait(min(0.1, max(0.0, end - time.monotonic()))):
            if stop() or time.monotonic() >= end:
                return None
        return self._callback

    def _take(self, query: str) -> tuple[Callback | None, Callable[[], None]]:
        """Read a callback's query. Returns its content (None: not ours) and a function to call once it is answered."""
        callback = self._read(query)
        with self._first:
            if self._callback is None:
                self._callback = callback

        def count() -> None:
            if callback and callback is self._callback:
                self._answered.set()

        return callback, count

    def _read(self, query: str) -> Callback | None:
        try:
            fields = parse_qs(query, max_num_fields=20)
        except ValueError:
            return None
        state, code, error = (fields.get(name, []) for name in ("state", "code", "error"))
        if len(state) != 1 or not hmac.compare_digest(state[0].encode(), self.state.encode()):
            return None
        if error:
            return Callback(Secret(""), error[0])
        return Callback(Secret(code[0])) if len(code) == 1 else None


class _Server(ThreadingHTTPServer):
    """The standard server, but without name lookups, shared ports or tracebacks on the terminal."""

    daemon_threads = True
    allow_reuse_address = False  # on Windows it would let another program take the port
    request_queue_size = 128

    def __init__(self, take: Callable[[str], tuple[Callback | None, Callable[[], None]]]) -> None:
        self.take = take
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore connections that break off."""


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>:root {{ color-scheme: light dark }}
body {{ font: 1.1rem/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 2rem }}
</style></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request with a small page."""

    server: _Server
    timeout = limits.LOOPBACK_S
    wbufsize = 65536  # send head and page in one packet
    server_version = "ccsetup"
    sys_version = ""

    def do_GET(self) -> None:
        """Accept the callback; answer anything else with an explanation."""
        path, _, query = self.path.partition("?")
        if path != urlsplit(REDIRECT).path:
            self._page(404, "Not found", "This address is used only to sign in with ccsetup.")
            return
        callback, count = self.server.take(query)
        try:
            if callback is None:
                self._page(
                    400, "Wrong sign-in", "This page is for a different sign-in. ccsetup is still waiting for yours."
                )
            elif callback.error:
                self._page(200, "Not signed in", "The sign-in wasn't completed. See your terminal for details.")
            else:
                self._page(200, "Signed in", "You can close this page and return to your terminal.")
        finally:
            count()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer invalid requests and other methods than GET, without repeating any part of them."""
        self._page(
            405 if code == 501 else code, "Invalid request", "This address is used only to sign in with ccsetup."
        )

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing, because the URL contains the code."""

    def _page(self, status: int, title: str, text: str) -> None:
        body = _PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()


REDIRECT = "http://127.0.0.1/oauth/callback"  # as registered: without a port
