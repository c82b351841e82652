"""address → which profile and region can read it → git → a clone; the AWS files are only read."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from ccsetup import access
from ccsetup.core.context import World
from ccsetup.core.errors import Elsewhere, NoRepository, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Expected, Plan, Repository, Who
from ccsetup.core.profile_chain import names_program
from ccsetup.core.program_keys import not_run
from ccsetup.core.result import Outcome
from ccsetup.git import address
from ccsetup.git.transport import Way
from ccsetup.wizard import after_clone, apply, checkout, find_dialogue, review
from ccsetup.wizard import find_dialogue as seeking
from ccsetup.wizard.clone_request import Wish, way
from ccsetup.wizard.find_repository import Place
from ccsetup.wizard.verify import Claim, Kept, prove, sign_in


def reach(world: World, look: Look, wish: Wish) -> Outcome | None:
    """Find the repository and clone it; the outcome holds a Problem when a check failed.

    None: the person would rather set up access first.
    """
    folder = checkout.folder_of(world, wish.target)
    if not wish.print_url and checkout.is_this_clone(world, folder, wish.target):
        wish = _as_it_is(world, look, wish, folder)
    kept = Kept(world)
    place = seeking.seek(world, look, wish, kept)
    if place is None:
        return None
    if place.instead:
        return reach(world, look, wish._replace(repo=place.instead, target=wish.target._replace(name=place.instead)))
    if wish.print_url:
        return addresses(world, look, wish, place, kept)
    while True:
        claim = _claim(world, look, wish, place)
        try:
            return _carried_out(world, look, wish, claim, folder, kept)
        except Elsewhere as refused:
            place = seeking.other_region(world, wish, place, refused)
        except NoRepository:
            if not wish.create or wish.dry_run:
                raise
            find_dialogue.create(world, wish, place)


def _as_it_is(world: World, look: Look, wish: Wish, folder: Path) -> Wish:
    """Return the wish with what the clone that is there already says of its profile, its region and its way."""
    profile, region, via = checkout.goes(world, folder)
    if profile != wish.profile and names_program(look.profiles, profile):  # a folder does not choose what is run
        _agreed(world, wish, folder, profile)
    if wish.profile or profile not in look.profiles:
        return wish
    target = wish.target._replace(region=wish.target.region or region)
    return wish._replace(profile=profile, target=target, via=wish.via or via)


def _agreed(world: World, wish: Wish, folder: Path, profile: str) -> None:
    """Ask whether the program of the clone's profile may run, unless another profile is to take its place.

    Raises Problem where that is not wanted, or nobody is there.
    """
    there = not wish.yes and world.prompt is not None
    question = f"This clone uses {profile}, which gets its keys from a program. Run that program?"
    if there and (wish.profile or seeking.agrees(world, wish, question)):
        return
    world.screen.note(f"{checkout.shown(world, folder)} uses {profile}.")
    raise not_run(profile, f"ccsetup clone {shlex.quote(wish.repo)} --profile {shlex.quote(profile)}")


def _claim(world: World, look: Look, wish: Wish, place: Place) -> Claim:
    via, helper = way(world, look, wish, place.profile)
    target = wish.target._replace(region=place.region)
    start = review.sign_in(look.who(place.profile, place.region), place.profile)
    host = wish.host if wish.target.region == place.region else ""
    expected = Expected(target.account_id)
    kind = access.owner(look.profiles[place.profile])
    alone = kind is None or kind.name != "machine"
    way_there = Way(via, helper, host)
    return Claim(place.profile, place.region, start, expected, target, target.branch, way_there, alone, place.chosen)


def _carried_out(world: World, look: Look, wish: Wish, claim: Claim, folder: Path, kept: Kept) -> Outcome:
    kind = access.owner(look.profiles[claim.profile])
    outcome = Outcome(kind.name if kind else "", claim.profile, claim.region)
    git = checkout.finding_git(world, claim.way)
    checkout.is_this_clone(world, folder, claim.target)
    if wish.dry_run:
        review.review(world, Plan(claim.profile, claim.region), claim, folder)
        return outcome
    outcome = prove(world, claim, kept, git, outcome)
    person = None if wish.yes else world.prompt
    cloned = checkout.clone(world, git, claim, folder, person, outcome.default_branch)
    outcome = after_clone.settle(world, git, claim, outcome.with_clone(cloned), person)
    if not cloned.problem:
        apply.tell_next(world, folder, claim, look.profiles[claim.profile])
    return outcome


def addresses(world: World, look: Look, wish: Wish, place: Place, kept: Kept) -> Outcome:
    """Print a repository's addresses on stdout, one a line, and put them into the document."""
    repository = _repository(world, look, wish, place, kept)
    name, region = repository.name, repository.region
    host = world.env.get("CODE_COMMIT_ENDPOINT") or wish.host
    profile = place.profile if address.takes_profile(place.profile) else ""
    urls = {
        "codecommit": address.codecommit_url(name, region, profile),
        "https": address.https_url(region, name, host),
        "ssh": address.ssh_url(region, name),
        "arn": address.arn(region, repository.account_id, name) if repository.account_id else "",
        "console": address.console_url(region, name),
    }
    urls = {form: url for form, url in urls.items() if url}
    world.screen.output("\n".join(f"{form:<11}{url}" for form, url in urls.items()))
    return replace(Outcome(profile=place.profile, region=region, repository=repository), urls=urls)


def _repository(world: World, look: Look, wish: Wish, place: Place, kept: Kept) -> Repository:
    if place.account_id:
        return Repository(wish.target.name, place.region, place.account_id)
    start = review.sign_in(look.who(place.profile, place.region), place.profile)
    if start:
        sign_in(world, start, kept)
    try:
        with world.screen.busy(f"Looking for {wish.target.name} in {place.region}"):
            who = Who(place.profile, place.region, chosen=place.chosen)
            return world.aws.repository(who, wish.target.name)
    except NoRepository:
        raise
    except Problem as refused:
        world.screen.note(f"{refused.what} Its account is not known, so its ARN is left out.")
        return Repository(wish.target.name, place.region, wish.target.account_id)
