"""How git is run: a repository read by commands that start nothing, and everybody else asked outside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import hostile_folders as hostile
import pytest
from conftest import stripped
from paths import ROOT
from script import tree
from tracing import needs_strace, traced

from ccsetup.core import executables
from ccsetup.core.errors import Problem
from ccsetup.core.model import Route
from ccsetup.doctor.gather import gathered
from ccsetup.git import process
from ccsetup.git.process import Runner
from ccsetup.git.repository import Git

ASKED = (  # every question that a repository is asked
    ("config", "--list", "-z"),
    ("config", "--local", "--list", "-z"),
    ("config", "--local", "--includes", "--show-origin", "--list", "-z"),
    ("config", "--worktree", "--includes", "--show-origin", "--list", "-z"),
    ("config", "--local", "--includes", "-z", "--get-regexp", r"^remote\..*\.url$"),
    ("config", "--get", "credential.helper"),
    ("rev-parse", "--git-path", "config"),
    ("rev-parse", "--verify", "-q", "HEAD"),
    ("ls-remote", "--get-url", "--", "origin"),
    ("remote", "get-url", "--all", "--", "origin"),
    ("remote", "get-url", "--push", "--all", "--", "origin"),
)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    return {**stripped(os.environ), "HOME": str(tmp_path / "home"), "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture
def bait(tmp_path: Path) -> Path:
    path = tmp_path / "traps" / "bait"
    (path.parent / "hooks").mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho >> {path.parent / 'mark'}\n")
    path.chmod(0o755)
    return path


def repository(folder: Path, config: str = "", **files: str) -> Path:
    """Make a repository whose own settings are followed by these."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    with (folder / ".git" / "config").open("a") as file:
        file.write(config)
    for name, text in files.items():
        (folder / ".git" / name).write_text(text)
    return folder


@needs_strace
@pytest.mark.parametrize("words", ASKED, ids=[" ".join(words[:3]) for words in ASKED])
def test_a_question_starts_nothing_whatever_the_configuration_names(
    words: tuple[str, ...], env: dict[str, str], bait: Path, tmp_path: Path
) -> None:
    folder = hostile.folder(tmp_path / "unpacked", bait, "127.0.0.1:1", hostile.ADDRESSES[:2], hostile.NAMING)
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom pathlib import Path\nfrom ccsetup.git.process import Runner\nimport os"
    code += f"\nprint(Runner(dict(os.environ), Path('/')).ask(Path({str(folder)!r}), *{words!r}))"
    done, started = traced([sys.executable, "-c", code], {**env, "GIT_PAGER": str(bait)}, folder, tmp_path / "trace")
    assert done.returncode == 0, done.stderr
    assert [it.program for it in started] == [sys.executable, shutil.which("git")]
    assert not (bait.parent / "mark").exists()


def test_only_what_is_known_to_start_nothing_may_be_asked(env: dict[str, str], tmp_path: Path) -> None:
    for words in (
        ("ls-remote", "origin"),
        ("fetch",),
        ("status",),
        ("diff",),
        ("remote", "update"),
        ("rev-list", "HEAD"),
    ):
        with pytest.raises(ValueError, match="isn't known to be safe"):
            Runner(env, tmp_path).ask(tmp_path, *words)


NEVER_ENDING = {
    "a pipe": "[include]\n\tpath = PIPE\n",
    "a pipe, under a condition": '[includeIf "gitdir:/"]\n\tpath = PIPE\n',
    "one behind a link": "[include]\n\tpath = LINK\n",
    "settings without an end": "[include]\n\tpath = HUGE\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("case", NEVER_ENDING)
def test_settings_that_never_end_hold_nobody_up(
    case: str, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "ASK_S", 0.5)
    monkeypatch.setattr(process, "MOST", 100_000)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "huge").write_text("[a]\n" + "\tb = c\n" * 200_000)
    text = NEVER_ENDING[case]
    for name in ("pipe", "link", "huge"):
        text = text.replace(name.upper(), str(tmp_path / name))
    folder = repository(tmp_path / "work", text)
    git, began = Git(env, tmp_path / "home"), time.monotonic()
    with pytest.raises(Problem) as refused:
        git.config(folder)
    assert "couldn't finish reading the settings" in refused.value.what
    assert time.monotonic() - began < 8
    assert not process._running


@pytest.mark.slow
@pytest.mark.parametrize("name", ["config", "HEAD", "commondir", "config.worktree"])
def test_pipes_in_place_of_gits_own_files_hold_nobody_up(
    name: str, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homes import Home, context_of

    monkeypatch.setattr(process, "ASK_S", 0.5)
    it = context_of(tmp_path, Home(), git=Git(env, tmp_path / "home"))  # type: ignore[arg-type]
    repository(it.cwd, "[extensions]\n\tworktreeConfig = true\n")
    (it.cwd / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(it.cwd / ".git" / name)
    began = time.monotonic()
    facts = gathered(it)
    assert time.monotonic() - began < 8
    assert facts.clone is None
    assert facts.clone_refused
    assert facts.settings == ()  # the machine's own can be read all the same


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/full", "/proc/self/mem", "/dev/tty"])
def test_devices_that_settings_include_are_no_trap(device: str, env: dict[str, str], tmp_path: Path) -> None:
    git = Git(env, tmp_path / "home")
    for folder in (
        repository(tmp_path / "included", f"[include]\n\tpath = {device}\n"),
        repository(tmp_path / "linked"),
    ):
        if folder.name == "linked":
            (folder / ".git" / "config").unlink()
            (folder / ".git" / "config").symlink_to(device)
        began = time.monotonic()
        try:
            git.config(folder)
        except Problem as refused:
            assert refused.what
        assert time.monotonic() - began < 5


def test_a_git_that_waits_is_ended_with_the_program(env: dict[str, str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    folder = repository(tmp_path / "work", f"[include]\n\tpath = {tmp_path / 'pipe'}\n")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\nimport os, threading, time\nfrom pathlib import Path\n"
        "from ccsetup.core.program_exit import leave\nfrom ccsetup.git import process as running\n"
        "from ccsetup.git.repository import Git\n"
        f"ask = lambda: Git(dict(os.environ), Path('/')).origin(Path({str(folder)!r}))\n"
        "threading.Thread(target=ask, daemon=True).start()\n"
        "while not running._running: time.sleep(0.01)\n"
        "print(next(iter(running._running)).pid, flush=True)\nleave(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


# ------------------------------------------------------------------ outside


TELLS = "#!/bin/sh\nls -A > {out}/listed; pwd > {out}/stood; env > {out}/env; git rev-parse --git-dir > {out}/repository 2>&1\nexit 1\n"


def asked_by(
    helper: Path, env: dict[str, str], tmp_path: Path, cwd: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Ask git for an address whose helper writes down what it sees; return that."""
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    helper.parent.mkdir(exist_ok=True)
    helper.write_text(TELLS.format(out=out))
    helper.chmod(0o755)
    monkeypatch.chdir(cwd)
    with pytest.raises(Problem):
        Git(env, tmp_path / "home").reachable(Route("git-remote-codecommit", "codecommit::us-east-2://dev@R"))
    return {path.name: path.read_text() for path in out.iterdir()}


def test_a_server_is_asked_from_an_empty_folder_that_is_gone_afterwards(
    env: dict[str, str], bait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hostile.folder(tmp_path / "unpacked", bait, "127.0.0.1:1", hostile.ADDRESSES[:1], hostile.NAMING)
    before = tree(folder)
    path = f"{tmp_path / 'bin'}{os.pathsep}{env['PATH']}"
    tied = {
        "GIT_DIR": str(folder / ".git"),
        "GIT_WORK_TREE": str(folder),
        "GIT_CONFIG": str(folder / ".git" / "config"),
    }
    seen = asked_by(
        tmp_path / "bin" / "git-remote-codecommit", {**env, "PATH": path, **tied}, tmp_path, folder, monkeypatch
    )
    assert seen["listed"] == ""
    assert "not a git repository" in seen["repository"]
    stood = Path(seen["stood"].strip())
    assert stood.name.startswith("ccsetup-")
    assert not stood.exists()
    assert tree(folder) == before
    assert not (bait.parent / "mark").exists()


def test_a_repository_around_the_temporary_folder_does_not_count(
    env: dict[str, str], bait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hostile.folder(tmp_path / "unpacked", bait, "127.0.0.1:1", hostile.ADDRESSES[:1], hostile.NAMING)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    path = f"{tmp_path / 'bin'}{os.pathsep}{env['PATH']}"
    seen = asked_by(tmp_path / "bin" / "git-remote-codecommit", {**env, "PATH": path}, tmp_path, folder, monkeypatch)
    assert "not a git repository" in seen["repository"]


def test_git_gets_the_variables_that_it_needs_and_no_programs(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = dict.fromkeys(("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR", "GIT_PROXY_COMMAND", "GIT_SEQUENCE_EDITOR", "PAGER", "EDITOR", "VISUAL", "BROWSER", "GIT_TRACE", "GIT_TRACE2_EVENT", "GIT_CURL_VERBOSE"), "/trap")  # fmt: skip
    needed = {"GIT_SSL_CAINFO": "/ca.pem", "GIT_SSH_COMMAND": "ssh -i /k", "HTTPS_PROXY": "http://p:1", "AWS_PROFILE": "dev",
              "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.proxy", "GIT_CONFIG_VALUE_0": "http://p:2"}  # fmt: skip
    path = os.pathsep.join((".", "", str(tmp_path / "bin"), env["PATH"]))
    seen = asked_by(tmp_path / "bin" / "git-remote-codecommit", {**env, **programs, **needed, "PATH": path},
                    tmp_path, tmp_path, monkeypatch)  # fmt: skip
    there = dict(line.partition("=")[::2] for line in seen["env"].splitlines())
    assert not programs.keys() & there.keys()
    assert {name: there[name] for name in needed} == needed
    assert "." not in there["PATH"].split(os.pathsep) and "" not in there["PATH"].split(os.pathsep)


@pytest.mark.parametrize("allowed", [None, "codecommit:https:ext", "ext"])
def test_git_never_runs_a_program_for_an_address(
    allowed: str | None, env: dict[str, str], bait: Path, tmp_path: Path
) -> None:
    text = f'[url "ext::{bait} "]\n\tinsteadOf = codecommit::\n[protocol]\n\tallow = always\n[protocol "ext"]\n\tallow = always\n'
    (tmp_path / "home" / ".gitconfig").write_text(text)
    more = {"GIT_ALLOW_PROTOCOL": allowed} if allowed else {}
    with pytest.raises(Problem) as refused:
        Git({**env, **more}, tmp_path / "home").reachable(Route("", "codecommit::us-east-2://dev@R"))
    assert refused.value.code == "git.protocol"
    assert not (bait.parent / "mark").exists()


def test_git_is_looked_up_once(env: dict[str, str], bait: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    (second / "git").symlink_to(shutil.which("git") or "")
    git = Git({**env, "PATH": os.pathsep.join((str(first), str(second), env["PATH"]))}, tmp_path)
    assert git.version()
    (first / "git").symlink_to(bait)  # put there meanwhile
    assert git.machine_settings() == ()
    assert not (bait.parent / "mark").exists()


def test_parts_of_git_are_not_taken_from_the_folder(env: dict[str, str], tmp_path: Path) -> None:
    assert "GIT_EXEC_PATH" not in Runner({**env, "GIT_EXEC_PATH": "parts"}, tmp_path).env
    assert Runner({**env, "GIT_EXEC_PATH": "/parts"}, tmp_path).env["GIT_EXEC_PATH"] == "/parts"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_clone_of_somebody_else_is_told_in_gits_words(env: dict[str, str], tmp_path: Path) -> None:
    from homes import Home, context_of

    from ccsetup.doctor import checks

    it = context_of(tmp_path, Home(), git=Git(env, tmp_path / "home"))  # type: ignore[arg-type]
    repository(it.cwd)
    os.lchown(it.cwd / ".git", 12345, 12345)
    os.lchown(it.cwd, 12345, 12345)
    (found,) = [it for it in checks.offline(gathered(it)) if it.code == "git.settings"]
    assert "dubious ownership" in found.because


def test_gits_home_is_as_git_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert process.Runner({"HOME": "/other"}, tmp_path).env["HOME"] == "/other"
    assert process.Runner({}, tmp_path).env["HOME"] == str(tmp_path)
    monkeypatch.setattr(executables, "WINDOWS", True)
    assert "HOME" not in process.Runner({"HOMEDRIVE": "H:", "HOMEPATH": "\\"}, tmp_path).env
