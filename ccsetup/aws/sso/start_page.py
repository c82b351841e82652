"""The page of a start URL on an AWS host, which names the region of its Identity Center for everyone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from ccsetup.aws.sso.client import IdentityCenter, bounded, is_sign_in_page
from ccsetup.core import limits, regions

REDIRECTS = 3
MOST = 262144  # bytes of the page that are read
_ELSEWHERE = (301, 302, 303, 307, 308)
_META = re.compile(rb"<meta\s([^<>]{1,400})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


def of(center: IdentityCenter, url: str) -> str:
    """Return the region that a start URL's page names, within five seconds; "" if none. Raises Problem or Refused.

    Nothing is sent if the environment sets an endpoint, because that has no regions.
    """
    page = center.behind(url)
    if center.endpoint or not regions.locate(_host(page), "portal"):
        return ""
    return bounded(lambda: region(page, center.bundle()), _host(page), limits.START_PAGE_S)


def region(url: str, bundle: str | None) -> str:
    """Return the region that a start URL's page names, "" if it names none. The caller limits the time.

    Follows redirects only to https on AWS's hosts, and sends neither cookies nor credentials. `bundle` are the
    certificates to trust, None for the usual ones.
    """
    partition = ""
    for _ in range(REDIRECTS + 1):
        found = regions.locate(_host(url), "portal", "sign-in")
        if not is_sign_in_page(url) or not found or found[0] != (partition or found[0]):
            return ""
        if (told := regions.locate(_host(url), "portal")) and told[1]:
            return told[1]
        partition = found[0]
        status, headers, content = _got(url, bundle)
        if status not in _ELSEWHERE:
            plain = {name.lower(): value for name, value in headers.items()}.get("content-encoding", "") in (
                "",
                "identity",
            )
            return region_in(content, partition) if status == 200 and plain else ""
        url = _target(url, headers)
    return ""


def region_in(content: bytes, partition: str) -> str:
    """Return the one region of a partition that a page's <meta name="region"> names, "" if there is none."""
    named = set()
    for found in _META.finditer(content):
        pairs = _ATTRIBUTE.findall(found[1].decode("ascii", "replace"))
        told = {name.lower(): double or single for name, double, single in pairs}
        if told.get("name", "").lower() == "region":
            named.add(told.get("content", "").strip())
    only = named.pop() if len(named) == 1 else ""
    return only if regions.is_region(only) and regions.partition_of(only) == partition else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _target(url: str, headers: Mapping[str, str]) -> str:
    location = next((value for name, value in headers.items() if name.lower() == "location"), "")
    try:
        return urljoin(url, location) if location else ""
    except ValueError:
        return ""


def _got(url: str, bundle: str | None) -> tuple[int, Mapping[str, str], bytes]:
    """Send one GET, and return the status, the headers and the first bytes of the answer."""
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    verify: Any = bundle or True
    session = URLLib3Session(verify=verify, proxies=get_environ_proxies(url), timeout=limits.START_PAGE_S)
    headers = {"Accept": "text/html", "Accept-Encoding": "identity", "User-Agent": "ccsetup"}
    try:
        answer = session.send(AWSRequest("GET", url, headers=headers, stream_output=True).prepare())
        return answer.status_code, dict(answer.headers), bytes(answer.raw.read(MOST, decode_content=False))
    finally:
        session.close()
