"""Finds profiles that don't need a closer check, because all their values have the usual form.

This is a quick first filter for thousands of profiles. It may accept too few profiles, but never too many: a profile
with a value that stops it isn't ordinary. The doctor finds out what is wrong with the others.
"""

from __future__ import annotations

from ccsetup.core import regions

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than a call
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-")
_KEY_ID = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_SECRET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+=")
_TOKENS = ("aws_session_token", "aws_security_token")
# Only one of these may be set: each provides credentials in its own way.
_WAYS = ("role_arn", "sso_account_id", "aws_access_key_id", "credential_process", "login_session")
_OF_KEYS = ("aws_access_key_id", "aws_secret_access_key", *_TOKENS)
_OF_SIGN_IN = ("sso_session", "sso_account_id", "sso_role_name", "sso_start_url", "sso_region")
_SCOPE = "sso:account:access"


def is_ordinary(settings: Mapping[str, str]) -> bool:
    """Return whether a profile's merged settings need no closer check. Its sign-in isn't checked."""
    if sum(way in settings for way in _WAYS) > 1:
        return False
    if "role_arn" in settings or "web_identity_token_file" in settings:
        if not _is_role(settings):
            return False
    elif "source_profile" in settings or "credential_source" in settings:
        return False
    if any(key in settings for key in _OF_KEYS) and not _are_keys(settings):
        return False
    if any(key in settings for key in _OF_SIGN_IN) and not _is_of_sign_in(settings):
        return False
    region = settings.get("region")
    return region is None or region in regions.REGIONS


def is_sign_in(where: Mapping[str, str]) -> bool:
    """Return whether the settings of an sso-session, or of a legacy profile, say where to sign in."""
    url, region = where.get("sso_start_url", ""), where.get("sso_region", "")
    host, _, path = url.removeprefix("https://").partition("/")
    if not url.startswith("https://") or not regions.locate(host, "portal") or path.rstrip("/") != "start":
        return False
    return region in regions.REGIONS and where.get("sso_registration_scopes", _SCOPE) == _SCOPE


def _is_of_sign_in(settings: Mapping[str, str]) -> bool:
    account, role = settings.get("sso_account_id", ""), settings.get("sso_role_name", "")
    if len(account) != 12 or not (account.isascii() and account.isdecimal()) or not role or not _NAME.issuperset(role):
        return False
    if "sso_session" in settings:
        return "sso_start_url" not in settings and "sso_region" not in settings
    return is_sign_in(settings)


def _is_role(settings: Mapping[str, str]) -> bool:
    parts = settings.get("role_arn", "").split(":")
    if len(parts) != 6 or parts[0] != "arn" or parts[1] not in regions.PARTITIONS or parts[2:4] != ["iam", ""]:
        return False
    account, path = parts[4:]
    if len(account) != 12 or not (account.isascii() and account.isdecimal()):
        return False
    names = path.split("/")
    if len(names) < 2 or names[0] != "role" or not all(names) or not _NAME.issuperset(path.replace("/", "")):
        return False
    session, duration = settings.get("role_session_name"), settings.get("duration_seconds")
    if session is not None and not (2 <= len(session) <= 64 and _NAME.issuperset(session)):
        return False
    if duration is not None and not (len(duration) <= 4 and duration.isascii() and duration.isdecimal()):
        return False
    if duration is not None and not 900 <= int(duration) <= 3600:
        return False
    source, machine = settings.get("source_profile"), settings.get("credential_source")
    if (source is not None) + (machine is not None) + ("web_identity_token_file" in settings) != 1:
        return False
    return machine is None  # the doctor checks the environment and this computer


def _are_keys(settings: Mapping[str, str]) -> bool:
    key, secret = settings.get("aws_access_key_id", ""), settings.get("aws_secret_access_key", "")
    token, older = (settings.get(name) for name in _TOKENS)
    if not 16 <= len(key) <= 128 or not _KEY_ID.issuperset(key) or len(secret) != 40 or not _SECRET.issuperset(secret):
        return False
    if (token is not None and older is not None and token != older) or "" in (token, older):
        return False
    return key[:4] == ("ASIA" if token or older else "AKIA")
