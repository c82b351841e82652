"""Signing in from a terminal: a code at the press of a key, refusals that end the wait, and a sign-in that is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import CTRL_C, Terminal, program
from test_start_url import Visitor, visitor, visitor_in, words

__all__ = ["visitor", "visitor_in"]  # fixtures

pytestmark = pytest.mark.slow


def cached(visitor: Visitor) -> list[Path]:
    return [path for path in visitor.home.glob(".aws/sso/cache/*.json") if "accessToken" in path.read_text()]


@pytest.fixture
def started(visitor: Visitor) -> Callable[..., Terminal]:
    def start(*more: str, **env: str) -> Terminal:
        return Terminal([program(), *more], {**visitor.env, **env}, visitor.work)

    return start


@pytest.mark.long
def test_c_gives_a_code_while_the_browser_is_waited_for(visitor: Visitor, started: Callable[..., Terminal]) -> None:
    terminal = started("setup", *words(visitor), "--yes", BROWSER="true %s")
    try:
        terminal.wait(
            "Opening this page in true. Sign in there:", "Press c to sign in with a code instead.", seconds=60
        )
        terminal.press("x", "c")
        terminal.wait("Signing in with a code because you pressed c.", "confirm the code", "cloned", seconds=60)
        assert terminal.exit_code() == 0
    finally:
        terminal.close()
    visitor.git("pull")


def test_ctrl_c_still_ends_the_wait_and_the_terminal_is_as_before(
    visitor: Visitor, started: Callable[..., Terminal]
) -> None:
    terminal = started("setup", *words(visitor), "--yes", BROWSER="true %s")
    try:
        terminal.wait("Press c to sign in with a code instead.", seconds=60)
        terminal.press(CTRL_C)
        assert terminal.exit_code() == 130
    finally:
        terminal.close()
    assert cached(visitor) == []


def test_a_sign_in_that_is_denied_ends_the_wait(
    visitor: Visitor, started: Callable[..., Terminal], tmp_path: Path
) -> None:
    visitor.sandbox.state.center.auto_approve = False
    terminal = started("setup", *words(visitor), "--yes", "--device-code")
    try:
        terminal.wait("confirm the code", seconds=60)
        visitor.sandbox.state.center.deny(next(iter(visitor.sandbox.state.center.sign_ins.values())).user_code)
        terminal.wait("The sign-in was denied in the browser.")
        assert terminal.exit_code() == 1
    finally:
        terminal.close()
    assert not (visitor.home / ".aws" / "config").exists()


@pytest.mark.long
def test_without_a_terminal_the_second_way_is_told_at_once(visitor: Visitor) -> None:
    done = visitor.setup(*words(visitor))
    assert "To sign in with a code instead, stop this with Ctrl-C and add --device-code." in done.shown


@pytest.mark.long
def test_a_codespace_uses_a_code_by_itself(visitor: Visitor) -> None:
    done = visitor.setup(*words(visitor), CODESPACES="true", BROWSER="true")
    assert done.code == 0
    assert "Signing in with a code because this is a GitHub codespace." in done.shown


@pytest.mark.long
def test_a_sign_in_is_kept_if_a_later_check_fails(visitor: Visitor) -> None:
    wrong = [*words(visitor)[:-1], "NoSuchRepo"]
    done = visitor.setup(*wrong)
    assert (done.code, done.problem["code"]) == (1, "access.repository")
    assert not (visitor.home / ".aws" / "config").exists()
    assert len(cached(visitor)) == 1
    again = visitor.setup(*words(visitor))
    assert again.code == 0 and "Opening this page" not in again.shown


def test_a_missing_answer_signs_nobody_in_and_a_failed_check_keeps_the_sign_in(visitor: Visitor) -> None:
    visitor.sandbox.state.center.assignments.clear()
    terminal = Terminal([program(), "setup", *words(visitor)[:3], "--no-input"], visitor.env, visitor.work)
    try:
        terminal.wait("Missing: --sso-account-id", seconds=60)
    finally:
        terminal.close()
    assert cached(visitor) == []  # nobody signed in for that
    flags = [*words(visitor)[:7], "--region", "eu-north-7", "--profile", "dev", "--repo", "NoSuchRepo"]
    done = visitor.setup(*flags)
    assert done.code == 1 and len(cached(visitor)) == 1


@pytest.mark.long
def test_canceling_at_a_question_writes_nothing(visitor: Visitor, started: Callable[..., Terminal]) -> None:
    terminal = started()
    try:
        terminal.answer("What were you given?", visitor.places.start_url)
        terminal.ask("Which account?")
        terminal.press(CTRL_C)
        terminal.wait("Canceled. Nothing was written.")
        assert terminal.exit_code() == 130
    finally:
        terminal.close()
    assert cached(visitor) == []


@pytest.mark.long
def test_a_dry_run_saves_nothing(visitor: Visitor, started: Callable[..., Terminal]) -> None:
    terminal = started("setup", "sso", "--sso-start-url", visitor.places.start_url, "--dry-run")
    try:
        terminal.ask("Which account?")
        terminal.press(CTRL_C)
        terminal.wait("Canceled. Nothing was written.")
    finally:
        terminal.close()
    assert list(visitor.home.rglob("*.json")) == []


@pytest.mark.long
def test_a_renewed_sign_in_is_kept_if_the_role_is_refused(visitor: Visitor) -> None:
    assert visitor.setup(*words(visitor)).code == 0
    (token,) = cached(visitor)
    before = token.read_text()
    visitor.sandbox.state.center.end_sessions()
    visitor.sandbox.state.center.assignments.clear()
    done = visitor.run("login", "dev", "--json")
    assert (done.code, done.said["profiles"][0]["problem"]["code"] if "profiles" in done.said else "access.assume") == (
        1,
        "access.assume",
    )
    assert token.read_text() != before
