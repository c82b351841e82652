"""Formats the status of profiles: as a table if it fits the terminal, otherwise two lines per profile."""

from __future__ import annotations

from itertools import repeat

from ccsetup.core import clock
from ccsetup.core.errors import UNANSWERED
from ccsetup.core.placeholder import SECRET_LENGTH

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than this command
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ccsetup.awsfiles.profile_status import Standing

    Row = tuple[str, ...]
    _Ending = tuple[bool | None, str, str, str]

HEADS = ("", "PROFILE", "KIND", "ACCOUNT", "ROLE", "REGION", "UNTIL")
GAP = "  "

_MARKS = {True: "✓", False: "✗", None: "·"}
_SHOWN = bytes(range(32, 127))  # the characters that are one column wide, and shown as they are
_OVER = ("signed out", "needs MFA code")  # fixed by signing in


def rows(standings: Sequence[Standing], now: str, here: str, room: int | None) -> Iterator[str]:
    """Yield the lines, at most `room` columns wide if possible (None: no limit).

    `here` is the profile of the current clone, which is marked. Times are local and relative to `now`.
    """
    said = _Said(now)
    columns = [
        ["*" if it.name == here else "" for it in standings],
        [it.name for it in standings],
        [it.kind or "-" for it in standings],
        [it.account_id for it in standings],
        [it.role for it in standings],
        [it.region for it in standings],
        [said[it.usable, it.ends, it.why, it.code] for it in standings],
    ]
    pad: Callable[[str, int], str] = str.ljust
    width_of: Callable[[str], int] = len
    if any(not _is_plain("".join(column)) for column in columns[:-1]):
        from ccsetup.core.text import cells, inert, padded

        columns = [[*map(inert, column)] for column in columns]
        pad, width_of = padded, cells
    widths = _widths(width_of, columns)
    if max(widths) >= SECRET_LENGTH:
        columns = [[*map(_unsecret, column)] for column in columns]
        widths = _widths(width_of, columns)
    if room is None or sum(widths) + len(GAP) * (len(widths) - 1) <= room:
        widths[-1] = 0  # nothing follows it
        yield GAP.join(map(pad, HEADS, widths))
        yield from map(GAP.join, zip(*map(map, repeat(pad), columns, map(repeat, widths)), strict=True))
    else:
        for row in zip(*columns, strict=True):
            yield from _stacked(row, room)


def _widths(width_of: Callable[[str], int], columns: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(width_of, (head, *column))) for head, column in zip(HEADS, columns, strict=True)]


def _unsecret(text: str) -> str:
    """Mask a secret access key that a profile was named after, or that is in the wrong setting."""
    if len(text) < SECRET_LENGTH:
        return text
    from ccsetup.core.redact import without_keys

    return without_keys(text)


def _is_plain(text: str) -> bool:
    return text.isascii() and not text.encode().translate(None, _SHOWN)


def _stacked(row: Row, room: int) -> Iterator[str]:
    """Yield the lines of one profile."""
    from ccsetup.core.text import wrap

    mark, name, kind, account_id, role, region, until = row
    yield f"{mark or ' '} {name}"
    about = " · ".join(part for part in (until, kind, f"{account_id} {role}".strip(), region) if part)
    yield from (f"    {line}" for line in wrap(about, room - 4, split=True))


class _Said(dict["_Ending", str]):
    """How long a profile works, or why it doesn't, by its ending."""

    def __init__(self, now: str) -> None:
        self._now = now

    def __missing__(self, ending: _Ending) -> str:
        usable, ends, why, code = ending
        is_known = ends and usable is not None
        words = f"{'until' if usable else 'ended'} {clock.local(ends, self._now)}" if is_known else why
        words = "no answer" if usable is None and code in UNANSWERED else words
        said = self[ending] = f"{_MARKS[usable]} {words}"
        return said


def short(it: Standing, now: str) -> str:
    """Return one line about a profile, for a shell prompt."""
    said = _Said(now)[it.usable, it.ends, it.why, it.code]
    if _is_plain(it.name):
        return f"{_unsecret(it.name)} {said}"
    from ccsetup.core.text import inert

    return f"{_unsecret(inert(it.name))} {said}"


def headline(standings: Sequence[Standing], asked: bool = False) -> str:
    """Return how many profiles there are, and how many of them work. `asked`: AWS was asked about them."""
    good = "confirmed by AWS" if asked else "ready"
    all_of = len(standings)
    usable = [it.usable for it in standings]
    ready = usable.count(True)
    if ready == all_of:
        return f"1 profile, {good}" if all_of == 1 else f"{all_of:,} profiles, all {good}"
    silent = sum(map(_is_silent, standings))
    unknown = usable.count(None) - silent
    ended = sum(map(_is_over, standings))
    bad = all_of - ready - silent - unknown - ended
    parts = (
        (ready, good),
        (silent, "without an answer"),
        (unknown, "not checked"),
        (ended, "needs a new sign-in" if ended == 1 else "need a new sign-in"),
        (bad, "has an error" if bad == 1 else "have errors"),
    )
    told = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    return f"{all_of:,} profile{'s' * (all_of != 1)}: {told}"


def _is_silent(it: Standing) -> bool:
    return it.usable is None and it.code in UNANSWERED


def _is_over(it: Standing) -> bool:
    return it.usable is False and bool(it.ends or it.is_over or it.why in _OVER)


def advice(standings: Sequence[Standing]) -> str:
    """Return what to run for expired or else incomplete profiles, "" if there are none."""
    failed = [it for it in standings if it.usable is False]
    ended = [_unsecret(it.name) for it in failed if _is_over(it)]
    if not ended:
        broken = [_unsecret(it.name) for it in failed if it.kind]
        return f"To find out what's wrong with {broken[0]}: ccsetup doctor {_word(broken[0])}" if broken else ""
    if len(ended) == 1:
        return f"{ended[0]} needs a new sign-in: ccsetup login {_word(ended[0])}"
    return f"{len(ended):,} profiles need a new sign-in. To sign in to the first: ccsetup login {_word(ended[0])}"


def _word(name: str) -> str:
    """Quote a profile's name so that a shell passes it as one argument that isn't read as a flag."""
    from ccsetup.core.command_line import quote

    return f"-- {quote(name)}" if name.startswith("-") else quote(name)
