"""Stores sign-ins that succeeded, whatever fails later, so that nobody has to sign in twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.lookup import Look


def keep_sign_ins(context: Context) -> bool:
    """Store the sign-ins of this run in the shared cache. Return whether there were any to store."""
    edits = [edit for edit in context.signin.pending() if edit.before != edit.after]
    for edit in edits:
        context.files.store(edit)
    return bool(edits)


@contextmanager
def sign_ins_kept(context: Context, look: Look, dry_run: bool) -> Iterator[None]:
    """Keep a sign-in that succeeded while questions were asked, even if the block fails; not if the user cancels."""
    try:
        yield
    except Cancelled:
        raise
    except Problem:
        if not dry_run and look.signed_in and keep_sign_ins(context):
            context.screen.note("Your sign-in was saved, so the next run won't ask you to sign in.")
        raise
