"""The demo's visitors: the message that each was sent, their answers, and help for a person who plays one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from urllib.request import urlopen

from ccsetup.core.arn import account_in
from ccsetup.core.context import Prompt
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Asked, Back, Choice, Corrected, Secret
from ccsetup.sandbox import Sandbox, State, demo_data, policy_engine
from ccsetup.sandbox.demo_data import BROKER, CODE, ISSUER, MARIA, PEOPLE, REGION, SAML_PROVIDER, SSO_REGION, role_arn
from ccsetup.sandbox.identity_center import Center, SignIn
from ccsetup.sandbox.resources import Keys
from ccsetup.team.contents import Entry, Place, Team

if TYPE_CHECKING:
    from ccsetup.core.context import Screen

PERSON = {"git_name": "Maria Garcia", "git_email": "maria@acme.example"}  # whom each visitor plays
KINDS = ("sso", "role", "mfa", "keys", "console", "oidc", "saml", "federation", "machine", "existing")


@dataclass(frozen=True)
class Card:
    """One visitor: the message they were sent, and their answers to questions where the default isn't right.

    `own` is the message that comes with a team file. `told` says whether the wizard can read the kind of access in the
    message. `begin` prepares the computer for this visitor, and returns the environment variables to add.
    """

    letter: str
    answers: Mapping[str, str | Callable[[], str]]
    own: str = ""
    told: bool = True
    begin: Callable[[], Mapping[str, str]] = field(default=dict)


def cards(sandbox: Sandbox, folder: Path) -> dict[str, Card]:
    """Return a card for each kind of access. Tokens and assertions are written to the demo's home folder."""
    state, home = sandbox.state, folder / "home"
    own, broker = state.user_keys(MARIA), state.user_keys(BROKER)
    serial = state.device("maria").serial
    access, trusted = role_arn("CodeCommitAccess"), role_arn("CodeCommitOidc")
    three = state.temporary_keys(access, "maria", 12 * 3600)
    token = home / "token.jwt"
    token.write_text(state.web_identity_token(), encoding="utf-8")
    response = home / "saml-response.txt"
    assertion = state.saml_assertion(f"{role_arn('CodeCommitSaml')},{SAML_PROVIDER}", lasts_s=3600)
    response.write_text(assertion, encoding="utf-8")
    nested = _nested(own, "maria")
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
        "console": Card(
            f"Sign in to the AWS console at https://{demo_data.CODE}.signin.aws.amazon.com/console. Your user name is "
            "carla. The repository is MySharedDemoRepo in us-east-2.",
            {
                "kind": "console",
                "account_id": demo_data.CODE,
                "profile": "acme-console",
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
        "saml": Card(
            f"Your SAML response is in {response}. The repository is MySharedDemoRepo in us-east-2.",
            {"kind": "saml", "saml_assertion": str(response), **shared},
        ),
        "federation": Card(
            f"Your access key is {broker.access_key_id} and {broker.secret_access_key}. Restrict it to the repository"
            " MySharedDemoRepo (us-east-2): aws sts get-federation-token --name maria",
            {
                "kind": "federation",
                "source_profile": "+",
                **_nested(broker, "broker"),
                "federated_name": "maria",
                **shared,
            },
        ),
        "machine": Card(
            "You're on our build machine. Its own role can use the repository people-tools in us-east-2.",
            {"kind": "machine", "role_arn": "", "region": demo_data.REGION, "repo": "people-tools"},
            told=False,
            begin=lambda: _on_a_machine(sandbox),
        ),
        "existing": Card(
            "Use the profile maria-code to clone MySharedDemoRepo (us-east-2).",
            {"kind": "existing", "profile": "maria-code", **shared},
            begin=lambda: _with_a_profile(own, access, home),
        ),
    }


def _nested(keys: Keys, profile: str) -> dict[str, str]:
    """Return the answers of a source profile with an IAM user's long-term credentials."""
    long_term = {"kind": "keys", "access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key}
    return {f"source.{key}": value for key, value in {**long_term, "profile": profile}.items()}


def _on_a_machine(sandbox: Sandbox) -> Mapping[str, str]:
    """Give this computer a role."""
    sandbox.state.attach(role_arn("BuildMachine", PEOPLE))
    return sandbox.machine_environment()


def _with_a_profile(keys: Keys, role: str, home: Path) -> Mapping[str, str]:
    """Write the profile maria-code, which assumes a role with the credentials of the profile maria."""
    (home / ".aws").mkdir(mode=0o700)
    (home / ".aws" / "credentials").write_text(
        f"[maria]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    )
    (home / ".aws" / "config").write_text(
        f"[profile maria-code]\nrole_arn = {role}\nsource_profile = maria\nregion = {REGION}\n"
    )
    (home / ".aws" / "credentials").chmod(0o600)
    return {}


class Visitor:
    """Plays a new colleague: answers from a card or with the default, and shows question and answer."""

    def __init__(self, card: Card, screen: Screen) -> None:
        self._card, self._screen = card, screen

    def ask(self, asked: Asked) -> str | Secret | Back:
        """Answer one question."""
        answer = self._card.answers.get(asked.key, PERSON.get(asked.key, asked.default))
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
    """Asks the person who plays a visitor. What the visitor was sent is filled in already."""

    def __init__(self, prompt: Prompt, sandbox: Sandbox, card: Card) -> None:
        self._prompt, self._state, self._card = prompt, sandbox.state, card

    def ask(self, asked: Asked) -> str | Secret | Back:
        """Ask one question."""
        if asked.key == "kind" and any(choice.value == self._card.answers["kind"] for choice in asked.choices):
            return self._first(asked)
        if asked.key.endswith("mfa_code"):
            code = self._state.mfa_code(self._state.device("maria").serial)
            return self._prompt.ask(asked._replace(notice=f"{asked.notice} Your MFA device shows {code}.".strip()))
        known = self._card.answers.get(asked.key, PERSON.get(asked.key))
        if asked.key == "kind":
            known = self._card.letter if self._card.told else None
        if isinstance(known, str) and not asked.default and not asked.choices:
            asked = asked._replace(default=known)
        return self._prompt.ask(asked)

    def _first(self, asked: Asked) -> str | Secret | Back:
        """Offer to paste the message, or the kind of access that it is about, before the whole list."""
        kind = str(self._card.answers["kind"])
        label = next((choice.label for choice in asked.choices if choice.value == kind), kind)
        offered = Choice(self._card.letter, "Paste the message above") if self._card.told else Choice(kind, label)
        ways = (offered._replace(hint="press Enter"), Choice(_ALL, "Something else", "all kinds of access"))
        answer = self._prompt.ask(asked._replace(choices=ways, default="", help="", later=None, parse=_any(asked)))
        return self._prompt.ask(asked) if answer == _ALL else answer


_ALL = "all"  # not a kind: the whole list


def _any(asked: Asked) -> Callable[[str], str | Corrected]:
    return lambda text: text if text == _ALL else asked.parse(text)


def browse(state: State, page: str, pause: Callable[[float], bool]) -> bool:
    """Open the page of a sign-in to the console, and approve it once `pause` returns True, as the visitor would.

    `pause` waits for some seconds. In the sandbox, the page may also be approved by itself, or in a browser.
    """
    with urlopen(page) as answer:  # noqa: S310 — the sandbox's own page
        answer.read()
    visit = list(state.console.visits.values())[-1]
    while all(it.status == "pending" for it in list(state.console.visits.values()) if it.state == visit.state):
        if pause(0.5):
            form = urlencode({"request": visit.code, "answer": "approve"}).encode()
            with urlopen(page.partition("?")[0], form) as answer:  # noqa: S310
                answer.read()
    return True


def approve(center: Center) -> None:
    """Approve every sign-in with a code that is waiting, as the visitor would in a browser."""
    for sign_in in waiting(center):
        center.approve(sign_in.user_code)


def waiting(center: Center) -> list[SignIn]:
    """Return the sign-ins with a code that nobody has approved or denied."""
    return [it for it in list(center.sign_ins.values()) if it.user_code and it.status == "pending"]


PLAYED = ("sso", "role", "mfa", "oidc", "keys")  # in team files


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
