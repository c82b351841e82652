"""`ccsetup clone`: clones with any profile that can read the repository. It only reads the AWS files."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from ccsetup.cli.commands import setup
from ccsetup.cli.question_flags import signing_in
from ccsetup.core.context import Context
from ccsetup.core.result import Report
from ccsetup.git.transport import VIA, WHOSE
from ccsetup.wizard import clone
from ccsetup.wizard.clone_request import CloneOptions, wish_of
from ccsetup.wizard.options import Options, looking

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
    parser.add_argument("--via", metavar="…", help=VIA.help)
    parser.add_argument("--helper", metavar="…", help=WHOSE.help)
    parser.add_argument("--create", action="store_true", help="create the repository if it doesn't exist")
    parser.add_argument("--print-url", action="store_true", help="print the clone addresses without cloning")
    signing_in(parser)


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Clone the repository. If the user chooses to set up access instead, ask the setup questions."""
    context = context_of()
    look = looking(context, Options(given={}, yes=options.yes, dry_run=options.dry_run))
    wish = wish_of(_given(options), context, look)
    outcome = clone.reach(context, look, wish) or setup.run(context, Options(wish.given()))
    return outcome.report()


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
