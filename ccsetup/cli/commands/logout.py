"""`ccsetup logout`: ends sign-ins and removes cached sessions. The AWS files and stored access keys stay."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence

from ccsetup.core import missing_profile
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer
from ccsetup.core.profile_chain import holders
from ccsetup.core.profile_kind import STATIC
from ccsetup.core.result import Report
from ccsetup.wizard import profile_list, sign_out
from ccsetup.wizard.options import Settings, settings
from ccsetup.wizard.sign_out import SignedOut, SignOut

ABOUT = "Sign out: end sign-ins, and remove cached sessions. The AWS files don't change."
USAGE = "[PROFILE] [--all]"
EXAMPLE = "ccsetup logout acme-dev"
NOTHING: Mapping[str, object] = {"sign_ins": []}


def flags(parser: ArgumentParser) -> None:
    """Add logout's flags."""
    parser.add_argument(
        "profile", nargs="?", metavar="PROFILE", help="profile to sign out (default: the profile of this clone)"
    )
    parser.add_argument("--all", action="store_true", help="sign out every profile")


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Sign out one profile, or all of them."""
    if options.all and options.profile:
        raise BadAnswer("You can't use --all together with a profile. To sign out every profile: ccsetup logout --all")
    context = context_of()
    there = settings(context.files.read())
    if there.faults:
        raise there.faults[0]
    names = list(there.profiles) if options.all else [options.profile or _chosen(context, there)]
    if not options.all and names[0] not in there.profiles:
        raise missing_profile.problem(
            names[0], there.profiles, context.env, context.home, "List all profiles: ccsetup status"
        )
    wanted = sign_out.planned(context, there.profiles, there.sessions, names)
    done = [_told(context, it) if options.dry_run else _ended(context, it) for it in wanted]
    if not done:
        context.screen.say(f" {'Nothing' if options.all else names[0] + ': nothing'} to sign out of.")
    _tell_what_stays(context, there, names, done)
    failed = [it for it in done if it.problem]
    return Report({"ok": not failed, "sign_ins": [it.document() for it in done], "problems": []}, 1 if failed else 0)


def _chosen(context: Context, there: Settings) -> str:
    """Return this clone's profile, or AWS_PROFILE's."""
    name = profile_list.of_this_clone(context) or context.env.get("AWS_PROFILE") or ""
    if not name:
        example = next(iter(there.profiles), "acme-dev")
        raise BadAnswer(f"Name a profile, for example, ccsetup logout {quote(example)}, or use --all.")
    context.screen.note(f"Signing out of {name}.")
    return name


def _told(context: Context, it: SignOut) -> SignedOut:
    context.screen.say(f" Would sign out of {_named(it)}.")
    return SignedOut(it)


def _ended(context: Context, it: SignOut) -> SignedOut:
    done = sign_out.end(context, it)
    if done.problem:
        context.screen.problem(done.problem)
    else:
        context.screen.done("signed out", _named(it))
    return done


def _named(it: SignOut) -> str:
    who = ", ".join(it.profiles)
    return f"{it.name} ({who})" if it.name else who


def _tell_what_stays(context: Context, there: Settings, names: Sequence[str], done: Sequence[SignedOut]) -> None:
    """Say what a sign-out doesn't end: pages that stay open, role sessions at AWS, and stored access keys."""
    for url in dict.fromkeys(it.asked.start.url for it in done if it.asked.start and it.asked.start.url):
        context.screen.note(f"Your browser may still be signed in: {url}")
    if done:
        context.screen.note("Credentials that were already issued stay valid until they expire.")
    first = dict.fromkeys(holders(there.profiles, names).values())
    stored = [name for name in first if STATIC & there.profiles.get(name, {}).keys()]
    if stored:
        keys = f"The access keys of {', '.join(stored)} are stored in the AWS files and stay."
        context.screen.note(f"{keys} To remove a profile: ccsetup remove {quote(stored[0])}")
