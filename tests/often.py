"""How many examples a property is tried with, and how many of a test's many steps."""

import os
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

LONG = "CCSETUP_LONG"  # is set by pytest --long


def examples(most: int, everyday: int = 0) -> int:
    """Return `most` with --long, otherwise `everyday`, or a quarter of it, but at least ten."""
    return most if LONG in os.environ else everyday or max(most // 4, min(most, 10))


def some(values: Iterable[T], every: int) -> list[T]:
    """Return all values with --long, otherwise the first and then every so many."""
    return list(values)[:: 1 if LONG in os.environ else every]
