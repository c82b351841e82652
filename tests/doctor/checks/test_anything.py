"""Whatever stands in the files, the shell, the caches and the clone: nothing raises, every line is there, no repair harms."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from often import examples

from ccsetup.doctor import repair
from ccsetup.doctor.facts import Clone, Facts, Ran
from tests.patients import HOME, ID, SECRET, TEMPORARY, TOKEN, facts, looked

NAMES = ("default", "dev", "ops", "acme")
ARN = "arn:aws:iam::111122223333:role/CodeCommitAccess"
LIKELY = {
    "role_arn": (ARN, "arn:aws:iam:::111122223333:role/X", "arn:aws:sts::111122223333:assumed-role/X/m", "role/X", "arn:aws:iam::1:role/X"),
    "source_profile": (*NAMES, "profile dev", "Dev", "gone"),
    "credential_source": ("Environment", "Ec2InstanceMetadata", "ec2", "dev"),
    "role_session_name": ("maria", "Maria Garcia", "m"),
    "duration_seconds": ("3600", "1h", "0", "99999999999", "7200"),
    "mfa_serial": ("arn:aws:iam::111122223333:mfa/maria", "GAHT12345678"),
    "external_id": ("x1",),
    "aws_access_key_id": (ID, TEMPORARY, SECRET, ""),
    "aws_secret_access_key": (SECRET, ID, ""),
    "aws_session_token": (TOKEN, ""),
    "aws_security_token": (TOKEN,),
    "expiration": ("2026-01-01 00:00:00", "2099-01-01T00:00:00Z", "never", "0001-01-01T00:00:00+14:00"),
    "x_security_token_expires": ("2026-01-01T00:00:00+00:00",),
    "sso_session": ("acme", "ACME", "gone"),
    "sso_account_id": ("111122223333", "1111"),
    "sso_role_name": ("Dev",),
    "sso_start_url": ("https://acme.awsapps.com/start", "https://acme.awsapps.com/start/#", "acme", "http://["),
    "sso_region": ("us-east-1", "eu-west-1"),
    "web_identity_token_file": ("/run/token", "~/token", "token", "$HOME/token", "~"),
    "credential_process": ("/opt/tool --x", "~/tool", '"/opt/tool', "", "tool"),
    "login_session": ("arn:aws:iam::111122223333:user/maria",),
    "region": ("us-east-1", "eu-west-1"),
    "ccsetup_kind": ("saml", "oidc", "mfa"),
}  # fmt: skip
LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=30)
WORD = st.text("ab/~$%\"'#;=:[]@ -_.\\{}()*+?|^\0\t\u00e9\u2019", max_size=8)


def value(key: str) -> st.SearchStrategy[str]:
    """Return what may stand behind a key: likely words, any words, several lines."""
    likely = st.sampled_from(LIKELY[key])
    mixed = st.tuples(WORD, likely, WORD).map("".join)
    return st.one_of(likely, likely, likely, mixed, LINE, st.tuples(likely, LINE).map("\n  ".join))


SETTING = st.sampled_from(sorted(LIKELY)).flatmap(lambda key: st.tuples(st.just(key), value(key)))
BODY = st.dictionaries(st.sampled_from(NAMES), st.lists(SETTING, max_size=6, unique_by=lambda it: it[0]), max_size=4)


def written(sections: dict[str, list[tuple[str, str]]], header: str) -> str:
    """Return sections as text."""
    lines = []
    for name, there in sections.items():
        lines.append(f"[{name}]" if name == "default" else f"[{header}{name}]")
        lines += [f"{key} = {text}" for key, text in there]
    return "".join(f"{line}\n" for line in lines)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda it: st.lists(it, max_size=3),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    [
        "accessToken",
        "expiresAt",
        "startUrl",
        "region",
        "refreshToken",
        "clientId",
        "clientSecret",
        "registrationExpiresAt",
    ]
)
TIMES = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2099-01-01T00:00:00UTC", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "soon"]
)
CACHED = st.none() | LINE | st.dictionaries(FIELDS, TIMES | JSON, max_size=8).map(json.dumps)
PRINTED = st.dictionaries(
    st.sampled_from(["Version", "AccessKeyId", "SecretAccessKey", "Expiration"]), TIMES | JSON | st.just(1), max_size=4
)
RAN = st.builds(Ran, st.sampled_from([0, 0, 1, None]), LINE | PRINTED.map(json.dumps), LINE)
JWT = (
    st.none()
    | LINE
    | st.sampled_from(
        ["", "a.b.c", "e30.e30.", "e30.eyJleHAiOjFlOTk5fQ.", "e30.eyJleHAiOi0xfQ.", "e30.eyJleHAiOnRydWV9."]
    )
)
VARIABLES = st.dictionaries(
    st.sampled_from(
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_ROLE_ARN",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "GIT_ALLOW_PROTOCOL",
            "CODE_COMMIT_ENDPOINT",
        ]
    ),
    st.sampled_from([*NAMES, "", " ", ID, SECRET, "us-east-1", "https:ssh"]) | WORD,
    max_size=5,
)
REMOTE = st.sampled_from(
    [
        "codecommit::us-east-1://dev@R",
        "codecommit://Dev@R",
        "codecommit::us-east-1a://gone@R.git",
        "codecommit://R",
        "codecommit::x://a@b@c",
        "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/R",
        "ssh://git-codecommit.xx-east-9.amazonaws.com/v1/repos/R",
        "https://github.com/a/b",
        "codecommit:",
    ]
) | st.tuples(st.sampled_from(["codecommit::", "codecommit://", "https://git-codecommit."]), WORD).map("".join)
HELPERS = ("", "store", "osxkeychain", "!git-credential-ccsetup --profile dev", "!aws codecommit --profile  --region  credential-helper $@",
           "!/old/aws codecommit credential-helper $@", "!git-credential-ccsetup --profile '")  # fmt: skip
KEYS = st.sampled_from(["credential.helper", "credential.https://git-codecommit.*.amazonaws.com.helper", "credential.usehttppath", "protocol.allow",
                        "protocol.codecommit.allow", "user.name", "credential.[.helper"])  # fmt: skip
PAIRS = st.lists(st.tuples(KEYS, st.sampled_from([*HELPERS, "true", "false", "never", "always"]) | WORD), max_size=4)


@st.composite
def homes(draw: st.DrawFn) -> Facts:
    """Return the facts of a home of which anything may be wrong."""
    config = written(draw(BODY), "profile ") + written(
        {"acme": draw(st.lists(SETTING, max_size=4, unique_by=lambda it: it[0]))}, "sso-session "
    )
    caches = [
        HOME / ".aws" / "sso" / "cache" / f"{hashlib.sha1(it.encode()).hexdigest()}.json"
        for it in ("acme", "https://acme.awsapps.com/start")
    ]
    found = {path: draw(CACHED) for path in caches} | {path: draw(JWT) for path in (Path("/run/token"), HOME / "token")}
    remote, own, inherited = draw(REMOTE), draw(PAIRS), draw(PAIRS)
    own = [("remote.origin.url", remote), *own]
    return facts(
        draw(st.sampled_from([config, config.replace("\n", "\r\n"), config.rstrip("\n")])),
        written(draw(BODY), ""),
        env=draw(VARIABLES),
        found=found,
        processes=draw(st.dictionaries(st.sampled_from(NAMES), RAN, max_size=2)),
        programs=draw(
            st.dictionaries(st.sampled_from(["tool", "/opt/tool", "/old/aws"]), st.sampled_from(["", "/x"]), max_size=2)
        ),
        helpers=draw(
            st.dictionaries(
                st.sampled_from(["git-remote-codecommit", "aws", "git-credential-ccsetup"]),
                st.sampled_from(["", "/x y/aws"]),
            )
        ),
        clone=draw(st.none() | st.just(Clone(HOME / "r", remote, (*inherited, *own), tuple(own)))),
        modernize=draw(st.booleans()),
        shell=draw(st.sampled_from(["bash", "fish", "powershell", "cmd"])),
    )


@pytest.mark.slow
@settings(max_examples=examples(50), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(homes())
def test_nothing_raises_every_line_is_there_and_no_repair_harms(there):
    harmless(there)


FOUND = [  # by the test above, in long runs
    ("[profile ops]\naws_access_key_id = \0\n", f"[ops]\naws_secret_access_key = {SECRET}\n"),
    ("[default]\ncredential_source = \0\n[sso-session acme]\naws_access_key_id = \x000\0\n", ""),
    ("", f"[default]\nrole_arn = {ARN}\nweb_identity_token_file = /run/token\n[dev]\nrole_arn =\nweb_identity_token_file = /run/token\n"),
    ("[default]\nsource_profile = default\n", f"[default]\ncredential_source = Environment\nrole_arn = {ARN}\nsource_profile = default\n"),
]  # fmt: skip


@pytest.mark.parametrize(("config", "credentials"), FOUND)
def test_no_repair_harms_what_is_broken_twice(config, credentials):
    harmless(facts(config, credentials))


def harmless(there: Facts) -> None:
    """Look at a home and try every repair by itself: it helps, and no other section reads otherwise."""
    begun = repair.of(there)
    count = {there.path(file): max(len(there.lines(file)), 1) for file in ("config", "credentials")}
    for finding in looked(there):
        assert "\n" not in finding.says + finding.do
        assert finding.path not in count or 0 <= finding.line <= count[finding.path], finding
        assert finding.fix != "auto" or len(finding.remedies) == 1, finding
        for remedy in finding.remedies:
            after = begun.plus([remedy])
            assert not repair.harm(begun, after, [remedy]), (finding, remedy)
            left = [it for it in looked(after.facts) if begun.key(finding) == after.key(it) and it.says == finding.says]
            assert not left or finding.code == "sso.legacy", (finding, remedy, after.facts.texts)


@pytest.mark.slow
@settings(max_examples=examples(30), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(homes())
def test_safe_repairs_come_to_an_end_and_then_nothing_safe_is_left(there):
    state = repair.of(there)
    for _ in range(30):
        wanted = [it.remedies[0] for it in looked(state.facts) if it.fix == "auto"]
        after = state.plus(repair.apart(wanted))
        if not wanted or after.facts == state.facts:
            break
        state = after
    assert not wanted, [it for it in looked(state.facts) if it.fix == "auto"]


PART = st.lists(SETTING, max_size=5, unique_by=lambda it: it[0])


@pytest.mark.slow
@settings(max_examples=examples(1500), deadline=None)
@given(st.lists(PART, min_size=2, max_size=2), st.lists(PART, max_size=2))
def test_nothing_raises_where_a_section_is_there_twice(config, credentials):
    """Other tools merge such sections, so that a profile may have a setting that its last section doesn't have."""
    both = (
        "".join(written({"dev": it}, header) for it in there)
        for there, header in ((config, "profile "), (credentials, ""))
    )
    assert all(it.says for it in looked(facts(*both)))
