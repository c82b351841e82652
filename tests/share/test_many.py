"""Several repositories with one command: one role, one statement, one folder, one team file."""

from __future__ import annotations

# ruff: noqa: F811
import json
import subprocess

import pytest
from test_share import GROUP, REGION, A, B, Office, office, push  # noqa: F401

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
    assert many.run("setup", "--team", "share-team/team.ini", "--source-profile", "developer", "--yes")[0] == 0
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
