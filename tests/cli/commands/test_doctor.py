"""The doctor's command: what it says of homes, repairs after one yes, takes back, and reports however it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_ways import Place, maria, role, settle, sso
from conftest import CleanEnv
from disk_states import firsts, state
from homes import KEYS, Home, build, context_of
from paths import ROOT
from script import LEAVE, FakeGit, Script, context, tree
from terminal import DOWN, ENTER, ESC, Terminal, program
from test_identities import canned, keyed, moody
from test_online import ACCESS, around, stand_in, write

from ccsetup.awsfiles import transaction
from ccsetup.cli.commands import doctor, undo
from ccsetup.core.context import Context, Ran
from ccsetup.core.errors import Problem
from ccsetup.core.model import BACK, Edit, Plan
from ccsetup.core.result import Report
from ccsetup.doctor import render
from ccsetup.git.repository import Git
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, PEOPLE, REGION

FIELDS = {"code", "severity", "profile", "path", "line", "says", "because", "fix", "do", "fixed"}
THREE_COLONS = "role_arn = arn:aws:iam:::111122223333:role/CodeCommitAccess\n"
BROKEN = f"""\
[profile dev]
{THREE_COLONS}source_profile = people
region = us-east-2

[profile people]
region = us-east-2
"""
PEOPLES = f"[people]\n{KEYS}"
HALF = BROKEN + "\n[profile half]\nregion = us-east-2\n"
HALVES = PEOPLES + "\n[half]\naws_access_key_id = AKIAI44QH8DHBEXAMPLE\n"

# Every code of the first table of findings, and what came after it.
_CODES = """
file.duplicate-section file.duplicate-key file.encoding file.stray-line file.nested-block file.unreadable
file.permissions file.characters section.prefix section.quoting section.default-twice section.indented-key
profile.missing profile.name region.missing region.invalid region.unsupported value.inline-comment value.quoted
role.arn role.session-name role.duration source.none source.both source.missing source.loop source.empty
source.credential-source kind.shadowed keys.partial keys.session-token keys.swapped keys.split keys.expired
oidc.token-path oidc.token-missing oidc.token-empty oidc.token-expired oidc.token-invalid oidc.role sso.session-missing sso.incomplete
sso.conflict sso.url sso.legacy sso.signed-out sso.expired sso.cache-corrupt process.missing process.failed
env.overrides env.partial env.profile git.missing git.version git.helper-path git.helper-old git.protocol
git.inherited-helper git.remote git.identity net.unreachable net.tls net.proxy net.clock access.identity
access.account access.assume access.repository access.region access.kms access.git
"""
CODES = frozenset(re.findall(r"\S+", _CODES))
NEW = {  # found since
    "git.branch", "git.helper-broken", "git.lfs", "git.program", "git.settings", "git.submodule", "process.not-run",
    "file.format", "file.name", "services.missing", "sso.scopes", "value.invalid", "region.partition", "role.partition",
    "keys.placeholder", "region.endpoints", "git.ssh", "git.helper-shared",
}  # fmt: skip


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else writes here, so nothing is waited for."""
    monkeypatch.setattr(transaction, "SETTLE_S", 0.0)


def visit(it: Context, *profiles: str, **flags: Any) -> Report:
    switches = {"fix": False, "offline": True, "modernize": False, "report": None, "short_ids": False}
    switches |= {"yes": False, "dry_run": False, "json": False, "team": None}
    report = doctor.main(Namespace(profiles=[*profiles], **{**switches, **flags}), lambda: it)
    if isinstance(it.prompt, Script):
        it.prompt.done()
    return report


def online(it: Context, *profiles: str, **flags: Any) -> Report:
    return visit(it, *profiles, **{"offline": False, **flags})


def codes(report: Report, **having: Any) -> list[str]:
    found = report.document["findings"]
    return [it["code"] for it in found if all(it[key] == value for key, value in having.items())]


def said(it: Context) -> str:
    return str(it.screen.text())  # type: ignore[attr-defined]


def aws_folder(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    return tree(folder / "home" / ".aws")


# ------------------------------------------------------------------ what it says


def test_a_healthy_home_is_told_what_was_looked_at(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(BROKEN.replace(":::", "::"), PEOPLES))
    report = visit(it)
    assert (report.exit_code, report.document["ok"], report.document["findings"]) == (0, True, [])
    assert "No problems found. Checked 2 profiles and git 2.39.5." in said(it)
    assert [entry["kind"] for entry in report.document["profiles"]] == ["role", "keys"]


def test_who_answers_is_in_the_report(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home("[profile people]\nregion = us-east-2\n", PEOPLES))
    (entry,) = online(it).document["profiles"]
    arn = "arn:aws:sts::111122223333:assumed-role/Developer/maria"
    assert entry == {"name": "people", "kind": "keys", "account_id": "111122223333", "arn": arn, "ok": True}
    assert "AWS confirmed 1 of 1 profile" in said(it)


def test_those_whom_something_stops_are_not_asked_about(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(HALF, HALVES))
    report = online(it)
    assert [entry["name"] for entry in report.document["profiles"] if entry["arn"]] == ["people"]
    assert [entry["name"] for entry in report.document["profiles"] if not entry["ok"]] == ["dev", "half"]
    assert report.exit_code == 3
    assert "2 errors. Checked 3 profiles and git 2.39.5. AWS confirmed 1 of 3 profiles." in said(it)


def test_errors_warnings_and_notes_are_counted(tmp_path: Path) -> None:
    config = BROKEN.replace("[profile people]\nregion = us-east-2\n", "")
    it = context_of(tmp_path, Home(config, PEOPLES, modes=(0o600, 0o644)))
    report = visit(it)
    assert [entry["severity"] for entry in report.document["findings"]] == ["stops", "hinders", "note"]
    assert "1 error, 1 warning, 1 note. Checked 2 profiles and git 2.39.5." in said(it)


UNDO = "If that caused the error, undo it: ccsetup undo"
PARTIAL = "[people]\naws_access_key_id = AKIAI44QH8DHBEXAMPLE\n"
OVER = PEOPLES.replace("AKIA", "ASIA") + "aws_session_token = dG9rZW4=\nccsetup_expires_at = 2020-01-31T18:04:00Z\n"


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (PEOPLES, PARTIAL, True),
        ("", PARTIAL, False),  # undoing it would leave nothing of the profile
        (PEOPLES, OVER, False),  # the change isn't what ended the session
    ],
)
def test_undo_is_named_only_for_an_error_that_the_change_may_have_caused(
    tmp_path: Path, before: str, after: str, named: bool
) -> None:
    it = context_of(tmp_path, Home("[default]\nregion = us-east-2\n", before))
    edit = Edit(it.files.read().credentials_path, before, after)
    it.files.apply(Plan("people", "setup", edits=(edit,)))
    report = visit(it, "people")
    assert codes(report, severity="stops")
    assert (UNDO in said(it)) == named


def test_what_only_a_person_can_decide_is_named_after_the_repair(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(HALF, HALVES))
    visit(it, fix=True, yes=True)
    assert said(it).rstrip().endswith("Next   ccsetup doctor --fix   asks about 1, without --yes")


def test_all_that_was_looked_at_is_one_list(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(BROKEN.replace(":::", "::"), PEOPLES))
    visit(it, "dev", "people")
    assert "Checked dev, people, and git 2.39.5." in said(it)


def test_backups_that_cannot_be_read_change_nothing_about_what_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = context_of(tmp_path, Home(HALF, HALVES))

    def refused() -> object:
        raise Problem("Can't read /home/maria/.local/state/ccsetup/undo: permission was denied.")

    monkeypatch.setattr(it.files, "changes", refused)
    report = visit(it)
    assert (report.exit_code, codes(report)) == (3, ["role.arn", "keys.partial"])


def test_nobody_is_asked_while_a_file_cannot_be_read_at_all(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home("\ufeff" + BROKEN.replace(":::", "::"), PEOPLES))
    report = online(it)
    assert (codes(report), report.exit_code) == (["file.encoding"], 3)
    assert [entry["arn"] for entry in report.document["profiles"]] == [None, None]


def test_profiles_that_are_named_are_looked_at_alone(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(HALF, HALVES, modes=(0o600, 0o644)))
    assert codes(visit(it, "half")) == ["keys.partial", "file.permissions"]
    assert codes(visit(it, "people")) == ["file.permissions"]  # the machine's findings stay
    assert [entry["name"] for entry in visit(it, "dev").document["profiles"]] == ["dev"]


def test_a_fault_that_stops_every_profile_is_told_for_each(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(BROKEN.replace(":::", "::") + "region = us-east-2\n", PEOPLES))
    report = visit(it, "dev")
    assert codes(report) == ["file.duplicate-key"]
    assert visit(it, "dev", fix=True, yes=True).exit_code == 0


def test_a_sign_in_that_profiles_came_to_share_is_not_said_to_be_repaired(tmp_path: Path) -> None:
    body = "sso_region = us-east-1\nsso_account_id = 111122223333\nsso_role_name = Dev\nregion = us-east-2\n"
    url = "sso_start_url = https://acme.awsapps.com/start"
    it = context_of(tmp_path, Home(f"[profile a]\n{url}\n{body}[profile b]\n{url}#/\n{body}", ""))
    report = visit(it, fix=True, yes=True, modernize=True)
    assert codes(report, fixed=True) == ["sso.url", "sso.legacy"]
    assert codes(report, fixed=False) == ["sso.signed-out"]
    assert [entry["ok"] for entry in report.document["profiles"]] == [False, False]


def test_a_source_that_is_broken_is_told_for_who_rests_on_it(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(BROKEN.replace(":::", "::"), "[people]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"))
    assert "keys.partial" in codes(visit(it, "dev"))


def order(it: Context, *codes: str) -> list[str]:
    """Return the codes at the ends of the findings' lines in the order in which they were shown."""
    ends = [line.split("   ")[-1].strip() for line in said(it).splitlines()]
    return [end for end in ends if end in codes]


def test_it_begins_with_the_count_and_then_the_good_news(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(HALF, HALVES))
    online(it)
    first, second, *_ = said(it).splitlines()
    assert first == "2 errors. Checked 3 profiles and git 2.39.5. AWS confirmed 1 of 3 profiles."
    assert second.startswith(" ✓ people  arn:aws:sts::")
    assert said(it).count("Checked 3 profiles") == 1
    assert said(it).splitlines()[-1].startswith(" Next   ccsetup doctor --fix")


def test_offline_it_says_how_many_profiles_are_well(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(HALF, HALVES))
    visit(it)
    assert said(it).splitlines()[0] == ("2 errors. Checked 3 profiles and git 2.39.5. 1 of 3 profiles has no error.")


def test_what_blocks_work_comes_first_and_no_warning_before_an_error(tmp_path: Path) -> None:
    config = BROKEN.replace(
        "[profile people]", "[profile aaa]\nregion = us-east-1 # home\noutput = 'json'\n[profile people]"
    )
    legacy = "sso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 111122223333\n"
    config += f"[profile old]\n{legacy}sso_role_name = Dev\nregion = us-east-2\n"
    it = context_of(tmp_path, Home(HALF.replace(BROKEN, config), HALVES, modes=(0o644, 0o644)))
    visit(it)
    marks = [line[1] for line in said(it).splitlines() if line[:1] == " " and line[1:2] in "✗!·" and line[2:3] == " "]
    assert "".join(marks) == "".join(sorted(marks, key="✗!·".index))
    assert {*marks} == {"✗", "!", "·"}


def test_the_profile_that_is_in_use_here_comes_first_and_a_file_that_no_tool_reads_before_it(tmp_path: Path) -> None:
    config = BROKEN.replace("[profile dev]", "[profile aaa]\nregion = us-east-1a\n[profile dev]")
    it = context_of(tmp_path, Home(config, PEOPLES, env={"AWS_PROFILE": "dev"}))
    visit(it)
    assert order(it, "role.arn", "region.invalid") == ["role.arn", "region.invalid"]
    (tmp_path / "two").mkdir()
    it = context_of(tmp_path / "two", Home(config + "region = us-east-1\n", PEOPLES, env={"AWS_PROFILE": "dev"}))
    visit(it)
    assert order(it, "file.duplicate-key", "role.arn")[0] == "file.duplicate-key"


def test_many_errors_of_one_sort_come_before_a_warning(tmp_path: Path) -> None:
    config = (
        "".join(f"[profile p{n}]\nregion = us-east-1a\n" for n in range(20)) + "[profile q]\nregion = 'us-east-1'\n"
    )
    it = context_of(tmp_path, Home(config, "", modes=(0o600, 0o644)))
    visit(it)
    assert order(it, "region.invalid", "file.permissions", "value.quoted")[0] == "region.invalid"


def test_a_code_is_dim_and_ends_the_line_of_its_finding(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(BROKEN, PEOPLES))
    report = visit(it)
    for room in (40, 60, 100):
        found = [row for row in render.rows(_findings(it), it.home, room) if ("dim", "role.arn") in row]
        assert len(found) == 1 and found[0][-1] == ("dim", "role.arn")
        assert sum(len(text) for _, text in found[0]) <= room
    assert codes(report) == ["role.arn"]
    (place,) = [line for line in said(it).splitlines() if "config, line" in line]
    assert place == "   ~/.aws/config, line 2 · --fix repairs it"


def _findings(it: Context) -> Any:
    from ccsetup.doctor import diagnose

    return diagnose.offline(diagnose.begun(it, ())).shown


def test_an_unknown_name_gets_the_nearest_and_a_document(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(BROKEN, PEOPLES))
    report = visit(it, "deev")
    assert report.exit_code == doctor.STOPPED
    assert {*report.document} == {"ok", "findings", "profiles", "problems"}
    (finding,) = report.document["findings"]
    assert (finding["code"], finding["profile"], finding["do"]) == ("profile.missing", "deev", "ccsetup doctor dev")
    assert report.document["profiles"] == [{"name": "deev", "kind": None, "account_id": None, "arn": None, "ok": False}]
    assert 'No profile "deev" on this computer. Did you mean "dev"?' in said(it)
    assert {*codes(visit(it, "deev", "dev"))} >= {"profile.missing", "role.arn"}


def test_two_hundred_findings_of_one_sort_are_folded(tmp_path: Path) -> None:
    config = "".join(f"[profile p{n}]\nregion = us-east-1a\noutput = json\n\n" for n in range(200))
    it = context_of(tmp_path, Home(config))
    report = visit(it)
    assert len(report.document["findings"]) == 200
    shown = said(it)
    assert len(shown.splitlines()) < 20
    assert "200 profiles" in shown
    assert "and 187 more" in shown
    assert "repairs 200" in shown
    assert visit(it, fix=True, yes=True).exit_code == 0


@pytest.mark.parametrize("room", [50, 100])
def test_no_line_is_wider_than_the_terminal(room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = HALF.replace("us-east-2", "us-east-1 # home") + "[nobody]\nregion = us-east-1a\n"
    it = context_of(tmp_path, Home(config, HALVES, modes=(0o644, 0o644)))
    monkeypatch.setattr(type(it.screen), "room", lambda self: room)
    report = visit(it)
    assert len(report.document["findings"]) > 5
    commands = {part for finding in report.document["findings"] for part in [finding["do"].rpartition(": ")[2]]}
    lines = [line for line in said(it).splitlines() if line.strip("→ ") not in commands]  # these are copied whole
    assert max(map(len, lines)) <= room


# ------------------------------------------------------------------ the documents, however it ends


@pytest.mark.parametrize(
    ("home", "flags", "code"),
    [
        (Home(BROKEN.replace(":::", "::"), PEOPLES), {}, 0),
        (Home(BROKEN, PEOPLES), {"fix": True}, 2),
        (Home(BROKEN, PEOPLES), {}, 3),
        (Home(BROKEN, PEOPLES), {"fix": True, "leaves": True}, 130),
    ],
)
def test_every_end_has_one_document_of_one_shape(home: Home, flags: dict[str, bool], code: int, tmp_path: Path) -> None:
    script = Script(("repair", LEAVE)) if flags.pop("leaves", False) else None
    it = context_of(tmp_path, home, script)
    before = tree(tmp_path)
    report = visit(it, **flags)
    assert report.exit_code == code
    assert json.loads(json.dumps({**report.document})) == report.document
    assert {*report.document} == {"ok", "findings", "profiles", "problems"}
    assert all({*finding} == FIELDS for finding in report.document["findings"])
    assert all({*entry} == {"name", "kind", "account_id", "arn", "ok"} for entry in report.document["profiles"])
    assert report.document["ok"] == (code == 0)
    assert bool(report.document["problems"]) == (code in (2, 130))
    assert tree(tmp_path) == before


def test_nobody_there_means_yes_must_be_said(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(BROKEN, PEOPLES))
    report = visit(it, fix=True)
    assert report.exit_code == 2
    assert "--yes" in report.document["problems"][0]["what"]
    assert codes(report, fixed=False) == ["role.arn"]


# ------------------------------------------------------------------ repairs


def test_what_stopped_a_profile_and_was_repaired_stops_nothing(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(BROKEN, PEOPLES, modes=(0o600, 0o644)))
    before = aws_folder(tmp_path)
    report = visit(it, fix=True, yes=True)
    assert (report.exit_code, codes(report, fixed=True)) == (0, ["role.arn", "file.permissions"])
    assert (it.home / ".aws" / "config").read_text() == BROKEN.replace(":::", "::")
    assert stat.S_IMODE((it.home / ".aws" / "credentials").stat().st_mode) == 0o600
    assert "wJalr" not in said(it)
    assert visit(it, fix=True, yes=True).document["findings"] == []
    undo.main(Namespace(list=False, yes=True, dry_run=False), lambda: it)
    assert aws_folder(tmp_path) == before


def test_a_dry_run_shows_and_writes_nothing(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(BROKEN, PEOPLES))
    before = tree(tmp_path)
    report = visit(it, fix=True, dry_run=True)
    assert (report.exit_code, codes(report, fixed=False), codes(report, fixed=True)) == (3, ["role.arn"], [])
    assert "+role_arn = arn:aws:iam::111122223333" in said(it)
    assert tree(tmp_path) == before


def test_what_has_two_readings_is_asked_and_may_be_left(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(HALF, HALVES), Script(("keys.partial", BACK), ("repair", "go")))
    report = visit(it, fix=True)
    assert (codes(report, fixed=True), codes(report, fixed=False)) == (["role.arn"], ["keys.partial"])
    assert report.exit_code == 3
    it = replace(it, prompt=Script(("keys.partial", "0"), ("repair", "go")))
    assert codes(visit(it, fix=True), fixed=True) == ["keys.partial"]
    assert "\n# aws_access_key_id = AKIAI44QH8DHBEXAMPLE\n" in (it.home / ".aws" / "credentials").read_text()


def test_declining_the_review_writes_nothing(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(BROKEN, PEOPLES), Script(("repair", "cancel")))
    before = tree(tmp_path)
    assert visit(it, fix=True).exit_code == 130
    assert tree(tmp_path) == before


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_an_encoding_that_nobody_reads_becomes_utf_8(encoding: str, tmp_path: Path) -> None:
    text = BROKEN.replace(":::", "::")
    it = context_of(tmp_path, Home(text.encode(encoding), PEOPLES))
    before = aws_folder(tmp_path)
    report = visit(it, fix=True, yes=True)
    assert (report.exit_code, codes(report, fixed=True)) == (0, ["file.encoding"])
    assert (it.home / ".aws" / "config").read_bytes() == text.encode()
    undo.main(Namespace(list=False, yes=True, dry_run=False), lambda: it)
    assert aws_folder(tmp_path) == before


def test_a_file_that_changes_during_the_review_is_left_alone(tmp_path: Path) -> None:
    theirs = BROKEN + "[profile theirs]\nregion = us-east-1\n"

    class Slow(Script):
        def ask(self, asked: Any) -> Any:
            (tmp_path / "home" / ".aws" / "config").write_text(theirs)
            return super().ask(asked)

    it = context_of(tmp_path, Home(BROKEN, PEOPLES), Slow(("repair", "go")))
    report = visit(it, fix=True)
    assert (report.exit_code, report.document["problems"][0]["code"]) == (1, "file.changed")
    assert (it.home / ".aws" / "config").read_text() == theirs


@pytest.mark.parametrize("what", ["disk", "folder"])
def test_a_disk_that_takes_nothing_keeps_every_byte(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ccsetup.awsfiles import disk

    it = context_of(tmp_path, Home(BROKEN, PEOPLES))
    before = aws_folder(tmp_path)

    def refuses(*_: Any) -> Any:
        raise OSError(
            28 if what == "disk" else 13, "No space left on device" if what == "disk" else "Permission denied"
        )

    monkeypatch.setattr(disk, "write", refuses)
    report = visit(it, fix=True, yes=True)
    assert report.exit_code == 1
    assert codes(report, fixed=True) == []
    assert aws_folder(tmp_path) == before


def test_a_program_runs_for_the_profile_that_was_named_alone(tmp_path: Path) -> None:
    config = "[profile mine]\ncredential_process = /bin/sh one\n[profile yours]\ncredential_process = /bin/sh two\n"
    ran: list[Any] = []

    def runs(commands: Any) -> list[Ran]:
        ran.extend(commands)
        return [Ran(1, "", "token = hush-hush-hush\nno session") for _ in commands]

    it = replace(
        context_of(tmp_path, Home(config), git=FakeGit(commands=("/bin/sh", "git-remote-codecommit"))), run=runs
    )
    assert "process.failed" not in codes(visit(it))
    assert ran == []
    report = visit(it, "mine")
    assert (ran, codes(report, severity="stops")) == ([["/bin/sh", "one"]], ["process.failed"])
    assert "no session" in said(it)
    assert "hush" not in said(it)


def test_a_program_that_does_not_end_is_ended() -> None:
    from ccsetup.aws.external_programs import ran

    words = [sys.executable, "-c", "import sys,time; time.sleep(float(sys.argv[1])); print(1)"]
    late, *_ = ran([[*words, "30"], [*words, "0"]], 0.6)
    assert late == Ran(None)
    assert [it.code for it in ran([[*words, "0"], ["/no/such/program"]])] == [0, 127]


# ------------------------------------------------------------------ a report to send


def test_a_report_has_no_secret_is_private_and_takes_no_others_place(tmp_path: Path) -> None:
    it = context_of(tmp_path, Home(HALF, HALVES))
    visit(it, report="doctor.md", short_ids=True)
    path = it.cwd / "doctor.md"
    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "`role.arn`, error, ~/.aws/config, line 2" in text
    assert "arn:aws:iam::…3333:role/CodeCommitAccess" in text
    assert "An access key has two parts" in text
    assert not re.search(r"111122223333|wJalr|AKIAI44QH8DHB|" + re.escape(str(tmp_path)), text)
    visit(it, report="doctor.md", fix=True, yes=True)  # its own it may write again
    assert "## Repaired" in path.read_text()
    path.write_text("mine")
    report = visit(it, report="doctor.md")
    assert (report.exit_code, report.document["problems"][0]["code"]) == (1, "input.invalid")
    assert path.read_text() == "mine"


# ------------------------------------------------------------------ with AWS


@pytest.fixture(name="place")
def with_aws(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A home with AWS's sandbox around it, and our git-remote-codecommit on the PATH."""
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    command = tmp_path / "bin" / "git-remote-codecommit"
    command.parent.mkdir()
    body = (
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom ccsetup.git.helper.remote import main\nsys.exit(main())\n"
    )
    command.write_text(f"#!{sys.executable}\n{body}")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    return Place(sandbox, tmp_path / "home")


def sandboxed(place: Place, folder: Path, script: Script | None = None) -> Context:
    return replace(around(place, folder), prompt=script, env=dict(os.environ))


def private(place: Place) -> None:
    for path in (place.home / ".aws").iterdir():
        path.chmod(0o600 if path.is_file() else 0o700)
    (place.home / ".aws").chmod(0o700)


@pytest.mark.long
@pytest.mark.slow
def test_a_clone_of_another_region_is_moved_and_moved_back(place: Place, tmp_path: Path) -> None:
    stand_in(tmp_path, f"codecommit::{REGION}://dev@handbook")
    write(place, {"people": {**maria(place.state), "region": REGION}, "dev": ACCESS})
    private(place)
    settings = tmp_path / "work" / ".git" / "config"
    before = settings.read_bytes()
    it = sandboxed(place, tmp_path)
    assert codes(online(it), severity="stops") == ["access.region"]
    it = sandboxed(place, tmp_path, Script(("access.region", "0"), ("repair", "go")))
    report = online(it, fix=True)
    assert (codes(report, fixed=True), codes(report, fixed=False, severity="stops")) == (["access.region"], [])
    assert b"codecommit::eu-central-1://dev@handbook" in settings.read_bytes()
    assert report.exit_code == 0
    undo.main(Namespace(list=False, yes=True, dry_run=False), lambda: it)
    assert settings.read_bytes() == before


@pytest.mark.slow
def test_what_is_repaired_is_believed_when_aws_answers(place: Place, tmp_path: Path) -> None:
    stand_in(tmp_path, f"codecommit::{REGION}://dev@MySharedDemoRepo")
    broken = {**ACCESS, "role_arn": ACCESS["role_arn"].replace("::", ":::")}
    write(place, {"people": {**maria(place.state), "region": REGION}, "dev": broken})
    private(place)
    it = sandboxed(place, tmp_path)
    report = online(it, fix=True, yes=True)
    assert codes(report, fixed=True) == ["role.arn"]
    assert {it["name"]: it["account_id"] for it in report.document["profiles"]} == {"people": PEOPLE, "dev": CODE}
    assert report.exit_code == 0


def test_each_refusal_of_aws_is_told_for_whom_it_stops(place: Place, tmp_path: Path) -> None:
    gone = sso(place.state, place.home)
    cache = next((place.home / ".aws" / "sso" / "cache").glob("*.json"))
    token = {**json.loads(cache.read_text()), "expiresAt": "2020-01-01T00:00:00Z"}
    cache.write_text(json.dumps({key: token[key] for key in ("accessToken", "expiresAt", "startUrl", "region")}))
    other = {"ccsetup_kind": "saml", "ccsetup_role_arn": "arn:aws:iam::999999999999:role/Developer"}
    write(place, {
        "people": maria(place.state), "dev": ACCESS, "stranger": role("Stranger"), "over": gone,
        "other": {**maria(place.state), **other},
    })  # fmt: skip
    private(place)
    it = sandboxed(place, tmp_path)
    report = online(it)
    assert {(each["code"], each["profile"]) for each in report.document["findings"] if each["severity"] == "stops"} >= {
        ("sso.expired", "over"), ("access.assume", "stranger"), ("access.account", "other"),
    }  # fmt: skip
    assert {each["name"] for each in report.document["profiles"] if each["ok"]} == {"people", "dev"}
    assert "Send this to your administrator" in said(it)
    assert "sts:AssumeRole" in said(it)


@pytest.mark.slow
def test_one_that_hangs_pages_and_clocks_hide_no_healthy_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path / "home")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    there = Place(None, tmp_path / "home")  # type: ignore[arg-type]  # AWS is the canned one
    write(there, keyed("HANG", "PAGE", *["WELL"] * 18))
    private(there)
    it = replace(context(tmp_path, env=dict(os.environ)), aws=there.aws(), git=Git(dict(os.environ), there.home))
    monkeypatch.setattr("ccsetup.core.limits.IDENTITIES_S", (1.5, 1.5))
    with canned(monkeypatch, moody(off_s=-900)):
        report = online(it)
    found = {(each["code"], each["severity"]) for each in report.document["findings"]}
    assert {("net.unreachable", "hinders"), ("net.proxy", "hinders"), ("net.clock", "hinders")} <= found
    assert sum(1 for each in report.document["profiles"] if each["arn"]) == 18
    assert {each["name"]: each["ok"] for each in report.document["profiles"] if not each["ok"]} == {
        "hang0": None, "page1": None,
    }  # fmt: skip
    assert (report.exit_code, report.document["ok"]) == (1, False)


# ------------------------------------------------------------------ the whole program


@pytest.fixture
def person(tmp_path: Path, clean_env: CleanEnv) -> dict[str, str]:
    build(tmp_path, Home(HALF, HALVES))
    return clean_env(tmp_path / "home", TERM="xterm-256color")


@pytest.mark.slow
def test_a_person_repairs_what_has_two_readings(person: Mapping[str, str], tmp_path: Path) -> None:
    before = aws_folder(tmp_path)
    terminal = Terminal([program(), "doctor", "--fix", "--offline"], dict(person), tmp_path)
    terminal.answer("half has no aws_secret_access_key")
    terminal.answer("Write these changes?")
    assert terminal.exit_code() == 0
    terminal.wait("undo: ccsetup undo", "keys.partial", "role.arn")
    assert "wJalr" not in terminal.raw.decode()
    done = subprocess.run([program(), "undo", "--yes"], env=dict(person), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert aws_folder(tmp_path) == before


@pytest.mark.slow
def test_the_wizard_says_what_is_broken_repairs_it_and_asks_on(person: Mapping[str, str], tmp_path: Path) -> None:
    terminal = Terminal([program()], dict(person), tmp_path)
    terminal.ask("What were you given?")
    terminal.wait("3 AWS profiles, 2 broken", "Fix what's broken")
    terminal.press("\x1b[A", ENTER)
    terminal.ask("half has no aws_secret_access_key")
    terminal.press(ESC)
    terminal.answer("Write these changes?")
    terminal.wait("3 AWS profiles, 1 broken")
    terminal.ask("What were you given?")
    terminal.press("\x03")
    assert terminal.exit_code() == 130
    assert (tmp_path / "home" / ".aws" / "config").read_text() == HALF.replace(":::", "::")


@pytest.mark.slow
def test_the_wizard_offers_to_repair_what_no_tool_can_read(person: Mapping[str, str], tmp_path: Path) -> None:
    config = tmp_path / "home" / ".aws" / "config"
    config.write_text(HALF.replace(":::", "::") + "region = us-east-2\n")
    terminal = Terminal([program()], dict(person), tmp_path)
    terminal.answer("Repair the file now?")
    terminal.ask("half has no")
    terminal.press(DOWN, DOWN, ENTER)
    terminal.answer("Write these changes?")
    terminal.ask("What were you given?")
    terminal.close()


def test_without_a_person_what_no_tool_can_read_names_the_doctor(person: Mapping[str, str], tmp_path: Path) -> None:
    config = tmp_path / "home" / ".aws" / "config"
    config.write_text(HALF + "region = us-east-2\n")
    words = [program(), "setup", "keys", "--yes", "--json"]
    done = subprocess.run(words, env=dict(person), capture_output=True, text=True, check=False, input="")
    (problem,) = json.loads(done.stdout)["problems"]
    assert (done.returncode, problem["code"]) == (1, "file.duplicate-key")
    assert "line 11" in problem["what"]
    assert "ccsetup doctor --fix" in problem["next"]
    assert "file.duplicate-key" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_a_plain_terminal_gets_no_colour(variables: dict[str, str], person: Mapping[str, str], tmp_path: Path) -> None:
    terminal = Terminal([program(), "doctor", "--offline"], {**person, **variables}, tmp_path, columns=50)
    assert terminal.exit_code() == 3
    assert b"\x1b[" not in terminal.raw
    assert "role.arn" in terminal.text()


# ------------------------------------------------------------------ the codes


def checked() -> set[str]:
    """Return every code that the code of ccsetup can give."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "ccsetup").rglob("*.py")]
    return {code for text in texts for code in re.findall(r'"([a-z]+\.[a-z-]+)"', text)}


def test_every_code_of_the_facts_can_be_found() -> None:
    assert len(CODES) == 72
    assert CODES - checked() == set()


def test_the_readmes_table_from_an_error_to_a_code_names_codes_that_there_are() -> None:
    section = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Troubleshooting\n")[2].partition("\n## ")[0]
    )
    table = section.partition("| error message | code |")[2]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    named = {code for row in rows[1:] for code in re.findall(r"`([a-z]+\.[a-z-]+)`", row[1])}
    assert len(rows) > 20
    assert named - CODES == NEW
    assert len(named) > 50


# ------------------------------------------------------------------ killed at any moment


TWICE = f"[people]\n{KEYS}[other]\n{KEYS}region = us-east-2\nregion = us-east-2\n"
KILLED = {
    "both files": (BROKEN, TWICE),
    "other names": (BROKEN, TWICE),
    "one file": (None, f"{BROKEN}{TWICE}"),
}


def homed(folder: Path, how: str) -> Context:
    """Return the context of a home to be repaired, each time as new."""
    it = context_of(folder, Home(*KILLED[how], modes=(0o600, 0o644)))
    aws = it.home / ".aws"
    if how == "other names":
        os.link(aws / "config", it.home / "kept-config")
    elif how == "one file":
        (aws / "config").symlink_to("credentials")
    return it


def places(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return the folders that a run changes: of the homes, and of the locks."""
    homes, locks = folder / "homes", folder / "locks"
    monkeypatch.setattr(tempfile, "tempdir", str(locks))
    return homes, locks


def as_new(there: tuple[Path, Path], how: str) -> Context:
    """Return the context of a home to be repaired, in these folders, which hold nothing else."""
    for place in there:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
    return homed(there[0], how)


# Of the calls that a kill at leaves the same disk, one is enough in these two tests: see disk_states.


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="fork")
@pytest.mark.parametrize("how", KILLED)
def test_a_repair_killed_at_any_call_is_finished_by_the_next_and_undone_whole(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from test_store import killed_within, states_within

    there = places(tmp_path, monkeypatch)
    reference = as_new(there, how)
    before = tree(reference.home / ".aws")

    def repaired() -> None:
        assert visit(reference, fix=True, yes=True).exit_code == 0

    states = states_within("apply", repaired, tmp_path / "told", *there)
    finished = tree(reference.home / ".aws")
    stops = firsts(states)
    assert len(states) > 40
    assert len(stops) > 15
    for n in stops:
        it = as_new(there, how)
        assert killed_within("apply", n, lambda it=it: visit(it, fix=True, yes=True)) == (n < len(states))
        assert state(*there) == states[n - 1], n
        if how != "other names":
            for name, now in tree(it.home / ".aws").items():
                assert ".ccsetup-" in name or now[1] in (before[name][1], finished[name][1]), (n, name)
        assert visit(it, fix=True, yes=True).exit_code == 0, n
        assert tree(it.home / ".aws") == finished, n
        if how == "other names":
            assert (it.home / "kept-config").samefile(it.home / ".aws" / "config")
        for _ in range(3):
            undo.main(Namespace(list=False, yes=True, dry_run=False), lambda it=it: it)
        assert tree(it.home / ".aws") == before, n


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="fork")
@pytest.mark.parametrize("how", KILLED)
def test_an_undo_killed_at_any_call_is_finished_by_the_next_which_undoes_nothing_else(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from test_store import killed_within, states_within

    there = places(tmp_path, monkeypatch)
    options = Namespace(list=False, yes=True, dry_run=False)

    def repaired_twice() -> tuple[Context, dict[str, tuple[int, bytes | None]]]:
        it = as_new(there, how)
        first = tree(it.home / ".aws")
        visit(it, fix=True, yes=True)
        assert tree(it.home / ".aws") != first
        with (it.home / ".aws" / "credentials").open("a") as file:
            file.write("# mine\n[x]\nregion = us-east-2a\n")
        second = tree(it.home / ".aws")
        visit(it, fix=True, yes=True)
        return it, second

    it, _ = repaired_twice()
    states = states_within("take_back", lambda: undo.main(options, lambda: it), tmp_path / "told", *there)
    stops = firsts(states)
    assert len(states) > 30
    assert len(stops) > 8
    for n in stops:
        it, second = repaired_twice()
        was_killed = killed_within("take_back", n, lambda it=it: undo.main(options, lambda: it))
        assert was_killed == (n < len(states))
        assert state(*there) == states[n - 1], n
        if was_killed:
            undo.main(options, lambda it=it: it)
        assert tree(it.home / ".aws") == second, n
