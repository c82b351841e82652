"""botocore on a leash: sessions that follow nobody's AWS_PROFILE, calls that end in time, errors as Problems."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from ccsetup.aws.errors import problem_of
from ccsetup.core import regions, sdk_files
from ccsetup.core.concurrency import within
from ccsetup.core.denial import Federated
from ccsetup.core.errors import Problem
from ccsetup.core.model import Who
from ccsetup.core.regions import PLACELESS
from ccsetup.core.text import inert

T = TypeVar("T")
TRIES, CONNECT_S, READ_S = 3, 4.0, 12.0
FAULT_S = 55.0  # all of one call, its tries and pauses in; what comes before and after it shares the minute


def explained(
    work: Callable[[], T], who: Who, resource: str = "", at_most_s: float = 0, federated: Federated | None = None
) -> T:
    """Return what `work` returns in time; Ctrl-C is answered at once. What the SDK raises becomes a Problem.

    The time is for waiting: whatever takes long by itself, such as reading large files, is done before.
    """
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


def check_files(way: Iterable[Mapping[str, object]]) -> None:
    """Raise Problem for a file that the SDK must not open for a profile; `way` as in `sdk_files.fault`."""
    if found := sdk_files.fault(way, os.environ, os.path.expanduser("~")):  # noqa: PTH111 — as the SDK finds it
        raise problem_in(found)


def problem_in(found: sdk_files.Fault) -> Problem:
    """Return the Problem that such a file is."""
    return Problem(found.what, next=found.next, code=found.code)


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
    """Return a session with a profile's settings; without them where it is not on disk (yet).

    Made before the time for a call begins: it reads both AWS files where nobody has yet.
    """
    session = _kind_of_session()(session_vars={"profile": (None, None, None, None)})
    if profile in session.full_config["profiles"]:
        session = _kind_of_session()(profile=profile)
    bundle = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle and (found := sdk_files.of_certificates(str(bundle))):
        raise problem_in(found)
    return _bound(session, region)


def session_on_disk(profile: str, region: str) -> Any:
    """Return a session of a profile that has to be on disk."""
    return _bound(_kind_of_session()(profile=profile), region)


def credentials_parser(session: Any) -> Callable[[str], Mapping[str, Any]]:
    """Return a parser of the credentials file for the SDK's own provider, which would read it a second time."""
    return lambda path: _files.of(session).credentials


@cache
def _kind_of_session() -> Any:
    """Return botocore's session, but that both AWS files are read once for all sessions of this process."""
    from botocore.session import Session

    class Sharing(Session):
        @property
        def full_config(self) -> Any:
            return _files.of(self).both

    return Sharing


class _Reading:
    """Both AWS files as botocore reads them: its full_config, and the credentials file alone."""

    def __init__(self, session: Any) -> None:
        from botocore import configloader

        config = _found(lambda: configloader.load_config(session.get_config_variable("config_file")))
        self.both: dict[str, Any] = config or {"profiles": {}}
        self.credentials: dict[str, Any] = _found(
            lambda: configloader.raw_config_parse(session.get_config_variable("credentials_file"))
        )
        for name, settings in self.credentials.items():
            self.both["profiles"][name] = {**self.both["profiles"].get(name, {}), **settings}


def _found(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    from botocore.exceptions import ConfigNotFound

    try:
        with _without_collection():
            return read()
    except ConfigNotFound:
        return {}


class _Files:
    """The latest reading; a file that has changed is read again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: tuple[object, _Reading] | None = None

    def of(self, session: Any) -> _Reading:
        """Return what the session's files say. Raises what botocore does where it cannot parse them."""
        now = tuple(_state(session.get_config_variable(name)) for name in ("config_file", "credentials_file"))
        with self._lock:
            if self._latest is None or self._latest[0] != now:
                self._latest = now, _Reading(session)
            return self._latest[1]


_files = _Files()


def _state(named: str) -> object:
    """Return what changes when a file does."""
    path = os.path.expanduser(os.path.expandvars(named))  # noqa: PTH111 — as the SDK finds it
    try:
        about = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return path
    return path, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


@contextmanager
def _without_collection() -> Iterator[None]:
    """Put garbage collection off: of a hundred thousand sections nothing is given up, and looking takes longer."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


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
