"""A repository or a branch that was renamed on the server: the doctor finds the new name, and its command mends it."""

from __future__ import annotations

import json
import subprocess

import pytest
from terminal import program
from test_clone import Person, commands, person  # noqa: F401

from ccsetup.sandbox.demo_data import CODE, REGION

pytestmark = pytest.mark.slow
DEMO = "MySharedDemoRepo"


@pytest.fixture
def maria(person: Person) -> Person:  # noqa: F811
    person.profile("dev", region=REGION)
    assert person.clone(DEMO, "--profile", "dev").code == 0
    return person


def found(person: Person, code: str) -> list[dict[str, str]]:  # noqa: F811
    done = subprocess.run(
        [program(), "doctor", "--json"], env=person.env, cwd=person.work / DEMO, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return [it for it in json.loads(done.stdout)["findings"] if it["code"] == code]


def follow(person: Person, command: str) -> None:  # noqa: F811
    where = person.work / DEMO
    done = subprocess.run(["sh", "-c", command.removeprefix("Run: ")], cwd=where, env=person.env, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    person.git(DEMO, "pull", "-q")


def on_server(person: Person, *words: str) -> None:  # noqa: F811
    repository = person.sandbox.state.repositories[(CODE, REGION, DEMO)]
    disk = person.sandbox._disk
    disk.git(disk.path(repository), *words)


def rename(person: Person, name: str) -> None:  # noqa: F811
    """Rename the repository, as UpdateRepositoryName does."""
    state, disk = person.sandbox.state, person.sandbox._disk
    old = state.repositories[(CODE, REGION, DEMO)]
    state.add_repository(CODE, REGION, name)
    new = state.repositories[(CODE, REGION, name)]
    target = disk.path(new)
    subprocess.run(["rm", "-rf", str(target)], check=True)
    disk.path(old).rename(target)
    del state.repositories[(CODE, REGION, DEMO)]


@pytest.mark.parametrize("new", ["MySharedDemoRepos", "platform-service"])
def test_a_renamed_repository_is_found_by_its_name_or_by_its_commits(maria: Person, new: str) -> None:
    rename(maria, new)
    (told,) = found(maria, "access.repository")
    assert new in told["says"]
    assert told["do"] == f"Run: git remote set-url origin codecommit::{REGION}://dev@{new}"
    follow(maria, told["do"])
    assert found(maria, "access.repository") == []


@pytest.mark.long
def test_a_repository_that_is_gone_has_no_new_name(maria: Person) -> None:
    del maria.sandbox.state.repositories[(CODE, REGION, DEMO)]
    (told,) = found(maria, "access.repository")
    assert "may be the new name" not in told["says"]


def renamed_branch(person: Person, new: str) -> None:  # noqa: F811
    on_server(person, "branch", "-m", "main", new)
    on_server(person, "symbolic-ref", "HEAD", f"refs/heads/{new}")


@pytest.mark.long
@pytest.mark.parametrize("new", ["trunk", "release/2026"])
def test_a_renamed_default_branch_is_followed(maria: Person, new: str) -> None:
    assert found(maria, "git.branch") == []
    renamed_branch(maria, new)
    (told,) = found(maria, "git.branch")
    assert (told["severity"], new in told["says"]) == ("stops", True)
    assert told["do"].startswith(f"git branch -m main {new} && ")
    follow(maria, told["do"])
    assert found(maria, "git.branch") == []
    assert maria.git(DEMO, "rev-parse", "--abbrev-ref", "@{u}").strip() == f"origin/{new}"


@pytest.mark.long
def test_a_new_default_branch_that_is_here_already_is_switched_to(maria: Person) -> None:
    on_server(maria, "branch", "trunk", "main")
    maria.git(DEMO, "fetch", "-q")
    maria.git(DEMO, "branch", "trunk", "origin/trunk")
    on_server(maria, "symbolic-ref", "HEAD", "refs/heads/trunk")
    on_server(maria, "branch", "-D", "main")
    (told,) = found(maria, "git.branch")
    follow(maria, told["do"])
    assert maria.git(DEMO, "branch", "--show-current").strip() == "trunk"


@pytest.mark.long
def test_a_merged_branch_that_was_deleted_is_a_note(maria: Person) -> None:
    maria.git(DEMO, "switch", "-q", "-c", "feature")
    maria.git(DEMO, "push", "-q", "-u", "origin", "feature")
    assert found(maria, "git.branch") == []
    on_server(maria, "branch", "-D", "feature")
    (told,) = found(maria, "git.branch")
    assert told["severity"] == "note"
    follow(maria, told["do"])


@pytest.mark.long
def test_the_remote_of_another_name_is_named(maria: Person) -> None:
    maria.git(DEMO, "remote", "rename", "origin", "aws")
    renamed_branch(maria, "trunk")
    (told,) = found(maria, "git.branch")
    assert "git branch -u aws/trunk trunk" in told["do"]
    follow(maria, told["do"])


@pytest.mark.long
@pytest.mark.parametrize("words", [["switch", "-q", "--detach"], ["switch", "-q", "-c", "local"], ["switch", "-q", "--orphan", "new"]])  # fmt: skip
def test_what_follows_no_branch_is_not_accused(maria: Person, words: list[str]) -> None:
    maria.git(DEMO, *words)
    renamed_branch(maria, "trunk")
    assert found(maria, "git.branch") == []
