"""Finds a profile that can see a repository: tries all suitable profiles at once and picks one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import NamedTuple

from ccsetup import access
from ccsetup.core import clock, limits, profile_partition, regions
from ccsetup.core.command_line import quote
from ccsetup.core.concurrency import within
from ccsetup.core.context import Context, Sighting, sign_in_of
from ccsetup.core.errors import ENDED, Cancelled, Missing, NoRepository, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Asked, Back, Choice, Target, Who
from ccsetup.core.profile_chain import chain, runs_program
from ccsetup.core.profile_kind import is_temporary
from ccsetup.core.text import did_you_mean, nearest
from ccsetup.git import address
from ccsetup.wizard.verify import Kept

_NEVER = datetime.max.replace(tzinfo=timezone.utc)
_LOGINS = 3  # sign-ins that are suggested
_GIT_ASKED = 8  # how many profiles to try with git itself if the API denies access


class Place(NamedTuple):
    """Where a repository was found: profile, region and account ("" if only git can read it).

    `instead` is the repository to use if the name was a different one. `chosen`: the user chose the profile.
    """

    profile: str
    region: str
    account_id: str = ""
    instead: str = ""
    chosen: bool = False


@dataclass
class Round:
    """What was tried so far: every result, and the profiles that can be tried after signing in.

    `chosen`: the user chose the profiles that are tried, so their programs may run.
    """

    chosen: bool = False
    seen: list[Sighting] = field(default_factory=list)
    later: dict[str, str] = field(default_factory=dict)

    def places(self, target: Target) -> list[Place]:
        """Return where the repository was found, in the requested account."""
        found = [s for s in self.seen if s.repository and target.account_id in ("", s.repository.account_id)]
        return [Place(s.profile, s.region, s.repository.account_id, "", self.chosen) for s in found if s.repository]


def candidates(context: Context, look: Look) -> list[str]:
    """Return the profiles that can be tried: those with their own credentials that don't come from a program."""
    names = [name for name in look.profiles if _may_ask(context, look, name)]
    return [name for name in names if not runs_program(look.profiles, name)]


def _may_ask(context: Context, look: Look, name: str) -> bool:
    kind = access.owner(look.profiles[name])
    return kind is not None and (kind.name != "machine" or bool(context.aws.machine()))


def own_region(look: Look, name: str) -> str:
    """Return the region of a profile, else of the environment, "" if there is none."""
    near_by = [there.get("region", "") for there in chain(look.profiles, name)]
    near_by += [look.env.get("AWS_REGION", ""), look.env.get("AWS_DEFAULT_REGION", "")]
    return profile_partition.region_in(profile_partition.told(look.profiles, look.sessions, name), near_by)


def look_around(
    context: Context, look: Look, names: Sequence[str], target: Target, kept: Kept, chosen: bool = False
) -> Round:
    """Try every profile: in the given region, or else first in its own region, then in all of its partition."""
    asked = Round(chosen)
    if target.region:
        _ask(context, look, [(name, target.region) for name in names], target, asked, kept)
        return asked
    own = [(name, region) for name in names if (region := own_region(look, name))]
    _ask(context, look, own, target, asked, kept)
    if not asked.places(target):
        _ask(context, look, elsewhere(look, names, asked), target, asked, kept)
    return asked


def look_further(
    context: Context, look: Look, names: Sequence[str], target: Target, asked: Round, kept: Kept
) -> list[Place]:
    """Return where else the repository is, among the regions that weren't tried."""
    more = Round(asked.chosen)
    _ask(context, look, elsewhere(look, names, asked), target, more, kept)
    return more.places(target)


def elsewhere(look: Look, names: Sequence[str], asked: Round) -> list[tuple[str, str]]:
    """Return the places that weren't tried yet, for the profiles that can be tried."""
    before = {(sighting.profile, sighting.region) for sighting in asked.seen}
    parts = {
        name: profile_partition.of(look.profiles, look.sessions, name) for name in names if name not in asked.later
    }
    return [
        (name, region)
        for region in regions.REGIONS
        for name, part in parts.items()
        if regions.partition_of(region) == part and (name, region) not in before
    ]


def _ask(
    context: Context, look: Look, places: Sequence[tuple[str, str]], target: Target, asked: Round, kept: Kept
) -> None:
    if not places:
        return
    base = look.who("", "")._replace(chosen=asked.chosen)
    whos = [base._replace(profile=name, region=region) for name, region in places]
    profiles, regions = len({name for name, _ in places}), len({region for _, region in places})
    many = f" in {places[0][1]}" * (regions == 1) + f" with {profiles} profile{'s' * (profiles != 1)}"
    with context.screen.counting(f"Looking for {target.name}{many}") as counted:
        found = context.aws.sightings(whos, target.name, counted)
    kept.store([*context.aws.pending(), *context.signin.pending()])
    asked.seen += found
    for sighting in found:
        if sighting.refused and _wants_person(look, sighting):
            asked.later.setdefault(sighting.profile, sighting.refused.what)


def _wants_person(look: Look, sighting: Sighting) -> bool:
    assert sighting.refused is not None  # noqa: S101
    code = sighting.refused.code
    if runs_program(look.profiles, sighting.profile):
        return False  # only its program can renew the credentials
    wants_code = any("mfa_serial" in there for there in chain(look.profiles, sighting.profile))
    return code in ENDED or (code == "access.assume" and wants_code)


def choose(context: Context, look: Look, places: Sequence[Place], name: str, wants_choice: bool) -> Place:
    """Return the only repository, with the best profile that sees it. If there are several repositories, ask."""
    groups: dict[tuple[str, str], list[Place]] = {}
    for place in places:
        groups.setdefault((place.account_id, place.region), []).append(place)
    for (account, region), seen in groups.items():
        names = ", ".join(place.profile for place in seen)
        context.screen.done("found", f"{name} in {region}", f"account {account}, with {names}")
    key = next(iter(groups)) if len(groups) == 1 else _which(context, groups, name, wants_choice)
    return _best(context, look, groups[key], name)


def _which(
    context: Context, groups: Mapping[tuple[str, str], Sequence[Place]], name: str, wants_choice: bool
) -> tuple[str, str]:
    words = {f"{account} {region}": (account, region) for account, region in groups}
    if context.prompt is None or not wants_choice:
        listed = "; ".join(f"{r} in account {a} (profile {seen[0].profile})" for (a, r), seen in groups.items())
        first = next(iter(groups.values()))[0]
        raise Missing(
            f"Found more than one repository named {name}: {listed}.",
            next=f"Choose one of them, for example: --profile {quote(first.profile)} --region {first.region}",
        )
    choices = tuple(
        Choice(word, f"{name} in {key[1]}", f"account {key[0]}, with {', '.join(p.profile for p in groups[key])}")
        for word, key in words.items()
    )
    answer = context.prompt.ask(
        Asked("place", "Which repository?", "choose", choices=choices, default=choices[0].value)
    )
    if isinstance(answer, Back):
        raise Cancelled("Canceled. Nothing was cloned.")
    return words[str(answer)]


def _best(context: Context, look: Look, seen: Sequence[Place], name: str) -> Place:
    """Return AWS_PROFILE's, else the one that other clones here use, else the last one to expire. Tells the user."""
    by_name = {place.profile: place for place in seen}
    named = context.env.get("AWS_PROFILE") or context.env.get("AWS_DEFAULT_PROFILE") or ""
    if len(by_name) == 1:
        return seen[0]
    if named in by_name:
        context.screen.note(f"Using the profile {named} (from AWS_PROFILE).")
        return by_name[named]
    for used in _used_here(context):
        if used in by_name:
            context.screen.note(f"Using the profile {used}, like other clones in this folder.")
            return by_name[used]
    best = max(by_name, key=lambda profile: _lasts(context, look, profile))
    context.screen.note(
        f"Using the profile {best}, which expires last. To use another one: ccsetup clone {quote(name)} --profile"
        f" {quote(next(n for n in by_name if n != best))}"
    )
    return by_name[best]


def _used_here(context: Context) -> list[str]:
    """Return the profiles that this folder and the clones in it use."""
    folders = [context.cwd, *sorted(path.parent for path in context.cwd.glob("*/.git"))[:50]]
    found = []
    for folder in folders:
        try:
            origin = context.git.origin(folder)
        except Problem:  # git can't read the settings, but this is only a preference
            break
        if origin.startswith("codecommit:") and "@" in origin:
            found.append(origin.partition("://")[2].partition("@")[0])
    return found


def _lasts(context: Context, look: Look, name: str) -> datetime:
    """Return when a profile expires, as far as its settings tell."""
    ends, soon = [], datetime.min.replace(tzinfo=timezone.utc)
    start = sign_in_of(look.who(name, ""), name)
    if start:
        ends.append(context.signin.until(start) or soon)
    for there in chain(look.profiles, name):
        if is_temporary(there):
            ends.append(clock.read(clock.recorded(there)) or soon)
        if "mfa_serial" in there:
            ends.append(soon)
    return min(ends, default=_NEVER)


def denied(asked: Round) -> list[Place]:
    """Return where the API denied access, since git may still be able to read."""
    found = [s for s in asked.seen if s.refused and s.refused.code == "access.repository"]
    refused = [s for s in found if not isinstance(s.refused, NoRepository)][:_GIT_ASKED]
    return [Place(s.profile, s.region, chosen=asked.chosen) for s in refused]


def silent(asked: Round) -> list[Sighting]:
    """Return where AWS didn't answer, so that the repository may still be there."""
    return [s for s in asked.seen if s.refused and s.refused.is_unanswered]


def nothing(context: Context, look: Look, asked: Round, target: Target, names: Collection[str]) -> Problem:
    """Return the Problem for a repository that no profile sees: who was tried, what to try, and similar names."""
    other = [s for s in asked.seen if s.repository]
    if other and target.account_id:
        accounts = " and ".join(sorted({s.repository.account_id for s in other if s.repository}))
        return Problem(
            f"Found {target.name} in account {accounts}, not in account {target.account_id}.",
            why=f"The profile {other[0].profile} belongs to account {accounts}.",
            next=f"Set up access to account {target.account_id}: ccsetup setup --repo {quote(address_of(target))}",
            code="access.account",
        )
    if not names:
        what = (
            "There is no AWS profile on this computer"
            if not look.profiles
            else "No AWS profile on this computer has credentials"
        )
        return Problem(f"{what} to clone {target.name} with.", next=_set_up(target), code="profile.missing")
    answered = [s for s in asked.seen if isinstance(s.refused, NoRepository)]
    names_like = _near_names(context, look, answered, target.name, asked.chosen)
    same = [name for name in names_like if name.lower() == target.name.lower()]
    hint = f'Did you mean "{same[0]}"? Names are case-sensitive.' if same else did_you_mean(target.name, names_like)
    logins = [f"To try the profile {name}, sign in first: ccsetup login {quote(name)}" for name in asked.later]
    if not_heard := silent(asked):
        return _not_known(asked, not_heard, target, logins, hint)
    if locked := next((s.refused for s in asked.seen if s.refused and s.refused.code == "access.kms"), None):
        return locked  # it is there, and only its key is missing
    reasons = list(dict.fromkeys(s.refused.what for s in asked.seen if s.refused and s.profile not in asked.later))
    where = f"{target.name}{f' in {target.region}' if target.region else ''}"
    tried = [name for name in names if name not in asked.later]
    what = f"No profile can read {where}. Profiles tried: {_few(tried)}."
    return NoRepository(
        what if tried else f"No profile is signed in, so ccsetup couldn't look for {where}.",
        why="" if answered else " ".join(reasons[:3]),
        next="\n".join([hint or _set_up(target), *logins[:_LOGINS]] if tried else logins[:_LOGINS]),
        near=same or names_like,
    )


def _not_known(
    asked: Round, not_heard: Sequence[Sighting], target: Target, logins: Sequence[str], hint: str
) -> Problem:
    """Return the Problem for a repository that wasn't found while some profiles got no answer."""
    names = dict.fromkeys(sighting.profile for sighting in not_heard)
    others = [name for name in dict.fromkeys(s.profile for s in asked.seen) if name not in names]
    rest = f" {_few(others)} can't read the repository." if others else ""
    reasons = dict.fromkeys(s.refused.what for s in not_heard if s.refused)
    first = not_heard[0].refused
    assert first is not None  # noqa: S101
    return Problem(
        f"AWS didn't respond, so ccsetup couldn't check whether {_few(names)} can read {target.name}.{rest}",
        why=" ".join([*reasons][:3]),
        next="\n".join([hint or first.next, *logins[:_LOGINS]]),
        code=first.code,
    )


def _few(names: Collection[str]) -> str:
    first = list(names)[:5]
    return ", ".join(first) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _set_up(target: Target) -> str:
    return f"Set up access: ccsetup setup --repo {quote(address_of(target))}"


def address_of(target: Target) -> str:
    """Return the shortest address with all that is known about a repository."""
    if target.account_id and target.region:
        return address.arn(target.region, target.account_id, target.name)
    return address.codecommit_url(target.name, target.region) if target.region else target.name


def _near_names(context: Context, look: Look, answered: Sequence[Sighting], name: str, chosen: bool) -> list[str]:
    """Return the repositories with similar names that the working profiles can list."""
    known: dict[str, None] = {}

    def list_them(who: Who) -> None:
        with suppress(Problem):
            known.update(dict.fromkeys(context.aws.repositories(who)))

    own = [s for s in answered if s.region == own_region(look, s.profile)] or list(answered)
    whos = [look.who(sighting.profile, sighting.region)._replace(chosen=chosen) for sighting in own[: limits.LISTED]]
    with suppress(TimeoutError), context.screen.busy(f"Looking for names like {name}"):
        within(limits.LIST_S, *(partial(list_them, who) for who in whos))
    return nearest(name, [*known])
