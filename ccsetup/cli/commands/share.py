"""`ccsetup share`, for administrators: writes both accounts' policies, or applies, checks or removes them in IAM."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ccsetup import share
from ccsetup.aws.iam import IamRole
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Choice, Edit
from ccsetup.core.result import Report, told
from ccsetup.share import apply, check, readme, teamfile, trust_merge
from ccsetup.share.arrangement import ANY_EMAIL, Arrangement
from ccsetup.share.dialogue import Act, Arranging, ShareOptions, external_id, trust_in
from ccsetup.share.questions import AUTO
from ccsetup.share.steps import Step
from ccsetup.wizard.review import change_an_answer, decide

ABOUT = "Share a repository with another account: write, apply, check, or remove the policies for both accounts."
USAGE = "[REPO …] [flags]"
EXAMPLE = "ccsetup share MySharedDemoRepo --from-account 111122223333 --to-account 888888888888 --region us-east-2"

NOTHING: Mapping[str, object] = {
    "role_arn": None,
    "external_id": None,
    "directory": None,
    "files": [],
    "changed": [],
    "steps": [],
    "links": [],
    "developer": None,
}

_FLAGS = {
    "from_account": "12-digit ID of the repository's account",
    "region": "region of the repository, for example, us-east-2",
    "role_name": "name of the role that gives access, for example, CodeCommitAccess",
    "role_path": "path of the role (default: the path of the existing role, or /), for example, /teams/acme/",
    "external_id": f"external ID that callers must pass, for example, acme-7f3b; {AUTO} generates one",
    "kms_key": "ARN of the customer managed KMS key, if one encrypts the repository",
    "subject": "subject that OIDC tokens must have, for example, repo:acme/shared:*",
    "audience": "audience that OIDC tokens must have (default: sts.amazonaws.com)",
    "org": "organization that callers must be in, for example, o-a1b2c3d4e5",
    "permissions_boundary": "ARN of a policy that limits the role, e.g. arn:aws:iam::111122223333:policy/Boundary",
    "max_session_duration": "longest session of the role in seconds, 3600 to 43200 (default: 3600)",
    "group": "group in the developers' account to attach the policy to",
    "sso_start_url": "developers' start URL for the team file, for example, https://acme.awsapps.com/start",
    "sso_region": "IAM Identity Center region of the start URL, for example, us-east-1",
}

_KEYS = (
    "profile", "repo", "region", "from_account", "to_account", "trust", "subject", "audience", "role_name", "role_path",
    "external_id", "also_external_id", "require_mfa", "read_only", "kms_key", "principal_tag", "org",
    "permissions_boundary", "max_session_duration", "require_session_name", "group",
    "sso_start_url", "sso_region",
)  # fmt: skip


def flags(parser: ArgumentParser) -> None:
    """Add share's flags."""
    parser.add_argument(
        "repo", nargs="*", metavar="REPO", help="repository names, ARNs, clone addresses, or patterns like 'team-*'"
    )
    for key, hint in _FLAGS.items():
        parser.add_argument("--" + key.replace("_", "-"), dest=key, metavar="…", help=hint)
    parser.add_argument(
        "--to-account", action="append", metavar="…", help="12-digit ID of the developers' account; can be repeated"
    )
    trusts = (
        "who can assume the role: account (default), ROLE-ARN, permission-set:NAME, oidc:ISSUER, or saml:PROVIDER-ARN;"
    )
    trusts += " can be repeated"
    parser.add_argument("--trust", action="append", metavar="…", help=trusts)
    parser.add_argument(
        "--principal-tag",
        action="append",
        metavar="KEY=VALUE",
        help="principal tag that callers must have; can be repeated",
    )
    parser.add_argument(
        "--also-external-id",
        action="append",
        metavar="…",
        help="external ID to accept too, for example, the old one until everyone has the new one; can be repeated",
    )
    parser.add_argument("--require-mfa", action="store_const", const="yes", help="require MFA to assume the role")
    parser.add_argument(
        "--require-session-name",
        nargs="?",
        const=ANY_EMAIL,
        metavar="PATTERN",
        help="session names that callers must choose, so that CloudTrail names them, for example, '*@acme.example'"
        " (without a pattern: every email address)",
    )
    parser.add_argument(
        "--read-only", action="store_const", const="yes", help="allow clone, fetch, and pull, but not push"
    )
    parser.add_argument(
        "--read-write",
        dest="read_only",
        action="store_const",
        const="no",
        help="allow push, too; without either flag, a role that exists keeps what it has",
    )
    parser.add_argument("--out", metavar="DIR", help="folder to write the files to (default: ./share-REPO)")
    parser.add_argument(
        "--terraform", action="store_true", help="also write Terraform configurations for both accounts"
    )
    acts = parser.add_argument_group("changes and checks in AWS, as an administrator of either account")
    one = acts.add_mutually_exclusive_group()
    one.add_argument(
        "--apply", action="store_true", help="create or update the role, or the policy in the developers' account"
    )
    one.add_argument(
        "--check", action="store_true", help="find out what is missing; you can also use a developer's profile"
    )
    one.add_argument("--remove", action="store_true", help="remove only what ccsetup share created")
    acts.add_argument(
        "--replace-trust",
        action="store_true",
        help="with --apply: also remove callers and conditions from the role that you don't name; not with --yes",
    )
    acts.add_argument("--profile", metavar="…", help="administrator profile for the account that you change or check")
    acts.add_argument(
        "--as", dest="developer", metavar="PROFILE", help="developer's profile for testing the access, with --apply"
    )
    acts.add_argument("--mfa-code", metavar="…", help="MFA code for the profile that assumes the role")


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Ask the remaining questions, then write, apply, check or remove."""
    context = context_of()
    _refuse_unused(options)
    arranging = Arranging(context, _given(options))
    it = arranging.run()
    if options.check:
        known = _in_folder(context, options, it)
        it = external_id(it, known, create=False)
        for trust in filter(None, known.values()):
            it = trust_merge.adopted(it, {*arranging.said, "trust"}, trust)
        return _checked(context, options, arranging, it)
    if options.remove:
        return _removed(context, options, arranging, it)
    if options.apply:
        return _applied(context, options, arranging, it)
    return _written(context, options, arranging, it)


def _given(options: Namespace) -> ShareOptions:
    there = {key: getattr(options, key) for key in _KEYS}
    given = {key: " ".join(it) if isinstance(it, list) else it for key, it in there.items() if it not in (None, [])}
    act: Act = "apply" if options.apply else "check" if options.check else "remove" if options.remove else ""
    return ShareOptions(given, act, options.yes, options.dry_run)


def _refuse_unused(options: Namespace) -> None:
    if options.developer and not options.apply:
        raise BadAnswer(
            "You can use --as only with --apply. To check without changes, use --check --profile DEVELOPER."
        )
    if options.replace_trust and (not options.apply or options.yes):
        raise BadAnswer(
            "You can use --replace-trust only with --apply and without --yes, because it can let others in."
        )


def _written(context: Context, options: Namespace, arranging: Arranging, it: Arrangement) -> Report:
    """Review the files and write them to the folder."""
    while True:
        folder = _folder(context, options, it)
        it = external_id(it, _in_folder(context, options, it))
        with _elsewhere():
            edits = _edits(context, folder, share.documents(it, options.terraform))
        _review(context, it, folder, edits)
        if options.dry_run:
            return _report(it, folder=folder, edits=edits)
        if options.yes or not any(edit.before != edit.after for edit in edits):
            break
        if _decided(context, it):
            break
        arranging.trail = change_an_answer(context, arranging.walk, arranging.trail)
        it = arranging.run()
    others = [edit.path for edit in edits if edit.before not in (None, edit.after)]
    if options.yes and others and not _only_rotated(context, folder, it):
        raise Problem(
            f"{_near(context, others[0])} already exists with different content, as shown above"
            + (f", and so do {len(others) - 1} other files." if len(others) > 1 else "."),
            why="Nothing was overwritten.",
            next="Choose another folder with --out, delete this folder, or run the command in a terminal without"
            " --yes.",
            code="file.changed",
        )
    with _elsewhere():
        _store(context, edits)
    _tell(context, it, folder, edits)
    return _report(it, folder=folder, edits=edits)


def _folder(context: Context, options: Namespace, it: Arrangement) -> Path:
    return context.cwd / Path(options.out or f"share-{it.stem}").expanduser()


def _in_folder(context: Context, options: Namespace, it: Arrangement) -> dict[str, object]:
    """Return the trust policy that an earlier run wrote, by the name of its folder."""
    folder = _folder(context, options, it)
    return {f"the folder {_near(context, folder)}": trust_in(context, folder)}


def _only_rotated(context: Context, folder: Path, it: Arrangement) -> bool:
    """Say whether an earlier run wrote the folder for the same arrangement, with other external IDs or the same."""
    trust = trust_in(context, folder)
    ids = trust_merge.external_ids(it, trust) if trust else []
    earlier = it._replace(external_id=ids[0] if ids else "", also_external_ids=tuple(ids[1:]))
    for with_terraform in (False, True):
        edits = _edits(context, folder, share.documents(earlier, with_terraform))
        if all(edit.before == edit.after for edit in edits):
            return True
    return False


def _ids(it: Arrangement, known: Mapping[str, object]) -> list[str]:
    return [id for trust in known.values() if trust for id in trust_merge.external_ids(it, trust)]


@contextmanager
def _elsewhere() -> Iterator[None]:
    """If the folder can't be used, suggest another one instead of moving what's there."""
    try:
        yield
    except Problem as refused:
        refused.next = "Choose another folder, for example: --out share"
        raise


def _edits(context: Context, folder: Path, documents: Mapping[str, str]) -> list[Edit]:
    """Return the changes to the files in the folder. Raises Problem if one can't be read."""
    return [Edit(folder / name, context.files.seen(folder / name), text) for name, text in documents.items()]


def _decided(context: Context, it: Arrangement) -> bool:
    """Ask for confirmation, and explain each line of the policies on request."""
    more = Choice("?", "Explain", "show each action and trust")
    while (answer := decide(context, more=more)) == more.value:
        context.screen.review([], apply.reasons(it))
    return bool(answer)


def _store(context: Context, edits: list[Edit]) -> None:
    for edit in edits:
        if edit.before != edit.after:
            context.files.store(edit)


def _review(context: Context, it: Arrangement, folder: Path, edits: list[Edit]) -> None:
    """Show how existing files would change, and explain the policies line by line."""
    changed = [edit for edit in edits if edit.before not in (None, edit.after)]
    diffs = [share.difference(_near(context, edit.path), edit.before, edit.after) for edit in changed]
    changes = [f"account {it.owner}: the role {it.role_arn}"]
    changes += [f"account {account}: the policy {it.people_policy}" for account in it.accounts if it.assumed]
    context.screen.review([], apply.summary(it, changes))
    rows = apply.folded(it)
    new = [edit.path.relative_to(folder).as_posix() for edit in edits if edit.before is None]
    same = sum(edit.before == edit.after for edit in edits)
    rows += [("writes", f"{_near(context, folder)}/  {', '.join(new)}")] if new else []
    rows += [("keeps", f"{same} unchanged files")] if same else []
    context.screen.review(diffs, rows)


def _tell(context: Context, it: Arrangement, folder: Path, edits: list[Edit]) -> None:
    count = sum(edit.before != edit.after for edit in edits)
    where = _near(context, folder)
    if count:
        context.screen.done("wrote", f"{count} files in {where}", "for the next steps, see README.md")
    else:
        context.screen.done("unchanged", f"{where} is already up to date")
    if it.external_id:
        context.screen.done("external", it.external_id, "developers pass this external ID with --external-id")
    _lets_in(context, it)
    for account in (it.owner, *(it.accounts if it.assumed else ())):
        _next(context, f"the administrator of {account}", f"{readme.command(it)} --apply --profile ADMIN")
    by_file = f"ccsetup --team {quote(f'{where}/{teamfile.NAME}')}"
    has_file = any(edit.path.name == teamfile.NAME for edit in edits)
    _next(context, "each developer", by_file if has_file else readme.developer(it))


def _applied(context: Context, options: Namespace, arranging: Arranging, it: Arrangement) -> Report:
    """Apply the arrangement to the profile's account, and test it as far as possible."""
    account = apply.Account(context, it, arranging.profile, apply.Said(arranging.said, options.replace_trust))
    it = account.it
    there = account.there()
    known = _in_folder(context, options, it)
    if isinstance(there, IamRole):
        known = {f"the role {it.role}": there.trust, **known}
    decides = it.external_id == AUTO
    it = account.it = external_id(it, known, create=account.is_owner)
    if not account.is_owner and not it.external_id:
        it = account.it = it._replace(external_id=next(iter(_ids(it, known)), ""))
    account.takes_over(there)
    it = account.it
    if options.dry_run:
        wanted = account.wanted(there)
        apply.review(context, it, account, wanted, there)
        return _report(it, steps=wanted)
    folder = _folder(context, options, it)
    taken = apply.apply(context, it, account, there, options.yes, folder)
    if decides and account.is_owner and not any(known.values()):  # from now on, this is the external ID
        with _elsewhere():
            _store(context, _edits(context, folder, share.documents(it, options.terraform)))
        context.screen.done("wrote", _near(context, folder), "with the external ID for the other account")
    apply.proven(context, it, account)
    if account.is_owner:
        _rotated(context, it, folder)
    if apply.new_external_id(it, taken):
        _team_file(context, it, folder)
    if options.developer:
        code = options.mfa_code or ""
        with context.screen.busy("Waiting for the role to become available") as progress:
            context.iam.until(lambda: _can(context, it, arranging, options.developer, code), progress)
        apply.assumed(context, it, arranging.look, options.developer, code)
    if it.external_id and account.is_owner:
        context.screen.done("external", it.external_id, "developers pass this external ID with --external-id")
    if not account.is_owner and not it.group:
        context.screen.note(_attach(it))
    _lets_in(context, it, account.is_owner, apply.others(it, taken, there))
    if account.is_owner and it.assumed:
        for people in it.accounts:
            _next(context, f"the administrator of {people}", f"{readme.command(it)} --apply --profile ADMIN")
    _next(context, "each developer", readme.developer(it))
    return _report(it, steps=taken)


def _rotated(context: Context, it: Arrangement, folder: Path) -> None:
    """Write the folder again if it differs from the arrangement only by its external IDs."""
    if not _only_rotated(context, folder, it):
        return
    edits = _edits(context, folder, share.documents(it, context.files.occupied(folder / "terraform")))
    if any(edit.before != edit.after for edit in edits):
        _store(context, edits)
        context.screen.done("wrote", _near(context, folder), "again, with the external IDs that the role accepts")


def _team_file(context: Context, it: Arrangement, folder: Path) -> None:
    """Name the team file that goes with a new external ID."""
    file = _near(context, folder / teamfile.NAME)
    if it.external_id in (context.files.seen(folder / teamfile.NAME) or ""):
        context.screen.note(f"Developers need the new external ID. Send them the team file again: {file}")
        return
    context.screen.note(f"Developers need the new external ID. Write the team file again, and send it to them: {file}")
    context.screen.output(readme.command(it))


def _lets_in(context: Context, it: Arrangement, is_owner: bool = True, more: Sequence[str] = ()) -> None:
    """Say whom the arrangement lets in, and on which conditions."""
    for label, text in apply.summary(it, (), is_owner, more)[1:]:
        context.screen.done(label, text)


def _attach(it: Arrangement) -> str:
    """Return what to attach the other account's policy to. It isn't attached to anything yet."""
    if sets := [trust.name for trust in it.trusts if trust.kind == "permission-set"]:
        where = f"In IAM Identity Center, attach {it.people_policy} to the permission set {' and '.join(sets)}"
        return f"{where} as a customer managed policy, or add an inline policy with the same content."
    return f"Attach {it.people_policy_arn} to the users who need access, or add a group: --group Developers"


def _can(context: Context, it: Arrangement, arranging: Arranging, profile: str, code: str) -> bool:
    """Return whether a developer's profile can assume the role yet. Doesn't try with an MFA code, which works once."""
    if code:
        return True
    try:
        context.aws.identity(apply.as_role(it, arranging.look, profile, code, context))
    except Problem as refused:
        return refused.code != "access.assume"
    return True


def _next(context: Context, who: str, command: str) -> None:
    """Show who does the next step, and print the whole command so that it can be copied."""
    context.screen.say(f" Next, {who}:")
    context.screen.output(command)


def _removed(context: Context, options: Namespace, arranging: Arranging, it: Arrangement) -> Report:
    """Remove what share created in the profile's account."""
    it = it._replace(external_id="") if it.external_id == AUTO else it  # it isn't needed to remove anything
    account = apply.Account(context, it, arranging.profile, apply.Said(arranging.said, removing=True))
    it = account.it
    if options.dry_run:
        there = account.there()
        wanted = account.backwards(there)
        apply.review(context, it, account, wanted, there)
        return _report(it, steps=wanted)
    return _report(it, steps=apply.remove(context, it, account, options.yes))


def _checked(context: Context, options: Namespace, arranging: Arranging, it: Arrangement) -> Report:
    """Check each link of the chain up to the first one that is missing."""
    links, problem = check.checked(context, it, arranging.look, arranging.profile, options.mfa_code or "")
    if problem is None:
        passed = "all completed checks passed" if any(link.holds is None for link in links) else "all checks passed"
        _next(context, f"each developer ({passed})", readme.developer(it))
    document = _report(it, problem=problem).document
    seen = [{"link": link.name, "holds": link.holds, "says": link.says} for link in links]
    return Report({**document, "links": seen}, problem.exit_code if problem else 0)


def _report(
    it: Arrangement,
    folder: Path | None = None,
    edits: list[Edit] | None = None,
    steps: list[Step] | None = None,
    problem: Problem | None = None,
) -> Report:
    """Return the JSON document. What didn't happen is null or empty."""
    document: dict[str, Any] = {
        "ok": problem is None,
        "role_arn": it.role_arn,
        "external_id": it.external_id or None,
        "directory": str(folder) if folder else None,
        "files": [
            edit.path.name if folder is None else edit.path.relative_to(folder).as_posix() for edit in edits or ()
        ],
        "changed": [edit.path.name for edit in edits or () if edit.before != edit.after],
        "steps": [step.says for step in steps or ()],
        "links": [],
        "developer": readme.developer(it),
        "problems": [told(problem)] if problem else [],
    }
    return Report(document)


def _near(context: Context, path: Path) -> str:
    """Return a path relative to the current folder, if it is inside it."""
    path = Path(os.path.normpath(path))
    return f"./{path.relative_to(context.cwd).as_posix()}" if path.is_relative_to(context.cwd) else str(path)
