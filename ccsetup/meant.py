"""What a text was meant to say: letters as they were meant, the same lines in the same order."""

from __future__ import annotations

import codecs

BOM = "\ufeff"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decoded(text: str) -> str:
    """Return a text in the letters it was meant in, whatever its encoding; bytes without a meaning stay escapes."""
    if text.isascii() and "\0" not in text:
        return text
    name = encoding(text)
    if name in ("", "utf-8"):
        return text.removeprefix(BOM)
    data = text.encode("utf-8", "surrogateescape")
    return data.decode(name, "replace").removeprefix(BOM)


def encoding(text: str) -> str:
    """Return the encoding a text is in, "utf-8" for that with a mark, "" for plain UTF-8 and what is none at all."""
    if text.startswith(BOM):
        return "utf-8"
    head = text[:64].encode("utf-8", "surrogateescape")
    for mark, name in _MARKS:
        if head.startswith(mark) and (name != "utf-16-le" or "\0" in text):
            return name
    if text.count("\0") * 3 > len(text):
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    return ""
