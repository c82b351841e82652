"""Every address of one repository, printed; nothing is cloned."""

from __future__ import annotations

from dataclasses import replace

from ccsetup.commands import planning
from ccsetup.commands.finding import Place
from ccsetup.commands.proof import Kept, sign_in
from ccsetup.commands.wish import Wish
from ccsetup.core.context import World
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Repository, Who
from ccsetup.core.result import Outcome
from ccsetup.git import address


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
    start = planning.sign_in(look.who(place.profile, place.region), place.profile)
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
