"""A clone says it worked when it did: servers that answer nothing, pages or half of it, and checkouts that fail."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from terminal import program
from test_clone import Person, commands, person, pulls_and_pushes, script, with_submodules  # noqa: F401

from ccsetup.core.errors import Problem
from ccsetup.git.branches import Heads, chosen
from ccsetup.sandbox import git_http
from ccsetup.sandbox.demo_data import CODE, REGION

pytestmark = pytest.mark.slow

PAGE = "<html><body>Sign in to go on</body></html>"
SMART = "application/x-git-upload-pack-advertisement"


@pytest.fixture
def dev(person: Person) -> Person:  # noqa: F811
    person.profile("dev", region=REGION)
    return person


def answering(monkeypatch: pytest.MonkeyPatch, body: str, kind: str = "text/html", after: int = 0) -> None:
    """Have the git endpoint answer 200 with this body, from the request `after` that many on."""
    real, count = git_http.Backend.serve, [0]

    def serve(
        self: Any, visit: Any, request: Any, given: Any, begin: Callable[..., None], send: Callable[..., None]
    ) -> None:
        count[0] += 1
        if count[0] <= after:
            real(self, visit, request, given, begin, send)
            return
        for _ in given:
            pass
        begin(200, {"Content-Type": kind})
        if body:
            send(body.encode())

    monkeypatch.setattr(git_http.Backend, "serve", serve)


def repository(person: Person, name: str) -> Path:  # noqa: F811
    """Return the repository of a name on the server's disk, made if it was not there."""
    it = person.sandbox.state.repositories[(CODE, REGION, name)]
    return person.sandbox._disk.path(it)


ANSWERS = {
    "nothing": ("", "text/plain"),
    "nothing, as git's own": ("", SMART),
    "a page in one line": (PAGE, "text/html"),
    "a page": (f"{PAGE}\n", "text/html; charset=utf-8"),
    "a page in many lines": (PAGE.replace("><", ">\n\t<"), "text/html"),
    "a page as git's own": (f"{PAGE}\n", SMART),
}


@pytest.mark.parametrize("name", ["MySharedDemoRepo", "empty"])
@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_is_not_gits_is_a_problem_and_never_an_empty_repository(
    dev: Person, monkeypatch: pytest.MonkeyPatch, case: str, name: str
) -> None:
    answering(monkeypatch, *ANSWERS[case])
    done = dev.clone(name)
    assert (done.code, done.problem["code"], done.said["clone"]) == (1, "access.git", None), done.shown
    assert "cloned" not in done.shown
    assert list(dev.work.iterdir()) == []


@pytest.mark.parametrize("after", [1, 2])  # a clone makes three requests
def test_an_endpoint_that_stops_speaking_git_half_way_is_a_problem(
    dev: Person, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    answering(monkeypatch, "", after=after)
    done = dev.clone("MySharedDemoRepo")
    assert (done.code, done.said["ok"], done.said["clone"]) == (1, False, None), done.shown
    assert list(dev.work.iterdir()) == []


def test_a_clone_asks_gits_server_no_more_than_git_clone_does(dev: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "", after=3)  # which protocol, which branches, and the objects
    assert dev.clone("MySharedDemoRepo").code == 0
    assert (dev.work / "MySharedDemoRepo/README.md").is_file()


@pytest.mark.long
def test_an_api_that_names_a_branch_and_a_git_that_shows_none_contradict_each_other(
    dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = repository(dev, "MySharedDemoRepo")
    empty = repository(dev, "empty")
    real = git_http.Backend._environment

    def elsewhere(self: Any, visit: Any, request: Any) -> dict[str, str]:
        told = real(self, visit, request)
        return {name: value.replace(place.name, empty.name) for name, value in told.items()}

    monkeypatch.setattr(git_http.Backend, "_environment", elsewhere)
    done = dev.clone("MySharedDemoRepo")
    assert (done.code, done.problem["code"]) == (1, "access.git")
    assert "default branch of MySharedDemoRepo is main, but git doesn't list any branches" in done.problem["what"]
    assert list(dev.work.iterdir()) == []


def test_a_fetch_that_brings_no_branch_is_a_problem_and_prunes_nothing(
    dev: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dev.clone("MySharedDemoRepo").code == 0
    dev.git("", "config", "--global", "fetch.prune", "true")
    before = dev.git("MySharedDemoRepo", "for-each-ref")
    answering(monkeypatch, "", after=2)  # git ls-remote is answered, git fetch is not
    done = dev.clone("MySharedDemoRepo")
    assert (done.code, done.problem["code"]) == (1, "access.git"), done.shown
    assert "✓ fetched" not in done.shown
    assert dev.git("MySharedDemoRepo", "for-each-ref") == before


@pytest.mark.long
def test_a_head_that_names_no_branch_leaves_the_choice_to_the_api_or_to_the_only_branch(dev: Person) -> None:
    place = repository(dev, "MySharedDemoRepo")
    dev.sandbox._disk.git(place, "update-ref", "-d", "refs/heads/develop")
    for name in dev.sandbox._disk.git(place, "for-each-ref", "--format=%(refname)", "refs/heads").split():
        if name != "refs/heads/main":
            dev.sandbox._disk.git(place, "update-ref", "-d", name)
    dev.sandbox._disk.git(place, "symbolic-ref", "HEAD", "refs/heads/deleted")
    done = dev.clone("MySharedDemoRepo")
    assert (done.code, bool(done.said["clone"]["commit"])) == (0, True), done.shown
    assert (dev.work / "MySharedDemoRepo/README.md").is_file()
    assert dev.git("MySharedDemoRepo", "rev-parse", "--abbrev-ref", "origin/HEAD") == "origin/main\n"
    pulls_and_pushes(dev, "MySharedDemoRepo")


@pytest.mark.long
def test_a_head_that_names_no_branch_of_several_is_a_problem_that_says_how_to_choose(dev: Person) -> None:
    place = repository(dev, "MySharedDemoRepo")
    dev.sandbox._disk.git(place, "symbolic-ref", "HEAD", "refs/heads/deleted")
    done = dev.clone("MySharedDemoRepo")
    assert (done.code, done.said["clone"]) == (1, None), done.shown
    assert "doesn't have a default branch" in done.problem["what"]
    assert "main" in done.problem["why"]
    assert "--branch " in done.problem["next"]
    assert list(dev.work.iterdir()) == []
    taken = dev.clone("MySharedDemoRepo", "--branch", "develop")
    assert taken.code == 0, taken.shown
    assert dev.git("MySharedDemoRepo", "status", "--porcelain", "--branch").strip() == "## develop...origin/develop"


@pytest.mark.long
def test_a_server_that_sends_no_symref_is_understood(dev: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    place = repository(dev, "MySharedDemoRepo")
    monkeypatch.setattr("ccsetup.sandbox.repositories.Repositories.default_branch", lambda *told: "")
    (place / "HEAD").write_text(dev.sandbox._disk.git(place, "rev-parse", "refs/heads/develop"))
    done = dev.clone("MySharedDemoRepo")
    assert done.code == 0, done.shown
    assert dev.git("MySharedDemoRepo", "status", "--porcelain", "--branch").strip() == "## develop...origin/develop"


HEADS = Heads({"main": "1" * 40, "develop": "2" * 40, "same": "1" * 40}, "", "")


@pytest.mark.parametrize(
    ("asked", "default", "there", "branch"),
    [
        ("develop", "main", HEADS, "develop"),
        ("", "main", HEADS._replace(head="main"), "main"),
        ("", "", HEADS._replace(head="develop"), "develop"),
        ("", "main", HEADS, "main"),
        ("", "", HEADS._replace(at="2" * 40), "develop"),
        ("", "", Heads({"only": "1" * 40}), "only"),
        ("", "", Heads({}), ""),
    ],
)
def test_the_branch_is_the_persons_then_the_apis_then_gits(asked: str, default: str, there: Heads, branch: str) -> None:
    assert chosen(asked, default, there, "R") == branch


@pytest.mark.parametrize(
    ("asked", "default", "there", "says"),
    [
        ("gone", "main", HEADS, "R doesn't have a branch named gone."),
        ("", "main", Heads({}), "is main, but git doesn't list any branches."),
        ("", "gone", HEADS, "is gone, but git doesn't list a branch with that name."),
        ("", "main", HEADS._replace(head="develop"), "is main, but git reports develop as the HEAD branch."),
        ("", "", HEADS, "doesn't have a default branch"),
        ("", "", HEADS._replace(at="1" * 40), "doesn't have a default branch"),
        ("any", "", Heads({}), "R doesn't have a branch named any."),
    ],
)
def test_where_nothing_decides_the_branches_are_named(asked: str, default: str, there: Heads, says: str) -> None:
    with pytest.raises(Problem) as problem:
        chosen(asked, default, there, "R")
    assert says in problem.value.what
    assert problem.value.next


def test_a_branch_that_is_offered_is_quoted_for_the_shell() -> None:
    with pytest.raises(Problem) as problem:
        chosen("", "", Heads({"$(touch x)": "1", "b": "2"}), "R")
    assert problem.value.next.endswith("--branch '$(touch x)'")


@pytest.mark.long
def test_a_machine_that_prefers_sha256_clones_all_the_same(dev: Person) -> None:
    for name in ("MySharedDemoRepo", "empty"):
        done = dev.clone(name, GIT_DEFAULT_HASH="sha256")
        assert done.code == 0, done.shown
        assert dev.git(name, "rev-parse", "--show-object-format") == "sha1\n"
        pulls_and_pushes(dev, name)


def test_an_empty_repository_says_so(dev: Person) -> None:
    done = dev.clone("empty")
    assert (done.code, done.said["clone"]["commit"]) == (0, None)
    assert "✓ cloned    ./empty (empty repository)" in done.shown
    assert "empty (empty repository)" in done.shown


def hook(person: Person, body: str) -> None:  # noqa: F811
    """Give the person a post-checkout hook for all clones."""
    script(person.home / "hooks/post-checkout", f"#!/bin/sh\n{body}\n")
    person.git("", "config", "--global", "core.hooksPath", str(person.home / "hooks"))


def kept(person: Person, done: Any, *words: str) -> dict[str, str]:  # noqa: F811
    """Make sure that a clone is kept, that the result says so, and that this is git's own word; return the problem."""
    clone = person.work / "MySharedDemoRepo"
    assert (done.code, done.said["ok"]) == (1, False), done.shown
    assert done.said["clone"]["directory"] == str(clone)
    assert done.said["clone"]["commit"] == person.git("MySharedDemoRepo", "rev-parse", "HEAD").strip()
    assert person.git("MySharedDemoRepo", "fsck", "--connectivity-only") == ""
    assert (done.problem["code"], "is complete" in done.problem["what"]) == ("git.checkout", True)
    assert all(word in done.problem["why"] for word in words), done.problem
    assert f"git -C {clone} checkout" in done.problem["next"]
    assert [path.name for path in person.work.iterdir()] == ["MySharedDemoRepo"]
    return done.problem  # type: ignore[no-any-return]


def finished(person: Person, problem: dict[str, str]) -> None:  # noqa: F811
    """Do what the problem says, and find the clone as it should be."""
    command = problem["next"].partition(": ")[2]
    subprocess.run(["sh", "-c", command], env=dict(person.env), check=True, capture_output=True)
    assert person.git("MySharedDemoRepo", "status", "--porcelain") == ""
    pulls_and_pushes(person, "MySharedDemoRepo")


@pytest.mark.long
def test_a_post_checkout_hook_that_fails_keeps_the_clone_and_says_what_it_said(dev: Person) -> None:
    hook(
        dev, f'pwd >> {dev.home}/where; echo "$@" >> {dev.home}/where; echo no tools here >&2; test -e {dev.home}/tools'
    )
    done = dev.clone("MySharedDemoRepo")
    problem = kept(dev, done, "no tools here")
    assert "post-checkout hook failed" in problem["what"]
    commit = done.said["clone"]["commit"]
    assert (dev.home / "where").read_text() == f"{dev.work}/MySharedDemoRepo\n{'0' * 40} {commit} 1\n"
    (dev.home / "tools").touch()
    finished(dev, problem)
    assert dev.clone("MySharedDemoRepo").code == 0


@pytest.mark.long
def test_a_post_checkout_hook_that_works_runs_once_where_the_clone_is(dev: Person) -> None:
    hook(dev, f"pwd >> {dev.home}/where")
    assert dev.clone("MySharedDemoRepo").code == 0
    (dev.work / "here").mkdir()
    assert dev.clone("payments-api", "here").code == 0
    assert (dev.home / "where").read_text().split() == [f"{dev.work}/MySharedDemoRepo", f"{dev.work}/here"]


@pytest.mark.long
def test_an_older_git_runs_the_hook_by_a_checkout(dev: Person, commands: Path) -> None:  # noqa: F811
    hook(dev, f"pwd >> {dev.home}/where; exit 3")
    said = "git: 'hook' is not a git command. See 'git --help'."
    old = f'case "$*" in *"hook run"*) echo "{said}" >&2; exit 1;; esac'
    script(commands / "git", f'#!/bin/sh\n{old}\nexec /usr/bin/git "$@"\n')
    kept(dev, dev.clone("MySharedDemoRepo"))
    assert (dev.home / "where").read_text() == f"{dev.work}/MySharedDemoRepo\n"


def smudged(person: Person, name: str, body: str) -> None:  # noqa: F811
    """Push a file to MySharedDemoRepo that goes through a filter, which is then of this body."""
    for key, value in (("smudge", "cat"), ("clean", "cat"), ("required", "true")):
        person.git("", "config", "--global", f"filter.{name}.{key}", value)
    assert person.clone("MySharedDemoRepo", "seed", "--profile", "dev").code == 0
    (person.work / "seed/.gitattributes").write_text(f"*.bin filter={name}\n")
    (person.work / "seed/large.bin").write_text("version https://git-lfs.github.com/spec/v1\n")
    person.git("seed", "add", ".")
    person.git("seed", "commit", "-qm", "A large file")
    person.git("seed", "push", "-q")
    subprocess.run(["rm", "-rf", person.work / "seed"], check=True)
    person.git("", "config", "--global", f"filter.{name}.smudge", body)


@pytest.mark.long
@pytest.mark.parametrize("there", [False, True], ids=["new directory", "empty directory"])
def test_a_filter_without_its_server_keeps_the_clone_and_the_files_that_are_there(dev: Person, there: bool) -> None:
    smudged(dev, "lfs", "echo 'batch request: missing protocol: \"\"' >&2; false")
    if there:
        (dev.work / "MySharedDemoRepo").mkdir()
    problem = kept(dev, dev.clone("MySharedDemoRepo"), "missing protocol", "large.bin: smudge filter lfs failed")
    again = dev.clone("MySharedDemoRepo")
    assert (again.code, again.problem["code"]) == (1, "git.checkout"), again.shown  # it is still not whole
    dev.git("", "config", "--global", "filter.lfs.smudge", "cat")
    finished(dev, problem)
    assert dev.clone("MySharedDemoRepo").code == 0


def test_a_clone_with_nothing_checked_out_is_checked_out_by_the_next_run(dev: Person) -> None:
    dev.git(
        "",
        "clone",
        "-q",
        "--no-checkout",
        f"codecommit::{REGION}://dev@MySharedDemoRepo",
        str(dev.work / "MySharedDemoRepo"),
    )
    (dev.work / "MySharedDemoRepo/mine").write_text("mine")
    assert dev.clone("MySharedDemoRepo").code == 0
    assert dev.git("MySharedDemoRepo", "status", "--porcelain") == "?? mine\n"


@pytest.mark.long
def test_what_git_warns_of_is_passed_on(dev: Person) -> None:
    dev.git("", "config", "--global", "init.templateDir", str(dev.home / "no-templates"))
    done = dev.clone("MySharedDemoRepo")
    assert done.code == 0
    assert "warning: templates not found" in done.shown


@pytest.mark.long
def test_a_submodules_hook_that_fails_keeps_it_too(dev: Person) -> None:
    with_submodules(dev, beside="payments-api ../payments-api")
    hook(dev, "case $(pwd) in */beside) echo no tools >&2; exit 1;; esac")
    done = dev.clone("MySharedDemoRepo", "--profile", "dev")
    assert (done.code, done.problem["code"]) == (1, "git.checkout"), done.shown
    assert "no tools" in done.problem["why"]
    assert (dev.work / "MySharedDemoRepo/beside/README.md").is_file()
    assert dev.git("MySharedDemoRepo", "status", "--porcelain") == ""


@pytest.mark.skipif(os.name != "posix", reason="limits are set by a shell")
@pytest.mark.parametrize("there", [False, True], ids=["new directory", "empty directory"])
def test_a_disk_that_takes_no_more_keeps_the_clone(dev: Person, there: bool) -> None:
    it = dev.sandbox.state.add_repository(CODE, REGION, "large", files={"zeros": bytes(4_000_000)})
    if there:
        (dev.work / "large").mkdir()
    command = shlex.join([program(), "clone", it.name, "--yes", "--no-input", "--json"])
    argv = ["sh", "-c", f"ulimit -f 2000; exec {command}"]  # about a megabyte: the pack fits, the file does not
    done = subprocess.run(argv, env=dict(dev.env), cwd=dev.work, capture_output=True, text=True, check=False)
    said = json.loads(done.stdout)
    assert (done.returncode, said["problems"][0]["code"]) == (1, "git.checkout"), done.stderr
    assert said["clone"]["directory"] == str(dev.work / "large")
    assert dev.git("large", "fsck", "--connectivity-only") == ""
    dev.git("large", "checkout", "-f")
    assert (dev.work / "large/zeros").stat().st_size == 4_000_000
    assert dev.git("large", "status", "--porcelain") == ""


@pytest.mark.long
def test_the_folder_one_is_in_is_filled_where_it_is_empty(dev: Person) -> None:
    done = dev.clone("MySharedDemoRepo", ".")
    assert done.code == 0, done.shown
    assert sorted(path.name for path in dev.work.iterdir() if path.name.startswith(".")) == [".git"]
    assert dev.clone("MySharedDemoRepo", ".").code == 0
    (dev.work / "mine").write_text("mine")
    assert dev.clone("payments-api", ".").code == 1
    pulls_and_pushes(dev, ".")
