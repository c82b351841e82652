"""Files that something outside names: a pipe, a device, a folder or a huge file neither hangs nor fills the memory."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from odd_files import shapes

from ccsetup.core import plain_file
from ccsetup.core.plain_file import NotPlain

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


def test_what_is_no_plain_file_is_refused_at_once_in_words(tmp_path: Path) -> None:
    said = {}
    began = time.monotonic()
    for name, path in shapes(tmp_path / "shapes").items():
        for read in (plain_file.content, plain_file.check):
            with pytest.raises(NotPlain) as refused:
                read(str(path), plain_file.SMALL)
            said[name] = refused.value.strerror
    assert time.monotonic() - began < 2
    assert said["pipe"] == said["link to pipe"] == "it is a pipe"
    assert said["zero"] == said["link to zero"] == said["null"] == "it is a device"
    assert said["folder"] == "it is a folder"
    assert said["socket"] == "it is a socket"
    assert said["huge"] == "it is larger than 1 MiB"


def test_a_device_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(os, "open", lambda *args, **more: opened.append(args))
    with pytest.raises(NotPlain):
        plain_file.content("/dev/zero", plain_file.SMALL)
    assert opened == []


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_plain_file_is_read_whole(size: int, tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(bytes(range(size)))
    assert plain_file.content(str(path), 100) == bytes(range(size))
    (tmp_path / "link").symlink_to(path)
    assert plain_file.content(str(tmp_path / "link"), 100) == bytes(range(size))
    plain_file.check(str(path), 100)


def test_one_byte_too_many_is_too_many(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(bytes(101))
    with pytest.raises(NotPlain, match="larger than 100 bytes"):
        plain_file.content(str(path), 100)


@pytest.mark.skipif(sys.platform != "linux", reason="files without a size")
@pytest.mark.parametrize("at_once", [10, 1 << 20])
def test_a_file_that_tells_no_size_has_the_same_limit(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_file, "_PIECE", at_once)
    assert plain_file.content("/proc/self/stat", plain_file.SMALL).startswith(str(os.getpid()).encode())
    with pytest.raises(NotPlain, match="larger than 10 bytes"):
        plain_file.content("/proc/self/status", 10)


def test_what_is_not_there_or_may_not_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        plain_file.content(str(tmp_path / "none"), 100)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match="symbolic links"):
        plain_file.content(str(tmp_path / "loop"), 100)
    closed = tmp_path / "closed"
    closed.write_text("x")
    closed.chmod(0)
    if os.geteuid():
        with pytest.raises(PermissionError):
            plain_file.content(str(closed), 100)
        with pytest.raises(PermissionError):
            plain_file.check(str(closed), 100)


@pytest.mark.parametrize("name", ["a\0b", "\udcff\ud800"])
def test_a_name_that_can_be_none_is_refused_in_words(name: str) -> None:
    with pytest.raises(NotPlain, match="it isn't a valid path"):
        plain_file.content(name, 100)


def test_what_becomes_a_pipe_after_it_was_looked_at_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "plain").write_text("x")
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda path: real(tmp_path / "plain"))
    with pytest.raises(NotPlain, match="it is a pipe"):
        plain_file.content(str(tmp_path / "pipe"), 100)
