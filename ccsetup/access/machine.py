"""The role of this computer (EC2, ECS, EKS, CodeBuild, CloudShell, Lambda), and a second role to assume with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccsetup.access.questions import ROLE_ARN, again, region_near, searched_region, settings
from ccsetup.access.source_profile import credential_source, credential_sources
from ccsetup.core import profile_partition, validate
from ccsetup.core.arn import account_in
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import MACHINE, Answers, Choice, Expected, Keys, Section, Value
from ccsetup.core.question import Access, Question

_OWN = ("Ec2InstanceMetadata", "EcsContainer")


def _settle_role(value: Value, answers: Answers, look: Look) -> None:
    """Refuse to go on without a second role if the SDKs couldn't get the computer's own role through a profile."""
    if value:
        return
    if "source_profile" in look.told:
        raise BadAnswer(
            "A credential source requires a role ARN. SDKs reject a credential source without one.",
            next="Omit --credential-source to use this computer's own role, or add --role-arn.",
        )
    here = role_here(look)
    if here == "Environment":
        raise Problem(
            "This computer's role credentials are in the AWS_ACCESS_KEY_ID … variables, which a profile can use only"
            " to assume another role.",
            next="Assume another role (--role-arn arn:…), or store the credentials: ccsetup setup keys --keys env",
            code="source.credential-source",
        )


def role_here(look: Look) -> str:
    """Return the credential_source that provides this computer's role. Raises Problem if there is none."""
    here = look.machine()
    if not here:
        raise Problem(
            "This computer has no role. Neither an EC2 nor a container metadata service returned credentials.",
            next="Attach a role to this computer, or choose another kind of access. For example: ccsetup setup sso",
            code="source.credential-source",
        )
    return here


def _source_here(answers: Answers, look: Look) -> str | None:
    here = look.machine()
    return MACHINE + here if here else None


def _sources(answers: Answers, look: Look) -> Sequence[Choice]:
    return credential_sources()


def _region_near(answers: Answers, look: Look) -> str | None:
    near = region_near(answers, look)
    here = "" if near else look.region_here()
    return near or profile_partition.region_in(profile_partition.of_arn(answers.text("role_arn")), [here]) or None


def _ahead(answers: Answers, look: Look) -> None:
    """Begin to look for the region that is offered next."""
    _region_near(answers, look)


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    source = answers.text("source_profile").removeprefix(MACHINE)
    further: dict[str, Value | None] = {"role_arn": answers.text("role_arn"), "credential_source": source}
    return (Section("config", "profile", answers.text("profile"), settings(answers, **further)),)


def _again(name: str, there: Mapping[str, str]) -> Mapping[str, str]:
    source = MACHINE + there["credential_source"] if "credential_source" in there else None
    return again("machine", name, there, role_arn=there.get("role_arn", ""), source_profile=source)


def _expects(answers: Answers) -> Expected:
    arn = answers.text("role_arn")
    return Expected(account_in(arn), validate.role_name(arn))


QUESTIONS = (
    ROLE_ARN._replace(
        ask="Assume another role? (optional)",
        help="A role ARN, for example, arn:aws:iam::111122223333:role/CodeCommitAccess. To skip this, press Enter.",
        about=(
            "This computer's own role can assume another role that has more access, for example, in the repository's"
            " account. To use only its own role, leave this empty."
        ),
        settle=_settle_role,
        ahead=_ahead,
        optional=True,
        title="Second role",
    ),
    Question(
        "source_profile",
        "Credential source (where this computer's role comes from)",
        widget="choose",
        help="Ec2InstanceMetadata, EcsContainer, or Environment.",
        about=(
            "The credential source is the service that gives this computer its role. For example, Ec2InstanceMetadata"
            " is for EC2 instances, and EcsContainer is for containers."
        ),
        choices=_sources,
        known=_source_here,
        parse=credential_source,
        when=lambda answers: bool(answers.text("role_arn")),
        flag="--credential-source",
        title="Credential source",
    ),
    searched_region()._replace(default=_region_near),
)

ACCESS = Access(
    name="machine",
    label="This computer has a role",
    hint="EC2, ECS, CodeBuild, CloudShell",
    questions=QUESTIONS,
    keys=frozenset({"role_arn", "credential_source"}),
    renew="the SDK renews it",
    sections=_sections,
    expects=_expects,
    suggest=lambda answers: validate.role_name(answers.text("role_arn")) or "machine",
    again=_again,
)
