"""Turns a denial into the smallest IAM policy that lifts it, and into a message to an administrator."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ccsetup.aws.denials import (
    BOUNDARY,
    ENDPOINT,
    IDENTITY,
    RCP,
    RESOURCE,
    SCP,
    SESSION,
    TRUST,
    by,
    denied,
    of_git,
)
from ccsetup.core import regions, web_token
from ccsetup.core.arn import account_in, partition_in
from ccsetup.core.denial import Denial, Federated
from ccsetup.core.errors import Problem
from ccsetup.core.text import inert

__all__ = ["Denial", "Federated", "Remedy", "by", "denied", "explain", "least", "letter", "of_git", "remedies"]

Document = Mapping[str, Any]

_ANYWHERE = {  # actions without resource-level permissions: they need a statement of their own with Resource "*"
    "codecommit:ListRepositories", "sts:GetSessionToken", "sts:GetAccessKeyInfo", "iam:ListVirtualMFADevices",
}  # fmt: skip
_KMS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")  # CodeCommit's guide
_BUILT_IN = {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
_SSO_ROLE = re.compile(r"AWSReservedSSO_(.+)_([0-9a-f]{16})")


class Remedy(NamedTuple):
    """A policy, and where to add it: "in account 111122223333, add this statement to the policies of the role X"."""

    where: str
    document: Document


def least(denial: Denial) -> Document:
    """Return the smallest policy (one statement) that lifts a denial; {} if no policy can or too little is known."""
    found = remedies(denial)
    return found[0].document if found else {}


def remedies(denial: Denial) -> tuple[Remedy, ...]:
    """Return the policies to add, the one AWS asked for first. Assuming a role can need one in each account."""
    if denial.explicit:
        return ()
    if denial.action in ("sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"):
        return _trusted(denial)
    if not denial.assuming:
        return _allowed(denial)
    if denial.side == TRUST:
        return _trusted(denial)
    if not denial.side:
        return (*_trusted(denial), *_allowed(denial))
    return (*_allowed(denial), *(_trusted(denial) if denial.side not in (SCP, RCP, ENDPOINT) else ()))


def of_token(token: str) -> Federated | None:
    """Return the provider and claims that a trust policy must name for an OIDC token; None if claims are missing."""
    claims = web_token.claims(token) or {}
    try:
        audience = claims.get("azp") or claims["aud"]
        issuer, subject = claims["iss"].split("://", 1)[-1], claims["sub"]
    except (LookupError, AttributeError):
        return None
    audience = audience[0] if isinstance(audience, list) and audience else audience
    if not all(isinstance(text, str) for text in (audience, subject)) or not re.fullmatch(r"[\w.:/-]+", issuer):
        return None
    return Federated(issuer, ((f"{issuer}:aud", inert(audience)), (f"{issuer}:sub", inert(subject))))


def of_assertion(provider_arn: str) -> Federated:
    """Return the provider and claims that a trust policy must name for a SAML provider's assertion."""
    page = f"https://{regions.sign_in_host(partition_in(provider_arn))}/saml"
    return Federated(provider_arn, (("SAML:aud", page),))


def explain(problem: Problem, denial: Denial | None) -> Problem:
    """Add the message for the administrator and the policy to a Problem; without a denial, return it unchanged."""
    if denial:
        problem.denial, problem.letter, problem.policy = denial, letter(denial), least(denial) or None
        problem.next = _advice(denial)
    return problem


def of_git_and_api(problem: Problem, refused: Problem | None, identity: str, region: str, repository: str) -> Problem:
    """Return the Problem to show when git is refused but AWS knows the identity.

    `problem` comes from git, `refused` from the API. A 403 from git means that GitPull isn't allowed; if the API was
    denied too, one message asks for both actions.
    """
    if problem.is_unanswered:
        return problem  # git decides, and it hasn't answered
    if refused and refused.denial and not refused.denial.identity:
        explain(refused, by(refused.denial, identity))
    if "returned error: 403" not in problem.why:
        return refused or problem
    also = refused.denial.action if refused and refused.policy and refused.denial else ""
    if refused and not also.startswith("codecommit:"):
        return refused
    denial = of_git(identity, regions.partition_of(region), region, "", repository, False, *([also] if also else []))
    if refused and refused.denial:
        denial = denial._replace(side=refused.denial.side)
    told = refused or Problem(f"CodeCommit denied git access to {repository}.", why=problem.why, code=problem.code)
    return explain(told, denial)


def letter(denial: Denial) -> str:
    """Return the message to the administrator: who, action, resource, reason and policy. Lines aren't wrapped."""
    facts = [
        ("Who", denial.identity or _claims(denial.federated)),
        ("Action", ", ".join(_actions(denial))),
        ("Resource", _on(denial)),
        ("Why", _why(denial)),
    ]
    lines = ["I need the following AWS access:", "", *(inert(f"{name}: {text}") for name, text in facts if text)]
    for number, remedy in enumerate(remedies(denial)):
        place = f"If it's also missing, {remedy.where}" if number else remedy.where[0].upper() + remedy.where[1:]
        lines += ["", inert(f"{place}:"), json.dumps(remedy.document, indent=2)]
    lines += ["", *map(inert, hints)] if (hints := _hints(denial)) else []
    return "\n".join(lines)


def _allowed(denial: Denial) -> tuple[Remedy, ...]:
    resource = "*" if denial.action in _ANYWHERE else denial.resource
    if not resource:
        return ()
    statement: dict[str, Any] = {"Effect": "Allow", "Action": _one_or_more(_actions(denial)), "Resource": resource}
    if denial.side == ENDPOINT:
        whose = {"Condition": {"ArnLike": {"aws:PrincipalArn": _patterns(denial.identity)}}} if denial.identity else {}
        statement = {"Effect": "Allow", "Principal": "*", **statement, **whose}
    elif denial.side == RESOURCE:
        if not denial.identity:
            return ()
        principal, whose = _principal(denial.identity)
        statement = {"Effect": "Allow", "Principal": principal, **statement, "Resource": "*", **whose}
    elif _is_some_key(denial):
        region = denial.resource.split(":")[3]
        statement["Condition"] = {"StringEquals": {"kms:ViaService": regions.service_host("codecommit", region)}}
    return (Remedy(_home(denial), _document(statement)),)


def _trusted(denial: Denial) -> tuple[Remedy, ...]:
    """Return the statement missing from the role's trust policy; () if the principal isn't known."""
    account = account_in(denial.resource)
    if not account:
        return ()
    if denial.federated:
        provider = denial.federated.provider
        if not provider.startswith("arn:") and provider not in _BUILT_IN:
            provider = f"arn:{partition_in(denial.resource)}:iam::{account}:oidc-provider/{provider}"
        principal, whose = {"Federated": provider}, {"Condition": {"StringEquals": dict(denial.federated.claims)}}
    elif denial.identity:
        principal, whose = _principal(denial.identity)
    else:
        return ()
    statement = {"Effect": "Allow", "Principal": principal, "Action": denial.action, **whose}
    role = _named("role", denial.resource) or "the role"
    return (Remedy(f"in account {account}, add this statement to the trust policy of {role}", _document(statement)),)


def _principal(identity: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the principal and condition that match an identity.

    A session's ARN doesn't include the role's path, so the role can't be a principal; a condition can match it.
    """
    if ":assumed-role/" not in identity:
        return {"AWS": identity}, {}
    root = f"arn:{partition_in(identity)}:iam::{account_in(identity)}:root"
    return {"AWS": root}, {"Condition": {"ArnLike": {"aws:PrincipalArn": _patterns(identity)}}}


def _patterns(identity: str) -> str | list[str]:
    """Return the aws:PrincipalArn patterns of an identity. The last 16 characters of a permission set's role vary."""
    if ":assumed-role/" not in identity:
        return identity
    start, name = f"arn:{partition_in(identity)}:iam::{account_in(identity)}:role/", identity.split("/")[1]
    if found := _SSO_ROLE.fullmatch(name):
        return f"{start}aws-reserved/sso.amazonaws.com/*AWSReservedSSO_{found[1]}_{'?' * 16}"
    return [start + name, f"{start}*/{name}"]


def _document(statement: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _actions(denial: Denial) -> tuple[str, ...]:
    return _KMS if denial.action.startswith("kms:") else (denial.action, *denial.also)


def _one_or_more(actions: tuple[str, ...]) -> str | list[str]:
    return actions[0] if len(actions) == 1 else list(actions)


def _is_some_key(denial: Denial) -> bool:
    return denial.action.startswith("kms:") and denial.resource.endswith(":key/*")


# Texts


def _advice(denial: Denial) -> str:
    """Return what the person with the message can do next."""
    if denial.assuming:
        check = "the role ARN. If it's" if denial.federated else "the role ARN, external ID, and MFA device. If they're"
        return f"Check {check} correct, send the message to the role's administrator."
    send = "Send the message to your administrator, then try again once you have access."
    account, name = account_in(denial.resource), denial.resource.rsplit(":", 1)[-1]
    if denial.explicit and ":user/" in denial.identity:
        return f"{send} Policies like this often require MFA. To sign in with an MFA code: ccsetup setup mfa"
    if ":codecommit:" in denial.resource and account and denial.action != "codecommit:CreateRepository":
        return f"{send} If {name} isn't in account {account}, use a profile for the correct account."
    return send


def _holder(identity: str) -> str:
    """Return the user, role or permission set that an identity's policies belong to, as administrators call it."""
    name = identity.split("/")[1] if ":assumed-role/" in identity else ""
    if found := _SSO_ROLE.fullmatch(name):
        return f"the permission set {found[1]}"
    if ":federated-user/" in identity:
        return "the IAM user that created this federation token"
    return (f"the role {name}" if name else "") or _named("user", identity) or "my user or role"


def _named(kind: str, arn: str) -> str:
    return f"the {kind} {arn.split('/')[-1]}" if f":{kind}/" in arn else ""


def _home(denial: Denial) -> str:
    """Return where to add the statement."""
    holder, account = _holder(denial.identity), account_in(denial.identity)
    here = f"in account {account}, " if account else ""
    group = " or one of its groups" if ":user/" in denial.identity else ""
    of_account = f" for account {account}" if account else ""
    homes = {
        SESSION: f"{here}add this statement to the session policy used to create these credentials",
        BOUNDARY: f"{here}add this statement to the permissions boundary of {holder}",
        SCP: f"in AWS Organizations, add this statement to the service control policies{of_account}",
        RCP: "in AWS Organizations, add this statement to the resource control policies",
        ENDPOINT: "add this statement to the policy of the VPC endpoint that the request goes through",
        RESOURCE: "add this statement to the key policy"
        if denial.action.startswith("kms:")
        else "add this statement to the resource policy",
    }
    if denial.side not in homes and "permission set" in holder:
        return f"in IAM Identity Center, add this statement to {holder}"
    return homes.get(denial.side, f"{here}add this statement to the policies of {holder}{group}")


def _why(denial: Denial) -> str:
    holder, role, side = _holder(denial.identity), _named("role", denial.resource) or "the role", denial.side
    if denial.explicit:
        which = f"{'an' if side.startswith('identity') else 'a'} {side}" if side else "a policy"
        return f"{which} explicitly denies the action" + (f": {denial.policy}" if denial.policy else ".")
    if side:
        whose = {SESSION: "these credentials", TRUST: role, BOUNDARY: holder, IDENTITY: holder}
        return f"no {side}{' for ' + whose[side] if side in whose else ''} allows the action."
    if denial.federated or (denial.assuming and not denial.identity):
        return f"the trust policy of {role} most likely doesn't allow me to assume it."
    if denial.assuming:
        return f"AWS doesn't say why. Either {role} doesn't trust me, or {holder} isn't allowed to assume the role."
    return f"AWS doesn't say which policy is missing. Most likely, no policy for {holder} allows the action."


def _on(denial: Denial) -> str:
    if _is_some_key(denial):
        region = denial.resource.split(":")[3]
        encrypted = denial.repository or "the repository"
        return f"the KMS key that encrypts {encrypted} in {region} (AWS doesn't specify the key)"
    return "*" if denial.action in _ANYWHERE else denial.resource


def _claims(federated: Federated | None) -> str:
    """Return the provider and claims of a token as text."""
    if federated is None:
        return ""
    return federated.provider + "".join(f", {key.rsplit(':')[-1]} {value}" for key, value in federated.claims)


def _hints(denial: Denial) -> list[str]:
    """Return what else an administrator should know."""
    pulling = denial.action == "codecommit:GitPull"
    known = (
        (denial.explicit, _EXEMPT),
        (denial.action == "sts:AssumeRole" and not denial.explicit, _CONDITIONS),
        (denial.action == "sts:AssumeRoleWithSAML", _TAGS),
        (denial.action.startswith("kms:") and denial.side != RESOURCE, _KEY_POLICY),
        (pulling and "codecommit:GitPush" not in denial.also, _PUSH),
        (pulling, _KEY),
        (bool(denial.encoded), f"{_DECODE} {denial.encoded}"),
    )
    return [hint for applies, hint in known if applies]


_DECODE = "To see the details from AWS: aws sts decode-authorization-message --encoded-message"
_EXEMPT = (
    "Adding permissions doesn't override an explicit deny. "
    "Exempt this request, or tell me what the policy requires (often MFA, a network, or a region)."
)
_CONDITIONS = "If the trust policy requires an external ID or MFA, let me know so that I can provide it."
_TAGS = "If the assertion includes tags, the statement also needs the action sts:TagSession."
_KEY_POLICY = "The key policy must allow access through IAM policies, as the default key policy does."
_PUSH = "If I should also be able to push, add codecommit:GitPush to the actions."
_KEY = (
    "If the repository is encrypted with a customer managed KMS key, "
    "I also need the kms:Decrypt permission on that key."
)
