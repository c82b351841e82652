"""Compares what is in IAM with what should be there, and returns the steps: what each changes, and its calls.

Documents that differ only in order count as equal, so a second run has nothing to do.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ccsetup.aws.iam import IamCall, IamPolicy, IamRole
from ccsetup.core.errors import Problem
from ccsetup.share import policies, trust_merge
from ccsetup.share.arrangement import TAG, TAGGED, Arrangement
from ccsetup.share.trust_changes import Changes, compare
from ccsetup.share.trust_policy import actions, like, listed, statements

Document = Mapping[str, Any]
_TAGS = [{"Key": TAGGED, "Value": TAG}]
TRUST = "trust policy"  # the name of a step's document if it is the role's trust policy
PREFIX = "ccsetup-"  # the names of our inline policies start with this
_VERSIONS = 5  # the most versions that IAM keeps of a managed policy
ON_ROLE = ("iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies")
ON_POLICY = ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions", "iam:ListEntitiesForPolicy")
TO_APPLY = ("iam:CreateRole", "iam:TagRole", "iam:UpdateRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy",
            "iam:SimulatePrincipalPolicy", "iam:CreatePolicy", "iam:TagPolicy", "iam:CreatePolicyVersion",
            "iam:DeletePolicyVersion")  # fmt: skip
TO_REMOVE = (
    "iam:UpdateAssumeRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:DeleteRole",
    "iam:DeletePolicyVersion",
    "iam:DeletePolicy",
    "iam:UntagPolicy",
)


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


def made_by_us(tags: Mapping[str, str]) -> bool:
    """Say whether something with these tags was created by share."""
    return tags.get(TAGGED) == TAG and not stack_of(tags)


def stack_of(tags: Mapping[str, str]) -> str:
    """Return the name of the CloudFormation stack that made something with these tags; "" if none did."""
    return tags.get("aws:cloudformation:stack-name", "")


def for_owner(it: Arrangement, there: IamRole | None, said: Collection[str] = (), replace: bool = False) -> list[Step]:
    """Return the steps that create or update the role in the repository's account.

    `said` are the answers that the command names; everything else stays as the role has it, unless `replace`.
    """
    may, trust = policies.permissions(it), policies.trust(it)
    if there is not None and not replace:
        trust = trust_merge.merged(it, said, there.trust, made_by_us(there.tags))
    name = {"RoleName": it.role}
    found = []
    if there is None:
        given = {
            **name,
            **_settings(it),
            "AssumeRolePolicyDocument": _text(trust),
            "Description": _about(it),
            "Tags": _TAGS,
        }
        found.append(Step(f"create the role {it.role}", TRUST, None, trust, (IamCall("create_role", given),)))
    elif not alike(there.trust, trust):
        found.append(_trusting(it, there.trust, trust, f"change the trust policy of {it.role}"))
    if there is not None and it.session_s and it.session_s != there.session_s:
        call = IamCall("update_role", {**name, "MaxSessionDuration": it.session_s})
        says = f"change the longest session of {it.role} from {there.session_s} to {it.session_s} seconds"
        found.append(Step(says, "", None, None, (call,)))
    before = there.policies.get(it.policy_name) if there else None
    if before is not None:
        may = policies.kept(may, before)
    if not alike(before, may):
        call = IamCall("put_role_policy", {**name, "PolicyName": it.policy_name, "PolicyDocument": _text(may)})
        verb = "change" if before else "set"
        found.append(Step(f"{verb} the permissions of {it.role}", it.policy_name, before, may, (call,)))
    return found


def for_people(it: Arrangement, there: IamPolicy | None) -> list[Step]:
    """Return the steps that create or update the other account's policy and attach it to the group, if any."""
    wanted, arn = policies.assume(it), it.people_policy_arn
    if there is not None and not made_by_us(there.tags):
        wanted = _with_ours(there.document, wanted)
    found = []
    if there is None:
        given = {
            "PolicyName": it.people_policy,
            "PolicyDocument": _text(wanted),
            "Description": _about(it),
            "Tags": [*_TAGS, _use(it)],
        }
        call = IamCall("create_policy", given)
        found.append(Step(f"create the policy {it.people_policy}", it.people_policy, None, wanted, (call,)))
    elif not alike(there.document, wanted):
        found.append(_new_version(it, there, wanted, f"change the policy {it.people_policy}"))
    if there is not None and made_by_us(there.tags) and it.policy_name not in there.tags:
        call = IamCall("tag_policy", {"PolicyArn": arn, "Tags": [_use(it)]})
        found.append(Step(f"mark the policy {it.people_policy} as used for {it.label}", "", None, None, (call,)))
    if it.group and (there is None or f"group {it.group}" not in there.attached):
        call = IamCall("attach_group_policy", {"GroupName": it.group, "PolicyArn": arn})
        found.append(Step(f"attach the policy {it.people_policy} to the group {it.group}", "", None, None, (call,)))
    return found


def _use(it: Arrangement) -> dict[str, str]:
    """Return the tag that marks a policy in the developers' account as used for these repositories."""
    return {"Key": it.policy_name, "Value": TAG}


def used_by(tags: Mapping[str, str]) -> list[str]:
    """Return the arrangements that use a policy in the developers' account, by the names of the role's policies."""
    return [key for key, value in tags.items() if key.startswith(PREFIX) and value == TAG]


def _with_ours(there: Document, wanted: Document) -> Document:
    """Return somebody else's policy with our statement added, unless it allows the same already."""
    ours = {**wanted["Statement"][0], "Sid": trust_merge.ADDED + wanted["Statement"][0]["Sid"]}
    mine = [it for it in statements(there) if _allows(it, ours["Resource"])]
    return there if mine else {**there, "Statement": [*_without_ours(there), ours]}


def allows(there: Document, role: str) -> bool:
    """Say whether a policy allows assuming a role, and doesn't deny it."""
    denied = [it for it in statements(there) if it["Effect"] == "Deny" and _allows({**it, "Effect": "Allow"}, role)]
    return not denied and any(_allows(it, role) for it in statements(there))


def _allows(statement: Mapping[str, Any], role: str) -> bool:
    """Say whether a statement allows assuming a role, without conditions."""
    allows = statement["Effect"] == "Allow" and not statement.get("Condition") and "sts:AssumeRole" in actions(
        dict(statement)
    )  # fmt: skip
    return allows and any(like(role, str(one)) for one in listed(statement.get("Resource", [])))


def _without_ours(there: Document) -> list[Mapping[str, Any]]:
    return [it for it in statements(there) if not str(it.get("Sid", "")).startswith(trust_merge.ADDED)]


def _new_version(it: Arrangement, there: IamPolicy, wanted: Document, says: str) -> Step:
    """Return the step that gives a policy a new version, without more versions than IAM keeps."""
    arn = it.people_policy_arn
    oldest = sorted(there.spare, key=lambda v: int(v[1:]))[: max(0, len(there.spare) + 2 - _VERSIONS)]
    calls = [IamCall("delete_policy_version", {"PolicyArn": arn, "VersionId": version}) for version in oldest]
    newest: dict[str, Any] = {"PolicyArn": arn, "PolicyDocument": _text(wanted), "SetAsDefault": True}
    calls.append(IamCall("create_policy_version", newest))
    return Step(says, it.people_policy, there.document, wanted, tuple(calls))


def _settings(it: Arrangement) -> dict[str, Any]:
    """Return the settings of a new role that aren't IAM's defaults."""
    return {
        **({"Path": it.path} if it.path != "/" else {}),
        **({"PermissionsBoundary": it.boundary} if it.boundary else {}),
        **({"MaxSessionDuration": it.session_s} if it.session_s else {}),
    }


def _trusting(it: Arrangement, before: Document, after: Document, says: str) -> Step:
    call = IamCall("update_assume_role_policy", {"RoleName": it.role, "PolicyDocument": _text(after)})
    return Step(says, TRUST, before, after, (call,))


def changes(it: Arrangement, wanted: Sequence[Step]) -> Changes:
    """Return what the steps change for the callers of a role that exists."""
    both = [step for step in wanted if step.name == TRUST and step.before is not None and step.after is not None]
    return compare(both[0].before, both[0].after, it.owner) if both else Changes()


def taking_back(it: Arrangement, there: IamRole | None, said: Collection[str] = ()) -> list[Step]:
    """Return the steps that remove only what this arrangement made in the repository's account.

    Callers and repositories that the command doesn't name keep their access. A role of ours is deleted with its last
    caller and policy. What a CloudFormation stack made is left to it. Raises Problem if our role has policies that
    share didn't create, or if the arrangement can't be told apart from another one.
    """
    mine = there.policies.get(it.policy_name) if there else None
    if there is None or stack_of(there.tags) or (mine is None and there.policies):
        return []
    ours = made_by_us(there.tags)
    left = trust_merge.without(it, said, there.trust, ours)
    others = [policy for policy in there.policies if policy != it.policy_name]
    shared = [other for other in others if other.startswith(PREFIX)]
    still = trust_merge.let_in(left, None if ours else trust_merge.ADDED)
    if still and shared:
        raise Problem(
            f"The role {it.role} also lets in {' and '.join(still)}, and gives access to other repositories.",
            why=f"A role can't give {it.label} to only some of its callers. Nothing was removed.",
            next=f"To remove {it.label} for everyone, name every caller with --to-account and --trust.",
            code="access.assume",
        )
    trusting = [] if alike(there.trust, left) or shared else [
        _trusting(it, there.trust, left, f"remove the callers that ccsetup added from {it.role}")
    ]  # fmt: skip
    if still:
        return trusting
    found, name = [], {"RoleName": it.role}
    if mine is not None:
        call = IamCall("delete_role_policy", {**name, "PolicyName": it.policy_name})
        found.append(Step(f"remove this repository's permissions from {it.role}", it.policy_name, mine, None, (call,)))
    if not ours or shared:
        return [*found, *trusting]
    if foreign := [*others, *there.attached]:
        raise Problem(
            f"The role {it.role} has policies that ccsetup share didn't create: {', '.join(foreign)}.",
            why="Other people may depend on these policies. Nothing was removed.",
            next="To delete the role, remove those policies from it first.",
            code="access.assume",
        )
    call = IamCall("delete_role", name)
    return [*found, Step(f"delete the role {it.role}", TRUST, there.trust, None, (call,))]


def taking_back_from_people(it: Arrangement, there: IamPolicy | None) -> list[Step]:
    """Return the steps that remove the other account's policy. Raises Problem if it is attached to anything else."""
    if there is None or stack_of(there.tags):
        return []
    if not made_by_us(there.tags):
        left = _without_ours(there.document)
        if len(left) == len(statements(there.document)):
            return []
        before = {**there.document, "Statement": left}
        return [
            _new_version(
                it, there, before, f"remove the statement that ccsetup added from the policy {it.people_policy}"
            )
        ]
    arn = {"PolicyArn": it.people_policy_arn}
    uses = used_by(there.tags)
    if others := [use for use in uses if use != it.policy_name]:
        call = IamCall("untag_policy", {**arn, "TagKeys": [it.policy_name]})
        says = f"keep the policy {it.people_policy} for {', '.join(others)}, and mark it as no longer used for"
        return [Step(f"{says} {it.label}", "", None, None, (call,))] if it.policy_name in uses else []
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
    return f"CodeCommit repository {it.label} in {it.region}, shared by ccsetup"


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
