"""Clones of every shape that git makes: what git will use is asked of git, and advice names its remote and its file."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from homes import fixed
from test_clone_settings import GITHUB, HTTPS, RIGHT, Clone, at_once, remote  # noqa: F401

MISSPELLED = RIGHT.replace("dev@", "devv@")
PAIR = "[credential]\n\thelper =\n\thelper = !aws codecommit credential-helper --profile dev $@\n\tuseHttpPath = true\n"


class Shape:
    """A clone of one shape with this address, the folder one stands in, its remote, and the file of its settings."""

    def __init__(self, folder: Path, shape: str, url: str) -> None:
        self.here = Clone(folder, "")
        self.at, self.remote, self.file = self.here.folder, "origin", self.here.config
        self.url = url
        getattr(self, shape.replace(" ", "_"))()

    def git(self, *words: str, at: Path | None = None) -> str:
        done = subprocess.run(["git", *words], cwd=at or self.at, env=self.here.env, capture_output=True, text=True, check=True)  # fmt: skip
        return done.stdout

    def plain(self) -> None:
        self.git("remote", "add", "origin", self.url)

    def upstream(self) -> None:
        self.remote = "upstream"
        self.git("remote", "add", "upstream", self.url)

    def beside_another(self) -> None:
        self.remote = "aws"
        self.git("remote", "add", "origin", GITHUB)
        self.git("remote", "add", "aws", self.url)

    def name_with_a_dot(self) -> None:
        self.remote = "aws.prod"
        self.git("remote", "add", "aws.prod", self.url)

    def work_tree(self) -> None:
        self.plain()
        self.git("commit", "-q", "--allow-empty", "-m", "first")
        self.git("worktree", "add", "-q", "../tree")
        self.at = self.at.parent / "tree"

    def separate(self) -> None:
        away = self.at.parent / "away"
        self.git("init", "-q", "--separate-git-dir", str(away))
        self.file = away / "config"
        self.plain()

    def bare(self) -> None:
        self.at = self.at.parent / "bare.git"
        self.git("init", "-q", "--bare", str(self.at), at=self.at.parent)
        self.file = self.at / "config"
        self.plain()

    def mirror(self) -> None:
        self.bare()
        self.git("remote", "remove", "origin")
        self.git("remote", "add", "--mirror=fetch", "origin", self.url)

    def submodule(self) -> None:
        for name in ("lib", "app"):
            self.git("init", "-q", str(self.at.parent / name))
            self.git("commit", "-q", "--allow-empty", "-m", "first", at=self.at.parent / name)
        top = self.at.parent / "app"
        self.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../lib", at=top)
        self.at, self.file = top / "lib", top / ".git/modules/lib/config"
        self.git("remote", "set-url", "origin", self.url)

    def subfolder(self) -> None:
        self.plain()
        self.at = self.at / "src/deep"
        self.at.mkdir(parents=True)

    def pushurl(self) -> None:
        self.git("remote", "add", "origin", GITHUB)
        self.git("remote", "set-url", "--push", "origin", self.url)

    def several_urls(self) -> None:
        self.git("remote", "add", "origin", GITHUB)
        self.git("remote", "set-url", "--add", "origin", self.url)

    def findings(self, fix: bool = False) -> list[dict[str, object]]:
        """Run the doctor where one stands; return what it says of git."""
        report = fixed(replace(self.here.context, cwd=self.at), fix=fix)
        return [it for it in report.document["findings"] if it["code"].startswith("git.")]  # type: ignore[attr-defined]


SHAPES = [
    name.replace("_", " ") for name in vars(Shape) if not name.startswith("_") and name not in ("git", "findings")
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_healthy_clone_of_any_shape_is_not_accused(shape: str, tmp_path: Path) -> None:
    assert Shape(tmp_path, shape, RIGHT).findings() == []


@pytest.mark.many
@pytest.mark.parametrize("shape", SHAPES)
def test_a_wrong_address_is_found_and_mended_in_any_shape(shape: str, tmp_path: Path) -> None:
    it = Shape(tmp_path, shape, MISSPELLED)
    (told,) = it.findings()
    assert told["code"] == "git.remote"
    assert told["path"] == str(it.file)
    assert f" {it.remote} {RIGHT}" in str(told["do"])
    assert ("remote URL" if it.remote == "origin" else f"remote {it.remote} ") in str(told["says"])
    copy = tmp_path / "copy"
    shutil.copy(it.file, copy)
    (told,) = it.findings(fix=True)
    assert told["fixed"]
    mended = it.file.read_text()
    assert RIGHT in mended
    assert mended == copy.read_text().replace(MISSPELLED, RIGHT)
    shutil.copy(copy, it.file)
    subprocess.run(["sh", "-c", str(told["do"])], cwd=it.at, env=it.here.env, check=True)
    assert it.findings() == []


@pytest.mark.parametrize(("own", "machines"), [
    (remote("url = cc:MyRepo"), '[url "codecommit::us-east-1://dev@"]\n\tinsteadOf = cc:\n'),
    (remote("url = https://git/MyRepo"), '[url "codecommit::us-east-1://dev@"]\n\tinsteadOf = https://git/\n'),
    (remote(f"url = {GITHUB}"), f'[url "{RIGHT}"]\n\tpushInsteadOf = {GITHUB}\n'),
    (remote(f"url = {HTTPS}") + PAIR, '[url "codecommit::us-east-1://dev@"]\n\tpushInsteadOf = https://git-codecommit.us-east-1.amazonaws.com/v1/repos/\n'),
    (remote(f"url = {GITHUB}", f"pushurl = {GITHUB}", f"pushurl = {RIGHT}"), ""),
    (remote("url = /srv/git/MyRepo.git", f"pushurl = {RIGHT}"), ""),
    ("[include]\n\tpath = more\n", ""),
    ("", remote(f"url = {RIGHT}")),
    (remote(f"url = {HTTPS}"), PAIR.replace("[credential]", '[credential "https://git-codecommit.*.amazonaws.com"]')),
    (remote(f"url = {HTTPS}"), PAIR),
])  # fmt: skip
def test_rules_and_files_that_lead_to_a_right_address_are_not_accused(own: str, machines: str, tmp_path: Path) -> None:
    here = Clone(tmp_path, own)
    (here.folder / ".git/more").write_text(remote(f"url = {RIGHT}"))
    here.helper(here.bin / "aws")
    with (tmp_path / "home/.gitconfig").open("a") as file:
        file.write(machines)
    report = fixed(here.context, fix=False)
    assert [it for it in report.document["findings"] if it["code"].startswith("git.")] == []


@pytest.mark.parametrize("name", ["upstream", "aws.prod", "origin"])
def test_another_route_goes_to_the_remote_that_is_there(name: str, tmp_path: Path) -> None:
    from ccsetup.core.model import Route

    here = Clone(tmp_path, remote(f"url = {GITHUB}", "url = /srv/mirror.git").replace("origin", name))
    here.git.repoint(here.folder, Route("git-remote-codecommit", RIGHT))
    assert here.all(f"remote.{name}.url") == [RIGHT, "/srv/mirror.git"]
    assert here.git.origin(here.folder) == RIGHT
    assert here.git.remote(here.folder) == name
