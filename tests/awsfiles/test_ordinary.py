"""The quick sieve lets nothing through that the doctor stops, whatever stands in a profile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from often import examples
from patients import ID, ROLE, SECRET, TEMPORARY, TOKEN, facts

from ccsetup.awsfiles import profile_status
from ccsetup.awsfiles.ordinary import is_ordinary, is_sign_in, unusual
from ccsetup.core import clock
from ccsetup.doctor import checks, verdict
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
