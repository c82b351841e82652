"""Finds profiles that don't need a closer check, because all their values have the usual form.

This is a quick first filter for thousands of profiles. It may accept too few profiles, but never too many: a profile
with a value that stops it isn't ordinary. The doctor finds out what is wrong with the others, and doesn't look at the
access keys, role ARNs, account IDs, permission sets, MFA devices and external IDs of ordinary profiles.
"""

from __future__ import annotations

from ccsetup.core import regions
from ccsetup.core.placeholder import (
    BASE64,
    CAPITALS,
    SECRET_LENGTH,
    is_key_placeholder,
    is_random_id,
    is_random_secret,
)
from ccsetup.core.sso_session import SCOPE

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than a call
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    _OfValue = tuple[str, Callable[[str], bool]]
    _Profiles = Sequence[Mapping[str, str]]
    _OfProfiles = Callable[[_Profiles], bool]

_CAPITALS, _BASE64 = ("".join(those).encode() for those in (CAPITALS, BASE64))
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-")
# Only one of these may be set: each provides credentials in its own way.
_WAYS = ("role_arn", "sso_account_id", "aws_access_key_id", "credential_process", "login_session")
_OF_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token")
_PAIR = frozenset(_OF_KEYS[:2])
_OF_SIGN_IN = ("sso_session", "sso_account_id", "sso_role_name", "sso_start_url", "sso_region")
_SOURCES = ("source_profile", "credential_source", "web_identity_token_file")
# The known ones of the partition aws. The doctor compares others with the role's.
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
    return not unusual((settings,))


def unusual(alike: _Profiles) -> set[int]:
    """Return the positions of those profiles that need a second look. All of them must have the same keys."""
    found: set[int] = set()
    of_values, of_profiles = _checks(alike[0])
    for key, check in of_values:
        values = {settings[key] for settings in alike}  # thousands of profiles share most of them
        if bad := {value for value in values if not check(value)}:
            found.update(n for n, settings in enumerate(alike) if settings[key] in bad)
    for check_all in of_profiles:
        if not check_all(alike):
            found.update(n for n, settings in enumerate(alike) if not check_all((settings,)))
    return found


def _checks(settings: Mapping[str, str]) -> tuple[tuple[_OfValue, ...], tuple[_OfProfiles, ...]]:
    """Return what profiles with these keys have to pass: first each value alone, then all together."""
    refused = (), (_never,)
    if sum(way in settings for way in _WAYS) > 1:
        return refused
    sources = sum(source in settings for source in _SOURCES)
    if sources != ("role_arn" in settings) or "credential_source" in settings:
        return refused  # the doctor checks the environment and this computer
    found: list[_OfValue] = [("region", _REGIONS.__contains__)] if "region" in settings else []
    if "role_arn" in settings:
        found += [(key, check) for key, check in _OF_ROLES if key in settings]
    together: list[_OfProfiles] = []
    if any(key in settings for key in _OF_KEYS):
        if not _PAIR.issubset(settings):
            return refused
        together.append(_have_keys)
    if any(key in settings for key in _OF_SIGN_IN):
        if "sso_account_id" not in settings or "sso_role_name" not in settings:
            return refused
        found += [("sso_account_id", _is_account), ("sso_role_name", _is_role_name)]
        if "sso_session" not in settings:
            together.append(_name_sign_ins)
        elif "sso_start_url" in settings or "sso_region" in settings:
            return refused
    if "services" in settings:
        return refused
    found += [(key, check) for key, check in _OF_CLIENTS if key in settings]
    return tuple(found), tuple(together)


def _never(there: object) -> bool:
    return False


def _is_block(value: str) -> bool:
    return value[:1] == "\n"


def _is_block_of_s3(value: str) -> bool:
    inside = (line.partition("=")[0].strip() for line in value.split("\n") if line)
    return _is_block(value) and NESTED.issuperset(inside)


def _name_sign_ins(alike: _Profiles) -> bool:
    return all(map(is_sign_in, alike))


def is_sign_in(where: Mapping[str, str]) -> bool:
    """Return whether the settings of an sso-session, or of a legacy profile, say where to sign in."""
    url, region = where.get("sso_start_url", ""), where.get("sso_region", "")
    host, _, path = url.removeprefix("https://").partition("/")
    if not url.startswith("https://") or not regions.locate(host, "portal") or path.rstrip("/") != "start":
        return False
    return region in _REGIONS and where.get("sso_registration_scopes", SCOPE) == SCOPE


def _is_account(account: str) -> bool:
    return len(account) == 12 and account.isascii() and account.isdecimal()


def _is_role_name(role: str) -> bool:
    return 0 < len(role) <= 64 and _NAME.issuperset(role) and not role.startswith("AWSReservedSSO_")


def _is_role_arn(arn: str) -> bool:
    if arn[:13] == "arn:aws:iam::" and arn[25:31] == ":role/" and arn[13:25].isdecimal() and arn.isascii():
        name = arn[31:]
        return name.isalnum() or _is_path(name)
    parts = arn.split(":")
    if len(parts) != 6 or parts[:4] != ["arn", "aws", "iam", ""]:
        return False  # for roles in other partitions, see _REGIONS
    account, (kind, _, path) = parts[4], parts[5].partition("/")
    return _is_account(account) and kind == "role" and _is_path(path)


def _is_path(text: str) -> bool:
    return all(text.split("/")) and _NAME.issuperset(text.replace("/", ""))


def _is_session_name(name: str) -> bool:
    return 2 <= len(name) <= 64 and _NAME.issuperset(name)


def _is_duration(duration: str) -> bool:
    return len(duration) <= 4 and duration.isascii() and duration.isdecimal() and 900 <= int(duration) <= 3600


def _is_mfa_serial(serial: str) -> bool:
    if serial[:13] == "arn:aws:iam::" and serial[25:30] == ":mfa/":
        return serial[13:25].isdecimal() and serial.isascii() and _is_path(serial[30:])
    return 9 <= len(serial) <= 256 and serial.isascii() and serial.isalnum()


def _is_external_id(external_id: str) -> bool:
    return 2 <= len(external_id) <= 1224 and _NAME.issuperset(external_id)


_OF_ROLES: tuple[_OfValue, ...] = (
    ("role_arn", _is_role_arn),
    ("role_session_name", _is_session_name),
    ("duration_seconds", _is_duration),
    ("mfa_serial", _is_mfa_serial),
    ("external_id", _is_external_id),
)
_OF_CLIENTS: tuple[_OfValue, ...] = (("s3", _is_block_of_s3), ("api_versions", _is_block), ("ca_bundle", bool))


def _have_keys(alike: _Profiles) -> bool:
    """Return whether all profiles have keys that look real. Most of that is faster to see in all keys together."""
    ids, secrets, *tokens = ([settings[key] for settings in alike] for key in _OF_KEYS if key in alike[0])
    all_ids, all_secrets, lengths = "".join(ids), "".join(secrets), {*map(len, ids)}
    if not 16 <= min(lengths) <= max(lengths) <= 128:
        return False
    if not _consists_of(_CAPITALS, all_ids):
        return False
    if {*map(len, secrets)} != {SECRET_LENGTH} or not _consists_of(_BASE64, all_secrets):
        return False
    if not is_random_secret(all_secrets) or not all(map(is_random_id, ids)):
        return False
    starts, others = {key[:4] for key in ids}, {secret[:4] for secret in secrets}
    return starts == {"ASIA" if tokens else "AKIA"} and others.isdisjoint(("AKIA", "ASIA")) and _are_tokens(*tokens)


def _are_tokens(*tokens: Sequence[str]) -> bool:
    """Return whether session tokens, by key, look real. Those under both keys must be the same."""
    for those in tokens:
        if those != tokens[0] or not all(those) or any(map(is_key_placeholder, those)):
            return False
    together = "".join(it for those in tokens[:1] for it in those)
    return _consists_of(_BASE64, together)


def _consists_of(chars: bytes, text: str) -> bool:
    return text.isascii() and not text.encode().translate(None, chars)
