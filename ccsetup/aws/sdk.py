"""SDK sessions that ignore AWS_PROFILE, calls with a time limit, and SDK errors turned into Problems."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from ccsetup.aws.errors import problem_of
from ccsetup.awsfiles import fast_read
from ccsetup.core import limits, plain_file, regions, sdk_files, sdk_models
from ccsetup.core.concurrency import within
from ccsetup.core.denial import Federated
from ccsetup.core.errors import Problem
from ccsetup.core.model import Who
from ccsetup.core.regions import PLACELESS
from ccsetup.core.text import inert

T = TypeVar("T")


def explained(
    work: Callable[[], T], who: Who, resource: str = "", at_most_s: float = 0, federated: Federated | None = None
) -> T:
    """Return the result of `work`, within a time limit. Ctrl-C ends it at once; SDK errors become Problems.

    The limit is meant for waiting on the network. Do slow local work (e.g. reading large files) before the call.
    """
    return told(lambda: within(at_most_s or limits.CALL_S, work)[0], who, resource, federated)


def told(work: Callable[[], T], who: Who, resource: str = "", federated: Federated | None = None) -> T:
    """Return the result of `work`. SDK errors become Problems that hold no reference to the original error."""
    try:
        return work()
    except refusals() as error:
        problem = problem_of(error, who, resource, federated)
    raise problem


def refusals() -> tuple[type[Exception], ...]:
    """Return what the SDK raises. The built-in types come from an answer or a file that isn't what it expected."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    damage = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)
    return (BotoCoreError, ClientError, ResponseParserError, OSError, *damage)


def check_files(way: Iterable[Mapping[str, object]], name: str = "") -> None:
    """Raise Problem if the SDK must not open a file of a profile; the arguments are those of `sdk_files.fault`."""
    if found := sdk_files.fault(way, os.environ, os.path.expanduser("~"), name=name):  # noqa: PTH111 — as the SDK finds it
        raise problem_in(found)


def problem_in(found: sdk_files.Fault) -> Problem:
    """Return the Problem for a faulty file."""
    return Problem(found.what, next=found.next, code=found.code)


def bounds(unsigned: bool = False, tries: int = 0) -> Any:
    """Return client settings that make the SDK itself give up before limits.CALL_S."""
    from botocore import UNSIGNED
    from botocore.config import Config

    signature = {"signature_version": UNSIGNED} if unsigned else {}
    return Config(
        connect_timeout=limits.CONNECT_S,
        read_timeout=limits.READ_S,
        retries={"total_max_attempts": tries or limits.TRIES, "mode": limits.RETRY_MODE},
        **signature,
    )


def boto3_session(profile: str, region: str) -> Any:
    """Return a boto3 session on top of `session_of`. Many profiles at once share the clients of a pool instead."""
    from boto3 import Session

    return Session(botocore_session=session_of(profile, region))


def session_of(profile: str, region: str) -> Any:
    """Return a botocore session with a profile's settings, or without any if the profile isn't on disk yet.

    Call it before a time limit starts: it reads both AWS files if they haven't been read yet.
    """
    session = _kind_of_session()(session_vars={"profile": (None, None, None, None)})
    if profile in session.full_config["profiles"]:
        session.set_config_variable("profile", profile)
    check_certificates(session)
    return _bound(session, region)


def check_certificates(session: Any) -> None:
    """Raise Problem if a session must not use the certificates that it is told to trust."""
    if found := sdk_files.of_bundle(os.environ, session.get_config_variable("ca_bundle")):
        raise problem_in(found)


def session_on_disk(profile: str, region: str) -> Any:
    """Return a session of a profile that must be on disk."""
    return _bound(_kind_of_session()(profile=profile), region)


def files_of(session: Any) -> object:
    """Return what stands for the current contents of both AWS files: the same object until one of them changes."""
    return _files.of(session)


def share_files(session: Any) -> None:
    """Make a session's credential providers, those for source profiles included, read no AWS file a second time."""
    from botocore.configloader import load_config

    def of_credentials(path: str) -> Mapping[str, Any]:
        return _files.of(session).credentials

    def shared(provider: Any) -> Any:
        def of_config(path: str) -> Mapping[str, Any]:
            files = _files.of(session)
            return load_config(path) if provider._profile_name in files.credentials else files.both

        if provider.METHOD == "shared-credentials-file":
            provider._ini_parser = of_credentials
        elif provider.METHOD == "config-file":
            provider._config_parser = of_config
        return provider

    resolver = session.get_component("credential_provider")
    builder = resolver.get_provider("assume-role")._profile_provider_builder
    make = builder.providers
    builder.providers = lambda *of, **more: [shared(provider) for provider in make(*of, **more)]
    for provider in resolver.providers:
        shared(provider)


@cache
def _kind_of_session() -> Any:
    """Return botocore's session class, changed to read both AWS files only once per process."""
    from botocore.session import Session

    class Sharing(Session):
        @property
        def full_config(self) -> Any:
            return _files.of(self).both

    return Sharing


class _Reading:
    """Both AWS files as botocore reads them: its full_config, and the credentials file alone."""

    def __init__(self, session: Any) -> None:
        paths = [session.get_config_variable(name) for name in ("config_file", "credentials_file")]
        try:
            with _without_collection():
                self.both, self.credentials = _plain(*paths)
        except fast_read.Unsure:
            self.both, self.credentials = _by_botocore(*paths)


def _plain(config: str, credentials: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read both files much faster than botocore. Raises Unsure if only botocore can read them."""
    text, secrets = _ascii(config), _ascii(credentials)
    sessions: dict[str, dict[str, str]] = {}
    others: dict[str, dict[str, str]] = {}
    of_credentials: dict[str, dict[str, str]] = {}
    found = fast_read.profiles(text or "", secrets or "", sessions, others, of_credentials, fast_read.EARLIER)
    profiles = {name: _nested(settings) for name, settings in found}
    alone = {name: _nested(settings) for name, settings in of_credentials.items()}
    if text is None:
        return {"profiles": profiles}, alone
    services = {name: _nested(others.pop(name)) for name in [*others] if name.startswith("services ")}
    both: dict[str, Any] = {name: _nested(settings) for name, settings in others.items()}
    both |= {"profiles": profiles, "sso_sessions": {name: _nested(there) for name, there in sessions.items()}}
    both["services"] = {name.removeprefix("services "): settings for name, settings in services.items()}
    return both, alone


def _ascii(named: str) -> str | None:
    """Return a file's text, None if it doesn't exist. Raises Unsure if its encoding matters, or if it can't be read."""
    path = os.path.expanduser(os.path.expandvars(named))  # noqa: PTH111 — as the SDK finds it
    try:
        data = plain_file.content(path, plain_file.AWS_FILE)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise fast_read.Unsure from error
    if not data.isascii():
        raise fast_read.Unsure
    return data.decode("ascii")


def _nested(settings: dict[str, str]) -> dict[str, Any]:
    """Return a section's settings with each nested block as a mapping."""
    if "\n" not in "".join(settings.values()):  # this takes much less time than a look at each value
        return settings
    return {key: _block(value) if value[:1] == "\n" else value for key, value in settings.items()}


def _block(value: str) -> dict[str, str]:
    lines = (line.partition("=") for line in value.split("\n") if line)
    return {key.strip(): inner.strip() for key, _, inner in lines}


def _by_botocore(config: str, credentials: str) -> tuple[dict[str, Any], dict[str, Any]]:
    from botocore import configloader

    both: dict[str, Any] = _found(lambda: configloader.load_config(config)) or {"profiles": {}}
    alone: dict[str, Any] = _found(lambda: configloader.raw_config_parse(credentials))
    for name, settings in alone.items():
        both["profiles"][name] = {**both["profiles"].get(name, {}), **settings}
    return both, alone


def _found(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    from botocore.exceptions import ConfigNotFound

    try:
        with _without_collection():
            return read()
    except ConfigNotFound:
        return {}


class _Files:
    """The most recent contents of both files. Changed files are read again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: tuple[object, _Reading] | None = None

    def of(self, session: Any) -> _Reading:
        """Return the contents of the session's files. Raises botocore's errors if they can't be parsed."""
        now = tuple(_state(session.get_config_variable(name)) for name in ("config_file", "credentials_file"))
        with self._lock:
            if self._latest is None or self._latest[0] != now:
                self._latest = now, _Reading(session)
            return self._latest[1]


_files = _Files()


def _state(named: str) -> object:
    """Return a value that changes whenever the file does."""
    path = os.path.expanduser(os.path.expandvars(named))  # noqa: PTH111 — as the SDK finds it
    try:
        about = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return path
    return path, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


@contextmanager
def _without_collection() -> Iterator[None]:
    """Disable garbage collection: with 100,000 sections it frees nothing and takes longer than the parsing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@cache
def _loader() -> Any:
    """Return one loader of the SDK's models for all sessions, because loading them is the slowest part."""
    from botocore.loaders import create_loader

    return sdk_models.quick(create_loader(os.environ.get("AWS_DATA_PATH")))


def _bound(session: Any, region: str) -> Any:
    """Return a session for a region. Raises Problem for a name that would form a host anyone may own, e.g. s3."""
    if region and not (regions.is_region(region) or region in PLACELESS):
        raise Problem(f"{inert(region)} isn't a region.", next="Use a region like us-east-2.", code="region.invalid")
    session.register_component("data_loader", _loader())
    session.set_config_variable("region", region)
    session.set_default_client_config(bounds())
    return session
