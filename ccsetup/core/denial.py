"""The details of an AWS denial: the caller, the action, the resource, and the policy that denied it."""

from __future__ import annotations

from typing import NamedTuple


class Federated(NamedTuple):
    """The caller with a token or an assertion: the provider as trust policies name it, and the claims to check."""

    provider: str
    claims: tuple[tuple[str, str], ...]


class Denial(NamedTuple):
    """One denial. Details that AWS didn't give are empty.

    `side` is AWS's name for the kind of policy that denied it, `explicit` whether it has a Deny, `policy` its ARN.
    `also` are further actions that the task needs on the same resource. `resource` may have * for the account.
    `repository` is what a KMS key encrypts, if known.
    """

    identity: str
    action: str
    resource: str
    side: str = ""
    explicit: bool = False
    policy: str = ""
    also: tuple[str, ...] = ()
    encoded: str = ""
    federated: Federated | None = None
    repository: str = ""

    @property
    def assuming(self) -> bool:
        """Whether the action was to assume a role, which the policies of both sides must allow."""
        return self.action.startswith(("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"))
