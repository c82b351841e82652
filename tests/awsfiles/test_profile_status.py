"""The status of a profile from a sign-in that is cached in a form that no tool writes today, or that says nonsense."""

from __future__ import annotations

import hashlib
import json

import pytest

from ccsetup.awsfiles import profile_status

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
