"""Submodules after `ccsetup clone`: plain git goes on with them, with our helpers and with AWS's unmodified one."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import AwsTools
from test_clone import Person, commands, person, with_submodules  # noqa: F401

from ccsetup.sandbox.demo_data import CODE, REGION

pytestmark = pytest.mark.slow
WAYS = ["git-remote-codecommit", "credential-helper", "AWS's git-remote-codecommit"]


@pytest.fixture(params=WAYS)
def cloned(person: Person, request: pytest.FixtureRequest) -> tuple[Person, dict[str, str]]:  # noqa: F811
    """A clone with a submodule, and what git needs in the environment afterwards."""
    person.profile("dev", region=REGION)
    for name in ("web", "Lib"):
        person.sandbox.state.add_repository(CODE, REGION, name)
    more = {}
    if request.param not in WAYS[:2]:
        tools: AwsTools = request.getfixturevalue("aws_tools")
        more = {"PATH": f"{tools.folder}:{person.env['PATH']}"}
    with_submodules(person, beside="payments-api ../payments-api", named="web codecommit::us-east-2://else@web")
    via = request.param if request.param in WAYS[:2] else WAYS[0]
    done = person.clone("MySharedDemoRepo", "--profile", "dev", "--via", via)
    assert done.code == 0, done.shown
    return person, more


def grown(person: Person, name: str, repository: str, url: str) -> None:  # noqa: F811
    """Push a commit that adds a submodule."""
    commit = person.git("", "ls-remote", f"codecommit::{REGION}://dev@{repository}", "HEAD").split()[0]
    person.git("seed", "pull", "-q")
    person.git("seed", "update-index", "--add", "--cacheinfo", f"160000,{commit},{name}")
    person.git("seed", "config", "-f", ".gitmodules", f"submodule.{name}.path", name)
    person.git("seed", "config", "-f", ".gitmodules", f"submodule.{name}.url", url)
    person.git("seed", "add", ".gitmodules")
    person.git("seed", "commit", "-qm", "One more")
    person.git("seed", "push", "-q")


def test_git_goes_on_with_submodules_by_itself(cloned: tuple[Person, dict[str, str]]) -> None:
    person, more = cloned  # noqa: F811
    before = (person.home / ".gitconfig").read_text()
    person.git("MySharedDemoRepo", "submodule", "update", **more)
    # a new work tree
    person.git("MySharedDemoRepo", "worktree", "add", "-q", "-b", "side", "../tree", **more)
    person.git("tree", "submodule", "update", "--init", **more)
    assert (person.work / "tree/beside/README.md").is_file()
    assert (person.work / "tree/named/README.md").is_file()
    # added upstream
    grown(person, "later", "Lib", "../Lib")
    person.git("MySharedDemoRepo", "pull", "-q", **more)
    person.git("MySharedDemoRepo", "submodule", "update", "--init", **more)
    assert (person.work / "MySharedDemoRepo/later/README.md").is_file()
    assert person.git("MySharedDemoRepo", "status", "--porcelain") == ""
    # thrown away, and back again
    person.git("MySharedDemoRepo", "submodule", "deinit", "-f", "--all", **more)
    person.git("MySharedDemoRepo", "submodule", "update", "--init", **more)
    # and the addresses in .gitmodules taken over
    person.git("MySharedDemoRepo", "submodule", "sync", **more)
    person.git("MySharedDemoRepo", "submodule", "foreach", "git fetch", **more)
    assert (person.home / ".gitconfig").read_text() == before
    assert not (person.home / ".config").exists()


@pytest.mark.long
def test_submodules_of_a_submodule_that_come_later(person: Person) -> None:  # noqa: F811
    person.profile("dev", region=REGION)
    for name in ("outer", "inner"):
        person.sandbox.state.add_repository(CODE, REGION, name)
    with_submodules(person, beside="payments-api ../payments-api")
    assert person.clone("MySharedDemoRepo", "--profile", "dev").code == 0
    commit = person.git("", "ls-remote", f"codecommit::{REGION}://dev@inner", "HEAD").split()[0]
    person.git("", "clone", "-q", f"codecommit::{REGION}://dev@outer", "o")
    person.git("o", "update-index", "--add", "--cacheinfo", f"160000,{commit},deep")
    (person.work / "o/.gitmodules").write_text('[submodule "deep"]\n\tpath = deep\n\turl = ../inner\n')
    person.git("o", "add", ".gitmodules")
    person.git("o", "commit", "-qm", "Deep")
    person.git("o", "push", "-q")
    grown(person, "outer", "outer", "../outer")
    person.git("MySharedDemoRepo", "pull", "-q")
    person.git("MySharedDemoRepo", "submodule", "update", "--init", "--recursive")
    assert (person.work / "MySharedDemoRepo/outer/deep/README.md").is_file()


@pytest.mark.long
def test_an_older_clone_gets_the_hook_by_the_same_command(person: Person, tmp_path: Path) -> None:  # noqa: F811
    person.profile("dev", region=REGION)
    with_submodules(person, beside="payments-api ../payments-api")
    assert person.clone("MySharedDemoRepo", "--profile", "dev").code == 0
    hook = person.work / "MySharedDemoRepo/.git/hooks/post-index-change"
    hook.unlink()
    assert person.clone("MySharedDemoRepo", "--profile", "dev").code == 0
    assert hook.is_file()


@pytest.mark.long
def test_where_the_hook_cannot_be_the_command_is_said(person: Person) -> None:  # noqa: F811
    person.profile("dev", region=REGION)
    with_submodules(person, beside="payments-api ../payments-api")
    (person.home / ".gitconfig").open("a").write("[core]\nhooksPath = ~/hooks\n")
    done = person.clone("MySharedDemoRepo", "--profile", "dev")
    assert done.code == 0
    assert "core.hooksPath is set to ~/hooks" in done.shown
    assert f"ccsetup clone codecommit::us-east-2://dev@MySharedDemoRepo {person.work}/MySharedDemoRepo" in done.shown
