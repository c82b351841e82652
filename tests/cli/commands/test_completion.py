"""Completion: what each shell offers where, read from the commands' own parsers; a profile's name never acts."""

from __future__ import annotations

import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import CleanEnv
from paths import ROOT
from terminal import Terminal

from ccsetup.access import KINDS
from ccsetup.cli import parser
from ccsetup.cli.commands import completion
from ccsetup.cli.main import run

pytestmark = pytest.mark.slow

Offers = Callable[..., list[str]]

ODD = "$(touch acted)"  # a profile's name is text from outside

BASH = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _ccsetup; printf '%s\\n' "${COMPREPLY[@]}" """

# How each shell starts without anybody's settings, and how it loads the script: as README.md says.
STARTS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
    "tcsh": ["tcsh", "-f"],
}
POWERSHELL = """ccsetup completion powershell | Out-String | Invoke-Expression; $line = $Env:LINE; \
[System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches | \
ForEach-Object { $_.ListItemText }""".replace("\\\n", "")
LOADS = {
    "bash": ['eval "$(ccsetup completion bash)"'],
    "zsh": ["autoload -U compinit; compinit -u -D", 'eval "$(ccsetup completion zsh)"'],
    "fish": ["ccsetup completion fish | source"],
    "tcsh": ["ccsetup completion tcsh > ~/.ccsetup.tcsh", "source ~/.ccsetup.tcsh"],
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    for shell in completion.SHELLS:
        (folder / shell).write_text(completion.script(shell))
    return folder


@pytest.fixture(params=completion.SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    if not shutil.which("pwsh" if request.param == "powershell" else request.param):
        pytest.skip(f"there is no {request.param} here")
    return str(request.param)


@pytest.fixture
def env(clean_env: CleanEnv, tmp_path: Path) -> dict[str, str]:
    """An environment in which `ccsetup` is this one, with a home of its own and a folder to work in."""
    (tmp_path / "work" / "folder").mkdir(parents=True)
    (tmp_path / "work" / "file").touch()
    (tmp_path / "home" / ".aws").mkdir(parents=True)
    return clean_env(tmp_path / "home", path=[Path(sys.executable).parent])


@pytest.fixture
def offers(shell: str, scripts: Path, env: dict[str, str], tmp_path: Path) -> Iterator[Offers]:
    """Say what a shell offers for the last of these words."""
    work = tmp_path / "work"
    (tmp_path / "home" / ".aws" / "config").write_text(
        f"[default]\n[profile acme-dev]\nregion=x\n[profile {ODD}]\n[sso-session s]\n"
    )
    (tmp_path / "home" / ".aws" / "credentials").write_text("[acme-keys]\n[acme-dev]\n")
    plain = {"zsh": "dumb", "tcsh": "vt100"}  # the terminal on which a list is written in plain lines
    terminal = opened(shell, {**env, "TERM": plain[shell]}, work) if shell in plain else None

    def asked(*words: str) -> list[str]:
        if terminal:
            return listed(terminal, words)
        command = ["bash", "-c", BASH, "bash", str(scripts / "bash"), "ccsetup", *words]
        if shell == "fish":
            fish = f"source {scripts / 'fish'}; complete -C 'ccsetup {' '.join(words)}'"
            command = ["fish", "--no-config", "-c", fish]
        if shell == "powershell":
            command = ["pwsh", "-NoProfile", "-NonInteractive", "-Command", POWERSHELL]
        line = " ".join(["ccsetup", *words])
        done = subprocess.run(command, env={**env, "LINE": line}, cwd=work, capture_output=True, text=True, check=False)
        assert not done.stderr, done.stderr
        found = [line.partition("\t")[0] for line in done.stdout.splitlines() if line]
        return [word for word in found if word.startswith(words[-1].rpartition("=")[2])]

    yield asked
    assert not (work / "acted").exists()
    if terminal:
        terminal.close()


def listed(terminal: Terminal, words: tuple[str, ...]) -> list[str]:
    """Ask by Ctrl-D, which lists even what is the only one, and replace the line by a command that marks the end."""
    shown = typed(terminal, f"ccsetup {' '.join(words)}\x04\x15echo en''ded\r", "ended")
    lines = shown.partition("echo en''ded")[0].splitlines()
    return [word for line in lines if "ccsetup" not in line for word in line.partition(" -- ")[0].split()]


def opened(shell: str, env: dict[str, str], work: Path) -> Terminal:
    """Start a shell and load its script."""
    terminal = Terminal(STARTS[shell], env, work, columns=200, rows=60)
    for line in LOADS[shell]:
        typed(terminal, f"{line}; echo rea''dy\r", "ready")
    return terminal


def typed(terminal: Terminal, keys: str, shows: str) -> str:
    """Press keys at the prompt and return what is written from then on, once `shows` is in it."""
    until = time.monotonic() + 30
    while termios.tcgetattr(terminal.child.child_fd)[3] & termios.ICANON:
        assert terminal.read() and time.monotonic() < until, terminal.text()
    before = len(terminal.raw)
    terminal.press(keys)
    while shows.encode() not in terminal.raw[before:]:
        assert terminal.read() and time.monotonic() < until, terminal.text()
    return terminal.raw[before:].decode()


def test_commands_kinds_and_flags_are_offered(shell: str, offers: Offers) -> None:
    assert {*parser.COMMANDS} <= {*offers("")}
    assert "login" in offers("lo")
    assert {kind.name for kind in KINDS} <= {*offers("setup", "")}
    dashes = "" if shell == "tcsh" else "--"  # tcsh lists flags without them, and every command's at once
    flags = {*offers("login", "--")}
    assert {f"{dashes}{flag}" for flag in ("mfa-code", "all", "yes", "json")} <= flags
    assert "--shell" not in flags
    assert {"bash", "fish", "cmd"} <= {*offers("env", "acme-dev", "--shell", "")}
    assert "us-east-2" in offers("setup", "sso", "--region", "us-")
    assert {*completion.SHELLS} <= {*offers("completion", "")}
    assert {"mfa", "keys"} <= {*offers("demo", "--kind", "")}
    assert "json" in offers("setup", "--output", "js")


def test_profiles_are_offered_where_one_is_wanted_and_nowhere_else(offers: Offers) -> None:
    assert {"acme-dev", "acme-keys", "default"} <= {*offers("login", "")}
    assert {"acme-dev", "acme-keys"} <= {*offers("env", "ac")}
    assert {"acme-dev", "acme-keys"} <= {*offers("setup", "role", "--source-profile", "ac")}
    assert "acme-dev" in offers("setup", "role", "--yes", "--profile", "")
    assert "acme-dev" not in offers("login", "acme-dev", "")
    assert "acme-dev" not in offers("setup", "sso", "--sso-role-name", "")


def test_a_name_that_a_shell_would_run_is_offered_as_a_text(offers: Offers) -> None:
    assert any("touch" in name for name in offers("login", ""))


HOSTILE = (
    ODD, "`touch acted`", "x;touch acted", "a|touch acted&", "it's \"acted", "my acted", "!!acted", "*acted", "~/acted",
    "${HOME}acted", "{a,b}acted", "#acted", "-acted", "a\\acted", "grün-acted",
)  # fmt: skip


@pytest.mark.parametrize("before", ["login ", "setup --profile="])
def test_a_name_that_is_completed_reaches_the_program_as_it_is(
    before: str, shell: str, env: dict[str, str], tmp_path: Path
) -> None:
    if shell == "powershell":
        pytest.skip("tests/cli/test_word_completion.py shows it")
    work, said = tmp_path / "work", tmp_path / "said"
    program, real = tmp_path / "bin" / "ccsetup", Path(sys.executable).with_name("ccsetup")
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\n[ "$1" = completion ] && exec "{real}" "$@"\nprintf "%s\\n" "$@" >"{said}"; echo "to"ld\n'
    )
    program.chmod(0o755)
    path = f"{program.parent}:{env['PATH']}"
    terminal = opened(shell, {**env, "PATH": path, "TERM": "xterm", "LC_ALL": "C.UTF-8"}, work)
    for name in ("acted", *HOSTILE):
        (tmp_path / "home" / ".aws" / "credentials").write_text(f"[{name}]\n", encoding="utf-8")
        if name == "acted" or (shell != "tcsh" and (shell, name) != ("fish", "~/acted")):
            typed(terminal, f"ccsetup {before}\t", "acted")
            typed(terminal, " --jso\t\r", "told")  # a second Tab, with the name on the line
            *reached, flag = said.read_text(encoding="utf-8").splitlines()
            assert reached == f"{before}{name}".split(" ", 1)
            assert flag == "--json" or (shell, flag) == ("bash", "--jso")  # bash asks no script after \` or \|
        else:  # tcsh splits names at blanks and expands *, ~ and {}, fish expands ~; nothing runs all the same
            typed(terminal, f"ccsetup {before}\t --jso\t\recho en''ded\r", "ended")
        assert not (work / "acted").exists(), name
    terminal.close()


@pytest.mark.skipif(not shutil.which("zsh"), reason="there is no zsh here")
def test_zsh_may_load_the_script_with_source_too(env: dict[str, str], tmp_path: Path) -> None:
    terminal = Terminal(STARTS["zsh"], {**env, "TERM": "xterm"}, tmp_path / "work", columns=200)
    typed(terminal, "autoload -U compinit; compinit -u -D; source <(ccsetup completion zsh); echo rea''dy\r", "ready")
    assert "completion function" not in terminal.text()
    terminal.press("ccsetup logi\t")
    terminal.wait("ccsetup login")
    terminal.close()


def test_folders_are_offered_where_a_clone_goes(offers: Offers) -> None:
    found = offers("setup", "sso", "--directory", "")
    assert {"folder", "folder/"} & {*found}
    assert "file" not in found


def test_every_flag_of_every_command_is_in_the_script(scripts: Path) -> None:
    text = (scripts / "bash").read_text()
    for name in parser.COMMANDS:
        for action in parser.parser_of(name)._actions:
            for flag in action.option_strings:
                assert flag.startswith("-") and (flag in text or len(flag) == 2), (name, flag)


def test_names_come_from_both_files_without_the_parser_of_arguments(
    clean_env: CleanEnv, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        '# x\n[default]\n[profile "my dev"]\n  [indented]\n[services s]\n[profile b]\n[profile b\tb]\n[profile b\x1b]'
    )
    (tmp_path / ".aws" / "credentials").write_bytes(b"[keys]\r\nx = \xff\r\n[b]\r\n")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(["completion", "--profiles"]) == 0
    assert capsys.readouterr().out.splitlines() == ["default", "my dev", "b", "keys"]
    code = "import sys, ccsetup.cli.main as c; c.run(['completion', '--profiles']); print(*sys.modules)"
    env = clean_env(tmp_path, PYTHONPATH=str(ROOT))
    loaded = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert not {"argparse", "typing", "dataclasses", "json", "pathlib"} & {*loaded.split()} - _loaded_by_the_site(env)


def _loaded_by_the_site(env: dict[str, str]) -> set[str]:
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], env=env, capture_output=True, text=True
    )
    return {*bare.stdout.split()}
