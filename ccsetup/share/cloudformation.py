"""An arrangement → one CloudFormation template for each account, fit for StackSets: what they know is not written in.

Account and partition come from pseudo parameters, everything else from parameters whose defaults are the arrangement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccsetup.share import policies
from ccsetup.share.arrangement import Arrangement
from ccsetup.share.policies import Words

Template = dict[str, Any]

_ACCOUNT = {"AllowedPattern": "[0-9]{12}", "ConstraintDescription": "An account ID has 12 digits."}
_NAME = {"AllowedPattern": "[A-Za-z0-9_+=,.@-]{1,64}", "ConstraintDescription": "A role name has 1 to 64 letters."}
_PSEUDO = {"partition": "${AWS::Partition}", "dns": "${AWS::URLSuffix}"}


def owner(it: Arrangement) -> Template:
    """Return the template of the repository's account: the role."""
    words = Words(
        **_PSEUDO, region="${RepositoryRegion}", owner="${AWS::AccountId}", people="${PeopleAccount}",
        repository="${RepositoryName}", role="${RoleName}", key="${KeyId}", external_id="${ExternalId}",
    )  # fmt: skip
    inline = {
        "PolicyName": {"Fn::Sub": "ccsetup-${RepositoryRegion}-${RepositoryName}"},
        "PolicyDocument": _filled(policies.permissions(it, words)),
    }
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": {"Ref": "RoleName"},
            "Description": f"Opens the CodeCommit repository {it.repository} to another account"[:1000],
            "AssumeRolePolicyDocument": _filled(policies.trust(it, words)),
            "Policies": [inline],
        },
    }
    parameters = {
        "RepositoryName": _parameter("The repository", it.repository),
        "RepositoryRegion": _parameter("The region it is in", it.region),
        "RoleName": _parameter("The role that opens it", it.role, **_NAME),
    }
    if it.assumed:
        parameters["PeopleAccount"] = _parameter("The account whose people need it", it.people, **_ACCOUNT)
    if it.external_id:
        parameters["ExternalId"] = _parameter("What callers have to name", it.external_id)
    if it.kms_key:
        parameters["KeyId"] = _parameter("The key that encrypts the repository", policies.plain(it).key)
    outputs = {"RoleArn": _output("What developers give as --role-arn", {"Fn::GetAtt": ["Role", "Arn"]})}
    return _template(f"Shares the CodeCommit repository {it.repository}", parameters, {"Role": role}, outputs)


def people(it: Arrangement) -> Template:
    """Return the template of the other account: the policy to be the role, and whom to attach it to."""
    nothing = {"region": "", "people": "", "repository": "", "key": "", "external_id": ""}
    words = Words(**_PSEUDO, **nothing, owner="${OwnerAccount}", role="${RoleName}")
    policy = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": {"Fn::Sub": "Assume-${RoleName}"},
            "Description": f"To use the CodeCommit repository {it.repository} of another account"[:1000],
            "PolicyDocument": _filled(policies.assume(it, words)),
            "Groups": {"Fn::If": ["HasGroup", [{"Ref": "GroupName"}], {"Ref": "AWS::NoValue"}]},
        },
    }
    parameters = {
        "OwnerAccount": _parameter("The account of the repository and its role", it.owner, **_ACCOUNT),
        "RoleName": _parameter("The role that opens it", it.role, **_NAME),
        "GroupName": _parameter("A group to attach the policy to; empty attaches it to none", it.group),
    }
    outputs = {"PolicyArn": _output("What to attach to people", {"Ref": "Policy"})}
    made = _template(f"Lets people use {it.repository} of another account", parameters, {"Policy": policy}, outputs)
    has_group = {"HasGroup": {"Fn::Not": [{"Fn::Equals": [{"Ref": "GroupName"}, ""]}]}}
    before = ("AWSTemplateFormatVersion", "Description", "Parameters")
    return {**{name: made[name] for name in before}, "Conditions": has_group, **made}


def _template(about: str, parameters: Template, resources: Template, outputs: Template) -> Template:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": about,
        "Parameters": parameters,
        "Resources": resources,
        "Outputs": outputs,
    }


def _parameter(about: str, default: str, **more: str) -> Template:
    return {"Type": "String", "Description": about, "Default": default, **more}


def _output(about: str, value: Mapping[str, Any]) -> Template:
    return {"Description": about, "Value": value}


def _filled(value: Any) -> Any:
    """Return a policy with each reference in it made CloudFormation's business."""
    if isinstance(value, Mapping):
        return {key: _filled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner) for inner in value]
    return {"Fn::Sub": value} if isinstance(value, str) and "${" in value else value
