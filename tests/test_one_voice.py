"""One verdict and one code for a profile, whichever command is asked: status, doctor, env, login and clone.

Each broken home of the doctor's tests is one; each way in that works is another. Everything is asked of the sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import test_roles
import test_sso
import test_stored_keys
from aws_ways import WAYS, Place, settle
from patients import Patient

from ccsetup.cli import main
from ccsetup.core.errors import ENDED
from ccsetup.sandbox import Sandbox

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, dict[str, Any]]]
FAMILIES = {"roles": test_roles, "sign-ins": test_sso, "stored keys": test_stored_keys}


def broken(family: str) -> list[Patient]:
    """Return the broken homes of a family of checks."""
    lists = [it for it in vars(FAMILIES[family]).values() if isinstance(it, list | tuple)]
    return [it for each in lists for it in each if type(it).__name__ == "Patient" and not it.env]


HOMES = [(family, n) for family in FAMILIES for n in range(len(broken(family)))]


@pytest.fixture
def home(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
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


def codes(document: dict[str, Any]) -> set[str]:
    return {it["code"] for it in document["problems"]}


def stopping(run: Run, profile: str, *flags: str) -> set[str]:
    """Return the codes of what the doctor finds to stop a profile."""
    found = run("doctor", profile, *flags)[1]["findings"]
    return {each["code"] for each in found if each["severity"] == "stops"}


def test_there_are_homes_of_every_family() -> None:
    assert all(len(broken(family)) >= 5 for family in FAMILIES)
    assert len(HOMES) > 100


@pytest.mark.parametrize(("family", "number"), HOMES)
def test_a_broken_profile_is_the_same_to_every_command(home: Path, run: Run, family: str, number: int) -> None:
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
def test_a_profile_that_works_works_with_every_command(home: Path, run: Run, sandbox: Sandbox, name: str) -> None:
    way = WAYS[name](sandbox.state, home)
    Place(sandbox, home).write(way)
    code, document = run("doctor", "code" if "code" in way.profiles else next(iter(way.profiles)))
    profile = document["profiles"][0]["name"]
    stops, files = stopping(run, profile), stopping(run, profile, "--offline")
    [entry] = run("status", profile)[1]["profiles"]
    assert (entry["usable"] is False) == bool(files), (entry, stops)
    code, document = run("env", profile, "--long-term")
    assert (code == 0) == (not stops) or codes(document) & {*stops, "access.assume"}, (document, stops)
