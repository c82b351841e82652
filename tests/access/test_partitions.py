"""No region of another partition is suggested or accepted for a role or a sign-in."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_kinds import walked

from ccsetup.access import questions
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Answers, Corrected, Value
from ccsetup.core.regions import REGIONS, partition_of

GOV, CN, PLAIN = (f"arn:{it}:iam::111122223333:role/R" for it in ("aws-us-gov", "aws-cn", "aws"))
SESSIONS = {
    "gov": {"sso_region": "us-gov-east-1", "sso_start_url": "https://start.us-gov-home.awsapps.com/directory/a"}
}
PROFILES = {
    "base": {"aws_access_key_id": "AKIA", "region": "us-east-1"},
    "signed": {"sso_session": "gov", "sso_account_id": "111122223333", "sso_role_name": "Dev"},
}
KINDS: list[tuple[dict[str, Value], str]] = [
    ({"kind": "role", "role_arn": GOV, "source_profile": "base"}, "aws-us-gov"),
    ({"kind": "role", "role_arn": CN, "source_profile": "base"}, "aws-cn"),
    ({"kind": "role", "role_arn": PLAIN, "source_profile": "signed"}, "aws"),
    ({"kind": "oidc", "role_arn": GOV}, "aws-us-gov"),
    ({"kind": "saml", "role_arn": CN}, "aws-cn"),
    ({"kind": "sso", "sso_region": "us-gov-west-1"}, "aws-us-gov"),
    ({"kind": "sso", "sso_start_url": "https://start.home.awsapps.cn/directory/a"}, "aws-cn"),
    ({"kind": "mfa", "mfa_serial": "arn:aws-cn:iam::111122223333:mfa/maria"}, "aws-cn"),
    ({"kind": "machine", "role_arn": GOV}, "aws-us-gov"),
    ({"kind": "existing", "profile": "signed"}, "aws-us-gov"),
    ({"kind": "federation", "source_profile": "signed"}, "aws-us-gov"),
]


@pytest.mark.parametrize(("given", "partition"), KINDS)
def test_only_regions_of_its_partition_are_suggested_and_accepted(
    given: dict[str, Value], partition: str, tmp_path: Path
) -> None:
    done: dict[str, Value] = {"kind": "existing", "region": "us-east-1", "profile": "base", "no_clone": "yes"}
    _, _, look = walked(tmp_path, done, profiles=PROFILES, sessions=SESSIONS)
    look.env = {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "eu-west-1"}
    answers = Answers(given)
    near = questions.region_near(answers, look)
    assert near in (None, "us-west-2")
    assert (near is None) == (partition != "aws")
    offered = [it.value for it in questions.asked_region().choices(answers, look)]  # type: ignore[misc]
    assert offered == [it for it in REGIONS if partition_of(it) == partition]
    for region in ("us-east-2", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"):
        if partition_of(region) == partition:
            assert questions.settle_region(region, answers, look) is None
        else:
            with pytest.raises(BadAnswer, match=f"{region} isn't a region of {partition}"):
                questions.settle_region(region, answers, look)


@pytest.mark.parametrize("region", ["us-east-2", "cn-north-1", "us-gov-west-1"])
def test_without_a_role_or_a_sign_in_every_region_is_accepted(region: str, tmp_path: Path) -> None:
    done: dict[str, Value] = {"kind": "existing", "region": region, "profile": "base", "no_clone": "yes"}
    _, _, look = walked(tmp_path, done, profiles=PROFILES, sessions=SESSIONS)
    found = questions.settle_region(region, Answers({"kind": "keys"}), look)
    assert not isinstance(found, Corrected)


def test_a_flag_with_a_region_of_another_partition_is_refused(tmp_path: Path) -> None:
    given: dict[str, Value] = {
        "kind": "role", "role_arn": GOV, "source_profile": "base", "region": "us-east-2", "profile": "d", "no_clone": "yes",
    }  # fmt: skip
    with pytest.raises(BadAnswer, match="us-east-2 isn't a region of aws-us-gov"):
        walked(tmp_path, given, profiles=PROFILES)
    given["region"] = "us-gov-east-1"
    found, _, _ = walked(tmp_path, given, profiles=PROFILES)
    assert found["config", "profile", "d"]["region"] == "us-gov-east-1"
