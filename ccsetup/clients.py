"""Clients of the SDK that sign for anybody: one for each service and region, over one pool of connections."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from ccsetup import __version__
from ccsetup.core.model import Keys, Who
from ccsetup.pool import Pool
from ccsetup.sdk import bounds, session_of

AT_ONCE = 16
_OF_CLIENT = ("endpoint_url", "services", "use_fips_endpoint", "use_dualstack_endpoint", "ca_bundle")

_own = threading.local()


class Clients:
    """One client for each service and region (and each endpoint of one's own), made when first wanted."""

    def __init__(self, pool: Pool, tries: int = 1) -> None:
        self._lock, self._pool, self._tries = threading.Lock(), pool, tries
        self._sessions: dict[tuple[str, ...], Any] = {}
        self._made: dict[tuple[str, ...], Any] = {}

    def acting(self, service: str, who: Who, keys: Keys | None) -> Any:
        """Return the service's client where `who` asks; what this thread asks it next is signed with these keys.

        Raises Problem where nobody reaches its host.
        """
        from botocore.credentials import Credentials

        token = keys.session_token.reveal() if keys and keys.session_token else None
        _own.credentials = keys and Credentials(keys.access_key_id, keys.secret_access_key.reveal(), token)
        _own.ahead_s = None
        client = self._of(service, who)
        self._pool.check(client.meta.endpoint_url)  # before anything is signed: that takes longer than all the rest
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
        # Made anew for each request, the SDK's own description of itself takes a quarter of the time.
        config = bounds(tries=self._tries).merge(
            Config(user_agent=f"ccsetup/{__version__}", parameter_validation=False)
        )
        client = session.create_client(service, region, config=config, **keys)
        client.meta.events.register("before-call", _bring_keys)
        client.meta.events.register("after-call", _note_time)
        self._pool.serve(client, session)
        return client


def endpoint_of(who: Who) -> tuple[str, ...]:
    """Return what a profile's own settings say of whom it asks, and how."""
    there = (who.profiles or {}).get(who.profile, {})
    return tuple(str(there.get(key, "")) for key in _OF_CLIENT)


def ahead_s() -> float | None:
    """Say how far this machine's clock is ahead of whoever answered this thread last; None where nobody did."""
    found: float | None = getattr(_own, "ahead_s", None)
    return found


def _bring_keys(params: dict[str, Any], **_: Any) -> None:
    """Have the request signed with the keys of whoever this thread asks for."""
    params["context"].setdefault("signing", {})["request_credentials"] = _own.credentials


def _note_time(http_response: Any, parsed: Mapping[str, Any], **_: Any) -> None:
    """Note the time that AWS's answer bears; a page that somebody else put in its place counts for nothing."""
    code = str(parsed.get("Error", {}).get("Code", "AWS"))
    if code and not code.isdigit():
        try:
            at = parsedate_to_datetime(http_response.headers["Date"])
            _own.ahead_s = (datetime.now(timezone.utc) - at).total_seconds()
        except (KeyError, TypeError, ValueError):
            _own.ahead_s = None
