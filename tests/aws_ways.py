"""Every way a profile leads to credentials, as settings: written to files or only planned; and a home to do it in."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider
from conftest import stripped

from ccsetup.aws.client import Aws
from ccsetup.aws.sso.token_cache import Token, token_name, token_text
from ccsetup.core.context import Start
from ccsetup.core.model import Keys, Secret, Value, Who
from ccsetup.sandbox import Sandbox, State, policy_engine, resources
from ccsetup.sandbox.demo_data import CODE, EXTERNAL_ID, MARIA, NOBODY, PEOPLE, REGION, SSO_REGION, START_URL, role_arn

Settings = dict[str, str]
SECRETS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
SSO_SESSION = {"sso_start_url": START_URL, "sso_region": SSO_REGION, "sso_registration_scopes": "sso:account:access"}


@dataclass
class Way:
    """Profiles, one of them `dev`; sso-sessions; variables it needs; and the ARN that answers without its session."""

    arn: str
    dev: Settings
    more: dict[str, Settings] = field(default_factory=dict)
    sessions: dict[str, Settings] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    @property
    def profiles(self) -> dict[str, Settings]:
        return {"dev": self.dev, **self.more}

    def who(self, mfa_code: str = "") -> Who:
        """Return the Who that has these settings before they are written, secrets as Secrets."""
        hidden: dict[str, dict[str, Value]] = {
            name: {key: Secret(value) if key in SECRETS[1:] else value for key, value in settings.items()}
            for name, settings in self.profiles.items()
        }
        return Who("dev", REGION, hidden, self.sessions, mfa_code, chosen=True)


def keys_of(keys: resources.Keys) -> Settings:
    """Return the sandbox's keys as a profile holds them."""
    values = (keys.access_key_id, keys.secret_access_key, keys.session_token)
    return {name: value for name, value in zip(SECRETS, values, strict=True) if value}


def maria(state: State) -> Settings:
    """Return Maria's long-term keys."""
    return keys_of(state.user_keys(MARIA))


def assumed(name: str, account_id: str = CODE) -> str:
    """Return the beginning of a role session's ARN."""
    return f"arn:aws:sts::{account_id}:assumed-role/{name}/"


def role(name: str, source: str = "people", **more: str) -> Settings:
    """Return a profile that assumes one of the cast's roles."""
    return {"role_arn": role_arn(name), **({"source_profile": source} if source else {}), **more}


def sso(state: State, home: Path, account_id: str = CODE) -> Settings:
    """Return a profile of single sign-on, signed in a moment ago."""
    token = state.center.sign_in(START_URL)
    start = Start(START_URL, SSO_REGION, "acme")
    path = home / ".aws" / "sso" / "cache" / token_name(start)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(token_text(Token(Secret(token.value), token.expires, START_URL, SSO_REGION)))
    return {"sso_session": "acme", "sso_account_id": account_id, "sso_role_name": "Developer"}


def token_file(state: State, home: Path, text: str = "") -> str:
    """Write an OIDC token to a file; return its path."""
    path = home / "token"
    path.write_text(text or state.web_identity_token())
    return str(path)


def process(home: Path, keys: Settings) -> str:
    """Return a credential_process that prints keys."""
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    told = {"Version": 1, **dict(zip(names, keys.values(), strict=False))}
    script = home / "print_keys.py"
    script.write_text(f"print({json.dumps(told)!r})")
    return f"{sys.executable} {script}"


def _chain(state: State) -> Way:
    hop = state.add_role(CODE, "CodeCommitHop", policy_engine.trust(PEOPLE), policy_engine.allow("sts:AssumeRole"))
    state.add_role(CODE, "Last", policy_engine.trust(CODE), policy_engine.allow("codecommit:*"))
    more = {"hop": {"role_arn": hop.arn, "source_profile": "people"}, "people": maria(state)}
    return Way(assumed("Last"), role("Last", "hop", role_session_name="maria"), more)


def _web_source(state: State, home: Path) -> Way:
    state.set_policies(role_arn("CodeCommitOidc"), policy_engine.allow("sts:AssumeRole"))
    state.add_role(CODE, "Last", policy_engine.trust(CODE), policy_engine.allow("codecommit:*"))
    more = {"ci": role("CodeCommitOidc", "", web_identity_token_file=token_file(state, home))}
    return Way(assumed("Last"), role("Last", "ci"), more)


def _set(name: str, account_id: str) -> str:
    return f"arn:aws:sts::{account_id}:assumed-role/AWSReservedSSO_{name}_"


WAYS: dict[str, Callable[[State, Path], Way]] = {
    "long-term keys": lambda state, home: Way(MARIA, maria(state)),
    "temporary keys": lambda state, home: Way(
        assumed("CodeCommitAccess"), keys_of(state.temporary_keys(role_arn("CodeCommitAccess")))
    ),
    "a role": lambda state, home: Way(assumed("CodeCommitAccess"), role("CodeCommitAccess"), {"people": maria(state)}),
    "a role with an external id": lambda state, home: Way(
        assumed("CodeCommitExternal"), role("CodeCommitExternal", external_id=EXTERNAL_ID), {"people": maria(state)}
    ),
    "a role with a name and a duration": lambda state, home: Way(
        assumed("CodeCommitAccess") + "maria",
        role("CodeCommitAccess", role_session_name="maria", duration_seconds="7200"),
        {"people": maria(state)},
    ),
    "a role that is its own source": lambda state, home: Way(
        assumed("CodeCommitAccess"), {**role("CodeCommitAccess", "dev"), **maria(state)}
    ),
    "a role whose source has keys and a role": lambda state, home: Way(
        assumed("CodeCommitAccess"),
        role("CodeCommitAccess", "both"),
        {"both": {**role("Stranger"), **maria(state)}, "people": maria(state)},
    ),
    "a role from a role": lambda state, home: _chain(state),
    "a role from the environment": lambda state, home: Way(
        assumed("CodeCommitAccess"),
        role("CodeCommitAccess", "", credential_source="Environment"),
        env={name.upper(): value for name, value in maria(state).items()},
    ),
    "single sign-on": lambda state, home: Way(
        _set("Developer", CODE), sso(state, home), sessions={"acme": SSO_SESSION}
    ),
    "a role from single sign-on": lambda state, home: Way(
        assumed("CodeCommitAccess"),
        role("CodeCommitAccess", "base"),
        {"base": sso(state, home, PEOPLE)},
        {"acme": SSO_SESSION},
    ),
    "a token file": lambda state, home: Way(
        assumed("CodeCommitOidc"),
        role("CodeCommitOidc", "", web_identity_token_file=token_file(state, home), role_session_name="maria"),
    ),
    "a token file without a session name": lambda state, home: Way(
        assumed("CodeCommitOidc"), role("CodeCommitOidc", "", web_identity_token_file=token_file(state, home))
    ),
    "a token file with a duration that SDKs ignore": lambda state, home: Way(
        assumed("CodeCommitOidc"),
        role("CodeCommitOidc", "", web_identity_token_file=token_file(state, home), duration_seconds="43200"),
    ),
    "a role from a token file": _web_source,
    "a program": lambda state, home: Way(MARIA, {"credential_process": process(home, maria(state))}),
    "a role from a program": lambda state, home: Way(
        assumed("CodeCommitAccess"),
        role("CodeCommitAccess", "printed"),
        {"printed": {"credential_process": process(home, maria(state))}},
    ),
}


@dataclass
class Place:
    """A sandbox, a home, and the adapter that acts there. `asked` is what sso_keys was asked for."""

    sandbox: Sandbox
    home: Path
    asked: list[tuple[Start, str, str]] = field(default_factory=list)

    @property
    def state(self) -> State:
        return self.sandbox.state

    def aws(self) -> Aws:
        """Return the adapter of a fresh run."""
        return Aws(self.home, self._sso_keys)

    def _sso_keys(self, start: Start, account_id: str, name: str) -> Keys:
        self.asked.append((start, account_id, name))
        arn = next(r.arn for r in self.state.roles.values() if f"_{name}_" in r.arn and r.account_id == account_id)
        keys = self.state.temporary_keys(arn)
        return Keys(keys.access_key_id, Secret(keys.secret_access_key), Secret(keys.session_token), keys.expires)

    def write(self, way: Way) -> None:
        """Write a way's settings to the files: keys into credentials, the rest into config."""
        config, credentials = "", ""
        for name, settings in way.profiles.items():
            config += f"[profile {name}]\n" + _lines({k: v for k, v in settings.items() if k not in SECRETS})
            if "aws_access_key_id" in settings:
                credentials += f"[{name}]\n" + _lines({k: v for k, v in settings.items() if k in SECRETS})
        for name, settings in way.sessions.items():
            config += f"[sso-session {name}]\n" + _lines(settings)
        self.files(config, credentials)

    def files(self, config: str = "", credentials: str = "") -> None:
        """Write the two files; an empty one is not there."""
        (self.home / ".aws").mkdir(exist_ok=True)
        for name, text in (("config", config), ("credentials", credentials)):
            if text:
                (self.home / ".aws" / name).write_text(text)

    def noise(self) -> dict[str, str]:
        """Return variables that speak of somebody else and must change nothing."""
        nobody = keys_of(self.state.user_keys(NOBODY))
        return {
            "AWS_PROFILE": "somebody-else",
            "AWS_DEFAULT_PROFILE": "somebody-else",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ROLE_ARN": role_arn("Stranger"),
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token",
            "AWS_MAX_ATTEMPTS": "9",
            **{name.upper(): value for name, value in nobody.items()},
        }


def _lines(settings: Mapping[str, str]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in settings.items())


def settle(monkeypatch: pytest.MonkeyPatch, home: Path, *environments: Mapping[str, str]) -> None:
    """Move this process into a home of its own, with none of anybody's variables but these."""
    home.mkdir(exist_ok=True)
    for name in set(os.environ) - set(stripped(os.environ)):
        monkeypatch.delenv(name)
    own = {"HOME": str(home), "USERPROFILE": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
    for variables in (own, *environments):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
    for reader in (SSOProvider, SSOTokenProvider):  # these take the home as it was when they were imported
        monkeypatch.setattr(reader, "_SSO_TOKEN_CACHE_DIR", str(home / ".aws" / "sso" / "cache"))
