"""The block for ~/.ssh/config: the real ssh uses it whatever else is there, and all other lines stay."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ccsetup.git import ssh_login

ID, OLD = "APKAEIBAERJR2EXAMPLE", "APKAOLDOLDOLDEXAMPLE"
HOSTS = "git-codecommit.*.amazonaws.com"
HOST = "git-codecommit.us-east-2.amazonaws.com"
BLOCK = f"Host {HOSTS}\n  User {ID}\n  IdentityFile ~/.ssh/key\n"
TEXTS = {
    "none": ("", BLOCK),
    "a block": ("Host x\n  User y\n", f"{BLOCK}\nHost x\n  User y\n"),
    "a comment above a block": ("# of x\nHost x\n", f"{BLOCK}\n# of x\nHost x\n"),
    "options for all hosts": ("ServerAliveInterval 60\n", f"ServerAliveInterval 60\n\n{BLOCK}"),
    "options and a block": (
        "ServerAliveInterval 60\n\nHost *\n  User y\n",
        f"ServerAliveInterval 60\n\n{BLOCK}\nHost *\n  User y\n",
    ),
    "a user for all hosts": ("User maria\nPort 2\n", f"{BLOCK}\nHost *\nUser maria\nPort 2\n"),
    "no final newline": ("Host x", f"{BLOCK}\nHost x\n"),
    "carriage returns": ("Host x\r\n", f"{BLOCK}\nHost x\n".replace("\n", "\r\n")),
    "its own block": (
        f"Host {HOSTS}\n\tUser {OLD}\n\tIdentityFile ~/old\n\tIdentityFile ~/older\n\tPort 22\nHost x\n  User y\n",
        f"Host {HOSTS}\n\tUser {ID}\n\tIdentityFile ~/.ssh/key\n\tPort 22\nHost x\n  User y\n",
    ),
    "half of its own block": (f"host={HOSTS}\n# empty\n", f"host={HOSTS}\n  User {ID}\n  IdentityFile ~/.ssh/key\n# empty\n"),
    "another's block": (f"Host {HOST}\n  User {OLD}\n", f"{BLOCK}\nHost {HOST}\n  User {OLD}\n"),
    "a match": ("Match user x\n  User y\n", f"{BLOCK}\nMatch user x\n  User y\n"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), TEXTS.values(), ids=TEXTS)
def test_the_block_comes_first_and_the_rest_stays(before: str, after: str, tmp_path: Path) -> None:
    found = ssh_login.with_block(before, HOSTS, ssh_login.block(ID, "~/.ssh/key"))
    assert found == after
    assert ssh_login.with_block(found, HOSTS, ssh_login.block(ID, "~/.ssh/key")) == found
    if ssh := shutil.which("ssh"):
        (tmp_path / "config").write_text(found)
        argv = [ssh, "-F", str(tmp_path / "config"), *ssh_login.question(ssh, HOST)[1:]]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        login = ssh_login.told(done.stdout)
        assert (login.key_id, login.keys[0], login.is_known) == (ID, "~/.ssh/key", True)


def test_a_path_with_blanks_is_quoted(tmp_path: Path) -> None:
    assert '  IdentityFile "~/my keys/key"\n' in ssh_login.with_block("", HOSTS, ssh_login.block(ID, "~/my keys/key"))


def test_the_pattern_is_for_all_regions_of_the_partition() -> None:
    assert ssh_login.pattern("us-east-2") == ssh_login.pattern("eu-west-1") == HOSTS
    assert ssh_login.pattern("cn-north-1") == f"{HOSTS}.cn"


@pytest.mark.parametrize(("user", "key_id"), [(ID, ID), ("maria", ""), ("AKIAIOSFODNN7EXAMPLE", ""), ("", "")])
def test_only_the_id_of_an_ssh_key_is_one(user: str, key_id: str) -> None:
    assert ssh_login.told(f"user {user}\n").key_id == key_id
    assert ssh_login.user_of(f"ssh://{user}@{HOST}/v1/repos/X" if user else f"ssh://{HOST}/v1/repos/X") == user
