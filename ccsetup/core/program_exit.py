"""The exit of a program: without taking the interpreter apart, which takes longer than a call to AWS with the SDK."""

import os
import sys


def leave(code: int) -> None:
    """Exit at once. Return instead if a thread has to be waited for.

    Python would free the SDK's objects one by one first, and may crash meanwhile if daemon threads still run.
    """
    threading = sys.modules.get("threading")
    here = threading.main_thread() if threading else None
    if threading and any(not each.daemon and each is not here for each in threading.enumerate()):
        return
    import atexit

    atexit._run_exitfuncs()  # restores the terminal's settings, and ends what still runs
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            pass
    os._exit(code)
