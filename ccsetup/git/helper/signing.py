"""SigV4 for git: user name and password. Standard library only, because git waits at every pull and push."""

import time

from ccsetup.core import lean_hash


def git_user(access_key: str, token: str) -> str:
    """Return the user name for CodeCommit: the access key ID, and the session token of temporary credentials."""
    return f"{access_key}%{token}" if token else access_key


def git_password(secret: str, region: str, host: str, path: str, now: float) -> str:
    """Return the password: the time and the SigV4 signature of `GIT path` on `host`. It is valid for 15 minutes."""
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    scope = f"{moment[:8]}/{region}/codecommit/aws4_request"
    request = f"GIT\n{path}\n\nhost:{host}\n\nhost\n"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{lean_hash.function('sha256')(request.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), text):
        key = _hmac(key, part.encode())
    return f"{moment}Z{key.hex()}"


def _hmac(key: bytes, message: bytes) -> bytes:
    """Return HMAC-SHA256 (RFC 2104)."""
    sha256 = lean_hash.function("sha256")
    block = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    digest: bytes = sha256(outer + sha256(inner + message).digest()).digest()
    return digest
