"""SAML assertions: what they offer and until when, and that nothing they hold does harm."""

from __future__ import annotations

import base64
import time
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from often import examples

from ccsetup.access import saml_assertion
from ccsetup.core.errors import BadAnswer
from ccsetup.sandbox import State, saml

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=timezone.utc)
ONE, TWO = "arn:aws:iam::111122223333:role/Developer", "arn:aws-us-gov:iam::888888888888:role/path/to/Reader"
IDP = "arn:aws:iam::111122223333:saml-provider/AcmeId"
GOV = "arn:aws-us-gov:iam::888888888888:saml-provider/AcmeId"


def response(*pairs: str, **more: int) -> str:
    return State(lambda: NOW).saml_assertion(*(pairs or (f"{ONE},{IDP}",)), **more)


def encoded(xml: str | bytes) -> str:
    return base64.b64encode(xml.encode() if isinstance(xml, str) else xml).decode()


def test_roles_are_read_in_either_order_with_blanks_and_once_each() -> None:
    found = saml_assertion.read(
        response(f"{ONE},{IDP}", f" {GOV} , {TWO} ", f"{IDP},{ONE}", "nonsense", f"{ONE},{ONE}")
    )
    assert found.roles == ((ONE, IDP), (TWO, GOV))
    assert (found.provider_of(TWO), found.provider_of("arn:aws:iam::1:role/x")) == (GOV, "")


def test_roles_of_several_attributes_are_all_read() -> None:
    xml = base64.b64decode(response(f"{ONE},{IDP}")).decode()
    start, end = xml.index("<ns1:AttributeStatement>"), xml.index("</ns1:AttributeStatement>") + 25
    more = xml[start:end].replace(ONE, TWO).replace(IDP, GOV)
    assert saml_assertion.read(encoded(xml[:end] + more + xml[end:])).roles == ((ONE, IDP), (TWO, GOV))


def test_times_are_those_of_the_assertion() -> None:
    found = saml_assertion.read(response(lasts_s=300, session_s=28800, session_ends_s=36000))
    assert found.ends_at == NOW.replace(minute=5)
    assert found.session_s == 28800
    assert found.session_ends_at == NOW.replace(hour=22)
    plain = saml_assertion.read(response())
    assert (plain.session_s, plain.session_ends_at) == (None, None)
    fractions = base64.b64decode(response()).decode().replace("12:05:00Z", "12:05:00.1234567Z")
    assert saml_assertion.read(encoded(fractions)).ends_at == NOW.replace(minute=5)


@pytest.mark.parametrize(
    "given",
    [
        lambda text: text,
        lambda text: f"SAMLResponse={text.replace('+', '%2B').replace('=', '%3D')}&RelayState=x",
        lambda text: "\n".join(text[i : i + 76] for i in range(0, len(text), 76)) + "\r\n",
        lambda text: f'  "{text}"  ',
        lambda text: base64.b64decode(text).decode(),
        lambda text: "\ufeff" + base64.b64decode(text).decode(),
    ],
    ids=["base64", "form field", "in lines", "quoted", "XML", "XML with a mark"],
)
def test_however_it_is_given_it_is_read(given: object) -> None:
    text = given(response())  # type: ignore[operator]
    assert saml_assertion.looks_like_one(text)
    assert saml_assertion.read(saml_assertion.clean(text)).roles == ((ONE, IDP),)


@pytest.mark.parametrize("text", ["response.txt", "~/saml.xml", "/tmp/PD94", "C:\\\\a\\\\b"])
def test_a_path_is_no_assertion(text: str) -> None:
    assert not saml_assertion.looks_like_one(text)


BOMB = "".join("<!ENTITY a{} '{}'>".format(i, f"&a{i - 1};" * 10) for i in range(1, 10))
XML = {
    "an entity bomb": f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a0 'ha'>{BOMB}]><x>&a9;</x>",
    "a quadratic one": f"<!DOCTYPE x [<!ENTITY a '{'b' * 9000}'>]><x>{'&a;' * 9000}</x>",
    "a file of this machine": "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
    "somebody's server": "<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'><x/>",
    "parameter entities": "<!DOCTYPE x [<!ENTITY % a SYSTEM 'http://127.0.0.1:9/'> %a;]><x/>",
    "an encoding that is none": "<?xml version='1.0' encoding='klingon'?><x/>",
    "an encoding that is a lie": b"<?xml version='1.0' encoding='utf-16'?><x/>",
    "bytes that are no text": b"<x>\xff\xfe</x>",
    "half of one": "<x><y>",
    "nothing": "",
    "another document": "<html><body>Sign in</body></html>",
    "depth": "<a>" * 12000 + "</a>" * 12000,
    "no role": "<Response xmlns='urn:oasis:names:tc:SAML:2.0:protocol'/>",
    "an encrypted one": "<p:Response xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol' "
    "xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion'><a:EncryptedAssertion/></p:Response>",
}


@pytest.mark.parametrize("name", XML)
def test_what_is_no_assertion_is_one_sentence_at_once(name: str) -> None:
    begun = time.monotonic()
    with pytest.raises(BadAnswer) as caught:
        saml_assertion.read(encoded(XML[name]))
    assert time.monotonic() - begun < 5
    assert caught.value.what.endswith(".")
    assert caught.value.next
    assert "root:" not in caught.value.what


def test_a_text_beyond_what_aws_takes_is_refused_before_it_is_read() -> None:
    with pytest.raises(BadAnswer, match=r"at most 100,000 characters long\. This text has 4,000,000"):
        saml_assertion.clean("QUJD" * 1_000_000)


@pytest.mark.slow
@settings(max_examples=examples(150), deadline=None)
@given(st.one_of(st.text(max_size=300), st.binary(max_size=300).map(encoded)))
def test_no_text_makes_it_raise_anything_else(text: str) -> None:
    try:
        saml_assertion.read(saml_assertion.clean(text))
    except BadAnswer as bad:
        assert bad.what


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 3000), st.sampled_from(list("<>&;'\"!xA=%0\0")))
def test_a_damaged_assertion_is_read_or_refused(place: int, letter: str) -> None:
    xml = base64.b64decode(WHOLE).decode()
    place %= len(xml)
    try:
        saml_assertion.read(encoded(xml[:place] + letter + xml[place + 1 :]))
    except BadAnswer as bad:
        assert bad.what


WHOLE = response()


def test_the_sandboxs_own_check_takes_it_too() -> None:
    said = saml.check(WHOLE, NOW)
    assert saml.offers(said, ONE, IDP)
    assert not saml.offers(said, TWO, IDP)
