"""What a sign-in has instead of a role that it doesn't have: its roles in the account, or else its accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ccsetup.core.context import Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Choice, Expected
from ccsetup.core.text import did_you_mean

_NAMED = 12  # the most roles or accounts listed by name


class Lists(Protocol):
    """Lists a sign-in's accounts, and its roles in one of them."""

    def accounts(self, start: Start) -> Sequence[Choice]:
        """List the accounts."""

    def roles(self, start: Start, account_id: str) -> Sequence[Choice]:
        """List the roles in an account."""


def instead_of(lists: Lists, start: Start, wanted: Expected) -> str:
    """Return a sentence with what a sign-in has, "" if it has the wanted role, none is known, or AWS doesn't tell."""
    account = wanted.account_id
    if not account:
        return ""
    try:
        accounts = [it.value for it in lists.accounts(start)]
        if account not in accounts:
            return f"Your sign-in isn't for account {account}. It has: {_listed(accounts)}."
        roles = [it.value for it in lists.roles(start, account)]
    except Problem:
        return ""
    if wanted.role in roles:
        return ""
    hint = did_you_mean(wanted.role, roles, 1)
    return f"Your sign-in's roles in account {account}: {_listed(roles)}. {hint}".rstrip()


def _listed(names: Sequence[str]) -> str:
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *more]) or "none"
