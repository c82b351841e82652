"""Verifies AWS Signature Version 4, according to AWS's published algorithm."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, quote

from ccsetup.sandbox.http import Refusal, Request

ALGORITHM = "AWS4-HMAC-SHA256"
STAMP = "%Y%m%dT%H%M%SZ"
_HEADER = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<key>[^/,\s]+)/(?P<day>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)"
    r"/aws4_request\s*,\s*SignedHeaders=(?P<signed>[^,\s]+)\s*,\s*Signature=(?P<signature>[0-9a-f]{64})$"
)
_GIT = re.compile(r"(?P<stamp>\d{8}T\d{6}Z)(?P<signature>[0-9a-f]{64})$")
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Claim:
    """The contents of the Authorization header: key, day, region, service, and what was signed."""

    key: str
    day: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str
    stamp: str
    token: str


def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """Derive the signing key of a day for one region and service."""
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def read_claim(request: Request) -> Claim:
    """Read the Authorization header. Raises Refusal if it is missing or malformed."""
    header = request.headers.get("authorization", "")
    if not header:
        raise Refusal("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    found = _HEADER.match(header.strip())
    if found is None:
        raise Refusal("IncompleteSignature", f"Authorization header is malformed: {header.split('=')[0]!r}", 400)
    stamp = request.headers.get("x-amz-date", "")
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or not stamp.startswith(found["day"]):
        raise Refusal("SignatureDoesNotMatch", "Date in Credential scope does not match YYYYMMDD from ISO-8601", 403)
    token = request.headers.get("x-amz-security-token", "")
    signed = tuple(found["signed"].split(";"))
    if "host" not in signed:
        raise Refusal("SignatureDoesNotMatch", "'Host' must be a 'SignedHeader' in the AWS Authorization.", 403)
    return Claim(
        found["key"], found["day"], found["region"], found["service"], signed, found["signature"], stamp, token
    )


def canonical_request(request: Request, signed: Iterable[str]) -> str:
    """Return the canonical request: method, path (encoded once more), sorted query, signed headers, body's hash."""
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(request.query, True))
    names = sorted(signed)
    headers = "".join(f"{n}:{' '.join(request.headers.get(n, '').split())}\n" for n in names)
    return "\n".join(
        (
            request.method,
            quote(request.path or "/", safe="/-_.~"),
            "&".join(f"{k}={v}" for k, v in pairs),
            headers,
            ";".join(names),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def signature(secret: str, stamp: str, region: str, service: str, canonical: str) -> str:
    """Return the hex signature of a canonical request. `stamp` is used unchanged in the string to sign."""
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    return hmac.new(signing_key(secret, stamp[:8], region, service), text.encode(), hashlib.sha256).hexdigest()


def check(request: Request, claim: Claim, secret: str, now: datetime, tolerance_min: int) -> None:
    """Check time and signature. Raises Refusal with AWS's messages."""
    check_time(claim.stamp, now, tolerance_min)
    expected = signature(secret, claim.stamp, claim.region, claim.service, canonical_request(request, claim.signed))
    if not hmac.compare_digest(expected, claim.signature):
        raise Refusal("SignatureDoesNotMatch", MISMATCH, 403)


def check_time(stamp: str, now: datetime, tolerance_min: int) -> None:
    """Refuse a timestamp that is too far from `now`, with AWS's message."""
    at = datetime.strptime(stamp, STAMP).replace(tzinfo=timezone.utc)
    oldest, newest = now - timedelta(minutes=tolerance_min), now + timedelta(minutes=tolerance_min)
    here = now.strftime(STAMP)
    if at < oldest:
        text = f"Signature expired: {stamp} is now earlier than {oldest:{STAMP}} ({here} - {tolerance_min} min.)"
        raise Refusal("SignatureDoesNotMatch", text, 403)
    if at > newest:
        text = (
            f"Signature not yet current: {stamp} is still later than {newest:{STAMP}} ({here} + {tolerance_min} min.)"
        )
        raise Refusal("SignatureDoesNotMatch", text, 403)


def git_stamp(password: str) -> str | None:
    """Return the timestamp at the start of a git password, None if it has another format."""
    found = _GIT.match(password)
    return found["stamp"] if found else None


def git_region(password: str, secret: str, path: str, hosts: Iterable[str], regions: Iterable[str]) -> str | None:
    """Return the region for which a git password was signed, None if it matches none.

    A git password is a timestamp and the signature of the request GIT, the path, no query, the single header `host`
    and an empty payload line. Neither the password nor the user name contains the region, so each region is tried.
    AWS's git-remote-codecommit signs the host with its port, the AWS CLI's helper without it. Both sign the timestamp
    without the Z that they then write in the password.
    """
    found = _GIT.match(password)
    if found is None:
        return None
    for host in hosts:
        canonical = f"GIT\n{path}\n\nhost:{host}\n\nhost\n"
        for region in regions:
            expected = signature(secret, found["stamp"][:-1], region, "codecommit", canonical)
            if hmac.compare_digest(found["signature"], expected):
                return region
    return None
