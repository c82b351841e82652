"""What can go wrong, each with an exit code, a stable code and a next step."""

from __future__ import annotations

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ccsetup.core.denial import Denial


# There was no answer: these mean neither yes nor no, and signing in doesn't help.
UNANSWERED = frozenset({"net.unreachable", "net.proxy", "net.tls"})
# Signing in again fixes these.
ENDED = frozenset({"sso.signed-out", "sso.expired", "sso.cache-corrupt", "keys.expired"})


class Problem(Exception):
    """An error that is explained to the user: what is wrong, why, and what to do next.

    `code` is stable and is what JSON shows: a doctor's code if one fits (see "Errors and their codes" in the README),
    else `input.missing`, `input.invalid`, `cancelled`, `git.failed` or `internal`. `about` is the key of the question
    with the wrong answer and `profile` the profile that was refused, if known. `letter` is a message to an
    administrator who can grant access, `policy` the smallest IAM policy that would, if there is one, and `denial` the
    facts behind both.
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
        """Return whether there was no answer, so that this means neither yes nor no."""
        return self.code in UNANSWERED


class BadAnswer(Problem):
    """An invalid value that was typed, pasted or given by a flag. The message contains a valid example.

    `instead` is a valid answer that is close to it, if there is one.
    """

    exit_code = 2

    def __init__(self, what: str, *, why: str = "", next: str = "", instead: str = "") -> None:
        super().__init__(what, why=why, next=next, code="input.invalid")
        self.instead = instead


class Final(Problem):
    """An error that no other answer to the same question solves, so that the question isn't asked again."""


class Missing(Problem):
    """A required answer is missing and the user can't be asked. The message names the flag."""

    exit_code = 2

    def __init__(self, what: str, *, next: str = "") -> None:
        super().__init__(what, next=next, code="input.missing")


class Cancelled(Problem):
    """The user canceled (Ctrl-C). The message says what was done anyway; by default, nothing."""

    exit_code = 130

    def __init__(self, what: str = "Canceled. Nothing was written.", *, next: str = "") -> None:
        super().__init__(what, next=next, code="cancelled")


class NoRepository(Problem):
    """There is no repository of that name in that region and account."""

    def __init__(self, what: str, *, why: str = "", next: str = "", near: Sequence[str] = ()) -> None:
        super().__init__(what, why=why, next=next, code="access.repository")
        self.near = near  # similar repository names


class Elsewhere(Problem):
    """The repository isn't in the requested region, but in others that the same credentials can see."""

    def __init__(self, name: str, asked: str, found: tuple[str, ...]) -> None:
        there = " and ".join(found)
        super().__init__(
            f"{name} is in {there}, not in {asked}.",
            next=f"Specify the correct region: --region {found[0]}",
            code="access.region",
        )
        self.found = found
