"""Formats the status of profiles: as a table if it fits the terminal, otherwise two lines per profile."""

from __future__ import annotations

from ccsetup.core import clock
from ccsetup.core.errors import UNANSWERED

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than this command
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ccsetup.awsfiles.profile_status import Standing

    Row = tuple[str, ...]

HEADS = ("", "PROFILE", "KIND", "ACCOUNT", "ROLE", "REGION", "UNTIL")
GAP = "  "

_KINDS = {"": "-"}  # those that aren't shown by their names
_MARKS = {True: "✓", False: "✗", None: "·"}
_OVER = ("signed out", "needs MFA code")  # fixed by signing in


def rows(standings: Sequence[Standing], now: str, here: str, room: int | None) -> Iterator[str]:
    """Yield the lines, at most `room` columns wide if possible (None: no limit).

    `here` is the profile of the current clone, which is marked. Times are local and relative to `now`.
    """
    columns = [
        ["*" if it.name == here else "" for it in standings],
        [it.name for it in standings],
        [_KINDS.get(it.kind, it.kind) for it in standings],
        [it.account_id for it in standings],
        [it.role for it in standings],
        [it.region for it in standings],
    ]
    ends = [*map(_Said(now).of, standings)]
    everything = "".join(map("".join, columns))
    if everything.isascii() and everything.isprintable():
        widths = [max(map(len, (head, *column))) for head, column in zip(HEADS, (*columns, ends), strict=True)]
        spelled = GAP.join(f"%-{width}s" for width in widths[:-1]) + GAP + "%s"
        lines = map(spelled.__mod__, (HEADS, *zip(*columns, ends, strict=True)))
    else:
        from ccsetup.core.text import cells, inert, padded

        columns = [[*map(inert, column)] for column in (*columns, ends)]
        ends = columns.pop()
        widths = [max(map(cells, (head, *column))) for head, column in zip(HEADS, (*columns, ends), strict=True)]
        table = (HEADS, *zip(*columns, ends, strict=True))
        lines = map(str.rstrip, (GAP.join(map(padded, row, widths)) for row in table))
    if room is None or sum(widths) + len(GAP) * (len(widths) - 1) <= room:
        yield from lines
    else:
        for row in zip(*columns, ends, strict=True):
            yield from _stacked(row, room)


def _stacked(row: Row, room: int) -> Iterator[str]:
    """Yield the lines of one profile."""
    from ccsetup.core.text import wrap

    mark, name, kind, account_id, role, region, until = row
    yield f"{mark or ' '} {name}"
    about = " · ".join(part for part in (until, kind, f"{account_id} {role}".strip(), region) if part)
    yield from (f"    {line}" for line in wrap(about, room - 4, split=True))


class _Said:
    """Describes expiry times and caches each description."""

    def __init__(self, now: str) -> None:
        self._now = now
        self._known: dict[tuple[str, str, bool | None, str], str] = {}

    def of(self, it: Standing) -> str:
        """Return how long a profile works, or why it doesn't."""
        place = it.ends, it.why, it.usable, it.code
        found = self._known.get(place)
        if found is None:
            known = it.ends and it.usable is not None
            words = f"{'until' if it.usable else 'ended'} {clock.local(it.ends, self._now)}" if known else it.why
            words = "no answer" if _is_silent(it) else words
            found = self._known[place] = f"{_MARKS[it.usable]} {words}"
        return found


def short(it: Standing, now: str) -> str:
    """Return one line about a profile, for a shell prompt."""
    if it.name.isascii() and it.name.isprintable():
        return f"{it.name} {_Said(now).of(it)}"
    from ccsetup.core.text import inert

    return f"{inert(it.name)} {_Said(now).of(it)}"


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
    ended = [it.name for it in failed if _is_over(it)]
    if not ended:
        broken = [it.name for it in failed if it.kind]
        return f"To find out what's wrong with {broken[0]}: ccsetup doctor {_word(broken[0])}" if broken else ""
    if len(ended) == 1:
        return f"{ended[0]} needs a new sign-in: ccsetup login {_word(ended[0])}"
    return f"{len(ended):,} profiles need a new sign-in. To sign in to the first: ccsetup login {_word(ended[0])}"


def _word(name: str) -> str:
    """Quote a profile's name so that a shell passes it as one argument that isn't read as a flag."""
    from ccsetup.core.command_line import quote

    return f"-- {quote(name)}" if name.startswith("-") else quote(name)
