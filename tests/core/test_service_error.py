"""An error of a service that is no answer to the question is told from one that is."""

from __future__ import annotations

import pytest

from ccsetup.core import service_error


@pytest.mark.parametrize(
    ("code", "status", "busy", "strange"),
    [
        ("Throttling", 400, True, False),
        ("ThrottlingException", 400, True, False),
        ("RequestThrottled", 400, True, False),
        ("TooManyRequestsException", 429, True, False),
        ("SlowDown", 503, True, False),
        ("InternalServerException", 500, True, False),
        ("ServiceUnavailable", 503, True, False),
        ("RequestLimitExceeded", 400, True, False),
        ("503", 503, True, True),
        ("", 502, True, True),
        ("", 429, True, True),
        ("", 200, False, True),
        ("302", 302, False, True),
        ("Unknown", 407, False, True),
        ("AccessDenied", 403, False, False),
        ("ExpiredToken", 403, False, False),
    ],
)
def test_who_is_too_busy_to_answer_and_who_is_not_aws(code: str, status: int, busy: bool, strange: bool) -> None:
    assert (service_error.is_busy(code, status), service_error.is_strangers(code, status)) == (busy, strange)


@pytest.mark.parametrize(
    ("code", "message", "clock"),
    [
        ("RequestExpired", "", True),
        ("RequestTimeTooSkewed", "", True),
        ("SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2", True),
        ("InvalidSignatureException", "Signature not yet current: 1", True),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", False),
        ("ExpiredToken", "The security token included in the request is expired", False),
    ],
)
def test_a_wrong_clock_is_told_from_wrong_keys(code: str, message: str, clock: bool) -> None:
    assert service_error.is_of_clock(code, message) == clock
