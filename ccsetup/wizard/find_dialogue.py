"""Asks the user where needed to find a repository: which profiles to try, which region, what to do if it's missing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ccsetup.core import regions
from ccsetup.core.command_line import quote
from ccsetup.core.concurrency import within
from ccsetup.core.context import Context, Sighting, sign_in_of
from ccsetup.core.errors import BadAnswer, Cancelled, Elsewhere, Missing, NoRepository, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Asked, Back, Choice, Route, Who
from ccsetup.core.profile_chain import names_program, runs_program
from ccsetup.core.program_keys import unasked
from ccsetup.git import transport
from ccsetup.git.transport import Way
from ccsetup.wizard import checkout, find_repository
from ccsetup.wizard.clone_request import Wish
from ccsetup.wizard.engine import here
from ccsetup.wizard.find_repository import Place, Round
from ccsetup.wizard.verify import Kept, sign_in

if TYPE_CHECKING:
    from ccsetup.core.context import Git

GIT_S = 150.0  # git ends sooner by itself: each of its two commands stops after a minute
_LEFT = "Canceled. Nothing was cloned."


def seek(context: Context, look: Look, wish: Wish, kept: Kept) -> Place | None:
    """Return where to clone from, None if the user wants to set up access. Raises Problem if it isn't found."""
    if wish.profile:
        return _named(context, look, wish, kept)
    names = find_repository.candidates(context, look)
    programs = [name for name in look.profiles if name not in names and runs_program(look.profiles, name)]
    asked = find_repository.look_around(context, look, names, wish.target, kept)
    if place := _seen(context, look, wish, names, asked, kept):
        return place
    if programs and agrees(context, wish, f"Run the programs that provide credentials for {', '.join(programs)}?"):
        asked = find_repository.look_around(context, look, programs, wish.target, kept, chosen=True)
        names = [*names, *programs]
        if place := _seen(context, look, wish, programs, asked, kept):
            return place
    elif programs:
        one = f"ccsetup clone {quote(wish.target.name)} --profile {quote(programs[0])}"
        context.screen.note(f"{unasked(', '.join(programs))} To use one of them: {one}")
    if wish.create and not find_repository.silent(asked):
        return place_for(context, look, wish, asked)
    refused = find_repository.nothing(context, look, asked, wish.target, names)
    return _what_now(context, look, wish, asked, refused, kept)


def other_region(context: Context, wish: Wish, place: Place, refused: Elsewhere) -> Place:
    """Use the region in which the repository was found. If another region was given, ask first."""
    if wish.create and wish.target.region:
        create(context, wish, place)
        return place
    if wish.target.region:
        region = _offered(context, wish, refused)
    else:
        region = refused.found[0]
        if len(refused.found) > 1:
            region = _offered(context, wish, refused)
        else:
            context.screen.note(f"{refused.what} Using {region}.")
    return place._replace(region=region)


def _named(context: Context, look: Look, wish: Wish, kept: Kept) -> Place:
    region = wish.target.region or find_repository.own_region(look, wish.profile)
    if wish.target.region or region in regions.REGIONS:
        return Place(wish.profile, region, chosen=True)
    start = sign_in_of(look.who(wish.profile, ""), wish.profile)
    if start:
        sign_in(context, start)
    names = [wish.profile]
    asked = find_repository.look_around(context, look, names, wish.target, kept, chosen=True)
    if place := _seen(context, look, wish, names, asked, kept):
        return place
    if wish.create and not find_repository.silent(asked):
        return place_for(context, look, wish, asked)
    raise _refusal(asked) or find_repository.nothing(context, look, asked, wish.target, names)


def _refusal(asked: Round) -> Problem | None:
    """Return why a profile couldn't be tried, if the reason is the same in every region."""
    reasons = {s.refused.what: s.refused for s in asked.seen if s.refused}
    only = next(iter(reasons.values())) if len(reasons) == 1 else None
    return only if only and only.code != "access.repository" else None


def _seen(context: Context, look: Look, wish: Wish, names: Sequence[str], asked: Round, kept: Kept) -> Place | None:
    """Return the place to use: in the given region, in another one, or the one that only git can read."""
    target = wish.target
    if places := asked.places(target):
        return find_repository.choose(context, look, places, target.name, not wish.yes)
    if place := _by_git(context, look, asked, wish):
        return place
    if not target.region or wish.create:
        return None
    there = [name for name in names if name not in asked.later]
    elsewhere = find_repository.look_further(context, look, there, target, asked, kept)
    if not elsewhere:
        return None
    refused = Elsewhere(target.name, target.region, tuple(dict.fromkeys(place.region for place in elsewhere)))
    region = _offered(context, wish, refused)
    return find_repository.choose(
        context, look, [p for p in elsewhere if p.region == region], target.name, not wish.yes
    )


def _by_git(context: Context, look: Look, asked: Round, wish: Wish) -> Place | None:
    """Ask git itself if the API denies access, since the permission to pull is a different one."""
    if not find_repository.denied(asked) or not context.git.version():
        return None
    denied = find_repository.denied(asked)
    # git's helper would run the program that a profile names
    places = [it for it in denied if it.chosen or not names_program(look.profiles, it.profile)]
    if not places:
        return None
    way, names = Way(host=wish.host), ", ".join(dict.fromkeys(place.profile for place in places))
    try:
        git = checkout.finding_git(context, way)
    except Problem:
        return None
    routes = [transport.route(context, way, it.profile, wish.target._replace(region=it.region)) for it in places]
    with context.screen.busy(f"Trying git with {names}"):
        refusals = within(GIT_S, *(partial(_refusal_of_git, git, route) for route in routes))
    for place, refused in zip(places, refusals, strict=True):
        if refused is None:
            context.screen.done(
                "found", f"{wish.target.name} in {place.region}", f"git can read it with {place.profile}"
            )
            return place
        if refused.is_unanswered:
            asked.seen.append(Sighting(place.profile, place.region, refused=refused))
    return None


def _refusal_of_git(git: Git, route: Route) -> Problem | None:
    """Return why git can't read a repository, None if it can."""
    try:
        git.reachable(route)
    except Problem as refused:
        return refused
    return None


def agrees(context: Context, wish: Wish, question: str) -> bool:
    """Return whether the user allows programs to run."""
    if context.prompt is None or wish.yes:
        return False
    return context.prompt.ask(Asked("programs", question, "confirm", default="no")) == "yes"


def _offered(context: Context, wish: Wish, refused: Elsewhere) -> str:
    if context.prompt is None or wish.yes:
        raise refused
    context.screen.say(f" {refused.what}")
    choices = tuple(Choice(region, f"Use {region}") for region in refused.found)
    answer = context.prompt.ask(Asked("elsewhere", "Clone from another region?", "choose", choices=(*choices, _LEAVE)))
    if isinstance(answer, Back) or answer == _LEAVE.value:
        raise Cancelled(_LEFT)
    return str(answer)


_LEAVE = Choice("", "Quit")


def _what_now(context: Context, look: Look, wish: Wish, asked: Round, refused: Problem, kept: Kept) -> Place | None:
    """Offer the remaining options: sign in with another profile, or set up access."""
    if context.prompt is None or wish.yes or wish.print_url or (refused.is_unanswered and not asked.later):
        raise refused
    advice = refused.why, refused.next
    refused.why, refused.next = map(here, advice)  # the menu below offers what the commands do
    context.screen.problem(refused)
    refused.why, refused.next = advice
    near = refused.near if isinstance(refused, NoRepository) else ()
    there = [Choice(f"take {name}", f"Use {name}") for name in near]
    later = [Choice(f"use {name}", f"Sign in with {name}", why) for name, why in asked.later.items()]
    choices = (*there, *later, Choice("setup", "Set up access", "the same as ccsetup setup"), _LEAVE)
    answer = context.prompt.ask(
        Asked("nothing", "What do you want to do?", "choose", choices=choices, default=choices[0].value)
    )
    if answer == "setup":
        return None
    if isinstance(answer, Back) or not answer:
        raise Cancelled(_LEFT)
    what, _, name = str(answer).partition(" ")
    if what == "take":
        return Place("", "", instead=name)
    return _named(context, look, wish._replace(profile=name), kept)


_NOT_CREATED = "Canceled. Nothing was created."


_LONGEST = 1000  # the longest description, in characters


def place_for(context: Context, look: Look, wish: Wish, asked: Round) -> Place:
    """Return the profile that creates the repository: the only one that works, or the one that the user chooses."""
    names = list(dict.fromkeys(s.profile for s in asked.seen if s.refused and s.refused.code == "access.repository"))
    name = names[0] if len(names) == 1 else _whose(context, wish, names)
    region = wish.target.region or find_repository.own_region(look, name)
    if not region:
        raise Missing(
            "Missing: --region.",
            next=f"Add the region for the new repository {wish.target.name}, for example, --region us-east-2",
        )
    return Place(name, region, chosen=asked.chosen)


def _whose(context: Context, wish: Wish, names: list[str]) -> str:
    if context.prompt is None or wish.yes or not names:
        raise Missing(
            "Missing: --profile.",
            next=f"Add the profile that should create {wish.target.name}. Available profiles: {', '.join(names)}",
        )
    choices = tuple(Choice(name, name) for name in names)
    answer = context.prompt.ask(
        Asked("creator", "Which profile should create the repository?", "choose", choices=choices)
    )
    if isinstance(answer, Back):
        raise Cancelled(_NOT_CREATED)
    return str(answer)


def create(context: Context, wish: Wish, place: Place) -> None:
    """Create the repository after confirmation. Raises Missing if it can't be confirmed."""
    name = wish.target.name
    description = "" if wish.yes else _agreed(context, f"Create {name} in {place.region} with {place.profile}?", name)
    with context.screen.busy(f"Creating {name}"):
        made = context.aws.create_repository(Who(place.profile, place.region, chosen=place.chosen), name, description)
    context.screen.done("created", f"{made.name} in {made.region or place.region}", f"account {made.account_id}")


def _agreed(context: Context, question: str, name: str) -> str:
    """Ask for confirmation and return the description. Raises Cancelled, or Missing without a prompt."""
    if context.prompt is None:
        raise Missing(
            f"The repository {name} doesn't exist, and creating it requires confirmation.",
            next="To confirm, add --yes.",
        )
    if context.prompt.ask(Asked("create", question, "confirm", default="yes")) != "yes":
        raise Cancelled(_NOT_CREATED)
    told = context.prompt.ask(
        Asked(
            "description",
            "Description (optional)",
            "text",
            help="What the repository is for.",
            parse=_short,
            optional=True,
        )
    )
    if isinstance(told, Back):
        raise Cancelled(_NOT_CREATED)
    return str(told)


def _short(text: str) -> str:
    if len(text) > _LONGEST:
        raise BadAnswer(f"A repository description can have at most {_LONGEST} characters. This one has {len(text)}.")
    return text.strip()
