"""Which branch a clone checks out: the one asked for, else the server's, and never a guess."""

from __future__ import annotations

import pytest

from ccsetup.core.errors import Problem
from ccsetup.git import branches
from ccsetup.git.branches import Heads

ONE, TWO = "1" * 40, "2" * 40
BOTH = {"main": ONE, "dev": TWO}


@pytest.mark.parametrize(
    ("told", "heads"),
    [
        (f"ref: refs/heads/main\tHEAD\n{ONE}\tHEAD\n{TWO}\trefs/heads/dev\n{ONE}\trefs/heads/main\n",
         Heads({"dev": TWO, "main": ONE}, "main", ONE)),
        (f"{ONE}\tHEAD\n{ONE}\trefs/heads/a/b\n{TWO}\trefs/tags/v1\n", Heads({"a/b": ONE}, "", ONE)),
        (f"ref: refs/heads/gone\tHEAD\n{ONE}\trefs/heads/main\n", Heads({"main": ONE})),
        ("", Heads({})),
    ],
)  # fmt: skip
def test_what_git_lists_is_read(told: str, heads: Heads) -> None:
    assert branches.heads(told) == heads


def test_the_branch_of_head_is_the_first() -> None:
    assert Heads(BOTH, "dev").names == ("dev", "main")
    assert Heads(BOTH).names == ("main", "dev")
    assert Heads({}).names == ()


@pytest.mark.parametrize(
    ("asked", "default", "there", "branch"),
    [
        ("dev", "main", Heads(BOTH, "main"), "dev"),
        ("", "main", Heads(BOTH, "main"), "main"),
        ("", "dev", Heads(BOTH), "dev"),
        ("", "", Heads(BOTH, "dev"), "dev"),
        ("", "", Heads(BOTH, "", TWO), "dev"),
        ("", "", Heads({"only": ONE}), "only"),
        ("", "", Heads({}), ""),
    ],
)
def test_the_branch_is_the_one_asked_for_else_the_servers(asked: str, default: str, there: Heads, branch: str) -> None:
    assert branches.chosen(asked, default, there, "Demo") == branch


@pytest.mark.parametrize(
    ("asked", "default", "there", "code", "what", "next"),
    [
        (
            "none",
            "main",
            Heads(BOTH, "main"),
            "git.failed",
            "Demo doesn't have a branch named none.",
            "Available branches: main, dev.",
        ),
        (
            "none",
            "",
            Heads({}),
            "git.failed",
            "Demo doesn't have a branch named none.",
            "The repository is empty. Omit --branch.",
        ),
        (
            "",
            "main",
            Heads({}),
            "access.git",
            "but git doesn't list any branches.",
            "See which settings change the connection: git config ",
        ),
        (
            "",
            "main",
            Heads(BOTH, "dev"),
            "access.git",
            "but git reports dev as the HEAD branch.",
            "Choose a branch, for example: --branch dev",
        ),
        ("", "gone", Heads(BOTH), "access.git", "but git doesn't list a branch with that name.", "--branch main"),
        ("", "", Heads(BOTH), "git.failed", "Demo doesn't have a default branch.", "--branch main"),
        (
            "",
            "",
            Heads({"a": ONE, "b": ONE}, "", ONE),
            "git.failed",
            "Demo doesn't have a default branch.",
            "--branch a",
        ),
    ],
)
def test_where_the_branch_is_not_certain_somebody_chooses(
    asked: str, default: str, there: Heads, code: str, what: str, next: str
) -> None:
    with pytest.raises(Problem) as refused:
        branches.chosen(asked, default, there, "Demo")
    assert refused.value.code == code
    assert what in refused.value.what
    assert next in refused.value.next


def test_ten_branches_are_listed_and_the_rest_counted() -> None:
    for count, end in ((10, "b9."), (12, "b9 and 2 more.")):
        there = Heads({f"b{n}": f"{n}" for n in range(count)})
        with pytest.raises(Problem) as refused:
            branches.chosen("none", "", there, "Demo")
        assert refused.value.next.endswith(end)
