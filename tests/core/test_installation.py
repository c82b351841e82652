"""How long an installation stays, and what git finds in the person's next shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from script import FakeGit, Script, context

from ccsetup.core import installation
from ccsetup.git.repository import Git
from ccsetup.wizard import installation_offer
from ccsetup.wizard.installation_offer import before_git

REMOTE = "git-remote-codecommit"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the folders here are those of POSIX")


def environment(folder: Path, made: str) -> Path:
    """Make an environment with this marker file and git's helper in it; return its prefix."""
    marker = folder / made
    (marker.parent / "bin").mkdir(parents=True)
    marker.write_text("")
    command(marker.parent / "bin" / REMOTE)
    return marker.parent


def command(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


MADE = {
    "pipx/venvs/ccsetup/pipx_metadata.json": (installation.PIPX, False),
    "cache/pipx/4bf2cbf8922e9a7/pipx_metadata.json": (installation.PIPX_RUN, True),
    "share/uv/tools/ccsetup/uv-receipt.toml": (installation.UV, False),
    "cache/uv/archive-v0/xzlgrJ6IxD3FiWbj/pyvenv.cfg": (installation.UVX, True),
    "cache/uv/environments-v2/ccsetup-1a2b/pyvenv.cfg": (installation.UVX, True),
    "work/uv/.venv/pyvenv.cfg": (installation.PIP, False),
}


@pytest.mark.parametrize("made", MADE)
def test_an_environment_in_a_cache_is_temporary(made: str, tmp_path: Path) -> None:
    prefix = environment(tmp_path, made)
    kind, temporary = MADE[made]
    assert installation.kind(str(prefix)) == kind
    assert installation.is_temporary(str(prefix)) == temporary
    assert installation.is_temporary_command(str(prefix / "bin" / REMOTE)) == temporary
    assert bool(installation.passing(str(prefix / "bin"), {})) == temporary


def test_uvs_cache_is_recognized_at_another_place_by_its_tag(tmp_path: Path) -> None:
    prefix = environment(tmp_path, "elsewhere/archive-v0/xzlgrJ6IxD3FiWbj/pyvenv.cfg")
    assert installation.kind(str(prefix)) == installation.PIP
    (tmp_path / "elsewhere" / "CACHEDIR.TAG").write_text("")
    assert installation.kind(str(prefix)) == installation.UVX


@pytest.mark.parametrize(
    ("more", "stays"),
    [
        ({}, True),  # on the PATH of every shell
        ({"VIRTUAL_ENV": "{}"}, False),
        ({"VIRTUAL_ENV": "{}/"}, False),
        ({"VIRTUAL_ENV": "/another"}, True),
        ({"CONDA_PREFIX": "{}", "CONDA_DEFAULT_ENV": "work"}, False),
        ({"CONDA_PREFIX": "{}", "CONDA_DEFAULT_ENV": "base"}, True),
        ({"CONDA_PREFIX": "{}", "CONDA_DEFAULT_ENV": "work", "VIRTUAL_ENV": "/another"}, False),
        ({"CONDA_PREFIX": "/other", "CONDA_DEFAULT_ENV": "two", "CONDA_SHLVL": "2", "CONDA_PREFIX_1": "{}"}, False),
    ],
)
def test_git_does_not_find_what_an_activated_environment_has(more: dict[str, str], stays: bool, tmp_path: Path) -> None:
    prefix = environment(tmp_path, "venv/pyvenv.cfg")
    env = {"PATH": f"{prefix}/bin:/usr/bin:/bin", **{name: value.format(prefix) for name, value in more.items()}}
    git, path = Git(env, tmp_path), str(prefix / "bin" / REMOTE)
    assert git.command(REMOTE) == path
    assert git.later(REMOTE) == (path if stays else "")
    assert git.for_now().later(REMOTE) == path
    if not stays:
        assert installation.passing_command(path, env) == f"only while the environment {prefix} is active"


def test_an_environment_is_the_same_however_its_path_is_spelled(tmp_path: Path) -> None:
    prefix = environment(tmp_path, "venv/pyvenv.cfg")
    (tmp_path / "link").symlink_to(prefix)
    for folder in (f"{tmp_path}//venv/bin", f"{tmp_path}/x/../venv/bin", f"{tmp_path}/link/bin", f"{prefix}/./bin/"):
        assert installation.passing(folder.rstrip("/"), {"VIRTUAL_ENV": str(prefix)})
        assert installation.passing(f"{prefix}/bin", {"VIRTUAL_ENV": folder.removesuffix("/").removesuffix("/bin")})


def test_condas_base_stays_below_other_environments(tmp_path: Path) -> None:
    base = environment(tmp_path, "conda/python")
    (base / "condabin").mkdir()
    env = {"CONDA_PREFIX": "/other", "CONDA_DEFAULT_ENV": "two", "CONDA_PREFIX_1": str(base)}
    assert not installation.passing(f"{base}/bin", env)


@pytest.mark.parametrize("name", [REMOTE, "git-credential-ccsetup"])
@pytest.mark.parametrize("on_path", [True, False])
def test_a_zip_file_is_given_the_name_that_is_missing(
    name: str, on_path: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = command(tmp_path / "tools/ccsetup")
    monkeypatch.setattr(installation, "_zipapp", lambda: str(archive))
    own = tmp_path / ".local/bin"
    env = {"HOME": str(tmp_path), "PATH": f"/usr/bin:/bin{f':{own}' * on_path}", "SHELL": "/bin/bash"}
    how = installation.how_to_install(env, command=name)
    done = subprocess.run(["bash", "-c", f"{how} && command -v {name}"], env=env, capture_output=True, text=True)
    assert done.stdout.strip() == f"{own}/{name}", (how, done.stderr)
    assert (own / name).resolve() == archive.resolve()
    assert ("export PATH" in how) != on_path


@pytest.mark.parametrize("first", [True, False])
def test_only_the_command_that_git_finds_and_that_cannot_run_is_replaced(
    first: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, broken = command(tmp_path / "tools/ccsetup"), command(tmp_path / ".local/bin" / REMOTE)
    before, other = broken.read_bytes(), command(tmp_path / "other" / REMOTE)
    monkeypatch.setattr(installation, "_zipapp", lambda: str(archive))
    env = {"HOME": str(tmp_path), "PATH": f"{f'{other.parent}:' * (not first)}{broken.parent}:/usr/bin:/bin"}
    how = installation.how_to_install(env, again=True, command=REMOTE)
    done = subprocess.run(["bash", "-c", how], env=env, capture_output=True, text=True)
    assert (done.returncode == 0) == first, done.stderr
    assert (broken.resolve() == archive.resolve()) if first else (broken.read_bytes() == before)


def test_a_lasting_command_is_found_behind_one_that_passes(tmp_path: Path) -> None:
    active, own = environment(tmp_path, "venv/pyvenv.cfg"), command(tmp_path / "home/.local/bin" / REMOTE)
    env = {"PATH": f"{active}/bin:{own.parent}", "VIRTUAL_ENV": str(active)}
    assert Git(env, tmp_path).later(REMOTE) == str(own)


@pytest.fixture
def uvx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let this process run in uv's cache; return its environment."""
    prefix = environment(tmp_path, "cache/uv/archive-v0/xzlgrJ6IxD3FiWbj/pyvenv.cfg")
    command(prefix / "bin/git-credential-ccsetup")
    found = installation.kind
    monkeypatch.setattr(installation, "kind", lambda it=str(prefix): found(it))
    monkeypatch.setattr(installation, "is_temporary", lambda it=str(prefix): installation.kind(it) in ("uvx",))
    monkeypatch.setattr(sys, "argv", [str(prefix / "bin/ccsetup")])
    monkeypatch.setattr(installation, "requirement", lambda: "ccsetup")
    return {"UV": str(command(tmp_path / "tools/uv")), "PATH": f"{prefix}/bin:/usr/bin:/bin"}


def test_no_path_in_a_cache_is_given_to_a_clone(uvx: dict[str, str], tmp_path: Path) -> None:
    git = Git(uvx, tmp_path / "home")
    assert git.command("git-credential-ccsetup")
    assert git.lasting("git-credential-ccsetup") == ""
    kept = command(tmp_path / "home/.local/bin/git-credential-ccsetup")  # what the installation leaves there
    assert git.lasting("git-credential-ccsetup") == str(kept)


@pytest.mark.parametrize(
    ("more", "folder"),
    [
        ({}, "{home}/.local/bin"),
        ({"XDG_DATA_HOME": "/data/share"}, "/data/bin"),
        ({"XDG_BIN_HOME": "/bins", "XDG_DATA_HOME": "/data/share"}, "/bins"),
        ({"UV_TOOL_BIN_DIR": "/tools", "XDG_BIN_HOME": "/bins"}, "/tools"),
        ({"UV_TOOL_BIN_DIR": "tools"}, "{home}/.local/bin"),
    ],
)
def test_the_folder_of_the_tools_is_uvs_own(more: dict[str, str], folder: str, uvx: dict[str, str]) -> None:
    kept = installation.to_keep({**uvx, **more}, "/home/maria")
    assert kept == ([uvx["UV"], "tool", "install", "ccsetup"], folder.format(home="/home/maria"))
    assert installation.shown(kept[0]) == "uv tool install ccsetup"


class Installing(FakeGit):
    """A git whose helper is there only after an installation."""

    def __init__(self, refused: str = "") -> None:
        super().__init__(commands=())
        self.refused, self.ran = refused, []  # type: ignore[var-annotated]

    def install(self, words: list[str]) -> str:
        self.ran.append(words)
        self.commands = () if self.refused else (REMOTE,)
        return self.refused


@pytest.mark.parametrize(
    ("answer", "refused", "ran", "shown"),
    [
        ("install", "", True, "installed"),
        ("install", "No solution found", True, "No solution found"),
        ("no", "", False, ""),
    ],
)
def test_an_installation_is_shown_and_needs_a_yes(
    answer: str, refused: str, ran: bool, shown: str, uvx: dict[str, str], tmp_path: Path
) -> None:
    git, script = Installing(refused), Script(("install", answer))
    around = context(tmp_path, script, git=git, env=uvx)
    installation_offer.offer(around)
    [asked] = script.asked
    assert "uv tool install ccsetup" in asked.choices[0].hint
    assert git.ran == ([[uvx["UV"], "tool", "install", "ccsetup"]] if ran else [])
    assert shown in around.screen.text()
    told = before_git(around, REMOTE)
    assert told == ("" if ran and not refused else "Before you run git pull or git push, install ccsetup: " + _how())


def _how() -> str:
    return installation.how_to_install({})


@pytest.mark.parametrize("without", ["prompt", "uv", "need"])
def test_nothing_is_asked_without_a_person_a_program_or_a_need(
    without: str, uvx: dict[str, str], tmp_path: Path
) -> None:
    script = None if without == "prompt" else Script()
    git = FakeGit(commands=(REMOTE,) if without == "need" else ())
    env = {"PATH": "/nowhere"} if without == "uv" else uvx
    installation_offer.offer(context(tmp_path, script, git=git, env=env))  # Script refuses questions without an answer
    assert not git.calls


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({}, "ccsetup"),
        (
            {"url": "file:///dist/ccsetup-1-py3-none-any.whl", "archive_info": {}},
            "file:///dist/ccsetup-1-py3-none-any.whl",
        ),
        (
            {"url": "https://code.example/ccsetup", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}},
            "git+https://code.example/ccsetup@0a1b",
        ),
    ],
)
def test_what_runs_now_is_what_is_installed(
    told: dict[str, object], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = SimpleNamespace(read_text=lambda name: json.dumps(told) if told else None)
    monkeypatch.setattr(metadata, "distribution", lambda name: there)
    assert installation.requirement().removeprefix("ccsetup").removeprefix("[login]").removeprefix(" @ ") == (
        wanted if told else ""
    )


def test_an_installer_that_fails_says_why(tmp_path: Path) -> None:
    git = Git({"PATH": "/usr/bin:/bin"}, tmp_path)
    assert git.install(["/bin/sh", "-c", "pwd > here"]) == ""
    assert (tmp_path / "here").read_text().strip() == str(tmp_path)  # it starts in the home folder
    assert git.install(["/bin/sh", "-c", "echo first; echo no index >&2; exit 1"]) == "no index"
    assert git.install(["/bin/sh", "-c", "exit 3"]) == "It ended with exit code 3."
    assert str(tmp_path / "gone") in git.install([str(tmp_path / "gone")])
