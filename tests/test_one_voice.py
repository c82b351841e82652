"""One verdict and one code for a profile, whoever is asked: status, doctor, env, login, clone and git's two helpers.

Each broken home of the doctor's tests is one; each way in that works is another. Everything is asked of the sandbox.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import test_identifiers
import test_roles
import test_sso
import test_stored_keys
from aws_ways import WAYS, Place, settle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from often import examples
from patients import ID, OTHER_ID, OTHER_SECRET, SECRET, Patient

from ccsetup.aws.sso import token_cache
from ccsetup.cli import main
from ccsetup.core.context import Start
from ccsetup.core.errors import ENDED
from ccsetup.git.helper import credential, messages, remote
from ccsetup.sandbox import Sandbox, policy_engine
from ccsetup.sandbox.demo_data import CODE, MARIA, PEOPLE

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, dict[str, Any]]]
HOST = "git-codecommit.us-east-2.amazonaws.com"
QUESTION = f"protocol=https\nhost={HOST}\npath=v1/repos/MySharedDemoRepo\n"
FAMILIES = {"roles": test_roles, "identifiers": test_identifiers, "sign-ins": test_sso, "stored keys": test_stored_keys}


def broken(family: str) -> list[Patient]:
    """Return the broken homes of a family of checks."""
    lists = [it for it in vars(FAMILIES[family]).values() if isinstance(it, list | tuple)]
    return [it for each in lists for it in each if type(it).__name__ == "Patient" and not it.env]


HOMES = [(family, n) for family in FAMILIES for n in range(len(broken(family)))]


@pytest.fixture
def home(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    for key_id, secret in ((ID, SECRET), (OTHER_ID, OTHER_SECRET)):  # the stored keys of these homes are Maria's
        held = sandbox.state.user_keys(MARIA)
        sandbox.state.keys[key_id] = replace(held, access_key_id=key_id, secret_access_key=secret)
    trust = policy_engine.trust(PEOPLE, CODE)  # one of these homes has it assume itself
    sandbox.state.add_role(CODE, "CodeCommitAccess", trust, policy_engine.allow("*"), max_session_s=12 * 3600)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setattr(main, "_end_like_ctrl_c", lambda: None)

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        code = main.run([*words, "--json", "--no-input"])
        return code, json.loads(capsys.readouterr().out)

    yield run


@pytest.fixture
def by_git(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[bool, str]]:
    """Return what both of git's helpers make of a profile: whether it gets credentials, and the code they print."""

    def became(*_: object) -> None:
        raise Became

    monkeypatch.setenv(messages.CODES, "word")
    monkeypatch.setattr(credential, "_heard", QUESTION.encode)
    monkeypatch.setattr(os, "posix_spawn", became)

    def asked(helper: Any, *words: str) -> tuple[bool, str]:
        monkeypatch.setattr(sys, "argv", ["helper", *words])
        said: list[str] = []
        monkeypatch.setattr(credential, "_say", said.append)
        capsys.readouterr()
        try:
            granted = helper.main() == 0
        except Became:
            granted = True
        told = [line.split()[1] for line in capsys.readouterr().err.splitlines() if line.startswith("word ")]
        assert helper is not credential or any("password=" in it for it in said) == granted
        return granted, "".join(told)

    def both(profile: str) -> tuple[bool, str]:
        first = asked(remote, "origin", f"us-east-2://{profile}@MySharedDemoRepo")
        assert asked(credential, "--profile", profile, "get") == first
        return first

    return both


class Became(Exception):
    """The remote helper has credentials, and became git."""


def codes(document: dict[str, Any]) -> set[str]:
    return {it["code"] for it in document.get("problems", ())}


def stopping(run: Run, profile: str, *flags: str) -> set[str]:
    """Return the codes of what the doctor finds to stop a profile."""
    found = run("doctor", profile, *flags)[1]["findings"]
    return {each["code"] for each in found if each["severity"] == "stops"}


def agree_with_git(answer: tuple[bool, str], files: set[str], stops: set[str]) -> None:
    """Check that git's helpers grant and refuse what the doctor does, with one of its codes.

    They go on in two cases. A recorded expiry may be wrong, so they print its code and sign. And they don't ask AWS
    about stored credentials before they sign, so what only AWS knows of them is left to CodeCommit, which git asks next.
    """
    granted, code = answer
    if not granted:
        assert code in stops, (answer, stops)
    elif code:
        assert code == "keys.expired"
        assert stops == {code}, (answer, stops)
    else:
        assert not stops or (stops == {"access.identity"} and not files), (answer, stops)


def test_there_are_homes_of_every_family() -> None:
    assert all(len(broken(family)) >= 5 for family in FAMILIES)
    assert len(HOMES) > 100


@pytest.mark.parametrize(("family", "number"), HOMES)
def test_a_broken_profile_is_the_same_to_every_command(
    home: Path, run: Run, by_git: Any, family: str, number: int
) -> None:
    it = broken(family)[number]
    (home / ".aws").mkdir()
    for name, text in zip(("config", "credentials"), it.texts(after=False), strict=True):
        (home / ".aws" / name).write_bytes(text.replace("§", "").encode("utf-8", "surrogateescape"))
    profile = it.profile or "dev"
    stops, files = stopping(run, profile), stopping(run, profile, "--offline")
    assert files <= stops
    [entry] = run("status", profile)[1]["profiles"]
    seen = files - {"process.failed"}  # which only running the program tells
    nothing = entry["kind"] is None  # a profile may hold a region alone: nothing is wrong, and nobody gets in by it
    agree_with_git(by_git(profile), files, stops or ({"source.none"} if nothing else set()))
    assert (entry["usable"] is False) == (bool(seen) or nothing), entry
    assert entry["code"] in {None, *seen}
    if nothing:
        assert codes(run("env", profile)[1]) & {"source.none", *files}
    if not files:
        return
    code, document = run("env", profile, "--long-term")
    assert code != 0
    assert codes(document) & stops
    if stops & ENDED or any(each.startswith("sso.") for each in stops):
        return  # these would have a person sign in
    for words in (("login", profile), ("clone", "MySharedDemoRepo", "--region", "us-east-2", "--profile", profile)):
        code, document = run(*words)
        asks = (
            words[0] == "login"
            and "input.missing" in codes(document)
            and all(c.startswith(("keys.", "kind.", "process.")) for c in stops)
        )
        assert code != 0
        assert asks or codes(document) & stops, (words, document)


@pytest.mark.parametrize("name", WAYS)
def test_a_profile_that_works_works_with_every_command(
    home: Path, run: Run, by_git: Any, sandbox: Sandbox, name: str
) -> None:
    way = WAYS[name](sandbox.state, home)
    Place(sandbox, home).write(way)
    code, document = run("doctor", "code" if "code" in way.profiles else next(iter(way.profiles)))
    profile = document["profiles"][0]["name"]
    stops, files = stopping(run, profile), stopping(run, profile, "--offline")
    agree_with_git(by_git(profile), files, stops)
    [entry] = run("status", profile)[1]["profiles"]
    assert (entry["usable"] is False) == bool(files), (entry, stops)
    code, document = run("env", profile, "--long-term")
    assert (code == 0) == (not stops) or codes(document) & {*stops, "access.assume"}, (document, stops)


SIGN_IN = {
    "startUrl": "https://acme.awsapps.com/start", "region": "us-east-1", "accessToken": "x", "expiresAt": "2099-01-01T00:00:00Z"
}  # fmt: skip
DAMAGES: list[object] = [
    {**SIGN_IN, "accessToken": ""},
    {**SIGN_IN, "accessToken": None},
    {**SIGN_IN, "accessToken": "  "},
    {**SIGN_IN, "accessToken": ["x"]},
    {key: value for key, value in SIGN_IN.items() if key != "accessToken"},
    {**SIGN_IN, "expiresAt": ""},
    {**SIGN_IN, "expiresAt": "soon"},
    {**SIGN_IN, "accessToken": "", "refreshToken": "r", "registrationExpiresAt": "2099-01-01T00:00:00Z"},
    [SIGN_IN],
    "",
]


@pytest.mark.parametrize("saved", DAMAGES)
@pytest.mark.parametrize("resting", [False, True])
def test_a_saved_sign_in_without_a_token_is_damaged_to_every_command(
    home: Path, run: Run, by_git: Any, saved: object, resting: bool
) -> None:
    (home / ".aws/sso/cache").mkdir(parents=True)
    there = "sso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\nregion = us-east-2\n"
    session = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
    role = "[profile ops]\nrole_arn = arn:aws:iam::111122223333:role/CodeCommitAccess\nsource_profile = dev\nregion = us-east-2\n"
    (home / ".aws/config").write_text(f"[profile dev]\n{there}{session}{role}")
    (home / ".aws/sso/cache" / token_cache.token_name(Start("", "", "acme"))).write_text(json.dumps(saved))
    profile, code = "ops" if resting else "dev", "sso.cache-corrupt"
    assert stopping(run, profile, "--offline") == {code}
    [entry] = run("status", profile)[1]["profiles"]
    assert (entry["usable"], entry["code"], entry["expires_at"]) == (False, code, None)
    document = run("env", profile)[1]
    assert codes(document) == {code}
    assert document["problems"][0]["next"] == "Sign in again: ccsetup login dev"
    assert by_git(profile) == (False, code)


def renamed(text: str, suffix: str, file: str) -> str:
    """Return one of a home's files with every profile and sign-in under another name, also where they are referred to."""
    found = re.findall(r"(?m)^\[(?:profile |sso-session )?([\w-]+)\]", text)
    names = "|".join(sorted({*found, "default"}, key=len, reverse=True))
    text = re.sub(rf"(?m)^(source_profile|sso_session)( *= *)({names})(\s*)$", rf"\1\2\3{suffix}\4", text)
    if file == "config":
        text = text.replace("[default]", "[profile default]")
    return re.sub(rf"(?m)^\[(profile |sso-session |)({names})\]", rf"[\1\2{suffix}]", text)


@pytest.mark.long
@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(HOMES), min_size=2, max_size=3))
def test_profiles_of_several_broken_homes_in_one_are_the_same_to_every_command(
    home: Path, run: Run, by_git: Any, chosen: list[tuple[str, int]]
) -> None:
    shutil.rmtree(home / ".aws", ignore_errors=True)
    (home / ".aws").mkdir()
    patients = [broken(family)[number] for family, number in chosen]
    for at, name in enumerate(("config", "credentials")):
        texts = (it.texts(after=False)[at].replace("§", "") for it in patients)
        whole = "\n".join(renamed(text, f"-{n}", name) for n, text in enumerate(texts))
        (home / ".aws" / name).write_bytes(whole.encode("utf-8", "surrogateescape"))
    for n, it in enumerate(patients):
        profile = f"{it.profile or 'dev'}-{n}"
        files = stopping(run, profile, "--offline")
        [entry] = run("status", profile)[1]["profiles"]
        seen = files - {"process.failed"}
        assert (entry["usable"] is False) == (bool(seen) or entry["kind"] is None), entry
        assert entry["code"] in {None, *seen}
        code, document = run("env", profile, "--long-term")
        said = codes(document)
        assert said <= files if files else bool(said) == (code != 0)
        granted, told = by_git(profile)
        if granted:
            assert (told == "keys.expired") == ("keys.expired" in said)
            assert said <= {told}
        else:
            assert told in (files or said)
