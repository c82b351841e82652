"""Verifies a profile step by step: sign-in, identity, repository, git. Each step is shown when it succeeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ccsetup.aws.access_request import of_git_and_api
from ccsetup.aws.sso.assignments import instead_of
from ccsetup.core import clock, regions
from ccsetup.core.arn import Arn
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context, Start
from ccsetup.core.errors import Elsewhere, NoRepository, Problem
from ccsetup.core.model import Edit, Expected, Identity, Repository, Route, Target, Who
from ccsetup.core.result import Outcome
from ccsetup.core.text import did_you_mean
from ccsetup.git import transport
from ccsetup.git.branches import agree
from ccsetup.git.early_clone import EarlyClone
from ccsetup.git.transport import Way
from ccsetup.wizard.saved_sign_ins import keep_sign_ins

if TYPE_CHECKING:
    from ccsetup.core.context import Git


_ANY = Expected()


@dataclass(frozen=True)
class Claim:
    """What must hold: the profile has this identity and can see this repository, and git reaches it this way.

    `start` is the sign-in that the profile uses, None if there is none. `alone`: the computer's own role must not be
    used for the profile. `chosen`: the user named or chose the profile. `signs_for` are the account and the role of the
    sign-in.
    """

    profile: str
    region: str
    start: Start | None
    expected: Expected
    target: Target
    branch: str = ""
    way: Way = transport.USUAL
    alone: bool = False
    chosen: bool = False
    signs_for: Expected = _ANY

    @property
    def who(self) -> Who:
        """The caller to verify."""
        return Who(self.profile, self.region, alone=self.alone, chosen=self.chosen)

    @property
    def to_go_on(self) -> str:
        """The command that clones this, or resumes the clone."""
        name, profile = quote(self.target.name), quote(self.profile)
        if not self.profile:
            return f"ccsetup clone {name} --via {self.way.via} --region {self.region}"
        return f"ccsetup clone {name} --profile {profile} --region {self.region}"


class Kept:
    """The private cache files that were written, except sign-ins, so that they can be restored with the rest."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stored: list[Edit] = []

    def store(self, edits: Sequence[Edit]) -> None:
        """Write the cache files that changed."""
        for edit in edits:
            if edit.before != edit.after:
                self._context.files.store(edit)
                self._stored.append(edit)

    def put_back(self) -> None:
        """Restore each file."""
        for edit in reversed(self._stored):
            self._context.files.store(Edit(edit.path, edit.after, edit.before))
        self._stored.clear()


def prove(
    context: Context, claim: Claim, kept: Kept, git: Git, outcome: Outcome, early: EarlyClone | None = None
) -> Outcome:
    """Run all steps. Raises the Problem of the first one that fails. `early` begins as soon as git can sign.

    If AWS has ended a sign-in that still looks valid here, the person signs in again.
    """
    try:
        return _proven(context, claim, kept, git, outcome, early)
    except Problem as refused:
        if not claim.start or refused.code != "sso.expired":
            raise
    context.screen.note(f"AWS has ended the sign-in {claim.start.session or claim.start.url}. Signing in again.")
    context.signin.anew(claim.start)
    return _proven(context, claim, kept, git, outcome, early)


def _proven(
    context: Context, claim: Claim, kept: Kept, git: Git, outcome: Outcome, early: EarlyClone | None
) -> Outcome:
    if claim.start:
        sign_in(context, claim.start)
    keep_console_sign_in(context)

    def begin(early: EarlyClone) -> None:
        kept.store(context.aws.pending())  # git's helper signs with what is cached
        early.begin()

    signed = [partial(begin, early)] if early else []
    if early:
        early.prepare()
    try:
        outcome = replace(outcome, identity=identity(context, claim.who, claim.expected, *signed))
    except Problem as refused:
        if claim.start and refused.code == "access.assume":
            refused.why = instead_of(context.signin, claim.start, claim.signs_for) or refused.why
        if refused.is_unanswered and claim.way.fips and claim.region in regions.REGIONS.keys() - regions.FIPS_STS:
            refused.why = f"AWS has no FIPS endpoint for STS in {claim.region}."
            refused.next = "Turn off AWS_USE_FIPS_ENDPOINT, or use_fips_endpoint in the profile."
        raise
    kept.store(context.aws.pending())
    return seen(context, claim, git, outcome, early) if claim.target.name else outcome


def seen(context: Context, claim: Claim, git: Git, outcome: Outcome, early: EarlyClone | None = None) -> Outcome:
    """Check that the profile can see the repository and that git can reach it. Raises Problem."""
    repository, refused = _repository(context, claim.who, claim)
    say_what_git_lacks(context, claim)
    branches: list[str] = []
    if early and early.has_begun and not refused:
        branches = _arrived(context, git, claim, early, repository.default_branch)
    branches = branches or _git(context, git, claim, refused, outcome.identity)
    if claim.branch and claim.branch not in branches and not git.is_tag(route(context, claim), claim.branch):
        there = did_you_mean(claim.branch, branches) or f"Available branches: {', '.join(branches[:5]) or 'none'}"
        raise Problem(f'{claim.target.name} has no branch "{claim.branch}".', next=there, code="git.failed")
    agree(repository.default_branch, branches, claim.target.name)
    default = repository.default_branch or git.default(route(context, claim))
    repository = repository._replace(default_branch=default)
    at = f", default branch {default}" if default else "" if branches else " (empty repository)"
    context.screen.done("access", f"{repository.name} in {repository.region}{at}")
    return replace(outcome, repository=repository)


def sign_in(context: Context, start: Start) -> None:
    """Sign in if necessary, and store the sign-in, which is kept whatever comes later."""
    context.signin.token(start)
    keep_sign_ins(context)
    until = context.signin.until(start)
    context.screen.done(
        "signed in", start.session or start.url, f"until {clock.local(until, context.now())}" if until else ""
    )


def keep_console_sign_in(context: Context) -> None:
    """Store this run's sign-in with console credentials. It is kept even if a later step fails."""
    for edit in context.aws.signed_in():
        if edit.before != edit.after:
            context.files.store(edit)
            context.screen.done("signed in", "to the AWS console", "renewed automatically for up to 12 hours")


def identity(context: Context, who: Who, expected: Expected, *signed: Callable[[], object]) -> Identity:
    """Return the profile's identity. `signed` is called as soon as there are credentials.

    Raises Problem if the identity is not the expected one.
    """
    with context.screen.busy("Checking the identity with AWS"):
        identity = context.aws.identity(who, *signed)
    wanted = expected.account_id
    if wanted and identity.account_id != wanted:
        raise Problem(
            f"The credentials belong to account {identity.account_id}, not {wanted}.",
            why=f"AWS identifies the profile {who.profile} as {identity.arn}.",
            next="Check which account your credentials are for.",
            code="access.account",
        )
    federated = not expected.federated or identity.arn.endswith(f":federated-user/{expected.federated}")
    if not federated or (expected.role and not _is_role(identity.arn, expected.role)):
        raise Problem(
            f"The credentials belong to {identity.arn}, not to {expected.role or expected.federated}.",
            why="Other credentials take precedence over the ones that ccsetup set up.",
            next=f"Check whether the profile {who.profile} also has another kind of credentials.",
            code="access.identity",
        )
    context.screen.done("identity", identity.arn, f"account {identity.account_id}{' as expected' if wanted else ''}")
    return identity


def _is_role(arn: str, role: str) -> bool:
    """Return whether an assumed-role ARN belongs to this role. A permission set's role has a longer name."""
    found = Arn.parse(arn)
    own = found.path.removesuffix("/") if found and found.kind == "assumed-role" else ""
    return bool(own) and (own == role or own.startswith(f"AWSReservedSSO_{role}_"))


def _repository(context: Context, who: Who, claim: Claim) -> tuple[Repository, Problem | None]:
    """Return the repository as the API describes it, or what is known without the API and why it refused."""
    name, account = claim.target.name, claim.target.account_id
    try:
        with context.screen.busy(f"Looking for {name} in {claim.region}"):
            found = context.aws.repository(who._replace(region=claim.region), name)
    except Problem as refused:
        if not refused.code.startswith("access."):
            raise
        if isinstance(refused, NoRepository):
            _look_elsewhere(context, who, claim, refused)
        return Repository(name, claim.region, account), refused
    if account and found.account_id and found.account_id != account:
        raise Problem(
            f"{name} is in account {found.account_id}, not in account {account}.",
            why="A profile can read only the repositories in its own account.",
            next=f"Use a profile for account {account}.",
            code="access.account",
        )
    return found, None


def _look_elsewhere(context: Context, who: Who, claim: Claim, refused: Problem) -> None:
    """Look for the repository in the partition's other regions. Raises Elsewhere, or the refusal with similar names."""
    name = claim.target.name
    with context.screen.counting(f"Looking for {name} in the other regions") as counted:
        found = tuple(context.aws.regions_with(who, name, regions.beside(claim.region), counted))
    if found:
        raise Elsewhere(name, claim.region, found)
    try:
        refused.next = did_you_mean(name, context.aws.repositories(who._replace(region=claim.region))) or refused.next
    except Problem:
        return


def _arrived(context: Context, git: Git, claim: Claim, early: EarlyClone, default: str) -> list[str]:
    """Return the branches of a clone that has begun, none if git has to be asked."""
    with context.screen.busy(f"Cloning {claim.target.name}") as progress:
        return list(git.arrived(early, default, progress))


def _git(context: Context, git: Git, claim: Claim, refused: Problem | None, identity: Identity | None) -> list[str]:
    """Ask git itself, which decides: API permissions and git permissions are independent."""
    try:
        with context.screen.busy("Checking access with git"):
            branches = list(git.reachable(route(context, claim)))
    except Problem as problem:
        arn = identity.arn if identity else ""
        raise of_git_and_api(problem, refused, arn, claim.region, claim.target.name) from None
    if refused:
        context.screen.note(f"{refused.what} However, git can read the repository, so cloning works.")
    return branches


def say_what_git_lacks(context: Context, claim: Claim) -> None:
    """Say which wanted kinds of host git doesn't use."""
    is_usual = claim.way.via == transport.SSH or not context.env.get("CODE_COMMIT_ENDPOINT")
    if is_usual and (lacks := claim.way.lacks(claim.region)):
        context.screen.note(lacks)


def route(context: Context, claim: Claim) -> Route:
    """Return how git reaches the repository of the claim."""
    return transport.route(context, claim.way, claim.profile, claim.target._replace(region=claim.region))
