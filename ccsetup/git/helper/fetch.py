# Without pathlib, as signing.py whose paths these are.
# ruff: noqa: PTH111, PTH116
"""Keys that are not at hand: botocore fetches them, or the AWS CLI for its own sign-ins; a refusal is one sentence.

What is fetched is kept where the AWS tools look for it: the session of a role where AWS's git-remote-codecommit keeps
it, what a token file or a sign-in stands for where the AWS CLI does (and where `aws sso logout` removes it).
"""

from __future__ import annotations

import os

from ccsetup.awsfiles import fast_read
from ccsetup.core import clock, executables, plain_file, profile_chain, program_keys, regions, sdk_files, service_error
from ccsetup.git.helper import cached_keys
from ccsetup.git.helper.messages import Refused, again, anew, default_profile, quoted

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from botocore.session import Session
    from botocore.utils import JSONFileCache

_CLI_S = 60  # the AWS CLI has the network to wait for


def fetched(profile: str | None, region: str, remedy: str) -> tuple[str, cached_keys.Keys]:
    """Return the region and the keys, as grant.granted does. Raises Refused."""
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    _refuse_pipes()
    session = botocore.session.Session(profile=profile)
    busy = service_error.busy_renewals(session)
    name = profile if profile is not None else default_profile()
    try:
        region = _region(session, name, region, remedy)
        _look_at_files(session, name, named=profile is not None)
        patience = Config(connect_timeout=10, read_timeout=15, retries={"total_max_attempts": 2})
        session.set_default_client_config(patience)
        _keep_what_is_fetched(session)
        credentials = session.get_credentials()
        if credentials is None:
            raise Refused(f"Profile {name} holds no credentials. {anew(name)}")
        keys = credentials.get_frozen_credentials()
        return region, cached_keys.checked((keys.access_key or "", keys.secret_key or "", keys.token or ""))
    except _MfaNeeded:
        raise Refused(f"Profile {name} needs a new MFA code. {again(name)}") from None
    except fast_read.Unsure:
        raise Refused(f"The keys of {name} are incomplete or broken over two lines. {anew(name)}") from None
    except (BotoCoreError, ClientError, ResponseParserError, OSError, LookupError, *_ODDITIES) as error:
        if type(error).__name__ == "MissingDependencyException":  # botocore[crt], of profiles made by aws login
            return region, _by_aws_cli(name)
        if busy and type(error).__name__ in _SIGNED_OUT:
            raise Refused(_busy(name, busy[0])) from error
        raise Refused(_words(error, name, session)) from error


# What botocore lets through where a file holds what it did not expect, or a clock goes wrong.
_ODDITIES = (ValueError, TypeError, AttributeError, RuntimeError, ArithmeticError)


class _MfaNeeded(Exception):
    """A role wants an MFA code, and this is not the place to type one."""


def _nobody_to_ask(_: str) -> str:
    raise _MfaNeeded


def _refuse_pipes() -> None:
    """Raise Refused where an AWS file is a pipe, a device, or larger than the memory may be."""
    for variable, name in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        path = fast_read.aws_file(variable, name)
        try:
            plain_file.check(path, plain_file.AWS_FILE)
        except plain_file.NotPlain as error:
            if path != os.devnull:
                raise Refused(f"{path} can't be read: {error.strerror}. Run: ccsetup doctor") from error
        except OSError:
            continue


def _look_at_files(session: Session, name: str, *, named: bool) -> None:
    """Raise Refused for a file that botocore must not open: it would wait for it without end, or send it away."""
    way = profile_chain.chain(session.full_config["profiles"], name)
    if found := sdk_files.fault(way, os.environ, os.path.expanduser("~"), named=named):
        raise Refused(f"{found.what} Run: ccsetup doctor {quoted(name)}")


def _keep_what_is_fetched(session: Session) -> None:
    """Give botocore's providers the caches of the AWS tools, and nobody to ask."""
    from botocore.utils import JSONFileCache

    since = cached_keys.signed_in_at(session.get_scoped_config())
    chain = session.get_component("credential_provider")
    roles = chain.get_provider("assume-role")
    roles.cache, roles._prompter = _Kept(cached_keys.BOTO_CACHE, JSONFileCache), _nobody_to_ask
    executables.start_by(_popen, chain)
    chain.get_provider("assume-role-with-web-identity").cache = _Kept(cached_keys.CLI_CACHE, JSONFileCache)
    chain.get_provider("sso").cache = _Kept(cached_keys.CLI_CACHE, JSONFileCache, since)


def _popen(words: list[str], **pipes: Any) -> object:
    """Start a credential_process by its absolute path, which is never in the clone that git works in."""
    import subprocess

    env = executables.with_sure_path(os.environ)
    return subprocess.Popen(executables.sure(words, env), env=env, **pipes)


class _Kept:
    """A cache of the AWS tools, for this person alone to read, that knows nothing older than a sign-in.

    A home that cannot be written to is no reason not to serve git.
    """

    def __init__(self, folder: str, kind: type[JSONFileCache], since: float = 0.0) -> None:
        self._folder, self._since = os.path.expanduser(folder), since
        self._cache = kind(self._folder)

    def __contains__(self, key: str) -> bool:
        try:
            return os.stat(f"{self._folder}/{key}.json").st_mtime >= self._since
        except OSError:
            return False

    def __getitem__(self, key: str) -> object:
        import json

        try:
            return json.loads(plain_file.content(f"{self._folder}/{key}.json", plain_file.SMALL))
        except (OSError, ValueError) as error:
            raise KeyError(key) from error

    def __setitem__(self, key: str, value: object) -> None:
        before = os.umask(0o077)
        try:
            self._cache[key] = value
        except OSError:
            pass
        finally:
            os.umask(before)


def _region(session: Session, name: str, region: str, remedy: str) -> str:
    """Return the region that is named, else the environment's or the profile's; AWS knows whether CodeCommit is there.

    Raises Refused for a text that is no region: what is signed would go to whoever owns the host that it makes.
    """
    own = session.get_config_variable("region")
    region = region or own or ""
    if not region:
        raise Refused(f"Profile {name} has no region; {remedy}")
    if not regions.is_region(region):
        near = " or ".join([region[:-1]] if regions.is_region(region[:-1]) else regions.like(region))
        raise Refused(f"{region} is not a region; {f'did you mean {near}?' if near else 'one looks like us-east-2'}")
    if not own:
        session.set_config_variable("region", region)
    return region


def _by_aws_cli(name: str) -> cached_keys.Keys:
    """Let the AWS CLI, which brings what `aws login` needs, tell a profile's keys. Raises Refused."""
    import json
    import subprocess

    program = executables.path_of("aws", os.environ)
    asked = ["configure", "export-credentials", "--profile", name, "--format", "process"]
    try:
        done = program and subprocess.run(
            [program, *asked], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_CLI_S, check=False
        )
        if not done or "Invalid choice" in done.stderr:  # version 1 cannot
            needs = "botocore[crt] beside ccsetup, or version 2 of the AWS CLI on the PATH"
            raise Refused(f"Profile {name} was made by aws login and needs {needs}. Or: {anew(name)}")
        if done.returncode:
            why = " ".join(done.stderr.split())[-300:].rstrip(".")
            raise Refused(f"The AWS CLI has no credentials for {name}: {why}. {again(name)}")
        keys = json.loads(done.stdout)
        return cached_keys.checked((keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken") or ""))
    except (OSError, subprocess.TimeoutExpired, LookupError, fast_read.Unsure, *_ODDITIES):
        raise Refused(f"The AWS CLI gave no credentials for {name}. Run: aws {' '.join(asked[:4])}") from None


def _words(error: Exception, name: str, session: Session) -> str:
    """Return the sentence for what botocore raised."""
    from botocore.exceptions import ClientError

    kind, told = type(error).__name__, getattr(error, "kwargs", {})
    if isinstance(error, ClientError):
        return _refusal(error.response, name)
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}, which profile {name} names, is not there. {anew(name)}"
    if kind == "ProfileNotFound":
        return _no_profile(str(told.get("profile", name)), session)
    if kind == "ConfigParseError":
        return _broken_file(str(told.get("path")), told.get("error"))
    if kind == "PartialCredentialsError":
        return f"Profile {name} lacks {told.get('cred_var')}. {anew(name)}"
    if kind in _SIGNED_OUT:
        return f"Sign-in for {name} {_sign_in_ended(name, session)}. {again(name)}"
    if kind in _UNREACHED:
        return f"AWS could not be reached to renew {name}: {error}"
    if kind == "ResponseParserError":
        return _stranger(name)
    program = profile_chain.program_of(session.full_config["profiles"], name)
    if program and (said := _of_program(error, program)):
        return said
    return f"Profile {name} cannot be used: {error}. {anew(name)}"


_SIGNED_OUT = (
    "SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError", "LoginRefreshRequired",
    "LoginTokenLoadError",
)  # fmt: skip
_UNREACHED = (
    "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError",
    "ProxyConnectionError", "SSLError", "HTTPClientError",
)  # fmt: skip


def _broken_file(path: str, error: object) -> str:
    """Return the sentence for a file that no SDK can read, with the line where configparser tells it."""
    lines = [getattr(error, "lineno", None), *(line for line, _ in getattr(error, "errors", ()))]
    where = next((f": look at its line {line}" for line in lines if line), "")
    return f"{path} cannot be read, so that no profile works{where}. Run: ccsetup doctor"


def _busy(name: str, code: str) -> str:
    return f"AWS did not answer when {name} was to be renewed: it is too busy ({code}). Try again in a minute."


def _stranger(name: str) -> str:
    return (
        f"Something between here and AWS answered in its place when {name} was to be renewed. "
        "Look at HTTPS_PROXY, or sign in to the network you are in."
    )


def _of_program(error: Exception, name: str) -> str:
    """Return the sentence for what botocore raised over a profile's credential_process; "" for anything else.

    What the program itself said is left to the doctor, who masks what may be secret in it.
    """
    from botocore.exceptions import BotoCoreError

    kind = type(error).__name__
    if kind == "CredentialRetrievalError":
        return f"The credential_process of {name} failed. Run: ccsetup doctor {quoted(name)}"
    if kind in ("JSONDecodeError", "UnicodeDecodeError", "AttributeError", "RecursionError"):
        return f"The credential_process of {name} printed no keys. Run: ccsetup doctor {quoted(name)}"
    if kind == "RuntimeError":  # botocore has run it twice, and what it prints is over
        return f"{program_keys.over(name)} {program_keys.RENEW}"
    is_of_time = isinstance(error, (TypeError, ValueError, OverflowError)) and not isinstance(error, BotoCoreError)
    return f"{program_keys.unreadable(name)} {program_keys.MEND}" if is_of_time else ""


def _refusal(answer: Mapping[str, Any], name: str) -> str:
    """Return the sentence for what AWS answered when keys were to be renewed."""
    refused, status = answer["Error"], int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code, message = str(refused.get("Code", "")), str(refused.get("Message", "")).rstrip(".")
    if service_error.is_busy(code, status):
        return _busy(name, code or str(status))
    if service_error.is_strangers(code, status):
        return _stranger(name)
    if service_error.is_of_clock(code, message):
        return f"AWS says the time on this machine is wrong: {message}. Set the clock, then try again."
    if code in ("ExpiredToken", "ExpiredTokenException"):
        return f"The credentials behind {name} have ended. {again(name)}"
    if code in ("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidIdentityToken"):
        return f"AWS does not accept the credentials behind {name} ({code}: {message}). {again(name)}"
    if code in ("AccessDenied", "AccessDeniedException", "ForbiddenException"):
        return f"AWS refuses profile {name} its role: {message}. Send this line to your administrator."
    return f"AWS refuses profile {name} ({code}): {message}. {again(name)}"


def _no_profile(name: str, session: Session) -> str:
    if not name:
        return "AWS_PROFILE is set but empty. Run: unset AWS_PROFILE"
    return f"There is no profile {name}{_near(name, session.available_profiles) or '.'} {anew(name)}"


def _near(name: str, names: list[str]) -> str:
    from difflib import get_close_matches

    by_lower = {known.lower(): known for known in names}
    near = [by_lower[found] for found in get_close_matches(name.lower(), by_lower, 3)]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _sign_in_ended(name: str, session: Session) -> str:
    """Say when the cached sign-in behind a profile ended, such as "ended at 18:04"."""
    import json

    profiles = session.full_config["profiles"]
    profile = profiles.get(name, {})
    source = profiles.get(profile.get("source_profile"), {})
    signed_in = profile if {"sso_session", "sso_start_url"} & set(profile) else source
    path = os.path.expanduser(cached_keys.sign_in_path(signed_in))
    try:
        ends = str(json.loads(plain_file.content(path, plain_file.SMALL))["expiresAt"])
        moment = clock.utc(ends)
        return f"ended {clock.when(moment, clock.now())}" if moment and moment <= clock.now() else "has ended"
    except (OSError, KeyError, TypeError, ValueError):
        return "is needed"
