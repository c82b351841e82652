"""The echo that hides every secret that a paste can contain. Code that shows typed text uses it."""

from __future__ import annotations

from ccsetup.core.echo import Echo


def _secrets(text: str) -> tuple[str, ...]:
    from ccsetup.access.paste.secret_values import secrets

    return secrets(text)


echo = Echo(_secrets)
