"""The first missing link from a developer to the repository: what is said of it, and the policy that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from script import FakeAws, Shown, context

from ccsetup.core.denial import Denial
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.model import Identity, Repository, Who
from ccsetup.share import Arrangement, apply, check, policies
from ccsetup.share.arrangement import Trust
from ccsetup.share.audit import Link
from ccsetup.wizard.options import Options, looking

A, B, REGION, REPO = "111122223333", "888888888888", "us-east-2", "Demo"
IT = Arrangement(REPO, REGION, A, "Shared", people=B)
MARIA = Identity(B, f"arn:aws:iam::{B}:user/maria")
ROLE = Identity(A, f"arn:aws:sts::{A}:assumed-role/Shared/maria")
REPOSITORY = f"arn:aws:codecommit:{REGION}:{A}:{REPO}"


class Aws(FakeAws):
    """Maria's user and the role that she assumes, each with its answer."""

    def __init__(self, role: Identity | Problem = ROLE, **more: Any) -> None:
        super().__init__(**more)
        self.role = role

    def identity(self, who: Who) -> Identity:
        return self._answer(f"identity {who.profile}", self.who if who.profile == "maria" else self.role)


def denied(action: str, resource: str, code: str = "access.assume", **more: Any) -> Problem:
    refused = Problem("maria isn't allowed.", why="It has no policy.", next="Ask.", code=code)
    refused.denial = Denial(MARIA.arn, action, resource, **more)
    return refused


def checked(folder: Path, aws: Aws, it: Arrangement = IT) -> tuple[list[Link], Problem | None, str]:
    around = context(folder, aws=aws)
    links, problem = check.checked(around, it, looking(around, Options({})), "maria", "")
    assert isinstance(around.screen, Shown)
    return links, problem, around.screen.text()


def found(account: str = A, region: str = REGION) -> Repository:
    return Repository(REPO, region, account, "main")


def test_a_developer_who_gets_through_is_told_each_link(tmp_path: Path) -> None:
    links, problem, shown = checked(tmp_path, Aws(who=MARIA, found=found()))
    assert problem is None
    assert [(link.name, link.holds) for link in links] == [("trust", True), ("repository", True), ("push", None)]
    assert f"done trust the profile maria can assume {ROLE.arn}" in shown
    assert "Push access wasn't checked" in shown
    links, _, shown = checked(tmp_path, Aws(who=MARIA, found=found()), IT._replace(read_only=True))
    assert [link.name for link in links] == ["trust", "repository"]


def test_who_uses_the_role_already_is_not_asked_to_assume_it(tmp_path: Path) -> None:
    aws = Aws(who=ROLE, found=found())
    links, problem, _ = checked(tmp_path, aws)
    assert (problem, [(link.name, link.holds) for link in links]) == (None, [("role", True), ("repository", True)])
    assert aws.calls == ["identity maria", f"repository {REPO}"]


@pytest.mark.parametrize(
    ("people", "accounts"), [(B, f"{A} or {B}"), ("", A)]
)  # fmt: skip
def test_a_profile_of_a_third_account_is_refused(people: str, accounts: str, tmp_path: Path) -> None:
    stranger = Identity("999999999999", "arn:aws:iam::999999999999:user/x")
    it = IT._replace(
        people=people, trusts=IT.trusts if people else (Trust("oidc", "token.actions.githubusercontent.com"),)
    )
    links, problem, _ = checked(tmp_path, Aws(who=stranger), it)
    assert [(link.name, link.holds) for link in links] == [("identity", False)]
    assert problem is not None
    assert problem.what == f"The profile maria is in account 999999999999, not in {accounts}."
    assert problem.next == f"Use a profile in {accounts}: --profile NAME."


@pytest.mark.parametrize("external_id", ["", "acme-7f3b"])
def test_a_role_that_cannot_be_assumed_shows_the_policy_that_is_missing(external_id: str, tmp_path: Path) -> None:
    refused = denied("sts:AssumeRole", IT.role_arn)
    links, problem, shown = checked(tmp_path, Aws(refused, who=MARIA), IT._replace(external_id=external_id))
    assert [(link.name, link.holds) for link in links] == [("trust", False)]
    assert problem is not None
    assert problem.what == "maria isn't allowed. It has no policy."
    assert isinstance(problem.policy, Mapping)
    assert problem.policy["Statement"][0]["Principal"] == {"AWS": MARIA.arn}
    assert '"sts:AssumeRole"' in shown
    assert problem.next.endswith(" shown below.")
    assert ("add --external-id" in problem.next) == (not external_id)
    assert problem.next[0].isupper()


@pytest.mark.parametrize(
    ("more", "condition"),
    [
        ({"external_id": "acme-7f3b"}, {"StringEquals": {"sts:ExternalId": "acme-7f3b"}}),
        ({"mfa": True}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        ({"tags": (("team", "x"),)}, {"StringEquals": {"aws:PrincipalTag/team": "x"}}),
        ({"external_id": "acme-7f3b", "also_external_ids": ("old-1",), "mfa": True},
         {"StringEquals": {"sts:ExternalId": ["acme-7f3b", "old-1"]}, "Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("session", [False, True])
def test_a_proposed_trust_statement_has_the_conditions_of_the_arrangement(
    more: dict[str, Any], condition: dict[str, Any], session: bool, tmp_path: Path
) -> None:
    refused = denied("sts:AssumeRole", IT.role_arn)
    if session:
        refused.denial = Denial(f"arn:aws:sts::{B}:assumed-role/Dev/maria", "sts:AssumeRole", IT.role_arn)
    _, problem, shown = checked(tmp_path, Aws(refused, who=MARIA), IT._replace(**more))
    assert problem is not None
    assert isinstance(problem.policy, Mapping)
    (statement,) = problem.policy["Statement"]
    own = statement["Condition"].pop("ArnLike", None)
    assert (statement["Condition"], bool(own)) == (condition, session)
    assert problem.next.startswith(
        "Check that the role requires the external ID acme-7f3b" if "external_id" in more else "If the role requires"
    )


def test_a_refusal_that_no_policy_lifts_says_what_to_do(tmp_path: Path) -> None:
    refused = Problem("The role doesn't exist.", next="Check its name.", code="role.arn")
    links, problem, _ = checked(tmp_path, Aws(refused, who=MARIA))
    assert [link.name for link in links] == ["trust"]
    assert problem is not None
    assert (problem.what, problem.next, problem.policy) == ("The role doesn't exist.", "Check its name.", None)
    explicit = denied("sts:AssumeRole", IT.role_arn, explicit=True)
    _, problem, _ = checked(tmp_path, Aws(explicit, who=MARIA))
    assert problem is not None
    assert (problem.policy, problem.next) == (None, "Ask.")


@pytest.mark.parametrize(
    ("code", "action", "resource", "link"),
    [
        ("access.repository", "codecommit:GetRepository", REPOSITORY, "permissions"),
        ("access.kms", "kms:Decrypt", f"arn:aws:kms:{REGION}:{A}:key/1", "key"),
    ],
)
def test_a_repository_that_the_role_may_not_see_names_the_missing_permission(
    code: str, action: str, resource: str, link: str, tmp_path: Path
) -> None:
    links, problem, _ = checked(tmp_path, Aws(who=MARIA, found=denied(action, resource, code)))
    assert [(it.name, it.holds) for it in links] == [("trust", True), (link, False)]
    assert problem is not None
    assert isinstance(problem.policy, Mapping)
    assert action in str(problem.policy)


def test_a_repository_elsewhere_is_named_with_its_place(tmp_path: Path) -> None:
    missing = NoRepository("There is no Demo.")
    links, problem, _ = checked(tmp_path, Aws(who=MARIA, found=missing, elsewhere=("eu-west-1",)))
    assert [(it.name, it.holds) for it in links] == [("trust", True), ("region", False)]
    assert problem is not None
    assert problem.what == "Demo isn't in us-east-2. It is in eu-west-1."
    assert problem.next == "Share the repository in that region: --region eu-west-1."
    links, problem, _ = checked(tmp_path, Aws(who=MARIA, found=missing))
    assert [it.name for it in links] == ["trust", "repository"]
    assert problem is not None
    assert problem.what == "There is no repository Demo in us-east-2."
    links, problem, _ = checked(tmp_path, Aws(who=MARIA, found=found(account=B)))
    assert problem is not None
    assert problem.what == f"Demo is in account {B}, not in {A}."
    assert checked(tmp_path, Aws(who=MARIA, found=found(account="")))[1] is None


def test_without_an_answer_no_link_is_missing(tmp_path: Path) -> None:
    silent = Problem("AWS didn't answer.", code="net.unreachable")
    for aws, names in ((Aws(silent, who=MARIA), []), (Aws(who=MARIA, found=silent), ["trust"])):
        links, problem, shown = checked(tmp_path, aws)
        assert (problem, [it.name for it in links]) == (silent, names)
        assert "problem net.unreachable" in shown


# ------------------------------------------------------------------ the role, as a developer


def test_the_role_is_assumed_with_what_its_trust_policy_asks_for(tmp_path: Path) -> None:
    device = f"arn:aws:iam::{B}:mfa/maria"
    around = context(tmp_path, aws=FakeAws(devices=(device,)))
    look = looking(around, Options({}))

    def settings(it: Arrangement, code: str) -> dict[str, Any]:
        who = apply.as_role(it, look, "maria", code, around)
        assert (who.profile, who.region, who.mfa_code) == ("Shared-check1", REGION, code)
        assert who.profiles is not None
        return dict(who.profiles["Shared-check1"])

    plain = {"role_arn": IT.role_arn, "source_profile": "maria", "region": REGION}
    assert settings(IT, "") == plain
    assert settings(IT, "123456") == plain
    assert settings(IT._replace(mfa=True), "") == plain
    assert settings(IT._replace(mfa=True), "123456") == {**plain, "mfa_serial": device}
    assert settings(IT._replace(external_id="acme"), "") == {**plain, "external_id": "acme"}
    around.aws.devices = ()  # type: ignore[attr-defined]
    assert settings(IT._replace(mfa=True), "123456") == {**plain, "mfa_serial": ""}


# ------------------------------------------------------------------ how a policy is written


@pytest.mark.parametrize(
    ("tags", "action"),
    [((), "sts:AssumeRoleWithWebIdentity"), ((("team", "x"),), ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"])],
)
def test_a_single_action_is_written_as_a_string(tags: tuple[tuple[str, str], ...], action: str | list[str]) -> None:
    issuer = "token.actions.githubusercontent.com"
    it = IT._replace(trusts=(Trust("oidc", issuer),), people="", subject="repo:acme/x:*", tags=tags)
    (statement,) = policies.trust(it)["Statement"]
    assert statement["Action"] == action
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::{A}:oidc-provider/{issuer}"}
