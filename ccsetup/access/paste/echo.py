"""What the screen shows of a text that you typed or pasted: the text without its secrets, or its length."""

from __future__ import annotations

from ccsetup.core.model import Secret, Value
from ccsetup.core.text import MASK, inert

LONGEST = 2000  # characters; a longer line is shown as its length


def echo(text: str, typed: Value | None = None, mask: str = MASK) -> str:
    """Return a text without the secrets that were typed. `typed` is where to look for them (default: the text).

    Use it for everything that repeats what somebody typed, sentences about it included. With "" as the mask, each
    letter of a secret becomes a dot.
    """
    from ccsetup.access.paste.secret_values import secrets
    from ccsetup.core.redact import hide

    if isinstance(typed, Secret):
        return hide(inert(text), (typed.reveal(),), mask)
    return hide(inert(text), secrets(text if typed is None else typed), mask)


def summary(text: str) -> str:
    """Return the length of a text that is too long for one line, for example "3 lines"; else ""."""
    lines = text.count("\n") + 1
    return f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters" if len(text) > LONGEST else ""
