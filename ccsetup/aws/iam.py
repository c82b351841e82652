"""boto3 for administrators: roles and policies read and changed, with patience for what IAM puts off.

IAM throttles early, and what it has accepted is not everywhere at once: both are waited for, within the minute that
any call of ours has, and said while that lasts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from ccsetup.aws.credentials import Resolver
from ccsetup.aws.sdk import bounds, explained, session_of, told
from ccsetup.aws.sts import SessionCache
from ccsetup.core.concurrency import within
from ccsetup.core.context import Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Keys, Who

T = TypeVar("T")
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0)  # between tries
_SLOW = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
_NOT_YET = ("EntityTemporarilyUnmodifiable", "ConcurrentModification", "DeleteConflict")
_SETTLES_S, _GLANCE_S = 30.0, 1.0
_ABOUT = ("RoleName", "GroupName", "PolicyArn", "PolicyName")  # what a call is about


class Iam:
    """IAM through boto3, as whoever a Who is."""

    def __init__(self, home: Path, sso_keys: Callable[[Start, str, str], Keys]) -> None:
        self._resolver = Resolver(SessionCache(home / ".aws" / "boto" / "cache"), sso_keys)

    def role(self, who: Who, name: str) -> IamRole | None:
        """Return a role with its inline policies, what is attached to it, and its tags; None when there is none."""

        def ask(iam: Any) -> IamRole | None:
            try:
                found = iam.get_role(RoleName=name)["Role"]
            except iam.exceptions.NoSuchEntityException:
                return None
            names = [it for page in _pages(iam, "list_role_policies", RoleName=name) for it in page["PolicyNames"]]
            inline = {it: iam.get_role_policy(RoleName=name, PolicyName=it)["PolicyDocument"] for it in names}
            pages = _pages(iam, "list_attached_role_policies", RoleName=name)
            attached = [it["PolicyArn"] for page in pages for it in page["AttachedPolicies"]]
            return IamRole(found["Arn"], found["AssumeRolePolicyDocument"], inline, tuple(attached), _tags(found))

        return self._ask("iam", who, ask, name)

    def policy(self, who: Who, arn: str) -> IamPolicy | None:
        """Return a managed policy with its versions and whom it is attached to; None when there is none."""

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

    def do(self, who: Who, calls: Sequence[IamCall], progress: Progress) -> None:
        """Make calls that change something, in their order; each waits its turn where IAM is busy."""
        for call in calls:
            about = next((str(call.given[key]) for key in _ABOUT if key in call.given), "")
            self._ask("iam", who, partial(_patient, call, progress), about, tries=1)

    def until(self, who: Who, look: Callable[[], bool], progress: Progress) -> bool:
        """Look until it is so, at most half a minute; say whether it is."""
        end = time.monotonic() + _SETTLES_S
        while not look():
            if time.monotonic() > end:
                return False
            progress("Waiting until IAM has it everywhere", None)
            within(5, lambda: time.sleep(_GLANCE_S))
        return True

    def allowed(self, who: Who, arn: str, actions: Sequence[str], resource: str) -> Mapping[str, str]:
        """Say of each action what IAM would answer: allowed, implicitDeny or explicitDeny."""

        def ask(iam: Any) -> dict[str, str]:
            asked = {"PolicySourceArn": arn, "ActionNames": [*actions], "ResourceArns": [resource]}
            pages = _pages(iam, "simulate_principal_policy", **asked)
            found = [it for page in pages for it in page["EvaluationResults"]]
            return {it["EvalActionName"]: it["EvalDecision"] for it in found}

        return self._ask("iam", who, ask, arn)

    def customer_key(self, who: Who, repository: str) -> str:
        """Return the ARN of the customer's key that encrypts a repository; "" where it is AWS's own.

        CodeCommit names a key in either case, so KMS is asked whose it is; where it says nothing, it is one's own.
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
        session = told(lambda: session_of(who.profile, who.region), who)

        def work() -> T:
            return ask(session.create_client(service, config=bounds(tries=tries), **credentials))

        return explained(work, who, resource)


def _patient(call: IamCall, progress: Progress, iam: Any) -> None:
    """Make one call, again and again while IAM says that it is busy."""
    for number, pause_s in enumerate((*_PAUSES_S, 0.0), 1):
        try:
            getattr(iam, call.operation)(**call.given)
            return
        except iam.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchEntity" and (group := call.given.get("GroupName")):
                raise Problem(
                    f"There is no group {group} in this account.",
                    next="Name one that is there: --group NAME. Which there are: aws iam list-groups",
                    code="input.invalid",
                ) from None
            if code not in (*_SLOW, *_NOT_YET) or not pause_s:
                raise
            why = "asks to go slower" if code in _SLOW else "is not ready yet"
            progress(f"IAM {why}; trying again ({number} of {len(_PAUSES_S)})", None)
            time.sleep(pause_s)


def _pages(iam: Any, operation: str, **given: Any) -> Any:
    return iam.get_paginator(operation).paginate(**given)


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags") or ()}


def _holders(pages: Any) -> list[str]:
    """Return whom a policy is attached to, such as "group Developers"."""
    kinds = (
        ("group", "PolicyGroups", "GroupName"),
        ("user", "PolicyUsers", "UserName"),
        ("role", "PolicyRoles", "RoleName"),
    )
    return [f"{kind} {it[name]}" for page in pages for kind, rows, name in kinds for it in page.get(rows, ())]


class IamRole(NamedTuple):
    """A role as IAM has it: its trust policy, its inline policies by name, the ARNs of those attached, its tags."""

    arn: str
    trust: Mapping[str, Any]
    policies: Mapping[str, Mapping[str, Any]]
    attached: tuple[str, ...] = ()
    tags: Mapping[str, str] = MappingProxyType({})


class IamPolicy(NamedTuple):
    """A managed policy as IAM has it: what it says, the versions that do not count, and who has it ("group Devs")."""

    arn: str
    document: Mapping[str, Any]
    spare: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    tags: Mapping[str, str] = MappingProxyType({})


class IamCall(NamedTuple):
    """One call that changes IAM: the operation as the SDK spells it, and its arguments."""

    operation: str
    given: Mapping[str, Any]


Progress = Callable[[str, float | None], None]
