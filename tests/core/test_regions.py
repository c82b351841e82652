"""Regions, partitions and hosts: what AWS owns is accepted, what anybody could register is not, and one file decides."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.loaders import create_loader
from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT

from ccsetup.core import regions
from ccsetup.core.arn import partition_in
from ccsetup.core.regions import FIPS, REGION, REGIONS, is_region, locate

LISTED = create_loader().load_data("partitions")["partitions"]

# Host → what it is for, its partition, and the region it names.
ACCEPTED: dict[str, tuple[str, str, str]] = {
    "git-codecommit.us-east-2.amazonaws.com": ("git", "aws", "us-east-2"),
    "git-codecommit.eu-south-2.amazonaws.com": ("git", "aws", "eu-south-2"),  # AWS decides
    "git-codecommit.xx-southwest-12.amazonaws.com": ("git", "aws", "xx-southwest-12"),
    "git-codecommit-fips.us-east-1.amazonaws.com": ("git", "aws", "us-east-1"),
    "git-codecommit-fips.us-gov-west-1.amazonaws.com": ("git", "aws-us-gov", "us-gov-west-1"),
    "git-codecommit-fips.ca-west-1.amazonaws.com": ("git", "aws", "ca-west-1"),  # AWS decides here too
    "git-codecommit.cn-northwest-1.amazonaws.com.cn": ("git", "aws-cn", "cn-northwest-1"),
    "git-codecommit.eusc-de-east-1.amazonaws.eu": ("git", "aws-eusc", "eusc-de-east-1"),
    "git-codecommit.us-iso-east-1.c2s.ic.gov": ("git", "aws-iso", "us-iso-east-1"),
    "git-codecommit.us-isob-east-1.sc2s.sgov.gov": ("git", "aws-iso-b", "us-isob-east-1"),
    "vpce-0a1b-2c3d.git-codecommit.us-east-2.vpce.amazonaws.com": ("git", "aws", "us-east-2"),
    "vpce-0a1b-us-east-2a.git-codecommit-fips.us-east-2.vpce.amazonaws.com": ("git", "aws", "us-east-2"),
    "vpce-0a.git-codecommit.cn-north-1.vpce.amazonaws.com.cn": ("git", "aws-cn", "cn-north-1"),
    "acme.awsapps.com": ("portal", "aws", ""),
    "us-east-1.awsapps.com": ("portal", "aws", ""),  # somebody's alias
    "d-1234567890.awsapps.com": ("portal", "aws", ""),
    "start.us-gov-home.awsapps.com": ("portal", "aws-us-gov", "us-gov-west-1"),
    "start.us-gov-east-1.us-gov-home.awsapps.com": ("portal", "aws-us-gov", "us-gov-east-1"),
    "start.home.awsapps.cn": ("portal", "aws-cn", ""),
    "start.cn-north-1.home.awsapps.cn": ("portal", "aws-cn", "cn-north-1"),
    "ssoins-1234.portal.us-east-1.app.aws": ("portal", "aws", "us-east-1"),
    "ssoins-1234.eu-south-2.portal.amazonaws.com": ("portal", "aws", "eu-south-2"),
    "ssoins-1234.us-gov-west-1.portal.amazonaws.com": ("portal", "aws-us-gov", "us-gov-west-1"),
    "ssoins-1234.cn-north-1.portal.amazonaws.com.cn": ("portal", "aws-cn", "cn-north-1"),
    "ssoins-1234.portal.cn-north-1.app.amazonwebservices.com.cn": ("portal", "aws-cn", "cn-north-1"),
    "ssoins-1234.eusc-de-east-1.portal.amazonaws.eu": ("portal", "aws-eusc", "eusc-de-east-1"),
    "ssoins-1234.portal.eusc-de-east-1.api.amazonwebservices.eu": ("portal", "aws-eusc", "eusc-de-east-1"),
    "identitycenter.amazonaws.com": ("portal", "aws", ""),
    "identitycenter.us-gov.amazonaws.com": ("portal", "aws-us-gov", ""),
    "identitycenter.amazonaws.com.cn": ("portal", "aws-cn", ""),
    "identitycenter.amazonaws.eu": ("portal", "aws-eusc", ""),
    "oidc.us-east-1.amazonaws.com": ("sign-in", "aws", "us-east-1"),
    "oidc-fips.us-east-1.amazonaws.com": ("sign-in", "aws", "us-east-1"),
    "oidc-fips.us-gov-west-1.api.aws": ("sign-in", "aws-us-gov", "us-gov-west-1"),
    "oidc.eu-west-1.api.aws": ("sign-in", "aws", "eu-west-1"),
    "oidc.cn-north-1.amazonaws.com.cn": ("sign-in", "aws-cn", "cn-north-1"),
    "oidc.cn-north-1.api.amazonwebservices.com.cn": ("sign-in", "aws-cn", "cn-north-1"),
    "oidc.us-iso-east-1.c2s.ic.gov": ("sign-in", "aws-iso", "us-iso-east-1"),
    "oidc.eusc-de-east-1.amazonaws.eu": ("sign-in", "aws-eusc", "eusc-de-east-1"),
    "portal.sso-fips.us-east-1.amazonaws.com": ("sign-in", "aws", "us-east-1"),
    "device.sso.us-gov-west-1.amazonaws.com": ("sign-in", "aws-us-gov", "us-gov-west-1"),
    "us-east-1.signin.aws": ("sign-in", "aws", "us-east-1"),
    "signin.aws.amazon.com": ("sign-in", "aws", ""),
    "eu-west-1.signin.aws.amazon.com": ("sign-in", "aws", "eu-west-1"),
    "signin.amazonaws.cn": ("sign-in", "aws-cn", ""),
    "signin-fips.amazonaws-us-gov.com": ("sign-in", "aws-us-gov", ""),
    "us-gov-east-1.signin-fips.amazonaws-us-gov.com": ("sign-in", "aws-us-gov", "us-gov-east-1"),
    "eusc-de-east-1.signin.amazonaws-eusc.eu": ("sign-in", "aws-eusc", "eusc-de-east-1"),
    "console.aws.amazon.com": ("console", "aws", ""),
    "eu-west-1.console.aws.amazon.com": ("console", "aws", "eu-west-1"),
    "111122223333-ab12cd34.eu-west-1.console.aws.amazon.com": ("console", "aws", "eu-west-1"),
    "us-gov-west-1.console.amazonaws-us-gov.com": ("console", "aws-us-gov", "us-gov-west-1"),
    "cn-north-1.console.amazonaws.cn": ("console", "aws-cn", "cn-north-1"),
    "eusc-de-east-1.console.amazonaws-eusc.eu": ("console", "aws-eusc", "eusc-de-east-1"),
}
USES = ("git", "portal", "sign-in", "console")

REFUSED = [
    # Buckets, functions, instances, load balancers: anybody's.
    "git-codecommit.s3.amazonaws.com", "git-codecommit.s3-us-west-2.amazonaws.com", "oidc.s3.amazonaws.com",
    "git-codecommit.s3.us-west-2.amazonaws.com", "x.s3.us-east-1.amazonaws.com", "device.sso.s3.amazonaws.com",
    "git-codecommit.s3-website-us-east-1.amazonaws.com", "identitycenter.s3.amazonaws.com", "acme.portal.s3.app.aws",
    "git-codecommit.my-bucket.amazonaws.com", "oidc.my-bucket-1.amazonaws.com", "git-codecommit.compute-1.amazonaws.com",
    "x.execute-api.us-east-1.amazonaws.com", "x.execute-api.us-east-1.api.aws", "x.lambda-url.us-east-1.on.aws",
    "x.us-east-1.elb.amazonaws.com", "git-codecommit.us-east-1.elb.amazonaws.com", "d111.cloudfront.net",
    "x.execute-api.eusc-de-east-1.api.amazonwebservices.eu", "ec2-1-2-3-4.compute-1.amazonaws.com",
    "oidc.eks.us-east-1.amazonaws.com", "vpce-1-2.vpce-svc-1.us-east-1.vpce.amazonaws.com", "x.us-east-1.on.aws",
    "169.254.169.254", "127.0.0.1", "localhost", "x.us-east-1.amplifyapp.com", "x.portal.us-east-1.on.aws",
    # Others' domains.
    "evil.example", "acme.awsapps.com.evil.example", "evilawsapps.com", "acme-awsapps.com", "xawsapps.com",
    "git-codecommit.us-east-2.amazonaws.com.evil.example", "git-codecommit.us-east-2.evilamazonaws.com",
    "git-codecommit.us-east-2.amazonaws.org", "git-codecommit.us-east-2.amazonaws.com.cn.evil", "x.app.aws.evil.example",
    # Labels that are missing, too many, or of another partition.
    "git-codecommit.amazonaws.com", "git-codecommit..amazonaws.com", "evil.git-codecommit.us-east-2.amazonaws.com",
    "git-codecommit.us-east-2.vpce.amazonaws.com", "vpce-0a.git-codecommit.us-east-2.amazonaws.com",
    "vpce-.git-codecommit.us-east-2.vpce.amazonaws.com", "vpce.git-codecommit.us-east-2.vpce.amazonaws.com",
    "vpce-0a.evil.us-east-2.vpce.amazonaws.com", "git-codecommit.us-east-2.evil.vpce.amazonaws.com",
    "git-codecommit.us-east-2.amazonaws.com.cn", "git-codecommit.cn-north-1.amazonaws.com", "us-east-2.amazonaws.com",
    "git-codecommit.eusc-de-east-1.amazonaws.com", "x.portal.cn-north-1.app.aws", "x.us-east-1.portal.amazonaws.com.cn",
    "git-codecommit.us-east-2a.amazonaws.com", "git-codecommit.us-east-02.amazonaws.com", "codecommit.us-east-2.amazonaws.com",
    "awsapps.com", "app.aws", "portal.us-east-1.app.aws", "us-east-1.portal.amazonaws.com", "amazonaws.com", "a.b.awsapps.com",
    "x.y.portal.us-east-1.app.aws", "oidc.amazonaws.com", "oidc.evil.com.amazonaws.com", "www.amazonaws.com", "aws.amazon.com",
    # AWS has none there: the guide lists git's FIPS hosts, and no host over IPv6.
    "git-codecommit-fips.eu-west-1.amazonaws.com", "vpce-0a.git-codecommit-fips.cn-north-1.vpce.amazonaws.com.cn",
    "git-codecommit.us-east-2.api.aws",
    # No host name at all.
    "", ".", "..", "*.awsapps.com", "a" * 64 + ".awsapps.com", "a." * 120 + "awsapps.com", "-acme.awsapps.com",
    "acme_1.awsapps.com", "\u0430cme.awsapps.com", "acme.awsapp\u017f.com", "acme.aws\u0430pps.com", "roc\u212aet.awsapps.com",
    "acme\uff0eawsapps.com", "acme.awsapps\u3002com", "git\u2010codecommit.us-east-2.amazonaws.com", "acme%2eawsapps.com",
]  # fmt: skip


@pytest.mark.parametrize("host", ACCEPTED)
def test_awss_own_hosts_are_accepted_for_what_they_are_and_nothing_else(host: str) -> None:
    use, partition, region = ACCEPTED[host]
    for other in USES:
        assert locate(host, other) == ((partition, region) if other == use else None)  # type: ignore[arg-type]
    assert locate(host) == (partition, region)
    assert locate(host.upper()) == (partition, region)  # DNS knows no capitals


@pytest.mark.parametrize("host", REFUSED)
def test_hosts_that_anybody_could_own_are_refused(host: str) -> None:
    assert locate(host) is None
    assert regions.git_region(host) == ""


@pytest.mark.parametrize("host", ACCEPTED)
@pytest.mark.parametrize(
    "trick",
    ["{}.", ".{}", "{}..", "{}\r", "{}\n", "\n{}", "{}\0", " {}", "{} ", "{}\t", "me@{}", "{}@evil.example", "{}/", "{}#",
     "{}?", "{}\\", "{};", "{},evil.example", "{}%00", "{}%0d", "[{}]", "https://{}", "{}\u200b", "{}\u00ad", "{}:443"],
)  # fmt: skip
def test_nothing_may_stand_around_a_host(host: str, trick: str) -> None:
    assert locate(trick.format(host)) is None


@pytest.mark.parametrize(
    ("port", "good"),
    [(":443", True), (":8443", True), (":65535", True), (":", False), (":0", False), (":65536", False), (":evil", False),
     (":443:443", False), (":443@evil.example", False), (":-1", False), (": 443", False), (":\u0664\u0664\u0663", False),
     (":443\r", False), (":4e2", False), (":0x1bb", False), (":000443", False)],
)  # fmt: skip
def test_git_may_name_a_port_and_nothing_that_looks_like_one(port: str, good: bool) -> None:
    assert regions.git_region(f"git-codecommit.us-east-2.amazonaws.com{port}") == ("us-east-2" if good else "")


LABELS = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True),
    st.sampled_from(["s3", "s3-us-west-2", "vpce", "execute-api", "elb", "portal", "com", "cn", "evil", "amazonaws"]),
)
FREE = {"portal", "sign-in", "console"}  # uses where customers choose the first label of some hosts


@pytest.mark.slow
@given(st.sampled_from(sorted(ACCEPTED)), st.data())
def test_a_label_that_is_changed_makes_no_host_of_awss_unless_it_is_a_region(host: str, data: st.DataObject) -> None:
    use, partition, region = ACCEPTED[host]
    labels = host.split(".")
    at = data.draw(st.integers(0, len(labels) - 1))
    changed = [*labels[:at], data.draw(LABELS), *labels[at + 1 :]]
    found = locate(".".join(changed), use)  # type: ignore[arg-type]
    if found is None or changed == labels:
        return
    named = at == labels.index(region) if region in labels else False
    free = at == 0 and (use in FREE or changed[0].startswith("vpce-"))
    twin = at == len(labels) - 1 and ".".join(changed[-2:]) in (
        "awsapps.com",
        "awsapps.cn",
        "amazonaws.com",
        "amazonaws.eu",
    )
    assert free or twin or (named and is_region(changed[at]) and found == (partition, changed[at]))


@given(st.sampled_from(sorted(ACCEPTED)), LABELS, st.data())
def test_a_label_that_is_put_in_makes_no_host_of_awss(host: str, label: str, data: st.DataObject) -> None:
    use = ACCEPTED[host][0]
    labels = host.split(".")
    at = data.draw(st.integers(0, len(labels)))
    longer = ".".join([*labels[:at], label, *labels[at:]])
    at_the_front = at == 0 and use in ("sign-in", "console")  # acme.signin.aws.amazon.com, eu-west-1.console.…
    assert locate(longer, use) is None or at_the_front or longer in ACCEPTED  # type: ignore[arg-type]


@given(st.text(max_size=80))
def test_any_text_is_a_host_of_awss_or_none(text: str) -> None:
    found = locate(text)
    if found:
        assert re.fullmatch(r"[A-Za-z0-9.-]+", text)
        assert text.lower().endswith(tuple(domain for host in ACCEPTED for domain in [".".join(host.split(".")[-2:])]))


# Regions


@pytest.mark.parametrize(
    "label",
    [*REGIONS, "eu-south-2", "eu-central-2", "mx-central-1", "ap-southeast-7", "us-isob-east-1", "eu-isoe-west-1",
     "us-isof-south-1", "eusc-de-east-1", "us-east-99", "nz-north-1"],
)  # fmt: skip
def test_what_looks_like_a_region_may_be_one(label: str) -> None:
    assert is_region(label)
    assert re.fullmatch(REGION, label)


@pytest.mark.parametrize(
    "label",
    ["", "-", "s3", "s3-us-west-2", "compute-1", "my-bucket", "my-bucket-1", "acme-logs-2024", "us-east-1a", "us-east",
     "us-east-1-bos-1a", "useast1", "us-east-01", "us-east-0", "us-east-100", "US-EAST-1", "us-esat-1", "us--east-1",
     "east-1", "us-east-1\n", "us-east-\u0661", "\u00fcs-east-1", "local", "minio", "auto", "us-gov-gov-west-1", "a-east-1",
     "toolong-east-1", "us-east-1.evil", "us_east_1", "us-east--1", "dualstack", "fips-us-east-1", "us-east-1-fips",
     *sorted(regions.GLOBAL)],
)  # fmt: skip
def test_what_does_not_look_like_one_is_none(label: str) -> None:
    assert not is_region(label)
    assert not re.fullmatch(REGION, label)


@given(st.text(max_size=24) | st.from_regex(r"[a-z]{1,5}(-[a-z]{1,9}){1,3}-[0-9]{1,3}", fullmatch=True))
def test_the_pattern_and_the_function_are_one_decision(label: str) -> None:
    assert is_region(label) == bool(re.fullmatch(REGION, label))


def test_the_regions_and_their_areas_are_botocores() -> None:
    known: dict[str, tuple[str, str]] = {}
    fips: set[str] = set()
    for partition in json.loads((Path(botocore.__file__).parent / "data/endpoints.json").read_text())["partitions"]:
        for region, told in partition["services"].get("codecommit", {}).get("endpoints", {}).items():
            if region in partition["regions"]:
                known[region] = (partition["regions"][region]["description"], partition["partition"])
                fips |= {region} if told.get("variants") else set()
    assert {r: f"({area})" for r, area in REGIONS.items()} == {r: n[n.index("(") :] for r, (n, _) in known.items()}
    assert {r: regions.partition_of(r) for r in REGIONS} == {r: partition for r, (_, partition) in known.items()}
    assert fips == FIPS


@pytest.mark.parametrize("partition", LISTED, ids=[it["id"] for it in LISTED])
def test_the_partitions_are_botocores(partition: dict[str, Any]) -> None:
    name, told = partition["id"], partition["outputs"]
    for region in [it for it in partition["regions"] if not it.endswith("-global")]:
        assert is_region(region)
        assert regions.partition_of(region) == name
        assert regions.dns_suffix(region) == told["dnsSuffix"]
        assert locate(f"oidc.{region}.{told['dnsSuffix']}", "sign-in") == (name, region)
        assert locate(f"oidc.{region}.{told['dualStackDnsSuffix']}", "sign-in") == (name, region)
        assert locate(regions.git_host(region), "git") == (name, region)
        assert regions.git_host(region) == f"git-codecommit.{region}.{told['dnsSuffix']}"
        assert partition_in(regions.arn("codecommit", region, "111122223333", "R")) == name
    home = regions.home_region(name)
    assert regions.partition_of(home) == name
    assert home in partition["regions"]
    assert locate(regions.sign_in_host(name), "sign-in") == (name, "")


@pytest.mark.parametrize("service", ["sso", "sso-oidc", "signin"])
def test_wherever_botocore_would_sign_in_is_a_host_of_awss(service: str) -> None:
    loaded = create_loader().load_service_model(service, "endpoint-rule-set-1")
    urls = set(re.findall(r'"url": "https://([^"]+)"', json.dumps(loaded)))
    assert urls
    if service == "signin":
        urls -= {"signin.{Region}.{PartitionResult#dnsSuffix}", "{Region}.signin.{PartitionResult#dnsSuffix}"}
        urls -= {"signin-fips.{Region}.{PartitionResult#dnsSuffix}"}  # for partitions that have no host of their own
    for partition in LISTED:
        told = partition["outputs"]
        region = next(it for it in partition["regions"] if is_region(it))
        for url in urls:
            host = url.replace("{Region}", region).replace("{PartitionResult#dnsSuffix}", told["dnsSuffix"])
            host = host.replace("{PartitionResult#dualStackDnsSuffix}", told["dualStackDnsSuffix"])
            own = host.endswith((told["dnsSuffix"], told["dualStackDnsSuffix"])) and "signin" not in host
            assert not own or locate(host, "sign-in") == (regions.partition_of(region), region), host


def test_regions_that_are_not_known_belong_to_a_partition_too() -> None:
    told = {"cn-south-1": "aws-cn", "us-gov-central-1": "aws-us-gov", "eusc-de-west-1": "aws-eusc", "": "aws",
            "us-iso-south-1": "aws-iso", "us-isob-west-1": "aws-iso-b", "eu-south-2": "aws", "eu-isoe-east-1": "aws-iso-e"}  # fmt: skip
    assert {region: regions.partition_of(region) for region in told} == told
    assert regions.git_host("cn-south-1") == "git-codecommit.cn-south-1.amazonaws.com.cn"


def test_whatever_names_another_partition_is_noticed() -> None:
    named = [host for host, (use, partition, _) in ACCEPTED.items() if use == "portal" and partition != "aws"]
    named += [name for name in REGIONS if regions.partition_of(name) != "aws"]
    named += [f"arn:{name}:iam::111122223333:role/R" for name in regions.PARTITIONS if name != "aws"]
    assert len(named) > 20
    assert [it for it in named if not regions.may_name_another_partition(f"[profile dev]\nx = {it.upper()}\n")] == []
    assert regions.may_name_another_partition("region = cn–north–1")  # the dashes of a word processor
    usual = [host for host, (_, partition, _) in ACCEPTED.items() if partition == "aws"]
    usual += [name for name in REGIONS if regions.partition_of(name) == "aws"]
    assert [it for it in usual if regions.may_name_another_partition(f"[profile dev]\nx = {it}\n")] == []


def test_the_likeliest_region_is_one_that_is_known() -> None:
    assert regions.likeliest(["s3", None, "eu-south-2", "us-east-2", "us-east-1"]) == "us-east-2"
    assert regions.likeliest(["", "eu-south-2", "mx-central-1"]) == "eu-south-2"
    assert regions.likeliest(["local", "us-east-1a"]) == ""


# One decision, one place

_SPELLED = re.compile(
    r"amazonaws|amazonwebservices|awsapps|app\.aws|api\.aws|signin\.aws|console\.aws|aws-cn|aws-us-gov|us-gov-|\[a-z\]\{+2"
)
_EXAMPLES = (  # of addresses, and the names of services in IAM's documents
    "acme.awsapps.com", "git-codecommit-fips.us-east-2.amazonaws.com", "cognito-identity.amazonaws.com",
    "sts.amazonaws.com", "sso.amazonaws.com", r"sso\.amazonaws\.com",
)  # fmt: skip


def texts(tree: ast.Module) -> list[str]:
    """Return every text that a file holds, without its docstrings."""
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]


@pytest.mark.parametrize(
    "path",
    [
        it
        for it in sorted((ROOT / "ccsetup").rglob("*.py"))
        if "sandbox" not in it.parts and it != ROOT / "ccsetup/core/regions.py"
    ],
    ids=lambda it: it.relative_to(ROOT).as_posix(),
)
def test_no_other_file_spells_a_domain_of_awss_or_a_pattern_of_regions(path: Path) -> None:
    for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
        for example in _EXAMPLES:
            text = text.replace(example, "")
        assert not _SPELLED.search(text), text


def test_gits_helpers_need_not_wait_for_it() -> None:
    code = "import sys; before = set(sys.modules); import ccsetup.core.regions; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(done.stdout.split()) == {"ccsetup", "ccsetup.core", "ccsetup.core.regions"}


@pytest.mark.many
@pytest.mark.parametrize("profile", [None, "true", "TRUE", "false", "", "yes"])
@pytest.mark.parametrize("variable", [None, "true", "True", "false", "", "1"])
def test_fips_is_wanted_where_botocore_wants_it(
    variable: str | None, profile: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.delenv("AWS_USE_FIPS_ENDPOINT", raising=False)
    settings = {} if profile is None else {"use_fips_endpoint": profile}
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    (tmp_path / "config").write_text(f"[profile dev]\nregion = us-east-1\n{lines}")
    if variable is not None:
        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", variable)
    client = botocore.session.Session(profile="dev").create_client(
        "sts", aws_access_key_id="A", aws_secret_access_key="s"
    )
    assert regions.wants_fips(os.environ, settings) == ("-fips." in client.meta.endpoint_url)


def test_gits_fips_host_is_used_if_it_is_wanted_and_aws_has_one() -> None:
    assert regions.git_host("us-east-2", fips=True) == "git-codecommit-fips.us-east-2.amazonaws.com"
    assert regions.git_host("us-east-2") == "git-codecommit.us-east-2.amazonaws.com"
    for region in REGIONS:
        host = regions.git_host(region, fips=True)
        assert ("-fips." in host) == (region in regions.FIPS)
        assert regions.git_region(host) == region
