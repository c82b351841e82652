"""A repository that is not there yet: where it would be, whether it shall be, and making it."""

from __future__ import annotations

from ccsetup.commands import finding
from ccsetup.commands.finding import Place, Round
from ccsetup.commands.wish import Wish
from ccsetup.core.context import World
from ccsetup.core.errors import BadAnswer, Cancelled, Missing
from ccsetup.core.lookup import Look
from ccsetup.core.model import Asked, Back, Choice, Who

_LEFT = "Cancelled. Nothing was created."
_LONGEST = 1000  # characters of a description


def place_for(world: World, look: Look, wish: Wish, asked: Round) -> Place:
    """Return whose repository it becomes: of the profiles that answered, the only one, or the one a person names."""
    names = list(dict.fromkeys(s.profile for s in asked.seen if s.refused and s.refused.code == "access.repository"))
    name = names[0] if len(names) == 1 else _whose(world, wish, names)
    region = wish.target.region or finding.own_region(look, name)
    if not region:
        raise Missing("Missing: --region.", next=f"Say where to create {wish.target.name}, such as --region us-east-2")
    return Place(name, region, chosen=asked.chosen)


def _whose(world: World, wish: Wish, names: list[str]) -> str:
    if world.prompt is None or wish.yes or not names:
        raise Missing("Missing: --profile.", next=f"Say whose {wish.target.name} shall be: {', '.join(names)}")
    choices = tuple(Choice(name, name) for name in names)
    answer = world.prompt.ask(Asked("creator", "Which profile shall create it?", "choose", choices=choices))
    if isinstance(answer, Back):
        raise Cancelled(_LEFT)
    return str(answer)


def create(world: World, wish: Wish, place: Place) -> None:
    """Make the repository, after a yes. Raises Missing where nobody can give it."""
    name = wish.target.name
    description = "" if wish.yes else _agreed(world, f"Create {name} in {place.region} with {place.profile}?", name)
    with world.screen.busy(f"Creating {name}"):
        made = world.aws.create_repository(Who(place.profile, place.region, chosen=place.chosen), name, description)
    world.screen.done("created", f"{made.name} in {made.region or place.region}", f"account {made.account_id}")


def _agreed(world: World, question: str, name: str) -> str:
    """Return the description that goes with a yes. Raises Cancelled, or Missing with nobody there."""
    if world.prompt is None:
        raise Missing(f"There is no repository {name}, and nobody to confirm its creation.", next="Add --yes.")
    if world.prompt.ask(Asked("create", question, "confirm", default="yes")) != "yes":
        raise Cancelled(_LEFT)
    told = world.prompt.ask(
        Asked(
            "description", "What is it for?", "text", help="Its description; may be empty.", parse=_short, optional=True
        )
    )
    if isinstance(told, Back):
        raise Cancelled(_LEFT)
    return str(told)


def _short(text: str) -> str:
    if len(text) > _LONGEST:
        raise BadAnswer(f"A description has at most {_LONGEST} characters.")
    return text.strip()
