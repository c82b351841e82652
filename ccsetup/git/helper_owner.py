"""Whose program a script is that git starts as a helper. The script is read, never run."""

from __future__ import annotations

import re

_STARTS = re.compile(r"^\s*from (ccsetup|git_remote_codecommit|awscli)\b", re.MULTILINE)


def package(text: str) -> str:
    """Return the Python package that a script starts: ccsetup, git_remote_codecommit or awscli, "" if it is another."""
    found = _STARTS.search(text)
    return found[1] if found else ""
