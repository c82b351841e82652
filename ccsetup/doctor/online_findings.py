"""Turns the answers of AWS and git into findings: one per cause, at its place, with all the profiles it affects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from ccsetup import access
from ccsetup.aws.access_request import of_git_and_api
from ccsetup.core import regions
from ccsetup.core.arn import account_in
from ccsetup.core.command_line import quote
from ccsetup.core.context import Answer, Sighting
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.model import Answers, Expected, Identity
from ccsetup.doctor import locate
from ccsetup.doctor.checks.remotes import by_hand, moved
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding, Remedy, Severity
from ccsetup.git import address
from ccsetup.git.address import Address

CLOCK_S = 240  # AWS rejects requests at five minutes
_OFFERED = 5
_URL = re.compile(r"https?://[^\s\"']+")  # differs by region, even if the cause is one network that is down
_LINES = {  # the settings that can cause a finding
    "access.assume": ("role_arn", "sso_role_name"),
    "access.identity": ("aws_access_key_id", "role_arn", "sso_session", "sso_start_url", "credential_process"),
    "access.account": ("aws_access_key_id", "sso_account_id", "role_arn"),
    "keys": ("aws_access_key_id", "login_session"),
    "sso": ("sso_session", "sso_start_url", "sso_account_id"),
    "oidc": ("web_identity_token_file", "role_arn"),
    "process": ("credential_process",),
    "region": ("region",),
    "role": ("role_arn",),
    "source": ("source_profile", "credential_source", "role_arn", "login_session"),
    "net": ("endpoint_url",),
}


class Stand(NamedTuple):
    """What AWS and git said about the current clone, as far as they were asked.

    `seen` is what its profile sees at the remote's place, `others` where else the repository was seen, `git` why git
    can't reach it, `arn` the identity of its profile, `more` what git's answers show besides.
    """

    profile: str
    address: Address
    seen: Sighting | None = None
    others: Sequence[Sighting] = ()
    git: Problem | None = None
    arn: str = ""
    more: tuple[Finding, ...] = ()


def of_answers(facts: Facts, answers: Sequence[Answer]) -> list[Finding]:
    """Return what is wrong with the profiles that AWS was asked about, and with the connection to AWS."""
    clock = _clock(facts, answers)
    left = [it for it in answers if it.refused and not (clock and it.refused.code == "net.clock")]
    groups: dict[tuple[str, ...], list[Answer]] = {}
    for it in left:
        groups.setdefault(_cause(it), []).append(it)
    found = [_refused(facts, group, len(answers)) for group in groups.values()]
    return [*clock, *found, *_others_who_answer(facts, answers)]


def with_clone(found: Sequence[Finding], of_it: Sequence[Finding], it: Stand) -> list[Finding]:
    """Return the findings with those of the clone, first if another profile here can read its repository.

    Then nobody needs to be asked for access, so the findings about its profile lose their message.
    """
    if not of_it or not _readers(it):
        return [*found, *of_it]
    rest = [each._replace(letter="", do="") if each.profile == it.profile and each.letter else each for each in found]
    return [*of_it, *rest]


def of_clone(facts: Facts, it: Stand) -> list[Finding]:
    """Return what is wrong with the current clone: where its repository is, and whether git can reach it."""
    refused = it.seen.refused if it.seen else None
    if isinstance(refused, NoRepository):
        return [_elsewhere(facts, it, refused)]
    if _readers(it) and (it.git is not None or it.seen is None):
        return [_readable(facts, it, refused)]
    if it.git is None:
        return []  # git decides: if it can read the repository, it doesn't matter what the API denies
    told = of_git_and_api(it.git, refused, it.arn, it.address.region, it.address.repository)
    because = told.why or (
        "The AWS API can see the repository, but git can't reach it." if it.seen and it.seen.repository else ""
    )
    code = "access.git" if told.code in ("git.failed", "internal") else told.code
    severity: Severity = "hinders" if told.is_unanswered else "stops"
    return [_of_clone(facts, it, Finding(code, severity, told.what, because, do=told.next, letter=told.letter))]


def ahead_s(answers: Sequence[Answer]) -> float:
    """Return how many seconds this computer's clock is ahead of AWS's; 0 if no answer had a time."""
    told = [it.ahead_s for it in answers if it.ahead_s is not None]
    return median(told) if told else 0.0


def _clock(facts: Facts, answers: Sequence[Answer]) -> list[Finding]:
    off = ahead_s(answers)
    if abs(off) <= CLOCK_S:
        return []
    stopped = tuple(it.profile for it in answers if it.refused and it.refused.code == "net.clock")
    minutes = round(abs(off) / 60)
    many = f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"
    set_it = "w32tm /resync" if facts.windows else "sudo timedatectl set-ntp true (macOS: sudo sntp -sS time.apple.com)"
    return [
        Finding(
            "net.clock",
            "stops" if stopped else "hinders",
            f"This computer's clock is {many} {'ahead of' if off > 0 else 'behind'} AWS time.",
            "If the clock is off by more than five minutes, AWS rejects signed requests (“Signature expired” or "
            "“Signature not yet current”). The SDK for JavaScript adjusts for this; botocore and git helpers don't.",
            do=f"Set the clock: {set_it}",
            also=stopped,
        )
    ]


def _cause(it: Answer) -> tuple[str, ...]:
    """Return a key that is equal for answers with the same cause."""
    assert it.refused is not None  # noqa: S101
    if it.refused.code.startswith("net."):
        return it.refused.code, _URL.sub("", it.refused.what.replace(it.profile, ""))
    return it.refused.code, it.at


def _refused(facts: Facts, group: Sequence[Answer], asked: int) -> Finding:
    """Return the finding for the profiles that fail for the same cause."""
    first = next((it for it in group if it.profile == it.at), group[0])
    problem = first.refused
    assert problem is not None  # noqa: S101
    others = tuple(it.profile for it in group if it is not first)
    if problem.code.startswith("net.") and len(group) == asked:
        name, others = "", (first.profile, *others)
    else:
        name = first.profile
    says = problem.what
    if problem.code.startswith("net.") and others and first.profile in says:
        says = says.replace(first.profile, f"{len(group)} profiles")
    found = Finding(problem.code, _severity(facts, first), says, problem.why, do=problem.next, letter=problem.letter)
    return _placed(facts, found._replace(profile=name, also=others), first.at)


def _severity(facts: Facts, it: Answer) -> Severity:
    assert it.refused is not None  # noqa: S101
    if it.refused.is_unanswered:
        return "hinders"  # not certain to be an error: AWS may answer next time
    wants_code = it.refused.code == "access.assume" and "mfa_serial" in facts.profiles.get(it.at, {})
    return "hinders" if wants_code and not it.refused.why else "stops"


def _others_who_answer(facts: Facts, answers: Sequence[Answer]) -> list[Finding]:
    """Return a finding for each profile whose identity isn't the one its settings name."""
    found = []
    for it in answers:
        wanted = _expected(facts, it.profile)
        if it.identity and wanted and (wrong := _wrong(it.profile, it.identity, wanted)):
            found.append(_placed(facts, wrong._replace(profile=it.profile), it.profile))
    return found


def _expected(facts: Facts, name: str) -> Expected | None:
    there = facts.profiles.get(name, {})
    kind = access.owner(there)
    if kind is None:
        return None
    session = facts.sessions.get(there.get("sso_session", ""), {})
    try:
        return kind.expects(Answers(kind.again(name, {**session, **there})))
    except (Problem, LookupError, ValueError):
        return None  # missing settings have a finding of their own


def _wrong(name: str, identity: Identity, wanted: Expected) -> Finding | None:
    if wanted.account_id and wanted.account_id != identity.account_id:
        return Finding(
            "access.account",
            "stops",
            f"{name} uses account {identity.account_id}, but its settings specify account {wanted.account_id}.",
            f"The identity is {identity.arn}. AWS tools report only that a repository doesn't exist.",
            do=f"Renew the credentials: ccsetup login {quote(name)}",
        )
    return None


def _placed(facts: Facts, finding: Finding, at: str) -> Finding:
    """Return the finding with the line of the setting that causes it, in the profile `at`."""
    if not finding.profile:
        return finding
    for key in _LINES.get(finding.code) or _LINES.get(finding.code.partition(".")[0], ()):
        if found := locate.place(facts, at, key):
            return finding._replace(path=found.path, line=found.line)
    if stanza := facts.stanzas.get(("config", "profile", at)):
        return finding._replace(path=facts.texts.config_path, line=stanza.line)
    if stanza := facts.stanzas.get(("credentials", "profile", at)):
        return finding._replace(path=facts.texts.credentials_path, line=stanza.line)
    return finding


# The clone


def _elsewhere(facts: Facts, it: Stand, refused: Problem) -> Finding:
    """Return the finding for a repository that isn't where the remote points, with the places where it was found."""
    there = [s for s in it.others if s.repository and address.takes_profile(s.profile)]
    mine = [s for s in there if s.profile == it.profile]
    remedies = tuple(_moved(facts, it, s) for s in [*mine, *(s for s in there if s not in mine)][:_OFFERED])
    name, region = it.address.repository, it.address.region
    new = next((s.repository.name for s in there if s.repository and s.repository.name != name), "")
    if new:
        says = f"{refused.what.removesuffix('.')}. {new} exists there, so it may be the new name."
        found = Finding("access.repository", "stops", says)
    elif mine:
        regions = " and ".join(s.region for s in mine)
        found = Finding("access.region", "stops", f"{name} isn't in {region}. The repository is in {regions}.")
    else:
        found = Finding("access.repository", "stops", refused.what)
    because = refused.why or "git reports that it can't find the repository, or asks for a password."
    ways = tuple(remedy for remedy in remedies if remedy.replaced)
    whom = f"the administrator of account {account}" if (account := account_in(it.arn)) else "its administrator"
    nowhere = f"{refused.next} If they're right, ask {whom} whether {name} was renamed or deleted."
    do = f"Run: {by_hand(facts.clone, remedies)}" if remedies and facts.clone else nowhere
    kind = "ask" if ways else "tell"
    return _of_clone(facts, it, found._replace(because=because, do=do, fix=kind, remedies=ways))  # type: ignore[arg-type]


def _readers(it: Stand) -> list[Sighting]:
    """Return where other profiles, to which the clone can be pointed, see the repository."""
    return [s for s in it.others if s.repository and s.profile != it.profile and address.takes_profile(s.profile)]


def _readable(facts: Facts, it: Stand, refused: Problem | None) -> Finding:
    """Return the finding for a repository that the clone's profile can't read, but another profile here can."""
    name, names = it.address.repository, list(dict.fromkeys(s.profile for s in _readers(it)))
    says = f"{it.profile} can't read {name}, but {' and '.join(names[:_OFFERED])} can."
    remedies = tuple(_moved(facts, it, s) for s in _readers(it)[:_OFFERED])
    ways = tuple(remedy for remedy in remedies if remedy.replaced)
    because = (refused.why or refused.what) if refused else f"AWS refused the credentials of {it.profile}."
    do = f"Run: {by_hand(facts.clone, ways)}" if facts.clone else ""
    found = Finding("access.repository", "stops", says, because, fix="ask" if ways else "tell", do=do, remedies=ways)
    return _of_clone(facts, it, found)


def _moved(facts: Facts, it: Stand, seen: Sighting) -> Remedy:
    name = seen.repository.name if seen.repository else it.address.repository
    if it.address.form == "https" and seen.profile == it.profile:
        fips = it.address.fips or regions.wants_fips(facts.env, facts.profiles.get(seen.profile, {}))
        host = it.address.host if seen.region == it.address.region else ""
        url = address.https_url(seen.region, name, host, fips=fips)
    else:
        url = address.codecommit_url(name, seen.region, seen.profile)
    account = f"account {seen.repository.account_id}" if seen.repository and seen.repository.account_id else ""
    by = "" if seen.profile == it.profile else f", with the profile {seen.profile}"
    to = moved(facts.clone, url, "") if facts.clone else Remedy("")
    return to._replace(label=f"Point this clone to {name} in {seen.region}{by}", hint=account)


def _of_clone(facts: Facts, it: Stand, finding: Finding) -> Finding:
    path = facts.clone.place(facts.clone.url.key, facts.clone.url.written) if facts.clone else None
    return finding._replace(profile=it.profile, path=path)
