"""Calls IAM Identity Center through botocore, unsigned, and tells refusals from network faults."""

from __future__ import annotations

import ipaddress
import os
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from ccsetup.core import detours, limits, regions, sdk_files, sdk_models, service_error
from ccsetup.core.concurrency import within
from ccsetup.core.context import Start
from ccsetup.core.errors import Problem

T = TypeVar("T")


class IdentityCenter:
    """Clients of sso and sso-oidc without a profile. `endpoint` is the sso-oidc endpoint set in the environment."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self._env, self._home = env, home
        self._clients: dict[tuple[str, str, bool, bool], Any] = {}
        self._session: Any = None
        self._lock = threading.Lock()  # a session can't create two clients at once
        self._behind: dict[str, str] = {}
        self.endpoint = self._named("SSO_OIDC")

    def ask(self, service: str, start: Start, work: Callable[[Any], T]) -> T:
        """Call `work` with a client and return its result. Raises Refused, or a Problem for faults within a minute.

        The client uses FIPS or dual-stack hosts if the environment or the profile of `start` say so.
        """
        client = self._client(service, start)
        return bounded(lambda: work(client), urlsplit(client.meta.endpoint_url).netloc, limits.SSO_CALL_S)

    def warm(self) -> None:
        """Load what clients are made from, so that later ones are made at once. Asks nobody."""
        for service in ("sso", "sso-oidc"):
            self._client(service, Start("", "us-east-1", ""))

    def base(self, start: Start) -> str:
        """Return the URL of sso-oidc in the start's region, on the same host as its calls."""
        return regions.oidc_url(str(self._client("sso-oidc", start).meta.endpoint_url).rstrip("/"), start.region)

    def behind(self, url: str) -> str:
        """Follow one redirect of a custom start URL, within five seconds; accept it only if it leads to AWS."""
        if url not in self._behind:
            self._behind[url] = self._followed(url)
        return self._behind[url]

    def regions(self, url: str) -> list[str]:
        """Return the regions in which a start URL may have its Identity Center: those of its host's partition."""
        found = regions.locate(urlsplit(self.behind(url)).hostname or "", "portal")
        if self.endpoint or not found:
            return []
        return list(self._own_session().get_available_regions("sso-oidc", found[0]))

    def _followed(self, url: str) -> str:
        local = urlsplit(self.endpoint).hostname in regions.LOOPBACK  # a sandbox: nothing leaves this computer
        try:
            address = urlsplit(url)
            host = address.hostname or ""
            if local or address.scheme != "https" or regions.locate(host) or not _is_public_name(host):
                return url
            page = urlsplit(urljoin(url, bounded(lambda: _location(url, self.bundle()), host, limits.REDIRECT_S)))
        except (Problem, Refused, ValueError):
            return url
        clean = f"{page.scheme}://{page.netloc}{page.path.rstrip('/')}"
        return clean if is_sign_in_page(clean) and regions.locate(page.hostname or "", "portal") else url

    def _named(self, service: str) -> str:
        if self._env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
            return ""
        return self._env.get(f"AWS_ENDPOINT_URL_{service}") or self._env.get("AWS_ENDPOINT_URL") or ""

    def _client(self, service: str, start: Start) -> Any:
        fips = regions.wants_fips(self._env, {"use_fips_endpoint": start.fips})
        dualstack = regions.wants_dualstack(self._env, {"use_dualstack_endpoint": start.dualstack})
        key = service, start.region, fips, dualstack
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._made(*key)
            return self._clients[key]

    def _made(self, service: str, region: str, fips: bool, dualstack: bool) -> Any:
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        endpoint = self._named(service.upper().replace("-", "_"))
        if not endpoint and not regions.is_region(region):  # anyone can own the bucket oidc.s3.amazonaws.com
            raise _no_region(region)
        config = Config(
            signature_version=UNSIGNED,
            connect_timeout=limits.SSO_CONNECT_S,
            read_timeout=limits.SSO_READ_S,
            retries={"mode": limits.RETRY_MODE, "total_max_attempts": limits.SSO_TRIES},
            use_fips_endpoint=fips and not endpoint,
            use_dualstack_endpoint=dualstack and not endpoint,
        )
        try:
            return self._own_session().create_client(
                service,
                region_name=region,
                endpoint_url=endpoint or None,
                verify=self.bundle(),
                config=config,
            )
        except (BotoCoreError, ValueError):
            raise _no_region(self.endpoint or region) from None

    def _own_session(self) -> Any:
        import botocore.session

        nobody = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
        if not self._session:
            self._session = botocore.session.Session(session_vars=nobody)
            sdk_models.quick(self._session.get_component("data_loader"))
        return self._session

    def bundle(self) -> str | None:
        """Return the certificates to trust, as every SDK does: from the environment, else from the config file.

        Raises Problem if they must not be used.
        """
        from botocore.configloader import load_config
        from botocore.exceptions import BotoCoreError

        named = self._env.get("AWS_CA_BUNDLE")
        if named is None:
            config = self._env.get("AWS_CONFIG_FILE") or str(self._home / ".aws" / "config")
            try:
                profiles = load_config(config)["profiles"]
            except BotoCoreError:
                profiles = {}
            named = profiles.get(self._env.get("AWS_PROFILE") or "default", {}).get("ca_bundle")
        path = str(Path(named).expanduser()) if named and named.strip() else None
        if path and not Path(path).exists():
            next = "Correct AWS_CA_BUNDLE, or ca_bundle in your AWS config file."
            raise Problem(f"The certificate file {named} doesn't exist.", next=next, code="net.tls")
        found = sdk_files.of_certificates(path) if path else sdk_files.of_bundle(self._env, named)
        if found:
            raise Problem(found.what, next=found.next, code=found.code)
        return path


def bounded(work: Callable[[], T], host: str, at_most_s: float) -> T:
    """Return the result of `work`, within a time limit. Ctrl-C ends it at once, even during a name lookup.

    Raises Refused or Problem, which hold no reference to the SDK's error.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    wrong: Exception
    try:
        return within(at_most_s, work)[0]
    except ClientError as error:
        wrong = _answer(error.response, host)
    except BotoCoreError as error:
        wrong = _fault(error, host)
    except TimeoutError:
        wrong = _unreachable(f"{host} didn't respond within {at_most_s:g} seconds.")
    except (ResponseParserError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        wrong = _stranger(host)  # an answer in an unexpected form
    raise wrong


def _answer(response: Mapping[str, Any], host: str) -> Exception:
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if service_error.is_busy(code, status):
        return _unreachable(f"{host} is too busy to respond.", "Try again in a minute.")
    if service_error.is_strangers(code, status):
        return _stranger(host)
    return Refused(code)


def _fault(error: Exception, host: str) -> Exception:
    from botocore.exceptions import ParamValidationError, ProxyConnectionError, SSLError

    if isinstance(error, ParamValidationError):  # the SDK refused it before asking AWS
        return Refused("InvalidRequestException")
    if isinstance(error, SSLError):
        return Problem(f"The TLS certificate for {host} isn't trusted.", **sdk_files.NOT_TRUSTED)
    if isinstance(error, ProxyConnectionError):
        next = detours.around_proxy(os.environ)
        return Problem(f"The proxy for {host} isn't responding.", next=next, code="net.proxy")
    return _unreachable(f"Couldn't reach {host}.")


def _no_region(where: str) -> Problem:
    what = f"Couldn't find a sign-in service for {where}."
    return Problem(what, next="Use a region like us-east-1.", code="region.invalid")


def _unreachable(what: str, next: str = "Check your network connection and the region, then try again.") -> Problem:
    return Problem(what, next=next, code="net.unreachable")


def _stranger(host: str) -> Problem:
    return Problem(
        f"Something other than {host} responded to the request.",
        why="The response might come from a proxy or from your network's sign-in page.",
        next=detours.around_proxy(os.environ),
        code="net.proxy",
    )


def _is_public_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal"))
    return False


def _location(url: str, bundle: str | None) -> str:
    """Return a page's redirect without following it; "" if there is none."""
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    verify: Any = bundle or True
    session = URLLib3Session(verify=verify, proxies=get_environ_proxies(url), timeout=limits.REDIRECT_S)
    for method in ("HEAD", "GET"):
        answer = session.send(AWSRequest(method, url, stream_output=True).prepare())
        if answer.status_code in (301, 302, 303, 307, 308):
            return str(answer.headers.get("location") or "")
        if answer.status_code not in (405, 501):
            break
    return ""


class Refused(Exception):
    """Identity Center refused. Holds only AWS's error code, because a message could contain anything."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_sign_in_page(url: str, endpoint: str = "") -> bool:
    """Say whether a user may be sent to `url`: https on an AWS host, or the loopback host of `endpoint`.

    `endpoint` is the value of AWS_ENDPOINT_URL_SSO_OIDC, "" if not set. URLs that a browser and urlsplit could read
    differently (with backslashes, blanks or a user name before the host) are refused.
    """
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        return False
    try:
        page, named = urlsplit(url), urlsplit(endpoint)
        host, port = page.hostname or "", page.port
    except ValueError:
        return False
    if "@" in page.netloc:
        return False
    if host in regions.LOOPBACK:
        return page.scheme in ("http", "https") and host == named.hostname
    return page.scheme == "https" and port in (None, 443) and regions.locate(host, "portal", "sign-in") is not None
