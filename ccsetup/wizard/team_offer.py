"""Reads a team file: where it came from, what it contains, and the lines that show what it would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ccsetup import access
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Missing, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import MACHINE, Asked, Choice, Value
from ccsetup.core.profile_chain import names_program
from ccsetup.core.program_keys import not_run
from ccsetup.team import file as team_file
from ccsetup.team import rules, ways
from ccsetup.team.contents import Entry, Place, Team
from ccsetup.team.lines import Fault
from ccsetup.wizard import team_offer
from ccsetup.wizard.options import Options

SHOWN = 12  # how many repositories are listed individually
_FACTS = ("sso_start_url", "sso_account_id", "sso_role_name", "role_arn", "source_profile", "web_identity_token_file",
          "mfa_serial", "federated_name", "policy")  # fmt: skip


class Received(NamedTuple):
    """A team file, where it came from (`origin` for display, `source` as given), and the corrections to it."""

    team: Team
    origin: str
    source: str
    mended: tuple[Fault, ...] = ()


def received(context: Context, source: str) -> Received:
    """Read a team file from a path or an https address. Raises Problem before anything is written."""
    if "://" not in source:
        found, origin = team_file.read(_at_home(context, source)), f"the file {source}"
    else:
        with context.screen.busy("Fetching the team file"):
            sent = context.web.fetch(source, team_file.MOST_BYTES)
        found, origin = team_file.read(team_file.decoded(sent.content)), " via ".join(reversed(sent.hosts))
    return Received(found.team, origin, source, found.mended)


def _at_home(context: Context, source: str) -> str:
    """Return the text of a local file. It is read as bytes, since PowerShell on Windows writes UTF-16."""
    if (context.cwd / source).is_dir():
        raise Problem(
            f"{source} is a folder, not a team file.",
            next="Specify the team file in that folder.",
            code="input.invalid",
        )
    text = context.files.seen(Path(source))
    text = context.files.text(Path(source)) if text is None else text
    return team_file.decoded(text.encode("utf-8", "surrogateescape"))


def show(context: Context, found: Received, entries: Sequence[Entry], places: Sequence[Place]) -> None:
    """Show what the file would do and who it is from."""
    rows = [("from", found.origin), ("team", found.team.name)]
    for entry in entries:
        rows.append(("access", f"{entry.label} · {described(entry)}"))
    rows += [("clones", " · ".join(_named(places)))] if places else []
    context.screen.review([], rows)
    for mended in found.mended:
        context.screen.note(f"{found.source}, {mended}")


def described(entry: Entry) -> str:
    """Describe an access by its settings, not only by its label."""
    told = entry.answers
    facts = [told[key].removeprefix(MACHINE) for key in _FACTS if told.get(key)]
    profile = [f"profile {told['profile']}"] if told.get("profile") else []
    region = [told["region"]] if told.get("region") else []
    return " · ".join([access.of(entry.kind).name, *facts, *region, *profile])


def _named(places: Sequence[Place]) -> Iterator[str]:
    for place in places[:SHOWN]:
        yield f"{place.repo}{f' into {place.folder}' if place.folder != place.repo else ''}"
    if len(places) > SHOWN:
        yield f"and {len(places) - SHOWN} more"


def inside(context: Context, place: Place) -> Path:
    """Return a repository's folder below the current one. Raises Problem if a link leads outside of it."""
    here = context.cwd.absolute()
    folder = here / place.folder
    if not folder.resolve().is_relative_to(here.resolve()):
        raise Problem(
            f"{place.folder} is outside {here} because of a symbolic link.",
            next="Run the command in an empty folder.",
            code="input.invalid",
        )
    return folder


def let_run(context: Context, entry: Entry, look: Look, yes: bool) -> None:
    """Make sure that the user allows the program of an existing profile that the file names to run.

    A file must not decide which program runs. Raises Problem if the user can't be asked or declines.
    """
    key = "profile" if entry.kind == "existing" else "source_profile"
    name = entry.answers.get(key, "")
    if key in look.given or not names_program(look.profiles, name):
        return
    question = f"The team file uses your profile {name}, which gets credentials from a program. Run the program?"
    asked = Asked("programs", question, "confirm", default="no")
    if yes or context.prompt is None or context.prompt.ask(asked) != "yes":
        raise not_run(name, f"--{key.replace('_', '-')} {quote(name)}")


def places_of(found: Received, clones: Mapping[str, Value]) -> list[Place]:
    """Return the repositories to clone: the file's, or the one that a flag names."""
    places = list(found.team.repositories)
    if clones.get("no_clone") == "yes":
        return []
    if "repo" in clones:
        name = rules.repository(str(clones["repo"]))
        called = [place for place in places if place.name == name]
        places = called or [place for place in places if place.repo == name] or [Place(name)]
    if len(places) != 1 and (flags := [f"--{key}" for key in ("branch", "directory") if key in clones]):
        raise BadAnswer(
            f"You can use {' and '.join(flags)} with only one repository.",
            next="Specify the repository, for example: --repo MySharedDemoRepo",
        )
    return places


def chosen_of(context: Context, found: Received, places: Sequence[Place], options: Options, named: str) -> Entry | None:
    """Return the way in of this person, None if each repository names its own access and nothing is to be chosen."""
    team, kind = found.team, str(options.given.get("kind", ""))
    entries = team.entries
    if not team.by_access and places and all(place.accesses for place in places) and not named and not kind:
        return None
    fitting = [it for it in entries if (not named or it.name == named) and (not kind or it.kind == kind)]
    if not fitting:
        offered = ", ".join(f"{it.name} ({it.kind})" for it in entries)
        raise BadAnswer(
            f"The team file doesn't include that kind of access. Available: {offered}.",
            next=f"Choose one of them, for example: --access {entries[0].name}",
        )
    offered_of = team if team.by_access else team._replace(repositories=tuple(places))
    fitting = [it for it in ways.offered(offered_of) if it in fitting] or fitting
    if "repo" in options.given:
        fitting = [it for it in fitting if ways.reached(team, it, places)] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if context.prompt is None or options.yes:
        if fitting[0].name == "default":
            return fitting[0]
        listed = ", ".join(f"{it.name} ({it.label})" for it in fitting)
        raise Missing(
            "Missing: --access.", next=f"Available: {listed}. Choose one, for example: --access {fitting[0].name}"
        )
    choices = tuple(Choice(it.name, it.label, team_offer.described(it)) for it in fitting)
    answer = context.prompt.ask(
        Asked("access", "Which access do you want to use?", "choose", choices=choices, default=fitting[0].name)
    )
    return next((it for it in fitting if it.name == answer), fitting[0])


def reached(context: Context, found: Received, chosen: Entry | None, places: Sequence[Place]) -> list[Place]:
    """Return the repositories that a way in reaches, each with its access. The others are named. Raises BadAnswer."""
    by = ways.reached(found.team, chosen, places)
    left = [place for place in places if place.name not in by]
    labels = {it.name: it.label for it in found.team.entries}
    others = ", ".join(dict.fromkeys(f"{it} ({labels[it]})" for place in left for it in place.accesses))
    names = ", ".join(place.name for place in left)
    if left and chosen and not by:
        raise BadAnswer(
            f"The access {chosen.name} ({chosen.label}) doesn't reach {names}.",
            next=f"Use another access. Available: {others}. For example: --access {left[0].accesses[0]}",
        )
    if left:
        context.screen.note(
            f"Your access doesn't reach {names}. To choose another, add --access NAME. Available: {others}"
        )
    return [place._replace(access=by[place.name]) for place in places if place.name in by]


def needed_for(found: Received, chosen: Entry | None, places: Sequence[Place]) -> list[Entry]:
    """Return the accesses in the order of their setup. The source of another access comes first."""
    by_name = {entry.name: entry for entry in found.team.entries}
    by_profile = {it.answers["profile"]: it for it in found.team.entries if it.answers.get("profile")}
    wanted = [*([chosen] if chosen else []), *(by_name[place.access] for place in places if place.access)]
    found_: list[Entry] = []

    def add(entry: Entry, seen: tuple[str, ...]) -> None:
        source = by_profile.get(entry.answers.get("source_profile", ""))
        if source and source.name not in seen:
            add(source, (*seen, entry.name))
        if entry not in found_:
            found_.append(entry)

    for entry in wanted:
        add(entry, (entry.name,))
    return found_
