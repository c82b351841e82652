"""A start URL alone is enough: by flags, by a paste and in a terminal, against AWS's hosts in the sandbox's proxy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import AwsTools, CleanEnv
from script import tree
from terminal import Terminal, program

from ccsetup.sandbox import Sandbox, demo_data
from ccsetup.sandbox.demo_data import CODE, PLACES, START_URL

pytestmark = pytest.mark.slow

BROWSER = "import sys, urllib.request as u; u.urlopen(sys.argv[1], timeout=20).read()"
PARTITIONS = [it for it in PLACES if it != "aws"]


@dataclass(frozen=True)
class Visitor:
    """A person on a computer that reaches AWS only through the sandbox's proxy, under the names of AWS's hosts."""

    sandbox: Sandbox
    home: Path
    work: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def places(self) -> demo_data.Places:
        return PLACES[self.sandbox.state.partition]

    def run(self, *words: str, paste: str = "", **more: str) -> Done:
        argv = [program(), *words]
        env = {**self.env, **more}
        done = subprocess.run(
            argv, env=env, cwd=self.work, input=paste, capture_output=True, text=True, check=False, timeout=120
        )
        assert "Traceback" not in done.stderr
        said = json.loads(done.stdout) if done.stdout.startswith("{") else {}
        return Done(done.returncode, said, done.stderr)

    def setup(self, *words: str, paste: str = "", **more: str) -> Done:
        return self.run("setup", *words, "--yes", "--no-input", "--json", paste=paste, **more)

    def git(self, *words: str, cwd: str = "MySharedDemoRepo", path: str = "") -> str:
        env = {**self.env, **({"PATH": f"{path}:{self.env['PATH']}"} if path else {})}
        done = subprocess.run(["git", *words], env=env, cwd=self.work / cwd, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def without_aws_cli(self) -> None:
        found = [it for it in self.env["PATH"].split(os.pathsep) if not (Path(it) / "aws").exists()]
        self.env["PATH"] = os.pathsep.join(found)

    def hosts(self, *, refused: bool = False) -> set[str]:
        """Return the hosts that were reached, or those that AWS doesn't have."""
        return {e.action for e in self.sandbox.log if e.service == "host" and (e.outcome != "ok") is refused}


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, its JSON document, what a person read."""

    code: int
    said: dict[str, Any]
    shown: str

    @property
    def problem(self) -> Mapping[str, str]:
        return self.said["problems"][0]  # type: ignore[no-any-return]


@pytest.fixture
def visitor_in(clean_env: CleanEnv, tmp_path: Path) -> Iterator[Callable[[str], Visitor]]:
    """Make a visitor in a partition of AWS."""
    running: list[Sandbox] = []

    def made(partition: str) -> Visitor:
        sandbox = Sandbox.start(tmp_path / partition, state=demo_data.example(partition=partition))
        running.append(sandbox)
        sandbox.state.center.auto_approve = True
        home, work, browser = tmp_path / "home", tmp_path / "work", tmp_path / "browser"
        work.mkdir(exist_ok=True)
        browser.write_text(f"#!{sys.executable}\n{BROWSER}\n")
        browser.chmod(0o755)
        trusted = {"SSL_CERT_FILE": str(sandbox.certificate), "BROWSER": f"{browser} %s"}
        author = {
            f"GIT_{who}_{what}": "m@acme.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        env = clean_env(home, sandbox.proxy_environment(), trusted, author, path=[Path(sys.executable).parent])
        return Visitor(sandbox, home, work, env)

    yield made
    for sandbox in running:
        sandbox.stop()


@pytest.fixture
def visitor(visitor_in: Callable[[str], Visitor]) -> Visitor:
    return visitor_in("aws")


def words(visitor: Visitor, url: str = "") -> list[str]:
    """Return the flags that a start URL needs, without its region."""
    there = visitor.places
    return [
        "sso", "--sso-start-url", url or there.start_url, "--sso-account-id", CODE, "--sso-role-name", "Developer",
        "--region", there.region, "--profile", "dev", "--repo", "MySharedDemoRepo",
    ]  # fmt: skip


def test_a_start_url_by_flags_gives_a_clone_that_git_pulls_and_pushes(visitor: Visitor, aws_tools: AwsTools) -> None:
    done = visitor.setup(*words(visitor))
    assert done.code == 0, done.shown
    assert f"The Identity Center of {START_URL} is in us-east-1, according to its start page." in done.shown
    assert "sso_region = us-east-1\n" in (visitor.home / ".aws" / "config").read_text()
    visitor.git("pull")
    visitor.git("commit", "--allow-empty", "-m", "Say hello")
    visitor.git("push")
    assert "Say hello" in visitor.git("log", "-1", "--format=%s")
    visitor.git("pull", path=str(aws_tools.folder))  # by AWS's own git-remote-codecommit
    assert visitor.hosts() == {
        "acme.awsapps.com", "oidc.us-east-1.amazonaws.com", "portal.sso.us-east-1.amazonaws.com",
        "sts.us-east-2.amazonaws.com", "codecommit.us-east-2.amazonaws.com", "git-codecommit.us-east-2.amazonaws.com",
    }  # fmt: skip
    assert visitor.hosts(refused=True) == set()


@pytest.mark.long
def test_a_pasted_message_with_a_start_url_and_no_region_is_enough(visitor: Visitor) -> None:
    letter = f"Sign in at {START_URL}. Your role in account {CODE} is Developer; the repository is MySharedDemoRepo in us-east-2."
    done = visitor.setup("--paste", "-", paste=letter)
    assert done.code == 0, done.shown
    assert done.said["repository"]["name"] == "MySharedDemoRepo", (done.shown, done.said)
    assert "sso_region = us-east-1\n" in (visitor.home / ".aws" / "config").read_text()


@pytest.mark.long
def test_the_flag_wins_over_the_page(visitor: Visitor) -> None:
    done = visitor.setup(*words(visitor), "--sso-region", "eu-west-1")
    assert (done.code, done.problem["code"]) == (1, "sso.url")
    assert done.problem["next"] == "Use that region: --sso-region us-east-1"
    assert not (visitor.home / ".aws" / "config").exists()
    assert visitor.setup(*words(visitor), "--sso-region", "us-east-1").code == 0


@pytest.mark.long
def test_a_region_that_cannot_be_found_is_asked_for_by_its_flag(visitor: Visitor) -> None:
    before = tree(visitor.home)
    done = visitor.setup(*words(visitor, "https://nobody.awsapps.com/start"))
    assert (done.code, done.problem["code"]) == (2, "input.missing")
    assert done.problem["what"].startswith("Missing: --sso-region")
    assert done.problem["next"].startswith("ccsetup couldn't find the region of the start URL.")
    assert tree(visitor.home) == before


@pytest.mark.long
def test_the_doctor_looks_up_a_region_that_is_missing_in_the_files(visitor: Visitor) -> None:
    def without_region(url: str) -> str:
        who = f"sso_account_id = {CODE}\nsso_role_name = Developer\nregion = us-east-2\n"
        scope = "sso_registration_scopes = sso:account:access\n"
        return f"[profile dev]\nsso_session = acme\n{who}[sso-session acme]\nsso_start_url = {url}\n{scope}"

    config = visitor.home / ".aws" / "config"
    config.parent.mkdir(mode=0o700)
    config.write_text(without_region(START_URL))
    [found] = visitor.run("doctor", "--fix", "--yes", "--offline", "--json").said["findings"]
    assert (found["code"], found["fix"], config.read_text()) == ("sso.incomplete", "ask", without_region(START_URL))
    assert visitor.hosts() == set()
    [found] = visitor.run("doctor", "--json").said["findings"]
    assert (found["code"], found["fix"]) == ("sso.incomplete", "auto")
    done = visitor.run("doctor", "--fix", "--yes", "--json")
    assert f"The Identity Center of {START_URL} is in us-east-1, according to its start page." in done.shown
    assert [it["code"] for it in done.said["findings"]] == ["sso.incomplete", "sso.signed-out"]
    assert "sso_region = us-east-1\n" in config.read_text()
    assert visitor.run("login", "dev", "--json").code == 0
    config.write_text(without_region("https://nobody.awsapps.com/start"))
    done = visitor.run("doctor", "--fix", "--yes", "--json")
    assert (done.said["findings"][0]["fix"], config.read_text()) == (
        "ask",
        without_region("https://nobody.awsapps.com/start"),
    )


@pytest.mark.parametrize(("url", "region"), [(START_URL, "us-east-1"), ("https://nobody.awsapps.com/start", "")])
def test_share_looks_up_the_region_of_the_developers_start_url(visitor: Visitor, url: str, region: str) -> None:
    accounts = ("--from-account", CODE, "--to-account", demo_data.PEOPLE, "--region", "us-east-2")
    done = visitor.run("share", "MySharedDemoRepo", *accounts, "--sso-start-url", url, "--out", "x", "--yes", "--json")
    assert done.code == 0, done.shown
    assert (f"sso_region = {region}" in (visitor.work / "x" / "team.ini").read_text()) == bool(region)
    assert (f"is in {region}, according to its start page." in done.shown) == bool(region)


def test_in_a_terminal_the_region_is_not_asked(visitor: Visitor) -> None:
    terminal = Terminal([program()], visitor.env, visitor.work)
    try:
        terminal.answer("What were you given?", START_URL)
        terminal.wait("is in us-east-1, according to its start page.", "Which account?")
        assert "Region of IAM Identity Center" not in terminal.text()
        terminal.press("\x03")
        assert terminal.exit_code() == 130
    finally:
        terminal.close()


@pytest.mark.long
def test_in_a_terminal_an_unknown_region_is_asked(visitor: Visitor) -> None:
    visitor.sandbox.state.center.silent, visitor.sandbox.state.center.checks_region = True, False
    terminal = Terminal([program()], visitor.env, visitor.work)
    try:
        terminal.answer("What were you given?", START_URL)
        terminal.answer("Region of IAM Identity Center", "us-east-1")
        terminal.wait("Which account?")
    finally:
        terminal.close()


@pytest.mark.long
@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_start_url_is_enough_in_every_partition(visitor_in: Callable[[str], Visitor], partition: str) -> None:
    visitor = visitor_in(partition)
    done = visitor.setup(*words(visitor))
    assert done.code == 0, done.shown
    assert done.said["identity"]["arn"].startswith(
        f"arn:{partition}:sts::{CODE}:assumed-role/AWSReservedSSO_Developer_"
    )
    visitor.git("pull")
    assert visitor.hosts(refused=True) == set()
