# Doesn't use pathlib, like cached_keys.py, which provides these paths.
# ruff: noqa: PTH111, PTH116
"""Fetches credentials with botocore, or with the AWS CLI for its own sign-ins. Every error becomes one sentence.

Fetched credentials are cached where the AWS tools look for them: role sessions where AWS's git-remote-codecommit caches
them, and those of token files and sign-ins where the AWS CLI does (and where `aws sso logout` removes them).
"""

from __future__ import annotations

import os

from ccsetup.awsfiles import fast_read
from ccsetup.core import clock, executables, plain_file, profile_chain, program_keys, regions, sdk_files, service_error
from ccsetup.core.limits import GIT_CLI_S, GIT_CONNECT_S, GIT_READ_S, GIT_TRIES
from ccsetup.git.helper import cached_keys
from ccsetup.git.helper.messages import Refused, again, anew, default_profile, quoted

TYPE_CHECKING = False  # like typing.TYPE_CHECKING
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from botocore.session import Session
    from botocore.utils import JSONFileCache


def fetched(profile: str | None, region: str, remedy: str) -> tuple[str, cached_keys.Keys]:
    """Return the region and the credentials, as keys.granted does. Raises Refused."""
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
        patience = Config(
            connect_timeout=GIT_CONNECT_S, read_timeout=GIT_READ_S, retries={"total_max_attempts": GIT_TRIES}
        )
        session.set_default_client_config(patience)
        _keep_what_is_fetched(session)
        credentials = session.get_credentials()
        if credentials is None:
            raise Refused(f"Profile {name} has no credentials. {anew(name)}")
        keys = credentials.get_frozen_credentials()
        return region, cached_keys.checked((keys.access_key or "", keys.secret_key or "", keys.token or ""))
    except _MfaNeeded:
        raise Refused(f"Profile {name} needs a new MFA code. {again(name)}") from None
    except fast_read.Unsure:
        raise Refused(f"The credentials of {name} are incomplete or split across two lines. {anew(name)}") from None
    except (BotoCoreError, ClientError, ResponseParserError, OSError, LookupError, *_ODDITIES) as error:
        if type(error).__name__ == "MissingDependencyException":  # botocore[crt], for profiles created by aws login
            return region, _by_aws_cli(name)
        if busy and type(error).__name__ in _SIGNED_OUT:
            raise Refused(_busy(name, busy[0])) from error
        raise Refused(_words(error, name, session)) from error


# Errors that botocore doesn't wrap if a file has unexpected contents, or if the clock is wrong.
_ODDITIES = (ValueError, TypeError, AttributeError, RuntimeError, ArithmeticError)


class _MfaNeeded(Exception):
    """A role needs an MFA code, which can't be entered here."""


def _nobody_to_ask(_: str) -> str:
    raise _MfaNeeded


def _refuse_pipes() -> None:
    """Raise Refused if an AWS file is a pipe, a device, or too large."""
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
    """Raise Refused for a file that botocore must not open: it would wait forever, or send the contents to AWS."""
    way = profile_chain.chain(session.full_config["profiles"], name)
    if found := sdk_files.fault(way, os.environ, os.path.expanduser("~"), named=named):
        raise Refused(f"{found.what} Run: ccsetup doctor {quoted(name)}")


def _keep_what_is_fetched(session: Session) -> None:
    """Give botocore's providers the caches of the AWS tools, and make them never prompt."""
    from botocore.utils import JSONFileCache

    since = cached_keys.signed_in_at(session.get_scoped_config())
    chain = session.get_component("credential_provider")
    roles = chain.get_provider("assume-role")
    roles.cache, roles._prompter = _Kept(cached_keys.BOTO_CACHE, JSONFileCache), _nobody_to_ask
    executables.start_by(_popen, chain)
    chain.get_provider("assume-role-with-web-identity").cache = _Kept(cached_keys.CLI_CACHE, JSONFileCache)
    chain.get_provider("sso").cache = _Kept(cached_keys.CLI_CACHE, JSONFileCache, since)


def _popen(words: list[str], **pipes: Any) -> object:
    """Start a credential_process by its absolute path, never from the clone that git works in."""
    import subprocess

    env = executables.with_sure_path(os.environ)
    return subprocess.Popen(executables.sure(words, env), env=env, **pipes)


class _Kept:
    """A cache of the AWS tools that only this user can read. It ignores entries older than the sign-in.

    If the home folder isn't writable, nothing is cached.
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
    """Return the given region, or else the environment's or the profile's. CodeCommit may not be in that region.

    Raises Refused for a text that isn't a region: the signed request would go to the owner of the resulting host name.
    """
    own = session.get_config_variable("region")
    region = region or own or ""
    if not region:
        raise Refused(f"Profile {name} has no region. {remedy}")
    if not regions.is_region(region):
        near = " or ".join([region[:-1]] if regions.is_region(region[:-1]) else regions.like(region))
        raise Refused(f"{region} isn't a region. {f'Did you mean {near}?' if near else 'For example: us-east-2'}")
    if not own:
        session.set_config_variable("region", region)
    return region


def _by_aws_cli(name: str) -> cached_keys.Keys:
    """Get a profile's credentials from the AWS CLI, which includes what `aws login` needs. Raises Refused."""
    import json
    import subprocess

    program = executables.path_of("aws", os.environ)
    asked = ["configure", "export-credentials", "--profile", name, "--format", "process"]
    try:
        done = program and subprocess.run(
            [program, *asked], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GIT_CLI_S, check=False
        )
        if not done or "Invalid choice" in done.stderr:  # version 1 doesn't have this command
            needs = "botocore[crt] next to ccsetup or AWS CLI version 2, or set it up another way"
            raise Refused(f"Profile {name} was created by aws login. Install {needs}. {anew(name)}")
        if done.returncode:
            why = " ".join(done.stderr.split())[-300:].rstrip(".")
            raise Refused(f"The AWS CLI has no credentials for {name}: {why}. {again(name)}")
        keys = json.loads(done.stdout)
        return cached_keys.checked((keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken") or ""))
    except (OSError, subprocess.TimeoutExpired, LookupError, fast_read.Unsure, *_ODDITIES):
        raise Refused(f"The AWS CLI didn't print credentials for {name}. Run: aws {' '.join(asked[:4])}") from None


def _words(error: Exception, name: str, session: Session) -> str:
    """Return the sentence for an error from botocore."""
    from botocore.exceptions import ClientError

    kind, told = type(error).__name__, getattr(error, "kwargs", {})
    if isinstance(error, ClientError):
        return _refusal(error.response, name)
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}, which profile {name} uses, doesn't exist. {anew(name)}"
    if kind == "ProfileNotFound":
        return _no_profile(str(told.get("profile", name)), session)
    if kind == "ConfigParseError":
        return _broken_file(str(told.get("path")), told.get("error"))
    if kind == "PartialCredentialsError":
        return f"Profile {name} has no {told.get('cred_var')}. {anew(name)}"
    if kind in _SIGNED_OUT:
        return f"{_sign_in_ended(name, session)}. {again(name)}"
    if kind in _UNREACHED:
        return f"Couldn't reach AWS to renew the credentials of {name}: {error}"
    if kind == "ResponseParserError":
        return _stranger(name)
    program = profile_chain.program_of(session.full_config["profiles"], name)
    if program and (said := _of_program(error, program)):
        return said
    return f"Profile {name} can't be used: {error}. {anew(name)}"


_SIGNED_OUT = (
    "SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError", "LoginRefreshRequired",
    "LoginTokenLoadError",
)  # fmt: skip
_UNREACHED = (
    "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError",
    "ProxyConnectionError", "SSLError", "HTTPClientError",
)  # fmt: skip


def _broken_file(path: str, error: object) -> str:
    """Return the sentence for a file that no SDK can read, with the line if configparser reports it."""
    lines = [getattr(error, "lineno", None), *(line for line, _ in getattr(error, "errors", ()))]
    where = next((f" (line {line})" for line in lines if line), "")
    return f"{path}{where} can't be read, so no profile works. Run: ccsetup doctor"


def _busy(name: str, code: str) -> str:
    return f"AWS is too busy to renew the credentials of {name} ({code}). Try again in a minute."


def _stranger(name: str) -> str:
    return (
        f"Something other than AWS answered the request to renew the credentials of {name}. "
        "Check HTTPS_PROXY, or sign in to your network."
    )


def _of_program(error: Exception, name: str) -> str:
    """Return the sentence for an error in a profile's credential_process, "" for other errors.

    It leaves out the program's own output, which may contain secrets. `ccsetup doctor` shows it with secrets masked.
    """
    from botocore.exceptions import BotoCoreError

    kind = type(error).__name__
    if kind == "CredentialRetrievalError":
        return f"The credential_process of {name} failed. Run: ccsetup doctor {quoted(name)}"
    if kind in ("JSONDecodeError", "UnicodeDecodeError", "AttributeError", "RecursionError"):
        return f"The credential_process of {name} didn't print credentials. Run: ccsetup doctor {quoted(name)}"
    if kind == "RuntimeError":  # botocore has run it twice, and both times its credentials had expired
        return f"{program_keys.over(name)} {program_keys.RENEW}"
    is_of_time = isinstance(error, (TypeError, ValueError, OverflowError)) and not isinstance(error, BotoCoreError)
    return f"{program_keys.unreadable(name)} {program_keys.MEND}" if is_of_time else ""


def _refusal(answer: Mapping[str, Any], name: str) -> str:
    """Return the sentence for AWS's answer to a request to renew credentials."""
    refused, status = answer["Error"], int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code, message = str(refused.get("Code", "")), str(refused.get("Message", "")).rstrip(".")
    if service_error.is_busy(code, status):
        return _busy(name, code or str(status))
    if service_error.is_strangers(code, status):
        return _stranger(name)
    if service_error.is_of_clock(code, message):
        return f"This computer's clock is wrong, according to AWS: {message}. Set the clock, then try again."
    if code in ("ExpiredToken", "ExpiredTokenException"):
        return f"The credentials that {name} uses have expired. {again(name)}"
    if code in ("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidIdentityToken"):
        return f"AWS rejected the credentials that {name} uses ({code}: {message}). {again(name)}"
    if code in ("AccessDenied", "AccessDeniedException", "ForbiddenException"):
        return f"AWS denied profile {name} its role: {message}. Send this line to your administrator."
    return f"AWS rejected profile {name} ({code}): {message}. {again(name)}"


def _no_profile(name: str, session: Session) -> str:
    if not name:
        return "AWS_PROFILE is set but empty. Run: unset AWS_PROFILE"
    from ccsetup.core.text import did_you_mean

    hint = did_you_mean(name, session.available_profiles)
    return " ".join(filter(None, [f'No profile "{name}" on this computer.', hint, anew(name)]))


def _sign_in_ended(name: str, session: Session) -> str:
    """Return when a profile's cached sign-in expired, for example "The sign-in for dev expired at 18:04"."""
    import json

    profiles = session.full_config["profiles"]
    profile = profiles.get(name, {})
    source = profiles.get(profile.get("source_profile"), {})
    signed_in = profile if {"sso_session", "sso_start_url"} & set(profile) else source
    path = os.path.expanduser(cached_keys.sign_in_path(signed_in))
    try:
        ends = str(json.loads(plain_file.content(path, plain_file.SMALL))["expiresAt"])
        moment = clock.utc(ends)
        expired = f"expired {clock.when(moment, clock.now())}" if moment and moment <= clock.now() else "has expired"
        return f"The sign-in for {name} {expired}"
    except (OSError, KeyError, TypeError, ValueError):
        return f"{name} isn't signed in"
