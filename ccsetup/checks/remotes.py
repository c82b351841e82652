"""This clone's remote: how it is spelled, which profile and region it names, and ways that no profile serves."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator, Sequence

from ccsetup import address, parse, standing
from ccsetup.address import Address
from ccsetup.checks.git import effective, keepers, of_codecommit, signing
from ccsetup.checks.sources import has_own, is_role
from ccsetup.core import regions
from ccsetup.errors import BadAnswer
from ccsetup.facts import Clone, Facts
from ccsetup.findings import Finding, Remedy, Severity, Wanted
from ccsetup.model import Corrected
from ccsetup.patterns import later

_MOST = 9  # remedies that are offered
_LOOSE = later(r"codecommit:*(?P<region>[^/:@]*):*/+(?:(?P<profile>[^@/]+)@)?(?P<name>[^@/]+?)(?:\.git)?/?")
_STRANGER = later(r"(?:https?|ssh)://(?:[^/@]*@)?(?P<host>[^/:@]*git-codecommit[^/:@]*)", re.IGNORECASE)


def remote(facts: Facts) -> Iterator[Finding]:
    """This clone's remote: its spelling, its profile, its region, and ways that no profile serves."""
    here = of_codecommit(facts)
    if facts.clone is None:
        return
    if here is None:
        if re.match(r"codecommit:", facts.clone.remote):
            yield _unread(facts, facts.clone)
        elif stranger := _STRANGER.match(facts.clone.remote):
            says = f"This clone's remote leads to {stranger['host']}, which is not a host of CodeCommit."
            yield _remote(facts, "hinders", says, "ccsetup signs nothing for it, and git asks for a password.", [])
        return
    region = _right_region(here.region)
    if here.form == "codecommit":
        yield from _of_codecommit(facts, facts.clone, here, region)
    elif here.region != region or here.said or facts.clone.remote.lower().startswith("http:"):
        right = (
            address.https_url(region, here.repository)
            if here.form == "https"
            else address.ssh_url(region, here.repository)
        )
        says = f"This clone's remote is to be {right}."
        remedies = [Remedy(f"Go to {right}", git={_key(facts.clone): right})]
        yield _remote(facts, "stops", says, "could not resolve host, or no such repository.", remedies, sure=True)
    else:
        yield from _without_address(facts, facts.clone, here)


def _unread(facts: Facts, clone: Clone) -> Finding:
    """Return the finding for a remote that is no address: what it can only have meant, or the regions it may mean."""
    found = _LOOSE.fullmatch(clone.remote)
    region = _right_region(found["region"]) if found else ""
    right = ""
    try:
        if found:
            right = address.codecommit_url(address.repository_name(found["name"]), region, found["profile"] or "")
    except BadAnswer:
        pass
    if found and right and region and not regions.is_region(region):
        named = Address(found["name"], region, found["profile"] or "")
        return _regions(facts, named, f"This clone's remote names {region}, which is not a region.")
    remedies = [Remedy(f"Write {right}", git={_key(clone): right})] if right else []
    says = "This clone's remote is no address that git-remote-codecommit reads."
    return _remote(facts, "stops", says, "ValueError, or the wrong repository.", remedies, sure=True)


def _right_region(region: str) -> str:
    """Return the region that a wrong one stands for, itself where it has no other reading."""
    try:
        found = parse.region(region)
    except BadAnswer:
        return region
    return found.value if isinstance(found, Corrected) else found


def _key(clone: Clone) -> str:
    """Return the setting that holds the remote's address."""
    keys = (
        key for key, value in clone.own if key.startswith("remote.") and key.endswith(".url") and value == clone.remote
    )
    return next(keys, "remote.origin.url")


def _remote(
    facts: Facts, severity: Severity, says: str, because: str, remedies: Sequence[Remedy], sure: bool = False,
    profile: str = "", wanted: Wanted | None = None,
) -> Finding:  # fmt: skip
    auto = sure and len(remedies) == 1
    path = facts.clone.folder / ".git" / "config" if facts.clone else None
    do = next((f"git remote set-url origin {shlex.quote(str(v))}" for it in remedies for v in it.git.values() if v), "")
    return Finding(
        "git.remote",
        severity,
        says,
        because,
        profile,
        path,
        fix="auto" if auto else "ask",
        do=do,
        remedies=tuple(remedies),
        wanted=None if auto else wanted,
    )


def _moved(facts: Facts, here: Address, profile: str, region: str) -> Remedy:
    assert facts.clone is not None  # noqa: S101 — its remote is what moves
    url = address.codecommit_url(here.repository, region, profile)
    return Remedy(f"Go to {url}", git={_key(facts.clone): url})


def _of_codecommit(facts: Facts, clone: Clone, here: Address, region: str) -> Iterator[Finding]:
    """Look at an address that git-remote-codecommit takes."""
    name = here.profile
    if not address.takes_profile(name):
        return  # profile.name
    right = address.codecommit_url(here.repository, region, name)
    if name and name not in facts.profiles:
        yield _no_such_profile(facts, here, region)
    elif clone.remote.rstrip("/") != right:
        remedies = [Remedy(f"Write {right}", git={_key(clone): right})]
        says = f"This clone's remote is to be {right}."
        yield _remote(facts, "stops", says, "fatal: transport … not supported.", remedies, True, name)
    elif unknown := parse.unknown_region(region):
        yield _regions(facts, here, f"This clone's remote: {unknown}", "hinders")
    elif not region:
        yield from _no_region(facts, here)
    elif not name:
        yield from _nobody(facts, here)


def _no_such_profile(facts: Facts, here: Address, region: str) -> Finding:
    named = here.profile
    names = _profiles(facts)
    like = _like(named, names)
    offered = like or names
    remedies = [_moved(facts, here, it, region) for it in offered[:_MOST]]
    wanted = Wanted("Which profile?", lambda text: _known(facts, text), lambda it: _moved(facts, here, it, region))
    says = f"This clone's remote names the profile {named}, which is not there."
    return _remote(facts, "stops", says, "ProfileNotFound, in a traceback.", remedies, bool(like), named, wanted)


def _like(named: str, names: Sequence[str]) -> list[str]:
    """Return the one name that another can only be, mistyped; none where there is none, or more than one."""
    same = [it for it in names if it.lower() == named.lower()]
    found = same or difflib.get_close_matches(named, names, n=2, cutoff=0.8)
    return found if len(found) == 1 else []


def _known(facts: Facts, text: str) -> str:
    value = parse.tidy(text)
    if value not in facts.profiles or not address.takes_profile(value):
        raise BadAnswer(f"There is no profile {value} that an address can name; there is such as default.")
    return value


def _profiles(facts: Facts) -> list[str]:
    """Return the profiles that an address could name, those with a region of their own first."""
    all_of = facts.profiles.items()
    names = [it for it, there in all_of if address.takes_profile(it) and (has_own(there) or is_role(there))]
    return sorted(names, key=lambda it: "region" not in facts.profiles[it])


def _regions(facts: Facts, here: Address, says: str, severity: Severity = "stops") -> Finding:
    own = facts.profiles.get(here.profile or "default", {}).get("region", "")
    used = [there.get("region", "") for there in facts.profiles.values()]
    near = regions.like(here.region)[:2] if here.region else []
    names = [it for it in dict.fromkeys([own, *near, *used]) if it in regions.REGIONS]
    remedies = [_moved(facts, here, here.profile, it) for it in names[:_MOST]]
    wanted = Wanted(
        "Which region is the repository in?", parse.region, lambda it: _moved(facts, here, here.profile, it)
    )
    because = "You must specify a region, or: could not resolve host."
    return _remote(facts, severity, says, because, remedies, False, here.profile, wanted)


def _no_region(facts: Facts, here: Address) -> Iterator[Finding]:
    """Look at an address without a region: it is in that of the shell, else in that of the profile."""
    own = facts.profiles.get(here.profile or "default", {}).get("region", "")
    shell = facts.env.get("AWS_DEFAULT_REGION", "")
    if not own and not shell:
        yield _regions(facts, here, "Neither this clone's remote nor its profile names a region.")
    elif own and shell and own != shell:
        says = f"This clone's remote names no region: AWS_DEFAULT_REGION, {shell}, beats the profile's, {own}."
        yield _regions(facts, here, says, "hinders")


def _nobody(facts: Facts, here: Address) -> Iterator[Finding]:
    """Look at an address without a profile: it is that of the shell, else [default]."""
    named = facts.env.get("AWS_DEFAULT_PROFILE", facts.env.get("AWS_PROFILE", ""))
    if named or "default" in facts.profiles or facts.env.get("AWS_ACCESS_KEY_ID") or not _profiles(facts):
        return
    remedies = [_moved(facts, here, it, here.region) for it in _profiles(facts)[:_MOST]]
    says = "This clone's remote names no profile, and there is no [default]."
    yield _remote(facts, "hinders", says, "NoCredentialsError, or this machine's role answers.", remedies)


def _without_address(facts: Facts, clone: Clone, here: Address) -> Iterator[Finding]:
    """Look at an https or ssh remote, which names no profile: its helper may."""
    region = here.region
    remedies = [_moved(facts, here, it, region) for it in _profiles(facts)[:_MOST]] if not here.host else []
    if unknown := parse.unknown_region(region):  # a host of one's own (CODE_COMMIT_ENDPOINT) names none
        yield _remote(facts, "hinders", f"This clone's remote: {unknown}", "could not resolve host.", [])
    if here.form == "ssh":
        says = "This clone goes by ssh, which takes an IAM user's key and no profile."
        yield _remote(facts, "note", says, "AWS CodeCommit knows ssh keys of IAM users only.", remedies)
        return
    command = signing(clone)
    named = standing.named_by("", command)
    if named.startswith("-") or re.search(r"--region\s+(?:credential-helper|--)", command):
        yield _helper_of_a_script(facts, clone, command)
    elif named and named not in facts.profiles:
        yield _helper_of_nobody(facts, clone, command, named)
    elif not command and not effective(clone) and remedies:
        says = "This clone goes by https and has no credential helper, so that git asks for a password."
        yield _remote(
            facts, "hinders", says, "could not read Username; 403 with anything but Git credentials.", remedies
        )
    elif not command and (keeping := keepers(clone)):
        says = f"{keeping[0].split()[0]} alone answers for this clone: right for an IAM user's Git credentials only."
        because = "403 as soon as it has kept a signed password, which is good for 15 minutes."
        yield _remote(facts, "note", says, because, remedies)._replace(code="git.inherited-helper")


def _helper_of_nobody(facts: Facts, clone: Clone, command: str, named: str) -> Finding:
    names = [*facts.profiles]
    like = _like(named, names)

    def remedy(name: str) -> Remedy:
        new = re.sub(rf"(--profile[ =])(['\"]?){re.escape(named)}\2", lambda it: it[1] + shlex.quote(name), command)
        return Remedy(f"Have it sign as {name}", git={"credential.helper": new})

    says = f"The credential helper of this clone signs as {named}, a profile that is not there."
    remedies = [remedy(it) for it in (like or _profiles(facts))[:_MOST]]
    return _remote(facts, "stops", says, "git says 403, or asks for a password.", remedies, bool(like), named)


def _helper_of_a_script(facts: Facts, clone: Clone, command: str) -> Finding:
    """Return the finding for a helper that a script put together with a variable that was not set."""
    bare = re.sub(r"\s--(?:profile|region)(?=\s+(?:--|credential-helper))|\s--region \S+", "", command)
    region = address.parse(clone.remote, facts.env.get("CODE_COMMIT_ENDPOINT", "")).region

    def remedy(name: str) -> Remedy:
        words = f"--profile {shlex.quote(name)}{f' --region {region}' if region else ''}"
        new = re.sub(r"\s+(?=credential-helper)", f" {words} ", bare, count=1)
        return Remedy(f"Have it sign as {name}", git={"credential.helper": new})

    named = standing.named_by("", bare)
    bare = re.sub(rf"\s--profile[ =]['\"]?{re.escape(named)}['\"]?", "", bare) if named else bare
    names = [named] if named in facts.profiles else _profiles(facts)
    says = "A value is missing in this clone's credential helper: a variable was not set when it was written."
    because = "The AWS CLI takes the next word for it, and git asks for a password."
    return _remote(facts, "stops", says, because, [remedy(it) for it in names[:_MOST]], len(names) == 1, named)


CHECKS = (remote,)
