"""Private folders: made, recognised, emptied however deep and odd, and never taken for something else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT
from script import tree

from ccsetup.core import folder, private_folder
from ccsetup.core.folder import Folder
from ccsetup.core.private_folder import PrivateFolder, fresh_name

POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows has no descriptors of folders")


@pytest.fixture(params=["by descriptor", "by path"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Reach folders through descriptors, and as on Windows through their paths."""
    if request.param == "by path":
        monkeypatch.setattr(folder, "BY_DESCRIPTOR", False)
    elif os.name != "posix":
        pytest.skip("Windows has no descriptors of folders")
    return str(request.param)


def made(place: Path) -> PrivateFolder:
    return PrivateFolder.make(place, fresh_name())


def test_it_is_for_its_owner_only_and_has_a_name_of_its_own(tmp_path: Path, way: str) -> None:
    one, two = made(tmp_path), made(tmp_path)
    assert one.path != two.path
    assert one.identity != two.identity
    assert os.name != "posix" or stat.S_IMODE(one.path.stat().st_mode) == 0o700
    with pytest.raises(FileExistsError):
        PrivateFolder.make(tmp_path, one.path.name)
    assert (one.remove(), two.remove(), list(tmp_path.iterdir())) == ("", "", [])


@pytest.mark.parametrize("depth", [1, 3, 2500])
def test_it_is_removed_however_deep_it_is(tmp_path: Path, way: str, depth: int) -> None:
    if depth > 1000 and way == "by path":
        pytest.skip("no path is that long")
    private = made(tmp_path)
    at = os.open(private.path, os.O_RDONLY)
    for number in range(depth):
        os.close(os.open(f"f{number}", os.O_CREAT, dir_fd=at))
        os.mkdir("d", dir_fd=at)
        inner = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)
    assert private.remove() == ""
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_links_in_it_go_and_what_they_lead_to_stays(tmp_path: Path, way: str) -> None:
    dear = tmp_path / "dear"
    (dear / "deep").mkdir(parents=True)
    (dear / "deep/mine").write_text("mine")
    private = made(tmp_path)
    (private.path / "a").symlink_to(dear)
    (private.path / "b").mkdir()
    (private.path / "b/c").symlink_to(dear / "deep")
    (private.path / "b/up").symlink_to("../..")
    (private.path / "gone").symlink_to("nowhere")
    os.link(dear / "deep/mine", private.path / "b/hard")
    os.mkfifo(private.path / "b/pipe")
    before = tree(dear)
    assert private.remove() == ""
    assert tree(dear) == before
    assert list(tmp_path.iterdir()) == [dear]


@POSIX
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may do everything")
def test_what_is_read_only_is_removed_too(tmp_path: Path, way: str) -> None:
    private = made(tmp_path)
    (private.path / "a/b").mkdir(parents=True)
    (private.path / "a/b/f").write_text("x")
    (private.path / "a/b/f").chmod(0o400)
    (private.path / "a/b").chmod(0o500)
    assert private.remove() == ""


@POSIX
@pytest.mark.parametrize("swap", ["link", "folder", "file"])
def test_what_has_taken_its_place_is_left_alone(tmp_path: Path, way: str, swap: str) -> None:
    dear = tmp_path / "dear"
    dear.mkdir()
    (dear / "mine").write_text("mine")
    private = made(tmp_path)
    (private.path / "ours").write_text("ours")
    private.path.rename(tmp_path / "away")
    if swap == "link":
        private.path.symlink_to(dear)
    elif swap == "folder":
        private.path.mkdir()
        (private.path / "mine").write_text("mine")
    else:
        private.path.write_text("mine")
    before = tree(tmp_path)
    assert private.remove() == f"{private.path} was moved or replaced, so it wasn't removed."
    assert tree(tmp_path) == before
    assert PrivateFolder.found(private.path, private.identity) is None


def test_one_that_is_gone_leaves_nothing_to_say(tmp_path: Path, way: str) -> None:
    private = made(tmp_path)
    private.path.rmdir()
    assert private.remove() == ""
    assert PrivateFolder.found(private.path, private.identity) is None


def test_an_earlier_runs_is_found_by_its_identity_alone(tmp_path: Path, way: str) -> None:
    private = made(tmp_path)
    other = made(tmp_path)
    assert PrivateFolder.found(private.path, other.identity) is None
    again = PrivateFolder.found(private.path, private.identity)
    assert again
    assert again.remove() == ""
    assert list(tmp_path.iterdir()) == [other.path]


@POSIX
def test_it_is_found_where_its_folder_was_moved_to_while_it_is_open(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    private = made(tmp_path / "place")
    (tmp_path / "place").rename(tmp_path / "moved")
    (tmp_path / "place").symlink_to(tmp_path)
    assert private.remove() == ""
    assert list((tmp_path / "moved").iterdir()) == []


def test_what_cannot_be_removed_is_named(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    private = made(tmp_path)
    (private.path / "f").write_text("x")
    monkeypatch.setattr(private_folder, "_PAUSE_S", 0.001)

    def refuse(*given: object, **more: object) -> None:
        raise OSError(16, "Device or resource busy")

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        said = private.remove()
    assert said == f"Couldn't remove {private.path} (Device or resource busy). Remove it yourself."
    assert (private.path / "f").read_text() == "x"


@POSIX
def test_a_writer_that_is_still_at_work_is_waited_for(tmp_path: Path) -> None:
    private = made(tmp_path)
    loop = f"for n in $(seq 400); do mkdir -p {private.path}/d 2>/dev/null && : > {private.path}/d/$n; done"
    (private.path / "d").mkdir()
    with subprocess.Popen(["sh", "-c", loop], stderr=subprocess.DEVNULL):
        assert private.remove() == ""


@pytest.mark.skipif(sys.platform != "linux", reason="a mount of one's own is Linux's")
def test_what_is_mounted_in_it_is_left(tmp_path: Path) -> None:
    script = """
import os, subprocess, sys
from pathlib import Path
from ccsetup.core import private_folder
private_folder._PAUSE_S = 0.001
place = Path(sys.argv[1])
private = private_folder.PrivateFolder.make(place, "private")
(private.path / "mount").mkdir()
done = subprocess.run(["mount", "-t", "tmpfs", "none", private.path / "mount"], capture_output=True)
if done.returncode:
    sys.exit(77)
(private.path / "mount/mine").write_text("mine")
(private.path / "mount/deep").mkdir()
assert "Couldn't remove" in private.remove()
assert (private.path / "mount/mine").read_text() == "mine"
"""
    argv = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", script, str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no mounts here")
    assert done.returncode == 0, done.stderr


@pytest.fixture(params=["the system's own", "checked first"])
def rename(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rename with the system's exclusive call, and as where there is none."""
    if request.param == "checked first":
        monkeypatch.setattr(folder, "_exclusive_rename", lambda: None)


@pytest.mark.parametrize("there", ["file", "folder", "full folder", "link", "dangling link"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_moving_replaces_nothing(tmp_path: Path, rename: None, kind: str, there: str) -> None:
    def make(path: Path, kind: str) -> None:
        if kind == "file":
            path.write_text("mine")
        elif kind.endswith("folder"):
            path.mkdir()
            if "full" in kind:
                (path / "mine").write_text("mine")
        else:
            path.symlink_to(tmp_path if kind == "link" else "nowhere")

    for name in ("from", "to"):
        (tmp_path / name).mkdir()
    make(tmp_path / "from/x", kind)
    make(tmp_path / "to/x", there)
    before = tree(tmp_path / "to")
    with Folder.open(tmp_path / "from") as source, Folder.open(tmp_path / "to") as goal:
        with pytest.raises(FileExistsError):
            source.move("x", goal, "x")
        assert tree(tmp_path / "to") == before
        source.move("x", goal, "y")
        assert goal.has("y")
        assert source.names() == []
        with pytest.raises(FileNotFoundError):
            source.move("gone", goal, "z")


@POSIX
def test_a_link_is_no_folder(tmp_path: Path, way: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with Folder.open(tmp_path) as here:
        assert here.has_folder("real")
        assert not here.has_folder("link")
        assert not here.has_folder("gone")
        with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
            here.folder("link")
