"""Renewing one profile: what is renewed of it, what is left as it is, and what is said where there is nothing to renew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from script import FakeAws, FakeSignIn, Script, Shown, context, tree

from ccsetup.core.context import AwsTexts, Context
from ccsetup.core.errors import Problem
from ccsetup.core.model import Identity, Section, Value
from ccsetup.wizard import renew
from ccsetup.wizard.renew import Renewals, Renewed, renewable

ROLE = "arn:aws:iam::111122223333:role/Developer"
DEVICE = "arn:aws:iam::888888888888:mfa/maria"
OLD, NEW = "ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLF"
LASTING = "AKIAIOSFODNN7EXAMPLE"
FRESH: dict[str, Value] = {"access_key_id": NEW, "secret_access_key": "n" * 40, "session_token": "m" * 40}
SIGN_IN = (
    "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
    "[profile out]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\nregion = us-east-2\n"
)
ROLES = (
    f"[profile role]\nrole_arn = {ROLE}\nsource_profile = out\n"
    f"[profile role2]\nrole_arn = {ROLE}\nsource_profile = out\n"
    f"[profile plain]\nrole_arn = {ROLE}\nsource_profile = lasts\n"
    f"[profile itself]\nrole_arn = {ROLE}\nsource_profile = itself\n"
    f"[profile mfa]\nrole_arn = {ROLE}\nsource_profile = out\nmfa_serial = {DEVICE}\n"
    f"[profile nothing]\nrole_arn = {ROLE}\nmfa_serial = {DEVICE}\n"
    "[profile machine]\nregion = us-east-2\n"
)


def keys(key: str, token: bool = True) -> str:
    return f"aws_access_key_id = {key}\naws_secret_access_key = s\n{'aws_session_token = t' if token else ''}\n"


def home(tmp_path: Path, **more: Any) -> Context:
    around = context(tmp_path, **more)
    (around.home / ".aws").mkdir(exist_ok=True)
    config(around).write_text(SIGN_IN + ROLES)
    credentials(around).write_text(f"[lasts]\n{keys(LASTING, token=False)}[old]\n{keys(OLD)}")
    return around


def config(around: Context) -> Path:
    return around.home / ".aws" / "config"


def credentials(around: Context) -> Path:
    return around.home / ".aws" / "credentials"


def texts_of(written: str, stored: str) -> AwsTexts:
    return AwsTexts(Path("config"), written, Path("credentials"), stored)


def said(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


def test_roles_of_one_sign_in_open_the_browser_once(tmp_path: Path) -> None:
    signin, aws = FakeSignIn(), FakeAws()
    renewals = Renewals(home(tmp_path, signin=signin, aws=aws), {})
    for name in ("role", "role2", "out"):
        found = renewals.of(name)
        assert found.identity == aws.who
        assert (found.kind, found.edits) == ("sso" if name == "out" else "role", ())
    assert signin.renewed == ["acme"]
    assert aws.calls == ["identity out", "identity role", "identity role2"]
    assert "done signed in acme until" in said(renewals.context)
    assert "nothing to renew" not in said(renewals.context)


@pytest.mark.parametrize("name", ["plain", "itself", "machine"])
def test_what_does_not_expire_is_proven_and_said_to_have_nothing_to_renew(tmp_path: Path, name: str) -> None:
    signin, aws = FakeSignIn(), FakeAws()
    around = home(tmp_path, signin=signin, aws=aws)
    before = tree(around.home)
    assert Renewals(around, {}).of(name).identity == aws.who
    assert f"note {name} has nothing to renew" in said(around)
    assert (signin.renewed, aws.calls) == ([], [f"identity {name}"])
    assert tree(around.home) == before


def test_a_profile_is_renewed_once_however_often_it_is_needed(tmp_path: Path) -> None:
    aws = FakeAws()
    renewals = Renewals(home(tmp_path, aws=aws), {})
    assert renewals.of("out") is renewals.of("out", chosen=True)
    assert aws.calls == ["identity out"]


def test_a_role_without_the_source_that_its_code_goes_with_has_no_credentials_to_renew(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="nothing has no credentials to renew") as refused:
        Renewals(home(tmp_path), {"mfa_code": "123456"}).of("nothing")
    assert (refused.value.profile, refused.value.code) == ("nothing", "source.none")


def test_a_refusal_names_the_profile_that_was_refused(tmp_path: Path) -> None:
    refused = Problem("The sign-in failed.", code="sso.expired")
    renewals = Renewals(home(tmp_path, signin=FakeSignIn(granted=refused)), {})
    with pytest.raises(Problem):
        renewals.of("role")
    assert refused.profile == "out"


def test_a_signed_out_source_is_signed_in_before_a_code_is_asked_for(tmp_path: Path) -> None:
    signin, script = FakeSignIn(), Script(("mfa_code", "123456"))
    around = home(tmp_path, signin=signin)
    found = Renewals(replace(around, prompt=script), {}).of("mfa")  # type: ignore[arg-type]
    script.done()
    assert found.identity
    assert signin.renewed == ["acme"]


@pytest.mark.parametrize(
    "answer", [Identity("111122223333", ROLE), Problem("They are unknown.", code="access.identity")]
)
def test_new_keys_replace_the_old_ones_alone(tmp_path: Path, answer: Identity | Problem) -> None:
    class Aws(FakeAws):
        def identity(self, who: Any) -> Identity:
            self.calls.append(f"identity {who.profile}")
            if len(self.calls) > 1:
                return Identity("111122223333", ROLE)
            return self._answer("", answer)

    around = home(tmp_path, aws=Aws())
    credentials(around).write_text(f"# ours\n[old]\n{keys(OLD)}# the end\n")
    found = Renewals(around, FRESH).of("old", chosen=True)
    assert (found.identity, found.kind, len(found.backups)) == (Identity("111122223333", ROLE), "keys", 1)
    assert credentials(around).read_text() == (
        f"# ours\n[old]\naws_access_key_id = {NEW}\naws_secret_access_key = {'n' * 40}\n"
        f"aws_session_token = {'m' * 40}\n# the end\n"
    )
    assert "done renewed old" in said(around)
    assert "Replaced the long-term" not in said(around)


def test_keys_of_another_account_are_refused_and_put_back(tmp_path: Path) -> None:
    class Aws(FakeAws):
        def identity(self, who: Any) -> Identity:
            self.calls.append("identity")
            return Identity("111122223333" if len(self.calls) == 1 else "444455556666", ROLE)

    around = home(tmp_path, aws=Aws())
    before = tree(around.home)
    with pytest.raises(Problem, match="444455556666"):
        Renewals(around, FRESH).of("old", chosen=True)
    assert tree(around.home) == before


def test_without_an_answer_about_the_old_keys_nothing_is_replaced(tmp_path: Path) -> None:
    around = home(tmp_path, aws=FakeAws(who=Problem("AWS didn't answer.", code="net.unreachable")))
    before = tree(around.home)
    with pytest.raises(Problem, match="didn't answer"):
        Renewals(around, FRESH).of("old", chosen=True)
    assert tree(around.home) == before


def test_a_long_term_key_that_is_replaced_is_named(tmp_path: Path) -> None:
    around = home(tmp_path)
    Renewals(around, FRESH).of("lasts", chosen=True)
    assert "Replaced the long-term access key AKIA…MPLE in [lasts]. To restore the key: ccsetup undo" in said(around)


SETS: dict[str, Value | None] = {
    "aws_access_key_id": NEW,
    "aws_secret_access_key": "n",
    "aws_session_token": "m",
    "ccsetup_expires_at": "2026-11-21T18:00:00Z",
    "region": "us-east-2",
}
THREE = {key: SETS[key] for key in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")}
ENDS = {"ccsetup_expires_at": SETS["ccsetup_expires_at"]}


@pytest.mark.parametrize(
    ("written", "stored", "sections"),
    [
        ("region = eu-west-1\n", keys(OLD), {"config": ENDS, "credentials": THREE}),
        (keys(OLD), "", {"config": {**THREE, **ENDS}}),
        (keys(OLD), keys(OLD), {"config": ENDS, "credentials": THREE}),
        ("", keys(OLD) + "ccsetup_expires_at = 1\n", {"credentials": {**THREE, **ENDS}}),
        ("", "aws_security_token = t\n", {"config": ENDS, "credentials": {**THREE, "aws_security_token": None}}),
        ("x_security_token_expires = 1\n", "", {"config": {**ENDS, "x_security_token_expires": None}, "credentials": THREE}),
    ],
)  # fmt: skip
def test_each_setting_stays_in_the_file_where_it_is(
    written: str, stored: str, sections: dict[str, dict[str, Value | None]]
) -> None:
    texts = texts_of(f"[profile dev]\n{written}", f"[dev]\n{stored}")
    other = Section("config", "profile", "other", {"aws_access_key_id": LASTING})
    made = renew._only_keys([Section("credentials", "profile", "dev", SETS), other], "dev", texts)
    assert {it.file: it.settings for it in made} == sections
    assert {(it.type, it.name) for it in made} == {("profile", "dev")}


def test_where_nothing_is_obtained_nothing_is_written() -> None:
    region = Section("config", "profile", "dev", {"region": "us-east-2"})
    assert renew._only_keys([region], "dev", texts_of("", f"[dev]\n{keys(OLD)}")) == ()


@pytest.mark.parametrize(
    ("settings", "can"),
    [
        ({"aws_access_key_id": OLD, "aws_secret_access_key": "s", "aws_session_token": "t"}, True),
        ({"aws_access_key_id": OLD, "aws_secret_access_key": "s", "aws_security_token": "t"}, True),
        ({"aws_access_key_id": LASTING, "aws_secret_access_key": "s"}, False),
        ({"role_arn": ROLE, "source_profile": "temporary"}, True),
        ({"role_arn": ROLE, "source_profile": "lasting"}, False),
        ({"role_arn": ROLE, "source_profile": "it"}, False),
        ({"role_arn": ROLE, "source_profile": "none"}, False),
        ({"role_arn": ROLE, "source_profile": "lasting", "mfa_serial": DEVICE}, True),
        ({"region": "us-east-2"}, False),
        ({"credential_process": "/usr/bin/keys"}, False),
    ],
)
def test_what_expires_can_be_renewed(settings: dict[str, str], can: bool) -> None:
    lasting = {"aws_access_key_id": LASTING, "aws_secret_access_key": "s"}
    profiles = {"it": settings, "lasting": lasting, "temporary": {**lasting, "aws_session_token": "t"}}
    assert renewable("it", profiles) is can


@pytest.mark.parametrize(
    ("profiles", "starts"),
    [
        ({"it": {"credential_process": "keys"}}, True),
        ({"it": {"ccsetup_source_profile": "first"}, "first": {"credential_process": "keys"}}, True),
        ({"it": {"ccsetup_source_profile": "first"}, "first": {"region": "us-east-2"}}, False),
        ({"it": {"region": "us-east-2"}}, False),
        ({}, False),
    ],
)
def test_a_program_may_have_to_run_for_a_profile_or_its_source(
    profiles: dict[str, dict[str, str]], starts: bool
) -> None:
    assert renew.runs("it", profiles) is starts


def test_a_program_does_not_run_for_a_profile_that_nobody_chose(tmp_path: Path) -> None:
    aws = FakeAws(exchanged=Problem("/usr/bin/keys failed: locked.", code="process.failed"))
    around = home(tmp_path, aws=aws)
    with config(around).open("a") as file:
        file.write("[profile asks]\ncredential_process = /usr/bin/keys\n")
    with pytest.raises(Problem) as refused:
        Renewals(around, {}).of("asks")
    assert (aws.calls, "ccsetup login asks" in refused.value.next) == ([], True)
    with pytest.raises(Problem, match="locked"):
        Renewals(around, {}).of("asks", chosen=True)
    assert aws.calls == ["keys asks"]
    aws.exchanged = FakeAws().exchanged
    with pytest.raises(Problem, match="gets its credentials from a program"):
        Renewals(around, {}).of("asks", chosen=True)


def test_a_result_says_null_for_what_it_does_not_have() -> None:
    refused = Problem("No.", code="access.identity")
    assert Renewed("dev", problems=(refused,)).document() == {
        "ok": False,
        "profile": "dev",
        "kind": None,
        "expires_at": None,
        "identity": None,
        "edits": [],
        "backups": [],
        "problems": [{"code": "access.identity", "what": "No.", "why": None, "next": None}],
    }
    whole = Renewed("dev", "keys", "2026-11-21T18:00:00Z", Identity("111122223333", ROLE), ({},), (Path("/b"),))
    assert whole.document() == {
        "ok": True,
        "profile": "dev",
        "kind": "keys",
        "expires_at": "2026-11-21T18:00:00Z",
        "identity": {"account_id": "111122223333", "arn": ROLE},
        "edits": [{}],
        "backups": [str(Path("/b"))],
        "problems": [],
    }
