"""Compares what is in IAM with what should be there, and returns the steps: what each changes, and its calls.

Documents that differ only in order count as equal, so a second run has nothing to do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ccsetup.aws.iam import IamCall, IamPolicy, IamRole
from ccsetup.core.arn import account_in
from ccsetup.core.errors import Problem
from ccsetup.share import policies
from ccsetup.share.arrangement import TAG, TAGGED, Arrangement

Document = Mapping[str, Any]
_TAGS = [{"Key": TAGGED, "Value": TAG}]
_VERSIONS = 5  # the most versions that IAM keeps of a managed policy
ON_ROLE = ("iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies")
ON_POLICY = ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions", "iam:ListEntitiesForPolicy")
TO_APPLY = ("iam:CreateRole", "iam:TagRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy",
            "iam:SimulatePrincipalPolicy", "iam:CreatePolicy", "iam:TagPolicy", "iam:CreatePolicyVersion",
            "iam:DeletePolicyVersion")  # fmt: skip
TO_REMOVE = ("iam:DeleteRolePolicy", "iam:DeleteRole", "iam:DeletePolicyVersion", "iam:DeletePolicy")


class Step(NamedTuple):
    """One change: its description, its policy's name, before and after (None: doesn't exist), and IAM calls."""

    says: str
    name: str
    before: Document | None
    after: Document | None
    calls: tuple[IamCall, ...]


def needed(owner: bool, removing: bool) -> tuple[str, ...]:
    """Return the actions that an administrator needs on the role, or on the other account's policy."""
    changes = [it for it in (TO_REMOVE if removing else TO_APPLY) if ("Role" in it or "Principal" in it) is owner]
    return (*(ON_ROLE if owner else ON_POLICY), *changes)


def alike(one: Document | None, other: Document | None) -> bool:
    """Say whether two policies mean the same, ignoring order, Sids, and single values versus lists of one."""
    return one is not None and other is not None and _plain(one) == _plain(other)


def cut_off(wanted: Sequence[Step]) -> list[str]:
    """Return the accounts and providers that a role trusts today and wouldn't trust after these steps."""
    changes = [(step.before, step.after) for step in wanted if step.before and step.after]
    return sorted({name for before, after in changes for name in _let_in(before) - _let_in(after)})


def _let_in(document: Document) -> set[str]:
    """Return the accounts and providers that a trust policy allows."""
    found: set[str] = set()
    for statement in _many(document.get("Statement", ())):
        principal = statement.get("Principal", {}) if statement.get("Effect") == "Allow" else {}
        named = {"AWS": principal} if isinstance(principal, str) else principal
        found |= {account_in(name) or name for name in _many(named.get("AWS", ()))}
        found |= set(_many(named.get("Federated", ())))
    return found


def _many(value: Any) -> list[Any]:
    return [value] if isinstance(value, (str, Mapping)) else list(value)


def made_by_us(tags: Mapping[str, str]) -> bool:
    """Say whether something with these tags was created by share."""
    return tags.get(TAGGED) == TAG


def for_owner(it: Arrangement, there: IamRole | None) -> list[Step]:
    """Return the steps that create or update the role in the repository's account."""
    trust, may = policies.trust(it), policies.permissions(it)
    name = {"RoleName": it.role}
    found = []
    if there is None:
        given = {**name, "AssumeRolePolicyDocument": _text(trust), "Description": _about(it), "Tags": _TAGS}
        found.append(Step(f"create the role {it.role}", "trust policy", None, trust, (IamCall("create_role", given),)))
    elif not alike(there.trust, trust):
        call = IamCall("update_assume_role_policy", {**name, "PolicyDocument": _text(trust)})
        found.append(Step(f"change the trust policy of {it.role}", "trust policy", there.trust, trust, (call,)))
    before = there.policies.get(it.policy_name) if there else None
    if not alike(before, may):
        call = IamCall("put_role_policy", {**name, "PolicyName": it.policy_name, "PolicyDocument": _text(may)})
        verb = "change" if before else "set"
        found.append(Step(f"{verb} the permissions of {it.role}", it.policy_name, before, may, (call,)))
    return found


def for_people(it: Arrangement, there: IamPolicy | None) -> list[Step]:
    """Return the steps that create or update the other account's policy and attach it to the group, if any."""
    wanted, arn = policies.assume(it), it.people_policy_arn
    found = []
    if there is None:
        given = {
            "PolicyName": it.people_policy,
            "PolicyDocument": _text(wanted),
            "Description": _about(it),
            "Tags": _TAGS,
        }
        call = IamCall("create_policy", given)
        found.append(Step(f"create the policy {it.people_policy}", it.people_policy, None, wanted, (call,)))
    elif not alike(there.document, wanted):
        spare = sorted((v for v in there.spare), key=lambda v: int(v[1:]))[: max(0, len(there.spare) + 2 - _VERSIONS)]
        calls = [IamCall("delete_policy_version", {"PolicyArn": arn, "VersionId": version}) for version in spare]
        newest: dict[str, Any] = {"PolicyArn": arn, "PolicyDocument": _text(wanted), "SetAsDefault": True}
        calls.append(IamCall("create_policy_version", newest))
        says = f"change the policy {it.people_policy}"
        found.append(Step(says, it.people_policy, there.document, wanted, tuple(calls)))
    if it.group and (there is None or f"group {it.group}" not in there.attached):
        call = IamCall("attach_group_policy", {"GroupName": it.group, "PolicyArn": arn})
        found.append(Step(f"attach the policy {it.people_policy} to the group {it.group}", "", None, None, (call,)))
    return found


def taking_back(it: Arrangement, there: IamRole | None) -> list[Step]:
    """Return the steps that remove only what share created in the repository's account.

    A role that share didn't create loses only this repository's policy. A role of ours is deleted with its last
    policy. Raises Problem if our role has policies that share didn't create.
    """
    if there is None:
        return []
    found, name = [], {"RoleName": it.role}
    mine = there.policies.get(it.policy_name)
    if mine is not None:
        call = IamCall("delete_role_policy", {**name, "PolicyName": it.policy_name})
        found.append(Step(f"remove this repository's permissions from {it.role}", it.policy_name, mine, None, (call,)))
    others = [policy for policy in there.policies if policy != it.policy_name]
    if not made_by_us(there.tags) or any(other.startswith("ccsetup-") for other in others):
        return found
    if foreign := [*others, *there.attached]:
        raise Problem(
            f"The role {it.role} has policies that ccsetup share didn't create: {', '.join(foreign)}.",
            why="Other people may depend on these policies. Nothing was removed.",
            next="To delete the role, remove those policies from it first.",
            code="access.assume",
        )
    call = IamCall("delete_role", name)
    return [*found, Step(f"delete the role {it.role}", "trust policy", there.trust, None, (call,))]


def taking_back_from_people(it: Arrangement, there: IamPolicy | None) -> list[Step]:
    """Return the steps that remove the other account's policy. Raises Problem if it is attached to anything else."""
    if there is None or not made_by_us(there.tags):
        return []
    arn = {"PolicyArn": it.people_policy_arn}
    own = f"group {it.group}"
    if others := [holder for holder in there.attached if holder != own]:
        raise Problem(
            f"The policy {it.people_policy} is still attached to {', '.join(others)}.",
            why="ccsetup share removes only what it created. Nothing was removed.",
            next="Detach the policy first. To detach it from a group with ccsetup, add the group: --group Developers",
            code="access.assume",
        )
    calls = [IamCall("detach_group_policy", {"GroupName": it.group, **arn})] if own in there.attached else []
    calls += [IamCall("delete_policy_version", {**arn, "VersionId": version}) for version in there.spare]
    calls.append(IamCall("delete_policy", arn))
    says = f"delete the policy {it.people_policy}"
    return [Step(says, it.people_policy, there.document, None, tuple(calls))]


def _about(it: Arrangement) -> str:
    return f"CodeCommit repository {it.repository} in {it.region}, shared by ccsetup"


def _text(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))


def _plain(value: Any, key: str = "") -> tuple[Any, ...]:
    """Return a part of a policy in a normal form: single values become lists of one, and lists are sorted."""
    many = value if isinstance(value, (list, tuple)) else [value]
    return tuple(sorted({_one(one, key) for one in many}, key=repr))


def _one(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return tuple(sorted((name, _plain(inner, name)) for name, inner in value.items() if name not in ("Sid", "Id")))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.lower() if key in ("Action", "NotAction") else text
