"""Reads and changes IAM roles and policies for administrators, and retries what IAM delays.

IAM throttles early, and changes take a while to reach all of IAM. The calls here wait for both, show that they wait,
and stay within the one minute that every call has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from ccsetup.aws.credentials import Resolver
from ccsetup.aws.sdk import boto3_session, bounds, explained, told
from ccsetup.aws.sts import SessionCache
from ccsetup.core import limits
from ccsetup.core.concurrency import within
from ccsetup.core.context import Progress, Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Keys, Who

T = TypeVar("T")
_SLOW = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
_NOT_YET = ("EntityTemporarilyUnmodifiable", "ConcurrentModification", "DeleteConflict")
_ABOUT = ("RoleName", "GroupName", "PolicyArn", "PolicyName")  # the arguments that name a call's resource


class Iam:
    """IAM through boto3, called as a Who."""

    def __init__(self, home: Path, sso_keys: Callable[[Start, str, str], Keys]) -> None:
        self._resolver = Resolver(SessionCache.of(home), sso_keys)

    def role(self, who: Who, name: str) -> IamRole | None:
        """Return a role with its inline policies, attached policies and tags; None if it doesn't exist."""

        def ask(iam: Any) -> IamRole | None:
            try:
                found = iam.get_role(RoleName=name)["Role"]
            except iam.exceptions.NoSuchEntityException:
                return None
            names = [it for page in _pages(iam, "list_role_policies", RoleName=name) for it in page["PolicyNames"]]
            inline = {it: iam.get_role_policy(RoleName=name, PolicyName=it)["PolicyDocument"] for it in names}
            pages = _pages(iam, "list_attached_role_policies", RoleName=name)
            attached = [it["PolicyArn"] for page in pages for it in page["AttachedPolicies"]]
            boundary = str((found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "")
            trust, longest = found["AssumeRolePolicyDocument"], int(found.get("MaxSessionDuration") or 3600)
            return IamRole(found["Arn"], trust, inline, tuple(attached), _tags(found), longest, boundary)

        return self._ask("iam", who, ask, name)

    def policy(self, who: Who, arn: str) -> IamPolicy | None:
        """Return a managed policy with its versions and attachments; None if it doesn't exist."""

        def ask(iam: Any) -> IamPolicy | None:
            try:
                found = iam.get_policy(PolicyArn=arn)["Policy"]
            except iam.exceptions.NoSuchEntityException:
                return None
            version = iam.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]
            pages = _pages(iam, "list_policy_versions", PolicyArn=arn)
            spare = [it["VersionId"] for page in pages for it in page["Versions"] if not it["IsDefaultVersion"]]
            holders = tuple(_holders(_pages(iam, "list_entities_for_policy", PolicyArn=arn)))
            return IamPolicy(found["Arn"], version["Document"], tuple(spare), holders, _tags(found))

        return self._ask("iam", who, ask, arn)

    def members(self, who: Who, group: str) -> Sequence[str]:
        """Return the names of a group's users."""

        def ask(iam: Any) -> list[str]:
            pages = _pages(iam, "get_group", GroupName=group)
            return [it["UserName"] for page in pages for it in page["Users"]]

        return self._ask("iam", who, ask, group)

    def do(self, who: Who, calls: Sequence[IamCall], progress: Progress) -> None:
        """Make calls that change something, in order. Each waits and retries while IAM is busy."""
        for call in calls:
            about = next((str(call.given[key]) for key in _ABOUT if key in call.given), "")
            self._ask("iam", who, partial(_patient, call, progress), about, tries=1)

    def until(self, look: Callable[[], bool], progress: Progress) -> bool:
        """Call `look` until it returns True, for at most 30 seconds; return whether it did."""
        end = time.monotonic() + limits.IAM_APPLIED_S
        while not look():
            if time.monotonic() > end:
                return False
            progress("Waiting for the IAM change to take effect", None)
            within(5, lambda: time.sleep(limits.IAM_LOOK_S))
        return True

    def allowed(self, who: Who, arn: str, actions: Sequence[str], resource: str) -> Mapping[str, str]:
        """Return IAM's decision for each action: allowed, implicitDeny or explicitDeny."""

        def ask(iam: Any) -> dict[str, str]:
            asked = {"PolicySourceArn": arn, "ActionNames": [*actions], "ResourceArns": [resource]}
            pages = _pages(iam, "simulate_principal_policy", **asked)
            found = [it for page in pages for it in page["EvaluationResults"]]
            return {it["EvalActionName"]: it["EvalDecision"] for it in found}

        return self._ask("iam", who, ask, arn)

    def customer_key(self, who: Who, repository: str) -> str:
        """Return the ARN of the customer managed key that encrypts a repository; "" for an AWS managed key.

        CodeCommit names a key in both cases, so this asks KMS who manages it. If KMS refuses, a key that CodeCommit
        names by ARN counts as customer managed.
        """

        def named(codecommit: Any) -> str:
            found = codecommit.get_repository(repositoryName=repository)["repositoryMetadata"]
            return str(found.get("kmsKeyId") or "")

        key = self._ask("codecommit", who, named, repository)
        if not key:
            return ""
        try:
            told = self._ask("kms", who, lambda kms: kms.describe_key(KeyId=key)["KeyMetadata"], key)
        except Problem:
            return key if key.startswith("arn:") else ""
        return "" if told.get("KeyManager") == "AWS" else str(told["Arn"])

    def _ask(self, service: str, who: Who, ask: Callable[[Any], T], resource: str = "", tries: int = 0) -> T:
        credentials = self._resolver.arguments(who)
        session = told(lambda: boto3_session(who.profile, who.region), who)

        def work() -> T:
            return ask(session.client(service, config=bounds(tries=tries), **credentials))

        return explained(work, who, resource)


def _patient(call: IamCall, progress: Progress, iam: Any) -> None:
    """Make one call, and repeat it while IAM says that it is busy."""
    for number, pause_s in enumerate((*limits.IAM_PAUSES_S, 0.0), 1):
        try:
            getattr(iam, call.operation)(**call.given)
            return
        except iam.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchEntity" and (group := call.given.get("GroupName")):
                raise Problem(
                    f'No group "{group}" in this account.',
                    next="Pass an existing group with --group NAME. To list groups: aws iam list-groups",
                    code="input.invalid",
                ) from None
            if code not in (*_SLOW, *_NOT_YET) or not pause_s:
                raise
            why = "is throttling requests" if code in _SLOW else "isn't ready yet"
            progress(f"IAM {why}. Trying again ({number} of {len(limits.IAM_PAUSES_S)})", None)
            time.sleep(pause_s)


def _pages(iam: Any, operation: str, **given: Any) -> Any:
    return iam.get_paginator(operation).paginate(**given)


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags") or ()}


def _holders(pages: Any) -> list[str]:
    """Return what a policy is attached to, e.g. "group Developers"."""
    kinds = (
        ("group", "PolicyGroups", "GroupName"),
        ("user", "PolicyUsers", "UserName"),
        ("role", "PolicyRoles", "RoleName"),
    )
    return [f"{kind} {it[name]}" for page in pages for kind, rows, name in kinds for it in page.get(rows, ())]


class IamRole(NamedTuple):
    """A role in IAM: its trust policy, inline policies by name, the ARNs of attached policies, and tags.

    `session_s` is the longest session that callers can ask for, `boundary` the ARN of the permissions boundary, or "".
    """

    arn: str
    trust: Mapping[str, Any]
    policies: Mapping[str, Mapping[str, Any]]
    attached: tuple[str, ...] = ()
    tags: Mapping[str, str] = MappingProxyType({})
    session_s: int = 3600
    boundary: str = ""


class IamPolicy(NamedTuple):
    """A managed policy in IAM: its default document, the other versions, and its attachments, e.g. "group Devs"."""

    arn: str
    document: Mapping[str, Any]
    spare: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    tags: Mapping[str, str] = MappingProxyType({})


class IamCall(NamedTuple):
    """One call that changes IAM: the SDK's name of the operation, and its arguments."""

    operation: str
    given: Mapping[str, Any]
