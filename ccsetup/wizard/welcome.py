"""The wizard's first lines: what ccsetup does, and what it found on this computer."""

from __future__ import annotations

from functools import partial

from ccsetup.core.concurrency import within
from ccsetup.core.context import Context
from ccsetup.core.lookup import Look
from ccsetup.git.transport import REMOTE
from ccsetup.wizard import repair_offer

GIT_S = 60.0  # git's own limits are shorter


def greet(context: Context, look: Look) -> None:
    """Show what ccsetup does and what it found on this computer."""
    with context.screen.busy("Looking for git"):
        version, helper = within(GIT_S, context.git.version, partial(context.git.later, REMOTE))
    count = len(look.profiles)
    brought = "git-remote-codecommit" + ("" if helper else " (included with ccsetup)")

    def found(broken: int = 0) -> list[tuple[str, bool | None]]:
        there = f"{count or 'no'} AWS profile{'' if count == 1 else 's'}{f', {broken} broken' if broken else ''}"
        return [(f"git {version}".strip(), bool(version)), (brought, bool(helper) or None), (there, None)]

    context.screen.heading("Set up AWS CodeCommit access", found())
    look.later = repair_offer.beside(context, found)
    if not version:
        why = context.git.missing()
        context.screen.note(f"{why.what} You can set up access now, but you need git to clone. {why.next}".rstrip())
