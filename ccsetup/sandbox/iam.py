"""IAM: users and MFA devices. Roles and policies are in iam_roles.py and managed_policies.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccsetup.sandbox import iam_roles, managed_policies
from ccsetup.sandbox.http import Refusal
from ccsetup.sandbox.resources import Caller, User
from ccsetup.sandbox.state import State

NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def answer(state: State, caller: Caller, given: Mapping[str, str], operation: str) -> dict[str, Any]:
    """Answer one operation. Raises Refusal."""
    if operation not in OPERATIONS:
        raise Refusal("InvalidAction", f"Could not find operation {operation} for version 2010-05-08", 400)
    return OPERATIONS[operation](state, caller, given)


def get_user(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the caller's user, or the named one."""
    user = _meant(state, caller, given, "iam:GetUser")
    return {
        "User": {
            "Path": user.path,
            "UserName": user.name,
            "UserId": user.id,
            "Arn": user.arn,
            "CreateDate": user.created,
        }
    }


def list_mfa_devices(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """List a user's MFA devices, one page at a time."""
    user = _meant(state, caller, given, "iam:ListMFADevices")
    devices = sorted((d for d in state.devices.values() if d.user == user.arn), key=lambda d: d.serial)
    start, size = int(given.get("Marker") or 0), int(given.get("MaxItems") or 100)
    shown, more = devices[start : start + size], start + size < len(devices)
    rows = [{"UserName": user.name, "SerialNumber": d.serial, "EnableDate": d.enabled} for d in shown]
    return {"MFADevices": rows, "IsTruncated": more, "Marker": str(start + size) if more else None}


OPERATIONS: dict[str, Callable[[State, Caller, Mapping[str, str]], dict[str, Any]]] = {
    "GetUser": get_user,
    "ListMFADevices": list_mfa_devices,
    **iam_roles.OPERATIONS,
    **managed_policies.OPERATIONS,
}


def _meant(state: State, caller: Caller, given: Mapping[str, str], action: str) -> User:
    """Return the user that a call is about, if the caller may ask. Raises Refusal."""
    name = given.get("UserName")
    if caller.kind == "session" and not caller.mfa:
        raise Refusal("InvalidClientTokenId", "The security token included in the request is invalid", 403)
    if name is None and caller.kind not in ("user", "session"):
        raise Refusal("ValidationError", "Must specify userName when calling with non-User credentials", 400)
    name = name or caller.name
    resource = f"arn:{state.partition}:iam::{caller.account_id}:user/{name}"
    decision = state.may(caller, action, resource)
    if not decision.allowed:
        text = f"User: {caller.arn} is not authorized to perform: {action} on resource: user {name} {decision.why}"
        raise Refusal("AccessDenied", text, 403)
    found = state.users.get(resource)
    if found is None:
        raise Refusal("NoSuchEntity", f"The user with name {name} cannot be found.", 404)
    return found
