"""The calls: what they return, in whose eyes, where there is nothing, and that sandbox, moto and fake answer alike."""

from __future__ import annotations

import inspect
import json
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_ways import WAYS, Place, Way, assumed, keys_of, maria, role, settle
from botocore.configloader import raw_config_parse
from moto.iam.models import IAMBackend
from script import FakeAws, tree

from ccsetup.aws.client import Aws
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.model import Edit, Identity, Keys, Repository, Secret, Who
from ccsetup.sandbox import Sandbox, State, policy_engine
from ccsetup.sandbox.demo_data import BROKER, CODE, KMS_KEY, MARIA, NOBODY, REGION, SAML_PROVIDER, role_arn

HERE = ["MySharedDemoRepo", "payments-api", "payments-web", "empty", "--mirror", "locked"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox.start(tmp_path_factory.mktemp("aws") / "sandbox") as sandbox:
        yield sandbox


@pytest.fixture
def place(running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    settle(monkeypatch, tmp_path / "home", running.environment())
    place = Place(running, tmp_path / "home")
    before = tree(place.home)
    yield place
    assert tree(place.home) == before  # the adapter writes nothing


@pytest.fixture
def fresh(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place whose AWS may be changed."""
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    return Place(sandbox, tmp_path / "home")


@pytest.fixture
def developer(place: Place) -> Who:
    return as_role(place, "CodeCommitAccess")


def as_role(place: Place, name: str, region: str = REGION) -> Who:
    keys = keys_of(place.state.temporary_keys(role_arn(name)))
    return Who("dev", region, {"dev": {**keys, "aws_secret_access_key": Secret(keys["aws_secret_access_key"])}})


def as_maria(place: Place) -> Who:
    return Way(MARIA, maria(place.state)).who()


def refusal(work: Any, *given: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        work(*given)
    return caught.value


def test_who_answers_is_told_with_account_arn_and_id(place: Place) -> None:
    user = place.state.user("maria")
    assert place.aws().identity(as_maria(place)) == Identity(user.account_id, MARIA, user.id)


def test_repositories_are_those_of_the_region_sorted_as_people_sort(place: Place, developer: Who) -> None:
    assert place.aws().repositories(developer) == sorted(HERE, key=str.lower)
    assert place.aws().repositories(developer._replace(region="us-east-1")) == ["MyDemoRepo"]
    assert place.aws().repositories(developer._replace(region="eu-west-1")) == []


def test_more_repositories_than_fit_on_a_page_are_all_listed(fresh: Place) -> None:
    names = [f"service-{number:04}" for number in range(1100)]
    for name in names:
        fresh.state.add_repository(CODE, "eu-west-3", name)
    assert fresh.aws().repositories(as_role(fresh, "CodeCommitAccess", "eu-west-3")) == names


def test_a_repositorys_facts_come_from_its_metadata(place: Place, developer: Who) -> None:
    aws = place.aws()
    assert aws.repository(developer, "MySharedDemoRepo") == Repository("MySharedDemoRepo", REGION, CODE, "main", "aws")
    assert aws.repository(developer, "payments-web").default_branch == "trunk"
    assert aws.repository(developer, "empty").default_branch == ""
    assert aws.repository(developer, "--mirror").name == "--mirror"


def test_branches_are_listed_and_an_empty_repository_has_none(place: Place, developer: Who) -> None:
    assert sorted(place.aws().branches(developer, "MySharedDemoRepo")) == ["develop", "main"]
    assert place.aws().branches(developer, "empty") == []


def test_what_is_not_there_is_told_with_name_and_region(place: Place, developer: Who) -> None:
    for ask in (place.aws().repository, place.aws().branches):
        problem = refusal(ask, developer, "mysharedDEMOrepo")
        assert isinstance(problem, NoRepository)
        assert problem.what == "No repository mysharedDEMOrepo in us-east-2 is visible to dev."
        assert problem.code == "access.repository"
    problem = refusal(place.aws().repository, developer, "no name")
    assert (problem.what, problem.code) == ("no name isn't a valid repository name.", "access.repository")


def test_what_is_denied_is_told_with_the_words_for_the_administrator(place: Place) -> None:
    git_only = as_role(place, "CodeCommitPullPush")
    problem = refusal(place.aws().repository, git_only, "MySharedDemoRepo")
    assert problem.what == "AWS denied GetRepository on MySharedDemoRepo."
    assert "codecommit:GetRepository on resource: arn:aws:codecommit:us-east-2:" in problem.why
    assert (problem.code, problem.why[-1]) == ("access.repository", ".")
    assert refusal(place.aws().repositories, git_only).what == "AWS denied ListRepositories."


def test_a_key_that_may_not_be_used_is_told_as_such(fresh: Place) -> None:
    assert fresh.state.repositories[CODE, REGION, "locked"].kms_key == KMS_KEY
    problem = refusal(fresh.aws().repository, as_role(fresh, "CodeCommitAccess"), "locked")
    assert (problem.code, problem.what) == ("access.kms", "dev isn't allowed to use the KMS key that encrypts locked.")


@pytest.mark.slow
def test_the_regions_that_have_a_repository_are_found_at_once(place: Place, developer: Who) -> None:
    asked = ["us-east-1", "eu-central-1", "us-west-2", "ap-south-1", "nowhere-1", "us-east-2"]
    aws = place.aws()
    assert aws.regions_with(developer, "MySharedDemoRepo", asked) == ["us-east-2"]
    assert aws.regions_with(developer, "handbook", asked) == ["eu-central-1"]
    assert aws.regions_with(developer, "nothing", asked) == []
    assert aws.regions_with(developer, "handbook", []) == []
    place.state.delay_s = 0.4
    try:
        begun = datetime.now(timezone.utc)
        regions = ["us-east-1", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", REGION]
        assert aws.regions_with(developer, "payments-api", regions) == [REGION]
        assert datetime.now(timezone.utc) - begun < timedelta(seconds=8 * 0.4)
    finally:
        place.state.delay_s = 0


def test_the_repositories_of_several_regions_are_listed_at_once(place: Place, developer: Who) -> None:
    asked, counted = ["eu-west-3", "eu-central-1", "us-east-1"], []
    found = place.aws().repositories_in(developer, asked, lambda done, of: counted.append((done, of)))
    assert found == {"eu-central-1": ["handbook"], "us-east-1": ["MyDemoRepo"]}
    assert sorted(counted) == [(1, 3), (2, 3), (3, 3)]
    git_only = as_role(place, "CodeCommitPullPush")
    problem = refusal(place.aws().repositories_in, git_only, ["us-east-1", REGION])
    assert (problem.what, problem.profile) == ("AWS denied ListRepositories.", git_only.profile)


def test_refusals_in_other_regions_count_as_no(place: Place) -> None:
    assert place.aws().regions_with(as_role(place, "CodeCommitPullPush"), "MySharedDemoRepo", [REGION]) == []


def test_a_profile_that_cannot_be_resolved_is_told_before_any_region_is_asked(place: Place) -> None:
    assert refusal(place.aws().regions_with, Who("gone", REGION), "R", [REGION]).code == "profile.missing"


def test_mfa_devices_are_the_callers_own(place: Place) -> None:
    assert place.aws().mfa_devices(as_maria(place)) == [place.state.device("maria").serial]
    nobody = Who("dev", REGION, {"dev": keys_of(place.state.user_keys(NOBODY))})
    problem = refusal(place.aws().mfa_devices, nobody)
    assert (problem.what, problem.code) == ("AWS denied ListMFADevices.", "access.repository")


def test_a_code_is_exchanged_for_keys_that_end_when_asked(place: Place) -> None:
    serial, aws = place.state.device("maria").serial, place.aws()
    keys = aws.session_token(as_maria(place), serial, place.state.mfa_code(serial), 3600)
    assert keys.access_key_id.startswith("ASIA")
    assert keys.session_token
    assert keys.expires_at
    assert keys.expires_at.tzinfo is timezone.utc
    left = keys.expires_at - datetime.now(timezone.utc)
    assert timedelta(minutes=59) < left <= timedelta(minutes=60)
    temporary = {
        "aws_access_key_id": keys.access_key_id,
        "aws_secret_access_key": keys.secret_access_key,
        "aws_session_token": keys.session_token,
    }
    session = Who("session", REGION, {"session": temporary})
    assert aws.identity(session).arn == MARIA
    assert aws.repositories(session) == ["people-tools"]  # what Maria may see with MFA only
    assert (
        refusal(aws.session_token, session, serial, "123456", 3600).what
        == "These credentials can't be used to get an MFA session."
    )


def test_a_wrong_code_and_a_wrong_device_are_refused(place: Place) -> None:
    serial, aws, who = place.state.device("maria").serial, place.aws(), as_maria(place)
    assert refusal(aws.session_token, who, serial, place.state.wrong_mfa_code(serial), 3600).what == (
        "AWS rejected the MFA code."
    )
    other = serial.replace("maria", "marie")
    assert refusal(aws.session_token, who, other, place.state.mfa_code(serial), 3600).code == "access.assume"
    problem = refusal(aws.session_token, who, serial, "12345", 3600)
    assert (problem.code, "12345" in problem.what) == ("role.arn", False)


def test_a_token_is_exchanged_for_a_roles_keys(place: Place) -> None:
    token = Secret(place.state.web_identity_token())
    keys = place.aws().web_identity(role_arn("CodeCommitOidc"), token, "maria", 900, "", REGION)
    assert keys.expires_at
    assert keys.expires_at - datetime.now(timezone.utc) <= timedelta(minutes=15)
    amazon = Secret(place.state.access_token("www.amazon.com", "amzn1.account.maria", app_id="amzn1.application.acme"))
    other = place.aws().web_identity(role_arn("CodeCommitAmazon"), amazon, "maria", 3600, "www.amazon.com", REGION)
    assert {keys.access_key_id[:4], other.access_key_id[:4]} == {"ASIA"}


def test_a_refused_token_is_told_without_a_profile_and_without_the_token(place: Place) -> None:
    token = place.state.web_identity_token(lasts_s=-5)
    problem = refusal(place.aws().web_identity, role_arn("CodeCommitOidc"), Secret(token), "maria", 900, "", REGION)
    assert (problem.code, problem.what) == ("oidc.token-expired", "The OIDC token has expired.")
    problem = refusal(place.aws().web_identity, role_arn("Stranger"), Secret("not-a-token"), "m", 5, "", REGION)
    assert "not-a-token" not in problem.what + problem.why
    assert "--profile" not in problem.next


def test_an_assertion_is_exchanged_for_a_roles_keys(place: Place) -> None:
    pair = f"{role_arn('CodeCommitSaml')},{SAML_PROVIDER}"
    keys = place.aws().saml(role_arn("CodeCommitSaml"), SAML_PROVIDER, Secret(place.state.saml_assertion(pair)), 900)
    assert keys.expires_at
    assert keys.expires_at - datetime.now(timezone.utc) <= timedelta(minutes=15)
    for forged, lasts_s, code in ((True, 300, "access.assume"), (False, -5, "keys.expired")):
        bad = place.state.saml_assertion(pair, lasts_s=lasts_s, forged=forged)
        problem = refusal(place.aws().saml, role_arn("CodeCommitSaml"), SAML_PROVIDER, Secret(bad), 900)
        assert (problem.code, bad[:40] in problem.what + problem.why) == (code, False)
        assert "SAML" in problem.what


def test_federated_keys_are_the_callers_narrowed(place: Place) -> None:
    broker, aws = Way("", keys_of(place.state.user_keys(BROKER))).who(), place.aws()
    where = f"arn:aws:codecommit:{REGION}:{CODE}:payments-api"
    keys = aws.federation_token(broker, "maria", json.dumps(policy_engine.allow("codecommit:*", on=where)), 900)
    assert keys.session_token
    narrow = Who("n", REGION, {"n": {"aws_access_key_id": keys.access_key_id,
                                     "aws_secret_access_key": keys.secret_access_key,
                                     "aws_session_token": keys.session_token}})  # fmt: skip
    assert aws.identity(narrow).arn == f"arn:aws:sts::{CODE}:federated-user/maria"
    assert aws.repository(narrow, "payments-api").account_id == CODE
    assert refusal(aws.repository, narrow, "payments-web").code == "access.repository"
    assert (
        refusal(aws.federation_token, narrow, "maria", "{}", 900).what
        == "These credentials can't be used to get a federation token."
    )
    assert refusal(aws.federation_token, broker, "maria", "{}", 900).code == "input.invalid"


def test_keys_come_with_their_end_however_it_is_known(place: Place) -> None:
    aws, state = place.aws(), place.state
    assert aws.keys(as_maria(place)).expires_at is None
    assumed_keys = aws.keys(WAYS["a role"](state, place.home).who())
    assert assumed_keys.expires_at
    assert timedelta(minutes=59) < assumed_keys.expires_at - datetime.now(timezone.utc) <= timedelta(hours=1)
    stored = keys_of(state.temporary_keys(MARIA))
    for key, text in (
        ("ccsetup_expires_at", "2026-11-21T12:00:00Z"),
        ("x_security_token_expires", "2026-11-21T13:00:00+01:00"),
        ("aws_expiration", "2026-11-21 12:00:00 UTC"),
        ("expiration", "2026-11-21T12:00:00+00:00"),
    ):
        noted = Who("dev", REGION, {"dev": {**stored, key: text}})
        assert aws.keys(noted).expires_at == datetime(2026, 11, 21, 12, tzinfo=timezone.utc), key


@pytest.mark.slow
@pytest.mark.parametrize(("container", "source"), [(False, "Ec2InstanceMetadata"), (True, "EcsContainer")])
def test_the_machine_is_asked_for_its_role_and_its_region(
    fresh: Place, monkeypatch: pytest.MonkeyPatch, container: bool, source: str
) -> None:
    aws = fresh.aws()
    for name, value in fresh.sandbox.machine_environment(container=container).items():
        monkeypatch.setenv(name, value)
    assert aws.machine() == ""  # the service answers, and there is no role
    fresh.state.attach(role_arn("BuildMachine", "888888888888"))
    assert aws.machine() == source
    here = Who("here", REGION, {"here": {"region": REGION}})
    assert aws.identity(here).arn.startswith(assumed("BuildMachine", "888888888888"))
    assert aws.keys(here).expires_at
    assert aws.region_here() == ("" if container else REGION)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert aws.region_here() == "eu-west-1"
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert aws.machine() == ("EcsContainer" if container else "")


@pytest.mark.slow
def test_a_machine_that_answers_nothing_keeps_nobody_waiting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        assert place.aws().machine() == ""
        assert time.monotonic() - begun < 5
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "build")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE")
    assert place.aws().machine() == "Environment"


@pytest.mark.parametrize("region", ["US East (Ohio)", "s3", "s3-us-west-2", "us-east-1.evil", "compute-1"])
def test_a_region_that_is_none_is_told(place: Place, developer: Who, region: str) -> None:
    """sts.s3.amazonaws.com is the bucket `sts` of whoever was first, and no token goes there."""
    who = developer._replace(region=region)
    token = Secret("eyJhbGciOiJub25lIn0.e30.x")
    for problem in (
        refusal(place.aws().repositories, who),
        refusal(place.aws().identity, who),
        refusal(place.aws().web_identity, role_arn("CodeCommitOidc"), token, "maria", 900, "", region),
    ):
        assert (problem.code, problem.what) == ("region.invalid", f"{region} isn't a region.")


def test_a_wrong_clock_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = datetime.now(timezone.utc) + timedelta(hours=1)
    with Sandbox.start(tmp_path / "sandbox", now=lambda: ahead) as sandbox:
        settle(monkeypatch, tmp_path / "home", sandbox.environment())
        place = Place(sandbox, tmp_path / "home")
        for ask in (place.aws().identity, place.aws().repositories):
            assert refusal(ask, as_maria(place)).code == "net.clock"


def test_the_judge_reads_as_botocore_reads(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("[profile dev]\nregion = us-east-2 # home\ns3 =\n  addressing_style = path\n")
    assert place.aws().judge(path) == raw_config_parse(str(path))


def test_services_that_a_profile_sends_elsewhere_are_asked_there(
    place: Place, running: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    elsewhere = running.environment()
    config.write_text(
        f"[profile dev]\nservices = here\n[services here]\nsts =\n  endpoint_url = {elsewhere['AWS_ENDPOINT_URL_STS']}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS")
    assert place.aws().identity(as_maria(place)).arn == MARIA


# The same calls against moto


@pytest.mark.slow
def test_moto_agrees(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, tmp_path, {f"AWS_ENDPOINT_URL_{name}": moto for name in ("STS", "IAM", "CODECOMMIT")})
    aws, account = Aws(tmp_path, lambda *_: pytest.fail("no sign-in")), "123456789012"
    root = boto3.Session("testing", "testing", region_name=REGION)
    iam = root.client("iam")
    user = iam.create_user(UserName="maria")["User"]
    key = iam.create_access_key(UserName="maria")["AccessKey"]
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="maria")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName="maria", SerialNumber=serial, **codes)
    trust = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}'
    arn = iam.create_role(RoleName="Access", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    root.client("codecommit").create_repository(repositoryName="MyDemoRepo")

    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": Secret(key["SecretAccessKey"])}
    there = {"people": keys, "dev": {"role_arn": arn, "source_profile": "people", "role_session_name": "maria"}}
    people, dev = Who("people", REGION, there), Who("dev", REGION, there)
    assert aws.identity(people) == Identity(account, user["Arn"], user["UserId"])
    named = IAMBackend.list_mfa_devices  # AWS takes the caller where no name is given; moto does not know who calls
    monkeypatch.setattr(IAMBackend, "list_mfa_devices", lambda backend, name: named(backend, name or "maria"))
    assert aws.mfa_devices(people) == [serial]
    exchanged = aws.session_token(people, serial, "123456", 900)
    assert exchanged.session_token
    assert exchanged.expires_at
    assert exchanged.expires_at.tzinfo is timezone.utc
    assert aws.identity(dev).arn == f"arn:aws:sts::{account}:assumed-role/Access/maria"
    token = Secret("e30.e30.c2ln")
    assert aws.web_identity(arn, token, "maria", 900, "", REGION).access_key_id.startswith("ASIA")
    response = State().saml_assertion(f"{arn},{SAML_PROVIDER}")
    assert aws.saml(arn, SAML_PROVIDER, Secret(response), 900).access_key_id.startswith("ASIA")
    narrow = aws.federation_token(people, "maria", json.dumps(policy_engine.allow("codecommit:*")), 900)
    assert narrow.expires_at
    assert narrow.expires_at.tzinfo is timezone.utc
    assert aws.repository(dev, "MyDemoRepo")[:3] == ("MyDemoRepo", REGION, account)
    assert isinstance(refusal(aws.repository, dev, "Other"), NoRepository)
    assert aws.regions_with(dev, "MyDemoRepo", ["us-east-1", REGION]) == [REGION]
    assert list(tmp_path.rglob("*")) == []


# The stand-in keeps to the real one's shapes


def shapes(aws: Any, who: Who, device: str, code: str, token: Secret, response: Secret) -> dict[str, Any]:
    """Make every call that stories make; return the types of what comes back, fields and elements in."""

    def of(value: Any) -> Any:
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value), [of(field) for field in value]
        if isinstance(value, (list, tuple)):
            return "sequence", sorted({str(of(item)) for item in value})
        return type(value)

    return {
        "identity": of(aws.identity(who)),
        "repositories": of(aws.repositories(who)),
        "repository": of(aws.repository(who, "MySharedDemoRepo")),
        "regions_with": of(aws.regions_with(who, "MySharedDemoRepo", [])),
        "branches": of(aws.branches(who, "MySharedDemoRepo")),
        "session_token": of(aws.session_token(who, device, code, 3600)),
        "web_identity": of(aws.web_identity(role_arn("CodeCommitOidc"), token, "maria", 3600, "", REGION)),
        "mfa_devices": of(aws.mfa_devices(who)),
        "saml": of(aws.saml(role_arn("CodeCommitSaml"), SAML_PROVIDER, response, 900)),
        "federation_token": of(aws.federation_token(who, "maria", json.dumps(policy_engine.allow("*")), 900)),
        "machine": of(aws.machine()),
        "region_here": of(aws.region_here()),
        "pending": of(aws.pending()),
    }


def test_the_stand_in_answers_in_the_same_shapes(fresh: Place) -> None:
    state, aws = fresh.state, fresh.aws()
    state.set_policies(MARIA, policy_engine.allow("*"))
    state.add_repository("888888888888", REGION, "MySharedDemoRepo")
    serial = state.device("maria").serial
    with_code = Way("", role("CodeCommitMfa", mfa_serial=serial), {"people": maria(state)})
    assert aws.identity(with_code.who(state.mfa_code(serial))).arn.startswith(assumed("CodeCommitMfa"))
    fake = FakeAws(devices=(serial,), leaves=(Edit(Path("a.json"), None, "{}"),))
    token = Secret(state.web_identity_token())
    response = Secret(state.saml_assertion(f"{role_arn('CodeCommitSaml')},{SAML_PROVIDER}"))
    real = shapes(aws, as_maria(fresh), serial, state.mfa_code(serial), token, response)
    assert shapes(fake, as_maria(fresh), serial, "123456", token, response) == real


def test_stand_in_and_adapter_are_called_alike() -> None:
    promised = {name: found for name, found in vars(Aws).items() if inspect.isfunction(found) and name[0] != "_"}
    assert len(promised) > 15
    for name, method in promised.items():
        if name != "judge":  # what reads files, which are real in stories
            assert inspect.signature(getattr(FakeAws, name)) == inspect.signature(method), name


def test_a_problem_given_to_the_stand_in_is_raised_as_the_adapter_raises(place: Place, developer: Who) -> None:
    real = refusal(place.aws().repository, developer, "nothing")
    fake = refusal(FakeAws(found=NoRepository("There is none.")).repository, developer, "nothing")
    assert (type(real), real.code, real.exit_code) == (type(fake), fake.code, fake.exit_code)


def test_keys_never_show_their_secrets(place: Place) -> None:
    keys = place.aws().web_identity(
        role_arn("CodeCommitOidc"), Secret(place.state.web_identity_token()), "maria", 900, "", REGION
    )
    assert isinstance(keys, Keys)
    assert keys.secret_access_key.reveal() not in repr(keys)
    assert keys.session_token
    assert keys.session_token.reveal() not in repr(keys)


def test_every_way_is_resolved_again_for_every_call(place: Place) -> None:
    """Nothing of one Who serves another: one adapter is many people in turn."""
    aws, way = place.aws(), WAYS["a role"](place.state, place.home)
    for _ in range(2):
        assert aws.identity(way.who()).arn.startswith(assumed("CodeCommitAccess"))
        assert aws.identity(as_maria(place)).arn == MARIA
