"""`ccsetup clone`: clones with any profile that can read the repository. It only reads the AWS files."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from ccsetup.cli.question_flags import signing_in
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer
from ccsetup.core.result import Report
from ccsetup.git.transport import GIT_CREDENTIALS, SSH, VIA, WHOSE
from ccsetup.wizard import clone, installation_offer
from ccsetup.wizard.clone_request import CloneOptions, wish_of
from ccsetup.wizard.options import Options, looking

if TYPE_CHECKING:
    from ccsetup.wizard.iam_user_clone import IamUserRequest

ABOUT = "Clone a repository with a profile that can read it."
USAGE = "ADDRESS [DIR] [flags]"
EXAMPLE = "ccsetup clone MySharedDemoRepo"


def flags(parser: ArgumentParser) -> None:
    """Add clone's flags."""
    parser.add_argument("address", metavar="ADDRESS", help="repository name, clone address, ARN, or console URL")
    parser.add_argument(
        "directory", metavar="DIR", nargs="?", help="directory to clone into (default: the repository name)"
    )
    parser.add_argument("--profile", metavar="…", help="profile to use (default: try all suitable profiles)")
    parser.add_argument("--region", metavar="…", help="region of the repository, for example, us-east-2")
    parser.add_argument(
        "--branch", metavar="…", help="branch or tag to check out (default: the repository's default branch)"
    )
    ways = f"{VIA.help.rstrip('.')}; for an IAM user without a profile: {SSH} or {GIT_CREDENTIALS}"
    parser.add_argument("--via", metavar="…", help=ways)
    parser.add_argument("--helper", metavar="…", help=WHOSE.help)
    parser.add_argument("--create", action="store_true", help="create the repository if it doesn't exist")
    parser.add_argument("--print-url", action="store_true", help="print the clone addresses without cloning")
    own = parser.add_argument_group("an IAM user's SSH key or Git credentials")
    own.add_argument("--ssh-key-id", metavar="…", help="with --via ssh: SSH key ID, for example, APKAEIBAERJR2EXAMPLE")
    own.add_argument("--ssh-key", metavar="FILE", help="with --via ssh: private key file, which ccsetup doesn't read")
    own.add_argument(
        "--git-credentials",
        choices=["-"],
        metavar="-",
        help="with --via git-credentials: read the user name and password from stdin; never the password itself",
    )
    signing_in(parser)


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Clone the repository. If the user chooses to set up access instead, ask the setup questions."""
    context = context_of()
    if options.via in (SSH, GIT_CREDENTIALS):
        from ccsetup.wizard import iam_user_clone  # most clones don't need it

        return iam_user_clone.reach(context, _own(options)).report()
    _refuse(options, "ssh_key_id", "ssh_key", "git_credentials", to=f"--via {SSH} or --via {GIT_CREDENTIALS}")
    look = looking(context, Options(given={}, yes=options.yes, dry_run=options.dry_run))
    wish = wish_of(_given(options), context, look)
    if not options.yes and not options.dry_run and not options.print_url:
        installation_offer.offer(context)
    outcome = clone.reach(context, look, wish)
    if outcome is None:
        from ccsetup.cli.commands import setup  # most clones don't need it

        outcome = setup.run(context, Options(wish.given()))
    return outcome.report()


def _own(options: Namespace) -> IamUserRequest:
    """Return the request of an IAM user who clones without a profile. Raises BadAnswer for flags that don't fit."""
    from ccsetup.wizard.iam_user_clone import IamUserRequest

    _refuse(options, "profile", "helper", "create", "print_url", to="a clone with a profile")
    others = ("git_credentials",) if options.via == SSH else ("ssh_key_id", "ssh_key")
    _refuse(options, *others, to=f"--via {GIT_CREDENTIALS if options.via == SSH else SSH}")
    return IamUserRequest(
        options.address,
        options.via,
        directory=options.directory or "",
        region=options.region or "",
        branch=options.branch or "",
        key_id=options.ssh_key_id or "",
        key=options.ssh_key or "",
        reads_stdin=bool(options.git_credentials),
        yes=options.yes,
        dry_run=options.dry_run,
    )


def _refuse(options: Namespace, *names: str, to: str) -> None:
    """Raise BadAnswer for the first of these flags that was given, since it applies only to something else."""
    if given := next((name for name in names if getattr(options, name)), ""):
        raise BadAnswer(f"--{given.replace('_', '-')} applies only to {to}.")


def _given(options: Namespace) -> CloneOptions:
    return CloneOptions(
        options.address,
        directory=options.directory or "",
        profile=options.profile or "",
        region=options.region or "",
        branch=options.branch or "",
        via=options.via or "",
        helper=options.helper or "",
        create=options.create,
        print_url=options.print_url,
        yes=options.yes,
        dry_run=options.dry_run,
    )
