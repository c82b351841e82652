from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from hashlib import sha1
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.tokens import SSOTokenProvider, _sso_json_dumps
from botocore.utils import JSONFileCache
from paths import ROOT
from script import FakeSignIn

from ccsetup.aws.sso.signin import SignIn
from ccsetup.aws.sso.token_cache import registration_name, token_name
from ccsetup.core.context import Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Choice, Secret
from ccsetup.sandbox import Sandbox

URL = "https://acme.awsapps.com/start"
START = Start(URL, "us-east-1", "acme")
LEGACY = Start(URL, "us-east-1", "")
CODE, PEOPLE = "111122223333", "888888888888"
SECOND = "To sign in with a code instead, stop this with Ctrl-C and add --device-code."


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("AWS_") or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


class Clock:
    """The time, which passes when somebody pauses."""

    def __init__(self) -> None:
        self.at = datetime.now(timezone.utc).replace(microsecond=0)

    def now(self) -> datetime:
        return self.at

    def pause(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as page:
            return str(page.read(), "utf-8")
    except urllib.error.HTTPError as refused:
        return str(refused.read(), "utf-8")


class Desk:
    """A sandbox, a person whose browser is a function, and what they were told."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox, self.home, self.clock = sandbox, home, Clock()
        self.center = sandbox.state.center
        self.center.auto_approve = True
        sandbox.state.now = self.clock.now
        self.shown: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.opened: list[str] = []

    def browse(self, url: str) -> bool:
        self.opened.append(url)
        get(url)
        return True

    def signin(self, *, env: dict[str, str] | None = None, sso_region: str = "", **tuning: Any) -> SignIn:
        told = {**self.sandbox.environment(sso_region=sso_region), **({"BROWSER": "scripted"} if env is None else env)}
        return SignIn(
            told,
            self.home,
            self.clock.now,
            show=lambda text, url: self.shown.append((text, url)),
            note=self.notes.append,
            **{"open_browser": self.browse, "pause": self.clock.pause, **tuning},
        )

    def asked(self) -> list[str]:
        return [entry.action for entry in self.sandbox.log]

    def store(self, signin: SignIn) -> None:
        for edit in signin.pending():
            edit.path.parent.mkdir(parents=True, exist_ok=True)
            edit.path.write_text(edit.after or "")

    def cache(self, start: Start) -> Path:
        return self.home / ".aws" / "sso" / "cache" / token_name(start)

    def save(self, start: Start = START, **fields: str) -> Path:
        """Put a token into the cache, as another program would have left it."""
        path = self.cache(start)
        path.parent.mkdir(parents=True, exist_ok=True)
        ends = (self.clock.at + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        whole = {"startUrl": start.url, "region": start.region, "accessToken": "cached", "expiresAt": ends, **fields}
        path.write_text(json.dumps(whole))
        return path


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    home.mkdir()
    desk = Desk(sandbox, home)
    secrets = []
    yield desk
    secrets += [*desk.center.tokens, *(client.secret for client in desk.center.clients.values())]
    assert not [secret for secret in secrets if secret in repr((desk.shown, desk.notes))]


def refusal(work: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as caught:
        work()
    assert caught.value.what and caught.value.next
    return caught.value


# Signing in


def test_a_browser_sign_in_lists_what_the_person_has(desk: Desk) -> None:
    signin = desk.signin()
    assert signin.accounts(START) == (
        Choice(CODE, "Acme Code", "code@acme.example.com"),
        Choice(PEOPLE, "Acme People", "people@acme.example.com"),
    )
    assert signin.roles(START, CODE) == (Choice("Developer", "Developer"), Choice("ReadOnly", "ReadOnly"))
    keys = signin.keys(START, CODE, "Developer")
    assert keys.access_key_id.startswith("ASIA") and keys.session_token
    assert keys.expires_at == desk.clock.at + timedelta(hours=1)
    assert desk.asked() == ["RegisterClient", "CreateToken", "ListAccounts", "ListAccountRoles", "GetRoleCredentials"]
    assert desk.opened == [url for _, url in desk.shown]
    assert desk.notes == [SECOND]
    assert signin.until(START) == desk.clock.at + timedelta(hours=1)


def test_nothing_is_on_disk_until_somebody_writes_what_is_pending(desk: Desk) -> None:
    signin = desk.signin()
    signin.token(START)
    assert list(desk.home.rglob("*")) == []
    folder = desk.home / ".aws" / "sso" / "cache"
    assert [(edit.path, edit.before) for edit in signin.pending()] == [
        (folder / registration_name(START), None),
        (folder / token_name(START), None),
    ]
    desk.store(signin)
    assert signin.pending() == ()


def test_stray_and_wrong_requests_do_not_disturb_the_sign_in(desk: Desk) -> None:
    def browse(url: str) -> bool:
        query = {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}
        back = query["redirect_uri"]
        for stray in ("?code=evil&state=wrong", "?code=evil", "?error=access_denied", "/../favicon.ico"):
            get(back + stray)
        return desk.browse(url)

    assert len(desk.signin(open_browser=browse).accounts(START)) == 2


def test_a_sign_in_that_is_declined_in_the_browser_is_told_and_leaves_nothing(desk: Desk) -> None:
    desk.center.auto_approve = False

    def browse(url: str) -> bool:
        request = get(url).partition('name="request" value="')[2].partition('"')[0]
        form = urllib.parse.urlencode({"request": request, "answer": "deny"}).encode()
        urllib.request.urlopen(url.partition("?")[0], form, timeout=5).read()
        return True

    signin = desk.signin(open_browser=browse)
    problem = refusal(lambda: signin.token(START))
    assert (problem.code, problem.what) == ("sso.signed-out", "The sign-in was denied in the browser.")
    assert signin.pending() == ()
    assert signin.until(START) is None


def test_nobody_signing_in_ends_the_wait(desk: Desk) -> None:
    signin = desk.signin(open_browser=lambda url: True, patience_s=0.2)
    assert refusal(lambda: signin.token(START)).code == "sso.signed-out"


def test_without_a_browser_to_open_the_address_is_shown_and_works(desk: Desk) -> None:
    arrived = threading.Event()

    def show(text: str, url: str) -> None:
        desk.shown.append((text, url))
        arrived.set()

    def person() -> None:
        arrived.wait(5)
        get(desk.shown[0][1])

    signin = SignIn(
        {**desk.sandbox.environment(), "BROWSER": "x"}, desk.home, desk.clock.now,
        show=show, note=desk.notes.append, open_browser=desk.browse, no_browser=True,
    )  # fmt: skip
    threading.Thread(target=person).start()
    assert signin.token(START)
    assert desk.opened == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env", "tuning", "start", "reason"),
    [
        ({"SSH_CONNECTION": "1 2 3 4", "DISPLAY": ":10"}, {}, START, "this is an SSH session"),
        ({"SSH_CONNECTION": "1 2 3 4"}, {"no_browser": True}, START, "this is an SSH session"),
        ({"container": "podman", "DISPLAY": ":0"}, {}, START, "this is a container"),
        (None, {"device_code": True}, START, "you passed --device-code"),
        (None, {}, LEGACY, "a profile without an sso-session requires one"),
    ],
)
def test_where_a_browser_cannot_come_back_a_code_is_shown_and_the_reason_said(
    desk: Desk, env: dict[str, str] | None, tuning: dict[str, Any], start: Start, reason: str
) -> None:
    signin = desk.signin(env=env, **tuning)
    assert len(signin.accounts(start)) == 2
    assert desk.notes == [f"Signing in with a code because {reason}."]
    ((text, url),) = desk.shown
    assert url.rpartition("=")[2] in text and url.startswith(desk.sandbox.url)
    assert (desk.opened == [url]) is (env is None)
    assert signin.pending()[-1].path == desk.cache(start)


@pytest.mark.slow
def test_a_code_is_waited_for_and_may_be_declined_or_end(desk: Desk) -> None:
    desk.center.auto_approve = False
    asked: list[float] = []

    def confirmed(answer: Callable[[str], None]) -> Callable[[float], None]:
        def pause(seconds: float) -> None:
            asked.append(seconds)
            desk.clock.pause(seconds)
            if len(asked) == 3:
                answer(desk.shown[-1][1].rpartition("=")[2])

        return pause

    assert desk.signin(device_code=True, open_browser=lambda url: True, pause=confirmed(desk.center.approve)).token(
        START
    )
    assert asked == [1, 1, 1]
    asked.clear()
    declined = desk.signin(device_code=True, open_browser=lambda url: True, pause=confirmed(desk.center.deny))
    assert refusal(lambda: declined.token(START)).what == "The sign-in was denied in the browser."
    ended = desk.signin(device_code=True, open_browser=lambda url: True)
    assert refusal(lambda: ended.token(START)).what == "The code expired before it was confirmed."


@pytest.mark.parametrize("device_code", [False, True])
def test_a_start_url_in_the_wrong_region_says_so(desk: Desk, device_code: bool) -> None:
    signin = desk.signin(sso_region="us-west-2", device_code=device_code)
    problem = refusal(lambda: signin.accounts(Start(URL, "us-west-2", "acme")))
    assert (problem.code, signin.pending(), desk.opened) == ("sso.url", (), [])
    assert problem.what.startswith("Identity Center in us-west-2 doesn't recognize the start URL ")


OPENING = """
import sys
from datetime import datetime, timezone
from pathlib import Path
import os
from ccsetup.aws.sso.signin import SignIn
from ccsetup.core.context import Start
signin = SignIn(os.environ, Path.home(), lambda: datetime.now(timezone.utc), show=print, note=print)
print(len(signin.accounts(Start("https://acme.awsapps.com/start", "us-east-1", "acme"))), "accounts")
"""


@pytest.mark.slow
def test_the_environments_browser_is_the_one_that_opens(desk: Desk, clean_env: Any, tmp_path: Path) -> None:
    desk.sandbox.state.now = lambda: datetime.now(timezone.utc)
    browser = tmp_path / "browser"
    browser.write_text(f"#!{sys.executable}\nimport sys, urllib.request\nurllib.request.urlopen(sys.argv[1]).read()\n")
    browser.chmod(0o755)
    house = str(ROOT)
    env = clean_env(tmp_path / "child", desk.sandbox.environment(), PYTHONPATH=house, BROWSER=str(browser))
    env["SSH_CONNECTION"] = "1 2 3 4"
    done = subprocess.run([sys.executable, "-c", OPENING], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Opening this page in browser. Sign in there: http://127.0.0.1:")
    assert done.stdout.endswith("\n2 accounts\n")
    assert list((tmp_path / "child").iterdir()) == []


def test_when_no_port_can_be_had_a_code_does(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr("ccsetup.aws.sso.callback_page.Listener", taken)
    assert desk.signin().token(START)
    assert desk.notes == ["Signing in with a code because 127.0.0.1 has no free port."]


def test_many_who_ask_at_once_are_signed_in_once(desk: Desk) -> None:
    signin = desk.signin()
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(signin.accounts(START))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 8 and len(desk.opened) == 1


# The cache


@pytest.mark.parametrize("start", [START, LEGACY])
def test_a_token_that_another_program_left_is_used_without_asking_anybody(desk: Desk, start: Start) -> None:
    desk.save(start, accessToken=desk.center.sign_in().value)
    signin = desk.signin()
    assert len(signin.accounts(start)) == 2
    assert (desk.asked(), desk.shown, signin.pending()) == (["ListAccounts"], [], ())
    assert signin.until(start) == desk.clock.at + timedelta(hours=1)


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{"startUrl": "https://other.awsapps.com/start"}, {"region": "eu-west-1"}])
def test_another_portals_token_of_the_same_name_is_not_used(desk: Desk, fields: dict[str, str]) -> None:
    path = desk.save(**fields)
    signin = desk.signin()
    assert signin.until(START) is None
    assert signin.token(START) != Secret("cached")
    assert next(edit for edit in signin.pending() if edit.path == path).before == path.read_text()


def test_a_token_in_its_last_minutes_is_renewed_without_asking_anybody(desk: Desk) -> None:
    first = desk.signin()
    first.token(START)
    desk.store(first)
    desk.clock.pause(46 * 60)
    again = desk.signin()
    token = again.token(START)
    assert token != first.token(START)
    assert len(desk.opened) == 1
    (edit,) = again.pending()
    assert edit.before == desk.cache(START).read_text()
    assert edit.after and json.loads(edit.after).keys() == json.loads(edit.before or "").keys()
    assert again.until(START) == desk.clock.at + timedelta(hours=1)
    assert len(again.accounts(START)) == 2


def test_a_token_is_renewed_within_a_run_too(desk: Desk) -> None:
    signin = desk.signin()
    signin.token(START)
    desk.clock.pause(59 * 60)
    assert len(signin.accounts(START)) == 2
    assert (len(desk.opened), desk.asked().count("CreateToken")) == (1, 2)


def test_what_cannot_be_renewed_is_used_up_to_its_last_minute(desk: Desk) -> None:
    desk.save(accessToken=desk.center.sign_in().value)
    signin = desk.signin()
    desk.clock.pause(58 * 60)
    assert len(signin.accounts(START)) == 2
    assert desk.opened == []
    desk.clock.pause(90)
    assert len(signin.accounts(START)) == 2
    assert len(desk.opened) == 1


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["session", "registration"])
def test_where_renewing_is_over_the_person_signs_in_again(desk: Desk, ends: str) -> None:
    first = desk.signin()
    first.token(START)
    desk.store(first)
    if ends == "session":
        desk.center.end_sessions()
    else:
        fields = json.loads(desk.cache(START).read_text())
        desk.cache(START).write_text(json.dumps({**fields, "registrationExpiresAt": "2020-01-01T00:00:00Z"}))
    desk.clock.pause(3600)
    assert len(desk.signin().accounts(START)) == 2
    assert len(desk.opened) == 2


@pytest.mark.slow
def test_a_registration_is_made_once_and_used_again(desk: Desk) -> None:
    first = desk.signin()
    first.token(START)
    desk.store(first)
    desk.cache(START).unlink()
    desk.signin().token(START)
    assert desk.asked().count("RegisterClient") == 1


def test_a_token_that_looks_good_and_is_refused_leads_to_one_more_sign_in(desk: Desk) -> None:
    path = desk.save()
    signin = desk.signin()
    assert len(signin.accounts(START)) == 2
    assert len(desk.opened) == 1
    assert "cached" in (next(edit for edit in signin.pending() if edit.path == path).before or "")
    desk.sandbox.state.refuse("ListAccountRoles", "UnauthorizedException", status=401)
    problem = refusal(lambda: signin.roles(START, CODE))
    assert (problem.code, len(desk.opened)) == ("sso.signed-out", 1)


def test_a_renewed_token_that_is_refused_leads_to_one_sign_in_and_no_more(desk: Desk) -> None:
    first = desk.signin()
    first.token(START)
    desk.store(first)
    desk.clock.pause(50 * 60)
    desk.sandbox.state.refuse("ListAccounts", "UnauthorizedException", status=401, times=2)
    assert refusal(lambda: desk.signin().accounts(START)).code == "sso.signed-out"
    assert (len(desk.opened), desk.asked().count("CreateToken")) == (2, 3)


@pytest.mark.slow
def test_a_fault_while_renewing_does_not_cost_a_token_that_still_works(desk: Desk) -> None:
    first = desk.signin()
    first.token(START)
    desk.store(first)
    desk.clock.pause(50 * 60)
    desk.sandbox.state.refuse("CreateToken", "InternalServerException", status=500, times=9)
    again = desk.signin()
    assert again.token(START) == first._tokens[URL, "us-east-1", "acme"].access
    desk.clock.pause(3600)
    assert refusal(lambda: desk.signin().token(START)).code == "net.unreachable"


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "{", '{"accessToken": "x"}', "\udcff"])
def test_a_damaged_cache_file_is_said_and_written_anew(desk: Desk, text: str) -> None:
    path = desk.save()
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    signin = desk.signin()
    assert signin.token(START)
    assert desk.notes == [f"The saved sign-in {path} is damaged and will be replaced.", SECOND]
    assert next(edit for edit in signin.pending() if edit.path == path).before == text


def test_a_cache_file_that_cannot_be_read_is_named(desk: Desk) -> None:
    desk.cache(START).mkdir(parents=True)
    problem = refusal(lambda: desk.signin().token(START))
    assert (problem.code, str(desk.cache(START)) in problem.what) == ("sso.cache-corrupt", True)


def test_what_another_program_renewed_since_is_not_overwritten(desk: Desk) -> None:
    signin = desk.signin()
    signin.token(START)
    assert [edit.path for edit in signin.pending()][-1] == desk.cache(START)
    later = (desk.clock.at + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    desk.save(expiresAt=later)
    assert desk.cache(START) not in [edit.path for edit in signin.pending()]


# What the SDKs say to it


def config(home: Path, sandbox: Sandbox) -> None:
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / "config").write_text(
        textwrap.dedent(f"""\
        [sso-session acme]
        sso_start_url = {URL}
        sso_region = us-east-1
        sso_registration_scopes = sso:account:access
        [profile dev]
        sso_session = acme
        sso_account_id = {CODE}
        sso_role_name = Developer
        region = us-east-2
        [profile old]
        sso_start_url = {URL}
        sso_region = us-east-1
        sso_account_id = {CODE}
        sso_role_name = Developer
        region = us-east-2
        """)
    )


@pytest.mark.slow
def test_the_aws_cli_and_boto3_work_with_what_was_left(desk: Desk, clean_env: Any, aws_tools: Any) -> None:
    signin = desk.signin()
    for start in (START, LEGACY):
        signin.token(start)
    desk.store(signin)
    config(desk.home, desk.sandbox)
    env = clean_env(desk.home, desk.sandbox.environment())
    ask = "import boto3; print(boto3.Session(profile_name='old').client('sts').get_caller_identity()['Arn'])"
    for command in (
        [aws_tools.aws, "sts", "get-caller-identity", "--profile", "dev", "--query", "Arn", "--output", "text"],
        [aws_tools.python, "-c", ask],
    ):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout.strip().endswith("/maria")
        assert ":assumed-role/AWSReservedSSO_Developer_" in done.stdout
    assert len(desk.opened) == 2


def test_botocore_renews_what_we_left_and_we_go_on_with_what_it_wrote(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.signin()
    first.token(START)
    desk.store(first)
    config(desk.home, desk.sandbox)
    for name, value in {**desk.sandbox.environment(), "AWS_CONFIG_FILE": str(desk.home / ".aws" / "config")}.items():
        monkeypatch.setenv(name, value)
    desk.clock.pause(50 * 60)
    cache = JSONFileCache(str(desk.cache(START).parent), dumps_func=_sso_json_dumps)
    session = botocore.session.Session(profile="dev")
    renewed = SSOTokenProvider(session, cache, time_fetcher=desk.clock.now).load_token().get_frozen_token().token
    assert Secret(renewed) != first.token(START)
    ours = json.loads(first._left[desk.cache(START)])
    assert json.loads(desk.cache(START).read_text()).keys() == ours.keys()
    asked = len(desk.asked())
    again = desk.signin()
    assert again.token(START) == Secret(renewed)
    assert (len(desk.asked()), again.pending()) == (asked, ())


def test_what_the_aws_cli_leaves_after_its_own_sign_in_is_taken_over(desk: Desk) -> None:
    """The files as AWS CLI 2 writes them: a registration by its key's sha1, and a token beside it."""
    signed = desk.signin()
    signed.token(START)
    known = next(iter(desk.center.clients.values()))
    told = {
        "region": "us-east-1", "scopes": ["sso:account:access"], "session_name": "acme", "startUrl": URL,
        "tool": "botocore",
    }  # fmt: skip
    folder = desk.cache(START).parent
    folder.mkdir(parents=True)
    (folder / f"{sha1(json.dumps(told, sort_keys=True).encode()).hexdigest()}.json").write_text(
        json.dumps(
            {
                "clientId": known.id,
                "clientSecret": known.secret,
                "expiresAt": known.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "scopes": ["sso:account:access"],
                "grantTypes": ["authorization_code", "refresh_token"],
            }
        )
    )
    again = desk.signin()
    again.token(START)
    assert desk.asked().count("RegisterClient") == 1
    assert [edit.path.name for edit in again.pending()] == [f"{sha1(b'acme').hexdigest()}.json"]


# What the portal answers


def test_long_lists_come_whole_and_by_name(desk: Desk) -> None:
    for number in range(230):
        desk.sandbox.state.add_account(f"{number:012d}", f"team {229 - number:03d}", "")
        desk.center.assign(URL, f"{number:012d}", "Developer")
    for number in range(120):
        desk.center.assign(URL, CODE, f"Role{number:03d}")
    signin = desk.signin()
    accounts = signin.accounts(START)
    assert len(accounts) == 232
    assert [choice.label for choice in accounts] == sorted((c.label for c in accounts), key=str.casefold)
    assert (accounts[2].value, accounts[2].label) == ("000000000229", "team 000")
    assert len(signin.roles(START, CODE)) == 122
    assert desk.asked().count("ListAccounts") == 3


def test_what_the_person_does_not_have_is_said(desk: Desk) -> None:
    signin = desk.signin()
    keys = refusal(lambda: signin.keys(START, CODE, "Admin"))
    roles = refusal(lambda: signin.roles(START, "999999999999"))
    assert (keys.code, keys.what) == ("access.assume", f"Your sign-in doesn't have the role Admin in account {CODE}.")
    assert keys.why == f"Your sign-in's roles in account {CODE}: Developer, ReadOnly."
    assert (roles.code, roles.what) == ("access.assume", "Your sign-in has no roles in account 999999999999.")
    elsewhere = refusal(lambda: signin.keys(START, "999999999999", "Developer"))
    assert elsewhere.why.startswith("Your sign-in isn't for account 999999999999. It has: ")


@pytest.mark.long
@pytest.mark.slow
def test_throttling_is_waited_out(desk: Desk) -> None:
    desk.sandbox.state.refuse("ListAccounts", "TooManyRequestsException", status=429, times=2)
    assert len(desk.signin().accounts(START)) == 2


def test_a_region_is_told_by_where_a_custom_address_leads(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    signin = desk.signin()
    leads = {"https://sso.acme.example": "https://ssoins-1.portal.eu-west-1.app.aws", URL: URL}
    monkeypatch.setattr(signin._center, "behind", lambda url: leads.get(url, url))
    assert signin.resolve("https://sso.acme.example") == "eu-west-1"
    assert signin.resolve("https://ssoins-1.us-west-2.portal.amazonaws.com") == "us-west-2"
    assert signin.resolve(URL) is None


# Secrets, and leaving


@pytest.mark.slow
def test_no_secret_is_in_anything_that_could_be_printed(desk: Desk) -> None:
    signin = desk.signin()
    signin.token(START)
    desk.store(signin)
    told = [repr(signin.pending()), repr(signin.token(START)), repr(signin._tokens), str(signin._grants._made)]
    for action, code, status in (
        ("ListAccounts", "UnauthorizedException", 401),
        ("GetRoleCredentials", "ForbiddenException", 403),
        ("CreateToken", "InvalidGrantException", 400),
        ("RegisterClient", "InvalidRequestException", 400),
    ):
        desk.sandbox.state.refuse(action, code, "token " + signin.token(START).reveal(), status, times=2)
        for work in (lambda: desk.signin().accounts(START), lambda: desk.signin().keys(START, CODE, "Admin")):
            try:
                work()
            except Problem as problem:
                told += [*traceback.format_exception(problem), repr((problem.what, problem.why, problem.next))]
    secrets = [*desk.center.tokens, *(client.secret for client in desk.center.clients.values())]
    secrets += [keys.secret_access_key for keys in desk.sandbox.state.keys.values()]
    assert len(told) > 8 and len(secrets) > 4
    assert [secret for secret in secrets for text in told if secret in text] == []


LEAVING = """
import hashlib, sys, time, socket
from datetime import datetime, timezone
from pathlib import Path
from ccsetup.aws.sso.signin import SignIn
from ccsetup.core.context import Start
import botocore.session
def ready(*_):
    print("ready", flush=True)
    return True
plug = socket.create_server(("127.0.0.1", 0))
what, url = sys.argv[1:]
env = {"AWS_ENDPOINT_URL": url if what != "network" else f"http://127.0.0.1:{plug.getsockname()[1]}", "BROWSER": "x"}
if what == "lookup":
    # as a name server that does not answer: C code that no signal interrupts
    socket.getaddrinfo = lambda *a, **k: hashlib.pbkdf2_hmac("sha256", b"", b"", 60_000_000)
    env["AWS_ENDPOINT_URL"] = "http://nowhere.example"
signin = SignIn(env, Path("/nonexistent"), lambda: datetime.now(timezone.utc), show=ready, note=print,
                open_browser=lambda url: True, device_code=what == "code")
signin._center._client("sso-oidc", Start("", "us-east-1", ""))
if what in ("network", "lookup"):
    ready()
try:
    signin.token(Start("https://acme.awsapps.com/start", "us-east-1", "acme"))
except KeyboardInterrupt:
    print(time.time(), flush=True)
    sys.exit(130)
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["browser", "code", "network", "lookup"])
def test_ctrl_c_is_answered_at_once_wherever_one_waits(desk: Desk, clean_env: Any, tmp_path: Path, what: str) -> None:
    desk.center.auto_approve = False
    desk.center.interval_s = 30
    desk.sandbox.state.now = lambda: datetime.now(timezone.utc)
    env = clean_env(tmp_path / "child", PYTHONPATH=str(ROOT))
    tries = [left_after(desk, env, what)]
    while tries[-1][1] >= 1 and len(tries) < 3:  # a busy machine may take long once; what hangs, hangs every time
        tries.append(left_after(desk, env, what))
    answered, gone = tries[-1]
    assert answered < 0.2
    assert gone < 1


def left_after(desk: Desk, env: dict[str, str], what: str) -> tuple[float, float]:
    """Press Ctrl-C while a child waits; return after how many seconds it answers, and after how many it is gone."""
    child = subprocess.Popen(
        [sys.executable, "-c", LEAVING, what, desk.sandbox.url],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout
    assert any(line == "ready\n" for line in child.stdout)
    time.sleep(0.3)
    sent = time.time()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    gone = time.time()
    assert (child.returncode, err) == (130, "")
    return float(out.split()[-1]) - sent, gone - sent


# The stand-in that stories use keeps what the real one promises


@pytest.fixture(params=["real", "stand-in"])
def either(request: pytest.FixtureRequest, desk: Desk) -> SignIn:
    return desk.signin() if request.param == "real" else FakeSignIn()


def test_a_sign_in_keeps_its_promises(either: SignIn) -> None:
    token = either.token(START)
    assert isinstance(token, Secret) and token
    assert either.token(START) == token
    ends = either.until(START)
    assert ends is not None and ends.utcoffset() == timedelta(0)
    accounts = either.accounts(START)
    assert accounts and all(len(choice.value) == 12 and choice.value.isdigit() and choice.label for choice in accounts)
    roles = either.roles(START, accounts[0].value)
    assert roles and all(choice.value == choice.label for choice in roles)
    keys = either.keys(START, accounts[0].value, roles[0].value)
    assert keys.access_key_id.startswith("ASIA") and keys.session_token
    assert either.resolve(URL) is None
    assert all(edit.path.suffix == ".json" and edit.after for edit in either.pending())


def test_a_refusal_is_a_problem_with_a_code(desk: Desk) -> None:
    desk.sandbox.state.refuse("RegisterClient", "InvalidRequestException", times=9)
    denied = Problem("No.", code="sso.url", next="Ask.")
    for signin in (desk.signin(), FakeSignIn(there=denied, granted=denied)):
        for work in (lambda s=signin: s.token(START), lambda s=signin: s.accounts(START)):
            assert refusal(work).code == "sso.url"
