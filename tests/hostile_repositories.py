"""Repositories that no decent git would make: trees written byte by byte, and what lies around the clone, to compare."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

FILE, PROGRAM, LINK, TREE, MODULE = "100644", "100755", "120000", "40000", "160000"
Entry = tuple[str, str, "bytes | str | Sequence[Entry]"]  # mode, name, and bytes, a commit or a tree's entries

_WHO = "Mallory <m@example.com> 1700000000 +0000"
_ENV = {
    "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": os.devnull,
    "LC_ALL": "C",
}  # fmt: skip


def git(folder: Path, *words: str, stdin: bytes = b"") -> str:
    """Run git on a bare repository, apart from anybody's own configuration."""
    argv = ["git", "--git-dir", str(folder), *words]
    done = subprocess.run(argv, input=stdin, capture_output=True, env=_ENV, check=False)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout.decode("utf-8", "replace").strip()


def bare(folder: Path, entries: Sequence[Entry] | None, branch: str = "main") -> str:
    """Make a bare repository with one commit of these entries (None: without a commit); return the commit."""
    if not folder.exists():
        git(folder, "init", "-q", "--bare", "--template=", f"--initial-branch={branch}", str(folder))
    return "" if entries is None else commit(folder, entries, branch)


def commit(folder: Path, entries: Sequence[Entry], branch: str = "main") -> str:
    """Put a commit of these entries on a branch; return it."""
    text = f"tree {tree(folder, entries)}\nauthor {_WHO}\ncommitter {_WHO}\n\nStep\n"
    made = _object(folder, "commit", text.encode())
    git(folder, "update-ref", f"refs/heads/{branch}", made)
    return made


def tree(folder: Path, entries: Sequence[Entry]) -> str:
    """Write a tree as it is told, whatever its names are; return its id."""
    raw = b""
    for mode, name, content in sorted(entries, key=lambda entry: os.fsencode(entry[1])):
        if isinstance(content, str):
            made = content
        elif isinstance(content, bytes):
            made = _object(folder, "blob", content)
        else:
            made = tree(folder, content)
        raw += f"{mode} ".encode() + os.fsencode(name) + b"\0" + bytes.fromhex(made)
    return _object(folder, "tree", raw)


def _object(folder: Path, kind: str, content: bytes) -> str:
    return git(folder, "hash-object", "-t", kind, "--literally", "-w", "--stdin", stdin=content)


def gitmodules(modules: Mapping[str, tuple[str, str]]) -> bytes:
    """Return the text of a .gitmodules: name → path and url."""
    quoted = {name.replace("\\", "\\\\").replace('"', '\\"'): told for name, told in modules.items()}
    return "".join(
        f'[submodule "{name}"]\n\tpath = "{path}"\n\turl = {url}\n' for name, (path, url) in quoted.items()
    ).encode("utf-8", "surrogateescape")


def around(folder: Path, *but: Path) -> dict[str, tuple[int, int, int, int, bytes | str | None]]:
    """Return everything below a folder with inode, mode, size, time and content, except what is below `but`."""
    found = {}
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if Path(top, name) not in but]
        for name in [*folders, *files]:
            path = Path(top, name)
            if path in but:
                continue
            told = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            when = told.st_mtime_ns if path.is_file() else 0  # a folder's changes while a clone lies in it
            found[str(path)] = (told.st_ino, told.st_mode, told.st_nlink if path.is_file() else 0, when, content)
    return found
