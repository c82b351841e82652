"""What can go wrong, each with an exit code, a stable code and a next step."""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, without the time that importing typing takes
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ccsetup.core.denial import Denial


# Nobody answered: these mean neither yes nor no, and nobody is sent to sign in for one.
UNANSWERED = frozenset({"net.unreachable", "net.proxy", "net.tls"})
# What signing in again mends.
ENDED = frozenset({"sso.signed-out", "sso.expired", "sso.cache-corrupt", "keys.expired"})


class Problem(Exception):
    """Something is wrong and is explained: what, why, and what to do next.

    `code` is stable and is what JSON shows: a doctor's code where one fits (AWS-FACTS' findings table),
    else `input.missing`, `input.invalid`, `cancelled`, `git.failed` or `internal`. `about` is the key of the question
    whose answer it speaks against, when that is known, and `profile` the profile that was refused. `letter` is the
    message to an administrator who can lift it, `policy` the smallest IAM policy that would, where one can, and
    `denial` what both are made of.
    """

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", next: str = "", code: str = "internal", letter: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next = next
        self.code = code
        self.about = ""
        self.profile = ""
        self.letter = letter
        self.policy: Mapping[str, Any] | None = None
        self.denial: Denial | None = None

    @property
    def is_unanswered(self) -> bool:
        """Say whether nobody answered, so that this is no answer either way."""
        return self.code in UNANSWERED


class BadAnswer(Problem):
    """A typed, pasted or flagged value that cannot be right; the sentence holds a right example."""

    exit_code = 2

    def __init__(self, what: str, *, why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next, code="input.invalid")


class Missing(Problem):
    """An answer is needed and nobody can be asked; names the flag."""

    exit_code = 2

    def __init__(self, what: str, *, next: str = "") -> None:
        super().__init__(what, next=next, code="input.missing")


class Cancelled(Problem):
    """The person left (Ctrl-C); says what there is all the same, which is nothing unless told."""

    exit_code = 130

    def __init__(self, what: str = "Cancelled. Nothing was written.", *, next: str = "") -> None:
        super().__init__(what, next=next, code="cancelled")


class NoRepository(Problem):
    """There is no repository of that name in that region and account."""

    def __init__(self, what: str, *, why: str = "", next: str = "", near: Sequence[str] = ()) -> None:
        super().__init__(what, why=why, next=next, code="access.repository")
        self.near = near  # the names of repositories that may be meant


class Elsewhere(Problem):
    """The repository is not in the region that was asked, but in others that the same credentials can see."""

    def __init__(self, name: str, asked: str, found: tuple[str, ...]) -> None:
        there = " and ".join(found)
        super().__init__(
            f"{name} is not in {asked} but in {there}.",
            next=f"Use the other region: --region {found[0]}",
            code="access.region",
        )
        self.found = found
