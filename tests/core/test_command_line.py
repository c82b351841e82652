"""Words for the shell that a person types in, and commands split as programs on Windows get them."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import PureWindowsPath

import pytest
from botocore.compat import compat_shell_split
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import ROOT

from ccsetup.core import executables, shells
from ccsetup.core.command_line import (
    change_to,
    deletion,
    in_turn,
    joined,
    quote,
    renaming,
    variables,
    windows_words,
    with_clipboard,
    with_input,
)
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


def cmd_words(line: str, env: Mapping[str, str]) -> list[str]:
    """Return the words that a program gets from a line typed in cmd. Raises ValueError if the line runs more.

    cmd replaces the variables it knows, and a ^ outside quotes makes the next character an ordinary one. Then the
    program splits the line: two quotes inside quotes are one, and backslashes before a quote are half as many.
    """
    line = re.sub(r"%([^%:]+)%", lambda found: env.get(found[1].upper(), found[0]), line)
    plain, inside, letters = "", False, iter(line)
    for letter in letters:
        if letter == "^" and not inside:
            plain += next(letters)
            continue
        if letter in "&|<>()" and not inside:
            raise ValueError(line)
        inside ^= letter == '"'
        plain += letter
    found, word, at, inside = list[str](), None, 0, False
    while at < len(plain):
        slashes = len(plain) - at - len(plain[at:].lstrip("\\"))
        at += slashes
        if plain[at : at + 1] != '"':
            word = (word or "") + "\\" * slashes if slashes else word
        else:
            word = (word or "") + "\\" * (slashes // 2)
            if slashes % 2 or (inside and plain[at + 1 : at + 2] == '"'):
                word += '"'
                at += 1 if slashes % 2 else 2
            else:
                inside, at = not inside, at + 1
            continue
        if at < len(plain) and plain[at] in " \t" and not inside:
            found += [] if word is None else [word]
            word, at = None, at + 1
        elif at < len(plain):
            word, at = (word or "") + plain[at], at + 1
    return found if word is None else [*found, word]


HARD = (
    "my team", "100%", "%PATH%", "%PATH% %OS%", 'say "hi"', "C:\\my dir\\", 'a\\"b', "C:\\100%\\x", "a&b|c<d>e", "a^b c",
    "(x)", "it's", "%", "^", "\\", "%PATH:~0,3%", "", "José",
)  # fmt: skip


@settings(deadline=None)
@given(st.one_of(st.sampled_from(HARD), st.text(alphabet="a \t\"\\%^&|()<>'!PATH", max_size=12)))
def test_cmd_gives_the_program_the_same_word(word: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        on_windows(patch, CMD)
        assert cmd_words(joined("git", word, "x"), {"PATH": "C:\\ & calc", "A": "1"}) == ["git", word, "x"]


@pytest.mark.skipif(os.name != "nt", reason="the real cmd is on Windows")
@pytest.mark.parametrize("word", HARD)
def test_the_real_cmd_gives_it_too(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    on_windows(monkeypatch, {**CMD, "COMSPEC": os.environ["COMSPEC"]})
    shows = [sys.executable, "-c", "import sys,json;print(json.dumps(sys.argv[1:]))"]
    line = joined(*shows, word, "x")
    assert cmd_words(line, os.environ) == [*shows, word, "x"]
    done = subprocess.run(f'cmd /d /s /c "{line}"', capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == [word, "x"], (line, done.stderr)


def test_each_shell_gets_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> list[str]:
        return [
            in_turn("git fetch", joined("git", "switch", "my team"), "git pull"),
            joined(r"C:\Program Files\python.exe", "-m", "pip"),
            joined("git", "config", "--replace-all", "credential.helper", ""),
            with_input("ccsetup setup --paste -", "my keys"),
            with_clipboard("ccsetup setup --paste -"),
            change_to("./my team"),
            change_to(r"D:\code"),
            deletion(r"C:\my keys"),
            renaming(PureWindowsPath(r"C:\x y\config.txt"), "config"),
            variables("AWS_"),
        ]

    on_windows(monkeypatch, CMD)
    assert said() == [
        'git fetch && git switch "my team" && git pull',
        r'"C:\Program Files\python.exe" -m pip',
        'git config --replace-all credential.helper ""',
        'ccsetup setup --paste - < "my keys"',
        "powershell -c Get-Clipboard | ccsetup setup --paste -",
        'cd "./my team"',
        r"cd /d D:\code",
        r'del "C:\my keys"',
        r'ren "C:\x y\config.txt" config',
        "set AWS_",
    ]
    on_windows(monkeypatch, POWERSHELL)  # Windows PowerShell 5 knows no &&, and drops an empty word
    assert said() == [
        'git fetch; if ($?) { git switch "my team"; if ($?) { git pull } }',
        r'& "C:\Program Files\python.exe" -m pip',
        """cmd /c 'git config --replace-all credential.helper ""'""",
        'Get-Content "my keys" | ccsetup setup --paste -',
        "Get-Clipboard | ccsetup setup --paste -",
        'cd "./my team"',
        r"cd D:\code",
        r'del "C:\my keys"',
        r'ren "C:\x y\config.txt" config',
        "Get-ChildItem Env:AWS_*",
    ]
    on_windows(monkeypatch, GIT_BASH)
    assert said() == [
        "git fetch && git switch 'my team' && git pull",
        r"'C:\Program Files\python.exe' -m pip",
        "git config --replace-all credential.helper ''",
        "ccsetup setup --paste - < 'my keys'",
        "pbpaste | ccsetup setup --paste -",
        "cd './my team'",
        r"cd 'D:\code'",
        r"rm 'C:\my keys'",
        r"mv 'C:\x y\config.txt' 'C:\x y\config'",
        "env | grep AWS_",
    ]


@pytest.mark.slow
def test_no_other_file_joins_commands_or_names_what_one_shell_alone_knows() -> None:
    alone = re.compile(r"&& |pbpaste|['\"](?:mv|del|ren) |env \| grep")
    for path in sorted((ROOT / "ccsetup").rglob("*.py")):
        if (
            path.name in ("command_line.py", "text.py", "submodule_hook.py", "completion.py", "mentions.py")
            or "sandbox" in path.parts
        ):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = [it.value for it in ast.walk(tree) if isinstance(it, ast.Constant) and isinstance(it.value, str)]
        assert not [it for it in texts if alone.search(it)], path


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
    assert "winpty" not in shells.other_window(CMD) and "Windows Terminal" in shells.other_window(CMD)
