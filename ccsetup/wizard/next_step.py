"""What to do after a clone, and when the access to it expires."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ccsetup.core import clock
from ccsetup.core.command_line import change_to, quote
from ccsetup.core.context import Context
from ccsetup.core.model import Value
from ccsetup.wizard import checkout, installation_offer
from ccsetup.wizard.verify import Claim


def tell(context: Context, directory: Path, claim: Claim, there: Mapping[str, Value | None]) -> None:
    """Show the next step and, if access expires, when it does and what to run then."""
    tell_ready(context, directory, claim.way.via)
    tell_end(context, claim, there)


def tell_ready(context: Context, directory: Path, via: str) -> None:
    """Show that the clone is ready, and the command to copy, on a line of its own."""
    needs = installation_offer.before_git(context, via)
    context.screen.say(f" Ready. {needs or 'git pull and git push work as usual in the clone.'}")
    if directory != context.cwd:
        context.screen.say(f"   {change_to(checkout.shown(context, directory))}")


def tell_end(context: Context, claim: Claim, there: Mapping[str, Value | None]) -> None:
    """Show when access expires and what to run then."""
    ends = str(there.get("ccsetup_expires_at") or "")
    if claim.start or there.get("login_session"):
        context.screen.say(f" When the sign-in expires: ccsetup login {quote(claim.profile)}")
    elif ends:
        expire = f"expire {clock.when(ends, context.now())}"
        context.screen.say(f" The credentials {expire}. To renew them: ccsetup login {quote(claim.profile)}")
    elif there.get("mfa_serial"):
        context.screen.say(f" When the MFA session expires: ccsetup login {quote(claim.profile)}")
