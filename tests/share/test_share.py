"""share, end to end: the walk-through's three people, against the sandbox; the administrators' half against moto."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import botocore
import pytest
from aws_ways import keys_of, settle
from botocore.exceptions import ClientError
from conftest import AwsTools
from moto.codecommit.responses import CodeCommitResponse
from moto.core.authorization import enable_iam_authentication
from moto.core.exceptions import AccessDeniedError
from moto.iam import access_control
from moto.iam.models import Role as MotoRole
from paths import ROOT
from sandbox_world import client
from script import LEAVE, FakeAws, Script, Shown, context

from ccsetup.cli import main
from ccsetup.cli.commands import share
from ccsetup.cli.context import context_of
from ccsetup.cli.parser import parsed
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Cancelled
from ccsetup.core.model import BACK
from ccsetup.sandbox import Sandbox, State, policy_engine
from ccsetup.share import questions
from ccsetup.team import file as team_file
from ccsetup.ui.screen import Screen

pytestmark = pytest.mark.slow

A, B = "111122223333", "888888888888"
REGION, REPO, GROUP = "us-east-2", "MySharedDemoRepo", "DevelopersWithCrossAccountRepositoryAccess"
KEY = f"arn:aws:kms:{REGION}:{A}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = f"arn:aws:iam::{A}:role/CodeCommit-{REPO}"
OWN = [REPO, "--from-account", A, "--region", REGION]
SHARE = ["share", REPO, "--from-account", A, "--to-account", B, "--region", REGION]


@dataclass
class Office:
    """Two accounts, their administrators and a developer; `run` is the program, in this process."""

    sandbox: Sandbox
    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def state(self) -> State:
        return self.sandbox.state

    def run(self, *words: str) -> tuple[int, Any, str]:
        """Run the program with --json; return its exit code, its document, and what it said."""
        code = main.run([*words, "--json"])
        told = self.capsys.readouterr()
        return code, json.loads(told.out), told.err

    def plain(self, *words: str) -> tuple[int, str]:
        """Run the program; return its exit code and all it showed."""
        code = main.run([*words])
        told = self.capsys.readouterr()
        return code, told.out + told.err


def people(state: State) -> None:
    """Put the guide's accounts into an empty AWS: AccountA with the repository, AccountB with the group."""
    state.add_repository(A, REGION, REPO)
    state.add_repository(A, REGION, "locked", kms_key=KEY)
    state.add_user(A, "admin-a", policy_engine.allow("iam:*", "codecommit:*", "kms:*"))
    state.add_user(B, "admin-b", policy_engine.allow("iam:*"))
    state.add_user(B, "developer", policy_engine.allow("iam:ListMFADevices", "iam:GetUser"))
    state.add_group(B, GROUP, "developer")
    for name in ("admin-a", "admin-b", "developer"):
        state.add_user_keys(name)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Office]:
    """The office in the guide, one home with a profile for each person."""
    state = State()
    people(state)
    with Sandbox.start(tmp_path / "sandbox", state=state) as sandbox:
        home = tmp_path / "home"
        bin = tmp_path / "bin"
        bin.mkdir()
        for name, module in (("git-remote-codecommit", "git.helper.remote"), ("ccsetup", "cli.main")):
            lines = (
                "import sys",
                f"sys.path.insert(0, {str(ROOT)!r})",
                f"from ccsetup.{module} import main",
                "sys.exit(main())",
            )
            (bin / name).write_text("\n".join((f"#!{sys.executable}", *lines, "")))
            (bin / name).chmod(0o755)
        path = os.pathsep.join((str(bin), os.environ["PATH"]))
        settle(
            monkeypatch, home, sandbox.environment(), {"PATH": path, "GIT_CONFIG_NOSYSTEM": "1", "AWS_REGION": REGION}
        )
        (home / ".aws").mkdir()
        for name in ("admin-a", "admin-b", "developer"):
            profile(home, name, keys_of(state.user_keys(name)))
        work = tmp_path / "work"
        work.mkdir()
        monkeypatch.chdir(work)
        yield Office(sandbox, work, capsys)


def profile(home: Path, name: str, keys: Mapping[str, str]) -> None:
    """Add a profile with these keys."""
    with (home / ".aws" / "credentials").open("a") as file:
        file.write(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))


def push(folder: Path) -> int:
    """Commit something in a clone and push it; return git's exit code."""
    say = ["-c", "user.name=D", "-c", "user.email=d@example.com"]
    subprocess.run(["git", *say, "commit", "-q", "--allow-empty", "-m", "mine"], cwd=folder, check=True)
    return subprocess.run(
        ["git", "push", "-q", "origin", "HEAD"], cwd=folder, capture_output=True, check=False
    ).returncode


@pytest.mark.long
@pytest.mark.parametrize("read_only", [False, True], ids=["read and write", "read only"])
def test_the_guides_three_people_get_from_nothing_to_a_clone(office: Office, read_only: bool) -> None:
    shared = [*SHARE, "--role-name", "Shared", "--external-id", "auto", "--group", GROUP, *["--read-only"] * read_only]
    role = f"arn:aws:iam::{A}:role/Shared"

    code, document, _ = office.run(*shared, "--yes")
    assert (code, document["role_arn"]) == (0, role)
    external = document["external_id"]
    developer = [
        "setup",
        "role",
        "--role-arn",
        role,
        "--source-profile",
        "developer",
        "--region",
        REGION,
        "--repo",
        REPO,
    ]
    developer += ["--profile", "shared", "--external-id", external, "--yes"]
    code, document, _ = office.run(*developer)
    assert (code, document["problems"][0]["code"]) == (1, "access.assume")
    assert f"in account {A}, add this statement to the trust policy of the role Shared" in document["problems"][0][
        "message"
    ].lower().replace("shared", "Shared")

    given = ["--external-id", external]
    here = [*SHARE, "--role-name", "Shared", *given, "--group", GROUP, *["--read-only"] * read_only, "--apply", "--yes"]
    code, document, _ = office.run(*here, "--profile", "admin-a")
    assert (code, document["steps"]) == (0, ["create the role Shared", "set the permissions of Shared"])
    assert office.run(*developer)[0] == 1
    code, document, _ = office.run(*here, "--profile", "admin-b", "--as", "developer")
    assert (code, len(document["steps"])) == (0, 2), document

    by_file = ["setup", "--team", f"share-{REPO}/team.ini", "--source-profile", "developer", "--yes"]
    code, document, shown = office.run(*(by_file if read_only else developer))
    assert code == 0, shown
    assert (office.folder / REPO / ".git").is_dir()
    assert (push(office.folder / REPO) == 0) is not read_only
    for admin in () if read_only else ("admin-a", "admin-b", "developer"):
        code, document, shown = office.run(*here[:-2], "--check", "--profile", admin)
        assert code == 0, shown
        seen = document["links"][-1]
        assert (seen["link"] == "push" and seen["holds"] is None) is (
            admin == "developer"
        )  # it says what it cannot see
    for admin in ("admin-a", "admin-b"):
        assert office.run(*here, "--profile", admin)[1]["steps"] == []
        assert office.run(*here[:-2], "--remove", "--yes", "--profile", admin)[0] == 0
    assert (office.state.roles, office.state.managed) == ({}, {})
    assert [group.attached for group in office.state.groups.values()] == [()]


@pytest.mark.long
def test_people_who_sign_in_by_identity_center_need_the_team_file_and_one_yes(office: Office) -> None:
    center, url = office.state.center, "https://acme.awsapps.com/start"
    center.add_instance(url, "us-east-1", "maria")
    center.assign(url, B, "Developer", policy_engine.allow("sts:AssumeRole"))
    center.auto_approve, center.interval_s = True, 1
    given = ["--trust", "permission-set:Developer", "--sso-start-url", url, "--sso-region", "us-east-1"]
    code, document, _ = office.run(*SHARE, *given, "--yes")
    assert code == 0 and document["developer"].count("\n") == 1
    assert office.run(*SHARE, *given, "--apply", "--profile", "admin-a", "--yes")[0] == 0
    *_, shown = office.run(*SHARE, *given, "--apply", "--profile", "admin-b", "--yes")
    assert "to the permission set Developer as a customer managed policy" in shown

    code, document, shown = office.run("setup", "--team", f"share-{REPO}/team.ini", "--yes", "--device-code")
    assert code == 0, shown
    assert (document["profile"], push(office.folder / REPO)) == (REPO.lower(), 0)
    config = Path.home().joinpath(".aws", "config").read_text()
    assert f"sso_account_id = {B}\nsso_role_name = Developer" in config and "source_profile = acme-developer" in config

    Path.home().joinpath(".aws", "config").unlink()  # the doctor brings the role in with what it starts from
    code, document, shown = office.run("doctor", "--team", f"share-{REPO}/team.ini", "--fix", "--yes")
    assert code == 0, shown
    assert Path.home().joinpath(".aws", "config").read_text() == config


def test_a_flag_beside_the_file_reaches_the_sign_in_that_the_role_starts_from(office: Office) -> None:
    given = ["--sso-start-url", "https://acme.awsapps.com/start", "--sso-region", "us-east-1"]
    assert office.run(*SHARE, *given, "--yes")[0] == 0
    by_file = ["setup", "--team", f"share-{REPO}/team.ini", "--yes", "--dry-run"]
    assert office.run(*by_file)[1]["problems"][0]["what"] == "Missing: --sso-role-name."
    code, document, shown = office.run(*by_file, "--sso-role-name", "Developer", "--duration-seconds", "3600")
    assert code == 0, shown
    assert "+sso_role_name = Developer" in shown and "+duration_seconds = 3600" in shown
    assert office.run(*by_file, "--sso-role-name", "Developer", "--provider-id", "x")[0] == 2  # of neither kind


def test_the_administrators_own_sign_in_is_not_taken_for_that_of_the_people(office: Office) -> None:
    own = "[sso-session own]\nsso_start_url = https://own.awsapps.com/start\nsso_region = eu-west-1\n"
    Path.home().joinpath(".aws", "config").write_text(own)
    for given in ([], ["--sso-start-url", "https://acme.awsapps.com/start"]):
        assert (
            office.run(*SHARE, "--trust", "permission-set:Developer", *given, "--yes", "--out", f"o{len(given)}")[0]
            == 0
        )
        told = (office.folder / f"o{len(given)}" / "team.ini").read_text()
        assert "own.awsapps.com" not in told and "eu-west-1" not in told
        assert ("acme.awsapps.com" in told) == bool(given)
    given = ["--sso-start-url", "https://own.awsapps.com/start"]
    assert office.run(*SHARE, "--trust", "permission-set:Developer", *given, "--yes", "--out", "same")[0] == 0
    assert "sso_region = eu-west-1" in (office.folder / "same" / "team.ini").read_text()


# The folder


def files(folder: Path) -> dict[str, str]:
    """Return what a folder holds."""
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_a_second_run_finds_all_said_already_even_a_made_external_id(office: Office) -> None:
    code, document, _ = office.run(*SHARE, "--external-id", "auto", "--terraform", "--yes")
    there = files(office.folder)
    assert code == 0 and len(there) == 10 and document["external_id"] in there["share-MySharedDemoRepo/README.md"]
    code, again, shown = office.run(*SHARE, "--external-id", "auto", "--terraform", "--yes")
    assert (code, again["changed"], again["external_id"]) == (0, [], document["external_id"])
    assert "is already up to date" in shown and files(office.folder) == there


def test_what_somebody_else_wrote_into_the_folder_is_shown_and_stays(office: Office) -> None:
    assert office.run(*SHARE, "--yes")[0] == 0
    (office.folder / "share-MySharedDemoRepo" / "notes.txt").write_text("mine")
    there = files(office.folder)
    for words in (
        [*SHARE, "--require-mfa", "--yes"],
        [*SHARE, "--require-mfa", "--dry-run"],
        [*SHARE, "--require-mfa"],
    ):
        code, shown = office.plain(*words)
        assert code == {"--yes": 1, "--dry-run": 0}.get(words[-1], 2)
        assert "+        " in shown and "aws:MultiFactorAuthPresent" in shown
        assert files(office.folder) == there
    code, document, _ = office.run(*SHARE, "--require-mfa", "--yes", "--out", "elsewhere")
    assert (code, document["directory"]) == (0, str(office.folder / "elsewhere"))


def test_where_the_folder_cannot_be_another_one_is_named(office: Office) -> None:
    (office.folder / "taken").write_text("mine")
    for out in ("taken", "/proc/nowhere"):
        code, document, _ = office.run(*SHARE, "--yes", "--out", out)
        assert (code, document["problems"][0]["next"]) == (1, "Choose another folder, for example: --out share")
    assert files(office.folder) == {"taken": "mine"}


BAD = {
    "one account twice": ([*SHARE[:4], "--to-account", A, "--region", REGION], "Both account IDs are"),
    "an account of eleven digits": ([*SHARE[:4], "--to-account", "88888888888", "--region", REGION], "12 digits, for example"),
    "a role's name": ([*SHARE, "--role-name", "My Role"], "1 to 64 characters"),
    "an external id": ([*SHARE, "--external-id", "a b"], "2 to 1224 characters long"),
    "an issuer": ([*SHARE[:4], "--region", REGION, "--trust", "oidc:http://x.example.com", "--subject", "a"], "like oidc:https://"),
    "a subject that means anybody": ([*SHARE[:4], "--region", REGION, "--trust", "oidc:x.example.com", "--subject", "*"], "every token from the issuer"),
    "a trust": ([*SHARE, "--trust", "friends"], "permission-set:Developer"),
    "a region twice": (["share", f"arn:aws:codecommit:us-west-2:{A}:{REPO}", "--to-account", B, "--region", REGION], "Specify only one region"),
    "an account twice": (["share", f"arn:aws:codecommit:{REGION}:{A}:{REPO}", "--to-account", B, "--from-account", "222222222222"], A),
    "nothing": (["share"], "Missing: REPO, --from-account, --to-account"),
    "no other account": (SHARE[:4], "--to-account"),
    "no profile": ([*SHARE, "--apply"], "--profile"),
    "an unknown profile": ([*SHARE, "--apply", "--profile", "nobody"], 'No profile "nobody"'),
    "two things at once": ([*SHARE, "--apply", "--remove"], "not allowed with"),
    "proof of nothing": ([*SHARE, "--as", "developer"], "--check"),
    "a subject of nobody": ([*SHARE, "--subject", "repo:acme/x:*"], "You can't use --subject with --trust account"),
    "mfa of a sign-in": ([*SHARE, "--sso-start-url", "https://acme.awsapps.com/start", "--require-mfa"], "--require-mfa"),
    "a sign-in's region alone": ([*SHARE, "--sso-region", "us-east-1"], "--sso-region"),
    "no start URL": ([*SHARE, "--sso-start-url", "http://x"], "https://acme.awsapps.com/start"),
    "mfa of a permission set": ([*SHARE, "--trust", "permission-set:Dev", "--require-mfa"], "--require-mfa"),
}  # fmt: skip


def test_what_cannot_be_right_gets_a_sentence_and_nothing_is_written(office: Office) -> None:
    for name, (words, says) in BAD.items():
        code, document, shown = office.run(*words, "--yes")
        (problem,) = document["problems"] or [pytest.fail(name)]
        assert (code, says in f"{problem['what']} {problem['next']}") == (2, True), (name, document)
        assert "Traceback" not in shown
    assert list(office.folder.iterdir()) == []
    assert [entry.action for entry in office.sandbox.log if entry.service == "iam"] == []


# Asked on a terminal


def asked(tmp_path: Path, *steps: tuple[str, object], words: list[str], aws: FakeAws | None = None) -> Context:
    """Run share with a scripted person; return the context."""
    script = Script(*steps)
    there = context(tmp_path, script, aws=aws, env={"AWS_REGION": REGION})
    try:
        share.main(parsed(["share", *words]), lambda: there)
    finally:
        script.done()
    return there


def test_a_person_is_asked_what_is_left_and_sees_all_of_it_before_anything_is_written(tmp_path: Path) -> None:
    there = asked(
        tmp_path, ("repo", f"arn:aws:codecommit:{REGION}:{A}:{REPO}"), ("whom", "permission-set"), ("trust", "Developer"),
        ("to_account", "8888-8888-8888"), ("read_only", "yes"),
        ("sso_start_url", "acme.awsapps.com/start#/"), ("review", "change"), ("change", "role_name"), ("role_name", "Other"),
        ("review", "?"), ("review", "go"), words=[],
    )  # fmt: skip
    assert isinstance(there.screen, Shown)
    trust = json.loads((there.cwd / f"share-{REPO}" / "account-a-trust.json").read_text())
    assert "AWSReservedSSO_Developer_" in json.dumps(trust) and B in json.dumps(trust)
    text = there.screen.text()
    first, _, rest = text.partition(f"changes account {A}: the role arn:aws:iam::{A}:role/Other")
    first_lines = first.splitlines()[-3:]
    assert first_lines == [f"repositories {REPO} in {REGION}, account {A} (read only)", "lets in permission set Developer",
                           "conditions none"]  # fmt: skip
    folded, _, unfolded = rest.partition("trusts permission set Developer")
    assert "allowed read (7 actions): clone" in folded and "GitPull" not in folded and "GitPull" in unfolded
    assert (
        text.index("done lets in permission set Developer")
        < text.index(f"the administrator of {B}")
        < text.index("each developer")
    )
    assert "trusts permission set Developer" in text
    entry = team_file.read((there.cwd / f"share-{REPO}" / "team.ini").read_text()).team.entries[1]
    assert (entry.kind, entry.answers["sso_start_url"]) == ("sso", "https://acme.awsapps.com/start")
    assert "allowed GitPull: git clone, fetch, and pull" in text and "not allowed git push" in text


@pytest.mark.parametrize(
    ("typed", "trusted"),
    [
        ("888888888888", "888888888888:root"),
        ("8888-8888-8888", "888888888888:root"),
        ("arn:aws:iam::888888888888:root", "888888888888:root"),
        ("arn:aws:iam::888888888888:role/Build", "888888888888:role/Build"),
    ],
)
def test_an_account_or_a_role_typed_where_a_kind_is_chosen_is_taken(typed: str, trusted: str, tmp_path: Path) -> None:
    there = asked(
        tmp_path, ("whom", typed), ("read_only", "no"), ("review", "go"), words=OWN,
    )  # fmt: skip
    trust = (there.cwd / f"share-{REPO}" / "account-a-trust.json").read_text()
    assert trusted in trust


SIX = {
    "a name and a permission set": (
        [], [("repo", REPO), ("region", REGION), ("from_account", A), ("whom", "permission-set"), ("trust", "Dev"),
             ("to_account", B)]),
    "a name and an account": (
        [], [("repo", REPO), ("region", REGION), ("from_account", A), ("whom", "account"), ("to_account", B),
             ("read_only", "yes")]),
    "a name and a role": (
        [], [("repo", REPO), ("region", REGION), ("from_account", A), ("whom", "role"),
             ("trust", f"arn:aws:iam::{B}:role/X"), ("read_only", "yes")]),
    "a name and tokens": (
        [], [("repo", REPO), ("region", REGION), ("from_account", A), ("whom", "oidc"), ("trust", "ci.example.com"),
             ("subject", "repo:acme/x:main")]),
    "a name and assertions": (
        [], [("repo", REPO), ("region", REGION), ("from_account", A), ("whom", "saml"),
             ("trust", f"arn:aws:iam::{A}:saml-provider/X"), ("read_only", "yes")]),
    "an ARN and a permission set": (
        [], [("repo", f"arn:aws:codecommit:{REGION}:{A}:{REPO}"), ("whom", "permission-set"), ("trust", "Dev"),
             ("to_account", B), ("read_only", "no"), ("sso_start_url", "")]),
    "a profile of the repository's account": (
        ["--apply"], [("profile", "admin-a"), ("repo", REPO), ("region", REGION), ("whom", "permission-set"),
                      ("trust", "Dev"), ("to_account", B)]),
    "a profile of the developers' account": (
        ["--apply"], [("profile", "admin-b"), ("repo", REPO), ("region", REGION), ("from_account", A),
                      ("whom", "permission-set"), ("trust", "Dev")]),
}  # fmt: skip


@pytest.mark.parametrize(("words", "steps"), SIX.values(), ids=SIX)
def test_six_questions_are_enough_for_every_kind_and_the_review_has_the_rest(
    office: Office, monkeypatch: pytest.MonkeyPatch, words: list[str], steps: list[tuple[str, str]]
) -> None:
    monkeypatch.delenv("AWS_REGION")
    script, options = Script(*steps, ("apply" if words else "review", "cancel")), parsed(["share", *words])
    screen = Shown()
    with pytest.raises(Cancelled):
        share.main(options, lambda: replace(context_of(options, Screen({})), prompt=script, screen=screen))
    script.done()
    assert len(script.asked) == 7
    access = "read only" if ("read_only", "yes") in steps else "read and write"
    assert f"repositories {REPO} in {REGION}, account {A} ({access})" in screen.text()


def test_the_own_account_typed_as_who_gets_access_is_refused_at_its_question(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        asked(tmp_path, ("whom", A), ("whom", LEAVE), words=OWN)


def test_what_names_nobody_is_answered_with_what_would() -> None:
    assert [questions.read_whom(text) for text in ("payments team", "12345678901", "sts:x", "")] == [""] * 4
    assert questions.read_whom("https://token.actions.githubusercontent.com").startswith("OIDC tokens: ")
    assert questions.read_whom(f"arn:aws:iam::{A}:saml-provider/AcmeId").startswith("SAML assertions: ")
    with pytest.raises(BadAnswer, match="888888888888"):
        questions.whom("payments team")


def test_going_back_and_leaving_write_nothing(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        asked(
            tmp_path,
            ("repo", REPO),
            ("region", BACK),
            ("repo", REPO),
            ("region", REGION),
            ("from_account", LEAVE),
            words=[],
        )
    with pytest.raises(Cancelled):
        asked(tmp_path, ("read_only", "no"), ("review", "cancel"), words=[*SHARE[1:], "--trust", "account"])  # fmt: skip
    assert list((tmp_path / "work").iterdir()) == []


def test_parts_that_do_not_fit_are_asked_for_again(tmp_path: Path) -> None:
    there = asked(
        tmp_path, ("whom", "role"), ("trust", "arn:aws-cn:iam::888888888888:role/Build"), ("read_only", "no"),
        ("trust", "arn:aws:iam::888888888888:role/Build"), ("review", "go"), words=SHARE[1:],
    )  # fmt: skip
    assert (there.cwd / f"share-{REPO}" / "apply.sh").is_file()


# IAM, as the administrators


def test_a_profile_of_another_account_is_refused_naming_both(office: Office) -> None:
    state = office.state
    state.add_user("999999999999", "stranger", policy_engine.allow("*"))
    profile(Path(os.environ["HOME"]), "stranger", keys_of(state.add_user_keys("stranger")))
    for act in ("--apply", "--remove"):
        code, document, _ = office.run(*SHARE, act, "--profile", "stranger", "--yes")
        (problem,) = document["problems"]
        assert (code, problem["code"]) == (1, "access.account")
        assert all(account in problem["what"] for account in (A, B, "999999999999"))
    assert not state.roles


def test_nothing_is_done_before_a_yes(office: Office) -> None:
    assert office.run(*SHARE, "--apply", "--profile", "admin-a", "--dry-run")[1]["steps"] == [
        f"create the role CodeCommit-{REPO}", f"set the permissions of CodeCommit-{REPO}",
    ]  # fmt: skip
    assert office.run(*SHARE, "--apply", "--profile", "admin-a")[0] == 2
    assert not office.state.roles


@pytest.mark.long
def test_throttling_and_what_is_not_everywhere_yet_are_waited_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccsetup.core.limits.IAM_PAUSES_S", (0.01,) * 5)
    monkeypatch.setattr("ccsetup.core.limits.IAM_LOOK_S", 0.01)
    office.state.refuse("CreateRole", "Throttling", "Rate exceeded", times=4)
    office.state.refuse("GetRole", "NoSuchEntity", "not yet", 404, times=2)
    code, document, shown = office.run(*SHARE, "--apply", "--profile", "admin-a", "--yes")
    assert (code, len(document["steps"])) == (0, 2), shown
    assert office.run(*SHARE, "--apply", "--profile", "admin-a", "--yes")[1]["steps"] == []


@pytest.mark.long
def test_a_refusal_half_way_says_how_far_it_got_and_is_gone_on_from(office: Office) -> None:
    admin = f"arn:aws:iam::{A}:user/admin-a"
    before = office.state.user(admin).policies
    office.state.deny(admin, "iam:PutRolePolicy")
    code, document, shown = office.run(*SHARE, "--apply", "--profile", "admin-a", "--yes")
    assert code == 1 and "1 of 2 steps were completed" in shown
    assert "PutRolePolicy" in document["problems"][0]["what"]
    office.state.set_policies(admin, *before)
    assert office.run(*SHARE, "--apply", "--profile", "admin-a", "--yes")[1]["steps"] == [
        f"set the permissions of CodeCommit-{REPO}"
    ]


@pytest.mark.parametrize("admin", ["admin-a", "admin-b"])
def test_one_message_is_enough_for_an_administrator_without_permissions(office: Office, admin: str) -> None:
    state, words = office.state, [*SHARE, "--role-name", "Shared", "--profile", admin, "--yes"]
    for act, count in (("--apply", 0), ("--remove", 1)):
        state.set_policies(admin)
        code, document, shown = office.run(*words, act)
        (problem,) = document["problems"]
        assert code == 1 and problem["message"] in shown
        assert len(state.roles) + len(state.managed) == count
        state.set_policies(admin, problem["policy"])
        assert office.run(*words, act)[0] == 0
    assert len(state.roles) + len(state.managed) == 0


def test_what_is_missing_on_a_group_is_asked_for_on_the_group_alone(office: Office) -> None:
    words = [*SHARE, "--profile", "admin-b", "--group", GROUP, "--apply", "--yes"]
    office.state.set_policies("admin-b", policy_engine.allow("iam:*", on=f"arn:aws:iam::{B}:policy/*"))
    code, document, _ = office.run(*words)
    (problem,) = document["problems"]
    assert (code, problem["what"]) == (1, f"AWS denied AttachGroupPolicy on {GROUP}.")
    (statement,) = problem["policy"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("iam:AttachGroupPolicy", f"arn:aws:iam::{B}:group/{GROUP}")


def test_a_role_of_somebody_else_is_changed_by_a_person_alone_and_never_deleted(office: Office) -> None:
    state, words = office.state, [*SHARE, "--role-name", "Theirs", "--profile", "admin-a"]
    state.add_role(A, "Theirs", policy_engine.trust("999999999999"), policy_engine.allow("s3:*"))
    before = state.roles[f"arn:aws:iam::{A}:role/Theirs"]
    code, document, shown = office.run(*words, "--apply", "--yes")
    assert code == 1 and "ccsetup didn't create" in document["problems"][0]["what"]
    assert "-" in shown and "999999999999" in shown
    assert state.roles[before.arn] == before
    state.roles[before.arn] = state.add_role(
        A, "Theirs", json.loads(json.dumps(policy_engine.trust(B))), policy_engine.allow("s3:*")
    )
    assert office.run(*words, "--apply", "--yes")[1]["steps"] == ["set the permissions of Theirs"]
    code, document, shown = office.run(*words, "--remove", "--yes")
    assert code == 0 and "was kept" in shown
    assert set(state.roles[before.arn].inline) == {"cast-1"}


@pytest.mark.long
def test_sharing_with_a_third_account_does_not_cut_the_second_off_unseen(office: Office) -> None:
    words = [*SHARE, "--apply", "--profile", "admin-a", "--yes"]
    assert office.run(*words)[0] == 0
    (before,) = office.state.roles.values()
    third = [word.replace(B, "999999999999") for word in words]
    code, document, shown = office.run(*third)
    (problem,) = document["problems"]
    assert code == 1 and "opens to account 999999999999" in problem["what"]
    assert "opens to account 999999999999" in " ".join(shown.split()) and [*office.state.roles.values()] == [before]
    flag = next(word for word in problem["next"].split() if word.startswith("CodeCommit-"))
    assert office.run(*third, "--role-name", flag)[0] == 0 and len(office.state.roles) == 2
    assert office.run(*words, "--external-id", "acme-7f3b")[0] == 0  # the same account on other terms


def test_a_group_that_is_not_there_is_named_and_what_others_made_is_theirs_to_take_back(office: Office) -> None:
    words = [*SHARE, "--role-name", "Shared", "--profile", "admin-b", "--yes"]
    code, document, shown = office.run(*words, "--group", "Nobody", "--apply")
    assert (code, document["problems"][0]["what"]) == (1, 'No group "Nobody" in this account.')
    assert "1 of 2 steps were completed" in shown
    ((arn, managed),) = office.state.managed.items()
    office.state.managed[arn] = replace(managed, tags={})
    code, document, shown = office.run(*words, "--remove")
    assert (code, document["steps"]) == (0, []) and f"{arn} was kept because ccsetup didn't create it" in shown


@pytest.mark.long
def test_the_repositorys_own_key_is_found_and_opened(office: Office) -> None:
    words = ["share", "locked", *SHARE[2:], "--role-name", "Shared", "--profile", "admin-a"]
    assert office.run(*words, "--apply", "--yes")[0] == 0
    (role,) = office.state.roles.values()
    assert KEY in json.dumps(role.inline[f"ccsetup-{REGION}-locked"])
    assert office.run(*words, "--check")[0] == 0
    assert office.run(*SHARE, "--role-name", "Shared", "--profile", "admin-a", "--apply", "--yes")[0] == 0
    (role,) = office.state.roles.values()
    assert "kms" not in json.dumps(role.inline[f"ccsetup-{REGION}-{REPO}"])
    assert office.run(*words, "--remove", "--yes")[1]["steps"] == ["remove this repository's permissions from Shared"]
    code, document, _ = office.run("share", "nowhere", *SHARE[2:], "--profile", "admin-a", "--apply", "--yes")
    assert (code, document["problems"][0]["code"]) == (1, "access.repository")


# The audit


def test_the_first_missing_link_is_named_with_the_policy_that_mends_it(office: Office) -> None:
    state, words = office.state, [*SHARE, "--role-name", "Shared", "--external-id", "acme-7f3b"]
    state.set_policies("developer", policy_engine.allow("sts:AssumeRole"))

    def look(profile: str, *more: str) -> tuple[str, str, Any]:
        code, document, _ = office.run(*words, *more, "--check", "--profile", profile)
        missing = [link["link"] for link in document["links"] if link["holds"] is False]
        assert (code, document["ok"], len(missing)) == ((1, False, 1) if missing else (0, True, 0))
        problem = document["problems"][0] if missing else {"code": "", "policy": None}
        return missing[0] if missing else "", problem["code"], problem["policy"]

    def mend(**changed: Any) -> None:
        state.roles[arn] = replace(state.roles[arn], **changed)

    name, code, trust = look("admin-a")
    assert (name, code) == ("role", "access.assume")
    arn = state.add_role(A, "Shared", policy_engine.trust(B, external_id="other")).arn
    assert look("admin-a") == ("trust", "access.assume", None)  # another statement would be a second way in
    name, code, policy = look("developer")
    assert (name, code) == ("trust", "access.assume")
    assert policy["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] == "acme-7f3b"
    mend(trust=policy_engine.trust("999999999999"))
    mend(trust=look("admin-a")[2])
    name, code, may = look("admin-a")
    assert (name, code) == ("permissions", "access.repository")
    assert look("developer")[:2] == ("permissions", "access.repository")
    mend(inline={"a": may})
    assert look("admin-a")[0] == look("developer")[0] == ""
    assert look("admin-b")[0] == "policy"
    elsewhere = ["share", REPO, *SHARE[2:-1], "us-west-2", "--role-name", "Shared", "--external-id", "acme-7f3b"]
    code_, document, _ = office.run(*elsewhere, "--check", "--profile", "admin-a")
    assert (code_, document["problems"][0]["code"]) == (1, "access.repository")


# Judges that nobody here wrote: the AWS CLI and moto


@pytest.mark.long
def test_the_script_does_with_the_aws_cli_what_apply_does(office: Office, aws_tools: AwsTools) -> None:
    words = [*SHARE, "--role-name", "Shared+1", "--require-mfa", "--group", GROUP]
    assert office.run(*words, "--yes", "--out", "it's here")[0] == 0
    env = {**os.environ, "PATH": os.pathsep.join((str(aws_tools.aws.parent), os.environ["PATH"]))}

    def run(profile: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", str(office.folder / "it's here" / "apply.sh")]
        return subprocess.run(command, env={**env, "AWS_PROFILE": profile}, text=True, capture_output=True, check=False)

    done = run("admin-a")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert office.run(*words, "--apply", "--yes", "--profile", "admin-a")[1]["steps"] == []
    assert office.run(*words, "--apply", "--yes", "--profile", "admin-b")[0] == 0
    ((arn, managed),) = office.state.managed.items()
    office.state.managed[arn] = replace(
        managed, versions={f"v{n}": policy_engine.allow("s3:*") for n in range(1, 6)}, default="v5"
    )
    done = run("admin-b")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert (office.state.managed[arn].document, len(office.state.managed[arn].versions)) == (managed.document, 5)
    office.state.managed[arn] = other = replace(
        managed, versions={"v1": policy_engine.allow("s3:*")}, default="v1", tags={}
    )
    done = run("admin-b")
    assert (done.returncode, office.state.managed[arn]) == (1, other) and "ccsetup didn't create" in done.stderr
    theirs = office.state.roles[f"arn:aws:iam::{A}:role/Shared+1"]
    office.state.roles[theirs.arn] = replace(theirs, trust=policy_engine.trust("999999999999"))
    changed = office.state.roles[theirs.arn]
    done = run("admin-a")  # share's own, changed since: shown, and left alone all the same
    assert (done.returncode, office.state.roles[theirs.arn]) == (1, changed)
    assert "999999999999" in done.stderr and f"ccsetup share {REPO}" in done.stderr
    office.state.roles[theirs.arn] = theirs = replace(theirs, trust=policy_engine.trust("999999999999"), tags={})
    done = run("admin-a")
    assert (done.returncode, office.state.roles[theirs.arn]) == (1, theirs)  # somebody else's: shown, and left alone
    assert "doesn't change who can assume a role that exists" in done.stderr and "999999999999" in done.stderr


MOTO = "123456789012"


@pytest.fixture
def strict(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The program at a moto whose IAM asks, made exact for CodeCommit: it would ask about *, and answer in XML."""
    settle(monkeypatch, tmp_path / "home", {f"AWS_ENDPOINT_URL_{name}": moto for name in ENDPOINTS})
    (tmp_path / "home" / ".aws").mkdir()
    profile(tmp_path / "home", "admin", {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"})
    monkeypatch.chdir(tmp_path)
    about = f"arn:aws:codecommit:{REGION}:{MOTO}:"
    exact = lambda call: about + str(json.loads(call.body)["repositoryName"])  # noqa: E731
    monkeypatch.setattr(CodeCommitResponse, "_determine_resource", exact, raising=False)
    denial = lambda **told: (error := AccessDeniedError(**told), error.to_json())["codecommit:" in told["action"]]  # noqa: E731
    monkeypatch.setattr(access_control, "AccessDeniedError", denial)

    kept = MotoRole.put_policy  # CloudFormation hands it Python's own spelling of a policy
    as_json = lambda role, name, text: kept(role, name, text if isinstance(text, str) else json.dumps(text))  # noqa: E731
    monkeypatch.setattr(MotoRole, "put_policy", as_json)

    def run(*words: str) -> tuple[int, Any]:
        code = main.run([*words, "--profile", "admin", "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


ENDPOINTS = ("STS", "IAM", "CODECOMMIT", "KMS", "CLOUDFORMATION")


@pytest.mark.long
def test_moto_makes_the_same_of_the_templates_as_of_apply_and_lets_the_role_in(strict: Any) -> None:
    root = boto3.Session("testing", "testing", region_name=REGION)
    for name in (REPO, "other"):
        root.client("codecommit").create_repository(repositoryName=name)
    owner = [
        "share",
        REPO,
        "--from-account",
        MOTO,
        "--to-account",
        B,
        *SHARE[6:],
        "--role-name",
        "Shared",
        "--external-id",
        "acme-7f3b",
    ]
    people = [
        "share",
        REPO,
        "--from-account",
        A,
        "--to-account",
        MOTO,
        *SHARE[6:],
        "--role-name",
        "Shared",
        "--group",
        "Devs",
    ]
    root.client("iam").create_group(GroupName="Devs")
    for words, template in ((owner, "account-a"), (people, "account-b")):
        code, document = strict(*words, "--apply", "--yes")
        assert (code, len(document["steps"])) == (0, 2)
        assert strict(*words, "--yes", "--out", template)[0] == 0
        assert strict(*words, "--remove", "--yes")[0] == 0
        body = Path(template, f"{template}.template.json").read_text()
        root.client("cloudformation").create_stack(
            StackName=template, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        assert strict(*words, "--apply", "--yes")[1]["steps"] == []
        root.client("cloudformation").delete_stack(StackName=template)
    assert strict(*owner, "--read-only", "--apply", "--yes")[0] == 0
    given = {"RoleArn": f"arn:aws:iam::{MOTO}:role/Shared", "RoleSessionName": "maria", "ExternalId": "acme-7f3b"}
    keys = root.client("sts").assume_role(**given)["Credentials"]
    maria = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION)
    with enable_iam_authentication():
        codecommit = maria.client("codecommit")
        assert codecommit.get_repository(repositoryName=REPO)["repositoryMetadata"]["repositoryName"] == REPO
        for call, name in (
            (codecommit.get_repository, "other"),
            (codecommit.delete_repository, REPO),
            (codecommit.create_repository, "new"),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                call(repositoryName=name)


def test_tokens_assertions_and_permission_sets_get_in_as_they_were_named_and_no_others(office: Office) -> None:
    state, issuer = office.state, "https://token.actions.example.com"
    state.add_provider(A, issuer, "sts.amazonaws.com")
    saml = state.add_saml_provider(A, "AcmeId")
    words = [*SHARE, "--role-name", "Shared", "--trust", f"oidc:{issuer}", "--subject", "repo:acme/shared:*"]
    words += [
        "--trust",
        f"saml:{saml}",
        "--trust",
        "permission-set:Developer",
        "--apply",
        "--profile",
        "admin-a",
        "--yes",
    ]
    assert office.run(*words)[0] == 0
    role = f"arn:aws:iam::{A}:role/Shared"
    sts = client(office.sandbox, "sts", signature_version=botocore.UNSIGNED)

    def by_token(subject: str) -> Any:
        token = state.web_identity_token(subject=subject)
        return sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="job", WebIdentityToken=token)

    def by_set(name: str) -> Any:
        path = "/aws-reserved/sso.amazonaws.com/us-east-2/"
        own = state.add_role(
            B, f"AWSReservedSSO_{name}_0123456789abcdef", policy_engine.trust(B), policy_engine.allow("*"), path=path
        )
        keys = state.temporary_keys(own.arn)
        return client(office.sandbox, "sts", keys).assume_role(RoleArn=role, RoleSessionName="maria")

    assert by_token("repo:acme/shared:ref:refs/heads/main") and by_set("Developer")
    assertion = state.saml_assertion(f"{role},{saml}")
    assert sts.assume_role_with_saml(RoleArn=role, PrincipalArn=saml, SAMLAssertion=assertion)
    for stranger in (lambda: by_token("repo:acme/other:ref:refs/heads/main"), lambda: by_set("Reader")):
        with pytest.raises(ClientError, match="AccessDenied"):
            stranger()
    assert office.run(*words[:-4], "--check", "--profile", "admin-a")[0] == 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("action", "profile"),
    [("AssumeRole", "developer"), ("GetRepository", "developer"), ("SimulatePrincipalPolicy", "admin-a")],
)
def test_a_link_that_nobody_answered_for_neither_holds_nor_is_missing(
    office: Office, action: str, profile: str
) -> None:
    words = [*SHARE, "--role-name", "Shared", "--group", GROUP]
    for admin in ("admin-a", "admin-b"):
        more = ["--as", "developer"] if admin == "admin-b" else []
        assert office.run(*words, *more, "--apply", "--yes", "--profile", admin)[0] == 0
    assert office.run(*words, "--check", "--profile", profile)[0] == 0
    office.state.refuse(action, "ThrottlingException", "Rate exceeded", times=99)
    code, document, shown = office.run(*words, "--check", "--profile", profile)
    assert (code, document["ok"], document["problems"][0]["code"]) == (1, False, "net.unreachable"), shown
    assert False not in [link["holds"] for link in document["links"]]
