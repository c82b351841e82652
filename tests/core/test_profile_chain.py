"""Where a profile's credentials come from: its own settings, or those of the profiles that it starts from."""

from __future__ import annotations

import pytest

from ccsetup.core import profile_chain

ROLE = {"role_arn": "arn:aws:iam::111122223333:role/R"}
ASKS = {"credential_process": "keys"}
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s"}
PROFILES: dict[str, dict[str, str]] = {
    "asks": ASKS,
    "keys": KEYS,
    "role": {**ROLE, "source_profile": "asks"},
    "second": {**ROLE, "source_profile": "role"},
    "plain": {**ROLE, "source_profile": "keys"},
    "lost": {**ROLE, "source_profile": "nobody"},
    "itself": {**ROLE, "source_profile": "itself", **KEYS},
    "one": {**ROLE, "source_profile": "other"},
    "other": {**ROLE, "source_profile": "one"},
    "no role": {"source_profile": "asks"},
    "token": {**ROLE, "source_profile": "asks", "web_identity_token_file": "/t"},
    "sso and program": {**ASKS, "sso_account_id": "111122223333"},
    "keys and program": {**ASKS, **KEYS},
}


@pytest.mark.parametrize(
    ("name", "way", "program", "runs", "names"),
    [
        ("asks", ["asks"], "asks", True, True),
        ("keys", ["keys"], "", False, False),
        ("role", ["role", "asks"], "asks", True, True),
        ("second", ["second", "role", "asks"], "asks", True, True),
        ("plain", ["plain", "keys"], "", False, False),
        ("lost", ["lost"], "", False, False),
        ("itself", ["itself"], "", False, False),
        ("one", ["one", "other"], "", False, False),
        ("no role", ["no role"], "", False, False),
        ("token", ["token", "asks"], "", True, True),
        ("sso and program", ["sso and program"], "", True, True),
        ("keys and program", ["keys and program"], "keys and program", False, True),
        ("nobody", [], "", False, False),
    ],
)
def test_a_profile_is_followed_to_where_its_credentials_come_from(
    name: str, way: list[str], program: str, runs: bool, names: bool
) -> None:
    assert profile_chain.chain(PROFILES, name) == [PROFILES[it] for it in way]
    assert profile_chain.program_of(PROFILES, name) == program
    assert profile_chain.runs_program(PROFILES, name) is runs
    assert profile_chain.names_program(PROFILES, name) is names
