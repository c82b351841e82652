"""Nobody answered: a third state beside yes and no, never a tick, never a success, never "sign in again"."""

from __future__ import annotations

import json
import os
import subprocess
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_ways import Place, Way, maria, role, settle
from conftest import CleanEnv
from script import FakeAws, FakeGit, Shown, context
from terminal import program as program_path
from test_doctor import online, said
from test_identities import keyed
from test_sdk import FAULTS, Canned, echo, hang, trickle

from ccsetup.cli.commands import status
from ccsetup.core.context import Context, Sighting
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.model import Identity, Repository, Route, Target, Who
from ccsetup.core.result import Report
from ccsetup.git.repository import Git
from ccsetup.sandbox.demo_data import role_arn
from ccsetup.wizard import find_repository
from ccsetup.wizard.find_repository import Round
from ccsetup.wizard.options import Options, looking

pytestmark = pytest.mark.slow

SILENT = {name: answer for name, (answer, code) in FAULTS.items() if answer not in (hang, trickle, echo)}


def checked(it: Context, *names: str) -> Report:
    return status.main(Namespace(short=False, check=True, profiles=names), lambda: it)


def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> Context:
    """Return a context with one profile of keys, whose AWS is what the environment names."""
    settle(monkeypatch, tmp_path / "home", environment)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    there = Place(None, tmp_path / "home")  # type: ignore[arg-type]  # AWS is a canned one
    there.write(Way("", {**keyed("WELL")["well0"], "region": "us-east-2"}))
    for path in (there.home / ".aws").iterdir():
        path.chmod(0o600)
    git = Git(dict(os.environ), there.home)
    return replace(context(tmp_path, env=dict(os.environ), git=FakeGit()), aws=there.aws(), git=git)


def third(report: Report) -> None:
    """Hold a report of the doctor to be neither yes nor no."""
    (entry,) = report.document["profiles"]
    assert (entry["ok"], entry["arn"], report.document["ok"], report.exit_code) == (None, None, False, 1)
    assert {it["severity"] for it in report.document["findings"] if it["code"].startswith("net.")} == {"hinders"}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_no_answer_is_neither_yes_nor_no(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Canned(SILENT[name])) as server:
        it = at_home(tmp_path, monkeypatch, AWS_ENDPOINT_URL=server.url)
        third(online(it))
        (entry,) = checked(it).document["profiles"]
        assert entry["usable"] is None
        assert entry["why"]
    assert "✓" not in said(it)
    assert "✗" not in said(it)
    assert "sign" not in said(it).replace("Please sign in", "").replace("or sign in to your network", "")
    assert "login" not in said(it)
    assert "No problems found" not in said(it)
    assert "AWS confirmed 0 of 1 profile." in said(it)


def test_a_host_that_is_not_found_or_listens_to_nobody_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("http://127.0.0.1:1", "http://no-such-host.invalid"):
        it = at_home(tmp_path, monkeypatch, AWS_ENDPOINT_URL=url)
        third(online(it))
        assert checked(it).document["profiles"][0]["usable"] is None
        assert "login" not in said(it)


class Some(FakeAws):
    """AWS that answers for some, refuses some, and says nothing of others."""

    def identity(self, who: Who) -> Identity:
        self.calls.append(who.profile)
        if who.profile.startswith("silent"):
            raise Problem(
                "AWS was too busy for GetCallerIdentity after several attempts: Throttling.", code="net.unreachable"
            )
        if who.profile.startswith("over"):
            raise Problem(f"The credentials for {who.profile} have expired.", code="keys.expired")
        if who.profile.startswith("denied"):
            raise Problem("AWS didn't allow these credentials to assume it.", code="access.assume")
        return Identity("111122223333", "arn:aws:iam::111122223333:user/maria")


def several(tmp_path: Path, config: str = "", *names: str) -> Context:
    it = context(tmp_path, aws=Some())
    (it.home / ".aws").mkdir(mode=0o700)
    keys = (
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
    )
    (it.home / ".aws" / "config").write_text(config)
    (it.home / ".aws" / "credentials").write_text("".join(f"[{name}]\n{keys}region = us-east-2\n" for name in names))
    for path in (it.home / ".aws").iterdir():
        path.chmod(0o600)
    return it


def test_some_that_answer_hide_none_that_do_not(tmp_path: Path) -> None:
    it = several(tmp_path, "", "silent-1", "well", "silent-2")
    report = online(it)
    assert {each["name"]: each["ok"] for each in report.document["profiles"]} == {
        "silent-1": None, "well": True, "silent-2": None,
    }  # fmt: skip
    assert (report.exit_code, report.document["ok"]) == (1, False)
    assert "AWS confirmed 1 of 3 profiles." in said(it)


def test_what_stops_a_profile_still_counts_more(tmp_path: Path) -> None:
    it = several(tmp_path, "", "silent", "denied", "well")
    report = online(it)
    assert {each["name"]: each["ok"] for each in report.document["profiles"]} == {
        "silent": None, "denied": False, "well": True,
    }  # fmt: skip
    assert report.exit_code == 3


def test_only_what_signing_in_mends_is_said_to_need_it(tmp_path: Path) -> None:
    it = several(tmp_path, "", "silent", "denied", "well")
    assert {each["name"]: each["usable"] for each in checked(it).document["profiles"]} == {
        "silent": None, "denied": False, "well": True,
    }  # fmt: skip
    assert "new sign-in" not in said(it)
    assert "To find out what's wrong with denied: ccsetup doctor denied" in said(it)
    it = replace(it, screen=Shown())
    (it.home / ".aws" / "credentials").write_text(
        (it.home / ".aws" / "credentials").read_text().replace("[denied]", "[over]")
    )
    checked(it)
    assert "over needs a new sign-in: ccsetup login over" in said(it)


def test_what_the_files_say_of_an_end_stays_where_nobody_answers(tmp_path: Path) -> None:
    it = several(tmp_path, "[profile silent]\nccsetup_expires_at = 2026-11-21T18:00:00Z\n", "silent")
    (entry,) = checked(it).document["profiles"]
    assert (entry["usable"], entry["expires_at"]) == (None, "2026-11-21T18:00:00Z")
    assert "until" not in said(it).replace("UNTIL", "")
    assert "ended" not in said(it) and "expired" not in said(it)


def test_git_that_gets_no_answer_is_no_fault_of_the_clone(tmp_path: Path) -> None:
    class Silent(FakeGit):
        def reachable(self, route: Route) -> Sequence[str]:
            raise Problem("git could not reach CodeCommit.", code="net.unreachable")

    settings = {
        "remote.origin.url": "codecommit::us-east-2://well@MySharedDemoRepo",
        "user.name": "M",
        "user.email": "m@x",
    }
    git = Silent(origins={"work": settings["remote.origin.url"]}, settings=settings)
    seen = Sighting("well", "us-east-2", Repository("MySharedDemoRepo", "us-east-2", "111122223333", "main"))
    it = replace(several(tmp_path, "", "well"), git=git, aws=Some(seen=[seen]))
    (it.cwd / ".git").mkdir()
    report = online(it)
    found = [(each["code"], each["severity"]) for each in report.document["findings"] if each["severity"] != "note"]
    assert ("net.unreachable", "hinders") in found
    assert "stops" not in dict(found).values()
    assert (report.exit_code, report.document["ok"]) == (1, False)


def test_one_that_did_not_answer_is_not_counted_among_those_that_said_no(tmp_path: Path) -> None:
    it = several(tmp_path, "", "silent", "well", "over")
    look = looking(it, Options({}))
    no = NoRepository("No repository Nope in us-east-2 is visible to well.")
    busy = Problem(
        "AWS was too busy for GetRepository after several attempts: 503.", code="net.unreachable", next="Try again."
    )
    over = Problem("The credentials for over have expired.", code="keys.expired")
    asked = Round(
        seen=[
            Sighting(name, "us-east-2", refused=why) for name, why in (("silent", busy), ("well", no), ("over", over))
        ]
    )
    problem = find_repository.nothing(it, look, asked, Target("Nope", "us-east-2"), ["silent", "well", "over"])
    assert not isinstance(problem, NoRepository)
    assert (problem.code, problem.what) == (
        "net.unreachable",
        "AWS didn't respond, so ccsetup couldn't check whether silent can read Nope. well, over can't read the repository.",
    )
    assert problem.why == busy.what
    problem = find_repository.nothing(it, look, asked, Target("MyDemo", "us-east-2"), ["silent", "well", "over"])
    assert "MyDemoRepo" in problem.next


# Programs


def program(tmp_path: Path, name: str, keys: Mapping[str, str]) -> tuple[str, Path]:
    """Return a credential_process that leaves a mark when it runs, and the mark."""
    mark = tmp_path / f"{name}-ran"
    names = ("AccessKeyId", "SecretAccessKey")
    told = json.dumps({"Version": 1, **dict(zip(names, keys.values(), strict=False))})
    script = tmp_path / f"{name}.sh"
    script.write_text(f"#!/bin/sh\ntouch {mark}\nprintf '%s' '{told}'\n")
    script.chmod(0o755)
    return str(script), mark


@pytest.mark.skipif(os.name == "nt", reason="a script of the shell")
def test_no_program_runs_unless_its_profile_was_named(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    place = Place(sandbox, tmp_path / "home")
    one, ran_one = program(tmp_path, "one", maria(place.state))
    two, ran_two = program(tmp_path, "two", maria(place.state))
    profiles = {
        "one": {"credential_process": one, "region": "us-east-2"},
        "two": {"credential_process": two, "region": "us-east-2"},
        "on-one": {**role("CodeCommitAccess", "one"), "region": "us-east-2"},
        "on-that": {**role("CodeCommitReadOnly", "on-one"), "region": "us-east-2"},
    }
    place.write(Way("", {**maria(place.state), "region": "us-east-2"}, profiles))
    git = Git(dict(os.environ), place.home)
    it = replace(context(tmp_path, env=dict(os.environ)), aws=place.aws(), git=git)
    found = {each["name"]: each for each in checked(it).document["profiles"]}
    assert not ran_one.exists()
    assert not ran_two.exists()
    assert found["dev"]["usable"] is True
    for name in profiles:
        assert found[name]["usable"] is None
        assert found[name]["why"] == "not checked, because it runs a program; add the profile name to check it"
    report = online(it)
    assert not ran_one.exists()
    assert {each["name"]: each["ok"] for each in report.document["profiles"]} == {
        "dev": True, **dict.fromkeys(profiles),
    }  # fmt: skip
    assert report.exit_code == 0
    (entry,) = checked(it, "on-one").document["profiles"]
    assert (entry["name"], entry["usable"]) == ("on-one", True)
    assert ran_one.exists()
    assert not ran_two.exists()


def test_a_name_that_is_none_is_told_with_those_like_it(tmp_path: Path) -> None:
    it = several(tmp_path, "", "well", "silent")
    with pytest.raises(Problem, match='No profile "wel" on this computer') as refused:
        checked(it, "wel")
    assert "well" in refused.value.next
    report = status.main(Namespace(short=False, check=False, profiles=("silent", "silent")), lambda: it)
    assert [each["name"] for each in report.document["profiles"]] == ["silent"]


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="programs of POSIX")
def test_an_expiration_that_no_tool_reads_is_told_alike_everywhere_and_leads_to_no_login(
    sandbox: Any, tmp_path: Path, clean_env: CleanEnv
) -> None:
    home = tmp_path / "home"
    env = clean_env(home, sandbox.environment())
    held = {
        "Version": 1,
        "AccessKeyId": "A",
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": "2099-11-28T18:00:00",
    }
    (home / "keys.json").write_text(json.dumps(held))
    (home / ".aws").mkdir(mode=0o700)
    (home / ".aws" / "config").write_text(
        f"[profile printed]\nregion = us-east-2\ncredential_process = /bin/cat {home}/keys.json\n"
        f"[profile rests]\nregion = us-east-2\nrole_arn = {role_arn('CodeCommitAccess')}\nsource_profile = printed\n"
    )
    (home / ".aws" / "config").chmod(0o600)
    for name in ("printed", "rests"):
        for words in (
            ["status", "--check", name, "--json"],
            ["login", name, "--json"],
            ["env", name, "--json"],
            ["doctor", name, "--json"],
            ["doctor", name, "--json", "--offline"],
            ["clone", "MySharedDemoRepo", "--profile", name, "--region", "us-east-2", "--json"],
        ):
            done = subprocess.run(
                [program_path(), *words], env=env, cwd=home, capture_output=True, text=True, check=False
            )
            if (name, words[-1]) == ("rests", "--offline"):
                continue  # its own settings are well, and nobody is asked
            assert "2026-11-28T18:00:00Z" in done.stdout, (words, done.stdout, done.stderr)
            assert "login" not in done.stdout + done.stderr, (words, done.stdout, done.stderr)
            assert done.returncode in (0, 1, 3) if words[0] == "status" else done.returncode in (1, 3), words
