"""Ending a process with what it started: groups on POSIX, taskkill from the PATH on Windows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ccsetup.core import executables, process_tree

pytestmark = pytest.mark.skipif(os.name == "nt", reason="they decide as on Windows; tests/windows shows it there")


def test_after_the_last_signal_the_group_is_waited_for_and_after_a_request_it_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None
    child.stdout.readline()
    with monkeypatch.context() as patched:
        patched.setattr(time, "sleep", lambda seconds: pytest.fail("it waits"))
        process_tree.end(child, signal.SIGTERM)
    assert child.returncode is None
    process_tree.end(child, signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)
    process_tree.end(child, signal.SIGKILL)  # a group that has ended is no error
    child.stdout.close()


class Child:
    """A process as Popen shows it, which notes how it is ended."""

    pid = 4711

    def __init__(self, code: int | None = None) -> None:
        self.code, self.killed = code, False

    def poll(self) -> int | None:
        return self.code

    def kill(self) -> None:
        self.killed = True


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Decide as on Windows; return what is run there."""
    ran: list[list[str]] = []
    monkeypatch.setattr(executables, "WINDOWS", True)
    monkeypatch.setattr(subprocess, "run", lambda words, **_: ran.append(words))
    return ran


def test_on_windows_its_children_are_ended_too_by_the_systems_own_program(
    on_windows: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path / "here", tmp_path / "system"):
        folder.mkdir()
        (folder / "taskkill").write_text("#!/bin/sh\n")
        (folder / "taskkill").chmod(0o755)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", f".:{tmp_path / 'system'}")
    process_tree.end(Child())  # type: ignore[arg-type]
    assert on_windows == [[str(tmp_path / "system" / "taskkill"), "/F", "/T", "/PID", "4711"]]
    process_tree.end(Child(0))  # type: ignore[arg-type]  # its number may be another's by now
    assert len(on_windows) == 1


def test_on_windows_without_taskkill_the_process_alone_is_ended(
    on_windows: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    child = Child()
    process_tree.end(child)  # type: ignore[arg-type]
    assert (child.killed, on_windows) == (True, [])
