"""Each way to install ccsetup ends in a clone that git pulls later, in a shell that has only the installer's folders."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import CleanEnv, and_more
from filelock import FileLock
from paths import ROOT
from sandbox_world import marias_keys
from terminal import Terminal

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import REGION, role_arn

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="the folders here are those of POSIX")]

TOOLS = ("uv", "pipx", "shiv", "build")
ROLE = ("--role-arn", role_arn("CodeCommitAccess"), "--source-profile", "maria", "--region", REGION)


@pytest.fixture(scope="session")
def tools(pytestconfig: pytest.Config) -> Path:
    """The folder with the installers, which are installed once into the tests' cache."""
    folder = Path(pytestconfig.cache.mkdir("installers"))
    with FileLock(f"{folder}.lock"):
        if not all((folder / "bin" / name).is_file() for name in TOOLS if name != "build"):
            venv.create(folder, with_pip=True, clear=True)
            words = [
                folder / "bin/python",
                "-m",
                "pip",
                "install",
                "-q",
                "--no-compile",
                "--disable-pip-version-check",
                *TOOLS,
            ]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"pip couldn't install {', '.join(TOOLS)}: {done.stderr.strip()[-300:]}")
    return folder / "bin"


def built(tools: Path, source: Path, out: Path) -> list[Path]:
    """Build the sdist and the wheel from a folder."""
    words = [tools / "python", "-m", "build", "-o", out, source]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if "No matching distribution" in done.stdout + done.stderr:
        pytest.skip(f"the build's requirements can't be had: {done.stdout.strip()[-300:]}")
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(out.iterdir())


def sources(folder: Path) -> Path:
    """Copy what belongs to a release, as a fresh checkout has it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def wheel(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ccsetup's wheel, built from this folder."""
    out = tmp_path_factory.mktemp("dist")
    found, _ = built(tools, ROOT, out)
    return found


@pytest.mark.long
def test_wheel_and_sdist_are_equal_byte_for_byte_wherever_and_whenever_they_are_built(
    tools: Path, tmp_path: Path
) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("only a clone knows which files belong to a release")
    first, second = sources(tmp_path / "one"), sources(tmp_path / "another/place")
    for number, path in enumerate(sorted(second.rglob("*"))):
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
        if path.is_file():
            path.chmod(0o664)
    (second / "ccsetup" / "__pycache__").mkdir()
    (second / "ccsetup" / "__pycache__" / "x.cpython-313.pyc").write_bytes(b"stale")
    made = [built(tools, folder, tmp_path / f"dist{number}") for number, folder in enumerate((first, second))]
    assert [it.name for it in made[0]] == [it.name for it in made[1]]
    assert [it.read_bytes() for it in made[0]] == [it.read_bytes() for it in made[1]]


@pytest.fixture(scope="session")
def packages(tools: Path, wheel: Path) -> dict[str, str]:
    """The settings with which uv, pipx and pip need no index: all that they install is in a folder of wheels.

    Only pip is certain to find the index of this computer: uv doesn't read pip's settings or the system's certificates.
    """
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()[:12]
    folder = tools.parent / f"wheels-{wanted}"
    with FileLock(f"{folder}.lock"):
        if not (folder / "uv.toml").exists():
            words = [tools / "python", "-m", "pip", "wheel", "-q", "-w", folder, wheel, "hatchling", "pip"]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"pip couldn't get what ccsetup needs: {done.stderr.strip()[-300:]}")
            (folder / wheel.name).unlink()
            (folder / "uv.toml").write_text(f"no-index = true\nfind-links = [{json.dumps(str(folder))}]\n")
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "UV_CONFIG_FILE": str(folder / "uv.toml")}


@pytest.mark.long
def test_the_readmes_two_commands_work_in_a_clone(tools: Path, packages: dict[str, str], tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("only a clone knows which files belong to it")
    commands = re.search(
        r"## Install.*?```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert commands
    for number, line in enumerate(commands[1].splitlines()):
        home = tmp_path / f"home{number}"
        home.mkdir()
        env = {"HOME": str(home), "PATH": f"{tools}:/usr/bin:/bin", "PIPX_DEFAULT_PYTHON": sys.executable}
        env |= {"UV_PYTHON": sys.executable, "UV_CACHE_DIR": str(tools.parent / "uv-cache"), **packages}
        clone = sources(tmp_path / f"clone{number}")
        subprocess.run(line.split(), cwd=clone, env=env, capture_output=True, check=True)
        told = subprocess.run([home / ".local/bin/ccsetup", "--version"], env=env, capture_output=True, check=True)
        assert told.stdout.startswith(b"ccsetup ")


@dataclass
class Maria:
    """A person with long-term keys in [maria], whose PATH has only the system's folders and her own."""

    env: dict[str, str]
    home: Path
    work: Path
    wheel: Path
    tools: Path
    more: dict[str, str] = field(default_factory=dict)  # what only the shell has that sets up

    def run(self, *words: str | Path, code: int = 0) -> str:
        """Run a command in the shell that sets up."""
        env = {**self.env, **self.more}
        done = subprocess.run(words, env=env, cwd=self.work, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def sets_up(self, *program: str | Path) -> str:
        return self.run(*program, "setup", "role", *ROLE, "--profile", "code", "--repo", "MySharedDemoRepo", "--yes")

    def pulls(self, name: str = "MySharedDemoRepo", **env: str) -> subprocess.CompletedProcess[str]:
        """Pull in the clone, in a shell that was opened later, in which nothing is activated."""
        words = ["git", "-C", str(self.work / name), "pull"]
        return subprocess.run(words, env={**self.env, **env}, capture_output=True, text=True, check=False)


@pytest.fixture
def maria(
    sandbox: Sandbox, clean_env: CleanEnv, tools: Path, packages: dict[str, str], wheel: Path, tmp_path: Path
) -> Maria:
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    git = shutil.which("git")
    assert git
    folders = [f"{home}/.local/bin", str(Path(git).parent), "/usr/bin", "/bin"]
    if any((Path(it) / name).exists() for it in folders for name in ("aws", "git-remote-codecommit")):
        pytest.skip("this system itself has a helper for git")
    python = {"UV_PYTHON": sys.executable, "PIPX_DEFAULT_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}
    env = clean_env(home, sandbox.environment(), python, packages, PATH=os.pathsep.join(folders), SHELL="/bin/bash")
    env |= {"UV_CACHE_DIR": str(tools.parent / "uv-cache"), "PIPX_HOME": f"{home}/.local/share/pipx"}
    keys = marias_keys(sandbox)
    (home / ".aws").mkdir(mode=0o700)
    (home / ".aws" / "credentials").write_text(
        f"[maria]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    )
    return Maria(env, home, work, wheel, tools)


def with_uv(maria: Maria) -> Path:
    maria.run(maria.tools / "uv", "tool", "install", "-q", maria.wheel)
    return maria.home / ".local/bin/ccsetup"


def with_pipx(maria: Maria) -> Path:
    maria.run(maria.tools / "pipx", "install", "-q", maria.wheel)
    page = maria.home / ".local/share/man/man1/ccsetup.1"  # pipx has a place for it
    assert page.resolve().read_text(encoding="utf-8").startswith(".")
    return maria.home / ".local/bin/ccsetup"


def with_pip_user(maria: Maria) -> Path:
    base = Path(sys.base_prefix) / "bin" / "python3"
    if not base.is_file():
        pytest.skip("there is no Python outside a virtual environment")
    flags = ["--user", "--no-warn-script-location"]
    if "--break-system-packages" in maria.run(base, "-m", "pip", "help", "install"):
        flags.append("--break-system-packages")  # a distribution's Python asks for it; the home is the test's own
    maria.run(base, "-m", "pip", "install", "-q", *flags, maria.wheel)
    assert (maria.home / ".local/share/man/man1/ccsetup.1").is_file()
    return maria.home / ".local/bin/ccsetup"


def with_an_activated_environment(maria: Maria) -> Path:
    folder = maria.home / "venvs/code"
    maria.run(maria.tools / "uv", "venv", "-q", folder)
    maria.run(maria.tools / "uv", "pip", "install", "-q", "-p", folder / "bin/python", maria.wheel)
    maria.more = {"VIRTUAL_ENV": str(folder), "PATH": f"{folder}/bin:{maria.env['PATH']}"}
    return folder / "bin/ccsetup"


def with_a_folder_that_is_not_on_the_path(maria: Maria) -> Path:
    found = with_an_activated_environment(maria)
    maria.more = {}
    return found


WAYS: Mapping[str, Callable[[Maria], Path]] = {
    "uv tool": with_uv,
    "pipx": with_pipx,
    "pip --user": with_pip_user,
    "activated": with_an_activated_environment,
    "not on the PATH": with_a_folder_that_is_not_on_the_path,
}


@pytest.mark.parametrize("way", and_more(WAYS))
def test_a_clone_outlives_the_shell_that_made_it(way: Callable[[Maria], Path], maria: Maria) -> None:
    told = maria.sets_up(way(maria))
    assert "git pull and git push work as usual in the clone." in told
    pulled = maria.pulls()
    assert pulled.returncode == 0, pulled.stderr + told
    assert str(maria.tools.parent) not in (maria.work / "MySharedDemoRepo/.git/config").read_text()


def test_uvx_offers_to_install_and_after_a_yes_git_pulls_later(maria: Maria) -> None:
    uvx = [str(maria.tools / "uvx"), "-q", "--from", str(maria.wheel), "ccsetup"]
    words = ["setup", "role", *ROLE, "--profile", "code", "--repo", "MySharedDemoRepo"]
    person = Terminal([*uvx, *words], {**maria.env, **maria.more}, maria.work)
    person.ask("Install ccsetup, so that git can use it later?")
    assert "uv tool install" in person.text()  # the command is shown before
    assert not (maria.home / ".local/bin").exists()
    person.press("\r")
    person.wait("installed ccsetup", seconds=120)
    while "Write these changes?" not in person.text():  # the defaults of whatever else is asked
        assert person.read(0.5)
        if not [line for line in person.lines() if line.startswith("?")][-1].startswith("? Write"):
            person.press("\r")
    person.answer("Write these changes?")
    person.wait("git pull and git push work as usual in the clone.", seconds=60)
    assert person.exit_code() == 0
    assert (maria.home / ".local/bin/git-remote-codecommit").exists()
    pulled = maria.pulls()
    assert pulled.returncode == 0, pulled.stderr


@pytest.mark.long
def test_uvx_without_a_person_installs_nothing_and_says_what_pulls_will_need(maria: Maria) -> None:
    uvx = (maria.tools / "uvx", "-q", "--from", maria.wheel, "ccsetup")
    told = " ".join(maria.sets_up(*uvx).split())
    assert "Before you run git pull or git push, install ccsetup: uv tool install" in told
    assert not (maria.home / ".local/bin").exists()
    assert "remote-codecommit" in maria.pulls().stderr  # which is what was said
    (finding,) = (
        it
        for it in json.loads(maria.run(*uvx, "doctor", "--offline", "--json", code=0))["findings"]
        if it["code"] == "git.helper-path"
    )
    assert finding["do"].startswith("uv tool install")


@pytest.mark.long
def test_a_zipapp_is_a_helper_too_under_the_helpers_name(maria: Maria) -> None:
    archive = maria.home / "bin/ccsetup.pyz"
    archive.parent.mkdir()
    python = f"/usr/bin/env {Path(sys.executable).resolve()}"
    maria.run(maria.tools / "shiv", "-q", "-c", "ccsetup", "-p", python, "-o", archive, maria.wheel)
    told = maria.run(archive, "doctor", "--offline", "--json")
    (finding,) = (it for it in json.loads(told)["findings"] if it["code"] == "git.helper-path")
    assert f"mkdir -p ~/.local/bin && ln -s {archive} ~/.local/bin/git-remote-codecommit" in finding["do"]
    maria.run("bash", "-c", finding["do"])
    maria.sets_up(archive)
    pulled = maria.pulls()
    assert pulled.returncode == 0, pulled.stderr
