"""Regular expressions that are compiled at their first use, so that the first question appears sooner."""

from __future__ import annotations

import re
from typing import Any, cast


class _Later:
    def __init__(self, text: str, flags: int) -> None:
        self._text, self._flags = text, flags
        self._compiled: re.Pattern[str] | None = None

    def __getattr__(self, name: str) -> Any:
        if self._compiled is None:
            self._compiled = re.compile(self._text, self._flags)
        found = getattr(self._compiled, name)
        setattr(self, name, found)  # from now on, it's found without this method
        return found


def later(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return an object that behaves like `re.compile(text, flags)` and compiles at its first use."""
    return cast("re.Pattern[str]", _Later(text, flags))
