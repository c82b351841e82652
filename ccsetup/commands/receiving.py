"""A team file taken in: where it came from, what it says, and the lines that show what it would do."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ccsetup import access
from ccsetup.access.source_profile import MACHINE, names_program, not_run
from ccsetup.core.context import World
from ccsetup.core.errors import Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Asked
from ccsetup.team import file as team
from ccsetup.team.file import Entry, Place, Team
from ccsetup.team.lines import Fault

SHOWN = 12  # repositories that are named one by one
_FACTS = ("sso_start_url", "sso_account_id", "sso_role_name", "role_arn", "source_profile", "web_identity_token_file",
          "mfa_serial", "federated_name", "policy")  # fmt: skip


class Received(NamedTuple):
    """A team file and where it came from: `origin` for people, `source` as it was given; and what was mended in it."""

    team: Team
    origin: str
    source: str
    mended: tuple[Fault, ...] = ()


def received(world: World, source: str) -> Received:
    """Read a team file: a file here, or what is at an https address. Raises Problem; nothing has been written then."""
    if "://" not in source:
        found, origin = team.read(_at_home(world, source)), f"the file {source}"
    else:
        with world.screen.busy("Fetching the team file"):
            sent = world.web.fetch(source, team.MOST_BYTES)
        found, origin = team.read(team.decoded(sent.content)), " by way of ".join(reversed(sent.hosts))
    return Received(found.team, origin, source, found.mended)


def _at_home(world: World, source: str) -> str:
    """Return the text of a file here; Windows' PowerShell writes them in UTF-16, so the bytes are what counts."""
    if (world.cwd / source).is_dir():
        raise Problem(
            f"{source} is a folder, and a team file is wanted.", next="Name the file in it.", code="input.invalid"
        )
    text = world.files.seen(Path(source))
    text = world.files.text(Path(source)) if text is None else text
    return team.decoded(text.encode("utf-8", "surrogateescape"))


def show(world: World, found: Received, entries: Sequence[Entry], places: Sequence[Place]) -> None:
    """Show what the file would do, and whose it is."""
    rows = [("from", found.origin), ("team", found.team.name)]
    for entry in entries:
        rows.append(("access", f"{entry.label} · {described(entry)}"))
    rows += [("clones", " · ".join(_named(places)))] if places else []
    world.screen.review([], rows)
    for mended in found.mended:
        world.screen.note(f"{found.source}, {mended}")


def described(entry: Entry) -> str:
    """Say what an access is, by what it says and not by its label alone."""
    told = entry.answers
    facts = [told[key].removeprefix(MACHINE) for key in _FACTS if told.get(key)]
    profile = [f"profile {told['profile']}"] if told.get("profile") else []
    region = [told["region"]] if told.get("region") else []
    return " · ".join([access.of(entry.kind).name, *facts, *region, *profile])


def _named(places: Sequence[Place]) -> Iterator[str]:
    for place in places[:SHOWN]:
        yield f"{place.name}{f' into {place.folder}' if place.folder != place.name else ''}"
    if len(places) > SHOWN:
        yield f"and {len(places) - SHOWN} more"


def inside(world: World, place: Place) -> Path:
    """Return the folder of a repository, below the one that one is in. Raises Problem where a link leads out of it."""
    here = world.cwd.absolute()
    folder = here / place.folder
    if not folder.resolve().is_relative_to(here.resolve()):
        raise Problem(
            f"{place.folder} leads out of {here}, by a link that is there.",
            next="Go to an empty folder and run it there.",
            code="input.invalid",
        )
    return folder


def let_run(world: World, entry: Entry, look: Look, yes: bool) -> None:
    """See that a person lets a program run which stands behind a profile of this machine that the file names.

    A file does not choose what is run. Raises Problem where nobody is asked, or the answer is no.
    """
    key = "profile" if entry.kind == "existing" else "source_profile"
    name = entry.answers.get(key, "")
    if key in look.given or not names_program(look.profiles, name):
        return
    question = f"The file uses your profile {name}, which gets its keys from a program. Run that program?"
    asked = Asked("programs", question, "confirm", default="no")
    if yes or world.prompt is None or world.prompt.ask(asked) != "yes":
        raise not_run(name, f"--{key.replace('_', '-')} {shlex.quote(name)}")
