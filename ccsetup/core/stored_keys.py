"""Tells from the settings of a stored access key whether SDKs or AWS reject it, for the doctor and for git's helpers.

git waits while its helpers import this module, so it imports next to nothing.
"""

from ccsetup.core.placeholder import BASE64, CAPITALS, is_key_placeholder

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, but importing typing takes longer than git's helpers
if TYPE_CHECKING:
    from collections.abc import Mapping

ID, SECRET = "aws_access_key_id", "aws_secret_access_key"
TOKENS = ("aws_session_token", "aws_security_token")


def fault(credentials: "Mapping[str, str]", config: "Mapping[str, str]") -> str:
    """Return the code of the finding that stops a profile's stored access key, "" if there is none.

    The arguments are the profile's sections in the two files. SDKs read a key from only one of them.
    """
    own, other = (credentials, config) if ID in credentials or ID not in config else (config, credentials)
    key_id, secret = own.get(ID, ""), own.get(SECRET, "")
    if placeholders(own):
        return "keys.placeholder"
    if not key_id or not secret:
        if not any(key in it for key in (ID, SECRET, TOKENS[0]) for it in (own, other)):
            return ""
        is_split = (key_id or other.get(ID)) and (secret or other.get(SECRET))
        return "keys.split" if is_split else "keys.partial"
    if is_doubled(key_id, secret):
        return "keys.partial"
    if is_swapped(key_id, secret):
        return "keys.swapped"
    has_token = any(own.get(key) for key in TOKENS)
    if lacks_token(key_id, has_token):
        return "keys.split" if any(other.get(key) for key in TOKENS) else "keys.session-token"
    return "keys.session-token" if has_foreign_token(key_id, has_token) else ""


def placeholders(own: "Mapping[str, str]") -> list[str]:
    """Return which parts of a stored access key are placeholders."""
    return [key for key in (ID, SECRET, *TOKENS) if is_key_placeholder(own.get(key, ""))]


def is_doubled(key_id: str, secret: str) -> bool:
    """Return whether the secret access key is an access key ID, too."""
    return is_key_id(key_id) and is_key_id(secret)


def is_swapped(key_id: str, secret: str) -> bool:
    """Return whether the access key ID and the secret access key are in each other's place."""
    return is_key_id(secret) and not is_key_id(key_id) and 16 <= len(key_id) <= 128 and BASE64.issuperset(key_id)


def lacks_token(key_id: str, has_token: bool) -> bool:
    """Return whether an access key is temporary but has no session token."""
    return key_id.startswith("ASIA") and not has_token


def has_foreign_token(key_id: str, has_token: bool) -> bool:
    """Return whether an access key is long-term but has a session token, which belongs to another one."""
    return has_token and key_id.startswith("AKIA") and is_key_id(key_id)


def is_key_id(text: str) -> bool:
    """Return whether a text has the form of an access key ID."""
    return text.startswith(("AKIA", "ASIA")) and 16 <= len(text) <= 128 and CAPITALS.issuperset(text)
