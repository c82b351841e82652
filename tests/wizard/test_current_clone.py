"""setup and clone inside a clone, and setup of a profile that exists: one thing changes, and nothing is nested."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from script import LEAVE, FakeAws, FakeGit, Script, Shown, context

from ccsetup.cli.commands import setup
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled
from ccsetup.core.model import Identity, Value
from ccsetup.core.result import Outcome
from ccsetup.wizard import clone
from ccsetup.wizard.clone_request import CloneOptions, wish_of
from ccsetup.wizard.options import Options, looking

ARN = "arn:aws:iam::111122223333:role/Developer"
ROLE = f"""\
[profile prod]
role_arn = {ARN}
source_profile = base
external_id = old-id
mfa_serial = arn:aws:iam::888888888888:mfa/maria
duration_seconds = 3600
region = us-east-2
"""
KEYS = "[base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"
WAYS = {
    "codecommit": "codecommit::us-east-2://prod@MySharedDemoRepo",
    "without a profile": "codecommit::us-east-2://MySharedDemoRepo",
    "https": "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
    "ssh": "ssh://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
}


def prepared(tmp_path: Path, script: Script | None = None, origin: str = "", below: str = "") -> Context:
    aws = FakeAws(who=Identity("111122223333", "arn:aws:sts::111122223333:assumed-role/Developer/maria"))
    around = context(tmp_path, script, aws=aws, git=FakeGit(origins={"work": origin} if origin else {}))
    (around.home / ".aws").mkdir()
    (around.home / ".aws/config").write_text(ROLE)
    (around.home / ".aws/credentials").write_text(KEYS)
    if origin:
        (around.cwd / ".git").mkdir()
    if below:
        (around.cwd / below).mkdir(parents=True)
    return replace(around, cwd=around.cwd / below)


def shown(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


def set_up(around: Context, given: dict[str, Value], **options: bool) -> Outcome:
    outcome = setup.run(around, Options(given, **options))
    if isinstance(around.prompt, Script):
        around.prompt.done()
    return outcome


CHANGES: dict[str, tuple[dict[str, Value], str, str]] = {
    "external ID": ({"external_id": "new-id"}, "external_id = old-id", "external_id = new-id"),
    "duration": ({"duration_seconds": "1800"}, "duration_seconds = 3600", "duration_seconds = 1800"),
    "MFA device": (
        {"mfa_serial": "arn:aws:iam::888888888888:mfa/phone"}, "888888888888:mfa/maria", "888888888888:mfa/phone",
    ),
    "role": ({"role_arn": f"{ARN}2"}, f"role_arn = {ARN}", f"role_arn = {ARN}2"),
    "region": ({"region": "eu-west-1"}, "region = us-east-2", "region = eu-west-1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", [{}, {"kind": "role"}], ids=["without a kind", "with its kind"])
@pytest.mark.parametrize("change", CHANGES)
def test_one_flag_changes_one_thing_of_an_existing_profile(tmp_path: Path, change: str, kind: dict[str, Value]) -> None:
    given, before, after = CHANGES[change]
    around = prepared(tmp_path)
    if change == "role":
        around.aws.who = Identity("111122223333", "arn:aws:sts::111122223333:assumed-role/Developer2/maria")  # type: ignore[attr-defined]
    outcome = set_up(around, {**kind, "profile": "prod", "mfa_code": "123456", **given}, yes=True)
    assert not outcome.problems
    assert (around.home / ".aws/config").read_text() == ROLE.replace(before, after)


def test_an_existing_profile_of_another_kind_is_not_begun_with_and_what_it_loses_is_said(tmp_path: Path) -> None:
    keys: dict[str, Value] = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "s" * 40}
    script = Script(("review", "cancel"))
    around = prepared(tmp_path, script)
    with pytest.raises(Cancelled):
        set_up(around, {"kind": "keys", "profile": "prod", "region": "us-east-2", "no_clone": "yes", **keys})
    lost = "role_arn and source_profile and external_id and mfa_serial and duration_seconds are removed."
    assert f"prod already exists (role Developer) and will be changed to: Temporary credentials. {lost}" in shown(
        around
    )
    assert (around.home / ".aws/config").read_text() == ROLE


@pytest.mark.parametrize("below", ["", "src/deep"])
@pytest.mark.parametrize("way", WAYS)
def test_setup_in_a_clone_offers_to_repair_it_first(tmp_path: Path, way: str, below: str) -> None:
    first = "region.missing" if way == "codecommit" else "git.remote"  # which the doctor asks about
    script = Script(("here", "repair"), (first, LEAVE))
    around = prepared(tmp_path, script, WAYS[way], below)
    with pytest.raises(Cancelled):
        set_up(around, {})
    assert script.asked[0].default == "repair"
    assert [choice.label for choice in script.asked[0].choices][:2] == [
        "Repair this clone", "Set up access for this clone",
    ]  # fmt: skip
    assert not (around.cwd / "MySharedDemoRepo").exists()


@pytest.mark.parametrize("below", ["", "src/deep"])
def test_access_set_up_in_a_clone_is_for_that_clone_and_nothing_is_nested(tmp_path: Path, below: str) -> None:
    around = prepared(tmp_path, None, WAYS["codecommit"], below)
    outcome = set_up(around, {"profile": "prod", "external_id": "new-id", "mfa_code": "123456"}, yes=True)
    assert not outcome.problems
    assert outcome.document()["clone"]["directory"] == str(tmp_path / "work")
    assert "fetch work" in around.git.calls  # type: ignore[attr-defined]
    assert not [it for it in around.git.calls if it.startswith("clone ")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("below", ["", "src/deep"])
@pytest.mark.parametrize("name", ["MySharedDemoRepo", "MyDemoRepo"])
def test_clone_in_a_clone_updates_it_or_clones_beside_it(tmp_path: Path, name: str, below: str) -> None:
    around = prepared(tmp_path, None, WAYS["codecommit"], below)
    look = looking(around, Options({}))
    wish = wish_of(CloneOptions(name, profile="prod", region="us-east-2", yes=True), around, look)
    outcome = clone.reach(around, look, wish)
    assert outcome
    same = name == "MySharedDemoRepo"
    assert outcome.document()["clone"]["directory"] == str(tmp_path / "work" if same else tmp_path / name)
    assert ("is cloned beside it" in shown(around)) != same


def test_a_folder_that_was_given_is_used_also_in_a_clone(tmp_path: Path) -> None:
    around = prepared(tmp_path, None, WAYS["codecommit"])
    look = looking(around, Options({}))
    wish = wish_of(CloneOptions("MyDemoRepo", "vendored", "prod", "us-east-2", yes=True), around, look)
    outcome = clone.reach(around, look, wish)
    assert outcome
    assert outcome.document()["clone"]["directory"] == str(around.cwd / "vendored")
