"""The credentials that roles are assumed with: source profiles and credential sources, and chains without any."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from ccsetup.awsfiles.settings import meant
from ccsetup.core import validate
from ccsetup.core.command_line import quote
from ccsetup.core.errors import BadAnswer
from ccsetup.core.profile_kind import CREDENTIAL_SOURCES, STATIC, has_own_credentials, source_of
from ccsetup.core.text import did_you_mean, nearest, same_but_for_a_slip
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import FIX, OFFERED, Finding, Remedy, Wanted
from ccsetup.doctor.locate import Place, added, finding, place, places, removed, renamed, respelled
from ccsetup.doctor.role_chains import RoleChains
from ccsetup.doctor.similar_names import SimilarNames

Settings = Mapping[str, str]

_OF_A_ROLE = ("role_arn", "role_session_name", "external_id", "mfa_serial", "duration_seconds")
_AS_HEADER = re.compile(r"profile\s+|profile/")
_LOOPS = "AWS tools fail with InfiniteLoopConfigError."


def source(facts: Facts) -> Iterator[Finding]:
    """Find roles without credentials to assume them with. The finding is for the profile that causes it."""
    offer = _Offer(facts.intended, facts.role_chains)
    for name, there in facts.intended.items():
        if source_of(there) != "role":
            continue
        why = facts.role_chains.broken(name)
        if why is None or (why.code == "source.loop" and not _circle(facts.intended, name)):
            continue
        if why.code != "source.loop" and why.at != name:
            continue
        key, case_of = _CASES[why.code]
        if where := place(facts, name, key):
            yield _finding(facts, name, where, why.code, case_of(facts, name, there, where, offer), offer)


def without_role(facts: Facts) -> Iterator[Finding]:
    """Find a credential_source without a role."""
    for name, there in facts.intended.items():
        where = place(facts, name, "credential_source") if "credential_source" in there else None
        if where and "role_arn" not in there:
            yield finding(
                facts,
                name,
                where,
                "source.credential-source",
                "hinders",
                f"{name} has a credential_source but no role_arn, so the setting has no effect.",
                because="botocore uses this computer's role; other SDKs reject the profile.",
                fix="ask",
                remedies=(Remedy("Remove credential_source", changes=removed([where])),),
                do=f"ccsetup setup machine --profile {quote(name)}",
            )


def _circle(profiles: Mapping[str, Settings], name: str) -> list[str]:
    """Return the profiles of the loop that this one is in, each followed by its source; empty if there is no loop."""
    found, at = {name: None}, name
    while (at := meant(profiles[at].get("source_profile", ""))) in profiles and at not in found:
        found[at] = None
    return [*found] if at == name else []


class _Offer:
    """The profiles with credentials that could assume a role, looked up when first needed."""

    def __init__(self, profiles: Mapping[str, Settings], chains: RoleChains) -> None:
        self._profiles, self._chains = profiles, chains
        self._all: list[str] | None = None
        self._similar = SimilarNames()

    def usable(self) -> list[str]:
        """Return all possible sources, those with their own credentials first, [default] before others."""
        if self._all is None:
            found = [it for it in self._profiles if self._is_whole(it)]
            self._all = sorted(found, key=lambda it: (source_of(self._profiles[it]) == "role", it != "default"))
        return self._all

    def to(self, name: str, near: str = "") -> list[str]:
        """Return the possible sources for a profile, those with names similar to `near` first."""
        like = self.like(near)
        names = chain(like, (it for it in self.usable() if it not in like))
        return [*islice((it for it in names if it != name and self._chains.serves(it, name)), OFFERED)]

    def like(self, text: str) -> list[str]:
        """Return the sources that a name may be a typo of."""
        return self._similar.to(text, self.usable()) if text else []

    def only(self, name: str) -> str:
        """Return the only source with its own credentials, "" if there are several or none."""
        own = [it for it in self.to(name) if source_of(self._profiles[it]) != "role"]
        return own[0] if len(own) == 1 else ""

    def _is_whole(self, name: str) -> bool:
        there = self._profiles[name]
        if source_of(there, as_source=True) != "role":
            return has_own_credentials(there)
        return self._chains.broken(name) is None

    def parse(self, name: str, text: str) -> str:
        """Parse a typed source profile. Raises BadAnswer."""
        value = validate.tidy(text)
        if value not in self.usable() or value == name or not self._chains.serves(value, name):
            other = next(iter(self.to(name)), "default")
            raise BadAnswer(f'Profile "{value}" can\'t assume the role. Use a profile like {other}.')
        return value


class _Case(NamedTuple):
    """The texts for a broken chain, and its repairs: sources to choose from, and other remedies.

    `sure`: a single remedy is the only possible meaning. `do` is the command if the role itself isn't at fault.
    """

    says: str
    because: str
    names: Sequence[str] = ()
    more: tuple[Remedy, ...] = ()
    sure: bool = False
    takes_source: bool = True
    do: str = ""


def _finding(facts: Facts, name: str, where: Place, code: str, case: _Case, offer: _Offer) -> Finding:
    remedies = (*(_with(where, it) for it in case.names[:OFFERED]), *case.more)
    auto = case.sure and len(remedies) == 1
    wanted = Wanted("Which profile should assume the role?", partial(offer.parse, name), partial(_with, where))
    return finding(
        facts,
        name,
        where,
        code,
        "stops",
        case.says,
        because=case.because,
        fix="auto" if auto else "ask",
        remedies=remedies,
        wanted=wanted if case.takes_source and not auto else None,
        do=case.do or f"ccsetup setup role --profile {quote(name)}",
    )


def _with(where: Place, source: str) -> Remedy:
    """Set the source profile, in place of the current one or below the role ARN."""
    if where.setting.key == "source_profile":
        return Remedy(f"Assume the role with {source}", changes=respelled(where, source))
    return Remedy(f"Assume the role with {source}", changes=added(where, {"source_profile": source}))


def _none(facts: Facts, name: str, there: Settings, where: Place, offer: _Offer) -> _Case:
    says = f"{name} has a role_arn but no source_profile or credential_source."
    because = "AWS tools fail with PartialCredentialsError, because the role needs one of these settings."
    if not has_own_credentials(there):
        only = offer.only(name)
        names = [only] if only else offer.to(name)
        return _Case(says, because, names, () if names else _by_machine(where), sure=bool(only))
    keep = removed(places(facts, name, _OF_A_ROLE))
    more = (Remedy("Remove the role", "keep the profile's own credentials", keep),)
    own = [name] if STATIC & there.keys() else []
    return _Case(says, because, [*own, *offer.to(name)], more)


def _by_machine(where: Place) -> tuple[Remedy, ...]:
    """Return the remedies that use this computer's credentials, for when there are no others."""
    settings = {
        f"Assume the role with {it}": {"credential_source": it}
        for it in (*CREDENTIAL_SOURCES[1:], CREDENTIAL_SOURCES[0])
    }
    return tuple(Remedy(label, changes=added(where, it)) for label, it in settings.items())


def _both(facts: Facts, name: str, there: Settings, where: Place, offer: _Offer) -> _Case:
    profiles, machines = (places(facts, name, [key]) for key in ("source_profile", "credential_source"))
    rest = {key: value for key, value in there.items() if key != "credential_source"}
    serves = facts.role_chains.continues(rest, name)
    known = meant(there["credential_source"]) in CREDENTIAL_SOURCES
    keep_profile = Remedy(f"Keep source_profile = {there['source_profile']}", changes=removed(machines or [where]))
    keep_machine = Remedy(f"Keep credential_source = {there['credential_source']}", changes=removed(profiles))
    remedies = (keep_profile, keep_machine) if serves == known else (keep_profile,) if serves else (keep_machine,)
    says = f"{name} has both source_profile and credential_source. A role can use only one of them."
    because = "AWS tools report “The profile contains both source_profile and credential_source”."
    return _Case(says, because, more=remedies, sure=True, takes_source=False)


def _missing(facts: Facts, name: str, there: Settings, where: Place, offer: _Offer) -> _Case:
    named = meant(there["source_profile"])
    bare = _AS_HEADER.sub("", named.strip("[]")).strip()
    offered = offer.to(name, bare)
    like = [it for it in offer.like(bare) if it in offered and same_but_for_a_slip(bare, it)]
    says = f"{name} uses the source profile {named}, which doesn't exist. {did_you_mean(bare, like)}".rstrip()
    if not named:
        says = f"{name} has an empty source_profile."
    because = f'AWS tools report “The source_profile "{named}" … does not exist”.'
    do = FIX if offered else f"ccsetup login {quote(named)}" if named else ""
    return _Case(says, because, like if len(like) == 1 else offered, sure=len(like) == 1, do=do)


def _loop(facts: Facts, name: str, there: Settings, where: Place, offer: _Offer) -> _Case:
    circle = _circle(facts.intended, name)
    if len(circle) > 1:
        says = f"The source profiles of {name} form a loop without credentials ({' → '.join([*circle, name])})."
        return _Case(says, _LOOPS, offer.to(name))
    says = f"{name} is its own source profile but has no access key."
    only = offer.only(name)
    return _Case(says, _LOOPS, [only] if only else offer.to(name), sure=bool(only))


def _empty(facts: Facts, name: str, there: Settings, where: Place, offer: _Offer) -> _Case:
    named = meant(there["source_profile"])
    says = f"{name} uses the source profile {named}, which has no credentials."
    because = f'AWS tools report “The source profile "{named}" must have credentials”.'
    return _Case(says, because, offer.to(name), do=f"ccsetup login {quote(named)}")


def _credential_source(facts: Facts, name: str, there: Settings, where: Place, offer: _Offer) -> _Case:
    named = meant(there["credential_source"])
    own = re.sub("[^a-z0-9]", "", named.lower())
    known = {it.lower(): it for it in CREDENTIAL_SOURCES} | dict(
        zip(("env", "ec2", "ecs"), CREDENTIAL_SOURCES, strict=True)
    )
    likely = [known[it] for it in nearest(own, known, 1)] or CREDENTIAL_SOURCES
    remedies = tuple(Remedy(f"Use {it}", changes=respelled(where, it)) for it in likely)
    if named in offer.to(name):
        remedies = (Remedy(f"Assume the role with {named}", changes=renamed(where, "source_profile", named)),)
    says = f'{name}: unknown credential_source "{named}". It must be one of: {", ".join(CREDENTIAL_SOURCES)}.'
    because = f'AWS tools report “The credential source "{named}" … is not valid”.'
    return _Case(says, because, more=remedies, sure=True, takes_source=False)


_CASES: Mapping[str, tuple[str, Callable[[Facts, str, Settings, Place, _Offer], _Case]]] = {
    "source.none": ("role_arn", _none),
    "source.both": ("credential_source", _both),
    "source.missing": ("source_profile", _missing),
    "source.loop": ("source_profile", _loop),
    "source.empty": ("source_profile", _empty),
    "source.credential-source": ("credential_source", _credential_source),
}

CHECKS = (source, without_role)
