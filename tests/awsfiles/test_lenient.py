"""What a broken file was intended to say: each line that is read otherwise, its corrections, and the text that results."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from often import examples

from ccsetup.awsfiles import headers, lenient
from ccsetup.core.model import FileName

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJIMEYCIQ"
ROLE = "arn:aws:iam::111122223333:role/R"
A = "[profile a]\n"
INDENT, CHARACTERS, PREFIX = "Remove the indentation", "Use plain characters", "Write [profile a]"
COMMENT, JOIN, APART = "Comment out the line", "Join the lines", "Put each setting on its own line"
AFTER = "Move this section after the settings that follow it"


class Case(NamedTuple):
    """A file, what it was intended to say, and what is odd: code, line, setting, section, the labels of its ways.

    The only way of several lines is what the `whole` text has; elsewhere it is the intended text.
    """

    file: FileName
    text: str
    intended: str
    code: str = ""
    line: int = 0
    key: str = ""
    header: str = "profile a"
    ways: tuple[str, ...] = ()
    whole: str = ""


CONFLICT = "<<<<<<< HEAD\nregion = us-east-1\n=======\nregion = us-east-2\n>>>>>>> theirs\n"
CASES: dict[str, Case] = {
    "two settings on one line": Case(
        "config", f"{A}  region = us-east-1 output = json\n", f"{A}  region = us-east-1\n",
        "file.stray-line", 2, "region", ways=(APART,), whole=f"{A}  region = us-east-1\n  output = json\n"),
    "no key": Case("config", f"{A}= us-east-1\n", f"{A}# = us-east-1\n", "file.stray-line", 2, ways=(COMMENT,)),
    "a shell command": Case(
        "credentials", f"[a]\nexport AWS_ACCESS_KEY_ID={KEY}\n", f"[a]\naws_access_key_id = {KEY}\n",
        "file.stray-line", 2, "aws_access_key_id", "a", ("Write it as aws_access_key_id = …", COMMENT)),
    "a shell command in quotes": Case(
        "credentials", f"[a]\nset AWS_SECRET_ACCESS_KEY='{SECRET}'\n", f"[a]\naws_secret_access_key = {SECRET}\n",
        "file.stray-line", 2, "aws_secret_access_key", "a", ("Write it as aws_secret_access_key = …", COMMENT)),
    "a header at a setting's end": Case(
        "config", f"{A}region = us-east-1[profile b]\nregion = us-east-2\n", f"{A}region = us-east-1\nregion = us-east-2\n",
        "file.stray-line", 2, "region", ways=("Put [profile b] on its own line",),
        whole=f"{A}region = us-east-1\n[profile b]\nregion = us-east-2\n"),
    "a name with an invisible character": Case(
        "config", f"{A}reg\u200bion = us-east-1\n", f"{A}region = us-east-1\n",
        "file.characters", 2, "region", ways=(CHARACTERS,)),
    "a sign of a word processor": Case(
        "config", f"{A}  region \uff1d us-east-1\n", f"{A}  region = us-east-1\n",
        "file.characters", 2, "region", ways=(CHARACTERS,)),
    "a foreign name is left as it is": Case("config", f"{A}m\u200bine = 1\n", f"{A}m\u200bine = 1\n"),
    "no sign": Case("config", f"{A}region us-east-1\n", f"{A}region = us-east-1\n",
                    "file.stray-line", 2, "region", ways=("Write region = …", COMMENT)),
    "an arrow": Case("config", f"{A}region -> us-east-1\n", f"{A}region = us-east-1\n",
                     "file.stray-line", 2, "region", ways=("Write region = …", COMMENT)),
    "prose": Case("config", f"{A}hello there\n", f"{A}# hello there\n", "file.stray-line", 2, ways=(COMMENT,)),
    "half a header": Case("config", "[profile a\nregion = us-east-1\n", f"{A}region = us-east-1\n",
                          "file.stray-line", 1, ways=(PREFIX,)),
    "a header without brackets": Case(
        "config", f"{A}profile b\nregion = us-east-2\n", f"{A}[profile b]\nregion = us-east-2\n",
        "file.stray-line", 2, header="profile b", ways=("Write [profile b]", COMMENT)),
    "no prefix": Case("config", "[a]\nregion = us-east-1\n", f"{A}region = us-east-1\n",
                      "section.prefix", 1, ways=(PREFIX,)),
    "a prefix that must not be there": Case(
        "credentials", f"[profile a]\naws_access_key_id = {KEY}\n", f"[a]\naws_access_key_id = {KEY}\n",
        "section.prefix", 1, header="a", ways=("Write [a]",)),
    "no quotes": Case("config", "[profile a b]\nregion = us-east-1\n", '[profile "a b"]\nregion = us-east-1\n',
                      "section.quoting", 1, header='profile "a b"', ways=('Write [profile "a b"]',)),
    "curly quotes": Case("config", "[profile “a”]\nregion = us-east-1\n", '[profile "a"]\nregion = us-east-1\n',
                         "file.characters", 1, header='profile "a"', ways=('Write [profile "a"]',)),
    "a type in brackets": Case("config", "[profile] a\nregion = us-east-1\n", f"{A}region = us-east-1\n",
                               "section.prefix", 1, ways=(PREFIX,)),
    "a setting after a header": Case(
        "config", "[profile a] region = us-east-1\n", "[profile a] region = us-east-1\n",
        "file.stray-line", 1, ways=("Put region on its own line",), whole=f"{A}region = us-east-1\n"),
    "prose after a header": Case(
        "config", "[profile a] mine\nregion = us-east-1\n", "[profile a] mine\nregion = us-east-1\n",
        "file.stray-line", 1, ways=("Comment out the text",)),
    "a comment after a header": Case("config", "[profile a] # x\nregion = x\n", "[profile a] # x\nregion = x\n"),
    "an indented setting": Case(
        "config", f"{A}region = us-east-1\n  output = json\n", f"{A}region = us-east-1\noutput = json\n",
        "section.indented-key", 3, "output", ways=(INDENT,)),
    "an indented setting that is there twice": Case(
        "config", f"{A}region = us-east-1\n  output = json\noutput = text\n",
        f"{A}region = us-east-1\n  output = json\noutput = text\n",
        "section.indented-key", 3, "output", ways=(COMMENT, INDENT)),
    "a profile's setting in a block": Case(
        "config", f"{A}s3 =\n  max_queue_size = 5\n  region = us-east-1\n",
        f"{A}s3 =\n  max_queue_size = 5\nregion = us-east-1\n",
        "section.indented-key", 4, "region", ways=(INDENT,)),
    "a block's own settings": Case(
        "config", f"{A}s3 =\n  max_queue_size = 5\n  addressing_style = path\n",
        f"{A}s3 =\n  max_queue_size = 5\n  addressing_style = path\n"),
    "a value on the next line": Case(
        "config", f"{A}role_arn =\n  {ROLE}\n", f"{A}role_arn = {ROLE}\n\n",
        "file.stray-line", 3, "role_arn", ways=(JOIN,)),
    "a split ARN": Case(
        "config", f"{A}role_arn = {ROLE[:13]}\n{ROLE[13:]}\n", f"{A}role_arn = {ROLE}\n\n",
        "file.stray-line", 3, "role_arn", ways=(JOIN,)),
    "a token on three lines": Case(
        "credentials", f"[a]\naws_session_token = {TOKEN}\n{TOKEN}\n{TOKEN}==\nregion = us-east-1\n",
        f"[a]\naws_session_token = {TOKEN * 3}==\n\n\nregion = us-east-1\n",
        "file.stray-line", 3, "aws_session_token", "a", (JOIN,)),
    "a split secret": Case(
        "credentials", f"[a]\naws_secret_access_key = {SECRET[:20]}\n{SECRET[20:]}\n",
        f"[a]\naws_secret_access_key = {SECRET}\n\n", "file.stray-line", 3, "aws_secret_access_key", "a", (JOIN,)),
    "a second secret is not the rest of the first": Case(
        "credentials", f"[a]\naws_secret_access_key = {SECRET}\n{SECRET}\n",
        f"[a]\naws_secret_access_key = {SECRET}\n# {SECRET}\n", "file.stray-line", 3, "", "a", (COMMENT,)),
    "an indented section": Case(
        "config", f"{A}region = us-east-1\n  [profile b]\n  region = us-east-2\n",
        f"{A}region = us-east-1\n[profile b]\n  region = us-east-2\n",
        "section.indented-key", 3, header="profile b", ways=(INDENT,)),
    "an indented section behind a block": Case(
        "config", f"{A}s3 =\n  max_queue_size = 5\n  [profile b]\n  region = us-east-2\n",
        f"{A}s3 =\n  max_queue_size = 5\n[profile b]\n  region = us-east-2\n",
        "section.indented-key", 4, header="profile b", ways=(INDENT,)),
    "an indented section between settings": Case(
        "config", f"{A}region = us-east-1\n  [profile b]\n  region = us-east-2\noutput = json\n",
        f"{A}region = us-east-1\n  [profile b]\n  region = us-east-2\noutput = json\n",
        "section.indented-key", 3, ways=(AFTER, "Remove the indentation, so that all settings below belong to this section")),
    "what another program nests": Case("config", f"{A}mine = x\n  [b]\n  y = 1\n", f"{A}mine = x\n  [b]\n  y = 1\n"),
    "settings before the first section": Case(
        "config", f"region = us-east-1\n\n{A}output = json\n", f"# region = us-east-1\n\n{A}output = json\n",
        "file.stray-line", 1, header="", ways=("Add [default] above the settings", "Turn the lines into comments")),
    "settings before [default]": Case(
        "config", "region = us-east-1\n[default]\noutput = json\n", "# region = us-east-1\n[default]\noutput = json\n",
        "file.stray-line", 1, header="", ways=("Turn the lines into comments",)),
    "a merge conflict": Case(
        "config", f"{A}{CONFLICT}output = json\n", f"{A}\nregion = us-east-1\n\n\n\noutput = json\n",
        "file.stray-line", 2, ways=("Keep the first version", "Keep the second version")),
    "another program's section": Case("config", "[mytool]\nx = 1\n", "[mytool]\nx = 1\n"),
    "nothing odd": Case("config", f"{A}# c\n\nmine = 1\n  2\n", f"{A}# c\n\nmine = 1\n  2\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("end", ["", "[profile z]\nregion = us-east-2\nmine = 1\n"], ids=["alone", "before another"])
def test_a_broken_file_is_read_as_it_was_intended(case: Case, end: str) -> None:
    end = end.replace("profile ", "") if case.file == "credentials" else end
    reading = lenient.read(case.text + end, case.file)
    assert reading.text == case.intended + end
    assert len(reading.text.splitlines()) == len((case.text + end).splitlines())
    assert lenient.whole(case.text + end, case.file) == (case.whole or case.intended) + end
    found = [(it.code, it.line, it.key, it.header, tuple(way.label for way in it.ways)) for it in reading.oddities]
    assert found == ([(case.code, case.line, case.key, case.header, case.ways)] if case.code else [])
    assert all(it.sure <= (len(it.ways) == 1) and not it.taken for it in reading.oddities)


def test_each_of_several_oddities_is_found() -> None:
    text = f"{A}  region = us-east-1 output = json\nhello\n[b\n[profile a]\n  role_arn =\n    {ROLE}\n"
    found = lenient.read(text, "config").oddities
    assert [(it.line, it.code) for it in found] == [(2, "file.stray-line"), (3, "file.stray-line"),
                                                    (4, "file.stray-line"), (7, "file.stray-line")]  # fmt: skip


def test_a_correct_section_of_that_name_keeps_the_odd_one_from_being_renamed() -> None:
    text = f"{A}region = us-east-1\n[a]\noutput = json\n"
    reading = lenient.read(text, "config")
    assert reading.text == text
    assert [(it.code, it.header, it.taken) for it in reading.oddities] == [("section.prefix", "profile a", True)]


def test_a_shared_file_has_headers_of_both_kinds() -> None:
    text = f"[a]\naws_access_key_id = {KEY}\n[profile b]\nregion = us-east-1\nmine = 1\n"
    assert lenient.read(text, "config", shared=True).oddities == ()
    assert [it.code for it in lenient.read(text, "config").oddities] == ["section.prefix"]
    assert [it.code for it in lenient.read(text, "credentials").oddities] == ["section.prefix"]


ORDINARY = ["[profile a]", '[profile "q"]', "[default]", "region = us-east-1", "output=json", "role_arn = x", "", "# c", " # c",
            "s3 =\n  max_queue_size = 5", "s3=\n  addressing_style = path\n signature_version=s3v4", " "]  # fmt: skip
ODD = ["[profile 'w']", "[b]", '[sso-session "x"]', "[services y]", '[profile "default"]', "s3 =", "s3 = x", "  s3 =", "region =",
       "  max_queue_size = 5", "    endpoint_url = https://x", "  use_dualstack_endpoint = true", "  region = us-east-1", "; d",
       "api_versions =", "\tmax_queue_size = 5", "source_profile = a", "region=a  output = b", "region = [x]", "  a = b",
       "sso_session = x", "  role_arn = x", "region: x", "Region = x", "  addressing_style =", "endpoint_url =", "[services z]"]  # fmt: skip
LINES = st.lists(st.sampled_from(ORDINARY) | st.sampled_from([*ORDINARY, *ODD]), max_size=7)


@pytest.mark.slow
@settings(max_examples=examples(2000), deadline=None)
@given(
    st.sampled_from(ORDINARY[:3]), LINES, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["config", "credentials"])
)
def test_nothing_is_odd_in_an_ordinary_text(header: str, lines: list[str], end: str, file: FileName) -> None:
    text = "\n".join([header, *lines])
    if headers.are_ordinary(text.replace("\n", end), file):
        for names in (frozenset[str](), frozenset({"a", "b", "q", "w"})):
            assert [*lenient._Reader(text.split("\n"), file, names, shared=False).oddities()] == []


def test_blocks_of_s3_and_quoted_names_are_ordinary() -> None:
    text = (
        '[profile "dev"]\r\nregion = us-east-1\r\ns3 =\r\n  max_queue_size = 5\r\n  addressing_style = path\r\n# c\r\n'
    )
    assert headers.are_ordinary(text, "config")
    for odd in ("s3 =\n", "s3 = x\n", "s3 =\n  role_arn = x\n", "  max_queue_size = 5\ns3 =\n", "Region = us-east-1\n"):
        assert not headers.are_ordinary(f"[profile dev]\nregion = us-east-1\n{odd}", "config")
    assert not headers.are_ordinary("[services local]\nregion =\n  use_dualstack_endpoint = true\n", "config")
