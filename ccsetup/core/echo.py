"""Shows typed and pasted text without its secrets, or only its length."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccsetup.core.model import Secret, Value
from ccsetup.core.text import MASK, inert

LONGEST = 2000  # characters; a longer line is shown as its length


class Echo:
    """Shows text without its secrets. `secrets` finds them, each as it is in the text."""

    def __init__(self, secrets: Callable[[str], Sequence[str]]) -> None:
        self.secrets = secrets

    def __call__(self, text: str, typed: Value | None = None, mask: str = MASK) -> str:
        """Return a text without the secrets that were typed. `typed` is where to look for them (default: the text).

        Use it for everything that shows typed text, including sentences about it. With "" as the mask, each letter of a
        secret becomes a dot.
        """
        from ccsetup.core.redact import hide

        if isinstance(typed, Secret):
            return hide(inert(text), (typed.reveal(),), mask)
        return hide(inert(text), self.secrets(text if typed is None else typed), mask)

    def brief(self, text: str) -> str:
        """Return a text for one line: its length if it is too long, else the text without its secrets."""
        return summary(text) or self(text)


def summary(text: str) -> str:
    """Return the length of a text that is too long for one line, for example "3 lines"; else ""."""
    lines = text.count("\n") + 1
    return f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters" if len(text) > LONGEST else ""
