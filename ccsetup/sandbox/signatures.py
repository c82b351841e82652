"""One-time codes (RFC 6238), RSA signatures by named keys, and web identity tokens (JWT, RS256)."""

from __future__ import annotations

import base64
import functools
import hmac
import json
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

STEP_S = 30


class NotAToken(Exception):
    """The text isn't a JWT signed with the given key. `signed_wrong` means a bad signature, not a bad format."""

    def __init__(self, signed_wrong: bool = False) -> None:
        super().__init__("bad signature" if signed_wrong else "not a JWT")
        self.signed_wrong = signed_wrong


def totp(seed: str, step: int) -> str:
    """Return the six digits that an authenticator shows in a 30-second step for a base32 seed."""
    digest = hmac.digest(base64.b32decode(seed), struct.pack(">Q", step), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def sign(text: bytes, kid: str) -> bytes:
    """Sign with the RSA key named `kid` (PKCS #1 v1.5, SHA-256)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return _key(kid).sign(text, padding.PKCS1v15(), hashes.SHA256())


def signed(text: bytes, signature: bytes, kid: str) -> bool:
    """Return whether this is a signature by the key named `kid`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        _key(kid).public_key().verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def write_jwt(claims: Mapping[str, Any], kid: str = "sandbox") -> str:
    """Sign claims as a JWT with the key named `kid`."""
    head = {"alg": "RS256", "kid": kid, "typ": "JWT"}
    text = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
    return f"{text}.{_encoded(sign(text.encode(), kid))}"


def read_claims(token: str) -> dict[str, Any]:
    """Return a JWT's claims, unverified. Raises NotAToken."""
    parts = token.split(".")
    if len(parts) != 3:
        raise NotAToken
    try:
        head, claims = (json.loads(_decoded(part)) for part in parts[:2])
    except ValueError:
        raise NotAToken from None
    if not isinstance(head, dict) or not isinstance(claims, dict) or head.get("alg") != "RS256":
        raise NotAToken
    return claims


def check_jwt(token: str, kid: str = "sandbox") -> None:
    """Check a JWT's signature. Raises NotAToken."""
    text, _, signature = token.rpartition(".")
    try:
        right = signed(text.encode(), _decoded(signature), kid)
    except ValueError:
        right = False
    if not right:
        raise NotAToken(signed_wrong=True)


@functools.cache
def _key(kid: str) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
