"""From an answer to a list is one call to AWS: what it needs is fetched while an earlier question is open."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha1
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from conftest import CleanEnv
from script import LEAVE, FakeGit, Script, context
from terminal import Terminal, program

from ccsetup.aws.client import Aws
from ccsetup.aws.sso.signin import SignIn
from ccsetup.cli.commands import setup
from ccsetup.core import model, regions
from ccsetup.core.concurrency import Early
from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.model import NEW, Asked, Back, Secret
from ccsetup.sandbox import Sandbox, instance_metadata, policy_engine
from ccsetup.sandbox.demo_data import (
    BROKER,
    CODE,
    MARIA,
    PEOPLE,
    REGION,
    SAML_PROVIDER,
    SSO_REGION,
    START_URL,
    role_arn,
)
from ccsetup.sandbox.http import Request, Response
from ccsetup.sandbox.resources import Keys
from ccsetup.sandbox.state import State
from ccsetup.wizard import flow
from ccsetup.wizard.options import Options

SESSION = f"[sso-session acme]\nsso_start_url = {START_URL}\nsso_region = {SSO_REGION}\n"
SIGNED_IN = f"{SESSION}sso_registration_scopes = sso:account:access\n"
SOURCE = ("source_profile", "base")
SOURCE_OF_SOURCE = ("source.source_profile", "base")


class Slow(Script):
    """Takes so long for every answer that what runs in the background is done, and notes the calls until a question.

    What runs in the background begins once a question is open, or once its result is waited for, which counts as a call
    that the user waits for: so the calls are the same whichever thread is faster.
    """

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *steps: tuple[str, object]) -> None:
        super().__init__(*steps)
        self.log, self.at, self.calls, self.shown = sandbox.state.log, 0, dict[str, list[str]](), dict[str, list[str]]()
        self.open, run, result = threading.Event(), Early._run, Early.result
        self.refused = list[str]()

        def wait(early: Early[object]) -> None:
            self.open.wait(30)
            run(early)
            if early.refused:
                self.refused.append(repr(early.refused))

        def awaited(early: Early[object], otherwise: Callable[[], object]) -> object:
            self.open.set()
            return result(early, otherwise)

        monkeypatch.setattr(Early, "_run", wait)
        monkeypatch.setattr(Early, "result", awaited)

    def ask(self, asked: Asked) -> str | Secret | Back:
        self.calls[asked.key] = [entry.action for entry in self.log[self.at :]]
        self.open.set()
        while early := [thread for thread in threading.enumerate() if thread.name == "early"]:
            early[0].join(30)  # which may have begun another
        self.shown[asked.key] = [entry.action for entry in self.log[self.at :]]
        self.open.clear()
        self.at = len(self.log)
        return super().ask(asked)


def home(folder: Path, sandbox: Sandbox, config: str) -> Path:
    """Write a home with a saved sign-in, Maria's keys, and these settings."""
    aws = folder / "home" / ".aws"
    cached = aws / "sso" / "cache" / f"{sha1(b'acme').hexdigest()}.json"
    cached.parent.mkdir(parents=True)
    token = sandbox.state.center.sign_in(START_URL)
    ends = token.expires.strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"accessToken": token.value, "expiresAt": ends, "startUrl": START_URL, "region": SSO_REGION}
    cached.write_text(json.dumps(told))
    keys = sandbox.state.user_keys(MARIA)
    (aws / "credentials").write_text(
        f"[base]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    )
    (aws / "config").write_text(config)
    return folder / "home"


def asked(
    sandbox: Sandbox,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: str,
    kind: str,
    *steps: tuple[str, object],
    env: Mapping[str, str] = MappingProxyType({}),
    pasted: str = "",
    last: str = "repo",
    console: Any = None,
    shown: dict[str, list[str]] | None = None,
) -> Mapping[str, list[str]]:
    """Answer a wizard's questions up to the list of repositories; return the calls between each and the one before.

    `last` is another list to end at, `pasted` a message, `console` the sign-in to the AWS console. `shown` gets the
    same calls with those that were made while the question was there already, and what was refused in the background.
    """
    there = home(folder, sandbox, config)
    env = {**sandbox.environment(), "HOME": str(there), "AWS_CONFIG_FILE": str(there / ".aws" / "config"),
           "AWS_SHARED_CREDENTIALS_FILE": str(there / ".aws" / "credentials"), "AWS_EC2_METADATA_DISABLED": "true", **env}  # fmt: skip
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    script = Slow(sandbox, monkeypatch, *steps, (last, LEAVE))
    around = context(folder, script, env=env)
    signin = SignIn(os.environ, there, around.now, show=lambda text, url: None, note=lambda text: None)
    git = FakeGit(heads=Problem("git can't read it."))
    around = replace(around, signin=signin, aws=Aws(there, signin.keys, console), git=git)
    brought = flow.readings(pasted)[0].answers if pasted else {}
    with pytest.raises(Cancelled):
        setup.run(around, Options({"kind": kind}, brought))
    script.done()
    (shown if shown is not None else {}).update({**script.shown, "refused": script.refused})
    return script.calls


def test_after_sign_on_the_credentials_come_while_the_region_is_chosen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = asked(
        sandbox, tmp_path, monkeypatch, SIGNED_IN, "sso",
        ("sso_start_url", START_URL), ("sso_account_id", CODE), ("sso_role_name", "Developer"), ("region", REGION),
        ("profile", "mine"),
    )  # fmt: skip
    assert (calls["sso_account_id"], calls["sso_role_name"]) == (["ListAccounts"], ["ListAccountRoles"])
    assert (calls["region"], calls["profile"]) == ([], [])
    assert calls["repo"] == []  # they came while the profile was named


@pytest.mark.parametrize("name", ["acme-developer", "theirs", "mine"])
def test_the_repositories_come_while_the_profile_is_named(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    config = f"{SIGNED_IN}[profile theirs]\nretry_mode = standard\n"
    calls = asked(
        sandbox, tmp_path, monkeypatch, config, "sso",
        ("sso_start_url", START_URL), ("sso_account_id", CODE), ("sso_role_name", "Developer"), ("region", REGION),
        ("profile", name), shown=(shown := {}),
    )  # fmt: skip
    # a profile that is there already has settings of its own, which AWS's answer may depend on
    if name == "theirs":
        assert shown["repo"] == ["GetRoleCredentials", "ListRepositories"], shown["refused"]
    else:
        assert calls["repo"] == []


def test_those_of_the_other_regions_come_as_early_if_the_region_has_none(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = asked(
        sandbox, tmp_path, monkeypatch, SIGNED_IN, "sso",
        ("sso_start_url", START_URL), ("sso_account_id", CODE), ("sso_role_name", "Developer"),
        ("region", "ap-south-1"), ("profile", "acme-developer"),
    )  # fmt: skip
    assert calls["repo"] == []


def test_a_role_is_assumed_while_the_region_is_chosen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = asked(
        sandbox, tmp_path, monkeypatch, "", "role",
        ("role_arn", role_arn("CodeCommitAccess")), SOURCE, ("external_id", ""), ("mfa_serial", ""),
        ("region", REGION), ("profile", "mine"),
    )  # fmt: skip
    assert calls["mfa_serial"] == ["ListMFADevices"]
    assert calls["repo"] == []
    assert [entry.action for entry in sandbox.state.log].count("AssumeRole") == 1


def test_a_code_is_used_once_and_its_session_lists_the_repositories(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial = sandbox.state.device("maria").serial
    calls = asked(
        sandbox, tmp_path, monkeypatch, "", "role",
        ("role_arn", role_arn("CodeCommitMfa")), SOURCE, ("external_id", ""), ("mfa_serial", serial),
        ("mfa_code", sandbox.state.mfa_code(serial)), ("region", REGION), ("profile", "mine"),
    )  # fmt: skip
    assert calls["repo"] == ["ListRepositories"]
    assert [entry.action for entry in sandbox.state.log].count("AssumeRole") == 1


HERE = (("region", REGION), ("profile", "mine"))
NONE_HERE = (("region", "ap-south-1"), ("profile", "mine"))


@pytest.mark.parametrize("rest", [HERE, NONE_HERE])
def test_with_an_mfa_code_the_repositories_come_early(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: tuple[tuple[str, str], ...]
) -> None:
    state = sandbox.state
    serial = state.device("maria").serial
    state.add_mfa_device("maria", "second")
    calls = asked(
        sandbox, tmp_path, monkeypatch, "", "mfa",
        SOURCE, ("mfa_serial", serial), ("mfa_code", state.mfa_code(serial)), *rest,
    )  # fmt: skip
    assert (calls["mfa_serial"], calls["mfa_code"]) == (["ListMFADevices"], [])
    assert (calls["region"], calls["profile"], calls["repo"]) == (["GetSessionToken"], [], [])
    assert [entry.action for entry in state.log].count("GetSessionToken") == 1


def typed(keys: Keys) -> tuple[tuple[str, str], ...]:
    """Return the answers that are temporary credentials."""
    parts = ("access_key_id", "secret_access_key", "session_token")
    return tuple((part, getattr(keys, part)) for part in parts)


@pytest.mark.parametrize("rest", [HERE, NONE_HERE])
def test_with_typed_credentials_the_repositories_come_early(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: tuple[tuple[str, str], ...]
) -> None:
    keys = typed(sandbox.state.temporary_keys(role_arn("CodeCommitAccess")))
    calls = asked(sandbox, tmp_path, monkeypatch, "", "keys", *keys, *rest)
    assert {key: called for key, called in calls.items() if called} == {}


def test_a_search_of_all_regions_asks_them_at_once(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = f"{role_arn('CodeCommitSaml')},{SAML_PROVIDER}"
    (tmp_path / "response.txt").write_text(sandbox.state.saml_assertion(pair))
    calls = asked(
        sandbox, tmp_path, monkeypatch, "", "saml", ("saml_assertion", str(tmp_path / "response.txt")),
        ("region", "all"), last="region",
    )  # fmt: skip
    assert {*calls["region"]} == {"ListRepositories"}  # with the role that was assumed meanwhile


@pytest.mark.parametrize("rest", [HERE, NONE_HERE])
def test_a_token_is_exchanged_while_the_region_is_chosen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: tuple[tuple[str, str], ...]
) -> None:
    (tmp_path / "token.jwt").write_text(sandbox.state.web_identity_token())
    calls = asked(
        sandbox, tmp_path, monkeypatch, "", "oidc", ("role_arn", role_arn("CodeCommitOidc")),
        ("web_identity_token_file", str(tmp_path / "token.jwt")), *rest,
    )  # fmt: skip
    assert {key: called for key, called in calls.items() if called} == {}
    assert [entry.action for entry in sandbox.state.log].count("AssumeRoleWithWebIdentity") == 1


def test_a_token_whose_credentials_are_stored_is_exchanged_once(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = sandbox.state.access_token("www.amazon.com", "amzn1.account.maria", app_id="amzn1.application.acme")
    (tmp_path / "token").write_text(token)
    calls = asked(
        sandbox, tmp_path, monkeypatch, "", "oidc", ("role_arn", role_arn("CodeCommitAmazon")),
        ("web_identity_token_file", str(tmp_path / "token")), ("provider_id", "www.amazon.com"), *HERE,
    )  # fmt: skip
    assert {key: called for key, called in calls.items() if called} == {}
    assert [entry.action for entry in sandbox.state.log].count("AssumeRoleWithWebIdentity") == 1


@pytest.mark.parametrize("rest", [HERE, NONE_HERE])
def test_an_assertion_is_exchanged_once_while_the_region_is_chosen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: tuple[tuple[str, str], ...]
) -> None:
    pair = f"{role_arn('CodeCommitSaml')},{SAML_PROVIDER}"
    (tmp_path / "response.txt").write_text(sandbox.state.saml_assertion(pair))
    calls = asked(sandbox, tmp_path, monkeypatch, "", "saml", ("saml_assertion", str(tmp_path / "response.txt")), *rest)
    assert {key: called for key, called in calls.items() if called} == {}
    assert [entry.action for entry in sandbox.state.log].count("AssumeRoleWithSAML") == 1


def test_an_assertion_that_asks_for_too_long_a_session_is_exchanged_for_a_shorter_one_meanwhile(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = f"{role_arn('CodeCommitSaml')},{SAML_PROVIDER}"
    (tmp_path / "response.txt").write_text(sandbox.state.saml_assertion(pair, session_s=43200))
    calls = asked(sandbox, tmp_path, monkeypatch, "", "saml", ("saml_assertion", str(tmp_path / "response.txt")), *HERE)
    assert calls["repo"] == ["ListRepositories"]
    exchanged = [entry.outcome for entry in sandbox.state.log if entry.action == "AssumeRoleWithSAML"]
    assert exchanged == ["ValidationError", "ok"]


@pytest.mark.parametrize("region", [REGION, "ap-south-1"])
def test_for_a_federation_token_the_source_profile_lists_while_the_name_is_typed(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    keys = sandbox.state.user_keys(BROKER)
    config = "[profile broker]\n" + "".join(f"aws_{key} = {value}\n" for key, value in typed(keys)[:2])
    calls = asked(
        sandbox, tmp_path, monkeypatch, config, "federation",
        ("source_profile", "broker"), ("region", region), ("federated_name", "maria"),
    )  # fmt: skip
    assert {key: called for key, called in calls.items() if called} == {}
    actions = [entry.action for entry in sandbox.state.log]
    assert (actions.count("GetCallerIdentity"), actions.count("GetFederationToken")) == (1, 0)


@pytest.mark.parametrize("second", ["", role_arn("CodeCommitAccess")])
@pytest.mark.parametrize("container", [False, True])
def test_the_role_of_this_computer_is_fetched_while_the_region_is_chosen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str, container: bool
) -> None:
    sandbox.state.attach(role_arn("BuildMachine", PEOPLE))
    waited: list[str] = []
    real = instance_metadata.answer

    def answer(state: State, request: Request, where: str) -> Response:
        waited.append(where)
        return real(state, request, where)

    monkeypatch.setattr(instance_metadata, "answer", answer)
    before: dict[str, int] = {}
    ask = Slow.ask

    def noted(self: Slow, asked: Asked) -> str | Secret | Back:
        before[asked.key] = len(waited)
        try:
            return ask(self, asked)
        finally:
            before[f"{asked.key} answered"] = len(waited)

    monkeypatch.setattr(Slow, "ask", noted)
    calls = asked(
        sandbox, tmp_path, monkeypatch, "", "machine", ("role_arn", second), *HERE,
        env=sandbox.machine_environment(container=container),
    )  # fmt: skip
    assert {key: called for key, called in calls.items() if called} == {}
    for answered, then in (("role_arn", "region"), ("region", "profile"), ("profile", "repo")):
        assert before[f"{answered} answered"] == before[then], then  # nothing is asked of the metadata service there
    assert before["profile answered"] > before["region"]


EXISTING = f"""{SIGNED_IN}
[profile dev]
sso_session = acme
sso_account_id = {CODE}
sso_role_name = Developer

[profile role]
role_arn = {role_arn("CodeCommitAccess")}
source_profile = base
"""


@pytest.mark.parametrize("name", ["dev", "role"])
def test_the_credentials_of_an_existing_profile_come_while_the_region_is_chosen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    calls = asked(sandbox, tmp_path, monkeypatch, EXISTING, "existing", ("profile", name), ("region", REGION))
    assert (calls["region"], calls["repo"]) == ([], ["ListRepositories"])


def test_no_existing_profile_is_used_before_it_is_chosen(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = EXISTING.replace("= Developer\n", f"= Developer\nregion = {REGION}\n")
    calls = asked(sandbox, tmp_path, monkeypatch, config, "existing", ("profile", "dev"), env={"AWS_PROFILE": "dev"})
    assert calls["repo"] == ["GetRoleCredentials", "ListRepositories"]  # no question is between, so they can't be early


class SignedIn:
    """A sign-in to the AWS console that has just been made."""

    def __init__(self, keys: Keys) -> None:
        self._keys = model.Keys(keys.access_key_id, Secret(keys.secret_access_key), Secret(keys.session_token))

    def sign_in(self, *asked: object) -> str:
        return MARIA

    def keys(self, session: str) -> model.Keys | None:
        return self._keys if session == MARIA else None

    def pending(self) -> tuple[()]:
        return ()


def test_after_a_sign_in_to_the_console_one_call_lists_the_repositories(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = SignedIn(sandbox.state.temporary_keys(MARIA, mfa=True))
    calls = asked(sandbox, tmp_path, monkeypatch, "", "console", *HERE, console=there)
    assert calls["repo"] == ["ListRepositories"]


@pytest.mark.parametrize("kind", ["console", "mfa", "oidc"])
def test_a_role_is_assumed_early_with_a_new_source_profile_that_uses_up_nothing_more(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    state = sandbox.state
    serial, role = state.device("maria").serial, "CodeCommitAccess"
    (tmp_path / "token.jwt").write_text(state.web_identity_token())
    own: dict[str, tuple[tuple[str, object], ...]] = {
        "console": (("source.region", REGION), ("source.profile", "one")),
        "mfa": (SOURCE_OF_SOURCE, ("source.mfa_code", state.mfa_code(serial)), ("source.profile", "one")),
        "oidc": (("source.role_arn", role_arn("CodeCommitOidc")),
                 ("source.web_identity_token_file", str(tmp_path / "token.jwt")), ("source.profile", "one")),
    }  # fmt: skip
    if kind == "oidc":
        role = "CodeCommitChained"
        trust = policy_engine.trust(CODE)
        state.add_role(CODE, role, trust, policy_engine.allow("codecommit:*"))
        first = state.roles[role_arn("CodeCommitOidc")]
        state.roles[first.arn] = replace(first, policies=(policy_engine.allow("sts:AssumeRole"),))
    calls = asked(
        sandbox, tmp_path, monkeypatch, "", "role", ("role_arn", role_arn(role)), ("source_profile", NEW),
        ("source.kind", kind), *own[kind], ("external_id", ""), *HERE,
        console=SignedIn(state.temporary_keys(MARIA, mfa=True)),
    )  # fmt: skip
    assert (calls["profile"], calls["repo"]) == ([], [])
    assert [entry.action for entry in state.log].count("AssumeRole") == 1


def test_after_a_message_there_is_one_call_before_each_list(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = asked(
        sandbox, tmp_path, monkeypatch, SIGNED_IN, "sso",
        ("sso_account_id", CODE), ("sso_role_name", "Developer"), *HERE,
        pasted=f"Please sign in at {START_URL}",
    )  # fmt: skip
    assert {key: called for key, called in calls.items() if called} == {
        "sso_account_id": ["ListAccounts"], "sso_role_name": ["ListAccountRoles"],
    }  # fmt: skip


def test_nothing_is_listed_early_if_a_message_names_the_repository(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(
        sandbox, tmp_path, monkeypatch, SIGNED_IN, "sso",
        ("sso_account_id", CODE), ("sso_role_name", "Developer"), ("region", REGION),
        pasted=f"Please sign in at {START_URL} and clone the repository: MySharedDemoRepo", last="review",
    )  # fmt: skip
    assert "ListRepositories" not in [entry.action for entry in sandbox.state.log]


def test_no_program_runs_for_a_list_before_it_is_asked_for(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    config = f"[profile theirs]\ncredential_process = touch {ran}\n"
    seen = []

    def ask(self: Slow, asked: Asked) -> str | Secret | Back:
        seen.append((asked.key, ran.exists()))
        return real(self, asked)

    real = Slow.ask
    monkeypatch.setattr(Slow, "ask", ask)
    asked(
        sandbox, tmp_path, monkeypatch, config, "role",
        ("role_arn", role_arn("CodeCommitAccess")), ("source_profile", "theirs"), ("external_id", ""),
        ("region", REGION), ("profile", "mine"),
    )  # fmt: skip
    assert ("profile", False) in seen


@pytest.mark.slow
def test_a_spinner_shows_while_a_list_is_on_its_way(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> None:
    env, work = clean_env(home(tmp_path, sandbox, SIGNED_IN), sandbox.environment()), tmp_path / "work"
    work.mkdir()
    terminal = Terminal([program(), "setup", "sso"], env, work, columns=50, rows=20)
    for question, busy in (
        ("Start URL", "Looking up your accounts"), ("Which account?", "Looking up your roles"),
    ):  # fmt: skip
        terminal.ask(question)
        sandbox.state.delay_s = 2
        terminal.answer(question, CODE if question == "Which account?" else "")
        terminal.wait(busy)
        sandbox.state.delay_s = 0
    terminal.ask("Which role?")
    terminal.close()


def test_a_search_fetches_the_credentials_of_each_profile_once(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = "\n".join(f"{line}\nregion = {REGION}" if "profile" in line else line for line in EXISTING.split("\n"))
    config = config.replace(f"base\nregion = {REGION}", "base")
    calls = asked(sandbox, tmp_path, monkeypatch, config, "find", ("repo", "handbuch"), last="nothing")
    called = Counter(calls["nothing"])
    assert (called["GetRoleCredentials"], called["AssumeRole"]) == (1, 1)
    # first in its own region, then in the others, and then for similar names
    assert called["GetRepository"] == 3 * (1 + len(regions.beside(REGION))) and called["ListRepositories"] == 2
