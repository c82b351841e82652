"""Ends a process together with everything that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from ccsetup.core import executables

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def end(process: subprocess.Popen[bytes], how: signal.Signals = KILL) -> None:
    """Send a signal to the process and its children; it must have been started in its own session.

    After KILL, wait until they have ended, so that nothing is written later. Windows has no such signals: there, all
    of them are ended at once.
    """
    if executables.WINDOWS:
        _end_on_windows(process)
        return
    try:
        os.killpg(process.pid, how)
        for _ in range(20 if how == KILL else 0):
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(0.02)
    except (ProcessLookupError, PermissionError):  # the group has ended (macOS raises the second error)
        pass


def _end_on_windows(process: subprocess.Popen[bytes]) -> None:
    """End it with taskkill, which finds its children. Without taskkill, end it alone."""
    if process.poll() is not None:
        return  # its number may belong to another process by now
    taskkill = executables.path_of("taskkill", os.environ)
    if taskkill:
        subprocess.run([taskkill, "/F", "/T", "/PID", str(process.pid)], check=False, capture_output=True)
    process.kill()  # does nothing if it has ended
