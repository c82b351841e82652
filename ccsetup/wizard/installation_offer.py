"""Offers to install a ccsetup that runs only once, for example with uvx, so that git finds its helper later."""

from __future__ import annotations

from ccsetup.core import installation
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.model import Asked, Choice
from ccsetup.git.transport import REMOTE

_INSTALL = "install"


def offer(context: Context) -> None:
    """Ask whether to install ccsetup, and do it after a yes. Says why if that fails. Raises Cancelled."""
    kept = installation.to_keep(context.env, str(context.home))
    if kept is None or context.prompt is None or context.git.later(REMOTE):
        return
    command, _ = kept
    shown = installation.shown(command)
    choices = (
        Choice(_INSTALL, "Yes, install it", shown),
        Choice("no", "No, only run it once", "git pull and git push need another helper"),
    )
    asked = Asked("install", "Install ccsetup, so that git can use it later?", "choose", choices=choices)
    answer = context.prompt.ask(asked._replace(default=_INSTALL, can_go_back=False))
    if answer != _INSTALL:
        return
    try:
        with context.screen.busy("Installing ccsetup"):
            refused = context.git.install(command)
    except KeyboardInterrupt:
        raise Cancelled from None
    if refused:
        what, later = "ccsetup couldn't be installed.", f"Run it later: {shown}"
        context.screen.problem(Problem(what, why=refused, next=later, code="git.helper-path"))
    else:
        context.screen.done("installed", "ccsetup", shown)


def before_git(context: Context, via: str) -> str:
    """Return what to say before git pull and git push work as usual in a clone, "" if they already do."""
    if via != REMOTE or context.git.later(REMOTE):
        return ""
    how = installation.how_to_install(context.env)
    if installation.is_temporary():
        return f"Before you run git pull or git push, install ccsetup: {how}"
    when = installation.passing_command(context.git.command(REMOTE), context.env)
    return f"git pull and git push work {when}. To use them anywhere: {how}" if when else ""
