"""`ccsetup undo`: undoes the last change ccsetup made. Running it again undoes the change before that."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccsetup.awsfiles import plan, removals
from ccsetup.core import clock
from ccsetup.core.context import Change, Context
from ccsetup.core.errors import Cancelled, Missing, Problem
from ccsetup.core.model import Asked, Choice, Edit, Plan
from ccsetup.core.result import Report

ABOUT = "Undo the last change to the AWS files. Clones and sign-ins aren't affected."
USAGE = "[--list]"
EXAMPLE = "ccsetup undo --dry-run"
NOTHING: Mapping[str, object] = {"undone": None, "edits": []}

GO = "go"


def flags(parser: ArgumentParser) -> None:
    """Add undo's flag."""
    parser.add_argument("--list", action="store_true", help="list the changes that can be undone, latest first")


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Undo the last change that is still in effect, or list all changes."""
    context = context_of()
    context.files.glimpse()  # removes what a killed run left next to the files
    changes = context.files.changes()
    if options.list:
        return _listed(context, changes)
    for change in changes:
        wanted = _standing(context, change)
        if wanted:
            return _undone(context, change, wanted, options)
        if options.dry_run:
            continue
        context.files.take_back(change, ())  # it was never made, or it was undone by hand
        if change.undoing:  # the interrupted undo had done everything else
            context.screen.done("undone", f"{_named(change)}, made {_moment(change)}", "completed the interrupted undo")
            return Report({"ok": True, "undone": _entry(change), "edits": [], "problems": []})
    context.screen.say(" Nothing to undo.")
    return Report({"ok": True, "undone": None, "edits": [], "problems": []})


def _gone(edit: Edit) -> Counter[str]:
    """Return the lines that undoing takes out of a file."""
    return Counter((edit.before or "").splitlines()) - Counter((edit.after or "").splitlines())


def _standing(context: Context, change: Change) -> list[Edit]:
    """Return the edits to undo. If a file has changed since, show the difference and raise Problem."""
    theirs = []
    for edit in change.edits:
        now = context.files.now(edit)
        if now not in (edit.before, edit.after):
            theirs.append(edit._replace(before=edit.after, after=now))
    if theirs:
        context.screen.review([plan.diff(edit, context.home) for edit in theirs], [])
        names = " and ".join(_shown(context, edit.path) for edit in theirs)
        has, it = ("has", "it") if len(theirs) == 1 else ("have", "them")
        raise Problem(
            f"{names} {has} changed since ccsetup wrote {it}, as shown above. Nothing was restored.",
            why=f"Undoing {_named(change)} would also undo those later changes.",
            next="Remove the later changes manually and run ccsetup undo again, or leave the file as is.",
            code="file.changed",
        )
    return [edit for edit in change.edits if context.files.now(edit) != edit.before or _is_mode_alone(context, edit)]


def _is_mode_alone(context: Context, edit: Edit) -> bool:
    """Return whether an edit changed only a file's permissions, and the file still has them."""
    return edit.mode is not None and edit.before == edit.after and context.files.mode(edit.path) == edit.mode


def _undone(context: Context, change: Change, wanted: Sequence[Edit], options: Namespace) -> Report:
    """Show what would be restored, ask, and restore it."""
    back = plan.undo(Plan(change.profile, "", edits=tuple(wanted))).edits
    rows = [("undo", f"{_named(change)}, made {_moment(change)}"), *removals.rows(back, undo=True)]
    context.screen.review([plan.diff(edit, context.home) for edit in back], rows)
    if not options.dry_run:
        if not options.yes:
            _agreed(context)
        context.files.take_back(change, wanted)
        for edit in back:
            did = "removed" if edit.after is None else "restored"
            context.screen.done(did, _shown(context, edit.path), "" if edit.after is None else "byte for byte")
        if any("sso_" in line for edit in back for line in _gone(edit)):
            context.screen.note(
                "Sign-ins aren't stored in these files, so you stay signed in until the sign-in expires."
            )
    return Report({"ok": True, "undone": _entry(change), "edits": [_did(edit) for edit in back], "problems": []})


def _agreed(context: Context) -> None:
    """Ask for confirmation. Raises Cancelled, or Missing if there is no terminal."""
    if context.prompt is None:
        raise Missing("Missing: --yes.", next="Add --yes to restore the files, or --dry-run to preview the changes.")
    choices = (Choice(GO, "Yes, restore them"), Choice("cancel", "Cancel", "nothing changes"))
    if context.prompt.ask(Asked("undo", "Restore these files?", "choose", choices=choices, default=GO)) != GO:
        raise Cancelled("Canceled. Nothing was restored.")


def _listed(context: Context, changes: Sequence[Change]) -> Report:
    for change in changes:
        names = ", ".join(_shown(context, edit.path) for edit in change.edits)
        context.screen.output(f"{_moment(change)}  {_named(change)}  {names}")
    context.screen.say(f" Backups are in {context.files.backups}." if changes else " Nothing to undo.")
    return Report({"ok": True, "changes": [_entry(change) for change in changes], "problems": []})


def _entry(change: Change) -> dict[str, Any]:
    return {
        "at": clock.written(change.at),
        "command": change.command or None,
        "profile": change.profile or None,
        "paths": [str(edit.path) for edit in change.edits],
    }


def _did(edit: Edit) -> dict[str, Any]:
    return {"path": str(edit.path), "removed": edit.after is None}


def _named(change: Change) -> str:
    return f"{change.command or 'the change'} {change.profile}".rstrip()


def _moment(change: Change) -> str:
    return change.at.astimezone().strftime("%Y-%m-%d %H:%M")


def _shown(context: Context, path: Path) -> str:
    inside = path.is_relative_to(context.home)
    return f"~/{path.relative_to(context.home).as_posix()}" if inside else str(path)
