"""What to do next is copied from a terminal: a command is never broken over lines, and proxies are left out by one."""

from __future__ import annotations

import pytest

from ccsetup.core import detours
from ccsetup.core.text import wrap_step

LONG = "ccsetup clone https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo /home/maria/work/other"


@pytest.mark.parametrize(
    "before", ["", "Run: ", "Next: Repair the profile: ", "Next: Not a command at all, but it is long and says much: "]
)
@pytest.mark.parametrize(
    "command",
    [
        LONG,
        "git config --add credential.helper '!/opt/some where/git-credential-ccsetup --profile dev'",
        "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_CREDENTIAL_EXPIRATION",
    ],
)
@pytest.mark.parametrize("room", [20, 40, 80])
def test_a_command_stays_on_one_line(before: str, command: str, room: int) -> None:  # fmt: skip
    lines = wrap_step(before + command, room)
    assert lines[-1] == command
    assert all(len(line) <= room for line in lines[:-1])
    assert " ".join(lines) == before + command


def test_a_step_without_a_command_is_wrapped() -> None:
    assert wrap_step("Send the message to your administrator.", 20) == ["Send the message to", "your administrator."]


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "Try again without the proxy: unset HTTPS_PROXY"),
        ({"https_proxy": "http://p:1", "http_proxy": "x"}, "Try again without the proxy: unset https_proxy"),
        ({"ALL_PROXY": "x", "SHELL": "/usr/bin/fish"}, "Try again without the proxy: set -e ALL_PROXY"),
        ({"HTTP_PROXY": "http://p:1"}, "Try again without the proxy: unset HTTP_PROXY"),
        ({}, "Sign in to your network, then try again."),
    ],
)
def test_a_proxy_is_left_out_by_a_command_of_this_shell(env: dict[str, str], says: str) -> None:
    assert detours.around_proxy(env) == says


@pytest.mark.parametrize("shell", ["bash", "fish", "powershell", "cmd"])
def test_several_variables_are_unset_in_one_line(shell: str) -> None:
    command = detours.without(["AWS_A", "AWS_B"], {}, shell)
    assert "AWS_A" in command
    assert "AWS_B" in command
    assert "\n" not in command
