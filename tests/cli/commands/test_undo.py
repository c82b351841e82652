"""Undo: whatever ccsetup wrote is as it was, bytes and modes; nobody else's change goes with it."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from often import examples
from script import LEAVE, NOW, Script, Shown, context, tree

from ccsetup.awsfiles import plan, transaction
from ccsetup.awsfiles.store import Files
from ccsetup.cli.commands import setup, undo
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Missing, Problem
from ccsetup.core.model import Secret, Section, Value
from ccsetup.core.result import Report
from ccsetup.wizard.options import Options

CONFIG = "# mine\n[default]\nregion = us-east-1\n\n[profile other]\noutput = json\n"
SECRETS = "[other]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = " + "s" * 40 + "\n"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else writes here, so nothing is waited for."""
    monkeypatch.setattr(transaction, "SETTLE_S", 0.0)


def filled(folder: Path, mode: int = 0o640) -> Context:
    """Return a Context whose two files are there, with a mode of their own."""
    around = context(folder)
    around = replace(around, files=Files(around.env, around.home, around.now, command="setup"))
    (around.home / ".aws").mkdir(mode=0o755, exist_ok=True)
    for name, text in (("config", CONFIG), ("credentials", SECRETS)):
        path = around.home / ".aws" / name
        path.write_text(text)
        path.chmod(mode)
    return around


def change(around: Context, profile: str = "dev", region: str = "us-east-2") -> None:
    sections = (
        Section("config", "profile", profile, {"region": region}),
        Section("credentials", "profile", profile, {"aws_secret_access_key": Secret(region + "x" * 30)}),
    )
    around.files.apply(plan.make(profile, region, sections, around.files.read()))


def run(around: Context, script: Script | None = None, **flags: bool) -> Report:
    options = Namespace(**{"list": False, "yes": script is None, "dry_run": False, **flags})
    report = undo.main(options, lambda: replace(around, prompt=script))
    if script:
        script.done()
    return report


def shown(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


def files_of(around: Context) -> dict[str, Any]:
    return {name: what for name, what in tree(around.home).items() if not name.startswith(".local")}


def test_the_last_change_is_put_back_byte_for_byte_with_its_modes(tmp_path: Path) -> None:
    around = filled(tmp_path)
    before = files_of(around)
    change(around)
    report = run(around, Script(("undo", "go")))
    assert files_of(around) == before
    assert report.document["undone"]["command"] == "setup"
    assert "setup dev, made" in shown(around)
    assert "done restored ~/.aws/config" in shown(around)
    assert "x" * 30 not in shown(around) + str(report.document)


@pytest.mark.parametrize(("settings", "stays"), [({"sso_session": "acme"}, True), ({"output": "json"}, False)])
def test_a_sign_in_that_lasts_is_named_only_where_its_settings_go(
    settings: dict[str, str], stays: bool, tmp_path: Path
) -> None:
    around = filled(tmp_path)
    with (around.home / ".aws" / "config").open("a") as file:
        file.write("\n[profile another]\nsso_session = acme\n")
    section = Section("config", "profile", "new", settings)
    around.files.apply(plan.make("new", "us-east-2", (section,), around.files.read()))
    run(around)
    assert ("you stay signed in" in shown(around)) == stays


def test_files_and_folders_that_were_made_are_gone_again(tmp_path: Path) -> None:
    around = context(tmp_path)
    change(around)
    report = run(around)
    assert tree(tmp_path / "home") == {}
    assert {edit["removed"] for edit in report.document["edits"]} == {True}


def test_a_second_undo_goes_one_change_further_back_until_nothing_is_left(tmp_path: Path) -> None:
    around = filled(tmp_path)
    seen = [files_of(around)]
    for region in ("us-east-2", "eu-west-1", "eu-west-2"):
        change(around, region=region)
        seen.append(files_of(around))
    for before in reversed(seen[:-1]):
        run(around)
        assert files_of(around) == before
    report = run(around)
    assert (report.exit_code, report.document["undone"]) == (0, None)
    assert "Nothing to undo" in shown(around)


def test_a_file_that_was_changed_since_is_left_alone_and_the_difference_shown(tmp_path: Path) -> None:
    around = filled(tmp_path)
    change(around)
    with (around.home / ".aws" / "config").open("a") as file:
        file.write("\n[profile theirs]\naws_secret_access_key = hunter2hunter2\nregion = eu-west-1\n")
    before = tree(around.home)
    with pytest.raises(Problem) as refused:
        run(around, yes=True)
    assert refused.value.code == "file.changed"
    assert "~/.aws/config has changed since" in refused.value.what
    assert tree(around.home) == before
    assert "+[profile theirs]" in shown(around)
    assert "+region = eu-west-1" in shown(around)
    assert "hunter2" not in shown(around)


def test_a_file_that_is_gone_since_is_not_made_again(tmp_path: Path) -> None:
    around = filled(tmp_path)
    change(around)
    (around.home / ".aws" / "credentials").unlink()
    before = tree(around.home)
    with pytest.raises(Problem, match=r"credentials has changed since"):
        run(around)
    assert tree(around.home) == before


def test_a_change_that_never_came_to_be_is_passed_over(tmp_path: Path) -> None:
    around = filled(tmp_path)
    first = files_of(around)
    change(around)
    second = {name: (around.home / ".aws" / name).read_bytes() for name in ("config", "credentials")}
    change(around, region="eu-west-1")
    for name, text in second.items():  # as if killed between the backup and the files
        (around.home / ".aws" / name).write_bytes(text)
    report = run(around)
    assert report.document["undone"]["profile"] == "dev"
    assert files_of(around) == first


def test_a_change_that_came_half_way_is_put_back_where_it_came(tmp_path: Path) -> None:
    around = filled(tmp_path)
    before = files_of(around)
    change(around)
    (around.home / ".aws" / "config").write_text(CONFIG)
    assert len(run(around).document["edits"]) == 1
    assert files_of(around) == before


def test_somebody_is_asked_and_may_say_no(tmp_path: Path) -> None:
    around = filled(tmp_path)
    change(around)
    before = tree(around.home)
    for answer in ("cancel", LEAVE):
        with pytest.raises(Cancelled):
            run(around, Script(("undo", answer)))
    with pytest.raises(Missing, match="--yes"):
        run(around, yes=False)
    run(around, dry_run=True, yes=False)
    assert tree(around.home) == before
    assert "-region = us-east-2" in shown(around)


def test_the_list_says_when_which_command_and_which_files(tmp_path: Path) -> None:
    around = filled(tmp_path)
    change(around, "one")
    around = replace(around, files=Files(around.env, around.home, lambda: NOW + timedelta(hours=1), command="login"))
    change(around, "two")
    report = run(around, list=True)
    assert [(it["command"], it["profile"]) for it in report.document["changes"]] == [("login", "two"), ("setup", "one")]
    assert datetime.fromisoformat(report.document["changes"][1]["at"].replace("Z", "+00:00")) == NOW
    assert "login two  ~/.aws/config, ~/.aws/credentials" in shown(around)
    assert f"Backups are in {around.files.backups}." in shown(around).replace("\n ", " ")


def test_a_symbolic_link_and_its_target_stay_what_they_were(tmp_path: Path) -> None:
    around = filled(tmp_path)
    config, dotfiles = around.home / ".aws" / "config", around.home / "dotfiles"
    dotfiles.mkdir()
    config.rename(dotfiles / "aws-config")
    config.symlink_to(dotfiles / "aws-config")
    before = files_of(around)
    change(around)
    run(around)
    assert files_of(around) == before
    assert config.is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_a_backup_that_is_cut_short_belongs_to_no_change(tmp_path: Path) -> None:
    around = filled(tmp_path)
    before = files_of(around)
    change(around)
    assert isinstance(around.files, Files)
    (around.files.backups / "20991231T000000.000000Z-0000-1.json").write_text('{"at": "20')
    run(around)
    assert files_of(around) == before


NAMES = st.sampled_from(["dev", "other", "default", "a.b"])
TEXTS = st.sampled_from(["", "\r\n# end", "\n\n[profile é]\nregion=x\n", "# \udcff\n"])
STEPS = st.lists(
    st.tuples(
        NAMES, st.dictionaries(st.sampled_from(["region", "output", "role_arn"]), st.sampled_from(["a", "b", None]))
    ),
    max_size=5,
)


@pytest.mark.slow
@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS, steps=STEPS, mode=st.sampled_from([0o600, 0o644, 0o400]))
def test_any_sequence_of_changes_is_undone_step_by_step(
    tmp_path_factory: pytest.TempPathFactory, text: str, steps: list[tuple[str, dict[str, Value | None]]], mode: int
) -> None:
    around = filled(tmp_path_factory.mktemp("undo"), mode)
    config = around.home / ".aws" / "config"
    config.chmod(0o600)
    config.write_bytes(config.read_bytes() + text.encode("utf-8", "surrogateescape"))
    config.chmod(mode)
    seen = [files_of(around)]
    for name, wanted in steps:
        sections = (Section("config", "profile", name, wanted), Section("credentials", "profile", name, wanted))
        try:
            around.files.apply(plan.make(name, "", sections, around.files.read()))
        except Problem:  # a file that botocore cannot read is not written to
            continue
        if files_of(around) != seen[-1]:
            seen.append(files_of(around))
    while len(seen) > 1:
        seen.pop()
        run(around)
        assert files_of(around) == seen[-1]
    assert "Nothing to undo" not in shown(around)
    run(around)
    assert "Nothing to undo" in shown(around)


KINDS: dict[str, dict[str, Value]] = {
    "keys": {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "s" * 40},
    "sso": {
        "sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1",
        "sso_account_id": "111122223333", "sso_role_name": "Developer",
    },
    "role": {"role_arn": "arn:aws:iam::111122223333:role/Developer", "source_profile": "other"},
    "mfa": {"source_profile": "other", "mfa_serial": "arn:aws:iam::111122223333:mfa/maria", "mfa_code": "123456"},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("there", [True, False], ids=["into files", "from nothing"])
def test_setting_up_a_kind_is_undone_whole(tmp_path: Path, kind: str, there: bool) -> None:
    around = filled(tmp_path) if there or kind in ("role", "mfa") else context(tmp_path)
    before = files_of(around)
    given_ = {"kind": kind, "profile": "dev", "region": "us-east-2", **KINDS[kind]}
    outcome = setup.run(around, Options({**given_, "no_clone": "yes"}, yes=True))
    assert not outcome.problems
    assert files_of(around) != before
    run(around)
    assert files_of(around) == before
