"""What share shows: four lines first, new policies folded, and at the end who gets in and the next command for each."""

from __future__ import annotations

# ruff: noqa: F811
from dataclasses import replace

import pytest
from script import Script, Shown
from test_never_wider import ID, ROOT, WORDS, narrow, trust
from test_share import REPO, SHARE, A, B, Office, office  # noqa: F401

from ccsetup.cli.commands import share
from ccsetup.cli.context import context_of
from ccsetup.cli.parser import parsed
from ccsetup.ui.screen import Screen

pytestmark = pytest.mark.slow

HEAD = ("repositories", "lets in", "conditions", "changes")
SOURCE = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}


def apply(office: Office, *steps: tuple[str, object], words: list[str]) -> tuple[Shown, Script]:
    script, screen, options = Script(*steps), Shown(), parsed(words)
    share.main(options, lambda: replace(context_of(options, Screen({})), prompt=script, screen=screen))
    script.done()
    return screen, script


def test_the_review_of_apply_begins_with_four_lines_and_a_question_mark_unfolds_it(office: Office) -> None:
    screen, _ = apply(office, ("whom", "account"), ("read_only", "no"), ("apply", "?"), ("apply", "go"),
                      words=[*SHARE, "--role-name", "New", "--apply", "--profile", "admin-a"])  # fmt: skip
    lines = screen.text().splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("repositories"))
    assert [line.startswith(label) for line, label in zip(lines[first:], HEAD, strict=False)] == [True] * 4
    folded, _, unfolded = "\n".join(lines[first:]).partition("trusts account")
    assert "allowed read (7 actions)" in folded.partition("+++")[0] and "write (17 actions)" in folded
    assert '"codecommit:GitPush"' in screen.text() and "GitPush: git push" in unfolded


@pytest.mark.parametrize("yes", [["--yes"], ["--dry-run"]])
def test_without_a_person_everything_is_unfolded(office: Office, yes: list[str]) -> None:
    _, _, shown = office.run(*SHARE, "--role-name", "New", "--apply", "--profile", "admin-a", *yes)
    assert shown.index(" repositories ") < shown.index(" conditions ") < shown.index("+++")
    assert '"codecommit:GitPush"' in shown


def test_conditions_that_no_flag_names_are_in_the_review_and_at_the_end(office: Office) -> None:
    narrow(office, trust(ROOT, **ID, **SOURCE))
    _, _, shown = office.run(*WORDS, "--yes")
    assert "conditions external ID acme-7f3b, IpAddress aws:sourceip 192.0.2.0/24" in " ".join(shown.split())
    assert shown.count("192.0.2.0/24") >= 2


def test_the_next_command_is_there_for_each_person_and_account_b_claims_no_conditions(office: Office) -> None:
    words = [*SHARE, "--role-name", "New", "--apply", "--yes"]
    _, shown = office.plain(*words, "--profile", "admin-a")
    assert f"ccsetup share {REPO}" in shown and f"ccsetup setup role --role-arn arn:aws:iam::{A}:role/New" in shown
    _, shown = office.plain(*words, "--profile", "admin-b")
    assert shown.count(f"conditions those of the role in account {A}") == 1
    assert "conditions none" not in " ".join(shown.split()) and B in shown
