"""The wizard's first lines: what ccsetup does, and what it found on this computer."""

from __future__ import annotations

from ccsetup.core.context import Context
from ccsetup.core.lookup import Look
from ccsetup.wizard import repair_offer


def greet(context: Context, look: Look) -> None:
    """Show what ccsetup does and what it found on this computer."""
    version, count = context.git.version(), len(look.profiles)
    helper = bool(context.git.helper())
    brought = "git-remote-codecommit" + ("" if helper else " (included with ccsetup)")

    def found(broken: int = 0) -> list[tuple[str, bool | None]]:
        there = f"{count or 'no'} AWS profile{'' if count == 1 else 's'}{f', {broken} broken' if broken else ''}"
        return [(f"git {version}".strip(), bool(version)), (brought, helper or None), (there, None)]

    context.screen.heading("Set up AWS CodeCommit access", found())
    look.later = repair_offer.beside(context, found)
    if not version:
        context.screen.note("git isn't installed. You can set up access now, but you need git to clone.")
