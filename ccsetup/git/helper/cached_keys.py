# Without pathlib, which takes longer to import than everything here to run.
# ruff: noqa: PTH111, PTH116
"""The keys that are at hand: static ones, and those that SDKs keep in their caches. Standard library only."""

import os
import time

from ccsetup.awsfiles.fast_read import Settings, Unsure, cache_key, json_safe, read, section
from ccsetup.core import clock, lean_hash, plain_file

WINDOW_S = 15 * 60  # SDKs renew a session that ends sooner than this
_LAST_S = 60  # a session that only a person can renew serves until it is almost over
BOTO_CACHE = "~/.aws/boto/cache"  # of roles that AWS's git-remote-codecommit assumed
CLI_CACHE = "~/.aws/cli/cache"  # of the AWS CLI: roles assumed, also with a token, and roles of a sign-in
_SIGN_IN = {"sso_session": "sessionName", "sso_start_url": "startUrl"}
Keys = tuple[str, str, str]  # access key id, secret access key, session token or ""


def at_hand(config: Settings, credentials: Settings, now: float) -> Keys | None:
    """Return the keys botocore would use for a profile with these settings, if no one need be asked for them.

    Raises Unsure, or returns None: the profile gets its keys in another way, or the cached ones have run out.
    """
    merged = {**config, **credentials}
    if "web_identity_token_file" in merged:
        return _by_token(merged, now)
    if "role_arn" in merged:
        return _assumed(merged, now)
    if any(key.startswith("sso_") for key in merged):
        return _signed_in(merged, now)
    if "aws_access_key_id" in credentials:
        return _static(credentials)
    if "aws_access_key_id" in config and not {"login_session", "credential_process"} & set(merged):
        return _static(config)
    return None


def ended(config: Settings, credentials: Settings, now: float) -> str:
    """Return the recorded end of stored keys when it has passed, such as 2026-01-31T18:04:00Z; "" otherwise."""
    moment = clock.recorded({**config, **credentials})
    return "" if not moment or lasts(moment, now) else moment


def lasts(moment: str, until: float) -> bool:
    """Say whether a moment written as SDKs do (UTC) is after `until`. Raises Unsure when it is written otherwise."""
    digits = moment[:19].translate({45: None, 58: None, 84: None})
    if moment[19:] not in ("Z", "UTC", "+00:00") or len(digits) != 14 or not digits.isdecimal():
        raise Unsure
    return digits > time.strftime("%Y%m%d%H%M%S", time.gmtime(until))


def _static(held: Settings) -> Keys:
    token = held.get("aws_security_token", held.get("aws_session_token", ""))
    return checked((held["aws_access_key_id"], held.get("aws_secret_access_key", ""), token))


def checked(keys: Keys) -> Keys:
    """Return the keys when they are whole. Raises Unsure."""
    if not keys[0] or not keys[1] or any("\n" in part for part in keys):
        raise Unsure
    return keys


def _assumed(profile: Settings, now: float) -> Keys | None:
    """Return the session of a role from the caches of botocore's tools for git and of the AWS CLI."""
    if ("source_profile" in profile) == ("credential_source" in profile):
        raise Unsure
    until = now + (_LAST_S if "mfa_serial" in profile else WINDOW_S)
    key = cache_key(profile)
    return _kept(BOTO_CACHE, key, until) or _kept(CLI_CACHE, key, until)


def _by_token(profile: Settings, now: float) -> Keys | None:
    """Return the session of a role that a token file stands for, which the AWS CLI keeps by fewer settings."""
    asked: Settings = {key: profile[key] for key in ("role_arn", "role_session_name") if key in profile}
    if "role_arn" not in asked or not profile["web_identity_token_file"]:
        return None
    return _kept(CLI_CACHE, cache_key(asked), now + WINDOW_S)


def _signed_in(profile: Settings, now: float) -> Keys | None:
    """Return the keys of a role of IAM Identity Center from the AWS CLI's cache."""
    if "sso_session" in profile:
        session = section(read("AWS_CONFIG_FILE", "config"), profile["sso_session"], "sso-session ")
        if not session or any(profile.get(key, value) != value for key, value in session.items()):
            raise Unsure
        profile = {**session, **profile}
    if not {"sso_account_id", "sso_role_name", "sso_start_url", "sso_region"} <= set(profile):
        raise Unsure
    place = "sso_session" if "sso_session" in profile else "sso_start_url"
    asked = {"accountId": "sso_account_id", "roleName": "sso_role_name", _SIGN_IN[place]: place}
    parts = ",".join(f'"{name}":"{json_safe(profile[key])}"' for name, key in asked.items())
    return _kept(CLI_CACHE, lean_hash.sha1(f"{{{parts}}}"), now + WINDOW_S, signed_in_at(profile))


def signed_in_at(profile: Settings) -> float:
    """Return when the sign-in behind a profile was written down (seconds since 1970), infinity when there is none.

    A role's keys that are older belong to a sign-in that is over, though the AWS CLI would use them until they end.
    """
    try:
        return os.stat(os.path.expanduser(sign_in_path(profile))).st_mtime
    except OSError:
        return float("inf")


def sign_in_path(profile: Settings) -> str:
    """Return where SDKs keep the token of a profile's sign-in."""
    return f"~/.aws/sso/cache/{lean_hash.sha1(profile.get('sso_session') or profile.get('sso_start_url', ''))}.json"


def _kept(folder: str, key: str, until: float, since: float = 0.0) -> Keys | None:
    """Return the keys that an SDK has kept, when they last after `until` and were written after `since`."""
    path = os.path.expanduser(f"{folder}/{key}.json")
    try:
        if os.stat(path).st_mtime < since:
            return None
        text = plain_file.content(path, plain_file.SMALL).decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Unsure from error
    if not lasts(_field(text, "Expiration"), until):
        return None
    return checked((_field(text, "AccessKeyId"), _field(text, "SecretAccessKey"), _field(text, "SessionToken")))


def _field(text: str, name: str) -> str:
    """Return a string of a JSON text by its key, which must occur once."""
    _, found, rest = text.partition(f'"{name}"')
    value = rest.lstrip().removeprefix(":").lstrip()
    if not found or value[:1] != '"' or f'"{name}"' in rest:
        raise Unsure
    return json_safe(value[1:].partition('"')[0])
