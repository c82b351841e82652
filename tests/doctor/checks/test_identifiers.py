"""Account IDs, permission sets, MFA devices and external IDs in profiles: held to the rules of the questions."""

from __future__ import annotations

import hashlib

import pytest
from patients import BASE, HOME, TOLD, Patient, facts, found, prove

from ccsetup import access
from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer
from ccsetup.doctor.checks import identifiers, values

ROLE = "role_arn = arn:aws:iam::111122223333:role/CodeCommitAccess\nsource_profile = default\nregion = us-east-1\n"
SESSION = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
OTHER = "[profile other]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Dev\nregion = us-east-1\n"
CACHE = HOME / ".aws" / "sso" / "cache" / f"{hashlib.sha1(b'acme').hexdigest()}.json"
CACHED = (
    '{"accessToken": "x", "expiresAt": "2026-03-01T18:00:00Z",'
    ' "startUrl": "https://acme.awsapps.com/start", "region": "us-east-1"}'
)


def of_role(broken: str, right: str = "", fix: str = "auto", choose: int = 0) -> Patient:
    """Return a role with one value that AWS refuses."""
    mended = f"+{right}\n" if right else ""
    text = f"[profile dev]\n{ROLE}{'-' if right else ''}{broken}§\n{mended}"
    return Patient("value.invalid", text, "assume-role", fix=fix, choose=choose)


def of_sign_in(broken: str, right: str = "", fix: str = "auto", choose: int = 0, beside: str = "") -> Patient:
    """Return a sign-in with one value that AWS refuses."""
    rest = "sso_role_name = Dev\n" if broken.startswith("sso_account") else "sso_account_id = 111122223333\n"
    mended = f"+{right}\n" if right else ""
    own = f"[profile dev]\nsso_session = acme\n{'-' if right else ''}{broken}§\n{mended}{rest}region = us-east-1\n"
    return Patient("value.invalid", f"{SESSION}{own}{beside}", "sso", fix=fix, choose=choose)


DEVICE = "mfa_serial = arn:aws:iam::111122223333:mfa/maria"
ROLES = [
    of_role("mfa_serial = arn:aws:iam::111122223333:user/maria", DEVICE, "ask"),
    of_role("mfa_serial = arn:aws:iam::111122223333:user/teams/dev/maria", DEVICE, "ask"),
    of_role("mfa_serial = arn:aws:iam:::111122223333:mfa/maria", DEVICE),
    of_role("mfa_serial = arn:aws:iam::1111-2222-3333:mfa/maria", DEVICE),
    of_role("mfa_serial = arn:aws:iam::111122223333:mfa/", fix="ask", choose=TOLD),
    of_role("mfa_serial = arn:aws:iam::111122223333:u2f/user/maria/default-K5YXM2", fix="ask", choose=TOLD),
    of_role("mfa_serial = arn:aws-us-gov:iam::111122223333:u2f/user/maria/key-1", fix="ask", choose=TOLD),
    of_role("mfa_serial = arn:aws:iam::111122223333:role/CodeCommitAccess", fix="ask", choose=TOLD),
    of_role("mfa_serial = mfa/maria-phone", fix="ask", choose=TOLD),
    of_role("mfa_serial = 123456", fix="ask", choose=TOLD),
    of_role("external_id = acme*7f3b", fix="ask", choose=TOLD),
    of_role("external_id = x", fix="ask", choose=TOLD),
    of_role("output = JSON", "output = json")._replace(severity="hinders"),
    of_role("output = jsno", "output = json", "ask")._replace(severity="hinders"),
    of_role("output = xml", "output = json", "ask")._replace(severity="hinders"),
]
SIGN_INS = [
    of_sign_in("sso_account_id = 1111-2222-3333", "sso_account_id = 111122223333"),
    of_sign_in("sso_account_id = 1111 2222 3333", "sso_account_id = 111122223333"),
    of_sign_in("sso_account_id = 11122223333", "sso_account_id = 011122223333", "ask"),
    of_sign_in("sso_account_id = 11112222333", "sso_account_id = 111122223333", "ask", beside=OTHER),
    of_sign_in("sso_account_id = 1111222233334", "sso_account_id = 111122223333", "ask", beside=OTHER),
    of_sign_in("sso_account_id = 1.11122E+11", "sso_account_id = 111122223333", "ask", beside=OTHER),
    of_sign_in("sso_account_id = 1.11122E+11", fix="ask", choose=TOLD),
    of_sign_in("sso_account_id = acme-production", fix="ask", choose=TOLD),
    of_sign_in("sso_role_name = AWSReservedSSO_Developer_0123456789abcdef", "sso_role_name = Developer"),
    of_sign_in("sso_account_id = 1111.2222.3333", "sso_account_id = 111122223333"),
    of_sign_in("sso_account_id = 111122223333.0", "sso_account_id = 111122223333"),
    of_sign_in("sso_account_id = １１１１２２２２３３３３", "sso_account_id = 111122223333"),
    of_sign_in("sso_account_id = 11112222333.3", fix="ask", choose=TOLD),
    of_sign_in(
        "sso_role_name = arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Dev_0123456789abcdef",
        "sso_role_name = Dev",
    ),
    of_sign_in(
        "sso_role_name = arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/maria",
        "sso_role_name = Dev",
    ),
    of_sign_in("sso_role_name = Power Users", fix="ask", choose=TOLD),
    of_sign_in("sso_role_name = arn:aws:iam::111122223333:role/Developer", fix="ask", choose=TOLD),
]


@pytest.mark.parametrize("it", ROLES, ids=lambda it: it.text.split("\n")[4].lstrip("-"))
def test_a_value_of_a_role_is_held_to_the_rules_of_the_questions(it: Patient) -> None:
    prove(it)


@pytest.mark.parametrize("it", SIGN_INS, ids=lambda it: it.text.split("\n")[5].lstrip("-"))
def test_a_value_of_a_sign_in_is_held_to_the_rules_of_the_questions(it: Patient) -> None:
    prove(it, found={CACHE: CACHED})


def test_a_passkey_is_told_what_works_instead() -> None:
    text = f"[profile dev]\n{ROLE}mfa_serial = arn:aws:iam::111122223333:u2f/user/maria/key\n"
    (it,) = found(facts(text, BASE), "value")
    assert "passkey" in it.says
    assert "aws login or single sign-on" in it.do


def test_a_value_in_an_unused_session_or_without_effect_is_left_alone() -> None:
    unused = "[sso-session old]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
    without_role = "[profile dev]\nmfa_serial = arn:aws:iam::111122223333:user/maria\nregion = us-east-1\n"
    assert not found(facts(f"{unused}sso_account_id = 1\n{without_role}", BASE), "value")


def test_every_question_for_a_setting_shares_its_rule() -> None:
    asked = {(q.key, q.parse) for kind in access.KINDS for q in kind.questions if q.key in validate.SETTINGS}
    own = {"mfa_serial", "region", "role_arn"}  # these questions also take an answer that isn't a value
    assert {key for key, _ in asked} >= {
        "sso_account_id",
        "sso_role_name",
        "sso_region",
        "sso_start_url",
        "external_id",
    }
    assert not [key for key, parse in asked if parse is not validate.SETTINGS[key] and key not in own]


@pytest.mark.parametrize("rule", identifiers.RULES, ids=lambda rule: rule.key)
def test_the_question_refuses_what_the_doctor_finds(rule: identifiers.Held) -> None:
    asked = {"sso_account_id": validate.account_id, "sso_role_name": validate.permission_set}
    asked |= {"mfa_serial": validate.mfa_serial, "external_id": validate.external_id, "output": validate.output}
    assert rule.parse is asked[rule.key]
    with pytest.raises(BadAnswer):
        rule.parse("arn:aws:iam::111122223333:user/maria!")


def test_a_mark_in_an_external_id_that_is_not_valid_either_way_is_left() -> None:
    text = f"[profile dev]\n{ROLE}external_id = Acme Corp #42\n"
    findings = [it for check in values.CHECKS for it in check(facts(text, BASE))]
    assert [it.fix for it in findings if it.code == "value.inline-comment"] == ["ask"]
    (right,) = [it for check in values.CHECKS for it in check(facts(text.replace("Acme Corp", "acme-7f3b"), BASE))]
    assert right.fix == "auto"
