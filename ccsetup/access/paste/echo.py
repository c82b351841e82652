"""The echo that knows every secret which a paste can hold; what shows typed text is given this one."""

from __future__ import annotations

from ccsetup.core.echo import Echo


def _secrets(text: str) -> tuple[str, ...]:
    from ccsetup.access.paste.secret_values import secrets

    return secrets(text)


echo = Echo(_secrets)
