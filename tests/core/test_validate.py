from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected

ROLE = "arn:aws:iam::111122223333:role/CodeCommitAccess"

TAKEN = [
    (validate.account_id, "111122223333", "111122223333", False),
    (validate.account_id, "1111-2222-3333", "111122223333", True),
    (validate.account_id, "000000000001", "000000000001", False),
    (validate.role_arn, ROLE, ROLE, False),
    (validate.role_arn, "arn:aws:iam:::111122223333:role/CodeCommitAccess", ROLE, True),
    (validate.role_arn, f"  “{ROLE}” ", ROLE, True),
    (validate.role_arn, "arn:aws:iam:: 111122223333:role/CodeCommitAccess", ROLE, True),
    (validate.role_arn, "arn:aws:sts::111122223333:assumed-role/CodeCommitAccess/maria", ROLE, True),
    (validate.role_arn, "arn:aws:iam::111122223333:role/team/dev/Access", "arn:aws:iam::111122223333:role/team/dev/Access", False),
    (validate.role_arn, "arn:aws-cn:iam::111122223333:role/R", "arn:aws-cn:iam::111122223333:role/R", False),
    (validate.role_session_name, "maria", "maria", False),
    (validate.role_session_name, "Maria Garcia", "Maria-Garcia", True),
    (validate.role_session_name, "María", "Maria", True),
    (validate.external_id, "acme:7f/3b", "acme:7f/3b", False),
    (validate.mfa_serial, "arn:aws:iam::888888888888:mfa/maria", "arn:aws:iam::888888888888:mfa/maria", False),
    (validate.mfa_serial, "GAHT12345678", "GAHT12345678", False),
    (validate.mfa_code, " 123 456 ", "123456", False),
    (validate.profile, "acme-dev", "acme-dev", False),
    (validate.profile, "acme dev", "acme-dev", True),
    (validate.profile, "acme–dev", "acme-dev", True),
    (validate.region, "us-east-2", "us-east-2", False),
    (validate.region, "US-EAST-2", "us-east-2", True),
    (validate.region, "eu-south-2", "eu-south-2", False),
    (validate.region, "eu-south-2a", "eu-south-2", True),
    (validate.region, "us-east-1a", "us-east-1", True),
    (validate.region, "US East (Ohio)", "us-east-2", True),
    (validate.region, "us‑east‑2", "us-east-2", True),
    (validate.sso_start_url, "https://acme.awsapps.com/start", "https://acme.awsapps.com/start", False),
    (validate.sso_start_url, "https://acme.awsapps.com/start/", "https://acme.awsapps.com/start", True),
    (validate.sso_start_url, "https://acme.awsapps.com/start#/", "https://acme.awsapps.com/start", True),
    (validate.sso_start_url, "https://acme.awsapps.com/start/#/?tab=accounts", "https://acme.awsapps.com/start", True),
    (validate.sso_start_url, r"https://acme.awsapps.com/start\#/", "https://acme.awsapps.com/start", True),
    (validate.sso_start_url, "acme.awsapps.com", "https://acme.awsapps.com/start", True),
    (validate.sso_start_url, "https://acme.awsapps.com:443/start", "https://acme.awsapps.com/start", True),
    (validate.sso_start_url, "https://sso.acme.example:8443/aws", "https://sso.acme.example:8443/aws", False),
    (validate.sso_start_url, "https://x.eusc-de-east-1.portal.amazonaws.eu", "https://x.eusc-de-east-1.portal.amazonaws.eu", False),
    (validate.sso_start_url, "https://ssoins-1.portal.us-east-1.app.aws", "https://ssoins-1.portal.us-east-1.app.aws", False),
    (validate.permission_set, "AWSReservedSSO_Developer_0123456789abcdef", "Developer", True),
    (validate.access_key_id, "ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", False),
    (validate.duration(900, 43200), "3600", "3600", False),
    (validate.duration(900, 43200), "2h", "7200", True),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "typed", "value", "corrected"), TAKEN)
def test_what_is_right_or_has_one_reading_is_taken(
    rule: Callable[[str], str | Corrected], typed: str, value: str, corrected: bool
) -> None:
    found = rule(typed)
    assert (found.value if isinstance(found, Corrected) else found) == value
    assert isinstance(found, Corrected) == corrected


REFUSED = [
    (validate.role_arn, "arn:aws:sts:::111122223333:assumed-role/AWSReservedSSO_Dev_0123/maria", "single sign-on"),
    (validate.account_id, "11112222333", "12 digits"),
    (validate.account_id, "١١١١٢٢٢٢٣٣٣٣", "12 digits"),
    (validate.role_arn, "CodeCommitAccess", "It should look like arn:aws:iam::111122223333:role/"),
    (validate.role_arn, "arn:aws:iam::1111:role/R", "12 digits"),
    (validate.role_arn, "arn:aws:iam::111122223333:user/maria", "ARN of a user"),
    (validate.role_arn, "arn:aws:iam::111122223333:instance-profile/x", "ARN of an instance profile"),
    (validate.role_arn, "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dev_0123/maria", "single sign-on"),
    (validate.role_session_name, "m", "2 to 64"),
    (validate.role_session_name, "maria/garcia", "2 to 64"),
    (validate.external_id, "x", "2 to 1224"),
    (validate.external_id, "two words", "2 to 1224"),
    (validate.mfa_serial, "maria", "like arn:aws:iam::888888888888:mfa/maria"),
    (validate.mfa_code, "12345", "six digits"),
    (validate.mfa_code, "１２３４５６", "six digits"),
    (validate.profile, "org/dev", "Use a name like acme-dev"),
    (validate.profile, "me@corp", "Use a name like acme-dev"),
    (validate.profile, "dev#1", "Use a name like acme-dev"),
    (validate.profile, "-dev", "can't start with a hyphen"),
    (validate.profile, "dev\nregion", "Use a name like acme-dev"),
    (validate.region, "us-esat-1", "Did you mean us-east-1"),
    (validate.region, "s3-us-west-2", "Did you mean us-west-2"),
    (validate.region, "s3", "It should look like us-east-2"),
    (validate.region, "Ohio River", "It should look like us-east-2"),
    (validate.sso_start_url, "https://console.aws.amazon.com/", "URL of the AWS console"),
    (validate.sso_start_url, "start", "looks like https://acme.awsapps.com/start"),
    *(
        (validate.sso_start_url, f"https://{host}/start", "looks like https://acme.awsapps.com/start")
        for host in (
            "user:pw@acme.awsapps.com",
            "@acme.awsapps.com",
            "acme.awsapps.com.",
            "acme.awsapps.com:8443",
            "acme%2eawsapps.com",
            "acme.awsapps.com:x",
            "roc\u212aet.awsapps.com",
            "\u0430cme.awsapps.com",
            "acme.awsapps.com\0",
            "oidc.us-east-1.amazonaws.com",
            "us-east-1.signin.aws",
            "acme.signin.aws.amazon.com",
            "us-gov-west-1.console.amazonaws-us-gov.com",
        )
    ),
    (validate.sso_start_url, "https://acme.awsapps.com/stárt", "looks like https://acme.awsapps.com/start"),
    (
        validate.profile,
        "José",
        "only letters from a to z or A to Z, digits, and _.+=,- characters. Use a name like Jose.",
    ),
    (
        validate.profile,
        "Jose\N{COMBINING ACUTE ACCENT}",
        "only letters from a to z or A to Z, digits, and _.+=,- characters. Use a name like Jose.",
    ),
    (
        validate.profile,
        "日本",
        "only letters from a to z or A to Z, digits, and _.+=,- characters. Use a name like acme-dev.",
    ),
    (validate.profile, "é/x", "Use a name like acme-dev."),
    (
        validate.sso_session,
        "société",
        "only letters from a to z or A to Z, digits, and _.+=,- characters. Use a name like societe.",
    ),
    (validate.access_key_id, "AROAIOSFODNN7EXAMPLE", "a unique ID. An access key ID starts with"),
    (validate.secret_access_key, "AKIAIOSFODNN7EXAMPLE", "access key ID"),
    (validate.duration(900, 43200), "60", "900 to 43200"),
    (validate.duration(900, 43200), "a while", "900 to 43200"),
]


@pytest.mark.parametrize(("rule", "typed", "says"), REFUSED)
def test_what_is_wrong_is_refused_with_a_right_example(
    rule: Callable[[str], str | Corrected], typed: str, says: str
) -> None:
    with pytest.raises(BadAnswer) as refused:
        rule(typed)
    assert says in refused.value.what


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://ssoins-1.portal.eu-west-1.app.aws", "eu-west-1"),
        ("https://d-9067.us-east-2.portal.amazonaws.com", "us-east-2"),
        ("https://d-9067.cn-north-1.portal.amazonaws.com.cn", "cn-north-1"),
        ("https://ssoins-1.portal.cn-north-1.app.amazonwebservices.com.cn", "cn-north-1"),
        ("https://ssoins-1.eusc-de-east-1.portal.amazonaws.eu", "eusc-de-east-1"),
        ("https://ssoins-1.portal.s3.app.aws", None),
        ("https://identitycenter.amazonaws.com/ssoins-1", None),
        ("https://start.home.awsapps.cn/directory/d-1", None),
        ("https://start.us-gov-home.awsapps.com/directory/d-1", "us-gov-west-1"),
        ("https://acme.awsapps.com/start", None),
        ("https://evil.example.com/portal.eu-west-1.app.aws", None),
    ],
)
def test_a_start_url_that_tells_its_region(url: str, region: str | None) -> None:
    assert validate.region_of(url) == region


@given(st.text())
def test_no_text_makes_a_rule_raise_anything_but_a_refusal(text: str) -> None:
    rules = {rule for rule, *_ in TAKEN} | {
        validate.token,
        validate.session_token,
        validate.token_file,
        validate.folder,
    }
    for rule in rules:
        try:
            rule(text)
        except BadAnswer as refused:
            assert refused.what.endswith((".", "…"))


def jwt(**claims: object) -> str:
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")  # noqa: E731
    return ".".join((part({"alg": "RS256"}), part(claims), "c2ln"))


def test_a_token_says_who_made_it_for_whom_and_until_when() -> None:
    token = validate.token(
        jwt(iss="https://token.example.com", aud=["sts.amazonaws.com", "x"], sub="repo", exp=1795341600)
    )
    assert (token.issuer, token.audience, token.subject) == (
        "https://token.example.com",
        "sts.amazonaws.com, x",
        "repo",
    )
    assert token.expires_at == datetime.fromtimestamp(1795341600, timezone.utc)


@pytest.mark.parametrize("text", ["", "abc", "a.b.c", jwt(exp=10**30) + ".x", "e30.W10.x"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(BadAnswer, match="doesn't contain an OIDC token"):
        validate.token(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ('"acme-dev"', "acme-dev"),
        ("` acme-dev `", "acme-dev"),
        ("“acme-dev”", "acme-dev"),
        ("''", ""),
        ("'", "'"),
        ("'acme\"", "'acme\""),
        ("'acme", "'acme"),
        ("\u200bacme-dev\u00a0", "acme-dev"),
        ("abba", "abba"),
        ("", ""),
    ],
)
def test_a_pair_of_quotes_around_a_value_is_removed_and_nothing_else(typed: str, kept: str) -> None:
    assert validate.tidy(typed) == kept


@pytest.mark.parametrize(
    ("text", "says"), [("AKIA123", "This one has 7."), ("akia!", "can contain only"), ("A" * 129, "has 129.")]
)
def test_an_access_key_id_is_refused_for_what_is_wrong_with_it(text: str, says: str) -> None:
    with pytest.raises(BadAnswer, match=says):
        validate.access_key_id(text)
