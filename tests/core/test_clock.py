"""Moments: every form that a tool writes is the same moment, and a text that is none is none."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.core import clock

AT = datetime(2026, 1, 31, 18, 4, 5, tzinfo=timezone.utc)
MOMENTS = st.datetimes(datetime(1971, 1, 2), datetime(9999, 12, 30), timezones=st.just(timezone.utc))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T18:04:05Z",
        "2026-01-31T18:04:05z",
        "2026-01-31t18:04:05Z".replace("t", "T"),
        "2026-01-31 18:04:05Z",
        "2026-01-31T18:04:05UTC",
        "2026-01-31 18:04:05 UTC",
        "2026-01-31T18:04:05+00:00",
        "2026-01-31T18:04:05+0000",
        "2026-01-31 18:04:05 +0000",
        "2026-01-31 18:04:05 +0000 UTC",
        "2026-01-31T20:04:05+02:00",
        "2026-01-31T13:04:05-0500",
        "2026-01-31T18:04:05.9Z",
        "2026-01-31T18:04:05.123456789Z",
        "2026-01-31 18:04:05.123456 +0000 UTC",
        "2026-01-31T18:04:05",
        " 2026-01-31T18:04:05Z\n",
        "1769882645",
        "1769882645123",
        "1769882645.5",
        "1769882645123456",
        "1769882645123456789",
        "2026-01-31T18:04:05,123Z",
        "2026-01-31T18:04:05GMT",
        "2026-01-31T20:04:05+02",
        "2026-01-31 11:04:05 -0700 MST",
        "2026-01-31 18:04:05.1 +0000 UTC m=+3600.01",
        "2026/01/31 18:04:05",
        "20260131T180405Z",
        "20260131T200405+0200",
        "Sat, 31 Jan 2026 18:04:05 GMT",
        "Sat, 31 Jan 2026 20:04:05 +0200",
        "Sat Jan 31 2026 20:04:05 GMT+0200 (Eastern European Standard Time)",
        '"2026-01-31T18:04:05Z"',
        "'1769882645'",
    ],
)
def test_each_tools_form_is_the_same_moment(text: str) -> None:
    assert clock.read(text) == AT
    assert clock.utc(text) == "2026-01-31T18:04:05Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:00",
        "1969-12-31T23:59:59Z",
        "2026",
        "2026-13-01T00:00:00Z",
        "2026-01-31T25:00:00Z",
        "18:04",
        "12345",
        "17698826451",
        "2026-01-31T18:04:05 JST",
        "01/31/2026 18:04:05",
        "Sat, 31 Foo 2026 18:04:05 GMT",
        "Sat, Jan 2026 18:04:05 GMT",
        "3600",
        "9" * 400,
        "Z",
    ],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    assert clock.read(text) is None
    assert clock.utc(text) == ""


@pytest.mark.parametrize("value", [None, 1769882645, True, ["2026-01-31T18:04:05Z"], b"2026-01-31T18:04:05Z"])
def test_only_a_text_is_read(value: object) -> None:
    assert clock.read(value) is None


@pytest.mark.parametrize("value", [None, "1769882645", float("nan"), float("inf"), 1e300, -1e300])
def test_no_moment_is_so_many_seconds_after_1970(value: object) -> None:
    assert clock.since_1970(value) is None


@given(MOMENTS, OFFSETS)
def test_a_moment_is_read_as_it_was_written_in_any_zone(at: datetime, zone: timezone) -> None:
    at = at.replace(microsecond=0)
    assert clock.read(clock.written(at)) == clock.read(at.astimezone(zone).isoformat()) == at
    assert clock.utc(clock.written(at)) == clock.written(at)


@given(MOMENTS, MOMENTS)
def test_texts_sort_as_moments_do(one: datetime, other: datetime) -> None:
    one, other = one.replace(microsecond=0), other.replace(microsecond=0)
    assert (clock.written(one) < clock.written(other)) == (one < other)
    assert clock.seconds_to(one, clock.written(other)) == (one - other).total_seconds()


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    found = clock.utc(text)
    assert not found or clock.utc(found) == found


@given(st.text(alphabet="0123456789-:TZ.+ zUTC", max_size=30))
def test_any_text_like_a_moment_is_one_or_none(text: str) -> None:
    assert clock.written(clock.read(text)) == clock.utc(text) or len(text) == 20


def test_the_first_record_that_can_be_read_counts() -> None:
    there = {
        "ccsetup_expires_at": "soon",
        "aws_expiration": "2026-01-31T18:04:05+0000",
        "expiration": "2027-01-01T00:00Z",
    }
    assert clock.recorded(there) == "2026-01-31T18:04:05Z"
    assert clock.recorded({"expires": "2026-01-31T18:04:05Z"}) == ""


@pytest.mark.parametrize(
    "key",
    ["aws_session_expiration", "aws_credential_expiration", "aws_session_token_expiration", "x_security_token_expires"],
)
@pytest.mark.parametrize("text", ["2026-01-31T18:04:05+0000", "1769882645", "1769882645000", "2026-01-31 18:04:05"])
def test_other_tools_settings_are_records(key: str, text: str) -> None:
    assert clock.recorded({"region": "us-east-2", key: text}) == "2026-01-31T18:04:05Z"


@pytest.mark.parametrize(
    "text", [None, "2099-03-01T12:00:00Z", "2099-03-01 12:00:00+0900", "Sun, 01 Mar 2099 12:00:00 GMT"]
)
def test_sdks_read_a_moment_with_a_zone(text: object) -> None:
    assert clock.is_read_by_sdks(text)


@pytest.mark.parametrize("value", ["2099-03-01T12:00:00", "", "soon", "4076049600", 4076049600, 0, False, ["Z"], {}])
def test_sdks_read_nothing_else(value: object) -> None:
    assert not clock.is_read_by_sdks(value)


@pytest.mark.parametrize(
    ("away", "shown"),
    [
        (timedelta(minutes=5), "%H:%M"),
        (timedelta(days=3), "%a %H:%M"),
        (timedelta(days=-3), "%Y-%m-%d %H:%M"),
        (timedelta(days=40), "%Y-%m-%d %H:%M"),
        (timedelta(days=400), "%Y-%m-%d"),
    ],
)
def test_a_person_reads_it_by_their_own_clock(away: timedelta, shown: str) -> None:
    now = datetime(2026, 6, 15, 12, 0).astimezone()
    at = now + away
    assert clock.local(at, now) == at.strftime(shown)
    assert clock.local(clock.written(at), clock.written(now)) == at.strftime(shown)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("text", ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-28T23:59:59Z"])
@pytest.mark.skipif(not hasattr(time, "tzset"), reason="POSIX time zones")
def test_the_first_and_the_last_moment_are_shown_in_every_zone(
    monkeypatch: pytest.MonkeyPatch, zone: str, text: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert clock.local(clock.utc(text), clock.now())
        assert clock.when(clock.utc(text), clock.now())
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_usual_format_is_read_at_once_on_every_day_but_a_leap_day() -> None:
    for month in range(14):
        for day in range(33):
            text = f"2028-{month:02}-{day:02}T18:04:05Z"
            try:
                at = datetime(2028, month, day, 18, 4, 5, tzinfo=timezone.utc)
            except ValueError:
                at = None
            assert clock.read(text) == at
            assert clock._is_plain(text) == (at is not None and (month, day) != (2, 29))
