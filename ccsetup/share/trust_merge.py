"""Fits an arrangement into the trust policy that a role already has: what the command doesn't name stays as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ccsetup.core.errors import BadAnswer
from ccsetup.share import policies
from ccsetup.share.arrangement import Arrangement, Trust, session_name
from ccsetup.share.trust_policy import (
    EVERYONE,
    Document,
    Grant,
    Principal,
    Statement,
    Test,
    actions,
    callers,
    covers,
    grants,
    identifies,
    implied,
    listed,
    principals,
    statements,
    tests,
)

ADDED = "Ccsetup"  # the Sid of statements that ccsetup adds to a role that exists starts with this
_SAID_BY = {
    "sts:externalid": "external_id",
    "aws:multifactorauthpresent": "require_mfa",
    "aws:principalorgid": "org",
    "sts:rolesessionname": "require_session_name",
}  # the answers that name a condition, by the condition's key


def said_by(key: str) -> str:
    """Return the answer that names a condition; "" if none does."""
    key = key.lower()
    return "principal_tag" if key.startswith(("aws:principaltag/", "aws:requesttag/")) else _SAID_BY.get(key, "")


def merged(it: Arrangement, said: Collection[str], there: Document, ours: bool) -> Document:
    """Return a role's trust policy with an arrangement in it.

    Conditions and callers that the command doesn't name (`said` are the answers it does) stay. If the role isn't ours,
    existing statements stay as they are and new ones are added.
    """
    found = statements(there)
    for wanted in statements(policies.trust(it)):
        if ours:
            found = [part for statement in found for part in _constrained(statement, wanted, said, it.owner)]
        missing = _missing(found, wanted, said, it.owner)
        if missing:
            found.append(_added(_restricted(_inheriting(wanted, found), missing)))
    return {**there, "Statement": _told_apart(found)}


def added(it: Arrangement, there: Document) -> list[Statement]:
    """Return the statements that a role's trust policy lacks for an arrangement, with the role's own conditions."""
    return statements(merged(it, (), there, ours=False))[len(statements(there)) :]


def without(it: Arrangement, said: Collection[str], there: Document, ours: bool) -> Document:
    """Return a role's trust policy without the callers of an arrangement.

    From a role that isn't ours, only statements that ccsetup added are removed.
    """
    wanted = [grant.principal for grant in grants(policies.trust(it))]
    left = []
    for statement in statements(there):
        mine = ours or str(statement.get("Sid", "")).startswith(ADDED)
        out = [one for one in callers(statement) if statement["Effect"] == "Allow" and mine
               and _is_about(one, it, said, wanted)]  # fmt: skip
        if not out:
            left.append(statement)
        elif kept := [one for one in callers(statement) if one not in out]:
            left.append(_restricted(statement, kept))
    return {**there, "Statement": left}


def let_in(there: Document, added: str | None = None) -> list[str]:
    """Return the callers of a trust policy as texts, of all statements or of those whose Sid starts with `added`."""
    found = [it for it in statements(there) if it["Effect"] == "Allow" and actions(it)
             and str(it.get("Sid", "")).startswith(added or "")]  # fmt: skip
    return [*dict.fromkeys(one.says for statement in found for one in callers(statement))]


def beside(it: Arrangement, said: Collection[str], there: Document) -> list[Principal]:
    """Return the callers of a role's trust policy that an arrangement doesn't name."""
    wanted = [grant.principal for grant in grants(policies.trust(it))]
    return [*dict.fromkeys(one.principal for one in grants(there)
                           if not _is_about(one.principal, it, said, wanted))]  # fmt: skip


def external_ids(it: Arrangement, there: object) -> list[str]:
    """Return the external IDs that a trust policy requires of the other account, the current one first."""
    found = [
        (value, operator)
        for statement in statements(there)
        if statement["Effect"] == "Allow" and any(_of_people(it, one) for one in callers(statement))
        for operator, inner in statement.get("Condition", {}).items()
        for key, values in inner.items()
        if key.lower() == "sts:externalid"
        for value in listed(values)
    ]
    exact = [str(value) for value, operator in found if operator in ("StringEquals", "StringLike")]
    return [value for value in dict.fromkeys(exact) if not set(value) & set("*?$")]


def accounts_in(it: Arrangement, there: object) -> list[str]:
    """Return the developers' accounts that a trust policy lets in."""
    return [account for account in it.accounts if any(one.principal.account == account for one in _about(it, there))]


def _about(it: Arrangement, there: object) -> list[Grant]:
    return [one for one in grants(there) if _of_people(it, one.principal)]


def _of_people(it: Arrangement, one: Principal) -> bool:
    return one.kind == "AWS" and one.account in it.accounts


def adopted(it: Arrangement, said: Collection[str], there: object) -> Arrangement:
    """Return the arrangement with the parts that the command doesn't name as a role's trust policy has them."""
    about = _about(it, there)
    if "trust" not in said and (found := _trusts(it, about)):
        it = it._replace(trusts=found)
    if "external_id" not in said and (ids := external_ids(it, there)):
        it = it._replace(external_id=ids[0], also_external_ids=tuple(ids[1:]))
    if "require_mfa" not in said and "true" in _values(about, "aws:multifactorauthpresent"):
        it = it._replace(mfa=True)
    if "org" not in said and len(orgs := _values(about, "aws:principalorgid")) == 1:
        it = it._replace(org=orgs[0])
    names = {value for one in about for test in one.tests if test.key == "sts:rolesessionname" and test.positive
             and not test.operator.endswith("IfExists") for value in test.values}  # fmt: skip
    if "require_session_name" not in said and len(names) == 1 and (name := _pattern(*names)):
        it = it._replace(session_name=name)
    if "principal_tag" not in said:
        keys = sorted({test.key for one in about for test in one.tests if test.key.startswith("aws:principaltag/")})
        named = {key.partition("/")[2]: _values(about, key) for key in keys}
        it = it._replace(tags=tuple((key, values[0]) for key, values in named.items() if len(values) == 1))
    return it


def _trusts(it: Arrangement, about: Iterable[Grant]) -> tuple[Trust, ...]:
    """Return the trusts of the other account that a role has."""
    found = []
    for one in about:
        who = one.principal
        name = who.narrowed or who.name
        if who.permission_set:
            found.append(Trust("permission-set", who.permission_set))
        elif ":role/" in name and not set(name) & set("*?"):
            found.append(Trust("role", name))
        elif not who.narrowed:
            found.append(Trust("account"))
    return tuple(dict.fromkeys(found))


def _values(about: Iterable[Grant], key: str) -> list[str]:
    found = [value for one in about for test in sorted(one.tests) if test.key == key and test.positive
             and not test.operator.endswith("IfExists") for value in sorted(test.values)]  # fmt: skip
    return [value for value in dict.fromkeys(found) if not set(value) & set("*?$")]


def _pattern(name: str) -> str:
    """Return a pattern of session names, "" if it isn't one that a command can name."""
    try:
        return name if session_name(name) == name else ""
    except BadAnswer:
        return ""


def unnamed(it: Arrangement, there: object) -> list[str]:
    """Return the conditions on the callers of an arrangement that no answer names, as texts."""
    found = [test.says for one in _about(it, there) for test in sorted(one.tests)
             if not said_by(test.key) or not test.positive]  # fmt: skip
    return [*dict.fromkeys(found)]


def _is_about(one: Principal, it: Arrangement, said: Collection[str], wanted: Sequence[Principal]) -> bool:
    """Say whether a caller is one of those that the command names, or in the account that it names."""
    if any(covers(name, one, it.owner) for name in wanted):
        return True
    return "trust" not in said and _of_people(it, one)


def _constrained(statement: Statement, wanted: Statement, said: Collection[str], owner: str) -> list[Statement]:
    """Return a statement with the conditions that the command names, for the callers that it names.

    Callers of the same statement that the command doesn't name keep a statement as it was.
    """
    named = [test for test in tests(wanted) if said_by(test.key) in said]
    if statement["Effect"] != "Allow" or not named or not set(actions(statement)) & set(actions(wanted)):
        return [statement]
    inside = [one for one in callers(statement) if any(covers(it, one, owner) for it in callers(wanted))]
    if not inside or all(_met(test, statement) for test in named):
        return [statement]
    outside = [one for one in callers(statement) if one not in inside]
    if not outside:
        return [_with_tests(statement, wanted, named)]
    return [_restricted(statement, outside), _added(_with_tests(_restricted(statement, inside), wanted, named))]


def _met(test: Test, statement: Statement) -> bool:
    return any(it.operator == test.operator and it.key == test.key and it.values == test.values
               for it in tests(statement))  # fmt: skip


def _with_tests(statement: Statement, wanted: Statement, named: Sequence[Test]) -> Statement:
    """Return a statement with these conditions of another one, instead of its own on the same keys."""
    keys = {test.key for test in named}
    condition: dict[str, dict[str, Any]] = {}
    for operator, inner in statement.get("Condition", {}).items():
        for key, values in inner.items():
            own = Test(operator, key.lower(), frozenset(map(str, listed(values))))
            if not (own.key in keys and own.positive):
                condition.setdefault(operator, {})[key] = values
    for operator, inner in wanted.get("Condition", {}).items():
        for key, values in inner.items():
            if key.lower() in keys:
                condition.setdefault(operator, {})[key] = values
    more = [it for it in listed(wanted["Action"]) if it == "sts:TagSession"]
    has = listed(statement.get("Action", []))
    action = statement.get("Action") if set(more) <= set(has) or "Action" not in statement else [*has, *more]
    return {**statement, **({"Action": action} if action else {}), "Condition": condition}


def _missing(found: Iterable[Statement], wanted: Statement, said: Collection[str], owner: str) -> list[Principal]:
    """Return the callers of a wanted statement that no existing statement is about.

    Conditions that the command doesn't name stay, and don't count.
    """
    ways, mine = set(actions(wanted)), tests(wanted)
    there = [it for it in found if it["Effect"] == "Allow" and ways <= set(actions(it))]
    counts = [[test for test in tests(it) if said_by(test.key) in said or test.key.endswith((":aud", ":app_id"))]
              for it in there]  # fmt: skip
    met = [it for it, named in zip(there, counts, strict=True) if all(implied(test, mine) for test in named)]
    return [one for one in callers(wanted) if not any(covers(its, one, owner) for it in met for its in callers(it))]


def _inheriting(wanted: Statement, found: Sequence[Statement]) -> Statement:
    """Return a new statement with the conditions that all existing callers of its kind must meet."""
    kinds = {EVERYONE, *(one.kind for one in principals(wanted))}
    alike = [it for it in found if it["Effect"] == "Allow" and set(actions(it)) & set(actions(wanted))
             and {one.kind for one in principals(it)} & kinds]  # fmt: skip
    if not alike:
        return wanted
    own = {test.key for test in tests(wanted)}
    condition = {operator: {**inner} for operator, inner in wanted.get("Condition", {}).items()}
    for operator, inner in alike[0].get("Condition", {}).items():
        for key, values in inner.items():
            test = Test(operator, key.lower(), frozenset(str(it).lower() if isinstance(it, bool) else str(it)
                                                        for it in listed(values)))  # fmt: skip
            shared = all(test in tests(other) for other in alike)
            if shared and test.key not in own and not identifies(test) and not _about_caller(test.key):
                condition.setdefault(operator, {})[key] = values
    return {**wanted, "Condition": condition} if condition else wanted


def _about_caller(key: str) -> bool:
    return key in ("aws:principalarn", "aws:principalaccount", "aws:principalorgpaths") or key.endswith(
        (":aud", ":sub")
    )


def _restricted(statement: Statement, kept: Sequence[Principal]) -> Statement:
    """Return a statement for only some of its callers."""
    if [*kept] == callers(statement):
        return statement
    if not any(one.narrowed for one in kept):
        by_kind: dict[str, list[str]] = {}
        for one in kept:
            by_kind.setdefault(one.kind, []).append(one.name)
        return {**statement, "Principal": {kind: _single(names) for kind, names in by_kind.items()}}
    values = {one.narrowed for one in kept}
    names = sorted({(one.kind, one.name) for one in kept})
    made = dict(statement)
    if kept[0].kind != EVERYONE:
        kinds = sorted({kind for kind, _ in names})
        made["Principal"] = {kind: _single([name for other, name in names if other == kind]) for kind in kinds}
    made["Condition"] = {
        operator: {key: _single([v for v in listed(inner[key]) if str(v) in values])
                   if identifies(Test(operator, key.lower(), frozenset())) else inner[key] for key in inner}
        for operator, inner in statement["Condition"].items()
    }  # fmt: skip
    return made


def _single(values: Sequence[str]) -> Any:
    return values[0] if len(values) == 1 else [*values]


def _added(statement: Statement) -> Statement:
    """Return a statement with a Sid that shows that ccsetup added it."""
    sid = f"{ADDED}{str(statement.get('Sid', 'Callers')).removeprefix(ADDED)}"
    return {"Sid": sid, **{key: value for key, value in statement.items() if key != "Sid"}}


def _told_apart(found: Sequence[Statement]) -> list[Statement]:
    """Return the statements without repeated Sids, which IAM refuses. A later one gets a number."""
    taken = {str(it["Sid"]) for it in found if "Sid" in it}
    seen: set[str] = set()
    made = []
    for statement in found:
        sid = str(statement.get("Sid", ""))
        if sid and sid in seen:
            sid = next(name for n in range(2, len(taken) + len(found) + 2) if (name := f"{sid}{n}") not in taken)
            taken.add(sid)
            statement = {**statement, "Sid": sid}
        seen.add(sid)
        made.append(statement)
    return made
