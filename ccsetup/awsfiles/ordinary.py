"""Finds profiles that don't need a closer check, because all their values have the usual form.

This is a quick first filter for thousands of profiles. It may accept too few profiles, but never too many: a profile
with a value that stops it isn't ordinary. The doctor finds out what is wrong with the others.
"""

from __future__ import annotations

from ccsetup.core import regions
from ccsetup.core.placeholder import is_key_placeholder, is_random_id, is_random_secret
from ccsetup.core.sso_session import SCOPE

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than a call
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-")
_KEY_ID = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_SECRET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+=")
# Only one of these may be set: each provides credentials in its own way.
_WAYS = ("role_arn", "sso_account_id", "aws_access_key_id", "credential_process", "login_session")
_OF_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token")
_OF_SIGN_IN = ("sso_session", "sso_account_id", "sso_role_name", "sso_start_url", "sso_region")
_SOURCES = ("source_profile", "credential_source", "web_identity_token_file")
_OF_CLIENTS = ("services", "s3", "api_versions")
_REGIONS = frozenset(name for name in regions.REGIONS if regions.partition_of(name) == "aws")
# The settings in a nested block for s3, and for other services.
NESTED = frozenset(
    [
        *("max_concurrent_requests", "max_queue_size", "multipart_threshold", "multipart_chunksize", "max_bandwidth"),
        *("addressing_style", "use_accelerate_endpoint", "payload_signing_enabled", "signature_version"),
        *("endpoint_url", "use_dualstack_endpoint", "preferred_transfer_client", "target_bandwidth"),
    ]
)


def is_ordinary(settings: Mapping[str, str]) -> bool:
    """Return whether a profile's merged settings need no second look. Its sso-session is another matter."""
    keys = tuple(settings)
    checks = _CHECKS.get(keys)
    if checks is None:
        checks = _CHECKS[keys] = _checks(settings)
    for check in checks:  # noqa: SIM110 — a generator takes twice as long
        if not check(settings):
            return False
    return True


# By the keys of a profile, which thousands of profiles share: what their values have to pass.
_CHECKS: dict[tuple[str, ...], tuple[Callable[[Mapping[str, str]], bool], ...]] = {}


def _checks(settings: Mapping[str, str]) -> tuple[Callable[[Mapping[str, str]], bool], ...]:
    """Return what the values of a profile with these keys have to pass."""
    if sum(way in settings for way in _WAYS) > 1:
        return (_never,)
    found: list[Callable[[Mapping[str, str]], bool]] = []
    sources = sum(source in settings for source in _SOURCES)
    if sources != ("role_arn" in settings) or "credential_source" in settings:
        return (_never,)  # the doctor checks the environment and this computer
    if "role_arn" in settings:
        found.append(_has_role_arn)
        found += [check for key, check in _OF_ROLES.items() if key in settings]
    if any(key in settings for key in _OF_KEYS):
        found.append(_are_keys)
    if any(key in settings for key in _OF_SIGN_IN):
        found.append(_is_of_sign_in)
    if "region" in settings:
        found.append(_is_in_a_region)
    if any(key in settings for key in _OF_CLIENTS):
        found.append(_has_blocks)
    return tuple(found)


def _has_blocks(settings: Mapping[str, str]) -> bool:
    if "services" in settings or not all(settings[key][:1] == "\n" for key in _OF_CLIENTS if key in settings):
        return False
    inside = settings.get("s3", "").split("\n")
    return NESTED.issuperset(line.partition("=")[0].strip() for line in inside if line)


def _never(settings: Mapping[str, str]) -> bool:
    return False


def _is_in_a_region(settings: Mapping[str, str]) -> bool:
    """Return whether a region is a known one of the partition aws: the doctor compares others with the role's."""
    return settings["region"] in _REGIONS


def is_sign_in(where: Mapping[str, str]) -> bool:
    """Return whether the settings of an sso-session, or of a legacy profile, say where to sign in."""
    url, region = where.get("sso_start_url", ""), where.get("sso_region", "")
    host, _, path = url.removeprefix("https://").partition("/")
    if not url.startswith("https://") or not regions.locate(host, "portal") or path.rstrip("/") != "start":
        return False
    return _is_in_a_region({"region": region}) and where.get("sso_registration_scopes", SCOPE) == SCOPE


def _is_of_sign_in(settings: Mapping[str, str]) -> bool:
    account, role = settings.get("sso_account_id", ""), settings.get("sso_role_name", "")
    if len(account) != 12 or not (account.isascii() and account.isdecimal()) or not role or not _NAME.issuperset(role):
        return False
    if "sso_session" in settings:
        return "sso_start_url" not in settings and "sso_region" not in settings
    return is_sign_in(settings)


def _has_role_arn(settings: Mapping[str, str]) -> bool:
    arn = settings["role_arn"]
    if arn[:13] == "arn:aws:iam::" and arn[25:31] == ":role/" and arn[13:25].isdecimal() and arn.isascii():
        name = arn[31:]
        return name.isalnum() or _is_path(name)
    parts = arn.split(":")
    if len(parts) != 6 or parts[:4] != ["arn", "aws", "iam", ""]:
        return False  # for roles in other partitions, see _is_in_a_region
    account, (kind, _, path) = parts[4], parts[5].partition("/")
    return len(account) == 12 and account.isascii() and account.isdecimal() and kind == "role" and _is_path(path)


def _is_path(text: str) -> bool:
    return all(text.split("/")) and _NAME.issuperset(text.replace("/", ""))


def _has_session_name(settings: Mapping[str, str]) -> bool:
    return 2 <= len(settings["role_session_name"]) <= 64 and _NAME.issuperset(settings["role_session_name"])


def _has_duration(settings: Mapping[str, str]) -> bool:
    duration = settings["duration_seconds"]
    return len(duration) <= 4 and duration.isascii() and duration.isdecimal() and 900 <= int(duration) <= 3600


def _has_mfa_serial(settings: Mapping[str, str]) -> bool:
    serial = settings["mfa_serial"]
    if serial[:13] == "arn:aws:iam::" and serial[25:30] == ":mfa/":
        return serial[13:25].isdecimal() and serial.isascii() and _is_path(serial[30:])
    return 9 <= len(serial) <= 256 and serial.isascii() and serial.isalnum()


def _has_external_id(settings: Mapping[str, str]) -> bool:
    return 2 <= len(settings["external_id"]) <= 1224 and _NAME.issuperset(settings["external_id"])


_OF_ROLES = {
    "role_session_name": _has_session_name,
    "duration_seconds": _has_duration,
    "mfa_serial": _has_mfa_serial,
    "external_id": _has_external_id,
}


def _are_keys(settings: Mapping[str, str]) -> bool:
    key, secret = settings.get("aws_access_key_id", ""), settings.get("aws_secret_access_key", "")
    token, older = settings.get("aws_session_token"), settings.get("aws_security_token")
    if not 16 <= len(key) <= 128 or not _KEY_ID.issuperset(key) or len(secret) != 40 or not _SECRET.issuperset(secret):
        return False
    if (token is not None and older is not None and token != older) or "" in (token, older):
        return False
    if not is_random_id(key) or not is_random_secret(secret) or (token and is_key_placeholder(token)):
        return False
    return key[:4] == ("ASIA" if token or older else "AKIA")
