"""Writing AWS's files: the old file or the new one at any moment, exactly undone, private, and nobody's work lost."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aws_corpus import IDS, SAMPLES, SHARED, Sample, judge
from disk_states import firsts, state
from odd_files import shapes
from paths import ROOT

from ccsetup.awsfiles import backups, disk, plan, transaction
from ccsetup.awsfiles import edit as editing
from ccsetup.awsfiles.store import Files
from ccsetup.core import plain_file
from ccsetup.core.errors import Problem
from ccsetup.core.model import Edit, Plan, Receipt, Secret, Section, Touched

NOON = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)
CONFIG = "# mine\n[default]\nregion = us-east-1\n\n[profile dev]\noutput = json\n"
SECRETS = "[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
SECTIONS = (
    Section("config", "profile", "dev", {"region": "us-east-2"}),
    Section("credentials", "profile", "dev", {"aws_secret_access_key": Secret("hush" * 10)}),
)
POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX modes and signals")


class Home:
    """A home of its own, and the Files that work in it."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.path = folder / "home"
        self.path.mkdir()
        self.aws = self.path / ".aws"
        self.config, self.credentials = self.aws / "config", self.aws / "credentials"
        self.files = Files({}, self.path, lambda: NOON, judge=judge, **more)

    def fill(self, config: str | bytes | None = CONFIG, credentials: str | bytes | None = SECRETS) -> Home:
        """Put the two files there."""
        self.aws.mkdir(mode=0o700, exist_ok=True)
        for path, text in ((self.config, config), (self.credentials, credentials)):
            if text is not None:
                path.write_bytes(text.encode() if isinstance(text, str) else text)
                path.chmod(0o600)
        return self

    def plan(self, *sections: Section) -> Plan:
        return plan.make("dev", "us-east-2", sections or SECTIONS, self.files.read())

    def listing(self) -> dict[str, tuple[int, bytes | None]]:
        """Return everything in the home: its mode, and a file's bytes."""
        return {
            str(path.relative_to(self.path)): (
                stat.S_IMODE(path.lstat().st_mode),
                path.read_bytes() if path.is_file() else None,
            )
            for path in sorted(self.path.rglob("*"))
        }


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep locks out of the machine's temporary folder."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for other programs, where a test runs a thousand edits."""
    monkeypatch.setattr(transaction, "SETTLE_S", 0)
    monkeypatch.setattr(disk, "_FRESH_S", 0)
    monkeypatch.setattr(disk, "_CUT_SHORT_S", 0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ------------------------------------------------------------------ where the files are, and reading them


def test_the_files_lie_in_the_home_unless_the_environment_names_others(tmp_path: Path) -> None:
    texts = Files({}, tmp_path, lambda: NOON).read()
    assert (texts.config_path, texts.credentials_path) == (
        tmp_path / ".aws" / "config",
        tmp_path / ".aws" / "credentials",
    )
    assert (texts.config, texts.credentials) == (None, None)
    env = {"AWS_CONFIG_FILE": "~/x/c", "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "k")}
    texts = Files(env, tmp_path, lambda: NOON).read()
    assert (texts.config_path, texts.credentials_path) == (tmp_path / "x" / "c", tmp_path / "k")


def test_a_variable_in_the_path_is_expanded_as_botocore_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCSETUP_TEST_PLACE", str(tmp_path))
    env = {"AWS_CONFIG_FILE": "$CCSETUP_TEST_PLACE/${CCSETUP_TEST_NOTHING}/c"}
    assert Files(env, tmp_path, lambda: NOON).read().config_path == tmp_path / "${CCSETUP_TEST_NOTHING}" / "c"


def test_a_path_that_is_set_to_nothing_is_explained(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="AWS_CONFIG_FILE is set but empty") as refused:
        Files({"AWS_CONFIG_FILE": ""}, tmp_path, lambda: NOON).read()
    assert refused.value.next == "unset AWS_CONFIG_FILE"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the SDKs' shared cases are not at hand")
def test_the_files_are_where_all_sdks_look_for_them() -> None:
    cases = json.loads((SHARED / "file-location-tests.json").read_text(encoding="utf-8"))["tests"]
    for case in cases:
        if case["platform"] == "linux" and "HOME" in case["environment"]:
            env = case["environment"]
            texts = Files(env, Path(env["HOME"]), lambda: NOON).read()
            assert str(texts.config_path) == case["configLocation"]
            assert str(texts.credentials_path) == case["credentialsLocation"]


def test_any_bytes_survive_reading_and_writing(home: Home) -> None:
    home.fill(b"# \xff\xfe\x80\r\n[profile dev]\r\n", None)
    before = home.files.read().config
    edit = Edit(home.config, before, (before or "") + "x = \udc80\r\n", "config")
    home.files.apply(Plan("dev", "", (), (edit,), (Touched("config", frozenset(), frozenset({("profile", "dev")})),)))
    assert home.config.read_bytes() == b"# \xff\xfe\x80\r\n[profile dev]\r\nx = \x80\r\n"


def test_a_file_that_is_being_written_is_read_once_it_is_whole(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = iter([CONFIG[:-3], CONFIG, CONFIG])
    in_pauses(monkeypatch, lambda: home.config.write_text(next(stages, CONFIG)))
    ages = iter([0.001, 0.3, 0.001, 0.03])
    monkeypatch.setattr(disk, "_age_s", lambda _: next(ages))
    home.fill("", None)
    assert home.files.read().config == CONFIG


def test_a_folder_in_the_files_place_is_explained(home: Home) -> None:
    home.config.mkdir(parents=True)
    with pytest.raises(Problem, match=r"Can't read .*config: it is a folder") as refused:
        home.files.read()
    assert refused.value.code == "file.unreadable"


def test_a_file_in_the_folders_place_is_explained(home: Home) -> None:
    home.aws.write_text("")
    with pytest.raises(Problem, match="part of the path is a file"):
        home.files.read()


@POSIX
def test_a_link_to_nothing_is_explained(home: Home) -> None:
    home.aws.mkdir()
    home.config.symlink_to("elsewhere")
    with pytest.raises(Problem, match="symbolic link to elsewhere, which doesn't exist") as refused:
        home.files.read()
    assert refused.value.code == "file.unreadable"


@POSIX
def test_a_device_reads_as_no_file_and_is_never_replaced(home: Home) -> None:
    home.aws.mkdir()
    home.config.symlink_to("/dev/null")
    change = home.plan(SECTIONS[0])
    with pytest.raises(Problem, match="is a device or a pipe"):
        home.files.apply(change)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


# ------------------------------------------------------------------ what is written


@POSIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o177])
def test_new_files_are_private_under_any_umask(home: Home, umask: int) -> None:
    change = home.plan()
    old = os.umask(umask)
    try:
        receipt = home.files.apply(change)
    finally:
        os.umask(old)
    assert {mode(home.config), mode(home.credentials), *map(mode, receipt.backups)} == {0o600}
    assert {mode(path) for path in receipt.made} == {mode(home.aws)} == {0o700}
    assert home.files.backups in receipt.made


@POSIX
@pytest.mark.parametrize("odd", [0o644, 0o640, 0o400, 0o666, 0o700, 0o4600])
def test_a_files_mode_is_kept(home: Home, odd: int) -> None:
    home.fill().config.chmod(odd)
    home.aws.chmod(0o755)
    receipt = home.files.apply(home.plan())
    assert (mode(home.config), mode(home.credentials), mode(home.aws)) == (odd, 0o600, 0o755)
    home.files.put_back(receipt)
    assert (mode(home.config), home.config.read_text()) == (odd, CONFIG)


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_files_owner_is_kept_by_root(home: Home) -> None:
    home.fill()
    os.chown(home.config, 12345, 54321)
    home.files.apply(home.plan())
    assert (home.config.stat().st_uid, home.config.stat().st_gid) == (12345, 54321)


@POSIX
@pytest.mark.parametrize("depth", [1, 2])
def test_a_link_is_followed_and_stays(home: Home, tmp_path: Path, depth: int) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    home.fill()
    home.config.rename(dotfiles / "config")
    middle = dotfiles / "middle"
    if depth == 2:
        middle.symlink_to("config")
    home.config.symlink_to(middle if depth == 2 else dotfiles / "config")
    before = home.listing()
    receipt = home.files.apply(home.plan())
    assert home.config.is_symlink()
    assert "us-east-2" in (dotfiles / "config").read_text()
    assert {path.name for path in dotfiles.iterdir()} <= {"config", "middle"}
    home.files.put_back(receipt)
    assert home.listing() == before
    assert (dotfiles / "config").read_text() == CONFIG


@POSIX
def test_a_linked_folder_is_followed(home: Home, tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    home.aws.symlink_to(tmp_path / "dotfiles")
    home.files.apply(home.plan())
    assert (tmp_path / "dotfiles" / "config").is_file()
    assert home.aws.is_symlink()


@POSIX
@pytest.mark.parametrize("odd", [0o600, 0o640])
def test_the_other_names_of_a_hard_link_stay_names_of_the_same_file(home: Home, odd: int) -> None:
    home.fill().config.chmod(odd)
    os.link(home.config, home.path / "other")
    before = home.listing()
    receipt = home.files.apply(home.plan())
    assert home.config.samefile(home.path / "other")
    assert (mode(home.config), home.config.read_text()) == (odd, editing.put(CONFIG, SECTIONS[0]))
    assert {path.name for path in home.aws.iterdir()} == {"config", "credentials"}
    home.files.put_back(receipt)
    assert home.listing() == before
    assert home.config.samefile(home.path / "other")


@POSIX
@pytest.mark.parametrize("region", ["x", "us-east-2-and-more"])
@pytest.mark.parametrize("written", [0, 1, 30, 45, 50, 60, 200])
def test_a_file_left_half_written_in_place_is_put_back_by_the_next_to_read_it(
    home: Home, region: str, written: int
) -> None:
    text = CONFIG + "# more\n" * 4
    os.link(home.fill(text).config, home.path / "other")
    change = home.plan(Section("config", "profile", "dev", {"region": region}))
    receipt = home.files.apply(change)
    after = home.config.read_bytes()
    for one, other in ((text.encode(), after), (after, text.encode())):  # killed in a change, or in undoing it
        torn = other[:written] + one[written:]
        with home.config.open("r+b") as file:
            file.write(torn)
            file.truncate()
        whole = after if torn == after else text.encode()
        assert (home.files.read().config or "").encode() == whole
        assert home.config.read_bytes() == (home.path / "other").read_bytes() == whole
        home.config.write_bytes(after)
    home.config.write_bytes(b"# somebody else's\n")
    assert home.files.read().config == "# somebody else's\n"
    assert receipt.backups


@POSIX
def test_a_hard_link_that_cannot_be_written_to_the_end_is_as_it_was(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.link(home.fill().config, home.path / "other")
    before, change = home.listing(), home.plan()
    real, count = disk.put, iter(range(100))

    def put(fd: int, data: bytes) -> None:
        if stat.S_ISREG(os.fstat(fd).st_mode) and os.fstat(fd).st_nlink == 2 and next(count) == 0:
            real(fd, data[:-5])
            raise OSError(errno.ENOSPC, "full")
        real(fd, data)

    monkeypatch.setattr(disk, "put", put)
    with pytest.raises(Problem, match="the disk is full"):
        home.files.apply(change)
    assert next(count) == 2
    assert home.listing() == before


def test_nothing_but_the_files_and_one_backup_is_left(home: Home) -> None:
    receipt = home.fill().files.apply(home.plan())
    assert {path.name for path in home.aws.iterdir()} == {"config", "credentials"}
    assert [*home.files.backups.iterdir()] == [*receipt.backups]


def test_a_plan_that_changes_nothing_leaves_no_trace(home: Home) -> None:
    home.fill()
    home.files.apply(home.plan())
    before = home.listing()
    receipt = home.files.apply(home.plan())
    assert (receipt.backups, receipt.made) == ((), ())
    home.files.put_back(receipt)
    assert home.listing() == before


def test_a_file_that_changed_since_it_was_read_is_left_alone(home: Home) -> None:
    change = home.fill().plan()
    home.credentials.write_text(SECRETS + "# theirs\n")
    before = home.listing()
    with pytest.raises(Problem) as refused:
        home.files.apply(change)
    assert refused.value.code == "file.changed"
    assert home.listing() == before


def test_a_file_that_appeared_since_is_left_alone(home: Home) -> None:
    change = home.plan()
    home.fill()
    before = home.listing()
    with pytest.raises(Problem) as refused:
        home.files.apply(change)
    assert (refused.value.code, home.listing()) == ("file.changed", before)


def test_the_judge_sees_the_file_before_it_counts(home: Home) -> None:
    seen: list[tuple[Path, Mapping[str, Any]]] = []

    def watching(path: Path) -> Mapping[str, Any]:
        assert home.config.read_text() == CONFIG
        seen.append((path, judge(path)))
        return seen[-1][1]

    home.fill()
    files = Files({}, home.path, lambda: NOON, judge=watching)
    files.apply(home.plan(SECTIONS[0]))
    assert [path.parent for path, _ in seen] == [home.aws, home.aws]
    assert seen[1][1]["profile dev"] == {"output": "json", "region": "us-east-2"}


def test_what_the_judge_reads_otherwise_is_not_written(home: Home) -> None:
    def doubting(path: Path) -> Mapping[str, Any]:
        found = {name: dict(values) for name, values in judge(path).items()}
        if "region" in found["profile dev"]:
            found["default"]["region"] = "elsewhere"
        return found

    before = home.fill().listing()
    with pytest.raises(Problem, match=r"\[default\] would change"):
        Files({}, home.path, lambda: NOON, judge=doubting).apply(home.plan())
    assert home.listing() == before


# ------------------------------------------------------------------ putting back


@pytest.mark.many
@pytest.mark.parametrize("sample", [it for it in SAMPLES if not it.broken], ids=lambda it: f"{it.file}/{it.name}")
def test_every_file_is_put_back_byte_for_byte(home: Home, sample: Sample, at_once: None) -> None:
    data = sample.text.encode("utf-8", "surrogateescape")
    home.fill(data if sample.file == "config" else None, data if sample.file == "credentials" else None)
    before, receipts = home.listing(), []
    for name in ("ccsetup-one", "ccsetup-two"):
        wanted = (
            Section("config", "profile", name, {"region": "x"}),
            Section("credentials", "profile", name, {"a": "1"}),
        )
        receipts.append(home.files.apply(home.plan(*wanted)))
    for receipt in reversed(receipts):
        home.files.put_back(receipt)
    assert home.listing() == before


def test_files_and_folders_that_were_not_there_are_gone_again(home: Home) -> None:
    receipt = home.files.apply(home.plan())
    home.files.store(Edit(home.aws / "sso" / "cache" / "x.json", None, "{}"))
    home.files.store(Edit(home.aws / "sso" / "cache" / "x.json", "{}", None))
    home.files.put_back(receipt)
    assert home.listing() == {}


def test_a_folder_that_others_use_meanwhile_stays(home: Home) -> None:
    receipt = home.files.apply(home.plan())
    (home.aws / "theirs").write_text("x")
    home.files.put_back(receipt)
    assert [*home.listing()] == [".aws", ".aws/theirs"]


def test_a_file_that_was_changed_since_is_not_put_back(home: Home) -> None:
    receipt = home.fill().files.apply(home.plan())
    home.credentials.write_text(home.credentials.read_text() + "# theirs\n")
    before = home.listing()
    with pytest.raises(Problem) as refused:
        home.files.put_back(receipt)
    assert (refused.value.code, home.listing()) == ("file.changed", before)


# ------------------------------------------------------------------ backups


def test_a_backup_holds_what_undo_needs(home: Home) -> None:
    home.fill(CONFIG.encode() + b"# \xff\n", None)
    before = home.files.read().config
    edits = (Edit(home.config, before, CONFIG, "config"), Edit(home.credentials, None, SECRETS, "credentials"))
    sections = frozenset({("profile", "dev")})
    touched = Touched("config", frozenset({7}), sections), Touched("credentials", frozenset(), sections)
    receipt = home.files.apply(Plan("dev", "", (), edits, touched))
    [path] = receipt.backups
    record = json.loads(path.read_text())
    assert (record["at"], record["profile"]) == (NOON.isoformat(), "dev")
    assert record["made"] == [str(folder) for folder in receipt.made]
    first, second = record["files"]
    assert first["path"] == str(home.config)
    assert first["before"].encode("utf-8", "surrogateescape") == CONFIG.encode() + b"# \xff\n"
    assert (first["mode"], second["before"], second["mode"]) == (0o600, None, None)
    [change] = home.files.changes()
    assert (change.edits, change.backups, change.made) == (edits, receipt.backups, receipt.made)


def test_backups_sort_by_time_even_when_the_clock_stands_still_or_goes_back(home: Home, at_once: None) -> None:
    times = iter([NOON, NOON, NOON - timedelta(hours=3), NOON + timedelta(seconds=1)])
    files, found = Files({}, home.path, lambda: next(times)), []
    for n in range(4):
        change = plan.make("dev", "", [Section("config", "profile", "dev", {"n": str(n)})], files.read())
        found += files.apply(change).backups
    assert len(set(found)) == 4
    assert backups.names(files.backups) == found


def test_twenty_backups_are_kept_for_thirty_days(home: Home, at_once: None) -> None:
    moments = [NOON - timedelta(days=40), *(NOON - timedelta(days=29 - n) for n in range(10)), *[NOON] * 15]
    times = iter(moments)
    files, found = Files({}, home.path, lambda: next(times)), []
    for n in range(len(moments)):
        change = plan.make("dev", "", [Section("config", "profile", "dev", {"n": str(n)})], files.read())
        found += files.apply(change).backups
        if n == 11:
            assert backups.names(files.backups) == found[1:]
    assert backups.names(files.backups) == found[-20:]


@POSIX
def test_backups_lie_in_the_platforms_place_for_state(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(platform: str, **env: str) -> Path:
        monkeypatch.setattr(sys, "platform", platform)
        return Files(env, Path("/h"), lambda: NOON).backups

    assert place("linux") == Path("/h/.local/state/ccsetup/undo")
    assert place("linux", XDG_STATE_HOME="/s") == Path("/s/ccsetup/undo")
    assert place("linux", XDG_STATE_HOME="s") == Path("/h/.local/state/ccsetup/undo")
    assert place("darwin") == Path("/h/Library/Application Support/ccsetup/undo")
    assert place("win32", LOCALAPPDATA="/l") == Path("/l/ccsetup/undo")


@POSIX
def test_a_backup_folder_that_others_could_read_is_closed(home: Home) -> None:
    home.files.backups.mkdir(parents=True, mode=0o755)
    home.files.apply(home.plan())
    assert mode(home.files.backups) == 0o700


# ------------------------------------------------------------------ caches and texts


@POSIX
def test_a_cache_file_is_private_in_a_private_folder(home: Home) -> None:
    path = home.aws / "sso" / "cache" / "a.json"
    home.files.store(Edit(path, None, "{}"))
    assert (path.read_text(), mode(path), mode(path.parent), mode(home.aws)) == ("{}", 0o600, 0o700, 0o700)
    path.chmod(0o644)
    home.files.store(Edit(path, "{}", "[]"))
    assert (path.read_text(), mode(path), [*path.parent.iterdir()]) == ("[]", 0o600, [path])


def test_a_text_is_read_from_where_the_person_says(home: Home) -> None:
    (home.path / "token").write_bytes(b"\xef\xbb\xbfabc\n")
    assert home.files.text(Path("~/token")) == "abc\n"


@pytest.mark.parametrize(
    ("data", "says"),
    [(None, "doesn't exist"), (b"x" * (1 << 20) + b"y", "larger than 1 MiB"), (b"\xff", "isn't a UTF-8 text file")],
)
def test_a_text_that_cannot_be_is_explained(home: Home, data: bytes | None, says: str) -> None:
    if data is not None:
        (home.path / "t").write_bytes(data)
    with pytest.raises(Problem, match=says):
        home.files.text(home.path / "t")


def test_a_folder_is_no_text(home: Home) -> None:
    with pytest.raises(Problem, match="it is a folder"):
        home.files.text(home.path)


def test_a_place_is_occupied_unless_it_is_an_empty_folder_or_nothing(home: Home) -> None:
    place = home.path / "p"
    assert not home.files.occupied(place)
    place.mkdir()
    assert not home.files.occupied(place)
    (place / "x").touch()
    assert home.files.occupied(place)
    assert home.files.occupied(place / "x")


# ------------------------------------------------------------------ locks


def test_locks_lie_outside_the_home(home: Home, tmp_path: Path) -> None:
    home.files.apply(home.plan())
    [folder] = (tmp_path / "tmp").iterdir()
    assert folder.name.startswith("ccsetup")
    assert os.name != "posix" or mode(folder) == 0o700


@POSIX
@pytest.mark.parametrize("trap", ["link", "open", "file"])
def test_a_lock_folder_somebody_else_prepared_is_not_used(home: Home, tmp_path: Path, trap: str) -> None:
    folder = tmp_path / "tmp" / f"ccsetup-{os.getuid()}"
    if trap == "link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "theirs")
    elif trap == "open":
        folder.mkdir()
        folder.chmod(0o777)
    else:
        folder.touch()
    assert home.files._exchange()._lock_folder([]) == home.files._state / "locks"
    home.files.apply(home.plan())
    assert "us-east-2" in home.config.read_text()


def test_another_writer_who_does_not_end_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "LOCK_S", 0.05)
    other = Files({}, home.path, lambda: NOON)
    before = home.fill().listing()
    with other._exchange()._locked(home.config, []), pytest.raises(Problem, match=r"Another ccsetup .*config for"):
        home.files.apply(home.plan())
    assert home.listing() == before


# ------------------------------------------------------------------ when the system refuses or the program is killed

CALLS = [
    "open", "write", "fsync", "close", "replace", "rename", "link", "unlink", "chmod", "fchmod", "chown", "mkdir", "rmdir",
    "stat", "lstat", "listdir", "scandir", "readlink",
]  # fmt: skip


class Failing:
    """A layer over the system's calls in which the n-th does something else."""

    def __init__(
        self, patch: pytest.MonkeyPatch, n: int, instead: Callable[[str, Callable[..., Any], Any], Any]
    ) -> None:
        self.n, self.count, self.names = n, 0, list[str]()
        for name in CALLS:
            if hasattr(os, name):
                patch.setattr(os, name, self._wrapped(name, getattr(os, name), instead))
        if accessor := getattr(pathlib, "_NormalAccessor", None):  # Python 3.10 keeps names of its own
            for name in {*CALLS} - {"open"}:
                if hasattr(accessor, name) and hasattr(os, name):
                    patch.setattr(accessor, name, staticmethod(getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., Any], instead: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            self.count += 1
            self.names.append(name)
            return instead(name, real, args) if self.count == self.n else real(*args, **more)

        return call


def refusing(number: int) -> Callable[[str, Callable[..., Any], Any], Any]:
    def instead(name: str, real: Callable[..., Any], args: Any) -> Any:
        if name == "close":  # a descriptor is closed whatever close says
            real(*args)
        raise OSError(number, os.strerror(number), args[0] if args and isinstance(args[0], str) else None)

    return instead


def killing(name: str, real: Callable[..., Any], args: Any) -> Any:
    """End the process at once, half of what it was writing written."""
    if name == "write":
        real(args[0], bytes(args[1])[: len(args[1]) // 2])
    os._exit(9)


class Looking(Failing):
    """A layer over the system's calls that takes down, for each, what the disk would be like if it were `killing`."""

    def __init__(self, patch: pytest.MonkeyPatch, *folders: Path) -> None:
        self.folders, self.states, self.looks = folders, list[str](), False
        super().__init__(patch, 0, killing)

    def _wrapped(self, name: str, real: Callable[..., Any], instead: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if self.looks:
                return real(*args, **more)
            self.looks, half = True, 0
            if name == "write":
                half = real(args[0], bytes(args[1])[: len(args[1]) // 2])
            self.states.append(state(*self.folders))
            self.looks = False
            return half + real(args[0], bytes(args[1])[half:]) if name == "write" else real(*args, **more)

        return call


def killed_within(method: str, n: int, work: Callable[[], object]) -> bool:
    """Do something in a process that is killed at the n-th system call within a method of Files; say whether it was."""
    return in_a_fork(method, lambda: Failing(pytest.MonkeyPatch(), n, killing), work) != 0


def states_within(method: str, work: Callable[[], object], told: Path, *folders: Path) -> list[str]:
    """Do something in a process; return what a kill at each system call within a method of Files would leave in folders.

    The last one is what there is in the end. `told` is a file for the process to tell that in.
    """
    begun = list[Looking]()

    def done() -> None:
        work()
        [looking] = begun
        looking.looks = True
        told.write_text(json.dumps(looking.states))

    assert in_a_fork(method, lambda: begun.append(Looking(pytest.MonkeyPatch(), *folders)), done) == 0
    return [*json.loads(told.read_text()), state(*folders)]


SEED = os.urandom(8)  # another one each time the tests run


def in_a_fork(method: str, begin: Callable[[], object], work: Callable[[], object]) -> int:
    """Do something in a process, and something else first when a method of Files begins; return how it ended."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    # The same names of drafts each time: they lie in the folder, and are removed, in an order that hangs on their names.
    os.urandom = random.Random(SEED).randbytes
    real = getattr(Files, method)

    def begins(*args: Any) -> Any:
        begin()
        return real(*args)

    pytest.MonkeyPatch().setattr(Files, method, begins)
    code = 7
    try:
        work()
        code = 0
    finally:
        os._exit(code)  # the parent's tests are not this process's to go on with


def calls_of_an_edit(home: Home, monkeypatch: pytest.MonkeyPatch) -> int:
    """Count the system calls of applying the plan."""
    change = home.plan()
    with monkeypatch.context() as patch:
        layer = Failing(patch, 0, refusing(0))
        receipt = home.files.apply(change)
    home.files.put_back(receipt)
    assert layer.count > 40
    return layer.count


def whole(home: Home, before: Mapping[str, tuple[int, bytes | None]], after: Mapping[str, bytes]) -> bool:
    """Say whether each file is the old one or the new one, and all of its kind."""
    now = home.listing()
    ours = {name: now.get(name, (0, None))[1] for name in (".aws/config", ".aws/credentials")}
    old = {name: before.get(name, (0, None))[1] for name in ours}
    assert all(ours[name] in (old[name], after[name]) for name in ours), ours
    assert ours in (old, after), "both files, or none"
    return ours == after


def filled(home: Home, there: str) -> None:
    """Fill a home whose files are to be edited, or are new, or have other names."""
    if there != "new":
        home.fill()
    if there == "linked":
        os.link(home.config, home.path / "other")


@pytest.mark.slow
@pytest.mark.parametrize("there", ["edited", "new", "linked"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_whichever_call_fails_the_files_are_the_old_or_the_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: None, number: int, there: str
) -> None:
    home = Home(tmp_path)
    filled(home, there)
    before, change = home.listing(), home.plan()
    after = {f".aws/{edit.file}": (edit.after or "").encode() for edit in change.edits}
    for n in range(1, calls_of_an_edit(home, monkeypatch) + 1):
        refused = receipt = None
        with monkeypatch.context() as patch:
            layer = Failing(patch, n, refusing(number))
            try:
                receipt = home.files.apply(change)
            except Problem as problem:
                refused = problem
        assert whole(home, before, after) == (receipt is not None), (n, layer.names[n - 1 : n], refused)
        if refused:
            assert refused.what.endswith(".") and "\n" not in refused.what
        if receipt:
            home.files.put_back(receipt)
        left = {*home.listing()} - {*before}
        assert all(name.startswith(".local") or (layer.names[n - 1] in ("unlink", "rmdir")) for name in left), (n, left)
        shutil.rmtree(home.path)
        home.path.mkdir()
        filled(home, there)


@pytest.mark.slow
def test_an_interrupt_at_any_call_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: None
) -> None:
    home = Home(tmp_path).fill()
    before, change = home.listing(), home.plan()
    after = {f".aws/{edit.file}": (edit.after or "").encode() for edit in change.edits}

    def interrupt(name: str, real: Callable[..., Any], args: Any) -> Any:
        if name == "close":
            real(*args)
        raise KeyboardInterrupt

    for n in range(1, calls_of_an_edit(home, monkeypatch) + 1):
        with monkeypatch.context() as patch:
            Failing(patch, n, interrupt)
            try:
                home.files.apply(change)
            except KeyboardInterrupt:
                pass
        written = whole(home, before, after)
        drafts = [name for name in home.listing() if plain_file.MARK in name]
        assert len(drafts) <= 1  # the interrupt came as that one was being removed, or made
        if written:
            home.config.write_text(CONFIG), home.credentials.write_text(SECRETS)
        shutil.rmtree(home.path / ".local", ignore_errors=True)
        for name in drafts:
            (home.path / name).unlink()


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("there", [True, False], ids=["edited", "new"])
def test_killed_before_any_call_the_files_are_the_old_or_the_new_ones(
    tmp_path: Path, at_once: None, there: bool
) -> None:
    home, places = Home(tmp_path), (tmp_path / "home", tmp_path / "tmp")

    def lay() -> None:
        for place in places:
            shutil.rmtree(place)
            place.mkdir()
        if there:
            home.fill()

    lay()
    before, change = home.listing(), home.plan()
    after = {f".aws/{edit.file}": (edit.after or "").encode() for edit in change.edits}
    states = states_within("apply", lambda: home.files.apply(change), tmp_path / "told", *places)
    assert len(states) > 40
    stops = firsts(states)  # the other kills leave the same: see disk_states
    assert len(stops) > 10
    for n in stops:
        lay()
        assert killed_within("apply", n, lambda: home.files.apply(change)) == (n < len(states))
        assert state(*places) == states[n - 1], n
        now = home.listing()
        for name, text in after.items():
            assert now.get(name, (0, None))[1] in (before.get(name, (0, None))[1], text), n
            assert not (name in now and now[name][0] != 0o600)
        assert all(found[0] & 0o077 == 0 for found in now.values()), "what a kill leaves is private"
        again = plan.make("dev", "us-east-2", SECTIONS, home.files.read())
        home.files.apply(again)
        assert whole(home, before, after)
        home.files.apply(home.plan(Section("config", "profile", "dev", {"n": "1"})))
        assert not [name for name in home.listing() if plain_file.MARK in name], "the next run tidies"


EDIT = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from ccsetup.awsfiles import plan
from ccsetup.awsfiles.store import Files
from ccsetup.core.model import Section
files = Files({}, Path(sys.argv[1]), lambda: datetime.now(timezone.utc))
sections = [Section("config", "profile", "dev", {"region": "us-east-2"})]
files.apply(plan.make("dev", "us-east-2", sections, files.read()))
"""


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
@pytest.mark.parametrize(
    "call", ["link:1", "fsync:1", "fsync:2", "fsync:3", "rename:1", "fsync:4", "unlink:1", "unlink:2"]
)
def test_killed_by_a_signal_at_a_system_call_the_file_is_the_old_or_the_new_one(tmp_path: Path, call: str) -> None:
    home = Home(tmp_path).fill()
    name, when = call.split(":")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    name = "?link,?linkat" if name == "link" else name  # Python 3.14 calls the second one
    inject = f"inject={name}:signal=KILL:when={when}"
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={name}", "-e", inject]
    done = subprocess.run([*command, sys.executable, "-c", EDIT, str(home.path)], env=environment, capture_output=True)
    if b"ptrace" in done.stderr:
        pytest.skip("tracing is not allowed here")
    assert done.returncode in (-9, 137), done.stderr
    after = editing.put(CONFIG, SECTIONS[0])
    assert home.config.read_text() in (CONFIG, after)
    home.files.apply(home.plan())
    assert not [left for left in home.aws.iterdir() if plain_file.MARK in left.name]


def in_a_child(work: Callable[[], None]) -> None:
    """Run something that would change this process for good, and pass its verdict on."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    assert process.exitcode == 0


@POSIX
def test_a_file_size_limit_leaves_the_old_file_and_is_explained(home: Home) -> None:
    home.fill(CONFIG + "# x\n" * 5000)
    before, change = home.listing(), home.plan()

    def work() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        with pytest.raises(Problem, match=r"Can't write .*config: a file this large isn't allowed here"):
            home.files.apply(change)

    in_a_child(work)
    assert home.listing() == before


@POSIX
def test_a_folder_that_must_not_be_written_to_is_explained(home: Home, tmp_path: Path) -> None:
    home.fill()
    before, change = home.listing(), home.plan()

    def work() -> None:
        home.aws.chmod(0o555)
        if os.geteuid() == 0:
            for path in (home.path, home.aws, home.config, home.credentials, tmp_path / "tmp"):
                os.chown(path, 65534, 65534)
            for parent in (tmp_path, *tmp_path.parents):
                if parent.owner() == "root" and not mode(parent) & 0o001:
                    parent.chmod(mode(parent) | 0o011)
            os.setgid(65534)
            os.setuid(65534)
        with pytest.raises(Problem, match=r"Can't write .*config: permission was denied") as refused:
            home.files.apply(change)
        assert refused.value.code == "file.unreadable"

    in_a_child(work)
    home.aws.chmod(0o700)
    assert home.listing() == before


def test_a_second_file_that_cannot_be_replaced_puts_the_first_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.fill()
    before, change, real = home.listing(), home.plan(), transaction.Draft.replace
    seen = []

    def replace(draft: Any) -> None:
        seen.append(draft.target.name)
        if draft.target.name == "credentials":
            assert "us-east-2" in home.config.read_text()
            raise OSError(errno.ENOSPC, "full")
        real(draft)

    monkeypatch.setattr(transaction.Draft, "replace", replace)
    with pytest.raises(Problem, match="the disk is full"):
        home.files.apply(change)
    assert seen == ["config", "credentials"]
    assert home.listing() == before


def test_where_links_are_unknown_a_copy_serves(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    home.fill().config.chmod(0o640)
    monkeypatch.setattr(os, "link", link)
    before = home.listing()
    receipt = home.files.apply(home.plan())
    home.files.put_back(receipt)
    assert home.listing() == before
    monkeypatch.setattr(transaction.Draft, "look_again", lambda draft: (_ for _ in ()).throw(draft._changed()))
    with pytest.raises(Problem):
        home.files.apply(home.plan())
    assert home.listing() == before


# ------------------------------------------------------------------ others write too


def in_pauses(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    """Let something happen in each pause of this thread. Other tests may have left threads that sleep."""
    own, sleep = threading.get_ident(), time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: do() if threading.get_ident() == own else sleep(seconds))


def test_an_update_written_over_ours_is_noticed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    change = home.fill().plan()
    in_pauses(monkeypatch, lambda: home.config.write_text(CONFIG + "# theirs\n"))
    with pytest.raises(Problem) as refused:
        home.files.apply(change)
    assert refused.value.code == "file.changed"
    assert home.config.read_text() == CONFIG + "# theirs\n"
    assert home.credentials.read_text() == SECRETS, "the other file is put back"
    assert not backups.names(home.files.backups)


def test_an_update_written_into_the_old_file_is_not_lost(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    change = home.fill().plan(SECTIONS[0])
    with home.config.open("r+") as theirs:
        theirs.seek(0, os.SEEK_END)

        def write() -> None:
            theirs.write("# theirs\n")
            theirs.flush()

        in_pauses(monkeypatch, write)
        with pytest.raises(Problem) as refused:
            home.files.apply(change)
    assert refused.value.code == "file.changed"
    assert home.config.read_text() == CONFIG + "# theirs\n"


def test_an_update_written_on_top_of_ours_is_fine(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    change = home.fill().plan(SECTIONS[0])

    def write() -> None:
        monkeypatch.undo()
        home.config.write_text(home.config.read_text() + "# theirs\n")

    in_pauses(monkeypatch, write)
    home.files.apply(change)
    assert home.config.read_text() == editing.put(CONFIG, SECTIONS[0]) + "# theirs\n"


def written(files: Files, change: Plan) -> Receipt:
    """Write a plan as the stories do: made again on what another program left."""
    for _ in range(100):
        try:
            return files.apply(change)
        except Problem as problem:
            if problem.code != "file.changed":
                raise
            change = plan.again(change, files.read())
    raise AssertionError("never got through")


def writer(folder: Path, me: str, rounds: int, barrier: Any) -> None:
    """Add one profile a round, all at the same moment as the other writer."""
    files = Files({}, folder, lambda: datetime.now(timezone.utc))
    for n in range(rounds):
        change = plan.make("x", "y", [Section("config", "profile", f"{me}{n}", {"region": me})], files.read())
        barrier.wait()
        written(files, change)


def in_place(path: Path, rounds: int, barrier: Any) -> None:
    """Change a section a round as the AWS CLI does: read all, truncate, write, without a lock."""
    chance = random.Random(1)
    for n in range(rounds):
        barrier.wait()
        time.sleep(chance.random() * 0.012)
        with path.open() as file:
            text = file.read()
        with path.open("w") as file:
            file.write(text.replace("[profile theirs]\n", f"[profile theirs]\nk{n} = 1\n"))


def at_the_same_time(*work: tuple[Callable[..., None], tuple[Any, ...]]) -> Iterator[None]:
    """Run functions in processes of their own, and yield until all have ended."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(work))
    running = [context.Process(target=function, args=(*args, barrier)) for function, args in work]
    for process in running:
        process.start()
    while any(process.is_alive() for process in running):
        yield
    assert [process.exitcode for process in running] == [0] * len(running)


ROUNDS = int(os.environ.get("CCSETUP_TEST_ROUNDS", "60"))  # 200 and more in a long run


@POSIX
@pytest.mark.slow
def test_two_writers_at_once_lose_nothing_and_no_reader_sees_a_torn_file(home: Home, at_once: None) -> None:
    home.fill()
    reads, seen = 0, 0
    for _ in at_the_same_time((writer, (home.path, "a", ROUNDS)), (writer, (home.path, "b", ROUNDS))):
        text = home.config.read_text()
        document = editing.read(text, "config")
        assert text.startswith(CONFIG) and text.endswith("\n") and not document.fault
        assert len(document.headers) >= seen
        reads, seen = reads + 1, len(document.headers)
        time.sleep(0.002)
    assert {*editing.read(home.config.read_text(), "config").headers} == {
        "default",
        "profile dev",
        *(f"profile {me}{n}" for me in "ab" for n in range(ROUNDS)),
    }
    assert reads > ROUNDS / 2
    assert {path.name for path in home.aws.iterdir()} == {"config", "credentials"}


@POSIX
@pytest.mark.slow
def test_beside_a_program_that_writes_in_place_nothing_is_lost(home: Home) -> None:
    home.fill(CONFIG + "[profile theirs]\n")
    for _ in at_the_same_time((writer, (home.path, "a", ROUNDS)), (in_place, (home.config, ROUNDS))):
        time.sleep(0.01)
    document = editing.read(home.config.read_text(), "config")
    assert {*document.headers} >= {f"profile a{n}" for n in range(ROUNDS)}
    [theirs] = document.find("profile", "theirs")
    assert len(theirs.settings) == ROUNDS
    assert home.config.read_text().startswith(CONFIG)


def test_every_id_of_the_corpus_is_one_file() -> None:
    assert len(set(IDS)) == len(IDS)


# ------------------------------------------------------------------ the writer's own proof


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text.replace("# mine\n", ""),
        lambda text: text.replace("region = us-east-1\n", ""),
        lambda text: text.replace("region = us-east-1", "region = us-east-3"),
        lambda text: text.replace("[default]\n", "[default]\nrole_arn = r\n"),
        lambda text: text.replace("\n[profile dev]", "\n  [profile dev]"),
        lambda text: text + "hush\n",
        lambda text: text + "[profile dev]\n",
        lambda text: text.replace("output = json\n", "\n[default]\n"),
    ],
)
def test_a_repair_that_takes_or_changes_what_it_does_not_name_is_not_written(
    home: Home, harm: Callable[[str], str]
) -> None:
    before = home.fill().listing()
    touched = Touched("config", frozenset({6}), frozenset({("profile", "dev")}))
    wanted = CONFIG.replace("output = json", "# output = json")
    for after in (harm(CONFIG), harm(wanted)):
        edit = Edit(home.config, CONFIG, after, "config")
        with pytest.raises(Problem) as refused:
            home.files.apply(Plan("", "", (), (edit,), (touched,)))
        assert "hush" not in f"{refused.value.what}{refused.value.why}"
        assert home.listing() == before
    home.files.apply(Plan("", "", (), (Edit(home.config, CONFIG, wanted, "config"),), (touched,)))
    assert home.config.read_text() == wanted


def test_a_plan_that_names_nothing_takes_nothing(home: Home) -> None:
    home.fill()
    with pytest.raises(Problem):
        home.files.apply(Plan("", "", (), (Edit(home.config, CONFIG, CONFIG[: CONFIG.index("[profile")], "config"),)))
    home.files.apply(Plan("", "", (), (Edit(home.config, CONFIG, CONFIG + "# more\n", "config"),)))


@pytest.mark.parametrize("decided", [False, True])
def test_nobody_else_comes_to_sign_in_elsewhere_unless_a_person_says_so(home: Home, decided: bool) -> None:
    session = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
    role = "sso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Dev\n"
    home.fill(f"{session}[profile dev]\n{role}[profile other]\n{role}", None)
    before = home.listing()
    moved = Section("config", "sso-session", "acme", {"sso_start_url": "https://other.awsapps.com/start"})
    change = home.plan(moved, Section("config", "profile", "dev", {"region": "us-east-2"}))
    if decided:
        home.files.apply(change._replace(decided=frozenset({"other"})))
        return
    with pytest.raises(Problem, match="change the identity of other") as refused:
        home.files.apply(change)
    assert refused.value.code == "access.identity"
    assert home.listing() == before


# ------------------------------------------------------------------ what is no plain file


@POSIX
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
@pytest.mark.parametrize("shape", ["pipe", "socket", "huge", "zero", "link to pipe", "link to zero", "link to tty"])
def test_an_aws_file_that_is_none_neither_hangs_nor_fills_the_memory(variable: str, shape: str, tmp_path: Path) -> None:
    path = shapes(tmp_path / "shapes")[shape]
    files = Files({variable: str(path)}, tmp_path, lambda: NOON, state=tmp_path / "state")
    with pytest.raises(Problem, match=r"Can't read .*: it is (a|larger)") as refused:
        files.read()
    assert refused.value.code == "file.unreadable"
    texts, why = files.glimpse()
    assert (texts.config, texts.credentials) == (None, None)
    assert [*why] == [path]
    for read in (files.text, files.seen):
        with pytest.raises(Problem, match="it is"):
            read(path)


@POSIX
def test_the_null_device_is_how_people_name_no_file(tmp_path: Path) -> None:
    files = Files({"AWS_CONFIG_FILE": "/dev/null"}, tmp_path, lambda: NOON, state=tmp_path / "state")
    assert files.read().config is None
    assert files.glimpse()[1] == {}


# Several changes as one


def in_turn(home: Home, *names: str) -> list[Path]:
    """Write a profile after the other, each as a change of its own; return the backups."""
    found: list[Path] = []
    for name in names:
        section = Section("config", "profile", name, {"region": "us-east-2"})
        change = plan.make(name, "us-east-2", [section], home.files.read())
        found += home.files.apply(change).backups
    return found


def test_joined_changes_are_undone_together_and_the_modes_are_the_first_ones(home: Home) -> None:
    home.fill().config.chmod(0o640)
    before = home.listing()
    joined = home.files.join(in_turn(home, "one", "two", "three"))
    (change,) = home.files.changes()
    assert (change.profile, list(change.backups)) == ("one, two, three", list(joined))
    assert mode(joined[0]) == 0o600
    home.files.take_back(change, change.edits)
    assert (home.listing(), home.files.changes()) == (before, [])


def _joined(home: Home, made: list[Path]) -> object:
    return home.files.join(made)


@POSIX
@pytest.mark.slow
def test_killed_while_changes_are_joined_undo_restores_the_files_and_never_refuses(tmp_path: Path) -> None:
    killed, n = True, 1
    while killed:
        folder = tmp_path / str(n)
        folder.mkdir()
        home = Home(folder).fill()
        before = home.config.read_bytes()
        made = in_turn(home, "one", "two", "three")
        killed = killed_within("join", n, partial(_joined, home, made))
        later = in_turn(home, "later") if n % 2 else []
        for change in home.files.changes():
            assert {home.files.now(edit) for edit in change.edits} == {edit.after for edit in change.edits}, n
            home.files.take_back(change, change.edits)
        assert home.config.read_bytes() == before, (n, later)
        assert home.files.changes() == []
        n += 1
    assert n > 5


def test_joined_changes_that_made_a_file_and_its_folder_take_both_away(home: Home) -> None:
    before = home.listing()
    home.files.join(in_turn(home, "one", "two"))
    (change,) = home.files.changes()
    home.files.take_back(change, change.edits)
    assert home.listing() == before


def test_changes_that_another_program_came_between_stay_apart(home: Home) -> None:
    first = in_turn(home.fill(), "one")
    home.config.write_text(home.config.read_text() + "\n[profile theirs]\nregion = us-east-1\n")
    made = [*first, *in_turn(home, "two")]
    assert home.files.join(made) == made
    assert [change.profile for change in home.files.changes()] == ["two", "one"]


@pytest.mark.parametrize("count", [0, 1])
def test_one_change_or_none_stays_as_it_is(count: int, home: Home) -> None:
    made = in_turn(home, "one")[:count]
    assert home.files.join(made) == made
    assert len(home.files.changes()) == 1


def test_a_torn_backup_is_not_joined(home: Home) -> None:
    made = in_turn(home, "one", "two")
    made[0].write_text("{")
    assert home.files.join(made) == made
    assert all(path.exists() for path in made)
