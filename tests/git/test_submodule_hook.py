"""The hook that prepares submodules: which repositories it makes from a .gitmodules file, and which it leaves alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ccsetup.git import submodule_hook
from ccsetup.git.repository import Git

COMMIT = "1" * 40


class Superproject:
    """A clone that real git made, with a submodule of this name and address, and the hook."""

    def __init__(self, folder: Path, remote: str, *settings: str) -> None:
        self.home, self.folder = folder / "home", folder / "app"
        self.home.mkdir(parents=True)
        self.env = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.home)}
        self.env |= {"GIT_AUTHOR_NAME": "M", "GIT_AUTHOR_EMAIL": "m@x.y", "GIT_COMMITTER_NAME": "M"}
        self.env["GIT_COMMITTER_EMAIL"] = "m@x.y"
        self.folder.mkdir()
        self.run("init", "-q")
        for words in (f"remote.origin.url {remote}", *settings):
            self.run("config", "--add", *words.split(" ", 1))
        self.run("commit", "-q", "--allow-empty", "-m", "first")

    def run(self, *words: str, more: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words], env={**self.env, **(more or {})}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def upstream(self, *modules: tuple[str, str]) -> None:
        """Have the next checkout bring these submodules: name and address."""
        text = "".join(f'[submodule "{name}"]\n\tpath = p{n}\n\turl = {url}\n' for n, (name, url) in enumerate(modules))
        (self.folder / ".gitmodules").write_text(text)
        self.run("add", ".gitmodules")
        for n, _ in enumerate(modules):
            self.run("update-index", "--add", "--cacheinfo", f"160000,{COMMIT},p{n}")
        self.run("commit", "-qm", "submodules")
        self.run("update-ref", "refs/heads/with", "HEAD")
        self.run("reset", "-q", "--hard", "HEAD~")

    def install(self) -> str:
        return Git(self.env, self.home).keep_submodules(self.folder)

    def checked_out(self, **more: str) -> None:
        """Check the submodules' commit out, which runs the hook."""
        (self.folder / ".git/hooks").mkdir(exist_ok=True)
        hook = self.folder / ".git/hooks" / submodule_hook.NAME
        hook.write_text(submodule_hook.HOOK)
        hook.chmod(0o755)
        self.run("reset", "-q", "--hard", "with", more=more)

    def made(self) -> list[str]:
        """The names of the submodules' repositories."""
        modules = self.folder / ".git/modules"
        return sorted(str(it.parent.relative_to(modules)) for it in modules.rglob("HEAD")) if modules.is_dir() else []

    def address(self, name: str) -> str:
        return self.run("--git-dir", str(self.folder / ".git/modules" / name), "ls-remote", "--get-url").strip()


GRC = "codecommit::us-east-2://dev@App"
HTTPS = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/App"
OWN = (
    "credential.helper ",
    "credential.helper /opt/bin/git-credential-ccsetup --profile dev",
    "credential.useHttpPath true",
)


@pytest.mark.many
@pytest.mark.parametrize(("remote", "settings", "url", "address"), [
    (GRC, (), "../Lib", "codecommit::us-east-2://dev@Lib"),
    (GRC, (), "../Lib.git", "codecommit::us-east-2://dev@Lib"),
    (GRC, (), "codecommit::us-east-2://Lib", "codecommit::us-east-2://dev@Lib"),
    (GRC, (), "codecommit::eu-west-1://someone@Lib", "codecommit::eu-west-1://dev@Lib"),
    (GRC, (), "codecommit://Lib", "codecommit::us-east-2://dev@Lib"),
    (GRC, (), "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/Lib", "codecommit::eu-west-1://dev@Lib"),
    (GRC, (), "https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/Lib/", "codecommit::cn-north-1://dev@Lib"),
    (GRC, (), "ssh://APKAEXAMPLE@git-codecommit.us-east-2.amazonaws.com/v1/repos/Lib", "codecommit::us-east-2://dev@Lib"),
    ("codecommit://dev@App", (), "../Lib", "codecommit://dev@Lib"),
    (HTTPS, OWN, "../Lib", HTTPS.replace("App", "Lib")),
    (HTTPS, OWN, "codecommit::us-east-2://Lib", HTTPS.replace("App", "Lib")),
    (HTTPS, OWN, "codecommit::eu-west-1://Lib", "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/Lib"),
    (HTTPS, OWN, "codecommit::cn-north-1://Lib", "https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/Lib"),
    ("https://vpce-1.git-codecommit.us-east-2.vpce.amazonaws.com/v1/repos/App", OWN, "../Lib",
     "https://vpce-1.git-codecommit.us-east-2.vpce.amazonaws.com/v1/repos/Lib"),
])  # fmt: skip
def test_a_submodule_gets_a_repository_with_the_clones_own_way(tmp_path, remote, settings, url, address):
    it = Superproject(tmp_path, remote, *settings)
    it.upstream(("my lib", url))
    it.checked_out()
    assert it.made() == ["my lib"]
    assert it.address("my lib") == address
    inside = it.run("--git-dir", str(it.folder / ".git/modules/my lib"), "config", "--local", "--list")
    assert "protocol.codecommit.allow=always" in inside
    for setting in settings:
        key, _, value = setting.partition(" ")
        assert f"{key.lower()}={value}" in inside.splitlines()
    assert (it.folder / ".git/modules/my lib/hooks" / submodule_hook.NAME).is_file()


@pytest.mark.parametrize(("remote", "settings", "name", "url"), [
    (GRC, (), "lib", "https://github.com/acme/lib.git"),
    (GRC, (), "lib", "./here"),
    (GRC, (), "lib", "../../other/lib"),
    (GRC, (), "lib", "ext::sh -c touch% /tmp/pwned"),
    (GRC, (), "lib", "codecommit::us-east-2://dev@Lib$(touch pwned)"),
    (GRC, (), "lib", "codecommit::us-east-2://dev@.."),
    (GRC, (), "lib", "https://git-codecommit.us-east-2.example.com/v1/repos/Lib"),
    (GRC, (), "lib", "https://evil.example/git-codecommit.us-east-2.amazonaws.com/v1/repos/Lib"),
    (GRC, (), "-lib", "../Lib"),
    (GRC, (), "a/.GIT/hooks", "../Lib"),
    (GRC, (), "a/.git. /b", "../Lib"),
    (GRC, (), "$(touch pwned)", "../Lib"),
    (GRC, (), "`touch pwned`", "../Lib"),
    (GRC, (), "a\\\\b", "../Lib"),
    (GRC, (), "*", "../Lib"),
    (HTTPS, (), "lib", "../Lib"),
    ("https://github.com/acme/app.git", OWN, "lib", "codecommit::us-east-2://Lib"),
])  # fmt: skip
def test_what_is_not_this_clones_on_codecommit_is_left_to_git(tmp_path, remote, settings, name, url):
    it = Superproject(tmp_path, remote, *settings)
    it.upstream((name, url))
    it.checked_out()
    assert it.made() == []
    assert not [*tmp_path.rglob("pwned")]


def test_a_repository_is_not_made_inside_another_submodules(tmp_path):
    it = Superproject(tmp_path, GRC)
    it.upstream(("a", "../A"), ("a/hooks", "../B"))
    it.checked_out()
    assert it.made() == ["a"]


def test_a_repository_that_git_has_kept_is_left_as_it_is(tmp_path):
    it = Superproject(tmp_path, GRC)
    it.upstream(("lib", "../Lib"))
    kept = it.folder / ".git/modules/lib"
    kept.mkdir(parents=True)
    (kept / "mine").write_text("mine")
    it.checked_out()
    assert [each.name for each in kept.iterdir()] == ["mine"]


@pytest.mark.parametrize("how", ["merge", "checkout", "rebase", "worktree", "switch from a subfolder"])
def test_every_way_to_a_commit_prepares_its_submodules(tmp_path, how):
    it = Superproject(tmp_path, GRC)
    it.upstream(("lib", "../Lib"))
    it.checked_out()
    for made in (it.folder / ".git/modules").iterdir():
        made.rename(tmp_path / "away")
    it.run("reset", "-q", "--hard", "HEAD~")
    (it.folder / "deep").mkdir()
    words = {"merge": ["merge", "-q", "with"], "checkout": ["checkout", "-q", "with"], "rebase": ["rebase", "with"]}
    words |= {"worktree": ["worktree", "add", str(tmp_path / "tree"), "with"]}
    words |= {"switch from a subfolder": ["-C", "deep", "checkout", "-q", "with"]}
    it.run(*words[how])
    place = it.folder / (".git/worktrees/tree/modules/lib" if how == "worktree" else ".git/modules/lib")
    assert (place / "HEAD").is_file()


def test_a_hook_of_somebody_else_and_another_folder_of_hooks_are_left_alone(tmp_path):
    it = Superproject(tmp_path, GRC)
    it.upstream(("lib", "../Lib"))
    it.run("reset", "-q", "--hard", "with")
    hook = it.folder / ".git/hooks" / submodule_hook.NAME
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n")
    assert "already exists" in it.install()
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
    hook.unlink()
    it.run("config", "--global", "core.hooksPath", str(tmp_path / "shared"))
    assert "core.hooksPath" in it.install()
    assert not hook.exists()
    assert not (tmp_path / "shared").exists()
    it.run("config", "--global", "--unset", "core.hooksPath")
    assert it.install() == ""
    assert hook.read_text() == submodule_hook.HOOK
    assert it.install() == ""


def test_a_clone_without_submodules_on_codecommit_gets_no_hook(tmp_path):
    it = Superproject(tmp_path, GRC)
    assert it.install() == ""
    it.upstream(("lib", "https://github.com/acme/lib.git"))
    it.run("reset", "-q", "--hard", "with")
    assert it.install() == ""
    assert not (it.folder / ".git/hooks" / submodule_hook.NAME).exists()
