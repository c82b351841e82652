"""Recognizes errors that aren't a refusal: the service is busy, the clock is wrong, or it wasn't AWS that answered.

Uses only the standard library, since git's helpers use it, too.
"""

from __future__ import annotations

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from typing import Any

_BUSY = (
    "TooManyRequests",
    "SlowDown",
    "InternalServer",
    "InternalFailure",
    "ServiceUnavailable",
    "RequestLimitExceeded",
)


def is_busy(code: str, status: int) -> bool:
    """Return whether a service gave no real answer: it throttled the request, or it is out of order."""
    return status == 429 or 500 <= status < 600 or "Throttl" in code or code.removesuffix("Exception") in _BUSY


def is_of_clock(code: str, message: str) -> bool:
    """Return whether a service refused a request because of its timestamp."""
    if code in ("RequestExpired", "RequestTimeTooSkewed"):
        return True
    said = message.lower()
    signed = code in ("SignatureDoesNotMatch", "InvalidSignatureException", "InvalidSignature")
    return signed and any(word in said for word in ("not yet current", "expired", "skew", "requesttime"))


def is_strangers(code: str, status: int) -> bool:
    """Return whether something other than AWS answered: a proxy, or the sign-in page of a network."""
    return status == 407 or not code or code.isdigit()


def busy_renewals(session: Any) -> list[str]:
    """Return a list that collects the error codes of renewals that a busy IAM Identity Center didn't answer.

    botocore's session renews a sign-in by itself and hides why that failed: it reports an expired sign-in.
    """
    seen: list[str] = []

    def note(http_response: Any, parsed: Any, **_: object) -> None:
        code, status = str(parsed.get("Error", {}).get("Code", "")), int(http_response.status_code)
        if status >= 400 and is_busy(code, status):
            seen.append(code or str(status))

    session.register("after-call.sso-oidc.CreateToken", note)
    return seen
