"""share --check in the developers' account: the policy and its group, not only what this administrator may do."""

from __future__ import annotations

# ruff: noqa: F811
from dataclasses import replace

import pytest
from test_share import GROUP, SHARE, A, B, Office, office  # noqa: F401

from ccsetup.sandbox import policy_engine

pytestmark = pytest.mark.slow

WORDS = [*SHARE, "--role-name", "Shared"]
POLICY = f"arn:aws:iam::{B}:policy/Assume-Shared"


def links(office: Office, *more: str) -> tuple[int, dict[str, bool | None], str]:
    code, told, shown = office.run(*WORDS, *more, "--check", "--profile", "admin-b")
    return code, {link["link"]: link["holds"] for link in told["links"]}, f"{told['problems']} {shown}"


@pytest.mark.long
def test_an_administrator_of_account_b_sees_the_policy_and_the_group(office: Office) -> None:
    code, seen, shown = links(office)
    assert (code, seen) == (1, {"policy": False}) and f"Account {B} has no policy Assume-Shared." in shown
    for admin in ("admin-a", "admin-b"):
        assert office.run(*WORDS, "--apply", "--yes", "--profile", admin)[0] == 0
    code, seen, shown = links(office)
    assert (code, seen) == (1, {"policy": True, "group": False}) and "isn't attached to anyone" in shown
    code, seen, shown = links(office, "--group", GROUP)
    assert seen["group"] is False and f"aws iam attach-group-policy --group-name {GROUP} --policy-arn {POLICY}" in shown
    assert office.run(*WORDS, "--group", GROUP, "--apply", "--yes", "--profile", "admin-b")[0] == 0
    code, seen, shown = links(office, "--group", GROUP)
    assert (code, seen) == (0, {"policy": True, "group": True, "trust": None}), shown
    assert "Run --check with a developer's profile, too" in shown


@pytest.mark.parametrize("document", [
    policy_engine.allow("s3:*"), policy_engine.allow("sts:AssumeRole", on=f"arn:aws:iam::{A}:role/Other"),
    policy_engine.deny("sts:*"), policy_engine.allow("sts:AssumeRole", when={"Bool": {"aws:SecureTransport": "true"}}),
])  # fmt: skip
def test_a_policy_that_does_not_let_anyone_in_is_named(office: Office, document: dict[str, object]) -> None:
    for admin in ("admin-a", "admin-b"):
        assert office.run(*WORDS, "--group", GROUP, "--apply", "--yes", "--profile", admin)[0] == 0
    office.state.managed[POLICY] = replace(office.state.managed[POLICY], versions={"v1": document}, default="v1")
    code, seen, shown = links(office)
    assert (code, seen) == (
        1,
        {"policy": False},
    ) and f"doesn't allow sts:AssumeRole on arn:aws:iam::{A}:role/Shared" in shown


def test_a_group_without_users_lets_nobody_in(office: Office) -> None:
    for admin in ("admin-a", "admin-b"):
        assert office.run(*WORDS, "--group", GROUP, "--apply", "--yes", "--profile", admin)[0] == 0
    (arn,) = office.state.groups
    office.state.groups[arn] = replace(office.state.groups[arn], members=())
    for more in ([], ["--group", GROUP]):
        code, _, shown = links(office, *more)
        assert code == 1 and f"The group {GROUP} has no users." in shown
        assert f"aws iam add-user-to-group --group-name {GROUP} --user-name NAME" in shown
    office.state.set_policies("admin-b", policy_engine.allow("iam:GetPolicy*", "iam:List*"))
    assert links(office)[0] == 0  # who may not see the members isn't told anything about them


def test_a_permission_set_can_have_the_policy_inline(office: Office) -> None:
    code, seen, shown = links(office, "--trust", "permission-set:Developer")
    assert (code, seen) == (0, {"policy": None, "trust": None}), shown
    assert "can't see the inline policy of a permission set" in shown


def test_a_developer_who_cannot_see_the_policy_is_checked_as_before(office: Office) -> None:
    for admin in ("admin-a", "admin-b"):
        assert office.run(*WORDS, "--group", GROUP, "--apply", "--yes", "--profile", admin)[0] == 0
    code, told, _ = office.run(*WORDS, "--check", "--profile", "developer")
    assert (code, [link["link"] for link in told["links"]]) == (0, ["trust", "repository", "push"])
