"""Words for the shell that a person types in, and commands split as programs on Windows get them."""

from __future__ import annotations

import pytest
from botocore.compat import compat_shell_split
from hypothesis import given, settings
from hypothesis import strategies as st

from ccsetup.core import executables, shells
from ccsetup.core.quoting import quote, windows_words
from ccsetup.doctor.checks.processes import words

CMD = {"COMSPEC": "C:\\Windows\\System32\\cmd.exe", "PSModulePath": "C:\\a"}
POWERSHELL = {**CMD, "PSModulePath": "C:\\a;C:\\b;C:\\c"}
GIT_BASH = {**POWERSHELL, "SHELL": "/usr/bin/bash", "MSYSTEM": "MINGW64"}


def on_windows(monkeypatch: pytest.MonkeyPatch, env: dict[str, str]) -> None:
    monkeypatch.setattr(executables, "WINDOWS", True)
    for name in ("SHELL", "COMSPEC", "PSModulePath", "MSYSTEM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("word", "cmd", "powershell", "bash"),
    [
        ("acme-dev", "acme-dev", "acme-dev", "acme-dev"),
        (r"C:\Users\ana", r"C:\Users\ana", r"C:\Users\ana", r"'C:\Users\ana'"),
        ("my team", '"my team"', '"my team"', "'my team'"),
        ("it's", '"it\'s"', '"it\'s"', "'it'\"'\"'s'"),
        ("a&calc", '"a&calc"', '"a&calc"', "'a&calc'"),
        ('a" & calc & "', '"a"" & calc & """', "'a\" & calc & \"'", "'a\" & calc & \"'"),
        ("$(calc)'", '"$(calc)\'"', "'$(calc)'''", "'$(calc)'\"'\"''"),
        ("", '""', '""', "''"),
    ],
)
def test_a_word_is_one_word_in_each_shell(
    word: str, cmd: str, powershell: str, bash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for env, quoted in ((CMD, cmd), (POWERSHELL, powershell), (GIT_BASH, bash)):
        on_windows(monkeypatch, env)
        assert quote(word) == quoted


def test_elsewhere_words_are_quoted_for_sh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executables, "WINDOWS", False)
    assert quote("my team") == "'my team'"


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (r'"C:\Program Files\keys.exe" --profile "my team"', [r"C:\Program Files\keys.exe", "--profile", "my team"]),
        (r"C:\tools\keys.exe 'a b'", [r"C:\tools\keys.exe", "'a", "b'"]),
        (r'keys "a\"b" c\\"d e" \\server\x', ["keys", 'a"b', r"c\d e", r"\\server\x"]),
        (r'keys ""  x', ["keys", "", "x"]),
        ("keys\ta\\", ["keys", "a\\"]),
        ("", []),
    ],
)
def test_a_command_is_split_as_windows_does(command: str, found: list[str]) -> None:
    assert windows_words(command) == found == words(command, windows=True)


def test_an_open_quote_is_no_command() -> None:
    with pytest.raises(ValueError, match="No closing quotation"):
        windows_words('"C:\\Program Files\\keys.exe')
    assert words('"C:\\Program Files\\keys.exe', windows=True) == []


@settings(deadline=None)
@given(st.text(alphabet='ab \t"\\', max_size=12))
def test_it_is_split_as_botocore_splits_it(command: str) -> None:
    try:
        expected = compat_shell_split(command, platform="win32")
    except ValueError:
        assert words(command, windows=True) == []
        return
    assert windows_words(command) == expected


def test_variables_are_set_in_the_shell_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shells.setting("A", "b c", {}) == "export A='b c'"
    assert shells.setting("A", "b", CMD) == 'set "A=b"'
    assert shells.setting("A", "b", POWERSHELL) == "$Env:A = 'b'"
    assert [shells.lasting("A", "b", env) for env in (CMD, GIT_BASH)] == ["setx A b", "export A='b'"]
    assert shells.add_to_path("/opt/bin", shells.guess({}, "")) == 'export PATH="/opt/bin:$PATH"'
    assert shells.add_to_path(r"C:\bin", shells.guess(CMD, "")) == r'set "PATH=C:\bin;%PATH%"'
    assert shells.add_to_path(r"C:\bin", shells.guess(POWERSHELL, "")) == r'$Env:Path = "C:\bin;$Env:Path"'


def test_the_window_of_git_bash_is_named_on_windows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executables, "WINDOWS", False)
    assert shells.other_window(GIT_BASH) == ""
    on_windows(monkeypatch, GIT_BASH)
    assert "winpty ccsetup" in shells.other_window(GIT_BASH)
    assert "Windows Terminal" in shells.other_window(GIT_BASH)
    assert shells.other_window(CMD) == ""
