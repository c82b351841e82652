"""The quick status gives way to the full one where that has something to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccsetup.cli import fast_status, main
from ccsetup.core.plain_file import MARK


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(main, "_end_like_ctrl_c", lambda: None)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\nregion = us-east-2\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", ["status", "status --short", "undo", "undo --list", "undo --dry-run"])
@pytest.mark.parametrize("place", [".aws", "elsewhere"])
def test_the_drafts_of_a_killed_run_are_removed_by_whatever_runs_next(
    home: Path, words: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "default")
    (home / place).mkdir(exist_ok=True)
    if place != ".aws":
        (home / ".aws" / "config").rename(home / place / "config")
        (home / ".aws" / "config").symlink_to(home / place / "config")
    draft = home / place / f".config{MARK}{'0a' * 16}"
    draft.write_text("aws_secret_access_key = x\n")
    draft.chmod(0o600)
    other = home / place / f".config{MARK}mine"
    other.write_text("mine")
    main.run(words.split())
    assert (draft.exists(), other.exists()) == (False, True)


def test_a_home_without_drafts_is_listed_quickly(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fast_status.status() == 0
    assert "default" in capsys.readouterr().out
    (home / ".aws" / f".credentials{MARK}{'0a' * 16}").write_text("")
    assert fast_status.status() is None
