"""After a 403 or 404 of git's own, one line of ours says what to run; and where nothing was refused, none does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from git_desk import Desk, commands, static

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import role_arn

pytestmark = pytest.mark.slow

URL = "codecommit::us-east-2://{}@{}"
LINE = "If CodeCommit refused this, run: ccsetup "


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path, clean_env: Any) -> Desk:
    ours = commands(tmp_path / "ours")
    return Desk(sandbox, tmp_path / "home", clean_env(tmp_path / "home", sandbox.environment(), path=[ours]))


@pytest.mark.parametrize("verb", ["pull", "fetch", "push"])
def test_a_clone_that_is_refused_is_sent_to_the_doctor(desk: Desk, verb: str) -> None:
    profile = static(desk)
    assert desk.git("clone", "-q", URL.format(profile, "MySharedDemoRepo"), "here").returncode == 0
    desk.sandbox.state.set_policies(role_arn("CodeCommitAccess"))
    done = desk.git(verb, cwd=desk.home / "here")
    first, last = done.stderr.splitlines()
    assert "403" in first
    assert last == f"{LINE}doctor"


@pytest.mark.parametrize("name", ["NoSuchRepo", "locked"])
def test_outside_a_clone_it_is_another_way_to_clone(desk: Desk, name: str) -> None:
    done = desk.git("ls-remote", URL.format(static(desk), name))
    assert done.stderr.splitlines()[-1] == f"{LINE}clone us-east-2://static@{name}".replace("us-", "'us-") + "'"


def test_what_works_says_nothing(desk: Desk) -> None:
    done = desk.git("ls-remote", "-q", URL.format(static(desk), "MySharedDemoRepo"))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_username_in_the_address_is_not_signed_for(desk: Desk) -> None:
    import subprocess

    static(desk)
    asked = f"protocol=https\nhost={desk.sandbox.git_host}\npath=v1/repos/R\nusername=maria-at-111122223333\n"
    words = ["git-credential-ccsetup", "--profile", "static", "get"]
    done = subprocess.run(words, env=desk.env, input=asked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "quit=1\n")
    assert "maria-at-111122223333" in done.stderr
    assert done.stderr.endswith("Run: ccsetup doctor --fix\n")
