"""What an administrator works on: IAM's roles and policies as values, the calls that change them, and their door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from ccsetup.core.model import Who


class IamRole(NamedTuple):
    """A role as IAM has it: its trust policy, its inline policies by name, the ARNs of those attached, its tags."""

    arn: str
    trust: Mapping[str, Any]
    policies: Mapping[str, Mapping[str, Any]]
    attached: tuple[str, ...] = ()
    tags: Mapping[str, str] = MappingProxyType({})


class IamPolicy(NamedTuple):
    """A managed policy as IAM has it: what it says, the versions that do not count, and who has it ("group Devs")."""

    arn: str
    document: Mapping[str, Any]
    spare: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    tags: Mapping[str, str] = MappingProxyType({})


class IamCall(NamedTuple):
    """One call that changes IAM: the operation as the SDK spells it, and its arguments."""

    operation: str
    given: Mapping[str, Any]


Progress = Callable[[str, float | None], None]


class Iam(Protocol):
    """IAM as its administrators use it; what IAM puts off (throttling, what is not everywhere yet) is waited for."""

    def role(self, who: Who, name: str) -> IamRole | None:
        """Return a role; None when there is none."""

    def policy(self, who: Who, arn: str) -> IamPolicy | None:
        """Return a managed policy; None when there is none."""

    def do(self, who: Who, calls: Sequence[IamCall], progress: Progress) -> None:
        """Make calls that change something, in their order."""

    def until(self, who: Who, look: Callable[[], bool], progress: Progress) -> bool:
        """Look until it is so, at most half a minute; say whether it is."""

    def allowed(self, who: Who, arn: str, actions: Sequence[str], resource: str) -> Mapping[str, str]:
        """Say of each action what IAM would answer a role or user: allowed, implicitDeny or explicitDeny."""

    def customer_key(self, who: Who, repository: str) -> str:
        """Return the ARN of the customer's key that encrypts a repository; "" where it is AWS's own."""
