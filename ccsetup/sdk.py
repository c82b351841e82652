"""botocore on a leash: sessions that follow nobody's AWS_PROFILE, calls that end in time, errors as Problems."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from ccsetup.core import regions
from ccsetup.denials import Federated
from ccsetup.errors import Problem
from ccsetup.inert import inert
from ccsetup.keys import PLACELESS
from ccsetup.model import Who
from ccsetup.refusals import problem_of
from ccsetup.waiting import within

T = TypeVar("T")
TRIES, CONNECT_S, READ_S = 3, 4.0, 12.0
FAULT_S = 55.0  # all of one call, its tries and pauses in; what comes before and after it shares the minute


def explained(
    work: Callable[[], T], who: Who, resource: str = "", at_most_s: float = 0, federated: Federated | None = None
) -> T:
    """Return what `work` returns in time; Ctrl-C is answered at once. What the SDK raises becomes a Problem."""
    return told(lambda: within(at_most_s or FAULT_S, work)[0], who, resource, federated)


def told(work: Callable[[], T], who: Who, resource: str = "", federated: Federated | None = None) -> T:
    """Return what `work` returns; what the SDK raises becomes a Problem that nothing of the SDK's error hangs on."""
    try:
        return work()
    except refusals() as error:
        problem = problem_of(error, who, resource, federated)
    raise problem


def refusals() -> tuple[type[Exception], ...]:
    """Return what the SDK raises; the last ones come of a page, or a damaged file, where it looked for AWS's answer."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    damage = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
    return (BotoCoreError, ClientError, ResponseParserError, OSError, *damage)


def bounds(unsigned: bool = False, tries: int = 0) -> Any:
    """Return a client's settings, so that the SDK itself gives up before FAULT_S."""
    from botocore import UNSIGNED
    from botocore.config import Config

    signature = {"signature_version": UNSIGNED} if unsigned else {}
    return Config(
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"total_max_attempts": tries or TRIES, "mode": "standard"},
        **signature,
    )


def session_of(profile: str, region: str) -> Any:
    """Return a session with a profile's settings; without them where it is not on disk (yet)."""
    import botocore.session

    nobody = {"profile": (None, None, None, None)}
    session = botocore.session.Session(session_vars=nobody)
    return _bound(
        botocore.session.Session(profile=profile) if profile in session.available_profiles else session, region
    )


def session_on_disk(profile: str, region: str) -> Any:
    """Return a session of a profile that has to be on disk."""
    import botocore.session

    return _bound(botocore.session.Session(profile=profile), region)


@cache
def _loader() -> Any:
    """Return one reader of the SDK's models for all sessions: reading them takes longer than all the rest."""
    from botocore.loaders import create_loader

    return create_loader()


def _bound(session: Any, region: str) -> Any:
    """Return a session for a region. Raises Problem for what makes a host that anybody may own, such as s3."""
    if region and not (regions.is_region(region) or region in PLACELESS):
        raise Problem(f"{inert(region)} is no region.", next="A region is such as us-east-2.", code="region.invalid")
    session.register_component("data_loader", _loader())
    session.set_config_variable("region", region)
    session.set_default_client_config(bounds())
    return session
