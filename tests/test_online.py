"""Many identities at once: each profile has its own answer, however the others fare, and nobody is asked anything."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import boto3
import pytest
import trustme
from aws_ways import SSO_SESSION, WAYS, Place, Way, assumed, keys_of, maria, role, settle, sso
from conftest import CleanEnv
from test_sdk import Canned, hang, reset, says

from ccsetup import online
from ccsetup.aws import Aws
from ccsetup.errors import Problem
from ccsetup.model import Keys, Secret, Value, Who
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.example import CODE, MARIA, PEOPLE, REGION, role_arn
from ccsetup.waiting import Crew, alone
from ccsetup.world import Answer, Start

Profiles = Mapping[str, Mapping[str, Value]]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def place(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    return Place(sandbox, tmp_path / "home")


def ask(aws: Aws, profiles: Profiles, *names: str, seconds: float = 20, **sessions: Any) -> dict[str, Answer]:
    """Ask who these profiles are (all of them, unless some are named)."""
    whos = [Who(name, REGION, profiles, sessions) for name in names or profiles]
    found = aws.identities(whos, seconds)
    assert [answer.profile for answer in found] == [who.profile for who in whos]
    return {answer.profile: answer for answer in found}


def arns(found: Mapping[str, Answer]) -> dict[str, str]:
    return {name: answer.identity.arn if answer.identity else "" for name, answer in found.items()}


def codes(found: Mapping[str, Answer]) -> dict[str, str]:
    return {name: answer.refused.code if answer.refused else "" for name, answer in found.items()}


def test_every_way_to_credentials_answers_in_one_round_as_the_sdk_has_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles: dict[str, dict[str, str]] = {}
    wanted: dict[str, str] = {}
    for number, make in enumerate(WAYS.values()):
        way = make(place.state, place.home)
        for name, settings in way.profiles.items():
            own = {key: f"{value}{number}" if key == "source_profile" else value for key, value in settings.items()}
            profiles[f"{name}{number}"] = own
        wanted[f"dev{number}"] = way.arn
        for variable, value in way.env.items():
            monkeypatch.setenv(variable, value)
    found = arns(ask(place.aws(), profiles, *wanted, acme=SSO_SESSION))
    assert {name: found[name].startswith(arn) for name, arn in wanted.items()} == dict.fromkeys(wanted, True)
    place.write(Way("", {}, profiles, {"acme": SSO_SESSION}))
    for name in [name for name in wanted if "credential_process" not in profiles[name]][::3]:  # the SDK as the judge
        sts = boto3.Session(profile_name=name, region_name=REGION).client("sts")
        assert sts.get_caller_identity()["Arn"].rpartition("/")[0] == found[name].rpartition("/")[0]


def test_what_several_profiles_rest_on_is_asked_for_once(place: Place) -> None:
    access = role("CodeCommitAccess")
    profiles = {
        "people": maria(place.state),
        "base": sso(place.state, place.home, PEOPLE),
        **{f"same{n}": access for n in range(12)},
        **{f"other{n}": role("CodeCommitAccess", "base", role_session_name=f"me-{n}") for n in range(8)},
        "base2": sso(place.state, place.home, PEOPLE),
    }
    found = ask(place.aws(), profiles, acme=SSO_SESSION)
    assert set(codes(found).values()) == {""}
    assert len(place.asked) == 1
    actions = [entry.action for entry in place.sandbox.log]
    assert actions.count("AssumeRole") == 1 + 8
    assert actions.count("GetCallerIdentity") == len(profiles)


def test_each_broken_profile_says_where_its_way_ends_and_hides_no_other(place: Place) -> None:
    serial = place.state.device("maria").serial
    over = {"aws_access_key_id": "ASIAGONE", "aws_secret_access_key": "s", "aws_session_token": "t"}
    profiles: dict[str, dict[str, str]] = {
        "people": maria(place.state),
        "over": over,
        "from-over": role("CodeCommitAccess", "over"),
        "and-on": {"role_arn": role_arn("CodeCommitReadOnly"), "source_profile": "from-over"},
        "stranger": role("Stranger"),
        "coded": role("CodeCommitMfa", mfa_serial=serial),
        "nowhere": role("CodeCommitAccess", "nobody"),
        "circle": role("CodeCommitAccess", "round"),
        "round": role("CodeCommitAccess", "circle"),
        "half": {"aws_access_key_id": "AKIAEXAMPLE"},
        "tokenless": role("CodeCommitOidc", "", web_identity_token_file=str(place.home / "none")),
        "gone": {"credential_process": str(place.home / "no-such-program")},
        "babbling": {"credential_process": f"{sys.executable} -c print(1)"},
        "none": {"region": REGION},
        "well": role("CodeCommitAccess"),
    }
    found = ask(place.aws(), profiles)
    assert codes(found) == {
        "people": "", "well": "", "over": "access.identity", "from-over": "access.identity", "and-on": "access.identity",
        "stranger": "access.assume", "coded": "access.assume", "nowhere": "profile.missing", "circle": "source.loop",
        "round": "source.loop", "half": "keys.partial", "tokenless": "oidc.token-missing", "gone": "process.missing",
        "babbling": "process.failed", "none": "source.none",
    }  # fmt: skip
    at = {name: answer.at for name, answer in found.items() if answer.refused}
    assert {name: at[name] for name in ("over", "from-over", "and-on", "stranger")} == {
        "over": "over", "from-over": "over", "and-on": "over", "stranger": "stranger",
    }  # fmt: skip
    assert found["coded"].refused
    assert found["coded"].refused.next == "Give it: ccsetup login coded"
    assert found["stranger"].refused
    assert role_arn("Stranger") in found["stranger"].refused.letter
    assert "t" * 40 not in repr(found)


def test_a_session_that_is_kept_serves_a_role_with_mfa(place: Place) -> None:
    device = place.state.device("maria")
    profiles: Profiles = {"people": maria(place.state), "coded": role("CodeCommitMfa", mfa_serial=device.serial)}
    aws = place.aws()
    aws.identity(Who("coded", REGION, profiles, {}, place.state.mfa_code(device.serial)))
    for edit in aws.pending():
        edit.path.parent.mkdir(parents=True, exist_ok=True)
        edit.path.write_text(edit.after or "")
    found = ask(place.aws(), profiles, "coded")
    assert arns(found)["coded"].startswith(assumed("CodeCommitMfa"))


def test_nobody_signs_in_and_all_of_one_sign_in_are_told_to(place: Place) -> None:
    def sign_in(start: Start, account: str, name: str) -> Keys:
        asked.append(alone.get())
        raise Problem("The sign-in has ended.", code="sso.signed-out", next="Try again to sign in.")

    asked: list[bool] = []
    base = {"sso_session": "acme", "sso_account_id": PEOPLE, "sso_role_name": "Developer"}
    profiles = {"base": base, "twin": base, "dev": role("CodeCommitAccess", "base"), "people": maria(place.state)}
    found = ask(Aws(place.home, sign_in), profiles, acme=SSO_SESSION)
    assert asked == [True]
    assert codes(found) == {"base": "sso.signed-out", "twin": "sso.signed-out", "dev": "sso.signed-out", "people": ""}
    assert found["dev"].at == "base"
    assert found["dev"].refused
    assert found["dev"].refused.next == "Sign in: ccsetup login base"


def test_a_program_has_no_terminal_and_an_end_and_leaves_nothing_behind(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online.Programs, "__init__", _short(online.Programs.__init__))
    mark = place.home / "alive"
    script = place.home / "asks.py"
    later = f"import time; time.sleep(3); open({str(mark)!r}, 'w')"
    script.write_text(
        "import sys, time, subprocess\n"
        "assert sys.stdin.read() == ''\n"
        "try:\n    open('/dev/tty')\n    sys.exit('there is a terminal')\nexcept OSError:\n    pass\n"
        f"child = subprocess.Popen([sys.executable, '-c', {later!r}])\n"
        "time.sleep(60)\n"
    )
    profiles = {"slow": {"credential_process": f"{sys.executable} {script}"}, "people": maria(place.state)}
    began = time.monotonic()
    found = ask(place.aws(), profiles)
    assert time.monotonic() - began < 5
    assert codes(found) == {"slow": "process.failed", "people": ""}
    assert found["slow"].refused
    assert "did not end in time" in found["slow"].refused.what
    time.sleep(3.2)
    assert not mark.exists()


def _short(real: Callable[..., None]) -> Callable[..., None]:
    return lambda self: real(self, time_s=1.5)
