"""Typed text → checked value, Corrected (one other reading, said) or BadAnswer (a sentence with a right example).

The rules are AWS's own, ASCII only (AWS-FACTS, "Rules for values"); botocore checks none of them, STS does, later.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from ccsetup.core import clock, regions, web_token
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected
from ccsetup.core.regions import REGION, REGIONS

WORD_PROCESSOR = str.maketrans(
    {"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00a0": " ",
     "\u202f": " ", "\u2007": " ", "\u200b": "", "\u200c": "", "\u200d": "", "\ufeff": "", "\u2060": "",
     "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'}
)  # fmt: skip

# Patterns are compiled when they are first needed: the first question need not wait for them.
ACCOUNT = r"[0-9]{12}"
_ROLE_ARN = r"arn:(aws[a-z-]*):iam::([0-9]{12}):role/((?:[!-.0-~]+/)*)([A-Za-z0-9_+=,.@-]{1,64})"
_ROLE_EXAMPLE = "arn:aws:iam::111122223333:role/CodeCommitAccess"
_PROFILE = r"[A-Za-z0-9_.+=,-]{1,128}"
_SESSION_NAME = r"[A-Za-z0-9_+=,.@-]{2,64}"


def tidy(text: str) -> str:
    """Mend what word processors and chats do to a value: dashes, no-break and zero-width blanks, outer quotes."""
    text = text.translate(WORD_PROCESSOR).strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
        text = text[1:-1].strip()
    return text


def said(value: str, text: str, why: str = "") -> str | Corrected:
    """Return the value, with words for what was changed when it is not what was typed."""
    if value == text.strip():
        return value
    return Corrected(value, f"Took {value}" + (f": {why}." if why else "."))


def account_id(text: str) -> str | Corrected:
    """12 digits, leading zeros kept; `1111-2222-3333` has one reading."""
    value = re.sub(r"[\s-]", "", tidy(text))
    if not re.fullmatch(ACCOUNT, value):
        raise BadAnswer("An account ID has 12 digits, such as 111122223333.")
    return said(value, text)


def role_arn(text: str) -> str | Corrected:
    """A role's ARN; a third colon, blanks and the ARN of an assumed role are corrected, everything else refused."""
    value = re.sub(r"\s+", "", tidy(text))
    if re.match(r"arn:aws[a-z-]*:sts::", value):
        return _assumed_role(value)
    mended = re.sub(r"^(arn:aws[a-z-]*:iam):+(?=[0-9])", r"\1::", value)
    if re.fullmatch(_ROLE_ARN, mended):
        why = "an ARN has two colons before the account" if mended != value else "without the blanks"
        return said(mended, text, why)
    found = re.match(r"arn:aws[a-z-]*:iam::+([^:]*):([a-z-]+)/", mended)
    if found and found[2] != "role":
        raise BadAnswer(f"That is the ARN of {_article(found[2])}; a role's is such as {_ROLE_EXAMPLE}.")
    if found and not re.fullmatch(ACCOUNT, found[1]):
        raise BadAnswer(f"The account ID in a role ARN has 12 digits, such as {_ROLE_EXAMPLE}.")
    raise BadAnswer(f"A role ARN is such as {_ROLE_EXAMPLE}.")


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind.replace('-', ' ')}"


def _assumed_role(value: str) -> Corrected:
    found = re.fullmatch(r"arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([A-Za-z0-9_+=,.@-]{1,64})(/.*)?", value)
    if not found:
        raise BadAnswer(f"That is no role ARN; one is such as {_ROLE_EXAMPLE}.")
    partition, account, name, _ = found.groups()
    if name.startswith("AWSReservedSSO_"):
        raise BadAnswer(
            "That role belongs to single sign-on and cannot be assumed from a profile.",
            next="Choose single sign-on and give the start URL, such as https://acme.awsapps.com/start.",
        )
    arn = f"arn:{partition}:iam::{account}:role/{name}"
    return Corrected(arn, f"Took {arn}: what was given is the ARN of somebody using that role.")


def arn_account(arn: str) -> str:
    """Return the account an ARN names, "" when the text is no ARN."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and re.fullmatch(ACCOUNT, parts[4]) else ""


def home_region(arn: str) -> str:
    """Return a region to ask STS and IAM in, of the partition an ARN belongs to."""
    return regions.home_region(regions.partition_in(arn))


def role_name(arn: str) -> str:
    """Return the name, without its path, of a checked role ARN."""
    return arn.rpartition("/")[2]


def role_session_name(text: str) -> str | Corrected:
    """2–64 of [A-Za-z0-9_+=,.@-]; blanks become hyphens and accents go (`Maria Garcia` → `Maria-Garcia`)."""
    plain = unicodedata.normalize("NFKD", tidy(text)).encode("ascii", "ignore").decode()
    value = re.sub(r"\s+", "-", plain)
    if not re.fullmatch(_SESSION_NAME, value):
        raise BadAnswer("A session name has 2 to 64 letters, digits or _+=,.@- , such as maria.garcia.")
    return said(value, text, "AWS allows no blanks there" if value != tidy(text) else "")


def external_id(text: str) -> str | Corrected:
    """2–1224 of [A-Za-z0-9_+=,.@:/-]."""
    value = tidy(text)
    if not re.fullmatch(r"[A-Za-z0-9_+=,.@:/-]{2,1224}", value):
        raise BadAnswer("An external ID has 2 to 1224 letters, digits or _+=,.@:/- , such as acme-7f3b.")
    return said(value, text)


def mfa_serial(text: str) -> str | Corrected:
    """An `arn:…:mfa/NAME`, or the 9 to 256 characters printed on a hardware device."""
    value = re.sub(r"\s+", "", tidy(text))
    mended = re.sub(r"^(arn:aws[a-z-]*:iam):+(?=[0-9])", r"\1::", value)
    arn = re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:mfa/[A-Za-z0-9_+=,.@/-]+", mended)
    if not arn and (mended.startswith("arn:") or not re.fullmatch(r"[A-Za-z0-9_+=/:,.@-]{9,256}", mended)):
        raise BadAnswer(
            "An MFA device is an ARN such as arn:aws:iam::888888888888:mfa/maria, or a serial number: GAHT12345678."
        )
    return said(mended, text)


def mfa_code(text: str) -> str:
    """Six digits; blanks between them go."""
    value = re.sub(r"\s+", "", tidy(text))
    if not re.fullmatch(r"[0-9]{6}", value):
        raise BadAnswer("An MFA code has six digits, such as 123456.")
    return value


def duration(low_s: int, high_s: int) -> Callable[[str], str | Corrected]:
    """Return a parser for whole seconds between two bounds; `2h` and `90m` are understood."""

    def parse(text: str) -> str | Corrected:
        found = re.fullmatch(r"([0-9]{1,6})\s*([smh]?)[a-z]*", tidy(text).lower())
        value_s = int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] if found else -1
        if not low_s <= value_s <= high_s:
            raise BadAnswer(f"A duration is {low_s} to {high_s} seconds, such as 3600 (one hour).")
        return said(str(value_s), text)

    return parse


def profile(text: str) -> str | Corrected:
    """A new profile's name: what every tool reads alike, git-remote-codecommit included (AWS-FACTS)."""
    value = tidy(text)
    if value.startswith("-"):
        raise BadAnswer("A profile name begins with a letter or a digit, such as acme-dev.")
    if " " in value and re.fullmatch(_PROFILE, value.replace(" ", "-")):
        return Corrected(value.replace(" ", "-"), f"Took {value.replace(' ', '-')}: git addresses allow no blanks.")
    if not re.fullmatch(_PROFILE, value):
        raise BadAnswer("A profile name has letters, digits or _.+=,- and no blanks, such as acme-dev.")
    return said(value, text)


def sso_session(text: str) -> str | Corrected:
    """The name of an sso-session section; the same letters as a profile's."""
    try:
        return profile(text)
    except BadAnswer:
        raise BadAnswer("A session name has letters, digits or _.+=,- and no blanks, such as acme.") from None


def region(text: str) -> str | Corrected:
    """A region, known here or not; an availability zone, a city and the console's long name have one reading."""
    value = tidy(text).lower()
    if regions.is_region(value):
        return said(value, text)
    if regions.is_region(value[:-1]) and value[-1:] in tuple("abcdef"):
        return Corrected(value[:-1], f"Took {value[:-1]}: {value} is one of its availability zones.")
    codes = {code for code in re.findall(rf"{REGION}\b", value) if code in REGIONS}
    if len(codes) == 1 and " " in value:
        return Corrected(codes.pop(), f"Took the region out of {tidy(text)}.")
    told = re.search(r"\(([^)]+)\)", value)
    city = told[1] if told else value  # GovCloud's are called US-East and US-West, which people mean otherwise
    named = [code for code, name in REGIONS.items() if name.lower() == city and not name.startswith("US-")]
    if len(named) == 1:
        return Corrected(named[0], f"Took {named[0]}, the region called {REGIONS[named[0]]}.")
    if near := regions.like(value) if re.fullmatch(r"[a-z0-9-]+", value) else []:
        raise BadAnswer(f"{value} is not a region. Did you mean {' or '.join(near)}?")
    raise BadAnswer("A region is such as us-east-2.")


def unknown_region(region: str) -> str:
    """Return what to say of a region that ccsetup does not know and AWS may; "" for one that is known."""
    if not region or region in REGIONS:
        return ""
    return f"ccsetup doesn't know whether CodeCommit is in {region}. AWS decides."


def permission_set(text: str) -> str | Corrected:
    """A permission set's name: 1 to 32 of [A-Za-z0-9_+=,.@-]."""
    value = tidy(text)
    found = re.fullmatch(r"AWSReservedSSO_(.+)_[0-9a-f]{16}", value)
    value = found[1] if found else value
    if not re.fullmatch(r"[A-Za-z0-9_+=,.@-]{1,64}", value):
        raise BadAnswer("A permission set is told by its name alone, such as Developer: letters, digits and _+=,.@- .")
    return said(value, text)


def sso_start_url(text: str) -> str | Corrected:
    """An Identity Center's start URL: https, without what the browser adds (`#/`, a last `/`, a query).

    A company's own address is one too, which redirects to AWS's. The spelling matters: SDKs name the cache of a legacy
    profile by its sha1.
    """
    from urllib.parse import urlsplit

    example = "A start URL is such as https://acme.awsapps.com/start."
    value = re.sub(r"\s+", "", tidy(text)).replace("\\", "")
    if "://" not in value:
        value = "https://" + value
    try:
        url = urlsplit(value)
        host, port = (url.hostname or ""), url.port
    except ValueError:
        raise BadAnswer(example) from None
    if url.scheme not in ("https", "http") or not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host):
        raise BadAnswer(example)
    if "@" in url.netloc or not url.netloc.isascii() or not value.isprintable():
        raise BadAnswer(example)
    if regions.locate(host, "console", "sign-in"):
        raise BadAnswer("That is the console's address, or a sign-in page's. " + example)
    port = None if port == 443 else port
    if port and regions.locate(host, "portal"):
        raise BadAnswer(f"AWS's start URLs have no port. {example}")
    path = url.path.rstrip("/") or regions.start_path(host)
    return said(f"https://{host}{f':{port}' if port else ''}{path}", text)


def host_of(start_url: str) -> str:
    """Return the host of a checked start URL."""
    found = re.match(r"https://([^/:?#]*)", start_url)
    return found[1].lower() if found else ""


def is_portal(start_url: str) -> bool:
    """Say whether a start URL lies on one of AWS's hosts; a company's own address redirects to one."""
    return regions.locate(host_of(start_url), "portal") is not None


def region_of(start_url: str) -> str | None:
    """Return the region a start URL's host tells, None when it does not (`d-….awsapps.com`, custom addresses)."""
    found = regions.locate(host_of(start_url), "portal")
    return (found[1] or None) if found else None


def session_of(start_url: str) -> str:
    """Return a short name for a start URL's session, such as acme for https://acme.awsapps.com/start."""
    labels = [part for part in host_of(start_url).split(".") if part not in ("www", "start", "sso", "login")]
    words = re.sub(r"[^A-Za-z0-9-]", "", labels[0] if labels else "")
    return words.strip("-") or "sso"


def token_file(text: str) -> str:
    """Check the spelling of a token file's path; making it absolute needs the machine and is the question's work."""
    value = tidy(text)
    if value.startswith("eyJ") and value.count(".") > 1:
        raise BadAnswer("That is the token itself; save it to a file and give its path, such as ~/token.jwt.")
    if not value or any(ord(c) < 32 for c in value):
        raise BadAnswer("A token file is a path such as /home/maria/token.jwt.")
    return value


def folder(text: str) -> str:
    """A path to clone into."""
    value = tidy(text)
    if not value or any(ord(c) < 32 for c in value):
        raise BadAnswer("A folder is a path such as ./MySharedDemoRepo.")
    return value


def output(text: str) -> str:
    """An output format of the AWS CLI."""
    value = tidy(text).lower()
    if value not in ("json", "yaml", "yaml-stream", "text", "table", "off"):
        raise BadAnswer("An output format is json, yaml, yaml-stream, text or table, such as json.")
    return value


class Token(NamedTuple):
    """What an OIDC token says of itself; unverified, since only its issuer's keys could verify it."""

    issuer: str
    audience: str
    subject: str
    expires_at: datetime | None


def token(text: str) -> Token:
    """Decode a JWT offline. Raises BadAnswer when the text is none."""
    claims = web_token.claims(text)
    if claims is None:
        raise BadAnswer(
            "The file holds no OIDC token: one is three parts with dots between, such as eyJh….eyJp….SflK…."
        )
    audience = claims.get("aud", "")
    return Token(
        issuer=str(claims.get("iss", "")),
        audience=", ".join(map(str, audience)) if isinstance(audience, list) else str(audience),
        subject=str(claims.get("sub", "")),
        expires_at=clock.since_1970(claims.get("exp")),
    )


def access_key_id(text: str) -> str | Corrected:
    """AKIA… (long-term) or ASIA… (temporary), 16 to 128 letters and digits."""
    value = tidy(text)
    if not re.fullmatch(r"[A-Z0-9]{16,128}", value):
        raise BadAnswer("An access key ID has capital letters and digits, such as AKIAIOSFODNN7EXAMPLE.")
    if re.match(r"AROA|AIDA|AGPA|ANPA|AIPA", value):
        raise BadAnswer("That is a unique ID, not an access key; one begins with AKIA or ASIA: ASIAIOSFODNN7EXAMPLE.")
    return said(value, text)


def secret_access_key(text: str) -> str:
    """Forty of [A-Za-z0-9/+=]; AWS-like services use other lengths, so 16 or more are taken."""
    value = re.sub(r"\s*\n\s*", "", tidy(text))  # a paste may break it over two lines
    if re.fullmatch(r"(AKIA|ASIA)[A-Z0-9]{12,}", value):
        raise BadAnswer("That is the access key ID; the secret is the longer one, 40 characters.")
    if not re.fullmatch(r"[A-Za-z0-9/+=]{16,128}", value):
        raise BadAnswer("A secret access key is 40 letters, digits, / or +, without blanks.")
    return value


def session_token(text: str) -> str:
    """A session token: one long word of base64."""
    value = re.sub(r"\s+", "", tidy(text))
    if not re.fullmatch(r"[A-Za-z0-9/+=_.-]{16,}", value):
        raise BadAnswer("A session token is one long word such as IQoJb3JpZ2luX2VjE…; copy it whole.")
    return value
