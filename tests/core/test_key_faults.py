"""A stored access key that SDKs or AWS reject is known from its settings alone."""

from __future__ import annotations

import pytest
from patients import ID, SECRET, TEMPORARY, TOKEN

from ccsetup.core import stored_keys


def keys(key_id: str = "", secret: str = "", token: str = "", old_token: str = "") -> dict[str, str]:
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token")
    return {name: value for name, value in zip(names, (key_id, secret, token, old_token), strict=True) if value}


@pytest.mark.parametrize(
    ("credentials", "config", "code"),
    [
        (keys(ID, SECRET), {}, ""),
        ({}, keys(ID, SECRET), ""),
        ({}, {"region": "us-east-2"}, ""),
        (keys(TEMPORARY, SECRET, TOKEN), {}, ""),
        (keys(TEMPORARY, SECRET, "", TOKEN), {}, ""),
        (keys(ID, SECRET), keys("", "", TOKEN), ""),  # SDKs read a token from the key's own file only
        (keys(ID), {}, "keys.partial"),
        (keys("", SECRET), {}, "keys.partial"),
        ({}, keys("", "", TOKEN), "keys.partial"),
        (keys(ID, ID), {}, "keys.partial"),
        (keys(ID), keys("", SECRET), "keys.split"),
        (keys("", SECRET), keys(ID), "keys.split"),
        (keys(TEMPORARY, SECRET), keys("", "", TOKEN), "keys.split"),
        (keys(SECRET, ID), {}, "keys.swapped"),
        (keys(TEMPORARY, SECRET), {}, "keys.session-token"),
        (keys(ID, SECRET, TOKEN), {}, "keys.session-token"),
    ],
)
def test_a_key_that_cannot_work_has_the_code_of_its_finding(
    credentials: dict[str, str], config: dict[str, str], code: str
) -> None:
    assert stored_keys.fault(credentials, config) == code
