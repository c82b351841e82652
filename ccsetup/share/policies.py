"""Turns an arrangement into its three policies. The same tables contain the actions and their explanations."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ccsetup.core import regions, validate
from ccsetup.core.arn import account_in, partition_in
from ccsetup.core.errors import BadAnswer
from ccsetup.share.arrangement import BUILT_IN, Arrangement, Trust
from ccsetup.share.trust_policy import like, listed, statements

Document = Mapping[str, Any]
Statement = dict[str, Any]

_READ = {
    "codecommit:GitPull": "git clone, fetch, and pull",
    "codecommit:BatchGet*": "view several repositories, commits, or pull requests at once",
    "codecommit:Get*": "view files, branches, commits, and pull requests; ccsetup uses GetRepository to check access",
    "codecommit:List*": "list branches, tags, and pull requests",
    "codecommit:Describe*": "view the events of a pull request",
    "codecommit:BatchDescribe*": "see which files would conflict in a merge",
    "codecommit:EvaluatePullRequestApprovalRules": "see whether a pull request can be merged",
}
_WRITE = {
    "codecommit:GitPush": "git push, including creating and deleting branches",
    "codecommit:CreateBranch": "create branches in the console",
    "codecommit:DeleteBranch": "delete branches in the console",
    "codecommit:CreateCommit": "commit in the console or with the API",
    "codecommit:PutFile": "commit a single file in the console",
    "codecommit:DeleteFile": "delete a single file in the console",
    "codecommit:CreatePullRequest": "open a pull request",
    "codecommit:UpdatePullRequestTitle": "change the title of a pull request",
    "codecommit:UpdatePullRequestDescription": "change the description of a pull request",
    "codecommit:UpdatePullRequestStatus": "close a pull request",
    "codecommit:UpdatePullRequestApprovalState": "approve a pull request, but not change its approval rules",
    "codecommit:MergeBranches*": "merge branches with the API, which anyone with push access could also do with git",
    "codecommit:CreateUnreferencedMergeCommit": "try a merge with the API; it isn't part of any branch",
    "codecommit:MergePullRequest*": "merge a pull request, which anyone with push access could also do with git",
    "codecommit:PostComment*": "comment on a pull request or a commit",
    "codecommit:UpdateComment": "edit your own comments",
    "codecommit:PutCommentReaction": "react to a comment with an emoji",
}
_LIST = {"codecommit:ListRepositories": "list repository names; IAM can't limit this action to one repository"}
_KMS = {  # the actions in CodeCommit's guide; a pull needs all of them too
    "kms:Decrypt": "read encrypted data",
    "kms:DescribeKey": "check that the key exists and is enabled",
    "kms:Encrypt": "write encrypted data",
    "kms:GenerateDataKey*": "write encrypted data",
    "kms:ReEncrypt*": "move data to another key version",
}

_ALREADY = "no additional access, because the whole account is already trusted"


class Words(NamedTuple):
    """The parts of an arrangement as text: their values, or references that a template fills in."""

    partition: str
    dns: str
    region: str
    owner: str
    people: str
    repository: str
    role: str
    key: str
    external_id: str


class Line(NamedTuple):
    """The explanation of one line of a policy: what it is about, and why it is there."""

    what: str
    why: str


def plain(it: Arrangement) -> Words:
    """Return the values of the parts of an arrangement."""
    key, dns = it.kms_key.rpartition("/")[2], regions.dns_suffix(it.region)
    return Words(it.partition, dns, it.region, it.owner, it.people, it.repository, it.role, key, it.external_id)


def permissions(it: Arrangement, words: Words | None = None) -> Document:
    """Return the role's permissions policy."""
    w = words or plain(it)
    start = f"arn:{w.partition}:codecommit:{w.region}:{w.owner}"
    if it.others:  # one statement, so that each ARN is there once
        table = _READ if it.read_only else {**_READ, **_WRITE}
        found = [_allow("Repositories", table, [f"{start}:{name}" for name in it.repositories])]
    else:
        found = [_allow("Read", _READ, f"{start}:{w.repository}")]
        found += [] if it.read_only else [_allow("Write", _WRITE, f"{start}:{w.repository}")]
    found.append(_allow("ListRepositories", _LIST, "*"))
    if it.kms_key:
        key = f"arn:{w.partition}:kms:{w.region}:{w.owner}:key/{w.key}"
        through = {"StringEquals": {"kms:ViaService": f"codecommit.{w.region}.{w.dns}"}}
        found.append({**_allow("EncryptionKey", _KMS, key), "Condition": through})
    return document(found)


def trust(it: Arrangement, words: Words | None = None) -> Document:
    """Return the role's trust policy."""
    w = words or plain(it)
    found = []
    people = [w.people, *it.also_people]
    roots = [f"arn:{w.partition}:iam::{account}:root" for account in people]
    if any(one.kind == "account" for one in it.trusts):
        found.append(_assumable(it, w, "Account", roots if len(roots) > 1 else roots[0], {}))
    named = [(account_in(one.name), one.name.split(":", 5)[5]) for one in _of(it, "role")]
    where = {account: account for account in it.also_people}
    if roles := [f"arn:{w.partition}:iam::{where.get(account, w.people)}:{name}" for account, name in named]:
        found.append(_assumable(it, w, "Roles", roles if len(roles) > 1 else roles[0], {}))
    for number, account in enumerate(people, 1):
        if sets := [permission_set_arn(w.partition, account, one.name) for one in _of(it, "permission-set")]:
            whom = {"ArnLike": {"aws:PrincipalArn": sets if len(sets) > 1 else sets[0]}}
            sid = "PermissionSets" + (str(number) if number > 1 else "")
            found.append(_assumable(it, w, sid, roots[number - 1], whom))
    found += [_by_token(it, w, one.name) for one in _of(it, "oidc")]
    found += [_by_assertion(it, w, one.name, number) for number, one in enumerate(_of(it, "saml"), 1)]
    return document(found)


def assume(it: Arrangement, words: Words | None = None) -> Document:
    """Return the policy for the other account: it allows assuming the role, and nothing else."""
    w = words or plain(it)
    role = f"arn:{w.partition}:iam::{w.owner}:role{it.path}{w.role}"
    return document([{"Sid": "AssumeSharedRole", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}])


def with_conditions(it: Arrangement, policy: Document) -> Document:
    """Return a trust policy whose statements also have the conditions of an arrangement."""
    own = _assumable(it, plain(it), "Account", "", {}).get("Condition", {})
    made = []
    for statement in listed(policy["Statement"]):
        condition = {operator: {**inner} for operator, inner in statement.get("Condition", {}).items()}
        for operator, inner in own.items():
            condition[operator] = {**inner, **condition.get(operator, {})}
        made.append({**statement, "Condition": condition} if condition else statement)
    return document(made)


def document(statements: Sequence[Statement]) -> Document:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def permission_set_arn(partition: str, account: str, name: str) -> str:
    """Return the ARN pattern of a permission set's roles. Identity Center adds a region and 16 characters."""
    return f"arn:{partition}:iam::{account}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_{name}_{'?' * 16}"


def writes(document: Document) -> bool:
    """Say whether a permissions policy allows git push."""
    granted = [it for it in statements(document) if it["Effect"] == "Allow" and "Action" in it]
    return any(like("codecommit:gitpush", str(action).lower()) for it in granted for action in listed(it["Action"]))


def kept(wanted: Document, there: Document) -> Document:
    """Return a role's permissions policy with what limits it now: its denials, and conditions on our statements."""
    own = {str(it.get("Sid", "")): it.get("Condition", {}) for it in statements(there) if it["Effect"] == "Allow"}
    found = []
    for statement in statements(wanted):
        condition = {operator: {**inner} for operator, inner in own.get(statement["Sid"], {}).items()}
        for operator, inner in statement.get("Condition", {}).items():
            condition[operator] = {**condition.get(operator, {}), **inner}
        found.append({**statement, **({"Condition": condition} if condition else {})})
    return document([*found, *(it for it in statements(there) if it["Effect"] != "Allow")])


def gained(before: Document, after: Document) -> list[str]:
    """Return the actions of CodeCommit that only the second of two permissions policies allows."""
    old, new = (
        [str(action) for it in statements(one) if it["Effect"] == "Allow" for action in listed(it.get("Action", []))]
        for one in (before, after)
    )
    return [it for it in new if it.lower().startswith("codecommit:")
            and not any(like(it.lower(), one.lower()) for one in old)]  # fmt: skip


def lines(it: Arrangement) -> list[Line]:
    """Return each action of the role's permissions with its reason."""
    tables = [_READ, *([] if it.read_only else [_WRITE]), _LIST, *([_KMS] if it.kms_key else [])]
    return [Line(action, why) for table in tables for action, why in table.items()]


def groups(it: Arrangement) -> list[Line]:
    """Return the actions of the role by group: how many there are, and what they are for."""
    tables = [("read", _READ, "clone, fetch, pull, and view files, branches and pull requests")]
    tables += [] if it.read_only else [("write", _WRITE, "push, branches, pull requests, merges and comments")]
    tables += [("list", _LIST, "the names of all repositories")]
    tables += [("key", _KMS, "encrypt and decrypt through CodeCommit")] if it.kms_key else []
    counted = [(f"{len(table)} action{'s' * (len(table) > 1)}", name, why) for name, table, why in tables]
    return [Line(f"{name} ({count})", why) for count, name, why in counted]


def conditions(it: Arrangement) -> str:
    """Return the conditions that callers must meet, in a few words."""
    found = [f"external ID {' or '.join((it.external_id, *it.also_external_ids))}"] if it.external_id else []
    found += ["MFA"] if it.mfa else []
    found += [f"organization {it.org}"] if it.org else []
    found += [f"tag {key}={value}" for key, value in it.tags]
    found += [f"session name {it.session_name}"] if it.session_name else []
    found += [f"token subject {it.subject}"] if it.subject else []
    return ", ".join(found) or "none"


def left_out(it: Arrangement) -> str:
    """Return what the role isn't allowed to do, because people ask about it."""
    pushing = "git push; " if it.read_only else ""
    return (
        f"{pushing}creating, renaming, or deleting repositories; triggers; approval rules; access to other repositories"
    )


def who(it: Arrangement) -> list[Line]:
    """Return each trust of the role, and its conditions."""
    found = []
    for one in it.trusts:
        found.append(_way(it, one))
    if it.external_id:
        found.append(
            Line(
                "external ID",
                "callers must pass this ID, which prevents a third party from using the role on someone else's behalf",
            )
        )
    found += [Line(f"external ID {one}", "accepted too, for now") for one in it.also_external_ids]
    if it.org:
        found.append(Line(f"organization {it.org}", "the caller's account must be in this organization"))
    if it.mfa:
        found.append(Line("MFA", "callers must have entered an MFA code (aws:MultiFactorAuthPresent)"))
    found += [Line(f"tag {key}={value}", "callers must have this principal tag") for key, value in it.tags]
    if it.session_name:
        found.append(
            Line(
                f"session name {it.session_name}",
                "callers must choose a session name like this; CloudTrail shows it, but AWS doesn't check who uses it",
            )
        )
    return found


def _way(it: Arrangement, one: Trust) -> Line:
    """Return the explanation of one trust."""
    where = f"account {it.people}" if not it.also_people else f"accounts {', '.join(it.accounts)}"
    if one.kind == "account":
        that = "those accounts that their" if it.also_people else "that account that its"
        return Line(where, f"users and roles in {that} administrator allows to assume this role")
    whole = Trust("account") in it.trusts
    if one.kind == "role":
        name = f"role {validate.role_name(one.name)}"
        return Line(name, _ALREADY if whole else f"only this role in account {account_in(one.name)}")
    if one.kind == "permission-set":
        why = f"the permission set's role in {where}, with any suffix that IAM Identity Center adds to its name"
        return Line(f"permission set {one.name}", _ALREADY if whole else why)
    if one.kind == "oidc":
        return Line(
            f"tokens from {one.name}",
            f"with the audience {it.audience}" + (f" and subject {it.subject}" if it.subject else ""),
        )
    name = one.name.rpartition("/")[2]
    return Line(
        f"assertions from {name}", "with AWS sign-in as the audience; sts:TagSession accepts tags in the assertion"
    )


def _of(it: Arrangement, kind: str) -> list[Trust]:
    return [one for one in it.trusts if one.kind == kind]


def _allow(sid: str, table: Mapping[str, str], resource: Any) -> Statement:
    actions = list(table)
    return {"Sid": sid, "Effect": "Allow", "Action": actions if len(actions) > 1 else actions[0], "Resource": resource}


def _assumable(it: Arrangement, w: Words, sid: str, principal: Any, condition: dict[str, Any]) -> Statement:
    ids = [w.external_id, *it.also_external_ids]
    equals: dict[str, Any] = {"sts:ExternalId": ids if len(ids) > 1 else ids[0]} if it.external_id else {}
    equals |= {"aws:PrincipalOrgID": it.org} if it.org else {}
    equals |= {f"aws:PrincipalTag/{key}": value for key, value in it.tags}
    condition = {**({"StringEquals": equals} if equals else {}), **condition}
    if it.session_name:
        condition["StringLike"] = {"sts:RoleSessionName": it.session_name}
    if it.mfa:
        condition["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    statement = {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return {**statement, "Condition": condition} if condition else statement


def _by_token(it: Arrangement, w: Words, issuer: str) -> Statement:
    provider = issuer if issuer in BUILT_IN else f"arn:{w.partition}:iam::{w.owner}:oidc-provider/{issuer}"
    application, person = BUILT_IN.get(issuer, ("aud", "sub"))
    condition: dict[str, Any] = {"StringEquals": {f"{issuer}:{application}": it.audience}}
    if it.subject:
        test = "StringLike" if set(it.subject) & set("*?") else "StringEquals"
        condition.setdefault(test, {})[f"{issuer}:{person}"] = it.subject
    tags = {f"aws:RequestTag/{key}": value for key, value in it.tags}
    condition["StringEquals"] |= tags
    actions = ["sts:AssumeRoleWithWebIdentity", *(["sts:TagSession"] if tags else [])]
    return _federated("Tokens", provider, actions, condition)


def _by_assertion(it: Arrangement, w: Words, provider: str, number: int) -> Statement:
    arn = f"arn:{w.partition}:iam::{w.owner}:{provider.split(':', 5)[5]}"
    equals = {"SAML:aud": it.saml_audience, **{f"aws:RequestTag/{key}": value for key, value in it.tags}}
    sid = "Assertions" + (str(number) if number > 1 else "")
    return _federated(sid, arn, ["sts:AssumeRoleWithSAML", "sts:TagSession"], {"StringEquals": equals})


def _federated(sid: str, provider: str, actions: list[str], condition: dict[str, Any]) -> Statement:
    action = actions if len(actions) > 1 else actions[0]
    whom = {"Federated": provider}
    return {"Sid": sid, "Effect": "Allow", "Principal": whom, "Action": action, "Condition": condition}


MOST_TRUST = 2048  # characters of a trust policy, without whitespace: IAM's default quota


MOST_INLINE = 10_240  # of all inline policies of a role together
MOST_MANAGED = 6_144


def size(policy: Document) -> int:
    """Return how many characters of a policy IAM counts."""
    return len(re.sub(r"\s", "", json.dumps(policy)))


def too_long(it: Arrangement) -> bool:
    """Say whether the trust policy is longer than IAM allows."""
    return size(trust(it)) > MOST_TRUST


def consistent(it: Arrangement) -> Arrangement:
    """Return the arrangement if it is consistent. Raises BadAnswer if two of its parts conflict."""
    for wrong, what, about in _clashes(it):
        if wrong:
            refused = BadAnswer(what)
            refused.about = about
            raise refused
    return it


def _clashes(it: Arrangement) -> list[tuple[bool, str, str]]:
    signs_in = bool(it.start_url) or any(trust.kind == "permission-set" for trust in it.trusts)
    roles = [trust.name for trust in it.trusts if trust.kind == "role"]
    others = [arn for arn in roles if it.people and account_in(arn) not in it.accounts]
    providers = [trust.name for trust in it.trusts if trust.kind == "saml"]
    named = [*roles, *providers, *([it.kms_key] if it.kms_key else [])]
    foreign = [arn for arn in named if partition_in(arn) != it.partition]
    apart = [arn for arn in [*providers, it.kms_key] if arn and account_in(arn) != it.owner]
    key_region = it.kms_key.split(":")[3] if it.kms_key else it.region
    return [
        (it.owner in it.accounts, f"Both account IDs are {it.owner}. Use two different accounts,"
         " for example, 111122223333 and 888888888888.", "to_account"),
        (bool(foreign), f"{''.join(foreign[:1])} isn't in {it.partition}, the partition of {it.region}.", "trust"),
        (bool(others), f"{''.join(others[:1])} isn't in {' or '.join(it.accounts)}, the developers' account.", "trust"),
        (bool(apart), f"{''.join(apart[:1])} must be in {it.owner}, the repository's account.",
         "kms_key" if it.kms_key in apart else "trust"),
        (key_region != it.region, f"The KMS key is in {key_region}, but the repository is in {it.region}.", "kms_key"),
        (it.mfa and signs_in, "IAM Identity Center sessions don't record whether MFA was used, so no one could assume"
            " the role. Remove --require-mfa, and require MFA in IAM Identity Center instead.", "require_mfa"),
        (it.mfa and not it.assumed, "The identity provider decides whether MFA is required. Remove --require-mfa.",
         "require_mfa"),
        (bool(it.org) and not it.assumed, "Tokens and assertions don't have an organization. Remove --org.", "org"),
        (bool(it.session_name) and not it.assumed, "The identity provider decides who callers are. Remove"
         " --require-session-name.", "require_session_name"),
        (bool(it.external_id) and not it.assumed, "Tokens and assertions don't have an external ID. Remove"
            " --external-id.",
         "external_id"),
        (size(permissions(it)) > MOST_INLINE, f"The permissions policy for {len(it.repositories)} repositories has"
         f" {size(permissions(it)):,} characters. IAM allows 10,240 for a role. Share fewer repositories with each"
         " role, for example, with two commands and two --role-name.", "repo"),
        (bool(it.people) and size(assume(it)) > MOST_MANAGED, "The policy for the developers' account is longer than"
         " 6,144 characters, the IAM limit. Use a shorter --role-path.", "role_path"),
        (too_long(it), "The trust policy is longer than 2,048 characters, the IAM limit. Use fewer roles or a shorter"
         " external ID.", "external_id" if len(it.external_id) > 500 else "trust"),
    ]  # fmt: skip
