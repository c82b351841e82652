"""Status: what each profile is and until when, as access, ini and the SDKs have it, at a glance and at length."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_corpus import IDS, SAMPLES, Sample
from conftest import CleanEnv
from hypothesis import given, settings
from hypothesis import strategies as st
from often import examples
from paths import ROOT
from script import FakeAws, FakeGit, Shown, context
from terminal import Terminal, program

from ccsetup import access
from ccsetup.awsfiles import fast_read, ini, profile_status
from ccsetup.awsfiles.fast_read import cache_key
from ccsetup.awsfiles.profile_status import Standing, Unsure
from ccsetup.cli import status_table
from ccsetup.cli.commands import status
from ccsetup.core import clock
from ccsetup.core.errors import Problem
from ccsetup.core.model import Identity, Who
from ccsetup.core.result import Report

NOW = "2026-11-21T12:00:00Z"
ROLE = {"role_arn": "arn:aws:iam::111122223333:role/path/Developer", "source_profile": "base"}
MFA = {**ROLE, "mfa_serial": "arn:aws:iam::888888888888:mfa/maria"}
SSO = {"sso_session": "acme", "sso_account_id": "111122223333", "sso_role_name": "Developer"}
LASTING = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "s"}
THREE = {**LASTING, "aws_session_token": "t"}
SESSIONS = {"acme": {"sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1"}}


def token(name: str = "acme", **fields: str) -> dict[str, str]:
    """Return a cached sign-in, by its path."""
    key = hashlib.sha1(name.encode()).hexdigest()
    return {f"sso/cache/{key}.json": json.dumps({"accessToken": "x", **fields})}


def stood(profiles: Mapping[str, Mapping[str, str]], cached: Mapping[str, str] | None = None) -> dict[str, Standing]:
    found = profile_status.standings(profiles.items(), SESSIONS, lambda path: (cached or {}).get(path, ""), NOW)
    return {it.name: it for it in found}


def one(there: Mapping[str, str], **cached: str) -> tuple[str, str, bool | None, str]:
    it = stood({"dev": there, "base": LASTING}, cached)["dev"]
    return it.kind, it.ends, it.usable, it.why


def jwt(**claims: Any) -> str:
    import base64

    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


@pytest.mark.parametrize(
    ("there", "cached", "stands"),
    [
        (LASTING, {}, ("keys", "", True, "long-term")),
        (THREE, {}, ("keys", "", None, "temporary")),
        ({**THREE, "ccsetup_expires_at": "2026-11-21T12:00:01Z"}, {}, ("keys", "2026-11-21T12:00:01Z", True, "")),
        ({**THREE, "ccsetup_expires_at": NOW}, {}, ("keys", NOW, False, "")),
        ({**THREE, "x_security_token_expires": "2026-11-21T14:00:00+01:00"}, {}, ("keys", "2026-11-21T13:00:00Z", True, "")),
        ({**THREE, "expiration": "2026-11-21 13:00:00"}, {}, ("keys", "2026-11-21T13:00:00Z", True, "")),
        ({"aws_access_key_id": "AKIA"}, {}, ("keys", "", False, "incomplete keys")),
        ({**THREE, "ccsetup_kind": "saml", "ccsetup_expires_at": NOW}, {}, ("saml", NOW, False, "")),
        (ROLE, {}, ("role", "", True, "long-term")),
        ({**ROLE, "source_profile": "nobody"}, {}, ("role", "", False, "no source profile")),
        ({**ROLE, "source_profile": "dev"}, {}, ("role", "", False, "source profile loop")),
        ({**ROLE, **LASTING, "source_profile": "dev"}, {}, ("role", "", True, "long-term")),
        (MFA, {}, ("role", "", False, "needs MFA code")),
        (
            MFA,
            {f"boto/cache/{cache_key(MFA)}.json": json.dumps({"Credentials": {"Expiration": "2026-11-21T13:00:00UTC"}})},
            ("role", "2026-11-21T13:00:00Z", True, ""),
        ),
        (SSO, {}, ("sso", "", False, "signed out")),
        (SSO, token(expiresAt="2026-11-21T18:00:00Z"), ("sso", "2026-11-21T18:00:00Z", True, "")),
        (SSO, token(expiresAt="2026-11-21T11:00:00Z"), ("sso", "2026-11-21T11:00:00Z", False, "")),
        (SSO, token(expiresAt="2026-11-21T18:00:00Z", startUrl="https://other.example/start"), ("sso", "", False, "signed out")),
        (
            SSO,
            token(expiresAt="2026-11-21T11:00:00Z", refreshToken="r", registrationExpiresAt="2026-12-21T11:00:00Z"),
            ("sso", "", True, "renews automatically"),
        ),
        (SSO, dict.fromkeys(token(), "{"), ("sso", "", False, "signed out")),
        ({"web_identity_token_file": "/t"}, {}, ("oidc", "", False, "no token")),
        ({"web_identity_token_file": "/t"}, {"/t": jwt(exp=1795262400)}, ("oidc", NOW, False, "")),
        ({"web_identity_token_file": "/t"}, {"/t": "Atza|x"}, ("oidc", "", None, "unknown")),
        ({"credential_process": "/x"}, {}, ("process", "", None, "from a program")),
        ({"region": "us-east-2"}, {}, ("machine", "", None, "this computer's role")),
        ({}, {}, ("", "", False, "no credentials")),
    ],
)  # fmt: skip
def test_a_profile_stands_as_its_settings_and_caches_say(
    there: dict[str, str], cached: dict[str, str], stands: tuple[str, str, bool | None, str]
) -> None:
    assert one(there, **cached) == stands


KEYS = sorted({*access.OWN_KEYS, "region", "aws_secret_access_key", "expiration"})
VALUES = {"ccsetup_kind": st.sampled_from(["mfa", "saml", "federation", "oidc", "other"])}


@pytest.mark.slow
@settings(max_examples=examples(400), deadline=None)
@given(st.lists(st.sampled_from(KEYS), unique=True, max_size=6).flatmap(
    lambda keys: st.fixed_dictionaries({key: VALUES.get(key, st.sampled_from(["base", "dev", NOW, "x"])) for key in keys})
))  # fmt: skip
def test_a_kind_is_what_access_takes_it_for(there: dict[str, str]) -> None:
    owner = access.owner(there)
    kind = one(there)[0]
    assert kind == (owner.name if owner else kind if kind in ("", "process") else "nobody's")


def test_a_role_lasts_as_long_as_what_it_rests_on_and_a_circle_ends(tmp_path: Path) -> None:
    found = stood(
        {
            "last": {**ROLE, "source_profile": "middle"},
            "middle": {**ROLE, "source_profile": "sso"},
            "sso": SSO,
            "one": {**ROLE, "source_profile": "two"},
            "two": {**ROLE, "source_profile": "one"},
        },
        token(expiresAt="2026-11-21T18:00:00Z"),
    )
    assert (found["last"].ends, found["last"].usable) == ("2026-11-21T18:00:00Z", True)
    assert {found["one"].why, found["two"].why} == {"source profile loop"}


# Skimming reads what ini reads, or is unsure


def skimmed(config: str, credentials: str) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]] | None:
    sessions: dict[str, dict[str, str]] = {}
    try:
        return dict(fast_read.profiles(config, credentials, sessions)), sessions
    except Unsure:
        return None


def as_ini(config: str, credentials: str) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]] | None:
    one, other = ini.read(config, "config"), ini.read(credentials, "credentials")
    return None if one.fault or other.fault else (ini.profiles(one, other), ini.sessions(one))


LINE = st.sampled_from(
    ["[default]", "[profile dev]", "[profile dev] # x", "[profile a]", "[profile  dev]", '[profile "a b"]', "[sso-session s]",
     "[dev]", "[services x]", "[DEFAULT]", "[profile default]", "region = us-east-1", "region=us-east-2", "Output : json",
     "sso_start_url = https://x/start#/", "# c", "; c = d", "  # c", "", "  ", "key =", "= x", "a = b = c", "s3 =", "  x = y",
     '[profile "dev"]', "[profile 'a b']", '[sso-session "s"]', '[services "x"]', "    max_queue_size = 5", " region = deep",
     "\ttab = 1", "region = x ", "[]", "[profile [x]", "é = ü", "k-1.b = v", "aws_access_key_id  =  AKIA", "\ufeff", "a\x0bb = c", "x",
     "s3 =\n  x = y", "s3 =\n  x = y\n\n# c\n  a = b = c", "s3 =\n\n  x = y\n  s3 =", "s3 =\n  a = b\nregion = deep\ns3 =\n  a = b"]
)  # fmt: skip
TEXT = st.tuples(st.lists(LINE, max_size=8), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\n"])).map(
    lambda it: it[1].join(it[0]) + it[2]
)


def skimmed_again(text: str, earlier: fast_read.Earlier | None) -> list[tuple[str, dict[str, str]]] | None:
    try:
        return list(fast_read.sections(text, earlier))
    except Unsure:
        return None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=2, max_size=4))
def test_a_text_is_read_the_same_whatever_was_read_before(texts: list[tuple[str, str, str]]) -> None:
    earlier = fast_read.Earlier()
    (start, _, _), *_ = texts
    for _, middle, end in texts:  # they begin alike, as a file before and after a change does
        text = "\n".join((start, middle, end))
        assert skimmed_again(text, earlier) == skimmed_again(text, None)


@pytest.mark.slow
@settings(max_examples=examples(600), deadline=None)
@given(TEXT, TEXT)
def test_what_is_skimmed_is_what_ini_reads(config: str, credentials: str) -> None:
    found = skimmed(config, credentials)
    if found is not None:
        assert found == as_ini(config, credentials)


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_files_as_people_have_them_are_skimmed_as_ini_reads_them(sample: Sample) -> None:
    text = sample.text if isinstance(sample.text, str) else ""
    found = skimmed(text, "")
    assert found is None or found == as_ini(text, "")


def test_files_as_tools_write_them_are_skimmed_at_all() -> None:
    config = (
        "# mine\n[default]\nregion=us-east-1\n\n[profile dev]\nRegion : us-east-2  \n[sso-session s]\nsso_region = x\n"
    )
    found = skimmed(config, "[dev]\r\naws_access_key_id=AKIA\r\n")
    assert found == ({"default": {"region": "us-east-1"}, "dev": {"region": "us-east-2", "aws_access_key_id": "AKIA"}}, {"s": {"sso_region": "x"}})  # fmt: skip


# The story


def run(
    folder: Path, config: str, credentials: str = "", check: bool = False, names: tuple[str, ...] = (), **more: Any
) -> tuple[Report, str]:
    around = context(folder, **more)
    (around.home / ".aws").mkdir(exist_ok=True)
    (around.home / ".aws" / "config").write_text(config)
    (around.home / ".aws" / "credentials").write_text(credentials)
    report = status.main(Namespace(check=check, profiles=names, short=False), lambda: around)
    assert isinstance(around.screen, Shown)
    return report, around.screen.text()


CONFIG = (
    "[profile dev]\nregion = us-east-2\nrole_arn = arn:aws:iam::111122223333:role/Developer\nsource_profile = base\n"
    "[profile old]\nccsetup_expires_at = 2026-11-20T10:00:00Z\n"
)
CREDENTIALS = (
    "[base]\naws_access_key_id = AKIA\naws_secret_access_key = hush\n"
    "[old]\naws_access_key_id = ASIA\naws_secret_access_key = hush\naws_session_token = t\n"
)


def test_the_document_has_every_profile_and_no_secret(tmp_path: Path) -> None:
    report, text = run(tmp_path, CONFIG, CREDENTIALS, git=FakeGit(origins={"work": "codecommit::us-east-2://dev@R"}))
    first = report.document["profiles"][0]
    assert {key: first[key] for key in ("name", "kind", "region", "account_id", "expires_at", "usable")} == {
        "name": "dev", "kind": "role", "region": "us-east-2", "account_id": "111122223333", "expires_at": None, "usable": True,
    }  # fmt: skip
    assert [it["name"] for it in report.document["profiles"]] == ["dev", "old", "base"]
    assert [line[:5] for line in text.splitlines() if "dev" in line] == ["*  de"]
    assert "old needs a new sign-in: ccsetup login old" in text
    assert "hush" not in text + str(report.document)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "advice"),
    [
        ("[profile r]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = none\n", "wrong with r: ccsetup doctor r"),
        ("[profile a b]\naws_access_key_id = AKIA\n[profile -x]\nsso_session = s\nsso_account_id = 111122223333\n"
         "sso_role_name = R\n[sso-session s]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n", "login -- -x"),
    ],
)  # fmt: skip
def test_signing_in_is_advised_where_it_helps(config: str, advice: str, tmp_path: Path) -> None:
    report, text = run(tmp_path, config, "")
    assert [it["usable"] for it in report.document["profiles"]][-1] is False
    assert advice in text
    assert ("new sign-in" in text) == ("login" in advice)


def test_a_file_that_botocore_cannot_read_is_told_and_listed_all_the_same(tmp_path: Path) -> None:
    report, text = run(tmp_path, CONFIG + "stray\n[profile later]\nregion = eu-west-1\n[profile later]\n", CREDENTIALS)
    assert report.exit_code == 1
    assert report.document["problems"][0]["code"] == "file.stray-line"
    assert [it["name"] for it in report.document["profiles"]] == ["dev", "old", "later", "base"]
    assert "config, line 7" in text


def test_checking_asks_for_all_that_need_nobody_and_says_who_answers(tmp_path: Path) -> None:
    class Several(FakeAws):
        def identity(self, who: Who) -> Identity:
            self.calls.append(who.profile)
            if who.profile == "base":
                return Identity("888888888888", "arn:aws:iam::888888888888:user/maria")
            raise Problem("The role may not be assumed.", code="access.assume")

    aws = Several()
    report, text = run(tmp_path, CONFIG, CREDENTIALS, check=True, aws=aws)
    found = {it["name"]: it for it in report.document["profiles"]}
    assert sorted(call for call in aws.calls if call != "warm") == ["base", "dev"]
    assert (found["base"]["account_id"], found["base"]["usable"], found["base"]["role"]) == (
        "888888888888",
        True,
        "maria",
    )
    assert (found["dev"]["usable"], found["dev"]["why"]) == (False, "The role may not be assumed.")
    assert "The role may not be assumed." in text


def headed(folder: Path, config: str, credentials: str = "", **more: Any) -> str:
    return run(folder, config, credentials, **more)[1].splitlines()[0]


SIGNED_OUT = "[profile out]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = R\nregion = us-east-2\n"
SESSION = "[sso-session s]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
ONE_KEY = "[base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"


@pytest.mark.parametrize(
    ("config", "credentials", "says"),
    [
        ("", ONE_KEY, " 1 profile, ready"),
        ("[profile two]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n", ONE_KEY, " 2 profiles, all ready"),
        (SIGNED_OUT + SESSION, ONE_KEY, " 2 profiles: 1 ready, 1 needs a new sign-in"),
        (SIGNED_OUT + SIGNED_OUT.replace("out", "also") + SESSION, "", " 2 profiles: 2 need a new sign-in"),
        ("[profile here]\nregion = us-east-2\n", "", " 1 profile: 1 not checked"),
        ("[profile bad]\nrole_arn = arn:aws:iam:::1:role/R\nsource_profile = base\n", ONE_KEY, " 2 profiles: 1 ready, 1 has an error"),
        (SIGNED_OUT, ONE_KEY, " 2 profiles: 1 ready, 1 has an error"),
    ],
)  # fmt: skip
def test_it_begins_with_the_count_and_the_good_news(config: str, credentials: str, says: str, tmp_path: Path) -> None:
    assert headed(tmp_path, config, credentials) == says


def test_a_sign_in_whose_settings_are_missing_is_not_called_signed_out(tmp_path: Path) -> None:
    report, text = run(tmp_path, SIGNED_OUT)
    assert report.document["profiles"][0]["code"] == "sso.session-missing"
    assert "signed out" not in text and "ccsetup login" not in text
    assert "ccsetup doctor out" in text


class Answers(FakeAws):
    """AWS that refuses those whose names say so, and doesn't answer for others."""

    def identity(self, who: Who) -> Identity:
        if who.profile.startswith("silent"):
            raise Problem("Couldn't reach sts.us-east-2.amazonaws.com.", code="net.unreachable", next="Check it.")
        if who.profile.startswith("denied"):
            raise Problem("The role may not be assumed.", code="access.assume")
        return Identity("888888888888", "arn:aws:iam::888888888888:user/maria")


def keyed(*names: str) -> str:
    return "".join(ONE_KEY.replace("base", name) for name in names)


def test_no_answer_is_its_own_state_and_its_reason_is_given_once(tmp_path: Path) -> None:
    names = "well", "silent-1", "silent-2", "denied"
    report, text = run(tmp_path, SIGNED_OUT + SESSION, keyed(*names), check=True, aws=Answers())
    head = "5 profiles: 1 confirmed by AWS, 2 without an answer, 1 needs a new sign-in, 1 has an error"
    assert text.splitlines()[0].strip() == head
    found = {it["name"]: it for it in report.document["profiles"]}
    assert {name: (it["usable"], it["code"]) for name, it in found.items()} == {
        "well": (True, None), "silent-1": (None, "net.unreachable"), "silent-2": (None, "net.unreachable"),
        "denied": (False, "access.assume"), "out": (False, None),
    }  # fmt: skip
    assert found["silent-1"]["why"] == "Couldn't reach sts.us-east-2.amazonaws.com."
    assert [line.split("  ")[-1].strip() for line in text.splitlines() if "silent-" in line] == ["· no answer"] * 2
    assert text.count("Couldn't reach sts.us-east-2") == 1


def test_all_confirmed_is_said_so(tmp_path: Path) -> None:
    more: dict[str, Any] = {"check": True, "aws": Answers()}
    assert headed(tmp_path, "", keyed("a", "b"), **more) == " 2 profiles, all confirmed by AWS"
    assert headed(tmp_path, "", keyed("silent-1"), **more) == " 1 profile: 1 without an answer"


def rows(room: int | None, *names: str, here: str = "") -> list[str]:
    found = []
    for name in names:
        it = Standing(name, "sso", {"region": "us-east-2"})
        it.account_id, it.role = "111122223333", "Developer"
        it.until("2026-11-21T18:04:00Z", NOW)
        found.append(it)
    return list(status_table.rows(found, NOW, here, room))


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="POSIX time zones")
def test_a_wide_terminal_has_a_table_and_a_narrow_one_two_lines_a_profile(utc: None) -> None:
    assert rows(100, "acme-dev", "b", here="b") == [
        "   PROFILE   KIND  ACCOUNT       ROLE       REGION     UNTIL",
        "   acme-dev  sso   111122223333  Developer  us-east-2  ✓ until 18:04",
        "*  b         sso   111122223333  Developer  us-east-2  ✓ until 18:04",
    ]
    assert rows(50, "acme-dev") == ["  acme-dev", "    ✓ until 18:04 · sso · 111122223333 Developer ·", "    us-east-2"]
    for room in (20, 50, 72, 100):
        assert all(len(line) <= room for line in rows(room, "acme-dev", "other"))


def test_names_that_would_act_or_are_wide_are_shown_inert_and_in_line(utc: None) -> None:
    head, first, second = rows(None, "a\x1b[31m\u202eb", "日本")
    assert "\x1b" not in first and "\u202e" not in first
    assert head.index("KIND") == first.index("sso") == second.index("sso") + 2


def test_moments_are_local_and_as_short_as_they_can_be(utc: None) -> None:
    told = {"2026-11-21T18:04:00Z": "18:04", "2026-11-23T08:00:00Z": "Mon 08:00", "2026-11-20T08:00:00Z": "2026-11-20 08:00",
            "2036-01-01T00:00:00Z": "2036-01-01"}  # fmt: skip
    assert {moment: clock.local(moment, NOW) for moment in told} == told


# The glance and the whole program say the same


WHOLE = (
    CREDENTIALS.replace("AKIA\n", "AKIAZ7QY3LMN4PRS5TUV\n")
    .replace("ASIA\n", "ASIAZ7QY3LMN4PRS5TUV\n")
    .replace("hush", "wq7RZb2mX9tLk4VfYc8sNd1GhJ6pQe3aUi5oTxBv")
)
FILES = {
    "plain": (CONFIG, WHOLE),
    "commented": ("# c\n" + CONFIG.replace(" = ", "="), WHOLE.replace("\n", "\r\n")),
    "odd": (CONFIG, CREDENTIALS),
    "nested": (CONFIG + "s3 =\n  max_concurrent_requests = 20\n", CREDENTIALS),
    "quoted": (CONFIG + '[profile "my dev"]\nregion = us-east-1\n', CREDENTIALS),
    "wide": (CONFIG + "[profile ü]\nregion = us-east-1\n", CREDENTIALS),
    "none": ("", ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_glance_and_the_whole_program_print_the_same(clean_env: CleanEnv, tmp_path: Path, name: str) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    env = clean_env(home, PYTHONUTF8="1", COLUMNS="200")
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_bytes(FILES[name][0].encode())
    (home / ".aws" / "credentials").write_bytes(FILES[name][1].encode())
    subprocess.run(["git", "init", "-q", str(work)], env=env, check=True)
    subprocess.run(
        ["git", "-C", str(work), "remote", "add", "origin", "codecommit::us-east-2://dev@R"], env=env, check=True
    )
    whole, glance = (
        subprocess.run([program(), "status", *more], env=env, cwd=work, capture_output=True, text=True, check=False)
        for more in (["--no-input"], [])
    )
    assert (glance.returncode, glance.stdout) == (whole.returncode, whole.stdout)
    assert glance.stderr.split() == whole.stderr.split()
    assert name == "none" or "\n*  dev" in glance.stdout
    loaded = "import sys, ccsetup.cli.main as c; code = c.run(['status']); print(code, 'argparse' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", loaded], env={**env, "PYTHONPATH": str(ROOT)}, cwd=work, capture_output=True, text=True)  # fmt: skip
    assert ("0 False" in done.stderr) == (name in ("plain", "commented")), done.stderr


def test_fifty_columns_are_enough(clean_env: CleanEnv, tmp_path: Path) -> None:
    home = tmp_path / "home"
    env = clean_env(home)
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(CONFIG)
    (home / ".aws" / "credentials").write_text(CREDENTIALS)
    terminal = Terminal([program(), "status"], env, tmp_path, columns=50)
    assert terminal.exit_code() == 0
    assert "  dev" in terminal.lines()
    assert "    ✓ long-term · role · 111122223333 Developer ·" in terminal.lines()


@pytest.mark.slow
@pytest.mark.parametrize("what", ["a pipe", "a device", "very long"])
def test_a_clones_settings_that_never_end_hold_no_glance_up(what: str, clean_env: CleanEnv, tmp_path: Path) -> None:
    (tmp_path / "home" / ".aws").mkdir(parents=True)
    (tmp_path / "home" / ".aws" / "config").write_text("[profile dev]\nregion = us-east-2\n")
    subprocess.run(["git", "init", "-q", str(tmp_path / "work")], check=True)
    place = tmp_path / "work" / ".git" / "config"
    place.unlink()
    if what == "a pipe":
        os.mkfifo(place)
    elif what == "a device":
        place.symlink_to("/dev/zero")
    else:
        with place.open("wb") as file:
            file.truncate(1 << 40)
    done = subprocess.run(
        [program(), "status"], env=clean_env(tmp_path / "home"), cwd=tmp_path / "work", capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "dev" in done.stdout
