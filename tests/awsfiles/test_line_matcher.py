"""LineMatcher takes the same parts as difflib's SequenceMatcher, whatever the texts are."""

from __future__ import annotations

from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.awsfiles.line_matcher import LineMatcher

TEXTS = st.lists(st.sampled_from("abcdef"), max_size=30)


def same(old: list[str], new: list[str], autojunk: bool) -> None:
    ours, theirs = LineMatcher(old, new, autojunk), SequenceMatcher(None, old, new, autojunk)
    assert ours.get_matching_blocks() == theirs.get_matching_blocks()
    assert ours.get_opcodes() == theirs.get_opcodes()


@given(TEXTS, TEXTS)
def test_two_texts_match_as_in_difflib(old: list[str], new: list[str]) -> None:
    same(old, new, autojunk=False)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_moved_and_repeated_parts_match_as_in_difflib(
    first: list[str], second: list[str], third: list[str], new: list[str]
) -> None:
    same([*first, *second, *third], [*third, *new, *second, *second, *first], autojunk=False)


@pytest.mark.parametrize("changed", ["region = us-east-1", "output = json", ""])
def test_lines_that_occur_too_often_count_as_in_difflib(changed: str) -> None:
    old = [
        it for n in range(80) for it in (f"[profile p-{n}]", "region = us-east-1", "output = json", f"a = {n % 40}", "")
    ]
    new = ["region = us-east-2" if it == changed and n % 3 else it for n, it in enumerate(old)]
    moved = [*new[200:], *new[:200]]
    for other in (new, moved, old):
        same(old, other, autojunk=True)
        same(other, old, autojunk=True)
