"""Folders that have to be made on the way to a file, and go again, as far as they are empty, when it is put back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and its parents, for their owner only under any umask; add those made to `made`."""
    if folder.is_dir():
        return
    make_folder(folder.parent, made)
    with suppress(FileExistsError):
        folder.mkdir(0o700)
        made.append(folder)
        folder.chmod(0o700)


def remove_folders(made: Sequence[Path]) -> None:
    """Remove the folders that were made, innermost first, as far as they are empty."""
    for folder in reversed(made):
        with suppress(OSError):
            # Proof: `make_folder` made it for us, and it goes only when it is empty.
            folder.rmdir()
