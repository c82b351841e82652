"""Reads, writes and displays points in time. All are in UTC until they are displayed.

A moment is an aware datetime, or its text, for example 2026-01-31T18:04:00Z; the texts sort chronologically. Git and
the first screen wait for this module, so its imports are inside functions.
"""

from __future__ import annotations

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, but importing typing takes longer than a call
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from re import Match

# The settings in which ccsetup and other tools store the expiry of credentials; the first readable one counts.
RECORDED = (
    "ccsetup_expires_at",
    "x_security_token_expires",
    "aws_expiration",
    "expiration",
    "aws_session_expiration",
    "aws_session_token_expiration",
    "aws_credential_expiration",
    "aws_credentials_expiration",
)
_RECORDED = frozenset(RECORDED)

_MONTHS = " Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_SPOKEN = (  # for example, Sat, 31 Jan 2026 18:04:05 GMT, or Sat Jan 31 2026 20:04:05 GMT+0200 (EET)
    r"(?:[A-Z][a-z][a-z],? )?(?:(?P<day>[0-9]{1,2}) )?(?P<month>[A-Z][a-z][a-z]) (?:(?P<date>[0-9]{1,2}),? )?"
    r"(?P<year>[0-9]{4}) (?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2}(?: ?Z| UTC| GMT)?(?: ?[+-][0-9]{4})?)(?: \([^()]*\))?"
)


def read(text: object) -> datetime | None:
    """Return the moment in a text in any tool's format (without a zone: UTC), None if it isn't one.

    Accepts `2026-01-31T18:04:00Z`, also with a space for the T, without hyphens and colons, a small z, "UTC", "GMT" or
    an offset for the Z, or fractions of a second; the formats of email and JavaScript; and seconds (or milliseconds,
    microseconds and so on) since 1970. Years before 1970 aren't moments: tools written in Go write the year 1 for
    "none". Quotes around a text are ignored, since AWS files keep them as part of a value.
    """
    from datetime import datetime, timezone

    if not isinstance(text, str):
        return None
    if _is_plain(text):
        return datetime.fromisoformat(text[:19]).replace(tzinfo=timezone.utc)
    import re

    plain = re.sub(r"[.,][0-9]+", "", text.strip().strip("\"'").strip())
    if re.fullmatch("[0-9]{10}(?:[0-9]{3}){0,3}", plain):
        return since_1970(int(plain[:10]))
    if spoken := re.fullmatch(_SPOKEN, plain):
        month = _MONTHS.find(f" {spoken['month']}") // 4 + 1
        plain = f"{spoken['year']}-{month:02}-{spoken['day'] or spoken['date'] or '':0>2} {spoken['time']}"
    plain = re.sub(r"^([0-9]{4})(?P<sign>[-/]?)([0-9]{2})(?P=sign)([0-9]{2})(?=[T ])", r"\1-\3-\4", plain)
    plain = re.sub(r"(?<=[T ])([0-9]{2})([0-9]{2})([0-9]{2})(?![0-9:])", r"\1:\2:\3", plain)
    plain = re.sub(r"(?<=[+-][0-9]{4}) [A-Z]{2,5}(?: m=\S+)?$", "", plain)  # Go names the zone, too
    plain = re.sub(r"\s*(?:Z|UTC|GMT)(?=[+-][0-9]{4}$)", "", plain)
    plain = re.sub(r"\s*(?:Z|UTC|GMT)$", "+00:00", plain, flags=re.IGNORECASE)
    plain = re.sub(r"(?<=:[0-9]{2}) ?([+-][0-9]{2}):?([0-9]{2})?$", _offset, plain.replace(" ", "T", 1))
    try:
        at = datetime.fromisoformat(plain)
        at = (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return at if at.year >= 1970 else None


def _offset(found: Match[str]) -> str:
    return f"{found[1]}:{found[2] or '00'}"


def is_read_by_sdks(text: object) -> bool:
    """Return whether botocore can read a moment in a JSON text: it needs a zone. None, for no moment, is accepted."""
    if text is None or (isinstance(text, str) and _is_plain(text)):
        return True
    from dateutil.parser import parse  # type: ignore[import-untyped]  # like botocore

    try:
        return parse(text).tzinfo is not None
    except (TypeError, ValueError, OverflowError):
        return False


def since_1970(seconds: object) -> datetime | None:
    """Return the moment this many seconds after the beginning of 1970, None if it is out of range."""
    from datetime import datetime, timezone

    try:
        return datetime.fromtimestamp(seconds, timezone.utc) if isinstance(seconds, (int, float)) else None
    except (ValueError, OverflowError, OSError):
        return None


def written(at: datetime | None) -> str:
    """Return a moment's text, "" for none."""
    from datetime import timezone

    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def utc(text: str) -> str:
    """Return a moment's text from a text in any tool's format, "" if it isn't one."""
    if _is_plain(text):
        return text  # the format of nearly every tool, which needs none of the imports above
    return written(read(text)) if text else ""


def _is_plain(text: str) -> bool:
    """Return whether a text is a moment in our format, on a day that this month has in every year."""
    if len(text) != 20 or text[4] + text[7] + text[10] + text[13] + text[16] + text[19] != "--T::Z":
        return False
    digits = text.translate({45: None, 58: None, 84: None, 90: None})
    if len(digits) != 14 or not (digits.isascii() and digits.isdecimal()) or digits[:4] < "1970":
        return False
    month, last = text[5:7], "28"
    if month != "02":
        last = "30" if month in ("04", "06", "09", "11") else "31"
    day = "01" <= month <= "12" and "01" <= text[8:10] <= last
    return day and text[11:13] <= "23" and text[14:16] <= "59" and text[17:19] <= "59"


def recorded(settings: Mapping[str, str]) -> str:
    """Return when a profile's stored credentials expire, as stored by the tool that wrote them, "" if unknown."""
    if _RECORDED.isdisjoint(settings):
        return ""  # like most of thousands of profiles
    for key in RECORDED:
        if key in settings and (ends := utc(settings[key])):
            return ends
    return ""


def now() -> str:
    """Return the time of this computer."""
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def local(moment: datetime | str, now: datetime | str) -> str:
    """Return a moment in the user's time zone. For today, only the time."""
    at, today = _at_home(moment), _at_home(now)
    days = abs((at.date() - today.date()).days)
    if not days:
        return f"{at:%H:%M}"
    return f"{at:%a %H:%M}" if days < 6 and at > today else f"{at:%Y-%m-%d %H:%M}" if days < 300 else f"{at:%Y-%m-%d}"


def when(moment: datetime | str, now: datetime | str) -> str:
    """Return a moment in the user's time zone with a preposition: "at 18:04", "on 2026-01-30 at 18:04"."""
    at, today = _at_home(moment), _at_home(now)
    return f"at {at:%H:%M}" if at.date() == today.date() else f"on {at:%Y-%m-%d} at {at:%H:%M}"


def seconds_to(moment: datetime | str, now: datetime | str) -> float:
    """Return the time until a moment, negative if it is past."""
    return (_known(moment) - _known(now)).total_seconds()


def _at_home(moment: datetime | str) -> datetime:
    """Return a moment in the user's time zone, in UTC at the end of time: the last hours of 9999 have no zone."""
    at = _known(moment)
    try:
        return at.astimezone()
    except OverflowError:
        return at


def _known(moment: datetime | str) -> datetime:
    found = read(moment) if isinstance(moment, str) else moment
    assert found is not None, moment  # noqa: S101  # callers got it from this module
    return found
