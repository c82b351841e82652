"""share --apply on a role that exists: what limits its permissions stays, and nothing is opened that isn't said."""

from __future__ import annotations

# ruff: noqa: F811
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from conftest import AwsTools
from test_share import REGION, REPO, SHARE, A, Office, office  # noqa: F401

pytestmark = pytest.mark.slow

ROLE = f"arn:aws:iam::{A}:role/Team"
OWN = f"ccsetup-{REGION}-{REPO}"
WORDS = [*SHARE, "--role-name", "Team", "--profile", "admin-a", "--apply"]
MAIN = {"StringEqualsIfExists": {"codecommit:References": ["refs/heads/main"]}}  # without "Null", it denies every push
Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def narrowed(office: Office, change: Change) -> dict[str, Any]:
    """Share the repository, and let an administrator narrow the role's permissions by hand."""
    assert office.run(*WORDS, "--yes")[0] == 0
    role = office.state.roles[ROLE]
    document = {**role.inline[OWN], "Statement": change(json.loads(json.dumps(role.inline[OWN]["Statement"])))}
    office.state.roles[ROLE] = replace(role, inline={OWN: document})
    return document


def denial(it: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*it, {"Effect": "Deny", "Action": "codecommit:GitPush", "Resource": "*", "Condition": MAIN}]


def condition(it: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}} for one in it]


def fewer(it: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "Action": [x for x in one["Action"] if "Merge" not in x]} if one["Sid"] == "Write" else one
            for one in it]  # fmt: skip


@pytest.mark.parametrize("change", [denial, condition])
def test_denials_and_conditions_on_the_permissions_stay(office: Office, change: Change) -> None:
    before = narrowed(office, change)
    for more in ([], ["--read-write"], ["--external-id", "acme-1"]):
        code, _, shown = office.run(*WORDS, *more, "--yes")
        assert (code, office.state.roles[ROLE].inline[OWN]) == (0, before), shown
        assert "has denials or conditions that ccsetup didn't write" in shown
    assert office.run(*WORDS, "--read-only", "--yes")[0] == 0
    after = json.dumps(office.state.roles[ROLE].inline[OWN])
    assert ("refs/heads/main" in after) is (change is denial) and ("192.0.2.0" in after) is (change is condition)


def test_actions_that_were_taken_out_come_back_only_when_it_is_said(office: Office) -> None:
    before = narrowed(office, fewer)
    code, told, shown = office.run(*WORDS, "--yes")
    assert (code, office.state.roles[ROLE].inline[OWN]) == (1, before), shown
    more = "codecommit:MergeBranches*, codecommit:CreateUnreferencedMergeCommit, codecommit:MergePullRequest*"
    assert f"opens to everyone with this role: {more}" in " ".join(shown.split())
    assert "--read-write" in told["problems"][0]["next"]
    assert office.run(*WORDS, "--read-write", "--yes")[0] == 0
    assert "MergePullRequest" in json.dumps(office.state.roles[ROLE].inline[OWN])


@pytest.mark.long
@pytest.mark.parametrize("change", [denial, fewer])
def test_the_script_leaves_the_permissions_of_a_role_that_exists(
    office: Office, aws_tools: AwsTools, change: Change
) -> None:
    before = narrowed(office, change)
    assert office.run(*SHARE, "--role-name", "Team", "--yes", "--out", "o")[0] == 0
    path = os.pathsep.join((str(aws_tools.aws.parent), os.environ["PATH"]))
    done = subprocess.run(["bash", str(office.folder / "o" / "apply.sh")], text=True, capture_output=True, check=False,
                          env={**os.environ, "PATH": path, "AWS_PROFILE": "admin-a"})  # fmt: skip
    assert (done.returncode, office.state.roles[ROLE].inline[OWN]) == (1, before), done.stderr
    assert "its permissions differ" in done.stderr and f"ccsetup share {REPO}" in done.stderr
