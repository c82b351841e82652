"""Reads a role's trust policy as grants: who may assume the role, how, and under which conditions.

IAM ignores the case of actions and of condition keys, and takes a single value for a list of one. So does this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ccsetup.core.arn import account_in
from ccsetup.core.errors import Problem

Document = Mapping[str, Any]
Statement = dict[str, Any]
EVERYONE = "everyone"  # the kind of the principal "*", which includes services and tokens
ASSUME = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")
_EXTERNAL_ID, _MFA, PRINCIPAL = "sts:externalid", "aws:multifactorauthpresent", "aws:principalarn"
_PERMISSION_SET = re.compile(r"AWSReservedSSO_(.+)_(?:\?{16}|\*|[0-9a-f]{16})$")


class Test(NamedTuple):
    """One condition: its operator, its key in lower case, and its values. The caller's value must be one of them."""

    operator: str
    key: str
    values: frozenset[str]

    @property
    def positive(self) -> bool:
        """Whether the caller's value must be one of the values, so that more values let in more callers."""
        plain = self.operator.split(":")[-1].removesuffix("IfExists")
        return plain in ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool",
                         "IpAddress")  # fmt: skip

    @property
    def says(self) -> str:
        """The condition as people call it."""
        values = " or ".join(sorted(self.values))
        if self.key == _EXTERNAL_ID and self.positive:
            return f"the external ID {values}"
        if self.key == _MFA and self.positive and self.values == {"true"}:
            return "MFA"
        if self.key == "aws:principalorgid" and self.positive:
            return f"membership in the organization {values}"
        if self.key == "sts:rolesessionname" and self.positive:
            return f"a session name like {values}"
        if self.key.startswith("aws:principaltag/") and self.positive:
            return f"the tag {self.key.partition('/')[2]}={values}"
        return f"{self.operator} {self.key} {values}"


class Principal(NamedTuple):
    """One caller of a trust policy: its kind in the policy (AWS, Federated, Service), its name, and `narrowed`.

    `narrowed` is the value of a condition on the caller's ARN, e.g. a permission set's roles, or of a token's subject.
    """

    kind: str
    name: str
    narrowed: str = ""

    @property
    def account(self) -> str:
        """The account of the caller; "" for services, built-in providers, and everyone."""
        return account_in(self.narrowed) or _account(self.name) if self.kind == "AWS" else account_in(self.name)

    @property
    def permission_set(self) -> str:
        """The permission set whose roles are meant; "" if that isn't what narrows the caller."""
        found = _PERMISSION_SET.search(self.narrowed or self.name)
        return found[1] if found else ""

    @property
    def says(self) -> str:
        """The caller as people call it."""
        if self.kind in ("AWS", EVERYONE):
            return self._of_aws()
        if self.kind == "Federated":
            short = self.name.split(":oidc-provider/")[-1]
            what = (
                f"assertions from {short.rpartition('/')[2]}" if ":saml-provider/" in short else f"tokens from {short}"
            )
            return f"{what} with the subject {self.narrowed}" if self.narrowed else what
        return f"the service {self.name}" if self.kind == "Service" else f"{self.kind} {self.name}"

    def _of_aws(self) -> str:
        if self.permission_set:
            return f"permission set {self.permission_set} in account {self.account}"
        name = self.narrowed or self.name
        if name == "*":
            return "everyone in every AWS account"
        kind, slash, rest = name.split(":", 5)[-1].partition("/")
        if not slash or kind not in ("role", "user", "assumed-role"):
            return f"account {self.account}" if self.account and not self.narrowed else name
        return f"{kind} {rest} in account {self.account}"


class Grant(NamedTuple):
    """One way to assume a role: the action, the caller, and every other condition."""

    action: str
    principal: Principal
    tests: frozenset[Test]


def statements(document: object, name: str = "a policy document in IAM") -> list[Statement]:
    """Return the statements of a policy. Raises Problem if the document isn't one that ccsetup can read."""
    found = document.get("Statement") if isinstance(document, Mapping) else None
    found = [found] if isinstance(found, Mapping) else found
    if not isinstance(found, list) or not all(isinstance(it, Mapping) and _readable(it) for it in found):
        raise Problem(
            f"ccsetup can't read {name}.",
            why="It doesn't have the form of an IAM policy. Nothing was changed.",
            next="Open the role or policy in the IAM console, correct the document, and run the command again.",
            code="access.assume",
        )
    return [dict(it) for it in found]


def _readable(statement: Mapping[str, Any]) -> bool:
    condition, principal = statement.get("Condition", {}), statement.get("Principal", {})
    tests = [*condition.values()] if isinstance(condition, Mapping) else [None]
    values = [value for test in tests if isinstance(test, Mapping) for value in test.values()]
    values += [*principal.values()] if isinstance(principal, Mapping) else [principal]
    values += [statement[key] for key in ("Action", "NotAction") if key in statement]
    return (
        isinstance(statement.get("Effect"), str)
        and all(isinstance(test, Mapping) for test in tests)
        and all(isinstance(one, (str, bool, int, float)) for value in values for one in listed(value))
    )


def listed(value: Any) -> list[Any]:
    """Return one or several values as a list."""
    return [*value] if isinstance(value, (list, tuple)) else [value]


def like(text: str, pattern: str) -> bool:
    """Say whether a text matches an IAM pattern with * and ?. If it is a pattern, all that it matches must match."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "[^*]"), text, re.DOTALL) is not None


def actions(statement: Statement) -> list[str]:
    """Return the ways of assuming a role that a statement is about."""
    if "NotAction" in statement:
        patterns = [str(it).lower() for it in listed(statement["NotAction"])]
        return [it for it in ASSUME if not any(like(it.lower(), pattern) for pattern in patterns)]
    patterns = [str(it).lower() for it in listed(statement.get("Action", []))]
    return [it for it in ASSUME if any(like(it.lower(), pattern) for pattern in patterns)]


def tests(statement: Statement) -> list[Test]:
    """Return the conditions of a statement."""
    return [
        Test(operator, key.lower(), frozenset(_text(value) for value in listed(values)))
        for operator, inner in statement.get("Condition", {}).items()
        for key, values in inner.items()
    ]


def principals(statement: Statement) -> list[Principal]:
    """Return the callers of a statement, without the conditions that narrow them."""
    if "NotPrincipal" in statement:
        return [Principal("everyone except", str(statement["NotPrincipal"]))]
    principal = statement.get("Principal", {})
    if isinstance(principal, str):
        return [Principal(EVERYONE, "*")]
    return [Principal(kind, str(name)) for kind, names in principal.items() for name in listed(names)]


def identifies(test: Test) -> bool:
    """Say whether a condition says who the caller is, rather than what else the caller must do or have."""
    return test.positive and (test.key == PRINCIPAL or test.key.endswith((":sub", ":user_id", "graph.facebook.com:id")))


def callers(statement: Statement) -> list[Principal]:
    """Return the callers of a statement, one for each value of the condition that narrows them."""
    who = [test for test in tests(statement) if identifies(test)]
    found = principals(statement)
    if len(who) != 1:
        return found
    return [it._replace(narrowed=value) for it in found for value in sorted(who[0].values)]


def grants(document: object) -> list[Grant]:
    """Return every grant of a trust policy. Deny statements aren't grants; see `denials`."""
    found = []
    for statement in statements(document):
        if statement["Effect"] != "Allow":
            continue
        who = [test for test in tests(statement) if identifies(test)]
        others = frozenset(test for test in tests(statement) if len(who) != 1 or test not in who)
        found += [Grant(way, it, others) for way in actions(statement) for it in callers(statement)]
    return found


def denials(document: object) -> list[Statement]:
    """Return the Deny statements of a trust policy."""
    return [it for it in statements(document) if it["Effect"] != "Allow"]


def covers(one: Principal, other: Principal, owner: str) -> bool:
    """Say whether everyone who is `other` is also `one`, for a role in the account `owner`.

    The role's own account is special: a role or user that is named needs no permission of its own, so the account
    doesn't cover it.
    """
    if one.kind not in (other.kind, EVERYONE):
        return False
    if one.narrowed:
        who = other.narrowed or other.name
        return _covers_name(one.name, other.name, owner) and like(who, one.narrowed)
    return _covers_name(one.name, other.name, owner)


def _covers_name(one: str, other: str, owner: str) -> bool:
    if one in (other, "*"):
        return True
    account = _account(one)
    whole = bool(account) and (one == account or one.endswith(":root"))
    is_root = other == _account(other) or other.endswith(":root")
    return whole and _account(other) == account and (is_root or account != owner)


def _account(name: str) -> str:
    return name if re.fullmatch(r"\d{12}", name) else account_in(name)


def implied(test: Test, given: Iterable[Test]) -> bool:
    """Say whether callers who meet all the given conditions certainly meet this one."""
    return any(_implies(it, test) for it in given)


def _implies(one: Test, other: Test) -> bool:
    if one.key != other.key:
        return False
    if one == other or one._replace(operator=f"{one.operator}IfExists") == other:
        return True
    if not (one.positive and other.positive) or one.operator.endswith("IfExists"):
        return False
    plain, wide = one.operator, other.operator.removesuffix("IfExists")
    if plain == wide and one.values <= other.values:
        return True
    alike = {plain, wide} <= {"StringEquals", "StringLike"} or {plain, wide} <= {"ArnEquals", "ArnLike"}
    return alike and all(any(like(value, it) for it in other.values) for value in one.values) and wide != "StringEquals"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
