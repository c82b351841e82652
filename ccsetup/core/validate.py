"""Validates typed text: returns the value or Corrected (the only other reading), or raises BadAnswer with an example.

The rules are AWS's own, ASCII only. botocore doesn't check them; STS does, later.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from ccsetup.core import clock, regions, web_token
from ccsetup.core.arn import ACCOUNT, PARTITION, account_in, mended, partition_in, pattern
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected
from ccsetup.core.regions import REGION, REGIONS

WORD_PROCESSOR = str.maketrans(
    {"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00a0": " ",
     "\u202f": " ", "\u2007": " ", "\u200b": "", "\u200c": "", "\u200d": "", "\ufeff": "", "\u2060": "",
     "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'}
)  # fmt: skip

# Patterns are compiled at their first use, so that the first question appears sooner.
_ROLE_ARN = pattern("iam", r"role/(?:[!-.0-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}")
_ROLE_EXAMPLE = "arn:aws:iam::111122223333:role/CodeCommitAccess"
_MFA_EXAMPLE = "The ARN of an MFA device looks like arn:aws:iam::888888888888:mfa/maria."
OUTPUTS = ("json", "yaml", "yaml-stream", "text", "table", "off")
_PROFILE = r"[A-Za-z0-9_.+=,-]{1,128}"
_SESSION_NAME = r"[A-Za-z0-9_+=,.@-]{2,64}"


def tidy(text: str) -> str:
    """Undo what word processors and chats do to a value: dashes, no-break and zero-width spaces, outer quotes."""
    text = text.translate(WORD_PROCESSOR).strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
        text = text[1:-1].strip()
    return text


def said(value: str, text: str, why: str = "") -> str | Corrected:
    """Return the value, with a message about the change if it isn't what was typed."""
    if value == text.strip():
        return value
    return Corrected(value, f"Using {value}" + (f" ({why})." if why else "."))


def account_id(text: str) -> str | Corrected:
    """Return an account ID: 12 digits with leading zeros.

    `1111-2222-3333`, also with dots or spaces, a spreadsheet's `.0` at the end and full-width digits are corrected.
    """
    value = re.sub(r"\.0$", "", unicodedata.normalize("NFKC", tidy(text)))
    value = re.sub(r"^([0-9]{4})\.([0-9]{4})\.([0-9]{4})$", r"\1\2\3", re.sub(r"[\s-]", "", value))
    if not re.fullmatch(ACCOUNT, value):
        raise BadAnswer(f"An account ID must have 12 digits, for example, 111122223333.{_digits(value)}")
    return said(value, text)


def _digits(value: str) -> str:
    """Return how many digits an account ID has that should have 12, "" if it isn't a number."""
    return f" This one has {len(value)}." if value.isdecimal() else ""


def role_arn(text: str) -> str | Corrected:
    """Return a role ARN. A third colon, spaces and the ARN of an assumed role are corrected, all else is refused."""
    if re.fullmatch(_ROLE_ARN, text):
        return text
    value = re.sub(r"\s+", "", tidy(text))
    right = mended(value)
    if re.match(rf"arn:{PARTITION}:sts::", right):
        return _assumed_role(right)
    if re.fullmatch(_ROLE_ARN, right):
        why = "an ARN has two colons before the account ID" if right != value else "without the spaces"
        return said(right, text, why)
    found = re.match(rf"arn:{PARTITION}:iam::+([^:]*):([a-z-]+)/", right)
    if found and found[2] != "role":
        raise BadAnswer(f"That's the ARN of {_article(found[2])}. A role ARN looks like {_ROLE_EXAMPLE}.")
    if found and not re.fullmatch(ACCOUNT, found[1]):
        raise BadAnswer(
            f"The account ID in a role ARN must have 12 digits, for example, {_ROLE_EXAMPLE}.{_digits(found[1])}"
        )
    raise BadAnswer(f"That's not a role ARN. It should look like {_ROLE_EXAMPLE}.")


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind.replace('-', ' ')}"


def _assumed_role(value: str) -> Corrected:
    found = re.fullmatch(pattern("sts", r"assumed-role/([A-Za-z0-9_+=,.@-]{1,64})(/.*)?"), value)
    if not found:
        raise BadAnswer(f"That's not a role ARN. It should look like {_ROLE_EXAMPLE}.")
    name = found[1]
    if name.startswith("AWSReservedSSO_"):
        raise BadAnswer(
            "That role is for single sign-on, so a profile can't assume it.",
            next="Choose single sign-on and enter the start URL, for example, https://acme.awsapps.com/start.",
        )
    arn = f"arn:{partition_in(value)}:iam::{account_in(value)}:role/{name}"
    return Corrected(arn, f"Using {arn}, the role of the session ARN that you entered.")


def home_region(arn: str) -> str:
    """Return a region in which to call STS and IAM, in the partition of an ARN."""
    return regions.home_region(partition_in(arn))


def role_name(arn: str) -> str:
    """Return the name, without its path, in a valid role ARN."""
    return arn.rpartition("/")[2]


def role_session_name(text: str) -> str | Corrected:
    """Return a session name: 2–64 of [A-Za-z0-9_+=,.@-]. Spaces become hyphens, accents are removed."""
    plain = unicodedata.normalize("NFKD", tidy(text)).encode("ascii", "ignore").decode()
    value = re.sub(r"\s+", "-", plain)
    if not re.fullmatch(_SESSION_NAME, value):
        raise BadAnswer(
            "A session name must be 2 to 64 characters long and can contain letters, digits, and"
            " _+=,.@- characters (for example, maria.garcia)."
        )
    return said(value, text, "AWS doesn't allow spaces" if value != tidy(text) else "")


def external_id(text: str) -> str | Corrected:
    """Return an external ID: 2–1224 of [A-Za-z0-9_+=,.@:/-]."""
    value = tidy(text)
    if not re.fullmatch(r"[A-Za-z0-9_+=,.@:/-]{2,1224}", value):
        raise BadAnswer(
            "An external ID must be 2 to 1224 characters long and can contain letters, digits, and _+=,.@:/-"
            " characters (for example, acme-7f3b)."
        )
    return said(value, text)


def mfa_serial(text: str) -> str | Corrected:
    """Return an `arn:…:mfa/NAME`, or the serial number of a hardware device (9 to 256 characters)."""
    value = re.sub(r"\s+", "", tidy(text))
    right = re.sub(rf"^(arn:{PARTITION}:iam::[0-9]{{4}})-([0-9]{{4}})-([0-9]{{4}}:)", r"\1\2\3", mended(value))
    if re.fullmatch(pattern("iam", r"mfa/(?:[A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]+"), right):
        return said(right, text)
    if re.match(rf"(?:arn:{PARTITION}:iam:.*:)?u2f/", right):
        raise BadAnswer(
            "That's a passkey or security key, which gives no codes.",
            next="Sign in with aws login or single sign-on, or use an authenticator app as your MFA device.",
        )
    if found := re.match(rf"arn:{PARTITION}:(?:iam|sts):[^:]*:[^:]*:([a-z-]+)/", right):
        kind = _article(found[1]) if found[1] != "mfa" else "an MFA device without its name or account"
        raise BadAnswer(f"That's the ARN of {kind}. {_MFA_EXAMPLE}")
    if right.startswith(("arn:", "mfa/")) or not re.fullmatch(r"[A-Za-z0-9_+=/:,.@-]{9,256}", right):
        raise BadAnswer(f"{_MFA_EXAMPLE} A hardware device has a serial number like GAHT12345678.")
    return said(right, text)


def mfa_code(text: str) -> str:
    """Return an MFA code: six digits. Spaces are removed."""
    value = re.sub(r"\s+", "", tidy(text))
    if not re.fullmatch(r"[0-9]{6}", value):
        raise BadAnswer("An MFA code must have six digits, for example, 123456.")
    return value


def duration(low_s: int, high_s: int) -> Callable[[str], str | Corrected]:
    """Return a parser for whole seconds between two bounds. It also accepts `2h` and `90m`."""

    def parse(text: str) -> str | Corrected:
        found = re.fullmatch(r"([0-9]{1,6})\s*([smh]?)[a-z]*", tidy(text).lower())
        value_s = int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] if found else -1
        if not low_s <= value_s <= high_s:
            raise BadAnswer(f"The duration must be {low_s} to {high_s} seconds, for example, 3600 (one hour).")
        return said(str(value_s), text)

    return parse


def profile(text: str) -> str | Corrected:
    """Return the name of a new profile, with characters that all tools read alike, as does git-remote-codecommit."""
    value = tidy(text)
    if value.startswith("-"):
        raise BadAnswer("A profile name can't start with a hyphen. Use a name like acme-dev.")
    if " " in value and re.fullmatch(_PROFILE, value.replace(" ", "-")):
        return Corrected(value.replace(" ", "-"), f"Using {value.replace(' ', '-')} (git URLs can't contain spaces).")
    if not re.fullmatch(_PROFILE, value):
        raise BadAnswer(
            f"A profile name can contain only {_letters(value)}. Use a name like {_plain(value, 'acme-dev')}."
        )
    return said(value, text)


def sso_session(text: str) -> str | Corrected:
    """Return the name of an sso-session section, with the same characters as a profile name."""
    try:
        return profile(text)
    except BadAnswer:
        value = tidy(text)
        raise BadAnswer(
            f"An sso-session name can contain only {_letters(value)}. Use a name like {_plain(value, 'acme')}."
        ) from None


def _letters(value: str) -> str:
    """Return which characters a name can contain. Letters such as é are others in AWS tools on some computers."""
    letters = "letters" if value.isascii() else "letters from a to z or A to Z"
    return f"{letters}, digits, and _.+=,- characters"


def _plain(value: str, example: str) -> str:
    """Return a valid name near to the value: without its accents, if that changes nothing else."""
    plain = "".join(it for it in unicodedata.normalize("NFKD", value) if not unicodedata.combining(it))
    return plain if plain != value and re.fullmatch(rf"(?!-){_PROFILE}", plain) else example


def region(text: str) -> str | Corrected:
    """Return a region, known or not. Availability zones, cities and the console's long names are corrected."""
    value = tidy(text).lower()
    if regions.is_region(value):
        return said(value, text)
    if regions.is_region(value[:-1]) and value[-1:] in tuple("abcdef"):
        return Corrected(value[:-1], f"Using {value[:-1]}, the region of the Availability Zone {value}.")
    codes = {code for code in re.findall(rf"{REGION}\b", value) if code in REGIONS}
    if len(codes) == 1 and " " in value:
        return Corrected(code := codes.pop(), f"Using {code}.")
    told = re.search(r"\(([^)]+)\)", value)
    city = (
        told[1] if told else value
    )  # GovCloud's regions are called US-East and US-West, but people mean other ones by that
    named = [code for code, name in REGIONS.items() if name.lower() == city and not name.startswith("US-")]
    if len(named) == 1:
        return Corrected(named[0], f"Using {named[0]} ({REGIONS[named[0]]}).")
    if near := regions.like(value) if re.fullmatch(r"[a-z0-9-]+", value) else []:
        raise BadAnswer(f"{value} isn't a region. Did you mean {' or '.join(near)}?")
    raise BadAnswer("That's not a region. It should look like us-east-2.")


def unknown_region(region: str) -> str:
    """Return a warning about a region that ccsetup doesn't know but AWS may have, "" for a known one."""
    if not region or region in REGIONS:
        return ""
    return f"ccsetup doesn't know the region {region}. Make sure that CodeCommit is available there."


def permission_set(text: str) -> str | Corrected:
    """Return the name of a permission set: [A-Za-z0-9_+=,.@-] only. The name or ARN of its role is corrected."""
    value = tidy(text)
    of_role = r"(?:iam::[0-9]{12}:role/aws-reserved/sso\.amazonaws\.com/(?:[a-z0-9-]+/)?|sts::[0-9]{12}:assumed-role/)"
    found = re.fullmatch(rf"(?:arn:{PARTITION}:{of_role})?AWSReservedSSO_([^/]+)_[0-9a-f]{{16}}(?:/[^/]+)?", value)
    value = found[1] if found else value
    if not re.fullmatch(r"[A-Za-z0-9_+=,.@-]{1,64}", value):
        raise BadAnswer(
            "A permission set name can contain only letters, digits, and _+=,.@- characters. Use a name like Developer."
        )
    return said(value, text)


def sso_start_url(text: str) -> str | Corrected:
    """Return the start URL of IAM Identity Center: https, without what browsers add (`#/`, a final `/`, a query).

    A company's own address that redirects to AWS's is accepted, too. The spelling matters, since SDKs name the cache
    file of a legacy profile after its SHA-1.
    """
    from urllib.parse import urlsplit

    example = "A start URL looks like https://acme.awsapps.com/start."
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
    if "@" in url.netloc or not value.isascii() or not value.isprintable():
        raise BadAnswer(example)
    if regions.locate(host, "console", "sign-in"):
        raise BadAnswer("That's the URL of the AWS console or a sign-in page. " + example)
    port = None if port == 443 else port
    if port and regions.locate(host, "portal"):
        raise BadAnswer(f"AWS start URLs don't include a port. {example}")
    path = url.path.rstrip("/") or regions.start_path(host)
    return said(f"https://{host}{f':{port}' if port else ''}{path}", text)


def works_as_start_url(url: str) -> bool:
    """Return whether a start URL can work as it is: valid, with what a browser adds at its end, or local."""
    try:
        read = sso_start_url(url)
    except BadAnswer:
        return is_local(url)
    return not isinstance(read, Corrected) or url.rstrip("/#").lower() == read.value.lower() or is_local(url)


def is_local(url: str) -> bool:
    """Return whether a start URL is on this computer, as in the AWS sandbox."""
    from urllib.parse import urlsplit

    try:
        return urlsplit(url).hostname in regions.LOOPBACK
    except ValueError:
        return False


def host_of(start_url: str) -> str:
    """Return the host of a valid start URL."""
    found = re.match(r"https://([^/:?#]*)", start_url)
    return found[1].lower() if found else ""


def is_portal(start_url: str) -> bool:
    """Return whether a start URL is on one of AWS's hosts. A company's own address only redirects to one."""
    return regions.locate(host_of(start_url), "portal") is not None


def region_of(start_url: str) -> str | None:
    """Return the region in a start URL's host, None if it has none (`d-….awsapps.com`, custom addresses)."""
    found = regions.locate(host_of(start_url), "portal")
    return (found[1] or None) if found else None


def session_of(start_url: str) -> str:
    """Return a short name for a start URL's session, for example acme for https://acme.awsapps.com/start."""
    labels = [part for part in host_of(start_url).split(".") if part not in ("www", "start", "sso", "login")]
    words = re.sub(r"[^A-Za-z0-9-]", "", labels[0] if labels else "")
    return words.strip("-") or "sso"


def token_file(text: str) -> str:
    """Return the path of a token file. Only its spelling is checked; the question makes it absolute."""
    value = tidy(text)
    if value.startswith("eyJ") and value.count(".") > 1:
        raise BadAnswer(
            "That's the token itself. Save the token to a file and enter the file's path, for example, ~/token.jwt."
        )
    if not value or any(ord(c) < 32 for c in value):
        raise BadAnswer("Enter the path of a token file, for example, /home/maria/token.jwt.")
    return value


def folder(text: str) -> str:
    """Return a path to clone into."""
    value = tidy(text)
    if not value or any(ord(c) < 32 for c in value):
        raise BadAnswer("Enter the path of a folder, for example, ./MySharedDemoRepo.")
    return value


def output(text: str) -> str:
    """Return an output format of the AWS CLI."""
    value = tidy(text).lower()
    if value not in OUTPUTS:
        raise BadAnswer(f"The output format must be one of: {', '.join(OUTPUTS)}.")
    return value


class Token(NamedTuple):
    """The claims of an OIDC token. They are unverified, since that would need the issuer's keys."""

    issuer: str
    audience: str
    subject: str
    expires_at: datetime | None


def token(text: str) -> Token:
    """Decode a JWT offline. Raises BadAnswer if the text isn't one."""
    claims = web_token.claims(text)
    if claims is None:
        raise BadAnswer(
            "The file doesn't contain an OIDC token, which has three parts separated by dots (eyJh….eyJp….SflK…)."
        )
    audience = claims.get("aud", "")
    return Token(
        issuer=str(claims.get("iss", "")),
        audience=", ".join(map(str, audience)) if isinstance(audience, list) else str(audience),
        subject=str(claims.get("sub", "")),
        expires_at=clock.since_1970(claims.get("exp")),
    )


def access_key_id(text: str) -> str | Corrected:
    """Return an access key ID: AKIA… (long-term) or ASIA… (temporary), 16 to 128 letters and digits."""
    value = tidy(text)
    if not re.fullmatch(r"[A-Z0-9]+", value):
        raise BadAnswer(
            "An access key ID can contain only uppercase letters and digits, for example, AKIAIOSFODNN7EXAMPLE."
        )
    if not 16 <= len(value) <= 128:
        says = (
            f"An access key ID usually has 20 characters, for example, AKIAIOSFODNN7EXAMPLE. This one has {len(value)}."
        )
        raise BadAnswer(says)
    if re.match(r"AROA|AIDA|AGPA|ANPA|AIPA", value):
        raise BadAnswer(
            "That's a unique ID. An access key ID starts with AKIA or ASIA, for example, ASIAIOSFODNN7EXAMPLE."
        )
    return said(value, text)


def secret_access_key(text: str) -> str:
    """Return a secret access key: 40 of [A-Za-z0-9/+=]. 16 to 128 are accepted, as AWS-like services differ."""
    value = re.sub(r"\s*\n\s*", "", tidy(text))  # a paste may break it over two lines
    if re.fullmatch(r"(AKIA|ASIA)[A-Z0-9]{12,}", value):
        raise BadAnswer("That's the access key ID. The secret access key is 40 characters long.")
    if not re.fullmatch(r"[A-Za-z0-9/+=]{16,128}", value):
        raise BadAnswer("A secret access key is 40 characters long and contains only letters, digits, /, and +.")
    return value


def session_token(text: str) -> str:
    """Return a session token: one long base64 string."""
    value = re.sub(r"\s+", "", tidy(text))
    if not re.fullmatch(r"[A-Za-z0-9/+=_.-]{16,}", value):
        raise BadAnswer("A session token is one long string that looks like IQoJb3JpZ2luX2VjE…. Copy the whole token.")
    return value


SETTINGS: Mapping[str, Callable[[str], str | Corrected]] = {
    "aws_access_key_id": access_key_id,
    "aws_secret_access_key": secret_access_key,
    "aws_session_token": session_token,
    "aws_security_token": session_token,
    "external_id": external_id,
    "mfa_serial": mfa_serial,
    "output": output,
    "region": region,
    "role_arn": role_arn,
    "role_session_name": role_session_name,
    "sso_account_id": account_id,
    "sso_region": region,
    "sso_role_name": permission_set,
    "sso_start_url": sso_start_url,
}
"""The rule for the values of each setting: questions, flags, team files, pastes and the doctor share it."""


def person(text: str) -> str:
    """Return a name for commits. Raises BadAnswer."""
    value = " ".join(text.split())
    if value.startswith("-") or re.search(r"[<>\x00-\x1f]", value):
        raise BadAnswer("A name can't contain < or > or start with a hyphen. Use a name like Maria Garcia.")
    return value


def email(text: str) -> str:
    """Return an email address for commits. Raises BadAnswer."""
    value = text.strip()
    if value and not re.fullmatch(r"[^\s@<>-][^\s@<>]*@[^\s@<>]+", value):
        raise BadAnswer("That's not an email address. It should look like maria@example.com.")
    return value
