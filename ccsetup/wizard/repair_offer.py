"""Finds what is broken on this computer while the wizard shows its first question, and repairs it on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ccsetup.core.context import Context
from ccsetup.core.errors import Problem
from ccsetup.core.model import Asked, Choice, Later
from ccsetup.wizard import flow

if TYPE_CHECKING:
    from ccsetup.doctor.findings import Finding

GO = "go"
ENDS = ("sso.signed-out", "sso.expired", "keys.expired", "oidc.token-expired")  # expired credentials are not broken
REFUSED = ("file.duplicate-section", "file.duplicate-key", "file.encoding", "file.stray-line", "file.nested-block")

Greeting = Callable[[int], Sequence[tuple[str, bool | None]]]  # takes the number of broken profiles


def beside(context: Context, greeting: Greeting) -> Callable[[], Later]:
    """Return a function that finds problems while the first question is shown and adds them to heading and list."""

    def look() -> Later:
        try:
            findings = _findings(context)
        except Problem:  # ccsetup doctor reports it
            return Later()
        broken = {name for it in findings if it.severity == "stops" for name in (it.profile, *it.also) if name}
        hint = Choice(flow.FIX, "Fix what's broken", findings[0].says) if findings else None
        redraw = (lambda: context.screen.amend(greeting(len(broken)))) if broken else None
        return Later((hint,) if hint else (), redraw)

    return look


def _findings(context: Context) -> list[Finding]:
    """Return the errors of profiles, except expired credentials, and the warnings that can be repaired."""
    from ccsetup.doctor import diagnose, render

    found = diagnose.looked(diagnose.begun(context, ()))
    wrong = [it for it in found if it.code not in ENDS]
    return [
        it for it in wrong if (it.severity == "stops" and it.profile) or (it.severity != "note" and render.mendable(it))
    ]


def repair(context: Context, dry_run: bool = False, offline: bool = True) -> None:
    """Repair what can be repaired, like `ccsetup doctor --fix`. Raises Cancelled if the user cancels."""
    from ccsetup.doctor import fix

    try:
        fix.visit(context, fix.RepairOptions(fix=True, offline=offline, dry_run=dry_run), fix.Case())
    except fix.Declined as left:
        context.screen.note(left.what)


def offer(context: Context, refused: Problem, dry_run: bool = False) -> None:
    """Offer to repair files that no AWS tool can read. Raises the problem itself if the user declines."""
    if context.prompt is None or refused.code not in REFUSED:
        raise refused
    context.screen.problem(refused)
    choices = (Choice(GO, "Yes, show me the repair"), Choice("leave", "No, leave the file as is"))
    if context.prompt.ask(Asked("doctor", "Repair the file now?", "choose", "", choices, GO, can_go_back=False)) != GO:
        raise refused
    repair(context, dry_run)
