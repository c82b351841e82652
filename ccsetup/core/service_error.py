"""What an AWS service's error says besides no: that it is busy, that the clock is off, or that it isn't AWS's at all.

Standard library only: git's helpers judge answers by it, too.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, without the time that importing typing takes
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
    """Say whether a service didn't answer the question: it is throttled, or out of order."""
    return status == 429 or 500 <= status < 600 or "Throttl" in code or code.removesuffix("Exception") in _BUSY


def is_of_clock(code: str, message: str) -> bool:
    """Say whether a service refuses a request for the time that it bears."""
    if code in ("RequestExpired", "RequestTimeTooSkewed"):
        return True
    said = message.lower()
    signed = code in ("SignatureDoesNotMatch", "InvalidSignatureException", "InvalidSignature")
    return signed and any(word in said for word in ("not yet current", "expired", "skew", "requesttime"))


def is_strangers(code: str, status: int) -> bool:
    """Say whether something else than AWS answered: a proxy, or the sign-in page of a network."""
    return status == 407 or not code or code.isdigit()


def busy_renewals(session: Any) -> list[str]:
    """Return a list that fills with the codes of renewals which a busy Identity Center didn't answer.

    botocore's session renews a sign-in by itself, and tells nobody why that failed: it says that the sign-in has ended.
    """
    seen: list[str] = []

    def note(http_response: Any, parsed: Any, **_: object) -> None:
        code, status = str(parsed.get("Error", {}).get("Code", "")), int(http_response.status_code)
        if status >= 400 and is_busy(code, status):
            seen.append(code or str(status))

    session.register("after-call.sso-oidc.CreateToken", note)
    return seen
