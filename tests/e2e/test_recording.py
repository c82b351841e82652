"""The recorded session in examples/ is what the README tells, and what the program did."""

from __future__ import annotations

from paths import ROOT
from recording import CAST, PICTURE, picture, screens
from test_journeys import same_each_time

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_recorded_session_is_the_one_in_the_readme() -> None:
    [*_, (_, screen)] = screens(CAST.read_text(encoding="utf-8"))
    shown = [*screen.history.top, *(screen.buffer[row] for row in range(screen.lines))]
    lines = ["".join(line[column].data for column in range(screen.columns)).rstrip() for line in shown]
    told = README.split("$ ccsetup\n", 1)[1].split("\n```", 1)[0]
    assert same_each_time("\n".join(lines).split("$ ccsetup\n", 1)[1]) == same_each_time(told)


def test_the_picture_is_drawn_from_the_recording() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(CAST.read_text(encoding="utf-8"))
    assert PICTURE.stat().st_size < 60_000
