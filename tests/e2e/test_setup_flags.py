"""The kinds by flags alone against the sandbox: right, and each refusal with everything as it was before."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import AwsTools, CleanEnv
from messages import MARIA
from sandbox_world import marias_keys
from script import tree
from terminal import program

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, REGION, START_URL, role_arn

pytestmark = pytest.mark.slow

ACCESS, EXTERNAL, MFA, OIDC = (role_arn(f"CodeCommit{name}") for name in ("Access", "External", "Mfa", "Oidc"))
TO_REPO = ("--region", REGION, "--repo", "MySharedDemoRepo")


@dataclass(frozen=True)
class Person:
    """A home with maria's long-term keys in [maria], a work folder, and the sandbox around them."""

    sandbox: Sandbox
    env: Mapping[str, str]
    home: Path
    work: Path

    def setup(self, *words: str, paste: str = "", **more: str) -> Done:
        argv = [program(), "setup", *words, "--yes", "--no-input", "--json"]
        done = subprocess.run(
            argv, env={**self.env, **more}, cwd=self.work, input=paste, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        return Done(done.returncode, json.loads(done.stdout), done.stderr)


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, its JSON document, what a person read."""

    code: int
    said: dict[str, Any]
    shown: str

    @property
    def problem(self) -> dict[str, str]:
        return self.said["problems"][0]  # type: ignore[no-any-return]


@pytest.fixture
def person(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Person:
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    browser = tmp_path / "browser"
    get = "import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=20).read()"
    browser.write_text(f"#!{sys.executable}\n{get}\n")
    browser.chmod(0o755)
    sandbox.state.center.auto_approve = True
    env = clean_env(home, sandbox.environment(), path=[Path(sys.executable).parent], BROWSER=f"{browser} %s")
    keys = marias_keys(sandbox)
    (home / ".aws").mkdir(mode=0o700)
    (home / ".aws" / "config").write_text("# Maria's own\n[profile maria]\nregion = us-east-2\n")
    (home / ".aws" / "credentials").write_text(
        f"[maria]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    )
    return Person(sandbox, env, home, work)


def sso(person: Person) -> tuple[list[str], str]:
    words = [
        "--sso-start-url",
        START_URL,
        "--sso-region",
        "us-east-1",
        "--sso-account-id",
        CODE,
        "--sso-role-name",
        "Developer",
    ]
    return ["sso", *words], ""


def role(person: Person) -> tuple[list[str], str]:
    return ["role", "--role-arn", EXTERNAL, "--source-profile", "maria", "--external-id", "acme-2024"], ""


def role_mfa(person: Person) -> tuple[list[str], str]:
    device = person.sandbox.state.device("maria").serial
    code = person.sandbox.state.mfa_code(device)
    return ["role", "--role-arn", MFA, "--source-profile", "maria", "--mfa-serial", device, "--mfa-code", code], ""


def mfa(person: Person) -> tuple[list[str], str]:
    device = person.sandbox.state.device("maria").serial
    code = person.sandbox.state.mfa_code(device)
    return ["mfa", "--source-profile", "maria", "--mfa-serial", device, "--mfa-code", code], ""


def oidc(person: Person) -> tuple[list[str], str]:
    (person.work / "token").write_text(person.sandbox.state.web_identity_token())
    return ["oidc", "--role-arn", OIDC, "--web-identity-token-file", "token"], ""


def keys(person: Person) -> tuple[list[str], str]:
    three = person.sandbox.state.temporary_keys(ACCESS, "maria", 3600)
    return ["keys", "--keys", "-"], (
        f"export AWS_ACCESS_KEY_ID={three.access_key_id}\nexport AWS_SECRET_ACCESS_KEY={three.secret_access_key}\n"
        f"export AWS_SESSION_TOKEN={three.session_token}\n"
    )


KINDS = {"sso": sso, "role": role, "role-mfa": role_mfa, "mfa": mfa, "oidc": oidc, "keys": keys}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_kind_by_flags_ends_in_a_clone_that_pulls_and_pushes_with_both_helpers(
    kind: Callable[[Person], tuple[list[str], str]], person: Person, aws_tools: AwsTools
) -> None:
    words, paste = kind(person)
    name = "people-tools" if words[0] == "mfa" else "MySharedDemoRepo"
    done = person.setup(*words, "--profile", "dev", "--region", REGION, "--repo", name, paste=paste)
    assert done.code == 0, done.shown
    said = done.said
    account = "888888888888" if words[0] == "mfa" else CODE
    assert (said["ok"], said["kind"], said["profile"], said["region"]) == (True, words[0], "dev", REGION)
    assert said["identity"]["account_id"] == account
    assert said["repository"] == {"name": name, "region": REGION, "default_branch": "main"}
    assert said["clone"]["url"] == f"codecommit::{REGION}://dev@{name}"
    assert len(said["clone"]["commit"]) == 40
    assert said["backups"]
    assert said["problems"] == []
    no_secret_in(json.dumps(said) + done.shown, person)
    clone = Path(said["clone"]["directory"])
    assert clone.is_absolute()
    for first in (Path(sys.executable).parent, aws_tools.folder):
        env = {**person.env, "PATH": f"{first}:{person.env['PATH']}"}
        for git in (("pull", "-q"), ("commit", "-q", "--allow-empty", "-m", "x"), ("push", "-q")):
            who = ["-c", "user.name=Maria", "-c", "user.email=maria@acme.example"]
            ran = subprocess.run(["git", *who, *git], cwd=clone, env=env, capture_output=True, text=True, check=False)
            assert ran.returncode == 0, ran.stderr
    if "--mfa-serial" in words and words[0] == "role":
        return  # the AWS CLI keeps role sessions in a folder of its own, and would ask for a code
    asked = [str(aws_tools.aws), "sts", "get-caller-identity", "--profile", "dev", "--output", "json"]
    seen = subprocess.run(asked, env=person.env, capture_output=True, text=True, check=False)
    assert json.loads(seen.stdout)["Account"] == account, seen.stderr


def no_secret_in(text: str, person: Person) -> None:
    for held in person.sandbox.state.keys.values():
        assert held.secret_access_key not in text
        assert not held.session_token or held.session_token not in text


def wrong_external_id(person: Person) -> tuple[list[str], str]:
    return ["role", "--role-arn", EXTERNAL, "--source-profile", "maria", "--external-id", "acme-1999"], ""


def wrong_code(person: Person) -> tuple[list[str], str]:
    device = person.sandbox.state.device("maria").serial
    code = person.sandbox.state.wrong_mfa_code(device)
    return ["mfa", "--source-profile", "maria", "--mfa-serial", device, "--mfa-code", code], ""


def used_code(person: Person) -> tuple[list[str], str]:
    words, paste = mfa(person)
    assert person.sandbox.state.accept_mfa_code(words[4], words[6])
    return words, paste


def used_code_for_a_role(person: Person) -> tuple[list[str], str]:
    words, paste = role_mfa(person)
    assert person.sandbox.state.accept_mfa_code(words[6], words[8])
    return words, paste


def expired_keys(person: Person) -> tuple[list[str], str]:
    words, paste = keys(person)
    person.sandbox.state.expire(paste.split("=")[1].split("\n")[0])
    return words, paste


def expired_token(person: Person) -> tuple[list[str], str]:
    words, paste = oidc(person)
    (person.work / "token").write_text(person.sandbox.state.web_identity_token(lasts_s=-60))
    return words, paste


def forged_token(person: Person) -> tuple[list[str], str]:
    words, paste = oidc(person)
    (person.work / "token").write_text(person.sandbox.state.web_identity_token(forged=True))
    return words, paste


def denied_role(person: Person) -> tuple[list[str], str]:
    return ["role", "--role-arn", role_arn("Stranger"), "--source-profile", "maria"], ""


def denied_permission_set(person: Person) -> tuple[list[str], str]:
    words, paste = sso(person)
    return [*words[:-1], "Administrator"], paste


def unknown_repository(person: Person) -> tuple[list[str], str]:
    return [*role(person)[0], "--repo", "MyShardDemoRepo"], ""


def another_account(person: Person) -> tuple[list[str], str]:
    return [*role(person)[0], "--repo", f"arn:aws:codecommit:{REGION}:888888888888:MySharedDemoRepo"], ""


def shadowed(person: Person) -> tuple[list[str], str]:
    words, paste = keys(person)
    person.sandbox.state.remove_keys(paste.split("=")[1].split("\n")[0])
    return words, paste


REFUSALS = [
    (wrong_external_id, "access.assume", "didn't allow these credentials to assume"),
    (wrong_code, "access.assume", "rejected the MFA code"),
    (used_code, "access.assume", "rejected the MFA code"),
    (used_code_for_a_role, "access.assume", "rejected the MFA code"),
    (expired_keys, "keys.expired", "have expired"),
    (expired_token, "oidc.token-expired", "expired at"),
    (forged_token, "oidc.token-expired", "rejected the OIDC token"),
    (denied_role, "access.assume", "didn't allow these credentials to assume"),
    (denied_permission_set, "access.assume", "doesn't have the role Administrator"),
    (unknown_repository, "access.repository", "MyShardDemoRepo"),
    (another_account, "access.account", "888888888888"),
    (shadowed, "access.identity", "doesn't recognize the credentials"),
]


@pytest.mark.parametrize(("kind", "code", "says"), REFUSALS, ids=lambda it: getattr(it, "__name__", ""))
@pytest.mark.parametrize("fresh", [True, False], ids=["new", "changed"])
def test_a_refusal_is_one_sentence_and_a_next_step_and_leaves_everything_as_it_was(
    kind: Callable[[Person], tuple[list[str], str]], code: str, says: str, fresh: bool, person: Person
) -> None:
    words, paste = kind(person)
    if not fresh:
        (person.home / ".aws" / "config").write_bytes(
            b"[profile dev]\r\nrole_arn = x\r\n\r\n[profile maria]\r\nregion=us-east-2"
        )
    before = tree(person.home), tree(person.work)
    to = TO_REPO if "--repo" not in words else TO_REPO[:2]
    done = person.setup(*words, "--profile", "dev", *to, paste=paste)
    assert done.code == 1, done.shown
    if kind is unknown_repository:
        assert 'Did you mean "MySharedDemoRepo"?' in done.problem["next"]
    left = tree(person.home)
    if kind is denied_permission_set:  # the sign-in itself succeeded, and nobody should have to repeat it
        caches = {path for path in left if path.startswith(".aws/sso")}
        assert sum(path.endswith(".json") for path in caches) == 2  # the token, and the client's registration
        left = {path: there for path, there in left.items() if path not in caches}
    assert (left, tree(person.work)) == before
    assert done.said["ok"] is False
    assert (done.problem["code"], says in done.problem["what"]) == (code, True), done.problem
    assert done.problem["next"]
    no_secret_in(json.dumps(done.said) + done.shown, person)


def test_a_home_without_aws_files_is_without_them_again(person: Person) -> None:
    words, paste = shadowed(person)
    for name in ("config", "credentials"):
        (person.home / ".aws" / name).unlink()
    (person.home / ".aws").rmdir()
    before = tree(person.home)
    assert person.setup(*words, "--profile", "dev", *TO_REPO, paste=paste).code == 1
    assert tree(person.home) == before


def test_keep_on_failure_keeps_the_profile(person: Person) -> None:
    words, paste = shadowed(person)
    done = person.setup(*words, "--profile", "dev", "--keep-on-failure", *TO_REPO, paste=paste)
    assert done.code == 1 and "The profile dev was kept. To try again: ccsetup login dev" in done.shown
    assert "[dev]" in (person.home / ".aws" / "credentials").read_text()


def test_dry_run_shows_the_plan_and_writes_nothing(person: Person) -> None:
    words, _ = role(person)
    before = tree(person.home)
    done = person.setup(*words, "--profile", "dev", *TO_REPO, "--dry-run")
    assert done.code == 0
    assert tree(person.home) == before
    assert done.said["edits"] == [
        {
            "path": str(person.home / ".aws" / "config"),
            "section": "profile dev",
            "set": {
                "role_arn": EXTERNAL,
                "source_profile": "maria",
                "external_id": "acme-2024",
                "region": REGION,
            },
            "remove": [],
        }
    ]
    assert "+[profile dev]" in done.shown
    assert not list(person.work.iterdir())


def test_a_missing_answer_without_a_terminal_names_its_flag(person: Person) -> None:
    done = person.setup("sso", "--sso-start-url", START_URL)
    assert done.code == 2
    assert done.problem["code"] == "input.missing"
    for flag in ("--sso-region", "--sso-account-id", "--sso-role-name", "--repo"):
        assert flag in done.problem["what"]


def test_a_flag_that_does_not_belong_to_the_kind_is_refused(person: Person) -> None:
    words, paste = keys(person)
    done = person.setup(*words, "--external-id", "abc", "--profile", "dev", *TO_REPO, paste=paste)
    assert (done.code, done.problem["code"]) == (2, "input.invalid")
    assert "--external-id" in done.problem["what"]


def test_api_permission_may_lack_when_git_may_read(person: Person) -> None:
    done = person.setup(
        "role", "--role-arn", role_arn("CodeCommitPullPush"), "--source-profile", "maria", "--profile", "dev", *TO_REPO
    )
    assert done.code == 0, done.shown
    assert done.said["repository"]["default_branch"] == "main"


@pytest.mark.long
@pytest.mark.parametrize("name", ["--mirror", "empty"])
def test_a_strange_or_an_empty_repository_is_cloned(name: str, person: Person) -> None:
    done = person.setup(
        "role",
        "--role-arn",
        ACCESS,
        "--source-profile",
        "maria",
        "--profile",
        "dev",
        "--region",
        REGION,
        f"--repo={name}",
    )
    assert done.code == 0, done.shown
    assert (Path(done.said["clone"]["directory"]) / ".git").is_dir()
    assert Path(done.said["clone"]["directory"]).name == name


@pytest.mark.long
def test_a_folder_that_is_this_clone_is_brought_up_to_date_and_another_is_left_alone(person: Person) -> None:
    words = ("role", "--role-arn", ACCESS, "--source-profile", "maria", "--profile", "dev", *TO_REPO)
    assert person.setup(*words).code == 0
    again = person.setup(*words)
    assert (again.code, again.said["edits"]) == (0, [])
    (person.work / "other").mkdir()
    (person.work / "other" / "mine").write_text("mine")
    before = tree(person.home)
    refused = person.setup(*words, "--directory", "other")
    assert (refused.code, refused.problem["code"]) == (1, "git.failed")
    assert tree(person.home) == before
    assert (person.work / "other" / "mine").read_text() == "mine"


@pytest.mark.long
def test_a_repository_in_another_region_is_named_or_taken(person: Person) -> None:
    words = ("role", "--role-arn", ACCESS, "--source-profile", "maria", "--profile", "dev", "--repo", "MyDemoRepo")
    before = tree(person.home)
    refused = person.setup(*words, "--region", REGION)
    assert (refused.code, refused.problem["code"]) == (1, "access.region")
    assert "us-east-1" in refused.problem["what"]
    assert tree(person.home) == before
    taken = person.setup(*words)
    assert (taken.code, taken.said["region"]) == (0, "us-east-1"), taken.shown
    assert "region = us-east-1" in (person.home / ".aws" / "config").read_text()


@pytest.mark.long
def test_a_branch_and_a_folder_are_taken(person: Person) -> None:
    words = ("role", "--role-arn", ACCESS, "--source-profile", "maria", "--profile", "dev", *TO_REPO)
    done = person.setup(*words, "--branch", "develop", "--directory", "deep/er")
    assert done.code == 0, done.shown
    assert "develop" in (person.work / "deep" / "er" / ".git" / "HEAD").read_text()


@pytest.mark.long
def test_a_profile_that_is_here_already_is_used_as_it_is(person: Person) -> None:
    assert person.setup(*role(person)[0], "--profile", "dev", "--no-clone", "--region", REGION).code == 0
    before = tree(person.home)
    done = person.setup("existing", "--profile", "dev", *TO_REPO)
    assert (done.code, done.said["edits"]) == (0, [])
    assert tree(person.home).keys() - before.keys() <= {".aws/boto", ".aws/boto/cache"} | {
        k for k in tree(person.home) if k.startswith(".aws/boto/cache/")
    }


@pytest.mark.long
def test_a_profile_that_changes_its_kind_loses_the_keys_of_the_old_one_in_both_files(person: Person) -> None:
    words, paste = keys(person)
    assert person.setup(*words, "--profile", "dev", "--no-clone", "--region", REGION, paste=paste).code == 0
    assert person.setup(*role(person)[0], "--profile", "dev", *TO_REPO).code == 0
    assert "[dev]" not in (person.home / ".aws" / "credentials").read_text()


def test_a_config_file_that_nobody_can_read_stops_with_its_line(person: Person) -> None:
    with (person.home / ".aws" / "config").open("a") as file:
        file.write("[profile maria]\nregion = us-east-1\n")
    before = tree(person.home)
    done = person.setup(*role(person)[0], "--profile", "dev", *TO_REPO)
    assert (done.code, done.problem["code"]) == (1, "file.duplicate-section")
    assert "line 4" in done.problem["what"]
    assert tree(person.home) == before


def test_variables_of_another_access_do_not_step_in(person: Person) -> None:
    stray = person.sandbox.state.add_user_keys("nobody")
    more = {"AWS_ACCESS_KEY_ID": stray.access_key_id, "AWS_SECRET_ACCESS_KEY": stray.secret_access_key,
            "AWS_PROFILE": "not-there", "AWS_DEFAULT_REGION": "eu-west-3"}  # fmt: skip
    done = person.setup(*role(person)[0], "--profile", "dev", *TO_REPO, **more)
    assert done.code == 0, done.shown
    assert done.said["identity"]["account_id"] == CODE


@pytest.mark.long
def test_a_whole_message_on_stdin_is_all_it_needs(person: Person) -> None:
    person.sandbox.state.center.auto_approve, person.sandbox.state.center.interval_s = True, 1
    done = person.setup("--paste", "-", "--device-code", paste=MARIA)
    assert (done.code, done.said["kind"], done.said["profile"]) == (0, "sso", "acme-developer"), done.shown
    assert "Recognized: the start URL" in done.shown
    assert (person.work / "MySharedDemoRepo" / ".git").is_dir()


def test_flags_beside_a_paste_win(person: Person) -> None:
    paste = f"role {ACCESS}, source_profile = maria, the repository is MySharedDemoRepo in us-east-2"
    done = person.setup("role", "--paste", "-", "--profile", "mine", "--no-clone", paste=paste)
    assert (done.code, done.said["profile"], done.said["clone"]) == (0, "mine", None), done.shown


@pytest.mark.long
def test_a_paste_that_can_be_meant_in_two_ways_names_them_and_takes_the_kind_for_an_answer(person: Person) -> None:
    own = marias_keys(person.sandbox)
    paste = f"{own.access_key_id} {own.secret_access_key} and {ACCESS}; the repository is MySharedDemoRepo in us-east-2"
    done = person.setup("--paste", "-", paste=paste)
    assert (done.code, done.problem["code"]) == (2, "input.invalid")
    assert "role (The role, assumed with these access keys), keys (Just the access keys)" in done.problem["what"]
    assert own.secret_access_key not in done.shown
    done = person.setup("role", "--paste", "-", paste=paste)
    assert (done.code, done.said["profile"]) == (0, "CodeCommitAccess"), done.shown


@pytest.mark.long
def test_a_paste_with_nothing_but_an_address_finds_the_profile(person: Person) -> None:
    config = person.home / ".aws" / "config"
    config.write_text(f"[profile code]\nrole_arn = {ACCESS}\nsource_profile = maria\nregion = us-east-2\n")
    done = person.setup(
        "--paste", "-", paste="https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo"
    )
    assert (done.code, done.said["profile"], done.said["edits"]) == (0, "code", []), done.shown


@pytest.mark.parametrize(
    ("words", "paste", "says"),
    [
        (("--paste", "-"), "hello there", "No AWS access details were found in the pasted text"),
        (
            ("sso", "--paste", "-"),
            f"the role is {ACCESS}",
            "No AWS access details for sso were found in the pasted text",
        ),
        (("--paste", "a message"), "", "--paste must be - (stdin)"),
        (("--paste", "-", "--keys", "-"), "", "both read from stdin"),
    ],
)
def test_a_paste_that_leads_nowhere_is_one_sentence(
    person: Person, words: tuple[str, ...], paste: str, says: str
) -> None:
    before = tree(person.home)
    done = person.setup(*words, paste=paste)
    assert (done.code, done.problem["code"]) == (2, "input.invalid")
    assert says in done.problem["what"]
    assert tree(person.home) == before
