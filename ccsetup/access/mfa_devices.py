"""The user's MFA devices: a code of one that was replaced is never accepted, however often it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ccsetup.core.command_line import quote
from ccsetup.core.errors import Final, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Who

ABOUT = (
    "An MFA device shows the six-digit codes that prove it's you, for example, an authenticator app on your phone. AWS"
    " knows it by its ARN (arn:aws:iam::888888888888:mfa/maria) or serial number."
)
ABOUT_CODE = (
    "An MFA code is the number that your MFA device shows at the moment. It has six digits, for example, 123456, and"
    " works only once."
)


@contextmanager
def explained(answers: Answers, look: Look, source: Who) -> Iterator[None]:
    """Explain a code that is refused because of the source profile's keys, or of a device that was replaced."""
    try:
        yield
    except Problem as refused:
        serial, profile = answers.text("mfa_serial"), answers.text("profile")
        if refused.code == "access.identity" and profile in look.profiles:  # the source's keys, not the code
            raise Final(refused.what, why=refused.why, next=refused.next, code=refused.code) from None
        others = _others(look, source, serial) if refused.code == "access.assume" and profile in look.profiles else []
        if not others:
            raise
        raise Final(
            f"The MFA device {serial} of {profile} isn't one of yours any more.",
            why=refused.what,
            next=f"Use your device: ccsetup setup --profile {quote(profile)} --mfa-serial {quote(others[0])}",
            code=refused.code,
        ) from None


def _others(look: Look, source: Who, serial: str) -> list[str]:
    """Return the user's devices if the one with this serial number isn't among them."""
    try:
        found = list(look.mfa_devices(source))
    except Problem:
        return []
    return [] if serial in found else found
