"""What a profile is: botocore itself says where it would get each profile's credentials from."""

from __future__ import annotations

import itertools
import shlex
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import BotoCoreError

from ccsetup.core.profile_kind import (
    has_own_credentials,
    is_long_term,
    is_temporary,
    keeps_long_term,
    kind_of,
    source_of,
)
from ccsetup.doctor.checks import shadowed
from tests.homes import facts_of

PRINTED = '{"Version": 1, "AccessKeyId": "AKIAP", "SecretAccessKey": "s"}'
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s" * 40}
PARTS = {
    "oidc": {"role_arn": "arn:aws:iam::111122223333:role/R", "web_identity_token_file": "/tmp/token"},
    "role": {"role_arn": "arn:aws:iam::111122223333:role/R", "source_profile": "base"},
    "sso": {"sso_start_url": "https://a.awsapps.com/start", "sso_region": "us-east-1", "sso_account_id": "111122223333",
            "sso_role_name": "R"},
    "keys": KEYS,
    "console": {"login_session": "arn:aws:iam::111122223333:user/maria"},
    "process": {"credential_process": f"echo {shlex.quote(PRINTED)}"},
}  # fmt: skip
METHODS = {
    "assume-role-with-web-identity": "oidc", "assume-role": "role", "sso": "sso", "shared-credentials-file": "keys",
    "login": "console", "custom-process": "process", "config-file": "keys",
}  # fmt: skip
SUBSETS = [them for n in range(1, len(PARTS) + 1) for them in itertools.combinations(PARTS, n)]


def botocores(profile: str) -> str:
    """Return the first of botocore's providers that has something to say about a profile."""
    session = botocore.session.Session(profile=profile)
    for provider in session.get_component("credential_provider").providers:
        if provider.METHOD in METHODS:
            try:
                found = provider.load()
            except BotoCoreError:  # what it refuses, it has taken on
                return METHODS[provider.METHOD]
            if found:
                return METHODS[provider.METHOD]
    return ""


@pytest.mark.parametrize("parts", SUBSETS, ids="-".join)
def test_credentials_come_from_where_botocore_gets_them(
    parts: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {key: value for part in parts if part != "keys" for key, value in PARTS[part].items()}
    credentials = KEYS if "keys" in parts else {}
    texts = [
        "\n".join((f"[{header}]", *(f"{key} = {value}" for key, value in them.items()), *more, "")) if them else ""
        for header, them, more in (
            ("profile dev", config, ["[profile base]", *(f"{key} = {value}" for key, value in KEYS.items())]),
            ("dev", credentials, []),
        )
    ]
    for name, variable, text in zip(
        ("config", "credentials"), ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), texts, strict=True
    ):
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(variable, str(tmp_path / name))
    there = {**config, **credentials}
    assert source_of(there) == botocores("dev") == kind_of(there)
    first = shadowed.kinds(facts_of(*texts), "dev", there)[0]
    labels = {
        "oidc": "the token file", "role": "the role", "sso": "single sign-on", "keys": "the access key in the credentials file",
        "console": "aws login", "process": "credential_process",
    }  # fmt: skip
    assert first.label == labels[source_of(there)]


def test_a_source_uses_its_access_keys_before_its_own_role() -> None:
    both = {**PARTS["role"], **KEYS}
    assert (source_of(both), source_of(both, as_source=True)) == ("role", "keys")
    assert has_own_credentials(both)
    assert not has_own_credentials(PARTS["role"])
    assert source_of({**PARTS["role"], "aws_secret_access_key": "s"}, as_source=True) == ""


@pytest.mark.parametrize("kind", ["mfa", "saml", "federation", "oidc"])
def test_a_stored_kind_counts_as_long_as_sdks_use_what_is_stored(kind: str) -> None:
    stored = {**KEYS, "aws_session_token": "t", "ccsetup_kind": kind}
    assert (kind_of(stored), source_of(stored)) == (kind, "keys")
    assert kind_of({"ccsetup_kind": kind, "region": "us-east-1"}) == kind
    for other in ("role", "sso", "console", "process"):
        there = {**PARTS[other], "ccsetup_kind": kind, **({} if other in ("console", "process") else KEYS)}
        assert kind_of(there) == other
    assert kind_of({**KEYS, "ccsetup_kind": "nonsense"}) == "keys"


def test_a_region_alone_leaves_it_to_the_computers_role() -> None:
    assert source_of({"region": "us-east-1", "output": "json"}) == "machine"
    assert source_of({"output": "json"}) == source_of({}) == ""
    for key in ("source_profile", "external_id", "aws_secret_access_key", "sso_session", "ccsetup_profile"):
        assert source_of({"region": "us-east-1", key: "x"}) == ""


@pytest.mark.parametrize("token", ["aws_session_token", "aws_security_token"])
def test_keys_with_a_token_of_either_name_are_temporary(token: str) -> None:
    there = {**KEYS, token: "t"}
    assert is_temporary(there)
    assert not is_long_term(there)
    assert not keeps_long_term({**there, "aws_access_key_id": "ASIAIOSFODNN7EXAMPLE"})
    assert is_long_term(KEYS)
    assert keeps_long_term(KEYS)
    assert keeps_long_term({"aws_secret_access_key": "s"})
    assert keeps_long_term(there)  # its ID begins with AKIA


@pytest.mark.parametrize(
    ("settings", "machine"),
    [
        ({"region": "us-east-2"}, True),
        ({"region": "us-east-2", "output": "json"}, True),
        ({"output": "json"}, False),
        ({"region": "us-east-2", "aws_access_key_id": "AKIA"}, False),
        ({"region": "us-east-2", "sso_session": "x"}, False),
        ({"region": "us-east-2", "ccsetup_kind": "saml"}, False),
        ({"region": "us-east-2", "credential_source": "Ec2InstanceMetadata"}, False),
        ({"region": "us-east-2", "login_session": "x"}, False),
    ],
)
def test_only_a_region_without_credentials_leaves_it_to_the_computers_role(
    settings: dict[str, str], machine: bool
) -> None:
    assert (source_of(settings) == "machine") is machine


@pytest.mark.parametrize(
    ("settings", "has", "keeps"),
    [
        (KEYS, True, True),
        ({"aws_secret_access_key": "s"}, False, True),
        ({"aws_access_key_id": "ASIA", "aws_session_token": "t"}, False, False),
        ({"aws_access_key_id": "AKIA", "aws_session_token": "t"}, False, True),
        ({"aws_access_key_id": "ASIA", "aws_security_token": "t"}, False, False),
        ({"aws_access_key_id": "", "aws_secret_access_key": ""}, True, False),
        ({"aws_access_key_id": "ASIA", "aws_session_token": ""}, False, True),
        ({"region": "us-east-2"}, False, False),
    ],
)
def test_long_term_keys_are_told_from_those_that_pass(settings: dict[str, str], has: bool, keeps: bool) -> None:
    assert is_long_term(settings) is has
    assert keeps_long_term(settings) is keeps
