"""Compares this computer with a team file. Each difference is a finding, with the access that would fix it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ccsetup import access
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from ccsetup.team import rules, ways
from ccsetup.team.contents import Entry, Place, Team

_CODES = {
    "sso_start_url": "team.sign-in",
    "sso_region": "team.sign-in",
    "sso_account_id": "team.role",
    "sso_role_name": "team.role",
    "role_arn": "team.role",
    "region": "team.region",
}
_ONES_OWN = (
    "profile",
    "sso_session",
    "legacy",
    "output",
    "via",
    "helper",
    "sso_registration_scopes",
)  # never compared
_WHO = ("team.sign-in", "team.role", "team.kind")
_NAMED = 8  # the most repositories listed by name
_KEPT = ("sso_session", "legacy")  # keep the local value and ignore the file's


class Standing(NamedTuple):
    """What is in a repository's folder: nothing, something else, or a clone with its profile and region."""

    occupied: bool = False
    is_clone: bool = False
    profile: str = ""
    region: str = ""


class Difference(NamedTuple):
    """A finding, its access as it would be set up here, and its repository if it is about one."""

    finding: Finding
    entry: Entry
    place: Place | None = None


def differences(team: Team, facts: Facts, clones: Mapping[str, Standing], do: str) -> list[Difference]:
    """Return the differences, accesses first. `clones` has the repositories' folders by name, `do` is what to run."""
    here = {entry.name: _profile_here(entry, facts) for entry in team.entries}
    by = _served(team, here, clones) if team.by_access else _named_by(team, here)
    wanted = [it for it in team.entries if here[it.name] or it.name in by.values()]
    sources = {it.answers.get("source_profile", "") for it in wanted} - {""}
    wanted = [it for it in team.entries if it in wanted or it.answers.get("profile") in sources]
    meant = {entry.name: _meant(entry, here[entry.name], facts) for entry in wanted}
    found: list[Difference] = []
    for entry in wanted:
        found += (Difference(finding, meant[entry.name]) for finding in _of_entry(entry, here[entry.name], facts, do))
    places = [it for it in team.repositories if it.name in by]
    missing = _missing([it for it in places if not clones[it.name].occupied], do)
    for place in places:
        entry = meant[by[place.name]]
        said = _of_place(place, entry, clones[place.name], do) if clones[place.name].occupied else missing
        found += [Difference(said, entry, place._replace(access=entry.name))] if said else []
    return found


def _named_by(team: Team, here: Mapping[str, str]) -> Mapping[str, str]:
    """Return the access of each repository: the one that it names, otherwise the usual one of this computer.

    The usual access is in it under "", since it is wanted even without repositories.
    """
    alone = ways.offered(team)
    named = {name for place in team.repositories for name in place.accesses}
    wanted = [it for it in team.entries if here[it.name] or it.name in named]
    first = (alone or team.entries)[0]
    if not any(here[it.name] and it in alone for it in wanted) and first not in wanted:
        wanted.insert(0, first)
    usual = next((it.name for it in wanted if it in alone), wanted[0].name)
    extra = {"": first.name} if first in wanted else {}
    return {**extra, **{it.name: next(iter(it.accesses), usual) for it in team.repositories}}


def _served(team: Team, here: Mapping[str, str], clones: Mapping[str, Standing]) -> Mapping[str, str]:
    """Return the access of each repository that the ways in of this computer reach, if possible its clone's own.

    As in `_named_by`, the usual access is in it under "".
    """
    ways_in = [it for it in team.entries if here[it.name] and it.answers.get("profile") not in ways.started(team)]
    found: dict[str, list[str]] = {}
    for entry in ways_in or ways.offered(team)[:1]:
        found.setdefault("", []).append(entry.name)
        for name, by in ways.reached(team, entry, team.repositories).items():
            found.setdefault(name, []).append(by)
    used = {name: clones[name].profile if name else "" for name in found}
    return {name: next((it for it in by if used[name] and here[it] == used[name]), by[0]) for name, by in found.items()}


def _missing(places: Sequence[Place], do: str) -> Finding:
    """Return one finding for all repositories that aren't cloned."""
    names = ", ".join(place.folder for place in places[:_NAMED])
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    many = f"{len(places)} repositories" if len(places) > 1 else "1 repository"
    says = f"The team file lists {many} that you haven't cloned here: {names}{more}."
    return Finding("team.repository", "hinders", says, fix="auto", do=do)


def _answers(name: str, facts: Facts) -> Mapping[str, str]:
    """Return the answers that would create an existing profile; empty if no kind of access owns it."""
    there = facts.profiles.get(name, {})
    kind = access.owner(there)
    return kind.again(name, {**facts.sessions.get(there.get("sso_session", ""), {}), **there}) if kind else {}


def _profile_here(entry: Entry, facts: Facts) -> str:
    """Return an access's profile on this computer: by name, or one with the same settings; "" if there is none."""
    name = entry.answers.get("profile", "")
    if name in facts.profiles:
        return name
    told = {key: value for key, value in entry.answers.items() if key not in _ONES_OWN and value}
    if not told:
        return ""
    same = (it for it in facts.profiles if told.items() <= _answers(it, facts).items())
    return next((it for it in same if _answers(it, facts).get("kind") == entry.kind), "")


def _meant(entry: Entry, name: str, facts: Facts) -> Entry:
    """Return an access as it would be set up here: the file's answers, completed with the profile's own."""
    own = dict(_answers(name, facts))
    if own.pop("kind", "") != entry.kind:
        return entry._replace(answers={**entry.answers, **({"profile": name} if name else {})})
    kept = {key: own[key] for key in _KEPT if key in own}
    told = {key: value for key, value in entry.answers.items() if value or key not in own}
    return entry._replace(answers={**own, **told, **kept, "profile": name})


def _of_entry(entry: Entry, name: str, facts: Facts, do: str) -> Iterator[Finding]:
    if not name:
        profile = entry.answers.get("profile", "")
        called = entry.label if rules.is_pattern(profile) else profile or entry.label
        yield Finding(
            "team.profile",
            "hinders",
            f"{called} is in the team file but isn't set up on this computer.",
            fix="auto",
            do=do,
        )
        return
    own = _answers(name, facts)
    kind = own.get("kind", "")
    if kind != entry.kind:
        is_, should = (access.of(it).label if it else "unknown" for it in (kind, entry.kind))
        says = f'{name}: the kind of access is "{is_}", but the team file specifies "{should}".'
        yield _finding("team.kind", name, says, "", facts, do)
        return
    for key, value in entry.answers.items():
        if key not in _ONES_OWN and value and own.get(key) != value:
            was = own.get(key, "").removeprefix("@") or "not set"
            says = f"{name}: {key} is {was}, but the team file specifies {value.removeprefix('@')}."
            yield _finding(_CODES.get(key, "team.setting"), name, says, key, facts, do)


def _finding(code: str, name: str, says: str, key: str, facts: Facts, do: str) -> Finding:
    """Return a finding with the line that differs, in the profile or its sso-session.

    If the fix would change the profile's identity, the user is asked.
    """
    session, fix = facts.profiles[name].get("sso_session", ""), "ask" if code in _WHO else "auto"
    found = Finding(code, "hinders", says, profile=name, fix=fix, do=do)  # type: ignore[arg-type]
    for section in (("config", "profile", name), ("config", "sso-session", session), ("credentials", "profile", name)):
        stanza = facts.stanzas.get(section)
        lines = [it.lines[0] for it in stanza.settings if it.key in (key, f"ccsetup_{key}")] if stanza else []
        if stanza and (lines or not key):
            return found._replace(path=facts.path(section[0]), line=lines[0] if lines else stanza.line)
    return found


def _of_place(place: Place, entry: Entry, there: Standing, do: str) -> Finding | None:
    name, profile = place.repo, entry.answers.get("profile", "")
    if not there.is_clone:
        says = f"./{place.folder} already exists but isn't a clone of {name}."
        return Finding(
            "team.repository", "hinders", says, do="Move the folder somewhere else, then run the command again."
        )
    if there.profile and profile and there.profile != profile and not rules.is_pattern(profile):
        says = f"./{place.folder} uses the profile {there.profile}, but the team file specifies {profile}."
    elif place.region and there.region and there.region != place.region:
        says = f"./{place.folder} uses the region {there.region}, but the team file specifies {place.region}."
    else:
        return None
    return Finding("team.remote", "hinders", says, fix="auto", do=do)


def moved(found: Sequence[Difference], facts: Facts) -> frozenset[str]:
    """Return the sso-sessions whose sign-in differs, so that everything that uses them changes too."""
    urls = [it.entry.answers for it in found if it.finding.code == "team.sign-in"]
    return frozenset(answers["sso_session"] for answers in urls if answers.get("sso_session") in facts.sessions)
