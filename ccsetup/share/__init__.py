"""Sharing a repository, for administrators: turns one arrangement into the documents for both accounts.

Not here: the calls to IAM (`aws`), and the team file's format (`team`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import unified_diff
from typing import Any

from ccsetup.share import cloudformation, policies, readme, script, teamfile, terraform
from ccsetup.share.arrangement import Arrangement, Trust

__all__ = ["Arrangement", "Trust", "difference", "documents", "pretty"]


def documents(it: Arrangement, with_terraform: bool = False) -> dict[str, str]:
    """Return the files of an arrangement: file name in the folder, and text."""
    found = {
        "account-a-permissions.json": pretty(policies.permissions(it)),
        "account-a-trust.json": pretty(policies.trust(it)),
    }
    found["account-a.template.json"] = pretty(cloudformation.owner(it))
    if it.assumed:
        found["account-b-assume-role.json"] = pretty(policies.assume(it))
        found["account-b.template.json"] = pretty(cloudformation.people(it))
    if with_terraform:
        found["terraform/account-a/main.tf"] = terraform.owner(it)
    if with_terraform and it.assumed:
        found["terraform/account-b/main.tf"] = terraform.people(it)
    found["apply.sh"] = script.text(it)
    if told := teamfile.text(it):
        found[teamfile.NAME] = told
    found["README.md"] = readme.text(it, tuple(sorted(found)))
    return found


def pretty(document: Mapping[str, Any]) -> str:
    """Return a document as text: two spaces of indent, keys in their order, one newline at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def difference(name: str, before: str | None, after: str | None) -> str:
    """Return the unified diff of a document; "" if nothing differs."""
    old, new = ((text or "").splitlines() for text in (before, after))
    was, becomes = ("/dev/null" if text is None else name for text in (before, after))
    return "\n".join(unified_diff(old, new, was, becomes, lineterm=""))
