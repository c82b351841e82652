# Without pathlib and stat, which take longer to import than a file takes to read: git's helpers wait for this.
# ruff: noqa: PTH116
"""Reads files that something outside the program names: never waits for one, never reads more than was asked for."""

from __future__ import annotations

import errno
import os

# Bytes of the largest file that is read for each purpose.
SMALL = 1 << 20  # a token, a cached sign-in, a policy, an assertion, git's settings of one clone
CERTIFICATES = 16 << 20  # a CA bundle; the usual ones have 250 KiB
AWS_FILE = 128 << 20  # one of AWS's two files; one with a million profiles still fits

_KIND, _REGULAR = 0o170000, 0o100000
_NAMES = {
    0o040000: "a folder",
    0o010000: "a pipe",
    0o020000: "a device",
    0o060000: "a device",
    0o140000: "a socket",
}
_FLAGS = os.O_RDONLY | sum(getattr(os, f"O_{name}", 0) for name in ("NONBLOCK", "NOCTTY", "CLOEXEC", "BINARY"))
_PIECE = 1 << 20


class NotPlain(OSError):
    """What is at the path is no regular file, or a larger one than can be wanted there; `strerror` says which."""


def content(path: str, most: int) -> bytes:
    """Return a regular file's bytes, `most` of them at the most. Raises NotPlain, or another OSError.

    A pipe or a device isn't opened at all: opening one may wait, or do something.
    """
    opened = _opened(path, most)
    try:
        return _read(opened, path, most)
    finally:
        os.close(opened)


def check(path: str, most: int) -> None:
    """Raise NotPlain, or another OSError, where `content` would, for a file that a library is to open."""
    os.close(_opened(path, most))


def _opened(path: str, most: int) -> int:
    try:
        _refuse(path, os.stat(path), most)
        opened = os.open(path, _FLAGS)
    except ValueError:  # a NUL, or what the file system's encoding cannot spell
        raise NotPlain(errno.EINVAL, "its name is none", path) from None
    try:
        _refuse(path, os.fstat(opened), most)  # it may have been another file a moment ago
    except NotPlain:
        os.close(opened)
        raise
    return opened


def _refuse(path: str, about: os.stat_result, most: int) -> None:
    kind = about.st_mode & _KIND
    if kind != _REGULAR:
        number = errno.EISDIR if kind == 0o040000 else errno.EINVAL
        raise NotPlain(number, f"it is {_NAMES.get(kind, 'something else than a file')}", path)
    if about.st_size > most:
        raise _too_large(path, most)


def _read(opened: int, path: str, most: int) -> bytes:
    pieces, left = [], most
    while piece := os.read(opened, min(left + 1, _PIECE)):
        left -= len(piece)
        if left < 0:  # it has grown meanwhile, or its size isn't told, as in /proc
            raise _too_large(path, most)
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(path: str, most: int) -> NotPlain:
    size = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most:,} bytes"
    return NotPlain(errno.EFBIG, f"it is larger than {size}", path)
