"""The interpreter's own hash functions, since loading OpenSSL takes longer than git's helpers need to answer."""

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, but importing typing takes longer than a call
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def function(name: str) -> "Callable[..., Any]":
    """Return sha1 or sha256."""
    for module in (f"_{name}", "_sha2"):
        try:
            found: Callable[..., Any] = getattr(__import__(module), name)
        except (ImportError, AttributeError):
            continue
        return found
    import hashlib

    return hashlib.sha1 if name == "sha1" else hashlib.sha256


def sha256(text: str) -> str:
    """Return a text's SHA-256 in hex, which `aws login` uses for the names of cache files."""
    digest: str = function("sha256")(text.encode("utf-8", "surrogateescape")).hexdigest()
    return digest


def sha1(text: str) -> str:
    """Return a text's SHA-1 in hex, which SDKs use for the names of cache files."""
    digest: str = function("sha1")(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
    return digest
