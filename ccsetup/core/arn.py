"""Amazon Resource Names: their pattern, their parts, and the one correction that needs no question."""

from __future__ import annotations

from typing import NamedTuple

from ccsetup.core.lazy_regex import later

PARTITION = r"aws[a-z-]*"
"""A regular expression for a partition, for use in longer ones. It also accepts those that `regions` doesn't know."""

ACCOUNT = r"[0-9]{12}"
"""A regular expression for an account ID."""

_PARTITION, _ACCOUNT = later(PARTITION), later(ACCOUNT)
_COLONS = later(rf"^(arn:{PARTITION}:(?:iam|sts)):+(?=[0-9])")


class Arn(NamedTuple):
    """An ARN's parts. IAM and STS have no region; what AWS owns has no account; some resources have no kind."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @staticmethod
    def parse(text: str) -> Arn | None:
        """Return the parts of an ARN; None if the text isn't one. The account may be anything, e.g. a *."""
        mark, *parts = text.split(":", 5)
        return Arn(*parts) if mark == "arn" and len(parts) == 5 and _PARTITION.fullmatch(parts[0]) else None

    def __str__(self) -> str:
        return ":".join(("arn", *self))

    @property
    def kind(self) -> str:
        """The kind of resource, e.g. role or assumed-role; "" if the resource is only a name."""
        return self.resource.partition("/")[0] if "/" in self.resource else ""

    @property
    def path(self) -> str:
        """What stands between the kind and the name, with its slash, e.g. teams/acme/; usually ""."""
        return self.resource.removeprefix(f"{self.kind}/").removesuffix(self.name)

    @property
    def name(self) -> str:
        """The last part of the resource: a role's name, or a session's in an assumed role."""
        return self.resource.rpartition("/")[2]


def pattern(service: str, resource: str) -> str:
    """Return a regular expression for ARNs without a region, from expressions for the service and the resource."""
    return f"arn:{PARTITION}:{service}::{ACCOUNT}:{resource}"


def mended(text: str) -> str:
    """Return an ARN of IAM or STS with two colons before the account, however many there were."""
    return _COLONS.sub(r"\1::", text, count=1)


def account_in(text: str) -> str:
    """Return the account in an ARN; "" if there is none or the text isn't an ARN."""
    found = Arn.parse(text)
    return found.account if found and _ACCOUNT.fullmatch(found.account) else ""


def partition_in(text: str) -> str:
    """Return the partition in an ARN; aws if the text isn't an ARN."""
    found = Arn.parse(text)
    return found.partition if found else "aws"
