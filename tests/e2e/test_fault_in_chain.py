"""The command that is printed names the profile that has the fault, at whichever link of a role's chain it is."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from script import FakeAws, Script, context
from terminal import program
from test_clone import Person, commands, person  # noqa: F401

from ccsetup.cli.commands import login
from ccsetup.cli.parser import parsed
from ccsetup.core.errors import Problem
from ccsetup.core.model import Identity
from ccsetup.sandbox import policy_engine
from ccsetup.sandbox.demo_data import CODE, MARIA, PEOPLE, REGION, START_URL, role_arn

pytestmark = pytest.mark.slow

URL = "codecommit::us-east-2://prod@MySharedDemoRepo"


def ccsetup(person: Person, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:  # noqa: F811
    return subprocess.run(
        [program(), *words, "--no-input"], env=person.env, cwd=person.work, input=stdin, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def role(person: Person, name: str, source: str) -> None:  # noqa: F811
    settings = {"role_arn": role_arn("CodeCommitAccess"), "source_profile": source, "region": REGION}
    person.settings("config", f"profile {name}", settings)


def credentials(person: Person) -> Path:  # noqa: F811
    return person.home / ".aws/credentials"


def rotated(person: Person) -> None:  # noqa: F811
    person.profile("base", person.sandbox.state.user_keys(MARIA))
    role(person, "prod", "base")
    path = credentials(person)
    path.write_text(re.sub(r"AKIA\w{4}", "AKIAZZZZ", path.read_text()))


def gone(person: Person) -> None:  # noqa: F811
    role(person, "prod", "base")


def empty(person: Person) -> None:  # noqa: F811
    role(person, "prod", "base")
    person.settings("config", "profile base", {"region": REGION})


def half(person: Person) -> None:  # noqa: F811
    rotated(person)
    path = credentials(person)
    path.write_text("".join(line for line in path.open() if "secret" not in line))


def behind_another_role(person: Person) -> None:  # noqa: F811
    rotated(person)
    trust = policy_engine.trust(PEOPLE, CODE)  # it may assume itself
    person.sandbox.state.add_role(CODE, "CodeCommitAccess", trust, policy_engine.allow("*"), max_session_s=43200)
    text = (person.home / ".aws/config").read_text()
    (person.home / ".aws/config").write_text(text.replace("profile prod", "profile middle"))
    role(person, "prod", "middle")


def temporary(person: Person) -> None:  # noqa: F811
    keys = person.sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    person.profile("base", keys)
    person.sandbox.state.expire(keys)
    role(person, "prod", "base")


def signed_out(person: Person) -> None:  # noqa: F811
    session = {"sso_start_url": START_URL, "sso_region": "us-east-1"}
    person.settings("config", "sso-session acme", session)
    told = {"sso_session": "acme", "sso_account_id": CODE, "sso_role_name": "Developer", "region": REGION}
    person.settings("config", "profile base", told)
    role(person, "prod", "base")


FAULTS = [rotated, gone, empty, half, behind_another_role, temporary, signed_out]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda it: it.__name__)
def test_every_command_sends_to_the_profile_with_the_fault(
    person: Person,  # noqa: F811
    fault: Callable[[Person], None],
) -> None:
    fault(person)
    by_git = subprocess.run(
        ["git", "ls-remote", URL], env=person.env, cwd=person.work, capture_output=True, text=True, check=False
    )
    said = {
        "git": by_git.stderr,
        "env": ccsetup(person, "env", "prod").stderr,
        "doctor": ccsetup(person, "doctor", "prod").stdout,
    }
    if fault is not signed_out:  # signing in isn't a question: clone would wait for it
        words = ("clone", "MySharedDemoRepo", "--region", REGION, "--profile", "prod", "--yes")
        said["clone"] = ccsetup(person, *words).stderr
    for command, text in said.items():
        flat = " ".join(text.split())
        assert "ccsetup login base" in flat, (command, text)
        assert "setup" not in flat.replace("ccsetup login", "").replace("ccsetup doctor", ""), (command, text)


@pytest.mark.parametrize("fault", [rotated, gone, empty, half, behind_another_role], ids=lambda it: it.__name__)
@pytest.mark.parametrize("named", ["base", "prod"])
def test_new_keys_for_the_source_are_the_cure_and_the_role_stays_as_it_is(
    person: Person,  # noqa: F811
    fault: Callable[[Person], None],
    named: str,
) -> None:
    fault(person)
    config = (person.home / ".aws/config").read_text()
    keys = person.sandbox.state.user_keys(MARIA)
    pair = f"AWS_ACCESS_KEY_ID={keys.access_key_id}\nAWS_SECRET_ACCESS_KEY={keys.secret_access_key}\n"
    done = ccsetup(person, "login", named, "--keys", "-", "--json", stdin=pair)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["profile"] == named
    assert (person.home / ".aws/config").read_text() == config
    assert credentials(person).read_text().count("[base]") == 1
    subprocess.run(["git", "ls-remote", URL], env=person.env, cwd=person.work, capture_output=True, check=True)


@pytest.mark.long
def test_a_misspelled_source_is_repaired_and_gets_no_keys(person: Person) -> None:  # noqa: F811
    person.profile("base-keys", person.sandbox.state.user_keys(MARIA))
    role(person, "prod", "base-kyes")
    done = ccsetup(person, "env", "prod")
    assert "Next: Repair the profile: ccsetup doctor --fix" in done.stderr
    assert ccsetup(person, "doctor", "--fix", "--offline", "--yes").returncode == 0
    assert ccsetup(person, "env", "prod").returncode == 0


class Once(FakeAws):
    """An AWS that doesn't know the old keys of base."""

    def identity(self, who: object) -> Identity:
        self.calls.append("identity")
        if len(self.calls) < 3:
            raise Problem("AWS doesn't recognize the credentials for base.", code="access.identity")
        return Identity(CODE, f"arn:aws:sts::{CODE}:assumed-role/CodeCommitAccess/maria")


def test_at_a_terminal_login_asks_for_the_keys_of_the_source(tmp_path: Path) -> None:
    script = Script(("access_key_id", "AKIAIOSFODNN7EXAMPLF"), ("secret_access_key", "n" * 40))
    around = context(tmp_path, script, aws=Once())
    (around.home / ".aws").mkdir()
    arn = role_arn("CodeCommitAccess")
    (around.home / ".aws/config").write_text(f"[profile prod]\nrole_arn = {arn}\nsource_profile = base\n")
    old = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = o\n"
    (around.home / ".aws/credentials").write_text(f"[base]\n{old}")
    report = login.main(parsed(["login", "prod"]), lambda: around)
    script.done()
    assert report.document["ok"]
    assert "n" * 40 in (around.home / ".aws/credentials").read_text()
