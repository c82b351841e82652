"""An answer that can't work is refused at its question, not at the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from script import LEAVE, FakeAws, FakeGit, Script, context

from ccsetup.access.paste.echo import echo
from ccsetup.cli.commands import setup
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.model import Identity, Value
from ccsetup.core.result import Outcome
from ccsetup.ui.plain_prompt import accepted
from ccsetup.wizard.options import Options

KEYS: dict[str, Value] = {
    "kind": "keys",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "s" * 40,
    "region": "us-east-2",
    "profile": "dev",
}
REPO: dict[str, Value] = {**KEYS, "repo": "MySharedDemoRepo"}
ROLE: dict[str, Value] = {
    "kind": "role",
    "role_arn": "arn:aws:iam::111122223333:role/R",
    "source_profile": "@Environment",
    "region": "us-east-2",
    "profile": "dev",
}
REFUSED = Problem("AWS doesn't let dev assume the role R.", code="access.assume")


def run(around: Context, given: dict[str, Value], script: Script | None, **options: bool) -> Outcome:
    outcome = setup.run(replace(around, prompt=script), Options(given, **options))
    if script:
        script.done()
    return outcome


def fill(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")


def test_a_folder_that_holds_something_else_is_found_before_the_review_and_a_free_one_offered(tmp_path: Path) -> None:
    around = context(tmp_path)
    for name in ("MySharedDemoRepo", "MySharedDemoRepo-2"):
        fill(tmp_path / "work" / name)
    script = Script(("directory", "MySharedDemoRepo-3"), ("review", "go"))
    assert run(around, REPO, script).document()["clone"]["directory"].endswith("/MySharedDemoRepo-3")
    assert script.asked[0].default == "MySharedDemoRepo-3"
    assert "MySharedDemoRepo already exists" in script.asked[0].notice


@pytest.mark.parametrize("typed", ["MySharedDemoRepo", "other", "./other"])
def test_a_folder_that_is_in_the_way_is_refused_when_it_is_typed(tmp_path: Path, typed: str) -> None:
    around = context(tmp_path)
    for name in ("MySharedDemoRepo", "other"):
        fill(tmp_path / "work" / name)
    script = Script(("directory", typed), ("directory", f"{typed}-2"), ("review", "go"))
    run(around, REPO, script)
    assert f"{typed} already exists" in script.asked[1].notice
    assert script.asked[1].typed == f"{typed}-2"  # so that Enter takes it


def test_a_clone_of_another_repository_is_in_the_way_too(tmp_path: Path) -> None:
    fill(tmp_path / "work" / "MySharedDemoRepo")
    git = FakeGit(origins={"MySharedDemoRepo": "codecommit::us-east-2://dev@Other"})
    script = Script(("directory", LEAVE))
    with pytest.raises(Cancelled):
        run(context(tmp_path, git=git), REPO, script)


def test_a_clone_of_this_repository_is_no_reason_to_ask(tmp_path: Path) -> None:
    fill(tmp_path / "work" / "MySharedDemoRepo")
    git = FakeGit(origins={"MySharedDemoRepo": "codecommit::us-east-2://dev@MySharedDemoRepo"})
    run(context(tmp_path, git=git), REPO, Script(("review", "go")))
    assert "fetch MySharedDemoRepo" in git.calls


def test_without_a_person_no_other_folder_is_taken(tmp_path: Path) -> None:
    fill(tmp_path / "work" / "MySharedDemoRepo")
    for yes in (True, False):
        with pytest.raises(Problem, match="isn't a clone of MySharedDemoRepo"):
            run(context(tmp_path), REPO, None, yes=yes)
    assert [it.name for it in (tmp_path / "work").iterdir()] == ["MySharedDemoRepo"]


def test_a_computer_without_a_role_is_told_when_its_row_is_chosen(tmp_path: Path) -> None:
    script = Script(("kind", "machine"), ("kind", LEAVE))
    with pytest.raises(Cancelled):
        run(context(tmp_path), {}, script)
    assert "This computer has no role." in script.asked[1].notice
    assert "--" not in script.asked[1].notice and "ccsetup" not in script.asked[1].notice


def test_a_computer_with_a_role_is_asked_on(tmp_path: Path) -> None:
    for here in ("EcsContainer", "Environment"):
        script = Script(("kind", "machine"), ("role_arn", LEAVE))
        with pytest.raises(Cancelled):
            run(context(tmp_path, aws=FakeAws(here=here)), {}, script)


def test_a_named_role_needs_no_role_here(tmp_path: Path) -> None:
    given: dict[str, Value] = {**ROLE, "kind": "machine", "source_profile": "@EcsContainer", "no_clone": "yes"}
    aws = FakeAws(who=Identity("111122223333", "arn:aws:sts::111122223333:assumed-role/R/maria"))
    run(context(tmp_path, aws=aws), given, Script(("review", "go")))


def test_a_refused_role_is_told_at_its_question_before_a_repository_is_asked_for(tmp_path: Path) -> None:
    aws = FakeAws(names=REFUSED, who=REFUSED)
    script = Script(("role_arn", "arn:aws:iam::111122223333:role/R"), ("external_id", ""),
                    ("role_arn", LEAVE))  # fmt: skip
    given = {key: value for key, value in ROLE.items() if key != "role_arn"}
    with pytest.raises(Cancelled):
        run(context(tmp_path, aws=aws), given, script)
    assert "AWS doesn't let dev assume the role R." in script.asked[-1].notice


def test_a_role_whose_list_is_refused_is_asked_for_a_repository(tmp_path: Path) -> None:
    denied = Problem("The role R can't list repositories.", code="access.denied")
    script = Script(("external_id", ""), ("repo", LEAVE))
    with pytest.raises(Cancelled):
        run(context(tmp_path, aws=FakeAws(names=denied)), ROLE, script)


def test_a_path_can_be_seen_while_it_is_typed_and_an_assertion_cannot(tmp_path: Path) -> None:
    script = Script(("saml_assertion", LEAVE))
    with pytest.raises(Cancelled):
        run(context(tmp_path), {"kind": "saml"}, script)
    asked = script.asked[0]
    assert asked.widget == "secret"
    for path in ("~/saml-response.txt", "./a b/saml.xml", "C:\\Users\\maria\\saml.txt"):
        assert asked.shows is not None and asked.shows(path), path
        assert accepted(asked, path, echo).shown == path
    for hidden in ("PHNhbWxwOlJlc3BvbnNlIHhtbG5z" * 40, "PHNhb", "<samlp:Response ID=", ""):
        assert asked.shows is not None and not asked.shows(hidden), hidden
        assert "PHN" not in accepted(asked, hidden or "x", echo).shown


def test_the_name_for_commits_is_suggested_from_the_session_once_aws_was_asked(tmp_path: Path) -> None:
    who = Identity("111122223333", "arn:aws:sts::111122223333:assumed-role/Dev/maria.garcia@acme.example")
    nameless, aws = FakeGit(settings={}), FakeAws(who=who)
    script = Script(
        ("repo", "MySharedDemoRepo"), ("git_name", "Maria G"), ("git_email", "m@acme.example"), ("review", "go")
    )
    run(context(tmp_path, aws=aws, git=nameless), KEYS, script)
    assert [it.default for it in script.asked[1:3]] == ["Maria Garcia", "maria.garcia@acme.example"]
    (tmp_path / "two").mkdir()
    script = Script(("git_name", "Maria G"), ("git_email", "m@acme.example"), ("review", "go"))
    run(context(tmp_path / "two", aws=FakeAws(who=who), git=nameless), REPO, script)
    assert not script.asked[0].default  # nobody has signed in yet, and a name is no reason to


def test_the_review_asks_to_write_only_if_something_is_written(tmp_path: Path) -> None:
    (aws := tmp_path / "home" / ".aws").mkdir(parents=True)
    (aws / "config").write_text(
        "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = Environment\n"
    )
    there: dict[str, Value] = {"kind": "existing", "profile": "dev", "region": "us-east-2"}
    for given, ask in (
        ({**there, "repo": "MySharedDemoRepo"}, "Clone it now?"),
        ({**there, "no_clone": "yes"}, "Check it now?"),
        ({**REPO, "profile": "new", "directory": "two"}, "Write these changes?"),
    ):
        script = Script(("review", "go"))
        run(context(tmp_path), given, script)
        assert script.asked[0].ask == ask
