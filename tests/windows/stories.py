"""Whole-program stories on Windows: `tests/windows/run` runs them in wine, and the tests' workflow on Windows itself.

They need a git.exe with HTTPS on the PATH and ccsetup installed beside the Python that runs them.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import CleanEnv
from test_setup_flags import keys, mfa, oidc, role, role_mfa, sso

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import BROKER, CODE, MARIA, PEOPLE, REGION, SAML_PROVIDER, role_arn

pytestmark = pytest.mark.skipif(os.name != "nt", reason="these stories are about Windows")

SCRIPTS = Path(sys.executable).parent / ("" if Path(sys.executable).parent.name == "Scripts" else "Scripts")
OPEN = "import sys, urllib.request as u\nu.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=60).read()\n"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    errors: str

    @property
    def said(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """A person's home and work folder on Windows, and the sandbox around them."""

    sandbox: Sandbox
    env: Mapping[str, str]
    home: Path
    work: Path

    # What the stories of tests/e2e/test_setup_flags.py know a person by is here under the same names.

    @property
    def config(self) -> Path:
        return self.home / ".aws" / "config"

    @property
    def credentials(self) -> Path:
        return self.home / ".aws" / "credentials"

    def run(self, *words: str, paste: str = "", program: str = "ccsetup", **more: str) -> Done:
        """Run a command to its end; it never ends in a traceback."""
        path = SCRIPTS / f"{program}.exe" if (SCRIPTS / f"{program}.exe").is_file() else Path(git())
        ran = subprocess.run(
            [str(path), *words],
            env={**self.env, **more},
            cwd=self.work,
            input=paste.encode(),
            capture_output=True,
            check=False,
        )
        done = Done(ran.returncode, ran.stdout.decode("utf-8", "replace"), ran.stderr.decode("utf-8", "replace"))
        assert "Traceback" not in done.errors, done.errors
        return done

    def setup(self, *words: str, paste: str = "", **more: str) -> Done:
        return self.run("setup", *words, "--yes", "--no-input", "--json", paste=paste, **more)


def git() -> str:
    found = shutil.which("git")
    assert found, "git.exe isn't on the PATH"
    return found


@pytest.fixture
def desk(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Desk:
    home, work = tmp_path / "home of Ana", tmp_path / "work"
    work.mkdir()
    (tmp_path / "open.py").write_text(OPEN)
    sandbox.state.center.auto_approve = True
    browser = f'"{sys.executable}" "{tmp_path / "open.py"}" %s'
    env = clean_env(home, sandbox.environment(), path=[SCRIPTS, Path(git()).parent], BROWSER=browser)
    env |= {"LOCALAPPDATA": str(home / "AppData" / "Local"), "APPDATA": str(home / "AppData" / "Roaming")}
    env["CODE_COMMIT_ENDPOINT"] = sandbox.git_host.replace("127.0.0.1", "localhost")  # mbedTLS 2 knows no addresses
    del env["HOME"]  # Windows has none
    own, broker = (sandbox.state.user_keys(who) for who in (MARIA, BROKER))
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_bytes(b"# Maria's own\r\n[profile maria]\r\nregion = us-east-2\r\n")
    (home / ".aws" / "credentials").write_bytes(
        "".join(
            f"[{name}]\r\naws_access_key_id = {it.access_key_id}\r\naws_secret_access_key = {it.secret_access_key}\r\n"
            for name, it in (("maria", own), ("broker", broker))
        ).encode()
    )
    return Desk(sandbox, env, home, work)


def saml(desk: Desk) -> tuple[list[str], str]:
    pair = f"{role_arn('CodeCommitSaml')},{SAML_PROVIDER}"
    (desk.work / "response.txt").write_text(desk.sandbox.state.saml_assertion(pair, lasts_s=3600))
    return ["saml", "--saml-assertion", str(desk.work / "response.txt")], ""


def federation(desk: Desk) -> tuple[list[str], str]:
    return ["federation", "--source-profile", "broker", "--federated-name", "maria"], ""


def machine(desk: Desk) -> tuple[list[str], str]:
    desk.sandbox.state.attach(role_arn("BuildMachine", PEOPLE))
    return ["machine"], ""


KINDS = {
    "sso": sso, "role": role, "role-mfa": role_mfa, "mfa": mfa, "oidc": oidc, "keys": keys, "saml": saml,
    "federation": federation, "machine": machine,
}  # fmt: skip
OF_PEOPLE = ("mfa", "machine")  # they can use a repository of the people's own account
WHO = ("-c", "user.name=Maria", "-c", "user.email=maria@acme.example")


def clone_of(done: Done) -> Path:
    assert done.code == 0, done.errors
    return Path(done.said["clone"]["directory"])


def pulls_and_pushes(desk: Desk, clone: Path, **more: str) -> None:
    for words in (("pull", "-q"), ("commit", "-q", "--allow-empty", "-m", "x"), ("push", "-q")):
        done = desk.run("-C", str(clone), *WHO, *words, program="git", **more)
        assert done.code == 0, done.errors


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_kind_by_flags_ends_in_a_clone_that_pulls_and_pushes(
    kind: Callable[[Any], tuple[list[str], str]], desk: Desk
) -> None:
    words, paste = kind(desk)
    before = desk.config.read_bytes(), desk.credentials.read_bytes()
    name = "people-tools" if words[0] in OF_PEOPLE else "MySharedDemoRepo"
    more = desk.sandbox.machine_environment() if words[0] == "machine" else {}
    done = desk.setup(*words, "--profile", "dev", "--region", REGION, "--repo", name, paste=paste, **more)
    clone = clone_of(done)
    assert done.said["identity"]["account_id"] == (PEOPLE if words[0] in OF_PEOPLE else CODE)
    assert clone.is_absolute() and (clone / "README.md").is_file()
    pulls_and_pushes(desk, clone, **more)
    undone = desk.run("undo", "--yes", "--json")
    assert undone.code == 0, undone.errors
    assert (desk.config.read_bytes(), desk.credentials.read_bytes()) == before
    assert not [it for it in (desk.home / ".aws").iterdir() if ".ccsetup-" in it.name]


def test_the_credential_helper_is_run_by_git_too(desk: Desk) -> None:
    words, _ = role(desk)  # type: ignore[arg-type]
    done = desk.setup(
        *words, "--profile", "dev", "--region", REGION, "--repo", "MySharedDemoRepo", "--via", "credential-helper"
    )
    clone = clone_of(done)
    assert done.said["clone"]["url"].startswith("https://")
    pulls_and_pushes(desk, clone)
    helper = desk.run("-C", str(clone), "config", "credential.helper", program="git").out
    assert "git-credential-ccsetup" in helper and "'" not in helper


def hostile(path: Path, mark: Path) -> None:
    """Write a program for Windows that leaves a mark when it is run: one of pip's launchers with another script."""
    launcher = (SCRIPTS / "ccsetup.exe").read_bytes()
    archive = io.BytesIO()  # the launcher looks for its Python in front of the archive's own beginning
    with zipfile.ZipFile(archive, "w") as script:
        script.writestr("__main__.py", f"open({str(mark)!r}, 'w').close()\n")
    own = launcher.index(b"PK\x03\x04", launcher.rindex(b"python.exe"))
    path.write_bytes(launcher[:own] + archive.getvalue())


def test_a_folder_with_programs_in_it_runs_none_of_them(desk: Desk) -> None:
    mark = desk.home / "ran"
    for name in ("git.exe", "aws.exe", "taskkill.exe", "git-remote-codecommit.exe", "git-credential-ccsetup.exe"):
        hostile(desk.work / name, mark)
    (desk.work / "git.cmd").write_text(f'@echo off\r\necho ran > "{mark}"\r\n')
    subprocess.run([desk.work / "git.exe"], env=desk.env, check=True)
    mark.unlink()  # it runs, so that the rest of this story means something
    words, _ = role(desk)  # type: ignore[arg-type]
    path = f".;;{desk.env['PATH']}"
    done = desk.setup(
        *words, "--profile", "dev", "--region", REGION, "--repo", "MySharedDemoRepo", "--directory", "new", PATH=path
    )
    clone_of(done)
    for command in (["doctor", "--json"], ["status", "--check", "--json"], ["clone", "MySharedDemoRepo", "two"]):
        ran = desk.run(*command, PATH=path)
        assert ran.code in (0, 3), ran.errors
    assert not mark.exists()


def test_doctor_repairs_a_file_and_undo_brings_every_byte_back(desk: Desk) -> None:
    broken = b"[profile maria]\r\nregion = us-east2\r\n\r\n[dev]\r\nrole_arn = arn:aws:iam::111122223333:role/X\r\n"
    desk.config.write_bytes(broken + b"source_profile = maria\r\nregion = us-east-2\r\n")
    before = desk.config.read_bytes()
    seen = desk.run("doctor", "--offline", "--json")
    assert seen.code == 3, seen.out
    fixed = desk.run("doctor", "--offline", "--fix", "--yes", "--json")
    assert desk.config.read_bytes() != before, fixed.out + fixed.errors
    assert b"[profile dev]\r\n" in desk.config.read_bytes()
    listed = desk.run("undo", "--list")
    assert str(desk.home / "AppData" / "Local" / "ccsetup") in listed.out + listed.errors
    assert desk.run("undo", "--yes").code == 0
    assert desk.config.read_bytes() == before


def test_a_file_that_differs_between_utf_8_and_the_ansi_code_page_is_a_finding(desk: Desk) -> None:
    text = "[profile maria]\r\nregion = us-east-2\r\n\r\n[profile José]\r\nregion = us-east-2\r\n"
    desk.config.write_bytes(text.encode())
    seen = desk.run("doctor", "--offline", "--json")
    (finding,) = [it for it in seen.said["findings"] if it["code"] == "file.encoding"]
    assert finding["line"] == 4 and "é" in finding["says"], finding
    words, _ = role(desk)  # type: ignore[arg-type]
    done = desk.setup(*words, "--profile", "dev", "--region", REGION, "--repo", "MySharedDemoRepo")
    clone_of(done)
    assert desk.config.read_bytes().startswith(text.encode())


def test_what_the_ansi_code_page_has_no_letter_for_is_refused_before_anything_is_asked_of_aws(desk: Desk) -> None:
    before = desk.config.read_bytes()
    (desk.work / "José").mkdir()
    (desk.work / "José" / "token").write_text(desk.sandbox.state.web_identity_token())
    words, _ = oidc(desk)  # type: ignore[arg-type]
    done = desk.setup(*words[:-1], "José\\token", "--profile", "dev", "--region", REGION, "--no-clone")
    problem = done.said["problems"][0]
    assert done.code == 2 and "“é”" in problem["what"] and r"for example, C:\tokens\jwt" in problem["what"], problem
    done = desk.setup(*words, "--profile", "José", "--region", REGION, "--no-clone")
    problem = done.said["problems"][0]
    assert done.code == 2 and "Use a name like Jose." in problem["what"], problem
    assert desk.config.read_bytes() == before


HOLD = """
import ctypes, sys, time
from ctypes import wintypes
open_ = ctypes.windll.kernel32.CreateFileW
open_.restype = wintypes.HANDLE
handle = open_(sys.argv[1], 0x80000000, 1, None, 3, 0, None)  # read, others may only read, it must exist
assert handle not in (None, 0, 2**64 - 1, -1)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("seconds", [0.4, 60])
def test_a_file_that_another_program_holds_is_waited_for_and_then_named(seconds: float, desk: Desk) -> None:
    script = desk.work / "hold.py"
    script.write_text(HOLD)
    before = desk.credentials.read_bytes()
    words, paste = keys(desk)  # type: ignore[arg-type]
    holder = subprocess.Popen(
        [sys.executable, str(script), str(desk.credentials), str(seconds)], stdout=subprocess.PIPE, env=desk.env
    )
    try:
        assert holder.stdout and holder.stdout.readline().startswith(b"held")
        done = desk.setup(*words, "--profile", "dev", "--region", REGION, "--no-clone", paste=paste)
    finally:
        holder.kill()
        holder.wait()
    if seconds < 1:
        assert done.code in (0, 1), done.errors
    else:
        problem = done.said["problems"][0]
        assert done.code == 1 and "another program has it open" in problem["what"], problem
        assert str(desk.credentials) in problem["what"]
        assert desk.credentials.read_bytes() == before
    assert not [it.name for it in (desk.home / ".aws").iterdir() if ".ccsetup-" in it.name]


def test_read_only_files_of_a_clone_that_failed_are_removed(desk: Desk) -> None:
    words, _ = role(desk)  # type: ignore[arg-type]
    clone_of(desk.setup(*words, "--profile", "dev", "--region", REGION, "--repo", "MySharedDemoRepo"))
    packs = [it for it in (desk.work / "MySharedDemoRepo" / ".git" / "objects").rglob("*") if it.is_file()]
    assert packs and any(not it.stat().st_mode & stat.S_IWRITE for it in packs)
    done = desk.run("clone", "MySharedDemoRepo", "again", "--branch", "nope", "--profile", "dev")
    assert done.code != 0
    assert [it.name for it in desk.work.iterdir()] == ["MySharedDemoRepo"]


@pytest.mark.parametrize("coding", ["cp932", "cp437", "ascii", "cp1252"])
def test_output_raises_for_no_character(coding: str, desk: Desk) -> None:
    desk.config.write_bytes("[profile Zoë-日本-☕]\r\nregion = us-east-2\r\n".encode())
    for command in (["--help"], ["doctor", "--help"], ["status"], ["doctor", "--offline"]):
        done = desk.run(*command, PYTHONIOENCODING=coding)
        assert done.code in (0, 1, 3), done.errors
        assert "Unexpected error" not in done.errors


def test_without_a_console_one_sentence_says_what_to_do(desk: Desk) -> None:
    here = {"env": {**desk.env, "MSYSTEM": "MINGW64"}, "cwd": desk.work, "stdin": subprocess.DEVNULL, "timeout": 120}
    program = str(SCRIPTS / "ccsetup.exe")
    done = subprocess.run([program], **here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 2 and "Not running in a terminal." in text and "winpty ccsetup" in text, text
    for words in ([program], [program, "setup", "--json"]):  # Windows calls NUL a terminal
        done = subprocess.run(words, **here, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        assert done.returncode == 2, done.stdout


def test_advice_is_for_the_shell_of_windows(desk: Desk) -> None:
    desk.config.write_bytes(b"[profile my team]\r\nrole_arn = arn:aws:iam::111122223333:role/X\r\n")
    shells = ({"PSModulePath": "C:\\a;C:\\b;C:\\c"}, {"PSModulePath": "C:\\a"})
    for more in shells:
        told = desk.run("doctor", "--offline", COMSPEC="C:\\windows\\system32\\cmd.exe", **more)
        text = told.out + told.errors
        for posix in ("chmod", "chown", "export ", "$(id"):
            assert posix not in text, text


def test_a_killed_run_leaves_nothing_after_the_next_start(desk: Desk) -> None:
    old = desk.home / ".aws" / f".credentials.ccsetup-{'0a' * 16}"
    old.write_bytes(b"[maria]\r\naws_secret_access_key = old\r\n")
    time.sleep(0.1)
    assert desk.run("status").code == 0
    assert desk.run("doctor", "--offline").code in (0, 3)
    assert not old.exists()
