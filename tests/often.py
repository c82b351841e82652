"""How many examples a property is tried with."""

import os

LONG = "CCSETUP_LONG"  # is set by pytest --long


def examples(most: int) -> int:
    """Return `most` with --long, otherwise a quarter of it."""
    return most if LONG in os.environ else max(most // 4, min(most, 10))
