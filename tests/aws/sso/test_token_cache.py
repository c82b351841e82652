from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone

import pytest
from botocore.tokens import _sso_json_dumps
from botocore.utils import SSOTokenLoader
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.aws.sso.token_cache import (
    Registration,
    Token,
    registration_in,
    registration_name,
    registration_text,
    token_in,
    token_name,
    token_text,
)
from ccsetup.core.context import Start
from ccsetup.core.model import Secret

URL = "https://acme.awsapps.com/start"
ENDS = datetime(2026, 11, 21, 18, 4, 5, tzinfo=timezone.utc)
KNOWN = Registration("client", Secret("hush"), ENDS + timedelta(days=80), ("sso:account:access",), ("refresh_token",))
TOKEN = Token(Secret("access"), ENDS, URL, "us-east-1", Secret("refresh"), KNOWN)


@pytest.mark.parametrize("session", ["acme", "Acme Platform", "zürich", ""])
def test_a_tokens_file_is_named_as_botocore_names_it(session: str) -> None:
    expected = SSOTokenLoader()._generate_cache_key(URL, session or None)
    assert token_name(Start(URL, "us-east-1", session)) == f"{expected}.json"


@pytest.mark.parametrize(
    ("start", "scopes", "session"),
    [
        (Start(URL, "us-east-1", "acme"), ["sso:account:access"], "acme"),
        (Start(URL, "us-east-1", "acme", ("a", "b")), ["a", "b"], "acme"),
        (Start(URL, "us-east-1", "acme", ()), None, "acme"),
        (Start(URL, "us-east-1", ""), None, None),
    ],
)
def test_a_registrations_file_is_named_as_the_aws_cli_names_it(
    start: Start, scopes: list[str] | None, session: str | None
) -> None:
    told = {"tool": "botocore", "startUrl": URL, "region": "us-east-1", "scopes": scopes, "session_name": session}
    assert registration_name(start) == hashlib.sha1(json.dumps(told, sort_keys=True).encode()).hexdigest() + ".json"


def test_a_tokens_file_is_written_byte_for_byte_as_botocore_writes_it() -> None:
    assert token_text(TOKEN) == _sso_json_dumps(
        {
            "startUrl": URL,
            "region": "us-east-1",
            "accessToken": "access",
            "expiresAt": ENDS,
            "clientId": "client",
            "clientSecret": "hush",
            "registrationExpiresAt": ENDS + timedelta(days=80),
            "refreshToken": "refresh",
        }
    )


def test_what_is_written_is_read_again() -> None:
    known = token_in(token_text(TOKEN))
    assert known is not None
    assert known.registration == Registration("client", Secret("hush"), ENDS + timedelta(days=80))
    assert (known.access, known.refresh, known.expires_at, known.start_url) == (
        TOKEN.access, TOKEN.refresh, ENDS, URL,
    )  # fmt: skip
    assert registration_in(registration_text(KNOWN)) == KNOWN
    assert "grantTypes" not in registration_text(Registration("client", Secret("hush"), ENDS))


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-21T18:04:05Z", "2026-11-21T18:04:05UTC", "2026-11-21T18:04:05.123Z", "2026-11-21T20:04:05+02:00",
        "2026-11-21T18:04:05.123456789Z", "2026-11-21 18:04:05 +0000",
    ],
)  # fmt: skip
def test_times_are_read_as_any_sdk_writes_them(written: str) -> None:
    token = token_in(json.dumps({"accessToken": "access", "expiresAt": written}))
    assert token is not None
    assert token.expires_at == ENDS


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"accessToken": "a"}', '{"expiresAt": "2026-11-21T18:04:05Z"}', "[" * 100_000,
     '{"accessToken": 1, "expiresAt": "2026-11-21T18:04:05Z"}', '{"accessToken": "a", "expiresAt": "soon"}',
     '{"accessToken": "a", "expiresAt": "0001-01-01T00:00:00+23:00"}',
     '{"accessToken": "a", "expiresAt": "2026-11-21T18:04:05"}', '{"accessToken": "a", "expiresAt": "4076049600"}'],
)  # fmt: skip
def test_a_damaged_file_holds_no_token(text: str) -> None:
    assert token_in(text) is None
    assert registration_in(text) is None


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.text())
_NAMES = st.sampled_from(["accessToken", "expiresAt", "clientId", "clientSecret", "scopes", "grantTypes", "startUrl"])


@pytest.mark.slow
@given(st.dictionaries(_NAMES | st.text(), _JSON).map(json.dumps) | st.text())
def test_no_file_makes_reading_fail(text: str) -> None:
    assert not isinstance(token_in(text), str)
    assert not isinstance(registration_in(text), str)


def test_a_token_serves_its_own_portal_only() -> None:
    assert TOKEN.serves(Start(URL, "us-east-1", "acme"))
    assert TOKEN.serves(Start(URL + "/#/", "us-east-1", "acme"))
    assert not TOKEN.serves(Start("https://other.awsapps.com/start", "us-east-1", "acme"))
    assert not TOKEN.serves(Start(URL, "eu-west-1", "acme"))
    assert Token(Secret("access"), ENDS).serves(Start(URL, "us-east-1", "acme"))


def test_a_printed_token_shows_no_secret() -> None:
    assert not {"access'", "refresh'", "hush"} & set(repr(TOKEN).split("'"))
    assert "hush" not in repr(TOKEN)
