"""The documents of an arrangement: least policies in every partition, templates that make the same, and their limits."""

from __future__ import annotations

import json
import re
import string
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from often import examples

from ccsetup.aws.iam import IamPolicy, IamRole
from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Corrected
from ccsetup.git import address
from ccsetup.sandbox import policy_engine
from ccsetup.sandbox.resources import Caller
from ccsetup.share import (
    Arrangement,
    Trust,
    apply,
    arrangement,
    audit,
    cloudformation,
    documents,
    policies,
    readme,
    script,
    steps,
    teamfile,
    terraform,
)
from ccsetup.team import file, rules

A, B, REGION, REPO = "111122223333", "888888888888", "us-east-2", "MySharedDemoRepo"
KEY = f"arn:aws:kms:{REGION}:{A}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SAML = f"arn:aws:iam::{A}:saml-provider/AcmeId"
BUILD = f"arn:aws:iam::{B}:role/ci/Build"
ISSUER = "token.actions.githubusercontent.com"
IT = Arrangement(REPO, REGION, A, "Shared", people=B)
ALL = IT._replace(
    trusts=(Trust("account"), Trust("role", BUILD), Trust("permission-set", "Developer"), Trust("oidc", ISSUER), Trust("saml", SAML)),
    external_id="acme-7f3b", kms_key=KEY, subject="repo:acme/shared:*", tags=(("team", "payments"),), group="Developers",
)  # fmt: skip
VARIANTS = {
    "plain": IT,
    "read only": IT._replace(read_only=True),
    "external id and MFA": IT._replace(external_id="acme-7f3b", mfa=True),
    "key": IT._replace(kms_key=KEY),
    "roles": IT._replace(trusts=(Trust("role", BUILD), Trust("role", f"arn:aws:iam::{B}:role/Other"))),
    "permission set": IT._replace(trusts=(Trust("permission-set", "Developer"),)),
    "sign-in": IT._replace(
        trusts=(Trust("permission-set", "Developer"),),
        start_url="https://acme.awsapps.com/start",
        sso_region="us-east-1",
    ),
    "tokens": IT._replace(trusts=(Trust("oidc", ISSUER),), people="", subject="repo:acme/shared:ref:refs/heads/main"),
    "assertions": IT._replace(trusts=(Trust("saml", SAML),), people=""),
    "all": ALL,
    "group": IT._replace(group="Developers"),
    "several": IT._replace(others=("api", "--web"), external_id="acme-7f3b", also_external_ids=("old-1",)),
    "several, read only": IT._replace(others=("api",), read_only=True, path="/teams/acme/"),
    "accounts": IT._replace(also_people=("999999999999",), org="o-a1b2c3d4e5", session_s=7200),
    "hyphens": IT._replace(repository="--mirror", external_id="-7f3b"),
}


def may(document: Mapping[str, Any], action: str, resource: str, **context: object) -> bool:
    """Say what the sandbox's IAM makes of a policy, for a caller who has no other."""
    caller = Caller("role", A, "", "", "")
    return policy_engine.decide(caller, [document], None, action, resource, context).allowed


def lets_in(it: Arrangement, principal: str, action: str = "sts:AssumeRole", **context: object) -> bool:
    """Say whether the trust policy lets somebody in; context keys in lower case, __ for a colon."""
    given = {key.replace("__", ":").replace("_in_", "/"): value for key, value in context.items()}
    return bool(policy_engine.trusted(policies.trust(it), action, [principal], given))


ROOT_B = f"arn:aws:iam::{B}:root"


def test_the_role_may_work_in_the_one_repository_and_nowhere_else() -> None:
    document, there = policies.permissions(IT), IT.repository_arn
    for action in (
        "GitPull",
        "GitPush",
        "GetRepository",
        "ListBranches",
        "GetBranch",
        "BatchGetCommits",
        "CreatePullRequest",
    ):
        assert may(document, f"codecommit:{action}", there)
        assert not may(document, f"codecommit:{action}", f"{there}2")
    for action in (
        "DeleteRepository",
        "UpdateRepositoryName",
        "CreateRepository",
        "PutRepositoryTriggers",
        "UpdatePullRequestApprovalRuleContent",
    ):
        assert not may(document, f"codecommit:{action}", there)
    assert may(document, "codecommit:ListRepositories", "*")
    assert [it["Sid"] for it in document["Statement"] if it["Resource"] == "*"] == ["ListRepositories"]


def test_read_only_leaves_out_every_action_that_writes() -> None:
    document = policies.permissions(IT._replace(read_only=True))
    assert may(document, "codecommit:GitPull", IT.repository_arn)
    for action in (
        "GitPush",
        "CreateBranch",
        "PutFile",
        "MergePullRequestByFastForward",
        "PostCommentReply",
        "CreateCommit",
    ):
        assert not may(document, f"codecommit:{action}", IT.repository_arn)


def test_a_key_is_opened_through_codecommit_alone() -> None:
    document = policies.permissions(IT._replace(kms_key=KEY))
    for action in audit.needed_of_key():
        assert may(document, action, KEY, **{"kms:viaservice": f"codecommit.{REGION}.amazonaws.com"})
        assert not may(document, action, KEY, **{"kms:viaservice": f"s3.{REGION}.amazonaws.com"})
    assert not any("kms" in json.dumps(it) for it in policies.permissions(IT)["Statement"])


def test_several_repositories_are_in_one_statement() -> None:
    it = VARIANTS["several"]
    repositories, lists = policies.permissions(it)["Statement"]
    assert repositories["Resource"] == [one.repository_arn for one in it.each] and lists["Resource"] == "*"
    for one in it.each:
        assert may(policies.permissions(it), "codecommit:GitPush", one.repository_arn)
    assert not may(policies.permissions(it), "codecommit:GitPush", f"{it.repository_arn}2")
    assert not policies.writes(policies.permissions(VARIANTS["several, read only"]))
    assert [place.name for place in file.read(teamfile.text(it)).team.repositories] == [*it.repositories]


@pytest.mark.parametrize("it", VARIANTS.values(), ids=VARIANTS)
def test_the_folder_says_what_to_do_later(it: Arrangement) -> None:
    later = documents(it)["README.md"].partition("## Later changes")[2].partition("##")[0]
    for what in ("add a person", "offboard a person", "Revoke sessions", "move a repository", "remove everything"):
        assert what in later
    assert ("rotate the external ID" in later) is bool(it.external_id)
    assert ("2 hours" in later) is (it.session_s == 7200)
    if it.group and not it.permission_set:
        assert f"add-user-to-group --group-name {it.group}" in later and "remove-user-from-group" in later
    if it.permission_set:
        assert f"assign the permission set {it.permission_set}" in later and "remove-user-from-group" not in later


def test_limits_are_counted_before_any_call() -> None:
    many = IT._replace(others=tuple(f"repository-of-team-{n:03}" for n in range(90)))
    assert policies.consistent(many) == many
    with pytest.raises(BadAnswer, match=r"has [0-9,]+ characters\. IAM allows 10,240"):
        policies.consistent(IT._replace(others=tuple(f"{'x' * 90}-{n:03}" for n in range(90))))
    there = role(many, policies={f"ccsetup-{REGION}-other": policies.permissions(many)})
    with pytest.raises(Problem, match="The inline policies of Shared would have") as refused:
        apply.within_limits(many, there, steps.for_owner(many, there))
    assert "IAM allows 10,240" in refused.value.what and "--role-name" in refused.value.next
    trusted = policies.trust(
        IT._replace(trusts=tuple(Trust("role", f"arn:aws:iam::{B}:role/{'r' * 50}{n}") for n in range(18)))
    )
    there = role(IT)._replace(trust=trusted)
    wanted = IT._replace(trusts=tuple(Trust("role", f"arn:aws:iam::{B}:role/{'s' * 50}{n}") for n in range(18)))
    with pytest.raises(Problem, match=r"The trust policy of Shared would have .* IAM allows 2,048"):
        apply.within_limits(wanted, there, steps.for_owner(wanted, there, {"trust"}))


def test_the_other_account_gets_in_and_no_other_does() -> None:
    assert lets_in(IT, ROOT_B)
    assert not lets_in(IT, "arn:aws:iam::999999999999:root")
    strict = IT._replace(external_id="acme-7f3b", mfa=True)
    right = {"sts__externalid": "acme-7f3b", "aws__multifactorauthpresent": True}
    assert lets_in(strict, ROOT_B, **right)
    for key in right:
        assert not lets_in(strict, ROOT_B, **{**right, key: None})
        assert not lets_in(strict, ROOT_B, **{**right, key: "other"})


def test_a_permission_set_is_known_by_its_roles_name_whatever_its_last_letters_and_region() -> None:
    it = VARIANTS["permission set"]
    path = f"arn:aws:iam::{B}:role/aws-reserved/sso.amazonaws.com"
    ours = (
        f"{path}/AWSReservedSSO_Developer_0123456789abcdef",
        f"{path}/eu-west-1/AWSReservedSSO_Developer_fedcba9876543210",
    )
    theirs = (f"{path}/AWSReservedSSO_Developer_Admin_0123456789abcdef", f"arn:aws:iam::{B}:role/AWSReservedSSO_Developer_0123456789abcdef",
              f"arn:aws:iam::{B}:user/maria")  # fmt: skip
    assert all(lets_in(it, ROOT_B, aws__principalarn=arn) for arn in ours)
    assert not any(lets_in(it, ROOT_B, aws__principalarn=arn) for arn in theirs)


def test_a_token_must_be_for_us_and_speak_of_whom_was_named() -> None:
    it, provider = VARIANTS["tokens"], f"arn:aws:iam::{A}:oidc-provider/{ISSUER}"
    right = {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "repo:acme/shared:ref:refs/heads/main"}
    way = "sts:AssumeRoleWithWebIdentity"
    assert policy_engine.trusted(policies.trust(it), way, [provider], right)
    for key in right:
        assert not policy_engine.trusted(policies.trust(it), way, [provider], {**right, key: "another"})
        assert not policy_engine.trusted(policies.trust(it), way, [provider], {key: right[key]})
    assert not lets_in(it, ROOT_B)


def test_an_assertion_must_be_made_out_to_aws_and_may_bring_tags() -> None:
    it = VARIANTS["assertions"]
    right = {"saml__aud": "https://signin.aws.amazon.com/saml"}
    assert lets_in(it, SAML, "sts:AssumeRoleWithSAML", **right)
    assert lets_in(it, SAML, "sts:TagSession", **right)
    assert not lets_in(it, SAML, "sts:AssumeRoleWithSAML", saml__aud="https://elsewhere.example.com/saml")


def test_principal_tags_hold_for_every_way_in() -> None:
    for statement in policies.trust(ALL)["Statement"]:
        key = "aws:PrincipalTag/team" if statement["Action"] == "sts:AssumeRole" else "aws:RequestTag/team"
        assert statement["Condition"]["StringEquals"][key] == "payments"
        if key.startswith("aws:Request"):
            assert "sts:TagSession" in statement["Action"]


@pytest.mark.parametrize(("region", "partition", "dns", "page"), [
    ("cn-north-1", "aws-cn", "amazonaws.com.cn", "signin.amazonaws.cn"),
    ("us-gov-west-1", "aws-us-gov", "amazonaws.com", "signin.amazonaws-us-gov.com"),
])  # fmt: skip
def test_china_and_govcloud_have_their_own_arns_hosts_and_pages(
    region: str, partition: str, dns: str, page: str
) -> None:
    def there(arn: str) -> str:
        return arn.replace("arn:aws:", f"arn:{partition}:").replace(REGION, region)

    trusts = tuple(one._replace(name=there(one.name)) for one in ALL.trusts)
    it = policies.consistent(ALL._replace(region=region, trusts=trusts, kms_key=there(KEY)))
    texts = documents(it, with_terraform=True)
    for name, text in texts.items():
        assert "arn:aws:" not in text, name
    assert f"codecommit.{region}.{dns}" in texts["account-a-permissions.json"]
    assert f"https://{page}/saml" in texts["account-a-trust.json"]
    assert f"arn:{partition}:codecommit:{region}:{A}:{REPO}" in texts["account-a-permissions.json"]


@pytest.mark.parametrize("it", VARIANTS.values(), ids=VARIANTS)
def test_every_document_is_what_its_name_says_and_within_iams_limits(it: Arrangement) -> None:
    texts = documents(policies.consistent(it), with_terraform=True)
    assert ("account-b-assume-role.json" in texts) is it.assumed is ("terraform/account-b/main.tf" in texts)
    for name, text in texts.items():
        if name.endswith(".json"):
            assert json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n" == text
        assert text.endswith("\n") and "\r" not in text
    assert documents(it, with_terraform=True) == texts
    said = texts["README.md"]
    for line in (*policies.lines(it), *policies.who(it)):
        assert line.why.replace("*", "\\*") in said and line.what.replace("*", "\\*") in said


@pytest.mark.parametrize("it", VARIANTS.values(), ids=VARIANTS)
def test_every_action_of_the_policies_has_its_reason(it: Arrangement) -> None:
    actions = [
        a
        for s in policies.permissions(it)["Statement"]
        for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])
    ]
    assert actions == [line.what for line in policies.lines(it)]
    assert all(len(line.why) > 5 for line in policies.lines(it))


def test_who_is_let_in_already_with_the_whole_account_is_said_to_be() -> None:
    several = IT._replace(trusts=(Trust("permission-set", "Developer"), Trust("role", BUILD)))
    assert not any("already" in line.why for line in policies.who(several))
    whole = policies.who(several._replace(trusts=(*several.trusts, Trust("account"))))
    assert ["already" in line.why for line in whole] == [True, True, False]


# Templates


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """Return a template's part as CloudFormation fills it in."""
    if isinstance(value, dict) and "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:]+)\}", lambda found: names[found[1]], value["Fn::Sub"])
    if isinstance(value, dict) and "Ref" in value:
        return names[value["Ref"]]
    if isinstance(value, dict):
        return {key: filled(inner, names) for key, inner in value.items()}
    return [filled(inner, names) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("it", VARIANTS.values(), ids=VARIANTS)
def test_a_template_fills_in_to_the_very_policies(it: Arrangement) -> None:
    made = cloudformation.owner(it)
    names = {name: told["Default"] for name, told in made["Parameters"].items()}
    names |= {"AWS::Partition": "aws", "AWS::AccountId": A, "AWS::URLSuffix": "amazonaws.com"}
    role = filled(made["Resources"]["Role"]["Properties"], names)
    assert role["AssumeRolePolicyDocument"] == policies.trust(it)
    assert role["Policies"] == [{"PolicyName": it.policy_name, "PolicyDocument": policies.permissions(it)}]
    assert (role["RoleName"], A) == (it.role, A)
    body = json.dumps({key: value for key, value in made.items() if key != "Parameters"})
    assert A not in body and (not it.people or B not in body) and "arn:aws:" not in body
    if it.assumed:
        other = cloudformation.people(it)
        names |= {name: told["Default"] for name, told in other["Parameters"].items()} | {"AWS::NoValue": ""}
        policy = filled(other["Resources"]["Policy"]["Properties"], names)
        assert (policy["ManagedPolicyName"], policy["PolicyDocument"]) == (it.people_policy, policies.assume(it))


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    "made",
    [cloudformation.owner(ALL), cloudformation.people(ALL), cloudformation.owner(VARIANTS["several"])],
    ids=["account A", "account B", "several repositories"],
)
def test_cfn_lint_finds_nothing_in_a_template(made: Mapping[str, Any]) -> None:
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    assert [str(match) for match in lint(json.dumps(made), config=ManualArgs(regions=[REGION]))] == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (terraform.owner(ALL), [policies.trust(ALL), policies.permissions(ALL)]),
        (terraform.people(ALL), [policies.assume(ALL)]),
    ],
    ids=["account A", "account B"],
)
def test_terraform_is_told_the_same(text: str, wanted: list[Mapping[str, Any]]) -> None:
    known = dict(re.findall(r'variable "(\w+)" \{[^}]*?default     = "([^"]*)"', text))
    known = {f"var.{name}": value for name, value in known.items()} | {
        "data.aws_partition.current.partition": "aws",
        "data.aws_partition.current.dns_suffix": "amazonaws.com",
        "data.aws_caller_identity.current.account_id": A,
    }
    plain = re.sub(r"(?<!\$)\$\{([\w.]+)\}", lambda found: known[found[1]], text)
    for document in wanted:
        for value in strings_of(document):
            assert json.dumps(value) in plain, value


@pytest.mark.long
def test_terraform_reads_what_is_written() -> None:
    import hcl2  # its grammar takes twenty seconds the first time

    for text in (terraform.owner(ALL), terraform.people(ALL)):
        assert hcl2.loads(text)["resource"]


def strings_of(value: Any) -> list[str]:
    """Return every text in a document."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in strings_of(inner)]
    return [text for inner in value for text in strings_of(inner)] if isinstance(value, list) else [value]


# The script


@pytest.mark.parametrize("it", VARIANTS.values(), ids=VARIANTS)
def test_bash_reads_the_script(it: Arrangement) -> None:
    done = subprocess.run(["bash", "-n"], input=script.text(it), text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# Names of every kind

NAMES = st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=64)
REPOS = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=100).filter(
    lambda name: name not in (".", "..") and not name.endswith(".git")
)
TAGS = st.lists(st.tuples(NAMES, NAMES), max_size=2)
EXTERNAL = st.text(string.ascii_letters + string.digits + "_+=,.@:/-", min_size=2, max_size=400)


@example("LPT0", "0", "us-east-2", "00", [], [], "0", "0")
@example("000000000000000c00A00000000000000000", "0", "us-east-2", "00", [], [], "0", "0")
@example("--mirror", "0", "us-east-2", "a" * 300, [], [], "0", "0")
@settings(max_examples=examples(60), deadline=None)
@given(repo=REPOS, role=NAMES, region=st.sampled_from(["us-east-2", "cn-north-1", "us-gov-east-1"]), external=EXTERNAL,
       sets=st.lists(NAMES.map(lambda n: n[:32]), max_size=2), tags=TAGS, group=NAMES,
       subject=st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="$"), min_size=1, max_size=100))  # fmt: skip
def test_whatever_the_names_documents_are_json_and_fit(
    repo: str,
    role: str,
    region: str,
    external: str,
    sets: list[str],
    tags: list[tuple[str, str]],
    group: str,
    subject: str,
) -> None:
    trusts = (Trust("account"), *(Trust("permission-set", name) for name in sets), Trust("oidc", ISSUER))
    it = Arrangement(repo, region, A, role, trusts, B, external, subject=subject, tags=tuple(tags), group=group)
    texts = documents(it, with_terraform=True)
    for name, text in texts.items():
        if name.endswith(".json"):
            json.loads(text)
    if "team.ini" in texts:
        told = file.read(texts["team.ini"]).team
        assert (told.repositories[0].name, told.entries[0].answers["role_arn"]) == (repo, it.role_arn)
    else:  # a team file can't have a name that may be an access key
        assert any(map(looks_like_a_secret, (repo, it.role_arn, it.role, it.profile)))
    trust = policies.trust(it)
    assert len(json.dumps(policies.permissions(it), separators=(",", ":"))) <= 10_240
    assert len(json.dumps(policies.assume(it), separators=(",", ":"))) <= 6_144
    if policies.too_long(it):
        assert len(re.sub(r"\s", "", json.dumps(trust))) > 2_048
    else:
        assert len(re.sub(r"\s", "", json.dumps(trust))) <= 2_048
    assert len(it.policy_name) <= 128 and len(it.people_policy) <= 128
    assert arrangement.role_for(repo, True) and len(arrangement.role_for(repo, True)) <= 64


def looks_like_a_secret(text: str) -> bool:
    try:
        rules.plain(text)
    except BadAnswer:
        return True
    return False


def test_repositories_whose_long_names_end_differently_have_roles_of_their_own() -> None:
    names = {
        arrangement.role_for(f"{'customer-data-' * 5}{end}", read_only) for end in "ab" for read_only in (True, False)
    }
    assert len(names) == 4 and all(len(name) <= 64 for name in names)


# Answers

BAD = {
    arrangement.role_name: ["", "a b", "x" * 65, "rôle", "role/x"],
    arrangement.trusts: ["", "everyone", "account:888888888888", B, f"arn:aws:iam::{B}:root", "permission-set:", "oidc:", "oidc:http://token.example.com", "oidc:localhost",
                   "saml:AcmeId", "saml:arn:aws:iam::1:saml-provider/X", f"arn:aws:iam::{B}:user/maria", f"oidc:{ISSUER} oidc:gitlab.example.com",
                   "permission-set:" + "x" * 33, "oidc:https://exa mple.com", "oidc:token.example.com:8080"],
    arrangement.subject: ["", "*", "?*", "repo:*", "repo:acme*/x:*", "a${aws:username}", "x" * 256, "repo:acme"],
    arrangement.audience: ["", "a b", "*"],
    arrangement.tags: ["team", "=x", "team=", "te am=x y"],
    arrangement.kms_key: ["1234", "alias/code", f"arn:aws:kms:{REGION}:{A}:alias/code", "arn:aws:s3:::x"],
    arrangement.group_name: ["", "a b", "x" * 129],
}  # fmt: skip


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in BAD.items() for text in texts])
def test_a_bad_answer_gets_one_sentence_with_a_right_example(rule: Any, text: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        rule(text)
    assert re.search(r"(?:for example,|like) \S", refused.value.what) or "--trust account" in refused.value.what
    assert "\n" not in refused.value.what and len(refused.value.what) < 260


@pytest.mark.parametrize(("text", "value"), [
    ("account", "account"),
    (f"arn:aws:iam:::{B}:role/Build", f"arn:aws:iam::{B}:role/Build"),
    (f"role:arn:aws:iam::{B}:role/Build account account", f"arn:aws:iam::{B}:role/Build account"),
    (f"arn:aws:iam::{B}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef", "permission-set:Dev"),
    (f"arn:aws:sts::{B}:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/maria", "permission-set:Dev"),
    ("oidc:https://Token.Actions.GitHubUserContent.com", f"oidc:{ISSUER}"),
    (f"oidc:arn:aws:iam::{A}:oidc-provider/{ISSUER}", f"oidc:{ISSUER}"),
    (f"oidc:arn:aws:iam:::{A}:oidc-provider/{ISSUER}", f"oidc:{ISSUER}"),
    (f"arn:aws:sts:::{B}:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/maria", "permission-set:Dev"),
    (f"saml:{SAML.replace('::', ':::')}", f"saml:{SAML}"),
    (f"saml:{SAML}", f"saml:{SAML}"),
])  # fmt: skip
def test_a_trust_is_read_however_it_is_written(text: str, value: str) -> None:
    read = arrangement.trusts(text)
    assert (read.value if isinstance(read, Corrected) else read) == value
    assert " ".join(arrangement.spelled(one) for one in arrangement.read_trusts(value)) == value


@settings(max_examples=examples(150), deadline=None)
@given(
    text=st.text(max_size=80) | st.from_regex(r"(oidc|saml|role|permission-set|account)?:?[ -~]{0,60}", fullmatch=True)
)
def test_whatever_is_typed_is_taken_or_gets_its_sentence(text: str) -> None:
    for rule in BAD:
        try:
            read = rule(text)
        except BadAnswer as refused:
            assert refused.what.isprintable() or any(c in refused.what for c in text)
            continue
        value = read.value if isinstance(read, Corrected) else read
        assert value.isascii() and value.isprintable() and not set(value) & set("\"'`$\\")


CLASHES = [
    (IT._replace(people=A), "Both account IDs"),
    (VARIANTS["permission set"]._replace(mfa=True), "Identity Center"),
    (VARIANTS["tokens"]._replace(mfa=True), "--require-mfa"),
    (VARIANTS["tokens"]._replace(external_id="x1"), "--external-id"),
    (IT._replace(trusts=(Trust("role", "arn:aws:iam::999999999999:role/X"),)), "999999999999"),
    (IT._replace(trusts=(Trust("role", f"arn:aws-cn:iam::{B}:role/X"),)), "aws"),
    (VARIANTS["assertions"]._replace(owner="222222222222"), "222222222222"),
    (IT._replace(kms_key=KEY.replace("us-east-2", "us-west-2")), "us-west-2"),
    (IT._replace(kms_key=KEY.replace(A, B)), B),
    (IT._replace(external_id="x" * 1224, trusts=(Trust("account"), Trust("permission-set", "A"))), "2,048"),
]


@pytest.mark.parametrize(("it", "says"), CLASHES)
def test_parts_that_cannot_both_be_right_are_refused(it: Arrangement, says: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        policies.consistent(it)
    assert says in refused.value.what and refused.value.about


# Steps


def role(it: Arrangement, **more: Any) -> IamRole:
    """Return the role as IAM would give it back: the same in another order, single values for lists."""
    trust = json.loads(json.dumps(policies.trust(it)))
    trust["Statement"] = [
        {key: statement[key] for key in sorted(statement) if key != "Sid"} for statement in reversed(trust["Statement"])
    ]
    for statement in trust["Statement"]:
        statement["Action"] = (
            list(reversed(statement["Action"])) if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    given: dict[str, Any] = {
        "policies": {it.policy_name: policies.permissions(it)},
        "tags": {"ccsetup": "share"},
        "session_s": it.session_s or 3600,
        **more,
    }
    return IamRole(it.role_arn, trust, **given)


@pytest.mark.parametrize("it", VARIANTS.values(), ids=VARIANTS)
def test_a_role_that_says_the_same_in_another_order_needs_nothing(it: Arrangement) -> None:
    assert steps.for_owner(it, role(it)) == []
    if it.assumed:
        attached = (f"group {it.group}",) if it.group else ()
        assert steps.for_people(it, IamPolicy(it.people_policy_arn, policies.assume(it), attached=attached)) == []


def test_what_means_something_else_is_changed_and_nothing_more() -> None:
    strict, loose = IT._replace(mfa=True), role(IT)
    for it, there, said in ((strict, loose, {"require_mfa"}), (IT, role(strict), set())):
        made = [call.operation for step in steps.for_owner(it, there, said) for call in step.calls]
        assert made == (["update_assume_role_policy"] if said else [])
    replaced = steps.for_owner(IT, role(strict), replace=True)
    assert [call.operation for step in replaced for call in step.calls] == ["update_assume_role_policy"]
    read = role(IT)._replace(policies={IT.policy_name: policies.permissions(IT._replace(read_only=True)), "other": {}})
    assert [call.operation for step in steps.for_owner(IT, read) for call in step.calls] == ["put_role_policy"]
    assert [call.operation for step in steps.for_owner(IT, None) for call in step.calls] == [
        "create_role",
        "put_role_policy",
    ]
    old = IamPolicy(IT.people_policy_arn, {"Statement": []}, spare=("v2", "v10", "v3", "v4"))
    (step,) = steps.for_people(IT, old)
    assert [(call.operation, call.given.get("VersionId")) for call in step.calls] == [
        ("delete_policy_version", "v2"),
        ("create_policy_version", None),
    ]


def test_taking_back_touches_nothing_that_share_did_not_make() -> None:
    def calls(there: IamRole | None) -> list[str]:
        return [call.operation for step in steps.taking_back(IT, there) for call in step.calls]

    ours, theirs = role(IT), role(IT, tags={})
    assert calls(None) == []
    assert calls(ours) == ["delete_role_policy", "delete_role"]
    assert calls(theirs) == ["delete_role_policy"]
    second = ours._replace(policies={**ours.policies, "ccsetup-us-east-2-other": {}})
    assert calls(second) == ["delete_role_policy"]
    for foreign in (
        ours._replace(policies={**ours.policies, "mine": {}}),
        ours._replace(attached=("arn:aws:iam::aws:policy/X",)),
    ):
        with pytest.raises(Problem, match="didn't create"):
            calls(foreign)
    held = IamPolicy(IT.people_policy_arn, policies.assume(IT), ("v1",), ("group Developers",), {"ccsetup": "share"})
    with pytest.raises(Problem, match="group Developers"):
        steps.taking_back_from_people(IT, held)
    taken = steps.taking_back_from_people(VARIANTS["group"], held)
    assert [call.operation for step in taken for call in step.calls] == [
        "detach_group_policy",
        "delete_policy_version",
        "delete_policy",
    ]
    assert steps.taking_back_from_people(IT, held._replace(tags={})) == []


# The audit


@pytest.mark.parametrize("it", VARIANTS.values(), ids=VARIANTS)
def test_the_trust_that_share_writes_has_no_gap(it: Arrangement) -> None:
    assert all(link.holds for link in audit.trusting(it, role(it)))


GAPS: list[tuple[Arrangement, Mapping[str, Any], str]] = [
    (IT, policies.trust(IT._replace(people="999999999999")), "no matching statement"),
    (IT, policies.trust(IT._replace(external_id="acme-7f3b")), "requires the external ID acme-7f3b, but none was specified"),
    (IT._replace(external_id="wrong"), policies.trust(IT._replace(external_id="acme-7f3b")), "not wrong"),
    (IT, policies.trust(IT._replace(mfa=True)), "requires MFA"),
    (IT, policies.trust(IT._replace(tags=(("team", "x"),))), "aws:PrincipalTag/team"),
    (VARIANTS["tokens"], policies.trust(VARIANTS["tokens"]._replace(subject="repo:acme/other:*")), "sub = repo:acme/other:*"),
    (IT, {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
                        {"Effect": "Deny", "Principal": "*", "Action": "sts:*"}]}, "denies"),
    (IT, {"Statement": {"Effect": "Allow", "Principal": {"AWS": ROOT_B}, "Action": "sts:TagSession"}}, "no matching statement"),
]  # fmt: skip


@pytest.mark.parametrize(("it", "trust", "says"), GAPS, ids=[says for _, _, says in GAPS])
def test_a_gap_in_a_trust_policy_is_named_with_what_mends_it(
    it: Arrangement, trust: Mapping[str, Any], says: str
) -> None:
    (link,) = audit.trusting(it, role(it)._replace(trust=trust))
    assert link.holds is False and says in link.says
    gives = re.search(r"--external-id acme-7f3b|--require-mfa|--principal-tag team=x", link.where)
    assert (bool(link.mend), bool(gives)) == (says in MENDED, says not in MENDED and says != "denies")
    assert link.mend is None or steps.alike(link.mend, policies.trust(it))


MENDED = ("no matching statement", "sub = repo:acme/other:*")  # for all others, a statement would open a second way in


@pytest.mark.parametrize(
    "test",
    [
        {"StringEquals": {"aws:PrincipalOrgID": "o-acme"}},
        {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"StringNotEquals": {"aws:PrincipalArn": "x"}},
    ],
    ids=str,
)
def test_what_only_aws_can_judge_is_no_missing_link(test: Mapping[str, Any]) -> None:
    (statement,) = policies.trust(IT)["Statement"]
    (link,) = audit.trusting(IT, role(IT)._replace(trust={"Statement": [{**statement, "Condition": test}]}))
    assert link.holds is None and next(iter(next(iter(test.values())))) in link.says
    both = {**test, "Bool": {"aws:MultiFactorAuthPresent": "true"}}
    (link,) = audit.trusting(IT, role(IT)._replace(trust={"Statement": [{**statement, "Condition": both}]}))
    assert link.holds is False and link.says.endswith("its trust policy requires MFA.")


def test_what_is_missing_of_permissions_is_named() -> None:
    decisions = dict.fromkeys(audit.needed(IT), "allowed")
    assert audit.permitted(IT, decisions).holds
    link = audit.permitted(IT, {**decisions, "codecommit:GitPush": "implicitDeny"})
    assert (
        link.says == f"Shared isn't allowed to use codecommit:GitPush on {REPO}."
        and link.mend == policies.permissions(IT)
    )
    assert "explicitly" in audit.permitted(IT, {**decisions, "codecommit:GitPull": "explicitDeny"}).says
    assert audit.permitted(IT._replace(read_only=True), {**decisions, "codecommit:GitPush": "implicitDeny"}).holds


@pytest.mark.parametrize("it", VARIANTS.values(), ids=VARIANTS)
def test_the_commands_in_the_readme_are_ones_that_ccsetup_takes(it: Arrangement) -> None:
    import shlex

    from ccsetup.cli.parser import parsed

    options = parsed(shlex.split(readme.command(it))[1:])
    assert tuple(address.parse(repo).repository for repo in options.repo) == it.repositories
    assert (options.from_account, tuple(options.to_account or ())) == (it.owner, it.accounts)
    again = arrangement.read_trusts(" ".join(options.trust or ["account"]))
    assert again == it.trusts
    lines = re.findall(r"^ccsetup .*$", documents(it)["README.md"], re.MULTILINE)
    assert len(lines) == (4 if it.start_url else 3) + len(it.others)
    for line in lines:
        parsed(shlex.split(line)[1:])
    assert validate.role_arn(it.role_arn) == it.role_arn


def test_long_names_have_a_team_file_too() -> None:
    long = IT._replace(repository="customer-data-" * 7, role="CodeCommit-" + "customer-data-" * 3 + "ReadOnly")
    found = file.read(teamfile.text(long)).team
    assert found.repositories[0].name == long.repository
    assert found.entries[0].answers["role_arn"] == long.role_arn
    assert found.entries[0].label == "A role in account 111122223333"


def test_the_team_file_says_before_it_is_asked_that_the_role_wants_an_mfa_code() -> None:
    found = file.read(teamfile.text(IT._replace(mfa=True))).team
    assert found.entries[0].label == "Role Shared in account 111122223333 (requires MFA)"
    assert "mfa_serial" not in found.entries[0].answers
