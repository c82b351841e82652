"""Hostile repositories, cloned with everything around them watched: nothing but the new folder may change."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hostile_repositories as hostile
import pytest
from hostile_repositories import FILE, LINK, MODULE, PROGRAM, TREE, Entry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from often import examples
from test_clone import Person, commands, person  # noqa: F401

from ccsetup.core.errors import Problem
from ccsetup.core.model import CloneResult, Route
from ccsetup.git import submodule_names
from ccsetup.git.repository import Git
from ccsetup.sandbox.demo_data import CODE, REGION

pytestmark = pytest.mark.slow

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes here")


class Place:
    """A home full of things that are dear to somebody, a work folder, and repositories beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.work = folder, folder / "home", folder / "home" / "work"
        for name, text in (
            (".ssh/id_ed25519", "a private key"), ("Documents/thesis.txt", "three years"), (".aws/credentials", "[dev]\n"),
            ("work/mine", "mine"), ("work/other/.git/config", "[core]\n\tbare = false\n"), ("modules/x", "x"),
        ):  # fmt: skip
            (self.home / name).parent.mkdir(parents=True, exist_ok=True)
            (self.home / name).write_text(text)
        (self.home / ".gitconfig").write_text(
            "[user]\n\tname = Maria\n\temail = m@example.com\n[protocol]\n\tallow = always\n"
        )
        self.git = Git({"PATH": os.environ["PATH"], "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1"}, self.home)
        self.sub = hostile.bare(folder / "sub.git", [(FILE, "inside", b"inside\n")])
        self.target = self.work / "clone"

    def route(self, name: str) -> Route:
        return Route("file", f"file://{self.folder}/{name}.git")

    def serve(self, entries: Sequence[Entry]) -> None:
        hostile.bare(self.folder / "evil.git", entries)

    def clone(self) -> tuple[CloneResult, list[Problem]]:
        """Clone with all submodules, as the story does; return what became of it."""
        result, problems = self.git.clone(self.route("evil"), self.target, "", lambda *step: None), []
        for submodule in self.git.submodules(self.target):
            try:
                self.git.fetch_submodule(self.target, submodule, self.route("sub"), lambda *step: None)
            except Problem as refused:
                problems.append(refused)
        return result, problems

    def watched(self) -> Callable[[], None]:
        """Remember everything outside the new folder; the result asserts that all of it is the same."""
        before = hostile.around(self.folder, self.target)

        def same() -> None:
            after = hostile.around(self.folder, self.target)
            assert {path for path in before | after if before.get(path) != after.get(path)} == set()

        return same


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


EVIL: dict[str, list[Entry]] = {
    "a tree named ..": [(TREE, "..", [(TREE, "..", [(TREE, ".ssh", [(FILE, "id_ed25519", b"theirs")])])])],
    "a tree named .. with a home in it": [
        (TREE, "..", [(TREE, "..", [(TREE, "home", [(TREE, ".ssh", [(FILE, "id_ed25519", b"theirs")])])])])
    ],
    "a file named ..": [(FILE, "..", b"theirs")],
    "a tree named .git": [(TREE, ".git", [(TREE, "hooks", [(PROGRAM, "post-checkout", b"#!/bin/sh\ntouch ~/ran\n")])])],
    "a tree named .GIT": [(TREE, ".GIT", [(FILE, "config", b"[core]\n\tfsmonitor = touch ~/ran\n")])],
    "a tree named git~1": [(TREE, "git~1", [(FILE, "config", b"theirs")])],
    "a .gitmodules that is a link": [(LINK, ".gitmodules", b"../mine")],
    "a name with a slash": [(FILE, "../mine", b"theirs")],
    "an absolute name": [(FILE, "/tmp/evil-absolute-name", b"theirs")],
    "an empty name": [(FILE, "", b"theirs")],
    "a folder behind a link": [(LINK, "a", b"../../Documents"), (TREE, "a", [(FILE, "thesis.txt", b"theirs")])],
    "a name of ccsetup's own": [(TREE, ".ccsetup-0123456789abcdef", [(FILE, "f", b"theirs")])],
}


@LINUX
@pytest.mark.parametrize("there", [False, True], ids=["new directory", "empty directory"])
@pytest.mark.parametrize("case", EVIL)
def test_whatever_a_tree_holds_nothing_but_the_new_folder_changes(place: Place, case: str, there: bool) -> None:
    place.serve([*EVIL[case], (FILE, "README", b"hello\n")])
    if there:
        place.target.mkdir()
    same = place.watched()
    try:
        result, _ = place.clone()
        assert result.commit
    except Problem as refused:
        assert refused.code in ("git.failed", "access.git")
        assert not there or list(place.target.iterdir()) == []
    same()
    assert not (place.home / "ran").exists()


MODULES = {
    "../../../../home/Documents": "sub",
    "../../../Documents": "sub",
    "..": "sub",
    "x/../../y": "sub",
    "fine": "../../Documents",
    "absolute": "/tmp/evil-absolute-path",
    "/etc": "sub",
    ".git": "sub",
    "a/.GIT/b": "sub",
    "git~1": "sub",
    ".git. ": "sub",
    ".g\u200cit": "sub",
    "back\\slash": "sub",
    "C:drive": "sub",
    "-option": "sub",
    "option": "-sub",
    "git": ".git",
    "hooks": ".git/hooks",
    "modules": "sub/.Git/x",
}


@LINUX
@pytest.mark.parametrize(("name", "path"), MODULES.items())
def test_a_submodule_that_git_would_not_have_is_refused_and_touches_nothing(place: Place, name: str, path: str) -> None:
    modules = {"good": ("good", "../sub"), name: (path, "../sub")}
    entries: list[Entry] = [(FILE, ".gitmodules", hostile.gitmodules(modules)), (MODULE, "good", place.sub)]
    deep: list[Entry] = [(MODULE, path.rpartition("/")[2], place.sub)]
    for part in reversed(path.split("/")[:-1]):
        deep = [(TREE, part, deep)]
    place.serve([*entries, *deep])
    same = place.watched()
    assert submodule_names.fault(name, path)
    try:
        result, problems = place.clone()
    except Problem:  # a tree that git itself does not fetch
        assert not place.target.exists()
        same()
        return
    same()
    if result.problem is None:  # git checked out the tree: then the good one is there and the other is not
        assert (place.target / "good/inside").is_file()
        assert len(problems) == 1
        assert list((place.target / "sub").glob("*")) == []
    assert list((place.target / ".git").glob("modules/*")) in ([], [place.target / ".git/modules/good"])


def test_names_and_paths_that_git_takes_are_taken() -> None:
    for name in (
        "lib",
        "lib/sub",
        "a.b",
        "..a",
        "a..",
        ".gitx",
        "x.git",
        "vendor/lib.git",
        "ü",
        "with blank",
        "git~2",
        "a-b",
    ):
        assert submodule_names.fault(name, name) == ""


def test_a_submodule_below_a_link_that_somebody_has_made_is_refused(place: Place) -> None:
    modules = hostile.gitmodules({"deep": ("a/deep", "../sub")})
    place.serve([(FILE, ".gitmodules", modules), (TREE, "a", [(MODULE, "deep", place.sub)])])
    place.git.clone(place.route("evil"), place.target, "", lambda *step: None)
    (place.target / "a/deep").rmdir()
    (place.target / "a").rmdir()
    (place.target / "a").symlink_to(place.home / "Documents")
    same = place.watched()
    [submodule] = place.git.submodules(place.target)
    with pytest.raises(Problem, match="goes through a symbolic link"):
        place.git.fetch_submodule(place.target, submodule, place.route("sub"), lambda *step: None)
    same()


def test_a_submodules_folder_that_somebody_has_filled_is_left_alone(place: Place) -> None:
    place.serve([(FILE, ".gitmodules", hostile.gitmodules({"lib": ("lib", "../sub")})), (MODULE, "lib", place.sub)])
    place.git.clone(place.route("evil"), place.target, "", lambda *step: None)
    (place.target / "lib/mine").write_text("mine")
    [submodule] = place.git.submodules(place.target)
    with pytest.raises(Problem, match="isn't empty"):
        place.git.fetch_submodule(place.target, submodule, place.route("sub"), lambda *step: None)
    assert [path.name for path in (place.target / "lib").iterdir()] == ["mine"]
    assert not (place.target / ".git/modules").exists()


def test_a_submodule_whose_commit_is_on_no_branch_is_fetched_by_its_name(place: Place) -> None:
    server = place.folder / "sub.git"
    hostile.git(server, "config", "uploadpack.allowAnySHA1InWant", "true")
    hidden = hostile.commit(server, [(FILE, "hidden", b"hidden\n")], "away")
    hostile.git(server, "update-ref", "-d", "refs/heads/away")
    place.serve([(FILE, ".gitmodules", hostile.gitmodules({"lib": ("lib", "../sub")})), (MODULE, "lib", hidden)])
    assert place.clone()[1] == []
    assert [path.name for path in (place.target / "lib").iterdir() if path.name != ".git"] == ["hidden"]
    assert place.git.do(place.target, "status", "--porcelain") == ""
    assert place.git.do(place.target, "submodule", "status").startswith(f" {hidden} lib")


def test_a_submodule_that_git_has_kept_is_brought_back_by_git(place: Place) -> None:
    place.serve([(FILE, ".gitmodules", hostile.gitmodules({"lib": ("lib", "../sub")})), (MODULE, "lib", place.sub)])
    assert place.clone()[1] == []
    place.git.do(place.target, "submodule", "deinit", "-f", "lib")
    [submodule] = place.git.submodules(place.target)
    assert (
        place.git.fetch_submodule(place.target, submodule, place.route("sub"), lambda *step: None).commit == place.sub
    )
    assert (place.target / "lib/inside").is_file()


NAMES = st.sampled_from(
    [
        "..",
        ".",
        ".git",
        ".GIT",
        ".gitmodules",
        "git~1",
        "a",
        "A",
        "b",
        "-x",
        "a\\b",
        "C:",
        "x y",
        "é",
        "..\\mine",
        "mine",
        ".ccsetup-0",
    ]
)
CONTENT = st.sampled_from([b"", b"hello\n", b"../../Documents", b"/etc", b".git", b"../../.ssh/id_ed25519"])
TARGETS = st.sampled_from(
    [
        "sub",
        "a/b",
        "../mine",
        "../../Documents",
        ".git/hooks",
        "a",
        "/tmp/evil",
        "-x",
        ".",
        "",
        "sub/../../mine",
        "a\\b",
    ]
)


def entries(depth: int) -> st.SearchStrategy[list[Entry]]:
    files = st.tuples(st.sampled_from([FILE, PROGRAM, LINK]), NAMES, CONTENT)
    modules = st.tuples(st.just(MODULE), NAMES, st.just("@"))
    one = files | modules
    if depth:
        one |= st.tuples(st.just(TREE), NAMES, entries(depth - 1))
    return st.lists(one, min_size=1, max_size=4, unique_by=lambda entry: entry[1])


def with_commit(tree: Sequence[Entry], commit: str) -> Iterator[Entry]:
    for mode, name, content in tree:
        if content == "@":
            yield mode, name, commit
        else:
            yield mode, name, content if isinstance(content, (bytes, str)) else list(with_commit(content, commit))


@LINUX
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=entries(2), modules=st.dictionaries(TARGETS.filter(bool), TARGETS, max_size=4), there=st.booleans())
def test_whatever_a_repository_is_nothing_but_the_new_folder_changes(
    tmp_path_factory: pytest.TempPathFactory, tree: list[Entry], modules: dict[str, str], there: bool
) -> None:
    place = Place(tmp_path_factory.mktemp("place"))
    told = hostile.gitmodules({name: (path, "../sub") for name, path in modules.items()})
    own = [entry for entry in with_commit(tree, place.sub) if entry[1] != ".gitmodules" or not modules]
    place.serve([*own, *([(FILE, ".gitmodules", told)] if modules else [])])
    if there:
        place.target.mkdir()
    same = place.watched()
    try:
        place.clone()
    except Problem as refused:
        assert refused.what.endswith(".")
    same()
    assert not [path.name for path in place.work.iterdir() if path.name.startswith(".ccsetup-")]


def test_a_repository_that_cannot_be_checked_out_is_kept_and_says_so_every_time(place: Place) -> None:
    place.serve([(TREE, "..", [(FILE, "mine", b"theirs")]), (FILE, "README", b"hello\n")])
    first = place.clone()[0]
    again = place.git.fetch(place.target)
    for result in (first, again):
        assert result.problem is not None
        assert result.problem.code == "git.checkout"
        assert "../mine" in result.problem.why
        assert f"git -C {place.target} checkout -f" in result.problem.next
    assert place.git.do(place.target, "cat-file", "-p", f"{first.commit}:README") == "hello\n"
    argv = ["git", "-C", str(place.target), "checkout", "-f"]
    assert subprocess.run(argv, capture_output=True, check=False).returncode  # what is advised does no harm either
    assert (place.work / "mine").read_text() == "mine"


def dear(person: Person) -> dict[str, Any]:  # noqa: F811
    """Put what is dear to somebody around the clone, and return all of it."""
    for name in (".ssh/id_ed25519", "Documents/thesis.txt", "work-of-mine/f"):
        (person.home / name).parent.mkdir(parents=True, exist_ok=True)
        (person.home / name).write_text("mine")
    (person.work / "mine").write_text("mine")
    return around(person)


def around(person: Person) -> dict[str, Any]:  # noqa: F811
    new = person.work / "MySharedDemoRepo"
    return {**hostile.around(person.home), **hostile.around(person.work, new)}


def served(person: Person, entries: Sequence[Entry]) -> None:  # noqa: F811
    """Put a commit of these entries on the server's default branch, as somebody may who can push."""
    it = person.sandbox.state.repositories[(CODE, REGION, "MySharedDemoRepo")]
    hostile.commit(person.sandbox._disk.path(it), entries)


def test_the_issues_submodule_takes_no_folder_away(person: Person) -> None:  # noqa: F811
    person.profile("dev", region=REGION)
    payments = person.sandbox._disk.path(person.sandbox.state.repositories[(CODE, REGION, "payments-api")])
    commit = hostile.git(payments, "rev-parse", "HEAD")
    evil = os.path.relpath(person.home / "Documents", person.work / "MySharedDemoRepo/.git/modules")
    modules = hostile.gitmodules({"good": ("good", "../payments-api"), evil: ("evil", "../payments-api")})
    served(person, [(FILE, ".gitmodules", modules), (MODULE, "good", commit), (MODULE, "evil", commit)])
    before = dear(person)
    done = person.clone("MySharedDemoRepo")
    assert around(person) == before
    assert (done.code, done.problem["code"]) == (1, "git.failed"), done.shown
    assert done.said["clone"]["directory"] == str(person.work / "MySharedDemoRepo")
    assert "which could point outside its folder" in done.problem["what"]
    assert (person.work / "MySharedDemoRepo/good/README.md").is_file()


@LINUX
@pytest.mark.parametrize("case", EVIL)
def test_the_program_as_a_whole_changes_nothing_around_a_hostile_clone(person: Person, case: str) -> None:  # noqa: F811
    person.profile("dev", region=REGION)
    served(person, [*EVIL[case], (FILE, "README", b"hello\n")])
    before = dear(person)
    done = person.clone("MySharedDemoRepo")
    assert around(person) == before
    assert (done.code, done.said["ok"]) in ((0, True), (1, False)), done.shown
    assert done.code == 0 or done.problem["code"] in ("git.checkout", "git.failed"), done.shown
