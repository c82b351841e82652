"""The story with a scripted person and an outside made of values: what becomes of a profile when something is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from script import LEAVE, FakeAws, FakeGit, FakeSignIn, Script, Shown, context, tree

from ccsetup.cli.commands import setup
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Missing, NoRepository, Problem
from ccsetup.core.model import BACK, Edit, Identity, Receipt, Repository, Value
from ccsetup.core.result import Outcome
from ccsetup.wizard.options import Options, looking

KEYS: dict[str, Value] = {
    "kind": "keys",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "s" * 40,
    "region": "us-east-2",
    "profile": "dev",
}
REPO: dict[str, Value] = {**KEYS, "repo": "MySharedDemoRepo"}
REFUSED = Problem("AWS doesn't recognize the credentials of dev.", next="Copy them anew.", code="access.identity")


def run(around: Context, given: dict[str, Value], script: Script | None = None, **options: bool) -> Outcome:
    around = replace(around, prompt=script)
    outcome = setup.run(around, Options(given, **options))
    if script:
        script.done()
    return outcome


def screen(around: Context) -> Shown:
    assert isinstance(around.screen, Shown)
    return around.screen


def test_the_whole_way_ticks_off_line_by_line(tmp_path: Path) -> None:
    around = context(tmp_path)
    outcome = run(around, REPO, Script(("review", "go")))
    assert [line for line in screen(around).lines if line.startswith("done")] == [
        "done wrote ~/.aws/credentials  [dev] undo: ccsetup undo",
        "done wrote ~/.aws/config  [profile dev]",
        "done identity arn:aws:sts::111122223333:assumed-role/Developer/maria account 111122223333",
        "done access MySharedDemoRepo in us-east-2, default branch main",
        "done cloned ./MySharedDemoRepo branch main, 1,204 commits, 8.1 MiB",
    ]
    document = outcome.document()
    assert document["ok"]
    assert document["clone"]["directory"] == str(tmp_path / "work" / "MySharedDemoRepo")
    assert "s" * 40 not in screen(around).text() + str(document)


def test_cancelling_at_the_review_writes_nothing(tmp_path: Path) -> None:
    around = context(tmp_path)
    with pytest.raises(Cancelled):
        run(around, REPO, Script(("review", "cancel")))
    assert tree(tmp_path / "home") == {}


def test_an_answer_can_be_changed_at_the_review(tmp_path: Path) -> None:
    given = {k: v for k, v in REPO.items() if k != "profile"}
    script = Script(
        ("profile", "dev"), ("review", "change"), ("change", "profile"), ("profile", "code"), ("review", "go")
    )
    assert run(context(tmp_path), given, script).profile == "code"
    assert "[profile code]" in (tmp_path / "home" / ".aws" / "config").read_text()
    assert "dev" not in (tmp_path / "home" / ".aws" / "config").read_text()


def test_nobody_there_to_confirm_means_yes_must_be_said(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="--yes"):
        run(context(tmp_path), REPO)
    assert tree(tmp_path / "home") == {}


def test_a_refused_profile_is_put_back_byte_for_byte(tmp_path: Path) -> None:
    around = context(tmp_path, aws=FakeAws(who=REFUSED))
    outcome = run(around, REPO, yes=True)
    assert tree(tmp_path / "home") == {}
    assert outcome.document()["problems"][0]["code"] == "access.identity"
    assert outcome.document()["edits"] == []


@pytest.mark.parametrize("verdict", ["back", "keep", "change"])
def test_a_person_decides_what_becomes_of_a_refused_profile(tmp_path: Path, verdict: str) -> None:
    aws = FakeAws(who=REFUSED)
    around = context(tmp_path, aws=aws)
    steps: list[tuple[str, object]] = [("review", "go"), ("failed", verdict)]
    if verdict == "change":
        steps += [("change", "access_key_id"), ("access_key_id", LEAVE)]
        with pytest.raises(Cancelled):
            run(around, REPO, Script(*steps))
    else:
        run(around, REPO, Script(*steps))
    assert (tmp_path / "home" / ".aws" / "credentials").exists() == (verdict == "keep")


def test_ctrl_c_while_the_checks_run_puts_everything_back(tmp_path: Path) -> None:
    class Interrupted(FakeAws):
        def identity(self, who):  # type: ignore[no-untyped-def]
            raise KeyboardInterrupt

    around = context(tmp_path, aws=Interrupted())
    with pytest.raises(Cancelled) as left:
        run(around, REPO, yes=True)
    assert left.value.what == "Canceled."  # files were written, and put back: not "Nothing was written"
    assert "note All files were restored." in screen(around).lines
    assert tree(tmp_path / "home") == {}


def test_ctrl_c_at_the_question_what_now_puts_everything_back_and_says_so(tmp_path: Path) -> None:
    around = context(tmp_path, aws=FakeAws(who=REFUSED))
    with pytest.raises(Cancelled, match=r"^Canceled\.$"):
        run(around, REPO, Script(("review", "go"), ("failed", LEAVE)))
    assert tree(tmp_path / "home") == {}


def test_refused_keys_lead_back_to_the_access_key_and_its_secret_is_asked_again(tmp_path: Path) -> None:
    script = Script(("access_key_id", "AKIAIOSFODNN7EXAMPLE"), ("secret_access_key", "s" * 40), ("review", "go"),
                    ("failed", "change access_key_id"), ("access_key_id", "AKIAI44QH8DHBEXAMPLE"),
                    ("secret_access_key", LEAVE))  # fmt: skip
    told = {key: value for key, value in REPO.items() if "access_key" not in key and key != "session_token"}
    with pytest.raises(Cancelled):
        run(context(tmp_path, aws=FakeAws(who=REFUSED)), told, script)
    assert script.asked[3].choices[0].label == "Change: Access key ID"
    assert script.asked[4].default == ""  # lest a paste be added to it


def test_another_account_than_the_one_asked_for_is_refused(tmp_path: Path) -> None:
    aws = FakeAws(who=Identity("999999999999", "arn:aws:iam::999999999999:user/x"))
    role: dict[str, Value] = {
        "kind": "role", "role_arn": "arn:aws:iam::111122223333:role/R", "source_profile": "@Environment",
        "region": "us-east-2", "profile": "dev", "no_clone": "yes",
    }  # fmt: skip
    outcome = run(context(tmp_path, aws=aws), role, yes=True)
    assert outcome.problems[0].code == "access.account"
    assert "999999999999" in outcome.problems[0].what
    assert "111122223333" in outcome.problems[0].what


def test_a_repository_of_the_same_name_in_another_account_is_refused(tmp_path: Path) -> None:
    aws = FakeAws(found=Repository("MySharedDemoRepo", "us-east-2", "999999999999"))
    given: dict[str, Value] = {**KEYS, "repo": "arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo"}
    outcome = run(context(tmp_path, aws=aws), given, yes=True)
    assert outcome.problems[0].code == "access.account"


def test_git_has_the_last_word_when_the_api_refuses(tmp_path: Path) -> None:
    denied = Problem("AWS denied GetRepository.", code="access.repository")
    outcome = run(context(tmp_path, aws=FakeAws(found=denied)), REPO, yes=True)
    assert outcome.document()["ok"]
    refused = Problem("CodeCommit refused git (403).", next="Ask for GitPull.", code="access.git")
    (tmp_path / "other").mkdir()
    outcome = run(context(tmp_path / "other", git=FakeGit(heads=refused)), REPO, yes=True)
    assert outcome.problems[0].code == "access.git"
    assert tree(tmp_path / "other" / "home") == {}


def test_a_repository_found_in_another_region_is_offered(tmp_path: Path) -> None:
    class Moved(FakeAws):
        def repository(self, who, name):  # type: ignore[no-untyped-def]
            if who.region != "eu-west-1":
                raise NoRepository("There is none.")
            return Repository(name, "eu-west-1", "111122223333", "main")

    around = context(tmp_path, aws=Moved(elsewhere=("eu-west-1",)))
    outcome = run(around, REPO, Script(("review", "go"), ("failed", "retry eu-west-1"), ("review", "go")))
    assert outcome.region == "eu-west-1"
    assert "region = eu-west-1" in (tmp_path / "home" / ".aws" / "config").read_text()


ROLE: dict[str, Value] = {
    "kind": "role", "role_arn": "arn:aws:iam::111122223333:role/R", "source_profile": "@Environment",
    "external_id": "acme-2024", "region": "us-east-2", "profile": "dev", "no_clone": "yes",
}  # fmt: skip


def test_a_refused_role_leads_back_to_the_answers_it_speaks_against(tmp_path: Path) -> None:
    denied = Problem("AWS didn't allow these credentials to assume it.", code="access.assume")
    script = Script(
        ("review", "go"), ("failed", "change external_id"), ("external_id", "acme-2025"), ("review", "cancel")
    )
    around = context(tmp_path, aws=FakeAws(who=denied))
    with pytest.raises(Cancelled):
        run(around, ROLE, script)
    offered = [choice.value for choice in script.asked[1].choices]
    assert offered[:3] == ["change role_arn", "change external_id", "change source_profile"]
    assert "external_id = acme-2025" in screen(around).text()


def test_an_answer_that_a_refusal_names_itself_is_offered_first(tmp_path: Path) -> None:
    denied = Problem("That token is over.", code="access.identity")
    denied.about = "secret_access_key"
    script = Script(("review", "go"), ("failed", "back"))
    run(context(tmp_path, aws=FakeAws(who=denied)), REPO, script)
    assert script.asked[1].choices[0].value == "change secret_access_key"


@pytest.mark.parametrize("moved", ["yes", "no"])
def test_a_clone_that_goes_through_another_profile_is_moved_when_the_person_says_so(tmp_path: Path, moved: str) -> None:
    old = "codecommit::us-east-2://old@MySharedDemoRepo"
    git = FakeGit(origins={"MySharedDemoRepo": old})
    around = context(tmp_path, git=git)
    (tmp_path / "work" / "MySharedDemoRepo").mkdir()
    (tmp_path / "work" / "MySharedDemoRepo" / ".git").mkdir()
    given = {**REPO, "directory": "MySharedDemoRepo"}
    outcome = run(around, given, Script(("review", "go"), ("move", moved)))
    assert outcome.cloned
    assert outcome.cloned.route.url == ("codecommit::us-east-2://dev@MySharedDemoRepo" if moved == "yes" else old)
    assert "fetch ./MySharedDemoRepo from" in screen(around).text()
    assert ("repoint MySharedDemoRepo codecommit::us-east-2://dev@MySharedDemoRepo" in git.calls) == (moved == "yes")


def test_the_second_way_is_offered_where_git_finds_no_helper(tmp_path: Path) -> None:
    git = FakeGit(commands=("git-credential-ccsetup",))
    outcome = run(context(tmp_path, git=git), REPO, Script(("via", "credential-helper"), ("review", "go")))
    assert outcome.cloned
    assert outcome.cloned.route.settings["credential.helper"] == "/usr/bin/git-credential-ccsetup --profile dev"
    assert outcome.cloned.route.url == "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo"


def test_a_sign_in_is_kept_and_a_role_session_is_put_back_with_the_profile(tmp_path: Path) -> None:
    cache = tmp_path / "home" / ".aws" / "sso" / "cache" / "token.json"
    session = tmp_path / "home" / ".aws" / "boto" / "cache" / "session.json"
    given: dict[str, Value] = {
        "kind": "sso", "sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1",
        "sso_account_id": "111122223333", "sso_role_name": "Developer", "region": "us-east-2", "profile": "dev",
        "repo": "MySharedDemoRepo",
    }  # fmt: skip
    signin = FakeSignIn(leaves=(Edit(cache, None, "{}"),))
    gone = Problem("No.", code="access.repository", next="Ask.")
    aws = FakeAws(found=gone, leaves=(Edit(session, None, "{}"),))
    run(context(tmp_path, aws=aws, signin=signin, git=FakeGit(heads=gone)), given, yes=True)
    assert "identity dev" in aws.calls
    assert not session.exists()
    assert not (tmp_path / "home" / ".aws" / "config").exists()
    assert cache.read_text() == "{}"
    assert run(context(tmp_path, signin=signin), given, yes=True).document()["ok"]
    assert cache.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("ends", ["a failure", "cancel", "a dry run"])
def test_a_sign_in_for_a_question_is_kept_if_a_later_step_fails(tmp_path: Path, ends: str) -> None:
    cache = tmp_path / "home" / ".aws" / "sso" / "cache" / "token.json"
    given: dict[str, Value] = {
        "kind": "sso", "sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1",
        "region": "us-east-2", "profile": "dev", "no_clone": "yes",
    }  # fmt: skip
    around = context(tmp_path, signin=FakeSignIn(leaves=(Edit(cache, None, "{}"),)))
    if ends == "cancel":
        with pytest.raises(Cancelled):
            run(around, given, Script(("sso_role_name", LEAVE)))
        assert tree(tmp_path / "home") == {}
        return
    given["sso_session"] = "not a name!"
    with pytest.raises(Problem):
        run(around, given, Script(("sso_role_name", "Developer")), dry_run=ends == "a dry run")
    assert not cache.exists()  # refused before anybody signed in
    del given["sso_session"]
    around.files.apply = _refusing  # type: ignore[method-assign]
    if ends == "a dry run":
        run(around, given, Script(("sso_role_name", "Developer")), dry_run=True)
        assert tree(tmp_path / "home") == {}
        return
    with pytest.raises(Problem, match="The disk is full"):
        run(around, given, Script(("sso_role_name", "Developer"), ("review", "go")))
    assert list(tree(tmp_path / "home")) and cache.read_text() == "{}"
    assert "note Your sign-in was saved, so the next run won't ask you to sign in." in screen(around).lines


def _refusing(change: object) -> Receipt:
    raise Problem("The disk is full.", next="Make room.", code="file.unreadable")


def test_a_clone_that_fails_keeps_the_profile_that_was_proven(tmp_path: Path) -> None:
    full = Problem("The disk is full.", next="Make room.", code="git.failed")
    outcome = run(context(tmp_path, git=FakeGit(clones=full)), REPO, yes=True)
    assert outcome.problems == (full,)
    assert (tmp_path / "home" / ".aws" / "credentials").exists()


def test_another_writer_in_between_is_planned_around(tmp_path: Path) -> None:
    around = context(tmp_path)
    aws = tmp_path / "home" / ".aws"
    real, turns = around.files, []

    class Racing:
        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def apply(self, change):  # type: ignore[no-untyped-def]
            if not turns:
                turns.append(1)
                aws.mkdir()
                (aws / "config").write_text("[profile theirs]\nregion = eu-west-1\n")
            return real.apply(change)

    outcome = run(replace(around, files=Racing()), REPO, yes=True)  # type: ignore[arg-type]
    assert outcome.document()["ok"]
    assert (aws / "config").read_text() == "[profile theirs]\nregion = eu-west-1\n\n[profile dev]\nregion = us-east-2\n"


def test_back_at_the_first_review_leads_to_an_answer(tmp_path: Path) -> None:
    given = {k: v for k, v in REPO.items() if k != "profile"}
    script = Script(("profile", "dev"), ("review", BACK), ("change", BACK), ("review", "go"))
    assert run(context(tmp_path), given, script).profile == "dev"


def test_without_git_nothing_is_written(tmp_path: Path) -> None:
    class NoGit(FakeGit):
        def version(self) -> str:
            return ""

    with pytest.raises(Problem, match="git isn't on the PATH"):
        run(context(tmp_path, git=NoGit()), REPO, yes=True)
    assert tree(tmp_path / "home") == {}


PROD = f"  [prod]\n  aws_access_key_id = AKIAI44QH8DHBEXAMPLE\n  aws_secret_access_key = {'p' * 40}\n"
FOO = f"[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {'f' * 40}\naws_session_token = IQoJb3JpZ2luX2VjEXAMPLE\n"


@pytest.mark.parametrize("between", ["", "\n", "  # hers\n"])
def test_a_profile_that_a_token_has_swallowed_is_never_written_over(tmp_path: Path, between: str) -> None:
    around = context(tmp_path)
    credentials = around.home / ".aws" / "credentials"
    credentials.parent.mkdir()
    credentials.write_text(FOO + between + PROD)
    before = tree(tmp_path / "home")
    for options in ({"yes": True}, {"dry_run": True}):
        with pytest.raises(
            Problem, match=r"Line [567] of the AWS credentials file: This header is indented"
        ) as refused:
            run(around, {**KEYS, "no_clone": "yes"}, **options)
        assert refused.value.next == "Repair the file first: ccsetup doctor --fix"
        assert tree(tmp_path / "home") == before


def test_a_long_term_key_that_is_replaced_is_told_and_can_be_undone(tmp_path: Path) -> None:
    around = context(tmp_path)
    credentials = around.home / ".aws" / "credentials"
    credentials.parent.mkdir()
    credentials.write_text(FOO.replace("N7", "N8"))
    run(around, {**KEYS, "no_clone": "yes"}, yes=True)
    assert "replaces the long-term access key AKIA…MPLE in [dev] (to restore it: ccsetup undo)" in screen(around).text()
    assert "removes 1 line in [dev]: aws_session_token" in screen(around).text()
    assert around.files.changes()[0].edits[0].before == FOO.replace("N7", "N8")


@pytest.mark.parametrize(
    ("key", "name"), [("AKIAIOSFODNN7EXAMPLE", "codecommit"), ("AKIAIOSFODNN8EXAMPLE", "codecommit-2")]
)
def test_a_long_term_key_is_replaced_only_where_its_profile_is_named(tmp_path: Path, key: str, name: str) -> None:
    around = context(tmp_path)
    credentials = around.home / ".aws" / "credentials"
    credentials.parent.mkdir()
    credentials.write_text(f"[codecommit]\naws_access_key_id = {key}\naws_secret_access_key = {'f' * 40}\n")
    given = {k: v for k, v in KEYS.items() if k != "profile"}
    assert run(around, {**given, "no_clone": "yes"}, yes=True).profile == name
    assert ("f" * 40 in credentials.read_text()) == (name != "codecommit")


def test_the_end_is_one_line_and_a_command_to_copy(tmp_path: Path) -> None:
    around = context(tmp_path)
    run(around, REPO, Script(("review", "go")))
    lines = screen(around).lines
    end = next(n for n, line in enumerate(lines) if line.startswith("done cloned"))
    assert lines[end + 1 :] == [
        " Ready. git pull and git push work as usual in the clone.",
        "   cd ./MySharedDemoRepo",
    ]


def test_without_a_clone_the_end_says_what_works(tmp_path: Path) -> None:
    around = context(tmp_path)
    run(around, {**KEYS, "no_clone": "yes"}, Script(("review", "go")))
    assert screen(around).lines[-1] == " Ready. git and AWS tools can use the profile dev."


def test_a_refusal_above_a_menu_advises_no_flag(tmp_path: Path) -> None:
    refused = Problem("AWS rejected it.", next="Check the ID. To change it: ccsetup setup --profile dev",
                      code="access.identity")  # fmt: skip
    around = context(tmp_path, aws=FakeAws(who=refused))
    outcome = run(around, REPO, Script(("review", "go"), ("failed", "back")))
    assert "problem access.identity AWS rejected it.  Check the ID." in screen(around).lines
    assert outcome.document()["problems"][0]["next"].endswith("ccsetup setup --profile dev")


def test_a_fault_of_a_file_is_told_the_same_each_time(tmp_path: Path) -> None:
    around = context(tmp_path)
    (around.home / ".aws").mkdir()
    (around.home / ".aws" / "config").write_text("[profile dev\nregion = us-east-1\n")
    told = []
    for _ in range(2):
        with pytest.raises(Problem) as problem:
            looking(around, Options({}))
        told.append((problem.value, problem.value.what, problem.value.why))
    assert told[0][1:] == told[1][1:]
    assert told[0][0] is not told[1][0]
