"""Who comes to the demo: what each visitor was sent, what they answer, and a coach for a person who plays one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ccsetup.core.context import Prompt, Screen
from ccsetup.core.model import Asked, Back, Secret
from ccsetup.sandbox import Sandbox, example

KINDS = ("sso", "role", "mfa", "oidc", "keys")


@dataclass(frozen=True)
class Card:
    """One visitor: the message they were sent, and their answer to each question whose default will not do.

    `own` is what they have beside the file where their team sends one.
    """

    letter: str
    answers: Mapping[str, str | Callable[[], str]]
    own: str = ""


def cards(sandbox: Sandbox, folder: Path) -> dict[str, Card]:
    """Return a card for each kind of access; the OIDC visitor's token is written into the demo's home."""
    state = sandbox.state
    own = next(keys for keys in state.keys.values() if keys.caller.arn == example.MARIA)
    serial = state.device("maria").serial
    access, trusted = example.role_arn("CodeCommitAccess"), example.role_arn("CodeCommitOidc")
    three = state.temporary_keys(access, "maria", 12 * 3600)
    token = folder / "home" / "token.jwt"
    token.write_text(state.web_identity_token(), encoding="utf-8")
    long_term = {"kind": "keys", "access_key_id": own.access_key_id, "secret_access_key": own.secret_access_key}
    nested = {f"source.{key}": value for key, value in {**long_term, "profile": "maria"}.items()}
    shared = {"region": example.REGION, "repo": "MySharedDemoRepo"}
    pair = f"{own.access_key_id} and {own.secret_access_key}"
    triple = f"{three.access_key_id}, {three.secret_access_key} and {three.session_token}"
    return {
        "sso": Card(
            f"Sign in at {example.START_URL} (region {example.SSO_REGION}). Your role in account {example.CODE} is"
            " Developer; the repository is MySharedDemoRepo in us-east-2.",
            {
                "kind": "sso",
                "sso_start_url": example.START_URL,
                "sso_region": example.SSO_REGION,
                "sso_account_id": example.CODE,
                "sso_role_name": "Developer",
                "profile": "acme-dev",
                **shared,
            },
        ),
        "role": Card(
            f"The repository MySharedDemoRepo (us-east-2) is in another account: assume {access}. Your own keys are"
            f" {pair}.",
            {"kind": "role", "role_arn": access, "source_profile": "+", **nested, **shared},
            f"Your own keys are {pair}.",
        ),
        "mfa": Card(
            f"people-tools (us-east-2) is in our own account and wants an MFA code. Your keys are {pair}, your"
            f" device is {serial}.",
            {
                "kind": "mfa",
                "source_profile": "+",
                **nested,
                "mfa_serial": serial,
                "mfa_code": lambda: state.mfa_code(serial),
                "region": example.REGION,
                "repo": "people-tools",
            },
            f"Your keys are {pair}, your device is {serial}.",
        ),
        "oidc": Card(
            f"The pipeline's token is in {token}; the role for MySharedDemoRepo (us-east-2) is {trusted}.",
            {"kind": "oidc", "role_arn": trusted, "web_identity_token_file": str(token), **shared},
            f"Your token is in {token}.",
        ),
        "keys": Card(
            f"For MySharedDemoRepo (us-east-2), until tonight: {triple}",
            {
                "kind": "keys",
                "access_key_id": three.access_key_id,
                "secret_access_key": three.secret_access_key,
                "session_token": three.session_token,
                **shared,
            },
            f"Your keys until tonight are {triple}.",
        ),
    }


class Visitor:
    """Plays a new colleague: answers from a card, else what is offered, and shows both as a person would see them."""

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
    """Asks the person, and says what Maria's device shows when a code is wanted."""

    def __init__(self, prompt: Prompt, sandbox: Sandbox) -> None:
        self._prompt, self._state = prompt, sandbox.state

    def ask(self, asked: Asked) -> str | Secret | Back:
        """Ask one question."""
        if asked.key.endswith("mfa_code"):
            code = self._state.mfa_code(self._state.device("maria").serial)
            asked = asked._replace(notice=f"{asked.notice} Maria's device shows {code}.".strip())
        return self._prompt.ask(asked)
