"""Stored keys and left-over ones of another kind: found on their line, mended there alone, believed by botocore."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from tests.patients import (
    BASE,
    HOME,
    ID,
    OTHER_ID,
    OTHER_SECRET,
    SECRET,
    TEMPORARY,
    TOKEN,
    TOLD,
    Patient,
    facts,
    found,
    prove,
    resolved,
)

KEYS = f"aws_access_key_id = {OTHER_ID}\naws_secret_access_key = {OTHER_SECRET}\n"
ASIA = f"aws_access_key_id = {TEMPORARY}\naws_secret_access_key = {OTHER_SECRET}\n"
ARN = "arn:aws:iam::111122223333:role/CodeCommitAccess"
SIGN_IN = "sso_account_id = 111122223333\nsso_role_name = Dev\n"
SESSION = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
STORED = "shared-credentials-file"
CACHE = HOME / ".aws" / "sso" / "cache" / f"{hashlib.sha1(b'acme').hexdigest()}.json"
FOUND = {
    CACHE: '{"accessToken": "x", "expiresAt": "2026-03-01T18:00:00Z"}',
    Path("/run/token"): "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2ln",
}
REGION = "[profile dev]\nregion = us-east-1\n"


def stored(
    code: str, text: str, way: str = STORED, fix: str = "auto", severity: str = "stops", **more: object
) -> Patient:
    """Return a home whose credentials file is broken."""
    return Patient(code, f"{REGION}==\n{BASE}{text}", way, fix, severity, **more)  # type: ignore[arg-type]


def taken(text: str) -> str:
    """Return lines that are there before alone."""
    return "".join(f"-{line}\n" for line in text.splitlines())


def silent(it: Patient) -> Patient:
    """Return a patient whose lines that are there before alone are comments afterwards: nothing is lost."""
    return it._replace(text=re.sub(r"(?m)^-(.*?)(§?)$", r"-\1\2\n+# \1", it.text))


KEPT = [
    # half a pair
    stored("keys.partial", f"[dev]\n-aws_access_key_id = {OTHER_ID}§\n", "", "ask"),
    stored("keys.partial", f"[dev]\n-aws_secret_access_key = {OTHER_SECRET}§\n", "", "ask"),
    stored("keys.partial", f"[dev]\n-aws_access_key_id = {OTHER_ID}§\n-aws_secret_access_key =\n", "", "ask"),
    stored("keys.partial", f"[dev]\n-aws_access_key_id = {OTHER_ID}§\n-aws_session_token = {TOKEN}\n", "", "ask"),
    stored("keys.partial", f"[dev]\n-aws_access_key_id = {OTHER_ID}\n-aws_secret_access_key = {ID}§\n", "", "ask"),
    stored("keys.partial", f"[dev]\n-aws_session_token = {TOKEN}§\n", "", "ask"),
    Patient("keys.partial", f"[profile dev]\n-aws_access_key_id = {OTHER_ID}§\nregion = us-east-1\n", "", "ask"),
    # placeholders that nobody replaced
    *(stored("keys.placeholder", f"[dev]\naws_access_key_id = {one}§\naws_secret_access_key = {other}\n", fix="tell", choose=TOLD) for one, other in (
        ("<your-key>", "<your-secret>"), ("${KEY}", "${SECRET}"), ("$AWS_ACCESS_KEY_ID", "$AWS_SECRET_ACCESS_KEY"),
        ("op://vault/aws/id", "op://vault/aws/secret"), ("YOUR_ACCESS_KEY", "YOUR_SECRET_KEY"), ("AKIA...", SECRET),
        ("AKIAXXXXXXXXXXXXXXXX", "x" * 40), ("{{ key }}", "{{ secret }}"), ("xxxx", "xxxx"), ("<your-key>", OTHER_ID))),
    stored("keys.placeholder", f"[dev]\naws_access_key_id = {OTHER_ID}\naws_secret_access_key = <secret>§\n", fix="tell", choose=TOLD),
    stored("keys.placeholder", f"[dev]\n{ASIA}aws_session_token = <token>§\n", fix="tell", choose=TOLD),
    Patient("keys.placeholder", f"{REGION}aws_access_key_id = <your-key>§\naws_secret_access_key = <your-secret>\n", fix="tell", choose=TOLD),
    # temporary keys without a token, long-term ones with one
    stored("keys.session-token", f"[dev]\naws_access_key_id = {TEMPORARY}§\naws_secret_access_key = {SECRET}\n", "", "ask", choose=TOLD),
    stored("keys.session-token", f"[dev]\naws_access_key_id = {TEMPORARY}§\naws_secret_access_key = {SECRET}\naws_session_token =\n", "", "ask", choose=TOLD),
    stored("keys.session-token", f"[dev]\n{KEYS}-aws_session_token = {TOKEN}§\n", fix="ask"),
    stored("keys.session-token", f"[dev]\n{KEYS}-aws_security_token = {TOKEN}§\n", fix="ask"),
    stored("keys.session-token", f"[dev]\n-aws_session_token = {TOKEN}§\n{KEYS}-expiration = 2026-03-01 18:00:00\n", fix="ask"),
    stored("keys.session-token", f"[dev]\n{ASIA}aws_session_token = {TOKEN}\n-aws_security_token = {TOKEN}x§\n", fix="ask", severity="hinders"),
    # exchanged
    stored("keys.swapped", f"[dev]\n-aws_access_key_id = {OTHER_SECRET}§\n-aws_secret_access_key = {OTHER_ID}\n+aws_access_key_id = {OTHER_ID}\n"
           f"+aws_secret_access_key = {OTHER_SECRET}\n"),
    stored("keys.swapped", f"[dev]\n-aws_secret_access_key = {OTHER_ID}\n-aws_access_key_id = {OTHER_SECRET}§\n+aws_secret_access_key = {OTHER_SECRET}\n"
           f"+aws_access_key_id = {OTHER_ID}\n"),
    stored("keys.swapped", f"[dev]\n-aws_access_key_id = {OTHER_SECRET}§\n-aws_secret_access_key = {TEMPORARY}\n+aws_access_key_id = {TEMPORARY}\n"
           f"+aws_secret_access_key = {OTHER_SECRET}\naws_session_token = {TOKEN}\n"),
    Patient("keys.swapped", f"{REGION}-aws_access_key_id = {OTHER_SECRET}§\n-aws_secret_access_key = {OTHER_ID}\n+aws_access_key_id = {OTHER_ID}\n"
            f"+aws_secret_access_key = {OTHER_SECRET}\n", "config-file"),
    # over two files
    Patient("keys.split", f"{REGION}-aws_secret_access_key = {OTHER_SECRET}§\n==\n{BASE}[dev]\naws_access_key_id = {OTHER_ID}\n"
            f"+aws_secret_access_key = {OTHER_SECRET}\n", STORED),
    Patient("keys.split", f"{REGION}-aws_access_key_id = {OTHER_ID}§\n==\n{BASE}[dev]\naws_secret_access_key = {OTHER_SECRET}\n"
            f"+aws_access_key_id = {OTHER_ID}\n", STORED),
    Patient("keys.split", f"{REGION}-aws_session_token = {TOKEN}§\n==\n{BASE}[dev]\n{ASIA}+aws_session_token = {TOKEN}\n", STORED),
    Patient("keys.split", f"[default]\n-aws_access_key_id = {OTHER_ID}§\nregion = us-east-1\n==\n[default]\naws_secret_access_key = {OTHER_SECRET}\n"
            f"+aws_access_key_id = {OTHER_ID}\n", STORED, profile="default"),
    # over
    stored("keys.expired", f"[dev]\n{ASIA}aws_session_token = {TOKEN}\nx_security_token_expires = 2026-03-01T11:00:00Z§\n", fix="tell", choose=TOLD),
    stored("keys.expired", f"[dev]\n{ASIA}aws_session_token = {TOKEN}\nexpiration = 2026-02-28 18:00:00§\n", fix="tell", choose=TOLD),
    stored("keys.expired", f"[dev]\n{ASIA}aws_security_token = {TOKEN}\naws_expiration = 2026-03-01T12:00:00+02:00§\n", fix="tell", choose=TOLD),
    stored("keys.expired", f"[dev]\naws_expiration = 2026-02-01T12:00:00.123Z§\n{ASIA}aws_session_token = {TOKEN}\n", fix="tell", choose=TOLD),
    stored("keys.expired", f"[dev]\n{ASIA}aws_session_token = {TOKEN}\naws_credential_expiration = 2026-02-26T13:21:45+00:00§\n", fix="tell", choose=TOLD),
    stored("keys.expired", f"[dev]\n{ASIA}aws_session_token = {TOKEN}\naws_session_expiration = 2026-03-01T04:22:33-0700§\n", fix="tell", choose=TOLD),
    stored("keys.expired", f"[dev]\n{ASIA}aws_session_token = {TOKEN}\naws_session_expiration = 1577934245000§\n", fix="tell", choose=TOLD),
    stored("keys.expired", f"[dev]\naws_session_token_expiration = 1577934245§\n{ASIA}aws_session_token = {TOKEN}\n", fix="tell", choose=TOLD),
    stored("keys.expired", f"[dev]\n{ASIA}aws_session_token = {TOKEN}\nexpiration = Sun, 01 Mar 2026 11:59:00 GMT§\n", fix="tell", choose=TOLD),
    stored("keys.session-token", f"[dev]\n-aws_session_token = {TOKEN}§\n{KEYS}-aws_credential_expiration = 1772400000\n", fix="ask"),
    Patient("keys.expired", f"{REGION}ccsetup_kind = mfa\nccsetup_expires_at = 2026-03-01T11:59:59Z§\n==\n{BASE}[dev]\n{ASIA}aws_session_token = {TOKEN}\n",
            fix="tell", choose=TOLD),
]  # fmt: skip


KEPT = [silent(it) if it.code == "keys.partial" else it for it in KEPT]


@pytest.mark.parametrize("patient", KEPT, ids=lambda it: f"{it.code} {it.fix}")
def test_stored_keys_that_are_none_are_named_and_mended(patient, tmp_path, monkeypatch):
    after = prove(patient)
    assert patient.choose == TOLD or resolved(after, patient.profile, tmp_path, monkeypatch) == patient.way


def test_a_placeholder_is_named_and_a_secret_beside_it_is_not():
    (finding,) = found(
        facts(REGION, f"[dev]\naws_access_key_id = <your-key>\naws_secret_access_key = {SECRET[:39]}*\n"), "keys"
    )
    assert "aws_access_key_id and aws_secret_access_key are placeholders (<your-key>)" in finding.says
    assert SECRET[:8] not in str(finding)
    assert finding.do == "ccsetup login dev"


SHADOWED = [
    Patient("kind.shadowed", f"[profile dev]\nrole_arn = {ARN}\nsource_profile = default\n==\n{BASE}[dev]\n-aws_access_key_id = {OTHER_ID}§\n"
            f"-aws_secret_access_key = {OTHER_SECRET}\n", "assume-role", severity="hinders"),
    Patient("kind.shadowed", f"[profile dev]\nrole_arn = {ARN}\nsource_profile = default\n-sso_session = acme§\n{taken(SIGN_IN)}{SESSION}", "assume-role",
            severity="hinders"),
    Patient("kind.shadowed", f"[profile dev]\nrole_arn = {ARN}\nsource_profile = default\n-credential_process = /bin/true§\n", "assume-role",
            severity="hinders"),
    Patient("kind.shadowed", f"[profile dev]\nsso_session = acme\n{SIGN_IN}{SESSION}==\n{BASE}[dev]\n-aws_access_key_id = {OTHER_ID}§\n"
            f"-aws_secret_access_key = {OTHER_SECRET}\n-aws_session_token = {TOKEN}\n", "", severity="hinders"),
    Patient("kind.shadowed", f"{REGION}-credential_process = /bin/true§\n==\n{BASE}[dev]\n{KEYS}", STORED, severity="hinders"),
    Patient("kind.shadowed", f"{REGION}-aws_access_key_id = {ID}§\n-aws_secret_access_key = {SECRET}\n==\n{BASE}[dev]\n{KEYS}", STORED,
            severity="hinders"),
    Patient("kind.shadowed", f"{REGION}credential_process = /bin/true\n-aws_access_key_id = {ID}§\n-aws_secret_access_key = {SECRET}\n", "",
            severity="hinders"),
    Patient("kind.shadowed", f"[profile dev]\nrole_arn = {ARN}\nweb_identity_token_file = /run/token\n-source_profile = default§\n", "",
            severity="hinders"),
    Patient("kind.shadowed", f"[profile dev]\nrole_arn = {ARN}\nweb_identity_token_file = /run/token\n==\n{BASE}[dev]\n-aws_access_key_id = {OTHER_ID}§\n"
            f"-aws_secret_access_key = {OTHER_SECRET}\n", "", severity="hinders"),
    Patient("kind.shadowed", f"{REGION}-login_session = arn:aws:iam::111122223333:user/maria§\n==\n{BASE}[dev]\n{KEYS}", STORED, severity="hinders"),
]  # fmt: skip


@pytest.mark.parametrize("patient", [silent(it) for it in SHADOWED])
def test_keys_that_another_kind_hides_become_comments_and_the_same_kind_wins(patient, tmp_path, monkeypatch):
    after = prove(patient, found=FOUND)
    assert not patient.way or resolved(after, "dev", tmp_path, monkeypatch) == patient.way
