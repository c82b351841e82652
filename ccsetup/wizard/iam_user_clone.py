"""Clones with what an IAM user already has: an SSH key, or Git credentials. Neither needs a profile."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ccsetup.access import paste
from ccsetup.awsfiles import plan
from ccsetup.core import regions, validate
from ccsetup.core.command_line import change_to, quote
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Cancelled, Missing, Problem
from ccsetup.core.model import Asked, Back, Choice, Edit, Expected, Plan, Receipt, Repository, Secret, Target
from ccsetup.core.result import Outcome
from ccsetup.git import address, ssh_login
from ccsetup.git.credential_store import USER_NAME, Login
from ccsetup.git.ssh_login import KEY_ID, SshLogin
from ccsetup.git.transport import SSH, Way
from ccsetup.wizard import after_clone, checkout
from ccsetup.wizard.verify import Claim, route, say_what_git_lacks

if TYPE_CHECKING:
    from ccsetup.core.context import Git

YES = "yes"
_EXAMPLE_ID, _EXAMPLE_USER = "APKAEIBAERJR2EXAMPLE", "maria-at-111122223333"
_CREATE = "IAM console > your user > Security credentials"


class IamUserRequest(NamedTuple):
    """What was given to `clone --via ssh` or `--via git-credentials`; "" if it wasn't given."""

    address: str
    via: str
    directory: str = ""
    region: str = ""
    branch: str = ""
    key_id: str = ""
    key: str = ""
    reads_stdin: bool = False
    yes: bool = False
    dry_run: bool = False


def reach(context: Context, asked: IamUserRequest) -> Outcome:
    """Clone, after a test with git. What is stored before that is undone if the test fails. Raises Problem."""
    named = address.parse(asked.address, context.env.get("CODE_COMMIT_ENDPOINT", ""))
    if named.said:
        context.screen.note(named.said)
    target = Target(named.repository, _region(context, asked, named.region), branch=asked.branch or named.branch,
                    directory=asked.directory or named.directory)  # fmt: skip
    fips, dualstack = regions.wants_fips(context.env, {}), regions.wants_dualstack(context.env, {})
    way = Way(asked.via, host=named.host, fips=fips, dualstack=dualstack)
    claim = Claim("", target.region, None, Expected(), target, target.branch, way)
    folder = checkout.folder_of(context, target)
    git = checkout.finding_git(context, claim.way)
    checkout.is_this_clone(context, folder, target)
    if asked.via == SSH:
        return _by_ssh(context, asked, claim, folder, git, ssh_login.user_of(asked.address.strip()))
    return _by_credentials(context, asked, claim, folder, git)


def _region(context: Context, asked: IamUserRequest, of_address: str) -> str:
    """Return the region of the address, the flag, or the environment. Raises BadAnswer or Missing."""
    flag = validate.region(asked.region) if asked.region else ""
    if not isinstance(flag, str):
        context.screen.note(flag.said)
        flag = str(flag.value)
    if flag and of_address and flag != of_address:
        raise BadAnswer(f"The address is in {of_address}, but --region is {flag}. Specify only one region.")
    found = of_address or flag or context.env.get("AWS_REGION") or context.env.get("AWS_DEFAULT_REGION") or ""
    if not found and context.prompt is not None and not asked.yes:
        found = _asked(context, Asked("region", "Region", "text", parse=validate.region, can_go_back=False))
    if not found:
        raise Missing("Missing: --region.", next="Add the repository's region, for example, --region us-east-2")
    if unknown := validate.unknown_region(found):
        context.screen.note(unknown)
    return found


def _asked(context: Context, question: Asked) -> str:
    assert context.prompt is not None  # noqa: S101 — only a person is asked
    answer = context.prompt.ask(question)
    if isinstance(answer, Back):
        raise Cancelled
    return answer.reveal() if isinstance(answer, Secret) else answer


# Git credentials


def _by_credentials(context: Context, asked: IamUserRequest, claim: Claim, folder: Path, git: Git) -> Outcome:
    """Test the credentials, clone with them, and offer to store them in the user's credential store."""
    host = re.sub(r"^https://|/v1/repos/.*$", "", route(context, claim).url)
    given = _given(context) if asked.reads_stdin else None
    stored = None if given else git.login(host)
    login = given or stored or _entered(context, asked)
    claim = _with_user(claim, login.user)
    context.screen.note(
        f"Using the Git credentials of {login.user}{' from your git credential store' if stored else ''}."
    )
    keeper = "" if stored else _store(context, git)
    rows = [
        ("check", "git ls-remote"),
        ("clone", f"{checkout.shown(context, folder)} from {route(context, claim).url}"),
    ]
    if keeper:
        rows.insert(1, ("stores", f"the password for {host} in your git credential store ({keeper})"))
    context.screen.review([], rows)
    if asked.dry_run:
        return _outcome(claim)
    own = git if stored else git.with_login(login)
    try:
        _proven(context, claim, own)
    except Problem as refused:
        if refused.code == "access.git":
            raise _rejected(claim, login.user, refused) from None
        raise
    if keeper and (asked.yes or _agreed(context, f"Store the password in your git credential store ({keeper})?")):
        git.keep_login(host, login)
        context.screen.done("stored", f"the password of {login.user}", f"for {host}, by git credential approve")
    elif not stored:
        setting = (
            ""
            if keeper
            else " To have git store it, set credential.helper first: https://git-scm.com/doc/credential-helpers"
        )
        context.screen.note(f"The password wasn't stored, so git will ask for it.{setting}")
    return _cloned(context, asked, claim, folder, own)


def _with_user(claim: Claim, user: str) -> Claim:
    return Claim("", claim.region, None, claim.expected, claim.target, claim.branch, claim.way._replace(user=user))


def _given(context: Context) -> Login:
    """Return the credentials in the text on stdin. Raises BadAnswer."""
    found = paste.git_login(context.stdin())
    if found is None:
        raise BadAnswer(
            f"No Git credentials were found on stdin. They should look like {_EXAMPLE_USER},PASSWORD, or like the CSV "
            "file from the IAM console."
        )
    return Login(*found)


def _entered(context: Context, asked: IamUserRequest) -> Login:
    """Ask for the credentials. Raises Missing without a terminal."""
    if context.prompt is None or asked.yes:
        raise Missing(
            "Missing: --git-credentials -. Your git credential store has no Git credentials for this host.",
            next="Pass them on stdin: ccsetup clone … --via git-credentials --git-credentials - < credentials.csv",
        )
    user = _asked(
        context,
        Asked("git_user", "Git user name", "text", f"For example, {_EXAMPLE_USER}. {_CREATE}.", parse=_user_name,
              can_go_back=False),
    )  # fmt: skip
    password = _asked(context, Asked("git_password", "Git password", "secret", parse=_password))
    return Login(user, Secret(password))


def _user_name(text: str) -> str:
    user = text.strip()
    if not USER_NAME.fullmatch(user):
        raise BadAnswer(f"That's not the user name of Git credentials. It should look like {_EXAMPLE_USER}.")
    return user


def _password(text: str) -> str:
    password = text.strip()
    if not password or not password.isprintable() or " " in password:
        raise BadAnswer("A password of Git credentials is one line without spaces. Copy it again from the IAM console.")
    return password


def _store(context: Context, git: Git) -> str:
    """Return the name of the user's credential store, "" if git has none."""
    helpers = [value for key, value in git.machine_settings() if re.fullmatch(r"credential\.(.*\.)?helper", key)]
    if "" in helpers:  # it turns off those before it
        helpers = helpers[len(helpers) - helpers[::-1].index("") :]
    return next((Path(it.split()[0]).name for it in reversed(helpers) if it and not it.startswith("!")), "")


def _rejected(claim: Claim, user: str, refused: Problem) -> Problem:
    name = claim.target.name
    return Problem(
        f"CodeCommit rejected the Git credentials of {user} for {name}. Nothing was stored.",
        why=refused.why,
        next=f"Check the password, or reset it ({_CREATE} > HTTPS Git credentials for AWS CodeCommit). If it is right, "
        f"ask for the codecommit:GitPull permission on {name}.",
        code="access.git",
    )


# SSH


def _by_ssh(context: Context, asked: IamUserRequest, claim: Claim, folder: Path, git: Git, named: str) -> Outcome:
    """Set up ssh if it doesn't use an SSH key ID yet, test it, and clone."""
    host = regions.git_host(claim.region)
    there = login(context, host, named)
    edit, settings = None, dict[str, str]()
    if asked.key_id or asked.key or not there.key_id:
        edit, settings = _block(context, asked, claim.region, named)
    else:
        context.screen.note(f"ssh already uses the SSH key ID {there.key_id} for {host}.")
        claim = _with_user(claim, named if named == there.key_id else "")
    diffs = [plan.diff(edit, context.home)] if edit and edit.before != edit.after else []
    url = route(context, claim).url
    context.screen.review(
        diffs, [("check", "git ls-remote"), ("clone", f"{checkout.shown(context, folder)} from {url}")]
    )
    section = f"Host {ssh_login.pattern(claim.region)}"
    edits = [{"path": str(edit.path), "section": section, "set": settings, "remove": []}] if edit and diffs else []
    if asked.dry_run:
        return replace(_outcome(claim), edits=edits)
    receipt = _written(context, asked, edit) if edit and diffs else None
    works = False
    try:
        _proven(context, claim, git)
        works = True
    finally:
        if receipt and not works:
            context.files.put_back(receipt)
            context.screen.note("~/.ssh/config was restored.")
    done = _cloned(context, asked, claim, folder, git)
    return replace(done, edits=edits, backups=receipt.backups if receipt else ())


def login(context: Context, host: str, user: str = "") -> SshLogin:
    """Return how ssh signs in to a host, as ssh itself says. It doesn't connect."""
    ssh = context.git.command("ssh")
    if not ssh:
        return SshLogin()
    [ran] = context.run([ssh_login.question(ssh, host, user)])
    return ssh_login.told(ran.out) if ran.code == 0 else SshLogin()


def _block(context: Context, asked: IamUserRequest, region: str, named: str) -> tuple[Edit, dict[str, str]]:
    """Return the edit of ~/.ssh/config that names the key, and its settings. Raises Missing, BadAnswer or Problem."""
    person = None if asked.yes else context.prompt
    key_id = _key_id(asked.key_id) if asked.key_id else named if KEY_ID.fullmatch(named) else ""
    key = asked.key
    if not (key_id and key) and person is None:
        lacking = " and ".join(flag for flag, value in (("--ssh-key-id", key_id), ("--ssh-key", key)) if not value)
        raise Missing(
            f"Missing: {lacking}.",
            next=f"Add the SSH key ID from IAM and your private key's file, for example, --ssh-key-id {_EXAMPLE_ID} "
            "--ssh-key ~/.ssh/codecommit_rsa",
        )
    if not key_id:
        about = f"For example, {_EXAMPLE_ID}. {_CREATE} > SSH public keys."
        key_id = _asked(context, Asked("ssh_key_id", "SSH key ID", "text", about, parse=_key_id, can_go_back=False))
    if not key:
        about = "The file that has the private key. ccsetup doesn't read it."
        usual = next(iter(_rsa_keys(context)), "")
        key = _asked(context, Asked("ssh_key", "Private key file", "text", about, default=usual))
    path = context.home / ".ssh" / "config"
    before = context.files.seen(path)
    settings = ssh_login.block(key_id, _key(context, key))
    after = ssh_login.with_block(before or "", ssh_login.pattern(region), settings)
    return Edit(path, before, after, mode=None if before is not None else 0o600), settings


def _key_id(text: str) -> str:
    key_id = text.strip()
    if not KEY_ID.fullmatch(key_id):
        raise BadAnswer(f"That's not an SSH key ID. It should look like {_EXAMPLE_ID}.")
    return key_id


def _rsa_keys(context: Context) -> list[str]:
    """Return the RSA keys in ~/.ssh, by their public keys."""
    folder = context.home / ".ssh"
    found = [path for path in context.files.listed(folder) if path.suffix == ".pub"]
    return [f"~/.ssh/{path.stem}" for path in found if _kind(context, path) == "ssh-rsa"]


def _kind(context: Context, public: Path) -> str:
    """Return the kind of a public key, for example "ssh-rsa", "" if it can't be read."""
    try:
        return (context.files.seen(public) or "").partition(" ")[0]
    except Problem:
        return ""


def _key(context: Context, text: str) -> str:
    """Check a private key's file without reading it, and return its path for ~/.ssh/config. Raises BadAnswer."""
    shown = text.strip().removesuffix(".pub")
    path = context.home.joinpath(*Path(shown).parts[1:]) if shown.startswith("~/") else context.cwd / shown
    mode = context.files.mode(path)
    if mode is None or '"' in shown or not shown.isprintable():
        raise BadAnswer(f"There's no private key {shown}. It should be a file, for example, ~/.ssh/codecommit_rsa.")
    kind = _kind(context, path.with_name(f"{path.name}.pub"))
    if kind and kind != "ssh-rsa":
        raise BadAnswer(
            f"{shown} is a key of the type {kind}. CodeCommit accepts only RSA keys.",
            next="Create one, and upload its public key: ssh-keygen -t rsa -b 4096 -f ~/.ssh/codecommit_rsa",
        )
    if mode & 0o077 and not context.env.get("COMSPEC"):
        raise BadAnswer(f"Others can read {shown}, so ssh refuses it.", next=f"Run: chmod 600 {_typed(shown)}")
    inside = path.is_relative_to(context.home)
    return f"~/{path.relative_to(context.home).as_posix()}" if inside else path.as_posix()


def _written(context: Context, asked: IamUserRequest, edit: Edit) -> Receipt:
    """Write ~/.ssh/config after a yes, with a backup."""
    if not asked.yes and not _agreed(context, "Write these changes?"):
        raise Cancelled
    receipt = context.files.apply(Plan("", "", edits=(edit,)))
    context.screen.done("wrote", "~/.ssh/config", "undo: ccsetup undo")
    return receipt


# Both


def _agreed(context: Context, question: str) -> bool:
    """Ask for a yes. Raises Missing without a terminal."""
    if context.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to write the changes, or --dry-run to preview them.")
    choices = (Choice(YES, "Yes"), Choice("no", "No", "nothing is written"))
    return context.prompt.ask(Asked("own_git_access", question, "choose", choices=choices, default=YES)) == YES


def _proven(context: Context, claim: Claim, git: Git) -> None:
    say_what_git_lacks(context, claim)
    with context.screen.busy("Checking access with git"):
        git.reachable(route(context, claim))
    context.screen.done("access", f"{claim.target.name} in {claim.region}", "git ls-remote")


def _outcome(claim: Claim) -> Outcome:
    return Outcome(region=claim.region, repository=Repository(claim.target.name, claim.region, ""))


def _cloned(context: Context, asked: IamUserRequest, claim: Claim, folder: Path, git: Git) -> Outcome:
    person = None if asked.yes else context.prompt
    default = git.default(route(context, claim))
    outcome = _outcome(claim)
    named = None if person is None or folder.exists() else after_clone.ask_person(context, git, outcome, person)
    cloned = checkout.clone(context, git, claim, folder, person, default)
    found = Repository(claim.target.name, claim.region, "", default)
    outcome = replace(outcome, repository=found)
    outcome = after_clone.settle(context, git, claim, outcome.with_clone(cloned), named)
    if not cloned.problem:
        first = "" if folder == context.cwd else f"{change_to(checkout.shown(context, folder))} · "
        context.screen.say(f" Next   {first}git pull and git push work as usual")
    return outcome


def _typed(folder: str) -> str:
    """Return a folder quoted for a shell, with a leading ~ left unquoted."""
    return "~/" + quote(folder[2:]) if folder.startswith("~/") else quote(folder)
