"""Files that another program has open, as Windows treats them, and drafts that a killed run left."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from ccsetup.awsfiles import disk
from ccsetup.awsfiles.store import Files
from ccsetup.core import executables
from ccsetup.core.errors import Problem
from ccsetup.core.model import Edit, Plan, Touched

pytestmark = pytest.mark.skipif(os.name == "nt", reason="they decide as on Windows; tests/windows shows it there")

OLD, NEW = "[maria]\naws_secret_access_key = old\n", "[maria]\naws_secret_access_key = new\n"


class Holder:
    """Another program on Windows: while it has a file open, that file can't be replaced or removed."""

    def __init__(self, held: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.held, self.left, self.rename, self.unlink = held, times, Path.replace, Path.unlink
        monkeypatch.setattr(executables, "WINDOWS", True)
        monkeypatch.setattr(disk, "HELD_S", 0.2)
        monkeypatch.setattr(disk, "is_held", lambda path: self.holds(path))
        monkeypatch.setattr(Path, "replace", lambda path, to: self.let(Path(to)) or self.rename(path, to))
        monkeypatch.setattr(Path, "unlink", lambda path, **how: self.let(path) or self.unlink(path, **how))

    def holds(self, path: Path) -> bool:
        """It holds the file under each of its names."""
        return self.left > 0 and path.exists() and path.samefile(self.held)

    def let(self, path: Path) -> None:
        if self.holds(path):
            self.left -= 1
            raise PermissionError(13, "Access is denied", str(path))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(OLD)
    return Files({}, tmp_path, lambda: datetime.now(timezone.utc), state=tmp_path / "state")


def plan(files: Files) -> Plan:
    texts = files.read()
    edit = Edit(texts.credentials_path, OLD, NEW, "credentials")
    touched = Touched("credentials", frozenset({2}), frozenset({("profile", "maria")}))
    return Plan("maria", "", edits=(edit,), touched=(touched,))


def names(home: Path) -> list[str]:
    return sorted(it.name for it in (home / ".aws").iterdir())


def test_a_file_that_is_held_for_a_moment_is_waited_for(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = plan(files)
    holder = Holder(tmp_path / ".aws" / "credentials", monkeypatch, times=2)
    files.apply(change)
    assert holder.left == 0
    assert (tmp_path / ".aws" / "credentials").read_text() == NEW
    assert names(tmp_path) == ["credentials"]


def test_a_file_that_stays_held_is_named_and_no_draft_stays_behind(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = plan(files)
    Holder(tmp_path / ".aws" / "credentials", monkeypatch, times=10**6)
    with pytest.raises(Problem) as refused:
        files.apply(change)
    there = tmp_path / ".aws" / "credentials"
    assert refused.value.what == f"Can't write {there}: another program has it open."
    assert "Close the file in the other program" in refused.value.next
    assert names(tmp_path) == ["credentials"]
    assert there.read_text() == OLD
    assert not files.changes()


def test_on_windows_advice_names_no_command_of_posix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executables, "WINDOWS", True)
    with pytest.raises(Problem) as refused, disk.explained(tmp_path / "x", "write"):
        raise PermissionError(13, "Access is denied", str(tmp_path / "x"))
    assert "read-only attribute" in refused.value.next
    assert "ch" not in refused.value.next.split()[0]


@pytest.mark.parametrize("command", ["read", "glimpse"])
def test_drafts_of_a_killed_run_are_removed_by_the_next_start(command: str, files: Files, tmp_path: Path) -> None:
    stale = disk.draft(tmp_path / ".aws" / "credentials", b"old keys")
    others = tmp_path / ".aws" / ".credentials.ccsetup-mine"
    others.write_text("not ours")
    getattr(files, command)()
    assert not stale.exists()
    assert others.exists()


def test_drafts_of_a_run_that_is_writing_right_now_stay(files: Files, tmp_path: Path) -> None:
    target = tmp_path / ".aws" / "credentials"
    with files._exchange()._locked(target, []):
        theirs = disk.draft(target, b"new keys")
        files.read()
        assert theirs.exists()


def test_an_old_draft_of_a_cached_session_goes_when_the_session_is_stored(files: Files, tmp_path: Path) -> None:
    target = tmp_path / ".aws" / "sso" / "cache" / "a.json"
    target.parent.mkdir(parents=True)
    old, new = disk.draft(target, b"token"), disk.draft(target, b"another's")
    hour_ago = time.time() - 3600
    os.utime(old, (hour_ago, hour_ago))
    files.store(Edit(target, None, "{}"))
    assert sorted(it.name for it in target.parent.iterdir()) == sorted(["a.json", new.name])


def test_a_cached_session_that_cannot_be_stored_leaves_no_draft(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / ".aws" / "a.json"
    target.write_text("{}")
    Holder(target, monkeypatch, times=10**6)
    with pytest.raises(Problem, match="another program has it open"):
        files.store(Edit(target, "{}", '{"a": 1}'))
    assert names(tmp_path) == ["a.json", "credentials"]
