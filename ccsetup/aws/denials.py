"""Reads AWS's access denied messages: who asked, for which action, on which resource, and which policy denied it.

It knows the forms in the IAM User Guide's page "Troubleshoot access denied error messages", newer messages with the
policy's ARN, the shorter messages of KMS and older services, and encoded messages.
"""

from __future__ import annotations

import re

from ccsetup.core import regions
from ccsetup.core.arn import PARTITION, Arn, account_in, partition_in, pattern
from ccsetup.core.denial import Denial
from ccsetup.core.lazy_regex import later
from ccsetup.core.text import inert

IDENTITY, TRUST, RESOURCE = "identity-based policy", "role trust policy", "resource-based policy"
SESSION, BOUNDARY = "session policy", "permissions boundary"
SCP, RCP, ENDPOINT = "service control policy", "resource control policy", "VPC endpoint policy"

_SIDES = {side.lower(): side for side in (IDENTITY, TRUST, RESOURCE, SESSION, BOUNDARY, SCP, RCP, ENDPOINT)}
_WHO = pattern("(?:iam|sts)", r"[\w+=,.@/-]+")
_DONE_BY = later(rf"({_WHO}) is not authorized")
_ACTION = later(r"authorized to perform:? \[?([a-z][a-z0-9-]*:[A-Za-z0-9]+)(?![\w*])")
_ARN = later(rf"on resource: \"?(arn:{PARTITION}:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:[^\s\"'<>\\]+)")
_NAMED = later(r"on resource: (user|role) ([\w+=,.@-]+)")
_KIND = later(r"(?:because no|explicit deny in (?:an?|the)) ([A-Za-z][A-Za-z -]*?(?:policy|policies|boundary))\b")
_POLICY = later(r"explicit deny in [A-Za-z -]+(?::|, with policy ARN:) ?(arn:[^\s\"'<>\\]+)")
_ENCODED = later(r"Encoded authorization failure message: ?([\w-]{20,8000})")
_OPERATIONS = {
    "sts": ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken", "GetSessionToken"),
    "iam": (
        "AttachGroupPolicy", "CreatePolicy", "CreatePolicyVersion", "CreateRole", "DeletePolicy", "DeletePolicyVersion",
        "DeleteRole", "DeleteRolePolicy", "DetachGroupPolicy", "GetPolicy", "GetPolicyVersion", "GetRole",
        "GetRolePolicy", "GetUser", "ListAttachedRolePolicies", "ListEntitiesForPolicy", "ListMFADevices",
        "ListPolicyVersions", "ListRolePolicies", "PutRolePolicy", "SimulatePrincipalPolicy", "UpdateAssumeRolePolicy",
    ),
    "codecommit": (
        "BatchGetRepositories", "CreateRepository", "GetBranch", "GetRepository", "ListBranches", "ListRepositories",
    ),
}  # fmt: skip
_ABOUT_ALL = ("GetFederationToken", "GetSessionToken", "ListRepositories")
_MOST = 12_000  # characters of a message; the longest, an encoded one, has a few thousand
_OTHERWISE = later(r"MultiFactorAuthentication failed|session credentials|may not be assumed by root")


def denied(message: str, *, identity: str = "", action: str = "", resource: str = "") -> Denial | None:
    """Read AWS's message; the arguments replace what it leaves out. Returns None if no policy could help."""
    said = re.sub(r"\s+", " ", inert(message[:_MOST])).strip()
    if _OTHERWISE.search(said):
        return None
    action = _first(_ACTION.search(said)) or action
    who = _first(_DONE_BY.search(said)) or identity
    kind = _first(_KIND.search(said)).lower().replace("policies", "policy")
    denial = Denial(
        identity=who,
        action=action,
        resource=_resource(said, who, action.startswith("iam:")) or inert(resource),
        side=_SIDES.get(kind, ""),
        explicit="explicit deny" in said or "explicitly denied" in said,
        policy=_first(_POLICY.search(said)).rstrip(".,"),
        encoded=_first(_ENCODED.search(said)),
    )
    return by(denial, who) if action else None


def of_call(operation: str, message: str, region: str, resource: str) -> Denial | None:
    """Read the denial of a call on a repository name or role ARN, even if AWS's message is short."""
    service = next((service for service, names in _OPERATIONS.items() if operation in names), "")
    if operation in _ABOUT_ALL:
        resource = "*"
    elif service == "codecommit":
        resource = regions.arn("codecommit", region, "*", resource) if resource else ""
    elif not resource.startswith("arn:"):
        resource = ""
    denial = denied(message, action=f"{service}:{operation}" if service else "", resource=resource)
    return denial if denial and _is_of(denial, service) else None


def of_key(message: str, region: str, repository: str) -> Denial | None:
    """Read the denial of a repository's KMS key. If CodeCommit doesn't name the key, it is any key CodeCommit uses."""
    some_key = regions.arn("kms", region, "*", "key/*")
    denial = denied(message, action="kms:Decrypt", resource=some_key)
    return denial._replace(repository=inert(repository)) if denial and _is_of(denial, "kms") else None


def _is_of(denial: Denial, service: str) -> bool:
    """Say whether a denial can come from this call. An administrator is never asked for an unrelated action."""
    named, about = denial.action.split(":")[0], arn.service if (arn := Arn.parse(denial.resource)) else ""
    fits = named == service or (named, service) == ("kms", "codecommit")
    return fits and about in ("", named, "iam" if named == "sts" else named)


def by(denial: Denial, identity: str) -> Denial:
    """Return the denial with this identity; its account replaces a * in the resource."""
    arn, account = Arn.parse(denial.resource), account_in(identity)
    resource = str(arn._replace(account=account)) if arn and arn.account == "*" and account else denial.resource
    return denial._replace(identity=identity, resource=resource)


def of_git(identity: str, partition: str, region: str, account: str, repository: str, push: bool, *also: str) -> Denial:
    """Return the denial behind git's 403 when the API works: GitPull is missing, and GitPush if pushing."""
    resource = f"arn:{partition}:codecommit:{region}:{account or '*'}:{repository}"
    more = ("codecommit:GitPush",) if push else ()
    return by(Denial(identity, "codecommit:GitPull", resource, also=(*more, *also)), identity)


def _resource(said: str, who: str, about_user: bool) -> str:
    """Return the resource's ARN. IAM writes `user maria`, or nothing, for a user in the caller's own account."""
    arn, named = _first(_ARN.search(said)), _NAMED.search(said)
    if arn and not set(arn) & set("*?"):  # never ask for access to a pattern
        return arn.removesuffix(".") if said.endswith(arn) else arn.rstrip(",")
    if not named or not account_in(who):
        return who if about_user and ":user/" in who else ""
    kind, name = named.groups()
    own = who if f":{kind}/" in who and who.endswith(f"/{name}") else ""
    return own or f"arn:{partition_in(who)}:iam::{account_in(who)}:{kind}/{name}"


def _first(found: re.Match[str] | None) -> str:
    return found[1] if found else ""
