"""What the doctor finds, and the ways to mend it: values, as in model; no command but the doctor loads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from ccsetup.core.model import Corrected, FileName
from ccsetup.git.config import Values


class Change(NamedTuple):
    """Lines of one AWS file to be others: `first` to `last` (from 1, inclusive) become `lines`, without line ends.

    `last` = `first` - 1 puts the lines in before `first`.
    """

    file: FileName
    first: int
    last: int
    lines: tuple[str, ...]


class Remedy(NamedTuple):
    """One way to mend a finding: how it is offered, and what it changes in the AWS files, in this clone, on the disk.

    `texts` are whole new texts for files that no line of can stay (another encoding). `git` are settings of the clone
    one stands in and all the values that they are to have, `replaced` single values of its settings, each named by its
    key and itself, that become others. `modes` are permissions to set, `remove` files to take away.
    """

    label: str
    hint: str = ""
    changes: tuple[Change, ...] = ()
    git: Mapping[str, Values] = MappingProxyType({})
    modes: Mapping[Path, int] = MappingProxyType({})
    remove: tuple[Path, ...] = ()
    texts: Mapping[FileName, str] = MappingProxyType({})
    replaced: Mapping[tuple[str, str], str] = MappingProxyType({})


class Wanted(NamedTuple):
    """What a finding has to ask a person before it can be mended: the question, how an answer reads, what it makes.

    `parse` raises BadAnswer with a right example.
    """

    ask: str
    parse: Callable[[str], str | Corrected]
    remedy: Callable[[str], Remedy]


Severity = Literal["stops", "hinders", "note"]


class Finding(NamedTuple):
    """Something the doctor found: a stable code, where, what it means, and what can be done.

    `says` is one plain sentence, `because` what today's tools say or do about it (and where SDKs differ), `do` the
    exact next step. `fix` is "auto" with one remedy, "ask" with several to choose from or a question in `wanted` (with
    neither it is told like "tell"), "tell" with none. `also` are further profiles that it holds for: those that share a
    sign-in, or rest on the profile. `letter` is the message to an administrator who can lift it.
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
