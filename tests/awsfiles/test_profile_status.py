"""The status of a profile from a sign-in that is cached in a form that no tool writes today, or that says nonsense."""

from __future__ import annotations

import hashlib
import json

import pytest

from ccsetup.awsfiles import profile_status

KEYS = {
    "aws_access_key_id": "AKIAQ3EGRIEAZ5UNEZ7Q",
    "aws_secret_access_key": "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",
}
NOW, LATER = "2026-11-21T12:00:00Z", "2026-11-21T18:00:00Z"
START = "https://acme.awsapps.com/start"
SSO = {"sso_session": "acme", "sso_account_id": "111122223333", "sso_role_name": "Developer", "region": "us-east-2"}
SESSIONS = {"acme": {"sso_start_url": START, "sso_region": "us-east-1"}}
PATH = f"sso/cache/{hashlib.sha1(b'acme').hexdigest()}.json"


def ends(cached: str) -> str:
    (it,) = profile_status.standings([("dev", SSO)], SESSIONS, {PATH: cached}.get, NOW)  # type: ignore[arg-type]
    assert bool(it.ends) == bool(it.usable)
    return it.ends


TOKEN = {"startUrl": START, "accessToken": "x", "expiresAt": LATER}


@pytest.mark.parametrize(
    "cached",
    [
        json.dumps(TOKEN),
        json.dumps(TOKEN, indent=2),
        json.dumps(TOKEN, separators=(",", ":")),
        f" {json.dumps(TOKEN)}\n",
        json.dumps({**TOKEN, "startUrl": START.replace("/", "\\/")}).replace("\\\\/", "\\/"),
        json.dumps({**TOKEN, "note": 'it has no "expiresAt": "2020-01-01T00:00:00Z"'}),
        json.dumps({"note": {"expiresAt": "2020-01-01T00:00:00Z"}, **TOKEN}),
        json.dumps({**TOKEN, "startUrl": f"{START}/#/"}),
    ],
)
def test_a_sign_in_ends_when_its_json_says_however_it_is_written(cached: str) -> None:
    assert ends(cached) == LATER


@pytest.mark.parametrize(
    "cached",
    [
        "",
        "{}",
        "[]",
        json.dumps([TOKEN]),
        json.dumps(TOKEN)[:-1],
        json.dumps({**TOKEN, "expiresAt": 1795262400}),
        json.dumps({**TOKEN, "expiresAt": None}),
        json.dumps({**TOKEN, "expiresAt": {"expiresAt": LATER}}),
        json.dumps({**TOKEN, "expiresAt": "tomorrow"}),
        '{"expiresAt":' * 10_000,
    ],
)
def test_what_says_no_moment_is_no_sign_in(cached: str) -> None:
    assert ends(cached) == ""


@pytest.mark.parametrize("odd", [0, 1, 2, 3, 4])
def test_an_odd_profile_is_found_wherever_it_is_among_those_checked_together(
    odd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_status, "_AT_ONCE", 2)
    regions = ["us-east-1"] * 5
    regions[odd] = "us-esat-1"
    profiles = ((f"p{n}", {**KEYS, "region": region}) for n, region in enumerate(regions))
    found = profile_status.standings(profiles, {}, lambda path: "", NOW)
    assert [it.is_odd for it in found] == [n == odd for n in range(5)]


@pytest.mark.parametrize("order", [("a", "b", "c", "keys"), ("keys", "c", "b", "a"), ("b", "keys", "a", "c")])
@pytest.mark.parametrize(
    ("last", "told"), [({**KEYS, "ccsetup_expires_at": LATER}, (LATER, True, "")), ({}, ("", False, "no credentials"))]
)
def test_a_chain_of_roles_ends_when_its_keys_do_in_any_order(
    order: tuple[str, ...], last: dict[str, str], told: tuple[str, bool, str]
) -> None:
    arn = "arn:aws:iam::111122223333:role/Code"
    chain = {
        **{
            name: {"role_arn": arn, "source_profile": source}
            for name, source in zip("abc", [*"bc", "keys"], strict=True)
        },
        "keys": last,
    }
    found = profile_status.standings(((name, chain[name]) for name in order), {}, lambda path: "", NOW)
    assert {(it.ends, it.usable, it.why) for it in found} == {told}
    assert [it.is_odd for it in found if it.name != "keys"] == [not last] * 3


def test_a_role_whose_source_is_itself_or_missing_has_no_keys() -> None:
    arn = "arn:aws:iam::111122223333:role/Code"
    profiles = {
        name: {"role_arn": arn, "source_profile": source} for name, source in (("a", "a"), ("b", "a"), ("c", "x"))
    }
    found = profile_status.standings(profiles.items(), {}, lambda path: "", NOW)
    assert [(it.usable, it.why) for it in found] == [(False, "source profile loop")] * 2 + [
        (False, "no source profile")
    ]
