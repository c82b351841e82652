"""The sandbox as a proxy for AWS's hosts: AWS's own clients reach it under the real names, partition by partition."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ccsetup.sandbox import Sandbox, demo_data, hosts
from ccsetup.sandbox.demo_data import MARIA, START_URL

ASK = """
import json, sys, boto3, botocore
from botocore.config import Config
service, region, call, given, options, keys = json.loads(sys.argv[1])
client = boto3.Session(*keys, region_name=region).client(
    service, config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, **options))
try:
    answer = getattr(client, call)(**given)
    answer.pop("ResponseMetadata")
    print(json.dumps(answer))
except botocore.exceptions.ClientError as error:
    print(json.dumps(error.response["Error"]["Code"]))
except botocore.exceptions.BotoCoreError as error:
    print(json.dumps(type(error).__name__))
"""


@pytest.fixture
def ask(sandbox: Sandbox, clean_env: Any, tmp_path: Path) -> Any:
    """Make one call with boto3 in a process of its own, which knows the sandbox only as its proxy."""
    env = clean_env(tmp_path / "home", sandbox.proxy_environment())

    def made(service: str, region: str, call: str, given: Any = None, **options: Any) -> Any:
        keys = sandbox.state.user_keys(MARIA)
        told = [service, region, call, given or {}, options, [keys.access_key_id, keys.secret_access_key]]
        done = subprocess.run(
            [sys.executable, "-c", ASK, json.dumps(told)], env=env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return made


def reached(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(entry.action, entry.outcome) for entry in sandbox.log if entry.service == "host"]


def test_boto3_reaches_a_service_under_its_own_name(sandbox: Sandbox, ask: Any) -> None:
    assert ask("sts", "eu-west-1", "get_caller_identity")["Arn"] == MARIA
    assert reached(sandbox) == [("sts.eu-west-1.amazonaws.com", "ok")]


def test_a_start_url_is_known_in_its_region_and_refused_in_another(sandbox: Sandbox, ask: Any) -> None:
    given = {
        "clientName": "x", "clientType": "public", "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": ["http://127.0.0.1/oauth/callback"], "issuerUrl": START_URL,
    }  # fmt: skip
    assert ask("sso-oidc", "us-west-2", "register_client", given) == "InvalidRequestException"
    assert "clientId" in ask("sso-oidc", "us-east-1", "register_client", given)
    assert [host for host, _ in reached(sandbox)] == ["oidc.us-west-2.amazonaws.com", "oidc.us-east-1.amazonaws.com"]


def test_a_device_is_sent_to_the_regions_own_page(sandbox: Sandbox, ask: Any) -> None:
    client = ask("sso-oidc", "us-east-1", "register_client", {"clientName": "x", "clientType": "public"})
    told = {"clientId": client["clientId"], "clientSecret": client["clientSecret"], "startUrl": START_URL}
    found = ask("sso-oidc", "us-east-1", "start_device_authorization", told)
    assert found["verificationUri"] == "https://device.sso.us-east-1.amazonaws.com/device"
    elsewhere = ask("sso-oidc", "eu-west-1", "start_device_authorization", told)
    assert elsewhere == "InvalidRequestException"
    sandbox.state.center.checks_region = False
    assert "userCode" in ask("sso-oidc", "eu-west-1", "start_device_authorization", told)


def test_a_start_page_names_its_region(sandbox: Sandbox, clean_env: Any, tmp_path: Path) -> None:
    env = clean_env(tmp_path / "home", sandbox.proxy_environment(), SSL_CERT_FILE=str(sandbox.certificate))
    code = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=9).read().decode())"
    page = subprocess.run(
        [sys.executable, "-c", code, START_URL], env=env, capture_output=True, text=True, check=True, timeout=30
    )
    assert '<meta name="region" content="us-east-1"/>' in page.stdout


@pytest.mark.parametrize(
    ("region", "options", "outcome"),
    [
        ("us-east-1", {"use_fips_endpoint": True}, "ok"),
        ("us-gov-west-1", {"use_fips_endpoint": True}, "InvalidClientTokenId"),  # of another partition
        ("eu-west-1", {"use_fips_endpoint": True}, "ProxyConnectionError"),  # AWS has no such host
        ("eu-west-1", {"use_dualstack_endpoint": True}, "ok"),
    ],
)
def test_hosts_that_aws_does_not_have_do_not_answer(
    sandbox: Sandbox, ask: Any, region: str, options: dict[str, bool], outcome: str
) -> None:
    answer = ask("sts", region, "get_caller_identity", **options)
    assert (answer if isinstance(answer, str) else "ok") == outcome


@pytest.mark.parametrize(
    ("host", "there"),
    [
        ("oidc.us-gov-west-1.amazonaws.com", True), ("oidc-fips.us-gov-west-1.amazonaws.com", False),
        ("oidc-fips.us-gov-west-1.api.aws", True), ("oidc.cn-north-1.amazonaws.com.cn", True),
        ("oidc.cn-north-1.amazonaws.com", False), ("sts-fips.cn-north-1.amazonaws.com.cn", False),
        ("git-codecommit-fips.us-gov-east-1.amazonaws.com", True), ("git-codecommit.us-east-2.api.aws", False),
        ("sts.eusc-de-east-1.amazonaws.eu", True), ("iam.us-gov.amazonaws.com", True), ("evil.example", False),
        ("oidc.s3.amazonaws.com", False), ("start.home.awsapps.cn", True), ("pypi.org", False),
    ],
)  # fmt: skip
def test_only_hosts_of_awss_exist(host: str, there: bool) -> None:
    assert (hosts.of(host) is not None) is there


def test_git_reaches_codecommit_under_its_own_name(sandbox: Sandbox, clean_env: Any, tmp_path: Path) -> None:
    env = clean_env(tmp_path / "home", sandbox.proxy_environment())
    url = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo"
    done = subprocess.run(["git", "ls-remote", url], env=env, capture_output=True, text=True, timeout=30)
    assert (done.returncode, "could not read Username" in done.stderr) == (128, True)
    assert reached(sandbox)[0] == ("git-codecommit.us-east-2.amazonaws.com", "ok")


@pytest.mark.parametrize("partition", demo_data.PLACES)
def test_the_example_exists_in_every_partition(partition: str) -> None:
    state = demo_data.example(partition=partition)
    arns = [*state.users, *state.roles, *state.devices, *state.providers, *state.saml_providers]
    arns += [it.arn for it in state.repositories.values()]
    texts = [*arns, json.dumps([role.trust for role in state.roles.values()])]
    texts += [json.dumps(held.policies) for held in (*state.users.values(), *state.roles.values())]
    assert [arn for arn in arns if not arn.startswith(f"arn:{partition}:")] == []
    assert [text for text in texts if partition != "aws" and "arn:aws:" in text] == []
    place = demo_data.PLACES[partition]
    assert hosts.of(f"oidc.{place.sso_region}.{hosts.regions.dns_suffix(place.sso_region)}")
    assert state.user_keys(MARIA).caller.arn == f"arn:{partition}:iam::888888888888:user/maria"
