"""The source of a role's credentials: which profiles are offered, what each is called, and what is said of the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from script import context

from ccsetup.access import source_profile as source
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import NEW, Answers, Corrected
from ccsetup.core.question import Question
from ccsetup.wizard.options import Options, looking

ROLE = "arn:aws:iam::111122223333:role/path/Developer"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"role_arn": ROLE, "aws_access_key_id": "AKIA"}, "role Developer"),
        ({"sso_role_name": "Dev", "sso_account_id": "111122223333"}, "single sign-on, 111122223333 Dev"),
        ({"aws_access_key_id": "ASIA", "aws_session_token": "t"}, "temporary credentials"),
        ({"aws_access_key_id": "AKIA"}, "long-term credentials"),
        ({"login_session": "x"}, "console credentials"),
        ({"credential_process": "keys"}, "credential process"),
        ({"region": "us-east-2"}, ""),
    ],
)
def test_a_profile_is_described_by_where_its_credentials_come_from(settings: dict[str, str], words: str) -> None:
    assert source.hint(settings) == words


def look_at(folder: Path, *names: str, roles: tuple[str, ...] = ()) -> Look:
    around = context(folder)
    (around.home / ".aws").mkdir(exist_ok=True)
    (around.home / ".aws" / "credentials").write_text(
        "".join(
            f"[{name}]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\nregion = eu-west-1\n"
            for name in names
        )
    )
    (around.home / ".aws" / "config").write_text(
        "".join(f"[profile {name}]\nrole_arn = {ROLE}\nsource_profile = x\n" for name in roles)
    )
    return looking(around, Options({}))


def has_keys(settings: Mapping[str, str]) -> bool:
    return "aws_access_key_id" in settings


def question(machine: bool = False) -> Question:
    return source.source_profile(has_keys, "Which one?", "It needs keys.", machine=machine)


def anything(settings: Mapping[str, str]) -> bool:
    return True


def test_usable_profiles_are_offered_first_and_roles_after_them(tmp_path: Path) -> None:
    look = look_at(tmp_path, "a", "b", roles=("r",))
    choices = question().choices
    assert choices is not None
    assert [choice.value for choice in choices(Answers({}), look)] == ["a", "b", NEW]
    every = source.source_profile(anything, "", "", machine=True).choices
    assert every is not None
    offered = every(Answers({}), look)
    assert [choice.value for choice in offered] == [
        *("a", "b", "r"), NEW, "@Ec2InstanceMetadata", "@EcsContainer", "@Environment",
    ]  # fmt: skip
    assert [choice.hint for choice in offered[:3]] == [
        "long-term credentials",
        "long-term credentials",
        "role Developer",
    ]


@pytest.mark.parametrize(
    ("names", "default"), [(("a",), "a"), (("a", "b"), None), (("a", "default"), "default"), ((), None)]
)
def test_the_only_usable_profile_is_the_default(names: tuple[str, ...], default: str | None, tmp_path: Path) -> None:
    ask = question()
    assert ask.default is not None
    assert ask.default(Answers({}), look_at(tmp_path, *names, roles=("r",))) == default


def test_what_can_be_used_settles_and_what_cannot_is_refused_with_what_can(tmp_path: Path) -> None:
    settle = question().settle
    assert settle is not None
    look = look_at(tmp_path, "a", "b", "c", "d", roles=("r",))
    for value in ("a", NEW, "@EcsContainer"):
        assert settle(value, Answers({}), look) is None
    with pytest.raises(Problem, match="can't be used here") as refused:
        settle("r", Answers({}), look)
    assert (refused.value.code, refused.value.next) == ("source.empty", "Available: a, b, c")
    with pytest.raises(Problem) as refused:
        settle("my own", Answers({}), look)
    assert (refused.value.code, refused.value.next) == (
        "source.missing", "Set up the profile first: ccsetup setup keys --profile 'my own'",
    )  # fmt: skip
    with pytest.raises(Problem) as refused:
        settle("r", Answers({}), look_at(tmp_path, roles=("r",)))
    assert refused.value.next == "Set up a source profile: ccsetup setup keys --profile base"


def test_without_any_profile_a_new_one_is_said_to_come_first(tmp_path: Path) -> None:
    look = look_at(tmp_path, roles=("r",))
    settle, any_source = question().settle, question(machine=True).settle
    assert settle is not None
    assert any_source is not None
    assert isinstance(settle(NEW, Answers({}), look), Corrected)
    assert any_source(NEW, Answers({}), look) is None


@pytest.mark.parametrize("typed", ["@Ec2InstanceMetadata", "@ec2instancemetadata", ' "@EC2INSTANCEMETADATA" '])
def test_this_computers_roles_are_known_in_any_case(typed: str) -> None:
    assert question().parse(typed) == "@Ec2InstanceMetadata"
    assert source.credential_source("ecscontainer") == "@EcsContainer"
    with pytest.raises(BadAnswer, match="one of: Ec2InstanceMetadata, EcsContainer, Environment"):
        question().parse("@Moon")
    assert question().parse(" base ") == "base"


def test_a_source_has_a_name_unless_it_is_this_computer() -> None:
    assert source.source_name(Answers({"source_profile": "base"})) == "base"
    assert source.source_name(Answers({"source_profile": NEW, "source.profile": "new"})) == "new"
    assert source.source_name(Answers({"source_profile": "@EcsContainer"})) == source.source_name(Answers({})) == ""


def test_a_sources_region_is_its_own_else_the_given_one(tmp_path: Path) -> None:
    look = look_at(tmp_path, "base")
    assert source.source_who(Answers({"source_profile": "base"}), look)[:2] == ("base", "eu-west-1")
    assert source.source_who(Answers({"source_profile": "none"}), look)[:2] == ("none", "us-east-1")
    assert source.source_who(Answers({"source_profile": "none"}), look, "us-west-2").region == "us-west-2"
