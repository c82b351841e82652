"""Stored access keys in their own words: half a pair, a torn one, swapped, with a token too many or too few, and over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from homes import facts_of
from script import NOW

from ccsetup.doctor import repair
from ccsetup.doctor.checks import credentials
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding

LASTING, PASSING = "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"
VALUE = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
OTHER = "aws_secret_access_key = je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY\n"
ID, SECRET, TOKEN = (
    f"aws_access_key_id = {LASTING}\n", f"aws_secret_access_key = {VALUE}\n", f"aws_session_token = {'t' * 60}\n",
)  # fmt: skip
ROLE = "role_arn = arn:aws:iam::111122223333:role/R\n"


def found(facts: Facts) -> list[Finding]:
    return list(credentials.keys(facts))


def one(stored: str = "", written: str = "") -> Finding:
    (finding,) = found(facts_of(f"[profile a]\n{written}" if written else None, f"[a]\n{stored}" if stored else None))
    return finding


def mended(stored: str, written: str = "") -> tuple[str | None, str | None]:
    facts = facts_of(f"[profile a]\n{written}" if written else None, f"[a]\n{stored}")
    (finding,) = found(facts)
    after = repair.of(facts).plus(finding.remedies[:1]).facts.texts
    return after.config, after.credentials


@pytest.mark.parametrize(
    ("stored", "missing", "line"),
    [
        (ID, "aws_secret_access_key", 2),
        (SECRET, "aws_access_key_id", 2),
        (f"{ID}aws_secret_access_key =\n", "aws_secret_access_key", 2),
        (f"aws_access_key_id =\n{SECRET}", "aws_access_key_id", 3),
    ],
)
def test_half_a_pair_is_named_with_the_half_that_is_missing(stored: str, missing: str, line: int) -> None:
    it = one(stored)
    assert it.says == f"a has no {missing}. An access key has two parts, and both must be set."
    assert (it.code, it.severity, it.fix, it.line, it.do) == (
        "keys.partial", "stops", "ask", line, "ccsetup login a",
    )  # fmt: skip
    assert "# aws_" in (mended(stored)[1] or "")


def test_an_id_in_both_places_is_told_as_such() -> None:
    it = one(f"{ID}aws_secret_access_key = {LASTING}\n")
    assert it.says == "a: aws_secret_access_key is set to an access key ID. The secret access key is the longer value."
    assert (it.code, it.line) == ("keys.partial", 3)


@pytest.mark.parametrize(
    "stored", [ID + SECRET, f"{ID.replace('AKIA', 'ASIA')}{SECRET}{TOKEN}", "region = us-east-2\n"]
)
def test_a_whole_pair_has_no_finding(stored: str) -> None:
    assert found(facts_of(None, f"[a]\n{stored}")) == []


@pytest.mark.parametrize(
    ("stored", "written", "says"),
    [
        (ID, SECRET, "The credentials for a are split between two files: aws_secret_access_key is only in the config file."),
        (SECRET, ID, "The credentials for a are split between two files: aws_access_key_id is only in the config file."),
        (
            f"{ID.replace('AKIA', 'ASIA')}{SECRET}", TOKEN,
            "The credentials for a are split between two files: aws_session_token is only in the config file.",
        ),
        (
            ID.replace("AKIA", "ASIA"), SECRET + TOKEN,
            "The credentials for a are split between two files: aws_secret_access_key and aws_session_token are only in the config file.",
        ),
    ],
)  # fmt: skip
def test_a_torn_pair_is_put_together_in_credentials(stored: str, written: str, says: str) -> None:
    it = one(stored, f"{written}region = us-east-2\n")
    assert (it.code, it.severity, it.fix, it.says, it.line) == ("keys.split", "stops", "auto", says, 2)
    config, after = mended(stored, f"{written}region = us-east-2\n")
    assert config == "[profile a]\nregion = us-east-2\n"
    assert set((after or "").splitlines()) == {"[a]", *stored.splitlines(), *written.splitlines()}


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        (ID + SECRET, ID + SECRET),
        (ID + SECRET, "region = us-east-2\n"),
        (ID + SECRET, SECRET),
        ("region = us-east-2\n", ID + SECRET),
    ],
)
def test_what_is_whole_in_one_file_is_not_torn(stored: str, written: str) -> None:
    assert [it.code for it in found(facts_of(f"[profile a]\n{written}", f"[a]\n{stored}"))] == []


def test_temporary_keys_need_their_token() -> None:
    it = one(ID.replace("AKIA", "ASIA") + SECRET)
    assert it.says == "a has temporary credentials (ASIA…) but no aws_session_token."
    assert (it.code, it.severity, it.line, it.do) == ("keys.session-token", "stops", 2, "ccsetup login a")


def test_a_token_beside_lasting_keys_is_somebody_elses() -> None:
    it = one(ID + SECRET + TOKEN)
    assert it.says == "a has long-term credentials (AKIA…) and a session token that doesn't belong to them."
    assert (it.severity, it.line, it.because) == ("stops", 4, "AWS rejects these credentials (InvalidClientTokenId).")
    assert mended(ID + SECRET + TOKEN + "ccsetup_expires_at = 2026-11-21T18:00:00Z\n")[1] == f"[a]\n{ID}{SECRET}"
    it = one(ID + SECRET, TOKEN)
    assert (it.severity, it.line) == ("hinders", 2)
    assert it.because.startswith("botocore reads a token only from the file with the access key")


@pytest.mark.parametrize(("second", "findings"), [("t" * 60, 0), ("u" * 60, 1), ("", 0)])
def test_two_different_tokens_are_one_too_many(second: str, findings: int) -> None:
    stored = f"{ID.replace('AKIA', 'ASIA')}{SECRET}{TOKEN}aws_security_token = {second}\n"
    seen = found(facts_of(None, f"[a]\n{stored}"))
    assert [(it.code, it.severity, it.line) for it in seen] == [("keys.session-token", "hinders", 5)] * findings
    if findings:
        assert mended(stored)[1] == f"[a]\n{ID.replace('AKIA', 'ASIA')}{SECRET}{TOKEN}"


def test_swapped_keys_are_swapped_back() -> None:
    stored = f"aws_access_key_id = {VALUE}\naws_secret_access_key = {LASTING}\n"
    it = one(stored)
    assert (it.code, it.severity, it.fix, it.line) == ("keys.swapped", "stops", "auto", 2)
    assert mended(stored)[1] == f"[a]\n{ID}{SECRET}"
    both_ids = f"aws_access_key_id = {PASSING}\naws_secret_access_key = {LASTING}\n"
    short = f"aws_access_key_id = short\naws_secret_access_key = {LASTING}\n"
    for text in (both_ids, short, ID + SECRET):
        assert "keys.swapped" not in [it.code for it in found(facts_of(None, f"[a]\n{text}"))]


@pytest.mark.parametrize(("after_s", "over"), [(-1, True), (0, True), (1, False)])
@pytest.mark.parametrize(
    "key", ["ccsetup_expires_at", "x_security_token_expires", "expiration", "aws_credential_expiration"]
)
def test_credentials_are_over_at_the_moment_that_is_recorded(after_s: int, over: bool, key: str) -> None:
    moment = NOW + timedelta(seconds=after_s)
    stored = f"{ID.replace('AKIA', 'ASIA')}{SECRET}{TOKEN}{key} = {moment:%Y-%m-%dT%H:%M:%SZ}\n"
    seen = found(facts_of(None, f"[a]\n{stored}"))
    assert [(it.code, it.line) for it in seen] == ([("keys.expired", 5)] if over else [])
    if over:
        assert seen[0].says == f"The credentials for a expired at {moment:%Y-%m-%d %H:%M} UTC."
        assert found(facts_of(None, f"[a]\n{ID}{SECRET}{key} = {moment:%Y-%m-%dT%H:%M:%SZ}\n")) == []


@pytest.mark.parametrize(
    ("profile", "others", "looked"),
    [
        (f"{ROLE}source_profile = b\n", "", False),
        (f"{ROLE}source_profile = a\n", "", True),
        ("credential_process = /usr/bin/keys\n", "", True),
        ("web_identity_token_file = /t\n" + ROLE, "", False),
        (f"{ROLE}source_profile = b\n", f"[profile c]\n{ROLE}source_profile = a\n", True),
    ],
)
def test_keys_that_nobody_uses_are_not_looked_at(profile: str, others: str, looked: bool) -> None:
    facts = facts_of(f"[profile a]\n{profile}{others}", f"[a]\n{ID}[b]\n{ID}{OTHER}")
    assert ("keys.partial" in [it.code for it in found(facts)]) is looked
