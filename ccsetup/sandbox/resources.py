"""The resources in the sandbox's AWS, as frozen values: accounts, users, roles, keys, devices and repositories."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Policy = Mapping[str, Any]  # a policy document, as in JSON

REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2",
    "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
    "ap-southeast-4", "ca-central-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2",
    "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1", "sa-east-1", "cn-north-1",
    "cn-northwest-1", "us-gov-east-1", "us-gov-west-1",
)  # fmt: skip


@dataclass(frozen=True)
class Account:
    """An AWS account."""

    id: str
    name: str
    email: str = ""


@dataclass(frozen=True)
class User:
    """An IAM user and its policies."""

    account_id: str
    name: str
    created: datetime
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    path: str = "/"

    @property
    def arn(self) -> str:
        """Return the user's ARN."""
        return f"arn:aws:iam::{self.account_id}:user{self.path}{self.name}"

    @property
    def id(self) -> str:
        """Return the user's unique ID."""
        return unique_id("AIDA", self.arn)


@dataclass(frozen=True)
class Role:
    """An IAM role: who may assume it (trust), what it may do (policies), and the longest session.

    `inline` are policies that were added by name, `attached` the ARNs of managed policies.
    """

    account_id: str
    name: str
    trust: Policy
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    max_session_s: int = 3600
    path: str = "/"
    inline: Mapping[str, Policy] = field(default_factory=dict)
    attached: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    boundary_arn: str = ""

    @property
    def arn(self) -> str:
        """Return the role's ARN."""
        return f"arn:aws:iam::{self.account_id}:role{self.path}{self.name}"

    @property
    def id(self) -> str:
        """Return the role's unique ID."""
        return unique_id("AROA", self.arn)


@dataclass(frozen=True)
class Managed:
    """A customer managed policy: its versions by ID, and the default one."""

    account_id: str
    name: str
    versions: Mapping[str, Policy]
    default: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Return the policy's ARN."""
        return f"arn:aws:iam::{self.account_id}:policy/{self.name}"

    @property
    def document(self) -> Policy:
        """Return the default version's document."""
        return self.versions[self.default]


@dataclass(frozen=True)
class Group:
    """An IAM group: the ARNs of its users and of its managed policies."""

    account_id: str
    name: str
    members: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """Return the group's ARN."""
        return f"arn:aws:iam::{self.account_id}:group/{self.name}"


@dataclass(frozen=True)
class Caller:
    """The principal that credentials belong to, as policies see it.

    kind: "user" (long-term credentials), "session" (GetSessionToken), "role" or "federated" (GetFederationToken).
    identity: the ARN of the user or role with the policies. mfa: None if it isn't in the request's context.
    """

    kind: str
    account_id: str
    arn: str
    user_id: str
    identity: str
    mfa: bool | None = None
    session_policies: tuple[Policy, ...] | None = None
    name: str = ""


@dataclass(frozen=True)
class Keys:
    """Credentials. Without a session token they are long-term; without an expiry they don't expire."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires: datetime | None
    caller: Caller


@dataclass(frozen=True)
class Device:
    """A virtual MFA device: its serial number (an ARN), its user and its base32 seed."""

    serial: str
    user: str
    seed: str
    enabled: datetime


@dataclass(frozen=True)
class Provider:
    """An OpenID Connect provider that an account trusts: the issuer's URL and the allowed audiences."""

    account_id: str
    issuer: str
    audiences: tuple[str, ...]

    @property
    def host(self) -> str:
        """Return the issuer without its scheme, as in IAM."""
        return self.issuer.split("://", 1)[-1]

    @property
    def arn(self) -> str:
        """Return the provider's ARN."""
        return f"arn:aws:iam::{self.account_id}:oidc-provider/{self.host}"


@dataclass(frozen=True)
class Repository:
    """A CodeCommit repository and its initial history.

    commits: their number on the first branch; each other branch adds one. files: additional files of the first commit.
    kms_key: the ARN of a customer managed key, "" for AWS's own.
    """

    account_id: str
    region: str
    name: str
    created: datetime
    commits: int = 3
    branches: tuple[str, ...] = ("main",)
    description: str = ""
    kms_key: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Return the repository's ARN."""
        return f"arn:aws:codecommit:{self.region}:{self.account_id}:{self.name}"

    @property
    def id(self) -> str:
        """Return the repository's ID, a UUID."""
        digest = hashlib.sha256(self.arn.encode()).hexdigest()
        return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def unique_id(prefix: str, arn: str) -> str:
    """Return the IAM unique ID (21 characters) of an ARN."""
    return prefix + base64.b32encode(hashlib.sha256(arn.encode()).digest()).decode()[:17]


def new_key_id(prefix: str, account_id: str) -> str:
    """Return a new access key ID that encodes its account, like AWS's."""
    head = (1 << 47) | (int(account_id) << 7) | secrets.randbits(7)
    return prefix + base64.b32encode(head.to_bytes(6, "big") + secrets.token_bytes(4)).decode()


def new_secret() -> str:
    """Return a new secret access key: 40 characters of base64."""
    return base64.b64encode(secrets.token_bytes(30)).decode()


def new_token() -> str:
    """Return a new session token, as long and as hard to quote as AWS's."""
    return "IQoJb3JpZ2luX2VjE+/" + base64.b64encode(secrets.token_bytes(380)).decode()
