"""Creates the folders for a file, and removes them, if they are empty, when the file is restored."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def make_folder(folder: Path, made: list[Path]) -> None:
    """Create a folder and its parents, for their owner only under any umask. Adds the created ones to `made`."""
    if folder.is_dir():
        return
    make_folder(folder.parent, made)
    with suppress(FileExistsError):
        folder.mkdir(0o700)
        made.append(folder)
        folder.chmod(0o700)


def remove_folders(made: Sequence[Path]) -> None:
    """Remove the folders that were created, innermost first, if they are empty."""
    for folder in reversed(made):
        with suppress(OSError):
            # Proof: `make_folder` made it for us, and it goes only when it is empty.
            folder.rmdir()
