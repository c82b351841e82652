"""No wait without a second way: a code instead of the browser, at any moment; and what ends a wait."""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_signin import START, Desk, desk, get, nobodys_settings, refusal

from ccsetup.aws.sso.browser import why_none
from ccsetup.aws.sso.oauth import in_words

__all__ = ["desk", "nobodys_settings"]  # fixtures


class Keys:
    """A keyboard on which somebody presses c after some looks at it."""

    def __init__(self, after: int) -> None:
        self.after, self.looks, self.watched = after, 0, False

    @contextmanager
    def watch(self) -> Iterator[Callable[[], str]]:
        self.watched = True
        try:
            yield self.pressed
        finally:
            self.watched = False

    def pressed(self) -> str:
        self.looks += 1
        return {self.after - 1: "\r", self.after: "c"}.get(self.looks, "")


def test_pressing_c_gives_a_code_instead_of_the_browser(desk: Desk) -> None:
    keys = Keys(after=2)
    signin = desk.signin(open_browser=lambda url: True, watch=keys.watch)
    began = time.monotonic()
    assert signin.token(START)
    assert time.monotonic() - began < 5
    assert desk.notes == ["Press c to sign in with a code instead.", "Signing in with a code because you pressed c."]
    (_, browser), (text, _) = desk.shown
    assert "/authorize?" in browser and "confirm the code" in text
    assert not keys.watched


def test_any_other_key_changes_nothing(desk: Desk) -> None:
    keys = Keys(after=10**6)
    assert desk.signin(watch=keys.watch).token(START)
    assert len(desk.shown) == 1 and not keys.watched


def test_without_a_keyboard_the_flag_is_told_at_once(desk: Desk) -> None:
    assert desk.signin().token(START)
    assert desk.notes == ["To sign in with a code instead, stop this with Ctrl-C and add --device-code."]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env", "no_browser", "said"),
    [
        ({"BROWSER": "firefox --new-tab %s"}, False, "Opening this page in firefox. Sign in there:"),
        ({"BROWSER": "not-there"}, False, "Opening this page in your browser. Sign in there:"),
        ({"DISPLAY": ":0"}, False, "Opening this page in your browser. Sign in there:"),
        ({"BROWSER": "x"}, True, "Open this page in a browser on this computer and sign in:"),
    ],
)
def test_what_is_opened_and_where_is_said_before_it_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, env: dict[str, str], no_browser: bool, said: str
) -> None:
    (tmp_path / "firefox").write_text("")
    (tmp_path / "firefox").chmod(0o755)
    env = {**env, "PATH": str(tmp_path)}
    monkeypatch.setattr("ccsetup.aws.sso.browser.why_none", lambda env: "")
    signin = desk.signin(env=env, no_browser=no_browser, patience_s=2 if no_browser else 600)
    if no_browser:
        refusal(lambda: signin.token(START))
    else:
        assert signin.token(START)
    assert desk.shown[0][0] == said


@pytest.mark.parametrize(
    ("error", "what"),
    [
        ("access_denied", "The sign-in was denied in the browser."),
        ("server_error", "IAM Identity Center rejected the sign-in (server_error)."),
        ("invalid_request", "IAM Identity Center rejected the sign-in (invalid_request)."),
        ("<b>\x1b[31m", "IAM Identity Center rejected the sign-in."),
    ],
)
def test_a_callback_with_an_error_ends_the_wait_and_is_named(desk: Desk, error: str, what: str) -> None:
    def browse(url: str) -> bool:
        query = {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}
        get(f"{query['redirect_uri']}?{urllib.parse.urlencode({'error': error, 'state': query['state']})}")
        return True

    began = time.monotonic()
    problem = refusal(lambda: desk.signin(open_browser=browse).token(START))
    assert time.monotonic() - began < 5
    assert (problem.code, problem.what) == ("sso.signed-out", what)


def test_a_grant_that_is_not_accepted_is_not_an_unknown_start_url(desk: Desk) -> None:
    desk.sandbox.state.refuse("CreateToken", "InvalidGrantException")
    problem = refusal(lambda: desk.signin().token(START))
    assert problem.code == "sso.signed-out"
    assert problem.what == "IAM Identity Center didn't accept the sign-in: it was used already, or has expired."
    assert "us-east-1" in problem.why
    assert "recognize" not in in_words(START, "InvalidGrantException").what


REMOTE = "this is a remote VS Code window"
HELPER = "/home/m/.vscode-server/cli/servers/x/server/bin/helpers/browser.sh"


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"CODESPACES": "true", "BROWSER": HELPER}, "this is a GitHub codespace"),
        ({"CODESPACES": "true", "VSCODE_IPC_HOOK_CLI": "/tmp/v.sock", "BROWSER": HELPER}, "this is a GitHub codespace"),
        ({"VSCODE_IPC_HOOK_CLI": "/tmp/v.sock", "SSH_CONNECTION": "1 2", "BROWSER": HELPER}, REMOTE),
        ({"REMOTE_CONTAINERS": "true", "BROWSER": HELPER}, REMOTE),
        ({"GITPOD_WORKSPACE_ID": "x", "BROWSER": "/ide/bin/helpers/browser.sh"}, "this is a Gitpod workspace"),
        ({"TERM_PROGRAM": "vscode", "DISPLAY": ":0"}, ""),  # VS Code on this computer
        ({"SSH_CONNECTION": "1 2", "BROWSER": "w3m"}, ""),  # the user chose a browser
    ],
)  # fmt: skip
def test_a_code_is_chosen_where_the_browser_is_on_another_computer(env: dict[str, str], why: str) -> None:
    assert why_none(env, "linux", lambda path: False, lambda name: "") == why


def test_where_a_code_is_chosen_its_page_is_opened_if_there_is_a_way(desk: Desk) -> None:
    signin = desk.signin(env={"CODESPACES": "true", "BROWSER": HELPER})
    assert signin.token(START)
    assert desk.notes == ["Signing in with a code because this is a GitHub codespace."]
    assert desk.opened == [desk.shown[0][1]]
