"""`ccsetup demo`, played by the program without a terminal, and by a person with one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import CleanEnv, and_more
from often import some
from paths import ROOT
from terminal import CTRL_C, DOWN, ENTER, Terminal, program

from ccsetup import access
from ccsetup.core.installation import how_to_add
from ccsetup.sandbox.demo import KINDS

LONGEST_S = 60.0


@pytest.fixture
def env(clean_env: CleanEnv, tmp_path: Path) -> dict[str, str]:
    """An environment with a temporary folder of its own, and no browser."""
    place = tmp_path / "tmp"
    place.mkdir()
    return clean_env(tmp_path / "home", path=[Path(sys.executable).parent], TMPDIR=str(place), SSH_CONNECTION="1")


@pytest.fixture
def untouched(env: dict[str, str]) -> Iterator[None]:
    """Fail if the demo leaves anything in the temporary folder or at home."""
    yield
    assert list(Path(env["TMPDIR"]).rglob("*")) == []
    assert list(Path(env["HOME"]).iterdir()) == []


def person(env: dict[str, str], *words: str, columns: int = 80, rows: int = 24) -> Terminal:
    return Terminal([program(), "demo", *words], env, Path(env["HOME"]).parent, columns, rows)


def on_screen(terminal: Terminal) -> str:
    """Return what hasn't scrolled away."""
    return "\n".join(line.rstrip() for line in terminal.screen.display)


def press_only_enter(terminal: Terminal) -> int:
    """Press Enter at every question and wherever the demo says so; type only the code of the MFA device."""
    end, quiet = time.monotonic() + LONGEST_S, time.monotonic()
    while time.monotonic() < end:
        before = len(terminal.raw)
        if not terminal.read(0.1):
            return terminal.exit_code()
        if len(terminal.raw) != before:
            quiet = time.monotonic()
        asks = not termios.tcgetattr(terminal.child.child_fd)[3] & termios.ICANON and terminal.screen.cursor.x > 0
        shown = on_screen(terminal)
        if time.monotonic() - quiet > 0.5 and (asks or "press Enter to approve" in shown.splitlines()[-2:][0]):
            code = shown.split("Your MFA device shows ")[1][:6] if "Your MFA device shows " in shown else ""
            terminal.press(code, ENTER)
            quiet = time.monotonic()
        elif "press Enter to approve" in shown and "signed in" not in shown and time.monotonic() - quiet < 0.1:
            terminal.press(ENTER)
    raise AssertionError(f"still running\n{terminal.text()}")


def test_every_kind_of_access_has_a_visitor() -> None:
    assert list(KINDS) == [kind.name for kind in access.KINDS]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_demo_clones_and_pushes_and_leaves_nothing(kind: str, env: dict[str, str], untouched: None) -> None:
    command = [program(), "demo", "--kind", kind]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = ("? What were you given?", "✓ identity", "✓ cloned", "✓ pushed", "Nothing was left on this computer")
    assert [text for text in told if text not in done.stderr] == []
    assert "✓ wrote" in done.stderr or kind == "existing"


@pytest.mark.slow
@pytest.mark.parametrize("kind", and_more({kind: kind for kind in KINDS}, "sso", "role"))
def test_enter_alone_takes_a_visitor_to_a_clone(kind: str, env: dict[str, str], untouched: None) -> None:
    terminal = person(env)
    terminal.ask("Which kind of access?")
    terminal.press(*[DOWN] * KINDS.index(kind))
    assert press_only_enter(terminal) == 0, terminal.text()
    assert "✓ pushed" in terminal.text()


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "rows"), [(100, 30), (80, 24), (50, 20)])
def test_the_list_of_visitors_and_each_message_fit_on_the_screen(
    columns: int, rows: int, env: dict[str, str], untouched: None
) -> None:
    for kind in some(KINDS, 5):
        terminal = person(env, columns=columns, rows=rows)
        terminal.ask("Which kind of access?")
        shown = on_screen(terminal)
        assert all(it.label.split("(")[0] in shown for it in access.KINDS), shown
        terminal.press(*[DOWN] * KINDS.index(kind), ENTER)
        terminal.ask("What were you given?")
        terminal.read(0.3)
        shown = on_screen(terminal)
        assert "A message for Maria" in shown, shown
        assert "Something else" in shown, shown
        terminal.press(CTRL_C)
        assert terminal.exit_code() == 130


@pytest.mark.slow
def test_no_key_of_a_message_is_shown(env: dict[str, str], untouched: None) -> None:
    terminal = person(env, "--kind", "keys")
    terminal.ask("What were you given?")
    assert "••••••••" in on_screen(terminal)
    assert b"IQoJ" not in terminal.raw
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130


@pytest.mark.long
@pytest.mark.slow
def test_a_person_can_choose_and_answer_otherwise(env: dict[str, str], untouched: None) -> None:
    terminal = person(env, "--kind", "mfa")
    terminal.answer("What were you given?", DOWN)
    terminal.wait("A role in another account")
    terminal.answer("What were you given?", "Single")
    terminal.answer("Start URL", "https://acme.awsapps.com/start")
    terminal.ask("Region of IAM Identity Center")
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130


@pytest.mark.long
@pytest.mark.slow
def test_the_demo_keeps_its_folder_when_asked(env: dict[str, str]) -> None:
    command = [program(), "demo", "--kind", "keys", "--keep", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["ok"]
    [kept] = Path(env["TMPDIR"]).iterdir()
    assert str(kept) in done.stderr
    assert (kept / "work" / "MySharedDemoRepo" / "hello.txt").is_file()


@pytest.mark.parametrize(
    ("extra", "made", "command"),
    [
        ("demo", "pipx/venvs/ccsetup/pipx_metadata.json", "pipx inject ccsetup trustme"),
        ("demo", "uv/tools/ccsetup/uv-receipt.toml", "uv tool install --with trustme ccsetup"),
        ("demo", "cache/uv/archive-v0/0a1b2c/pyvenv.cfg", "uvx --with trustme ccsetup demo"),
        ("demo", "venv/pyvenv.cfg", "{python} -m pip install 'ccsetup[demo]'"),
        ("login", "pipx/venvs/ccsetup/pipx_metadata.json", "pipx inject ccsetup 'botocore[crt]'"),
        ("login", "uv/tools/ccsetup/uv-receipt.toml", "uv tool install --with 'botocore[crt]' ccsetup"),
        ("login", "cache/uv/archive-v0/0a1b2c/pyvenv.cfg", "uvx --with 'botocore[crt]' ccsetup"),
        ("login", "venv/pyvenv.cfg", "{python} -m pip install 'ccsetup[login]'"),
    ],
)
def test_a_missing_package_is_added_the_way_that_ccsetup_was_installed(
    extra: str, made: str, command: str, tmp_path: Path
) -> None:
    place = tmp_path / made
    place.parent.mkdir(parents=True)
    place.touch()
    python = place.parent / "bin" / "python"
    assert how_to_add(extra, str(place.parent), str(python)) == command.format(python=python)


def test_what_the_hints_add_is_what_the_extra_requires() -> None:
    extras = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'demo = ["trustme>=' in extras
    assert 'login = ["botocore[crt]>=' in extras


def test_without_its_package_the_demo_names_that_command(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "trustme.py").write_text("raise ImportError('absent')\n")
    there = {**env, "PYTHONPATH": os.pathsep.join([str(tmp_path), env.get("PYTHONPATH", "")])}
    done = subprocess.run([program(), "demo"], env=there, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "trustme" in done.stderr or "ccsetup[demo]" in done.stderr
