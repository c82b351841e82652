"""IAM as administrators use it: roles, managed policies, groups and what the simulator says; and the keys of KMS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_world import client, refusal

from ccsetup.sandbox import Sandbox, State, policy_engine

A, B, REGION = "111122223333", "888888888888", "us-east-2"
KEY = f"arn:aws:kms:{REGION}:{A}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
REPOSITORY = f"arn:aws:codecommit:{REGION}:{A}:Demo"
ROLE = f"arn:aws:iam::{A}:role/Shared"
PULL = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "codecommit:GitPull", "Resource": REPOSITORY},
}


def trust(principal: str = f"arn:aws:iam::{B}:root") -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Sandbox]:
    state = State()
    state.add_repository(A, REGION, "Demo")
    state.add_repository(A, REGION, "locked", kms_key=KEY)
    state.add_user(A, "admin", policy_engine.allow("iam:*", "kms:*"))
    state.add_user(A, "nobody")
    state.add_user(B, "admin-b", policy_engine.allow("iam:*"))
    state.add_user(B, "maria")
    state.add_group(B, "Developers", "maria")
    for name in ("admin", "nobody", "admin-b", "maria"):
        state.add_user_keys(name)
    with Sandbox.start(tmp_path / "sandbox", state=state) as running:
        yield running


def as_user(there: Sandbox, name: str, service: str = "iam") -> Any:
    return client(there, service, there.state.user_keys(name))


def names(rows: list[dict[str, Any]], key: str) -> list[Any]:
    return [row[key] for row in rows]


def test_a_user_is_known_by_name_and_by_arn(there: Sandbox) -> None:
    arn = f"arn:aws:iam::{A}:user/admin"
    assert there.state.user("admin").arn == there.state.user(arn).arn == arn
    there.state.add_user(B, "admin")
    for name in ("admin", "none", f"arn:aws:iam::{B}:user/none"):
        with pytest.raises(KeyError):
            there.state.user(name)
    assert there.state.user(arn).account_id == A


def test_a_role_is_created_read_changed_and_deleted(there: Sandbox) -> None:
    iam = as_user(there, "admin")
    tags = [{"Key": "team", "Value": "payments"}, {"Key": "by", "Value": "ccsetup"}]
    made = iam.create_role(RoleName="Shared", AssumeRolePolicyDocument=trust(), Description="For B.", Tags=tags)["Role"]
    assert (made["Arn"], made["Description"], made["Tags"]) == (ROLE, "For B.", tags)
    assert made["AssumeRolePolicyDocument"] == json.loads(trust())
    assert refusal(iam.create_role, RoleName="Shared", AssumeRolePolicyDocument=trust())[0] == "EntityAlreadyExists"
    iam.update_assume_role_policy(RoleName="Shared", PolicyDocument=trust(f"arn:aws:iam::{B}:user/maria"))
    iam.tag_role(RoleName="Shared", Tags=[{"Key": "team", "Value": "orders"}])
    found = iam.get_role(RoleName="Shared")["Role"]
    assert found["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{B}:user/maria"}
    assert found["Tags"] == [{"Key": "team", "Value": "orders"}, tags[1]]
    iam.delete_role(RoleName="Shared")
    assert refusal(iam.get_role, RoleName="Shared")[:1] == ("NoSuchEntity",)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("no JSON", "MalformedPolicyDocument"),
        ("[]", "MalformedPolicyDocument"),
        ("{}", "MalformedPolicyDocument"),
        (trust(f"arn:aws:iam::{B}:user/none"), "MalformedPolicyDocument"),
        (trust(f"arn:aws:iam::{B}:role/none"), "MalformedPolicyDocument"),
        (json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}), "MalformedPolicyDocument"),
        (trust().replace('"Action"', '"Resource": "*", "Action"'), "MalformedPolicyDocument"),
        (trust("x" * 2048), "LimitExceeded"),
    ],
)
def test_a_trust_policy_that_iam_would_not_take_is_refused(document: str, code: str, there: Sandbox) -> None:
    assert refusal(as_user(there, "admin").create_role, RoleName="Shared", AssumeRolePolicyDocument=document)[0] == code
    assert ROLE not in there.state.roles


def test_blanks_do_not_count_for_the_size_of_a_policy(there: Sandbox) -> None:
    document = json.loads(trust())
    as_user(there, "admin").create_role(RoleName="Shared", AssumeRolePolicyDocument=json.dumps(document, indent=200))
    assert ROLE in there.state.roles


def test_a_role_with_policies_cannot_be_deleted(there: Sandbox) -> None:
    iam = as_user(there, "admin")
    iam.create_role(RoleName="Shared", AssumeRolePolicyDocument=trust())
    for name in ("b", "a"):
        iam.put_role_policy(RoleName="Shared", PolicyName=name, PolicyDocument=json.dumps(PULL))
    assert iam.list_role_policies(RoleName="Shared")["PolicyNames"] == ["a", "b"]
    assert iam.get_role_policy(RoleName="Shared", PolicyName="a")["PolicyDocument"] == PULL
    assert refusal(iam.delete_role, RoleName="Shared")[0] == "DeleteConflict"
    iam.delete_role_policy(RoleName="Shared", PolicyName="a")
    assert iam.list_role_policies(RoleName="Shared")["PolicyNames"] == ["b"]
    for call in (iam.get_role_policy, iam.delete_role_policy):
        assert refusal(call, RoleName="Shared", PolicyName="a")[0] == "NoSuchEntity"
    iam.delete_role_policy(RoleName="Shared", PolicyName="b")
    iam.delete_role(RoleName="Shared")
    there.state.add_role(A, "Cast", json.loads(trust()), policy_engine.allow("codecommit:*"))
    assert iam.list_role_policies(RoleName="Cast")["PolicyNames"] == ["cast-1"]
    assert refusal(iam.delete_role, RoleName="Cast")[0] == "DeleteConflict"
    iam.delete_role_policy(RoleName="Cast", PolicyName="cast-1")
    iam.delete_role(RoleName="Cast")


def test_who_has_no_permission_is_refused_by_name(there: Sandbox) -> None:
    iam = as_user(there, "nobody")
    code, text, status = refusal(iam.create_role, RoleName="Shared", AssumeRolePolicyDocument=trust())
    assert (code, status) == ("AccessDenied", 403)
    assert "iam:CreateRole" in text
    assert ROLE in text
    there.state.set_policies(f"arn:aws:iam::{A}:user/nobody", policy_engine.allow("iam:CreateRole"))
    tags = [{"Key": "team", "Value": "x"}]
    _, text, _ = refusal(iam.create_role, RoleName="Shared", AssumeRolePolicyDocument=trust(), Tags=tags)
    assert "iam:TagRole" in text
    iam.create_role(RoleName="Shared", AssumeRolePolicyDocument=trust())
    assert refusal(iam.get_role, RoleName="Shared")[0] == "AccessDenied"


def test_versions_of_a_managed_policy_are_kept_up_to_five(there: Sandbox) -> None:
    iam = as_user(there, "admin-b")
    arn = iam.create_policy(PolicyName="Pull", PolicyDocument=json.dumps(PULL))["Policy"]["Arn"]
    assert arn == f"arn:aws:iam::{B}:policy/Pull"
    assert refusal(iam.create_policy, PolicyName="Pull", PolicyDocument=json.dumps(PULL))[0] == "EntityAlreadyExists"
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(PULL))
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"
    last = json.dumps({"Version": "2012-10-17", "Statement": []})
    assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=last, SetAsDefault=True)["PolicyVersion"][
        "IsDefaultVersion"
    ]
    assert refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=last)[0] == "LimitExceeded"
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert names(versions, "VersionId") == ["v5", "v4", "v3", "v2", "v1"]
    assert [it["VersionId"] for it in versions if it["IsDefaultVersion"]] == ["v5"]
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v5")["PolicyVersion"]["Document"]["Statement"] == []
    assert refusal(iam.delete_policy_version, PolicyArn=arn, VersionId="v5")[0] == "DeleteConflict"
    assert refusal(iam.delete_policy_version, PolicyArn=arn, VersionId="v9")[0] == "NoSuchEntity"
    assert refusal(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"
    for number in range(1, 5):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
    assert names(iam.list_policy_versions(PolicyArn=arn)["Versions"], "VersionId") == ["v5"]
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.get_policy, PolicyArn=arn)[0] == "NoSuchEntity"


def test_a_policy_that_is_attached_is_kept_and_counts(there: Sandbox) -> None:
    iam = as_user(there, "admin-b")
    arn = iam.create_policy(PolicyName="Pull", PolicyDocument=json.dumps(PULL), Tags=[{"Key": "a", "Value": "b"}])[
        "Policy"
    ]["Arn"]
    other = iam.create_policy(PolicyName="Other", PolicyDocument=json.dumps(PULL))["Policy"]["Arn"]
    for _ in range(2):
        iam.attach_group_policy(GroupName="Developers", PolicyArn=arn)
    there.state.add_group(B, "Empty")
    assert names(iam.list_entities_for_policy(PolicyArn=arn)["PolicyGroups"], "GroupName") == ["Developers"]
    assert iam.list_entities_for_policy(PolicyArn=other)["PolicyGroups"] == []
    counts = [iam.get_policy(PolicyArn=it)["Policy"]["AttachmentCount"] for it in (arn, other)]
    assert counts == [1, 0]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Tags"] == [{"Key": "a", "Value": "b"}]
    assert refusal(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"
    iam.delete_policy(PolicyArn=other)
    iam.detach_group_policy(GroupName="Developers", PolicyArn=arn)
    assert iam.list_entities_for_policy(PolicyArn=arn)["PolicyGroups"] == []
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.attach_group_policy, GroupName="Developers", PolicyArn=arn)[0] == "NoSuchEntity"


def test_groups_and_policies_of_other_accounts_are_not_there(there: Sandbox) -> None:
    arn = as_user(there, "admin-b").create_policy(PolicyName="Pull", PolicyDocument=json.dumps(PULL))["Policy"]["Arn"]
    assert refusal(as_user(there, "admin").get_policy, PolicyArn=arn)[0] in ("NoSuchEntity", "AccessDenied")
    code, text, _ = refusal(as_user(there, "admin-b").attach_group_policy, GroupName="None", PolicyArn=arn)
    assert (code, text) == ("NoSuchEntity", "The group with name None cannot be found.")


def test_members_of_a_group_may_do_what_its_policies_allow(there: Sandbox) -> None:
    iam = as_user(there, "admin-b")
    look = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}}
    arn = iam.create_policy(PolicyName="Look", PolicyDocument=json.dumps(look))["Policy"]["Arn"]
    assert refusal(as_user(there, "maria").get_user)[0] == "AccessDenied"
    iam.attach_group_policy(GroupName="Developers", PolicyArn=arn)
    assert as_user(there, "maria").get_user()["User"]["UserName"] == "maria"
    iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}), SetAsDefault=True
    )
    assert refusal(as_user(there, "maria").get_user)[0] == "AccessDenied"


def test_the_simulator_tells_allowed_from_denied_and_denied_on_purpose(there: Sandbox) -> None:
    iam = as_user(there, "admin")
    through = {"StringEquals": {"kms:ViaService": f"codecommit.{REGION}.amazonaws.com"}}
    there.state.add_role(
        A, "Shared", json.loads(trust()),
        policy_engine.allow("codecommit:GitPull", on=REPOSITORY), policy_engine.allow("kms:Decrypt", on=KEY, when=through),
        policy_engine.deny("codecommit:GitPush"),
    )  # fmt: skip

    def decided(resource: str, *actions: str) -> list[tuple[str, str]]:
        found = iam.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=actions, ResourceArns=[resource])
        assert set(names(found["EvaluationResults"], "EvalResourceName")) == {resource}
        return [(it["EvalActionName"], it["EvalDecision"]) for it in found["EvaluationResults"]]

    assert decided(REPOSITORY, "codecommit:GitPull", "codecommit:GitPush", "codecommit:GetRepository") == [
        ("codecommit:GitPull", "allowed"),
        ("codecommit:GitPush", "explicitDeny"),
        ("codecommit:GetRepository", "implicitDeny"),
    ]
    assert decided(f"{REPOSITORY}2", "codecommit:GitPull") == [("codecommit:GitPull", "implicitDeny")]
    assert decided(KEY, "kms:Decrypt", "kms:Encrypt") == [("kms:Decrypt", "allowed"), ("kms:Encrypt", "implicitDeny")]
    nothing = iam.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["codecommit:GitPull"])
    assert names(nothing["EvaluationResults"], "EvalDecision") == ["implicitDeny"]
    assert refusal(iam.simulate_principal_policy, PolicySourceArn=f"{ROLE}2", ActionNames=["a:b"])[0] == "NoSuchEntity"
    assert (
        refusal(as_user(there, "nobody").simulate_principal_policy, PolicySourceArn=ROLE, ActionNames=["a:b"])[0]
        == "AccessDenied"
    )


def test_devices_come_in_pages(there: Sandbox) -> None:
    maria = f"arn:aws:iam::{B}:user/maria"
    there.state.set_policies(maria, policy_engine.allow("iam:ListMFADevices"))
    serials = [there.state.add_mfa_device(maria, name).serial for name in ("a", "b", "c")]
    iam = as_user(there, "maria")
    assert names(iam.list_mfa_devices()["MFADevices"], "SerialNumber") == serials
    first = iam.list_mfa_devices(MaxItems=2)
    assert (names(first["MFADevices"], "SerialNumber"), first["IsTruncated"]) == (serials[:2], True)
    last = iam.list_mfa_devices(MaxItems=2, Marker=first["Marker"])
    assert (names(last["MFADevices"], "SerialNumber"), last["IsTruncated"]) == (serials[2:], False)
    assert not iam.list_mfa_devices(MaxItems=3)["IsTruncated"]


def test_kms_tells_customers_keys_from_awss(there: Sandbox) -> None:
    kms = as_user(there, "admin", "kms")
    found = kms.describe_key(KeyId=KEY)["KeyMetadata"]
    assert (found["Arn"], found["KeyManager"], found["AWSAccountId"]) == (KEY, "CUSTOMER", A)
    assert kms.describe_key(KeyId=KEY.rpartition("/")[2])["KeyMetadata"]["Arn"] == KEY
    own = there.state.repositories[A, REGION, "Demo"].id
    assert kms.describe_key(KeyId=own)["KeyMetadata"]["KeyManager"] == "AWS"
    assert refusal(kms.describe_key, KeyId=f"{KEY[:-1]}c")[0] == "NotFoundException"
    assert refusal(as_user(there, "nobody", "kms").describe_key, KeyId=KEY)[0] == "AccessDeniedException"
    assert refusal(kms.list_keys)[0] == "UnknownOperationException"
