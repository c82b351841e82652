"""Whether botocore can build a client with a profile's settings. Nothing is sent, and no program runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ccsetup.aws.sdk import refusals

_SERVICES = ("sts", "codecommit")


def errors(config: Mapping[str, Any], profiles: Iterable[str]) -> dict[str, str]:
    """Return by profile the error of those that botocore can't build a client for.

    `config` has the form of botocore's Session.full_config.
    """
    from botocore.session import Session

    class Trial(Session):
        full_config = dict(config)  # instead of the files on disk

    found: dict[str, str] = {}
    for name in profiles:
        try:
            for service in _SERVICES:
                Trial(profile=name).create_client(
                    service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
                )
        except refusals() as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found
