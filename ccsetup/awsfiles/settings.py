"""The settings that AWS tools know and their formats: which values can contain spaces, quotes or #, and which can't."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from ccsetup.awsfiles.ordinary import NESTED as NESTED
from ccsetup.core import validate
from ccsetup.core.arn import PARTITION
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import Corrected
from ccsetup.core.regions import PLACELESS, REGION


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DECIDING = _words(
    "aws_access_key_id aws_secret_access_key aws_session_token region role_arn source_profile credential_source"
    " external_id mfa_serial role_session_name duration_seconds web_identity_token_file sso_session sso_account_id"
    " sso_role_name sso_start_url sso_region login_session"
)  # a profile doesn't work if one of these is wrong
TUNING = _words(
    "aws_security_token output sso_registration_scopes ca_bundle cli_timestamp_format cli_follow_urlparam"
    " cli_auto_prompt cli_binary_format cli_history cli_help_output cli_error_format parameter_validation"
    " retry_mode max_attempts tcp_keepalive defaults_mode endpoint_url ignore_configured_endpoint_urls"
    " use_fips_endpoint use_dualstack_endpoint sts_regional_endpoints ec2_metadata_service_endpoint"
    " ec2_metadata_service_endpoint_mode ec2_metadata_v1_disabled metadata_service_timeout"
    " metadata_service_num_attempts s3_us_east_1_regional_endpoint s3_disable_multiregion_access_points"
    " s3_use_arn_region s3_disable_express_session_auth account_id account_id_endpoint_mode"
    " request_checksum_calculation response_checksum_validation disable_request_compression"
    " request_min_compression_size_bytes sigv4a_signing_region_set auth_scheme_preference endpoint_discovery_enabled"
    " services inject_host_prefix use_arn_region ccsetup_kind ccsetup_expires_at"
)
FREE = _words("credential_process cli_pager sdk_ua_app_id")  # these may contain spaces, quotes and #
STRICT = DECIDING | TUNING
KNOWN = STRICT | FREE
SESSION = _words("sso_start_url sso_region sso_registration_scopes")
TOKENS = _words("aws_session_token aws_security_token aws_secret_access_key")
BLOCKS = _words("s3 api_versions")  # settings of a profile that botocore reads as blocks for every client
BARE = _words(
    "aws_access_key_id aws_secret_access_key aws_session_token source_profile credential_source sso_session"
    " sso_account_id duration_seconds output"
)  # these don't end in a comma
BRACKETLESS = STRICT - _words(
    "ca_bundle web_identity_token_file endpoint_url ec2_metadata_service_endpoint source_profile sso_session services"
)  # their values contain no brackets
OUTPUTS = frozenset(validate.OUTPUTS)
PAIR = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token")
WHO = _words(
    "aws_access_key_id role_arn source_profile credential_source sso_session sso_account_id sso_role_name sso_start_url"
    " login_session credential_process"
)  # a profile's identity depends on these
NOT_PROFILES = _words("plugins preview okta saml adfs common toolkit")  # unless they hold credentials, or are used

TOKEN = later(r"[A-Za-z0-9+/_%.-]{3,}={0,2}")
KEY = later(r"[a-z][a-z0-9_]*")
SHELL = later(
    r"(?i)(?:(?:export|set|setx|declare -x)\s+|\$env:)?\s*(AWS_[A-Z_]+)\s*[= ]\s*(?:[\"']([^\"']*)[\"']|([^\"'\s;]*));?"
)
SEVERAL = later(r"=[ \t]*[^\s=]+=*[ \t]+(?:export[ \t]+)?[A-Za-z_]+[ \t]*=")  # limits the time for very long lines
_PARTED = later(r"(?<!export)(?<!set)[;,]?\s+(?=(?:export\s+|set\s+)?[A-Za-z_]+\s*=)")
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_SESSION_TOKEN": "aws_session_token",
    "AWS_SECURITY_TOKEN": "aws_session_token",
    "AWS_REGION": "region",
    "AWS_DEFAULT_REGION": "region",
    "AWS_DEFAULT_OUTPUT": "output",
    "AWS_ROLE_ARN": "role_arn",
}
_BEGINNINGS = {
    "aws_access_key_id": re.compile(r"A[KS]IA[A-Z0-9]{12,124}"),
    "aws_secret_access_key": re.compile(r"[A-Za-z0-9/+]{40}"),
    "aws_session_token": re.compile(r"[A-Za-z0-9/+_-]{16,}={0,2}"),
    "role_arn": later(rf"arn:{PARTITION}:\S+"),
    "mfa_serial": later(rf"arn:{PARTITION}:\S+"),
    "sso_start_url": re.compile(r"https://\S+"),
    "region": re.compile(REGION),
}  # the form of a value that starts on the next line
_CHECKED = {key: validate.SETTINGS[key] for key in ("role_arn", "mfa_serial")}


def _region(text: str) -> str | Corrected:
    value = validate.tidy(text)
    return value if _BEGINNINGS["region"].fullmatch(value) or value in PLACELESS else validate.region(text)


_READ: Mapping[str, Callable[[str], str | Corrected]] = {**validate.SETTINGS, "region": _region}
_LONGEST = 20_000  # characters of a value; longer values aren't tokens either
_COMMENT = later(r"(?<![ \t])[ \t]+[#;]")
_BARE = later(r"[\w/+=.:@,-]*", re.ASCII)


def meant(value: str) -> str:
    """Return a value without what is checked separately: a comment after it, quotes, a word processor's characters."""
    return value if _BARE.fullmatch(value) else validate.tidy(_COMMENT.split(value, 1)[0])


def comment(value: str) -> str:
    """Return the comment after a value, including the spaces before it, "" if there is none."""
    found = _COMMENT.search(value)
    return value[found.start() :] if found and "\n" not in value else ""


@lru_cache(maxsize=4096)
def right(key: str, value: str) -> str:
    """Return a setting's value as AWS writes it, "" if it isn't valid."""
    if len(value) > _LONGEST:
        return ""
    first, *more = value.split("\n")
    if key not in _READ or any(is_setting(line) or line[:1] == "[" for line in more):
        more, value = [], first  # something else that is indented follows
    try:
        read = _READ[key](meant(value)) if key in _READ else meant(value)
    except BadAnswer:
        return right(key, first) if more else ""
    return read.value if isinstance(read, Corrected) else read


def begins(key: str, text: str) -> bool:
    """Return whether a text must be the value of a key that has none on its own line."""
    return key in _BEGINNINGS and bool(_BEGINNINGS[key].fullmatch(text))


def is_setting(text: str) -> bool:
    """Return whether a line is a setting, and not the rest of a token that contains an equals sign."""
    key, sign, _ = text.partition("=")
    return bool(sign) and (
        key.strip().lower() in KNOWN or (bool(KEY.fullmatch(key.strip())) and not text.endswith("="))
    )


def goes_on(key: str, value: str, rest: str) -> bool:
    """Return whether a value is invalid alone, but valid together with the rest."""
    check = _CHECKED.get(key)
    if check is None:
        return False
    try:
        if check(value) == value:
            return False
    except BadAnswer:
        pass
    try:
        return check(value + rest) == value + rest
    except BadAnswer:
        return False


def several(line: str) -> list[str]:
    """Return the settings of a line with several of them, each as its own line, none if there is only one."""
    found = {}
    for part in _PARTED.split(line) if SEVERAL.search(line) else ():
        name = part.partition("=")[0].strip().lower()
        shell = SHELL.fullmatch(part) if name not in STRICT else None
        name = VARIABLES.get(shell[1].upper(), "") if shell else name
        if name not in STRICT or name in found:
            return []
        found[name] = f"{name} = {shell[2] or shell[3]}" if shell else part.strip()
    return [*found.values()]
