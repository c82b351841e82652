"""SDK clients that can sign for any profile: one per service and region, sharing one pool of connections."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from ccsetup import __version__
from ccsetup.aws.errors import problem_of
from ccsetup.aws.sdk import bounds, session_of
from ccsetup.core import limits
from ccsetup.core.model import Keys, Who

_OF_CLIENT = ("endpoint_url", "services", "use_fips_endpoint", "use_dualstack_endpoint", "ca_bundle")

_own = threading.local()


class Clients:
    """One client for each service, region and custom endpoint, created on first use."""

    def __init__(self, pool: Pool, tries: int = 1) -> None:
        self._lock, self._pool, self._tries = threading.Lock(), pool, tries
        self._sessions: dict[tuple[str, ...], Any] = {}
        self._made: dict[tuple[str, ...], Any] = {}

    def acting(self, service: str, who: Who, keys: Keys | None) -> Any:
        """Return the client for `who`'s service and region. This thread's next requests are signed with these keys.

        Raises Problem if its host is unreachable.
        """
        from botocore.credentials import Credentials

        token = keys.session_token.reveal() if keys and keys.session_token else None
        _own.credentials = keys and Credentials(keys.access_key_id, keys.secret_access_key.reveal(), token)
        _own.ahead_s = None
        client = self._of(service, who)
        self._pool.check(client.meta.endpoint_url)  # before signing, which is the slowest part
        return client

    def _of(self, service: str, who: Who) -> Any:
        own = endpoint_of(who)
        key = (service, who.region, *own)
        with self._lock:
            if own not in self._sessions:
                self._sessions[own] = session_of(who.profile if any(own) else "", who.region)
            if key not in self._made:
                self._made[key] = self._make(self._sessions[own], service, who.region)
            return self._made[key]

    def _make(self, session: Any, service: str, region: str) -> Any:
        from botocore.config import Config

        keys = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}  # each request brings its own
        # Without a fixed user agent, the SDK builds one per request, which takes a quarter of the time.
        config = bounds(tries=self._tries).merge(
            Config(user_agent=f"ccsetup/{__version__}", parameter_validation=False)
        )
        client = session.create_client(service, region, config=config, **keys)
        client.meta.events.register("before-call", _bring_keys)
        client.meta.events.register("after-call", _note_time)
        self._pool.serve(client, session)
        return client


def endpoint_of(who: Who) -> tuple[str, ...]:
    """Return a profile's own settings about endpoints and certificates."""
    there = (who.profiles or {}).get(who.profile, {})
    return tuple(str(there.get(key, "")) for key in _OF_CLIENT)


def ahead_s() -> float | None:
    """Return by how many seconds this computer's clock is ahead of the last answer in this thread; None if none."""
    found: float | None = getattr(_own, "ahead_s", None)
    return found


def _bring_keys(params: dict[str, Any], **_: Any) -> None:
    """Sign the request with the credentials that this thread currently uses."""
    params["context"].setdefault("signing", {})["request_credentials"] = _own.credentials


def _note_time(http_response: Any, parsed: Mapping[str, Any], **_: Any) -> None:
    """Note the Date of AWS's answer; ignore answers that didn't come from AWS."""
    code = str(parsed.get("Error", {}).get("Code", "AWS"))
    if code and not code.isdigit():
        try:
            at = parsedate_to_datetime(http_response.headers["Date"])
            _own.ahead_s = (datetime.now(timezone.utc) - at).total_seconds()
        except (KeyError, TypeError, ValueError):
            _own.ahead_s = None


_IN_VAIN = 6  # failed attempts to reach a host that never answered, after which it isn't tried again


Send = Callable[[Any], Any]


class Pool:
    """Sends the clients' signed requests over pooled connections, through the proxy set in the environment.

    Once a host has been unreachable a few times, further requests to it fail immediately.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._sends: dict[tuple[object, ...], Send] = {}
        self._vain: dict[str, list[Exception]] = {}
        self._heard: set[str] = set()

    def serve(self, client: Any, session: Any) -> None:
        """Send a client's requests through this pool; `session` is the SDK session that created the client."""
        from botocore.utils import get_environ_proxies

        proxies = get_environ_proxies(client.meta.endpoint_url)
        verify = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or True
        key = (verify, *sorted(proxies.items()))
        if key not in self._sends:
            self._sends[key] = self._patient(_lasting(verify, self._size, proxies).send)
        send = self._sends[key]
        client.meta.events.register("before-send", lambda request, **_: send(request))

    def check(self, url: str) -> None:
        """Raise Problem if a host has been unreachable so often that it isn't tried again."""
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
    """Return the SDK's own HTTP session, with the certificates loaded into its single TLS context."""
    from botocore import httpsession

    base: Any = httpsession.URLLib3Session

    class Lasting(base):  # type: ignore[misc]
        def _get_ssl_context(self) -> Any:
            context = super()._get_ssl_context()
            path = str(httpsession.get_cert_path(verify))
            try:
                context.load_verify_locations(path)
            except OSError as error:  # includes ssl.SSLError; neither names the file
                raise problem_of(httpsession.SSLError(endpoint_url=path, error=error), Who("", "")) from None
            return context

        def _setup_ssl_cert(self, conn: Any, url: str, verify: object) -> None:
            conn.cert_reqs, conn.ca_certs = "CERT_REQUIRED", None

    return Lasting(timeout=(limits.CONNECT_S, limits.READ_S), max_pool_connections=size, proxies=proxies)
