"""Completion: what each shell offers where, read from the commands' own parsers; a profile's name never acts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CleanEnv

from ccsetup import arguments
from ccsetup.access import KINDS
from ccsetup.cli import run
from ccsetup.commands import completion
from ccsetup.completing import script

Offers = Callable[..., list[str]]

ODD = "$(touch acted)"  # a profile's name is text from outside

BASH = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _ccsetup; printf '%s\\n' "${COMPREPLY[@]}" """
ZSH = """
compdef() { : }; compset() { : }
compadd() { [[ $1 == -a ]] && print -l -- ${(P)2} || { shift; print -l -- $@ } }
_files() { [[ $1 == -/ ]] && print directories || print files }
source $1; shift; words=("$@"); CURRENT=$#words; _ccsetup
"""


def of_bash(folder: Path, env: dict[str, str], words: list[str]) -> list[str]:
    return ["bash", "-c", BASH, "bash", str(folder / "bash"), *words]


def of_zsh(folder: Path, env: dict[str, str], words: list[str]) -> list[str]:
    return ["zsh", "-f", "-c", ZSH, "zsh", str(folder / "zsh"), *words]


def of_fish(folder: Path, env: dict[str, str], words: list[str]) -> list[str]:
    return ["fish", "--no-config", "-c", f"source {folder / 'fish'}; complete -C '{' '.join(words)}'"]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    for shell in ("bash", "zsh", "fish"):
        (folder / shell).write_text(script(shell, completion.commands()))
    return folder


@pytest.fixture(params=[of_bash, of_zsh, of_fish], ids=["bash", "zsh", "fish"])
def offers(request: pytest.FixtureRequest, scripts: Path, clean_env: CleanEnv, tmp_path: Path) -> Offers:
    """Say what a shell offers for the last of these words."""
    name = request.param.__name__.removeprefix("of_")
    if not shutil.which(name):
        pytest.skip(f"there is no {name} here")
    home, work = tmp_path / "home", tmp_path / "work"
    env = clean_env(home, path=[Path(sys.executable).parent])
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(
        f"[default]\n[profile acme-dev]\nregion=x\n[profile {ODD}]\n[sso-session s]\n"
    )
    (home / ".aws" / "credentials").write_text("[acme-keys]\n[acme-dev]\n")
    (work / "folder").mkdir(parents=True)
    (work / "file").touch()

    def asked(*words: str) -> list[str]:
        command = request.param(scripts, env, ["ccsetup", *words])
        done = subprocess.run(command, env=env, cwd=work, capture_output=True, text=True, check=False)
        assert not done.stderr, done.stderr
        assert not (work / "acted").exists()
        found = [line.partition("\t")[0] for line in done.stdout.splitlines() if line]
        return [word for word in found if word.startswith(words[-1].rpartition("=")[2]) or name == "zsh"]

    return asked


def test_commands_kinds_and_flags_are_offered(offers: Offers) -> None:
    assert {*arguments.COMMANDS} <= {*offers("")}
    assert "login" in offers("lo")
    assert {kind.name for kind in KINDS} <= {*offers("setup", "")}
    assert {"--mfa-code", "--all", "--yes", "--json"} <= {*offers("login", "--")}
    assert "--shell" not in offers("login", "--")
    assert {"bash", "fish", "cmd"} <= {*offers("env", "acme-dev", "--shell", "")}
    assert "us-east-2" in offers("setup", "sso", "--region", "us-")


def test_profiles_are_offered_where_one_is_wanted_and_nowhere_else(offers: Offers) -> None:
    assert {"acme-dev", "acme-keys", "default"} <= {*offers("login", "")}
    assert {"acme-dev", "acme-keys"} <= {*offers("env", "ac")}
    assert {"acme-dev", "acme-keys"} <= {*offers("setup", "role", "--source-profile", "ac")}
    assert "acme-dev" in offers("setup", "role", "--yes", "--profile", "")
    assert "acme-dev" not in offers("login", "acme-dev", "")
    assert "acme-dev" not in offers("setup", "sso", "--sso-role-name", "")


def test_a_name_that_a_shell_would_run_is_offered_as_a_text(offers: Offers) -> None:
    assert any("touch" in name for name in offers("login", ""))


def test_folders_are_offered_where_a_clone_goes(offers: Offers) -> None:
    found = offers("setup", "sso", "--directory", "")
    assert {"folder", "folder/", "directories"} & {*found}
    assert "file" not in found


def test_every_flag_of_every_command_is_in_the_script(scripts: Path) -> None:
    text = (scripts / "bash").read_text()
    for name in arguments.COMMANDS:
        for action in arguments.parser_of(name)._actions:
            for flag in action.option_strings:
                assert flag.startswith("-") and (flag in text or len(flag) == 2), (name, flag)


def test_names_come_from_both_files_without_the_parser_of_arguments(
    clean_env: CleanEnv, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        '# x\n[default]\n[profile "my dev"]\n  [indented]\n[services s]\n[profile b]'
    )
    (tmp_path / ".aws" / "credentials").write_bytes(b"[keys]\r\nx = \xff\r\n[b]\r\n")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(["completion", "--profiles"]) == 0
    assert capsys.readouterr().out.splitlines() == ["default", "my dev", "b", "keys"]
    code = "import sys, ccsetup.cli as c; c.run(['completion', '--profiles']); print(*sys.modules)"
    env = clean_env(tmp_path, PYTHONPATH=str(Path(__file__).parent.parent))
    loaded = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert not {"argparse", "typing", "dataclasses", "json", "pathlib"} & {*loaded.split()} - _loaded_by_the_site(env)


def _loaded_by_the_site(env: dict[str, str]) -> set[str]:
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], env=env, capture_output=True, text=True
    )
    return {*bare.stdout.split()}
