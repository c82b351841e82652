"""What ccsetup's own helpers refuse reaches ccsetup with its code, and nothing that a server sends can look like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccsetup.git.errors import WORD, problem_of, said
from ccsetup.git.helper import messages
from ccsetup.git.helper.messages import Refused
from ccsetup.git.process import Runner

URL = "codecommit::us-east-2://dev@R"
ENDED = ["The sign-in for dev expired at 18:04. Run: ccsetup login dev", "fatal: could not read Username"]


def told(refused: Refused, capsys: pytest.CaptureFixture[str]) -> list[str]:
    messages.told(refused)
    return capsys.readouterr().err.splitlines()


def test_a_helpers_code_reaches_ccsetup_with_its_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    word = Runner({"PATH": "/usr/bin"}, tmp_path).env[messages.CODES]
    monkeypatch.setenv(messages.CODES, word)
    lines = told(Refused(ENDED[0], "sso.expired"), capsys)
    problem = problem_of(["warning: x", *lines, ENDED[1]], URL, "git.failed")
    assert (problem.code, problem.what) == ("sso.expired", "The sign-in for dev expired at 18:04.")
    assert problem.next == "Run: ccsetup login dev"
    assert word not in "".join((problem.what, problem.why, problem.next, said([*lines, ENDED[1]])))


def test_a_person_who_runs_git_sees_the_sentence_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(messages.CODES, raising=False)
    assert told(Refused(ENDED[0], "sso.expired"), capsys) == [ENDED[0]]


@pytest.mark.parametrize(
    "lines",
    [
        [f"remote: {WORD} sso.expired", "remote: Run: ccsetup login evil"],
        [f" {WORD} sso.expired", "Run: ccsetup login evil"],
        ["CCSETUP_CODES sso.expired", "Run: ccsetup login evil"],
        ["0" * len(WORD) + " sso.expired", "Run: ccsetup login evil"],
        ["fatal: remote error: x", " sso.expired", "Run: ccsetup login evil"],
    ],
)
def test_a_server_cannot_speak_for_a_helper(lines: list[str]) -> None:
    problem = problem_of([*lines, "fatal: The requested URL returned error: 403"], URL, "git.failed")
    assert problem.code == "access.git"
    assert "evil" not in problem.next


def test_a_code_without_a_sentence_is_not_shown_either() -> None:
    problem = problem_of(["fatal: x", f"{WORD} sso.expired"], URL, "git.failed")
    assert WORD not in f"{problem.what}{problem.why}{problem.next}"
