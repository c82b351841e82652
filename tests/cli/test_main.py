"""The command line as a whole process: every way it can end is an exit code and a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CleanEnv
from terminal import CTRL_C, Terminal, program

import ccsetup
from ccsetup.cli.main import run as run_here
from ccsetup.cli.parser import COMMANDS, parsed

Ran = subprocess.CompletedProcess[str]


@pytest.fixture
def env(clean_env: CleanEnv, tmp_path: Path) -> dict[str, str]:
    return clean_env(tmp_path / "home", path=[Path(sys.executable).parent])


def run(env: dict[str, str], *words: str, given: str = "") -> Ran:
    return subprocess.run([program(), *words], env=env, input=given, capture_output=True, text=True, check=False)


def test_version_and_help_go_to_stdout(env: dict[str, str]) -> None:
    assert run(env, "--version").stdout == f"ccsetup {ccsetup.__version__}\n"
    shown = run(env, "--help")
    assert (shown.returncode, "ccsetup setup" in shown.stdout, "Example" in shown.stdout) == (0, True, True)
    assert "--sso-start-url" in run(env, "setup", "sso", "--help").stdout


PRINTING = ["--help", "--version", "setup --help", "status --help", "completion bash", "schema", "status --json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("words", PRINTING)
def test_a_full_disk_is_named(env: dict[str, str], words: str) -> None:
    env.pop("PYTHONUNBUFFERED", None)
    with open("/dev/full", "w") as full:
        done = subprocess.run([program(), *words.split()], env=env, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.count("Can't write the output: the disk is full.") == 1
    assert "Exception" not in done.stderr and "Unexpected" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close otherwise there")
@pytest.mark.parametrize("words", PRINTING)
def test_nothing_is_said_to_a_reader_that_has_gone(env: dict[str, str], words: str) -> None:
    env.pop("PYTHONUNBUFFERED", None)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([program(), *words.split()], env=env, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert done.returncode in (0, 1)
    assert not any(word in done.stderr for word in ("Exception", "Error", "Traceback", "✗"))


def test_without_a_terminal_it_says_how_to_go_by_flags(env: dict[str, str]) -> None:
    done = run(env)
    assert done.returncode == 2
    assert "ccsetup setup role --role-arn" in done.stderr and "ccsetup setup --paste - --yes" in done.stderr


WRONG = [
    (["foo"], 'Unknown command "foo"'),
    (["setup", "ssso"], 'Unknown kind of access "ssso"'),
    (["setup", "--bogus"], "--bogus"),
    (["setup", "sso", "--sso-start-url"], "--sso-start-url"),
    (["setup", "keys", "--keys", "AKIAIOSFODNN7EXAMPLE"], "--keys must be - "),
    (["setup", "keys", "--keys", "env"], "AWS_ACCESS_KEY_ID isn't set"),
    (["setup", "keys", "--keys", "-"], "No access key was found"),
    (["setup", "role", "--role-arn", "CodeCommitAccess"], "It should look like arn:aws:iam::111122223333:role/"),
    (["setup", "sso", "--external-id", "x1"], "--external-id"),
    (["setup", "role", "--region", "us-east-9"], "--role-arn"),
    (["demo", "--kind", "x"], "a command like ccsetup demo --kind sso"),
    (["demo", "--kind", "rol"], 'Did you mean "role"?'),
]


@pytest.mark.many
@pytest.mark.parametrize(("words", "says"), WRONG, ids=lambda it: " ".join(it) if isinstance(it, list) else "")
@pytest.mark.parametrize("as_json", [False, True], ids=["plain", "json"])
def test_what_is_used_wrongly_exits_2_with_one_sentence(
    env: dict[str, str], words: list[str], says: str, as_json: bool
) -> None:
    done = run(env, *words, "--no-input", *(["--json"] if as_json else []))
    assert done.returncode == 2, done.stderr
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    if as_json:
        document = json.loads(done.stdout)
        assert (document["ok"], len(document["problems"])) == (False, 1)
        assert document["problems"][0]["code"] in ("input.missing", "input.invalid")
    else:
        assert done.stdout == ""


KEYS = {
    "setup": "edits", "clone": "clone", "login": "expires_at", "status": "profiles", "env": "profile", "undo": "undone",
    "logout": "sign_ins", "remove": "removed", "doctor": "findings", "share": "role_arn", "team": "faults", "completion": "script", "demo": "clone",
    "schema": "ok",
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_used_wrongly_has_the_document_it_always_has(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here([command, "--bogus", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert KEYS[command] in document and not document[KEYS[command]]
    assert (document["ok"], document["problems"][0]["code"]) == (False, "input.invalid")


def test_a_reader_that_goes_away_is_no_traceback(env: dict[str, str]) -> None:
    done = subprocess.run(
        f"{program()} --help | head -c 1", shell=True, env=env, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_a_broken_home_is_a_sentence(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "home" / ".aws").mkdir()
    (tmp_path / "home" / ".aws" / "config").mkdir()
    done = run(env, "setup", "keys", "--no-input", "--yes")
    assert done.returncode == 1
    assert "config" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_at_the_first_question_exits_130_and_loads_no_sdk_before_it(env: dict[str, str], tmp_path: Path) -> None:
    terminal = Terminal([program()], env, tmp_path)
    terminal.ask("What were you given?")
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130
    assert "Nothing was written" in terminal.text()
    assert not (tmp_path / "home" / ".aws").exists()


def test_a_dumb_terminal_gets_plain_numbered_questions(env: dict[str, str], tmp_path: Path) -> None:
    terminal = Terminal([program()], {**env, "TERM": "dumb"}, tmp_path)
    terminal.wait("What were you given?", "1", "Single sign-on")
    terminal.press("3\r")
    terminal.wait("? Role ARN")
    terminal.press("b\r")
    while terminal.flat().count("? What were you given?") < 2:
        assert terminal.read()
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130
    assert b"\x1b" not in terminal.raw


DROPPED = """
import signal, time, weakref
from ccsetup.cli import main as cli

class Thing: ...

cli._end_like_ctrl_c()
thing = Thing()
watch = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
try:
    del thing
    time.sleep(5)
except KeyboardInterrupt:
    print("heard")
"""


def test_ctrl_c_counts_also_where_python_drops_it(env: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", DROPPED], env=env, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("heard\n", "")


def test_a_folder_may_stand_behind_a_flag() -> None:
    for words in (["Repo", "--profile", "dev", "here"], ["--profile", "dev", "Repo", "here"], ["Repo", "here"]):
        options = parsed(["clone", *words])
        assert (options.address, options.directory) == ("Repo", "here")
    assert parsed(["clone", "--yes", "--", "--mirror"]).address == "--mirror"
