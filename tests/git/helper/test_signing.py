"""Signatures byte for byte as AWS's tool makes them, and credentials at hand as botocore finds them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from often import examples

from ccsetup.awsfiles import fast_read
from ccsetup.git.helper import cached_keys, signing

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


def test_user_and_password_are_those_of_awss_tool_byte_for_byte(aws_tools: Any, clean_env: Any, tmp_path: Path) -> None:
    hosts = ["git-codecommit.us-east-2.amazonaws.com", "localhost:8443", "git-codecommit.cn-north-1.amazonaws.com.cn"]
    tokens = ["", "FwoGZXIvYXdzE+/=%2B token", "ü"]
    cases = [
        (f"AKIA{n:016}", f"s/e+c={n}r" * (1 + n % 9), token, "us-east-2", host, repository, now)
        for n, (token, host, repository, now) in enumerate(
            (t, h, r, w)
            for t in tokens
            for h in hosts
            for r in ("MyRepo", "--mirror")
            for w in (0.0, NOW, NOW + 86_399.9)
        )
    ]
    code = """
import datetime, json, os, sys
import git_remote_codecommit as grc
from botocore.credentials import Credentials
class At(datetime.datetime):
    @classmethod
    def utcnow(cls): return cls.fromtimestamp(now, datetime.timezone.utc)
datetime.datetime = At
for key, secret, token, region, host, repository, now in json.load(sys.stdin):
    os.environ["CODE_COMMIT_ENDPOINT"] = host
    print(grc.git_url(repository, "v1", region, Credentials(key, secret, token)))
"""
    done = subprocess.run(
        [aws_tools.grc.with_name("python"), "-c", code], input=json.dumps(cases), env=clean_env(tmp_path),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    ours = []
    for key, secret, token, region, host, repository, now in cases:
        path = f"/v1/repos/{repository}"
        user = quote(signing.git_user(key, token), safe="")
        ours.append(f"https://{user}:{signing.git_password(secret, region, host, path, now)}@{host}{path}")
    assert done.stdout.splitlines() == ours


def test_an_interpreter_without_hashes_of_its_own_signs_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def signature() -> str:
        return signing.git_password("s", "us-east-2", "h", "/p", NOW) + fast_read.cache_key({"role_arn": "r"})

    own = signature()
    for module in ("_sha1", "_sha2", "_sha256"):
        monkeypatch.setitem(sys.modules, module, None)
    assert signature() == own


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own, and no variable of anybody's."""
    for name in [*os.environ]:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / ".aws").mkdir()
    yield tmp_path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(home: Path) -> None:
    os.mkfifo(home / ".aws" / "config")
    with pytest.raises(fast_read.Unsure):
        fast_read.read("AWS_CONFIG_FILE", "config")


def by_botocore(profile: str) -> tuple[dict[str, Any], Any]:
    """Return a profile's merged settings and its static keys as botocore sees them; None where it fails."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    session = Session(profile=profile)
    try:
        merged = session.get_scoped_config()
    except BotoCoreError:
        return {}, None
    try:
        session.get_component("credential_provider").get_provider("sso").cache = _Cache()
        keys = None if "role_arn" in merged else session.get_credentials()
        frozen = keys and keys.get_frozen_credentials()
        return merged, frozen and (frozen.access_key, frozen.secret_key, frozen.token or "")
    except (BotoCoreError, OSError):
        return merged, None


def at_hand(profile: str, now: float = NOW) -> cached_keys.Keys | None:
    """Return what is found without botocore; None when it leaves the word to botocore."""
    try:
        return cached_keys.at_hand(*fast_read.settings(profile), now)
    except fast_read.Unsure:
        return None


CACHED = ("ASIACACHED", "s", "t")
KEYS = "aws_access_key_id = AKIA1\naws_secret_access_key = s1\n"

USUAL = {
    "in the credentials file": ("", f"[dev]\n{KEYS}"),
    "with a token, other profiles around": ("", f"[a]\nx=1\n\n[dev]\n{KEYS}aws_session_token = T/+=\n[b]\ny = 2\n"),
    "in the config file": (f"[profile dev]\nregion = us-east-2\n{KEYS}", ""),
    "in both": ("[profile dev]\naws_access_key_id = OTHER\naws_secret_access_key = o\n", f"[dev]\n{KEYS}"),
    "with comments, blanks, colons, capitals": ("", "[dev] \n# c\n\n  ; c\nAWS_Access_Key_ID: AKIA1\n\n"
                                                "aws_secret_access_key=s1#;x\n"),
    "indented alike": ("", "[dev]\n  aws_access_key_id = AKIA1\n  aws_secret_access_key = s1\n"),
    "CRLF, no final newline": ("", "[dev]\r\naws_access_key_id = AKIA1\r\naws_secret_access_key = s1"),
    "a nested block beside": (f"[profile dev]\ns3 =\n  a = b\n  c = d\n{KEYS}", ""),
    "the older token name wins": ("", f"[dev]\n{KEYS}aws_session_token = new\naws_security_token = old\n"),
    "umlauts elsewhere": ("# für Österreich\n[profile müller]\nregion = x\n", f"[ä]\n{KEYS}\n[dev]\n{KEYS}"),
}  # fmt: skip


@pytest.mark.parametrize(("config", "credentials"), USUAL.values(), ids=USUAL)
def test_static_keys_are_found_at_once_and_are_botocores(home: Path, config: str, credentials: str) -> None:
    (home / ".aws/config").write_bytes(config.encode())
    (home / ".aws/credentials").write_bytes(credentials.encode())
    found = at_hand("dev")
    assert found is not None
    assert found == by_botocore("dev")[1]


SIGNED_IN = "[profile dev]\nsso_account_id = 1\nsso_role_name = R\n"
PLACE = "sso_region = x\nsso_start_url = u\n"

UNUSUAL = {
    "another kind of access": ("[profile dev]\nsso_session = s\n", f"[dev]\n{KEYS}"),
    "a session that is not there": (f"{SIGNED_IN}{PLACE}sso_session = s\n", ""),
    "a session without a start URL": (f"{SIGNED_IN}sso_session = s\n[sso-session s]\nsso_region = x\n", ""),
    "a session that says otherwise": (f"{SIGNED_IN}sso_session = s\nsso_region = y\n[sso-session s]\n{PLACE}", ""),
    "a session that is not one of config": (f"{SIGNED_IN}sso_session = default\n[default]\n{PLACE}", ""),
    "no account": (f"[profile dev]\nsso_role_name = R\n{PLACE}", ""),
    "a token file": ("[profile dev]\nrole_arn = r\nweb_identity_token_file = /t\n", f"[dev]\n{KEYS}"),
    "a process before the config file's keys": (f"[profile dev]\ncredential_process = x\n{KEYS}", ""),
    "the section twice": ("", f"[dev]\n{KEYS}[dev]\n{KEYS}"),
    "a key twice": ("", f"[dev]\n{KEYS}AWS_ACCESS_KEY_ID = B\n"),
    "half a pair": ("", "[dev]\naws_access_key_id = A\n"),
    "a value over two lines": ("", f"[dev]\n{KEYS}aws_session_token = a\n  b\n"),
    "a quoted name beside": (f'[profile dev]\n{KEYS}[profile "dev"]\nregion = x\n', ""),
    "two blanks beside": (f"[profile dev]\n{KEYS}[profile  dev]\nregion = x\n", ""),
    "default twice": (f"[default]\n{KEYS}[profile default]\nregion = x\n", ""),
    "DEFAULT's keys are everybody's": ("", f"[DEFAULT]\naws_session_token = t\n[dev]\n{KEYS}"),
    "a stray line": ("", f"[dev]\n{KEYS}stray\n"),
    "an indented header": ("", f"[dev]\n [x]\n{KEYS}"),
}


@pytest.mark.parametrize(("config", "credentials"), UNUSUAL.values(), ids=UNUSUAL)
def test_anything_unusual_is_left_to_botocore(
    home: Path, config: str, credentials: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "role_arn" not in config:
        monkeypatch.setattr(cached_keys, "_kept", lambda *_, **__: CACHED)
    (home / ".aws/config").write_text(config)
    (home / ".aws/credentials").write_text(credentials)
    assert at_hand("default" if "default" in config else "dev") is None


LINE = st.one_of(
    st.sampled_from([
        "[dev]", "[profile dev]", '[profile "dev"]', "[profile  dev]", "[profile other]", "[other]", "[default]",
        " [dev]",
        "[dev] # x", "[DEFAULT]", "# c", "; c", "", "  ", "  continued", "\tcontinued", "s3 =", "stray", "= x", "[open",
        "role_arn = r", "source_profile = other", "sso_region = x", "sso_region = y", "sso_start_url = u", "sso_session = s",
        "sso_account_id = 1", "sso_role_name = R", "[sso-session s]", '[sso-session "s"]', "[sso-session default]", "credential_process = x", "login_session = x",
        "web_identity_token_file = t", "aws_session_token =", "aws_security_token = old", "region: us-east-2",
    ]),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", " "]),
        st.sampled_from(["aws_access_key_id", "AWS_SECRET_access_key", "aws_secret_access_key", "aws_session_token"]),
        st.sampled_from(["=", " = ", ":", " : "]),
        st.sampled_from(["A", "B ", "a=b", "a # b", "ü", '"q"', ""]),
    ),
)  # fmt: skip
WHOLE = st.one_of(
    st.sampled_from(["[dev]", "[profile dev]", "[default]"]).map(lambda head: f"{head}\n{KEYS}".rstrip()),
    st.just(f"{SIGNED_IN}sso_session = s\n[sso-session s]\n{PLACE}".rstrip()),
)
FILE = st.builds(
    lambda lines, end: "\n".join([*lines, ""]).replace("\n", end),
    st.lists(LINE | WHOLE, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
)


@pytest.mark.slow
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=examples(300),
)
@given(config=FILE, credentials=FILE)
def test_whatever_the_files_hold_the_keys_found_are_never_others_than_botocores(
    home: Path, config: str, credentials: str
) -> None:
    (home / ".aws/config").write_bytes(config.encode())
    (home / ".aws/credentials").write_bytes(credentials.encode())
    for profile in ("dev", "default"):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(cached_keys, "_kept", lambda *_, **__: CACHED)
            found = at_hand(profile)
        event(f"keys at hand: {found is not None}")
        if found is not None:
            merged, keys = by_botocore(profile)
            assert (
                found == keys or not merged or "role_arn" in merged
            )  # it reads past faults in other sections, where botocore gives up


def role(**more: str) -> str:
    """Return a config file with a role's profile."""
    settings_ = {"role_arn": "arn:aws:iam::111122223333:role/R", "source_profile": "base", **more}
    own = "".join(f"{key} = {value}\n" for key, value in settings_.items())
    return f"[profile base]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n[profile dev]\n{own}"


def test_a_cached_session_does_not_serve_without_the_source_profile(home: Path) -> None:
    (home / ".aws/config").write_text(role().replace("[profile base]", "[profile other]"))
    put(home, cached_as(3600))
    assert at_hand("dev") is None
    (home / ".aws/config").write_text(role(source_profile="dev"))
    assert at_hand("dev") is None
    (home / ".aws/config").write_text(role().replace("source_profile = base", "credential_source = Ec2Metadata"))
    assert at_hand("dev") is None
    (home / ".aws/config").write_text(role())
    assert at_hand("dev") == ("ASIA1", "s", "t")


def cached_as(ends_in_s: float, **more: str) -> dict[str, Any]:
    ends = time.strftime("%Y-%m-%dT%H:%M:%SUTC", time.gmtime(NOW + ends_in_s))
    keys = {"AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": ends, **more}
    return {
        "Credentials": keys,
        "AssumedRoleUser": {"AssumedRoleId": "AROA:x", "Arn": "arn:aws:sts::1:assumed-role/R/x"},
    }


@pytest.mark.parametrize(
    "more",
    [{}, {"external_id": "e:1"}, {"mfa_serial": "arn:aws:iam::8:mfa/m"}, {"duration_seconds": "7200"},
     {"duration_seconds": "soon"}, {"role_session_name": "maria@acme", "external_id": "", "duration_seconds": "900"}],
)  # fmt: skip
def test_a_roles_cached_session_lies_where_botocore_looks_for_it(home: Path, more: dict[str, str]) -> None:
    from botocore.session import Session

    (home / ".aws/config").write_text(role(**more))
    (home / ".aws/credentials").write_text(f"[base]\n{KEYS}")
    session = Session(profile="dev")
    session.get_component("credential_provider").get_provider("assume-role").cache = seen_cache = _Cache()
    credentials = session.get_credentials()
    assert credentials is not None
    assert credentials.get_frozen_credentials().access_key == CACHED[0]
    assert seen_cache.asked == {fast_read.cache_key({**fast_read.settings("dev")[0]})}


@pytest.mark.parametrize(
    ("provider", "config"),
    [
        ("sso", f"{SIGNED_IN}sso_session = s\n[sso-session s]\n{PLACE}"),
        ("sso", f"{SIGNED_IN}sso_session = default\nsso_region = x\n[sso-session default]\n{PLACE}"),
        ("sso", f"{SIGNED_IN}{PLACE}"),
        ("assume-role-with-web-identity", f"{role()}web_identity_token_file = /t\n"),
        (
            "assume-role-with-web-identity",
            f"{role(duration_seconds='900', role_session_name='maria')}web_identity_token_file = /t\n",
        ),
    ],
)
def test_what_the_aws_cli_keeps_is_found_where_botocore_looks_for_it(home: Path, provider: str, config: str) -> None:
    from botocore.session import Session

    (home / ".aws/config").write_text(config)
    session = Session(profile="dev")
    session.get_component("credential_provider").get_provider(provider).cache = seen = _Cache()
    keys = session.get_credentials()
    assert keys is not None
    assert keys.get_frozen_credentials().access_key == CACHED[0]
    (name,) = seen.asked
    token = home / cached_keys.sign_in_path(fast_read.settings("dev")[0]).removeprefix("~/")
    for place in (home / f".aws/cli/cache/{name}.json", token):
        place.parent.mkdir(parents=True)
    (home / f".aws/cli/cache/{name}.json").write_text(json.dumps(cached_as(9999)))
    assert at_hand("dev") == (None if provider == "sso" else ("ASIA1", "s", "t"))
    for written_s, serves in ((-1, True), (+1, False)):  # the sign-in, before or after the role's keys
        token.write_text("{}")
        os.utime(token, (time.time() + written_s,) * 2)
        assert bool(at_hand("dev")) is (serves or provider != "sso")


class _Cache(dict[str, Any]):
    """Answers every key, and remembers which were asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return {
            "Credentials": {
                "AccessKeyId": CACHED[0],
                "SecretAccessKey": CACHED[1],
                "SessionToken": CACHED[2],
                "Expiration": ends,
            }
        }


def put(home: Path, cached: object) -> None:
    folder = home / ".aws/boto/cache"
    folder.mkdir(parents=True, exist_ok=True)
    name = fast_read.cache_key(fast_read.settings("dev")[0])
    (folder / f"{name}.json").write_text(cached if isinstance(cached, str) else json.dumps(cached))


@pytest.mark.parametrize(
    ("ends_in_s", "mfa", "serves"),
    [
        (901, False, True),
        (899, False, False),
        (899, True, True),
        (61, True, True),
        (59, True, False),
        (-5, True, False),
    ],
)
def test_a_cached_session_serves_until_it_is_to_be_renewed_with_mfa_until_it_ends(
    home: Path, ends_in_s: int, mfa: bool, serves: bool
) -> None:
    (home / ".aws/config").write_text(role(**({"mfa_serial": "m"} if mfa else {})))
    put(home, cached_as(ends_in_s))
    assert at_hand("dev") == (("ASIA1", "s", "t") if serves else None)


@pytest.mark.parametrize(
    "cached",
    ["", "{}", "[]", "null", '{"Credentials": {"AccessKeyId": 5}}', json.dumps(cached_as(9999))[:60], "\xff",
     json.dumps(cached_as(9999, SessionToken='a"b')), json.dumps(cached_as(9999, Expiration="tomorrow")),
     json.dumps(cached_as(9999, AccessKeyId=""))],
)  # fmt: skip
def test_a_cache_file_that_is_not_whole_is_left_to_botocore(home: Path, cached: str) -> None:
    (home / ".aws/config").write_text(role())
    put(home, cached)
    assert at_hand("dev") is None


@pytest.mark.parametrize("spelled", [{"indent": 2}, {"separators": (",", ":")}, {"sort_keys": True}])
def test_a_cached_session_may_be_spelled_as_json_allows(home: Path, spelled: dict[str, Any]) -> None:
    (home / ".aws/config").write_text(role())
    put(home, json.dumps(cached_as(9999), **spelled))
    assert at_hand("dev") == ("ASIA1", "s", "t")


@pytest.mark.parametrize(
    ("recorded", "over"),
    [("2025-12-31T23:59:59Z", True), ("2026-01-01T00:00:01Z", False), ("2025-12-31T23:59:59+00:00", True),
     ("2025-12-31T23:59:59+01:00", True), ("some day", False), ("", False)],
)  # fmt: skip
def test_a_recorded_end_that_has_passed_is_known(recorded: str, over: bool, capsys: pytest.CaptureFixture[str]) -> None:
    cached_keys.tell_if_ended("dev", {"ccsetup_expires_at": recorded}, NOW)
    assert capsys.readouterr().err.startswith("The credentials for dev expired") is over


def test_one_of_ten_thousand_profiles_is_found(home: Path) -> None:
    text = "".join(f"[p{n}]\n{KEYS}aws_session_token = {'t' * 300}\n\n" for n in range(10_000))
    assert fast_read.section(text.encode(), "p1", "")["aws_access_key_id"] == "AKIA1"


def test_importing_it_loads_hardly_anything() -> None:
    code = "import sys; before = set(sys.modules); import ccsetup.git.helper.signing; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {
        "ccsetup",
        "ccsetup.git.helper.signing",
        "ccsetup.core",
        "ccsetup.core.lean_hash",
        "ccsetup.git",
        "ccsetup.git.helper",
    }
