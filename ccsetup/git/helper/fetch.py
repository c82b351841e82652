# Doesn't use pathlib, like cached_keys.py, which provides these paths.
# ruff: noqa: PTH111, PTH113, PTH116
"""Fetches credentials with botocore, or with the AWS CLI for its own sign-ins. Every error becomes one sentence.

Fetched credentials are cached where the AWS tools look for them: role sessions where AWS's git-remote-codecommit caches
them, and those of token files and sign-ins where the AWS CLI does (and where `aws sso logout` removes them).
"""

from __future__ import annotations

import os
import time

from ccsetup.awsfiles import fast_read
from ccsetup.core import (
    asked_role,
    aws_login,
    clock,
    detours,
    executables,
    plain_file,
    profile_chain,
    profile_partition,
    program_keys,
    regions,
    sdk_errors,
    sdk_files,
    sdk_models,
    service_error,
    sso_session,
    stored_keys,
)
from ccsetup.core.errors import UNANSWERED
from ccsetup.core.limits import GIT_CLI_S, GIT_CONNECT_S, GIT_READ_S, GIT_TRIES
from ccsetup.core.profile_kind import has_own_credentials
from ccsetup.core.sdk_errors import Cause
from ccsetup.git.helper import cached_keys
from ccsetup.git.helper.messages import LOOK, REPAIR, Refused, again, anew, default_profile, elsewhere, quoted

TYPE_CHECKING = False  # like typing.TYPE_CHECKING
if TYPE_CHECKING:
    from typing import Any

    from botocore.session import Session
    from botocore.utils import JSONFileCache


def fetched(profile: str | None, region: str, remedy: str) -> tuple[str, cached_keys.Keys, bool]:
    """Return the region, the credentials and whether FIPS is wanted, as keys.granted does. Raises Refused."""
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
        sdk_models.quick(session.get_component("data_loader"))
        aws_login.read_by_either(session, name, _by_aws_cli, lambda _, work: work())
        credentials = session.get_credentials()
        if credentials is None:
            _look_at_sign_in(session, name)
            _look_at_keys(session, name)
            remedy = LOOK if elsewhere() else anew(name)
            raise Refused(f"Profile {name} has no credentials. {remedy}", "source.none")
        if credentials.method in _OF_SIGN_IN:
            _look_at_sign_in(session, name)
        if credentials.method in _STORED:
            _look_at_keys(session, name)
            cached_keys.tell_if_ended(name, session.get_scoped_config(), time.time())
        keys = credentials.get_frozen_credentials()
        parts = keys.access_key or "", keys.secret_key or "", keys.token or ""
        return region, cached_keys.checked(parts), regions.wants_fips(os.environ, session.get_scoped_config())
    except _MfaNeeded:
        _look_at_device(session, name)
        raise Refused(f"Profile {name} needs a new MFA code. {again(name)}", "access.assume") from None
    except fast_read.Unsure:
        raise Refused(_torn(name), "keys.partial") from None
    except (BotoCoreError, ClientError, ResponseParserError, OSError, LookupError, *_ODDITIES) as error:
        raise _refused(error, name, session, busy, profile is not None) from error


# Errors that botocore doesn't wrap if a file has unexpected contents, or if the clock is wrong.
_ODDITIES = (ValueError, TypeError, AttributeError, RuntimeError, ArithmeticError)


class _MfaNeeded(Exception):
    """A role needs an MFA code, which can't be entered here."""


def _nobody_to_ask(_: str) -> str:
    raise _MfaNeeded


def _look_at_device(session: Session, name: str) -> None:
    """Raise Refused if the MFA device of a profile or a source profile can't be one: no code would help then."""
    from ccsetup.core import validate
    from ccsetup.core.errors import BadAnswer

    for there in profile_chain.chain(session.full_config.get("profiles", {}), name):
        serial = str(there.get("mfa_serial", ""))
        try:
            right = validate.mfa_serial(serial) if serial else serial
        except BadAnswer as bad:
            raise Refused(f"Profile {name}: mfa_serial isn't valid. {bad.what}", "value.invalid") from None
        if right != serial:
            raise Refused(
                f"Profile {name}: mfa_serial isn't valid. To repair it: ccsetup doctor --fix", "value.invalid"
            )


def _refuse_pipes() -> None:
    """Raise Refused if an AWS file is a pipe, a device, or too large."""
    for variable, name in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        path = fast_read.aws_file(variable, name)
        try:
            plain_file.check(path, plain_file.AWS_FILE)
        except plain_file.NotPlain as error:
            if path != os.devnull:
                raise Refused(
                    f"{path} can't be read: {error.strerror}. Run: ccsetup doctor", "file.unreadable"
                ) from error
        except OSError:
            continue


def _look_at_files(session: Session, name: str, *, named: bool) -> None:
    """Raise Refused for a file that botocore must not open: it would wait forever, or send the contents to AWS."""
    profiles = session.full_config["profiles"]
    way, holder = profile_chain.chain(profiles, name), profile_chain.holder(profiles, name)
    if found := sdk_files.fault(way, os.environ, os.path.expanduser("~"), name=holder, named=named):
        command = again(holder) if found.renewable else f"Run: ccsetup doctor {quoted(name)}"
        raise Refused(f"{found.what} {command}", found.code)


_STORED = ("shared-credentials-file", "config-file")  # botocore's names of these methods
_OF_KEYS = {
    "keys.placeholder": "Profile {name} has placeholders instead of an access key.",
    "keys.partial": "Profile {name} has an incomplete access key.",
    "keys.split": "The access key for {name} is split between the config file and the credentials file.",
    "keys.swapped": "The access key ID and the secret access key for {name} are swapped.",
    "keys.session-token": "The session token for {name} is missing or belongs to other credentials.",
}


def _look_at_keys(session: Session, name: str) -> None:
    """Raise Refused for a stored access key that the SDKs or AWS reject."""
    if code := stored_keys.fault(*_sections(session, name)):
        command = again(name) if code == "keys.placeholder" else f"Run: ccsetup doctor {quoted(name)}"
        raise Refused(f"{_OF_KEYS[code].format(name=name)} {command}", code)


_OF_SIGN_IN = ("sso", "assume-role")  # botocore's names of these methods


def _look_at_sign_in(session: Session, name: str) -> None:
    """Raise Refused if the profile, or the source profile that it starts from, can't sign in as it is written."""
    profiles = session.full_config["profiles"]
    at = profile_chain.holder(profiles, name)
    found = sso_session.fault(profiles.get(at, {}), session.full_config.get("sso_sessions", {}))
    if found and (at == name or any(key in profiles[at] for key in sso_session.WHO)):
        raise Refused(f"Profile {at} can't sign in. {found[1]} {REPAIR}", found[0])


def _sections(session: Session, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return a profile's sections in the credentials file and in the config file."""
    from botocore import configloader
    from botocore.exceptions import ConfigNotFound

    found: list[dict[str, str]] = []
    for variable, read in (
        ("credentials_file", configloader.raw_config_parse),
        ("config_file", lambda path: configloader.load_config(path)["profiles"]),
    ):
        try:
            found.append(read(session.get_config_variable(variable)).get(name, {}))
        except ConfigNotFound:
            found.append({})
    return found[0], found[1]


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
        raise Refused(f"Profile {name} has no region. {remedy}", "region.missing")
    if not regions.is_region(region):
        near = " or ".join([region[:-1]] if regions.is_region(region[:-1]) else regions.like(region))
        hint = f"Did you mean {near}?" if near else "Use a region like us-east-2."
        raise Refused(f"{region} isn't a region. {hint}", "region.invalid")
    _look_at_partition(session, name, region, own or "")
    if not own:
        session.set_config_variable("region", region)
    return region


def _look_at_partition(session: Session, name: str, region: str, own: str) -> None:
    """Raise Refused if a region is in another partition than the profile: its credentials don't work there.

    The profile's own region counts, too, if the SDK calls STS there.
    """
    profiles = session.full_config["profiles"]
    partition = profile_partition.told(profiles, session.full_config.get("sso_sessions", {}), name)
    if not partition or "endpoint_url" in profiles.get(name, {}):
        return
    but = f"but profile {name} is in {partition}."
    is_used = own == region or "role_arn" in profiles.get(name, {})
    if own and is_used and (other := regions.partition_of(own)) != partition:
        raise Refused(f"{own} is in {other}, {but} {REPAIR}", "region.partition")
    if (other := regions.partition_of(region)) != partition:
        raise Refused(f"{region} is in {other}, {but} Check the remote URL: git remote -v", "git.remote")


def _by_aws_cli(name: str) -> object:
    """Get a profile's console credentials from the AWS CLI. Raises Refused."""
    import json
    import subprocess

    from botocore.credentials import Credentials

    program = executables.path_of("aws", os.environ)
    words = aws_login.export(name)
    try:
        done = program and subprocess.run(
            [program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GIT_CLI_S, check=False
        )
        if not done or "Invalid choice" in done.stderr:  # version 1 doesn't have this command
            lacking = aws_login.unreadable(name, () if done else None)
            raise Refused(f"{lacking.what} {lacking.next}", lacking.code)
        if done.returncode:
            why = " ".join(done.stderr.split())[-300:].rstrip(".")
            cause = sdk_errors.cause_of_aws_cli(done.stderr)
            what = _OF_CONSOLE.get(cause.name, f"The AWS CLI has no credentials for {{name}}: {why}")
            raise Refused(f"{what.format(name=name)}. {again(name)}", cause.code)
        keys = json.loads(done.stdout)
        parts = keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken") or ""
        return Credentials(*cached_keys.checked(parts))
    except (OSError, subprocess.TimeoutExpired, LookupError, fast_read.Unsure, *_ODDITIES):
        what = f"The AWS CLI didn't print credentials for {name}. Run: {aws_login.shown(words)}"
        raise Refused(what, "process.failed") from None


def _refused(error: Exception, name: str, session: Session, busy: list[str], named: bool) -> Refused:
    """Return the refusal for an error from botocore. `busy` are the codes of renewals that weren't answered.

    `named`: git named the profile, not a variable.
    """
    told = getattr(error, "kwargs", {})
    if type(error).__name__ == "ProfileNotFound":
        return Refused(_no_profile(str(told.get("profile", name)), session, named), "profile.missing")
    cause = sdk_errors.cause_of(error)
    if type(error).__name__ == "ConfigParseError":
        return Refused(_broken_file(str(told.get("path")), told.get("error")), cause.code)
    if cause.code == "keys.partial" and stored_keys.fault(*_sections(session, name)) == "keys.split":
        return Refused(f"{_OF_KEYS['keys.split'].format(name=name)} Run: ccsetup doctor {quoted(name)}", "keys.split")
    if cause.name in ("signed out", "SSOTokenLoadError") and (wrong := _wrong_start_url(name, session)):
        return Refused(f"{wrong}, so profile {name} can't sign in. Run: ccsetup doctor {quoted(name)}", "sso.url")
    if busy and cause.name == "signed out":
        return Refused(_busy(name, busy[0]), sdk_errors.BUSY.code)
    profiles = session.full_config["profiles"]
    program = profile_chain.program_of(profiles, name)
    if program and (found := program_keys.cause_of(error)):
        return Refused(_of_program(found, error, program), found.code)
    name = sdk_errors.at_fault(cause, profiles, name)
    return Refused(_words(cause, error, name, session, program), cause.code)


def _words(cause: Cause, error: Exception, name: str, session: Session, program: str) -> str:
    """Return the sentence for an error from botocore with this cause."""
    if (answer := sdk_errors.answer_of(error)) is not None:
        operation = str(getattr(error, "operation_name", ""))
        return _refusal(cause, *sdk_errors.parts_of(answer), operation=operation, name=name, session=session)
    if isinstance(error, FileNotFoundError):
        return _no_file(error, name)
    if cause.name == "PartialCredentialsError":
        lacking = str(getattr(error, "kwargs", {}).get("cred_var", ""))
        return f"Profile {name} is missing {lacking}. {_mended(lacking, name, session)}"
    if cause.name in _OF_CONSOLE:
        return f"{_OF_CONSOLE[cause.name].format(name=name)}. {again(name)}"
    if cause.name in _SIGNED_OUT:
        return f"{_sign_in_ended(name, session)}. {again(name)}"
    if cause.name == "damaged sign-in":
        return f"The saved sign-in for {name} is damaged. {again(name)}"
    if cause.name == "line break in keys":
        return _torn(name)
    if cause.name == "empty key":
        return f"{_OF_KEYS[cause.code].format(name=name)} {again(name)}"
    if cause.name == "stranger":
        return _stranger(name)
    if cause.code in sdk_errors.WITHOUT_SOURCE:
        return _no_source(name, session)
    if cause.code in UNANSWERED:
        return f"Couldn't reach AWS to renew the credentials for {name}: {error}"
    if program and cause.code == "process.failed":
        return f"The credential_process of {program} failed. Run: ccsetup doctor {quoted(program)}"
    command = LOOK if cause.name == "no credential source" else REPAIR
    return f"Couldn't use profile {name}: {str(error).rstrip('.')}. {command}"


def _mended(lacking: str, name: str, session: Session) -> str:
    """Return the command for a profile that lacks something: a key is entered again, the rest is repaired."""
    if lacking.isupper():
        variable = "AWS_ACCESS_KEY_ID"
        return f"Run: {detours.without([it for it in (variable, lacking) if it in os.environ], os.environ)}"
    glued = any(" aws_" in value for section in _sections(session, name) for value in section.values())
    return again(name) if lacking.startswith("aws_") and not glued else REPAIR


def _no_source(name: str, session: Session) -> str:
    """Return the sentence for a source profile that has no credentials, or doesn't exist."""
    others = session.full_config["profiles"]
    if name not in others and any(map(has_own_credentials, others.values())):
        return f'No profile "{name}" on this computer to assume the role with. {REPAIR}'
    return f"{name}, the source profile, has no credentials. {again(name)}"


_SIGNED_OUT = ("signed out", "SSOTokenLoadError", "SSOError", "LoginError")
_OF_CONSOLE = {
    "LoginRefreshRequired": "The sign-in for {name} has expired",
    "LoginTokenLoadError": "{name} isn't signed in",
}


def _no_file(error: FileNotFoundError, name: str) -> str:
    if os.name == "posix" and os.path.isfile(error.filename or ""):
        return f"Profile {name} uses {error.filename}, which isn't executable. Run: chmod u+x {quoted(error.filename)}"
    return f"Profile {name} uses {error.filename}, which doesn't exist. {REPAIR}"


def _torn(name: str) -> str:
    return f"The credentials for {name} are incomplete or split across two lines. {REPAIR}"


def _broken_file(path: str, error: object) -> str:
    """Return the sentence for a file that no SDK can read, with the line if configparser reports it."""
    lines = [getattr(error, "lineno", None), *(line for line, _ in getattr(error, "errors", ()))]
    where = next((f" (line {line})" for line in lines if line), "")
    return f"AWS tools can't read {path}{where}, so no profiles work. {REPAIR}"


def _busy(name: str, code: str) -> str:
    return f"AWS is too busy to renew the credentials for {name} ({code}). Try again in a minute."


def _stranger(name: str) -> str:
    return (
        f"Something other than AWS responded to the request to renew the credentials for {name}. "
        f"{detours.around_proxy(os.environ)}"
    )


def _of_program(wrong: Cause, error: Exception, name: str) -> str:
    """Return the sentence for what is wrong with a profile's credential_process.

    It leaves out the program's own output, which may contain secrets. `ccsetup doctor` shows it with secrets masked.
    """
    if isinstance(error, FileNotFoundError):
        return _no_file(error, name)
    if wrong == program_keys.BABBLE:
        return f"The credential_process of {name} didn't print credentials. Run: ccsetup doctor {quoted(name)}"
    if wrong == program_keys.OVER:
        return f"{program_keys.over(name)} {program_keys.RENEW}"
    return f"{program_keys.unreadable(name)} {program_keys.MEND}"


def _refusal(cause: Cause, code: str, message: str, status: int, *, operation: str, name: str, session: Session) -> str:
    """Return the sentence for AWS's answer to a request to renew credentials."""
    message = message.rstrip(".")
    role = asked_role.named(operation, message, session.full_config["profiles"], name)
    if cause == sdk_errors.BUSY:
        return _busy(name, code or str(status))
    if cause.name == "stranger":
        return _stranger(name)
    if cause.name == "clock":
        return f"According to AWS, this computer's clock is wrong: {message}. Set the clock, then try again."
    if cause.name == "ended":
        return f"The credentials for {name} have expired. {again(name)}"
    if cause.name == "signed out":
        return f"{_sign_in_ended(name, session)}. {again(name)}"
    if cause.name in ("unknown keys", "wrong secret", "InvalidIdentityToken"):
        of_role = role if cause.name == "InvalidIdentityToken" else ""
        what = f"the token for {of_role}" if of_role else f"the credentials for {name}"
        return f"AWS rejected {what} ({code}: {message}). {again(name)}"
    if cause.name == "no such role":
        told = role or "its role"
        return f"The sign-in for {name} doesn't have {told}. To see which roles it has, run: ccsetup doctor"
    if cause.name == "role denied":
        told = f"{role or 'its role'}: {message or code}"
        return f"AWS didn't allow profile {name} to assume {told}. To see what to do, run: ccsetup doctor"
    told = f"profile {name} ({code}){f' for {role}' if role else ''}"
    return f"AWS rejected {told}: {message}. Run: ccsetup doctor {quoted(name)}"


def _no_profile(name: str, session: Session, named: bool) -> str:
    if not name:
        from ccsetup.core import detours

        return f"AWS_PROFILE is set but empty. Run: {detours.without(['AWS_PROFILE'], os.environ)}"
    from ccsetup.core import missing_profile

    usual = missing_profile.usual_texts(os.environ, os.path.expanduser("~"))
    variable = missing_profile.naming(name, os.environ) if not named else ""
    found = missing_profile.told(name, session.available_profiles, os.environ, usual, variable)
    command = f"Run: {found.command}" if found.command else REPAIR if session.available_profiles else anew(name)
    command = LOOK if elsewhere() and not found.command else command
    return " ".join(filter(None, [found.what, found.hint, command]))


def _signed_in(name: str, session: Session) -> dict[str, str]:
    """Return the settings of the profile that signs in: this one, or its source profile."""
    profiles = session.full_config["profiles"]
    profile: dict[str, str] = profiles.get(name, {})
    is_own = {"sso_session", "sso_start_url"} & set(profile)
    return profile if is_own else profiles.get(profile.get("source_profile"), {})


def _wrong_start_url(name: str, session: Session) -> str:
    """Return what is wrong with the start URL of a profile's sign-in, "" if nothing is."""
    from ccsetup.core import validate

    there = _signed_in(name, session)
    there = session.full_config.get("sso_sessions", {}).get(there.get("sso_session"), there)
    if "sso_start_url" not in there or validate.works_as_start_url(there["sso_start_url"]):
        return ""
    return f"{there['sso_start_url']!a} isn't a valid start URL"


def _sign_in_ended(name: str, session: Session) -> str:
    """Return when a profile's cached sign-in expired, for example "The sign-in for dev expired at 18:04"."""
    import json

    path = os.path.expanduser(cached_keys.sign_in_path(_signed_in(name, session)))
    try:
        ends = str(json.loads(plain_file.content(path, plain_file.SMALL))["expiresAt"])
        moment = clock.utc(ends)
        expired = f"expired {clock.when(moment, clock.now())}" if moment and moment <= clock.now() else "has expired"
        return f"The sign-in for {name} {expired}"
    except (OSError, KeyError, TypeError, ValueError):
        return f"{name} isn't signed in"
