"""A helper that is there but can't run is named with its path, before anyone is asked for rights."""

from __future__ import annotations

from pathlib import Path

import pytest
from homes import facts_of
from script import FakeGit, context

from ccsetup.core.installation import how_to_install
from ccsetup.doctor.checks.git import helper_broken
from ccsetup.doctor.facts import Clone
from ccsetup.doctor.helper_scripts import fault

REMOTE = "git-remote-codecommit"
START = "import sys\nfrom {} import main\nsys.exit(main())\n"


def script(folder: Path, text: str) -> Path:
    path = folder / REMOTE
    path.write_text(text)
    path.chmod(0o755)
    return path


def venv(folder: Path, *packages: str) -> Path:
    """Make a virtual environment of files alone; return its interpreter."""
    library = folder / "venv/lib/python3.12/site-packages"
    library.mkdir(parents=True)
    (folder / "venv/bin").mkdir()
    (folder / "venv/pyvenv.cfg").write_text("home = /usr/bin\n")
    for name in ("pip", *packages):
        (library / name).mkdir()
    (folder / "venv/bin/python").write_text("")
    return folder / "venv/bin/python"


def test_an_interpreter_that_is_gone_is_named(tmp_path: Path) -> None:
    path = script(tmp_path, "#!/opt/gone/bin/python3.9\n" + START.format("git_remote_codecommit"))
    assert fault(context(tmp_path), path) == "its interpreter, /opt/gone/bin/python3.9, doesn't exist"


def test_an_interpreter_that_is_not_on_the_path_is_named(tmp_path: Path) -> None:
    path = script(tmp_path, "#!/usr/bin/env python2\nprint()\n")
    assert fault(context(tmp_path), path) == "its interpreter, python2, isn't on the PATH"
    assert not fault(context(tmp_path, git=FakeGit(commands=("python2",))), path)


@pytest.mark.parametrize("package", ["ccsetup", "git_remote_codecommit"])
def test_a_package_that_is_gone_is_named(tmp_path: Path, package: str) -> None:
    path = script(tmp_path, f"#!{venv(tmp_path)}\n" + START.format(package))
    assert fault(context(tmp_path), path) == f"the Python package {package} is missing in {tmp_path / 'venv'}"


@pytest.mark.parametrize(
    "there", ["git_remote_codecommit", "git_remote_codecommit-1.17.dist-info", "__editable__.git_remote_codecommit.pth"]
)
def test_a_package_in_any_form_is_enough(tmp_path: Path, there: str) -> None:
    path = script(tmp_path, f"#!{venv(tmp_path, there)}\n" + START.format("git_remote_codecommit"))
    assert not fault(context(tmp_path), path)


@pytest.mark.parametrize("text", ["\x7fELF\x02", "echo\n", "#!/bin/sh\nexec aws\n", "#!\n", ""])
def test_other_programs_are_left_alone(tmp_path: Path, text: str) -> None:
    assert not fault(context(tmp_path), script(tmp_path, text))


@pytest.mark.parametrize(
    ("remote", "helper"),
    [
        ("codecommit::us-east-2://dev@R", ""),
        ("https://git-codecommit.us-east-2.amazonaws.com/v1/repos/R", "/opt/x/git-credential-ccsetup --profile dev"),
        ("", ""),
    ],
)
def test_it_is_a_finding_with_its_path(remote: str, helper: str) -> None:
    path = helper.split()[0] if helper else "/opt/x/git-remote-codecommit"
    settings = (("credential.helper", helper),) if helper else ()
    clone = Clone(Path("/home/maria/work"), remote, settings=settings) if remote else None
    more = {"helpers": {REMOTE: "/opt/x/git-remote-codecommit"}, "programs": {path: path}, "clone": clone}
    (found,) = helper_broken(facts_of(broken_helpers={path: "its interpreter is gone"}, **more))
    assert found.says == f"{path} can't run, because its interpreter is gone."
    assert (found.code, found.severity) == ("git.helper-broken", "stops" if remote else "hinders")
    assert found.do == how_to_install({}, again=True)
    assert not list(helper_broken(facts_of(**more)))
