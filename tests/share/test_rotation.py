"""An external ID is rotated with --yes alone: the role, the folder and its team file, and nothing written by hand."""

from __future__ import annotations

# ruff: noqa: F811
from pathlib import Path

import pytest
from test_share import GROUP, REPO, SHARE, Office, office, push  # noqa: F401

pytestmark = pytest.mark.slow

WORDS = [*SHARE, "--role-name", "Shared", "--group", GROUP]
OLD, NEW = ["--external-id", "old-id-1"], ["--external-id", "new-id-2"]
BOTH = [*NEW, "--also-external-id", "old-id-1"]
AT_A = ["--apply", "--yes", "--profile", "admin-a"]


def begun(office: Office) -> Path:
    assert office.run(*WORDS, *OLD, "--yes")[0] == 0
    for admin in ("admin-a", "admin-b"):
        assert office.run(*WORDS, *OLD, "--apply", "--yes", "--profile", admin)[0] == 0
    return office.folder / f"share-{REPO}"


def setup(office: Office, name: str) -> int:
    code, _, _ = office.run("setup", "--team", f"share-{REPO}/team.ini", "--source-profile", "developer", "--yes",
                            "--profile", name, "--directory", name)  # fmt: skip
    return code


@pytest.mark.long
def test_the_folder_of_a_rotated_role_is_written_again_and_people_move_on(office: Office) -> None:
    folder = begun(office)
    assert setup(office, "before") == 0
    code, _, shown = office.run(*WORDS, *BOTH, *AT_A)
    assert code == 0, shown
    assert "new-id-2" in (folder / "team.ini").read_text() and "old-id-1" not in (folder / "team.ini").read_text()
    assert f"Send them the team file again: ./share-{REPO}/team.ini" in " ".join(shown.split())
    assert push(office.folder / "before") == 0  # the old one is still accepted
    assert setup(office, "after") == 0
    assert push(office.folder / "after") == 0
    assert office.run(*WORDS, *BOTH, "--yes")[1]["changed"] == []

    code, _, shown = office.run(*WORDS, *NEW, *AT_A)
    assert code == 0, shown
    assert "old-id-1" not in (folder / "README.md").read_text()
    assert office.run(*WORDS, "--check", "--profile", "admin-a")[0] == 0
    assert setup(office, "late") == 0


def test_the_folder_alone_is_written_again_with_yes(office: Office) -> None:
    folder = begun(office)
    code, told, shown = office.run(*WORDS, *BOTH, "--yes")
    assert code == 0 and "team.ini" in told["changed"], shown
    assert "new-id-2" in (folder / "team.ini").read_text()


@pytest.mark.parametrize("name", ["team.ini", "README.md"])
def test_what_was_written_by_hand_stays(office: Office, name: str) -> None:
    folder = begun(office)
    (folder / name).write_text((folder / name).read_text() + "# by hand\n")
    before = {path.name: path.read_text() for path in folder.iterdir()}
    code, _, shown = office.run(*WORDS, *BOTH, *AT_A)
    assert code == 0 and "Write the team file again" in " ".join(shown.split())
    assert office.run(*WORDS, *BOTH, "--yes")[0] == 1
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
