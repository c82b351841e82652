"""How a command ends: the one JSON document of --json, and the exit code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Report(NamedTuple):
    """What a command has to say when it is over; what went wrong has been shown already."""

    document: Mapping[str, Any]
    exit_code: int = 0
