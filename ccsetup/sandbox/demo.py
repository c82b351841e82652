"""The demo's visitors: the message each was sent, their answers, and help for a person who plays one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ccsetup.core.arn import account_in
from ccsetup.core.context import Prompt
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Asked, Back, Secret
from ccsetup.sandbox import Sandbox, State, demo_data, policy_engine
from ccsetup.sandbox.demo_data import CODE, ISSUER, MARIA, PEOPLE, REGION, SSO_REGION
from ccsetup.team.contents import Entry, Place, Team

if TYPE_CHECKING:
    from ccsetup.core.context import Screen

KINDS = ("sso", "role", "mfa", "oidc", "keys")


@dataclass(frozen=True)
class Card:
    """One visitor: the message they were sent, and their answers to questions where the default isn't right.

    `own` is the message that comes with a team file.
    """

    letter: str
    answers: Mapping[str, str | Callable[[], str]]
    own: str = ""


def cards(sandbox: Sandbox, folder: Path) -> dict[str, Card]:
    """Return a card for each kind of access. The OIDC visitor's token is written to the demo's home folder."""
    state = sandbox.state
    own = next(keys for keys in state.keys.values() if keys.caller.arn == demo_data.MARIA)
    serial = state.device("maria").serial
    access, trusted = demo_data.role_arn("CodeCommitAccess"), demo_data.role_arn("CodeCommitOidc")
    three = state.temporary_keys(access, "maria", 12 * 3600)
    token = folder / "home" / "token.jwt"
    token.write_text(state.web_identity_token(), encoding="utf-8")
    long_term = {"kind": "keys", "access_key_id": own.access_key_id, "secret_access_key": own.secret_access_key}
    nested = {f"source.{key}": value for key, value in {**long_term, "profile": "maria"}.items()}
    shared = {"region": demo_data.REGION, "repo": "MySharedDemoRepo"}
    pair = f"{own.access_key_id} and {own.secret_access_key}"
    triple = f"{three.access_key_id}, {three.secret_access_key} and {three.session_token}"
    return {
        "sso": Card(
            f"Sign in at {demo_data.START_URL} (region {demo_data.SSO_REGION}). Your role in account {demo_data.CODE} "
            "is Developer; the repository is MySharedDemoRepo in us-east-2.",
            {
                "kind": "sso",
                "sso_start_url": demo_data.START_URL,
                "sso_region": demo_data.SSO_REGION,
                "sso_account_id": demo_data.CODE,
                "sso_role_name": "Developer",
                "profile": "acme-dev",
                **shared,
            },
        ),
        "role": Card(
            f"The repository MySharedDemoRepo (us-east-2) is in another account: assume {access}. Your access key is"
            f" {pair}.",
            {"kind": "role", "role_arn": access, "source_profile": "+", **nested, **shared},
            f"Your access key is {pair}.",
        ),
        "mfa": Card(
            f"The repository people-tools (us-east-2) is in our own account and requires an MFA code. Your access key"
            f" is {pair}, and your MFA device is {serial}.",
            {
                "kind": "mfa",
                "source_profile": "+",
                **nested,
                "mfa_serial": serial,
                "mfa_code": lambda: state.mfa_code(serial),
                "region": demo_data.REGION,
                "repo": "people-tools",
            },
            f"Your access key is {pair}, and your MFA device is {serial}.",
        ),
        "oidc": Card(
            f"The pipeline's token is in {token}, and the role for MySharedDemoRepo (us-east-2) is {trusted}.",
            {"kind": "oidc", "role_arn": trusted, "web_identity_token_file": str(token), **shared},
            f"Your token is in {token}.",
        ),
        "keys": Card(
            f"Use these credentials for MySharedDemoRepo (us-east-2) until tonight: {triple}",
            {
                "kind": "keys",
                "access_key_id": three.access_key_id,
                "secret_access_key": three.secret_access_key,
                "session_token": three.session_token,
                **shared,
            },
            f"Your credentials, which expire tonight, are {triple}.",
        ),
    }


class Visitor:
    """Plays a new colleague: answers from a card or with the default, and shows question and answer."""

    def __init__(self, card: Card, screen: Screen) -> None:
        self._card, self._screen = card, screen

    def ask(self, asked: Asked) -> str | Secret | Back:
        """Answer one question."""
        answer = self._card.answers.get(asked.key, asked.default)
        text = answer() if callable(answer) else answer
        chosen = next((choice for choice in asked.choices if choice.value == text), None)
        if asked.notice:
            self._screen.say(f"  {asked.notice}")
        shown = "••••••••" if asked.widget == "secret" else chosen.label if chosen else text
        self._screen.say(f"? {asked.ask} {shown}".rstrip())
        if chosen:
            return chosen.value
        parsed = asked.parse(text)
        value = parsed if isinstance(parsed, str) else parsed.value
        return Secret(value) if asked.widget == "secret" else value


class Coach:
    """Asks the person, and shows the code of Maria's MFA device if it is needed."""

    def __init__(self, prompt: Prompt, sandbox: Sandbox) -> None:
        self._prompt, self._state = prompt, sandbox.state

    def ask(self, asked: Asked) -> str | Secret | Back:
        """Ask one question."""
        if asked.key.endswith("mfa_code"):
            code = self._state.mfa_code(self._state.device("maria").serial)
            asked = asked._replace(notice=f"{asked.notice} Your MFA device shows {code}.".strip())
        return self._prompt.ask(asked)


PLAYED = ("sso", "role", "mfa", "oidc", "keys")


def put_up(state: State, team: Team) -> None:
    """Add what a team file names and the example doesn't have. Raises BadAnswer for a kind that isn't in the demo."""
    accounts = {entry.name: _access(state, entry) for entry in team.entries}
    first = team.entries[0]
    by_name = {entry.name: entry for entry in team.entries}
    for place in team.repositories:
        for entry in [by_name[name] for name in place.accesses] or [first]:
            _repository(state, accounts[entry.name], place, entry)


def _access(state: State, entry: Entry) -> str:
    """Add one access entry, and return the account of its repositories."""
    if entry.kind not in PLAYED:
        raise BadAnswer(
            f"The demo supports only the kinds {', '.join(PLAYED)}. The kind of {entry.name} in the team file is"
            f" {entry.kind}."
        )
    if entry.kind == "sso":
        return _sso(state, entry)
    arn = entry.answers.get("role_arn", "")
    if entry.kind in ("role", "oidc") and arn:
        account = account_in(arn)
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
        state.center.assign(
            url, account, role, policy_engine.allow("codecommit:*"), policy_engine.allow("sts:AssumeRole")
        )
    return account


def _role(state: State, entry: Entry, account: str, arn: str) -> None:
    """Add a role that Maria may assume: with her access key and every sign-in, or with her token."""
    path, _, name = arn.partition(":role/")[2].rpartition("/")
    if entry.kind == "oidc":
        provider = state.add_provider(account, ISSUER, "sts.amazonaws.com")
        trust = policy_engine.trust_oidc(provider.arn, aud="sts.amazonaws.com", sub="repo:acme/*")
    else:
        wanted = entry.answers.get("external_id", "")
        trust = policy_engine.trust(*state.accounts, external_id=wanted, mfa=bool(entry.answers.get("mfa_serial")))
        state.set_policies(MARIA, *state.user(MARIA).policies, policy_engine.allow("sts:AssumeRole", on=arn))
    state.add_role(account, name, trust, policy_engine.allow("codecommit:*"), path=f"/{path}/" if path else "/")


def _repository(state: State, account: str, place: Place, entry: Entry) -> None:
    region = place.region or entry.answers.get("region") or REGION
    known = {(account_id, name) for account_id, _, name in state.repositories}
    if (account, place.repo) not in known:
        branches = tuple(dict.fromkeys(("main", place.branch or "main")))
        state.add_repository(account, region, place.repo, commits=3, branches=branches)
