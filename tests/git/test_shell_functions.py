"""The shell functions from which git gets credentials: the same answer in every shell, and no other process sees it."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from ccsetup.git import credential_store
from ccsetup.git.helper import remote

SHELLS = [it for it in ("sh", "dash", "bash", "mksh", "zsh", "yash", "ksh", "busybox") if shutil.which(it)]
USER, PASSWORD = "AKIAIOSFODNN7EXAMPLE%IQoJb3JpZ2lu/+==", "20260131T180405Z0123456789abcdef"
VARIABLES = {
    remote._ANSWER: ("CCSETUP_USER", "CCSETUP_PASSWORD"),
    credential_store._ONCE: (credential_store._USER, credential_store._PASSWORD),
}
PRINTS = [
    it for it in SHELLS if it not in ("mksh", "ksh")
]  # in mksh, which may also be called ksh, printf isn't built in


def answer(shell: str, function: str, action: str, fed: str = "", **env: str) -> str:
    """Return what a function answers git, which runs `sh -c 'FUNCTION "$@"' FUNCTION ACTION`, without other programs."""
    own = function.removeprefix("!").replace("<&9", "<&0")
    found = shutil.which(shell) or shell
    words = [found, *(["sh"] if shell == "busybox" else []), "-c", f'{own} "$@"', own, action]
    done = subprocess.run(words, env={"PATH": "/nowhere", **env}, input=fed, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("function", VARIABLES)
@pytest.mark.parametrize(("user", "password"), [(USER, PASSWORD), ("maria-at-111122223333", "-n %s$x`y`\"'= *+/")])
def test_credentials_in_variables_are_answered_as_they_are(shell: str, function: str, user: str, password: str) -> None:
    env = dict(zip(VARIABLES[function], (user, password), strict=True))
    assert answer(shell, function, "get", **env) == f"username={user}\npassword={password}\n"
    assert answer(shell, function, "store", **env) == answer(shell, function, "erase", **env) == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_credentials_that_come_later_are_answered_as_they_are(shell: str) -> None:
    told = f"username={USER}\npassword={PASSWORD}\n"
    assert answer(shell, remote._LATER, "get", told) == told
    assert answer(shell, remote._LATER, "store", told) == ""


@pytest.mark.parametrize("shell", PRINTS)
def test_a_backslash_in_a_password_stays(shell: str) -> None:
    env = {credential_store._USER: "maria-at-111122223333", credential_store._PASSWORD: "a\\nb\\\\c"}
    assert answer(shell, credential_store._ONCE, "get", **env).endswith("\npassword=a\\nb\\\\c\n")


@pytest.mark.parametrize("function", [*VARIABLES, remote._LATER])
def test_only_the_shell_itself_has_the_credentials(function: str) -> None:
    body = re.sub(r'"[^"]*"', "", re.sub(r"\*\\\\\*\) printf[^;]*;;", "", function))
    parts = re.split(r"[;{}()|]|\b(?:case|in|esac|while|do|done)\b", body)
    commands = {it.split()[0] for it in parts if it.split()}
    assert {"test", "echo"} <= commands <= {"!f", "f", "test", "echo", "IFS=", "<&9", "*"}
