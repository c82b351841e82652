"""Clones an address: finds a profile and region that can read it, then runs git. AWS files are only read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ccsetup import access
from ccsetup.core import regions
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context, sign_in_of, signs_for
from ccsetup.core.errors import Elsewhere, NoRepository, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Expected, Plan, Repository, Who
from ccsetup.core.profile_chain import names_program
from ccsetup.core.program_keys import not_run
from ccsetup.core.result import Outcome
from ccsetup.git import address
from ccsetup.git.transport import Way
from ccsetup.wizard import after_clone, checkout, find_dialogue, next_step
from ccsetup.wizard import find_dialogue as dialogue
from ccsetup.wizard.clone_request import Wish, way
from ccsetup.wizard.find_repository import Place
from ccsetup.wizard.verify import Claim, Kept, prove, route, sign_in


def reach(context: Context, look: Look, wish: Wish) -> Outcome | None:
    """Find the repository and clone it. The outcome contains a Problem if a check failed.

    Returns None if the user wants to set up access first.
    """
    folder = checkout.folder_of(context, wish.target)
    if not wish.print_url and checkout.is_this_clone(context, folder, wish.target, wish.flags):
        wish = _as_it_is(context, look, wish, folder)
    kept = Kept(context)
    place = dialogue.seek(context, look, wish, kept)
    if place is None:
        return None
    if place.instead:
        return reach(context, look, wish._replace(repo=place.instead, target=wish.target._replace(name=place.instead)))
    if wish.print_url:
        return addresses(context, look, wish, place, kept)
    while True:
        claim = _claim(context, look, wish, place)
        try:
            return _carried_out(context, look, wish, claim, folder, kept)
        except Elsewhere as refused:
            place = dialogue.other_region(context, wish, place, refused)
        except NoRepository:
            if not wish.create or wish.dry_run:
                raise
            find_dialogue.create(context, wish, place)


def _as_it_is(context: Context, look: Look, wish: Wish, folder: Path) -> Wish:
    """Return the request, completed with the profile, region and transport of an existing clone."""
    profile, region, via = checkout.goes(context, folder)
    if profile != wish.profile and names_program(look.profiles, profile):  # a folder must not decide which program runs
        _agreed(context, wish, folder, profile)
    if wish.profile or profile not in look.profiles:
        return wish
    target = wish.target._replace(region=wish.target.region or region)
    return wish._replace(profile=profile, target=target, via=wish.via or via)


def _agreed(context: Context, wish: Wish, folder: Path, profile: str) -> None:
    """Ask whether the program of the clone's profile may run, unless another profile replaces it.

    Raises Problem if the user declines or can't be asked.
    """
    there = not wish.yes and context.prompt is not None
    question = f"This clone uses the profile {profile}, which gets credentials from a program. Run the program?"
    if there and (wish.profile or dialogue.agrees(context, wish, question)):
        return
    context.screen.note(f"{checkout.shown(context, folder)} uses the profile {profile}.")
    raise not_run(profile, f"ccsetup clone {quote(wish.repo)} --profile {quote(profile)}")


def _claim(context: Context, look: Look, wish: Wish, place: Place) -> Claim:
    via, helper = way(context, look, wish, place.profile)
    target = wish.target._replace(region=place.region)
    start = sign_in_of(look.who(place.profile, place.region), place.profile)
    host = wish.host if wish.target.region == place.region else ""
    expected = Expected(target.account_id)
    kind = access.owner(look.profiles[place.profile])
    alone = kind is None or kind.name != "machine"
    there = look.profiles[place.profile]
    fips, dualstack = regions.wants_fips(context.env, there), regions.wants_dualstack(context.env, there)
    way_there = Way(via, helper, host, fips, dualstack)
    claim = Claim(place.profile, place.region, start, expected, target, target.branch, way_there, alone, place.chosen)
    return replace(claim, signs_for=signs_for(look.who(place.profile, place.region), place.profile))


def _carried_out(context: Context, look: Look, wish: Wish, claim: Claim, folder: Path, kept: Kept) -> Outcome:
    kind = access.owner(look.profiles[claim.profile])
    outcome = Outcome(kind.name if kind else "", claim.profile, claim.region)
    git = checkout.finding_git(context, claim.way)
    checkout.is_this_clone(context, folder, claim.target, wish._replace(profile=claim.profile).flags)
    if wish.dry_run:
        from ccsetup.wizard import review  # with what edits AWS files, which a clone leaves alone

        review.review(context, Plan(claim.profile, claim.region), claim, folder)
        return outcome
    person = None if wish.yes else context.prompt
    with git.early(route(context, claim), folder, claim.branch) as early:
        outcome = prove(context, claim, kept, git, outcome, early)
        named = None if person is None or folder.exists() else after_clone.ask_person(context, git, outcome, person)
        cloned = checkout.clone(context, git, claim, folder, person, outcome.default_branch, early)
    outcome = after_clone.settle(context, git, claim, outcome.with_clone(cloned), named)
    if not cloned.problem:
        next_step.tell(context, folder, claim, look.profiles[claim.profile])
    return outcome


def addresses(context: Context, look: Look, wish: Wish, place: Place, kept: Kept) -> Outcome:
    """Print a repository's addresses on stdout, one per line, and add them to the JSON document."""
    repository = _repository(context, look, wish, place, kept)
    name, region = repository.name, repository.region
    host = context.env.get("CODE_COMMIT_ENDPOINT") or wish.host
    fips = regions.wants_fips(context.env, look.profiles.get(place.profile, {}))
    profile = place.profile if address.takes_profile(place.profile) else ""
    urls = {
        "codecommit": address.codecommit_url(name, region, profile),
        "https": address.https_url(region, name, host, fips=fips),
        "ssh": address.ssh_url(region, name),
        "arn": address.arn(region, repository.account_id, name) if repository.account_id else "",
        "console": address.console_url(region, name),
    }
    urls = {form: url for form, url in urls.items() if url}
    context.screen.output("\n".join(f"{form:<11}{url}" for form, url in urls.items()))
    return replace(Outcome(profile=place.profile, region=region, repository=repository), urls=urls)


def _repository(context: Context, look: Look, wish: Wish, place: Place, kept: Kept) -> Repository:
    if place.account_id:
        return Repository(wish.target.name, place.region, place.account_id)
    start = sign_in_of(look.who(place.profile, place.region), place.profile)
    if start:
        sign_in(context, start)
    try:
        with context.screen.busy(f"Looking for {wish.target.name} in {place.region}"):
            who = Who(place.profile, place.region, chosen=place.chosen)
            return context.aws.repository(who, wish.target.name)
    except NoRepository:
        raise
    except Problem as refused:
        context.screen.note(f"{refused.what} The ARN isn't listed because the account is unknown.")
        return Repository(wish.target.name, place.region, wish.target.account_id)
