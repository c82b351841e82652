"""Git LFS in a clone: the clone is kept, git-lfs asks the service, and what it says is told in words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_clone import Person, commands, person, script  # noqa: F401

from ccsetup.sandbox.demo_data import REGION

pytestmark = pytest.mark.slow
FILTER = '[filter "lfs"]\n\tclean = cat\n\tsmudge = git-lfs smudge -- %f\n\trequired = true\n'
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "6" * 64 + "\nsize 5\n"
FAKE = """#!/bin/sh
case $1 in
smudge) test "$GIT_LFS_SKIP_SMUDGE" = 1 && exec cat; echo 'batch request: missing protocol' >&2; exit 2 ;;
version) echo git-lfs/3.3.0 ;;
pull) git config lfs.url > "$HOME/asked"; test ! -e "$HOME/refuse" || { cat "$HOME/refuse" >&2; exit 2; } ;;
esac
"""


@pytest.fixture
def maria(person: Person, commands: Path) -> Person:  # noqa: F811
    """A repository with a file that Git LFS keeps, and a git-lfs that does what the real one does."""
    person.profile("dev", region=REGION)
    assert person.clone("MySharedDemoRepo", "seed", "--profile", "dev").code == 0
    (person.work / "seed/.gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (person.work / "seed/a.bin").write_text(POINTER)
    (person.work / "seed/deep").mkdir()
    (person.work / "seed/deep/b c.bin").write_text(POINTER)
    person.git("seed", "add", ".")
    person.git("seed", "commit", "-qm", "Large files")
    person.git("seed", "push", "-q")
    script(commands / "git-lfs", FAKE)
    with (person.home / ".gitconfig").open("a") as file:
        file.write(FILTER)
    return person


def refuse(person: Person, text: str) -> None:  # noqa: F811
    (person.home / "refuse").write_text(text)


@pytest.mark.long
def test_git_lfs_is_asked_at_the_https_address_with_the_clones_helper(maria: Person) -> None:
    done = maria.clone("MySharedDemoRepo", "--profile", "dev")
    assert done.code == 0, done.shown
    asked = (maria.home / "asked").read_text().strip()
    assert asked == f"https://{maria.env['CODE_COMMIT_ENDPOINT']}/v1/repos/MySharedDemoRepo.git/info/lfs"
    assert maria.git("MySharedDemoRepo", "status", "--porcelain") == ""
    host = asked.split("/v1")[0]
    helpers = maria.git("MySharedDemoRepo", "config", "--get-all", f"credential.{host}.helper").splitlines()
    assert helpers[0] == ""
    assert "--profile dev" in helpers[1]
    maria.git("MySharedDemoRepo", "pull", "-q")
    again = maria.clone("MySharedDemoRepo", "--profile", "dev")
    assert again.code == 0
    assert maria.git("MySharedDemoRepo", "config", "--get-all", "lfs.url").strip() == asked


@pytest.mark.long
@pytest.mark.parametrize(("says", "words"), [
    ("batch response: Repository or object not found: https://h/v1/repos/X.git/info/lfs/objects/batch\n"
     "Check that it exists and that you have proper access to it\n", "CodeCommit doesn't have Git LFS"),
    ("batch response: Fatal error: Server error 501 from https://h/v1/repos/X.git/info/lfs/objects/batch\n",
     "CodeCommit doesn't have Git LFS"),
    ("[404] Object does not exist on the server: https://h/v1/repos/X.git/info/lfs\n", "CodeCommit doesn't have Git LFS"),
    ("batch response: Repository or object not found: https://lfs.example.com/x/objects/batch\n", "couldn't be downloaded"),
    ("Post https://h/v1/repos/X.git/info/lfs/objects/batch: dial tcp: lookup h: no such host\n", "couldn't be downloaded"),
])  # fmt: skip
def test_a_service_without_lfs_is_said_and_the_clone_is_kept(maria: Person, says: str, words: str) -> None:
    refuse(maria, says)
    done = maria.clone("MySharedDemoRepo", "--profile", "dev")
    assert done.code == 1
    assert done.problem["code"] == "git.lfs"
    assert "keeps 2 files in Git LFS" in done.problem["what"]
    assert words in done.problem["what"]
    assert (maria.work / "MySharedDemoRepo/a.bin").read_text() == POINTER
    assert maria.git("MySharedDemoRepo", "status", "--porcelain") == ""
    (maria.home / "refuse").unlink()
    maria.git("", *done.problem["next"].partition(": git ")[2].split())


def settings(maria: Person, name: str, text: str) -> None:
    (maria.work / "seed" / name).write_text(text)
    maria.git("seed", "add", ".")
    maria.git("seed", "commit", "-qm", "Settings")
    maria.git("seed", "push", "-q")


@pytest.mark.long
def test_a_server_that_the_repository_names_is_left(maria: Person) -> None:
    settings(maria, ".lfsconfig", "[lfs]\n\turl = https://lfs.example.com/x\n")
    assert maria.clone("MySharedDemoRepo", "--profile", "dev").code == 0
    assert (maria.home / "asked").read_text() == ""  # the fake one doesn't read .lfsconfig


@pytest.mark.long
def test_https_needs_no_address(maria: Person) -> None:
    assert maria.clone("MySharedDemoRepo", "--profile", "dev", "--via", "credential-helper").code == 0
    assert (maria.home / "asked").read_text() == ""


@pytest.mark.long
def test_without_git_lfs_the_commands_are_said(maria: Person, commands: Path) -> None:  # noqa: F811
    (commands / "git-lfs").unlink()
    (maria.home / ".gitconfig").write_text((maria.home / ".gitconfig").read_text().replace(FILTER, ""))
    done = maria.clone("MySharedDemoRepo", "--profile", "dev")
    assert done.code == 0
    here = f"git -C {maria.work}/MySharedDemoRepo lfs"
    assert f"{here} install && {here} pull" in done.shown
    assert (maria.work / "MySharedDemoRepo/a.bin").read_text() == POINTER


@pytest.mark.long
def test_whoever_skips_the_files_gets_none(maria: Person) -> None:
    assert maria.clone("MySharedDemoRepo", "--profile", "dev", GIT_LFS_SKIP_SMUDGE="1").code == 0
    assert not (maria.home / "asked").exists()


@pytest.mark.skipif(not shutil.which("git-lfs"), reason="needs git-lfs")
def test_the_real_git_lfs_asks_the_service(maria: Person, commands: Path) -> None:  # noqa: F811
    (commands / "git-lfs").unlink()
    config = (maria.home / ".gitconfig").read_text()
    (maria.home / ".gitconfig").write_text(config.replace("clean = cat", "clean = git-lfs clean -- %f"))
    done = maria.clone("MySharedDemoRepo", "--profile", "dev")
    assert done.code == 1
    assert "CodeCommit doesn't have Git LFS" in done.problem["what"]
    assert maria.git("MySharedDemoRepo", "status", "--porcelain") == ""
