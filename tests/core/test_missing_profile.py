"""A profile that doesn't exist: what is said and which command helps, for every command and both of git's helpers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ccsetup.cli import main
from ccsetup.core import missing_profile
from ccsetup.git.helper import credential, remote

NAMES = ["acme-dev", "acme-prod", "default"]
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
CONFIG = "[profile acme-dev]\nregion = us-east-2\n[profile acme-prod]\nregion = us-east-2\n"


@pytest.mark.parametrize(("name", "right"), [
    ("acme-dve", "acme-dev"),
    ("ACME-DEV", "acme-dev"),
    ("dev-acme", "acme-dev"),
    ("prod.acme", "acme-prod"),
    ("acme_dev", "acme-dev"),
    ("\uff41\uff43\uff4d\uff45-dev", "acme-dev"),
    ("nothing-like-it", ""),
])  # fmt: skip
def test_similar_names_are_suggested_and_set_in_the_variable_that_holds_the_name(name: str, right: str) -> None:
    what, hint, command = missing_profile.told(name, NAMES, {}, {})
    assert (what, command) == (f'No profile "{name}" on this computer.', "")
    assert hint.startswith(f'Did you mean "{right}"') if right else not hint
    for variable in missing_profile.NAMING:
        what, said, command = missing_profile.told(name, NAMES, {variable: name}, {}, variable, "bash")
        assert what == f"{variable} is set to the profile {name}, which doesn't exist."
        assert (said, command) == (hint, f"export {variable}='{right}'" if right else f"unset {variable}")


@pytest.mark.parametrize("header", ["[profile dev]", "[dev]", '[profile "dev"]', "[ dev ]", "  [profile  dev]"])
@pytest.mark.parametrize("variables", [["AWS_CONFIG_FILE"], ["AWS_SHARED_CREDENTIALS_FILE"], [*missing_profile.FILES]])
def test_a_profile_that_variables_hide_is_said_to_be_in_the_usual_files(header: str, variables: list[str]) -> None:
    env = dict.fromkeys(variables, "/ci/file")
    found = missing_profile.told("dev", ["dve"], env, dict.fromkeys(variables, f"# mine\n{header}\nregion = x\n"))
    assert all(it in found.what for it in variables)
    assert (found.hint, found.command) == ("", f"unset {' '.join(variables)}")
    for text in ("[profile dev2]\n", "# [dev]\n", "dev\n", ""):
        assert not missing_profile.told("dev", ["dve"], env, dict.fromkeys(variables, text)).command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in (*missing_profile.FILES, *missing_profile.NAMING):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setattr(main, "_end_like_ctrl_c", lambda: None)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(CONFIG)
    (tmp_path / ".aws/credentials").write_text(f"[acme-dev]\n{KEYS}[acme-prod]\n{KEYS}")
    (tmp_path / "ci").write_text("[profile ci]\nregion = us-east-2\n")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


COMMANDS = {
    "status": ("status", "{}"),
    "doctor": ("doctor", "{}", "--offline"),
    "login": ("login", "{}"),
    "env": ("env", "{}"),
    "clone": ("clone", "R", "--region", "us-east-2", "--profile", "{}"),
    "remove": ("remove", "{}", "--yes"),
    "logout": ("logout", "{}"),
    "team export": ("team", "export", "{}"),
    "setup": ("setup", "existing", "--profile", "{}", "--no-clone", "--yes"),
}


def said(words: tuple[str, ...], name: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main.run([*(it.format(name) for it in words), "--json", "--no-input"]) != 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    (found,) = [it for it in document.get("findings") or document["problems"] if it["code"] == "profile.missing"]
    return " ".join(str(found.get(key) or "") for key in ("what", "next", "says", "do"))


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_every_command_says_it(
    home: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 'No profile "dev-acme" on this computer.' in (told := said(words, "dev-acme", capsys))
    assert 'Did you mean "acme-dev"?' in told
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "ci"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "none"))
    told = said(words, "acme-dev", capsys)
    assert "~/.aws/config and ~/.aws/credentials have it" in told
    assert "unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE" in told


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("header", ["[acme-qa]", "[Profile acme-qa]", "[profle acme-qa]", "[profile.acme-qa]"])
def test_every_command_says_what_is_wrong_with_a_header_that_aws_tools_skip(
    home: Path, header: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with (home / ".aws/config").open("a") as file:
        file.write(f"{header}\nregion = us-east-2\n")
    assert main.run([*(it.format("acme-qa") for it in words), "--no-input"]) != 0
    told = " ".join("".join(capsys.readouterr()).split())
    assert f"{header.strip()}" in told
    assert "[profile acme-qa]" in told
    assert "--fix repairs it" in told or "doctor acme-qa --fix" in told or "ccsetup doctor --fix" in told
    assert "ccsetup setup --profile" not in told


def test_names_to_choose_from_are_listed_where_none_is_similar(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "on this computer. Available: acme-dev, acme-prod " in f"{said(('env', '{}'), 'zzz', capsys)} "
    with (home / ".aws/config").open("a") as file:
        file.write("".join(f"[profile p{n}]\nregion = us-east-2\n" for n in range(9)))
    assert "Available: acme-dev, acme-prod, p0, p1, p2 and 6 more " in f"{said(('status', '{}'), 'zzz', capsys)} "


@pytest.mark.parametrize("variable", missing_profile.NAMING)
@pytest.mark.parametrize(
    "words", [("status",), ("login",), ("doctor", "--offline"), ("clone", "R", "--region", "us-east-2")]
)
def test_every_command_says_which_variable_names_it(
    home: Path, words: tuple[str, ...], variable: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(variable, "acme_prod")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    main.run([*words, "--no-input"])
    told = " ".join("".join(capsys.readouterr()).split())
    assert f"{variable} is set to the profile acme_prod, which doesn't exist. " in told
    assert 'Did you mean "acme-prod"' in told
    assert f"export {variable}='acme-prod'" in told


def by_git(helper: Any, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    question = b"protocol=https\nhost=git-codecommit.us-east-2.amazonaws.com\npath=v1/repos/R\n"
    monkeypatch.setattr(credential, "_heard", lambda: question)
    monkeypatch.setattr(credential, "_say", lambda text: None)
    monkeypatch.setattr(sys, "argv", ["helper", *words])
    capsys.readouterr()
    assert helper.main() == 1
    return capsys.readouterr().err


@pytest.mark.parametrize("helper", [remote, credential])
def test_both_helpers_say_it(
    home: Path, helper: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def words(name: str) -> list[str]:
        who = f"{name}@" if name else ""
        flags = ["--profile", name] if name else []
        return ["origin", f"us-east-2://{who}R"] if helper is remote else [*flags, "get"]

    told = by_git(helper, words("dev-acme"), capsys, monkeypatch)
    assert told.startswith('No profile "dev-acme" on this computer. Did you mean "acme-dev"? Run: ')
    for variable in missing_profile.NAMING:
        with monkeypatch.context() as there:
            there.setenv(variable, "acme_prod")
            told = by_git(helper, words(""), capsys, there)
            assert told.startswith(f"{variable} is set to the profile acme_prod, which doesn't exist. Did you mean")
            assert told.endswith(f"Run: export {variable}='acme-prod'\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "ci"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "none"))
    told = by_git(helper, words("acme-dev"), capsys, monkeypatch)
    assert told.endswith("have it. Run: unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE\n")
