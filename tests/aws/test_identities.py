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
from aws_ways import SSO_SESSION, WAYS, Place, Way, assumed, maria, role, settle, sso
from conftest import CleanEnv
from paths import ROOT
from test_sdk import Canned, hang, reset, says

from ccsetup.aws.client import Aws
from ccsetup.aws.external_programs import Programs
from ccsetup.core.concurrency import Crew, alone
from ccsetup.core.context import Answer, Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Keys, Secret, Value, Who
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import PEOPLE, REGION, role_arn

Profiles = Mapping[str, Mapping[str, Value]]


@pytest.fixture
def place(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    return Place(sandbox, tmp_path / "home")


def ask(aws: Aws, profiles: Profiles, *names: str, seconds: float = 20, **sessions: Any) -> dict[str, Answer]:
    """Ask who these profiles are (all of them, unless some are named)."""
    whos = [Who(name, REGION, profiles, sessions, chosen=True) for name in names or profiles]
    found = aws.identities(whos, seconds)
    assert [answer.profile for answer in found] == [who.profile for who in whos]
    return {answer.profile: answer for answer in found}


def arns(found: Mapping[str, Answer]) -> dict[str, str]:
    return {name: answer.identity.arn if answer.identity else "" for name, answer in found.items()}


def codes(found: Mapping[str, Answer]) -> dict[str, str]:
    return {name: answer.refused.code if answer.refused else "" for name, answer in found.items()}


def no_session(*_: object, **__: object) -> None:
    raise AssertionError("many profiles share a few clients, so none has a session of its own")


@pytest.mark.slow
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
    with monkeypatch.context() as patched:
        patched.setattr(boto3.Session, "__init__", no_session)
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
    assert found["coded"].refused.next == "Enter the code: ccsetup login coded"
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
        raise Problem("The sign-in has ended.", code="sso.signed-out", next="Try to sign in again.")

    asked: list[bool] = []
    base = {"sso_session": "acme", "sso_account_id": PEOPLE, "sso_role_name": "Developer"}
    profiles = {"base": base, "twin": base, "dev": role("CodeCommitAccess", "base"), "people": maria(place.state)}
    found = ask(Aws(place.home, sign_in), profiles, acme=SSO_SESSION)
    assert asked == [True]
    assert codes(found) == {"base": "sso.signed-out", "twin": "sso.signed-out", "dev": "sso.signed-out", "people": ""}
    assert found["dev"].at == "base"
    assert found["dev"].refused
    assert found["dev"].refused.next == "Sign in: ccsetup login base"


@pytest.mark.slow
def test_a_program_has_no_terminal_and_an_end_and_leaves_nothing_behind(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Programs, "__init__", _short(Programs.__init__))
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
    assert "in time" in found["slow"].refused.what
    time.sleep(3.2)
    assert not mark.exists()


def _short(real: Callable[..., None]) -> Callable[..., None]:
    return lambda self: real(self, time_s=1.5)


def test_moto_agrees(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, tmp_path / "home", {f"AWS_ENDPOINT_URL_{name}": moto for name in ("STS", "IAM")})
    iam = boto3.Session("testing", "testing", region_name=REGION).client("iam")
    user = iam.create_user(UserName="maria")["User"]["Arn"]
    key = iam.create_access_key(UserName="maria")["AccessKey"]
    trust = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}'
    one, two = (
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"] for name in ("One", "Two")
    )
    (tmp_path / "home" / "token").write_text("e30.e30.c2ln")
    held = {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"], "Version": 1}
    (tmp_path / "home" / "print.py").write_text(f"print({json.dumps(held)!r})")
    profiles: Profiles = {
        "people": {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": Secret(key["SecretAccessKey"])},
        "one": {"role_arn": one, "source_profile": "people", "role_session_name": "maria"},
        "two": {"role_arn": two, "source_profile": "one", "role_session_name": "maria"},
        "token": {
            "role_arn": one,
            "web_identity_token_file": str(tmp_path / "home" / "token"),
            "role_session_name": "ci",
        },
        "program": {"credential_process": f"{sys.executable} {tmp_path / 'home' / 'print.py'}"},
    }
    sessions = "arn:aws:sts::123456789012:assumed-role"
    assert arns(ask(Aws(tmp_path / "home", stranger), profiles)) == {
        "people": user, "one": f"{sessions}/One/maria", "two": f"{sessions}/Two/maria", "token": f"{sessions}/One/ci",
        "program": user,
    }  # fmt: skip


# An STS that treats each access key as its name says


IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Arn>arn:aws:iam::111122223333:user/maria</Arn><UserId>A</UserId><Account>111122223333</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
PAGE = "<!DOCTYPE html><html><body>Please sign in<br></body></html>"


def refusing(status: int, code: str) -> Any:
    return says(status, f"<ErrorResponse><Error><Code>{code}</Code><Message>No.</Message></Error></ErrorResponse>")


def moody(off_s: float = 0) -> Any:
    """Answer as the access key wants it; every answer bears the time, `off_s` from now."""
    seen: dict[str, int] = {}

    def answer(connection: socket.socket, asked: bytes) -> None:
        mood = asked.decode().partition("Credential=AKIA")[2].partition("/")[0].rstrip("0123456789")
        seen[mood] = seen.get(mood, 0) + 1
        date = formatdate(time.time() + off_s, usegmt=True)
        moods = {
            "HANG": hang,
            "RESET": reset,
            "PAGE": says(200, PAGE, Content_Type="text/html", Date="Mon, 01 Jan 2001 00:00:00 GMT"),
            "HALF": says(200, IDENTITY.replace("Account>", "Other>"), Date=date),
            "BUSY": refusing(400, "Throttling"),
            "ONCE": refusing(400, "Throttling") if seen[mood] == 1 else says(200, IDENTITY, Date=date),
            "OVER": refusing(403, "ExpiredToken"),
            "SKEW": says(
                403,
                "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: 1 is now earlier"
                " than 2</Message></Error></ErrorResponse>",
                Date=date,
            ),
        }
        moods.get(mood, says(200, IDENTITY, Date=date))(connection, asked)

    return answer


def keyed(*moods: str) -> dict[str, dict[str, str]]:
    return {
        f"{m.lower()}{n}": {"aws_access_key_id": f"AKIA{m}{n}", "aws_secret_access_key": "s"}
        for n, m in enumerate(moods)
    }


@contextmanager
def canned(monkeypatch: pytest.MonkeyPatch, answer: Any, tls: Any = None) -> Iterator[Canned]:
    server = Canned(answer, tls)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The adapter in a home of its own, where nobody can be asked to sign in, and whose tries follow at once."""
    settle(monkeypatch, tmp_path / "home")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    return Aws(tmp_path / "home", lambda *_: pytest.fail("nobody shall sign in"))


@pytest.mark.slow
def test_those_that_hang_or_fail_hold_back_and_hide_no_other(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = keyed(*["HANG"] * 40, *["RESET", "PAGE", "HALF", "BUSY", "ONCE", "OVER"], *["WELL"] * 60)
    with canned(monkeypatch, moody()):
        began = time.monotonic()
        found = ask(aws, profiles, seconds=7)
        assert time.monotonic() - began < 8
    said = codes(found)
    assert {name.rstrip("0123456789"): code for name, code in said.items()} == {
        "hang": "net.unreachable", "reset": "net.unreachable", "page": "net.proxy", "half": "net.proxy",
        "busy": "net.unreachable", "once": "", "over": "keys.expired", "well": "",
    }  # fmt: skip
    assert len([name for name, code in said.items() if name.startswith("well") and not code]) == 60
    assert found["hang0"].refused
    assert found["hang0"].refused.what == "AWS didn't respond in time for hang0."


def test_no_more_than_sixteen_are_asked_at_once(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, full, now, most = threading.Lock(), threading.Event(), [0], [0]

    def together(connection: socket.socket, asked: bytes) -> None:
        """Answer nobody before sixteen have asked, and leave time for more."""
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] == 16:
                full.set()
        full.wait(30)
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        says(200, IDENTITY)(connection, asked)

    with canned(monkeypatch, together) as server:
        found = ask(aws, keyed(*["WELL"] * 64), seconds=60)
        assert len(server.seen) == 64
    assert set(codes(found).values()) == {""}
    assert most[0] == 16


@pytest.mark.parametrize("off_s", [-3600, 0, 3600])
def test_the_clock_is_told_by_whoever_is_aws(off_s: float, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    with canned(monkeypatch, moody(off_s)):
        found = ask(aws, keyed("WELL", "PAGE", "SKEW"))
    ahead = {name: answer.ahead_s for name, answer in found.items()}
    assert ahead["page1"] is None
    for name in ("well0", "skew2"):
        assert ahead[name] == pytest.approx(-off_s, abs=3)
    assert codes(found)["skew2"] == "net.clock"


def test_a_host_that_nobody_reaches_is_given_up_at_once(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plug:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{plug.getsockname()[1]}")
    tried = []
    real = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda *args: (tried.append(1), real(*args))[1])
    found = ask(aws, keyed(*["WELL"] * 100))
    assert set(codes(found).values()) == {"net.unreachable"}
    assert len({answer.refused.what for answer in found.values() if answer.refused}) == 1
    assert len(tried) < 60


@pytest.mark.slow
def test_tls_trusts_whom_the_environment_names_in_one_context_and_no_other(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ssl

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    profiles = keyed(*["WELL"] * 40)
    loaded = []
    real = ssl.SSLContext.load_verify_locations
    monkeypatch.setattr(
        ssl.SSLContext, "load_verify_locations", lambda *args, **more: (loaded.append(1), real(*args, **more))[1]
    )
    with canned(monkeypatch, moody(), context) as server:
        assert set(codes(ask(aws, profiles)).values()) == {"net.tls"}
        assert server.seen == []
        for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
            loaded.clear()
            assert set(codes(ask(Aws(tmp_path / "home", stranger), profiles)).values()) == {""}
            assert len(loaded) == 1
            monkeypatch.setenv(variable, "/no/such.pem")
            assert set(codes(ask(Aws(tmp_path / "home", stranger), profiles)).values()) == {"net.tls"}
            monkeypatch.delenv(variable)


def stranger(*_: object) -> Any:
    raise AssertionError("nobody shall sign in")


def test_a_proxy_that_refuses_is_told_and_its_password_is_not(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Canned(says(407, PAGE))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//maria:proxy-Passw0rd@"))
    found = ask(aws, keyed(*["WELL"] * 30))
    assert set(codes(found).values()) == {"net.proxy"}
    assert "proxy-Passw0rd" not in "".join(f"{it.refused.what}{it.refused.why}" for it in found.values() if it.refused)
    assert proxy.seen
    assert all(asked.startswith(b"CONNECT sts.us-east-2.amazonaws.com:443") for asked in proxy.seen)
    proxy.close()


def test_a_profile_with_an_endpoint_of_its_own_asks_there(aws: Aws, tmp_path: Path) -> None:
    own = Canned(moody())
    profiles = {"own": {**keyed("WELL")["well0"], "endpoint_url": own.url}}
    (tmp_path / "home" / ".aws").mkdir()
    (tmp_path / "home" / ".aws" / "config").write_text(f"[profile own]\nendpoint_url = {own.url}\n")
    assert codes(ask(aws, profiles)) == {"own": ""}
    assert len(own.seen) == 1
    own.close()


CHILD = """
import sys
from pathlib import Path
from ccsetup.aws.client import Aws
from ccsetup.core.model import Who
keys = {"aws_access_key_id": "AKIAHANG", "aws_secret_access_key": "s"}
profiles = {f"p{n}": {"credential_process": "sleep 60"} if n == 0 else keys for n in range(40)}
aws = Aws(Path.home(), None)
aws.warm()
print("asking", flush=True)
try:
    aws.identities([Who(name, "us-east-2", profiles, {}) for name in profiles], 60)
except KeyboardInterrupt:
    print("left", flush=True)
    sys.exit(130)
"""


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal there")
def test_ctrl_c_is_answered_while_everybody_hangs(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, clean_env: CleanEnv
) -> None:
    with canned(monkeypatch, hang) as server:
        env = clean_env(Path(os.environ["HOME"]), AWS_ENDPOINT_URL=server.url)
        words = [sys.executable, "-c", CHILD]
        child = subprocess.Popen(words, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert child.stdout
        assert child.stdout.readline() == "asking\n"
        end = time.monotonic() + 20
        while len(server.seen) < 15 and time.monotonic() < end:
            time.sleep(0.02)
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "left\n"
        answered = time.monotonic() - begun
        out, err = child.communicate(timeout=20)
        gone = time.monotonic() - begun
    assert (out, err, child.returncode) == ("", "", 130)
    assert answered < 0.2 + _slow()
    assert gone < 1 + _slow()


def _slow() -> float:
    """Return what a loaded machine adds: how late a thread wakes."""
    begun = time.monotonic()
    time.sleep(0.05)
    return 10 * (time.monotonic() - begun - 0.05) + 0.1


def test_a_crew_does_what_its_works_add_and_raises_what_is_no_refusal() -> None:
    crew, done = Crew(2), list[int]()

    def work(left: int) -> None:
        done.append(left)
        for _ in range(2 if left else 0):
            crew.add(lambda: work(left - 1))

    crew.add(lambda: work(4))
    assert crew.finish(5)
    assert len(done) == 31
    crew.add(lambda: json.loads("{"))
    with pytest.raises(json.JSONDecodeError):
        crew.finish(5)
