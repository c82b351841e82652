"""Files in Git LFS, and submodules that git will fetch later: found, mended, and not accused where they work."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from homes import fixed
from test_clone_settings import HTTPS, RIGHT, Clone, at_once, remote  # noqa: F401
from test_clone_shapes import PAIR

LFS = "*.bin filter=lfs diff=lfs merge=lfs -text\n"
BOTH = ("git-remote-codecommit", "git-credential-ccsetup")


def told(here: Clone, fix: bool = False, cwd: Path | None = None) -> list[dict[str, object]]:
    context = replace(here.context, cwd=cwd or here.folder)
    return [it for it in fixed(context, fix).document["findings"] if it["code"].startswith("git.")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("helpers", "command"), [
    (BOTH, "git-credential-ccsetup --profile dev"), (("git-remote-codecommit", "aws"), "!aws codecommit credential-helper --profile dev"),
])  # fmt: skip
@pytest.mark.parametrize("place", [".gitattributes", ".git/info/attributes"])
def test_lfs_gets_the_https_address_and_the_clones_helper(
    helpers: tuple[str, ...], command: str, place: str, tmp_path: Path
) -> None:
    here = Clone(tmp_path, remote(f"url = {RIGHT}"), helpers)
    (here.folder / place).parent.mkdir(exist_ok=True)
    (here.folder / place).write_text(f"# binaries\n{LFS}")
    (finding,) = told(here)
    assert (finding["code"], finding["severity"], finding["fix"]) == ("git.lfs", "hinders", "auto")
    before = here.config.read_text()
    subprocess.run(["sh", "-c", str(finding["do"])], cwd=here.folder, env=here.env, check=True)
    by_hand = here.config.read_text()
    assert told(here) == []
    here.config.write_text(before)
    (finding,) = told(here, fix=True)
    assert finding["fixed"]
    assert here.all("lfs.url") == [f"{HTTPS}.git/info/lfs"]
    user, password = here.fill(f"{HTTPS}.git/info/lfs")
    assert command.split()[-1] in f"{user} {password}"
    assert "dev" in password
    host = HTTPS.split("/v1")[0]
    assert here.all(f"credential.{host}.helper")[0] == ""
    assert command in here.all(f"credential.{host}.helper")[1]
    assert sorted(here.config.read_text().lower().split()) == sorted(by_hand.lower().split())
    assert told(here) == []


@pytest.mark.parametrize(("own", "files"), [
    (remote(f"url = {RIGHT}"), {}),
    (remote(f"url = {RIGHT}"), {".gitattributes": "*.txt text\n# *.bin filter=lfs\n*.x filter=lfsx\n"}),
    (remote(f"url = {RIGHT}"), {".gitattributes": LFS, ".lfsconfig": "[lfs]\n\turl = https://lfs.example.com/x\n"}),
    (remote(f"url = {RIGHT}") + "[lfs]\n\turl = https://lfs.example.com/x\n", {".gitattributes": LFS}),
    (remote(f"url = {RIGHT}", "lfsurl = https://lfs.example.com/x"), {".gitattributes": LFS}),
    (remote(f"url = {RIGHT}") + "[lfs]\n\tstandalonetransferagent = s3\n", {".gitattributes": LFS}),
    (remote(f"url = {HTTPS}") + PAIR, {".gitattributes": LFS}),
    (remote("url = https://github.com/acme/x.git"), {".gitattributes": LFS}),
])  # fmt: skip
def test_a_clone_whose_lfs_has_a_server_is_not_accused(own: str, files: dict[str, str], tmp_path: Path) -> None:
    here = Clone(tmp_path, own, (*BOTH, "aws"))
    for name, text in files.items():
        (here.folder / name).write_text(text)
    assert told(here) == []


def test_an_lfs_url_that_lfs_does_not_understand_is_replaced(tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(f"url = {RIGHT}") + f"[lfs]\n\turl = {RIGHT}\n", BOTH)
    (here.folder / ".gitattributes").write_text(LFS)
    (finding,) = told(here, fix=True)
    assert finding["fixed"]
    assert here.all("lfs.url") == [f"{HTTPS}.git/info/lfs"]


def modules(here: Clone, url: str, name: str = "lib") -> None:
    (here.folder / ".gitmodules").write_text(f'[submodule "{name}"]\n\tpath = lib\n\turl = {url}\n')


@pytest.mark.parametrize("url", ["../Lib", "codecommit::us-east-1://Lib", HTTPS.replace("MyRepo", "Lib"), HTTPS.replace("https", "ssh")])  # fmt: skip
@pytest.mark.parametrize(("own", "error"), [(f"url = {RIGHT}", "not allowed"), (f"url = {HTTPS}", "Username")])
def test_a_submodule_that_git_alone_cannot_clone_is_told(own: str, error: str, url: str, tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(own) + (PAIR if "https" in own else ""), (*BOTH, "aws"))
    modules(here, url)
    (finding,) = told(here)
    assert (finding["code"], finding["severity"]) == ("git.submodule", "hinders")
    assert error in str(finding["because"])
    assert finding["do"] == f"ccsetup clone {own.removeprefix('url = ')} {here.folder}"


@pytest.mark.parametrize("case", ["allowed", "elsewhere", "kept", "helper", "no gitmodules"])
def test_submodules_that_git_can_clone_are_not_accused(case: str, tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(f"url = {HTTPS if case == 'helper' else RIGHT}"), (*BOTH, "aws"))
    if case != "no gitmodules":
        modules(here, "https://github.com/acme/lib.git" if case == "elsewhere" else "../Lib")
    if case in ("allowed", "helper"):
        with (tmp_path / "home/.gitconfig").open("a") as file:
            file.write(PAIR if case == "helper" else '[protocol "codecommit"]\n\tallow = always\n')
    if case == "kept":
        (here.folder / ".git/modules/lib").mkdir(parents=True)
    assert told(here) == []


def test_a_gitmodules_that_never_ends_is_not_waited_for(tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(f"url = {RIGHT}"), BOTH)
    os.mkfifo(here.folder / ".gitmodules")
    assert told(here) == []
