"""The doctor's checks, one family per file beside this one: facts in, findings out.

A family's file holds `CHECKS`, functions from Facts to findings; adding an ailment touches one file and its test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from ccsetup.caution import cautious
from ccsetup.facts import Facts
from ccsetup.findings import Finding

Check = Callable[[Facts], Iterable[Finding]]
_WORST = {"stops": 0, "hinders": 1, "note": 2}


def _found() -> tuple[Check, ...]:
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    return tuple(check for name in names for check in import_module(f"{__name__}.{name}").CHECKS)


def offline(facts: Facts) -> list[Finding]:
    """Return what every check finds, worst first, in the order of the files."""
    return worst_first(cautious(facts, [finding for check in _found() for finding in check(facts)]))


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in the order in which they are told."""
    return sorted(findings, key=lambda f: (_WORST[f.severity], f.profile, str(f.path or ""), f.line))
