"""Denied is answered: the policy a Problem brings is given to the one it names, and the same call goes through."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_ways import Place, keys_of, maria, settle
from moto.codecommit.responses import CodeCommitResponse
from moto.core.authorization import disable_iam_authentication, enable_iam_authentication
from moto.core.exceptions import AccessDeniedError
from moto.iam import access_control
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse
from paths import ROOT

from ccsetup.aws.access_request import least as least_of
from ccsetup.aws.access_request import of_git, of_git_and_api, remedies
from ccsetup.aws.client import Aws
from ccsetup.core.errors import Problem
from ccsetup.core.model import Route, Secret, Who
from ccsetup.git.repository import Git
from ccsetup.sandbox import Sandbox, State, policy_engine
from ccsetup.sandbox.demo_data import CODE, KMS_KEY, NOBODY, PEOPLE, REGION, SAML_PROVIDER, role_arn

REPOSITORY, OTHER = "MySharedDemoRepo", "payments-api"
Ask = Callable[[Aws, Who], object]
Document = Mapping[str, Any]

CALLS: dict[str, Ask] = {
    "codecommit:ListRepositories": lambda aws, who: aws.repositories(who),
    "codecommit:GetRepository": lambda aws, who: aws.repository(who, REPOSITORY),
    "codecommit:ListBranches": lambda aws, who: aws.branches(who, REPOSITORY),
    "codecommit:CreateRepository": lambda aws, who: aws.create_repository(who, "brand-new", ""),
}
OF_A_USER: dict[str, Ask] = {
    "iam:ListMFADevices": lambda aws, who: aws.mfa_devices(who),
    "sts:GetFederationToken": lambda aws, who: aws.federation_token(
        who, "maria", json.dumps(policy_engine.allow("*")), 900
    ),
}


@pytest.fixture
def place(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    settle(monkeypatch, tmp_path / "home", sandbox.environment())
    return Place(sandbox, tmp_path / "home")


def who_has(keys: Mapping[str, str], **more: Mapping[str, str]) -> Who:
    """Return a developer with these keys; `more` are further profiles, one of them dev."""
    hidden = {**keys, "aws_secret_access_key": Secret(keys["aws_secret_access_key"])}
    return Who("dev", REGION, {"people": hidden, "dev": more.get("dev", hidden)})


def as_user(state: State) -> tuple[Who, str]:
    """Return a user without any permission, and its ARN."""
    state.add_repository(PEOPLE, REGION, REPOSITORY)
    return who_has(keys_of(state.user_keys(NOBODY))), NOBODY


def as_role(state: State) -> tuple[Who, str]:
    """Return somebody who has a role without any permission, with a path, and the role's ARN."""
    role = state.add_role(CODE, "Bare", policy_engine.trust(PEOPLE), path="/team/")
    return who_has(keys_of(state.temporary_keys(role.arn))), role.arn


def as_permission_set(state: State) -> tuple[Who, str]:
    """Return somebody who signed in and has a permission set without any permission, and its role's ARN."""
    state.center.assign("https://acme.awsapps.com/start", CODE, "Bare")
    arn = next(arn for arn in state.roles if "AWSReservedSSO_Bare_" in arn)
    return who_has(keys_of(state.temporary_keys(arn))), arn


SOMEBODY = {"a user": as_user, "a role": as_role, "a permission set": as_permission_set}


def refused(work: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as caught:
        work()
    return caught.value


def given(problem: Problem) -> Document:
    """Return the policy of a Problem, which is whole, valid, one statement, and printed in the message as it is."""
    assert problem.policy
    assert problem.policy["Version"] == "2012-10-17"
    (statement,) = problem.policy["Statement"]
    assert statement["Effect"] == "Allow"
    assert {"Resource", "Principal"} & set(statement)
    assert json.dumps(problem.policy, indent=2) in problem.letter
    return problem.policy


def fewer(document: Document) -> Iterator[Document]:
    """Yield the policy with each action left out in turn, and with another resource."""
    (statement,) = document["Statement"]
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    for left_out in actions:
        yield one(statement, Action=[action for action in actions if action != left_out] or ["s3:ListBucket"])
    if statement["Resource"] != "*":
        yield one(statement, Resource=statement["Resource"] + "-other")


def one(statement: Document, **changed: object) -> Document:
    return {"Version": "2012-10-17", "Statement": [{**statement, **changed}]}


@pytest.mark.slow
@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize("kind", SOMEBODY)
def test_the_policy_lifts_the_denial_and_nothing_less_does(place: Place, kind: str, action: str) -> None:
    (who, arn), ask = SOMEBODY[kind](place.state), CALLS[action]
    problem = refused(lambda: ask(place.aws(), who))
    least = given(problem)
    assert least["Statement"][0]["Action"] == action
    assert f"Action: {action}\n" in problem.letter
    for document in fewer(least):
        place.state.set_policies(arn, document)
        assert refused(lambda: ask(place.aws(), who)).policy == least
    place.state.set_policies(arn, least)
    ask(place.aws(), who)
    if ":GetRepository" in action or "Branches" in action:
        refused(lambda: place.aws().repository(who, OTHER))


@pytest.mark.parametrize("action", OF_A_USER)
def test_what_only_a_user_is_asked_for_is_lifted_too(place: Place, action: str) -> None:
    (who, arn), ask = as_user(place.state), OF_A_USER[action]
    least = given(refused(lambda: ask(place.aws(), who)))
    for document in fewer(least):
        place.state.set_policies(arn, document)
        refused(lambda: ask(place.aws(), who))
    place.state.set_policies(arn, least)
    ask(place.aws(), who)


def test_a_permissions_boundary_and_a_session_policy_are_told_from_the_rest(place: Place) -> None:
    who, arn = as_role(place.state)
    place.state.set_policies(arn, policy_engine.allow("*"))
    place.state.roles[arn] = replace(place.state.roles[arn], boundary=policy_engine.allow("s3:*"))
    problem = refused(lambda: place.aws().repository(who, REPOSITORY))
    assert "add this statement to the permissions boundary of the role Bare:" in problem.letter
    place.state.roles[arn] = replace(place.state.roles[arn], boundary=given(problem))
    place.aws().repository(who, REPOSITORY)

    place.state.add_repository(PEOPLE, REGION, REPOSITORY)
    place.state.set_policies(NOBODY, policy_engine.allow("*"))
    user = who_has(keys_of(place.state.user_keys(NOBODY)))

    def narrowed(document: Document) -> Who:
        keys = place.aws().federation_token(user, "maria", json.dumps(document), 900)
        token = keys.session_token.reveal() if keys.session_token else ""
        values = (keys.access_key_id, keys.secret_access_key.reveal(), token)
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        return who_has(dict(zip(names, values, strict=True)))

    problem = refused(lambda: place.aws().repository(narrowed(policy_engine.allow("s3:*")), REPOSITORY))
    assert "add this statement to the session policy used to create these credentials:" in problem.letter
    place.aws().repository(narrowed(given(problem)), REPOSITORY)


def test_an_explicit_deny_brings_no_policy_since_none_would_help(place: Place) -> None:
    who, arn = as_role(place.state)
    place.state.set_policies(arn, policy_engine.allow("*"), policy_engine.deny("codecommit:GetRepository"))
    problem = refused(lambda: place.aws().repository(who, REPOSITORY))
    assert problem.policy is None
    assert "Why: an identity-based policy explicitly denies the action." in problem.letter
    assert "Adding permissions doesn't override an explicit deny." in problem.letter
    assert "{" not in problem.letter


def test_a_closed_key_is_opened_for_codecommit_alone(place: Place) -> None:
    who, arn = as_role(place.state)
    place.state.set_policies(arn, policy_engine.allow("codecommit:*"))
    problem = refused(lambda: place.aws().repository(who, "locked"))
    assert problem.code == "access.kms"
    assert problem.denial
    told = of_git_and_api(Problem("no"), problem, f"arn:aws:sts::{CODE}:assumed-role/Bare/maria", REGION, "locked")
    least = given(told)
    assert f"arn:aws:kms:{REGION}:{CODE}:key/*" in told.letter
    assert "encrypts locked in us-east-2" in told.letter
    place.state.set_policies(arn, policy_engine.allow("codecommit:*"), least)
    place.aws().repository(who, "locked")
    caller = place.state.keys[next(reversed(place.state.keys))].caller
    assert not place.state.may(caller, "kms:Decrypt", KMS_KEY).allowed  # by itself, past CodeCommit


# Assuming a role takes two sides


def role_of(who: Who, arn: str) -> Who:
    dev: dict[str, str | Secret] = {"role_arn": arn, "source_profile": "people", "role_session_name": "maria"}
    return who._replace(profiles={**(who.profiles or {}), "dev": dev})


def apply(state: State, problem: Problem, caller: str, role: str) -> None:
    """Give each side what the Problem asks of it, on top of what it has."""
    assert problem.denial
    for remedy in remedies(problem.denial):
        (statement,) = remedy.document["Statement"]
        if "Principal" in statement:
            there = [*state.roles[role].trust["Statement"], statement]
            state.roles[role] = replace(state.roles[role], trust={"Version": "2012-10-17", "Statement": there})
        else:
            held = state.roles[caller] if caller in state.roles else state.user(caller)
            state.set_policies(caller, *held.policies, remedy.document)


@pytest.mark.parametrize("kind", SOMEBODY)
@pytest.mark.parametrize(
    ("may", "trusted"), [(False, True), (True, False), (False, False)], ids=["the caller's", "the role's", "both"]
)
def test_a_role_is_assumed_once_both_sides_have_what_the_message_says(
    place: Place, kind: str, may: bool, trusted: bool
) -> None:
    state = place.state
    who, caller = SOMEBODY[kind](state)
    trust = policy_engine.trust(caller.split(":")[4] if trusted else "999999999999")
    role = state.add_role("111111111111", "Shared", trust, policy_engine.allow("codecommit:*"))
    if may:
        state.set_policies(caller, policy_engine.allow("sts:AssumeRole"))
    problem = refused(lambda: place.aws().identity(role_of(who, role.arn)))
    assert problem.code == "access.assume"
    assert f"Resource: {role.arn}\n" in problem.letter
    assert "In account 111111111111, add this statement to the trust policy" in problem.letter or not may
    apply(state, problem, caller, role.arn)
    arn = place.aws().identity(role_of(who, role.arn)).arn
    assert arn == "arn:aws:sts::111111111111:assumed-role/Shared/maria"


@pytest.mark.parametrize("kind", SOMEBODY)
def test_the_trust_policy_lets_in_nobody_else(place: Place, kind: str) -> None:
    state = place.state
    who, caller = SOMEBODY[kind](state)
    role = state.add_role(CODE, "Shared", policy_engine.trust("999999999999"), policy_engine.allow("codecommit:*"))
    state.set_policies(caller, policy_engine.allow("sts:AssumeRole"))
    apply(state, refused(lambda: place.aws().identity(role_of(who, role.arn))), caller, role.arn)
    twin = state.add_role(CODE, "NotBare", policy_engine.trust(PEOPLE), policy_engine.allow("sts:AssumeRole"))
    for other in (who_has(maria(state)), who_has(keys_of(state.temporary_keys(twin.arn)))):
        state.set_policies("maria", policy_engine.allow("sts:AssumeRole"))
        refused(lambda other=other: place.aws().identity(role_of(other, role.arn)))  # type: ignore[misc]


def test_a_token_and_an_assertion_are_let_in_by_the_statement_for_the_trust_policy(place: Place) -> None:
    state, aws = place.state, place.aws()
    web, saml = role_arn("CodeCommitOidc"), role_arn("CodeCommitSaml")
    token = state.web_identity_token(subject="repo:elsewhere/x:ref:refs/heads/main")
    assertion = Secret(state.saml_assertion(f"{saml},{SAML_PROVIDER}"))
    state.roles[saml] = replace(state.roles[saml], trust=policy_engine.trust("999999999999"))
    calls: dict[str, Callable[[], object]] = {
        web: lambda: aws.web_identity(web, Secret(token), "maria", 900, "", REGION),
        saml: lambda: aws.saml(saml, SAML_PROVIDER, assertion, 900),
    }
    for arn, call in calls.items():
        problem = refused(call)
        assert problem.code == "access.assume"
        given(problem)
        apply(state, problem, "", arn)
        call()
    stranger = Secret(state.web_identity_token(subject="repo:third/x:ref:refs/heads/main"))
    refused(lambda: aws.web_identity(web, stranger, "maria", 900, "", REGION))


# git


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    """A folder with our git-remote-codecommit, as pip would write it."""
    path = tmp_path / "bin/git-remote-codecommit"
    path.parent.mkdir()
    lines = (
        "import sys",
        f"sys.path.insert(0, {str(ROOT)!r})",
        "from ccsetup.git.helper.remote import main",
        "sys.exit(main())",
    )
    path.write_text("\n".join((f"#!{sys.executable}", *lines, "")))
    path.chmod(0o755)
    return path.parent


@pytest.fixture
def env(place: Place, clean_env: Any, helper: Path) -> dict[str, str]:
    """The environment of somebody whose profile dev is a role without any permission."""
    _, arn = as_role(place.state)
    keys = keys_of(place.state.temporary_keys(arn))
    place.files(f"[profile dev]\nregion = {REGION}\n", "[dev]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()))
    built: dict[str, str] = clean_env(place.home, place.sandbox.environment(), path=[helper])
    return {**built, "PYTHONPATH": str(ROOT)}


@pytest.mark.slow
def test_gits_403_is_lifted_by_gitpull_and_a_push_by_gitpush(place: Place, env: dict[str, str], tmp_path: Path) -> None:
    git, role = Git(env, place.home), f"arn:aws:iam::{CODE}:role/team/Bare"
    url = f"codecommit::{REGION}://dev@{REPOSITORY}"
    way, session = Route("git-remote-codecommit", url), f"arn:aws:sts::{CODE}:assumed-role/Bare/session"
    place.state.set_policies(role, policy_engine.allow("codecommit:GetRepository"))
    said = refused(lambda: git.reachable(way))
    told = of_git_and_api(said, None, session, REGION, REPOSITORY)
    assert told.what == f"CodeCommit denied git access to {REPOSITORY}."
    pull = given(told)
    assert pull["Statement"][0]["Action"] == "codecommit:GitPull"
    for document in fewer(pull):
        place.state.set_policies(role, document)
        refused(lambda: git.reachable(way))
    place.state.set_policies(role, pull)
    assert git.reachable(way)[0] == "main"

    git.clone(way, tmp_path / "clone", "", lambda *_: None)
    push = ("push", "-q", "origin", "HEAD:refs/heads/new")
    refused(lambda: git.do(tmp_path / "clone", *push))
    both = least_of(of_git(session, "aws", REGION, CODE, REPOSITORY, True))
    assert both["Statement"][0]["Action"] == ["codecommit:GitPull", "codecommit:GitPush"]
    place.state.set_policies(role, both)
    git.do(tmp_path / "clone", *push)


@pytest.mark.slow
def test_one_message_brings_a_stranger_to_a_working_profile(place: Place, env: dict[str, str]) -> None:
    words = ["setup", "existing", "--profile", "dev", "--repo", REPOSITORY, "--yes", "--no-clone", "--json"]

    def run() -> tuple[int, Any, str]:
        command = [sys.executable, "-m", "ccsetup", *words]
        done = subprocess.run(command, env=env, cwd=place.home, capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout), done.stderr

    code, document, shown = run()
    (problem,) = document["problems"]
    assert (code, problem["code"]) == (1, "access.repository")
    assert problem["policy"]["Statement"][0]["Action"] == ["codecommit:GitPull", "codecommit:GetRepository"]
    assert problem["message"] in shown
    assert "Send this to your administrator" in shown
    place.state.set_policies(f"arn:aws:iam::{CODE}:role/team/Bare", problem["policy"])
    code, document, shown = run()
    assert (code, document["problems"]) == (0, []), shown


# moto's IAM, beside the sandbox's


@pytest.fixture
def strict(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """moto, which asks its IAM. Made exact here: it would ask about *, and answer CodeCommit's JSON calls in XML."""
    settle(monkeypatch, tmp_path / "home", {f"AWS_ENDPOINT_URL_{name}": moto for name in ("STS", "IAM", "CODECOMMIT")})
    about = f"arn:aws:codecommit:{REGION}:123456789012:"
    user = "arn:aws:iam::123456789012:user/maria"
    exact = lambda call: about + str(json.loads(call.body)["repositoryName"])  # noqa: E731
    monkeypatch.setattr(CodeCommitResponse, "_determine_resource", exact, raising=False)
    denial = lambda **told: (error := AccessDeniedError(**told), error.to_json())["codecommit:" in told["action"]]  # noqa: E731
    monkeypatch.setattr(access_control, "AccessDeniedError", denial)
    monkeypatch.setattr(IamResponse, "_determine_resource", lambda call: user)
    named = IAMBackend.list_mfa_devices  # AWS takes the caller where no name is given; moto does not know who calls
    monkeypatch.setattr(IAMBackend, "list_mfa_devices", lambda backend, name: named(backend, name or "maria"))
    return Aws(tmp_path / "home", lambda *_: pytest.fail("no sign-in"))


@pytest.mark.slow
def test_motos_iam_agrees(strict: Aws) -> None:
    root = boto3.Session("testing", "testing", region_name=REGION)
    with disable_iam_authentication():
        iam = root.client("iam")
        arn = iam.create_user(UserName="maria")["User"]["Arn"]
        key = iam.create_access_key(UserName="maria")["AccessKey"]
        closed = json.dumps(policy_engine.trust("999999999999"))
        role = iam.create_role(RoleName="Shared", AssumeRolePolicyDocument=closed)["Role"]["Arn"]
        for name in (REPOSITORY, OTHER):
            root.client("codecommit").create_repository(repositoryName=name)
    names = ("aws_access_key_id", "aws_secret_access_key")
    who = who_has(dict(zip(names, (key["AccessKeyId"], key["SecretAccessKey"]), strict=True)))

    def give(document: Document) -> None:
        with disable_iam_authentication():
            iam.put_user_policy(UserName="maria", PolicyName="given", PolicyDocument=json.dumps(document))

    calls = {name: CALLS[name] for name in ("codecommit:GetRepository", "codecommit:CreateRepository")}
    calls["sts:GetSessionToken"] = lambda aws, who: aws.session_token(who, "arn:aws:iam::1:mfa/m", "123456", 900)
    with enable_iam_authentication():
        for action, ask in {**calls, **OF_A_USER}.items():
            least = given(refused(lambda ask=ask: ask(strict, who)))  # type: ignore[misc]
            assert least["Statement"][0]["Action"] == action
            for document in fewer(least):
                give(document)
                refused(lambda ask=ask: ask(strict, who))  # type: ignore[misc]
            give(least)
            ask(strict, who)
        assert refused(lambda: strict.repository(who, OTHER)).policy

        problem = refused(lambda: strict.identity(role_of(who, role)))
        assert problem.denial
        for remedy in remedies(problem.denial):
            if "Principal" in remedy.document["Statement"][0]:
                with disable_iam_authentication():
                    iam.update_assume_role_policy(RoleName="Shared", PolicyDocument=json.dumps(remedy.document))
                refused(lambda: strict.identity(role_of(who, role)))
            else:
                give(remedy.document)
        assert strict.identity(role_of(who, role)).arn.endswith(":assumed-role/Shared/maria")
        assert arn in problem.letter
