# Doesn't use pathlib and stat: importing them takes longer than reading a file, and git's helpers wait for this.
# ruff: noqa: PTH116
"""Reads files with paths from outside the program. Never blocks on one and never reads more than the given limit."""

from __future__ import annotations

import errno
import os

# The size limit for each purpose, in bytes.
SMALL = 1 << 20  # a token, a cached sign-in, a policy, an assertion, git's settings of one clone
CERTIFICATES = 16 << 20  # a CA bundle; most have 250 KiB
AWS_FILE = 128 << 20  # one of the two AWS files; a million profiles still fit

MARK = ".ccsetup-"  # in the name of every draft of an AWS file, which is next to the file

_KIND, _REGULAR = 0o170000, 0o100000
_NAMES = {
    0o040000: "a folder",
    0o010000: "a pipe",
    0o020000: "a device",
    0o060000: "a device",
    0o140000: "a socket",
}
_FLAGS = os.O_RDONLY | sum(getattr(os, f"O_{name}", 0) for name in ("NONBLOCK", "NOCTTY", "CLOEXEC", "BINARY"))
_PIECE = 1 << 20  # what is read at a time, unless the file has more


class NotPlain(OSError):
    """The path isn't a regular file, or the file is too large. `strerror` tells which."""


def content(path: str, most: int) -> bytes:
    """Return the bytes of a regular file of at most `most` bytes. Raises NotPlain, or another OSError.

    A pipe or a device isn't opened at all, since that may block or have side effects.
    """
    opened = _opened(path, most)
    try:
        return _read(opened, path, most)
    finally:
        os.close(opened)


def check(path: str, most: int) -> None:
    """Raise NotPlain, or another OSError, if `content` would, for a file that a library will open."""
    os.close(_opened(path, most))


def _opened(path: str, most: int) -> int:
    try:
        _refuse(path, os.stat(path), most)
        opened = os.open(path, _FLAGS)
    except ValueError:  # a NUL, or a character that the file system can't encode
        raise NotPlain(errno.EINVAL, "it isn't a valid path", path) from None
    try:
        _refuse(path, os.fstat(opened), most)  # the file may have been replaced since the first check
    except NotPlain:
        os.close(opened)
        raise
    return opened


def _refuse(path: str, about: os.stat_result, most: int) -> None:
    kind = about.st_mode & _KIND
    if kind != _REGULAR:
        number = errno.EISDIR if kind == 0o040000 else errno.EINVAL
        raise NotPlain(number, f"it is {_NAMES.get(kind, 'not a regular file')}", path)
    if about.st_size > most:
        raise _too_large(path, most)


def _read(opened: int, path: str, most: int) -> bytes:
    pieces, left = [], most
    at_once = max(_PIECE, os.fstat(opened).st_size)  # one piece needn't be copied to join it with others
    while piece := os.read(opened, min(left, at_once) + 1):
        left -= len(piece)
        if left < 0:  # it has grown meanwhile, or its size is unknown, as in /proc
            raise _too_large(path, most)
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(path: str, most: int) -> NotPlain:
    size = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most:,} bytes"
    return NotPlain(errno.EFBIG, f"it is larger than {size}", path)
