"""Placeholders are told from values, and no real secret is shown in a sentence about them."""

from __future__ import annotations

import base64
import random

import pytest

from ccsetup.core import placeholder, stored_keys
from ccsetup.core.placeholder import is_key_placeholder

ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize("text", [
    "<your-key>", "<ACCESS_KEY>", "${KEY}", "$AWS_ACCESS_KEY_ID", "$KEY", "%AWS_ACCESS_KEY_ID%", "op://Private/AWS/key",
    "{{ key }}", "{{ lookup('env', 'KEY') }}", "YOUR_ACCESS_KEY", "your-access-key-id", "AKIA...", "AKIA\u2026", "AKIA****",
    "xxxx", "XXXXXXXX", "....", "AKIAXXXXXXXXXXXXXXXX", "AKIAXXXXXXXXXXXX1234", "ASIA0000000000000000", "x" * 40, "0" * 40,
    "wJalXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "MY_SECRET_KEY", "changeme", "REPLACE_ME", "null", "None", "undefined",
    "TODO", "[redacted]", "vault://secret/aws#key", "ref+awsssm://key", "your-secret-access-key-goes-here-1234567",
])  # fmt: skip
def test_a_placeholder_is_recognized(text: str) -> None:
    assert is_key_placeholder(text)


@pytest.mark.parametrize("text", [
    ID, SECRET, "ASIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY", "", "test",
    "minioadmin", "local", "dummy", "AKIA", "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ", "t" * 60,
    "IQoJ" + "your/secret" * 20, "GK31c2f218a2e44f485b94239e",
])  # fmt: skip
def test_a_value_is_none(text: str) -> None:
    assert not is_key_placeholder(text)


def test_no_random_key_is_taken_for_one() -> None:
    chance = random.Random(5)
    for _ in range(20_000):
        key_id = "AKIA" + "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))
        secret = base64.b64encode(chance.randbytes(30)).decode()
        assert not is_key_placeholder(key_id)
        assert not is_key_placeholder(secret)
        assert not stored_keys.placeholders({stored_keys.ID: key_id, stored_keys.SECRET: secret})


@pytest.mark.parametrize(("text", "shown"), [
    ("<your-key>", "<your-key>"),
    ("${AWS_SECRET_ACCESS_KEY}", "${AWS_SECRET_ACCESS_KEY}"),
    ("op://Private/AWS/access key id", "op://Private/AWS/access key id"),
    ("AKIA...", "AKIA..."),
    (f"{SECRET[:38]}**", ""),
    (f"<{SECRET}>", ""),
    ("$wJal7rXUtnFEMI", ""),
    ("<a\x1b[31mb>", ""),
])  # fmt: skip
def test_what_may_be_of_a_secret_is_not_shown(text: str, shown: str) -> None:
    assert placeholder.shown(text) == shown
