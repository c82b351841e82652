"""Files of several encodings, files that are something else altogether, and files under another name."""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from ccsetup.awsfiles.plan import make
from ccsetup.awsfiles.store import Files
from ccsetup.core.model import Section
from ccsetup.doctor import checks
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.gather import gathered
from tests.aws_corpus import parsed
from tests.homes import KEYS, Home, context_of, facts_of, mended

BASE = f"[default]\n{KEYS}"
PLAIN, MORE = "[default]\nregion = us-east-1\n", "[profile dev]\r\nregion = us-east-2\r\n"
WIDE, ACCENTS = MORE.encode("utf-16-le"), f"# caf\u00e9 \u201cx\u201d\r\n{MORE}"
MIXED = {
    "appended by PowerShell": (PLAIN.encode() + WIDE, 3, PLAIN + MORE),
    "appended with a mark": (PLAIN.encode() + b"\xff\xfe" + WIDE, 3, PLAIN + MORE),
    "plain text appended to UTF-16": (b"\xff\xfe" + WIDE + PLAIN.encode(), 1, MORE + PLAIN),
    "a mark before both": (b"\xef\xbb\xbf" + PLAIN.encode() + WIDE, 3, PLAIN + MORE),
    "letters with accents in both": (f"# Jos\u00e9\n{PLAIN}".encode() + ACCENTS.encode("utf-16-le"), 4,
                                     f"# Jos\u00e9\n{PLAIN}{ACCENTS}"),
    "one line": (PLAIN.encode() + "output = json\r\n".encode("utf-16-le"), 3, f"{PLAIN}output = json\r\n"),
    "in the middle": (PLAIN.encode() + "output = json\r\n".encode("utf-16-le") + MORE.encode(), 3,
                      f"{PLAIN}output = json\r\n{MORE}"),
    "UTF-16 alone": (WIDE, 1, MORE),
    "UTF-16 with a mark": (MORE.encode("utf-16"), 1, MORE),
}  # fmt: skip


def of(data: bytes) -> Facts:
    return facts_of(data.decode("utf-8", "surrogateescape"), BASE)


@pytest.mark.parametrize(("data", "line", "text"), MIXED.values(), ids=MIXED)
def test_each_part_of_a_file_is_read_in_its_own_encoding(data: bytes, line: int, text: str, tmp_path: Path) -> None:
    found = [it for it in checks.offline(of(data)) if it.severity == "stops" and it.code.startswith("file.")]
    assert [(it.code, it.line, it.fix) for it in found] == [("file.encoding", line, "auto")]
    after = mended(of(data)).texts["config"].text
    assert after == text
    parsed(after, tmp_path)


RTF = (
    "{\\rtf1\\ansi\\ansicpg1252\\cocoartf2639\n{\\fonttbl\\f0\\fswiss\\fcharset0 Helvetica;}\n"
    "{\\colortbl;\\red255\\green255\\blue255;}\n{\\*\\expandedcolortbl;;}\n\\paperw11900\\margl1440\\viewkind0\n"
    "\\pard\\tx720\\partightenfactor0\n\n\\f0\\fs24 \\cf0 [default]\\\nregion = us-east-1\\\noutput = json}"
)
WORDPAD = (
    "{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0\\fnil\\fcharset0 Calibri;}}\r\n{\\*\\generator Riched20 10.0;}\\viewkind4\\uc1 \r\n"
    "\\pard\\sa200\\sl276\\f0\\fs22\\lang9 [default]\\par\r\nregion = us-east-1\\par\r\noutput = json\\par\r\n}\r\n\0"
)


@pytest.mark.parametrize("text", [RTF, WORDPAD], ids=["of TextEdit", "of WordPad"])
def test_rich_text_is_named_and_becomes_plain_text(text: str) -> None:
    found = [
        it for it in checks.offline(facts_of(text, BASE)) if it.code.startswith("file.") and it.severity == "stops"
    ]
    assert "file.format" in {it.code for it in found}
    assert "Rich Text Format" in found[0].says
    assert mended(facts_of(text, BASE)).texts["config"].text == "[default]\nregion = us-east-1\noutput = json\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"Credentials": {"AccessKeyId": "ASIAIOSFODNN7EXAMPLE"}}', "JSON"),
        ('{\n  "default": {\n    "region": "us-east-1",\n  }\n}\n', "JSON"),
        ('[\n  {"profile": "dev"}\n]\n', "JSON"),
        ("<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "web page"),
    ],
)
def test_a_file_of_another_format_is_one_finding_that_names_it(text: str, name: str) -> None:
    there = checks.offline(facts_of(text, BASE))
    found = [it for it in there if it.code.startswith("file.")]
    assert [it.code for it in found] == ["file.format"]
    assert name in found[0].says
    assert found[0].do.startswith("mv /home/maria/.aws/config ")
    assert "ASIA" not in found[0].says + found[0].do


@pytest.mark.parametrize("text", ["[default]\n", '["a"]\nregion = us-east-1\n', "[{x}]\nregion = us-east-1\n"])
def test_a_header_is_no_other_format(text: str) -> None:
    assert "file.format" not in {it.code for it in checks.offline(facts_of(text, BASE))}


@pytest.mark.parametrize("name", ["config.txt", "credentials.txt", "config.ini", "config.txt.txt"])
def test_a_file_under_another_name_gets_its_own(name: str, tmp_path: Path) -> None:
    right = name.partition(".")[0]
    home = Home(PLAIN, BASE)
    context = context_of(tmp_path, home)
    folder = tmp_path / "home" / ".aws"
    (folder / right).rename(folder / name)
    found = [it for it in checks.offline(gathered(context, ())) if it.code == "file.name"]
    assert [(it.path, it.do) for it in found] == [(folder / name, f"mv {folder / name} {folder / right}")]
    (folder / right).write_text(PLAIN)
    assert "file.name" not in {it.code for it in checks.offline(gathered(context, ()))}


PAGE = "[profile maria]\nregion = us-east-2\n\n[profile José]\nregion = us-east-2\n"


def in_a_page(text: str, page: str = "cp1252", **env: str) -> list[Finding]:
    found = checks.offline(replace(facts_of(text, BASE), code_page=page, windows=True, env=env))
    return [it for it in found if it.code == "file.encoding"]


def test_a_letter_that_aws_tools_on_windows_read_differently_is_named_with_its_line() -> None:
    (finding,) = in_a_page(PAGE, COMSPEC="C:\\Windows\\System32\\cmd.exe")
    assert (finding.line, finding.profile, finding.severity, finding.fix) == (4, "José", "stops", "tell")
    assert "“é”" in finding.says and "“Ã©”" in finding.because and "cp1252" in finding.because
    assert "setx PYTHONUTF8 1" in finding.do
    assert in_a_page(PAGE, "") == []
    assert in_a_page(PAGE.replace("[profile José]", "# José\n[profile jose]")) == []


def test_a_letter_that_makes_aws_tools_reject_the_file_stops_every_profile() -> None:
    (finding,) = in_a_page(PAGE.replace("[profile José]", "# Ávila\n[profile jose]"))
    assert (finding.line, finding.severity, finding.refuses) == (4, "stops", True)
    assert "Unable to parse config file" in finding.because


@pytest.mark.parametrize("comment", ["José", "Ávila"])
def test_a_file_that_botocore_reads_in_a_code_page_can_be_changed(
    comment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore's parser sees other letters there, or none at all, which is no fault of the change."""
    monkeypatch.setattr(locale, "getpreferredencoding", lambda do_setlocale: "cp1252")

    def judge(path: Path) -> Mapping[str, object]:
        text = path.read_text(encoding="cp1252")
        return {it: {} for it in text.splitlines()}

    (tmp_path / ".aws").mkdir()
    config = tmp_path / ".aws" / "config"
    config.write_text(f"# {comment}\n[profile Zoë]\nregion = us-east-2\n", encoding="utf-8")
    files = Files({}, tmp_path, lambda: datetime.now(timezone.utc), judge=judge, state=tmp_path / "state")
    section = Section("config", "profile", "Zoë", {"region": "eu-west-1"})
    files.apply(make("Zoë", "eu-west-1", (section,), files.read()))
    assert config.read_text(encoding="utf-8") == f"# {comment}\n[profile Zoë]\nregion = eu-west-1\n"
