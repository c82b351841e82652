"""address → which profile and region can read it → git → a clone; the AWS files are only read."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ccsetup import access
from ccsetup.commands import carrying, cloning, creating, planning, printing, seeking, settling, setup
from ccsetup.commands.finding import Place
from ccsetup.commands.flags import signing_in
from ccsetup.commands.options import Options
from ccsetup.commands.outcome import Outcome
from ccsetup.commands.proof import Claim, Kept, prove, route
from ccsetup.commands.report import Report
from ccsetup.commands.ways import Way
from ccsetup.commands.wish import Wish, way, wish_of
from ccsetup.errors import Elsewhere, NoRepository
from ccsetup.look import Look
from ccsetup.model import Expected, Plan
from ccsetup.transport import VIA, WHOSE
from ccsetup.world import World

ABOUT = "Clone a repository with whichever profile here can read it."
USAGE = "ADDRESS [DIR] [flags]"
EXAMPLE = "ccsetup clone MySharedDemoRepo"


def flags(parser: ArgumentParser) -> None:
    """Add the clone's own flags."""
    parser.add_argument("address", metavar="ADDRESS", help="a name, any clone address, an ARN or a console URL")
    parser.add_argument("directory", metavar="DIR", nargs="?", help="the folder; the repository's name when absent")
    parser.add_argument("--profile", metavar="…", help="the profile to use; those that could work are tried if absent")
    parser.add_argument("--region", metavar="…", help="the region to look in, such as us-east-2")
    parser.add_argument("--branch", metavar="…", help="the branch to check out; the default branch when absent")
    parser.add_argument("--via", metavar="…", help=VIA.help)
    parser.add_argument("--helper", metavar="…", help=WHOSE.help)
    parser.add_argument("--create", action="store_true", help="make the repository where it is not there")
    parser.add_argument("--print-url", action="store_true", help="print its addresses, clone nothing")
    signing_in(parser)


def main(options: Namespace, world_of: Callable[[], World]) -> Report:
    """Run the story as the command line wants it."""
    world = world_of()
    look = setup.looking(world, Options(given={}, yes=options.yes, dry_run=options.dry_run))
    wish = wish_of(options, world, look)
    return run(world, look, wish).report()


def run(world: World, look: Look, wish: Wish) -> Outcome:
    """Find the repository and clone it; the outcome holds a Problem when a check failed."""
    folder = cloning.folder_of(world, wish.target)
    if not wish.print_url and cloning.is_this_clone(world, folder, wish.target):
        wish = _as_it_is(world, look, wish, folder)
    kept = Kept(world)
    place = seeking.seek(world, look, wish, kept)
    if place is None:
        return setup.run(world, Options(wish.given()))
    if wish.print_url:
        return printing.addresses(world, look, wish, place, kept)
    while True:
        claim = _claim(world, look, wish, place)
        try:
            return _carried_out(world, look, wish, claim, folder, kept)
        except Elsewhere as refused:
            place = seeking.other_region(world, wish, place, refused)
        except NoRepository:
            if not wish.create or wish.dry_run:
                raise
            creating.create(world, wish, place)


def _as_it_is(world: World, look: Look, wish: Wish, folder: Path) -> Wish:
    """Return the wish with what the clone that is there already says of its profile, its region and its way."""
    profile, region, via = cloning.goes(world, folder)
    if wish.profile or profile not in look.profiles:
        return wish
    target = wish.target._replace(region=wish.target.region or region)
    return wish._replace(profile=profile, target=target, via=wish.via or via)


def _claim(world: World, look: Look, wish: Wish, place: Place) -> Claim:
    via, helper = way(world, look, wish, place.profile)
    target = wish.target._replace(region=place.region)
    start = planning.sign_in(look.who(place.profile, place.region), place.profile)
    host = wish.host if wish.target.region == place.region else ""
    expected = Expected(target.account_id)
    kind = access.owner(look.profiles[place.profile])
    alone = kind is None or kind.name != "machine"
    way_there = Way(via, helper, host)
    return Claim(place.profile, place.region, start, expected, target, target.branch, way_there, alone)


def _carried_out(world: World, look: Look, wish: Wish, claim: Claim, folder: Path, kept: Kept) -> Outcome:
    kind = access.owner(look.profiles[claim.profile])
    outcome = Outcome(kind.name if kind else "", claim.profile, claim.region)
    git = cloning.finding_git(world, claim.way)
    cloning.is_this_clone(world, folder, claim.target)
    if wish.dry_run:
        planning.review(world, Plan(claim.profile, claim.region), claim, folder)
        return outcome
    outcome = prove(world, claim, kept, git, outcome)
    person = None if wish.yes else world.prompt
    cloned = cloning.clone(world, git, route(world, claim), folder, claim.branch, claim.target, person)
    outcome = settling.settle(world, git, claim, replace(outcome, cloned=cloned), person)
    carrying.tell_next(world, folder, claim, look.profiles[claim.profile])
    return outcome
