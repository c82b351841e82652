"""The sandbox's identity provider and its machine: what AssumeRoleWithSAML takes, what the metadata service tells."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher
from sandbox_world import as_keys, client, refusal

from ccsetup.sandbox import Sandbox, policy_engine
from ccsetup.sandbox.demo_data import BROKER, CODE, PEOPLE, REGION, SAML_PROVIDER, role_arn

ROLE = role_arn("CodeCommitSaml")
PAIR = f"{ROLE},{SAML_PROVIDER}"


def asked(sandbox: Sandbox, assertion: str, **more: Any) -> dict[str, Any]:
    given = {"RoleArn": ROLE, "PrincipalArn": SAML_PROVIDER, "SAMLAssertion": assertion, **more}
    return {"call": client(sandbox, "sts").assume_role_with_saml, **given}


@pytest.mark.parametrize("pair", [PAIR, f"{SAML_PROVIDER},{ROLE}"])
def test_an_assertion_becomes_a_roles_keys(sandbox: Sandbox, pair: str) -> None:
    given = asked(sandbox, sandbox.state.saml_assertion(pair, subject="maria@acme.example"))
    answer = given.pop("call")(**given)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{CODE}:assumed-role/CodeCommitSaml/maria@acme.example"
    assert answer["Issuer"] == "https://id.acme.example.com"
    left = answer["Credentials"]["Expiration"] - datetime.now(timezone.utc)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    keys = as_keys(answer, sandbox.state.user_keys(BROKER))
    assert client(sandbox, "codecommit", keys).get_repository(repositoryName="MySharedDemoRepo")


def test_a_session_ends_when_the_assertion_says_so_at_the_latest(sandbox: Sandbox) -> None:
    given = asked(sandbox, sandbox.state.saml_assertion(PAIR, session_ends_s=1200), DurationSeconds=3600)
    left = given.pop("call")(**given)["Credentials"]["Expiration"] - datetime.now(timezone.utc)
    assert left <= timedelta(minutes=20)


def changed(assertion: str, old: str, new: str) -> str:
    return base64.b64encode(base64.b64decode(assertion).replace(old.encode(), new.encode())).decode()


REFUSED = {
    "ended": (lambda s: s.saml_assertion(PAIR, lasts_s=-1), {}, "ExpiredTokenException", "within 5 minutes of issuance"),
    "by another key": (lambda s: s.saml_assertion(PAIR, forged=True), {}, "InvalidIdentityToken", "signature invalid"),
    "a changed subject": (
        lambda s: changed(s.saml_assertion(PAIR), "maria", "marta"), {}, "InvalidIdentityToken", "signature invalid",
    ),
    "no XML": (lambda s: "bm8geG1s", {}, "InvalidIdentityToken", "Invalid base64 SAMLResponse"),
    "no base64": (lambda s: "%%%%%", {}, "InvalidIdentityToken", "Invalid base64 SAMLResponse"),
    "another role": (
        lambda s: s.saml_assertion(PAIR), {"RoleArn": role_arn("CodeCommitAccess")}, "AccessDenied", "Not authorized",
    ),
    "a role it does not offer": (
        lambda s: s.saml_assertion(f"{role_arn('Other')},{SAML_PROVIDER}"), {}, "AccessDenied", "Not authorized",
    ),
    "no such provider": (
        lambda s: s.saml_assertion(PAIR), {"PrincipalArn": SAML_PROVIDER + "2"}, "InvalidIdentityToken", "doesn't exist",
    ),
    "too long": (
        lambda s: s.saml_assertion(PAIR), {"DurationSeconds": 7200}, "ValidationError", "exceeds the MaxSessionDuration",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_aws_refuses_is_refused(sandbox: Sandbox, name: str) -> None:
    made, more, code, says = REFUSED[name]
    answered, text, _ = refusal(**asked(sandbox, made(sandbox.state), **more))
    assert (answered, says in text) == (code, True), text


def test_federated_keys_may_do_what_both_policies_allow(sandbox: Sandbox) -> None:
    sts = client(sandbox, "sts", sandbox.state.user_keys(BROKER))
    narrow = policy_engine.allow(
        "codecommit:GetRepository", "s3:*", on=f"arn:aws:codecommit:{REGION}:{CODE}:payments-*"
    )
    answer = sts.get_federation_token(Name="maria", Policy=json.dumps(narrow))
    codecommit = client(sandbox, "codecommit", as_keys(answer, sandbox.state.user_keys(BROKER)))
    assert codecommit.get_repository(repositoryName="payments-api")
    code, text, _ = refusal(codecommit.get_repository, repositoryName="MySharedDemoRepo")
    assert (code, "no session policy allows" in text) == ("AccessDeniedException", True)
    assert refusal(codecommit.list_repositories)[0] == "AccessDeniedException"
    sandbox.state.set_policies(BROKER, policy_engine.allow("sts:GetFederationToken"))
    assert "no identity-based policy allows" in refusal(codecommit.get_repository, repositoryName="payments-api")[1]


def test_botocores_own_fetchers_find_the_machines_role(sandbox: Sandbox) -> None:
    config = {"ec2_metadata_service_endpoint": sandbox.url + "/"}
    fetcher = InstanceMetadataFetcher(timeout=1, num_attempts=1, base_url=sandbox.url + "/", config=config)
    assert fetcher.retrieve_iam_role_credentials() == {}
    sandbox.state.attach(role_arn("BuildMachine", PEOPLE))
    found = fetcher.retrieve_iam_role_credentials()
    assert found["role_name"] == "BuildMachine"
    env = sandbox.machine_environment(container=True)
    headers = {"Authorization": env["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
    url = env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    assert ContainerMetadataFetcher().retrieve_full_uri(url, headers)["AccessKeyId"] in sandbox.state.keys


def status(url: str, method: str = "GET", **headers: str) -> int:
    request = urllib.request.Request(url, method=method, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_metadata_service_speaks_to_nobody_without_a_token(sandbox: Sandbox) -> None:
    sandbox.state.attach(role_arn("BuildMachine", PEOPLE))
    roles = f"{sandbox.url}/latest/meta-data/iam/security-credentials/"
    assert status(roles) == status(roles, X_aws_ec2_metadata_token="guessed") == 401
    assert status(f"{sandbox.url}/latest/api/token", "PUT") == 400
    assert status(f"{sandbox.url}/latest/api/token", "GET", X_aws_ec2_metadata_token_ttl_seconds="60") == 400
    assert status(sandbox.machine_environment(container=True)["AWS_CONTAINER_CREDENTIALS_FULL_URI"]) == 401
