"""Our git-credential-ccsetup: AWS's signature, clone, push and pull over https, and git stopped in words."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from calendar import timegm
from pathlib import Path
from typing import Any

import pytest
from git_desk import ROOT, Desk, assumed, commands, mfa, sign_in, signed_in, static, web_identity
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.git.helper import credential, signing
from ccsetup.git.helper.credential import host_region, read_question
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, role_arn

HOST = "git-codecommit.us-east-2.amazonaws.com"


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A folder with our helpers for git."""
    return commands(tmp_path / "our commands")  # with a blank, as home directories may have one


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path, clean_env: Any, ours: Path) -> Desk:
    return Desk(sandbox, tmp_path / "home", clean_env(tmp_path / "home", sandbox.environment()))


def over_https(ours: Path, profile: str) -> list[str]:
    """Return the settings of a clone that ccsetup makes, as git's options."""
    helper = shlex.quote(str(ours / "git-credential-ccsetup"))
    absolute = helper.strip("'").replace(" ", "\\ ")
    settings = [
        "credential.helper=",
        f"credential.helper={absolute} --profile {profile}",
        "credential.useHttpPath=true",
    ]
    return [word for setting in settings for word in ("-c", setting)]


def url(desk: Desk, repository: str = "MySharedDemoRepo") -> str:
    return f"https://{desk.sandbox.git_host}/v1/repos/{repository}"


def asked(
    ours: Path, env: dict[str, str], question: str | bytes, *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    """Ask the helper as git does."""
    return subprocess.run(
        [ours / "git-credential-ccsetup", *(arguments or ("get",))], env=env, check=False, timeout=60,
        input=question.encode() if isinstance(question, str) else question, capture_output=True,
    )  # fmt: skip


def question(host: str = HOST, path: str = "v1/repos/MySharedDemoRepo") -> str:
    return f"protocol=https\nhost={host}\n" + (f"path={path}\n" if path else "")


def answered(done: subprocess.CompletedProcess[bytes]) -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.decode().splitlines())


# What it signs.


@pytest.mark.slow
def test_user_and_password_are_those_of_the_aws_cli_byte_for_byte(
    aws_tools: Any, clean_env: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any
) -> None:
    keys = ["AKIA1", "s/e+c=r", ""], ["ASIA2", "s", "FwoGZXIvYXdzE+/=%2Btoken"]
    hosts = [
        HOST, f"{HOST}:443", "git-codecommit-fips.us-east-1.amazonaws.com",
        "git-codecommit.cn-north-1.amazonaws.com.cn", "vpce-0ab-cd.git-codecommit.eu-west-1.vpce.amazonaws.com:8443",
        "localhost:8443",
    ]  # fmt: skip
    paths = ["v1/repos/MyRepo", "v1/repos/--mirror", "v1/repos/a b%2f?c#d", "v1/repos/MyRepo/info/refs"]
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws/config").write_text("[profile p0]\nregion = us-west-1\n[profile p1]\nregion = us-west-1\n")
    (home / ".aws/credentials").write_text(
        "".join(
            f"[p{n}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
            + (f"aws_session_token = {token}\n" if token else "")
            for n, (key, secret, token) in enumerate(keys)
        )
    )
    cases = [(f"p{n % 2}", question(host, path)) for n, (host, path) in enumerate((h, p) for h in hosts for p in paths)]
    code = """
import io, json, sys
from awscli.clidriver import create_clidriver
for profile, question in json.load(sys.stdin):
    sys.stdin = io.StringIO(question)
    helper = ["codecommit", "credential-helper", "get", "--ignore-host-check", "--profile", profile]
    assert create_clidriver().main(helper) == 0
"""
    env = clean_env(home)
    done = subprocess.run(
        [aws_tools.aws.with_name("python"), "-c", code], input=json.dumps(cases), env=env, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    values = [line.partition("=")[2] for line in done.stdout.splitlines()]
    theirs = list(zip(values[::2], values[1::2], strict=True))
    assert len(theirs) == len(cases)
    monkeypatch.setattr(os, "environ", {**env, "CODE_COMMIT_ENDPOINT": "localhost:8443"})
    for (profile, text), (user, password) in zip(cases, theirs, strict=True):
        signed_at = timegm(time.strptime(password[:15], "%Y%m%dT%H%M%S"))
        with monkeypatch.context() as patched:
            patched.setattr(credential, "_heard", text.encode)
            patched.setattr(time, "time", lambda at=signed_at: at + 0.9)
            assert credential.serve(["--profile", profile, "get"]) == 0
        expected = f"username={user}\npassword={password}\npassword_expiry_utc={signed_at + 900}\n"
        assert capfdbinary.readouterr().out.decode() == expected


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("git-codecommit.us-east-2.amazonaws.com", "us-east-2"),
        ("Git-CodeCommit.US-East-2.amazonaws.com:443", "us-east-2"),
        ("git-codecommit-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("git-codecommit.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
        ("vpce-0a-1b.git-codecommit.us-east-2.vpce.amazonaws.com", "us-east-2"),
        ("vpce-0a-1b-us-east-2a.git-codecommit-fips.us-east-2.vpce.amazonaws.com:8443", "us-east-2"),
        ("vpce-0a.git-codecommit.cn-north-1.vpce.amazonaws.com.cn", "cn-north-1"),
        ("git-codecommit.eu-south-2.amazonaws.com", "eu-south-2"),  # AWS knows whether CodeCommit is there
        ("git-codecommit.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("LOCALHOST:8443", ""),
        *(
            (other, None)
            for other in (
                "", "localhost", "localhost:8444", "github.com", "amazonaws.com", "us-east-2.amazonaws.com",
                "git-codecommit.us-east-2.amazonaws.com.evil.example", "evil.git-codecommit.us-east-2.amazonaws.com",
                "git-codecommit.us-east-2.amazonaws.com.cn.evil", "git-codecommit.us-east-2.amazonaws.com:evil",
                "git-codecommit.us-east-2.amazonaws.com:", "git-codecommit.us-east-2.amazonaws.org",
                "git-codecommit.us-east-2.evil.vpce.amazonaws.com", "vpce-0a.git-codecommit.us-east-2.amazonaws.com",
                "git-codecommit.s3.amazonaws.com", "git-codecommit.s3-us-west-2.amazonaws.com",
                "git-codecommit.xx-new-7.amazonaws.com", "git-codecommit.us-east-2.amazonaws.com.",
                "git-codecommit.us-east-2.amazonaws.com\r", "git-codecommit.us-east-2.amazonaws.com:0",
                "git-codecommit-fips.eu-west-1.amazonaws.com", "git-codecommit.cn-north-1.amazonaws.com",
                "vpce-0a.evil.us-east-2.vpce.amazonaws.com", "git-codecommit..amazonaws.com", "git-codecommit.amazonaws.com",
                "evil.example/git-codecommit.us-east-2.amazonaws.com", "vpce-.vpce", "codecommit.us-east-2.amazonaws.com",
            )
        ),
    ],
)  # fmt: skip
def test_codecommits_hosts_are_known_from_all_others(
    host: str, region: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODE_COMMIT_ENDPOINT", "localhost:8443")
    assert host_region(host) == region


def test_the_region_of_an_endpoint_is_the_one_given_else_the_environments_else_the_profiles(
    ours: Path, clean_env: Any, tmp_path: Path
) -> None:
    env = clean_env(tmp_path / "home", CODE_COMMIT_ENDPOINT="localhost:1")
    (tmp_path / "home/.aws").mkdir()
    (tmp_path / "home/.aws/credentials").write_text("[a]\naws_access_key_id=A\naws_secret_access_key=s\n")
    profile = ("--profile", "a")
    where = question("localhost:1")
    refused = asked(ours, env, where, *profile, "get")
    assert (refused.returncode, refused.stdout) == (1, b"quit=1\n")
    sentence = (
        b"Profile a has no region. Add a region to the credential.helper setting, for example: --region us-east-2\n"
    )
    assert refused.stderr == sentence
    given = answered(asked(ours, env, where, *profile, "--region=us-east-2", "get"))
    named = answered(asked(ours, {**env, "AWS_DEFAULT_REGION": "us-east-2"}, where, *profile, "get"))
    for answer in (given, named):
        at = int(answer["password_expiry_utc"]) - 900
        signed = signing.git_password("s", "us-east-2", "localhost", "/v1/repos/MySharedDemoRepo", at)
        assert (answer["username"], answer["password"]) == ("A", signed)
    by_host = {**env, "AWS_DEFAULT_REGION": "us-east-9"}
    assert answered(asked(ours, by_host, question(), *profile, "--region", "no-such-9", "get"))["username"] == "A"


# What it hears, and whom it answers.

TOLERATED = {
    "unknown keys": "protocol=https\ncapability[]=authtype\nwwwauth[]=Basic realm=x\nx\nhost={h}\npath={p}\n=\nold=1\n",
    "an empty line and more": "protocol=https\nhost={h}\npath={p}\n\nhost=github.com\n",
    "ends like Windows's": "protocol=https\r\nhost={h}\r\npath={p}\r\n\r\n",
    "no end": "protocol=https\nhost={h}\nusername=somebody\npath={p}",
    "the later one counts, as in git": "protocol=http\nhost=a\npath=b\nprotocol=https\nhost={h}\npath={p}\n",
}


@pytest.mark.parametrize("text", TOLERATED.values(), ids=TOLERATED)
def test_a_question_may_be_written_as_git_allows(text: str) -> None:
    assert read_question(text.format(h=HOST, p="v1/repos/R").encode()) == (HOST, "v1/repos/R")


IGNORED: dict[str, bytes] = {
    "nothing": b"",
    "plain http": question().replace("https", "http").encode(),
    "another host": question("github.com").encode(),
    "no host": b"protocol=https\npath=v1/repos/R\n",
    "not UTF-8": question().encode() + b"path=\xff\n",
    "no ASCII in the host": question(HOST.replace("-east", "\u2010east")).encode(),
    "longer than a question": question().encode() + b"x=" + b"y" * (1 << 20),
    "a host behind a very long path": b"protocol=https\nhost=evil.example\npath="
    + b"a" * ((1 << 16) - 43) + f"\rhost={HOST}\n".encode(),
}  # fmt: skip


@pytest.mark.parametrize("text", IGNORED.values(), ids=IGNORED)
def test_any_other_question_is_left_to_the_next_helper(text: bytes, ours: Path, clean_env: Any, tmp_path: Path) -> None:
    held = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "s"}
    done = asked(ours, clean_env(tmp_path / "home", held), text)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


HOSTILE: dict[str, bytes] = {
    "a carriage return in the host": question(f"evil.example\rhost={HOST}").encode(),
    "a carriage return after the host": question(f"{HOST}\r").encode(),
    "carriage returns after the host": question(f"{HOST}\r\r").encode(),
    "a carriage return after the path": question(path="v1/repos/R\r").encode(),
    "a NUL in the host": question(f"{HOST}\0.evil.example").encode(),
    "a NUL in the path": question(path="v1/repos/R\0").encode(),
    "another host with a carriage return": question("github.com\r").encode(),
    **{host: question(host).encode() for host in (
        "git-codecommit.s3-us-west-2.amazonaws.com", "git-codecommit.s3.amazonaws.com", f"{HOST}.", f"{HOST} ", f"me@{HOST}",
        "git-codecommit.my-bucket.amazonaws.com", f"{HOST}.evil.example", f"{HOST}:evil", f"{HOST}%0d", "GIT-CODECOMMIT.EVIL.EXAMPLE",
        "vpce-1.git-codecommit.s3.vpce.amazonaws.com", "git-codecommit-fips.s3.amazonaws.com", f"evil.example\\{HOST}",
    )},
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_host_that_only_looks_like_codecommits_gets_nothing_and_git_stops(
    text: bytes, ours: Path, clean_env: Any, tmp_path: Path
) -> None:
    held = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "s"}
    done = asked(ours, clean_env(tmp_path / "home", held), text)
    assert (done.returncode, done.stdout) == (1, b"quit=1\n")
    assert done.stderr.count(b"\n") == 1
    assert b"ccsetup doesn't sign requests to it" in done.stderr
    assert done.stderr.strip().decode("ascii").isprintable()


@given(st.binary(max_size=200) | st.lists(st.sampled_from(
    ["protocol=https", "protocol=http", f"host={HOST}", "host=evil.example", "path=v1/repos/R", "\r", "\n", "\0", "=", "é"]
)).map(lambda words: "\n".join(words).encode()))  # fmt: skip
def test_whatever_is_asked_makes_it_neither_fail_nor_answer_for_other_hosts(text: bytes) -> None:
    heard = read_question(text)
    if heard and host_region(heard[0]) is not None:
        assert f"host={HOST}".encode() in text.replace(b"\r\n", b"\n").split(b"\n")
        assert b"protocol=https" in text


@pytest.mark.parametrize("verb", ["store", "erase", "capability", "whatever-comes"])
def test_nothing_is_kept_or_said_on_other_verbs(verb: str, ours: Path, clean_env: Any, tmp_path: Path) -> None:
    env = clean_env(tmp_path / "home")
    done = asked(ours, env, question() + "username=A\npassword=b\n", "--profile", "nobody", verb)
    said = b"If CodeCommit refused this, run: ccsetup doctor\n" if verb == "erase" else b""
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", said)
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize("arguments", [["--help"], ["--profile", "a"], ["--profile", "", "get"], ["get", "more"]])
def test_started_by_hand_it_says_who_starts_it(
    arguments: list[str], ours: Path, clean_env: Any, tmp_path: Path
) -> None:
    done = asked(ours, clean_env(tmp_path / "home"), "", *arguments)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"git runs this command for you. To configure it, run: git config")


# With git itself.


@pytest.mark.slow
@pytest.mark.parametrize("kind", [static, assumed, mfa, signed_in, web_identity], ids=lambda kind: kind.__name__)
def test_clone_push_and_pull_work_over_https_and_keys_are_fetched_once(desk: Desk, ours: Path, kind: Any) -> None:
    options = over_https(ours, kind(desk))
    for where in ("here", "there"):
        done = desk.git("clone", "-q", *options, "--", url(desk), where)
        assert (done.returncode, done.stderr) == (0, "")
    here, there = desk.home / "here", desk.home / "there"
    (here / "new.txt").write_text("new")
    assert desk.git("add", "new.txt", cwd=here).returncode == 0
    assert desk.git("commit", "-qm", "new", cwd=here).returncode == 0
    assert desk.git("push", "-q", cwd=here).stderr == ""
    assert desk.git("pull", "-q", cwd=there).stderr == ""
    assert (there / "new.txt").read_text() == "new"
    fetched = [e.action for e in desk.sandbox.log if not e.action.startswith("Git")]
    assert len(fetched) == (0 if kind in (static, mfa) else 1)


def test_gits_short_name_of_a_helper_works_too(desk: Desk, ours: Path) -> None:
    profile = static(desk)
    desk.env["PATH"] = f"{ours}{os.pathsep}{desk.env['PATH']}"
    options = ["-c", f"credential.helper=ccsetup --profile {profile}", "-c", "credential.useHttpPath=true"]
    assert desk.git(*options, "ls-remote", url(desk)).returncode == 0


def keychain(tmp_path: Path, desk: Desk) -> Path:
    """Set up a machine whose keychain, asked about anything, answers what CodeCommit refuses; it notes who asks."""
    folder = tmp_path / "keychain"
    folder.mkdir()
    notes = folder / "notes"
    program = folder / "git-credential-osxkeychain"
    program.write_text(f'#!/bin/sh\necho "$1" >> {notes}\necho username=AKIAOLD\necho password=20200101T000000Zold\n')
    program.chmod(0o755)
    desk.env["PATH"] = f"{folder}{os.pathsep}{desk.env['PATH']}"
    assert desk.git("config", "--global", "credential.helper", "osxkeychain").returncode == 0
    return notes


@pytest.mark.slow
@pytest.mark.parametrize("via", ["https", "git-remote-codecommit"])
def test_a_keychain_that_is_inherited_is_neither_asked_nor_told(
    desk: Desk, ours: Path, tmp_path: Path, via: str
) -> None:
    profile = static(desk)
    notes = keychain(tmp_path, desk)
    assert desk.git("-c", "credential.useHttpPath=true", "ls-remote", url(desk)).returncode != 0
    assert notes.read_text().splitlines()[0] == "get"
    notes.unlink()
    desk.env["PATH"] = f"{ours}{os.pathsep}{desk.env['PATH']}"
    address = url(desk) if via == "https" else f"codecommit::us-east-2://{profile}@MySharedDemoRepo"
    options = over_https(ours, profile) if via == "https" else []
    assert desk.git("clone", "-q", *options, "--", address, "there").returncode == 0
    for words in (("pull",), ("commit", "--allow-empty", "-qm", "one"), ("push", "-q")):
        done = desk.git(*words, cwd=desk.home / "there")
        assert done.returncode == 0, done.stderr
    assert not notes.exists()


def test_git_stops_where_no_keys_are_to_be_had(desk: Desk, ours: Path, tmp_path: Path) -> None:
    """No other helper is asked, no window opened, no prompt shown: the sentence, and that git quits."""
    notes = keychain(tmp_path, desk)
    askpass = tmp_path / "askpass"
    askpass.write_text(f"#!/bin/sh\necho asked >> {notes}\necho x\n")
    askpass.chmod(0o755)
    desk.write("config", "[profile acme-dev]\nregion = us-east-2\n")
    options = [*over_https(ours, "acme-dve"), "-c", "credential.helper=osxkeychain"]
    done = desk.git(*options, "ls-remote", url(desk), GIT_ASKPASS=str(askpass), GIT_TERMINAL_PROMPT="1")
    first, second = done.stderr.splitlines()
    assert done.returncode == 128
    assert first == 'No profile "acme-dve" on this computer. Did you mean "acme-dev"? Run: ccsetup doctor --fix'
    assert second.startswith("fatal: credential helper '")
    assert second.endswith("told us to quit")
    assert not notes.exists()


def test_without_the_path_it_names_the_setting_that_is_missing_and_that_setting_helps(desk: Desk, ours: Path) -> None:
    options = over_https(ours, static(desk))[:4]
    done = desk.git(*options, "ls-remote", url(desk))
    sentence = done.stderr.splitlines()[0]
    assert sentence.startswith(
        "git doesn't pass the repository path to the credential helper. Run: git config --global credential.https://"
    )
    command = shlex.split(sentence.partition("Run: ")[2])
    assert desk.git(*command[1:]).returncode == 0
    assert desk.git(*options, "ls-remote", url(desk)).returncode == 0


def test_another_host_of_the_same_clone_gets_nothing(desk: Desk, ours: Path) -> None:
    options = over_https(ours, static(desk))
    desk.env["CODE_COMMIT_ENDPOINT"] = "localhost:1"  # so that the sandbox is any https server
    done = desk.git(*options, "ls-remote", url(desk))
    assert done.returncode != 0
    assert "could not read Username" in done.stderr


def test_keys_that_ended_are_named_before_git_is_refused(desk: Desk, ours: Path) -> None:
    keys = desk.sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    desk.keys("stored", keys)
    desk.profile("stored", region="us-east-2", ccsetup_expires_at="2020-01-31T18:04:00Z")
    desk.sandbox.state.expire(keys)
    first, *rest = desk.git(*over_https(ours, "stored"), "ls-remote", url(desk)).stderr.splitlines()
    assert first.startswith("The credentials for stored expired on 2020-01-31 at ")
    assert first.endswith(". Run: ccsetup login stored")
    assert "403" in rest[-1]


@pytest.mark.parametrize(
    ("prepare", "repository", "git_says"),
    [
        (lambda s: s.set_policies(role_arn("CodeCommitAccess")), "MySharedDemoRepo", "403"),
        (lambda s: None, "NoSuchRepo", "not found"),
        (lambda s: None, "locked", "403"),
    ],
    ids=["not allowed", "not there", "the key is refused"],
)  # fmt: skip
def test_what_the_server_refuses_is_in_gits_own_words(
    desk: Desk, ours: Path, prepare: Any, repository: str, git_says: str
) -> None:
    options = over_https(ours, static(desk))
    prepare(desk.sandbox.state)
    done = desk.git(*options, "ls-remote", url(desk, repository))
    assert done.returncode != 0
    assert git_says in done.stderr


# What stands in the way.

FAULTS: dict[str, tuple[str, str, str]] = {
    "no such profile": ("", "", 'No profile "dev" on this computer. Run: ccsetup setup --profile dev'),
    "no keys": ("[profile dev]\nregion = us-east-2\n", "",
                "Profile dev has no credentials. Run: ccsetup setup --profile dev"),
    "half a pair": ("", "[dev]\naws_access_key_id = A\n",
                    "Profile dev is missing aws_secret_access_key. Run: ccsetup login dev"),
    "a broken file": ("[profile a]\nx = 1\n\nstray\n", "",
                      "AWS tools can't read {home}/.aws/config (line 4), so no profiles work. Run: ccsetup doctor --fix"),
    "no token file": ("[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/R\nweb_identity_token_file = /no/t\n",
                      "", "Profile dev uses /no/t, which doesn't exist. Run: ccsetup doctor --fix"),
    "signed out": (f"[profile dev]\nsso_session = s\nsso_account_id = {CODE}\nsso_role_name = R\n"
                   "[sso-session s]\nsso_start_url = https://a.awsapps.com/start\nsso_region = us-east-1\n", "",
                   "dev isn't signed in. Run: ccsetup login dev"),
    "no sso-session": (f"[profile dev]\nsso_session = s\nsso_account_id = {CODE}\nsso_role_name = R\n", "",
                       'Couldn\'t use profile dev: The specified sso-session does not exist: "s".'),
    "a value that is a block": ("[profile dev]\nrole_arn =\n  a = b\nsource_profile = dev\n", "",
                                "Couldn't use profile dev: "),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_one_sentence(ours: Path, clean_env: Any, tmp_path: Path, fault: str) -> None:
    config, credentials, sentence = FAULTS[fault]
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws/config").write_text(config)
    (home / ".aws/credentials").write_text(credentials)
    done = asked(ours, clean_env(home), question(), "--profile", "dev", "get")
    assert (done.returncode, done.stdout) == (1, b"quit=1\n")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(sentence.format(home=home))


def test_a_role_that_wants_a_code_asks_nobody(desk: Desk, ours: Path) -> None:
    done = asked(ours, desk.env, question(), "--profile", mfa(desk, fresh=False), "get")
    assert done.stderr == b"Profile mfa needs a new MFA code. Run: ccsetup login mfa\n"


def test_a_name_with_a_blank_is_quoted_in_the_command(ours: Path, clean_env: Any, tmp_path: Path) -> None:
    done = asked(ours, clean_env(tmp_path / "home"), question(), "--profile", "Maria's dev", "get")
    (line,) = done.stderr.decode().splitlines()
    assert shlex.split(line.partition("Run: ")[2]) == ["ccsetup", "setup", "--profile", "Maria's dev"]


def fake_aws(folder: Path, body: str) -> Path:
    folder.mkdir()
    (folder / "aws").write_text(f"#!/bin/sh\n{body}\n")
    (folder / "aws").chmod(0o755)
    return folder


def without_crt(folder: Path) -> str:
    """Return a PYTHONPATH with which botocore behaves as without the package awscrt."""
    folder.mkdir()
    (folder / "awscrt.py").write_text("raise ImportError\n")
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.mark.slow
def test_a_profile_made_by_aws_login_is_left_to_the_aws_cli(desk: Desk, ours: Path, tmp_path: Path) -> None:
    keys = desk.sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    told = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key,
            "SessionToken": keys.session_token}  # fmt: skip
    desk.profile("dev", login_session="arn:aws:iam::1:user/maria", region="us-east-2")
    aws = fake_aws(
        tmp_path / "aws", f'echo "$@" > {tmp_path}/words; cat >&2; printf "%s" {shlex.quote(json.dumps(told))}'
    )
    desk.env["PATH"] = f"{aws}{os.pathsep}{desk.env['PATH']}"
    desk.env["PYTHONPATH"] = without_crt(tmp_path / "lib")
    assert desk.git(*over_https(ours, "dev"), "ls-remote", url(desk)).returncode == 0
    assert (tmp_path / "words").read_text() == "configure export-credentials --profile dev --format process\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("echo 'Your session has expired. Run aws login.' >&2; exit 255", "The sign-in for dev has expired. Run: ccsetup login dev"),
        ("echo 'The disk is full.' >&2; exit 255",
         "The AWS CLI has no credentials for dev: The disk is full. Run: ccsetup login dev"),
        ("echo 'argument subcommand: Invalid choice' >&2; exit 2", "dev uses AWS console credentials, which require botocore[crt] or AWS CLI 2.32 or later. AWS CLI version 1 is too old. Install"),
        ("echo rubbish", "The AWS CLI didn't print credentials for dev. Run: aws configure export-credentials --profile dev"),
        ("echo '[1]'", "The AWS CLI didn't print credentials for dev."),
        (None, "dev uses AWS console credentials, which require botocore[crt] or AWS CLI 2.32 or later. The AWS CLI isn't installed. Install AWS"),
    ],
)  # fmt: skip
def test_an_aws_cli_that_cannot_help_is_one_sentence(
    body: str | None, sentence: str, ours: Path, clean_env: Any, tmp_path: Path
) -> None:
    env = clean_env(tmp_path / "home", PYTHONPATH=without_crt(tmp_path / "lib"))
    (tmp_path / "home/.aws").mkdir()
    (tmp_path / "home/.aws/config").write_text("[profile dev]\nlogin_session = x\nregion = us-east-2\n")
    env["PATH"] = str(fake_aws(tmp_path / "aws", body) if body else tmp_path) + ":/usr/bin:/bin"
    if body is None:
        env["PATH"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, ours / "git-credential-ccsetup", "--profile", "dev", "get"], env=env, input=question(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    (line,) = done.stderr.splitlines()
    assert line.startswith(sentence)
    assert (done.returncode, done.stdout) == (1, "quit=1\n")


# What is kept.


def kept(desk: Desk) -> Path:
    (found,) = (desk.home / ".aws/cli/cache").iterdir()
    return found


def times(desk: Desk, action: str) -> int:
    return [entry.action for entry in desk.sandbox.log].count(action)


@pytest.mark.slow
def test_a_signed_in_role_is_kept_as_the_aws_cli_keeps_it(desk: Desk, ours: Path) -> None:
    profile = signed_in(desk)
    first = answered(asked(ours, desk.env, question(), "--profile", profile, "get"))
    written = json.loads(kept(desk).read_text())
    assert written["ProviderType"] == "sso"  # by which `aws sso logout` knows what to remove
    assert first["username"] == f"{written['Credentials']['AccessKeyId']}%{written['Credentials']['SessionToken']}"
    assert kept(desk).stat().st_mode & 0o777 == 0o600
    # the AWS CLI's own provider, with its cache, finds the same keys and asks nobody
    code = f"""
import os
from botocore.session import Session
from botocore.utils import JSONFileCache
session = Session(profile={profile!r})
session.get_component("credential_provider").get_provider("sso").cache = JSONFileCache(os.path.expanduser("~/.aws/cli/cache"))
print(session.get_credentials().get_frozen_credentials().access_key)
"""
    theirs = subprocess.run([sys.executable, "-c", code], env=desk.env, capture_output=True, text=True, check=True)
    assert theirs.stdout.strip() == written["Credentials"]["AccessKeyId"]
    assert answered(asked(ours, desk.env, question(), "--profile", profile, "get"))["username"] == first["username"]
    assert times(desk, "GetRoleCredentials") == 1


@pytest.mark.slow
def test_signing_out_ends_what_was_kept_and_a_new_sign_in_starts_anew(desk: Desk, ours: Path) -> None:
    profile = signed_in(desk)
    first = answered(asked(ours, desk.env, question(), "--profile", profile, "get"))
    sign_in(desk).unlink()
    done = asked(ours, desk.env, question(), "--profile", profile, "get")
    assert done.stderr == b"sso isn't signed in. Run: ccsetup login sso\n"
    sign_in(desk)
    second = answered(asked(ours, desk.env, question(), "--profile", profile, "get"))
    assert second["username"] != first["username"]
    assert answered(asked(ours, desk.env, question(), "--profile", profile, "get"))["username"] == second["username"]
    assert times(desk, "GetRoleCredentials") == 2


@pytest.mark.slow
def test_a_sign_in_that_ended_still_serves_as_long_as_the_roles_keys(desk: Desk, ours: Path) -> None:
    """As the AWS CLI has it: the role's keys have an end of their own."""
    profile = signed_in(desk)
    answered(asked(ours, desk.env, question(), "--profile", profile, "get"))
    desk.sandbox.state.center.end_sessions()
    answered(asked(ours, desk.env, question(), "--profile", profile, "get"))
    role = json.loads(kept(desk).read_text())
    role["Credentials"]["Expiration"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    kept(desk).write_text(json.dumps(role))
    done = asked(ours, desk.env, question(), "--profile", profile, "get")
    assert done.stderr.endswith(b"Run: ccsetup login sso\n")


@pytest.mark.slow
def test_what_the_aws_cli_kept_of_a_role_serves_git(desk: Desk, ours: Path, aws_tools: Any) -> None:
    profile = assumed(desk)
    who = [aws_tools.aws, "sts", "get-caller-identity", "--profile", profile]
    subprocess.run(who, env=desk.env, check=True, capture_output=True, timeout=60)
    answered(asked(ours, desk.env, question(), "--profile", profile, "get"))
    assert times(desk, "AssumeRole") == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", [assumed, signed_in], ids=lambda kind: kind.__name__)
def test_a_home_that_cannot_be_written_to_serves_too(desk: Desk, ours: Path, kind: Any) -> None:
    profile = kind(desk)
    for name in ("cli", "boto"):
        (desk.home / ".aws" / name).write_text("no folder")
    answered(asked(ours, desk.env, question(), "--profile", profile, "get"))


def test_keys_at_hand_load_neither_botocore_nor_json(desk: Desk, ours: Path) -> None:
    slow = {"botocore", "json", "re", "subprocess", "urllib.parse", "configparser", "typing", "dataclasses", "pathlib"}
    asked(ours, desk.env, question(), "--profile", signed_in(desk), "get")
    for profile in (static(desk), mfa(desk), "sso"):
        code = f"""
import sys
from ccsetup.git.helper import credential
assert credential.serve(["--profile", {profile!r}, "get"]) == 0
print(*sorted(sys.modules), file=sys.stderr)
"""
        env = {**desk.env, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-S", "-c", code], env=env, input=question(), capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("username=")
        assert "ccsetup.git.helper.signing" in done.stderr.split()
        assert not set(done.stderr.split()) & (slow | {"ccsetup.git.helper.fetch"})


KEYS = "[base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
SIGN_IN = "[profile dev]\nsso_account_id = 111122223333\nsso_role_name = Dev\nregion = us-east-2\nsso_session = acme\n"
URL, REGION = "sso_start_url = https://acme.awsapps.com/start\n", "sso_region = us-east-1\n"
UNABLE = [
    ("[profile dev]\nsso_session = acme\nregion = us-east-2\n", "sso.session-missing", "acme doesn't exist"),
    ("[profile dev]\nsso_session =\nregion = us-east-2\n", "sso.session-missing", "sso_session is empty"),
    (f"{SIGN_IN}[sso-session acme]\n{URL}sso_region =\n", "sso.incomplete", "has no sso_region"),
    (f"{SIGN_IN}[sso-session acme]\nsso_start_url =\n{REGION}", "sso.url", "has an empty sso_start_url"),
    (f"{SIGN_IN}[sso-session acme]\n{URL}{REGION}sso_registration_scopes = a:b\n", "sso.scopes", "sso:account:access"),
    (f"[profile dev]\nrole_arn = {role_arn(CODE)}\nsource_profile = hub\nregion = us-east-2\n"
     + SIGN_IN.replace("dev", "hub") + f"[sso-session acme]\n{URL}sso_region =\n", "sso.incomplete", "hub can't sign in"),
    ("[profile dev]\nrole_arn = arn:aws-us-gov:iam::111122223333:role/R\nsource_profile = base\nregion = us-west-2\n",
     "region.partition", "us-west-2 is in aws, but profile dev is in aws-us-gov"),
    ("[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\nregion = cn-north-1\n",
     "region.partition", "cn-north-1 is in aws-cn"),
    ("[profile dev]\nrole_arn = arn:aws-cn:iam::111122223333:role/R\nsource_profile = base\nregion = cn-north-1\n",
     "git.remote", "us-east-2 is in aws, but profile dev is in aws-cn. Check the remote URL"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("config", "code", "told"), UNABLE)
def test_settings_that_cant_work_are_named_before_aws_is_asked(
    config: str, code: str, told: str, ours: Path, clean_env: Any, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(config)
    (tmp_path / ".aws" / "credentials").write_text(KEYS)
    nobody = "http://127.0.0.1:9"
    env = clean_env(tmp_path, {"CCSETUP_CODES": "word", "HTTPS_PROXY": nobody, "AWS_EC2_METADATA_DISABLED": "true"})
    done = asked(ours, env, question(), "--profile", "dev", "get")
    first, second = done.stderr.decode().splitlines()
    assert first == f"word {code}"
    assert told in second
    assert done.stdout == b"quit=1\n"
