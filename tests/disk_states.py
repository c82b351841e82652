"""States of a disk: all that a killed run can have left, without what differs from one run to the next.

A run takes many steps that change nothing, such as opening a folder to read it. To be killed before one of these leaves
the very disk that a kill a step earlier leaves, and the next run, which sees nothing but the disk, does the very same.
So such tests take down the state before each step of one whole run, kill a run before the first step of each state,
make sure that the kill left this state, and let the next run finish it once.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

_RANDOM = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-f])")  # names of drafts, private folders
_PROCESS = re.compile(r"(?<=Z-\d{4}-)\d+(?=\.json)")  # in the names of backups
_INODE = re.compile(r'(?<="inode": )\d+')  # in the records of clones
_WRITTEN = re.compile(r"(?<=> )\d{9,}(?= [+-]\d{4}\t)")  # in the logs of git
_LATELY_S = 3600


def state(*folders: Path) -> str:
    """Return what lies in these folders as one text: equal for two disks that nobody can tell apart.

    A line for each entry: its name, its mode, how long ago it was changed unless lately, which other names it has, and
    where it leads to or the digest of what it holds. Random names are numbered as they come.
    """
    found = [(path, path.lstat()) for folder in folders for path in _walked(folder)]
    names: dict[str, str] = {}
    first: dict[int, str] = {}
    for path, status in found:
        first.setdefault(status.st_ino, _numbered(str(path), names))

    def plain(text: str) -> str:
        text = _INODE.sub(lambda it: first.get(int(it[0]), "gone"), text)
        return _WRITTEN.sub("written", _numbered(text, names))

    lines = []
    for path, status in found:
        lately = abs(time.time() - status.st_mtime) < _LATELY_S
        if stat.S_ISLNK(status.st_mode):
            holds = plain(os.readlink(path))
        elif stat.S_ISREG(status.st_mode):
            text, varies = _text(path.read_bytes())
            digest = sha256(plain(text).encode()).hexdigest() if varies else text
            holds = f"{status.st_size} {first[status.st_ino] if status.st_nlink > 1 else ''} {digest}"
        else:
            holds = ""
        links = status.st_nlink if stat.S_ISREG(status.st_mode) else ""
        when = "lately" if lately or not stat.S_ISREG(status.st_mode) else status.st_mtime_ns
        lines.append(f"{_numbered(str(path), names)} {status.st_mode:o} {when} {links} {holds}")
    return "\n".join(lines)


def firsts(states: Sequence[str]) -> list[int]:
    """Return the number, from 1, of the first step of each state."""
    found: dict[str, int] = {}
    for number, there in enumerate(states, 1):
        found.setdefault(there, number)
    return [*found.values()]


def _walked(folder: Path) -> list[Path]:
    if not folder.is_dir() or folder.is_symlink():
        return [folder] if os.path.lexists(folder) else []
    return [folder, *(path for inside in sorted(folder.iterdir(), key=_order) for path in _walked(inside))]


def _order(path: Path) -> tuple[object, ...]:
    """Return what to sort an entry by: its name without what is random, else what it is and holds."""
    name = _PROCESS.sub("", _RANDOM.sub("", path.name))
    if name == path.name:
        return (name,)
    status = path.lstat()
    holds = _RANDOM.sub("", path.read_bytes().decode("latin-1")) if stat.S_ISREG(status.st_mode) else ""
    return name, status.st_mode, status.st_nlink, holds


def _numbered(text: str, names: dict[str, str]) -> str:
    text = _RANDOM.sub(lambda it: names.setdefault(it[0], f"random-{len(names)}"), text)
    return _PROCESS.sub(lambda it: names.setdefault(it[0], f"process-{len(names)}"), text)


@lru_cache(4096)
def _text(raw: bytes) -> tuple[str, bool]:
    """Return a file's text and True where it has something that differs from run to run, else its digest and False."""
    raw = _entries(raw) if raw[:4] == b"DIRC" else raw
    text = raw.decode("latin-1")
    if any(it.search(text) for it in (_RANDOM, _PROCESS, _INODE, _WRITTEN)):
        return text, True
    return sha256(raw).hexdigest(), False


def _entries(raw: bytes) -> bytes:
    """Return the modes, sizes, objects and names of a git index, without its times and numbers of this disk."""
    kept, at = [raw[:12]], 12
    for _ in range(int.from_bytes(raw[8:12], "big")):
        end = raw.index(b"\0", at + 62)
        kept += [raw[at + 24 : at + 28], raw[at + 36 : end]]
        at += (end - at) // 8 * 8 + 8
    return b"".join([*kept, raw[at:-20]])
