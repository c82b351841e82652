"""Roles and what they are assumed with: each broken home found on its line, mended there alone, and believed by botocore."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ccsetup.core.errors import BadAnswer
from ccsetup.doctor import repair
from tests.patients import (
    BASE,
    HOME,
    OTHER_ID,
    OTHER_SECRET,
    Patient,
    disguises,
    facts,
    found,
    lines_of,
    looked,
    mended,
    prove,
    resolved,
)

KEYS = f"aws_access_key_id = {OTHER_ID}\naws_secret_access_key = {OTHER_SECRET}\n"
ARN = "arn:aws:iam::111122223333:role/CodeCommitAccess"
SSO = "sso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Dev\n[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
CACHE = HOME / ".aws" / "sso" / "cache" / f"{hashlib.sha1(b'acme').hexdigest()}.json"
CACHED = '{"accessToken": "x", "expiresAt": "2026-03-01T18:00:00Z", "startUrl": "https://acme.awsapps.com/start", "region": "us-east-1"}'
AFTER = "source_profile = default\nregion = us-east-1\n"


def role(broken: str, right: str = ARN, **more: object) -> Patient:
    """Return a role whose ARN is broken."""
    text = f"[profile dev]\n-role_arn = {broken}§\n+role_arn = {right}\n{AFTER}"
    text += f"\n[profile other]\nrole_arn = {ARN}\n{AFTER}"
    return Patient("role.arn", text, "assume-role", **more)  # type: ignore[arg-type]


def setting(
    code: str, line: str, right: str = "", severity: str = "stops", source: str = "default", more: str = ""
) -> Patient:
    """Return a role with one broken setting, which gives way to a right one or to none."""
    mended = f"+{right}\n" if right else ""
    head = f"[profile dev]\nrole_arn = {ARN}\nsource_profile = {source}\nregion = us-east-1\n"
    return Patient(code, f"{head}-{line}§\n{mended}{more}", "assume-role", severity=severity)


ROLES = [
    role("arn:aws:iam:::111122223333:role/CodeCommitAccess"),
    role("arn:aws:iam::::111122223333:role/CodeCommitAccess"),
    role("arn:aws:iam:111122223333:role/CodeCommitAccess"),
    role("arn:aws:sts::111122223333:assumed-role/CodeCommitAccess/maria"),
    role("arn:aws:sts::111122223333:assumed-role/CodeCommitAccess"),
    role("arn:aws:iam::1111 2222 3333:role/CodeCommitAccess"),
    role("arn:aws:iam:: 111122223333 : role/CodeCommitAccess"),
    role("arn:aws:iam::1111-2222-3333:role/CodeCommitAccess"),
    role("arn:aws:iam::111122223333:role/CodeCommitAccess/"),
    role("arn:aws:iam::111122223333:role/CodeCommitAccess;"),
    role("arn:aws:iam::111122223333:role//CodeCommitAccess"),
    role("arn:aws:iam::111122223333:/role/CodeCommitAccess"),
    role("arn:aws:iam::111122223333:role:CodeCommitAccess"),
    role("arn:aws:iam::111122223333:Role/CodeCommitAccess"),
    role("arn:aws:iam::111122223333:roles/CodeCommitAccess"),
    role("arn:aws:iam:us-east-1:111122223333:role/CodeCommitAccess"),
    role("ARN:AWS:IAM::111122223333:ROLE/CodeCommitAccess"),
    role("aws:iam::111122223333:role/CodeCommitAccess"),
    role("arn:iam::111122223333:role/CodeCommitAccess"),
    role("arn:aws-cn:iam:::111122223333:role/a/b/Dev", "arn:aws-cn:iam::111122223333:role/a/b/Dev"),
    role("arn:aws-us-gov:sts::111122223333:assumed-role/Dev/i-0123", "arn:aws-us-gov:iam::111122223333:role/Dev"),
    role("arn:aws:iam::111122223333:CodeCommitAccess"),
    role("111122223333:role/CodeCommitAccess"),
    role("arn:aws:iam::111122223333:policy/CodeCommitAccess", fix="ask"),
    role("arn:aws:iam::111122223333:instance-profile/CodeCommitAccess", fix="ask"),
    role("arn:aws:iam::011122223333:role/X:", "arn:aws:iam::011122223333:role/X"),
    role("arn:aws:iam::11112222333:role/X", "arn:aws:iam::111122223333:role/X", fix="ask"),
    role("arn:aws:iam::11112222333:role/X", "arn:aws:iam::011112222333:role/X", fix="ask", choose=1),
]  # fmt: skip


@pytest.mark.parametrize("patient", ROLES, ids=lambda it: it.text.split("\n")[1][12:])
def test_a_roles_arn_is_mended_on_its_line_where_it_has_one_reading(patient, tmp_path, monkeypatch):
    assert resolved(prove(patient), "dev", tmp_path, monkeypatch) == patient.way


SETTINGS = [
    setting("role.session-name", "role_session_name = Maria Garcia", "role_session_name = Maria-Garcia"),
    setting("role.session-name", "role_session_name = Mar\u00eda Garc\u00eda", "role_session_name = Maria-Garcia"),
    setting("role.session-name", "role_session_name = maria/garcia", "role_session_name = maria-garcia"),
    setting("role.session-name", "role_session_name = acme:maria", "role_session_name = acme-maria"),
    setting("role.session-name", "role_session_name = $USER", "role_session_name = USER"),
    setting("role.session-name", f"role_session_name = {'m' * 70}", f"role_session_name = {'m' * 64}"),
    setting("role.session-name", "role_session_name = m"),
    setting("role.session-name", "role_session_name =", severity="hinders"),
    setting("role.session-name", "role_session_name = \u738b"),
    setting("role.duration", "duration_seconds = 60", "duration_seconds = 900"),
    setting("role.duration", "duration_seconds = 86400", "duration_seconds = 43200"),
    setting("role.duration", "duration_seconds = 0", "duration_seconds = 900"),
    setting("role.duration", "duration_seconds = 1h", "duration_seconds = 3600", "hinders"),
    setting("role.duration", "duration_seconds = 3600s", "duration_seconds = 3600", "hinders"),
    setting("role.duration", "duration_seconds = 60m", "duration_seconds = 3600", "hinders"),
    setting("role.duration", "duration_seconds = one hour", "", "hinders"),
    setting("role.duration", "duration_seconds = 3600.5", "", "hinders"),
    setting("role.duration", "duration_seconds =", "", "hinders"),
    setting("role.duration", "duration_seconds = -1", "duration_seconds = 900"),
    setting("role.duration", "duration_seconds = 7200", "duration_seconds = 3600", source="hop",
            more=f"[profile hop]\nrole_arn = {ARN}\nsource_profile = default\n"),
    setting("role.duration", "duration_seconds = 14400", "duration_seconds = 3600", source="hop",
            more=f"[profile hop]\n{SSO}"),
    setting("role.duration", "duration_seconds = 43200", "duration_seconds = 3600", source="hop",
            more=f"[profile hop]\nrole_arn = {ARN}\nweb_identity_token_file = /run/token\n"),
]  # fmt: skip


@pytest.mark.parametrize("patient", SETTINGS, ids=lambda it: it.text.split("\n-")[1].split("§")[0])
def test_what_sts_would_refuse_of_a_role_is_mended_on_its_line(patient, tmp_path, monkeypatch):
    found = {Path("/run/token"): "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2ln", CACHE: CACHED}
    assert resolved(prove(patient, found=found), "dev", tmp_path, monkeypatch) == "assume-role"


SOURCES = [
    # no source at all
    Patient("source.none", f"[profile dev]\nrole_arn = {ARN}§\n+source_profile = default\nregion = us-east-1\n", "assume-role"),
    Patient("source.none", f"[profile dev]\nregion = us-east-1\nrole_arn = {ARN}§\n+source_profile = base\n==\n[base]\n{KEYS}",
            "assume-role"),
    Patient("source.none", f"[profile dev]\nrole_arn = {ARN}§\n+source_profile = default\nmfa_serial = arn:aws:iam::111122223333:mfa/maria\n",
            "assume-role"),
    Patient("source.none", f"[profile dev]\nrole_arn = {ARN}§\n+source_profile = default\n==\n{BASE}[more]\n{KEYS}", "assume-role", "ask"),
    Patient("source.none", f"[profile dev]\nrole_arn = {ARN}§\n+source_profile = more\n==\n{BASE}[more]\n{KEYS}", "assume-role", "ask", choose=1),
    Patient("source.none", f"[profile dev]\nrole_arn = {ARN}§\n+source_profile = dev\n==\n{BASE}[dev]\n{KEYS}", "assume-role", "ask"),
    Patient("source.none", f"[profile dev]\n-role_arn = {ARN}§\nregion = us-east-1\n==\n{BASE}[dev]\n{KEYS}", "shared-credentials-file", "ask",
            choose=2),
    Patient("source.none", f"[profile dev]\nregion = us-east-1\n==\n{BASE}[dev]\nrole_arn = {ARN}§\n+source_profile = default\n", "assume-role"),
    Patient("source.none", f"[profile dev]\nrole_arn = {ARN}§\n+credential_source = Ec2InstanceMetadata\n==\n[other]\n", "", "ask"),
    # two sources
    Patient("source.both", f"[profile dev]\nrole_arn = {ARN}\nsource_profile = default\n-credential_source = Environment§\n", "assume-role", "ask"),
    Patient("source.both", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = default\ncredential_source = Environment§\n", "", "ask", choose=1),
    Patient("source.both", f"[profile dev]\nrole_arn = {ARN}\n-credential_source = ec2§\nsource_profile = default\n", "assume-role"),
    Patient("source.both", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = gone\ncredential_source = EcsContainer§\n", ""),
    Patient("source.both", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = gone\n==\n{BASE}[dev]\n-source_profile = gone\ncredential_source = EcsContainer§\n", ""),
    Patient("source.both", f"[profile dev]\nrole_arn = {ARN}\ncredential_source = EcsContainer§\n==\n{BASE}[dev]\n-source_profile = nobody\n", ""),
    # an unknown source
    Patient("source.missing", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = defualt§\n+source_profile = default\n", "assume-role"),
    Patient("source.missing", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = Default§\n+source_profile = default\n", "assume-role"),
    Patient("source.missing", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = profile base§\n+source_profile = base\n==\n{BASE}[base]\n{KEYS}",
            "assume-role"),
    Patient("source.missing", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = [base]§\n+source_profile = base\n==\n{BASE}[base]\n{KEYS}",
            "assume-role"),
    Patient("source.missing", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = acme_base§\n+source_profile = acme-base\n==\n{BASE}[acme-base]\n{KEYS}",
            "assume-role"),
    Patient("source.missing", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = work§\n+source_profile = default\n", "assume-role", "ask"),
    # circles
    Patient("source.loop", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = dev§\n+source_profile = default\n", "assume-role"),
    Patient("source.loop", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = dev§\n+source_profile = default\n==\n{BASE}[two]\n{KEYS}",
            "assume-role", "ask"),
    # a source without credentials
    Patient("source.empty", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = base§\n+source_profile = default\n[profile base]\nregion = us-east-1\n",
            "assume-role", "ask"),
    Patient("source.empty", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = default§\n+source_profile = two\n[default]\nregion = us-east-1\n"
            f"==\n[two]\n{KEYS}", "assume-role", "ask"),
    Patient("source.empty", f"[profile dev]\nrole_arn = {ARN}\n-source_profile = base§\n+source_profile = default\n==\n{BASE}[base]\n", "assume-role",
            "ask"),
    # what is no credential_source
    Patient("source.credential-source", f"[profile dev]\nrole_arn = {ARN}\n-credential_source = Ec2InstanceMetdata§\n"
            "+credential_source = Ec2InstanceMetadata\n"),
    Patient("source.credential-source", f"[profile dev]\nrole_arn = {ARN}\n-credential_source = ec2instancemetadata§\n"
            "+credential_source = Ec2InstanceMetadata\n"),
    Patient("source.credential-source", f"[profile dev]\nrole_arn = {ARN}\n-credential_source = ECS§\n+credential_source = EcsContainer\n"),
    Patient("source.credential-source", f"[profile dev]\nrole_arn = {ARN}\n-credential_source = environment§\n+credential_source = Environment\n"),
    Patient("source.credential-source", f"[profile dev]\nrole_arn = {ARN}\n-credential_source = Ec2§\n+credential_source = Ec2InstanceMetadata\n"),
    Patient("source.credential-source", f"[profile dev]\nrole_arn = {ARN}\n-credential_source = Lambda§\n+credential_source = Environment\n", fix="ask"),
    Patient("source.credential-source", f"[profile dev]\nrole_arn = {ARN}\n-credential_source = default§\n+source_profile = default\n", "assume-role"),
    Patient("source.credential-source", "[profile dev]\n-credential_source = Ec2InstanceMetadata§\nregion = us-east-1\n", fix="ask", severity="hinders"),
]  # fmt: skip


@pytest.mark.parametrize("patient", SOURCES, ids=lambda it: f"{it.code} {it.fix}")
def test_a_role_gets_a_source_where_one_fits_and_a_choice_elsewhere(patient, tmp_path, monkeypatch):
    after = prove(patient)
    assert not patient.way or resolved(after, "dev", tmp_path, monkeypatch) == patient.way


def test_each_of_a_circle_is_named_and_either_one_may_leave_it(tmp_path, monkeypatch):
    one = f"[profile dev]\nrole_arn = {ARN}\nsource_profile = ops\n[profile ops]\nrole_arn = {ARN}\nsource_profile = dev\n"
    there = facts(one, BASE)
    assert lines_of(found(there, "source")) == [
        ("source.loop", "dev", "config", 3),
        ("source.loop", "ops", "config", 6),
    ]
    (finding, _) = found(there, "source")
    assert (finding.severity, finding.fix) == ("stops", "ask")
    state = repair.of(there).plus([finding.remedies[0]])
    assert not found(state.facts, "source")
    assert resolved(state.facts, "ops", tmp_path, monkeypatch) == "assume-role"


def test_whoever_rests_on_a_broken_role_is_named_with_it():
    three = f"[profile dev]\nrole_arn = {ARN}\nsource_profile = gone\n[profile ops]\nrole_arn = {ARN}\nsource_profile = dev\n"
    (finding,) = found(facts(three, BASE), "source")
    assert (finding.profile, finding.also) == ("dev", ("ops",))


GUIDE = f"""[default]
 region = us-east-1
 output = json
[profile CodeAccess]
 source_profile = default
- role_session_name = Maria Garcia
- role_arn = arn:aws:iam:::111111111111:role/CodeCommitAccess
+ role_session_name = Maria-Garcia
+ role_arn = arn:aws:iam::111111111111:role/CodeCommitAccess
==
{BASE}[CodeCommitWebIdentity]
-role_arn = arn:aws:iam:::111111111111:role/CodeCommitAccess
-web_identity_token_file=~/my-credentials/my-token-file
-role_session_name = Maria Garcia
+role_arn = arn:aws:iam::111111111111:role/CodeCommitAccess
+web_identity_token_file=/home/maria/my-credentials/my-token-file
+role_session_name = Maria-Garcia
"""  # the AWS CodeCommit user guide, "Use rotating credentials"


def test_the_guides_own_examples_are_mended_as_they_stand(tmp_path, monkeypatch):
    guide = Patient("", GUIDE)
    for name in disguises(""):
        (config, credentials), wanted = ([disguises(it)[name] for it in guide.texts(after)] for after in (False, True))
        there = facts(
            config,
            credentials,
            found={HOME / "my-credentials" / "my-token-file": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2ln"},
        )
        assert [it.code for it in looked(there)].count("role.arn") == 2, name
        assert {it.code for it in looked(there)} == {"role.arn", "role.session-name", "oidc.token-path"}
        after = mended(there, "role.arn", "role.session-name", "oidc.token-path")
        assert [after.texts.config.rstrip(), after.texts.credentials.rstrip()] == [it.rstrip() for it in wanted], name
        assert not looked(after)
    assert resolved(after, "CodeAccess", tmp_path, monkeypatch) == "assume-role"
    assert resolved(after, "CodeCommitWebIdentity", tmp_path, monkeypatch) == "assume-role-with-web-identity"


ANSWERED = [
    ("role.arn", "[profile dev]\nrole_arn = arn:aws:iam::111122223333:user/maria\nsource_profile = default\n", ARN),
    (
        "role.arn",
        "[profile dev]\nrole_arn =\nsource_profile = default\n",
        "arn:aws:iam:::111122223333:role/CodeCommitAccess",
    ),
    ("source.none", f"[profile dev]\nrole_arn = {ARN}\n", "two"),
    ("source.missing", f"[profile dev]\nrole_arn = {ARN}\nsource_profile = gone\n", "two"),
    ("source.missing", f"[profile dev]\nrole_arn = {ARN}\nsource_profile =\n", "two"),
    (
        "source.empty",
        f"[profile dev]\nrole_arn = {ARN}\nsource_profile = three\n[profile three]\nregion = us-east-1\n",
        " 'two' ",
    ),
]


@pytest.mark.parametrize(("code", "config", "answer"), ANSWERED)
def test_an_answer_mends_what_has_no_one_reading(code, config, answer, tmp_path, monkeypatch):
    there = facts(config, f"{BASE}[two]\n{KEYS}")
    (finding,) = found(there, code)
    read = finding.wanted.parse(answer)
    remedy = finding.wanted.remedy(getattr(read, "value", read))
    state = repair.of(there).plus([remedy])
    assert not repair.harm(repair.of(there), state, [remedy])
    assert not looked(state.facts)
    assert resolved(state.facts, "dev", tmp_path, monkeypatch) == "assume-role"
    assert " = \n" not in state.facts.texts.config


@pytest.mark.parametrize("answer", ["nobody", "dev", ""])
def test_a_source_that_would_not_do_is_refused_with_one_that_would(answer):
    (finding,) = found(facts(f"[profile dev]\nrole_arn = {ARN}\n", f"{BASE}[two]\n{KEYS}"), "source")
    with pytest.raises(BadAnswer, match="like default"):
        finding.wanted.parse(answer)


HOP = f"[profile hop]\nrole_arn = {ARN}\nsource_profile = default\n"
SAID = [
    ("duration_seconds = 50400", "default", "is 50400, and AWS allows 900 to 43200 seconds. It should be 43200."),
    ("duration_seconds = 60", "default", "is 60, and AWS allows 900 to 43200 seconds. It should be 900."),
    ("duration_seconds = -1", "default", "is -1, and AWS allows 900 to 43200 seconds. It should be 900."),
    ("duration_seconds = 1h", "default", "is 1h, but it must be a number of seconds, with digits only. It should be 3600."),
    ("duration_seconds = 20h", "default", "is 20h, and AWS allows 900 to 43200 seconds. It should be 43200."),
    ("duration_seconds = one hour", "default", "is one hour. It must be a number of seconds from 900 to 43200, for example, 3600."),
    ("duration_seconds =", "default", "has no value. It must be a number of seconds from 900 to 43200, for example, 3600."),
    ("duration_seconds = 7200", "hop", "is 7200, and AWS allows 3600 seconds (one hour) when one role assumes another. It should be 3600."),
    ("duration_seconds = 60", "hop", "is 60, and AWS allows 900 to 3600 seconds. It should be 900."),
    ("duration_seconds = 43201", "hop", "is 43201, and AWS allows 900 to 3600 seconds. It should be 3600."),
    (f"role_session_name = {'x' * 65}", "default", f"has 65 characters, and AWS allows 64. It should be {'x' * 64}."),
    ("role_session_name = x", "default", "is x. It must be 2 to 64 letters, digits, or _+=,.@- characters."),
    ("role_arn = arn:aws:iam::11112222333:role/X", "default", "isn't a role ARN. The account ID in a role ARN must have 12 digits, for "
     "example, arn:aws:iam::111122223333:role/CodeCommitAccess. This one has 11."),
]  # fmt: skip


@pytest.mark.parametrize(("arn", "left"), [
    ("arn:aws:iam::<account>:role/X", "<account>"),
    ("arn:aws:iam::${ACCOUNT}:role/X", "${ACCOUNT}"),
    ("arn:aws:iam::$ACCOUNT_ID:role/X", "$ACCOUNT_ID"),
    ("arn:aws:iam::ACCOUNT_ID:role/X", "ACCOUNT_ID"),
    ("arn:aws:iam::111122223333:role/<your-role>", "<your-role>"),
    ("arn:aws:iam::{{ account }}:role/X", "{{ account }}"),
    ("arn:aws:iam::...:role/X", "..."),
])  # fmt: skip
def test_a_placeholder_in_a_role_arn_is_named(arn: str, left: str) -> None:
    there = facts(f"[profile dev]\nrole_arn = {arn}\nsource_profile = default\nregion = us-east-1\n", BASE)
    (finding,) = found(there, "role.")
    assert finding.says.startswith(f"dev: role_arn still has the placeholder {left}. ")
    assert (finding.fix, finding.severity) == ("ask", "stops")


@pytest.mark.parametrize(("line", "source", "says"), SAID)
def test_a_sentence_has_the_number_that_is_there_and_what_aws_allows(line: str, source: str, says: str) -> None:
    arn = "" if line.startswith("role_arn") else f"role_arn = {ARN}\n"
    there = facts(f"{HOP}[profile dev]\n{arn}source_profile = {source}\nregion = us-east-1\n{line}\n", BASE)
    (finding,) = found(there, "role.")
    assert finding.says == f"dev: {line.split(' ')[0]} {says}"
