"""Regions, roles, sign-ins and MFA devices of different partitions: found on their lines, and mended there alone."""

from __future__ import annotations

import pytest
from patients import BASE, facts

from ccsetup.core.errors import BadAnswer
from ccsetup.doctor import checks, repair
from ccsetup.doctor.findings import Finding

GOV, CN, PLAIN = (f"arn:{it}:iam::111122223333:role/R" for it in ("aws-us-gov", "aws-cn", "aws"))
WHO = "sso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Dev\n"
GOV_URL = "https://start.us-gov-home.awsapps.com/directory/acme"


def role(arn: str, region: str = "", more: str = "", source: str = "default") -> str:
    return f"[profile dev]\nrole_arn = {arn}\nsource_profile = {source}\n{more}" + (
        f"region = {region}\n" if region else ""
    )


def session(url: str, region: str) -> str:
    return f"[sso-session acme]\nsso_start_url = {url}\nsso_region = {region}\n"


def seen(config: str, credentials: str = BASE) -> list[Finding]:
    return [it for it in checks.offline(facts(config, credentials)) if ".partition" in it.code]


FOUND = [
    # the region is another partition's
    (role(GOV, "us-west-2§"), "region.partition", "stops", "us-gov-west-1"),
    (role(CN, "eu-central-1§"), "region.partition", "stops", "cn-north-1"),
    (role(PLAIN, "cn-northwest-1§"), "region.partition", "stops", None),
    (role(PLAIN, "us-gov-east-1§"), "region.partition", "stops", None),
    (role(GOV, "us-east-1§") + "[default]\nregion = us-gov-east-1\n", "region.partition", "stops", "us-gov-east-1"),
    (f"[profile dev]\nrole_arn = {CN}\nweb_identity_token_file = /t\nregion = us-east-1§\n", "region.partition", "stops", "cn-north-1"),
    (f"[profile dev]\nrole_arn = {GOV}\ncredential_source = Environment\nregion = eu-west-1§\n", "region.partition", "stops", "us-gov-west-1"),
    (f"[profile dev]\n{WHO}region = us-east-1§\n" + session(GOV_URL, "us-gov-west-1"), "region.partition", "hinders", "us-gov-west-1"),
    (f"[profile dev]\n{WHO}region = us-gov-west-1§\n" + session("https://acme.awsapps.com/start", "us-east-1"), "region.partition", "hinders", "us-east-1"),
    (f"[profile dev]\n{WHO.replace('sso_session = acme', f'sso_start_url = {GOV_URL}')}sso_region = us-gov-west-1\nregion = us-east-2§\n",
     "region.partition", "hinders", "us-gov-west-1"),
    (role(PLAIN, "us-gov-west-1§", source="hub") + f"[profile hub]\n{WHO}" + session("https://acme.awsapps.com/start", "us-east-1"),
     "region.partition", "stops", "us-east-1"),
    # the sign-in's region is another partition's than its start URL
    (f"[profile dev]\n{WHO}" + session(GOV_URL, "us-east-1§"), "region.partition", "stops", "us-gov-west-1"),
    (f"[profile dev]\n{WHO}" + session("https://start.home.awsapps.cn/directory/a", "us-east-1§"), "region.partition", "stops", "cn-north-1"),
    # the role is another partition's than its source
    (f"[profile dev]\nrole_arn = {PLAIN}§\nsource_profile = hub\nregion = us-gov-west-1\n[profile hub]\n{WHO}" + session(GOV_URL, "us-gov-west-1"),
     "role.partition", "stops", GOV),
    (f"[profile dev]\nrole_arn = {CN}§\nsource_profile = hub\n[profile hub]\nrole_arn = {PLAIN}\nsource_profile = default\n", "role.partition", "stops", PLAIN),
    # the MFA device is another partition's than the role
    (role(GOV, "us-gov-west-1", "mfa_serial = arn:aws:iam::888888888888:mfa/maria§\n"), "role.partition", "stops", "arn:aws-us-gov:iam::888888888888:mfa/maria"),
    (role(CN, "", "mfa_serial = arn:aws:iam::888888888888:mfa/maria§\n"), "role.partition", "stops", "arn:aws-cn:iam::888888888888:mfa/maria"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "severity", "first"), FOUND)
def test_what_cant_belong_together_is_found_on_its_line(text: str, code: str, severity: str, first: str | None) -> None:
    line = text.count("\n", 0, text.index("§")) + 1
    (finding,) = seen(text.replace("§", ""))
    assert (finding.code, finding.severity, finding.profile, finding.line) == (code, severity, "dev", line)
    assert finding.remedies
    if first:
        assert first in finding.remedies[0].label
    state = repair.of(facts(text.replace("§", ""), BASE))
    after = state.plus([finding.remedies[0]])
    assert not repair.harm(state, after, [finding.remedies[0]])
    assert not [it for it in checks.offline(after.facts) if it.code == code]


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (role(GOV, "us-west-2"), "ask"),
        (f"[profile dev]\n{WHO}" + session(GOV_URL, "us-east-1"), "auto"),
        (role(GOV, "us-gov-west-1", "mfa_serial = arn:aws:iam::888888888888:mfa/maria\n"), "auto"),
        (role(CN, "", "mfa_serial = arn:aws:iam::888888888888:mfa/maria\n"), "ask"),
    ],
)
def test_only_one_right_answer_is_taken_without_asking(text: str, fix: str) -> None:
    assert [it.fix for it in seen(text)] == [fix]


FINE = [
    role(GOV, "us-gov-west-1", "mfa_serial = arn:aws-us-gov:iam::888888888888:mfa/maria\n"),
    role(CN, "cn-northwest-1", "mfa_serial = GAHT12345678\n"),
    role(GOV),
    role(PLAIN, "eu-south-9"),
    role(GOV, "moon-1"),
    role(PLAIN, "us-gov-west-1", "endpoint_url = http://localhost:4566\n"),
    f"[profile dev]\n{WHO}region = us-gov-east-1\n" + session(GOV_URL, "us-gov-west-1"),
    f"[profile dev]\n{WHO}region = cn-north-1\n" + session("https://acme.awsapps.com/start", "cn-north-1"),
    "[profile dev]\nregion = cn-north-1\n",
    "[default]\nregion = us-gov-west-1\n[profile dev]\nregion = us-east-1\n",
    role(GOV, "us-gov-west-1", source="hub") + f"[profile hub]\n{WHO}" + session(GOV_URL, "us-gov-west-1"),
    "[profile dev]\nrole_arn = nonsense\nsource_profile = default\nregion = us-east-1\n",
]


@pytest.mark.parametrize("text", FINE)
def test_one_partition_is_no_finding(text: str) -> None:
    assert not seen(text)


@pytest.mark.parametrize(
    ("arn", "regions"), [(GOV, {"us-gov-west-1", "us-gov-east-1"}), (CN, {"cn-north-1", "cn-northwest-1"})]
)
def test_a_missing_region_is_offered_in_the_roles_partition_alone(arn: str, regions: set[str]) -> None:
    there = facts(role(arn) + "[default]\nregion = us-east-1\n[profile other]\nregion = eu-west-1\n", BASE)
    (finding,) = (it for it in checks.offline(there) if it.code == "region.missing" and it.profile == "dev")
    assert {it.label.removeprefix("Use ") for it in finding.remedies} == regions
    assert finding.wanted
    assert finding.wanted.parse(min(regions)) == min(regions)
    with pytest.raises(BadAnswer, match="isn't a region of"):
        finding.wanted.parse("us-east-1")
