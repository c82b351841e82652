"""The sources of a machine role's credentials: the EC2 metadata service (version 2) and the container endpoint."""

from __future__ import annotations

import hmac
import json
import secrets
from datetime import timezone

from ccsetup.sandbox.http import Request, Response
from ccsetup.sandbox.resources import Keys, Role
from ccsetup.sandbox.state import State

CONTAINER = "/container/credentials"
_IAM = "/latest/meta-data/iam/security-credentials"
_TOKEN = "x-aws-ec2-metadata-token"  # noqa: S105 — a header's name
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


def is_for_machine(where: str) -> bool:
    """Return whether a path belongs to the metadata service or to the container endpoint."""
    return where.startswith("/latest/") or where == CONTAINER


def answer(state: State, request: Request, where: str) -> Response:
    """Answer a machine. Without an attached role, nothing is found."""
    with state.lock:
        if where == CONTAINER:
            return _container(state, request)
        if where == "/latest/api/token":
            return _token(state, request)
        if request.headers.get(_TOKEN, "") not in state.machine_tokens:
            return _plain(401, "Unauthorized")
        role, path = state.machine, where.rstrip("/")
        found = {"/latest/meta-data/placement/availability-zone": f"{state.machine_region}a",
                 "/latest/meta-data/placement/region": state.machine_region}  # fmt: skip
        if role is not None:
            found |= {_IAM: role.name, f"{_IAM}/{role.name}": _document(state, role)}
        return _plain(200, found[path]) if path in found else _plain(404, "Not Found")


def _token(state: State, request: Request) -> Response:
    lasts = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
    if request.method != "PUT" or not lasts.isdigit() or not 1 <= int(lasts) <= 21600:
        return _plain(400, "Bad Request")
    token = secrets.token_urlsafe(40)
    state.machine_tokens.add(token)
    return Response(200, token.encode(), {"Content-Type": "text/plain", "x-aws-ec2-metadata-token-ttl-seconds": lasts})


def _container(state: State, request: Request) -> Response:
    if not hmac.compare_digest(request.headers.get("authorization", ""), state.container_token):
        return _plain(401, "Unauthorized")
    if state.machine is None:
        return _plain(404, "Not Found")
    return _plain(200, _document(state, state.machine))


def _document(state: State, role: Role) -> str:
    keys: Keys = state.role_keys(role, "i-0123456789abcdef0", 6 * 3600, None)
    assert keys.expires is not None  # noqa: S101 — a role's credentials always expire
    return json.dumps(
        {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "RoleArn": role.arn,
            "LastUpdated": state.now().strftime(_STAMP),
            "AccessKeyId": keys.access_key_id,
            "SecretAccessKey": keys.secret_access_key,
            "Token": keys.session_token,
            "Expiration": keys.expires.astimezone(timezone.utc).strftime(_STAMP),
        }
    )


def _plain(status: int, text: str) -> Response:
    return Response(status, text.encode(), {"Content-Type": "text/plain"})
