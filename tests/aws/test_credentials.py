"""Who → credentials: planned settings and the files alone lead to the same person, whatever the environment says."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import botocore.session
import pytest
from aws_ways import SSO_SESSION, WAYS, Place, Way, assumed, keys_of, maria, role, settle, sso, token_file
from botocore.utils import JSONFileCache
from conftest import AwsTools, CleanEnv
from odd_files import shapes
from script import NOW, tree

from ccsetup.awsfiles.store import Files
from ccsetup.core import limits
from ccsetup.core.context import Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Edit, Secret, Who
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, MARIA, PEOPLE, REGION, role_arn

FILES = Who("dev", REGION, chosen=True)
MFA = "a role with an MFA code"


@pytest.fixture
def place(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    return Place(sandbox, tmp_path / "home")


@pytest.fixture
def lonely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place from which AWS is never reached."""
    settle(monkeypatch, tmp_path / "home", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    return Place(cast("Sandbox", None), tmp_path / "home")


def refused(place: Place, who: Who = FILES) -> Problem:
    with pytest.raises(Problem) as caught:
        place.aws().identity(who)
    return caught.value


def with_mfa(place: Place, **more: str) -> Way:
    """Return a way that asks for a code."""
    serial = place.state.device("maria").serial
    return Way(
        assumed("CodeCommitMfa"), role("CodeCommitMfa", mfa_serial=serial, **more), {"people": maria(place.state)}
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", WAYS)
def test_plan_files_and_sdk_agree_and_the_environment_changes_nothing(
    name: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = WAYS[name](place.state, place.home)
    if name in ("a program", "a role from a program"):  # nothing is planned of a program: it is on disk already
        place.write(way)
    for variable, value in {**place.noise(), **way.env}.items():
        monkeypatch.setenv(variable, value)
    before = tree(place.home)
    planned = place.aws().identity(way.who())
    assert tree(place.home) == before
    place.write(way)
    before = tree(place.home)
    kept = place.aws().identity(FILES)
    assert {entry.region for entry in place.sandbox.log if entry.service == "sts" and entry.region} == {REGION}
    assert tree(place.home) == before
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    sdk = botocore.session.Session(profile="dev").create_client("sts").get_caller_identity()
    for arn in (planned.arn, kept.arn, sdk["Arn"]):
        assert arn.startswith(way.arn)
    assert planned.account_id == kept.account_id == sdk["Account"]


def test_single_sign_on_is_asked_for_the_planned_role(place: Place) -> None:
    way = WAYS["single sign-on"](place.state, place.home)
    place.aws().identity(way.who())
    start = Start(SSO_SESSION["sso_start_url"], "us-east-1", "acme", ("sso:account:access",))
    assert place.asked == [(start, CODE, "Developer")]


def test_a_refused_sign_in_is_told_as_it_is(place: Place) -> None:
    aws, way = place.aws(), WAYS["a role from single sign-on"](place.state, place.home)
    refusal = Problem("The sign-in was not approved.", code="sso.signed-out")

    def denied(*_: object) -> Any:
        raise refusal

    aws._resolver._sso_keys = denied
    with pytest.raises(Problem) as caught:
        aws.identity(way.who())
    assert caught.value is refusal


@pytest.mark.slow
@pytest.mark.parametrize(
    "more", [{}, {"role_session_name": "maria", "duration_seconds": "1800"}], ids=["plain", "more"]
)
def test_one_code_serves_the_plan_the_files_and_then_git(
    more: dict[str, str], place: Place, aws_tools: AwsTools, clean_env: CleanEnv
) -> None:
    way, aws = with_mfa(place, **more), place.aws()
    code = place.state.mfa_code(way.dev["mfa_serial"])
    planned = aws.identity(way.who(code))
    assert planned.arn.startswith(assumed("CodeCommitMfa"))
    place.write(way)
    assert aws.identity(FILES) == planned
    assert not (place.home / ".aws/boto").exists()

    files = Files({}, place.home, lambda: NOW)
    for edit in aws.pending():
        files.store(edit)
    env = clean_env(place.home, place.sandbox.environment(), path=[aws_tools.folder])
    address = f"codecommit::{REGION}://dev@MySharedDemoRepo"
    done = subprocess.run(
        ["git", "ls-remote", address], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert "refs/heads/main" in done.stdout, done.stderr
    done = subprocess.run(
        [aws_tools.aws, "sts", "get-caller-identity", "--profile", "dev"], env={**env, "AWS_DEFAULT_REGION": REGION},
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert assumed("CodeCommitMfa") in done.stdout, done.stderr
    assert [e.outcome for e in place.sandbox.log if e.action == "AssumeRole"] == ["ok"]  # one code, used once


@pytest.mark.parametrize(
    "more", [{}, {"role_session_name": "maria", "duration_seconds": "1800"}], ids=["plain", "more"]
)
def test_a_kept_session_is_what_botocore_would_have_kept(more: dict[str, str], place: Place, tmp_path: Path) -> None:
    way, aws, serial = with_mfa(place, **more), place.aws(), place.state.device("maria").serial
    aws.identity(way.who(place.state.mfa_code(serial)))
    edit, for_cli = aws.pending()
    assert edit.path.parent == place.home / ".aws/boto/cache"
    assert for_cli == edit._replace(path=place.home / ".aws/cli/cache" / edit.path.name)
    assert edit.before is None

    place.write(way)
    session = botocore.session.Session(profile="dev")
    provider = session.get_component("credential_provider").get_provider("assume-role")
    provider.cache = JSONFileCache(str(tmp_path / "theirs"))
    provider._prompter = lambda _: place.state.mfa_code(serial)
    session.set_config_variable("region", REGION)
    session.get_credentials().get_frozen_credentials()
    (theirs,) = (tmp_path / "theirs").iterdir()
    assert theirs.name == edit.path.name
    assert shape(theirs.read_text()) == shape(edit.after or "")

    same = JSONFileCache(str(tmp_path / "same"))
    same[edit.path.stem] = aws._cache[edit.path.stem]
    assert (tmp_path / "same" / edit.path.name).read_text() == edit.after


def shape(text: str) -> Any:
    """Return a JSON text's names in order, with the form of its values."""

    def of(value: Any) -> Any:
        if isinstance(value, dict):
            return [(name, of(inner)) for name, inner in value.items() if name != "ResponseMetadata"]
        is_time = isinstance(value, str) and value[10:11] == "T" and value.endswith("UTC")
        return "time" if is_time else type(value).__name__

    return of(json.loads(text))


def test_a_wrong_code_and_a_used_one_are_refused_and_leave_nothing(place: Place) -> None:
    way, state = with_mfa(place), place.state
    serial = way.dev["mfa_serial"]
    used = state.mfa_code(serial)
    assert state.accept_mfa_code(serial, used)
    for code in (state.wrong_mfa_code(serial), used):
        aws = place.aws()
        with pytest.raises(Problem) as caught:
            aws.identity(way.who(code))
        assert (caught.value.what, caught.value.code) == ("AWS rejected the MFA code.", "access.assume")
        assert aws.pending() == []


def test_without_a_code_a_session_that_is_kept_counts_until_it_ends(place: Place) -> None:
    way, first = with_mfa(place), place.aws()
    first.identity(way.who(place.state.mfa_code(way.dev["mfa_serial"])))
    edit, _ = first.pending()
    place.write(way)
    for who, next in (
        (way.who(), "Pass the code: --mfa-code 123456"),
        (FILES, "Enter the code: ccsetup login dev"),
    ):
        assert (refused(place, who).what, refused(place, who).next) == ("The role requires an MFA code.", next)
    edit.path.parent.mkdir(parents=True)
    edit.path.write_text(edit.after or "")
    for who in (FILES, way.who()):
        assert place.aws().identity(who).arn.startswith(way.arn)
    assert place.aws().pending() == []
    again = place.aws()
    again.identity(way.who(place.state.mfa_code(way.dev["mfa_serial"])))
    assert [new.after == edit.after for new in again.pending()] == [
        False,
        False,
    ]  # whoever gives a code wants a new session

    soon = datetime.now(timezone.utc) + timedelta(minutes=10)  # less than SDKs are content with
    ended = {**json.loads(edit.after or ""), "Credentials": {**json.loads(edit.after or "")["Credentials"]}}
    ended["Credentials"]["Expiration"] = soon.strftime("%Y-%m-%dT%H:%M:%SUTC")
    for text in (
        json.dumps(ended),
        "",
        "[]",
        "[" * 9999,
        '{"Credentials": {"Expiration": 5}}',
        '{"Credentials": null}',
    ):
        edit.path.write_text(text)
        for who in (FILES, way.who()):
            assert refused(place, who).what == "The role requires an MFA code."


def test_a_session_that_is_overwritten_says_what_was_there(place: Place) -> None:
    way, aws = with_mfa(place), place.aws()
    aws.identity(way.who(place.state.mfa_code(way.dev["mfa_serial"])))
    edit, for_cli = aws.pending()
    edit.path.parent.mkdir(parents=True)
    edit.path.write_bytes(b"old \xff")
    assert aws.pending() == [Edit(edit.path, "old \udcff", edit.after), for_cli]
    assert maria(place.state)["aws_secret_access_key"] not in repr(aws.pending())


def test_a_kept_session_does_not_hide_that_the_source_fails(place: Place) -> None:
    way = WAYS["a role"](place.state, place.home)
    place.write(way)
    session = botocore.session.Session(profile="dev")
    provider = session.get_component("credential_provider").get_provider("assume-role")
    provider.cache = JSONFileCache(str(place.home / ".aws/boto/cache"))
    session.set_config_variable("region", REGION)
    session.get_credentials().get_frozen_credentials()
    place.state.remove_keys(way.more["people"]["aws_access_key_id"])
    for who in (FILES, way.who()):
        assert refused(place, who).code == "access.identity"
    assert place.aws().pending() == []


@pytest.mark.parametrize(
    ("profiles", "code", "says"),
    [
        (
            {"dev": role("A", "b"), "b": role("B", "dev")},
            "source.loop",
            "The source profiles dev → b → dev form a loop",
        ),
        ({"dev": role("A", "dev")}, "source.loop", "The source profiles dev → dev form a loop"),
        (
            {"dev": role("A", "b"), "b": role("B", "c"), "c": role("C", "b")},
            "source.loop",
            "The source profiles dev → b → c → b form a",
        ),
        ({"dev": role("A", "gone")}, "profile.missing", 'No profile "gone" on this computer.'),
        ({}, "profile.missing", 'No profile "dev" on this computer.'),
        (
            {"dev": {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}},
            "keys.partial",
            "Profile dev has an access key ID but",
        ),
        (
            {"dev": role("A", "", credential_source="Environment")},
            "source.credential-source",
            "The credential source Environment isn't available",
        ),
        (
            {"dev": role("A", "", credential_source="Moon")},
            "source.credential-source",
            "dev has an unknown credential_source",
        ),
        ({"dev": role("A", "")}, "source.credential-source", "dev has an unknown credential_source"),
        ({"dev": role("A", "", web_identity_token_file="/no/such")}, "oidc.token-missing", "A file that this profile"),
        ({"dev": {"region": REGION}}, "source.none", "Profile dev has no credentials."),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and " " not in value else "",
)
def test_planned_settings_that_lead_nowhere_are_told(lonely: Place, profiles: Any, code: str, says: str) -> None:
    problem = refused(lonely, Who("dev", REGION, profiles))
    assert problem.code == code
    assert problem.what.startswith(says)


CONFIGS = {
    "no credentials": ("[profile dev]\nregion = us-east-2\n", "source.none", "Profile dev has no credentials."),
    "no profile": ("[profile other]\n", "profile.missing", 'No profile "dev".'),
    "a broken file": ("[profile dev]\nregion\n", "file.stray-line", "The AWS config file can't be read"),
    "half a pair": ("[profile dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n", "keys.partial", "Profile dev is"),
    "no source": ("[profile dev]\nrole_arn = x\n", "source.none", "Profile dev is incomplete"),
    "two sources": (
        "[profile dev]\nrole_arn = x\nsource_profile = a\ncredential_source = Environment\n[profile a]\n",
        "source.both",
        "Profile dev is incomplete",
    ),
    "a source that is not there": (
        "[profile dev]\nrole_arn = x\nsource_profile = a\n",
        "source.missing",
        "a, the source profile of dev, has no credentials.",
    ),
    "a source without credentials": (
        "[profile dev]\nrole_arn = x\nsource_profile = a\n[profile a]\nregion = us-east-2\n",
        "source.empty",
        "a, the source profile of dev, has no credentials.",
    ),
    "a circle": (
        "[profile dev]\nrole_arn = x\nsource_profile = a\n[profile a]\nrole_arn = y\nsource_profile = dev\n",
        "source.loop",
        "The source profiles of dev form a loop",
    ),
    "a machine without credentials": (
        "[profile dev]\nrole_arn = x\ncredential_source = Environment\n",
        "source.credential-source",
        "The credential_source in dev isn't available on this computer",
    ),
    "a source that is no word of AWS's": (
        "[profile dev]\nrole_arn = x\ncredential_source = Moon\n",
        "source.credential-source",
        "The credential_source in dev isn't available on this computer",
    ),
    "a session that is not there": (
        "[profile dev]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\n",
        "sso.session-missing",
        "Profile dev is incomplete",
    ),
    "half a sign-in": ("[profile dev]\nsso_account_id = 111122223333\n", "sso.incomplete", "Profile dev is"),
    "a session without a region": (
        "[profile dev]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\n"
        "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\n",
        "sso.incomplete",
        "Profile dev is incomplete",
    ),
    "two start URLs": (
        "[profile dev]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\n"
        "sso_start_url = https://other.awsapps.com/start\n"
        "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n",
        "sso.conflict",
        "Profile dev is incomplete",
    ),
    "nobody signed in": (
        "[profile dev]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\n"
        "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n",
        "sso.signed-out",
        "dev isn't signed in.",
    ),
    "a token without a role": ("[profile dev]\nweb_identity_token_file = /t\n", "oidc.role", "Profile dev is"),
    "a token file that is not there": (
        "[profile dev]\nrole_arn = x\nweb_identity_token_file = /no/such\n",
        "oidc.token-missing",
        "A file that dev uses doesn't exist",
    ),
    "a program that is not there": (
        "[profile dev]\ncredential_process = ~/bin/vault dev\n",
        "process.missing",
        "The program ~/bin/vault in credential_process doesn't exist.",
    ),
    "a role that is no ARN": (
        "[profile dev]\nrole_arn = x\nsource_profile = a\n[profile a]\naws_access_key_id = A\naws_secret_access_key = s\n",
        "role.arn",
        "The AWS SDK rejected a value in dev",
    ),
    "a sign-in of the AWS CLI's": (
        "[profile dev]\nlogin_session = arn:aws:iam::111122223333:user/maria\n",
        "keys.expired" if find_spec("awscrt") else "source.none",
        "dev isn't signed in" if find_spec("awscrt") else "dev is an aws login profile.",
    ),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_files_that_lead_nowhere_are_told_with_a_finding(name: str, lonely: Place) -> None:
    config, code, says = CONFIGS[name]
    lonely.files(config)
    problem = refused(lonely)
    assert (problem.code, problem.what[: len(says)]) == (code, says)
    assert problem.next


PROGRAMS = {
    "that fails": "import sys; sys.exit('token=planted-Secret0 is wrong')",
    "that fails without a word": "import sys; sys.exit(1)",
    "that prints no JSON": "print('Enter PIN: planted-Secret0')",
    "that prints a list": "print('[1]')",
    "that prints a number": "print(5)",
    "that prints depths": "print('[' * 100_000)",
    "that prints no key": "print('{\"Version\": 1}')",
    "that prints another version": "print('{\"Version\": 2}')",
    "that prints numbers": 'print(\'{"Version": 1, "AccessKeyId": 5, "SecretAccessKey": 6}\')',
    "that prints no text": "import os; os.write(1, bytes([255, 254]))",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_goes_wrong_is_told_without_its_secrets(name: str, lonely: Place) -> None:
    script = lonely.home / "vault.py"
    script.write_text(PROGRAMS[name])
    lonely.files(f"[profile dev]\ncredential_process = {sys.executable} {script}\n")
    problem = refused(lonely)
    assert problem.code == "process.failed"
    assert "planted-Secret0" not in problem.what + problem.why + problem.next


@pytest.mark.parametrize("expiration", ["2099-11-28T18:00:00", "2099-11-28", "tomorrow", "", 4099660800, []])
def test_an_expiration_that_botocore_cannot_read_is_told_alike_and_never_leads_to_login(
    expiration: object, place: Place
) -> None:
    told = {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": expiration}
    (place.home / "print.py").write_text(f"print({json.dumps(told)!r})")
    way = Way("", {"credential_process": f"{sys.executable} {place.home / 'print.py'}"})
    rests = Way("", role("CodeCommitAccess", "printed"), {"printed": way.dev})
    for each, name in ((way, "dev"), (rests, "printed")):
        place.write(each)
        answers = [it.refused for it in place.aws().identities([each.who()], 20)]
        for problem in (refused(place, each.who()), refused(place), *answers):
            assert problem
            assert problem.code == "process.failed"
            assert problem.what == (
                f"The credential_process of {name} printed an Expiration that AWS tools can't read. It must be a date and"
                ' time with a time zone, for example, "2026-11-28T18:00:00Z".'
            )
            assert "login" not in problem.what + problem.why + problem.next


def test_a_programs_keys_that_are_over_lead_to_the_program_and_not_to_login(place: Place) -> None:
    told = {
        "Version": 1,
        "AccessKeyId": "A",
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": "2020-01-01T00:00:00Z",
    }
    (place.home / "print.py").write_text(f"print({json.dumps(told)!r})")
    way = Way("", {"credential_process": f"{sys.executable} {place.home / 'print.py'}"})
    place.write(way)
    for who in (way.who(), FILES):
        problem = refused(place, who)
        assert (problem.code, problem.what) == (
            "keys.expired",
            "The credential_process of dev printed expired credentials.",
        )
        assert "login" not in problem.next


@contextmanager
def machine(keys: dict[str, str]) -> Iterator[list[str]]:
    """A container's and an instance's metadata service, which gives keys to whoever asks; yields who asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            ends = (datetime.now(timezone.utc) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            names = ("AccessKeyId", "SecretAccessKey", "Token")
            told = {"Code": "Success", "Expiration": ends, **dict(zip(names, keys.values(), strict=False))}
            body = (json.dumps(told) if "keys" in self.path else "keys").encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET

        def log_message(self, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    asked.append(f"http://127.0.0.1:{server.server_port}")
    yield asked
    server.shutdown()
    server.server_close()


def test_the_machines_own_role_serves_where_it_is_named_or_nothing_else_is_and_never_steps_in(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keys_of(place.state.temporary_keys(MARIA))
    (place.home / ".boto").write_text("[Credentials]\naws_access_key_id = A\naws_secret_access_key = s\n")
    (place.home / "old").write_text("AWSAccessKeyId=A\nAWSSecretKey=s\n")
    monkeypatch.setenv("AWS_CREDENTIAL_FILE", str(place.home / "old"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    with machine(keys) as asked:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{asked[0]}/keys")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", asked[0])
        place.files("[profile dev]\nregion = us-east-2\n")
        assert refused(place, FILES._replace(alone=True)).code == "source.none"
        assert place.aws().identity(FILES).arn == MARIA
        assert (
            place.aws().keys(Who("dev", REGION, {"dev": {"region": REGION}})).access_key_id == keys["aws_access_key_id"]
        )
        del asked[1:]
        for named in ("aws_secret_access_key = s", "source_profile = x", "sso_session = x", "ccsetup_kind = mfa"):
            place.files(f"[profile dev]\nregion = us-east-2\n{named}\n")
            assert refused(place).code in ("source.none", "profile.missing", "keys.partial", "sso.incomplete"), named
        assert asked[1:] == []
        place.files(f"[profile ecs]\n{_role('EcsContainer')}[profile ec2]\n{_role('Ec2InstanceMetadata')}")
        for name, source in (("ecs", "EcsContainer"), ("ec2", "Ec2InstanceMetadata")):
            there = {name: role("CodeCommitAccess", "", credential_source=source)}
            for who in (Who(name, REGION), Who(name, REGION, there)):
                assert place.aws().identity(who).arn.startswith(assumed("CodeCommitAccess"))


def _role(source: str) -> str:
    return f"role_arn = {role_arn('CodeCommitAccess')}\ncredential_source = {source}\n"


def test_a_refusal_of_the_source_names_the_source(place: Place) -> None:
    way = WAYS["a role"](place.state, place.home)
    place.state.remove_keys(way.more["people"]["aws_access_key_id"])
    assert refused(place, way.who()).what == "AWS doesn't recognize the credentials for people."
    gone = Way("", role("CodeCommitAccess"), {"people": keys_of(place.state.temporary_keys(MARIA))})
    place.state.expire(gone.more["people"]["aws_access_key_id"])
    assert refused(place, gone.who()).what == "The credentials for people have expired."


def test_a_role_that_may_not_be_assumed_is_told_with_awss_words(place: Place) -> None:
    way = Way("", role("CodeCommitExternal", external_id="wrong"), {"people": maria(place.state)})
    place.write(way)
    for who in (way.who(), FILES):
        problem = refused(place, who)
        assert problem.what == f"AWS didn't allow these credentials to assume {role_arn('CodeCommitExternal')}."
        assert problem.why.startswith(f"User: {MARIA} is not authorized to perform: sts:AssumeRole on resource: arn:")
        assert (problem.code, problem.why[-1]) == ("access.assume", ".")


@pytest.mark.parametrize(
    ("token", "what"),
    [
        (lambda state: state.web_identity_token(lasts_s=-60), "The OIDC token has expired."),
        (
            lambda state: state.web_identity_token(forged=True),
            "AWS rejected the OIDC token for arn:aws:iam::111122223333:role/",
        ),
        (
            lambda state: state.web_identity_token(subject="repo:else/where"),
            "AWS didn't allow these credentials to assume",
        ),
    ],
    ids=["ended", "forged", "another subject"],
)
def test_a_token_that_is_refused_is_told_alike_planned_and_from_the_files(place: Place, token: Any, what: str) -> None:
    text = token(place.state)
    way = Way("", role("CodeCommitOidc", "", web_identity_token_file=token_file(place.state, place.home, text)))
    place.write(way)
    for who in (way.who(), FILES):
        problem = refused(place, who)
        assert problem.what.startswith(what)
        assert text not in problem.what + problem.why


PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "text", [PEM, "wJalrXUtnFEMI/K7MDENG", "e30.e30.x\ne30.e30.x", "x" * 20_001, "ghp_aaaa.b", "\udcff"]
)
def test_a_file_that_holds_no_token_is_never_sent_planned_or_from_the_files(place: Place, text: str) -> None:
    (place.home / "token").write_bytes(text.encode("utf-8", "surrogateescape"))
    way = Way("", role("CodeCommitOidc", "", web_identity_token_file=str(place.home / "token")))
    source = Way("", role("CodeCommitAccess", "ci"), {"ci": way.dev})
    for each in (way, source):
        place.write(each)
        for who in (each.who(), FILES):
            problem = refused(place, who)
            assert problem.code == "oidc.token-invalid"
            assert "Nothing was sent to AWS" in problem.what
            assert text.strip() not in problem.what + problem.why + problem.next
    answers = place.aws().identities([each.who() for each in (way, source)], 20)
    assert [it.refused.code for it in answers if it.refused] == ["oidc.token-invalid"] * 2
    assert not place.sandbox.log


@pytest.mark.skipif(os.name == "nt", reason="POSIX files")
@pytest.mark.parametrize("shape", ["pipe", "socket", "folder", "huge", "zero", "link to pipe", "link to zero"])
def test_a_token_file_that_is_no_plain_file_keeps_nobody_waiting(place: Place, shape: str, tmp_path: Path) -> None:
    path = shapes(tmp_path / "shapes")[shape]
    way = Way("", role("CodeCommitOidc", "", web_identity_token_file=str(path)))
    source = Way("", role("CodeCommitAccess", "ci"), {"ci": way.dev})
    began = time.monotonic()
    for each in (way, source):
        place.write(each)
        for who in (each.who(), FILES):
            problem = refused(place, who)
            assert problem.code == "file.unreadable"
            assert f"{path} can't be read: it is" in problem.what
    answers = place.aws().identities([way.who(), source.who()], 20)
    assert [it.refused.code for it in answers if it.refused] == ["file.unreadable"] * 2
    assert time.monotonic() - began < 5


@pytest.mark.skipif(os.name == "nt", reason="POSIX files")
@pytest.mark.parametrize("shape", ["pipe", "zero", "huge", "link to tty"])
def test_what_the_sdk_would_open_besides_is_looked_at_first(
    place: Place, shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shapes(tmp_path / "shapes")[shape]
    place.write(Way("", sso(place.state, place.home), sessions={"acme": SSO_SESSION}))
    (cache,) = (place.home / ".aws/sso/cache").iterdir()
    cache.unlink()
    cache.symlink_to(path)
    assert refused(place).code == "sso.cache-corrupt"
    place.write(Way("", maria(place.state)))
    for variable, code in (
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "source.credential-source"),
        ("AWS_CA_BUNDLE", "net.tls"),
        ("REQUESTS_CA_BUNDLE", "net.tls"),
    ):
        with monkeypatch.context() as there:
            there.setenv(variable, str(path))
            assert refused(place).code == code
            answers = place.aws().identities([Way("", maria(place.state)).who()], 20)
            assert not answers[0].identity or code != "net.tls"


def test_a_sign_in_that_ended_is_told(place: Place) -> None:
    place.write(Way("", sso(place.state, place.home), sessions={"acme": SSO_SESSION}))
    (cache,) = (place.home / ".aws/sso/cache").iterdir()
    kept = json.loads(cache.read_text())
    place.state.center.end_sessions()
    assert (refused(place).code, refused(place).what) == ("sso.expired", "The sign-in for dev has expired.")
    place.write(Way("", {**sso(place.state, place.home), "sso_role_name": "Gone"}, sessions={"acme": SSO_SESSION}))
    assert refused(place).what == "Your sign-in doesn't have the role Gone in account 111122223333."
    whole = json.dumps(kept)
    damages = [json.dumps({**kept, "expiresAt": at}) for at in ("soon", 5, "2099-01-01T00:00:00")]
    for damage in (whole[:-9], "", "\N{REPLACEMENT CHARACTER}", *damages):
        cache.write_text(damage)
        assert (refused(place).code, refused(place).what) == (
            "sso.cache-corrupt",
            "The saved sign-in for dev is damaged.",
        ), damage


def test_a_token_that_was_wrapped_is_told_without_showing_it(place: Place) -> None:
    keys = keys_of(place.state.temporary_keys(role_arn("CodeCommitAccess")))
    token = keys["aws_session_token"]
    wrapped = {**keys, "aws_session_token": token[:300] + "\n  " + token[300:]}
    place.files("[profile dev]\n", "[dev]\n" + "".join(f"{k} = {v}\n" for k, v in wrapped.items()))
    problem = refused(place)
    assert problem.code == "file.characters"
    assert token[:40] not in problem.what + problem.why


def test_swapped_keys_do_not_show_the_secret(place: Place) -> None:
    keys = maria(place.state)
    name, secret = keys["aws_access_key_id"], keys["aws_secret_access_key"]
    place.files("[profile dev]\n", f"[dev]\naws_access_key_id = {secret}\naws_secret_access_key = {name}\n")
    problem = refused(place)
    assert problem.code == "access.identity"
    assert secret not in problem.what + problem.why + problem.next


@pytest.mark.slow
def test_a_sign_in_may_take_longer_than_a_fault_of_the_network(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program or a browser may wait for a person: no bound but the person's patience applies to them."""
    import time

    script = place.home / "slow.py"
    script.write_text(f"import time; time.sleep(0.8)\nprint({json.dumps(_printed(maria(place.state)))!r})")
    place.files(f"[profile dev]\ncredential_process = {sys.executable} {script}\n")
    slow, aws = WAYS["single sign-on"](place.state, place.home), place.aws()
    keys = aws._resolver._sso_keys
    aws._resolver._sso_keys = lambda *asked: (time.sleep(0.8), keys(*asked))[1]
    monkeypatch.setattr(limits, "CALL_S", 0.7)
    assert aws.identity(FILES).arn == MARIA
    assert aws.identity(slow.who()).account_id == CODE


def _printed(keys: dict[str, str]) -> dict[str, object]:
    return {"Version": 1, "AccessKeyId": keys["aws_access_key_id"], "SecretAccessKey": keys["aws_secret_access_key"]}


def test_a_planned_secret_is_never_in_a_repr(place: Place) -> None:
    way = WAYS["long-term keys"](place.state, place.home)
    secret = way.dev["aws_secret_access_key"]
    assert secret not in repr(way.who())
    assert isinstance((way.who().profiles or {})["dev"]["aws_secret_access_key"], Secret)
    assert PEOPLE in place.aws().identity(way.who()).arn
