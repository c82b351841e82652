"""What is shown of a text that somebody typed or pasted: without the secrets in it, or how much there is of it."""

from __future__ import annotations

from ccsetup.inert import MASK, inert

LONGEST = 2000  # letters of a line that are shown


def echo(text: str, typed: str | None = None, mask: str = MASK) -> str:
    """Return a text without the secrets in what was typed, which is the text itself unless told.

    Every echo of a typed text, and every sentence about one, comes through here. "" as the mask puts a dot for each
    letter of a secret.
    """
    from ccsetup.masks import hide  # the first prompt need not wait for it
    from ccsetup.paste.secret_values import secrets

    return hide(inert(text), secrets(text if typed is None else typed), mask)


def summary(text: str) -> str:
    """Return how much there is of a text that is too long to be shown, such as "3 lines"; "" where it is not."""
    lines = text.count("\n") + 1
    return f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters" if len(text) > LONGEST else ""
