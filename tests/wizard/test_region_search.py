"""The repository's region: a search of all regions comes first, and a region without repositories says where some are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from script import LEAVE, FakeAws, Script, context

from ccsetup.cli.commands import setup
from ccsetup.core.errors import BadAnswer, Cancelled, Problem
from ccsetup.core.model import BACK, Value
from ccsetup.core.result import Outcome
from ccsetup.wizard.options import Options

KEYS: dict[str, Value] = {"kind": "keys", "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "s" * 40}
HERE: dict[str, Value] = {**KEYS, "profile": "dev"}
SOME = {"us-east-1": ("MyDemoRepo",), "us-east-2": ("MySharedDemoRepo", "payments-api")}
GO = ("review", "go")


def run(folder: Path, given: dict[str, Value], script: Script, aws: FakeAws) -> Outcome:
    outcome = setup.run(replace(context(folder, aws=aws), prompt=script), Options(given))
    script.done()
    return outcome


def plan(folder: Path, given: dict[str, Value], script: Script, aws: FakeAws) -> Outcome:
    """Answer the questions up to the review."""
    outcome = setup.run(replace(context(folder, aws=aws), prompt=script), Options(given, dry_run=True))
    script.done()
    return outcome


def test_the_search_is_the_first_choice_and_answers_the_repository_too(tmp_path: Path) -> None:
    script = Script(("region", "all"), ("region", "us-east-2 payments-api"), GO)
    clone = run(tmp_path, HERE, script, FakeAws(listed=SOME)).document()["clone"]
    assert script.asked[0].choices[0].value == "all" and not script.asked[0].default
    assert [(it.label, it.hint) for it in script.asked[1].choices] == [
        ("MyDemoRepo", "us-east-1"),
        ("MySharedDemoRepo", "us-east-2"),
        ("payments-api", "us-east-2"),
    ]
    assert clone["url"] == "codecommit::us-east-2://dev@payments-api"


def test_the_only_repository_is_taken(tmp_path: Path) -> None:
    script = Script(("region", "all"), GO)
    assert run(tmp_path, HERE, script, FakeAws(listed={"eu-west-1": ("handbook",)})).region == "eu-west-1"


def test_a_name_that_is_known_is_looked_for(tmp_path: Path) -> None:
    script = Script(("region", "all"), GO)
    outcome = run(tmp_path, {**HERE, "repo": "handbook"}, script, FakeAws(elsewhere=("eu-central-1",)))
    assert outcome.document()["clone"]["url"] == "codecommit::eu-central-1://dev@handbook"


def test_ctrl_c_at_what_was_found_ends_it(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        run(tmp_path, HERE, Script(("region", "all"), ("region", LEAVE)), FakeAws(listed=SOME))


def test_going_back_from_what_was_found_chooses_a_region(tmp_path: Path) -> None:
    script = Script(("region", "all"), ("region", BACK), ("region", "us-east-2"), ("repo", "MyDemoRepo"), GO)
    run(tmp_path, HERE, script, FakeAws(listed=SOME))


@pytest.mark.parametrize("listed", [{}, Problem("AWS denied that.", code="access.repository")], ids=["none", "denied"])
def test_a_search_that_finds_nothing_says_so_at_the_region(tmp_path: Path, listed: Problem | dict[str, object]) -> None:
    script = Script(("region", "all"), ("region", "us-east-2"), ("repo", "MyDemoRepo"), GO)
    run(tmp_path, HERE, script, FakeAws(listed=listed))  # type: ignore[arg-type]
    assert (
        "AWS denied that." if listed else "regions has a repository that this access can see. Check the name"
    ) in script.asked[1].notice


def test_it_searches_the_partition_of_the_role_only(tmp_path: Path) -> None:
    given = {
        "kind": "role",
        "role_arn": "arn:aws-cn:iam::111122223333:role/R",
        "source_profile": "@Environment",
        "external_id": "",
    }
    aws = FakeAws(listed={"us-east-1": ("no",), "cn-north-1": ("yes",)})
    assert plan(tmp_path, {**given, "profile": "dev"}, Script(("region", "all")), aws).region == "cn-north-1"
    assert "repositories_in 2" in aws.calls


def test_a_region_without_repositories_offers_those_of_the_others(tmp_path: Path) -> None:
    script = Script(("region", "eu-west-3"), ("repo", "codecommit::us-east-1://MyDemoRepo"), GO)
    outcome = run(tmp_path, HERE, script, FakeAws(names=(), listed=SOME))
    asked = script.asked[1]
    assert asked.notice == "There are no repositories in eu-west-3. There are some in us-east-1, us-east-2."
    assert asked.choices[0].hint == "us-east-1" and asked.choices[-1].value == ""  # Enter takes the first
    assert outcome.region == "us-east-1"


def test_where_nothing_is_found_enter_is_not_to_go_without_a_clone(tmp_path: Path) -> None:
    script = Script(("region", "eu-west-3"), ("repo", "MyDemoRepo"), GO)
    run(tmp_path, HERE, script, FakeAws(names=()))
    first, *_, none = script.asked[1].choices
    assert none.value == "" and first.value != ""
    with pytest.raises(BadAnswer, match="Enter the name or URL"):
        script.asked[1].parse(first.value)
    assert script.asked[1].notice.endswith("none were found in other regions.")


def test_a_flag_names_one_region(tmp_path: Path) -> None:
    with pytest.raises(BadAnswer, match="Specify one region"):
        run(tmp_path, {**HERE, "region": "all"}, Script(), FakeAws(listed=SOME))
    script = Script(("repo", "MyDemoRepo"), GO)
    run(tmp_path, {**HERE, "region": "eu-west-3"}, script, FakeAws(names=(), listed=SOME))
    assert "us-east-2" in script.asked[0].notice and len(script.asked[0].choices) == 2


def test_a_federation_token_searches_with_its_source_profile(tmp_path: Path) -> None:
    (aws_folder := tmp_path / "home" / ".aws").mkdir(parents=True)
    (aws_folder / "credentials").write_text(
        "[base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = " + "s" * 40 + "\n"
    )
    aws = FakeAws(listed={"us-east-2": ("MyDemoRepo",)})
    given: dict[str, Value] = {"kind": "federation", "source_profile": "base", "federated_name": "maria"}
    outcome = plan(tmp_path, {**given, "profile": "dev"}, Script(("region", "all")), aws)
    assert outcome.region == "us-east-2"
    [token] = [call for call in aws.calls if call.startswith("federation_token")]
    assert "us-east-2:111122223333:MyDemoRepo" in token  # none was requested for the search
