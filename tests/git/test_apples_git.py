"""macOS has a git that only asks to install the developer tools. What it prints is taken from Apple's own program."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccsetup.core.shells import guess
from ccsetup.git.process import how_to_get_git
from ccsetup.git.repository import Git

TOOLS = "Install Apple's command line developer tools: xcode-select --install"
SHIMS = {
    "moved": ("xcrun: error: invalid active developer path (/Library/Developer/CommandLineTools), missing xcrun at:"
              " /Library/Developer/CommandLineTools/usr/bin/xcrun", TOOLS),
    "absent": ("xcode-select: note: No developer tools were found, requesting install. If developer tools are located"
               " at a non-default location on disk, use `sudo xcode-select --switch path/to/Xcode.app`.", TOOLS),
    "license": ("You have not agreed to the Xcode license agreements. Please run 'sudo xcodebuild -license' from within"
                " a Terminal window to review and agree to the Xcode and Apple SDKs license.",
                "Accept it: sudo xcodebuild -license accept"),
}  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
@pytest.mark.parametrize("shim", SHIMS)
def test_apples_git_without_its_tools_is_no_git_and_says_how_to_get_one(shim: str, tmp_path: Path) -> None:
    said, wanted = SHIMS[shim]
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncat >&2 <<"E"\n{said}\nE\nexit 1\n')
    program.chmod(0o755)
    git = Git({"PATH": f"{program.parent}:/usr/bin:/bin"}, tmp_path)
    assert git.version() == ""
    why = git.missing()
    assert (why.code, why.next) == ("git.missing", wanted)


def test_macos_gets_git_from_apple_and_its_usual_shell_is_zsh() -> None:
    assert how_to_get_git("darwin") == TOOLS
    assert how_to_get_git("linux") == "Install it: https://git-scm.com/downloads"
    assert guess({}, "", "darwin") == "zsh"
    assert guess({"SHELL": "/bin/bash"}, "", "darwin") == "bash"
    assert guess({}, "", "linux") == "bash"
