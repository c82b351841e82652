"""A denial → the smallest IAM policy that lifts it, and the message that asks an administrator for it."""

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
    account_of,
    by,
    denied,
    of_git,
)
from ccsetup.core import regions, web_token
from ccsetup.core.denial import Denial, Federated
from ccsetup.core.errors import Problem
from ccsetup.core.text import inert

__all__ = ["Denial", "Federated", "Remedy", "by", "denied", "explain", "least", "letter", "of_git", "remedies"]

Document = Mapping[str, Any]

_ANYWHERE = {  # actions that know no resource: IAM wants * for them, in a statement of their own
    "codecommit:ListRepositories", "sts:GetSessionToken", "sts:GetAccessKeyInfo", "iam:ListVirtualMFADevices",
}  # fmt: skip
_KMS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")  # CodeCommit's guide
_BUILT_IN = {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
_SSO_ROLE = re.compile(r"AWSReservedSSO_(.+)_([0-9a-f]{16})")


class Remedy(NamedTuple):
    """One policy to add, and where, as in "in account 111122223333, add to the policies of the role Access"."""

    where: str
    document: Document


def least(denial: Denial) -> Document:
    """Return the smallest policy that lifts a denial, one statement; empty when none can or too little is known."""
    found = remedies(denial)
    return found[0].document if found else {}


def remedies(denial: Denial) -> tuple[Remedy, ...]:
    """Return what has to be allowed, what AWS asked for first; assuming a role takes two sides."""
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
    """Return whom a trust policy has to name for an OIDC token; None for one that does not say who it is."""
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
    """Return whom a trust policy has to name for an assertion of a SAML provider."""
    page = f"https://{regions.sign_in_host(regions.partition_in(provider_arn))}/saml"
    return Federated(provider_arn, (("SAML:aud", page),))


def explain(problem: Problem, denial: Denial | None) -> Problem:
    """Give a Problem the message for the administrator and the policy; without a denial it stays as it is."""
    if denial:
        problem.denial, problem.letter, problem.policy = denial, letter(denial), least(denial) or None
        problem.next = _advice(denial)
    return problem


def of_git_and_api(problem: Problem, refused: Problem | None, identity: str, region: str, repository: str) -> Problem:
    """Return what to tell where git refuses an identity that AWS knows: `problem` is git's, `refused` the API's.

    Git's 403 means that GitPull is missing; where the API was denied too, one message asks for both.
    """
    if problem.is_unanswered:
        return problem  # git has the last word, and it has not been said
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
    told = refused or Problem(f"CodeCommit does not let git read {repository}.", why=problem.why, code=problem.code)
    return explain(told, denial)


def letter(denial: Denial) -> str:
    """Return the message to the administrator: who, what, on what, why, and the policy; its lines are not wrapped."""
    facts = [
        ("Who", denial.identity or _claims(denial.federated)),
        ("What", ", ".join(_actions(denial))),
        ("On", _on(denial)),
        ("Why", _why(denial)),
    ]
    lines = ["Please allow me this in AWS:", "", *(inert(f"{name}: {text}") for name, text in facts if text)]
    for number, remedy in enumerate(remedies(denial)):
        place = f"And, if it is not there yet, {remedy.where}" if number else remedy.where[0].upper() + remedy.where[1:]
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
    """Return what the role's trust policy lacks, () where it is not known whom it should name."""
    account = account_of(denial.resource)
    if not account:
        return ()
    if denial.federated:
        provider = denial.federated.provider
        if not provider.startswith("arn:") and provider not in _BUILT_IN:
            provider = f"arn:{regions.partition_in(denial.resource)}:iam::{account}:oidc-provider/{provider}"
        principal, whose = {"Federated": provider}, {"Condition": {"StringEquals": dict(denial.federated.claims)}}
    elif denial.identity:
        principal, whose = _principal(denial.identity)
    else:
        return ()
    statement = {"Effect": "Allow", "Principal": principal, "Action": denial.action, **whose}
    role = _named("role", denial.resource) or "the role"
    return (Remedy(f"in account {account}, add to the trust policy of {role}", _document(statement)),)


def _principal(identity: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the principal and condition that mean an identity.

    A session's ARN lacks its role's path, without which the role cannot be a principal; a condition can do without.
    """
    if ":assumed-role/" not in identity:
        return {"AWS": identity}, {}
    root = f"arn:{regions.partition_in(identity)}:iam::{account_of(identity)}:root"
    return {"AWS": root}, {"Condition": {"ArnLike": {"aws:PrincipalArn": _patterns(identity)}}}


def _patterns(identity: str) -> str | list[str]:
    """Return what aws:PrincipalArn is for an identity; a permission set's role changes its last 16 letters."""
    if ":assumed-role/" not in identity:
        return identity
    start, name = f"arn:{regions.partition_in(identity)}:iam::{account_of(identity)}:role/", identity.split("/")[1]
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


# The words


def _advice(denial: Denial) -> str:
    """Return what the person can do, who has the message to send."""
    if denial.assuming:
        check = "the role ARN; if it is" if denial.federated else "the role ARN, external ID and MFA; if these are"
        return f"Check {check} right, send the role's administrator the message."
    send = "Send your administrator the message, and try again when that is done."
    account, name = account_of(denial.resource), denial.resource.rsplit(":", 1)[-1]
    if denial.explicit and ":user/" in denial.identity:
        return f"{send} Or give an MFA code, which such policies often ask for: ccsetup setup mfa"
    if ":codecommit:" in denial.resource and account and denial.action != "codecommit:CreateRepository":
        return f"{send} Is {name} in another account than {account}? Then use a profile of that account."
    return send


def _holder(identity: str) -> str:
    """Return who holds an identity's policies, in an administrator's words."""
    name = identity.split("/")[1] if ":assumed-role/" in identity else ""
    if found := _SSO_ROLE.fullmatch(name):
        return f"the permission set {found[1]}"
    if ":federated-user/" in identity:
        return "the user whose keys made this federation token"
    return (f"the role {name}" if name else "") or _named("user", identity) or "my user or role"


def _named(kind: str, arn: str) -> str:
    return f"the {kind} {arn.split('/')[-1]}" if f":{kind}/" in arn else ""


def _home(denial: Denial) -> str:
    """Return where a statement belongs."""
    holder, account = _holder(denial.identity), account_of(denial.identity)
    here = f"in account {account}, " if account else ""
    group = ", or of a group it is in" if ":user/" in denial.identity else ""
    homes = {
        SESSION: f"{here}add to the session policy that these credentials are made with",
        BOUNDARY: f"{here}add to the permissions boundary of {holder}",
        SCP: f"in AWS Organizations, add to the service control policies{' of account ' + account if account else ''}",
        RCP: "in AWS Organizations, add to the resource control policies",
        ENDPOINT: "add to the policy of the VPC endpoint that is in between",
        RESOURCE: "add to the key policy" if denial.action.startswith("kms:") else "add to the resource's own policy",
    }
    if denial.side not in homes and "permission set" in holder:
        return f"in IAM Identity Center, add to {holder}"
    return homes.get(denial.side, f"{here}add to the policies of {holder}{group}")


def _why(denial: Denial) -> str:
    holder, role, side = _holder(denial.identity), _named("role", denial.resource) or "the role", denial.side
    if denial.explicit:
        which = f"{'an' if side.startswith('identity') else 'a'} {side}" if side else "a policy"
        return f"{which} denies it explicitly" + (f": {denial.policy}" if denial.policy else ".")
    if side:
        whose = {SESSION: "these credentials", TRUST: role, BOUNDARY: holder, IDENTITY: holder}
        return f"no {side}{' of ' + whose[side] if side in whose else ''} allows it."
    if denial.federated or (denial.assuming and not denial.identity):
        return f"most likely the trust policy of {role} does not let me in."
    if denial.assuming:
        return f"AWS does not say; either {role} does not trust me, or {holder} may not assume it."
    return f"AWS does not say which policy is missing; most likely none of {holder} allows it."


def _on(denial: Denial) -> str:
    if _is_some_key(denial):
        region = denial.resource.split(":")[3]
        return f"the KMS key that encrypts {denial.repository or 'it'} in {region} (AWS does not name it)"
    return "*" if denial.action in _ANYWHERE else denial.resource


def _claims(federated: Federated | None) -> str:
    """Return who a token says it is."""
    if federated is None:
        return ""
    return federated.provider + "".join(f", {key.rsplit(':')[-1]} {value}" for key, value in federated.claims)


def _hints(denial: Denial) -> list[str]:
    """Return what an administrator should know beside the policy."""
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


_DECODE = "AWS's details: aws sts decode-authorization-message --encoded-message"
_EXEMPT = (
    "No further permission helps while that Deny stands. "
    "Please exempt this, or tell me what it asks for: often MFA, a network or a region."
)
_CONDITIONS = "If the trust policy asks for an external ID or for MFA, please tell me, so that I give it."
_TAGS = "Where the assertion carries tags, the statement needs sts:TagSession beside the action."
_KEY_POLICY = "The key policy has to leave the decision to IAM policies, as KMS's default one does."
_PUSH = "If I am to push as well, add codecommit:GitPush to the actions."
_KEY = "If the repository is encrypted with a KMS key of your own, I need kms:Decrypt on that key too."
