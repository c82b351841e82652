"""A folder that has two spellings, for example, /tmp and /private/tmp on macOS, is one folder to ccsetup."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import CleanEnv
from same_folder import WAYS, spelled_twice
from sandbox_world import marias_keys

from ccsetup.core.folder import is_within
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import REGION, role_arn

pytestmark = pytest.mark.slow
ROLE = ("--role-arn", role_arn("CodeCommitAccess"), "--source-profile", "maria", "--region", REGION)


@dataclass(frozen=True)
class Person:
    """A person whose home and work folder are in a folder that has two spellings, `one` and `other`."""

    env: Mapping[str, str]
    one: Path
    other: Path

    def run(self, *words: str, cwd: Path, home: Path, code: int = 0) -> Any:
        env = {**self.env, "HOME": str(home / "home"), "USERPROFILE": str(home / "home")}
        env |= {"LOCALAPPDATA": str(home / "home" / "local")} if os.name == "nt" else {}
        argv = [sys.executable, "-m", "ccsetup", *words, "--json"]
        done = subprocess.run(argv, env=env, cwd=cwd / "work", capture_output=True, check=False)
        shown = done.stderr.decode("utf-8", "replace")
        assert done.returncode == code and "Traceback" not in shown, shown
        return json.loads(done.stdout)


@pytest.fixture(params=WAYS)
def person(request: pytest.FixtureRequest, sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Iterator[Person]:
    git = shutil.which("git")
    assert git
    (tmp_path / "there").mkdir()
    with spelled_twice(request.param, tmp_path / "there") as (one, other):
        root = Path(__file__).parents[2]
        path = [Path(sys.executable).parent, Path(sys.executable).parent / "Scripts", Path(git).parent]
        env = clean_env(one / "home", sandbox.environment(), path=path, PYTHONPATH=str(root))
        if os.name == "nt":
            env["CODE_COMMIT_ENDPOINT"] = sandbox.git_host.replace("127.0.0.1", "localhost")
        (one / "work").mkdir()
        keys = marias_keys(sandbox)
        (one / "home" / ".aws").mkdir(mode=0o700)
        (one / "home" / ".aws" / "config").write_bytes(b"[profile maria]\nregion = us-east-2\n")
        (one / "home" / ".aws" / "credentials").write_text(
            f"[maria]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
        )
        yield Person(env, one, other)


def texts(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (place / "home/.aws").iterdir() if path.is_file()}


@pytest.mark.long
def test_what_is_set_up_under_one_spelling_is_undone_under_the_other(person: Person) -> None:
    one, other = person.one, person.other
    before = texts(one)
    words = ("setup", "role", *ROLE, "--profile", "dev", "--no-clone", "--yes", "--no-input")
    done = person.run(*words, cwd=one, home=other)
    assert {Path(it["path"]).name for it in done["edits"]} <= {"config", "credentials"}
    assert b"[profile dev]" in (one / "home/.aws/config").read_bytes()
    assert {it["name"] for it in person.run("status", cwd=other, home=one)["profiles"]} == {"maria", "dev"}
    person.run("undo", "--yes", cwd=other, home=one)
    assert texts(one) == before


def test_a_clone_is_found_again_under_the_other_spelling(person: Person) -> None:
    one, other = person.one, person.other
    person.run("setup", "role", *ROLE, "--profile", "dev", "--no-clone", "--yes", "--no-input", cwd=one, home=one)
    clone = ("clone", "MySharedDemoRepo", "--profile", "dev")
    first = person.run(*clone, str(one / "work/code"), cwd=one, home=one)
    again = person.run(*clone, str(other / "work/code"), cwd=other, home=other)
    assert again["clone"]["commit"] == first["clone"]["commit"]
    assert [it.name for it in (one / "work").iterdir()] == ["code"]
    assert not [
        it for it in person.run("doctor", "--offline", cwd=other, home=one)["findings"] if it["severity"] == "stops"
    ]


def test_a_folder_with_something_else_is_refused_under_the_other_spelling(person: Person) -> None:
    one, other = person.one, person.other
    person.run("setup", "role", *ROLE, "--profile", "dev", "--no-clone", "--yes", "--no-input", cwd=one, home=one)
    (one / "work/code").mkdir()
    (one / "work/code/mine").write_text("mine")
    clone = ("clone", "MySharedDemoRepo", "--profile", "dev", str(other / "work/code"), "--no-input")
    refused = person.run(*clone, cwd=one, home=one, code=1)["problems"][0]
    assert "already" in refused["what"] or "isn't empty" in refused["what"], refused
    assert [it.name for it in (one / "work/code").iterdir()] == ["mine"]
    assert [it.name for it in (one / "work").iterdir()] == ["code"]


def test_a_program_in_a_clone_is_inside_it_however_it_is_spelled(person: Person) -> None:
    one, other = person.one, person.other
    (one / "work/tools").mkdir()
    for folder, spelled in ((one, other), (other, one), (one, one)):
        assert is_within(str(spelled / "work/tools/aws"), folder / "work")
        assert is_within(str(spelled / "work/tools/../none/aws"), folder / "work")
        assert not is_within(str(spelled / "work/../elsewhere/aws"), folder / "work")
        assert not is_within(str(spelled / "workshop/aws"), folder / "work")


def test_dots_lead_neither_in_nor_out(tmp_path: Path) -> None:
    (tmp_path / "clone").mkdir()
    assert is_within(f"{tmp_path}/other/../clone/aws", tmp_path / "clone")
    assert not is_within(f"{tmp_path}/clone/../other/aws", tmp_path / "clone")
