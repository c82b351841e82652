"""One day later: what a machine has otherwise than the team file is told with its line, and brought in by one review."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from script import Script, tree
from test_team_setup import BASE, ROLE, Aws, Git, file, home, run, shown, sso

from ccsetup.cli import parser
from ccsetup.cli.commands import doctor
from ccsetup.core.context import Context
from ccsetup.core.model import CloneResult, Identity, Who
from ccsetup.core.result import Report

ENGINEER = sso(role="Engineer")
MOVED = sso().replace("acme.awsapps.com", "corp.awsapps.com")
AWAY = sso().replace("us-east-2", "eu-west-1")
PLACES = "  [[MySharedDemoRepo]]\n"


@dataclass
class Anybody(Aws):
    """Answers as the role that the config file names."""

    config: Path = Path()

    def identity(self, who: Who) -> Identity:
        role = re.findall(r"sso_role_name = (\w+)", self.config.read_text())[-1:] or ["Developer"]
        return Identity("111122223333", f"arn:aws:sts::111122223333:assumed-role/{role[0]}/maria")


class Kept(Git):
    """Keeps clones as far as the doctor asks about them."""

    def clone(
        self, route: Any, directory: Path, branch: str, progress: Any, default: str = "", early: Any = None
    ) -> CloneResult:
        result = super().clone(route, directory, branch, progress, default, early)
        (directory / "README").write_text("hello")
        return result

    def resettled(self, directory: Path, settings: Any) -> Any:
        from ccsetup.core.model import Edit

        path = directory / "config"
        before = path.read_text() if path.exists() else None
        (url,) = settings["remote.origin.url"].new
        self.origins = {**self.origins, directory.name: url}
        return Edit(path, before, f"url = {url}\n")


def settled(tmp_path: Path, config: str = "") -> Context:
    """Return a machine that was set up with the file as it was the day before."""
    around = home(tmp_path, config)
    around = replace(around, aws=Anybody(config=around.home / ".aws" / "config"), git=Kept())
    assert run(around, file(sso(), PLACES), None, "--yes").exit_code == 0
    return around


def visit(around: Context, text: str, script: Script | None = None, *flags: str) -> Report:
    path = around.home.parent / "team.ini"
    path.write_text(text)
    report = doctor.main(parser.parsed(["doctor", "--team", str(path), *flags]), lambda: replace(around, prompt=script))
    if script:
        script.done()
    return report


def team_codes(report: Report, fixed: bool = False) -> list[str]:
    return [it["code"] for it in report.document["findings"] if it["code"].startswith("team.") and it["fixed"] is fixed]


def config(around: Context) -> str:
    return (around.home / ".aws" / "config").read_text()


def test_a_machine_that_is_as_the_file_says_has_no_finding(tmp_path: Path) -> None:
    around = settled(tmp_path)
    assert team_codes(visit(around, file(sso(), PLACES))) == []


DIFFERENCES = [
    (file(ENGINEER, PLACES), "team.role", "acme-dev: sso_role_name is Developer, but the team file specifies Engineer.", 9),
    (file(MOVED, PLACES), "team.sign-in", "acme-dev: sso_start_url is https://acme.awsapps.com/start, but the team file specifies https://corp", 2),
    (file(AWAY, PLACES), "team.region", "acme-dev: region is us-east-2, but the team file specifies eu-west-1.", 10),
    (file(sso(), PLACES + "  [[payments-api]]\n"), "team.repository", "1 repository that you haven't cloned here: payments-api.", None),
    (file(sso() + sso("r", "ReadOnly", "acme-read"), PLACES + "  [[x]]\n  access = r\n"), "team.profile", "acme-read", None),
    (file(sso(), PLACES + "  region = eu-west-1\n"), "team.remote", "uses the region us-east-2, but the team file specifies eu-west-1", None),
    (file(sso().replace("kind = sso", "kind = mfa").split("  sso_session")[0] + "  profile = acme-dev\n", PLACES), "team.kind", 'is "Single sign-on (IAM Identity Center)"', 6),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "says", "line"), DIFFERENCES, ids=[code for _, code, _, _ in DIFFERENCES])
def test_what_differs_is_told_with_its_line(text: str, code: str, says: str, line: int | None, tmp_path: Path) -> None:
    around = settled(tmp_path)
    before = tree(around.home)
    report = visit(around, text)
    finding = next(it for it in report.document["findings"] if it["code"] == code)
    assert (finding["severity"], finding["line"]) == ("hinders", line)
    assert says in finding["says"]
    assert "--fix" in finding["do"]
    assert (report.exit_code, tree(around.home)) == (0, before)


@pytest.mark.parametrize(("text", "says"), [
    (file(ENGINEER, PLACES), "sso_role_name = Engineer"),
    (file(MOVED, PLACES), "sso_start_url = https://corp.awsapps.com/start"),
    (file(AWAY, PLACES), "region = eu-west-1"),
], ids=["role", "sign-in", "region"])  # fmt: skip
def test_a_difference_is_brought_in_after_one_yes_and_undone_as_one(text: str, says: str, tmp_path: Path) -> None:
    mine = "# mine\n[profile other]\nregion = us-east-1\noutput = json\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = base\n"
    around = settled(tmp_path, mine)
    before = config(around)
    report = visit(around, text, Script(("review", "go")), "--fix")
    assert (report.exit_code, team_codes(report), len(team_codes(report, fixed=True))) == (0, [], 1)
    assert says in config(around) and config(around).startswith(mine)
    assert config(around).count("[sso-session") == config(around).count("[profile acme-dev]") == 1
    change = around.files.changes()[0]
    around.files.take_back(change, change.edits)
    assert config(around) == before


def test_a_new_repository_is_cloned_and_what_is_there_is_left(tmp_path: Path) -> None:
    around = settled(tmp_path)
    report = visit(around, file(sso(), PLACES + "  [[payments-api]]\n"), None, "--fix", "--yes")
    assert (report.exit_code, team_codes(report, fixed=True)) == (0, ["team.repository"])
    assert isinstance(around.git, Kept)
    assert [call for call in around.git.calls if call.startswith(("clone", "fetch"))] == [
        "clone codecommit::us-east-2://acme-dev@MySharedDemoRepo MySharedDemoRepo",
        "clone codecommit::us-east-2://acme-dev@payments-api payments-api",
    ]  # fmt: skip


def test_a_clone_is_led_to_another_region_by_an_edit_that_can_be_undone(tmp_path: Path) -> None:
    around = settled(tmp_path)
    report = visit(around, file(sso(), PLACES + "  region = eu-west-1\n"), Script(("repair", "go")), "--fix")
    assert (report.exit_code, team_codes(report, fixed=True)) == (0, ["team.remote"])
    assert around.files.changes()[0].edits[0].path == around.cwd / "MySharedDemoRepo" / "config"


def test_a_role_that_was_renamed_keeps_the_source_and_the_device_that_are_ones_own(tmp_path: Path) -> None:
    there = "[profile code]\nrole_arn = arn:aws:iam::111122223333:role/Old\nsource_profile = base\nregion = us-east-2\nrole_session_name = maria\n"
    around = home(tmp_path, there, BASE)
    text = file(f"  [[default]]\n{ROLE}", "")
    assert team_codes(visit(around, text)) == ["team.role"]
    report = visit(around, text, Script(("review", "go")), "--fix")
    assert (report.exit_code, team_codes(report)) == (0, [])
    assert config(around) == there.replace("role/Old", "role/Developer")


def test_a_profile_under_a_name_of_ones_own_is_known_by_what_it_says(tmp_path: Path) -> None:
    around = settled(tmp_path)
    assert team_codes(visit(around, file(sso(profile="team-name"), PLACES))) == []


def test_a_fix_that_is_refused_is_put_back_and_told(tmp_path: Path) -> None:
    around = settled(tmp_path)
    before = config(around)
    around = replace(around, aws=Aws())
    report = visit(around, file(ENGINEER, PLACES), Script(("review", "go"), ("failed", "back")), "--fix")
    assert (report.exit_code, report.document["ok"], config(around)) == (1, False, before)
    assert team_codes(report) == ["team.role"]


@pytest.mark.parametrize(
    ("text", "code"), [(file(ENGINEER, PLACES), "team.role"), (file(MOVED, PLACES), "team.sign-in")]
)
def test_who_a_profile_is_never_changes_by_yes_alone(text: str, code: str, tmp_path: Path) -> None:
    around = settled(tmp_path)
    before = config(around)
    report = visit(around, text, None, "--fix", "--yes")
    assert (team_codes(report), team_codes(report, fixed=True), config(around)) == ([code], [], before)
    assert {it["fix"] for it in report.document["findings"]} == {"ask"}


def test_other_profiles_of_a_sign_in_that_moved_are_named_at_the_review(tmp_path: Path) -> None:
    mine = "[profile other]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Admin\nregion = us-east-1\n"
    around = settled(tmp_path, mine)
    report = visit(around, file(MOVED, PLACES), Script(("review", "go")), "--fix")
    assert team_codes(report, fixed=True) == ["team.sign-in"]
    assert "changes the identity of other" in shown(around)


def test_a_dry_run_and_a_no_change_nothing(tmp_path: Path) -> None:
    around = settled(tmp_path)
    before = config(around)
    assert visit(around, file(ENGINEER, PLACES), None, "--fix", "--dry-run").exit_code == 0
    assert "+sso_role_name = Engineer" in shown(around)
    with pytest.raises(Exception, match="Canceled"):
        visit(around, file(ENGINEER, PLACES), Script(("review", "cancel")), "--fix")
    assert config(around) == before
