"""One join is one undo, and it is remembered: the doctor compares with the file and the clones from anywhere."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from script import FakeSignIn, Script, Shown, tree
from test_team_doctor import Anybody, Kept, team_codes
from test_team_profiles import OTHER, PLACES, away, plain
from test_team_setup import ROLE, Aws, file, home, run, shown, sso

from ccsetup.cli import parser
from ccsetup.cli.commands import clone, doctor, setup, undo
from ccsetup.core.context import Context, Sent
from ccsetup.core.errors import BadAnswer, Cancelled, Problem
from ccsetup.core.model import Choice, CloneResult, Identity, Who
from ccsetup.core.result import Report
from ccsetup.wizard import team_memory

TWO = sso() + away(sso("other", profile="acme-other"))


def undone(around: Context) -> Report:
    return undo.main(parser.parsed(["undo", "--yes"]), lambda: around)


def aws_files(around: Context) -> dict[str, Any]:
    return tree(around.home / ".aws")


def changes(around: Context) -> list[str]:
    return [change.profile for change in around.files.changes()]


# One join is one undo


def test_two_accesses_are_one_undo(tmp_path: Path) -> None:
    around = plain(home(tmp_path, "[profile mine]\nregion = us-east-1\n"))
    before = aws_files(around)
    report = run(around, file(TWO, PLACES), None, "--yes")
    assert (report.exit_code, changes(around)) == (0, ["acme-dev, acme-other"])
    assert [Path(path).exists() for path in report.document["backups"]] == [True]
    assert undone(around).document["undone"]["profile"] == "acme-dev, acme-other"
    assert (aws_files(around), changes(around)) == (before, [])


def test_the_folder_that_a_join_made_is_gone_after_one_undo(tmp_path: Path) -> None:
    around = plain(home(tmp_path))
    (around.home / ".aws").rmdir()
    assert run(around, file(TWO, PLACES), None, "--yes").exit_code == 0
    undone(around)
    assert not (around.home / ".aws").exists()


def test_an_access_that_failed_is_not_in_it(tmp_path: Path) -> None:
    class Half(Aws):
        def identity(self, who: Who) -> Identity:
            if who.profile == "acme-other":
                raise Problem("No access.", code="access.identity")
            return super().identity(who)

    around = home(tmp_path)
    around = replace(around, aws=Half())
    assert run(around, file(TWO, PLACES), None, "--yes").exit_code == 1
    assert changes(around) == ["acme-dev"]
    undone(around)
    assert not (around.home / ".aws" / "config").exists()


def test_after_ctrl_c_it_is_one_undo_too(tmp_path: Path) -> None:
    class Stopped(Kept):
        def clone(
            self, route: Any, directory: Path, branch: str, progress: Any, default: str = "", early: Any = None
        ) -> CloneResult:
            if directory.name == "reports":
                raise KeyboardInterrupt
            return super().clone(route, directory, branch, progress, default, early)

    around = replace(plain(home(tmp_path)), git=Stopped())
    with pytest.raises(Cancelled):
        run(around, file(TWO, PLACES), None, "--yes")
    assert changes(around) == ["acme-dev, acme-other"]


def test_what_another_program_writes_in_between_keeps_its_place(tmp_path: Path) -> None:
    around = plain(home(tmp_path))
    config = around.home / ".aws" / "config"

    class Busy(type(around.aws)):  # type: ignore[misc]
        def identity(self, who: Any) -> Any:
            if "theirs" not in config.read_text():
                config.write_text(config.read_text() + "\n[profile theirs]\nregion = us-east-1\n")
            return super().identity(who)

    around = replace(around, aws=Busy(), git=Kept())
    assert run(around, file(TWO, PLACES), None, "--yes").exit_code == 0
    assert changes(around) == ["acme-other", "acme-dev"]  # each by itself, so that undo can tell theirs apart
    undone(around)
    assert "[profile theirs]" in config.read_text()


def test_the_review_shows_each_section_once(tmp_path: Path) -> None:
    around = plain(home(tmp_path))
    assert run(around, file(TWO, PLACES), None, "--yes", "--dry-run").exit_code == 0
    assert (shown(around).count("+[sso-session acme]"), shown(around).count("+++ ")) == (1, 1)
    assert shown(around).count("+[profile acme") == 2


# Remembered


def settled(tmp_path: Path, entries: str = "", places: str = "  [[first]]\n  [[second]]\n") -> Context:
    around = home(tmp_path)
    around = replace(around, aws=Anybody(config=around.home / ".aws" / "config"), git=Kept())
    assert run(around, file(entries or sso(), places), None, "--yes").exit_code == 0
    assert isinstance(around.screen, Shown)
    around.screen.lines.clear()
    return around


def elsewhere(around: Context) -> Context:
    folder = around.home.parent / "elsewhere"
    folder.mkdir(exist_ok=True)
    return replace(around, cwd=folder)


def visit(around: Context, *words: str, script: Script | None = None) -> Report:
    return doctor.main(parser.parsed(["doctor", *words]), lambda: replace(around, prompt=script))


def rewrite(around: Context, text: str) -> None:
    (around.home.parent / "team.ini").write_text(text)


@pytest.mark.parametrize("words", [("--team",), ("--team", "{file}"), ("--team", "../team.ini")])
def test_the_doctor_finds_file_and_clones_from_anywhere(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    around = elsewhere(settled(tmp_path))
    monkeypatch.chdir(around.cwd)
    report = visit(around, *(it.format(file=tmp_path / "team.ini") for it in words))
    assert (report.exit_code, report.document["findings"]) == (0, [])
    assert f"set up in {tmp_path / 'work'}" in shown(around)


def test_what_it_mends_lies_with_the_other_clones(tmp_path: Path) -> None:
    around = elsewhere(settled(tmp_path))
    rewrite(around, file(sso(), "  [[first]]\n  [[second]]\n  [[third]]\n"))
    assert team_codes(visit(around, "--team")) == ["team.repository"]
    report = visit(around, "--team", "--fix", "--yes")
    assert team_codes(report, fixed=True) == ["team.repository"]
    assert (tmp_path / "work" / "third").is_dir() and not list(around.cwd.iterdir())
    (joined,) = team_memory.all_joined(around)
    assert {*joined.clones} == {"first", "second", "third"}


@pytest.mark.parametrize("leave", [True, False])
def test_a_repository_that_left_the_file_is_told_while_its_clone_is_there(leave: bool, tmp_path: Path) -> None:
    around = settled(tmp_path)
    rewrite(around, file(sso(), "  [[first]]\n"))
    if leave:
        shutil.rmtree(around.cwd / "second")
    report = visit(around, "--team")
    told = [(it["code"], it["severity"], it["says"]) for it in report.document["findings"]]
    says = "second is no longer in the team file. Its clone is still in ./second."
    assert told == ([] if leave else [("team.left", "note", says)])
    assert (report.exit_code, (around.cwd / "second").exists()) == (0, not leave)


def test_a_repository_with_another_section_name_has_not_left(tmp_path: Path) -> None:
    around = settled(tmp_path)
    text = file(sso(), "  [[first]]\n  [[2nd]]\n  directory = second\n  repository = second\n")
    rewrite(around, text.replace("version = 1", "version = 2"))
    assert visit(around, "--team").document["findings"] == []


def test_without_a_join_the_file_has_to_be_given(tmp_path: Path) -> None:
    around = home(tmp_path)
    with pytest.raises(BadAnswer, match=r"No team file was set up on this computer"):
        visit(around, "--team")
    assert run(around, file(sso()), None, "--yes", "--dry-run").exit_code == 0
    assert team_memory.all_joined(around) == []


def test_of_several_the_one_of_this_folder_counts_and_elsewhere_one_is_chosen(tmp_path: Path) -> None:
    around = settled(tmp_path)
    other = elsewhere(around)
    (tmp_path / "other.ini").write_text(file(sso(), "  [[third]]\n").replace("Acme platform", "Other team"))
    assert setup.main(parser.parsed(["--team", str(tmp_path / "other.ini"), "--yes"]), lambda: other).exit_code == 0
    assert visit(around, "--team").document["findings"] == []
    assert visit(other, "--team").document["findings"] == []
    assert f"Comparing with {tmp_path / 'other.ini'}" in shown(other)
    with pytest.raises(
        BadAnswer, match=r"Several team files were set up on this computer. Other team: .*other.ini; Acme"
    ):
        visit(replace(around, cwd=around.home), "--team")


def test_a_second_folder_with_the_same_file_is_remembered_beside_the_first(tmp_path: Path) -> None:
    around = settled(tmp_path)
    other = elsewhere(around)
    run(other, file(sso(), "  [[first]]\n  [[second]]\n"), None, "--yes")
    assert [it.folder for it in team_memory.all_joined(around)] == [other.cwd, around.cwd]
    inner = other.cwd / "first"
    assert team_memory.recalled(replace(around, cwd=inner), "").folder == other.cwd  # type: ignore[union-attr]
    assert team_memory.recalled(around, "").folder == around.cwd  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1, null, {}]",
        '[{"source": 1}]',
        "[" * 100_000,
        '{"a": []}',
        '[{"source": "x", "team": "y", "folder": "/z", "clones": []}]',
    ],
)
def test_a_record_that_cannot_be_read_is_none(text: str, tmp_path: Path) -> None:
    around = home(tmp_path)
    path = around.home / ".local" / "state" / "ccsetup" / "teams.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert team_memory.all_joined(around) == []
    assert run(around, file(sso()), None, "--yes").exit_code == 0
    assert [it.team for it in team_memory.all_joined(around)] == ["Acme platform"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_join_that_failed_is_not_remembered_and_an_address_is_kept_as_given(tmp_path: Path) -> None:
    around = replace(home(tmp_path), aws=Aws(who=Problem("No.", code="access.identity")))
    run(around, file(sso()), None, "--yes")
    assert team_memory.all_joined(around) == []
    assert team_memory.absolute(around, "https://acme.example/team.ini") == "https://acme.example/team.ini"


def test_the_record_holds_no_more_than_address_team_folder_and_clones(tmp_path: Path) -> None:
    around = settled(tmp_path, places="  [[first]]\n")
    (record,) = json.loads((around.home / ".local" / "state" / "ccsetup" / "teams.json").read_text())
    assert record == {
        "source": str(tmp_path / "team.ini"), "team": "Acme platform", "folder": str(around.cwd),
        "clones": {"first": str(around.cwd / "first")},
    }  # fmt: skip


class Served:
    """Answers with one text for every address."""

    def __init__(self, text: str) -> None:
        self.text, self.asked = text, list[str]()

    def fetch(self, url: str, most: int) -> Sent:
        self.asked.append(url)
        return Sent(self.text.encode(), ("acme.example",))


def test_an_address_is_fetched_again_as_it_was_given(tmp_path: Path) -> None:
    around = settled(tmp_path)
    web, url = Served(file(sso(), "  [[first]]\n")), "https://acme.example/team.ini?v=1"
    around = replace(around, web=web)  # type: ignore[arg-type]
    assert setup.main(parser.parsed(["--team", url, "--yes"]), lambda: around).exit_code == 0
    (tmp_path / "team.ini").unlink()
    other = elsewhere(around)
    assert visit(other, "--team", url).document["findings"] == []
    assert web.asked == [url, url]


def test_where_the_folder_is_gone_this_one_is_compared(tmp_path: Path) -> None:
    around = elsewhere(settled(tmp_path))
    shutil.rmtree(tmp_path / "work")
    report = visit(around, "--team")
    assert [it["code"] for it in report.document["findings"]] == ["team.repository"]
    assert f"because {tmp_path / 'work'} is gone" in shown(around)


# The roles that a sign-in has


@pytest.mark.parametrize(("signin", "why"), [
    (FakeSignIn(), "Your sign-in's roles in account 111122223333: Developer, ReadOnly."),
    (FakeSignIn(sets=(Choice("ReadOnly", "ReadOnly"),)), "Your sign-in's roles in account 111122223333: ReadOnly."),
    (FakeSignIn(sets=(Choice("Developer", "Developer"),)), 'Did you mean "Developer"?'),
    (FakeSignIn(there=(Choice(OTHER, "Other"),)), f"Your sign-in isn't for account 111122223333. It has: {OTHER}."),
    (FakeSignIn(sets=Problem("No roles.")), "No access."),
    (FakeSignIn(sets=(Choice("Developers", "Developers"),)), "No access."),
    (FakeSignIn(sets=tuple(Choice(f"R{n}", f"R{n}") for n in range(20))), "R11, and 8 more."),
])  # fmt: skip
def test_a_sign_in_without_the_role_is_told_which_it_has(signin: FakeSignIn, why: str, tmp_path: Path) -> None:
    refused = Problem("Your sign-in doesn't have access to the role.", why="No access.", code="access.assume")
    around = replace(home(tmp_path), aws=Aws(who=refused), signin=signin)
    report = run(around, file(sso(role="Developers")), None, "--yes")
    (problem,) = report.document["problems"]
    assert why in problem["why"]


def test_nor_is_a_role_that_starts_from_the_sign_in_of_the_file(tmp_path: Path) -> None:
    refused = Problem("The role refused.", why="Trust.", code="access.assume")

    class Refused(Aws):
        def identity(self, who: Who) -> Identity:
            if who.profile == "code":
                raise refused
            return super().identity(who)

    around = replace(home(tmp_path), aws=Refused())
    entries = f"  [[default]]\n{ROLE}  role_session_name = me\n  source_profile = acme-dev\n{sso('first')}"
    report = run(around, file(entries), None, "--yes")
    assert report.document["problems"][0]["why"] == "Trust."  # the sign-in has its role, so that isn't the cause


@pytest.mark.parametrize(("account", "why"), [
    ("111122223333", "Your sign-in's roles in account 111122223333: Developer, ReadOnly."),
    (OTHER, f"Your sign-in isn't for account {OTHER}. It has: 111122223333."),
])  # fmt: skip
def test_a_clone_with_such_a_profile_is_told_the_same(account: str, why: str, tmp_path: Path) -> None:
    session = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
    role = f"sso_account_id = {account}\nsso_role_name = Admin\nregion = us-east-2\n"
    around = home(tmp_path, f"{session}[profile admin]\nsso_session = acme\n{role}")
    refused = Problem("Your sign-in doesn't have access to the role.", why="No access.", code="access.assume")
    around = replace(around, aws=Aws(who=refused))
    words = ["clone", "reports", "--profile", "admin", "--region", "us-east-2", "--yes"]
    with pytest.raises(Problem) as told:
        clone.main(parser.parsed(words), lambda: around)
    assert (told.value.exit_code, told.value.why) == (1, why)
