"""One pool of connections for many clients of the SDK: the certificates are read once, not at every connection."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ccsetup.core.model import Who
from ccsetup.refusals import problem_of
from ccsetup.sdk import CONNECT_S, READ_S

_IN_VAIN = 6  # tries to reach a host that never answered, after which nobody waits for it again

Send = Callable[[Any], Any]


class Pool:
    """Sends what clients sign, over connections that it keeps, through the proxy that the environment names.

    Once a host has been out of reach a few times, everybody else is told so at once.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._sends: dict[tuple[object, ...], Send] = {}
        self._vain: dict[str, list[Exception]] = {}
        self._heard: set[str] = set()

    def serve(self, client: Any, session: Any) -> None:
        """Have a client's requests sent from here; `session` is the SDK's session it was made from."""
        from botocore.utils import get_environ_proxies

        proxies = get_environ_proxies(client.meta.endpoint_url)
        verify = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or True
        key = (verify, *sorted(proxies.items()))
        if key not in self._sends:
            self._sends[key] = self._patient(_lasting(verify, self._size, proxies).send)
        send = self._sends[key]
        client.meta.events.register("before-send", lambda request, **_: send(request))

    def check(self, url: str) -> None:
        """Raise Problem where a host has been out of reach so often that nobody tries it any more."""
        host = urlsplit(url).netloc
        said = self._vain.get(host, [])
        if len(said) >= _IN_VAIN and host not in self._heard:
            raise problem_of(said[0], Who("", ""))

    def _patient(self, send: Send) -> Send:
        from botocore.exceptions import ConnectionError

        def sending(request: Any) -> Any:
            self.check(request.url)
            host = urlsplit(request.url).netloc
            try:
                answer = send(request)
            except ConnectionError as error:
                self._vain.setdefault(host, []).append(error)
                raise
            self._heard.add(host)
            return answer

        return sending


def _lasting(verify: Any, size: int, proxies: dict[str, str]) -> Any:
    """Return the SDK's own HTTP session, with the certificates loaded into its one TLS context."""
    from botocore import httpsession

    base: Any = httpsession.URLLib3Session

    class Lasting(base):  # type: ignore[misc]
        def _get_ssl_context(self) -> Any:
            context = super()._get_ssl_context()
            path = str(httpsession.get_cert_path(verify))
            try:
                context.load_verify_locations(path)
            except OSError as error:  # ssl.SSLError is one too; neither names the file
                raise problem_of(httpsession.SSLError(endpoint_url=path, error=error), Who("", "")) from None
            return context

        def _setup_ssl_cert(self, conn: Any, url: str, verify: object) -> None:
            conn.cert_reqs, conn.ca_certs = "CERT_REQUIRED", None

    return Lasting(timeout=(CONNECT_S, READ_S), max_pool_connections=size, proxies=proxies)
