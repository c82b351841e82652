"""Turns an arrangement into one CloudFormation template for each account, which also works with StackSets.

Account and partition come from pseudo parameters, everything else from parameters with the arrangement as defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccsetup.share import policies
from ccsetup.share.arrangement import Arrangement
from ccsetup.share.policies import Words

Template = dict[str, Any]

_ACCOUNT = {"AllowedPattern": "[0-9]{12}", "ConstraintDescription": "An account ID must have 12 digits."}
_NAME = {
    "AllowedPattern": "[A-Za-z0-9_+=,.@-]{1,64}",
    "ConstraintDescription": "A role name must be 1 to 64 characters long.",
}
_PSEUDO = {"partition": "${AWS::Partition}", "dns": "${AWS::URLSuffix}"}


def owner(it: Arrangement) -> Template:
    """Return the template of the repository's account: the role."""
    words = Words(
        **_PSEUDO, region="${RepositoryRegion}", owner="${AWS::AccountId}", people="${PeopleAccount}",
        repository="${RepositoryName}", role="${RoleName}", key="${KeyId}", external_id="${ExternalId}",
    )  # fmt: skip
    inline = {
        "PolicyName": it.policy_name if it.others else {"Fn::Sub": "ccsetup-${RepositoryRegion}-${RepositoryName}"},
        "PolicyDocument": _filled(policies.permissions(it, words)),
    }
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": {"Ref": "RoleName"},
            **({"Path": it.path} if it.path != "/" else {}),
            **({"PermissionsBoundary": it.boundary} if it.boundary else {}),
            **({"MaxSessionDuration": it.session_s} if it.session_s else {}),
            "Description": f"Gives other accounts access to the CodeCommit repository {it.label}"[:1000],
            "AssumeRolePolicyDocument": _filled(policies.trust(it, words)),
            "Policies": [inline],
        },
    }
    parameters = {
        **({} if it.others else {"RepositoryName": _parameter("The repository name", it.repository)}),
        "RepositoryRegion": _parameter("The repository region", it.region),
        "RoleName": _parameter("The role that gives access to the repository", it.role, **_NAME),
    }
    if it.assumed:
        parameters["PeopleAccount"] = _parameter("The developers' account, which gets access", it.people, **_ACCOUNT)
    if it.external_id:
        parameters["ExternalId"] = _parameter("The external ID that callers must pass", it.external_id)
    if it.kms_key:
        parameters["KeyId"] = _parameter("The ID of the KMS key that encrypts the repository", policies.plain(it).key)
    outputs = {"RoleArn": _output("The value that developers pass as --role-arn", {"Fn::GetAtt": ["Role", "Arn"]})}
    return _template(f"Shares the CodeCommit repository {it.label}", parameters, {"Role": role}, outputs)


def people(it: Arrangement) -> Template:
    """Return the template of the other account: the policy that allows assuming the role, and its group."""
    nothing = {"region": "", "people": "", "repository": "", "key": "", "external_id": ""}
    words = Words(**_PSEUDO, **nothing, owner="${OwnerAccount}", role="${RoleName}")
    policy = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": {"Fn::Sub": "Assume-${RoleName}"},
            "Description": f"Access to the CodeCommit repository {it.label} in another account"[:1000],
            "PolicyDocument": _filled(policies.assume(it, words)),
            "Groups": {"Fn::If": ["HasGroup", [{"Ref": "GroupName"}], {"Ref": "AWS::NoValue"}]},
        },
    }
    parameters = {
        "OwnerAccount": _parameter("The account that owns the repository and the role", it.owner, **_ACCOUNT),
        "RoleName": _parameter("The role that gives access to the repository", it.role, **_NAME),
        "GroupName": _parameter("A group to attach the policy to (optional)", it.group),
    }
    outputs = {"PolicyArn": _output("The policy to attach to groups or users", {"Ref": "Policy"})}
    made = _template(f"Access to {it.label} in another account", parameters, {"Policy": policy}, outputs)
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
    """Return a policy with each reference wrapped in Fn::Sub."""
    if isinstance(value, Mapping):
        return {key: _filled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner) for inner in value]
    return {"Fn::Sub": value} if isinstance(value, str) and "${" in value else value
