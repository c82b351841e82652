"""What a profile is: where SDKs get its credentials from, and which kind of access it therefore has."""

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than a call
if TYPE_CHECKING:
    from collections.abc import Mapping

STATIC = frozenset({"aws_access_key_id", "aws_secret_access_key"})
_TOKENS = frozenset({"aws_session_token", "aws_security_token"})
CREDENTIAL_SOURCES = ("Environment", "Ec2InstanceMetadata", "EcsContainer")  # all that credential_source may name

# The kinds of access whose credentials are stored, so that only ccsetup_kind tells them from plain access keys.
STORED = frozenset({"mfa", "saml", "federation", "oidc"})

_OF_CREDENTIALS = ("aws_", "sso_", "ccsetup_")
_OF_OTHERS = frozenset({"role_arn", "source_profile", "credential_source", "web_identity_token_file",
                        "credential_process", "login_session", "mfa_serial", "external_id"})  # fmt: skip


def source_of(settings: "Mapping[str, object]", as_source: bool = False) -> str:
    """Return where SDKs get a profile's credentials from, in their order of precedence.

    One of: oidc (a token file), role, sso, keys, console (`aws login`), process, machine (this computer's role), or ""
    for nothing. `settings` are those of both files. With `as_source`, the profile is the source of a role: there, its
    access keys are used before its own role. Source: botocore's create_credential_resolver and AssumeRoleProvider.
    """
    if "web_identity_token_file" in settings:
        return "oidc"
    if "role_arn" in settings and not (as_source and STATIC & settings.keys()):
        return "role"
    if "sso_account_id" in settings or "sso_role_name" in settings:
        return "sso"
    if "aws_access_key_id" in settings:
        return "keys"
    if "login_session" in settings:
        return "console"
    if "credential_process" in settings:
        return "process"
    return "machine" if _leaves_it_to_the_machine(settings) else ""


def kind_of(settings: "Mapping[str, object]", source: "str | None" = None) -> str:
    """Return a profile's kind: the name of a kind of access that ccsetup sets up, or else process or "".

    `source` is what `source_of` returns, if the caller knows it.
    """
    found = source_of(settings) if source is None else source
    stored_by = settings.get("ccsetup_kind", "")
    return str(stored_by) if found in ("keys", "") and stored_by in STORED else found


def has_own_credentials(settings: "Mapping[str, object]") -> bool:
    """Return whether a profile names credentials apart from those of a role that it assumes."""
    rest = {key: value for key, value in settings.items() if key != "role_arn"}
    return bool(STATIC & settings.keys()) or has_credentials(rest)


def has_credentials(settings: "Mapping[str, object]") -> bool:
    """Return whether a profile names credentials, complete or not."""
    return source_of(settings) not in ("", "machine")


def is_temporary(settings: "Mapping[str, object]") -> bool:
    """Return whether a profile's stored credentials have a session token, which means that they expire."""
    return not _TOKENS.isdisjoint(settings)


def is_long_term(settings: "Mapping[str, object]") -> bool:
    """Return whether a profile has long-term credentials."""
    return "aws_access_key_id" in settings and not is_temporary(settings)


def keeps_long_term(settings: "Mapping[str, str]") -> bool:
    """Return whether a section of a file has a long-term access key or a part of one, whatever else it has."""
    alone = any(settings.get(key) for key in STATIC) and not any(settings.get(key) for key in _TOKENS)
    return alone or settings.get("aws_access_key_id", "").startswith("AKIA")


def _leaves_it_to_the_machine(settings: "Mapping[str, object]") -> bool:
    """Return whether a profile has a region but no credentials, so that SDKs use the computer's own role."""
    return "region" in settings and not any(key in _OF_OTHERS or key.startswith(_OF_CREDENTIALS) for key in settings)
