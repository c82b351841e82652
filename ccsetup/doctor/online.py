"""The doctor's requests to AWS: the identity of every profile, in parallel, and the current clone's access."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from ccsetup.core import limits, profile_partition, regions
from ccsetup.core.command_line import quote
from ccsetup.core.concurrency import within
from ccsetup.core.context import Answer, Context, Sighting
from ccsetup.core.errors import BadAnswer, NoRepository, Problem
from ccsetup.core.model import Identity, Repository, Route, Target, Value, Who
from ccsetup.core.profile_chain import names_program, runs_program
from ccsetup.core.profile_kind import has_credentials
from ccsetup.doctor import networks, online_findings, renames
from ccsetup.doctor.checks import iam_users
from ccsetup.doctor.checks.git import signing
from ccsetup.doctor.checks.iam_users import git_user
from ccsetup.doctor.checks.programs import is_ordinary
from ccsetup.doctor.facts import Clone, Facts
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.online_findings import Stand
from ccsetup.git import address, clone_profile, transport
from ccsetup.git.address import Address
from ccsetup.git.transport import AWS_CLI, HELPER, OURS, OWN_HELPER, REMOTE

_ASKED = 6  # profiles that git itself tries
_GIT_S = 150.0  # git ends sooner by itself: each of its two commands stops after a minute
_NEAR, _FAR = 100, 12  # profiles tried for a missing repository: in its region, and in all regions

Profiles = Mapping[str, Mapping[str, Value]]


class Online(NamedTuple):
    """The results: the findings, and the identity of each profile that AWS answered for.

    `unanswered` are the profiles without an answer. `unasked` are those that weren't named and would start a program.
    """

    findings: list[Finding]
    identities: Mapping[str, Identity]
    unanswered: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()


def online(context: Context, facts: Facts, names: Sequence[str], by_git: bool = True) -> Online:
    """Ask AWS about these profiles and about the current clone. No prompt is shown and no browser opens.

    git, which reads the files on disk, is only asked if `by_git`.

    `names` should leave out profiles with an offline error. A credential_process only runs for those in `facts.asked`.
    """
    profiles = _with_printed_keys(facts)
    here = _profile(facts, facts.clone, there) if facts.clone and (there := _address(facts)) else ""
    wanted = [name for name in names if name in (*facts.asked, here) or has_credentials(profiles.get(name, {}))]
    unasked = frozenset(name for name in wanted if name not in facts.asked and runs_program(profiles, name))
    named = [name for name in wanted if name in profiles and name not in unasked]
    whos = [who_of(profiles, facts.sessions, name, facts.env)._replace(chosen=name in facts.asked) for name in named]
    if not whos and not facts.clone:
        return Online([], {}, unasked=unasked)
    with context.screen.busy(f"Asking AWS about {len(whos)} profile{'s' * (len(whos) != 1)}"):
        answers = asked(context, whos)
    identities = {it.profile: it.identity for it in answers if it.identity}
    found = [networks.of_sdk(facts, it) for it in online_findings.of_answers(facts, answers)]
    if stand := _stand(context, facts, {who.profile: who for who in whos}, answers, by_git):
        of_clone = [networks.of_git(facts, it) for it in online_findings.of_clone(facts, stand)]
        found = [*online_findings.with_clone(found, of_clone, stand), *stand.more]
    unanswered = frozenset(it.profile for it in answers if it.refused and it.refused.is_unanswered)
    return Online(found, identities, unanswered, unasked)


def asked(context: Context, whos: Sequence[Who]) -> Sequence[Answer]:
    """Ask for these identities in parallel, and store the sign-ins that were renewed for it."""
    least, most = limits.IDENTITIES_S
    answers = context.aws.identities(whos, min(least + len(whos) / limits.IDENTITIES_A_SECOND, most)) if whos else ()
    for edit in (*context.aws.pending(), *context.signin.pending()):
        if edit.before != edit.after:
            context.files.store(edit)
    return answers


def who_of(profiles: Profiles, sessions: Profiles, name: str, env: Mapping[str, str]) -> Who:
    """Return a profile as a caller, in its own region or else in one of its partition."""
    region = profile_partition.region_of(profiles, sessions, name, env.get("AWS_REGION", ""))
    return Who(name, region, profiles, sessions)


def _with_printed_keys(facts: Facts) -> Profiles:
    """Return the profiles' settings; credentials that programs have already printed replace the programs."""
    found: dict[str, Mapping[str, Value]] = dict(facts.profiles)
    for name, ran in facts.processes.items():
        try:
            told = json.loads(ran.out)
            keys = {key: told[given] for key, given in _PRINTED.items() if told.get(given)}
        except (ValueError, LookupError, AttributeError, RecursionError):
            continue
        if ran.code == 0 and len(keys) > 1 and all(isinstance(value, str) for value in keys.values()):
            own = {key: value for key, value in found.get(name, {}).items() if key != "credential_process"}
            found[name] = {**own, **keys}
    return found


_PRINTED = {
    "aws_access_key_id": "AccessKeyId",
    "aws_secret_access_key": "SecretAccessKey",
    "aws_session_token": "SessionToken",
}


# The current clone


def _stand(
    context: Context, facts: Facts, whos: Mapping[str, Who], answers: Sequence[Answer], by_git: bool
) -> Stand | None:
    """Ask about the clone with its profile; None if there is no clone, or its profile must not be asked."""
    there = _address(facts)
    if not facts.clone or not there:
        return None
    name = _profile(facts, facts.clone, there)
    if facts.asked and name not in facts.asked:
        return None
    by_git &= name in facts.asked or not names_program(facts.profiles, name)  # git's helper would start it
    if there.form == "ssh" or (not name and git_user(facts.clone)):
        by_git &= iam_users.can_sign_in(facts, facts.clone)
        refused = _by_git(context, facts.clone, there, name)[0] if by_git else None
        if refused and refused.code == "access.git" and there.form != "ssh":
            remote, folder = quote(facts.clone.remote), quote(str(facts.clone.folder))
            refused.next = f"Enter the Git credentials again: ccsetup clone {remote} {folder} --via git-credentials"
        return Stand(name, there, git=refused)
    who, answer = whos.get(name), next((it for it in answers if it.profile == name), None)
    if not who or not answer or (answer.refused and answer.refused.is_unanswered):
        return None
    there = there._replace(region=there.region or who.region)
    who = who._replace(region=there.region)
    others = [whos[it.profile] for it in answers if it.identity and it.profile != name]
    if not answer.identity:
        return Stand(name, there, others=_readers(context, facts, who, others, there.repository))
    with context.screen.busy(f"Looking for {there.repository} in {who.region}"):
        seen = context.aws.sightings([who], there.repository)[0]
    stand = Stand(name, there, seen, arn=answer.identity.arn)
    if isinstance(seen.refused, NoRepository):
        found = _elsewhere(context, who, others, there.repository)
        if not found and by_git and (route := _route_or_none(context, facts.clone, there, name)):
            found = renames.renamed(context, facts.clone, who, route, there.repository)
        return stand._replace(others=found)
    stand = _with_git(context, facts.clone, stand) if by_git else stand
    if stand.git is None or stand.git.is_unanswered or not seen.refused:
        return stand
    return stand._replace(others=_readers(context, facts, who, others, there.repository))


def _with_git(context: Context, clone: Clone, stand: Stand) -> Stand:
    """Add what git says: why it can't reach the repository, or that the branch that the clone follows is gone."""
    refused, names = _by_git(context, clone, stand.address, stand.profile)
    route = _route_or_none(context, clone, stand.address, stand.profile)
    if refused or not names or not route:
        return stand._replace(git=refused)
    default = stand.seen.repository.default_branch if stand.seen and stand.seen.repository else ""
    more = renames.followed(context, clone, stand.address.repository, names, default or names[0])
    return stand._replace(more=tuple(it._replace(profile=stand.profile) for it in more))


def _route_or_none(context: Context, clone: Clone, there: Address, profile: str) -> Route | None:
    try:
        return _route(context, clone, there, profile)
    except Problem:  # the missing part has a finding of its own
        return None


def _address(facts: Facts) -> Address | None:
    try:
        found = address.parse(facts.clone.remote if facts.clone else "", facts.env.get("CODE_COMMIT_ENDPOINT", ""))
    except BadAnswer:
        return None
    return found if found.form in ("codecommit", "https", "ssh") else None


def _profile(facts: Facts, clone: Clone, there: Address) -> str:
    """Return the profile that a clone uses, "" if it uses none (SSH, or the Git credentials of an IAM user)."""
    helpers = [value for key, value in clone.settings if key.startswith("credential.") and key.endswith("helper")]
    named = there.profile or clone_profile.named_by(clone.remote, helpers[-1] if helpers else "")
    if named or there.form == "ssh" or git_user(clone):
        return named
    return facts.env.get("AWS_DEFAULT_PROFILE") or facts.env.get("AWS_PROFILE") or "default"


def _readers(context: Context, facts: Facts, who: Who, others: Sequence[Who], name: str) -> Sequence[Sighting]:
    """Return where other profiles see a repository, or read it with git, since the API may deny what git is allowed."""
    found = _elsewhere(context, who, others, name, itself=False)
    if found or not context.git.helper():
        return found
    plain = [it for it in others if address.takes_profile(it.profile) and not names_program(facts.profiles, it.profile)]
    tried = plain[:_ASKED]

    def reads(other: Who) -> bool:
        try:
            context.git.reachable(Route(REMOTE, address.codecommit_url(name, who.region, other.profile)))
        except Problem:
            return False
        return True

    with context.screen.busy(f"Trying git with {', '.join(it.profile for it in tried)}"):
        readable = within(_GIT_S, *(partial(reads, it) for it in tried))
    first = next((other for other, can in zip(tried, readable, strict=True) if can), None)
    return [Sighting(first.profile, who.region, Repository(name, who.region, ""))] if first else []


def _elsewhere(context: Context, who: Who, others: Sequence[Who], name: str, itself: bool = True) -> Sequence[Sighting]:
    """Look for a repository with other profiles and, if `itself`, with the same one in other regions."""
    elsewhere = regions.beside(who.region) if itself else []
    near = [who._replace(region=region) for region in elsewhere]
    near += [other._replace(region=who.region) for other in others[:_NEAR]]
    with context.screen.counting(f"Looking for {name} in other regions and with other profiles") as counted:
        found = [it for it in context.aws.sightings(near, name, counted) if it.repository]
        if not found and others:
            far = [other._replace(region=region) for region in elsewhere for other in others[:_FAR]]
            found = [it for it in context.aws.sightings(far, name, counted) if it.repository]
    return found


def _by_git(context: Context, clone: Clone, there: Address, profile: str) -> tuple[Problem | None, Sequence[str]]:
    """Have git contact the clone's repository, the way the clone does; return the problem, if any, and the branches.

    git runs outside the clone, so programs that the clone's configuration names are neither started nor given anything.
    """
    route = _route_or_none(context, clone, there, profile)
    if route is None:
        return None, ()
    try:
        with context.screen.busy("Checking access with git"):
            return None, context.git.reachable(route)
    except Problem as problem:
        own_network = any(it.key.startswith("http.") for it in clone.brought)
        own_network &= problem.code.startswith("net.")  # the clone may have its own proxy
        return None if own_network else problem, ()


def _route(context: Context, clone: Clone, there: Address, profile: str) -> Route:
    """Return the clone's route, rebuilt from its remote URL. Raises Problem if its helper is missing."""
    if there.form == "codecommit":
        return Route(REMOTE, address.codecommit_url(there.repository, there.region, there.profile))
    if there.form == "ssh":
        key_id = re.match(r"ssh://(APKA[A-Z0-9]+)@", clone.remote)
        url = address.ssh_url(there.region, there.repository)
        return Route("ssh", url.replace("//", f"//{key_id[1]}@", 1) if key_id else url)
    helper = signing(clone)
    if not helper:  # the person's own keychain
        url, user = address.https_url(there.region, there.repository, there.host), git_user(clone)
        return Route(HELPER, url, {f"credential.{url.partition('/v1/')[0]}.username": user} if user else {})
    aws = OWN_HELPER not in helper and is_ordinary(clone, "credential.helper", helper)
    way = transport.Way(HELPER, AWS_CLI if aws else OURS, there.host)
    return transport.route(context, way, profile, Target(there.repository, there.region))
