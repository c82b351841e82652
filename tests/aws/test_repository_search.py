"""One repository looked for with many profiles in many regions: who sees it, who is refused, and that nobody is asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from aws_ways import keys_of, settle
from botocore.awsrequest import AWSResponse

from ccsetup.aws import pooled_clients, repository_search
from ccsetup.aws.credentials import Resolver
from ccsetup.aws.sts import SessionCache
from ccsetup.core import limits
from ccsetup.core.concurrency import alone
from ccsetup.core.context import Sighting, Start
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.model import Keys, Secret, Who
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, MARIA, PEOPLE, role_arn

Profiles = Mapping[str, Mapping[str, str | Secret]]


def stop(start: Start, account: str, role: str) -> Keys:
    raise AssertionError("nobody shall sign in")


@pytest.fixture
def place(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    return sandbox


def look(
    places: Sequence[tuple[str, str]], profiles: Profiles, name: str, sso: Any = stop
) -> dict[tuple[str, str], Sighting]:
    resolver = Resolver(SessionCache([Path("/nowhere")]), sso)
    whos = [Who(profile, region, profiles, {}) for profile, region in places]
    seen = repository_search.sightings(resolver, pooled_clients.Pool(limits.AT_ONCE), whos, name)
    assert [(s.profile, s.region) for s in seen] == list(places)
    return {(s.profile, s.region): s for s in seen}


def of_role(sandbox: Sandbox, role: str) -> dict[str, str | Secret]:
    keys = keys_of(sandbox.state.temporary_keys(role_arn(role)))
    return {**keys, "aws_secret_access_key": Secret(keys["aws_secret_access_key"])}


def of_user(sandbox: Sandbox, arn: str) -> dict[str, str | Secret]:
    keys = keys_of(sandbox.state.user_keys(arn))
    return {**keys}


def test_each_profile_tells_what_it_sees_in_each_region(place: Sandbox) -> None:
    profiles = {
        "code": of_role(place, "CodeCommitAccess"),
        "gitonly": of_role(place, "CodeCommitPullPush"),
        "maria": of_user(place, MARIA),
        "over": {"aws_access_key_id": "ASIAGONE", "aws_secret_access_key": "s", "aws_session_token": "t"},
        "assumed": {"role_arn": role_arn("CodeCommitReadOnly"), "source_profile": "maria"},
    }
    regions = ("us-east-2", "eu-central-1", "us-gov-west-1")
    seen = look([(p, r) for r in regions for p in profiles], profiles, "handbook")
    there = {key: s.repository for key, s in seen.items() if s.repository}
    assert set(there) == {("code", "eu-central-1"), ("assumed", "eu-central-1")}
    found = there["code", "eu-central-1"]
    assert found
    assert (found.name, found.region, found.account_id, found.default_branch) == (
        "handbook",
        "eu-central-1",
        CODE,
        "main",
    )
    refused = {key: s.refused for key, s in seen.items() if s.refused}
    assert isinstance(refused["code", "us-east-2"], NoRepository)
    assert not isinstance(refused["gitonly", "us-east-2"], NoRepository)
    assert {name: refused[name, "us-east-2"].code for name in ("code", "gitonly", "over")} == {
        "code": "access.repository", "gitonly": "access.repository", "over": "access.identity",
    }  # fmt: skip


def test_what_cannot_be_had_without_a_person_is_refused_and_not_asked_for(place: Sandbox) -> None:
    asked = []

    def sign_in(start: Start, account: str, role: str) -> Keys:
        asked.append(alone.get())
        raise Problem("Signed out.", code="sso.signed-out")

    serial = place.state.device("maria").serial
    profiles = {
        "maria": of_user(place, MARIA),
        "coded": {"role_arn": role_arn("CodeCommitMfa"), "source_profile": "maria", "mfa_serial": serial},
        "sso": {"sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1",
                "sso_account_id": PEOPLE, "sso_role_name": "Developer"},
    }  # fmt: skip
    seen = look([("coded", "us-east-2"), ("sso", "us-east-2")], profiles, "MySharedDemoRepo", sign_in)
    codes = {name: s.refused.code for (name, _), s in seen.items() if s.refused}
    assert codes == {"coded": "access.assume", "sso": "sso.signed-out"}
    assert asked == [True]
    assert not alone.get()


def test_keys_are_found_once_and_no_secret_shows(place: Sandbox) -> None:
    profiles = {
        "code": of_role(place, "CodeCommitAccess"),
        "assumed": {"role_arn": role_arn("CodeCommitAccess"), "source_profile": "maria"},
        "maria": of_user(place, MARIA),
    }
    regions = ("us-east-1", "us-east-2", "us-west-2", "eu-west-1")
    seen = look([("assumed", region) for region in regions], profiles, "MyDemoRepo")
    assert [s.region for s in seen.values() if s.repository] == ["us-east-1"]
    assert len([entry for entry in place.log if entry.action == "AssumeRole"]) == 1
    assert profiles["code"]["aws_secret_access_key"].reveal() not in repr(seen)  # type: ignore[union-attr]


def test_sixteen_are_asked_at_once_and_no_more(place: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, now, most, full = threading.Lock(), [0], [0], threading.Event()
    real = pooled_clients._lasting

    def counting(*about: Any) -> Any:
        session = real(*about)
        send = session.send

        def slow(request: Any) -> AWSResponse:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
                if now[0] == limits.AT_ONCE:
                    full.set()
            full.wait(1)
            time.sleep(0.02)
            with lock:
                now[0] -= 1
            return send(request)

        session.send = slow
        return session

    monkeypatch.setattr(pooled_clients, "_lasting", counting)
    keys = of_role(place, "CodeCommitAccess")
    profiles = {f"p{n}": keys for n in range(12)}
    places = [(name, region) for region in ("us-east-1", "us-east-2", "eu-west-1", "eu-central-1") for name in profiles]
    seen = look(places, profiles, "handbook")
    assert most[0] == limits.AT_ONCE
    assert {region for (_, region), s in seen.items() if s.repository} == {"eu-central-1"}
    assert all(s.repository or isinstance(s.refused, NoRepository) for s in seen.values())


def test_a_place_that_does_not_answer_in_time_says_so(place: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALL_S", 0.5)
    hold = threading.Event()
    real = pooled_clients._lasting

    def hanging(*about: Any) -> Any:
        session = real(*about)
        send = session.send
        session.send = lambda request: (
            hold.wait(10) and None if b"us-west-2" in request.headers["Authorization"] else send(request)
        )
        return session

    monkeypatch.setattr(pooled_clients, "_lasting", hanging)
    began = time.monotonic()
    seen = look(
        [("code", "us-west-2"), ("code2", "us-east-2")],
        {"code": of_role(place, "CodeCommitAccess"), "code2": of_role(place, "CodeCommitAccess")},
        "MySharedDemoRepo",
    )
    hold.set()
    assert time.monotonic() - began < 8
    assert seen["code2", "us-east-2"].repository
    late = seen["code", "us-west-2"].refused
    assert late
    assert late.code == "net.unreachable"


def test_an_endpoint_of_a_profiles_own_is_asked(
    place: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = place.environment()["AWS_ENDPOINT_URL_CODECOMMIT"]
    monkeypatch.delenv("AWS_ENDPOINT_URL_CODECOMMIT")
    keys = of_role(place, "CodeCommitAccess")
    (tmp_path / "home" / ".aws").mkdir(exist_ok=True)
    (tmp_path / "home" / ".aws" / "config").write_text(f"[profile own]\nendpoint_url = {url}\n")
    seen = look([("own", "us-east-2")], {"own": {**keys, "endpoint_url": url}}, "MySharedDemoRepo")
    assert seen["own", "us-east-2"].repository


def test_the_pool_trusts_the_certificate_that_the_environment_names_and_no_other(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path / "home", sandbox.environment(tls=True))
    profiles = {"code": of_role(sandbox, "CodeCommitAccess")}
    assert look([("code", "us-east-2")], profiles, "MySharedDemoRepo")["code", "us-east-2"].repository
    monkeypatch.delenv("AWS_CA_BUNDLE")
    refused = look([("code", "us-east-2")], profiles, "MySharedDemoRepo")["code", "us-east-2"].refused
    assert refused
    assert refused.code == "net.tls"
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    refused = look([("code", "us-east-2")], profiles, "MySharedDemoRepo")["code", "us-east-2"].refused
    assert refused
    assert refused.code == "net.proxy"


ROLE = {"role_arn": role_arn("CodeCommitAccess"), "source_profile": "base"}


@pytest.mark.parametrize(
    ("later", "lasts", "reused"),
    [
        ({"one": {**ROLE, "region": "eu-west-1"}}, None, True),
        ({"one": {**ROLE, "external_id": "acme-7f3b"}}, None, False),
        ({"one": {**ROLE, "mfa_serial": "arn:aws:iam::888888888888:mfa/maria"}}, None, False),
        ({"one": {"credential_process": "print-keys"}}, None, False),
        ({"one": ROLE}, timedelta(hours=1), True),
        ({"one": ROLE}, timedelta(minutes=10), False),
    ],
)
def test_a_search_uses_what_it_found_again_if_nothing_has_changed(
    later: Profiles, lasts: timedelta | None, reused: bool
) -> None:
    resolver = Resolver(SessionCache([Path("/nowhere")]), stop)
    base: Profiles = {"base": {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s"}}
    keys = Keys("ASIAIOSFODNN7EXAMPLE", Secret("s"), Secret("t"), datetime.now(timezone.utc) + lasts if lasts else None)
    assert resolver.kept(Who("one", "us-east-2", {**base, "one": ROLE}, {})) is None
    resolver.keep(Who("one", "us-east-2", {**base, "one": ROLE}, {}), keys)
    assert (resolver.kept(Who("one", "eu-west-1", {**base, **later}, {})) is keys) == reused
    assert resolver.kept(Who("base", "us-east-2", base, {})) is None
