"""Our git-remote-codecommit beside AWS's: the same clone, pull and push; what goes wrong in one sentence."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from git_desk import ROOT, Desk, assumed, commands, mfa, signed_in, static, web_identity
from odd_files import shapes
from test_sdk import Canned, error, says

from ccsetup.git.helper import remote, signing
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import role_arn

pytestmark = pytest.mark.slow

KEYS = "aws_access_key_id = AKIA1\naws_secret_access_key = s\n"
URL = "codecommit::us-east-2://{}@MySharedDemoRepo"


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A folder with our git-remote-codecommit."""
    return commands(tmp_path / "ours")


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path, clean_env: Any, ours: Path) -> Desk:
    return Desk(sandbox, tmp_path / "home", clean_env(tmp_path / "home", sandbox.environment(), path=[ours]))


@pytest.fixture(params=["ccsetup's helper", "AWS's helper"])
def either(request: pytest.FixtureRequest, desk: Desk) -> Desk:
    if request.param == "AWS's helper":
        folder = request.getfixturevalue("aws_tools").folder
        desk.env["PATH"] = f"{folder}{os.pathsep}{desk.env['PATH']}"
    return desk


@pytest.mark.parametrize("kind", [static, assumed, mfa, signed_in, web_identity], ids=lambda kind: kind.__name__)
def test_clone_commit_push_and_pull_work(either: Desk, kind: Any) -> None:
    profile = kind(either)
    for where in ("here", "there"):
        done = either.git("clone", "-q", URL.format(profile), where)
        assert done.returncode == 0, done.stderr
    here, there = either.home / "here", either.home / "there"
    (here / "new.txt").write_text("new")
    assert either.git("add", "new.txt", cwd=here).returncode == 0
    assert either.git("commit", "-qm", "new", cwd=here).returncode == 0
    pushed = either.git("push", "-q", cwd=here)
    assert pushed.returncode == 0, pushed.stderr
    assert either.git("pull", "-q", cwd=there).returncode == 0
    assert (there / "new.txt").read_text() == "new"


def test_the_role_is_assumed_once_and_both_helpers_share_its_session(desk: Desk, aws_tools: Any) -> None:
    profile = assumed(desk)
    for path in (desk.env["PATH"], f"{aws_tools.folder}{os.pathsep}{desk.env['PATH']}", desk.env["PATH"]):
        assert desk.git("ls-remote", URL.format(profile), PATH=path).returncode == 0
    assert [entry.action for entry in desk.sandbox.log].count("AssumeRole") == 1
    (cached,) = (desk.home / ".aws/boto/cache").iterdir()
    assert cached.stat().st_mode & 0o777 == 0o600
    assert cached.parent.stat().st_mode & 0o777 == 0o700


def test_the_address_without_a_region_takes_the_profiles_or_the_environments(either: Desk) -> None:
    profile = static(either)
    assert either.git("ls-remote", f"codecommit://{profile}@MySharedDemoRepo").returncode == 0
    elsewhere = either.git("ls-remote", f"codecommit://{profile}@MySharedDemoRepo", AWS_DEFAULT_REGION="us-east-1")
    assert elsewhere.returncode != 0
    assert "not found" in elsewhere.stderr


@pytest.mark.long
def test_an_address_without_a_profile_takes_the_environments_keys_profile_or_default(either: Desk) -> None:
    keys = either.sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    url = "codecommit::us-east-2://MySharedDemoRepo"
    static(either)
    held = {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
    assert either.git("ls-remote", url, **held, AWS_SESSION_TOKEN=keys.session_token).returncode == 0
    assert either.git("ls-remote", url, AWS_PROFILE="static").returncode == 0
    assert either.git("ls-remote", url).returncode != 0
    either.keys("default", keys)
    assert either.git("ls-remote", url).returncode == 0
    # An explicit profile switches the environment's keys off.
    wrong = {"AWS_ACCESS_KEY_ID": "AKIAWRONG", "AWS_SECRET_ACCESS_KEY": "wrong"}
    assert either.git("ls-remote", URL.format("static"), **wrong).returncode == 0
    assert either.git("ls-remote", url, **wrong).returncode != 0


def test_a_repository_named_like_an_option_is_a_repository(either: Desk) -> None:
    url = f"codecommit::us-east-2://{static(either)}@--mirror"
    assert either.git("clone", "-q", "--", url, "there").returncode == 0


def test_no_other_credential_helper_is_asked_or_told(desk: Desk, tmp_path: Path) -> None:
    profile = static(desk)
    told = tmp_path / "told"
    desk.git("config", "--global", "credential.helper", f"!f() {{ echo asked $1 >> {told}; }}; f")
    desk.git("config", "--global", f"credential.https://{desk.sandbox.git_host}.helper", f"!echo asked >> {told}; :")
    done = desk.git("clone", "-q", URL.format(profile), "there")
    assert done.returncode == 0, done.stderr
    assert not told.exists()


@pytest.mark.parametrize("is_held", [False, True], ids=["usual", "held"])
def test_secrets_are_in_no_argument_of_any_process(desk: Desk, tmp_path: Path, is_held: bool) -> None:
    profile = static(desk)
    keys = list(desk.sandbox.state.keys.values())[-1]
    trace = tmp_path / "strace"
    strace = ["strace", "-f", "-qq", "-s", "9999", "-e", "trace=execve", "-o", str(trace)]
    try:
        if is_held:
            assert Held(desk, URL.format(profile), *strace).go()[0] == 0
        else:
            words = [*strace, "git", "ls-remote", URL.format(profile)]
            subprocess.run(words, env=desk.env, check=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("strace is not here")
    seen = trace.read_text()
    assert "remote-http" in seen
    assert "f get" in seen
    assert not [secret for secret in (keys.secret_access_key, keys.session_token, keys.access_key_id) if secret in seen]


RENUMBER = """
import os, sys
os.dup2(int(sys.argv[1]), int(sys.argv[2]))
os.execvp(sys.argv[3], sys.argv[3:])
"""


class Held:
    """`git ls-remote` as ccsetup starts it before there are credentials."""

    def __init__(self, desk: Desk, url: str, *before: str, number: int = 0, **env: str) -> None:
        gate, self._ours = os.pipe()
        renumbered = [sys.executable, "-c", RENUMBER, str(gate), str(number)] if number else []
        named = {"CCSETUP_GATE": f"{number or gate}:{os.fstat(gate).st_ino}", "GIT_TERMINAL_PROMPT": "0", **env}
        self._process = subprocess.Popen(
            [*renumbered, *before, "git", "ls-remote", url], cwd=desk.home, env={**desk.env, **named}, pass_fds=[gate],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        os.close(gate)

    def go(self) -> tuple[int, str, str]:
        """Say that there are credentials; return the exit code and the output."""
        os.close(self._ours)
        out, errors = self._process.communicate(timeout=60)
        return self._process.returncode, out, errors


def asked(desk: Desk) -> list[str]:
    """Return how each request of git's ended, after there is one at least."""
    for _ in range(600):
        if found := [entry.outcome for entry in desk.sandbox.log if entry.service == "git"]:
            return found
        time.sleep(0.05)
    raise AssertionError(desk.sandbox.log)


@pytest.mark.parametrize("kind", [static, assumed], ids=lambda kind: kind.__name__)
def test_the_server_is_asked_before_there_are_credentials(desk: Desk, kind: Any) -> None:
    held = Held(desk, URL.format(kind(desk)))
    assert asked(desk) == ["MissingAuthenticationToken"]
    code, out, errors = held.go()
    assert (code, errors) == (0, "")
    assert "refs/heads/main" in out


@pytest.mark.parametrize("number", [9, 12])
def test_the_pipe_may_have_any_number(desk: Desk, number: int) -> None:
    code, out, errors = Held(desk, URL.format(static(desk)), number=number).go()
    assert (code, errors) == (0, "")
    assert "refs/heads/main" in out


def test_a_role_that_is_refused_after_the_server_was_asked_is_one_sentence(desk: Desk) -> None:
    desk.base()
    desk.profile("denied", role_arn=role_arn("Nobody"), source_profile="base", region="us-east-2")
    held = Held(desk, URL.format("denied"))
    assert asked(desk) == ["MissingAuthenticationToken"]
    code, out, errors = held.go()
    assert code != 0
    assert out == ""
    assert len(errors.splitlines()) == 1
    assert "ccsetup doctor" in errors


def test_a_silent_server_does_not_keep_a_refusal_waiting(desk: Desk) -> None:
    desk.base()
    desk.profile("denied", role_arn=role_arn("Nobody"), source_profile="base", region="us-east-2")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        held = Held(desk, URL.format("denied"), CODE_COMMIT_ENDPOINT=f"127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        with closing(connection):
            code, _, errors = held.go()  # within a minute
            assert code != 0
            assert len(errors.splitlines()) == 1
            connection.settimeout(10)
            while connection.recv(4096):  # until the end of git closes the connection
                pass


def test_a_connection_that_was_idle_for_long_is_not_relied_on(desk: Desk, ours: Path) -> None:
    script = ours / "git-remote-codecommit"
    script.write_text(
        script.read_text().replace("sys.exit(", "from ccsetup.git.helper import remote\nremote._FRESH_S = 0\nsys.exit(")
    )
    held = Held(desk, URL.format(static(desk)))
    assert asked(desk) == ["MissingAuthenticationToken"]
    code, out, errors = held.go()
    assert (code != 0, out) == (True, "")
    assert "Traceback" not in errors
    assert asked(desk) == ["MissingAuthenticationToken"]


@pytest.mark.parametrize("host", ["127.0.0.1:1", "not a host"])
def test_a_server_that_is_not_there_keeps_a_held_git_waiting_nowhere(desk: Desk, host: str) -> None:
    code, out, errors = Held(desk, URL.format(static(desk)), CODE_COMMIT_ENDPOINT=host).go()
    assert code != 0
    assert out == ""
    assert "127.0.0.1" in errors or "CODE_COMMIT_ENDPOINT" in errors


def test_a_profile_that_appears_while_git_is_held_is_used(desk: Desk) -> None:
    held = Held(desk, URL.format("static"))
    assert asked(desk) == ["MissingAuthenticationToken"]
    static(desk)
    assert held.go()[0] == 0


def test_nothing_is_read_from_gits_pipe(desk: Desk, ours: Path) -> None:
    mfa(desk, fresh=False)
    done = subprocess.run(
        [ours / "git-remote-codecommit", "origin", "us-east-2://mfa@MySharedDemoRepo"], env=desk.env,
        input="capabilities\n", capture_output=True, text=True, timeout=30, check=False,
        start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "Profile mfa needs a new MFA code. Run: ccsetup login mfa\n"


def test_a_credential_process_works_and_does_not_read_gits_pipe(either: Desk, tmp_path: Path) -> None:
    keys = either.sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    held = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
    (tmp_path / "keys.json").write_text(json.dumps({**held, "SessionToken": keys.session_token}))
    program = tmp_path / "process"
    greedy = (
        "cat >&2; " if either.env["PATH"].startswith(str(tmp_path / "ours")) else ""
    )  # AWS's would lose git's words
    program.write_text(f"#!/bin/sh\n{greedy}cat {tmp_path}/keys.json\n")
    program.chmod(0o755)
    either.profile("process", credential_process=str(program), region="us-east-2")
    done = either.git("clone", "-q", URL.format("process"), "there")
    assert done.returncode == 0, done.stderr


def test_a_source_profile_that_needs_mfa_says_so_too(desk: Desk) -> None:
    mfa(desk, fresh=False)
    desk.profile("further", role_arn=role_arn("CodeCommitAccess"), source_profile="mfa", region="us-east-2")
    assert desk.says(URL.format("further")).startswith("Profile further needs a new MFA code.")


def test_a_sign_in_that_ended_names_the_hour_and_the_command(desk: Desk) -> None:
    profile = signed_in(desk)
    (cached,) = (desk.home / ".aws/sso/cache").iterdir()
    token = json.loads(cached.read_text())
    token["expiresAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    cached.write_text(json.dumps(token))
    at = time.strftime("%H:%M", time.localtime(time.time() - 60))
    said = desk.says(URL.format(profile))
    assert said in (f"The sign-in for sso expired at {at}. Run: ccsetup login sso", said.replace(" at ", " on 20"))
    cached.unlink()
    assert desk.says(URL.format(profile)) == "sso isn't signed in. Run: ccsetup login sso"
    desk.profile("via", role_arn=role_arn("CodeCommitAccess"), source_profile="sso", region="us-east-2")
    assert desk.says(URL.format("via")) == "sso isn't signed in. Run: ccsetup login sso"


def test_a_token_that_identity_center_refuses_is_a_sign_in_that_ended(desk: Desk) -> None:
    profile = signed_in(desk)
    desk.sandbox.state.center.end_sessions()
    assert "Run: ccsetup login sso" in desk.says(URL.format(profile))


def test_stored_keys_that_ended_are_named_before_git_is_refused(desk: Desk) -> None:
    keys = desk.sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    desk.keys("stored", keys)
    desk.profile("stored", ccsetup_expires_at="2020-01-31T18:04:00Z")
    assert desk.git("ls-remote", URL.format("stored")).returncode == 0  # the record may be wrong: it stops nobody
    desk.sandbox.state.expire(keys)
    done = desk.git("ls-remote", URL.format("stored"))
    assert done.returncode != 0
    first, second, _ = done.stderr.splitlines()
    assert first.startswith("The credentials for stored expired on 2020-01-31 at ")
    assert first.endswith("Run: ccsetup login stored")
    assert "403" in second


FAULTS: dict[str, tuple[str, str, str, dict[str, str], str]] = {
    "no such profile": ("", "[acme-dev]\n", URL.format("acme-dve"), {},
                        "No profile \"acme-dve\" on this computer. Did you mean \"acme-dev\"? Run: ccsetup clone 'us-east-2://acme-dve@MySharedDemoRepo'"),
    "no such profile at all": ("", "", URL.format("dev"), {},
                               "No profile \"dev\" on this computer. Run: ccsetup clone 'us-east-2://dev@MySharedDemoRepo'"),
    "no region": ("", "[dev]\nx = 1\n", "codecommit://dev@R", {},
                  "Profile dev has no region. Add a region to the URL: codecommit::us-east-2://dev@MySharedDemoRepo"),
    "a zone": ("", "[dev]\nx = 1\n", "codecommit::us-east-1a://dev@R", {},
               "us-east-1a isn't a region. Did you mean us-east-1?"),
    "no region of AWS": ("", "[dev]\nregion = us-esat-1\n", "codecommit://dev@R", {},
                         "us-esat-1 isn't a region. Did you mean us-east-1"),
    "a bucket": ("", "[dev]\nx = 1\n", "codecommit::s3-us-west-2://dev@R", {}, "s3-us-west-2 isn't a region"),
    "no region at all": ("", "[dev]\nregion = s3\n", "codecommit://dev@R", {},
                         "s3 isn't a region. Use a region like us-east-2."),
    "an endpoint that is no host": ("", f"[dev]\nregion = us-east-2\n{KEYS}", "codecommit://dev@R",
                                    {"CODE_COMMIT_ENDPOINT": "evil.example/"}, "CODE_COMMIT_ENDPOINT is evil.example/,"),
    "an endpoint with a line break": ("", f"[dev]\nregion = us-east-2\n{KEYS}", "codecommit://dev@R",
                                      {"CODE_COMMIT_ENDPOINT": "evil.example\r"}, "CODE_COMMIT_ENDPOINT is evil.example"),
    "no credentials": ("[profile dev]\nregion = us-east-2\n", "", URL.format("dev"), {},
                       "Profile dev has no credentials. Run: ccsetup setup --profile dev"),
    "half a pair": ("", "[dev]\naws_access_key_id = AKIA1\n", URL.format("dev"), {},
                    "Profile dev is missing aws_secret_access_key. Run: ccsetup login dev"),
    "a broken file": ("[profile a]\nx = 1\n[profile a]\n", "", URL.format("dev"), {},
                      "AWS tools can't read {home}/.aws/config (line 3), so no profiles work. Run: ccsetup doctor --fix"),
    "a line that is none": ("[profile a]\nx = 1\nstray\n", "", URL.format("dev"), {},
                            "AWS tools can't read {home}/.aws/config (line 3), so no profiles work. Run: ccsetup doctor --fix"),
    "no token file": ("[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/R\n"
                      "web_identity_token_file = /no/such/token\nregion = us-east-2\n", "", URL.format("dev"), {},
                      "Profile dev uses /no/such/token, which doesn't exist. Run: ccsetup doctor --fix"),
    "no such program": ("[profile dev]\ncredential_process = /no/such/program\n", "", URL.format("dev"), {},
                        "Profile dev uses /no/such/program, which doesn't exist. Run: ccsetup doctor --fix"),
    "no source": ("[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/R\n", "", URL.format("dev"), {},
                  "Profile dev is missing source_profile or credential_source. Run: ccsetup doctor --fix"),
    "a source that is not there": ("[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = x\n",
                                   "", URL.format("dev"), {}, "x, the source profile, has no credentials. Run: ccsetup login x"),
    "a circle": ("[profile dev]\nrole_arn = r\nsource_profile = a\n[profile a]\nrole_arn = r\nsource_profile = dev\n",
                 "", URL.format("dev"), {}, "Infinite loop in credential configuration detected"),
    "a sign-in by the AWS CLI": ("[profile dev]\nlogin_session = x\n", "", URL.format("dev"), {}, "ccsetup login"),
    "keys over two lines": ("", "[dev]\naws_access_key_id = A\naws_secret_access_key = b\n  c\n", URL.format("dev"), {},
                            "The credentials for dev are incomplete or split across two lines."),
    "an empty AWS_PROFILE": ("", "", "codecommit::us-east-2://R", {"AWS_PROFILE": ""},
                             "AWS_PROFILE is set but empty. Run: unset AWS_PROFILE"),
    "half a pair in the environment": ("", "", "codecommit::us-east-2://R", {"AWS_ACCESS_KEY_ID": "A"},
                                       "is missing AWS_SECRET_ACCESS_KEY"),
    "no repository": ("", "", "codecommit::us-east-2://dev@", {}, "isn't a CodeCommit URL"),
    "a name that is none": ("", "", "codecommit::us-east-2://dev@a%2Fb", {}, "isn't valid. A repository name can contain only"),
    "a slash in the profile": ("", "", "codecommit::us-east-2://org/dev@R", {}, "isn't valid. A repository name can contain only"),
}  # fmt: skip


def test_a_closed_stdin_is_no_reason_to_break(desk: Desk) -> None:
    command = ["sh", "-c", f"{sys.executable} -m ccsetup.git.helper.remote origin {URL.format('none')} <&-"]
    done = subprocess.run(command, env=desk.env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (
        1,
        'No profile "none" on this computer. Run: ccsetup setup --profile none\n',
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_one_sentence(desk: Desk, fault: str) -> None:
    config, credentials, url, env, sentence = FAULTS[fault]
    desk.write("config", config)
    desk.write("credentials", credentials)
    desk.env.pop("CODE_COMMIT_ENDPOINT")
    said = desk.says(url, **env)
    assert sentence.format(home=desk.home) in said
    assert desk.sandbox.log == []


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda s: s.deny("maria", "sts:AssumeRole"), f"AWS didn't allow profile assumed to assume {role_arn('CodeCommitAccess')}: User: arn:aws:iam::8888"),
        (lambda s: s.refuse("AssumeRole", "ExpiredToken", "The security token included in the request is expired"),
         "The credentials for base have expired. Run: ccsetup login base"),
        (lambda s: s.keys.clear(), "AWS rejected the credentials for base (InvalidClientTokenId"),
        (lambda s: s.refuse("AssumeRole", "Strange", "An \x1b[31mevil\x07 text\nover two lines"),
         "AWS rejected profile assumed (Strange)"),
    ],
    ids=["denied", "expired", "unknown keys", "anything else"],
)  # fmt: skip
def test_what_aws_refuses_is_one_sentence(desk: Desk, prepare: Any, sentence: str) -> None:
    profile = assumed(desk)
    prepare(desk.sandbox.state)
    said = desk.says(URL.format(profile))
    assert said.startswith(sentence)
    assert said.isprintable()


@pytest.mark.parametrize("way", ["token", "sign-in", "behind a sign-in", "issuer"])
def test_a_refusal_names_the_role_and_the_account_that_were_asked_for(desk: Desk, way: str) -> None:
    if way in ("token", "issuer"):
        profile, asked = web_identity(desk), role_arn("CodeCommitOidc")
        token = {"subject": "repo:else/where"} if way == "token" else {"forged": True}
        (desk.home / "token.jwt").write_text(desk.sandbox.state.web_identity_token(**token))
    else:
        profile, asked = signed_in(desk), "the role Gone in account 111122223333"
        config = desk.home / ".aws" / "config"
        config.write_text(config.read_text().replace("= Developer", "= Gone"))
        if way == "behind a sign-in":
            desk.profile("via", role_arn=role_arn("CodeCommitAccess"), source_profile=profile, region="us-east-2")
            profile = "via"
    said = desk.says(URL.format(profile))
    if way == "token":
        assert f"to assume {asked}: " in said
        return
    assert (
        f"The sign-in for {profile} doesn't have {asked}. To see which" in said
        or f"AWS rejected the token for {asked} (InvalidIdentityToken" in said
    )
    assert said.isprintable()


def test_an_sts_that_cannot_be_reached_is_one_sentence(desk: Desk) -> None:
    profile = assumed(desk)
    began = time.monotonic()
    said = desk.says(URL.format(profile), AWS_ENDPOINT_URL_STS="http://127.0.0.1:1")
    assert said.startswith("Couldn't reach AWS to renew the credentials for assumed: ")
    assert time.monotonic() - began < 30


BUSY = ("Throttling", "RequestLimitExceeded", "ServiceUnavailable", "InternalFailure")


@pytest.mark.parametrize("code", BUSY)
def test_a_service_that_is_too_busy_is_said_to_be_and_nobody_is_sent_to_sign_in(desk: Desk, code: str) -> None:
    profile = assumed(desk)
    desk.sandbox.state.refuse("AssumeRole", code, "Rate exceeded", times=9)
    said = desk.says(URL.format(profile))
    assert said == f"AWS is too busy to renew the credentials for assumed ({code}). Try again in a minute."


@pytest.mark.long
def test_a_page_in_awss_place_is_said_to_be_one(desk: Desk) -> None:
    profile = assumed(desk)
    for status in (200, 302, 403, 407):
        with closing(Canned(says(status, "<!DOCTYPE html><html><body>Please sign in<br></body></html>"))) as server:
            said = desk.says(URL.format(profile), AWS_ENDPOINT_URL_STS=server.url)
        assert said.startswith(
            "Something other than AWS responded to the request to renew the credentials for assumed."
        )
        assert "login" not in said


def test_a_wrong_clock_is_said_to_be_one(desk: Desk) -> None:
    profile = assumed(desk)
    desk.sandbox.state.refuse("AssumeRole", "SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2")
    said = desk.says(URL.format(profile))
    assert said.startswith("According to AWS, this computer's clock is wrong: Signature expired")
    assert "login" not in said


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_refresh_that_nobody_answered_is_no_sign_in_that_ended(desk: Desk, status: int) -> None:
    profile = signed_in(desk)
    (cached,) = (desk.home / ".aws/sso/cache").iterdir()
    at = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + off)) for off in (-60, 3600)]
    renewing = {"clientId": "c", "clientSecret": "s", "refreshToken": "r", "registrationExpiresAt": at[1]}
    cached.write_text(json.dumps({**json.loads(cached.read_text()), "expiresAt": at[0], **renewing}))
    with closing(
        Canned(error(status, "TooManyRequestsException" if status == 429 else "InternalServerException"))
    ) as server:
        said = desk.says(URL.format(profile), AWS_ENDPOINT_URL_SSO_OIDC=server.url)
    assert said.startswith("AWS is too busy to renew the credentials for sso (")
    with closing(Canned(error(400, "InvalidGrantException"))) as server:
        said = desk.says(URL.format(profile), AWS_ENDPOINT_URL_SSO_OIDC=server.url)
    assert said.startswith("The sign-in for sso expired")


@pytest.mark.parametrize("expiration", ["2099-11-28T18:00:00", "tomorrow", 4099660800])
def test_an_expiration_that_botocore_cannot_read_is_said_and_nobody_is_sent_to_sign_in(
    desk: Desk, expiration: object, tmp_path: Path
) -> None:
    held = {"Version": 1, "AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": expiration}
    (tmp_path / "keys.json").write_text(json.dumps(held))
    desk.profile("process", credential_process=f"cat {tmp_path}/keys.json", region="us-east-2")
    desk.profile("rests", role_arn=role_arn("CodeCommitAccess"), source_profile="process", region="us-east-2")
    for profile in ("process", "rests"):
        assert desk.says(URL.format(profile)) == (
            "The credential_process of process printed an Expiration that AWS tools can't read. It must be a date and time"
            ' with a time zone, for example, "2026-11-28T18:00:00Z". Change the program to print this format, or ask its author to do so.'
        )


def test_a_programs_keys_that_are_over_and_one_that_fails_lead_to_the_program(desk: Desk, tmp_path: Path) -> None:
    held = {
        "Version": 1,
        "AccessKeyId": "A",
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": "2020-01-01T00:00:00Z",
    }
    (tmp_path / "keys.json").write_text(json.dumps(held))
    (tmp_path / "no.json").write_text("no JSON: planted-Secret0")
    (tmp_path / "fails").write_text("#!/bin/sh\necho planted-Secret0 >&2\nexit 1\n")
    (tmp_path / "fails").chmod(0o755)
    desk.profile("over", credential_process=f"cat {tmp_path}/keys.json", region="us-east-2")
    desk.profile("babbles", credential_process=f"cat {tmp_path}/no.json", region="us-east-2")
    desk.profile("fails", credential_process=f"{tmp_path}/fails", region="us-east-2")
    assert desk.says(URL.format("over")) == (
        "The credential_process of over printed expired credentials. Sign in again with the credential_process program."
    )
    assert desk.says(URL.format("babbles")) == (
        "The credential_process of babbles didn't print credentials. Run: ccsetup doctor babbles"
    )
    assert desk.says(URL.format("fails")) == "The credential_process of fails failed. Run: ccsetup doctor fails"


PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n"


@pytest.mark.parametrize("text", [PEM, "wJalrXUtnFEMI/K7MDENG", "x" * 20_001], ids=["a key", "a secret", "long"])
def test_what_is_no_token_is_not_sent_for_git_either(desk: Desk, text: str) -> None:
    profile = web_identity(desk)
    (desk.home / "token.jwt").write_text(text)
    said = desk.says(URL.format(profile))
    assert said.startswith(f"The token file {desk.home}/token.jwt doesn't contain a token: ")
    assert said.endswith("Nothing was sent to AWS. Run: ccsetup doctor oidc")
    variables = {"AWS_WEB_IDENTITY_TOKEN_FILE": f"{desk.home}/token.jwt", "AWS_ROLE_ARN": role_arn("CodeCommitOidc")}
    assert "doesn't contain a token" in desk.says("codecommit::us-east-2://MySharedDemoRepo", **variables)
    assert desk.sandbox.log == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX files")
@pytest.mark.parametrize("shape", ["pipe", "zero", "huge", "folder", "link to pipe"])
def test_what_is_no_plain_file_keeps_git_waiting_nowhere(desk: Desk, shape: str, tmp_path: Path) -> None:
    path = shapes(tmp_path / "shapes")[shape]
    profile = web_identity(desk)
    (desk.home / "token.jwt").unlink()
    (desk.home / "token.jwt").symlink_to(path)
    began = time.monotonic()
    assert f"The token file {desk.home}/token.jwt can't be read: it is" in desk.says(URL.format(profile))
    signed_in(desk)
    (cached,) = (desk.home / ".aws/sso/cache").iterdir()
    cached.unlink()
    cached.symlink_to(path)
    assert f"The saved sign-in {cached} can't be read: it is" in desk.says(URL.format("sso"))
    assert "The certificate file" in desk.says(URL.format(assumed(desk)), AWS_CA_BUNDLE=str(path))
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        assert f"{path} can't be read: it is" in desk.says(URL.format("sso"), **{name: str(path)})
    variable = {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(path)}
    assert "token file" in desk.says("codecommit::us-east-2://MySharedDemoRepo", **variable)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("arguments", [[], ["--help"], ["origin"], ["origin", "us-east-2://a@b", "more"]])
def test_started_by_hand_it_says_who_starts_it(
    ours: Path, clean_env: Any, tmp_path: Path, arguments: list[str]
) -> None:
    done = subprocess.run(
        [ours / "git-remote-codecommit", *arguments], env=clean_env(tmp_path / "h"), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "git runs this command for you when you use a CodeCommit URL, for example: git clone codecommit::"
    )


def test_without_git_it_says_so(ours: Path, desk: Desk, tmp_path: Path) -> None:
    url = f"us-east-2://{static(desk)}@MySharedDemoRepo"
    done = subprocess.run(
        [sys.executable, ours / "git-remote-codecommit", "origin", url], env={**desk.env, "PATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        1,
        "git isn't on the PATH. Install it: https://git-scm.com/downloads\n",
    )


def test_keys_at_hand_load_neither_botocore_nor_json(desk: Desk) -> None:
    slow = {"botocore", "json", "re", "subprocess", "urllib.parse", "configparser", "typing", "dataclasses"}
    for profile in (static(desk), mfa(desk)):
        code = f"""
import os, sys
from ccsetup.git.helper import remote
remote._run = lambda *became: print(*sorted(sys.modules), sep="\\n") or 0
remote.serve(["origin", "us-east-2://{profile}@R"])
"""
        env = {**desk.env, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-S", "-c", code], env=env, capture_output=True, text=True, check=True)
        loaded = set(done.stdout.split())
        assert "ccsetup.git.helper.signing" in loaded
        assert not loaded & slow


FIPS_SETTINGS: list[tuple[str, str, dict[str, str], bool]] = [
    ("us-east-2", "", {}, False),
    ("us-east-2", "use_fips_endpoint = true\n", {}, True),
    ("us-east-2", "", {"AWS_USE_FIPS_ENDPOINT": "True"}, True),
    ("us-east-2", "use_fips_endpoint = TRUE\n", {"AWS_USE_FIPS_ENDPOINT": "false"}, False),
    ("us-east-2", "use_fips_endpoint = false\n", {"AWS_USE_FIPS_ENDPOINT": "true"}, True),
    ("eu-west-1", "use_fips_endpoint = true\n", {}, False),  # AWS has no such host there
]


@pytest.mark.parametrize("at_hand", [True, False], ids=["stored keys", "keys that are fetched"])
@pytest.mark.parametrize(("region", "setting", "env", "fips"), FIPS_SETTINGS)
def test_the_fips_host_is_used_and_signed_for_if_it_is_wanted(
    region: str,
    setting: str,
    env: dict[str, str],
    fips: bool,
    at_hand: bool,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (desk.home / "keys.json").write_text('{"Version": 1, "AccessKeyId": "AKIA1", "SecretAccessKey": "s"}')
    keys = KEYS if at_hand else f"credential_process = cat {desk.home}/keys.json\n"
    desk.write("config", f"[profile dev]\n{keys}{setting}")
    monkeypatch.setattr(os, "environ", {k: v for k, v in desk.env.items() if k != "CODE_COMMIT_ENDPOINT"} | env)
    became: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(remote, "_run", lambda words, env: became.append((words, env)))
    monkeypatch.setattr(time, "time", lambda: 1790000000.0)
    remote.serve(["origin", f"{region}://dev@R"])
    [(words, given)] = became
    host = f"git-codecommit{'-fips' if fips else ''}.{region}.amazonaws.com"
    assert words[-1] == f"https://{host}/v1/repos/R"
    assert given["CCSETUP_PASSWORD"] == signing.git_password("s", region, host, "/v1/repos/R", 1790000000.0)
