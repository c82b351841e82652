"""Every kind of access in GovCloud, China and the European Sovereign Cloud; FIPS and dual-stack hosts for all of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from conftest import AwsTools
from sandbox_world import marias_keys
from test_start_url import PARTITIONS, Visitor, visitor_in, words

from ccsetup.core import regions
from ccsetup.sandbox import policy_engine
from ccsetup.sandbox.demo_data import BROKER, CODE, PEOPLE, SAML_PROVIDER, role_arn

__all__ = ["visitor_in"]  # a fixture

pytestmark = pytest.mark.slow

Kind = Callable[[Visitor], tuple[list[str], str]]


def arn(visitor: Visitor, name: str) -> str:
    return visitor.sandbox.state.arn(role_arn(name))


def stored(visitor: Visitor, **settings: str) -> None:
    """Write the long-term keys of Maria and of the broker, and the settings of the profile dev."""
    aws = visitor.home / ".aws"
    aws.mkdir(mode=0o700, exist_ok=True)
    state = visitor.sandbox.state
    people = {"maria": marias_keys(visitor.sandbox), "broker": state.user_keys(BROKER)}
    (aws / "credentials").write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
            for name, keys in people.items()
        )
    )
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    (aws / "config").write_text(f"[profile maria]\nregion = {visitor.places.region}\n[profile dev]\n{lines}")


def sso(visitor: Visitor) -> tuple[list[str], str]:
    return words(visitor)[:7], ""


def role(visitor: Visitor) -> tuple[list[str], str]:
    return ["role", "--role-arn", arn(visitor, "CodeCommitAccess"), "--source-profile", "maria"], ""


def role_mfa(visitor: Visitor) -> tuple[list[str], str]:
    words, _ = role(visitor)
    words[2] = arn(visitor, "CodeCommitMfa")
    return [*words, *code(visitor)], ""


def mfa(visitor: Visitor) -> tuple[list[str], str]:
    return ["mfa", "--source-profile", "maria", *code(visitor)], ""


def code(visitor: Visitor) -> list[str]:
    serial = visitor.sandbox.state.device("maria").serial
    return ["--mfa-serial", serial, "--mfa-code", visitor.sandbox.state.mfa_code(serial)]


def oidc(visitor: Visitor) -> tuple[list[str], str]:
    (visitor.work / "token").write_text(visitor.sandbox.state.web_identity_token())
    return ["oidc", "--role-arn", arn(visitor, "CodeCommitOidc"), "--web-identity-token-file", "token"], ""


def saml(visitor: Visitor) -> tuple[list[str], str]:
    state = visitor.sandbox.state
    (visitor.work / "response").write_text(
        state.saml_assertion(f"{arn(visitor, 'CodeCommitSaml')},{state.arn(SAML_PROVIDER)}")
    )
    return ["saml", "--saml-assertion", "response"], ""


def keys(visitor: Visitor) -> tuple[list[str], str]:
    three = visitor.sandbox.state.temporary_keys(role_arn("CodeCommitAccess"), "maria", 3600)
    return ["keys", "--keys", "-"], (
        f"export AWS_ACCESS_KEY_ID={three.access_key_id}\nexport AWS_SECRET_ACCESS_KEY={three.secret_access_key}\n"
        f"export AWS_SESSION_TOKEN={three.session_token}\n"
    )


def federation(visitor: Visitor) -> tuple[list[str], str]:
    return ["federation", "--source-profile", "broker", "--federated-name", "maria"], ""


def machine(visitor: Visitor) -> tuple[list[str], str]:
    visitor.sandbox.state.attach(role_arn("BuildMachine", PEOPLE))
    visitor.env.update(visitor.sandbox.machine_environment())
    return ["machine"], ""


def console(visitor: Visitor) -> tuple[list[str], str]:
    pytest.importorskip("awscrt", reason="botocore[crt] isn't installed")
    visitor.without_aws_cli()
    return ["console"], ""


def existing(visitor: Visitor) -> tuple[list[str], str]:
    stored(visitor, role_arn=arn(visitor, "CodeCommitAccess"), source_profile="maria", region=visitor.places.region)
    return ["existing"], ""


KINDS: dict[str, Kind] = {
    "sso": sso, "role": role, "role-mfa": role_mfa, "mfa": mfa, "oidc": oidc, "saml": saml, "keys": keys,
    "federation": federation, "machine": machine, "existing": existing, "console": console,
}  # fmt: skip


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_kind_ends_in_a_clone_that_pulls_and_pushes(
    kind: Kind, partition: str, visitor_in: Callable[[str], Visitor], aws_tools: AwsTools
) -> None:
    visitor = visitor_in(partition)
    stored(visitor)
    flags, paste = kind(visitor)
    name = "people-tools" if flags[0] in ("mfa", "machine") else "MySharedDemoRepo"
    more = [] if flags[0] == "existing" else ["--region", visitor.places.region]
    done = visitor.setup(*flags, "--profile", "dev", *more, "--repo", name, paste=paste)
    assert done.code == 0, done.shown
    assert done.said["identity"]["arn"].startswith(f"arn:{partition}:")
    visitor.git("pull", cwd=name)
    visitor.git("commit", "--allow-empty", "-m", "x", cwd=name)
    visitor.git("push", cwd=name)
    # AWS's own git-remote-codecommit doesn't know the form of eusc-de-east-1, and reads console only with botocore[crt]
    if kind is not console and partition != "aws-eusc":
        visitor.git("commit", "--allow-empty", "-m", "y", cwd=name)
        visitor.git("push", cwd=name, path=str(aws_tools.folder))
    assert visitor.hosts(refused=True) == set()
    assert {regions.partition_of(e.region) for e in visitor.sandbox.log if e.region} == {partition}


GIT = {
    "aws": "git-codecommit-fips.us-east-2.amazonaws.com",
    "aws-us-gov": "git-codecommit-fips.us-gov-east-1.amazonaws.com",
}


@pytest.mark.parametrize("by", ["variable", "profile"])
@pytest.mark.parametrize("partition", GIT)
def test_fips_holds_for_the_sign_in_the_api_and_git(
    partition: str, by: str, visitor_in: Callable[[str], Visitor]
) -> None:
    visitor = visitor_in(partition)
    there = visitor.places
    if by == "variable":
        visitor.env["AWS_USE_FIPS_ENDPOINT"] = "true"
    else:
        stored(visitor, region=there.region, use_fips_endpoint="true")
    done = visitor.setup(*words(visitor))
    assert done.code == 0, done.shown
    visitor.git("pull")
    if partition == "aws":
        assert {host for host in visitor.hosts() if "-fips." not in host} == {"acme.awsapps.com"}
    else:  # there, the ordinary hosts of Identity Center and STS are the FIPS hosts
        assert visitor.hosts() == {
            "oidc.us-gov-west-1.amazonaws.com", "portal.sso.us-gov-west-1.amazonaws.com",
            "sts.us-gov-east-1.amazonaws.com", "codecommit-fips.us-gov-east-1.amazonaws.com", GIT[partition],
        }  # fmt: skip
    assert visitor.hosts(refused=True) == set()
    assert visitor.run("login", "dev", "--json").code == 0
    assert visitor.hosts(refused=True) == set()


@pytest.mark.long
@pytest.mark.parametrize(
    ("setting", "host"),
    [
        ("use_fips_endpoint", "signin-fips.us-east-2.amazonaws.com"),
        ("use_dualstack_endpoint", "signin.us-east-2.api.aws"),
    ],
)
def test_a_console_sign_in_uses_the_hosts_that_the_profile_asks_for(
    setting: str, host: str, visitor_in: Callable[[str], Visitor]
) -> None:
    visitor = visitor_in("aws")
    console(visitor)
    stored(visitor, region=visitor.places.region, **{setting: "true"})
    assert visitor.setup("console", "--profile", "dev", "--region", "us-east-2", "--no-clone").code == 0
    assert {it for it in visitor.hosts() if "signin" in it} == {host}
    assert visitor.run("login", "dev", "--json").code == 0
    assert {it for it in visitor.hosts() if "signin" in it} == {host}
    assert visitor.hosts(refused=True) == set()


@pytest.mark.long
@pytest.mark.parametrize("used", ["dev", "last"])
def test_the_endpoints_are_those_of_the_profile_that_is_used_and_not_of_its_source(
    used: str, visitor_in: Callable[[str], Visitor]
) -> None:
    visitor = visitor_in("aws")
    start = visitor.places.start_url
    visitor.sandbox.state.center.assign(start, CODE, "Starter", policy_engine.allow("sts:AssumeRole"))
    flags = ["Starter" if it == "Developer" else it for it in words(visitor)[:-2]]
    assert visitor.setup(*flags, "--no-clone").code == 0
    visitor.sandbox.state.add_role(CODE, "Last", policy_engine.trust(CODE), policy_engine.allow("codecommit:*"))
    config = visitor.home / ".aws" / "config"
    written = config.read_text().replace("[profile dev]\n", "[profile dev]\nuse_fips_endpoint = true\n")
    config.write_text(
        f"{written}[profile last]\nrole_arn = {role_arn('Last')}\nsource_profile = dev\nregion = us-east-2\n"
    )
    seen = len(visitor.sandbox.log)
    assert visitor.run("doctor", used, "--json").code == 0
    hosts = {it.action for it in visitor.sandbox.log[seen:] if it.service == "host"}
    assert any("-fips." in host for host in hosts) == (used == "dev"), hosts


@pytest.mark.long
@pytest.mark.parametrize("by", ["variable", "profile"])
@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_dual_stack_holds_for_the_sign_in_and_the_api_and_git_is_said_not_to(
    partition: str, by: str, visitor_in: Callable[[str], Visitor]
) -> None:
    visitor = visitor_in(partition)
    there, suffix = visitor.places, regions.PARTITIONS[partition]["dual"]
    if by == "variable":
        visitor.env["AWS_USE_DUALSTACK_ENDPOINT"] = "true"
    else:
        stored(visitor, region=there.region, use_dualstack_endpoint="true")
    done = visitor.setup(*words(visitor))
    assert done.code == 0, done.shown
    git = regions.git_host(there.region)
    assert f"AWS has no dual-stack host for git in {there.region}, so git uses {git}." in done.shown
    assert {host for host in visitor.hosts() if not host.endswith(suffix)} - {git} <= {
        "acme.awsapps.com",
        "start.home.awsapps.cn",
    }
    assert visitor.hosts(refused=True) == set()


def test_fips_where_aws_has_none_is_named_by_the_doctor(visitor_in: Callable[[str], Visitor]) -> None:
    visitor = visitor_in("aws")
    stored(visitor, role_arn=arn(visitor, "CodeCommitAccess"), source_profile="maria", region="eu-west-1",
           use_fips_endpoint="true")  # fmt: skip
    done = visitor.run("doctor", "dev", "--offline", "--json")
    found = [it for it in done.said["findings"] if it["code"] == "region.endpoints"]
    assert [(it["severity"], it["line"], it["says"]) for it in found] == [
        ("stops", 7, "dev uses FIPS endpoints, but AWS has none for STS in eu-west-1.")
    ]
    by_variable = visitor.run("doctor", "dev", "--offline", "--json", AWS_USE_FIPS_ENDPOINT="true")
    told = next(it for it in by_variable.said["findings"] if it["code"] == "region.endpoints")
    assert told["do"] == "unset AWS_USE_FIPS_ENDPOINT"
    off = visitor.run("doctor", "dev", "--offline", "--json", AWS_USE_FIPS_ENDPOINT="false")
    assert "region.endpoints" not in {it["code"] for it in off.said["findings"]}


def test_fips_where_aws_has_none_is_named_by_setup(visitor_in: Callable[[str], Visitor]) -> None:
    visitor = visitor_in("aws")
    stored(visitor)
    flags = ["role", "--role-arn", arn(visitor, "CodeCommitAccess"), "--source-profile", "maria", "--profile", "x"]
    done = visitor.setup(*flags, "--region", "eu-west-1", "--repo", "handbook", AWS_USE_FIPS_ENDPOINT="true")
    assert (done.code, done.problem["why"]) == (1, "AWS has no FIPS endpoint for STS in eu-west-1.")
    assert "sts-fips.eu-west-1.amazonaws.com" in visitor.hosts(refused=True)


def test_a_dual_stack_profile_has_a_note_about_git(visitor_in: Callable[[str], Visitor]) -> None:
    visitor = visitor_in("aws")
    stored(visitor, role_arn=arn(visitor, "CodeCommitAccess"), source_profile="maria", region="us-east-2",
           use_dualstack_endpoint="true")  # fmt: skip
    done = visitor.run("doctor", "dev", "--offline", "--json")
    found = [it for it in done.said["findings"] if it["code"] == "region.endpoints"]
    assert [(it["severity"], it["line"]) for it in found] == [("note", 7)]


@pytest.mark.long
@pytest.mark.parametrize("partition", ["aws-us-gov", "aws-cn"])
def test_awss_own_tools_work_with_what_was_written(
    partition: str, visitor_in: Callable[[str], Visitor], aws_tools: AwsTools
) -> None:
    visitor = visitor_in(partition)
    assert visitor.setup(*words(visitor)).code == 0
    asked = [str(aws_tools.aws), "sts", "get-caller-identity", "--profile", "dev", "--output", "json"]
    seen = subprocess.run(asked, env=visitor.env, capture_output=True, text=True, check=False)
    assert json.loads(seen.stdout)["Arn"].startswith(f"arn:{partition}:sts::{CODE}:"), seen.stderr
    visitor.git("pull", path=str(aws_tools.folder))


@pytest.mark.long
def test_awss_helper_that_does_not_know_a_region_is_named_with_another_way(
    visitor_in: Callable[[str], Visitor], aws_tools: AwsTools
) -> None:
    visitor = visitor_in("aws-eusc")
    path = f"{aws_tools.folder}:{visitor.env['PATH']}"
    done = visitor.setup(*words(visitor), PATH=path)
    assert (done.code, done.problem["code"]) == (1, "git.helper-old")
    assert "--via credential-helper" in done.problem["next"]
    assert visitor.setup(*words(visitor), "--via", "credential-helper", PATH=path).code == 0
    visitor.git("pull", path=str(aws_tools.folder))
