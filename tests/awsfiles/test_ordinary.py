"""The quick sieve lets nothing through that the doctor stops, whatever stands in a profile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from often import examples
from patients import ID, ROLE, SECRET, TEMPORARY, TOKEN, facts

from ccsetup.awsfiles import profile_status
from ccsetup.awsfiles.ordinary import is_ordinary, is_sign_in, unusual
from ccsetup.awsfiles.settings import meant
from ccsetup.core import clock, validate
from ccsetup.core.errors import BadAnswer
from ccsetup.doctor import checks, verdict
from ccsetup.doctor.checks import credentials as credential_checks
from ccsetup.doctor.checks import identifiers, roles, sso
from ccsetup.wizard.options import settings as read

VALUES = {
    "aws_access_key_id": [ID, TEMPORARY, SECRET, "AKIA", ""],
    "aws_secret_access_key": [SECRET, ID, "hush", ""],
    "aws_session_token": [TOKEN, ""],
    "aws_security_token": [TOKEN, TOKEN + "x"],
    "role_arn": [ROLE, ROLE.replace("iam::", "iam:::"), ROLE.replace("aws", "aws-cn"), "CodeCommitAccess"],
    "source_profile": ["default", "base", "dev", "nobody"],
    "credential_source": ["Environment", "Ec2InstanceMetadata", "ec2"],
    "role_session_name": ["maria", "maria garcia", "m"],
    "duration_seconds": ["3600", "60", "7200", "an hour", "-1"],
    "web_identity_token_file": ["/run/token"],
    "sso_session": ["acme", "corp"],
    "sso_account_id": ["111122223333", "11112222333", "1.11122E+11"],
    "sso_role_name": ["Developer", "a role"],
    "sso_start_url": ["https://acme.awsapps.com/start", "acme"],
    "sso_region": ["us-east-1", "us-east-1a", "us-gov-west-1"],
    "region": ["us-east-1", "us-east-1a", "eu-west-1", "cn-north-1", "us-gov-west-1"],
    "ca_bundle": ["", "/etc/ca.pem"],
    "login_session": ["arn:aws:iam::111122223333:user/maria"],
    "credential_process": ["/bin/keys"],
}
SHAPES = st.lists(st.sampled_from([*VALUES]), unique=True, max_size=6).map(
    lambda keys: st.fixed_dictionaries({key: st.sampled_from(VALUES[key]) for key in keys})
)
PROFILES = SHAPES.flatmap(lambda profiles: profiles)
SESSION = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
# What status tells by itself: sign-ins and keys that have ended, and files that are pointed to.
LATER = ("keys.expired", "sso.signed-out", "sso.expired", "oidc.token-missing", "source.", "process.")


@pytest.mark.slow
@settings(max_examples=examples(600), deadline=None)
@given(PROFILES)
def test_what_the_doctor_stops_is_not_ordinary(there: dict[str, str]) -> None:
    text = "[profile dev]\n" + "".join(f"{key} = {value}\n" for key, value in there.items()) + SESSION
    home = facts(text, f"[default]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n")
    found = read(home.texts)
    if found.faults:
        return
    stops = verdict.by_profile(it for it in checks.offline(home) if not it.code.startswith(LATER))
    merged = found.profiles["dev"]
    session = found.sessions.get(merged.get("sso_session", ""), {}) if "sso_session" in merged else None
    ordinary = is_ordinary(merged) and (session is None or is_sign_in(session))
    assert not (ordinary and "dev" in stops), stops["dev"]


@given(SHAPES.flatmap(lambda profiles: st.lists(profiles, min_size=1, max_size=5)))
def test_each_of_many_alike_is_judged_as_by_itself(alike: list[dict[str, str]]) -> None:
    assert unusual(alike) == {n for n, each in enumerate(alike) if not is_ordinary(each)}


ALPHABET = "abcABC019_+=,.@:/- #"
FORMS = {
    "sso_account_id": "[0-9]{11,13}|[0-9]{4}-[0-9]{4}-[0-9]{4}",
    "sso_role_name": "[A-Za-z0-9_+=,.@-]{1,70}|AWSReservedSSO_[a-z]{1,9}_[0-9a-f]{16}",
    "role_arn": "arn:aws:iam::[0-9]{12}:(role|user)/[a-z/._-]{0,20}",
    "role_session_name": "[A-Za-z0-9_+=,.@-]{1,70}",
    "mfa_serial": "arn:aws:iam::[0-9]{12}:(mfa|u2f)/[a-z/._-]{0,20}|[A-Z0-9]{8,12}",
    "external_id": "[A-Za-z0-9_+=,.@:/-]{1,30}",
}


@pytest.mark.parametrize("key", FORMS)
@given(st.data())
def test_an_ordinary_value_is_one_that_the_questions_accept_as_it_is(key: str, data: st.DataObject) -> None:
    value = data.draw(st.from_regex(FORMS[key], fullmatch=True) | st.text(ALPHABET, max_size=30).map(str.strip))
    sso = {"sso_session": "acme", "sso_account_id": "111122223333", "sso_role_name": "Developer"}
    there = {**(sso if key.startswith("sso_") else {"role_arn": ROLE, "source_profile": "default"}), key: value}
    try:
        accepted = validate.SETTINGS[key](meant(value)) == value
    except BadAnswer:
        accepted = False
    assert accepted or not is_ordinary(there), value


KEPT = {
    **{key: [*VALUES[key], *more] for key, more in {
        "aws_access_key_id": ["AKIAXXXXXXXXXXXXXXXX", "<your-key>"],
        "aws_secret_access_key": ["x" * 40, "AKIA" + "ABCD" * 9, "your-secret # c"],
        "aws_session_token": [TOKEN + " # c", "none # c", "<token>", f'"{TOKEN}"'],
        "aws_security_token": [],
        "sso_account_id": ["1111-2222-3333"],
        "sso_role_name": ["AWSReservedSSO_Developer_0123456789abcdef"],
        "role_arn": [], "source_profile": [], "sso_session": [],
    }.items()},
    "mfa_serial": ["arn:aws:iam::111122223333:mfa/maria", "GAHT12345678", "arn:aws:iam::111122223333:user/maria"],
    "external_id": ["acme", "a", "acme # c"],
    "output": ["json", "jsn"],
    "aws_expiration": ["2020-01-31T18:04:00Z"],
}  # fmt: skip
PLACED = st.lists(
    st.dictionaries(st.sampled_from([*KEPT]), st.integers(0, 9), max_size=6).map(
        lambda chosen: "".join(f"{key} = {KEPT[key][at % len(KEPT[key])]}\n" for key, at in chosen.items())
    ),
    min_size=2,
    max_size=6,
)
IN_SESSION = st.sampled_from(["", "mfa_serial = x y\n", "role_arn = x\nexternal_id = a\n", "sso_account_id = 1\n"])


@pytest.mark.slow
@settings(max_examples=examples(600), deadline=None)
@given(PLACED, IN_SESSION)
def test_the_same_is_found_if_ordinary_profiles_are_looked_at_closely(parts: list[str], more: str) -> None:
    config = "".join(f"[profile p{n}]\n{part}\n" for n, part in enumerate(parts[1:]))
    credentials = f"[p0]\n{parts[0]}\n[default]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n"
    quick, close = (facts(config + SESSION + more, credentials) for _ in range(2))
    vars(close)["unusual"] = close.intended
    by_profile = (credential_checks.keys, identifiers.identifiers, roles.arn, sso.session_missing, sso.without_both)
    found = [[finding for check in by_profile for finding in check(it)] for it in (quick, close)]
    told = [sorted((it.code, it.profile, it.line, it.says) for it in those) for those in found]
    assert told[0] == told[1]


def test_a_home_of_ordinary_profiles_needs_no_second_look() -> None:
    config = (
        f"[profile role]\nrole_arn = {ROLE}\nsource_profile = default\nregion = us-east-1\n"
        f"[profile sso]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\n{SESSION}"
        "[profile ci]\nrole_arn = {ROLE}\nweb_identity_token_file = /run/token\n".replace("{ROLE}", ROLE)
    )
    credentials = f"[default]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n"
    home = facts(config, credentials)
    found = profile_status.in_plain_texts(config, credentials, lambda path: "", clock.written(home.now))
    assert {it.name: it.is_odd for it in found} == dict.fromkeys(("role", "sso", "ci", "default"), False)
