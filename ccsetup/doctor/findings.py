"""What the doctor finds and the ways to repair it, as plain values, as in `model`. Only the doctor loads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from ccsetup.core.model import Corrected, FileName
from ccsetup.git.config import Values

FIX = "ccsetup doctor --fix"
OFFERED = 9  # the most names to choose from as repairs of one finding


class Change(NamedTuple):
    """New lines for one AWS file: lines `first` to `last` (from 1, inclusive) become `lines`, without line endings.

    `last` = `first` - 1 inserts the lines before `first`.
    """

    file: FileName
    first: int
    last: int
    lines: tuple[str, ...]


class Remedy(NamedTuple):
    """One way to repair a finding: its label, and what it changes in the AWS files, in this clone and on disk.

    `texts` are complete new texts for files that change as a whole (another encoding). `git` are settings of the
    current clone with all their new values. `replaced` are single values of its settings, by key and old value, with
    their new value. `modes` are permissions to set, `remove` files to delete. `command` changes settings that aren't
    the clone's own, which this program leaves alone.
    """

    label: str
    hint: str = ""
    changes: tuple[Change, ...] = ()
    git: Mapping[str, Values] = MappingProxyType({})
    modes: Mapping[Path, int] = MappingProxyType({})
    remove: tuple[Path, ...] = ()
    texts: Mapping[FileName, str] = MappingProxyType({})
    replaced: Mapping[tuple[str, str], str] = MappingProxyType({})
    command: str = ""


class Wanted(NamedTuple):
    """What to ask before a finding can be repaired: the question, the parser for the answer, and the resulting remedy.

    `parse` raises BadAnswer with an example of a valid answer.
    """

    ask: str
    parse: Callable[[str], str | Corrected]
    remedy: Callable[[str], Remedy]


Severity = Literal["stops", "hinders", "note"]


class Finding(NamedTuple):
    """Something the doctor found: a stable code, its place, what it means, and what can be done.

    `says` is one plain sentence, `because` what AWS tools say or do about it (and where SDKs differ), `do` the exact
    next step. `fix` is "auto" with one remedy, "ask" with several to choose from or a question in `wanted` (with
    neither it is shown like "tell"), "tell" with none. `also` are other profiles it affects: those that share the
    sign-in, or get their credentials from the profile. `letter` is the message to an administrator who can resolve it.
    With `refuses`, AWS tools reject the whole file because of it, so that it stops every profile.
    """

    code: str
    severity: Severity
    says: str
    because: str = ""
    profile: str = ""
    path: Path | None = None
    line: int = 0
    fix: Literal["auto", "ask", "tell"] = "tell"
    do: str = ""
    remedies: tuple[Remedy, ...] = ()
    wanted: Wanted | None = None
    also: tuple[str, ...] = ()
    letter: str = ""
    refuses: bool = False
