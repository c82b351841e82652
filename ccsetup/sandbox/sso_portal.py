"""The access portal: the accounts and roles of a signed-in person, and a role's credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ccsetup.sandbox.http import Refusal, Request, Response, json_answer
from ccsetup.sandbox.identity_center import SCOPE, Assignment, Token
from ccsetup.sandbox.state import State

PATHS = {
    "/assignment/accounts": "ListAccounts",
    "/assignment/roles": "ListAccountRoles",
    "/federation/credentials": "GetRoleCredentials",
    "/logout": "Logout",
}


@dataclass(frozen=True)
class Call:
    """One call: the state, the fields of the query string, and the token."""

    state: State
    given: dict[str, str]
    token: Token

    @property
    def assignments(self) -> list[Assignment]:
        """Return the signed-in person's assignments, sorted by account and name."""
        mine = [a for a in self.state.center.assignments if a.start_url == self.token.start_url]
        return sorted(mine, key=lambda a: (a.account_id, a.name))

    def text(self, name: str) -> str:
        """Return a required field. Raises Refusal."""
        if not self.given.get(name):
            raise Refusal("InvalidRequestException", f"{name} is required")
        return self.given[name]


def answer(state: State, request: Request, operation: str, region: str | None, base: str) -> Response:
    """Answer one operation. Raises Refusal."""
    with state.lock:
        token = state.center.tokens.get(request.headers.get("x-amz-sso_bearer_token", ""))
        if token is None or token.kind != "access" or token.expires <= state.now():
            raise Refusal("UnauthorizedException", "Session token not found or invalid", 401)
        if state.center.instance(token.start_url, region) is None or (token.scopes and SCOPE not in token.scopes):
            raise Refusal("UnauthorizedException", "Session token not found or invalid", 401)
        result = OPERATIONS[operation](Call(state, request.arguments, token))
        return Response(200) if result is None else json_answer(result)


def refusal(refused: Refusal) -> Response:
    """Render an error as this service does."""
    kind = f"com.amazonaws.switchboard.portal#{refused.code}"
    rendered = json_answer({"message": refused.text, "__type": kind}, status=refused.status)
    return Response(rendered.status, rendered.body, {**rendered.headers, "x-amzn-ErrorType": refused.code})


def list_accounts(call: Call) -> dict[str, Any]:
    """List the accounts in which the person has a permission set."""
    ids = dict.fromkeys(a.account_id for a in call.assignments)
    accounts = [call.state.accounts[one] for one in ids]
    rows = [{"accountId": a.id, "accountName": a.name, "emailAddress": a.email} for a in accounts]
    return _page(call, "accountList", rows)


def list_account_roles(call: Call) -> dict[str, Any]:
    """List the person's permission sets in one account."""
    account_id = call.text("account_id")
    rows = [{"roleName": a.name, "accountId": account_id} for a in call.assignments if a.account_id == account_id]
    if not rows:
        raise Refusal("ForbiddenException", "No access", 403)
    return _page(call, "roleList", rows)


def get_role_credentials(call: Call) -> dict[str, Any]:
    """Return a role's credentials, valid for one hour."""
    account_id, name = call.text("account_id"), call.text("role_name")
    held = next((a for a in call.assignments if (a.account_id, a.name) == (account_id, name)), None)
    if held is None:
        raise Refusal("ForbiddenException", "No access", 403)
    person = call.state.center.instances[held.start_url].person
    keys = call.state.role_keys(call.state.roles[held.role_arn], person, 3600, None)
    assert keys.expires is not None  # noqa: S101 - role credentials always expire
    return {
        "roleCredentials": {
            "accessKeyId": keys.access_key_id,
            "secretAccessKey": keys.secret_access_key,
            "sessionToken": keys.session_token,
            "expiration": int(keys.expires.timestamp() * 1000),
        }
    }


def logout(call: Call) -> None:
    """End the token's session."""
    ends = (call.token.client_id, call.token.start_url, call.token.session_ends)
    for token in list(call.state.center.tokens.values()):
        if (token.client_id, token.start_url, token.session_ends) == ends:
            del call.state.center.tokens[token.value]


OPERATIONS: dict[str, Callable[[Call], dict[str, Any] | None]] = {
    "ListAccounts": list_accounts,
    "ListAccountRoles": list_account_roles,
    "GetRoleCredentials": get_role_credentials,
    "Logout": logout,
}


def _page(call: Call, name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    token, size = call.given.get("next_token", ""), call.given.get("max_result", "100")
    if (token and not token.isdigit()) or not size.isdigit():
        raise Refusal("InvalidRequestException", "Invalid parameter")
    start, end = int(token or 0), int(token or 0) + int(size)
    return {name: rows[start:end], **({"nextToken": str(end)} if end < len(rows) else {})}
