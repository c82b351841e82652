"""Both files as a whole, broken in every way there is, in many disguises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from ccsetup.core.model import FileName
from ccsetup.doctor import checks, repair
from ccsetup.doctor.checks import files
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.gather import gathered
from tests.aws_corpus import parsed
from tests.homes import DISGUISES, KEY, KEYS, ROLE, SECRET, Home, context_of, fixed, in_disguise, mended, of_file
from tests.script import Script

TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJIMEYCIQ"


class Case(NamedTuple):
    """A broken file: the code it must get, on which line, how it is mended, and what it holds then ("" where asked)."""

    code: str
    file: FileName
    line: int
    text: str
    mended: str = ""
    other: str = ""


def case(code: str, file: FileName, line: int, text: str, mended: str = "") -> Case:
    return Case(code, file, line, text, mended)


DEV = f"[profile dev]\nrole_arn = {ROLE}\nsource_profile = default\nregion = us-east-1\n"
CASES = [
    case("file.duplicate-section", "config", 3, "[profile a]\nregion = us-east-1\n[profile a]\nregion = us-east-1\n",
         "[profile a]\nregion = us-east-1\n# [profile a]\n# region = us-east-1\n"),
    case("file.duplicate-section", "config", 5,
         "[profile a]\nregion = us-east-1\n[profile b]\nregion = us-east-2\n[profile a]\noutput = json\n",
         "[profile a]\nregion = us-east-1\noutput = json\n[profile b]\nregion = us-east-2\n# [profile a]\n"),
    case("file.duplicate-section", "credentials", 4, f"[a]\n{KEYS}[a]\n{KEYS}",
         f"[a]\n{KEYS}# [a]\n# " + KEYS.replace("\naws_s", "\n# aws_s")),
    case("file.duplicate-section", "config", 3, "[profile a]\nregion = us-east-1\n[profile a]\nregion = us-east-2\n"),
    case("file.duplicate-section", "config", 3, '[profile a]\nregion = us-east-1\n[profile "a"]\nregion = us-east-1\n',
         '[profile a]\nregion = us-east-1\n# [profile "a"]\n# region = us-east-1\n'),
    case("file.duplicate-section", "config", 3, "[sso-session s]\nsso_region = us-east-1\n[sso-session s]\nsso_region = us-east-1\n",
         "[sso-session s]\nsso_region = us-east-1\n# [sso-session s]\n# sso_region = us-east-1\n"),
    case("file.duplicate-key", "config", 3, "[profile a]\nregion = us-east-1\nregion = us-east-2\n",
         "[profile a]\n# region = us-east-1\nregion = us-east-2\n"),
    case("file.duplicate-key", "config", 4, "[profile a]\nRegion = us-east-1\noutput = json\nregion = us-east-2\n",
         "[profile a]\n# Region = us-east-1\noutput = json\nregion = us-east-2\n"),
    case("file.duplicate-key", "credentials", 4, f"[a]\n{KEYS}AWS_ACCESS_KEY_ID = {KEY}\n",
         f"[a]\n# aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\nAWS_ACCESS_KEY_ID = {KEY}\n"),
    case("file.duplicate-key", "config", 5, "[profile a]\ns3 =\n  max_queue_size = 5\nregion = us-east-1\ns3 =\n  max_queue_size = 6\n",
         "[profile a]\n# s3 =\n# max_queue_size = 5\nregion = us-east-1\ns3 =\n  max_queue_size = 6\n"),
    case("file.stray-line", "config", 1, f"region = us-east-1\n{DEV}"),
    case("file.stray-line", "credentials", 1, KEYS),
    case("file.stray-line", "config", 3, "[profile a]\nregion = us-east-1\nhello there\noutput = json\n"),
    case("file.stray-line", "config", 2, "[profile a]\nregion us-east-1\n"),
    case("file.stray-line", "config", 2, "[profile a]\n= us-east-1\n"),
    case("file.stray-line", "config", 3, "[profile a]\nregion = us-east-1\n[profile b\nregion = us-east-2\n",
         "[profile a]\nregion = us-east-1\n[profile b]\nregion = us-east-2\n"),
    case("file.stray-line", "config", 3, "[profile a]\nregion = us-east-1\nprofile b]\nregion = us-east-2\n",
         "[profile a]\nregion = us-east-1\n[profile b]\nregion = us-east-2\n"),
    case("file.stray-line", "config", 2,
         "[profile a]\n<<<<<<< HEAD\nregion = us-east-1\n=======\nregion = us-east-2\n>>>>>>> theirs\n"),
    case("file.stray-line", "credentials", 5, f"[a]\n{KEYS}aws_session_token = {TOKEN}\n{TOKEN}\n",
         f"[a]\n{KEYS}aws_session_token = {TOKEN}{TOKEN}\n"),
    case("file.stray-line", "credentials", 5, f"[a]\n{KEYS}aws_session_token = {TOKEN}\n{TOKEN}\n{TOKEN}==\n",
         f"[a]\n{KEYS}aws_session_token = {TOKEN}{TOKEN}{TOKEN}==\n"),
    case("file.stray-line", "credentials", 5, f"[a]\n{KEYS}aws_session_token = {TOKEN}\n  {TOKEN}==\n",
         f"[a]\n{KEYS}aws_session_token = {TOKEN}{TOKEN}==\n"),
    case("file.stray-line", "credentials", 5, f"[a]\n{KEYS}aws_session_token =\n  {TOKEN}\n",
         f"[a]\n{KEYS}aws_session_token = {TOKEN}\n"),
    case("file.stray-line", "credentials", 4, f"[a]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET[:20]}\n{SECRET[20:]}\n",
         f"[a]\n{KEYS}"),
    case("file.stray-line", "config", 3, "[profile a]\nrole_arn = arn:aws:iam::\n111122223333:role/X\nsource_profile = default\n",
         "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/X\nsource_profile = default\n"),
    case("file.nested-block", "config", 4, "[profile a]\ns3 =\n  max_queue_size = 5\n  oops\nregion = us-east-1\n"),
    case("file.nested-block", "config", 3, "[profile a]\nmine =\n  oops\nregion = us-east-1\n"),
    case("file.nested-block", "config", 3, "[profile a]\ns3 =\n\tno sign\n"),
    case("file.characters", "config", 2, "[profile a]\nregion = us\u2013east\u20131\n", "[profile a]\nregion = us-east-1\n"),
    case("file.characters", "config", 2, f"[profile a]\nrole_arn\u00a0=\u00a0{ROLE}\nsource_profile = default\n",
         f"[profile a]\nrole_arn = {ROLE}\nsource_profile = default\n"),
    case("file.characters", "config", 1, "[profile \u201cdev\u201d]\nregion = us-east-1\n", '[profile "dev"]\nregion = us-east-1\n'),
    case("file.characters", "config", 1, "[profile\u00a0dev]\nregion = us-east-1\n", "[profile dev]\nregion = us-east-1\n"),
    case("file.characters", "config", 2, "[profile a]\noutput = \u201cjson\u201d\n", "[profile a]\noutput = json\n"),
    case("file.characters", "credentials", 2, f"[a]\naws_access_key_id = {KEY}\u200b\naws_secret_access_key = {SECRET}\n", f"[a]\n{KEYS}"),
    case("file.characters", "config", 2, "[profile a]\ncredential_process = /opt/tool \u2013\u2013profile dev\n",
         "[profile a]\ncredential_process = /opt/tool --profile dev\n"),
    case("file.encoding", "config", 2, "[profile a]\noutput = caf\udce9\n"),
    case("file.encoding", "credentials", 4, f"[a]\n{KEYS}# Jos\udce9\n"),
    case("file.encoding", "config", 3, "[profile a]\nregion = us-east-1\noutput = js\0on\n"),
    case("file.stray-line", "config", 1, "[profile a] region = us-east-1\n", "[profile a]\nregion = us-east-1\n"),
    case("file.stray-line", "config", 3, "[profile a]\nregion = us-east-1\nregoin2\nregion = us-east-2\n"),
]  # fmt: skip
FIRST = [it for it in CASES if it.code == "file.stray-line" and it.line == 1 and "[profile a]" not in it.text]


def told(found: Sequence[Finding], case: Case) -> list[int]:
    """Return the lines at which the file has the case's finding."""
    return [it.line for it in found if it.code == case.code and it.path and it.path.name == case.file]


def spelled(text: str) -> str:
    """Return a text whose new settings are written as the old ones are; a last line that moved up takes its end along."""
    return text.replace("\t=\t", " = ").rstrip("\r\n")


def names(case: Case) -> str:
    return f"{case.code} {case.text[:50]!r}"


@pytest.mark.many
@pytest.mark.parametrize("case", CASES, ids=names)
def test_what_breaks_a_file_is_named_by_line_and_mended_in_every_disguise(case: Case, tmp_path: Path) -> None:
    for disguise in DISGUISES:
        if case in FIRST and disguise.name == "crowd":
            continue  # nothing stands before the first section there
        if case.code == "file.encoding" and disguise.name == "UTF-16":
            continue
        facts = of_file(case.file, disguise.change(case.text, case.file))
        found = checks.offline(facts)
        assert case.line + disguise.before in told(found, case), disguise.name
        mine = [it for it in found if it.code == case.code and it.line == case.line + disguise.before]
        assert {it.severity for it in mine} & {"stops", "hinders"}
        if case.mended:
            assert {it.fix for it in mine} == {"auto"}
            repaired = mended(facts)
            text = repaired.texts[case.file].text
            wanted = in_disguise(case.mended, case.file, disguise)
            assert spelled(text) == spelled(wanted), disguise.name
            assert not told(checks.offline(repaired.facts), case)
            parsed(text, tmp_path)  # botocore reads it
        elif disguise.name == "plain":
            assert {it.fix for it in mine} <= {"ask", "tell"}
            for number, _ in enumerate(mine[0].remedies):
                assert gone(facts, case, number), mine[0].remedies[number].label


def gone(facts: Facts, case: Case, number: int) -> bool:
    """Say whether one of the remedies offered takes the finding away, safe repairs after it included."""
    finding = next(it for it in checks.offline(facts) if it.code == case.code and it.line == case.line)
    after = mended(repair.of(facts).plus([finding.remedies[number]]).facts)
    return len(told(checks.offline(after.facts), case)) < len(told(checks.offline(facts), case))


@pytest.mark.parametrize("file", ["config", "credentials"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_another_encoding_becomes_plain_utf_8(file: FileName, encoding: str, tmp_path: Path) -> None:
    text = DEV if file == "config" else f"[dev]\n{KEYS}"
    for whole in (text, text.replace("\n", "\r\n"), f"# caf\xe9\n{text}"):
        facts = of_file(file, whole.encode(encoding).decode("utf-8", "surrogateescape"))
        first = next(it for it in checks.offline(facts) if it.code == "file.encoding")
        assert (first.line, first.severity, first.fix) == (1, "stops", "auto")
        assert mended(facts).texts[file].text == whole


def test_a_stray_line_between_two_settings_of_one_name_may_have_begun_a_section() -> None:
    facts = of_file("config", "[default]\nregion = us-east-1\n*** dev ***\nregion = us-east-2\n")
    assert {(it.code, it.fix) for it in checks.offline(facts) if it.code.startswith("file.")} == {
        ("file.stray-line", "ask"), ("file.duplicate-key", "ask"),
    }  # fmt: skip
    assert mended(facts).facts.texts == facts.texts


@pytest.mark.parametrize("second", ["region us-east-2", "region >us-east-2"])
def test_a_setting_is_not_given_up_for_a_line_that_may_mean_another(second: str) -> None:
    facts = of_file("config", f"[default]\nregion = us-east-1\n{second}\n[profil other]\nregion = us-east-1\n")
    [twice] = [it for it in checks.offline(facts) if it.code == "file.duplicate-key"]
    assert (twice.fix, twice.line) == ("ask", 3)
    assert (
        mended(facts).texts["config"].text
        == f"[default]\nregion = us-east-1\n{second}\n[profile other]\nregion = us-east-1\n"
    )


OTHER_TOOLS = ("aws_account_id", "sso_account_name", "role_name", "chain_duration_seconds", "aws_mfa_serial")


@pytest.mark.parametrize("key", OTHER_TOOLS)
def test_a_setting_of_another_tool_is_not_taken_for_a_typo(key: str) -> None:
    facts = of_file("config", f"[profile a]\nregion = us-east-1\n{key} = x\n")
    assert not [it for it in checks.offline(facts) if it.code == "file.stray-line"]


def test_files_that_cannot_be_read_say_what_to_type(tmp_path: Path) -> None:
    context = context_of(tmp_path, Home())
    folder = tmp_path / "home" / ".aws"
    (folder / "config").mkdir()
    (folder / "credentials").symlink_to(folder / "nowhere")
    found = {it.path: it for it in files.unreadable(gathered(context))}
    assert found[folder / "config"].do.startswith("mv ") and found[folder / "credentials"].do.startswith("rm ")
    assert {it.severity for it in found.values()} == {"stops"}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666, 0o604])
def test_secrets_that_others_can_read_are_closed(mode: int, tmp_path: Path) -> None:
    context = context_of(tmp_path, Home(DEV, f"[default]\n{KEYS}", modes=(0o644, mode)), Script({}))
    facts = gathered(context)
    found = [it for it in checks.offline(facts) if it.code == "file.permissions"]
    assert [(it.path, it.severity, it.fix) for it in found] == [(facts.texts.credentials_path, "hinders", "auto")]
    assert mended(facts).modes == {facts.texts.credentials_path: 0o600}


def test_a_symlinked_file_is_mended_where_it_is(tmp_path: Path) -> None:
    context = context_of(tmp_path, Home(None, f"[default]\n{KEYS}"))
    kept = tmp_path / "dotfiles"
    kept.mkdir()
    (kept / "aws").write_bytes(f"{DEV.replace('[', chr(0xFEFF) + '[', 1)}[profile b\nregion = us-east-1\n".encode())
    link = tmp_path / "home" / ".aws" / "config"
    link.symlink_to(kept / "aws")
    fixed(context)
    assert link.is_symlink() and (kept / "aws").read_text() == f"{DEV}[profile b]\nregion = us-east-1\n"
