"""What AWS told when it refused: who asked, for what, on what, and which policy said no."""

from __future__ import annotations

from typing import NamedTuple


class Federated(NamedTuple):
    """Who comes with a token or an assertion: the provider as trust policies name it, and the claims to hold it to."""

    provider: str
    claims: tuple[tuple[str, str], ...]


class Denial(NamedTuple):
    """One denial; what AWS did not tell is empty.

    `side` is AWS's own name for the kind of policy that said no, `explicit` whether it holds a Deny, `policy` its ARN.
    `also` are further actions that the same work needs on the same resource. `resource` may hold * for an account.
    `repository` is what a key encrypts, where that is known.
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
        """Whether a role was to be assumed, so that two sides have to agree."""
        return self.action.startswith(("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"))
