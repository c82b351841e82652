"""A small policy engine: evaluates policy documents and returns a decision with AWS's reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ccsetup.sandbox.resources import Caller, Policy

Context = Mapping[str, Any]  # a request's condition keys: text, bool, number or a list of texts


@dataclass(frozen=True)
class Decision:
    """Allowed or not. `why` is the end of AWS's sentence."""

    allowed: bool
    why: str = ""


def allow(*actions: str, on: str | Sequence[str] = "*", when: Policy | None = None) -> Policy:
    """Write a policy document that allows actions on resources."""
    return _document("Allow", actions, on, when)


def deny(*actions: str, on: str | Sequence[str] = "*", when: Policy | None = None) -> Policy:
    """Write a policy document that denies actions on resources."""
    return _document("Deny", actions, on, when)


def trust(*principals: str, external_id: str = "", mfa: bool = False) -> Policy:
    """Write a trust policy for accounts (12 digits), users or roles (ARNs), optionally with an external ID and MFA."""
    condition: dict[str, Any] = {}
    if external_id:
        condition["StringEquals"] = {"sts:ExternalId": external_id}
    if mfa:
        condition["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    whom = [f"arn:aws:iam::{p}:root" if re.fullmatch(r"\d{12}", p) else p for p in principals]
    statement = {"Effect": "Allow", "Principal": {"AWS": whom}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition} if condition else statement]}


def trust_oidc(provider: str, **claims: str | Sequence[str]) -> Policy:
    """Write a trust policy for an OIDC provider (an ARN, or a name like www.amazon.com) and its claims."""
    host = provider.split(":oidc-provider/", 1)[-1]
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {f"{host}:{claim}": value for claim, value in claims.items()}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust_saml(provider: str, audience: str = "https://signin.aws.amazon.com/saml") -> Policy:
    """Write a trust policy for a SAML provider (ARN)."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithSAML",
        "Condition": {"StringEquals": {"SAML:aud": audience}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust_service(name: str) -> Policy:
    """Write a trust policy for an AWS service, for example ec2.amazonaws.com."""
    statement = {"Effect": "Allow", "Principal": {"Service": name}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def decide(
    caller: Caller, policies: Sequence[Policy], boundary: Policy | None, action: str, resource: str, context: Context
) -> Decision:
    """Decide by the caller's own policies: any deny wins, then each kind of policy that exists must allow."""
    groups: list[tuple[str, Sequence[Policy]]] = [("identity-based policy", policies)]
    if boundary is not None:
        groups.append(("permissions boundary", [boundary]))
    if caller.session_policies is not None:
        groups.append(("session policy", caller.session_policies))
    answers = [(kind, _effects(documents, action, resource, context)) for kind, documents in groups]
    for kind, effects in answers:
        if "Deny" in effects:
            article = "an" if kind[0] in "aeiou" else "a"
            return Decision(False, f"with an explicit deny in {article} {kind}")
    for kind, effects in answers:
        if "Allow" not in effects:
            return Decision(False, f"because no {kind} allows the {action} action")
    return Decision(True)


def trusted(document: Policy, action: str, principals: Iterable[str], context: Context) -> str:
    """Return the principal for which a trust policy allows an action, "" if it doesn't."""
    names = set(principals)
    hit = ""
    for statement in statements(document):
        written = statement.get("Principal", {})
        offered = ["*"] if written == "*" else [p for group in written.values() for p in listed(group)]
        match = next((p for p in offered if p == "*" or p in names), "")
        if not match or not _matches_any(statement.get("Action", ()), action, str.lower):
            continue
        if not _conditions_hold(statement.get("Condition", {}), context):
            continue
        if statement.get("Effect") == "Deny":
            return ""
        hit = hit or match
    return hit


def _document(effect: str, actions: Sequence[str], on: str | Sequence[str], when: Policy | None) -> Policy:
    statement: dict[str, Any] = {"Effect": effect, "Action": list(actions), "Resource": on}
    if when:
        statement["Condition"] = when
    return {"Version": "2012-10-17", "Statement": [statement]}


def _effects(documents: Iterable[Policy], action: str, resource: str, context: Context) -> set[str]:
    return {
        str(statement["Effect"])
        for document in documents
        for statement in statements(document)
        if _applies(statement, action, resource, context)
    }


def _applies(statement: Policy, action: str, resource: str, context: Context) -> bool:
    if "NotAction" in statement:
        hit = not _matches_any(statement["NotAction"], action, str.lower)
    else:
        hit = _matches_any(statement.get("Action", ()), action, str.lower)
    if not hit:
        return False
    if "NotResource" in statement:
        named = not _matches_any(_filled(statement["NotResource"], context), resource)
    else:
        named = _matches_any(_filled(statement.get("Resource", "*"), context), resource)
    return named and _conditions_hold(statement.get("Condition", {}), context)


def statements(document: Policy) -> list[Policy]:
    """Return a document's statements, one or a list of them, as a list."""
    return listed(document.get("Statement", []))


def listed(value: Any) -> list[Any]:
    """Return one or several values as a list."""
    return [value] if isinstance(value, str | Mapping) else list(value)


def _filled(patterns: Any, context: Context) -> list[str]:
    """Replace policy variables, for example ${aws:username}. An unknown one matches nothing."""

    def value(found: re.Match[str]) -> str:
        return str(context.get(found[1].lower(), "\0"))

    return [re.sub(r"\$\{([\w:.-]+)\}", value, pattern) for pattern in listed(patterns)]


def _matches_any(patterns: Any, text: str, fold: Callable[[str], str] = str) -> bool:
    return any(_like(fold(text), fold(pattern)) for pattern in listed(patterns))


def _like(text: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL) is not None


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda have, want: have == want,
    "StringEqualsIgnoreCase": lambda have, want: have.lower() == want.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda have, want: have.lower() == want.lower(),
    "NumericLessThan": lambda have, want: float(have) < float(want),
    "NumericLessThanEquals": lambda have, want: float(have) <= float(want),
    "NumericGreaterThan": lambda have, want: float(have) > float(want),
}


def _conditions_hold(conditions: Policy, context: Context) -> bool:
    return all(
        _condition_holds(operator, listed(wanted), context.get(key.lower()))
        for operator, tests in conditions.items()
        for key, wanted in tests.items()
    )


def _condition_holds(operator: str, wanted: Sequence[Any], have: Any) -> bool:
    operator = operator.split(":", 1)[-1]  # lists of values are always read like ForAnyValue: here
    if operator == "Null":
        return (have is None) == (_text(wanted[0]) == "true")
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    negated = "Not" in operator
    if have is None:
        return if_exists or negated
    test = _TESTS.get(operator.replace("Not", ""))
    if test is None:
        return False
    hit = any(test(_text(one), _text(want)) for one in _listed_values(have) for want in wanted)
    return hit != negated


def _listed_values(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
