"""Paths that lead to no plain file: each hangs, or fills the memory of, whoever opens and reads it like one."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def shapes(folder: Path) -> dict[str, Path]:
    """Return one path for each sort of file that isn't plain, links to them too."""
    folder.mkdir(exist_ok=True)
    made = {name: folder / name for name in ("pipe", "folder", "socket", "huge")}
    os.mkfifo(made["pipe"])
    made["folder"].mkdir()
    os.mknod(made["socket"], stat.S_IFSOCK | 0o600)
    with made["huge"].open("wb") as file:
        file.truncate(1 << 40)
    for name, path in [*made.items(), ("zero", Path("/dev/zero")), ("tty", Path("/dev/tty"))]:
        made[f"link to {name}"] = folder / f"link-{name}"
        made[f"link to {name}"].symlink_to(path)
    return {**made, "zero": Path("/dev/zero"), "random": Path("/dev/urandom"), "null": Path("/dev/null")}
