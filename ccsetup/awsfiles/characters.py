"""Characters that documents, chats and word processors substitute, and the encodings of a text."""

from __future__ import annotations

import codecs
import re

from ccsetup.core.lazy_regex import later

BOM = "\ufeff"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MEANT = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007", " "),
        **dict.fromkeys("\u2008\u2009\u200a\u202f\u205f\u3000", " "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff", ""),
        "\uff1d": "=", "\uff1a": ":", "\uff3b": "[", "\uff3d": "]",
    }
)  # fmt: skip
MIXED = "mixed"
_WIDE = re.compile(rb"(?:\xff\xfe)?(?:[\t\n\r -\xff]\0(?:(?:[\0-\xff][\x01-\x30])(?=[\t\n\r -\xff]\0))?){2,}")
_NARROW = re.compile(rb"[\t -~]{2}")
_NARROW_LINE = re.compile(rb"[\t -~]{8}")
_OPTION = later(r"(?<=\s)-?[\u2013\u2014](?=[A-Za-z]{2})")


def plain(text: str) -> str:
    """Return a text with plain hyphens, quotes and spaces, and without invisible characters."""
    return text if text.isascii() else text.translate(_MEANT)


def plain_command(text: str) -> str:
    """Return a command with plain characters. A long dash before a word becomes two hyphens."""
    return text if text.isascii() else _OPTION.sub("--", text).translate(_MEANT)


def decoded(text: str) -> str:
    """Return a text decoded from its actual encoding, or encodings. Bytes that can't be decoded stay escapes."""
    if text.isascii() and "\0" not in text:
        return text
    name = encoding(text)
    if name == MIXED:
        data = _WIDE.sub(lambda found: _narrow(found[0]), text.encode("utf-8", "surrogateescape"))
        return data.decode("utf-8", "surrogateescape").removeprefix(BOM)
    if name in ("", "utf-8"):
        return text.removeprefix(BOM)
    data = text.encode("utf-8", "surrogateescape")
    return data.decode(name, "replace").removeprefix(BOM)


def encoding(text: str) -> str:
    """Return a text's encoding: "utf-8" with a byte order mark, "" for plain UTF-8 or an unknown encoding.

    MIXED means that parts of it are UTF-16, as PowerShell 5's >> appends them, and the others UTF-8.
    """
    if text.isascii() and "\0" not in text:
        return ""
    if "\0" in text and _is_mixed(text.encode("utf-8", "surrogateescape")):
        return MIXED
    if text.startswith(BOM):
        return "utf-8"
    head = text[:64].encode("utf-8", "surrogateescape")
    for mark, name in _MARKS:
        if head.startswith(mark) and "\0" in text:
            return name
    if text.count("\0") * 3 > len(text):
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    return ""


def _is_mixed(data: bytes) -> bool:
    rest = _WIDE.sub(b"", data)
    return len(rest) < len(data) and b"\0" not in rest and bool(_NARROW.search(rest)) and not _is_utf_16(data)


def _is_utf_16(data: bytes) -> bool:
    """Return whether a text without a mark, or with one, is UTF-16 from beginning to end."""
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return marked and not len(data) % 2 and not _NARROW_LINE.search(data)


def _narrow(part: bytes) -> bytes:
    return part.removeprefix(codecs.BOM_UTF16_LE).decode("utf-16-le", "replace").encode("utf-8")


def first_wide_line(text: str) -> int:
    """Return the number of the first line, from 1, that is UTF-16 in a MIXED text."""
    data = text.encode("utf-8", "surrogateescape")
    found = _WIDE.search(data)
    return 1 + data[: found.start()].count(b"\n") if found else 1


def from_windows(text: str) -> str:
    """Return a text with bytes that aren't UTF-8 decoded as Windows-1252."""
    escapes = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}
    return text.translate(escapes)
