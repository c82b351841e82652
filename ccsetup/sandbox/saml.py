"""A SAML identity provider for the sandbox: signs responses, and checks them as STS does.

The signature is an enveloped signature of the assertion (RSA-SHA256, canonical XML 2.0 as Python writes it).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from xml.etree import ElementTree as ET

from ccsetup.sandbox import signatures
from ccsetup.sandbox.http import Refusal

AUDIENCE = "https://signin.aws.amazon.com/saml"
KEY = "saml"
_ASSERTION, _PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:assertion}", "{urn:oasis:names:tc:SAML:2.0:protocol}"
_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
_ROLE, _NAME, _DURATION = (_ATTRIBUTES + name for name in ("Role", "RoleSessionName", "SessionDuration"))
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Wanted:
    """The contents of a response: the user, the roles (as "role,provider"), the start, the duration, and for whom."""

    issuer: str
    subject: str
    roles: tuple[str, ...]
    at: datetime
    lasts_s: int = 300
    session_s: int | None = None
    session_ends_s: int | None = None
    audience: str = AUDIENCE


@dataclass(frozen=True)
class Said:
    """The contents of a checked response."""

    issuer: str
    subject: str
    audience: str
    roles: tuple[str, ...]
    session_name: str
    session_ends: datetime | None


def write(wanted: Wanted, kid: str = KEY) -> str:
    """Return a signed response in base64, as a browser posts it to AWS."""
    at, response = wanted.at.strftime(_STAMP), ET.Element(_PROTOCOL + "Response")
    response.attrib.update({"ID": "_response", "Version": "2.0", "IssueInstant": at, "Destination": wanted.audience})
    _leaf(response, _ASSERTION + "Issuer", wanted.issuer)
    status = ET.SubElement(response, _PROTOCOL + "Status")
    ET.SubElement(status, _PROTOCOL + "StatusCode", Value="urn:oasis:names:tc:SAML:2.0:status:Success")
    assertion = _assertion(wanted, at)
    assertion.insert(1, _signature(_digest(assertion), kid))
    response.append(assertion)
    return base64.b64encode(ET.tostring(response, encoding="utf-8", xml_declaration=True)).decode()


def check(encoded: str, now: datetime) -> Said:
    """Check format, signature and times as STS does. Raises Refusal with STS's messages."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        response = fromstring(base64.b64decode(encoded, validate=True), forbid_dtd=True)
    except (binascii.Error, DefusedXmlException, SyntaxError, ValueError, LookupError):
        raise Refusal("InvalidIdentityToken", "Invalid base64 SAMLResponse", 400) from None
    assertion = response.find(_ASSERTION + "Assertion")
    if assertion is None or not _is_signed(assertion):
        raise Refusal("InvalidIdentityToken", "Response signature invalid", 400)
    ends = [_time(each.get("NotOnOrAfter", "")) for each in assertion.iter(_ASSERTION + "SubjectConfirmationData")]
    if not ends or min(ends) <= now:
        raise Refusal("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance", 400)
    said = {each.get("Name"): [v.text or "" for v in each] for each in assertion.iter(_ASSERTION + "Attribute")}
    if not said.get(_NAME):
        raise Refusal("InvalidIdentityToken", "RoleSessionName is required in AuthnResponse", 400)
    session_ends = [each.get("SessionNotOnOrAfter") for each in assertion.iter(_ASSERTION + "AuthnStatement")]
    return Said(
        _text(assertion, "Issuer"),
        _text(assertion, "NameID"),
        _text(assertion, "Audience"),
        tuple(said.get(_ROLE, ())),
        said[_NAME][0],
        min((_time(text) for text in session_ends if text), default=None),
    )


def offers(said: Said, role_arn: str, provider_arn: str) -> bool:
    """Return whether a response contains the pair, in either order."""
    return any({part.strip() for part in pair.split(",")} == {role_arn, provider_arn} for pair in said.roles)


def _assertion(wanted: Wanted, at: str) -> ET.Element:
    until = (wanted.at + timedelta(seconds=wanted.lasts_s)).strftime(_STAMP)
    assertion = ET.Element(_ASSERTION + "Assertion", {"ID": "_assertion", "Version": "2.0", "IssueInstant": at})
    _leaf(assertion, _ASSERTION + "Issuer", wanted.issuer)
    subject = ET.SubElement(assertion, _ASSERTION + "Subject")
    _leaf(subject, _ASSERTION + "NameID", wanted.subject)
    bearer = {"Method": "urn:oasis:names:tc:SAML:2.0:cm:bearer"}
    confirmation = ET.SubElement(subject, _ASSERTION + "SubjectConfirmation", bearer)
    ET.SubElement(confirmation, _ASSERTION + "SubjectConfirmationData", NotOnOrAfter=until, Recipient=wanted.audience)
    conditions = ET.SubElement(assertion, _ASSERTION + "Conditions", NotBefore=at, NotOnOrAfter=until)
    _leaf(ET.SubElement(conditions, _ASSERTION + "AudienceRestriction"), _ASSERTION + "Audience", wanted.audience)
    statement = ET.SubElement(assertion, _ASSERTION + "AuthnStatement", AuthnInstant=at)
    if wanted.session_ends_s is not None:
        ends = wanted.at + timedelta(seconds=wanted.session_ends_s)
        statement.set("SessionNotOnOrAfter", ends.strftime(_STAMP))
    told: dict[str, Sequence[str]] = {_NAME: [wanted.subject], _ROLE: wanted.roles}
    if wanted.session_s is not None:
        told[_DURATION] = [str(wanted.session_s)]
    _attributes(assertion, told)
    return assertion


def _attributes(assertion: ET.Element, told: Mapping[str, Iterable[str]]) -> None:
    statement = ET.SubElement(assertion, _ASSERTION + "AttributeStatement")
    for name, values in told.items():
        attribute = ET.SubElement(statement, _ASSERTION + "Attribute", Name=name)
        for value in values:
            _leaf(attribute, _ASSERTION + "AttributeValue", value)


def _signature(digest: str, kid: str) -> ET.Element:
    signature = ET.Element(_DS + "Signature")
    info = ET.SubElement(signature, _DS + "SignedInfo")
    ET.SubElement(info, _DS + "CanonicalizationMethod", Algorithm="http://www.w3.org/2010/xml-c14n2")
    ET.SubElement(info, _DS + "SignatureMethod", Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
    reference = ET.SubElement(info, _DS + "Reference", URI="#_assertion")
    ET.SubElement(reference, _DS + "DigestMethod", Algorithm="http://www.w3.org/2001/04/xmlenc#sha256")
    _leaf(reference, _DS + "DigestValue", digest)
    _leaf(signature, _DS + "SignatureValue", base64.b64encode(signatures.sign(_canonical(info), kid)).decode())
    return signature


def _is_signed(assertion: ET.Element) -> bool:
    signature = assertion.find(_DS + "Signature")
    if signature is None:
        return False
    info, value = signature.find(_DS + "SignedInfo"), signature.findtext(_DS + "SignatureValue", "")
    assertion.remove(signature)
    if info is None or info.findtext(f".//{_DS}DigestValue") != _digest(assertion):
        return False
    try:
        return signatures.signed(_canonical(info), base64.b64decode(value, validate=True), KEY)
    except binascii.Error:
        return False


def _digest(element: ET.Element) -> str:
    return base64.b64encode(hashlib.sha256(_canonical(element)).digest()).decode()


def _canonical(element: ET.Element) -> bytes:
    return ET.canonicalize(ET.tostring(element, encoding="unicode"), rewrite_prefixes=True).encode()


def _leaf(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _text(element: ET.Element, name: str) -> str:
    return next((each.text or "" for each in element.iter(_ASSERTION + name)), "")


def _time(text: str) -> datetime:
    try:
        return datetime.strptime(text, _STAMP).replace(tzinfo=timezone.utc)
    except ValueError:
        raise Refusal("InvalidIdentityToken", "Invalid time in SAMLResponse", 400) from None
