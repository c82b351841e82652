# Doesn't use pathlib: importing it takes longer than running everything here.
# ruff: noqa: PTH111, PTH116
"""Credentials that are stored or in the caches of the SDKs. Uses only the standard library."""

import os
import time

from ccsetup.awsfiles.fast_read import (
    Settings,
    Unsure,
    cache_key,
    json_safe,
    permission_set_cache_key,
    read,
    section,
    settings,
    token_role_cache_key,
)
from ccsetup.core import clock, lean_hash, plain_file, session_caches, stored_keys
from ccsetup.git.helper.messages import Refused, again, told

WINDOW_S = 15 * 60  # SDKs renew a session that expires sooner than this
_RENEWED_S = 5 * 60  # SDKs renew console credentials, which last 15 minutes, if they expire sooner than this
_LAST_S = 60  # a session that needs an MFA code is used almost until it expires
BOTO_CACHE, CLI_CACHE = (f"~/.aws/{folder}" for folder in session_caches.FOLDERS)
Keys = tuple[str, str, str]  # access key ID, secret access key, session token or ""


def at_hand(config: Settings, credentials: Settings, now: float) -> Keys | None:
    """Return the credentials that botocore would use for a profile with these settings, if they are stored or cached.

    Raises Unsure or returns None if the profile gets its credentials in another way, or the cached ones have expired.
    """
    merged = {**config, **credentials}
    if "web_identity_token_file" in merged:
        return _by_token(merged, now)
    if "role_arn" in merged:
        return _assumed(merged, now)
    if any(key.startswith("sso_") for key in merged):
        return _signed_in(merged, now)
    if "aws_access_key_id" in credentials:
        return _static(credentials, config)
    if "login_session" in merged:
        return _by_console(merged["login_session"], now)
    if "aws_access_key_id" in config and "credential_process" not in merged:
        return _static(config, credentials)
    return None


def tell_if_ended(name: str, settings: Settings, now: float) -> None:
    """Print a message if the recorded expiry of stored credentials has passed. The record may be wrong, so go on."""
    moment = clock.recorded(settings)
    if moment and not lasts(moment, now):
        what = f"The credentials for {name} expired {clock.when(moment, clock.now())}. {again(name)}"
        told(Refused(what, "keys.expired"))


def lasts(moment: str, until: float) -> bool:
    """Return whether a time in the format of the SDKs (UTC) is after `until`. Raises Unsure for other formats."""
    digits = moment[:19].translate({45: None, 58: None, 84: None})
    if moment[19:] not in ("Z", "UTC", "+00:00") or len(digits) != 14 or not digits.isdecimal():
        raise Unsure
    return digits > time.strftime("%Y%m%d%H%M%S", time.gmtime(until))


def _static(held: Settings, other: Settings) -> Keys:
    if stored_keys.fault(held, other):
        raise Unsure
    token = held.get("aws_security_token", held.get("aws_session_token", ""))
    return checked((held["aws_access_key_id"], held.get("aws_secret_access_key", ""), token))


def checked(keys: Keys) -> Keys:
    """Return the credentials if they are complete. Raises Unsure."""
    if not keys[0] or not keys[1] or any("\n" in part for part in keys):
        raise Unsure
    return keys


def _assumed(profile: Settings, now: float) -> Keys | None:
    """Return the session of a role from the caches of git-remote-codecommit and the AWS CLI."""
    if ("source_profile" in profile) == ("credential_source" in profile):
        raise Unsure
    _check_sources(profile)
    until = now + (_LAST_S if "mfa_serial" in profile else WINDOW_S)
    key = cache_key(profile)
    return _kept(BOTO_CACHE, key, until) or _kept(CLI_CACHE, key, until)


def _check_sources(profile: Settings) -> None:
    """Raise Unsure if a role's source has no credentials or isn't one: SDKs reject the role even with a cache."""
    from ccsetup.core.profile_kind import CREDENTIAL_SOURCES, source_of

    if profile.get("credential_source", CREDENTIAL_SOURCES[0]) not in CREDENTIAL_SOURCES:
        raise Unsure
    seen, source = set[str](), "role"
    while source == "role" and "source_profile" in profile:
        name = profile["source_profile"]
        config, credentials = settings(name)
        profile = {**config, **credentials}
        source = source_of(profile, as_source=True)
        if name in seen or source in ("", "machine"):
            raise Unsure
        seen.add(name)


def _by_token(profile: Settings, now: float) -> Keys | None:
    """Return the session of a role assumed with a token file, from the AWS CLI's cache."""
    if "role_arn" not in profile or not profile["web_identity_token_file"]:
        return None
    return _kept(CLI_CACHE, token_role_cache_key(profile), now + WINDOW_S)


def _signed_in(profile: Settings, now: float) -> Keys | None:
    """Return the credentials of an IAM Identity Center role from the AWS CLI's cache."""
    if "sso_session" in profile:
        session = section(read("AWS_CONFIG_FILE", "config"), profile["sso_session"], "sso-session ")
        if not session or any(profile.get(key, value) != value for key, value in session.items()):
            raise Unsure
        profile = {**session, **profile}
    if not {"sso_account_id", "sso_role_name", "sso_start_url", "sso_region"} <= set(profile):
        raise Unsure
    return _kept(CLI_CACHE, permission_set_cache_key(profile), now + WINDOW_S, signed_in_at(profile))


def _by_console(session: str, now: float) -> Keys | None:
    """Return console credentials from the cache of `aws login`, unless SDKs would renew them by now."""
    name = session_caches.console_file(session).removesuffix(".json")
    folder = os.path.expandvars(session_caches.console_folder(os.environ))
    names = "expiresAt", "accessKeyId", "secretAccessKey", "sessionToken"
    return _kept(os.path.join("~/.aws", os.path.expanduser(folder)), name, now + _RENEWED_S, names=names)  # noqa: PTH118


def signed_in_at(profile: Settings) -> float:
    """Return when a profile's sign-in was cached (seconds since 1970), infinity if it isn't cached.

    Role credentials older than this belong to an earlier sign-in. The AWS CLI would use them until they expire.
    """
    try:
        return os.stat(os.path.expanduser(sign_in_path(profile))).st_mtime
    except OSError:
        return float("inf")


def sign_in_path(profile: Settings) -> str:
    """Return the path where SDKs cache the token of a profile's sign-in."""
    return f"~/.aws/sso/cache/{lean_hash.sha1(profile.get('sso_session') or profile.get('sso_start_url', ''))}.json"


_OF_CLI = "Expiration", "AccessKeyId", "SecretAccessKey", "SessionToken"


def _kept(folder: str, key: str, until: float, since: float = 0.0, names: "tuple[str, ...]" = _OF_CLI) -> Keys | None:
    """Return the credentials that an SDK cached, if they expire after `until` and were written after `since`."""
    path = os.path.expanduser(f"{folder}/{key}.json")
    try:
        if os.stat(path).st_mtime < since:
            return None
        text = plain_file.content(path, plain_file.SMALL).decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Unsure from error
    ends, *parts = (_field(text, name) for name in names)
    return checked((parts[0], parts[1], parts[2])) if lasts(ends, until) else None


def _field(text: str, name: str) -> str:
    """Return the string with this key from a JSON text. The key must occur once."""
    _, found, rest = text.partition(f'"{name}"')
    value = rest.lstrip().removeprefix(":").lstrip()
    if not found or value[:1] != '"' or f'"{name}"' in rest:
        raise Unsure
    return json_safe(value[1:].partition('"')[0])
