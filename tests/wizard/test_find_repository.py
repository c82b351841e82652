"""A repository is looked for with the profiles that are here: who is tried, what is asked, and what is said of the rest."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from script import LEAVE, NOW, FakeAws, FakeGit, Script, Shown, context, tree

from ccsetup.core import profile_partition
from ccsetup.core.context import Context, Sighting
from ccsetup.core.errors import BadAnswer, Cancelled, Elsewhere, Missing, NoRepository, Problem
from ccsetup.core.model import Repository, Route, Target, Who
from ccsetup.core.regions import REGIONS
from ccsetup.wizard import clone, find_dialogue, find_repository
from ccsetup.wizard.clone_request import Wish
from ccsetup.wizard.find_repository import Place
from ccsetup.wizard.options import Options, looking
from ccsetup.wizard.verify import Kept

ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Developer"
LASTING = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"
PASSING = LASTING.replace("AKIA", "ASIA") + "aws_session_token = t\n"
DENIED = Problem("dev isn't allowed to.", code="access.repository")
SILENT = Problem("AWS didn't answer.", next="Check your network connection.", code="net.unreachable")
OVER = Problem("The sign-in of dev expired.", code="sso.expired")


@dataclass
class Aws(FakeAws):
    """An AWS that has repositories in places, and refusals for profiles that ask."""

    there: Mapping[tuple[str, str], str] = field(default_factory=dict)  # profile, region → account
    refusals: Mapping[str, Problem] = field(default_factory=dict)
    asked: list[Who] = field(default_factory=list)

    def sightings(self, places: Sequence[Who], name: str, counted: Any = None) -> Sequence[Sighting]:
        self.asked += places
        return [self._sighting(who, name) for who in places]

    def _sighting(self, who: Who, name: str) -> Sighting:
        if account := self.there.get((who.profile, who.region)):
            return Sighting(who.profile, who.region, Repository(name, who.region, account))
        missing = NoRepository(f"There is no {name} in {who.region}.")
        return Sighting(who.profile, who.region, refused=self.refusals.get(who.profile, missing))

    def tried(self) -> list[tuple[str, str]]:
        return [(who.profile, who.region) for who in self.asked]


def desk(tmp_path: Path, config: str, *steps: tuple[str, object], **more: Any) -> Context:
    around = context(tmp_path, **more)
    (around.home / ".aws").mkdir(exist_ok=True)
    (around.home / ".aws" / "config").write_text(config)
    return replace(around, prompt=Script(*steps) if steps else None)


def profile(name: str, text: str = LASTING, region: str = "us-east-2") -> str:
    return f"[profile {name}]\n{text}" + (f"region = {region}\n" if region else "")


def seek(around: Context, region: str = "", **more: Any) -> Place | None:
    target = Target("Demo", region, more.pop("account_id", ""))
    found = find_dialogue.seek(around, looking(around, Options({})), Wish("Demo", target, **more), Kept(around))
    if isinstance(around.prompt, Script):
        around.prompt.done()
    return found


def said(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


# ------------------------------------------------------------------ which profiles, and where


def test_profiles_are_tried_in_their_own_regions_first_and_nowhere_else_if_one_sees_it(tmp_path: Path) -> None:
    aws = Aws(there={("b", "eu-west-1"): ACCOUNT})
    around = desk(tmp_path, profile("a") + profile("b", region="eu-west-1") + "[profile bare]\n", aws=aws)
    assert seek(around) == Place("b", "eu-west-1", ACCOUNT)
    assert aws.tried() == [("a", "us-east-2"), ("b", "eu-west-1")]
    assert f"done found Demo in eu-west-1 account {ACCOUNT}, with b" in said(around)


def test_then_in_every_region_of_their_own_partition_once(tmp_path: Path) -> None:
    aws = Aws(there={("b", "cn-northwest-1"): ACCOUNT})
    around = desk(tmp_path, profile("a") + profile("b", region="cn-north-1"), aws=aws)
    assert seek(around) == Place("b", "cn-northwest-1", ACCOUNT)
    assert len(set(aws.tried())) == len(aws.tried()) > len(REGIONS) / 2
    assert {region for name, region in aws.tried() if name == "b"} == {"cn-north-1", "cn-northwest-1"}
    assert not {region for name, region in aws.tried() if name == "a"} & {"cn-north-1", "us-gov-west-1"}


def test_a_profile_without_a_region_is_not_asked_in_none(tmp_path: Path) -> None:
    aws = Aws(there={("a", "eu-west-1"): ACCOUNT})
    around = desk(tmp_path, profile("a", region=""), aws=aws)
    assert seek(around) == Place("a", "eu-west-1", ACCOUNT)
    assert "" not in {region for _, region in aws.tried()}


def test_a_given_region_is_tried_alone(tmp_path: Path) -> None:
    aws = Aws(there={("a", "eu-west-1"): ACCOUNT})
    around = desk(tmp_path, profile("a"), aws=aws)
    assert seek(around, "eu-west-1") == Place("a", "eu-west-1", ACCOUNT)
    assert aws.tried() == [("a", "eu-west-1")]


def test_a_named_profile_with_a_known_region_is_taken_without_looking(tmp_path: Path) -> None:
    aws = Aws()
    around = desk(tmp_path, profile("a") + profile("b", region=""), aws=aws)
    assert seek(around, profile="a") == Place("a", "us-east-2", chosen=True)
    assert seek(around, "eu-west-1", profile="b") == Place("b", "eu-west-1", chosen=True)
    assert aws.asked == []
    aws.there = {("b", "eu-west-1"): ACCOUNT}
    assert seek(around, profile="b") == Place("b", "eu-west-1", ACCOUNT, chosen=True)
    assert {who.profile for who in aws.asked} == {"b"}
    assert all(who.chosen for who in aws.asked)


@pytest.mark.parametrize(
    ("settings", "env", "own", "partition"),
    [
        ({"region": "eu-west-1"}, {"AWS_REGION": "us-east-1"}, "eu-west-1", "aws"),
        ({}, {"AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1", "aws"),
        ({}, {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-2"}, "us-east-1", "aws"),
        ({}, {}, "", "aws"),
        ({"region": "no region"}, {"AWS_REGION": "us-east-1"}, "us-east-1", "aws"),
        ({"role_arn": "arn:aws-cn:iam::111122223333:role/R"}, {}, "", "aws-cn"),
        ({"role_arn": "arn:aws-cn:iam::111122223333:role/R", "region": "us-east-1"}, {}, "", "aws-cn"),
        ({"role_arn": "arn:aws-us-gov:iam::111122223333:role/R"}, {"AWS_REGION": "us-east-1"}, "", "aws-us-gov"),
        (
            {"sso_account_id": "111122223333", "sso_region": "us-gov-west-1"},
            {"AWS_REGION": "us-east-1"},
            "",
            "aws-us-gov",
        ),
        ({"region": "cn-north-1"}, {}, "cn-north-1", "aws-cn"),
    ],
)
def test_a_profiles_region_is_its_own_or_the_environments(
    settings: dict[str, str], env: dict[str, str], own: str, partition: str, tmp_path: Path
) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in settings.items())
    look = looking(desk(tmp_path, f"[profile it]\n{text}", env=env), Options({}))
    assert (find_repository.own_region(look, "it"), profile_partition.of(look.profiles, {}, "it")) == (own, partition)


def test_this_computers_role_is_tried_where_there_is_one(tmp_path: Path) -> None:
    config = "[profile here]\nregion = us-east-2\n" + profile("a")
    for machine, names in (("", ["a"]), ("Ec2InstanceMetadata", ["here", "a"])):
        around = desk(tmp_path, config, aws=Aws(here=machine))
        assert find_repository.candidates(around, looking(around, Options({}))) == names


# ------------------------------------------------------------------ programs


ASKS = "credential_process = /usr/bin/keys\n"


@pytest.mark.parametrize(("answer", "runs"), [("yes", True), ("no", False)])
def test_a_program_runs_only_if_the_person_says_so(tmp_path: Path, answer: str, runs: bool) -> None:
    aws = Aws(there={("asks", "us-east-2"): ACCOUNT})
    steps = [("programs", answer), *([] if runs else [("nothing", "")])]
    around = desk(tmp_path, profile("asks", ASKS) + profile("a"), *steps, aws=aws)
    if runs:
        assert seek(around) == Place("asks", "us-east-2", ACCOUNT, chosen=True)
    else:
        with pytest.raises(Cancelled):
            seek(around)
    assert ("asks" in {who.profile for who in aws.asked}) is runs
    assert isinstance(around.prompt, Script)
    assert around.prompt.asked[0].ask == "Run the programs that provide credentials for asks?"
    assert all(who.chosen == (who.profile == "asks") for who in aws.asked)


@pytest.mark.parametrize("yes", [True, False])
def test_without_a_person_no_program_runs_and_the_flag_is_named(tmp_path: Path, yes: bool) -> None:
    aws = Aws(there={("asks", "us-east-2"): ACCOUNT})
    around = desk(tmp_path, profile("asks", ASKS) + profile("a"), *([("no", "step")] if yes else []), aws=aws)
    with pytest.raises(NoRepository, match=r"No profile can read Demo\. Profiles tried: a"):
        seek(around, yes=yes)
    assert "To use one of them: ccsetup clone Demo --profile asks" in said(around)
    assert {who.profile for who in aws.asked} == {"a"}


# ------------------------------------------------------------------ several


def test_two_repositories_of_one_name_are_the_persons_choice(tmp_path: Path) -> None:
    aws = Aws(there={("a", "us-east-2"): ACCOUNT, ("b", "us-east-2"): OTHER})
    config = profile("a") + profile("b")
    around = desk(tmp_path, config, ("place", f"{OTHER} us-east-2"), aws=aws)
    assert seek(around) == Place("b", "us-east-2", OTHER)
    with pytest.raises(Cancelled):
        seek(desk(tmp_path, config, ("place", LEAVE), aws=aws))
    for around, yes in ((desk(tmp_path, config, aws=aws), False), (desk(tmp_path, config, ("no", ""), aws=aws), True)):
        around = replace(around, prompt=Script() if yes else None)  # type: ignore[arg-type]
        with pytest.raises(Missing, match="more than one repository named Demo") as refused:
            seek(around, yes=yes)
        assert "--profile a --region us-east-2" in refused.value.next


@pytest.mark.parametrize(
    ("env", "origins", "best", "words"),
    [
        (
            {"AWS_PROFILE": "b"},
            {"work": "codecommit::us-east-2://a@Other"},
            "b",
            "Using the profile b (from AWS_PROFILE).",
        ),
        ({"AWS_DEFAULT_PROFILE": "b"}, {}, "b", "Using the profile b (from AWS_PROFILE)."),
        (
            {"AWS_PROFILE": "none"},
            {"work": "codecommit::us-east-2://b@Other"},
            "b",
            "Using the profile b, like other clones in this folder.",
        ),
        ({}, {"one": "codecommit::us-east-2://c@Other"}, "c", "Using the profile c, like other clones in this folder."),
        ({}, {"work": "https://b@git.example.com/Other"}, "a", "Using the profile a, which expires last."),
        ({}, {}, "a", "Using the profile a, which expires last. To use another one: ccsetup clone Demo --profile b"),
    ],
)
def test_the_profile_is_the_variables_else_the_other_clones_else_the_one_that_lasts(
    env: dict[str, str], origins: dict[str, str], best: str, words: str, tmp_path: Path
) -> None:
    aws = Aws(there={(name, "us-east-2"): ACCOUNT for name in "bac"})
    config = profile("b", PASSING) + profile("a") + profile("c", PASSING)
    around = desk(tmp_path, config, aws=aws, env=env, git=FakeGit(origins=origins))
    (around.cwd / "one" / ".git").mkdir(parents=True)
    assert seek(around) == Place(best, "us-east-2", ACCOUNT)
    assert words in said(around)


def test_what_expires_latest_is_what_lasts(tmp_path: Path) -> None:
    ends = "ccsetup_expires_at = 2026-11-21T{}:00:00Z\n"
    config = (
        profile("early", PASSING + ends.format(13)) + profile("late", PASSING + ends.format(15)) + profile("keys")
        + profile("code", f"role_arn = {ROLE}\nsource_profile = keys\nmfa_serial = arn:aws:iam::{ACCOUNT}:mfa/maria\n")
        + profile("of-early", f"role_arn = {ROLE}\nsource_profile = early\n")
        + "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
        + profile("sso", f"sso_session = acme\nsso_account_id = {ACCOUNT}\nsso_role_name = Developer\n")
    )  # fmt: skip
    around = desk(tmp_path, config)
    look = looking(around, Options({}))
    lasts = {name: find_repository._lasts(around, look, name) for name in look.profiles}
    assert sorted(lasts, key=lambda name: (lasts[name], name)) == ["code", "early", "of-early", "late", "sso", "keys"]
    assert (lasts["early"], lasts["sso"]) == (NOW.replace(hour=13), NOW.replace(hour=18))
    assert lasts["early"] == lasts["of-early"]


# ------------------------------------------------------------------ elsewhere


def test_a_repository_in_another_region_is_offered(tmp_path: Path) -> None:
    aws = Aws(there={("a", "eu-west-1"): ACCOUNT, ("a", "us-west-2"): ACCOUNT})
    around = desk(tmp_path, profile("a"), ("elsewhere", "us-west-2"), aws=aws)
    assert seek(around, "us-east-2") == Place("a", "us-west-2", ACCOUNT)
    assert "not in us-east-2" in said(around)
    assert len(set(aws.tried())) == len(aws.tried())
    for steps in (("elsewhere", ""), ("elsewhere", LEAVE)):
        with pytest.raises(Cancelled):
            seek(desk(tmp_path, profile("a"), steps, aws=aws), "us-east-2")
    with pytest.raises(Elsewhere) as refused:
        seek(desk(tmp_path, profile("a"), aws=aws), "us-east-2")
    assert set(refused.value.found) == {"eu-west-1", "us-west-2"}


@pytest.mark.parametrize(
    ("region", "found", "steps", "taken"),
    [
        ("", ("eu-west-1",), [], "eu-west-1"),
        ("", ("eu-west-1", "us-west-2"), [("elsewhere", "us-west-2")], "us-west-2"),
        ("us-east-2", ("eu-west-1",), [("elsewhere", "eu-west-1")], "eu-west-1"),
    ],
)
def test_the_only_other_region_is_taken_unless_one_was_given(
    region: str, found: tuple[str, ...], steps: list[tuple[str, object]], taken: str, tmp_path: Path
) -> None:
    around = desk(tmp_path, profile("a"), *steps)
    wish = Wish("Demo", Target("Demo", region))
    place = find_dialogue.other_region(around, wish, Place("a", "us-east-2"), Elsewhere("Demo", "us-east-2", found))
    assert place == Place("a", taken)
    assert (f"Using {taken}." in said(around)) == (not steps)
    if steps:
        with pytest.raises(Elsewhere):
            find_dialogue.other_region(
                replace(around, prompt=None), wish, Place("a", "us-east-2"), Elsewhere("Demo", "us-east-2", found)
            )


# ------------------------------------------------------------------ git itself


def test_git_is_asked_where_the_api_refuses(tmp_path: Path) -> None:
    git = FakeGit()
    around = desk(tmp_path, profile("dev"), aws=Aws(refusals={"dev": DENIED}), git=git)
    assert seek(around, "us-east-2") == Place("dev", "us-east-2")
    assert git.calls == ["ls-remote codecommit::us-east-2://dev@Demo"]
    assert "git can read it with dev" in said(around)


def test_what_git_refuses_too_is_refused_and_what_it_does_not_answer_is_unknown(tmp_path: Path) -> None:
    for answer, code in ((DENIED, "access.repository"), (SILENT, "net.unreachable")):
        around = desk(tmp_path, profile("dev"), aws=Aws(refusals={"dev": DENIED}), git=FakeGit(heads=answer))
        with pytest.raises(Problem) as refused:
            seek(around, "us-east-2")
        assert refused.value.code == code


# ------------------------------------------------------------------ nobody sees it


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ("", "There is no AWS profile on this computer to clone Demo with."),
        ("[profile bare]\n", "No AWS profile on this computer has credentials to clone Demo with."),
    ],
)
def test_without_profiles_the_way_to_set_one_up_is_named(config: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        seek(desk(tmp_path, config), "us-east-2")
    assert refused.value.what == what
    assert refused.value.next == "Set up access: ccsetup setup --repo codecommit::us-east-2://Demo"


def test_a_repository_of_another_account_is_not_the_one_that_was_asked_for(tmp_path: Path) -> None:
    aws = Aws(there={("a", "us-east-2"): OTHER})
    with pytest.raises(Problem) as refused:
        seek(desk(tmp_path, profile("a"), aws=aws), "us-east-2", account_id=ACCOUNT)
    assert refused.value.code == "access.account"
    assert refused.value.what == f"Found Demo in account {OTHER}, not in account {ACCOUNT}."
    assert f"arn:aws:codecommit:us-east-2:{ACCOUNT}:Demo" in refused.value.next


@pytest.mark.parametrize(
    ("names", "hint", "near"),
    [
        (("demo", "Demos"), 'Did you mean "demo"? Names are case-sensitive.', ["demo"]),
        (("Demos", "Quite-another"), 'Did you mean "Demos"?', ["Demos"]),
        (("Quite-another",), "Set up access: ccsetup setup --repo codecommit::us-east-2://Demo", []),
        (DENIED, "Set up access: ccsetup setup --repo codecommit::us-east-2://Demo", []),
    ],
)
def test_names_that_are_alike_are_offered(
    names: Sequence[str] | Problem, hint: str, near: list[str], tmp_path: Path
) -> None:
    around = desk(tmp_path, profile("a"), aws=Aws(names=names))
    with pytest.raises(NoRepository) as refused:
        seek(around, "us-east-2")
    assert refused.value.next.startswith(hint)
    assert refused.value.near == near
    assert refused.value.what == "No profile can read Demo in us-east-2. Profiles tried: a."
    assert refused.value.why == ""


@pytest.mark.parametrize(("later", "what", "next"), [
    (["b"], "No profile can read Demo. Profiles tried: a.",
     ["Set up access: ccsetup setup --repo Demo", "To try the profile b, sign in first: ccsetup login b"]),
    (["a", "b"], "No profile is signed in, so ccsetup couldn't look for Demo.",
     ["To try the profile a, sign in first: ccsetup login a", "To try the profile b, sign in first: ccsetup login b"]),
])  # fmt: skip
def test_profiles_that_need_a_sign_in_are_not_called_tried(
    later: list[str], what: str, next: list[str], tmp_path: Path
) -> None:
    around = desk(tmp_path, profile("a") + profile("b"))
    asked = find_repository.Round(later=dict.fromkeys(later, "signed out"))
    look = looking(around, Options({}))
    refused = find_repository.nothing(around, look, asked, Target("Demo"), ["a", "b"])
    assert (refused.what, refused.next.splitlines(), refused.why) == (what, next, "")


def test_a_key_that_is_missing_is_told_rather_than_that_nobody_can_read(tmp_path: Path) -> None:
    around = desk(tmp_path, profile("a") + profile("b"))
    locked = Problem("a isn't allowed to use the KMS key that encrypts Demo.", code="access.kms")
    seen = [Sighting("b", "us-east-2", refused=NoRepository("No.")), Sighting("a", "us-east-2", refused=locked)]
    asked = find_repository.Round(seen=seen)
    assert find_repository.nothing(around, looking(around, Options({})), asked, Target("Demo"), ["a", "b"]) is locked


def test_at_most_five_names_are_listed(tmp_path: Path) -> None:
    config = "".join(profile(f"p{i}") for i in range(7))
    with pytest.raises(NoRepository, match="Profiles tried: p0, p1, p2, p3, p4 and 2 more"):
        seek(desk(tmp_path, config, aws=Aws(names=())), "us-east-2")
    config = "".join(profile(f"q{i}") for i in range(5))
    with pytest.raises(NoRepository, match=r"Profiles tried: q0, q1, q2, q3, q4\."):
        seek(desk(tmp_path, config, aws=Aws(names=())), "us-east-2")


def test_silence_is_neither_yes_nor_no(tmp_path: Path) -> None:
    around = desk(tmp_path, profile("dev") + profile("well"), ("no", ""), aws=Aws(names=(), refusals={"dev": SILENT}))
    around = replace(around, prompt=Script())  # type: ignore[arg-type]
    with pytest.raises(Problem) as refused:
        seek(around, "us-east-2")
    assert refused.value.what == (
        "AWS didn't respond, so ccsetup couldn't check whether dev can read Demo. well can't read the repository."
    )
    assert (refused.value.code, refused.value.why) == ("net.unreachable", "AWS didn't answer.")
    assert refused.value.next == "Check your network connection."


def test_signed_out_profiles_can_be_signed_in_or_another_name_taken(tmp_path: Path) -> None:
    config = profile("dev") + profile("a")
    refusals = {"dev": OVER}
    around = desk(tmp_path, config, ("nothing", "use dev"), aws=Aws(refusals=refusals, names=("Demos",)))
    assert seek(around) == Place("dev", "us-east-2", chosen=True)
    assert isinstance(around.prompt, Script)
    values = [choice.value for choice in around.prompt.asked[0].choices]
    assert values == ["take Demos", "use dev", "setup", ""]
    assert around.prompt.asked[0].default == "take Demos"
    assert around.prompt.asked[0].choices[1].label == "Sign in with dev"
    assert "ccsetup" not in said(around)  # the menu offers what the command would do
    for answer, place in (("take Demos", Place("", "", instead="Demos")), ("setup", None)):
        around = desk(tmp_path, config, ("nothing", answer), aws=Aws(refusals=refusals, names=("Demos",)))
        assert seek(around) == place
    for leave in ("", LEAVE):
        with pytest.raises(Cancelled):
            seek(desk(tmp_path, config, ("nothing", leave), aws=Aws(refusals=refusals)))


@pytest.mark.parametrize("flag", ["yes", "print_url"])
def test_nobody_is_asked_where_it_was_said_not_to(flag: str, tmp_path: Path) -> None:
    around = replace(desk(tmp_path, profile("a"), aws=Aws(names=())), prompt=Script())  # type: ignore[arg-type]
    with pytest.raises(NoRepository):
        seek(around, "us-east-2", **{flag: True})


def test_a_named_profile_that_cannot_be_tried_says_why(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="expired"):
        seek(desk(tmp_path, profile("dev", region=""), aws=Aws(refusals={"dev": OVER})), profile="dev")
    with pytest.raises(NoRepository, match=r"No profile can read Demo\. Profiles tried: dev\."):
        seek(desk(tmp_path, profile("dev", region=""), aws=Aws(names=())), profile="dev")


def test_what_stands_for_a_repository_is_as_short_as_what_is_known() -> None:
    assert find_repository.address_of(Target("Demo")) == "Demo"
    assert find_repository.address_of(Target("Demo", account_id=ACCOUNT)) == "Demo"
    assert find_repository.address_of(Target("Demo", "us-east-2")) == "codecommit::us-east-2://Demo"
    assert (
        find_repository.address_of(Target("Demo", "us-east-2", ACCOUNT))
        == f"arn:aws:codecommit:us-east-2:{ACCOUNT}:Demo"
    )


# ------------------------------------------------------------------ creating


def test_a_missing_repository_is_created_by_the_only_profile_that_works(tmp_path: Path) -> None:
    aws = Aws(names=(), refusals={"b": OVER})
    around = desk(tmp_path, profile("a") + profile("b"), aws=aws)
    assert seek(around, create=True) == Place("a", "us-east-2")
    with pytest.raises(Missing, match="--profile") as refused:
        seek(desk(tmp_path, profile("a") + profile("b"), aws=Aws()), create=True)
    assert "Available profiles: a, b" in refused.value.next
    around = desk(tmp_path, profile("a") + profile("b"), ("creator", "b"), aws=Aws())
    assert seek(around, "eu-west-1", create=True) == Place("b", "eu-west-1")
    with pytest.raises(Cancelled):
        seek(desk(tmp_path, profile("a") + profile("b"), ("creator", LEAVE), aws=Aws()), create=True)
    with pytest.raises(Missing, match="--region"):
        seek(desk(tmp_path, profile("a", region=""), aws=Aws()), create=True)


def test_nothing_is_created_while_somebody_did_not_answer(tmp_path: Path) -> None:
    aws = Aws(refusals={"b": SILENT})
    with pytest.raises(Problem, match="check whether b can read"):
        seek(desk(tmp_path, profile("a") + profile("b"), aws=aws), "us-east-2", create=True)


def test_a_repository_is_created_after_a_yes_with_a_description(tmp_path: Path) -> None:
    def create(*steps: tuple[str, object], yes: bool = False) -> list[str]:
        aws = FakeAws()
        around = desk(tmp_path, profile("a"), *steps, aws=aws)
        find_dialogue.create(around, Wish("Demo", Target("Demo"), yes=yes), Place("a", "us-east-2"))
        assert f"done created MySharedDemoRepo in us-east-2 account {ACCOUNT}" in said(around)
        return aws.calls

    assert create(("create", "yes"), ("description", " What it is for. ")) == ["create_repository Demo What it is for."]
    assert create(("create", "yes"), ("description", "x" * 1000)) == [f"create_repository Demo {'x' * 1000}"]
    assert create(yes=True) == ["create_repository Demo "]
    for steps in ([("create", "no")], [("create", "yes"), ("description", LEAVE)]):
        with pytest.raises(Cancelled):
            create(*steps)
    with pytest.raises(Missing, match="requires confirmation"):
        create()
    with pytest.raises(BadAnswer, match="at most 1000"):
        create(("create", "yes"), ("description", "x" * 1001))


# ------------------------------------------------------------------ the clone


def test_addresses_are_printed_and_nothing_is_cloned(tmp_path: Path) -> None:
    git = FakeGit()
    around = desk(tmp_path, profile("a"), aws=Aws(there={("a", "us-east-2"): ACCOUNT}), git=git)
    before = tree(tmp_path)
    wish = Wish("Demo", Target("Demo"), print_url=True)
    outcome = clone.reach(around, looking(around, Options({})), wish)
    assert outcome is not None
    assert outcome.urls == {
        "codecommit": "codecommit::us-east-2://a@Demo",
        "https": "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/Demo",
        "ssh": "ssh://git-codecommit.us-east-2.amazonaws.com/v1/repos/Demo",
        "arn": f"arn:aws:codecommit:us-east-2:{ACCOUNT}:Demo",
        "console": outcome.urls["console"],
    }
    assert outcome.urls["console"].startswith("https://us-east-2.console.aws.amazon.com/")
    assert said(around).splitlines()[-5] == "codecommit codecommit::us-east-2://a@Demo"
    assert (tree(tmp_path), git.calls) == (before, [])


def test_an_address_without_a_known_account_has_no_arn(tmp_path: Path) -> None:
    around = desk(tmp_path, profile("a"), aws=Aws(found=DENIED))
    outcome = clone.reach(around, looking(around, Options({})), Wish("Demo", Target("Demo"), "a", print_url=True))
    assert outcome is not None
    assert "arn" not in outcome.urls
    assert "the account is unknown" in said(around)
    with pytest.raises(NoRepository):
        around = desk(tmp_path, profile("a"), aws=Aws(found=NoRepository("There is no Demo.")))
        clone.reach(around, looking(around, Options({})), Wish("Demo", Target("Demo"), "a", print_url=True))


def test_the_found_repository_is_cloned_with_the_profile_that_sees_it(tmp_path: Path) -> None:
    git = FakeGit()
    aws = Aws(there={("a", "us-east-2"): ACCOUNT}, found=Repository("Demo", "us-east-2", ACCOUNT, "main"))
    around = desk(tmp_path, profile("a"), aws=aws, git=git)
    outcome = clone.reach(around, looking(around, Options({})), Wish("Demo", Target("Demo")))
    assert outcome is not None
    assert (outcome.problems, outcome.profile, outcome.region) == ((), "a", "us-east-2")
    assert (around.cwd / "Demo").is_dir()
    assert "clone codecommit::us-east-2://a@Demo Demo" in " ".join(git.calls)


def test_a_dry_run_reviews_and_clones_nothing(tmp_path: Path) -> None:
    git = FakeGit()
    around = desk(tmp_path, profile("a"), aws=Aws(there={("a", "us-east-2"): ACCOUNT}), git=git)
    before = tree(tmp_path)
    outcome = clone.reach(around, looking(around, Options({})), Wish("Demo", Target("Demo"), dry_run=True))
    assert outcome is not None
    assert outcome.cloned is None
    assert tree(tmp_path) == before


def test_another_name_is_looked_for_from_the_start(tmp_path: Path) -> None:
    class Two(Aws):
        def sightings(self, places: Sequence[Who], name: str, counted: Any = None) -> Sequence[Sighting]:
            self.there = {("a", "us-east-2"): ACCOUNT} if name == "Demos" else {}
            return super().sightings(places, name)

    aws = Two(names=("Demos",), found=Repository("Demos", "us-east-2", ACCOUNT, "main"))
    around = desk(tmp_path, profile("a"), ("nothing", "take Demos"), aws=aws)
    outcome = clone.reach(around, looking(around, Options({})), Wish("Demo", Target("Demo")))
    assert outcome is not None
    assert outcome.cloned is not None
    assert outcome.cloned.directory == around.cwd / "Demos"


def test_setting_up_access_instead_clones_nothing_here(tmp_path: Path) -> None:
    around = desk(tmp_path, profile("a"), ("nothing", "setup"), aws=Aws(names=()))
    assert clone.reach(around, looking(around, Options({})), Wish("Demo", Target("Demo"))) is None


class SlowGit(FakeGit):
    """A git that takes a moment, and can read with one profile only."""

    def reachable(self, route: Route) -> Sequence[str]:
        time.sleep(0.3)
        if "p5@" in route.url or "p6@" in route.url:
            return super().reachable(route)
        raise DENIED


def test_git_is_asked_with_all_profiles_at_once_and_the_first_that_can_read_is_taken(tmp_path: Path) -> None:
    names = [f"p{n}" for n in range(8)]
    config = "\n".join(profile(name) for name in names)
    aws = Aws(refusals=dict.fromkeys(names, DENIED))
    around = desk(tmp_path, config, aws=aws, git=SlowGit())
    began = time.monotonic()
    assert seek(around, "us-east-2") == Place("p5", "us-east-2")
    assert time.monotonic() - began < 1.5  # it was eight times 0.3
