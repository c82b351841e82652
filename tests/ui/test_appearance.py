"""What the environment says about colors and about plain questions, in the order in which it counts."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CleanEnv
from terminal import CTRL_C, Terminal, program

from ccsetup.core.errors import Problem
from ccsetup.ui import appearance
from ccsetup.ui.screen import Screen

posix = pytest.mark.skipif(os.name == "nt", reason="the console of Windows has a rule of its own")

COLORS = [  # the environment; whether colors are used on a terminal, and elsewhere
    ({}, True, False),
    ({"TERM": "dumb"}, False, False),
    ({"TERM": "unknown"}, False, False),
    ({"NO_COLOR": "1"}, False, False),
    ({"NO_COLOR": "0"}, False, False),  # any text counts, as no-color.org has it
    ({"NO_COLOR": ""}, True, False),
    ({"FORCE_COLOR": "1"}, True, True),
    ({"FORCE_COLOR": "3"}, True, True),
    ({"FORCE_COLOR": "true"}, True, True),
    ({"FORCE_COLOR": ""}, True, False),
    ({"FORCE_COLOR": "0"}, False, False),
    ({"FORCE_COLOR": "false"}, False, False),
    ({"CLICOLOR_FORCE": "1"}, True, True),
    ({"CLICOLOR_FORCE": "0"}, True, False),
    ({"CLICOLOR_FORCE": ""}, True, False),
    ({"CLICOLOR": "0"}, False, False),
    ({"CLICOLOR": "1"}, True, False),
    ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True, True),
    ({"FORCE_COLOR": "0", "CLICOLOR_FORCE": "1"}, False, False),
    ({"NO_COLOR": "1", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}, False, False),
    ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
    ({"ACCESSIBLE": "1"}, False, False),
    ({"ACCESSIBLE": "1", "FORCE_COLOR": "1"}, True, True),
]


@posix
@pytest.mark.parametrize(("env", "terminal", "elsewhere"), COLORS, ids=str)
def test_colors_follow_the_variables_in_their_order(env: dict[str, str], terminal: bool, elsewhere: bool) -> None:
    env = {"TERM": "xterm-256color", **env}
    assert (appearance.has_colors(env, True), appearance.has_colors(env, False)) == (terminal, elsewhere)


@pytest.mark.parametrize(
    ("env", "plain"),
    [
        ({}, False), ({"TERM": "xterm"}, False), ({"TERM": "dumb"}, True), ({"TERM": "DUMB"}, True),
        ({"ACCESSIBLE": "1"}, True), ({"ACCESSIBLE": "yes"}, True), ({"ACCESSIBLE": "0"}, False), ({"ACCESSIBLE": ""}, False),
    ],
)  # fmt: skip
def test_questions_are_plain_where_a_terminal_or_a_person_needs_it(env: dict[str, str], plain: bool) -> None:
    assert appearance.is_plain(env) is plain


@pytest.mark.parametrize("name", ["FORCE_COLOR", "CLICOLOR_FORCE"])
def test_forced_colors_go_into_a_pipe_and_never_into_json(name: str) -> None:
    err, out = io.StringIO(), io.StringIO()
    screen = Screen({name: "1"}, stderr=err, stdout=out)
    screen.problem(Problem("It failed."))
    screen.painted([[("red", "bad")]])
    assert "\x1b[31m✗\x1b[0m" in err.getvalue() and out.getvalue() == "\x1b[31mbad\x1b[0m\n"
    out = io.StringIO()
    screen = Screen({name: "1"}, json=True, stderr=err, stdout=out)
    screen.painted([[("red", "bad")]])
    screen.document({"ok": True})
    assert "\x1b" not in out.getvalue()


def test_output_that_others_read_has_no_color(clean_env: CleanEnv, tmp_path: Path) -> None:
    env = clean_env(tmp_path / "home", FORCE_COLOR="1")
    (tmp_path / "home" / ".aws").mkdir()
    (tmp_path / "home" / ".aws" / "config").write_text("[profile dev]\nregion = us-east-2\n")
    for words in (
        ["status"],
        ["status", "--json"],
        ["doctor", "--offline", "--json"],
        ["completion", "bash"],
        ["--help"],
    ):
        done = subprocess.run([program(), *words], env=env, cwd=tmp_path, capture_output=True, check=False)
        assert done.stdout and b"\x1b" not in done.stdout.replace(b"\\x1b", b""), words
    done = subprocess.run([program(), "doctor", "--offline"], env=env, cwd=tmp_path, capture_output=True, check=False)
    assert b"\x1b[1m" in done.stdout


@pytest.mark.parametrize(
    ("words", "variables"),
    [((), {"TERM": "dumb"}), ((), {"ACCESSIBLE": "1"}), (("--accessible",), {}), (("setup", "--accessible"), {})],
    ids=["TERM", "ACCESSIBLE", "a flag", "a flag behind"],
)
def test_plain_questions_are_numbered_and_move_no_cursor(
    words: tuple[str, ...], variables: dict[str, str], clean_env: CleanEnv, tmp_path: Path
) -> None:
    env = clean_env(tmp_path / "home", path=[Path(sys.executable).parent], **variables)
    terminal = Terminal([program(), *words], env, tmp_path)
    terminal.wait("What were you given?", "1)", "Single sign-on", "(number or text, ?: help)")
    terminal.press("3\r")
    terminal.wait("? Role ARN")
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130
    assert b"\x1b" not in terminal.raw
