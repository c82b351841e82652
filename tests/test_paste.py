from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsetup import paste
from ccsetup.errors import BadAnswer

KEY, SECRET, TOKEN = "ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLE/+=="
PASTES = [
    f"export AWS_ACCESS_KEY_ID={KEY}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\nexport AWS_SESSION_TOKEN={TOKEN}",
    f'export AWS_ACCESS_KEY_ID="{KEY}"\nexport AWS_SECRET_ACCESS_KEY="{SECRET}"\nexport AWS_SESSION_TOKEN="{TOKEN}"\n',
    f"set -gx AWS_ACCESS_KEY_ID {KEY}\nset -gx AWS_SECRET_ACCESS_KEY {SECRET}\nset -gx AWS_SESSION_TOKEN {TOKEN}",
    f'$Env:AWS_ACCESS_KEY_ID="{KEY}"\r\n$Env:AWS_SECRET_ACCESS_KEY="{SECRET}"\r\n$Env:AWS_SESSION_TOKEN="{TOKEN}"',
    f"SET AWS_ACCESS_KEY_ID={KEY}\nSET AWS_SECRET_ACCESS_KEY={SECRET}\nSET AWS_SESSION_TOKEN={TOKEN}",
    f"[111122223333_Developer]\naws_access_key_id={KEY}\naws_secret_access_key = {SECRET}\naws_session_token={TOKEN}\n",
    f"[x] aws_access_key_id={KEY} aws_secret_access_key={SECRET} aws_session_token={TOKEN}",
    json.dumps({"Credentials": {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "SessionToken": TOKEN}}, indent=2),
]


@pytest.mark.parametrize("text", PASTES)
def test_keys_are_found_in_what_people_paste(text: str) -> None:
    found = paste.keys(text)
    assert found.session_token is not None
    assert (found.access_key_id, found.secret_access_key.reveal(), found.session_token.reveal()) == (KEY, SECRET, TOKEN)


def test_the_end_of_pasted_keys_is_read() -> None:
    text = json.dumps(
        {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "SessionToken": TOKEN, "Expiration": "2026-11-21T18:04:00Z"}
    )
    assert paste.keys(text).expires_at == datetime(2026, 11, 21, 18, 4, tzinfo=timezone.utc)


def test_half_a_paste_says_what_lacks_and_repeats_nothing() -> None:
    with pytest.raises(BadAnswer) as refused:
        paste.keys(f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}")
    assert "session token" in refused.value.what
    assert SECRET not in refused.value.what


@given(st.text())
def test_no_text_makes_it_raise_anything_but_a_refusal(text: str) -> None:
    try:
        paste.keys(text)
    except BadAnswer:
        return
