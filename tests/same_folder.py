"""Folders with two spellings, as on macOS: by a link, for example, /tmp, in other case, in another Unicode form."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NFC, NFD = "Caf\u00e9", "Cafe\u0301"
WAYS = ("link", "case", "form")


@contextmanager
def spelled_twice(way: str, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield two paths of one new folder; skip the test with a reason if no file system here has them."""
    if way == "link":
        if os.name == "nt":
            pytest.skip("links need a privilege on Windows")
        (folder / "private" / "tmp").mkdir(parents=True)
        (folder / "tmp").symlink_to("private/tmp")
        yield folder / "private" / "tmp", folder / "tmp"
        return
    one, other = ("Work", "work") if way == "case" else (NFD, NFC)
    with _folding(folder, one, other) as place:
        (place / one).mkdir()
        yield place / one, place / other


@contextmanager
def _folding(folder: Path, one: str, other: str) -> Iterator[Path]:
    """Yield a folder in which both names are one: this one if it is, else a new file system, for which we must be root."""
    if _are_same(folder, one, other):
        yield folder
        return
    if not sys.platform.startswith("linux"):
        pytest.skip("this file system takes the two names for two folders")
    place, image, refused = folder / "mounted", folder / "image", []
    place.mkdir()
    make = [["truncate", "-s", "64M", image], ["mkfs.ext4", "-q", "-O", "casefold", "-E", "encoding=utf8", image]]
    ways = {"tmpfs": [["mount", "-t", "tmpfs", "-o", "casefold", "tmpfs", place]],
            "ext4": [*make, ["mount", "-o", "loop", image, place]]}  # fmt: skip
    for name, steps in ways.items():
        if why := next((said for words in steps if (said := _refused(words))), ""):
            refused.append(f"{name}: {why.replace(str(place), '…')}")
            continue
        try:
            (place / "folds").mkdir()
            why = _refused(["chattr", "+F", place / "folds"])
            if not why and _are_same(place / "folds", one, other):
                yield place / "folds"
                return
            refused.append(f"{name}: {why or 'two folders'}")
        finally:
            subprocess.run(["umount", place], check=False)
    pytest.skip(f"no file system here takes the two names for one folder ({'; '.join(refused)})")


def _are_same(folder: Path, one: str, other: str) -> bool:
    (folder / one).mkdir()
    found = (folder / other).is_dir()
    (folder / one).rmdir()
    return found


def _refused(words: list[str | Path]) -> str:
    """Run a command; return the first line of why it failed, "" if it didn't."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[0] if done.returncode else ""
