"""share --apply on a role that exists: what the command doesn't say stays, and only a person lets anyone else in."""

# ruff: noqa: F811
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from script import Script, Shown
from test_share import GROUP, MOTO, REGION, REPO, SHARE, A, B, Office, office, profile, strict  # noqa: F401

from ccsetup.cli.commands import share
from ccsetup.cli.context import context_of
from ccsetup.cli.parser import parsed
from ccsetup.core.errors import Cancelled
from ccsetup.sandbox import policy_engine
from ccsetup.ui.screen import Screen

pytestmark = pytest.mark.slow

C = "999999999999"
NARROW = f"arn:aws:iam::{A}:role/Narrow"
WORDS = [*SHARE, "--role-name", "Narrow", "--apply", "--profile", "admin-a"]
OURS = {"ccsetup": "share"}


def trust(principal: Any, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [{**statement, **({"Condition": condition} if condition else {})}]}


def narrow(office: Office, document: dict[str, Any], **tags: str) -> None:
    """Put a role Narrow with this trust policy into account A."""
    made = office.state.add_role(A, "Narrow", document)
    office.state.roles[NARROW] = replace(made, tags=tags or OURS)


def person(*steps: tuple[str, object], words: list[str]) -> Shown:
    """Run share with a scripted person, at the sandbox; return the screen. All other questions get their default."""
    script, screen, options = Script(*steps), Shown(), parsed(words)
    there = replace(context_of(options, Screen({})), prompt=script, screen=screen)
    try:
        share.main(options, lambda: there)
    finally:
        script.done()
    return screen


ROOT = {"AWS": f"arn:aws:iam::{B}:root"}
ID = {"StringEquals": {"sts:ExternalId": "acme-7f3b"}}
ROLE_X = f"arn:aws:iam::{B}:role/X"
STAY = {
    "external ID and MFA": trust(ROOT, **ID, Bool={"aws:MultiFactorAuthPresent": "true"}),
    "a tag": trust(ROOT, StringEquals={"aws:PrincipalTag/team": "x"}),
    "one role": trust({"AWS": ROLE_X}, **ID),
    "a permission set": trust(ROOT, ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{B}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Dev_{'?' * 16}"}),
    "a service and another account": {"Version": "2012-10-17", "Statement": [
        *trust({"Service": "lambda.amazonaws.com"})["Statement"], *trust({"AWS": [C, f"arn:aws:iam::{B}:root"]}, **ID)["Statement"]]},
}  # fmt: skip


@pytest.mark.parametrize("document", STAY.values(), ids=STAY)
def test_what_is_not_said_is_taken_from_what_is_there(office: Office, document: dict[str, Any]) -> None:
    office.state.add_role(B, "X", policy_engine.trust(B))
    narrow(office, document)
    code, told, shown = office.run(*WORDS, "--yes")
    assert office.state.roles[NARROW].trust == document, shown
    others = "lambda" in json.dumps(document)
    assert code == int(others), shown
    if others:  # they would get the repository, and the command doesn't name them
        assert "also lets in the service lambda.amazonaws.com" in " ".join(shown.split())
        assert office.state.roles[NARROW].inline == {} and C in told["problems"][0]["what"]
    elif "acme-7f3b" in json.dumps(document):  # what comes next carries it
        assert told["external_id"] == "acme-7f3b" and "--external-id acme-7f3b" in told["developer"]


WIDER = {
    "another account": (["--to-account", C], "opens to account 999999999999"),
    "the whole account": (["--trust", "account"], f"opens to account {B}"),
    "a permission set": (["--trust", "permission-set:Dev"], f"opens to permission set Dev in account {B}"),
    "another external ID": (["--external-id", "new-1", "--trust", ROLE_X], "also accepts the external ID new-1"),
    "tokens": (["--trust", "oidc:token.actions.example.com", "--subject", "repo:acme/a:*"], "opens to tokens from"),
}


@pytest.mark.parametrize(("more", "says"), WIDER.values(), ids=WIDER)
def test_a_role_that_exists_is_opened_by_a_person_alone_and_the_default_is_no(
    office: Office,
    more: list[str],
    says: str,
) -> None:
    office.state.add_role(B, "X", policy_engine.trust(B))
    office.state.add_provider(A, "https://token.actions.example.com", "sts.amazonaws.com")
    before = trust({"AWS": ROLE_X}, **ID)
    narrow(office, before)
    own = "oidc:" not in str(more) and "--to-account" not in more
    words = [word for word in WORDS if own or word not in ("--to-account", B)]
    code, told, shown = office.run(*words, *more, "--yes")
    assert (code, office.state.roles[NARROW].trust) == (1, before), shown
    assert says in " ".join(shown.split()) and "Nothing was changed" in told["problems"][0]["why"]
    assert office.run(*words, *more)[0] == 2  # without a terminal
    asked = [("whom", "account"), ("read_only", "no")]
    left_out = {"whom" if word == "--trust" else word[2:].replace("-", "_") for word in more if word.startswith("--")}
    asked = [it for it in asked if it[0] not in left_out]
    with pytest.raises(Cancelled):
        person(*asked, ("apply", "cancel"), words=[*words, *more])
    assert office.state.roles[NARROW].trust == before
    person(*asked, ("apply", "go"), words=[*words, *more])
    after = office.state.roles[NARROW].trust
    if "--external-id" in more:
        assert after == json.loads(json.dumps(before).replace("acme-7f3b", "new-1"))
    else:
        assert after["Statement"][0] == before["Statement"][0] and len(after["Statement"]) == 2
        assert "oidc" in str(more) or after["Statement"][1]["Condition"]["StringEquals"] == ID["StringEquals"]


def test_an_account_that_the_role_lacks_is_not_left_out_in_silence(office: Office) -> None:
    before = trust({"AWS": ROLE_X}, **ID)
    office.state.add_role(B, "X", policy_engine.trust(B))
    narrow(office, before)
    code, told, _ = office.run(*WORDS, "--to-account", C, "--yes")
    (problem,) = told["problems"]
    assert (code, problem["what"]) == (
        1,
        f"The role Narrow already lets callers from account {B} in, but none from account {C}.",
    )
    assert f"--to-account {C} --trust account" in problem["next"]
    assert office.state.roles[NARROW].trust == before


# A role that somebody else made

SERVICE = {"Sid": "Build", **trust({"Service": "codebuild.amazonaws.com"})["Statement"][0]}
FOREIGN = {
    "a service": [SERVICE],
    "a service and one role": [SERVICE, *trust({"AWS": ROLE_X}, **ID)["Statement"]],
    "another account": trust({"AWS": f"arn:aws:iam::{C}:root"}, **ID)["Statement"],
    "a denial": [SERVICE, {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole",
                           "Condition": {"StringNotEquals": {"aws:PrincipalAccount": [A, B]}}}],
}  # fmt: skip


@pytest.mark.parametrize("statements", FOREIGN.values(), ids=FOREIGN)
def test_a_role_of_somebody_else_gets_a_statement_more_and_remove_puts_it_back(
    office: Office, statements: list[dict[str, Any]]
) -> None:
    office.state.add_role(B, "X", policy_engine.trust(B))
    before = {"Version": "2012-10-17", "Statement": statements}
    narrow(office, before, team="build")
    words = [*WORDS, "--trust", "account", "--read-write", "--external-id", "own-1"]
    code, told, shown = office.run(*words, "--yes")
    assert (code, office.state.roles[NARROW].trust) == (1, before), shown
    assert shown.index("Someone else created") < shown.index("+++")
    asked = [("apply", "cancel")]
    script, screen = Script(*asked), Shown()
    with pytest.raises(Cancelled):
        share.main(parsed(words), lambda: replace(context_of(parsed(words), Screen({})), prompt=script, screen=screen))
    assert (script.asked[-1].key, script.asked[-1].default) == ("apply", "cancel")
    screen = person(("apply", "go"), words=words)
    after = office.state.roles[NARROW]
    assert after.trust["Statement"][:-1] == statements
    assert after.trust["Statement"][-1]["Sid"] == "CcsetupAccount"
    (kept,) = office.folder.glob("*.before.json")
    assert json.loads(kept.read_text()) == {"arn": NARROW, "trust": before, "policies": {}}
    assert f"what was there before: {kept.name}" in screen.text()
    assert office.run(*words, "--yes")[1]["steps"] == []
    assert office.run(*SHARE, "--role-name", "Narrow", "--remove", "--profile", "admin-a", "--yes")[0] == 0
    assert (office.state.roles[NARROW].trust, office.state.roles[NARROW].inline) == (before, {})


def test_a_policy_of_somebody_else_gets_a_statement_more_and_remove_puts_it_back(office: Office) -> None:
    words = [*SHARE, "--role-name", "Narrow", "--profile", "admin-b", "--group", GROUP]
    assert office.run(*words, "--apply", "--yes")[0] == 0
    ((arn, made),) = office.state.managed.items()
    before = policy_engine.allow("s3:GetObject")
    office.state.managed[arn] = replace(made, versions={"v1": before}, default="v1", tags={})
    assert office.run(*words, "--apply", "--yes")[0] == 1
    assert office.state.managed[arn].document == before
    person(("read_only", "no"), ("apply", "go"),
           words=[*words, "--apply", "--trust", "account"])  # fmt: skip
    added = office.state.managed[arn].document["Statement"]
    assert added[0] == before["Statement"][0] and added[1]["Resource"] == NARROW
    assert office.run(*words, "--apply", "--yes")[1]["steps"] == []
    assert office.run(*words, "--remove", "--yes")[0] == 0
    assert office.state.managed[arn].document == before


# One external ID


def ids_of(office: Office, name: str = "Narrow") -> str:
    (statement,) = office.state.roles[f"arn:aws:iam::{A}:role/{name}"].trust["Statement"]
    return str(statement["Condition"]["StringEquals"]["sts:ExternalId"])


AUTO = [*SHARE, "--role-name", "Narrow", "--external-id", "auto", "--yes"]


@pytest.mark.long
@pytest.mark.parametrize("order", ["folder first", "role first", "folder copied", "role of an earlier run"])
def test_there_is_one_external_id_in_the_folder_in_account_a_and_in_account_b(office: Office, order: str) -> None:
    if order == "role of an earlier run":
        narrow(office, trust(ROOT, **ID))
    if order == "folder first":
        first = office.run(*AUTO)[1]["external_id"]
    else:
        code, told, shown = office.run(*AUTO, "--apply", "--profile", "admin-a")
        assert code == 0, shown
        first = told["external_id"]
    assert len(first) > 30 or first == "acme-7f3b"
    more: list[str] = []
    if order == "folder copied":
        (office.folder / f"share-{REPO}").rename(office.folder / "from-a")
        more = ["--out", "from-a"]
    seen = {office.run(*AUTO, *more, "--apply", "--profile", "admin-a")[1]["external_id"]}
    if order == "role of an earlier run":
        assert office.run(*AUTO, "--apply", "--profile", "admin-b")[0] == 1
        assert office.run(*AUTO[:-2], first, "--yes")[0] == 0
    code, told, shown = office.run(*AUTO, *more, "--apply", "--profile", "admin-b")
    assert code == 0, shown
    assert f"--external-id {first}" in told["developer"]
    seen |= {told["external_id"], office.run(*AUTO, *more)[1]["external_id"], ids_of(office)}
    told = office.run(*AUTO, *more, "--check", "--profile", "admin-a")[1]
    assert seen | {told["external_id"]} == {first}


def test_where_the_external_id_cannot_be_known_it_is_refused_with_the_reason(office: Office) -> None:
    for act in (["--apply", "--profile", "admin-b"], ["--check", "--profile", "developer"]):
        code, told, _ = office.run(*AUTO, *act)
        (problem,) = told["problems"]
        assert (
            code in (1, 2)
            and f"ccsetup couldn't find the external ID. There is none in the folder ./share-{REPO}" in problem["what"]
        )
        assert f"The administrator of account {A} has it" in problem["why"]
    assert office.state.managed == {}
    assert office.run(*AUTO, "--remove", "--profile", "admin-b")[0] == 0


def test_two_different_external_ids_are_named_with_their_places(office: Office) -> None:
    folder_id = office.run(*AUTO)[1]["external_id"]
    narrow(office, trust(ROOT, **ID))
    code, told, _ = office.run(*AUTO, "--apply", "--profile", "admin-a")
    what = told["problems"][0]["what"]
    assert code == 1 and f"acme-7f3b in the role Narrow, {folder_id} in the folder ./share-{REPO}" in what
    assert ids_of(office) == "acme-7f3b"


# Rotation and narrowing

OLD, NEW = ["--external-id", "old-id-1"], ["--external-id", "new-id-2"]


def test_an_external_id_is_rotated_with_both_accepted_for_a_while(office: Office) -> None:
    assert office.run(*WORDS, *OLD, "--yes")[0] == 0
    code, told, shown = office.run(*WORDS, *NEW, "--yes")
    assert code == 1 and ids_of(office) == "old-id-1"
    assert "--also-external-id old-id-1" in told["problems"][0]["next"]
    shown = " ".join(shown.split())
    assert f"no longer accepts the external ID old-id-1 (for account {B})" in shown
    assert "until sessions that have started continue to work until" in shown

    both = [*WORDS, *NEW, "--also-external-id", "old-id-1"]
    code, told, shown = office.run(*both, "--yes")
    assert (code, ids_of(office)) == (0, "['new-id-2', 'old-id-1']"), shown
    assert "also accepts the external ID new-id-2" in " ".join(shown.split())
    assert f"Write the team file again, and send it to them: ./share-{REPO}/team.ini" in " ".join(shown.split())
    assert "--external-id new-id-2" in told["developer"]
    assert office.run(*both, "--yes")[1]["steps"] == []
    assert office.run(*WORDS, "--yes")[1]["steps"] == []  # what isn't said stays

    write = [word for word in both if word not in ("--apply", "--profile", "admin-a")]
    assert office.run(*write, "--yes")[0] == 0
    text = (office.folder / f"share-{REPO}" / "team.ini").read_text()
    assert "new-id-2" in text and "old-id-1" not in text
    assert "--also-external-id old-id-1" in (office.folder / f"share-{REPO}" / "README.md").read_text()

    code, told, shown = office.run(*WORDS, *NEW, "--yes")
    assert (code, ids_of(office)) == (0, "new-id-2"), shown
    assert f"no longer accepts the external ID old-id-1 (for account {B})" in " ".join(shown.split())


@pytest.mark.long
@pytest.mark.parametrize(("more", "says"), [
    (["--require-mfa"], f"now requires MFA (for account {B})"),
    (["--principal-tag", "team=x"], f"now requires the tag team=x (for account {B})"),
    (OLD, f"now requires the external ID old-id-1 (for account {B})"),
    (["--read-only"], "loses access git push for everyone with this role, immediately, even in sessions that have already started"),
])  # fmt: skip
def test_whoever_is_cut_off_is_shown_and_until_when(office: Office, more: list[str], says: str) -> None:
    assert office.run(*WORDS, "--yes")[0] == 0
    code, _, shown = office.run(*WORDS, *more, "--yes")
    shown = " ".join(shown.split())
    assert code == 0 and says in shown, shown
    assert ("sessions that have started continue to work until" in shown) is (more != ["--read-only"])
    before = dict(office.state.roles)
    assert office.run(*WORDS, "--yes")[1]["steps"] == [] and office.state.roles == before  # it isn't undone unsaid


def test_write_access_comes_back_only_when_it_is_said(office: Office) -> None:
    assert office.run(*WORDS, "--read-only", "--yes")[0] == 0
    assert office.run(*WORDS, "--yes")[1]["steps"] == []
    code, told, shown = office.run(*WORDS, "--read-write", "--yes")
    assert (code, told["steps"]) == (0, ["change the permissions of Narrow"])
    assert "opens to everyone with this role: git push" in " ".join(shown.split())


# --remove


@pytest.mark.long
def test_the_policy_in_account_b_stays_while_another_repository_uses_the_role(office: Office) -> None:
    office.state.add_repository(A, REGION, "second")
    words = [*SHARE, "--role-name", "Narrow", "--group", GROUP, "--yes"]
    second = ["share", "second", *words[2:]]
    for admin in ("admin-a", "admin-b"):
        for it in (words, second):
            assert office.run(*it, "--apply", "--profile", admin)[0] == 0
    for admin in ("admin-b", "admin-a"):
        code, told, shown = office.run(*words, "--remove", "--profile", admin)
        assert code == 0 and len(told["steps"]) == 1, shown
        assert office.run(*words, "--remove", "--profile", admin)[1]["steps"] == []
        assert office.run(*second, "--check", "--profile", "developer")[0] == 0
    ((arn, managed),) = office.state.managed.items()
    assert managed.tags == {**OURS, f"ccsetup-{REGION}-second": "share"}
    for admin in ("admin-b", "admin-a"):
        assert office.run(*second, "--remove", "--profile", admin)[0] == 0
    assert (office.state.managed, office.state.roles) == ({}, {})


@pytest.mark.long
def test_other_accounts_that_use_the_role_keep_it(office: Office) -> None:
    words = ["share", REPO, "--from-account", A, "--region", REGION, "--role-name", "Narrow", "--profile", "admin-a"]
    assert office.run(*words, "--to-account", B, "--apply", "--yes")[0] == 0
    person(("read_only", "no"), ("apply", "go"),
           words=[*words, "--to-account", C, "--trust", "account", "--apply"])  # fmt: skip
    code, told, _ = office.run(*words, "--to-account", B, "--remove", "--yes")
    assert (code, told["steps"]) == (0, ["remove the callers that ccsetup added from Narrow"])
    role = office.state.roles[NARROW]
    assert B not in json.dumps(role.trust) and C in json.dumps(role.trust) and f"ccsetup-{REGION}-{REPO}" in role.inline
    assert office.run(*words, "--to-account", C, "--remove", "--yes")[0] == 0
    assert office.state.roles == {}


def test_a_role_for_two_repositories_and_two_accounts_cannot_lose_one_of_each(office: Office) -> None:
    document = {"Statement": [*trust(ROOT)["Statement"], *trust({"AWS": f"arn:aws:iam::{C}:root"})["Statement"]]}
    narrow(office, document)
    policies = {f"ccsetup-{REGION}-{name}": policy_engine.allow("codecommit:GitPull") for name in (REPO, "second")}
    office.state.roles[NARROW] = replace(office.state.roles[NARROW], inline=policies)
    code, told, _ = office.run(*SHARE, "--role-name", "Narrow", "--remove", "--profile", "admin-a", "--yes")
    assert (
        code == 1 and f"also lets in account {C}, and gives access to other repositories" in told["problems"][0]["what"]
    )
    assert office.state.roles[NARROW].inline == policies


@pytest.mark.long
@pytest.mark.parametrize("admin", ["admin-a", "admin-b"])
def test_what_cloudformation_made_is_left_to_it(office: Office, admin: str) -> None:
    words = [*SHARE, "--role-name", "Narrow", "--profile", admin, "--yes"]
    assert office.run(*words, "--apply")[0] == 0
    tags = {**OURS, "aws:cloudformation:stack-name": "share-Demo"}
    for there in (office.state.roles, office.state.managed):
        for arn, made in [*there.items()]:
            there[arn] = replace(made, tags=tags)  # type: ignore[assignment, type-var]
    before = dict(office.state.roles), dict(office.state.managed)
    code, told, shown = office.run(*words, "--remove")
    assert (code, told["steps"]) == (0, [])
    assert "aws cloudformation delete-stack --stack-name share-Demo" in shown
    if admin == "admin-a":
        code, told, shown = office.run(*words, "--external-id", "new-1", "--apply")
        assert code == 0 and f"Narrow doesn't require the external ID new-1 (for account {B})" in " ".join(
            shown.split()
        )
        code, told, shown = office.run(*words, "--to-account", C, "--trust", "account", "--apply")
        assert code == 1 and "The CloudFormation stack share-Demo created" in shown
    assert (office.state.roles, office.state.managed) == before


@pytest.mark.parametrize("act", ["--apply", "--remove", "--check"])
@pytest.mark.parametrize("document", [{"Statement": "x"}, {"Statement": [{"Effect": "Allow", "Principal": {"AWS": None}}]},
                                      {"Statement": [{"Effect": "Allow", "Principal": "*", "Condition": []}]}])  # fmt: skip
def test_a_foreign_document_that_cannot_be_read_is_a_sentence(
    office: Office, act: str, document: dict[str, Any]
) -> None:
    narrow(office, document, team="build")
    yes = [] if act == "--check" else ["--yes"]
    code, told, shown = office.run(*SHARE, "--role-name", "Narrow", "--profile", "admin-a", act, *yes)
    assert code == 1 and "Traceback" not in shown
    assert "ccsetup can't read the trust policy of the role Narrow" in told["problems"][0]["what"]


# A role with a path


@pytest.mark.long
def test_the_arn_that_iam_answered_is_used_everywhere(office: Office) -> None:
    made = office.state.add_role(A, "Narrow", trust(ROOT), path="/teams/acme/")
    office.state.roles[made.arn] = replace(made, tags=OURS)
    assert made.arn == f"arn:aws:iam::{A}:role/teams/acme/Narrow"
    code, told, shown = office.run(*WORDS, "--yes")
    assert (code, told["role_arn"]) == (0, made.arn), shown
    assert made.arn in told["developer"] and "also" not in told["developer"]
    _, shown = office.plain(*WORDS, "--yes")
    command = next(line for line in shown.splitlines() if line.startswith("ccsetup share"))
    assert "--role-path /teams/acme" in command
    assert office.run(*command.split()[1:-1], "admin-b", "--group", GROUP, "--yes")[0] == 0
    ((_, managed),) = office.state.managed.items()
    assert managed.document["Statement"][0]["Resource"] == made.arn
    for profile_, flags in (("admin-a", []), ("developer", ["--role-path", "/teams/acme/"])):
        assert office.run(*WORDS[:-3], *flags, "--check", "--profile", profile_)[0] == 0
    assert office.run(*WORDS[:-3], "--remove", "--profile", "admin-a", "--yes")[0] == 0
    assert made.arn not in office.state.roles


@pytest.mark.parametrize("flags", [["--role-name", f"arn:aws:iam::{A}:role/teams/acme/New"],
                                   ["--role-name", "New", "--role-path", "teams/acme"],
                                   ["--role-name", "New", "--role-path", "/teams/acme/"]])  # fmt: skip
def test_a_role_is_created_with_its_path_and_the_folder_names_it(office: Office, flags: list[str]) -> None:
    arn = f"arn:aws:iam::{A}:role/teams/acme/New"
    code, told, shown = office.run(*SHARE, *flags, "--yes", "--out", "o")
    assert (code, told["role_arn"]) == (0, arn), shown
    texts = {path.name: path.read_text() for path in (office.folder / "o").iterdir()}
    assert arn in texts["account-b-assume-role.json"] and arn in texts["team.ini"] and arn in texts["README.md"]
    assert "--path /teams/acme/" in texts["apply.sh"]
    assert json.loads(texts["account-a.template.json"])["Resources"]["Role"]["Properties"]["Path"] == "/teams/acme/"
    assert office.run(*SHARE, *flags, "--apply", "--profile", "admin-a", "--yes")[0] == 0
    assert list(office.state.roles) == [arn]
    code, told, _ = office.run(
        *SHARE, "--role-name", "New", "--role-path", "/x/", "--apply", "--profile", "admin-a", "--yes"
    )
    assert (code, told["problems"][0]["what"]) == (1, "The role New exists with the path /teams/acme/, not /x/.")


def test_two_paths_are_refused(office: Office) -> None:
    arn = f"arn:aws:iam::{A}:role/teams/acme/New"
    assert office.run(*SHARE, "--role-name", arn, "--role-path", "/x/", "--yes")[0] == 2
    for bad in ("/a b/", "/é/", "/" + "x" * 600):
        code, told, _ = office.run(*SHARE, "--role-path", bad, "--yes")
        assert code == 2 and "Use a path like /teams/acme/." in told["problems"][0]["what"]
    assert list(office.folder.iterdir()) == []


# moto


@pytest.mark.long
def test_moto_keeps_what_the_command_does_not_say(strict: Any) -> None:
    root = boto3.Session("testing", "testing", region_name=REGION)
    root.client("codecommit").create_repository(repositoryName="narrow")
    iam = root.client("iam")
    for name, mfa in (("Strict", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}), ("Narrow", {})):
        document = trust(ROOT, **ID, **mfa)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document), Path="/teams/",
                        Tags=[{"Key": "ccsetup", "Value": "share"}])  # fmt: skip
        words = ["share", "narrow", "--from-account", MOTO, "--to-account", B, "--region", REGION, "--role-name", name]
        code, told = strict(*words, "--apply", "--yes")
        role = iam.get_role(RoleName=name)["Role"]
        assert (code, role["AssumeRolePolicyDocument"], told["role_arn"]) == (0, document, role["Arn"])
        assert strict(*words, "--external-id", "new-1", "--apply", "--yes")[0] == 1
        rotated = [*words, "--external-id", "new-1", "--also-external-id", "acme-7f3b"]
        assert strict(*rotated, "--apply", "--yes")[0] == 0
        after = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        assert after == json.loads(json.dumps(document).replace('"acme-7f3b"', '["new-1", "acme-7f3b"]'))
