"""ccsetup clone: any address, whichever profile can read it, both transports, and what is there already; with real git."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import AwsTools, CleanEnv
from paths import ROOT
from script import tree
from terminal import CTRL_C, Terminal, program

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, PEOPLE, REGION, role_arn
from ccsetup.sandbox.resources import Keys

pytestmark = pytest.mark.slow

ACCOUNT_B = "444455556666"


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, its JSON document, what a person read."""

    code: int
    said: dict[str, Any]
    shown: str

    @property
    def problem(self) -> dict[str, str]:
        return self.said["problems"][0]  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Person:
    """A home, a work folder, and the sandbox around them."""

    sandbox: Sandbox
    env: Mapping[str, str]
    home: Path
    work: Path

    def profile(self, name: str, held: str | Keys = "CodeCommitAccess", **more: str) -> None:
        """Write a profile with temporary keys of one of the cast's roles."""
        keys = self.sandbox.state.temporary_keys(role_arn(held)) if isinstance(held, str) else held
        told = {
            "aws_access_key_id": keys.access_key_id,
            "aws_secret_access_key": keys.secret_access_key,
            **({"aws_session_token": keys.session_token} if keys.session_token else {}),
            **more,
        }
        self.settings("credentials", name, told)

    def settings(self, file: str, section: str, told: Mapping[str, str]) -> None:
        path = self.home / ".aws" / file
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as out:
            out.write(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in told.items()) + "\n")

    def clone(self, *words: str, yes: bool = True, **more: str) -> Done:
        argv = [program(), "clone", *words, *(["--yes"] if yes else []), "--no-input", "--json"]
        done = subprocess.run(
            argv, env={**self.env, **more}, cwd=self.work, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, json.loads(done.stdout), done.stderr)

    def git(self, place: str, *words: str, **more: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.work / place), *words], env={**self.env, **more}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder with our two helpers, as pip would write them, in a place with a blank in its name."""
    for name, module in (
        ("git-remote-codecommit", "git.helper.remote"),
        ("git-credential-ccsetup", "git.helper.credential"),
    ):
        body = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom ccsetup.{module} import main\nsys.exit(main())\n"
        script(tmp_path / "my bin" / name, f"#!{sys.executable}\n{body}")
    return tmp_path / "my bin"


@pytest.fixture
def person(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path, commands: Path) -> Person:
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    env = clean_env(home, sandbox.environment(), path=[commands])
    (home / ".gitconfig").write_text("[user]\nname = Maria\nemail = maria@acme.example\n[init]\ndefaultBranch = main\n")
    return Person(sandbox, env, home, work)


def pulls_and_pushes(person: Person, place: str, **more: str) -> None:
    (person.work / place / "note").write_text(str(time.time_ns()))
    person.git(place, "add", ".", **more)
    person.git(place, "commit", "-qm", "Note", **more)
    person.git(place, "push", "-q", **more)
    person.git(place, "pull", "-q", **more)


def test_a_name_alone_is_found_with_whichever_profile_sees_it(person: Person) -> None:
    person.profile("readonly", "CodeCommitReadOnly", region="us-east-1")
    person.profile("people", "CodeCommitPullPush", region=REGION)
    person.settings("config", "profile elsewhere", {"region": "eu-west-1"})
    done = person.clone("handbook")
    assert done.code == 0, done.shown
    assert "handbook in eu-central-1" in done.shown
    assert done.said["profile"] == "readonly"
    assert done.said["clone"]["url"] == "codecommit::eu-central-1://readonly@handbook"
    assert done.said["identity"]["account_id"] == CODE
    assert done.said["repository"] == {"name": "handbook", "region": "eu-central-1", "default_branch": "main"}
    assert (person.work / "handbook/README.md").is_file()


FORMS = [
    "MySharedDemoRepo",
    "codecommit://dev@MySharedDemoRepo",
    "codecommit::us-east-2://colleague@MySharedDemoRepo",
    "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
    "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
    "arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo",
    "https://us-east-2.console.aws.amazon.com/codesuite/codecommit/repositories/MySharedDemoRepo/browse?region=us-east-2",
    "git clone codecommit::us-east-2://dev@MySharedDemoRepo",
]


@pytest.mark.long
def test_every_form_of_address_leads_to_the_same_clone(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    addresses = [*FORMS, f"https://{person.sandbox.git_host}/v1/repos/MySharedDemoRepo"]
    for number, form in enumerate(addresses):
        done = person.clone(form, f"clone-{number}", "--dry-run") if number else person.clone(form)
        assert done.code == 0, (form, done.shown)
        assert done.said["profile"] == "dev", form
    assert [path.name for path in person.work.iterdir()] == ["MySharedDemoRepo"]
    assert person.clone(FORMS[-1]).said["clone"]["url"] == "codecommit::us-east-2://dev@MySharedDemoRepo"


@pytest.mark.parametrize("which", ["ours", "aws's git-remote-codecommit", "credential-helper", "aws's helper"])
def test_a_clone_pulls_and_pushes_by_every_way(person: Person, aws_tools: AwsTools, which: str) -> None:
    person.profile("dev", region="us-east-2")
    theirs = {"PATH": f"{aws_tools.folder}{os.pathsep}{person.env['PATH']}"}
    words, more = {
        "ours": ((), {}),
        "aws's git-remote-codecommit": ((), theirs),
        "credential-helper": (("--via", "credential-helper"), {}),
        "aws's helper": (("--via", "credential-helper", "--helper", "aws"), theirs),
    }[which]
    told = person.home / "asked"
    person.git(
        "", "config", "--global", "credential.helper", f'!f() {{ test "$1" != get || echo asked >> {told}; }}; f'
    )
    done = person.clone("MySharedDemoRepo", *words, **more)
    assert done.code == 0, done.shown
    assert done.said["clone"]["via"] == (words[1] if words else "git-remote-codecommit")
    pulls_and_pushes(person, "MySharedDemoRepo", **more)
    assert not told.exists()
    before = (person.home / ".gitconfig").read_text()
    assert before.count("helper") == 1


@pytest.mark.long
def test_the_helper_is_named_by_a_path_that_is_no_links_target(person: Person, commands: Path) -> None:
    person.profile("dev", region="us-east-2")
    kept = shutil.move(commands / "git-credential-ccsetup", person.home / "version-1")
    (commands / "git-credential-ccsetup").symlink_to(kept)
    assert person.clone("MySharedDemoRepo", "--via", "credential-helper").code == 0
    shown = person.git("MySharedDemoRepo", "config", "--get-all", "credential.helper")
    assert f"{commands}/git-credential-ccsetup".replace(" ", "\\ ") in shown
    (commands / "git-credential-ccsetup").unlink()
    (commands / "git-credential-ccsetup").symlink_to(shutil.move(kept, person.home / "version-2"))
    pulls_and_pushes(person, "MySharedDemoRepo")


@pytest.mark.long
@pytest.mark.parametrize("name", ["org/dev", "me@corp", "my dev"])
def test_a_profile_that_git_remote_codecommit_misreads_goes_by_the_helper(person: Person, name: str) -> None:
    person.profile(name, region="us-east-2")
    done = person.clone("MySharedDemoRepo")
    assert done.code == 0, done.shown
    assert done.said["clone"]["via"] == "credential-helper"
    assert f"can't use the profile name {name}" in done.shown
    pulls_and_pushes(person, "MySharedDemoRepo")


@pytest.mark.long
def test_where_git_finds_no_helper_the_second_way_is_taken_so_that_tomorrows_pull_works(
    person: Person, commands: Path
) -> None:
    person.profile("dev", region="us-east-2")
    (commands / "git-remote-codecommit").unlink()
    plain = {"PATH": f"{commands}:/usr/bin:/bin"}
    done = person.clone("MySharedDemoRepo", **plain)
    assert done.code == 0, done.shown
    assert "git can't find git-remote-codecommit" in done.shown
    pulls_and_pushes(person, "MySharedDemoRepo", **plain)


@pytest.mark.long
def test_a_vpc_endpoints_host_is_kept_by_the_helper(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    host = "vpce-0a1b.git-codecommit.us-east-2.vpce.amazonaws.com:8443"
    env = {"CODE_COMMIT_ENDPOINT": ""}
    done = person.clone(f"https://{host}/v1/repos/MySharedDemoRepo", "--dry-run", **env)
    assert f"from https://{host}/v1/repos/MySharedDemoRepo" in done.shown
    remote = person.clone(
        f"https://{host}/v1/repos/MySharedDemoRepo", "--dry-run", "--via", "git-remote-codecommit", **env
    )
    assert f"export CODE_COMMIT_ENDPOINT={host}" in remote.shown


@pytest.mark.long
def test_another_region_is_taken_when_none_was_said_and_named_when_one_was(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    refused = person.clone("handbook", "--region", "us-east-1")
    assert (refused.code, refused.problem["code"]) == (1, "access.region")
    assert "eu-central-1" in refused.problem["what"]
    assert list(person.work.iterdir()) == []
    named = person.clone("codecommit::us-east-1://dev@handbook")
    assert named.problem["code"] == "access.region"
    taken = person.clone("handbook", "--profile", "dev")
    assert (taken.code, taken.said["region"]) == (0, "eu-central-1")
    assert "Using eu-central-1" in taken.shown


def test_another_account_than_the_arns_is_refused_naming_both(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    done = person.clone(f"arn:aws:codecommit:us-east-2:{PEOPLE}:MySharedDemoRepo")
    assert (done.code, done.problem["code"]) == (1, "access.account")
    assert CODE in done.problem["what"]
    assert PEOPLE in done.problem["what"]
    assert person.clone(f"arn:aws:codecommit:us-east-2:{PEOPLE}:MySharedDemoRepo", "--profile", "dev").code == 1
    assert list(person.work.iterdir()) == []


@pytest.mark.long
def test_different_repositories_of_one_name_are_listed(person: Person) -> None:
    person.sandbox.state.add_repository(CODE, "us-east-1", "MySharedDemoRepo")
    person.profile("dev", region="us-east-2")
    person.profile("east", region="us-east-1")
    done = person.clone("MySharedDemoRepo")
    assert done.code == 2
    assert "us-east-2 in account 111122223333 (profile dev)" in done.problem["what"]
    assert "us-east-1 in account 111122223333 (profile east)" in done.problem["what"]
    assert list(person.work.iterdir()) == []
    assert person.clone("MySharedDemoRepo", "--region", "us-east-1").said["region"] == "us-east-1"


@pytest.mark.long
def test_of_several_profiles_that_see_it_one_is_taken_for_a_reason_that_is_said(person: Person) -> None:
    person.profile("short", region="us-east-2", expiration="2026-11-21T13:00:00Z")
    person.profile("long", region="us-east-2", expiration="2099-01-01T00:00:00Z")
    lasting = person.clone("payments-api")
    assert (lasting.said["profile"], "expires last" in lasting.shown) == ("long", True)
    named = person.clone("payments-web", AWS_PROFILE="short")
    assert (named.said["profile"], "(from AWS_PROFILE)" in named.shown) == ("short", True)
    shutil.rmtree(person.work / "payments-api")
    used = person.clone("MySharedDemoRepo")
    assert (used.said["profile"], "like other clones in this folder" in used.shown) == ("short", True)


@pytest.mark.long
def test_a_wrong_name_suggests_near_ones(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    done = person.clone("MySharedDemoRep")
    assert (done.code, done.problem["code"]) == (1, "access.repository")
    assert "MySharedDemoRepo" in done.problem["next"]
    assert "case-sensitive" in person.clone("myshareddemorepo", "--region", "us-east-2").problem["next"]


def test_without_a_profile_setup_is_the_next_step(person: Person) -> None:
    done = person.clone("codecommit::us-east-2://MySharedDemoRepo")
    assert (done.code, done.problem["code"]) == (1, "profile.missing")
    assert done.problem["next"] == "Set up access: ccsetup setup --repo codecommit::us-east-2://MySharedDemoRepo"


@pytest.mark.long
def test_profiles_that_need_a_person_are_not_asked_but_named(person: Person) -> None:
    ran = person.home / "ran"
    person.settings("config", "profile program", {"credential_process": f"touch {ran}", "region": REGION})
    person.settings(
        "config", "sso-session acme", {"sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1"}
    )
    signed_out = {"sso_session": "acme", "sso_account_id": CODE, "sso_role_name": "Developer", "region": REGION}
    person.settings("config", "profile acme-dev", signed_out)
    maria = person.sandbox.state.user_keys(f"arn:aws:iam::{PEOPLE}:user/maria")
    person.profile("maria", maria)
    serial = person.sandbox.state.device("maria").serial
    with_code = {
        "role_arn": role_arn("CodeCommitMfa"),
        "source_profile": "maria",
        "mfa_serial": serial,
        "region": REGION,
    }
    person.settings("config", "profile coded", with_code)
    before = tree(person.home)
    done = person.clone("MySharedDemoRepo")
    assert done.code == 1
    assert "ccsetup login acme-dev" in done.problem["why"]
    assert "ccsetup login coded" in done.problem["why"]
    assert not ran.exists()
    assert tree(person.home) == before


def test_git_permission_without_api_permission_is_enough(person: Person) -> None:
    person.profile("gitonly", "CodeCommitPullPush", region="us-east-2")
    assert person.clone("MySharedDemoRepo").code == 0
    pulls_and_pushes(person, "MySharedDemoRepo")


def test_a_folder_that_is_this_clone_is_fetched_and_anything_else_is_left_alone(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    person.profile("other", region="us-east-2")
    assert person.clone("MySharedDemoRepo", "--profile", "dev").code == 0
    again = person.clone("MySharedDemoRepo")
    assert (again.code, again.said["clone"]["url"]) == (0, "codecommit::us-east-2://dev@MySharedDemoRepo")
    assert "already cloned" in again.shown
    through = person.clone("MySharedDemoRepo", "--profile", "other")
    assert through.code == 0
    assert "remote set-url origin codecommit::us-east-2://other@MySharedDemoRepo" in through.shown
    assert through.said["clone"]["url"] == "codecommit::us-east-2://dev@MySharedDemoRepo"
    (person.work / "mine").mkdir()
    (person.work / "mine/file").write_text("mine")
    before = tree(person.work)
    for place in ("mine", "MySharedDemoRepo"):
        refused = person.clone("payments-api", place)
        assert refused.code == 1
    assert tree(person.work) == before


@pytest.mark.long
def test_an_empty_repository_is_cloned_and_its_first_push_goes_through(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    done = person.clone("empty")
    assert (done.code, done.said["clone"]["commit"]) == (0, None)
    pulls_and_pushes(person, "empty")


@pytest.mark.long
def test_create_makes_a_missing_repository_after_a_yes(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    refused = person.clone("brand-new", "--create", yes=False)
    assert refused.code == 2
    assert ("111122223333", "us-east-2", "brand-new") not in person.sandbox.state.repositories
    done = person.clone("brand-new", "--create")
    assert done.code == 0, done.shown
    pulls_and_pushes(person, "brand-new")
    assert person.clone("brand-new", "again", "--create", "--profile", "dev").code == 0
    person.profile("readonly", "CodeCommitReadOnly", region="us-east-2")
    denied = person.clone("another", "--create", "--profile", "readonly")
    assert denied.code == 1
    assert not (person.work / "another").exists()


def test_print_url_prints_every_address_and_clones_nothing(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    done = person.clone("MySharedDemoRepo", "--print-url", CODE_COMMIT_ENDPOINT="")
    host = "git-codecommit.us-east-2.amazonaws.com"
    assert done.said["urls"] == {
        "codecommit": "codecommit::us-east-2://dev@MySharedDemoRepo",
        "https": f"https://{host}/v1/repos/MySharedDemoRepo",
        "ssh": f"ssh://{host}/v1/repos/MySharedDemoRepo",
        "arn": "arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo",
        "console": "https://us-east-2.console.aws.amazon.com/codesuite/codecommit/repositories/MySharedDemoRepo"
        "/browse?region=us-east-2",
    }
    assert list(person.work.iterdir()) == []


def test_a_dry_run_says_what_it_would_do_and_leaves_everything(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    before = tree(person.home)
    done = person.clone("payments-api", "--dry-run")
    assert done.code == 0
    assert "clone   ./payments-api from codecommit::us-east-2://dev@payments-api" in done.shown
    assert (list(person.work.iterdir()), tree(person.home)) == ([], before)


@pytest.mark.long
def test_whose_commits_they_are_is_said_when_git_does_not_know(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    (person.home / ".gitconfig").unlink()
    done = person.clone("MySharedDemoRepo")
    assert done.code == 0
    assert "git config user.name" in done.shown
    assert not (person.home / ".gitconfig").exists()


def with_submodules(person: Person, **urls: str) -> None:
    """Push a commit with submodules to MySharedDemoRepo; each holds the first commit of the repository it names."""
    place = person.work / "seed"
    assert person.clone("MySharedDemoRepo", "seed", "--profile", "dev").code == 0
    lines = ""
    for name, told in urls.items():
        repository, url = told.split(" ")
        commit = (
            person.git("", "ls-remote", f"codecommit::{REGION}://dev@{repository}", "HEAD").split()[0]
            if repository != "-"
            else "1" * 40
        )
        person.git("seed", "update-index", "--add", "--cacheinfo", f"160000,{commit},{name}")
        lines += f'[submodule "{name}"]\n\tpath = {name}\n\turl = {url}\n'
    (place / ".gitmodules").write_text(lines)
    person.git("seed", "add", ".gitmodules")
    person.git("seed", "commit", "-qm", "Submodules")
    person.git("seed", "push", "-q")


@pytest.mark.long
@pytest.mark.parametrize("via", ["git-remote-codecommit", "credential-helper"])
def test_submodules_on_codecommit_come_with_the_same_profile(person: Person, via: str) -> None:
    person.profile("dev", region="us-east-2")
    person.sandbox.state.add_repository(CODE, "us-east-2", "web")
    with_submodules(
        person,
        beside="payments-api ../payments-api",
        named="payments-web codecommit::us-east-2://colleague@payments-web",
        https="web https://git-codecommit.us-east-2.amazonaws.com/v1/repos/web",
        vendor="- https://github.com/acme/vendor.git",
    )
    done = person.clone("MySharedDemoRepo", "--profile", "dev", "--via", via)
    assert done.code == 0, done.shown
    clone = person.work / "MySharedDemoRepo"
    for name in ("beside", "named", "https"):
        assert (clone / name / "README.md").is_file(), done.shown
        assert "dev" in person.git(f"MySharedDemoRepo/{name}", "config", "-l", "--local")
        person.git(f"MySharedDemoRepo/{name}", "fetch", "-q")
    assert list((clone / "vendor").iterdir()) == []
    assert "https://github.com/acme/vendor.git" in done.shown
    person.git("MySharedDemoRepo", "submodule", "update", "beside", "named", "https")
    assert person.git("MySharedDemoRepo", "status", "--porcelain") == ""
    (clone / "beside/mine").write_text("mine")
    again = person.clone("MySharedDemoRepo", "--profile", "dev", "--via", via)
    assert again.code == 0
    assert (clone / "beside/mine").read_text() == "mine"


@pytest.mark.long
def test_a_submodule_that_is_refused_is_said_and_the_clone_stays(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    with_submodules(person, gone="- ../no-such", beside="payments-api ../payments-api")
    done = person.clone("MySharedDemoRepo", "--profile", "dev")
    assert done.code == 1
    assert "Couldn't fetch the submodule gone." in done.problem["what"]
    assert (person.work / "MySharedDemoRepo/beside/README.md").is_file()
    assert person.clone("MySharedDemoRepo", "--profile", "dev").code == 1


@pytest.mark.long
def test_a_submodule_whose_clone_was_killed_is_fetched_by_the_next_run(person: Person, commands: Path) -> None:
    person.profile("dev", region="us-east-2")
    with_submodules(person, beside="payments-api ../payments-api")
    real = shutil.move(commands / "git-remote-codecommit", commands / "real")
    hang = f"case $2 in *payments-api) touch {person.home}/started; kill -9 $(cat {person.home}/pid); exit 1;; esac"
    script(commands / "git-remote-codecommit", f"#!/bin/sh\n{hang}\nexec '{real}' \"$@\"\n")
    argv = [program(), "clone", "MySharedDemoRepo", "--profile", "dev", "--yes", "--no-input"]
    child = subprocess.Popen(["sh", "-c", f'echo $$ > {person.home}/pid; exec "$@"', "-", *argv], env=person.env,
                             cwd=person.work, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    assert child.wait(30) == -9
    assert (person.home / "started").exists()
    shutil.move(real, commands / "git-remote-codecommit")
    done = person.clone("MySharedDemoRepo", "--profile", "dev")
    assert done.code == 0, done.shown
    assert (person.work / "MySharedDemoRepo/beside/README.md").is_file()
    assert person.git("MySharedDemoRepo", "status", "--porcelain") == ""


@pytest.mark.long
def test_a_repository_named_like_an_option_is_cloned_as_such(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    assert person.clone("codecommit://--mirror").code == 0
    assert (person.work / "--mirror/README.md").is_file()


@pytest.mark.long
def test_a_person_may_move_a_clone_to_another_profile_and_way(person: Person) -> None:
    person.profile("old", region="us-east-2")
    person.profile("new", region="us-east-2")
    assert person.clone("MySharedDemoRepo", "--profile", "old").code == 0
    terminal = at_a_terminal(person, "MySharedDemoRepo", "--profile", "new", "--via", "credential-helper")
    terminal.answer("Change the remote URL to", "y")
    assert terminal.exit_code() == 0, terminal.text()
    assert "--profile new" in person.git("MySharedDemoRepo", "config", "--get-all", "credential.helper")
    pulls_and_pushes(person, "MySharedDemoRepo")


def at_a_terminal(person: Person, *words: str) -> Terminal:
    return Terminal([program(), "clone", *words], dict(person.env), person.work)


@pytest.mark.long
def test_a_person_chooses_between_repositories_of_one_name(person: Person) -> None:
    person.sandbox.state.add_repository(CODE, "us-east-1", "MySharedDemoRepo")
    person.profile("dev", region="us-east-2")
    person.profile("east", region="us-east-1")
    (person.home / ".gitconfig").unlink()
    terminal = at_a_terminal(person, "MySharedDemoRepo")
    terminal.answer("Which repository?", "us-east-1")
    terminal.answer("Your name for commits", "Maria Garcia")
    terminal.answer("Your email for commits", "maria@acme.example")
    assert terminal.exit_code() == 0, terminal.text()
    assert "codecommit::us-east-1://east@" in person.git("MySharedDemoRepo", "remote", "get-url", "origin")
    assert person.git("MySharedDemoRepo", "config", "--local", "user.name") == "Maria Garcia\n"
    assert not (person.home / ".gitconfig").exists()


@pytest.mark.long
def test_a_person_who_mistyped_the_name_takes_the_one_that_was_meant(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    terminal = at_a_terminal(person, "MySharedDemoRepoo")
    terminal.answer("What do you want to do?", "Use MySharedDemoRepo")
    assert terminal.exit_code() == 0, terminal.text()
    assert "dev@MySharedDemoRepo" in person.git("MySharedDemoRepo", "remote", "get-url", "origin")


@pytest.mark.long
@pytest.mark.parametrize("takes", [True, False])
def test_a_person_is_offered_the_region_it_is_in(person: Person, takes: bool) -> None:
    person.profile("dev", region="us-east-2")
    terminal = at_a_terminal(person, "codecommit::us-east-1://handbook")
    terminal.answer("Clone from another region?", *([] if takes else ["Quit"]))
    assert terminal.exit_code() == (0 if takes else 130), terminal.text()
    assert [path.name for path in person.work.iterdir()] == (["handbook"] if takes else [])


@pytest.mark.long
def test_a_person_without_access_is_led_to_setup_with_the_address_taken_along(person: Person) -> None:
    terminal = at_a_terminal(person, "codecommit::us-east-2://MySharedDemoRepo")
    terminal.answer("What do you want to do?", "Set up")
    terminal.answer("What were you given?", "Temporary")
    keys = person.sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    terminal.answer("Access key ID", keys.access_key_id)
    terminal.answer("Secret access key", keys.secret_access_key)
    terminal.answer("Session token", keys.session_token)
    terminal.answer("Profile name", "\x15dev")
    terminal.answer("Write these changes?")
    assert terminal.exit_code() == 0, terminal.text()
    pulls_and_pushes(person, "MySharedDemoRepo")


@pytest.mark.long
def test_a_person_may_let_programs_run_for_their_credentials(person: Person) -> None:
    keys = person.sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    told = {
        "Version": 1,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
    }
    program_ = script(person.home / "program", f"#!/bin/sh\ntouch {person.home}/ran\necho '{json.dumps(told)}'\n")
    person.settings("config", "profile program", {"credential_process": str(program_), "region": REGION})
    terminal = at_a_terminal(person, "MySharedDemoRepo")
    terminal.ask("Run the programs that provide credentials for program?")
    assert not (person.home / "ran").exists()
    terminal.press("y", "\r")
    assert terminal.exit_code() == 0, terminal.text()


@pytest.mark.long
def test_a_person_creates_a_repository_with_its_description(person: Person) -> None:
    person.profile("dev", region="us-east-2")
    terminal = at_a_terminal(person, "brand-new", "--create")
    terminal.answer("Create brand-new in us-east-2 with dev?", "y")
    terminal.answer("Description (optional)", "Our new service")
    assert terminal.exit_code() == 0, terminal.text()
    made = next(r for r in person.sandbox.state.repositories.values() if r.name == "brand-new")
    assert made.description == "Our new service"


def test_ctrl_c_at_a_question_leaves_nothing(person: Person) -> None:
    person.sandbox.state.add_repository(CODE, "us-east-1", "MySharedDemoRepo")
    person.profile("dev", region="us-east-2")
    person.profile("east", region="us-east-1")
    before = tree(person.home)
    terminal = at_a_terminal(person, "MySharedDemoRepo")
    terminal.ask("Which repository?")
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130
    assert (list(person.work.iterdir()), tree(person.home)) == ([], before)


def test_ctrl_c_while_everybody_is_asked_is_answered_at_once(person: Person) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for number in range(20):
            person.profile(f"p{number}", region="us-east-2")
        env = {**person.env, "AWS_ENDPOINT_URL_CODECOMMIT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        argv = [program(), "clone", "MySharedDemoRepo", "--yes"]
        child = subprocess.Popen(argv, env=env, cwd=person.work, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        silent.settimeout(20)
        taken = [silent.accept() for _ in range(16)]
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        _, shown = child.communicate(timeout=20)
        assert time.monotonic() - began < 4  # they would be waited for much longer
        assert child.returncode == 130
        assert b"Canceled" in shown
        for connection, _ in taken:
            connection.close()
    assert list(person.work.iterdir()) == []


# ------------------------------------------------------------------ nobody answered


@pytest.mark.parametrize("words", [["MyDemoRepo"], ["MyDemoRepo", "--region", REGION], ["MyDemoRepo", "--create"],
                                   ["MyDemoRepo", "--profile", "one"], ["MyDemoRepo", "--profile", "one", "--create"],
                                   ["MyDemoRepo", "--print-url"]])  # fmt: skip
def test_a_search_that_nobody_answers_says_so_and_creates_nothing(person: Person, words: list[str]) -> None:
    person.profile("one", region=REGION)
    person.profile("two", "CodeCommitReadOnly", region=REGION)
    person.sandbox.state.refuse("GetRepository", "ThrottlingException", "Rate exceeded", times=999)
    done = person.clone(*words)
    assert (done.code, done.problem["code"]) == (1, "net.unreachable")
    says = "AWS was too busy" if "--profile" in words else "AWS didn't respond"
    assert says in done.problem["what"]
    assert "No profile can read" not in done.shown
    assert "login" not in done.shown
    assert not (person.work / "MyDemoRepo").exists()
    assert "CreateRepository" not in [entry.action for entry in person.sandbox.log]


@pytest.mark.parametrize("action", ["GetCallerIdentity", "GetRepository"])
def test_a_profile_whose_proof_nobody_answered_is_not_cloned_with(person: Person, action: str) -> None:
    person.profile("one", region=REGION)
    person.sandbox.state.refuse(action, "ServiceUnavailable", "busy", status=503, times=99)
    done = person.clone("MySharedDemoRepo", "--profile", "one", "--region", REGION)
    assert (done.code, done.problem["code"], done.said["clone"]) == (1, "net.unreachable", None)
    assert "login" not in done.shown


@pytest.mark.long
def test_a_program_whose_expiration_no_tool_reads_leads_to_no_login(person: Person) -> None:
    held = {
        "Version": 1,
        "AccessKeyId": "A",
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": "2099-11-28T18:00:00",
    }
    (person.home / "keys.json").write_text(json.dumps(held))
    person.settings(
        "config", "profile printed", {"credential_process": f"cat {person.home}/keys.json", "region": REGION}
    )
    for words in (["--profile", "printed"], ["--profile", "printed", "--region", REGION]):
        done = person.clone("MySharedDemoRepo", *words)
        assert (done.code, done.problem["code"]) == (1, "process.failed")
        assert '"2026-11-28T18:00:00Z"' in done.problem["what"]
        assert "login" not in done.shown


@pytest.mark.long
def test_a_clone_on_a_disk_where_all_belongs_to_another_user_is_kept_and_said(person: Person) -> None:
    person.profile("dev", region=REGION)
    done = person.clone("MySharedDemoRepo", "--profile", "dev", GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert done.code == 1
    assert done.problem["code"] == "git.settings"
    assert done.problem["next"] == f"Run: git config --global --add safe.directory {person.work}/MySharedDemoRepo"
    assert (person.work / "MySharedDemoRepo/README.md").is_file()
    assert person.git("MySharedDemoRepo", "status", "--porcelain") == ""


@pytest.mark.long
def test_a_tag_is_checked_out_as_git_does(person: Person) -> None:
    person.profile("dev", region=REGION)
    assert person.clone("MySharedDemoRepo", "seed", "--profile", "dev").code == 0
    person.git("seed", "tag", "light", "HEAD~1")
    person.git("seed", "tag", "-m", "annotated", "v1.0/rc")
    person.git("seed", "push", "-q", "origin", "--tags")
    for number, name in enumerate(("light", "v1.0/rc")):
        done = person.clone("MySharedDemoRepo", f"at-{number}", "--branch", name, "--profile", "dev")
        assert done.code == 0, done.shown
        assert f"git switch -c from-{name}" in done.shown
        assert person.git(f"at-{number}", "rev-parse", "HEAD") == person.git("seed", "rev-parse", f"{name}^{{commit}}")
    done = person.clone(f"git::codecommit::{REGION}://dev@MySharedDemoRepo?ref=light", "by-address")
    assert done.code == 0, done.shown
    assert person.git("by-address", "describe", "--tags").strip() == "light"
    refused = person.clone("MySharedDemoRepo", "no", "--branch", "v9", "--profile", "dev")
    assert refused.code == 1
    assert 'has no branch "v9"' in refused.problem["what"]
