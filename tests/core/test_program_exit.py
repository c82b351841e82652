"""A program that leaves at once has still done all that it had to do."""

from __future__ import annotations

import subprocess
import sys

import pytest
from paths import ROOT

START = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom ccsetup.core.program_exit import leave\n"


def ran(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", START + code], capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.parametrize(
    "threads", ["", "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"]
)
def test_output_is_written_and_what_is_registered_runs(threads: str) -> None:
    done = ran(
        "import atexit\natexit.register(print, 'registered')\nsys.stderr.write('error')\nprint('output', end='|')\n"
        f"{threads}leave(3)\nprint('never')\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "output|registered\n", "error")


def test_a_thread_that_is_to_be_waited_for_is_waited_for() -> None:
    work = "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.3), print('done'))).start()\n"
    done = ran(f"{work}leave(3)\nprint('returned')\nsys.exit(4)\n")
    assert (done.returncode, done.stdout) == (4, "returned\ndone\n")


def test_nothing_is_freed_first() -> None:
    done = ran("class Heavy:\n    def __del__(self): print('freed')\nheavy = Heavy()\nprint('left')\nleave(0)\n")
    assert done.stdout == "left\n"
