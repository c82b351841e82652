"""The doctor online: who each profile is, the clone's repository looked for, git asked; nobody is asked anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from aws_ways import SSO_SESSION, Place, maria, role, settle, sso
from paths import ROOT
from script import FakeAws, FakeGit, context, tree

from ccsetup.core.context import Context, Sighting
from ccsetup.core.model import Repository, Who
from ccsetup.doctor import online
from ccsetup.doctor.facts import Clone, Facts, Ran
from ccsetup.doctor.gather import gathered
from ccsetup.doctor.online import Online
from ccsetup.git.repository import Git
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, MARIA, PEOPLE, REGION, role_arn

ACCESS = {"role_arn": role_arn("CodeCommitAccess"), "source_profile": "people", "region": REGION}


@pytest.fixture
def place(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A home with AWS's sandbox around it, and our git-remote-codecommit on the PATH."""
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    command = tmp_path / "bin" / "git-remote-codecommit"
    command.parent.mkdir()
    body = (
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom ccsetup.git.helper.remote import main\nsys.exit(main())\n"
    )
    command.write_text(f"#!{sys.executable}\n{body}")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    return Place(sandbox, tmp_path / "home")


def around(place: Place, folder: Path) -> Context:
    """Return the real context around that place; one stands in the folder `work`."""
    env = dict(os.environ)
    return replace(
        context(folder, env=env), env=env, aws=place.aws(), git=Git(env, place.home), cwd=folder / "work", prompt=None
    )


def stand_in(folder: Path, remote: str) -> None:
    subprocess.run(["git", "init", "-q", str(folder / "work")], check=True)
    subprocess.run(["git", "-C", str(folder / "work"), "remote", "add", "origin", remote], check=True)


def write(place: Place, profiles: Mapping[str, Mapping[str, str]]) -> None:
    text = "".join(
        f"[profile {name}]\n" + "".join(f"{key} = {value}\n" for key, value in there.items())
        for name, there in profiles.items()
    )
    session = "".join(f"{key} = {value}\n" for key, value in SSO_SESSION.items())
    place.files(f"{text}[sso-session acme]\n{session}")


def ask(it: Context, *asked: str) -> Online:
    facts = gathered(it, asked)
    return online.online(it, facts, list(asked or facts.profiles))


def test_who_each_profile_is_and_a_finding_for_who_is_not(place: Place, tmp_path: Path) -> None:
    serial = place.state.device("maria").serial
    printed = {"credential_process": f'{sys.executable} -c \'open("{place.home}/ran", "w")\''}
    write(place, {
        "people": maria(place.state), "dev": ACCESS, "single": sso(place.state, place.home),
        "stranger": role("Stranger"), "coded": role("CodeCommitMfa", mfa_serial=serial),
        "over": {"aws_access_key_id": "ASIAGONE", "aws_secret_access_key": "s", "aws_session_token": "t"},
        "program": printed, "plain": {"region": REGION}, "default": {"output": "json"},
    })  # fmt: skip
    before = tree(place.home)
    found = ask(around(place, tmp_path))
    assert {name: it.account_id for name, it in found.identities.items()} == {
        "people": PEOPLE, "dev": CODE, "single": CODE,
    }  # fmt: skip
    assert {(it.code, it.severity, it.profile) for it in found.findings} == {
        ("access.assume", "stops", "stranger"), ("access.assume", "hinders", "coded"), ("access.identity", "stops", "over"),
    }  # fmt: skip
    assert tree(place.home) == before  # the program of a profile that was not asked for has not run either


def test_a_program_runs_for_the_profile_that_was_asked_for_and_not_twice(place: Place, tmp_path: Path) -> None:
    keys = maria(place.state)
    told = {"Version": 1, "AccessKeyId": keys["aws_access_key_id"], "SecretAccessKey": keys["aws_secret_access_key"]}
    script = place.home / "print.py"
    script.write_text(f"open({str(place.home / 'ran')!r}, 'a').write('x')\nprint({json.dumps(told)!r})")
    write(place, {"program": {"credential_process": f"{sys.executable} {script}", "region": REGION}})
    it = around(place, tmp_path)
    facts = replace(gathered(it, ["program"]), processes={})
    assert online.online(it, facts, ["program"]).identities["program"].arn == MARIA
    assert (place.home / "ran").read_text() == "x"
    ran = replace(facts, processes={"program": Ran(0, json.dumps(told))})
    assert online.online(it, ran, ["program"]).identities["program"].arn == MARIA
    assert (place.home / "ran").read_text() == "x"


def test_a_clone_that_works_has_no_finding(place: Place, tmp_path: Path) -> None:
    stand_in(tmp_path, f"codecommit::{REGION}://dev@MySharedDemoRepo")
    write(place, {"people": maria(place.state), "dev": ACCESS})
    assert ask(around(place, tmp_path)).findings == []
    assert [entry.action for entry in place.sandbox.log].count("GetRepository") == 1
    assert [entry.action for entry in place.sandbox.log if entry.service == "git"] != []


@pytest.mark.slow
def test_a_clone_of_another_region_is_offered_the_right_one(place: Place, tmp_path: Path) -> None:
    stand_in(tmp_path, f"codecommit::{REGION}://dev@handbook")
    write(place, {"people": maria(place.state), "dev": ACCESS})
    (found,) = ask(around(place, tmp_path)).findings
    assert (found.code, found.fix, found.profile) == ("access.region", "ask", "dev")
    (moved,) = found.remedies[0].replaced.items()
    there = f"codecommit::{REGION}://dev@handbook"
    assert moved == (("remote.origin.url", there), "codecommit::eu-central-1://dev@handbook")


def test_a_clone_of_another_profile_is_offered_that_one(place: Place, tmp_path: Path) -> None:
    stand_in(tmp_path, f"codecommit::{REGION}://people@MySharedDemoRepo")
    write(place, {"people": maria(place.state), "dev": ACCESS})
    found = ask(around(place, tmp_path)).findings
    assert [it.profile for it in found] == ["people"]
    offered = [url for remedy in found[0].remedies for url in remedy.replaced.values()]
    assert offered == [f"codecommit::{REGION}://dev@MySharedDemoRepo"]
    assert not found[0].letter


@pytest.mark.slow
def test_a_closed_key_brings_the_message_to_its_administrator(place: Place, tmp_path: Path) -> None:
    stand_in(tmp_path, f"codecommit::{REGION}://dev@locked")
    write(place, {"people": maria(place.state), "dev": ACCESS})
    (found,) = ask(around(place, tmp_path)).findings
    assert found.code == "access.kms"
    assert "kms:Decrypt" in found.letter


@pytest.mark.slow
def test_git_that_may_read_is_enough(place: Place, tmp_path: Path) -> None:
    stand_in(tmp_path, f"codecommit::{REGION}://gitonly@MySharedDemoRepo")
    write(place, {"people": maria(place.state), "gitonly": {**role("CodeCommitPullPush"), "region": REGION}})
    assert ask(around(place, tmp_path)).findings == []


@pytest.mark.parametrize(
    ("remote", "asked", "calls"),
    [
        ("codecommit::us-east-2://dev@R", (), ["ls-remote codecommit::us-east-2://dev@R"]),
        ("codecommit::us-east-2://dev@R", ("dev",), ["ls-remote codecommit::us-east-2://dev@R"]),
        ("codecommit::us-east-2://dev@R", ("other",), []),
        ("codecommit::us-east-2://gone@R", (), []),
        ("https://github.com/a/b.git", (), []),
        (
            "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com/v1/repos/R",
            (),
            ["ls-remote ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com/v1/repos/R"],
        ),
        (  # a name that is no key's id goes nowhere
            "ssh://-oProxyCommand=x@git-codecommit.us-east-2.amazonaws.com/v1/repos/R",
            (),
            ["ls-remote ssh://git-codecommit.us-east-2.amazonaws.com/v1/repos/R"],
        ),
    ],
)
def test_git_is_asked_for_the_clone_of_a_profile_that_answers(
    remote: str, asked: tuple[str, ...], calls: list[str], tmp_path: Path
) -> None:
    git = FakeGit()
    aws = FakeAws(seen=[Sighting("dev", "us-east-2", Repository("R", "us-east-2"))])
    it = context(tmp_path, git=git, aws=aws)
    facts = facts_of(it, remote, asked)
    online.online(it, facts, list(asked or facts.profiles))
    assert git.calls == calls


def facts_of(it: Context, remote: str, asked: tuple[str, ...]) -> Facts:
    (it.home / ".aws").mkdir()
    keys = "aws_access_key_id = AKIA\naws_secret_access_key = s\n"
    (it.home / ".aws" / "credentials").write_text(f"[dev]\n{keys}[other]\n{keys}")
    return replace(gathered(it, asked), clone=Clone(it.cwd, remote))


@pytest.mark.parametrize(
    ("region", "env", "asked"),
    [
        ("eu-west-1", {}, "eu-west-1"),
        ("us-east-1 # home", {}, "us-gov-west-1"),
        ("us-east-1a", {"AWS_REGION": "us-gov-east-1"}, "us-gov-east-1"),
    ],
)
def test_a_region_that_is_none_does_not_keep_aws_from_being_asked(region: str, env: dict[str, str], asked: str) -> None:
    there = {"dev": {"region": region, "role_arn": "arn:aws-us-gov:iam::111122223333:role/Access"}}
    assert online.who_of(there, {}, "dev", env) == Who("dev", asked, there, {})
