"""How many examples a property is tried with."""

import os

LONG = "CCSETUP_LONG"  # is set by pytest --long


def examples(most: int, everyday: int = 0) -> int:
    """Return `most` with --long, otherwise `everyday`, or a quarter of it, but at least ten."""
    return most if LONG in os.environ else everyday or max(most // 4, min(most, 10))
