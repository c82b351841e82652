"""What single sign-on needs: an sso-session (or a legacy profile) with a URL and a region, and a scope for accounts.

Imports almost nothing, since git's helpers ask it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than a call
if TYPE_CHECKING:
    from collections.abc import Mapping

    Settings = Mapping[str, object]

SCOPE = "sso:account:access"
WHO = ("sso_account_id", "sso_role_name")
WHERE = ("sso_start_url", "sso_region")


def fault(there: Settings, sessions: Mapping[str, Settings]) -> tuple[str, str] | None:
    """Return why a profile can't sign in, whatever AWS says: the code of a finding and a sentence; None if it can."""
    if "sso_session" not in there:
        return _fault(there, "The profile") if any(key in there for key in WHO) else None
    name = str(there["sso_session"])
    session = sessions.get(name)
    if session is None:
        return "sso.session-missing", f"The sso-session {name} doesn't exist." if name else "sso_session is empty."
    if not any(key in there for key in WHO):
        return None
    lacking = f"The sso-session {name} doesn't request the scope {SCOPE}." if lacks_scope(session) else ""
    return _fault(session, f"The sso-session {name}") or (("sso.scopes", lacking) if lacking else None)


def _fault(where: Settings, what: str) -> tuple[str, str] | None:
    if lacking := missing(where):
        return "sso.incomplete", f"{what} has no {' or '.join(lacking)}."
    if not str(where["sso_start_url"]).strip():
        return "sso.url", f"{what} has an empty sso_start_url."
    return None


def missing(where: Settings) -> list[str]:
    """Return which of the settings that say where to sign in don't exist. An empty region counts as missing, too."""
    return [key for key in WHERE if key not in where or (key == "sso_region" and not str(where[key]).strip())]


def scopes(session: Settings) -> list[str]:
    """Return the scopes that an sso-session requests, none if it leaves that to the SDKs."""
    return str(session.get("sso_registration_scopes", "")).replace(",", " ").split()


def lacks_scope(session: Settings) -> bool:
    """Return whether the sign-in of an sso-session can't get the credentials of a role."""
    requested = scopes(session)
    return bool(requested) and SCOPE not in requested
