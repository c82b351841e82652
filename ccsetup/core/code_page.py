"""The encoding in which botocore, and so the AWS CLI and boto3, reads the AWS files on this computer.

botocore reads them in the system's encoding, which is a code page for one group of languages on Windows, for example,
cp1252. ccsetup and other SDKs read UTF-8.
"""

from __future__ import annotations

import codecs
import locale
from typing import NamedTuple

from ccsetup.core.errors import BadAnswer


class Misread(NamedTuple):
    """The first letter of a text that botocore reads differently: its line from 1, and what botocore reads.

    `read` is "" if it isn't a letter in that encoding, so that botocore rejects the whole file.
    """

    line: int
    letter: str
    read: str


def of_system() -> str:
    """Return that encoding if it isn't UTF-8, else ""."""
    name = locale.getpreferredencoding(False)
    try:
        return "" if codecs.lookup(name).name == "utf-8" else name
    except LookupError:
        return ""


def check(value: str, encoding: str, example: str) -> None:
    """Raise BadAnswer with an example if a program that reads the files in this encoding reads another value."""
    if odd := misread(value, encoding):
        raise BadAnswer(
            f"{value} contains “{odd.letter}”, which the AWS CLI and boto3 can't read correctly on this computer."
            f" Use only letters from a to z, for example, {example}."
        )


def misread(text: str, encoding: str) -> Misread | None:
    """Return the first letter of a text that a program reads differently in this encoding, None if there is none.

    What a comment says doesn't matter, as long as it can be read at all.
    """
    first = None
    for number, line in enumerate([] if text.isascii() or not encoding else text.split("\n"), start=1):
        for letter in line if not line.isascii() else "":
            if letter.isascii():
                continue
            try:
                read = letter.encode("utf-8", "surrogateescape").decode(encoding)
            except UnicodeDecodeError:
                return Misread(number, letter, "")
            if first is None and read != letter and not line.lstrip().startswith(("#", ";")):
                first = Misread(number, letter, read)
    return first
