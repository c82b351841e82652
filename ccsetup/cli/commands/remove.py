"""`ccsetup remove`: removes a profile, what only it used, and its cached sessions."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

from ccsetup.awsfiles import plan, removals
from ccsetup.core import missing_profile
from ccsetup.core.command_line import change_to, in_turn, quote
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Missing, Problem
from ccsetup.core.model import Asked, Choice
from ccsetup.core.result import Report
from ccsetup.wizard import remove_profile
from ccsetup.wizard.options import settings
from ccsetup.wizard.remove_profile import Removal

ABOUT = "Remove a profile, its sso-session if nothing else uses it, and its cached sessions."
USAGE = "PROFILE [flags]"
EXAMPLE = "ccsetup remove acme-dev --dry-run"
NOTHING: Mapping[str, object] = {"removed": None, "edits": [], "caches": [], "users": [], "clones": []}

GO = "go"


def flags(parser: ArgumentParser) -> None:
    """Add remove's argument."""
    parser.add_argument("profile", metavar="PROFILE", help="profile to remove")


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Show what would be removed, ask, and remove it."""
    context, name = context_of(), options.profile
    texts = context.files.read()
    there = settings(texts)
    if there.faults:
        raise there.faults[0]
    if name not in there.profiles:
        raise missing_profile.problem(
            name, there.profiles, context.env, context.home, "List all profiles: ccsetup status"
        )
    removal = remove_profile.planned(context, texts, there, name)
    if removal.users and options.yes and not options.dry_run:
        raise _still_used(name, removal)
    _show(context, name, removal)
    if not options.dry_run:
        if not options.yes:
            _agreed(context, name, removal)
        remove_profile.carry_out(context, removal)
        context.screen.done("removed", name, "to restore it: ccsetup undo")
        _tell_what_stays(context, name, removal, others=len(there.profiles) > 1)
    return Report(
        {
            "ok": True,
            "removed": name,
            "edits": plan.summary(removal.plan),
            "caches": [str(path) for path in removal.sessions],
            "users": list(removal.users),
            "clones": [str(path) for path in removal.clones],
            "problems": [],
        }
    )


def _show(context: Context, name: str, removal: Removal) -> None:
    rows = [("used by", f"{it}, as its source profile") for it in removal.users]
    rows += [("clone", f"{_shown(context, it)} uses {name}") for it in removal.clones]
    rows += [("keeps", f"the profile {removal.source}, which only {name} used")] if removal.source else []
    rows += [("deletes", f"cached session {_shown(context, it)}") for it in removal.sessions]
    rows += removals.rows(removal.plan.edits)
    context.screen.review([plan.diff(edit, context.home) for edit in removal.plan.edits], rows)


def _still_used(name: str, removal: Removal) -> Problem:
    return Problem(
        f"{name} is the source profile of {', '.join(removal.users)}, so it wasn't removed.",
        next=f"Remove {'them' if len(removal.users) > 1 else 'it'} first: ccsetup remove {quote(removal.users[0])}",
        code="source.missing",
    )


def _agreed(context: Context, name: str, removal: Removal) -> None:
    """Ask for confirmation. Raises Cancelled, or Missing if there is no terminal."""
    if context.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to remove the profile, or --dry-run to preview the changes.")
    breaks = bool(removal.users or removal.clones)
    choices = (
        Choice(GO, "Yes, remove it", "what uses it will stop working" if breaks else ""),
        Choice("cancel", "Cancel", "nothing changes"),
    )
    default = "cancel" if breaks else GO
    if context.prompt.ask(Asked("remove", f"Remove {name}?", "choose", choices=choices, default=default)) != GO:
        raise Cancelled("Canceled. Nothing was removed.")


def _tell_what_stays(context: Context, name: str, removal: Removal, others: bool) -> None:
    """Say what a person may want to do about what the profile leaves."""
    if removal.session:
        context.screen.note(f"The sign-in {removal.session} lasts until it expires. Its settings are removed.")
    if removal.source:
        context.screen.note(f"To remove its source profile, too: ccsetup remove {quote(removal.source)}")
    for folder in removal.clones:
        there = [] if folder == context.cwd or folder in context.cwd.parents else [change_to(str(folder))]
        command = in_turn(*there, "ccsetup doctor --fix")
        how = f" To choose another profile: {command}" if others else ""
        context.screen.note(f"{_shown(context, folder)} still uses {name}.{how}")


def _shown(context: Context, path: Path) -> str:
    inside = path.is_relative_to(context.home)
    return f"~/{path.relative_to(context.home).as_posix()}" if inside else str(path)
