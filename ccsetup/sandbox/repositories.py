"""The repositories on disk: bare git repositories, created on first use with their initial history."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from ccsetup.core import executables
from ccsetup.sandbox.resources import Repository

_BORN = 1_700_000_000  # seconds: initial commits start at this time, so that their IDs are always the same


class Repositories:
    """Bare repositories under one folder: ACCOUNT/REGION/NAME.git."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    @cached_property
    def program(self) -> str:
        """The absolute path of git. Raises FileNotFoundError if it isn't on the PATH."""
        return executables.sure(["git"], os.environ)[0]

    def relative(self, repository: Repository) -> str:
        """Return a repository's path relative to the folder."""
        return f"{repository.account_id}/{repository.region}/{repository.name}.git"

    def path(self, repository: Repository) -> Path:
        """Return a repository's folder, creating and filling it if necessary."""
        path = self.folder / self.relative(repository)
        if path.parent.parent.parent != self.folder:
            raise ValueError(f"{repository.name!r} leaves the folder")
        with self._lock:
            if not path.is_dir():
                self._make(path, repository)
        return path

    def branches(self, repository: Repository) -> dict[str, str]:
        """Return each branch's last commit."""
        form = "--format=%(refname:lstrip=2) %(objectname)"
        out = self.git(self.path(repository), "for-each-ref", form, "refs/heads")
        return dict(line.rsplit(" ", 1) for line in out.splitlines())

    def default_branch(self, repository: Repository) -> str:
        """Return the default branch, "" if the repository is empty."""
        if not (self.folder / self.relative(repository)).is_dir():
            return repository.branches[0] if repository.branches and repository.commits else ""
        head = self.git(self.path(repository), "symbolic-ref", "--short", "HEAD").strip()
        return head if head in self.branches(repository) else ""

    def settle_head(self, repository: Repository) -> None:
        """Make the first branch the default branch, as CodeCommit does after the first push."""
        there = sorted(self.branches(repository))
        if there and not self.default_branch(repository):
            self.git(self.path(repository), "symbolic-ref", "HEAD", f"refs/heads/{there[0]}")

    def git(self, path: Path, *arguments: str, stdin: bytes = b"") -> str:
        """Run git on a repository, without the user's and the system's configuration."""
        done = subprocess.run(
            [self.program, "--git-dir", str(path), *arguments],
            input=stdin,
            capture_output=True,
            env=self.environment(),
            check=True,
        )
        return done.stdout.decode("utf-8", "replace")

    def environment(self) -> dict[str, str]:
        """Return git's environment: PATH, without the user's and the system's configuration."""
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP") if name in os.environ}
        nowhere = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(self.folder)}
        return {**kept, **nowhere, "LC_ALL": "C"}

    def _make(self, path: Path, repository: Repository) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        first = repository.branches[0] if repository.branches else "main"
        self.git(building, "init", "--quiet", "--bare", "--template=", f"--initial-branch={first}", str(building))
        if repository.commits and repository.branches:
            self.git(building, "fast-import", "--quiet", stdin=b"".join(_history(repository)))
        building.rename(path)


def _history(repository: Repository) -> Iterator[bytes]:
    """Yield the repository's initial commits in the format of git fast-import."""
    first, *others = repository.branches
    readme = f"# {repository.name}\n\n{repository.description or 'A repository of the sandbox.'}\n".encode()
    files = {"README.md": readme, **repository.files}
    for number in range(repository.commits):
        subject = "First steps" if number == 0 else f"Step {number + 1}"
        yield from _commit(first, number, subject, b"")
        changed = files if number == 0 else {f"src/step{number + 1}.txt": f"step {number + 1}\n".encode()}
        for name, data in changed.items():
            yield f"M 100644 inline {name}\n".encode() + _data(data)
        yield b"\n"
    for number, branch in enumerate(others):
        parent = f"from refs/heads/{first}\n".encode()
        yield from _commit(branch, repository.commits + number, f"Begin {branch}", parent)
        yield b"M 100644 inline BRANCH\n" + _data(f"{branch}\n".encode()) + b"\n"


def _commit(branch: str, number: int, subject: str, parent: bytes) -> Iterator[bytes]:
    who = f"Maria Garcia <maria@example.com> {_BORN + number * 3600} +0000"
    yield f"commit refs/heads/{branch}\nauthor {who}\ncommitter {who}\n".encode()
    yield _data(f"{subject}\n".encode()) + parent


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"
