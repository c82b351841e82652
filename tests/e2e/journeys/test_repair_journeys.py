"""A clone that worked yesterday and is broken today works again when nothing is done but what the program prints."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import pytest
from repair_driver import Walk, commands_in, follow
from repair_journeys import JOURNEYS, Journey
from repair_world import WAYS_IN, World, Yesterdays, clones_in, difference


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yesterdays]:
    """The worlds of the ways in; each is made once."""
    made = Yesterdays(tmp_path_factory.mktemp("yesterday"))
    yield made
    made.stop()


def cases() -> list[object]:
    """Return the journeys by way in, since the world of each is made once; those that fail are marked."""
    order = sorted(JOURNEYS, key=lambda it: list(WAYS_IN).index(it.way))
    return [pytest.param(it, id=it.name, marks=marks(it)) for it in order]


def marks(it: Journey) -> list[pytest.MarkDecorator]:
    """Return what pytest is to do with a journey."""
    found = [pytest.mark.xfail(strict=True, reason=it.fails)] if it.fails else []
    return [*found, *([pytest.mark.long] if it.more else [])]


@pytest.mark.slow
@pytest.mark.parametrize("journey", cases())
def test_a_journey_ends_cleanly(journey: Journey, yesterday: Yesterdays) -> None:
    world = yesterday(journey.way)
    before = world.settings()
    for broken in journey.breaks:
        broken(world)
    walk = follow(world)
    if journey.asks:
        assert walk.stuck, walk.story
        assert not [it for it in journey.asks if it not in " ".join(walk.story.split())], walk.story
        unharmed(world, before, walk)
        return
    assert not walk.stuck, f"{walk.stuck}\n{walk.story}"
    unharmed(world, before, walk)
    assert len(walk.pasted) == journey.commands, (walk.pasted, walk.story)


def unharmed(world: World, before: dict[str, str], walk: Walk) -> None:
    """Nothing was lost: no profile, setting, remote, or file; no clone in a clone; no command was a placeholder."""
    story = f"{walk.pasted}\n{walk.story}"
    assert "Traceback" not in walk.story, story
    assert (world.clone / "draft.txt").read_text() == "not committed yet\n"
    assert list(clones_in(world.home)) == [world.clone], story
    wanted = {_named(world, key): value for key, value in before.items()}
    lost = difference(wanted, world.settings())
    for key, (value, now) in lost.items():
        assert key in world.changed, (key, value, now, story)
        allowed = world.changed[key]
        assert not allowed or now == allowed, (key, value, now, story)


def _named(world: World, key: str) -> str:
    section, dot, name = key.partition(".")
    return world.renamed.get(section, section) + dot + name


def test_most_journeys_take_one_command_and_nearly_all_end_cleanly() -> None:
    alone = [it for it in JOURNEYS if not it.asks and not it.more]
    assert len(alone) >= 40
    assert statistics.median(it.commands for it in alone) == 1
    assert len([it for it in alone if it.fails]) * 10 <= len(alone)
    assert {it.way for it in JOURNEYS} == set(WAYS_IN)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("   → ccsetup login base", ["ccsetup login base"]),
        (" Next   ccsetup doctor --fix   repairs 1 and asks about 1", ["ccsetup doctor --fix"]),
        ("Run: unset AWS_PROFILE", ["unset AWS_PROFILE"]),
        ("no such profile. Run: ccsetup setup --profile 'a b'.", ["ccsetup setup --profile 'a b'"]),
        ("   → Turn it off: git config credential.helper '', or ask", ["git config credential.helper ''"]),
        ("   git fails with a 403 error.", []),
        ("fatal: git-remote-codecommit: not found", []),
        (" ✓ wrote     ~/.aws/config  [profile prod]     undo: ccsetup undo", []),
    ],
)
def test_commands_are_found_where_a_person_sees_them(line: str, found: list[str]) -> None:
    assert commands_in(line) == found
