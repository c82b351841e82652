"""The records of clones that are made at the same time, in threads of one run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ccsetup.git.clone_record import Records


def test_clones_at_the_same_time_keep_their_records_and_the_last_one_leaves_nothing(tmp_path: Path) -> None:
    records = Records(tmp_path / "state" / "ccsetup")

    def clones(thread: int) -> int:
        for number in range(40):
            target = tmp_path / f"clone-{thread}"
            assert not list(records.left(target))  # that of another thread, half made, isn't taken for this clone's
            record = records.begin(tmp_path / f".ccsetup-{thread}-{number}", target, "codecommit::us-east-2://dev@Demo")
            assert record._descriptor is not None
            assert record._path is not None
            assert record._path.is_file()
            record.note(device=1, inode=2)
            record.forget()
        return thread

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(clones, range(8))) == [*range(8)]
    assert list(tmp_path.iterdir()) == []


def test_records_that_may_not_be_read_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records(tmp_path / "state" / "ccsetup")
    record = records.begin(tmp_path / ".demo.ccsetup-1", tmp_path / "demo", "codecommit::us-east-2://Demo")

    def refused(path: Path, pattern: str) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as another_user:
        another_user.setattr(Path, "glob", refused)
        assert not records.speak_of(tmp_path / "demo")
        assert not list(records.left(tmp_path))
    record.forget()
