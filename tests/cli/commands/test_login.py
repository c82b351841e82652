"""Login: each kind renewed as it is, nothing but credentials and their end changed; judged by the sandbox."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import CleanEnv
from script import FakeAws, FakeGit, FakeSignIn, Script, Shown, context, tree
from terminal import program

from ccsetup.cli.commands import login as command
from ccsetup.cli.parser import parsed
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.result import Report
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import BROKER, CODE, MARIA, PEOPLE, REGION, SAML_PROVIDER, START_URL, role_arn

Run = Callable[..., dict[str, Any]]
CHANGING = re.compile(
    r"^(aws_access_key_id|aws_secret_access_key|aws_session_token|ccsetup_expires_at)\b.*$", re.MULTILINE
)


@pytest.fixture
def run(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Run:
    """Run ccsetup against the sandbox; return its document."""
    sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 1
    env = clean_env(tmp_path / "home", sandbox.environment())

    def ccsetup(*words: str, stdin: str = "", code: int = 0) -> dict[str, Any]:
        asked = [program(), *words, "--json"]
        done = subprocess.run(asked, env=env, cwd=tmp_path, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr + done.stdout
        document = json.loads(done.stdout)
        assert isinstance(document, dict)
        return {**document, "stderr": done.stderr}

    return ccsetup


def pasted(keys: Any) -> str:
    token = f"AWS_SESSION_TOKEN={keys.session_token}\n" if keys.session_token else ""
    return f"AWS_ACCESS_KEY_ID={keys.access_key_id}\nAWS_SECRET_ACCESS_KEY={keys.secret_access_key}\n{token}"


def texts(home: Path) -> dict[str, tuple[int, str]]:
    return {path.name: (path.stat().st_mode, path.read_text()) for path in (home / ".aws").glob("c*") if path.is_file()}


def without_keys(there: dict[str, tuple[int, str]]) -> dict[str, str]:
    return {name: CHANGING.sub("", text) for name, (_, text) in there.items()}


class Kind(NamedTuple):
    """How a kind is set up and renewed: its flags, what is piped in, what renewing takes, who answers."""

    flags: tuple[str, ...]
    renewing: tuple[str, ...] = ()
    stdin: Callable[[], str] = str
    account: str = CODE
    stored: bool = True


def kinds(sandbox: Sandbox, home: Path) -> dict[str, Kind]:
    state = sandbox.state
    serial = state.device("maria").serial
    access, saml = role_arn("CodeCommitAccess"), role_arn("CodeCommitSaml")
    sso = ("--sso-start-url", START_URL, "--sso-region", "us-east-1", "--sso-account-id", CODE, "--sso-role-name")
    federated = ("--source-profile", "broker", "--federated-name", "maria", "--repo", "MySharedDemoRepo")
    return {
        "sso": Kind((*sso, "Developer", "--device-code"), ("--device-code",), stored=False),
        "role": Kind(("--role-arn", access, "--source-profile", "maria"), stored=False),
        "mfa": Kind(("--source-profile", "maria", "--mfa-serial", serial), account=PEOPLE),
        "keys": Kind(("--keys", "-"), ("--keys", "-"), lambda: pasted(state.temporary_keys(access, "maria"))),
        "saml": Kind(
            ("--saml-assertion", "-", "--role-arn", saml),
            ("--saml-assertion", "-"),
            lambda: state.saml_assertion(f"{saml},{SAML_PROVIDER}"),
        ),
        "federation": Kind(federated),
        "oidc": Kind(
            ("--role-arn", role_arn("CodeCommitOidc"), "--web-identity-token-file", str(home / "token")), stored=False
        ),
    }


@pytest.mark.long
@pytest.mark.slow
def test_every_kind_is_set_up_renewed_and_undone_again(sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    state, home = sandbox.state, tmp_path / "home"
    shared = ("--region", REGION, "--no-clone", "--yes")
    for name, arn in (("maria", MARIA), ("broker", BROKER)):
        run("setup", "keys", "--keys", "-", "--profile", name, *shared, stdin=pasted(state.user_keys(arn)))
    (home / "token").write_text(state.web_identity_token())
    seen = [texts(home)]
    for name, kind in kinds(sandbox, home).items():
        code = ("--mfa-code", state.mfa_code(state.device("maria").serial)) if name == "mfa" else ()
        document = run("setup", name, "--profile", f"my-{name}", *kind.flags, *code, *shared, stdin=kind.stdin())
        assert document["identity"]["account_id"] == kind.account
        seen.append(texts(home))
    stands = {it["name"]: it for it in run("status", "--check")["profiles"]}
    assert {name: stands[f"my-{name}"]["kind"] for name in kinds(sandbox, home)} == {n: n for n in kinds(sandbox, home)}
    assert all(it["usable"] for it in stands.values()), stands
    for name, kind in kinds(sandbox, home).items():
        was = texts(home)
        code = ("--mfa-code", state.mfa_code(state.device("maria").serial)) if name == "mfa" else ()
        document = run("login", f"my-{name}", *kind.renewing, *code, stdin=kind.stdin())
        found = document["ok"], document["kind"], document["identity"]["account_id"]
        assert found == (True, name, kind.account)
        assert without_keys(texts(home)) == without_keys(was)
        assert (texts(home) != was) == kind.stored == bool(document["backups"]), name
        assert document["expires_at"] or name in ("role", "keys")
        seen += [texts(home)] if kind.stored else []
    for was in reversed(seen[:-1]):
        assert run("undo", "--yes")["undone"]
        assert texts(home) == was
    for _ in range(2):
        run("undo", "--yes")
    assert texts(home) == {}
    assert run("undo", "--yes")["undone"] is None


def handwritten(home: Path, serial: str) -> dict[str, tuple[int, str]]:
    """Write profiles as people do, with a comment here and a blank there."""
    (home / ".aws" / "config").write_text(
        f"# ours\n[profile maria]\nregion={REGION}\n\n"
        f"[sso-session acme]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n\n"
        f"[profile dev]\nsso_session = acme\nsso_account_id = {CODE}\nsso_role_name = Developer  \nregion = {REGION}\n"
        f"[profile reader]\nsso_session = acme\nsso_account_id = {CODE}\nsso_role_name = ReadOnly\nregion = {REGION}\n"
        f"[profile old]\nsso_start_url = {START_URL}\nsso_region = us-east-1\nsso_account_id = {CODE}\n"
        f"sso_role_name = Developer\n"
        f"[profile code]\nrole_arn : {role_arn('CodeCommitMfa')}\nsource_profile = maria\nmfa_serial = {serial}\n"
        f"region = {REGION}\n; the end\n"
    )
    return texts(home)


@pytest.mark.long
@pytest.mark.slow
def test_profiles_that_others_wrote_are_renewed_and_left_as_they_are(
    sandbox: Sandbox, run: Run, tmp_path: Path
) -> None:
    state, home = sandbox.state, tmp_path / "home"
    serial = state.device("maria").serial
    run("setup", "keys", "--keys", "-", "--profile", "maria", "--no-clone", "--yes", "--region", REGION, stdin=pasted(state.user_keys(MARIA)))  # fmt: skip
    before = handwritten(home, serial)
    assert {it["name"]: it["usable"] for it in run("status")["profiles"]} == {
        "maria": True, "dev": False, "reader": False, "old": False, "code": False
    }  # fmt: skip
    document = run("login", "code", "--mfa-code", state.mfa_code(serial))
    assert document["identity"]["arn"].endswith(
        ":assumed-role/CodeCommitMfa/" + document["identity"]["arn"].split("/")[-1]
    )
    assert document["expires_at"]
    document = run("login", "dev", "--device-code")
    assert "signed in acme" in document["stderr"]
    assert document["expires_at"]
    assert texts(home) == before
    stands = {it["name"]: it for it in run("status", "--check")["profiles"]}
    assert {name: it["usable"] for name, it in stands.items()} == {
        "maria": True, "dev": True, "reader": True, "old": False, "code": True
    }  # fmt: skip
    document = run("login", "--all", "--device-code", "--no-input", code=1)
    results = {it["profile"]: it for it in document["profiles"]}
    assert {name: it["ok"] for name, it in results.items()} == {"dev": True, "reader": True, "old": True, "code": False}
    assert results["code"]["problems"][0]["code"] == "input.missing"
    assert results["code"]["problems"][0]["what"].startswith("code wasn't renewed. ")
    assert results["code"]["problems"][0]["next"] == "Renew this profile separately: ccsetup login code"
    assert document["stderr"].count("signed in") == 2  # the session that two share, and the legacy one
    assert texts(home) == before


@pytest.mark.long
@pytest.mark.slow
def test_a_code_that_is_refused_and_keys_of_another_account_leave_everything_as_it_was(
    sandbox: Sandbox, run: Run, tmp_path: Path
) -> None:
    state, home = sandbox.state, tmp_path / "home"
    serial = state.device("maria").serial
    shared = ("--region", REGION, "--no-clone", "--yes")
    run("setup", "keys", "--keys", "-", "--profile", "maria", *shared, stdin=pasted(state.user_keys(MARIA)))
    run("setup", "mfa", "--source-profile", "maria", "--mfa-serial", serial, "--mfa-code", state.mfa_code(serial), "--profile", "two", *shared)  # fmt: skip
    before = tree(home)
    document = run("login", "two", "--mfa-code", state.wrong_mfa_code(serial), code=1)
    assert not document["ok"]
    document = run("login", "maria", "--keys", "-", stdin=pasted(state.user_keys(BROKER)), code=1)
    assert document["problems"][0]["code"] == "access.account"
    assert (PEOPLE in document["problems"][0]["what"], CODE in document["problems"][0]["what"]) == (True, True)
    assert run("login", "two", "--no-input", code=2)["problems"][0]["code"] == "input.missing"
    assert run("login", "tow", code=1)["problems"][0]["next"] == 'Did you mean "two"?'
    assert run("login", "two", "--keys", "env", code=2)["problems"][0]["code"] == "input.invalid"
    assert tree(home) == before


# Which profile, told by values

CONFIG = """
[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region = us-east-1
[profile lasts]
region = us-east-2
[profile soon]
ccsetup_expires_at = 2026-11-21T12:10:00Z
[profile later]
ccsetup_expires_at = 2026-11-21T18:00:00Z
[profile ended]
ccsetup_expires_at = 2026-11-20T18:00:00Z
[profile out]
sso_session = acme
sso_account_id = 111122223333
sso_role_name = Developer
[profile asks]
credential_process = /usr/bin/keys
[profile here]
region = us-east-2
[profile cli]
login_session = arn:aws:iam::111122223333:user/maria
"""
THREE = "aws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\naws_session_token = t\n"
NEW = {"AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLF", "AWS_SECRET_ACCESS_KEY": "n" * 40, "AWS_SESSION_TOKEN": "m" * 40}


def ready(folder: Path, script: Script | None = None, **more: Any) -> Context:
    around = context(folder, script, **more)
    (around.home / ".aws").mkdir(exist_ok=True)
    (around.home / ".aws" / "config").write_text(CONFIG)
    keys = THREE.split("aws_session")[0].replace("ASIA", "AKIA")
    (around.home / ".aws" / "credentials").write_text(
        "".join(f"[{name}]\n{THREE}\n" for name in ("later", "soon", "ended")) + f"[lasts]\n{keys}"
    )
    return around


def login(around: Context, *words: str) -> Report:
    options = parsed(["login", *words])
    report = command.main(options, lambda: around)
    if isinstance(around.prompt, Script):
        around.prompt.done()
    return report


def shown(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


@pytest.mark.parametrize(
    ("env", "origin", "chosen"),
    [
        ({}, "", "soon"),
        ({"AWS_PROFILE": "later"}, "", "later"),
        ({"AWS_PROFILE": "later"}, "codecommit::us-east-2://ended@Repo", "ended"),
    ],
)
def test_without_a_name_it_is_the_clones_profile_else_the_variables_else_the_one_about_to_end(
    tmp_path: Path, env: dict[str, str], origin: str, chosen: str
) -> None:
    around = ready(tmp_path, env={**NEW, **env}, git=FakeGit(origins={"work": origin} if origin else {}))
    report = login(around, "--keys", "env")
    assert report.document["profile"] == chosen
    assert chosen in shown(around).splitlines()[0]
    secrets = (around.home / ".aws" / "credentials").read_text()
    assert secrets.count("n" * 40) == 1
    assert (around.home / ".aws" / "config").read_text() == CONFIG.replace(
        {
            "soon": "ccsetup_expires_at = 2026-11-21T12:10:00Z\n",
            "later": "ccsetup_expires_at = 2026-11-21T18:00:00Z\n",
        }.get(chosen, "ccsetup_expires_at = 2026-11-20T18:00:00Z\n"),
        "",
    )  # what the new keys do not tell is not kept of the old ones


def test_a_person_chooses_among_several_the_nearest_end_first(tmp_path: Path) -> None:
    script = Script(("profile", "out"))
    around = ready(tmp_path, script)
    report = login(around)
    assert [choice.value for choice in script.asked[0].choices] == ["soon", "later", "ended", "out", "cli"]
    assert script.asked[0].default == "soon"
    assert (report.document["profile"], report.document["kind"]) == ("out", "sso")


def test_one_sign_in_serves_every_profile_of_its_session_and_failures_do_not_stop_the_others(tmp_path: Path) -> None:
    signin = FakeSignIn()
    around = ready(tmp_path, signin=signin)
    with (around.home / ".aws" / "config").open("a") as file:
        file.write("[profile out2]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\n")
    report = login(around, "--all")
    assert signin.renewed == ["acme"]
    results = {it["profile"]: it["ok"] for it in report.document["profiles"]}
    assert results == {"soon": False, "later": False, "ended": False, "out": True, "out2": True, "cli": True}
    assert (report.exit_code, report.document["ok"]) == (1, False)


def test_a_role_signs_in_its_source_and_a_machine_has_nothing_to_renew(tmp_path: Path) -> None:
    signin = FakeSignIn()
    around = ready(tmp_path, signin=signin)
    with (around.home / ".aws" / "config").open("a") as file:
        file.write("[profile role]\nrole_arn = arn:aws:iam::111122223333:role/Developer\nsource_profile = out\n")
        file.write("[profile plain]\nrole_arn = arn:aws:iam::111122223333:role/Developer\nsource_profile = lasts\n")
    assert login(around, "role").document["ok"]
    assert signin.renewed == ["acme"]
    assert login(around, "plain").document["ok"]
    assert login(around, "here").document["kind"] == "machine"
    assert signin.renewed == ["acme"]
    assert "plain has nothing to renew" in shown(around)
    assert "here has nothing to renew" in shown(around)


@pytest.mark.parametrize(("name", "next"), [("asks", "program"), ("nobody", "ccsetup setup")])
def test_what_is_renewed_elsewhere_is_said(tmp_path: Path, name: str, next: str) -> None:
    with pytest.raises(Problem) as refused:
        login(ready(tmp_path), name)
    assert next in refused.value.next


def test_console_credentials_are_renewed_by_signing_in_as_the_same_user(tmp_path: Path) -> None:
    aws = FakeAws()
    assert login(ready(tmp_path, aws=aws), "cli").document["kind"] == "console"
    assert aws.calls[0].startswith("console sign-in cli")
    refused = Problem("You signed in as another user.", code="access.identity")
    (tmp_path / "other").mkdir()
    with pytest.raises(Problem, match="another user"):
        login(ready(tmp_path / "other", aws=FakeAws(console=refused)), "cli")


def test_a_failed_proof_puts_the_old_keys_back_and_nothing_is_left_to_undo(tmp_path: Path) -> None:
    around = ready(tmp_path, env=NEW, aws=FakeAws(who=Problem("AWS does not know them.", code="access.identity")))
    before = tree(around.home)
    with pytest.raises(Problem, match="does not know"):
        login(around, "soon", "--keys", "env")
    assert tree(around.home) == before
    assert not around.files.changes()


def test_a_dry_run_and_flags_that_do_not_fit_do_nothing(tmp_path: Path) -> None:
    aws, signin = FakeAws(), FakeSignIn()
    around = ready(tmp_path, aws=aws, signin=signin)
    before = tree(around.home)
    login(around, "out", "--dry-run")
    login(around, "--all", "--dry-run")
    assert "Would renew out: opens the browser to sign in again" in shown(around)
    for words in (("out", "--mfa-code", "123456"), ("--all", "soon"), ("--all", "--mfa-code", "123456")):
        with pytest.raises(BadAnswer):
            login(around, *words)
    assert (tree(around.home), aws.calls, signin.renewed) == (before, [], [])


def test_keys_that_stand_in_config_stay_there_and_other_tools_notes_of_their_end_go(tmp_path: Path) -> None:
    around = ready(tmp_path, env=NEW)
    text = f"# a\n[profile mixed]\n{THREE}x_security_token_expires = 2026-11-21T10:00:00+00:00\noutput=json\n# z\n"
    (around.home / ".aws" / "config").write_text(text)
    login(around, "mixed", "--keys", "env")
    assert (around.home / ".aws" / "config").read_text() == (
        "# a\n[profile mixed]\naws_access_key_id = ASIAIOSFODNN7EXAMPLF\n"
        f"aws_secret_access_key = {'n' * 40}\naws_session_token = {'m' * 40}\noutput=json\n# z\n"
    )
