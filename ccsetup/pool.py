"""One pool of connections for many clients of the SDK: the certificates are read once, not at every connection."""

from __future__ import annotations

import os
from typing import Any

from ccsetup.sdk import CONNECT_S, READ_S


class Pool:
    """Sends what clients sign, over connections that it keeps; the SDK's own way is taken where there is a proxy."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._sessions: dict[str | bool, Any] = {}

    def serve(self, client: Any, session: Any) -> None:
        """Have a client's requests sent from here; `session` is the SDK's session it was made from."""
        from botocore.utils import get_environ_proxies

        if get_environ_proxies(client.meta.endpoint_url):
            return
        verify = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or True
        if verify not in self._sessions:
            self._sessions[verify] = _lasting(verify, self._size)
        send = self._sessions[verify].send
        client.meta.events.register("before-send.codecommit", lambda request, **_: send(request))


def _lasting(verify: Any, size: int) -> Any:
    """Return the SDK's own HTTP session, with the certificates loaded into its one TLS context."""
    from botocore import httpsession

    base: Any = httpsession.URLLib3Session

    class Lasting(base):  # type: ignore[misc]
        def _get_ssl_context(self) -> Any:
            context = super()._get_ssl_context()
            context.load_verify_locations(httpsession.get_cert_path(verify))
            return context

        def _setup_ssl_cert(self, conn: Any, url: str, verify: object) -> None:
            conn.cert_reqs, conn.ca_certs = "CERT_REQUIRED", None

    return Lasting(timeout=(CONNECT_S, READ_S), max_pool_connections=size)
