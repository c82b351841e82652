"""share --apply and --remove: reads IAM, shows what would change, asks, makes the calls, and checks the result."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ccsetup import share
from ccsetup.aws.access_request import explain
from ccsetup.aws.iam import IamPolicy, IamRole
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Missing, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Asked, Choice, Identity, Section, Who
from ccsetup.share import audit, policies, steps
from ccsetup.share.arrangement import Arrangement
from ccsetup.share.steps import Step

GO = "go"


class Account:
    """One of the two accounts, used as its administrator: what exists there, and the steps to what should exist."""

    def __init__(self, context: Context, it: Arrangement, profile: str, removing: bool = False) -> None:
        self.context, self.it, self.who, self._removing = context, it, Who(profile, it.region, chosen=True), removing
        with context.screen.busy("Checking the identity with AWS"):
            self.identity = context.aws.identity(self.who)
        self.is_owner = self.identity.account_id == it.owner
        if self.identity.account_id not in (it.owner, it.people):
            raise _stranger(it, profile, self.identity)
        context.screen.done("identity", self.identity.arn, f"account {self.identity.account_id}")

    @property
    def name(self) -> str:
        """The account ID and the account's part in the arrangement."""
        kind = "the repository's account" if self.is_owner else "the developers' account"
        return f"account {self.identity.account_id} ({kind})"

    def there(self) -> IamRole | IamPolicy | None:
        """Return what exists now, showing progress."""
        try:
            with self.context.screen.busy("Checking what exists"):
                return self.now()
        except Problem as refused:
            raise self.told(refused) from None

    def now(self) -> IamRole | IamPolicy | None:
        """Return what exists now, without showing progress."""
        if self.is_owner:
            return self.context.iam.role(self.who, self.it.role)
        return self.context.iam.policy(self.who, self.it.people_policy_arn)

    def told(self, refused: Problem) -> Problem:
        """Return IAM's refusal with every action that share needs there, so that one message to ask for is enough."""
        denial = refused.denial
        if not denial or not denial.action.startswith("iam:") or denial.explicit:
            return refused
        if denial.action.endswith("GroupPolicy"):  # on the group, which needs no other action
            return refused
        also = tuple(it for it in steps.needed(self.is_owner, self._removing) if it != denial.action)
        return explain(refused, denial._replace(also=also))

    def wanted(self, there: IamRole | IamPolicy | None) -> list[Step]:
        """Return the steps that create the arrangement."""
        if self.is_owner:
            return steps.for_owner(self.it, there if isinstance(there, IamRole) else None)
        return steps.for_people(self.it, there if isinstance(there, IamPolicy) else None)

    def backwards(self, there: IamRole | IamPolicy | None) -> list[Step]:
        """Return the steps that remove the arrangement."""
        if self.is_owner:
            return steps.taking_back(self.it, there if isinstance(there, IamRole) else None)
        return steps.taking_back_from_people(self.it, there if isinstance(there, IamPolicy) else None)


def apply(
    context: Context, it: Arrangement, account: Account, there: IamRole | IamPolicy | None, yes: bool
) -> list[Step]:
    """Apply the arrangement to an account, after confirmation; return the steps that were done."""
    wanted = account.wanted(there)
    if not wanted:
        what = it.role if account.is_owner else it.people_policy
        context.screen.done("unchanged", f"{what} is already up to date", account.name)
        return []
    review(context, it, account, wanted)
    if yes and there and not steps.made_by_us(there.tags) and any(step.before for step in wanted):
        raise Problem(
            f"ccsetup didn't create {there.arn}, which would change as shown above.",
            why="Other people may depend on the current policy. Nothing was changed.",
            next="Run the command in a terminal without --yes to review the changes, or use a different --role-name.",
            code="access.assume",
        )
    if yes and (lost := steps.cut_off(wanted)):
        own = f"{it.role[:51]}-{it.people or it.owner}"
        raise Problem(
            f"{' and '.join(lost)} would lose access to {it.role}.",
            why="The role's current trust policy gives them access. Nothing was changed.",
            next=f"Use a separate role for the new access: --role-name {own}\n"
            "To remove the current access, run the command in a terminal without --yes.",
            code="access.assume",
        )
    if not yes:
        agreed(context, f"Make these changes in {account.name}?", "Yes, make these changes")
    carry_out(context, account, wanted, lambda: not account.wanted(account.now()))
    return wanted


def remove(context: Context, it: Arrangement, account: Account, yes: bool) -> list[Step]:
    """Remove from an account what share created there, after confirmation; return the steps that were done."""
    there = account.there()
    wanted = account.backwards(there)
    if not wanted:
        context.screen.done("unchanged", f"nothing to remove for {it.repository}", account.name)
        if there and not steps.made_by_us(there.tags):
            context.screen.note(
                f"{there.arn} was kept because ccsetup didn't create it. Remove it with the tool that created it."
            )
        return []
    review(context, it, account, wanted)
    if not yes:
        agreed(context, f"Remove this from {account.name}?", "Yes, remove it")
    carry_out(context, account, wanted, lambda: not account.backwards(account.now()))
    if isinstance(there, IamRole) and not any(step.says.startswith("delete the role") for step in wanted):
        context.screen.note(
            f"The role {it.role} was kept because ccsetup didn't create it, or because it gives access to other"
            " repositories."
        )
    return wanted


def review(context: Context, it: Arrangement, account: Account, wanted: Sequence[Step]) -> None:
    """Show what would change, for each policy."""
    diffs = [_difference(step) for step in wanted if step.name]
    rows = [("account", account.name), *(("" if number else "will", step.says) for number, step in enumerate(wanted))]
    if account.is_owner and any(step.after for step in wanted):
        rows += lets_in(it)
        rows += [("loses access", name) for name in steps.cut_off(wanted)]
    context.screen.review(diffs, rows)


def reasons(it: Arrangement) -> list[tuple[str, str]]:
    """Return the rows that explain each line of the policies."""
    lines = [(line.what.removeprefix("codecommit:"), line.why) for line in policies.lines(it)]
    rows = [("allowed" if not n else "", f"{what}: {why}") for n, (what, why) in enumerate(lines)]
    return [*lets_in(it), *rows, ("not allowed", policies.left_out(it))]


def lets_in(it: Arrangement) -> list[tuple[str, str]]:
    """Return the rows that say who can assume the role, and under which conditions."""
    return [("trusts" if not n else "", f"{line.what}: {line.why}") for n, line in enumerate(policies.who(it))]


def agreed(context: Context, ask: str, label: str) -> None:
    """Ask for confirmation. Raises Cancelled, or Missing without a terminal."""
    if context.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to make these changes, or --dry-run to preview them.")
    choices = (Choice(GO, label), Choice("cancel", "Cancel", "nothing changes"))
    if context.prompt.ask(Asked("apply", ask, "choose", choices=choices, default=GO)) != GO:
        raise Cancelled("Canceled. Nothing was changed.")


def carry_out(context: Context, account: Account, wanted: Sequence[Step], settled: Callable[[], bool]) -> None:
    """Do the steps, ticking off each, and wait until they have reached all of IAM."""
    taken = 0
    try:
        for step in wanted:
            with context.screen.busy(step.says[0].upper() + step.says[1:]) as progress:
                context.iam.do(account.who, step.calls, progress)
            context.screen.done("done", step.says)
            taken += 1
        with context.screen.busy("Checking the result") as progress:
            if not context.iam.until(settled, progress):
                context.screen.note(
                    "Some changes aren't visible in IAM yet. In a minute, run the same command with --check."
                )
    except (Problem, KeyboardInterrupt) as stopped:
        if taken:
            context.screen.note(
                f"{taken} of {len(wanted)} steps were completed. To continue, run the same command again."
            )
        if isinstance(stopped, Problem):
            account.told(stopped)
        raise


def proven(context: Context, it: Arrangement, account: Account) -> None:
    """Have IAM's policy simulator confirm what the role may do. If IAM refuses to simulate, only note that."""
    if not account.is_owner:
        return

    def judged() -> audit.Link:
        return audit.permitted(it, context.iam.allowed(account.who, it.role_arn, audit.needed(it), it.repository_arn))

    try:
        with context.screen.busy("Checking the role's permissions") as progress:
            context.iam.until(lambda: bool(judged().holds), progress)
            link = judged()
    except Problem as refused:
        context.screen.note(f"{refused.what} ccsetup couldn't check the role's permissions.")
        return
    if not link.holds:
        raise Problem(link.says, next=f"{link.where[0].upper()}{link.where[1:]}.", code=link.code)
    context.screen.done("access", link.says)


def assumed(context: Context, it: Arrangement, look: Look, profile: str, code: str = "") -> Identity:
    """Assume the role once with a developer's profile. Raises Problem if that is refused."""
    with context.screen.busy(f"Assuming {it.role} with the profile {profile}"):
        found = context.aws.identity(as_role(it, look, profile, code, context))
    context.screen.done("assumed", found.arn, f"with {profile}")
    return found


def as_role(it: Arrangement, look: Look, profile: str, code: str, context: Context) -> Who:
    """Return the Who of the role, assumed with a developer's profile."""
    settings: dict[str, Any] = {"role_arn": it.role_arn, "source_profile": profile, "region": it.region}
    if it.external_id:
        settings["external_id"] = it.external_id
    if it.mfa and code:
        settings["mfa_serial"] = next(iter(context.aws.mfa_devices(Who(profile, it.region, chosen=True))), "")
    name = next(n for n in (f"{it.role}-check{i}" for i in range(1, 100)) if n not in look.profiles)
    return look.who(name, it.region, [Section("config", "profile", name, settings)], code)


def _difference(step: Step) -> str:
    """Return the diff of a step's policy. If it exists on both sides, only differences in meaning are shown."""
    both = step.before is not None and step.after is not None
    before, after = (doc if doc is None else share.pretty(_sorted(doc) if both else doc) for doc in step[2:4])
    return share.difference(step.name, before, after)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return sorted((_sorted(inner) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True))
    return value


def _stranger(it: Arrangement, profile: str, identity: Identity) -> Problem:
    people = f" or {it.people} (the developers' account)" if it.people else ""
    return Problem(
        f"The profile {profile} is in account {identity.account_id}, not in {it.owner} (the repository's"
        f" account){people}.",
        why=f"The profile's identity is {identity.arn}. Nothing was changed.",
        next="Use a profile in one of these accounts: --profile NAME",
        code="access.account",
    )
