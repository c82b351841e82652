"""A role that exists never lets in more callers than before plus those that the command names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from often import examples

from ccsetup.aws.iam import IamRole
from ccsetup.core.errors import Problem
from ccsetup.share import Arrangement, Trust, audit, policies, steps, trust_merge
from ccsetup.share.trust_changes import compare

A, B, C, REGION = "111122223333", "888888888888", "999999999999", "us-east-2"
X, Y = f"arn:aws:iam::{B}:role/ci/X", f"arn:aws:iam::{B}:role/Y"
DEV = f"arn:aws:iam::{B}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef"
DEV_PATTERN = f"arn:aws:iam::{B}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Dev_{'?' * 16}"
ISSUER = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{A}:oidc-provider/{ISSUER}"
IT = Arrangement("Demo", REGION, A, "Shared", people=B)

# An evaluator of trust policies that shares nothing with the program.


class Caller(NamedTuple):
    """One caller, and everything that a trust policy here can ask about."""

    who: str
    kind: str = "AWS"
    external_id: str | None = None
    mfa: bool = False
    team: str | None = None
    sub: str | None = None
    session: str = "botocore-session-1"

    @property
    def context(self) -> dict[str, str | None]:
        federated = self.kind == "Federated"
        return {
            "sts:externalid": self.external_id,
            "aws:multifactorauthpresent": "true" if self.mfa else None,
            "aws:principaltag/team": self.team,
            "aws:principalarn": None if self.kind != "AWS" else self.who,
            "aws:principalorgid": "o-acme" if self.kind == "AWS" and B in self.who else None,
            "sts:rolesessionname": self.session,
            f"{ISSUER}:sub": self.sub,
            f"{ISSUER}:aud": "sts.amazonaws.com" if federated else None,
        }


WHO = (f"arn:aws:iam::{B}:user/maria", X, Y, DEV, f"arn:aws:iam::{C}:user/carl", f"arn:aws:iam::{C}:role/X")
EVERYONE = [
    *(
        Caller(who, "AWS", *rest, session=session)
        for who, *rest in product(WHO, (None, "id-one", "id-two"), (False, True), (None, "x", "y"))
        for session in ("botocore-session-1", "maria@acme.example", "mallory@evil.example")
    ),
    Caller("lambda.amazonaws.com", "Service"),
    *(Caller(PROVIDER, "Federated", sub=sub) for sub in ("repo:acme/a:main", "repo:acme/b:main")),
]
ACTIONS = {"AWS": "sts:assumerole", "Service": "sts:assumerole", "Federated": "sts:assumerolewithwebidentity"}


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def glob(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(text[n:], pattern[1:]) for n in range(len(text) + 1))
    return bool(text) and pattern[0] in (text[0], "?") and glob(text[1:], pattern[1:])


def is_named(caller: Caller, principal: Any) -> bool:
    if principal == "*":
        return True
    for name in many(principal.get(caller.kind, [])):
        account = caller.who.split(":")[4] if caller.kind == "AWS" else ""
        if name in (caller.who, "*") or (account and name in (account, f"arn:aws:iam::{account}:root")):
            return True
    return False


def meets(caller: Caller, operator: str, key: str, wanted: list[str]) -> bool:
    have = caller.context.get(key.lower())
    plain = operator.removesuffix("IfExists")
    if have is None:
        return plain != operator or "Not" in plain
    hit = any(glob(have, want) if "Like" in plain or "Arn" in plain else have == want for want in wanted)
    return hit != ("Not" in plain)


def admitted(document: Mapping[str, Any], caller: Caller) -> bool:
    allowed = False
    for statement in many(document["Statement"]):
        if not any(glob(ACTIONS[caller.kind], str(action).lower()) for action in many(statement["Action"])):
            continue
        tests = statement.get("Condition", {})
        if not is_named(caller, statement["Principal"]) or not all(
            meets(caller, operator, key, [str(it).lower() if it is True else str(it) for it in many(values)])
            for operator, inner in tests.items() for key, values in inner.items()
        ):  # fmt: skip
            continue
        if statement["Effect"] == "Deny":
            return False
        allowed = True
    return allowed


def named(it: Arrangement, said: frozenset[str], caller: Caller) -> bool:
    """Say whether a command names a caller: its account or trust, and every condition in it."""
    if caller.kind == "Service":
        return False
    if caller.kind == "Federated":
        return any(one.kind == "oidc" for one in it.trusts) and caller.sub == it.subject
    if caller.who.split(":")[4] != it.people:
        return False
    by = {"account": lambda one: True, "role": lambda one: caller.who == one.name,
          "permission-set": lambda one: f"SSO_{one.name}_" in caller.who, "oidc": lambda one: False}  # fmt: skip
    return (
        any(by[one.kind](one) for one in it.trusts)
        and ("external_id" not in said or caller.external_id in (it.external_id, *it.also_external_ids))
        and ("require_mfa" not in said or caller.mfa)
        and ("principal_tag" not in said or dict(it.tags).get("team") == caller.team)
        and ("require_session_name" not in said or glob(caller.session, it.session_name))
    )


# Roles that exist, and commands.

CONDITIONAL = ("external_id", "require_mfa", "principal_tag", "require_session_name")

PRINCIPALS = st.one_of(
    st.just("*"),
    st.fixed_dictionaries(
        {"AWS": st.one_of(
            st.sampled_from([f"arn:aws:iam::{B}:root", B, X, Y, f"arn:aws:iam::{C}:root", "*"]),
            st.lists(st.sampled_from([f"arn:aws:iam::{B}:root", X, Y, f"arn:aws:iam::{C}:root"]), min_size=1, max_size=3, unique=True),
        )}),
    st.just({"Service": "lambda.amazonaws.com"}),
    st.just({"Federated": PROVIDER}),
    st.just({"AWS": f"arn:aws:iam::{C}:root", "Service": "lambda.amazonaws.com"}),
)  # fmt: skip
CONDITIONS = st.lists(
    st.sampled_from([
        ("StringEquals", "sts:ExternalId", "id-one"), ("StringEquals", "sts:externalid", ["id-one", "id-two"]),
        ("StringLike", "sts:ExternalId", "id-*"), ("StringEqualsIfExists", "sts:ExternalId", "id-two"),
        ("Bool", "aws:MultiFactorAuthPresent", "true"), ("Bool", "aws:MultiFactorAuthPresent", True),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", "true"), ("StringEquals", "aws:PrincipalTag/team", "x"),
        ("StringNotEquals", "aws:PrincipalTag/team", ["y"]), ("StringEquals", "aws:PrincipalOrgID", "o-acme"),
        ("ArnLike", "aws:PrincipalArn", DEV_PATTERN), ("ArnLike", "aws:PrincipalArn", [DEV_PATTERN, X]),
        ("StringEquals", "aws:PrincipalArn", Y), ("ArnNotLike", "aws:PrincipalArn", f"arn:aws:iam::{B}:user/*"),
        ("StringLike", "sts:RoleSessionName", "*@*"), ("StringLike", "sts:RoleSessionName", ["*@acme.example", "ci-*"]),
        ("StringEquals", "sts:RoleSessionName", "${aws:username}"), ("StringNotLike", "sts:RoleSessionName", "botocore-*"),
        ("StringEquals", f"{ISSUER}:sub", "repo:acme/a:main"), ("StringLike", f"{ISSUER}:sub", "repo:acme/*"),
        ("StringEquals", f"{ISSUER}:aud", "sts.amazonaws.com"),
    ]),
    max_size=3,
)  # fmt: skip
WAYS = st.sampled_from(["sts:AssumeRole", "STS:assumerole", ["sts:AssumeRole", "sts:TagSession"], "sts:*", "*",
                        "sts:AssumeRoleWithWebIdentity", "sts:TagSession"])  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    made = []
    for number in range(draw(st.integers(0, 3))):
        statement: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow"] * 5 + ["Deny"])),
                                     "Principal": draw(PRINCIPALS), "Action": draw(WAYS)}  # fmt: skip
        condition: dict[str, Any] = {}
        for operator, key, values in draw(CONDITIONS):
            condition.setdefault(operator, {})[key] = values
        if condition:
            statement["Condition"] = condition
        if draw(st.booleans()):
            statement["Sid"] = draw(st.sampled_from(["Account", "CcsetupAccount", "CcsetupRoles", f"S{number}"]))
        made.append(statement)
    return {"Version": "2012-10-17", "Statement": made[0] if len(made) == 1 and draw(st.booleans()) else made}


@st.composite
def commands(draw: st.DrawFn) -> tuple[Arrangement, frozenset[str]]:
    trusts = draw(st.sampled_from([(), (Trust("account"),), (Trust("role", X),), (Trust("permission-set", "Dev"),),
                                   (Trust("role", X), Trust("role", Y)), (Trust("role", Y), Trust("permission-set", "Dev")),
                                   (Trust("oidc", ISSUER), Trust("role", X))]))  # fmt: skip
    ids = draw(st.sampled_from([(), ("id-one",), ("id-two",), ("id-two", "id-one")]))
    mfa, tag = draw(st.booleans()), draw(st.booleans())
    session = draw(st.sampled_from(["", "", "*@*", "*@acme.example"]))
    it = IT._replace(trusts=trusts or IT.trusts, external_id=ids[0] if ids else "", also_external_ids=ids[1:], mfa=mfa,
                     tags=(("team", "x"),) if tag else (), subject="repo:acme/b:main", session_name=session)  # fmt: skip
    if not draw(st.integers(0, 4)):
        away = tuple(one._replace(name=one.name.replace(B, C)) for one in it.trusts)
        it = it._replace(people=C, trusts=away)
    said = {"trust": bool(trusts), "external_id": bool(ids), "require_mfa": mfa, "principal_tag": tag,
            "require_session_name": bool(session)}  # fmt: skip
    return it, frozenset(key for key, value in said.items() if value)


def role(trust: Mapping[str, Any], ours: bool = True) -> IamRole:
    return IamRole(
        IT.role_arn, trust, {IT.policy_name: policies.permissions(IT)}, (), {"ccsetup": "share"} if ours else {}
    )


def afterwards(it: Arrangement, said: frozenset[str], there: IamRole) -> Mapping[str, Any]:
    """Return the trust policy that the role has after the steps, completed and applied as the command does."""
    completed = trust_merge.adopted(it, said, there.trust)
    trusting = [step for step in steps.for_owner(completed, there, said) if step.name == steps.TRUST]
    return trusting[0].after or {} if trusting else there.trust


@settings(max_examples=examples(600), deadline=None)
@given(documents(), commands(), st.booleans())
def test_nobody_gets_in_who_could_not_before_and_whom_the_command_does_not_name(
    trust: dict[str, Any], command: tuple[Arrangement, frozenset[str]], ours: bool
) -> None:
    it, said = command
    there = role(trust, ours)
    after = afterwards(it, said, there)
    ids = {statement.get("Sid") for statement in many(after["Statement"]) if "Sid" in statement}
    if len({s.get("Sid") for s in many(trust["Statement"])}) == len(many(trust["Statement"])):
        assert len(ids) == len([1 for statement in many(after["Statement"]) if "Sid" in statement])
    for caller in EVERYONE:
        before, now = admitted(trust, caller), admitted(after, caller)
        assert not now or before or named(it, said, caller), caller
        if before and not now:  # only whom the command names is cut off, and only by a condition that it names
            assert ours and caller.kind == "AWS" and said & {*CONDITIONAL}, caller
    assert steps.alike(afterwards(it, said, there._replace(trust=after)), after)  # a second run changes nothing


@settings(max_examples=examples(600), deadline=None)
@given(documents(), documents())
def test_a_policy_that_lets_in_more_is_never_called_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    changes = compare(one, other, A)
    gained = [caller for caller in EVERYONE if admitted(other, caller) and not admitted(one, caller)]
    lost = [caller for caller in EVERYONE if admitted(one, caller) and not admitted(other, caller)]
    assert not gained or changes.opens or changes.relaxes or changes.accepts, gained[:3]
    assert not lost or changes.cuts_off, lost[:3]
    same = compare(one, json.loads(json.dumps(one)), A)
    assert not any(same)


@settings(max_examples=examples(300), deadline=None)
@given(documents(), commands())
def test_what_needs_no_person_lets_nobody_in_but_with_an_external_id_that_is_named(
    trust: dict[str, Any], command: tuple[Arrangement, frozenset[str]]
) -> None:
    it, said = command
    there = role(trust)
    after = afterwards(it, said, there)
    if not compare(trust, after, A).needs_a_person:
        for caller in EVERYONE:
            if admitted(after, caller) and not admitted(trust, caller):
                assert "external_id" in said and caller.external_id in (it.external_id, *it.also_external_ids)


@settings(max_examples=examples(300), deadline=None)
@given(documents(), commands())
def test_what_is_added_to_a_foreign_role_is_taken_back_to_the_letter(
    trust: dict[str, Any], command: tuple[Arrangement, frozenset[str]]
) -> None:
    it, said = command
    mine = [statement for statement in many(trust["Statement"]) if str(statement.get("Sid", "")).startswith("Ccsetup")]
    if mine:
        return
    there = role(trust, ours=False)
    after = afterwards(it, said, there)
    back = trust_merge.without(trust_merge.adopted(it, said, there.trust), said, after, ours=False)
    assert steps.alike(back, {**trust, "Statement": many(trust["Statement"])})


@settings(max_examples=examples(400), deadline=None)
@given(documents(), commands())
def test_a_remedy_never_weakens(trust: dict[str, Any], command: tuple[Arrangement, frozenset[str]]) -> None:
    it, _ = command
    on = (it.external_id, it.mfa, it.tags, it.session_name)
    asked = frozenset(key for key, value in zip(CONDITIONAL, on, strict=True) if value)
    for link in audit.trusting(it, role(trust)):
        for caller in EVERYONE if link.mend else ():
            assert not admitted(link.mend or {}, caller) or named(it, asked, caller), (link, caller)


def test_a_wrong_external_id_is_suspected_before_the_trust_policy() -> None:
    there = policy(allow({"AWS": ROOT}, **ID, **MFA))
    for given_, says in (("wrong-1", "not wrong-1"), ("", "but none was specified")):
        (link,) = audit.trusting(IT._replace(external_id=given_, mfa=True), role(there))
        assert says in link.says and "--external-id acme-7f3b" in link.where and link.mend is None


# Examples

ROOT = f"arn:aws:iam::{B}:root"


def allow(principal: Any, **condition: Any) -> dict[str, Any]:
    made = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {**made, "Condition": condition} if condition else made


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [*statements]}


ID = {"StringEquals": {"sts:ExternalId": "acme-7f3b"}}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
TAG = {"StringEquals": {"aws:PrincipalTag/team": "x"}}
ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-acme"}}
SOURCE = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
STAY = {
    "external ID": allow({"AWS": ROOT}, **ID),
    "MFA": allow({"AWS": ROOT}, **MFA),
    "tag": allow({"AWS": ROOT}, **TAG),
    "organization": allow({"AWS": ROOT}, **ORG),
    "addresses": allow({"AWS": ROOT}, **SOURCE),
    "one role": allow({"AWS": X}, **ID),
    "a permission set": allow({"AWS": ROOT}, ArnLike={"aws:PrincipalArn": DEV_PATTERN}),
}


@pytest.mark.parametrize("statement", STAY.values(), ids=STAY)
def test_what_the_command_does_not_say_stays(statement: dict[str, Any]) -> None:
    assert steps.for_owner(trust_merge.adopted(IT, frozenset(), policy(statement)), role(policy(statement))) == []


def test_a_new_caller_gets_the_conditions_that_all_callers_have() -> None:
    there = policy(allow({"AWS": X}, **ID, **SOURCE), allow({"AWS": f"arn:aws:iam::{C}:root"}, **ID))
    after = afterwards(IT._replace(trusts=(Trust("account"),)), frozenset({"trust"}), role(there))
    assert after["Statement"][:2] == there["Statement"]
    assert after["Statement"][2] == {"Sid": "CcsetupAccount", **allow({"AWS": ROOT}, **ID)}
    assert compare(there, after, A).rows == [("opens to", f"account {B}")]


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        (allow({"AWS": ROOT}, **ID), allow({"AWS": ROOT}),
         [("no longer requires", f"the external ID acme-7f3b (for account {B})")]),
        (allow({"AWS": ROOT}, StringLike={"sts:RoleSessionName": "*@acme.example"}), allow({"AWS": ROOT}),
         [("no longer requires", f"a session name like *@acme.example (for account {B})")]),
        (allow({"AWS": ROOT}), allow({"AWS": ROOT}, **MFA), [("now requires", f"MFA (for account {B})")]),
        (allow({"AWS": X}), allow({"AWS": ROOT}), [("opens to", f"account {B}")]),
        (allow({"AWS": ROOT}), allow({"AWS": X}), [("loses access", f"account {B}")]),
        (allow({"Service": "lambda.amazonaws.com"}), allow({"AWS": X}),
         [("opens to", f"role ci/X in account {B}"), ("loses access", "the service lambda.amazonaws.com")]),
        (allow({"AWS": ROOT}, ArnLike={"aws:PrincipalArn": DEV_PATTERN}), allow({"AWS": ROOT}), [("opens to", f"account {B}")]),
        (allow({"AWS": ROOT}, **ID), allow({"AWS": ROOT}, StringEquals={"sts:ExternalId": ["new-1", "acme-7f3b"]}),
         [("also accepts", "the external ID new-1")]),
        (allow({"AWS": ROOT}, StringEquals={"sts:ExternalId": ["new-1", "acme-7f3b"]}), allow({"AWS": ROOT}, **ID),
         [("no longer accepts", f"the external ID new-1 (for account {B})")]),
        (allow({"AWS": ROOT}, **ID), allow({"AWS": ROOT}, StringEquals={"sts:ExternalId": "new-1"}),
         [("also accepts", "the external ID new-1"), ("no longer accepts", f"the external ID acme-7f3b (for account {B})")]),
        (allow({"AWS": "*"}, **ORG), allow({"AWS": "*"}),
         [("no longer requires", "membership in the organization o-acme (for everyone in every AWS account)")]),
    ],
)  # fmt: skip
def test_a_change_is_said_in_the_words_of_an_administrator(
    before: dict[str, Any], after: dict[str, Any], rows: list[tuple[str, str]]
) -> None:
    assert compare(policy(before), policy(after), A).rows == rows


@pytest.mark.parametrize("document", [
    "text", None, [], {"Statement": "x"}, {"Statement": [{"Effect": "Allow", "Principal": {"AWS": None}}]},
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": X}, "Action": {"a": 1}}]},
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": X}, "Action": "sts:AssumeRole", "Condition": ["x"]}]},
    {"Statement": [{"Principal": {"AWS": X}, "Action": "sts:AssumeRole"}]},
])  # fmt: skip
def test_a_document_that_is_no_policy_is_a_sentence(document: Any) -> None:
    with pytest.raises(Problem, match="can't read"):
        steps.for_owner(IT, role(document))
    with pytest.raises(Problem, match="can't read"):
        steps.taking_back(IT, role(document))
