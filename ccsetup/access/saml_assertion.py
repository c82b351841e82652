"""Parses a SAML assertion in any form: its clean base64, the roles it offers, and how long it is valid.

AWS checks the signature. Only defusedxml reads the XML: no DTDs, no entities, no external resources.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from ccsetup.core import clock
from ccsetup.core.arn import pattern
from ccsetup.core.errors import BadAnswer

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST = 100_000  # the longest base64 that AssumeRoleWithSAML accepts, in characters
_SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_ROLE, _PROVIDER = pattern("iam", "role/[!-~]+"), pattern("iam", "saml-provider/[!-~]+")
_HOW = "Copy the whole SAMLResponse that your identity provider sends to AWS, or specify a file that contains it."


class Assertion(NamedTuple):
    """The contents of an assertion. `ends_at` is when it expires, `session_s` the session duration that it asks for.

    `session_ends_at` is the latest time at which its sessions end.
    """

    roles: tuple[tuple[str, str], ...] = ()  # role ARN, provider ARN
    ends_at: datetime | None = None
    session_s: int | None = None
    session_ends_at: datetime | None = None

    def provider_of(self, role_arn: str) -> str:
        """Return the provider through which the assertion offers a role, "" if it doesn't."""
        return dict(self.roles).get(role_arn, "")


def looks_like_one(text: str) -> bool:
    """Return whether a text looks like an assertion rather than the path of a file that contains one."""
    return bool(re.match(r"\s*(?:SAMLResponse=|<|PD94|PHNhbW|PFJlc3|PHJlc3|PEFzc2|77u/)", text)) or len(text) > 1000


def clean(text: str) -> str:
    """Return the base64 as one string, from base64, a form field, or the XML itself. Raises BadAnswer."""
    value = text.strip().strip("'\"").removeprefix("SAMLResponse=").partition("&RelayState=")[0]
    if value.lstrip("\ufeff").startswith("<"):
        value = base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()
    value = re.sub(r"\s+", "", unquote(value) if "%" in value else value)
    if len(value) > MOST:
        raise BadAnswer(
            f"A SAML assertion can be at most {MOST:,} characters long. This text has {len(value):,}.", next=_HOW
        )
    return value


def read(encoded: str) -> Assertion:
    """Parse clean base64. Raises BadAnswer with one sentence for any invalid content."""
    root = _parsed(_decoded(encoded))
    if not (root.tag.endswith("}Response") or root.tag == f"{_SAML}Assertion"):
        raise BadAnswer("This XML isn't a SAML response.", next=_HOW)
    if any(each.tag == f"{_SAML}EncryptedAssertion" for each in root):
        raise BadAnswer(
            "The assertion is encrypted, so ccsetup can't read its roles.",
            next="Ask the administrator of the identity provider for an unencrypted assertion.",
        )
    attributes = dict(_attributes(root))
    roles = tuple(dict(pair for value in attributes.get("Role", ()) if (pair := _pair(value))).items())
    if not roles:
        raise BadAnswer(
            "The assertion doesn't include any AWS roles.",
            next="Open AWS from your identity provider, then copy the SAMLResponse that it sends to AWS.",
        )
    lasts = next(iter(attributes.get("SessionDuration", ())), "")
    return Assertion(
        roles,
        _earliest(root, "SubjectConfirmationData", "NotOnOrAfter") or _earliest(root, "Conditions", "NotOnOrAfter"),
        int(lasts) if re.fullmatch(r"[0-9]{1,6}", lasts) else None,
        _earliest(root, "AuthnStatement", "SessionNotOnOrAfter"),
    )


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadAnswer(
            "That's not a SAML assertion. It should be one long base64 string: PHNhbWxwOlJlc3BvbnNl….", next=_HOW
        ) from None


def _parsed(xml: bytes) -> Element:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(xml, forbid_dtd=True)
    except DefusedXmlException:
        raise BadAnswer(
            "The assertion's XML declares a DTD or entities, which SAML doesn't allow.", next=_HOW
        ) from None
    except (SyntaxError, ValueError, LookupError):  # invalid XML, or an encoding that is unknown or wrong
        raise BadAnswer(
            "The assertion's XML is incomplete or invalid. Terminals cut off long lines, so use a file instead.",
            next=_HOW,
        ) from None
    return root


def _attributes(root: Element) -> Iterator[tuple[str, list[str]]]:
    """Yield AWS's attributes by the last part of their name. Attributes with the same name are merged."""
    found: dict[str, list[str]] = {}
    for attribute in root.iter(f"{_SAML}Attribute"):
        place, _, name = attribute.get("Name", "").rpartition("/SAML/Attributes/")
        if place:
            values = ("".join(value.itertext()).strip() for value in attribute.iter(f"{_SAML}AttributeValue"))
            found.setdefault(name, []).extend(values)
    yield from found.items()


def _pair(value: str) -> tuple[str, str] | None:
    """Return the role and the provider in one value, which names them in either order."""
    parts = [part.strip() for part in value.split(",")]
    role = next((part for part in parts if re.fullmatch(_ROLE, part)), "")
    provider = next((part for part in parts if re.fullmatch(_PROVIDER, part)), "")
    return (role, provider) if role and provider else None


def _earliest(root: Element, name: str, attribute: str) -> datetime | None:
    return min(_moments(each.get(attribute, "") for each in root.iter(_SAML + name)), default=None)


def _moments(texts: Iterable[str]) -> Iterator[datetime]:
    return (at for text in texts if (at := clock.read(text)))
