"""share --check: checks each link from a developer to the repository, up to the first missing one."""

from __future__ import annotations

from collections.abc import Iterator

from ccsetup import share
from ccsetup.aws.access_request import Remedy, remedies
from ccsetup.core import regions
from ccsetup.core.context import Context
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Identity, Who
from ccsetup.share import audit, policies
from ccsetup.share.arrangement import Arrangement, path_in
from ccsetup.share.audit import Link


def checked(
    context: Context, it: Arrangement, look: Look, profile: str, code: str
) -> tuple[list[Link], Problem | None]:
    """Check each link, ticking it off; return the links, and the Problem of the first missing one."""
    with context.screen.busy("Checking the identity with AWS"):
        identity = context.aws.identity(Who(profile, it.region, chosen=True))
    context.screen.done("identity", identity.arn, f"account {identity.account_id}")
    seen: list[Link] = []
    try:
        for link in _links(context, it, look, profile, code, identity):
            seen.append(link)
            if link.holds is False:
                return seen, _problem(context, link)
            if link.holds:
                context.screen.done(link.name, link.says)
            else:
                context.screen.note(link.says)
    except Problem as refused:
        if not refused.is_unanswered:
            raise
        context.screen.problem(refused)
        return seen, refused
    return seen, None


def _problem(context: Context, link: Link) -> Problem:
    """Return a missing link as a Problem, and print the policy that fixes it."""
    problem = Problem(link.says, code=link.code)
    if link.where:
        problem.next = f"{link.where[0].upper()}{link.where[1:]}{', as shown below.' if link.mend else '.'}"
    problem.policy = link.mend
    context.screen.problem(problem)
    if link.mend:
        context.screen.output(share.pretty(link.mend).rstrip("\n"))
    return problem


def _links(
    context: Context, it: Arrangement, look: Look, profile: str, code: str, identity: Identity
) -> Iterator[Link]:
    """Yield the links that this profile can check."""
    who = Who(profile, it.region, chosen=True)
    if f":assumed-role/{it.role}/" in identity.arn and identity.account_id == it.owner:
        yield Link("role", True, f"the profile {profile} already uses the role {it.role}")
        yield from _repository(context, it, who)
    elif identity.account_id == it.owner:
        yield from _as_owner(context, it, who)
    elif identity.account_id in it.accounts:
        here = tuple(account for account in it.accounts if account != identity.account_id)
        it = it._replace(people=identity.account_id, also_people=here)
        policy = _people_policy(context, it, who)
        yield from policy
        yield from _as_developer(context, it, look, profile, code, administers=bool(policy))
    else:
        accounts = " or ".join((it.owner, *it.accounts))
        yield Link("identity", False, f"The profile {profile} is in account {identity.account_id}, not in {accounts}.",
                   f"use a profile in {accounts}: --profile NAME")  # fmt: skip


def _as_owner(context: Context, it: Arrangement, who: Who) -> Iterator[Link]:
    """Check from the repository's account: the role, its trust policy, its permissions, the repository and its key."""
    with context.screen.busy(f"Checking {it.role}"):
        role = context.iam.role(who, it.role)
    yield audit.existing(it, role)
    assert role is not None  # noqa: S101 — a missing link is always the last one
    it = it._replace(path=path_in(role.arn))
    yield from audit.trusting(it, role)
    repository = list(_repository(context, it, who))
    yield from (link for link in repository if link.name != "key")
    for one in it.each:
        link = _decided(context, one, who, one.repository_arn)
        yield link._replace(mend=policies.permissions(it) if link.mend else None)
    key = it.kms_key or _key(context, it, who)
    if key:
        yield _decided(context, it._replace(kms_key=key), who, key)


def _key(context: Context, it: Arrangement, who: Who) -> str:
    try:
        return next(filter(None, (context.iam.customer_key(who, name) for name in it.repositories)), "")
    except Problem as refused:
        _heard(refused)
        return ""


def _heard(refused: Problem) -> None:
    """Raise a Problem that isn't an answer: without an answer, a link neither holds nor is missing."""
    if refused.is_unanswered:
        raise refused


def _decided(context: Context, it: Arrangement, who: Who, resource: str) -> Link:
    """Have IAM say whether the role may use the repository or its key."""
    of_key = resource == it.kms_key
    wanted = audit.needed_of_key() if of_key else audit.needed(it)
    try:
        with context.screen.busy("Checking the role's permissions"):
            decisions = context.iam.allowed(who, it.role_arn, wanted, resource)
    except Problem as refused:
        _heard(refused)
        return Link("permissions", None, f"{refused.what} ccsetup couldn't check the role's permissions.")
    return audit.with_key(it, decisions) if of_key else audit.permitted(it, decisions)


def _people_policy(context: Context, it: Arrangement, who: Who) -> list[Link]:
    """Check the policy and the group in the developers' account; [] if this profile isn't allowed to see them."""
    try:
        with context.screen.busy(f"Checking {it.people_policy}"):
            policy = context.iam.policy(who, it.people_policy_arn)
    except Problem as refused:
        _heard(refused)
        return []
    found = audit.of_people(it, policy)
    if policy is None or not found[-1].holds:
        return found
    try:
        groups = [it.removeprefix("group ") for it in policy.attached if it.startswith("group ")]
        members = {name: context.iam.members(who, name) for name in groups}
    except Problem as refused:
        _heard(refused)
        return found
    return [*found, *audit.of_groups(it, policy, members)]


def _as_developer(
    context: Context, it: Arrangement, look: Look, profile: str, code: str, administers: bool = False
) -> Iterator[Link]:
    """Check as a developer: assume the role, and look at the repository with it.

    An administrator who sees the policy doesn't need to be able to assume the role.
    """
    from ccsetup.share.apply import as_role

    who = as_role(it, look, profile, code, context)
    try:
        with context.screen.busy(f"Assuming {it.role} with the profile {profile}"):
            found = context.aws.identity(who)
    except Problem as refused:
        _heard(refused)
        if administers:
            says = f"The profile {profile} can't assume {it.role} itself. Run --check with a developer's profile, too."
            yield Link("trust", None, says)
            return
        yield _refused(it, "trust", refused)
        return
    yield Link("trust", True, f"the profile {profile} can assume {found.arn}")
    yield from _repository(context, it, who)
    if not it.read_only:
        yield Link(
            "push",
            None,
            f"Push access wasn't checked. An administrator of account {it.owner} can check it with --check.",
        )


def _repository(context: Context, it: Arrangement, who: Who) -> Iterator[Link]:
    """Check with a Who whether the repositories exist in this region and are accessible."""
    for one in it.each:
        for link in _one_repository(context, one, who):
            yield link
            if link.holds is False:
                return


def _one_repository(context: Context, it: Arrangement, who: Who) -> Iterator[Link]:
    try:
        with context.screen.busy(f"Looking for {it.repository} in {it.region}"):
            found = context.aws.repository(who, it.repository)
    except NoRepository:
        yield _elsewhere(context, it, who)
        return
    except Problem as refused:
        _heard(refused)
        name = "key" if refused.code == "access.kms" else "permissions"
        yield _refused(it, name, refused)
        return
    if found.account_id and found.account_id != it.owner:
        yield Link("repository", False, f"{it.repository} is in account {found.account_id}, not in {it.owner}.")
        return
    yield Link("repository", True, f"{it.repository} is in {it.region}")


def _elsewhere(context: Context, it: Arrangement, who: Who) -> Link:
    others = regions.beside(it.region)
    with context.screen.counting(f"Looking for {it.repository} in the other regions") as counted:
        found = context.aws.regions_with(who, it.repository, others, counted)
    if not found:
        return Link(
            "repository", False, f"There is no repository {it.repository} in {it.region}.", "check the repository name"
        )
    says = f"{it.repository} isn't in {it.region}. It is in {' and '.join(found)}."
    return Link("region", False, says, f"share the repository in that region: --region {found[0]}")


def _refused(it: Arrangement, name: str, refused: Problem) -> Link:
    """Return the missing link for a refusal by AWS, with the policy that lifts it."""
    first = next(iter(remedies(refused.denial)), None) if refused.denial else None
    says = f"{refused.what} {refused.why}".strip()
    if first and name == "trust":
        return _untrusted(it, says, first)
    if first:
        return Link(name, False, says, first.where, first.document)
    return Link(name, False, says, refused.next.rstrip("."))


def _untrusted(it: Arrangement, says: str, first: Remedy) -> Link:
    """Return the missing link for a role that can't be assumed. The external ID is the first thing to suspect.

    A statement that is proposed has the conditions of the arrangement, so that it doesn't open a second way in.
    """
    if it.external_id:
        ids = f"check that the role requires the external ID {it.external_id}, and if it does, {first.where}"
    else:
        ids = f"if the role requires an external ID, add --external-id; otherwise, {first.where}"
    of_trust = "Principal" in first.document["Statement"][0]
    return Link("trust", False, says, ids, policies.with_conditions(it, first.document) if of_trust else first.document)
