"""share --apply and --remove: what is in IAM, what would change, a yes, the calls, and a second look."""

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
    """One of the two accounts as its administrator: what is there, and which steps lead to what shall be."""

    def __init__(self, context: Context, it: Arrangement, profile: str, removing: bool = False) -> None:
        self.context, self.it, self.who, self._removing = context, it, Who(profile, it.region, chosen=True), removing
        with context.screen.busy("Asking AWS who this is"):
            self.identity = context.aws.identity(self.who)
        self.is_owner = self.identity.account_id == it.owner
        if self.identity.account_id not in (it.owner, it.people):
            raise _stranger(it, profile, self.identity)
        context.screen.done("identity", self.identity.arn, f"account {self.identity.account_id}")

    @property
    def name(self) -> str:
        """What the account is here, in words."""
        kind = "where the repository is" if self.is_owner else "where the people are"
        return f"account {self.identity.account_id}, {kind}"

    def there(self) -> IamRole | IamPolicy | None:
        """Look at what is there now."""
        try:
            with self.context.screen.busy("Looking at what is there"):
                return self.now()
        except Problem as refused:
            raise self.told(refused) from None

    def now(self) -> IamRole | IamPolicy | None:
        """Look once more, quietly."""
        if self.is_owner:
            return self.context.iam.role(self.who, self.it.role)
        return self.context.iam.policy(self.who, self.it.people_policy_arn)

    def told(self, refused: Problem) -> Problem:
        """Return a refusal of IAM's with all in its message that share needs there, so that one message is enough."""
        denial = refused.denial
        if not denial or not denial.action.startswith("iam:") or denial.explicit:
            return refused
        if denial.action.endswith("GroupPolicy"):  # on the group, which nothing else is done to
            return refused
        also = tuple(it for it in steps.needed(self.is_owner, self._removing) if it != denial.action)
        return explain(refused, denial._replace(also=also))

    def wanted(self, there: IamRole | IamPolicy | None) -> list[Step]:
        """Return the steps to the arrangement."""
        if self.is_owner:
            return steps.for_owner(self.it, there if isinstance(there, IamRole) else None)
        return steps.for_people(self.it, there if isinstance(there, IamPolicy) else None)

    def backwards(self, there: IamRole | IamPolicy | None) -> list[Step]:
        """Return the steps that take the arrangement back."""
        if self.is_owner:
            return steps.taking_back(self.it, there if isinstance(there, IamRole) else None)
        return steps.taking_back_from_people(self.it, there if isinstance(there, IamPolicy) else None)


def apply(
    context: Context, it: Arrangement, account: Account, there: IamRole | IamPolicy | None, yes: bool
) -> list[Step]:
    """Bring an account up to the arrangement, after a yes; return the steps that were taken."""
    wanted = account.wanted(there)
    if not wanted:
        what = it.role if account.is_owner else it.people_policy
        context.screen.done("unchanged", f"{what} is as it should be", account.name)
        return []
    review(context, it, account, wanted)
    if yes and there and not steps.made_by_us(there.tags) and any(step.before for step in wanted):
        raise Problem(
            f"{there.arn} was not made by ccsetup, and what it says would change as shown above.",
            why="Whom it lets in today may rely on it. Nothing was changed.",
            next="Run it on a terminal without --yes and look at the difference, or choose another --role-name.",
            code="access.assume",
        )
    if yes and (lost := steps.cut_off(wanted)):
        own = f"{it.role[:51]}-{it.people or it.owner}"
        raise Problem(
            f"{it.role} lets in {' and '.join(lost)} today, and would not any more.",
            why="Whoever comes from there would be cut off. Nothing was changed.",
            next=f"Give this one a role of its own, such as: --role-name {own}\n"
            "To cut them off, run it on a terminal without --yes.",
            code="access.assume",
        )
    if not yes:
        agreed(context, f"Do this in {account.name}?", "Yes, go ahead")
    carry_out(context, account, wanted, lambda: not account.wanted(account.now()))
    return wanted


def remove(context: Context, it: Arrangement, account: Account, yes: bool) -> list[Step]:
    """Take back from an account what share made there, after a yes; return the steps that were taken."""
    there = account.there()
    wanted = account.backwards(there)
    if not wanted:
        context.screen.done("nothing", f"that ccsetup made for {it.repository} is here", account.name)
        if there and not steps.made_by_us(there.tags):
            context.screen.note(f"{there.arn} stays: ccsetup did not make it. Take it back by what did.")
        return []
    review(context, it, account, wanted)
    if not yes:
        agreed(context, f"Take this back in {account.name}?", "Yes, take it back")
    carry_out(context, account, wanted, lambda: not account.backwards(account.now()))
    if isinstance(there, IamRole) and not any(step.says.startswith("delete the role") for step in wanted):
        context.screen.note(f"The role {it.role} stays: ccsetup did not make it, or it opens other repositories too.")
    return wanted


def review(context: Context, it: Arrangement, account: Account, wanted: Sequence[Step]) -> None:
    """Show what would change, policy by policy."""
    diffs = [_difference(step) for step in wanted if step.name]
    rows = [("account", account.name), *(("" if number else "will", step.says) for number, step in enumerate(wanted))]
    if account.is_owner and any(step.after for step in wanted):
        rows += lets_in(it)
        rows += [("cuts off", name) for name in steps.cut_off(wanted)]
    context.screen.review(diffs, rows)


def reasons(it: Arrangement) -> list[tuple[str, str]]:
    """Return the rows that say what each line of the policies is for."""
    lines = [(line.what.removeprefix("codecommit:"), line.why) for line in policies.lines(it)]
    rows = [("may" if not n else "", f"{what}: {why}") for n, (what, why) in enumerate(lines)]
    return [*lets_in(it), *rows, ("may not", policies.left_out(it))]


def lets_in(it: Arrangement) -> list[tuple[str, str]]:
    """Return the rows that say whom the role lets in, and on which terms."""
    return [("lets in" if not n else "", f"{line.what}: {line.why}") for n, line in enumerate(policies.who(it))]


def agreed(context: Context, ask: str, label: str) -> None:
    """Ask for a yes. Raises Cancelled; Missing with nobody there."""
    if context.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to do this, or --dry-run to only look at it.")
    choices = (Choice(GO, label), Choice("cancel", "Cancel", "nothing is changed"))
    if context.prompt.ask(Asked("apply", ask, "choose", choices=choices, default=GO)) != GO:
        raise Cancelled("Cancelled. Nothing was changed.")


def carry_out(context: Context, account: Account, wanted: Sequence[Step], settled: Callable[[], bool]) -> None:
    """Take the steps, each ticked off, and wait until IAM has them everywhere."""
    taken = 0
    try:
        for step in wanted:
            with context.screen.busy(step.says[0].upper() + step.says[1:]) as progress:
                context.iam.do(account.who, step.calls, progress)
            context.screen.done("done", step.says)
            taken += 1
        with context.screen.busy("Looking again") as progress:
            if not context.iam.until(account.who, settled, progress):
                context.screen.note("IAM does not show all of it yet; look again in a minute: the same with --check.")
    except (Problem, KeyboardInterrupt) as stopped:
        if taken:
            context.screen.note(f"{taken} of {len(wanted)} steps were taken; the same command goes on from there.")
        if isinstance(stopped, Problem):
            account.told(stopped)
        raise


def proven(context: Context, it: Arrangement, account: Account) -> None:
    """See in IAM's own words that the role may do what it is for; what IAM does not tell is left at that."""
    if not account.is_owner:
        return

    def judged() -> audit.Link:
        return audit.permitted(it, context.iam.allowed(account.who, it.role_arn, audit.needed(it), it.repository_arn))

    try:
        with context.screen.busy("Asking IAM what the role may do") as progress:
            context.iam.until(account.who, lambda: bool(judged().holds), progress)
            link = judged()
    except Problem as refused:
        context.screen.note(f"{refused.what} So what the role may do was not tried.")
        return
    if not link.holds:
        raise Problem(link.says, next=f"{link.where[0].upper()}{link.where[1:]}.", code=link.code)
    context.screen.done("access", link.says)


def assumed(context: Context, it: Arrangement, look: Look, profile: str, code: str = "") -> Identity:
    """Be the role for a moment, starting from a developer's profile. Raises Problem where that is refused."""
    with context.screen.busy(f"Assuming {it.role} as {profile}"):
        found = context.aws.identity(as_role(it, look, profile, code, context))
    context.screen.done("assumed", found.arn, f"as {profile}")
    return found


def as_role(it: Arrangement, look: Look, profile: str, code: str, context: Context) -> Who:
    """Return who a developer's profile is once it has assumed the role."""
    settings: dict[str, Any] = {"role_arn": it.role_arn, "source_profile": profile, "region": it.region}
    if it.external_id:
        settings["external_id"] = it.external_id
    if it.mfa and code:
        settings["mfa_serial"] = next(iter(context.aws.mfa_devices(Who(profile, it.region, chosen=True))), "")
    name = next(n for n in (f"{it.role}-check{i}" for i in range(1, 100)) if n not in look.profiles)
    return look.who(name, it.region, [Section("config", "profile", name, settings)], code)


def _difference(step: Step) -> str:
    """Return the diff of a step's policy; where there is one on both sides, only what means something else differs."""
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
    people = f", nor of {it.people}, where the people are" if it.people else ""
    return Problem(
        f"{profile} is of account {identity.account_id}, not of {it.owner}, where the repository is{people}.",
        why=f"It is {identity.arn}. Nothing was changed.",
        next=f"Name a profile of one of these accounts, such as: --profile admin-of-{it.owner}",
        code="access.account",
    )
