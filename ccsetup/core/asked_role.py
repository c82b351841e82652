"""Which role, in which account, AWS was asked for when it refused, as far as AWS's message or the profiles tell."""

from __future__ import annotations

import re

from ccsetup.core.lazy_regex import later
from ccsetup.core.profile_chain import chain, holder

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than a call
if TYPE_CHECKING:
    from collections.abc import Mapping

    Profiles = Mapping[str, Mapping[str, object]]

_ROLE = later(r"\barn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]*[\w+=,@-]", re.ASCII)


def named(operation: str, message: str, profiles: Profiles, name: str) -> str:
    """Return the role of a refused call for a profile: an ARN, or a permission set and its account; "" if unknown."""
    if operation == "GetRoleCredentials":
        there = profiles.get(holder(profiles, name), {})
        role, account = there.get("sso_role_name", ""), there.get("sso_account_id", "")
        return f"the role {role} in account {account}" if role and account else ""
    if not operation.startswith("AssumeRole"):
        return ""
    if told := _ROLE.findall(message):
        return str(told[-1])  # after the caller's
    way = chain(profiles, name)
    if operation == "AssumeRoleWithWebIdentity":
        way = [there for there in way if "web_identity_token_file" in there]
    arns = [str(there["role_arn"]) for there in way if there.get("role_arn")]
    return arns[0] if len(arns) == 1 else ""
