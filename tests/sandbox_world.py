"""Clients of the sandbox that nobody here wrote: boto3 in this process, and a person's browser."""

from __future__ import annotations

import functools
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import MARIA, REGION
from ccsetup.sandbox.resources import Keys

SERVICES = {"sts", "iam", "codecommit", "sso", "sso-oidc"}


@functools.cache
def _loader() -> Any:
    """One cache of botocore's models for all clients: reading them takes longer than a test."""
    return botocore.session.get_session().get_component("data_loader")


def client(where: Sandbox | str, service: str, keys: Keys | None = None, region: str = REGION, **config: Any) -> Any:
    """Return a boto3 client of a service in the sandbox (or at an address), signing with `keys`, or not signing."""
    session = botocore.session.Session()
    session.register_component("data_loader", _loader())
    given = (keys.access_key_id, keys.secret_access_key, keys.session_token or None) if keys else ("none", "none", None)
    url = (
        where
        if isinstance(where, str)
        else where.environment()[f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"]
    )
    return boto3.Session(*given, region_name=region, botocore_session=session).client(
        service, endpoint_url=url, config=Config(retries={"total_max_attempts": 1}, proxies={}, **config)
    )


def refusal(call: Any, **given: Any) -> tuple[str, str, int]:
    """Make a call that is refused; return the error code, its text and the HTTP status."""
    try:
        answer = call(**given)
    except ClientError as error:
        told = error.response
        return told["Error"]["Code"], told["Error"].get("Message", ""), told["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError(f"was not refused: {answer}")


_BROWSER = """#!{python}
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1]).read()
except urllib.error.URLError as error:
    sys.exit(str(error))
"""


def browser_in(folder: Path) -> Path:
    """Write a program that opens a page, for BROWSER. With auto_approve, the sandbox answers it at once."""
    path = folder / "browser"
    path.write_text(_BROWSER.format(python=sys.executable))
    path.chmod(0o755)
    return path


def marias_keys(sandbox: Sandbox) -> Keys:
    """Return Maria's long-term keys."""
    return sandbox.state.user_keys(MARIA)


def as_keys(answer: dict[str, Any], like: Keys) -> Keys:
    """Return the credentials of an STS answer as Keys."""
    told = answer["Credentials"]
    return Keys(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"], told["Expiration"], like.caller)


@dataclass(frozen=True)
class Page:
    """What a browser got."""

    status: int
    url: str
    text: str


class Browser(urllib.request.HTTPRedirectHandler):
    """A person's browser: opens a page, presses its buttons, and stops where it would be sent to."""

    def __init__(self) -> None:
        super().__init__()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), self)
        self.sent_to = ""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:
        """Remember where to, and do not go there."""
        self.sent_to = newurl

    def open(self, url: str, form: dict[str, str] | None = None) -> Page:
        """Open a page, or send a form."""
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self._opener.open(url, data, timeout=10) as answer:
                return Page(answer.status, url, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Page(error.code, url, error.read().decode())

    def press(self, page: Page, answer: str) -> Page:
        """Press one of the buttons of a page: "approve" or "deny"."""
        action = re.search(r'<form method="post" action="([^"]+)"', page.text)
        hidden = re.search(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', page.text)
        assert action and hidden, page.text
        return self.open(action[1], {hidden[1]: hidden[2], "answer": answer})
