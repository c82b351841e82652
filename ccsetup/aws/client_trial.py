"""Whether botocore can build a client with a profile's settings. Nothing is sent, and no program runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ccsetup.aws.sdk import refusals

_SERVICES = ("sts", "codecommit")
_GIVEN: dict[str, Any] = {"region_name": "us-east-1"} | dict.fromkeys(
    ("aws_access_key_id", "aws_secret_access_key"), "none"
)


def errors(config: Mapping[str, Any], profiles: Iterable[str]) -> dict[str, str]:
    """Return by profile the error of those that botocore can't build a client for.

    `config` has the form of botocore's Session.full_config.
    """
    from botocore.session import Session

    class Trial(Session):
        @property
        def full_config(self) -> dict[str, Any]:
            return dict(config)  # instead of the files on disk

    found: dict[str, str] = {}
    for name in profiles:
        try:
            for service in _SERVICES:
                Trial(profile=name).create_client(service, **_GIVEN)
        except refusals() as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found
