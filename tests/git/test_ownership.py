"""Repositories that git refuses because somebody else owns the folder: said in words, with the command."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from homes import fixed
from test_clone_settings import RIGHT, at_once  # noqa: F401
from test_clone_shapes import Shape

from ccsetup.core.errors import Problem
from ccsetup.core.model import Target
from ccsetup.git import ownership
from ccsetup.git.errors import problem_of
from ccsetup.git.repository import Git
from ccsetup.wizard import checkout

TEST = "GIT_TEST_ASSUME_DIFFERENT_OWNER"  # git's own tests use it to stand for another owner


def foreign(it: Shape) -> Git:
    return Git({**it.here.env, TEST: "1"}, it.here.context.home)


@pytest.mark.parametrize("shape", ["plain", "work tree", "bare", "separate", "subfolder", "upstream", "submodule"])
def test_the_doctor_says_whose_folder_it_is_and_the_command_that_helps(shape: str, tmp_path: Path) -> None:
    it = Shape(tmp_path, shape, RIGHT)
    context = replace(it.here.context, cwd=it.at, git=foreign(it))
    told = [each for each in fixed(context, fix=False).document["findings"] if each["code"].startswith("git.")]
    assert [each["code"] for each in told] == ["git.settings"]
    assert "another user owns the folder" in told[0]["says"]
    assert told[0]["do"].startswith("git config --global --add safe.directory ")
    subprocess.run(["sh", "-c", told[0]["do"]], cwd=it.at, env=it.here.env, check=True)
    assert [each for each in fixed(context, fix=False).document["findings"] if each["code"].startswith("git.")] == []


def test_clone_says_it_of_a_folder_that_is_there(tmp_path: Path) -> None:
    it = Shape(tmp_path, "plain", RIGHT)
    context = replace(it.here.context, git=foreign(it))
    with pytest.raises(Problem) as refused:
        checkout.is_this_clone(context, it.at, Target("MyRepo", "us-east-1"))
    assert refused.value.code == "git.settings"
    assert refused.value.next == f"Run: git config --global --add safe.directory {shlex.quote(str(it.at))}"


@pytest.mark.parametrize(("lines", "command"), [
    (["fatal: detected dubious ownership in repository at '/mnt/c/My Work/app'",
      "To add an exception for this directory, call:", "",
      "\tgit config --global --add safe.directory '/mnt/c/My Work/app'"],
     "git config --global --add safe.directory '/mnt/c/My Work/app'"),
    (["fatal: detected dubious ownership in repository at '//wsl.localhost/Ubuntu/home/maria/app'",
      "'//wsl.localhost/Ubuntu/home/maria/app' is owned by:", "\t'S-1-5-32'",
      "To add an exception for this directory, call:", "",
      "\tgit config --global --add safe.directory '%(prefix)///wsl.localhost/Ubuntu/home/maria/app'"],
     "git config --global --add safe.directory '%(prefix)///wsl.localhost/Ubuntu/home/maria/app'"),
    (["fatal: unsafe repository ('/srv/app' is owned by someone else)", "To add an exception for this directory, call:",
      "", "\tgit config --global --add safe.directory /srv/app"],
     "git config --global --add safe.directory /srv/app"),
    (["fatal: detected dubious ownership in repository at '/srv/it'"],
     "git config --global --add safe.directory /srv/it"),
])  # fmt: skip
def test_each_git_says_it_in_its_own_words(lines: list[str], command: str) -> None:
    told = problem_of(lines, "", "git.failed")
    assert (told.code, told.next) == ("git.settings", f"Run: {command}")


def test_a_server_that_says_it_is_not_believed() -> None:
    line = "remote: fatal: detected dubious ownership in repository at '/x'"
    assert (
        problem_of([line, "fatal: Could not read from remote repository."], RIGHT, "git.failed").code != ownership.CODE
    )


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="needs a folder of root's")
def test_a_clone_that_sudo_made_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    told = ownership.refusal([f"fatal: detected dubious ownership in repository at '{tmp_path}'"])
    assert told
    assert told.next == f'Run: sudo chown -R "$(id -un)" {tmp_path}'
