"""The recorded session in examples/ is what the README tells, and what the program did."""

from __future__ import annotations

import re

from messages import MARIA
from paths import ROOT
from recording import CAST, PICTURE, pasted, picture, screens
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


def test_the_picture_shows_the_message_that_is_pasted() -> None:
    assert pasted(CAST.read_text(encoding="utf-8")) == MARIA
    shown = re.sub(r"<[^>]+>", " ", PICTURE.read_text(encoding="utf-8"))
    assert " ".join(MARIA.split()) in " ".join(shown.split())
    quoted = README.partition("](examples/session.svg)")[0]
    assert " ".join(MARIA.split()) in " ".join(quoted.replace("*", "").split())


def test_the_picture_has_a_border_and_rests_for_those_who_want_no_motion() -> None:
    drawn = PICTURE.read_text(encoding="utf-8")
    assert re.search(r'<rect [^>]*stroke="#[0-9a-f]{6}"', drawn)
    still = re.search(
        r"@media \(prefers-reduced-motion:\s*reduce\)\{#film\{animation:none;transform:translateX\((-\d+)px\)", drawn
    )
    assert still
    frames = [int(it) for it in re.findall(r"translateX\((-?\d+)px\)", drawn)]
    assert int(still[1]) == min(frames)  # the last one: the repository is there
