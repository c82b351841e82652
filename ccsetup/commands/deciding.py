"""The two decisions that are the person's: whether to go ahead, and what to do when a check failed."""

from __future__ import annotations

from ccsetup.errors import Cancelled, Missing
from ccsetup.model import Asked, Back, Choice, Secret
from ccsetup.talk import Trail, Walk
from ccsetup.world import World

GO, CHANGE, KEEP, PUT_BACK = "go", "change", "keep", "put back"


def decide(world: World) -> bool:
    """Ask at the review: True to go ahead, False to change an answer. Raises Cancelled, and Missing with nobody there."""
    if world.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to write this, or --dry-run to only look at it.")
    choices = (
        Choice(GO, "Yes, go ahead"),
        Choice(CHANGE, "Change an answer"),
        Choice("cancel", "Cancel", "nothing is written"),
    )
    asked = Asked("review", "Write this?", "choose", choices=choices, default=GO)
    answer = world.prompt.ask(asked)
    if answer == "cancel":
        raise Cancelled
    return answer == GO


def keep_or_not(world: World, written: bool, yes: bool) -> str:
    """Ask what becomes of a profile that failed a check; with nobody to ask it is put back."""
    if world.prompt is None or yes:
        return PUT_BACK
    back = "Put everything back" if written else "Leave it"
    choices = [Choice(CHANGE, "Change an answer", "and try again"), Choice(PUT_BACK, back)]
    if written:
        choices.append(Choice(KEEP, "Keep the profile all the same"))
    answer = world.prompt.ask(Asked("failed", "What now?", "choose", choices=tuple(choices), default=CHANGE))
    return CHANGE if isinstance(answer, Back) else str(answer)


def change_an_answer(world: World, walk: Walk, trail: Trail) -> Trail:
    """Let the person pick an answer and give another; the answers that were made from it are asked again."""
    assert world.prompt is not None  # noqa: S101 — only a person can have chosen this
    titles = {q.key: q.title or q.ask for q in walk.flow(trail.answers)}
    choices = tuple(Choice(key, titles[key], _shown(value)) for key, value in trail.answers.items())
    last = next((key for key in reversed(trail.answers) if key in trail.asked), "")
    picked = world.prompt.ask(Asked("change", "Which answer?", "choose", choices=choices, default=last))
    return trail if isinstance(picked, Back) else walk.run(trail, again=str(picked))


def _shown(value: str | Secret) -> str:
    return str(value) or "–"
