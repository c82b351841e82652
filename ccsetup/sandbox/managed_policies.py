"""IAM's customer managed policies, and the groups they are attached to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ccsetup.sandbox.http import Refusal
from ccsetup.sandbox.iam_roles import members, parsed, tags
from ccsetup.sandbox.resources import Caller, Group, Managed
from ccsetup.sandbox.state import State

Given = Mapping[str, str]
_MOST, _VERSIONS = 6144, 5


def create_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Create a managed policy."""
    name = given.get("PolicyName", "")
    if not re.fullmatch(r"[\w+=,.@-]{1,128}", name, re.ASCII):
        raise Refusal("ValidationError", "The specified value for policyName is invalid.", 400)
    arn = f"arn:{state.partition}:iam::{caller.account_id}:policy/{name}"
    state.demand(caller, "iam:CreatePolicy", arn, "AccessDenied", 403)
    if tags(given):
        state.demand(caller, "iam:TagPolicy", arn, "AccessDenied", 403)
    document = parsed(given.get("PolicyDocument", ""), _MOST)
    if arn in state.managed:
        raise Refusal(
            "EntityAlreadyExists", f"A policy called {name} already exists. Duplicate names are not allowed.", 409
        )
    made = Managed(caller.account_id, name, {"v1": document}, "v1", tags(given), state.partition)
    state.managed[arn] = made
    return {"Policy": _shown(state, made)}


def get_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Return a policy's metadata."""
    return {"Policy": _shown(state, _there(state, caller, given, "GetPolicy"))}


def get_policy_version(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Return the document of one version of a policy."""
    found = _there(state, caller, given, "GetPolicyVersion")
    version = _version(found, given)
    return {"PolicyVersion": _row(found, version, state, with_document=True)}


def list_policy_versions(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """List a policy's versions, newest first."""
    found = _there(state, caller, given, "ListPolicyVersions")
    newest = sorted(found.versions, key=lambda version: -int(version[1:]))
    return {"Versions": [_row(found, version, state) for version in newest], "IsTruncated": False}


def create_policy_version(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Add a version. IAM keeps up to five."""
    found = _there(state, caller, given, "CreatePolicyVersion")
    document = parsed(given.get("PolicyDocument", ""), _MOST)
    if len(found.versions) >= _VERSIONS:
        text = (
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
            "version."
        )
        raise Refusal("LimitExceeded", text, 409)
    version = f"v{max(int(old[1:]) for old in found.versions) + 1}"
    default = version if given.get("SetAsDefault") == "true" else found.default
    changed = replace(found, versions={**found.versions, version: document}, default=default)
    state.managed[found.arn] = changed
    return {"PolicyVersion": _row(changed, version, state)}


def delete_policy_version(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Delete a version that isn't the default."""
    found = _there(state, caller, given, "DeletePolicyVersion")
    version = _version(found, given)
    if version == found.default:
        raise Refusal("DeleteConflict", "Cannot delete the default version of a policy.", 409)
    left = {old: document for old, document in found.versions.items() if old != version}
    state.managed[found.arn] = replace(found, versions=left)
    return {}


def delete_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Delete a policy that isn't attached and has no other versions."""
    found = _there(state, caller, given, "DeletePolicy")
    if any(_holders(state, found.arn)):
        raise Refusal("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    if len(found.versions) > 1:
        text = (
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
        raise Refusal("DeleteConflict", text, 409)
    del state.managed[found.arn]
    return {}


def tag_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Add tags to a policy."""
    found = _there(state, caller, given, "TagPolicy")
    state.managed[found.arn] = replace(found, tags={**found.tags, **tags(given)})
    return {}


def untag_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Remove tags from a policy."""
    found, gone = _there(state, caller, given, "UntagPolicy"), members(given, "TagKeys")
    state.managed[found.arn] = replace(found, tags={key: it for key, it in found.tags.items() if key not in gone})
    return {}


def attach_group_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Attach a policy to a group."""
    found, group = _with_group(state, caller, given, "AttachGroupPolicy")
    state.groups[group.arn] = replace(group, attached=tuple(dict.fromkeys((*group.attached, found.arn))))
    return {}


def detach_group_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Detach a policy from a group."""
    found, group = _with_group(state, caller, given, "DetachGroupPolicy")
    state.groups[group.arn] = replace(group, attached=tuple(arn for arn in group.attached if arn != found.arn))
    return {}


def get_group(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Return a group and its users."""
    name = given["GroupName"]
    arn = f"arn:aws:iam::{caller.account_id}:group/{name}"
    state.demand(caller, "iam:GetGroup", arn, "AccessDenied", 403)
    if arn not in state.groups:
        raise Refusal("NoSuchEntity", f"The group with name {name} cannot be found.", 404)
    users = [state.user(one) for one in state.groups[arn].members]
    about = {"Path": "/", "GroupName": name, "GroupId": "AGPA", "Arn": arn, "CreateDate": state.now()}
    rows = [{"Path": it.path, "UserName": it.name, "UserId": it.id, "Arn": it.arn, "CreateDate": it.created}
            for it in users]  # fmt: skip
    return {"Group": about, "Users": rows, "IsTruncated": False}


def list_entities_for_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """List what a policy is attached to."""
    found = _there(state, caller, given, "ListEntitiesForPolicy")
    groups, roles = _holders(state, found.arn)
    return {
        "PolicyGroups": [{"GroupName": name, "GroupId": "AGPA"} for name in groups],
        "PolicyUsers": [],
        "PolicyRoles": [{"RoleName": name, "RoleId": "AROA"} for name in roles],
        "IsTruncated": False,
    }


OPERATIONS: dict[str, Callable[[State, Caller, Given], dict[str, Any]]] = {
    "CreatePolicy": create_policy,
    "GetPolicy": get_policy,
    "GetPolicyVersion": get_policy_version,
    "ListPolicyVersions": list_policy_versions,
    "CreatePolicyVersion": create_policy_version,
    "DeletePolicyVersion": delete_policy_version,
    "DeletePolicy": delete_policy,
    "TagPolicy": tag_policy,
    "UntagPolicy": untag_policy,
    "AttachGroupPolicy": attach_group_policy,
    "DetachGroupPolicy": detach_group_policy,
    "GetGroup": get_group,
    "ListEntitiesForPolicy": list_entities_for_policy,
}


def _there(state: State, caller: Caller, given: Given, operation: str) -> Managed:
    arn = given.get("PolicyArn", "")
    state.demand(caller, f"iam:{operation}", arn, "AccessDenied", 403)
    if arn not in state.managed or arn.split(":")[4] != caller.account_id:
        raise Refusal("NoSuchEntity", f"Policy {arn} was not found.", 404)
    return state.managed[arn]


def _with_group(state: State, caller: Caller, given: Given, operation: str) -> tuple[Managed, Group]:
    name = given.get("GroupName", "")
    arn = f"arn:{state.partition}:iam::{caller.account_id}:group/{name}"
    state.demand(caller, f"iam:{operation}", arn, "AccessDenied", 403)
    found = state.managed.get(given.get("PolicyArn", ""))
    if found is None:
        raise Refusal("NoSuchEntity", f"Policy {given.get('PolicyArn')} does not exist or is not attachable.", 404)
    if arn not in state.groups:
        raise Refusal("NoSuchEntity", f"The group with name {name} cannot be found.", 404)
    return found, state.groups[arn]


def _version(found: Managed, given: Given) -> str:
    version = given.get("VersionId", "")
    if version not in found.versions:
        raise Refusal("NoSuchEntity", f"Policy {found.arn} version {version} does not exist or is not attachable.", 404)
    return version


def _holders(state: State, arn: str) -> tuple[list[str], list[str]]:
    groups = [group.name for group in state.groups.values() if arn in group.attached]
    return groups, [role.name for role in state.roles.values() if arn in role.attached]


def _shown(state: State, found: Managed) -> dict[str, Any]:
    groups, roles = _holders(state, found.arn)
    return {
        "PolicyName": found.name,
        "Arn": found.arn,
        "Path": "/",
        "DefaultVersionId": found.default,
        "AttachmentCount": len(groups) + len(roles),
        "IsAttachable": True,
        "CreateDate": state.now(),
        "Tags": [{"Key": key, "Value": value} for key, value in found.tags.items()],
    }


def _row(found: Managed, version: str, state: State, with_document: bool = False) -> dict[str, Any]:
    text = quote(json.dumps(found.versions[version]), safe="") if with_document else None
    told = {"VersionId": version, "IsDefaultVersion": version == found.default, "CreateDate": state.now()}
    return {**told, "Document": text}
