"""A profile's partition is what its role or sign-in says, and only regions of that partition are suggested for it."""

from __future__ import annotations

import pytest

from ccsetup.core import profile_partition

GOV, CN, PLAIN = (f"arn:{it}:iam::111122223333:role/R" for it in ("aws-us-gov", "aws-cn", "aws"))
SESSIONS = {
    "gov": {"sso_region": "us-gov-west-1"},
    "acme": {"sso_start_url": "https://acme.awsapps.com/start", "sso_region": "eu-west-1"},
    "url": {"sso_start_url": "https://start.us-gov-home.awsapps.com/directory/acme"},
    "cn": {"sso_start_url": "https://start.home.awsapps.cn/directory/acme"},
    "vanity": {"sso_start_url": "https://acme.awsapps.com/start"},
}


@pytest.mark.parametrize(
    ("there", "partition"),
    [
        ({"role_arn": GOV, "region": "us-east-1"}, "aws-us-gov"),
        ({"role_arn": CN}, "aws-cn"),
        ({"role_arn": PLAIN, "region": "cn-north-1"}, "aws"),
        ({"sso_session": "gov"}, "aws-us-gov"),
        ({"sso_session": "acme"}, "aws"),
        ({"sso_session": "url"}, "aws-us-gov"),
        ({"sso_session": "cn"}, "aws-cn"),
        ({"sso_session": "vanity"}, ""),
        ({"sso_session": "missing"}, ""),
        ({"sso_region": "cn-northwest-1"}, "aws-cn"),
        ({"ccsetup_mfa_serial": "arn:aws-cn:iam::111122223333:mfa/maria"}, "aws-cn"),
        ({"mfa_serial": "GAHT12345678"}, ""),
        ({"role_arn": "R"}, ""),
        ({"role_arn": "arn:aws-cn:iam:::111122223333:role/R"}, ""),
        ({"role_arn": "arn:aws-us-gov:sts::111122223333:assumed-role/R/maria"}, ""),
        ({"role_arn": "arn:aws-moon:iam::111122223333:role/R"}, ""),
        ({"region": "us-gov-east-1"}, ""),
        ({}, ""),
    ],
)
def test_a_role_or_a_sign_in_tells_the_partition(there: dict[str, str], partition: str) -> None:
    assert profile_partition.told_by(there, SESSIONS) == partition
    assert profile_partition.told({"it": there}, SESSIONS, "it") == partition


PROFILES = {
    "keys": {"region": "us-gov-east-1"},
    "signed": {"sso_session": "gov", "sso_account_id": "111122223333"},
    "of keys": {"role_arn": GOV, "source_profile": "keys"},
    "bare": {"role_arn": GOV, "source_profile": "default"},
    "default": {"region": "us-east-1"},
    "wrong": {"role_arn": GOV, "source_profile": "keys", "region": "us-west-2"},
    "nothing": {},
}


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("keys", "us-gov-east-1"),
        ("signed", "us-gov-west-1"),
        ("of keys", "us-gov-east-1"),
        ("bare", "us-gov-west-1"),
        ("default", "us-east-1"),
        ("wrong", "us-west-2"),  # AWS's tools use it, too
        ("nothing", "eu-west-1"),
        ("missing", "eu-west-1"),
    ],
)
def test_aws_is_called_in_the_profiles_own_region_or_one_of_its_partition(name: str, region: str) -> None:
    assert profile_partition.region_of(PROFILES, SESSIONS, name, "eu-west-1") == region


@pytest.mark.parametrize(
    ("partition", "near_by", "region"),
    [
        ("aws-us-gov", ["us-east-1", None, "", "us-gov-east-1"], "us-gov-east-1"),
        ("aws-us-gov", ["us-east-1"], ""),
        ("aws-cn", ["cn-north-1"], "cn-north-1"),
        ("aws", ["cn-north-1", "eu-west-1"], "eu-west-1"),
        ("", ["cn-north-1"], "cn-north-1"),
        ("aws", ["nowhere"], ""),
    ],
)
def test_a_suggested_region_is_in_the_partition(partition: str, near_by: list[str | None], region: str) -> None:
    assert profile_partition.region_in(partition, near_by) == region
