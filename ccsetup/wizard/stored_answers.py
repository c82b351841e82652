"""The settings of an existing profile as answers, so that setup begins with them and a flag changes one thing."""

from __future__ import annotations

from collections.abc import Mapping

from ccsetup import access
from ccsetup.core.errors import Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Value


def of_profile(look: Look, name: str, kind: str = "") -> Mapping[str, Value]:
    """Return the answers that recreate a profile, its kind among them; none if it is of another kind than `kind`.

    Answers that must be new, for example an access key or an MFA code, aren't among them.
    """
    there = look.profiles.get(name)
    found = access.owner(there) if there else None
    if there is None or found is None or found.name in ("existing", "machine") or kind not in ("", found.name):
        return {}
    session = look.sessions.get(there.get("sso_session", ""), {})
    try:
        answers = found.again(name, {**session, **there})
    except (Problem, LookupError, ValueError):
        return {}  # incomplete settings are asked for
    return {key: value for key, value in answers.items() if key != "profile"}
