"""In which encoding botocore reads the AWS files, and the first letter that is another one there."""

from __future__ import annotations

import locale

import pytest

from ccsetup.core import code_page
from ccsetup.core.code_page import Misread


@pytest.mark.parametrize(
    ("system", "found"),
    [("UTF-8", ""), ("utf8", ""), ("cp65001", ""), ("cp1252", "cp1252"), ("cp932", "cp932"), ("none-such", "")],
)
def test_utf_8_is_no_other_encoding(system: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getpreferredencoding", lambda do_setlocale: system)
    assert code_page.of_system() == found


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("[profile dev]\n", "cp1252", None),
        ("[profile José]\n", "", None),
        ("[profile a]\n\n[profile José]\n", "cp1252", Misread(3, "é", "Ã©")),
        ("# José\n[profile a]\n", "cp1252", None),
        ("# Ávila\n[profile José]\n", "cp1252", Misread(1, "Á", "")),  # 0x81 isn't a letter in this page
        ("[profile José]\n[profile Ávila]\n", "cp1252", Misread(2, "Á", "")),  # which rejects the file
        ("[profile a]\nrole_session_name = 名\n", "cp932", Misread(2, "名", "")),
        ("[profile José]\n", "ascii", Misread(1, "é", "")),
    ],
)
def test_the_first_letter_that_differs_is_named(text: str, encoding: str, found: Misread | None) -> None:
    assert code_page.misread(text, encoding) == found


@pytest.mark.parametrize("encoding", ["cp1252", "cp932", "cp437", "gbk"])
@pytest.mark.parametrize("text", ["[profile José]\n", "[profile Ávila]\n", "# 日本\n[profile ß]\n"])
def test_a_file_without_a_letter_to_name_reads_the_same_but_for_its_comments(text: str, encoding: str) -> None:
    found = code_page.misread(text, encoding)
    try:
        read = text.encode().decode(encoding)
    except UnicodeDecodeError:
        read = None
    if found is None:
        assert read is not None
        assert [it for it in read.split("\n") if it[:1] != "#"] == [it for it in text.split("\n") if it[:1] != "#"]
    else:
        assert read != text
