"""A helper that is there but can't run is named with its path, before anyone is asked for rights."""

from __future__ import annotations

from pathlib import Path

import pytest
from homes import facts_of
from script import FakeGit, context

from ccsetup.core.installation import how_to_install
from ccsetup.doctor.checks import git
from ccsetup.doctor.checks.git import helper_broken, helper_shared
from ccsetup.doctor.facts import Clone
from ccsetup.doctor.helper_scripts import fault, shared

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


@pytest.mark.parametrize(("starts", "whose"), [("git_remote_codecommit", "AWS's"), ("ccsetup.git.helper", "ccsetup's")])
def test_of_two_packages_with_one_command_the_owner_is_named(starts: str, whose: str, tmp_path: Path) -> None:
    both = ("ccsetup-0.1.0.dist-info", "git_remote_codecommit-1.17.dist-info")
    python = venv(tmp_path, *both)
    path = script(tmp_path, f"#!{python}\n" + START.format(starts))
    there = shared(context(tmp_path), path)
    (found,) = helper_shared(facts_of(helpers={REMOTE: str(path)}, shared_helper=there))
    assert (found.code, found.severity) == ("git.helper-shared", "note")
    assert f"{path} is {whose}." in found.says
    assert found.do.startswith(f"{python} -m pip uninstall {REMOTE} && ")
    (python.parent.parent / "uv-receipt.toml").write_text("")
    (found,) = helper_shared(facts_of(helpers={REMOTE: str(path)}, shared_helper=there))
    assert found.do == how_to_install({}, again=True)
    (tmp_path / "venv/lib/python3.12/site-packages" / both[starts.startswith("ccsetup")]).rmdir()
    assert shared(context(tmp_path), path) is None


@pytest.mark.parametrize(
    ("passing", "temporary", "clone", "severity"),
    [
        ("only while the environment /venv is active", False, True, "note"),
        ("only while uvx runs ccsetup", True, True, "stops"),
        ("only while uvx runs ccsetup", True, False, "hinders"),
    ],
)
def test_a_helper_that_only_this_shell_finds_is_a_finding(
    passing: str, temporary: bool, clone: bool, severity: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "is_temporary", lambda: temporary)
    here = Clone(tmp_path, "codecommit::us-east-2://dev@R") if clone else None
    facts = facts_of(helpers={REMOTE: "/venv/bin/" + REMOTE}, passing={REMOTE: passing}, clone=here)
    (found,) = git.helper_path(facts)
    assert (found.code, found.severity, found.says) == ("git.helper-path", severity, f"git finds {REMOTE} {passing}.")
    assert found.do == how_to_install({})


def test_a_clones_helper_in_a_cache_is_moved_to_one_that_stays(tmp_path: Path) -> None:
    url, stays = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/R", "/usr/bin/git-credential-ccsetup"
    path = "/home/maria/.cache/uv/archive-v0/xzlg/bin/git-credential-ccsetup"
    helper = ("credential.helper", f"{path} --profile dev")
    clone = Clone(tmp_path, url, settings=(helper,), own=(helper,))
    facts = facts_of(clone=clone, programs={path: path}, helpers={"git-credential-ccsetup": stays})
    (found,) = git.helper_path(facts)
    assert (found.code, found.severity) == ("git.helper-path", "stops")
    assert "is in a cache and will be removed" in found.says
    assert dict(found.remedies[0].replaced) == {helper: f"{stays} --profile dev"}
