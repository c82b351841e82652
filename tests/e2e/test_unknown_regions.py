"""A region that ccsetup does not know: every command takes it, says so, and AWS decides. The sandbox has eu-south-2."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from git_desk import Desk, commands
from terminal import program

from ccsetup.core.regions import REGIONS
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, PEOPLE, role_arn

pytestmark = pytest.mark.slow

SPAIN = "eu-south-2"
SAYS = f"ccsetup doesn't know the region {SPAIN}. Make sure that CodeCommit is available there."
URL = f"https://git-codecommit.{SPAIN}.amazonaws.com/v1/repos/spain"


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path, clean_env: Any) -> Desk:
    assert SPAIN not in REGIONS
    sandbox.state.add_repository(CODE, SPAIN, "spain")
    env = clean_env(tmp_path / "home", sandbox.environment(), path=[commands(tmp_path / "bin")])
    made = Desk(sandbox, tmp_path / "home", env)
    made.keys("dev", sandbox.state.temporary_keys(role_arn("CodeCommitAccess")))
    return made


def run(desk: Desk, *words: str, text: str = "", cwd: Path | None = None) -> tuple[int, dict[str, Any], str]:
    """Run a command as a script does; return its exit code, its document and what a person reads."""
    done = subprocess.run(
        [program(), *words, "--json"], env=desk.env, cwd=cwd or desk.home, input=text, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["spain", "--region", SPAIN], ["spain", "--region", SPAIN, "--profile", "dev"],
        [f"codecommit::{SPAIN}://dev@spain"], [URL, "--via", "credential-helper"],
        [f"arn:aws:codecommit:{SPAIN}:{CODE}:spain"], ["git", "clone", f"codecommit::{SPAIN}://dev@spain"],
        [f"https://{SPAIN}.console.aws.amazon.com/codesuite/codecommit/repositories/spain/browse"],
    ],
)  # fmt: skip
def test_clone_takes_it_however_it_is_named(desk: Desk, words: list[str]) -> None:
    address = [" ".join(words)] if words[0] == "git" else words
    code, told, said = run(desk, "clone", *address, "--yes", "--no-input")
    assert code == 0, said
    assert SAYS in said
    assert told["repository"]["region"] == SPAIN
    assert desk.git("pull", "-q", cwd=desk.home / "spain").returncode == 0


@pytest.mark.long
def test_clone_finds_it_where_only_the_profile_names_it_and_others_beside_it(desk: Desk) -> None:
    desk.profile("dev", region=SPAIN)
    code, told, said = run(desk, "clone", "spain", "--yes", "--no-input")
    assert (code, told["repository"]["region"]) == (0, SPAIN), said
    for words in (["MySharedDemoRepo"], ["MyDemoRepo", "--profile", "dev"]):
        code, told, said = run(desk, "clone", *words, "--yes", "--no-input")
        assert (code, told["repository"]["region"] in REGIONS) == (0, True), said


@pytest.mark.long
def test_setup_takes_it_and_proves_it(desk: Desk) -> None:
    keys = next(k for k in desk.sandbox.state.keys.values() if "CodeCommitAccess" in k.caller.arn)
    pasted = (
        f"export AWS_ACCESS_KEY_ID={keys.access_key_id}\nexport AWS_SECRET_ACCESS_KEY={keys.secret_access_key}\n"
        f"export AWS_SESSION_TOKEN={keys.session_token}\n"
    )
    flags = ["setup", "keys", "--keys", "-", "--region", SPAIN, "--profile", "k", "--repo", "spain", "--yes"]
    code, told, said = run(desk, *flags, text=pasted)
    assert (code, told["region"]) == (0, SPAIN), said
    assert said.count(SAYS) == 1
    code, told, said = run(
        desk, "setup", "--paste", "-", "--profile", "p", "--yes", text=f"{pasted}\nThe repo: {URL}\n"
    )
    assert (code, told["region"]) == (0, SPAIN), said
    assert said.count(SAYS) == 1
    code, told, said = run(desk, "setup", "existing", "--profile", "k", "--repo", "spain", "--directory", "x", "--yes")
    assert (code, told["repository"]["region"]) == (0, SPAIN), said


@pytest.mark.long
def test_share_and_team_files_take_it(desk: Desk) -> None:
    accounts = ["--from-account", CODE, "--to-account", PEOPLE]
    code, told, said = run(desk, "share", "spain", *accounts, "--region", SPAIN, "--yes", "--out", "shared")
    assert code == 0, said
    assert SAYS in said
    assert f"arn:aws:codecommit:{SPAIN}:{CODE}:spain" in (desk.home / "shared/account-a-permissions.json").read_text()
    file = desk.home / "team.ini"
    way = "[access]\n[[default]]\nkind = existing\nprofile = dev\n"
    file.write_text(f"version = 1\nname = Acme\n{way}[repositories]\n[[spain]]\nregion = {SPAIN}\n")
    checked = subprocess.run(
        [program(), "team", "check", str(file)], env=desk.env, capture_output=True, text=True, check=True
    )
    assert SAYS in " ".join(checked.stdout.split())
    desk.profile("dev", region="us-east-2")
    code, told, said = run(desk, "setup", "--team", str(file), "--yes")
    assert code == 0, said
    assert (
        desk.git("config", "remote.origin.url", cwd=desk.home / "spain").stdout == f"codecommit::{SPAIN}://dev@spain\n"
    )


@pytest.mark.long
def test_the_doctor_warns_of_it_and_stops_nothing(desk: Desk) -> None:
    desk.profile("dev", region=SPAIN)
    assert run(desk, "clone", "spain", "--yes", "--no-input")[0] == 0
    code, told, said = run(desk, "doctor", cwd=desk.home / "spain")
    assert code == 0, said
    found = {it["code"]: it for it in told["findings"]}
    assert found["region.unsupported"]["severity"] == found["git.remote"]["severity"] == "hinders"
    assert found["region.unsupported"]["says"] == SAYS
    assert "region.invalid" not in found
    assert [it["ok"] for it in told["profiles"]] == [True]
    desk.profile("typo", region="us-esat-1")
    found = {it["code"]: it for it in run(desk, "doctor", "typo", "--offline")[1]["findings"]}
    assert "region.unsupported" not in found
    assert found["region.invalid"]["severity"] == "stops"


def test_the_doctor_offers_the_region_that_a_remote_means(desk: Desk) -> None:
    desk.profile("dev", region="us-east-2")
    clone = desk.home / "clone"
    for remote, says, do in (
        ("codecommit::us-esat-1://dev@R", "us-esat-1, which doesn't exist", "codecommit::us-east-2://dev@R"),
        ("https://git-codecommit.s3-us-west-2.amazonaws.com/v1/repos/R", "isn't a CodeCommit host", ""),
    ):
        desk.git("init", "-q", str(clone))
        desk.git("config", "remote.origin.url", remote, cwd=clone)
        told = run(desk, "doctor", "--offline", cwd=clone)[1]
        (finding,) = [it for it in told["findings"] if it["code"] == "git.remote"]
        assert says in finding["says"]
        assert do in (finding["do"] or "")


def test_where_aws_has_nothing_the_region_is_named(desk: Desk) -> None:
    for name in [it for it in desk.env if it.startswith("AWS_ENDPOINT_URL") or it == "CODE_COMMIT_ENDPOINT"]:
        del desk.env[name]
    desk.env |= {"HTTPS_PROXY": "", "NO_PROXY": "*"}
    code, told, _ = run(desk, "clone", "spain", "--region", "xx-north-9", "--profile", "dev", "--yes")
    assert code == 1
    assert "xx-north-9" in told["problems"][0]["next"]
    assert told["problems"][0]["code"] == "net.unreachable"


@pytest.mark.parametrize(
    "region", ["s3", "s3-us-west-2", "us-esat-1", "my-bucket-1", "nowhere", "us-east-1.evil.example"]
)
def test_what_is_no_region_is_refused_before_anybody_is_asked(desk: Desk, region: str) -> None:
    for words in (
        ["clone", "R", "--region", region, "--profile", "dev"],
        ["setup", "existing", "--profile", "dev", "--region", region],
        ["share", "R", "--from-account", CODE, "--to-account", PEOPLE, "--region", region],
    ):
        code, told, said = run(desk, *words, "--yes", "--no-input")
        assert code == 2, said
        assert told["problems"][0]["code"] == "input.invalid"
    assert desk.sandbox.log == []


@pytest.mark.long
def test_a_profile_with_such_a_region_asks_nobodys_bucket(desk: Desk) -> None:
    desk.profile("dev", region="s3")
    assert run(desk, "clone", "R", "--profile", "dev", "--yes", "--no-input")[0] == 1
    assert {it.region for it in desk.sandbox.log} <= set(REGIONS)


def test_a_start_url_that_is_not_awss_is_said_to_be_so(desk: Desk) -> None:
    known = ["--sso-region", "us-east-1", "--sso-account-id", CODE, "--sso-role-name", "Developer", "--profile", "z"]
    more = ["--region", "us-east-2", "--no-clone", "--dry-run", "--yes"]
    for url, own in (
        ("https://login.acme.example/aws", False), ("https://acme-awsapps.com/start", False),
        ("https://acme.awsapps.com/start", True), ("https://x.eusc-de-east-1.portal.amazonaws.eu", True),
    ):  # fmt: skip
        code, told, said = run(desk, "setup", "sso", "--sso-start-url", url, *known, *more)
        assert code == 0, said
        assert ("isn't an AWS host" in said) is not own
