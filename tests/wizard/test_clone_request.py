"""What `clone` is asked for: the address and the flags together, and a word where they contradict each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from script import FakeGit, Script, Shown, context

from ccsetup.cli.parser import parsed
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Target
from ccsetup.git.transport import AWS_CLI, HELPER, OURS, REMOTE
from ccsetup.wizard import clone_request
from ccsetup.wizard.clone_request import Wish
from ccsetup.wizard.options import Options, looking

VPC = "vpce-0a1b-2c3d.git-codecommit.us-east-2.vpce.amazonaws.com"
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"


def desk(tmp_path: Path, **more: Any) -> Context:
    around = context(tmp_path, **more)
    (around.home / ".aws").mkdir(exist_ok=True)
    (around.home / ".aws" / "config").write_text("".join(f"[profile {name}]\n{KEYS}" for name in ("dev", '"my own"')))
    return around


def wish(around: Context, *words: str) -> Wish:
    return clone_request.wish_of(parsed(["clone", *words]), around, looking(around, Options({})))


def said(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


@pytest.mark.parametrize(
    ("words", "target", "profile"),
    [
        (["Demo"], Target("Demo"), ""),
        (["codecommit::us-east-2://dev@Demo"], Target("Demo", "us-east-2"), "dev"),
        (["codecommit::us-east-2://Demo", "--profile", "dev"], Target("Demo", "us-east-2"), "dev"),
        (["codecommit://dev@Demo", "--profile", "my own"], Target("Demo"), "my own"),
        (["Demo", "--region", "us-east-2"], Target("Demo", "us-east-2"), ""),
        (["codecommit::us-east-2://Demo", "--region", "us-east-2"], Target("Demo", "us-east-2"), ""),
        (["arn:aws:codecommit:us-east-2:111122223333:Demo"], Target("Demo", "us-east-2", "111122223333"), ""),
        (["Demo", "--branch", "dev", "place"], Target("Demo", branch="dev", directory="place"), ""),
    ],
)
def test_address_and_flags_add_up(words: list[str], target: Target, profile: str, tmp_path: Path) -> None:
    around = desk(tmp_path)
    found = wish(around, *words)
    assert (found.target, found.profile, found.repo) == (target, profile, words[0])
    assert said(around) == ""
    assert not (found.create or found.print_url or found.dry_run or found.yes)


def test_switches_are_taken_over(tmp_path: Path) -> None:
    found = wish(desk(tmp_path), "Demo", "--create", "--yes", "--via", HELPER, "--helper", AWS_CLI)
    assert (found.create, found.yes, found.via, found.helper) == (True, True, HELPER, AWS_CLI)
    assert wish(desk(tmp_path), "Demo", "--print-url").print_url
    assert wish(desk(tmp_path), "Demo", "--dry-run").dry_run


def test_what_was_corrected_is_said(tmp_path: Path) -> None:
    around = desk(tmp_path)
    assert wish(around, "Demo", "--region", "US-EAST-2").target.region == "us-east-2"
    assert "us-east-2" in said(around)
    around = desk(tmp_path)
    assert wish(around, "Demo", "--region", "eu-south-9").target.region == "eu-south-9"
    assert "eu-south-9" in said(around)


def test_two_regions_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(BadAnswer, match="The address is in us-east-2, but --region is eu-west-1"):
        wish(desk(tmp_path), "codecommit::us-east-2://Demo", "--region", "eu-west-1")


@pytest.mark.parametrize(
    ("name", "next"),
    [("dve", 'Did you mean "dev"?'), ("quite another", "Set up the profile: ccsetup setup --profile 'quite another'")],
)
def test_a_named_profile_must_be_there(name: str, next: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=f'No profile "{name}"') as refused:
        wish(desk(tmp_path), "Demo", "--profile", name)
    assert (refused.value.code, refused.value.next) == ("profile.missing", next)


def test_the_profile_of_an_address_is_somebody_elses_if_it_is_not_here(tmp_path: Path) -> None:
    around = desk(tmp_path)
    assert wish(around, "codecommit://maria@Demo").profile == ""
    assert 'No profile "maria" on this computer. Trying other profiles.' in said(around)
    around = desk(tmp_path)
    assert wish(around, "codecommit://maria@Demo", "--profile", "dev").profile == "dev"
    assert said(around) == ""


def test_an_addresss_own_host_counts_unless_the_variable_names_one(tmp_path: Path) -> None:
    url = f"https://{VPC}/v1/repos/Demo"
    assert wish(desk(tmp_path), url).host == VPC
    assert wish(desk(tmp_path, env={"CODE_COMMIT_ENDPOINT": VPC}), url).host == ""


def test_setup_gets_what_was_given_and_nothing_else() -> None:
    assert Wish("Demo", Target("Demo")).given() == {"repo": "Demo"}
    whole = Wish("Demo", Target("Demo", branch="dev", directory="place"), via=HELPER, helper=OURS)
    assert whole.given() == {"repo": "Demo", "branch": "dev", "directory": "place", "via": HELPER, "helper": OURS}


@pytest.mark.parametrize(
    ("given", "profile", "commands", "way"),
    [
        (Wish("Demo", Target("Demo")), "dev", (REMOTE,), (REMOTE, "")),
        (Wish("Demo", Target("Demo"), via=HELPER), "dev", (REMOTE,), (HELPER, OURS)),
        (Wish("Demo", Target("Demo"), via=HELPER, helper=AWS_CLI), "dev", (REMOTE,), (HELPER, AWS_CLI)),
        (Wish("Demo", Target("Demo")), "a@b", (REMOTE,), (HELPER, OURS)),
        (Wish("Demo", Target("Demo")), "dev", (), (HELPER, OURS)),
    ],
)
def test_the_transport_is_as_given_or_as_it_works(
    given: Wish, profile: str, commands: tuple[str, ...], way: tuple[str, str], tmp_path: Path
) -> None:
    around = desk(tmp_path, git=FakeGit(commands=commands))
    assert clone_request.way(around, looking(around, Options({})), given, profile) == way


def test_a_person_is_asked_unless_yes_was_said(tmp_path: Path) -> None:
    around = replace(desk(tmp_path, git=FakeGit(commands=())), prompt=(script := Script(("via", REMOTE))))
    look = looking(around, Options({}))
    assert clone_request.way(around, look, Wish("Demo", Target("Demo")), "dev")[0] == REMOTE
    script.done()
    around = replace(around, prompt=Script())
    assert clone_request.way(around, look, Wish("Demo", Target("Demo"), yes=True), "dev") == (HELPER, OURS)
