"""What is no token is told from one, whatever it is: it must never be sent anywhere."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.core import web_token

PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n"


def jwt(claims: object, header: object = None, signature: str = "c2ln") -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(it).encode()).decode().rstrip("=") for it in (header or {}, claims))
    return ".".join((*parts, signature))


NO_TOKEN = {
    "a private key": (PEM, "PEM"),
    "a private key on one line": (PEM.replace("\n", ""), "PEM"),
    "a certificate after a blank": ("  -----BEGIN CERTIFICATE-----x", "PEM"),
    "a file of keys": ("[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n", "several lines"),
    "two tokens": (f"{jwt({})}\n{jwt({})}", "several lines"),
    "lines of Unicode": ("a\u2028b", "several lines"),
    "a sentence": ("machine example.com login maria", "spaces"),
    "a tab": ("a\tb.c.d", "spaces"),
    "a NUL": ("abc\0def", "spaces"),
    "bytes that are no UTF-8": ("abc\udcff\udcfe", "spaces"),
    "letters of another script": ("ä" * 40, "spaces"),
    "nothing": (" \n ", "empty"),
    "a digit": ("1", "too short"),
    "too long": ("a" * 20_001, "20,000"),
    "too long a JWT": (jwt({"sub": "x" * 20_000}), "20,000"),
}
NO_JWT = {
    "a secret key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "an opaque token": "Atza|IwEBIJ3dR0",
    "three words": "hello.context.again",
    "no signature": jwt({}, signature=""),
    "claims that are a list": jwt([]),
    "a header that is none": jwt({}, header=[1]),
    "five parts": jwt({}) + ".a.b",
    "deep": f"e30.{base64.b64encode(b'[' * 5000).decode()}.x",
}


@pytest.mark.parametrize("name", NO_TOKEN)
@pytest.mark.parametrize("opaque", [False, True])
def test_what_is_no_token_of_any_provider_says_why(name: str, opaque: bool) -> None:
    text, why = NO_TOKEN[name]
    assert why in web_token.fault(text, opaque=opaque)


@pytest.mark.parametrize("name", NO_JWT)
def test_what_is_no_jwt_is_none_where_one_is_wanted(name: str) -> None:
    assert "isn't a JWT" in web_token.fault(NO_JWT[name])
    assert web_token.fault(NO_JWT[name], opaque=True) == ""


@pytest.mark.parametrize("text", ['{"accessToken":"x"}', "<html>", '"quoted"', '["token"]'])
def test_a_document_is_no_opaque_token(text: str) -> None:
    assert "starts with a bracket" in web_token.fault(text, opaque=True)


def test_tokens_pass_with_the_blanks_that_editors_leave_around() -> None:
    token = jwt({"iss": "https://token.actions.githubusercontent.com", "exp": 1}, {"alg": "RS256"})
    for text in (token, f"{token}\n", f"  {token}\r\n"):
        assert web_token.fault(text) == ""
        assert web_token.fault(text, opaque=True) == ""
    assert web_token.claims(token) == {"iss": "https://token.actions.githubusercontent.com", "exp": 1}


@given(st.text())
def test_no_text_at_random_is_taken_for_a_jwt(text: str) -> None:
    assert web_token.fault(text).startswith("it ")
