"""ccsetup team: a file is checked line by line, and made from the profiles and the clone that are here."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from paths import ROOT
from script import Shown, context, tree
from test_team_setup import BASE, Git, home, shown, sso
from test_team_setup import file as team_file

from ccsetup.cli import parser
from ccsetup.cli.commands import team
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.result import Report
from ccsetup.team import file

CONFIG = """\
[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region = us-east-1
[profile acme-dev]
sso_session = acme
sso_account_id = 111122223333
sso_role_name = Developer
region = us-east-2
[profile code]
role_arn = arn:aws:iam::111122223333:role/CodeCommitAccess
source_profile = base
mfa_serial = arn:aws:iam::888888888888:mfa/maria
region = us-east-2
"""


def run(around: Context, *words: str) -> Report:
    return team.main(parser.parsed(["team", *words]), lambda: around)


def output(report: Report, around: Context) -> list[str]:
    assert isinstance(around.screen, Shown)
    return around.screen.lines


def test_a_good_file_is_ok_with_exit_0(tmp_path: Path) -> None:
    around = context(tmp_path)
    path = tmp_path / "acme.ini"
    path.write_text(team_file(sso()))
    report = run(around, "check", str(path))
    assert (report.exit_code, report.document["ok"], report.document["repositories"]) == (0, True, ["MySharedDemoRepo"])
    assert output(report, around)[-1] == f"{path}: ok. Acme platform: 1 access entry, 1 repository."


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_file_that_windows_wrote_in_its_own_way_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "acme.ini"
    path.write_bytes(team_file(sso()).replace("\n", "\r\n").encode(encoding))
    assert run(context(tmp_path), "check", str(path)).exit_code == 0


def test_a_file_with_version_2_is_told_with_what_each_way_in_reaches(tmp_path: Path) -> None:
    around = context(tmp_path)
    report = run(around, "check", str(ROOT / "examples" / "team-accounts.ini"))
    told = [line.partition(".ini: ")[2] for line in output(report, around)]
    assert told == [
        "Employees (--access staff) reaches MySharedDemoRepo, payments-api, payments-eu, reports, people-tools.",
        "Contractors (--access contractor) reaches MySharedDemoRepo, reports.",
        "ok. Acme platform: 5 access entries, 5 repositories.",
    ]
    path = tmp_path / "none.ini"
    path.write_text(team_file(sso(), "").replace("version = 1", "version = 2"))
    assert (
        "default way (--access default) reaches no repository." in output(run(around, "check", str(path)), around)[-2]
    )


def test_a_folder_is_no_team_file_and_nobody_is_told_to_move_it_away(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="is a folder") as refused:
        run(context(tmp_path), "check", str(tmp_path))
    assert refused.value.next == "Specify the team file in that folder."


def test_every_fault_is_a_line_with_its_place_and_exit_1(tmp_path: Path) -> None:
    around = context(tmp_path)
    path = tmp_path / "acme.ini"
    path.write_text(team_file(sso().replace("us-east-1", "us-east"), "  [[x]]\n  directory = ../x\n"))
    report = run(around, "check", str(path))
    assert (report.exit_code, report.document["ok"]) == (1, False)
    assert [(it["line"], it["path"]) for it in report.document["faults"]] == [
        (10, "[access] [[default]] sso_region"), (18, "[repositories] [[x]] directory"),
    ]  # fmt: skip
    assert output(report, around)[0].startswith(
        f"{path}, line 10, [access] [[default]] sso_region: us-east isn't a region. Did you mean us-east-"
    )


def test_what_was_mended_is_told_and_one_file_is_checked_at_a_time(tmp_path: Path) -> None:
    around = context(tmp_path)
    path = tmp_path / "acme.ini"
    path.write_text(team_file(sso().replace("111122223333", "1111-2222-3333")))
    assert run(around, "check", str(path)).document["mended"][0]["says"].startswith("Using 111122223333")
    with pytest.raises(BadAnswer, match="You can check only one file"):
        run(around, "check", "a", "b")


def test_a_hyphen_stands_for_stdout(tmp_path: Path) -> None:
    around = home(tmp_path, CONFIG, BASE)
    report = run(around, "export", "acme-dev", "--repo", "MySharedDemoRepo", "--out", "-")
    assert report.document["text"].rstrip("\n") in shown(around)
    assert not (around.cwd / "-").exists()


def test_an_export_reads_back_to_the_same_answers_and_says_what_it_left_out(tmp_path: Path) -> None:
    around = home(tmp_path, CONFIG, BASE)
    report = run(
        around,
        "export",
        "acme-dev",
        "code",
        "--repo",
        "MySharedDemoRepo",
        "--repo",
        "codecommit::us-east-1://x",
        "--note",
        "Hi, you",
    )
    found = file.read(report.document["text"]).team
    assert [entry.name for entry in found.entries] == ["default", "code"]
    assert found.entries[0].answers == {
        "sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1", "sso_session": "acme",
        "sso_account_id": "111122223333", "sso_role_name": "Developer", "profile": "acme-dev", "region": "us-east-2",
    }  # fmt: skip
    assert [(it.name, it.region) for it in found.repositories] == [("MySharedDemoRepo", ""), ("x", "us-east-1")]
    assert [line.split(":")[0] for line in report.document["left_out"]] == [
        "Omitted source_profile from code",
        "Omitted mfa_serial from code",
    ]
    assert "note Omitted mfa_serial from code" in shown(around)


def test_the_clone_one_stands_in_becomes_a_repository(tmp_path: Path) -> None:
    around = home(tmp_path, CONFIG, BASE)
    (around.cwd / ".git").mkdir()
    git = Git(origins={"work": "codecommit::us-east-1://code@payments-api"})
    around = replace(around, git=git)
    found = file.read(run(around, "export", "acme-dev", "code").document["text"]).team
    place = found.repositories[0]
    assert (place.name, place.directory, place.region, place.access) == ("payments-api", "work", "us-east-1", "code")


def test_a_file_is_written_once_and_never_over_another(tmp_path: Path) -> None:
    around = home(tmp_path, CONFIG)
    out = around.cwd / "acme.ini"
    assert run(around, "export", "acme-dev", "--repo", "a", "--out", "acme.ini").exit_code == 0
    mode = os.stat(around.cwd).st_mode
    before = tree(around.cwd)
    with pytest.raises(Problem, match="already exists"):
        run(around, "export", "acme-dev", "--repo", "b", "--out", "acme.ini")
    assert (tree(around.cwd), os.stat(around.cwd).st_mode) == (before, mode)
    run(around, "export", "acme-dev", "--repo", "b", "--out", "acme.ini", "--yes")
    assert file.read(out.read_text()).team.repositories[0].name == "b"


def test_a_role_without_a_source_and_a_profile_named_twice_are_exported_as_what_they_are(tmp_path: Path) -> None:
    around = home(tmp_path, "[profile half]\nrole_arn = arn:aws:iam::111122223333:role/Y\n", "")
    report = run(around, "export", "half", "half")
    (entry,) = file.read(report.document["text"]).team.entries
    assert "source_profile" not in entry.answers
    assert report.document["left_out"] == [
        "Omitted source_profile from half: the profile doesn't have one. Each developer is asked for one."
    ]
