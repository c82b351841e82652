"""Downloads one small text from an https URL, with limits on size and time. Never uses plain http."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ccsetup.core import detours, sdk_files
from ccsetup.core.concurrency import within
from ccsetup.core.context import Sent
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.text import inert

if TYPE_CHECKING:
    import ssl
    from urllib.request import OpenerDirector

REDIRECTS = 5
AT_MOST_S = 20.0
_STATUS_ELSEWHERE = (301, 302, 303, 307, 308)
_EXAMPLE = "Use a URL like https://acme.example/team.ini"


def host_of(url: str) -> str:
    """Return the host (with its port) of an https URL. Raises BadAnswer for any other URL."""
    try:
        parts = urlsplit(url)
        host, port, user = parts.hostname or "", parts.port, parts.username
    except ValueError:
        host, port, user, parts = "", None, None, urlsplit("")
    if parts.scheme.lower() != "https":
        raise BadAnswer(
            f"A team file URL must start with https://, because other connections can be tampered with. {_EXAMPLE}."
        )
    if user is not None or not re.fullmatch(r"[A-Za-z0-9.-]+|[0-9a-f:.]+", host) or not url.isprintable() or " " in url:
        raise BadAnswer(f"That's not a valid https URL. {_EXAMPLE}.")
    return f"{host}:{port}" if port and port != 443 else host


class Web:
    """Fetches one small text with the standard library, using the environment's proxies and certificates."""

    def __init__(self, env: Mapping[str, str], at_most_s: float = AT_MOST_S) -> None:
        self._env, self._at_most_s = env, at_most_s

    def fetch(self, url: str, most: int) -> Sent:
        """Return the content of an https URL, at most one byte more than `most`. Raises Problem."""
        host = host_of(url)
        context = self._context()
        try:
            return within(self._at_most_s, lambda: _fetched(url, most, _opener(context), self._at_most_s))[0]
        except TimeoutError:
            raise _unreachable(f"{host} didn't respond within {self._at_most_s:g} seconds.") from None

    def _context(self) -> ssl.SSLContext:
        import ssl

        for variable in ("SSL_CERT_FILE", *sdk_files.BUNDLES):
            path = Path(self._env.get(variable, "")).expanduser()
            if not path.is_dir() and (found := sdk_files.of_certificates(str(path))):
                raise Problem(found.what, next=found.next, code=found.code)
        context = ssl.create_default_context()
        named = next((self._env[name] for name in sdk_files.BUNDLES if self._env.get(name)), "")
        if named:
            path = Path(named).expanduser()
            try:
                context.load_verify_locations(**{"capath" if path.is_dir() else "cafile": str(path)})
            except OSError:  # includes ssl.SSLError
                raise Problem(
                    f"The certificate file {named} can't be read.", next="Correct AWS_CA_BUNDLE.", code="net.tls"
                ) from None
        return context


def _opener(context: ssl.SSLContext) -> OpenerDirector:
    """Return an opener that opens only https and doesn't follow redirects."""
    from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler

    opener = OpenerDirector()
    for handler in (ProxyHandler(), HTTPSHandler(context=context)):
        opener.add_handler(handler)
    return opener


def _fetched(url: str, most: int, opener: OpenerDirector, timeout_s: float) -> Sent:
    """Follow redirects, from https to https, and read. Raises Problem. The caller limits the time."""
    from http.client import HTTPException
    from urllib.request import Request

    hosts = [host_of(url)]
    try:
        for _ in range(REDIRECTS + 1):
            headers = {"User-Agent": "ccsetup", "Accept": "text/plain, */*", "Accept-Encoding": "identity"}
            with opener.open(Request(url, headers=headers), timeout=timeout_s) as answer:  # noqa: S310 — https alone
                if answer.status not in _STATUS_ELSEWHERE:
                    return Sent(_content(answer, hosts[-1], most), tuple(dict.fromkeys(hosts)))
                url = urljoin(url, answer.headers.get("Location", ""))
            hosts.append(_redirected(url, hosts[-1]))
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(getattr(error, "reason", error), TimeoutError):
            raise TimeoutError from None  # the caller reports it
        raise _explained(error, hosts[-1]) from None
    raise Problem(f"{hosts[0]} redirects more than {REDIRECTS} times.", next="Check the URL.", code="net.unreachable")


def _redirected(url: str, host: str) -> str:
    try:
        return host_of(url)
    except BadAnswer:
        raise Problem(
            f"{host} redirects to {inert(url)[:60]}, which isn't an https URL.",
            next="Ask the person who sent you the URL for the final URL, which starts with https://.",
            code="net.unreachable",
        ) from None


def _content(answer: Any, host: str, most: int) -> bytes:
    if answer.status != 200:
        raise Problem(
            f"{host} responded with {answer.status} {inert(answer.reason or '')[:40]}".rstrip() + ".",
            next="Check the URL. If the URL requires a sign-in, download the file and specify its path instead.",
            code="net.unreachable",
        )
    if answer.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise Problem(
            f"{host} sent compressed data, which ccsetup doesn't support.",
            next="Download the file and specify its path instead.",
            code="net.unreachable",
        )
    content = bytes(answer.read(most + 1))
    if answer.length and len(content) <= most:
        raise _unreachable(f"{host} closed the connection before the download was complete.")
    return content


def _explained(error: Exception, host: str) -> Problem:
    import ssl

    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLError):
        return Problem(f"The TLS certificate for {host} isn't trusted.", **sdk_files.NOT_TRUSTED)
    if "unnel connection failed" in str(reason):
        return Problem(
            f"The proxy refused to connect to {host}.", next=detours.around_proxy(os.environ), code="net.proxy"
        )
    return _unreachable(f"Couldn't reach {host}.")


def _unreachable(what: str) -> Problem:
    return Problem(what, next="Check the URL and your network connection, then try again.", code="net.unreachable")
