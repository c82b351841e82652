# Doesn't use pathlib: importing it takes longer than running everything here.
# ruff: noqa: PTH100, PTH111, PTH112, PTH118, PTH120, PTH208
"""Fast versions of `ccsetup status` and of the list of profile names for shell completion.

Uses only the standard library. If the files contain anything unusual, the full program runs instead.
"""

from __future__ import annotations

import os
import sys
from itertools import islice

from ccsetup.awsfiles.fast_read import Unsure, aws_file
from ccsetup.awsfiles.fast_read import read as bytes_of
from ccsetup.core import clock, plain_file

BATCH = 1000  # lines written at a time


def complete() -> int:
    """Print the names of the profiles, one per line."""
    sys.stdout.buffer.write("".join(f"{name}\n" for name in profiles()).encode())
    return 0


def profiles() -> list[str]:
    """Return the names of the profiles, without those that a terminal can't show."""
    from ccsetup.awsfiles.fast_read import names

    files = (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
    try:
        config, credentials = (bytes_of(*file).decode("utf-8", "replace") for file in files)
    except Unsure:
        return []
    return [name for name in names(config, credentials) if name.isprintable()]


def status() -> int | None:
    """Print every profile as `ccsetup status` does. Return None, with nothing printed, if the full program must run."""
    import gc

    from ccsetup.awsfiles import profile_status
    from ccsetup.cli import status_table
    from ccsetup.git import clone_profile

    gc.disable()  # nothing becomes garbage before the end
    now = clock.now()
    try:
        config = bytes_of("AWS_CONFIG_FILE", "config")
        credentials = bytes_of("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        if (config and config == credentials) or _has_drafts():  # both variables may name one file
            return None
        found = profile_status.in_plain_texts(config, credentials, cached, now)
        here = clone_profile.profile_of(_clone())
    except (Unsure, OSError):
        return None
    if not found or here is None or sys.stdout.encoding.lower() != "utf-8":
        return None
    sys.stderr.write(f" {status_table.headline(found)}\n")
    lines = status_table.rows(found, now, here, _room())
    while batch := [*islice(lines, BATCH)]:
        sys.stdout.write("\n".join([*batch, ""]))
    sys.stdout.flush()
    if said := status_table.advice(found):
        sys.stderr.write(f" · {said}\n")
    return 0


def short() -> int | None:
    """Print one line like `ccsetup status --short`. Return None, with nothing printed, if the full program must run."""
    from ccsetup.awsfiles import profile_status
    from ccsetup.cli import status_table
    from ccsetup.git import clone_profile

    try:
        here = clone_profile.profile_of(_clone())
        if here is None:
            return None
        if not (name := here or os.environ.get("AWS_PROFILE", "")):
            return 0
        config = bytes_of("AWS_CONFIG_FILE", "config")
        credentials = bytes_of("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        if _has_drafts():
            return None
        now = clock.now()
        it = profile_status.one_in_plain_texts(name, config, credentials, cached, now)
    except (Unsure, OSError):
        return None
    if it is None or (config and config == credentials) or sys.stdout.encoding.lower() != "utf-8":
        return None
    sys.stdout.write(f"{status_table.short(it, now)}\n")
    return 0


def _has_drafts() -> bool:
    """Return whether there may be drafts of a killed run, which the full program removes."""
    files = ("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    for folder, name in (os.path.split(os.path.realpath(aws_file(*file))) for file in files):
        if os.path.isdir(folder) and any(it.startswith(f".{name}{plain_file.MARK}") for it in os.listdir(folder)):
            return True
    return False


def cached(path: str) -> str:
    """Return the text of a file by its path under ~/.aws or its absolute path, "" if it doesn't exist."""
    path = os.path.join(os.path.expanduser("~"), ".aws", path)
    try:
        return plain_file.content(path, plain_file.SMALL).decode("utf-8", "replace")
    except OSError:
        return ""


def _clone() -> str:
    """Return the text of .git/config of the current clone, "" outside a clone. Raises Unsure."""
    at = os.path.abspath(".")
    while not os.path.lexists(os.path.join(at, ".git")):
        if os.path.dirname(at) == at:
            return ""
        at = os.path.dirname(at)
    if "GIT_DIR" in os.environ:
        raise Unsure
    settings = plain_file.content(os.path.join(at, ".git", "config"), plain_file.SMALL)
    return settings.decode("utf-8", "replace").replace("\r\n", "\n")


def _room() -> int | None:
    return os.get_terminal_size(sys.stdout.fileno()).columns or None if sys.stdout.isatty() else None
