"""A team file played in the sandbox: the sign-ins, roles and repositories that it names are put up there for Maria."""

from __future__ import annotations

from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer
from ccsetup.sandbox import State, policy
from ccsetup.sandbox.example import CODE, ISSUER, MARIA, PEOPLE, REGION, SSO_REGION
from ccsetup.team.file import Entry, Place, Team

PLAYED = ("sso", "role", "mfa", "oidc", "keys")


def put_up(state: State, team: Team) -> None:
    """Add what a team file names and the cast has not. Raises BadAnswer for a kind that the demo cannot play."""
    accounts = {entry.name: _access(state, entry) for entry in team.entries}
    first = team.entries[0]
    by_name = {entry.name: entry for entry in team.entries}
    for place in team.repositories:
        entry = by_name.get(place.access, first)
        _repository(state, accounts[entry.name], place, entry)


def _access(state: State, entry: Entry) -> str:
    """Put up one way in; return the account that its repositories are in."""
    if entry.kind not in PLAYED:
        raise BadAnswer(f"The demo plays {', '.join(PLAYED)}, and {entry.name} of the team file is {entry.kind}.")
    if entry.kind == "sso":
        return _sso(state, entry)
    arn = entry.answers.get("role_arn", "")
    if entry.kind in ("role", "oidc") and arn:
        account = validate.arn_account(arn)
        state.add_account(account, f"Account {account}")
        if arn not in state.roles:
            _role(state, entry, account, arn)
        return account
    return PEOPLE if entry.kind == "mfa" else CODE


def _sso(state: State, entry: Entry) -> str:
    told = entry.answers
    url, account, role = (told.get(key, "") for key in ("sso_start_url", "sso_account_id", "sso_role_name"))
    account, role = account or CODE, role or "Developer"
    state.add_account(account, f"Account {account}")
    if url and url not in state.center.instances:
        state.center.add_instance(url, told.get("sso_region", SSO_REGION), "maria")
    there = {(it.start_url, it.account_id, it.name) for it in state.center.assignments}
    if url and (url, account, role) not in there:
        state.center.assign(url, account, role, policy.allow("codecommit:*"), policy.allow("sts:AssumeRole"))
    return account


def _role(state: State, entry: Entry, account: str, arn: str) -> None:
    """Add a role that Maria may take: with her own keys and every sign-in, or with her token."""
    path, _, name = arn.partition(":role/")[2].rpartition("/")
    if entry.kind == "oidc":
        provider = state.add_provider(account, ISSUER, "sts.amazonaws.com")
        trust = policy.trust_oidc(provider.arn, aud="sts.amazonaws.com", sub="repo:acme/*")
    else:
        wanted = entry.answers.get("external_id", "")
        trust = policy.trust(*state.accounts, external_id=wanted, mfa=bool(entry.answers.get("mfa_serial")))
        state.set_policies(MARIA, *state.user(MARIA).policies, policy.allow("sts:AssumeRole", on=arn))
    state.add_role(account, name, trust, policy.allow("codecommit:*"), path=f"/{path}/" if path else "/")


def _repository(state: State, account: str, place: Place, entry: Entry) -> None:
    region = place.region or entry.answers.get("region") or REGION
    known = {(account_id, name) for account_id, _, name in state.repositories}
    if (account, place.name) not in known:
        branches = tuple(dict.fromkeys(("main", place.branch or "main")))
        state.add_repository(account, region, place.name, commits=3, branches=branches)
