"""share --apply and --remove: reads IAM, shows what would change, asks, makes the calls, and checks the result."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ccsetup import share
from ccsetup.aws.access_request import explain
from ccsetup.aws.iam import IamPolicy, IamRole
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Missing, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Asked, Choice, Edit, Identity, Section, Who
from ccsetup.share import audit, policies, steps, trust_merge
from ccsetup.share.arrangement import Arrangement, path_in
from ccsetup.share.steps import Step
from ccsetup.share.trust_changes import compare
from ccsetup.share.trust_policy import statements

GO = "go"


class Said(NamedTuple):
    """What the command names: the keys of its answers, whether to replace the trust policy, and whether to remove."""

    answers: frozenset[str] = frozenset()
    replace: bool = False
    removing: bool = False


def answered(it: Arrangement, there: IamRole, said: Collection[str]) -> Arrangement:
    """Return the arrangement with the path that IAM answered. Raises Problem if the command names another."""
    path = path_in(there.arn)
    if "role_path" in said and path != it.path:
        raise Problem(
            f"The role {it.role} exists with the path {path}, not {it.path}.",
            why="An account can have only one role of a name, and the path of a role can't be changed.",
            next=f"Pass its path, or choose another name: --role-path {path} or --role-name NAME",
            code="role.arn",
        )
    if it.boundary and there.boundary != it.boundary:
        raise Problem(
            f"The role {it.role} exists with {there.boundary or 'no permissions boundary'}, not {it.boundary}.",
            why="A permissions boundary applies to everything that uses the role, so ccsetup doesn't change it.",
            next=f"Set it first: aws iam put-role-permissions-boundary --role-name {it.role} --permissions-boundary"
            f" {it.boundary}",
            code="access.assume",
        )
    return it._replace(path=path)


class Account:
    """One of the two accounts, used as its administrator: what exists there, and the steps to what should exist."""

    def __init__(self, context: Context, it: Arrangement, profile: str, said: Said) -> None:
        self.context, self.it, self.who, self.said = context, it, Who(profile, it.region, chosen=True), said
        with context.screen.busy("Checking the identity with AWS"):
            self.identity = context.aws.identity(self.who)
        self.is_owner = self.identity.account_id == it.owner
        here = self.identity.account_id
        if here not in (it.owner, *it.accounts):
            raise _stranger(it, profile, self.identity)
        if not self.is_owner:  # the account of the profile is the one to work in
            others = tuple(account for account in it.accounts if account != here)
            self.it = it._replace(people=here, also_people=others)
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
                found = self.now()
        except Problem as refused:
            raise self.told(refused) from None
        if isinstance(found, IamRole):
            statements(found.trust, f"the trust policy of the role {self.it.role}")
        elif found:
            statements(found.document, f"the policy {self.it.people_policy}")
        return found

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
        also = tuple(it for it in steps.needed(self.is_owner, self.said.removing) if it != denial.action)
        return explain(refused, denial._replace(also=also))

    def takes_over(self, there: IamRole | IamPolicy | None) -> None:
        """Complete the arrangement with what the role has and the command doesn't name."""
        if isinstance(there, IamRole):
            self.it = answered(self.it, there, self.said.answers)
        if not isinstance(there, IamRole) or self.said.replace:
            return
        it, named = self.it, self.said.answers
        there_already = trust_merge.accounts_in(it, there.trust)
        missing = [account for account in it.accounts if account not in there_already]
        if "trust" not in named and there_already and missing:
            flags = " ".join(f"--to-account {account}" for account in missing)
            raise Problem(
                f"The role {it.role} already lets callers from account {' and '.join(there_already)} in, but none from"
                f" account {' and '.join(missing)}.",
                why="The command doesn't say who in the new account should have access. Nothing was changed.",
                next=f"Name the new account alone, and who in it: {flags} --trust account",
                code="input.missing",
            )
        it = trust_merge.adopted(it, named, there.trust)
        if "read_only" not in named and (may := _about(it, there)):
            it = it._replace(read_only=not any(map(policies.writes, may)))
        (trust, *_) = [step.after for step in steps.for_owner(it, there, named) if step.name == steps.TRUST] or [None]
        self.it = trust_merge.adopted(it, named, trust) if trust else it  # new callers get the role's own conditions

    def wanted(self, there: IamRole | IamPolicy | None) -> list[Step]:
        """Return the steps that create the arrangement."""
        if self.is_owner:
            role = there if isinstance(there, IamRole) else None
            return steps.for_owner(self.it, role, self.said.answers, self.said.replace)
        return steps.for_people(self.it, there if isinstance(there, IamPolicy) else None)

    def backwards(self, there: IamRole | IamPolicy | None) -> list[Step]:
        """Return the steps that remove the arrangement."""
        if self.is_owner:
            return steps.taking_back(self.it, there if isinstance(there, IamRole) else None, self.said.answers)
        return steps.taking_back_from_people(self.it, there if isinstance(there, IamPolicy) else None)


def _about(it: Arrangement, there: IamRole) -> list[Mapping[str, Any]]:
    """Return the role's policy for these repositories, or otherwise those that share made for some of them."""
    if own := there.policies.get(it.policy_name):
        return [own]
    ours = [document for name, document in there.policies.items() if name.startswith(steps.PREFIX)]
    return [document for document in ours if any(f'"{one.repository_arn}"' in json.dumps(document) for one in it.each)]


def apply(
    context: Context, it: Arrangement, account: Account, there: IamRole | IamPolicy | None, yes: bool, folder: Path
) -> list[Step]:
    """Apply the arrangement to an account, after confirmation; return the steps that were done.

    What somebody else made is kept in a file beside the folder before it changes.
    """
    wanted = account.wanted(there)
    for text in _unenforced(it, account, there):
        context.screen.note(
            f"{it.role} doesn't require {text}, because a statement that ccsetup didn't create lets them in without it."
        )
    if not wanted:
        what = it.role if account.is_owner else it.people_policy
        context.screen.done("unchanged", f"{what} is already up to date", account.name)
        return []
    within_limits(it, there, wanted)
    review(context, it, account, wanted, there, fold=not yes and context.prompt is not None)
    doubts = _doubts(it, account, there, wanted)
    if yes and doubts:
        raise doubts[0]
    if not yes:
        agreed(
            context,
            it,
            f"Make these changes in {account.name}?",
            "Yes, make these changes",
            careful=_careful(account, there, doubts),
            unfolded=[_difference(step) for step in wanted if step.name and step.before is None],
        )
    if kept := keep(context, there, wanted, folder):
        context.screen.done("kept", f"what was there before: {kept}")
    carry_out(context, account, wanted, lambda: not account.wanted(account.now()))
    return wanted


def within_limits(it: Arrangement, there: IamRole | IamPolicy | None, wanted: Sequence[Step]) -> None:
    """Count the policies that IAM would have. Raises Problem, before any change, if one is longer than IAM allows."""
    inline = {**there.policies} if isinstance(there, IamRole) else {}
    inline |= {step.name: step.after for step in wanted if step.name == it.policy_name and step.after is not None}
    trust = [step.after for step in wanted if step.name == steps.TRUST and step.after is not None]
    policy = [step.after for step in wanted if step.name == it.people_policy and step.after is not None]
    counted = (
        (f"The inline policies of {it.role}", sum(map(policies.size, inline.values())), policies.MOST_INLINE),
        (f"The trust policy of {it.role}", sum(map(policies.size, trust)), policies.MOST_TRUST),
        (f"The policy {it.people_policy}", sum(map(policies.size, policy)), policies.MOST_MANAGED),
    )
    for what, size, most in counted:
        if wanted and size > most:
            raise Problem(
                f"{what} would have {size:,} characters, and IAM allows {most:,}.",
                why="Nothing was changed.",
                next="Share fewer repositories with this role, or use another role for some of them: --role-name NAME",
                code="access.assume",
            )


def _unenforced(it: Arrangement, account: Account, there: IamRole | IamPolicy | None) -> tuple[str, ...]:
    """Return the conditions that the command names and that somebody else's statements don't have."""
    if not isinstance(there, IamRole) or steps.made_by_us(there.tags) or account.said.replace:
        return ()
    now, enforced = (trust_merge.merged(it, account.said.answers, there.trust, ours) for ours in (False, True))
    return compare(now, enforced, it.owner).requires


def _careful(account: Account, there: IamRole | IamPolicy | None, doubts: Sequence[Problem]) -> bool:
    """Say whether the default answer is No: callers change, or somebody else made what is there."""
    return bool(doubts) or (there is not None and not steps.made_by_us(there.tags))


def _doubts(
    it: Arrangement, account: Account, there: IamRole | IamPolicy | None, wanted: Sequence[Step]
) -> list[Problem]:
    """Return why a change needs a person, as the refusals for --yes."""
    if there is None:
        return []
    found = []
    person = "run the command in a terminal without --yes"
    own = f"{it.role[:51]}-{it.people or it.owner}"
    if not steps.made_by_us(there.tags) and any(step.before for step in wanted):
        found.append(Problem(
            f"ccsetup didn't create {there.arn}, which would change as shown above.",
            why="Other people may depend on the current policy. Nothing was changed.",
            next=f"{person[0].upper()}{person[1:]} to review the changes, or use a different --role-name.",
            code="access.assume",
        ))  # fmt: skip
    changes = steps.changes(it, wanted)
    if changes.needs_a_person:
        rows = "; ".join(f"{label} {text}" for label, text in changes.rows)
        rotate = changes.accepts and changes.drops and not (changes.opens or changes.relaxes or changes.loses)
        ids = trust_merge.external_ids(it, there.trust) if rotate and isinstance(there, IamRole) else []
        old = " ".join(f"--also-external-id {id}" for id in ids if id != it.external_id)
        found.append(Problem(
            f"The trust policy of {it.role} would change for callers: {rows}.",
            why="With --yes, ccsetup never changes who can assume a role that exists."
            " Nothing was changed.",
            next=(f"Accept both for a while: {old}\nTo replace it now, {person}." if old else
                  f"Use a separate role for the new access: --role-name {own}\nTo change this role, {person}."),
            code="access.assume",
        ))  # fmt: skip
    opened = [text for label, text in _permitting(wanted, it) if label == "opens to"]
    access = "--read-only" if it.read_only else "--read-write"
    if opened and "read_only" not in account.said.answers:
        found.append(Problem(
            f"The permissions of {it.role} would open to {opened[0]}.",
            why="No flag asks for this change. Nothing was changed.",
            next=f"To ask for it, add {access}\nTo review the change, {person}.",
            code="access.assume",
        ))  # fmt: skip
    if others := also_let_in(it, account, there, wanted):
        found.append(Problem(
            f"{it.role} also lets in {' and '.join(others)}, who would get access to {it.label}.",
            why="The command doesn't name them. Nothing was changed.",
            next=f"Use a separate role: --role-name {own}\nTo use this role, {person}.",
            code="access.assume",
        ))  # fmt: skip
    return found


def also_let_in(
    it: Arrangement, account: Account, there: IamRole | IamPolicy | None, wanted: Sequence[Step]
) -> list[str]:
    """Return the callers of the role that the command doesn't name and that get more access to the repository."""
    more = [step for step in wanted if step.name == it.policy_name and step.after]
    if not isinstance(there, IamRole) or not more or account.said.replace:
        return []
    if more[0].before and policies.writes(more[0].before) >= policies.writes(more[0].after or {}):
        return []
    return [*dict.fromkeys(one.says for one in trust_merge.beside(it, account.said.answers, there.trust))]


def keep(context: Context, there: IamRole | IamPolicy | None, wanted: Sequence[Step], folder: Path) -> str:
    """Write what somebody else made to a file beside the folder, once; return its name, or "" if there is no need."""
    if there is None or steps.made_by_us(there.tags) or not wanted:
        return ""
    held = {"trust": there.trust, "policies": dict(there.policies)} if isinstance(there, IamRole) else {
        "document": there.document
    }  # fmt: skip
    text = share.pretty({"arn": there.arn, **held})
    name = there.arn.rpartition("/")[2]
    for number in range(1, 1000):
        path = folder.parent / f"{folder.name}.{name}.before{f'-{number}' if number > 1 else ''}.json"
        seen = context.files.seen(path)
        if seen is None:
            context.files.store(Edit(path, None, text))
        if seen in (None, text):
            return path.name
    return ""


def remove(context: Context, it: Arrangement, account: Account, yes: bool) -> list[Step]:
    """Remove from an account what share created there, after confirmation; return the steps that were done."""
    there = account.there()
    if isinstance(there, IamRole):
        it = account.it = answered(it, there, ())
    wanted = account.backwards(there)
    if not wanted:
        context.screen.done("unchanged", f"nothing to remove for {it.label}", account.name)
        if there and not steps.made_by_us(there.tags):
            context.screen.note(f"{there.arn} was kept because ccsetup didn't create it. {_its_maker(there)}")
        elif there and (uses := steps.used_by(there.tags)):
            context.screen.note(f"{there.arn} was kept because it is used for {', '.join(uses)}.")
        return []
    review(context, it, account, wanted, there)
    if not yes:
        agreed(context, it, f"Remove this from {account.name}?", "Yes, remove it")
    carry_out(context, account, wanted, lambda: not account.backwards(account.now()))
    if isinstance(there, IamRole) and not any(step.says.startswith("delete the role") for step in wanted):
        context.screen.note(
            f"The role {it.role} was kept because ccsetup didn't create it, or because it gives others access."
        )
    return wanted


def _its_maker(there: IamRole | IamPolicy) -> str:
    """Return how to remove what somebody else made."""
    if stack := steps.stack_of(there.tags):
        delete = f"aws cloudformation delete-stack --stack-name {stack}"
        return f"The CloudFormation stack {stack} created it. To delete the stack: {delete}"
    return "Remove it with the tool that created it."


def review(
    context: Context,
    it: Arrangement,
    account: Account,
    wanted: Sequence[Step],
    there: IamRole | IamPolicy | None,
    fold: bool = False,
) -> None:
    """Show what would change: the summary first, then each policy. If `fold`, new ones are shown by their groups."""
    rows = summary(
        it, [f"{account.name}: {', '.join(step.says for step in wanted)}"], account.is_owner, others(it, wanted, there)
    )
    if account.said.removing:
        rows = [row for row in rows if row[0] not in ("lets in", "conditions")]
    context.screen.review([], rows)
    diffs = [_difference(step) for step in wanted if step.name and not (fold and step.before is None)]
    is_new = any(step.name == it.policy_name and step.before is None for step in wanted)
    rows = folded(it) if fold and is_new else []
    if there is not None and not steps.made_by_us(there.tags):
        stack = steps.stack_of(there.tags)
        by = f"The CloudFormation stack {stack} created" if stack else "Someone else created"
        context.screen.note(f"{by} {there.arn}, and others may depend on it. Existing statements stay as they are.")
    changes = steps.changes(it, wanted)
    rows += changes.rows
    rows += _permitting(wanted, it)
    rows += [("also lets in", name) for name in also_let_in(it, account, there, wanted)]
    if isinstance(there, IamRole) and changes.cuts_off:
        rows.append(("until", _until(context, there)))
    if diffs or rows:
        context.screen.review(diffs, rows)


def others(it: Arrangement, wanted: Sequence[Step], there: IamRole | IamPolicy | None) -> list[str]:
    """Return the conditions on the arrangement's callers that a role has or gets and that no flag names."""
    trust = next((step.after for step in wanted if step.name == steps.TRUST), None)
    if not isinstance(there, IamRole):
        return []
    return trust_merge.unnamed(it, there.trust if trust is None else trust)


def _permitting(wanted: Sequence[Step], it: Arrangement) -> list[tuple[str, str]]:
    """Return the rows that say whether callers gain or lose write access."""
    changed = [step for step in wanted if step.name == it.policy_name and step.before and step.after]
    rows = []
    for step in changed:
        before, after = policies.writes(step.before or {}), policies.writes(step.after or {})
        if before and not after:
            rows.append(
                (
                    "loses access",
                    "git push for everyone with this role, immediately, even in sessions that have already started",
                )
            )
        elif after and not before:
            rows.append(("opens to", "everyone with this role: git push"))
        elif more := policies.gained(step.before or {}, step.after or {}):
            rows.append(("opens to", f"everyone with this role: {', '.join(more)}"))
    return rows


def new_external_id(it: Arrangement, taken: Sequence[Step]) -> bool:
    """Say whether callers now need an external ID that the role didn't accept or require before."""
    changes = steps.changes(it, taken)
    return bool(it.external_id) and any(it.external_id in text for text in (*changes.accepts, *changes.requires))


def _until(context: Context, there: IamRole) -> str:
    """Return how long sessions that callers have now still work."""
    end = context.now() + timedelta(seconds=there.session_s)
    return f"sessions that have started continue to work until {end.astimezone():%H:%M} at the latest"


def summary(
    it: Arrangement, changes: Sequence[str], is_owner: bool = True, more: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """Return the first lines of a review: which repositories, who gets in, on which conditions, and what changes.

    `more` are conditions that the role has and that the arrangement doesn't name.
    """
    named = [text] if (text := policies.conditions(it)) != "none" else []
    unknown = [] if is_owner or named else [f"those of the role in account {it.owner}"]
    ways = [line.what for line in policies.who(it.bare)]
    access = "read only" if it.read_only else "read and write"
    return [
        ("repositories", f"{it.label} in {it.region}, account {it.owner} ({access})"),
        ("lets in", ", ".join(ways)),
        ("conditions", ", ".join([*named, *more, *unknown]) or "none"),
        *(("changes" if not n else "", change) for n, change in enumerate(changes)),
    ]


def folded(it: Arrangement) -> list[tuple[str, str]]:
    """Return the rows that name the groups of actions."""
    rows = [("allowed" if not n else "", f"{what}: {why}") for n, (what, why) in enumerate(policies.groups(it))]
    return [*rows, ("not allowed", policies.left_out(it))]


def reasons(it: Arrangement) -> list[tuple[str, str]]:
    """Return the rows that explain each line of the policies."""
    lines = [(line.what.removeprefix("codecommit:"), line.why) for line in policies.lines(it)]
    rows = [("allowed" if not n else "", f"{what}: {why}") for n, (what, why) in enumerate(lines)]
    return [*lets_in(it), *rows, ("not allowed", policies.left_out(it))]


def lets_in(it: Arrangement) -> list[tuple[str, str]]:
    """Return the rows that say who can assume the role, and under which conditions."""
    return [("trusts" if not n else "", f"{line.what}: {line.why}") for n, line in enumerate(policies.who(it))]


def agreed(
    context: Context, it: Arrangement, ask: str, label: str, careful: bool = False, unfolded: Sequence[str] = ()
) -> None:
    """Ask for confirmation; if `careful`, the default is No. Raises Cancelled, or Missing without a terminal."""
    if context.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to make these changes, or --dry-run to preview them.")
    choices = (
        Choice(GO, label),
        Choice("?", "Explain", "show each action and trust"),
        Choice("cancel", "No, cancel" if careful else "Cancel", "nothing changes"),
    )
    answer = ""
    while answer in ("", "?"):
        asked = Asked("apply", ask, "choose", choices=choices, default="cancel" if careful else GO)
        answer = str(context.prompt.ask(asked))
        if answer == "?":
            context.screen.review(unfolded, reasons(it))
    if answer != GO:
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
        asked, allowed = audit.needed(it), context.iam.allowed
        links = [audit.permitted(one, allowed(account.who, it.role_arn, asked, one.repository_arn)) for one in it.each]
        return next((link for link in links if not link.holds), audit.permitted(it, dict.fromkeys(asked, "allowed")))

    try:
        with context.screen.busy("Checking the role's permissions") as progress:
            there = account.now()
            own = there.policies.get(it.policy_name) if isinstance(there, IamRole) else None
            limited = own is not None and not steps.alike(own, policies.permissions(it))
            if not limited:  # what somebody limited on purpose isn't late, so there is nothing to wait for
                context.iam.until(lambda: bool(judged().holds), progress)
            link = judged()
    except Problem as refused:
        context.screen.note(f"{refused.what} ccsetup couldn't check the role's permissions.")
        return
    if not link.holds and limited:
        context.screen.note(f"{link.says} Its policy has denials or conditions that ccsetup didn't write.")
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
    if it.session_name:
        settings["role_session_name"] = it.session_name.replace("*", "check").replace("?", "x")
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
    people = f" or {' or '.join(it.accounts)} (the developers' account)" if it.people else ""
    return Problem(
        f"The profile {profile} is in account {identity.account_id}, not in {it.owner} (the repository's"
        f" account){people}.",
        why=f"The profile's identity is {identity.arn}. Nothing was changed.",
        next="Use a profile in one of these accounts: --profile NAME",
        code="access.account",
    )
