"""Finds the role of this computer in the same way as the SDKs: container, EC2 instance, Lambda's variables."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ccsetup.aws.sdk import check_files, refusals, session_of
from ccsetup.core import limits
from ccsetup.core.concurrency import within
from ccsetup.core.errors import Problem


def source() -> str:
    """Return the credential_source that provides credentials on this computer; "" if none does."""
    if os.environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") or os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        return "EcsContainer" if _loads("container-role") else ""
    if os.environ.get("AWS_LAMBDA_FUNCTION_NAME") and os.environ.get("AWS_ACCESS_KEY_ID"):
        return "Environment"
    return "Ec2InstanceMetadata" if _loads("iam-role") else ""


def region() -> str:
    """Return the region from the environment or the instance metadata; "" if neither has one."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or str(_quickly(_by_metadata) or "")


def _loads(provider: str) -> bool:
    def load(session: Any) -> Any:
        check_files(())
        return session.get_component("credential_provider").get_provider(provider).load()

    return _quickly(load) is not None


def _by_metadata(session: Any) -> str | None:
    from botocore.utils import IMDSRegionProvider

    found: str | None = IMDSRegionProvider(session).provide()
    return found


def _quickly(work: Callable[[Any], Any]) -> Any:
    """Call `work` with a session and return its result; None if there is no answer within limits.METADATA_S."""
    with suppress(TimeoutError, Problem, *refusals()):
        session = session_of("", "us-east-1")  # reads the files; not part of the time limit
        return within(limits.METADATA_S, lambda: work(session))[0]
    return None
