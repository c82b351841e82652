"""Several repositories with one command: one role, one statement, one folder, one team file."""

from __future__ import annotations

# ruff: noqa: F811
import json
import subprocess
from pathlib import Path

import pytest
from aws_ways import keys_of
from test_share import GROUP, REGION, A, B, Office, office, profile, push  # noqa: F401

from ccsetup.aws.iam import IamRole
from ccsetup.sandbox import policy_engine
from ccsetup.sandbox.resources import Caller, Managed
from ccsetup.share import Arrangement, Trust, policies, steps
from ccsetup.team import file as team_file

pytestmark = pytest.mark.slow

TEAM = ("team-api", "team-ops", "team-web")
SHARE = ["--from-account", A, "--to-account", B, "--region", REGION]


@pytest.fixture
def many(office: Office) -> Office:
    for name in (*TEAM, "secret"):
        office.state.add_repository(A, REGION, name)
    return office


@pytest.mark.parametrize(
    "names",
    [["team-*"], [*TEAM], ["team-?pi", "team-web", "team-*"], [f"arn:aws:codecommit:{REGION}:{A}:team-api", "team-ops", "team-web"]],
    ids=["a pattern", "names", "overlapping patterns", "an ARN"],
)  # fmt: skip
def test_several_repositories_become_one_role_and_one_team_file(many: Office, names: list[str]) -> None:
    words = ["share", *names, *SHARE]
    code, told, shown = many.run(*words, "--profile", "admin-a", "--yes")
    assert code == 0, shown
    assert ("matches 3 repositories: team-api, team-ops, team-web" in shown) is any("*" in name for name in names)
    folder = many.folder / "share-team"
    assert told["directory"] == str(folder)
    team = team_file.read((folder / "team.ini").read_text()).team
    assert sorted(place.name for place in team.repositories) == sorted(TEAM)
    for act in (["--apply", "--yes"], ["--check"]):
        assert many.run(*words, "--profile", "admin-a", *act)[0] == 0
    (role,) = many.state.roles.values()
    (policy,) = role.inline.values()
    assert sorted(arn.split(":")[5] for arn in policy["Statement"][0]["Resource"]) == sorted(TEAM)
    people = [
        "share",
        *TEAM,
        *SHARE,
        "--role-name",
        role.name,
        "--group",
        GROUP,
        "--profile",
        "admin-b",
        "--apply",
        "--yes",
    ]
    assert many.run(*people)[0] == 0
    code, _, shown = many.run("setup", "--team", "share-team/team.ini", "--source-profile", "developer", "--yes")
    assert code == 0, shown
    assert [push(many.folder / name) for name in TEAM] == [0, 0, 0]
    refused = subprocess.run(
        ["git", "ls-remote", f"codecommit::{REGION}://team@secret"], capture_output=True, check=False
    )
    assert refused.returncode != 0
    code, _, shown = many.run(
        "share", *reversed(TEAM), *SHARE, "--role-name", role.name, "--remove", "--profile", "admin-a", "--yes"
    )
    assert (code, many.state.roles) == (0, {}), shown


BAD = {
    "a pattern without a profile": (["team-*"], [], "needs a profile in account"),
    "a pattern of the other account": (["team-*"], ["--profile", "admin-b"], "needs a profile in account"),
    "a pattern that matches nothing": (
        ["none-*"],
        ["--profile", "admin-a"],
        "No repository in us-east-2 matches none-*",
    ),
    "two regions": (
        [f"arn:aws:codecommit:us-west-2:{A}:x", f"arn:aws:codecommit:{REGION}:{A}:y"],
        [],
        "must be in one region",
    ),
    "two accounts": (
        [f"arn:aws:codecommit:{REGION}:{B}:x", f"arn:aws:codecommit:{REGION}:{A}:y"],
        [],
        "must be in one account",
    ),
    "two keys": (["locked", "locked2"], ["--profile", "admin-a"], "encrypted with different keys"),
    "too many": ([f"{'x' * 90}{n:03}" for n in range(99)], [], "IAM allows 10,240"),
}


@pytest.mark.parametrize(("names", "more", "says"), BAD.values(), ids=BAD)
def test_what_cannot_be_shared_together_is_a_sentence(
    many: Office, names: list[str], more: list[str], says: str
) -> None:
    many.state.add_repository(A, REGION, "locked2", kms_key=f"arn:aws:kms:{REGION}:{A}:key/other")
    code, told, shown = many.run("share", *names, *SHARE, *more, "--yes")
    assert code in (1, 2) and says in told["problems"][0]["what"], shown
    assert list(many.folder.iterdir()) == []


def test_what_a_role_gives_already_stays_when_others_are_shared_with_it(many: Office) -> None:
    for names in (["team-api", "team-web"], ["team-ops"]):
        code, _, shown = many.run(
            "share", *names, *SHARE, "--role-name", "Team", "--profile", "admin-a", "--apply", "--yes"
        )
        assert code == 0, shown
    (role,) = many.state.roles.values()
    assert all(f":{name}" in json.dumps(role.inline) for name in TEAM) and len(role.inline) == 2


@pytest.mark.parametrize(
    ("first", "then"),
    [(["team-api", "team-web"], ["team-api"]), (["team-api"], ["team-api", "team-web"]),
     (["team-api", "team-web"], ["team-web", "team-ops"])],
)  # fmt: skip
def test_read_only_access_stays_with_other_repositories_beside(many: Office, first: list[str], then: list[str]) -> None:
    words = [*SHARE, "--role-name", "Team", "--profile", "admin-a", "--apply", "--yes"]
    assert many.run("share", *first, *words, "--read-only")[0] == 0
    code, _, shown = many.run("share", *then, *words)
    assert code == 0 and "GitPush" not in json.dumps(next(iter(many.state.roles.values())).inline), shown
    assert many.run("share", *then, *words, "--read-write")[0] == 0
    assert "GitPush" in json.dumps(next(iter(many.state.roles.values())).inline)


# Accounts, organizations, boundaries

C = "999999999999"


@pytest.mark.long
def test_several_accounts_share_one_role_and_the_same_policy(many: Office) -> None:
    many.state.add_user(C, "admin-c", policy_engine.allow("iam:*"))
    many.state.add_user(C, "carl", policy_engine.allow("iam:GetUser"))
    many.state.add_group(C, GROUP, "carl")
    for name in ("admin-c", "carl"):
        many.state.add_user_keys(name)
        profile(Path.home(), name, keys_of(many.state.user_keys(name)))
    words = [
        "share",
        *TEAM,
        *SHARE,
        "--to-account",
        C,
        "--role-name",
        "Team",
        "--external-id",
        "acme-7f3b",
        "--group",
        GROUP,
    ]
    code, told, shown = many.run(*words, "--yes")
    assert code == 0, shown
    texts = {path.name: path.read_text() for path in Path(told["directory"]).iterdir()}
    assert (
        f"aws cloudformation create-stack-instances --stack-set-name share-team --accounts {B} {C}"
        in texts["README.md"]
    )
    assert "ParameterKey=OwnerAccount,ParameterValue=" + A in texts["README.md"]
    assert f"{B}|{C})" in texts["apply.sh"]
    subprocess.run(["bash", "-n"], input=texts["apply.sh"], text=True, check=True)
    for admin in ("admin-a", "admin-b", "admin-c"):
        code, told, shown = many.run(*words, "--apply", "--yes", "--profile", admin)
        assert code == 0, shown
        assert many.run(*words, "--apply", "--yes", "--profile", admin)[1]["steps"] == []
    assert sorted(arn.split(":")[4] for arn in many.state.managed) == [B, C]
    for person in ("developer", "carl", "admin-a"):
        code, told, shown = many.run(*words, "--check", "--profile", person)
        assert code == 0, shown
    (role,) = many.state.roles.values()
    assert role.trust["Statement"][0]["Principal"]["AWS"] == [f"arn:aws:iam::{it}:root" for it in (B, C)]
    only_c = ["share", *TEAM, *SHARE[:2], "--to-account", C, *SHARE[4:], "--role-name", "Team"]
    assert many.run(*only_c, "--remove", "--yes", "--profile", "admin-a")[0] == 0
    (role,) = many.state.roles.values()
    assert C not in json.dumps(role.trust) and B in json.dumps(role.trust) and role.inline


def test_permission_sets_of_several_accounts_are_named_account_by_account() -> None:
    it = Arrangement("Demo", REGION, A, "Shared", (Trust("permission-set", "Dev"),), B, also_people=(C,))
    for account in (B, C):
        arn = f"arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef"
        assert policy_engine.trusted(
            policies.trust(it), "sts:AssumeRole", [f"arn:aws:iam::{account}:root"], {"aws:principalarn": arn}
        )
    other = f"arn:aws:iam::{C}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef"
    assert not policy_engine.trusted(
        policies.trust(it), "sts:AssumeRole", [f"arn:aws:iam::{B}:root"], {"aws:principalarn": other}
    )
    assert (
        steps.for_owner(it, IamRole(it.role_arn, policies.trust(it), {it.policy_name: policies.permissions(it)})) == []
    )


@pytest.mark.long
def test_a_role_is_created_with_its_boundary_and_longest_session(many: Office) -> None:
    boundary = f"arn:aws:iam::{A}:policy/Boundary"
    many.state.managed[boundary] = Managed(
        A, "Boundary", {"v1": policy_engine.allow("codecommit:*", "sts:*")}, "v1", {}
    )
    words = [
        "share",
        "team-api",
        *SHARE,
        "--role-name",
        "Team",
        "--org",
        "o-a1b2c3d4e5",
        "--permissions-boundary",
        boundary,
    ]
    words += ["--max-session-duration", "14400"]
    assert many.run(*words, "--yes", "--out", "o")[0] == 0
    made = json.loads((many.folder / "o" / "account-a.template.json").read_text())["Resources"]["Role"]["Properties"]
    assert (made["PermissionsBoundary"], made["MaxSessionDuration"]) == (boundary, 14400)
    assert (
        f"--permissions-boundary {boundary} --max-session-duration 14400"
        in (many.folder / "o" / "apply.sh").read_text()
    )
    for _ in range(2):
        code, told, shown = many.run(*words, "--apply", "--yes", "--profile", "admin-a")
        assert code == 0, shown
    (role,) = many.state.roles.values()
    assert (role.boundary_arn, role.max_session_s) == (boundary, 14400)
    assert role.trust["Statement"][0]["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    code, told, _ = many.run(*words[:-1], "7200", "--apply", "--yes", "--profile", "admin-a")
    assert told["steps"] == ["change the longest session of Team from 14400 to 7200 seconds"]
    other = [word.replace("policy/Boundary", "policy/Other") for word in words]
    code, told, _ = many.run(*other, "--apply", "--yes", "--profile", "admin-a")
    assert code == 1 and f"exists with {boundary}, not" in told["problems"][0]["what"]
    unsaid = ["share", "team-api", *SHARE, "--role-name", "Team", "--apply", "--yes", "--profile", "admin-a"]
    assert many.run(*unsaid)[1]["steps"] == []  # the organization stays


@pytest.mark.parametrize(("flag", "value"), [("--org", "acme"), ("--permissions-boundary", "Boundary"),
                                             ("--max-session-duration", "60"), ("--to-account", "12")])  # fmt: skip
def test_a_bad_value_gets_a_right_example(office: Office, flag: str, value: str) -> None:
    code, told, _ = office.run("share", "x", *SHARE, flag, value, "--yes")
    assert code == 2 and any(it in told["problems"][0]["what"] for it in ("like", "for example"))


@pytest.mark.parametrize(
    "action", ["MergeBranchesByFastForward", "MergeBranchesBySquash", "CreateUnreferencedMergeCommit"]
)
def test_merging_with_the_api_belongs_to_the_writing_set(action: str) -> None:
    it = Arrangement("Demo", REGION, A, "Shared", people=B)
    caller = Caller("role", A, "", "", "")
    for read_only in (False, True):
        document = policies.permissions(it._replace(read_only=read_only))
        decision = policy_engine.decide(caller, [document], None, f"codecommit:{action}", it.repository_arn, {})
        assert decision.allowed is not read_only
