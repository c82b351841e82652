"""IAM roles, as administrators create and change them. Changes take effect with the next request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ccsetup.sandbox import policy_engine
from ccsetup.sandbox.http import Refusal
from ccsetup.sandbox.resources import Caller, Policy, Role
from ccsetup.sandbox.state import State

Given = Mapping[str, str]
_NAME = r"[\w+=,.@-]{1,64}"
_MOST_TRUST, _MOST_INLINE = 2048, 10240  # IAM's quotas, in characters without whitespace
_CAST = "cast-"  # the name of the example roles' policies, which have none


def create_role(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Create a role with its trust policy and tags."""
    name, arn = _asked(state, caller, given, "CreateRole")
    if tags(given):
        state.demand(caller, "iam:TagRole", arn, "AccessDenied", 403)
    trust = _trust(state, given.get("AssumeRolePolicyDocument", ""))
    if arn in state.roles:
        raise Refusal("EntityAlreadyExists", f"Role with name {name} already exists.", 409)
    made = Role(caller.account_id, name, trust, path=given.get("Path", "/"), tags=tags(given))
    limit = given.get("PermissionsBoundary", "")
    if limit and limit not in state.managed:
        raise Refusal("NoSuchEntity", f"Scope ARN: {limit} does not exist or is not attachable.", 404)
    boundary = state.managed[limit].document if limit else None
    longest = int(given.get("MaxSessionDuration") or 3600)
    made = replace(made, description=given.get("Description", ""), boundary=boundary, boundary_arn=limit)
    made = replace(made, max_session_s=longest)
    state.roles[made.arn] = made
    return {"Role": _shown(state, made)}


def get_role(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Return a role with its trust policy, escaped as in IAM."""
    return {"Role": _shown(state, _there(state, caller, given, "GetRole"))}


def update_assume_role_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Replace a role's trust policy."""
    role = _there(state, caller, given, "UpdateAssumeRolePolicy")
    state.roles[role.arn] = replace(role, trust=_trust(state, given.get("PolicyDocument", "")))
    return {}


def update_role(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Change a role's longest session."""
    role = _there(state, caller, given, "UpdateRole")
    state.roles[role.arn] = replace(role, max_session_s=int(given.get("MaxSessionDuration") or role.max_session_s))
    return {}


def delete_role(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Delete a role without policies."""
    role = _there(state, caller, given, "DeleteRole")
    if _inline(role) or role.attached:
        raise Refusal("DeleteConflict", "Cannot delete entity, must delete policies first.", 409)
    del state.roles[role.arn]
    return {}


def tag_role(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Add tags to a role."""
    role = _there(state, caller, given, "TagRole")
    state.roles[role.arn] = replace(role, tags={**role.tags, **tags(given)})
    return {}


def put_role_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Add an inline policy to a role, or replace it."""
    role, name = _there(state, caller, given, "PutRolePolicy"), _policy_name(given)
    document = parsed(given.get("PolicyDocument", ""), _MOST_INLINE)
    state.roles[role.arn] = replace(role, inline={**role.inline, name: document})
    return {}


def get_role_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Return one of a role's inline policies."""
    role, name = _there(state, caller, given, "GetRolePolicy"), _policy_name(given)
    return {"RoleName": role.name, "PolicyName": name, "PolicyDocument": _escaped(_held(role, name))}


def delete_role_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Remove an inline policy from a role."""
    role, name = _there(state, caller, given, "DeleteRolePolicy"), _policy_name(given)
    _held(role, name)
    left = {other: document for other, document in _inline(role).items() if other != name}
    state.roles[role.arn] = replace(role, policies=(), inline=left)
    return {}


def list_role_policies(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """List the names of a role's inline policies."""
    role = _there(state, caller, given, "ListRolePolicies")
    return {"PolicyNames": sorted(_inline(role)), "IsTruncated": False}


def list_attached_role_policies(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """List the managed policies attached to a role."""
    role = _there(state, caller, given, "ListAttachedRolePolicies")
    rows = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in role.attached]
    return {"AttachedPolicies": rows, "IsTruncated": False}


def simulate_principal_policy(state: State, caller: Caller, given: Given) -> dict[str, Any]:
    """Return for each action whether a role's or user's policies would allow it."""
    source = given.get("PolicySourceArn", "")
    state.demand(caller, "iam:SimulatePrincipalPolicy", source, "AccessDenied", 403)
    if source not in state.roles and source not in state.users:
        raise Refusal("NoSuchEntity", f"The entity {source} cannot be found.", 404)
    as_if = Caller("role", source.split(":")[4], source, "", source)
    rows = []
    for resource in members(given, "ResourceArns") or ["*"]:
        service = (
            {"kms__ViaService": f"codecommit.{resource.split(':')[3]}.amazonaws.com"} if ":kms:" in resource else {}
        )
        for action in members(given, "ActionNames"):
            decision = state.may(as_if, action, resource, **service)
            said = "allowed" if decision.allowed else "explicitDeny" if "explicit" in decision.why else "implicitDeny"
            rows.append({"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": said})
    return {"EvaluationResults": rows, "IsTruncated": False}


OPERATIONS: dict[str, Callable[[State, Caller, Given], dict[str, Any]]] = {
    "CreateRole": create_role,
    "GetRole": get_role,
    "UpdateAssumeRolePolicy": update_assume_role_policy,
    "DeleteRole": delete_role,
    "UpdateRole": update_role,
    "TagRole": tag_role,
    "PutRolePolicy": put_role_policy,
    "GetRolePolicy": get_role_policy,
    "DeleteRolePolicy": delete_role_policy,
    "ListRolePolicies": list_role_policies,
    "ListAttachedRolePolicies": list_attached_role_policies,
    "SimulatePrincipalPolicy": simulate_principal_policy,
}


def parsed(text: str, most: int) -> Policy:
    """Read a policy document. Raises Refusal if IAM would reject it."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "Statement" not in document:
        raise Refusal("MalformedPolicyDocument", "Syntax errors in policy.", 400)
    if len(re.sub(r"\s", "", text)) > most:
        raise Refusal("LimitExceeded", f"Maximum policy size of {most} bytes exceeded", 409)
    return document


def tags(given: Given) -> dict[str, str]:
    """Return the tags in a call's fields."""
    found = {}
    number = 1
    while f"Tags.member.{number}.Key" in given:
        found[given[f"Tags.member.{number}.Key"]] = given.get(f"Tags.member.{number}.Value", "")
        number += 1
    return found


def members(given: Given, name: str) -> list[str]:
    """Return a list in a call's fields."""
    found: list[str] = []
    while f"{name}.member.{len(found) + 1}" in given:
        found.append(given[f"{name}.member.{len(found) + 1}"])
    return found


def _trust(state: State, text: str) -> Policy:
    """Read a trust policy. Its principals must exist, and it must not have a Resource."""
    document = parsed(text, _MOST_TRUST)
    for statement in policy_engine.statements(document):
        if "Resource" in statement:
            raise Refusal("MalformedPolicyDocument", "Has prohibited field Resource", 400)
        whom = statement.get("Principal")
        if not whom:
            raise Refusal("MalformedPolicyDocument", "Missing required field Principal", 400)
        for arn in policy_engine.listed(whom.get("AWS", ())) if isinstance(whom, dict) else ():
            if (":role/" in arn and arn not in state.roles) or (":user/" in arn and arn not in state.users):
                raise Refusal("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{arn}"', 400)
    return document


def _asked(state: State, caller: Caller, given: Given, operation: str) -> tuple[str, str]:
    """Return the role's name and ARN, if the caller may do this. Raises Refusal."""
    name = given.get("RoleName", "")
    if not re.fullmatch(_NAME, name, re.ASCII):
        raise Refusal("ValidationError", "The specified value for roleName is invalid.", 400)
    prefix = f"arn:aws:iam::{caller.account_id}:role/"
    arn = next((a for a in state.roles if a.startswith(prefix) and a.endswith(f"/{name}")), prefix + name)
    state.demand(caller, f"iam:{operation}", arn, "AccessDenied", 403)
    return name, arn


def _there(state: State, caller: Caller, given: Given, operation: str) -> Role:
    name, arn = _asked(state, caller, given, operation)
    if arn not in state.roles:
        raise Refusal("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
    return state.roles[arn]


def _shown(state: State, role: Role) -> dict[str, Any]:
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": state.now(),
        "AssumeRolePolicyDocument": _escaped(role.trust),
        "Description": role.description or None,
        "MaxSessionDuration": role.max_session_s,
        **(
            {
                "PermissionsBoundary": {
                    "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
                    "PermissionsBoundaryArn": role.boundary_arn,
                }
            }
            if role.boundary_arn
            else {}
        ),
        "Tags": [{"Key": key, "Value": value} for key, value in role.tags.items()],
    }


def _inline(role: Role) -> dict[str, Policy]:
    """Return all of a role's inline policies by name."""
    return {**{f"{_CAST}{n}": document for n, document in enumerate(role.policies, 1)}, **role.inline}


def _held(role: Role, name: str) -> Policy:
    if name not in _inline(role):
        raise Refusal("NoSuchEntity", f"The role policy with name {name} cannot be found.", 404)
    return _inline(role)[name]


def _policy_name(given: Given) -> str:
    name = given.get("PolicyName", "")
    if not re.fullmatch(r"[\w+=,.@-]{1,128}", name, re.ASCII):
        raise Refusal("ValidationError", "The specified value for policyName is invalid.", 400)
    return name


def _escaped(document: Policy) -> str:
    return quote(json.dumps(document), safe="")
