"""Any way to write a repository, and back; AWS's own tool judges the addresses that are made."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.core.errors import BadAnswer
from ccsetup.core.regions import REGIONS, git_host, partition_of
from ccsetup.git import address
from ccsetup.git.address import Address, arn, codecommit_url, console_url, https_url, parse, ssh_url, takes_profile

OHIO = Address("MyRepo", "us-east-2")
CONSOLE = "https://us-east-2.console.aws.amazon.com/codesuite/codecommit/repositories/MyRepo"

WRITTEN: list[tuple[str, dict[str, str]]] = [
    ("MyRepo", {}),
    ("  “MyRepo” ", {}),
    ("--mirror", {"repository": "--mirror"}),
    ("my.repo_2-x", {"repository": "my.repo_2-x"}),
    ("codecommit://MyRepo", {"form": "codecommit"}),
    ("codecommit://dev@MyRepo", {"form": "codecommit", "profile": "dev"}),
    ("codecommit::us-east-2://MyRepo", {"form": "codecommit", "region": "us-east-2"}),
    ("codecommit::us-east-2://dev@MyRepo", {"form": "codecommit", "region": "us-east-2", "profile": "dev"}),
    ("codecommit:us-east-2://dev@MyRepo/", {"form": "codecommit", "region": "us-east-2", "profile": "dev"}),
    ("us-east-2://dev@MyRepo", {"form": "codecommit", "region": "us-east-2", "profile": "dev"}),
    ("https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyRepo", {"form": "https", "region": "us-east-2"}),
    ("HTTPS://Git-CodeCommit.US-East-2.amazonaws.com/v1/repos/MyRepo/", {"form": "https", "region": "us-east-2"}),
    ("https://git-codecommit.us-east-2.amazonaws.com:443/v1/repos/MyRepo", {"form": "https", "region": "us-east-2"}),
    ("https://maria-at-111122223333:p%40ss@git-codecommit.us-east-2.amazonaws.com/v1/repos/MyRepo",
     {"form": "https", "region": "us-east-2"}),
    ("git-codecommit.us-east-2.amazonaws.com/v1/repos/MyRepo", {"form": "https", "region": "us-east-2"}),
    ("https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/MyRepo",
     {"form": "https", "region": "cn-north-1", "partition": "aws-cn"}),
    ("https://git-codecommit-fips.us-gov-west-1.amazonaws.com/v1/repos/MyRepo",
     {"form": "https", "region": "us-gov-west-1", "partition": "aws-us-gov",
      "host": "git-codecommit-fips.us-gov-west-1.amazonaws.com"}),
    ("https://vpce-0a1b-2c3d.git-codecommit.us-east-2.vpce.amazonaws.com:8443/v1/repos/MyRepo",
     {"form": "https", "region": "us-east-2",
      "host": "vpce-0a1b-2c3d.git-codecommit.us-east-2.vpce.amazonaws.com:8443"}),
    ("ssh://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyRepo", {"form": "ssh", "region": "us-east-2"}),
    ("ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com/v1/repos/MyRepo",
     {"form": "ssh", "region": "us-east-2"}),
    ("APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com:v1/repos/MyRepo",
     {"form": "ssh", "region": "us-east-2"}),
    ("arn:aws:codecommit:us-east-2:111122223333:MyRepo",
     {"form": "arn", "region": "us-east-2", "account_id": "111122223333"}),
    ("arn:aws-us-gov:codecommit:us-gov-east-1:011122223333:MyRepo",
     {"form": "arn", "region": "us-gov-east-1", "account_id": "011122223333", "partition": "aws-us-gov"}),
    (f"{CONSOLE}/browse?region=us-east-2", {"form": "console", "region": "us-east-2"}),
    (f"{CONSOLE}/browse/refs/heads/feature/x/--/src/a.py?region=us-east-2",
     {"form": "console", "region": "us-east-2", "branch": "feature/x"}),
    (f"{CONSOLE}/setup", {"form": "console", "region": "us-east-2"}),
    ("https://111122223333-ab12cd34.eu-west-1.console.aws.amazon.com/codesuite/codecommit/repositories/MyRepo/browse",
     {"form": "console", "region": "eu-west-1", "account_id": "111122223333"}),
    ("https://console.aws.amazon.com/codecommit/home?region=us-east-1#/repository/MyRepo/browse/HEAD/--/",
     {"form": "console", "region": "us-east-1"}),
    ("https://console.amazonaws.cn/codesuite/codecommit/repositories/MyRepo/browse?region=cn-north-1&x=1",
     {"form": "console", "region": "cn-north-1", "partition": "aws-cn"}),
    ("git clone codecommit::us-east-2://dev@MyRepo my-dir",
     {"form": "codecommit", "region": "us-east-2", "profile": "dev", "directory": "my-dir"}),
    ("$ git clone -b develop --depth 1 'codecommit://MyRepo' \"a dir\"",
     {"form": "codecommit", "branch": "develop", "directory": "a dir"}),
    ("git clone —-branch=x –o up codecommit://--mirror",
     {"form": "codecommit", "repository": "--mirror", "branch": "x"}),
    ("`git clone codecommit://MyRepo 'a dir'`", {"form": "codecommit", "directory": "a dir"}),
    ("git -c a.b=c clone \\\n  --config credential.helper='!aws codecommit credential-helper $@' \\\n"
     "  https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyRepo \\\n  shared\ncd shared",
     {"form": "https", "region": "us-east-2", "directory": "shared"}),
    ("MyRepo.git", {"said": "Using MyRepo instead of MyRepo.git."}),
    ("codecommit::us-east-2b://MyRepo",
     {"form": "codecommit", "region": "us-east-2", "said": "Using us-east-2 instead of us-east-2b."}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), WRITTEN, ids=[text for text, _ in WRITTEN])
def test_a_repository_is_found_in_whatever_way_it_is_written(text: str, told: dict[str, Any]) -> None:
    assert parse(text) == Address(**{"repository": "MyRepo", **told})


def printed(read: Address) -> str:
    """Return an address in its own form again."""
    return {
        "name": read.repository,
        "codecommit": codecommit_url(read.repository, read.region, read.profile),
        "https": https_url(read.region, read.repository, read.host),
        "ssh": ssh_url(read.region, read.repository),
        "arn": arn(read.region, read.account_id, read.repository),
        "console": console_url(read.region, read.repository),
    }[read.form]


@pytest.mark.parametrize(("text", "told"), WRITTEN, ids=[text for text, _ in WRITTEN])
def test_what_is_read_is_printed_in_its_form_and_read_again_alike(text: str, told: dict[str, Any]) -> None:
    read = parse(text)
    again = parse(printed(read))
    beside = {"directory": "", "branch": "", "said": ""}  # of a command, of a page, of a correction
    account = {"account_id": ""} if read.form == "console" else {}
    assert again == read._replace(**beside, **account)
    assert printed(again) == printed(read)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "..", ".git", "a b", "a" * 101, "ré", "https://github.com/acme/repo", "git@github.com:acme/repo",
        "codecommit://", "codecommit://dev@", "codecommit://a/b", "codecommit://org/dev@MyRepo",
        "codecommit://me@corp@Repo", "https://git-codecommit.us-east-2.amazonaws.com/", "maria@example.com",
        "https://git-codecommit.us-east-2.amazonaws.com.evil.com/v1/repos/R", "https://evil.com/v1/repos/MyRepo",
        "https://localhost:8443/v1/repos/MyRepo", "arn:aws:codecommit:us-east-2:1111:MyRepo", "arn:aws:s3:::bucket",
        "https://evil.com/#git-codecommit.us-east-2.amazonaws.com/v1/repos/R", "file:///etc/passwd", "../x", "C:\\repo",
        "arn:aws:codecommit:us-east-2:111122223333:*", "arn:aws-cn:codecommit:us-east-2:111122223333:R",
        "https://us-east-2.console.aws.amazon.com/codesuite/codecommit/repositories?region=us-east-2", "git clone",
        "git clone --depth 1", "git clone ./elsewhere",
    ],
)  # fmt: skip
def test_what_is_no_codecommit_repository_is_refused_with_a_right_example(text: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        parse(text)
    assert any(right in refused.value.what for right in ("MySharedDemoRepo", "arn:aws:codecommit:us-east-2:"))


def test_the_endpoint_of_this_environment_is_the_only_other_host() -> None:
    url = https_url("", "MyRepo", "localhost:8443")
    assert parse(url, "localhost:8443") == Address("MyRepo", form="https", host="localhost:8443")
    with pytest.raises(BadAnswer):
        parse(url, "localhost:9443")


def test_a_password_in_a_refused_address_is_not_repeated() -> None:
    with pytest.raises(BadAnswer) as refused:
        parse("https://maria:hunter2@example.com/x")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("profile", ["org/dev", "dev#1", "dev?1", "me@corp", "my dev", "dév"])
def test_a_profile_that_git_remote_codecommit_would_misread_gets_no_address(profile: str) -> None:
    assert not takes_profile(profile)
    with pytest.raises(BadAnswer, match="git-remote-codecommit can't use"):
        codecommit_url("MyRepo", "us-east-2", profile)


NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,100}", fullmatch=True).filter(
    lambda name: name not in (".", "..") and not name.lower().endswith(".git")
)
PROFILES = st.from_regex(r"[A-Za-z0-9_.+=,-]{0,40}", fullmatch=True)


@given(NAMES, st.sampled_from(sorted(REGIONS)), PROFILES)
def test_every_address_made_here_is_read_back(name: str, region: str, profile: str) -> None:
    expected = Address(name, region, partition=partition_of(region))
    read = parse(codecommit_url(name, region, profile))
    assert (read.repository, read.region, read.profile, read.partition) == (name, region, profile, expected.partition)
    assert parse(https_url(region, name)) == Address(name, region, partition=expected.partition, form="https")
    read = parse(arn(region, "012345678901", name))
    assert (read.repository, read.region, read.account_id) == (name, region, "012345678901")
    assert parse(ssh_url(region, name)) == Address(name, region, partition=expected.partition, form="ssh")
    assert parse(console_url(region, name)) == Address(name, region, partition=expected.partition, form="console")
    assert parse("git clone -- " + codecommit_url(name, region, profile) + " dir").repository == name


@given(st.one_of(st.text(), st.from_regex(r"(git clone |codecommit::?|https://|arn:aws:codecommit:)[ -~\n]*")))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        read = parse(text)
    except BadAnswer as refused:
        assert str(refused)
    else:
        assert address.repository_name(read.repository) == read.repository


@pytest.mark.slow
def test_awss_own_tool_takes_every_address_with_the_same_meaning(
    aws_tools: Any, tmp_path: Path, clean_env: Any
) -> None:
    profiles = ["dev", "a.b", "plus+1", "x=y", "a,b", "under_score", "-dash", "default"]
    repositories = ["MyRepo", "--mirror", "a.b_c-d", "x" * 100]
    (tmp_path / "home/.aws").mkdir(parents=True)
    keys = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n"
    (tmp_path / "home/.aws/credentials").write_text("".join(f"[{p}]\n{keys}" for p in profiles))
    made = [(codecommit_url(r, g, p), p, g, r) for p in profiles for r in repositories for g in REGIONS]
    code = """
import json, sys
from git_remote_codecommit import Context
from botocore.session import Session
region_lists = {p: Session().get_available_regions("codecommit", p) for p in Session().get_available_partitions()}
Session.get_available_regions = lambda self, name, partition: region_lists[partition]
for url in json.load(sys.stdin):
    read = Context.from_url(url.removeprefix("codecommit::"))
    print(json.dumps([url, read.session.profile, read.region, read.repository]))
"""
    done = subprocess.run(
        [aws_tools.grc.with_name("python"), "-c", code], input=json.dumps([m[0] for m in made[::37]]),
        env=clean_env(tmp_path / "home"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [list(m) for m in made[::37]]


# The addresses of AWS's own tests of git-remote-codecommit, as git hands them over.
AWSS = {
    "codecommit://test_repo": ("test_repo", "", ""),
    "codecommit://profile@test_repo": ("test_repo", "", "profile"),
    "ca-central-1://test_repo": ("test_repo", "ca-central-1", ""),
    "ca-central-1://profile@test_repo": ("test_repo", "ca-central-1", "profile"),
}


@pytest.mark.parametrize("url", AWSS)
def test_what_awss_own_tool_reads_is_read_alike(url: str) -> None:
    read = parse(url)
    assert (read.repository, read.region, read.profile) == AWSS[url]
    assert parse(url.replace("ca-central-1:", "codecommit::ca-central-1:")) == read


@pytest.mark.parametrize(
    "url",
    ["codecommit:/test_repo", "codecommit//test_repo", "://test_repo", "codecommit://", "codecommit:://test_repo",
     "codecommit:///test_repo"],
)  # fmt: skip
def test_what_awss_own_tool_calls_malformed_is_refused(url: str) -> None:
    with pytest.raises(BadAnswer):
        parse(url)


def test_hosts_are_the_ones_awss_tool_signs_for() -> None:
    assert git_host("us-east-2") == "git-codecommit.us-east-2.amazonaws.com"
    assert git_host("cn-northwest-1") == "git-codecommit.cn-northwest-1.amazonaws.com.cn"
    assert git_host("us-gov-west-1") == "git-codecommit.us-gov-west-1.amazonaws.com"
    fips = "git-codecommit-fips.us-east-1.amazonaws.com"
    assert parse(https_url("us-east-1", "R", fips)).host == fips


AT = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/X"


@pytest.mark.parametrize(("text", "profile", "branch", "folder"), [
    (f"{AT}/", "", "", ""),
    (f"{AT}.git/", "", "", ""),
    ("git::codecommit::us-east-2://dev@X?ref=v1.2", "dev", "v1.2", ""),
    ("git::codecommit::us-east-2://dev@X//sub/dir?ref=v1.2&depth=1", "dev", "v1.2", "sub/dir"),
    ("codecommit::us-east-2://dev@X//sub/dir", "dev", "", "sub/dir"),
    ("codecommit::us-east-2://dev@X//", "dev", "", ""),
    ("codecommit::us-east-2://X?ref=main", "", "main", ""),
    (f"git::{AT}//modules/vpc?depth=1&ref=v1", "", "v1", "modules/vpc"),
    ("git::ssh://APKAEXAMPLE@git-codecommit.us-east-2.amazonaws.com/v1/repos/X?ref=main", "", "main", ""),
    (f"git+{AT}@v1.0#egg=x", "", "v1.0", ""),
    (f"git+{AT}.git@feature/a#egg=x&subdirectory=py", "", "feature/a", ""),
    (f"x @ git+{AT}@v1", "", "v1", ""),
    (f"pip install git+{AT}@v1", "", "v1", ""),
    (f"-e git+{AT}@v1#egg=x", "", "v1", ""),
    (f"git+{AT}#main", "", "main", ""),
    (f"git+{AT}#semver:^1.0", "", "", ""),
    ("git+ssh://APKAEXAMPLE@git-codecommit.us-east-2.amazonaws.com/v1/repos/X@v1", "", "v1", ""),
    ("git+codecommit::us-east-2://dev@X@v1#egg=x", "dev", "v1", ""),
    ("git+codecommit::us-east-2://dev@X", "dev", "", ""),
])  # fmt: skip
def test_the_forms_of_package_managers_have_one_reading(text: str, profile: str, branch: str, folder: str) -> None:
    found = parse(text)
    assert (found.repository, found.region) == ("X", "us-east-2")
    assert (found.profile, found.branch) == (profile, branch)
    assert ("Ignoring the folder" in found.said, folder in found.said) == (bool(folder), True)


@pytest.mark.parametrize("text", [
    "codecommit::us-east-2://dev@X@v1", "codecommit::us-east-2://maria@corp@X", f"{AT}/info/lfs", f"{AT}/browse",
    "git+https://github.com/acme/x@v1", "git::https://github.com/acme/x//sub?ref=v1", "git::ext::sh -c id",
])  # fmt: skip
def test_what_has_no_certain_reading_is_still_refused(text: str) -> None:
    with pytest.raises(BadAnswer):
        parse(text)


HOST = "git-codecommit.us-east-2.amazonaws.com"
VPC = "vpce-0abc.git-codecommit.us-east-2.vpce.amazonaws.com"


@pytest.mark.parametrize(("text", "host"), [
    (f"http://{HOST}:80/v1/repos/X", ""),
    (f"HTTP://{HOST}:080/v1/repos/X", ""),
    (f"http://maria@{HOST}:80/v1/repos/X", ""),
    (f"https://{HOST}:443/v1/repos/X", ""),
    (f"http://{VPC}:80/v1/repos/X", VPC),
    (f"https://{VPC}:443/v1/repos/X", VPC),
    (f"http://{HOST.replace('commit.', 'commit-fips.')}:80/v1/repos/X", HOST.replace("commit.", "commit-fips.")),
    (f"http://{HOST}:8080/v1/repos/X", f"{HOST}:8080"),
    (f"https://{HOST}:8443/v1/repos/X", f"{HOST}:8443"),
    (f"https://{HOST}:80/v1/repos/X", f"{HOST}:80"),
])  # fmt: skip
def test_the_usual_port_of_http_is_none_of_https(text: str, host: str) -> None:
    named = address.parse(text)
    assert named.host == host
    assert address.https_url(named.region, named.repository, named.host) == f"https://{host or HOST}/v1/repos/X"
