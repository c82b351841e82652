"""Where a program is: on the PATH alone, by the rules of either system, and never in the folder one stands in."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from paths import ROOT

from ccsetup.core import executables

HOUSE = ROOT / "ccsetup"
SYSTEM = r"C:\Windows\System32"


def on_windows(name: str, path: str, *there: str, extensions: str = "") -> str:
    """Return what is found on a Windows whose disk holds these files."""
    env = {"PATH": path, **({"PATHEXT": extensions} if extensions else {})}
    known = {file.lower() for file in there}
    return executables.path_of(name, env, windows=True, is_program=lambda file: file.lower() in known)


def program(folder: Path, name: str = "git", mode: int = 0o755) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(mode)
    return folder / name


@pytest.mark.parametrize("path", ["", ".", ":", "::", "./bin", "bin", "~/bin", "../here", "bin:.:"])
def test_no_entry_that_depends_on_the_folder_counts(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "here" / "bin")
    program(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    assert executables.path_of("git", {"PATH": path}) == ""
    there = program(tmp_path / "sure")
    assert executables.path_of("git", {"PATH": f"{path}:{there.parent}"}) == str(there)
    assert executables.with_sure_path({"PATH": f"{path}:{there.parent}"})["PATH"] == str(there.parent)


def test_a_name_with_a_folder_has_to_be_a_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = program(tmp_path / "bin")
    monkeypatch.chdir(tmp_path)
    env = {"PATH": str(tmp_path)}
    assert executables.path_of(str(there), env) == str(there)
    assert [executables.path_of(name, env) for name in ("bin/git", "./bin/git", "", "git\0", "bin")] == [""] * 5


def test_a_file_that_is_no_program_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path / "plain", mode=0o644)
    (tmp_path / "folder" / "git").mkdir(parents=True)
    there = program(tmp_path / "last")
    path = os.pathsep.join(str(tmp_path / name) for name in ("none", "plain", "folder", "last"))
    assert executables.path_of("git", {"PATH": path}) == str(there)


def test_without_a_path_the_systems_own_counts() -> None:
    assert executables.folders(None) == os.defpath.removeprefix(":").split(":")


@pytest.mark.parametrize(
    ("name", "path", "there", "found"),
    [
        ("git", rf".;C:\Git\cmd;{SYSTEM}", (r".\git.exe", r"git.exe", r"C:\Git\cmd\git.exe"), r"C:\Git\cmd\git.EXE"),
        ("git", r";C:\Git\cmd\;", (r"\git.exe", r"C:\Git\cmd\git.exe"), r"C:\Git\cmd\git.EXE"),
        ("git", r'"C:\Program Files\Git\cmd";', (r"C:\Program Files\Git\cmd\git.exe",), r"C:\Program Files\Git\cmd\git.EXE"),
        ("git.exe", r"C:\Git", (r"C:\Git\git.exe",), r"C:\Git\git.exe"),
        ("git", "C:/Git/cmd", ("c:/git/cmd\\git.exe",), "C:/Git/cmd\\git.EXE"),
        ("aws", r"\\server\tools", (r"\\server\tools\aws.cmd",), r"\\server\tools\aws.CMD"),
        ("git", r"C:;C:bin;bin;\bin;\\;..\x", (r"C:git.exe", r"C:bin\git.exe", r"bin\git.exe", r"\bin\git.exe"), ""),
        (r"C:\tools\keys", "", (r"C:\tools\keys.exe",), r"C:\tools\keys.EXE"),
        (r".\keys.exe", r"C:\x", (r".\keys.exe", r"C:\x\.\keys.exe"), ""),
        ("C:keys", r"C:\x", ("C:keys.exe",), ""),
        (r"\keys", r"C:\x", (r"\keys.exe",), ""),
        ("git", r"C:\Git", (r"C:\Git\git",), ""),
    ],
)  # fmt: skip
def test_windows_has_its_own_rules(name: str, path: str, there: tuple[str, ...], found: str) -> None:
    assert on_windows(name, path, *there) == found


def test_windows_tries_the_endings_that_pathext_has_in_their_order() -> None:
    both = (r"C:\a\git.bat", r"C:\a\git.exe")
    assert on_windows("git", r"C:\a", *both) == r"C:\a\git.EXE"
    assert on_windows("git", r"C:\a", *both, extensions=".BAT;.EXE") == r"C:\a\git.BAT"


def test_children_on_windows_do_not_look_in_the_current_folder_either() -> None:
    sure = executables.with_sure_path({"PATH": rf".;{SYSTEM};x"}, windows=True)
    assert sure == {"PATH": SYSTEM, "NoDefaultCurrentDirectoryInExePath": "1"}


@pytest.mark.slow
def test_nothing_else_looks_programs_up() -> None:
    """`shutil.which` looks in the current folder, and so does a process that is started by a bare name."""
    for path in HOUSE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            assert name != "shutil.which", path
            if name.startswith(("subprocess.", "os.exec", "os.spawn", "os.system", "os.popen", "os.startfile")):
                first = node.args[0].elts[0] if node.args and isinstance(node.args[0], ast.List) else None
                assert not isinstance(first, ast.Constant), f"{path}, line {node.lineno}: {ast.unparse(node)}"
                assert name not in ("os.system", "os.popen", "os.execvp", "os.execvpe", "os.startfile"), path


def test_a_command_that_is_not_there_is_named_like_the_system_names_it(tmp_path: Path) -> None:
    env = {"PATH": str(program(tmp_path).parent)}
    assert executables.sure(["git", "status", "-s"], env) == [str(tmp_path / "git"), "status", "-s"]
    for words, name in ((["none", "x"], "none"), ([], "")):
        with pytest.raises(FileNotFoundError) as refused:
            executables.sure(words, env)
        assert (refused.value.filename, refused.value.strerror) == (name, os.strerror(refused.value.errno))
