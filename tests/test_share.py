"""share, end to end: the walk-through's three people, against the sandbox; the administrators' half against moto."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aws_ways import keys_of, settle
from script import LEAVE, FakeAws, Script, Shown, world

from ccsetup import cli
from ccsetup.arguments import parsed
from ccsetup.commands import share
from ccsetup.errors import BadAnswer, Cancelled, Missing, Problem
from ccsetup.model import BACK, Identity, Who
from ccsetup.sandbox import Sandbox, State, policy
from ccsetup.world import IamCall, IamPolicy, IamRole, World

ROOT = Path(__file__).resolve().parent.parent
A, B = "111122223333", "888888888888"
REGION, REPO, GROUP = "us-east-2", "MySharedDemoRepo", "DevelopersWithCrossAccountRepositoryAccess"
KEY = f"arn:aws:kms:{REGION}:{A}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = f"arn:aws:iam::{A}:role/CodeCommit-{REPO}"
SHARE = ["share", REPO, "--from-account", A, "--to-account", B, "--region", REGION]


@dataclass
class Office:
    """Two accounts, their administrators and a developer; `run` is the program, in this process."""

    sandbox: Sandbox
    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def state(self) -> State:
        return self.sandbox.state

    def run(self, *words: str) -> tuple[int, Any, str]:
        """Run the program with --json; return its exit code, its document, and what it said."""
        code = cli.run([*words, "--json"])
        told = self.capsys.readouterr()
        return code, json.loads(told.out), told.err

    def plain(self, *words: str) -> tuple[int, str]:
        """Run the program; return its exit code and all it showed."""
        code = cli.run([*words])
        told = self.capsys.readouterr()
        return code, told.out + told.err


def people(state: State) -> None:
    """Put the guide's accounts into an empty AWS: AccountA with the repository, AccountB with the group."""
    state.add_repository(A, REGION, REPO)
    state.add_repository(A, REGION, "locked", kms_key=KEY)
    state.add_user(A, "admin-a", policy.allow("iam:*", "codecommit:*", "kms:*"))
    state.add_user(B, "admin-b", policy.allow("iam:*"))
    state.add_user(B, "developer", policy.allow("iam:ListMFADevices", "iam:GetUser"))
    state.add_group(B, GROUP, "developer")
    for name in ("admin-a", "admin-b", "developer"):
        state.add_user_keys(name)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Office]:
    """The office in the guide, one home with a profile for each person."""
    state = State()
    people(state)
    with Sandbox.start(tmp_path / "sandbox", state=state) as sandbox:
        home = tmp_path / "home"
        bin = tmp_path / "bin"
        bin.mkdir()
        for name, module in (("git-remote-codecommit", "remote"), ("ccsetup", "cli")):
            lines = (
                "import sys",
                f"sys.path.insert(0, {str(ROOT)!r})",
                f"from ccsetup.{module} import main",
                "sys.exit(main())",
            )
            (bin / name).write_text("\n".join((f"#!{sys.executable}", *lines, "")))
            (bin / name).chmod(0o755)
        path = os.pathsep.join((str(bin), os.environ["PATH"]))
        settle(
            monkeypatch, home, sandbox.environment(), {"PATH": path, "GIT_CONFIG_NOSYSTEM": "1", "AWS_REGION": REGION}
        )
        (home / ".aws").mkdir()
        for name in ("admin-a", "admin-b", "developer"):
            profile(home, name, keys_of(state.user_keys(name)))
        work = tmp_path / "work"
        work.mkdir()
        monkeypatch.chdir(work)
        yield Office(sandbox, work, capsys)


def profile(home: Path, name: str, keys: Mapping[str, str]) -> None:
    """Add a profile with these keys."""
    with (home / ".aws" / "credentials").open("a") as file:
        file.write(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))


def push(folder: Path) -> int:
    """Commit something in a clone and push it; return git's exit code."""
    say = ["-c", "user.name=D", "-c", "user.email=d@example.com"]
    subprocess.run(["git", *say, "commit", "-q", "--allow-empty", "-m", "mine"], cwd=folder, check=True)
    return subprocess.run(
        ["git", "push", "-q", "origin", "HEAD"], cwd=folder, capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize("read_only", [False, True], ids=["read and write", "read only"])
def test_the_guides_three_people_get_from_nothing_to_a_clone(office: Office, read_only: bool) -> None:
    shared = [*SHARE, "--role-name", "Shared", "--external-id", "auto", "--group", GROUP, *["--read-only"] * read_only]
    role = f"arn:aws:iam::{A}:role/Shared"

    code, document, _ = office.run(*shared, "--yes")
    assert (code, document["role_arn"]) == (0, role)
    external = document["external_id"]
    developer = [
        "setup",
        "role",
        "--role-arn",
        role,
        "--source-profile",
        "developer",
        "--region",
        REGION,
        "--repo",
        REPO,
    ]
    developer += ["--profile", "shared", "--external-id", external, "--yes"]
    code, document, _ = office.run(*developer)
    assert (code, document["problems"][0]["code"]) == (1, "access.assume")
    assert f"in account {A}, add to the trust policy of the role Shared" in document["problems"][0][
        "message"
    ].lower().replace("shared", "Shared")

    given = ["--external-id", external]
    here = [*SHARE, "--role-name", "Shared", *given, "--group", GROUP, *["--read-only"] * read_only, "--apply", "--yes"]
    code, document, _ = office.run(*here, "--profile", "admin-a")
    assert (code, document["steps"]) == (0, ["create the role Shared", "set what Shared may do"])
    assert office.run(*developer)[0] == 1
    code, document, _ = office.run(*here, "--profile", "admin-b", "--as", "developer")
    assert (code, len(document["steps"])) == (0, 2), document

    code, document, shown = office.run(*developer)
    assert code == 0, shown
    assert (office.folder / REPO / ".git").is_dir()
    assert (push(office.folder / REPO) == 0) is not read_only
    for admin in ("admin-a", "admin-b", "developer"):
        code, document, shown = office.run(*here[:-2], "--check", "--profile", admin)
        assert code == (0 if admin != "admin-b" else 1), shown
    for admin in ("admin-a", "admin-b"):
        assert office.run(*here, "--profile", admin)[1]["steps"] == []
        assert office.run(*here[:-2], "--remove", "--yes", "--profile", admin)[0] == 0
    assert (office.state.roles, office.state.managed) == ({}, {})
    assert [group.attached for group in office.state.groups.values()] == [()]
