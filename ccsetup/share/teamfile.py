"""Turns an arrangement into the team file that sets up a developer with one command and one confirmation."""

from __future__ import annotations

from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.share.arrangement import Arrangement
from ccsetup.team import file, rules
from ccsetup.team.file import Entry, Place, Team

NAME = "team.ini"


def text(it: Arrangement) -> str:
    """Return the team file; "" if a team file can't express the arrangement.

    Personal answers are left for each developer: the MFA device, a token, and the source profile unless the start URL
    is known. The same goes for an external ID that looks like a secret.
    """
    for told in (it, it._replace(external_id="")):
        try:
            return file.text(_team(told))
        except Problem:
            continue
    return ""


def _team(it: Arrangement) -> Team:
    kind, label = _way(it)
    answers = {"role_arn": it.role_arn, "external_id": it.external_id, "region": it.region, "profile": it.profile}
    kept = {key: value for key, value in answers.items() if value}
    kept |= {"mfa_serial": ""} if it.assumed and not it.mfa else {}  # not needed, so don't ask
    kept |= {"source_profile": it.source_profile} if it.source_profile else {}
    access = "read" if it.read_only else "read and write"
    note = (
        f"The role {it.role} gives you {access} access. If access is denied, send the message from ccsetup to the"
        " person who sent you this file."
    )
    if it.session_name:
        note = f"{note} Session names must look like {it.session_name}."
    entry = Entry("default", label, kind, kept)
    name = f"{it.stem[: rules.LINE - len(', shared')]}, shared"
    return Team(name, (entry, *_sign_in(it)), tuple(Place(one.repository, _folder(one)) for one in it.each), note)


def _sign_in(it: Arrangement) -> tuple[Entry, ...]:
    """Return the access for the source profile, if the start URL is known."""
    told = {
        "sso_start_url": it.start_url,
        "sso_region": it.sso_region,
        "sso_account_id": "" if it.also_people else it.people,
    }
    told |= {"sso_role_name": it.permission_set, "region": it.region, "profile": it.source_profile}
    kept = {key: value for key, value in told.items() if value}
    return (Entry("sign-in", "Single sign-on", "sso", kept),) if it.start_url else ()


def _way(it: Arrangement) -> tuple[str, str]:
    """Return the kind of access that developers use, and its label."""
    if it.assumed:
        where = f"in account {it.owner}{' (requires MFA)' if it.mfa else ''}"
        long = f"Role {it.role} {where}"
        return "role", long if len(long) <= rules.LINE else f"A role {where}"
    if any(trust.kind == "oidc" for trust in it.trusts):
        return "oidc", "OIDC token"
    return "saml", "SAML sign-in"


def _folder(it: Arrangement) -> str:
    """Return the folder to clone into; "" if it is the repository's own name."""
    try:
        rules.own_folder(it.repository)
    except BadAnswer:
        return f"shared-{it.profile}"
    return ""
