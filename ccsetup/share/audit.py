"""Compares a role with what it should be: which links of the chain are missing, and the policies that fix them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from ccsetup.aws.iam import IamPolicy, IamRole
from ccsetup.core.arn import account_in
from ccsetup.share import policies, steps, trust_merge
from ccsetup.share.arrangement import BUILT_IN, Arrangement, Trust
from ccsetup.share.trust_policy import statements

Document = Mapping[str, Any]
_NEEDED = ("codecommit:GitPull", "codecommit:GetRepository", "codecommit:ListBranches")
_OF_KEY = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")
_CODES = {"role": "access.assume", "trust": "access.assume", "permissions": "access.repository",
          "repository": "access.repository", "region": "access.region", "key": "access.kms"}  # fmt: skip


class Link(NamedTuple):
    """One link of the chain from a developer to the repository. `holds` is None if it couldn't be checked.

    `mend` is the policy that fixes it, `where` says where to add the policy.
    """

    name: str
    holds: bool | None
    says: str
    where: str = ""
    mend: Document | None = None

    @property
    def code(self) -> str:
        """The finding's code for a missing link."""
        return _CODES.get(self.name, "access.assume")


def needed(it: Arrangement) -> tuple[str, ...]:
    """Return the actions on the repository that the role needs for a clone and, if allowed, a push."""
    return _NEEDED if it.read_only else (*_NEEDED[:1], "codecommit:GitPush", *_NEEDED[1:])


def needed_of_key() -> tuple[str, ...]:
    """Return the actions on the repository's key that the role needs."""
    return _OF_KEY


def existing(it: Arrangement, role: IamRole | None) -> Link:
    """Say whether the role exists."""
    if role:
        return Link("role", True, f"the role {role.arn} exists")
    where = f"in account {it.owner}, create the role {it.role} and its trust policy"
    return Link("role", False, f"Account {it.owner} has no role {it.role}.", where, policies.trust(it))


def trusting(it: Arrangement, role: IamRole) -> list[Link]:
    """Say for each trust whether the role's trust policy includes it."""
    found = []
    statements(role.trust, f"the trust policy of the role {it.role}")
    for one in it.trusts:
        gap = _gap(it, one, role.trust)
        way = policies.who(it.bare._replace(trusts=(one,)))[0].what
        if gap is None:
            found.append(Link("trust", True, f"{it.role} trusts {way}"))
            continue
        if gap.unsure:
            found.append(Link("trust", None, f"ccsetup couldn't check whether {it.role} trusts {way}: {gap.says}."))
            continue
        says = f"{it.role} doesn't trust {way}: {gap.says}."
        if gap.give:  # the role requires more than was given here; its policy isn't wrong
            tags = ", and give callers these tags" if "--principal-tag" in gap.give else ""
            where = f"use this flag here and in the developers' command: {gap.give}{tags}"
            found.append(Link("trust", False, says, where))
            continue
        if missing := trust_merge.added(it._replace(trusts=(one,)), role.trust):
            where = f"in account {it.owner}, add the missing statement to the trust policy of {it.role}"
            found.append(Link("trust", False, says, where, policies.document(missing)))
            continue
        where = f"in account {it.owner}, compare the conditions in the trust policy of {it.role}"
        found.append(Link("trust", False, says, where))
    return found


def of_people(it: Arrangement, policy: IamPolicy | None) -> list[Link]:
    """Say whether the developers' account has the policy that allows assuming the role, and who has the policy."""
    name, where = it.people_policy, f"in account {it.people}"
    sets = any(one.kind == "permission-set" for one in it.trusts)
    if policy is None and sets:
        says = f"Account {it.people} has no policy {name}, and ccsetup can't see the inline policy of a permission set."
        return [Link("policy", None, says)]
    if policy is None:
        create = f"{where}, create the policy {name}, and attach it to the users who need access"
        return [Link("policy", False, f"Account {it.people} has no policy {name}.", create, policies.assume(it))]
    if not steps.allows(policy.document, it.role_arn):
        change = f"{where}, add the missing statement to the policy {name}"
        says = f"The policy {name} doesn't allow sts:AssumeRole on {it.role_arn}."
        return [Link("policy", False, says, change, policies.assume(it))]
    found = [Link("policy", True, f"the policy {name} allows assuming {it.role}")]
    if it.group and f"group {it.group}" not in policy.attached:
        attach = f"{where}, attach the policy: aws iam attach-group-policy --group-name {it.group} --policy-arn"
        found.append(Link("group", False, f"{name} isn't attached to the group {it.group}.", f"{attach} {policy.arn}"))
    elif policy.attached:
        found.append(Link("group", True, f"it is attached to {', '.join(policy.attached)}"))
    elif sets:
        found.append(Link("group", None, f"ccsetup can't see whether a permission set has the policy {name}."))
    else:
        attach = f"{where}, attach it to a group or user, for example, with --apply --group Developers"
        found.append(Link("group", False, f"{name} isn't attached to anyone.", attach))
    return found


def of_groups(it: Arrangement, policy: IamPolicy, members: Mapping[str, Sequence[str]]) -> list[Link]:
    """Say whether the groups that have the policy have users, if it is attached to nothing else."""
    empty = [it.group] if it.group in members and not members[it.group] else []
    if not empty and len(members) == len(policy.attached) and not any(members.values()):
        empty = [*members]
    if not empty:
        return []
    add = f"aws iam add-user-to-group --group-name {empty[0]} --user-name NAME"
    return [
        Link(
            "group", False, f"The group {' and '.join(empty)} has no users.", f"in account {it.people}, add them: {add}"
        )
    ]


def permitted(it: Arrangement, decisions: Mapping[str, str]) -> Link:
    """Say whether IAM allows the role what a clone and a push need."""
    return _decided(it, decisions, needed(it), "permissions", it.label)


def with_key(it: Arrangement, decisions: Mapping[str, str]) -> Link:
    """Say whether IAM allows the role to use the repository's key."""
    return _decided(it, decisions, needed_of_key(), "key", f"the key of {it.label}")


def _decided(it: Arrangement, decisions: Mapping[str, str], wanted: Sequence[str], name: str, on: str) -> Link:
    missing = [action for action in wanted if decisions.get(action, "") != "allowed"]
    if not missing:
        return Link(name, True, f"{it.role} is allowed to use {', '.join(wanted)} on {on}")
    if denied := [action for action in missing if decisions.get(action) == "explicitDeny"]:
        says = f"A policy explicitly denies {it.role} permission for {', '.join(denied)} on {on}."
        return Link(
            name,
            False,
            says,
            f"in account {it.owner}, find and remove that Deny statement, which overrides all other permissions",
        )
    where = f"in account {it.owner}, add the missing permissions to the policies of {it.role}"
    return Link(
        name,
        False,
        f"{it.role} isn't allowed to use {', '.join(missing)} on {on}.",
        where,
        policies.permissions(it),
    )


# Trust policies. IAM's policy simulator doesn't cover them.


class _Gap(NamedTuple):
    """Why a trust isn't met, and the flag that callers can pass to meet it.

    `unsure` means that callers may meet it anyway: it depends on something unknown here, e.g. their organization.
    """

    says: str
    give: str = ""
    unsure: bool = False


def _gap(it: Arrangement, one: Trust, document: Document) -> _Gap | None:
    """Return why a trust isn't met; None if it is."""
    gaps: list[list[_Gap]] = []
    action = {"oidc": "sts:AssumeRoleWithWebIdentity", "saml": "sts:AssumeRoleWithSAML"}.get(one.kind, "sts:AssumeRole")
    for statement in _listed(document.get("Statement", ())):
        if not any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _listed(statement.get("Action", ()))):
            continue
        if not _names(it, one, statement.get("Principal", {})):
            continue
        unmet = [gap for test in _tests(statement) if (gap := _unmet(it, one, *test))]
        if statement.get("Effect") == "Deny" and not unmet:
            return _Gap("a statement in the trust policy denies access")  # another statement wouldn't help
        if statement.get("Effect") == "Allow":
            gaps.append(unmet)
    if not gaps:
        return _Gap("its trust policy has no matching statement")
    nearest = min(gaps, key=lambda unmet: (sum(not gap.unsure for gap in unmet), len(unmet)))
    if not nearest:
        return None
    if any(not gap.unsure for gap in nearest):
        nearest = [gap for gap in nearest if not gap.unsure]
    give = " ".join(gap.give for gap in nearest) if all(gap.give for gap in nearest) else ""
    return _Gap("; ".join(gap.says for gap in nearest), give, all(gap.unsure for gap in nearest))


def _names(it: Arrangement, one: Trust, principal: Any) -> bool:
    """Say whether a principal is, or includes, the one in a trust."""
    if principal == "*":
        return True
    if one.kind in ("oidc", "saml"):
        arn = one.name if one.kind == "saml" or one.name in BUILT_IN else _provider(it, one.name)
        return arn in _listed(principal.get("Federated", ()))
    whole = {"*", *it.accounts, *(f"arn:{it.partition}:iam::{account}:root" for account in it.accounts)}
    return any(name in whole or (one.kind == "role" and name == one.name) for name in _listed(principal.get("AWS", ())))


def _provider(it: Arrangement, issuer: str) -> str:
    return f"arn:{it.partition}:iam::{it.owner}:oidc-provider/{issuer}"


def _tests(statement: Document) -> Iterator[tuple[str, str, list[str]]]:
    for operator, tests in statement.get("Condition", {}).items():
        for key, wanted in tests.items():
            yield (
                operator,
                key,
                [str(value).lower() if isinstance(value, bool) else str(value) for value in _listed(wanted)],
            )


def _unmet(it: Arrangement, one: Trust, operator: str, key: str, wanted: list[str]) -> _Gap | None:
    """Return why a trust doesn't meet a condition; None if it does."""
    brought, plain = _context(it, one), operator.removesuffix("IfExists").split(":")[-1]
    have = brought.get(key.lower())
    if have is None and operator.endswith("IfExists"):
        return None
    like = "Like" in plain or plain.startswith("Arn")
    holds = have is not None and any(have == want or (like and fnmatchcase(have, want)) for want in wanted)
    if "Not" in plain or plain == "Null" or any("${" in value for value in wanted):  # or it depends on the caller
        return _Gap(f"its trust policy has a {operator} condition on {key}", unsure=True)
    if holds:
        return None
    if key.lower() == "sts:externalid":
        given = f"not {have}" if have else "but none was specified"
        give = f"--external-id {wanted[0]}" if wanted else ""
        return _Gap(f"its trust policy requires the external ID {' or '.join(wanted)}, {given}", give)
    if key.lower() == "aws:multifactorauthpresent":
        return _Gap("its trust policy requires MFA", "--require-mfa")
    if key.lower() == "sts:rolesessionname" and wanted:
        return _Gap(f"its trust policy requires a session name like {' or '.join(wanted)}",
                    f"--require-session-name '{wanted[0]}'")  # fmt: skip
    tag = key.lower().startswith(("aws:principaltag/", "aws:requesttag/"))
    name = key.partition("/")[2]
    return _Gap(
        f"its trust policy requires {key} = {' or '.join(wanted)}",
        f"--principal-tag {name}={wanted[0]}" if tag and wanted else "",
        unsure=key.lower() not in brought and not tag,
    )


def _context(it: Arrangement, one: Trust) -> dict[str, str | None]:
    """Return the condition values of a caller with this trust, with lowercase keys."""
    brought = {f"aws:requesttag/{key.lower()}": value for key, value in it.tags}
    if one.kind == "oidc":
        application, person = BUILT_IN.get(one.name, ("aud", "sub"))
        host = one.name.lower()
        return {**brought, f"{host}:{application}": it.audience, f"{host}:{person}": it.subject or None}
    if one.kind == "saml":
        return {**brought, "saml:aud": it.saml_audience}
    arn = one.name or None
    if one.kind == "permission-set":
        arn = policies.permission_set_arn(it.partition, it.people, one.name)
    tags = {f"aws:principaltag/{key.lower()}": value for key, value in it.tags}
    mfa = "true" if it.mfa else None
    return {
        "sts:externalid": it.external_id or None,
        "aws:multifactorauthpresent": mfa,
        "aws:principalarn": arn,
        **({"aws:principalorgid": it.org} if it.org else {}),
        "sts:rolesessionname": it.session_name or None,
        "aws:principalaccount": it.people or (account_in(arn) if arn else None),
        **tags,
    }


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, (str, Mapping, bool)) else list(value)
